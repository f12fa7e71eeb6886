/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The measure is the busy time: the lives of all threads but their idle waits.  A
 * cause that takes at least a tenth of it stands out; the largest three are shown.
 */
#include "analysis/diagnose.h"

#include <stdlib.h>

#include "analyses.h"
#include "base/human.h"
#include "leaf.h"
#include "model/names.h"
#include "model/table.h"
#include "waits.h"

#define LEAST_PERCENT      10.0
#define LEAST_BUSY_PERCENT 1.0
#define MOST_FINDINGS      3
#define NOT_SAMPLED        WAIT_N_CLASSES

enum { CAUSE_CPU = WAIT_N_CLASSES + 1, CAUSE_STARVED, N_CAUSES }; /* behind the classes of waits */

struct worst { /* of a class of waits: the place that takes most */
	const struct wait_row *row;
	int64_t ns;
};

struct diagnosis {
	struct sched_observer observer;
	struct model *model;
	struct sched *sched;
	const struct filter *filter;
	struct waits *waits;
	void *cpu;
	struct map instead; /* thread that ran instead, to ns */
	int64_t ns[N_CAUSES];
	int64_t life_ns, idle_ns;
	struct worst worst[WAIT_N_CLASSES + 1];
};

static void take(struct sched_observer *observer, const struct sched_interval *interval)
{
	struct diagnosis *diagnosis = (struct diagnosis *)observer;
	uint64_t start_ns = interval->start_ns, end_ns = interval->end_ns, *instead_ns;
	uint32_t instead;
	int64_t ns;

	filter_clip(diagnosis->filter, &start_ns, &end_ns);
	if (end_ns <= start_ns ||
	    !filter_has_task(diagnosis->filter, diagnosis->model, interval->task))
		return;
	ns = (int64_t)(end_ns - start_ns);
	diagnosis->life_ns = value_add(diagnosis->life_ns, ns);
	if (interval->state == SCHED_RUNNING)
		diagnosis->ns[CAUSE_CPU] = value_add(diagnosis->ns[CAUSE_CPU], ns);
	if (interval->state != SCHED_RUNNABLE)
		return;
	diagnosis->ns[CAUSE_STARVED] = value_add(diagnosis->ns[CAUSE_STARVED], ns);
	instead = interval->instead_tid ? model_task_of(diagnosis->model, interval->instead_tid) :
					  0;
	instead_ns = map_insert(&diagnosis->instead, instead);
	*instead_ns = (uint64_t)value_add((int64_t)*instead_ns, ns);
}

static void *begin(const struct analysis_input *input)
{
	struct diagnosis *diagnosis = xcalloc(1, sizeof(*diagnosis));

	diagnosis->observer.interval = take;
	diagnosis->model = input->model;
	diagnosis->sched = input->sched;
	diagnosis->filter = input->filter;
	diagnosis->waits = waits_begin(input, WAITS_PLACES);
	diagnosis->cpu = cpu_begin(input);
	if (input->sched)
		sched_observe(input->sched, &diagnosis->observer);
	return diagnosis;
}

static const char *lack(const void *state)
{
	return analysis_lacks_switches(((const struct diagnosis *)state)->sched);
}

static void add_waits(struct diagnosis *diagnosis)
{
	const struct wait_row *rows;
	size_t n;

	rows = waits_rows(diagnosis->waits, &n);
	for (size_t i = 0; i < n; i++) {
		uint32_t why = rows[i].place.why < WAIT_N_CLASSES ? rows[i].place.why : WAIT_OTHER;
		struct worst *worst;

		if (!filter_has_task(diagnosis->filter, diagnosis->model, rows[i].task))
			continue;
		if (rows[i].is_idle) {
			diagnosis->idle_ns = value_add(diagnosis->idle_ns, rows[i].ns);
			continue;
		}
		why = rows[i].is_sampled ? why : NOT_SAMPLED;
		worst = &diagnosis->worst[why];
		diagnosis->ns[why] = value_add(diagnosis->ns[why], rows[i].ns);
		if (rows[i].ns > worst->ns)
			*worst = (struct worst){ &rows[i], rows[i].ns };
	}
}

static double percent(int64_t part, int64_t whole)
{
	return whole > 0 ? 100.0 * (double)part / (double)whole : 0;
}

static const char *verdict(unsigned int cause)
{
	static const char *const verdicts[N_CAUSES] = {
		[WAIT_OTHER] = "waiting, for what is not known",
		[WAIT_LOCK] = "fighting over locks",
		[WAIT_CONDVAR] = "waiting for other threads (condition variables)",
		[WAIT_NETWORK] = "waiting for the network",
		[WAIT_DISK] = "stalled by the disk",
		[WAIT_PIPE] = "waiting for pipes",
		[WAIT_POLL] = "waiting for events (poll)",
		[WAIT_SLEEP] = "sleeping on purpose",
		[WAIT_CHILD] = "waiting for child processes",
		[WAIT_PAGEFAULT] = "stalled by page faults",
		[WAIT_IPC] = "waiting for other processes (IPC)",
		[NOT_SAMPLED] = "waiting, but where was not sampled",
		[CAUSE_CPU] = "running: bound by the CPU",
		[CAUSE_STARVED] = "starved of CPU: it could run and gets none",
	};

	return verdicts[cause];
}

/* The C library's own functions tell little. */
static bool is_library(const char *path)
{
	const char *base = strrchr(path, '/');

	base = base ? base + 1 : path;
	return !strncmp(base, "libc.so", 7) || !strncmp(base, "libc-", 5) ||
	       !strcmp(base, "libc") || !strncmp(base, "libpthread", 10) ||
	       !strncmp(base, "ld-", 3);
}

/* "lock: futex cache.lock, in work [srv]" */
static void put_wait(struct buf *out, const struct diagnosis *diagnosis, struct names *names,
		     const struct worst *worst)
{
	const struct dictionary *dict = model_dictionary(diagnosis->model);
	uint32_t at = worst->row->place.stack;
	struct dict_stack node = dictionary_stack(dict, at);

	leaf_reason(out, diagnosis->model, worst->row);
	while (node.parent &&
	       is_library(dictionary_module(dict, dictionary_frame(dict, node.frame).module).path))
		node = dictionary_stack(dict, node.parent);
	if (at) {
		struct levels levels = names_frame(names, names_frame_of(node));

		buf_printf(out, ", in %s",
			   names_text(names, names_function(names, levels.items[0].function).name));
	}
}

static void put_cpu(struct buf *out, const struct profile *profile)
{
	struct table table;

	table_build(&table, profile, TABLE_FUNCTION);
	table_sort(&table, profile->default_type, false);
	if (table.rows.n && profile_total(profile, profile->default_type) > 0)
		buf_printf(out, "%s (%.0f%% of the samples)",
			   names_text(profile->names, table.rows.items[0].name),
			   percent(table.rows.items[0].flat[profile->default_type],
				   profile_total(profile, profile->default_type)));
	else
		buf_puts(out, "no CPU samples tell the function");
	table_release(&table);
}

static void put_instead(struct buf *out, const struct diagnosis *diagnosis, struct names *names)
{
	const struct map_slot *slot, *most = NULL;

	map_for_each(slot, &diagnosis->instead) {
		if (slot->key && (!most || slot->value > most->value ||
				  (slot->value == most->value && slot->key < most->key)))
			most = slot;
	}
	if (most)
		buf_printf(out, "%s had the CPU before for %.0f%% of it",
			   names_text(names,
				      names_thread(names, diagnosis->model, (uint32_t)most->key)),
			   percent((int64_t)most->value, diagnosis->ns[CAUSE_STARVED]));
	else
		buf_puts(out, "the CPUs were idle before");
}

enum { COLUMN_SHARE, COLUMN_NS, COLUMN_FINDING, COLUMN_BLAME, COLUMN_COMMAND, N_COLUMNS };

static const struct sheet_column columns[N_COLUMNS] = {
	[COLUMN_SHARE] = { "percent", "busy time", SHEET_PERCENT },
	[COLUMN_NS] = { "ns", "time", SHEET_NS },
	[COLUMN_FINDING] = { "finding", "it is", SHEET_TEXT },
	[COLUMN_BLAME] = { "blame", "most of it", SHEET_TEXT },
	[COLUMN_COMMAND] = { "command", "see", SHEET_TEXT },
};

static char *command_for(unsigned int cause)
{
	if (cause == CAUSE_CPU)
		return xstrdup("sysprof report cpu");
	if (cause == CAUSE_STARVED)
		return xstrdup("sysprof report latency");
	if (cause == NOT_SAMPLED)
		return xstrdup("sysprof report threads");
	return xasprintf("sysprof report block --wait %s", wait_class_name(cause));
}

static void put_finding(struct sheet *sheet, const struct diagnosis *diagnosis,
			const struct profile *cpu, unsigned int cause)
{
	union sheet_cell *cells = sheet_row(sheet);
	struct buf text = { 0 };

	if (cause == CAUSE_CPU)
		put_cpu(&text, cpu);
	else if (cause == CAUSE_STARVED)
		put_instead(&text, diagnosis, cpu->names);
	else
		put_wait(&text, diagnosis, cpu->names, &diagnosis->worst[cause]);
	cells[COLUMN_SHARE].percent =
		percent(diagnosis->ns[cause], diagnosis->life_ns - diagnosis->idle_ns);
	cells[COLUMN_NS].number = diagnosis->ns[cause];
	cells[COLUMN_FINDING].text = xstrdup(verdict(cause));
	cells[COLUMN_BLAME].text =
		xstrdup(names_text(cpu->names, names_intern(cpu->names, buf_str(&text))));
	cells[COLUMN_COMMAND].text = command_for(cause);
	buf_release(&text);
}

/* The largest cause that was not @used yet and stands out; or N_CAUSES. */
static unsigned int next_cause(const struct diagnosis *diagnosis, const bool used[N_CAUSES])
{
	int64_t busy_ns = diagnosis->life_ns - diagnosis->idle_ns;
	unsigned int most = N_CAUSES;

	if (percent(busy_ns, diagnosis->life_ns) < LEAST_BUSY_PERCENT)
		return most;
	for (unsigned int cause = 0; cause < N_CAUSES; cause++) {
		if (!used[cause] && percent(diagnosis->ns[cause], busy_ns) >= LEAST_PERCENT &&
		    (most == N_CAUSES || diagnosis->ns[cause] > diagnosis->ns[most]))
			most = cause;
	}
	return most;
}

static void put_summary(const struct diagnosis *diagnosis, unsigned int first, struct audit *notes)
{
	int64_t busy_ns = diagnosis->life_ns - diagnosis->idle_ns;
	char life[HUMAN_SIZE], busy[HUMAN_SIZE];

	audit_add(notes, false, "threads lived for %s in all, %.1f%% of it idle: busy for %s",
		  human_duration(life, (uint64_t)diagnosis->life_ns),
		  percent(diagnosis->idle_ns, diagnosis->life_ns),
		  human_duration(busy, (uint64_t)busy_ns));
	if (first == N_CAUSES)
		audit_add(notes, false, "nothing stands out%s",
			  percent(busy_ns, diagnosis->life_ns) < LEAST_BUSY_PERCENT ?
				  ": threads had hardly anything to do" :
				  "");
	else
		audit_add(notes, false, "mostly %s (%.0f%% of the busy time)", verdict(first),
			  percent(diagnosis->ns[first], busy_ns));
}

static void end(void *state, struct sheets *ret)
{
	struct diagnosis *diagnosis = state;
	bool used[N_CAUSES] = { false };
	struct profile cpu;
	struct sheet *sheet;
	unsigned int cause;

	cpu_profile(diagnosis->cpu, &cpu);
	add_waits(diagnosis);
	sheets_init(ret, "diagnose", diagnosis->model, diagnosis->filter);
	cause = next_cause(diagnosis, used);
	put_summary(diagnosis, cause, &ret->notes);
	sheet = sheets_add(ret, "findings", NULL, columns, N_COLUMNS);
	for (int i = 0; i < MOST_FINDINGS && cause < N_CAUSES; i++) {
		put_finding(sheet, diagnosis, &cpu, cause);
		used[cause] = true;
		cause = next_cause(diagnosis, used);
	}
	profile_release(&cpu);
	waits_free(diagnosis->waits);
	map_release(&diagnosis->instead);
	free(diagnosis);
}

const struct analysis diagnose = { "diagnose", "what stands out", begin, lack, NULL, end };
