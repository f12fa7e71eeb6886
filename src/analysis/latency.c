/* SPDX-License-Identifier: GPL-2.0-only */
/* How long threads waited for a CPU after they could have run, and who ran instead. */
#include <stdlib.h>

#include "analyses.h"
#include "histogram.h"
#include "model/names.h"

#define N_OCTAVES 64
#define BAR_WIDTH 30

struct tally { /* of a thread: its own waits, and those of others that it ran before */
	uint32_t thread, task;
	uint64_t n, n_preempted;
	int64_t ns, max_ns;
	uint64_t n_instead;
	int64_t instead_ns;
};

struct latency {
	struct sched_observer observer;
	struct model *model;
	struct sched *sched;
	const struct filter *filter;
	ARRAY(struct tally) tallies; /* of thread id i at i; 0: nobody, the CPU was idle */
	struct histogram histogram;
	uint64_t octaves[N_OCTAVES];
	int64_t octave_ns[N_OCTAVES];
};

static struct tally *tally_of(struct latency *latency, uint32_t task)
{
	uint32_t thread = model_task(latency->model, task).thread;
	struct tally *tally;

	while (latency->tallies.n <= thread)
		array_add(&latency->tallies);
	tally = &latency->tallies.items[thread];
	tally->thread = thread;
	tally->task = task;
	return tally;
}

static void take(struct sched_observer *observer, const struct sched_interval *interval)
{
	struct latency *latency = (struct latency *)observer;
	uint64_t start_ns = interval->start_ns, end_ns = interval->end_ns;
	uint32_t instead = interval->instead_tid;
	struct tally *tally;
	unsigned int log2;
	int64_t ns;

	filter_clip(latency->filter, &start_ns, &end_ns);
	if (interval->state != SCHED_RUNNABLE || end_ns <= start_ns ||
	    !filter_has_task(latency->filter, latency->model, interval->task))
		return;
	ns = (int64_t)(end_ns - start_ns);
	log2 = 63 - (unsigned int)__builtin_clzll((unsigned long long)ns);
	latency->octaves[log2]++;
	latency->octave_ns[log2] = value_add(latency->octave_ns[log2], ns);
	tally = tally_of(latency, interval->task);
	tally->n++;
	tally->n_preempted += interval->is_preempted;
	tally->ns = value_add(tally->ns, ns);
	if (ns > tally->max_ns)
		tally->max_ns = ns;
	histogram_add(&latency->histogram, tally->thread, (uint64_t)ns);
	tally = tally_of(latency, instead ? model_task_of(latency->model, instead) : 0);
	tally->n_instead++;
	tally->instead_ns = value_add(tally->instead_ns, ns);
}

void *latency_begin(const struct analysis_input *input)
{
	struct latency *latency = xcalloc(1, sizeof(*latency));

	latency->observer.interval = take;
	latency->model = input->model;
	latency->sched = input->sched;
	latency->filter = input->filter;
	if (input->sched)
		sched_observe(input->sched, &latency->observer);
	return latency;
}

const char *latency_lack(const void *state)
{
	return analysis_lacks_wakeups(((const struct latency *)state)->sched);
}

enum { T_NAME, T_TID, T_PID, T_N, T_PREEMPTED, T_TOTAL, T_MEAN, T_P50, T_P99, T_MAX, T_N_COLUMNS };

static const struct sheet_column thread_columns[T_N_COLUMNS] = {
	[T_NAME] = { "name", "thread", SHEET_TEXT },
	[T_TID] = { "tid", "tid", SHEET_ID },
	[T_PID] = { "pid", NULL, SHEET_ID },
	[T_N] = { "count", "waits", SHEET_COUNT },
	[T_PREEMPTED] = { "preempted", "preempted", SHEET_COUNT },
	[T_TOTAL] = { "total_ns", "total", SHEET_NS },
	[T_MEAN] = { "mean_ns", "mean", SHEET_NS },
	[T_P50] = { "p50_ns", "p50", SHEET_NS },
	[T_P99] = { "p99_ns", "p99", SHEET_NS },
	[T_MAX] = { "max_ns", "max", SHEET_NS },
};

static int64_t quantile(const struct latency *latency, const struct tally *tally, double share)
{
	int64_t ns =
		(int64_t)histogram_quantile(&latency->histogram, tally->thread, tally->n, share);

	return ns < tally->max_ns ? ns : tally->max_ns;
}

static int by_total(const void *a, const void *b)
{
	const struct tally *x = a, *y = b;

	if (x->ns != y->ns)
		return x->ns < y->ns ? 1 : -1;
	return x->thread < y->thread ? -1 : x->thread > y->thread;
}

static int by_instead(const void *a, const void *b)
{
	const struct tally *x = a, *y = b;

	if (x->instead_ns != y->instead_ns)
		return x->instead_ns < y->instead_ns ? 1 : -1;
	return x->thread < y->thread ? -1 : x->thread > y->thread;
}

static char *name_of(struct names *names, const struct latency *latency, const struct tally *tally)
{
	if (!tally->task)
		return xstrdup("[nobody: the CPU was idle, or not known]");
	return xstrdup(names_text(names, names_thread(names, latency->model, tally->task)));
}

static void put_threads(struct sheets *sheets, struct latency *latency, struct names *names)
{
	struct sheet *sheet = sheets_add(sheets, "threads", NULL, thread_columns, T_N_COLUMNS);
	const struct tally *tally;

	if (latency->tallies.n)
		qsort(latency->tallies.items, latency->tallies.n, sizeof(*tally), by_total);
	array_for_each(tally, &latency->tallies) {
		struct model_thread thread = model_thread(latency->model, tally->thread);
		union sheet_cell *cells;

		if (!tally->n)
			continue;
		cells = sheet_row(sheet);
		cells[T_NAME].text = name_of(names, latency, tally);
		cells[T_TID].number = thread.tid;
		cells[T_PID].number = thread.pid;
		cells[T_N].number = (int64_t)tally->n;
		cells[T_PREEMPTED].number = (int64_t)tally->n_preempted;
		cells[T_TOTAL].number = tally->ns;
		cells[T_MEAN].number = tally->ns / (int64_t)tally->n;
		cells[T_P50].number = quantile(latency, tally, 0.50);
		cells[T_P99].number = quantile(latency, tally, 0.99);
		cells[T_MAX].number = tally->max_ns;
	}
}

enum { H_FROM, H_N, H_TOTAL, H_BAR, H_N_COLUMNS };

static const struct sheet_column histogram_columns[H_N_COLUMNS] = {
	[H_FROM] = { "from_ns", "from", SHEET_NS },
	[H_N] = { "count", "waits", SHEET_COUNT },
	[H_TOTAL] = { "total_ns", "total", SHEET_NS },
	[H_BAR] = { NULL, "each row is up to twice as long", SHEET_PEOPLE },
};

static void put_histogram(struct sheets *sheets, const struct latency *latency)
{
	struct sheet *sheet = sheets_add(sheets, "histogram", "how long the waits were",
					 histogram_columns, H_N_COLUMNS);
	uint64_t most = 1;

	for (size_t i = 0; i < N_OCTAVES; i++)
		most = latency->octaves[i] > most ? latency->octaves[i] : most;
	for (size_t i = 0; i < N_OCTAVES; i++) {
		union sheet_cell *cells;
		size_t n = (size_t)((double)latency->octaves[i] * BAR_WIDTH / (double)most + 0.5);

		if (!latency->octaves[i])
			continue;
		cells = sheet_row(sheet);
		cells[H_FROM].number = (int64_t)1 << i;
		cells[H_N].number = (int64_t)latency->octaves[i];
		cells[H_TOTAL].number = latency->octave_ns[i];
		cells[H_BAR].text = xcalloc(n + 1, 1);
		memset(cells[H_BAR].text, '#', n);
	}
}

enum { I_NAME, I_TID, I_PID, I_N, I_TOTAL, I_N_COLUMNS };

static const struct sheet_column instead_columns[I_N_COLUMNS] = {
	[I_NAME] = { "name", "thread", SHEET_TEXT },   [I_TID] = { "tid", "tid", SHEET_ID },
	[I_PID] = { "pid", NULL, SHEET_ID },           [I_N] = { "count", "waits", SHEET_COUNT },
	[I_TOTAL] = { "total_ns", "total", SHEET_NS },
};

static void put_instead(struct sheets *sheets, struct latency *latency, struct names *names)
{
	struct sheet *sheet = sheets_add(sheets, "instead",
					 "who had the CPU last, before the waiting thread got it",
					 instead_columns, I_N_COLUMNS);
	const struct tally *tally;

	if (latency->tallies.n)
		qsort(latency->tallies.items, latency->tallies.n, sizeof(*tally), by_instead);
	array_for_each(tally, &latency->tallies) {
		struct model_thread thread = model_thread(latency->model, tally->thread);
		union sheet_cell *cells;

		if (!tally->n_instead)
			continue;
		cells = sheet_row(sheet);
		cells[I_NAME].text = name_of(names, latency, tally);
		cells[I_TID].number = thread.tid;
		cells[I_PID].number = thread.pid;
		cells[I_N].number = (int64_t)tally->n_instead;
		cells[I_TOTAL].number = tally->instead_ns;
	}
}

void latency_sheets(void *state, struct sheets *ret)
{
	struct latency *latency = state;
	struct names *names = names_new(model_dictionary(latency->model));

	sheets_init(ret, "latency", latency->model, latency->filter);
	put_threads(ret, latency, names);
	put_histogram(ret, latency);
	put_instead(ret, latency, names);
	names_free(names);
	array_release(&latency->tallies);
	histogram_release(&latency->histogram);
	free(latency);
}
