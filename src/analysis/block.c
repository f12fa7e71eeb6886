/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The blocking profile: where threads wait, from the switch that took them off the
 * CPU to the wake-up; as Go's, its values are contentions and delay.
 */
#include <stdlib.h>

#include "analyses.h"
#include "base/human.h"
#include "leaf.h"
#include "waits.h"

enum { VALUE_CONTENTIONS, VALUE_DELAY };

struct block {
	struct waits *waits;
	struct model *model;
	const struct filter *filter;
	enum waits_detail detail;
};

struct apart { /* what does not go into the profile's rows, or not with a stack */
	int64_t idle_n, idle_ns;
	int64_t unsampled_n, unsampled_ns;
	int64_t stack_ns; /* with a stack, idle ones included */
	int64_t ns;
};

static void *begin(const struct analysis_input *input, enum waits_detail detail)
{
	struct block *block = xcalloc(1, sizeof(*block));

	block->waits = waits_begin(input, detail);
	block->model = input->model;
	block->filter = input->filter;
	block->detail = detail;
	return block;
}

void *block_begin(const struct analysis_input *input)
{
	return begin(input, WAITS_PLACES);
}

void *wakers_begin(const struct analysis_input *input)
{
	return begin(input, WAITS_WAKERS);
}

void *chain_begin(const struct analysis_input *input)
{
	return begin(input, WAITS_CHAINS);
}

const char *block_lack(const void *state)
{
	return waits_lack(((const struct block *)state)->waits);
}

/* Whether @row has a place in the profile; what stays apart is counted. */
static bool is_wanted(const struct block *block, const struct wait_row *row, struct apart *apart)
{
	if (!filter_has_task(block->filter, block->model, row->task) ||
	    (block->filter->waits &&
	     !(row->is_sampled && filter_has_wait(block->filter, row->place.why))))
		return false;
	apart->ns = value_add(apart->ns, row->ns);
	if (row->place.stack)
		apart->stack_ns = value_add(apart->stack_ns, row->ns);
	if (!row->is_sampled) {
		apart->unsampled_n += row->n;
		apart->unsampled_ns = value_add(apart->unsampled_ns, row->ns);
	}
	if (!row->is_idle || block->filter->with_idle)
		return true;
	apart->idle_n += row->n;
	apart->idle_ns = value_add(apart->idle_ns, row->ns);
	return false;
}

static uint32_t stack_of(const struct block *block, struct definer *definer,
			 const struct wait_row *row)
{
	switch (block->detail) {
	case WAITS_WAKERS:
		return leaf_waker(definer, block->model, row);
	case WAITS_CHAINS:
		return leaf_chain(definer, block->model, waits_chain(block->waits), row);
	default:
		return leaf_wait(definer, block->model, row);
	}
}

static void put_row(const struct block *block, struct definer *definer, const struct wait_row *row,
		    struct profile *profile)
{
	struct profile_key key = {
		.stack = stack_of(block, definer, row),
		.task = row->task,
		.cpu = PROFILE_NO_CPU,
		.when = row->place.when,
	};
	struct profile_row *to = profile_row(profile, &key);

	to->values[VALUE_CONTENTIONS] = value_add(to->values[VALUE_CONTENTIONS], row->n);
	to->values[VALUE_DELAY] = value_add(to->values[VALUE_DELAY], row->ns);
	if (row->is_sampled && row->max_ns > to->max)
		to->max = row->max_ns;
}

static void put_notes(const struct apart *apart, const struct waits_totals *totals,
		      enum waits_detail detail, struct audit *notes)
{
	char time[HUMAN_SIZE], of[HUMAN_SIZE], n[HUMAN_SIZE], all[HUMAN_SIZE];

	if (apart->idle_ns)
		audit_add(notes, false,
			  "idle apart: %s waits for work, %s of %s; --idle shows them",
			  human_count(n, (uint64_t)apart->idle_n),
			  human_duration(time, (uint64_t)apart->idle_ns),
			  human_duration(of, (uint64_t)apart->ns));
	if (totals->n_known < totals->n)
		audit_add(notes, false,
			  "%s of %s waits were sampled; the exact durations of all are spread over "
			  "these: counts and means of stacks are estimates, max is of the sampled",
			  human_count(n, (uint64_t)totals->n_known),
			  human_count(all, (uint64_t)totals->n));
	if (totals->n_known < totals->n && detail != WAITS_PLACES)
		audit_add(notes, false,
			  "by whom each wait was ended is exact; %s are those of sampled ones",
			  detail == WAITS_WAKERS ? "wakers' stacks" : "chains");
	if (apart->unsampled_ns)
		audit_add(notes, true, "of %s (%.1f%% of the waiting) it is not known where it was",
			  human_duration(time, (uint64_t)apart->unsampled_ns),
			  human_percent(apart->unsampled_ns, apart->ns));
	audit_add(notes, false, "%.1f%% of the waiting time carries a stack",
		  human_percent(apart->stack_ns, apart->ns));
}

void block_profile(void *state, struct profile *ret)
{
	static const char *const names[] = { "block", "wakers", "chain" };
	struct block *block = state;
	struct waits_totals totals = waits_totals(block->waits);
	struct definer *definer = model_definer(block->model);
	struct apart apart = { 0 };
	const struct wait_row *rows;
	size_t n;

	profile_init(ret, names[block->detail], block->model);
	profile_add_type(ret, "contentions", "count");
	ret->default_type = profile_add_type(ret, "delay", "nanoseconds");
	ret->period_type = (struct value_type){ "contentions", "count" };
	ret->period = 1;
	ret->has_max = true;
	rows = waits_rows(block->waits, &n);
	for (size_t i = 0; i < n; i++) {
		if (is_wanted(block, &rows[i], &apart))
			put_row(block, definer, &rows[i], ret);
	}
	ret->unfiltered[VALUE_CONTENTIONS] = totals.unfiltered_n;
	ret->unfiltered[VALUE_DELAY] = totals.unfiltered_ns;
	put_notes(&apart, &totals, block->detail, &ret->notes);
	profile_close(ret, block->filter);
	definer_free(definer);
	waits_free(block->waits);
	free(block);
}
