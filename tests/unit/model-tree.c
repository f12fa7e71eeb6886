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

static const struct table_row *find_row(const struct world *world, const struct table *table,
					const char *name)
{
	const struct table_row *row;

	array_for_each(row, &table->rows)
		if (!strcmp(world_text(world, row->name), name))
			return row;
	fail_msg("no row '%s'", name);
	return NULL;
}

static void assert_row(const struct world *world, const struct table *table, const char *name,
		       int64_t flat, int64_t cum)
{
	const struct table_row *row = find_row(world, table, name);

	assert_int_equal(row->flat[SAMPLES], flat);
	assert_int_equal(row->cum[SAMPLES], cum);
	assert_int_equal(row->cum[CPU], cum * 10000000);
}

/* The node reached from the root by @way, "main work": each the child of the one before. */
static const struct tree_node *find_node(const struct world *world, const struct tree *tree,
					 const char *way)
{
	char *copy = xstrdup(way), *rest = copy, *name;
	uint32_t node = 0;

	while ((name = strsep(&rest, " "))) {
		node = tree->nodes.items[node].first_child;
		while (node &&
		       strcmp(world_text(world,
					 tree->labels.items[tree->nodes.items[node].label].name),
			      name) != 0)
			node = tree->nodes.items[node].next_sibling;
		if (!node)
			fail_msg("no node '%s' of '%s'", name, way);
	}
	free(copy);
	return &tree->nodes.items[node];
}

static uint32_t find_label(const struct world *world, const struct tree *tree, const char *name)
{
	for (uint32_t i = 0; i < tree->labels.n; i++) {
		if (!strcmp(world_text(world, tree->labels.items[i].name), name))
			return i;
	}
	fail_msg("no label '%s'", name);
	return 0;
}

static void sample_n(struct world *world, const char *stack, int n)
{
	for (int i = 0; i < n; i++)
		world_sample(world, 1, 7, 7, world_stack(world, stack));
}

/*
 *	main 1 ── work 2 ── leaf 4
 *	       └─ leaf 8
 */
static void make_plain(struct world *world)
{
	world_init(world);
	sample_n(world, "main", 1);
	sample_n(world, "main work", 2);
	sample_n(world, "main work leaf", 4);
	sample_n(world, "main leaf", 8);
	world_profile(world);
}

static void flat_and_cum_are_those_on_paper(void **state)
{
	struct world world;
	struct table table;

	(void)state;
	make_plain(&world);
	table_build(&table, &world.profile, TABLE_FUNCTION);
	assert_int_equal(table.rows.n, 3);
	assert_row(&world, &table, "main", 1, 15);
	assert_row(&world, &table, "work", 2, 6);
	assert_row(&world, &table, "leaf", 12, 12);
	assert_int_equal(table.total[SAMPLES], 15);
	assert_int_equal(table.total[CPU], 150000000);
	table_release(&table);
	world_release(&world);
}

static void rows_are_sorted_by_flat_or_by_cum(void **state)
{
	struct world world;
	struct table table;

	(void)state;
	make_plain(&world);
	table_build(&table, &world.profile, TABLE_FUNCTION);
	table_sort(&table, CPU, false);
	assert_string_equal(world_text(&world, table.rows.items[0].name), "leaf");
	assert_string_equal(world_text(&world, table.rows.items[2].name), "main");
	table_sort(&table, CPU, true);
	assert_string_equal(world_text(&world, table.rows.items[0].name), "main");
	assert_string_equal(world_text(&world, table.rows.items[2].name), "work");
	table_release(&table);
	world_release(&world);
}

static void a_function_counts_once_a_stack_however_often_it_recurs(void **state)
{
	struct world world;
	struct table table;

	(void)state;
	world_init(&world);
	sample_n(&world, "main a b a b a", 3);
	sample_n(&world, "main a a", 5);
	sample_n(&world, "main b", 7);
	world_profile(&world);
	table_build(&table, &world.profile, TABLE_FUNCTION);
	assert_row(&world, &table, "main", 0, 15);
	assert_row(&world, &table, "a", 8, 8);
	assert_row(&world, &table, "b", 7, 10);
	table_release(&table);
	world_release(&world);
}

static void a_tree_is_merged_from_the_outermost_frame(void **state)
{
	struct world world;
	struct tree tree;

	(void)state;
	make_plain(&world);
	tree_build(&tree, &world.profile, TREE_FUNCTION, SAMPLES);
	assert_int_equal(tree.nodes.items[0].total[SAMPLES], 15);
	assert_int_equal(find_node(&world, &tree, "main")->total[SAMPLES], 15);
	assert_int_equal(find_node(&world, &tree, "main")->self[SAMPLES], 1);
	assert_int_equal(find_node(&world, &tree, "main work")->total[SAMPLES], 6);
	assert_int_equal(find_node(&world, &tree, "main work leaf")->self[SAMPLES], 4);
	assert_int_equal(find_node(&world, &tree, "main leaf")->self[SAMPLES], 8);
	assert_int_equal(tree.nodes.n, 5);
	tree_release(&tree);
	world_release(&world);
}

static void children_stand_largest_first_then_by_name(void **state)
{
	static const char *const names[] = { "y", "a", "b", "x" };
	struct world world;
	struct tree tree;
	uint32_t node;

	(void)state;
	world_init(&world);
	sample_n(&world, "main x", 1);
	sample_n(&world, "main b", 2);
	sample_n(&world, "main y", 3);
	sample_n(&world, "main a", 2);
	world_profile(&world);
	tree_build(&tree, &world.profile, TREE_FUNCTION, SAMPLES);
	node = find_node(&world, &tree, "main")->first_child;
	for (size_t i = 0; i < 4; i++, node = tree.nodes.items[node].next_sibling)
		assert_string_equal(
			world_text(&world, tree.labels.items[tree.nodes.items[node].label].name),
			names[i]);
	assert_int_equal(node, 0);
	tree_release(&tree);
	world_release(&world);
}

static void callees_hang_below_the_outermost_call(void **state)
{
	struct world world;
	struct tree tree, part;

	(void)state;
	world_init(&world);
	sample_n(&world, "main a b", 1);
	sample_n(&world, "other a b", 2);
	sample_n(&world, "main a c a b", 4);
	sample_n(&world, "main b", 8);
	world_profile(&world);
	tree_build(&tree, &world.profile, TREE_FUNCTION, SAMPLES);
	tree_callees(&part, &tree, find_label(&world, &tree, "a"), SAMPLES);
	assert_int_equal(part.nodes.items[0].total[SAMPLES], 7);
	assert_int_equal(find_node(&world, &part, "a b")->total[SAMPLES], 3);
	assert_int_equal(find_node(&world, &part, "a c a b")->total[SAMPLES], 4);
	tree_release(&part);
	tree_release(&tree);
	world_release(&world);
}

static void callers_lead_from_the_outermost_call_to_the_root(void **state)
{
	struct world world;
	struct tree tree, part;

	(void)state;
	world_init(&world);
	sample_n(&world, "main a b", 1);
	sample_n(&world, "other a b", 2);
	sample_n(&world, "main a c a b", 4);
	sample_n(&world, "main b", 8);
	world_profile(&world);
	tree_build(&tree, &world.profile, TREE_FUNCTION, SAMPLES);
	tree_callers(&part, &tree, find_label(&world, &tree, "a"), SAMPLES);
	assert_int_equal(part.nodes.items[0].total[SAMPLES], 7);
	assert_int_equal(find_node(&world, &part, "a main")->total[SAMPLES], 5);
	assert_int_equal(find_node(&world, &part, "a other")->total[SAMPLES], 2);
	tree_release(&part);
	tree_callers(&part, &tree, find_label(&world, &tree, "b"), SAMPLES);
	assert_int_equal(find_node(&world, &part, "b main")->self[SAMPLES], 8);
	assert_int_equal(find_node(&world, &part, "b a c a main")->self[SAMPLES], 4);
	tree_release(&part);
	tree_release(&tree);
	world_release(&world);
}

static void direct_recursion_folds_into_one_node(void **state)
{
	struct world world;
	struct tree tree, folded;

	(void)state;
	world_init(&world);
	sample_n(&world, "main a a a", 1);
	sample_n(&world, "main a a b a", 2);
	world_profile(&world);
	tree_build(&tree, &world.profile, TREE_FUNCTION, SAMPLES);
	tree_fold_recursion(&folded, &tree, SAMPLES);
	assert_int_equal(find_node(&world, &folded, "main a")->total[SAMPLES], 3);
	assert_int_equal(find_node(&world, &folded, "main a")->self[SAMPLES], 1);
	assert_int_equal(find_node(&world, &folded, "main a b a")->self[SAMPLES], 2);
	assert_int_equal(folded.nodes.n, 5);
	tree_release(&folded);
	tree_release(&tree);
	world_release(&world);
}

static void inlined_functions_are_levels_of_their_own(void **state)
{
	struct world world;
	struct table table;
	uint32_t frame;

	(void)state;
	world_init(&world);
	frame = world_frame(&world, NULL);
	definer_name(world.definer, frame, 0, &(struct definer_name){ .function = "inner" });
	definer_name(world.definer, frame, 1, &(struct definer_name){ .function = "outer" });
	for (int i = 0; i < 4; i++)
		world_sample(&world, 1, 7, 7,
			     definer_stack(world.definer, world_stack(&world, "main"), frame));
	sample_n(&world, "inner", 1);
	sample_n(&world, "main", 2);
	world_profile(&world);
	table_build(&table, &world.profile, TABLE_FUNCTION);
	assert_row(&world, &table, "inner", 5, 5);
	assert_row(&world, &table, "outer", 0, 4);
	assert_row(&world, &table, "main", 2, 6);
	assert_true(find_row(&world, &table, "inner")->is_inlined);
	assert_true(find_row(&world, &table, "inner")->is_called);
	assert_false(find_row(&world, &table, "outer")->is_inlined);
	table_release(&table);
	world_release(&world);
}

static void functions_of_one_name_are_one_row_and_symbols_are_two(void **state)
{
	struct world world;
	struct table table;
	uint32_t module, frame, stack;

	(void)state;
	world_init(&world);
	sample_n(&world, "init", 3);
	module = definer_module(world.definer, MODULE_ELF, "/lib/b.so", NULL, 0);
	frame = definer_frame(world.definer, module, 0x10);
	definer_name(world.definer, frame, 0, &(struct definer_name){ .function = "init" });
	stack = definer_stack(world.definer, 0, frame);
	world_sample(&world, 1, 7, 7, stack);
	world_profile(&world);
	table_build(&table, &world.profile, TABLE_FUNCTION);
	assert_row(&world, &table, "init", 4, 4);
	assert_true(table.rows.items[0].is_in_more);
	table_release(&table);
	table_build(&table, &world.profile, TABLE_SYMBOL);
	assert_int_equal(table.rows.n, 2);
	assert_false(table.rows.items[0].is_in_more);
	table_release(&table);
	table_build(&table, &world.profile, TABLE_MODULE);
	assert_row(&world, &table, "/bin/app", 3, 3);
	assert_row(&world, &table, "/lib/b.so", 1, 1);
	table_release(&table);
	world_release(&world);
}

static void processes_and_threads_are_told_apart_by_their_life(void **state)
{
	struct world world;
	struct table table;

	(void)state;
	world_init(&world);
	world_comm(&world, 1, 7, 7, "server");
	world_comm(&world, 1, 7, 8, "worker");
	world_sample(&world, 2, 7, 7, world_stack(&world, "main"));
	world_sample(&world, 2, 7, 8, world_stack(&world, "main"));
	world_exit(&world, 3, 7, 8);
	world_fork(&world, 4, 7, 8, 7);
	world_comm(&world, 4, 7, 8, "worker");
	world_sample(&world, 5, 7, 8, world_stack(&world, "main"));
	world_profile(&world);
	table_build(&table, &world.profile, TABLE_PROCESS);
	assert_int_equal(table.rows.n, 1);
	assert_row(&world, &table, "server", 3, 3);
	assert_int_equal(table.rows.items[0].pid, 7);
	table_release(&table);
	table_build(&table, &world.profile, TABLE_THREAD);
	assert_int_equal(table.rows.n, 3);
	table_release(&table);
	table_build(&table, &world.profile, TABLE_CPU);
	assert_int_equal(table.rows.n, 1);
	assert_row(&world, &table, "1", 3, 3);
	table_release(&table);
	world_release(&world);
}

static void samples_without_a_stack_are_counted(void **state)
{
	struct world world;
	struct table table;

	(void)state;
	world_init(&world);
	world_sample(&world, 1, 7, 7, 0);
	world_sample(&world, 1, 7, 7, 4000000000u);
	world_profile(&world);
	table_build(&table, &world.profile, TABLE_FUNCTION);
	assert_row(&world, &table, "[no stack]", 1, 1);
	assert_row(&world, &table, "[undefined]", 1, 1);
	table_release(&table);
	world_release(&world);
}

static void an_empty_profile_has_an_empty_tree(void **state)
{
	struct world world;
	struct table table;
	struct tree tree;

	(void)state;
	world_init(&world);
	world_profile(&world);
	tree_build(&tree, &world.profile, TREE_FUNCTION, SAMPLES);
	assert_int_equal(tree.nodes.n, 1);
	table_from_tree(&table, &tree);
	table_sort(&table, SAMPLES, false);
	assert_int_equal(table.rows.n, 0);
	table_release(&table);
	tree_release(&tree);
	world_release(&world);
}

static void a_stack_a_million_frames_deep_overflows_nothing(void **state)
{
	struct world world;
	struct table table;
	struct tree tree;
	uint32_t stack = 0;
	uint32_t frames[2];

	(void)state;
	world_init(&world);
	frames[0] = world_frame(&world, "even");
	frames[1] = world_frame(&world, "odd");
	for (int i = 0; i < 1000000; i++)
		stack = definer_stack(world.definer, stack, frames[i % 2]);
	world_sample(&world, 1, 7, 7, stack);
	world_profile(&world);
	tree_build(&tree, &world.profile, TREE_FUNCTION, SAMPLES);
	assert_int_equal(tree.nodes.n, 1000001);
	table_from_tree(&table, &tree);
	assert_row(&world, &table, "even", 0, 1);
	assert_row(&world, &table, "odd", 1, 1);
	table_release(&table);
	tree_release(&tree);
	world_release(&world);
}

static void processes_can_stand_at_the_root(void **state)
{
	struct world world;
	struct tree tree;

	(void)state;
	world_init(&world);
	world_comm(&world, 1, 7, 7, "main");
	world_comm(&world, 1, 9, 9, "tool");
	world_sample(&world, 2, 7, 7, world_stack(&world, "main leaf"));
	world_sample(&world, 2, 9, 9, world_stack(&world, "main leaf"));
	world_sample(&world, 2, 9, 9, world_stack(&world, "main"));
	world_profile(&world);
	tree_build_by_process(&tree, &world.profile, TREE_FUNCTION, SAMPLES);
	assert_int_equal(find_node(&world, &tree, "main")->total[SAMPLES], 1);
	assert_int_equal(find_node(&world, &tree, "main main leaf")->self[SAMPLES], 1);
	assert_int_equal(find_node(&world, &tree, "tool main")->total[SAMPLES], 2);
	assert_int_equal(find_node(&world, &tree, "tool main")->self[SAMPLES], 1);
	tree_release(&tree);
	world_release(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flat_and_cum_are_those_on_paper),
		cmocka_unit_test(rows_are_sorted_by_flat_or_by_cum),
		cmocka_unit_test(a_function_counts_once_a_stack_however_often_it_recurs),
		cmocka_unit_test(a_tree_is_merged_from_the_outermost_frame),
		cmocka_unit_test(children_stand_largest_first_then_by_name),
		cmocka_unit_test(callees_hang_below_the_outermost_call),
		cmocka_unit_test(callers_lead_from_the_outermost_call_to_the_root),
		cmocka_unit_test(direct_recursion_folds_into_one_node),
		cmocka_unit_test(inlined_functions_are_levels_of_their_own),
		cmocka_unit_test(functions_of_one_name_are_one_row_and_symbols_are_two),
		cmocka_unit_test(processes_and_threads_are_told_apart_by_their_life),
		cmocka_unit_test(samples_without_a_stack_are_counted),
		cmocka_unit_test(an_empty_profile_has_an_empty_tree),
		cmocka_unit_test(a_stack_a_million_frames_deep_overflows_nothing),
		cmocka_unit_test(processes_can_stand_at_the_root),
	};

	return cmocka_run_group_tests_name("model-tree", tests, NULL, NULL);
}
