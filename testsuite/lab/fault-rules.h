/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The faults that fault-proxy makes.
 *
 * CONTROL is a file that may be changed at any time (write another one and rename it), one rule a line:
 *
 *   METHOD PATH-REGEX ACTION [ARGUMENT] [percent=N] [skip=N] [most=N]
 *
 * The first line whose method and path (with its query) match is done to a request: to N per cent of
 * those, not to the first N, at most N times. METHOD is HTTP's, WATCH for watches, * for all but these.
 *
 *   status CODE [SECONDS]  answer with that and Retry-After; the server isn't asked
 *   delay MS               pass it on later
 *   drop                   cut the connection; the server isn't asked
 *   cut                    pass it on, and cut the connection instead of answering
 *   cut-after BYTES        cut the answer there
 *   garbage                begin the answer with a line that is no JSON
 *   hold-before            don't pass it on while the line is in CONTROL, nor after the client has gone
 *   hold-late              the same, but pass it on even then, as a slow network does
 *   hold-after             pass it on, and hold the answer */
#ifndef LAB_FAULT_RULES_H
#define LAB_FAULT_RULES_H

#include <stdbool.h>

enum action {
	NOTHING,
	STATUS,
	DELAY,
	DROP,
	CUT,
	CUT_AFTER,
	GARBAGE,
	HOLD_BEFORE,
	HOLD_LATE,
	HOLD_AFTER,
};

extern const char *const action_names[];

/* What is to be done to a request; action NOTHING: nothing is. */
struct fault {
	enum action action;
	long arguments[2];
	char line[512];
};

/* What the first rule says that takes a request, which counts for its percent, skip and most. method: HTTP's, or
 * WATCH. All of these may be called from any thread; CONTROL is read again when it has changed. */
void rules_choose(const char *control, const char *method, const char *uri, struct fault *ret);

/* Is the rule of that line still in CONTROL? */
bool rules_have(const char *control, const char *line);

#endif
