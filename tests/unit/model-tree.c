/* SPDX-License-Identifier: GPL-2.0-only */
/* Trees and tables of recordings small enough to work them out on paper. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/table.h"
#include "model/tree.h"
#include "world.h"

enum { SAMPLES, CPU };

/* A world and what is made of it in one test. */
struct paper {
	struct world world;
	struct table table;
	struct tree tree, part; /* part: what was made of tree */
};

static int begin(void **state)
{
	struct paper *p = xcalloc(1, sizeof(*p));

	world_init(&p->world);
	*state = p;
	return 0;
}

static int end(void **state)
{
	struct paper *p = *state;

	table_release(&p->table);
	tree_release(&p->part);
	tree_release(&p->tree);
	world_release(&p->world);
	free(p);
	return 0;
}

static const struct profile *profile_of(struct paper *p)
{
	return p->world.cpu ? world_profile(&p->world) : &p->world.profile;
}

static void build_table(struct paper *p, enum table_key key)
{
	table_release(&p->table);
	table_build(&p->table, profile_of(p), key);
}

static void build_tree(struct paper *p)
{
	tree_build(&p->tree, profile_of(p), TREE_FUNCTION, SAMPLES);
}

static const struct table_row *find_row(const struct paper *p, const char *name)
{
	const struct table_row *row;

	array_for_each(row, &p->table.rows)
		if (!strcmp(world_text(&p->world, row->name), name))
			return row;
	fail_msg("no row '%s'", name);
	return NULL;
}

static void assert_row(const struct paper *p, const char *name, int64_t flat, int64_t cum)
{
	const struct table_row *row = find_row(p, name);

	assert_int_equal(row->flat[SAMPLES], flat);
	assert_int_equal(row->cum[SAMPLES], cum);
	assert_int_equal(row->cum[CPU], cum * 10000000);
}

static const char *node_name(const struct paper *p, const struct tree *tree, uint32_t node)
{
	return world_text(&p->world, tree->labels.items[tree->nodes.items[node].label].name);
}

/* The node reached from the root by @way, "main work": each the child of the one before. */
static const struct tree_node *find_node(const struct paper *p, const struct tree *tree,
					 const char *way)
{
	char *copy = xstrdup(way), *rest = copy, *name;
	uint32_t node = 0;

	while ((name = strsep(&rest, " "))) {
		node = tree->nodes.items[node].first_child;
		while (node && strcmp(node_name(p, tree, node), name) != 0)
			node = tree->nodes.items[node].next_sibling;
		if (!node)
			fail_msg("no node '%s' of '%s'", name, way);
	}
	free(copy);
	return &tree->nodes.items[node];
}

static uint32_t find_label(const struct paper *p, const char *name)
{
	for (uint32_t i = 0; i < p->tree.labels.n; i++) {
		if (!strcmp(world_text(&p->world, p->tree.labels.items[i].name), name))
			return i;
	}
	fail_msg("no label '%s'", name);
	return 0;
}

static void sample_n(struct paper *p, const char *stack, int n)
{
	for (int i = 0; i < n; i++)
		world_sample(&p->world, 1, 7, 7, world_stack(&p->world, stack));
}

/*
 *	main 1 ── work 2 ── leaf 4
 *	       └─ leaf 8
 */
static void make_plain(struct paper *p)
{
	sample_n(p, "main", 1);
	sample_n(p, "main work", 2);
	sample_n(p, "main work leaf", 4);
	sample_n(p, "main leaf", 8);
}

static void flat_and_cum_are_those_on_paper(void **state)
{
	struct paper *p = *state;

	make_plain(p);
	build_table(p, TABLE_FUNCTION);
	assert_int_equal(p->table.rows.n, 3);
	assert_row(p, "main", 1, 15);
	assert_row(p, "work", 2, 6);
	assert_row(p, "leaf", 12, 12);
	assert_int_equal(p->table.total[SAMPLES], 15);
	assert_int_equal(p->table.total[CPU], 150000000);
}

static void rows_are_sorted_by_flat_or_by_cum(void **state)
{
	struct paper *p = *state;
	struct world *world = &p->world;

	make_plain(p);
	build_table(p, TABLE_FUNCTION);
	table_sort(&p->table, CPU, false);
	assert_string_equal(world_text(world, p->table.rows.items[0].name), "leaf");
	assert_string_equal(world_text(world, p->table.rows.items[2].name), "main");
	table_sort(&p->table, CPU, true);
	assert_string_equal(world_text(world, p->table.rows.items[0].name), "main");
	assert_string_equal(world_text(world, p->table.rows.items[2].name), "work");
}

static void a_function_counts_once_a_stack_however_often_it_recurs(void **state)
{
	struct paper *p = *state;

	sample_n(p, "main a b a b a", 3);
	sample_n(p, "main a a", 5);
	sample_n(p, "main b", 7);
	build_table(p, TABLE_FUNCTION);
	assert_row(p, "main", 0, 15);
	assert_row(p, "a", 8, 8);
	assert_row(p, "b", 7, 10);
}

static void a_tree_is_merged_from_the_outermost_frame(void **state)
{
	struct paper *p = *state;

	make_plain(p);
	build_tree(p);
	assert_int_equal(p->tree.nodes.items[0].total[SAMPLES], 15);
	assert_int_equal(find_node(p, &p->tree, "main")->total[SAMPLES], 15);
	assert_int_equal(find_node(p, &p->tree, "main")->self[SAMPLES], 1);
	assert_int_equal(find_node(p, &p->tree, "main work")->total[SAMPLES], 6);
	assert_int_equal(find_node(p, &p->tree, "main work leaf")->self[SAMPLES], 4);
	assert_int_equal(find_node(p, &p->tree, "main leaf")->self[SAMPLES], 8);
	assert_int_equal(p->tree.nodes.n, 5);
}

static void children_stand_largest_first_then_by_name(void **state)
{
	static const char *const names[] = { "y", "a", "b", "x" };
	struct paper *p = *state;
	uint32_t node;

	sample_n(p, "main x", 1);
	sample_n(p, "main b", 2);
	sample_n(p, "main y", 3);
	sample_n(p, "main a", 2);
	build_tree(p);
	node = find_node(p, &p->tree, "main")->first_child;
	for (size_t i = 0; i < 4; i++, node = p->tree.nodes.items[node].next_sibling)
		assert_string_equal(node_name(p, &p->tree, node), names[i]);
	assert_int_equal(node, 0);
}

static void make_nested(struct paper *p)
{
	sample_n(p, "main a b", 1);
	sample_n(p, "other a b", 2);
	sample_n(p, "main a c a b", 4);
	sample_n(p, "main b", 8);
	build_tree(p);
}

static void callees_hang_below_the_outermost_call(void **state)
{
	struct paper *p = *state;

	make_nested(p);
	tree_callees(&p->part, &p->tree, find_label(p, "a"), SAMPLES);
	assert_int_equal(p->part.nodes.items[0].total[SAMPLES], 7);
	assert_int_equal(find_node(p, &p->part, "a b")->total[SAMPLES], 3);
	assert_int_equal(find_node(p, &p->part, "a c a b")->total[SAMPLES], 4);
}

static void callers_lead_from_the_outermost_call_to_the_root(void **state)
{
	struct paper *p = *state;

	make_nested(p);
	tree_callers(&p->part, &p->tree, find_label(p, "a"), SAMPLES);
	assert_int_equal(p->part.nodes.items[0].total[SAMPLES], 7);
	assert_int_equal(find_node(p, &p->part, "a main")->total[SAMPLES], 5);
	assert_int_equal(find_node(p, &p->part, "a other")->total[SAMPLES], 2);
	tree_release(&p->part);
	tree_callers(&p->part, &p->tree, find_label(p, "b"), SAMPLES);
	assert_int_equal(find_node(p, &p->part, "b main")->self[SAMPLES], 8);
	assert_int_equal(find_node(p, &p->part, "b a c a main")->self[SAMPLES], 4);
}

static void direct_recursion_folds_into_one_node(void **state)
{
	struct paper *p = *state;

	sample_n(p, "main a a a", 1);
	sample_n(p, "main a a b a", 2);
	build_tree(p);
	tree_fold_recursion(&p->part, &p->tree, SAMPLES);
	assert_int_equal(find_node(p, &p->part, "main a")->total[SAMPLES], 3);
	assert_int_equal(find_node(p, &p->part, "main a")->self[SAMPLES], 1);
	assert_int_equal(find_node(p, &p->part, "main a b a")->self[SAMPLES], 2);
	assert_int_equal(p->part.nodes.n, 5);
}

static void inlined_functions_are_levels_of_their_own(void **state)
{
	struct paper *p = *state;
	struct world *world = &p->world;
	uint32_t frame;

	frame = world_frame(world, NULL);
	definer_name(world->definer, frame, 0, &(struct definer_name){ .function = "inner" });
	definer_name(world->definer, frame, 1, &(struct definer_name){ .function = "outer" });
	for (int i = 0; i < 4; i++)
		world_sample(world, 1, 7, 7,
			     definer_stack(world->definer, world_stack(world, "main"), frame));
	sample_n(p, "inner", 1);
	sample_n(p, "main", 2);
	build_table(p, TABLE_FUNCTION);
	assert_row(p, "inner", 5, 5);
	assert_row(p, "outer", 0, 4);
	assert_row(p, "main", 2, 6);
	assert_true(find_row(p, "inner")->is_inlined);
	assert_true(find_row(p, "inner")->is_called);
	assert_false(find_row(p, "outer")->is_inlined);
}

static void functions_of_one_name_are_one_row_and_symbols_are_two(void **state)
{
	struct paper *p = *state;
	struct world *world = &p->world;
	uint32_t module, frame, stack;

	sample_n(p, "init", 3);
	module = definer_module(world->definer, MODULE_ELF, "/lib/b.so", NULL, 0);
	frame = definer_frame(world->definer, module, 0x10);
	definer_name(world->definer, frame, 0, &(struct definer_name){ .function = "init" });
	stack = definer_stack(world->definer, 0, frame);
	world_sample(world, 1, 7, 7, stack);
	build_table(p, TABLE_FUNCTION);
	assert_row(p, "init", 4, 4);
	assert_true(p->table.rows.items[0].is_in_more);
	build_table(p, TABLE_SYMBOL);
	assert_int_equal(p->table.rows.n, 2);
	assert_false(p->table.rows.items[0].is_in_more);
	build_table(p, TABLE_MODULE);
	assert_row(p, "/bin/app", 3, 3);
	assert_row(p, "/lib/b.so", 1, 1);
}

static void processes_and_threads_are_told_apart_by_their_life(void **state)
{
	struct paper *p = *state;
	struct world *world = &p->world;

	world_comm(world, 1, 7, 7, "server");
	world_comm(world, 1, 7, 8, "worker");
	world_sample(world, 2, 7, 7, world_stack(world, "main"));
	world_sample(world, 2, 7, 8, world_stack(world, "main"));
	world_exit(world, 3, 7, 8);
	world_fork(world, 4, 7, 8, 7);
	world_comm(world, 4, 7, 8, "worker");
	world_sample(world, 5, 7, 8, world_stack(world, "main"));
	build_table(p, TABLE_PROCESS);
	assert_int_equal(p->table.rows.n, 1);
	assert_row(p, "server", 3, 3);
	assert_int_equal(p->table.rows.items[0].pid, 7);
	build_table(p, TABLE_THREAD);
	assert_int_equal(p->table.rows.n, 3);
	build_table(p, TABLE_CPU);
	assert_int_equal(p->table.rows.n, 1);
	assert_row(p, "1", 3, 3);
}

static void samples_without_a_stack_are_counted(void **state)
{
	struct paper *p = *state;
	struct world *world = &p->world;

	world_sample(world, 1, 7, 7, 0);
	world_sample(world, 1, 7, 7, 4000000000u);
	build_table(p, TABLE_FUNCTION);
	assert_row(p, "[no stack]", 1, 1);
	assert_row(p, "[undefined]", 1, 1);
}

static void an_empty_profile_has_an_empty_tree(void **state)
{
	struct paper *p = *state;

	build_tree(p);
	assert_int_equal(p->tree.nodes.n, 1);
	table_from_tree(&p->table, &p->tree);
	table_sort(&p->table, SAMPLES, false);
	assert_int_equal(p->table.rows.n, 0);
}

static void a_stack_a_million_frames_deep_overflows_nothing(void **state)
{
	struct paper *p = *state;
	struct world *world = &p->world;
	uint32_t stack = 0;
	uint32_t frames[2];

	frames[0] = world_frame(world, "even");
	frames[1] = world_frame(world, "odd");
	for (int i = 0; i < 1000000; i++)
		stack = definer_stack(world->definer, stack, frames[i % 2]);
	world_sample(world, 1, 7, 7, stack);
	build_tree(p);
	assert_int_equal(p->tree.nodes.n, 1000001);
	table_from_tree(&p->table, &p->tree);
	assert_row(p, "even", 0, 1);
	assert_row(p, "odd", 1, 1);
}

static void processes_can_stand_at_the_root(void **state)
{
	struct paper *p = *state;
	struct world *world = &p->world;

	world_comm(world, 1, 7, 7, "main");
	world_comm(world, 1, 9, 9, "tool");
	world_sample(world, 2, 7, 7, world_stack(world, "main leaf"));
	world_sample(world, 2, 9, 9, world_stack(world, "main leaf"));
	world_sample(world, 2, 9, 9, world_stack(world, "main"));
	tree_build_by_process(&p->tree, profile_of(p), TREE_FUNCTION, SAMPLES);
	assert_int_equal(find_node(p, &p->tree, "main")->total[SAMPLES], 1);
	assert_int_equal(find_node(p, &p->tree, "main main leaf")->self[SAMPLES], 1);
	assert_int_equal(find_node(p, &p->tree, "tool main")->total[SAMPLES], 2);
	assert_int_equal(find_node(p, &p->tree, "tool main")->self[SAMPLES], 1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(flat_and_cum_are_those_on_paper),
		TEST(rows_are_sorted_by_flat_or_by_cum),
		TEST(a_function_counts_once_a_stack_however_often_it_recurs),
		TEST(a_tree_is_merged_from_the_outermost_frame),
		TEST(children_stand_largest_first_then_by_name),
		TEST(callees_hang_below_the_outermost_call),
		TEST(callers_lead_from_the_outermost_call_to_the_root),
		TEST(direct_recursion_folds_into_one_node),
		TEST(inlined_functions_are_levels_of_their_own),
		TEST(functions_of_one_name_are_one_row_and_symbols_are_two),
		TEST(processes_and_threads_are_told_apart_by_their_life),
		TEST(samples_without_a_stack_are_counted),
		TEST(an_empty_profile_has_an_empty_tree),
		TEST(a_stack_a_million_frames_deep_overflows_nothing),
		TEST(processes_can_stand_at_the_root),
	};

	return cmocka_run_group_tests_name("model-tree", tests, NULL, NULL);
}
