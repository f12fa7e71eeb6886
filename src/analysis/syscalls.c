/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which system calls each thread made, how often they failed, how long they took: exact; and
 * with what stacks, by sampled ones that the exact figures are shared out over.
 */
#include <stdlib.h>

#include "analyses.h"
#include "base/human.h"
#include "histogram.h"
#include "leaf.h"
#include "model/names.h"
#include "model/syscalls.h"
#include "strata.h"

/* A stack and the call it was taken at begin less than this apart, by two clocks' stamps. */
#define JOIN_NS 200000u

enum { VALUE_CALLS, VALUE_TIME };

struct call { /* one system call of one thread */
	uint32_t id, thread, task, nr;
	uint64_t n, n_errors;
	int64_t ns, max_ns;
};

struct open_call {        /* a stack whose call has not come back yet */
	uint64_t time_ns; /* 0: none */
	uint32_t stack;
	uint32_t period;
};

struct place { /* calls of a stratum that had one stack */
	uint32_t stratum, stack;
	struct slot_span when;
	uint32_t next;                /* chain of the hash table */
	struct amount alone, sampled; /* as of waits */
};

struct syscalls {
	struct model_observer observer;
	struct model *model;
	const struct filter *filter;
	const struct slots *slots; /* or NULL */
	struct map by_key;         /* thread << 32 | nr, to the index + 1 */
	ARRAY(struct call) calls;
	struct histogram histogram;
	bool has_any;
	struct map open_by_tid; /* to the index */
	ARRAY(struct open_call) open_calls;
	struct strata strata; /* by: number of the call */
	struct map place_by_key;
	ARRAY(struct place) places;
	struct amount all, unfiltered;
	int64_t n_sampled;
};

static struct call *call_of(struct syscalls *syscalls, uint32_t task, uint32_t nr)
{
	uint32_t thread = model_task(syscalls->model, task).thread;
	uint64_t *id = map_insert(&syscalls->by_key, (uint64_t)thread << 32 | nr);
	struct call *call;

	if (!*id) {
		call = array_add(&syscalls->calls);
		*id = syscalls->calls.n;
		call->id = (uint32_t)*id;
		call->thread = thread;
		call->nr = nr;
	}
	call = &syscalls->calls.items[*id - 1];
	call->task = task;
	return call;
}

static struct open_call *open_call_of(struct syscalls *syscalls, uint32_t tid)
{
	uint64_t *id = map_insert(&syscalls->open_by_tid, tid);

	if (!*id) {
		array_add(&syscalls->open_calls);
		*id = syscalls->open_calls.n;
	}
	return &syscalls->open_calls.items[*id - 1];
}

static void take_stack(struct syscalls *syscalls, const struct event *event)
{
	const struct event_syscall_stack *from = &event->syscall_stack;

	*open_call_of(syscalls, from->tid) = (struct open_call){
		.time_ns = event->time_ns,
		.stack = from->stack,
		.period = from->period ? from->period : 1,
	};
}

/* The sample that was taken when the call that @event tells of began; period 0: none was. */
static struct open_call close_call(struct syscalls *syscalls, const struct event *event)
{
	uint64_t start_ns = event->time_ns - event->syscall.duration_ns;
	struct open_call *open = open_call_of(syscalls, event->syscall.tid), ret = *open;
	uint64_t apart_ns = ret.time_ns > start_ns ? ret.time_ns - start_ns :
						     start_ns - ret.time_ns;

	*open = (struct open_call){ 0 };
	return ret.time_ns && apart_ns <= JOIN_NS ? ret : *open;
}

static struct place *place_of(struct syscalls *syscalls, uint32_t stratum, uint32_t stack,
			      struct slot_span when)
{
	uint64_t where = (uint64_t)stratum << 32 | stack;
	uint64_t *first =
		map_insert(&syscalls->place_by_key, when.n ? hash_u64(where) ^ when.first : where);
	struct place *place;

	for (uint32_t id = (uint32_t)*first; id; id = place->next) {
		place = &syscalls->places.items[id - 1];
		if (place->stratum == stratum && place->stack == stack &&
		    place->when.first == when.first)
			return place;
	}
	place = array_add(&syscalls->places);
	*place = (struct place){
		.stratum = stratum, .stack = stack, .when = when, .next = (uint32_t)*first
	};
	*first = syscalls->places.n;
	return place;
}

static void add_to_stack(struct syscalls *syscalls, const struct event *event, uint32_t task,
			 int64_t ns)
{
	uint32_t id = strata_find(&syscalls->strata, task, event->syscall.nr, ns ? ns : 1);
	struct open_call sample = close_call(syscalls, event);
	struct stratum *stratum = &syscalls->strata.items.items[id];
	struct place *place;

	amount_add(&syscalls->all, 1, ns);
	if (sample.period != 1)
		amount_add(&stratum->all, 1, ns);
	if (!sample.period)
		return;
	syscalls->n_sampled++;
	place = place_of(syscalls, id, sample.stack, slots_at(syscalls->slots, event->time_ns));
	amount_add(sample.period == 1 ? &place->alone : &place->sampled, 1, ns);
	if (sample.period != 1)
		amount_add(&stratum->sampled, 1, ns);
}

static void take(struct model_observer *observer, const struct event *event)
{
	struct syscalls *syscalls = (struct syscalls *)observer;
	const struct event_syscall *from = &event->syscall;
	struct call *call;
	uint32_t task;
	int64_t ns;

	if (event->kind == EVENT_SYSCALL_STACK)
		take_stack(syscalls, event);
	if (event->kind != EVENT_SYSCALL)
		return;
	ns = from->duration_ns > INT64_MAX ? INT64_MAX : (int64_t)from->duration_ns;
	syscalls->has_any = true;
	amount_add(&syscalls->unfiltered, 1, ns);
	if (!filter_has_time(syscalls->filter, event->time_ns))
		return;
	task = model_task_of(syscalls->model, from->tid);
	if (!task)
		task = model_task_now(syscalls->model, 0, from->tid);
	add_to_stack(syscalls, event, task, ns);
	call = call_of(syscalls, task, from->nr);
	call->n++;
	call->n_errors += syscall_error(from->result) != NULL;
	call->ns = value_add(call->ns, ns);
	if (ns > call->max_ns)
		call->max_ns = ns;
	histogram_add(&syscalls->histogram, call->id, (uint64_t)ns);
}

void *syscalls_begin(const struct analysis_input *input)
{
	struct syscalls *syscalls = xcalloc(1, sizeof(*syscalls));

	syscalls->observer.event = take;
	syscalls->model = input->model;
	syscalls->filter = input->filter;
	syscalls->slots = input->slots;
	model_observe(input->model, &syscalls->observer);
	return syscalls;
}

const char *syscalls_lack(const void *state)
{
	if (((const struct syscalls *)state)->has_any)
		return NULL;
	return "the recording holds no system calls; record with --trace, as root";
}

enum {
	COLUMN_CALL,
	COLUMN_NR,
	COLUMN_THREAD,
	COLUMN_TID,
	COLUMN_PID,
	COLUMN_N,
	COLUMN_ERRORS,
	COLUMN_TOTAL,
	COLUMN_MEAN,
	COLUMN_P99,
	COLUMN_MAX,
	N_COLUMNS
};

static const struct sheet_column columns[N_COLUMNS] = {
	[COLUMN_CALL] = { "syscall", "syscall", SHEET_TEXT },
	[COLUMN_NR] = { "nr", NULL, SHEET_ID },
	[COLUMN_THREAD] = { "name", "thread", SHEET_TEXT },
	[COLUMN_TID] = { "tid", "tid", SHEET_ID },
	[COLUMN_PID] = { "pid", NULL, SHEET_ID },
	[COLUMN_N] = { "calls", "calls", SHEET_COUNT },
	[COLUMN_ERRORS] = { "errors", "errors", SHEET_COUNT },
	[COLUMN_TOTAL] = { "total_ns", "total", SHEET_NS },
	[COLUMN_MEAN] = { "mean_ns", "mean", SHEET_NS },
	[COLUMN_P99] = { "p99_ns", "p99", SHEET_NS },
	[COLUMN_MAX] = { "max_ns", "max", SHEET_NS },
};

static int compare(const void *a, const void *b)
{
	const struct call *x = a, *y = b;

	if (x->ns != y->ns)
		return x->ns < y->ns ? 1 : -1;
	return x->id < y->id ? -1 : x->id > y->id;
}

static void put_row(struct sheet *sheet, const struct syscalls *syscalls, struct names *names,
		    const struct call *call)
{
	struct model_thread thread = model_thread(syscalls->model, call->thread);
	union sheet_cell *cells = sheet_row(sheet);
	int64_t p99 = (int64_t)histogram_quantile(&syscalls->histogram, call->id, call->n, 0.99);

	cells[COLUMN_CALL].text = syscall_text(syscalls->model, call->nr);
	cells[COLUMN_NR].number = call->nr;
	cells[COLUMN_THREAD].text =
		xstrdup(names_text(names, names_thread(names, syscalls->model, call->task)));
	cells[COLUMN_TID].number = thread.tid;
	cells[COLUMN_PID].number = thread.pid;
	cells[COLUMN_N].number = (int64_t)call->n;
	cells[COLUMN_ERRORS].number = (int64_t)call->n_errors;
	cells[COLUMN_TOTAL].number = call->ns;
	cells[COLUMN_MEAN].number = call->ns / (int64_t)call->n;
	cells[COLUMN_P99].number = p99 < call->max_ns ? p99 : call->max_ns;
	cells[COLUMN_MAX].number = call->max_ns;
}

static void syscalls_free(struct syscalls *syscalls)
{
	array_release(&syscalls->calls);
	map_release(&syscalls->by_key);
	histogram_release(&syscalls->histogram);
	map_release(&syscalls->open_by_tid);
	array_release(&syscalls->open_calls);
	strata_release(&syscalls->strata);
	map_release(&syscalls->place_by_key);
	array_release(&syscalls->places);
	free(syscalls);
}

void syscalls_sheets(void *state, struct sheets *ret)
{
	struct syscalls *syscalls = state;
	struct names *names = names_new(model_dictionary(syscalls->model));
	const struct call *call;
	struct sheet *sheet;

	model_ignore(syscalls->model, &syscalls->observer);
	sheets_init(ret, "syscalls", syscalls->model, syscalls->filter);
	sheet = sheets_add(ret, "syscalls", NULL, columns, N_COLUMNS);
	if (syscalls->calls.n)
		qsort(syscalls->calls.items, syscalls->calls.n, sizeof(*call), compare);
	array_for_each(call, &syscalls->calls) {
		if (filter_has_task(syscalls->filter, syscalls->model, call->task))
			put_row(sheet, syscalls, names, call);
	}
	names_free(names);
	syscalls_free(syscalls);
}

/* "[read]", called from @stack. */
static uint32_t leaf(struct syscalls *syscalls, struct definer *definer, uint32_t nr,
		     uint32_t stack)
{
	char *text = syscall_text(syscalls->model, nr);
	uint32_t ret = definer_stack(definer, stack, definer_note(definer, text));

	free(text);
	return ret;
}

static void put_stack(struct syscalls *syscalls, struct definer *definer, const struct place *place,
		      struct profile *profile)
{
	const struct stratum *stratum = &syscalls->strata.items.items[place->stratum];
	struct profile_key key = {
		.stack = leaf(syscalls, definer, stratum->by, place->stack),
		.task = stratum->who,
		.cpu = PROFILE_NO_CPU,
		.when = place->when,
	};
	struct profile_row *row = profile_row(profile, &key);

	row->values[VALUE_CALLS] = value_add(row->values[VALUE_CALLS], place->alone.n);
	row->values[VALUE_TIME] = value_add(row->values[VALUE_TIME], place->alone.ns);
}

static void put_stacks(struct syscalls *syscalls, struct definer *definer, struct profile *profile)
{
	uint32_t none = definer_stack(definer, 0, definer_note(definer, "not sampled"));
	struct strata *strata = &syscalls->strata;
	struct place *place;

	array_for_each(place, &syscalls->places) {
		struct amount share = strata_share(strata, place->stratum, place->sampled);

		amount_add(&place->alone, share.n, share.ns);
		put_stack(syscalls, definer, place, profile);
	}
	for (uint32_t i = 0; i < strata->items.n; i++) {
		const struct stratum *stratum = &strata->items.items[i];
		struct place unknown = { .stratum = i, .stack = none, .alone = stratum->all };

		if (!stratum->sampled.n && stratum->all.n)
			put_stack(syscalls, definer, &unknown, profile);
	}
}

void syscalls_profile(void *state, struct profile *ret)
{
	struct syscalls *syscalls = state;
	struct definer *definer = model_definer(syscalls->model);
	char n[HUMAN_SIZE], all[HUMAN_SIZE];

	profile_init(ret, "syscalls", syscalls->model);
	profile_add_type(ret, "calls", "count");
	ret->default_type = profile_add_type(ret, "time", "nanoseconds");
	ret->period_type = (struct value_type){ "calls", "count" };
	ret->period = 1;
	put_stacks(syscalls, definer, ret);
	ret->unfiltered[VALUE_CALLS] = syscalls->unfiltered.n;
	ret->unfiltered[VALUE_TIME] = syscalls->unfiltered.ns;
	if (syscalls->n_sampled < syscalls->all.n)
		audit_add(&ret->notes, false,
			  "%s of %s calls were sampled; the exact figures of each thread and call "
			  "are spread over these",
			  human_count(n, (uint64_t)syscalls->n_sampled),
			  human_count(all, (uint64_t)syscalls->all.n));
	profile_close(ret, syscalls->filter);
	definer_free(definer);
	model_ignore(syscalls->model, &syscalls->observer);
	syscalls_free(syscalls);
}
