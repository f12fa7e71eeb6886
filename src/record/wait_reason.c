/* SPDX-License-Identifier: GPL-2.0-only */
#include "wait_reason.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/map.h"
#include "syscall_nr.h"
#include "wait_fault.h"
#include "wait_object.h"

#define CODE_BYTES     32 /* before the end of the call's instruction */
#define ASK_PER_SECOND 500
#define SECOND_NS      1000000000u
#define NOT_DECODED    UINT64_MAX

struct wait_reasons {
	struct spaces *spaces; /* borrowed */
	struct wait_objects *objects;
	struct wait_faults *faults; /* borrowed */
	struct map by_code;  /* place in a module, or in a process → number or NOT_DECODED */
	struct map by_stack; /* interned stack → number, where code does not tell */
	uint64_t asked_ns;   /* the second that n_asked counts in */
	uint32_t n_asked;
	struct wait_reason_stats stats;
};

struct wait_reasons *wait_reasons_new(struct spaces *spaces, struct definer *definer,
				      struct wait_faults *faults)
{
	struct wait_reasons *reasons = xcalloc(1, sizeof(*reasons));

	reasons->spaces = spaces;
	reasons->objects = wait_objects_new(definer, spaces);
	reasons->faults = faults;
	return reasons;
}

void wait_reasons_free(struct wait_reasons *reasons)
{
	if (!reasons)
		return;
	wait_objects_free(reasons->objects);
	map_release(&reasons->by_code);
	map_release(&reasons->by_stack);
	free(reasons);
}

void wait_reasons_forget_ids(struct wait_reasons *reasons)
{
	map_clear(&reasons->by_stack);
	wait_objects_forget(reasons->objects);
	wait_faults_forget_ids(reasons->faults);
}

const struct wait_reason_stats *wait_reasons_stats(const struct wait_reasons *reasons)
{
	return &reasons->stats;
}

/* The code before @ip, from the process itself or, where that is gone, from the file. */
static int decode_code(const struct mapping *mapping, uint32_t pid, uint64_t ip)
{
	unsigned char code[CODE_BYTES];
	struct iovec local = { code, sizeof(code) };
	struct iovec remote = { (void *)(uintptr_t)(ip - CODE_BYTES), sizeof(code) };
	off_t offset;

	if (process_vm_readv((pid_t)pid, &local, 1, &remote, 1, 0) == CODE_BYTES)
		return syscall_nr_decode(code, sizeof(code));
	if (!mapping || mapping->module->kind != MODULE_ELF || mapping->module->fd < 0)
		return -1;
	offset = (off_t)(ip - CODE_BYTES - mapping->start + mapping->offset);
	if (pread(mapping->module->fd, code, sizeof(code), offset) != CODE_BYTES)
		return -1;
	return syscall_nr_decode(code, sizeof(code));
}

/* A module's code is the same in all its processes. */
static uint64_t code_key(const struct space *space, const struct mapping *mapping, uint64_t ip)
{
	if (mapping && mapping->module->kind == MODULE_ELF)
		return hash_u64(mapping->module->index + 1 +
				hash_u64(ip - mapping->start + mapping->offset));
	return hash_u64(ip ^ hash_u64((uint64_t)space->generation << 32 | space->pid));
}

static int nr_by_code(struct wait_reasons *reasons, const struct wait_call *call)
{
	const struct space *space = spaces_get(reasons->spaces, (pid_t)call->pid);
	const struct mapping *mapping = space_find(space, call->ip);
	uint64_t key = code_key(space, mapping, call->ip),
		 *known = map_find(&reasons->by_code, key);
	int nr;

	if (known)
		return *known == NOT_DECODED ? -1 : (int)*known;
	nr = decode_code(mapping, call->pid, call->ip);
	reasons->stats.n_decoded += nr >= 0;
	*map_insert(&reasons->by_code, key) = nr < 0 ? NOT_DECODED : (uint64_t)nr;
	return nr;
}

static bool may_ask(struct wait_reasons *reasons, uint64_t now_ns)
{
	if (now_ns - reasons->asked_ns >= SECOND_NS) {
		reasons->asked_ns = now_ns;
		reasons->n_asked = 0;
	}
	return reasons->n_asked++ < ASK_PER_SECOND;
}

/* What /proc/PID/task/TID/syscall says now. */
static int ask(uint32_t pid, uint32_t tid, struct wait_call *ret)
{
	char *path = xasprintf("/proc/%u/task/%u/syscall", pid, tid);
	struct buf text = { 0 };
	ssize_t r = file_read(path, &text);

	if (r >= 0)
		r = wait_call_parse(buf_str(&text), ret);
	if (!r && !ret->ip && !ret->sp)
		r = -ENXIO;
	free(path);
	buf_release(&text);
	return (int)r;
}

/*
 * The same thread blocked at the same place with the same stack pointer is in the same
 * call, perhaps in a later one of a loop.
 */
static int nr_by_stack(struct wait_reasons *reasons, const struct wait_call *call, uint32_t stack)
{
	uint64_t *known = map_find(&reasons->by_stack, stack);
	struct wait_call now = { 0 };

	if (known)
		return (int)*known;
	if (!stack || !may_ask(reasons, call->now_ns) || ask(call->pid, call->tid, &now) ||
	    !now.in_syscall || now.ip != call->ip || now.sp != call->sp)
		return -1;
	reasons->stats.n_learned++;
	*map_insert(&reasons->by_stack, stack) = (uint64_t)now.nr;
	return now.nr;
}

/* Where in its file, as far as the call says so. */
static uint64_t offset_of(const struct wait_call *call)
{
	switch (call->nr) {
	case SYS_pread64:
	case SYS_pwrite64:
	case SYS_preadv:
	case SYS_pwritev:
		return call->args[3];
	case SYS_readahead:
		return call->args[1];
	default:
		return 0;
	}
}

bool wait_call_read(const struct wait_call *call, uint64_t address, void *data, size_t size)
{
	struct iovec local = { data, size };
	struct iovec remote = { (void *)(uintptr_t)address, size };
	uint64_t at = address - call->sp;

	if (!call->stack)
		return process_vm_readv((pid_t)call->pid, &local, 1, &remote, 1, 0) ==
		       (ssize_t)size;
	if (at > call->stack_size || size > call->stack_size - at)
		return false;
	memcpy(data, (const char *)call->stack + at, size);
	return true;
}

/* A wait for one of one is a wait for that. */
static bool make_single(struct wait_call *call)
{
	struct futex_waitv word;

	if (call->nr != SYS_futex_waitv || call->args[1] != 1 ||
	    !wait_call_read(call, call->args[0], &word, sizeof(word)))
		return false;
	call->nr = NR_FUTEX_WAIT;
	call->args[0] = word.uaddr;
	call->args[1] = word.val;
	call->args[3] = word.flags;
	return true;
}

static struct wait_reason reason_of(struct wait_reasons *reasons, const struct wait_call *call)
{
	struct wait_reason reason = { .why = WAIT_OTHER, .nr = (uint32_t)(call->nr + 1) };
	struct wait_call single = *call;
	const struct syscall_row *row;

	if (!call->in_syscall) {
		reason.nr = 0;
		reason.why = WAIT_PAGEFAULT;
		wait_faults_explain(reasons->faults, call, &reason);
		return reason;
	}
	reasons->stats.n_unknown += call->nr < 0;
	if (make_single(&single))
		call = &single;
	row = call->nr < 0 ? NULL : syscall_row_find(call->nr);
	if (!row)
		return reason;
	reason.why = (enum wait_class)row->why;
	if (row->object == OBJECT_FUTEX) {
		reason.why = syscall_futex_class(call->nr, call->args);
		reason.address = call->args[row->arg];
	}
	reason.offset = offset_of(call);
	wait_objects_find(reasons->objects, call, row, &reason);
	return reason;
}

/* Of an array on the stack, as it mostly is, else /proc tells later. */
static bool waits_words(const struct wait_call *call)
{
	struct futex_waitv word;

	return call->args[1] && call->args[1] <= FUTEX_WAITV_MAX &&
	       wait_call_read(call, call->args[0], &word, sizeof(word)) &&
	       syscall_waits_words(call->args, &word);
}

static struct wait_call call_of(struct wait_reasons *reasons, const struct perf_record *record,
				uint32_t stack)
{
	const struct perf_sample *sample = &record->sample;
	const uint64_t *regs = sample->regs;
	struct wait_call call = {
		.pid = record->pid,
		.tid = record->tid,
		.now_ns = record->time_ns,
		.in_syscall = regs[PERF_REG_AX] == (uint64_t)-ENOSYS,
		.nr = -1,
		.args = { regs[PERF_REG_DI], regs[PERF_REG_SI], regs[PERF_REG_DX],
			  regs[PERF_REG_R10], regs[PERF_REG_R8], regs[PERF_REG_R9] },
		.ip = regs[PERF_REG_IP],
		.sp = regs[PERF_REG_SP],
		.stack = sample->stack,
		.stack_size = sample->stack_size,
	};

	/* Calls of a 32-bit process have other numbers. */
	if (call.in_syscall && sample->abi == PERF_SAMPLE_REGS_ABI_64) {
		call.nr = nr_by_code(reasons, &call);
		if (call.nr < 0)
			call.nr = nr_by_stack(reasons, &call, stack);
		if (call.nr < 0)
			call.nr = syscall_waits_futex(call.args);
		if (call.nr < 0 && waits_words(&call))
			call.nr = SYS_futex_waitv;
	}
	return call;
}

struct wait_reason wait_reasons_find(struct wait_reasons *reasons, const struct perf_record *record,
				     uint32_t stack)
{
	struct wait_call call = call_of(reasons, record, stack);

	return reason_of(reasons, &call);
}

uint64_t wait_reasons_futex(struct wait_reasons *reasons, const struct perf_record *record,
			    uint32_t stack)
{
	struct wait_call call = call_of(reasons, record, stack);
	const struct syscall_row *row = call.nr < 0 ? NULL : syscall_row_find(call.nr);
	struct futex_waitv word;

	/* Who wakes is not found in /proc; what it wakes is a word that others wait for. */
	if (call.in_syscall && call.nr < 0 && syscall_wakes_futex(call.args) &&
	    wait_objects_has_futex(reasons->objects, &call, call.args[0]))
		return call.args[0];
	if (call.nr == NR_FUTEX_REQUEUE)
		return wait_call_read(&call, call.args[0], &word, sizeof(word)) ? word.uaddr : 0;
	return row && row->object == OBJECT_FUTEX ? call.args[row->arg] : 0;
}

int wait_reasons_ask(struct wait_reasons *reasons, struct wait_call *call, struct wait_reason *ret)
{
	int r = ask(call->pid, call->tid, call);

	if (!r)
		*ret = reason_of(reasons, call);
	return r;
}

static bool next_number(const char **at, int base, uint64_t *ret)
{
	char *end;

	errno = 0;
	*ret = strtoull(*at, &end, base);
	if (end == *at || errno || (*end && *end != ' ' && *end != '\n'))
		return false;
	*at = end;
	return true;
}

/* "running", "-1 SP PC", or "NR ARG ARG ARG ARG ARG ARG SP PC". */
int wait_call_parse(const char *text, struct wait_call *ret)
{
	uint64_t nr, args[6] = { 0 }, sp, ip;
	const char *at = text;

	if (!strncmp(text, "running", 7))
		return -EAGAIN;
	if (!next_number(&at, 10, &nr))
		return -EBADMSG;
	for (size_t i = 0; (int64_t)nr >= 0 && i < 6; i++) {
		if (!next_number(&at, 16, &args[i]))
			return -EBADMSG;
	}
	if (!next_number(&at, 16, &sp) || !next_number(&at, 16, &ip))
		return -EBADMSG;
	ret->in_syscall = (int64_t)nr >= 0;
	ret->nr = ret->in_syscall && nr < 4096 ? (int)nr : -1;
	memcpy(ret->args, args, sizeof(args));
	ret->sp = sp;
	ret->ip = ip;
	return 0;
}
