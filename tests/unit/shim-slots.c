/* SPDX-License-Identifier: GPL-2.0-only */
/* The slots of this very process: what is called through them, before, meanwhile and after. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <unistd.h>

#include "shim/slots.c" /* it is of the library, not of the program */

static int (*real_getppid)(void);
static int (*real_getsid)(int);
static int n_calls;

static int our_getppid(void)
{
	n_calls++;
	return real_getppid();
}

static int our_getsid(int pid)
{
	n_calls++;
	return real_getsid(pid);
}

static const struct slots_hook hooks[] = {
	{ "getppid", (void **)&real_getppid, (void *)our_getppid },
	{ "getsid", (void **)&real_getsid, (void *)our_getsid },
};

static void none_are_found_that_are_not_there(void **state)
{
	void *real = NULL;
	const struct slots_hook other[] = { { "no_such_function", &real, NULL },
					    { "getppid", &real, NULL } };

	(void)state;
	assert_false(slots_find(other, 2));
}

/* This module's own are left alone by slots.c: so a stand-in for them is read and changed. */
static void slots_are_swapped_and_back(void **state)
{
	struct module module = { .base = 0, .start = 0x1000, .end = 0x2000 };
	Elf64_Sym symbol = { .st_shndx = SHN_UNDEF };
	Elf64_Rela rela = { .r_info = ELF64_R_INFO(0, R_X86_64_JUMP_SLOT) };
	struct swap swap = { hooks, 2, true, 0 };
	void *slot, *real;

	(void)state;
	assert_true(slots_find(hooks, 2));
	real = (void *)real_getppid;
	module.symbols = &symbol;
	rela.r_offset = (uintptr_t)&slot;
	slot = real;
	swap_slot(&swap, &module, &rela, &hooks[0]);
	assert_ptr_equal(slot, our_getppid);
	slot = (void *)0x1800; /* not called yet: a stub of the module */
	swap_slot(&swap, &module, &rela, &hooks[0]);
	assert_ptr_equal(slot, our_getppid);
	swap.to_hooks = false;
	swap_slot(&swap, &module, &rela, &hooks[0]);
	assert_ptr_equal(slot, real);
	assert_int_equal(swap.n_done, 3);
}

static void what_somebody_else_put_there_stays(void **state)
{
	struct module module = { .base = 0, .start = 0x1000, .end = 0x2000 };
	Elf64_Sym symbol = { .st_shndx = 7, .st_value = 0x1900 };
	Elf64_Rela rela = { .r_info = ELF64_R_INFO(0, R_X86_64_JUMP_SLOT) };
	struct swap swap = { hooks, 2, true, 0 };
	void *slot = (void *)0x5000;

	(void)state;
	assert_true(slots_find(hooks, 2));
	module.symbols = &symbol;
	rela.r_offset = (uintptr_t)&slot;
	swap_slot(&swap, &module, &rela, &hooks[0]);
	assert_ptr_equal(slot, 0x5000);
	slot = (void *)0x1800; /* a stub, where the module has such a function of its own */
	swap_slot(&swap, &module, &rela, &hooks[0]);
	assert_ptr_equal(slot, 0x1800);
	slot = NULL; /* not relocated yet */
	swap_slot(&swap, &module, &rela, &hooks[0]);
	assert_null(slot);
	assert_int_equal(swap.n_done, 0);
}

/* The C library's stands behind a stub of the program, if any: the real one is found. */
static void the_real_function_works(void **state)
{
	(void)state;
	assert_true(slots_find(hooks, 2));
	assert_int_equal(real_getppid(), getppid());
	assert_int_equal(real_getsid(0), getsid(0));
	assert_int_equal(n_calls, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(none_are_found_that_are_not_there),
		cmocka_unit_test(slots_are_swapped_and_back),
		cmocka_unit_test(what_somebody_else_put_there_stays),
		cmocka_unit_test(the_real_function_works),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
