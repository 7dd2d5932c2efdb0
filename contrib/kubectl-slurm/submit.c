/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kubectl slurm submit: a batch script becomes a SlurmJob. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "common/buffer.h"
#include "common/json.h"
#include "contrib/kubectl-slurm/job.h"
#include "contrib/kubectl-slurm/plugin.h"
#include "contrib/kubectl-slurm/sbatch.h"

#define SCRIPT_MAX (1 << 20) /* bytes; spec.script takes no more */
#define PREFIX_MAX 50	     /* of a name, to which the API server adds five characters */

struct submission {
	struct call *call;
	struct sbatch sbatch;
};

static bool is_own(const struct option *o)
{
	for (const struct option *own = submit_options; own->name; own++)
		if (own == o)
			return true;
	for (const struct option *own = common_options; own->name; own++)
		if (own == o)
			return true;
	return false;
}

static int on_option(void *ctx, const struct option *o, const char *value, size_t at,
		     struct error *err)
{
	struct submission *s = ctx;

	if (!is_own(o))
		return sbatch_set(&s->sbatch, o, value, err);
	if (o->id == OPT_DRY_RUN && value && strcmp(value, "client") && strcmp(value, "server"))
		return error_set(err, EINVAL, "--dry-run=%.60s: it is client or server", value);
	return common_option(s->call, o, value, err);
}

/* -- the script ------------------------------------------------------------------------------- */

static int read_script(const char *file, char **ret, size_t *len, struct error *err)
{
	_cleanup_close_ int fd = -1;

	if (!strcmp(file, "-"))
		return buffer_read_fd(0, "standard input", SCRIPT_MAX, ret, len, err);
	fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return error_errno(err, "%s", file);
	return buffer_read_fd(fd, file, SCRIPT_MAX, ret, len, err);
}

/* As sbatch makes it. */
static int wrap_script(const char *command, char **ret, size_t *len, struct error *err)
{
	int n = asprintf(ret, "#!/bin/sh\n# This script was created by sbatch --wrap.\n\n%s\n",
			 command);

	if (n < 0) {
		*ret = NULL;
		return error_set(err, ENOMEM, "not enough memory");
	}
	*len = (size_t)n;
	return 0;
}

static const char *base_name(const char *file)
{
	const char *slash = strrchr(file, '/');

	return slash ? slash + 1 : file;
}

/* The command line has been read already; what it says stays. */
static int add_script(struct submission *s, const char *file, char **script, struct error *err)
{
	struct sbatch lines = { .spec = json_object_new_object(),
				.file = !strcmp(file, "-") ? "standard input" : file };
	size_t len;
	int rc;

	if (s->sbatch.wrap)
		rc = wrap_script(s->sbatch.wrap, script, &len, err);
	else
		rc = read_script(file, script, &len, err);
	if (rc == 0)
		rc = sbatch_read(&lines, *script, len, err);
	if (rc == 0 && !s->sbatch.job_name)
		s->sbatch.job_name = TAKE_PTR(lines.job_name);
	free(lines.job_name);
	if (rc == 0)
		sbatch_merge(s->sbatch.spec, lines.spec);
	json_object_put(lines.spec);
	return rc;
}

/* -- the object ------------------------------------------------------------------------------- */

/* What of a job's name a name in Kubernetes may have, with a '-' at its end. */
static void make_prefix(const char *name, char prefix[PREFIX_MAX + 2])
{
	size_t n = 0;

	for (; *name && n < PREFIX_MAX; name++) {
		char c = (char)tolower((unsigned char)*name);
		bool good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');

		if (good || (n && prefix[n - 1] != '-'))
			prefix[n++] = good ? c : '-';
	}
	if (!n)
		n = (size_t)snprintf(prefix, PREFIX_MAX, "job");
	if (prefix[n - 1] != '-')
		prefix[n++] = '-';
	prefix[n] = 0;
}

static struct json_object *make_object(struct submission *s, const char *file, const char *script)
{
	struct json_object *o = json_object_new_object(), *meta = json_object_new_object();
	const char *fallback = s->sbatch.wrap	    ? "wrap"
			       : !strcmp(file, "-") ? "sbatch"
						    : base_name(file);
	const char *name = s->sbatch.job_name ?: fallback;
	char prefix[PREFIX_MAX + 2];

	make_prefix(name, prefix);
	json_set_string(o, "apiVersion", "slurm-kube.io/v1alpha1");
	json_set_string(o, "kind", "SlurmJob");
	json_set_string(meta, "generateName", prefix);
	json_object_object_add(o, "metadata", meta);
	json_set_string(s->sbatch.spec, "jobName", name);
	json_set_string(s->sbatch.spec, "script", script);
	json_object_object_add(o, "spec", json_object_get(s->sbatch.spec));
	return o;
}

/* -- afterwards ------------------------------------------------------------------------------- */

struct progress {
	char last[512];
	int code;
};

static int print_progress(void *ctx, struct json_object *object, struct error *err)
{
	struct progress *p = ctx;
	char text[512];

	if (!object)
		return error_set(err, ENOENT,
				 "the SlurmJob has been deleted, and its job cancelled");
	job_describe(object, text, sizeof(text));
	if (strcmp(text, p->last)) {
		printf("%s\n", text);
		fflush(stdout);
		memcpy(p->last, text, sizeof(text));
	}
	if (job_refused(object))
		return error_set(err, EPERM,
				 "Slurm has not taken it; correct that, and submit it again");
	p->code = job_ended(object) ? job_exit_code(object) : 0;
	return job_ended(object);
}

static int create(struct call *call, struct json_object *o, char **name, struct error *err)
{
	const char *text = json_object_to_json_string_ext(o, JSON_C_TO_STRING_NOSLASHESCAPE);
	const char *dry = call->value[OPT_DRY_RUN] ? "--dry-run=server" : "--dry-run=none";
	char *slash;

	if (kubectl_text(&call->kubectl,
			 (const char *[]){ "create", "--filename=-", "--output=name", dry, NULL },
			 text, name, err) < 0)
		return -1;
	(*name)[strcspn(*name, "\n")] = 0;
	slash = strchr(*name, '/');
	if (slash)
		memmove(*name, slash + 1, strlen(slash));
	return job_is_name(*name) ? 0 : error_set(err, EBADMSG, "kubectl's answer is no name");
}

static int create_and_watch(struct submission *s, struct json_object *o, struct error *err)
{
	struct call *call = s->call;
	_cleanup_free_ char *name = NULL;
	struct progress progress = { 0 };
	struct job_watch what = { .kind = RESOURCE, .seen = print_progress, .ctx = &progress };
	bool dry = call->value[OPT_DRY_RUN];

	if (dry && strcmp(call->value[OPT_DRY_RUN], "server")) {
		puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY |
							       JSON_C_TO_STRING_SPACED |
							       JSON_C_TO_STRING_NOSLASHESCAPE));
		return 0;
	}
	if (create(call, o, &name, err) < 0)
		return -1;
	printf("%s\n", name);
	fflush(stdout);
	if (dry || !(call->value[OPT_WATCH] || s->sbatch.waits))
		return 0;
	what.name = name;
	if (job_watch(&call->kubectl, &what, err) < 0)
		return error_wrap(err, "%s", name);
	return progress.code;
}

/* -- the verb --------------------------------------------------------------------------------- */

void submit_help(void)
{
	static const struct {
		const char *title;
		int from, to;
	} parts[] = {
		{ "sbatch's options that become fields of the SlurmJob (-n is --ntasks here)",
		  KIND_TEXT, KIND_CLUSTER },
		{ "Options that are left to sbatch, and only count in the script", KIND_SCRIPT,
		  KIND_SCRIPT },
	};

	printf("  %-30s %s\n  %-30s %s\n", "    --wrap=COMMAND", "a script of this one command",
	       "-W, --wait", "the same as --watch");
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		size_t column = 80;

		printf("\n%s:", parts[i].title);
		for (const struct option *o = sbatch_options; o->name; o++) {
			char text[64] = "";

			if (o->id < parts[i].from || o->id > parts[i].to)
				continue;
			if (o->letter)
				snprintf(text, sizeof(text), "-%c ", o->letter);
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "--%s", o->name);
			column += strlen(text) + 2;
			printf("%s%s", column > 78 ? "\n  " : ", ", text);
			if (column > 78)
				column = strlen(text) + 2;
		}
		printf("\n");
	}
}

/* The file to read; NULL with err filled. */
static const char *check_words(const struct submission *s, char **words, int at, size_t n,
			       struct error *err)
{
	const char *file = (size_t)at < n ? words[at] : NULL;

	if (s->sbatch.wrap && file)
		error_set(err, EINVAL, "--wrap and the script '%.60s': give one of them", file);
	else if (s->sbatch.wrap)
		return "";
	else if (!file)
		error_set(err, EINVAL,
			  "it is: kubectl slurm submit [OPTION...] SCRIPT; - is standard input");
	else if ((size_t)at + 1 < n)
		error_set(err, EINVAL,
			  "'%.60s' stands behind the script, where its arguments would be, which a "
			  "SlurmJob doesn't have; options go before the script, and values for it "
			  "into "
			  "--export=NAME=VALUE",
			  words[at + 1]);
	else
		return file;
	return NULL;
}

static int submit(struct submission *s, char **words, size_t n, struct error *err)
{
	/* --namespace is ours, -n sbatch's. */
	static const struct option *const tables[] = { sbatch_options, submit_options,
						       common_options, NULL };
	struct parser parser = {
		.tables = tables, .stop_at_word = true, .ctx = s, .option = on_option
	};
	_cleanup_json_ struct json_object *o = NULL;
	_cleanup_free_ char *script = NULL;
	int at = options_parse(&parser, words, n, err);
	const char *file;

	if (at < 0)
		return -1;
	if (s->call->value[OPT_HELP]) {
		verb_help(s->call->verb);
		return 0;
	}
	file = check_words(s, words, at, n, err);
	if (!file || add_script(s, file, &script, err) < 0)
		return -1;
	o = make_object(s, file, script);
	return create_and_watch(s, o, err);
}

int submit_run(struct call *call, struct error *err)
{
	struct submission s = { .call = call, .sbatch = { .spec = json_object_new_object() } };
	int rc = submit(&s, call->rest, call->n_rest, err);

	json_object_put(s.sbatch.spec);
	free(s.sbatch.job_name);
	return rc;
}
