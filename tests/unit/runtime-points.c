/* SPDX-License-Identifier: GPL-2.0-only */
/* Where probes go in a Go program, whole, stripped and damaged, and in one with notes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>

#include "base/file.h"
#include "build.h"
#include "runtime/points.h"

static int go_minor; /* of the version that is installed: 1.19 is Debian 12's */

static const char go_program[] = "package main\nfunc main() { println(1) }\n";

static const char written[] = "namespace pool { struct Free { void take(int); void take(long);\n"
			      "void taken(pool::Free &); }; }\n"
			      "void pool::Free::take(int) {}\n"
			      "void pool::Free::take(long) {}\n"
			      "void pool::Free::taken(pool::Free &) {}\n";

/* As the macros of <sys/sdt.h> write them: two places for the end, a counter for the beginning. */
static const char noted[] = ".macro probe name, args, counter\n"
			    "990: nop\n"
			    ".pushsection .note.stapsdt,\"?\",\"note\"\n"
			    ".balign 4\n"
			    ".4byte 992f-991f, 994f-993f, 3\n"
			    "991: .asciz \"stapsdt\"\n"
			    "992: .balign 4\n"
			    "993: .8byte 990b\n"
			    ".8byte _.stapsdt.base\n"
			    ".8byte \\counter\n"
			    ".asciz \"python\"\n"
			    ".asciz \"\\name\"\n"
			    ".asciz \"\\args\"\n"
			    "994: .balign 4\n"
			    ".popsection\n"
			    ".endm\n"
			    ".section .stapsdt.base,\"aG\",\"progbits\",.stapsdt.base,comdat\n"
			    ".weak _.stapsdt.base\n"
			    "_.stapsdt.base: .space 1\n"
			    ".section .probes,\"aw\"\n"
			    "counter: .2byte 0\n"
			    ".text\n"
			    ".globl main\n"
			    ".type main, @function\n"
			    "main:\n"
			    "begin: probe gc__start, \"-4@%edi\", counter\n"
			    "first: probe gc__done, \"\", 0\n"
			    "second: probe gc__done, \"\", 0\n"
			    "xor %eax, %eax\n"
			    "ret\n";

static int find(const char *file, const char *path, const char *function, struct points *ret)
{
	struct points_query query = { open(build_path(file), O_RDONLY | O_CLOEXEC), path,
				      function };
	int r;

	assert_true(query.fd >= 0);
	r = points_find_confined(&query, ret);
	close(query.fd);
	return r;
}

/* The byte that a probe replaces. */
static unsigned char byte_at(const char *file, uint64_t offset)
{
	int fd = open(build_path(file), O_RDONLY | O_CLOEXEC);
	unsigned char byte;

	assert_int_equal(pread(fd, &byte, 1, (off_t)offset), 1);
	close(fd);
	return byte;
}

/* A push of the frame pointer, where that comes first; else the look at the stack's limit. */
static unsigned char entry_byte(void)
{
	return go_minor >= 21 ? 0x55 : 0x49;
}

static void assert_go(const char *file)
{
	static const enum pause_step steps[] = { PAUSE_BEGIN, PAUSE_REACHED, PAUSE_STOPPED,
						 PAUSE_RESUME, PAUSE_END };
	struct points points;

	assert_int_equal(find(file, "/srv/app", NULL, &points), 0);
	assert_string_equal(runtimes[points.runtime - 1].name, "Go");
	assert_int_equal(points.n, 5);
	for (uint32_t i = 0; i < points.n; i++) {
		unsigned char byte = byte_at(file, points.list[i].offset);

		assert_int_equal(runtimes[points.runtime - 1].steps[points.list[i].step].step,
				 steps[i]);
		if (steps[i] == PAUSE_STOPPED)
			assert_int_equal(byte, go_minor >= 23 ? 0xe8 : 0xc3);
		else
			assert_int_equal(byte, steps[i] == PAUSE_END ? 0xe8 : entry_byte());
	}
	assert_int_equal(points.list[0].reason.kind,
			 go_minor >= 21 ? ARGUMENT_REGISTER : ARGUMENT_NONE);
	assert_int_equal(points.list[0].reason.reg, 0);
}

static void a_go_program_has_them_stripped_or_not(void **state)
{
	struct points whole, stripped;

	(void)state;
	assert_go("full");
	assert_go("stripped");
	assert_go("pie");
	find("full", "app", NULL, &whole);
	find("stripped", "app", NULL, &stripped);
	assert_memory_equal(&whole, &stripped, sizeof(whole));
}

static void notes_tell_where_and_by_which_argument(void **state)
{
	struct points points;

	(void)state;
	assert_int_equal(find("noted", "/usr/bin/python3.11", NULL, &points), 0);
	assert_string_equal(runtimes[points.runtime - 1].name, "CPython");
	assert_int_equal(points.n, 3);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(byte_at("noted", points.list[i].offset), 0x90);
	assert_int_equal(points.list[1].offset, points.list[0].offset + 1);
	assert_int_equal(points.list[2].offset, points.list[0].offset + 2);
	assert_int_not_equal(points.list[0].counter_offset, 0);
	assert_int_equal(byte_at("noted", points.list[0].counter_offset), 0);
	assert_int_equal(points.list[1].counter_offset, 0);
	assert_true(points.list[0].reason.is_signed);
	assert_int_equal(points.list[0].reason.reg, 5);
}

static void a_file_that_is_called_otherwise_is_not_looked_into(void **state)
{
	struct points points;

	(void)state;
	assert_int_equal(find("noted", "/usr/bin/ls", NULL, &points), 0);
	assert_int_equal(points.runtime, 0);
	assert_int_equal(points.n, 0);
}

static void a_runtime_without_a_step_is_said(void **state)
{
	struct points points;

	(void)state;
	assert_int_equal(find("noted", "/opt/jdk/libjvm.so", NULL, &points), -ENOENT);
	assert_string_equal(runtimes[points.runtime - 1].name, "JVM");
	assert_int_equal(points.n, 0);
}

static void a_function_is_found_by_name(void **state)
{
	struct points points;

	(void)state;
	assert_int_equal(find("noted", "x", "main", &points), 0);
	assert_int_equal(points.n, 1);
	assert_int_equal(byte_at("noted", points.list[0].offset), 0x90);
	assert_int_equal(find("stripped", "x", "main.main", &points), 0);
	assert_int_equal(byte_at("stripped", points.list[0].offset), entry_byte());
	assert_int_equal(find("noted", "x", "nowhere", &points), -ENOENT);
	assert_int_equal(find("g.go", "x", "main", &points), -ENOEXEC);
}

/* Both of the overloaded ones, whatever else has their names in its own. */
static void functions_are_found_as_they_are_written(void **state)
{
	struct points points;

	(void)state;
	assert_int_equal(find("written", "x", "pool::Free::take", &points), 0);
	assert_int_equal(points.n, 2);
	assert_int_equal(find("written", "x", "_ZN4pool4Free4takeEi", &points), 0);
	assert_int_equal(points.n, 1);
	assert_int_equal(find("written", "x", "pool::Free", &points), -ENOENT);
	assert_int_equal(find("written", "x", "take", &points), -ENOENT);
	assert_int_equal(find("written", "x", "std::taken", &points), -ENOENT);
}

/* Not in a child: what breaks is to be seen. */
static void damage_does_no_harm(void **state)
{
	struct points points;
	struct buf file = { 0 };
	unsigned int seed = 7;

	(void)state;
	assert_true(file_read(build_path("noted"), &file) > 0);
	for (int round = 0; round < 2000; round++) {
		int fd = memfd_create("damaged", MFD_CLOEXEC);
		size_t at[4];
		unsigned char was[4];

		for (int i = 0; i < 4; i++) {
			at[i] = (size_t)rand_r(&seed) % file.size;
			was[i] = file.data[at[i]];
			file.data[at[i]] = (unsigned char)rand_r(&seed);
		}
		assert_int_equal(file_write_fd(fd, file.data, file.size), 0);
		points_find(&(struct points_query){ fd, "python3", NULL }, &points);
		points_find(&(struct points_query){ fd, "python3", "main" }, &points);
		assert_true(points.n <= POINTS_MAX);
		close(fd);
		for (int i = 3; i >= 0; i--)
			file.data[at[i]] = was[i];
	}
	buf_release(&file);
}

static int set_up(void **state)
{
	FILE *version;

	build_setup(state);
	version = popen("go env GOVERSION", "r");
	assert_int_equal(fscanf(version, "go1.%d", &go_minor), 1);
	pclose(version);
	build_file("g.go", go_program);
	build_file("noted.s", noted);
	build_file("written.cc", written);
	build("g++ -shared -fPIC -o written written.cc");
	build("gcc -nostartfiles -Wl,-emain -o noted noted.s");
	build("go build -o full g.go && go build -ldflags='-s -w' -o stripped g.go && "
	      "go build -buildmode=pie -o pie g.go");
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_go_program_has_them_stripped_or_not),
		cmocka_unit_test(notes_tell_where_and_by_which_argument),
		cmocka_unit_test(a_file_that_is_called_otherwise_is_not_looked_into),
		cmocka_unit_test(a_runtime_without_a_step_is_said),
		cmocka_unit_test(a_function_is_found_by_name),
		cmocka_unit_test(functions_are_found_as_they_are_written),
		cmocka_unit_test(damage_does_no_harm),
	};

	return cmocka_run_group_tests(tests, set_up, build_teardown);
}
