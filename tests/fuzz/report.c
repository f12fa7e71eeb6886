/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Any recording, behind a line with filters ("process=a cpu=1"), through every
 * output; what is left of the samples must add up everywhere.
 */
#include <stdint.h>
#include <stdio.h>

#include "analysis/analysis.h"
#include "analysis/diagnose.h"
#include "base/mem.h"
#include "event/text.h"
#include "export/diff.h"
#include "export/exporter.h"
#include "export/report.h"
#include "export/sheets.h"
#include "model/audit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void set_filters(struct filter *filter, char *line)
{
	struct buf message = { 0 };
	char *word;

	while ((word = strsep(&line, " "))) {
		char *name = strsep(&word, "=");

		filter_set(filter, name, word ? word : "", &message);
	}
	filter_bind(filter, 1000000000, 3000000000);
	buf_release(&message);
}

static void check_sums(const struct profile *profile)
{
	int64_t total = profile_total(profile, 0), flat = 0;
	const struct table_row *row;
	struct table table;

	table_build(&table, profile, TABLE_FUNCTION);
	array_for_each(row, &table.rows) {
		flat += row->flat[0];
		if (row->cum[0] < row->flat[0] || row->cum[0] > total)
			__builtin_trap();
	}
	if (flat != total)
		__builtin_trap();
	table_release(&table);
}

static void print_all(const struct profile *profile, FILE *out)
{
	struct report_options options = { .function = ".", .width = 80, .n_rows = 20 };
	const struct exporter *exporter;
	struct buf message = { 0 };

	options.value = profile->n_types > 1; /* the second where there are two */
	for (int key = TABLE_FUNCTION; key <= TABLE_STACK; key++) {
		options.key = (enum table_key)key;
		for (int view = REPORT_TABLE; view <= REPORT_CALLEES; view++) {
			options.view = (enum report_view)view;
			report_text(profile, &options, out, &message);
		}
	}
	options.key = TABLE_LINE;
	report_json(profile, &options, out, &message);
	for (exporter = exporters; exporter->name; exporter++) {
		if (exporter->profile)
			exporter->profile(profile, &(struct export_options){ -1 }, out);
	}
	buf_release(&message);
}

/* Against itself, with half of its rows: so names are on both sides, and on one. */
static void print_differences(const struct profile *profile, FILE *out)
{
	struct diff_text_options options = { .paths = { "old", "new" }, .filter = "", .width = 80 };
	struct profile older = *profile;

	older.rows.n /= 2;
	for (int scale = DIFF_SHARE; scale <= DIFF_RUN; scale++) {
		struct diff_options what = { .key = scale == DIFF_RUN ? TABLE_LINE : TABLE_FUNCTION,
					     .scale = (enum diff_scale)scale,
					     .value = profile->n_types > 1,
					     .by_cum = scale == DIFF_RUN };
		struct diff diff;

		diff_build(&diff, &older, profile, &what);
		diff_text(&diff, &options, out);
		diff_json(&diff, &options, out);
		diff_svg(&diff, &options, out);
		diff_html(&diff, &options, out);
		diff_release(&diff);
	}
}

static void print_sheets(const struct analysis *analysis, void *state, const struct audit *audit,
			 FILE *out)
{
	struct sheet_options options = { .width = 80 };
	struct sheets sheets;

	analysis->sheets(state, &sheets);
	sheets.audit = audit;
	sheets_text(&sheets, &options, out);
	sheets_json(&sheets, &options, out);
	sheets_release(&sheets);
}

static void run(const struct analysis *analysis, bool is_profile, const char *text,
		struct filter *filter, FILE *out)
{
	struct model *model = model_new();
	struct sched *sched = sched_new(model);
	struct analysis_input input = { model, sched, filter };
	void *state = analysis->begin(&input);
	struct buf message = { 0 };
	struct audit audit = { 0 };
	struct profile profile;

	event_assemble(text, model_sink(model), &message);
	sched_finish(sched);
	audit_collect(&audit, model);
	if (analysis->lack && analysis->lack(state)) {
		analysis_discard(analysis, state);
	} else if (is_profile) {
		analysis_finish(analysis, state, filter, &profile);
		profile.audit = &audit;
		check_sums(&profile);
		print_all(&profile, out);
		print_differences(&profile, out);
		profile_release(&profile);
	} else {
		print_sheets(analysis, state, &audit, out);
	}
	audit_release(&audit);
	buf_release(&message);
	sched_free(sched);
	model_free(model);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = xstrndup((const char *)data, size), *rest = text;
	char *line = strsep(&rest, "\n");
	struct filter filter = { 0 };
	FILE *out = fopen("/dev/null", "w");

	if (rest && out) {
		set_filters(&filter, line);
		for (const struct analysis *a = analyses; a->name; a++) {
			if (a->profile)
				run(a, true, rest, &filter, out);
			if (a->sheets)
				run(a, false, rest, &filter, out);
		}
		run(&diagnose, false, rest, &filter, out);
		filter_release(&filter);
	}
	fclose(out);
	free(text);
	return 0;
}
