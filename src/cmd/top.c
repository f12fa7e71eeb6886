/* SPDX-License-Identifier: GPL-2.0-only */
#include <argp.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/escape.h"
#include "base/file.h"
#include "base/human.h"
#include "cmd/command.h"
#include "pid_args.h"
#include "record/recorder.h"
#include "serve_answer.h"
#include "top_live.h"
#include "top_snapshot.h"
#include "ui/top.h"

#define SECOND_NS         UINT64_C(1000000000)
#define STEP_MS           50
#define DEFAULT_HZ        100
#define DEFAULT_WINDOW_NS (5 * SECOND_NS)
#define MAX_WINDOW_NS     (300 * SECOND_NS)
#define BUDGET_PERMILLE   6 /* of one CPU, for stacks of waits */
#define SCREEN_PERMILLE   6 /* of one CPU, for making screens: they come the more seldom */
#define SCREEN_MAX_NS     (10 * SECOND_NS) /* from one to the next */
#define LOOK_NS           25000000u        /* at keys and answers; the recorder may be in a hurry */
#define RING_BYTES        ((size_t)64 << 20)
#define N_USES            6 /* seconds over which our own use is told, + 1 */
#define CRASHED           "what makes the screen crashed; it is tried again"

struct options {
	struct recorder_options recorder;
	pid_array pids;
	uint64_t window_ns;
};

struct use { /* of the CPU, by all of us */
	uint64_t time_ns, cpu_ns;
};

struct top {
	struct recorder *recorder;
	struct top_live live;
	struct top_screen *screen;
	struct top_snapshot now, next; /* what is shown, and what will be once it answers */
	struct top_request request;
	struct top_reply seen;
	struct buf text;
	struct use uses[N_USES];
	int messages;      /* file: what the recorder says while the screen is on */
	uint64_t next_ns;  /* when the next seconds are due */
	uint64_t taken_ns; /* when the last ones were taken */
	uint64_t look_ns;  /* when to look at keys again */
	bool has_changed;  /* the request has, since it was last asked */
};

static volatile sig_atomic_t stop_signal;

static void on_signal(int signal_number)
{
	stop_signal = signal_number;
}

static void catch_signals(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	struct sigaction action = { .sa_handler = on_signal }; /* no SA_RESTART: poll() returns */

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static uint64_t time_of(const struct timeval *time)
{
	return (uint64_t)time->tv_sec * SECOND_NS + (uint64_t)time->tv_usec * 1000;
}

static uint64_t cpu_of(int who)
{
	struct rusage usage;

	if (getrusage(who, &usage))
		return 0;
	return time_of(&usage.ru_utime) + time_of(&usage.ru_stime);
}

/* Over the last seconds, in thousandths of a CPU: the recorder and all that it started. */
static uint32_t take_use(struct top *top)
{
	struct use *first = &top->uses[0], *last = &top->uses[N_USES - 1];

	memmove(first, first + 1, sizeof(top->uses) - sizeof(*first));
	last->time_ns = clock_ns(CLOCK_MONOTONIC);
	last->cpu_ns = cpu_of(RUSAGE_SELF) + cpu_of(RUSAGE_CHILDREN);
	while (!first->time_ns)
		first++;
	if (last->time_ns == first->time_ns)
		return 0;
	return (uint32_t)(1000 * (last->cpu_ns - first->cpu_ns) / (last->time_ns - first->time_ns));
}

static void copy(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from);
}

/* The last thing that was said since the screen is on. */
static void take_message(struct top *top)
{
	struct buf text = { 0 };

	if (top->messages < 0 || lseek(top->messages, 0, SEEK_END) <= 0)
		return;
	answer_captured(top->messages, "", &text);
	copy(top->request.facts.message, sizeof(top->request.facts.message), buf_str(&text));
	buf_release(&text);
}

/* Every second, what is only known here. */
static void take_facts(struct top *top)
{
	struct top_facts *facts = &top->request.facts;

	facts->self_permille = take_use(top);
	facts->n_unnamed = top->live.namer ? 0 : top_live_n_unnamed(&top->live);
	facts->n_lost = recorder_totals(top->recorder).n_lost;
	facts->message[0] = '\0';
	take_message(top);
}

static void say(struct top *top, const char *message)
{
	copy(top->request.facts.message, sizeof(top->request.facts.message), message);
	top->has_changed = true;
}

/* The seconds up to now, to be shown as soon as a screen of them is ready. */
static void take_next(struct top *top)
{
	uint64_t now_ns = clock_ns(CLOCK_MONOTONIC);
	int r;

	if (top->next.child || now_ns < top->next_ns ||
	    (top->request.state.is_frozen && top->now.child))
		return;
	top->next_ns = now_ns + SECOND_NS;
	top->taken_ns = now_ns;
	take_facts(top);
	r = top_snapshot_start(&top->next, &top->live);
	if (!r)
		r = top_snapshot_ask(&top->next, &top->request);
	if (r) {
		top_snapshot_end(&top->next);
		say(top, strerror(-r));
	}
}

static void show(struct top *top)
{
	top_screen_show(top->screen, buf_str(&top->text), top->text.size);
}

/* Where much happens, a screen takes long to be made. */
static void set_pace(struct top *top)
{
	uint64_t pace_ns = top_snapshot_cpu_ns(&top->next) * (1000 / SCREEN_PERMILLE);

	if (pace_ns > SCREEN_MAX_NS)
		pace_ns = SCREEN_MAX_NS;
	if (top->next_ns < top->taken_ns + pace_ns)
		top->next_ns = top->taken_ns + pace_ns;
}

static void take_answers(struct top *top)
{
	int r = top->next.child ? top_snapshot_take(&top->next, &top->seen, &top->text) : 0;

	if (r < 0) {
		top_snapshot_end(&top->next);
		say(top, CRASHED);
	} else if (r) {
		set_pace(top);
		top_snapshot_end(&top->now);
		top->now = top->next;
		top->next = (struct top_snapshot){ 0 };
		show(top);
	}
	r = top->now.child ? top_snapshot_take(&top->now, &top->seen, &top->text) : 0;
	if (r < 0) {
		top_snapshot_end(&top->now);
		say(top, CRASHED);
	} else if (r) {
		show(top);
	}
}

/* Keys have changed what is looked at: of the same seconds. */
static void ask_again(struct top *top)
{
	if (!top->has_changed || !top->now.child || top->now.is_asked)
		return;
	top->has_changed = false;
	if (top_snapshot_ask(&top->now, &top->request))
		top_snapshot_end(&top->now);
}

/* 1: it is to end. */
static int take_keys(struct top *top)
{
	struct top_request *request = &top->request;
	bool was_frozen = request->state.is_frozen;
	uint32_t key;

	while (top_screen_key(top->screen, &key)) {
		switch (top_press(&request->state, &top->seen, key)) {
		case TOP_QUIT:
			return 1;
		case TOP_CHANGED:
			top->has_changed = true;
			break;
		case TOP_NONE:
			break;
		}
	}
	top_screen_size(top->screen, &request->width, &request->height);
	if (was_frozen && !request->state.is_frozen && !request->facts.is_over)
		top->next_ns = 0;
	return 0;
}

/* The targets have ended: what is shown from here on is the last of them. */
static void end_recording(struct top *top)
{
	if (top->request.facts.is_over)
		return;
	top->request.facts.is_over = true;
	top->request.state.is_frozen = false;
	top_snapshot_end(&top->next);
	top->next_ns = 0;
	take_next(top);
	top->next_ns = UINT64_MAX;
}

/* The screen's side.  1: it is to end. */
static int step_screen(struct top *top)
{
	uint64_t now_ns = clock_ns(CLOCK_MONOTONIC);

	if (now_ns < top->look_ns)
		return 0;
	top->look_ns = now_ns + LOOK_NS;
	if (take_keys(top))
		return 1;
	take_next(top);
	ask_again(top);
	take_answers(top);
	return 0;
}

static int run(struct top *top)
{
	int r = 0;

	while (!stop_signal && !step_screen(top)) {
		if (top->request.facts.is_over)
			usleep(1000 * STEP_MS);
		else
			r = recorder_step(top->recorder, STEP_MS);
		if (r)
			end_recording(top);
		else
			top_live_step(&top->live);
	}
	return EXIT_DONE;
}

/* On the terminal that is as it was before. */
static void tell_messages(int fd, int terminal)
{
	struct buf text = { 0 };

	if (terminal < 0)
		return;
	if (fd >= 0 && !lseek(fd, 0, SEEK_SET) && file_read_fd(fd, &text) > 0)
		file_write_fd(terminal, text.data, text.size);
	dup2(terminal, STDERR_FILENO);
	close(terminal);
	buf_release(&text);
}

static int show_until_end(struct top *top)
{
	int terminal, status;

	top->screen = top_screen_new();
	if (!top->screen)
		return EXIT_FAILED;
	terminal = dup(STDERR_FILENO);
	top->messages = answer_capture();
	take_use(top);
	top->next_ns = clock_ns(CLOCK_MONOTONIC) + SECOND_NS / 2; /* there is something by then */
	status = run(top);
	top_screen_free(top->screen);
	top_snapshot_end(&top->next);
	top_snapshot_end(&top->now);
	tell_messages(top->messages, terminal);
	return status;
}

/* "redis-server (pid 812)", "3 processes", "the whole machine" */
static void set_target(struct top_facts *facts, const struct options *o)
{
	struct buf name = { 0 };
	char *path;

	if (o->recorder.is_all || o->pids.n > 1) {
		snprintf(facts->target, sizeof(facts->target),
			 o->recorder.is_all ? "the whole machine" : "%zu processes", o->pids.n);
		return;
	}
	path = xasprintf("/proc/%d/comm", (int)o->pids.items[0]);
	if (file_read(path, &name) > 1)
		name.size--;
	snprintf(facts->target, sizeof(facts->target), "%s (pid %d)", buf_str(&name),
		 (int)o->pids.items[0]);
	buf_release(&name);
	free(path);
}

static int top(const struct options *o)
{
	struct ring_options ring = { o->window_ns, RING_BYTES };
	struct top top = { .messages = -1 };
	int status = EXIT_FAILED;

	set_target(&top.request.facts, o);
	top_live_init(&top.live, &ring);
	catch_signals();
	if (!recorder_open(&o->recorder, &top.live.sink, &top.recorder)) {
		top_live_set_recorder(&top.live, top.recorder);
		if (!recorder_prepare(top.recorder) && !recorder_start(top.recorder))
			status = show_until_end(&top);
	}
	recorder_close(top.recorder);
	top_live_release(&top.live);
	buf_release(&top.text);
	return status;
}

static const struct argp_option option_table[] = {
	{ "pid", 'p', "PID[,PID...]", 0, "Show these processes, with all threads and children", 0 },
	{ "all", 'a', NULL, 0, "Show the whole machine", 0 },
	{ "frequency", 'F', "HZ", 0, "Sample this often a second (default 100)", 0 },
	{ "window", 'w', "TIME", 0, "Show the last TIME (default 5s)", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;
	uint64_t hz;

	switch (key) {
	case 'p':
		pid_args_add(&o->pids, arg, state);
		return 0;
	case 'a':
		o->recorder.is_all = true;
		return 0;
	case 'F':
		if (human_parse_number(arg, 1, 10000, &hz))
			argp_error(state, "'%s' is not a frequency from 1 to 10000", arg);
		o->recorder.hz = (uint32_t)hz;
		return 0;
	case 'w':
		if (human_parse_duration(arg, &o->window_ns) || o->window_ns < SECOND_NS ||
		    o->window_ns > MAX_WINDOW_NS)
			argp_error(state, "'%s' is not a time from 1s to 5m", arg);
		return 0;
	case ARGP_KEY_END:
		if (!o->pids.n && !o->recorder.is_all)
			argp_error(state, "nothing to show: name a process (-p PID) or the whole "
					  "machine (-a)");
		if (o->pids.n && o->recorder.is_all)
			argp_error(state, "-p and -a exclude each other");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* Of the machine, as the recorder wants it. */
static uint32_t budget_permille(void)
{
	long n_cpus = sysconf(_SC_NPROCESSORS_ONLN);

	return n_cpus > 0 && n_cpus < BUDGET_PERMILLE ? (uint32_t)(BUDGET_PERMILLE / n_cpus) : 1;
}

int cmd_top(int argc, char **argv)
{
	static const struct argp argp = {
		.options = option_table,
		.parser = parse,
		.doc = "Show live what processes do: their time in each state, top functions, "
		       "waits and locks.\v"
		       "q quits, ? tells of the other keys.",
	};
	struct options o = {
		.recorder = { .hz = DEFAULT_HZ, .budget_permille = budget_permille() },
		.window_ns = DEFAULT_WINDOW_NS,
	};
	int status;

	if (argp_parse(&argp, argc, argv, 0, NULL, &o))
		return EXIT_USAGE;
	o.recorder.pids = o.pids.items;
	o.recorder.n_pids = o.pids.n;
	if (top_screen_is_there())
		status = top(&o);
	else
		status = err(EXIT_FAILED, "top wants a terminal; for a pipe: sysprof record -d 5, "
					  "then sysprof report");
	array_release(&o.pids);
	return status;
}
