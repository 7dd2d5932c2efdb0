/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/slurm/partitions.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "sync-agent/mirror/indexes.h"
#include "sync-agent/slurm/gres.h"
#include "sync-agent/slurm/job.h"

/* -- nodes ---------------------------------------------------------------------------------- */

/* "IDLE*" is a node that is idle and does not answer: the word without such marks. */
static void count_state(struct tally *t, const node_info_t *node)
{
	const char *word = slurm_node_state_string(node->node_state);

	tally_add(t, word, strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_"), 1, 0);
}

static void count_features(struct tally *t, const node_info_t *node)
{
	const char *text = node->features_act ? node->features_act : node->features;

	while (text && *text) {
		size_t n = strcspn(text, ",");

		if (n)
			tally_add(t, text, n, 1, 0);
		text += n + (text[n] == ',');
	}
}

static void count_gres(struct tally *t, const node_info_t *node)
{
	gres_count(t, node->gres ? node->gres : "", false);
	gres_count(t, node->gres_used ? node->gres_used : "", true);
}

/* As sinfo counts: a node that is being drained is allocated while it has jobs. */
static void add_node(struct node_sums *s, const node_info_t *node)
{
	uint32_t base = node->node_state & NODE_STATE_BASE;
	bool out = (node->node_state & NODE_STATE_DRAIN) || base == NODE_STATE_DOWN;
	uint64_t cpus = node->cpus, used = compat_node_alloc_cpus(node), memory;

	s->nodes_total++;
	if (base == NODE_STATE_ALLOCATED || base == NODE_STATE_MIXED ||
	    (node->node_state & NODE_STATE_COMPLETING))
		s->nodes_allocated++;
	else if (out)
		s->nodes_other++;
	else
		s->nodes_idle++;
	if (!out && base != NODE_STATE_UNKNOWN && !(node->node_state & NODE_STATE_NO_RESPOND))
		s->nodes_up++;
	s->cpus_total += cpus;
	s->cpus_allocated += used;
	*(out ? &s->cpus_other : &s->cpus_idle) += cpus > used ? cpus - used : 0;
	s->memory_total += node->real_memory;
	memory = compat_node_alloc_memory(node);
	s->memory_allocated += memory;
	if (!out && node->real_memory > memory)
		s->memory_idle += node->real_memory - memory;
	count_state(&s->states, node);
	count_features(&s->features, node);
	count_gres(&s->gres, node);
	if (!out)
		count_gres(&s->gres_up, node);
}

/* The table has holes where nodes were deleted. */
static void add_nodes(struct node_sums *s, const node_info_msg_t *nodes, int64_t from, int64_t to)
{
	for (int64_t i = from; i <= to && i < (int64_t)nodes->record_count; i++)
		if (i >= 0 && nodes->node_array[i].name && nodes->node_array[i].name[0])
			add_node(s, &nodes->node_array[i]);
}

/* -- partitions ----------------------------------------------------------------------------- */

static uint64_t wide16(uint16_t v)
{
	return v == INFINITE16 ? JOB_UNLIMITED : v == NO_VAL16 ? JOB_NONE : v;
}

static uint64_t wide32(uint32_t v)
{
	return v == INFINITE ? JOB_UNLIMITED : v == NO_VAL ? JOB_NONE : v;
}

/* Slurm's marks of "no limit" become 0. */
static uint64_t memory(uint64_t v)
{
	return v == NO_VAL64 || v == INFINITE64 || v == MEM_PER_CPU ? 0 : v;
}

static const char *state_word(uint16_t state)
{
	switch (state) {
	case PARTITION_UP:
		return "UP";
	case PARTITION_DOWN:
		return "DOWN";
	case PARTITION_DRAIN:
		return "DRAIN";
	case PARTITION_INACTIVE:
		return "INACTIVE";
	default:
		return "UNKNOWN";
	}
}

static void copy_numbers(struct partition *p, const partition_info_t *info, uint16_t preempt_mode)
{
	p->state = state_word(info->state_up);
	p->preempt_mode = slurm_preempt_mode_string(
		info->preempt_mode == NO_VAL16 ? preempt_mode : info->preempt_mode);
	p->is_default = info->flags & PART_FLAG_DEFAULT;
	p->hidden = info->flags & PART_FLAG_HIDDEN;
	p->root_only = info->flags & PART_FLAG_ROOT_ONLY;
	p->no_root = info->flags & PART_FLAG_NO_ROOT;
	p->needs_reservation = info->flags & PART_FLAG_REQ_RESV;
	p->exclusive_user = info->flags & PART_FLAG_EXCLUSIVE_USER;
	p->least_loaded = info->flags & PART_FLAG_LLN;
	p->max_time = wide32(info->max_time);
	p->default_time = wide32(info->default_time);
	p->min_nodes = info->min_nodes;
	p->max_nodes = wide32(info->max_nodes);
	p->max_cpus_per_node = wide32(info->max_cpus_per_node);
	p->default_memory = memory(info->def_mem_per_cpu);
	p->max_memory = memory(info->max_mem_per_cpu);
	p->over_time_limit = wide16(info->over_time_limit);
	p->grace_time = wide32(info->grace_time);
	p->priority_tier = info->priority_tier;
	p->priority_factor = info->priority_job_factor;
	p->share = info->max_share & ~SHARED_FORCE;
	p->share_forced = info->max_share & SHARED_FORCE;
}

static int copy_texts(struct partition *p, const partition_info_t *info)
{
	const struct {
		char **to;
		const char *from;
	} texts[] = {
		{ &p->name, info->name },
		{ &p->node_list, info->nodes },
		{ &p->tres, info->tres_fmt_str },
		{ &p->qos, info->qos_char },
		{ &p->alternate, info->alternate },
		{ &p->allow_accounts, info->allow_accounts },
		{ &p->deny_accounts, info->deny_accounts },
		{ &p->allow_groups, info->allow_groups },
		{ &p->allow_qos, info->allow_qos },
		{ &p->deny_qos, info->deny_qos },
		{ &p->allow_nodes, info->allow_alloc_nodes },
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		*texts[i].to = strdup(texts[i].from ? texts[i].from : "");
		if (!*texts[i].to)
			return -1;
	}
	return 0;
}

static struct partition_list *make_list(const struct partitions *p, const node_info_msg_t *nodes)
{
	size_t n = p->message->record_count;
	struct partition_list *list = calloc(1, sizeof(*list) + n * sizeof(list->rows[0]));

	if (!list)
		return NULL;
	list->version = strdup(p->version);
	list->controllers = strdup(p->controllers);
	list->max_jobs = p->max_jobs;
	add_nodes(&list->all, nodes, 0, nodes->record_count);
	for (; list->n < n; list->n++) {
		const partition_info_t *info = &p->message->partition_array[list->n];
		struct partition *row = &list->rows[list->n];

		copy_numbers(row, info, p->preempt_mode);
		if (copy_texts(row, info) < 0)
			break;
		for (const int32_t *range = info->node_inx; range && *range >= 0; range += 2)
			add_nodes(&row->sums, nodes, range[0], range[1]);
	}
	if (list->n == n && list->version && list->controllers)
		return list;
	list->n += list->n < n; /* the unfinished one, too */
	partition_list_free(list);
	return NULL;
}

/* -- questions ------------------------------------------------------------------------------ */

static int fail(struct error *err, const char *what)
{
	return error_set(err, errno, "asking slurmctld for its %s: %s", what,
			 slurm_strerror(errno));
}

static int load_conf(struct partitions *p, struct error *err)
{
	slurm_conf_t *conf = NULL;
	size_t size = 1;
	char *hosts;

	if (slurm_load_ctl_conf(0, &conf) != 0)
		return fail(err, "configuration");
	for (uint32_t i = 0; i < conf->control_cnt; i++)
		size += conf->control_machine[i] ? strlen(conf->control_machine[i]) + 1 : 0;
	hosts = calloc(1, size);
	for (uint32_t i = 0; hosts && i < conf->control_cnt; i++)
		if (conf->control_machine[i])
			sprintf(hosts + strlen(hosts), "%s%s", hosts[0] ? "," : "",
				conf->control_machine[i]);
	free(p->controllers);
	p->controllers = hosts;
	free(p->version);
	p->version = strdup(conf->version ? conf->version : "");
	p->preempt_mode = conf->preempt_mode;
	p->max_jobs = conf->max_job_cnt;
	slurm_free_ctl_conf(conf);
	return p->controllers && p->version ? 0 : error_set(err, ENOMEM, "out of memory");
}

/* Returns 1 if there are new ones, 0 if not, -1 with err filled. */
static int load_partitions(struct partitions *p, struct error *err)
{
	partition_info_msg_t *message = NULL;

	if (slurm_load_partitions(p->message ? p->message->last_update : 0, &message,
				  SHOW_ALL | SHOW_LOCAL) != 0)
		return errno == SLURM_NO_CHANGE_IN_DATA ? 0 : fail(err, "partitions");
	if (p->message)
		slurm_free_partition_info_msg(p->message);
	p->message = message;
	return 1;
}

static int load_licenses(struct tally *ret, struct error *err)
{
	license_info_msg_t *message = NULL;

	if (slurm_load_licenses(0, &message, SHOW_ALL) != 0)
		return fail(err, "licenses");
	for (uint32_t i = 0; i < message->num_lic; i++) {
		const slurm_license_info_t *l = &message->lic_array[i];

		if (l->name && l->name[0])
			tally_add(ret, l->name, strlen(l->name), l->total,
				  l->total > l->available ? l->total - l->available : 0);
	}
	slurm_free_license_info_msg(message);
	return 0;
}

static void forget(struct partitions *p)
{
	if (p->message)
		slurm_free_partition_info_msg(p->message);
	p->message = NULL;
	p->nodes_update = 0;
}

int partitions_load(struct partitions *p, bool force, struct partition_list **ret,
		    struct error *err)
{
	node_info_msg_t *nodes = NULL;
	int changed;

	*ret = NULL;
	if (force)
		forget(p);
	if ((force || !p->version) && load_conf(p, err) < 0)
		return -1;
	changed = load_partitions(p, err);
	if (changed < 0)
		return -1;
	/* Partitions say which nodes by their places in the list of nodes: that is needed, too. */
	if (slurm_load_node(changed ? 0 : p->nodes_update, &nodes,
			    SHOW_ALL | SHOW_DETAIL | SHOW_LOCAL) != 0) {
		if (errno == SLURM_NO_CHANGE_IN_DATA)
			return 0;
		forget(p);
		return fail(err, "nodes");
	}
	p->nodes_update = nodes->last_update;
	*ret = make_list(p, nodes);
	slurm_free_node_info_msg(nodes);
	if (*ret && (!p->licenses || load_licenses(&(*ret)->licenses, err) == 0))
		return 0;
	forget(p);
	if (!*ret)
		return error_set(err, ENOMEM, "out of memory");
	partition_list_free(*ret);
	*ret = NULL;
	return -1;
}

void partitions_free(struct partitions *p)
{
	forget(p);
	free(p->version);
	free(p->controllers);
	*p = (struct partitions){ 0 };
}

/* -- jobs ----------------------------------------------------------------------------------- */

static uint64_t tasks_of(const slurm_job_info_t *info)
{
	struct indexes set = { 0 };
	uint64_t n = 1;

	if (info->array_task_id != NO_VAL || !info->array_task_str)
		return 1;
	if (indexes_parse(&set, info->array_task_str, NULL) == 0)
		n = indexes_count(&set);
	indexes_free(&set);
	return n;
}

void jobs_count(const job_info_msg_t *message, struct tally *ret)
{
	for (uint32_t i = 0; i < message->record_count; i++) {
		const slurm_job_info_t *info = &message->job_array[i];
		const char *word = slurm_job_state_string(info->job_state);

		tally_add(ret, word, strlen(word), tasks_of(info), 0);
	}
}
