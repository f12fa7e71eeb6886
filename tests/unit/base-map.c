/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/array.h"
#include "base/intern.h"
#include "base/map.h"

#define N_KEYS 512

static void an_empty_map_has_nothing(void **state)
{
	struct map map = { 0 };

	(void)state;
	assert_null(map_find(&map, 0));
	map_remove(&map, 0);
	map_clear(&map);
	map_release(&map);
}

/* Against a plain array, through many random insertions and removals in clusters of keys. */
static void a_map_holds_what_was_put_and_not_removed(void **state)
{
	bool present[N_KEYS] = { false };
	struct map map = { 0 };
	uint64_t random = 1;
	size_t n = 0;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		uint64_t key;

		random = hash_u64(random + 1);
		key = random % N_KEYS;
		if (random >> 40 & 1) {
			*map_insert(&map, key) = key * 3;
			n += !present[key];
			present[key] = true;
		} else {
			map_remove(&map, key);
			n -= present[key];
			present[key] = false;
		}
		key = hash_u64(random) % N_KEYS;
		assert_int_equal(map_find(&map, key) != NULL, present[key]);
		if (present[key])
			assert_int_equal(*map_find(&map, key), key * 3);
		assert_int_equal(map.n, n);
	}
	map_release(&map);
}

static void every_entry_is_walked_once(void **state)
{
	struct map map = { 0 };
	struct map_slot *slot;
	uint64_t sum = 0;

	(void)state;
	for (uint64_t key = 1; key <= 100; key++)
		*map_insert(&map, key) = key;
	map_for_each(slot, &map)
		sum += slot->value;
	assert_int_equal(sum, 5050);
	map_release(&map);
}

static void equal_bytes_have_one_id_and_ids_count_from_one(void **state)
{
	struct intern intern = { 0 };

	(void)state;
	assert_int_equal(intern_string(&intern, "a"), 1);
	assert_int_equal(intern_bytes(&intern, "a\0b", 3), 2);
	assert_int_equal(intern_string(&intern, ""), 3);
	assert_int_equal(intern_string(&intern, "a"), 1);
	assert_int_equal(intern_find(&intern, "a\0b", 3), 2);
	assert_int_equal(intern_find(&intern, "a\0c", 3), 0);
	assert_string_equal(intern_text(&intern, 1), "a");
	assert_string_equal(intern_text(&intern, 0), "");
	assert_string_equal(intern_text(&intern, 99), "");
	intern_release(&intern);
}

static void an_array_grows_and_gives_zeroed_items(void **state)
{
	ARRAY(uint32_t) array = { 0 };
	uint32_t *item, sum = 0;

	(void)state;
	array_for_each(item, &array)
		fail();
	for (uint32_t i = 0; i < 1000; i++) {
		item = array_add(&array);
		assert_int_equal(*item, 0);
		*item = i;
	}
	array_for_each(item, &array)
		sum += *item;
	assert_int_equal(sum, 499500);
	array_release(&array);
	assert_null(array.items);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_map_has_nothing),
		cmocka_unit_test(a_map_holds_what_was_put_and_not_removed),
		cmocka_unit_test(every_entry_is_walked_once),
		cmocka_unit_test(equal_bytes_have_one_id_and_ids_count_from_one),
		cmocka_unit_test(an_array_grows_and_gives_zeroed_items),
	};

	return cmocka_run_group_tests_name("base-map", tests, NULL, NULL);
}
