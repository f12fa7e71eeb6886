/* SPDX-License-Identifier: GPL-2.0-only */
/* What a ring puts stands by itself, and says of its window what the whole stream said of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/array.h"
#include "data/ring.h"
#include "model/sched.h"

#define SECOND UINT64_C(1000000000)
#define MS     UINT64_C(1000000)
#define TIDS   40
#define CPUS   3

/* Everything that is put goes to the ring; to a sink of its own once that is set. */
struct world {
	struct event_sink sink;
	struct definer *definer;
	struct ring *ring;
	struct event_sink *other; /* sees all; NULL: none */
	struct event_sink *late;  /* instead of the ring; NULL: the ring */
	uint64_t now_ns;
	uint64_t random;
};

static int put(struct event_sink *sink, const struct event *event)
{
	struct world *world = (struct world *)sink;

	if (world->late)
		return event_sink_put(world->late, event);
	if (world->other)
		event_sink_put(world->other, event);
	return event_sink_put(ring_sink(world->ring), event);
}

static struct world *world_new(uint64_t span_ns, size_t max_bytes)
{
	struct ring_options options = { span_ns, max_bytes };
	struct world *world = xcalloc(1, sizeof(*world));

	world->sink.put = put;
	world->definer = definer_new(&world->sink);
	world->ring = ring_new(&options);
	ring_set_definer(world->ring, world->definer);
	world->now_ns = 1000 * SECOND;
	world->random = 1;
	return world;
}

static void world_free(struct world *world)
{
	ring_free(world->ring);
	definer_free(world->definer);
	free(world);
}

static uint32_t random_below(struct world *world, uint32_t n)
{
	world->random = world->random * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (uint32_t)((world->random >> 33) % n);
}

static void put_at(struct world *world, struct event event)
{
	event.time_ns = world->now_ns;
	event_sink_put(&world->sink, &event);
}

static void put_sample(struct world *world, uint32_t stack)
{
	put_at(world, (struct event){ .kind = EVENT_SAMPLE,
				      .sample = { .pid = 1, .tid = 1, .stack = stack } });
}

static void put_counter(struct world *world, const char *name, uint64_t value)
{
	uint32_t id = definer_string(world->definer, name);

	put_at(world, (struct event){ .kind = EVENT_COUNTER, .counter = { id, value } });
}

static void open_window(struct world *world)
{
	put_at(world, (struct event){ .kind = EVENT_START, .start = { 7 * SECOND } });
}

/* What the ring puts, counted. */
struct counts {
	struct event_sink sink;
	struct dictionary *dict;
	uint64_t n[EVENT_N_KINDS];
	uint64_t first_sample_ns, start_ns, wall_ns, end_ns, counter, n_wrong;
	bool has_addresses; /* of a sample's frame: its time */
};

static int count(struct event_sink *sink, const struct event *event)
{
	struct counts *counts = (struct counts *)sink;
	struct dict_stack stack;

	dictionary_put(counts->dict, event);
	if (event->kind == EVENT_SAMPLE && !counts->n[EVENT_SAMPLE])
		counts->first_sample_ns = event->time_ns;
	counts->n[event->kind]++;
	if (event->kind == EVENT_START) {
		counts->start_ns = event->time_ns;
		counts->wall_ns = event->start.wall_ns;
	}
	if (event->kind == EVENT_END)
		counts->end_ns = event->time_ns;
	if (event->kind == EVENT_COUNTER)
		counts->counter = event->counter.value;
	if (event->kind == EVENT_SAMPLE && counts->has_addresses) {
		stack = dictionary_stack(counts->dict, event->sample.stack);
		counts->n_wrong += dictionary_frame(counts->dict, stack.frame).address !=
				   event->time_ns;
	}
	return 0;
}

static void put_all(struct world *world, struct counts *ret)
{
	bool has_addresses = ret->has_addresses;

	*ret = (struct counts){ .sink = { count }, .dict = dictionary_new() };
	ret->has_addresses = has_addresses;
	world->late = &ret->sink;
	assert_int_equal(ring_put_all(world->ring, world->now_ns, &ret->sink), 0);
	world->late = NULL;
}

static void forgets_whole_seconds(void **state)
{
	struct world *world = world_new(3 * SECOND, RING_MIN_BYTES);
	struct counts counts = { 0 };

	(void)state;
	definer_meta(world->definer, "host", "here");
	open_window(world);
	put_at(world,
	       (struct event){ .kind = EVENT_PAUSE,
			       .pause = { .pid = 1,
					  .step = PAUSE_WATCHED,
					  .runtime = definer_string(world->definer, "Go") } });
	put_at(world, (struct event){ .kind = EVENT_PAUSE, .pause = { .step = PAUSE_BEGIN } });
	for (int i = 0; i < 10 * 1000; i++, world->now_ns += MS)
		put_sample(world, 0);
	put_counter(world, "samples", 10000);
	put_all(world, &counts);
	/* At 1010 s those of 1007 s and later are kept. */
	assert_int_equal(counts.start_ns, 1007 * SECOND);
	assert_int_equal(counts.wall_ns, 14 * SECOND);
	assert_int_equal(counts.first_sample_ns, 1007 * SECOND);
	assert_int_equal(counts.n[EVENT_SAMPLE], 3000);
	assert_int_equal(counts.end_ns, world->now_ns);
	assert_int_equal(counts.n[EVENT_START], 1);
	assert_int_equal(counts.n[EVENT_PAUSE], 1); /* that they are seen */
	assert_string_equal(dictionary_meta(counts.dict, "host"), "here");
	assert_false(ring_state(world->ring).is_short);
	dictionary_free(counts.dict);
	ring_forget(world->ring, 1008 * SECOND + SECOND / 2);
	put_all(world, &counts);
	assert_int_equal(counts.first_sample_ns, 1008 * SECOND);
	assert_int_equal(counts.n[EVENT_SAMPLE], 2000);
	dictionary_free(counts.dict);
	world_free(world);
}

static void keeps_all_of_what_is_short(void **state)
{
	struct world *world = world_new(3 * SECOND, RING_MIN_BYTES);
	struct counts counts = { 0 };

	(void)state;
	world->now_ns += SECOND / 2;
	open_window(world);
	for (int i = 0; i < 2000; i++, world->now_ns += MS)
		put_sample(world, 0);
	put_at(world, (struct event){ .kind = EVENT_END });
	put_all(world, &counts);
	assert_int_equal(counts.start_ns, 1000 * SECOND + SECOND / 2);
	assert_int_equal(counts.n[EVENT_SAMPLE], 2000);
	assert_int_equal(counts.n[EVENT_END], 1);
	dictionary_free(counts.dict);
	world_free(world);
}

/* Nothing happens for a minute: the window moves on all the same. */
static void window_moves_without_events(void **state)
{
	struct world *world = world_new(5 * SECOND, RING_MIN_BYTES);
	struct counts counts = { 0 };

	(void)state;
	open_window(world);
	put_sample(world, 0);
	world->now_ns += 60 * SECOND;
	put_all(world, &counts);
	assert_int_equal(counts.start_ns, 1055 * SECOND);
	assert_int_equal(counts.n[EVENT_SAMPLE], 0);
	assert_int_equal(counts.end_ns, 1060 * SECOND);
	dictionary_free(counts.dict);
	world_free(world);
}

static void counters_count_from_the_start_of_the_window(void **state)
{
	struct world *world = world_new(2 * SECOND, RING_MIN_BYTES);
	struct counts counts = { 0 };

	(void)state;
	open_window(world);
	for (uint64_t i = 1; i <= 10; i++, world->now_ns += SECOND)
		put_counter(world, "samples.cpu", 100 * i);
	put_all(world, &counts);
	/* 1010 s: those of 1008 and 1009 are kept, 900 and 1000; 800 were counted before. */
	assert_int_equal(counts.counter, 200);
	dictionary_free(counts.dict);
	world_free(world);
}

static void bytes_are_bounded(void **state)
{
	struct world *world = world_new(1000 * SECOND, RING_MIN_BYTES);
	struct counts counts = { 0 };

	(void)state;
	open_window(world);
	for (int i = 0; i < 3000 * 1000; i++, world->now_ns += MS / 10) {
		put_sample(world, 0);
		assert_true(ring_state(world->ring).size_bytes <= RING_MIN_BYTES + (256u << 10));
	}
	assert_true(ring_state(world->ring).is_short);
	put_all(world, &counts);
	assert_true(counts.start_ns > 1000 * SECOND);
	assert_true(counts.start_ns <= counts.first_sample_ns);
	assert_in_range(counts.n[EVENT_SAMPLE], 100000, 1000000);
	dictionary_free(counts.dict);
	world_free(world);
}

/* Each sample has a stack that there never was before, whose address is its time. */
static void ids_are_renewed(void **state)
{
	struct world *world = world_new(2 * SECOND, RING_MIN_BYTES);
	struct counts counts = { .has_addresses = true };
	uint32_t module, frame, n_renewed = 0;
	size_t most = 0;

	(void)state;
	open_window(world);
	for (int i = 0; i < 100 * 1000; i++, world->now_ns += MS) {
		module = definer_module(world->definer, MODULE_ELF, "/bin/app", NULL, 0);
		frame = definer_frame(world->definer, module, world->now_ns);
		put_sample(world, definer_stack(world->definer, 0, frame));
		if (ring_state(world->ring).size_bytes > most)
			most = ring_state(world->ring).size_bytes;
		n_renewed += ring_renew_ids(world->ring);
	}
	put_all(world, &counts);
	assert_int_equal(counts.n[EVENT_SAMPLE], 2000);
	assert_int_equal(counts.n_wrong, 0);
	assert_int_equal(dictionary_n_refused(counts.dict), 0);
	assert_true(n_renewed > 10);
	assert_true(most < RING_MIN_BYTES);
	dictionary_free(counts.dict);
	world_free(world);
}

/* More definitions within the span than there is room for: the window gets shorter. */
static void too_many_definitions_make_it_short(void **state)
{
	struct world *world = world_new(100 * SECOND, RING_MIN_BYTES);
	struct counts counts = { .has_addresses = true };
	uint32_t frame;

	(void)state;
	open_window(world);
	for (int i = 0; i < 90 * 1000; i++, world->now_ns += MS) {
		frame = definer_frame(world->definer, 0, world->now_ns);
		put_sample(world, definer_stack(world->definer, 0, frame));
		ring_renew_ids(world->ring);
	}
	assert_true(ring_state(world->ring).is_short);
	put_all(world, &counts);
	assert_true(counts.n[EVENT_SAMPLE] > 1000);
	assert_int_equal(counts.n_wrong, 0);
	dictionary_free(counts.dict);
	world_free(world);
}

/* A machine of some CPUs and threads that live, run, block, wake each other and end. */
struct machine {
	struct world *world;
	enum { GONE, READY, RUNS, BLOCKED } state[TIDS + 1];
	uint32_t current[CPUS];
};

static void put_switch(struct machine *m, uint32_t cpu, uint32_t prev_state, uint32_t next)
{
	put_at(m->world,
	       (struct event){ .kind = EVENT_SCHED_SWITCH,
			       .sched_switch = { cpu, m->current[cpu], prev_state, next } });
	m->current[cpu] = next;
	if (next)
		m->state[next] = RUNS;
}

static uint32_t any_in(struct machine *m, int state)
{
	uint32_t first = random_below(m->world, TIDS);

	for (uint32_t i = 0; i < TIDS; i++) {
		uint32_t tid = (first + i) % TIDS + 1;

		if ((int)m->state[tid] == state)
			return tid;
	}
	return 0;
}

static void leave(struct machine *m, uint32_t cpu)
{
	static const struct {
		uint32_t task;
		int after;
	} ways[] = { { TASK_RUNNABLE, READY },
		     { TASK_SLEEPING, BLOCKED },
		     { TASK_DISK, BLOCKED },
		     { TASK_SLEEPING, BLOCKED },
		     { TASK_DEAD, GONE } };
	uint32_t tid = m->current[cpu], way = random_below(m->world, 40);

	way = way < 5 ? way : way % 4;
	if (way == 4)
		put_at(m->world, (struct event){ .kind = EVENT_EXIT, .exit = { 1, tid } });
	m->world->now_ns += 1000;
	if (tid) {
		put_switch(m, cpu, ways[way].task, any_in(m, READY));
		m->state[tid] = ways[way].after;
		if (m->current[cpu] == tid)
			m->state[tid] = RUNS;
	} else {
		put_switch(m, cpu, 0, any_in(m, READY));
	}
}

static void wake(struct machine *m, uint32_t cpu)
{
	uint32_t tid = any_in(m, BLOCKED);

	if (!tid)
		return;
	put_at(m->world, (struct event){ .kind = EVENT_SCHED_WAKING,
					 .sched_waking = { tid, m->current[cpu], cpu } });
	m->state[tid] = READY;
}

static void give_birth(struct machine *m, uint32_t cpu)
{
	uint32_t tid = any_in(m, GONE);

	if (!tid || !m->current[cpu])
		return;
	put_at(m->world,
	       (struct event){ .kind = EVENT_FORK, .fork = { 1, tid, 1, m->current[cpu] } });
	m->state[tid] = READY;
}

static void run_machine(struct machine *m, uint64_t ns)
{
	uint64_t end_ns = m->world->now_ns + ns;

	while (m->world->now_ns < end_ns) {
		uint32_t cpu = random_below(m->world, CPUS), what = random_below(m->world, 10);

		m->world->now_ns += 200 * 1000 + random_below(m->world, 3000 * 1000);
		if (what < 5)
			leave(m, cpu);
		else if (what < 9)
			wake(m, cpu);
		else
			give_birth(m, cpu);
	}
}

static void begin_machine(struct machine *m, struct world *world)
{
	*m = (struct machine){ .world = world };
	open_window(world);
	for (uint32_t tid = 1; tid <= TIDS / 2; tid++) {
		struct event_comm comm = { 1, tid, definer_string(world->definer, "worker"), 0 };

		put_at(world, (struct event){ .kind = EVENT_COMM, .comm = comm });
		put_at(world,
		       (struct event){
			       .kind = EVENT_TASK_STATE,
			       .task_state = { .pid = 1, .tid = tid, .state = TASK_SLEEPING },
		       });
		m->state[tid] = BLOCKED;
	}
}

/* What each thread did. */
struct told {
	struct sched_observer observer;
	struct model *model;
	struct sched *sched;
	ARRAY(struct sched_interval) intervals;
};

static void keep(struct sched_observer *observer, const struct sched_interval *interval)
{
	*array_add(&((struct told *)observer)->intervals) = *interval;
}

static void begin_told(struct told *told)
{
	*told = (struct told){ .observer = { keep }, .model = model_new() };
	told->sched = sched_new(told->model);
	sched_observe(told->sched, &told->observer);
}

static void end_told(struct told *told)
{
	array_release(&told->intervals);
	sched_free(told->sched);
	model_free(told->model);
}

struct sums {
	uint64_t ns[TIDS + 1][SCHED_N_STATES];
};

static struct sums sum_up(struct told *told, uint64_t start_ns, uint64_t end_ns)
{
	struct sums sums = { 0 };
	const struct sched_interval *i;

	sched_finish(told->sched);
	array_for_each(i, &told->intervals) {
		uint32_t thread = model_task(told->model, i->task).thread;
		uint32_t tid = model_thread(told->model, thread).tid;
		uint64_t from_ns = i->start_ns > start_ns ? i->start_ns : start_ns;
		uint64_t until_ns = i->end_ns < end_ns ? i->end_ns : end_ns;

		assert_in_range(tid, 1, TIDS);
		if (from_ns < until_ns)
			sums.ns[tid][i->state] += until_ns - from_ns;
	}
	return sums;
}

static void states_are_those_of_the_whole_stream(void **state)
{
	struct told whole, part;
	struct machine machine;
	struct sums was, is;
	uint64_t start_ns, n_unknown = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 50; seed++) {
		uint64_t span_ns = (seed % 2 ? 4 : 2) * SECOND; /* half of them are made shorter */
		struct world *world = world_new(4 * SECOND, RING_MIN_BYTES);

		world->random = seed;
		begin_told(&whole);
		begin_told(&part);
		world->other = model_sink(whole.model);
		begin_machine(&machine, world);
		run_machine(&machine, 15 * SECOND);
		put_at(world, (struct event){ .kind = EVENT_END });
		world->late = model_sink(part.model);
		ring_forget(world->ring, world->now_ns - span_ns);
		assert_int_equal(ring_put_all(world->ring, world->now_ns, world->late), 0);
		start_ns = model_window(part.model).start_ns;
		assert_int_equal(world->now_ns - start_ns, world->now_ns % SECOND + span_ns);
		was = sum_up(&whole, start_ns, world->now_ns);
		is = sum_up(&part, start_ns, world->now_ns);
		assert_memory_equal(&was, &is, sizeof(was));
		for (uint32_t tid = 1; tid <= TIDS; tid++)
			n_unknown += is.ns[tid][SCHED_UNKNOWN];
		end_told(&part);
		end_told(&whole);
		world_free(world);
	}
	assert_int_equal(n_unknown, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forgets_whole_seconds),
		cmocka_unit_test(keeps_all_of_what_is_short),
		cmocka_unit_test(window_moves_without_events),
		cmocka_unit_test(counters_count_from_the_start_of_the_window),
		cmocka_unit_test(bytes_are_bounded),
		cmocka_unit_test(ids_are_renewed),
		cmocka_unit_test(too_many_definitions_make_it_short),
		cmocka_unit_test(states_are_those_of_the_whole_stream),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
