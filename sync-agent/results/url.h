/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where results may be sent by HTTPS. Pure.
 * Source: RFC 3986; libcurl, curl_url_get(3). */
#ifndef AGENT_RESULTS_URL_H
#define AGENT_RESULTS_URL_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"
#include "sync-agent/config.h"

/* Is it an https URL without user, fragment and what a server might read as another path? Returns
 * 0, or -1 with err filled: what is wrong. */
int results_url_check(const char *url, struct error *err);

/* Is one of allow its host? Each is "HOST[:PORT][/PATH]": HOST may begin with "*.", which stands
 * for one or more labels; without a port it is 443; below PATH, if there is one. */
bool results_url_is_allowed(const char *url, const struct words *allow);

/* Is it a word of that form? Returns 0, or -1 with err filled. */
int results_check_host(const char *word, struct error *err);

/* url with the name of a file below it: each part of name percent-encoded. The caller frees it;
 * NULL without memory. */
char *results_url_below(const char *url, const char *name);

#endif
