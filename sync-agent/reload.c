/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SIGHUP: the configuration is read again, whole. What can't change while the agent runs stays as
 * it was, and is named. */
#include "sync-agent/agent.h"
#include "sync-agent/kubelet/kubelet.h"
#include "sync-agent/log.h"
#include "sync-agent/notify.h"

static void say_kept(void *ctx, const char *name)
{
	log_warning("%s: %s has changed, which takes a restart; the old value stays until then",
		    (const char *)ctx, name);
}

void reload(struct agent *a)
{
	struct config new = { 0 };
	struct error err;

	notify_reloading();
	if (config_load(a->config_path, &new, &err) < 0) {
		log_error("%s; the old configuration stays", err.text);
		metrics_count(&a->metrics, COUNT_RELOAD_FAILED);
		notify_ready();
		return;
	}
	config_replace(&a->config, &new, say_kept, (void *)a->config_path);
	log_set_level(a->config.log_level);
	owner_set_minimum_uid(a->owner, a->config.minimum_uid);
	kubelet_set_minimum_uid(a->kubelet, a->config.minimum_uid);
	/* What other filters and limits mean for the jobs that are there. */
	a->poll_whole = true;
	a->poll_next = 0;
	a->nodes.dirty = true;
	log_info("%s: read again", a->config_path);
	metrics_count(&a->metrics, COUNT_RELOAD_DONE);
	notify_ready();
}
