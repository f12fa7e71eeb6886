/* SPDX-License-Identifier: GPL-2.0-only */
/* Where a thread may be made to call dlopen(), and where not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "inject/place.h"

#define LIBC   0x10000
#define LINKER 0x20000
#define APP    0x30000

static struct module modules[4] = { { .kind = MODULE_ELF },
				    { .kind = MODULE_ELF },
				    { .kind = MODULE_ELF },
				    { .kind = MODULE_JIT } };
static const struct mapping libc_ = { .module = &modules[0] }, linker = { .module = &modules[1] },
			    app = { .module = &modules[2] }, jit = { .module = &modules[3] };
static const struct place_module parts[] = { { &modules[0], PLACE_LIBC },
					     { &modules[1], PLACE_LINKER } };
static struct export waits[64];
static struct place_facts facts = {
	.modules = parts,
	.n_modules = 2,
	.libc_bias = LIBC,
	.entry = APP,
	.waits = waits,
};

/* poll() is at LIBC + 0x100, pthread_cond_wait() at LIBC + 0x200, each of 0x80 bytes. */
static int set_up(void **state)
{
	size_t n_quiet;
	const char *const *names = place_waits(&facts.n_waits, &n_quiet);

	(void)state;
	assert_true(facts.n_waits < 64);
	for (size_t i = 0; i < facts.n_waits; i++) {
		waits[i].name = names[i];
		if (!strcmp(names[i], "poll"))
			waits[i] = (struct export){ names[i], 0x100, 0x80, false };
		if (!strcmp(names[i], "pthread_cond_wait"))
			waits[i] = (struct export){ names[i], 0x200, 0x80, false };
		if (!strcmp(names[i], "poll"))
			assert_true(i < n_quiet);
		if (!strcmp(names[i], "pthread_cond_wait"))
			assert_true(i >= n_quiet);
	}
	return 0;
}

static const struct unwind_frame in_poll = { LIBC + 0x110, &libc_ },
				 in_cond = { LIBC + 0x210, &libc_ },
				 in_libc = { LIBC + 0x800, &libc_ },
				 in_linker = { LINKER + 0x10, &linker },
				 in_app = { APP + 0x500, &app }, in_start = { APP + 0x20, &app },
				 in_jit = { 0x50000, &jit };

/* @frames of the last of which is where the thread began. */
#define LACK(is_in_syscall, ...)                                                                 \
	lack((const struct unwind_frame[]){ __VA_ARGS__ },                                       \
	     sizeof((const struct unwind_frame[]){ __VA_ARGS__ }) / sizeof(struct unwind_frame), \
	     UNWIND_DONE, is_in_syscall)

static const char *lack(const struct unwind_frame *frames, size_t n, enum unwind_stop stop,
			bool is_in_syscall)
{
	struct unwind_result stack = { .frames = (struct unwind_frame *)(uintptr_t)frames,
				       .n_frames = n,
				       .stop = stop };

	return place_lack(&facts, &stack, is_in_syscall);
}

static void who_only_waits_is_safe(void **state)
{
	(void)state;
	assert_null(LACK(true, in_poll, in_app, in_libc, in_start));
	assert_null(LACK(true, in_libc, in_cond, in_app, in_libc));
	assert_null(LACK(false, in_app, in_app, in_libc));
}

static void the_c_library_else_is_not(void **state)
{
	(void)state;
	assert_non_null(LACK(false, in_poll, in_app, in_libc)); /* before it waits */
	assert_non_null(LACK(true, in_libc, in_app, in_libc));  /* mmap() of malloc(), say */
	assert_non_null(LACK(true, in_poll, in_libc, in_app, in_libc)); /* for the resolver */
	assert_non_null(LACK(true, in_poll, in_app, in_libc, in_app, in_libc)); /* a callback */
	assert_non_null(LACK(true, in_libc, in_libc)); /* a thread that ends */
}

static void nor_is_what_is_not_known(void **state)
{
	const struct unwind_frame nowhere = { 0x99, NULL };

	(void)state;
	assert_non_null(LACK(true, in_poll, in_app, in_linker, in_app, in_libc));
	assert_non_null(LACK(true, in_poll, in_jit, in_libc));
	assert_non_null(LACK(false, nowhere, in_libc));
	assert_non_null(lack(&in_app, 1, UNWIND_NO_INFO, false));
}

static void of_an_allocator_in_the_program_only_long_waits_are_safe(void **state)
{
	(void)state;
	facts.has_own_malloc = true;
	assert_null(LACK(true, in_poll, in_app, in_libc));
	assert_non_null(LACK(true, in_cond, in_app, in_libc));
	assert_non_null(LACK(false, in_app, in_libc));
	facts.has_own_malloc = false;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_only_waits_is_safe),
		cmocka_unit_test(the_c_library_else_is_not),
		cmocka_unit_test(nor_is_what_is_not_known),
		cmocka_unit_test(of_an_allocator_in_the_program_only_long_waits_are_safe),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
