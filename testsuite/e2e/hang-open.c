/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Have a file whose open(2) doesn't return, as on a file system that hangs, until this is killed:
 *	hang-open FILE
 * Prints "ready", then a line for each process that hangs. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/fanotify.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int fd = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC, O_RDONLY | O_CLOEXEC);
	char buf[4096] __attribute__((aligned(8)));
	ssize_t n;

	if (argc != 2 || fd < 0 ||
	    fanotify_mark(fd, FAN_MARK_ADD, FAN_OPEN_PERM, AT_FDCWD, argv[1]) < 0) {
		perror("hang-open");
		return 1;
	}
	printf("ready\n");
	fflush(stdout);
	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		const struct fanotify_event_metadata *e = (const void *)buf;

		for (; FAN_EVENT_OK(e, n); e = FAN_EVENT_NEXT(e, n))
			printf("hangs: %d\n", e->pid);
		fflush(stdout);
	}
	return 0;
}
