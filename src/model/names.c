/* SPDX-License-Identifier: GPL-2.0-only */
#include "model/names.h"

#include "base/array.h"
#include "base/escape.h"
#include "base/intern.h"
#include "base/map.h"
#include "event/definer.h"

struct named_frame {
	uint32_t first_level;
	uint32_t n_levels; /* 0: not asked for yet */
};

struct function_entry {
	struct function function;
	uint32_t next; /* another one with the same hash, or 0 */
};

struct named_module {
	bool is_asked;
	uint32_t path, short_path; /* text ids */
};

struct names {
	const struct dictionary *dict;
	struct intern texts;
	ARRAY(uint32_t) by_string; /* text id of each string; 0: not asked for yet */
	ARRAY(struct function_entry) functions;
	struct map functions_by_hash;
	ARRAY(struct level) levels;
	ARRAY(struct named_frame) frames;   /* at FRAME_NONE, FRAME_UNDEFINED, then by id */
	ARRAY(struct named_module) modules; /* by id */
	struct buf scratch;
};

enum {
	FRAME_NONE = 0,
	FRAME_UNDEFINED = 1,
	FRAME_FIRST = 2,
};

struct names *names_new(const struct dictionary *dict)
{
	struct names *names = xcalloc(1, sizeof(*names));

	names->dict = dict;
	return names;
}

void names_free(struct names *names)
{
	if (!names)
		return;
	intern_release(&names->texts);
	array_release(&names->by_string);
	array_release(&names->functions);
	map_release(&names->functions_by_hash);
	array_release(&names->levels);
	array_release(&names->frames);
	array_release(&names->modules);
	buf_release(&names->scratch);
	free(names);
}

const char *names_text(const struct names *names, uint32_t text)
{
	return intern_text(&names->texts, text);
}

uint32_t names_n_texts(const struct names *names)
{
	return (uint32_t)names->texts.entries.n;
}

uint32_t names_intern(struct names *names, const char *text)
{
	if (!*text)
		return 0;
	buf_clear(&names->scratch);
	escape_text(&names->scratch, text, strlen(text));
	return intern_bytes(&names->texts, names->scratch.data, names->scratch.size);
}

uint32_t names_string(struct names *names, uint32_t string)
{
	if (string == 0 || string > dictionary_n_strings(names->dict))
		return 0;
	while (names->by_string.n < string)
		array_add(&names->by_string);
	if (!names->by_string.items[string - 1])
		names->by_string.items[string - 1] =
			names_intern(names, dictionary_string(names->dict, string));
	return names->by_string.items[string - 1];
}

/* A name in brackets or behind two slashes ("[vdso]", "//anon") is no path. */
static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash || !slash[1] || path[0] != '/' || path[1] == '/')
		return path;
	return slash + 1;
}

static const struct named_module *named_module(struct names *names, uint32_t module)
{
	static const struct named_module none = { .is_asked = true };
	struct named_module *named;
	struct dict_module m;

	if (module == 0 || module > dictionary_n_modules(names->dict))
		return &none;
	while (names->modules.n <= module)
		array_add(&names->modules);
	named = &names->modules.items[module];
	m = dictionary_module(names->dict, module);
	if (!named->is_asked && m.kind != MODULE_NOTE) {
		named->path = names_intern(names, m.path);
		named->short_path = names_intern(names, base_name(m.path));
	}
	named->is_asked = true;
	return named;
}

uint32_t names_module_path(struct names *names, uint32_t module)
{
	return named_module(names, module)->path;
}

uint32_t names_module_short(struct names *names, uint32_t module)
{
	return named_module(names, module)->short_path;
}

static uint32_t note_text(struct names *names, const char *note)
{
	struct buf text = { 0 };
	uint32_t id;

	buf_printf(&text, *note == '[' ? "%s" : "[%s]", note);
	id = names_intern(names, buf_str(&text));
	buf_release(&text);
	return id;
}

/* For a frame without a name, or with an empty one. */
static struct function nameless(struct names *names, const struct dict_frame *frame)
{
	struct dict_module module = dictionary_module(names->dict, frame->module);
	struct function function = { .module = frame->module };
	struct buf text = { 0 };

	if (module.kind == MODULE_NOTE) {
		function.name = note_text(names, module.path);
		return function;
	}
	if (*module.path)
		buf_printf(&text, "%s+0x%llx", base_name(module.path),
			   (unsigned long long)frame->address);
	else
		buf_printf(&text, "0x%llx", (unsigned long long)frame->address);
	function.name = names_intern(names, buf_str(&text));
	buf_release(&text);
	return function;
}

/* The name starts with a plus: the module stands before it. */
static void set_place(struct names *names, const struct dict_frame *frame,
		      struct function *function)
{
	struct dict_module module = dictionary_module(names->dict, frame->module);
	struct buf text = { 0 };

	buf_printf(&text, "%s%s", base_name(module.path), names_text(names, function->name));
	function->name = names_intern(names, buf_str(&text));
	function->is_named = false;
	buf_release(&text);
}

static struct function named(struct names *names, const struct dict_frame *frame,
			     const struct dict_name *name)
{
	struct function function = {
		.name = names_string(names, name->function),
		.linkage = names_string(names, name->linkage),
		.file = names_string(names, name->file),
		.module = frame->module,
		.start_line = name->start_line,
		.is_named = true,
	};

	if (!function.name)
		function.name = nameless(names, frame).name;
	else if (is_place(names_text(names, function.name)))
		set_place(names, frame, &function);
	if (function.linkage == function.name)
		function.linkage = 0;
	return function;
}

static bool is_same(const struct function *a, const struct function *b)
{
	return a->name == b->name && a->linkage == b->linkage && a->file == b->file &&
	       a->module == b->module && a->start_line == b->start_line;
}

static uint32_t intern_function(struct names *names, const struct function *function)
{
	uint64_t hash = hash_u64((uint64_t)function->name << 32 | function->linkage);
	uint64_t *first;
	uint32_t id;

	hash = hash_u64(hash ^ ((uint64_t)function->file << 32 | function->start_line));
	first = map_insert(&names->functions_by_hash, hash_u64(hash ^ function->module));
	for (id = (uint32_t)*first; id; id = names->functions.items[id - 1].next) {
		if (is_same(&names->functions.items[id - 1].function, function))
			return id;
	}
	*array_add(&names->functions) = (struct function_entry){ *function, (uint32_t)*first };
	*first = names->functions.n;
	return (uint32_t)*first;
}

static void add_level(struct names *names, const struct function *function, uint32_t line)
{
	*array_add(&names->levels) = (struct level){ intern_function(names, function), line };
}

static void add_fixed(struct names *names, const char *text)
{
	struct function function = { .name = names_intern(names, text) };

	add_level(names, &function, 0);
}

static void name_frame(struct names *names, uint32_t index)
{
	uint32_t first = (uint32_t)names->levels.n;
	struct dict_frame frame;
	struct function function;

	if (index == FRAME_NONE) {
		add_fixed(names, "[no stack]");
	} else if (index == FRAME_UNDEFINED) {
		add_fixed(names, "[undefined]");
	} else {
		frame = dictionary_frame(names->dict, index - FRAME_FIRST + 1);
		for (uint32_t i = 0; i < frame.n_names; i++) {
			function = named(names, &frame, &frame.names[i]);
			add_level(names, &function, frame.names[i].line);
		}
		if (frame.n_names == 0) {
			function = nameless(names, &frame);
			add_level(names, &function, 0);
		}
	}
	names->frames.items[index] = (struct named_frame){
		.first_level = first,
		.n_levels = (uint32_t)names->levels.n - first,
	};
}

struct levels names_frame(struct names *names, uint32_t frame)
{
	const struct named_frame *named;
	uint32_t index = frame + FRAME_FIRST - 1;

	if (frame == NAMES_NO_STACK)
		index = FRAME_NONE;
	else if (frame > dictionary_n_frames(names->dict))
		index = FRAME_UNDEFINED;
	while (names->frames.n <= index)
		array_add(&names->frames);
	if (!names->frames.items[index].n_levels)
		name_frame(names, index);
	named = &names->frames.items[index];
	return (struct levels){ &names->levels.items[named->first_level], named->n_levels };
}

struct function names_function(const struct names *names, uint32_t function)
{
	if (function == 0 || function > names->functions.n)
		return (struct function){ 0 };
	return names->functions.items[function - 1].function;
}

uint32_t names_n_functions(const struct names *names)
{
	return (uint32_t)names->functions.n;
}

static uint32_t or_unnamed(struct names *names, uint32_t text)
{
	return text ? text : names_intern(names, "[unnamed]");
}

uint32_t names_thread(struct names *names, const struct model *model, uint32_t task)
{
	return or_unnamed(names, names_string(names, model_task_name(model, task)));
}

uint32_t names_process(struct names *names, const struct model *model, uint32_t task)
{
	return or_unnamed(names, names_string(names, model_task_process_name(model, task)));
}
