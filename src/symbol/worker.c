/* SPDX-License-Identifier: GPL-2.0-only */
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "answer.h"
#include "base/clock.h"
#include "base/file.h"
#include "symbol/confine.h"
#include "symbol/symbolizer.h"

#define FLUSH_SIZE     8192 /* what a crash can lose of names that were found */
#define NS_PER_SECOND  1000000000ull
#define ANSWER_SECONDS 10 /* for a debuginfod server to begin */

struct worker {
	const struct plan *plan;
	const struct dictionary *dict;
	int out;
	uint32_t answer_seconds;
	uint64_t waiting_since_ns; /* for a server's answer */
	struct buf answers;
	struct buf pointer; /* the name of the last one; empty: it has none */
	uint64_t rank;
	int *dirs; /* where each job's file lies, or -1 */
};

static void flush(struct worker *w)
{
	/* Nobody listens any more: nothing is left to do. */
	if (file_write_fd(w->out, w->answers.data, w->answers.size))
		_exit(1);
	buf_clear(&w->answers);
}

/* A server that keeps silent for one file is not asked for the others. */
static int download(void *arg, long done, long total)
{
	struct worker *w = arg;

	if (total > 0)
		w->waiting_since_ns = clock_ns(CLOCK_MONOTONIC);
	if (clock_ns(CLOCK_MONOTONIC) - w->waiting_since_ns >= w->answer_seconds * NS_PER_SECOND) {
		unsetenv("DEBUGINFOD_URLS");
		answer_encode_note(&w->answers, "debuginfod gave no answer: it was not asked for "
						"more debug files");
		return 1;
	}
	answer_encode_alive(&w->answers, done > 0 ? (uint64_t)done : 0,
			    total > 0 ? (uint64_t)total : 0);
	flush(w);
	return 0;
}

/* Whether @path is a directory to write in, made if need be. */
static bool is_usable(const char *path)
{
	char *part = xstrdup(path);

	for (char *at = strchr(part + 1, '/'); at; at = strchr(at + 1, '/')) {
		*at = '\0';
		mkdir(part, 0700);
		*at = '/';
	}
	mkdir(part, 0700);
	free(part);
	return !access(path, W_OK | X_OK);
}

/* Where libdebuginfod keeps what it downloads, by its own rules; owned, or NULL. */
static char *cache_path(void)
{
	const char *path = getenv("DEBUGINFOD_CACHE_PATH"), *base = getenv("XDG_CACHE_HOME");
	const char *home = getenv("HOME");

	if (path && *path)
		return xstrdup(path);
	if (base && *base)
		return xasprintf("%s/debuginfod_client", base);
	return home && *home ? xasprintf("%s/.cache/debuginfod_client", home) : NULL;
}

/*
 * The user may have changed, and with it the home directory.  Without a place for
 * them nothing is downloaded, and that is said.
 */
static void prepare_downloads(struct worker *w, bool has_changed)
{
	const char *urls = getenv("DEBUGINFOD_URLS");
	struct passwd *user;
	char *path, *text;

	if (!urls || !*urls)
		return;
	user = has_changed ? getpwuid(getuid()) : NULL;
	if (has_changed) {
		unsetenv("XDG_CACHE_HOME");
		setenv("HOME", user && user->pw_dir ? user->pw_dir : "", 1);
	}
	setenv("DEBUGINFOD_TIMEOUT", "10", 0);
	path = cache_path();
	if (!path || !is_usable(path)) {
		unsetenv("DEBUGINFOD_URLS");
		text = xasprintf("debuginfod is not used: user %u, who reads symbols, cannot write "
				 "its cache '%s'; set DEBUGINFOD_CACHE_PATH",
				 (unsigned int)getuid(), path ? path : "");
		answer_encode_note(&w->answers, text);
		free(text);
	}
	free(path);
}

/* Whether everybody may go where @path leads. */
static bool is_open_to_all(const char *path)
{
	char *part = xstrdup(path);
	bool is_open = true;
	struct stat st;

	for (char *at = strchr(part + 1, '/'); at && is_open; at = strchr(at + 1, '/')) {
		*at = '\0';
		is_open = !stat(part, &st) && st.st_mode & S_IXOTH;
		*at = '/';
	}
	free(part);
	return is_open;
}

/*
 * A program may lie where only root can go; what lies beside it, such as its debug
 * file, may be readable all the same, and the user who reads symbols gets there.
 */
static void open_dirs(struct worker *w, size_t first_job)
{
	w->dirs = xcalloc(w->plan->jobs.n + 1, sizeof(*w->dirs));
	for (size_t i = 0; i < w->plan->jobs.n; i++) {
		struct dict_module module =
			dictionary_module(w->dict, w->plan->jobs.items[i].module);
		const char *slash = strrchr(module.path, '/');
		char *dir;

		w->dirs[i] = -1;
		if (i < first_job || module.kind != MODULE_ELF || !slash || slash == module.path)
			continue;
		dir = xstrndup(module.path, (size_t)(slash - module.path) + 1);
		if (!is_open_to_all(dir))
			w->dirs[i] = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
		free(dir);
	}
}

/* The way to the directory of @job, where the path does not lead there; owned. */
static char *way_to_dir(const struct worker *w, size_t job, const char *path)
{
	char *dir = xstrndup(path, (size_t)(strrchr(path, '/') - path) + 1);
	bool is_open = !access(dir, X_OK);

	free(dir);
	return is_open ? NULL : xasprintf("/proc/self/fd/%d", w->dirs[job]);
}

static uint64_t *addresses_of(const struct plan *plan, const struct plan_job *job)
{
	uint64_t *ret = xcalloc(job->n, sizeof(*ret));

	for (size_t i = 0; i < job->n; i++)
		ret[i] = plan->frames.items[job->first + i].address;
	return ret;
}

static void name_frame(struct worker *w, struct symbolizer *symbolizer, size_t index)
{
	const struct symbol_name *names;
	size_t n = symbolizer_find(symbolizer, w->plan->frames.items[index].address, &names);

	if (n)
		answer_encode_names(&w->answers, (uint32_t)index, names, n, 0);
}

/* What one lock's waiters did with it, others' did as well: asked once. */
static void name_pointer(struct worker *w, struct symbolizer *symbolizer,
			 const struct plan_job *job, size_t index)
{
	const struct plan_frame *frame = &w->plan->frames.items[index];
	struct symbol_name name = { 0 };

	if (index == job->first || frame[-1].frame != frame->frame || !frame[-1].pointer ||
	    !plan_is_same_pointer(frame[-1].pointer, frame->pointer)) {
		buf_clear(&w->pointer);
		if (!symbolizer_find_pointer(symbolizer, frame->address, frame->pointer,
					     &w->pointer, &w->rank))
			buf_clear(&w->pointer);
	}
	name.function = buf_str(&w->pointer);
	if (w->pointer.size)
		answer_encode_names(&w->answers, (uint32_t)index, &name, 1, w->rank);
}

static bool has_pointers(const struct plan *plan, const struct plan_job *job)
{
	for (size_t i = job->first; i < job->first + job->n; i++) {
		if (plan->frames.items[i].pointer)
			return true;
	}
	return false;
}

static void do_job(struct worker *w, struct symbolizer *symbolizer, size_t index)
{
	const struct plan_job *job = &w->plan->jobs.items[index];
	struct dict_module from = dictionary_module(w->dict, job->module);
	char *dir = w->dirs[index] < 0 ? NULL : way_to_dir(w, index, from.path);
	uint64_t *addresses = addresses_of(w->plan, job);
	struct symbol_module module = {
		.kind = from.kind,
		.path = from.path,
		.build_id = from.build_id,
		.fd = job->fd,
		.dir = dir,
		.addresses = addresses,
		.n_addresses = job->n,
		.has_pointers = has_pointers(w->plan, job),
	};
	int r;

	answer_encode(&w->answers, ANSWER_JOB, (uint32_t)index, 0);
	flush(w);
	w->waiting_since_ns = clock_ns(CLOCK_MONOTONIC);
	r = symbolizer_open(symbolizer, &module);
	free(addresses);
	free(dir);
	if (r) {
		answer_encode(&w->answers, ANSWER_FAILED, (uint32_t)index, r);
		return;
	}
	for (size_t i = job->first; i < job->first + job->n; i++) {
		if (w->plan->frames.items[i].pointer)
			name_pointer(w, symbolizer, job, i);
		else
			name_frame(w, symbolizer, i);
		if (w->answers.size > FLUSH_SIZE)
			flush(w);
	}
}

static int give_up_privilege(const struct worker *w, const struct worker_options *options)
{
	const struct plan *plan = w->plan;
	int *fds = xcalloc(2 * plan->jobs.n + 1, sizeof(*fds)), r;
	struct confine_options how = { .parent = options->parent,
				       .fds = fds,
				       .cpu_seconds = options->cpu_seconds };

	fds[how.n_fds++] = options->out;
	for (size_t i = options->first_job; i < plan->jobs.n; i++) {
		if (plan->jobs.items[i].fd >= 0)
			fds[how.n_fds++] = plan->jobs.items[i].fd;
		if (w->dirs[i] >= 0)
			fds[how.n_fds++] = w->dirs[i];
	}
	r = confine(&how);
	free(fds);
	return r;
}

void worker_run(const struct plan *plan, const struct dictionary *dict,
		const struct worker_options *options)
{
	struct worker w = {
		.plan = plan, .dict = dict, .out = options->out, .answer_seconds = ANSWER_SECONDS
	};
	struct symbolizer_options how = { .download_seconds = options->download_seconds,
					  .download = download,
					  .arg = &w };
	struct symbolizer *symbolizer;
	uid_t before = geteuid();

	if (options->download_seconds && options->download_seconds < ANSWER_SECONDS)
		w.answer_seconds = options->download_seconds;
	open_dirs(&w, options->first_job);
	if (give_up_privilege(&w, options))
		_exit(1);
	prepare_downloads(&w, before != geteuid());
	symbolizer = symbolizer_new(&how);
	for (size_t i = options->first_job; i < plan->jobs.n; i++)
		do_job(&w, symbolizer, i);
	answer_encode(&w.answers, ANSWER_END, 0, 0);
	flush(&w);
	_exit(0);
}
