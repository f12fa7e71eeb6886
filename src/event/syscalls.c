/* SPDX-License-Identifier: GPL-2.0-only */
#include "event/syscalls.h"

#include <signal.h>
#include <string.h>

#include "syscall_words.h"

#define MAX_ERRNO   4095
#define IS_64_BIT   "azolU"
#define IS_LEFT_OUT "ps"

char syscall_arg_type(const struct syscall_form *form, unsigned int i)
{
	if (!form || !form->types || i >= strlen(form->types) ||
	    strchr(IS_LEFT_OUT, form->types[i]))
		return 0;
	return form->types[i];
}

void syscall_keep_args(uint32_t nr, const uint64_t args[SYSCALL_ARGS], uint64_t ret[SYSCALL_ARGS])
{
	const struct syscall_form *form = syscall_form(nr);
	const char *type = form && form->types ? form->types : "";

	memset(ret, 0, SYSCALL_ARGS * sizeof(*ret));
	for (unsigned int i = 0; i < SYSCALL_ARGS && type[i]; i++) {
		if (!strchr(IS_LEFT_OUT, type[i]))
			ret[i] = strchr(IS_64_BIT, type[i]) ? args[i] : (uint32_t)args[i];
	}
}

void syscall_arg_name(const struct syscall_form *form, unsigned int i, struct buf *out)
{
	const char *at = form->args;
	size_t size;

	while (i-- && *at)
		at += strcspn(at, " ") + 1;
	size = strcspn(at, " ");
	buf_add(out, at, size);
}

bool syscall_arg_is_number(char type, uint64_t value)
{
	if (strchr("uUz", type))
		return true;
	if (strchr("if", type))
		return (int32_t)value >= 0;
	return strchr("lo", type) && (int64_t)value >= 0;
}

static void add_signal(uint64_t value, struct buf *out)
{
	const char *name = sigabbrev_np((int)value);

	if (name)
		buf_printf(out, "SIG%s", name);
	else
		buf_printf(out, "%u", (unsigned int)value);
}

void syscall_arg_text(char type, uint64_t value, struct buf *out)
{
	switch (type) {
	case 'a':
		buf_printf(out, "0x%llx", (unsigned long long)value);
		break;
	case 'm':
		buf_printf(out, "%#o", (unsigned int)value);
		break;
	case 'g':
		add_signal(value, out);
		break;
	case 'i':
	case 'f':
		buf_printf(out, "%d", (int32_t)value);
		break;
	case 'l':
	case 'o':
		buf_printf(out, "%lld", (long long)value);
		break;
	case 'u':
	case 'U':
	case 'z':
		buf_printf(out, "%llu", (unsigned long long)value);
		break;
	default:
		syscall_words(type, value, out);
	}
}

const char *syscall_error(uint64_t result)
{
	const char *name;

	if (result < (uint64_t)-MAX_ERRNO)
		return NULL;
	name = strerrorname_np((int)-result);
	return name ? name : "error";
}

void syscall_call_text(const struct event_syscall *call, bool has_args, struct buf *out)
{
	const struct syscall_form *form = syscall_form(call->nr);
	const char *error = syscall_error(call->result), *comma = "";
	uint64_t args[SYSCALL_ARGS];
	char type;

	if (form)
		buf_printf(out, "%s(", form->name);
	else
		buf_printf(out, "syscall_%u(", call->nr);
	syscall_args(call, args);
	for (unsigned int i = 0; i < SYSCALL_ARGS; i++) {
		type = has_args ? syscall_arg_type(form, i) : 0;
		if (!type)
			continue;
		buf_puts(out, comma);
		syscall_arg_name(form, i, out);
		buf_puts(out, "=");
		syscall_arg_text(type, args[i], out);
		comma = ", ";
	}
	buf_puts(out, has_args ? ") = " : "...) = ");
	if (error)
		buf_puts(out, error);
	else
		syscall_arg_text(form && form->result == 'A' ? 'a' : 'l', call->result, out);
}
