/* SPDX-License-Identifier: GPL-2.0-only */
/* The pauses of languages' runtimes: added up by reason, and each one, the longest first. */
#include <stdlib.h>

#include "analyses.h"
#include "base/human.h"
#include "blame.h"
#include "histogram.h"
#include "model/names.h"
#include "pause.h"
#include "pauses.h"

#define MAX_LISTED 100000u /* of more pauses, the shorter ones are added up only */
#define MAX_SAID   4       /* processes that were watched late */
#define LATE_NS    1000000u

struct row {
	struct pause pause;
	uint32_t task, last_task;
	uint64_t number; /* in the order of their ends */
};

struct sum {         /* of pauses with one reason in one process */
	uint32_t id; /* in the histogram */
	uint32_t task, thread;
	uint32_t runtime, reason;
	int64_t n, ns, max_ns;
	int64_t stopping_ns; /* SHEET_UNKNOWN: of one of them it is not told */
};

struct watch {
	uint32_t task, runtime;
	uint64_t since_ns;
};

struct pauses {
	struct model_observer observer;
	struct model *model;
	const struct filter *filter;
	struct pause_pairs pairs;
	ARRAY(struct row) rows;
	ARRAY(struct sum) sums;
	ARRAY(struct watch) watches;
	struct histogram histogram;
	uint64_t n;
};

static uint64_t length_of(const struct pause *pause)
{
	return pause->end_ns - pause->begin_ns;
}

static int by_length(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (length_of(&x->pause) != length_of(&y->pause))
		return length_of(&x->pause) < length_of(&y->pause) ? 1 : -1;
	return x->number < y->number ? -1 : x->number > y->number;
}

static void sort(struct pauses *pauses)
{
	if (pauses->rows.n)
		qsort(pauses->rows.items, pauses->rows.n, sizeof(struct row), by_length);
	if (pauses->rows.n > MAX_LISTED)
		pauses->rows.n = MAX_LISTED;
}

static struct sum *sum_of(struct pauses *pauses, const struct row *row)
{
	uint32_t thread = model_task(pauses->model, row->task).thread;
	uint32_t leader = model_thread(pauses->model, thread).leader;
	struct sum *sum;

	array_for_each(sum, &pauses->sums) {
		if (sum->thread == leader && sum->runtime == row->pause.runtime &&
		    sum->reason == row->pause.reason)
			return sum;
	}
	sum = array_add(&pauses->sums);
	*sum = (struct sum){
		.id = (uint32_t)pauses->sums.n,
		.task = row->task,
		.thread = leader,
		.runtime = row->pause.runtime,
		.reason = row->pause.reason,
	};
	return sum;
}

/* A thread that stops itself has stopped at once. */
static bool is_stopping_told(const struct pause *pause)
{
	return pause->scope == PAUSE_THREAD || pause->stopped_ns;
}

static void add_up(struct pauses *pauses, const struct row *row)
{
	struct sum *sum = sum_of(pauses, row);
	int64_t ns = (int64_t)length_of(&row->pause);

	sum->n++;
	sum->ns = value_add(sum->ns, ns);
	if (!is_stopping_told(&row->pause))
		sum->stopping_ns = SHEET_UNKNOWN;
	else if (sum->stopping_ns != SHEET_UNKNOWN)
		sum->stopping_ns =
			value_add(sum->stopping_ns, (int64_t)pause_parts(&row->pause).stopping_ns);
	if (ns > sum->max_ns)
		sum->max_ns = ns;
	histogram_add(&pauses->histogram, sum->id, (uint64_t)ns);
}

static void take_pause(struct pauses *pauses, const struct pause *from)
{
	struct row row = {
		.pause = *from,
		.task = model_task_now(pauses->model, from->pid, from->tid),
		.number = pauses->n,
	};

	if (from->last_tid)
		row.last_task = model_task_now(pauses->model, from->pid, from->last_tid);
	filter_clip(pauses->filter, &row.pause.begin_ns, &row.pause.end_ns);
	if (row.pause.end_ns <= row.pause.begin_ns ||
	    !filter_has_task(pauses->filter, pauses->model, row.task))
		return;
	row.pause.is_cut |= length_of(&row.pause) != length_of(from);
	pauses->n++;
	add_up(pauses, &row);
	*array_add(&pauses->rows) = row;
	if (pauses->rows.n >= 2 * MAX_LISTED)
		sort(pauses);
}

static void take(struct model_observer *observer, const struct event *event)
{
	struct pauses *pauses = (struct pauses *)observer; /* the first member */
	struct pause pause;

	if (event->kind == EVENT_PAUSE && event->pause.step == PAUSE_WATCHED)
		*array_add(&pauses->watches) = (struct watch){
			.task = model_task_now(pauses->model, event->pause.pid, event->pause.pid),
			.runtime = event->pause.runtime,
			.since_ns = event->time_ns,
		};
	else if (pause_pairs_take(&pauses->pairs, event, &pause))
		take_pause(pauses, &pause);
}

void *pauses_begin(const struct analysis_input *input)
{
	struct pauses *pauses = xcalloc(1, sizeof(*pauses));

	pauses->observer.event = take;
	pauses->model = input->model;
	pauses->filter = input->filter;
	model_observe(input->model, &pauses->observer);
	return pauses;
}

const char *pauses_lack(const void *state)
{
	const struct pauses *pauses = state;

	if (pauses->watches.n || pauses->n)
		return NULL;
	return "the recording holds no pauses: it has no process with a runtime whose pauses can "
	       "be seen (Go, the JVM, CPython built with its probes, V8), or was not recorded "
	       "with --trace, as root";
}

static char *text_of(const struct pauses *pauses, struct names *names, uint32_t string)
{
	const char *text = dictionary_string(model_dictionary(pauses->model), string);

	return xstrdup(names_text(names, names_intern(names, text)));
}

static char *process_of(const struct pauses *pauses, struct names *names, uint32_t task)
{
	return xstrdup(names_text(names, names_process(names, pauses->model, task)));
}

static void put_notes(struct pauses *pauses, struct names *names, struct audit *notes)
{
	uint64_t start_ns = model_window(pauses->model).start_ns;
	const struct watch *watch;
	char human[HUMAN_SIZE];
	int n = 0;

	array_for_each(watch, &pauses->watches) {
		if (watch->since_ns < start_ns + LATE_NS || n++ >= MAX_SAID ||
		    !filter_has_task(pauses->filter, pauses->model, watch->task))
			continue;
		audit_add(notes, false, "pauses of %s in %s are seen from %s on",
			  names_text(names, names_string(names, watch->runtime)),
			  names_text(names, names_process(names, pauses->model, watch->task)),
			  human_duration(human, watch->since_ns - start_ns));
	}
	if (n > MAX_SAID)
		audit_add(notes, false, "... and of %d more, each from some time on", n - MAX_SAID);
	if (!pauses->n)
		audit_add(notes, false, "there was no pause");
	if (pauses->rows.n < pauses->n)
		audit_add(notes, false, "of %llu pauses, the %u longest are listed",
			  (unsigned long long)pauses->n, MAX_LISTED);
	if (pauses->pairs.n_broken)
		audit_add(notes, true, "%llu pauses began earlier, or lack a step: left out",
			  (unsigned long long)pauses->pairs.n_broken);
}

enum {
	S_RUNTIME,
	S_REASON,
	S_PROCESS,
	S_PID,
	S_N,
	S_TOTAL,
	S_SHARE,
	S_STOPPING,
	S_MEAN,
	S_P99,
	S_MAX,
	S_COLUMNS
};

static const struct sheet_column sum_columns[S_COLUMNS] = {
	[S_RUNTIME] = { "runtime", "runtime", SHEET_TEXT },
	[S_REASON] = { "reason", "why", SHEET_TEXT },
	[S_PROCESS] = { "process", "process", SHEET_TEXT },
	[S_PID] = { "pid", "pid", SHEET_ID },
	[S_N] = { "count", "pauses", SHEET_COUNT },
	[S_TOTAL] = { "total_ns", "total", SHEET_NS },
	[S_SHARE] = { "percent", "of the time", SHEET_PERCENT },
	[S_STOPPING] = { "stopping_ns", "until all stopped", SHEET_NS },
	[S_MEAN] = { "mean_ns", "mean", SHEET_NS },
	[S_P99] = { "p99_ns", "p99", SHEET_NS },
	[S_MAX] = { "max_ns", "max", SHEET_NS },
};

static int by_total(const void *a, const void *b)
{
	const struct sum *x = a, *y = b;

	if (x->ns != y->ns)
		return x->ns < y->ns ? 1 : -1;
	return x->id < y->id ? -1 : x->id > y->id;
}

static void put_sums(struct pauses *pauses, struct names *names, struct sheets *ret)
{
	struct sheet *sheet = sheets_add(ret, "reasons", NULL, sum_columns, S_COLUMNS);
	const struct sum *sum;

	if (pauses->sums.n)
		qsort(pauses->sums.items, pauses->sums.n, sizeof(*sum), by_total);
	array_for_each(sum, &pauses->sums) {
		union sheet_cell *cells = sheet_row(sheet);
		int64_t p99 = (int64_t)histogram_quantile(&pauses->histogram, sum->id,
							  (uint64_t)sum->n, 0.99);

		cells[S_RUNTIME].text = text_of(pauses, names, sum->runtime);
		cells[S_REASON].text = text_of(pauses, names, sum->reason);
		cells[S_PROCESS].text = process_of(pauses, names, sum->task);
		cells[S_PID].number = model_thread(pauses->model, sum->thread).pid;
		cells[S_N].number = sum->n;
		cells[S_TOTAL].number = sum->ns;
		cells[S_SHARE].percent = human_percent(sum->ns, (int64_t)ret->duration_ns);
		cells[S_STOPPING].number = sum->stopping_ns;
		cells[S_MEAN].number = sum->ns / sum->n;
		cells[S_P99].number = p99 < sum->max_ns ? p99 : sum->max_ns;
		cells[S_MAX].number = sum->max_ns;
	}
}

enum {
	P_AT,
	P_LENGTH,
	P_STOPPING,
	P_STOPPED,
	P_RESUMING,
	P_RUNTIME,
	P_REASON,
	P_PROCESS,
	P_PID,
	P_TID,
	P_WAITED,
	P_LAST_TID,
	P_LAST,
	P_BY,
	P_NOTE,
	P_COLUMNS
};

static const struct sheet_column pause_columns[P_COLUMNS] = {
	[P_AT] = { "at_ns", "at", SHEET_NS },
	[P_LENGTH] = { "ns", "pause", SHEET_NS },
	[P_STOPPING] = { "stopping_ns", "stopping", SHEET_NS },
	[P_STOPPED] = { "stopped_ns", "stopped", SHEET_NS },
	[P_RESUMING] = { "resuming_ns", "resuming", SHEET_NS },
	[P_RUNTIME] = { "runtime", "runtime", SHEET_TEXT },
	[P_REASON] = { "reason", "why", SHEET_TEXT },
	[P_PROCESS] = { "process", "process", SHEET_TEXT },
	[P_PID] = { "pid", NULL, SHEET_ID },
	[P_TID] = { "tid", NULL, SHEET_ID },
	[P_WAITED] = { "waited_for", NULL, SHEET_COUNT },
	[P_LAST_TID] = { "last_tid", NULL, SHEET_ID },
	[P_LAST] = { "last", "last to stop", SHEET_BELOW },
	[P_BY] = { "by", "stopped by", SHEET_BELOW },
	[P_NOTE] = { "note", "note", SHEET_BELOW },
};

/* "maker0 (312), in tree < run" */
static void put_thread(struct buf *out, const struct pauses *pauses, struct names *names,
		       uint32_t task, uint32_t stack)
{
	uint32_t tid = model_thread(pauses->model, model_task(pauses->model, task).thread).tid;

	buf_printf(out, "%s (%u)", names_text(names, names_thread(names, pauses->model, task)),
		   tid);
	blame_functions(out, pauses->model, names, stack);
}

static char *last_text(const struct pauses *pauses, struct names *names, const struct row *row)
{
	const struct pause *pause = &row->pause;
	struct buf text = { 0 };
	char human[HUMAN_SIZE];
	char *ret;

	if (!row->last_task)
		return NULL;
	buf_puts(&text, "last to stop: ");
	put_thread(&text, pauses, names, row->last_task, pause->last_stack);
	if (pause->last_ns > pause->begin_ns)
		buf_printf(&text, ", %s after the beginning",
			   human_duration(human, pause->last_ns - pause->begin_ns));
	if (pause->n_reached > 1)
		buf_printf(&text, "; %u threads were waited for", pause->n_reached);
	ret = xstrdup(names_text(names, names_intern(names, buf_str(&text))));
	buf_release(&text);
	return ret;
}

static char *by_text(const struct pauses *pauses, struct names *names, const struct row *row)
{
	struct buf text = { 0 };
	char *ret;

	buf_puts(&text, row->pause.scope == PAUSE_THREAD ? "stops itself: " : "stopped by: ");
	put_thread(&text, pauses, names, row->task, row->pause.stack);
	ret = xstrdup(names_text(names, names_intern(names, buf_str(&text))));
	buf_release(&text);
	return ret;
}

static void put_pause(struct pauses *pauses, struct names *names, const struct row *row,
		      union sheet_cell *cells)
{
	const struct pause *pause = &row->pause;
	struct pause_parts parts = pause_parts(pause);
	uint64_t start_ns = model_window(pauses->model).start_ns;

	cells[P_AT].number = (int64_t)(pause->begin_ns > start_ns ? pause->begin_ns - start_ns : 0);
	cells[P_LENGTH].number = (int64_t)length_of(pause);
	cells[P_STOPPING].number = is_stopping_told(pause) ? (int64_t)parts.stopping_ns :
							     SHEET_UNKNOWN;
	cells[P_STOPPED].number = (int64_t)parts.stopped_ns;
	cells[P_RESUMING].number = (int64_t)parts.resuming_ns;
	cells[P_RUNTIME].text = text_of(pauses, names, pause->runtime);
	cells[P_REASON].text = text_of(pauses, names, pause->reason);
	cells[P_PROCESS].text = process_of(pauses, names, row->task);
	cells[P_PID].number = pause->pid;
	cells[P_TID].number = pause->tid;
	cells[P_WAITED].number = pause->n_reached;
	cells[P_LAST_TID].number = pause->last_tid;
	cells[P_LAST].text = last_text(pauses, names, row);
	cells[P_BY].text = by_text(pauses, names, row);
	if (pause->is_cut)
		cells[P_NOTE].text = xstrdup("cut: it goes beyond what is shown here");
	else if (!is_stopping_told(pause))
		cells[P_NOTE].text = xstrdup("when all had stopped is not told");
}

static void put_pauses(struct pauses *pauses, struct names *names, struct sheets *ret)
{
	struct sheet *sheet = sheets_add(ret, "pauses", "each pause, the longest first",
					 pause_columns, P_COLUMNS);
	const struct row *row;

	array_for_each(row, &pauses->rows)
		put_pause(pauses, names, row, sheet_row(sheet));
}

static void finish(struct pauses *pauses)
{
	struct pause pause;

	while (pause_pairs_finish(&pauses->pairs, model_window(pauses->model).end_ns, &pause))
		take_pause(pauses, &pause);
	sort(pauses);
}

/* All the pauses of the process that @sum is of; its reason is that of the most. */
static struct sum sum_of_process(const struct pauses *pauses, const struct sum *sum)
{
	struct sum all = *sum;
	const struct sum *other;

	array_for_each(other, &pauses->sums) {
		if (other == sum || other->thread != sum->thread || other->runtime != sum->runtime)
			continue;
		all.n += other->n;
		all.ns = value_add(all.ns, other->ns);
		if (other->max_ns > all.max_ns)
			all.max_ns = other->max_ns;
		if (other->ns > sum->ns)
			all.reason = other->reason;
	}
	return all;
}

void pauses_blame(void *state, struct names *names, double percent, int64_t passed_ns,
		  struct buf *out)
{
	struct pauses *pauses = state;
	struct sum most = { 0 };
	const struct sum *sum;
	char total[HUMAN_SIZE], longest[HUMAN_SIZE];

	finish(pauses);
	array_for_each(sum, &pauses->sums) {
		struct sum all = sum_of_process(pauses, sum);

		if (all.ns > most.ns)
			most = all;
	}
	if (!most.ns || human_percent(most.ns, passed_ns) < percent)
		return;
	buf_printf(out, "pauses stopped %s for %s, %.1f%% of the time: %lld of %s, the longest %s",
		   names_text(names, names_process(names, pauses->model, most.task)),
		   human_duration(total, (uint64_t)most.ns), human_percent(most.ns, passed_ns),
		   (long long)most.n, names_text(names, names_string(names, most.runtime)),
		   human_duration(longest, (uint64_t)most.max_ns));
	if (most.reason)
		buf_printf(out, ", mostly %s", names_text(names, names_string(names, most.reason)));
}

void pauses_end(void *state)
{
	struct pauses *pauses = state;

	model_ignore(pauses->model, &pauses->observer);
	pause_pairs_release(&pauses->pairs);
	array_release(&pauses->rows);
	array_release(&pauses->sums);
	array_release(&pauses->watches);
	histogram_release(&pauses->histogram);
	free(pauses);
}

void pauses_sheets(void *state, struct sheets *ret)
{
	struct pauses *pauses = state;
	struct names *names = names_new(model_dictionary(pauses->model));

	finish(pauses);
	sheets_init(ret, "pauses", pauses->model, pauses->filter);
	put_notes(pauses, names, &ret->notes);
	put_sums(pauses, names, ret);
	put_pauses(pauses, names, ret);
	names_free(names);
	pauses_end(pauses);
}
