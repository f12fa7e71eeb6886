/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How long it takes to get from a recording of a million samples on 100,000 stacks,
 * some 30 frames deep, to what people look at.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "analysis/analysis.h"
#include "base/mem.h"
#include "data/reader.h"
#include "data/writer.h"
#include "event/definer.h"
#include "export/exporter.h"
#include "export/report.h"

#define N_SAMPLES   1000000
#define N_STACKS    100000
#define N_FUNCTIONS 5000
#define N_FRAMES    20000
#define DEPTH       30

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + 1e-9 * (double)ts.tv_nsec;
}

static void lap(const char *what, double *since)
{
	double t = now();

	printf("  %-40s %8.0f ms\n", what, 1e3 * (t - *since));
	*since = now();
}

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

static void make_frames(struct definer *definer, uint32_t *frames)
{
	uint32_t module = definer_module(definer, MODULE_ELF, "/usr/bin/app", "00ff", 0);
	char name[32];

	for (uint32_t i = 0; i < N_FRAMES; i++) {
		snprintf(name, sizeof(name), "function_%u", i % N_FUNCTIONS);
		frames[i] = definer_frame(definer, module, 0x1000 + 16 * i);
		definer_name(
			definer, frames[i], 0,
			&(struct definer_name){ .function = name, .file = "app.c", .line = i });
	}
}

/* Stacks branch everywhere, most near their ends, as real ones do. */
static void make_stacks(struct definer *definer, uint32_t *stacks)
{
	uint32_t *frames = xcalloc(N_FRAMES, sizeof(*frames)), seed = 1, way[DEPTH] = { 0 };

	make_frames(definer, frames);
	for (uint32_t i = 0; i < N_STACKS; i++) {
		uint32_t from = DEPTH - 1;

		while (from > 1 && next_random(&seed) % 2)
			from--;
		for (uint32_t d = i ? from : 1; d < DEPTH; d++)
			way[d] = definer_stack(definer, way[d - 1],
					       frames[next_random(&seed) % N_FRAMES]);
		stacks[i] = way[DEPTH - 1];
	}
	free(frames);
}

static void make_recording(const char *path)
{
	uint32_t *stacks = xcalloc(N_STACKS, sizeof(*stacks)), seed = 2;
	struct event event = { .kind = EVENT_START, .time_ns = 1 };
	struct definer *definer;
	struct writer *writer;

	if (writer_open(&(struct writer_options){ .path = path }, &writer))
		exit(1);
	definer = definer_new(writer_sink(writer));
	event_sink_put(writer_sink(writer), &event);
	make_stacks(definer, stacks);
	for (uint32_t i = 0; i < N_SAMPLES; i++) {
		event = (struct event){ .kind = EVENT_SAMPLE, .time_ns = 1000 * (uint64_t)i };
		event.sample.pid = 7;
		event.sample.tid = 7 + next_random(&seed) % 8;
		event.sample.cpu = next_random(&seed) % 4;
		event.sample.weight_ns = 10000000;
		event.sample.stack = stacks[next_random(&seed) % N_STACKS];
		event_sink_put(writer_sink(writer), &event);
	}
	definer_free(definer);
	if (writer_close(writer))
		exit(1);
	free(stacks);
}

static void bench(const char *path)
{
	const struct analysis *cpu = analysis_find("cpu");
	struct report_options options = { .n_rows = 30, .min_percent = 0.5, .value = 1 };
	struct model *model = model_new();
	struct buf message = { 0 };
	struct filter filter = { 0 };
	struct analysis_input input = { .model = model, .filter = &filter };
	void *state;
	FILE *null = fopen("/dev/null", "w");
	struct reader *reader;
	struct profile profile;
	double start = now(), t = start;

	if (!null || reader_open(path, &reader, &message))
		exit(1);
	input.sched = sched_new(model);
	state = cpu->begin(&input);
	reader_feed(reader, READ_ALL, model_sink(model));
	sched_finish(input.sched);
	lap("read, inflate, decode, aggregate", &t);
	analysis_finish(cpu, state, &filter, &profile);
	report_text(&profile, &options, null, &message);
	lap("the table", &t);
	printf("  %-40s %8.0f ms\n", "sysprof report, in all", 1e3 * (now() - start));
	t = now();
	options.view = REPORT_TREE;
	report_text(&profile, &options, null, &message);
	lap("the tree", &t);
	exporter_find("pprof")->profile(
		&profile, &(struct export_options){ .value = -1, .filter = "" }, null);
	lap("pprof", &t);
	exporter_find("folded")->profile(
		&profile, &(struct export_options){ .value = -1, .filter = "" }, null);
	lap("folded", &t);
	printf("  (%zu rows, %u stacks)\n", profile.rows.n,
	       dictionary_n_stacks(model_dictionary(model)));
	profile_release(&profile);
	reader_close(reader);
	sched_free(input.sched);
	model_free(model);
	fclose(null);
}

int main(void)
{
	char path[] = "/tmp/sysprof-bench.XXXXXX";
	int fd = mkstemp(path);

	if (fd < 0)
		return 1;
	close(fd);
	unlink(path);
	make_recording(path);
	printf("a recording of %d samples on %d stacks\n", N_SAMPLES, N_STACKS);
	bench(path);
	unlink(path);
	return 0;
}
