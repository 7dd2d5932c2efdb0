/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An error that lives on the caller's stack: a code and a text for people. Nothing to free.
 *
 * Libraries fill one and return -1; the shells (plugins, main) log it. A function does one or the
 * other, never both. err may always be NULL. */
#ifndef COMMON_ERROR_H
#define COMMON_ERROR_H

struct error {
	int code;       /* an errno value, or one of the caller's own; never 0 once filled */
	char text[512]; /* one line: the thing, what is wrong with it, the remedy if there is one */
};

/* Fill err. Always returns -1, so that `return error_set(err, EINVAL, "...")` reads well. */
int error_set(struct error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Fill err with the text and ": " and what errno says. Returns -1. */
int error_errno(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Put context before what err already says: "context: text". Returns -1. */
int error_wrap(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
