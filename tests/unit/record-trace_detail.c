/* SPDX-License-Identifier: GPL-2.0-only */
/* What --trace adds to the exact stream: its fields, pairs of events, what becomes an event. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <string.h>
#include <cmocka.h>

#include "record/trace_detail.h"

#define COMMON                                                                         \
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"         \
	"\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"         \
	"\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n" \
	"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"

static const char fault_format[] =
	"name: page_fault_user\nID: 190\nformat:\n" COMMON
	"\tfield:unsigned long address;\toffset:8;\tsize:8;\tsigned:0;\n"
	"\tfield:unsigned long ip;\toffset:16;\tsize:8;\tsigned:0;\n"
	"\tfield:unsigned long error_code;\toffset:24;\tsize:8;\tsigned:0;\n\nprint fmt: \"x\"\n";

static const char done_format[] =
	"name: block_rq_complete\nID: 2107\nformat:\n" COMMON
	"\tfield:dev_t dev;\toffset:8;\tsize:4;\tsigned:0;\n"
	"\tfield:sector_t sector;\toffset:16;\tsize:8;\tsigned:0;\n"
	"\tfield:unsigned int nr_sector;\toffset:24;\tsize:4;\tsigned:0;\n"
	"\tfield:int error;\toffset:28;\tsize:4;\tsigned:1;\n"
	"\tfield:char rwbs[10];\toffset:34;\tsize:10;\tsigned:0;\n\nprint fmt: \"x\"\n";

static const char sent_format[] =
	"name: signal_generate\nID: 261\nformat:\n" COMMON
	"\tfield:int sig;\toffset:8;\tsize:4;\tsigned:1;\n"
	"\tfield:pid_t pid;\toffset:36;\tsize:4;\tsigned:1;\n"
	"\tfield:int group;\toffset:40;\tsize:4;\tsigned:1;\n"
	"\tfield:int result;\toffset:44;\tsize:4;\tsigned:1;\n\nprint fmt: \"x\"\n";

static const char irq_format[] =
	"name: irq_handler_entry\nID: 225\nformat:\n" COMMON
	"\tfield:int irq;\toffset:8;\tsize:4;\tsigned:1;\n"
	"\tfield:__data_loc char[] name;\toffset:12;\tsize:4;\tsigned:0;\n\nprint fmt: \"x\"\n";

static struct trace_formats learn(enum trace_kind kind, const char *format)
{
	struct trace_formats f = { 0 };

	assert_int_equal(trace_formats_learn(&f, kind, format, strlen(format)), 0);
	return f;
}

static void set(unsigned char *data, size_t offset, int64_t value, size_t size)
{
	memcpy(data + offset, &value, size);
}

static void a_fault_says_where_and_what_for(void **state)
{
	static const struct {
		uint64_t code;
		enum memory_access want;
	} rows[] = {
		{ 4, ACCESS_READ }, { 6, ACCESS_WRITE }, { 7, ACCESS_WRITE }, { 20, ACCESS_EXECUTE }
	};
	struct trace_formats f = learn(TRACE_FAULT, fault_format);
	unsigned char data[32] = { 0 };
	struct trace_record r;

	(void)state;
	set(data, 0, 190, 2);
	set(data, 4, 7, 4);
	set(data, 8, 0x7f1234567000, 8);
	set(data, 16, 0x401000, 8);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		set(data, 24, (int64_t)rows[i].code, 8);
		assert_true(trace_decode(&f, data, sizeof(data), &r));
		assert_int_equal(r.kind, TRACE_FAULT);
		assert_int_equal(r.fault.tid, 7);
		assert_int_equal(r.fault.address, 0x7f1234567000);
		assert_int_equal(r.fault.ip, 0x401000);
		assert_int_equal(r.fault.access, rows[i].want);
	}
}

static void a_request_s_letters_say_what_it_is(void **state)
{
	static const struct {
		const char *letters;
		enum disk_op want;
	} rows[] = {
		{ "R", DISK_READ },      { "RAM", DISK_READ }, { "WS", DISK_WRITE },
		{ "FWFSM", DISK_WRITE }, { "FF", DISK_FLUSH }, { "F", DISK_FLUSH },
		{ "DS", DISK_DISCARD },  { "N", DISK_OTHER },  { "", DISK_OTHER },
	};
	struct trace_formats f = learn(TRACE_DISK_DONE, done_format);
	unsigned char data[48] = { 0 };
	struct trace_record r;

	(void)state;
	set(data, 0, 2107, 2);
	set(data, 8, 254 << 20 | 3, 4);
	set(data, 16, 1ll << 40, 8);
	set(data, 24, 256, 4);
	set(data, 28, -EIO, 4);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		memset(data + 34, 0, 10);
		memcpy(data + 34, rows[i].letters, strlen(rows[i].letters));
		assert_true(trace_decode(&f, data, sizeof(data), &r));
		assert_int_equal(r.disk.op, rows[i].want);
	}
	assert_int_equal(r.disk.dev, 254u << 20 | 3);
	assert_int_equal(r.disk.sector, 1ll << 40);
	assert_int_equal(r.disk.n_sectors, 256);
	assert_int_equal(r.disk.error, -EIO);
}

static void a_signal_has_a_sender_unless_an_interrupt_sent_it(void **state)
{
	struct trace_formats f = learn(TRACE_SIGNAL_SENT, sent_format);
	unsigned char data[48] = { 0 };
	struct trace_record r;

	(void)state;
	set(data, 0, 261, 2);
	set(data, 4, 7, 4);
	set(data, 8, 15, 4);
	set(data, 36, 8, 4);
	set(data, 40, 1, 4);
	assert_true(trace_decode(&f, data, sizeof(data), &r));
	assert_int_equal(r.signal.tid, 8);
	assert_int_equal(r.signal.sender, 7);
	assert_int_equal(r.signal.signo, 15);
	assert_int_equal(r.signal.step, SIGNAL_SENT);
	assert_true(r.signal.to_process);
	set(data, 44, 2, 4); /* pending already */
	assert_true(trace_decode(&f, data, sizeof(data), &r));
	assert_int_equal(r.signal.step, SIGNAL_IGNORED);
	data[2] = 0x08;
	assert_true(trace_decode(&f, data, sizeof(data), &r));
	assert_int_equal(r.signal.sender, 0);
}

static void a_name_lies_within_its_event_or_there_is_none(void **state)
{
	struct trace_formats f = learn(TRACE_IRQ_ENTRY, irq_format);
	unsigned char data[24] = { 0 };
	struct trace_record r;

	(void)state;
	set(data, 0, 225, 2);
	set(data, 8, 29, 4);
	memcpy(data + 16, "virtio0", 8);
	set(data, 12, 8 << 16 | 16, 4);
	assert_true(trace_decode(&f, data, sizeof(data), &r));
	assert_int_equal(r.irq.nr, 29);
	assert_int_equal(r.irq.name_size, 7);
	assert_memory_equal(r.irq.name, "virtio0", 7);
	set(data, 12, 9 << 16 | 16, 4); /* one byte too many */
	assert_true(trace_decode(&f, data, sizeof(data), &r));
	assert_int_equal(r.irq.name_size, 0);
	set(data, 12, 0xffff, 4);
	assert_true(trace_decode(&f, data, sizeof(data), &r));
	assert_int_equal(r.irq.name_size, 0);
}

static const struct trace_disk_io from_seven = { 7, 1, 100, 8, DISK_READ, 0 };
static const struct trace_disk_io from_worker = { 9, 1, 100, 8, DISK_READ, 0 };

static void who_asked_is_not_who_hands_over(void **state)
{
	struct trace_disk disk = { 0 };
	struct trace_request request;

	(void)state;
	trace_disk_start(&disk, &from_seven, 1000);
	trace_disk_issue(&disk, &from_worker, 1400);
	assert_true(trace_disk_done(&disk, &from_worker, &request));
	assert_int_equal(request.tid, 7);
	assert_int_equal(request.made_ns, 1000);
	assert_int_equal(request.issued_ns, 1400);
	assert_int_equal(request.n_sectors, 8);
	assert_false(trace_disk_done(&disk, &from_worker, &request));
	trace_disk_issue(&disk, &from_worker, 2000); /* it was not seen to be made */
	assert_true(trace_disk_done(&disk, &from_worker, &request));
	assert_int_equal(request.tid, 9);
	assert_int_equal(request.made_ns, 0);
	trace_disk_release(&disk);
}

static void requests_that_differ_in_one_thing_are_apart(void **state)
{
	struct trace_disk_io other_dev = from_seven, other_op = from_seven,
			     other_place = from_seven;
	struct trace_disk disk = { 0 };
	struct trace_request request;

	(void)state;
	other_dev.dev = 2;
	other_op.op = DISK_WRITE;
	other_place.sector = 108;
	trace_disk_issue(&disk, &from_seven, 1000);
	assert_false(trace_disk_done(&disk, &other_dev, &request));
	assert_false(trace_disk_done(&disk, &other_op, &request));
	assert_false(trace_disk_done(&disk, &other_place, &request));
	assert_true(trace_disk_done(&disk, &from_seven, &request));
	trace_disk_release(&disk);
}

static void a_request_done_in_parts_is_told_once_and_whole(void **state)
{
	struct trace_disk_io part = from_seven;
	struct trace_disk disk = { 0 };
	struct trace_request request;

	(void)state;
	trace_disk_start(&disk, &from_seven, 1000);
	trace_disk_issue(&disk, &from_seven, 1100);
	part.n_sectors = 3;
	assert_false(trace_disk_done(&disk, &part, &request));
	part.sector = 103;
	part.n_sectors = 5;
	assert_true(trace_disk_done(&disk, &part, &request));
	assert_int_equal(request.sector, 100);
	assert_int_equal(request.n_sectors, 8);
	assert_int_equal(request.issued_ns, 1100);
	trace_disk_release(&disk);
}

static void what_was_merged_into_another_request_does_not_pile_up(void **state)
{
	struct trace_disk disk = { 0 };
	struct trace_disk_io io = from_seven;
	struct trace_request request;

	(void)state;
	for (uint64_t i = 0; i < 200000; i++) {
		io.sector = 8 * i;
		trace_disk_start(&disk, &io, i);
	}
	assert_true(disk.requests.n <= 65536);
	trace_disk_issue(&disk, &io, 300000);
	trace_disk_gap(&disk);
	assert_false(trace_disk_done(&disk, &io, &request));
	trace_disk_release(&disk);
}

struct collector {
	struct event_sink sink;
	struct event last;
	size_t n;
};

static int collect(struct event_sink *sink, const struct event *event)
{
	struct collector *collector = (struct collector *)sink;

	if (event->kind == EVENT_STRING)
		return 0;
	collector->last = *event;
	collector->n++;
	return 0;
}

static void irq(struct trace_detail *detail, enum trace_kind kind, uint32_t nr, uint64_t time_ns)
{
	trace_detail_take(detail,
			  &(struct trace_record){
				  .kind = kind,
				  .cpu = 1,
				  .time_ns = time_ns,
				  .irq = { .tid = 7, .nr = nr, .name = "eth0", .name_size = 4 },
			  });
}

static void an_interrupt_in_a_softirq_is_not_the_softirq_s_time(void **state)
{
	struct collector to = { .sink.put = collect };
	struct targets targets = { .is_all = true };
	struct life life = { .targets = &targets };
	struct trace_detail detail = { .sink = &to.sink, .life = &life };

	(void)state;
	detail.definer = definer_new(&to.sink);
	irq(&detail, TRACE_IRQ_EXIT, 5, 900); /* it began before us */
	assert_int_equal(to.n, 0);
	irq(&detail, TRACE_SOFTIRQ_ENTRY, 3, 1000);
	irq(&detail, TRACE_IRQ_ENTRY, 5, 1200);
	irq(&detail, TRACE_IRQ_EXIT, 5, 1500);
	assert_int_equal(to.last.interrupt.kind, INTERRUPT_HARD);
	assert_int_equal(to.last.interrupt.duration_ns, 300);
	assert_int_equal(to.last.interrupt.nested_ns, 0);
	irq(&detail, TRACE_SOFTIRQ_EXIT, 3, 2000);
	assert_int_equal(to.last.interrupt.kind, INTERRUPT_SOFT);
	assert_int_equal(to.last.interrupt.duration_ns, 1000);
	assert_int_equal(to.last.interrupt.nested_ns, 300);
	irq(&detail, TRACE_SOFTIRQ_ENTRY, 3, 3000);
	trace_detail_gap(&detail, 1);
	irq(&detail, TRACE_SOFTIRQ_EXIT, 3, 4000);
	assert_int_equal(to.n, 2);
	definer_free(detail.definer);
	trace_detail_release(&detail);
}

static void faults_of_strangers_are_not_told(void **state)
{
	struct collector to = { .sink.put = collect };
	struct targets targets = { 0 };
	struct life life = { .targets = &targets };
	struct trace_detail detail = { .sink = &to.sink, .life = &life };
	struct trace_record record = { .kind = TRACE_FAULT,
				       .time_ns = 5,
				       .fault = { .tid = 7, .address = 0x1000 } };

	(void)state;
	trace_detail_take(&detail, &record);
	assert_int_equal(to.n, 0);
	targets_add_thread(&targets, 7, 7);
	trace_detail_take(&detail, &record);
	assert_int_equal(to.n, 1);
	assert_int_equal(to.last.page_fault.address, 0x1000);
	targets_release(&targets);
	trace_detail_release(&detail);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fault_says_where_and_what_for),
		cmocka_unit_test(a_request_s_letters_say_what_it_is),
		cmocka_unit_test(a_signal_has_a_sender_unless_an_interrupt_sent_it),
		cmocka_unit_test(a_name_lies_within_its_event_or_there_is_none),
		cmocka_unit_test(who_asked_is_not_who_hands_over),
		cmocka_unit_test(requests_that_differ_in_one_thing_are_apart),
		cmocka_unit_test(a_request_done_in_parts_is_told_once_and_whole),
		cmocka_unit_test(what_was_merged_into_another_request_does_not_pile_up),
		cmocka_unit_test(an_interrupt_in_a_softirq_is_not_the_softirq_s_time),
		cmocka_unit_test(faults_of_strangers_are_not_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
