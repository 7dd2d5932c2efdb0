/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/mirror/cluster.h"

#include <string.h>

#include "common/cleanup.h"
#include "common/json.h"
#include "sync-agent/mirror/sums.h"
#include "sync-agent/mirror/text.h"

char *cluster_object_name(const char *cluster)
{
	char label[LABEL_MAX + 1];

	text_dns_label(cluster, label);
	return strdup(label);
}

static struct json_object *jobs(const struct tally *t)
{
	struct json_object *o = json_object_new_object();
	uint64_t total = 0;

	for (size_t i = 0; i < t->n; i++)
		total += t->rows[i].total;
	sums_set_number(o, "total", total);
	sums_set_number(o, "pending", tally_total(t, "PENDING"));
	sums_set_number(o, "running", tally_total(t, "RUNNING"));
	json_object_object_add(o, "byState", sums_by_name(t));
	return o;
}

/* The old condition of that status, so that its time stays. */
static const char *since(struct json_object *before, const char *status)
{
	struct json_object *c = json_find(json_get(before, "conditions"), "type", "Ready");
	const char *old = json_get_string(c, "status");

	return old && !strcmp(old, status) ? json_get_string(c, "lastTransitionTime") : NULL;
}

static struct json_object *ready(const struct cluster_facts *f, struct json_object *before)
{
	struct json_object *c = json_object_new_object(), *list = json_object_new_array();
	const char *status = f->trouble ? "False" : "True", *time_before = since(before, status);
	const char *heard = json_get_string(before, "lastContactTime");
	char message[1024], when[TIME_SIZE];

	if (f->last_contact) {
		text_time(f->last_contact, when);
		heard = when;
	}
	snprintf(message, sizeof(message), "no answer since %s: %s",
		 heard ? heard : "the agent's start", f->trouble ? f->trouble : "");
	json_set_string(c, "type", "Ready");
	json_set_string(c, "status", status);
	if (time_before)
		json_set_string(c, "lastTransitionTime", time_before);
	else
		sums_set_time(c, "lastTransitionTime", time(NULL));
	json_set_string(c, "reason", f->trouble ? "NoAnswer" : "Answers");
	json_object_object_add(
		c, "message",
		text_json(f->trouble ? message : "slurmctld answers", sizeof(message)));
	json_object_array_add(list, c);
	return list;
}

/* Keep what was said before: who has not heard of it yet knows no better. */
static void keep(struct json_object *o, struct json_object *before, const char *const *keys)
{
	for (; *keys; keys++) {
		struct json_object *old = json_get(before, *keys);

		if (old)
			json_object_object_add(o, *keys, json_object_get(old));
	}
}

struct json_object *cluster_status(const struct cluster_facts *f, struct json_object *before)
{
	static const char *const of_list[] = { "slurmVersion", "controllers", "nodes", "cpus",
					       "memory",       "gres",	      NULL };
	static const char *const of_jobs[] = { "jobs", NULL };
	static const char *const of_contact[] = { "lastContactTime", NULL };
	struct json_object *o = json_object_new_object(), *agent = json_object_new_object();

	json_set_string(agent, "version", f->agent_version);
	sums_set_text(agent, "host", f->agent_host, TEXT_MAX);
	json_object_object_add(o, "agent", agent);
	if (f->list) {
		sums_set_text(o, "slurmVersion", f->list->version, TEXT_MAX);
		sums_set_words(o, "controllers", f->list->controllers);
		sums_set(o, &f->list->all);
		json_object_object_del(o, "features");
	} else {
		keep(o, before, of_list);
	}
	if (f->jobs)
		json_object_object_add(o, "jobs", jobs(f->jobs));
	else
		keep(o, before, of_jobs);
	if (f->last_contact)
		sums_set_time(o, "lastContactTime", f->last_contact);
	else
		keep(o, before, of_contact);
	json_object_object_add(o, "conditions", ready(f, before));
	return o;
}
