/* SPDX-License-Identifier: GPL-2.0-only */
/* Which system calls each thread made, how often they failed, how long they took. */
#include <stdlib.h>

#include "analyses.h"
#include "histogram.h"
#include "model/names.h"
#include "model/syscalls.h"

#define MAX_ERRNO 4095

struct call { /* one system call of one thread */
	uint32_t id, thread, task, nr;
	uint64_t n, n_errors;
	int64_t ns, max_ns;
};

struct syscalls {
	struct model_observer observer;
	struct model *model;
	const struct filter *filter;
	struct map by_key; /* thread << 32 | nr, to the index + 1 */
	ARRAY(struct call) calls;
	struct histogram histogram;
	bool has_any;
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

static void take(struct model_observer *observer, const struct event *event)
{
	struct syscalls *syscalls = (struct syscalls *)observer;
	const struct event_syscall *from = &event->syscall;
	struct call *call;
	uint32_t task;
	int64_t ns;

	if (event->kind != EVENT_SYSCALL)
		return;
	syscalls->has_any = true;
	if (!filter_has_time(syscalls->filter, event->time_ns))
		return;
	task = model_task_of(syscalls->model, from->tid);
	if (!task)
		task = model_task_now(syscalls->model, 0, from->tid);
	ns = from->duration_ns > INT64_MAX ? INT64_MAX : (int64_t)from->duration_ns;
	call = call_of(syscalls, task, from->nr);
	call->n++;
	call->n_errors += from->result >= (uint64_t)-MAX_ERRNO;
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
	const char *name = syscall_name(syscalls->model, call->nr);
	union sheet_cell *cells = sheet_row(sheet);
	int64_t p99 = (int64_t)histogram_quantile(&syscalls->histogram, call->id, call->n, 0.99);

	cells[COLUMN_CALL].text = name ? xstrdup(name) : xasprintf("syscall_%u", call->nr);
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
	array_release(&syscalls->calls);
	map_release(&syscalls->by_key);
	histogram_release(&syscalls->histogram);
	free(syscalls);
}
