/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int error_set(struct error *err, int code, const char *format, ...)
{
	va_list ap;

	if (!err)
		return -1;
	err->code = code ? code : EIO;
	va_start(ap, format);
	vsnprintf(err->text, sizeof(err->text), format, ap);
	va_end(ap);
	return -1;
}

int error_errno(struct error *err, const char *format, ...)
{
	int saved = errno;
	size_t used;
	va_list ap;

	if (!err)
		return -1;
	err->code = saved ? saved : EIO;
	va_start(ap, format);
	vsnprintf(err->text, sizeof(err->text), format, ap);
	va_end(ap);
	used = strlen(err->text);
	snprintf(err->text + used, sizeof(err->text) - used, ": %s", strerror(err->code));
	return -1;
}

int error_wrap(struct error *err, const char *format, ...)
{
	char inner[sizeof(err->text)];
	size_t used;
	va_list ap;

	if (!err)
		return -1;
	memcpy(inner, err->text, sizeof(inner));
	va_start(ap, format);
	vsnprintf(err->text, sizeof(err->text), format, ap);
	va_end(ap);
	used = strlen(err->text);
	snprintf(err->text + used, sizeof(err->text) - used, ": %s", inner);
	return -1;
}
