/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kubectl slurm top: the queue, and the partitions. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "common/cleanup.h"
#include "contrib/kubectl-slurm/job.h"
#include "contrib/kubectl-slurm/plugin.h"
#include "contrib/kubectl-slurm/table.h"

#define COLUMNS_MAX 16
#define REFRESH_SECONDS 5

/* Only what is shown is asked for: ten thousand whole objects are forty megabytes. Tabs between, a
 * line each. */
#define RANGE(fields) "--output=jsonpath={range .items[*]}" fields "{\"\\n\"}{end}"
#define TAB "{\"\\t\"}"

enum {
	J_NAMESPACE,
	J_NAME,
	J_ID,
	J_PARTITION,
	J_USER,
	J_ACCOUNT,
	J_STATE,
	J_REASON,
	J_START,
	J_NODES,
	J_LIST,
	J_END,
	J_COLUMNS
};

static const char jobs_asked[] =
	RANGE("{.metadata.namespace}" TAB "{.metadata.name}" TAB "{.status.jobId}" TAB
	      "{.status.partition}" TAB "{.status.user}" TAB "{.status.account}" TAB
	      "{.status.state}" TAB "{.status.reason}" TAB "{.status.startTime}" TAB
	      "{.status.nodes}" TAB "{.status.nodeList}" TAB "{.status.endTime}");

struct lines {
	char *text;
	char *(*row)[COLUMNS_MAX];
	size_t n;
};

static void lines_free(struct lines *l)
{
	free(l->text);
	free(l->row);
	*l = (struct lines){ 0 };
}

static int read_lines(struct call *call, const char *const *words, struct lines *ret,
		      struct error *err)
{
	char *rest, *line;
	size_t n = 1;

	*ret = (struct lines){ 0 };
	if (kubectl_text(&call->kubectl, words, NULL, &ret->text, err) < 0)
		return -1;
	for (const char *p = ret->text; *p; p++)
		n += *p == '\n';
	ret->row = calloc(n, sizeof(*ret->row));
	if (!ret->row)
		return error_set(err, ENOMEM, "not enough memory");
	for (rest = ret->text; (line = strsep(&rest, "\n"));) {
		if (!line[0])
			continue;
		for (size_t c = 0; c < COLUMNS_MAX; c++)
			ret->row[ret->n][c] = strsep(&line, "\t") ?: "";
		ret->n++;
	}
	return 0;
}

/* -- jobs ------------------------------------------------------------------------------------- */

static int read_jobs(struct call *call, struct lines *ret, struct error *err)
{
	const char *words[8] = {
		"get", RESOURCE, jobs_asked,
		/* Most have ended. Of those without the label the end is seen below. */
		"--selector=slurm-kube.io/state notin (COMPLETED,FAILED,CANCELLED,TIMEOUT)"
	};
	size_t kept = 0;

	if (call->value[OPT_ALL_NAMESPACES])
		words[4] = "--all-namespaces";
	if (read_lines(call, words, ret, err) < 0)
		return call->value[OPT_ALL_NAMESPACES] && strstr(err->text, "orbidden")
			       ? error_wrap(err,
					    "-A is for who may list the jobs of all namespaces")
			       : -1;
	for (size_t i = 0; i < ret->n; i++)
		if (!ret->row[i][J_END][0])
			memmove(ret->row[kept++], ret->row[i], sizeof(ret->row[i]));
	ret->n = kept;
	return 0;
}

static int rank(const char *state)
{
	return !strcmp(state, "PENDING") ? 1 : !state[0] ? 2 : 0;
}

/* What runs first, in the order of job ids. */
static int compare(const void *a, const void *b)
{
	char *const *x = a, *const *y = b;
	int by_state = rank(x[J_STATE]) - rank(y[J_STATE]);
	long long p = atoll(x[J_ID]), q = atoll(y[J_ID]);

	return by_state ? by_state : (p > q) - (p < q);
}

static void add_place(struct table *t, char *const *row)
{
	char text[512];

	snprintf(text, sizeof(text), "(%s)", row[J_REASON]);
	table_add(t, row[J_LIST][0] ? row[J_LIST] : row[J_REASON][0] ? text : "");
}

static void list_jobs(struct lines *l, bool namespaces)
{
	static const char *const heads[] = { "NAME",  "JOBID", "PARTITION", "USER",
					     "STATE", "TIME",  "NODES",	    "NODELIST(REASON)" };
	_cleanup_(table_free) struct table t = { .columns = ARRAY_SIZE(heads) + namespaces };

	if (namespaces)
		table_add(&t, "NAMESPACE");
	for (size_t i = 0; i < ARRAY_SIZE(heads); i++)
		table_add(&t, heads[i]);
	for (size_t i = 0; i < l->n; i++) {
		char *const *row = l->row[i];

		if (namespaces)
			table_add(&t, row[J_NAMESPACE]);
		table_add(&t, row[J_NAME]);
		table_add(&t, row[J_ID]);
		table_add(&t, row[J_PARTITION]);
		table_add(&t, row[J_USER]);
		table_add(&t, row[J_STATE][0] ? row[J_STATE] : "SUBMITTING");
		table_add_elapsed(&t, job_time(row[J_START]), time(NULL));
		table_add(&t, row[J_NODES]);
		add_place(&t, row);
	}
	table_print(&t);
}

/* -- sums ------------------------------------------------------------------------------------- */

static const struct {
	const char *name, *head;
	int column;
} keys[] = {
	{ "state", "STATE", J_STATE },
	{ "user", "USER", J_USER },
	{ "account", "ACCOUNT", J_ACCOUNT },
	{ "partition", "PARTITION", J_PARTITION },
	{ "namespace", "NAMESPACE", J_NAMESPACE },
};

static int key_column; /* for qsort() */

static int compare_keys(const void *a, const void *b)
{
	return strcmp(((char *const *)a)[key_column], ((char *const *)b)[key_column]);
}

static void sum_jobs(struct lines *l, size_t key)
{
	_cleanup_(table_free) struct table t = { .columns = 5 };
	int64_t running = 0, pending = 0, nodes = 0;
	size_t from = 0;

	key_column = keys[key].column;
	qsort(l->row, l->n, sizeof(*l->row), compare_keys);
	table_add(&t, keys[key].head);
	table_add(&t, "JOBS");
	table_add(&t, "RUNNING");
	table_add(&t, "PENDING");
	table_add(&t, "NODES");
	for (size_t i = 0; i < l->n; i++) {
		bool is_pending = rank(l->row[i][J_STATE]) != 0;

		pending += is_pending;
		running += !is_pending;
		nodes += is_pending ? 0 : atoll(l->row[i][J_NODES]);
		if (i + 1 < l->n && !strcmp(l->row[i][key_column], l->row[i + 1][key_column]))
			continue;
		table_add(&t, l->row[i][key_column]);
		table_add_number(&t, (int64_t)(i + 1 - from));
		table_add_number(&t, running);
		table_add_number(&t, pending);
		table_add_number(&t, nodes);
		from = i + 1;
		running = pending = nodes = 0;
	}
	table_print(&t);
}

static int find_key(const char *name, size_t *ret, struct error *err)
{
	for (*ret = 0; *ret < ARRAY_SIZE(keys); ++*ret)
		if (!strcmp(keys[*ret].name, name))
			return 0;
	return error_set(err, EINVAL,
			 "--by=%.60s: it is state, user, account, partition or namespace", name);
}

static int show_jobs(struct call *call, struct error *err)
{
	_cleanup_(lines_free) struct lines l = { 0 };
	const char *by = call->value[OPT_BY];
	size_t key;

	if ((by && find_key(by, &key, err) < 0) || read_jobs(call, &l, err) < 0)
		return -1;
	qsort(l.row, l.n, sizeof(*l.row), compare);
	if (!l.n)
		printf("No jobs are pending or running%s.\n",
		       call->value[OPT_ALL_NAMESPACES] ? "" : " in this namespace");
	else if (by)
		sum_jobs(&l, key);
	else
		list_jobs(&l, call->value[OPT_ALL_NAMESPACES]);
	return 0;
}

/* -- partitions ------------------------------------------------------------------------------- */

static int show_partitions(struct call *call, struct error *err)
{
	static const char *const heads[] = { "PARTITION",   "CLUSTER",	      "AVAIL",
					     "TIMELIMIT",   "NODES(A/I/O/T)", "CPUS(A/I/O/T)",
					     "MEMORY(A/T)", "GRES(U/T)" };
	static const char asked[] = RANGE(
		"{.spec.partition}" TAB "{.spec.cluster}" TAB "{.status.state}" TAB
		"{.status.limits.maxTime}" TAB "{.status.nodes.summary}" TAB
		"{.status.cpus.summary}" TAB
		"{.status.memory.allocated}/{.status.memory.total}M" TAB
		"{range .status.gres[*]}{.name}:{.used}/{.total} {end}" TAB "{.status.default}");
	_cleanup_(table_free) struct table t = { .columns = ARRAY_SIZE(heads) };
	_cleanup_(lines_free) struct lines l = { 0 };

	if (read_lines(call,
		       (const char *[]){ "get", "slurmpartitions.slurm-kube.io", asked, NULL }, &l,
		       err) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(heads); i++)
		table_add(&t, heads[i]);
	for (size_t i = 0; i < l.n; i++) {
		char name[256];

		/* As sinfo marks the default. */
		snprintf(name, sizeof(name), "%s%s", l.row[i][0],
			 strcmp(l.row[i][ARRAY_SIZE(heads)], "true") ? "" : "*");
		table_add(&t, name);
		for (size_t c = 1; c < ARRAY_SIZE(heads); c++)
			table_add(&t, l.row[i][c]);
	}
	table_print(&t);
	return 0;
}

/* -- the verb --------------------------------------------------------------------------------- */

static int show(struct call *call, bool partitions, bool jobs, struct error *err)
{
	if (partitions && show_partitions(call, err) < 0)
		return -1;
	if (partitions && jobs)
		printf("\n");
	return jobs ? show_jobs(call, err) : 0;
}

int top_run(struct call *call, struct error *err)
{
	const char *what = call->n_words ? call->words[0] : "", *watch = call->value[OPT_WATCH];
	bool partitions = !strcmp(what, "partitions"), jobs = !strcmp(what, "jobs");
	int64_t seconds = watch && watch[0] ? job_seconds(watch) : REFRESH_SECONDS;
	int rc;

	if (what[0] && !partitions && !jobs)
		return error_set(err, EINVAL, "'%.60s': it is jobs or partitions", what);
	if (seconds <= 0)
		return error_set(err, EINVAL, "--watch=%.60s: write it like 5 or 1m", watch);
	if (partitions && (call->value[OPT_BY] || call->value[OPT_ALL_NAMESPACES]))
		return error_set(err, EINVAL, "--by and -A are for jobs");
	for (;;) {
		if (watch && isatty(1))
			printf("\033[H\033[2J");
		rc = show(call, !jobs && !call->value[OPT_BY], !partitions, err);
		if (rc < 0 || !watch)
			return rc;
		fflush(stdout);
		sleep((unsigned)seconds);
	}
}
