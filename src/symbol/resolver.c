/* SPDX-License-Identifier: GPL-2.0-only */
#include "symbol/resolver.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "answer.h"
#include "base/clock.h"
#include "plan.h"
#include "worker.h"

#define DEFAULT_TIMEOUT_SECONDS 300
#define DEFAULT_STALL_SECONDS   30
#define CHILDREN_MAX            32 /* each but the first because a module ended the one before */
#define TICK_MS                 100
#define EXIT_MS                 1000
#define READ_SIZE               65536
#define NS_PER_SECOND           1000000000ull

enum outcome { /* of a child */
	       OUTCOME_DONE,
	       OUTCOME_DIED, /* or said what no child says */
	       OUTCOME_HUNG,
	       OUTCOME_STOPPED, /* by the user, or the time is up */
	       OUTCOME_ERROR,   /* the definer's sink */
};

struct resolver {
	const struct dictionary *dict;
	const struct resolver_options *options;
	struct definer *definer;
	worker_fn *worker;
	struct resolver_result *result;
	struct plan plan;
	uint64_t deadline_ns;
	uint64_t alive_ns; /* the last sign of life */
	size_t job;        /* that the child is at; plan.jobs.n: none yet */
	size_t next_job;   /* to begin with */
	size_t next_frame; /* lowest that may be named: each once, in order */
	bool has_ended;    /* the child said so */
	int error;
	struct answer answer;
	struct buf input;
};

static uint64_t stall_ns(const struct resolver *r)
{
	uint32_t seconds = r->options->stall_seconds;

	return (seconds ? seconds : DEFAULT_STALL_SECONDS) * NS_PER_SECOND;
}

/* The first reason is the one to tell. */
static void note(struct resolver *r, const char *subject, const char *text)
{
	if (!r->result->note[0])
		snprintf(r->result->note, sizeof(r->result->note), "%s%s", subject, text);
}

static const char *job_path(const struct resolver *r, size_t job)
{
	if (job >= r->plan.jobs.n)
		return "";
	return dictionary_module(r->dict, r->plan.jobs.items[job].module).path;
}

static void tell_progress(struct resolver *r)
{
	size_t done = r->next_frame;

	if (r->options->progress)
		r->options->progress(r->options->arg, done, r->plan.frames.n, job_path(r, r->job));
}

static int take_job(struct resolver *r)
{
	if (r->answer.index < r->next_job || r->answer.index >= r->plan.jobs.n)
		return -EBADMSG;
	r->job = r->answer.index;
	r->next_job = r->job + 1;
	r->next_frame = r->plan.jobs.items[r->job].first;
	return 0;
}

static int take_names(struct resolver *r)
{
	const struct answer *a = &r->answer;
	const struct plan_frame *frame;
	const struct plan_job *job;

	if (r->job >= r->plan.jobs.n || !a->n_levels)
		return -EBADMSG;
	job = &r->plan.jobs.items[r->job];
	if (a->index < r->next_frame || a->index >= job->first + job->n)
		return -EBADMSG;
	r->next_frame = a->index + 1;
	frame = &r->plan.frames.items[a->index];
	if (frame->pointer) {
		r->error = definer_object_name(r->definer, frame->pointer->pid,
					       frame->pointer->object, a->levels[0].function,
					       a->rank);
		return 0;
	}
	for (size_t i = 0; i < a->n_levels && !r->error; i++)
		r->error = definer_name(r->definer, frame->frame, (uint32_t)i, &a->levels[i]);
	r->result->n_named += !is_place(a->levels[a->n_levels - 1].function);
	return 0;
}

static const char *failure_text(int error)
{
	switch (error) {
	case -ESTALE:
		return " is not the file that was recorded: no names from it";
	case -ENOKEY:
		return " may not be the file that was recorded: no names from it";
	case -ENOENT:
		return " is not there any more: no names from it";
	case -EBADMSG:
		return " is damaged: no names from it";
	default:
		return " cannot be read: no names from it";
	}
}

static int take_failure(struct resolver *r)
{
	if (r->answer.index != r->job)
		return -EBADMSG;
	if (r->answer.error == -ENODATA)
		return 0;
	r->result->n_failed++;
	note(r, job_path(r, r->job), failure_text(r->answer.error));
	return 0;
}

static int take_answer(struct resolver *r)
{
	switch (r->answer.kind) {
	case ANSWER_JOB:
		return take_job(r);
	case ANSWER_NAMES:
		return take_names(r);
	case ANSWER_FAILED:
		return take_failure(r);
	case ANSWER_NOTE:
		note(r, "", r->answer.text ? r->answer.text : "");
		return 0;
	case ANSWER_END:
		r->has_ended = true;
		return 0;
	default:
		return 0;
	}
}

/* Take the whole answers there are in the input.  Returns 0 or -EBADMSG. */
static int take_answers(struct resolver *r)
{
	size_t at = 0;
	int bad = 0;

	while (!bad && !r->error) {
		ssize_t took = answer_decode(r->input.data + at, r->input.size - at, &r->answer);

		if (took <= 0) {
			bad = (int)took;
			break;
		}
		at += (size_t)took;
		bad = take_answer(r);
	}
	memmove(r->input.data, r->input.data + at, r->input.size - at);
	r->input.size -= at;
	return bad;
}

/* Read once.  Returns 1 while there is more to come, 0 at the end, or -errno. */
static int read_some(struct resolver *r, int fd)
{
	ssize_t got = read(fd, buf_extend(&r->input, READ_SIZE), READ_SIZE);

	r->input.size -= READ_SIZE - (got > 0 ? (size_t)got : 0);
	if (got < 0)
		return errno == EINTR || errno == EAGAIN ? 1 : -errno;
	if (!got)
		return 0;
	r->alive_ns = clock_ns(CLOCK_MONOTONIC);
	if (take_answers(r))
		return -EBADMSG;
	tell_progress(r);
	return 1;
}

static enum outcome listen_to(struct resolver *r, int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	for (;;) {
		uint64_t now = clock_ns(CLOCK_MONOTONIC);

		if ((r->options->stop && *r->options->stop) || now >= r->deadline_ns)
			return OUTCOME_STOPPED;
		if (now - r->alive_ns > stall_ns(r) && r->alive_ns < now)
			return OUTCOME_HUNG;
		if (poll(&poll_fd, 1, TICK_MS) <= 0)
			continue;
		if (read_some(r, fd) <= 0)
			return r->has_ended && !r->input.size ? OUTCOME_DONE : OUTCOME_DIED;
		if (r->error)
			return OUTCOME_ERROR;
	}
}

/* Returns the child's pid, and the pipe it answers on, or -errno. */
static pid_t start_child(struct resolver *r, int *ret_fd)
{
	uint32_t seconds =
		(uint32_t)((r->deadline_ns - clock_ns(CLOCK_MONOTONIC)) / NS_PER_SECOND) + 1;
	struct worker_options options = { .parent = getpid(),
					  .first_job = r->next_job,
					  .cpu_seconds = seconds,
					  .download_seconds = r->options->download_seconds };
	int pipe_fds[2];
	pid_t pid;

	if (pipe2(pipe_fds, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (!pid) {
		options.out = pipe_fds[1];
		r->worker(&r->plan, r->dict, &options);
		_exit(1);
	}
	if (pid < 0) {
		pid = -errno;
		close(pipe_fds[0]);
	} else {
		*ret_fd = pipe_fds[0];
	}
	close(pipe_fds[1]);
	return pid;
}

/* One that is at its end gets a moment, for its own status to be seen. */
static bool has_exited(pid_t pid, int *ret_status)
{
	for (int ms = 0; ms < EXIT_MS; ms++) {
		pid_t got = waitpid(pid, ret_status, WNOHANG);

		if (got == pid || (got < 0 && errno != EINTR))
			return true;
		poll(NULL, 0, 1);
	}
	return false;
}

static void end_child(struct resolver *r, pid_t pid, enum outcome outcome)
{
	int status = 0;

	if (outcome == OUTCOME_DONE || outcome == OUTCOME_DIED) {
		if (has_exited(pid, &status)) {
			if (WIFSIGNALED(status))
				r->result->child_signal = WTERMSIG(status);
			return;
		}
	}
	kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
}

static enum outcome run_child(struct resolver *r)
{
	enum outcome outcome;
	int fd = -1;
	pid_t pid;

	r->job = r->plan.jobs.n;
	r->has_ended = false;
	buf_clear(&r->input);
	r->alive_ns = clock_ns(CLOCK_MONOTONIC);
	pid = start_child(r, &fd);
	if (pid < 0) {
		r->error = pid;
		return OUTCOME_ERROR;
	}
	outcome = listen_to(r, fd);
	end_child(r, pid, outcome);
	close(fd);
	return outcome;
}

/* Name what can be named; after a module that ended or hung the child, go on behind it. */
static int run(struct resolver *r)
{
	for (int n = 0; n < CHILDREN_MAX; n++) {
		switch (run_child(r)) {
		case OUTCOME_DONE:
			r->result->is_complete = !r->result->n_failed;
			return 0;
		case OUTCOME_STOPPED:
			return 0;
		case OUTCOME_ERROR:
			return r->error;
		case OUTCOME_HUNG:
			note(r, job_path(r, r->job),
			     ": reading its symbols took too long; it was "
			     "given up");
			break;
		case OUTCOME_DIED:
			note(r, job_path(r, r->job),
			     ": reading its symbols crashed the process that "
			     "did; it was given up");
			break;
		}
		r->result->n_failed++;
		if (r->job >= r->plan.jobs.n) /* it did not come to any */
			return -ECHILD;
	}
	return 0;
}

int resolver_run_worker(const struct dictionary *dict, const struct resolver_options *options,
			struct definer *definer, worker_fn *worker, struct resolver_result *ret)
{
	uint32_t seconds = options->timeout_seconds ? options->timeout_seconds :
						      DEFAULT_TIMEOUT_SECONDS;
	struct resolver *r = xcalloc(1, sizeof(*r));
	int result = 0;

	memset(ret, 0, sizeof(*ret));
	r->dict = dict;
	r->options = options;
	r->definer = definer;
	r->worker = worker;
	r->result = ret;
	r->deadline_ns = clock_ns(CLOCK_MONOTONIC) + seconds * NS_PER_SECOND;
	plan_init(&r->plan, dict, options);
	ret->n_frames = r->plan.frames.n - r->plan.n_pointers;
	ret->is_complete = true;
	if (r->plan.jobs.n) {
		ret->is_complete = false;
		result = run(r);
	}
	plan_release(&r->plan);
	answer_release(&r->answer);
	buf_release(&r->input);
	free(r);
	return result;
}

int resolver_run(const struct dictionary *dict, const struct resolver_options *options,
		 struct definer *definer, struct resolver_result *ret)
{
	return resolver_run_worker(dict, options, definer, worker_run, ret);
}
