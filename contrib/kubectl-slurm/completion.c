/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What could come next on a command line. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "common/cleanup.h"
#include "contrib/kubectl-slurm/job.h"
#include "contrib/kubectl-slurm/plugin.h"
#include "contrib/kubectl-slurm/sbatch.h"

/* Source: cobra, ShellCompDirective. */
#define LET_SHELL_OFFER_FILES ":0"
#define NO_FILES ":4"

static void offer(const char *word, const char *begin)
{
	if (!strncmp(word, begin, strlen(begin)))
		puts(word);
}

static void offer_options(const struct option *table, const char *begin)
{
	for (const struct option *o = table; o && o->name; o++) {
		char text[64];

		snprintf(text, sizeof(text), "--%s%s", o->name,
			 o->value && o->value[0] != '[' ? "=" : "");
		if (o->help)
			offer(text, begin);
	}
}

static void offer_verbs(const char *begin)
{
	for (const struct verb *v = verbs; v->name; v++)
		offer(v->name, begin);
}

/* Nothing if kubectl can't tell: a completion says no errors. */
static void offer_jobs(const struct kubectl *k, const char *begin)
{
	_cleanup_free_ char *names = NULL;
	struct error err;
	char *rest, *name;

	if (kubectl_text(
		    k,
		    (const char *[]){
			    "get", RESOURCE, "--request-timeout=5s",
			    "--output=jsonpath={range .items[*]}{.metadata.name}{\"\\n\"}{end}",
			    NULL },
		    NULL, &names, &err) < 0)
		return;
	for (rest = names; (name = strsep(&rest, "\n"));)
		if (name[0])
			offer(name, begin);
}

/* -n NAME, --namespace=NAME ... count for the look-up, too. */
static void take_flags(struct kubectl *k, char **words, size_t n, const struct verb *verb)
{
	struct error err;

	for (size_t i = 0; i < n; i++)
		for (const struct option *o = common_options; o->name; o++) {
			size_t len = strlen(o->name);
			bool is_long =
				!strncmp(words[i], "--", 2) && !strncmp(words[i] + 2, o->name, len);
			bool is_short = words[i][0] == '-' && words[i][1] &&
					words[i][1] == o->letter && !words[i][2] &&
					!(verb && verb->own_options);

			if (o->id != OPT_KUBECTL)
				continue;
			if (is_long && words[i][2 + len] == '=')
				kubectl_flag(k, o->name, words[i] + len + 3, &err);
			else if (((is_long && !words[i][2 + len]) || is_short) && i + 1 < n)
				kubectl_flag(k, o->name, words[i + 1], &err);
		}
}

/* The verb among the words, and where it is. */
static const struct verb *verb_among(char **words, size_t n, size_t *at)
{
	for (*at = 0; *at < n; ++*at)
		for (const struct verb *v = verbs; v->name; v++)
			if (!strcmp(v->name, words[*at]))
				return v;
	return NULL;
}

int completion_words(struct kubectl *k, char **words, size_t n)
{
	const char *begin = n ? words[n - 1] : "", *directive = NO_FILES;
	size_t at;
	const struct verb *v = verb_among(words, n ? n - 1 : 0, &at);

	take_flags(k, words, n ? n - 1 : 0, v);
	if (begin[0] == '-') {
		offer_options(v ? v->options : NULL, begin);
		if (v && v->own_options)
			offer_options(sbatch_options, begin);
		offer_options(common_options, begin);
	} else if (!v) {
		offer_verbs(begin);
	} else if (v->offers && !strcmp(v->offers, "jobs")) {
		offer_jobs(k, begin);
	} else if (v->offers) {
		_cleanup_free_ char *copy = strdup(v->offers);
		char *rest = copy, *word;

		while (copy && (word = strsep(&rest, " ")))
			offer(word, begin);
	} else {
		directive = LET_SHELL_OFFER_FILES;
	}
	puts(directive);
	return 0;
}

/* -- scripts ---------------------------------------------------------------------------------- */

static const char bash[] =
	"# kubectl slurm completion bash: for bash, to be sourced after kubectl's own completion.\n"
	"_kubectl_slurm() {\n"
	"	local line lines words=(\"${COMP_WORDS[@]:1:COMP_CWORD}\")\n"
	"	[ \"${words[0]}\" != slurm ] || words=(\"${words[@]:1}\")\n"
	"	COMPREPLY=()\n"
	"	mapfile -t lines < <(kubectl-slurm __complete \"${words[@]}\" 2>/dev/null)\n"
	"	for line in \"${lines[@]}\"; do\n"
	"		case $line in\n"
	"		:0) compopt -o default ;;\n"
	"		:*) ;;\n"
	"		*=) compopt -o nospace; COMPREPLY+=(\"$line\") ;;\n"
	"		*) COMPREPLY+=(\"$line\") ;;\n"
	"		esac\n"
	"	done\n"
	"}\n"
	"complete -F _kubectl_slurm kubectl-slurm\n"
	"# kubectl itself asks plugins since 1.26; for older ones, and where its completion isn't "
	"loaded:\n"
	"_kubectl_or_slurm() {\n"
	"	if [ \"${COMP_WORDS[1]}\" = slurm ] && [ \"$COMP_CWORD\" -gt 1 ]; then\n"
	"		_kubectl_slurm\n"
	"	elif declare -F __start_kubectl >/dev/null; then\n"
	"		__start_kubectl\n"
	"	fi\n"
	"}\n"
	"complete -o default -F _kubectl_or_slurm kubectl\n";

static const char zsh[] =
	"# kubectl slurm completion zsh: for zsh, to be sourced after kubectl's own completion.\n"
	"_kubectl_slurm() {\n"
	"	local line files; local -a found opened asked\n"
	"	asked=(\"${(@)words[2,CURRENT]}\")\n"
	"	[[ $asked[1] != slurm ]] || asked=(\"${(@)asked[2,-1]}\")\n"
	"	for line in \"${(@f)$(kubectl-slurm __complete \"${asked[@]}\" 2>/dev/null)}\"; "
	"do\n"
	"		case $line in\n"
	"		:0) files=1 ;;\n"
	"		:*) ;;\n"
	"		*=) opened+=(\"$line\") ;;\n"
	"		*) found+=(\"$line\") ;;\n"
	"		esac\n"
	"	done\n"
	"	compadd -a found\n"
	"	compadd -S '' -a opened\n"
	"	[[ -z $files ]] || _files\n"
	"}\n"
	"compdef _kubectl_slurm kubectl-slurm\n"
	"# kubectl itself asks plugins since 1.26; for older ones, and where its completion isn't "
	"loaded:\n"
	"_kubectl_or_slurm() {\n"
	"	if [[ $words[2] == slurm && $CURRENT -gt 2 ]]; then\n"
	"		_kubectl_slurm\n"
	"	elif (( $+functions[_kubectl] )); then\n"
	"		_kubectl\n"
	"	fi\n"
	"}\n"
	"compdef _kubectl_or_slurm kubectl\n";

int completion_run(struct call *call, struct error *err)
{
	bool is_zsh = !strcmp(call->words[0], "zsh");

	if (!is_zsh && strcmp(call->words[0], "bash") != 0)
		return error_set(err, EINVAL, "'%.60s': there are scripts for bash and zsh",
				 call->words[0]);
	fputs(is_zsh ? zsh : bash, stdout);
	return 0;
}
