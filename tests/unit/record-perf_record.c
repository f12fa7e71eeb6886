/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "record/perf_record.h"

/* A record under construction, in the kernel's layout. */
static void add_u64(struct buf *b, uint64_t value)
{
	buf_add(b, &value, sizeof(value));
}

static void add_pair(struct buf *b, uint32_t low, uint32_t high)
{
	add_u64(b, (uint64_t)high << 32 | low);
}

static struct buf begin(void)
{
	struct buf b = { 0 };

	add_u64(&b, 0); /* the header, when the size is known */
	return b;
}

static void end(struct buf *b, uint32_t type, uint16_t misc)
{
	struct perf_event_header header = {
		.type = type,
		.misc = misc,
		.size = (uint16_t)b->size,
	};

	memcpy(b->data, &header, sizeof(header));
}

/* The sample_id that follows the body of all but samples. */
static void end_with_id(struct buf *b, uint32_t type, uint16_t misc)
{
	add_pair(b, 11, 12);
	add_u64(b, 5000);
	add_pair(b, 3, 0);
	add_u64(b, 77);
	end(b, type, misc);
}

static struct buf sample(void)
{
	struct buf b = begin();

	add_u64(&b, 77);
	add_pair(&b, 11, 12);
	add_u64(&b, 5000);
	add_u64(&b, 0x7f1000);
	add_pair(&b, 3, 0);
	add_u64(&b, 2);
	add_u64(&b, PERF_CONTEXT_KERNEL);
	add_u64(&b, 0xffffffff81000000);
	add_pair(&b, 12, 300); /* raw data: 12 bytes */
	add_u64(&b, 301);
	add_u64(&b, PERF_SAMPLE_REGS_ABI_64);
	for (uint64_t i = 0; i < PERF_N_REGS; i++)
		add_u64(&b, 100 + i);
	add_u64(&b, 32); /* reserved for the stack */
	for (uint64_t i = 0; i < 4; i++)
		add_u64(&b, 200 + i);
	add_u64(&b, 24); /* really copied */
	end(&b, PERF_RECORD_SAMPLE, 0);
	return b;
}

static void a_sample_gives_chain_registers_and_what_was_copied_of_the_stack(void **state)
{
	struct buf b = sample();
	struct perf_record r;

	(void)state;
	assert_int_equal(perf_record_decode(b.data, b.size, &r), 0);
	assert_int_equal(r.id, 77);
	assert_int_equal(r.pid, 11);
	assert_int_equal(r.tid, 12);
	assert_int_equal(r.time_ns, 5000);
	assert_int_equal(r.cpu, 3);
	assert_int_equal(r.sample.address, 0x7f1000);
	assert_int_equal(r.sample.n_chain, 2);
	assert_int_equal(r.sample.chain[1], 0xffffffff81000000);
	assert_int_equal(r.sample.raw_size, 12);
	assert_int_equal(*(const uint32_t *)r.sample.raw, 300);
	assert_int_equal(r.sample.regs[16], 116);
	assert_int_equal(r.sample.stack_size, 24);
	assert_int_equal(((const uint64_t *)r.sample.stack)[2], 202);
	buf_release(&b);
}

static void a_sample_of_a_kernel_thread_has_neither_registers_nor_stack(void **state)
{
	struct buf b = begin();
	struct perf_record r;

	(void)state;
	for (int i = 0; i < 5; i++)
		add_u64(&b, 1);
	add_u64(&b, 0);
	add_pair(&b, 4, 0); /* raw data: none, to fill a word */
	add_u64(&b, PERF_SAMPLE_REGS_ABI_NONE);
	add_u64(&b, 0);
	end(&b, PERF_RECORD_SAMPLE, 0);
	assert_int_equal(perf_record_decode(b.data, b.size, &r), 0);
	assert_null(r.sample.regs);
	assert_int_equal(r.sample.stack_size, 0);
	buf_release(&b);
}

static void a_sample_cut_anywhere_is_refused(void **state)
{
	struct buf b = sample();
	struct perf_record r;

	(void)state;
	for (size_t size = 0; size < b.size; size++) {
		struct perf_event_header header = { .type = PERF_RECORD_SAMPLE,
						    .size = (uint16_t)size };

		memcpy(b.data, &header, sizeof(header));
		assert_int_equal(perf_record_decode(b.data, size, &r), -EBADMSG);
	}
	buf_release(&b);
}

static void raw_data_larger_than_its_record_is_refused(void **state)
{
	struct buf b = sample();
	struct perf_record r;
	uint32_t lie = UINT32_MAX;

	(void)state;
	memcpy(b.data + 72, &lie, sizeof(lie));
	assert_int_equal(perf_record_decode(b.data, b.size, &r), -EBADMSG);
	buf_release(&b);
}

static void a_stack_larger_than_its_room_is_refused(void **state)
{
	struct buf b = sample();
	struct perf_record r;
	uint64_t lie = 33;

	(void)state;
	memcpy(b.data + b.size - 8, &lie, sizeof(lie));
	assert_int_equal(perf_record_decode(b.data, b.size, &r), -EBADMSG);
	buf_release(&b);
}

static struct buf mmap2(uint64_t start, uint64_t size)
{
	struct buf b = begin();

	add_pair(&b, 21, 22);
	add_u64(&b, start);
	add_u64(&b, size);
	add_u64(&b, 0x1000);
	add_pair(&b, 8, 1);
	add_u64(&b, 4242);
	add_u64(&b, 0);
	add_pair(&b, 5, 2);
	buf_add(&b, "/bin/x\0", 8);
	return b;
}

static void an_mmap_tells_what_was_mapped_where(void **state)
{
	struct buf b = mmap2(0x400000, 0x2000);
	struct perf_record r;

	(void)state;
	end_with_id(&b, PERF_RECORD_MMAP2, 0);
	assert_int_equal(perf_record_decode(b.data, b.size, &r), 0);
	assert_int_equal(r.pid, 21);
	assert_int_equal(r.time_ns, 5000);
	assert_int_equal(r.mmap.start, 0x400000);
	assert_int_equal(r.mmap.offset, 0x1000);
	assert_int_equal(r.mmap.inode, 4242);
	assert_int_equal(r.mmap.dev, 8ull << 32 | 1);
	assert_string_equal(r.mmap.path, "/bin/x");
	buf_release(&b);
}

static void an_mmap_marked_for_another_recorder_keeps_its_inode(void **state)
{
	struct buf b = mmap2(0x400000, 0x2000);
	struct perf_record r;

	(void)state;
	end_with_id(&b, PERF_RECORD_MMAP2, PERF_RECORD_MISC_MMAP_BUILD_ID);
	assert_int_equal(perf_record_decode(b.data, b.size, &r), 0);
	assert_int_equal(r.mmap.inode, 4242);
	assert_int_equal(r.mmap.dev, 8ull << 32 | 1);
	buf_release(&b);
}

static void an_mmap_that_wraps_or_has_no_end_of_path_is_refused(void **state)
{
	struct buf wraps = mmap2(UINT64_MAX - 10, 0x2000), endless = mmap2(0x1000, 0x1000);
	struct perf_record r;

	(void)state;
	end_with_id(&wraps, PERF_RECORD_MMAP2, 0);
	assert_int_equal(perf_record_decode(wraps.data, wraps.size, &r), -EBADMSG);
	memset(endless.data + endless.size - 8, 'x', 8);
	end_with_id(&endless, PERF_RECORD_MMAP2, 0);
	assert_int_equal(perf_record_decode(endless.data, endless.size, &r), -EBADMSG);
	buf_release(&wraps);
	buf_release(&endless);
}

static void forks_exits_names_and_losses_are_told_apart(void **state)
{
	struct buf fork = begin(), comm = begin(), lost = begin();
	struct perf_record r;

	(void)state;
	add_pair(&fork, 31, 30);
	add_pair(&fork, 33, 32);
	add_u64(&fork, 5000);
	end_with_id(&fork, PERF_RECORD_FORK, 0);
	assert_int_equal(perf_record_decode(fork.data, fork.size, &r), 0);
	assert_int_equal(r.pid, 31);
	assert_int_equal(r.tid, 33);
	assert_int_equal(r.task.parent_pid, 30);
	assert_int_equal(r.task.parent_tid, 32);

	add_pair(&comm, 41, 42);
	buf_add(&comm, "worker\0", 8);
	end_with_id(&comm, PERF_RECORD_COMM, PERF_RECORD_MISC_COMM_EXEC);
	assert_int_equal(perf_record_decode(comm.data, comm.size, &r), 0);
	assert_string_equal(r.comm.name, "worker");
	assert_true(r.comm.is_exec);

	add_u64(&lost, 77);
	add_u64(&lost, 9);
	end_with_id(&lost, PERF_RECORD_LOST, 0);
	assert_int_equal(perf_record_decode(lost.data, lost.size, &r), 0);
	assert_int_equal(r.lost, 9);
	assert_int_equal(r.cpu, 3);
	buf_release(&fork);
	buf_release(&comm);
	buf_release(&lost);
}

static void a_switch_says_of_which_thread_and_which_way(void **state)
{
	struct buf b = begin();
	struct perf_record record;

	(void)state;
	end_with_id(&b, PERF_RECORD_SWITCH,
		    PERF_RECORD_MISC_SWITCH_OUT | PERF_RECORD_MISC_SWITCH_OUT_PREEMPT);
	assert_int_equal(perf_record_decode(b.data, b.size, &record), 0);
	assert_int_equal(record.tid, 12);
	assert_int_equal(record.cpu, 3);
	assert_int_equal(record.time_ns, 5000);
	assert_true(record.misc & PERF_RECORD_MISC_SWITCH_OUT);
	assert_true(record.misc & PERF_RECORD_MISC_SWITCH_OUT_PREEMPT);
	buf_release(&b);
}

static void the_time_is_found_without_decoding(void **state)
{
	struct buf s = sample(), m = mmap2(0x1000, 0x1000);
	struct perf_event_header tiny = { .type = PERF_RECORD_COMM, .size = 8 };
	uint64_t time_ns;

	(void)state;
	end_with_id(&m, PERF_RECORD_MMAP2, 0);
	memcpy(&time_ns, s.data + perf_record_time_offset((void *)s.data), sizeof(time_ns));
	assert_int_equal(time_ns, 5000);
	memcpy(&time_ns, m.data + perf_record_time_offset((void *)m.data), sizeof(time_ns));
	assert_int_equal(time_ns, 5000);
	assert_int_equal(perf_record_time_offset(&tiny), 0);
	buf_release(&s);
	buf_release(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sample_gives_chain_registers_and_what_was_copied_of_the_stack),
		cmocka_unit_test(a_sample_of_a_kernel_thread_has_neither_registers_nor_stack),
		cmocka_unit_test(a_sample_cut_anywhere_is_refused),
		cmocka_unit_test(raw_data_larger_than_its_record_is_refused),
		cmocka_unit_test(a_stack_larger_than_its_room_is_refused),
		cmocka_unit_test(an_mmap_tells_what_was_mapped_where),
		cmocka_unit_test(an_mmap_marked_for_another_recorder_keeps_its_inode),
		cmocka_unit_test(an_mmap_that_wraps_or_has_no_end_of_path_is_refused),
		cmocka_unit_test(forks_exits_names_and_losses_are_told_apart),
		cmocka_unit_test(a_switch_says_of_which_thread_and_which_way),
		cmocka_unit_test(the_time_is_found_without_decoding),
	};

	return cmocka_run_group_tests_name("record-perf_record", tests, NULL, NULL);
}
