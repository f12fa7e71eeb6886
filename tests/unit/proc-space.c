/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "proc/maps.h"
#include "proc/space.h"

#define PID 7

struct world {
	struct modules *modules;
	struct spaces *spaces;
};

static int setup(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));

	w->modules = modules_new();
	w->spaces = spaces_new(w->modules);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	spaces_free(w->spaces);
	modules_free(w->modules);
	free(w);
	return 0;
}

static void map(struct world *w, uint64_t start, uint64_t end, uint64_t offset, const char *path)
{
	struct module_key key = { .path = path, .inode = 1, .pid = PID };
	struct mapping where = { .start = start, .end = end, .offset = offset };

	spaces_map(w->spaces, PID, &where, &key);
}

static void check(struct world *w, uint64_t address, const char *path, uint64_t offset)
{
	const struct mapping *m = space_find(spaces_get(w->spaces, PID), address);

	if (!path) {
		assert_null(m);
		return;
	}
	assert_non_null(m);
	assert_string_equal(m->module->path, path);
	assert_int_equal(address - m->start + m->offset, offset);
}

static void an_address_is_found_in_the_mapping_that_holds_it(void **state)
{
	map(*state, 0x1000, 0x3000, 0x500, "/a");
	map(*state, 0x5000, 0x6000, 0, "/b");
	check(*state, 0xfff, NULL, 0);
	check(*state, 0x1000, "/a", 0x500);
	check(*state, 0x2fff, "/a", 0x24ff);
	check(*state, 0x3000, NULL, 0);
	check(*state, 0x5fff, "/b", 0xfff);
	check(*state, 0x6000, NULL, 0);
}

static void a_mapping_covers_the_middle_of_an_older_one(void **state)
{
	map(*state, 0x1000, 0x9000, 0, "/old");
	map(*state, 0x3000, 0x5000, 0x100, "/new");
	check(*state, 0x2fff, "/old", 0x1fff);
	check(*state, 0x3000, "/new", 0x100);
	check(*state, 0x5000, "/old", 0x4000);
	check(*state, 0x8fff, "/old", 0x7fff);
}

static void a_mapping_covers_the_edges_and_the_whole_of_older_ones(void **state)
{
	map(*state, 0x1000, 0x3000, 0, "/a");
	map(*state, 0x3000, 0x4000, 0, "/b");
	map(*state, 0x4000, 0x6000, 0, "/c");
	map(*state, 0x2000, 0x5000, 0, "/new");
	check(*state, 0x1fff, "/a", 0xfff);
	check(*state, 0x2000, "/new", 0);
	check(*state, 0x4fff, "/new", 0x2fff);
	check(*state, 0x5000, "/c", 0x1000);
	assert_int_equal(spaces_get(((struct world *)*state)->spaces, PID)->mappings.n, 3);
}

static void every_change_starts_a_generation_that_no_other_space_has(void **state)
{
	struct world *w = *state;
	uint32_t other = spaces_get(w->spaces, 8)->generation, before, after;

	map(w, 0x1000, 0x2000, 0, "/a");
	before = spaces_get(w->spaces, PID)->generation;
	map(w, 0x2000, 0x3000, 0, "/b");
	after = spaces_get(w->spaces, PID)->generation;
	assert_true(before != after && before != other && after != other);
}

static void a_child_has_its_parents_mappings_until_it_execs(void **state)
{
	struct world *w = *state;

	map(w, 0x1000, 0x2000, 0, "/a");
	spaces_fork(w->spaces, PID, 9);
	assert_non_null(space_find(spaces_get(w->spaces, 9), 0x1000));
	assert_true(spaces_get(w->spaces, 9)->generation != spaces_get(w->spaces, PID)->generation);
	spaces_exec(w->spaces, 9);
	assert_null(space_find(spaces_get(w->spaces, 9), 0x1000));
	check(w, 0x1000, "/a", 0);
}

static void code_without_a_file_is_one_module_a_process(void **state)
{
	struct world *w = *state;

	map(w, 0x1000, 0x2000, 0, "");
	map(w, 0x3000, 0x4000, 0, "//anon");
	map(w, 0x5000, 0x6000, 0, "/memfd:jit (deleted)");
	assert_int_equal(modules_n(w->modules), 1);
	assert_int_equal(modules_get(w->modules, 0)->kind, MODULE_JIT);
	assert_int_equal(modules_get(w->modules, 0)->pid, PID);
}

static void a_scan_of_this_process_finds_this_function(void **state)
{
	struct world *w = *state;
	uint64_t here = (uintptr_t)a_scan_of_this_process_finds_this_function;
	const struct mapping *m;
	uint32_t generation;

	assert_int_equal(spaces_scan(w->spaces, getpid(), 1), 0);
	m = space_find(spaces_get(w->spaces, getpid()), here);
	assert_non_null(m);
	assert_int_equal(m->module->kind, MODULE_ELF);
	assert_int_equal(module_open(m->module, getpid(), m->start, m->end), 0);
	assert_true(m->module->fd >= 0);
	assert_true(m->module->n_segments > 1);

	generation = spaces_get(w->spaces, getpid())->generation;
	assert_int_equal(spaces_scan(w->spaces, getpid(), 2), 0);
	assert_int_equal(spaces_get(w->spaces, getpid())->generation, generation);
}

static void a_scan_that_finds_nothing_new_leaves_the_mappings_where_they_are(void **state)
{
	struct world *w = *state;
	struct space *space = spaces_get(w->spaces, getpid());
	uint64_t here = (uint64_t)(uintptr_t)setup;
	const struct mapping *mapping;

	assert_int_equal(spaces_scan(w->spaces, getpid(), 1), 0);
	mapping = space_find(space, here);
	assert_int_equal(spaces_scan(w->spaces, getpid(), 2), 0);
	assert_ptr_equal(space_find(space, here), mapping);
	assert_int_equal(space->scanned_ns, 2);
}

/* Another module of the same inode and path as @mapping's, not opened yet. */
static struct module *module_by_path(struct world *w, const struct mapping *mapping)
{
	struct module_key key = { .path = mapping->module->path,
				  .dev = mapping->module->dev + 1,
				  .inode = mapping->module->inode };

	return modules_intern(w->modules, &key);
}

static pid_t a_process_that_is_gone(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	return pid;
}

static void processes_that_stay_away_are_forgotten(void **state)
{
	struct world *w = *state;
	pid_t gone = a_process_that_is_gone();

	spaces_get(w->spaces, getpid());
	spaces_get(w->spaces, gone);
	spaces_check(w->spaces);
	assert_int_equal(spaces_n(w->spaces), 2); /* records of it may still come */
	spaces_fork(w->spaces, getpid(), gone);   /* as of another one with that id */
	spaces_check(w->spaces);
	assert_int_equal(spaces_n(w->spaces), 2);
	spaces_check(w->spaces);
	assert_int_equal(spaces_n(w->spaces), 1);
	assert_int_equal(spaces_get(w->spaces, getpid())->pid, getpid());
	assert_int_equal(spaces_n(w->spaces), 1);
}

static void a_module_is_opened_by_name_where_another_file_is_mapped_by_now(void **state)
{
	struct world *w = *state;
	struct space *space = spaces_get(w->spaces, getpid());
	const struct mapping *here, *libc;
	struct module *module;

	assert_int_equal(spaces_scan(w->spaces, getpid(), 1), 0);
	here = space_find(space, (uint64_t)(uintptr_t)setup);
	libc = space_find(space, (uint64_t)(uintptr_t)getpid);
	assert_int_equal(module_open(libc->module, getpid(), libc->start, libc->end), 0);

	module = module_by_path(w, libc);
	assert_ptr_not_equal(module, libc->module);
	assert_int_equal(module_open(module, getpid(), here->start, here->end), 0);
	assert_string_equal(module->build_id, libc->module->build_id);
	assert_int_equal(module->n_segments, libc->module->n_segments);
}

static void the_vdso_is_read_from_memory(void **state)
{
	struct world *w = *state;
	struct module_key key = { .path = "[vdso]" };
	struct module *vdso = modules_intern(w->modules, &key);

	assert_int_equal(module_open(vdso, getpid(), 0, 0), 0);
	assert_non_null(vdso->image);
	assert_true(strlen(vdso->build_id) == 40);
}

static void a_line_of_maps_is_parsed(void **state)
{
	static const char text[] =
		"garbage\n"
		"55d0c0a00000-55d0c0a21000 r-xp 00002000 fe:1f 1234   /tmp/a b (deleted)\n"
		"7f0000000000-7f0000001000 rw-p 00000000 00:00 0 \n";
	const char *end = text + sizeof(text) - 1;
	struct maps_line line;
	const char *at;

	(void)state;
	at = maps_next(text, end, &line);
	assert_non_null(at);
	assert_true(line.is_exec && line.is_deleted);
	assert_int_equal(line.start, 0x55d0c0a00000);
	assert_int_equal(line.offset, 0x2000);
	assert_true(line.dev == (0xfeull << 32 | 0x1f));
	assert_int_equal(line.inode, 1234);
	assert_int_equal(line.path_size, strlen("/tmp/a b"));
	assert_memory_equal(line.path, "/tmp/a b", line.path_size);
	at = maps_next(at, end, &line);
	assert_non_null(at);
	assert_false(line.is_exec);
	assert_int_equal(line.path_size, 0);
	assert_null(maps_next(at, end, &line));
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(an_address_is_found_in_the_mapping_that_holds_it),
		T(a_mapping_covers_the_middle_of_an_older_one),
		T(a_mapping_covers_the_edges_and_the_whole_of_older_ones),
		T(every_change_starts_a_generation_that_no_other_space_has),
		T(a_child_has_its_parents_mappings_until_it_execs),
		T(code_without_a_file_is_one_module_a_process),
		T(a_scan_of_this_process_finds_this_function),
		T(a_scan_that_finds_nothing_new_leaves_the_mappings_where_they_are),
		T(a_module_is_opened_by_name_where_another_file_is_mapped_by_now),
		T(the_vdso_is_read_from_memory),
		T(processes_that_stay_away_are_forgotten),
		cmocka_unit_test(a_line_of_maps_is_parsed),
	};

	return cmocka_run_group_tests_name("proc-space", tests, NULL, NULL);
}
