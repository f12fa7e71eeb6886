/* SPDX-License-Identifier: GPL-2.0-only */
#include "event/dictionary.h"

#include <errno.h>

#include "base/array.h"
#include "base/intern.h"
#include "base/map.h"
#include "descriptor_table.h"

/*
 * Tables are indexed by id - 1 and grow to the highest one.  Ids are given out
 * without gaps, so a gap means that a damaged part of the file was passed over;
 * lost chunks explain gaps of this size, anything beyond is a lie that would
 * only cost memory.
 */
#define GAP_MAX(n_defined) (((size_t)1 << 20) + 16 * (n_defined))

#define NAMES_MAX 4096u /* levels of one frame */

struct string {
	char *data; /* owned; a NUL behind it; NULL: not defined */
	size_t size;
};

struct module {
	uint32_t type; /* 0: not defined */
	uint32_t path, build_id;
	uint32_t pid;
};

struct frame {
	uint64_t address;
	uint32_t module;
	uint32_t n_names;
	struct dict_name *names; /* owned; room for a power of two */
	bool is_defined;
};

struct stack {
	uint32_t parent;
	uint32_t frame;
};

struct meta {
	uint32_t value; /* string */
};

struct dictionary {
	ARRAY(struct string) strings;
	ARRAY(struct module) modules;
	ARRAY(struct frame) frames;
	ARRAY(struct stack) stacks; /* all-zero: not defined */
	struct intern meta_keys;
	ARRAY(struct meta) metas; /* of meta_keys' id i at i - 1 */
	struct map places;        /* from a string to a frame */
	ARRAY(struct event_pointer) pointers;
	ARRAY(struct event_object_name) object_names;
	struct map named; /* from pid << 32 | string to the index + 1 of its best name */
	struct descriptor_table descriptors;
	size_t n_defined;
	size_t used_bytes;
	uint64_t n_refused;
};

struct dictionary *dictionary_new(void)
{
	return xcalloc(1, sizeof(struct dictionary));
}

void dictionary_free(struct dictionary *dict)
{
	struct string *string;
	struct frame *frame;

	if (!dict)
		return;
	array_for_each(string, &dict->strings)
		free(string->data);
	array_for_each(frame, &dict->frames)
		free(frame->names);
	array_release(&dict->strings);
	array_release(&dict->modules);
	array_release(&dict->frames);
	array_release(&dict->stacks);
	intern_release(&dict->meta_keys);
	array_release(&dict->metas);
	map_release(&dict->places);
	array_release(&dict->pointers);
	array_release(&dict->object_names);
	map_release(&dict->named);
	descriptor_table_release(&dict->descriptors);
	free(dict);
}

/* Whether so much more may be held; if so, it is counted. */
static bool take_bytes(struct dictionary *dict, size_t size)
{
	if (size > DICTIONARY_MAX_BYTES - dict->used_bytes)
		return false;
	dict->used_bytes += size;
	return true;
}

/* Whether a table of @n items of @size bytes may grow to hold @id. */
static bool may_hold(struct dictionary *dict, size_t n, size_t size, uint32_t id)
{
	if (!id)
		return false;
	if (id <= n)
		return true;
	return id - n <= GAP_MAX(dict->n_defined) && take_bytes(dict, (id - n) * size);
}

/* The item of @id, made if need be; NULL if that is refused. */
#define table_at(dict, table, id)                                   \
	(may_hold(dict, (table)->n, sizeof(*(table)->items), id) ?  \
		 (table_grow(table, id), &(table)->items[(id)-1]) : \
		 NULL)

#define table_grow(table, id)                                               \
	table_grow_((void **)&(table)->items, &(table)->n, &(table)->alloc, \
		    sizeof(*(table)->items), id)

static void table_grow_(void **items, size_t *n, size_t *alloc, size_t size, size_t n_wanted)
{
	if (n_wanted <= *n)
		return;
	if (n_wanted > *alloc) {
		*alloc = n_wanted + n_wanted / 2 + 8;
		*items = xrealloc(*items, *alloc, size);
	}
	memset((char *)*items + *n * size, 0, (n_wanted - *n) * size);
	*n = n_wanted;
}

static bool put_string(struct dictionary *dict, const struct event_string *event)
{
	struct string *string = table_at(dict, &dict->strings, event->id);

	if (!string || string->data || !take_bytes(dict, event->text.size + 1))
		return false;
	string->size = event->text.size;
	string->data = xmalloc(string->size + 1);
	if (string->size)
		memcpy(string->data, event->text.data, string->size);
	string->data[string->size] = '\0';
	return true;
}

static bool put_module(struct dictionary *dict, const struct event_module *event)
{
	struct module *module = table_at(dict, &dict->modules, event->id);

	if (!module || module->type || !event->type)
		return false;
	*module = (struct module){ event->type, event->path, event->build_id, event->pid };
	return true;
}

static bool put_frame(struct dictionary *dict, const struct event_frame *event)
{
	struct frame *frame = table_at(dict, &dict->frames, event->id);

	if (!frame || frame->is_defined)
		return false;
	frame->module = event->module;
	frame->address = event->address;
	frame->is_defined = true;
	return true;
}

static bool put_stack(struct dictionary *dict, const struct event_stack *event)
{
	struct stack *stack;

	if (event->parent >= event->id || !event->frame)
		return false;
	stack = table_at(dict, &dict->stacks, event->id);
	if (!stack || stack->frame)
		return false;
	*stack = (struct stack){ .parent = event->parent, .frame = event->frame };
	return true;
}

/* Levels come in order, innermost first; the room for them doubles. */
static bool put_name(struct dictionary *dict, const struct event_name *event)
{
	struct frame *frame;
	uint32_t n;

	if (!event->frame || event->frame > dict->frames.n)
		return false;
	frame = &dict->frames.items[event->frame - 1];
	n = frame->n_names;
	if (!frame->is_defined || event->depth != n || n >= NAMES_MAX)
		return false;
	if (!(n & (n - 1))) {
		if (!take_bytes(dict, (n ? n : 1) * sizeof(*frame->names)))
			return false;
		frame->names = xrealloc(frame->names, n ? 2 * n : 1, sizeof(*frame->names));
	}
	frame->names[n] = (struct dict_name){ event->function, event->linkage, event->file,
					      event->line, event->start_line };
	frame->n_names++;
	return true;
}

static bool put_meta(struct dictionary *dict, const struct event_meta *event)
{
	struct bytes key = dictionary_bytes(dict, event->key);
	uint32_t id;

	if (!dictionary_has_string(dict, event->key))
		return false;
	if (!intern_find(&dict->meta_keys, key.data, key.size) &&
	    !take_bytes(dict, key.size + sizeof(struct meta)))
		return false;
	id = intern_bytes(&dict->meta_keys, key.data, key.size);
	if (id > dict->metas.n)
		array_add(&dict->metas);
	dict->metas.items[id - 1].value = event->value;
	return true;
}

static bool put_place(struct dictionary *dict, const struct event_place *event)
{
	if (!event->object || map_find(&dict->places, event->object) ||
	    !take_bytes(dict, sizeof(struct map_slot)))
		return false;
	*map_insert(&dict->places, event->object) = event->frame;
	return true;
}

static bool put_pointer(struct dictionary *dict, const struct event_pointer *event)
{
	if (!event->object || !event->frame || !take_bytes(dict, sizeof(*event)))
		return false;
	*array_add(&dict->pointers) = *event;
	return true;
}

/* Of equal rank the first. */
static bool put_object_name(struct dictionary *dict, const struct event_object_name *event)
{
	uint64_t *best;

	if (!event->object || !event->name ||
	    !take_bytes(dict, sizeof(*event) + sizeof(struct map_slot)))
		return false;
	*array_add(&dict->object_names) = *event;
	best = map_insert(&dict->named, (uint64_t)event->pid << 32 | event->object);
	if (!*best || event->rank > dict->object_names.items[*best - 1].rank)
		*best = dict->object_names.n;
	return true;
}

static bool put_descriptor(struct dictionary *dict, const struct event_descriptor *event)
{
	if (!take_bytes(dict, sizeof(*event)))
		return false;
	descriptor_table_add(&dict->descriptors, event);
	return true;
}

int dictionary_put(struct dictionary *dict, const struct event *event)
{
	bool is_taken = true;

	switch (event->kind) {
	case EVENT_STRING:
		is_taken = put_string(dict, &event->string);
		break;
	case EVENT_MODULE:
		is_taken = put_module(dict, &event->module);
		break;
	case EVENT_FRAME:
		is_taken = put_frame(dict, &event->frame);
		break;
	case EVENT_STACK:
		is_taken = put_stack(dict, &event->stack);
		break;
	case EVENT_NAME:
		is_taken = put_name(dict, &event->name);
		break;
	case EVENT_META:
		is_taken = put_meta(dict, &event->meta);
		break;
	case EVENT_PLACE:
		is_taken = put_place(dict, &event->place);
		break;
	case EVENT_POINTER:
		is_taken = put_pointer(dict, &event->pointer);
		break;
	case EVENT_OBJECT_NAME:
		is_taken = put_object_name(dict, &event->object_name);
		break;
	case EVENT_DESCRIPTOR:
		is_taken = put_descriptor(dict, &event->descriptor);
		break;
	default:
		return 0;
	}
	dict->n_defined += is_taken;
	dict->n_refused += !is_taken;
	return is_taken ? 0 : -EBADMSG;
}

bool dictionary_has_string(const struct dictionary *dict, uint32_t id)
{
	return id && id <= dict->strings.n && dict->strings.items[id - 1].data;
}

struct bytes dictionary_bytes(const struct dictionary *dict, uint32_t id)
{
	const struct string *string;

	if (!dictionary_has_string(dict, id))
		return (struct bytes){ .data = "" };
	string = &dict->strings.items[id - 1];
	return (struct bytes){ .data = string->data, .size = string->size };
}

const char *dictionary_string(const struct dictionary *dict, uint32_t id)
{
	return dictionary_bytes(dict, id).data;
}

struct dict_module dictionary_module(const struct dictionary *dict, uint32_t id)
{
	const struct module none = { 0 };
	const struct module *module = id && id <= dict->modules.n ? &dict->modules.items[id - 1] :
								    &none;

	return (struct dict_module){
		.kind = (enum module_kind)module->type,
		.path = dictionary_string(dict, module->path),
		.build_id = dictionary_string(dict, module->build_id),
		.pid = module->pid,
	};
}

static bool hides_kernel;

void dictionary_hide_kernel(void)
{
	hides_kernel = true;
}

static bool is_hidden(const struct dictionary *dict, uint32_t module)
{
	return hides_kernel && module && module <= dict->modules.n &&
	       dict->modules.items[module - 1].type == MODULE_KERNEL;
}

struct dict_frame dictionary_frame(const struct dictionary *dict, uint32_t id)
{
	const struct frame none = { 0 };
	const struct frame *frame = id && id <= dict->frames.n ? &dict->frames.items[id - 1] :
								 &none;

	return (struct dict_frame){
		.module = frame->module,
		.address = is_hidden(dict, frame->module) ? 0 : frame->address,
		.n_names = frame->n_names,
		.names = frame->names,
	};
}

struct dict_stack dictionary_stack(const struct dictionary *dict, uint32_t id)
{
	const struct stack none = { 0 };
	const struct stack *stack = id && id <= dict->stacks.n ? &dict->stacks.items[id - 1] :
								 &none;

	return (struct dict_stack){ .parent = stack->parent, .frame = stack->frame };
}

uint32_t dictionary_n_strings(const struct dictionary *dict)
{
	return (uint32_t)dict->strings.n;
}

uint32_t dictionary_n_modules(const struct dictionary *dict)
{
	return (uint32_t)dict->modules.n;
}

uint32_t dictionary_n_frames(const struct dictionary *dict)
{
	return (uint32_t)dict->frames.n;
}

uint32_t dictionary_n_stacks(const struct dictionary *dict)
{
	return (uint32_t)dict->stacks.n;
}

/* The text of a meta's value. */
static const char *meta_value(const struct dictionary *dict, uint32_t id)
{
	return dictionary_string(dict, dict->metas.items[id - 1].value);
}

const char *dictionary_meta(const struct dictionary *dict, const char *key)
{
	uint32_t id = intern_find(&dict->meta_keys, key, strlen(key));

	return id ? meta_value(dict, id) : NULL;
}

void dictionary_each_meta(const struct dictionary *dict,
			  void (*fn)(void *arg, const char *key, const char *value), void *arg)
{
	for (uint32_t id = 1; id <= dict->metas.n; id++)
		fn(arg, intern_text(&dict->meta_keys, id), meta_value(dict, id));
}

uint64_t dictionary_n_refused(const struct dictionary *dict)
{
	return dict->n_refused;
}

uint32_t dictionary_place(const struct dictionary *dict, uint32_t object)
{
	uint64_t *frame = map_find(&dict->places, object);

	return frame ? (uint32_t)*frame : 0;
}

const struct event_pointer *dictionary_pointer(const struct dictionary *dict, size_t index)
{
	return index < dict->pointers.n ? &dict->pointers.items[index] : NULL;
}

uint32_t dictionary_object_name(const struct dictionary *dict, uint32_t pid, uint32_t object)
{
	const uint64_t *best = map_find(&dict->named, (uint64_t)pid << 32 | object);

	return best ? dict->object_names.items[*best - 1].name : 0;
}

uint32_t dictionary_descriptor(struct dictionary *dict, uint32_t pid, uint32_t fd, uint64_t time_ns)
{
	return descriptor_table_find(&dict->descriptors, pid, fd, time_ns);
}
