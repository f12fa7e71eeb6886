/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "event/event.h"
#include "event/text.h"

/* The text that is printed for what @text assembles to; freed by the caller. */
static char *printed(const char *text)
{
	struct buf message = { 0 };
	struct event_printer *printer;
	size_t size;
	char *out;
	FILE *file = open_memstream(&out, &size);

	printer = event_printer_new(file);
	if (event_assemble(text, event_printer_sink(printer), &message))
		fail_msg("%s", buf_str(&message));
	event_printer_free(printer);
	fclose(file);
	buf_release(&message);
	return out;
}

static void prints(const char *text, const char *want)
{
	char *got = printed(text);

	assert_string_equal(got, want);
	free(got);
}

static void stays(const char *text)
{
	prints(text, text);
}

static void refused(const char *text, const char *want)
{
	struct event_printer *printer;
	struct buf message = { 0 };
	size_t size;
	char *out;
	FILE *file = open_memstream(&out, &size);

	printer = event_printer_new(file);
	assert_int_equal(event_assemble(text, event_printer_sink(printer), &message), -EINVAL);
	assert_string_equal(buf_str(&message), want);
	event_printer_free(printer);
	fclose(file);
	assert_int_equal(size, 0); /* nothing was put */
	free(out);
	buf_release(&message);
}

static void what_is_printed_is_read_back(void **state)
{
	(void)state;
	stays("meta key=\"host\" value=\"box\"\n"
	      "module id=1 type=elf path=\"/bin/app\" build_id=\"c0ffee\"\n"
	      "module id=2 type=jit path=\"[jit] 7\" pid=7\n"
	      "module id=3 type=77\n"
	      "frame id=1 module=1 address=0x1234\n"
	      "frame id=2 module=1 address=0xffffffffffffffff\n"
	      "name frame=1 function=\"work\" linkage=\"_Z4work\" file=\"w.c\" line=3 start_line=1\n"
	      "name frame=1 depth=1 function=\"main\"\n"
	      "stack id=1 frame=1\n"
	      "stack id=2 parent=1 frame=2\n"
	      "start time_ns=1000 wall_ns=1700000000000000000\n"
	      "comm time_ns=1000 pid=7 tid=8 name=\"a b\" exec=1\n"
	      "fork time_ns=1001 pid=9 tid=9 parent_pid=7 parent_tid=8\n"
	      "sample time_ns=1002 pid=7 tid=8 cpu=1 weight_ns=1000000 stack=2\n"
	      "lost time_ns=1003 cpu=1 count=18446744073709551615\n"
	      "throttle time_ns=1004 cpu=1 on=1\n"
	      "exit time_ns=1005 pid=9 tid=9\n"
	      "counter time_ns=1006 name=\"lost\" value=5\n"
	      "end time_ns=18446744073709551615\n");
}

/* Of every kind, with every field at its largest. */
static void every_kind_has_a_text(void **state)
{
	(void)state;
	for (unsigned int kind = EVENT_STRING + 1; kind < EVENT_N_KINDS; kind++) {
		const struct event_info *info = event_info(kind);
		struct buf text = { 0 };

		buf_puts(&text, info->name);
		if (info->has_time)
			buf_puts(&text, " time_ns=18446744073709551615");
		for (size_t i = 0; i < info->n_fields; i++) {
			static const char *const values[] = {
				[FIELD_U32] = "4294967295",
				[FIELD_U64] = "18446744073709551615",
				[FIELD_DELTA] = "18446744073709551615",
				[FIELD_SID] = "\"text\"",
			};

			const char *value = values[info->fields[i].type];

			if (!strcmp(info->fields[i].name, "address"))
				value = "0xffffffffffffffff";
			if (!strcmp(info->fields[i].name, "result"))
				value = "-1";
			buf_printf(&text, " %s=%s", info->fields[i].name, value);
		}
		buf_puts(&text, "\n");
		stays(buf_str(&text));
		buf_release(&text);
	}
}

static void people_may_write_as_they_like(void **state)
{
	(void)state;
	prints("# a comment\n"
	       "\n"
	       "  \t\n"
	       "  start time=1s wall_ns=0x10 # another\n"
	       "comm pid=7 tid=7 name=app\r\n"
	       "sample time=+1.5ms pid=7 weight=2us\n"
	       "end time=3min",
	       "start time_ns=1000000000 wall_ns=16\n"
	       "comm time_ns=1000000000 pid=7 tid=7 name=\"app\"\n"
	       "sample time_ns=1001500000 pid=7 weight_ns=2000\n"
	       "end time_ns=180000000000\n");
}

static void some_numbers_have_words(void **state)
{
	(void)state;
	stays("sched_switch time_ns=1 cpu=1 prev=7 state=sleeping next=8\n"
	      "task_state time_ns=1 pid=7 tid=7 state=99\n"
	      "wait_stack time_ns=1 pid=7 tid=7 why=pagefault address=0x7f00\n"
	      "syscall time_ns=1 tid=7 result=-9223372036854775808\n"
	      "page_fault time_ns=1 tid=7 address=0x7f00 access=execute\n"
	      "disk_io time_ns=1 tid=7 device=\"vda\" sector=8 bytes=4096 op=write queued_ns=5\n"
	      "signal time_ns=1 tid=7 signo=15 step=delivered\n"
	      "interrupt time_ns=1 kind=soft nr=3 name=\"NET_RX\" duration_ns=9 nested_ns=2\n");
	prints("sched_switch state=runnable\nwait_stack why=other\nsyscall result=-0\n",
	       "sched_switch time_ns=0\nwait_stack time_ns=0\nsyscall time_ns=0\n");
	refused("syscall result=-9223372036854775809",
		"line 1: result=9223372036854775809 is too large");
	refused("syscall nr=-1", "line 1: nr=-1 is no number");
	refused("syscall result=-", "line 1: result= is no number");
}

static void a_string_may_hold_any_bytes(void **state)
{
	(void)state;
	for (unsigned int c = 0; c < 256; c++) {
		struct buf hex = { 0 };
		char *once, *twice;

		buf_printf(&hex, "meta key=\"a\\x%02xb\" value=\"\\x%02X\"\n", c, c);
		once = printed(buf_str(&hex));
		twice = printed(once);
		assert_string_equal(once, twice);
		assert_non_null(strstr(once, "key=\"a"));
		free(once);
		free(twice);
		buf_release(&hex);
	}
	stays("meta key=\"\\\"\\\\\\n\\t\\r\\x00\\x1b\\xff\" value=\"\xc3\xa4 = {#}\"\n");
	prints("meta key=\"\\\\x41\" value=\"\\x41\"", "meta key=\"\\\\x41\" value=\"A\"\n");
}

static void a_string_whose_definition_was_lost_is_marked(void **state)
{
	(void)state;
	stays("meta key=\"k\" value=?\n");
	stays("meta key=\"k\" value=\"?\"\n");
}

static void ids_without_definitions_and_with_several_stay(void **state)
{
	(void)state;
	stays("stack id=9 parent=12 frame=4294967295\n"
	      "stack id=9 frame=1\n"
	      "sample time_ns=5 stack=77\n");
}

static void a_written_stack_makes_what_it_needs(void **state)
{
	(void)state;
	prints("sample pid=7 stack={app!main;app!work>inlined@w.c:12;[kernel]!sys_read}\n"
	       "sample stack={app!main}\n",
	       "module id=1 type=elf path=\"app\"\n"
	       "frame id=1 module=1 address=0x1000\n"
	       "name frame=1 function=\"main\"\n"
	       "stack id=1 frame=1\n"
	       "frame id=2 module=1 address=0x1010\n"
	       "name frame=2 function=\"inlined\" file=\"w.c\" line=12\n"
	       "name frame=2 depth=1 function=\"work\"\n"
	       "stack id=2 parent=1 frame=2\n"
	       "module id=2 type=kernel path=\"[kernel]\"\n"
	       "frame id=3 module=2 address=0xffffffff81001020\n"
	       "name frame=3 function=\"sys_read\"\n"
	       "stack id=3 parent=2 frame=3\n"
	       "sample time_ns=0 pid=7 stack=3\n"
	       "sample time_ns=0 stack=1\n");
}

static void a_written_stack_knows_notes_modules_and_bare_addresses(void **state)
{
	(void)state;
	prints("sample stack={[note:cut off; or so];lib+0x10;[jit]!f ; g @ \"a;b\":3} pid=7\n",
	       "module id=1 type=note path=\"cut off; or so\"\n"
	       "frame id=1 module=1\n"
	       "stack id=1 frame=1\n"
	       "module id=2 type=elf path=\"lib\"\n"
	       "frame id=2 module=2 address=0x10\n"
	       "stack id=2 parent=1 frame=2\n"
	       "module id=3 type=jit path=\"[jit] 7\" pid=7\n"
	       "frame id=3 module=3 address=0x1000\n"
	       "name frame=3 function=\"f\"\n"
	       "stack id=3 parent=2 frame=3\n"
	       "frame id=4 module=3 address=0x1010\n"
	       "name frame=4 function=\"g\" file=\"a;b\" line=3\n"
	       "stack id=4 parent=3 frame=4\n"
	       "sample time_ns=0 pid=7 stack=4\n");
}

static void a_written_stack_goes_on_behind_ids_of_lines(void **state)
{
	(void)state;
	prints("module id=5 type=elf path=app build_id=c0ffee\n"
	       "frame id=6 module=5 address=0x1\n"
	       "stack id=7 frame=6\n"
	       "sample stack={main}\n"
	       "sample stack={\"a>b\\x21\"}\n",
	       "module id=5 type=elf path=\"app\" build_id=\"c0ffee\"\n"
	       "frame id=6 module=5 address=0x1\n"
	       "stack id=7 frame=6\n"
	       "frame id=7 module=5 address=0x1000\n"
	       "name frame=7 function=\"main\"\n"
	       "stack id=8 frame=7\n"
	       "sample time_ns=0 stack=8\n"
	       "frame id=8 module=5 address=0x1010\n"
	       "name frame=8 function=\"a>b!\"\n"
	       "stack id=9 frame=8\n"
	       "sample time_ns=0 stack=9\n");
}

static void errors_name_the_line(void **state)
{
	(void)state;
	refused("\n\nfoo pid=1", "line 3: there is no event 'foo'");
	refused("sample pid=1\nend x", "line 2: 'x' is no FIELD=VALUE");
	refused("exit =1", "line 1: '' is no FIELD=VALUE");
	refused("exit foo=1", "line 1: exit has no field 'foo', but time_ns pid tid");
	refused("stack time_ns=1 id=1",
		"line 1: stack has no field 'time_ns', but id parent frame");
	refused("exit pid=x", "line 1: pid=x is no number");
	refused("exit pid=", "line 1: pid= is no number");
	refused("exit pid=-1", "line 1: pid=-1 is no number");
	refused("exit pid=0x", "line 1: pid=0x is no number");
	refused("exit pid=4294967296", "line 1: pid=4294967296 is too large");
	refused("end time_ns=18446744073709551616", "line 1: time_ns=18446744073709551616 is too "
						    "large");
	refused("end time=soon", "line 1: time=soon is no duration, such as 1.5ms");
	refused("end time_ns=18446744073709551615\nend time=+1ns", "line 2: the time is too large");
	refused("exit pid=1 pid=1", "line 1: 'pid' stands twice");
	refused("end time=1s time_ns=1", "line 1: 'time_ns' stands twice");
	refused("sample weight=1ms weight_ns=1", "line 1: 'weight_ns' stands twice");
	refused("string id=1",
		"line 1: strings stand where they are used, on no line of their own");
	refused("module path=x", "line 1: module wants an id");
	refused("frame address=1", "line 1: frame wants an id");
	refused("stack frame=1", "line 1: stack wants an id");
	refused("sample stack={a!b}\nmodule id=2147483648\n",
		"where stacks are written out ids end at 2147483647");
	refused("module id=1 type=exe", "line 1: type=exe is no number");
	refused("comm name=\"abc", "line 1: the text in quotes does not end");
	refused("comm name=\"abc\nend", "line 1: the text in quotes does not end");
	refused("comm name=\"abc\"d=1", "line 1: a blank is missing in front of 'd=1'");
	refused("comm name=\"\\q\"", "line 1: no such escape; there are \\\" \\\\ \\n \\t \\r and "
				     "\\xHH");
	refused("comm name=\"\\xg\"", "line 1: \\x wants two hexadecimal digits");
	refused("comm name=\"\\x1", "line 1: \\x wants two hexadecimal digits");
}

static void errors_in_stacks_are_told(void **state)
{
	(void)state;
	refused("sample stack={", "line 1: the stack has a function without a name");
	refused("sample stack={}", "line 1: the stack has a function without a name");
	refused("sample stack={a!}", "line 1: the stack has a function without a name");
	refused("sample stack={a>}", "line 1: the stack has a function without a name");
	refused("sample stack={a;}", "line 1: the stack has a function without a name");
	refused("sample stack={a", "line 1: the stack does not end with '}'");
	refused("sample stack={\"a\"b}", "line 1: ';' or '}' is missing in the stack");
	refused("sample stack={a@f.c:x}", "line 1: 'x' is no line number");
	refused("sample stack={[note:]}", "line 1: a note is [note:TEXT]");
	refused("sample stack={[note:a", "line 1: a note is [note:TEXT]");
	refused("sample stack={a!b\"}\"}", "line 1: a quote stands within a name of the stack: "
					   "put all of the name in quotes");
	refused("sample stack={a}x", "line 1: a blank is missing in front of 'x'");
}

static int fail_put(struct event_sink *sink, const struct event *event)
{
	(void)sink;
	(void)event;
	return -ENOSPC;
}

static void the_error_of_the_sink_is_returned(void **state)
{
	struct event_sink sink = { fail_put };
	struct buf message = { 0 };

	(void)state;
	assert_int_equal(event_assemble("\nend", &sink, &message), -ENOSPC);
	assert_string_equal(buf_str(&message), "line 2: No space left on device");
	buf_clear(&message);
	assert_int_equal(event_assemble("sample stack={a}", &sink, &message), -ENOSPC);
	buf_release(&message);
}

static void what_cannot_be_printed_is_an_error(void **state)
{
	FILE *full = fopen("/dev/full", "w");
	struct event_printer *printer;
	struct buf message = { 0 };

	(void)state;
	setvbuf(full, NULL, _IONBF, 0);
	printer = event_printer_new(full);
	assert_int_equal(event_assemble("end", event_printer_sink(printer), &message), -EIO);
	event_printer_free(printer);
	event_printer_free(NULL);
	fclose(full);
	buf_release(&message);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_printed_is_read_back),
		cmocka_unit_test(every_kind_has_a_text),
		cmocka_unit_test(people_may_write_as_they_like),
		cmocka_unit_test(some_numbers_have_words),
		cmocka_unit_test(a_string_may_hold_any_bytes),
		cmocka_unit_test(a_string_whose_definition_was_lost_is_marked),
		cmocka_unit_test(ids_without_definitions_and_with_several_stay),
		cmocka_unit_test(a_written_stack_makes_what_it_needs),
		cmocka_unit_test(a_written_stack_knows_notes_modules_and_bare_addresses),
		cmocka_unit_test(a_written_stack_goes_on_behind_ids_of_lines),
		cmocka_unit_test(errors_name_the_line),
		cmocka_unit_test(errors_in_stacks_are_told),
		cmocka_unit_test(the_error_of_the_sink_is_returned),
		cmocka_unit_test(what_cannot_be_printed_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
