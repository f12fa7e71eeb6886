/* SPDX-License-Identifier: GPL-2.0-only */
#include "event/text.h"

#include <errno.h>

#include "base/human.h"
#include "base/mem.h"
#include "event/definer.h"
#include "event/event.h"
#include "text_kinds.h"
#include "text_lex.h"
#include "text_stack.h"

#define UNDEFINED_STRING UINT32_MAX /* an id that no dictionary will ever define */

#define MAX_ID (UINT32_MAX / 2) /* that a line gives where written stacks need some behind it */

struct assembler {
	struct lexer lexer;
	struct event_sink *sink;
	struct definer *definer;
	struct stack_maker *maker;
	uint64_t last_time_ns;
	struct definer_skip ids; /* the highest that lines give */
	bool has_stacks;         /* that are written out */
	struct buf word;
	struct buf key;
	struct buf path; /* of the module that the line defines */
};

/* A line in the making. */
struct line {
	struct event event;
	const struct event_info *info;
	uint64_t seen;                   /* a bit a field; the highest is the time */
	const struct event_field *stack; /* the field whose stack stands at stack_at */
	const char *stack_at;
	const char *stack_end;
};

#define SEEN_TIME (UINT64_C(1) << 63)

static int read_number(struct assembler *as, const char *text, uint64_t max, uint64_t *ret)
{
	const char *key = buf_str(&as->key);
	int r = text_number(text, max, ret);

	if (r == -ERANGE)
		return lexer_fail(&as->lexer, "%s=%s is too large", key, text);
	return r ? lexer_fail(&as->lexer, "%s=%s is no number", key, text) : 0;
}

static int read_duration(struct assembler *as, const char *text, uint64_t *ret)
{
	if (!human_parse_duration(text, ret))
		return 0;
	return lexer_fail(&as->lexer, "%s=%s is no duration, such as 1.5ms", buf_str(&as->key),
			  text);
}

/* time=12ms, time=+3us (after the event before), or time_ns=12000000. */
static int read_time(struct assembler *as, struct line *line)
{
	const char *text = buf_str(&as->word);
	uint64_t base = *text == '+' ? as->last_time_ns : 0, value;
	int r = strcmp(buf_str(&as->key), "time") ?
			read_number(as, text, UINT64_MAX, &value) :
			read_duration(as, text + (*text == '+'), &value);

	if (r)
		return r;
	if (__builtin_add_overflow(base, value, &line->event.time_ns))
		return lexer_fail(&as->lexer, "the time is too large");
	return 0;
}

/* The place of the field that @key names, or n_fields; weight=1ms stands for weight_ns. */
static size_t find_field(const struct event_info *info, const char *key, bool *ret_is_duration)
{
	size_t i, size = strlen(key);

	for (i = 0; i < info->n_fields; i++) {
		const char *name = info->fields[i].name;

		*ret_is_duration = !strncmp(name, key, size) && !strcmp(name + size, "_ns");
		if (*ret_is_duration || !strcmp(name, key))
			break;
	}
	return i;
}

static int unknown_field(struct assembler *as, const struct event_info *info)
{
	struct buf names = { 0 };
	int r;

	for (size_t i = 0; i < info->n_fields; i++)
		buf_printf(&names, " %s", info->fields[i].name);
	r = lexer_fail(&as->lexer, "%s has no field '%s', but%s%s", info->name, buf_str(&as->key),
		       info->has_time ? " time_ns" : "", buf_str(&names));
	buf_release(&names);
	return r;
}

static uint32_t define_string(struct assembler *as, bool is_quoted)
{
	if (!is_quoted && !strcmp(buf_str(&as->word), TEXT_UNDEFINED))
		return UNDEFINED_STRING;
	return definer_bytes(as->definer, as->word.data, as->word.size);
}

/* A number of @field in as->word; one that is signed may be negative. */
static int read_field_number(struct assembler *as, const struct event_field *field, uint64_t *ret)
{
	const char *text = buf_str(&as->word);
	int r;

	if (*text != '-' || text_field_style(field) != TEXT_SIGNED)
		return read_number(as, text, text_field_max(field), ret);
	r = read_number(as, text + 1, (uint64_t)INT64_MAX + 1, ret);
	*ret = 0 - *ret;
	return r;
}

static int set_field(struct assembler *as, struct line *line, const struct event_field *field,
		     bool is_duration)
{
	bool is_quoted = lexer_is_at_quote(&as->lexer);
	uint64_t value = 0;
	int r = lexer_text(&as->lexer, " \t\r", &as->word);

	if (r)
		return r;
	if (field->offset == offsetof(struct event, module.path) &&
	    line->event.kind == EVENT_MODULE)
		buf_add(&as->path, as->word.data, as->word.size);
	if (field->type == FIELD_SID)
		value = define_string(as, is_quoted);
	else if (is_duration)
		r = read_duration(as, buf_str(&as->word), &value);
	else if (!text_value_find(line->event.kind, field, buf_str(&as->word), &value))
		r = read_field_number(as, field, &value);
	if (!r)
		event_set_number(&line->event, field, value);
	return r;
}

/* A stack is made when the line was read: it may need the pid that follows. */
static int remember_stack(struct assembler *as, struct line *line, const struct event_field *field)
{
	struct buf skipped = { 0 };
	int r = 0;

	if (line->stack)
		return lexer_fail(&as->lexer, "only one stack of a line may be written in braces");
	line->stack = field;
	line->stack_at = as->lexer.at;
	while (!r && !lexer_is_at_end(&as->lexer) && !lexer_take(&as->lexer, '}')) {
		if (lexer_is_at_quote(&as->lexer))
			r = lexer_text(&as->lexer, "", &skipped);
		else
			as->lexer.at++;
	}
	buf_release(&skipped);
	line->stack_end = as->lexer.at;
	return r;
}

static int make_stack(struct assembler *as, struct line *line)
{
	struct lexer lexer = as->lexer;
	uint32_t pid = 0, stack;
	int r;

	for (size_t i = 0; i < line->info->n_fields; i++) {
		if (!strcmp(line->info->fields[i].name, "pid"))
			pid = (uint32_t)event_number(&line->event, &line->info->fields[i]);
	}
	lexer.at = line->stack_at;
	r = stack_maker_parse(as->maker, &lexer, pid, &stack);
	if (r)
		return r;
	if (lexer.at != line->stack_end)
		return lexer_fail(&lexer, "a quote stands within a name of the stack: put all of "
					  "the name in quotes");
	event_set_number(&line->event, line->stack, stack);
	return 0;
}

/* Whether the field of bit @bit comes for the first time. */
static int check_first(struct assembler *as, struct line *line, uint64_t bit)
{
	if (line->seen & bit)
		return lexer_fail(&as->lexer, "'%s' stands twice", buf_str(&as->key));
	line->seen |= bit;
	return 0;
}

static int read_field(struct assembler *as, struct line *line)
{
	struct lexer *lexer = &as->lexer;
	const struct event_field *field;
	bool is_duration;
	size_t i;
	int r = lexer_text(lexer, "= \t\r", &as->key);

	if (r)
		return r;
	if (!as->key.size || !lexer_take(lexer, '='))
		return lexer_fail(lexer, "'%s' is no FIELD=VALUE", buf_str(&as->key));
	if (line->info->has_time &&
	    (!strcmp(buf_str(&as->key), "time") || !strcmp(buf_str(&as->key), "time_ns"))) {
		r = lexer_text(lexer, " \t\r", &as->word);
		if (!r)
			r = check_first(as, line, SEEN_TIME);
		return r ? r : read_time(as, line);
	}
	i = find_field(line->info, buf_str(&as->key), &is_duration);
	if (i == line->info->n_fields)
		return unknown_field(as, line->info);
	field = &line->info->fields[i];
	r = check_first(as, line, UINT64_C(1) << i);
	if (r)
		return r;
	if (field->type == FIELD_U32 && *lexer->at == '{')
		return remember_stack(as, line, field);
	return set_field(as, line, field, is_duration);
}

static int read_kind(struct assembler *as, struct line *line)
{
	int r = lexer_text(&as->lexer, " \t\r", &as->word);
	enum event_kind kind;

	if (r)
		return r;
	kind = event_kind_find(buf_str(&as->word));
	if (!kind)
		return lexer_fail(&as->lexer, "there is no event '%s'", buf_str(&as->word));
	if (kind == EVENT_STRING)
		return lexer_fail(&as->lexer, "strings stand where they are used, on no line of "
					      "their own");
	line->event.kind = kind;
	line->info = event_info(kind);
	line->event.time_ns = line->info->has_time ? as->last_time_ns : 0;
	return 0;
}

static void raise(uint32_t *highest, uint32_t id)
{
	*highest = id > *highest ? id : *highest;
}

/* Ids that lines give are kept as they are; those of written stacks go on behind them. */
static void note_ids(struct assembler *as, const struct event *event)
{
	if (event->kind == EVENT_MODULE)
		raise(&as->ids.n_modules, event->module.id);
	if (event->kind == EVENT_FRAME)
		raise(&as->ids.n_frames, event->frame.id);
	if (event->kind == EVENT_STACK)
		raise(&as->ids.n_stacks, event->stack.id);
}

static int check_id(struct assembler *as, const struct event *event)
{
	uint32_t id = event->kind == EVENT_MODULE ? event->module.id :
		      event->kind == EVENT_FRAME  ? event->frame.id :
		      event->kind == EVENT_STACK  ? event->stack.id :
						    1;

	return id ? 0 : lexer_fail(&as->lexer, "%s wants an id", event_info(event->kind)->name);
}

static int put_line(struct assembler *as, struct line *line)
{
	int r = line->stack ? make_stack(as, line) : check_id(as, &line->event);

	if (r)
		return r;
	as->has_stacks |= line->stack != NULL;
	note_ids(as, &line->event);
	if (line->event.kind == EVENT_MODULE)
		stack_maker_set_module(as->maker, buf_str(&as->path), line->event.module.id);
	if (line->info->has_time)
		as->last_time_ns = line->event.time_ns;
	r = event_sink_put(as->sink, &line->event);
	r = definer_error(as->definer) ? definer_error(as->definer) : r;
	if (r)
		lexer_fail(&as->lexer, "%s", strerror(-r));
	return r;
}

static bool is_done(const struct lexer *lexer)
{
	return lexer_is_at_end(lexer) || *lexer->at == '#';
}

static int read_line(struct assembler *as)
{
	struct lexer *lexer = &as->lexer;
	struct line line = { .stack = NULL };
	int r;

	lexer_skip_blanks(lexer);
	if (is_done(lexer))
		return 0;
	buf_clear(&as->path);
	r = read_kind(as, &line);
	while (!r) {
		const char *before = lexer->at;

		lexer_skip_blanks(lexer);
		if (is_done(lexer))
			return put_line(as, &line);
		if (lexer->at == before)
			return lexer_fail(lexer, "a blank is missing in front of '%.*s'",
					  (int)strcspn(lexer->at, " \t\n"), lexer->at);
		r = read_field(as, &line);
	}
	return r;
}

static int read_text(struct assembler *as, const char *text)
{
	const char *end = text + strlen(text);
	int r = 0;

	for (as->lexer.line = 1; text <= end && !r; as->lexer.line++) {
		as->lexer.at = text;
		r = read_line(as);
		text = strchrnul(text, '\n') + 1;
	}
	return r;
}

/* Read @text into @sink, ids going on behind those of @skip; @ret: the highest ids it gives. */
static int assemble(const char *text, struct event_sink *sink, const struct definer_skip *skip,
		    struct buf *message, struct definer_skip *ret)
{
	struct assembler as = { .lexer = { .message = message }, .sink = sink };
	int r;

	as.definer = definer_new(sink);
	definer_skip(as.definer, skip);
	as.maker = stack_maker_new(as.definer);
	r = read_text(&as, text);
	if (!r && as.has_stacks &&
	    (as.ids.n_modules > MAX_ID || as.ids.n_frames > MAX_ID || as.ids.n_stacks > MAX_ID)) {
		buf_printf(message, "where stacks are written out ids end at %u", MAX_ID);
		r = -EINVAL;
	}
	*ret = as.ids;
	stack_maker_free(as.maker);
	definer_free(as.definer);
	buf_release(&as.word);
	buf_release(&as.key);
	buf_release(&as.path);
	return r;
}

static int put_nowhere(struct event_sink *sink, const struct event *event)
{
	(void)sink;
	(void)event;
	return 0;
}

/* Twice: what is wrong with the text shows before the first event is put. */
int event_assemble(const char *text, struct event_sink *sink, struct buf *message)
{
	const struct definer_skip none = { 0 };
	struct event_sink nowhere = { put_nowhere };
	struct definer_skip highest, unused;
	int r = assemble(text, &nowhere, &none, message, &highest);

	return r ? r : assemble(text, sink, &highest, message, &unused);
}
