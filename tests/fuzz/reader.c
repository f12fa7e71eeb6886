/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A recording of any bytes.  The first byte says what the others are: a whole file,
 * or the payload of a chunk, which gets right checksums here that a fuzzer would
 * not find.  Timed events are put into columns where they can be; 3 is a payload in columns.
 */
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "data/chunk.h"
#include "data/reader.h"
#include "event/dictionary.h"
#include "event/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct taker {
	struct event_sink sink;
	struct dictionary *dict;
	struct event_printer *printer;
};

static int take(struct event_sink *sink, const struct event *event)
{
	struct taker *taker = (struct taker *)sink;

	dictionary_put(taker->dict, event);
	if (event->kind == EVENT_SAMPLE) {
		uint32_t stack = event->sample.stack;

		for (int depth = 0; stack && depth < 100; depth++)
			stack = dictionary_stack(taker->dict, stack).parent;
	}
	return event_sink_put(event_printer_sink(taker->printer), event);
}

/* A file header, as the writer writes it, and the chunk of @kind with @data. */
static void wrap(struct buf *out, uint32_t kind, const uint8_t *data, size_t size)
{
	static const unsigned char header[] = {
		0x9f, 'S', 'Y', 'S', 'P', 'R', '\r', '\n', 1,    0,    0,    0,
		0,    0,   0,   0,   0,   0,   0,    0,    0x63, 0x05, 0x87, 0x88,
	};
	struct chunk chunk = { .kind = kind, .n_events = 1 };

	buf_add(out, header, sizeof(header));
	buf_add(&chunk.payload, data, size);
	chunk_encode(out, &chunk);
	chunk_release(&chunk);
}

static void read_file(const char *path)
{
	FILE *nowhere = fopen("/dev/null", "w");
	struct taker taker = {
		.sink = { take },
		.dict = dictionary_new(),
		.printer = event_printer_new(nowhere),
	};
	struct buf message = { 0 };
	struct reader *reader;

	if (!reader_open(path, &reader, &message)) {
		reader_feed(reader, READ_DEFS, &taker.sink);
		reader_feed(reader, READ_EVENTS, &taker.sink);
		reader_n_chunks(reader);
		reader_close(reader);
	}
	buf_release(&message);
	event_printer_free(taker.printer);
	dictionary_free(taker.dict);
	fclose(nowhere);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf file = { 0 };
	char path[64];
	int fd;

	if (!size)
		return 0;
	if (data[0] < 2)
		wrap(&file, data[0] + 1u, data + 1, size - 1);
	else if (data[0] == CHUNK_COLUMNS)
		wrap(&file, CHUNK_COLUMNS, data + 1, size - 1);
	else
		buf_add(&file, data + 1, size - 1);
	fd = memfd_create("recording", MFD_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	file_write_fd(fd, file.data, file.size);
	read_file(path);
	close(fd);
	buf_release(&file);
	return 0;
}
