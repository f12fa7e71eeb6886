/* SPDX-License-Identifier: GPL-2.0-only */
#include "text_stack.h"

#include <ctype.h>
#include <inttypes.h>

#include "base/array.h"
#include "base/intern.h"
#include "base/map.h"
#include "text_kinds.h"

/* Frames get addresses that look like code, each its own. */
#define FIRST_ADDRESS  UINT64_C(0x1000)
#define ADDRESS_STEP   UINT64_C(0x10)
#define KERNEL_ADDRESS UINT64_C(0xffffffff81000000)

#define DEFAULT_MODULE "app"

struct level { /* of a frame, the outermost first */
	struct buf function;
	struct buf file;
	uint64_t line;
};

struct stack_maker {
	struct definer *definer; /* borrowed */
	struct intern paths;
	struct map module_of_path;  /* path id to module id, where a line defined it */
	struct intern frames;       /* what stands in a stack, module id in front */
	ARRAY(uint32_t) frame_ids;  /* of frames' id i at i - 1 */
	ARRAY(struct level) levels; /* of the frame at hand; kept for their memory */
	size_t n_levels;
	struct buf module; /* of the frame at hand and, until it names one, of the next */
	struct buf text;
	struct buf key;
};

struct stack_maker *stack_maker_new(struct definer *definer)
{
	struct stack_maker *maker = xcalloc(1, sizeof(*maker));

	maker->definer = definer;
	return maker;
}

void stack_maker_free(struct stack_maker *maker)
{
	struct level *level;

	if (!maker)
		return;
	array_for_each(level, &maker->levels) {
		buf_release(&level->function);
		buf_release(&level->file);
	}
	array_release(&maker->levels);
	array_release(&maker->frame_ids);
	intern_release(&maker->paths);
	intern_release(&maker->frames);
	map_release(&maker->module_of_path);
	buf_release(&maker->module);
	buf_release(&maker->text);
	buf_release(&maker->key);
	free(maker);
}

void stack_maker_set_module(struct stack_maker *maker, const char *path, uint32_t id)
{
	*map_insert(&maker->module_of_path, intern_string(&maker->paths, path)) = id;
}

static enum module_kind kind_of(const char *path)
{
	if (!strcmp(path, MODULE_KERNEL_CODE) || !strcmp(path, MODULE_KERNEL_DATA))
		return MODULE_KERNEL;
	if (!strcmp(path, "[vdso]"))
		return MODULE_VDSO;
	return !strcmp(path, "[jit]") ? MODULE_JIT : MODULE_ELF;
}

static uint32_t find_module(struct stack_maker *maker, uint32_t pid)
{
	const char *path = buf_str(&maker->module);
	uint64_t *known = map_find(&maker->module_of_path, intern_string(&maker->paths, path));
	enum module_kind kind = kind_of(path);

	if (known)
		return (uint32_t)*known;
	if (kind != MODULE_JIT)
		return definer_module(maker->definer, kind, path, NULL, 0);
	buf_clear(&maker->text);
	buf_printf(&maker->text, "%s %" PRIu32, path, pid); /* as recordings have it */
	return definer_module(maker->definer, kind, buf_str(&maker->text), NULL, pid);
}

static struct level *add_level(struct stack_maker *maker)
{
	struct level *level;

	if (maker->n_levels == maker->levels.n)
		array_add(&maker->levels);
	level = &maker->levels.items[maker->n_levels++];
	buf_clear(&level->function);
	buf_clear(&level->file);
	level->line = 0;
	return level;
}

static void trim(struct buf *text)
{
	while (text->size && isblank(text->data[text->size - 1]))
		text->size--;
}

/* A name, with blanks around it that are not part of it. */
static int read_part(struct lexer *lexer, const char *stops, struct buf *ret)
{
	bool is_quoted;
	int r;

	lexer_skip_blanks(lexer);
	is_quoted = lexer_is_at_quote(lexer);
	r = lexer_text(lexer, stops, ret);
	if (!r && !is_quoted)
		trim(ret);
	lexer_skip_blanks(lexer);
	return r;
}

/* What may follow a function: @file:line. */
static int read_place(struct stack_maker *maker, struct lexer *lexer, struct level *level)
{
	int r;

	if (!lexer_take(lexer, '@'))
		return 0;
	r = read_part(lexer, ":;>}", &level->file);
	if (r || !lexer_take(lexer, ':'))
		return r;
	r = read_part(lexer, ";>}", &maker->text);
	if (!r && text_number(buf_str(&maker->text), UINT32_MAX, &level->line))
		return lexer_fail(lexer, "'%s' is no line number", buf_str(&maker->text));
	return r;
}

/* The levels behind the first function, which was read. */
static int read_levels(struct stack_maker *maker, struct lexer *lexer, struct level *level)
{
	int r = 0;

	for (;;) {
		if (!level->function.size)
			return lexer_fail(lexer, "the stack has a function without a name");
		r = read_place(maker, lexer, level);
		if (r || !lexer_take(lexer, '>'))
			return r;
		level = add_level(maker);
		r = read_part(lexer, "@;>}", &level->function);
		if (r)
			return r;
	}
}

static uint64_t next_address(const struct stack_maker *maker)
{
	uint64_t address = FIRST_ADDRESS + ADDRESS_STEP * maker->frame_ids.n;

	return kind_of((const char *)maker->module.data) == MODULE_KERNEL ?
		       KERNEL_ADDRESS + address :
		       address;
}

/* One frame a text: the same call in two stacks has one address. */
static uint32_t define_frame(struct stack_maker *maker, uint32_t pid)
{
	uint32_t module = find_module(maker, pid), id, frame;

	buf_clear(&maker->key);
	buf_printf(&maker->key, "%" PRIu32, module);
	for (size_t i = 0; i < maker->n_levels; i++) {
		const struct level *level = &maker->levels.items[i];

		buf_printf(&maker->key, "%c%" PRIu64 "%c", 0, level->line, 0);
		buf_add(&maker->key, level->function.data, level->function.size);
		buf_printf(&maker->key, "%c", 0);
		buf_add(&maker->key, level->file.data, level->file.size);
	}
	id = intern_bytes(&maker->frames, maker->key.data, maker->key.size);
	if (id <= maker->frame_ids.n)
		return maker->frame_ids.items[id - 1];
	frame = definer_frame(maker->definer, module, next_address(maker));
	*array_add(&maker->frame_ids) = frame;
	for (size_t i = 0; i < maker->n_levels; i++) {
		struct level *level = &maker->levels.items[maker->n_levels - 1 - i];
		const struct definer_name name = {
			.function = buf_str(&level->function),
			.file = level->file.size ? buf_str(&level->file) : NULL,
			.line = (uint32_t)level->line,
		};

		definer_name(maker->definer, frame, (uint32_t)i, &name);
	}
	return frame;
}

static void use_module(struct stack_maker *maker, const struct buf *path)
{
	buf_clear(&maker->module);
	buf_add(&maker->module, path->data, path->size);
	buf_str(&maker->module);
}

/* A frame without names: MODULE+0xADDRESS.  Returns whether @level is one; @ret is 0 then. */
static bool is_bare(struct stack_maker *maker, struct level *level, uint64_t *ret_address)
{
	const char *text = buf_str(&level->function), *plus = strrchr(text, '+');

	if (!plus || plus == text || strncmp(plus, "+0x", 3))
		return false;
	if (text_number(plus + 1, UINT64_MAX, ret_address))
		return false;
	level->function.size = (size_t)(plus - text);
	use_module(maker, &level->function);
	return true;
}

/* [note:TEXT], of which the part in front of TEXT was read. */
static int read_note(struct stack_maker *maker, struct lexer *lexer, uint32_t *ret_frame)
{
	int r = read_part(lexer, "]", &maker->text);

	if (r)
		return r;
	if (!maker->text.size || !lexer_take(lexer, ']'))
		return lexer_fail(lexer, "a note is [note:TEXT]");
	*ret_frame = definer_note(maker->definer, buf_str(&maker->text));
	lexer_skip_blanks(lexer);
	return 0;
}

static int read_frame(struct stack_maker *maker, struct lexer *lexer, uint32_t pid,
		      uint32_t *ret_frame)
{
	static const char note[] = "[note:";
	struct level *level;
	uint64_t address;
	bool is_quoted;
	int r;

	lexer_skip_blanks(lexer);
	if (!strncmp(lexer->at, note, sizeof(note) - 1)) {
		lexer->at += sizeof(note) - 1;
		return read_note(maker, lexer, ret_frame);
	}
	maker->n_levels = 0;
	level = add_level(maker);
	is_quoted = lexer_is_at_quote(lexer);
	r = read_part(lexer, "!@;>}", &level->function);
	if (!r && lexer_take(lexer, '!')) {
		use_module(maker, &level->function);
		r = read_part(lexer, "@;>}", &level->function);
	} else if (!r && !is_quoted && is_bare(maker, level, &address)) {
		*ret_frame = definer_frame(maker->definer, find_module(maker, pid), address);
		return 0;
	}
	if (!r)
		r = read_levels(maker, lexer, level);
	if (!r)
		*ret_frame = define_frame(maker, pid);
	return r;
}

int stack_maker_parse(struct stack_maker *maker, struct lexer *lexer, uint32_t pid,
		      uint32_t *ret_stack)
{
	uint32_t stack = 0, frame = 0;
	int r;

	lexer->at++;
	use_module(maker, &(const struct buf){ (void *)DEFAULT_MODULE, strlen(DEFAULT_MODULE), 0 });
	do {
		r = read_frame(maker, lexer, pid, &frame);
		if (r)
			return r;
		stack = definer_stack(maker->definer, stack, frame);
	} while (lexer_take(lexer, ';'));
	if (!lexer_take(lexer, '}'))
		return lexer_fail(lexer, lexer_is_at_end(lexer) ?
						 "the stack does not end with '}'" :
						 "';' or '}' is missing in the stack");
	*ret_stack = stack;
	return 0;
}
