/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * usage: altstack [SECONDS [MASK]]
 * A timer interrupts victim_burn every 4 ms of its CPU time; the handler, on a stack of its
 * own, burns 4 ms.  Every millisecond or so another function calls victim_burn, at the same
 * depth.  With MASK, what runs between the two blocks the timer's signal itself for a while.
 * Truth: below handle_left stand the signal frame, victim_burn, left and main; below
 * handle_right the same with right, or masked_burn, where the signal is unblocked.
 */
#include <signal.h>
#include <stdbool.h>
#include <sys/time.h>

#include "burn.h"

static volatile bool is_left;

static NOINLINE void handle_left(void)
{
	burn_ns(4000000);
	NO_TAIL_CALL();
}

static NOINLINE void handle_right(void)
{
	burn_ns(4000000);
	NO_TAIL_CALL();
}

static void arm(void)
{
	struct itimerval in_4ms = { .it_value = { .tv_usec = 4000 } };

	setitimer(ITIMER_VIRTUAL, &in_4ms, NULL);
}

static void on_timer(int signal)
{
	(void)signal;
	if (is_left)
		handle_left();
	else
		handle_right();
	arm();
}

static NOINLINE void victim_burn(void)
{
	/* No calls here, so that the signal always finds this function itself. */
	for (int n = 0; n < 50; n++)
		spin();
	NO_TAIL_CALL();
}

static NOINLINE void left(void)
{
	is_left = true;
	victim_burn();
	NO_TAIL_CALL();
}

static NOINLINE void right(void)
{
	is_left = false;
	victim_burn();
	NO_TAIL_CALL();
}

static NOINLINE void masked_burn(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGVTALRM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (int n = 0; n < 50; n++)
		spin();
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void burn_in_turns(bool masks)
{
	left();
	right();
	if (masks)
		masked_burn();
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_timer, .sa_flags = SA_RESTART | SA_ONSTACK };
	uint64_t end = cpu_ns() + seconds_arg(argc, argv, 1);
	stack_t stack = { .ss_size = 256 << 10 };

	stack.ss_sp = malloc(stack.ss_size);
	sigaltstack(&stack, NULL);
	sigaction(SIGVTALRM, &action, NULL);
	arm();
	while (cpu_ns() < end) {
		for (int n = 0; n < 200; n++) /* main itself is hardly ever interrupted */
			burn_in_turns(argc > 2);
	}
	signal(SIGVTALRM, SIG_IGN);
	return 0;
}
