/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <sys/auxv.h>

#include "build.h"
#include "event/definer.h"
#include "symbol/symbolizer.h"

#define N(array) (sizeof(array) / sizeof(*(array)))

/* One module, opened; its path is relative to the build directory. */
static struct symbolizer *open_with(const char *file, const struct symbolizer_options *options)
{
	struct symbol_module module = { .kind = MODULE_ELF,
					.path = build_path(file),
					.build_id = "" };
	struct symbolizer *s = symbolizer_new(options);

	module.fd = open(module.path, O_RDONLY | O_CLOEXEC);
	assert_true(module.fd >= 0);
	assert_int_equal(symbolizer_open(s, &module), 0);
	close(module.fd);
	return s;
}

static struct symbolizer *open_file(const char *file)
{
	return open_with(file, &(struct symbolizer_options){ 0 });
}

static uint64_t address_of(const char *file, const char *symbol)
{
	return build_hex("nm %s | sed -n 's/ [a-zA-Z] %s$//p'", file, symbol);
}

/* The outermost function at @address of @file. */
static void assert_function(const char *file, uint64_t address, const char *want)
{
	struct symbolizer *s = open_file(file);
	const struct symbol_name *names;
	size_t n = symbolizer_find(s, address, &names);

	if (!want)
		assert_true(!n || is_place(names[0].function));
	else if (!n)
		fail_msg("nothing at %#llx, not %s", (unsigned long long)address, want);
	else
		assert_string_equal(names[n - 1].function, want);
	symbolizer_free(s);
}

static void assert_level(const struct symbol_name *name, const char *function, uint32_t line,
			 uint32_t start_line)
{
	assert_string_equal(name->function, function);
	assert_null(name->linkage);
	assert_non_null(name->file);
	assert_string_equal(strrchr(name->file, '/'), "/chain.c");
	assert_int_equal(name->line, line);
	assert_int_equal(name->start_line, start_line);
}

static const char chain[] = "static volatile int sink;\n"
			    "static inline __attribute__((always_inline)) void innermost(int i)\n"
			    "{\n"
			    "	sink = i;\n" /* 4 */
			    "}\n"
			    "static inline __attribute__((always_inline)) void middle(int i)\n"
			    "{\n"
			    "	innermost(i + 1);\n" /* 8 */
			    "}\n"
			    "__attribute__((noinline)) void outermost(int i)\n" /* 10 */
			    "{\n"
			    "	middle(i + 1);\n" /* 12 */
			    "}\n"
			    "int main(int argc, char **argv)\n"
			    "{\n"
			    "	(void)argv;\n"
			    "	outermost(argc);\n"
			    "	return sink;\n"
			    "}\n";

/* The instruction in outermost() that stores to sink: before its ret. */
static uint64_t store_address(const char *file)
{
	return build_hex("objdump -d --no-show-raw-insn %s | sed -n '/<outermost>:/,/ret/p' | "
			 "grep 'mov .*(%%rip)' | tr -d ' ' | cut -d: -f1",
			 file);
}

static void assert_chain(const char *file, const struct symbolizer_options *options)
{
	struct symbolizer *s = open_with(file, options);
	const struct symbol_name *names;
	size_t n = symbolizer_find(s, store_address("full"), &names);

	assert_int_equal(n, 3);
	assert_level(&names[0], "innermost", 4, 2);
	assert_level(&names[1], "middle", 8, 6);
	assert_level(&names[2], "outermost", 12, 10);
	symbolizer_free(s);
}

static void a_chain_of_inlined_calls_has_the_line_of_each_level(void **state)
{
	static const char *const variants[] = {
		"",
		"-gdwarf-2",
		"-gdwarf-3",
		"-gdwarf-4",
		"-gdwarf-5",
		"-g1",
		"-gz",
		"-gsplit-dwarf",
		"-gdwarf-4 -gsplit-dwarf",
		"-no-pie -fno-pie",
		"-static",
		"-static-pie -fPIE",
		"-Wl,-Ttext-segment=0x7000000",
		"-Wl,-z,noseparate-code",
		"-flto",
		"-ffunction-sections -Wl,--gc-sections",
	};

	(void)state;
	for (size_t i = 0; i < N(variants); i++) {
		build("gcc -O2 -g %s -o full chain.c || { echo '%s'; false; }", variants[i],
		      variants[i]);
		assert_chain("full", &(struct symbolizer_options){ 0 });
	}
	build("clang-14 -O2 -g -gno-column-info -o full chain.c");
	assert_chain("full", &(struct symbolizer_options){ 0 });
}

static void a_stripped_program_has_the_names_it_exports(void **state)
{
	(void)state;
	build("gcc -O2 -g -rdynamic -o full chain.c && cp full stripped && strip stripped");
	assert_function("stripped", address_of("full", "outermost"), "outermost");
	build("gcc -O2 -g -o full chain.c && cp full stripped && strip stripped");
	assert_function("stripped", address_of("full", "outermost"), NULL);
}

static void a_separate_debug_file_is_found_by_build_id(void **state)
{
	struct symbolizer_options options = { .debug_path = build_path("debug") };

	(void)state;
	build("gcc -O2 -g -o full chain.c && cp full bare && strip bare &&"
	      "id=$(readelf -n full | sed -n 's/.*Build ID: //p') &&"
	      "mkdir -p debug/.build-id/${id%%%%${id#??}} &&"
	      "objcopy --only-keep-debug full debug/.build-id/${id%%%%${id#??}}/${id#??}.debug");
	assert_chain("bare", &options);
}

static void a_separate_debug_file_is_found_by_its_link(void **state)
{
	(void)state;
	build("gcc -O2 -g -Wl,--build-id=none -o full chain.c && cp full linked && mkdir -p .debug &&"
	      "objcopy --only-keep-debug full .debug/linked.debug && strip linked &&"
	      "objcopy --add-gnu-debuglink=.debug/linked.debug linked");
	assert_chain("linked", &(struct symbolizer_options){ 0 });
}

static void a_debug_file_of_another_build_is_not_taken(void **state)
{
	(void)state;
	build("gcc -O2 -g -Wl,--build-id=none -o full chain.c && cp full linked && mkdir -p .debug &&"
	      "objcopy --only-keep-debug full .debug/linked.debug && strip linked &&"
	      "objcopy --add-gnu-debuglink=.debug/linked.debug linked &&"
	      "gcc -O1 -g -Wl,--build-id=none -o other chain.c &&"
	      "objcopy --only-keep-debug other .debug/linked.debug");
	assert_function("linked", address_of("full", "outermost"), NULL);
}

static void symbols_in_gnu_debugdata_are_found(void **state)
{
	(void)state;
	build("gcc -O2 -g -o full chain.c && objcopy --only-keep-debug full mini &&"
	      "objcopy -S --keep-symbol=outermost --keep-symbol=main mini mini && xz -f mini &&"
	      "cp full packed && strip packed && objcopy --add-section .gnu_debugdata=mini.xz packed");
	assert_function("packed", address_of("full", "outermost"), "outermost");
	assert_function("packed", address_of("full", "main"), "main");
}

static const char symbols[] =
	"	.text\n"
	"	.globl __api, api, _longer_api\n"
	"	.weak weak_name\n"
	"	.type api,@function\n	.type __api,@function\n	.type local_api,@function\n"
	"	.type _longer_api,@function\n"
	"local_api:\n__api:\n_longer_api:\napi:\n	.skip 32\n"
	"	.size api,32\n	.size __api,32\n	.size local_api,32\n	.size _longer_api,32\n"
	"	.type outer,@function\nouter:\n	.skip 16\n"
	"	.type inner,@function\ninner:\n	.skip 16\n	.size inner,16\n"
	"label:\n	.skip 16\n	.size outer,48\n"
	"sizeless:\n	.skip 64\n"
	"after:\n	.skip 16\n"
	"	.globl \"main.(*T).Work\"\n	.type \"main.(*T).Work\",@function\n"
	"\"main.(*T).Work\":\n	.skip 16\n	.size \"main.(*T).Work\",16\n"
	"	.globl versioned_1\n	.type versioned_1,@function\n"
	"versioned_1:\n	.skip 16\n	.size versioned_1,16\n"
	"	.symver versioned_1,versioned@@V_1\n"
	"far:\n	.skip 0x20000\n"
	"	.globl end_of_text\n	.type end_of_text,@function\n"
	"end_of_text:\n	.skip 16\n	.size end_of_text,16\n"
	"	.section .note.GNU-stack,\"\",@progbits\n"
	"	.section .rodata\n	.globl table\ntable:\n	.skip 64\n";

static void of_several_symbols_the_one_that_people_use_is_chosen(void **state)
{
	uint64_t at;

	(void)state;
	build_file("symbols.s", symbols);
	build_file("symbols.map", "V_1 { global: *; };\n");
	build("gcc -shared -Wl,--version-script=symbols.map -o symbols.so symbols.s");
	at = address_of("symbols.so", "local_api");
	assert_function("symbols.so", at, "api");
	assert_function("symbols.so", at + 31, "api");
	assert_function("symbols.so", at + 32, "outer");
	assert_function("symbols.so", at + 48, "inner");
	assert_function("symbols.so", at + 63, "inner");
	assert_function("symbols.so", at + 64, "outer"); /* not the label in it */
	assert_function("symbols.so", at + 79, "outer");
	assert_function("symbols.so", at + 80, "sizeless");
	assert_function("symbols.so", at + 80 + 63, "sizeless");
	assert_function("symbols.so", at + 80 + 64, "after");
	assert_function("symbols.so", at + 160, "main.(*T).Work");
	assert_function("symbols.so", at + 176, "versioned");
	assert_function("symbols.so", at + 192, "far");
	assert_function("symbols.so", at + 192 + 0x1f000, NULL); /* too far from any */
	assert_function("symbols.so", address_of("symbols.so", "table"), NULL); /* no code */
	assert_function("symbols.so", 0, NULL);
	assert_function("symbols.so", UINT64_MAX, NULL);
}

static void linkage_stubs_are_named_after_what_they_call(void **state)
{
	static const char *const variants[] = { "", "-fcf-protection=none -Wl,-z,lazy", "-fno-plt",
						"-no-pie", "-Wl,-z,now" };

	(void)state;
	build_file("calls.c",
		   "#include <stdio.h>\n#include <stdlib.h>\n"
		   "int main(void) { puts(\"\"); return atexit((void *)puts), rand(); }\n");
	for (size_t i = 0; i < N(variants); i++) {
		uint64_t at;

		build("gcc -O2 %s -o calls calls.c", variants[i]);
		if (strstr(variants[i], "no-plt")) /* there are none */
			continue;
		at = build_hex("objdump -d calls | sed -n 's/ <rand@plt>:$//p'");
		assert_function("calls", at, "rand@plt");
		assert_function("calls", at + 4, "rand@plt");
	}
}

static const char cxx[] =
	"#define KEEP __attribute__((noinline, noclone, used))\n"
	"namespace deep { namespace er {\n"
	"struct Thing { int n; KEEP Thing(int i) : n(i) {} KEEP int twice(int i) { return n * i; }\n"
	"	template <class T> KEEP T times(T t) { return t * n; } };\n"
	"} }\n"
	"namespace { KEEP int hidden(int i) { return i + 1; } }\n"
	"static KEEP int local(int i) { auto l = [i](int j) KEEP { return i ^ j; }; return l(3); }\n"
	"KEEP int overloaded(int i) { return i; }\nKEEP int overloaded(long i) { return (int)i + 2; }\n"
	"int main(int argc, char **) { deep::er::Thing t(argc);\n"
	"	return t.twice(2) + (int)t.times(2.5) + hidden(1) + local(2) + overloaded(1) + overloaded(2l); }\n";

static void cxx_names_are_readable_and_keep_what_was_linked(void **state)
{
	static const struct {
		const char *linkage, *function;
	} want[] = {
		{ "_ZN4deep2er5ThingC2Ei", "deep::er::Thing::Thing" },
		{ "_ZN4deep2er5Thing5twiceEi", "deep::er::Thing::twice" },
		{ "_ZN4deep2er5Thing5timesIdEET_S3_", "deep::er::Thing::times<double>" },
		{ "_ZN12_GLOBAL__N_16hiddenEi", "(anonymous namespace)::hidden" },
		{ "_ZL5locali", "local" },
		{ "_Z10overloadedi", "overloaded" },
		{ "_Z10overloadedl", "overloaded" },
		/* The last is not clang's: it numbers lambdas. */
		{ "_ZZL5localiENKUliE_clEi", "local(int)::{lambda(int)#1}::operator()" },
	};
	static const char *const variants[] = { "g++ -O2 -g", "g++ -O2", "g++ -O2 -g1",
						"clang++-14 -O2 -gline-tables-only" };

	(void)state;
	build_file("cxx.cc", cxx);
	for (size_t v = 0; v < N(variants); v++) {
		build("%s -o cxx cxx.cc 2>/dev/null", variants[v]);
		for (size_t i = 0; i < N(want) - !strncmp(variants[v], "clang", 5); i++) {
			struct symbolizer *s = open_file("cxx");
			const struct symbol_name *names;

			assert_int_equal(
				symbolizer_find(s, address_of("cxx", want[i].linkage), &names), 1);
			assert_string_equal(names[0].function, want[i].function);
			if (i) /* the constructors of the object and of its base can be one */
				assert_string_equal(names[0].linkage, want[i].linkage);
			symbolizer_free(s);
		}
	}
}

static int open_result(enum module_kind kind, const char *path, const char *build_id, int fd)
{
	struct symbol_module module = { .kind = kind, .path = path, .build_id = build_id, .fd = fd };
	struct symbolizer *s = symbolizer_new(&(struct symbolizer_options){ 0 });
	const struct symbol_name *names;
	int r = symbolizer_open(s, &module);

	if (r)
		assert_int_equal(symbolizer_find(s, 0x1000, &names), 0);
	symbolizer_free(s);
	return r;
}

static void what_cannot_be_read_is_an_error_with_its_reason(void **state)
{
	(void)state;
	build("gcc -O2 -g -o full chain.c && mkfifo pipe && : >empty && echo text >text &&"
	      "gcc -c chain.c && gcc -shared -nostdlib -Wl,--build-id=none -o none.so -x c /dev/null"
	      "&& strip none.so");
	assert_int_equal(open_result(MODULE_ELF, build_path("absent"), "", -1), -ENOENT);
	assert_int_equal(open_result(MODULE_ELF, build_path("pipe"), "", -1), -EBADMSG);
	assert_int_equal(open_result(MODULE_ELF, build_path("empty"), "", -1), -EBADMSG);
	assert_int_equal(open_result(MODULE_ELF, build_path("text"), "", -1), -EBADMSG);
	assert_int_equal(open_result(MODULE_ELF, build_path("chain.o"), "", -1), -EBADMSG);
	assert_int_equal(open_result(MODULE_ELF, build_path("none.so"), "", -1), -ENODATA);
	assert_int_equal(open_result(MODULE_ELF, build_path("full"), "", -1), -ENOKEY);
	assert_int_equal(open_result(MODULE_ELF, build_path("full"), "0123", -1), -ESTALE);
	assert_int_equal(open_result(MODULE_KERNEL, "[kernel]", "", -1), -ENOENT);
	assert_int_equal(open_result(MODULE_JIT, "//anon", "", -1), -ENOENT);
	assert_int_equal(open_result(MODULE_NOTE, "[truncated]", "", -1), -ENODATA);
}

static void kernel_and_jit_modules_are_named_from_their_lists(void **state)
{
	struct symbolizer *s = symbolizer_new(&(struct symbolizer_options){ 0 });
	static const uint64_t addresses[] = { 0xffffffff810000ff, 0xffffffffc0000010 };
	struct symbol_module module = {
		.kind = MODULE_KERNEL,
		.path = "[kernel]",
		.build_id = "",
		.addresses = addresses,
		.n_addresses = 2,
	};
	const struct symbol_name *names;

	(void)state;
	build_file("kallsyms", "ffffffff81000000 T do_work\nffffffff81000100 T end\n"
			       "ffffffffc0000000 t nft_do\t[nf_tables]\n");
	build_file("perf.map", "7f0000 20 LazyCompile:*hot /srv/app.js:3\n");
	module.fd = open(build_path("kallsyms"), O_RDONLY);
	assert_int_equal(symbolizer_open(s, &module), 0);
	assert_int_equal(symbolizer_find(s, 0xffffffff810000ff, &names), 1);
	assert_string_equal(names[0].function, "do_work");
	assert_null(names[0].file);
	assert_int_equal(symbolizer_find(s, 0xffffffffc0000010, &names), 1);
	assert_string_equal(names[0].function, "nft_do");
	close(module.fd);
	module.kind = MODULE_JIT;
	module.fd = open(build_path("perf.map"), O_RDONLY);
	assert_int_equal(symbolizer_open(s, &module), 0);
	assert_int_equal(symbolizer_find(s, 0x7f001f, &names), 1);
	assert_string_equal(names[0].function, "LazyCompile:*hot /srv/app.js:3");
	assert_int_equal(symbolizer_find(s, 0x7f0020, &names), 0);
	close(module.fd);
	symbolizer_free(s);
}

static void the_vdso_is_our_own_if_the_build_id_agrees(void **state)
{
	const ElfW(Ehdr) *image = (const void *)(uintptr_t)getauxval(AT_SYSINFO_EHDR);
	struct symbolizer *s = symbolizer_new(&(struct symbolizer_options){ 0 });
	struct symbol_module module = { .kind = MODULE_VDSO, .path = "[vdso]", .fd = -1 };
	const struct symbol_name *names;
	char build_id[64] = "";
	FILE *file, *pipe;
	uint64_t at;

	(void)state;
	file = fopen(build_path("vdso.so"), "w");
	assert_int_equal(
		fwrite(image, image->e_shoff + image->e_shnum * image->e_shentsize, 1, file), 1);
	fclose(file);
	build("readelf -n vdso.so | sed -n 's/.*Build ID: //p' >vdso.id");
	pipe = fopen(build_path("vdso.id"), "r");
	assert_int_equal(fscanf(pipe, "%63s", build_id), 1);
	fclose(pipe);
	at = build_hex("nm -D vdso.so | sed -n 's/ . clock_gettime@.*//p'");
	module.build_id = build_id;
	assert_int_equal(symbolizer_open(s, &module), 0);
	assert_int_equal(symbolizer_find(s, at, &names), 1);
	assert_string_equal(names[0].function, "clock_gettime");
	build_id[0] = build_id[0] == '0' ? '1' : '0';
	assert_int_equal(symbolizer_open(s, &module), -ESTALE);
	symbolizer_free(s);
}

static int setup(void **state)
{
	int r = build_setup(state);

	if (!r)
		build_file("chain.c", chain);
	return r;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_chain_of_inlined_calls_has_the_line_of_each_level),
		cmocka_unit_test(a_stripped_program_has_the_names_it_exports),
		cmocka_unit_test(a_separate_debug_file_is_found_by_build_id),
		cmocka_unit_test(a_separate_debug_file_is_found_by_its_link),
		cmocka_unit_test(a_debug_file_of_another_build_is_not_taken),
		cmocka_unit_test(symbols_in_gnu_debugdata_are_found),
		cmocka_unit_test(of_several_symbols_the_one_that_people_use_is_chosen),
		cmocka_unit_test(linkage_stubs_are_named_after_what_they_call),
		cmocka_unit_test(cxx_names_are_readable_and_keep_what_was_linked),
		cmocka_unit_test(what_cannot_be_read_is_an_error_with_its_reason),
		cmocka_unit_test(kernel_and_jit_modules_are_named_from_their_lists),
		cmocka_unit_test(the_vdso_is_our_own_if_the_build_id_agrees),
	};

	return cmocka_run_group_tests(tests, setup, build_teardown);
}
