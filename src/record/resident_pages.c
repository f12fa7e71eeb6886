/* SPDX-License-Identifier: GPL-2.0-only */
#include "resident_pages.h"

#include <math.h>

#define HUGE        512u /* pages */
#define MAX_CHANCE  4.0  /* standard deviations: one time in 15,000 it is more */
#define FEW_PAGES   64u  /* that are not worth a doubt */
#define FAULT_ROUND 16u  /* pages of a file that a fault may map: those around it in the cache */

/* What the faults say of a kind of mapping, before it is held against the number of pages. */
struct estimate {
	double bytes, variance;
};

void resident_pages_release(struct resident_pages *resident)
{
	array_release(&resident->pages);
	map_release(&resident->page_of);
	array_release(&resident->faults);
	page_set_release(&resident->before);
	array_release(&resident->sums);
	for (size_t i = 0; i < MAPPING_N_KINDS; i++)
		map_release(&resident->sum_of[i]);
	array_release(&resident->names);
}

void resident_pages_begin(struct resident_pages *resident, const struct page_scan *scan)
{
	const struct page_run *run;

	array_for_each(run, &scan->runs)
		page_set_append(&resident->before, run->pages);
	resident->has_before = true;
}

void resident_pages_fault(struct resident_pages *resident, const struct resident_fault *fault)
{
	uint64_t *index = map_insert(&resident->page_of, fault->page);

	*array_add(&resident->faults) = *fault;
	if (*index)
		return;
	((struct resident_page *)array_add(&resident->pages))->first = *fault;
	*index = resident->pages.n;
}

void resident_pages_move(struct resident_pages *resident, struct page_range from, uint64_t to)
{
	struct page_range goal = { to, to + (from.end - from.start) };
	struct resident_page *page;

	if (from.start >= from.end || from.start == to)
		return;
	page_set_move(&resident->before, from, to);
	map_clear(&resident->page_of);
	array_for_each(page, &resident->pages) {
		uint64_t at = page->first.page;

		if (at >= from.start && at < from.end)
			page->first.page = at - from.start + to;
		else if (at >= goal.start && at < goal.end)
			page->first.page = UINT64_MAX; /* what was there is no more */
		if (page->first.page != UINT64_MAX)
			*map_insert(&resident->page_of, page->first.page) =
				(uint64_t)(page - resident->pages.items) + 1;
	}
}

static struct resident_sum *sum_of(struct resident_pages *resident, uint32_t stack,
				   enum mapping_kind mapping)
{
	uint64_t *index = map_insert(&resident->sum_of[mapping], stack);

	if (!*index) {
		struct resident_sum *sum = array_add(&resident->sums);

		sum->stack = stack;
		sum->mapping = mapping;
		*index = resident->sums.n;
	}
	return &resident->sums.items[*index - 1];
}

/* Adds up what is there, and of what there was before also by name. */
static void count_present(struct resident_pages *resident, const struct page_scan *scan,
			  uint64_t new_bytes[MAPPING_N_KINDS])
{
	struct resident_name *name = NULL;
	const struct page_run *run;

	resident->names.n = 0;
	memset(resident->present, 0, sizeof(resident->present));
	array_for_each(run, &scan->runs) {
		const char *text = (const char *)scan->names.data + run->name;
		uint64_t bytes = (run->pages.end - run->pages.start) * PAGE_BYTES;
		uint64_t old = page_set_count(&resident->before, run->pages) * PAGE_BYTES;

		resident->present[run->mapping] += bytes;
		new_bytes[run->mapping] += bytes - old;
		if (!old)
			continue;
		if (!name || name->mapping != run->mapping || strcmp(name->name, text) != 0) {
			name = array_add(&resident->names);
			name->name = text;
			name->mapping = run->mapping;
		}
		name->bytes += old;
	}
}

/*
 * Of a block that is one huge page, the one fault that made it so.  Where more were sampled in it,
 * it was made of small pages that had come one by one.
 */
static void look_for_huge(struct resident_pages *resident, struct resident_page *page,
			  const struct page_run *run)
{
	uint64_t start = page->first.page / HUGE * HUGE;

	page->is_known = true;
	page->is_huge = run->is_huge;
	for (uint64_t at = start; page->is_huge && at < start + HUGE; at++) {
		if (at != page->first.page && map_find(&resident->page_of, at))
			page->is_huge = false;
	}
}

/* How many pages @page's fault brought that are there and nobody's before. */
static uint64_t pages_of(const struct resident_pages *resident, const struct page_scan *scan,
			 const struct resident_page *page)
{
	struct page_range block = { page->first.page / HUGE * HUGE,
				    page->first.page / HUGE * HUGE + HUGE };
	uint64_t n = 0;

	if (!page->is_huge)
		return 1;
	for (uint64_t at = block.start; at < block.end;) {
		const struct page_run *run = page_scan_find(scan, at);
		struct page_range part = { at, block.end };

		if (!run) {
			at++;
			continue;
		}
		if (run->pages.end < part.end)
			part.end = run->pages.end;
		n += part.end - part.start - page_set_count(&resident->before, part);
		at = part.end;
	}
	return n;
}

/* One in @period was sampled: the rest of those that it stands for are chance. */
static double variance_of(double bytes, uint32_t period)
{
	return bytes * bytes * (1 - 1. / period);
}

static void add_page(struct resident_pages *resident, const struct page_scan *scan,
		     const struct resident_page *page, const struct page_run *run)
{
	struct resident_sum *sum = sum_of(resident, page->first.stack, run->mapping);
	double bytes = (double)(pages_of(resident, scan, page) * PAGE_BYTES * page->first.period);

	sum->bytes += bytes;
	sum->variance += variance_of(bytes, page->first.period);
	sum->samples++;
}

/* Adds up the pages that are there, and forgets those that are gone. */
static void add_pages(struct resident_pages *resident, const struct page_scan *scan,
		      uint64_t start_ns)
{
	size_t kept = 0;

	for (size_t i = 0; i < resident->pages.n; i++) {
		struct resident_page page = resident->pages.items[i];
		const struct page_run *run = page_scan_find(scan, page.first.page);

		if (!run && (page.first.time_ns < start_ns || page.first.page == UINT64_MAX)) {
			map_remove(&resident->page_of, page.first.page);
			continue;
		}
		if (run && !page.is_known)
			look_for_huge(resident, &page, run);
		*map_find(&resident->page_of, page.first.page) = kept + 1;
		resident->pages.items[kept++] = page;
		if (run && !page_set_has(&resident->before, page.first.page))
			add_page(resident, scan, &page, run);
	}
	resident->pages.n = kept;
}

/* What is gone already counts where it would have been. */
static void add_faults(struct resident_pages *resident, const struct page_scan *scan)
{
	const struct resident_fault *fault;

	array_for_each(fault, &resident->faults) {
		const uint64_t *index = map_find(&resident->page_of, fault->page);
		const struct page_run *run = page_scan_find(scan, fault->page);
		bool is_huge = index && resident->pages.items[*index - 1].is_huge;
		struct resident_sum *sum =
			sum_of(resident, fault->stack, run ? run->mapping : MAPPING_ANONYMOUS);

		sum->faulted += (double)((is_huge ? HUGE : 1) * PAGE_BYTES * fault->period);
		sum->faults++;
	}
	resident->faults.n = 0;
}

/*
 * The factor that makes the estimate what is there; 1: what is there is more than the faults
 * explain, or there were none.
 */
static double correction(const struct estimate *estimate, double bytes, enum mapping_kind mapping)
{
	double most = estimate->bytes + MAX_CHANCE * sqrt(estimate->variance);

	if (estimate->bytes <= 0)
		return 1;
	if (mapping == MAPPING_FILE || mapping == MAPPING_SHARED)
		most += (FAULT_ROUND - 1) * estimate->bytes;
	else
		most += (double)(FEW_PAGES * PAGE_BYTES);
	return bytes <= most ? bytes / estimate->bytes : 1;
}

/* Makes the sums of each kind of mapping what is there. */
static void correct(struct resident_pages *resident, const uint64_t new_bytes[MAPPING_N_KINDS])
{
	struct estimate estimates[MAPPING_N_KINDS] = { 0 };
	double factors[MAPPING_N_KINDS];
	struct resident_sum *sum;

	array_for_each(sum, &resident->sums) {
		estimates[sum->mapping].bytes += sum->bytes;
		estimates[sum->mapping].variance += sum->variance;
	}
	for (unsigned int i = 0; i < MAPPING_N_KINDS; i++) {
		double bytes = (double)new_bytes[i], attributed;

		factors[i] = correction(&estimates[i], bytes, (enum mapping_kind)i);
		attributed = estimates[i].bytes * factors[i];
		resident->unseen[i] =
			bytes - attributed >= 1 ? (uint64_t)(bytes - attributed + 0.5) : 0;
	}
	array_for_each(sum, &resident->sums) {
		sum->bytes *= factors[sum->mapping];
		sum->variance *= factors[sum->mapping] * factors[sum->mapping];
	}
}

void resident_pages_settle(struct resident_pages *resident, const struct page_scan *scan,
			   uint64_t start_ns)
{
	uint64_t new_bytes[MAPPING_N_KINDS] = { 0 };
	struct page_set present = { 0 };
	const struct page_run *run;
	struct resident_sum *sum;

	array_for_each(run, &scan->runs)
		page_set_append(&present, run->pages);
	page_set_keep(&resident->before, &present);
	page_set_release(&present);
	array_for_each(sum, &resident->sums) {
		sum->bytes = sum->variance = 0;
		sum->samples = 0;
	}
	count_present(resident, scan, new_bytes);
	add_pages(resident, scan, start_ns);
	add_faults(resident, scan);
	correct(resident, new_bytes);
}
