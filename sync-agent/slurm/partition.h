/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A cluster's partitions and nodes as plain data, free of libslurm: what the mirror works on. */
#ifndef AGENT_SLURM_PARTITION_H
#define AGENT_SLURM_PARTITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sync-agent/slurm/tally.h"

/* Slurm's mark in a memory limit: it is per CPU, not per node. */
#define PARTITION_PER_CPU (1ULL << 63)

/* Nodes counted as sinfo does (%F and %C). Memory is in megabytes. */
struct node_sums {
	uint64_t nodes_allocated, nodes_idle, nodes_other, nodes_total;
	uint64_t nodes_up; /* neither down nor drained, and answering */
	uint64_t cpus_allocated, cpus_idle, cpus_other, cpus_total;
	uint64_t memory_allocated, memory_total;
	uint64_t memory_idle; /* like cpus_idle: not of nodes that are down or drained */
	struct tally states; /* nodes by state, in Slurm's words */
	struct tally gres;
	struct tally gres_up; /* the same of nodes that are neither down nor drained */
	struct tally features; /* nodes by active feature */
};

/* Numbers may be JOB_NONE or JOB_UNLIMITED (job.h). Strings are never NULL ("" when absent). */
struct partition {
	const char *state;	  /* UP, DOWN, DRAIN, INACTIVE, UNKNOWN; static */
	const char *preempt_mode; /* static */
	bool is_default, hidden, root_only, no_root, needs_reservation, exclusive_user,
		least_loaded;

	uint64_t max_time, default_time; /* minutes */
	uint64_t min_nodes, max_nodes, max_cpus_per_node;
	uint64_t default_memory,
		max_memory;	  /* megabytes per node, or with PARTITION_PER_CPU; 0: none */
	uint64_t over_time_limit; /* minutes */
	uint64_t grace_time;	  /* seconds */
	uint64_t priority_tier, priority_factor;
	uint64_t share; /* jobs that may share a resource; 0: whole nodes only */
	bool share_forced;

	char *name, *node_list, *tres, *qos, *alternate;
	char *allow_accounts, *deny_accounts, *allow_groups, *allow_qos, *deny_qos, *allow_nodes;

	struct node_sums sums;
};

/* What one look saw. */
struct partition_list {
	char *version;	      /* slurmctld's */
	char *controllers;    /* its hosts, "a,b", the primary first */
	uint64_t max_jobs;    /* MaxJobCount */
	struct tally licenses; /* if they were asked for */
	struct node_sums all; /* every node of the cluster */
	size_t n;
	struct partition rows[];
};

void partition_list_free(struct partition_list *list);

#endif
