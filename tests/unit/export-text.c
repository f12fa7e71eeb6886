/* SPDX-License-Identifier: GPL-2.0-only */
/* What text is made of: scaled values, names that fit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/human.h"
#include "export/exporter.h"
#include "export/scale.h"
#include "export/text.h"

static void assert_value(const char *unit, int64_t value, const char *expected)
{
	struct buf out = { 0 };

	scale_value(&out, unit, value);
	assert_string_equal(buf_str(&out), expected);
	buf_release(&out);
}

static void values_get_the_unit_that_suits_them(void **state)
{
	(void)state;
	assert_value("nanoseconds", 0, "0");
	assert_value("nanoseconds", 999, "999ns");
	assert_value("nanoseconds", 1500, "1.50us");
	assert_value("nanoseconds", 12340000, "12.34ms");
	assert_value("nanoseconds", 3723000000000, "3723.00s");
	assert_value("nanoseconds", -1500000000, "-1.50s");
	assert_value("bytes", 1023, "1023B");
	assert_value("bytes", 1536, "1.50kB");
	assert_value("bytes", 3ll << 30, "3.00GB");
	assert_value("count", 1234567, "1234567");
	assert_value("furlongs", 12, "12");
}

static void a_column_has_one_unit(void **state)
{
	struct scale scale = scale_for("nanoseconds", 2000000000);
	struct buf out = { 0 };

	(void)state;
	scale_format(&out, &scale, 10000000);
	assert_string_equal(buf_str(&out), "0.01s");
	buf_release(&out);
}

static void nothing_is_no_share_of_nothing(void **state)
{
	(void)state;
	assert_true(human_percent(0, 0) == 0);
	assert_true(human_percent(1, 4) == 25);
}

static void assert_fits(const char *name, size_t width, const char *expected)
{
	struct buf out = { 0 };

	text_fit_name(&out, name, width);
	assert_string_equal(buf_str(&out), expected);
	buf_release(&out);
}

static void names_are_padded_or_cut_to_fit(void **state)
{
	(void)state;
	assert_fits("main", 0, "main");
	assert_fits("main", 4, "main");
	assert_fits("main", 6, "main  ");
	assert_fits("do_something", 6, "do_so…");
	assert_fits("größer", 6, "größer");
	assert_fits("größere", 6, "größe…");
}

static void template_arguments_go_first(void **state)
{
	(void)state;
	assert_fits("std::map<int, std::less<int> >::find", 20, "std::map<…>::find   ");
	assert_fits("std::vector<int>::operator[]", 25, "std::vector<…>::operator…");
	assert_fits("operator<< <char, std::char_traits<char> >", 20, "operator<< <…>      ");
	assert_fits("a<b>::operator->(some, long, arguments)", 18, "a<…>::operator->(…");
	assert_fits("a<b<c>::d", 4, "a<…>");
	assert_fits("a>b>c>d>e", 5, "a>b>…");
}

static void the_longest_suffix_picks_the_format(void **state)
{
	(void)state;
	assert_string_equal(exporter_for_path("a.pb.gz")->name, "pprof");
	assert_string_equal(exporter_for_path("/tmp/x.folded")->name, "folded");
	assert_null(exporter_for_path("folded"));
	assert_null(exporter_for_path(".folded"));
	assert_null(exporter_for_path("a.gz"));
	assert_null(exporter_find("paper"));
	assert_string_equal(exporter_find("folded")->name, "folded");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_get_the_unit_that_suits_them),
		cmocka_unit_test(a_column_has_one_unit),
		cmocka_unit_test(nothing_is_no_share_of_nothing),
		cmocka_unit_test(names_are_padded_or_cut_to_fit),
		cmocka_unit_test(template_arguments_go_first),
		cmocka_unit_test(the_longest_suffix_picks_the_format),
	};

	return cmocka_run_group_tests_name("export-text", tests, NULL, NULL);
}
