/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * profile.proto, gzipped, as runtime/pprof writes it; what readers insist on:
 *
 * Ids of mappings, locations and functions run 1, 2, 3 … in table order.  Names
 * are final: every mapping says that it is symbolised, and a system name never
 * equals a name that a demangler could touch.  Addresses are those of the ELF file
 * and every mapping starts at 0, so that one mapping serves all processes that run
 * the file, and disassembly finds its way.
 *
 * A message may be written in pieces that a reader concatenates, so samples go
 * out one by one and are never all in memory in this form.
 */
#include <errno.h>

#include "base/intern.h"
#include "export/profile.pb-c.h"
#include "exporters.h"
#include "gzip.h"
#include "model/audit.h"
#include "model/names.h"

struct writer {
	const struct profile *profile;
	const struct dictionary *dict;
	struct names *names;
	struct gzip gzip;
	struct intern strings; /* an id is an index in string_table */

	/* Modules, frames and functions of the recording that were met, in that order. */
	ARRAY(uint32_t) modules, frames, functions;
	struct map mapping_of, location_of, function_of; /* by id; pprof's id */
	ARRAY(uint64_t) locations;                       /* of the sample at hand */
};

static int64_t string(struct writer *writer, const char *text)
{
	return *text ? intern_string(&writer->strings, text) : 0;
}

static int64_t text(struct writer *writer, uint32_t id)
{
	return string(writer, names_text(writer->names, id));
}

static void put(struct writer *writer, const Pprof__Profile *part)
{
	pprof__profile__pack_to_buffer(part, &writer->gzip.buffer);
}

/* The id of @id in the table that @ids grows to, made if need be. */
#define number(map, ids, id)                         \
	({                                           \
		uint64_t *at_ = map_insert(map, id); \
		if (!*at_) {                         \
			*array_add(ids) = (id);      \
			*at_ = (ids)->n;             \
		}                                    \
		*at_;                                \
	})

static void put_header(struct writer *writer)
{
	const struct profile *profile = writer->profile;
	Pprof__ValueType types[PROFILE_MAX_VALUES], *pointers[PROFILE_MAX_VALUES];
	Pprof__ValueType period_type = PPROF__VALUE_TYPE__INIT;
	Pprof__Profile part = PPROF__PROFILE__INIT;

	for (size_t i = 0; i < profile->n_types; i++) {
		pprof__value_type__init(&types[i]);
		types[i].type = string(writer, profile->types[i].type);
		types[i].unit = string(writer, profile->types[i].unit);
		pointers[i] = &types[i];
	}
	part.n_sample_type = profile->n_types;
	part.sample_type = pointers;
	part.default_sample_type = string(writer, profile->types[profile->default_type].type);
	part.time_nanos = (int64_t)profile->time_ns;
	part.duration_nanos = (int64_t)profile->duration_ns;
	if (profile->period_type.type) {
		period_type.type = string(writer, profile->period_type.type);
		period_type.unit = string(writer, profile->period_type.unit);
		part.period_type = &period_type;
		part.period = profile->period;
	}
	put(writer, &part);
}

static void put_comments(struct writer *writer)
{
	Pprof__Profile part = PPROF__PROFILE__INIT;
	const struct audit *audit = writer->profile->audit;
	ARRAY(int64_t) comments = { 0 };
	const struct audit_line *line;
	struct buf all = { 0 };

	*array_add(&comments) = string(writer, "sysprof " SYSPROF_VERSION);
	if (audit) {
		array_for_each(line, &audit->lines) {
			buf_clear(&all);
			buf_printf(&all, "self-audit: %s%s", line->is_flaw ? "! " : "", line->text);
			*array_add(&comments) = string(writer, buf_str(&all));
		}
	}
	part.n_comment = comments.n;
	part.comment = comments.items;
	put(writer, &part);
	buf_release(&all);
	array_release(&comments);
}

static void add_location(struct writer *writer, uint32_t frame)
{
	*array_add(&writer->locations) = number(&writer->location_of, &writer->frames, frame);
}

static void walk_stack(struct writer *writer, uint32_t stack)
{
	writer->locations.n = 0;
	if (stack == 0 || stack > dictionary_n_stacks(writer->dict))
		add_location(writer, stack ? NAMES_UNDEFINED : NAMES_NO_STACK);
	else
		for (; stack; stack = dictionary_stack(writer->dict, stack).parent)
			add_location(writer, names_frame_of(dictionary_stack(writer->dict, stack)));
}

enum label {
	LABEL_COMM,
	LABEL_THREAD,
	LABEL_PID,
	LABEL_TID,
	LABEL_CPU,
	N_LABELS,
	N_LABELS_MAX = N_LABELS + PROFILE_MAX_LABELS
};

/* Returns how many there are. */
static size_t fill_labels(struct writer *writer, const struct profile_key *key,
			  Pprof__Label labels[N_LABELS_MAX])
{
	static const char *const keys[] = { "comm", "thread", "pid", "tid", "cpu" };
	const struct model *model = writer->profile->model;
	struct model_thread thread = model_thread(model, model_task(model, key->task).thread);
	size_t n = key->cpu == PROFILE_NO_CPU ? LABEL_CPU : N_LABELS;

	for (size_t i = 0; i < N_LABELS; i++) {
		pprof__label__init(&labels[i]);
		labels[i].key = string(writer, keys[i]);
	}
	labels[LABEL_COMM].str = text(writer, names_process(writer->names, model, key->task));
	labels[LABEL_THREAD].str = text(writer, names_thread(writer->names, model, key->task));
	labels[LABEL_PID].num = thread.pid;
	labels[LABEL_TID].num = thread.tid;
	labels[LABEL_CPU].num = key->cpu;
	labels[LABEL_CPU].num_unit = labels[LABEL_CPU].key; /* a bare 0 would read as no label */
	for (size_t i = 0; i < PROFILE_MAX_LABELS; i++) {
		if (!key->labels[i])
			continue;
		pprof__label__init(&labels[n]);
		labels[n].key = string(writer, writer->profile->labels[i]);
		labels[n++].str = text(writer, key->labels[i]);
	}
	return n;
}

static void put_sample(struct writer *writer, const struct profile_row *row)
{
	Pprof__Label labels[N_LABELS_MAX], *pointers[N_LABELS_MAX];
	Pprof__Sample sample = PPROF__SAMPLE__INIT, *samples = &sample;
	Pprof__Profile part = PPROF__PROFILE__INIT;
	int64_t values[PROFILE_MAX_VALUES];

	walk_stack(writer, row->key.stack);
	sample.n_label = fill_labels(writer, &row->key, labels);
	for (size_t i = 0; i < sample.n_label; i++)
		pointers[i] = &labels[i];
	memcpy(values, row->values, sizeof(values));
	sample.n_location_id = writer->locations.n;
	sample.location_id = writer->locations.items;
	sample.n_value = writer->profile->n_types;
	sample.value = values;
	sample.label = pointers;
	part.n_sample = 1;
	part.sample = &samples;
	put(writer, &part);
}

/*
 * A number that tasks share whose labels are the same: a tid that was given out
 * again to a thread of the same name cannot be told from the first.
 */
static uint32_t *equal_tasks(struct writer *writer)
{
	const struct model *model = writer->profile->model;
	uint32_t n = model_n_tasks(model);
	uint32_t *same = xcalloc((size_t)n + 1, sizeof(*same));
	struct intern labels = { 0 };
	ARRAY(uint32_t) first = { 0 }; /* task of label id i at i - 1 */

	for (uint32_t task = 1; task <= n; task++) {
		struct model_thread thread = model_thread(model, model_task(model, task).thread);
		uint32_t key[] = { thread.pid, thread.tid,
				   names_process(writer->names, model, task),
				   names_thread(writer->names, model, task) };
		uint32_t id = intern_bytes(&labels, key, sizeof(key));

		if (id > first.n)
			*array_add(&first) = task;
		same[task] = first.items[id - 1];
	}
	intern_release(&labels);
	array_release(&first);
	return same;
}

static void put_samples(struct writer *writer)
{
	uint32_t n = model_n_tasks(writer->profile->model);
	uint32_t *same = equal_tasks(writer);
	struct profile merged = { 0 };
	const struct profile_row *row;

	array_for_each(row, &writer->profile->rows) {
		struct profile_key key = row->key;

		if (key.task <= n && same[key.task] != key.task)
			key.task = same[key.task];
		values_add(profile_row(&merged, &key)->values, row->values);
	}
	array_for_each(row, &merged.rows)
		put_sample(writer, row);
	profile_release(&merged);
	free(same);
}

/* Shared objects are not what a user calls the program. */
static bool is_program(const struct dict_module *module)
{
	return module->kind == MODULE_ELF && !strstr(module->path, ".so") &&
	       !strstr(module->path, "/ld-");
}

/*
 * The program that most of the time is spent in, judged by where stacks begin: pprof
 * takes the first mapping for the main binary.
 */
static void choose_main(struct writer *writer)
{
	const struct profile *profile = writer->profile;
	uint32_t n = dictionary_n_stacks(writer->dict);
	uint32_t n_modules = dictionary_n_modules(writer->dict);
	uint32_t *root_of = xcalloc((size_t)n + 1, sizeof(*root_of)); /* module of each stack */
	int64_t *weight = xcalloc((size_t)n_modules + 1, sizeof(*weight));
	const struct profile_row *row;
	uint32_t best = 0;

	for (uint32_t id = 1; id <= n; id++) {
		struct dict_stack stack = dictionary_stack(writer->dict, id);
		uint32_t module = dictionary_frame(writer->dict, stack.frame).module;
		struct dict_module m = dictionary_module(writer->dict, module);

		root_of[id] = root_of[stack.parent];
		if (!root_of[id] && module <= n_modules && is_program(&m))
			root_of[id] = module;
	}
	array_for_each(row, &profile->rows) {
		uint32_t module = row->key.stack <= n ? root_of[row->key.stack] : 0;

		weight[module] = value_add(weight[module], row->values[profile->default_type]);
		if (module && (!best || weight[module] > weight[best]))
			best = module;
	}
	if (best)
		number(&writer->mapping_of, &writer->modules, best);
	free(root_of);
	free(weight);
}

/* Of a frame: notes and stacks that were not taken are in no mapping. */
static uint64_t mapping_of(struct writer *writer, uint32_t module)
{
	struct dict_module m = dictionary_module(writer->dict, module);

	if (!m.kind || m.kind == MODULE_NOTE)
		return 0;
	return number(&writer->mapping_of, &writer->modules, module);
}

static void put_location(struct writer *writer, uint32_t frame, uint64_t id)
{
	struct levels levels = names_frame(writer->names, frame);
	struct dict_frame f = dictionary_frame(writer->dict, frame);
	Pprof__Line *lines = xcalloc(levels.n, sizeof(*lines));
	Pprof__Line **pointers = xcalloc(levels.n, sizeof(Pprof__Line *));
	Pprof__Location location = PPROF__LOCATION__INIT, *locations = &location;
	Pprof__Profile part = PPROF__PROFILE__INIT;

	for (size_t i = 0; i < levels.n; i++) {
		pprof__line__init(&lines[i]);
		lines[i].function_id =
			number(&writer->function_of, &writer->functions, levels.items[i].function);
		lines[i].line = levels.items[i].line;
		pointers[i] = &lines[i];
	}
	location.id = id;
	location.mapping_id = mapping_of(writer, f.module);
	location.address = location.mapping_id ? f.address : 0;
	location.n_line = levels.n;
	location.line = pointers;
	part.n_location = 1;
	part.location = &locations;
	put(writer, &part);
	free(lines);
	free(pointers);
}

/* Whether no demangler would find anything to do in @name. */
static bool is_plain(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	static const char others[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "0123456789_";

	return *name && strchr(letters, *name) && name[strspn(name, others)] == '\0';
}

static void put_function(struct writer *writer, uint32_t function, uint64_t id)
{
	struct function f = names_function(writer->names, function);
	Pprof__Function message = PPROF__FUNCTION__INIT, *functions = &message;
	Pprof__Profile part = PPROF__PROFILE__INIT;

	message.id = id;
	message.name = text(writer, f.name);
	message.filename = text(writer, f.file);
	message.start_line = f.start_line;
	if (f.linkage)
		message.system_name = text(writer, f.linkage);
	else if (is_plain(names_text(writer->names, f.name)))
		message.system_name = message.name;
	part.n_function = 1;
	part.function = &functions;
	put(writer, &part);
}

static void put_mapping(struct writer *writer, uint32_t module, uint64_t id)
{
	struct dict_module m = dictionary_module(writer->dict, module);
	Pprof__Mapping mapping = PPROF__MAPPING__INIT, *mappings = &mapping;
	Pprof__Profile part = PPROF__PROFILE__INIT;

	mapping.id = id;
	mapping.memory_limit = UINT64_MAX;
	mapping.filename = text(writer, names_module_path(writer->names, module));
	mapping.build_id = text(writer, names_intern(writer->names, m.build_id));
	mapping.has_functions = true;
	mapping.has_filenames = true;
	mapping.has_line_numbers = true;
	mapping.has_inline_frames = true;
	part.n_mapping = 1;
	part.mapping = &mappings;
	put(writer, &part);
}

/* Locations name functions and mappings, all name strings: so in that order. */
static void put_tables(struct writer *writer)
{
	Pprof__Profile part = PPROF__PROFILE__INIT;
	char *string;

	for (size_t i = 0; i < writer->frames.n; i++)
		put_location(writer, writer->frames.items[i], i + 1);
	for (size_t i = 0; i < writer->functions.n; i++)
		put_function(writer, writer->functions.items[i], i + 1);
	for (size_t i = 0; i < writer->modules.n; i++)
		put_mapping(writer, writer->modules.items[i], i + 1);
	part.n_string_table = 1;
	part.string_table = &string;
	for (uint32_t id = 0; id <= writer->strings.entries.n; id++) {
		string = (char *)intern_text(&writer->strings, id);
		put(writer, &part);
	}
}

static void writer_release(struct writer *writer)
{
	intern_release(&writer->strings);
	array_release(&writer->modules);
	array_release(&writer->frames);
	array_release(&writer->functions);
	map_release(&writer->mapping_of);
	map_release(&writer->location_of);
	map_release(&writer->function_of);
	array_release(&writer->locations);
}

int export_pprof(const struct profile *profile, const struct export_options *options, FILE *out)
{
	struct writer writer = {
		.profile = profile,
		.dict = model_dictionary(profile->model),
		.names = profile->names,
	};
	int error;

	(void)options; /* it holds all values */
	gzip_init(&writer.gzip, out);
	put_header(&writer);
	put_comments(&writer);
	choose_main(&writer);
	put_samples(&writer);
	put_tables(&writer);
	error = gzip_finish(&writer.gzip);
	writer_release(&writer);
	return error;
}
