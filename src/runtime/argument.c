/* SPDX-License-Identifier: GPL-2.0-only */
#include "argument.h"

#include <stdlib.h>
#include <string.h>

/* In the order of the registers in a sample: PERF_REGS_MASK. */
static const char *const registers[][5] = {
	{ "rax", "eax", "ax", "al" },
	{ "rbx", "ebx", "bx", "bl" },
	{ "rcx", "ecx", "cx", "cl" },
	{ "rdx", "edx", "dx", "dl" },
	{ "rsi", "esi", "si", "sil" },
	{ "rdi", "edi", "di", "dil" },
	{ "rbp", "ebp", "bp", "bpl" },
	{ "rsp", "esp", "sp", "spl" },
	{ "rip" },
	{ "r8", "r8d", "r8w", "r8b" },
	{ "r9", "r9d", "r9w", "r9b" },
	{ "r10", "r10d", "r10w", "r10b" },
	{ "r11", "r11d", "r11w", "r11b" },
	{ "r12", "r12d", "r12w", "r12b" },
	{ "r13", "r13d", "r13w", "r13b" },
	{ "r14", "r14d", "r14w", "r14b" },
	{ "r15", "r15d", "r15w", "r15b" },
};

#define N_REGISTERS (sizeof(registers) / sizeof(registers[0]))

static bool find_register(const char *name, size_t size, uint32_t *ret)
{
	for (uint32_t i = 0; i < N_REGISTERS; i++) {
		for (const char *const *its = registers[i]; *its; its++) {
			if (strlen(*its) == size && !memcmp(*its, name, size)) {
				*ret = i;
				return true;
			}
		}
	}
	return false;
}

/* "%r12", "112(%rsp)", "$3" */
static bool parse_operand(const char *text, size_t size, struct argument *ret)
{
	const char *end = text + size;
	char *after;

	if (size && text[0] == '%') {
		ret->kind = ARGUMENT_REGISTER;
		return find_register(text + 1, size - 1, &ret->reg);
	}
	ret->kind = size && text[0] == '$' ? ARGUMENT_CONSTANT : ARGUMENT_MEMORY;
	text += ret->kind == ARGUMENT_CONSTANT;
	ret->value = strtoll(text, &after, 0);
	if (ret->kind == ARGUMENT_CONSTANT)
		return after == end && after > text;
	if (end - after < 4 || memcmp(after, "(%", 2) != 0 || end[-1] != ')')
		return false;
	return find_register(after + 2, (size_t)(end - after) - 3, &ret->reg);
}

bool argument_parse(const char *text, unsigned int n, struct argument *ret)
{
	size_t size = strcspn(text, " ");
	char *at;
	long bytes;

	*ret = (struct argument){ 0 };
	for (; n > 1 && text[size]; n--) {
		text += size + 1;
		size = strcspn(text, " ");
	}
	bytes = strtol(text, &at, 10);
	ret->is_signed = bytes < 0;
	bytes = labs(bytes);
	if (n != 1 || at >= text + size || *at != '@' ||
	    (bytes != 1 && bytes != 2 && bytes != 4 && bytes != 8))
		return false;
	ret->bytes = (uint32_t)bytes;
	return parse_operand(at + 1, (size_t)(text + size - at) - 1, ret);
}

/* What a register holds beyond the argument is undefined; all that is asked for fits in a byte. */
bool argument_of_call(bool is_go, unsigned int n, struct argument *ret)
{
	static const char *const c[] = { "rdi", "rsi", "rdx", "rcx", "r8", "r9" };
	static const char *const go[] = { "rax", "rbx", "rcx", "rdi", "rsi", "r8" };
	const char *name;

	*ret = (struct argument){ 0 };
	if (!n || n > 6)
		return false;
	name = is_go ? go[n - 1] : c[n - 1];
	ret->kind = ARGUMENT_REGISTER;
	ret->bytes = 1;
	return find_register(name, strlen(name), &ret->reg);
}
