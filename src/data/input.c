/* SPDX-License-Identifier: GPL-2.0-only */
#include "input.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "header.h"

/* What other files begin with, to say what they are. */
static const struct {
	const char *bytes;
	size_t size;
	const char *what;
} others[] = {
#define MAGIC(bytes, what)                     \
	{                                      \
		bytes, sizeof(bytes) - 1, what \
	}
	MAGIC("PERFILE2", "a perf.data file; `perf report` reads it"),
	MAGIC("2ELIFREP", "a perf.data file of another byte order; `perf report` reads it"),
	MAGIC("PERFFILE", "an old perf.data file; `perf report` reads it"),
	MAGIC("\x5e\x97\xca\xfd", "a capture of GNOME's Sysprof, another program"),
	MAGIC("\x1f\x8b", "compressed, or a pprof profile; unpack a recording with `gunzip`"),
	MAGIC("\x28\xb5\x2f\xfd", "compressed; unpack it with `unzstd`"),
	MAGIC("\xfd"
	      "7zXZ",
	      "compressed; unpack it with `unxz`"),
	MAGIC("\x7f"
	      "ELF",
	      "a program or a library; `sysprof record -- PROGRAM` records one"),
#undef MAGIC
};

/* At most @size bytes, as many as there are. */
static ssize_t read_full(int fd, unsigned char *data, size_t size)
{
	size_t n = 0;

	while (n < size) {
		ssize_t got = read(fd, data + n, size - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (!got)
			break;
		n += (size_t)got;
	}
	return (ssize_t)n;
}

static bool is_text(const unsigned char *head, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if ((head[i] < ' ' && !strchr("\t\n\r", head[i])) || head[i] >= 0x7f)
			return false;
	}
	return true;
}

static int refuse(const char *name, const unsigned char *head, size_t size, struct buf *message)
{
	if (!size) {
		buf_printf(message, "%s is empty: nothing was recorded into it", name);
		return -ENODATA;
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (size >= others[i].size && !memcmp(head, others[i].bytes, others[i].size)) {
			buf_printf(message, "%s is not a recording of sysprof but %s", name,
				   others[i].what);
			return -EINVAL;
		}
	}
	buf_printf(message, "%s is not a recording of sysprof%s", name,
		   is_text(head, size) ?
			   "; if it is the text of one, `sysprof dump --assemble` takes it" :
			   "");
	return -EINVAL;
}

static int check_header(const char *name, const unsigned char *head, size_t size, struct input *in,
			struct buf *message)
{
	int version = size ? file_header_decode(head, size) : -EINVAL;

	if (version == -EINVAL)
		return refuse(name, head, size, message);
	if (version > FILE_VERSION) {
		buf_printf(message,
			   "%s was recorded by a newer sysprof (format %d; this one reads up to "
			   "%d): use the newer one",
			   name, version, FILE_VERSION);
		return -EPROTONOSUPPORT;
	}
	in->header_is_damaged = version < 0;
	in->version = version > 0 ? version : 0;
	return 0;
}

/* A file without a name that goes with its last descriptor. */
static int open_unnamed(void)
{
	const char *dir = getenv("TMPDIR");
	char *path;
	int fd;

	dir = dir && *dir ? dir : "/tmp";
	fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0 || errno == ENOENT || errno == EACCES)
		return fd >= 0 ? fd : -errno;
	path = xasprintf("%s/sysprof-XXXXXX", dir);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		fd = -errno;
	else
		unlink(path);
	free(path);
	return fd;
}

/* Copy what was read, @head, and what is still to be read to @out. */
static int copy_all(int in, int out, const unsigned char *head, size_t size)
{
	unsigned char *data = xmalloc(1 << 16);
	int r = file_write_fd(out, head, size);

	while (!r) {
		ssize_t got = read_full(in, data, 1 << 16);

		if (got <= 0) {
			r = (int)got;
			break;
		}
		r = file_write_fd(out, data, (size_t)got);
	}
	free(data);
	return r;
}

static int cannot(const char *verb, const char *name, int error, struct buf *message)
{
	buf_printf(message, "cannot %s %s: %s", verb, name, strerror(-error));
	return error;
}

/* Put an unnamed copy in the place of @in->fd, from which @head was read already. */
static int spool(const char *name, struct input *in, const unsigned char *head, size_t size,
		 struct buf *message)
{
	int fd = open_unnamed(), r = fd < 0 ? fd : copy_all(in->fd, fd, head, size);

	if (r) {
		cannot("copy", name, r, message);
		buf_puts(message, " (the copy goes to TMPDIR)");
		if (fd >= 0)
			close(fd);
		return r;
	}
	close(in->fd);
	in->fd = fd;
	return 0;
}

static int open_path(const char *path, const char *name, struct buf *message)
{
	int fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY) :
				     fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	const char *hint = "";

	if (fd >= 0)
		return fd;
	fd = -errno;
	if (fd == -ENOENT)
		hint = " (`sysprof record` makes one)";
	if (fd == -EACCES)
		hint = " (it belongs to who recorded it)";
	cannot("open", name, fd, message);
	buf_puts(message, hint);
	return fd;
}

/* Whether what is open can be read at all. */
static int check_type(const char *name, int fd, const struct stat *st, struct buf *message)
{
	if (S_ISDIR(st->st_mode)) {
		buf_printf(message, "%s is a directory, not a recording", name);
		return -EISDIR;
	}
	if (isatty(fd)) {
		buf_printf(message, "%s is a terminal, not a recording", name);
		return -ENOTTY;
	}
	return 0;
}

/* A regular file that stands at its start is read where it is; anything else is copied. */
static int prepare(const char *name, struct input *in, struct buf *message)
{
	unsigned char head[FILE_HEADER_BYTES];
	bool in_place;
	struct stat st;
	ssize_t size;
	int r;

	if (fstat(in->fd, &st))
		return cannot("read", name, -errno, message);
	r = check_type(name, in->fd, &st, message);
	if (r)
		return r;
	in_place = S_ISREG(st.st_mode) && !lseek(in->fd, 0, SEEK_CUR);
	size = read_full(in->fd, head, sizeof(head));
	if (size < 0)
		return cannot("read", name, (int)size, message);
	r = check_header(name, head, (size_t)size, in, message);
	if (!r && !in_place)
		r = spool(name, in, head, (size_t)size, message);
	if (r)
		return r;
	if (fstat(in->fd, &st))
		return cannot("read", name, -errno, message);
	in->size_bytes = (uint64_t)st.st_size;
	return 0;
}

int input_open(const char *path, struct input *ret, struct buf *message)
{
	char *name = strcmp(path, "-") ? xasprintf("'%s'", path) : xstrdup("standard input");
	struct input in = { .fd = open_path(path, name, message) };
	int r = in.fd < 0 ? in.fd : prepare(name, &in, message);

	if (r && in.fd >= 0)
		close(in.fd);
	if (!r)
		*ret = in;
	free(name);
	return r;
}
