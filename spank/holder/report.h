/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The holder's one report to the tasks; its form is in protocol.h. */
#ifndef SPANK_HOLDER_REPORT_H
#define SPANK_HOLDER_REPORT_H

#include <sys/types.h>

#include "common/error.h"
#include "spank/holder/bundle.h"
#include "spank/holder/oci.h"
#include "spank/holder/request.h"

struct report {
	pid_t pid;    /* whose namespaces to join; 0: the holder's */
	pid_t keeper; /* 0 if none stays */
	struct oci_report oci;
};

/* Say that the container is there. Returns 0, or -1 with err filled (the environment is too large).
 */
int report_ready(const struct request *r, const struct bundle *b, const struct report *report,
		 struct error *err);

/* Say why there is none. */
void report_error(const struct error *err);

#endif
