/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random histories of edits on both sides, with crashes, lost answers and refused writes in
 * between. The agent's part is its own code as far as it decides; what sends is played here.
 * Whatever happens, it converges, loses no edit without a word, sends nobody's edit, requeues
 * nothing twice, and is quiet when all is settled. A failure names its seed: HISTORY_SEED=N runs
 * that one, HISTORY_COUNT=N so many. */
#include "unit.h"

#include "common/json.h"
#include "history_model.h"
#include "sync-agent/edit.h"
#include "sync-agent/mirror/fields.h"

#define HISTORIES 4000
#define ROUNDS_MAX 60

struct play {
	struct world w;
	/* The agent's memory. */
	struct entries entries;
	struct entry *e;
	int seen_version;
	struct json_object *now; /* Slurm's truth as seen last; NULL: to be asked for */
	int64_t now_priority, now_restarts;
	bool now_ended;
	/* Under way, both at once or one alone: edits on their way to Slurm, a mark on its way to the
	 * API server and the version it was made from. NULL: none. */
	struct json_object *asked, *marking, *marked;
	int marking_version;
	/* The judge's: what a user wrote last, and whether he still waits for word of it. */
	struct json_object *wrote, *waiting;
	struct json_object *dealt; /* see deal() */
	struct json_object *sent;  /* fields that Slurm was asked for since the status was written */
	struct json_object *fresh; /* what he wrote and Slurm was not asked for yet */
	struct json_object *seen_wrote, *seen_fresh; /* as they were when the agent saw spec */
	struct json_object *refused; /* what was told to be refused and stands in spec yet */
	char said[512];
	bool forgetful; /* since all was settled, the agent has crashed or an answer was lost */
};

static const char *text_of(struct json_object *o)
{
	return o ? json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN) : "";
}

static void judge(const struct play *p, const char *name, bool fine, const char *what)
{
	if (!fine)
		row("HISTORY_SEED=%llu: %s: %s: spec %s, current %s, sending %s, known %s, Slurm "
		    "%s; wrote %s, "
		    "waiting %s%s",
		    (unsigned long long)p->w.seed, name, what, text_of(at(p->w.spec, name)),
		    text_of(at(p->w.current, name)), text_of(p->w.sending),
		    p->e->known ? p->e->known : "", text_of(at(p->w.truth, name)),
		    text_of(at(p->wrote, name)), text_of(at(p->waiting, name)),
		    p->forgetful ? ", forgetful" : "");
	assert_true(fine);
}

/* A field was dealt with: Slurm was asked for that value, or spec was made to have it (NULL: none).
 */
static void deal(struct play *p, const char *name, struct json_object *value)
{
	json_object_get(value);
	json_object_object_del(p->dealt, name);
	json_object_object_add(p->dealt, name, value);
}

/* -- users ---------------------------------------------------------------------------------- */

static void user_edits(struct play *p)
{
	struct json_object *old = NULL, *value;
	_cleanup_json_ struct json_object *before = copy(p->w.spec);
	const struct model_field *m = world_user_edits(&p->w, &value);

	old = at(before, m->name);
	put(p->wrote, m->name, value);
	put(p->fresh, m->name, value);
	/* Who takes a field out asks for nothing, nor does who writes what it is in other words,
	 * what Slurm was asked for already, or what it was before anybody saw his edit. */
	if (!old)
		old = at(p->w.current, m->name);
	if ((value && same(m->name, at(p->dealt, m->name), value)) ||
	    (p->w.current && same(m->name, at(p->w.current, m->name), value) &&
	     !at(p->w.sending, m->name) && !at(p->sent, m->name)))
		put(p->waiting, m->name, NULL);
	else if (!value || !same(m->name, old, value))
		put(p->waiting, m->name, value);
}

/* -- the agent ------------------------------------------------------------------------------ */

static void agent_lists(struct play *p)
{
	_cleanup_json_ struct json_object *object = world_object(&p->w);

	entry_take_object(p->e, object);
	p->seen_version = p->w.version;
	set(&p->seen_wrote, copy(p->wrote));
	set(&p->seen_fresh, copy(p->fresh));
}

static void agent_looks(struct play *p)
{
	set(&p->now, copy(p->w.truth));
	p->now_priority = p->w.priority;
	p->now_restarts = p->w.restarts;
	p->now_ended = p->w.ended;
}

/* Told of, by Slurm's answer or a refusal: nobody waits for it any more. */
static void told(struct play *p, const char *name)
{
	put(p->waiting, name, NULL);
}

/* What fields_now() makes of a job. */
static struct json_object *fields_seen(struct play *p)
{
	_cleanup_json_ struct json_object *kept = edit_kept(p->e, (uint64_t)p->now_restarts);
	struct json_object *now = copy(p->now), *priority = at(kept, "priority");

	put(now, "requeueRequestedAt", at(kept, "requeueRequestedAt"));
	if (priority && json_object_get_int64(priority) == p->now_priority)
		put(now, "priority", priority);
	return now;
}

static void agent_sends(struct play *p, struct json_object *send)
{
	entry_know(p->e, send);
	json_object_object_foreach (send, name, value) {
		judge(p, name, same(name, value, at(p->seen_wrote, name)), "nobody's edit");
		judge(p, name, at(p->seen_fresh, name) || at(p->refused, name) || p->forgetful,
		      "sent again");
		deal(p, name, value);
		json_set_bool(p->sent, name, true);
		if (same(name, value, at(p->fresh, name)))
			put(p->fresh, name, NULL);
		put(p->seen_fresh, name, NULL);
	}
	set(&p->asked, copy(send));
}

/* What was sent reaches Slurm or is lost; the answer, too. */
static void slurm_is_asked(struct play *p, bool lost)
{
	_cleanup_json_ struct json_object *send = p->asked;
	bool reached = !lost || dice(&p->w, 2);

	p->asked = NULL;
	json_object_object_foreach (send, name, value) {
		const char *no = reached ? world_slurm_asked(&p->w, name, value) : NULL;

		if (lost)
			continue;
		if (!no)
			edit_accept(p->e, name, value);
		if (same(name, value, at(p->waiting, name)))
			told(p, name);
	}
	if (lost)
		edit_unheard(p->e, send);
	p->forgetful |= lost;
	set(&p->now, NULL);
}

static void agent_marks(struct play *p, struct json_object *send)
{
	p->marking = edit_mark_patch(p->e, send, (uint64_t)p->now_restarts);
	p->marking_version = p->seen_version;
	set(&p->marked, copy(send));
}

/* The mark reaches the API server, or is lost; the answer, too. */
static void server_is_asked(struct play *p, bool lost)
{
	_cleanup_json_ struct json_object *patch = p->marking;

	p->marking = NULL;
	if (p->marking_version != p->w.version || (lost && dice(&p->w, 2)))
		return; /* 409 */
	if (!p->w.sending)
		p->w.sending = json_object_new_object();
	json_object_object_foreach (patch, name, value) {
		put(p->w.sending, name, value);
	}
	p->w.version++;
	if (lost)
		return;
	edit_mark_tried(p->e, p->marked);
	agent_lists(p);
}

/* Of what is under way one thing gets on. */
static void time_passes(struct play *p)
{
	if (p->asked && (!p->marking || dice(&p->w, 2)))
		slurm_is_asked(p, dice(&p->w, 8) == 0);
	else if (p->marking)
		server_is_asked(p, dice(&p->w, 8) == 0);
}

/* Whatever it had under way may have got there, or not. */
static void agent_crashes(struct play *p)
{
	if (p->asked)
		slurm_is_asked(p, true);
	if (p->marking)
		server_is_asked(p, true);
	entry_remove(&p->entries, p->e);
	p->e = entry_add(&p->entries, 1, "slurm-alice", "lab-1");
	set(&p->now, NULL);
	agent_lists(p);
	p->forgetful = true;
}

static bool is_named(const struct reconcile_plan *plan, const char *name)
{
	char mark[64];

	snprintf(mark, sizeof(mark), "spec.%s:", name);
	return plan->refused && strstr(plan->refusal.text, mark);
}

static void agent_tells(struct play *p, const struct reconcile_plan *plan)
{
	if (!plan->refused)
		return;
	/* The same words again are not said again before the spec is put right. */
	judge(p, "-",
	      edit_may_tell(p->e, plan->refusal.text) || !strcmp(p->said, plan->refusal.text),
	      "not told");
	snprintf(p->said, sizeof(p->said), "%s", plan->refusal.text);
	json_object_object_foreach (plan->spec, name, unused) {
		(void)unused;
		if (!is_named(plan, name))
			continue;
		told(p, name);
		json_set_bool(p->refused, name, true);
	}
}

static void agent_patches(struct play *p, const struct reconcile_plan *plan)
{
	if (p->seen_version != p->w.version)
		return; /* 409 */
	json_object_object_foreach (plan->spec, name, value) {
		struct json_object *wish = at(p->waiting, name);

		/* The edit would be gone and nobody was told. */
		judge(p, name, !wish || !same(name, wish, at(p->w.spec, name)), "overwritten");
		put(p->w.spec, name, value);
		deal(p, name, value);
		json_object_object_del(p->w.editors, name);
		if (value)
			json_set_string(p->w.editors, name, OBJECT_MANAGER);
	}
	p->w.version++;
	p->w.generation++;
	set(&p->refused, json_object_new_object());
	entry_know(p->e, plan->spec);
	edit_taken_back(p->e);
	agent_lists(p);
}

/* Spec, status and Slurm agree, as far as the agent has seen: so has everybody what he asked for.
 */
static void all_agree(struct play *p)
{
	_cleanup_json_ struct json_object *spec = entry_spec(p->e);

	for (size_t i = 0; i < n_model; i++) {
		struct json_object *wish = at(p->waiting, model[i].name);

		if (wish && same(model[i].name, wish, at(spec, model[i].name)))
			told(p, model[i].name);
	}
}

/* Returns true if there was something to write. */
static bool agent_writes_status(struct play *p, struct json_object *now)
{
	if (p->w.current && json_object_equal(p->w.current, now) && !p->w.sending &&
	    p->w.observed == p->e->generation)
		return false;
	if (p->seen_version != p->w.version)
		return true; /* 409 */
	set(&p->w.current, copy(now));
	set(&p->w.sending, NULL);
	set(&p->sent, json_object_new_object());
	p->w.observed = (int)p->e->generation;
	p->w.version++;
	all_agree(p);
	agent_lists(p);
	return true;
}

/* As sync.c and edits.c go about it. Returns true if there was something to do. */
static bool agent_round(struct play *p)
{
	_cleanup_(reconcile_plan_free) struct reconcile_plan plan = { 0 };
	_cleanup_json_ struct json_object *spec = NULL, *now = NULL;

	if (!p->now || p->asked || p->marking)
		return true;
	spec = entry_spec(p->e);
	now = fields_seen(p);
	edit_plan(p->e, spec, now, p->now_ended, &plan);
	if (plan.send) {
		bool is_marked = edit_is_marked(p->e, plan.send);

		if (is_marked || !edit_waits_for_mark(plan.send))
			agent_sends(p, plan.send);
		if (!is_marked)
			agent_marks(p, plan.send);
		return true;
	}
	agent_tells(p, &plan);
	if (plan.spec) {
		agent_patches(p, &plan);
		return true;
	}
	assert_false(plan.refused);
	if (agent_writes_status(p, now))
		return true;
	all_agree(p);
	entry_set(&p->e->known, NULL);
	edit_forget(p->e);
	p->e->settled = true;
	p->forgetful = false;
	return false;
}

/* -- histories ------------------------------------------------------------------------------ */

static void play_begins(struct play *p, uint64_t seed)
{
	*p = (struct play){ 0 };
	world_begin(&p->w, seed);
	p->wrote = json_object_new_object();
	p->waiting = json_object_new_object();
	p->refused = json_object_new_object();
	p->dealt = json_object_new_object();
	p->sent = json_object_new_object();
	for (size_t i = 0; i < n_model; i++)
		deal(p, model[i].name, at(p->w.spec, model[i].name));
	p->fresh = json_object_new_object();
	p->e = entry_add(&p->entries, 1, "slurm-alice", "lab-1");
	agent_lists(p);
	agent_looks(p);
	entry_know(p->e, p->w.spec); /* as object_made() does */
}

static void play_ends(struct play *p)
{
	entry_remove(&p->entries, p->e);
	set(&p->now, NULL);
	set(&p->wrote, NULL);
	set(&p->seen_wrote, NULL);
	set(&p->seen_fresh, NULL);
	set(&p->fresh, NULL);
	set(&p->dealt, NULL);
	set(&p->sent, NULL);
	set(&p->asked, NULL);
	set(&p->marking, NULL);
	set(&p->marked, NULL);
	set(&p->waiting, NULL);
	set(&p->refused, NULL);
	world_end(&p->w);
}

static void something_happens(struct play *p)
{
	unsigned n = dice(&p->w, 30);

	if (n < 4)
		user_edits(p);
	else if (n < 6)
		world_slurm_changes(&p->w);
	else if (n < 9)
		agent_looks(p);
	else if (n < 12)
		agent_lists(p);
	else if (n == 12 && dice(&p->w, 2))
		agent_crashes(p);
	else if (n == 13 && dice(&p->w, 8) == 0)
		p->w.ended = true;
	else if (n >= 24)
		time_passes(p);
	else
		agent_round(p);
}

/* All quiet: the agent gets to the end, and then there is nothing left to do. */
static void check_convergence(struct play *p)
{
	int rounds = 0;

	do {
		while (p->asked || p->marking)
			time_passes(p);
		agent_lists(p);
		agent_looks(p);
		rounds++;
	} while (agent_round(p) && rounds < ROUNDS_MAX);
	judge(p, "-", rounds < ROUNDS_MAX, "no end");
	for (size_t i = 0; i < n_model; i++) {
		const char *name = model[i].name;

		judge(p, name, same(name, at(p->w.spec, name), at(p->w.current, name)), "disagree");
		if (strcmp(name, "priority") && strcmp(name, "requeueRequestedAt"))
			judge(p, name, same(name, at(p->w.spec, name), at(p->w.truth, name)),
			      "not Slurm's");
		judge(p, name, !at(p->waiting, name), "without a word");
	}
	judge(p, "-", !agent_round(p), "not quiet");
}

static void play_history(uint64_t seed)
{
	struct play p;
	unsigned length;

	play_begins(&p, seed);
	length = 10 + dice(&p.w, 50);
	for (unsigned i = 0; i < length; i++)
		something_happens(&p);
	check_convergence(&p);
	play_ends(&p);
}

static void test_histories(void **state)
{
	const char *one = getenv("HISTORY_SEED"), *many = getenv("HISTORY_COUNT");

	if (one) {
		play_history(strtoull(one, NULL, 10));
		return;
	}
	for (uint64_t i = 1; i <= (many ? strtoull(many, NULL, 10) : HISTORIES); i++)
		play_history(i * 7919);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_histories),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
