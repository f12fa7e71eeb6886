/* SPDX-License-Identifier: GPL-2.0-only */
#include "text_kinds.h"

#include <string.h>

#define MAX_WORDS 16

static const char *const module_kinds[MAX_WORDS] = {
	[MODULE_ELF] = "elf", [MODULE_KERNEL] = "kernel", [MODULE_VDSO] = "vdso",
	[MODULE_JIT] = "jit", [MODULE_NOTE] = "note",
};

static const char *const task_states[MAX_WORDS] = {
	[TASK_RUNNABLE] = "runnable", [TASK_SLEEPING] = "sleeping", [TASK_DISK] = "disk",
	[TASK_DEAD] = "dead",         [TASK_STOPPED] = "stopped",   [TASK_RUNNING] = "running",
};

static const char *const wait_classes[MAX_WORDS] = {
	[WAIT_OTHER] = "other",     [WAIT_LOCK] = "lock",           [WAIT_CONDVAR] = "condvar",
	[WAIT_NETWORK] = "network", [WAIT_DISK] = "disk",           [WAIT_PIPE] = "pipe",
	[WAIT_POLL] = "poll",       [WAIT_SLEEP] = "sleep",         [WAIT_CHILD] = "child",
	[WAIT_IPC] = "ipc",         [WAIT_PAGEFAULT] = "pagefault",
};

static const char *const accesses[MAX_WORDS] = {
	[ACCESS_READ] = "read",
	[ACCESS_WRITE] = "write",
	[ACCESS_EXECUTE] = "execute",
};

static const char *const disk_ops[MAX_WORDS] = {
	[DISK_OTHER] = "other", [DISK_READ] = "read",       [DISK_WRITE] = "write",
	[DISK_FLUSH] = "flush", [DISK_DISCARD] = "discard",
};

static const char *const signal_steps[MAX_WORDS] = {
	[SIGNAL_SENT] = "sent",
	[SIGNAL_DELIVERED] = "delivered",
	[SIGNAL_IGNORED] = "ignored",
};

static const char *const interrupt_kinds[MAX_WORDS] = {
	[INTERRUPT_HARD] = "hard",
	[INTERRUPT_SOFT] = "soft",
};

static const char *const pause_steps[MAX_WORDS] = {
	[PAUSE_WATCHED] = "watched", [PAUSE_BEGIN] = "begin",     [PAUSE_REASON] = "reason",
	[PAUSE_REACHED] = "reached", [PAUSE_STOPPED] = "stopped", [PAUSE_RESUME] = "resume",
	[PAUSE_END] = "end",         [PAUSE_LOST] = "lost",
};

static const char *const pause_scopes[MAX_WORDS] = {
	[PAUSE_PROCESS] = "process",
	[PAUSE_THREAD] = "thread",
};

static const char *const pointer_wheres[MAX_WORDS] = {
	[POINTER_REGISTER] = "register",
	[POINTER_MEMORY] = "memory",
	[POINTER_HERE] = "here",
};

static const char *const mapping_kinds[MAX_WORDS] = {
	[MAPPING_ANONYMOUS] = "anonymous", [MAPPING_HEAP] = "heap",     [MAPPING_STACK] = "stack",
	[MAPPING_FILE] = "file",           [MAPPING_SHARED] = "shared",
};

static const char *const resident_origins[MAX_WORDS] = {
	[RESIDENT_TOUCHED] = "touched",
	[RESIDENT_BEFORE] = "before",
	[RESIDENT_UNSEEN] = "unseen",
};
_Static_assert((int)WAIT_N_CLASSES <= MAX_WORDS, "each class of waits may have a word");

const char *wait_class_name(unsigned int why)
{
	return why < WAIT_N_CLASSES ? wait_classes[why] : wait_classes[WAIT_OTHER];
}

const char *disk_op_name(unsigned int op)
{
	return op < DISK_N_OPS ? disk_ops[op] : disk_ops[DISK_OTHER];
}

const char *mapping_kind_name(unsigned int kind)
{
	return kind < MAPPING_N_KINDS ? mapping_kinds[kind] : mapping_kinds[MAPPING_ANONYMOUS];
}

/* Which fields are written as words. */
static const struct {
	enum event_kind kind; /* 0: any */
	const char *field;
	const char *const *words; /* by value */
} vocabularies[] = {
	{ EVENT_MODULE, "type", module_kinds },
	{ 0, "state", task_states },
	{ 0, "why", wait_classes },
	{ EVENT_PAGE_FAULT, "access", accesses },
	{ EVENT_DISK_IO, "op", disk_ops },
	{ EVENT_RESIDENT, "mapping", mapping_kinds },
	{ EVENT_RESIDENT, "origin", resident_origins },
	{ EVENT_SIGNAL, "step", signal_steps },
	{ EVENT_INTERRUPT, "kind", interrupt_kinds },
	{ EVENT_PAUSE, "step", pause_steps },
	{ EVENT_PAUSE, "scope", pause_scopes },
	{ EVENT_POINTER, "where", pointer_wheres },
};

static const char *const *find_words(enum event_kind kind, const struct event_field *field)
{
	for (size_t i = 0; i < sizeof(vocabularies) / sizeof(vocabularies[0]); i++) {
		if ((!vocabularies[i].kind || vocabularies[i].kind == kind) &&
		    !strcmp(vocabularies[i].field, field->name))
			return vocabularies[i].words;
	}
	return NULL;
}

const char *text_value_name(enum event_kind kind, const struct event_field *field, uint64_t value)
{
	const char *const *words = find_words(kind, field);

	return words && value < MAX_WORDS ? words[value] : NULL;
}

bool text_value_find(enum event_kind kind, const struct event_field *field, const char *name,
		     uint64_t *ret)
{
	const char *const *words = find_words(kind, field);

	for (uint64_t value = 0; words && value < MAX_WORDS; value++) {
		if (words[value] && !strcmp(words[value], name)) {
			*ret = value;
			return true;
		}
	}
	return false;
}

enum text_style text_field_style(const struct event_field *field)
{
	if (!strcmp(field->name, "address"))
		return TEXT_HEX;
	return strcmp(field->name, "result") ? TEXT_DECIMAL : TEXT_SIGNED;
}

static const void *value_at(const struct event *event, const struct event_field *field)
{
	return (const char *)event + field->offset;
}

uint64_t text_field_max(const struct event_field *field)
{
	return field->type == FIELD_U32 || field->type == FIELD_SID ? UINT32_MAX : UINT64_MAX;
}

uint64_t event_number(const struct event *event, const struct event_field *field)
{
	switch (field->type) {
	case FIELD_U32:
	case FIELD_SID:
		return *(const uint32_t *)value_at(event, field);
	case FIELD_U64:
	case FIELD_DELTA:
		return *(const uint64_t *)value_at(event, field);
	case FIELD_BYTES:
		break;
	}
	return 0;
}

void event_set_number(struct event *event, const struct event_field *field, uint64_t value)
{
	void *at = (char *)event + field->offset;

	if (text_field_max(field) == UINT32_MAX)
		*(uint32_t *)at = (uint32_t)value;
	else if (field->type != FIELD_BYTES)
		*(uint64_t *)at = value;
}
