/* SPDX-License-Identifier: GPL-2.0-only */
#include "top_snapshot.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "analysis/analysis.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/human.h"
#include "export/report.h"
#include "export/sheets.h"
#include "model/audit.h"
#include "symbol/confine.h"
#include "ui/serve.h"

#define PERCENT_LEAST 0.5 /* of trees */
#define ARROW         " ← "

/* What was made of the seconds for a view, kept while it is looked at. */
struct made {
	uint32_t view, pid, tid;
	bool is_there;
	struct model *model;
	struct sched *sched;
	struct audit audit;
	struct filter filter;
	struct profile profile; /* of views of stacks */
	bool has_profile;
	struct top_table table;
};

struct maker { /* in the child */
	struct top_live *live;
	uint64_t end_ns;
	struct made made;
	uint64_t opened_id; /* what the text is of, with the width and form it has */
	uint32_t opened_width, opened_callees;
	struct buf opened;
};

static void forget(struct made *made)
{
	if (made->has_profile)
		profile_release(&made->profile);
	top_table_release(&made->table);
	sched_free(made->sched);
	model_free(made->model);
	audit_release(&made->audit);
	filter_release(&made->filter);
	*made = (struct made){ 0 };
}

static void set_who(struct filter *filter, uint32_t pid, uint32_t tid)
{
	struct buf message = { 0 };
	char *id = xasprintf("%u", tid ? tid : pid);

	if (pid)
		filter_set(filter, tid ? "thread" : "process", id, &message);
	buf_release(&message);
	free(id);
}

/* Everything through @analysis: its state. */
static void *replay(struct maker *maker, struct made *made, const struct analysis *analysis)
{
	void *state;

	made->model = model_new();
	made->sched = sched_new(made->model);
	state = analysis->begin(
		&(struct analysis_input){ made->model, made->sched, &made->filter, NULL, NULL });
	top_live_put_all(maker->live, maker->end_ns, model_sink(made->model));
	sched_finish(made->sched);
	audit_collect(&made->audit, made->model);
	return state;
}

static void take(struct made *made, const struct analysis *analysis, void *state)
{
	struct sheets sheets;

	if (made->view == TOP_FUNCTIONS || made->view == TOP_WAITS) {
		analysis_finish(analysis, state, &made->filter, &made->profile);
		made->profile.audit = &made->audit;
		made->has_profile = true;
		top_take_profile(&made->table, &made->profile, made->view);
		return;
	}
	analysis->sheets(state, &sheets);
	sheets.audit = &made->audit;
	top_take_sheets(&made->table, &sheets, made->view);
	sheets_release(&sheets);
}

static void set_window(struct made *made)
{
	struct model_window window = model_window(made->model);

	made->table.start_ns = window.start_ns;
	made->table.end_ns = window.end_ns;
}

static void make(struct maker *maker, const struct top_state *state)
{
	const struct analysis *analysis = analysis_find(top_analysis(state->view));
	struct made *made = &maker->made;
	const char *lack;
	void *data;

	if (made->is_there && made->view == state->view && made->pid == state->pid &&
	    made->tid == state->tid)
		return;
	forget(made);
	maker->opened_id = 0;
	*made = (struct made){
		.view = state->view, .pid = state->pid, .tid = state->tid, .is_there = true
	};
	set_who(&made->filter, state->pid, state->tid);
	data = replay(maker, made, analysis);
	set_window(made);
	lack = analysis->lack ? analysis->lack(data) : NULL;
	if (!lack) {
		take(made, analysis, data);
		return;
	}
	made->table.lack = xstrdup(lack);
	analysis_discard(analysis, data);
}

static const struct top_row *row_of(const struct top_table *table, uint64_t id)
{
	const struct top_row *row;

	array_for_each(row, &table->rows) {
		if (row->id == id)
			return row;
	}
	return NULL;
}

static void open_function(struct maker *maker, const struct top_row *row, FILE *out)
{
	const struct profile *profile = &maker->made.profile;
	struct report_options options = {
		.view = maker->opened_callees ? REPORT_CALLEES : REPORT_CALLERS,
		.function = row->name,
		.value = profile->default_type,
		.min_percent = PERCENT_LEAST,
		.width = maker->opened_width,
	};
	struct buf message = { 0 };

	if (report_text(profile, &options, out, &message) && message.size)
		fprintf(out, "%s\n", buf_str(&message));
	buf_release(&message);
}

/* One call a line, each with all of its name. */
static void open_wait(const struct top_row *row, FILE *out)
{
	char total[HUMAN_SIZE], count[HUMAN_SIZE], max[HUMAN_SIZE];
	const char *at = row->name, *end;

	fprintf(out, "waited here for %s in all, %s times, for %s at most\n\n",
		human_duration(total, (uint64_t)row->values[TOP_TOTAL]),
		human_count(count, (uint64_t)row->values[TOP_COUNT]),
		row->values[TOP_MOST] > 0 ? human_duration(max, (uint64_t)row->values[TOP_MOST]) :
					    "?");
	while ((end = strstr(at, ARROW))) {
		fprintf(out, "  %.*s\n", (int)(end - at), at);
		at = end + strlen(ARROW);
	}
	fprintf(out, "  %s\n", at);
}

/* What `report mutex --lock` tells of it. */
static void open_lock(struct maker *maker, const struct top_row *row, FILE *out)
{
	const struct analysis *analysis = analysis_find("locks");
	struct sheet_options options = { .width = maker->opened_width };
	struct buf message = { 0 };
	struct made made = { .view = TOP_LOCKS };
	struct sheets sheets;
	void *state;

	set_who(&made.filter, row->pid, 0);
	filter_set(&made.filter, "lock", row->name, &message);
	state = replay(maker, &made, analysis);
	analysis->sheets(state, &sheets);
	sheets_text(&sheets, &options, out);
	sheets_release(&sheets);
	forget(&made);
	buf_release(&message);
}

static void open_row(struct maker *maker, const struct top_row *row)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return;
	if (maker->made.view == TOP_FUNCTIONS)
		open_function(maker, row, out);
	else if (maker->made.view == TOP_WAITS)
		open_wait(row, out);
	else
		open_lock(maker, row, out);
	fclose(out);
	buf_clear(&maker->opened);
	buf_add(&maker->opened, text, size);
	free(text);
}

static void open_detail(struct maker *maker, const struct top_request *request)
{
	const struct top_state *state = &request->state;
	const struct top_row *row = row_of(&maker->made.table, state->detail_id);

	maker->made.table.opened = &maker->opened;
	if (maker->opened_id == state->detail_id && maker->opened_width == request->width &&
	    maker->opened_callees == state->with_callees)
		return;
	maker->opened_id = state->detail_id;
	maker->opened_width = request->width;
	maker->opened_callees = state->with_callees;
	buf_clear(&maker->opened);
	if (row)
		open_row(maker, row);
	else
		buf_puts(&maker->opened, "It is not among what happened in these seconds. It may "
					 "come back; Esc goes back.\n");
}

static int answer(struct maker *maker, int socket, const struct top_request *request)
{
	struct buf text = { 0 };
	struct top_reply reply;
	int fd, r;

	make(maker, &request->state);
	if (request->state.detail_id)
		open_detail(maker, request);
	top_lay_out(&text, &maker->made.table, request, &reply);
	fd = memfd_create("sysprof-screen", MFD_CLOEXEC);
	r = fd < 0 ? -errno : file_write_fd(fd, text.data, text.size);
	if (!r)
		r = serve_send(socket, &reply, sizeof(reply), fd);
	if (fd >= 0)
		close(fd);
	buf_release(&text);
	return r;
}

static void run(struct top_live *live, pid_t parent, int socket)
{
	struct confine_options confined = { .parent = parent, .fds = &socket, .n_fds = 1 };
	struct maker maker = { .live = live, .end_ns = recorder_totals(live->recorder).told_ns };
	struct pollfd asked = { .fd = socket, .events = POLLIN };
	struct top_request request;
	int r = 0;

	recorder_forked(live->recorder);
	if (confine(&confined))
		_exit(1);
	while (r >= 0 && poll(&asked, 1, -1) > 0) {
		r = serve_receive(socket, &request, sizeof(request), NULL);
		if (!r)
			break;
		if (r == 1)
			r = answer(&maker, socket, &request);
		else if (r == -EAGAIN)
			r = 0;
	}
	_exit(0);
}

int top_snapshot_start(struct top_snapshot *ret, struct top_live *live)
{
	int ends[2], error;
	pid_t parent = getpid();

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return -errno;
	*ret = (struct top_snapshot){ .child = fork(), .socket = ends[0] };
	if (!ret->child) {
		close(ends[0]);
		run(live, parent, ends[1]);
	}
	error = ret->child < 0 ? -errno : 0;
	close(ends[1]);
	if (error) {
		close(ends[0]);
		*ret = (struct top_snapshot){ 0 };
	}
	return error;
}

void top_snapshot_end(struct top_snapshot *snapshot)
{
	if (!snapshot->child)
		return;
	kill(snapshot->child, SIGKILL);
	while (waitpid(snapshot->child, NULL, 0) < 0 && errno == EINTR)
		;
	close(snapshot->socket);
	*snapshot = (struct top_snapshot){ 0 };
}

uint64_t top_snapshot_cpu_ns(const struct top_snapshot *snapshot)
{
	clockid_t clock;

	return clock_getcpuclockid(snapshot->child, &clock) ? 0 : clock_ns(clock);
}

int top_snapshot_ask(struct top_snapshot *snapshot, const struct top_request *request)
{
	int r = serve_send(snapshot->socket, request, sizeof(*request), -1);

	snapshot->is_asked = !r;
	return r;
}

int top_snapshot_take(struct top_snapshot *snapshot, struct top_reply *ret, struct buf *ret_text)
{
	struct stat st;
	int fd = -1, r = serve_receive(snapshot->socket, ret, sizeof(*ret), &fd);

	if (r == -EAGAIN)
		return 0;
	if (r == 1) {
		snapshot->is_asked = false;
		buf_clear(ret_text);
		r = fd < 0 || fstat(fd, &st) || (size_t)st.st_size > TOP_TEXT_MAX ||
				    lseek(fd, 0, SEEK_SET) || file_read_fd(fd, ret_text) < 0 ?
			    -EBADMSG :
			    1;
	} else if (!r) {
		r = -EPIPE;
	}
	if (fd >= 0)
		close(fd);
	ret->name[sizeof(ret->name) - 1] = '\0';
	return r;
}
