/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync-agent/leader.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <unistd.h>

#include "common/buffer.h"
#include "common/json.h"
#include "sync-agent/clock.h"
#include "sync-agent/fence.h"
#include "sync-agent/log.h"
#include "sync-agent/mirror/text.h"

#define POD_NAMESPACE "/var/run/secrets/kubernetes.io/serviceaccount/namespace"
#define LEASES "/apis/coordination.k8s.io/v1/namespaces/%s/leases"
#define MANAGER "fieldManager=slurm-kube-agent"
#define SECONDS_LEAST 3
#define SECONDS_MOST 3600
#define RETRY_LEAST 100000 /* microseconds */
#define RETRY_MOST 2000000
#define TIMEOUT_MOST 10000L /* milliseconds */

/* -- who we are ----------------------------------------------------------------------------- */

/* Returns the namespace's name in buf, a DNS label. */
static int find_namespace(const char *configured, char *buf, size_t size, struct error *err)
{
	_cleanup_free_ char *text = NULL;
	char label[LABEL_MAX + 1];

	if (!configured && buffer_read_file(POD_NAMESPACE, 4096, &text, NULL, NULL) == 0)
		text[strcspn(text, " \r\n")] = '\0';
	snprintf(buf, size, "%s", configured ? configured : text ? text : "kube-system");
	text_dns_label(buf, label);
	if (strcmp(label, buf))
		return error_set(err, EINVAL, "leader.namespace: '%s' is no name of a namespace",
				 buf);
	return 0;
}

/* The identity stays the same from start to start, so that an agent that was killed need not wait
 * for its own lease to end. The lock shows that no process with that identity lives: else a new
 * one. */
static void find_identity(struct leader *l, const char *folder)
{
	char path[512], host[65] = "", saved[20] = "";
	uint64_t random;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		random = (uint64_t)fence_clock() ^ ((uint64_t)getpid() << 40);
	gethostname(host, sizeof(host) - 1);
	snprintf(path, sizeof(path), "%s/%s", folder, l->name);
	l->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (l->lock >= 0 && flock(l->lock, LOCK_EX | LOCK_NB) < 0) {
		close(l->lock);
		l->lock = -1;
	}
	if (l->lock >= 0 &&
	    (pread(l->lock, saved, 16, 0) != 16 || strspn(saved, "0123456789abcdef") != 16)) {
		snprintf(saved, sizeof(saved), "%016" PRIx64, random);
		if (pwrite(l->lock, saved, 16, 0) != 16)
			log_warning("%s: %s", path, strerror(errno));
	}
	if (l->lock < 0)
		snprintf(saved, sizeof(saved), "%016" PRIx64, random);
	snprintf(l->identity, sizeof(l->identity), "%s_%s", host, saved);
}

int leader_init(struct leader *l, struct kube *kube, const struct leader_config *c,
		struct error *err)
{
	char label[LABEL_MAX + 1];

	*l = (struct leader){ .kube = kube,
			      .elect = c->elect,
			      .lock = -1,
			      .duration = c->seconds * 1000000,
			      .leads = !c->elect,
			      .began = !c->elect };
	if (!c->elect)
		return 0;
	if (c->seconds < SECONDS_LEAST || c->seconds > SECONDS_MOST)
		return error_set(err, EINVAL, "leader.lease: it takes %ds to 1h", SECONDS_LEAST);
	text_dns_label(c->cluster, label);
	snprintf(l->name, sizeof(l->name), "slurm-kube-agent-%s", label);
	if (find_namespace(c->namespace, l->namespace, sizeof(l->namespace), err) < 0)
		return -1;
	find_identity(l, c->state_folder);
	fence_set(0);
	return 0;
}

/* -- what is logged, once ------------------------------------------------------------------- */

static void __attribute__((format(printf, 3, 4)))
say(struct leader *l, enum log_level level, const char *format, ...)
{
	char text[sizeof(l->said)];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (!strcmp(text, l->said))
		return;
	snprintf(l->said, sizeof(l->said), "%s", text);
	log_line(level, "%s", text);
}

/* -- answers -------------------------------------------------------------------------------- */

static int64_t retry_pause(const struct leader *l)
{
	int64_t pause = l->duration / 15;

	if (pause > RETRY_MOST)
		return RETRY_MOST;
	return pause > RETRY_LEAST ? pause : RETRY_LEAST;
}

/* It is ours: for how long counts from when it was asked for. */
static void take_lead(struct leader *l)
{
	bool anew = !l->leads;

	if (l->began && l->lease.transitions != l->transitions)
		l->overtaken = true;
	if (l->overtaken)
		return;
	l->transitions = l->lease.transitions;
	l->leads = l->began = true;
	fence_set(l->sent_at + l->duration / 3 * 2);
	l->next = l->sent_at + l->duration / 5;
	if (anew)
		log_info("leading: lease %s/%s is held as %s", l->namespace, l->name, l->identity);
	l->said[0] = '\0';
}

static void lose_lead(struct leader *l, const char *why)
{
	fence_set(0);
	kube_cancel_writes(l->kube, "the lease has ended");
	if (l->leads)
		say(l, LOG_LEVEL_WARNING, "leading no more: %s", why);
	l->leads = false;
}

/* Somebody else has it, or nobody. */
static void look_at_lease(struct leader *l)
{
	int64_t free_at = lease_free_at(&l->lease, l->identity),
		soon = fence_clock() + retry_pause(l);

	l->next = free_at < soon ? free_at : soon;
	if (!free_at || free_at <= fence_clock())
		return;
	lose_lead(l, "another agent has the lease");
	/* What the other one did is not known here. */
	l->overtaken = l->began;
	say(l, LOG_LEVEL_INFO, "standing by: %s leads (lease %s/%s)", l->lease.holder, l->namespace,
	    l->name);
}

static void explain(struct leader *l, const struct kube_answer *answer)
{
	if (answer->status == 403)
		say(l, LOG_LEVEL_ERROR,
		    "lease %s/%s: %s; apply crd/rbac.yaml, or set leader.elect: false where there "
		    "is "
		    "one agent only",
		    l->namespace, l->name, answer->problem);
	else if (answer->status != 409)
		say(l, LOG_LEVEL_WARNING, "lease %s/%s: %s; trying again", l->namespace, l->name,
		    answer->problem[0] ? answer->problem : "no answer");
}

static void on_seen(void *ctx, const struct kube_answer *answer)
{
	_cleanup_json_ struct json_object *object = NULL;
	struct leader *l = ctx;

	l->busy = false;
	l->next = fence_clock() + retry_pause(l);
	if (answer->status == 404) {
		lease_take(&l->lease, NULL, fence_clock());
		l->renewing = true;
		l->next = 0;
		return;
	}
	if (answer->status == 200)
		object = json_parse(answer->body, answer->len, NULL);
	if (!object) {
		explain(l, answer);
		return;
	}
	lease_take(&l->lease, object, fence_clock());
	l->renewing = true;
	look_at_lease(l);
}

static void on_written(void *ctx, const struct kube_answer *answer)
{
	_cleanup_json_ struct json_object *object = NULL;
	struct leader *l = ctx;

	l->busy = false;
	l->next = fence_clock() + retry_pause(l);
	if (answer->status == 200 || answer->status == 201)
		object = json_parse(answer->body, answer->len, NULL);
	if (object && !strcmp(json_get_string(object, "spec.holderIdentity") ?: "", l->identity)) {
		lease_take(&l->lease, object, fence_clock());
		take_lead(l);
		return;
	}
	/* Not as we thought: read it. */
	l->renewing = false;
	if (answer->status == 409 || answer->status == 404)
		l->next = 0;
	explain(l, answer);
}

static void on_released(void *ctx, const struct kube_answer *answer)
{
	struct leader *l = ctx;

	l->busy = false;
	l->released = true;
	log_debug("lease %s/%s: given up (status %ld)", l->namespace, l->name, answer->status);
}

/* -- requests ------------------------------------------------------------------------------- */

static void request(struct leader *l, struct kube_request *r, const char *rest,
		    struct json_object *body)
{
	char path[400];
	struct error err;

	snprintf(path, sizeof(path), LEASES "%s%s?" MANAGER, l->namespace, rest[0] ? "/" : "",
		 rest);
	r->path = path;
	r->body = body ? json_object_to_json_string_ext(body, JSON_C_TO_STRING_PLAIN) : NULL;
	r->ctx = l;
	r->apart = true;
	r->timeout_ms = (long)(l->duration / 3000);
	if (r->timeout_ms > TIMEOUT_MOST)
		r->timeout_ms = TIMEOUT_MOST;
	l->sent_at = fence_clock();
	l->busy = true;
	if (kube_send(l->kube, r, &err) < 0) {
		l->busy = false;
		l->next = fence_clock() + retry_pause(l);
		log_error("lease %s/%s: %s", l->namespace, l->name, err.text);
	}
}

static void read_lease(struct leader *l)
{
	struct kube_request r = { .method = "GET", .done = on_seen };

	request(l, &r, l->name, NULL);
}

static void write_lease(struct leader *l, const char *holder, kube_done *done)
{
	_cleanup_json_ struct json_object *o = json_object_new_object();
	struct json_object *metadata = json_object_new_object();
	struct kube_request create = { .method = "POST", .done = done };
	struct kube_request patch = { .method = "PATCH",
				      .type = "application/merge-patch+json",
				      .done = done };
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	json_object_object_add(o, "metadata", metadata);
	json_object_object_add(o, "spec", lease_spec(&l->lease, holder, l->duration, now));
	if (l->lease.version[0]) {
		json_set_string(metadata, "resourceVersion", l->lease.version);
		request(l, &patch, l->name, o);
		return;
	}
	json_set_string(o, "apiVersion", "coordination.k8s.io/v1");
	json_set_string(o, "kind", "Lease");
	json_set_string(metadata, "name", l->name);
	json_set_string(metadata, "namespace", l->namespace);
	request(l, &create, "", o);
}

/* -- steps ---------------------------------------------------------------------------------- */

/* Of the clock that the loop waits by. */
static int64_t monotonic(int64_t when)
{
	return when == INT64_MAX ? INT64_MAX : clock_us() + (when - fence_clock());
}

int64_t leader_step(struct leader *l)
{
	int64_t now = fence_clock();

	if (!l->elect)
		return INT64_MAX;
	if (l->leads && fence_passed())
		lose_lead(l, "the lease could not be renewed in time; until it is, nothing is done "
			     "and nothing written");
	if (!l->busy && !l->releasing && now >= l->next) {
		/* After a write that failed, and for whoever stands by: what does it say now? */
		bool may_take = l->renewing && lease_free_at(&l->lease, l->identity) <= now;

		if (may_take)
			write_lease(l, l->identity, on_written);
		else
			read_lease(l);
	}
	if (l->leads)
		return monotonic(l->busy || l->next > fence_until() ? fence_until() : l->next);
	return l->busy ? INT64_MAX : monotonic(l->next);
}

void leader_release(struct leader *l)
{
	l->releasing = true;
	if (l->busy || l->released)
		return; /* the answer to a renewal is awaited first: it has the version */
	if (!l->elect || !l->leads) {
		l->released = true;
		return;
	}
	l->leads = false;
	fence_set(0);
	write_lease(l, "", on_released);
}

void leader_free(struct leader *l)
{
	if (l->lock >= 0)
		close(l->lock);
	l->lock = -1;
}
