/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An MPI program that says what it is part of: its rank, the node, the mount namespace, the sum
 * over all ranks, and how many bytes of a large message the MPI library took straight out of
 * another task's memory. That is counted here: the library finds this process_vm_readv() and
 * -writev() before libc's. Link with -rdynamic, so that it does. */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define MESSAGE (4 << 20)

static long copied;

ssize_t process_vm_readv(pid_t pid, const struct iovec *local, unsigned long nl,
			 const struct iovec *remote, unsigned long nr, unsigned long flags)
{
	ssize_t n = syscall(SYS_process_vm_readv, pid, local, nl, remote, nr, flags);

	copied += n > 0 ? n : 0;
	return n;
}

ssize_t process_vm_writev(pid_t pid, const struct iovec *local, unsigned long nl,
			  const struct iovec *remote, unsigned long nr, unsigned long flags)
{
	ssize_t n = syscall(SYS_process_vm_writev, pid, local, nl, remote, nr, flags);

	copied += n > 0 ? n : 0;
	return n;
}

/* Pass a message to the next rank of the node and take that of the one before. Whether it came
 * whole. */
static int pass_on(void)
{
	char *out = malloc(MESSAGE), *in = calloc(1, MESSAGE);
	int rank, size, before, same;
	MPI_Comm node;

	if (!out || !in)
		MPI_Abort(MPI_COMM_WORLD, 1);
	MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node);
	MPI_Comm_rank(node, &rank);
	MPI_Comm_size(node, &size);
	before = (rank + size - 1) % size;
	memset(out, 'a' + rank, MESSAGE);
	MPI_Sendrecv(out, MESSAGE, MPI_CHAR, (rank + 1) % size, 0, in, MESSAGE, MPI_CHAR, before, 0,
		     node, MPI_STATUS_IGNORE);
	memset(out, 'a' + before, MESSAGE);
	same = !memcmp(in, out, MESSAGE);
	MPI_Comm_free(&node);
	free(out);
	free(in);
	return same;
}

int main(int argc, char *argv[])
{
	const char *node = getenv("SLURMD_NODENAME");
	struct stat mnt = {0};
	int rank, size, sum, whole;

	MPI_Init(&argc, &argv);
	MPI_Comm_rank(MPI_COMM_WORLD, &rank);
	MPI_Comm_size(MPI_COMM_WORLD, &size);
	MPI_Allreduce(&rank, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
	whole = pass_on();
	stat("/proc/self/ns/mnt", &mnt);
	printf("rank %d of %d on %s in %lu: sum %d, message %s, copied %ld\n", rank, size,
	       node ? node : "?", (unsigned long)mnt.st_ino, sum, whole ? "whole" : "broken",
	       copied);
	MPI_Finalize();
	return whole ? 0 : 1;
}
