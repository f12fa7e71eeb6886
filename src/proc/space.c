/* SPDX-License-Identifier: GPL-2.0-only */
#include "proc/space.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>

#include "base/file.h"
#include "base/map.h"
#include "proc/maps.h"

struct spaces {
	struct modules *modules; /* borrowed */
	struct map by_pid;       /* pid → struct space * */
	uint32_t last_generation;
};

struct spaces *spaces_new(struct modules *modules)
{
	struct spaces *spaces = xcalloc(1, sizeof(*spaces));

	spaces->modules = modules;
	return spaces;
}

static void space_free(struct space *space)
{
	array_release(&space->mappings);
	free(space);
}

void spaces_free(struct spaces *spaces)
{
	struct map_slot *slot;

	if (!spaces)
		return;
	map_for_each(slot, &spaces->by_pid)
		space_free((struct space *)(uintptr_t)slot->value);
	map_release(&spaces->by_pid);
	free(spaces);
}

/* Where the first mapping that ends behind @address stands. */
static size_t lower_bound(const struct space *space, uint64_t address)
{
	size_t low = 0, high = space->mappings.n;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (space->mappings.items[mid].end <= address)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

const struct mapping *space_find(const struct space *space, uint64_t address)
{
	size_t i = lower_bound(space, address);

	if (i == space->mappings.n || address < space->mappings.items[i].start)
		return NULL;
	return &space->mappings.items[i];
}

/* Whoever changes is alive: its id may be one that was another's before. */
static void step(struct spaces *spaces, struct space *space)
{
	space->generation = ++spaces->last_generation;
	space->is_gone = false;
}

struct space *spaces_get(struct spaces *spaces, pid_t pid)
{
	uint64_t *value = map_insert(&spaces->by_pid, (uint64_t)pid);
	struct space *space = (struct space *)(uintptr_t)*value;

	if (!space) {
		space = xcalloc(1, sizeof(*space));
		space->pid = (uint32_t)pid;
		step(spaces, space);
		*value = (uintptr_t)space;
	}
	return space;
}

static void insert_at(struct space *space, size_t i, const struct mapping *mapping)
{
	array_add(&space->mappings);
	memmove(&space->mappings.items[i + 1], &space->mappings.items[i],
		(space->mappings.n - 1 - i) * sizeof(*mapping));
	space->mappings.items[i] = *mapping;
}

static void remove_at(struct space *space, size_t i, size_t n)
{
	if (!n)
		return;
	memmove(&space->mappings.items[i], &space->mappings.items[i + n],
		(space->mappings.n - i - n) * sizeof(*space->mappings.items));
	space->mappings.n -= n;
}

static void cut_front(struct mapping *mapping, uint64_t start)
{
	mapping->offset += start - mapping->start;
	mapping->start = start;
}

/* Takes @start–@end out of what is mapped; what is left of the mappings at its edges stays. */
static void punch(struct space *space, uint64_t start, uint64_t end)
{
	size_t i = lower_bound(space, start), n = 0;

	if (i < space->mappings.n && space->mappings.items[i].start < start) {
		struct mapping tail = space->mappings.items[i];

		space->mappings.items[i++].end = start;
		if (tail.end > end) {
			cut_front(&tail, end);
			insert_at(space, i, &tail);
			return;
		}
	}
	while (i + n < space->mappings.n && space->mappings.items[i + n].end <= end)
		n++;
	remove_at(space, i, n);
	if (i < space->mappings.n && space->mappings.items[i].start < end)
		cut_front(&space->mappings.items[i], end);
}

static void add(struct space *space, const struct mapping *mapping)
{
	if (mapping->end <= mapping->start)
		return;
	punch(space, mapping->start, mapping->end);
	insert_at(space, lower_bound(space, mapping->start), mapping);
}

void spaces_map(struct spaces *spaces, pid_t pid, const struct mapping *where,
		const struct module_key *key)
{
	struct space *space = spaces_get(spaces, pid);
	struct mapping mapping = *where;

	mapping.module = modules_intern(spaces->modules, key);
	add(space, &mapping);
	step(spaces, space);
}

/*
 * The child's JIT code is the parent's: its module stays the parent's, whose map of
 * names the child's code was compiled under.
 */
void spaces_fork(struct spaces *spaces, pid_t parent, pid_t child)
{
	struct space *from = spaces_get(spaces, parent), *to = spaces_get(spaces, child);

	to->mappings.n = 0;
	for (size_t i = 0; i < from->mappings.n; i++)
		*array_add(&to->mappings) = from->mappings.items[i];
	to->scanned_ns = from->scanned_ns;
	step(spaces, to);
}

void spaces_exec(struct spaces *spaces, pid_t pid)
{
	struct space *space = spaces_get(spaces, pid);

	space->mappings.n = 0;
	step(spaces, space);
}

static void add_line(struct spaces *spaces, struct space *space, const struct maps_line *line)
{
	char *path = xstrndup(line->path, line->path_size);
	struct module_key key = {
		.path = path,
		.dev = line->dev,
		.inode = line->inode,
		.pid = space->pid,
	};
	struct mapping mapping = {
		.start = line->start,
		.end = line->end,
		.offset = line->offset,
		.module = modules_intern(spaces->modules, &key),
	};

	free(path);
	add(space, &mapping);
}

static bool differ(const struct space *a, const struct space *b)
{
	if (a->mappings.n != b->mappings.n)
		return true;
	for (size_t i = 0; i < a->mappings.n; i++) {
		const struct mapping *x = &a->mappings.items[i], *y = &b->mappings.items[i];

		if (x->start != y->start || x->end != y->end || x->offset != y->offset ||
		    x->module != y->module)
			return true;
	}
	return false;
}

static void replace(struct spaces *spaces, struct space *space, const struct buf *text)
{
	const char *at = (const char *)text->data, *end = at + text->size;
	struct space before = *space;
	struct maps_line line;

	space->mappings = (__typeof__(space->mappings)){ 0 };
	while ((at = maps_next(at, end, &line)) != NULL) {
		if (line.is_exec && line.start < 1ull << 63) /* not [vsyscall] */
			add_line(spaces, space, &line);
	}
	if (differ(space, &before)) {
		step(spaces, space);
		array_release(&before.mappings);
	} else { /* who holds a mapping of this generation may keep it */
		array_release(&space->mappings);
		*space = before;
	}
}

int spaces_scan(struct spaces *spaces, pid_t pid, uint64_t now_ns)
{
	char *path = xasprintf("/proc/%d/maps", pid);
	struct buf text = { 0 };
	ssize_t got = file_read(path, &text);
	struct space *space;

	free(path);
	if (got <= 0) { /* a kernel thread and a zombie have no mappings */
		buf_release(&text);
		return got < 0 ? (int)got : -ESRCH;
	}
	space = spaces_get(spaces, pid);
	space->scanned_ns = now_ns;
	replace(spaces, space, &text);
	buf_release(&text);
	return 0;
}

void spaces_check(struct spaces *spaces)
{
	ARRAY(struct space *) gone = { 0 };
	struct map_slot *slot;

	map_for_each(slot, &spaces->by_pid) {
		struct space *space = (struct space *)(uintptr_t)slot->value;
		bool was_gone = space->is_gone;

		space->is_gone = kill((pid_t)space->pid, 0) && errno == ESRCH;
		if (was_gone && space->is_gone)
			*array_add(&gone) = space;
	}
	for (size_t i = 0; i < gone.n; i++) {
		map_remove(&spaces->by_pid, gone.items[i]->pid);
		space_free(gone.items[i]);
	}
	array_release(&gone);
}

size_t spaces_n(const struct spaces *spaces)
{
	return spaces->by_pid.n;
}
