/* SPDX-License-Identifier: GPL-2.0-only */
/* Waits for locks of the kernel's are put together of begins, ends and samples. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <string.h>
#include <cmocka.h>

#include "record/kernel_locks.h"

#define LOCK 0xffff888000001000u

static const char begin_format[] =
	"name: contention_begin\nID: 408\nformat:\n"
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
	"\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"
	"\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n"
	"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"
	"\tfield:void * lock_addr;\toffset:8;\tsize:8;\tsigned:0;\n"
	"\tfield:unsigned int flags;\toffset:16;\tsize:4;\tsigned:0;\n\nprint fmt: \"x\"\n";

struct world {
	struct event_sink sink;
	struct event last;
	size_t n;
	struct targets targets;
	struct life life;
	struct kernel_locks locks;
};

static int keep(struct event_sink *sink, const struct event *event)
{
	struct world *world = (struct world *)sink;

	world->last = *event;
	world->n++;
	return 0;
}

static int set_up(void **state)
{
	struct world *world = xcalloc(1, sizeof(*world));

	world->sink.put = keep;
	world->life.targets = &world->targets;
	*map_insert(&world->targets.tids, 7) = 7;
	kernel_locks_init(&world->locks, &world->sink, NULL, NULL, &world->life);
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;

	kernel_locks_release(&world->locks);
	map_release(&world->targets.tids);
	free(world);
	return 0;
}

static void begin(struct world *world, uint32_t tid, uint32_t cpu, uint32_t flags, uint64_t time_ns)
{
	kernel_locks_take(&world->locks,
			  &(struct trace_record){
				  .kind = TRACE_LOCK_BEGIN,
				  .cpu = cpu,
				  .time_ns = time_ns,
				  .lock = { .tid = tid, .address = LOCK, .flags = flags },
			  });
}

static void end(struct world *world, uint32_t tid, uint32_t cpu, int32_t result, uint64_t time_ns)
{
	kernel_locks_take(&world->locks,
			  &(struct trace_record){
				  .kind = TRACE_LOCK_END,
				  .cpu = cpu,
				  .time_ns = time_ns,
				  .lock = { .tid = tid, .address = LOCK, .result = result },
			  });
}

static void a_wait_lasts_from_the_first_begin_to_the_end(void **state)
{
	struct world *world = *state;
	const struct event_kernel_lock *told = &world->last.kernel_lock;

	begin(world, 7, 0, KERNEL_LOCK_MUTEX | KERNEL_LOCK_SPIN, 100);
	begin(world, 7, 0, KERNEL_LOCK_MUTEX, 130);
	end(world, 7, 1, -EINTR, 200);
	assert_int_equal(world->n, 1);
	assert_int_equal(world->last.time_ns, 200);
	assert_int_equal(told->duration_ns, 100);
	assert_int_equal(told->tid, 7);
	assert_int_equal(told->cpu, 1);
	assert_int_equal(told->address, LOCK);
	assert_int_equal(told->flags, KERNEL_LOCK_MUTEX);
	assert_int_equal((int64_t)told->result, -EINTR);
	assert_int_equal(told->period, 0);
	end(world, 7, 1, 0, 300);
	assert_int_equal(world->n, 1);
}

static void a_sample_may_come_before_the_begin_or_behind(void **state)
{
	struct world *world = *state;

	for (int is_behind = 0; is_behind < 2; is_behind++) {
		if (is_behind)
			begin(world, 7, 0, KERNEL_LOCK_WRITE, 100);
		kernel_locks_sample(&world->locks, 7, LOCK, 42, 17);
		if (!is_behind)
			begin(world, 7, 0, KERNEL_LOCK_WRITE, 100);
		end(world, 7, 0, 0, 150);
		assert_int_equal(world->last.kernel_lock.stack, 42);
		assert_int_equal(world->last.kernel_lock.period, 17);
		assert_int_equal(world->last.kernel_lock.duration_ns, 50);
	}
	kernel_locks_sample(&world->locks, 7, LOCK, 42, 17);
	end(world, 7, 0, 0, 200);
	assert_int_equal(world->n, 2);
}

static void interrupts_are_told_apart_by_their_cpu(void **state)
{
	struct world *world = *state;

	begin(world, 0, 1, KERNEL_LOCK_SPIN, 100);
	assert_int_equal(world->locks.waits.n, 0); /* of no target */
	world->targets.is_all = true;
	begin(world, 0, 0, KERNEL_LOCK_SPIN, 100);
	begin(world, 0, 1, KERNEL_LOCK_SPIN, 110);
	end(world, 0, 0, 0, 120);
	assert_int_equal(world->last.kernel_lock.duration_ns, 20);
	end(world, 0, 1, 0, 120);
	assert_int_equal(world->last.kernel_lock.duration_ns, 10);
}

static void who_waits_at_the_end_is_told_of(void **state)
{
	struct world *world = *state;

	begin(world, 7, 0, KERNEL_LOCK_READ, 100);
	kernel_locks_sample(&world->locks, 7, LOCK + 8, 1, 1);
	kernel_locks_finish(&world->locks, 1000);
	assert_int_equal(world->n, 1);
	assert_int_equal(world->last.kernel_lock.duration_ns, 900);
	assert_int_equal(world->last.kernel_lock.result, 1);
}

static void what_may_have_ended_unseen_is_not_told_of(void **state)
{
	struct world *world = *state;

	begin(world, 7, 0, KERNEL_LOCK_READ, 100);
	kernel_locks_gap(&world->locks);
	end(world, 7, 0, 0, 200);
	kernel_locks_finish(&world->locks, 1000);
	assert_int_equal(world->n, 0);
}

static void an_event_says_who_waits_for_which_lock(void **state)
{
	struct trace_formats formats = { 0 };
	unsigned char data[24] = { 0 };
	uint64_t address = LOCK;
	struct trace_record record;

	(void)state;
	assert_int_equal(trace_formats_learn(&formats, TRACE_LOCK_BEGIN, begin_format,
					     strlen(begin_format)),
			 0);
	memcpy(data, &(uint16_t){ 408 }, 2);
	memcpy(data + 4, &(uint32_t){ 7 }, 4);
	memcpy(data + 8, &address, 8);
	memcpy(data + 16, &(uint32_t){ 33 }, 4);
	assert_true(trace_decode(&formats, data, sizeof(data), &record));
	assert_int_equal(record.lock.tid, 7);
	assert_int_equal(record.lock.address, LOCK);
	assert_int_equal(record.lock.flags, 33);
	data[2] = 0x10; /* in a softirq: not the thread's */
	assert_true(trace_decode(&formats, data, sizeof(data), &record));
	assert_int_equal(record.lock.tid, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_wait_lasts_from_the_first_begin_to_the_end),
		TEST(a_sample_may_come_before_the_begin_or_behind),
		TEST(interrupts_are_told_apart_by_their_cpu),
		TEST(who_waits_at_the_end_is_told_of),
		TEST(what_may_have_ended_unseen_is_not_told_of),
		cmocka_unit_test(an_event_says_who_waits_for_which_lock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
