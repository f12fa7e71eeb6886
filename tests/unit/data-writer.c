/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/mem.h"
#include "data/reader.h"
#include "data/writer.h"
#include "event/event.h"

static char dir[] = "/tmp/data-writer-XXXXXX";
static char path[64], old[64], other[64];

static int make_dir(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/r.data", dir);
	snprintf(old, sizeof(old), "%s/r.data.old", dir);
	snprintf(other, sizeof(other), "%s/other", dir);
	return 0;
}

static int clear_dir(void **state)
{
	(void)state;
	unlink(path);
	unlink(old);
	unlink(other);
	return 0;
}

static int remove_dir(void **state)
{
	clear_dir(state);
	return rmdir(dir);
}

static struct writer *open_at(const char *where, uint64_t max_size_bytes)
{
	const struct writer_options options = { .path = where, .max_size_bytes = max_size_bytes };
	struct writer *writer;

	assert_int_equal(writer_open(&options, &writer), 0);
	return writer;
}

static void refused(const char *where, int error)
{
	const struct writer_options options = { .path = where };
	struct writer *writer;

	assert_int_equal(writer_open(&options, &writer), error);
}

static int put_sample(struct writer *writer, uint64_t n)
{
	struct event event = { .kind = EVENT_SAMPLE, .time_ns = n };

	event.sample.pid = (uint32_t)n;
	event.sample.tid = (uint32_t)(n * 2654435761u);
	event.sample.weight_ns = n * 0x9e3779b97f4a7c15u; /* does not deflate */
	return event_sink_put(writer_sink(writer), &event);
}

static int put_string(struct writer *writer, uint32_t id, size_t size)
{
	struct event event = { .kind = EVENT_STRING };
	char *text = xcalloc(size, 1);
	int r;

	event.string.id = id;
	event.string.text = (struct bytes){ .data = text, .size = size };
	r = event_sink_put(writer_sink(writer), &event);
	free(text);
	return r;
}

static void spit(const char *where, const char *text)
{
	int fd = open(where, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(file_write_fd(fd, text, strlen(text)), 0);
	close(fd);
}

static void holds(const char *where, const char *text)
{
	struct buf bytes = { 0 };

	assert_true(file_read(where, &bytes) >= 0);
	assert_string_equal(buf_str(&bytes), text);
	buf_release(&bytes);
}

struct counter {
	struct event_sink sink;
	uint64_t n_timed;
	uint64_t n_defs;
	uint64_t last_ns;
};

static int count(struct event_sink *sink, const struct event *event)
{
	struct counter *counter = (struct counter *)sink;

	if (event_info(event->kind)->has_time) {
		counter->n_timed++;
		counter->last_ns = event->time_ns;
	} else {
		counter->n_defs++;
	}
	return 0;
}

/* What is readable of the recording at path, which must be whole. */
static struct counter counted(void)
{
	struct counter counter = { .sink = { count } };
	struct buf message = { 0 };
	struct reader_damage damage;
	struct reader *reader;

	assert_int_equal(reader_open(path, &reader, &message), 0);
	assert_int_equal(reader_feed(reader, READ_ALL, &counter.sink), 0);
	damage = reader_damage(reader);
	assert_int_equal(damage.n_gaps + damage.n_bad_events + damage.cut_off, 0);
	reader_close(reader);
	return counter;
}

static uint64_t size_of(const char *where)
{
	struct stat st;

	assert_int_equal(stat(where, &st), 0);
	return (uint64_t)st.st_size;
}

static void a_recording_is_private_from_its_first_byte(void **state)
{
	struct writer *writer;
	struct stat st;

	(void)state;
	umask(0);
	writer = open_at(path, 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(writer_close(writer), 0);
	umask(022);
}

static void under_sudo_it_belongs_to_who_called(void **state)
{
	struct stat st;

	(void)state;
	if (geteuid()) {
		setenv("SUDO_UID", "0", 1);
		setenv("SUDO_GID", "0", 1);
	} else {
		setenv("SUDO_UID", "1234", 1);
		setenv("SUDO_GID", "4321", 1);
	}
	assert_int_equal(writer_close(open_at(path, 0)), 0);
	unsetenv("SUDO_UID");
	unsetenv("SUDO_GID");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_uid, geteuid() ? geteuid() : 1234);
	if (!geteuid())
		assert_int_equal(st.st_gid, 4321);
}

static void a_sudo_uid_that_is_no_number_is_not_believed(void **state)
{
	const char *const values[] = {
		"", "-1", "0x10", "12a", "4294967295", "99999999999999999999"
	};
	struct stat st;

	(void)state;
	setenv("SUDO_GID", "4321", 1);
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		setenv("SUDO_UID", values[i], 1);
		assert_int_equal(writer_close(open_at(path, 0)), 0);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_uid, geteuid());
	}
	unsetenv("SUDO_UID");
	unsetenv("SUDO_GID");
}

static void the_recording_before_becomes_old(void **state)
{
	(void)state;
	spit(path, "first");
	spit(old, "zeroth");
	assert_int_equal(writer_close(open_at(path, 0)), 0);
	holds(old, "first");
	assert_int_equal(counted().n_timed, 0);
}

static void what_cannot_be_opened_is_refused_and_nothing_changes(void **state)
{
	(void)state;
	refused("/nonexistent/dir/x", -ENOENT);
	refused(dir, -EISDIR);
	spit(path, "kept");
	assert_int_equal(mkdir(old, 0700), 0);
	refused(path, -EISDIR);
	holds(path, "kept");
	assert_int_equal(rmdir(old), 0);
}

static void a_link_is_not_followed(void **state)
{
	(void)state;
	spit(other, "precious");
	assert_int_equal(symlink(other, path), 0);
	refused(path, -ELOOP);
	holds(other, "precious");
	unlink(other); /* now it dangles */
	refused(path, -ELOOP);
	assert_int_equal(access(other, F_OK), -1);
}

static void a_link_to_a_device_is_followed(void **state)
{
	struct writer *writer;

	(void)state;
	assert_int_equal(symlink("/dev/null", path), 0);
	writer = open_at(path, 0);
	assert_int_equal(put_sample(writer, 1), 0);
	assert_int_equal(writer_close(writer), 0);
	assert_int_equal(access(old, F_OK), -1);
}

static void a_full_disk_at_the_start_is_an_error_of_opening(void **state)
{
	(void)state;
	refused("/dev/full", -ENOSPC);
}

/* A limit of the file's size stands for a disk that fills up. */
static void set_file_limit(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_full_disk_later_is_told_again_and_again_and_leaves_whole_chunks(void **state)
{
	struct writer *writer = open_at(path, 0);
	uint64_t n = 0;
	int r = 0;

	(void)state;
	set_file_limit(1 << 20);
	while (!r && n < 10000000)
		r = put_sample(writer, ++n);
	assert_int_equal(r, -EFBIG);
	writer_lift_limit(writer); /* this one is not ours */
	assert_int_equal(put_sample(writer, 1), -EFBIG);
	assert_int_equal(put_string(writer, 1, 1), -EFBIG);
	assert_int_equal(writer_flush(writer), -EFBIG);
	assert_int_equal(writer_size_bytes(writer), size_of(path));
	assert_int_equal(writer_close(writer), -EFBIG);
	set_file_limit(RLIM_INFINITY);
	assert_in_range(counted().n_timed, 1000, n);
}

static void no_space_when_opening_brings_the_old_one_back(void **state)
{
	(void)state;
	spit(path, "before");
	set_file_limit(10);
	refused(path, -EFBIG);
	set_file_limit(RLIM_INFINITY);
	holds(path, "before");
	assert_int_equal(access(old, F_OK), -1);
}

static void a_limit_holds_until_it_is_lifted(void **state)
{
	const uint64_t limits[] = { 1, 100, 1000, 5000, 70000, 1000000 };

	(void)state;
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		struct writer *writer = open_at(path, limits[i]);
		uint64_t n = 0;
		int r;

		while (!(r = put_sample(writer, n + 1)))
			n++;
		assert_int_equal(r, -EFBIG);
		assert_int_equal(put_sample(writer, 1), -EFBIG);
		if (limits[i] >= 1000)
			assert_in_range(writer_size_bytes(writer), limits[i] - 400, limits[i]);
		assert_int_equal(put_string(writer, 1, 3), 0);
		writer_lift_limit(writer);
		assert_int_equal(put_sample(writer, n + 2), 0);
		assert_int_equal(writer_close(writer), 0);
		assert_int_equal(counted().n_timed, n + 1);
		assert_int_equal(counted().last_ns, n + 2);
		assert_int_equal(counted().n_defs, 1);
	}
}

static void what_is_reserved_of_a_limit_is_kept_free(void **state)
{
	struct writer *writer = open_at(path, 70000);
	uint64_t n = 0;

	(void)state;
	assert_true(writer_is_empty(writer));
	writer_reserve(writer, 20000);
	writer_reserve(writer, 10000);
	while (!put_sample(writer, n + 1))
		n++;
	assert_false(writer_is_empty(writer));
	assert_in_range(writer_size_bytes(writer), 39600, 40000);
	assert_int_equal(writer_close(writer), 0);
}

static void much_is_written_without_a_flush(void **state)
{
	struct writer *writer = open_at(path, 0);

	(void)state;
	for (uint64_t n = 1; n <= 100000; n++) {
		assert_int_equal(put_sample(writer, n), 0);
		if (n % 10 == 0)
			assert_int_equal(put_string(writer, (uint32_t)n / 10, 5), 0);
	}
	assert_int_equal(writer_close(writer), 0);
	assert_true(size_of(path) > 50000);
	assert_int_equal(counted().n_timed, 100000);
	assert_int_equal(counted().n_defs, 10000);
}

static void *copy_to_path(void *fifo)
{
	struct buf bytes = { 0 };
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	assert_true(file_read_fd(*(int *)fifo, &bytes) > 0);
	assert_int_equal(file_write_fd(fd, bytes.data, bytes.size), 0);
	close(fd);
	buf_release(&bytes);
	return NULL;
}

/* A FIFO that nobody reads stands for a disk that hangs: it takes 64 KiB. */
static void a_disk_that_hangs_is_not_waited_for(void **state)
{
	struct writer *writer;
	pthread_t thread;
	uint64_t n = 0;
	int fifo;

	(void)state;
	assert_int_equal(mkfifo(other, 0600), 0);
	fifo = open(other, O_RDONLY | O_NONBLOCK);
	writer = open_at(other, 0);
	while (n < 300000)
		assert_int_equal(put_sample(writer, ++n), 0);
	assert_int_equal(writer_push(writer), 0);
	assert_in_range(writer_size_bytes(writer), 0, 65536);
	assert_int_equal(fcntl(fifo, F_SETFL, 0), 0);
	assert_int_equal(pthread_create(&thread, NULL, copy_to_path, &fifo), 0);
	assert_int_equal(writer_close(writer), 0);
	pthread_join(thread, NULL);
	close(fifo);
	assert_int_equal(counted().n_timed, n);
}

static void what_is_on_its_way_can_be_given_up(void **state)
{
	struct writer *writer = open_at(path, 0);

	(void)state;
	for (uint64_t n = 1; n <= 100000; n++)
		assert_int_equal(put_sample(writer, n), 0);
	writer_abandon(writer);
	assert_int_equal(access(path, F_OK), -1);
}

static void one_enormous_event_is_refused_alone(void **state)
{
	struct writer *writer = open_at(path, 0);

	(void)state;
	assert_int_equal(put_string(writer, 1, 1 << 20), -EMSGSIZE);
	assert_int_equal(put_string(writer, 1, 1000000), 0);
	assert_int_equal(put_sample(writer, 1), 0);
	assert_int_equal(writer_close(writer), 0);
	assert_int_equal(counted().n_defs, 1);
	assert_int_equal(counted().n_timed, 1);
}

static void a_reader_that_leaves_is_an_error(void **state)
{
	struct writer *writer;
	int reader;

	(void)state;
	assert_int_equal(mkfifo(path, 0600), 0);
	reader = open(path, O_RDONLY | O_NONBLOCK);
	writer = open_at(path, 0);
	close(reader);
	assert_int_equal(put_sample(writer, 1), 0);
	assert_int_equal(writer_flush(writer), -EPIPE);
	assert_int_equal(writer_close(writer), -EPIPE);
	assert_int_equal(access(old, F_OK), -1);
}

static void nothing_can_be_closed(void **state)
{
	(void)state;
	assert_int_equal(writer_close(NULL), 0);
}

#define TEST(function) cmocka_unit_test_teardown(function, clear_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_recording_is_private_from_its_first_byte),
		TEST(under_sudo_it_belongs_to_who_called),
		TEST(a_sudo_uid_that_is_no_number_is_not_believed),
		TEST(the_recording_before_becomes_old),
		TEST(what_cannot_be_opened_is_refused_and_nothing_changes),
		TEST(a_link_is_not_followed),
		TEST(a_link_to_a_device_is_followed),
		TEST(a_full_disk_at_the_start_is_an_error_of_opening),
		TEST(a_full_disk_later_is_told_again_and_again_and_leaves_whole_chunks),
		TEST(no_space_when_opening_brings_the_old_one_back),
		TEST(a_limit_holds_until_it_is_lifted),
		TEST(what_is_reserved_of_a_limit_is_kept_free),
		TEST(much_is_written_without_a_flush),
		TEST(a_disk_that_hangs_is_not_waited_for),
		TEST(what_is_on_its_way_can_be_given_up),
		TEST(one_enormous_event_is_refused_alone),
		TEST(a_reader_that_leaves_is_an_error),
		TEST(nothing_can_be_closed),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
