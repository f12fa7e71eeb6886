/* SPDX-License-Identifier: GPL-2.0-only */
#include "export/go_text.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "model/names.h"

#define NS_PER_SECOND 1000000000

struct printer {
	const struct profile *profile;
	const struct dictionary *dict;
	struct names *names;
	FILE *out;
};

static struct dict_stack stack_of(const struct printer *printer, uint32_t stack)
{
	return dictionary_stack(printer->dict, stack);
}

static bool has_stack(const struct printer *printer, uint32_t stack)
{
	return stack && stack <= dictionary_n_stacks(printer->dict);
}

static void put_addresses(const struct printer *printer, uint32_t stack)
{
	for (; has_stack(printer, stack); stack = stack_of(printer, stack).parent)
		fprintf(printer->out, " 0x%" PRIx64,
			dictionary_frame(printer->dict, stack_of(printer, stack).frame).address);
}

/* "# 0x4011d6 inner /src/a.c:12", tabs between; inlined functions have lines of their own. */
static void put_frame(const struct printer *printer, uint32_t frame)
{
	struct levels levels = names_frame(printer->names, frame);
	uint64_t address = dictionary_frame(printer->dict, frame).address;

	for (size_t i = 0; i < levels.n; i++) {
		struct function f = names_function(printer->names, levels.items[i].function);

		fprintf(printer->out, "#\t0x%" PRIx64 "\t%s", address,
			names_text(printer->names, f.name));
		if (f.file)
			fprintf(printer->out, "\t%s:%u", names_text(printer->names, f.file),
				levels.items[i].line);
		fputc('\n', printer->out);
	}
}

static void put_frames(const struct printer *printer, uint32_t stack)
{
	if (!has_stack(printer, stack))
		put_frame(printer, stack ? NAMES_UNDEFINED : NAMES_NO_STACK);
	for (; has_stack(printer, stack); stack = stack_of(printer, stack).parent)
		put_frame(printer, names_frame_of(stack_of(printer, stack)));
	fputc('\n', printer->out);
}

static const char *process_of(const struct printer *printer, uint32_t task)
{
	return names_text(printer->names,
			  names_process(printer->names, printer->profile->model, task));
}

static const char *thread_of(const struct printer *printer, uint32_t task)
{
	return names_text(printer->names,
			  names_thread(printer->names, printer->profile->model, task));
}

static void put_labels(const struct printer *printer, uint32_t task)
{
	struct model_thread thread = model_thread(printer->profile->model,
						  model_task(printer->profile->model, task).thread);

	fprintf(printer->out,
		"# labels: {\"comm\":\"%s\", \"pid\":\"%u\", \"thread\":\"%s\", \"tid\":\"%u\"}\n",
		process_of(printer, task), thread.pid, thread_of(printer, task), thread.tid);
}

/* Nanoseconds are our cycles. */
static void put_contentions(const struct printer *printer)
{
	const struct profile *profile = printer->profile;
	bool is_mutex = !strcmp(profile->name, "mutex");
	const struct profile_row *row;

	fprintf(printer->out, "--- %s:\ncycles/second=%d\n", is_mutex ? "mutex" : "contention",
		NS_PER_SECOND);
	if (is_mutex)
		fputs("sampling period=1\n", printer->out);
	array_for_each(row, &profile->rows) {
		fprintf(printer->out, "%" PRId64 " %" PRId64 " @", row->values[1], row->values[0]);
		put_addresses(printer, row->key.stack);
		fputc('\n', printer->out);
		put_frames(printer, row->key.stack);
	}
}

/* In use, then allocated, as Go orders them. */
static void put_memory(const struct printer *printer)
{
	enum { ALLOC_OBJECTS, ALLOC_SPACE, INUSE_OBJECTS, INUSE_SPACE };
	const struct profile *profile = printer->profile;
	int64_t total[PROFILE_MAX_VALUES] = { 0 };
	const struct profile_row *row;

	array_for_each(row, &profile->rows)
		values_add(total, row->values);
	fprintf(printer->out,
		"heap profile: %" PRId64 ": %" PRId64 " [%" PRId64 ": %" PRId64 "] @ heap/%" PRId64
		"\n",
		total[INUSE_OBJECTS], total[INUSE_SPACE], total[ALLOC_OBJECTS], total[ALLOC_SPACE],
		2 * profile->period);
	array_for_each(row, &profile->rows) {
		fprintf(printer->out, "%" PRId64 ": %" PRId64 " [%" PRId64 ": %" PRId64 "] @",
			row->values[INUSE_OBJECTS], row->values[INUSE_SPACE],
			row->values[ALLOC_OBJECTS], row->values[ALLOC_SPACE]);
		put_addresses(printer, row->key.stack);
		fputc('\n', printer->out);
		put_frames(printer, row->key.stack);
	}
}

static void put_counts(const struct printer *printer)
{
	const struct profile *profile = printer->profile;
	const struct profile_row *row;

	fprintf(printer->out, "%s profile: total %" PRId64 "\n", profile->types[0].type,
		profile_total(profile, 0));
	array_for_each(row, &profile->rows) {
		fprintf(printer->out, "%" PRId64 " @", row->values[0]);
		put_addresses(printer, row->key.stack);
		fputc('\n', printer->out);
		put_labels(printer, row->key.task);
		put_frames(printer, row->key.stack);
	}
}

static struct printer begin(const struct profile *profile, FILE *out)
{
	return (struct printer){ profile, model_dictionary(profile->model), profile->names, out };
}

static int end(const struct printer *printer)
{
	return ferror(printer->out) ? -(errno ? errno : EIO) : 0;
}

int go_text(const struct profile *profile, FILE *out)
{
	struct printer printer = begin(profile, out);

	if (!strcmp(profile->types[0].type, "contentions"))
		put_contentions(&printer);
	else if (!strcmp(profile->types[0].type, "alloc_objects"))
		put_memory(&printer);
	else
		put_counts(&printer);
	return end(&printer);
}

int go_stacks(const struct profile *profile, FILE *out)
{
	struct printer printer = begin(profile, out);
	const struct profile_row *row;

	array_for_each(row, &profile->rows) {
		struct model_thread thread = model_thread(
			profile->model, model_task(profile->model, row->key.task).thread);

		fprintf(out, "thread %u of process %u [%s, %s]:\n", thread.tid, thread.pid,
			thread_of(&printer, row->key.task), process_of(&printer, row->key.task));
		put_frames(&printer, row->key.stack);
	}
	return end(&printer);
}
