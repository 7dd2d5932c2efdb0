/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What users type into Slurm, made fit for Kubernetes: its strings are UTF-8, its names DNS labels. */
#ifndef AGENT_MIRROR_TEXT_H
#define AGENT_MIRROR_TEXT_H

#include <json-c/json.h>
#include <stddef.h>
#include <time.h>

#define TEXT_MAX 1024   /* bytes of an ordinary text field in the CRD */
#define LABEL_MAX 63    /* bytes of a label's value, of a namespace's name */
#define TIME_SIZE 21    /* of text_time()'s buffer */

/* A JSON string of text, cut to max bytes on a character's border; bytes that are no UTF-8 and
 * control characters other than newline and tab become '?'. */
struct json_object *text_json(const char *text, size_t max);

/* text as a label's value: letters, digits, '-', '_', '.'; others become '_'; cut to LABEL_MAX.
 * Source: Kubernetes, "Labels and Selectors". buf has LABEL_MAX + 1 bytes. */
void text_label(const char *text, char *buf);

/* text as a DNS label (RFC 1123): lower case letters, digits, '-'. A text that had to be changed
 * gets a hash of the original at its end, so that two users never share a name. */
void text_dns_label(const char *text, char *buf);

/* RFC 3339 in UTC, as metav1.Time has it: within the years 1970 to 9999, the nearest where it's not. */
void text_time(time_t when, char buf[TIME_SIZE]);

/* What text_time() wrote; 0 for anything else. */
time_t text_time_parse(const char *text);

#endif
