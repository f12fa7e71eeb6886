/* SPDX-License-Identifier: GPL-2.0-only */
#include "flight.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/escape.h"
#include "base/file.h"
#include "base/human.h"
#include "cmd/command.h"

struct flight {
	const struct flight_options *options; /* borrowed, as what follows */
	const char *path;
	struct recording *rec;
	struct recorder *recorder;
	struct ring *ring;
	struct trigger *trigger;
	uint32_t n_written;    /* by triggers */
	bool has_hit;          /* the trigger's is told in hit, */
	bool is_taken;         /* and is being written */
	struct buf hit;        /* "latency>20ms at 12:00:01.500: stutter (tid 12) …" */
	ARRAY(pid_t) children; /* that write */
};

static volatile sig_atomic_t n_signals;

static void on_signal(int signal_number)
{
	(void)signal_number;
	n_signals = n_signals + 1;
}

void flight_catch_signal(void)
{
	struct sigaction action = { .sa_handler = on_signal }; /* no SA_RESTART: poll() returns */

	sigaction(SIGUSR2, &action, NULL);
}

struct flight *flight_new(const struct flight_options *options, const char *path,
			  struct recording *rec)
{
	struct ring_options wanted = { options->span_ns, options->max_bytes };
	struct flight *flight = xcalloc(1, sizeof(*flight));

	flight->options = options;
	flight->path = path;
	flight->rec = rec;
	flight->ring = ring_new(&wanted);
	flight->trigger = trigger_new(options->conditions.items, options->conditions.n,
				      ring_sink(flight->ring));
	rec->ring = flight->ring;
	rec->early = trigger_sink(flight->trigger);
	return flight;
}

void flight_free(struct flight *flight)
{
	if (!flight)
		return;
	trigger_free(flight->trigger);
	ring_free(flight->ring);
	buf_release(&flight->hit);
	array_release(&flight->children);
	free(flight);
}

bool flight_enter(void *arg, const struct function_name *name, const struct function_entry *entry)
{
	struct flight *flight = arg;

	trigger_enter(flight->trigger, name, entry);
	return !trigger_hit(flight->trigger);
}

void flight_set_recorder(struct flight *flight, struct recorder *recorder)
{
	struct definer *definer = recorder_definer(recorder);

	flight->recorder = recorder;
	ring_set_definer(flight->ring, definer);
	trigger_set_definer(flight->trigger, definer);
}

static uint64_t told_ns(const struct flight *flight)
{
	return recorder_totals(flight->recorder).told_ns;
}

static void put_time(struct buf *out, uint64_t time_ns)
{
	uint64_t ago_ns = clock_ns(CLOCK_MONOTONIC) - time_ns;
	uint64_t wall_ns = clock_ns(CLOCK_REALTIME) - ago_ns;
	time_t seconds = (time_t)(wall_ns / 1000000000u);
	char text[16];
	struct tm tm;

	if (localtime_r(&seconds, &tm) && strftime(text, sizeof(text), "%H:%M:%S", &tm))
		buf_printf(out, " at %s.%03u", text, (unsigned int)(wall_ns / 1000000 % 1000));
}

static void put_thread(struct buf *out, const struct trigger_hit *hit)
{
	char *path = xasprintf("/proc/%u/task/%u/comm", hit->pid, hit->tid);
	struct buf name = { 0 };

	buf_puts(out, ": ");
	if (file_read(path, &name) > 1)
		escape_text(out, buf_str(&name), name.size - 1);
	else
		buf_puts(out, "thread");
	buf_printf(out, " (tid %u)", hit->tid);
	buf_release(&name);
	free(path);
}

static const char *const verbs[] = {
	[TRIGGER_LATENCY] = "waited for a CPU for",
	[TRIGGER_WAIT] = "was blocked for",
	[TRIGGER_PAUSE] = "ended a pause of its process of",
};

/* As long as the thread is there to be asked for its name. */
static void describe_hit(struct flight *flight, const struct trigger_hit *hit)
{
	char duration[HUMAN_SIZE];

	buf_clear(&flight->hit);
	buf_puts(&flight->hit, hit->condition->text);
	put_time(&flight->hit, hit->time_ns);
	if (hit->tid)
		put_thread(&flight->hit, hit);
	if (hit->duration_ns)
		buf_printf(&flight->hit, " %s %s", verbs[hit->condition->kind],
			   human_duration(duration, hit->duration_ns));
	flight->has_hit = true;
}

/* What shows it best. */
static const char *command_for(const struct trigger_hit *hit)
{
	if (hit && hit->condition->kind == TRIGGER_LATENCY)
		return "sysprof report latency";
	if (hit && hit->condition->kind == TRIGGER_WAIT)
		return "sysprof report block";
	return "sysprof diagnose";
}

static void say_short(const struct flight *flight, uint64_t held_ns)
{
	char held[HUMAN_SIZE], span[HUMAN_SIZE], size[HUMAN_SIZE];

	note("the memory of the ring, %s, held %s, not %s; give more with --ring-size",
	     human_bytes(size, flight->options->max_bytes), human_duration(held, held_ns),
	     human_duration(span, flight->options->span_ns));
}

static void say_written(struct flight *flight, const char *path, const char *why)
{
	struct ring_state state = ring_state(flight->ring);
	char held[HUMAN_SIZE], size[HUMAN_SIZE], memory[HUMAN_SIZE];
	uint64_t held_ns = state.end_ns - state.start_ns;
	struct buf input = { 0 };

	if (strcmp(path, "sysprof.data") != 0) {
		buf_puts(&input, " -i ");
		escape_shell(&input, path);
	}
	if (state.is_short)
		say_short(flight, held_ns);
	note("%s; the last %s: %s in %s (%s of memory); next: %s%s", why,
	     human_duration(held, held_ns),
	     human_bytes(size, writer_size_bytes(flight->rec->writer)), path,
	     human_bytes(memory, state.size_bytes), command_for(trigger_hit(flight->trigger)),
	     buf_str(&input));
	buf_release(&input);
}

static void put_meta(struct flight *flight)
{
	struct definer *definer = recorder_definer(flight->recorder);
	struct ring_state state = ring_state(flight->ring);
	char held[HUMAN_SIZE], span[HUMAN_SIZE], size[HUMAN_SIZE];
	char *text = xasprintf("%s in at most %s", human_duration(span, flight->options->span_ns),
			       human_bytes(size, flight->options->max_bytes));

	definer_meta(definer, "ring", text);
	if (state.is_short)
		definer_meta(definer, "ring_held",
			     human_duration(held, state.end_ns - state.start_ns));
	free(text);
}

/* All that is in memory, with its names, to @path. */
static int write_to(struct flight *flight, const char *path, const char *why,
		    const volatile sig_atomic_t *stop)
{
	struct recording *rec = flight->rec;
	int r;

	if (recording_open(rec, &(struct writer_options){ .path = path }))
		return EXIT_FAILED;
	r = ring_put_all(flight->ring, told_ns(flight), &rec->sink);
	put_meta(flight);
	if (!r)
		r = writer_flush(rec->writer);
	if (!r)
		r = recording_resolve(rec, flight->recorder, stop);
	if (!r)
		r = writer_flush(rec->writer);
	if (r)
		return recording_explain(rec, r, path);
	say_written(flight, path, why);
	return EXIT_DONE;
}

static void write_in_child(struct flight *flight, const char *path, const char *why)
{
	pid_t child = fork();
	int status;

	if (child < 0)
		warn("cannot write '%s': %s", path, strerror(errno));
	if (child > 0)
		*array_add(&flight->children) = child;
	if (child)
		return;
	signal(SIGINT, SIG_IGN); /* it is to the recorder, which waits for this */
	recorder_forked(flight->recorder);
	status = write_to(flight, path, why, NULL);
	_exit(recording_close(flight->rec, path, status));
}

static char *numbered(const struct flight *flight)
{
	return flight->options->n_wanted > 1 ?
		       xasprintf("%s.%u", flight->path, flight->n_written + 1) :
		       xstrdup(flight->path);
}

/*
 * Enough was recorded after what happened.  1: it was the last that is wanted.  What happens
 * while it is written triggers nothing: it would be forgotten before its turn.
 */
static int take_hit(struct flight *flight)
{
	char *path;

	if (flight->n_written + 1 >= flight->options->n_wanted)
		return 1;
	path = numbered(flight);
	write_in_child(flight, path, buf_str(&flight->hit));
	free(path);
	flight->n_written++;
	flight->is_taken = true;
	return 0;
}

static bool waits_for_signal(const struct flight *flight)
{
	const struct trigger_condition *condition;

	array_for_each(condition, &flight->options->conditions) {
		if (condition->kind == TRIGGER_SIGNAL)
			return true;
	}
	return false;
}

static void take_signal(struct flight *flight)
{
	n_signals = 0;
	if (waits_for_signal(flight))
		trigger_fire(flight->trigger, TRIGGER_SIGNAL, told_ns(flight));
	else
		write_in_child(flight, flight->path, "asked for by SIGUSR2, the recording goes on");
}

/* Forgets children that have ended; waits for them if they are to. */
static void reap(struct flight *flight, int options)
{
	size_t kept = 0;

	for (size_t i = 0; i < flight->children.n; i++) {
		pid_t child = flight->children.items[i], r;

		do
			r = waitpid(child, NULL, options);
		while (r < 0 && errno == EINTR);
		if (!r)
			flight->children.items[kept++] = child;
	}
	flight->children.n = kept;
}

static void rearm(struct flight *flight)
{
	flight->has_hit = flight->is_taken = false;
	trigger_rearm(flight->trigger);
	recorder_await_entries(flight->recorder);
}

int flight_step(struct flight *flight)
{
	const struct trigger_hit *hit;

	if (ring_renew_ids(flight->ring))
		recorder_forget_ids(flight->recorder);
	reap(flight, WNOHANG);
	if (n_signals && !flight->children.n)
		take_signal(flight);
	if (flight->is_taken && !flight->children.n)
		rearm(flight);
	hit = trigger_hit(flight->trigger);
	if (hit && !flight->has_hit)
		describe_hit(flight, hit);
	if (!hit || flight->is_taken || told_ns(flight) < hit->time_ns + flight->options->after_ns)
		return 0;
	return take_hit(flight);
}

int flight_write(struct flight *flight, const volatile sig_atomic_t *stop)
{
	const char *why = buf_str(&flight->hit);
	char *path;
	int status;

	reap(flight, 0);
	if (flight->is_taken)
		rearm(flight);
	path = flight->has_hit ? numbered(flight) : xstrdup(flight->path);
	if (!flight->has_hit)
		why = flight->options->conditions.n ? "no trigger came" : "the recording ended";
	status = write_to(flight, path, why, stop);
	status = recording_close(flight->rec, path, status);
	free(path);
	return status;
}

size_t flight_size_bytes(const struct flight *flight)
{
	return ring_state(flight->ring).size_bytes;
}
