/* SPDX-License-Identifier: GPL-2.0-only */
#include "perfetto_writer.h"

#define SEQUENCE 1 /* all packets are of one */

enum { STATE_CLEARED = 1, STATE_NEEDED = 2 }; /* sequence_flags */

#define MAX_DEPTH 4096 /* frames of a stack; outer ones are left out */

void perfetto_put(struct perfetto_writer *writer, Perfetto__TracePacket *packet)
{
	Perfetto__Trace trace = PERFETTO__TRACE__INIT;

	packet->has_trusted_packet_sequence_id = true;
	packet->trusted_packet_sequence_id = SEQUENCE;
	if (!writer->has_begun) /* nothing is interned yet */
		packet->sequence_flags |= STATE_CLEARED;
	writer->has_begun = true;
	trace.n_packet = 1;
	trace.packet = &packet;
	perfetto__trace__pack_to_buffer(&trace, &writer->gzip.buffer);
}

Perfetto__TracePacket perfetto_packet(uint64_t time_ns)
{
	Perfetto__TracePacket packet = PERFETTO__TRACE_PACKET__INIT;

	packet.has_timestamp = true;
	packet.timestamp = time_ns;
	packet.has_sequence_flags = true;
	packet.sequence_flags = STATE_NEEDED;
	return packet;
}

static void put_interned(struct perfetto_writer *writer, Perfetto__InternedData *data)
{
	Perfetto__TracePacket packet = perfetto_packet(writer->start_ns);

	packet.interned_data = data;
	perfetto_put(writer, &packet);
}

static bool is_new(struct perfetto_writer *writer, enum perfetto_table table, uint64_t id)
{
	uint64_t *seen = map_insert(&writer->seen[table], id);

	return !(*seen)++;
}

/* Text @text under its own id in @table. */
uint64_t perfetto_text(struct perfetto_writer *writer, enum perfetto_table table, uint32_t text)
{
	Perfetto__InternedData data = PERFETTO__INTERNED_DATA__INIT;
	Perfetto__InternedName name = PERFETTO__INTERNED_NAME__INIT, *names = &name;
	const struct {
		size_t *n;
		Perfetto__InternedName ***names;
	} tables[] = {
		[PERFETTO_CATEGORY] = { &data.n_event_categories, &data.event_categories },
		[PERFETTO_NAME] = { &data.n_event_names, &data.event_names },
		[PERFETTO_KEY] = { &data.n_debug_annotation_names, &data.debug_annotation_names },
		[PERFETTO_VALUE] = { &data.n_debug_annotation_string_values,
				     &data.debug_annotation_string_values },
		[PERFETTO_FUNCTION] = { &data.n_function_names, &data.function_names },
		[PERFETTO_PATH] = { &data.n_mapping_paths, &data.mapping_paths },
		[PERFETTO_SOURCE] = { &data.n_source_paths, &data.source_paths },
	};

	if (!text || !is_new(writer, table, text))
		return text;
	name.has_iid = true;
	name.iid = text;
	name.str = (char *)names_text(writer->names, text);
	*tables[table].n = 1;
	*tables[table].names = &names;
	put_interned(writer, &data);
	return text;
}

uint64_t perfetto_string(struct perfetto_writer *writer, enum perfetto_table table,
			 const char *string)
{
	return perfetto_text(writer, table, names_intern(writer->names, string));
}

static uint64_t mapping_in(struct perfetto_writer *writer, uint32_t module)
{
	uint64_t path =
		perfetto_text(writer, PERFETTO_PATH, names_module_path(writer->names, module));
	Perfetto__InternedData data = PERFETTO__INTERNED_DATA__INIT;
	Perfetto__Mapping mapping = PERFETTO__MAPPING__INIT, *mappings = &mapping;
	uint64_t id = (uint64_t)module + 1;

	if (!is_new(writer, PERFETTO_MAPPING, id))
		return id;
	mapping.has_iid = true;
	mapping.iid = id;
	mapping.n_path_string_ids = path ? 1 : 0;
	mapping.path_string_ids = &path;
	data.n_mappings = 1;
	data.mappings = &mappings;
	put_interned(writer, &data);
	return id;
}

static uint64_t frame_in(struct perfetto_writer *writer, uint32_t id, size_t depth,
			 const struct level *level)
{
	struct function function = names_function(writer->names, level->function);
	uint64_t iid = ((uint64_t)id << 16 | (depth & 0xffff)) + 1;
	Perfetto__InternedData data = PERFETTO__INTERNED_DATA__INIT;
	Perfetto__Frame frame = PERFETTO__FRAME__INIT, *frames = &frame;

	if (!is_new(writer, PERFETTO_FRAME, iid))
		return iid;
	frame.has_iid = frame.has_function_name_id = frame.has_mapping_id = true;
	frame.iid = iid;
	frame.function_name_id = perfetto_text(writer, PERFETTO_FUNCTION, function.name);
	frame.mapping_id = mapping_in(writer, function.module);
	frame.source_path_iid = perfetto_text(writer, PERFETTO_SOURCE, function.file);
	frame.has_source_path_iid = function.file != 0;
	frame.line_number = level->line;
	frame.has_line_number = level->line != 0;
	data.n_frames = 1;
	data.frames = &frames;
	put_interned(writer, &data);
	return iid;
}

static void reverse(uint64_t *items, size_t n)
{
	for (size_t i = 0; i < n / 2; i++) {
		uint64_t item = items[i];

		items[i] = items[n - 1 - i];
		items[n - 1 - i] = item;
	}
}

uint64_t perfetto_stack(struct perfetto_writer *writer, uint32_t stack)
{
	const struct dictionary *dict = model_dictionary(writer->model);
	Perfetto__InternedData data = PERFETTO__INTERNED_DATA__INIT;
	Perfetto__Callstack callstack = PERFETTO__CALLSTACK__INIT, *callstacks = &callstack;
	uint32_t at = stack;

	if (!stack || !is_new(writer, PERFETTO_STACK, stack))
		return stack;
	writer->frames.n = 0;
	while (at && writer->frames.n < MAX_DEPTH) {
		struct dict_stack node = dictionary_stack(dict, at);
		uint32_t frame = names_frame_of(node);
		size_t n = names_frame(writer->names, frame).n;

		for (size_t i = 0; i < n; i++) {
			struct level level = names_frame(writer->names, frame).items[i];

			*array_add(&writer->frames) = frame_in(writer, frame, i, &level);
		}
		at = node.parent;
	}
	reverse(writer->frames.items, writer->frames.n);
	callstack.has_iid = true;
	callstack.iid = stack;
	callstack.n_frame_ids = writer->frames.n;
	callstack.frame_ids = writer->frames.items;
	data.n_callstacks = 1;
	data.callstacks = &callstacks;
	put_interned(writer, &data);
	return stack;
}

/*
 * "read < copy < main" as a text.  Slices can have stacks proper, but only readers of
 * recent versions know them; others count an error for each.
 */
uint32_t perfetto_stack_text(struct perfetto_writer *writer, uint32_t stack)
{
	const struct dictionary *dict = model_dictionary(writer->model);
	uint64_t *known = map_insert(&writer->stack_texts, stack);
	struct buf text = { 0 };

	for (unsigned int n = 0; !*known && stack && n < MAX_DEPTH; n++) {
		struct dict_stack node = dictionary_stack(dict, stack);
		struct levels levels = names_frame(writer->names, names_frame_of(node));

		for (size_t i = 0; i < levels.n; i++) {
			struct function function =
				names_function(writer->names, levels.items[i].function);

			buf_printf(&text, "%s%s", text.size ? " < " : "",
				   names_text(writer->names, function.name));
		}
		stack = node.parent;
	}
	if (text.size)
		*known = names_intern(writer->names, buf_str(&text));
	buf_release(&text);
	return (uint32_t)*known;
}

int perfetto_finish(struct perfetto_writer *writer)
{
	int error = gzip_finish(&writer->gzip);

	for (size_t i = 0; i < PERFETTO_N_TABLES; i++)
		map_release(&writer->seen[i]);
	map_release(&writer->stack_texts);
	array_release(&writer->frames);
	return error;
}
