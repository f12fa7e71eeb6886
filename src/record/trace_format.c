/* SPDX-License-Identifier: GPL-2.0-only */
#include "trace_format.h"

#include <errno.h>
#include <string.h>
#include <traceevent/event-parse.h>

#define FLAG_HARDIRQ 0x08
#define FLAG_SOFTIRQ 0x10
#define FLAG_NMI     0x40

#define FAULT_WRITE   2u /* bits of x86's error code */
#define FAULT_EXECUTE 16u

#define RWBS_BYTES 16 /* at most; kernels have 8 or 10 */
#define ARGS_BYTES (SYSCALL_ARGS * sizeof(uint64_t))

#define CURRENT "common_pid"

const struct trace_event trace_events[TRACE_N_FORMATS] = {
	[TRACE_SWITCH] = {
		.system = "sched",
		.event = "sched_switch",
		.fields = { "prev_pid", "prev_state", "next_pid", "prev_comm", "next_comm",
			    "prev_prio", "next_prio" },
		.who = { "prev_pid", "next_pid" },
		.group = TRACE_SWITCH,
		.if_absent = "this kernel has no event sched_switch",
	},
	[TRACE_WAKING] = {
		.system = "sched",
		.event = "sched_waking",
		.fields = { "pid" },
		.who = { "pid" },
		.group = TRACE_WAKING,
		.if_absent = "this kernel has no event sched_waking: no wake-ups and no wakers",
	},
	[TRACE_FORK] = { /* only of use where records of perf were lost */
		.system = "sched",
		.event = "sched_process_fork",
		.fields = { "parent_pid", "child_pid" },
		.who = { "parent_pid" },
		.group = TRACE_FORK,
	},
	[TRACE_ENTER] = {
		.system = "raw_syscalls",
		.event = "sys_enter",
		.fields = { "id", "args" },
		.who = { CURRENT },
		.part = TRACE_DETAIL,
		.is_never_ours = true,
		.group = TRACE_ENTER,
		.if_absent = "this kernel has no events raw_syscalls: no system calls",
	},
	[TRACE_EXIT] = {
		.system = "raw_syscalls",
		.event = "sys_exit",
		.fields = { "id", "ret" },
		.who = { CURRENT },
		.part = TRACE_DETAIL,
		.is_never_ours = true,
		.group = TRACE_ENTER,
	},
	[TRACE_FAULT] = {
		.system = "exceptions",
		.event = "page_fault_user",
		.fields = { "address", "ip", "error_code" },
		.who = { CURRENT },
		.part = TRACE_DETAIL,
		.is_never_ours = true,
		.group = TRACE_FAULT,
		.if_absent = "this kernel has no event page_fault_user: no page faults but those "
			     "that wait",
	},
	[TRACE_IRQ_ENTRY] = {
		.system = "irq",
		.event = "irq_handler_entry",
		.fields = { "irq", "name" },
		.part = TRACE_DETAIL,
		.group = TRACE_IRQ_ENTRY,
		.if_absent = "this kernel has no events irq_handler: no interrupts",
	},
	[TRACE_IRQ_EXIT] = {
		.system = "irq",
		.event = "irq_handler_exit",
		.fields = { "irq" },
		.part = TRACE_DETAIL,
		.group = TRACE_IRQ_ENTRY,
	},
	[TRACE_SOFTIRQ_ENTRY] = {
		.system = "irq",
		.event = "softirq_entry",
		.fields = { "vec" },
		.part = TRACE_DETAIL,
		.group = TRACE_SOFTIRQ_ENTRY,
		.if_absent = "this kernel has no events softirq: no softirqs",
	},
	[TRACE_SOFTIRQ_EXIT] = {
		.system = "irq",
		.event = "softirq_exit",
		.fields = { "vec" },
		.part = TRACE_DETAIL,
		.group = TRACE_SOFTIRQ_ENTRY,
	},
	[TRACE_DISK_START] = {
		.system = "block",
		.event = "block_io_start",
		.fields = { "dev", "sector", "nr_sector", "rwbs" },
		.part = TRACE_DETAIL,
		.group = TRACE_DISK_START,
		.if_absent = "this kernel has no event block_io_start: who hands a disk request to "
			     "the device is taken for who asked for it",
	},
	[TRACE_DISK_ISSUE] = {
		.system = "block",
		.event = "block_rq_issue",
		.fields = { "dev", "sector", "nr_sector", "rwbs" },
		.part = TRACE_DETAIL,
		.group = TRACE_DISK_ISSUE,
		.if_absent = "this kernel has no events block_rq: no disk requests",
	},
	[TRACE_DISK_DONE] = {
		.system = "block",
		.event = "block_rq_complete",
		.fields = { "dev", "sector", "nr_sector", "rwbs", "error" },
		.part = TRACE_DETAIL,
		.group = TRACE_DISK_ISSUE,
	},
	[TRACE_SIGNAL_SENT] = {
		.system = "signal",
		.event = "signal_generate",
		.fields = { "sig", "pid", "group", "result" },
		.who = { "pid" },
		.part = TRACE_DETAIL,
		.group = TRACE_SIGNAL_SENT,
		.if_absent = "this kernel has no event signal_generate: not who sends signals",
	},
	[TRACE_SIGNAL_DELIVERED] = {
		.system = "signal",
		.event = "signal_deliver",
		.fields = { "sig" },
		.who = { CURRENT },
		.part = TRACE_DETAIL,
		.group = TRACE_SIGNAL_DELIVERED,
		.if_absent = "this kernel has no event signal_deliver: not when signals arrive",
	},
	[TRACE_LOCK_BEGIN] = {
		.system = "lock",
		.event = "contention_begin",
		.fields = { "lock_addr", "flags" },
		.who = { CURRENT },
		.part = TRACE_LOCKS,
		.is_never_ours = true,
		.group = TRACE_LOCK_BEGIN,
		.if_absent = "this kernel has no events contention_begin and contention_end (Linux "
			     "5.19): no locks of the kernel",
	},
	[TRACE_LOCK_END] = {
		.system = "lock",
		.event = "contention_end",
		.fields = { "lock_addr", "ret" },
		.who = { CURRENT },
		.part = TRACE_LOCKS,
		.is_never_ours = true,
		.group = TRACE_LOCK_BEGIN,
	},
};

enum switch_field { PREV, STATE, NEXT, PREV_COMM, NEXT_COMM, PREV_PRIO, NEXT_PRIO };
enum waking_field { WOKEN };
enum fork_field { PARENT, CHILD };
enum call_field { NR, RESULT, ARGS = RESULT };
enum fault_field { ADDRESS, IP, ERROR_CODE };
enum irq_field { IRQ, IRQ_NAME };
enum disk_field { DEV, SECTOR, N_SECTORS, RWBS, ERROR };
enum lock_field { LOCK_ADDRESS, LOCK_FLAGS, LOCK_RESULT = LOCK_FLAGS };
enum signal_field { SIGNO, RECEIVER, TO_PROCESS, SIGNAL_RESULT };

static int take_field(const struct tep_format_field *field, uint32_t max, struct trace_field *ret)
{
	if (!field || field->offset < 0 || field->size <= 0 || field->offset > UINT16_MAX ||
	    (uint32_t)field->size > max)
		return -EBADMSG;
	*ret = (struct trace_field){ (uint32_t)field->offset, (uint32_t)field->size };
	return 0;
}

static int take_common(struct trace_formats *formats, struct tep_event *event)
{
	int r = take_field(tep_find_common_field(event, "common_type"), 8, &formats->type);

	if (!r)
		r = take_field(tep_find_common_field(event, "common_flags"), 8, &formats->flags);
	if (!r)
		r = take_field(tep_find_common_field(event, "common_pid"), 8, &formats->tid);
	return r;
}

static uint32_t end_of(struct trace_field field, uint32_t at_least)
{
	uint32_t end = field.offset + field.size;

	return end > at_least ? end : at_least;
}

/* How large field @i may be, where it is no number: a text, or several; else 0. */
static uint32_t text_size(enum trace_kind kind, size_t i)
{
	if (kind == TRACE_ENTER && i == ARGS)
		return ARGS_BYTES;
	if (kind == TRACE_SWITCH && (i == PREV_COMM || i == NEXT_COMM))
		return TRACE_COMM_BYTES;
	return kind >= TRACE_DISK_START && kind <= TRACE_DISK_DONE && i == RWBS ? RWBS_BYTES : 0;
}

static int take_fields(struct trace_formats *formats, enum trace_kind kind, struct tep_event *event)
{
	const char *const *names = trace_events[kind].fields;
	struct trace_format format = { .is_known = true, .id = (uint16_t)event->id };
	int r = take_common(formats, event);

	for (size_t i = 0; !r && i < TRACE_MAX_FIELDS && names[i]; i++) {
		uint32_t size = text_size(kind, i);

		r = take_field(tep_find_field(event, names[i]), size ? size : 8, &format.fields[i]);
		if (!r && kind <= TRACE_ENTER && size && format.fields[i].size != size)
			r = -EBADMSG;
		format.bytes = end_of(format.fields[i], format.bytes);
	}
	format.bytes = end_of(formats->type, format.bytes);
	format.bytes = end_of(formats->flags, format.bytes);
	format.bytes = end_of(formats->tid, format.bytes);
	if (!r)
		formats->of[kind] = format;
	return r;
}

int trace_formats_learn(struct trace_formats *formats, enum trace_kind kind, const char *text,
			size_t size)
{
	const struct trace_event *names = &trace_events[kind];
	struct tep_handle *tep = tep_alloc();
	struct tep_event *event = NULL;
	int r = -EBADMSG;

	if (!tep)
		return -ENOMEM;
	tep_set_loglevel(TEP_LOG_NONE);
	tep_set_long_size(tep, sizeof(long));
	if (!tep_parse_event(tep, text, size, names->system))
		event = tep_find_event_by_name(tep, names->system, names->event);
	if (event)
		r = take_fields(formats, kind, event);
	tep_free(tep);
	return r;
}

static int64_t number(const unsigned char *data, struct trace_field field)
{
	int64_t value = 0;
	unsigned int unused = 64 - 8 * field.size;

	memcpy(&value, data + field.offset, field.size);
	return (int64_t)((uint64_t)value << unused) >> unused;
}

/* The first bits are states, R being none of them; 0x100 says that the kernel preempted it. */
enum task_state trace_task_state(uint64_t prev_state)
{
	if (prev_state & 0x30) /* X Z */
		return TASK_DEAD;
	if (prev_state & 0x0c) /* T t */
		return TASK_STOPPED;
	if (prev_state & 0x02) /* D */
		return TASK_DISK;
	if (prev_state & 0xc1) /* S P I */
		return TASK_SLEEPING;
	return TASK_RUNNABLE;
}

static bool is_interrupt(const struct trace_formats *formats, const unsigned char *data)
{
	return number(data, formats->flags) & (FLAG_HARDIRQ | FLAG_SOFTIRQ | FLAG_NMI);
}

static enum memory_access access_of(uint64_t error_code)
{
	if (error_code & FAULT_EXECUTE)
		return ACCESS_EXECUTE;
	return error_code & FAULT_WRITE ? ACCESS_WRITE : ACCESS_READ;
}

/* "R", "WS", "FWFS", "FF": an F in front stands for a flush that comes first. */
static enum disk_op op_of(const unsigned char *data, struct trace_field rwbs)
{
	const unsigned char *at = data + rwbs.offset;

	if (rwbs.size > 1 && at[0] == 'F' && (at[1] == 'W' || at[1] == 'R' || at[1] == 'D'))
		at++;
	switch (*at) {
	case 'R':
		return DISK_READ;
	case 'W':
		return DISK_WRITE;
	case 'F':
		return DISK_FLUSH;
	case 'D':
	case 'E': /* securely */
		return DISK_DISCARD;
	default:
		return DISK_OTHER;
	}
}

/* A text behind the event's fields, of which the field tells the place and the size. */
static void decode_name(const unsigned char *data, size_t size, struct trace_field field,
			struct trace_record *ret)
{
	uint64_t place = (uint64_t)number(data, field);
	size_t at = place & 0xffff, length = place >> 16 & 0xffff;

	ret->irq.name = "";
	ret->irq.name_size = 0;
	if (field.size != sizeof(uint32_t) || at > size || length > size - at)
		return;
	ret->irq.name = (const char *)data + at;
	ret->irq.name_size = strnlen(ret->irq.name, length);
}

static void decode_disk(const struct trace_field *fields, const unsigned char *data,
			struct trace_record *ret)
{
	ret->disk.dev = (uint32_t)number(data, fields[DEV]);
	ret->disk.sector = (uint64_t)number(data, fields[SECTOR]);
	ret->disk.n_sectors = (uint32_t)number(data, fields[N_SECTORS]);
	ret->disk.op = op_of(data, fields[RWBS]);
	ret->disk.error = ret->kind == TRACE_DISK_DONE ? (int32_t)number(data, fields[ERROR]) : 0;
}

/* Result 1: ignored; 2: pending already; 3: no room for it; 4: sent, but not by whom. */
static void decode_sent(const struct trace_formats *formats, const unsigned char *data,
			struct trace_record *ret)
{
	const struct trace_field *fields = formats->of[TRACE_SIGNAL_SENT].fields;
	int64_t result = number(data, fields[SIGNAL_RESULT]);

	ret->signal.sender = is_interrupt(formats, data) ? 0 : ret->signal.tid;
	ret->signal.tid = (uint32_t)number(data, fields[RECEIVER]);
	ret->signal.to_process = number(data, fields[TO_PROCESS]) != 0;
	ret->signal.step = result >= 1 && result <= 3 ? SIGNAL_IGNORED : SIGNAL_SENT;
}

/* What is not recorded by default. */
static void decode_detail(const struct trace_formats *formats, const unsigned char *data,
			  size_t size, struct trace_record *ret)
{
	const struct trace_field *fields = formats->of[ret->kind].fields;
	uint32_t current = (uint32_t)number(data, formats->tid);

	switch (ret->kind) {
	case TRACE_FAULT:
		ret->fault.tid = current;
		ret->fault.address = (uint64_t)number(data, fields[ADDRESS]);
		ret->fault.ip = (uint64_t)number(data, fields[IP]);
		ret->fault.access = access_of((uint64_t)number(data, fields[ERROR_CODE]));
		break;
	case TRACE_IRQ_ENTRY:
		decode_name(data, size, fields[IRQ_NAME], ret);
		/* fallthrough */
	case TRACE_IRQ_EXIT:
	case TRACE_SOFTIRQ_ENTRY:
	case TRACE_SOFTIRQ_EXIT:
		ret->irq.tid = current;
		ret->irq.nr = (uint32_t)number(data, fields[IRQ]);
		break;
	case TRACE_DISK_START:
	case TRACE_DISK_ISSUE:
	case TRACE_DISK_DONE:
		ret->disk.tid = current;
		decode_disk(fields, data, ret);
		break;
	case TRACE_SIGNAL_SENT:
	case TRACE_SIGNAL_DELIVERED:
		ret->signal.tid = current;
		ret->signal.sender = 0;
		ret->signal.signo = (uint32_t)number(data, fields[SIGNO]);
		ret->signal.to_process = false;
		ret->signal.step = SIGNAL_DELIVERED;
		if (ret->kind == TRACE_SIGNAL_SENT)
			decode_sent(formats, data, ret);
		break;
	case TRACE_LOCK_BEGIN:
	case TRACE_LOCK_END:
		ret->lock.tid = is_interrupt(formats, data) ? 0 : current;
		ret->lock.address = (uint64_t)number(data, fields[LOCK_ADDRESS]);
		ret->lock.flags = (uint32_t)number(data, fields[LOCK_FLAGS]);
		ret->lock.result = (int32_t)number(data, fields[LOCK_RESULT]);
		break;
	default:
		break;
	}
}

static void decode_args(const unsigned char *data, struct trace_record *ret)
{
	uint64_t args[SYSCALL_ARGS];

	memcpy(args, data, ARGS_BYTES);
	syscall_keep_args((uint32_t)ret->call.nr, args, ret->call.args);
}

/* A deadline's goes before all, and is -1. */
static uint32_t level(const unsigned char *data, struct trace_field field)
{
	int64_t value = number(data, field);

	return value > 0 ? (uint32_t)value : 0;
}

static void decode_as(const struct trace_formats *formats, enum trace_kind kind,
		      const unsigned char *data, size_t size, struct trace_record *ret)
{
	const struct trace_field *fields = formats->of[kind].fields;
	uint32_t current = (uint32_t)number(data, formats->tid);

	ret->kind = kind;
	switch (kind) {
	case TRACE_SWITCH:
		ret->switched = (struct trace_switch){
			.prev = (uint32_t)number(data, fields[PREV]),
			.next = (uint32_t)number(data, fields[NEXT]),
			.state = trace_task_state((uint64_t)number(data, fields[STATE])),
			.prev_comm = (const char *)data + fields[PREV_COMM].offset,
			.next_comm = (const char *)data + fields[NEXT_COMM].offset,
			.prev_level = level(data, fields[PREV_PRIO]),
			.next_level = level(data, fields[NEXT_PRIO]),
		};
		break;
	case TRACE_WAKING:
		ret->waking.tid = (uint32_t)number(data, fields[WOKEN]);
		ret->waking.waker = is_interrupt(formats, data) ? 0 : current;
		break;
	case TRACE_FORK:
		ret->fork.parent = (uint32_t)number(data, fields[PARENT]);
		ret->fork.child = (uint32_t)number(data, fields[CHILD]);
		break;
	case TRACE_ENTER:
	case TRACE_EXIT:
		ret->call.tid = current;
		ret->call.nr = number(data, fields[NR]);
		if (kind == TRACE_EXIT)
			ret->call.result = number(data, fields[RESULT]);
		else
			decode_args(data + fields[ARGS].offset, ret);
		break;
	default:
		decode_detail(formats, data, size, ret);
	}
}

bool trace_decode(const struct trace_formats *formats, const unsigned char *data, size_t size,
		  struct trace_record *ret)
{
	uint16_t id;

	if (size < formats->type.offset + formats->type.size || !formats->type.size)
		return false;
	id = (uint16_t)number(data, formats->type);
	for (int kind = 0; kind < TRACE_N_FORMATS; kind++) {
		const struct trace_format *format = &formats->of[kind];

		if (!format->is_known || format->id != id)
			continue;
		if (size < format->bytes)
			return false;
		decode_as(formats, (enum trace_kind)kind, data, size, ret);
		return true;
	}
	return false;
}
