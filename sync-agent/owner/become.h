/* SPDX-License-Identifier: GPL-2.0-or-later */
/* To become another user, for good: in a child that does nothing else. */
#ifndef AGENT_OWNER_BECOME_H
#define AGENT_OWNER_BECOME_H

#include <pwd.h>

#include "common/error.h"

/* With the user's own groups. It is no error to be that user already. Returns 0, or -1 with err
 * filled. */
int become(const struct passwd *pw, struct error *err);

/* The same; uid has to be a user of this host. */
int become_uid(uid_t uid, struct error *err);

#endif
