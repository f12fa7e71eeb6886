/* SPDX-License-Identifier: GPL-2.0-only */
#include "serve_base.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "event/definer.h"

#define MAX_NOTES 256

struct record { /* followed by its notes from the outermost on, each ended by NUL */
	struct model_task task;
	uint32_t cpu;
	uint32_t stack; /* the recorder's; what a fork added to it is the notes */
	uint32_t n_notes;
	int64_t values[PROFILE_MAX_VALUES];
};

/* Text of the note that stack @id adds. */
static const char *note_of(const struct dictionary *dict, uint32_t id)
{
	struct dict_frame frame = dictionary_frame(dict, dictionary_stack(dict, id).frame);

	return dictionary_module(dict, frame.module).path;
}

int serve_base_save(const struct profile *profile, uint32_t n_stacks, int fd)
{
	const struct dictionary *dict = model_dictionary(profile->model);
	const struct profile_row *row;
	struct buf out = { 0 };
	int r;

	array_for_each(row, &profile->rows) {
		const char *notes[MAX_NOTES];
		struct record record = {
			.task = model_task(profile->model, row->key.task),
			.cpu = row->key.cpu,
		};
		uint32_t stack = row->key.stack;

		for (; stack > n_stacks && record.n_notes < MAX_NOTES;
		     stack = dictionary_stack(dict, stack).parent)
			notes[record.n_notes++] = note_of(dict, stack);
		record.stack = stack;
		memcpy(record.values, row->values, sizeof(record.values));
		buf_add(&out, &record, sizeof(record));
		for (uint32_t i = record.n_notes; i-- > 0;)
			buf_add(&out, notes[i], strlen(notes[i]) + 1);
	}
	r = file_write_fd(fd, out.data, out.size);
	buf_release(&out);
	return r;
}

struct ids { /* that this process gave out, by what they stand for */
	struct profile *profile;
	struct definer *definer;
	struct map stacks; /* by stack below and text */
	struct map tasks;
};

static uint64_t hash_text(uint32_t stack, const char *text)
{
	uint64_t hash = hash_u64(stack);

	for (; *text; text++)
		hash = hash_u64(hash ^ (unsigned char)*text);
	return hash;
}

static uint64_t hash_task(const struct model_task *task)
{
	return hash_u64((uint64_t)task->thread << 32 | task->name) ^
	       hash_u64((uint64_t)task->process_name << 1);
}

static void ids_init(struct ids *ids, struct profile *profile, uint32_t n_stacks)
{
	const struct dictionary *dict = model_dictionary(profile->model);
	uint32_t n = dictionary_n_stacks(dict);

	*ids = (struct ids){ .profile = profile, .definer = model_definer(profile->model) };
	for (uint32_t id = n_stacks + 1; id <= n; id++)
		*map_insert(&ids->stacks,
			    hash_text(dictionary_stack(dict, id).parent, note_of(dict, id))) = id;
	for (uint32_t id = 1; id <= model_n_tasks(profile->model); id++) {
		struct model_task task = model_task(profile->model, id);

		*map_insert(&ids->tasks, hash_task(&task)) = id;
	}
}

static void ids_release(struct ids *ids)
{
	definer_free(ids->definer);
	map_release(&ids->stacks);
	map_release(&ids->tasks);
}

static uint32_t stack_with(struct ids *ids, uint32_t stack, const char *note)
{
	uint64_t *id = map_insert(&ids->stacks, hash_text(stack, note));

	if (!*id)
		*id = definer_stack(ids->definer, stack, definer_note(ids->definer, note));
	return (uint32_t)*id;
}

static bool is_allocated(const struct value_type *type)
{
	return !strncmp(type->type, "alloc", 5);
}

static int take_record(struct ids *ids, const unsigned char **at, const unsigned char *end,
		       bool allocated)
{
	struct profile_key key = { 0 };
	struct profile_row *row;
	struct record record;
	const uint64_t *task;

	if ((size_t)(end - *at) < sizeof(record))
		return -EBADMSG;
	memcpy(&record, *at, sizeof(record));
	*at += sizeof(record);
	key.cpu = record.cpu;
	key.stack = record.stack;
	for (uint32_t i = 0; i < record.n_notes; i++) {
		const unsigned char *nul = memchr(*at, '\0', (size_t)(end - *at));

		if (!nul)
			return -EBADMSG;
		key.stack = stack_with(ids, key.stack, (const char *)*at);
		*at = nul + 1;
	}
	task = map_find(&ids->tasks, hash_task(&record.task));
	key.task = task ? (uint32_t)*task : 0;
	row = profile_row(ids->profile, &key);
	for (size_t i = 0; i < ids->profile->n_types; i++) {
		if (!allocated || is_allocated(&ids->profile->types[i]))
			row->values[i] = value_add(row->values[i], -record.values[i]);
	}
	return 0;
}

static void drop_nothings(struct profile *profile)
{
	struct profile kept = { 0 };
	const struct profile_row *row;

	array_for_each(row, &profile->rows) {
		bool is_any = false;

		for (size_t i = 0; i < profile->n_types; i++)
			is_any |= row->values[i] != 0;
		if (is_any)
			profile_row_add(profile_row(&kept, &row->key), row);
	}
	profile_take_rows(profile, &kept);
}

int serve_base_subtract(struct profile *profile, uint32_t n_stacks, int fd, bool allocated)
{
	const unsigned char *at, *end;
	struct buf all = { 0 };
	struct ids ids;
	ssize_t n;
	int r = 0;

	if (lseek(fd, 0, SEEK_SET))
		return -errno;
	n = file_read_fd(fd, &all);
	ids_init(&ids, profile, n_stacks);
	at = all.data;
	end = at + all.size;
	while (!r && n > 0 && at < end)
		r = take_record(&ids, &at, end, allocated);
	ids_release(&ids);
	buf_release(&all);
	drop_nothings(profile);
	return n < 0 ? (int)n : r;
}
