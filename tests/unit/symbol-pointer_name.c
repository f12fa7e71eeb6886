/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a frame's pointers point into is called by the type of the variable that DWARF says lies
 * there.  A program tells where its own variables lie, below what CFA, and is looked into then.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>

#include "build.h"
#include "symbol/symbolizer.h"

/* Not optimized, rbp is the frame pointer, and the CFA 16 above what it points to. */
static const char source[] =
	"#include <pthread.h>\n"
	"#include <stdio.h>\n"
	"struct shard { long n; pthread_mutex_t lock; };\n"
	"struct table { long n; struct shard shards[4]; unsigned word; char bytes[4096]; };\n"
	"typedef struct { int n; pthread_mutex_t m; } unnamed_t;\n"
	"struct closed;\n"
	"struct args { long n; struct table *table; };\n"
	"static struct table table;\n"
	"static __attribute__((noinline)) void tell(const char *name, void *frame, const void *at)\n"
	"{ printf(\"%s %lx %lx\\n\", name, (long)__builtin_return_address(0) - 1,\n"
	"	(long)frame + 16 - (long)at); }\n"
	"#define TELL(x) tell(__func__, __builtin_frame_address(0), &(x))\n"
	"void parameter(struct table *t) { TELL(t); }\n"
	"void unnamed(unnamed_t *t) { TELL(t); }\n"
	"void library(pthread_mutex_t *t) { TELL(t); }\n"
	"void untyped(void *t) { TELL(t); }\n"
	"void unknown(struct closed *t) { TELL(t); }\n"
	"void member(void) { struct args args = { 1, &table }; TELL(args.table); }\n"
	"void block(int n) { if (n) { struct table *t = &table; TELL(t); } }\n"
	"void here(void) { struct table mine; TELL(mine.shards[1].lock); }\n"
	"void in_register(void) { register struct table *t asm(\"rbx\") = &table;\n"
	"	tell(__func__, 0, (void *)16); asm volatile(\"\" : : \"r\"(t)); }\n"
	"int main(void) { parameter(&table); unnamed(0); library(0); untyped(0); unknown(0);\n"
	"	member(); block(1); here(); in_register(); return 0; }\n";

#define SHARD_2 8 + 2 * 48 + 8 /* table.shards[2].lock */

/* What the pointer that @function told of is called, of which the lock is so far behind. */
static void assert_called(const char *function, struct event_pointer pointer, const char *want)
{
	struct symbol_module module = {
		.kind = MODULE_ELF,
		.path = build_path("pointers"),
		.build_id = "",
		.has_pointers = true,
	};
	uint64_t pc = build_hex("sed -n 's/^%s \\([^ ]*\\).*/\\1/p' told", function), rank;
	struct symbolizer *s = symbolizer_new(&(struct symbolizer_options){ 0 });
	struct buf name = { 0 };

	pointer.below += build_hex("sed -n 's/^%s .* //p' told", function);
	module.fd = open(module.path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(symbolizer_open(s, &module), 0);
	if (symbolizer_find_pointer(s, pc, &pointer, &name, &rank))
		assert_string_equal(buf_str(&name), want ? want : "nothing");
	else
		assert_null(want);
	buf_release(&name);
	symbolizer_free(s);
	close(module.fd);
}

static void in_memory(const char *function, uint64_t distance, const char *want)
{
	assert_called(function,
		      (struct event_pointer){ .where = POINTER_MEMORY, .distance = distance },
		      want);
}

static void a_variable_s_type_and_members_make_the_name(void **state)
{
	(void)state;
	in_memory("parameter", SHARD_2, "(table).shards[2].lock");
	in_memory("block", SHARD_2, "(table).shards[2].lock");
	in_memory("member", SHARD_2, "(table).shards[2].lock");
	in_memory("unnamed", 8, "(unnamed_t).m");
}

static void a_word_of_its_own_counts_a_byte_of_a_buffer_does_not(void **state)
{
	(void)state;
	in_memory("parameter", 8 + 4 * 48, "(table).word");
	in_memory("parameter", 8 + 4 * 48 + 4 + 64, NULL);
	in_memory("parameter", 8 + 4 * 48 + 2, NULL);
}

static void what_does_not_tell_of_the_lock_has_no_name(void **state)
{
	(void)state;
	in_memory("parameter", sizeof(long) + 4 * 48 + 4100, NULL); /* behind the object */
	in_memory("library", 0, NULL);
	in_memory("untyped", 8, NULL);
	in_memory("unknown", 8, NULL);
	assert_called(
		"parameter",
		(struct event_pointer){ .where = POINTER_MEMORY, .below = 8, .distance = SHARD_2 },
		NULL);
}

static void a_register_counts_where_it_holds_the_variable(void **state)
{
	(void)state;
	assert_called(
		"in_register",
		(struct event_pointer){ .where = POINTER_REGISTER, .reg = 3, .distance = SHARD_2 },
		"(table).shards[2].lock");
	assert_called(
		"in_register",
		(struct event_pointer){ .where = POINTER_REGISTER, .reg = 12, .distance = SHARD_2 },
		NULL);
	assert_called(
		"parameter",
		(struct event_pointer){ .where = POINTER_REGISTER, .reg = 3, .distance = SHARD_2 },
		NULL);
}

static void a_lock_on_the_stack_has_the_variable_s_name_and_says_whose(void **state)
{
	(void)state;
	assert_called("here", (struct event_pointer){ .where = POINTER_HERE, .pid = 7, .tid = 7 },
		      "mine.shards[1].lock of here (stack of the main thread)");
	assert_called("here", (struct event_pointer){ .where = POINTER_HERE, .pid = 7, .tid = 9 },
		      "mine.shards[1].lock of here (stack of thread 9)");
	assert_called("parameter", (struct event_pointer){ .where = POINTER_HERE }, NULL);
}

static int set_up(void **state)
{
	if (build_setup(state))
		return -1;
	build_file("pointers.c", source);
	build("gcc -O0 -g -no-pie -w -pthread -o pointers pointers.c && ./pointers >told");
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_variable_s_type_and_members_make_the_name),
		cmocka_unit_test(a_word_of_its_own_counts_a_byte_of_a_buffer_does_not),
		cmocka_unit_test(what_does_not_tell_of_the_lock_has_no_name),
		cmocka_unit_test(a_register_counts_where_it_holds_the_variable),
		cmocka_unit_test(a_lock_on_the_stack_has_the_variable_s_name_and_says_whose),
	};

	return cmocka_run_group_tests(tests, set_up, build_teardown);
}
