/* SPDX-License-Identifier: GPL-2.0-only */
#include <argp.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/escape.h"
#include "base/file.h"
#include "base/human.h"
#include "cmd/command.h"
#include "data/writer.h"
#include "event/dictionary.h"
#include "record/recorder.h"
#include "symbol/resolver.h"

#define DEFAULT_HZ              100
#define MAX_HZ_PATH             "/proc/sys/kernel/perf_event_max_sample_rate"
#define DEFAULT_BUDGET_PERMILLE 30
#define STEP_MS                 50
#define GRACE_MS                2000
#define SECOND_NS               1000000000u
#define NAME_BYTES              32   /* in the file for a frame's names; C++ takes 25, Rust more */
#define CLOSING_BYTES           4096 /* for what closes a recording */
#define EXEC_NOT_FOUND          127
#define EXEC_REFUSED            126

struct options {
	struct recorder_options recorder;
	struct writer_options writer;
	ARRAY(pid_t) pids;
	uint64_t duration_ns; /* 0: until the targets end, or a signal */
};

/* What the recorder's events go to: a file that is opened once the recorder could be. */
struct recording {
	struct event_sink sink;
	struct writer *writer;
};

/* What is to be named, for the time that takes. */
struct described {
	struct event_sink sink;
	struct dictionary *dictionary;
};

static volatile sig_atomic_t stop_signal;

static void on_signal(int signal_number)
{
	stop_signal = signal_number;
}

enum option_key {
	KEY_CPU_ONLY = 256,
	KEY_MAX_SIZE,
	KEY_TRACE,
	KEY_KERNEL_LOCKS,
	KEY_TRACE_BUFFER,
	KEY_BUDGET,
};

static const struct argp_option option_table[] = {
	{ "pid", 'p', "PID[,PID...]", 0, "Record these processes, with all threads and children",
	  0 },
	{ "all", 'a', NULL, 0, "Record the whole machine", 0 },
	{ "frequency", 'F', "HZ", 0, "Sample this often a second (default 100)", 0 },
	{ "duration", 'd', "TIME", 0, "Stop after TIME: seconds, or as in 500ms, 2m", 0 },
	{ "output", 'o', "FILE", 0, "Write to FILE (default sysprof.data; - is standard output)",
	  0 },
	{ "cpu-only", KEY_CPU_ONLY, NULL, 0, "Only sample the CPUs; open no tracefs", 0 },
	{ "trace", KEY_TRACE, NULL, 0, "Record every system call, too", 0 },
	{ "kernel-locks", KEY_KERNEL_LOCKS, NULL, 0, "Record waits for locks of the kernel's, too",
	  0 },
	{ "trace-buffer", KEY_TRACE_BUFFER, "SIZE", 0,
	  "Kernel memory for switches and calls, for each CPU", 0 },
	{ "budget", KEY_BUDGET, "PERCENT", 0,
	  "Spend at most so much of the machine on stacks of waits (default 3)", 0 },
	{ "max-size", KEY_MAX_SIZE, "SIZE", 0, "Stop before the recording grows over SIZE", 0 },
	{ 0 },
};

static void add_pids(struct options *o, const char *list, struct argp_state *state)
{
	char *copy = xstrdup(list), *at = copy, *item;
	uint64_t pid;

	while ((item = strsep(&at, ",")) != NULL) {
		if (human_parse_number(item, 1, INT32_MAX, &pid))
			argp_error(state,
				   "'%s' is not a process id; give numbers, as in -p 812,813",
				   item);
		*array_add(&o->pids) = (pid_t)pid;
	}
	free(copy);
}

static void set_frequency(struct options *o, const char *text, struct argp_state *state)
{
	uint64_t hz;

	if (human_parse_number(text, 1, INT32_MAX, &hz))
		argp_error(state, "'%s' is not a frequency; give samples a second, 100 for example",
			   text);
	o->recorder.hz = (uint32_t)hz;
}

static void set_budget(struct options *o, const char *text, struct argp_state *state)
{
	char *end;
	double percent = strtod(text, &end);

	if (end == text || *end || !(percent >= 0.1 && percent <= 100))
		argp_error(state, "'%s' is not a share of the machine; give percent, 0.1 to 100",
			   text);
	o->recorder.budget_permille = (uint32_t)(10 * percent + 0.5);
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;
	uint64_t bytes;

	switch (key) {
	case 'p':
		add_pids(o, arg, state);
		return 0;
	case 'a':
		o->recorder.is_all = true;
		return 0;
	case 'F':
		set_frequency(o, arg, state);
		return 0;
	case 'd':
		if (human_parse_duration(arg, &o->duration_ns) || !o->duration_ns)
			argp_error(state, "'%s' is not a duration; try 10, 1.5s or 500ms", arg);
		return 0;
	case 'o':
		o->writer.path = arg;
		return 0;
	case KEY_CPU_ONLY:
		o->recorder.cpu_only = true;
		return 0;
	case KEY_TRACE:
		o->recorder.trace = true;
		return 0;
	case KEY_KERNEL_LOCKS:
		o->recorder.kernel_locks = true;
		return 0;
	case KEY_TRACE_BUFFER:
		if (human_parse_size(arg, &bytes) || bytes < 4096 || bytes > 1u << 30)
			argp_error(state, "'%s' is not a size from 4k to 1G; try 16M", arg);
		o->recorder.trace_buffer_bytes = bytes;
		return 0;
	case KEY_BUDGET:
		set_budget(o, arg, state);
		return 0;
	case KEY_MAX_SIZE:
		if (human_parse_size(arg, &o->writer.max_size_bytes))
			argp_error(state, "'%s' is not a size; try 64M or 1G", arg);
		return 0;
	case ARGP_KEY_ARGS:
		o->recorder.command = state->argv + state->next;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int check_options(const struct options *o)
{
	int n_targets = !!o->pids.n + o->recorder.is_all + !!o->recorder.command;

	if (!n_targets)
		return err(EXIT_USAGE,
			   "nothing to record: name a process (-p PID), the whole machine "
			   "(-a) or a command (-- COMMAND)");
	if (n_targets > 1)
		return err(EXIT_USAGE, "-p, -a and a COMMAND exclude each other");
	if (o->recorder.cpu_only && (o->recorder.trace || o->recorder.kernel_locks))
		return err(EXIT_USAGE, "--cpu-only excludes --trace and --kernel-locks");
	return EXIT_DONE;
}

/* The kernel would refuse with EINVAL, which says little. */
static int check_frequency(uint32_t hz)
{
	struct buf text = { 0 };
	long max = 0;

	if (file_read(MAX_HZ_PATH, &text) > 0)
		max = strtol(buf_str(&text), NULL, 10);
	buf_release(&text);
	if (max <= 0 || hz <= (unsigned long)max)
		return EXIT_DONE;
	return err(EXIT_FAILED,
		   "cannot sample at %u Hz: the kernel allows %ld; use -F %ld or raise it: sysctl "
		   "kernel.perf_event_max_sample_rate=%u",
		   hz, max, max, hz);
}

static int put_event(struct event_sink *sink, const struct event *event)
{
	struct recording *rec = (struct recording *)sink;

	if (event->kind == EVENT_FRAME)
		writer_reserve(rec->writer, NAME_BYTES);
	return event_sink_put(writer_sink(rec->writer), event);
}

static int describe(struct event_sink *sink, const struct event *event)
{
	dictionary_put(((struct described *)sink)->dictionary,
		       event); /* what it refuses has no name */
	return 0;
}

static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal }; /* no SA_RESTART: poll() returns */

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	signal(SIGPIPE, SIG_IGN); /* a reader that went away is an error of write() */
}

static void show_status(const struct recorder *recorder)
{
	struct recorder_totals t = recorder_totals(recorder);
	char elapsed[HUMAN_SIZE], samples[HUMAN_SIZE], lost[HUMAN_SIZE];

	status_line("recording %s  %s samples  %s lost  sysprof uses %.1f %% of a CPU",
		    human_duration(elapsed, t.elapsed_ns), human_count(samples, t.n_samples),
		    human_count(lost, t.n_lost),
		    t.elapsed_ns ? 100.0 * (double)t.self_cpu_ns / (double)t.elapsed_ns : 0.0);
}

/* Until the targets are gone, the time is over, or a signal.  0 or -errno of the sink. */
static int run(struct recorder *recorder, struct recording *rec, uint64_t duration_ns)
{
	uint64_t shown_ns = 0;
	int r = 0;

	while (!r && !stop_signal) {
		uint64_t elapsed_ns = recorder_totals(recorder).elapsed_ns;
		uint64_t left_ms = (duration_ns - elapsed_ns) / 1000000;

		if (duration_ns && elapsed_ns >= duration_ns)
			break;
		r = recorder_step(recorder,
				  duration_ns && left_ms < STEP_MS ? (int)left_ms + 1 : STEP_MS);
		if (r < 0 || elapsed_ns - shown_ns < SECOND_NS)
			continue;
		shown_ns = elapsed_ns;
		show_status(recorder);
		r = r ? r : writer_flush(rec->writer);
	}
	return r < 0 ? r : 0;
}

static void show_progress(void *arg, size_t done, size_t total, const char *what)
{
	(void)arg;
	status_line("resolving names: %zu of %zu  %s", done, total, what ? what : "");
}

static void put_count(struct recording *rec, struct definer *definer, const char *name,
		      uint64_t value)
{
	struct event event = {
		.kind = EVENT_COUNTER,
		.time_ns = clock_ns(CLOCK_MONOTONIC),
		.counter = { .name = definer_string(definer, name), .value = value },
	};
	event_sink_put(&rec->sink, &event);
}

/* A signal that comes in the middle of it ends it early; `report` finds the rest. */
static int resolve_names(struct recorder *recorder, struct recording *rec)
{
	struct definer *definer = recorder_definer(recorder);
	struct resolver_options options = {
		.module_fd = recorder_module_fd,
		.progress = show_progress,
		.arg = recorder,
		.stop = &stop_signal,
	};
	struct described described = { { describe }, dictionary_new() };
	struct resolver_result result = { 0 };
	int r;

	stop_signal = 0;
	r = definer_describe(definer, &described.sink);
	if (!r)
		r = resolver_run(described.dictionary, &options, definer, &result);
	dictionary_free(described.dictionary);
	status_line("%s", "");
	if (r)
		return r;
	if (result.note[0])
		note("%s", result.note);
	put_count(rec, definer, "names.frames", result.n_frames);
	put_count(rec, definer, "names.found", result.n_named);
	if (!result.is_complete)
		warn("not all names were resolved (%zu of %zu); `sysprof report` tries again",
		     result.n_named, result.n_frames);
	return definer_error(definer);
}

static int explain_write(struct recording *rec, int error, const char *path)
{
	if (error == -EPIPE)
		return err(EXIT_FAILED, "cannot write '%s': the reader has gone", path);
	if (rec->writer && writer_is_empty(rec->writer)) {
		writer_abandon(rec->writer);
		rec->writer = NULL;
		return err(EXIT_FAILED, "cannot write '%s': %s; nothing was recorded", path,
			   strerror(-error));
	}
	return err(EXIT_FAILED, "cannot write '%s': %s; what was written before is readable", path,
		   strerror(-error));
}

/* The events that end a recording are few: they may pass the limit that stopped it. */
static int finish(struct recorder *recorder, struct recording *rec, const char *path, int error)
{
	bool is_full = error == -EFBIG;

	if (is_full)
		writer_lift_limit(rec->writer);
	if (error && !is_full)
		return explain_write(rec, error, path);
	error = recorder_stop(recorder);
	if (!error)
		error = writer_flush(rec->writer);
	if (!error)
		error = resolve_names(recorder, rec);
	if (!error)
		error = writer_flush(rec->writer);
	if (error)
		return explain_write(rec, error, path);
	if (is_full)
		note("stopped: the recording reached --max-size");
	return EXIT_DONE;
}

static void print_summary(const struct recorder *recorder, const struct recording *rec,
			  const char *path)
{
	struct recorder_totals t = recorder_totals(recorder);
	char elapsed[HUMAN_SIZE], samples[HUMAN_SIZE], lost[HUMAN_SIZE], size[HUMAN_SIZE];
	struct buf input = { 0 };

	if (strcmp(path, "sysprof.data") != 0) {
		buf_puts(&input, " -i ");
		escape_shell(&input, path);
	}
	note("recorded %s: %s samples, %s lost; %s in %s; next: sysprof report%s",
	     human_duration(elapsed, t.window_ns), human_count(samples, t.n_samples),
	     human_count(lost, t.n_lost), human_bytes(size, writer_size_bytes(rec->writer)), path,
	     buf_str(&input));
	buf_release(&input);
	if (!t.n_samples)
		note("no sample: nothing that was recorded ran on a CPU when the timer ticked (of "
		     "processes that were there before, only those named are recorded)");
}

/* Until process @pid has ended, or @time_ms are over. */
static void await_end(pid_t pid, int time_ms)
{
	struct pollfd end = { .fd = pidfd_open(pid, 0), .events = POLLIN };

	if (end.fd < 0)
		return;
	poll(&end, 1, time_ms);
	close(end.fd);
}

/*
 * The command's own status, as a shell tells it, if it has ended; else ours.  Ctrl-C
 * went to the command, too, which may not have had a CPU yet to end on.
 */
static int command_status(const struct recorder *recorder, bool is_interrupted, int status)
{
	pid_t pid = recorder_command_pid(recorder);
	int wait_status;

	if (pid && is_interrupted)
		await_end(pid, GRACE_MS);
	if (!pid || waitpid(pid, &wait_status, WNOHANG) != pid)
		return status;
	if (status)
		return status;
	return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

static int record_into(struct recorder *recorder, struct recording *rec, const struct options *o)
{
	const char *path = o->writer.path;
	int r = recorder_start(recorder), status;
	bool is_interrupted;

	if (r && o->recorder.command && !recorder_command_pid(recorder)) {
		writer_abandon(rec->writer);
		rec->writer = NULL;
		err(0, "cannot run '%s': %s", o->recorder.command[0], strerror(-r));
		return r == -ENOENT ? EXEC_NOT_FOUND : EXEC_REFUSED;
	}
	if (!r)
		r = run(recorder, rec, o->duration_ns);
	is_interrupted = stop_signal == SIGINT;
	status_line("%s", "");
	status = finish(recorder, rec, path, r);
	if (status == EXIT_DONE)
		print_summary(recorder, rec, path);
	return command_status(recorder, is_interrupted, status);
}

static int record(const struct options *o)
{
	struct recording rec = { .sink = { put_event } };
	struct recorder *recorder;
	int status, r;

	if (recorder_open(&o->recorder, &rec.sink, &recorder))
		return EXIT_FAILED;
	r = writer_open(&o->writer, &rec.writer);
	if (r) {
		recorder_close(recorder);
		return err(EXIT_FAILED, "cannot write '%s': %s; choose another file with -o",
			   o->writer.path, strerror(-r));
	}
	writer_reserve(rec.writer, CLOSING_BYTES);
	catch_signals();
	status = record_into(recorder, &rec, o);
	r = writer_close(rec.writer);
	rec.writer = NULL;
	if (r && !status)
		status = explain_write(&rec, r, o->writer.path);
	recorder_close(recorder);
	return status;
}

int cmd_record(int argc, char **argv)
{
	static const struct argp argp = {
		.options = option_table,
		.parser = parse_option,
		.args_doc = "[-- COMMAND [ARG...]]",
		.doc = "Record what processes do with the CPU, into a file.\v"
		       "Ends when all that is recorded has exited, after -d, or by Ctrl-C.",
	};
	struct options o = {
		.recorder = { .hz = DEFAULT_HZ, .budget_permille = DEFAULT_BUDGET_PERMILLE },
		.writer = { .path = "sysprof.data" },
	};
	int status;

	if (argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &o))
		return EXIT_USAGE;
	o.recorder.pids = o.pids.items;
	o.recorder.n_pids = o.pids.n;
	status = check_options(&o);
	if (status == EXIT_DONE)
		status = check_frequency(o.recorder.hz);
	if (status == EXIT_DONE)
		status = record(&o);
	array_release(&o.pids);
	return status;
}
