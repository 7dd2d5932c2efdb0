/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_CHECK_H
#define AGENT_CHECK_H

#include "sync-agent/config.h"

/* --check-config: print the configuration with all defaults, and all problems that can be found
 * without asking anybody. Returns how many there are. */
unsigned check_config(const char *path, const struct config *c);

#endif
