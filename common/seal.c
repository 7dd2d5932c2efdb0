/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/seal.h"

#include <errno.h>
#include <munge.h>
#include <stdlib.h>

#include "common/cleanup.h"

static void ctx_destroyp(munge_ctx_t *ctx)
{
	if (*ctx)
		munge_ctx_destroy(*ctx);
}

static munge_ctx_t ctx_new(const char *socket, struct error *err)
{
	munge_ctx_t ctx = munge_ctx_create();

	if (ctx && socket && munge_ctx_set(ctx, MUNGE_OPT_SOCKET, socket) != EMUNGE_SUCCESS) {
		munge_ctx_destroy(ctx);
		ctx = NULL;
	}
	if (!ctx)
		error_set(err, ENOMEM, "munge: no context for socket %s", socket ? socket : "default");
	return ctx;
}

int seal_make(const char *socket, uid_t reader, const void *data, size_t len, char **ret,
	      struct error *err)
{
	_cleanup_(ctx_destroyp) munge_ctx_t ctx = ctx_new(socket, err);
	munge_err_t rc;

	if (!ctx)
		return -1;
	munge_ctx_set(ctx, MUNGE_OPT_UID_RESTRICTION, reader);
	rc = munge_encode(ret, ctx, data, (int)len);
	if (rc != EMUNGE_SUCCESS)
		return error_set(err, EACCES, "munge: %s", munge_ctx_strerror(ctx));
	return 0;
}

int seal_open(const char *socket, const char *credential, struct seal_opened *ret,
	      struct error *err)
{
	_cleanup_(ctx_destroyp) munge_ctx_t ctx = ctx_new(socket, err);
	_cleanup_free_ void *data = NULL;
	munge_err_t rc;
	uid_t uid;
	int len;

	if (!ctx)
		return -1;
	rc = munge_decode(credential, ctx, &data, &len, &uid, NULL);
	if (rc != EMUNGE_SUCCESS)
		return error_set(err, EACCES, "munge: %s", munge_ctx_strerror(ctx));
	*ret = (struct seal_opened){ .data = TAKE_PTR(data), .len = len, .uid = uid };
	return 0;
}
