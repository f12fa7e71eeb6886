/* SPDX-License-Identifier: GPL-2.0-only */
#include "unwind/code.h"

#include <stddef.h>
#include <string.h>
#include <ucontext.h>

enum { RBX = 3, RSP = 4, RBP = 5 }; /* as instructions number them */
enum { MOST_POPPED = 0x2000 };      /* at once: some of it fit a rule */

struct pattern {
	int at; /* from the address */
	size_t size;
	const char *bytes;
};

static const struct pattern before_push[] = {
	{ 0, 1, "\x55" },                  /* push %rbp */
	{ 0, 4, "\xf3\x0f\x1e\xfa" },      /* endbr64 */
	{ 0, 1, "\xc3" },                  /* ret */
	{ 0, 1, "\xc2" },                  /* ret n */
	{ 0, 4, "\x49\x3b\x66\x10" },      /* Go: cmp 16(%r14),%rsp */
	{ -4, 5, "\x49\x3b\x66\x10\x76" }, /* and behind it jbe */
	{ -4, 6, "\x49\x3b\x66\x10\x0f\x86" },
	{ 0, 4, "\x4c\x8d\x64\x24" }, /* large frames: lea n(%rsp),%r12 */
	{ 0, 4, "\x4c\x8d\xa4\x24" },
	{ 0, 4, "\x4d\x3b\x66\x10" }, /* and cmp 16(%r14),%r12 */
	{ -4, 5, "\x4d\x3b\x66\x10\x76" },
	{ -4, 6, "\x4d\x3b\x66\x10\x0f\x86" },
};

static const struct pattern after_push[] = {
	{ -1, 4, "\x55\x48\x89\xe5" }, /* push %rbp, and here mov %rsp,%rbp */
	{ -1, 4, "\x55\x48\x8b\xec" },
	{ 0, 2, "\x5d\xc3" }, /* pop %rbp, ret */
	{ 0, 2, "\x5d\xc2" },
};

static bool matches(const unsigned char *code, const struct pattern *patterns, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!memcmp(code + CODE_BEFORE + patterns[i].at, patterns[i].bytes,
			    patterns[i].size))
			return true;
	return false;
}

#define MATCHES(code, patterns) matches(code, patterns, sizeof(patterns) / sizeof(*(patterns)))

bool code_prologue(const unsigned char *code, struct rule *ret)
{
	if (MATCHES(code, before_push))
		*ret = (struct rule){ .kind = RULE_SP, .offset = 8 };
	else if (MATCHES(code, after_push))
		*ret = (struct rule){
			.kind = RULE_SP, .offset = 16, .has_fp = true, .fp_offset = -16
		};
	else
		return false;
	return true;
}

static const struct pattern saves[] = {
	{ 0, 4, "\x48\x89\x2c\x24" }, /* mov %rbp,(%rsp) or n(%rsp) */
	{ 0, 4, "\x48\x89\x6c\x24" },
	{ 0, 4, "\x48\x89\xac\x24" },
};

bool code_saves_frame_pointer(const unsigned char *code)
{
	return MATCHES(code, saves);
}

/* A call that the function does not go on from, in a thread that has no frame before it. */
static const struct pattern never_back[] = {
	/* Go's clone: call *%r12; mov $111,%edi; mov $60,%eax; syscall, which is exit. */
	{ -3, 15, "\x41\xff\xd4\xbf\x6f\x00\x00\x00\xb8\x3c\x00\x00\x00\x0f\x05" },
	/* mcall: push %rax; mov (%rdx),%r12; call *%r12; pop %rax; jmp badmcall2 */
	{ -7, 9, "\x50\x4c\x8b\x22\x41\xff\xd4\x58\xe9" },
	/* morestack: mov g0.sched.sp,%rsp; call newstack */
	{ -9, 5, "\x48\x8b\x63\x38\xe8" },
	/* goexit, behind the nop where a goroutine begins: call goexit1 */
	{ -1, 2, "\x90\xe8" },
};

/* Instructions from the address on, read as far as they are understood. */
struct reader {
	const unsigned char *at, *end;
	int32_t popped; /* bytes of the stack */
	int32_t fp_at;  /* where in them rbp was, from the top of the stack; -1: nowhere */
	bool pops_rbx;
};

/* @size bytes, of which the first are @bytes. */
static bool take(struct reader *reader, const char *bytes, size_t n_bytes, size_t size)
{
	if ((size_t)(reader->end - reader->at) < size || memcmp(reader->at, bytes, n_bytes) != 0)
		return false;
	reader->at += size;
	return true;
}

static bool take_add_to_rsp(struct reader *reader)
{
	struct reader after = *reader;
	int32_t bytes;

	if (take(&after, "\x48\x83\xc4", 3, 4)) /* add $n,%rsp */
		bytes = (int8_t)after.at[-1];
	else if (take(&after, "\x48\x81\xc4", 3, 7))
		memcpy(&bytes, after.at - sizeof(bytes), sizeof(bytes));
	else
		return false;
	if (bytes < 0 || bytes > MOST_POPPED)
		return false;
	after.popped += bytes;
	*reader = after;
	return true;
}

/* pop %rax … %rdi, but not %rsp; with a prefix %r8 … %r15 */
static bool take_pop(struct reader *reader)
{
	static const unsigned char pop = 0x58, prefix = 0x41;
	bool is_high = reader->at < reader->end && *reader->at == prefix;
	const unsigned char *at = reader->at + is_high;

	if (at >= reader->end || (*at & 0xf8) != pop || (!is_high && *at == pop + RSP))
		return false;
	if (!is_high && *at == pop + RBP)
		reader->fp_at = reader->popped;
	reader->pops_rbx |= !is_high && *at == pop + RBX;
	reader->popped += 8;
	reader->at = at + 1;
	return true;
}

/* What a function does with its result: mov and xor of registers, but of %rsp and %rbp. */
static bool take_result(struct reader *reader)
{
	const unsigned char *at = reader->at;
	unsigned int to;

	at += at < reader->end && *at == 0x48; /* of 64 bits */
	if (reader->end - at < 2 || (*at != 0x31 && *at != 0x89) || at[1] < 0xc0)
		return false;
	to = at[1] & 7;
	if (to == RSP || to == RBP)
		return false;
	reader->at = at + 2;
	return true;
}

/* Up to the return, if there is nothing else on the way. */
static bool read_epilogue(const unsigned char *code, struct reader *ret)
{
	*ret = (struct reader){ code + CODE_BEFORE, code + CODE_SIZE, .fp_at = -1 };
	while (take_add_to_rsp(ret) || take_pop(ret) || take_result(ret))
		;
	return take(ret, "\xc3", 1, 1);
}

static struct rule rule_of(const struct reader *reader)
{
	struct rule ret = { .kind = RULE_SP, .offset = reader->popped + 8 };

	if (reader->fp_at >= 0) {
		ret.has_fp = true;
		ret.fp_offset = (int16_t)(reader->fp_at - ret.offset);
	}
	return ret;
}

bool code_epilogue(const unsigned char *code, struct rule *ret)
{
	struct reader reader;

	if (!read_epilogue(code, &reader))
		return false;
	*ret = rule_of(&reader);
	return true;
}

bool code_go_caller(const unsigned char *code, struct rule *ret)
{
	struct reader reader;

	if (MATCHES(code, never_back))
		*ret = (struct rule){ .kind = RULE_END };
	else if (read_epilogue(code, &reader) && (!reader.popped || reader.pops_rbx))
		*ret = rule_of(&reader);
	else
		return false;
	return true;
}

/* The kernel's frame begins with the address of this code, which is popped; then a ucontext. */
static void signal_row(struct row *ret)
{
	static const uint8_t gregs[UNWIND_N_REGS] = {
		[UNWIND_RAX] = REG_RAX, [UNWIND_RDX] = REG_RDX, [UNWIND_RCX] = REG_RCX,
		[UNWIND_RBX] = REG_RBX, [UNWIND_RSI] = REG_RSI, [UNWIND_RDI] = REG_RDI,
		[UNWIND_RBP] = REG_RBP, [UNWIND_RSP] = REG_RSP, [UNWIND_R8] = REG_R8,
		[UNWIND_R9] = REG_R9,   [UNWIND_R10] = REG_R10, [UNWIND_R11] = REG_R11,
		[UNWIND_R12] = REG_R12, [UNWIND_R13] = REG_R13, [UNWIND_R14] = REG_R14,
		[UNWIND_R15] = REG_R15, [UNWIND_RIP] = REG_RIP,
	};

	*ret = (struct row){
		.is_signal = true,
		.cfa = { .kind = PLACE_REGISTER, .reg = UNWIND_RSP },
	};
	for (int reg = 0; reg < UNWIND_N_REGS; reg++)
		ret->regs[reg] = (struct place){
			.kind = PLACE_MEMORY,
			.offset = (int64_t)(offsetof(ucontext_t, uc_mcontext.gregs) +
					    gregs[reg] * sizeof(greg_t)),
		};
}

bool code_sigreturn(const unsigned char *code, struct row *ret)
{
	/* mov $15,%rax (or %eax); syscall: at the first, at the second, in the kernel. */
	static const struct pattern sigreturn[] = {
		{ 0, 9, "\x48\xc7\xc0\x0f\x00\x00\x00\x0f\x05" },
		{ -7, 9, "\x48\xc7\xc0\x0f\x00\x00\x00\x0f\x05" },
		{ -9, 9, "\x48\xc7\xc0\x0f\x00\x00\x00\x0f\x05" },
		{ 0, 7, "\xb8\x0f\x00\x00\x00\x0f\x05" },
		{ -5, 7, "\xb8\x0f\x00\x00\x00\x0f\x05" },
		{ -7, 7, "\xb8\x0f\x00\x00\x00\x0f\x05" },
	};

	if (!MATCHES(code, sigreturn))
		return false;
	signal_row(ret);
	return true;
}
