/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "contrib/kubectl-slurm/job.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <time.h>

#include "common/json.h"

void job_free(struct job *j)
{
	json_object_put(j->object);
	*j = (struct job){ .task = -1 };
}

/* -- look-up ---------------------------------------------------------------------------------- */

bool job_is_name(const char *text)
{
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789.-");

	return n && !text[n] && n <= 253 && text[0] != '-' && text[0] != '.';
}

/* Put away "slurmjob/" before it and "_TASK" behind it. */
static int split(const char *text, char name[256], int64_t *task, struct error *err)
{
	static const char *const kinds[] = { "slurmjob/", "slurmjobs/", "sj/",
					     "slurmjob.slurm-kube.io/",
					     "slurmjobs.slurm-kube.io/" };
	const char *p = text, *line;
	char *end;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strncmp(text, kinds[i], strlen(kinds[i])))
			p = text + strlen(kinds[i]);
	line = strchr(p, '_');
	*task = -1;
	if (line) {
		*task = strtoll(line + 1, &end, 10);
		if (line[1] < '0' || line[1] > '9' || *end || *task > UINT32_MAX)
			return error_set(
				err, EINVAL,
				"'%.60s' names no task: write JOB_NUMBER, for example 12_3", text);
	}
	if (snprintf(name, 256, "%.*s", line ? (int)(line - p) : (int)strlen(p), p) > 253 ||
	    !job_is_name(name))
		return error_set(err, EINVAL,
				 "'%.60s' can't be a job: give a SlurmJob's name or Slurm's job id",
				 text);
	return 0;
}

static int take(struct job *ret, struct json_object *object, const char *text, struct error *err)
{
	ret->object = json_object_get(object);
	ret->name = json_get_string(object, "metadata.name");
	if (!ret->name || !job_is_name(ret->name))
		return error_set(err, EBADMSG, "%s: kubectl's answer is no SlurmJob", text);
	if (ret->task >= 0 && json_get_string(object, "status.state") &&
	    !json_get(object, "status.array"))
		return error_set(err, EINVAL, "%s: %s is no job array, it has no tasks", text,
				 ret->name);
	return 0;
}

int job_take(struct json_object *object, struct job *ret, struct error *err)
{
	*ret = (struct job){ .task = -1 };
	return take(ret, object, "a list", err);
}

/* The names of the SlurmJobs with that id, a line each; the caller's. */
static int names_of_id(const struct kubectl *k, const char *id, char **ret, struct error *err)
{
#define NAMES "{.metadata.name}{\"\\n\"}{end}"
	static const char by_label[] = "--output=jsonpath={range .items[*]}" NAMES;
	char selector[300], filter[300];

	snprintf(selector, sizeof(selector), "--selector=" LABEL_JOB_ID "=%s", id);
	if (kubectl_text(k, (const char *[]){ "get", RESOURCE, selector, by_label, NULL }, NULL,
			 ret, err) < 0)
		return -1;
	if ((*ret)[0])
		return 0;
	/* Those made in Kubernetes get the label a moment after they have a job. */
	free(*ret);
	*ret = NULL;
	snprintf(filter, sizeof(filter),
		 "--output=jsonpath={range .items[?(@.status.jobId==%s)]}" NAMES, id);
	return kubectl_text(k, (const char *[]){ "get", RESOURCE, filter, NULL }, NULL, ret, err);
}

/* Returns 1 with the name, 0 if no SlurmJob has that id, -1 with err filled. */
static int find_id(const struct kubectl *k, char name[256], struct error *err)
{
	_cleanup_free_ char *names = NULL;
	size_t first;

	if (names_of_id(k, name, &names, err) < 0)
		return -1;
	first = strcspn(names, "\n");
	if (!first)
		return 0;
	if (names[first] && names[first + 1]) {
		for (char *p = names; *p; p++)
			*p = *p == '\n' ? ' ' : *p;
		/* Several clusters may have jobs of that id. */
		return error_set(err, EINVAL,
				 "%s: several SlurmJobs have that job id, name one: %.300s", name,
				 names);
	}
	snprintf(name, 256, "%.*s", (int)first, names);
	return job_is_name(name) ? 1 : error_set(err, EBADMSG, "kubectl's answer is no name");
}

int job_find(const struct kubectl *k, const char *text, struct job *ret, struct error *err)
{
	_cleanup_json_ struct json_object *o = NULL;
	char name[256];

	*ret = (struct job){ .task = -1 };
	if (split(text, name, &ret->task, err) < 0)
		return -1;
	if (!name[strspn(name, "0123456789")] && strlen(name) < 11 && find_id(k, name, err) < 0)
		return -1;
	if (kubectl_json(k,
			 (const char *[]){ "get", RESOURCE, name, "--output=json",
					   "--ignore-not-found", NULL },
			 &o, err) < 0)
		return -1;
	if (!o)
		return error_set(
			err, ENOENT,
			"there is no SlurmJob '%s' here; kubectl get slurmjobs lists those of "
			"this namespace, -n names another one",
			name);
	return take(ret, o, text, err);
}

/* -- watch ------------------------------------------------------------------------------------ */

struct watch {
	const struct job_watch *what;
	int64_t deadline;  /* 0: none */
	bool saw, saw_now; /* something has come; from this kubectl */
	struct json_tokener *tokener;
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static int told(struct watch *w, struct json_object *event, struct error *err)
{
	const char *type = json_get_string(event, "type") ?: "";

	if (!strcmp(type, "ERROR") || !strcmp(type, "BOOKMARK"))
		return 0;
	w->saw = w->saw_now = true;
	return w->what->seen(w->what->ctx,
			     !strcmp(type, "DELETED") ? NULL : json_get(event, "object"), err);
}

/* One JSON object after the other, as they come. */
static int feed(struct watch *w, const char *data, int n, struct error *err)
{
	while (n > 0) {
		_cleanup_json_ struct json_object *o = json_tokener_parse_ex(w->tokener, data, n);
		enum json_tokener_error problem = json_tokener_get_error(w->tokener);
		int used = (int)json_tokener_get_parse_end(w->tokener), rc;

		if (problem == json_tokener_continue)
			return 0;
		if (problem != json_tokener_success)
			return error_set(err, EBADMSG, "kubectl's answer is no JSON: %s",
					 json_tokener_error_desc(problem));
		data += used;
		n -= used;
		rc = told(w, o, err);
		if (rc)
			return rc;
		while (n > 0 && strchr(" \n\r\t", *data) && *data)
			data++, n--;
	}
	return 0;
}

/* Returns as job_watch(), 2 when kubectl has ended. */
static int read_on(struct watch *w, int fd, struct error *err)
{
	char buf[16384];

	for (;;) {
		int64_t left = w->deadline ? w->deadline - now_ms() : -1;
		struct pollfd p = { .fd = fd, .events = POLLIN };
		ssize_t n;
		int rc;

		if (w->deadline && left <= 0)
			return 0;
		rc = poll(&p, 1, left > 3600000 ? 3600000 : (int)left);
		if (kubectl_signal)
			return error_set(err, EINTR, "interrupted");
		if (rc <= 0)
			continue;
		n = read(fd, buf, sizeof(buf));
		if (n <= 0)
			return 2;
		rc = feed(w, buf, (int)n, err);
		if (rc)
			return rc;
	}
}

/* kubectl has ended by itself. Returns 2 to begin again. */
static int ended(struct watch *w, int errors, int code, struct error *err)
{
	if (!code || w->saw_now)
		return 2;
	kubectl_tell_failure(errors, code, err);
	if (strstr(err->text, "(NotFound)"))
		return w->what->seen(w->what->ctx, NULL, err);
	return w->saw ? 2 : -1;
}

static int watch_once(struct watch *w, const struct kubectl *k, const char *name, struct error *err)
{
	_cleanup_close_ int errors = kubectl_memory_file(NULL, err), from = -1, to = -1;
	int ends[2], rc, code;
	pid_t pid;

	if (errors < 0)
		return -1;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_errno(err, "can't make a pipe");
	from = ends[0];
	to = ends[1];
	pid = kubectl_start(k,
			    (const char *[]){ "get", w->what->kind, name, "--watch",
					      "--output-watch-events", "--output=json", NULL },
			    (int[]){ -1, to, errors }, err);
	if (pid < 0)
		return -1;
	close(TAKE_FD(to));
	json_tokener_reset(w->tokener);
	w->saw_now = false;
	rc = read_on(w, from, err);
	if (rc != 2)
		kill(pid, SIGTERM);
	code = kubectl_end(pid);
	return rc == 2 ? ended(w, errors, code, err) : rc;
}

int job_watch(const struct kubectl *k, const struct job_watch *what, struct error *err)
{
	struct watch w = { .what = what, .tokener = json_tokener_new_ex(JSON_MAX_DEPTH) };
	char name[300];
	int rc = 2;

	if (!w.tokener)
		return error_set(err, ENOMEM, "not enough memory");
	if (what->timeout)
		w.deadline = now_ms() + what->timeout * 1000;
	snprintf(name, sizeof(name), "%s%s",
		 what->may_come ? "--field-selector=metadata.name=" : "", what->name);
	/* An API server ends each watch after some time; one that is away may be back soon. */
	while (rc == 2) {
		rc = watch_once(&w, k, name, err);
		if (rc == 2)
			poll(NULL, 0, 1000);
	}
	json_tokener_free(w.tokener);
	return rc;
}

/* -- what it says ----------------------------------------------------------------------------- */

struct json_object *job_condition(struct json_object *object, const char *type)
{
	return json_find(json_get(object, "status.conditions"), "type", type);
}

bool job_condition_is(struct json_object *object, const char *type, const char *status)
{
	const char *is = json_get_string(job_condition(object, type), "status");

	return is && !strcmp(is, status);
}

bool job_ended(struct json_object *object)
{
	return job_condition_is(object, "Complete", "True") ||
	       job_condition_is(object, "Failed", "True");
}

bool job_refused(struct json_object *object)
{
	/* That of an earlier spec doesn't count. */
	return job_condition_is(object, "Accepted", "False") &&
	       json_get_int(object, "status.observedGeneration", 0) >=
		       json_get_int(object, "metadata.generation", 0);
}

int job_exit_code(struct json_object *object)
{
	int64_t code = json_get_int(object, "status.exitCode", 0);
	int64_t number = json_get_int(object, "status.signal", 0);

	if (job_condition_is(object, "Complete", "True"))
		return 0;
	if (code > 0 && code < 256)
		return (int)code;
	return number > 0 && number < 128 ? 128 + (int)number : 1;
}

void job_describe(struct json_object *object, char *buf, size_t size)
{
	const char *state = json_get_string(object, "status.state");
	const char *reason = json_get_string(object, "status.reason") ?: "";
	const char *nodes = json_get_string(object, "status.nodeList");
	const char *accepted = json_get_string(job_condition(object, "Accepted"), "message");
	int64_t code = json_get_int(object, "status.exitCode", 0);
	int64_t number = json_get_int(object, "status.signal", 0);
	int n;

	if (!state) {
		snprintf(buf, size, "not in Slurm yet%s%s", accepted ? ": " : "", accepted ?: "");
		return;
	}
	n = snprintf(buf, size, "%s", state);
	if (reason[0] && strcmp(reason, "None") && (size_t)n < size)
		n += snprintf(buf + n, size - (size_t)n, " (%s)", reason);
	if (job_ended(object) && code && (size_t)n < size)
		snprintf(buf + n, size - (size_t)n, ", exit code %d", (int)code);
	else if (job_ended(object) && number && (size_t)n < size)
		snprintf(buf + n, size - (size_t)n, ", killed by signal %d", (int)number);
	else if (nodes && nodes[0] && !job_ended(object) && (size_t)n < size)
		snprintf(buf + n, size - (size_t)n, " on %s", nodes);
}

int64_t job_seconds(const char *text)
{
	static const struct {
		char letter;
		int64_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
	int64_t sum = 0;

	while (*text >= '0' && *text <= '9') {
		char *end;
		int64_t n = strtoll(text, &end, 10), unit = *end ? 0 : 1;

		for (size_t i = 0; i < ARRAY_SIZE(units); i++)
			if (*end == units[i].letter)
				unit = units[i].seconds;
		if (!unit || n > 1000000000)
			return -1;
		sum += n * unit;
		text = end + (*end != 0);
		if (!*text)
			return sum;
	}
	return -1;
}

int64_t job_time(const char *text)
{
	struct tm t = { 0 };
	const char *end = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &t) : NULL;

	return end && (*end == 'Z' || *end == '.') ? (int64_t)timegm(&t) : 0;
}
