/* SPDX-License-Identifier: GPL-2.0-only */
#include "model/audit.h"

#include <stdarg.h>

#include "base/escape.h"
#include "base/human.h"

void audit_add(struct audit *audit, bool is_flaw, const char *format, ...)
{
	struct buf text = { 0 };
	va_list args;
	char *raw;

	va_start(args, format);
	if (vasprintf(&raw, format, args) < 0)
		raw = xstrdup(format);
	va_end(args);
	escape_text(&text, raw, strlen(raw));
	free(raw);
	*array_add(&audit->lines) = (struct audit_line){ xstrdup(buf_str(&text)), is_flaw };
	buf_release(&text);
}

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static void add_losses(struct audit *audit, const struct model *model)
{
	struct model_losses losses = model_losses(model);
	uint64_t lost = larger(losses.n_lost, model_counter(model, "lost.records"));
	uint64_t throttled = larger(losses.n_throttled, model_counter(model, "throttled"));
	char time[HUMAN_SIZE];

	if (lost)
		audit_add(audit, true, "%llu records lost: the kernel's buffers were full",
			  (unsigned long long)lost);
	else
		audit_add(audit, false, "no records lost");
	if (throttled)
		audit_add(audit, true, "the kernel paused sampling %llu times for its cost",
			  (unsigned long long)throttled);
	if (losses.n_gaps)
		audit_add(audit, true,
			  "switches between threads are missing in %llu gaps, %s in all",
			  (unsigned long long)losses.n_gaps, human_duration(time, losses.gap_ns));
}

/* Why stacks end early: by counter, in the words for it. */
static const struct {
	const char *counter;
	const char *text;
} stops[] = {
	{ "unwind.stop.no_mapping", "in no mapped code" },
	{ "unwind.stop.no_info", "no unwind info" },
	{ "unwind.stop.stack_end", "beyond the captured bytes" },
	{ "unwind.stop.bad_rule", "unwind info leads nowhere" },
	{ "unwind.stop.too_deep", "too deep" },
};

static void add_unwinding(struct audit *audit, const struct model *model)
{
	uint64_t n = model_counter(model, "unwind.stacks");
	uint64_t complete = model_counter(model, "unwind.complete");
	struct buf text = { 0 };

	if (!model_has_counter(model, "unwind.stacks") || n == 0)
		return;
	buf_printf(&text, "%llu of %llu user stacks complete (%.1f%%)",
		   (unsigned long long)complete, (unsigned long long)n,
		   100.0 * (double)complete / (double)n);
	for (size_t i = 0; i < sizeof(stops) / sizeof(stops[0]); i++) {
		uint64_t value = model_counter(model, stops[i].counter);

		if (value)
			buf_printf(&text, "; %llu %s", (unsigned long long)value, stops[i].text);
	}
	audit_add(audit, complete < n, "%s", buf_str(&text));
	buf_release(&text);
}

static bool is_nameless_jit(const struct dictionary *dict, uint32_t frame)
{
	struct dict_frame f = dictionary_frame(dict, frame);

	return !f.n_names && !strncmp(dictionary_module(dict, f.module).path, "[jit] ", 6);
}

/* What was made at run time has names where the runtime wrote them down only. */
static void add_jits(struct audit *audit, const struct model *model)
{
	const struct dictionary *dict = model_dictionary(model);
	uint32_t n = dictionary_n_frames(dict), first = 0;
	size_t n_nameless = 0;

	for (uint32_t id = 1; id && id <= n; id++) {
		if (!is_nameless_jit(dict, id))
			continue;
		n_nameless++;
		if (!first)
			first = dictionary_frame(dict, id).module;
	}
	if (n_nameless && model_counter(model, "names.frames"))
		audit_add(audit, false,
			  "%zu of the others are code made at run time, in %s: before "
			  "the recording ends, have it write /tmp/perf-PID.map (JVM: `jcmd PID "
			  "Compiler.perfmap`; node: --perf-basic-prof)",
			  n_nameless, dictionary_module(dict, first).path);
}

/* Where that runs without frame pointers, nothing leads to its callers. */
static void add_jit_ends(struct audit *audit, const struct model *model)
{
	static const char why[] = "truncated: no unwind info in ", jit[] = "[jit] ";
	const struct dictionary *dict = model_dictionary(model);
	uint64_t n_ends = model_counter(model, "unwind.stop.no_info");
	uint32_t n = dictionary_n_frames(dict);

	if (n_ends < model_counter(model, "unwind.stacks") / 100)
		return;
	for (uint32_t id = 1; id && id <= n; id++) {
		struct dict_frame frame = dictionary_frame(dict, id);
		const char *path = dictionary_module(dict, frame.module).path;

		if (strncmp(path, why, strlen(why)) != 0 ||
		    strncmp(path + strlen(why), jit, strlen(jit)) != 0)
			continue;
		audit_add(audit, false,
			  "stacks end in code made at run time that keeps no frame pointers, in %s "
			  "(JVM: start it with -XX:+PreserveFramePointer)",
			  path + strlen(why));
		return;
	}
}

static void add_names(struct audit *audit, const struct model *model)
{
	uint64_t n = model_counter(model, "names.frames");
	uint64_t found = model_counter(model, "names.found");

	if (n)
		audit_add(audit, false, "%llu of %llu addresses have names (%.1f%%)",
			  (unsigned long long)found, (unsigned long long)n,
			  100.0 * (double)found / (double)n);
}

static void add_cost(struct audit *audit, const struct model *model)
{
	uint64_t cpu = model_counter(model, "self.cpu_ns");
	uint64_t wall = model_counter(model, "self.wall_ns");
	char used[HUMAN_SIZE], elapsed[HUMAN_SIZE];

	if (!wall)
		return;
	audit_add(audit, false, "the recorder used %s of CPU time in %s (%.2f%% of one CPU)",
		  human_duration(used, cpu), human_duration(elapsed, wall),
		  100.0 * (double)cpu / (double)wall);
}

/* A buffer that was full does not tell whose they were. */
static void add_lost_waits(struct audit *audit, const struct model *model)
{
	uint64_t lost = model_counter(model, "lost.wait_stacks");
	bool has_others = model_counter(model, "waits.strangers") > 0;

	if (lost)
		audit_add(audit, true, "%llu stacks of waits lost%s: the times of waits are exact",
			  (unsigned long long)lost,
			  has_others ? ", of what is recorded or of other threads" : "");
}

/* Whatever else the recorder counted as lost. */
static void add_other(void *arg, const char *name, uint64_t value)
{
	if (value && !strcmp(name, "lost.allocs"))
		audit_add(arg, true,
			  "%llu samples of allocations lost: what they stand for is missing",
			  (unsigned long long)value);
	else if (value && !strcmp(name, "lost.frees"))
		audit_add(arg, true,
			  "%llu samples of what was freed lost: of what is in use, some is not",
			  (unsigned long long)value);
	else if (value && !strncmp(name, "lost.", 5) && strcmp(name, "lost.records") &&
		 strcmp(name, "lost.wait_stacks"))
		audit_add(arg, true, "%s: %llu", name, (unsigned long long)value);
}

static void add_form(struct audit *audit, const struct model *model)
{
	struct model_window window = model_window(model);
	uint64_t refused = dictionary_n_refused(model_dictionary(model));

	if (!window.has_end)
		audit_add(audit, true,
			  "the recording does not end: its recorder was killed, or "
			  "the file is cut");
	if (refused)
		audit_add(audit, true, "%llu definitions in the recording are wrong, left out",
			  (unsigned long long)refused);
}

static void add_wakeups(struct audit *audit, const struct model *model)
{
	const char *meta = dictionary_meta(model_dictionary(model), "wakeups");

	if (meta && !strcmp(meta, "no"))
		audit_add(audit, true,
			  "off the CPU is not told apart: no wake-ups were recorded, so waits "
			  "include the time until a CPU was free; record as root for both");
}

bool audit_trigger(const struct model *model, struct buf *out)
{
	const struct dictionary *dict = model_dictionary(model);
	struct model_trigger trigger = model_trigger(model);
	uint64_t start_ns = model_window(model).start_ns;
	struct bytes text = dictionary_bytes(dict, trigger.condition);
	char time[HUMAN_SIZE];

	if (!trigger.time_ns)
		return false;
	escape_text(out, text.data, text.size);
	if (trigger.time_ns >= start_ns)
		buf_printf(out, ", %s from the start",
			   human_duration(time, trigger.time_ns - start_ns));
	if (trigger.task) {
		uint32_t thread = model_task(model, trigger.task).thread;

		text = dictionary_bytes(dict, model_task_name(model, trigger.task));
		buf_puts(out, ": ");
		escape_text(out, text.data, text.size);
		buf_printf(out, "%s(tid %u)", text.size ? " " : "",
			   model_thread(model, thread).tid);
	}
	if (trigger.duration_ns)
		buf_printf(out, ", %s", human_duration(time, trigger.duration_ns));
	return true;
}

/* A ring that had less memory than its span needed. */
static void add_ring(struct audit *audit, const struct model *model)
{
	const struct dictionary *dict = model_dictionary(model);
	const char *held = dictionary_meta(dict, "ring_held");
	const char *asked = dictionary_meta(dict, "ring");

	if (held && asked)
		audit_add(audit, true,
			  "the ring held %s, not %s: record with more memory (--ring-size)", held,
			  asked);
}

void audit_collect(struct audit *audit, const struct model *model)
{
	add_losses(audit, model);
	add_wakeups(audit, model);
	add_lost_waits(audit, model);
	model_each_counter(model, add_other, audit);
	add_unwinding(audit, model);
	add_jit_ends(audit, model);
	add_names(audit, model);
	add_jits(audit, model);
	add_cost(audit, model);
	add_form(audit, model);
	add_ring(audit, model);
}

void audit_release(struct audit *audit)
{
	struct audit_line *line;

	array_for_each(line, &audit->lines)
		free(line->text);
	array_release(&audit->lines);
}
