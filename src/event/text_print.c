/* SPDX-License-Identifier: GPL-2.0-only */
#include "event/text.h"

#include <errno.h>
#include <inttypes.h>

#include "base/mem.h"
#include "event/dictionary.h"
#include "event/event.h"
#include "event/syscalls.h"
#include "text_kinds.h"
#include "text_lex.h"

struct event_printer {
	struct event_sink sink;
	FILE *out;
	struct dictionary *dict; /* for the strings */
	struct buf line;
	uint64_t start_ns; /* of the window */
};

static void print_string(struct event_printer *printer, uint32_t id)
{
	struct bytes text = dictionary_bytes(printer->dict, id);

	if (dictionary_has_string(printer->dict, id))
		text_quote(&printer->line, text.data, text.size);
	else
		buf_puts(&printer->line, TEXT_UNDEFINED);
}

/* A dump is mostly numbers: formatted printing would be most of its cost. */
static void print_decimal(struct buf *line, uint64_t value)
{
	char digits[20], *at = digits + sizeof(digits);

	do {
		*--at = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	buf_add(line, at, (size_t)(digits + sizeof(digits) - at));
}

static void print_number(struct event_printer *printer, const struct event_field *field,
			 uint64_t value)
{
	switch (text_field_style(field)) {
	case TEXT_DECIMAL:
		print_decimal(&printer->line, value);
		break;
	case TEXT_HEX:
		buf_printf(&printer->line, "0x%" PRIx64, value);
		break;
	case TEXT_SIGNED:
		buf_printf(&printer->line, "%" PRId64, (int64_t)value);
		break;
	}
}

static void print_value(struct event_printer *printer, const struct event *event,
			const struct event_field *field, uint64_t value)
{
	const char *name = text_value_name(event->kind, field, value);

	if (name)
		buf_puts(&printer->line, name);
	else if (field->type == FIELD_SID)
		print_string(printer, (uint32_t)value);
	else
		print_number(printer, field, value);
}

/* What is zero is left out, so that fields added later leave old texts alone. */
static void print_field(struct event_printer *printer, const struct event *event,
			const struct event_field *field)
{
	uint64_t value = event_number(event, field);

	if (!value)
		return;
	buf_add(&printer->line, " ", 1);
	buf_puts(&printer->line, field->name);
	buf_add(&printer->line, "=", 1);
	print_value(printer, event, field, value);
}

static bool is_x86_64(const struct dictionary *dict)
{
	const char *machine = dictionary_meta(dict, "machine");

	return machine && !strcmp(machine, "x86_64");
}

static int put(struct event_sink *sink, const struct event *event)
{
	struct event_printer *printer = (struct event_printer *)sink;
	const struct event_info *info = event_info(event->kind);
	struct buf *line = &printer->line;

	if (event->kind == EVENT_STRING || event->kind == EVENT_META)
		dictionary_put(printer->dict, event);
	if (event->kind == EVENT_STRING)
		return 0;
	if (event->kind == EVENT_START)
		printer->start_ns = event->time_ns;
	buf_clear(line);
	buf_puts(line, info->name);
	if (info->has_time) {
		buf_puts(line, " time_ns=");
		print_decimal(line, event->time_ns);
	}
	for (size_t i = 0; i < info->n_fields; i++)
		print_field(printer, event, &info->fields[i]);
	if (event->kind == EVENT_SYSCALL && is_x86_64(printer->dict)) {
		buf_puts(line, " # ");
		syscall_call_text(&event->syscall, syscall_has_args(event, printer->start_ns),
				  line);
	}
	buf_add(line, "\n", 1);
	return fwrite(line->data, 1, line->size, printer->out) == line->size ? 0 : -EIO;
}

struct event_printer *event_printer_new(FILE *out)
{
	struct event_printer *printer = xcalloc(1, sizeof(*printer));

	printer->sink.put = put;
	printer->out = out;
	printer->dict = dictionary_new();
	return printer;
}

struct event_sink *event_printer_sink(struct event_printer *printer)
{
	return &printer->sink;
}

void event_printer_free(struct event_printer *printer)
{
	if (!printer)
		return;
	dictionary_free(printer->dict);
	buf_release(&printer->line);
	free(printer);
}
