/* SPDX-License-Identifier: GPL-2.0-only */
#include "descriptors.h"

#include <fcntl.h>
#include <sys/syscall.h>

#include "base/clock.h"

#define LOOKUPS_PER_SECOND 1000u
#define SECOND_NS          1000000000u
#define MAX_FD             (1u << 20) /* beyond are -1 and AT_FDCWD */
#define NAMELESS           "socket"   /* not connected yet, or not found in the tables of sockets */
#define REST_NS            100000000u /* until one is looked up again */
#define MAX_KEPT           100000u

static struct descriptor_process *process_of(struct descriptors *descriptors, uint32_t pid)
{
	uint64_t *index = map_insert(&descriptors->by_pid, pid);

	if (!*index && descriptors->unused_processes.n) {
		*index = descriptors->unused_processes.items[--descriptors->unused_processes.n] + 1;
	} else if (!*index) {
		array_add(&descriptors->processes);
		*index = descriptors->processes.n;
	}
	return &descriptors->processes.items[*index - 1];
}

/* Good until the next one is made. */
static struct descriptor *make(struct descriptors *descriptors, uint32_t pid, uint32_t fd)
{
	uint64_t *index = map_insert(&process_of(descriptors, pid)->fds, fd);

	if (!*index && descriptors->unused.n) {
		*index = descriptors->unused.items[--descriptors->unused.n] + 1;
		descriptors->kept.items[*index - 1] = (struct descriptor){ 0 };
	} else if (!*index) {
		array_add(&descriptors->kept);
		*index = descriptors->kept.n;
	}
	return &descriptors->kept.items[*index - 1];
}

static bool may_look_up(struct descriptors *descriptors, uint64_t now_ns)
{
	if (now_ns - descriptors->second_ns >= SECOND_NS) {
		descriptors->second_ns = now_ns;
		descriptors->n_lookups = 0;
	}
	return descriptors->n_lookups++ < LOOKUPS_PER_SECOND;
}

static void look_up(struct descriptors *descriptors, uint32_t pid, uint32_t fd,
		    struct descriptor *descriptor)
{
	struct wait_file file = { 0 };
	uint64_t now_ns = clock_ns(CLOCK_MONOTONIC);

	if (now_ns < descriptor->asked_ns + descriptor->rest_ns ||
	    !may_look_up(descriptors, now_ns))
		return;
	if (!descriptors->files)
		descriptors->files = wait_files_new();
	descriptor->asked_ns = now_ns;
	descriptor->object = 0;
	if (wait_files_find(descriptors->files, pid, fd, now_ns, &file))
		descriptor->object =
			definer_bytes(descriptors->definer, file.name.data, file.name.size);
	descriptor->looked_ns = clock_ns(CLOCK_MONOTONIC);
	descriptor->rest_ns = !strcmp(buf_str(&file.name), NAMELESS) ? REST_NS : 0;
	buf_release(&file.name);
}

/* @fd was open at @time_ns. */
static void see(struct descriptors *descriptors, uint32_t pid, uint32_t fd, uint64_t time_ns)
{
	struct descriptor *descriptor;

	if (fd >= MAX_FD)
		return;
	if (descriptors->kept.n - descriptors->unused.n >= MAX_KEPT)
		descriptors_flush(descriptors, time_ns);
	descriptor = make(descriptors, pid, fd);
	if (!descriptor->since_ns)
		descriptor->since_ns = time_ns;
	if (descriptor->asked_ns < descriptor->since_ns || descriptor->rest_ns)
		look_up(descriptors, pid, fd, descriptor);
}

/* It was closed at @time_ns at the earliest.  What was looked up later is of what follows it. */
static void end(struct descriptors *descriptors, uint32_t pid, const struct map_slot *slot,
		uint64_t time_ns)
{
	struct descriptor *descriptor = &descriptors->kept.items[slot->value - 1];
	bool is_past = descriptor->looked_ns < time_ns;

	if (descriptor->since_ns && descriptor->object && is_past &&
	    descriptor->asked_ns >= descriptor->since_ns)
		definer_descriptor(descriptors->definer,
				   &(struct event_descriptor){
					   .pid = pid,
					   .fd = (uint32_t)slot->key,
					   .object = descriptor->object,
					   .start_ns = descriptor->since_ns,
					   .length_ns = time_ns - descriptor->since_ns,
				   });
	descriptor->since_ns = 0;
	if (is_past)
		*descriptor = (struct descriptor){ 0 };
}

static void end_one(struct descriptors *descriptors, uint32_t pid, uint64_t fd, uint64_t time_ns)
{
	const struct map *fds = &process_of(descriptors, pid)->fds;
	const uint64_t *index = map_find(fds, fd);

	if (index)
		end(descriptors, pid, &(struct map_slot){ .key = fd, .value = *index }, time_ns);
}

static void end_range(struct descriptors *descriptors, uint32_t pid, uint64_t first, uint64_t last,
		      uint64_t time_ns)
{
	const struct map *fds = &process_of(descriptors, pid)->fds;
	const struct map_slot *slot;

	map_for_each(slot, fds) {
		if (slot->key >= first && slot->key <= last)
			end(descriptors, pid, slot, time_ns);
	}
}

static void end_process(struct descriptors *descriptors, uint32_t pid, uint32_t place,
			uint64_t time_ns)
{
	struct map *fds = &descriptors->processes.items[place].fds;
	const struct map_slot *slot;

	map_for_each(slot, fds) {
		end(descriptors, pid, slot, time_ns);
		*array_add(&descriptors->unused) = (uint32_t)slot->value - 1;
	}
	map_release(fds);
	*array_add(&descriptors->unused_processes) = place;
}

/* What the call closes, also where it says that it failed. */
static void take_ends(struct descriptors *descriptors, uint32_t pid, const struct trace_call *call)
{
	switch (call->nr) {
	case SYS_close:
		end_one(descriptors, pid, call->args[0], call->start_ns);
		break;
	case SYS_dup2:
	case SYS_dup3:
		if (call->args[0] != call->args[1])
			end_one(descriptors, pid, call->args[1], call->start_ns);
		break;
	case SYS_close_range:
		end_range(descriptors, pid, call->args[0], call->args[1], call->start_ns);
		break;
	case SYS_execve:
	case SYS_execveat:
		if (!call->result)
			end_range(descriptors, pid, 0, UINT32_MAX, call->start_ns);
		break;
	}
}

static bool makes_descriptor(const struct trace_call *call, const struct syscall_form *form)
{
	uint64_t command = call->args[1];

	if (call->result < 0)
		return false;
	return form->result == 'f' ||
	       (call->nr == SYS_fcntl && (command == F_DUPFD || command == F_DUPFD_CLOEXEC));
}

void descriptors_take(struct descriptors *descriptors, uint32_t pid, const struct trace_call *call,
		      uint64_t end_ns)
{
	const struct syscall_form *form = syscall_form(call->nr);

	if (!form || !pid)
		return;
	for (unsigned int i = 0; i < SYSCALL_ARGS && call->nr != SYS_close; i++) {
		char type = syscall_arg_type(form, i);

		if (type == 'f' || type == 'd')
			see(descriptors, pid, (uint32_t)call->args[i], call->start_ns);
	}
	take_ends(descriptors, pid, call);
	if (makes_descriptor(call, form)) {
		end_one(descriptors, pid, (uint64_t)call->result, call->start_ns);
		see(descriptors, pid, (uint32_t)call->result, end_ns);
	}
}

void descriptors_forget(struct descriptors *descriptors, uint32_t pid, uint64_t time_ns)
{
	const uint64_t *index = map_find(&descriptors->by_pid, pid);

	if (!index)
		return;
	end_process(descriptors, pid, (uint32_t)*index - 1, time_ns);
	map_remove(&descriptors->by_pid, pid);
}

void descriptors_flush(struct descriptors *descriptors, uint64_t end_ns)
{
	const struct map_slot *slot;

	map_for_each(slot, &descriptors->by_pid)
		end_process(descriptors, (uint32_t)slot->key, (uint32_t)slot->value - 1, end_ns);
	map_clear(&descriptors->by_pid);
}

void descriptors_release(struct descriptors *descriptors)
{
	struct descriptor_process *process;

	array_for_each(process, &descriptors->processes)
		map_release(&process->fds);
	array_release(&descriptors->processes);
	array_release(&descriptors->unused_processes);
	array_release(&descriptors->kept);
	array_release(&descriptors->unused);
	map_release(&descriptors->by_pid);
	wait_files_free(descriptors->files);
}
