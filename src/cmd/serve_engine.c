/* SPDX-License-Identifier: GPL-2.0-only */
#include "serve_engine.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/map.h"
#include "cmd/command.h"
#include "serve_answer.h"
#include "serve_names.h"

#define STEP_MS       20
#define STILL_MS      100                        /* the same while nobody asks: each look costs */
#define RESIDENT_RATE (17 * 4096u)               /* one page in so many; no stride of a program's */
#define LINGER_NS     (UINT64_C(2) * 1000000000) /* for the next request of a scraper */
#define LATE_NS       (UINT64_C(2) * 1000000000) /* a machine that is busy tells late */
#define FIRST_NS      (UINT64_C(5) * 1000000000) /* to be watched before looking back */
#define N_ANSWERS     3                          /* at a time */
#define IDS_MAX       (200u << 10)               /* then a recorder is begun anew */
#define DEFINED_MAX   ((size_t)48 << 20)
#define LIVE_BYTES    ((size_t)192 << 20) /* beyond the ring: who comes and goes is remembered */
#define KEPT_MAX      64u
#define FIRST_LOOK_NS (UINT64_C(2) * 1000000000)

struct collection {
	struct serve_request request;
	struct serve_pids pids;
	uint64_t start_ns, end_ns;
	pid_t child;       /* that answers; 0: not yet */
	int names;         /* the file that it leaves names in */
	int before, after; /* files of what it is the difference to, and what the next is; -1 */
	bool is_first;     /* @child makes what is before */
	bool keeps_after;
	uint64_t told_ns; /* what @child knows of */
};

struct kept_state { /* of what was asked for, for the next difference */
	uint64_t what;
	uint64_t told_ns;
	int file;
};

struct engine {
	struct event_sink tee; /* the ring and what is added up */
	const struct engine_options *options;
	struct recorder *recorder;
	struct recording recording;
	struct ring *ring;
	struct serve_live live;
	ARRAY(struct collection) collections;
	struct map last_ns; /* by what was asked for: when, for differences */
	uint64_t keep_until_ns;
	uint64_t begun_ns;
	uint64_t memory_ns; /* since when memory is watched; 0: it is not */
	ARRAY(struct kept_state) kept;
	int messages;       /* file that is written to instead of stderr */
	uint64_t looked_ns; /* at our own memory */
	bool is_fat;
	bool is_retired; /* takes no more requests */
	bool is_over;    /* the targets are gone */
};

static volatile sig_atomic_t stop;

static void on_signal(int signal_number)
{
	(void)signal_number;
	stop = 1;
}

/*
 * Where nothing is added up, the model is asked for names only: what it would remember of each
 * process that ever was is not for a recorder that may never end.
 */
static bool is_added_up(const struct engine *engine, enum event_kind kind)
{
	return engine->live.model &&
	       (engine->live.sched || engine->memory_ns || !event_has_time(kind));
}

static int put_both(struct event_sink *sink, const struct event *event)
{
	struct engine *engine = (struct engine *)sink;

	if (is_added_up(engine, event->kind))
		event_sink_put(model_sink(engine->live.model), event);
	return event_sink_put(ring_sink(engine->ring), event);
}

/* Without waits, what is named is still kept by the model. */
static void begin_live(struct serve_live *live, enum engine_depth depth)
{
	struct analysis_input input = { .filter = &live->filter };

	live->model = input.model = model_new();
	if (depth < ENGINE_WAITS)
		return;
	live->sched = input.sched = sched_new(live->model);
	live->states[SERVE_BLOCK] = analysis_find("block")->begin(&input);
	live->states[SERVE_MUTEX] = analysis_find("mutex")->begin(&input);
	live->states[SERVE_GOROUTINE] = analysis_find("stacks")->begin(&input);
}

/* 0 or -errno, having said why. */
static int watch_memory(struct engine *engine)
{
	struct serve_live *live = &engine->live;
	struct analysis_input input = {
		.model = live->model,
		.sched = live->sched,
		.filter = &live->filter,
	};
	int r = recorder_watch_memory(engine->recorder, RESIDENT_RATE);

	if (r)
		return r;
	live->states[SERVE_HEAP] = analysis_find("heap")->begin(&input);
	live->states[SERVE_ALLOCS] = analysis_find("allocs")->begin(&input);
	engine->memory_ns = clock_ns(CLOCK_MONOTONIC);
	return 0;
}

static int reply_to(const struct engine *engine, const struct serve_request *request)
{
	return engine->options->replies[request->client];
}

static uint64_t told_ns(const struct engine *engine)
{
	return recorder_totals(engine->recorder).told_ns;
}

/* A name for what is asked for, and of whom. */
static uint64_t hash_of(const struct serve_request *request)
{
	const struct serve_target *target = &request->target;
	uint64_t hash = hash_u64(request->subject << 3 | target->scope) ^ hash_u64(target->pid);

	for (const char *c = target->name; *c; c++)
		hash = hash_u64(hash ^ (unsigned char)*c);
	return hash;
}

static struct kept_state *kept_of(struct engine *engine, const struct serve_request *request)
{
	uint64_t what = hash_of(request);
	struct kept_state *kept;

	array_for_each(kept, &engine->kept) {
		if (kept->what == what)
			return kept;
	}
	return NULL;
}

static uint64_t since_ns(const struct engine *engine, const struct serve_request *request)
{
	return serve_is_memory(request) ? engine->memory_ns : engine->begun_ns;
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Of what is so at a moment, such as memory. */
static void set_moments(const struct engine *engine, struct collection *collection, uint64_t now_ns)
{
	const struct serve_request *request = &collection->request;
	uint64_t since = since_ns(engine, request);

	if (request->window == SERVE_FROM_NOW) {
		collection->start_ns = later(now_ns, since + FIRST_LOOK_NS);
		collection->end_ns = collection->start_ns + request->span_ns;
	} else {
		collection->start_ns = since;
		collection->end_ns = later(now_ns, since + request->span_ns);
	}
}

/* What was not watched yet is for a moment first, rather than to answer with nothing. */
static void set_past(const struct engine *engine, struct collection *collection, uint64_t now_ns)
{
	uint64_t span_ns = collection->request.span_ns;
	uint64_t first_ns = engine->begun_ns + (span_ns < FIRST_NS ? span_ns : FIRST_NS);

	collection->end_ns = now_ns > first_ns ? now_ns : first_ns;
	collection->start_ns = collection->end_ns - span_ns;
}

static void set_window(struct engine *engine, struct collection *collection, uint64_t now_ns)
{
	const struct serve_request *request = &collection->request;
	uint64_t *last_ns;

	collection->start_ns = now_ns;
	collection->end_ns = now_ns + request->span_ns;
	if (serve_is_state(request) || request->window == SERVE_CUMULATIVE)
		set_moments(engine, collection, now_ns);
	else if (request->window == SERVE_PAST)
		set_past(engine, collection, now_ns);
	else if (request->window == SERVE_SINCE_LAST) {
		last_ns = map_insert(&engine->last_ns, hash_of(request));
		if (*last_ns) {
			collection->start_ns = *last_ns;
			collection->end_ns = now_ns;
		}
		*last_ns = collection->end_ns;
	}
}

static void cancel(struct engine *engine, const struct serve_request *request)
{
	struct collection *collection;

	array_for_each(collection, &engine->collections) {
		if (collection->request.id != request->id ||
		    collection->request.client != request->client)
			continue;
		if (collection->child)
			kill(collection->child, SIGKILL);
		else
			collection->end_ns = 0; /* forgotten with those that are done */
		collection->request.is_cancel = true;
	}
}

static void take_request(struct engine *engine, const struct serve_request *request)
{
	struct collection *collection;

	if (request->is_cancel) {
		cancel(engine, request);
		return;
	}
	if (serve_is_memory(request) && !engine->memory_ns && watch_memory(engine)) {
		struct buf why = { 0 };

		answer_captured(engine->messages, "memory cannot be watched", &why);
		answer_say(reply_to(engine, request), request->id, 500, buf_str(&why));
		buf_release(&why);
		return;
	}
	collection = array_add(&engine->collections);
	*collection = (struct collection){
		.request = *request,
		.before = -1,
		.after = -1,
		.is_first = serve_is_state(request) && request->window == SERVE_FROM_NOW,
	};
	if (request->target.scope == SERVE_CGROUP)
		serve_target_pids(&request->target, &collection->pids);
	set_window(engine, collection, clock_ns(CLOCK_MONOTONIC));
}

static void take_requests(struct engine *engine)
{
	struct serve_request request;
	int r;

	while ((r = serve_receive(engine->options->requests, &request, sizeof(request), NULL)) == 1)
		take_request(engine, &request);
	if (!r)
		engine->is_retired = true;
}

static void close_file(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int new_file(const char *name)
{
	return memfd_create(name, MFD_CLOEXEC);
}

/* What the child is to read and to write. */
static bool open_files(struct engine *engine, struct collection *collection)
{
	const struct serve_request *request = &collection->request;
	bool is_memory = serve_is_memory(request);
	struct kept_state *kept = kept_of(engine, request);

	collection->names = new_file("sysprof-names");
	if (collection->is_first)
		collection->before = new_file("sysprof-before");
	if (request->window == SERVE_SINCE_LAST && is_memory) {
		collection->keeps_after = true;
		collection->after = new_file("sysprof-after");
		collection->start_ns = kept ? kept->told_ns : engine->memory_ns;
		if (kept)
			collection->before = fcntl(kept->file, F_DUPFD_CLOEXEC, 3);
	}
	collection->told_ns = told_ns(engine);
	return collection->names >= 0 && (!collection->is_first || collection->before >= 0) &&
	       (!collection->keeps_after || collection->after >= 0);
}

static void start_child(struct engine *engine, struct collection *collection)
{
	struct answer answer = {
		.recorder = engine->recorder,
		.recording = &engine->recording,
		.ring = engine->ring,
		.live = &engine->live,
		.request = collection->request,
		.pids = collection->pids,
		.start_ns = collection->start_ns,
		.end_ns = collection->end_ns,
		.replies = reply_to(engine, &collection->request),
	};
	bool has_files = open_files(engine, collection);
	pid_t child;

	answer.start_ns = collection->start_ns;
	answer.begun_ns = since_ns(engine, &collection->request);
	answer.told_ns = collection->told_ns;
	answer.names = collection->names;
	answer.before = collection->is_first ? -1 : collection->before;
	answer.after = collection->is_first ? collection->before : collection->after;
	answer.is_silent = collection->is_first;
	child = has_files ? fork() : -1;
	if (!child)
		answer_run(&answer);
	if (child < 0) {
		close_file(&collection->names);
		answer_say(reply_to(engine, &collection->request), collection->request.id, 500,
			   "no process could be started to answer");
		collection->request.is_cancel = true;
		return;
	}
	collection->child = child;
}

static void keep_state(struct engine *engine, struct collection *collection)
{
	struct kept_state *kept = kept_of(engine, &collection->request);

	if (!kept && engine->kept.n < KEPT_MAX)
		kept = array_add(&engine->kept);
	else if (!kept) /* whose next difference is of all there was */
		kept = &engine->kept.items[collection->request.id % KEPT_MAX];
	if (kept->told_ns)
		close(kept->file);
	*kept = (struct kept_state){ hash_of(&collection->request), collection->told_ns,
				     collection->after };
	collection->after = -1;
}

/* Whether the process that answers has ended.  One that crashed said nothing. */
static bool has_ended(struct engine *engine, struct collection *collection)
{
	bool is_well;
	int status;

	if (waitpid(collection->child, &status, WNOHANG) != collection->child)
		return false;
	is_well = WIFEXITED(status) && !WEXITSTATUS(status);
	if (!WIFEXITED(status) && !collection->request.is_cancel)
		answer_say(reply_to(engine, &collection->request), collection->request.id, 500,
			   "the process that made the answer crashed, or took too long");
	if (WIFEXITED(status))
		serve_names_load(collection->names, model_dictionary(engine->live.model),
				 recorder_definer(engine->recorder));
	close(collection->names);
	if (is_well && collection->keeps_after)
		keep_state(engine, collection);
	collection->child = 0;
	if (!is_well) /* and has said why */
		collection->request.is_cancel = true;
	return true;
}

/* Somebody may ask again for what goes on. */
static void keep_on(struct engine *engine, const struct serve_request *request)
{
	if (request->window != SERVE_FROM_NOW && request->window != SERVE_SNAPSHOT)
		engine->keep_until_ns = clock_ns(CLOCK_MONOTONIC) + engine->options->keep_ns;
}

/* Whether nobody waits for it any more. */
static bool is_done(struct engine *engine, struct collection *collection)
{
	bool was_first = collection->is_first;

	if (!collection->child)
		return collection->request.is_cancel;
	if (!has_ended(engine, collection))
		return false;
	keep_on(engine, &collection->request);
	collection->is_first = false;
	return !was_first || collection->request.is_cancel;
}

static bool is_due(const struct engine *engine, const struct collection *collection)
{
	uint64_t now_ns = clock_ns(CLOCK_MONOTONIC);
	uint64_t at_ns = collection->is_first ? collection->start_ns : collection->end_ns;

	return engine->is_over || told_ns(engine) >= at_ns || now_ns >= at_ns + LATE_NS;
}

static void forget_collection(struct collection *collection)
{
	array_release(&collection->pids.list);
	close_file(&collection->before);
	close_file(&collection->after);
}

static void step_collections(struct engine *engine)
{
	size_t n_answers = 0, kept = 0;

	for (size_t i = 0; i < engine->collections.n; i++)
		n_answers += engine->collections.items[i].child != 0;
	for (size_t i = 0; i < engine->collections.n; i++) {
		struct collection *collection = &engine->collections.items[i];

		if (is_done(engine, collection)) {
			forget_collection(collection);
			continue;
		}
		if (!collection->child && n_answers < N_ANSWERS && is_due(engine, collection)) {
			start_child(engine, collection);
			n_answers++;
		}
		engine->collections.items[kept++] = *collection;
	}
	engine->collections.n = kept;
}

static size_t own_bytes(void)
{
	struct buf text = { 0 };
	const char *resident = NULL;
	size_t pages;

	if (file_read("/proc/self/statm", &text) > 0)
		resident = strchr(buf_str(&text), ' ');
	pages = resident ? strtoull(resident, NULL, 10) : 0;
	buf_release(&text);
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* What was defined is never forgotten while it is added up: so a new recorder has its turn. */
static bool is_full(struct engine *engine)
{
	const struct definer *definer = recorder_definer(engine->recorder);
	uint64_t now_ns = clock_ns(CLOCK_MONOTONIC);

	if (now_ns >= engine->looked_ns + LINGER_NS) {
		engine->looked_ns = now_ns;
		engine->is_fat = own_bytes() > engine->options->ring_bytes + LIVE_BYTES;
	}
	if (engine->is_fat)
		return true;

	/* An answer takes longer the more ids there are; a past that is lost is worse than that. */
	return (definer_n_ids(definer) > IDS_MAX && !engine->options->is_continuous) ||
	       definer_size_bytes(definer) > DEFINED_MAX;
}

/* What was sent before is still taken; who sends later is told so, and asks another one. */
static void retire(struct engine *engine)
{
	if (engine->is_retired)
		return;
	shutdown(engine->options->requests, SHUT_RD);
	take_requests(engine);
	engine->is_retired = true;
}

static bool is_wanted(struct engine *engine)
{
	uint64_t now_ns = clock_ns(CLOCK_MONOTONIC);

	if (engine->collections.n && engine->keep_until_ns < now_ns + LINGER_NS)
		engine->keep_until_ns = now_ns + LINGER_NS;
	if (engine->collections.n)
		return true;
	return !engine->is_retired &&
	       (engine->options->is_continuous || now_ns < engine->keep_until_ns);
}

static int step_ms(const struct engine *engine)
{
	bool is_still = engine->options->is_continuous && !engine->collections.n;

	return is_still ? STILL_MS : STEP_MS;
}

static void run(struct engine *engine)
{
	int r;

	engine->keep_until_ns = clock_ns(CLOCK_MONOTONIC) + LINGER_NS;
	while (!stop && (is_wanted(engine) || (retire(engine), is_wanted(engine)))) {
		if (engine->is_over)
			usleep(1000 * STEP_MS);
		r = engine->is_over ? 0 : recorder_step(engine->recorder, step_ms(engine));
		engine->is_over |= r != 0;
		if (!engine->is_retired)
			take_requests(engine);
		if (engine->is_over || is_full(engine))
			retire(engine);
		step_collections(engine);
	}
}

/* Nothing can be recorded: whoever asks is told why. */
static void refuse_all(struct engine *engine)
{
	struct buf why = { 0 };
	struct collection *collection;

	answer_captured(engine->messages, "the recorder could not be started", &why);
	engine->memory_ns = clock_ns(CLOCK_MONOTONIC); /* nothing is tried of what failed */
	take_requests(engine);
	retire(engine);
	array_for_each(collection, &engine->collections) {
		if (!collection->request.is_cancel)
			answer_say(reply_to(engine, &collection->request), collection->request.id,
				   500, buf_str(&why));
	}
	buf_release(&why);
}

static void set_signals(const struct engine_options *options)
{
	struct sigaction action = { .sa_handler = on_signal }; /* no SA_RESTART: poll() returns */
	sigset_t term;

	signal(SIGINT, SIG_IGN); /* Ctrl-C is for the parent, with which this ends */
	sigaction(SIGTERM, &action, NULL);
	sigemptyset(&term);
	sigaddset(&term, SIGTERM); /* the parent held it back until there is a handler */
	sigprocmask(SIG_UNBLOCK, &term, NULL);
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
	if (getppid() != options->parent)
		_exit(EXIT_FAILED);
}

void engine_run(const struct engine_options *options)
{
	struct recorder_options recorder = {
		.pids = options->pids,
		.n_pids = options->n_pids,
		.is_all = !options->n_pids,
		.hz = options->hz,
		.cpu_only = options->depth == ENGINE_CPU,
		.trace = options->depth == ENGINE_TRACE,
		.budget_permille = options->budget_permille,
	};
	struct ring_options ring = { 2 * SERVE_MAX_NS, options->ring_bytes };
	struct engine engine = { .tee.put = put_both, .options = options };
	int error;

	engine.messages = answer_capture();
	set_signals(options);
	recording_init(&engine.recording);
	engine.ring = engine.recording.ring = ring_new(&ring);
	engine.recording.early = &engine.tee;
	begin_live(&engine.live, options->depth);
	engine.recording.known = model_dictionary(engine.live.model);
	error = recorder_open(&recorder, &engine.recording.sink, &engine.recorder);
	if (!error) {
		ring_set_definer(engine.ring, recorder_definer(engine.recorder));
		error = recorder_prepare(engine.recorder);
	}
	if (!error)
		error = recorder_start(engine.recorder);
	engine.begun_ns = clock_ns(CLOCK_MONOTONIC);
	if (error)
		refuse_all(&engine);
	else
		run(&engine);
	recorder_close(engine.recorder);
	_exit(error ? EXIT_FAILED : EXIT_DONE);
}
