/* SPDX-License-Identifier: GPL-2.0-only */
#include "flame.h"

#include <math.h>

#include "base/escape.h"
#include "flame_text.h"
#include "text.h"
#include "xml.h"

#define ROW       17 /* pixels, of which a box leaves one free */
#define LINE      16 /* of the lines above and below */
#define MARGIN    10
#define ADVANCE   7.23 /* of a letter of 12 pixels in the widest of the usual monospaced fonts */
#define ROOM      6    /* beside a box's label */
#define LABEL_MIN 3    /* letters; fewer say nothing */
#define NAME_MAX  1000 /* letters of a name in a title */

static size_t count_lines(const char *text)
{
	size_t n = 0;

	for (const char *at = text; *at; at++)
		n += *at == '\n';
	return n;
}

static unsigned int top_of_boxes(const struct flame_picture *picture)
{
	return MARGIN + LINE * ((unsigned int)count_lines(picture->head) + 1);
}

/* Lines of text that begin at @y. */
struct lines {
	FILE *out;
	unsigned int y;
	bool has_heading; /* the first is one */
};

static void put_line(struct lines *lines, const char *text, size_t size)
{
	struct buf line = { 0 }, fitted = { 0 };
	size_t room = (size_t)((FLAME_WIDTH - 2 * MARGIN) / ADVANCE);

	buf_add(&line, text, size);
	lines->y += LINE;
	text_fit(&fitted, buf_str(&line), utf8_length(buf_str(&line)) > room ? room : 0);
	fprintf(lines->out, "<text %sx=\"%d\" y=\"%u\">",
		lines->has_heading ? "class=\"heading\" " : "", MARGIN, lines->y);
	lines->has_heading = false;
	xml_text(lines->out, buf_str(&fitted));
	fputs("</text>\n", lines->out);
	buf_release(&line);
	buf_release(&fitted);
}

static void put_lines(struct lines *lines, const char *text)
{
	const char *end;

	for (; (end = strchr(text, '\n')); text = end + 1)
		put_line(lines, text, (size_t)(end - text));
}

static void append_flaws(struct buf *out, const struct audit *audit)
{
	const struct audit_line *line;

	if (!audit)
		return;
	array_for_each(line, &audit->lines) {
		if (line->is_flaw)
			buf_printf(out, "! %s\n", line->text);
	}
}

static void append_foot(struct buf *out, const struct flame_picture *picture)
{
	if (picture->n_left_out)
		buf_printf(out, "%zu boxes narrower than %.2g%% are left out, with what is below\n",
			   picture->n_left_out, 100 * FLAME_NARROWEST);
	append_flaws(out, picture->audit);
}

static unsigned int height_of(const struct flame_picture *picture)
{
	struct buf foot = { 0 };
	size_t n_lines;

	append_foot(&foot, picture);
	n_lines = count_lines(buf_str(&foot));
	buf_release(&foot);
	return top_of_boxes(picture) + picture->n_levels * ROW + (unsigned int)n_lines * LINE +
	       2 * MARGIN;
}

void flame_begin(const struct flame_picture *picture, FILE *out)
{
	struct lines lines = { .out = out, .y = MARGIN, .has_heading = true };
	unsigned int height = height_of(picture);

	fprintf(out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n"
		"<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"flame\" width=\"%d\" "
		"height=\"%u\">\n",
		FLAME_WIDTH, height);
	fprintf(out, "<style><![CDATA[\n%s]]></style>\n", flame_style);
	fputs("<rect class=\"back\" width=\"100%\" height=\"100%\"/>\n", out);
	put_lines(&lines, picture->head);
	fprintf(out, "<svg class=\"boxes\" y=\"%u\" width=\"100%%\" height=\"%u\">\n",
		top_of_boxes(picture), picture->n_levels * ROW);
}

static void put_label(const struct flame_box *box, FILE *out)
{
	double room = (box->width * FLAME_WIDTH - ROOM) / ADVANCE;
	struct buf label = { 0 };

	if (room < LABEL_MIN)
		return;
	text_fit_name(&label, box->name, utf8_length(box->name) > (size_t)room ? (size_t)room : 0);
	fputs("<text x=\"3\" y=\"12\">", out);
	xml_text(out, buf_str(&label));
	fputs("</text>", out);
	buf_release(&label);
}

static void put_title(const struct flame_box *box, FILE *out)
{
	struct buf name = { 0 };

	text_fit_name(&name, box->name, utf8_length(box->name) > NAME_MAX ? NAME_MAX : 0);
	fputs("<title>", out);
	xml_text(out, buf_str(&name));
	if (*box->details)
		fputc('\n', out);
	xml_text(out, box->details);
	fputs("</title>", out);
	buf_release(&name);
}

void flame_box(const struct flame_box *box, FILE *out)
{
	fprintf(out, "<svg class=\"box\" x=\"%.6g%%\" y=\"%u\" width=\"%.6g%%\" height=\"%d\">",
		100 * box->start, box->level * ROW, 100 * box->width, ROW - 1);
	put_title(box, out);
	fprintf(out, "<rect width=\"100%%\" height=\"100%%\" fill=\"#%06x\"/>", box->colour);
	put_label(box, out);
	fputs("</svg>\n", out);
}

void flame_end(const struct flame_picture *picture, FILE *out)
{
	struct lines lines = { .out = out };
	struct buf foot = { 0 };

	fputs("</svg>\n", out);
	lines.y = top_of_boxes(picture) + picture->n_levels * ROW;
	append_foot(&foot, picture);
	put_lines(&lines, buf_str(&foot));
	fprintf(out, "<script><![CDATA[\n%s]]></script>\n</svg>\n", flame_script);
	buf_release(&foot);
}

/* FNV-1a. */
static uint32_t hash_of(const char *text)
{
	uint32_t hash = 2166136261;

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 16777619;
	return hash;
}

uint32_t flame_hsl(double hue, double saturation, double lightness)
{
	double chroma = saturation * fmin(lightness, 1 - lightness);
	uint32_t colour = 0;

	for (int i = 0; i < 3; i++) { /* red, green, blue: a third of the circle apart */
		double k = fmod((i == 0 ? 0 : i == 1 ? 8 : 4) + hue / 30, 12);
		double part = lightness - chroma * fmax(-1, fmin(fmin(k - 3, 9 - k), 1));

		colour = colour << 8 | (uint32_t)lround(255 * part);
	}
	return colour;
}

uint32_t flame_colour(enum module_kind kind, const char *module, const char *name)
{
	double shade = (hash_of(name) % 9 - 4.0) * 0.008;

	if (kind == MODULE_NOTE || (!kind && !*module))
		return 0xd9dde2;
	if (kind == MODULE_KERNEL)
		return flame_hsl(222, 0.52, 0.77 + shade);
	if (kind == MODULE_JIT)
		return flame_hsl(125, 0.46, 0.70 + shade);
	return flame_hsl(8 + hash_of(module) % 48, 0.82, 0.70 + shade);
}
