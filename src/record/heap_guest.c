/* SPDX-License-Identifier: GPL-2.0-only */
#include "heap_guest.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/human.h"
#include "base/mem.h"
#include "inject/inject.h"
#include "inner_tid.h"

#define AREA_BYTES ((size_t)HEAP_PAGE_BYTES * (1 + HEAP_LATE_BLOCKS))

/* What the process is called in its own namespace. */
static uint32_t inner_pid(pid_t pid)
{
	char *path = xasprintf("/proc/%d/status", pid);
	struct buf text = { 0 };
	bool is_other;
	uint32_t inner;

	file_read(path, &text);
	inner = inner_tid_parse(buf_str(&text), &is_other);
	free(path);
	buf_release(&text);
	return inner ? inner : (uint32_t)pid;
}

static int map_area(pid_t pid, const struct inject_result *result, struct heap_area *ret)
{
	int fd = inject_open(pid, result->page_start, result->page_end, O_RDWR);
	void *at;

	if (fd < 0)
		return fd;
	at = mmap(NULL, AREA_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (at == MAP_FAILED)
		return -errno;
	*ret = (struct heap_area){
		.page = at,
		.bytes = AREA_BYTES,
		.max_blocks = HEAP_LATE_BLOCKS,
		.pid = (uint32_t)pid,
		.inner_pid = inner_pid(pid),
	};
	return 0;
}

int heap_guest_enter(pid_t pid, const char *shim, uint64_t rate, struct heap_guest *ret,
		     struct heap_area *ret_area)
{
	struct inject_request request = {
		.pid = pid,
		.recorder = getpid(),
		.shim = shim,
		.rate = rate,
	};
	struct inject_result result;
	struct buf why = { 0 };
	char time[HUMAN_SIZE];
	int r = inject(&request, &result, &why);

	if (r) {
		err(r, "cannot record the allocations of process %d: %s", pid, buf_str(&why));
		buf_release(&why);
		return r;
	}
	buf_release(&why);
	ret->pid = pid;
	ret->shim_fd = inject_open(pid, result.shim_start, result.shim_end, O_RDONLY);
	r = ret->shim_fd < 0 ? ret->shim_fd : map_area(pid, &result, ret_area);
	if (r) {
		heap_guest_leave(ret, shim);
		return err(r, "cannot open what was loaded into process %d: %s", pid, strerror(-r));
	}
	note("process %d: " HEAP_SHIM " is in, before %lld slots; one thread stood for %s", pid,
	     (long long)result.n_slots, human_duration(time, result.stop_ns));
	if (result.has_own_malloc)
		warn("process %d: the program has an allocator of its own in it: only what its "
		     "libraries allocate is seen",
		     pid);
	return 0;
}

void heap_guest_leave(struct heap_guest *guest, const char *shim)
{
	struct inject_request request = { .pid = guest->pid, .recorder = getpid(), .shim = shim };
	struct inject_result result;
	struct buf why = { 0 };
	int r = kill(guest->pid, 0) ? -ESRCH : inject(&request, &result, &why);

	/* -ENOENT: it runs another program now. */
	if (r && r != -ENOENT && !kill(guest->pid, 0))
		warn("process %d: " HEAP_SHIM " is idle, but still before the allocator: %s",
		     guest->pid, buf_str(&why));
	buf_release(&why);
	if (guest->shim_fd >= 0)
		close(guest->shim_fd);
	guest->shim_fd = -1;
}
