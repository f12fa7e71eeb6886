/* SPDX-License-Identifier: GPL-2.0-only */
/* An ELF file, registers and a stack of anybody's making. */
#include <stdint.h>

#include "unwind/unwind.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BASE 0x400000u /* where the file is mapped */

struct head {
	uint64_t regs[UNWIND_N_REGS]; /* rip counts from BASE */
	uint16_t stack_size;          /* of what follows; the rest is the file */
	uint16_t has_more;            /* memory can be read: the file's bytes, everywhere */
};

struct input {
	const uint8_t *file;
	size_t size;
};

static bool read_memory(void *arg, uint64_t address, void *data, size_t size)
{
	const struct input *input = arg;

	if (!input->size)
		return false;
	for (size_t i = 0; i < size; i++)
		((uint8_t *)data)[i] = input->file[(address + i) % input->size];
	return true;
}

static void check(const struct unwind_sample *sample, const struct unwind_result *result)
{
	if (result->n_frames < 1 || result->n_frames > UNWIND_MAX_FRAMES ||
	    result->frames[0].address != sample->regs[UNWIND_RIP] || result->stop >= UNWIND_N_STOPS)
		__builtin_trap();
}

/* Making an unwinder takes longer than what is tested: each serves some inputs. */
static struct unwinder *unwinder_for(uint32_t n)
{
	static struct unwinder *unwinder;

	if (n % 256 == 0) {
		unwinder_free(unwinder);
		unwinder = unwinder_new();
	}
	return unwinder;
}

static void run(struct unwind_sample *sample)
{
	static uint32_t n;
	struct unwinder *unwinder = unwinder_for(n);
	struct unwind_result result;

	sample->space->generation = 1 + n;
	sample->space->mappings.items->module->index = n++ % 256;
	for (int i = 0; i < 2; i++) { /* cold, then warm */
		unwinder_run(unwinder, sample, &result);
		check(sample, &result);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct head head;
	struct input input;
	struct module module = { .kind = MODULE_ELF, .fd = -1, .tried = true };
	struct mapping mapping = { .start = BASE, .end = BASE + (16 << 20), .module = &module };
	struct space space = { .mappings = { .items = &mapping, .n = 1 } };
	struct unwind_sample sample = { .space = &space, .arg = &input };

	if (size < sizeof(head))
		return 0;
	memcpy(&head, data, sizeof(head));
	if (head.stack_size > size - sizeof(head))
		return 0;
	memcpy(sample.regs, head.regs, sizeof(head.regs));
	sample.regs[UNWIND_RIP] += BASE;
	sample.stack = data + sizeof(head);
	sample.stack_size = head.stack_size;
	sample.read_memory = head.has_more & 1 ? read_memory : NULL;
	input.file = data + sizeof(head) + head.stack_size;
	input.size = size - sizeof(head) - head.stack_size;
	module.image = input.file;
	module.image_size = input.size;
	run(&sample);
	return 0;
}
