/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/kube/credentials.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/buffer.h"
#include "sync-agent/clock.h"
#include "sync-agent/log.h"

#define FILES_US 1000000 /* between two looks at the files of the credentials */
#define TOKEN_MAX 65536

void credentials_init(struct credentials *c, struct kube_access *access)
{
	*c = (struct credentials){ .access = *access, .plugin.out_fd = -1, .plugin_next = INT64_MAX };
	*access = (struct kube_access){ 0 };
}

void credentials_free(struct credentials *c)
{
	exec_free_plugin(&c->plugin);
	kube_access_free(&c->access);
	free(c->token_read);
}

/* -- files ---------------------------------------------------------------------------------- */

/* Returns true if it holds another token now. */
static bool read_token(struct credentials *c)
{
	const char *path = c->access.token_file;
	struct stat st;
	char *text;
	bool same;

	if (!path || stat(path, &st) < 0 ||
	    (st.st_mtim.tv_sec == c->token_time.tv_sec &&
	     st.st_mtim.tv_nsec == c->token_time.tv_nsec && c->token_read))
		return false;
	if (buffer_read_file(path, TOKEN_MAX, &text, NULL, NULL) < 0)
		return false;
	text[strcspn(text, "\r\n")] = '\0';
	same = c->token_read && !strcmp(c->token_read, text);
	free(c->token_read);
	c->token_read = text;
	c->token_time = st.st_mtim;
	c->generation += !same;
	return !same;
}

/* Returns true if kubeconfig or one of its files is another one now. */
static bool read_files(struct credentials *c)
{
	struct error err;
	int rc = kube_access_refresh(&c->access, &err);

	c->files_next = clock_us() + FILES_US;
	if (rc < 0 && !c->said_files)
		log_warning("%s; going on with what was read before", err.text);
	c->said_files = rc < 0;
	if (rc <= 0)
		return false;
	log_info("credentials for Kubernetes have changed: read again");
	exec_free_plugin(&c->plugin);
	c->plugin = (struct exec_plugin){ .out_fd = -1 };
	c->token_time = (struct timespec){ 0 };
	c->generation++;
	return true;
}

void credentials_look(struct credentials *c)
{
	if (clock_us() >= c->files_next)
		read_files(c);
	read_token(c);
}

bool credentials_renew(struct credentials *c, unsigned generation)
{
	if (c->generation != generation)
		return true;
	if (read_files(c))
		return true;
	if (c->access.token_file) {
		c->token_time = (struct timespec){ 0 };
		return read_token(c);
	}
	if (!c->access.exec.command)
		return false;
	exec_refuse(&c->plugin);
	c->generation++;
	return true;
}

/* -- the plugin ----------------------------------------------------------------------------- */

bool credentials_ready(const struct credentials *c)
{
	return !c->access.exec.command || exec_ready(&c->plugin);
}

int credentials_step(struct credentials *c)
{
	int rc;

	c->plugin_next = INT64_MAX;
	if (!c->access.exec.command)
		return 0;
	rc = exec_step(&c->plugin, &c->access.exec, &c->plugin_next);
	c->generation += rc > 0;
	if (rc < 0 && !c->said_plugin)
		log_error("%s; trying again", c->plugin.problem.text);
	if (rc)
		c->said_plugin = rc < 0;
	return rc;
}

int credentials_wait(const struct credentials *c, int timeout_ms, bool wanted)
{
	int64_t left = c->plugin_next - clock_us();

	if (wanted && !c->plugin.pid && clock_us() >= c->plugin.not_before)
		left = 0;
	if (left / 1000 + 1 < timeout_ms)
		timeout_ms = left > 0 ? (int)(left / 1000 + 1) : 0;
	return timeout_ms;
}

/* -- in a request --------------------------------------------------------------------------- */

static void set_blob(CURL *curl, CURLoption option, char *pem)
{
	struct curl_blob blob = { .data = pem, .len = pem ? strlen(pem) : 0, .flags = CURL_BLOB_COPY };

	if (pem)
		curl_easy_setopt(curl, option, &blob);
}

static const char *bearer(const struct credentials *c)
{
	if (c->access.exec.command)
		return c->plugin.credential.token;
	return c->access.token_file ? c->token_read : c->access.token;
}

void credentials_set(struct credentials *c, CURL *curl)
{
	const struct kube_access *a = &c->access;
	bool from_plugin = c->plugin.has && c->plugin.credential.certificate;
	char *certificate = from_plugin ? c->plugin.credential.certificate : a->certificate;
	const char *token = bearer(c);

	set_blob(curl, CURLOPT_CAINFO_BLOB, a->ca);
	set_blob(curl, CURLOPT_SSLCERT_BLOB, certificate);
	set_blob(curl, CURLOPT_SSLKEY_BLOB, from_plugin ? c->plugin.credential.key : a->key);
	if (certificate) {
		curl_easy_setopt(curl, CURLOPT_SSLCERTTYPE, "PEM");
		curl_easy_setopt(curl, CURLOPT_SSLKEYTYPE, "PEM");
	}
	if (a->insecure) {
		curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
		curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	if (token) {
		curl_easy_setopt(curl, CURLOPT_XOAUTH2_BEARER, token);
		curl_easy_setopt(curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
	}
}

const char *credentials_name(const struct credentials *c)
{
	if (c->access.exec.command)
		return "what the credential plugin prints is";
	if (c->access.token_file)
		return "the token in the tokenFile is";
	return c->access.token ? "the token in the kubeconfig is" : "the client certificate is";
}
