/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the two sides of `sysprof serve` say to each other, over a socket of packets: the
 * HTTP side, which has no privilege, asks; the recorder's side, which reads no byte that came
 * over a network but these structs, answers each request once, in any order.
 */
#ifndef UI_SERVE_H
#define UI_SERVE_H

#include <stdbool.h>
#include <stdint.h>

#define SERVE_NAME_SIZE  256
#define SERVE_WORDS_SIZE 128
#define SERVE_MAX_NS     (UINT64_C(300) * 1000000000) /* of one collection */
#define SERVE_MAX_HZ     10000

#define SERVE_MAX_ADDRESSES 16384u

enum serve_client { SERVE_HTTP, SERVE_PUSH, SERVE_N_CLIENTS };

enum serve_scope { SERVE_ALL, SERVE_PID, SERVE_COMM, SERVE_CGROUP, SERVE_N_SCOPES };

struct serve_target {
	uint32_t scope; /* enum serve_scope */
	uint32_t pid;
	char name[SERVE_NAME_SIZE]; /* of processes, or the path of a cgroup: "/system.slice/x" */
};

/* What is asked for. */
enum serve_subject {
	SERVE_CPU,
	SERVE_BLOCK,
	SERVE_MUTEX,
	SERVE_GOROUTINE,
	SERVE_HEAP,
	SERVE_ALLOCS,
	SERVE_THREADCREATE,
	SERVE_TRACE,
	SERVE_SYMBOL,   /* names of addresses, which come along as a file of numbers of 64 bits */
	SERVE_DIAGNOSE, /* from here on tables, not stacks */
	SERVE_LOCKS,
	SERVE_LATENCY,
	SERVE_SYSCALLS,
	SERVE_THREADS,
	SERVE_N_SUBJECTS
};

static inline bool serve_is_table(uint32_t subject)
{
	return subject >= SERVE_DIAGNOSE && subject < SERVE_N_SUBJECTS;
}

enum serve_form {
	SERVE_PPROF,
	SERVE_TEXT,   /* Go's debug=1 */
	SERVE_STACKS, /* debug=2: a block of text for each stack */
	SERVE_SVG,    /* a flame graph */
	SERVE_CHROME,
	SERVE_PFTRACE,
	SERVE_HTML, /* one page with the timeline and every profile */
	SERVE_JSON, /* of tables */
	SERVE_N_FORMS
};

enum serve_window {
	SERVE_FROM_NOW,   /* the next span_ns; of what is a state, what it changes by meanwhile */
	SERVE_SNAPSHOT,   /* how it is now, seen for span_ns at least */
	SERVE_CUMULATIVE, /* all since watching began, which is span_ns ago at least */
	SERVE_SINCE_LAST, /* since the same was asked for last; the next span_ns at first */
	SERVE_PAST,       /* the last span_ns, as far as they were watched */
	SERVE_N_WINDOWS
};

struct serve_request {
	uint32_t id;        /* not 0 */
	uint32_t client;    /* who asks: the recorder's side sets it */
	uint32_t is_cancel; /* nobody waits for the answer to @id any more; the rest is unused */
	struct serve_target target;
	uint32_t is_stranger; /* who asks may not know where the kernel lies */
	uint32_t subject;     /* enums, each */
	uint32_t form;
	uint32_t window;
	uint32_t hz;                  /* 0: as the server was told */
	uint32_t max_samples;         /* stacks in the answer; 0: all there are */
	uint64_t span_ns;             /* at most SERVE_MAX_NS */
	uint64_t before_ns;           /* of SERVE_PAST: compared with so long before; 0: not */
	char focus[SERVE_WORDS_SIZE]; /* extended RE; "": none */
};

/* The body comes along as the descriptor of a file in memory; of a failure it is a sentence. */
struct serve_reply {
	uint32_t id;
	uint32_t status; /* of HTTP */
};

/* Of memory, of which more is watched than time. */
static inline bool serve_is_memory(const struct serve_request *request)
{
	return request->subject == SERVE_HEAP || request->subject == SERVE_ALLOCS;
}

/* What is so at a moment, rather than what happens: its differences are of two moments. */
static inline bool serve_is_state(const struct serve_request *request)
{
	return serve_is_memory(request) || request->subject == SERVE_GOROUTINE ||
	       request->subject == SERVE_THREADCREATE;
}

/* 0, or -EINVAL: no honest HTTP side asks for that. */
int serve_request_check(const struct serve_request *request);

/* @fd: -1 for none; it is not closed.  0 or -errno. */
int serve_send(int socket, const void *data, uint32_t size, int fd);

/*
 * Takes one packet of @size bytes; @ret_fd is owned, -1: there was none; NULL: none is wanted.  1;
 * 0 at the end, when nobody is at the other side; or -errno, -EAGAIN if there is none now.
 */
int serve_receive(int socket, void *data, uint32_t size, int *ret_fd);

#endif /* UI_SERVE_H */
