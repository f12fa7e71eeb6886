/* SPDX-License-Identifier: GPL-2.0-only */
#include "item.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/human.h"
#include "base/mem.h"
#include "model/syscalls.h"

#define MAX_FRAMES 16 /* of a stack that is an argument */

struct call_arg {  /* of a system call, or its result */
	char type; /* as of struct syscall_form */
	uint64_t value;
	uint32_t pid;
	uint64_t time_ns;
};

static struct item_arg *add(struct item *item, const char *key)
{
	struct item_arg *arg = &item->args[item->n_args++];

	*arg = (struct item_arg){ .key = key };
	return arg;
}

static void add_number(struct item *item, const char *key, uint64_t number)
{
	add(item, key)->number = number;
}

static void add_address(struct item *item, const char *key, uint64_t address)
{
	struct item_arg *arg = add(item, key);

	arg->number = address;
	arg->is_address = true;
}

static void add_text(struct item *item, const char *key, uint32_t text)
{
	if (text)
		add(item, key)->text = text;
}

static void add_word(struct item *item, struct item_source source, const char *key,
		     const char *word)
{
	add_text(item, key, names_intern(source.names, word));
}

static uint32_t take_text(struct names *names, char *text)
{
	uint32_t ret = names_intern(names, text);

	free(text);
	return ret;
}

/* "redis-server (812)" */
static uint32_t thread_text(struct item_source source, uint32_t thread)
{
	struct model_thread t = model_thread(source.model, thread);
	const char *name = dictionary_string(model_dictionary(source.model), t.name);

	return take_text(source.names, xasprintf("%s (%u)", *name ? name : "[unnamed]", t.tid));
}

static void add_thread(struct item *item, struct item_source source, const char *key,
		       uint32_t thread)
{
	if (thread)
		add_text(item, key, thread_text(source, thread));
}

/* "3 (/etc/passwd on vda)" */
static bool add_file(struct item *item, struct item_source source, const char *key,
		     struct call_arg arg)
{
	struct dictionary *dict = model_dictionary(source.model);
	uint32_t file = 0;

	if (strchr("fd", arg.type))
		file = dictionary_descriptor(dict, arg.pid, (uint32_t)arg.value, arg.time_ns);
	if (file)
		add_text(item, key,
			 take_text(source.names,
				   xasprintf("%u (%s)", (unsigned int)arg.value,
					     names_text(source.names,
							names_string(source.names, file)))));
	return file != 0;
}

static void add_call_arg(struct item *item, struct item_source source, const char *key,
			 struct call_arg arg)
{
	struct buf text = { 0 };

	if (add_file(item, source, key, arg))
		return;
	if (arg.type == 'a' || arg.type == 'A') {
		add_address(item, key, arg.value);
	} else if (syscall_arg_is_number(arg.type, arg.value)) {
		add_number(item, key, arg.value);
	} else {
		syscall_arg_text(arg.type, arg.value, &text);
		add_word(item, source, key, buf_str(&text));
	}
	buf_release(&text);
}

static void add_call_args(struct item *item, struct item_source source,
			  const struct timeline_syscall *call, const struct syscall_form *form)
{
	uint32_t pid = model_thread(source.model, call->thread).pid;
	struct buf key = { 0 };
	char type;

	for (unsigned int i = 0; i < SYSCALL_ARGS; i++) {
		type = syscall_arg_type(form, i);
		if (!type)
			continue;
		buf_clear(&key);
		syscall_arg_name(form, i, &key);
		add_call_arg(item, source,
			     names_text(source.names, names_intern(source.names, buf_str(&key))),
			     (struct call_arg){ type, call->args[i], pid, call->began_ns });
	}
	buf_release(&key);
}

void item_of_syscall(struct item_source source, const struct timeline_syscall *call,
		     struct item *ret)
{
	const struct syscall_form *form = syscall_form_in(source.model, call->nr);
	const char *error = syscall_error(call->result);
	struct call_arg result = {
		.type = form && form->result ? form->result : 'l',
		.value = call->result,
		.pid = model_thread(source.model, call->thread).pid,
		.time_ns = call->returned_ns,
	};

	*ret = (struct item){ .category = "syscall" };
	ret->name = take_text(source.names, syscall_text(source.model, call->nr));
	if (call->has_args)
		add_call_args(ret, source, call, form);
	if (error)
		add_word(ret, source, "result", error);
	else
		add_call_arg(ret, source, "result", result);
	if (call->is_cut)
		add_word(ret, source, "note", "it began before this");
}

void item_of_interrupt(struct item_source source, const struct timeline_interrupt *interrupt,
		       struct item *ret)
{
	const char *what = interrupt->kind == INTERRUPT_SOFT ? "softirq" : "interrupt";

	*ret = (struct item){ .category = what };
	ret->name = names_string(source.names, interrupt->name);
	if (!ret->name)
		ret->name = take_text(source.names, xasprintf("%s %u", what, interrupt->nr));
	add_number(ret, "nr", interrupt->nr);
	add_thread(ret, source, "interrupted", interrupt->thread);
}

void item_of_disk(struct item_source source, const struct timeline_disk *disk, struct item *ret)
{
	const char *error = syscall_error(-(uint64_t)disk->error);

	*ret = (struct item){ .category = "disk" };
	ret->name = names_intern(source.names, disk_op_name(disk->op));
	add_number(ret, "bytes", disk->bytes);
	add_number(ret, "sector", disk->sector);
	if (disk->queued_ns)
		add_number(ret, "queued_before_ns", disk->queued_ns);
	add_thread(ret, source, "asked_by", disk->thread);
	if (error)
		add_word(ret, source, "error", error);
	else if (disk->error)
		add_number(ret, "error", disk->error);
	if (disk->is_cut)
		add_word(ret, source, "note", "it began before this");
}

/* Of the process, or of another thread of it. */
void item_track_of_pauses(struct item_source source, uint32_t thread, struct buf *out)
{
	struct model_thread t = model_thread(source.model, thread);

	buf_puts(out, "pauses");
	if (t.tid != t.pid)
		buf_printf(out, " of thread %u", t.tid);
}

/* "Go: GC mark termination" */
void item_of_pause(struct item_source source, const struct timeline_pause *pause, struct item *ret)
{
	const char *runtime = names_text(source.names, names_string(source.names, pause->runtime));
	const char *reason = names_text(source.names, names_string(source.names, pause->reason));

	*ret = (struct item){ .category = "pause" };
	ret->name =
		take_text(source.names, xasprintf("%s: %s", runtime, *reason ? reason : "pause"));
	add_word(ret, source, "stops", pause->is_process ? "the process" : "its thread");
	add_thread(ret, source, "stopped_by", pause->by);
	if (pause->stopping_ns)
		add_number(ret, "until_all_stopped_ns", pause->stopping_ns);
	add_thread(ret, source, "last_to_stop", pause->last);
	if (pause->is_cut)
		add_word(ret, source, "note", "cut: a part of it is not shown");
}

static const char *access_name(uint32_t access)
{
	return access == ACCESS_EXECUTE ? "execute" : access == ACCESS_WRITE ? "write" : "read";
}

/* "SIGINT ignored" */
static uint32_t signal_text(struct names *names, int signo, const char *step)
{
	const char *name = sigabbrev_np(signo);

	return take_text(names, name ? xasprintf("SIG%s %s", name, step) :
				       xasprintf("signal %d %s", signo, step));
}

static void add_sender(struct item *item, struct item_source source, uint32_t tid)
{
	uint32_t thread = model_task(source.model, model_task_of(source.model, tid)).thread;

	if (!tid)
		add_word(item, source, "sender", "interrupt");
	else if (thread)
		add_thread(item, source, "sender", thread);
	else
		add_number(item, "sender_tid", tid);
}

/* "read < fill < main", innermost first. */
static void add_stack(struct item *item, struct item_source source, const char *key, uint32_t stack)
{
	const struct dictionary *dict = model_dictionary(source.model);
	struct buf text = { 0 };
	unsigned int n = 0;

	while (stack && n < MAX_FRAMES) {
		struct dict_stack node = dictionary_stack(dict, stack);
		struct levels levels = names_frame(source.names, names_frame_of(node));

		for (size_t i = 0; i < levels.n && n < MAX_FRAMES; i++) {
			struct function function =
				names_function(source.names, levels.items[i].function);

			buf_printf(&text, "%s%s", n++ ? " < " : "",
				   names_text(source.names, function.name));
		}
		stack = node.parent;
	}
	if (n)
		add_word(item, source, key, buf_str(&text));
	buf_release(&text);
}

static void add_mark_args(struct item *item, struct item_source source,
			  const struct timeline_mark *mark)
{
	switch (mark->kind) {
	case MARK_FORK:
		add_number(item, "child_tid", mark->detail);
		break;
	case MARK_EXEC:
		add_text(item, "program", names_string(source.names, mark->detail));
		break;
	case MARK_MIGRATE:
		add_number(item, "from_cpu", mark->detail);
		break;
	case MARK_FAULT:
		add_word(item, source, "access", access_name(mark->detail));
		add_address(item, "address", mark->address);
		break;
	case MARK_TRIGGER:
		add_text(item, "condition", names_string(source.names, mark->detail));
		if (mark->duration_ns)
			add_number(item, "duration_ns", mark->duration_ns);
		add_stack(item, source, "stack", mark->stack);
		break;
	case MARK_SIGNAL_SENT:
	case MARK_SIGNAL_IGNORED:
		add_sender(item, source, mark->sender);
		break;
	case MARK_EXIT:
	case MARK_SIGNAL_ARRIVED:
		break;
	}
}

uint32_t item_curve_of_memory(struct item_source source, const struct timeline_memory *memory)
{
	const char *what = memory->is_resident ? "memory resident" : "memory in use";
	struct buf text = { 0 };
	uint32_t ret;

	buf_puts(&text, what);
	if (memory->stack)
		buf_printf(&text, ": %s", *memory->stack ? memory->stack : "not known");
	ret = names_intern(source.names, buf_str(&text));
	buf_release(&text);
	return ret;
}

void item_of_memory(struct item_source source, int64_t bytes, struct item *ret)
{
	char text[HUMAN_SIZE];
	uint64_t n = bytes > 0 ? (uint64_t)bytes : 0;

	*ret = (struct item){ .category = "memory", .n_args = 1 };
	ret->name = names_intern(source.names, human_bytes(text, n));
	ret->args[0] = (struct item_arg){ .key = "bytes", .number = n };
}

void item_of_mark(struct item_source source, const struct timeline_mark *mark, struct item *ret)
{
	static const char *const names[] = {
		[MARK_FORK] = "fork",
		[MARK_EXEC] = "exec",
		[MARK_EXIT] = "exit",
		[MARK_MIGRATE] = "migrate",
		[MARK_FAULT] = "page fault",
		[MARK_TRIGGER] = "trigger",
		[MARK_SIGNAL_SENT] = "sent",
		[MARK_SIGNAL_ARRIVED] = "arrives",
		[MARK_SIGNAL_IGNORED] = "ignored",
	};

	*ret = (struct item){ .category = "mark" };
	ret->name = mark->kind >= MARK_SIGNAL_SENT ?
			    signal_text(source.names, (int)mark->detail, names[mark->kind]) :
			    names_intern(source.names, names[mark->kind]);
	add_mark_args(ret, source, mark);
}
