/* SPDX-License-Identifier: GPL-2.0-only */
#include "serve_names.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

struct record { /* followed by function, linkage and file, each ended by NUL */
	uint32_t frame, depth, line, start_line;
};

bool *serve_names_known(const struct dictionary *dict)
{
	uint32_t n = dictionary_n_frames(dict);
	bool *known = xcalloc((size_t)n + 1, sizeof(*known));

	for (uint32_t frame = 1; frame <= n; frame++)
		known[frame] = dictionary_frame(dict, frame).n_names != 0;
	return known;
}

static void save_frame(struct buf *out, const struct dictionary *dict, uint32_t frame)
{
	struct dict_frame names = dictionary_frame(dict, frame);

	for (uint32_t i = 0; i < names.n_names; i++) {
		const struct dict_name *name = &names.names[i];
		const uint32_t strings[] = { name->function, name->linkage, name->file };
		struct record record = { frame, i, name->line, name->start_line };

		buf_add(out, &record, sizeof(record));
		for (size_t k = 0; k < sizeof(strings) / sizeof(strings[0]); k++) {
			const char *text = dictionary_string(dict, strings[k]);

			buf_add(out, text, strlen(text) + 1);
		}
	}
}

int serve_names_save(const struct dictionary *dict, const bool *known, int fd)
{
	uint32_t n = dictionary_n_frames(dict);
	struct buf out = { 0 };
	int r;

	for (uint32_t frame = 1; frame <= n; frame++) {
		if (!known[frame])
			save_frame(&out, dict, frame);
	}
	r = file_write_fd(fd, out.data, out.size);
	buf_release(&out);
	return r;
}

static const char *take_text(const unsigned char **at, const unsigned char *end)
{
	const char *text = (const char *)*at;
	const unsigned char *nul = memchr(*at, '\0', (size_t)(end - *at));

	if (nul)
		*at = nul + 1;
	return nul ? text : NULL;
}

static int load_record(const unsigned char **at, const unsigned char *end,
		       const struct dictionary *dict, struct definer *definer)
{
	struct definer_name name = { 0 };
	struct record record;

	if ((size_t)(end - *at) < sizeof(record))
		return -EBADMSG;
	memcpy(&record, *at, sizeof(record));
	*at += sizeof(record);
	name.function = take_text(at, end);
	name.linkage = name.function ? take_text(at, end) : NULL;
	name.file = name.linkage ? take_text(at, end) : NULL;
	if (!name.file)
		return -EBADMSG;
	if (dictionary_frame(dict, record.frame).n_names != record.depth)
		return 0; /* another answer found it at the same time */
	name.line = record.line;
	name.start_line = record.start_line;
	return definer_name(definer, record.frame, record.depth, &name);
}

int serve_names_load(int fd, const struct dictionary *dict, struct definer *definer)
{
	struct buf all = { 0 };
	const unsigned char *at, *end;
	ssize_t n;
	int r = 0;

	if (lseek(fd, 0, SEEK_SET))
		return -errno;
	n = file_read_fd(fd, &all);
	at = all.data;
	end = at + all.size;
	while (!r && n > 0 && at < end)
		r = load_record(&at, end, dict, definer);
	buf_release(&all);
	return n < 0 ? (int)n : r;
}
