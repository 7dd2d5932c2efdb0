/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kube-container: the images and containers of a user on this node. Started by the holder to stage
 * an image, and by people. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "common/size.h"
#include "spank/tool/tool.h"

static const struct command *const commands[] = {
	&command_stage, &command_images, &command_prune,  &command_rm,
	&command_enter, &command_steps, &command_names,	 &command_forget, &command_sweep,
};

static void print_usage(FILE *f)
{
	fputs("Usage: kube-container COMMAND [OPTION...] [ARGUMENT...]\nCommands:\n", f);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(f, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
	fputs("Options of all commands:\n"
	      "  --state=FOLDER      your own folder on this node (default: SLURM_KUBE_STATE, or\n"
	      "                      " SLURM_KUBE_STATEDIR "/UID)\n"
	      "  --images=FOLDERS    the site's read-only image folders, separated by ':'\n"
	      "  --help              of a command: what it does\n",
	      f);
}

static void print_help(const struct command *c)
{
	printf("Usage: kube-container %s [OPTION...]%s%s\n%s\n%s", c->name,
	       c->arguments[0] ? " " : "", c->arguments, c->summary, c->help);
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; name && i < ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	return NULL;
}

static const struct option options[] = {
	{"state", required_argument, NULL, 's'},
	{"images", required_argument, NULL, 'i'},
	{"job", required_argument, NULL, 'j'},
	{"to", required_argument, NULL, 't'},
	{"all", no_argument, NULL, 'a'},
	{"cache-limit", required_argument, NULL, 'l'},
	{"error-fd", no_argument, NULL, 'e'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static int set_folder(char dest[PATH_MAX], const char *value, struct error *err)
{
	if (value[0] != '/')
		return error_set(err, EINVAL, "%s: the path has to be absolute", value);
	if (snprintf(dest, PATH_MAX, "%s", value) >= PATH_MAX)
		return error_set(err, ENAMETOOLONG, "the path is too long");
	return 0;
}

static int set_option(struct tool *t, int option, const char *value, struct error *err)
{
	switch (option) {
	case 's':
		return set_folder(t->state, value, err);
	case 'i':
		t->site = value;
		return 0;
	case 'j':
		t->job = value;
		return 0;
	case 't':
		t->to = value;
		return 0;
	case 'a':
		t->all = true;
		return 0;
	case 'l':
		return size_parse(value, &t->limit, err);
	case 'e':
		t->error_fd = 3;
		return fcntl(3, F_SETFD, FD_CLOEXEC) < 0 ? error_errno(err, "--error-fd") : 0;
	}
	return error_set(err, EINVAL, "see kube-container --help");
}

static int find_folders(struct tool *t, struct error *err)
{
	const char *state = getenv("SLURM_KUBE_STATE");

	if (!t->state[0] && state && state[0] && set_folder(t->state, state, err) < 0)
		return -1;
	if (!t->state[0])
		snprintf(t->state, sizeof(t->state), SLURM_KUBE_STATEDIR "/%u",
			 (unsigned)geteuid());
	if (t->to)
		return set_folder(t->images, t->to, err);
	if (snprintf(t->images, sizeof(t->images), "%s/images", t->state) >= PATH_MAX)
		return error_set(err, ENAMETOOLONG, "--state is too long");
	return 0;
}

int tool_make_folders(const struct tool *t, struct error *err)
{
	static const char *const folders[] = {"", "/.locks", "/.names", "/.blobs"};
	char path[PATH_MAX + 16];

	if (!t->to && mkdir(t->state, 0700) < 0 && errno != EEXIST)
		return error_errno(err,
				   "%s (Slurm makes it when your first container starts here; or "
				   "say --state=FOLDER)",
				   t->state);
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		snprintf(path, sizeof(path), "%s%s", t->images, folders[i]);
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return error_errno(err, "%s", path);
	}
	return 0;
}

static int run(struct tool *t, const struct command *c, int argc, char *argv[], struct error *err)
{
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		if (option == 'h') {
			print_help(c);
			return 0;
		}
		if (set_option(t, option, optarg, err) < 0)
			return -1;
	}
	argc -= optind;
	argv += optind;
	if (argc < c->min || (c->max >= 0 && argc > c->max))
		return error_set(err, EINVAL, "usage: kube-container %s %s", c->name, c->arguments);
	if (find_folders(t, err) < 0)
		return -1;
	return c->run(t, argc, argv, err);
}

int main(int argc, char *argv[])
{
	const struct command *c = find_command(argc > 1 ? argv[1] : NULL);
	struct tool t = {.job = "", .error_fd = -1};
	struct error err = {0};

	if (!c) {
		bool help = argc > 1 && !strcmp(argv[1], "--help");

		print_usage(help ? stdout : stderr);
		return help ? 0 : 2;
	}
	umask(022);
	if (run(&t, c, argc - 1, argv + 1, &err) == 0)
		return fflush(stdout) == 0 ? 0 : 1;
	if (t.error_fd < 0 || write(t.error_fd, err.text, strlen(err.text)) < 0)
		fprintf(stderr, "kube-container: %s\n", err.text);
	return 1;
}
