/* SPDX-License-Identifier: GPL-2.0-only */
/* What is said of the figures about memory: the exact ones, the doubts, what was not seen. */
#include <math.h>
#include <stdlib.h>

#include "analyses.h"
#include "base/human.h"
#include "heap.h"

static struct heap_sum total_of(const struct heap_report *report, bool allocated)
{
	struct heap_sum total = { 0 };
	const struct heap_row *row;
	uint32_t stack;

	array_for_each(row, &report->objects.rows) {
		if (heap_stack(report, row, &stack))
			total = heap_sum_add(
				total, allocated ? row->allocated : heap_value(report, row), 1);
	}
	return total;
}

static void note_value(const struct heap_report *report, struct audit *notes)
{
	static const char *const of[] = {
		[HEAP_VIEW_HELD] = "in use",
		[HEAP_VIEW_ALLOCS] = "allocated",
		[HEAP_VIEW_PEAK] = "in use when it was most",
		[HEAP_VIEW_GROWTH] = "grown by",
		[HEAP_VIEW_AGE] = "in use",
		[HEAP_VIEW_LEAKS] = "in use, and was before the last tenth of the time",
	};
	struct heap_sum total = total_of(report, report->view == HEAP_VIEW_ALLOCS);
	char bytes[HUMAN_SIZE], error[HUMAN_SIZE], n[HUMAN_SIZE];

	audit_add(notes, false, "%s: %s%s ± %s, %s%s objects (± is one standard deviation)",
		  of[report->view], total.bytes < 0 ? "-" : "",
		  human_bytes(bytes, (uint64_t)llabs(total.bytes)),
		  human_bytes(error, (uint64_t)heap_sum_error(&total)),
		  total.objects <= -0.5 ? "-" : "",
		  human_count(n, (uint64_t)fabs(round(total.objects))));
	if (report->view == HEAP_VIEW_PEAK)
		audit_add(notes, false, "that was %s after the start",
			  human_duration(n, report->objects.peak_ns -
						    model_window(report->objects.model).start_ns));
}

/* The exact count, and how far from it the samples' estimate is. */
static void note_exact(const struct heap_report *report, struct audit *notes)
{
	struct heap_sum total = total_of(report, true);
	const struct heap_process *process;
	char text[HUMAN_SIZE], n[HUMAN_SIZE];
	uint64_t allocs = 0, bytes = 0;

	array_for_each(process, &report->objects.processes) {
		allocs += process->totals.allocs;
		bytes += process->totals.bytes;
	}
	if (!bytes || !filter_is_empty(report->objects.filter))
		return;
	audit_add(notes, false,
		  "all allocations, which were counted: %s in %s calls; the samples' estimate is "
		  "off by %+.1f%%, with a standard deviation of %.1f%%",
		  human_bytes(text, bytes), human_count(n, allocs),
		  100 * ((double)total.bytes - (double)bytes) / (double)bytes,
		  100 * (double)heap_sum_error(&total) / (double)bytes);
}

static void note_rate(const struct heap_report *report, struct audit *notes)
{
	const char *rate = dictionary_meta(model_dictionary(report->objects.model), "heap_rate");
	struct heap_sum total = total_of(report, true);
	char n[HUMAN_SIZE], every[HUMAN_SIZE];
	uint64_t bytes;

	if (!rate || human_parse_number(rate, 2, INT64_MAX, &bytes))
		return;
	audit_add(notes, false, "%s samples, of one in %s allocated; for more: record --heap-rate",
		  human_count(n, total.n), human_bytes(every, bytes));
}

/* A process that ended gave its memory back: what it held is of interest all the same. */
static void note_ended(const struct heap_report *report, struct audit *notes)
{
	const struct heap_objects *heap = &report->objects;
	const struct heap_object *object;
	struct map pids = { 0 };
	int64_t bytes = 0;
	char human[HUMAN_SIZE];

	array_for_each(object, &heap->objects) {
		if (object->is_free || !object->has_ended)
			continue;
		*map_insert(&pids, object->pid) = 1;
		bytes = value_add(bytes, (int64_t)object->weight);
	}
	if (pids.n > 1 && !heap->filter->has_until && report->view != HEAP_VIEW_PEAK &&
	    report->view != HEAP_VIEW_ALLOCS)
		audit_add(notes, false,
			  "of that, %s is what %u processes held when they ended, each at its time",
			  human_bytes(human, (uint64_t)bytes), (unsigned int)pids.n);
	map_release(&pids);
}

/* A library that came late knows nothing of what was there. */
static void note_injected(const struct heap_report *report, struct audit *notes)
{
	if (dictionary_meta(model_dictionary(report->objects.model), "heap_injected"))
		audit_add(notes, false,
			  "the processes ran before: what they had allocated until then is in no "
			  "figure, nor is that it was freed; nor what libraries allocate that "
			  "they loaded later");
}

static void note_missing(const struct heap_report *report, struct audit *notes)
{
	const struct heap_process *process;
	char n[HUMAN_SIZE];
	uint64_t dropped = 0;

	array_for_each(process, &report->objects.processes) {
		dropped += process->totals.dropped;
		if (process->totals.bypassed)
			audit_add(notes, true,
				  "process %u has an allocator of its own linked in, whose "
				  "allocations are not seen",
				  process->totals.pid);
	}
	if (dropped)
		audit_add(notes, true, "%s samples were left out: there was no room to follow them",
			  human_count(n, dropped));
	if (report->objects.n_replaced)
		audit_add(
			notes, true,
			"%s objects were freed without that being seen: others are where they were",
			human_count(n, report->objects.n_replaced));
}

static void note_resident(const struct heap_report *report, struct audit *notes)
{
	static const char *const of[] = {
		[HEAP_VIEW_HELD] = "resident",
		[HEAP_VIEW_ALLOCS] = "touched for the first time",
		[HEAP_VIEW_PEAK] = "resident when it was most",
		[HEAP_VIEW_GROWTH] = "grown by",
	};
	struct heap_sum total = total_of(report, report->view == HEAP_VIEW_ALLOCS);
	char bytes[HUMAN_SIZE], n[HUMAN_SIZE];

	audit_add(notes, false,
		  "%s: %s%s, each page by the stack that touched it first, which need not be who "
		  "owns it",
		  of[report->view], total.bytes < 0 ? "-" : "",
		  human_bytes(bytes, (uint64_t)llabs(total.bytes)));
	if (report->view == HEAP_VIEW_PEAK)
		audit_add(notes, false, "that was %s after the start",
			  human_duration(n, report->objects.peak_ns -
						    model_window(report->objects.model).start_ns));
}

static void note_resident_ended(const struct heap_report *report, struct audit *notes)
{
	struct heap_sum total = { 0 };
	const struct heap_row *row;
	char human[HUMAN_SIZE];

	array_for_each(row, &report->objects.rows)
		total = heap_sum_add(total, row->ended, 1);
	if (total.bytes > 0 && report->view == HEAP_VIEW_HELD && !report->objects.filter->has_until)
		audit_add(notes, false,
			  "of that, %s is what processes had when they were last looked at before "
			  "they ended",
			  human_bytes(human, (uint64_t)total.bytes));
}

/* What the rows add up to against what the kernel counts. */
static void note_smaps(const struct heap_report *report, struct audit *notes)
{
	struct event_resident_totals sum = { 0 };
	const struct heap_looked *process;
	struct heap_sum total = total_of(report, false);
	char rss[HUMAN_SIZE], anonymous[HUMAN_SIZE], more[HUMAN_SIZE];

	array_for_each(process, &report->objects.resident.processes) {
		sum.smaps_rss += process->totals.smaps_rss;
		sum.smaps_anonymous += process->totals.smaps_anonymous;
		sum.lazy_free += process->totals.lazy_free;
		sum.swap += process->totals.swap;
	}
	if (report->view != HEAP_VIEW_HELD || !sum.smaps_rss ||
	    !filter_is_empty(report->objects.filter))
		return;
	audit_add(
		notes, false,
		"the kernel's own count, smaps_rollup, a moment later: %s, of which %s anonymous; "
		"the difference is %+.2f%%",
		human_bytes(rss, sum.smaps_rss), human_bytes(anonymous, sum.smaps_anonymous),
		100 * ((double)total.bytes - (double)sum.smaps_rss) / (double)sum.smaps_rss);
	if (sum.lazy_free)
		audit_add(notes, false, "of that, %s is free, and the kernel may take it back",
			  human_bytes(more, sum.lazy_free));
	if (sum.swap)
		audit_add(notes, false, "%s more is swapped out: whose that is is not known",
			  human_bytes(more, sum.swap));
}

static void note_faults(const struct heap_report *report, struct audit *notes)
{
	const char *rate = dictionary_meta(model_dictionary(report->objects.model), "heap_rate");
	struct heap_sum total = total_of(report, true);
	char n[HUMAN_SIZE];
	uint64_t bytes;

	if (rate && !human_parse_number(rate, 8192, INT64_MAX, &bytes))
		audit_add(
			notes, false,
			"%s samples, of one in %u page faults; for all: record --heap-rate 1 (± is "
			"one standard deviation)",
			human_count(n, total.n), (unsigned int)(bytes / 4096));
}

void heap_note(const struct heap_report *report, struct audit *notes)
{
	if (heap_lack(report))
		return;
	if (report->objects.is_resident) {
		note_resident(report, notes);
		note_resident_ended(report, notes);
		note_smaps(report, notes);
		note_faults(report, notes);
		return;
	}
	note_value(report, notes);
	note_injected(report, notes);
	note_ended(report, notes);
	note_exact(report, notes);
	note_rate(report, notes);
	note_missing(report, notes);
}
