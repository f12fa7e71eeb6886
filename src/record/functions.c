/* SPDX-License-Identifier: GPL-2.0-only */
#include "functions.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/err.h"
#include "base/map.h"
#include "program.h"

#define MAX_FILES 64 /* that one function is looked for in: its probes cost whoever maps them */

struct wanted {
	struct functions *functions;
	const struct function_name *name; /* borrowed */
	size_t n_asked, n_found;
};

struct place { /* a file that a function was looked for in */
	struct wanted *wanted;
	dev_t dev;
	ino_t inode;
	char *path; /* owned */
};

struct functions {
	struct functions_context context;
	ARRAY(struct wanted *) wanted;
	ARRAY(struct place *) places;
	struct map looked; /* pid → the generation of its space that was looked at */
	bool has_begun;    /* the recording: what is found from here on comes too late for errors */
	bool is_absent;    /* the program: its exec will say so */
	bool is_quiet;     /* nobody is interested in entries for now */
	int error;         /* the first, said */
};

struct functions *functions_new(const struct functions_context *context)
{
	struct functions *functions = xcalloc(1, sizeof(*functions));

	functions->context = *context;
	for (size_t i = 0; i < context->options->n_functions; i++) {
		struct wanted *wanted = xcalloc(1, sizeof(*wanted));

		*wanted = (struct wanted){ functions, &context->options->functions[i], 0, 0 };
		*array_add(&functions->wanted) = wanted;
	}
	return functions;
}

void functions_free(struct functions *functions)
{
	struct wanted **wanted;
	struct place **place;

	if (!functions)
		return;
	array_for_each(wanted, &functions->wanted)
		free(*wanted);
	array_for_each(place, &functions->places) {
		free((*place)->path);
		free(*place);
	}
	array_release(&functions->wanted);
	array_release(&functions->places);
	map_release(&functions->looked);
	free(functions);
}

/* Of what is written in its language, no function has a place in a file. */
static bool is_virtual_machine(const char *path)
{
	for (const struct runtime *runtime = runtimes; runtime->name; runtime++) {
		if (!runtime->section && runtime_may_be_in(runtime, path))
			return true;
	}
	return false;
}

static void say_absence(struct place *place, int error)
{
	const struct wanted *wanted = place->wanted;
	const char *why = strerror(-error), *hint = "";

	if (error == -ENOENT)
		why = "no symbol is called so (names are as `nm` or `nm -C` prints them, without "
		      "parameters; a stripped file has none but those it exports)";
	if (error == -ENOEXEC)
		why = "it is no program of 64 bits; a script's interpreter runs its code";
	if (error == -ENOEXEC && !wanted->name->module)
		hint = "; for a program that is started later, say function:PROGRAM:NAME";
	if (error == -ENOENT && !wanted->name->module)
		hint = "; in a library, say function:LIBRARY:NAME";
	if (error == -ENOENT && is_virtual_machine(place->path))
		hint = "; functions of Java, Python or JavaScript are in no file, and cannot be "
		       "waited for";
	if (wanted->functions->has_begun)
		warn("'%s' is not in '%s': %s%s", wanted->name->function, place->path, why, hint);
	else
		err(0, "cannot wait for function '%s' in '%s': %s%s", wanted->name->function,
		    place->path, why, hint);
}

static void ready(void *arg, const struct points *points, int error)
{
	struct place *place = arg;
	struct functions *functions = place->wanted->functions;

	if (!error && points->n) {
		place->wanted->n_found++;
		return;
	}
	say_absence(place, error ? error : -ENOENT);
	functions->error = functions->error ? functions->error : -ENOENT;
}

static void hit(void *arg, const struct perf_record *record, uint32_t point)
{
	struct place *place = arg;
	struct functions *functions = place->wanted->functions;
	const struct functions_context *context = &functions->context;

	(void)point;
	if (functions->is_quiet || !targets_has(context->targets, record->pid))
		return;
	functions->is_quiet =
		!context->options->on_entry(context->options->on_entry_arg, place->wanted->name,
					    &(struct function_entry){
						    .time_ns = record->time_ns,
						    .pid = record->pid,
						    .tid = record->tid,
						    .stack = stacks_intern(context->stacks, record),
					    });
}

static bool is_known(const struct functions *functions, const struct wanted *wanted,
		     const struct stat *st)
{
	struct place **place;

	array_for_each(place, &functions->places) {
		if ((*place)->wanted == wanted && (*place)->dev == st->st_dev &&
		    (*place)->inode == st->st_ino)
			return true;
	}
	return false;
}

static void look_into(struct wanted *wanted, int fd, const char *path)
{
	struct functions *functions = wanted->functions;
	struct place *place;
	struct stat st;
	int r;

	if (fstat(fd, &st) || is_known(functions, wanted, &st) || wanted->n_asked >= MAX_FILES)
		return;
	place = xcalloc(1, sizeof(*place));
	*place = (struct place){ wanted, st.st_dev, st.st_ino, xstrdup(path) };
	*array_add(&functions->places) = place;
	wanted->n_asked++;
	r = uprobes_ask(functions->context.uprobes,
			&(struct uprobe_request){
				.query = { fd, path, wanted->name->function },
				.ready = ready,
				.hit = hit,
				.arg = place,
			});
	if (r)
		ready(place, &(struct points){ 0 }, r);
}

/* "libc" and "libc.so.6" are what /lib/libc.so.6 is called, and its path. */
static bool is_called(const char *path, const char *module, size_t size)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	const char *suffix = strstr(name, ".so");

	return (strlen(path) == size && !strncmp(path, module, size)) ||
	       (strlen(name) == size && !strncmp(name, module, size)) ||
	       (suffix && (size_t)(suffix - name) == size && !strncmp(name, module, size));
}

/* A program's file, with what is looked for in programs, and what names it. */
static void look_into_program(struct functions *functions, int fd, const char *path)
{
	struct wanted **wanted;

	array_for_each(wanted, &functions->wanted) {
		const struct function_name *name = (*wanted)->name;

		if (!name->module || is_called(path, name->module, name->module_size))
			look_into(*wanted, fd, path);
	}
}

void functions_look_at_program(struct functions *functions, pid_t pid)
{
	char link[32], path[4096] = "";
	int fd;

	snprintf(link, sizeof(link), "/proc/%d/exe", pid);
	fd = open(link, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (readlink(link, path, sizeof(path) - 1) > 0)
		look_into_program(functions, fd, path);
	close(fd);
}

void functions_expect(struct functions *functions, const char *program)
{
	char *path = NULL;
	int fd = program_open(program, &path);

	functions->is_absent = fd < 0;
	if (fd < 0)
		return;
	look_into_program(functions, fd, path);
	close(fd);
	free(path);
}

static void look_at(struct functions *functions, uint32_t pid, const struct mapping *mapping)
{
	struct module *module = mapping->module;
	struct wanted **wanted;

	array_for_each(wanted, &functions->wanted) {
		const struct function_name *name = (*wanted)->name;

		if (name->module && module->kind == MODULE_ELF &&
		    is_called(module->path, name->module, name->module_size) &&
		    !module_open(module, (pid_t)pid, mapping->start, mapping->end))
			look_into(*wanted, module->fd, module->path);
	}
}

void functions_look(struct functions *functions, uint32_t pid)
{
	struct space *space = spaces_get(functions->context.spaces, (pid_t)pid);
	uint64_t *generation = map_insert(&functions->looked, pid);
	const struct mapping *mapping;

	if (*generation == space->generation)
		return;
	*generation = space->generation;
	array_for_each(mapping, &space->mappings)
		look_at(functions, pid, mapping);
}

int functions_check(struct functions *functions)
{
	struct wanted **wanted;

	functions->has_begun = true;
	if (functions->is_absent)
		return 0;
	if (functions->error)
		return functions->error;
	array_for_each(wanted, &functions->wanted) {
		const struct function_name *name = (*wanted)->name;

		if ((*wanted)->n_asked > (*wanted)->n_found)
			return err(-ETIMEDOUT,
				   "cannot wait for function '%s': no probe could be put into it "
				   "in time; try again",
				   name->function);
		if (!(*wanted)->n_asked && !name->module)
			return err(
				-ENOENT,
				"cannot wait for function '%s': the program's file cannot be read",
				name->function);
		if (!(*wanted)->n_asked)
			note("nobody maps '%.*s' yet: '%s' is waited for from some tenths "
			     "of a second after a target does",
			     (int)name->module_size, name->module, name->function);
	}
	return 0;
}

void functions_say_missing(const struct functions *functions)
{
	struct wanted **wanted;

	if (!functions)
		return;
	array_for_each(wanted, &functions->wanted) {
		const struct function_name *name = (*wanted)->name;

		if (!(*wanted)->n_asked && name->module)
			note("no target ever mapped '%.*s': '%s' could not be waited for",
			     (int)name->module_size, name->module, name->function);
	}
}

void functions_rearm(struct functions *functions)
{
	if (functions)
		functions->is_quiet = false;
}
