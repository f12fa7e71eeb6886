/* SPDX-License-Identifier: GPL-2.0-only */
#include "event/definer.h"

#include "base/array.h"
#include "base/intern.h"
#include "base/map.h"

#define HEAP_BYTES 16 /* that malloc takes for each small thing */

struct frame {
	uint64_t address;
	uint32_t module;
	uint32_t next; /* place + 1 of another frame with the same hash, or 0 */
};

struct definer {
	struct event_sink *sink; /* borrowed */
	int error;
	struct definer_skip skip;
	struct intern strings;
	struct intern modules; /* of struct event_module with id 0 */
	ARRAY(struct frame) frames;
	ARRAY(struct event_place) places;
	struct map placed; /* objects that have one */
	ARRAY(struct event_pointer) pointers;
	struct map frame_by_hash; /* to the place + 1 of the first */
	struct map stacks;        /* parent << 32 | frame, to the id */
	size_t text_bytes;        /* of all strings and modules */
};

struct definer *definer_new(struct event_sink *sink)
{
	struct definer *definer = xcalloc(1, sizeof(*definer));

	definer->sink = sink;
	return definer;
}

void definer_skip(struct definer *definer, const struct definer_skip *skip)
{
	definer->skip = *skip;
}

void definer_skip_strings(struct definer *definer, uint32_t n_strings)
{
	definer->skip.n_strings = n_strings;
}

void definer_free(struct definer *definer)
{
	if (!definer)
		return;
	intern_release(&definer->strings);
	intern_release(&definer->modules);
	array_release(&definer->frames);
	array_release(&definer->places);
	map_release(&definer->placed);
	array_release(&definer->pointers);
	map_release(&definer->frame_by_hash);
	map_release(&definer->stacks);
	free(definer);
}

static int put(struct definer *definer, const struct event *event)
{
	int r = event_sink_put(definer->sink, event);

	if (r && !definer->error)
		definer->error = r;
	return r;
}

uint32_t definer_bytes(struct definer *definer, const void *data, size_t size)
{
	struct event event = { .kind = EVENT_STRING };
	size_t n = definer->strings.entries.n;
	uint32_t id;

	if (!size)
		return 0;
	id = intern_bytes(&definer->strings, data, size);
	if (definer->strings.entries.n > n) {
		event.string.id = definer->skip.n_strings + id;
		event.string.text = (struct bytes){ .data = data, .size = size };
		definer->text_bytes += size + 1;
		put(definer, &event);
	}
	return definer->skip.n_strings + id;
}

uint32_t definer_string(struct definer *definer, const char *text)
{
	return text ? definer_bytes(definer, text, strlen(text)) : 0;
}

uint32_t definer_module(struct definer *definer, enum module_kind kind, const char *path,
			const char *build_id, uint32_t pid)
{
	struct event event = { .kind = EVENT_MODULE };
	size_t n = definer->modules.entries.n;
	uint32_t id;

	event.module.type = kind;
	event.module.path = definer_string(definer, path);
	event.module.build_id = definer_string(definer, build_id);
	event.module.pid = pid;
	id = intern_bytes(&definer->modules, &event.module, sizeof(event.module));
	event.module.id = definer->skip.n_modules + id;
	if (definer->modules.entries.n > n) {
		definer->text_bytes += sizeof(event.module);
		put(definer, &event);
	}
	return event.module.id;
}

/* The place + 1 of the frame, or 0. */
static uint32_t find_frame(const struct definer *definer, uint32_t at, uint32_t module,
			   uint64_t address)
{
	while (at) {
		const struct frame *frame = &definer->frames.items[at - 1];

		if (frame->address == address && frame->module == module)
			return at;
		at = frame->next;
	}
	return 0;
}

static void define_frame(const struct definer *definer, size_t at, struct event *ret)
{
	const struct frame *frame = &definer->frames.items[at];

	*ret = (struct event){ .kind = EVENT_FRAME };
	ret->frame.id = definer->skip.n_frames + (uint32_t)at + 1;
	ret->frame.module = frame->module;
	ret->frame.address = frame->address;
}

uint32_t definer_frame(struct definer *definer, uint32_t module, uint64_t address)
{
	uint64_t *first = map_insert(&definer->frame_by_hash, hash_u64(address ^ hash_u64(module)));
	uint32_t at = find_frame(definer, (uint32_t)*first, module, address);
	struct event event;

	if (at)
		return definer->skip.n_frames + at;
	*array_add(&definer->frames) =
		(struct frame){ .address = address, .module = module, .next = (uint32_t)*first };
	*first = definer->frames.n;
	define_frame(definer, definer->frames.n - 1, &event);
	put(definer, &event);
	return event.frame.id;
}

uint32_t definer_stack(struct definer *definer, uint32_t parent, uint32_t frame)
{
	uint64_t *id = map_insert(&definer->stacks, (uint64_t)parent << 32 | frame);
	struct event event = { .kind = EVENT_STACK };

	if (*id)
		return (uint32_t)*id;
	*id = definer->skip.n_stacks + definer->stacks.n;
	event.stack.id = (uint32_t)*id;
	event.stack.parent = parent;
	event.stack.frame = frame;
	put(definer, &event);
	return event.stack.id;
}

uint32_t definer_note(struct definer *definer, const char *text)
{
	return definer_frame(definer, definer_module(definer, MODULE_NOTE, text, NULL, 0), 0);
}

int definer_name(struct definer *definer, uint32_t frame, uint32_t depth,
		 const struct definer_name *name)
{
	struct event event = { .kind = EVENT_NAME };

	event.name.frame = frame;
	event.name.depth = depth;
	event.name.function = definer_string(definer, name->function);
	event.name.linkage = definer_string(definer, name->linkage);
	event.name.file = definer_string(definer, name->file);
	event.name.line = name->line;
	event.name.start_line = name->start_line;
	return put(definer, &event);
}

int definer_meta(struct definer *definer, const char *key, const char *value)
{
	struct event event = { .kind = EVENT_META };

	event.meta.key = definer_string(definer, key);
	event.meta.value = definer_string(definer, value);
	return put(definer, &event);
}

const char *definer_text(const struct definer *definer, uint32_t string)
{
	uint32_t skipped = definer->skip.n_strings;

	return string > skipped ? intern_text(&definer->strings, string - skipped) : "";
}

int definer_place(struct definer *definer, uint32_t object, uint32_t frame)
{
	struct event event = { .kind = EVENT_PLACE };

	if (map_find(&definer->placed, object))
		return 0;
	map_insert(&definer->placed, object);
	event.place.object = object;
	event.place.frame = frame;
	*array_add(&definer->places) = event.place;
	return put(definer, &event);
}

bool definer_has_place(const struct definer *definer, uint32_t object)
{
	return map_find(&definer->placed, object);
}

int definer_pointer(struct definer *definer, const struct event_pointer *pointer)
{
	*array_add(&definer->pointers) = *pointer;
	return put(definer, &(struct event){ .kind = EVENT_POINTER, .pointer = *pointer });
}

int definer_object_name(struct definer *definer, uint32_t pid, uint32_t object, const char *name,
			uint64_t rank)
{
	struct event event = { .kind = EVENT_OBJECT_NAME };

	event.object_name.pid = pid;
	event.object_name.object = object;
	event.object_name.name = definer_string(definer, name);
	event.object_name.rank = rank;
	return put(definer, &event);
}

int definer_descriptor(struct definer *definer, const struct event_descriptor *descriptor)
{
	return put(definer, &(struct event){ .kind = EVENT_DESCRIPTOR, .descriptor = *descriptor });
}

static int describe_strings(const struct definer *definer, struct event_sink *sink)
{
	const struct intern *strings = &definer->strings;
	int r = 0;

	for (uint32_t id = 1; !r && id <= strings->entries.n; id++) {
		const struct intern_entry *entry = &strings->entries.items[id - 1];
		struct event event = { .kind = EVENT_STRING };

		event.string.id = definer->skip.n_strings + id;
		event.string.text = (struct bytes){ .data = entry->data, .size = entry->size };
		r = event_sink_put(sink, &event);
	}
	return r;
}

static int describe_modules(const struct definer *definer, struct event_sink *sink)
{
	const struct intern *modules = &definer->modules;
	int r = 0;

	for (uint32_t id = 1; !r && id <= modules->entries.n; id++) {
		struct event event = { .kind = EVENT_MODULE };

		memcpy(&event.module, intern_text(modules, id), sizeof(event.module));
		event.module.id = definer->skip.n_modules + id;
		r = event_sink_put(sink, &event);
	}
	return r;
}

int definer_describe(const struct definer *definer, struct event_sink *sink)
{
	int r = describe_strings(definer, sink);
	struct event event;

	if (!r)
		r = describe_modules(definer, sink);
	for (size_t i = 0; !r && i < definer->frames.n; i++) {
		define_frame(definer, i, &event);
		r = event_sink_put(sink, &event);
	}
	for (size_t i = 0; !r && i < definer->places.n; i++) {
		event = (struct event){ .kind = EVENT_PLACE, .place = definer->places.items[i] };
		r = event_sink_put(sink, &event);
	}
	for (size_t i = 0; !r && i < definer->pointers.n; i++) {
		event = (struct event){ .kind = EVENT_POINTER,
					.pointer = definer->pointers.items[i] };
		r = event_sink_put(sink, &event);
	}
	return r;
}

/* By their ids, so that a stack comes after its parent. */
static int describe_stacks(const struct definer *definer, struct event_sink *sink)
{
	size_t n = definer->stacks.n;
	uint64_t *keys = xcalloc(n + 1, sizeof(*keys));
	const struct map_slot *slot;
	int r = 0;

	map_for_each(slot, &definer->stacks)
		keys[slot->value - definer->skip.n_stacks - 1] = slot->key;
	for (size_t i = 0; !r && i < n; i++) {
		struct event event = { .kind = EVENT_STACK };

		event.stack.id = definer->skip.n_stacks + (uint32_t)i + 1;
		event.stack.parent = (uint32_t)(keys[i] >> 32);
		event.stack.frame = (uint32_t)keys[i];
		r = event_sink_put(sink, &event);
	}
	free(keys);
	return r;
}

int definer_put_all(const struct definer *definer, struct event_sink *sink)
{
	int r = definer_describe(definer, sink);

	return r ? r : describe_stacks(definer, sink);
}

struct definer *definer_restart(struct definer *definer, const struct definer_skip *skip)
{
	struct definer *before = xcalloc(1, sizeof(*before));

	*before = *definer;
	*definer = (struct definer){
		.sink = before->sink,
		.error = before->error,
		.skip = *skip,
	};
	return before;
}

uint32_t definer_n_ids(const struct definer *definer)
{
	const size_t counts[] = { definer->strings.entries.n, definer->modules.entries.n,
				  definer->frames.n, definer->stacks.n };
	size_t most = 0;

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		most = counts[i] > most ? counts[i] : most;
	return (uint32_t)most;
}

size_t definer_size_bytes(const struct definer *definer)
{
	const struct intern *interns[] = { &definer->strings, &definer->modules };
	size_t n_slots = definer->frame_by_hash.n_slots + definer->stacks.n_slots;
	size_t bytes = definer->text_bytes +
		       definer->frames.alloc * sizeof(*definer->frames.items) +
		       definer->places.alloc * sizeof(*definer->places.items) +
		       definer->pointers.alloc * sizeof(*definer->pointers.items);

	for (size_t i = 0; i < sizeof(interns) / sizeof(interns[0]); i++) {
		n_slots += interns[i]->by_hash.n_slots;
		bytes += interns[i]->entries.alloc * sizeof(*interns[i]->entries.items) +
			 interns[i]->entries.n * HEAP_BYTES;
	}
	return bytes + n_slots * sizeof(struct map_slot);
}

int definer_error(const struct definer *definer)
{
	return definer->error;
}
