/* SPDX-License-Identifier: GPL-2.0-only */
#include "wait_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/intern.h"
#include "base/map.h"
#include "disk_name.h"
#include "net_table.h"

#define REST_FACTOR 200 /* after so dear a search as took T, none for 200 T */
#define MAX_SOCKETS 200000
#define NO_INODE    ((uint64_t)1 << 63)

struct pipe_end {
	uint64_t inode;
	uint32_t pid;
	bool is_writer;
};

struct search { /* of something that takes long */
	uint64_t next_ns;
};

struct wait_files {
	struct intern names; /* of sockets */
	struct map sockets;  /* inode → id of the name */
	ARRAY(struct pipe_end) ends;
	struct search socket_search, pipe_search;
};

struct wait_files *wait_files_new(void)
{
	return xcalloc(1, sizeof(struct wait_files));
}

void wait_files_free(struct wait_files *files)
{
	if (!files)
		return;
	intern_release(&files->names);
	map_release(&files->sockets);
	array_release(&files->ends);
	free(files);
}

static void rest(struct search *search, uint64_t now_ns, uint64_t started_cpu_ns)
{
	search->next_ns =
		now_ns + REST_FACTOR * (clock_ns(CLOCK_THREAD_CPUTIME_ID) - started_cpu_ns);
}

static void read_sockets(struct wait_files *files, uint32_t pid, enum net_family family)
{
	char *path = xasprintf("/proc/%u/net/%s", pid, net_files[family]);
	struct buf text = { 0 }, name = { 0 };
	const char *at, *end;
	uint64_t inode;

	file_read(path, &text);
	at = (const char *)text.data;
	end = at + text.size;
	while (at && (at = net_line_next(family, at, end, &inode, &name))) {
		if (inode)
			*map_insert(&files->sockets, inode) =
				intern_bytes(&files->names, name.data, name.size);
	}
	free(path);
	buf_release(&text);
	buf_release(&name);
}

/* The table a socket stands in, by what the kernel calls its protocol: a bit; else all. */
static unsigned int tables_of(const char *path)
{
	static const char *const protocols[NET_N_FAMILIES] = {
		[NET_TCP] = "TCP",    [NET_TCP6] = "TCPv6", [NET_UDP] = "UDP",
		[NET_UDP6] = "UDPv6", [NET_UNIX] = "UNIX",
	};
	char protocol[32];
	ssize_t size = getxattr(path, "system.sockprotoname", protocol, sizeof(protocol) - 1);

	if (size <= 0)
		return ~0u;
	protocol[size] = '\0';
	protocol[strcspn(protocol, "-")] = '\0'; /* UNIX-STREAM */
	for (unsigned int i = 0; i < NET_N_FAMILIES; i++) {
		if (!strcmp(protocols[i], protocol))
			return 1u << i;
	}
	return 0; /* such as netlink's */
}

/* All the sockets in @tables that @pid's network has: the kernel cannot be asked for one. */
static void search_sockets(struct wait_files *files, uint32_t pid, unsigned int tables,
			   uint64_t now_ns)
{
	uint64_t cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);

	if (files->sockets.n > MAX_SOCKETS) {
		map_clear(&files->sockets);
		intern_release(&files->names);
		files->names = (struct intern){ 0 };
	}
	for (unsigned int i = 0; i < NET_N_FAMILIES; i++) {
		if (tables & 1u << i)
			read_sockets(files, pid, (enum net_family)i);
	}
	rest(&files->socket_search, now_ns, cpu_ns);
}

/* The name of socket @inode, to which @path in /proc leads, until the next is searched for. */
static const char *socket_name(struct wait_files *files, uint32_t pid, const char *path,
			       uint64_t inode, uint64_t now_ns)
{
	const uint64_t *id = map_find(&files->sockets, inode);

	if (!id && now_ns >= files->socket_search.next_ns) {
		search_sockets(files, pid, tables_of(path), now_ns);
		id = map_find(&files->sockets, inode);
		if (!id) /* it is in none: not to be searched for again */
			id = map_insert(&files->sockets, inode);
	}
	return id && *id ? intern_text(&files->names, (uint32_t)*id) : "socket";
}

static bool is_unix_name(const struct buf *name)
{
	return name->size >= 4 && !memcmp(name->data, "unix", 4);
}

/* What "pipe:[123]" says of the descriptor @name in @dir; false: not a pipe. */
static bool read_pipe_end(int dir, const char *name, struct pipe_end *ret)
{
	char target[64];
	ssize_t size = readlinkat(dir, name, target, sizeof(target) - 1);
	struct stat st;

	if (size < 7 || memcmp(target, "pipe:[", 6))
		return false;
	target[size] = '\0';
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW))
		return false;
	ret->inode = strtoull(target + 6, NULL, 10);
	ret->is_writer = st.st_mode & S_IWUSR;
	return true;
}

static void search_process(struct wait_files *files, uint32_t pid)
{
	char path[32];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%u/fd", pid);
	dir = opendir(path);
	if (!dir)
		return;
	while ((entry = readdir(dir)) != NULL) {
		struct pipe_end end = { .pid = pid };

		if (entry->d_name[0] != '.' && read_pipe_end(dirfd(dir), entry->d_name, &end))
			*array_add(&files->ends) = end;
	}
	closedir(dir);
}

static void search_pipes(struct wait_files *files, uint64_t now_ns)
{
	uint64_t cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	files->ends.n = 0;
	while (proc && (entry = readdir(proc)) != NULL) {
		unsigned long pid = strtoul(entry->d_name, NULL, 10);

		if (pid)
			search_process(files, (uint32_t)pid);
	}
	if (proc)
		closedir(proc);
	rest(&files->pipe_search, now_ns, cpu_ns);
}

/* Who holds the other end: another process rather than @pid itself; NULL: not known. */
static const struct pipe_end *other_end(const struct wait_files *files, const struct pipe_end *own)
{
	const struct pipe_end *end, *found = NULL;

	array_for_each(end, &files->ends) {
		if (end->inode == own->inode && end->is_writer != own->is_writer &&
		    (!found || found->pid == own->pid))
			found = end;
	}
	return found;
}

static void name_pipe(struct wait_files *files, const struct pipe_end *own, uint64_t now_ns,
		      struct buf *name)
{
	const struct pipe_end *end = other_end(files, own);
	struct buf comm = { 0 };
	char path[32];

	if (!end && now_ns >= files->pipe_search.next_ns) {
		search_pipes(files, now_ns);
		end = other_end(files, own);
	}
	buf_printf(name, "pipe %llu", (unsigned long long)own->inode);
	if (!end)
		return;
	snprintf(path, sizeof(path), "/proc/%u/comm", end->pid);
	if (file_read(path, &comm) > 1) {
		comm.size--; /* the newline */
		buf_printf(name, " %s %s (%u)", own->is_writer ? "to" : "from", buf_str(&comm),
			   end->pid);
	}
	buf_release(&comm);
}

struct anon_class {
	const char *name;
	enum wait_class why;
};

static enum wait_class anon_class(const char *target)
{
	static const struct anon_class classes[] = {
		{ "anon_inode:[eventpoll]", WAIT_POLL }, { "anon_inode:[io_uring]", WAIT_POLL },
		{ "anon_inode:[timerfd]", WAIT_SLEEP },  { "anon_inode:[eventfd]", WAIT_IPC },
		{ "anon_inode:[signalfd]", WAIT_IPC },   { "anon_inode:inotify", WAIT_IPC },
		{ "anon_inode:[fanotify]", WAIT_IPC },   { "anon_inode:[userfaultfd]", WAIT_IPC },
		{ "anon_inode:[pidfd]", WAIT_CHILD },
	};

	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		if (!strcmp(classes[i].name, target))
			return classes[i].why;
	}
	return WAIT_OTHER;
}

/* "anon_inode:[eventfd]" is known as "eventfd". */
static void name_anon(struct buf *name, const char *target)
{
	const char *at = target + strlen("anon_inode:");
	size_t size = strlen(at);

	if (size > 2 && at[0] == '[' && at[size - 1] == ']') {
		at++;
		size -= 2;
	}
	buf_add(name, at, size);
}

/* Of a file with a place in the file system. */
static enum wait_class name_path(struct buf *name, const char *target, const struct stat *st)
{
	buf_puts(name, target);
	if (S_ISREG(st->st_mode) || S_ISDIR(st->st_mode)) {
		buf_puts(name, " on ");
		if (!disk_name_add(name, major(st->st_dev), minor(st->st_dev)))
			name->size -= strlen(" on "); /* no block device: a network's, memory */
		return WAIT_DISK;
	}
	if (S_ISBLK(st->st_mode))
		return WAIT_DISK;
	return S_ISFIFO(st->st_mode) ? WAIT_PIPE : WAIT_OTHER;
}

uint64_t wait_files_find(struct wait_files *files, uint32_t pid, uint32_t fd, uint64_t now_ns,
			 struct wait_file *ret)
{
	char path[48], target[PATH_MAX];
	struct pipe_end end = { .pid = pid };
	ssize_t size;
	struct stat st;
	struct buf *name = &ret->name;

	snprintf(path, sizeof(path), "/proc/%u/fd/%u", pid, fd);
	size = readlink(path, target, sizeof(target) - 1);
	if (size <= 0 || stat(path, &st))
		return 0;
	target[size] = '\0';
	if (S_ISSOCK(st.st_mode)) {
		buf_puts(name, socket_name(files, pid, path, st.st_ino, now_ns));
		ret->why = is_unix_name(name) ? WAIT_IPC : WAIT_NETWORK;
	} else if (read_pipe_end(AT_FDCWD, path, &end)) {
		name_pipe(files, &end, now_ns, name);
		ret->why = WAIT_PIPE;
	} else if (!strncmp(target, "anon_inode:", 11)) {
		name_anon(name, target);
		ret->why = anon_class(target);
		return NO_INODE | hash_u64(ret->why); /* they all share one inode */
	} else {
		ret->why = name_path(name, target, &st);
	}
	return NO_INODE ^ st.st_ino ^ hash_u64(st.st_dev);
}
