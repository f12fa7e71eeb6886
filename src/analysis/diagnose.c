/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The measure is the busy time: the lives of all threads but their idle waits, and but
 * those of processes that do nothing at all.  A
 * cause that takes at least a tenth of it stands out, or a half of all CPUs' time; the
 * largest three are shown.
 */
#include "analysis/diagnose.h"

#include <stdlib.h>
#include <string.h>

#include "analyses.h"
#include "base/human.h"
#include "blame.h"
#include "details.h"
#include "disk_blame.h"
#include "dormant.h"
#include "heap_story.h"
#include "lock_blame.h"
#include "lock_stuck.h"
#include "pauses.h"

#define LEAST_PERCENT      10.0
#define LEAST_BUSY_PERCENT 1.0
#define LEAST_CPUS_PERCENT 50.0
#define MOST_CPUS          1000000
#define MOST_FINDINGS      3
#define LEAST_PAUSED       5.0 /* percent of the time that passed */
#define LEAST_INTERRUPTED  5.0 /* the same, of one CPU */

#define LEAST_APART_PERCENT 1.0 /* worth telling */

#define MOST_PROGRAMS         3
#define LEAST_INSTEAD_PERCENT 5.0

#define NOT_SAMPLED WAIT_N_CLASSES

enum { CAUSE_CPU = WAIT_N_CLASSES + 1, CAUSE_STARVED, N_CAUSES }; /* behind the classes of waits */

struct diagnosis {
	struct sched_observer observer;
	struct model *model;
	struct sched *sched;
	const struct filter *filter;
	struct waits *waits;
	struct locks *locks;
	void *cpu, *pauses;
	struct heap_story *heap;
	struct details *details;
	struct map instead; /* task that ran instead, to ns */
	int64_t ns[N_CAUSES];
	struct dormant dormant;
	int64_t life_ns, unknown_ns, idle_ns, child_ns, dormant_ns;
	blame_rows waits_of[WAIT_N_CLASSES + 1]; /* but the idle ones */
	char *arguments;
	bool has_deadlock;
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
	if (interval->state == SCHED_UNKNOWN)
		diagnosis->unknown_ns = value_add(diagnosis->unknown_ns, ns);
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
	diagnosis->arguments = xstrdup(input->arguments ? input->arguments : "");
	diagnosis->waits = waits_begin(input, WAITS_ENDS);
	diagnosis->cpu = cpu_begin(input);
	diagnosis->pauses = pauses_begin(input);
	diagnosis->heap = heap_story_begin(input);
	diagnosis->details = details_begin(input);
	diagnosis->locks = locks_begin(input, waits_chain(diagnosis->waits));
	if (input->sched)
		sched_observe(input->sched, &diagnosis->observer);
	return diagnosis;
}

static const char *lack(const void *state)
{
	return analysis_lacks_switches(((const struct diagnosis *)state)->sched);
}

/*
 * The threads of which no wait was sampled, though others' were: the kernel's own, as a rule,
 * which have no stack of a program.  By thread id.
 */
static bool *find_mute(const struct diagnosis *diagnosis, const struct wait_row *rows, size_t n)
{
	uint32_t n_threads = model_n_threads(diagnosis->model);
	bool *ret = xcalloc((size_t)n_threads + 1, sizeof(*ret));
	size_t n_sampled = 0;

	for (size_t i = 0; i < n; i++)
		n_sampled += rows[i].is_sampled;
	memset(ret, n_sampled > 0, (size_t)n_threads + 1);
	for (size_t i = 0; i < n; i++) {
		if (rows[i].is_sampled)
			ret[model_task(diagnosis->model, rows[i].task).thread] = false;
	}
	return ret;
}

/* What a process waits for its children is theirs, since they are recorded with it. */
static void add_wait(struct diagnosis *diagnosis, const struct wait_row *row, bool is_mute)
{
	uint32_t why = row->place.why < WAIT_N_CLASSES ? row->place.why : WAIT_OTHER;
	int64_t *apart = is_mute                               ? &diagnosis->unknown_ns :
			 row->is_idle                          ? &diagnosis->idle_ns :
			 row->is_sampled && why == WAIT_CHILD  ? &diagnosis->child_ns :
			 dormant_has(&diagnosis->dormant, row) ? &diagnosis->dormant_ns :
								 NULL;

	if (apart) {
		*apart = value_add(*apart, row->ns);
		return;
	}
	why = row->is_sampled ? why : NOT_SAMPLED;
	diagnosis->ns[why] = value_add(diagnosis->ns[why], row->ns);
	*array_add(&diagnosis->waits_of[why]) = row;
}

static void add_waits(struct diagnosis *diagnosis)
{
	const struct wait_row *rows;
	size_t n;
	bool *mute;

	rows = waits_rows(diagnosis->waits, &n);
	dormant_find(&diagnosis->dormant, diagnosis->waits, diagnosis->model, diagnosis->filter);
	mute = find_mute(diagnosis, rows, n);
	for (size_t i = 0; i < n; i++) {
		if (filter_has_task(diagnosis->filter, diagnosis->model, rows[i].task))
			add_wait(diagnosis, &rows[i],
				 mute[model_task(diagnosis->model, rows[i].task).thread]);
	}
	dormant_release(&diagnosis->dormant);
	free(mute);
}

/* What is neither idle nor others' nor unknown. */
static int64_t busy_ns(const struct diagnosis *diagnosis)
{
	return diagnosis->life_ns - diagnosis->unknown_ns - diagnosis->idle_ns -
	       diagnosis->child_ns - diagnosis->dormant_ns;
}

static int64_t passed_ns(const struct diagnosis *diagnosis)
{
	struct model_window window = model_window(diagnosis->model);
	uint64_t start_ns = window.start_ns, end_ns = window.end_ns;

	filter_clip(diagnosis->filter, &start_ns, &end_ns);
	return end_ns > start_ns ? (int64_t)(end_ns - start_ns) : 0;
}

/* Against the time that passed: a machine has many threads that do nothing. */
static bool is_hardly_busy(const struct diagnosis *diagnosis)
{
	return human_percent(busy_ns(diagnosis), passed_ns(diagnosis)) < LEAST_BUSY_PERCENT;
}

/* However many threads wait for each other: the CPUs may be what there is too little of. */
static bool stands_out(const struct diagnosis *diagnosis, unsigned int cause)
{
	const char *text = dictionary_meta(model_dictionary(diagnosis->model), "cpus");
	uint64_t n_cpus = 0;

	if (human_percent(diagnosis->ns[cause], busy_ns(diagnosis)) >= LEAST_PERCENT)
		return true;
	if (!text || human_parse_number(text, 1, MOST_CPUS, &n_cpus))
		return false;
	return (cause == CAUSE_CPU || cause == CAUSE_STARVED) &&
	       human_percent(diagnosis->ns[cause], passed_ns(diagnosis)) >=
		       LEAST_CPUS_PERCENT * (double)n_cpus;
}

static const char *verdict(unsigned int cause)
{
	static const char *const verdicts[N_CAUSES] = {
		[WAIT_OTHER] = "waiting, for what is not known",
		[WAIT_LOCK] = "fighting over locks",
		[WAIT_CONDVAR] = "waiting for other threads (condition variables, semaphores)",
		[WAIT_NETWORK] = "waiting for the network",
		[WAIT_DISK] = "stalled by the disk",
		[WAIT_PIPE] = "waiting for pipes",
		[WAIT_POLL] = "waiting for events (poll)",
		[WAIT_SLEEP] = "sleeping on purpose",
		[WAIT_PAGEFAULT] = "stalled by page faults",
		[WAIT_IPC] = "waiting for other processes (IPC)",
		[NOT_SAMPLED] = "waiting, but where was not sampled",
		[CAUSE_CPU] = "running: bound by the CPU",
		[CAUSE_STARVED] = "starved of CPU: it could run and gets none",
	};

	return verdicts[cause];
}

/* "postgres 62%, pgbench 21%": programs, not threads: they come in numbers. */
static void put_instead(struct buf *out, const struct diagnosis *diagnosis, struct names *names)
{
	struct map programs = { 0 };
	const struct map_slot *slot;

	map_for_each(slot, &diagnosis->instead) {
		if (slot->key)
			blame_add(&programs,
				  names_process(names, diagnosis->model, (uint32_t)slot->key),
				  (int64_t)slot->value);
	}
	for (int i = 0; i < MOST_PROGRAMS; i++) {
		int64_t ns;
		uint32_t program = (uint32_t)blame_take(&programs, &ns);

		if (human_percent(ns, diagnosis->ns[CAUSE_STARVED]) < LEAST_INSTEAD_PERCENT)
			break;
		buf_printf(out, "%s%s %.0f%%",
			   i ? ", " : "the CPU was with: ", names_text(names, program),
			   human_percent(ns, diagnosis->ns[CAUSE_STARVED]));
	}
	if (!sched_has_wakeups(diagnosis->sched))
		buf_puts(out, "who ran meanwhile was not recorded");
	else if (!out->size)
		buf_puts(out, "the CPUs were idle before, or with many programs");
	map_release(&programs);
}

enum {
	COLUMN_SHARE,
	COLUMN_NS,
	COLUMN_FINDING,
	COLUMN_BLAME,
	COLUMN_DEVICE,
	COLUMN_HELD,
	COLUMN_END,
	COLUMN_COMMAND,
	N_COLUMNS
};

static const struct sheet_column columns[N_COLUMNS] = {
	[COLUMN_SHARE] = { "percent", "busy time", SHEET_PERCENT },
	[COLUMN_NS] = { "ns", "time", SHEET_NS },
	[COLUMN_FINDING] = { "finding", "it is", SHEET_TEXT },
	[COLUMN_BLAME] = { "blame", "most of it", SHEET_BELOW },
	[COLUMN_DEVICE] = { "device", "which device", SHEET_BELOW },
	[COLUMN_HELD] = { "held", "who held the locks", SHEET_BELOW },
	[COLUMN_END] = { "end", "in the end", SHEET_BELOW },
	[COLUMN_COMMAND] = { "command", "see", SHEET_BELOW },
};

/* Told best by what those did who ended the wait. */
static bool is_ended_by_threads(unsigned int cause)
{
	return cause == WAIT_CONDVAR || cause == WAIT_POLL || cause == WAIT_PIPE ||
	       cause == WAIT_IPC;
}

/* Of a recording that lacks wake-ups, the report that needs none. */
static char *command_for(unsigned int cause, const char *arguments, bool has_wakeups)
{
	if (cause == CAUSE_CPU)
		return xasprintf("sysprof report cpu%s", arguments);
	if (cause == CAUSE_STARVED && has_wakeups)
		return xasprintf("sysprof report latency%s", arguments);
	if (cause == NOT_SAMPLED || cause == CAUSE_STARVED)
		return xasprintf("sysprof report threads%s", arguments);
	if (cause == WAIT_LOCK && has_wakeups)
		return xasprintf("sysprof report mutex%s", arguments);
	return xasprintf("sysprof report %s --wait %s%s",
			 has_wakeups && is_ended_by_threads(cause) ? "chain" : "block",
			 wait_class_name(cause), arguments);
}

static char *fit_to_print(struct names *names, struct buf *text)
{
	char *ret = xstrdup(names_text(names, names_intern(names, buf_str(text))));

	buf_clear(text);
	return ret;
}

/* The requests where they were recorded, else what the waits tell. */
static void put_device(struct buf *out, const struct diagnosis *diagnosis, struct names *names,
		       unsigned int cause)
{
	if (cause != WAIT_DISK && cause != WAIT_PAGEFAULT)
		return;
	details_tell_disks(diagnosis->details, names, passed_ns(diagnosis), out);
	if (!out->size)
		disk_blame(out, names, diagnosis->model, &diagnosis->waits_of[cause]);
}

static void put_finding(struct sheet *sheet, const struct diagnosis *diagnosis,
			const struct profile *cpu, unsigned int cause)
{
	union sheet_cell *cells = sheet_row(sheet);
	bool has_wakeups = sched_has_wakeups(diagnosis->sched);
	struct buf text = { 0 };

	if (cause == CAUSE_CPU)
		blame_cpu(&text, cpu);
	else if (cause == CAUSE_STARVED)
		put_instead(&text, diagnosis, cpu->names);
	else
		blame_waits(&text, diagnosis->model, cpu->names, &diagnosis->waits_of[cause]);
	cells[COLUMN_BLAME].text = fit_to_print(cpu->names, &text);
	put_device(&text, diagnosis, cpu->names, cause);
	cells[COLUMN_DEVICE].text = fit_to_print(cpu->names, &text);
	if (cause == WAIT_LOCK)
		lock_blame(&text, diagnosis->locks, cpu->names);
	cells[COLUMN_HELD].text = fit_to_print(cpu->names, &text);
	if (has_wakeups && (cause == WAIT_LOCK || is_ended_by_threads(cause)))
		blame_ends(&text, diagnosis->model, waits_chain(diagnosis->waits),
			   &diagnosis->waits_of[cause]);
	cells[COLUMN_END].text = fit_to_print(cpu->names, &text);
	cells[COLUMN_SHARE].percent = human_percent(diagnosis->ns[cause], busy_ns(diagnosis));
	cells[COLUMN_NS].number = diagnosis->ns[cause];
	cells[COLUMN_FINDING].text =
		xstrdup(cause == WAIT_LOCK && diagnosis->has_deadlock ?
				"deadlock: threads wait for each other's locks" :
				verdict(cause));
	cells[COLUMN_COMMAND].text = command_for(cause, diagnosis->arguments, has_wakeups);
	buf_release(&text);
}

/* The largest cause that was not @used yet and stands out; or N_CAUSES. */
static unsigned int next_cause(const struct diagnosis *diagnosis, const bool used[N_CAUSES])
{
	unsigned int most = N_CAUSES;

	if (is_hardly_busy(diagnosis))
		return most;
	for (unsigned int cause = 0; cause < N_CAUSES; cause++) {
		if (!used[cause] && diagnosis->ns[cause] && stands_out(diagnosis, cause) &&
		    (most == N_CAUSES || diagnosis->ns[cause] > diagnosis->ns[most]))
			most = cause;
	}
	return most;
}

static void put_summary(const struct diagnosis *diagnosis, unsigned int first, struct audit *notes)
{
	double unknown = human_percent(diagnosis->unknown_ns, diagnosis->life_ns);
	double dormant = human_percent(diagnosis->dormant_ns, diagnosis->life_ns);
	double child = human_percent(diagnosis->child_ns, diagnosis->life_ns);
	char life[HUMAN_SIZE], busy[HUMAN_SIZE];
	struct buf apart = { 0 };

	buf_printf(&apart, "%.1f%% of it idle",
		   human_percent(diagnosis->idle_ns, diagnosis->life_ns));
	if (child >= LEAST_APART_PERCENT)
		buf_printf(&apart, ", %.1f%% waiting for children", child);
	if (dormant >= LEAST_APART_PERCENT)
		buf_printf(&apart, ", %.1f%% of processes that did nothing", dormant);
	if (unknown >= LEAST_APART_PERCENT)
		buf_printf(&apart, ", %.1f%% not known", unknown);
	audit_add(notes, unknown >= LEAST_APART_PERCENT,
		  "threads lived for %s in all, %s: busy for %s",
		  human_duration(life, (uint64_t)diagnosis->life_ns), buf_str(&apart),
		  human_duration(busy, (uint64_t)busy_ns(diagnosis)));
	buf_release(&apart);
	if (first == N_CAUSES)
		audit_add(notes, false, "nothing stands out%s",
			  is_hardly_busy(diagnosis) ? ": threads had hardly anything to do" : "");
}

/* Not a cause beside others: it is other threads' waits, and the collector's work. */
static void put_pauses(const struct diagnosis *diagnosis, struct names *names, struct audit *notes)
{
	struct buf text = { 0 };

	pauses_blame(diagnosis->pauses, names, LEAST_PAUSED, passed_ns(diagnosis), &text);
	if (text.size)
		audit_add(notes, false, "%s; see: sysprof report pauses%s", buf_str(&text),
			  diagnosis->arguments);
	buf_release(&text);
	pauses_end(diagnosis->pauses);
}

/* Theirs is a part of what ran meanwhile, of whose time it is no finding beside. */
static void put_interrupts(const struct diagnosis *diagnosis, struct names *names,
			   struct audit *notes)
{
	struct buf text = { 0 };

	details_tell_interrupts(diagnosis->details, names, LEAST_INTERRUPTED, passed_ns(diagnosis),
				&text);
	if (text.size)
		audit_add(notes, false, "%s; see: sysprof report threads%s", buf_str(&text),
			  diagnosis->arguments);
	buf_release(&text);
}

static void put_heap(const struct diagnosis *diagnosis, struct audit *notes)
{
	struct buf text = { 0 };

	heap_story_tell(diagnosis->heap, &text);
	if (text.size)
		audit_add(notes, false, "%s; see: sysprof report heap --growth%s", buf_str(&text),
			  diagnosis->arguments);
	buf_release(&text);
	heap_story_free(diagnosis->heap);
}

static void end(void *state, struct sheets *ret)
{
	struct diagnosis *diagnosis = state;
	bool used[N_CAUSES] = { false };
	struct profile cpu;
	struct sheet *sheet;
	unsigned int cause;

	cpu_profile(diagnosis->cpu, &cpu);
	locks_resolve(diagnosis->locks, cpu.names);
	add_waits(diagnosis);
	sheets_init(ret, "diagnose", diagnosis->model, diagnosis->filter);
	cause = next_cause(diagnosis, used);
	put_summary(diagnosis, cause, &ret->notes);
	diagnosis->has_deadlock =
		lock_stuck_note(&ret->notes, diagnosis->locks, diagnosis->model, cpu.names);
	put_pauses(diagnosis, cpu.names, &ret->notes);
	put_heap(diagnosis, &ret->notes);
	put_interrupts(diagnosis, cpu.names, &ret->notes);
	sheet = sheets_add(ret, "findings", NULL, columns, N_COLUMNS);
	for (int i = 0; i < MOST_FINDINGS && cause < N_CAUSES; i++) {
		put_finding(sheet, diagnosis, &cpu, cause);
		used[cause] = true;
		cause = next_cause(diagnosis, used);
	}
	profile_release(&cpu);
	for (size_t i = 0; i <= WAIT_N_CLASSES; i++)
		array_release(&diagnosis->waits_of[i]);
	details_free(diagnosis->details);
	locks_free(diagnosis->locks);
	waits_free(diagnosis->waits);
	map_release(&diagnosis->instead);
	free(diagnosis->arguments);
	free(diagnosis);
}

const struct analysis diagnose = { "diagnose", "what stands out", begin, lack, NULL, end };
