/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/array.h"
#include "base/file.h"
#include "base/mem.h"
#include "data/chunk.h"
#include "data/reader.h"
#include "data/writer.h"
#include "event/definer.h"

#define FILE_HEADER_BYTES 24

static char dir[] = "/tmp/data-reader-XXXXXX";
static char path[64];

static int make_dir(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/r.data", dir);
	return 0;
}

static int remove_dir(void **state)
{
	char *old = xasprintf("%s.old", path);

	(void)state;
	unlink(path);
	unlink(old);
	free(old);
	return rmdir(dir);
}

/* Remembers the ids of the strings and the times that passed. */
struct listener {
	struct event_sink sink;
	ARRAY(uint64_t) times;
	size_t n_defs;
	int error; /* to return at the first event */
};

static int listen_put(struct event_sink *sink, const struct event *event)
{
	struct listener *listener = (struct listener *)sink;

	if (event_info(event->kind)->has_time)
		*array_add(&listener->times) = event->time_ns;
	else
		listener->n_defs++;
	return listener->error;
}

#define LISTENER                       \
	{                              \
		.sink = { listen_put } \
	}

static int put_exit(struct event_sink *sink, uint64_t time_ns)
{
	struct event event = { .kind = EVENT_EXIT, .time_ns = time_ns };

	event.exit = (struct event_exit){ .pid = 1, .tid = 2 };
	return event_sink_put(sink, &event);
}

/* A recording of @n flushes with one definition and @n_each events of times 1, 2, 3 … each. */
static void write_recording(unsigned int n, unsigned int n_each)
{
	const struct writer_options options = { .path = path };
	struct definer *definer;
	struct writer *writer;
	uint64_t time_ns = 0;

	assert_int_equal(writer_open(&options, &writer), 0);
	definer = definer_new(writer_sink(writer));
	for (unsigned int i = 0; i < n; i++) {
		definer_frame(definer, 1, i);
		for (unsigned int j = 0; j < n_each; j++)
			assert_int_equal(put_exit(writer_sink(writer), ++time_ns), 0);
		assert_int_equal(writer_flush(writer), 0);
	}
	definer_free(definer);
	assert_int_equal(writer_close(writer), 0);
}

static struct buf slurp(void)
{
	struct buf bytes = { 0 };

	assert_true(file_read(path, &bytes) >= 0);
	return bytes;
}

static void spit(const void *data, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(file_write_fd(fd, data, size), 0);
	close(fd);
}

/* Open what is at path and read it all; the damage is returned. */
static struct reader_damage read_all(struct listener *listener)
{
	struct reader_damage damage;
	struct buf message = { 0 };
	struct reader *reader;

	assert_int_equal(reader_open(path, &reader, &message), 0);
	assert_int_equal(reader_feed(reader, READ_ALL, &listener->sink), 0);
	damage = reader_damage(reader);
	reader_close(reader);
	return damage;
}

static void what_is_written_is_read(void **state)
{
	struct listener listener = LISTENER;
	struct reader_damage damage;

	(void)state;
	write_recording(5, 100);
	damage = read_all(&listener);
	assert_int_equal(listener.n_defs, 5);
	assert_int_equal(listener.times.n, 500);
	for (size_t i = 0; i < 500; i++)
		assert_int_equal(listener.times.items[i], i + 1);
	assert_int_equal(damage.n_gaps + damage.n_bad_events + damage.cut_off, 0);
	array_release(&listener.times);
}

static void passes_feed_their_own_chunks_again_and_again(void **state)
{
	struct listener defs = LISTENER, events = LISTENER;
	struct buf message = { 0 };
	struct reader *reader;

	(void)state;
	write_recording(3, 10);
	assert_int_equal(reader_open(path, &reader, &message), 0);
	assert_int_equal(reader_feed(reader, READ_DEFS, &defs.sink), 0);
	assert_int_equal(reader_feed(reader, READ_DEFS, &defs.sink), 0);
	assert_int_equal(reader_feed(reader, READ_EVENTS, &events.sink), 0);
	assert_int_equal(defs.n_defs, 6);
	assert_int_equal(defs.times.n, 0);
	assert_int_equal(events.n_defs, 0);
	assert_int_equal(events.times.n, 30);
	reader_close(reader);
	array_release(&events.times);
}

static void the_table_lists_every_chunk(void **state)
{
	struct buf message = { 0 };
	struct reader *reader;
	uint64_t offset = FILE_HEADER_BYTES;

	(void)state;
	write_recording(3, 10);
	assert_int_equal(reader_open(path, &reader, &message), 0);
	assert_int_equal(reader_version(reader), 2);
	assert_int_equal(reader_n_chunks(reader), 6);
	for (size_t i = 0; i < 6; i++) {
		struct reader_chunk chunk = reader_chunk(reader, i);

		assert_int_equal(chunk.offset, offset);
		assert_int_equal(chunk.kind, i % 2 ? CHUNK_EVENTS : CHUNK_DEFS);
		assert_int_equal(chunk.n_events, i % 2 ? 10 : 1);
		assert_int_equal(chunk.first_ns, i % 2 ? i / 2 * 10 + 1 : 0);
		assert_int_equal(chunk.last_ns, i % 2 ? i / 2 * 10 + 10 : 0);
		offset += chunk.stored_bytes;
	}
	assert_int_equal(reader_size_bytes(reader), offset);
	reader_close(reader);
}

static void the_error_of_the_sink_ends_the_feed(void **state)
{
	const int errors[] = { -ECANCELED, -EBADMSG };

	(void)state;
	write_recording(2, 2);
	for (size_t i = 0; i < 2; i++) {
		struct listener listener = LISTENER;
		struct buf message = { 0 };
		struct reader *reader;

		listener.error = errors[i];
		assert_int_equal(reader_open(path, &reader, &message), 0);
		assert_int_equal(reader_feed(reader, READ_ALL, &listener.sink), errors[i]);
		assert_int_equal(listener.n_defs + listener.times.n, 1);
		reader_close(reader);
	}
}

static bool is_boundary(const struct buf *bytes, size_t size)
{
	size_t at = FILE_HEADER_BYTES;

	while (at < size)
		at += (size_t)chunk_measure(bytes->data + at, bytes->size - at);
	return at == size;
}

static void a_file_cut_at_any_byte_gives_a_prefix(void **state)
{
	struct buf bytes;
	size_t n_before = 0;

	(void)state;
	write_recording(4, 5);
	bytes = slurp();
	for (size_t size = 1; size <= bytes.size; size++) {
		struct listener listener = LISTENER;
		struct reader_damage damage;

		spit(bytes.data, size);
		damage = read_all(&listener);
		assert_int_equal(damage.cut_off, !is_boundary(&bytes, size));
		assert_int_equal(damage.n_gaps, 0);
		assert_true(listener.times.n >= n_before);
		for (size_t i = 0; i < listener.times.n; i++)
			assert_int_equal(listener.times.items[i], i + 1);
		n_before = listener.times.n;
		array_release(&listener.times);
	}
	assert_int_equal(n_before, 20);
	buf_release(&bytes);
}

static void one_flipped_bit_costs_one_chunk_and_is_told(void **state)
{
	struct buf bytes;

	(void)state;
	write_recording(4, 5);
	bytes = slurp();
	for (size_t bit = 8 * 8; bit < 8 * bytes.size; bit++) {
		struct listener listener = LISTENER;
		struct reader_damage damage;

		bytes.data[bit / 8] ^= (unsigned char)(1 << bit % 8);
		spit(bytes.data, bytes.size);
		damage = read_all(&listener);
		assert_int_equal(damage.n_gaps, 1);
		assert_false(damage.cut_off);
		assert_true(damage.skipped_bytes >= FILE_HEADER_BYTES);
		if (bit < 8 * FILE_HEADER_BYTES)
			assert_int_equal(listener.n_defs * 5 + listener.times.n, 40);
		else
			assert_int_equal(listener.n_defs * 5 + listener.times.n, 35);
		array_release(&listener.times);
		bytes.data[bit / 8] ^= (unsigned char)(1 << bit % 8);
	}
	buf_release(&bytes);
}

static void zeroed_and_missing_pieces_are_passed_over(void **state)
{
	struct listener zeroed = LISTENER, missing = LISTENER;
	struct reader_damage damage;
	struct buf bytes;
	size_t at;

	(void)state;
	write_recording(100, 50);
	bytes = slurp();
	at = bytes.size / 2;
	memset(bytes.data + at, 0, 512);
	spit(bytes.data, bytes.size);
	damage = read_all(&zeroed);
	assert_int_equal(damage.n_gaps, 1);
	assert_in_range(zeroed.times.n, 4700, 4950);

	memmove(bytes.data + at, bytes.data + at + 501, bytes.size - at - 501);
	spit(bytes.data, bytes.size - 501);
	damage = read_all(&missing);
	assert_int_equal(damage.n_gaps, 1);
	assert_in_range(missing.times.n, 4650, 4950);
	assert_true(damage.skipped_bytes > 0);
	array_release(&zeroed.times);
	array_release(&missing.times);
	buf_release(&bytes);
}

static void append_chunk(struct buf *out, uint32_t kind, uint32_t n_events, const void *payload,
			 size_t size)
{
	struct chunk chunk = { .kind = kind, .n_events = n_events };

	buf_add(&chunk.payload, payload, size);
	chunk_encode(out, &chunk);
	chunk_release(&chunk);
}

/* A file header, then chunks as one likes. */
static struct buf begin_file(void)
{
	struct buf bytes;

	write_recording(0, 0);
	bytes = slurp();
	assert_int_equal(bytes.size, FILE_HEADER_BYTES);
	return bytes;
}

static void events_that_lie_are_counted(void **state)
{
	const unsigned char end[] = { EVENT_END << 1 | 1, 1, 2 };
	const unsigned char torn[] = { EVENT_END << 1 | 1, 1, 2, EVENT_END << 1 | 1, 99, 0, 0 };
	struct listener listener = LISTENER;
	struct buf bytes = begin_file();
	struct reader_damage damage;

	(void)state;
	append_chunk(&bytes, CHUNK_DEFS, 1, end, sizeof(end));      /* of the wrong class */
	append_chunk(&bytes, CHUNK_EVENTS, 10, torn, sizeof(torn)); /* nine of ten are lost */
	append_chunk(&bytes, CHUNK_EVENTS, 0, torn, sizeof(torn));  /* lies about its number */
	append_chunk(&bytes, 77, 1, end, sizeof(end));              /* of the future */
	spit(bytes.data, bytes.size);
	damage = read_all(&listener);
	assert_int_equal(listener.times.n, 2);
	assert_int_equal(damage.n_bad_events, 1 + 9 + 1);
	assert_int_equal(damage.n_gaps, 0);
	array_release(&listener.times);
	buf_release(&bytes);
}

static void a_tail_of_garbage_is_a_gap(void **state)
{
	struct listener listener = LISTENER;
	struct reader_damage damage;
	struct buf bytes;

	(void)state;
	write_recording(1, 1);
	bytes = slurp();
	buf_puts(&bytes, "garbage");
	spit(bytes.data, bytes.size);
	damage = read_all(&listener);
	assert_int_equal(damage.n_gaps, 1);
	assert_int_equal(damage.skipped_bytes, 7);
	assert_false(damage.cut_off);
	array_release(&listener.times);
	buf_release(&bytes);
}

static void a_file_of_nothing_but_magics_is_passed_over(void **state)
{
	struct listener listener = LISTENER;
	struct buf bytes = begin_file();
	struct reader_damage damage;

	(void)state;
	for (size_t i = 0; i < 500000; i++)
		buf_puts(&bytes, "\x9fSPC");
	spit(bytes.data, bytes.size);
	damage = read_all(&listener);
	assert_int_equal(damage.n_gaps, 1);
	assert_true(damage.skipped_bytes > 1900000);
	buf_release(&bytes);
}

static void a_file_that_shrinks_is_one_cut_off(void **state)
{
	struct listener listener = LISTENER;
	struct buf message = { 0 };
	struct reader *reader;

	(void)state;
	write_recording(4, 5);
	assert_int_equal(reader_open(path, &reader, &message), 0);
	assert_int_equal(truncate(path, (off_t)reader_size_bytes(reader) / 2), 0);
	assert_int_equal(reader_feed(reader, READ_ALL, &listener.sink), 0);
	assert_true(reader_damage(reader).cut_off);
	assert_in_range(listener.times.n, 5, 15);
	assert_int_equal(truncate(path, 0), 0);
	assert_int_equal(reader_feed(reader, READ_ALL, &listener.sink), 0);
	assert_true(reader_damage(reader).cut_off);
	reader_close(reader);
	array_release(&listener.times);
}

static void a_fifo_can_be_read_twice(void **state)
{
	struct listener listener = LISTENER;
	struct buf message = { 0 }, bytes;
	struct reader *reader;

	(void)state;
	write_recording(3, 3);
	bytes = slurp();
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	if (!fork()) {
		int fd = open(path, O_WRONLY);

		_exit(file_write_fd(fd, bytes.data, bytes.size) ? 1 : 0);
	}
	assert_int_equal(reader_open(path, &reader, &message), 0);
	assert_int_equal(reader_feed(reader, READ_ALL, &listener.sink), 0);
	assert_int_equal(reader_feed(reader, READ_ALL, &listener.sink), 0);
	assert_int_equal(listener.times.n, 18);
	assert_int_equal(reader_size_bytes(reader), bytes.size);
	reader_close(reader);
	unlink(path);
	array_release(&listener.times);
	buf_release(&bytes);
}

static void refused(const char *what, int error, const char *part)
{
	struct buf message = { 0 };
	struct reader *reader;

	assert_int_equal(reader_open(what, &reader, &message), error);
	if (!strstr(buf_str(&message), part))
		fail_msg("\"%s\" does not say \"%s\"", buf_str(&message), part);
	assert_null(strchr(buf_str(&message), '\n'));
	buf_release(&message);
}

static void refused_bytes(const void *data, size_t size, int error, const char *part)
{
	spit(data, size);
	refused(path, error, part);
}

static void what_is_no_recording_is_refused_in_words(void **state)
{
	(void)state;
	refused("/nonexistent/x", -ENOENT, "No such file");
	refused("/", -EISDIR, "directory");
	refused("/dev/zero", -EINVAL, "not a recording");
	refused("/dev/null", -ENODATA, "empty");
	refused_bytes("", 0, -ENODATA, "empty");
	refused_bytes("PERFILE2 and more", 17, -EINVAL, "perf report");
	refused_bytes("\x1f\x8b\x08", 3, -EINVAL, "gunzip");
	refused_bytes("\x5e\x97\xca\xfd", 4, -EINVAL, "GNOME");
	refused_bytes("sample pid=1\n", 13, -EINVAL, "--assemble");
	refused_bytes("\x01\x02\x03", 3, -EINVAL, "not a recording");
}

static void a_newer_version_is_refused_in_words(void **state)
{
	/* Version 3, with the right checksum. */
	const unsigned char newer[FILE_HEADER_BYTES] = {
		0x9f, 'S', 'Y', 'S', 'P', 'R', '\r', '\n', 3,    0,    0,    0,
		0,    0,   0,   0,   0,   0,   0,    0,    0xfc, 0x9b, 0xbc, 0x64,
	};

	(void)state;
	refused_bytes(newer, sizeof(newer), -EPROTONOSUPPORT, "newer");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(passes_feed_their_own_chunks_again_and_again),
		cmocka_unit_test(the_table_lists_every_chunk),
		cmocka_unit_test(the_error_of_the_sink_ends_the_feed),
		cmocka_unit_test(a_file_cut_at_any_byte_gives_a_prefix),
		cmocka_unit_test(one_flipped_bit_costs_one_chunk_and_is_told),
		cmocka_unit_test(zeroed_and_missing_pieces_are_passed_over),
		cmocka_unit_test(events_that_lie_are_counted),
		cmocka_unit_test(a_tail_of_garbage_is_a_gap),
		cmocka_unit_test(a_file_of_nothing_but_magics_is_passed_over),
		cmocka_unit_test(a_file_that_shrinks_is_one_cut_off),
		cmocka_unit_test(a_fifo_can_be_read_twice),
		cmocka_unit_test(what_is_no_recording_is_refused_in_words),
		cmocka_unit_test(a_newer_version_is_refused_in_words),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
