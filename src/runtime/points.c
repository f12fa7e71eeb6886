/* SPDX-License-Identifier: GPL-2.0-only */
#include "runtime/points.h"

#include <errno.h>
#include <string.h>

#include "argument.h"
#include "image.h"

#define CALL_BYTES     5  /* of a call with a distance of 32 bits */
#define PROLOGUE_BYTES 48 /* the frame is set up within so many, if at all */
#define RETURN_BYTES   9  /* of the longest way to return */
#define MAX_CODE_BYTES (1u << 20)

/*
 * The kernel emulates a push, a call and a nop where a probe is; other instructions it runs
 * from a copy, one step, which takes eleven microseconds on a virtual machine instead of one.
 * So where a function begins by asking whether its stack suffices, the probe is where it
 * pushes the frame pointer then: no instruction that jumps back lies between.
 */
static uint64_t entry_of(const struct image *image, const struct image_function *function)
{
	static const unsigned char set_up[] = { 0x55, 0x48, 0x89, 0xe5 }; /* push, mov %rsp,%rbp */
	const unsigned char *code = image_code(image, function);
	size_t n = function->end - function->start;

	if (n > PROLOGUE_BYTES)
		n = PROLOGUE_BYTES;
	for (size_t i = 0; image->go && code && i + sizeof(set_up) <= n; i++) {
		if (!memcmp(code + i, set_up, sizeof(set_up)))
			return function->start + i;
	}
	return function->start;
}

/*
 * Where @function calls @callee last.  No decoder is needed: that four bytes after one that is
 * a call's lead exactly to the callee by chance is one in four billions a place.
 */
static bool find_call(const struct image *image, const struct image_function *function,
		      const struct image_function *callee, uint64_t *ret)
{
	const unsigned char *code = image_code(image, function);
	size_t n = function->end - function->start;

	for (size_t i = n; code && n <= MAX_CODE_BYTES && i-- > 0;) {
		int32_t distance;

		if (n - i < CALL_BYTES || code[i] != 0xe8)
			continue;
		memcpy(&distance, code + i + 1, sizeof(distance));
		if (function->start + i + CALL_BYTES + (uint64_t)(int64_t)distance ==
		    callee->start) {
			*ret = function->start + i;
			return true;
		}
	}
	return false;
}

/* How many bytes of "add $n,%rsp" are at @code; 0: it is something else. */
static size_t frame_release(const unsigned char *code)
{
	if (code[0] != 0x48 || code[2] != 0xc4)
		return 0;
	return code[1] == 0x83 ? 4 : code[1] == 0x81 ? 7 : 0;
}

/*
 * The last return of a Go @function: its frame is given back, the frame pointer perhaps popped,
 * and that it is no part of another instruction is as sure as with a call.
 */
static bool find_return(const struct image *image, const struct image_function *function,
			uint64_t *ret)
{
	const unsigned char *code = image_code(image, function);
	size_t n = function->end - function->start;

	for (size_t i = n; image->go && code && n <= MAX_CODE_BYTES && i-- > 0;) {
		size_t at = n - i < RETURN_BYTES ? 0 : frame_release(code + i);

		at += at && code[i + at] == 0x5d;
		if (!at || code[i + at] != 0xc3)
			continue;
		*ret = function->start + i + at;
		return true;
	}
	return false;
}

static bool find_place(const struct image *image, const struct runtime_step *step,
		       const struct image_function *function, uint64_t *ret)
{
	struct image_function callee;

	if (!step->before || (image_find_function(image, step->before, &callee) &&
			      find_call(image, function, &callee, ret)))
		return true;
	return step->or_return && find_return(image, function, ret);
}

static void add_point(const struct image *image, struct points *to, const struct point *point,
		      uint64_t address)
{
	struct point added = *point;

	if (to->n < POINTS_MAX && image_offset(image, address, &added.offset))
		to->list[to->n++] = added;
}

static void add_notes(const struct image *image, const struct runtime_step *step, struct points *to,
		      struct point *point)
{
	struct image_note note;

	for (unsigned int n = 0; image_find_note(image, step->note, n, &note); n++) {
		point->counter_offset = 0;
		if (note.counter && !image_offset(image, note.counter, &point->counter_offset))
			continue;
		if (step->reason)
			argument_parse(note.arguments, step->reason, &point->reason);
		add_point(image, to, point, note.address);
	}
}

static void add_function(const struct image *image, const struct runtime_step *step,
			 struct points *to, struct point *point)
{
	struct image_function function;
	uint64_t address;

	if (!image_find_function(image, step->function, &function))
		return;
	address = entry_of(image, &function);
	if (!find_place(image, step, &function, &address))
		return;
	if (step->reason)
		argument_of_call(image->go, step->reason, &point->reason);
	add_point(image, to, point, address);
}

/* Whether the reasons that the file's runtime tells are those that are known. */
static bool has_reasons(const struct image *image, const struct runtime *runtime)
{
	return !runtime->since || image_go_version(image) >= runtime->since;
}

static int find_runtime(const struct image *image, const struct runtime *runtime,
			struct points *ret)
{
	bool tells = has_reasons(image, runtime);

	for (uint32_t i = 0; i < RUNTIME_MAX_STEPS && runtime->steps[i].step; i++) {
		struct point point = { .step = i };
		struct runtime_step step = runtime->steps[i];
		uint32_t before = ret->n;

		step.reason = tells ? step.reason : 0;
		if (step.function)
			add_function(image, &step, ret, &point);
		if (step.note && ret->n == before)
			add_notes(image, &step, ret, &point);
		if (ret->n == before && !step.is_optional) {
			ret->n = 0;
			return -ENOENT;
		}
	}
	return 0;
}

static int find_runtimes(const struct image *image, const char *path, struct points *ret)
{
	for (const struct runtime *runtime = runtimes; runtime->name; runtime++) {
		if (!runtime_may_be_in(runtime, path) ||
		    (runtime->section && !image_has_section(image, runtime->section)))
			continue;
		ret->runtime = (uint32_t)(runtime - runtimes) + 1;
		return find_runtime(image, runtime, ret);
	}
	return 0;
}

/* As it is linked, or as it is written. */
static int find_function(const struct image *image, const char *name, struct points *ret)
{
	struct runtime_step entry = { .function = name };
	struct image_function written[POINTS_MAX];
	struct point point = { 0 };

	add_function(image, &entry, ret, &point);
	if (!ret->n) {
		size_t n = image_find_written(image, name, written, POINTS_MAX);

		for (size_t i = 0; i < n; i++)
			add_point(image, ret, &point, written[i].start);
	}
	return ret->n ? 0 : -ENOENT;
}

int points_find(const struct points_query *query, struct points *ret)
{
	struct image image;
	int r = image_open(&image, query->fd);

	*ret = (struct points){ 0 };
	if (r)
		return r;
	r = query->function ? find_function(&image, query->function, ret) :
			      find_runtimes(&image, query->path, ret);
	image_close(&image);
	return r;
}
