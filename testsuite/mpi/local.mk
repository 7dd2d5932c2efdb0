# SPDX-License-Identifier: GPL-2.0-or-later
# Programs of the MPI tests, which compile them with each MPI that there is.
EXTRA_DIST += testsuite/mpi/ring.c testsuite/mpi/cma.c
