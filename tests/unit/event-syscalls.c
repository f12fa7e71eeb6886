/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <cmocka.h>

#include "event/syscalls.h"

static void reads_as(const struct event_syscall *call, const char *want)
{
	struct buf text = { 0 };

	syscall_call_text(call, true, &text);
	assert_string_equal(buf_str(&text), want);
	buf_release(&text);
}

static void calls_read_as_they_were_written(void **state)
{
	(void)state;
	reads_as(&(struct event_syscall){ .nr = SYS_read, .arg0 = 3, .arg2 = 4096, .result = 5 },
		 "read(fd=3, count=4096) = 5");
	reads_as(&(struct event_syscall){ .nr = SYS_openat,
					  .arg0 = (uint32_t)AT_FDCWD,
					  .arg2 = O_WRONLY | O_CREAT | O_CLOEXEC | 1u << 30,
					  .arg3 = 0644,
					  .result = (uint64_t)-ENOENT },
		 "openat(dfd=AT_FDCWD, flags=O_WRONLY|O_CREAT|O_CLOEXEC|0x40000000, mode=0644) = "
		 "ENOENT");
	reads_as(&(struct event_syscall){ .nr = SYS_mmap,
					  .arg1 = 8192,
					  .arg3 = MAP_PRIVATE | MAP_ANONYMOUS,
					  .arg4 = (uint32_t)-1,
					  .result = 0x7f0000000000 },
		 "mmap(addr=0x0, length=8192, prot=PROT_NONE, flags=MAP_PRIVATE|MAP_ANONYMOUS, "
		 "fd=-1, offset=0) = 0x7f0000000000");
	reads_as(&(struct event_syscall){ .nr = SYS_futex,
					  .arg0 = 0x1000,
					  .arg1 = FUTEX_WAIT_PRIVATE,
					  .arg2 = 2,
					  .result = (uint64_t)-EAGAIN },
		 "futex(uaddr=0x1000, op=FUTEX_WAIT|FUTEX_PRIVATE_FLAG, val=2, val3=0) = EAGAIN");
	reads_as(&(struct event_syscall){ .nr = SYS_newfstatat, .arg0 = 4 },
		 "newfstatat(dfd=4, flags=0) = 0");
	reads_as(&(struct event_syscall){ .nr = SYS_tgkill, .arg0 = 1, .arg1 = 2, .arg2 = 9 },
		 "tgkill(pid=1, tid=2, sig=SIGKILL) = 0");
	reads_as(&(struct event_syscall){ .nr = 9999, .arg0 = 1 }, "syscall_9999() = 0");
}

static void only_what_a_call_has_is_kept(void **state)
{
	const uint64_t all[SYSCALL_ARGS] = { UINT64_MAX, UINT64_MAX, UINT64_MAX,
					     UINT64_MAX, UINT64_MAX, UINT64_MAX };
	const uint64_t none[SYSCALL_ARGS] = { 0 },
		       of_read[SYSCALL_ARGS] = { UINT32_MAX, 0, UINT64_MAX };
	uint64_t kept[SYSCALL_ARGS];

	(void)state;
	syscall_keep_args(SYS_read, all, kept);
	assert_memory_equal(kept, of_read, sizeof(kept));
	syscall_keep_args(SYS_getpid, all, kept);
	assert_memory_equal(kept, none, sizeof(kept));
	syscall_keep_args(9999, all, kept);
	assert_memory_equal(kept, none, sizeof(kept));
}

static void what_was_on_at_the_start_shows_no_arguments(void **state)
{
	struct event event = { .time_ns = 150, .syscall = { .nr = SYS_read, .duration_ns = 50 } };
	struct buf text = { 0 };

	(void)state;
	assert_true(syscall_has_args(&event, 99));
	assert_false(syscall_has_args(&event, 100));
	syscall_call_text(&event.syscall, false, &text);
	assert_string_equal(buf_str(&text), "read(...) = 0");
	buf_release(&text);
}

/* A row of the table names each argument that it has a type for. */
static void the_table_is_whole(void **state)
{
	const struct syscall_form *form;
	struct buf name = { 0 };

	(void)state;
	for (uint32_t nr = 0; nr < 1000; nr++) {
		form = syscall_form(nr);
		for (unsigned int i = 0; i < SYSCALL_ARGS; i++) {
			buf_clear(&name);
			if (!syscall_arg_type(form, i))
				continue;
			syscall_arg_name(form, i, &name);
			assert_true(name.size > 0);
		}
		if (form && form->types)
			assert_true(strlen(form->types) <= SYSCALL_ARGS);
	}
	buf_release(&name);
	assert_string_equal(syscall_form(SYS_futex)->name, "futex");
	assert_null(syscall_form(UINT32_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_read_as_they_were_written),
		cmocka_unit_test(only_what_a_call_has_is_kept),
		cmocka_unit_test(what_was_on_at_the_start_shows_no_arguments),
		cmocka_unit_test(the_table_is_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
