/* SPDX-License-Identifier: GPL-2.0-only */
#include "wait_object.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "base/file.h"
#include "base/human.h"
#include "base/map.h"
#include "net_table.h"
#include "proc/maps.h"
#include "wait_file.h"
#include "wait_set.h"

#define LOOKUPS_PER_SECOND 2000
#define SECOND_NS          1000000000u
#define MIN_TTL_NS         10000000u /* of what was found to have changed */
#define MAX_TTL_NS         SECOND_NS /* of what has long been the same */
#define MAX_KEPT           100000
#define N_DURATIONS        61

struct known {
	uint64_t what; /* which file it was */
	uint64_t checked_ns, ttl_ns;
	uint32_t object; /* id of a string */
	enum wait_class why;
	bool is_listening; /* a socket that takes connections */
};

struct wait_objects {
	struct definer *definer; /* borrowed, as is spaces */
	struct spaces *spaces;
	struct wait_files *files;
	struct map index; /* pid and descriptor, or futex → number of known + 1 */
	ARRAY(struct known) known;
	uint64_t second_ns; /* in which n_lookups counts */
	uint32_t n_lookups;
	struct {
		uint64_t ns;
		uint32_t text;
	} durations[N_DURATIONS]; /* that were slept lately, by their hashes */
	struct buf text;
	struct wait_file file;
};

struct wait_objects *wait_objects_new(struct definer *definer, struct spaces *spaces)
{
	struct wait_objects *objects = xcalloc(1, sizeof(*objects));

	objects->definer = definer;
	objects->spaces = spaces;
	objects->files = wait_files_new();
	return objects;
}

void wait_objects_free(struct wait_objects *objects)
{
	if (!objects)
		return;
	wait_files_free(objects->files);
	map_release(&objects->index);
	array_release(&objects->known);
	buf_release(&objects->text);
	buf_release(&objects->file.name);
	free(objects);
}

void wait_objects_forget(struct wait_objects *objects)
{
	map_clear(&objects->index);
	objects->known.n = 0;
}

static bool may_look_up(struct wait_objects *objects, uint64_t now_ns)
{
	if (now_ns - objects->second_ns >= SECOND_NS) {
		objects->second_ns = now_ns;
		objects->n_lookups = 0;
	}
	return objects->n_lookups++ < LOOKUPS_PER_SECOND;
}

/* The entry of @key; a new one has no ttl. */
static struct known *find_known(struct wait_objects *objects, uint64_t key)
{
	uint64_t *index;

	if (objects->known.n >= MAX_KEPT)
		wait_objects_forget(objects);
	index = map_insert(&objects->index, key);
	if (!*index) {
		array_add(&objects->known);
		*index = objects->known.n;
	}
	return &objects->known.items[*index - 1];
}

static void keep(struct known *known, uint64_t what, uint64_t now_ns)
{
	if (known->what != what || !known->ttl_ns)
		known->ttl_ns = MIN_TTL_NS;
	else if (known->ttl_ns < MAX_TTL_NS)
		known->ttl_ns *= 2;
	known->what = what;
	known->checked_ns = now_ns;
}

static uint64_t key_of(const struct wait_call *call, uint64_t kind, uint64_t value)
{
	return hash_u64(value ^ hash_u64(kind << 32 | call->pid));
}

/* What @call's descriptor @fd is; NULL: not known. */
static const struct known *find_file(struct wait_objects *objects, const struct wait_call *call,
				     uint32_t fd)
{
	struct known *known = find_known(objects, key_of(call, OBJECT_FD, fd));
	struct wait_file *file = &objects->file;
	uint64_t what;

	if (known->ttl_ns && call->now_ns - known->checked_ns < known->ttl_ns)
		return known->what ? known : NULL;
	if (!may_look_up(objects, call->now_ns))
		return NULL;
	buf_clear(&file->name);
	what = wait_files_find(objects->files, call->pid, fd, call->now_ns, file);
	if (what || !known->what) { /* of one that is gone, what it was stays */
		known->object = definer_bytes(objects->definer, file->name.data, file->name.size);
		known->why = file->why;
		known->is_listening = net_name_listens(&file->name);
		keep(known, what, call->now_ns);
	} else {
		known->checked_ns = call->now_ns;
	}
	return known->what ? known : NULL;
}

static uint32_t set_text(struct wait_objects *objects)
{
	return definer_bytes(objects->definer, objects->text.data, objects->text.size);
}

static const char *base_name(const char *path, size_t size)
{
	const char *slash = memrchr(path, '/', size);

	return slash ? slash + 1 : path;
}

/* Where an address lies, by /proc/PID/maps. */
struct place {
	struct maps_line line;
	struct maps_line file;      /* that it belongs to, where it is mapped first; else no path */
	const struct mapping *code; /* of that file, whose own data it is; or NULL */
};

/* Memory without a file that follows a file's own is the rest of its data. */
static bool find_place(const struct buf *maps, uint64_t address, struct place *ret)
{
	const char *at = (const char *)maps->data, *end = at + maps->size;
	struct maps_line line, first = { 0 };
	uint64_t last_end = 0;

	while (at && (at = maps_next(at, end, &line))) {
		bool is_file = line.path_size && line.path[0] == '/';
		bool is_same = is_file && first.path_size == line.path_size &&
			       !memcmp(first.path, line.path, line.path_size);

		if (is_file && !is_same)
			first = line;
		if (!is_file && (line.path_size || line.start != last_end))
			first.path_size = 0;
		last_end = line.end;
		if (address < line.start || address >= line.end)
			continue;
		*ret = (struct place){ line, first, NULL };
		return true;
	}
	return false;
}

/* One name in all processes: that of the file, the offset in it, and which one it is. */
static void add_shared(struct buf *out, const struct maps_line *line, uint64_t address)
{
	const char *name = base_name(line->path, line->path_size);

	buf_printf(out, "shared futex %.*s+0x%llx (inode %llu)",
		   (int)(line->path + line->path_size - name), name,
		   (unsigned long long)(address - line->start + line->offset),
		   (unsigned long long)line->inode);
}

/* "app+0x4040", "[heap]"; nothing of nameless memory. */
static void add_place(struct buf *out, const struct place *place, uint64_t address)
{
	const struct maps_line *file = &place->file;
	const char *name;

	if (!file->path_size) {
		if (place->line.path_size)
			buf_printf(out, " %.*s", (int)place->line.path_size, place->line.path);
		return;
	}
	name = base_name(file->path, file->path_size);
	buf_printf(out, " %.*s+0x%llx", (int)(file->path + file->path_size - name), name,
		   (unsigned long long)(address - file->start));
}

/* The code of the file that is mapped at @place; NULL: none is known. */
static const struct mapping *code_of(struct wait_objects *objects, uint32_t pid,
				     const struct place *place)
{
	const struct space *space = spaces_get(objects->spaces, (pid_t)pid);
	const struct mapping *mapping;

	array_for_each(mapping, &space->mappings) {
		const struct module *module = mapping->module;

		if (module->kind == MODULE_ELF && strlen(module->path) == place->file.path_size &&
		    !memcmp(module->path, place->file.path, place->file.path_size))
			return mapping;
	}
	return NULL;
}

/*
 * Static data is a place in a module that has code, and gets a name with the functions.
 * Of what follows a file in memory only so much is the file's as it asked for.
 */
static void check_place(struct wait_objects *objects, uint32_t pid, struct place *place,
			uint64_t address)
{
	const struct mapping *mapping = place->file.path_size ? code_of(objects, pid, place) : NULL;

	place->code = NULL;
	if (mapping && !module_open(mapping->module, (pid_t)pid, mapping->start, mapping->end) &&
	    module_has_vaddr(mapping->module, address - mapping_bias(mapping)))
		place->code = mapping;
	else if (!place->line.path_size)
		place->file.path_size = 0;
}

static void define_place(struct wait_objects *objects, const struct place *place, uint64_t address,
			 uint32_t object)
{
	const struct module *module = place->code->module;
	uint32_t id = definer_module(objects->definer, MODULE_ELF, module->path,
				     module->build_id[0] ? module->build_id : NULL, 0);

	definer_place(objects->definer, object,
		      definer_frame(objects->definer, id, address - mapping_bias(place->code)));
}

static uint32_t name_futex(struct wait_objects *objects, const struct wait_call *call,
			   uint64_t address)
{
	uint64_t flags = call->args[call->nr == SYS_futex ? 1 : 3]; /* newer calls: the fourth */
	bool is_private = flags & FUTEX_PRIVATE_FLAG;
	struct place place = { 0 };
	struct buf maps = { 0 };
	uint32_t object;
	bool is_known;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%u/maps", call->pid);
	is_known = file_read(path, &maps) > 0 && find_place(&maps, address, &place);
	if (is_known && !place.line.is_shared)
		check_place(objects, call->pid, &place, address);
	buf_clear(&objects->text);
	if (is_known && !is_private && place.line.is_shared) {
		add_shared(&objects->text, &place.line, address);
	} else {
		buf_printf(&objects->text, "futex 0x%llx", (unsigned long long)address);
		if (is_known)
			add_place(&objects->text, &place, address);
	}
	object = set_text(objects);
	if (place.code)
		define_place(objects, &place, address, object);
	buf_release(&maps);
	return object;
}

static uint32_t find_futex(struct wait_objects *objects, const struct wait_call *call,
			   uint64_t address)
{
	struct known *known = find_known(objects, key_of(call, OBJECT_FUTEX, address));

	if (known->ttl_ns || !may_look_up(objects, call->now_ns))
		return known->object;
	known->object = name_futex(objects, call, address);
	known->ttl_ns = MAX_TTL_NS;
	return known->object;
}

/* Of several words none is the one; whoever wakes is to be told by them. */
static uint32_t find_futexes(struct wait_objects *objects, const struct wait_call *call, uint64_t n)
{
	struct futex_waitv words[FUTEX_WAITV_MAX];

	if (n <= FUTEX_WAITV_MAX &&
	    wait_call_read(call, call->args[0], words, n * sizeof(words[0]))) {
		for (uint64_t i = 0; i < n; i++)
			find_known(objects, key_of(call, OBJECT_FUTEX, words[i].uaddr));
	}
	buf_clear(&objects->text);
	buf_printf(&objects->text, "any of %u futexes", (uint32_t)n);
	return set_text(objects);
}

bool wait_objects_has_futex(const struct wait_objects *objects, const struct wait_call *call,
			    uint64_t address)
{
	return map_find(&objects->index, key_of(call, OBJECT_FUTEX, address));
}

/* A thread that sleeps again mostly does so for as long: its text is not made anew. */
static uint32_t duration_text(struct wait_objects *objects, uint64_t ns)
{
	size_t slot = ns / 1000 % N_DURATIONS;
	char text[HUMAN_SIZE];

	if (!objects->durations[slot].text || objects->durations[slot].ns != ns) {
		objects->durations[slot].ns = ns;
		objects->durations[slot].text =
			definer_string(objects->definer, human_duration(text, ns));
	}
	return objects->durations[slot].text;
}

static uint32_t find_time(struct wait_objects *objects, const struct wait_call *call,
			  uint64_t address)
{
	bool is_absolute = call->nr == SYS_clock_nanosleep && call->args[1] & TIMER_ABSTIME;
	struct timespec ts;

	if (is_absolute || !wait_call_read(call, address, &ts, sizeof(ts)) || ts.tv_sec < 0 ||
	    ts.tv_sec > 1000000000 || (uint64_t)ts.tv_nsec >= SECOND_NS)
		return is_absolute ? definer_string(objects->definer, "a point in time") : 0;
	return duration_text(objects, (uint64_t)ts.tv_sec * SECOND_NS + (uint64_t)ts.tv_nsec);
}

static uint32_t find_child(struct wait_objects *objects, const struct wait_call *call,
			   const struct syscall_row *row)
{
	int32_t pid = (int32_t)call->args[row->arg];

	if (row->object == OBJECT_CHILD_BY && call->args[0] != P_PID)
		return definer_string(objects->definer, "any child");
	if (pid <= 0)
		return definer_string(objects->definer, "any child");
	buf_clear(&objects->text);
	buf_printf(&objects->text, "process %d", pid);
	return set_text(objects);
}

/* Of several files one that takes connections says what the thread is for. */
static void put_listener(struct wait_objects *objects, const struct wait_call *call,
			 const struct wait_set *set)
{
	struct buf *name = &objects->file.name;

	for (uint32_t i = 0; i < set->n_told; i++) {
		const struct known *file = find_file(objects, call, set->fds[i]);

		if (!file || !file->is_listening)
			continue;
		buf_clear(name);
		if (wait_files_find(objects->files, call->pid, set->fds[i], call->now_ns,
				    &objects->file))
			buf_printf(&objects->text, ", %s among them", buf_str(name));
		return;
	}
}

/* What is known by @key is fresh, or there is no time to look: then *ret is the answer. */
static bool is_known(struct wait_objects *objects, const struct wait_call *call, uint64_t key,
		     uint32_t *ret)
{
	const struct known *known = find_known(objects, key);

	*ret = known->object;
	return (known->ttl_ns && call->now_ns - known->checked_ns < known->ttl_ns) ||
	       !may_look_up(objects, call->now_ns);
}

static uint32_t know(struct wait_objects *objects, const struct wait_call *call, uint64_t key,
		     uint32_t object)
{
	struct known *known = find_known(objects, key);

	known->object = object;
	keep(known, object, call->now_ns);
	return object;
}

/* One descriptor is named; of more, how many there are, and a listening socket among the first. */
static uint32_t find_set(struct wait_objects *objects, const struct wait_call *call,
			 const struct wait_set *set)
{
	const struct known *file = NULL;
	uint64_t hash = set->n, key;
	uint32_t object;

	if (set->n == 1 && set->n_told)
		file = find_file(objects, call, set->fds[0]);
	if (file)
		return file->object;
	for (uint32_t i = 0; i < set->n_told; i++)
		hash = hash_u64(hash ^ set->fds[i]);
	key = key_of(call, OBJECT_POLL, hash);
	if (is_known(objects, call, key, &object))
		return object;
	buf_clear(&objects->text);
	buf_printf(&objects->text, "poll of %llu file%s", (unsigned long long)set->n,
		   set->n == 1 ? "" : "s");
	put_listener(objects, call, set);
	return know(objects, call, key, set_text(objects));
}

/* Where the copy of the stack does not have it, memory has it, mostly as it was. */
static uint32_t find_poll(struct wait_objects *objects, const struct wait_call *call,
			  wait_set_fn *read_set)
{
	uint64_t key = key_of(call, OBJECT_SELECT, call->args[0] ^ hash_u64(call->args[1]));
	struct wait_call live = *call;
	struct wait_set set;
	uint32_t object;

	if (read_set(call, &set))
		return find_set(objects, call, &set);
	if (is_known(objects, call, key, &object))
		return object;
	live.stack = NULL;
	read_set(&live, &set);
	return know(objects, call, key, set.n ? find_set(objects, call, &set) : 0);
}

static size_t count_lines(const struct buf *text, const char *start)
{
	const char *at = (const char *)text->data, *end = at + text->size;
	size_t n = 0, size = strlen(start);

	while (at && at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));

		n += (size_t)(end - at) > size && !memcmp(at, start, size);
		at = newline ? newline + 1 : end;
	}
	return n;
}

/* How many files an epoll descriptor watches. */
static uint32_t find_epoll(struct wait_objects *objects, const struct wait_call *call, uint32_t fd)
{
	uint64_t key = key_of(call, OBJECT_EPOLL, fd);
	struct buf info = { 0 };
	uint32_t object;
	char path[48];
	size_t n;

	if (is_known(objects, call, key, &object))
		return object;
	snprintf(path, sizeof(path), "/proc/%u/fdinfo/%u", call->pid, fd);
	if (file_read(path, &info) > 0) {
		n = count_lines(&info, "tfd:");
		buf_clear(&objects->text);
		buf_printf(&objects->text, "epoll of %zu file%s", n, n == 1 ? "" : "s");
		object = know(objects, call, key, set_text(objects));
	}
	buf_release(&info);
	return object;
}

/* A lock on a file is a lock, whatever the file; else the file says what the wait is. */
static void take_file(const struct known *file, struct wait_reason *reason)
{
	if (!file)
		return;
	reason->object = file->object;
	if (reason->why != WAIT_LOCK)
		reason->why = file->why;
}

void wait_objects_find(struct wait_objects *objects, const struct wait_call *call,
		       const struct syscall_row *row, struct wait_reason *reason)
{
	uint64_t arg = call->args[row->arg];

	switch ((enum syscall_object)row->object) {
	case OBJECT_NONE:
		return;
	case OBJECT_FD:
		take_file(find_file(objects, call, (uint32_t)arg), reason);
		return;
	case OBJECT_FUTEX:
		reason->object = find_futex(objects, call, arg);
		return;
	case OBJECT_FUTEXES:
		reason->object = find_futexes(objects, call, call->args[1]);
		return;
	case OBJECT_CHILD:
	case OBJECT_CHILD_BY:
		reason->object = find_child(objects, call, row);
		return;
	case OBJECT_TIME:
		reason->object = find_time(objects, call, arg);
		return;
	case OBJECT_POLL:
		if (call->args[1])
			reason->object = find_poll(objects, call, wait_set_of_poll);
		else
			reason->why = WAIT_SLEEP; /* for nothing but the time */
		return;
	case OBJECT_SELECT:
		if (arg)
			reason->object = find_poll(objects, call, wait_set_of_select);
		else
			reason->why = WAIT_SLEEP;
		return;
	case OBJECT_EPOLL:
		reason->object = find_epoll(objects, call, (uint32_t)arg);
		return;
	}
}
