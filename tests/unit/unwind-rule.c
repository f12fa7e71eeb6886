/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every row of CFI of real files, compiled, against what libdw itself says of it:
 * found by libdw in the file, not in the vetted copy that the unwinder reads.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <fcntl.h>
#include <gelf.h>
#include <unistd.h>

#include "build.h"
#include "unwind/cfi.h"
#include "unwind/rule.h"

struct counts {
	size_t n_rows, n_simple, n_rows_kept, n_ends;
};

struct subject {
	int fd;
	Elf *elf;
	Dwarf_CFI *theirs;
	struct module module;
	struct cfi *ours;
	struct counts counts;
};

static int subject_open(struct subject *s, const char *path)
{
	*s = (struct subject){ .fd = open(path, O_RDONLY) };
	elf_version(EV_CURRENT);
	s->elf = elf_begin(s->fd, ELF_C_READ_MMAP, NULL);
	s->theirs = dwarf_getcfi_elf(s->elf);
	s->module = (struct module){ .kind = MODULE_ELF, .fd = s->fd };
	s->ours = cfi_new(&s->module, (size_t)64 << 20);
	return s->theirs ? 0 : -1;
}

static void subject_close(struct subject *s)
{
	cfi_free(s->ours);
	dwarf_cfi_end(s->theirs);
	elf_end(s->elf);
	close(s->fd);
}

/* [call_frame_cfa, plus_uconst offset] is how libdw says "in memory at CFA + offset". */
static bool is_memory_at(const Dwarf_Op *ops, size_t n, int64_t offset)
{
	if (!n || ops[0].atom != DW_OP_call_frame_cfa)
		return false;
	return offset ? n == 2 && ops[1].atom == DW_OP_plus_uconst &&
				(int64_t)ops[1].number == offset :
			n == 1;
}

static void assert_cfa_agrees(Dwarf_Frame *frame, struct rule rule)
{
	Dwarf_Op *ops;
	size_t n;

	assert_int_equal(dwarf_frame_cfa(frame, &ops, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(ops[0].atom, DW_OP_bregx);
	assert_int_equal(ops[0].number, rule.kind == RULE_SP ? UNWIND_RSP : UNWIND_RBP);
	assert_int_equal(ops[0].number2, rule.offset);
}

static void assert_rule_agrees(Dwarf_Frame *frame, struct rule rule)
{
	Dwarf_Op memory[3], *ops;
	bool is_signal;
	size_t n;
	int ra = dwarf_frame_info(frame, NULL, NULL, &is_signal);

	assert_int_equal(dwarf_frame_register(frame, ra, memory, &ops, &n), 0);
	if (rule.kind == RULE_END) {
		assert_true(!n && ops == memory);
		return;
	}
	assert_true(rule.kind == RULE_SP || rule.kind == RULE_FP);
	assert_false(is_signal);
	assert_true(is_memory_at(ops, n, -8));
	assert_cfa_agrees(frame, rule);
	assert_int_equal(dwarf_frame_register(frame, UNWIND_RBP, memory, &ops, &n), 0);
	if (rule.has_fp)
		assert_true(is_memory_at(ops, n, rule.fp_offset));
	else
		assert_true(!n && !ops);
}

/* Of what no rule can hold, the operations must be libdw's, one by one. */
static void assert_same_expression(const struct row *row, const struct place *place,
				   const Dwarf_Op *ops, size_t n)
{
	assert_true(place->n_ops <= n);
	for (size_t i = 0; i < place->n_ops; i++) {
		assert_int_equal(row->ops[place->op + i].atom, ops[i].atom);
		assert_int_equal(row->ops[place->op + i].number, ops[i].number);
		assert_int_equal(row->ops[place->op + i].number2, ops[i].number2);
	}
}

static void assert_place_agrees(const struct row *row, const struct place *place,
				const Dwarf_Op *memory, const Dwarf_Op *ops, size_t n)
{
	switch ((enum place_kind)place->kind) {
	case PLACE_SAME:
		assert_true(!n);
		break;
	case PLACE_UNDEFINED:
		assert_true(!n && ops == memory);
		break;
	case PLACE_MEMORY:
		assert_true(is_memory_at(ops, n, place->offset));
		break;
	case PLACE_VALUE:
		assert_int_equal(ops[n - 1].atom, DW_OP_stack_value);
		assert_true(is_memory_at(ops, n - 1, place->offset));
		break;
	case PLACE_REGISTER:
		assert_int_equal(ops[0].atom, DW_OP_regx);
		assert_int_equal(ops[0].number, place->reg);
		break;
	case PLACE_EXPR_VALUE:
		assert_int_equal(ops[n - 1].atom, DW_OP_stack_value);
		/* fall through */
	case PLACE_EXPR_MEMORY:
		assert_same_expression(row, place, ops, n);
		break;
	}
}

static void assert_row_agrees(Dwarf_Frame *frame, const struct row *row)
{
	Dwarf_Op memory[3], *ops;
	bool is_signal;
	size_t n;
	int ra = dwarf_frame_info(frame, NULL, NULL, &is_signal);

	assert_int_equal(is_signal, row->is_signal);
	assert_int_equal(dwarf_frame_cfa(frame, &ops, &n), 0);
	if (row->cfa.kind == PLACE_EXPR_VALUE)
		assert_same_expression(row, &row->cfa, ops, n);
	for (int reg = 0; reg < UNWIND_N_REGS; reg++) {
		assert_int_equal(dwarf_frame_register(frame, reg == UNWIND_RIP ? ra : reg, memory,
						      &ops, &n),
				 0);
		assert_place_agrees(row, &row->regs[reg], memory, ops, n);
	}
}

/* Compare one row; returns where the next begins. */
static Dwarf_Addr check_row(struct subject *s, Dwarf_Addr address)
{
	Dwarf_Addr end = 0;
	Dwarf_Frame *frame;
	struct rule rule;
	struct row row;

	assert_int_equal(dwarf_cfi_addrframe(s->theirs, address, &frame), 0);
	dwarf_frame_info(frame, NULL, &end, NULL);
	assert_int_equal(cfi_find(s->ours, address, &row), 0);
	s->counts.n_rows++;
	if (rule_from_row(&row, &rule)) {
		assert_rule_agrees(frame, rule);
		s->counts.n_simple += rule.kind != RULE_END;
		s->counts.n_ends += rule.kind == RULE_END;
	} else {
		assert_row_agrees(frame, &row);
		s->counts.n_rows_kept++;
	}
	row_release(&row);
	free(frame);
	return end;
}

/* The search table of .eh_frame_hdr holds the start of every function. */
static void check_all(struct subject *s)
{
	Elf_Scn *scn = NULL;
	size_t strings;
	GElf_Shdr sh;
	uint32_t n;
	int32_t start;
	const char *hdr;

	assert_int_equal(elf_getshdrstrndx(s->elf, &strings), 0);
	do {
		scn = elf_nextscn(s->elf, scn);
		assert_non_null(scn);
		gelf_getshdr(scn, &sh);
	} while (strcmp(elf_strptr(s->elf, strings, sh.sh_name), ".eh_frame_hdr") != 0);
	hdr = elf_rawdata(scn, NULL)->d_buf;
	memcpy(&n, hdr + 8, sizeof(n));
	for (uint32_t i = 0; i < n; i++) {
		Dwarf_Addr at, first, end;

		memcpy(&start, hdr + 12 + 8 * i, sizeof(start));
		first = sh.sh_addr + (Dwarf_Addr)(int64_t)start;
		end = first;
		do { /* rows of one function touch; behind the last one libdw finds another start */
			Dwarf_Frame *frame;

			at = end;
			end = check_row(s, at);
			assert_true(end > at);
			if (dwarf_cfi_addrframe(s->theirs, end, &frame))
				break;
			free(frame);
			if (i + 1 < n) {
				memcpy(&start, hdr + 12 + 8 * (i + 1), sizeof(start));
				if (end >= sh.sh_addr + (Dwarf_Addr)(int64_t)start)
					break;
			}
		} while (true);
	}
}

static struct counts check_file(const char *path)
{
	struct subject s;

	assert_int_equal(subject_open(&s, path), 0);
	check_all(&s);
	subject_close(&s);
	print_message("%s: %zu rows, %zu rules, %zu ends, %zu kept whole\n", path, s.counts.n_rows,
		      s.counts.n_simple, s.counts.n_ends, s.counts.n_rows_kept);
	return s.counts;
}

/* Where the program's own linker found a library. */
static const char *library(const char *name)
{
	static char path[256];
	char line[512];
	FILE *pipe;

	build_file("lib.cc",
		   "#include <string>\nint main() { return std::string(\"\").size(); }\n");
	build("test -x lib || c++ -o lib lib.cc");
	snprintf(line, sizeof(line), "ldd %s | grep -o '/[^ ]*%s[^ ]*'", build_path("lib"), name);
	pipe = popen(line, "r");
	assert_non_null(fgets(path, sizeof(path), pipe));
	pclose(pipe);
	path[strcspn(path, "\n")] = '\0';
	return path;
}

static void every_row_of_libc_agrees_with_libdw(void **state)
{
	struct counts counts = check_file(library("libc.so"));

	(void)state;
	assert_true(counts.n_rows > 10000);
	assert_true(counts.n_rows_kept < counts.n_rows / 100);
	assert_true(counts.n_rows_kept > 0); /* __restore_rt and the PLT at least */
	assert_true(counts.n_ends > 0);      /* clone */
}

static void every_row_of_libstdcxx_agrees_with_libdw(void **state)
{
	(void)state;
	assert_true(check_file(library("libstdc++")).n_rows > 10000);
}

static void every_row_of_the_dynamic_linker_agrees_with_libdw(void **state)
{
	struct counts counts = check_file(library("ld-linux"));

	(void)state;
	assert_true(counts.n_rows > 1000);
	assert_true(counts.n_rows_kept > 0); /* the PLT's trampoline hangs on rbx */
}

static void every_row_of_a_rust_program_agrees_with_libdw(void **state)
{
	(void)state;
	build_file("r.rs",
		   "fn main() { println!(\"{:?}\", std::env::args().collect::<Vec<_>>()); }");
	build("rustc -o r r.rs");
	assert_true(check_file(build_path("r")).n_rows > 1000);
}

static void a_rule_is_refused_where_it_cannot_say_all(void **state)
{
	struct row row = {
		.cfa = { .kind = PLACE_REGISTER, .reg = UNWIND_RSP, .offset = 16 },
		.regs = { [UNWIND_RSP] = { .kind = PLACE_VALUE },
			  [UNWIND_RIP] = { .kind = PLACE_MEMORY, .offset = -8 } },
	};
	struct row other;
	struct rule rule;

	(void)state;
	assert_true(rule_from_row(&row, &rule));
	other = row;
	other.is_signal = true;
	assert_false(rule_from_row(&other, &rule));
	other = row;
	other.cfa.reg = UNWIND_R10;
	assert_false(rule_from_row(&other, &rule));
	other = row;
	other.cfa.offset = 1ll << 32;
	assert_false(rule_from_row(&other, &rule));
	other = row;
	other.regs[UNWIND_RIP].offset = -16;
	assert_false(rule_from_row(&other, &rule));
	other = row;
	other.regs[UNWIND_RBP] = (struct place){ .kind = PLACE_MEMORY, .offset = -40000 };
	assert_false(rule_from_row(&other, &rule));
	other.regs[UNWIND_RBP] = (struct place){ .kind = PLACE_UNDEFINED };
	assert_false(rule_from_row(&other, &rule));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_of_libc_agrees_with_libdw),
		cmocka_unit_test(every_row_of_libstdcxx_agrees_with_libdw),
		cmocka_unit_test(every_row_of_the_dynamic_linker_agrees_with_libdw),
		cmocka_unit_test(every_row_of_a_rust_program_agrees_with_libdw),
		cmocka_unit_test(a_rule_is_refused_where_it_cannot_say_all),
	};

	return cmocka_run_group_tests(tests, build_setup, build_teardown);
}
