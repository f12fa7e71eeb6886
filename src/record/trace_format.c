/* SPDX-License-Identifier: GPL-2.0-only */
#include "trace_format.h"

#include <errno.h>
#include <string.h>
#include <traceevent/event-parse.h>

#define FLAG_HARDIRQ 0x08
#define FLAG_SOFTIRQ 0x10
#define FLAG_NMI     0x40

const struct trace_event_name trace_names[TRACE_N_FORMATS] = {
	[TRACE_SWITCH] = { "sched", "sched_switch" },
	[TRACE_WAKING] = { "sched", "sched_waking" },
	[TRACE_FORK] = { "sched", "sched_process_fork" },
	[TRACE_ENTER] = { "raw_syscalls", "sys_enter" },
	[TRACE_EXIT] = { "raw_syscalls", "sys_exit" },
};

enum switch_field { PREV, STATE, NEXT, PREV_COMM, NEXT_COMM };
enum waking_field { WOKEN };
enum fork_field { PARENT, CHILD };
enum call_field { NR, RESULT };

static const char *const field_names[TRACE_N_FORMATS][TRACE_MAX_FIELDS] = {
	[TRACE_SWITCH] = { "prev_pid", "prev_state", "next_pid", "prev_comm", "next_comm" },
	[TRACE_WAKING] = { "pid" },
	[TRACE_FORK] = { "parent_pid", "child_pid" },
	[TRACE_ENTER] = { "id" },
	[TRACE_EXIT] = { "id", "ret" },
};

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

static int take_fields(struct trace_formats *formats, enum trace_kind kind, struct tep_event *event)
{
	const char *const *names = field_names[kind];
	struct trace_format format = { .is_known = true, .id = (uint16_t)event->id };
	int r = take_common(formats, event);

	for (size_t i = 0; !r && i < TRACE_MAX_FIELDS && names[i]; i++) {
		bool is_text = kind == TRACE_SWITCH && i >= PREV_COMM;

		r = take_field(tep_find_field(event, names[i]), is_text ? TRACE_COMM_BYTES : 8,
			       &format.fields[i]);
		if (!r && is_text && format.fields[i].size != TRACE_COMM_BYTES)
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
	const struct trace_event_name *names = &trace_names[kind];
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

static void decode_as(const struct trace_formats *formats, enum trace_kind kind,
		      const unsigned char *data, struct trace_record *ret)
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
		ret->call.result = kind == TRACE_EXIT ? number(data, fields[RESULT]) : 0;
		break;
	default:
		break;
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
		decode_as(formats, (enum trace_kind)kind, data, ret);
		return true;
	}
	return false;
}
