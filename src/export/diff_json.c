/* SPDX-License-Identifier: GPL-2.0-only */
#include "export/diff.h"
#include "json.h"

static json_t *side_of(const struct diff *diff, const struct diff_text_options *options,
		       enum diff_side side)
{
	const struct profile *profile = diff->sides[side];
	json_t *ret = json_object();

	json_object_set_new(ret, "path", json_string(options->paths[side]));
	json_object_set_new(ret, "time_ns", json_number(profile->time_ns));
	json_object_set_new(ret, "duration_ns", json_number(profile->duration_ns));
	json_object_set_new(ret, "total",
			    json_integer(profile_total(profile, diff->options.value)));
	json_object_set_new(ret, "recording", json_recording(profile->model));
	json_object_set_new(ret, "audit", json_audit(profile->model, profile->audit));
	return ret;
}

static json_t *row_of(const struct diff_row *row)
{
	json_t *ret = json_object();

	json_object_set_new(ret, "name", json_string(row->name));
	json_set_text(ret, "module", row->module);
	json_set_text(ret, "file", row->file);
	if (row->line)
		json_object_set_new(ret, "line", json_integer(row->line));
	if (row->is_in[DIFF_OLD])
		json_object_set_new(ret, "old", json_real(row->amounts[DIFF_OLD]));
	if (row->is_in[DIFF_NEW])
		json_object_set_new(ret, "new", json_real(row->amounts[DIFF_NEW]));
	json_object_set_new(ret, "diff", json_real(diff_of(row)));
	json_object_set_new(ret, "noise", json_real(row->noise));
	json_object_set_new(ret, "is_noise", json_boolean(diff_is_noise(row)));
	return ret;
}

static const char *scale_name(enum diff_scale scale)
{
	static const char *const names[] = {
		[DIFF_TIME] = "time", [DIFF_SHARE] = "share", [DIFF_RUN] = "run"
	};

	return names[scale];
}

int diff_json(const struct diff *diff, const struct diff_text_options *options, FILE *out)
{
	const struct value_type *type = &diff->sides[DIFF_OLD]->types[diff->options.value];
	json_t *root = json_object(), *rows = json_array();
	const struct diff_row *row;

	array_for_each(row, &diff->rows) {
		if (options->n_rows && json_array_size(rows) >= options->n_rows)
			break;
		json_array_append_new(rows, row_of(row));
	}
	json_object_set_new(root, "profile", json_string(diff->sides[DIFF_OLD]->name));
	json_object_set_new(root, "filter", json_string(options->filter));
	json_object_set_new(root, "value", json_string(type->type));
	json_object_set_new(root, "unit",
			    json_string(diff->options.scale == DIFF_SHARE ? "percent" :
									    type->unit));
	json_object_set_new(root, "scale", json_string(scale_name(diff->options.scale)));
	json_object_set_new(root, "measure", json_string(diff->options.by_cum ? "cum" : "flat"));
	json_object_set_new(root, "old", side_of(diff, options, DIFF_OLD));
	json_object_set_new(root, "new", side_of(diff, options, DIFF_NEW));
	json_object_set_new(root, "total", row_of(&diff->total));
	json_object_set_new(root, "rows", rows);
	return json_finish(root, out);
}
