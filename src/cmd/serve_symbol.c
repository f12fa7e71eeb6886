/* SPDX-License-Identifier: GPL-2.0-only */
#include "serve_symbol.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/buf.h"
#include "base/clock.h"
#include "event/definer.h"
#include "event/dictionary.h"
#include "event/values.h"
#include "proc/space.h"
#include "serve_answer.h"
#include "symbol/jit_map.h"
#include "symbol/resolver.h"

#define KERNEL_START  (UINT64_C(1) << 63)
#define TIMEOUT       20 /* seconds */
#define STATUS_OK     200
#define STATUS_FAILED 500

struct asked {
	uint64_t address;
	uint32_t frame; /* 0: nowhere */
};

struct symbols {
	struct event_sink sink; /* what is defined */
	struct dictionary *dict;
	struct definer *definer;
	struct modules *modules;
	struct spaces *spaces;
	ARRAY(struct asked) asked;
	ARRAY(struct module *) by_id; /* the definer's */
	uint32_t kernel;              /* the definer's id; 0: not met */
	int kallsyms;
};

static int put(struct event_sink *sink, const struct event *event)
{
	return dictionary_put(((struct symbols *)sink)->dict, event);
}

static int module_fd(void *arg, uint32_t id)
{
	struct symbols *symbols = arg;

	if (id == symbols->kernel)
		return symbols->kallsyms;
	return id < symbols->by_id.n && symbols->by_id.items[id] ? symbols->by_id.items[id]->fd :
								   -1;
}

static uint32_t kernel_frame(struct symbols *symbols, uint64_t address)
{
	if (!symbols->kernel) {
		symbols->kernel = definer_module(symbols->definer, MODULE_KERNEL,
						 MODULE_KERNEL_CODE, NULL, 0);
		symbols->kallsyms = open("/proc/kallsyms", O_RDONLY | O_CLOEXEC);
	}
	return definer_frame(symbols->definer, symbols->kernel, address);
}

static void open_module(const struct mapping *mapping, pid_t pid)
{
	struct module *module = mapping->module;

	module_open(module, pid, mapping->start, mapping->end);
	if (module->kind == MODULE_JIT && module->fd < 0)
		module->fd = jit_map_open(pid);
}

static uint32_t user_frame(struct symbols *symbols, pid_t pid, uint64_t address)
{
	const struct mapping *mapping = space_find(spaces_get(symbols->spaces, pid), address);
	struct module *module;
	uint32_t id;

	if (!mapping)
		return 0;
	open_module(mapping, pid);
	module = mapping->module;
	id = definer_module(symbols->definer, module->kind, module->path,
			    module->build_id[0] ? module->build_id : NULL, module->pid);
	while (symbols->by_id.n <= id)
		array_add(&symbols->by_id);
	symbols->by_id.items[id] = module;
	if (module->kind != MODULE_JIT)
		address -= mapping_bias(mapping);
	return definer_frame(symbols->definer, id, address);
}

/* @fd may be any file that whoever gave it could open: only of a plain one is there an end. */
static int read_addresses(struct symbols *symbols, int fd)
{
	uint64_t address;
	struct stat st;
	off_t at = 0;

	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode))
		return -EINVAL;
	for (; symbols->asked.n < SERVE_MAX_ADDRESSES; at += (off_t)sizeof(address)) {
		if (pread(fd, &address, sizeof(address), at) != (ssize_t)sizeof(address))
			break;
		array_add(&symbols->asked)->address = address;
	}
	return 0;
}

static void find_frames(struct symbols *symbols, const struct serve_target *target)
{
	bool has_space = target->scope == SERVE_PID;
	struct asked *asked;

	if (has_space)
		spaces_scan(symbols->spaces, (pid_t)target->pid, clock_ns(CLOCK_MONOTONIC));
	array_for_each(asked, &symbols->asked) {
		bool is_kernel = asked->address >= KERNEL_START;

		if (has_space && !is_kernel)
			asked->frame = user_frame(symbols, (pid_t)target->pid, asked->address);
		else if (!has_space && is_kernel)
			asked->frame = kernel_frame(symbols, asked->address);
	}
}

/* As Go: that of the innermost function that the compiler put there. */
static void put_names(const struct symbols *symbols, struct buf *out)
{
	const struct asked *asked;

	buf_puts(out, "num_symbols: 1\n"); /* that is: it can be asked */
	array_for_each(asked, &symbols->asked) {
		struct dict_frame frame = dictionary_frame(symbols->dict, asked->frame);
		const char *name = "";

		if (asked->frame && frame.n_names)
			name = dictionary_string(symbols->dict, frame.names[0].function);
		if (*name && !is_place(name))
			buf_printf(out, "0x%" PRIx64 " %s\n", asked->address, name);
	}
}

void serve_symbol_run(const struct serve_request *request, int addresses, int replies)
{
	struct symbols symbols = { .sink.put = put, .kallsyms = -1 };
	struct resolver_options options = {
		.module_fd = module_fd,
		.arg = &symbols,
		.timeout_seconds = TIMEOUT,
	};
	struct resolver_result result;
	struct buf out = { 0 };
	int r;

	alarm(2 * TIMEOUT);
	answer_capture();
	symbols.dict = dictionary_new();
	symbols.definer = definer_new(&symbols.sink);
	symbols.modules = modules_new();
	symbols.spaces = spaces_new(symbols.modules);
	r = read_addresses(&symbols, addresses);
	if (!r) {
		find_frames(&symbols, &request->target);
		r = resolver_run(symbols.dict, &options, symbols.definer, &result);
	}
	if (!r)
		put_names(&symbols, &out);
	answer_say(replies, request->id, r ? STATUS_FAILED : STATUS_OK,
		   r ? "names could not be looked for" : buf_str(&out));
	_exit(0);
}
