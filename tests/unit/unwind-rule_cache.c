/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unwind/rule_cache.h"

static const struct rule_entry entry = {
	.address = 0x1000, .scope = 1, .mapping = 7, .rule = { .kind = RULE_SP, .offset = 8 }
};

static int set_up(void **state)
{
	static struct rule_cache cache;

	rule_cache_init(&cache, 4);
	*state = &cache;
	return 0;
}

static int tear_down(void **state)
{
	rule_cache_release(*state);
	return 0;
}

static void a_rule_is_found_where_it_was_put(void **state)
{
	const struct rule_entry *found;

	assert_null(rule_cache_find(*state, 1, 0x1000));
	rule_cache_put(*state, &entry);
	found = rule_cache_find(*state, 1, 0x1000);
	assert_non_null(found);
	assert_int_equal(found->mapping, 7);
	assert_int_equal(found->rule.kind, RULE_SP);
	assert_int_equal(found->rule.offset, 8);
}

static void a_new_generation_finds_nothing_of_the_old(void **state)
{
	rule_cache_put(*state, &entry);
	for (uint32_t generation = 2; generation < 1000; generation++)
		assert_null(rule_cache_find(*state, generation, 0x1000));
	assert_null(rule_cache_find(*state, 0, 0x1000));
}

static void a_collision_displaces_and_never_deceives(void **state)
{
	rule_cache_put(*state, &entry);
	for (uint64_t address = 0x1001; address < 0x1100; address++) {
		struct rule_entry other = { .address = address, .scope = 1 };

		rule_cache_put(*state, &other);
		assert_int_equal(rule_cache_find(*state, 1, address)->address, address);
	}
	assert_null(rule_cache_find(*state, 1, 0x1000)); /* 16 entries, 255 puts */
}

static void a_cleared_cache_is_empty(void **state)
{
	rule_cache_put(*state, &entry);
	rule_cache_clear(*state);
	assert_null(rule_cache_find(*state, 1, 0x1000));
}

static void neighbours_do_not_share_entries(void **state)
{
	struct rule_cache cache;
	size_t n = 0;

	(void)state;
	rule_cache_init(&cache, 12);
	for (uint64_t i = 0; i < 1024; i++)
		rule_cache_put(&cache,
			       &(struct rule_entry){ .address = 0x401000 + 7 * i, .scope = 3 });
	for (uint64_t i = 0; i < 1024; i++)
		n += rule_cache_find(&cache, 3, 0x401000 + 7 * i) != NULL;
	rule_cache_release(&cache);
	assert_true(n > 900);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_rule_is_found_where_it_was_put, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_new_generation_finds_nothing_of_the_old, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_collision_displaces_and_never_deceives, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_cleared_cache_is_empty, set_up, tear_down),
		cmocka_unit_test(neighbours_do_not_share_entries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
