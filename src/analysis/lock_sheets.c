/* SPDX-License-Identifier: GPL-2.0-only */
/* One line a lock; or, of one lock, who holds it, who waits, for how long and when. */
#include <stdlib.h>

#include "analyses.h"
#include "lock_figures.h"
#include "lock_meanwhile.h"
#include "lock_sheets.h"
#include "lock_stuck.h"

struct lock_report {
	struct chain *chain;
	struct locks *locks;
	struct model *model;
	const struct filter *filter;
};

void *locks_sheets_begin(const struct analysis_input *input)
{
	struct lock_report *report = xcalloc(1, sizeof(*report));

	report->chain = chain_new(input->model, input->sched, true);
	report->locks = locks_begin(input, report->chain);
	report->model = input->model;
	report->filter = input->filter;
	return report;
}

const char *locks_sheets_lack(const void *state)
{
	return locks_lack(((const struct lock_report *)state)->locks);
}

static int compare_sums(const void *a, const void *b)
{
	const struct lock_sum *x = a, *y = b;

	if (x->waited.ns != y->waited.ns)
		return x->waited.ns < y->waited.ns ? 1 : -1;
	return x->lock != y->lock ? (x->lock < y->lock ? -1 : 1) :
	       x->id < y->id      ? -1 :
				    x->id > y->id;
}

static struct lock_sum *sum_of(struct lock_sums *sums, const struct lock_sum *like)
{
	uint64_t key = hash_u64(((uint64_t)like->lock << 32 | like->task) ^
				hash_u64((uint64_t)like->function << 32 | like->stack));
	uint64_t *id = map_insert(&sums->by_key, hash_u64(key ^ like->owner));

	if (!*id) {
		*array_add(&sums->items) = *like;
		*id = sums->items.n;
		sums->items.items[*id - 1].id = (uint32_t)*id;
	}
	return &sums->items.items[*id - 1];
}

void lock_sums_sort(struct lock_sums *sums)
{
	if (sums->items.n)
		qsort(sums->items.items, sums->items.n, sizeof(*sums->items.items), compare_sums);
}

void lock_sums_release(struct lock_sums *sums)
{
	array_release(&sums->items);
	map_release(&sums->by_key);
}

void lock_sums_add(struct lock_sums *sums, const struct lock_sum *like, const struct lock_row *row)
{
	struct lock_sum *sum = sum_of(sums, like);

	amount_add(&sum->waited, row->waited.n, row->waited.ns);
	sum->n_waits = value_add(sum->n_waits, row->n_waits);
	if (row->max_ns > sum->max_ns)
		sum->max_ns = row->max_ns;
}

enum {
	L_NAME,
	L_KIND,
	L_ADDRESS,
	L_PROCESS,
	L_PID,
	L_N,
	L_TOTAL,
	L_MEAN,
	L_MAX,
	L_WAITING,
	L_HOLDER,
	L_WAITER,
	L_NAMED,
	L_BEHIND,
	L_PARTS, /* one for each of enum lock_part_what */
	L_N_COLUMNS = L_PARTS + LOCK_N_PARTS
};

static const struct sheet_column columns[L_N_COLUMNS] = {
	[L_NAME] = { "lock", "lock", SHEET_TEXT },
	[L_KIND] = { "kind", "kind", SHEET_TEXT },
	[L_ADDRESS] = { "address", "address", SHEET_TEXT },
	[L_PROCESS] = { "process", "process", SHEET_TEXT },
	[L_PID] = { "pid", NULL, SHEET_ID },
	[L_N] = { "contentions", "contentions", SHEET_COUNT },
	[L_TOTAL] = { "total_ns", "total", SHEET_NS },
	[L_MEAN] = { "mean_ns", "mean", SHEET_NS },
	[L_MAX] = { "max_ns", "max", SHEET_NS },
	[L_WAITING] = { "waiting", "at once", SHEET_COUNT },
	[L_HOLDER] = { "top_holder", "most ended by", SHEET_TEXT },
	[L_WAITER] = { "top_waiter", "most waiting", SHEET_TEXT },
	[L_NAMED] = { "meanwhile", "what its holder did meanwhile", SHEET_BELOW },
	[L_BEHIND] = { "behind_ns", NULL, SHEET_NS },
	[L_PARTS + LOCK_PART_RUNNING] = { "holder_running_ns", NULL, SHEET_NS },
	[L_PARTS + LOCK_PART_RUNNABLE] = { "holder_runnable_ns", NULL, SHEET_NS },
	[L_PARTS + LOCK_PART_OUTRANKED] = { "holder_outranked_ns", NULL, SHEET_NS },
	[L_PARTS + LOCK_PART_BLOCKED] = { "holder_blocked_ns", NULL, SHEET_NS },
	[L_PARTS + LOCK_PART_UNRECORDED] = { "holder_unrecorded_ns", NULL, SHEET_NS },
	[L_PARTS + LOCK_PART_UNKNOWN] = { "holder_unknown_ns", NULL, SHEET_NS },
	[L_PARTS + LOCK_PART_OPEN] = { "not_unlocked_ns", NULL, SHEET_NS },
	[L_PARTS + LOCK_PART_WOKEN] = { "woken_ns", NULL, SHEET_NS },
	[L_PARTS + LOCK_PART_RETRY] = { "too_late_ns", NULL, SHEET_NS },
};

struct tops { /* of each lock: the sums that are largest; indexes + 1 */
	struct lock_sums sums;
	uint32_t *of_lock;
};

static void find_tops(struct tops *tops, size_t n_locks)
{
	tops->of_lock = xcalloc(n_locks + 1, sizeof(*tops->of_lock));
	lock_sums_sort(&tops->sums);
	for (size_t i = tops->sums.items.n; i > 0; i--)
		tops->of_lock[tops->sums.items.items[i - 1].lock] = (uint32_t)i;
}

static void release_tops(struct tops *tops)
{
	lock_sums_release(&tops->sums);
	free(tops->of_lock);
}

/* "hold_a in worker (53%)" */
static char *top_of(const struct tops *tops, struct names *names, const struct model *model,
		    const struct lock_sum *lock)
{
	uint32_t i = tops->of_lock[lock->lock];
	const struct lock_sum *top = i ? &tops->sums.items.items[i - 1] : NULL;
	double percent;

	if (!top)
		return NULL;
	percent = 100.0 * (double)top->waited.ns / (double)lock->waited.ns;
	if (!top->task && top->owner)
		return xasprintf("nobody yet, last seen with %s (%.0f%%)",
				 names_text(names, names_thread(names, model, top->owner)),
				 percent);
	if (!top->task)
		return xasprintf("nobody yet (%.0f%%)", percent);
	return xasprintf("%s in %s (%.0f%%)",
			 top->function ? names_text(names, top->function) : "?",
			 names_text(names, names_thread(names, model, top->task)), percent);
}

static void put_meanwhile(union sheet_cell *cells, const struct lock_meanwhile *meanwhile)
{
	struct buf text = { 0 };

	lock_meanwhile_name(&text, meanwhile);
	cells[L_NAMED].text = xstrdup(buf_str(&text));
	buf_release(&text);
	cells[L_BEHIND].number = meanwhile->behind_ns;
	for (size_t i = 0; i < LOCK_N_PARTS; i++)
		cells[L_PARTS + i].number = meanwhile->ns[i];
}

struct lists {
	struct lock_sums contended, apart;
	struct tops tops[2]; /* holders, waiters */
	struct lock_meanwhile *meanwhile;
};

static void put_lock(struct sheet *sheet, struct lock_report *report, struct names *names,
		     const struct lock_sum *sum, const struct lists *lists)
{
	const struct lock *lock = &locks_items(report->locks, NULL)[sum->lock];
	struct model_thread thread =
		model_thread(report->model, model_task(report->model, lock->task).thread);
	union sheet_cell *cells = sheet_row(sheet);

	cells[L_NAME].text = xstrdup(names_text(names, lock->name));
	cells[L_KIND].text = xstrdup(lock_kind_name(lock->kind));
	if (lock->address)
		cells[L_ADDRESS].text = xasprintf("0x%llx", (unsigned long long)lock->address);
	cells[L_PROCESS].text =
		xstrdup(names_text(names, names_process(names, report->model, lock->task)));
	cells[L_PID].number = thread.pid;
	cells[L_N].number = sum->waited.n;
	cells[L_TOTAL].number = sum->waited.ns;
	cells[L_MEAN].number = sum->waited.n ? sum->waited.ns / sum->waited.n : 0;
	cells[L_MAX].number = sum->max_ns;
	cells[L_WAITING].number =
		lock->word ? lock_words_get(locks_words(report->locks), lock->word)->most_waiting :
			     SHEET_UNKNOWN;
	cells[L_HOLDER].text = top_of(&lists->tops[0], names, report->model, sum);
	cells[L_WAITER].text = top_of(&lists->tops[1], names, report->model, sum);
	put_meanwhile(cells, &lists->meanwhile[sum->lock]);
}

static void add_row(struct lists *lists, struct lock_report *report, const struct lock_row *row,
		    bool is_contention)
{
	struct lock_sum holder = {
		.lock = row->lock,
		.task = row->holder,
		.function = locks_site(report->locks, row->wake_stack).function,
		.owner = row->owner,
	};
	struct lock_sum waiter = {
		.lock = row->lock,
		.task = row->waiter,
		.function = locks_site(report->locks, row->wait_stack).function,
	};
	bool is_lock = lock_is_contended(locks_items(report->locks, NULL)[row->lock].kind);

	if (is_lock != is_contention || !locks_wanted(report->locks, row))
		return;
	lock_sums_add(is_contention ? &lists->contended : &lists->apart,
		      &(struct lock_sum){ .lock = row->lock }, row);
	lock_sums_add(&lists->tops[0].sums, &holder, row);
	lock_sums_add(&lists->tops[1].sums, &waiter, row);
}

static void put_list(struct sheets *ret, struct lock_report *report, struct names *names,
		     const struct lists *lists)
{
	const struct lock_sum *sum;
	struct sheet *sheet = sheets_add(ret, "locks", NULL, columns, L_N_COLUMNS);

	array_for_each(sum, &lists->contended.items)
		put_lock(sheet, report, names, sum, lists);
	if (!lists->apart.items.n)
		return;
	sheet = sheets_add(ret, "apart", "no contention: condition variables and the like", columns,
			   L_N_COLUMNS);
	array_for_each(sum, &lists->apart.items)
		put_lock(sheet, report, names, sum, lists);
}

void locks_sheets(void *state, struct sheets *ret)
{
	struct lock_report *report = state;
	struct names *names = names_new(model_dictionary(report->model));
	struct lock_figures figures = { 0 };
	const struct lock_row *rows;
	struct lists lists = { 0 };
	size_t n, n_locks;

	locks_resolve(report->locks, names);
	rows = locks_rows(report->locks, &n);
	locks_items(report->locks, &n_locks);
	for (size_t i = 0; i < n; i++)
		add_row(&lists, report, &rows[i],
			lock_figures_add(&figures, report->locks, &rows[i]));
	lock_sums_sort(&lists.contended);
	lock_sums_sort(&lists.apart);
	for (size_t i = 0; i < 2; i++)
		find_tops(&lists.tops[i], n_locks);
	lists.meanwhile = lock_meanwhile_all(report->locks);
	sheets_init(ret, "locks", report->model, report->filter);
	lock_stuck_note(&ret->notes, report->locks, report->model, names);
	lock_figures_note(&figures, report->locks, &ret->notes);
	put_list(ret, report, names, &lists);
	if (report->filter->lock)
		lock_story(ret, report->locks, report->model, names);
	for (size_t i = 0; i < 2; i++)
		release_tops(&lists.tops[i]);
	lock_sums_release(&lists.contended);
	lock_sums_release(&lists.apart);
	free(lists.meanwhile);
	locks_free(report->locks);
	chain_free(report->chain);
	names_free(names);
	free(report);
}
