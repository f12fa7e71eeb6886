/* SPDX-License-Identifier: GPL-2.0-only */
#include "inject/inject.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "find.h"
#include "hijack.h"
#include "shim/heap_page.h"

#define LIMIT_MS   4000 /* to look for a safe place */
#define CALL_MS    6000 /* until a thread is stopped, and what it calls has returned */
#define AGAIN_US   100000
#define PAGE_BYTES ((off_t)HEAP_PAGE_BYTES * (1 + HEAP_LATE_BLOCKS))
#define NOT_LOADED INT64_MIN
#define LOCK_TRIES 200
#define LOCK_US    10000

struct image { /* the library's file */
	struct buf bytes;
	size_t late_at; /* where struct heap_late is */
	uint64_t switch_vaddr;
};

struct job {
	const struct inject_request *request;
	struct inject_result *result;
	struct buf *why;
	struct target target;
	struct image image;
	struct hijack hijack;
	struct heap_header *header; /* what the library shares, if it is there */
};

int inject_open(pid_t pid, uint64_t start, uint64_t end, int flags)
{
	char *path = xasprintf("/proc/%d/map_files/%" PRIx64 "-%" PRIx64, pid, start, end);
	int fd = open(path, flags | O_CLOEXEC), r = fd < 0 ? -errno : fd;

	free(path);
	return r;
}

static int read_image(struct job *job)
{
	struct export needs[] = { { .name = HEAP_LATE }, { .name = HEAP_SWITCH } };
	int fd = open(job->request->shim, O_RDONLY | O_CLOEXEC), r = 0;
	int64_t at;

	if (fd < 0)
		return -errno;
	if (file_read_fd(fd, &job->image.bytes) < 0 || exports_find(fd, needs, 2) != 2)
		r = -ENOEXEC;
	at = r ? -ENOEXEC : exports_offset(fd, needs[0].vaddr);
	close(fd);
	if (at < 0 || (size_t)at + sizeof(struct heap_late) > job->image.bytes.size) {
		buf_printf(job->why, "'%s' is no library for this; run `make`", job->request->shim);
		return -ENOEXEC;
	}
	job->image.late_at = (size_t)at;
	job->image.switch_vaddr = needs[1].vaddr;
	return 0;
}

/* All but what was written into it. */
static bool is_same_image(const struct image *ours, const struct buf *theirs)
{
	size_t end = ours->late_at + sizeof(struct heap_late);

	return theirs->size == ours->bytes.size &&
	       !memcmp(theirs->data, ours->bytes.data, ours->late_at) &&
	       !memcmp(theirs->data + end, ours->bytes.data + end, theirs->size - end);
}

/* What an earlier recording left in the process is taken again, if it is the same. */
static int check_there(struct job *job)
{
	const struct target *target = &job->target;
	struct buf theirs = { 0 };
	int fd = inject_open(target->pid, target->shim_start, target->shim_end, O_RDONLY), r = 0;

	if (fd < 0 || file_read_fd(fd, &theirs) < 0 || !target->page_end ||
	    !is_same_image(&job->image, &theirs)) {
		buf_puts(job->why, "the library of another version of sysprof is in it, from an "
				   "earlier recording; restart it, or record without --inject");
		r = -EBUSY;
	}
	if (fd >= 0)
		close(fd);
	buf_release(&theirs);
	return r;
}

/* Whether it has the size, and keeps it: or who maps it may crash. */
static bool is_page(int fd)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat st;

	return seals >= 0 && (seals & F_SEAL_SHRINK) && !fstat(fd, &st) && st.st_size >= PAGE_BYTES;
}

/* One that comes again finds it counting, and leaves it so. */
static void write_header(const struct job *job, struct heap_header *header)
{
	uint32_t recorder = job->request->rate ? (uint32_t)job->request->recorder : 0;

	if (header->recorder != recorder)
		__atomic_store_n(&header->is_off, 1, __ATOMIC_RELAXED);
	header->recorder = recorder;
}

/* One recorder at a time, unless that is gone; and only what is one's own stands aside. */
static int take_page(struct job *job)
{
	struct heap_header *header = job->header;
	uint32_t self = (uint32_t)job->request->recorder, other = header->recorder;

	if (job->request->rate && other && other != self && !header->is_off &&
	    !kill((pid_t)other, 0)) {
		buf_printf(job->why, "its allocations are recorded already, by process %u", other);
		return -EBUSY;
	}
	if (!job->request->rate && other != self)
		return -ENOENT;
	write_header(job, header);
	header->n_slots = NOT_LOADED;
	return 0;
}

/* Until this process ends, nobody else changes what the library does. */
static int lock_page(int fd)
{
	for (int i = 0; i < LOCK_TRIES; i++) {
		if (!flock(fd, LOCK_EX | LOCK_NB))
			return 0;
		usleep(LOCK_US);
	}
	return -EBUSY;
}

/* Map what the library shares.  -ENOENT: it shares nothing. */
static int open_page(struct job *job)
{
	const struct target *target = &job->target;
	int fd, r;

	if (!target->page_end)
		return -ENOENT;
	fd = inject_open(target->pid, target->page_start, target->page_end, O_RDWR);
	if (fd < 0)
		return fd;
	r = is_page(fd) ? lock_page(fd) : -EIO;
	if (!r) {
		job->header =
			mmap(NULL, sizeof(*job->header), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		r = job->header == MAP_FAILED        ? -errno :
		    job->header->magic != HEAP_MAGIC ? -EIO :
						       0;
	}
	return r; /* the lock goes with the descriptor */
}

/* A file in the memory of the process: its descriptor there, and here; or -errno. */
static int make_file(struct job *job, const char *name, int *ret_fd)
{
	struct hijack *hijack = &job->hijack;
	char text[HIJACK_TEXT_BYTES] = "", *path;
	uint64_t arguments[] = { SYS_memfd_create, hijack->texts, MFD_CLOEXEC, 0 };
	int r;

	memcpy(text, name, strlen(name));
	if (!target_write_memory(job->target.pid, hijack->texts, text, sizeof(text)))
		return -EFAULT;
	r = hijack_call(hijack, job->target.syscall, arguments);
	if (r || hijack->result < 0)
		return r ? r : (int)hijack->result;
	path = xasprintf("/proc/%d/fd/%d", job->target.pid, (int)hijack->result);
	*ret_fd = open(path, O_RDWR | O_CLOEXEC);
	r = *ret_fd < 0 ? -errno : (int)hijack->result;
	free(path);
	return r;
}

static int fill_image(struct job *job, int fd, int there)
{
	struct heap_late late = { job->request->rate, there };

	memcpy(job->image.bytes.data + job->image.late_at, &late, sizeof(late));
	return file_write_fd(fd, job->image.bytes.data, job->image.bytes.size);
}

static int load_file(struct job *job, int there)
{
	char text[HIJACK_TEXT_BYTES] = "";
	uint64_t arguments[] = { job->hijack.texts, RTLD_NOW, 0, 0 };

	/* Nobody else calls it so: what is loaded under one name is not loaded again. */
	snprintf(text, sizeof(text), "/proc/self/./fd/%d", there);
	if (!target_write_memory(job->target.pid, job->hijack.texts, text, sizeof(text)))
		return -EFAULT;
	return hijack_run(&job->hijack, job->target.dlopen, arguments);
}

/* The library closes its file there itself; where it was refused, it is there still. */
static void close_refused(struct job *job, int there)
{
	static const char ours[] = "/memfd:" TARGET_SHIM;
	char *path = xasprintf("/proc/%d/fd/%d", job->target.pid, there), link[sizeof(ours)] = "";
	uint64_t arguments[] = { SYS_close, (uint64_t)there, 0, 0 };

	if (readlink(path, link, sizeof(link) - 1) > 0 && !strcmp(link, ours))
		hijack_call(&job->hijack, job->target.syscall, arguments);
	free(path);
}

static int load(struct job *job)
{
	int fd = -1, there = make_file(job, TARGET_SHIM, &fd), r;

	r = there < 0 ? there : fill_image(job, fd, there);
	if (!r)
		r = load_file(job, there);
	if (there >= 0)
		close_refused(job, there);
	if (fd >= 0)
		close(fd);
	return r;
}

static int switch_there(struct job *job)
{
	uint64_t arguments[] = { job->request->rate, 0, 0, 0 };

	return hijack_run(&job->hijack, job->target.shim_bias + job->image.switch_vaddr, arguments);
}

/* The thread is stopped, at a safe place. */
static int use(struct job *job)
{
	int r = hijack_begin(&job->hijack);

	if (r) {
		hijack_let_go(&job->hijack);
		return r == -ENOSPC || r == -EFAULT ? -EAGAIN : r;
	}
	r = job->result->was_there ? switch_there(job) : load(job);
	hijack_end(&job->hijack);
	job->result->stop_ns = clock_ns(CLOCK_MONOTONIC) - job->hijack.stopped_ns;
	return r;
}

/* From then on what waits returns again and again: the first time may be before it waits. */
static void limit_waits(unsigned int ms)
{
	struct itimerval timer = {
		.it_interval = { .tv_usec = AGAIN_US },
		.it_value = { .tv_sec = ms / 1000 },
	};

	setitimer(ITIMER_REAL, &timer, NULL);
}

/* To a place, and to use it.  -EAGAIN: none was found in time, and @why says what stood in it. */
static int find_and_use(struct job *job)
{
	uint64_t limit_ms = job->request->limit_ms ? job->request->limit_ms : LIMIT_MS;
	uint64_t end_ns = clock_ns(CLOCK_MONOTONIC) + limit_ms * 1000000;
	struct find find = { .target = &job->target, .hijack = &job->hijack };
	int r;

	do {
		limit_waits(CALL_MS);
		r = find_next(&find);
		if (!r)
			r = use(job);
		if (r == -EPERM) {
			buf_puts(job->why,
				 "it may not be stopped: ptrace is not permitted (run with "
				 "sudo; or a security module forbids it)");
			break;
		}
	} while (r == -EAGAIN && clock_ns(CLOCK_MONOTONIC) < end_ns);
	limit_waits(0);
	job->result->n_tries = find.n_tries;
	if (r == -EAGAIN)
		buf_printf(job->why,
			   "none of its threads was at a place in %" PRIu64 " s where it could "
			   "load a library without harm (one %s); try again, or record "
			   "without --inject",
			   limit_ms / 1000, find.lack ? find.lack : "does not sleep or run");
	find_release(&find);
	return r;
}

static int explain(struct job *job, int r, int64_t n_slots)
{
	if (r && !job->why->size)
		buf_printf(job->why, "loading the library failed: %s",
			   r == -EINTR ?
				   "it did not return in time; the thread goes on when it does" :
				   strerror(-r));
	if (r)
		return r;
	if (n_slots == NOT_LOADED)
		buf_puts(job->why,
			 "its dynamic linker refused the library (no room for thread-local "
			 "variables, or a security module that forbids it); record "
			 "without --inject");
	else if (n_slots < 0)
		buf_puts(job->why, "the allocator that it uses was not found; record without "
				   "--inject");
	return n_slots < 0 ? -ENOEXEC : 0;
}

/* That an earlier recording left. */
static int take_library(struct job *job)
{
	int r = check_there(job);

	if (!r)
		r = open_page(job);
	if (!r)
		r = take_page(job);
	if (!r)
		r = find_and_use(job);
	return r;
}

static int load_library(struct job *job)
{
	int r = job->request->rate ? find_and_use(job) : -ENOENT;

	if (!r)
		r = target_find_shim(&job->target);
	if (!r && job->target.page_end)
		r = open_page(job);
	if (!r && job->header)
		write_header(job, job->header);
	return r;
}

static int run(struct job *job)
{
	struct inject_result *result = job->result;
	int r = target_read(&job->target, job->request->pid, job->why);

	if (!r)
		r = read_image(job);
	result->was_there = job->target.shim_end != 0;
	if (!r)
		r = result->was_there ? take_library(job) : load_library(job);
	result->n_slots = r ? 0 : job->header ? job->header->n_slots : NOT_LOADED;
	r = explain(job, r, result->n_slots);
	result->has_own_malloc = job->target.facts.has_own_malloc;
	result->shim_start = job->target.shim_start;
	result->shim_end = job->target.shim_end;
	result->page_start = job->target.page_start;
	result->page_end = job->target.page_end;
	return r;
}

struct answer {
	int32_t error;
	struct inject_result result;
	char why[512];
};

static void on_alarm(int number)
{
	(void)number; /* so that what waits returns */
}

/* What was begun is ended also when Ctrl-C comes meanwhile. */
static void __attribute__((noreturn)) run_child(const struct inject_request *request, int fd)
{
	struct sigaction action = { .sa_handler = on_alarm };
	struct answer answer = { 0 };
	struct buf why = { 0 };
	struct job job = { .request = request, .result = &answer.result, .why = &why };

	sigaction(SIGALRM, &action, NULL);
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	answer.error = run(&job);
	snprintf(answer.why, sizeof(answer.why), "%s", buf_str(&why));
	_exit(file_write_fd(fd, &answer, sizeof(answer)) ? 1 : 0);
}

int inject(const struct inject_request *request, struct inject_result *ret, struct buf *ret_why)
{
	struct answer answer = { .error = -EIO };
	struct buf bytes = { 0 };
	int fds[2];
	pid_t child;

	if (pipe2(fds, O_CLOEXEC))
		return -errno;
	child = fork();
	if (!child) {
		close(fds[0]);
		run_child(request, fds[1]);
	}
	close(fds[1]);
	if (child > 0 && file_read_fd(fds[0], &bytes) == sizeof(answer))
		memcpy(&answer, bytes.data, sizeof(answer));
	close(fds[0]);
	while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	buf_release(&bytes);
	*ret = answer.result;
	buf_puts(ret_why, answer.why[0] ? answer.why : answer.error ? strerror(-answer.error) : "");
	return answer.error;
}
