/* SPDX-License-Identifier: GPL-2.0-only */
#include "serve_engine.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/map.h"
#include "cmd/command.h"
#include "serve_answer.h"
#include "serve_names.h"

#define STEP_MS       20
#define RESIDENT_RATE (17 * 4096u)               /* one page in so many; no stride of a program's */
#define LINGER_NS     (UINT64_C(2) * 1000000000) /* for the next request of a scraper */
#define LATE_NS       (UINT64_C(2) * 1000000000) /* a machine that is busy tells late */
#define FIRST_NS      (UINT64_C(5) * 1000000000) /* to be watched before looking back */
#define N_ANSWERS     3                          /* at a time */
#define IDS_MAX       (200u << 10)               /* then a recorder is begun anew */
#define DEFINED_MAX   ((size_t)48 << 20)

struct collection {
	struct serve_request request;
	struct serve_pids pids;
	uint64_t start_ns, end_ns;
	pid_t child; /* that answers; 0: not yet */
	int names;   /* the file that it leaves names in */
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
	bool is_retired; /* takes no more requests */
	bool is_over;    /* the targets are gone */
};

static volatile sig_atomic_t stop;

static void on_signal(int signal_number)
{
	(void)signal_number;
	stop = 1;
}

static int put_both(struct event_sink *sink, const struct event *event)
{
	struct engine *engine = (struct engine *)sink;

	if (engine->live.model)
		event_sink_put(model_sink(engine->live.model), event);
	return event_sink_put(ring_sink(engine->ring), event);
}

static void begin_live(struct serve_live *live, enum engine_depth depth)
{
	struct analysis_input input = { .filter = &live->filter };

	live->model = input.model = model_new();
	live->sched = input.sched = sched_new(live->model);
	live->states[SERVE_BLOCK] = analysis_find("block")->begin(&input);
	live->states[SERVE_MUTEX] = analysis_find("mutex")->begin(&input);
	if (depth != ENGINE_HEAP)
		return;
	live->states[SERVE_HEAP] = analysis_find("heap")->begin(&input);
	live->states[SERVE_ALLOCS] = analysis_find("allocs")->begin(&input);
}

static uint64_t told_ns(const struct engine *engine)
{
	return recorder_totals(engine->recorder).told_ns;
}

static uint64_t *last_of(struct engine *engine, const struct serve_request *request)
{
	const struct serve_target *target = &request->target;
	uint64_t hash = hash_u64(request->subject << 3 | target->scope) ^ hash_u64(target->pid);

	for (const char *c = target->name; *c; c++)
		hash = hash_u64(hash ^ (unsigned char)*c);
	return map_insert(&engine->last_ns, hash);
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
	if (request->window == SERVE_FROM_NOW)
		return;
	engine->keep_until_ns = now_ns + engine->options->keep_ns;
	if (request->window == SERVE_PAST) {
		set_past(engine, collection, now_ns);
		return;
	}
	if (request->window == SERVE_CUMULATIVE) {
		collection->start_ns = engine->begun_ns;
		collection->end_ns = engine->begun_ns + request->span_ns;
		if (collection->end_ns < now_ns)
			collection->end_ns = now_ns;
		return;
	}
	last_ns = last_of(engine, request);
	if (*last_ns) {
		collection->start_ns = *last_ns;
		collection->end_ns = now_ns;
	}
	*last_ns = collection->end_ns;
}

static void cancel(struct engine *engine, uint32_t id)
{
	struct collection *collection;

	array_for_each(collection, &engine->collections) {
		if (collection->request.id != id)
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
		cancel(engine, request->id);
		return;
	}
	collection = array_add(&engine->collections);
	collection->request = *request;
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

static void start_answer(struct engine *engine, struct collection *collection)
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
		.begun_ns = engine->begun_ns,
		.told_ns = told_ns(engine),
		.replies = engine->options->replies,
	};
	pid_t child;

	answer.names = collection->names = memfd_create("sysprof-names", MFD_CLOEXEC);
	child = collection->names < 0 ? -1 : fork();
	if (!child)
		answer_run(&answer);
	if (child < 0) {
		answer_say(engine->options->replies, collection->request.id, 500,
			   "no process could be started to answer");
		collection->request.is_cancel = true;
		return;
	}
	collection->child = child;
}

/* How the process that answers has ended; 0: it has not.  One that crashed said nothing. */
static bool has_answered(struct engine *engine, const struct collection *collection)
{
	int status;

	if (waitpid(collection->child, &status, WNOHANG) != collection->child)
		return false;
	if (!WIFEXITED(status) && !collection->request.is_cancel)
		answer_say(engine->options->replies, collection->request.id, 500,
			   "the process that made the answer crashed, or took too long");
	if (WIFEXITED(status) && engine->live.model)
		serve_names_load(collection->names, model_dictionary(engine->live.model),
				 recorder_definer(engine->recorder));
	close(collection->names);
	return true;
}

static bool is_due(const struct engine *engine, const struct collection *collection)
{
	uint64_t now_ns = clock_ns(CLOCK_MONOTONIC);

	return engine->is_over || told_ns(engine) >= collection->end_ns ||
	       now_ns >= collection->end_ns + LATE_NS;
}

static void step_collections(struct engine *engine)
{
	size_t n_answers = 0, kept = 0;

	for (size_t i = 0; i < engine->collections.n; i++)
		n_answers += engine->collections.items[i].child != 0;
	for (size_t i = 0; i < engine->collections.n; i++) {
		struct collection *collection = &engine->collections.items[i];
		bool is_done = collection->child ? has_answered(engine, collection) :
						   collection->request.is_cancel;

		if (is_done) {
			array_release(&collection->pids.list);
			continue;
		}
		if (!collection->child && n_answers < N_ANSWERS && is_due(engine, collection)) {
			start_answer(engine, collection);
			n_answers++;
		}
		engine->collections.items[kept++] = *collection;
	}
	engine->collections.n = kept;
}

/* What was defined is never forgotten while it is added up: so a new recorder has its turn. */
static bool is_full(const struct engine *engine)
{
	const struct definer *definer = recorder_definer(engine->recorder);

	return definer_n_ids(definer) > IDS_MAX || definer_size_bytes(definer) > DEFINED_MAX;
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
	return engine->collections.n || (!engine->is_retired && now_ns < engine->keep_until_ns);
}

static void run(struct engine *engine)
{
	int r;

	engine->keep_until_ns = clock_ns(CLOCK_MONOTONIC) + LINGER_NS;
	while (!stop && (is_wanted(engine) || (retire(engine), is_wanted(engine)))) {
		if (engine->is_over)
			usleep(1000 * STEP_MS);
		r = engine->is_over ? 0 : recorder_step(engine->recorder, STEP_MS);
		engine->is_over |= r != 0;
		if (!engine->is_retired)
			take_requests(engine);
		if (engine->is_over || is_full(engine))
			retire(engine);
		step_collections(engine);
	}
}

/* Nothing can be recorded: whoever asks is told why. */
static void refuse_all(struct engine *engine, int messages)
{
	struct buf why = { 0 };
	struct collection *collection;

	answer_captured(messages, "the recorder could not be started", &why);
	take_requests(engine);
	retire(engine);
	array_for_each(collection, &engine->collections) {
		if (!collection->request.is_cancel)
			answer_say(engine->options->replies, collection->request.id, 500,
				   buf_str(&why));
	}
	buf_release(&why);
}

static void set_signals(const struct engine_options *options)
{
	struct sigaction action = { .sa_handler = on_signal }; /* no SA_RESTART: poll() returns */

	signal(SIGINT, SIG_IGN); /* Ctrl-C is for the parent, with which this ends */
	sigaction(SIGTERM, &action, NULL);
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
		.heap_rate = options->depth == ENGINE_HEAP ? RESIDENT_RATE : 0,
		.budget_permille = options->budget_permille,
	};
	struct ring_options ring = { 2 * SERVE_MAX_NS, options->ring_bytes };
	struct engine engine = { .tee.put = put_both, .options = options };
	int messages = answer_capture(), error;

	set_signals(options);
	recording_init(&engine.recording);
	engine.ring = engine.recording.ring = ring_new(&ring);
	engine.recording.early = &engine.tee;
	if (options->depth >= ENGINE_WAITS) {
		begin_live(&engine.live, options->depth);
		engine.recording.known = model_dictionary(engine.live.model);
	}
	error = recorder_open(&recorder, &engine.recording.sink, &engine.recorder);
	if (!error) {
		ring_set_definer(engine.ring, recorder_definer(engine.recorder));
		error = recorder_prepare(engine.recorder);
	}
	if (!error)
		error = recorder_start(engine.recorder);
	engine.begun_ns = clock_ns(CLOCK_MONOTONIC);
	if (error)
		refuse_all(&engine, messages);
	else
		run(&engine);
	recorder_close(engine.recorder);
	_exit(error ? EXIT_FAILED : EXIT_DONE);
}
