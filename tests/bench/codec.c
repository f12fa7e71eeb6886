/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What it costs to write and to read an event of the hot path: a sample.  Prints
 * nanoseconds an event, the best of some rounds, and their ratio to a limit that a
 * machine like a laptop keeps easily; exits 1 where one is passed by a factor of four.
 */
#include <stdio.h>
#include <time.h>

#include "base/mem.h"
#include "event/codec.h"

enum { N_EVENTS = 200000, N_ROUNDS = 15 };

#define LIMIT_NS 50.0

static double now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static struct event sample(uint32_t n)
{
	struct event event = { .kind = EVENT_SAMPLE, .time_ns = 1000000007u * (uint64_t)n };

	event.sample = (struct event_sample){
		.pid = 12345,
		.tid = 12345 + n % 16,
		.cpu = n % 2,
		.weight_ns = 10000000,
		.stack = n % 5000,
	};
	return event;
}

static void encode_all(struct buf *wire)
{
	struct event_codec codec = { 0 };

	buf_clear(wire);
	for (uint32_t n = 0; n < N_EVENTS; n++) {
		struct event event = sample(n);

		event_encode(&codec, wire, &event);
	}
}

/* Returns the sum of the stacks, so that nothing can be left out. */
static uint64_t decode_all(const struct buf *wire)
{
	struct event_codec codec = { 0 };
	struct event event;
	uint64_t sum = 0;
	ssize_t n;

	for (size_t at = 0; at < wire->size; at += (size_t)n) {
		n = event_decode(&codec, wire->data + at, wire->size - at, &event);
		if (n < 0)
			return 0;
		sum += event.sample.stack;
	}
	return sum;
}

static int print(const char *name, double ns)
{
	printf("codec %-7s %6.1f ns/event  limit %.0f  ratio %.2f\n", name, ns, LIMIT_NS,
	       ns / LIMIT_NS);
	return ns > 4 * LIMIT_NS;
}

int main(void)
{
	double encode_ns = 1e9, decode_ns = 1e9, start;
	struct buf wire = { 0 };
	uint64_t sum = 0, want = 0;

	for (uint32_t n = 0; n < N_EVENTS; n++)
		want += n % 5000;
	for (int round = 0; round < N_ROUNDS; round++) {
		start = now_ns();
		encode_all(&wire);
		start = (now_ns() - start) / N_EVENTS;
		encode_ns = start < encode_ns ? start : encode_ns;
		start = now_ns();
		sum = decode_all(&wire);
		start = (now_ns() - start) / N_EVENTS;
		decode_ns = start < decode_ns ? start : decode_ns;
	}
	printf("codec size    %6.1f bytes/event\n", (double)wire.size / N_EVENTS);
	buf_release(&wire);
	if (sum != want)
		return 1;
	return print("encode", encode_ns) | print("decode", decode_ns);
}
