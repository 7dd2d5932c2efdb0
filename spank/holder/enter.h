/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How tasks are told to become slurm-kube-enter instead of the user's program, which then runs it
 *in another way: behind the image's entry point, or by an OCI runtime's exec command. It is told so
 *by variables, which it takes out of the environment again:
 *
 *	ENTER_PROGRAM     the program that srun was given (argv[0])
 *	ENTER_ENTRYPOINT  the entry point's words, numbered from 0: ENTER_ENTRYPOINT "0" ...
 *	ENTER_ALONE       there: those are all that is to be run, and the program isn't
 *	ENTER_RUNTIME     the words of the runtime's command up to and including "exec", numbered
 *	ENTER_ID          the runtime's name for the container
 *	ENTER_USER        "UID:GID" of the task in it
 *	ENTER_CWD         the working folder in it; missing: that of the process
 *	ENTER_ROOT        where its root is on this side */
#ifndef SPANK_HOLDER_ENTER_H
#define SPANK_HOLDER_ENTER_H

#define ENTER_PREFIX "SLURM_KUBE_ENTER_"
#define ENTER_PROGRAM ENTER_PREFIX "PROGRAM"
#define ENTER_ENTRYPOINT ENTER_PREFIX "ENTRYPOINT"
#define ENTER_ALONE ENTER_PREFIX "ALONE"
#define ENTER_RUNTIME ENTER_PREFIX "RUNTIME"
#define ENTER_ID ENTER_PREFIX "ID"
#define ENTER_USER ENTER_PREFIX "USER"
#define ENTER_CWD ENTER_PREFIX "CWD"
#define ENTER_ROOT ENTER_PREFIX "ROOT"
#define ENTER_WORDS_MAX 256

/* Where it is in a container. */
#define ENTER_INSIDE "/run/slurm-kube/enter"

#endif
