/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The timeline as a page that a browser opens without any help: page_head, what was
 * recorded as tables, page_tail.  Kept in memory are a part of each table, and some
 * numbers for each thread, CPU and name; so it does not grow with time.
 *
 * Page and tables are always of one version, as they are one file: their columns may
 * change freely.  src/ui/assets/trace.js reads what is put here.
 */
#include <errno.h>
#include <stdlib.h>

#include "event/syscalls.h"
#include "exporters.h"
#include "item.h"
#include "page.h"
#include "page_names.h"
#include "page_profile.h"
#include "page_source.h"
#include "page_sums.h"
#include "page_table.h"

enum {
	STATE_THREAD,
	STATE_KIND,
	STATE_GAP, /* since the end of the thread's slice before */
	STATE_NS,
	STATE_CPU, /* this and what follows: not of what goes on */
	STATE_INSTEAD,
	STATE_OBJECT, /* this and what follows: of blocked ones */
	STATE_CALL,
	STATE_STACK,
	STATE_WAKER,
	STATE_WAKER_STACK,
	N_STATE
};

/* What is told of an item: the first once a row, the others once an argument. */
enum { ITEM_NAME, ITEM_N_ARGS, ITEM_KEY, ITEM_FORM, ITEM_VALUE, N_ITEM };
enum { ARG_NUMBER, ARG_ADDRESS, ARG_TEXT };

enum { CALL_THREAD = N_ITEM, CALL_GAP, CALL_NS, CALL_HAS_FAILED, N_CALL };
enum { MARK_THREAD = N_ITEM, MARK_WHAT, MARK_NS, N_MARK };
enum { OTHER_TRACK = N_ITEM, OTHER_START, OTHER_NS, OTHER_HAS_FAILED, N_OTHER };
enum {
	PAUSE_WHOSE = N_ITEM, /* the thread that is stopped, or a process's main one */
	PAUSE_IS_PROCESS,
	PAUSE_START,
	PAUSE_NS,
	PAUSE_STOPPING, /* of that, until all had stopped */
	PAUSE_BY,       /* threads; 0: not known */
	PAUSE_LAST,
	PAUSE_LAST_STACK,
	N_PAUSE
};
enum { RUN_CPU, RUN_THREAD, RUN_GAP, RUN_NS, N_RUN };
enum { CPU_N_RUNS, N_CPU };
enum { SAMPLE_THREAD, SAMPLE_NS, SAMPLE_CPU, SAMPLE_WEIGHT, SAMPLE_STACK, N_SAMPLE };
enum { FACT_KEY, FACT_VALUE, N_FACT };

enum { WAKER_UNSEEN, WAKER_INTERRUPT, WAKER_UNRECORDED, WAKER_THREAD /* + its reference */ };

struct lane {                 /* of a thread or CPU: where its last rows ended */
	uint64_t interval_ns; /* the start of the interval that the last slice is of */
	uint64_t end_ns, call_end_ns;
};

struct cpu_lane {
	uint64_t end_ns;
	uint64_t n_runs;
};

struct plateau {                       /* of a curve of memory: it goes on until the next is told */
	struct timeline_memory memory; /* but .stack */
	uint32_t curve;                /* what it is called; 0: there is none */
};

struct html {
	struct timeline_sink sink;
	struct page_names names;
	struct page_table states, calls, runs, marks, others, pauses, samples;
	ARRAY(struct lane) lanes; /* by reference of a thread */
	ARRAY(struct cpu_lane) cpu_lanes;
	struct page_sums sums;
	uint64_t mark_ns, other_ns, pause_ns, sample_ns; /* of the last ones */
	struct plateau plateau;
	const struct timeline_source *source; /* borrowed */
	FILE *out;
	int error; /* 0, or the first -errno */
};

static void note_error(struct html *html, int error)
{
	html->error = html->error ? html->error : error;
}

static void end_row(struct html *html, struct page_table *table)
{
	note_error(html, page_table_end_row(table));
}

static struct lane *lane_of(struct html *html, uint32_t ref)
{
	struct lane *lane;

	while (html->lanes.n <= ref) {
		lane = array_add(&html->lanes);
		lane->end_ns = lane->call_end_ns = html->source->start_ns;
	}
	return &html->lanes.items[ref];
}

static uint32_t thread_ref(struct html *html, uint32_t thread)
{
	return page_thread(&html->names, thread)->ref;
}

static uint64_t kind_of(const struct timeline_state *state, const struct lane *lane)
{
	static const uint64_t kinds[SCHED_N_STATES] = {
		[SCHED_UNKNOWN] = SLICE_UNKNOWN,
		[SCHED_RUNNING] = SLICE_RUNNING,
		[SCHED_RUNNABLE] = SLICE_RUNNABLE,
		[SCHED_BLOCKED] = SLICE_BLOCKED,
	};
	const struct sched_interval *interval = state->interval;
	uint64_t kind = kinds[interval->state];

	if (interval->state == SCHED_BLOCKED && interval->wait.period)
		kind = SLICE_WAITS +
		       (interval->wait.why < WAIT_N_CLASSES ? interval->wait.why : WAIT_OTHER);
	if (lane->end_ns == state->start_ns && lane->interval_ns == interval->start_ns)
		kind |= SLICE_GOES_ON;
	if (interval->is_cut_at_start && state->start_ns == interval->start_ns)
		kind |= SLICE_CUT_START;
	if (interval->is_cut_at_end && state->end_ns == interval->end_ns)
		kind |= SLICE_CUT_END;
	if (interval->is_preempted)
		kind |= SLICE_PREEMPTED;
	return kind;
}

static uint64_t waker_of(struct html *html, const struct sched_wake *wake)
{
	uint32_t thread = model_task(html->names.model, wake->task).thread;

	if (!wake->is_seen)
		return WAKER_UNSEEN;
	if (thread)
		return WAKER_THREAD + (uint64_t)thread_ref(html, thread);
	return wake->tid ? WAKER_UNRECORDED : WAKER_INTERRUPT;
}

static void put_wait(struct html *html, const struct sched_interval *interval)
{
	const struct sched_wait *wait = &interval->wait;
	struct page_names *names = &html->names;
	struct page_table *table = &html->states;

	page_table_add(table, STATE_OBJECT,
		       page_text(names, names_string(names->names, wait->object)));
	page_table_add(table, STATE_CALL, wait->nr ? page_call(names, wait->nr - 1) : 0);
	page_table_add(table, STATE_STACK, page_stack(names, wait->stack));
	page_table_add(table, STATE_WAKER, waker_of(html, &interval->wake));
	page_table_add(table, STATE_WAKER_STACK, page_stack(names, interval->wake.stack));
}

static void html_state(struct timeline_sink *sink, const struct timeline_state *state)
{
	struct html *html = (struct html *)sink; /* the first member; so everywhere here */
	struct page_thread *thread = page_thread(&html->names, state->thread);
	struct lane *lane = lane_of(html, thread->ref);
	const struct sched_interval *interval = state->interval;
	struct page_table *table = &html->states;
	uint64_t kind = kind_of(state, lane);

	thread->task = interval->task;
	page_sums_add(&html->sums, thread->ref, kind, state->start_ns, state->end_ns);
	page_table_add(table, STATE_THREAD, thread->ref);
	page_table_add(table, STATE_KIND, kind);
	page_table_add(table, STATE_GAP, state->start_ns - lane->end_ns);
	page_table_add(table, STATE_NS, state->end_ns - state->start_ns);
	lane->end_ns = state->end_ns;
	lane->interval_ns = interval->start_ns;
	if (!(kind & SLICE_GOES_ON)) {
		page_table_add(table, STATE_CPU, interval->cpu);
		if (interval->state == SCHED_RUNNABLE)
			page_table_add(table, STATE_INSTEAD, interval->instead_tid);
		if (interval->state == SCHED_BLOCKED)
			put_wait(html, interval);
	}
	end_row(html, table);
}

static void put_arg(struct html *html, struct page_table *table, const struct item_arg *arg)
{
	struct page_names *names = &html->names;

	page_table_add(table, ITEM_KEY, page_string(names, arg->key));
	page_table_add(table, ITEM_FORM,
		       arg->text       ? ARG_TEXT :
		       arg->is_address ? ARG_ADDRESS :
					 ARG_NUMBER);
	page_table_add(table, ITEM_VALUE, arg->text ? page_text(names, arg->text) : arg->number);
}

static void put_item(struct html *html, struct page_table *table, const struct item *item)
{
	page_table_add(table, ITEM_NAME, page_text(&html->names, item->name));
	page_table_add(table, ITEM_N_ARGS, item->n_args);
	for (size_t i = 0; i < item->n_args; i++)
		put_arg(html, table, &item->args[i]);
}

static struct item_source source_of(const struct html *html)
{
	return (struct item_source){ html->names.model, html->names.names };
}

static void html_syscall(struct timeline_sink *sink, const struct timeline_syscall *call)
{
	struct html *html = (struct html *)sink;
	uint32_t ref = thread_ref(html, call->thread);
	struct lane *lane = lane_of(html, ref);
	struct page_table *table = &html->calls;
	struct item item;

	item_of_syscall(source_of(html), call, &item);
	put_item(html, table, &item);
	page_table_add(table, CALL_THREAD, ref);
	page_table_add_signed(table, CALL_GAP, (int64_t)(call->start_ns - lane->call_end_ns));
	page_table_add(table, CALL_NS, call->end_ns - call->start_ns);
	page_table_add(table, CALL_HAS_FAILED, syscall_error(call->result) != NULL);
	lane->call_end_ns = call->end_ns;
	end_row(html, table);
}

struct other {       /* a slice that is of no thread */
	char *track; /* what its track is called; freed when it is put */
	uint64_t start_ns, end_ns;
	bool has_failed;
};

static void put_other(struct html *html, const struct other *other, const struct item *item)
{
	struct page_table *table = &html->others;

	put_item(html, table, item);
	page_table_add(table, OTHER_TRACK, page_string(&html->names, other->track));
	page_table_add_signed(table, OTHER_START, (int64_t)(other->start_ns - html->other_ns));
	page_table_add(table, OTHER_NS, other->end_ns - other->start_ns);
	page_table_add(table, OTHER_HAS_FAILED, other->has_failed);
	html->other_ns = other->start_ns;
	end_row(html, table);
	free(other->track);
}

static void html_interrupt(struct timeline_sink *sink, const struct timeline_interrupt *interrupt)
{
	struct html *html = (struct html *)sink;
	struct item item;

	item_of_interrupt(source_of(html), interrupt, &item);
	put_other(html,
		  &(struct other){ .track = xasprintf("CPU %u %ss", interrupt->cpu, item.category),
				   .start_ns = interrupt->start_ns,
				   .end_ns = interrupt->end_ns },
		  &item);
}

static void html_disk(struct timeline_sink *sink, const struct timeline_disk *disk)
{
	struct html *html = (struct html *)sink;
	struct names *names = html->names.names;
	const char *device = names_text(names, names_string(names, disk->device));
	struct item item;

	item_of_disk(source_of(html), disk, &item);
	put_other(html,
		  &(struct other){
			  .track = disk->lane ? xasprintf("disk %s (%u)", device, disk->lane + 1) :
						xasprintf("disk %s", device),
			  .start_ns = disk->start_ns,
			  .end_ns = disk->end_ns,
			  .has_failed = disk->error != 0 },
		  &item);
}

/* Curves are shown as slices, each as long as the curve is level. */
static void put_plateau(struct html *html, uint64_t end_ns)
{
	const struct timeline_memory *memory = &html->plateau.memory;
	struct item item;

	if (!html->plateau.curve || !memory->bytes || end_ns <= memory->time_ns)
		return;
	item_of_memory(source_of(html), memory->bytes, &item);
	put_other(html,
		  &(struct other){
			  .track = xstrdup(names_text(html->names.names, html->plateau.curve)),
			  .start_ns = memory->time_ns,
			  .end_ns = end_ns },
		  &item);
}

static void html_memory(struct timeline_sink *sink, const struct timeline_memory *memory)
{
	struct html *html = (struct html *)sink;
	uint32_t curve = item_curve_of_memory(source_of(html), memory);

	put_plateau(html, curve == html->plateau.curve ? memory->time_ns : html->source->end_ns);
	html->plateau = (struct plateau){ *memory, curve };
	html->plateau.memory.stack = NULL;
}

static void html_pause(struct timeline_sink *sink, const struct timeline_pause *pause)
{
	struct html *html = (struct html *)sink;
	struct page_table *table = &html->pauses;
	struct item item;

	item_of_pause(source_of(html), pause, &item);
	put_item(html, table, &item);
	page_table_add(table, PAUSE_WHOSE, thread_ref(html, pause->thread));
	page_table_add(table, PAUSE_IS_PROCESS, pause->is_process);
	page_table_add_signed(table, PAUSE_START, (int64_t)(pause->start_ns - html->pause_ns));
	page_table_add(table, PAUSE_NS, pause->end_ns - pause->start_ns);
	page_table_add(table, PAUSE_STOPPING, pause->stopping_ns);
	page_table_add(table, PAUSE_BY, pause->by ? thread_ref(html, pause->by) : 0);
	page_table_add(table, PAUSE_LAST, pause->last ? thread_ref(html, pause->last) : 0);
	page_table_add(table, PAUSE_LAST_STACK, page_stack(&html->names, pause->last_stack));
	html->pause_ns = pause->start_ns;
	end_row(html, table);
}

static void html_run(struct timeline_sink *sink, const struct timeline_run *run)
{
	struct html *html = (struct html *)sink;
	struct page_table *table = &html->runs;
	struct cpu_lane *lane;

	while (html->cpu_lanes.n <= run->cpu)
		*array_add(&html->cpu_lanes) = (struct cpu_lane){ html->source->start_ns, 0 };
	lane = &html->cpu_lanes.items[run->cpu];
	page_table_add(table, RUN_CPU, run->cpu);
	page_table_add(table, RUN_THREAD, thread_ref(html, run->thread));
	page_table_add_signed(table, RUN_GAP, (int64_t)(run->start_ns - lane->end_ns));
	page_table_add(table, RUN_NS, run->end_ns - run->start_ns);
	lane->end_ns = run->end_ns;
	lane->n_runs++;
	end_row(html, table);
}

static void html_mark(struct timeline_sink *sink, const struct timeline_mark *mark)
{
	struct html *html = (struct html *)sink;
	struct page_table *table = &html->marks;
	struct item item;

	item_of_mark(source_of(html), mark, &item);
	put_item(html, table, &item);
	page_table_add(table, MARK_THREAD, mark->thread ? thread_ref(html, mark->thread) : 0);
	page_table_add(table, MARK_WHAT, mark->kind);
	page_table_add_signed(table, MARK_NS, (int64_t)(mark->time_ns - html->mark_ns));
	html->mark_ns = mark->time_ns;
	end_row(html, table);
}

static void html_sample(struct timeline_sink *sink, const struct timeline_sample *sample)
{
	struct html *html = (struct html *)sink;
	struct page_table *table = &html->samples;

	page_table_add(table, SAMPLE_THREAD, thread_ref(html, sample->thread));
	page_table_add_signed(table, SAMPLE_NS, (int64_t)(sample->time_ns - html->sample_ns));
	page_table_add(table, SAMPLE_CPU, sample->cpu);
	page_table_add(table, SAMPLE_WEIGHT, sample->weight_ns);
	page_table_add(table, SAMPLE_STACK, page_stack(&html->names, sample->stack));
	html->sample_ns = sample->time_ns;
	end_row(html, table);
}

static void html_profile(struct timeline_sink *sink, const struct profile *profile)
{
	struct html *html = (struct html *)sink;

	note_error(html, page_put_profile(&html->names, profile, html->out));
}

static void html_sheets(struct timeline_sink *sink, const struct sheets *sheets)
{
	struct html *html = (struct html *)sink;

	note_error(html, page_put_sheets(&html->names, sheets, html->out));
}

static void put_cpus(struct html *html)
{
	struct page_table table = { .name = "cpus", .out = html->out, .n_columns = N_CPU };
	struct cpu_lane *lane;

	array_for_each(lane, &html->cpu_lanes)
		page_table_add(&table, CPU_N_RUNS, lane->n_runs);
	note_error(html, page_table_finish(&table));
}

struct facts {
	struct html *html;
	struct page_table table;
};

static void put_fact(void *arg, const char *key, const char *value)
{
	struct facts *facts = arg;

	page_table_add(&facts->table, FACT_KEY, page_string(&facts->html->names, key));
	page_table_add(&facts->table, FACT_VALUE, page_string(&facts->html->names, value));
}

static void put_number(struct facts *facts, const char *key, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	put_fact(facts, key, text);
}

static void put_kinds(struct facts *facts)
{
	struct buf names = { 0 };

	for (unsigned int why = 0; why < WAIT_N_CLASSES; why++)
		buf_printf(&names, "%s%s", why ? " " : "", wait_class_name(why));
	put_fact(facts, "page.waits", buf_str(&names));
	buf_release(&names);
}

/* What stands where no stack was taken. */
static uint32_t no_stack(struct html *html)
{
	struct names *names = html->names.names;

	return names_function(names, names_frame(names, NAMES_NO_STACK).items[0].function).name;
}

/* What the recorder noted, and what is the page's, of which the names begin with its own. */
static void put_facts(struct html *html)
{
	struct model_window window = model_window(html->names.model);
	struct facts facts = {
		.html = html,
		.table = { .name = "facts", .out = html->out, .n_columns = N_FACT },
	};
	uint64_t since_ns = html->source->start_ns - window.start_ns;

	dictionary_each_meta(model_dictionary(html->names.model), put_fact, &facts);
	put_number(&facts, "page.span_ns", html->source->end_ns - html->source->start_ns);
	put_number(&facts, "page.since_ns", since_ns);
	put_number(&facts, "page.wall_ns", window.wall_ns ? window.wall_ns + since_ns : 0);
	put_fact(&facts, "page.version", SYSPROF_VERSION);
	if (html->source->slots)
		put_number(&facts, "page.slot_ns", html->source->slots->slot_ns);
	put_kinds(&facts);
	if (html->source->lack)
		put_fact(&facts, "page.lack", html->source->lack);
	put_fact(&facts, "page.no_stack", names_text(html->names.names, no_stack(html)));
	note_error(html, page_table_finish(&facts.table));
}

static void put_sources(struct html *html)
{
	if (html->source->has_sources)
		note_error(html,
			   page_put_sources(&html->names, model_window(html->names.model).wall_ns,
					    html->out));
}

static int html_end(struct timeline_sink *sink)
{
	struct html *html = (struct html *)sink;
	struct page_table *tables[] = { &html->states, &html->calls,  &html->runs,   &html->marks,
					&html->others, &html->pauses, &html->samples };
	int error;

	put_plateau(html, html->source->end_ns);
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		note_error(html, page_table_finish(tables[i]));
	note_error(html, page_sums_finish(&html->sums, html->out));
	put_cpus(html);
	note_error(html, page_put_audit(&html->names, html->source->audit, "", html->out));
	put_facts(html);
	put_sources(html);
	note_error(html, page_names_finish(&html->names));
	fputs(page_tail, html->out);
	if (fflush(html->out) || ferror(html->out))
		note_error(html, errno ? -errno : -EIO);
	error = html->error;
	array_release(&html->lanes);
	array_release(&html->cpu_lanes);
	free(html);
	return error;
}

struct timeline_sink *html_timeline(const struct timeline_source *source, FILE *out)
{
	struct html *html = xcalloc(1, sizeof(*html));

	/* Slices have their wakers already, and the page adds up the load. */
	html->sink = (struct timeline_sink){
		.state = html_state,
		.syscall = html_syscall,
		.run = html_run,
		.interrupt = html_interrupt,
		.disk = html_disk,
		.pause = html_pause,
		.mark = html_mark,
		.sample = html_sample,
		.memory = html_memory,
		.profile = html_profile,
		.sheets = html_sheets,
		.end = html_end,
	};
	page_names_init(&html->names, source->model, source->names, out);
	page_sums_init(&html->sums, source->start_ns, source->end_ns);
	html->source = source;
	html->out = out;
	html->mark_ns = html->other_ns = html->pause_ns = html->sample_ns = source->start_ns;
	html->states = (struct page_table){ .name = "states", .out = out, .n_columns = N_STATE };
	html->calls = (struct page_table){ .name = "calls", .out = out, .n_columns = N_CALL };
	html->runs = (struct page_table){ .name = "runs", .out = out, .n_columns = N_RUN };
	html->marks = (struct page_table){ .name = "marks", .out = out, .n_columns = N_MARK };
	html->others = (struct page_table){ .name = "others", .out = out, .n_columns = N_OTHER };
	html->pauses = (struct page_table){ .name = "pauses", .out = out, .n_columns = N_PAUSE };
	html->samples = (struct page_table){ .name = "samples", .out = out, .n_columns = N_SAMPLE };
	fputs(page_head, out);
	return &html->sink;
}
