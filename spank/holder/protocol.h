/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How tasks and the holder talk: command line in, one report out, then one registration per task.
 *
 * The first task of a step on a node starts the holder:
 *
 *	slurm-kube-holder --image=IMAGE --state=FOLDER --step=JOB.STEP [--spool=FOLDER]
 *		[--cdi=FOLDER:FOLDER] [--gpu=KIND] [--runtime=COMMAND] [--runtime-join=HOW] PID...
 *
 * with every task's process id (0: not known), the report pipe as descriptor HOLDER_REPORT_FD, the
 * task's standard error, and the job's environment, in which SLURM_KUBE_OPTIONS are the step's
 * (common/container_options.h; not on the command line, which anybody can read). --state is the
 * user's own folder on this node. The holder makes the container and reports: strings that each end
 * in a NUL. Either "error" and a text, or "ready", then "KEY=VALUE" for those of these
 * keys that there are, then "", then the environment that the tasks have to set.
 *
 *	cwd     the folder in which tasks begin; none: the job's own, or else "/"
 *	digest  of the image, if it has one
 *	pid     the process whose user and mount namespaces the tasks join; none: the holder
 *	flags   HOLDER_FLAG_* letters
 *	enter   the program that a task becomes in place of its own: see enter.h
 *	keeper  the process that stays until the step's end; slurmstepd waits for it
 *
 * Then it waits, being what holds the namespaces, until each task has written its process id
 * into the pipe that is the holder's descriptor HOLDER_JOIN_FD (opened through /proc) or has ended. */
#ifndef SPANK_HOLDER_PROTOCOL_H
#define SPANK_HOLDER_PROTOCOL_H

#define HOLDER_REPORT_FD 3
#define HOLDER_JOIN_FD 4
#define HOLDER_REPORT_MAX (256 * 1024)

#define HOLDER_READY "ready"
#define HOLDER_ERROR "error"
#define HOLDER_FLAG_NO_NEW_PRIVS 'p'

#endif
