/* SPDX-License-Identifier: GPL-2.0-only */
#include "top_live.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "serve_names.h"
#include "symbol/resolver.h"

#define FIRST_NS        200000000u           /* until something to name has been seen */
#define LEAST_NS        UINT64_C(1000000000) /* from one time to the next, */
#define COST_PERMILLE   5                    /* and so long that it takes less of a CPU */
#define RESOLVE_SECONDS 60
#define SYMBOLS_NS      UINT64_C(60000000000) /* modules come and go */
#define COPY_BYTES      65536

static int put(struct event_sink *sink, const struct event *event)
{
	struct top_live *live = (struct top_live *)sink;

	if (live->instead)
		return event_sink_put(live->instead, event);
	if (!event_has_time(event->kind))
		dictionary_put(live->known, event);
	if (event->kind == EVENT_OBJECT_NAME)
		*array_add(&live->of_locks) = *event;
	return event_sink_put(ring_sink(live->ring), event);
}

void top_live_init(struct top_live *live, const struct ring_options *options)
{
	*live = (struct top_live){ .sink.put = put };
	live->ring = ring_new(options);
	live->known = dictionary_new();
	live->due_ns = clock_ns(CLOCK_MONOTONIC) + FIRST_NS;
	live->symbols = memfd_create("sysprof-kernel", MFD_CLOEXEC);
}

void top_live_set_recorder(struct top_live *live, struct recorder *recorder)
{
	live->recorder = recorder;
	ring_set_definer(live->ring, recorder_definer(recorder));
}

static int put_frame_names(const struct dictionary *dict, uint32_t id, struct event_sink *sink)
{
	struct dict_frame frame = dictionary_frame(dict, id);
	int r = 0;

	for (uint32_t i = 0; !r && i < frame.n_names; i++) {
		const struct dict_name *from = &frame.names[i];
		struct event event = {
			.kind = EVENT_NAME,
			.name = { id, i, from->function, from->linkage, from->file, from->line,
				  from->start_line },
		};

		r = event_sink_put(sink, &event);
	}
	return r;
}

/* The names of those frames that @of defines. */
static int put_names(const struct top_live *live, const struct dictionary *of,
		     struct event_sink *sink)
{
	uint32_t n = dictionary_n_frames(live->known);
	int r = 0;

	for (uint32_t id = 1; !r && id <= n; id++) {
		if (dictionary_frame(of, id).module)
			r = put_frame_names(live->known, id, sink);
	}
	return r;
}

struct renewed {
	struct event_sink sink;
	struct dictionary *dict;
};

static int put_renewed(struct event_sink *sink, const struct event *event)
{
	dictionary_put(((struct renewed *)sink)->dict, event);
	return 0;
}

/* The ring has begun to give out ids anew: what they stood for before is forgotten. */
static void renew(struct top_live *live)
{
	struct renewed renewed = { { put_renewed }, dictionary_new() };

	ring_describe(live->ring, &renewed.sink);
	put_names(live, renewed.dict, &renewed.sink);
	dictionary_free(live->known);
	live->known = renewed.dict;
	live->of_locks.n = 0;
	live->asked = 0;
	recorder_forget_ids(live->recorder);
}

/* All of it, or nothing. */
static bool copy_file(int from, int to)
{
	char bytes[COPY_BYTES];
	off_t at = 0;
	ssize_t n;

	if (lseek(to, 0, SEEK_SET))
		return false;
	/* By position: the descriptor is shared with the recorder. */
	while ((n = pread(from, bytes, sizeof(bytes), at)) > 0 &&
	       !file_write_fd(to, bytes, (size_t)n))
		at += n;
	return !n && at;
}

static bool is_empty(int fd)
{
	struct stat st;

	return fstat(fd, &st) || !st.st_size;
}

/*
 * In a child: the kernel's symbols from the copy.  Who looks names up, and is not trusted, gets
 * a descriptor that cannot write to it.
 */
static int kernel_fd(const struct top_live *live, int fd)
{
	char path[32];
	int copy;

	if (fd < 0 || live->symbols < 0)
		return fd;
	if (is_empty(live->symbols) && !copy_file(fd, live->symbols))
		return ftruncate(live->symbols, 0) ? -1 : fd;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", live->symbols);
	copy = open(path, O_RDONLY | O_CLOEXEC);
	return copy < 0 ? fd : copy;
}

static int module_fd(void *arg, uint32_t module)
{
	struct top_live *live = arg;
	int fd = recorder_module_fd(live->recorder, module);

	return dictionary_module(live->known, module).kind == MODULE_KERNEL ? kernel_fd(live, fd) :
									      fd;
}

/* In a child: what is found is left in the file. */
static void find_names(struct top_live *live)
{
	struct resolver_options options = {
		.module_fd = module_fd,
		.arg = live,
		.timeout_seconds = RESOLVE_SECONDS,
	};
	bool *known = serve_names_known(live->known);
	struct resolver_result result;
	int r;

	recorder_forked(live->recorder);
	signal(SIGINT, SIG_IGN); /* it is for the parent */
	r = resolver_run(live->known, &options, recorder_definer(live->recorder), &result);
	if (!r)
		r = serve_names_save(live->known, known, live->found);
	_exit(r != 0);
}

static void forget_symbols(struct top_live *live)
{
	if (live->symbols >= 0 && ftruncate(live->symbols, 0)) {
		close(live->symbols);
		live->symbols = -1;
	}
}

static void start_namer(struct top_live *live)
{
	uint32_t n = dictionary_n_frames(live->known);
	uint64_t now_ns = clock_ns(CLOCK_MONOTONIC);

	if (now_ns - live->symbols_ns >= SYMBOLS_NS) {
		forget_symbols(live);
		live->symbols_ns = now_ns;
	}
	live->found = memfd_create("sysprof-names", MFD_CLOEXEC);
	live->namer = live->found < 0 ? -1 : fork();
	if (!live->namer)
		find_names(live);
	if (live->namer > 0) {
		live->asked = n;
		return;
	}
	live->namer = 0;
	live->due_ns = clock_ns(CLOCK_MONOTONIC) + LEAST_NS;
}

static uint64_t cpu_ns(const struct rusage *usage)
{
	return (uint64_t)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * 1000000000 +
	       (uint64_t)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) * 1000;
}

static void end_namer(struct top_live *live)
{
	uint64_t pause_ns;
	struct rusage usage;
	int status;

	if (wait4(live->namer, &status, WNOHANG, &usage) != live->namer)
		return;
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		serve_names_load(live->found, live->known, recorder_definer(live->recorder));
	else
		forget_symbols(live); /* they may not be whole */
	close(live->found);
	live->namer = 0;
	live->cost_ns = cpu_ns(&usage);
	pause_ns = live->cost_ns * (1000 / COST_PERMILLE);
	live->due_ns = clock_ns(CLOCK_MONOTONIC) + (pause_ns > LEAST_NS ? pause_ns : LEAST_NS);
}

uint32_t top_live_n_unnamed(const struct top_live *live)
{
	return dictionary_n_frames(live->known) - live->asked;
}

void top_live_step(struct top_live *live)
{
	/* Ids must not change their meaning while somebody looks for their names. */
	if (!live->namer && ring_renew_ids(live->ring))
		renew(live);
	if (live->namer)
		end_namer(live);
	else if (top_live_n_unnamed(live) && clock_ns(CLOCK_MONOTONIC) >= live->due_ns)
		start_namer(live);
}

void top_live_release(struct top_live *live)
{
	if (live->namer) {
		kill(live->namer, SIGKILL); /* what it has started ends with it */
		while (waitpid(live->namer, NULL, 0) < 0 && errno == EINTR)
			;
		close(live->found);
	}
	if (live->symbols >= 0)
		close(live->symbols);
	ring_free(live->ring);
	dictionary_free(live->known);
	array_release(&live->of_locks);
}

int top_live_put_all(struct top_live *live, uint64_t end_ns, struct event_sink *sink)
{
	struct event *event;
	int r;

	live->instead = sink;
	r = ring_put_all(live->ring, end_ns, sink);
	if (!r)
		r = put_names(live, live->known, sink);
	array_for_each(event, &live->of_locks) {
		if (!r)
			r = event_sink_put(sink, event);
	}
	live->instead = NULL;
	return r;
}
