/* SPDX-License-Identifier: GPL-2.0-only */
#include "session.h"

#include <errno.h>
#include <fcntl.h>

#include "analysis/timeline.h"
#include "base/err.h"
#include "base/escape.h"
#include "base/file.h"
#include "base/human.h"
#include "event/definer.h"
#include "parts.h"
#include "symbol/resolver.h"

/* From how many stacks without a switch on, and from one in how many, clocks are to blame. */
#define APART_LEAST 10
#define APART_SHARE 20

/* Learns the window, for filters that count from its ends. */
struct window_sink {
	struct event_sink sink;
	uint64_t start_ns, end_ns;
	bool has_events, has_end, has_syscalls;
};

static int put_window(struct event_sink *sink, const struct event *event)
{
	struct window_sink *window = (struct window_sink *)sink;
	const struct event_info *info = event_info(event->kind);

	window->has_syscalls |= event->kind == EVENT_SYSCALL;
	if (!info || !info->has_time || window->has_end || event->kind == EVENT_COUNTER)
		return 0;
	if (!window->has_events || event->kind == EVENT_START)
		window->start_ns = event->time_ns;
	if (!window->has_events || event->time_ns > window->end_ns || event->kind == EVENT_END)
		window->end_ns = event->time_ns;
	window->has_events = true;
	window->has_end = event->kind == EVENT_END;
	return 0;
}

static int bind_filter(struct session *session, struct filter *filter)
{
	struct window_sink window = { .sink.put = put_window };
	int error;

	if (!filter_needs_window(filter))
		return 0;
	error = reader_feed(session->reader, READ_EVENTS, &window.sink);
	filter_bind(filter, window.start_ns, window.end_ns);
	return error;
}

int session_open(struct session *ret, const char *path)
{
	struct buf message = { 0 };
	int error = reader_open(path, &ret->reader, &message);

	if (error)
		err(error, "%s", buf_str(&message));
	if (!error) {
		ret->path = path;
		ret->model = model_new();
		ret->sched = sched_new(ret->model);
	}
	buf_release(&message);
	return error;
}

static bool has_names(const struct dictionary *dict)
{
	uint32_t n = dictionary_n_frames(dict);

	for (uint32_t id = 1; id <= n; id++) {
		if (dictionary_frame(dict, id).n_names)
			return true;
	}
	return n == 0;
}

/* The kernel's symbols are those of the recording only if it has not booted since. */
static bool is_same_boot(const struct dictionary *dict)
{
	const char *then = dictionary_meta(dict, "boot_id");
	struct buf now = { 0 };
	bool is_same = then && file_read("/proc/sys/kernel/random/boot_id", &now) > 1 &&
		       strlen(then) == now.size - 1 && !memcmp(then, now.data, now.size - 1);

	buf_release(&now);
	return is_same;
}

struct symbol_files {
	const struct dictionary *dict;
	int kallsyms_fd; /* or -1 */
};

static int symbol_file(void *arg, uint32_t module)
{
	const struct symbol_files *files = arg;

	return dictionary_module(files->dict, module).kind == MODULE_KERNEL ? files->kallsyms_fd :
									      -1;
}

/* A recorder that was killed left no names: find what can still be found on this machine. */
static void name_frames(struct session *session)
{
	struct dictionary *dict = model_dictionary(session->model);
	struct symbol_files files = { dict, -1 };
	struct resolver_options options = { .module_fd = symbol_file, .arg = &files };
	struct resolver_result result = { 0 };
	struct definer *definer;
	int error;

	if (has_names(dict))
		return;
	definer = definer_new(model_sink(session->model));
	definer_skip_strings(definer, dictionary_n_strings(dict));
	if (is_same_boot(dict))
		files.kallsyms_fd = open("/proc/kallsyms", O_RDONLY | O_CLOEXEC);
	error = resolver_run(dict, &options, definer, &result);
	if (files.kallsyms_fd >= 0)
		close(files.kallsyms_fd);
	definer_free(definer);
	if (result.note[0])
		note("%s", result.note);
	if (error)
		audit_add(&session->audit, true,
			  "the recording has no names, and none could be looked up here: %s",
			  strerror(-error));
	else
		audit_add(&session->audit, true,
			  "the recording has no names; looked up on this machine: %zu of %zu",
			  result.n_named, result.n_frames);
}

static void audit_damage(struct session *session)
{
	struct reader_damage damage = reader_damage(session->reader);

	if (damage.n_gaps)
		audit_add(&session->audit, true,
			  "the file is damaged: %llu bytes in %u %s could not be read",
			  (unsigned long long)damage.skipped_bytes, damage.n_gaps,
			  damage.n_gaps == 1 ? "place" : "places");
	if (damage.n_bad_events)
		audit_add(&session->audit, true, "%llu events could not be decoded",
			  (unsigned long long)damage.n_bad_events);
	if (damage.cut_off)
		audit_add(&session->audit, true, "the file is cut off: its end is missing");
}

/* With clocks that agree, stacks are apart from all switches of their thread one in thousands. */
static void audit_clocks(struct session *session)
{
	struct sched_clocks clocks = sched_clocks(session->sched);
	char time[HUMAN_SIZE], n[HUMAN_SIZE], all[HUMAN_SIZE];

	if (clocks.n_apart < APART_LEAST || clocks.n_apart < clocks.n_stacks / APART_SHARE)
		return;
	audit_add(&session->audit, true,
		  "the clocks of two sources disagree by %s or more: stacks of waits may be joined "
		  "wrongly (%s of %s are at no switch of their thread)",
		  human_duration(time, clocks.apart_ns), human_count(n, clocks.n_apart),
		  human_count(all, clocks.n_stacks));
}

/* What makes another command tell of the same. */
static void put_arguments(struct buf *out, const struct session *session, struct filter *filter)
{
	if (strcmp(session->path, "sysprof.data") != 0) {
		buf_puts(out, " -i ");
		escape_shell(out, session->path);
	}
	buf_puts(out, buf_str(&filter->arguments));
}

static void *begin(struct session *session, const struct analysis *analysis, struct filter *filter)
{
	struct buf arguments = { 0 };
	void *state;

	put_arguments(&arguments, session, filter);
	state = analysis->begin(&(struct analysis_input){ session->model, session->sched, filter,
							  NULL, buf_str(&arguments) });
	buf_release(&arguments);
	return state;
}

int session_read(struct session *session, const struct analysis *analysis, struct filter *filter,
		 void **ret)
{
	const char *lack = NULL;
	int error = bind_filter(session, filter);
	void *state;

	if (error)
		return err(error, "cannot read the recording: %s", strerror(-error));
	state = begin(session, analysis, filter);
	error = reader_feed(session->reader, READ_ALL, model_sink(session->model));
	sched_finish(session->sched);
	if (!error)
		name_frames(session);
	audit_collect(&session->audit, session->model);
	audit_damage(session);
	audit_clocks(session);
	if (!error && analysis->lack)
		lack = analysis->lack(state);
	if (error)
		err(error, "cannot read the recording: %s", strerror(-error));
	if (lack)
		error = err(-ENODATA, "no %s: %s", analysis->name, lack);
	if (error)
		analysis_discard(analysis, state);
	else
		*ret = state;
	return error;
}

int session_profile(struct session *session, const struct analysis *analysis, struct filter *filter,
		    struct profile *ret)
{
	void *state;
	int error = session_read(session, analysis, filter, &state);

	if (error)
		return error;
	analysis_finish(analysis, state, filter, ret);
	ret->audit = &session->audit;
	return 0;
}

int session_sheets(struct session *session, const struct analysis *analysis, struct filter *filter,
		   struct sheets *ret)
{
	void *state;
	int error = session_read(session, analysis, filter, &state);

	if (error)
		return error;
	analysis->sheets(state, ret);
	ret->audit = &session->audit;
	return 0;
}

/*
 * What is told as it passes can be named only if names have passed before: so all
 * definitions are read first, then what the window is, then the events.
 */
static int read_ahead(struct session *session, struct filter *filter, struct timeline_options *ret)
{
	struct window_sink window = { .sink.put = put_window };
	int error = reader_feed(session->reader, READ_DEFS, model_sink(session->model));

	if (!error)
		error = reader_feed(session->reader, READ_EVENTS, &window.sink);
	if (error)
		return error;
	name_frames(session);
	filter_bind(filter, window.start_ns, window.end_ns);
	*ret = (struct timeline_options){ window.start_ns, window.end_ns, window.has_syscalls };
	filter_clip(filter, &ret->start_ns, &ret->end_ns);
	if (ret->end_ns < ret->start_ns)
		ret->end_ns = ret->start_ns;
	return 0;
}

int session_timeline(struct session *session, struct filter *filter,
		     const struct exporter *exporter, FILE *out, int *ret_write_error)
{
	struct analysis_input input = { session->model, session->sched, filter, NULL, NULL };
	struct timeline_source source = { .model = session->model,
					  .audit = &session->audit,
					  .has_sources = session->has_sources };
	struct timeline_options options;
	struct timeline_sink *sink;
	struct timeline *timeline;
	struct parts parts;
	struct slots slots;
	const char *lack;
	int error = read_ahead(session, filter, &options);

	if (error)
		return err(error, "cannot read the recording: %s", strerror(-error));
	source.names = names_new(model_dictionary(session->model));
	source.start_ns = options.start_ns;
	source.end_ns = options.end_ns;
	slots = parts_slots(options.start_ns, options.end_ns);
	source.slots = &slots;
	sink = exporter->timeline(&source, out);
	timeline = timeline_begin(&input, &options, sink);
	input.slots = &slots;
	parts_begin(&parts, &input, sink);
	error = reader_feed(session->reader, READ_EVENTS, model_sink(session->model));
	sched_finish(session->sched);
	lack = sink->state ? timeline_lack(timeline) : NULL; /* samples need no switches */
	timeline_end(timeline);
	audit_collect(&session->audit, session->model);
	audit_damage(session);
	if (parts_end(&parts, filter, &session->audit, sink) && lack) {
		note("no timeline: %s", lack);
		source.lack = lack;
		lack = NULL;
	}
	*ret_write_error = sink->end(sink);
	names_free(source.names);
	if (error)
		return err(error, "cannot read the recording: %s", strerror(-error));
	return lack ? err(-ENODATA, "no timeline: %s", lack) : 0;
}

void session_close(struct session *session)
{
	reader_close(session->reader);
	sched_free(session->sched);
	model_free(session->model);
	audit_release(&session->audit);
}

const struct analysis *session_analysis(const char *name)
{
	const struct analysis *analysis = analysis_find(name);
	struct buf names = { 0 };

	if (analysis)
		return analysis;
	for (analysis = analyses; analysis->name; analysis++)
		buf_printf(&names, "%s%s", names.size ? ", " : "", analysis->name);
	err(0, "no profile is called '%s'; there are: %s", name, buf_str(&names));
	buf_release(&names);
	return NULL;
}

static bool is_one_of(const char *name, const char *const *names)
{
	while (*names && strcmp(*names, name) != 0)
		names++;
	return *names;
}

const char *session_timeline_misfit(const struct filter *filter)
{
	if (filter->cpus.n || filter->has_focus || filter->has_ignore || filter->no_kernel ||
	    filter->waits || filter->with_idle || filter->lock)
		return "of a timeline, --process, --thread, --since and --until leave out parts";
	return NULL;
}

const char *session_misfit(const struct analysis *analysis, const struct filter *filter)
{
	static const char *const waits[] = { "block", "wakers", "chain", NULL };
	static const char *const locks[] = { "mutex", "locks", NULL };
	static const char *const on_no_cpu[] = { "block",  "wakers",   "chain",        "mutex",
						 "locks",  "syscalls", "kernel-locks", "heap",
						 "allocs", "peak",     "growth",       "leaks",
						 NULL };
	bool of_waits = is_one_of(analysis->name, waits);
	bool of_locks = is_one_of(analysis->name, locks);

	if (!of_waits && (filter->waits || filter->with_idle))
		return "--wait and --idle are for the block profile";
	if (!of_locks && filter->lock)
		return "--lock is for the mutex profile";
	if (is_one_of(analysis->name, on_no_cpu) && filter->cpus.n)
		return "--cpu: waits, system calls and memory are on no CPU, or on several";
	if (!analysis->profile &&
	    (filter->cpus.n || filter->has_focus || filter->has_ignore || filter->no_kernel))
		return "--cpu, --focus, --ignore and --no-kernel are for profiles of stacks";
	return NULL;
}

int session_value(const struct profile *profile, const char *name)
{
	struct buf names = { 0 };
	int value = name ? profile_find_type(profile, name) : (int)profile->default_type;

	if (value >= 0)
		return value;
	for (size_t i = 0; i < profile->n_types; i++)
		buf_printf(&names, "%s%s", names.size ? ", " : "", profile->types[i].type);
	err(0, "the %s profile has no value '%s'; it has: %s", profile->name, name,
	    buf_str(&names));
	buf_release(&names);
	return -EINVAL;
}
