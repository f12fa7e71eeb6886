/* SPDX-License-Identifier: GPL-2.0-only */
/* Of one lock: who ended waits and held it for how long, who waited, and when. */
#include <stdlib.h>

#include "lock_meanwhile.h"
#include "lock_sheets.h"
#include "lock_stuck.h"

#define PATH_FRAMES 8u
#define BAR_WIDTH   30

struct story {
	struct locks *locks;
	const struct model *model;
	struct names *names;
	struct lock_sums holders, waiters;
};

char *lock_path(struct locks *locks, const struct model *model, struct names *names, uint32_t stack)
{
	const struct dictionary *dict = model_dictionary(model);
	uint32_t from = locks_site(locks, stack).function;
	struct buf text = { 0 };
	unsigned int n = 0;
	char *ret;

	for (; stack && n < PATH_FRAMES; stack = dictionary_stack(dict, stack).parent) {
		struct levels levels =
			names_frame(names, names_frame_of(dictionary_stack(dict, stack)));

		for (size_t i = 0; i < levels.n && n < PATH_FRAMES; i++) {
			struct function f = names_function(names, levels.items[i].function);

			if (!n && from && f.name != from)
				continue;
			buf_printf(&text, "%s%s", n++ ? " < " : "", names_text(names, f.name));
		}
	}
	ret = text.size ? xstrdup(buf_str(&text)) : NULL;
	buf_release(&text);
	return ret;
}

static char *path_of(const struct story *story, uint32_t stack)
{
	return lock_path(story->locks, story->model, story->names, stack);
}

enum {
	W_NAME,
	W_TID,
	W_N,
	W_TOTAL,
	W_MEAN,
	W_MAX,
	W_HELD_N,
	W_HELD_MEAN,
	W_HELD_MAX,
	W_PATH,
	W_N_COLUMNS
};

static const struct sheet_column holder_columns[W_N_COLUMNS] = {
	[W_NAME] = { "name", "thread", SHEET_TEXT },
	[W_TID] = { "tid", "tid", SHEET_ID },
	[W_N] = { "contentions", "contentions", SHEET_COUNT },
	[W_TOTAL] = { "total_ns", "total", SHEET_NS },
	[W_MEAN] = { "mean_ns", "mean", SHEET_NS },
	[W_MAX] = { "max_ns", "max", SHEET_NS },
	[W_HELD_N] = { "holds", "holds seen", SHEET_COUNT },
	[W_HELD_MEAN] = { "hold_mean_ns", "mean hold", SHEET_NS },
	[W_HELD_MAX] = { "hold_max_ns", "longest", SHEET_NS },
	[W_PATH] = { "stack", "where it was unlocked", SHEET_TEXT },
};

enum { V_NAME, V_TID, V_N, V_TOTAL, V_MEAN, V_MAX, V_WAITS, V_PATH, V_N_COLUMNS };

static const struct sheet_column waiter_columns[V_N_COLUMNS] = {
	[V_NAME] = { "name", "thread", SHEET_TEXT },
	[V_TID] = { "tid", "tid", SHEET_ID },
	[V_N] = { "contentions", "contentions", SHEET_COUNT },
	[V_TOTAL] = { "total_ns", "total", SHEET_NS },
	[V_MEAN] = { "mean_ns", "mean", SHEET_NS },
	[V_MAX] = { "max_ns", "max", SHEET_NS },
	[V_WAITS] = { "waits", "waits", SHEET_COUNT },
	[V_PATH] = { "stack", "where it waited", SHEET_TEXT },
};

static uint32_t tid_of(const struct story *story, uint32_t task)
{
	return model_thread(story->model, model_task(story->model, task).thread).tid;
}

/* The cells that both sheets begin with. */
static union sheet_cell *put_sum(struct sheet *sheet, const struct story *story,
				 const struct lock_sum *sum)
{
	union sheet_cell *cells = sheet_row(sheet);

	char *owner = sum->owner ? lock_stuck_name(story->model, story->names, sum->owner) : NULL;

	if (sum->task)
		cells[W_NAME].text = xstrdup(names_text(
			story->names, names_thread(story->names, story->model, sum->task)));
	else if (owner)
		cells[W_NAME].text = xasprintf("nobody, yet; last seen with %s", owner);
	else
		cells[W_NAME].text = xstrdup("nobody, yet");
	free(owner);
	cells[W_TID].number = tid_of(story, sum->task);
	cells[W_N].number = sum->waited.n;
	cells[W_TOTAL].number = sum->waited.ns;
	cells[W_MEAN].number = sum->waited.n ? sum->waited.ns / sum->waited.n : 0;
	cells[W_MAX].number = sum->max_ns;
	return cells;
}

static void put_holders(struct sheets *ret, struct story *story)
{
	const struct lock *locks = locks_items(story->locks, NULL);
	struct sheet *sheet = sheets_add(ret, "holders", "who ended the waits, and what it held",
					 holder_columns, W_N_COLUMNS);
	const struct lock_sum *sum;

	array_for_each(sum, &story->holders.items) {
		union sheet_cell *cells = put_sum(sheet, story, sum);
		struct lock_hold hold = lock_words_hold(locks_words(story->locks),
							locks[sum->lock].word, sum->task);

		cells[W_HELD_N].number = hold.held.n;
		cells[W_HELD_MEAN].number = hold.held.n ? hold.held.ns / hold.held.n : 0;
		cells[W_HELD_MAX].number = hold.max_ns;
		cells[W_PATH].text = path_of(story, sum->stack);
	}
}

static void put_waiters(struct sheets *ret, struct story *story)
{
	struct sheet *sheet = sheets_add(ret, "waiters", "who waited: as often as it was woken",
					 waiter_columns, V_N_COLUMNS);
	const struct lock_sum *sum;

	array_for_each(sum, &story->waiters.items) {
		union sheet_cell *cells = put_sum(sheet, story, sum);

		cells[V_WAITS].number = sum->n_waits;
		cells[V_PATH].text = path_of(story, sum->stack);
	}
}

enum { S_FROM, S_N, S_TOTAL, S_BAR, S_N_COLUMNS };

static const struct sheet_column slice_columns[S_N_COLUMNS] = {
	[S_FROM] = { "from_ns", "from", SHEET_NS },
	[S_N] = { "contentions", "contentions", SHEET_COUNT },
	[S_TOTAL] = { "total_ns", "total", SHEET_NS },
	[S_BAR] = { NULL, "over time, as far as sampled", SHEET_PEOPLE },
};

static void put_slices(struct sheets *ret, struct story *story)
{
	struct lock_words *words = locks_words(story->locks);
	struct sheet *sheet = sheets_add(ret, "slices", NULL, slice_columns, S_N_COLUMNS);
	struct amount slices[LOCK_N_SLICES] = { { 0 } };
	struct model_window window = model_window(story->model);
	size_t n_locks;
	const struct lock *locks = locks_items(story->locks, &n_locks);
	int64_t most = 1;

	for (size_t l = 0; l < n_locks; l++) {
		bool is_wanted = false;
		const struct lock_sum *sum;

		array_for_each(sum, &story->holders.items)
			is_wanted |= sum->lock == l;
		for (size_t i = 0; is_wanted && locks[l].word && i < LOCK_N_SLICES; i++) {
			const struct amount *slice =
				&lock_words_get(words, locks[l].word)->slices[i];

			amount_add(&slices[i], slice->n, slice->ns);
			most = slices[i].ns > most ? slices[i].ns : most;
		}
	}
	for (size_t i = 0; i < LOCK_N_SLICES; i++) {
		size_t n = (size_t)((double)slices[i].ns * BAR_WIDTH / (double)most + 0.5);
		uint64_t from_ns = i * lock_words_slice_ns(words);
		union sheet_cell *cells;

		if (from_ns >= window.end_ns - window.start_ns)
			break;
		cells = sheet_row(sheet);
		cells[S_FROM].number = (int64_t)from_ns;
		cells[S_N].number = slices[i].n;
		cells[S_TOTAL].number = slices[i].ns;
		cells[S_BAR].text = xcalloc(n + 1, 1);
		memset(cells[S_BAR].text, '#', n);
	}
}

/* Where it was unlocked; of a lock that was not, where its owner was blocked at the end. */
static uint32_t stack_of(const struct locks *locks, const struct lock_row *row)
{
	return row->owner ? lock_owners_wait(locks_owners(locks), row->waiter).stack :
			    row->wake_stack;
}

void lock_story(struct sheets *ret, struct locks *locks, const struct model *model,
		struct names *names)
{
	struct story story = { .locks = locks, .model = model, .names = names };
	size_t n;
	const struct lock_row *rows = locks_rows(locks, &n);

	for (size_t i = 0; i < n; i++) {
		struct lock_sum holder = { .lock = rows[i].lock,
					   .task = rows[i].holder,
					   .stack = stack_of(locks, &rows[i]),
					   .owner = rows[i].owner };
		struct lock_sum waiter = { .lock = rows[i].lock,
					   .task = rows[i].waiter,
					   .stack = rows[i].wait_stack };

		if (!locks_wanted(locks, &rows[i]) || !lock_end_counts(rows[i].end))
			continue;
		lock_sums_add(&story.holders, &holder, &rows[i]);
		lock_sums_add(&story.waiters, &waiter, &rows[i]);
	}
	lock_sums_sort(&story.holders);
	lock_sums_sort(&story.waiters);
	put_holders(ret, &story);
	put_waiters(ret, &story);
	lock_meanwhile_sheet(ret, locks, model, names);
	put_slices(ret, &story);
	lock_sums_release(&story.holders);
	lock_sums_release(&story.waiters);
}
