/* SPDX-License-Identifier: GPL-2.0-only */
/* What each thread did all the time: its states, which sum to its life, and why it waited. */
#include <stdlib.h>

#include "analyses.h"
#include "base/human.h"
#include "details.h"
#include "model/names.h"
#include "waits.h"

#define BAR_WIDTH 20

struct span { /* of a task */
	int64_t ns[SCHED_N_STATES];
	uint64_t first_ns, last_ns;
};

struct life {                  /* of a thread */
	uint32_t thread, task; /* what it was called last */
	struct span span;
	int64_t wait_ns[WAIT_N_CLASSES];
	int64_t idle_ns;      /* part of those */
	int64_t unsampled_ns; /* blocked, but not known why */
};

struct threads_state {
	struct sched_observer observer;
	struct waits *waits;
	struct details *details;
	struct model *model;
	struct sched *sched;
	const struct filter *filter;
	ARRAY(struct span) spans; /* of task id i at i */
};

static void take(struct sched_observer *observer, const struct sched_interval *interval)
{
	struct threads_state *state = (struct threads_state *)observer;
	uint64_t start_ns = interval->start_ns, end_ns = interval->end_ns;
	struct span *span;

	filter_clip(state->filter, &start_ns, &end_ns);
	if (end_ns <= start_ns)
		return;
	while (state->spans.n <= interval->task)
		array_add(&state->spans);
	span = &state->spans.items[interval->task];
	if (!span->last_ns)
		span->first_ns = start_ns;
	span->last_ns = end_ns;
	span->ns[interval->state] =
		value_add(span->ns[interval->state], (int64_t)(end_ns - start_ns));
}

void *threads_begin(const struct analysis_input *input)
{
	struct threads_state *state = xcalloc(1, sizeof(*state));

	state->observer.interval = take;
	state->waits = waits_begin(input, WAITS_PLACES);
	state->details = details_begin(input);
	state->model = input->model;
	state->sched = input->sched;
	state->filter = input->filter;
	if (input->sched)
		sched_observe(input->sched, &state->observer);
	return state;
}

const char *threads_lack(const void *state)
{
	return waits_lack(((const struct threads_state *)state)->waits);
}

static void add_span(struct span *to, const struct span *from)
{
	for (size_t i = 0; i < SCHED_N_STATES; i++)
		to->ns[i] = value_add(to->ns[i], from->ns[i]);
	if (!to->last_ns || from->first_ns < to->first_ns)
		to->first_ns = from->first_ns;
	if (from->last_ns > to->last_ns)
		to->last_ns = from->last_ns;
}

/* One for each thread of the model, at its id; those that are not wanted stay empty. */
static struct life *lives_of(struct threads_state *state)
{
	struct life *lives = xcalloc((size_t)model_n_threads(state->model) + 1, sizeof(*lives));
	const struct wait_row *rows;
	size_t n;

	for (uint32_t task = 1; task < state->spans.n; task++) {
		const struct span *span = &state->spans.items[task];
		uint32_t thread = model_task(state->model, task).thread;

		if (!span->last_ns || !filter_has_task(state->filter, state->model, task))
			continue;
		if (span->last_ns >= lives[thread].span.last_ns)
			lives[thread].task = task;
		lives[thread].thread = thread;
		add_span(&lives[thread].span, span);
	}
	rows = waits_rows(state->waits, &n);
	for (size_t i = 0; i < n; i++) {
		struct life *life = &lives[model_task(state->model, rows[i].task).thread];
		int64_t *to = rows[i].place.why < WAIT_N_CLASSES ?
				      &life->wait_ns[rows[i].place.why] :
				      &life->wait_ns[WAIT_OTHER];

		if (!filter_has_task(state->filter, state->model, rows[i].task))
			continue;
		if (!rows[i].is_sampled)
			to = &life->unsampled_ns;
		*to = value_add(*to, rows[i].ns);
		if (rows[i].is_idle)
			life->idle_ns = value_add(life->idle_ns, rows[i].ns);
	}
	return lives;
}

static int64_t life_ns(const struct life *life)
{
	int64_t sum = 0;

	for (size_t i = 0; i < SCHED_N_STATES; i++)
		sum = value_add(sum, life->span.ns[i]);
	return sum;
}

/* "network 61%, lock 12%": the classes that take most of the life. */
static char *waits_for(const struct life *life)
{
	int64_t rest[WAIT_N_CLASSES + 1], whole = life_ns(life);
	struct buf text = { 0 };
	char *ret;

	memcpy(rest, life->wait_ns, sizeof(life->wait_ns));
	rest[WAIT_N_CLASSES] = life->unsampled_ns;
	for (int i = 0; i < 3; i++) {
		unsigned int most = 0;

		for (unsigned int why = 1; why <= WAIT_N_CLASSES; why++)
			most = rest[why] > rest[most] ? why : most;
		if (human_percent(rest[most], whole) < 0.5)
			break;
		buf_printf(&text, "%s%s %.0f%%", text.size ? ", " : "",
			   most == WAIT_N_CLASSES ? "not sampled" : wait_class_name(most),
			   human_percent(rest[most], whole));
		rest[most] = 0;
	}
	if (human_percent(life->idle_ns, whole) >= 0.5)
		buf_printf(&text, " (idle %.0f%%)", human_percent(life->idle_ns, whole));
	ret = xstrdup(buf_str(&text));
	buf_release(&text);
	return ret;
}

static char *bar(const struct life *life)
{
	static const struct {
		enum sched_state state;
		char mark;
	} parts[] = { { SCHED_RUNNING, '#' },
		      { SCHED_RUNNABLE, '+' },
		      { SCHED_BLOCKED, '.' },
		      { SCHED_UNKNOWN, '?' } };
	char *ret = xcalloc(BAR_WIDTH + 1, 1);
	int64_t whole = life_ns(life);
	double until = 0;
	size_t at = 0;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		until += BAR_WIDTH * human_percent(life->span.ns[parts[i].state], whole) / 100;
		while (at < BAR_WIDTH && (double)at + 0.5 < until)
			ret[at++] = parts[i].mark;
	}
	return ret;
}

enum {
	COLUMN_THREAD,
	COLUMN_TID,
	COLUMN_PROCESS,
	COLUMN_PID,
	COLUMN_LIFE,
	COLUMN_RUNNING,
	COLUMN_RUNNABLE,
	COLUMN_BLOCKED,
	COLUMN_UNKNOWN,
	COLUMN_NS, /* of each state */
	COLUMN_IDLE = COLUMN_NS + SCHED_N_STATES,
	COLUMN_UNSAMPLED,
	COLUMN_WAITS, /* of each class */
	COLUMN_BAR = COLUMN_WAITS + WAIT_N_CLASSES,
	COLUMN_WHY,
	N_COLUMNS
};

static const struct sheet_column columns[N_COLUMNS] = {
	[COLUMN_THREAD] = { "name", "thread", SHEET_TEXT },
	[COLUMN_TID] = { "tid", "tid", SHEET_ID },
	[COLUMN_PROCESS] = { "process", NULL, SHEET_TEXT },
	[COLUMN_PID] = { "pid", NULL, SHEET_ID },
	[COLUMN_LIFE] = { "lifetime_ns", "life", SHEET_NS },
	[COLUMN_RUNNING] = { "running_percent", "running", SHEET_PERCENT },
	[COLUMN_RUNNABLE] = { "runnable_percent", "runnable", SHEET_PERCENT },
	[COLUMN_BLOCKED] = { "blocked_percent", "blocked", SHEET_PERCENT },
	[COLUMN_UNKNOWN] = { "unknown_percent", "unknown", SHEET_PERCENT },
	[COLUMN_NS + SCHED_UNKNOWN] = { "unknown_ns", NULL, SHEET_NS },
	[COLUMN_NS + SCHED_RUNNING] = { "running_ns", NULL, SHEET_NS },
	[COLUMN_NS + SCHED_RUNNABLE] = { "runnable_ns", NULL, SHEET_NS },
	[COLUMN_NS + SCHED_BLOCKED] = { "blocked_ns", NULL, SHEET_NS },
	[COLUMN_IDLE] = { "idle_ns", NULL, SHEET_NS },
	[COLUMN_UNSAMPLED] = { "not_sampled_ns", NULL, SHEET_NS },
	[COLUMN_WAITS + WAIT_OTHER] = { "other_ns", NULL, SHEET_NS },
	[COLUMN_WAITS + WAIT_LOCK] = { "lock_ns", NULL, SHEET_NS },
	[COLUMN_WAITS + WAIT_CONDVAR] = { "condvar_ns", NULL, SHEET_NS },
	[COLUMN_WAITS + WAIT_NETWORK] = { "network_ns", NULL, SHEET_NS },
	[COLUMN_WAITS + WAIT_DISK] = { "disk_ns", NULL, SHEET_NS },
	[COLUMN_WAITS + WAIT_PIPE] = { "pipe_ns", NULL, SHEET_NS },
	[COLUMN_WAITS + WAIT_POLL] = { "poll_ns", NULL, SHEET_NS },
	[COLUMN_WAITS + WAIT_SLEEP] = { "sleep_ns", NULL, SHEET_NS },
	[COLUMN_WAITS + WAIT_CHILD] = { "child_ns", NULL, SHEET_NS },
	[COLUMN_WAITS + WAIT_PAGEFAULT] = { "pagefault_ns", NULL, SHEET_NS },
	[COLUMN_WAITS + WAIT_IPC] = { "ipc_ns", NULL, SHEET_NS },
	[COLUMN_BAR] = { NULL, "#run +wait .block", SHEET_PEOPLE },
	[COLUMN_WHY] = { NULL, "waits for", SHEET_PEOPLE },
};

static void put_row(struct sheet *sheet, struct threads_state *state, struct names *names,
		    const struct life *life)
{
	struct model_thread thread = model_thread(state->model, life->thread);
	union sheet_cell *cells = sheet_row(sheet);
	int64_t whole = life_ns(life);
	const int64_t *ns = life->span.ns;

	cells[COLUMN_THREAD].text =
		xstrdup(names_text(names, names_thread(names, state->model, life->task)));
	cells[COLUMN_TID].number = thread.tid;
	cells[COLUMN_PROCESS].text =
		xstrdup(names_text(names, names_process(names, state->model, life->task)));
	cells[COLUMN_PID].number = thread.pid;
	cells[COLUMN_LIFE].number = whole;
	cells[COLUMN_RUNNING].percent = human_percent(ns[SCHED_RUNNING], whole);
	cells[COLUMN_RUNNABLE].percent = human_percent(ns[SCHED_RUNNABLE], whole);
	cells[COLUMN_BLOCKED].percent = human_percent(ns[SCHED_BLOCKED], whole);
	cells[COLUMN_UNKNOWN].percent = human_percent(ns[SCHED_UNKNOWN], whole);
	for (size_t i = 0; i < SCHED_N_STATES; i++)
		cells[COLUMN_NS + i].number = ns[i];
	cells[COLUMN_IDLE].number = life->idle_ns;
	cells[COLUMN_UNSAMPLED].number = life->unsampled_ns;
	for (size_t i = 0; i < WAIT_N_CLASSES; i++)
		cells[COLUMN_WAITS + i].number = life->wait_ns[i];
	cells[COLUMN_BAR].text = bar(life);
	cells[COLUMN_WHY].text = waits_for(life);
}

/* Those that ran most first, then those that lived longest. */
static int compare(const void *a, const void *b)
{
	const struct life *x = a, *y = b;
	int64_t of_x = x->span.ns[SCHED_RUNNING], of_y = y->span.ns[SCHED_RUNNING];

	if (of_x != of_y)
		return of_x < of_y ? 1 : -1;
	of_x = life_ns(x);
	of_y = life_ns(y);
	if (of_x != of_y)
		return of_x < of_y ? 1 : -1;
	return x->thread < y->thread ? -1 : x->thread > y->thread;
}

/* What the intervals leave between a thread's first and last instant: nothing, or we are wrong. */
static void put_notes(struct threads_state *state, const struct life *lives, size_t n,
		      struct audit *notes)
{
	struct sched_flaws flaws = sched_flaws(state->sched);
	int64_t whole = 0, residual = 0, unknown = 0;
	char life[HUMAN_SIZE], left[HUMAN_SIZE], lost[HUMAN_SIZE];

	for (size_t i = 0; i < n; i++) {
		int64_t sum = life_ns(&lives[i]);
		int64_t from_to = (int64_t)(lives[i].span.last_ns - lives[i].span.first_ns);

		whole = value_add(whole, from_to);
		residual = value_add(residual, from_to > sum ? from_to - sum : sum - from_to);
		unknown = value_add(unknown, lives[i].span.ns[SCHED_UNKNOWN]);
	}
	audit_add(
		notes, residual > whole / 1000,
		"threads lived for %s in all; running + runnable + blocked + unknown miss %s of it",
		human_duration(life, (uint64_t)whole), human_duration(left, (uint64_t)residual));
	if (unknown)
		audit_add(
			notes, unknown > whole / 1000,
			"%s (%.2f%%) is unknown: threads were found late, or switches are missing",
			human_duration(lost, (uint64_t)unknown), human_percent(unknown, whole));
	if (flaws.n_contradictions)
		audit_add(notes, true, "%llu times a thread was where it could not be",
			  (unsigned long long)flaws.n_contradictions);
}

void threads_sheets(void *data, struct sheets *ret)
{
	struct threads_state *state = data;
	struct names *names = names_new(model_dictionary(state->model));
	struct life *lives = lives_of(state);
	struct sheet *sheet;
	size_t n = 0;

	for (size_t i = 0; i <= model_n_threads(state->model); i++) {
		if (lives[i].thread)
			lives[n++] = lives[i];
	}
	qsort(lives, n, sizeof(*lives), compare);
	sheets_init(ret, "threads", state->model, state->filter);
	put_notes(state, lives, n, &ret->notes);
	sheet = sheets_add(ret, "threads", NULL, columns, N_COLUMNS);
	for (size_t i = 0; i < n; i++)
		put_row(sheet, state, names, &lives[i]);
	details_sheets(state->details, ret);
	details_free(state->details);
	names_free(names);
	free(lives);
	array_release(&state->spans);
	waits_free(state->waits);
	free(state);
}
