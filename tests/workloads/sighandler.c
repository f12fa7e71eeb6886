/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * usage: sighandler [SECONDS]
 * A timer interrupts victim_burn every 10 ms or more of its CPU time; the handler burns
 * 10 ms itself.  Truth: below every handler frame stand the signal frame, victim_burn and
 * main; what each side took is printed, as JSON.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/time.h>

#include "burn.h"

static uint64_t in_handler_ns;

static NOINLINE void handler_burn(void)
{
	burn_ns(10000000);
	NO_TAIL_CALL();
}

static void arm(void)
{
	struct itimerval in_10ms = { .it_value = { .tv_usec = 10000 } };

	setitimer(ITIMER_VIRTUAL, &in_10ms, NULL);
}

static void on_timer(int signal)
{
	uint64_t start = cpu_ns();

	(void)signal;
	handler_burn();
	in_handler_ns += cpu_ns() - start;
	arm();
}

static NOINLINE void victim_burn(uint64_t ns)
{
	/* No calls here, so that the signal always finds this function itself. */
	for (uint64_t n = ns / 20000; n; n--)
		spin();
	NO_TAIL_CALL();
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_timer, .sa_flags = SA_RESTART };
	uint64_t end = cpu_ns() + seconds_arg(argc, argv, 1);

	sigaction(SIGVTALRM, &action, NULL);
	arm();
	while (cpu_ns() < end)
		victim_burn(50000000);
	signal(SIGVTALRM, SIG_IGN);
	printf("{\"handler_burn\": %llu, \"victim_burn\": %llu}\n",
	       (unsigned long long)in_handler_ns, (unsigned long long)(cpu_ns() - in_handler_ns));
	return 0;
}
