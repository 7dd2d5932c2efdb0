/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cma hold FILE: put a text into memory, write to FILE where it is, and wait until FILE is removed.
 * cma read FILE: wait for FILE, and take the text out of that process's memory, as MPI does for
 * large messages (cross-memory attach). Prints it, or what is in the way. cma both FILE: as a step
 * of two tasks: task 0 holds, task 1 reads and then removes FILE. None waits for more than 30 s. */
/* For process_vm_readv(). */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define TRIES 600
#define PAUSE_US 50000

static char text[] = "somebody else's memory";

static int wait_for(const char *path, int there)
{
	for (int i = 0; i < TRIES; i++) {
		if ((access(path, F_OK) == 0) == there)
			return 0;
		usleep(PAUSE_US);
	}
	fprintf(stderr, "cma: %s: nothing happens to it\n", path);
	return 1;
}

static int hold(const char *path)
{
	char temporary[4096];
	FILE *f;

	snprintf(temporary, sizeof(temporary), "%s.new", path);
	f = fopen(temporary, "we");
	if (!f || fprintf(f, "%d %p\n", (int)getpid(), (void *)text) < 0 || fclose(f) ||
	    rename(temporary, path) < 0) {
		perror(path);
		return 1;
	}
	return wait_for(path, 0);
}

static int take(const char *path)
{
	char copy[sizeof(text)] = "";
	struct iovec local = {copy, sizeof(copy)}, remote = {NULL, sizeof(copy)};
	FILE *f = wait_for(path, 1) == 0 ? fopen(path, "re") : NULL;
	int pid;

	if (!f || fscanf(f, "%d %p", &pid, &remote.iov_base) != 2) {
		fprintf(stderr, "cma: %s can't be read\n", path);
		return 1;
	}
	fclose(f);
	if (process_vm_readv(pid, &local, 1, &remote, 1, 0) != sizeof(copy)) {
		printf("%s\n", strerror(errno));
		return 1;
	}
	printf("%s\n", copy);
	return 0;
}

int main(int argc, char *argv[])
{
	const char *task = getenv("SLURM_PROCID");
	int rc;

	if (argc != 3)
		return 2;
	if (!strcmp(argv[1], "hold") || (!strcmp(argv[1], "both") && task && !strcmp(task, "0")))
		return hold(argv[2]);
	rc = take(argv[2]);
	if (!strcmp(argv[1], "both"))
		unlink(argv[2]);
	return rc;
}
