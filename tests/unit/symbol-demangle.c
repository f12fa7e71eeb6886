/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <time.h>

#include "base/mem.h"
#include "symbol/demangle.h"
#include "symbol/symbolizer.h"

static void assert_readable(const char *name, const char *want)
{
	struct buf readable = { 0 };

	assert_true(demangle(name, &readable));
	assert_string_equal(buf_str(&readable), want);
	buf_release(&readable);
}

static void assert_plain(const char *name)
{
	struct buf readable = { 0 };

	assert_false(demangle(name, &readable));
	assert_int_equal(readable.size, 0);
	buf_release(&readable);
}

static void cxx_names_lose_their_parameters(void **state)
{
	(void)state;
	assert_readable("_Z3fooiPKc", "foo");
	assert_readable("_ZNSt6vectorIiSaIiEE9push_backERKi",
			"std::vector<int, std::allocator<int> >::push_back");
	assert_readable("_ZN12_GLOBAL__N_13fooEv", "(anonymous namespace)::foo");
	assert_readable("_ZN3FooC1Ev", "Foo::Foo");
	assert_readable("_ZN3FooD4Ev", "Foo::~Foo");
	assert_readable("_ZlsRSoRK3Foo", "operator<<");
	assert_readable("_ZTv0_n24_N1A1fEv", "virtual thunk to A::f()");
}

static void rust_names_of_both_schemes_lose_their_hash(void **state)
{
	(void)state;
	assert_readable("_ZN4core3ops8function6FnOnce9call_once17h0123456789abcdefE",
			"core::ops::function::FnOnce::call_once");
	assert_readable("_ZN29_$LT$r..S$u20$as$u20$r..T$GT$2go17h25c309bf085f775aE",
			"<r::S as r::T>::go");
	assert_readable("_RNvCs1234_7mycrate3foo", "mycrate::foo");
	assert_readable("_RINvNtC3std3mem8align_ofNtNtC3std3fmt5ErrorEC7mycrate",
			"std::mem::align_of::<std::fmt::Error>");
}

static void names_that_were_not_mangled_stay(void **state)
{
	(void)state;
	assert_plain("");
	assert_plain("_");
	assert_plain("_Z");
	assert_plain("_R");
	assert_plain("main");
	assert_plain("__libc_start_main");
	assert_plain("_start");
	assert_plain("main.(*T).Work");
	assert_plain("_Zebra");
	assert_plain("_Rust");
}

/* The name that @head and enough of @unit make. */
static char *long_name(const char *head, const char *unit, size_t size)
{
	struct buf name = { 0 };

	buf_puts(&name, head);
	while (name.size < size)
		buf_puts(&name, unit);
	buf_str(&name);
	return (char *)name.data;
}

static void names_made_to_explode_end_soon_in_little_memory(void **state)
{
	static const char *const units[] = { "P",    "I1AI",    "N",    "N1a", "X",    "FvP",
					     "JLP",  "1AIS_S_", "S_S_", "T_",  "Dp",   "L_Z1f",
					     "plpl", "cv",      "sr",   "M1a", "A_",   "Z1f",
					     "U1aI", "IJ",      "KReK", "FE",  "TRB_", "NvB_",
					     "TA",   "INvC",    "Y",    "B_" };
	static const char *const heads[] = { "_Z", "_Z1f", "_Z1fI",     "_ZN",
					     "_R", "_RNv", "_RINvC1a1b" };
	static const size_t sizes[] = { 900, 1100, 8000, 100000 };
	struct buf readable = { 0 };
	clock_t start = clock();

	(void)state;
	for (size_t i = 0; i < 28 * 7 * 4; i++) {
		char *name = long_name(heads[i / 28 % 7], units[i % 28], sizes[i / 28 / 7]);

		demangle(name, &readable);
		assert_in_range(readable.size, 0, SYMBOL_TEXT_MAX);
		free(name);
	}
	assert_in_range((clock() - start) / CLOCKS_PER_SEC, 0, 10);
	buf_release(&readable);
}

static void long_names_of_real_programs_are_readable(void **state)
{
	char *name = long_name("_ZN", "12abcdefghijkl", 3000);
	struct buf readable = { 0 };
	struct buf whole = { 0 };

	(void)state;
	buf_puts(&whole, name);
	buf_puts(&whole, "Ev");
	assert_true(demangle(buf_str(&whole), &readable));
	assert_memory_equal(readable.data, "abcdefghijkl::abcdefghijkl::", 28);
	buf_release(&whole);
	buf_release(&readable);
	free(name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cxx_names_lose_their_parameters),
		cmocka_unit_test(rust_names_of_both_schemes_lose_their_hash),
		cmocka_unit_test(names_that_were_not_mangled_stay),
		cmocka_unit_test(names_made_to_explode_end_soon_in_little_memory),
		cmocka_unit_test(long_names_of_real_programs_are_readable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
