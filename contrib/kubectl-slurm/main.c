/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kubectl slurm VERB ...: kubectl starts this program for it, which starts kubectl for whatever it
 * does. */
#include <errno.h>
#include <string.h>

#include "common/cleanup.h"
#include "contrib/kubectl-slurm/plugin.h"

const struct option common_options[] = {
	{ 'h', "help", NULL, "print this", OPT_HELP, NULL },
	{ 'n', "namespace", "NAME", "the namespace of the jobs", OPT_KUBECTL, NULL },
	{ 0, "context", "NAME", "as for kubectl", OPT_KUBECTL, NULL },
	{ 0, "kubeconfig", "FILE", "as for kubectl", OPT_KUBECTL, NULL },
	{ 0, "cluster", "NAME", "as for kubectl", OPT_KUBECTL, NULL },
	{ 0, "user", "NAME", "as for kubectl", OPT_KUBECTL, NULL },
	{ 0 },
};

int common_option(struct call *call, const struct option *o, const char *value, struct error *err)
{
	if (o->id == OPT_KUBECTL)
		return kubectl_flag(&call->kubectl, o->name, value, err);
	call->value[o->id] = value ?: "";
	return 0;
}

/* -- help ------------------------------------------------------------------------------------- */

static void list_verbs(FILE *to)
{
	for (const struct verb *v = verbs; v->name; v++)
		fprintf(to, "  %-12s%s\n", v->name, v->summary);
}

static void help(void)
{
	printf("Usage: kubectl slurm [-n NAMESPACE] VERB ...\n"
	       "Slurm jobs, for what plain kubectl has no verb.\n\nVerbs:\n");
	list_verbs(stdout);
	printf("\nkubectl slurm VERB --help tells more. JOB is a SlurmJob's name or Slurm's job "
	       "id, 12_3 a task "
	       "of an array.\n"
	       "KUBECTL in the environment is the kubectl to use, else the one in "
	       "PATH.\n\nOptions:\n");
	options_print(common_options, 0);
	printf("  %-30s %s\n", "    --version", "print the version");
}

void verb_help(const struct verb *v)
{
	printf("Usage: kubectl slurm %s [OPTION...] %s\n%s\n\nOptions:\n", v->name, v->words,
	       v->text);
	if (v->options)
		options_print(v->options, 0);
	/* -n is sbatch's --ntasks there. */
	options_print(common_options, v->run == submit_run ? 'n' : 0);
	if (v->run == submit_run)
		submit_help();
}

/* -- command line ------------------------------------------------------------------------------ */

static int take_option(void *ctx, const struct option *o, const char *value, size_t at,
		       struct error *err)
{
	return common_option(ctx, o, value, err);
}

static int take_word(void *ctx, const char *word, size_t at, struct error *err)
{
	struct call *call = ctx;

	call->words[call->n_words++] = (char *)word;
	return 0;
}

static int check_words(struct call *call, struct error *err)
{
	const struct verb *v = call->verb;

	if (call->n_words < v->min_words)
		return error_set(err, EINVAL, "it is: kubectl slurm %s %s", v->name, v->words);
	if (call->n_words > v->max_words)
		return error_set(err, EINVAL,
				 "'%.60s' is one word too many; it is: kubectl slurm %s %s",
				 call->words[v->max_words], v->name, v->words);
	if (call->n_rest && !v->rest)
		return error_set(err, EINVAL, "'%.60s': %s takes nothing behind --", call->rest[0],
				 v->name);
	return 0;
}

static int run_verb(struct call *call, char **words, size_t n, struct error *err)
{
	static const struct option none = { 0 };
	const struct option *const tables[] = { call->verb->options ? call->verb->options : &none,
						common_options, NULL };
	struct parser parser = {
		.tables = tables, .ctx = call, .option = take_option, .word = take_word
	};
	int rest;

	if (call->verb->own_options) {
		call->rest = words;
		call->n_rest = n;
		return call->verb->run(call, err);
	}
	rest = options_parse(&parser, words, n, err);
	if (rest < 0)
		return -1;
	if (call->value[OPT_HELP]) {
		verb_help(call->verb);
		return 0;
	}
	call->rest = words + rest;
	call->n_rest = n - (size_t)rest;
	if (check_words(call, err) < 0)
		return -1;
	return call->verb->run(call, err);
}

static const struct verb *find_verb(const char *name)
{
	for (const struct verb *v = verbs; v->name; v++)
		if (!strcmp(v->name, name))
			return v;
	return NULL;
}

static int no_verb(const char *name)
{
	if (name)
		fprintf(stderr, "kubectl slurm: there is no verb '%.60s'. There are:\n", name);
	else
		fprintf(stderr, "Usage: kubectl slurm [-n NAMESPACE] VERB ...\nVerbs:\n");
	list_verbs(stderr);
	fprintf(stderr, "kubectl slurm VERB --help tells more.\n");
	return EXIT_USAGE;
}

static int fail(const struct call *call, const struct error *err)
{
	const char *verb = call->verb ? call->verb->name : NULL;

	if (kubectl_signal)
		return 1;
	fprintf(stderr, "kubectl slurm%s%s: %s\n", verb ? " " : "", verb ?: "", err->text);
	if (err->code != EINVAL)
		return 1;
	fprintf(stderr, "kubectl slurm%s%s --help tells more.\n", verb ? " " : "", verb ?: "");
	return EXIT_USAGE;
}

/* Options before the verb are those of all verbs. */
static int begin(struct call *call, char **words, size_t n, struct error *err)
{
	const struct option *const tables[] = { common_options, NULL };
	struct parser parser = {
		.tables = tables, .stop_at_word = true, .ctx = call, .option = take_option
	};
	int at;

	if (n && !strcmp(words[0], "--version")) {
		puts("kubectl-slurm " PACKAGE_VERSION);
		return 0;
	}
	at = options_parse(&parser, words, n, err);
	if (at < 0)
		return -1;
	if (call->value[OPT_HELP] || ((size_t)at < n && !strcmp(words[at], "help"))) {
		help();
		return 0;
	}
	call->verb = (size_t)at < n ? find_verb(words[at]) : NULL;
	if (!call->verb)
		return no_verb((size_t)at < n ? words[at] : NULL);
	return run_verb(call, words + at + 1, n - (size_t)at - 1, err);
}

int main(int argc, char **argv)
{
	_cleanup_free_ char **words = calloc((size_t)argc + 1, sizeof(*words));
	const char *program = argc ? strrchr(argv[0], '/') : NULL;
	struct call call = { .words = words };
	struct error err = { 0 };
	int rc;

	if (!words || !argc)
		return 1;
	program = program ? program + 1 : argv[0];
	call.kubectl.program = getenv("KUBECTL");
	if (!call.kubectl.program || !call.kubectl.program[0])
		call.kubectl.program = "kubectl";
	if (!strcmp(program, COMPLETER))
		return completion_words(&call.kubectl, argv + 1, (size_t)argc - 1);
	if (argc > 1 && !strcmp(argv[1], COMPLETION_WORD))
		return completion_words(&call.kubectl, argv + 2, (size_t)argc - 2);
	rc = begin(&call, argv + 1, (size_t)argc - 1, &err);
	if (rc < 0)
		rc = fail(&call, &err);
	/* Whatever kubectl makes of it. */
	if (kubectl_signal)
		rc = 128 + kubectl_signal;
	for (size_t i = 0; call.kubectl.flags[i]; i++)
		free(call.kubectl.flags[i]);
	if (fflush(stdout) != 0 && !rc) {
		fprintf(stderr, "kubectl slurm: can't write: %s\n", strerror(errno));
		rc = 1;
	}
	return rc;
}
