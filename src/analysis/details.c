/* SPDX-License-Identifier: GPL-2.0-only */
#include "details.h"

#include <stdlib.h>

#include "base/human.h"
#include "base/map.h"
#include "histogram.h"

#define DISKS_TOLD 2

struct sum {           /* of the events with one key */
	uint32_t id;   /* in the histogram */
	uint32_t what; /* string id of the device or handler; task of page faults */
	uint32_t kind; /* enum disk_op, enum interrupt_kind */
	uint32_t nr;
	int64_t n, ns, max_ns;
	int64_t extra[ACCESS_EXECUTE + 1]; /* see the columns */
};

enum { DISK_BYTES, DISK_QUEUED, DISK_ERRORS }; /* extra */

struct sums {
	ARRAY(struct sum) items;
	struct map by_key;
	struct histogram histogram;
};

struct details {
	struct model_observer observer;
	struct model *model;
	const struct filter *filter;
	struct sums disks, interrupts, faults;
};

static int64_t clamp(uint64_t value)
{
	return value > INT64_MAX ? INT64_MAX : (int64_t)value;
}

/* @kind and @nr: small numbers; of others, the lower bits tell apart. */
static struct sum *sum_of(struct sums *sums, uint32_t what, uint32_t kind, uint32_t nr)
{
	uint64_t *id = map_insert(&sums->by_key,
				  (uint64_t)what << 32 | (kind & 0xff) << 24 | (nr & 0xffffff));

	if (!*id) {
		*array_add(&sums->items) = (struct sum){
			.id = (uint32_t)sums->items.n, .what = what, .kind = kind, .nr = nr
		};
		*id = sums->items.n;
	}
	return &sums->items.items[*id - 1];
}

static void add(struct sums *sums, struct sum *sum, uint64_t ns)
{
	sum->n++;
	sum->ns = value_add(sum->ns, clamp(ns));
	if (clamp(ns) > sum->max_ns)
		sum->max_ns = clamp(ns);
	histogram_add(&sums->histogram, sum->id, ns);
}

static uint32_t task_of(struct details *details, uint32_t tid)
{
	uint32_t task = model_task_of(details->model, tid);

	return task || !tid ? task : model_task_now(details->model, 0, tid);
}

static void take_disk_io(struct details *details, const struct event_disk_io *io)
{
	struct sum *sum;

	if (!filter_has_task(details->filter, details->model, task_of(details, io->tid)))
		return;
	sum = sum_of(&details->disks, io->device, io->op, 0);
	add(&details->disks, sum, io->duration_ns);
	sum->extra[DISK_BYTES] = value_add(sum->extra[DISK_BYTES], clamp(io->bytes));
	sum->extra[DISK_QUEUED] = value_add(sum->extra[DISK_QUEUED], clamp(io->queued_ns));
	sum->extra[DISK_ERRORS] += io->error != 0;
}

/* Time in other interrupts is theirs. */
static void take_interrupt(struct details *details, const struct event_interrupt *interrupt)
{
	uint64_t ns = interrupt->duration_ns;
	struct sum *sum =
		sum_of(&details->interrupts, interrupt->name, interrupt->kind, interrupt->nr);

	ns -= interrupt->nested_ns < ns ? interrupt->nested_ns : ns;
	add(&details->interrupts, sum, ns);
}

static void take_fault(struct details *details, const struct event_page_fault *fault)
{
	uint32_t task = task_of(details, fault->tid);
	struct sum *sum;

	if (!filter_has_task(details->filter, details->model, task))
		return;
	sum = sum_of(&details->faults, model_task(details->model, task).thread, 0, 0);
	sum->nr = task;
	sum->n++;
	sum->extra[fault->access <= ACCESS_EXECUTE ? fault->access : ACCESS_READ]++;
}

static void take(struct model_observer *observer, const struct event *event)
{
	struct details *details = (struct details *)observer; /* observer is the first member */

	if (!filter_has_time(details->filter, event->time_ns))
		return;
	if (event->kind == EVENT_DISK_IO)
		take_disk_io(details, &event->disk_io);
	else if (event->kind == EVENT_INTERRUPT)
		take_interrupt(details, &event->interrupt);
	else if (event->kind == EVENT_PAGE_FAULT)
		take_fault(details, &event->page_fault);
}

struct details *details_begin(const struct analysis_input *input)
{
	struct details *details = xcalloc(1, sizeof(*details));

	details->observer.event = take;
	details->model = input->model;
	details->filter = input->filter;
	model_observe(input->model, &details->observer);
	return details;
}

/* The longest in all first; of page faults, which have no length, the most. */
static int compare(const void *a, const void *b)
{
	const struct sum *x = a, *y = b;

	if (x->ns != y->ns)
		return x->ns < y->ns ? 1 : -1;
	if (x->n != y->n)
		return x->n < y->n ? 1 : -1;
	return x->id < y->id ? -1 : x->id > y->id;
}

static void sort(struct sums *sums)
{
	if (sums->items.n)
		qsort(sums->items.items, sums->items.n, sizeof(struct sum), compare);
}

static int64_t p99(const struct sums *sums, const struct sum *sum)
{
	int64_t ns = (int64_t)histogram_quantile(&sums->histogram, sum->id, (uint64_t)sum->n, 0.99);

	return ns < sum->max_ns ? ns : sum->max_ns;
}

static char *text_of(const struct details *details, struct names *names, uint32_t string)
{
	const char *text = dictionary_string(model_dictionary(details->model), string);

	return xstrdup(names_text(names, names_intern(names, text)));
}

enum { D_DEVICE, D_OP, D_N, D_BYTES, D_ERRORS, D_TOTAL, D_MEAN, D_P99, D_MAX, D_QUEUED, D_COLUMNS };

static const struct sheet_column disk_columns[D_COLUMNS] = {
	[D_DEVICE] = { "device", "device", SHEET_TEXT },
	[D_OP] = { "op", "for", SHEET_TEXT },
	[D_N] = { "requests", "requests", SHEET_COUNT },
	[D_BYTES] = { "bytes", "bytes", SHEET_COUNT },
	[D_ERRORS] = { "errors", "errors", SHEET_COUNT },
	[D_TOTAL] = { "total_ns", NULL, SHEET_NS },
	[D_MEAN] = { "mean_ns", "mean", SHEET_NS },
	[D_P99] = { "p99_ns", "p99", SHEET_NS },
	[D_MAX] = { "max_ns", "max", SHEET_NS },
	[D_QUEUED] = { "mean_queued_ns", "queued before", SHEET_NS },
};

static void put_disks(struct details *details, struct names *names, struct sheets *ret)
{
	struct sums *sums = &details->disks;
	const struct sum *sum;
	struct sheet *sheet;

	if (!sums->items.n)
		return;
	sort(sums);
	sheet = sheets_add(ret, "disks", "requests to disks", disk_columns, D_COLUMNS);
	array_for_each(sum, &sums->items) {
		union sheet_cell *cells = sheet_row(sheet);

		cells[D_DEVICE].text = text_of(details, names, sum->what);
		cells[D_OP].text = xstrdup(disk_op_name(sum->kind));
		cells[D_N].number = sum->n;
		cells[D_BYTES].number = sum->extra[DISK_BYTES];
		cells[D_ERRORS].number = sum->extra[DISK_ERRORS];
		cells[D_TOTAL].number = sum->ns;
		cells[D_MEAN].number = sum->ns / sum->n;
		cells[D_P99].number = p99(sums, sum);
		cells[D_MAX].number = sum->max_ns;
		cells[D_QUEUED].number = sum->extra[DISK_QUEUED] / sum->n;
	}
}

enum { I_NAME, I_KIND, I_NR, I_N, I_TOTAL, I_SHARE, I_MEAN, I_P99, I_MAX, I_COLUMNS };

static const struct sheet_column interrupt_columns[I_COLUMNS] = {
	[I_NAME] = { "name", "handler", SHEET_TEXT },
	[I_KIND] = { "kind", "kind", SHEET_TEXT },
	[I_NR] = { "nr", "nr", SHEET_ID },
	[I_N] = { "count", "count", SHEET_COUNT },
	[I_TOTAL] = { "total_ns", "total", SHEET_NS },
	[I_SHARE] = { "cpu_percent", "of a CPU", SHEET_PERCENT },
	[I_MEAN] = { "mean_ns", "mean", SHEET_NS },
	[I_P99] = { "p99_ns", "p99", SHEET_NS },
	[I_MAX] = { "max_ns", "max", SHEET_NS },
};

static void put_interrupts(struct details *details, struct names *names, struct sheets *ret)
{
	struct sums *sums = &details->interrupts;
	const struct sum *sum;
	struct sheet *sheet;

	if (!sums->items.n)
		return;
	sort(sums);
	sheet = sheets_add(ret, "interrupts", "interrupts, of whatever ran: what they took",
			   interrupt_columns, I_COLUMNS);
	array_for_each(sum, &sums->items) {
		union sheet_cell *cells = sheet_row(sheet);

		cells[I_NAME].text = text_of(details, names, sum->what);
		cells[I_KIND].text = xstrdup(sum->kind == INTERRUPT_SOFT ? "softirq" : "interrupt");
		cells[I_NR].number = sum->nr;
		cells[I_N].number = sum->n;
		cells[I_TOTAL].number = sum->ns;
		cells[I_SHARE].percent =
			ret->duration_ns ? 100.0 * (double)sum->ns / (double)ret->duration_ns : 0;
		cells[I_MEAN].number = sum->ns / sum->n;
		cells[I_P99].number = p99(sums, sum);
		cells[I_MAX].number = sum->max_ns;
	}
}

enum { F_THREAD, F_TID, F_PID, F_N, F_READ, F_WRITE, F_EXECUTE, F_COLUMNS };

static const struct sheet_column fault_columns[F_COLUMNS] = {
	[F_THREAD] = { "name", "thread", SHEET_TEXT },
	[F_TID] = { "tid", "tid", SHEET_ID },
	[F_PID] = { "pid", NULL, SHEET_ID },
	[F_N] = { "faults", "faults", SHEET_COUNT },
	[F_READ] = { "reads", "by reading", SHEET_COUNT },
	[F_WRITE] = { "writes", "by writing", SHEET_COUNT },
	[F_EXECUTE] = { "executions", "by running", SHEET_COUNT },
};

static void put_faults(struct details *details, struct names *names, struct sheets *ret)
{
	const struct sum *sum;
	struct sheet *sheet;

	if (!details->faults.items.n)
		return;
	sort(&details->faults);
	sheet = sheets_add(ret, "page_faults", "page faults", fault_columns, F_COLUMNS);
	array_for_each(sum, &details->faults.items) {
		struct model_thread thread = model_thread(details->model, sum->what);
		union sheet_cell *cells = sheet_row(sheet);

		cells[F_THREAD].text =
			xstrdup(names_text(names, names_thread(names, details->model, sum->nr)));
		cells[F_TID].number = thread.tid;
		cells[F_PID].number = thread.pid;
		cells[F_N].number = sum->n;
		cells[F_READ].number = sum->extra[ACCESS_READ];
		cells[F_WRITE].number = sum->extra[ACCESS_WRITE];
		cells[F_EXECUTE].number = sum->extra[ACCESS_EXECUTE];
	}
}

static void release(struct sums *sums)
{
	array_release(&sums->items);
	map_release(&sums->by_key);
	histogram_release(&sums->histogram);
}

void details_sheets(struct details *details, struct sheets *ret)
{
	struct names *names = names_new(model_dictionary(details->model));

	put_disks(details, names, ret);
	put_interrupts(details, names, ret);
	put_faults(details, names, ret);
	names_free(names);
}

static const char *name_of(const struct details *details, struct names *names, uint32_t string)
{
	const char *text = dictionary_string(model_dictionary(details->model), string);

	return names_text(names, names_intern(names, text));
}

static void tell_disk(const struct details *details, const struct sum *sum, int64_t passed_ns,
		      struct buf *out)
{
	int64_t bytes = sum->extra[DISK_BYTES];
	char text[HUMAN_SIZE];

	buf_printf(out, "%s %s", disk_op_name(sum->kind), human_count(text, (uint64_t)sum->n));
	if (bytes)
		buf_printf(out, " of %s", human_bytes(text, (uint64_t)(bytes / sum->n)));
	buf_printf(out, ", %s each", human_duration(text, (uint64_t)(sum->ns / sum->n)));
	buf_printf(out, " (p99 %s)", human_duration(text, (uint64_t)p99(&details->disks, sum)));
	if (passed_ns > 0 && bytes)
		buf_printf(out, ", %s/s",
			   human_bytes(text, (uint64_t)((double)bytes * 1e9 / (double)passed_ns)));
	if (sum->extra[DISK_ERRORS])
		buf_printf(out, ", %lld failed", (long long)sum->extra[DISK_ERRORS]);
}

void details_tell_disks(struct details *details, struct names *names, int64_t passed_ns,
			struct buf *out)
{
	const struct sums *sums = &details->disks;

	sort(&details->disks);
	for (size_t i = 0; i < sums->items.n && i < DISKS_TOLD; i++) {
		const struct sum *sum = &sums->items.items[i];

		if (i && sum->what == sums->items.items[i - 1].what)
			buf_puts(out, "; ");
		else
			buf_printf(out, "%srequests to %s: ", i ? "; " : "",
				   name_of(details, names, sum->what));
		tell_disk(details, sum, passed_ns, out);
	}
}

void details_tell_interrupts(struct details *details, struct names *names, double percent,
			     int64_t passed_ns, struct buf *out)
{
	const struct sum *sum, *most;
	int64_t ns = 0;

	sort(&details->interrupts);
	array_for_each(sum, &details->interrupts.items)
		ns = value_add(ns, sum->ns);
	if (!ns || human_percent(ns, passed_ns) < percent)
		return;
	most = &details->interrupts.items.items[0];
	buf_printf(out, "interrupts took %.1f%% of a CPU, the most %s with %.1f%%",
		   human_percent(ns, passed_ns), name_of(details, names, most->what),
		   human_percent(most->ns, passed_ns));
}

void details_free(struct details *details)
{
	model_ignore(details->model, &details->observer);
	release(&details->disks);
	release(&details->interrupts);
	release(&details->faults);
	free(details);
}
