/* SPDX-License-Identifier: GPL-2.0-only */
#include "pauses.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/map.h"
#include "program.h"

#define MAX_RUNTIMES 16 /* files with one: each costs descriptors, and whoever maps it traps */
#define MAX_REASONS  1024
#define REASON_BYTES 96

enum runtime_state { RUNTIME_ASKED, RUNTIME_NONE, RUNTIME_WATCHED };

struct runtime_file {
	struct pauses *pauses;
	uint32_t index;
	char *path; /* owned */
	dev_t dev;
	ino_t inode;
	enum runtime_state state;
	struct points points;
	uint64_t since_ns; /* the probes are in place */
};

struct reason { /* as read from a process */
	uint32_t pid;
	uint64_t address;
	char *text; /* owned */
};

struct pauses {
	struct pauses_context context;
	ARRAY(struct runtime_file *) files;
	ARRAY(struct reason) reasons;
	struct map watches; /* file's index and pid of whoever maps it → whether that was told */
	struct map looked;  /* pid → the generation of its space that was looked at */
	struct map modules; /* index → its file's index + 1; 0: it holds no runtime */
	size_t n_runtimes;  /* files that hold one */
	bool is_full;       /* that was said */
};

struct pauses *pauses_new(const struct pauses_context *context)
{
	struct pauses *pauses = xcalloc(1, sizeof(*pauses));

	pauses->context = *context;
	return pauses;
}

void pauses_free(struct pauses *pauses)
{
	struct runtime_file **file;
	struct reason *reason;

	if (!pauses)
		return;
	array_for_each(file, &pauses->files) {
		free((*file)->path);
		free(*file);
	}
	array_for_each(reason, &pauses->reasons)
		free(reason->text);
	array_release(&pauses->files);
	array_release(&pauses->reasons);
	map_release(&pauses->watches);
	map_release(&pauses->looked);
	map_release(&pauses->modules);
	free(pauses);
}

static const struct runtime *runtime_of(const struct runtime_file *file)
{
	return &runtimes[file->points.runtime - 1];
}

static void put(struct pauses *pauses, const struct runtime_file *file, struct event_pause pause,
		uint64_t time_ns)
{
	struct event event = { .kind = EVENT_PAUSE, .time_ns = time_ns, .pause = pause };

	event.pause.scope = runtime_of(file)->scope;
	event.pause.runtime = definer_string(pauses->context.definer, runtime_of(file)->name);
	event_sink_put(pauses->context.sink, &event);
}

static uint64_t *watch_of(struct pauses *pauses, uint32_t pid, const struct runtime_file *file)
{
	return map_insert(&pauses->watches, (uint64_t)file->index << 32 | pid);
}

/* What is no program of 64 bits holds nothing that anybody misses. */
static void say_lack(const struct runtime_file *file, int error)
{
	const char *why = strerror(-error), *what = "any runtime";

	if (error == -ENOEXEC)
		return;
	if (error == -ENOENT)
		why = "it was built without the probes, or is stripped of its symbols";
	if (file->points.runtime)
		what = runtime_of(file)->name;
	note("no pauses of %s in '%s': %s; all else is recorded", what, file->path, why);
}

static void ready(void *arg, const struct points *points, int error)
{
	struct runtime_file *file = arg;

	file->points = *points;
	file->state = !error && points->n ? RUNTIME_WATCHED : RUNTIME_NONE;
	file->since_ns = clock_ns(CLOCK_MONOTONIC);
	file->pauses->n_runtimes += file->state == RUNTIME_WATCHED;
	if (error)
		say_lack(file, error);
}

static bool argument_value(const struct argument *argument, const struct perf_sample *sample,
			   uint64_t *ret)
{
	unsigned int spare = argument->bytes ? 64 - 8 * argument->bytes : 0;
	uint64_t value = (uint64_t)argument->value, at;

	if (argument->kind == ARGUMENT_NONE || !sample->regs)
		return false;
	if (argument->kind == ARGUMENT_REGISTER)
		value = sample->regs[argument->reg];
	if (argument->kind == ARGUMENT_MEMORY) { /* on the stack, as far as that was copied */
		at = sample->regs[argument->reg] + (uint64_t)argument->value -
		     sample->regs[PERF_REG_SP];
		if (at > sample->stack_size || sample->stack_size - at < sizeof(value))
			return false;
		memcpy(&value, (const char *)sample->stack + at, sizeof(value));
	}
	value <<= spare;
	*ret = argument->is_signed ? (uint64_t)((int64_t)value >> spare) : value >> spare;
	return true;
}

/* Where the process has a string that stays: read once. */
static const char *text_at(struct pauses *pauses, uint32_t pid, uint64_t address)
{
	char text[REASON_BYTES] = "";
	struct iovec local = { text, sizeof(text) - 1 };
	struct iovec remote = { (void *)(uintptr_t)address, sizeof(text) - 1 };
	struct reason *reason;

	array_for_each(reason, &pauses->reasons) {
		if (reason->pid == pid && reason->address == address)
			return reason->text;
	}
	if (pauses->reasons.n >= MAX_REASONS ||
	    process_vm_readv((pid_t)pid, &local, 1, &remote, 1, 0) <= 0)
		return NULL;
	reason = array_add(&pauses->reasons);
	*reason = (struct reason){ pid, address, xstrdup(text) };
	return reason->text;
}

static uint32_t reason_of(struct pauses *pauses, const struct runtime *runtime,
			  const struct point *point, const struct perf_record *record)
{
	const char *text;
	char number[32];
	uint64_t value;

	if (!argument_value(&point->reason, &record->sample, &value))
		return 0;
	snprintf(number, sizeof(number), "reason %" PRIu64, value);
	if (runtime->reason_kind == REASON_TEXT)
		return definer_string(pauses->context.definer, text_at(pauses, record->pid, value));
	text = runtime_reason(runtime, value);
	return definer_string(pauses->context.definer, text ? text : number);
}

static void hit(void *arg, const struct perf_record *record, uint32_t index)
{
	struct runtime_file *file = arg;
	struct pauses *pauses = file->pauses;
	const struct runtime *runtime;
	const struct point *point;
	struct event_pause watched = { .pid = record->pid, .step = PAUSE_WATCHED };
	uint64_t *is_told;

	if (file->state != RUNTIME_WATCHED || !targets_has(pauses->context.targets, record->pid))
		return;
	runtime = runtime_of(file);
	point = &file->points.list[index];
	is_told = watch_of(pauses, record->pid, file);
	if (!*is_told)
		put(pauses, file, watched, record->time_ns);
	*is_told = true;
	put(pauses, file,
	    (struct event_pause){
		    .pid = record->pid,
		    .tid = record->tid,
		    .cpu = record->cpu,
		    .step = runtime->steps[point->step].step,
		    .reason = reason_of(pauses, runtime, point, record),
		    .stack = runtime->steps[point->step].has_stack ?
				     stacks_intern(pauses->context.stacks, record) :
				     0,
	    },
	    record->time_ns);
}

static bool may_hold_runtime(const char *path)
{
	for (const struct runtime *runtime = runtimes; runtime->name; runtime++) {
		if (runtime_may_be_in(runtime, path))
			return true;
	}
	return false;
}

static void say_full(struct pauses *pauses)
{
	if (!pauses->is_full)
		note("pauses are recorded of %d runtimes only: those of others are not seen",
		     MAX_RUNTIMES);
	pauses->is_full = true;
}

/* The file's entry, asked about if it is new; NULL: it cannot be. */
static struct runtime_file *file_of(struct pauses *pauses, int fd, const char *path)
{
	struct runtime_file **known, *file;
	struct stat st;
	int r;

	if (fstat(fd, &st))
		return NULL;
	array_for_each(known, &pauses->files) {
		if ((*known)->dev == st.st_dev && (*known)->inode == st.st_ino)
			return *known;
	}
	if (pauses->n_runtimes >= MAX_RUNTIMES) {
		say_full(pauses);
		return NULL;
	}
	file = xcalloc(1, sizeof(*file));
	*file = (struct runtime_file){
		.pauses = pauses,
		.index = (uint32_t)pauses->files.n,
		.path = xstrdup(path),
		.dev = st.st_dev,
		.inode = st.st_ino,
	};
	*array_add(&pauses->files) = file;
	r = uprobes_ask(
		pauses->context.uprobes,
		&(struct uprobe_request){
			.query = { fd, path, NULL }, .ready = ready, .hit = hit, .arg = file });
	if (r)
		ready(file, &(struct points){ 0 }, r);
	return file;
}

static struct runtime_file *look_at(struct pauses *pauses, uint32_t pid,
				    const struct mapping *mapping)
{
	struct module *module = mapping->module;
	uint64_t *index = map_find(&pauses->modules, module->index);
	struct runtime_file *file = NULL;

	if (!index) {
		index = map_insert(&pauses->modules, module->index);
		if (module->kind == MODULE_ELF && may_hold_runtime(module->path) &&
		    !module_open(module, (pid_t)pid, mapping->start, mapping->end))
			file = file_of(pauses, module->fd, module->path);
		if (file)
			*index = file->index + 1;
	}
	return *index ? pauses->files.items[*index - 1] : NULL;
}

static void tell_watch(struct pauses *pauses, struct map_slot *watch, uint64_t time_ns)
{
	const struct runtime_file *file = pauses->files.items[watch->key >> 32];
	struct event_pause watched = { .pid = (uint32_t)watch->key, .step = PAUSE_WATCHED };

	if (watch->value || file->state != RUNTIME_WATCHED || file->since_ns > time_ns)
		return;
	watch->value = true;
	put(pauses, file, watched, time_ns);
}

void pauses_expect(struct pauses *pauses, const char *program)
{
	char *path = NULL;
	int fd = program_open(program, &path);

	if (fd < 0)
		return;
	if (may_hold_runtime(path))
		file_of(pauses, fd, path);
	close(fd);
	free(path);
}

void pauses_step(struct pauses *pauses, uint64_t stream_ns)
{
	struct map_slot *watch;

	map_for_each(watch, &pauses->watches)
		tell_watch(pauses, watch, stream_ns);
}

void pauses_look(struct pauses *pauses, uint32_t pid, uint64_t time_ns)
{
	struct space *space = spaces_get(pauses->context.spaces, (pid_t)pid);
	uint64_t *generation = map_insert(&pauses->looked, pid);
	const struct mapping *mapping;

	if (*generation == space->generation)
		return;
	*generation = space->generation;
	array_for_each(mapping, &space->mappings) {
		struct runtime_file *file = look_at(pauses, pid, mapping);

		if (file && file->state != RUNTIME_NONE)
			watch_of(pauses, pid, file);
	}
	pauses_step(pauses, time_ns);
}

void pauses_lost(struct pauses *pauses, uint64_t time_ns)
{
	struct event event = {
		.kind = EVENT_PAUSE,
		.time_ns = time_ns,
		.pause = { .step = PAUSE_LOST },
	};

	event_sink_put(pauses->context.sink, &event);
}
