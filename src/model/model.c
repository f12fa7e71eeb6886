/* SPDX-License-Identifier: GPL-2.0-only */
#include "model/model.h"

#include "base/array.h"
#include "base/intern.h"
#include "base/map.h"
#include "threads.h"

struct model {
	struct event_sink sink;
	struct dictionary *dict;
	struct threads threads;
	ARRAY(struct model_observer *) observers;
	struct model_window window;
	struct model_trigger trigger;
	struct model_losses losses;
	bool has_events;
	struct intern counter_names;
	ARRAY(uint64_t) counters; /* of name id i at i - 1 */
};

static void take_counter(struct model *model, const struct event_counter *counter)
{
	const char *name = dictionary_string(model->dict, counter->name);
	uint32_t id = intern_string(&model->counter_names, name);

	while (model->counters.n < id)
		array_add(&model->counters);
	model->counters.items[id - 1] = counter->value;
}

static void take_start(struct model *model, const struct event *event)
{
	if (model->window.has_start)
		return;
	model->window.has_start = true;
	model->window.start_ns = event->time_ns;
	model->window.wall_ns = event->start.wall_ns;
}

static void take_trigger(struct model *model, const struct event *event)
{
	const struct event_trigger *from = &event->trigger;

	model->trigger = (struct model_trigger){
		.time_ns = event->time_ns,
		.duration_ns = from->duration_ns,
		.task = from->tid ? threads_task(&model->threads, from->pid, from->tid) : 0,
		.condition = from->condition,
	};
}

static void take_time(struct model *model, const struct event *event)
{
	struct model_window *window = &model->window;

	if (!model->has_events)
		window->start_ns = event->time_ns;
	/* A recorder counts when all is over. */
	if (!window->has_end && event->kind != EVENT_COUNTER && event->time_ns > window->end_ns)
		window->end_ns = event->time_ns;
	model->has_events = true;
}

static void take_event(struct model *model, const struct event *event)
{
	switch (event->kind) {
	case EVENT_START:
		take_start(model, event);
		break;
	case EVENT_END:
		model->window.has_end = true;
		model->window.end_ns = event->time_ns;
		break;
	case EVENT_COMM:
	case EVENT_FORK:
	case EVENT_EXIT:
	case EVENT_SAMPLE:
	case EVENT_TASK_STATE:
	case EVENT_PRIORITY:
		threads_take(&model->threads, event);
		model->losses.n_samples += event->kind == EVENT_SAMPLE;
		break;
	case EVENT_LOST:
		model->losses.n_lost += event->lost.count;
		break;
	case EVENT_THROTTLE:
		model->losses.n_throttled += event->throttle.on == 1;
		break;
	case EVENT_GAP:
		model->losses.n_gaps++;
		if (event->time_ns > event->gap.start_ns)
			model->losses.gap_ns += event->time_ns - event->gap.start_ns;
		break;
	case EVENT_COUNTER:
		take_counter(model, &event->counter);
		break;
	case EVENT_TRIGGER:
		take_trigger(model, event);
		break;
	default:
		break;
	}
}

static int put(struct event_sink *sink, const struct event *event)
{
	struct model *model = (struct model *)sink; /* sink is the first member */

	if (!event_has_time(event->kind)) {
		dictionary_put(model->dict, event); /* counts what it refuses */
		return 0;
	}
	take_time(model, event);
	take_event(model, event);
	for (size_t i = 0; i < model->observers.n; i++)
		model->observers.items[i]->event(model->observers.items[i], event);
	return 0;
}

struct model *model_new(void)
{
	struct model *model = xcalloc(1, sizeof(*model));

	model->sink.put = put;
	model->dict = dictionary_new();
	return model;
}

void model_free(struct model *model)
{
	if (!model)
		return;
	dictionary_free(model->dict);
	threads_release(&model->threads);
	array_release(&model->observers);
	intern_release(&model->counter_names);
	array_release(&model->counters);
	free(model);
}

struct event_sink *model_sink(struct model *model)
{
	return &model->sink;
}

struct definer *model_definer(struct model *model)
{
	const struct dictionary *dict = model_dictionary(model);
	struct definer *definer = definer_new(model_sink(model));

	definer_skip(definer, &(struct definer_skip){
				      .n_strings = dictionary_n_strings(dict),
				      .n_modules = dictionary_n_modules(dict),
				      .n_frames = dictionary_n_frames(dict),
				      .n_stacks = dictionary_n_stacks(dict),
			      });
	return definer;
}

void model_observe(struct model *model, struct model_observer *observer)
{
	*array_add(&model->observers) = observer;
}

void model_ignore(struct model *model, struct model_observer *observer)
{
	size_t kept = 0;

	for (size_t i = 0; i < model->observers.n; i++) {
		if (model->observers.items[i] != observer)
			model->observers.items[kept++] = model->observers.items[i];
	}
	model->observers.n = kept;
}

struct dictionary *model_dictionary(const struct model *model)
{
	return model->dict;
}

uint32_t model_pid_of(const struct model *model, uint32_t tid)
{
	return threads_pid(&model->threads, tid);
}

uint32_t model_task_now(struct model *model, uint32_t pid, uint32_t tid)
{
	return threads_task(&model->threads, pid, tid);
}

uint32_t model_n_changes(const struct model *model)
{
	return model->threads.n_changes;
}

uint32_t model_task_of(struct model *model, uint32_t tid)
{
	uint32_t pid = threads_pid(&model->threads, tid);

	return pid ? threads_task(&model->threads, pid, tid) : 0;
}

struct model_task model_task(const struct model *model, uint32_t task)
{
	if (task == 0 || task > model->threads.tasks.n)
		return (struct model_task){ 0 };
	return model->threads.tasks.items[task - 1].task;
}

struct model_thread model_thread(const struct model *model, uint32_t thread)
{
	if (thread == 0 || thread > model->threads.threads.n)
		return (struct model_thread){ 0 };
	return model->threads.threads.items[thread - 1].thread;
}

uint32_t model_n_tasks(const struct model *model)
{
	return (uint32_t)model->threads.tasks.n;
}

uint32_t model_n_threads(const struct model *model)
{
	return (uint32_t)model->threads.threads.n;
}

uint32_t model_task_name(const struct model *model, uint32_t task)
{
	struct model_task t = model_task(model, task);

	return t.name ? t.name : model_thread(model, t.thread).name;
}

uint32_t model_task_process_name(const struct model *model, uint32_t task)
{
	struct model_task t = model_task(model, task);
	uint32_t leader = model_thread(model, t.thread).leader;
	uint32_t name = t.process_name ? t.process_name : model_thread(model, leader).name;

	return name ? name : model_task_name(model, task);
}

struct model_window model_window(const struct model *model)
{
	struct model_window window = model->window;

	if (window.end_ns < window.start_ns)
		window.end_ns = window.start_ns;
	return window;
}

struct model_trigger model_trigger(const struct model *model)
{
	return model->trigger;
}

struct model_losses model_losses(const struct model *model)
{
	return model->losses;
}

static uint32_t counter_id(const struct model *model, const char *name)
{
	return intern_find(&model->counter_names, name, strlen(name));
}

uint64_t model_counter(const struct model *model, const char *name)
{
	uint32_t id = counter_id(model, name);

	return id ? model->counters.items[id - 1] : 0;
}

bool model_has_counter(const struct model *model, const char *name)
{
	return counter_id(model, name) != 0;
}

void model_each_counter(const struct model *model,
			void (*fn)(void *arg, const char *name, uint64_t value), void *arg)
{
	for (size_t i = 0; i < model->counters.n; i++)
		fn(arg, intern_text(&model->counter_names, (uint32_t)i + 1),
		   model->counters.items[i]);
}
