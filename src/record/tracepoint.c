/* SPDX-License-Identifier: GPL-2.0-only */
#include "tracepoint.h"

#include <errno.h>
#include <event-parse.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

/* A mount without a place: it goes when its descriptor is closed. */
static int mount_tracefs(void)
{
	int fs = fsopen("tracefs", FSOPEN_CLOEXEC), fd;

	if (fs < 0)
		return -errno;
	if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		fd = -errno;
	else
		fd = fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	fd = fd == -1 ? -errno : fd;
	close(fs);
	return fd;
}

static int open_tracefs(void)
{
	static const char *const places[] = { "/sys/kernel/tracing/events",
					      "/sys/kernel/debug/tracing/events" };

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		int fd = open(places[i], O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (fd >= 0)
			return fd;
		if (errno == EACCES)
			return -EACCES;
	}
	return mount_tracefs();
}

/* The format file of a tracepoint; "events" is what a place leads to, a mount holds it. */
static int read_format(const char *system, const char *name, struct buf *ret)
{
	int dir = open_tracefs(), fd = -1, r;
	char *path;

	if (dir < 0)
		return dir;
	path = xasprintf("events/%s/%s/format", system, name);
	fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		fd = openat(dir, path + strlen("events/"), O_RDONLY | O_CLOEXEC);
	r = fd < 0 ? -errno : (int)file_read_fd(fd, ret);
	if (fd >= 0)
		close(fd);
	free(path);
	close(dir);
	return r < 0 ? r : 0;
}

/* In @tep, which must stay as long as what is found. */
static const struct tep_event *parse(struct tep_handle *tep, const struct buf *text,
				     const char *system, const char *name)
{
	if (tep_parse_event(tep, (const char *)text->data, text->size, system))
		return NULL;
	return tep_find_event_by_name(tep, system, name);
}

int tracepoint_find(const char *system, const char *name, const char *field, uint32_t *ret_id,
		    struct tracepoint_field *ret_field)
{
	struct tep_handle *tep = tep_alloc();
	const struct tep_format_field *f = NULL;
	const struct tep_event *event = NULL;
	struct buf text = { 0 };
	int r = tep ? read_format(system, name, &text) : -ENOMEM;

	if (!r)
		event = parse(tep, &text, system, name);
	if (event)
		f = tep_find_any_field((struct tep_event *)event, field);
	if (f) {
		*ret_id = (uint32_t)event->id;
		*ret_field = (struct tracepoint_field){ (uint32_t)f->offset, (uint32_t)f->size };
	} else if (!r) {
		r = -ENOENT;
	}
	tep_free(tep);
	buf_release(&text);
	return r;
}

uint64_t tracepoint_number(const struct perf_sample *sample, const struct tracepoint_field *field)
{
	uint64_t value = 0;

	if (field->size <= sizeof(value) && sample->raw_size >= field->offset + field->size)
		memcpy(&value, (const char *)sample->raw + field->offset, field->size);
	return value;
}
