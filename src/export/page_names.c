/* SPDX-License-Identifier: GPL-2.0-only */
#include "page_names.h"

#include <stdlib.h>

#include "model/syscalls.h"

enum { TEXT_SIZE, TEXT_BYTES, N_TEXT };
enum { FUNCTION_NAME, FUNCTION_MODULE, FUNCTION_KIND, FUNCTION_FILE, N_FUNCTION };
enum { FRAME_LEVELS, FRAME_FUNCTION, FRAME_LINE, N_FRAME }; /* the last two once for each level */
enum { STACK_PARENT, STACK_FRAME, N_STACK };
enum { THREAD_ID, THREAD_LEADER, THREAD_PID, THREAD_TID, THREAD_NAME, THREAD_PROCESS, N_THREAD };

void page_names_init(struct page_names *ret, struct model *model, struct names *names, FILE *out)
{
	*ret = (struct page_names){
		.model = model,
		.names = names,
		.texts = { .name = "texts", .out = out, .n_columns = N_TEXT },
		.functions = { .name = "functions", .out = out, .n_columns = N_FUNCTION },
		.frames = { .name = "frames", .out = out, .n_columns = N_FRAME },
		.stacks = { .name = "stacks", .out = out, .n_columns = N_STACK },
		.threads = { .name = "threads", .out = out, .n_columns = N_THREAD },
	};
}

static void end_row(struct page_names *names, struct page_table *table)
{
	int error = page_table_end_row(table);

	names->error = names->error ? names->error : error;
}

uint32_t page_text(struct page_names *names, uint32_t text)
{
	uint64_t *ref;

	if (!text)
		return 0;
	ref = map_insert(&names->text_refs, text);
	if (!*ref) {
		*ref = names->text_refs.n;
		page_table_add_text(&names->texts, TEXT_SIZE, names_text(names->names, text));
		end_row(names, &names->texts);
	}
	return (uint32_t)*ref;
}

uint32_t page_string(struct page_names *names, const char *string)
{
	return page_text(names, names_intern(names->names, string));
}

uint32_t page_call(struct page_names *names, uint32_t nr)
{
	uint64_t *ref = map_insert(&names->call_refs, nr);
	char *text;

	if (!*ref) {
		text = syscall_text(names->model, nr);
		*ref = page_string(names, text);
		free(text);
	}
	return (uint32_t)*ref;
}

static uint32_t function_ref(struct page_names *names, uint32_t id)
{
	struct dictionary *dict = model_dictionary(names->model);
	uint64_t *ref = map_insert(&names->function_refs, id);
	struct page_table *table = &names->functions;
	struct function function;

	if (*ref)
		return (uint32_t)*ref;
	*ref = names->function_refs.n;
	function = names_function(names->names, id);
	page_table_add(table, FUNCTION_NAME, page_text(names, function.name));
	page_table_add(table, FUNCTION_MODULE,
		       page_text(names, names_module_short(names->names, function.module)));
	page_table_add(table, FUNCTION_KIND, dictionary_module(dict, function.module).kind);
	page_table_add(table, FUNCTION_FILE, page_text(names, function.file));
	end_row(names, table);
	return (uint32_t)*ref;
}

static uint32_t frame_ref(struct page_names *names, uint32_t frame)
{
	uint64_t *ref = map_insert(&names->frame_refs, frame);
	struct page_table *table = &names->frames;
	struct levels levels;

	if (*ref)
		return (uint32_t)*ref;
	*ref = names->frame_refs.n;
	levels = names_frame(names->names, frame);
	page_table_add(table, FRAME_LEVELS, levels.n);
	for (size_t i = 0; i < levels.n; i++) {
		page_table_add(table, FRAME_FUNCTION,
			       function_ref(names, levels.items[i].function));
		page_table_add(table, FRAME_LINE, levels.items[i].line);
	}
	end_row(names, table);
	return (uint32_t)*ref;
}

/* Parents come first, so that the page reads stacks in one pass. */
uint32_t page_stack(struct page_names *names, uint32_t stack)
{
	const struct dictionary *dict = model_dictionary(names->model);
	uint64_t *known;
	struct page_stack_use *use;
	uint32_t ref = 0;

	names->path.n = 0;
	if (!names->uses.n)
		array_add(&names->uses);
	while (stack) {
		known = map_find(&names->stack_refs, stack);
		if (known) {
			ref = (uint32_t)*known;
			break;
		}
		*array_add(&names->path) = stack;
		stack = dictionary_stack(dict, stack).parent;
	}
	while (names->path.n) {
		uint32_t id = names->path.items[--names->path.n];
		uint32_t own = (uint32_t)names->stack_refs.n + 1;

		page_table_add(&names->stacks, STACK_PARENT, ref);
		use = array_add(&names->uses);
		use->parent = ref;
		use->frame = names_frame_of(dictionary_stack(dict, id));
		page_table_add(&names->stacks, STACK_FRAME, frame_ref(names, use->frame));
		end_row(names, &names->stacks);
		*map_insert(&names->stack_refs, id) = own;
		ref = own;
	}
	names->uses.items[ref].n++;
	return ref;
}

struct page_thread *page_thread(struct page_names *names, uint32_t thread)
{
	struct page_thread *entry;

	while (names->by_thread.n <= thread)
		array_add(&names->by_thread);
	entry = &names->by_thread.items[thread];
	if (!entry->ref) {
		*array_add(&names->thread_by_ref) = thread;
		entry->ref = (uint32_t)names->thread_by_ref.n;
	}
	return entry;
}

static void put_thread(struct page_names *names, uint32_t id)
{
	struct model_thread thread = model_thread(names->model, id);
	struct page_table *table = &names->threads;
	uint32_t task = names->by_thread.items[id].task;
	uint32_t name = names_string(names->names, thread.name);
	uint32_t process =
		names_string(names->names, model_thread(names->model, thread.leader).name);

	if (task) {
		name = names_thread(names->names, names->model, task);
		process = names_process(names->names, names->model, task);
	}
	if (!name)
		name = names_intern(names->names, "[unnamed]");
	page_table_add(table, THREAD_ID, id);
	page_table_add(table, THREAD_LEADER, thread.leader);
	page_table_add(table, THREAD_PID, thread.pid);
	page_table_add(table, THREAD_TID, thread.tid);
	page_table_add(table, THREAD_NAME, page_text(names, name));
	page_table_add(table, THREAD_PROCESS, page_text(names, process));
	end_row(names, table);
}

int page_names_finish(struct page_names *names)
{
	struct page_table *tables[] = { &names->threads, &names->stacks, &names->frames,
					&names->functions, &names->texts };
	struct map *maps[] = { &names->text_refs, &names->function_refs, &names->frame_refs,
			       &names->stack_refs, &names->call_refs };
	uint32_t *thread;

	array_for_each(thread, &names->thread_by_ref)
		put_thread(names, *thread);
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		int error = page_table_finish(tables[i]);

		names->error = names->error ? names->error : error;
	}
	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++)
		map_release(maps[i]);
	array_release(&names->by_thread);
	array_release(&names->thread_by_ref);
	array_release(&names->path);
	array_release(&names->uses);
	return names->error;
}
