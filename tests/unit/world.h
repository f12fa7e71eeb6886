/* SPDX-License-Identifier: GPL-2.0-only */
/* A recorded world made by hand, for tests of the model and of what is made from it. */
#ifndef TESTS_UNIT_WORLD_H
#define TESTS_UNIT_WORLD_H

#include <string.h>

#include "analysis/analysis.h"
#include "event/definer.h"
#include "model/filter.h"
#include "model/model.h"
#include "model/names.h"
#include "model/profile.h"

struct world {
	struct model *model;
	struct definer *definer;
	void *cpu;
	struct filter filter;
	struct profile profile;
};

static inline void world_init(struct world *world)
{
	*world = (struct world){ .model = model_new() };
	world->definer = definer_new(model_sink(world->model));
	world->cpu = analysis_find("cpu")->begin(
		&(struct analysis_input){ .model = world->model, .filter = &world->filter });
}

/* The CPU profile of all that has passed. */
static inline struct profile *world_profile(struct world *world)
{
	analysis_finish(analysis_find("cpu"), world->cpu, &world->filter, &world->profile);
	world->cpu = NULL;
	return &world->profile;
}

static inline void world_release(struct world *world)
{
	if (world->cpu)
		world_profile(world);
	profile_release(&world->profile);
	filter_release(&world->filter);
	definer_free(world->definer);
	model_free(world->model);
}

static inline void world_put(struct world *world, const struct event *event)
{
	model_sink(world->model)->put(model_sink(world->model), event);
}

static inline void world_comm(struct world *world, uint64_t time_ns, uint32_t pid, uint32_t tid,
			      const char *name)
{
	world_put(world,
		  &(struct event){ .kind = EVENT_COMM,
				   .time_ns = time_ns,
				   .comm = { .pid = pid,
					     .tid = tid,
					     .name = definer_string(world->definer, name) } });
}

static inline void world_fork(struct world *world, uint64_t time_ns, uint32_t pid, uint32_t tid,
			      uint32_t parent)
{
	world_put(world, &(struct event){ .kind = EVENT_FORK,
					  .time_ns = time_ns,
					  .fork = { .pid = pid,
						    .tid = tid,
						    .parent_pid = parent,
						    .parent_tid = parent } });
}

static inline void world_exit(struct world *world, uint64_t time_ns, uint32_t pid, uint32_t tid)
{
	world_put(world, &(struct event){ .kind = EVENT_EXIT,
					  .time_ns = time_ns,
					  .exit = { .pid = pid, .tid = tid } });
}

/* 10 ms of CPU 1 in @stack. */
static inline void world_sample(struct world *world, uint64_t time_ns, uint32_t pid, uint32_t tid,
				uint32_t stack)
{
	world_put(world, &(struct event){ .kind = EVENT_SAMPLE,
					  .time_ns = time_ns,
					  .sample = { .pid = pid,
						      .tid = tid,
						      .cpu = 1,
						      .weight_ns = 10000000,
						      .stack = stack } });
}

/* A frame of /bin/app called @name; @name NULL: without a name.  Equal names are one frame. */
static inline uint32_t world_frame(struct world *world, const char *name)
{
	uint32_t module = definer_module(world->definer, MODULE_ELF, "/bin/app", NULL, 0);
	uint64_t address = 0x1000;
	const char *c;
	uint32_t n = dictionary_n_frames(model_dictionary(world->model)), frame;

	for (c = name ? name : ""; *c; c++)
		address = 31 * address + (unsigned char)*c;
	frame = definer_frame(world->definer, module, address);
	if (name && frame > n)
		definer_name(world->definer, frame, 0, &(struct definer_name){ .function = name });
	return frame;
}

/* "main work leaf": outermost first. */
static inline uint32_t world_stack(struct world *world, const char *names)
{
	char *copy = xstrdup(names), *rest = copy, *name;
	uint32_t stack = 0;

	while ((name = strsep(&rest, " ")))
		stack = definer_stack(world->definer, stack, world_frame(world, name));
	free(copy);
	return stack;
}

static inline const char *world_text(const struct world *world, uint32_t text)
{
	return names_text(world->profile.names, text);
}

#endif /* TESTS_UNIT_WORLD_H */
