/* SPDX-License-Identifier: GPL-2.0-only */
#include "serve_answer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "analysis/diagnose.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/human.h"
#include "cmd/command.h"
#include "event/definer.h"
#include "export/exporter.h"
#include "export/go_text.h"
#include "model/trim.h"
#include "serve_base.h"
#include "serve_names.h"
#include "serve_views.h"
#include "session.h"
#include "symbol/confine.h"
#include "symbol/resolver.h"

#define ANSWER_CPU_SECONDS 120
#define RESOLVE_SECONDS    60
#define MARGIN_NS          (UINT64_C(2) * 1000000000) /* what began before a window */
#define STATUS_OK          200
#define STATUS_BAD         400
#define STATUS_ERROR       500
#define STATUS_LATER       503

static const char *const analysis_names[SERVE_N_SUBJECTS] = {
	[SERVE_HEAP] = "heap",           [SERVE_ALLOCS] = "allocs",   [SERVE_CPU] = "cpu",
	[SERVE_BLOCK] = "block",         [SERVE_MUTEX] = "mutex",     [SERVE_GOROUTINE] = "stacks",
	[SERVE_THREADCREATE] = "stacks", [SERVE_LOCKS] = "locks",     [SERVE_LATENCY] = "latency",
	[SERVE_SYSCALLS] = "syscalls",   [SERVE_THREADS] = "threads",
};

static const char *const timeline_formats[SERVE_N_FORMS] = {
	[SERVE_CHROME] = "chrome",
	[SERVE_PFTRACE] = "pftrace",
	[SERVE_HTML] = "html",
};

int answer_capture(void)
{
	int fd = memfd_create("sysprof-messages", MFD_CLOEXEC);

	if (fd >= 0)
		dup2(fd, STDERR_FILENO);
	return fd;
}

void answer_captured(int fd, const char *fallback, struct buf *ret)
{
	static const char prefix[] = "sysprof: ";
	struct buf all = { 0 };
	char *last, *end;

	if (fd < 0 || lseek(fd, 0, SEEK_SET) || file_read_fd(fd, &all) <= 0) {
		buf_puts(ret, fallback);
		return;
	}
	/* What failed is said last; hints and warnings come before. */
	end = (char *)all.data + all.size;
	while (end > (char *)all.data && end[-1] == '\n')
		end--;
	last = memrchr(all.data, '\n', (size_t)(end - (char *)all.data));
	last = last ? last + 1 : (char *)all.data;
	if (!strncmp(last, prefix, strlen(prefix)))
		last += strlen(prefix);
	buf_add(ret, last, (size_t)(end - last));
	buf_release(&all);
}

static void reply(int replies, uint32_t id, uint32_t status, int fd)
{
	serve_send(replies, &(struct serve_reply){ id, status }, sizeof(struct serve_reply), fd);
}

void answer_say(int replies, uint32_t id, uint32_t status, const char *text)
{
	int fd = memfd_create("sysprof-answer", MFD_CLOEXEC);

	if (fd >= 0)
		file_write_fd(fd, text, strlen(text));
	reply(replies, id, status, fd);
	if (fd >= 0)
		close(fd);
}

static void add_process(struct filter *filter, const char *name, pid_t pid)
{
	struct filter_who *who = array_add(&filter->processes);

	*who = (struct filter_who){
		.name = name ? xstrdup(name) : NULL,
		.id = (uint32_t)pid,
		.is_id = !name,
	};
}

/* Whom the profile is of; those of a cgroup as it was at the beginning and as it is now. */
static void set_target(struct answer *answer, struct filter *filter)
{
	const struct serve_target *target = &answer->request.target;

	if (target->scope == SERVE_PID)
		add_process(filter, NULL, (pid_t)target->pid);
	if (target->scope == SERVE_COMM)
		add_process(filter, target->name, 0);
	if (target->scope != SERVE_CGROUP)
		return;
	serve_target_pids(target, &answer->pids);
	for (size_t i = 0; i < answer->pids.list.n; i++)
		add_process(filter, NULL, answer->pids.list.items[i]);
	if (!answer->pids.list.n) /* nobody is not everybody */
		add_process(filter, NULL, -1);
}

/* Added up all the time, or seen at a moment: there is a state of it. */
static bool is_live(const struct serve_request *request)
{
	return request->window == SERVE_CUMULATIVE || serve_is_state(request);
}

/* Counted from the end, which is when all is told; @before_ns earlier than what is asked for. */
static void set_times(const struct answer *answer, struct filter *filter, uint64_t before_ns)
{
	uint64_t start_ns = answer->start_ns - before_ns, end_ns = answer->end_ns - before_ns;

	filter->has_since = start_ns > answer->begun_ns && start_ns < answer->told_ns;
	filter->since_ns = (int64_t)(start_ns - answer->told_ns);
	filter->has_until = end_ns < answer->told_ns;
	filter->until_ns = (int64_t)(end_ns - answer->told_ns);
}

static int set_filter(struct answer *answer, struct filter *filter)
{
	struct buf message = { 0 };
	int error = 0;

	set_target(answer, filter);
	if (answer->request.focus[0])
		error = filter_set(filter, "focus", answer->request.focus, &message);
	if (error)
		err(error, "focus: %s", buf_str(&message));
	buf_release(&message);
	if (serve_is_memory(&answer->request)) { /* that of who has ended is nobody's any more */
		filter->has_until = true;
		filter->to_ns = answer->told_ns;
	}
	if (!is_live(&answer->request))
		set_times(answer, filter, 0);
	return error;
}

/* In this copy of the ring: what nobody looks at need not be written and read again. */
static void forget_earlier(struct answer *answer)
{
	uint64_t ahead_ns = MARGIN_NS + answer->request.before_ns;

	if (answer->start_ns > ahead_ns)
		ring_forget(answer->ring, answer->start_ns - ahead_ns);
}

/* The recording, with names, into the file in memory @fd. */
static int make_recording(struct answer *answer, int fd)
{
	struct recording *rec = answer->recording;
	int r;

	if (dup2(fd, STDOUT_FILENO) < 0)
		return -errno;
	if (recording_open(rec, &(struct writer_options){ .path = "-" }))
		return -EIO;
	forget_earlier(answer);
	r = ring_put_all(answer->ring, answer->told_ns, &rec->sink);
	if (!r)
		r = writer_flush(rec->writer);
	if (!r)
		r = recording_resolve(rec, answer->recorder, NULL);
	return recording_close(rec, "-", r);
}

/* Name all that was ever met; what is found is kept for the next time. */
static int name_live(struct answer *answer)
{
	const struct dictionary *dict = model_dictionary(answer->live->model);
	struct resolver_options options = {
		.module_fd = recorder_module_fd,
		.arg = answer->recorder,
		.timeout_seconds = RESOLVE_SECONDS,
	};
	bool *known = serve_names_known(dict);
	struct resolver_result result;
	int r = resolver_run(dict, &options, recorder_definer(answer->recorder), &result);

	if (!r)
		r = serve_names_save(dict, known, answer->names);
	free(known);
	return r;
}

static void format_wall(char *out, size_t size, uint64_t monotonic_ns)
{
	uint64_t ago_ns = clock_ns(CLOCK_MONOTONIC) - monotonic_ns;
	time_t seconds = (time_t)((clock_ns(CLOCK_REALTIME) - ago_ns) / 1000000000);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(out, size, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

static void add_since(const struct answer *answer, struct audit *audit)
{
	char when[64], span[HUMAN_SIZE];

	format_wall(when, sizeof(when), answer->begun_ns);
	audit_add(audit, false,
		  "cumulative: watched since %s, %s ago; what was before is not known", when,
		  human_duration(span, answer->told_ns - answer->begun_ns));
}

/* That a thread was made, and by whom, is seen of the future only. */
static void forget_stacks(struct profile *profile)
{
	struct definer *definer = model_definer(profile->model);
	struct profile_row *row;
	uint32_t stack = definer_stack(definer, 0,
				       definer_note(definer, "who made this thread was not seen"));

	array_for_each(row, &profile->rows)
		row->key.stack = stack;
	definer_free(definer);
	profile->types[0].type = profile->period_type.type = "threadcreate";
}

static void trim(const struct answer *answer, struct profile *profile, struct audit *audit)
{
	size_t max = answer->request.max_samples, n = max ? profile_trim(profile, max) : 0;

	if (n)
		audit_add(audit, true, "maxsamples: the smallest %zu stacks are one", n);
}

static int export_profile(const struct answer *answer, struct profile *profile, struct audit *audit,
			  FILE *out)
{
	const struct serve_request *request = &answer->request;
	const struct exporter *exporter =
		exporter_find(request->form == SERVE_SVG ? "svg" : "pprof");
	struct export_options options = { .value = -1 };
	uint64_t wall_ns = clock_ns(CLOCK_REALTIME);

	/* As Go has it: samples are of their start; all else is of when it was made. */
	if (request->subject != SERVE_CPU)
		profile->time_ns = wall_ns;
	if (request->window == SERVE_CUMULATIVE || request->window == SERVE_SNAPSHOT)
		profile->duration_ns = 0;
	else if (is_live(request))
		profile->duration_ns = answer->told_ns - answer->start_ns;
	trim(answer, profile, audit);
	if (request->form == SERVE_TEXT)
		return go_text(profile, out);
	if (request->form == SERVE_STACKS)
		return go_stacks(profile, out);
	return exporter->profile(profile, &options, out);
}

/* What became of what was before; 0 or -errno, having said why. */
static int compare(const struct answer *answer, struct profile *profile, uint32_t n_stacks)
{
	bool is_since_last = answer->request.window == SERVE_SINCE_LAST;
	int r = 0;

	if (answer->after >= 0)
		r = serve_base_save(profile, n_stacks, answer->after);
	if (!r && answer->before >= 0)
		r = serve_base_subtract(profile, n_stacks, answer->before, is_since_last);
	return r ? err(r, "the difference could not be made: %s", strerror(-r)) : 0;
}

static int answer_live(struct answer *answer, FILE *out)
{
	struct serve_live *live = answer->live;
	const struct analysis *analysis = analysis_find(analysis_names[answer->request.subject]);
	uint32_t subject = answer->request.subject, n_stacks;
	void *state = live->states[subject == SERVE_THREADCREATE ? SERVE_GOROUTINE : subject];
	struct event end = { .kind = EVENT_END, .time_ns = answer->told_ns };
	struct audit audit = { 0 };
	struct profile profile;
	const char *lack;
	int error = set_filter(answer, &live->filter);

	if (error)
		return error;
	if (!state)
		return err(-ENODATA, "this is not added up");
	n_stacks = dictionary_n_stacks(model_dictionary(live->model));
	event_sink_put(model_sink(live->model), &end);
	sched_finish(live->sched);
	lack = analysis->lack(state);
	if (lack)
		return err(-ENODATA, "no %s: %s", analysis->name, lack);
	analysis_finish(analysis, state, &live->filter, &profile);
	if (subject == SERVE_THREADCREATE)
		forget_stacks(&profile);
	audit_collect(&audit, live->model);
	if (answer->request.window == SERVE_CUMULATIVE)
		add_since(answer, &audit);
	profile.audit = &audit;
	error = compare(answer, &profile, n_stacks);
	return error || answer->is_silent ? error : export_profile(answer, &profile, &audit, out);
}

/* With what was so long before; there must be something of that, half as long at least. */
static int answer_comparison(struct answer *answer, const struct analysis *analysis, FILE *out)
{
	uint64_t before_ns = answer->request.before_ns;
	uint64_t known_ns = answer->end_ns - answer->begun_ns;
	struct filter filters[DIFF_N_SIDES] = { 0 };
	int error = set_filter(answer, &filters[DIFF_NEW]);
	char span[HUMAN_SIZE];

	if (!error)
		error = set_filter(answer, &filters[DIFF_OLD]);
	if (error)
		return error;
	if (known_ns < before_ns + answer->request.span_ns / 2)
		return err(-EAGAIN, "nothing to compare with: it is watched for %s only",
			   human_duration(span, known_ns));
	set_times(answer, &filters[DIFF_OLD], before_ns);
	return views_comparison(analysis, filters, &answer->request, out);
}

static int answer_table(struct answer *answer, FILE *out)
{
	const char *name = analysis_names[answer->request.subject];
	struct filter filter = { 0 };
	int error = set_filter(answer, &filter);

	return error ? error :
		       views_table(name ? analysis_find(name) : &diagnose, &filter,
				   answer->request.form == SERVE_JSON, out);
}

static int answer_window(struct answer *answer, FILE *out)
{
	const char *name = analysis_names[answer->request.subject];
	struct session session = { 0 };
	struct filter filter = { 0 };
	struct profile profile;
	int error = set_filter(answer, &filter), write_error = 0;

	if (!error)
		error = session_open(&session, "-");
	if (error)
		return error;
	if (!name) {
		const char *format = timeline_formats[answer->request.form];

		error = session_timeline(&session, &filter,
					 exporter_find(format ? format : "chrome"), out,
					 &write_error);
		return error ? error : write_error;
	}
	error = session_profile(&session, analysis_find(name), &filter, &profile);
	return error ? error : export_profile(answer, &profile, &session.audit, out);
}

static int answer_recorded(struct answer *answer, FILE *out)
{
	uint32_t subject = answer->request.subject;

	if (serve_is_table(subject))
		return answer_table(answer, out);
	if (answer->request.before_ns)
		return answer_comparison(answer, analysis_find(analysis_names[subject]), out);
	return answer_window(answer, out);
}

static int drop_privilege(const struct answer *answer, pid_t parent, int recording, int body)
{
	int messages = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	int all[] = { answer->replies, recording, body, messages, answer->before, answer->after };
	int fds[sizeof(all) / sizeof(all[0])];
	size_t n = 0;
	int r;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (all[i] >= 0)
			fds[n++] = all[i];
	}
	r = confine(&(struct confine_options){
		.parent = parent,
		.fds = fds,
		.n_fds = n,
		.cpu_seconds = ANSWER_CPU_SECONDS,
	});
	if (!r && (dup2(messages, STDERR_FILENO) < 0 || dup2(recording, STDIN_FILENO) < 0))
		r = -errno;
	return r;
}

/* The answer is in the file @body.  0 or -errno, having said why. */
static int make(struct answer *answer, pid_t parent, int body)
{
	bool is_state = is_live(&answer->request);
	int recording = memfd_create("sysprof-recording", MFD_CLOEXEC), r;
	FILE *out = fdopen(body, "w");

	if (recording < 0 || !out)
		return err(-errno, "no memory for an answer: %s", strerror(errno));
	r = name_live(answer);
	if (!r && !is_state)
		r = make_recording(answer, recording);
	if (!r && lseek(recording, 0, SEEK_SET))
		r = -errno;
	if (!r)
		r = drop_privilege(answer, parent, recording, body);
	if (r)
		return err(-EIO, "the recording could not be prepared: %s",
			   r < 0 ? strerror(-r) : "see the server's messages");
	if (answer->request.is_stranger)
		dictionary_hide_kernel();
	r = is_state ? answer_live(answer, out) : answer_recorded(answer, out);
	if (!r && fflush(out))
		r = -errno;
	return r;
}

static uint32_t status_of(int error)
{
	if (error == -EINVAL)
		return STATUS_BAD;
	return error == -EAGAIN ? STATUS_LATER : STATUS_ERROR;
}

void answer_run(struct answer *answer)
{
	pid_t parent = getppid();
	int body = memfd_create("sysprof-answer", MFD_CLOEXEC);
	struct buf text = { 0 };
	int error;

	answer_capture();
	recorder_forked(answer->recorder);
	error = make(answer, parent, body);
	if (!error && answer->is_silent)
		_exit(0);
	if (!error) {
		reply(answer->replies, answer->request.id, STATUS_OK, body);
		_exit(0);
	}
	answer_captured(STDERR_FILENO, "it failed for a reason that was not told", &text);
	answer_say(answer->replies, answer->request.id, status_of(error), buf_str(&text));
	_exit(EXIT_FAILED);
}
