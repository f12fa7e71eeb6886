/* SPDX-License-Identifier: GPL-2.0-only */
#include "page_source.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/file.h"

enum { FILE_NAME, FILE_STATE, FILE_N_LINES, N_FILE };
enum { LINE_SKIPPED, LINE_SIZE, LINE_BYTES, N_LINE };

#define FILE_BYTES_MAX (16u << 20) /* larger ones are no sources that anybody reads */
#define LINE_BYTES_MAX 400u

struct place { /* a line that stacks stand in */
	uint32_t file;
	uint32_t line;
	uint64_t uses;
};

struct source {
	uint32_t file; /* its text in the names */
	enum page_source_state state;
	struct buf text;
	ARRAY(size_t) starts;   /* of its lines in text */
	ARRAY(uint8_t) is_kept; /* by line, which counts from 1 */
};

struct sources {
	struct page_names *names;
	uint64_t wall_ns;
	struct map uses; /* of file << 32 | line */
	ARRAY(struct place) places;
	ARRAY(struct source) items;
	struct map by_file; /* number of an item + 1 */
	size_t bytes;       /* of lines that are kept */
};

bool page_source_is_name(const char *path)
{
	static const char *const suffixes[] = {
		".c",   ".cc",  ".cpp", ".cxx",   ".c++",  ".C",     ".h",   ".hh",  ".hpp",
		".hxx", ".inc", ".inl", ".ipp",   ".tcc",  ".def",   ".S",   ".s",   ".y",
		".l",   ".rs",  ".go",  ".d",     ".zig",  ".nim",   ".f",   ".f90", ".F90",
		".adb", ".ml",  ".hs",  ".swift", ".m",    ".mm",    ".cu",  ".py",  ".js",
		".mjs", ".ts",  ".rb",  ".kt",    ".java", ".scala", ".pas",
	};
	const char *name = strrchr(path, '/');
	const char *suffix = strrchr(name ? name : path, '.');

	for (size_t i = 0; suffix && i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		if (!strcmp(suffix, suffixes[i]))
			return true;
	}
	return false;
}

/* What @fd is open on has a source's name itself, not just what led there. */
static bool is_really_source(int fd)
{
	char link[32], path[PATH_MAX];
	ssize_t size;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	size = readlink(link, path, sizeof(path) - 1);
	if (size <= 0)
		return false;
	path[size] = '\0';
	return page_source_is_name(path);
}

static enum page_source_state read_open(int fd, uint64_t wall_ns, struct buf *ret)
{
	struct stat st;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size > (off_t)FILE_BYTES_MAX ||
	    !is_really_source(fd) || file_read_fd(fd, ret) < 0)
		return SOURCE_ABSENT;
	return wall_ns && (uint64_t)st.st_mtime > wall_ns / 1000000000u ? SOURCE_NEWER :
									  SOURCE_FOUND;
}

static enum page_source_state read_source(const char *path, uint64_t wall_ns, struct buf *ret)
{
	enum page_source_state state;
	int fd;

	if (*path != '/' || !page_source_is_name(path))
		return SOURCE_ABSENT;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return SOURCE_ABSENT;
	state = read_open(fd, wall_ns, ret);
	close(fd);
	return state;
}

static void find_lines(struct source *source)
{
	const struct buf *text = &source->text;

	*array_add(&source->starts) = 0; /* there is no line 0 */
	for (size_t at = 0; at < text->size;) {
		const unsigned char *end = memchr(text->data + at, '\n', text->size - at);

		*array_add(&source->starts) = at;
		at = end ? (size_t)(end - text->data) + 1 : text->size;
	}
	for (size_t i = 0; i < source->starts.n; i++)
		array_add(&source->is_kept);
}

static struct source *source_of(struct sources *sources, uint32_t file)
{
	uint64_t *known = map_insert(&sources->by_file, file);
	struct source *source;

	if (*known)
		return &sources->items.items[*known - 1];
	source = array_add(&sources->items);
	*known = sources->items.n;
	source->file = file;
	source->state = SOURCE_NO_ROOM;
	if (sources->bytes >= PAGE_SOURCE_BYTES)
		return source;
	source->state = read_source(names_text(sources->names->names, file), sources->wall_ns,
				    &source->text);
	find_lines(source);
	return source;
}

static size_t line_size(const struct source *source, size_t line)
{
	size_t from = source->starts.items[line];
	size_t to = line + 1 < source->starts.n ? source->starts.items[line + 1] :
						  source->text.size;

	while (to > from &&
	       (source->text.data[to - 1] == '\n' || source->text.data[to - 1] == '\r'))
		to--;
	return to - from < LINE_BYTES_MAX ? to - from : LINE_BYTES_MAX;
}

/* The line and those around it, as long as there is room. */
static void keep(struct sources *sources, const struct place *place)
{
	struct source *source = source_of(sources, place->file);
	size_t first = place->line > PAGE_SOURCE_AROUND ? place->line - PAGE_SOURCE_AROUND : 1;
	size_t last = (size_t)place->line + PAGE_SOURCE_AROUND;

	if (place->line >= source->starts.n)
		return;
	for (size_t line = first; line <= last && line < source->starts.n; line++) {
		if (source->is_kept.items[line] || sources->bytes >= PAGE_SOURCE_BYTES)
			continue;
		source->is_kept.items[line] = 1;
		sources->bytes += line_size(source, line) + 1;
	}
}

static int by_uses(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->uses != y->uses)
		return x->uses < y->uses ? 1 : -1;
	if (x->file != y->file)
		return x->file < y->file ? -1 : 1;
	return x->line < y->line ? -1 : x->line > y->line;
}

/* What is used through a caller counts for it, too: parents have smaller numbers. */
static void count_uses(struct sources *sources)
{
	struct page_names *names = sources->names;

	for (size_t i = names->uses.n; i-- > 1;) {
		struct page_stack_use *use = &names->uses.items[i];
		struct levels levels = names_frame(names->names, use->frame);

		names->uses.items[use->parent].n += use->n;
		for (size_t k = 0; k < levels.n; k++) {
			uint32_t file = names_function(names->names, levels.items[k].function).file;

			if (file && levels.items[k].line)
				*map_insert(&sources->uses,
					    (uint64_t)file << 32 | levels.items[k].line) += use->n;
		}
	}
}

static void sort_places(struct sources *sources)
{
	const struct map_slot *slot;

	map_for_each(slot, &sources->uses)
		*array_add(&sources->places) = (struct place){
			.file = (uint32_t)(slot->key >> 32),
			.line = (uint32_t)slot->key,
			.uses = slot->value,
		};
	if (sources->places.n)
		qsort(sources->places.items, sources->places.n, sizeof(struct place), by_uses);
}

static int put_lines(const struct source *source, struct page_table *table, size_t *ret_n)
{
	struct buf text = { 0 };
	size_t last = 0;
	int error = 0;

	*ret_n = 0;
	for (size_t line = 1; line < source->starts.n && !error; line++) {
		size_t size = line_size(source, line);
		const unsigned char *from = source->text.data + source->starts.items[line];

		if (!source->is_kept.items[line])
			continue;
		buf_clear(&text);
		for (size_t at = 0; at < size;) { /* tabs stay, as they are the indentation */
			const unsigned char *tab = memchr(from + at, '\t', size - at);
			size_t n = tab ? (size_t)(tab - from) - at : size - at;

			escape_text(&text, from + at, n);
			if (tab)
				buf_puts(&text, "\t");
			at += n + (tab != NULL);
		}
		page_table_add(table, LINE_SKIPPED, line - last - 1);
		page_table_add_text(table, LINE_SIZE, buf_str(&text));
		error = page_table_end_row(table);
		last = line;
		++*ret_n;
	}
	buf_release(&text);
	return error;
}

static int put_tables(struct sources *sources, FILE *out)
{
	struct page_table files = { .name = "files", .out = out, .n_columns = N_FILE };
	struct page_table lines = { .name = "source", .out = out, .n_columns = N_LINE };
	struct source *source;
	int error = 0, finish_error;
	size_t n;

	array_for_each(source, &sources->items) {
		if (!error)
			error = put_lines(source, &lines, &n);
		page_table_add(&files, FILE_NAME, page_text(sources->names, source->file));
		page_table_add(&files, FILE_STATE, source->state);
		page_table_add(&files, FILE_N_LINES, error ? 0 : n);
	}
	finish_error = page_table_finish(&files);
	error = error ? error : finish_error;
	finish_error = page_table_finish(&lines);
	return error ? error : finish_error;
}

int page_put_sources(struct page_names *names, uint64_t wall_ns, FILE *out)
{
	struct sources sources = { .names = names, .wall_ns = wall_ns };
	struct source *source;
	struct place *place;
	int error;

	count_uses(&sources);
	sort_places(&sources);
	array_for_each(place, &sources.places)
		keep(&sources, place);
	error = put_tables(&sources, out);
	array_for_each(source, &sources.items) {
		buf_release(&source->text);
		array_release(&source->starts);
		array_release(&source->is_kept);
	}
	array_release(&sources.items);
	array_release(&sources.places);
	map_release(&sources.uses);
	map_release(&sources.by_file);
	return error;
}
