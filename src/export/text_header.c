/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>
#include <time.h>

#include "base/escape.h"
#include "base/human.h"
#include "export/scale.h"
#include "model/audit.h"
#include "text.h"

#define MOST_FLAWS 1 /* where they are told in brief */

static const char *meta(const struct text_subject *subject, const char *key)
{
	return dictionary_meta(model_dictionary(subject->model), key);
}

static void put_escaped(struct buf *out, const char *text)
{
	escape_text(out, text, strlen(text));
}

/* "cpu profile of sleep 5", "cpu profile of pid 812" */
static void put_target(struct buf *out, const struct text_subject *subject)
{
	const char *target = meta(subject, "command");

	buf_printf(out, "%s profile", subject->name);
	if (!target)
		target = meta(subject, "target");
	if (target && !strcmp(target, "system"))
		target = "the whole system";
	if (target) {
		buf_puts(out, " of ");
		put_escaped(out, target);
	}
	buf_puts(out, "\n");
}

/* In UTC, so that a recording reads the same wherever it is opened. */
static void put_date(struct buf *out, uint64_t wall_ns)
{
	time_t seconds = (time_t)(wall_ns / 1000000000u);
	struct tm tm;
	char text[64];

	if (!wall_ns || !gmtime_r(&seconds, &tm) ||
	    !strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &tm))
		return;
	buf_printf(out, " %s", text);
}

static void put_host(struct buf *out, const struct text_subject *subject)
{
	static const struct {
		const char *key, *before, *after;
	} parts[] = {
		{ "kernel", "Linux ", "" },
		{ "machine", "", "" },
		{ "cpus", "", " CPUs" },
	};
	const char *between = " (";

	if (!meta(subject, "host"))
		return;
	buf_puts(out, " on ");
	put_escaped(out, meta(subject, "host"));
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		const char *value = meta(subject, parts[i].key);

		if (!value)
			continue;
		buf_printf(out, "%s%s", between, parts[i].before);
		put_escaped(out, value);
		buf_puts(out, parts[i].after);
		between = ", ";
	}
	if (*between == ',')
		buf_puts(out, ")");
}

static void put_circumstances(struct buf *out, const struct text_subject *subject)
{
	char duration[HUMAN_SIZE];

	buf_puts(out, "recorded");
	put_date(out, subject->time_ns);
	put_host(out, subject);
	if (subject->time_ns || subject->duration_ns)
		buf_printf(out, ", %s", human_duration(duration, subject->duration_ns));
	else /* little of it is left */
		buf_puts(out, ", for how long is not known");
	if (meta(subject, "hz")) {
		buf_puts(out, ", ");
		put_escaped(out, meta(subject, "hz"));
		buf_puts(out, " samples a second");
	}
	if (meta(subject, "event")) {
		buf_puts(out, " of ");
		put_escaped(out, meta(subject, "event"));
	}
	buf_puts(out, "\n");
}

/* "samples 1984, cpu 20.04s (200.0% of one CPU)" */
static void put_totals(struct buf *out, const struct profile *profile)
{
	for (size_t i = 0; i < profile->n_types; i++) {
		int64_t total = profile_total(profile, i);

		buf_printf(out, "%s%s ", i ? ", " : "", profile->types[i].type);
		scale_value(out, profile->types[i].unit, total);
		if (profile->duration_ns && !strcmp(profile->types[i].type, "cpu"))
			buf_printf(out, " (%.1f%% of one CPU)",
				   100.0 * (double)total / (double)profile->duration_ns);
	}
	buf_puts(out, "\n");
}

static void put_filter(struct buf *out, const struct profile *profile, const char *filter)
{
	size_t type = profile->default_type;
	int64_t total = profile_total(profile, type), all = profile->unfiltered[type];

	if (!filter || !*filter)
		return;
	buf_printf(out, "filter %s: ", filter);
	scale_value(out, profile->types[type].unit, total);
	buf_puts(out, " of ");
	scale_value(out, profile->types[type].unit, all);
	buf_printf(out, " left (%.2f%%)\n", human_percent(total, all));
}

static void put_trigger(struct buf *out, const struct text_subject *subject)
{
	struct buf text = { 0 };

	if (audit_trigger(subject->model, &text))
		buf_printf(out, "triggered by %s\n", buf_str(&text));
	buf_release(&text);
}

void text_subject(struct buf *out, const struct text_subject *subject)
{
	put_target(out, subject);
	put_circumstances(out, subject);
	put_trigger(out, subject);
}

void text_notes(struct buf *out, const struct audit *notes)
{
	const struct audit_line *line;

	array_for_each(line, &notes->lines)
		buf_printf(out, "%s%s\n", line->is_flaw ? "! " : "", line->text);
}

void text_header(struct buf *out, const struct profile *profile,
		 const struct report_options *options)
{
	struct text_subject subject = { profile->name, profile->model, profile->time_ns,
					profile->duration_ns };

	text_subject(out, &subject);
	put_totals(out, profile);
	put_filter(out, profile, options->filter);
	text_notes(out, &profile->notes);
}

void text_audit(struct buf *out, const struct audit *audit)
{
	const struct audit_line *line;

	if (!audit || !audit->lines.n)
		return;
	buf_puts(out, "\nself-audit\n");
	array_for_each(line, &audit->lines)
		buf_printf(out, "  %s %s\n", line->is_flaw ? "!" : " ", line->text);
}

void text_flaws(struct buf *out, const struct audit *audit)
{
	const struct audit_line *line;
	size_t n = 0;

	if (!audit)
		return;
	array_for_each(line, &audit->lines) {
		if (line->is_flaw && n++ < MOST_FLAWS)
			buf_printf(out, "! %s\n", line->text);
	}
	if (n > MOST_FLAWS)
		buf_printf(out, "! and %zu more: any report ends with them all\n", n - MOST_FLAWS);
}
