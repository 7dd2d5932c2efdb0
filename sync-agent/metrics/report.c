/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/metrics/report.h"

#include "sync-agent/agent.h"
#include "sync-agent/metrics/process.h"
#include "sync-agent/metrics/census.h"

static bool kube_up(const struct agent *a)
{
	return a->listed && !a->watch.said_down && !a->kube_pause;
}

static bool slurm_up(const struct agent *a)
{
	return a->slurm_answered && !a->slurm_down;
}

static void gauge(struct buffer *to, const char *name, const char *help, double value)
{
	metrics_text_family(to, name, "gauge", help);
	metrics_text_sample(to, name, NULL, value);
}

static void text_queues(const struct agent *a, struct buffer *to)
{
	static const char *const names[] = {
		[QUEUE_READY] = "queue=\"ready\"",
		[QUEUE_DELAYED] = "queue=\"delayed\"",
	};

	metrics_text_family(to, "slurm_kube_queue_depth", "gauge",
			    "Objects that wait: to be compared, to be tried again; those with "
			    "something to be done later, in the lane of low priority.");
	for (size_t i = QUEUE_NONE + 1; i < QUEUE_COUNT; i++)
		metrics_text_sample(to, "slurm_kube_queue_depth", names[i], a->queued[i]);
	metrics_text_sample(to, "slurm_kube_queue_depth", "queue=\"lane\"", (double)a->lane.n);
}

static void text_doorbells(const struct agent *a, struct buffer *to)
{
	const struct {
		const char *labels;
		unsigned long n;
	} rows[] = {
		{ "result=\"taken\"", a->listener.count.taken },
		{ "result=\"bare\"", a->listener.count.bare },
		{ "result=\"not_allowed\"", a->listener.count.not_allowed },
		{ "result=\"not_opened\"", a->listener.count.not_opened },
		{ "result=\"malformed\"", a->listener.count.malformed },
		{ "result=\"other_cluster\"", a->listener.count.other_cluster },
		{ "result=\"old\"", a->listener.count.old },
	};

	metrics_text_family(to, "slurm_kube_doorbells_total", "counter",
			    "Doorbells taken, and those dropped by why.");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		metrics_text_sample(to, "slurm_kube_doorbells_total", rows[i].labels,
				    (double)rows[i].n);
}

static void text_api(struct kube *k, struct buffer *to)
{
	const struct kube_stats *s = kube_stats(k);
	char labels[64];

	metrics_text_family(to, "slurm_kube_api_requests_total", "counter",
			    "Requests to the API server, by how they ended.");
	for (size_t m = 0; m < KUBE_METHODS; m++) {
		for (size_t c = 0; c < KUBE_CLASSES; c++) {
			snprintf(labels, sizeof(labels), "method=\"%s\",class=\"%s\"",
				 kube_method_names[m], kube_class_names[c]);
			metrics_text_sample(to, "slurm_kube_api_requests_total", labels,
					    (double)s->requests[m][c]);
		}
	}
	metrics_text_family(to, "slurm_kube_api_request_seconds", "histogram",
			    "How long the API server took to answer.");
	for (size_t m = 0; m < KUBE_METHODS; m++) {
		snprintf(labels, sizeof(labels), "method=\"%s\"", kube_method_names[m]);
		metrics_text_histogram(to, "slurm_kube_api_request_seconds", labels,
				       kube_bucket_limits, KUBE_BUCKETS, s->latency[m].buckets,
				       s->latency[m].count, (double)s->latency[m].sum_us / 1e6);
	}
	gauge(to, "slurm_kube_api_in_flight", "Requests under way, watches apart.", s->in_flight);
	gauge(to, "slurm_kube_api_window", "How many may be under way.", s->window);
}

static void text_build(const struct agent *a, struct buffer *to)
{
	char cluster[160], labels[256];

	metrics_text_escape(cluster, sizeof(cluster), a->cluster ? a->cluster : "");
	snprintf(labels, sizeof(labels), "version=\"" PACKAGE_VERSION "\",cluster=\"%s\"", cluster);
	metrics_text_family(to, "slurm_kube_build_info", "gauge", "1; the labels tell.");
	metrics_text_sample(to, "slurm_kube_build_info", labels, 1);
}

void report_metrics(const struct agent *a, struct buffer *to)
{
	text_build(a, to);
	census_text(to);
	gauge(to, "slurm_kube_entries", "Jobs and objects that the agent knows.",
	      HASH_CNT(by_name, a->entries.by_name));
	text_queues(a, to);
	gauge(to, "slurm_kube_leader", "1 if this agent acts, 0 if it stands by.", a->leader.leads);
	gauge(to, "slurm_kube_slurm_up", "Did slurmctld answer the latest call?", slurm_up(a));
	gauge(to, "slurm_kube_api_up", "Did the API server answer the latest request?", kube_up(a));
	if (a->kube)
		text_api(a->kube, to);
	text_doorbells(a, to);
	metrics_text(&a->metrics, to);
	process_text(to);
}

/* It asks for nothing but the lease, and has seen it. */
static bool stands_by(const struct agent *a)
{
	return a->leader.elect && !a->leader.leads && a->leader.lease.version[0];
}

bool report_ready(const struct agent *a, struct buffer *to)
{
	const struct {
		const char *name;
		bool is;
	} rows[] = {
		{ "slurmctld has answered", a->slurm_answered },
		{ stands_by(a) ? "the API server has answered, another agent leads"
			       : "the API server has answered, the objects are listed",
		  a->listed || stands_by(a) },
	};
	bool all = true;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		buffer_printf(to, "[%c] %s\n", rows[i].is ? '+' : '-', rows[i].name);
		all = all && rows[i].is;
	}
	return all;
}

void report_status(const struct agent *a, char *buf, size_t size)
{
	if (!a->slurm_answered)
		snprintf(buf, size, "Waiting for slurmctld");
	else if (stands_by(a) && !a->listed)
		snprintf(buf, size, "Standing by: another agent leads");
	else if (!a->listed)
		snprintf(buf, size, "Waiting for the API server");
	else
		snprintf(buf, size, "Cluster %s: %u objects, %u waiting%s%s", a->cluster,
			 HASH_CNT(by_name, a->entries.by_name),
			 a->queued[QUEUE_READY] + a->queued[QUEUE_DELAYED],
			 slurm_up(a) ? "" : "; slurmctld doesn't answer",
			 kube_up(a) ? "" : "; the API server doesn't answer");
}
