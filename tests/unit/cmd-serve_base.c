/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cmd/serve_base.h"
#include "world.h"

/* Two forks of one recorder: each gives out ids of its own for what it waits in. */
struct forked {
	struct world world;
	struct profile profile;
	uint32_t n_stacks;
};

static void begin(struct forked *forked, uint32_t n_others)
{
	struct world *world = &forked->world;

	world_init(world);
	world_comm(world, 1, 7, 7, "server");
	world_sample(world, 1, 7, 7, world_stack(world, "main"));
	forked->n_stacks = dictionary_n_stacks(model_dictionary(world->model));
	for (uint32_t i = 0; i < n_others; i++)
		world_stack(world, "main before");
	profile_init(&forked->profile, "heap", world->model);
	profile_add_type(&forked->profile, "alloc_space", "bytes");
	profile_add_type(&forked->profile, "inuse_space", "bytes");
}

static void end(struct forked *forked)
{
	profile_release(&forked->profile);
	world_release(&forked->world);
}

static struct profile_row *row(struct forked *forked, const char *note)
{
	struct world *world = &forked->world;
	struct profile_key key = { .task = 1, .cpu = PROFILE_NO_CPU };

	key.stack = world_stack(world, "main");
	if (note)
		key.stack = definer_stack(world->definer, key.stack,
					  definer_note(world->definer, note));
	return profile_row(&forked->profile, &key);
}

static void add(struct forked *forked, const char *note, int64_t allocated, int64_t held)
{
	row(forked, note)->values[0] += allocated;
	row(forked, note)->values[1] += held;
}

static int save(struct forked *forked)
{
	int fd = memfd_create("base", MFD_CLOEXEC);

	assert_int_equal(serve_base_save(&forked->profile, forked->n_stacks, fd), 0);
	return fd;
}

static void a_difference_is_of_equal_stacks(void **state)
{
	struct forked first, second;
	int fd;

	(void)state;
	begin(&first, 0);
	add(&first, NULL, 100, 50);
	add(&first, "sleep", 10, 10);
	add(&first, "read", 3, 3);
	fd = save(&first);
	end(&first);
	begin(&second, 1); /* whose ids for notes are others */
	add(&second, "read", 3, 3);
	add(&second, "sleep", 30, 15);
	add(&second, NULL, 100, 20);
	assert_int_equal(serve_base_subtract(&second.profile, second.n_stacks, fd, false), 0);
	assert_int_equal(second.profile.rows.n, 2); /* what did not change is not there */
	assert_int_equal(row(&second, NULL)->values[0], 0);
	assert_int_equal(row(&second, NULL)->values[1], -30);
	assert_int_equal(row(&second, "sleep")->values[0], 20);
	assert_int_equal(row(&second, "sleep")->values[1], 5);
	end(&second);
	close(fd);
}

static void what_is_gone_is_negative(void **state)
{
	struct forked first, second;
	int fd;

	(void)state;
	begin(&first, 0);
	add(&first, "sleep", 0, 7);
	fd = save(&first);
	end(&first);
	begin(&second, 0);
	assert_int_equal(serve_base_subtract(&second.profile, second.n_stacks, fd, false), 0);
	assert_int_equal(second.profile.rows.n, 1);
	assert_int_equal(second.profile.rows.items[0].values[1], -7);
	assert_int_equal(second.profile.rows.items[0].key.task, 1);
	end(&second);
	close(fd);
}

static void what_is_held_may_stay_what_it_is(void **state)
{
	struct forked first, second;
	int fd;

	(void)state;
	begin(&first, 0);
	add(&first, NULL, 100, 50);
	fd = save(&first);
	end(&first);
	begin(&second, 0);
	add(&second, NULL, 130, 60);
	assert_int_equal(serve_base_subtract(&second.profile, second.n_stacks, fd, true), 0);
	assert_int_equal(row(&second, NULL)->values[0], 30);
	assert_int_equal(row(&second, NULL)->values[1], 60);
	end(&second);
	close(fd);
}

static void what_is_cut_off_is_refused(void **state)
{
	struct forked first;
	int fd;

	(void)state;
	begin(&first, 0);
	add(&first, "sleep", 1, 1);
	fd = save(&first);
	assert_int_equal(ftruncate(fd, lseek(fd, 0, SEEK_END) - 2), 0);
	assert_int_equal(serve_base_subtract(&first.profile, first.n_stacks, fd, false), -EBADMSG);
	assert_int_equal(ftruncate(fd, 5), 0);
	assert_int_equal(serve_base_subtract(&first.profile, first.n_stacks, fd, false), -EBADMSG);
	end(&first);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_difference_is_of_equal_stacks),
		cmocka_unit_test(what_is_gone_is_negative),
		cmocka_unit_test(what_is_held_may_stay_what_it_is),
		cmocka_unit_test(what_is_cut_off_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
