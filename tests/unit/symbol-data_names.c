/* SPDX-License-Identifier: GPL-2.0-only */
/* Addresses in static data have the names that people use in the source. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>

#include "build.h"
#include "event/definer.h"
#include "symbol/symbolizer.h"

static uint64_t address_of(const char *file, const char *symbol)
{
	return build_hex("nm %s | sed -n 's/ [a-zA-Z] %s$//p'", file, symbol);
}

/* What @address of @file is called; NULL: nothing. */
static void assert_named(const char *file, uint64_t address, const char *want)
{
	struct symbol_module module = { .kind = MODULE_ELF,
					.path = build_path(file),
					.build_id = "" };
	struct symbolizer *s = symbolizer_new(&(struct symbolizer_options){ 0 });
	const struct symbol_name *names;
	size_t n;

	module.fd = open(module.path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(symbolizer_open(s, &module), 0);
	n = symbolizer_find(s, address, &names);
	if (want) {
		assert_int_equal(n, 1);
		assert_string_equal(names[0].function, want);
	} else {
		assert_true(!n || is_place(names[0].function));
	}
	symbolizer_free(s);
	close(module.fd);
}

static const char c_source[] =
	"#include <pthread.h>\n"
	"struct slot { long n; pthread_mutex_t lock; pthread_rwlock_t rw; };\n"
	"struct server { int version; struct slot pool[4]; struct { int m[2][3]; } grid;\n"
	"	union { int a; long b; } either; };\n"
	"struct server g_server = { 1 };\n"
	"static const volatile struct slot only = { 2 };\n"
	"int plain = 3;\n"
	"pthread_mutex_t g_lock;\n"
	"long use(void) { static struct slot mine = { 4 }; return ++mine.n + only.n; }\n"
	"int main(void) { g_server.version = plain; return (int)use(); }\n";

static void build_c(const char *file, const char *flags)
{
	build_file("data.c", c_source);
	build("gcc -O1 %s -o %s data.c 2>&1", flags, file);
}

static void members_lead_to_a_lock(void **state)
{
	static const char *const flags[] = { "-gdwarf-2", "-gdwarf-3", "-gdwarf-4", "-gdwarf-5",
					     "-g -static" };

	(void)state;
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		uint64_t server;

		build_c("data", flags[i]);
		server = address_of("data", "g_server");
		assert_named("data", server, "g_server.version");
		/* A slot is 8 bytes, a mutex of 40 and a rwlock of 56. */
		assert_named("data", server + 8, "g_server.pool[0].n");
		assert_named("data", server + 8 + 8, "g_server.pool[0].lock");
		assert_named("data", server + 8 + 3 * 104 + 8, "g_server.pool[3].lock");
		assert_named("data", server + 8 + 3 * 104 + 8 + 8, "g_server.pool[3].lock");
		assert_named("data", server + 8 + 2 * 104 + 8 + 40 + 12, "g_server.pool[2].rw");
		assert_named("data", server + 8 + 4 * 104 + 16, "g_server.grid.m[1][1]");
		assert_named("data", address_of("data", "only") + 8, "only.lock");
		assert_named("data", address_of("data", "plain"), "plain");
		assert_named("data", address_of("data", "plain") + 1, "plain+0x1");
		assert_named("data", address_of("data", "g_lock") + 16, "g_lock");
	}
}

static void what_is_not_sure_is_an_offset(void **state)
{
	uint64_t server;

	(void)state;
	build_c("data", "-g");
	server = address_of("data", "g_server");
	/* Of a union nobody knows which; between members there is nothing. */
	assert_named("data", server + 8 + 4 * 104 + 24, "g_server.either");
	assert_named("data", server + 8 + 4 * 104 + 26, "g_server.either+0x2");
	assert_named("data", server + 4, "g_server+0x4");
}

static void statics_of_functions_are_found(void **state)
{
	uint64_t mine;

	(void)state;
	build_c("data", "-g");
	build("objcopy --redefine-sym $(nm data | grep -o 'mine[.0-9]*$')=mine.0 data named");
	mine = address_of("named", "mine\\.0");
	assert_named("named", mine + 8, "mine.0.lock");
}

static void without_debug_information_the_symbol_and_an_offset_are_left(void **state)
{
	uint64_t server;

	(void)state;
	build_c("data", "");
	server = address_of("data", "g_server");
	assert_named("data", server, "g_server");
	assert_named("data", server + 0x40, "g_server+0x40");
	build("cp data bare && strip bare");
	assert_named("bare", server + 0x40, NULL);
}

static void code_stays_code(void **state)
{
	(void)state;
	build_c("data", "-g");
	assert_named("data", address_of("data", "main"), "main");
}

static void members_of_classes_are_found_up_to_the_library(void **state)
{
	uint64_t cache;

	(void)state;
	build_file("data.cc", "#include <mutex>\n"
			      "#include <shared_mutex>\n"
			      "namespace app {\n"
			      "struct base { long n = 1; std::mutex lock; };\n"
			      "struct lru { int size = 2; std::mutex lock; };\n"
			      "struct cache : base { lru recent; std::shared_mutex all; };\n"
			      "cache g_cache;\n"
			      "struct one { static std::mutex lock; };\n"
			      "std::mutex one::lock;\n"
			      "}\n"
			      "int main() { std::lock_guard<std::mutex> a(app::g_cache.lock);\n"
			      "	std::lock_guard<std::mutex> b(app::one::lock); }\n");
	build("g++ -std=c++17 -g -O1 -o data data.cc 2>&1");
	cache = address_of("data", "_ZN3app7g_cacheE");
	assert_named("data", cache + 8, "app::g_cache.lock");
	assert_named("data", cache + 8 + 40 + 8, "app::g_cache.recent.lock");
	assert_named("data", cache + 8 + 40 + 48 + 12, "app::g_cache.all");
	assert_named("data", address_of("data", "_ZN3app3one4lockE"), "app::one::lock");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_lead_to_a_lock),
		cmocka_unit_test(what_is_not_sure_is_an_offset),
		cmocka_unit_test(statics_of_functions_are_found),
		cmocka_unit_test(without_debug_information_the_symbol_and_an_offset_are_left),
		cmocka_unit_test(code_stays_code),
		cmocka_unit_test(members_of_classes_are_found_up_to_the_library),
	};

	return cmocka_run_group_tests(tests, build_setup, build_teardown);
}
