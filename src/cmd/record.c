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
#include "flight.h"
#include "heap_args.h"
#include "pid_args.h"
#include "record/recorder.h"
#include "recording.h"

#define DEFAULT_HZ              100
#define MAX_HZ_PATH             "/proc/sys/kernel/perf_event_max_sample_rate"
#define DEFAULT_BUDGET_PERMILLE 30
#define STEP_MS                 50
#define GRACE_MS                2000
#define SECOND_NS               1000000000u
#define DEFAULT_RING_BYTES      (256u << 20)
#define MAX_RING_BYTES          (UINT64_C(64) << 30)
#define MAX_SPAN_NS             (UINT64_C(24) * 3600 * SECOND_NS)
#define MAX_REPEAT              1000
#define EXEC_NOT_FOUND          127
#define EXEC_REFUSED            126

struct options {
	struct recorder_options recorder;
	struct writer_options writer;
	struct flight_options flight;
	ARRAY(struct function_name) functions; /* of its triggers */
	pid_array pids;
	struct heap_args heap;
	uint64_t duration_ns; /* 0: until the targets end, or a signal */
};

struct job {
	const struct options *options;
	struct recording rec;
	struct recorder *recorder;
	struct flight *flight; /* NULL: the events go to the file at once */
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
	KEY_RING,
	KEY_RING_SIZE,
	KEY_TRIGGER,
	KEY_AFTER,
	KEY_REPEAT,
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
	{ "ring", KEY_RING, "TIME", 0,
	  "Keep the last TIME in memory, and write it when it ends, or at SIGUSR2", 0 },
	{ "ring-size", KEY_RING_SIZE, "SIZE", 0, "Memory for --ring at most (default 256M)", 0 },
	{ "trigger", KEY_TRIGGER, "CONDITION", 0,
	  "With --ring, write and end when latency>20ms, wait:lock>1s, pause>10ms, "
	  "function:NAME, signal",
	  0 },
	{ "after", KEY_AFTER, "TIME", 0, "Record on for TIME after a trigger (default 1s)", 0 },
	{ "repeat", KEY_REPEAT, "N", 0, "Write N recordings, FILE.1 to FILE.N, one a trigger", 0 },
	{ 0 },
};

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

static uint64_t parse_time(const char *arg, struct argp_state *state)
{
	uint64_t ns;

	if (human_parse_duration(arg, &ns))
		argp_error(state, "'%s' is not a duration; try 10, 1.5s or 500ms", arg);
	return ns;
}

static void add_trigger(struct options *o, const char *arg, struct argp_state *state)
{
	struct trigger_condition *condition = array_add(&o->flight.conditions);
	struct buf message = { 0 };

	if (trigger_parse(arg, condition, &message))
		argp_error(state, "%s", buf_str(&message));
	o->recorder.pauses |= condition->kind == TRIGGER_PAUSE;
	if (condition->kind == TRIGGER_FUNCTION)
		*array_add(&o->functions) = condition->function;
	buf_release(&message);
}

static void set_ring_size(struct options *o, const char *arg, struct argp_state *state)
{
	if (human_parse_size(arg, &o->flight.max_bytes) || o->flight.max_bytes < RING_MIN_BYTES ||
	    o->flight.max_bytes > MAX_RING_BYTES)
		argp_error(state, "'%s' is not a size from 4M to 64G; try 256M", arg);
}

static error_t parse_flight_option(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case KEY_RING:
		o->flight.span_ns = parse_time(arg, state);
		if (o->flight.span_ns < SECOND_NS || o->flight.span_ns > MAX_SPAN_NS)
			argp_error(state, "--ring keeps from 1s to 24h, not '%s'", arg);
		return 0;
	case KEY_RING_SIZE:
		set_ring_size(o, arg, state);
		return 0;
	case KEY_TRIGGER:
		add_trigger(o, arg, state);
		return 0;
	case KEY_AFTER:
		o->flight.after_ns = parse_time(arg, state);
		return 0;
	case KEY_REPEAT:
		if (human_parse_number(arg, 1, MAX_REPEAT, &o->flight.n_wanted))
			argp_error(state, "'%s' is not a number of recordings, 1 to 1000", arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;
	uint64_t bytes;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->heap;
		return 0;
	case 'p':
		pid_args_add(&o->pids, arg, state);
		return 0;
	case 'a':
		o->recorder.is_all = true;
		return 0;
	case 'F':
		set_frequency(o, arg, state);
		return 0;
	case 'd':
		o->duration_ns = parse_time(arg, state);
		if (!o->duration_ns)
			argp_error(state, "a recording of no length holds nothing");
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
		return parse_flight_option(key, arg, state);
	}
}

/* What the flight recorder can do with the rest. */
static int check_flight(const struct options *o)
{
	const struct trigger_condition *condition;

	if (!o->flight.span_ns && o->flight.conditions.n)
		return err(EXIT_USAGE, "--trigger wants a past to write: give --ring, such as 30s");
	if (o->flight.span_ns && !strcmp(o->writer.path, "-"))
		return err(EXIT_USAGE, "--ring writes when something happens, to a file: -o FILE");
	if (o->flight.span_ns && o->writer.max_size_bytes)
		return err(EXIT_USAGE, "--max-size is of files that grow; --ring has --ring-size");
	array_for_each(condition, &o->flight.conditions) {
		if (condition->kind == TRIGGER_FUNCTION && o->recorder.is_all &&
		    !condition->function.module)
			return err(EXIT_USAGE,
				   "--trigger '%s' with -a wants a file to look into: "
				   "function:PROGRAM:NAME or function:LIBRARY:NAME",
				   condition->text);
		if (condition->kind < TRIGGER_FUNCTION && o->recorder.cpu_only)
			return err(EXIT_USAGE, "--trigger '%s' wants switches: not with --cpu-only",
				   condition->text);
	}
	return EXIT_DONE;
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
	return check_flight(o);
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

static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal }; /* no SA_RESTART: poll() returns */

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	signal(SIGPIPE, SIG_IGN); /* a reader that went away is an error of write() */
}

static void show_status(const struct job *job)
{
	struct recorder_totals t = recorder_totals(job->recorder);
	char elapsed[HUMAN_SIZE], samples[HUMAN_SIZE], lost[HUMAN_SIZE], size[HUMAN_SIZE];

	status_line("recording %s  %s samples  %s lost  %s%s%ssysprof uses %.1f %% of a CPU",
		    human_duration(elapsed, t.elapsed_ns), human_count(samples, t.n_samples),
		    human_count(lost, t.n_lost), job->flight ? "ring " : "",
		    job->flight ? human_bytes(size, flight_size_bytes(job->flight)) : "",
		    job->flight ? "  " : "",
		    t.elapsed_ns ? 100.0 * (double)t.self_cpu_ns / (double)t.elapsed_ns : 0.0);
}

/* Waits and takes what has happened.  1: it is over; 0, or -errno of the sink. */
static int step(struct job *job, int timeout_ms)
{
	int r = recorder_step(job->recorder, timeout_ms);

	return r || !job->flight ? r : flight_step(job->flight);
}

/* Until the targets are gone, the time is over, or a signal.  0 or -errno of the sink. */
static int run(struct job *job)
{
	uint64_t shown_ns = 0, duration_ns = job->options->duration_ns;
	int r = 0;

	while (!r && !stop_signal) {
		uint64_t elapsed_ns = recorder_totals(job->recorder).elapsed_ns;
		uint64_t left_ms = (duration_ns - elapsed_ns) / 1000000;

		if (duration_ns && elapsed_ns >= duration_ns)
			break;
		r = step(job, duration_ns && left_ms < STEP_MS ? (int)left_ms + 1 : STEP_MS);
		if (r < 0 || elapsed_ns - shown_ns < SECOND_NS)
			continue;
		shown_ns = elapsed_ns;
		show_status(job);
		if (!r && job->rec.writer)
			r = writer_push(job->rec.writer);
	}
	return r < 0 ? r : 0;
}

static void print_summary(const struct job *job)
{
	struct recorder_totals t = recorder_totals(job->recorder);
	const char *path = job->options->writer.path;
	char elapsed[HUMAN_SIZE], samples[HUMAN_SIZE], lost[HUMAN_SIZE], size[HUMAN_SIZE];
	struct buf input = { 0 };

	if (strcmp(path, "sysprof.data") != 0) {
		buf_puts(&input, " -i ");
		escape_shell(&input, path);
	}
	note("recorded %s: %s samples, %s lost; %s in %s; next: sysprof report%s",
	     human_duration(elapsed, t.window_ns), human_count(samples, t.n_samples),
	     human_count(lost, t.n_lost), human_bytes(size, writer_size_bytes(job->rec.writer)),
	     path, buf_str(&input));
	buf_release(&input);
	if (!t.n_samples)
		note("no sample: nothing that was recorded ran on a CPU when the timer ticked (of "
		     "processes that were there before, only those named are recorded)");
}

/* The events that end a recording are few: they may pass the limit that stopped it. */
static int finish_file(struct job *job, int error)
{
	const char *path = job->options->writer.path;
	struct recording *rec = &job->rec;
	bool is_full = error == -EFBIG;

	if (is_full)
		writer_lift_limit(rec->writer);
	if (error && !is_full)
		return recording_explain(rec, error, path);
	error = recorder_stop(job->recorder);
	if (!error)
		error = writer_flush(rec->writer);
	stop_signal = 0; /* one that comes from here on ends the naming; `report` finds the rest */
	if (!error)
		error = recording_resolve(rec, job->recorder, &stop_signal);
	if (!error)
		error = writer_flush(rec->writer);
	if (error)
		return recording_explain(rec, error, path);
	if (is_full)
		note("stopped: the recording reached --max-size");
	print_summary(job);
	return EXIT_DONE;
}

static int finish(struct job *job, int error)
{
	if (!job->flight)
		return recording_close(&job->rec, job->options->writer.path,
				       finish_file(job, error));
	recorder_stop(job->recorder);
	stop_signal = 0;
	return flight_write(job->flight, &stop_signal);
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

static int record_into(struct job *job)
{
	char **command = job->options->recorder.command;
	int r = recorder_start(job->recorder), status;
	bool is_interrupted;

	if (r && command && !recorder_command_pid(job->recorder)) {
		writer_abandon(job->rec.writer);
		err(0, "cannot run '%s': %s", command[0], strerror(-r));
		return r == -ENOENT ? EXEC_NOT_FOUND : EXEC_REFUSED;
	}
	if (!r)
		r = run(job);
	is_interrupted = stop_signal == SIGINT;
	status_line("%s", "");
	status = finish(job, r);
	return command_status(job->recorder, is_interrupted, status);
}

/* What it looks at, if that is not recorded here; else NULL. */
static const char *lack_of(const struct trigger_condition *condition, struct recorder_totals totals)
{
	switch (condition->kind) {
	case TRIGGER_LATENCY:
		return totals.has_wakeups ? NULL : "wake-ups";
	case TRIGGER_WAIT:
		return totals.has_switches ? NULL : "switches";
	case TRIGGER_PAUSE:
		return totals.has_pauses ? NULL : "probes in programs";
	case TRIGGER_FUNCTION:
	case TRIGGER_SIGNAL:
		break;
	}
	return NULL;
}

static int check_trigger(const struct job *job)
{
	struct recorder_totals totals = recorder_totals(job->recorder);
	const struct trigger_condition *condition;

	array_for_each(condition, &job->options->flight.conditions) {
		const char *lack = lack_of(condition, totals);

		if (lack)
			return err(EXIT_FAILED,
				   "--trigger '%s' wants %s, which are not to be had here; run "
				   "with sudo",
				   condition->text, lack);
	}
	return EXIT_DONE;
}

/* Where it goes to.  An exit status. */
static int open_file(struct job *job)
{
	const struct writer_options *writer = &job->options->writer;
	int r;

	if (!job->flight)
		return recording_open(&job->rec, writer) ? EXIT_FAILED : EXIT_DONE;
	flight_set_recorder(job->flight, job->recorder);
	flight_catch_signal();
	r = writer_check(writer->path);
	return r ? err(EXIT_FAILED, "cannot write '%s': %s; choose another file with -o",
		       writer->path, strerror(-r)) :
		   check_trigger(job);
}

static int record(struct options *o)
{
	struct job job = { .options = o };
	int status = EXIT_FAILED;

	recording_init(&job.rec);
	if (o->flight.span_ns)
		job.flight = flight_new(&o->flight, o->writer.path, &job.rec);
	o->recorder.on_entry = flight_enter;
	o->recorder.on_entry_arg = job.flight;
	if (o->recorder.heap_inject)
		catch_signals(); /* so that what came into a process stands aside again */
	if (!recorder_open(&o->recorder, &job.rec.sink, &job.recorder))
		status = open_file(&job);
	if (status == EXIT_DONE && recorder_prepare(job.recorder)) {
		writer_abandon(job.rec.writer);
		status = EXIT_FAILED;
	} else if (status == EXIT_DONE) {
		catch_signals();
		status = record_into(&job);
	}
	recorder_close(job.recorder);
	flight_free(job.flight);
	return status;
}

int cmd_record(int argc, char **argv)
{
	static const struct argp_child children[] = { { &heap_argp, 0, NULL, 0 }, { 0 } };
	static const struct argp argp = {
		.options = option_table,
		.parser = parse_option,
		.children = children,
		.args_doc = "[-- COMMAND [ARG...]]",
		.doc = "Record what processes do with the CPU, into a file.\v"
		       "Ends when all that is recorded has exited, after -d, or by Ctrl-C.",
	};
	struct options o = {
		.recorder = { .hz = DEFAULT_HZ, .budget_permille = DEFAULT_BUDGET_PERMILLE },
		.writer = { .path = "sysprof.data" },
		.flight = {
			.max_bytes = DEFAULT_RING_BYTES,
			.after_ns = SECOND_NS,
			.n_wanted = 1,
		},
	};
	int status;

	if (argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &o))
		return EXIT_USAGE;
	o.recorder.pids = o.pids.items;
	o.recorder.n_pids = o.pids.n;
	o.recorder.functions = o.functions.items;
	o.recorder.n_functions = o.functions.n;
	status = check_options(&o);
	if (status == EXIT_DONE)
		status = heap_args_apply(&o.heap, o.flight.span_ns != 0, &o.recorder);
	if (status == EXIT_DONE)
		status = check_frequency(o.recorder.hz);
	if (status == EXIT_DONE)
		status = record(&o);
	array_release(&o.pids);
	array_release(&o.functions);
	array_release(&o.flight.conditions);
	return status;
}
