/* SPDX-License-Identifier: GPL-2.0-only */
/* CFI of files, honest and not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dwarf.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "build.h"
#include "unwind/cfi.h"
#include "unwind/rule.h"
#include "unwind/rules.h"

#define LIMIT ((size_t)16 << 20)
#define CODE  0x10000 /* the vaddr of the one function, of 100 bytes */

/* One function's .eh_frame in an ELF file, made by hand. */
struct file {
	Elf64_Ehdr ehdr;
	Elf64_Shdr shdrs[3];
	char names[32];
	struct {
		unsigned char bytes[8192];
		uint32_t size;
	} frame;
};

static void put(struct file *f, const void *data, size_t size)
{
	memcpy(f->frame.bytes + f->frame.size, data, size);
	f->frame.size += (uint32_t)size;
}

static void put_u32(struct file *f, uint32_t value)
{
	put(f, &value, sizeof(value));
}

static const unsigned char cie_head[] = {
	1, 'z',  'R', 0, /* version, augmentation */
	1, 0x78, 16,     /* code and data alignment, return address */
	1, 0x1b,         /* augmentation: addresses relative, 32 bits */
};
static const unsigned char cie_program[] = {
	DW_CFA_def_cfa, 7, 8, DW_CFA_offset + 16, 1, DW_CFA_nop,
};

/* The CIE at 0, whose program is @extra longer than needed; the FDE behind it with @program. */
static void file_make(struct file *f, const void *extra, size_t extra_size, const void *program,
		      size_t program_size)
{
	static const char names[] = "\0.eh_frame\0.shstrtab";
	uint32_t fde;

	memset(f, 0, sizeof(*f));
	put_u32(f, (uint32_t)(4 + sizeof(cie_head) + sizeof(cie_program) + extra_size));
	put_u32(f, 0);
	put(f, cie_head, sizeof(cie_head));
	put(f, cie_program, sizeof(cie_program));
	put(f, extra, extra_size);
	fde = f->frame.size;
	put_u32(f, (uint32_t)(4 + 8 + 1 + program_size));
	put_u32(f, fde + 4);
	put_u32(f, CODE - (0x1000 + f->frame.size)); /* relative to itself */
	put_u32(f, 100);
	put(f, "", 1);
	put(f, program, program_size);
	put_u32(f, 0);
	memcpy(f->names, names, sizeof(names));
	f->ehdr = (Elf64_Ehdr){
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_DYN,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_ehsize = sizeof(Elf64_Ehdr),
		.e_shoff = offsetof(struct file, shdrs),
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = 3,
		.e_shstrndx = 2,
	};
	f->shdrs[1] = (Elf64_Shdr){ .sh_name = 1,
				    .sh_type = SHT_PROGBITS,
				    .sh_addr = 0x1000,
				    .sh_offset = offsetof(struct file, frame),
				    .sh_size = f->frame.size };
	f->shdrs[2] = (Elf64_Shdr){ .sh_name = 11,
				    .sh_type = SHT_STRTAB,
				    .sh_offset = offsetof(struct file, names),
				    .sh_size = sizeof(names) };
}

static int find_in(const void *file, size_t size, uint64_t vaddr, struct row *ret)
{
	struct module module = { .fd = -1, .image = file, .image_size = size };
	struct cfi *cfi = cfi_new(&module, LIMIT);
	int r = cfi_find(cfi, vaddr, ret);

	cfi_free(cfi);
	return r;
}

static int find(const struct file *f, uint64_t vaddr)
{
	struct row row;
	int r = find_in(f, sizeof(*f), vaddr, &row);

	if (!r)
		row_release(&row);
	return r;
}

static int find_with_program(const void *program, size_t size)
{
	struct file f;

	file_make(&f, "", 0, program, size);
	return find(&f, CODE + 50);
}

#define FIND(...)                                           \
	find_with_program((unsigned char[]){ __VA_ARGS__ }, \
			  sizeof((unsigned char[]){ __VA_ARGS__ }))

static void a_function_is_found_from_its_first_byte_to_its_last(void **state)
{
	struct file f;

	(void)state;
	file_make(&f, "", 0, "", 1);
	assert_int_equal(find(&f, CODE), 0);
	assert_int_equal(find(&f, CODE + 99), 0);
	assert_int_equal(find(&f, CODE - 1), -ENOENT);
	assert_int_equal(find(&f, CODE + 100), -ENOENT);
}

static void the_row_is_what_the_program_says(void **state)
{
	static const unsigned char program[] = { DW_CFA_advance_loc + 40, DW_CFA_def_cfa_offset, 32,
						 DW_CFA_offset + 6, 3 };
	struct file f;
	struct rule rule;
	struct row row;

	(void)state;
	file_make(&f, "", 0, program, sizeof(program));
	assert_int_equal(find_in(&f, sizeof(f), CODE + 39, &row), 0);
	assert_true(rule_from_row(&row, &rule));
	assert_int_equal(rule.offset, 8);
	assert_false(rule.has_fp);
	row_release(&row);
	assert_int_equal(find_in(&f, sizeof(f), CODE + 40, &row), 0);
	assert_true(rule_from_row(&row, &rule));
	assert_int_equal(rule.offset, 32);
	assert_int_equal(rule.fp_offset, -24);
	row_release(&row);
}

static void every_instruction_of_dwarf_is_let_through(void **state)
{
	(void)state;
	assert_int_equal(FIND(DW_CFA_advance_loc1, 1, DW_CFA_advance_loc2, 1, 0,
			      DW_CFA_advance_loc4, 1, 0, 0, 0, DW_CFA_nop),
			 0);
	assert_int_equal(FIND(DW_CFA_offset_extended, 3, 2, DW_CFA_restore_extended, 3,
			      DW_CFA_same_value, 3, DW_CFA_undefined, 17, DW_CFA_register, 12, 3),
			 0);
	assert_int_equal(FIND(DW_CFA_remember_state, DW_CFA_def_cfa_register, 6,
			      DW_CFA_restore_state, DW_CFA_restore + 3),
			 0);
	assert_int_equal(FIND(DW_CFA_def_cfa_expression, 2, DW_OP_breg7, 8, DW_CFA_expression, 3, 2,
			      DW_OP_breg7, 8, DW_CFA_val_expression, 12, 2, DW_OP_breg7, 8),
			 0);
	assert_int_equal(FIND(DW_CFA_offset_extended_sf, 3, 2, DW_CFA_def_cfa_sf, 7, 0x7f,
			      DW_CFA_def_cfa_offset_sf, 0x7e, DW_CFA_val_offset, 3, 2,
			      DW_CFA_val_offset_sf, 3, 2, DW_CFA_GNU_args_size, 16,
			      DW_CFA_GNU_negative_offset_extended, 3, 2),
			 0);
	assert_int_equal(FIND(DW_CFA_set_loc, 0, 0, 0, 0), 0);
}

/* 300 million: libdw would make room for that many registers. */
#define HUGE 0x80, 0xc6, 0x86, 0x8f, 0x01

static void a_section_with_absurd_registers_is_refused(void **state)
{
	(void)state;
	assert_int_equal(FIND(DW_CFA_undefined, HUGE), -ENOENT);
	assert_int_equal(FIND(DW_CFA_offset_extended, HUGE, 1), -ENOENT);
	assert_int_equal(FIND(DW_CFA_restore_extended, HUGE), -ENOENT);
	assert_int_equal(FIND(DW_CFA_val_offset, HUGE, 1), -ENOENT);
	assert_int_equal(FIND(DW_CFA_register, 3, HUGE), -ENOENT);
	assert_int_equal(FIND(DW_CFA_expression, HUGE, 1, DW_OP_lit0), -ENOENT);
}

static void a_section_whose_operands_run_over_the_end_is_refused(void **state)
{
	(void)state;
	assert_int_equal(FIND(DW_CFA_advance_loc1), -ENOENT);
	assert_int_equal(FIND(DW_CFA_advance_loc4, 0, 0, 0), -ENOENT);
	assert_int_equal(FIND(DW_CFA_def_cfa_offset), -ENOENT);
	assert_int_equal(FIND(DW_CFA_def_cfa_offset, 0x80), -ENOENT);
	assert_int_equal(FIND(DW_CFA_def_cfa_expression, 2, DW_OP_lit0), -ENOENT);
	assert_int_equal(FIND(DW_CFA_def_cfa_offset, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
			      0x80, 0x80, 0x80, 0),
			 -ENOENT);
}

static void a_section_with_unknown_instructions_is_refused(void **state)
{
	(void)state;
	assert_int_equal(FIND(0x17), -ENOENT);
	assert_int_equal(FIND(DW_CFA_GNU_window_save), -ENOENT);
	assert_int_equal(FIND(0x3f), -ENOENT);
	assert_int_equal(FIND(DW_CFA_restore_state), -ENOENT);
}

static void states_are_remembered_so_deep_and_no_deeper(void **state)
{
	unsigned char program[200];

	(void)state;
	memset(program, DW_CFA_remember_state, sizeof(program));
	assert_int_equal(find_with_program(program, 32), 0);
	assert_int_equal(find_with_program(program, 33), -ENOENT);
}

static void expressions_are_evaluable_or_refused_by_length(void **state)
{
	unsigned char program[1000] = { DW_CFA_def_cfa_expression };

	(void)state;
	memset(program + 3, DW_OP_nop, sizeof(program) - 3);
	program[1] = 0x80 | 60;
	program[2] = 0;
	assert_int_equal(find_with_program(program, 3 + 60), 0);
	program[1] = 0x80 | 100;
	assert_int_equal(find_with_program(program, 3 + 100), -EINVAL); /* too long to evaluate */
	program[1] = 0x80 | (600 & 127);
	program[2] = 600 >> 7;
	assert_int_equal(find_with_program(program, 3 + 600), -ENOENT); /* the section is refused */
}

static void a_bad_cie_takes_its_section_with_it(void **state)
{
	static const unsigned char huge[] = { DW_CFA_undefined, HUGE };
	struct file f, good;

	(void)state;
	file_make(&f, huge, sizeof(huge), "", 1);
	assert_int_equal(find(&f, CODE), -ENOENT);
	file_make(&good, "", 0, "", 1);
	for (size_t i = 0; i < sizeof(cie_head) - 1; i++) { /* "RRRRRR…" is read beyond the entry */
		f = good;
		memset(f.frame.bytes + 9, 'R', 1 + i);
		f.frame.bytes[8] = 1;
		find(&f, CODE);
	}
	f = good;
	f.frame.bytes[16] = 0x9b; /* an address that is the address of the address */
	assert_int_equal(find(&f, CODE), -ENOENT);
	f.frame.bytes[16] = 0x01; /* an address of no fixed size */
	assert_int_equal(find(&f, CODE), -ENOENT);
}

static void any_byte_of_the_file_may_be_anything(void **state)
{
	static const unsigned char values[] = { 0, 1, 0x7f, 0x80, 0xff };
	static const unsigned char program[] = {
		DW_CFA_def_cfa_expression,
		3,
		DW_OP_breg7,
		8,
		DW_OP_nop,
		DW_CFA_remember_state,
		DW_CFA_advance_loc + 10,
		DW_CFA_restore_state,
		DW_CFA_offset + 6,
		2,
	};
	struct file good, f;

	(void)state;
	file_make(&good, "", 0, program, sizeof(program));
	for (size_t i = 0; i < offsetof(struct file, frame) + good.frame.size; i++) {
		for (size_t v = 0; v < sizeof(values); v++) {
			f = good;
			((unsigned char *)&f)[i] = values[v];
			find(&f, CODE + 5);
			find(&f, CODE + 50);
		}
	}
}

static void a_file_cut_anywhere_is_survived(void **state)
{
	struct row row;
	struct file f;

	(void)state;
	file_make(&f, "", 0, "", 1);
	for (size_t size = 0; size < offsetof(struct file, frame) + f.frame.size; size += 3) {
		unsigned char *cut = malloc(size + 1);

		memcpy(cut, &f, size);
		if (!find_in(cut, size, CODE, &row))
			row_release(&row);
		free(cut);
	}
}

/* Each address of a long function whose rows fit no rule is a row kept, up to a limit. */
static void rows_that_are_too_many_are_forgotten(void **state)
{
	static const unsigned char program[] = { DW_CFA_def_cfa_expression, 3, DW_OP_breg7, 8,
						 DW_OP_nop };
	const uint32_t code_size = 200000, base = 0x400000;
	struct file f;
	struct module module = {
		.kind = MODULE_ELF, .fd = -1, .tried = true, .image = &f, .image_size = sizeof(f)
	};
	struct mapping mapping = { .start = base, .end = base + (1 << 20), .module = &module };
	struct space space = { .generation = 1, .mappings = { .items = &mapping, .n = 1 } };
	struct unwind_sample sample = { .space = &space };
	struct unwind_stats stats = { 0 };
	struct rules rules;

	(void)state;
	file_make(&f, "", 0, program, sizeof(program));
	memcpy(f.frame.bytes + 8 + sizeof(cie_head) + sizeof(cie_program) + 12, &code_size, 4);
	rules_init(&rules, &stats);
	for (uint32_t i = 0; i < code_size; i++) {
		const struct rule_entry *entry = rules_find(&rules, &sample, base + CODE + i, true);

		assert_non_null(entry);
		assert_int_equal(entry->rule.kind, RULE_ROW);
		assert_true((size_t)entry->rule.offset < rules.rows.n);
		assert_true(rules.rows.n <= 65536);
	}
	assert_int_equal(stats.n_compiled, code_size);
	rules_release(&rules);
}

/* Files that compilers made */

static int find_in_file(const char *path, size_t limit, uint64_t vaddr, struct row *ret)
{
	struct module module = { .kind = MODULE_ELF, .fd = open(path, O_RDONLY) };
	struct cfi *cfi = cfi_new(&module, limit);
	int r = cfi_find(cfi, vaddr, ret);

	cfi_free(cfi);
	close(module.fd);
	return r;
}

static void assert_found(const char *path, uint64_t vaddr)
{
	struct row row;

	assert_int_equal(find_in_file(path, LIMIT, vaddr, &row), 0);
	row_release(&row);
}

static void make_program(const char *name, const char *flags)
{
	build_file("f.c", "int f(int n) { return n ? f(n / 2) + 1 : 0; }\n"
			  "int main(int c, char **v) { return f(c) + !v; }\n");
	build("cc -O0 -g %s -o %s f.c", flags, name);
}

static uint64_t address_of_main(const char *name)
{
	return build_hex("nm %s | grep ' T main'", name);
}

static void a_file_without_section_headers_is_read_by_its_segments(void **state)
{
	uint64_t address;

	(void)state;
	make_program("p", "");
	address = address_of_main("p");
	assert_found(build_path("p"), address);
	build("cp p stripped && printf '\\0\\0\\0\\0\\0\\0\\0\\0' | "
	      "dd of=stripped bs=1 seek=40 conv=notrunc status=none && "
	      "printf '\\0\\0\\0\\0' | dd of=stripped bs=1 seek=60 conv=notrunc status=none");
	assert_found(build_path("stripped"), address);
}

static const char without_eh_frame[] = "-fno-asynchronous-unwind-tables -fno-exceptions "
				       "-static-pie -nostartfiles -nostdlib -Wl,-e,main";

static void debug_frame_is_read_where_there_is_no_eh_frame(void **state)
{
	(void)state;
	make_program("d", without_eh_frame);
	assert_found(build_path("d"), address_of_main("d"));
	build("objcopy --compress-debug-sections=zlib d z && readelf -S z | grep -A1 debug_frame");
	assert_found(build_path("z"), address_of_main("z"));
	build("objcopy --compress-debug-sections=zlib-gnu d g && readelf -S g | grep zdebug_frame");
	assert_found(build_path("g"), address_of_main("g"));
}

static void a_section_too_large_for_the_limit_is_left_out(void **state)
{
	uint64_t address;
	struct row row;

	(void)state;
	make_program("d", without_eh_frame);
	address = address_of_main("d");
	assert_int_equal(find_in_file(build_path("d"), 16, address, &row), -ENOENT);
	make_program("p", ""); /* has a table, and is read an entry at a time */
	assert_int_equal(find_in_file(build_path("p"), 16, address_of_main("p"), &row), 0);
	row_release(&row);
}

static void a_search_table_may_say_anything(void **state)
{
	static const unsigned char values[] = { 0, 1, 0x7f, 0x80, 0xff };
	struct buf file = { 0 };
	uint64_t address, start;
	struct row row;

	(void)state;
	make_program("p", "");
	address = address_of_main("p");
	start = build_hex("readelf -SW p | sed -n 's/.* [.]eh_frame_hdr *PROGBITS *[^ ]* *//p'");
	assert_true(file_read(build_path("p"), &file) > 0);
	assert_int_equal(find_in(file.data, file.size, address, &row), 0);
	row_release(&row);
	for (size_t at = start; at < start + 512; at++) { /* the table and what it leads to */
		unsigned char before = file.data[at];

		for (size_t v = 0; v < sizeof(values); v++) {
			file.data[at] = values[v];
			if (!find_in(file.data, file.size, address, &row))
				row_release(&row);
		}
		file.data[at] = before;
	}
	for (size_t size = 0; size < file.size; size += 16) { /* and one cut off anywhere */
		if (!find_in(file.data, size, address, &row))
			row_release(&row);
	}
	buf_release(&file);
}

/* What a file without a table takes is given back when others are asked for. */
static void copies_that_are_not_asked_for_are_forgotten(void **state)
{
	struct rules rules;
	struct unwind_stats stats = { 0 };
	struct module modules[2];
	struct row row;
	struct file f[2];

	(void)state;
	rules_init(&rules, &stats);
	for (uint32_t i = 0; i < 2; i++) {
		file_make(&f[i], "", 0, "", 1);
		modules[i] = (struct module){ .index = i,
					      .kind = MODULE_ELF,
					      .fd = -1,
					      .tried = true,
					      .image = &f[i],
					      .image_size = sizeof(f[i]) };
	}
	for (uint32_t i = 0; i < 2000; i++) {
		struct mapping mapping = { .start = 0, .end = 1 << 20, .module = &modules[i > 0] };
		struct space space = { .generation = 1 };

		assert_int_equal(rules_row(&rules, &space, &mapping, CODE, &row), 0);
		row_release(&row);
		if (i == 1500) { /* as if there were much of the first, and the second new */
			rules.cfi_bytes += 1 << 30;
			cfi_free(rules.cfis.items[1].cfi);
			rules.cfis.items[1].cfi = NULL;
		}
	}
	assert_null(rules.cfis.items[0].cfi);
	assert_non_null(rules.cfis.items[1].cfi);
	rules_release(&rules);
}

static void what_is_no_file_of_this_machine_has_no_cfi(void **state)
{
	struct row row;
	struct file f;

	(void)state;
	assert_int_equal(find_in_file("/etc/passwd", LIMIT, 0, &row), -ENOENT);
	assert_int_equal(find_in_file("/dev/null", LIMIT, 0, &row), -ENOENT);
	assert_int_equal(find_in_file("/does/not/exist", LIMIT, 0, &row), -ENOENT);
	file_make(&f, "", 0, "", 1);
	f.ehdr.e_machine = EM_AARCH64;
	assert_int_equal(find(&f, CODE), -ENOENT);
	file_make(&f, "", 0, "", 1);
	f.ehdr.e_ident[EI_DATA] = ELFDATA2MSB;
	assert_int_equal(find(&f, CODE), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_function_is_found_from_its_first_byte_to_its_last),
		cmocka_unit_test(the_row_is_what_the_program_says),
		cmocka_unit_test(every_instruction_of_dwarf_is_let_through),
		cmocka_unit_test(a_section_with_absurd_registers_is_refused),
		cmocka_unit_test(a_section_whose_operands_run_over_the_end_is_refused),
		cmocka_unit_test(a_section_with_unknown_instructions_is_refused),
		cmocka_unit_test(states_are_remembered_so_deep_and_no_deeper),
		cmocka_unit_test(expressions_are_evaluable_or_refused_by_length),
		cmocka_unit_test(a_bad_cie_takes_its_section_with_it),
		cmocka_unit_test(any_byte_of_the_file_may_be_anything),
		cmocka_unit_test(a_file_cut_anywhere_is_survived),
		cmocka_unit_test(rows_that_are_too_many_are_forgotten),
		cmocka_unit_test(a_file_without_section_headers_is_read_by_its_segments),
		cmocka_unit_test(debug_frame_is_read_where_there_is_no_eh_frame),
		cmocka_unit_test(a_section_too_large_for_the_limit_is_left_out),
		cmocka_unit_test(a_search_table_may_say_anything),
		cmocka_unit_test(copies_that_are_not_asked_for_are_forgotten),
		cmocka_unit_test(what_is_no_file_of_this_machine_has_no_cfi),
	};

	elf_version(EV_CURRENT);
	return cmocka_run_group_tests(tests, build_setup, build_teardown);
}
