/* SPDX-License-Identifier: GPL-2.0-only */
#include "serve_views.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/human.h"
#include "export/diff.h"
#include "export/sheets.h"
#include "session.h"

#define ROWS 60

/* "sysprof report mutex -i -" is for who has the file; here there is a path of that name. */
static void point_to_path(char **command)
{
	static const char report[] = "sysprof report ";
	char *text = *command;

	if (!text || strncmp(text, report, strlen(report)) != 0)
		return;
	text += strlen(report);
	text = xasprintf("next: %.*s", (int)strcspn(text, " "), text);
	free(*command);
	*command = text;
}

static void point_to_paths(struct sheets *sheets)
{
	struct sheet *sheet;

	array_for_each(sheet, &sheets->sheets) {
		for (size_t i = 0; i < sheet->cells.n; i++) {
			const char *key = sheet->columns[i % sheet->n_columns].key;

			if (key && !strcmp(key, "command"))
				point_to_path(&sheet->cells.items[i].text);
		}
	}
}

int views_table(const struct analysis *analysis, struct filter *filter, bool is_json, FILE *out)
{
	struct sheet_options options = { .filter = buf_str(&filter->text), .is_brief = true };
	struct session session = { 0 };
	struct sheets sheets;
	int error = session_open(&session, "-");

	if (!error)
		error = session_sheets(&session, analysis, filter, &sheets);
	if (error)
		return error;
	point_to_paths(&sheets);
	return (is_json ? sheets_json : sheets_text)(&sheets, &options, out);
}

static int write_comparison(const struct profile profiles[DIFF_N_SIDES],
			    const struct serve_request *request, FILE *out)
{
	struct diff_options options = {
		.key = TABLE_FUNCTION,
		.scale = DIFF_TIME,
		.value = profiles[DIFF_NEW].default_type,
	};
	char before[HUMAN_SIZE], span[HUMAN_SIZE];
	char *older = xasprintf("%s before", human_duration(before, request->before_ns));
	char *newer = xasprintf("the last %s", human_duration(span, request->span_ns));
	struct diff_text_options text = { .paths = { older, newer },
					  .filter = request->focus,
					  .n_rows = ROWS };
	struct diff diff;
	int error;

	diff_build(&diff, &profiles[DIFF_OLD], &profiles[DIFF_NEW], &options);
	error = (request->form == SERVE_SVG ? diff_svg : diff_text)(&diff, &text, out);
	diff_release(&diff);
	free(older);
	free(newer);
	return error;
}

int views_comparison(const struct analysis *analysis, struct filter filters[DIFF_N_SIDES],
		     const struct serve_request *request, FILE *out)
{
	struct session sessions[DIFF_N_SIDES] = { 0 };
	struct profile profiles[DIFF_N_SIDES];

	for (int side = 0; side < DIFF_N_SIDES; side++) {
		int error = lseek(STDIN_FILENO, 0, SEEK_SET) ? -errno : 0;

		if (!error)
			error = session_open(&sessions[side], "-");
		if (!error)
			error = session_profile(&sessions[side], analysis, &filters[side],
						&profiles[side]);
		if (error)
			return error;
		if (!profiles[side].duration_ns)
			return err(-ENODATA, "nothing was recorded in one of the two windows");
	}
	return write_comparison(profiles, request, out);
}
