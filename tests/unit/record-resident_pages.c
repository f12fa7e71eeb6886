/* SPDX-License-Identifier: GPL-2.0-only */
/* Sets of pages, and whose pages of a process are, by faults and looks made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "../../src/record/resident_pages.h"

#define PERIOD 17u

static struct page_set set_of(const struct page_range *ranges, size_t n)
{
	struct page_set set = { 0 };

	for (size_t i = 0; i < n; i++)
		page_set_append(&set, ranges[i]);
	return set;
}

static void a_set_joins_what_touches_and_passes_over_what_it_has(void **state)
{
	const struct page_range ranges[] = {
		{ 10, 20 }, { 20, 30 }, { 25, 35 }, { 5, 12 }, { 40, 41 }
	};
	struct page_set set = set_of(ranges, 5);

	(void)state;
	assert_int_equal(set.ranges.n, 2);
	assert_int_equal(set.ranges.items[0].start, 10);
	assert_int_equal(set.ranges.items[0].end, 35);
	assert_false(page_set_has(&set, 9));
	assert_true(page_set_has(&set, 10));
	assert_true(page_set_has(&set, 34));
	assert_false(page_set_has(&set, 35));
	assert_true(page_set_has(&set, 40));
	assert_false(page_set_has(&set, 41));
	assert_int_equal(page_set_count(&set, (struct page_range){ 0, 100 }), 26);
	assert_int_equal(page_set_count(&set, (struct page_range){ 30, 41 }), 6);
	assert_int_equal(page_set_count(&set, (struct page_range){ 35, 40 }), 0);
	page_set_release(&set);
}

/* Against sets that are an array of bits. */
static void sets_are_as_arrays_of_bits_are(void **state)
{
	enum { N = 60 };

	(void)state;
	for (unsigned int seed = 1; seed < 2000; seed++) {
		bool a[N] = { 0 }, b[N] = { 0 }, moved[N] = { 0 };
		struct page_set sa = { 0 }, sb = { 0 };
		uint64_t from, to, n;

		srand(seed);
		for (uint64_t i = 0; i < N; i++) {
			a[i] = rand() % 3 != 0;
			b[i] = rand() % 3 != 0;
			if (a[i])
				page_set_append(&sa, (struct page_range){ i, i + 1 });
			if (b[i])
				page_set_append(&sb, (struct page_range){ i, i + 1 });
		}
		n = 1 + (uint64_t)(rand() % 20);
		from = (uint64_t)rand() % (N - n);
		to = (uint64_t)rand() % (N - n);
		for (uint64_t i = 0; i < N; i++) {
			bool is_goal = i >= to && i < to + n, is_from = i >= from && i < from + n;

			moved[i] = is_goal ? a[i - to + from] : !is_from && a[i];
		}
		page_set_move(&sa, (struct page_range){ from, from + n }, to);
		for (uint64_t i = 0; i < N; i++)
			assert_int_equal(page_set_has(&sa, i), moved[i]);
		page_set_keep(&sa, &sb);
		for (uint64_t i = 0; i < N; i++)
			assert_int_equal(page_set_has(&sa, i), moved[i] && b[i]);
		page_set_release(&sa);
		page_set_release(&sb);
	}
}

static struct page_scan scan_of(const struct page_run *runs, size_t n)
{
	struct page_scan scan = { 0 };

	buf_add(&scan.names, "\0[heap]", 8);
	for (size_t i = 0; i < n; i++)
		*array_add(&scan.runs) = runs[i];
	return scan;
}

#define SCAN(...)                                         \
	scan_of((const struct page_run[]){ __VA_ARGS__ }, \
		sizeof((const struct page_run[]){ __VA_ARGS__ }) / sizeof(struct page_run))

static void fault(struct resident_pages *r, uint64_t page, uint64_t time_ns, uint32_t stack,
		  uint32_t period)
{
	resident_pages_fault(r, &(struct resident_fault){ page, time_ns, stack, period });
}

static void settle(struct resident_pages *r, struct page_scan scan, uint64_t start_ns)
{
	resident_pages_settle(r, &scan, start_ns);
	r->names.n = 0;
	page_scan_release(&scan);
}

static uint64_t pages_of(const struct resident_pages *r, uint32_t stack, enum mapping_kind mapping)
{
	const uint64_t *index = map_find(&r->sum_of[mapping], stack);

	return index ? (uint64_t)(r->sums.items[*index - 1].bytes / PAGE_BYTES + 0.5) : 0;
}

static uint64_t faulted_pages(const struct resident_pages *r, uint32_t stack)
{
	const struct resident_sum *sum;
	double bytes = 0;

	array_for_each(sum, &r->sums)
		bytes += sum->stack == stack ? sum->faulted : 0;
	return (uint64_t)(bytes / PAGE_BYTES + 0.5);
}

static void every_page_belongs_to_who_touched_it_first(void **state)
{
	struct resident_pages r = { 0 };

	(void)state;
	for (uint64_t i = 0; i < 10; i++)
		fault(&r, 100 + i, 1, 1, 1);
	for (uint64_t i = 0; i < 5; i++)
		fault(&r, 105 + i, 2, 2, 1); /* again: copied on write */
	for (uint64_t i = 0; i < 5; i++)
		fault(&r, 110 + i, 3, 2, 1);
	settle(&r, SCAN({ { 100, 115 }, MAPPING_HEAP, 1, false }), 10);
	assert_int_equal(pages_of(&r, 1, MAPPING_HEAP), 10);
	assert_int_equal(pages_of(&r, 2, MAPPING_HEAP), 5);
	assert_int_equal(r.present[MAPPING_HEAP], 15 * PAGE_BYTES);
	assert_int_equal(r.unseen[MAPPING_HEAP], 0);
	assert_int_equal(faulted_pages(&r, 2), 10);
	resident_pages_release(&r);
}

static void what_was_there_before_stays_that_until_it_is_gone(void **state)
{
	struct resident_pages r = { 0 };
	struct page_scan first = SCAN({ { 100, 300 }, MAPPING_ANONYMOUS, 0, false });

	(void)state;
	resident_pages_begin(&r, &first);
	page_scan_release(&first);
	fault(&r, 150, 1, 1, 1);
	fault(&r, 300, 1, 1, 1);
	settle(&r, SCAN({ { 120, 301 }, MAPPING_ANONYMOUS, 0, false }), 10);
	assert_int_equal(pages_of(&r, 1, MAPPING_ANONYMOUS), 1);
	assert_int_equal(page_set_count(&r.before, (struct page_range){ 0, 1000 }), 180);
	/* Those that went and came back are new. */
	for (uint64_t i = 100; i < 120; i++)
		fault(&r, i, 20, 2, 1);
	settle(&r, SCAN({ { 100, 301 }, MAPPING_ANONYMOUS, 0, false }), 30);
	assert_int_equal(pages_of(&r, 2, MAPPING_ANONYMOUS), 20);
	resident_pages_release(&r);
}

static void a_fault_younger_than_the_look_is_not_forgotten(void **state)
{
	struct resident_pages r = { 0 };

	(void)state;
	fault(&r, 100, 5, 1, 1);
	fault(&r, 101, 15, 1, 1);
	settle(&r, SCAN({ { 7, 8 }, MAPPING_FILE, 0, false }), 10);
	assert_int_equal(r.pages.n, 1);
	settle(&r, SCAN({ { 100, 102 }, MAPPING_ANONYMOUS, 0, false }), 20);
	assert_int_equal(pages_of(&r, 1, MAPPING_ANONYMOUS), 2); /* within what chance explains */
	assert_int_equal(r.pages.n, 1);
	resident_pages_release(&r);
}

static void samples_are_made_to_add_up_to_what_is_there(void **state)
{
	struct resident_pages r = { 0 };
	const uint64_t *index;

	(void)state;
	/* 17,000 pages, of which every 17th was sampled; and 5 % more by chance. */
	for (uint64_t i = 0; i < 1050; i++)
		fault(&r, 1000 + 16 * i, 1, i % 2 ? 1 : 2, PERIOD);
	settle(&r, SCAN({ { 1000, 18000 }, MAPPING_ANONYMOUS, 0, false }), 10);
	assert_int_equal(pages_of(&r, 1, MAPPING_ANONYMOUS), 8500);
	assert_int_equal(pages_of(&r, 2, MAPPING_ANONYMOUS), 8500);
	assert_int_equal(r.unseen[MAPPING_ANONYMOUS], 0);
	index = map_find(&r.sum_of[MAPPING_ANONYMOUS], 1);
	/* 525 samples: a standard deviation of 8500 / sqrt(525), but for 1 in 17. */
	assert_in_range((uint64_t)(r.sums.items[*index - 1].variance / PAGE_BYTES / PAGE_BYTES),
			358 * 358, 362 * 362);
	resident_pages_release(&r);
}

static void what_chance_does_not_explain_is_unseen(void **state)
{
	struct resident_pages r = { 0 };

	(void)state;
	for (uint64_t i = 0; i < 1000; i++)
		fault(&r, 1000 + 17 * i, 1, 1, PERIOD);
	settle(&r,
	       SCAN({ { 1000, 18000 }, MAPPING_ANONYMOUS, 0, false },
		    { { 50000, 55000 }, MAPPING_ANONYMOUS, 0, false }),
	       10);
	assert_int_equal(pages_of(&r, 1, MAPPING_ANONYMOUS), 17000);
	assert_int_equal(r.unseen[MAPPING_ANONYMOUS], 5000 * PAGE_BYTES);
	/* And where there were no faults at all, all is. */
	settle(&r, SCAN({ { 5, 6 }, MAPPING_SHARED, 0, false }), 20);
	assert_int_equal(r.unseen[MAPPING_SHARED], PAGE_BYTES);
	resident_pages_release(&r);
}

static void a_fault_in_a_file_maps_those_around_it_too(void **state)
{
	struct resident_pages r = { 0 };

	(void)state;
	for (uint64_t i = 0; i < 100; i++)
		fault(&r, 1000 + 16 * i, 1, 1, 1);
	settle(&r, SCAN({ { 1000, 2600 }, MAPPING_FILE, 0, false }), 10);
	assert_int_equal(pages_of(&r, 1, MAPPING_FILE), 1600);
	assert_int_equal(r.unseen[MAPPING_FILE], 0);
	resident_pages_release(&r);
}

static void a_huge_page_is_of_the_one_fault_that_made_it(void **state)
{
	struct resident_pages r = { 0 };

	(void)state;
	fault(&r, 512 * 4 + 100, 1, 1, 1);
	fault(&r, 512 * 6 + 1, 1, 2, 1); /* of small pages, made huge later */
	fault(&r, 512 * 6 + 2, 1, 2, 1);
	settle(&r,
	       SCAN({ { 512 * 4, 512 * 5 }, MAPPING_ANONYMOUS, 0, true },
		    { { 512 * 6, 512 * 7 }, MAPPING_ANONYMOUS, 0, true }),
	       10);
	assert_int_equal(pages_of(&r, 1, MAPPING_ANONYMOUS), 512);
	assert_int_equal(pages_of(&r, 2, MAPPING_ANONYMOUS), 2);
	assert_int_equal(r.unseen[MAPPING_ANONYMOUS], 510 * PAGE_BYTES);
	/* A part of it is given back: it is no huge page any more, but still of that fault. */
	settle(&r, SCAN({ { 512 * 4 + 50, 512 * 5 }, MAPPING_ANONYMOUS, 0, false }), 20);
	assert_int_equal(pages_of(&r, 1, MAPPING_ANONYMOUS), 462);
	assert_int_equal(faulted_pages(&r, 1), 512);
	resident_pages_release(&r);
}

static void what_mremap_moves_is_whose_it_was(void **state)
{
	struct resident_pages r = { 0 };
	struct page_scan first = SCAN({ { 500, 520 }, MAPPING_ANONYMOUS, 0, false });

	(void)state;
	resident_pages_begin(&r, &first);
	page_scan_release(&first);
	for (uint64_t i = 0; i < 10; i++)
		fault(&r, 100 + i, 1, 1, 1);
	fault(&r, 203, 1, 2, 1); /* where they go to */
	resident_pages_move(&r, (struct page_range){ 100, 110 }, 200);
	resident_pages_move(&r, (struct page_range){ 500, 520 }, 510); /* over itself */
	resident_pages_move(&r, (struct page_range){ 600, 600 }, 510);
	settle(&r,
	       SCAN({ { 200, 210 }, MAPPING_ANONYMOUS, 0, false },
		    { { 510, 530 }, MAPPING_ANONYMOUS, 0, false }),
	       10);
	assert_int_equal(pages_of(&r, 1, MAPPING_ANONYMOUS), 10);
	assert_int_equal(pages_of(&r, 2, MAPPING_ANONYMOUS), 0);
	assert_int_equal(r.unseen[MAPPING_ANONYMOUS], 0);
	assert_int_equal(page_set_count(&r.before, (struct page_range){ 510, 530 }), 20);
	resident_pages_release(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_set_joins_what_touches_and_passes_over_what_it_has),
		cmocka_unit_test(sets_are_as_arrays_of_bits_are),
		cmocka_unit_test(every_page_belongs_to_who_touched_it_first),
		cmocka_unit_test(what_was_there_before_stays_that_until_it_is_gone),
		cmocka_unit_test(a_fault_younger_than_the_look_is_not_forgotten),
		cmocka_unit_test(samples_are_made_to_add_up_to_what_is_there),
		cmocka_unit_test(what_chance_does_not_explain_is_unseen),
		cmocka_unit_test(a_fault_in_a_file_maps_those_around_it_too),
		cmocka_unit_test(a_huge_page_is_of_the_one_fault_that_made_it),
		cmocka_unit_test(what_mremap_moves_is_whose_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
