/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cluster's SlurmCluster and SlurmPartitions: when slurmctld is asked, and what is to be there.
 */
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/json.h"
#include "sync-agent/agent.h"
#include "sync-agent/clock.h"
#include "sync-agent/log.h"
#include "sync-agent/mirror/cluster.h"
#include "sync-agent/mirror/partition.h"

#define COLLECTION "/apis/" OBJECT_API_VERSION
#define POLL_FACTOR 20	   /* no oftener than so many times its own last duration */
#define POLL_LEAST 2000000 /* microseconds */
#define POLL_MOST 60000000
/* Between two writes of one object's status: with POLL_LEAST no change is told later than 5 s. */
#define SPACING 4000000

void partitions_start(struct agent *a)
{
	a->clusters = (struct catalog){
		.kube = a->kube,
		.cluster = a->cluster,
		.kind = "SlurmCluster",
		.path = COLLECTION "/slurmclusters",
		.key_path = "spec.cluster",
		.spacing = SPACING,
	};
	a->partitions = (struct catalog){
		.kube = a->kube,
		.cluster = a->cluster,
		.kind = "SlurmPartition",
		.path = COLLECTION "/slurmpartitions",
		.key_path = "spec.partition",
		.spacing = SPACING,
	};
	a->look.force = true;
	a->look.contact = time(NULL); /* it has just told its configuration */
}

/* What the cluster's object is to say now. */
static void tell_cluster(struct agent *a, bool at_once)
{
	char host[65] = "";
	struct cluster_facts facts = {
		.list = a->look.list,
		.jobs = a->look.jobs_known ? &a->look.jobs : NULL,
		.agent_version = PACKAGE_VERSION,
		.agent_host = host,
		.trouble = a->look.trouble,
		.last_contact = a->look.contact,
	};

	/* The old times stay where nothing has changed: they have to be known. */
	if (!a->clusters.listed || !(a->look.list || a->look.trouble))
		return;
	gethostname(host, sizeof(host) - 1);
	catalog_want(&a->clusters, a->cluster,
		     cluster_status(&facts, catalog_status(&a->clusters, a->cluster)), at_once);
	a->look.told = true;
}

static void tell_partitions(struct agent *a, const struct partition_list *list)
{
	catalog_begin(&a->partitions);
	for (size_t i = 0; i < list->n; i++)
		catalog_want(&a->partitions, list->rows[i].name, partition_status(&list->rows[i]),
			     false);
	catalog_end(&a->partitions);
}

static void take_list(struct agent *a, struct slurm_result *r)
{
	int64_t pause = r->spent_us * POLL_FACTOR;

	a->look.asked = false;
	if (pause < POLL_LEAST)
		pause = POLL_LEAST;
	a->look.next = clock_us() + (pause < POLL_MOST ? pause : POLL_MOST);
	if (r->failed) {
		a->look.force = true;
		if (!a->look.failing && !a->slurm_down)
			log_warning("Slurm: %s; SlurmPartitions stay as they are until it answers",
				    r->err.text);
	}
	a->look.failing = r->failed;
	if (!r->partitions)
		return;
	partition_list_free(a->look.list);
	a->look.list = TAKE_PTR(r->partitions);
	tell_partitions(a, a->look.list);
	a->nodes.dirty = true;
	tell_cluster(a, false);
}

static void take_jobs(struct agent *a, struct slurm_result *r)
{
	if (r->failed || r->unchanged)
		return;
	tally_free(&a->look.jobs);
	a->look.jobs = r->job_states;
	r->job_states = (struct tally){ 0 };
	a->look.jobs_known = true;
	tell_cluster(a, false);
}

/* slurmctld answered, or it did not: the looks at the queue tell, which never end. What comes back
 * may be another version. */
static void take_contact(struct agent *a, const struct slurm_result *r)
{
	if (!r->failed)
		a->look.contact = time(NULL);
	if (r->ask != ASK_QUEUE || r->failed == !!a->look.trouble)
		return;
	free(a->look.trouble);
	a->look.trouble = r->failed ? strdup(r->err.text) : NULL;
	a->look.force = true;
	a->nodes.dirty = true;
	tell_cluster(a, true);
}

void partitions_take(struct agent *a, struct slurm_result *r)
{
	if (r->ask == ASK_PAST || r->ask == ASK_ENDED)
		return; /* that was slurmdbd */
	take_contact(a, r);
	if (r->ask == ASK_PARTITIONS)
		take_list(a, r);
	else if (r->ask == ASK_QUEUE)
		take_jobs(a, r);
}

/* While slurmctld doesn't answer, the looks at the queue find out when it does again. */
static int64_t ask(struct agent *a)
{
	if (a->look.asked || !a->listed || a->look.trouble)
		return INT64_MAX;
	if (clock_us() < a->look.next)
		return a->look.next;
	a->look.asked = true;
	slurm_thread_ask(a->slurm, ASK_PARTITIONS, nodes_active(a), a->look.force);
	a->look.force = false;
	return INT64_MAX;
}

int64_t partitions_run(struct agent *a)
{
	bool may_write = clock_us() >= a->kube_pause_until;
	int64_t next = ask(a), clusters, partitions;

	if (!a->look.told)
		tell_cluster(a, true);
	clusters = catalog_run(&a->clusters, may_write);
	partitions = catalog_run(&a->partitions, may_write);
	next = clusters < next ? clusters : next;
	return partitions < next ? partitions : next;
}

void partitions_stop(struct agent *a)
{
	catalog_free(&a->clusters);
	catalog_free(&a->partitions);
	partition_list_free(a->look.list);
	tally_free(&a->look.jobs);
	free(a->look.trouble);
}
