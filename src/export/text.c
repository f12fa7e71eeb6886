/* SPDX-License-Identifier: GPL-2.0-only */
#include "text.h"

#include <errno.h>

#include "base/escape.h"

void text_fit(struct buf *out, const char *text, size_t width)
{
	size_t n = utf8_length(text);

	if (width == 0 || n == width) {
		buf_puts(out, text);
	} else if (n < width) {
		buf_printf(out, "%s%*s", text, (int)(width - n), "");
	} else {
		buf_add(out, text, utf8_prefix(text, width - 1));
		buf_puts(out, "…");
	}
}

/* Where an operator ends that @at begins, such as `operator<<`; @at itself if none does. */
static const char *skip_operator(const char *at)
{
	static const char word[] = "operator";

	if (strncmp(at, word, strlen(word)) != 0)
		return at;
	at += strlen(word);
	return at + strspn(at, "<>=-");
}

/* `std::vector<int, std::allocator<int> >::push_back` → `std::vector<…>::push_back` */
static void without_arguments(struct buf *out, const char *name)
{
	size_t depth = 0;

	while (*name) {
		const char *end = skip_operator(name);

		if (end == name)
			end++;
		if (end == name + 1 && *name == '<' && depth++ == 0)
			buf_puts(out, "<…>");
		else if (end == name + 1 && *name == '>' && depth > 0)
			depth--;
		else if (depth == 0)
			buf_add(out, name, (size_t)(end - name));
		name = end;
	}
}

void text_fit_name(struct buf *out, const char *name, size_t width)
{
	struct buf brief = { 0 };

	if (width == 0 || utf8_length(name) <= width) {
		text_fit(out, name, width);
		return;
	}
	without_arguments(&brief, name);
	text_fit(out, buf_str(&brief), width);
	buf_release(&brief);
}

#define HEADING "\033[1m"
#define FLAW    "\033[33m"
#define PLAIN   "\033[0m"

static const char *colour_of(const char *line, bool is_heading)
{
	line += strspn(line, " ");
	if (!strncmp(line, "! ", 2))
		return FLAW;
	return is_heading && *line != '\n' ? HEADING : NULL;
}

/* @text without its last line end, which always is one. */
static void paint(struct buf *out, const char *text)
{
	bool is_heading = true;

	while (*text) {
		const char *colour = colour_of(text, is_heading);
		size_t size = strcspn(text, "\n");

		is_heading = size == 0;
		buf_puts(out, colour ? colour : "");
		buf_add(out, text, size);
		buf_printf(out, "%s\n", colour ? PLAIN : "");
		text += size + (text[size] == '\n');
	}
}

int text_write(const struct buf *text, bool has_colour, FILE *out)
{
	struct buf plain = { 0 }, painted = { 0 };
	int error = 0;

	buf_add(&plain, text->data, text->size);
	if (has_colour)
		paint(&painted, buf_str(&plain));
	else
		buf_add(&painted, text->data, text->size);
	errno = 0;
	if (fwrite(painted.data, 1, painted.size, out) != painted.size)
		error = errno ? -errno : -EIO;
	buf_release(&plain);
	buf_release(&painted);
	return error;
}

int report_text(const struct profile *profile, const struct report_options *options, FILE *out,
		struct buf *message)
{
	struct buf text = { 0 };
	int error = 0;

	text_header(&text, profile, options);
	if (profile->rows.n == 0)
		buf_puts(&text, options->filter && *options->filter ?
					"\nNo samples: the filters leave nothing.\n" :
					"\nNo samples.\n");
	else if (options->view == REPORT_TABLE)
		text_table(&text, profile, options);
	else
		error = text_trees(&text, profile, options, message);
	text_audit(&text, profile->audit);
	if (!error)
		error = text_write(&text, options->has_colour, out);
	buf_release(&text);
	return error;
}
