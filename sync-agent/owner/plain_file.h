/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_OWNER_PLAIN_FILE_H
#define AGENT_OWNER_PLAIN_FILE_H

#include <sys/stat.h>

#include "common/error.h"

/* Open a file for reading, as the user that this process is: a regular file, and none of proc or sys, which tell of
 * this process. It doesn't wait, whatever path is. ret_st may be NULL. Returns a descriptor, or -1 with err
 * filled. */
int plain_file_open(const char *path, struct stat *ret_st, struct error *err);

#endif
