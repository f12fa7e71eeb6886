/* SPDX-License-Identifier: GPL-2.0-only */
#include "audit.h"

#include <inttypes.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"

#define NAMED_TARGETS 4 /* the header of a report is one line */

static void put_number(struct definer *definer, const char *key, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	definer_meta(definer, key, text);
}

static void put_command_line(struct definer *definer, char **argv)
{
	struct buf text = { 0 };

	for (; *argv; argv++)
		buf_printf(&text, "%s%s", text.size ? " " : "", *argv);
	definer_meta(definer, "command", buf_str(&text));
	buf_release(&text);
}

static void add_process(struct buf *text, pid_t pid)
{
	char *path = xasprintf("/proc/%d/comm", pid);
	struct buf name = { 0 };

	if (file_read(path, &name) > 1) {
		name.size--; /* the newline */
		buf_printf(text, "%s (pid %d)", buf_str(&name), pid);
	} else {
		buf_printf(text, "pid %d", pid);
	}
	free(path);
	buf_release(&name);
}

/* "redis-server (pid 812), sentinel (pid 813) and 2 more" */
static void put_target(struct definer *definer, const struct audit_meta *meta)
{
	struct buf text = { 0 };

	if (meta->is_all)
		buf_puts(&text, "system");
	for (size_t i = 0; i < meta->n_pids && i < NAMED_TARGETS; i++) {
		buf_puts(&text, i ? ", " : "");
		add_process(&text, meta->pids[i]);
	}
	if (meta->n_pids > NAMED_TARGETS)
		buf_printf(&text, " and %zu more", meta->n_pids - NAMED_TARGETS);
	if (meta->command)
		buf_puts(&text, "command");
	definer_meta(definer, "target", buf_str(&text));
	buf_release(&text);
	if (meta->command)
		put_command_line(definer, meta->command);
}

/* The kernel's addresses mean something on this machine until it boots again. */
static void put_boot_id(struct definer *definer)
{
	struct buf text = { 0 };

	if (file_read("/proc/sys/kernel/random/boot_id", &text) > 1) {
		text.size--; /* the newline */
		definer_meta(definer, "boot_id", buf_str(&text));
	}
	buf_release(&text);
}

static void put_machine(struct definer *definer)
{
	struct utsname name;

	if (uname(&name))
		return;
	definer_meta(definer, "host", name.nodename);
	definer_meta(definer, "kernel", name.release);
	definer_meta(definer, "machine", name.machine);
	put_number(definer, "cpus", (uint64_t)sysconf(_SC_NPROCESSORS_ONLN));
}

void audit_put_meta(struct definer *definer, const struct audit_meta *meta)
{
	put_target(definer, meta);
	put_machine(definer);
	put_boot_id(definer);
	put_number(definer, "hz", meta->hz);
	definer_meta(definer, "event", meta->is_hardware ? "cycles" : "cpu-clock");
	definer_meta(definer, "space", meta->has_kernel ? "user+kernel" : "user");
	if (meta->lacks_wakeups)
		definer_meta(definer, "wakeups", "no");
	put_number(definer, "stack_bytes", meta->stack_bytes);
	put_number(definer, "ring_bytes", meta->ring_bytes);
	definer_meta(definer, "recorder", "sysprof " SYSPROF_VERSION);
}

struct counter_row {
	const char *name;
	uint64_t value;
};

void audit_put_counters(const struct audit *audit, struct definer *definer, struct event_sink *sink,
			uint64_t elapsed_ns, const struct unwind_stats *unwind)
{
	const struct counter_row rows[] = {
		{ "samples.cpu", audit->n_samples },
		{ "lost.records", audit->n_lost },
		{ "lost.wait_stacks", audit->n_lost_waits },
		{ "lost.allocs", audit->n_lost_allocs },
		{ "lost.frees", audit->n_lost_frees },
		{ "lost.undecodable", audit->n_undecodable },
		{ "lost.threads", audit->n_without_fd },
		{ "exact.events", audit->n_exact },
		{ "lost.exact", audit->n_exact_lost },
		{ "lost.pages", audit->n_exact_undecodable },
		{ "lost.calls", audit->n_unpaired },
		{ "lost.states", audit->n_states_left },
		{ "throttled", audit->n_throttled },
		{ "unwind.stacks", unwind->n_samples },
		{ "unwind.frames", unwind->n_frames },
		{ "unwind.complete", unwind->n_stops[UNWIND_DONE] },
		{ "unwind.stop.no_mapping", unwind->n_stops[UNWIND_NO_MAPPING] },
		{ "unwind.stop.no_info", unwind->n_stops[UNWIND_NO_INFO] },
		{ "unwind.stop.stack_end", unwind->n_stops[UNWIND_STACK_END] },
		{ "unwind.stop.bad_rule", unwind->n_stops[UNWIND_BAD_RULE] },
		{ "unwind.stop.too_deep", unwind->n_stops[UNWIND_TOO_DEEP] },
		{ "unwind.completed_live", unwind->n_completed },
		{ "unwind.joined", unwind->n_joined },
		{ "unwind.compiled", unwind->n_compiled },
		{ "self.cpu_ns", clock_ns(CLOCK_PROCESS_CPUTIME_ID) },
		{ "self.wall_ns", elapsed_ns },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct event event = {
			.kind = EVENT_COUNTER,
			.time_ns = audit->time_ns,
			.counter = { definer_string(definer, rows[i].name), rows[i].value },
		};

		event_sink_put(sink, &event);
	}
}
