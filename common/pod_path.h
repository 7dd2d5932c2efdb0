/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the agent and slurm-kube-pod have agreed on about a pod that is a Slurm job: where its
 * containers' output is, and the variables that the job is handed. */
#ifndef COMMON_POD_PATH_H
#define COMMON_POD_PATH_H

#include <stdbool.h>
#include <stddef.h>

/* The variable with the plan (doc/pods.md), and the beginning of those with the Secrets and
 * ConfigMaps that it names. A value of more than POD_PIECE bytes goes on in NAME_2, NAME_3 ... */
#define POD_PLAN_VARIABLE "KUBE_POD"
#define POD_REFERENCE_VARIABLE "KUBE_POD_FROM_"
#define POD_PIECE 100000

/* The folder's name on a node, below /dev/shm and below TMPDIR or /tmp, where anybody may make
 * folders: the owner's uid, the job's id, and what nobody can guess. Who doesn't know the last looks
 * for the beginning, and takes only what is the owner's. */
#define POD_NODE_PREFIX "slurm-kube-pod-"
#define POD_NODE_FOLDER POD_NODE_PREFIX "%u.%s."
/* A file in it; its lock (flock) is held by slurm-kube-pod on the job's first node while it runs. */
#define POD_NODE_LOCK "lock"
/* The variable by which slurm-kube-pod tells it to its steps on the job's other nodes. */
#define POD_NODE_VARIABLE "KUBE_POD_NODE_FOLDER"

#define POD_STATUS_FILE "status.json" /* in the pod's folder */
#define POD_STATUS_MAX (256 << 10)    /* bytes of it */
#define POD_MESSAGE_MAX 4096	      /* bytes of a termination message, as kubelet has it */

/* The exit status of slurm-kube-pod when activeDeadlineSeconds have passed, and when it could not
 * start a container at all. */
#define POD_EXIT_DEADLINE 124
#define POD_EXIT_SETUP 125

/* The folder of a pod: below the job's working folder, its owner's, mode 0700. uid: the pod's.
 * Returns 0, or -1 if it doesn't fit, or one of them is not fit for a path. */
int pod_folder(const char *workdir, const char *uid, char *dest, size_t size);

/* The file in it with a container's output: of its latest start, or of the one before that. */
int pod_output_path(const char *workdir, const char *uid, const char *container, bool previous,
		    char *dest, size_t size);

#endif
