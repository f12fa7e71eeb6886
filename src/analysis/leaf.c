/* SPDX-License-Identifier: GPL-2.0-only */
#include "leaf.h"

#include "base/buf.h"
#include "chain.h"
#include "model/syscalls.h"

#define WAKER_FRAMES 128u

/* "futex" of "futex 0x404040" and of "shared futex cache+0x40": it need not be said twice. */
static bool begins_with_call(const char *object, const char *call)
{
	if (!strncmp(object, "shared ", 7))
		object += 7;
	return !strncmp(object, call, strlen(call));
}

/* Static data is called by its name, where it has one. */
static const char *object_text(const struct dictionary *dict, uint32_t object)
{
	struct dict_frame place = dictionary_frame(dict, dictionary_place(dict, object));

	return dictionary_string(dict, place.n_names ? place.names[0].function : object);
}

void leaf_reason(struct buf *out, const struct model *model, const struct wait_row *row)
{
	const struct dictionary *dict = model_dictionary(model);
	const char *call = row->place.nr ? syscall_name(model, row->place.nr - 1) : NULL;
	const char *object = object_text(dict, row->place.object);

	if (!row->is_sampled) {
		buf_puts(out, "not sampled");
		return;
	}
	buf_puts(out, wait_class_name(row->place.why));
	if (call || *object)
		buf_puts(out, ":");
	if (call && !begins_with_call(object, call))
		buf_printf(out, " %s", call);
	if (*object)
		buf_printf(out, " %s", object);
}

/* @stack, and behind it a note of what is in @text, which is released. */
static uint32_t put_note(struct definer *definer, uint32_t stack, struct buf *text)
{
	stack = definer_stack(definer, stack, definer_note(definer, buf_str(text)));
	buf_release(text);
	return stack;
}

uint32_t leaf_wait(struct definer *definer, const struct model *model, const struct wait_row *row)
{
	struct buf text = { 0 };

	leaf_reason(&text, model, row);
	return put_note(definer, row->place.stack, &text);
}

static void put_name(struct buf *out, const struct model *model, uint32_t task, uint32_t tid)
{
	uint32_t name = model_task_name(model, task);

	if (name)
		buf_puts(out, dictionary_string(model_dictionary(model), name));
	else
		buf_printf(out, "tid %u", tid);
}

static uint32_t put_ender(struct definer *definer, const struct model *model, uint32_t stack,
			  const struct wait_ender *ender)
{
	struct buf text = { 0 };

	if (ender->how == WAIT_END_THREAD) {
		buf_puts(&text, "ended by ");
		put_name(&text, model, ender->task, ender->tid);
	} else if (ender->how == WAIT_END_INTERRUPT) {
		buf_puts(&text, "ended by an interrupt");
	} else {
		buf_puts(&text, "nobody seen to end it");
	}
	return put_note(definer, stack, &text);
}

uint32_t leaf_waker(struct definer *definer, const struct model *model, const struct wait_row *row)
{
	const struct dictionary *dict = model_dictionary(model);
	uint32_t stack = leaf_wait(definer, model, row), at = row->place.waker_stack;

	stack = put_ender(definer, model, stack, &row->place.ender);
	for (unsigned int i = 0; at && i < WAKER_FRAMES; i++) {
		struct dict_stack node = dictionary_stack(dict, at);

		stack = definer_stack(definer, stack, node.frame);
		at = node.parent;
	}
	if (at)
		stack = definer_stack(definer, stack, definer_note(definer, "truncated: too deep"));
	return stack;
}

/* The innermost frames of @from behind @stack, from the outermost one of them. */
static uint32_t put_frames(struct definer *definer, const struct model *model, uint32_t stack,
			   uint32_t from)
{
	uint32_t frames[WAKER_FRAMES];
	size_t n = 0;

	for (; from && n < WAKER_FRAMES; n++) {
		struct dict_stack node = dictionary_stack(model_dictionary(model), from);

		frames[n] = node.frame;
		from = node.parent;
	}
	if (from)
		stack = definer_stack(definer, stack, definer_note(definer, "truncated: too deep"));
	while (n > 0)
		stack = definer_stack(definer, stack, frames[--n]);
	return stack;
}

static void put_what(struct buf *out, const struct model *model, const struct chain_node *node)
{
	static const char *const what[] = {
		[CHAIN_RUNNING] = "running",
		[CHAIN_RUNNING_UNTIL] = "running until here",
		[CHAIN_RUNNABLE] = "waiting for a CPU",
		[CHAIN_UNKNOWN] = "not known",
		[CHAIN_TOO_OLD] = "too long ago",
		[CHAIN_UNBORN] = "not born yet",
		[CHAIN_UNRECORDED] = "not recorded",
		[CHAIN_DEEP] = "and so on",
	};
	const struct wait_row wait = {
		.is_sampled = node->is_sampled,
		.place = { .why = node->why, .nr = node->nr, .object = node->object },
	};

	put_name(out, model, node->task, node->tid);
	buf_puts(out, ": ");
	if (node->what == CHAIN_BLOCKED && !node->is_sampled)
		buf_puts(out, "blocked, ");
	if (node->what == CHAIN_BLOCKED)
		leaf_reason(out, model, &wait);
	else
		buf_puts(out, what[node->what]);
}

uint32_t leaf_chain(struct definer *definer, const struct model *model, const struct chain *chain,
		    const struct wait_row *row)
{
	uint32_t stack = leaf_wait(definer, model, row), path[CHAIN_NODES_MAX];
	size_t n = 0;

	if (row->place.ender.how == WAIT_END_UNSEEN)
		return put_ender(definer, model, stack, &row->place.ender);
	if (row->place.ender.how == WAIT_END_THREAD)
		stack = put_ender(definer, model, stack, &row->place.ender);
	for (uint32_t id = row->place.chain; id && n < CHAIN_NODES_MAX; n++) {
		path[n] = id;
		id = chain_node(chain, id).parent;
	}
	while (n > 0) {
		struct chain_node node = chain_node(chain, path[--n]);
		struct wait_ender ender = { WAIT_END_THREAD, node.task, node.tid };
		struct buf text = { 0 };

		if (node.parent)
			stack = put_ender(definer, model, stack, &ender);
		put_what(&text, model, &node);
		stack = put_frames(definer, model, stack, node.stack);
		stack = put_note(definer, stack, &text);
	}
	return stack;
}

char *leaf_path(const struct model *model, struct names *names, uint32_t stack, uint32_t n)
{
	const struct dictionary *dict = model_dictionary(model);
	struct buf text = { 0 };
	uint32_t done = 0;
	char *ret;

	while (stack && done < n) {
		struct dict_stack node = dictionary_stack(dict, stack);
		struct levels levels = names_frame(names, names_frame_of(node));

		for (size_t i = 0; i < levels.n && done < n; i++) {
			struct function f = names_function(names, levels.items[i].function);

			buf_printf(&text, "%s%s", done++ ? " ← " : "", names_text(names, f.name));
		}
		stack = node.parent;
	}
	ret = xstrdup(done ? buf_str(&text) : "[no stack]");
	buf_release(&text);
	return ret;
}
