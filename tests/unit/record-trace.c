/* SPDX-License-Identifier: GPL-2.0-only */
/* The exact stream's parts that need no kernel: pages, formats, filters, pairs of calls. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <cmocka.h>

#include "record/states.h"
#include "record/trace_calls.h"
#include "record/trace_filter.h"
#include "record/trace_format.h"
#include "record/trace_page.h"

#define MISSED        (1ull << 31)
#define MISSED_STORED (1ull << 30)

struct page {
	unsigned char bytes[4096];
	size_t at;
};

static void put32(struct page *page, uint32_t word)
{
	memcpy(page->bytes + page->at, &word, sizeof(word));
	page->at += sizeof(word);
}

static void put_head(struct page *page, uint32_t type, uint32_t delta)
{
	put32(page, type | delta << 5);
}

static void begin(struct page *page, uint64_t time_ns)
{
	*page = (struct page){ .at = 16 };
	memcpy(page->bytes, &time_ns, sizeof(time_ns));
}

static void end(struct page *page, uint64_t flags)
{
	uint64_t commit = (page->at - 16) | flags;

	memcpy(page->bytes + 8, &commit, sizeof(commit));
}

static void entries_of_all_types_have_their_times(void **state)
{
	struct page page;
	struct trace_page p;
	struct trace_entry e;

	(void)state;
	begin(&page, 1000);
	put_head(&page, 1, 5); /* 4 bytes at 1005 */
	put32(&page, 11);
	put_head(&page, 30, 3); /* 3 + (2 << 27) later */
	put32(&page, 2);
	put_head(&page, 0, 1); /* the long form: 8 bytes */
	put32(&page, 12);
	put32(&page, 12);
	put32(&page, 13);
	put_head(&page, 29, 7); /* withdrawn: 4 bytes behind its size */
	put32(&page, 8);
	put32(&page, 0xdead);
	put_head(&page, 31, 9); /* a whole time */
	put32(&page, 100);
	put_head(&page, 1, 0);
	put32(&page, 14);
	put_head(&page, 29, 0); /* nothing more */
	put32(&page, 0xdead);
	end(&page, 0);
	assert_int_equal(trace_page_open(&p, page.bytes, sizeof(page.bytes)), 0);
	assert_false(p.is_missed);
	assert_int_equal(trace_page_next(&p, &e), 1);
	assert_int_equal(e.time_ns, 1005);
	assert_int_equal(e.size, 4);
	assert_int_equal(e.data[0], 11);
	assert_int_equal(trace_page_next(&p, &e), 1);
	assert_int_equal(e.time_ns, 1005 + 3 + (2ull << 27) + 1);
	assert_int_equal(e.size, 8);
	assert_int_equal(e.data[4], 13);
	assert_int_equal(trace_page_next(&p, &e), 1);
	assert_int_equal(e.time_ns, (100ull << 27) + 9);
	assert_int_equal(e.data[0], 14);
	assert_int_equal(trace_page_next(&p, &e), 0);
	assert_int_equal(trace_page_next(&p, &e), 0);
}

static void a_page_tells_what_was_lost_before_it(void **state)
{
	struct page page;
	struct trace_page p;
	uint64_t n = 77;

	(void)state;
	begin(&page, 1);
	put_head(&page, 1, 0);
	put32(&page, 0);
	end(&page, MISSED);
	assert_int_equal(trace_page_open(&p, page.bytes, sizeof(page.bytes)), 0);
	assert_true(p.is_missed);
	assert_int_equal(p.n_missed, 0);
	memcpy(page.bytes + page.at, &n, sizeof(n));
	end(&page, MISSED | MISSED_STORED);
	assert_int_equal(trace_page_open(&p, page.bytes, sizeof(page.bytes)), 0);
	assert_int_equal(p.n_missed, 77);
	assert_int_equal(p.size, 8);
}

static void a_page_cut_anywhere_is_refused_or_ends_early(void **state)
{
	struct page page;
	struct trace_page p;
	struct trace_entry e;

	(void)state;
	begin(&page, 1);
	for (uint32_t i = 0; i < 50; i++) {
		put_head(&page, 2, 1);
		put32(&page, i);
		put32(&page, i);
	}
	end(&page, 0);
	for (size_t size = 0; size < page.at; size++)
		assert_int_equal(trace_page_open(&p, page.bytes, size), -EBADMSG);
	for (size_t size = 16; size < page.at; size++) {
		size_t n = 0;
		int r;

		assert_int_equal(trace_page_open(&p, page.bytes, page.at), 0);
		p.size = size - 16;
		while ((r = trace_page_next(&p, &e)) > 0)
			n++;
		assert_int_equal(n, (size - 16) / 12);
		assert_int_equal(r, (size - 16) % 12 ? -EBADMSG : 0);
	}
}

#define COMMON                                                                         \
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"         \
	"\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"         \
	"\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n" \
	"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"

static const char switch_format[] =
	"name: sched_switch\nID: 372\nformat:\n" COMMON
	"\tfield:char prev_comm[16];\toffset:8;\tsize:16;\tsigned:0;\n"
	"\tfield:pid_t prev_pid;\toffset:24;\tsize:4;\tsigned:1;\n"
	"\tfield:int prev_prio;\toffset:28;\tsize:4;\tsigned:1;\n"
	"\tfield:long prev_state;\toffset:32;\tsize:8;\tsigned:1;\n"
	"\tfield:char next_comm[16];\toffset:40;\tsize:16;\tsigned:0;\n"
	"\tfield:pid_t next_pid;\toffset:56;\tsize:4;\tsigned:1;\n"
	"\tfield:int next_prio;\toffset:60;\tsize:4;\tsigned:1;\n\nprint fmt: \"x\"\n";

static const char waking_format[] =
	"name: sched_waking\nID: 371\nformat:\n" COMMON
	"\tfield:char comm[16];\toffset:8;\tsize:16;\tsigned:0;\n"
	"\tfield:pid_t pid;\toffset:24;\tsize:4;\tsigned:1;\n\nprint fmt: \"x\"\n";

static const char exit_format[] = "name: sys_exit\nID: 442\nformat:\n" COMMON
				  "\tfield:long id;\toffset:8;\tsize:8;\tsigned:1;\n"
				  "\tfield:long ret;\toffset:16;\tsize:8;\tsigned:1;\n\n"
				  "print fmt: \"x\"\n";

static const char enter_format[] =
	"name: sys_enter\nID: 443\nformat:\n" COMMON
	"\tfield:long id;\toffset:8;\tsize:8;\tsigned:1;\n"
	"\tfield:unsigned long args[6];\toffset:16;\tsize:48;\tsigned:0;\n\n"
	"print fmt: \"x\"\n";

static struct trace_formats learn_all(void)
{
	struct trace_formats f = { 0 };

	assert_int_equal(
		trace_formats_learn(&f, TRACE_SWITCH, switch_format, strlen(switch_format)), 0);
	assert_int_equal(
		trace_formats_learn(&f, TRACE_WAKING, waking_format, strlen(waking_format)), 0);
	assert_int_equal(trace_formats_learn(&f, TRACE_EXIT, exit_format, strlen(exit_format)), 0);
	return f;
}

static void set(unsigned char *data, size_t offset, int64_t value, size_t size)
{
	memcpy(data + offset, &value, size);
}

static void fields_are_read_from_where_the_format_says(void **state)
{
	struct trace_formats f = learn_all();
	unsigned char data[64] = { 0 };
	struct trace_record r = { 0 };

	(void)state;
	set(data, 0, 372, 2);
	set(data, 24, 17, 4);
	set(data, 32, 0x102, 8);
	set(data, 56, 18, 4);
	memcpy(data + 40, "next", 5);
	assert_true(trace_decode(&f, data, sizeof(data), &r));
	assert_int_equal(r.kind, TRACE_SWITCH);
	assert_int_equal(r.switched.prev, 17);
	assert_int_equal(r.switched.next, 18);
	assert_int_equal(r.switched.state, TASK_DISK);
	assert_string_equal(r.switched.next_comm, "next");
	set(data, 0, 442, 2);
	set(data, 4, 99, 4);
	set(data, 8, 202, 8);
	set(data, 16, -EAGAIN, 8);
	assert_true(trace_decode(&f, data, sizeof(data), &r));
	assert_int_equal(r.call.tid, 99);
	assert_int_equal(r.call.nr, 202);
	assert_int_equal(r.call.result, -EAGAIN);
}

static void arguments_are_read_as_far_as_the_call_has_them(void **state)
{
	struct trace_formats f = learn_all();
	unsigned char data[64] = { 0 };
	struct trace_record r = { 0 };

	(void)state;
	assert_int_equal(trace_formats_learn(&f, TRACE_ENTER, enter_format, strlen(enter_format)),
			 0);
	set(data, 0, 443, 2);
	set(data, 8, SYS_pread64, 8);
	for (size_t i = 0; i < 6; i++)
		set(data, 16 + 8 * i, -1 - (int64_t)i, 8);
	assert_false(trace_decode(&f, data, 63, &r));
	assert_true(trace_decode(&f, data, sizeof(data), &r));
	assert_int_equal(r.call.nr, SYS_pread64);
	assert_int_equal(r.call.args[0], UINT32_MAX);
	assert_int_equal(r.call.args[1], 0);
	assert_int_equal(r.call.args[2], -3);
	assert_int_equal(r.call.args[3], -4);
	assert_int_equal(r.call.args[4], 0);
	assert_int_equal(r.call.args[5], 0);
}

static void short_and_strange_events_are_not_decoded(void **state)
{
	struct trace_formats f = learn_all(), none = { 0 };
	unsigned char data[64] = { 0 };
	struct trace_record r;

	(void)state;
	set(data, 0, 372, 2);
	assert_false(trace_decode(&f, data, 63, &r));
	assert_true(trace_decode(&f, data, 64, &r));
	assert_false(trace_decode(&f, data, 1, &r));
	assert_false(trace_decode(&none, data, sizeof(data), &r));
	set(data, 0, 5, 2);
	assert_false(trace_decode(&f, data, sizeof(data), &r));
}

static void formats_without_what_is_needed_are_refused(void **state)
{
	struct trace_formats f = { 0 };

	(void)state;
	assert_int_equal(trace_formats_learn(&f, TRACE_SWITCH, waking_format,
					     strlen(waking_format)),
			 -EBADMSG);
	assert_int_equal(trace_formats_learn(&f, TRACE_WAKING, "nonsense", 8), -EBADMSG);
	assert_int_equal(trace_formats_learn(&f, TRACE_WAKING, "", 0), -EBADMSG);
	assert_false(f.of[TRACE_SWITCH].is_known);
}

static void a_waking_from_an_interrupt_has_no_waker(void **state)
{
	struct trace_formats f = learn_all();
	unsigned char data[64] = { 0 };
	struct trace_record r;

	(void)state;
	set(data, 0, 371, 2);
	set(data, 4, 7, 4);
	set(data, 24, 8, 4);
	assert_true(trace_decode(&f, data, sizeof(data), &r));
	assert_int_equal(r.waking.waker, 7);
	assert_int_equal(r.waking.tid, 8);
	data[2] = 0x08;
	assert_true(trace_decode(&f, data, sizeof(data), &r));
	assert_int_equal(r.waking.waker, 0);
	data[2] = 0x10;
	assert_true(trace_decode(&f, data, sizeof(data), &r));
	assert_int_equal(r.waking.waker, 0);
	data[2] = 0x01; /* interrupts are off: a thread all the same */
	assert_true(trace_decode(&f, data, sizeof(data), &r));
	assert_int_equal(r.waking.waker, 7);
}

static void states_of_switches_and_of_proc_mean_the_same(void **state)
{
	static const struct {
		uint64_t bits;
		char letter;
		enum task_state want;
	} rows[] = {
		{ 0, 'R', TASK_RUNNABLE },     { 0x100, 'R', TASK_RUNNABLE },
		{ 1, 'S', TASK_SLEEPING },     { 2, 'D', TASK_DISK },
		{ 4, 'T', TASK_STOPPED },      { 8, 't', TASK_STOPPED },
		{ 0x10, 'X', TASK_DEAD },      { 0x20, 'Z', TASK_DEAD },
		{ 0x40, 'P', TASK_SLEEPING },  { 0x80, 'I', TASK_SLEEPING },
		{ 0x101, 'S', TASK_SLEEPING },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(trace_task_state(rows[i].bits), rows[i].want);
		assert_int_equal(states_of_letter(rows[i].letter), rows[i].want);
	}
}

static const struct trace_filter_options some_births = {
	.last_id = 1000, .max_id = 32768, .n_births = 500, .max_ranges = 4
};

static void threads_and_births_pass_and_most_others_do_not(void **state)
{
	static const uint32_t tids[] = { 700, 10, 11, 12, 300 };
	static const char *const fields[] = { "pid", NULL };
	struct trace_filter f = { 0 };
	struct buf text = { 0 };

	(void)state;
	trace_filter_make(&f, tids, 5, &some_births);
	trace_filter_text(&f, fields, &text);
	assert_string_equal(buf_str(&text), "(pid>=10&&pid<=12)||pid==300||pid==700||"
					    "(pid>=1001&&pid<=1500)");
	buf_release(&text);
	trace_filter_release(&f);
}

static void both_fields_of_a_switch_are_asked(void **state)
{
	static const char *const fields[] = { "prev_pid", "next_pid", NULL };
	struct trace_filter f = { 0 };
	struct buf text = { 0 };

	(void)state;
	trace_filter_make(&f, NULL, 0, &some_births);
	trace_filter_text(&f, fields, &text);
	assert_string_equal(buf_str(&text), "(prev_pid>=1001&&prev_pid<=1500)||"
					    "(next_pid>=1001&&next_pid<=1500)");
	buf_release(&text);
	trace_filter_release(&f);
}

static void many_threads_make_few_ranges_that_leave_none_out(void **state)
{
	struct trace_filter f = { 0 };
	uint32_t tids[200];

	(void)state;
	for (uint32_t i = 0; i < 200; i++)
		tids[i] = (i * 7919) % 1000 + 1;
	trace_filter_make(&f, tids, 200, &some_births);
	assert_true(f.ranges.n <= 4);
	for (uint32_t i = 0; i < 200; i++)
		assert_true(trace_filter_passes(&f, tids[i]));
	for (uint32_t id = 1001; id <= 1500; id++)
		assert_true(trace_filter_passes(&f, id));
	assert_false(trace_filter_passes(&f, 2000));
	trace_filter_release(&f);
}

/* 80,000 births in steps of a second, across the highest id twice; the recorder looks after each. */
static void no_birth_is_missed_however_often_the_filter_is_made_anew(void **state)
{
	struct trace_filter_options o = { 1000, 32768, 32768 / 2, 6 };
	struct trace_filter f = { 0 };
	uint32_t id = o.last_id, earlier = id, alive = 1000;
	unsigned int n_made = 0;

	(void)state;
	trace_filter_make(&f, &alive, 1, &o);
	for (unsigned int second = 0; second < 16; second++) {
		for (unsigned int birth = 0; birth < 5000; birth++) {
			id = id < o.max_id ? id + 1 : 300;
			assert_true(trace_filter_passes(&f, id));
		}
		assert_true(trace_filter_passes(&f, alive));
		if (trace_filter_is_stale(&o, id)) {
			o.last_id = earlier;
			trace_filter_make(&f, &alive, 1, &o);
			n_made++;
		}
		earlier = id;
	}
	assert_in_range(n_made, 5, 15);
	trace_filter_release(&f);
}

static void a_filter_is_stale_when_half_of_its_births_are_used_up(void **state)
{
	struct trace_filter_options o = some_births;

	(void)state;
	assert_false(trace_filter_is_stale(&o, 1000));
	assert_false(trace_filter_is_stale(&o, 1250));
	assert_true(trace_filter_is_stale(&o, 1251));
	o.last_id = 32700;
	assert_false(trace_filter_is_stale(&o, 182));
	assert_true(trace_filter_is_stale(&o, 183));
}

static void the_largest_gaps_stay_closed_to_strangers(void **state)
{
	static const uint32_t tids[] = { 1, 3, 5, 500, 502, 504 };
	struct trace_filter f = { 0 };
	struct trace_filter_options o = some_births;

	(void)state;
	o.max_ranges = 3;
	trace_filter_make(&f, tids, 6, &o);
	assert_int_equal(f.ranges.n, 3);
	assert_false(trace_filter_passes(&f, 6));
	assert_false(trace_filter_passes(&f, 499));
	assert_false(trace_filter_passes(&f, 505));
	trace_filter_release(&f);
}

static void births_go_on_from_the_lowest_id_behind_the_highest(void **state)
{
	struct trace_filter f = { 0 };
	struct trace_filter_options o = some_births;

	(void)state;
	o.last_id = 32700;
	trace_filter_make(&f, NULL, 0, &o);
	assert_true(trace_filter_passes(&f, 32701));
	assert_true(trace_filter_passes(&f, 32768));
	assert_true(trace_filter_passes(&f, 300));
	assert_false(trace_filter_passes(&f, 32700));
	o.last_id = 32768;
	trace_filter_make(&f, NULL, 0, &o);
	assert_int_equal(f.ranges.n, 1);
	assert_true(trace_filter_passes(&f, 1));
	trace_filter_release(&f);
}

static void enter(struct trace_calls *calls, uint32_t tid, uint32_t pid, uint32_t nr,
		  uint64_t time_ns)
{
	trace_calls_enter(
		calls, tid, pid,
		&(struct trace_call){ .nr = nr, .start_ns = time_ns, .args = { time_ns } });
}

static void a_call_is_what_one_thread_entered_and_left(void **state)
{
	struct trace_calls calls = { .start_ns = 1 };
	struct trace_call call;

	(void)state;
	enter(&calls, 7, 7, SYS_read, 100);
	enter(&calls, 8, 7, SYS_write, 110);
	assert_true(trace_calls_exit(&calls, 7, SYS_read, 5, &call));
	assert_int_equal(call.nr, SYS_read);
	assert_int_equal(call.start_ns, 100);
	assert_int_equal(call.args[0], 100);
	assert_int_equal(call.result, 5);
	assert_true(trace_calls_exit(&calls, 8, SYS_write, -EPIPE, &call));
	assert_int_equal(call.start_ns, 110);
	assert_int_equal(call.result, -EPIPE);
	assert_false(trace_calls_exit(&calls, 8, SYS_write, 0, &call));
	assert_int_equal(calls.n_unpaired, 1);
	trace_calls_release(&calls);
}

static void a_call_that_was_on_at_the_start_counts_from_there(void **state)
{
	struct trace_calls calls = { .start_ns = 50 };
	struct trace_call call;

	(void)state;
	assert_true(trace_calls_exit(&calls, 7, SYS_poll, 0, &call));
	assert_int_equal(call.start_ns, 50);
	trace_calls_gap(&calls);
	assert_false(trace_calls_exit(&calls, 8, SYS_poll, 0, &call));
	assert_int_equal(calls.n_unpaired, 1);
	trace_calls_release(&calls);
}

static void a_newborn_s_return_from_its_birth_is_no_call(void **state)
{
	struct trace_calls calls = { .start_ns = 50 };
	struct trace_call call;

	(void)state;
	enter(&calls, 7, 7, SYS_clone, 60);
	assert_false(trace_calls_exit(&calls, 8, SYS_clone, 0, &call));
	assert_false(trace_calls_exit(&calls, 9, SYS_clone3, 0, &call));
	assert_true(trace_calls_exit(&calls, 7, SYS_clone, 8, &call));
	assert_int_equal(call.start_ns, 60);
	assert_int_equal(calls.n_unpaired, 0);
	trace_calls_release(&calls);
}

static void an_exec_by_another_thread_comes_back_as_the_first(void **state)
{
	struct trace_calls calls = { .start_ns = 50 };
	struct trace_call call;

	(void)state;
	enter(&calls, 7, 7, SYS_futex, 60);
	enter(&calls, 9, 7, SYS_execve, 70);
	enter(&calls, 20, 20, SYS_execve, 75);
	assert_true(trace_calls_exit(&calls, 7, SYS_execve, 0, &call));
	assert_int_equal(call.nr, SYS_execve);
	assert_int_equal(call.start_ns, 70);
	assert_true(trace_calls_exit(&calls, 20, SYS_execve, -ENOENT, &call));
	assert_int_equal(call.start_ns, 75);
	assert_int_equal(calls.execs.n, 0);
	assert_int_equal(calls.n_unpaired, 0);
	trace_calls_release(&calls);
}

static void a_restart_goes_by_the_number_of_what_it_restarts(void **state)
{
	struct trace_calls calls = { .start_ns = 50 };
	struct trace_call call;

	(void)state;
	enter(&calls, 7, 7, SYS_nanosleep, 60);
	assert_true(trace_calls_exit(&calls, 7, SYS_nanosleep, -516, &call));
	assert_int_equal(call.result, -516);
	enter(&calls, 7, 7, SYS_restart_syscall, 80);
	assert_true(trace_calls_exit(&calls, 7, SYS_restart_syscall, 0, &call));
	assert_int_equal(call.nr, SYS_nanosleep);
	assert_int_equal(call.start_ns, 80);
	trace_calls_release(&calls);
}

static void a_return_from_a_handler_leaves_no_number_and_is_a_call(void **state)
{
	struct trace_calls calls = { .start_ns = 50 };
	struct trace_call call;

	(void)state;
	enter(&calls, 7, 7, SYS_rt_sigreturn, 60);
	assert_true(trace_calls_exit(&calls, 7, -1, 0, &call));
	assert_int_equal(call.nr, SYS_rt_sigreturn);
	trace_calls_release(&calls);
}

static void calls_across_a_gap_are_not_told(void **state)
{
	struct trace_calls calls = { .start_ns = 50 };
	struct trace_call call;

	(void)state;
	enter(&calls, 7, 7, SYS_read, 60);
	trace_calls_gap(&calls);
	assert_false(trace_calls_exit(&calls, 7, SYS_read, 0, &call));
	enter(&calls, 7, 7, SYS_read, 70);
	assert_true(trace_calls_exit(&calls, 7, SYS_read, 0, &call));
	assert_int_equal(call.start_ns, 70);
	assert_int_equal(calls.n_unpaired, 1);
	trace_calls_release(&calls);
}

static void a_thread_id_given_out_again_starts_anew(void **state)
{
	struct trace_calls calls = { .start_ns = 50 };
	struct trace_call call;

	(void)state;
	enter(&calls, 7, 7, SYS_exit_group, 60);
	trace_calls_forget(&calls, 7);
	assert_false(trace_calls_exit(&calls, 7, SYS_clone, 0, &call));
	assert_int_equal(calls.n_unpaired, 0);
	trace_calls_release(&calls);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_of_all_types_have_their_times),
		cmocka_unit_test(a_page_tells_what_was_lost_before_it),
		cmocka_unit_test(a_page_cut_anywhere_is_refused_or_ends_early),
		cmocka_unit_test(fields_are_read_from_where_the_format_says),
		cmocka_unit_test(arguments_are_read_as_far_as_the_call_has_them),
		cmocka_unit_test(short_and_strange_events_are_not_decoded),
		cmocka_unit_test(formats_without_what_is_needed_are_refused),
		cmocka_unit_test(a_waking_from_an_interrupt_has_no_waker),
		cmocka_unit_test(states_of_switches_and_of_proc_mean_the_same),
		cmocka_unit_test(threads_and_births_pass_and_most_others_do_not),
		cmocka_unit_test(both_fields_of_a_switch_are_asked),
		cmocka_unit_test(many_threads_make_few_ranges_that_leave_none_out),
		cmocka_unit_test(a_filter_is_stale_when_half_of_its_births_are_used_up),
		cmocka_unit_test(no_birth_is_missed_however_often_the_filter_is_made_anew),
		cmocka_unit_test(the_largest_gaps_stay_closed_to_strangers),
		cmocka_unit_test(births_go_on_from_the_lowest_id_behind_the_highest),
		cmocka_unit_test(a_call_is_what_one_thread_entered_and_left),
		cmocka_unit_test(a_call_that_was_on_at_the_start_counts_from_there),
		cmocka_unit_test(a_newborn_s_return_from_its_birth_is_no_call),
		cmocka_unit_test(an_exec_by_another_thread_comes_back_as_the_first),
		cmocka_unit_test(a_restart_goes_by_the_number_of_what_it_restarts),
		cmocka_unit_test(a_return_from_a_handler_leaves_no_number_and_is_a_call),
		cmocka_unit_test(calls_across_a_gap_are_not_told),
		cmocka_unit_test(a_thread_id_given_out_again_starts_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
