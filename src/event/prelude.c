/* SPDX-License-Identifier: GPL-2.0-only */
#include "event/prelude.h"

#include "base/array.h"
#include "base/intern.h"
#include "base/map.h"

#define JOIN_NS       200000u     /* a stack and its switch are stamped less than this apart */
#define RACE_NS       50000u      /* a thread is woken so soon before it blocks, at most */
#define LINGER_NS     1000000000u /* after its exit a thread has left its CPU for the last time */
#define MAX_STRANGERS 65536u

struct thread {
	uint32_t pid, tid;  /* tid 0: a place for another one */
	char *name;         /* owned; NULL: not heard */
	bool is_followed;   /* its states are told; of others, only what they are called */
	uint64_t sure_ns;   /* when events told of its state last; 0: never */
	uint64_t exit_ns;   /* 0: it has not exited */
	uint32_t priority;  /* the level told last + 1; 0: none */
	uint64_t waking_ns; /* while it ran; 0: none */
	struct event_task_state state;
	struct event_wait_stack wait;  /* that no switch belongs to yet, */
	uint64_t wait_ns;              /* and when */
	struct event_lock_owner owner; /* of the lock that it waits for; tid 0: not known */
};

struct fact {
	char *key, *value; /* owned */
};

struct watched { /* a process whose runtime's pauses are seen */
	uint32_t pid, scope;
	char *runtime; /* owned */
};

struct prelude {
	bool has_events, has_switches;
	uint64_t start_ns, wall_ns; /* of the start of the window; 0: not taken */
	uint64_t gap_ns;            /* the end of the last gap */
	ARRAY(struct fact) facts;
	ARRAY(struct watched) watched;
	ARRAY(struct thread) threads;
	ARRAY(uint32_t) spare; /* indices of threads that are gone */
	struct map by_tid;     /* to the index + 1 */
	uint32_t n_strangers;
	struct intern counter_names;
	ARRAY(uint64_t) counters; /* of name id i at i - 1 */
};

struct input {
	struct prelude *prelude;
	const struct event *event;
	prelude_text_fn *text;
	void *arg;
};

struct prelude *prelude_new(void)
{
	return xcalloc(1, sizeof(struct prelude));
}

void prelude_free(struct prelude *prelude)
{
	struct watched *watched;
	struct thread *thread;
	struct fact *fact;

	if (!prelude)
		return;
	array_for_each(thread, &prelude->threads)
		free(thread->name);
	array_for_each(fact, &prelude->facts) {
		free(fact->key);
		free(fact->value);
	}
	array_for_each(watched, &prelude->watched)
		free(watched->runtime);
	array_release(&prelude->facts);
	array_release(&prelude->watched);
	array_release(&prelude->threads);
	array_release(&prelude->spare);
	map_release(&prelude->by_tid);
	intern_release(&prelude->counter_names);
	array_release(&prelude->counters);
	free(prelude);
}

static void set_text(char **at, const char *text)
{
	if (*at && !strcmp(*at, text))
		return;
	free(*at);
	*at = xstrdup(text);
}

static struct thread *find(struct prelude *prelude, uint32_t tid)
{
	const uint64_t *index = map_find(&prelude->by_tid, tid);

	return index ? &prelude->threads.items[*index - 1] : NULL;
}

static void forget(struct prelude *prelude, struct thread *thread)
{
	prelude->n_strangers -= !thread->is_followed;
	map_remove(&prelude->by_tid, thread->tid);
	free(thread->name);
	*thread = (struct thread){ 0 };
	*array_add(&prelude->spare) = (uint32_t)(thread - prelude->threads.items);
}

/* The end of a stranger need not be told: what is not heard of again would stay for ever. */
static void forget_strangers(struct prelude *prelude)
{
	struct thread *thread;

	array_for_each(thread, &prelude->threads) {
		if (thread->tid && !thread->is_followed)
			forget(prelude, thread);
	}
}

static struct thread *get(struct prelude *prelude, uint32_t tid)
{
	struct thread *thread = find(prelude, tid);
	uint32_t i;

	if (thread)
		return thread;
	if (prelude->n_strangers >= MAX_STRANGERS)
		forget_strangers(prelude);
	if (prelude->spare.n) {
		i = prelude->spare.items[--prelude->spare.n];
	} else {
		array_add(&prelude->threads);
		i = (uint32_t)prelude->threads.n - 1;
	}
	*map_insert(&prelude->by_tid, tid) = i + 1;
	thread = &prelude->threads.items[i];
	thread->tid = thread->state.tid = tid;
	prelude->n_strangers++;
	return thread;
}

static void follow(struct prelude *prelude, struct thread *thread, uint32_t pid)
{
	prelude->n_strangers -= !thread->is_followed;
	thread->is_followed = true;
	thread->pid = thread->state.pid = pid;
}

static void set_state(struct thread *thread, uint32_t state, uint64_t time_ns)
{
	thread->state = (struct event_task_state){
		.pid = thread->pid,
		.tid = thread->tid,
		.state = state,
		.cpu = thread->state.cpu,
	};
	thread->sure_ns = time_ns;
	thread->owner.tid = 0;
}

static void set_wait(struct thread *thread, const struct event_wait_stack *wait)
{
	thread->state.stack = wait->stack;
	thread->state.why = wait->why;
	thread->state.nr = wait->nr;
	thread->state.object = wait->object;
}

static bool is_blocked(const struct thread *thread)
{
	uint32_t state = thread->state.state;

	return state == TASK_SLEEPING || state == TASK_DISK || state == TASK_STOPPED;
}

static void take_fact(struct input *in)
{
	const char *key = in->text(in->arg, in->event->meta.key);
	struct fact *fact;

	array_for_each(fact, &in->prelude->facts) {
		if (!strcmp(fact->key, key))
			break;
	}
	if (!fact || fact == in->prelude->facts.items + in->prelude->facts.n)
		fact = array_add(&in->prelude->facts);
	set_text(&fact->key, key);
	set_text(&fact->value, in->text(in->arg, in->event->meta.value));
}

static void take_start(struct input *in)
{
	in->prelude->start_ns = in->event->time_ns;
	in->prelude->wall_ns = in->event->start.wall_ns;
}

/* What process @pid ran is gone. */
static void forget_watched(struct prelude *prelude, uint32_t pid)
{
	size_t kept = 0;

	for (size_t i = 0; i < prelude->watched.n; i++) {
		struct watched *watched = &prelude->watched.items[i];

		if (watched->pid == pid)
			free(watched->runtime);
		else
			prelude->watched.items[kept++] = *watched;
	}
	prelude->watched.n = kept;
}

/* Of steps of pauses, only what says that steps are seen. */
static void take_pause(struct input *in)
{
	const struct event_pause *pause = &in->event->pause;
	struct watched *watched;

	if (pause->step != PAUSE_WATCHED)
		return;
	watched = array_add(&in->prelude->watched);
	watched->pid = pause->pid;
	watched->scope = pause->scope;
	watched->runtime = xstrdup(in->text(in->arg, pause->runtime));
}

/*
 * A thread that calls exec and is not its process's first one goes on under the first one's
 * id: what that did before says nothing.
 */
static void take_comm(struct input *in)
{
	const struct event_comm *comm = &in->event->comm;
	struct thread *thread = get(in->prelude, comm->tid);

	thread->pid = thread->state.pid = comm->pid;
	set_text(&thread->name, in->text(in->arg, comm->name));
	if (comm->exec) {
		forget_watched(in->prelude, comm->pid);
		thread->exit_ns = 0;
		if (thread->state.state != TASK_RUNNING)
			set_state(thread, TASK_RUNNABLE, 0);
	}
}

static void take_fork(struct input *in)
{
	const struct event_fork *fork = &in->event->fork;
	struct thread *thread = find(in->prelude, fork->tid), *parent;

	if (thread)
		forget(in->prelude, thread);
	thread = get(in->prelude, fork->tid);
	parent = find(in->prelude, fork->parent_tid);
	follow(in->prelude, thread, fork->pid);
	set_state(thread, TASK_RUNNABLE, in->event->time_ns);
	if (parent && parent->name)
		set_text(&thread->name, parent->name);
}

static void take_exit(struct input *in)
{
	struct thread *thread = find(in->prelude, in->event->exit.tid);

	if (in->event->exit.tid == in->event->exit.pid)
		forget_watched(in->prelude, in->event->exit.pid);
	if (thread && !in->prelude->has_switches)
		forget(in->prelude, thread);
	else if (thread)
		thread->exit_ns = in->event->time_ns;
}

/* /proc is read a moment later than its time says: what a switch told is right. */
static void take_task_state(struct input *in)
{
	const struct event_task_state *state = &in->event->task_state;
	struct thread *thread = get(in->prelude, state->tid);

	in->prelude->has_switches = true;
	follow(in->prelude, thread, state->pid);
	if (thread->sure_ns)
		return;
	thread->state = *state;
	thread->sure_ns = state->exact ? in->event->time_ns : 0;
}

static void switch_out(struct prelude *prelude, const struct event *event)
{
	struct thread *thread = get(prelude, event->sched_switch.prev);
	uint64_t now_ns = event->time_ns;

	if (event->sched_switch.state == TASK_DEAD) {
		forget(prelude, thread);
		return;
	}
	set_state(thread, event->sched_switch.state, now_ns);
	thread->state.cpu = event->sched_switch.cpu;
	if (is_blocked(thread) && thread->waking_ns && now_ns - thread->waking_ns <= RACE_NS)
		thread->state.state = TASK_RUNNABLE;
	else if (is_blocked(thread) && thread->wait_ns && now_ns - thread->wait_ns <= JOIN_NS)
		set_wait(thread, &thread->wait);
	thread->waking_ns = thread->wait_ns = 0;
}

static void take_switch(struct input *in)
{
	const struct event_sched_switch *s = &in->event->sched_switch;
	struct thread *thread;

	in->prelude->has_switches = true;
	if (s->prev)
		switch_out(in->prelude, in->event);
	if (!s->next)
		return;
	thread = get(in->prelude, s->next);
	set_state(thread, TASK_RUNNING, in->event->time_ns);
	thread->state.cpu = s->cpu;
	thread->waking_ns = 0;
}

static void take_waking(struct input *in)
{
	struct thread *thread = get(in->prelude, in->event->sched_waking.tid);

	if (is_blocked(thread))
		set_state(thread, TASK_RUNNABLE, in->event->time_ns);
	else if (thread->state.state == TASK_RUNNING)
		thread->waking_ns = in->event->time_ns;
}

static void take_wait_stack(struct input *in)
{
	struct thread *thread = get(in->prelude, in->event->wait_stack.tid);

	if (is_blocked(thread)) {
		set_wait(thread, &in->event->wait_stack);
		return;
	}
	thread->wait = in->event->wait_stack;
	thread->wait_ns = in->event->time_ns;
}

static void take_lock_owner(struct input *in)
{
	struct thread *thread = get(in->prelude, in->event->lock_owner.tid);

	thread->owner = in->event->lock_owner;
}

static void take_priority(struct input *in)
{
	const struct event_priority *priority = &in->event->priority;

	get(in->prelude, priority->tid)->priority = priority->level + 1;
}

static void take_gap(struct input *in)
{
	if (in->event->time_ns > in->prelude->gap_ns)
		in->prelude->gap_ns = in->event->time_ns;
}

static uint64_t *counter_at(struct prelude *prelude, uint32_t id)
{
	while (prelude->counters.n < id)
		array_add(&prelude->counters);
	return &prelude->counters.items[id - 1];
}

static void take_counter(struct input *in)
{
	const char *name = in->text(in->arg, in->event->counter.name);
	uint32_t id = intern_string(&in->prelude->counter_names, name);

	*counter_at(in->prelude, id) = in->event->counter.value;
}

void prelude_take(struct prelude *prelude, const struct event *event, prelude_text_fn *text,
		  void *arg)
{
	static void (*const takers[EVENT_N_KINDS])(struct input *) = {
		[EVENT_META] = take_fact,
		[EVENT_START] = take_start,
		[EVENT_COMM] = take_comm,
		[EVENT_FORK] = take_fork,
		[EVENT_EXIT] = take_exit,
		[EVENT_TASK_STATE] = take_task_state,
		[EVENT_SCHED_SWITCH] = take_switch,
		[EVENT_SCHED_WAKING] = take_waking,
		[EVENT_WAIT_STACK] = take_wait_stack,
		[EVENT_GAP] = take_gap,
		[EVENT_COUNTER] = take_counter,
		[EVENT_PAUSE] = take_pause,
		[EVENT_LOCK_OWNER] = take_lock_owner,
		[EVENT_PRIORITY] = take_priority,
	};
	struct input in = { prelude, event, text, arg };

	prelude->has_events |= event_has_time(event->kind);
	if (takers[event->kind])
		takers[event->kind](&in);
}

struct output {
	const struct prelude *prelude;
	uint64_t time_ns;
	struct definer *definer;
	struct event_sink *sink;
};

static int put_start(const struct output *out)
{
	const struct prelude *prelude = out->prelude;
	struct event event = { .kind = EVENT_START, .time_ns = out->time_ns };

	if (prelude->wall_ns)
		event.start.wall_ns = prelude->wall_ns + (out->time_ns - prelude->start_ns);
	return event_sink_put(out->sink, &event);
}

static int put_name(const struct output *out, const struct thread *thread)
{
	struct event event = { .kind = EVENT_COMM, .time_ns = out->time_ns };

	event.comm.pid = thread->pid;
	event.comm.tid = thread->tid;
	event.comm.name = definer_string(out->definer, thread->name);
	return event_sink_put(out->sink, &event);
}

/* In a gap anything may have happened: only what was told since is exact. */
static int put_state(const struct output *out, const struct thread *thread)
{
	struct event event = { .kind = EVENT_TASK_STATE, .time_ns = out->time_ns };
	bool is_hidden = thread->sure_ns && thread->sure_ns <= out->prelude->gap_ns;

	event.task_state = thread->state;
	event.task_state.exact = thread->sure_ns && !is_hidden;
	if (is_hidden)
		event.task_state =
			(struct event_task_state){ .pid = thread->pid, .tid = thread->tid };
	return event_sink_put(out->sink, &event);
}

static int put_owner(const struct output *out, const struct thread *thread)
{
	struct event event = { .kind = EVENT_LOCK_OWNER, .time_ns = out->time_ns };

	event.lock_owner = thread->owner;
	return event_sink_put(out->sink, &event);
}

static int put_priority(const struct output *out, const struct thread *thread)
{
	struct event event = { .kind = EVENT_PRIORITY, .time_ns = out->time_ns };

	event.priority.tid = thread->tid;
	event.priority.level = thread->priority - 1;
	return event_sink_put(out->sink, &event);
}

static int put_watched(const struct output *out, const struct watched *watched)
{
	struct event event = { .kind = EVENT_PAUSE, .time_ns = out->time_ns };

	event.pause.pid = watched->pid;
	event.pause.scope = watched->scope;
	event.pause.step = PAUSE_WATCHED;
	event.pause.runtime = definer_string(out->definer, watched->runtime);
	return event_sink_put(out->sink, &event);
}

static int put_exit(const struct output *out, const struct thread *thread)
{
	struct event event = { .kind = EVENT_EXIT, .time_ns = out->time_ns };

	event.exit.pid = thread->pid;
	event.exit.tid = thread->tid;
	return event_sink_put(out->sink, &event);
}

static int put_thread(const struct output *out, const struct thread *thread)
{
	int r = 0;

	if (!thread->tid || (thread->exit_ns && thread->exit_ns + LINGER_NS < out->time_ns))
		return 0;
	if (thread->name)
		r = put_name(out, thread);
	if (!r && thread->is_followed && out->prelude->has_switches)
		r = put_state(out, thread);
	if (!r && thread->priority && thread->is_followed)
		r = put_priority(out, thread);
	if (!r && thread->owner.tid)
		r = put_owner(out, thread);
	if (!r && thread->exit_ns)
		r = put_exit(out, thread);
	return r;
}

int prelude_put(const struct prelude *prelude, uint64_t time_ns, struct definer *definer,
		struct event_sink *sink)
{
	struct output out = { prelude, time_ns, definer, sink };
	const struct watched *watched;
	const struct thread *thread;
	const struct fact *fact;
	int r = 0;

	array_for_each(fact, &prelude->facts)
		r = r ? r : definer_meta(definer, fact->key, fact->value);
	if (!prelude->has_events)
		return r;
	if (!r && prelude->start_ns)
		r = put_start(&out);
	array_for_each(thread, &prelude->threads)
		r = r ? r : put_thread(&out, thread);
	array_for_each(watched, &prelude->watched)
		r = r ? r : put_watched(&out, watched);
	return r;
}

static void cut(uint64_t *duration_ns, uint64_t end_ns, uint64_t start_ns)
{
	uint64_t most_ns = end_ns > start_ns ? end_ns - start_ns : 0;

	if (*duration_ns > most_ns)
		*duration_ns = most_ns;
}

void prelude_rebase(const struct prelude *prelude, uint64_t time_ns, prelude_text_fn *text,
		    void *arg, struct event *event)
{
	uint32_t id;
	const char *name;

	switch (event->kind) {
	case EVENT_COUNTER:
		name = text(arg, event->counter.name);
		id = intern_find(&prelude->counter_names, name, strlen(name));
		if (id && prelude->counters.items[id - 1] <= event->counter.value)
			event->counter.value -= prelude->counters.items[id - 1];
		break;
	case EVENT_SYSCALL:
		cut(&event->syscall.duration_ns, event->time_ns, time_ns);
		break;
	case EVENT_KERNEL_LOCK:
		cut(&event->kernel_lock.duration_ns, event->time_ns, time_ns);
		break;
	case EVENT_GAP:
		if (event->gap.start_ns < time_ns)
			event->gap.start_ns = time_ns;
		break;
	default:
		break;
	}
}

static bool is_within(uint32_t id, uint32_t n_skipped, uint32_t n_ids)
{
	return id > n_skipped && id - n_skipped <= n_ids;
}

void prelude_forget_ids(struct prelude *prelude, const struct definer_skip *skip, uint32_t n_ids)
{
	struct thread *thread;

	array_for_each(thread, &prelude->threads) {
		struct event_task_state *state = &thread->state;

		if (is_within(state->stack, skip->n_stacks, n_ids))
			state->stack = 0;
		if (is_within(state->object, skip->n_strings, n_ids))
			state->object = 0;
		if (is_within(thread->wait.stack, skip->n_stacks, n_ids) ||
		    is_within(thread->wait.object, skip->n_strings, n_ids))
			thread->wait_ns = 0;
	}
}
