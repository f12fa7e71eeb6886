/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Answers one request of `sysprof serve`, in a child of the process that records: names what
 * was recorded, gives up its privilege, and makes the profile with the code of `report` and
 * `export`.
 */
#ifndef CMD_SERVE_ANSWER_H
#define CMD_SERVE_ANSWER_H

#include "analysis/analysis.h"
#include "data/ring.h"
#include "model/filter.h"
#include "recording.h"
#include "serve_target.h"
#include "ui/serve.h"

/* What is added up all the time, for cumulative profiles. */
struct serve_live {
	struct model *model; /* NULL: nothing is */
	struct sched *sched;
	struct filter filter;           /* of both; empty until the end */
	void *states[SERVE_N_SUBJECTS]; /* of the analyses; NULL: not added up */
};

struct answer { /* all borrowed */
	struct recorder *recorder;
	struct recording *recording;
	struct ring *ring;
	struct serve_live *live;
	struct serve_request request;
	struct serve_pids pids;    /* of a cgroup: those that were in it at the beginning */
	uint64_t start_ns, end_ns; /* of what is asked for */
	uint64_t begun_ns;         /* when recording began */
	uint64_t told_ns;          /* whatever happened until then has been put */
	int replies;               /* socket */
	int names;                 /* file, for those that are found of what is live */
	int before, after; /* files: the profile to be subtracted, and where this one goes; -1 */
	bool is_silent;    /* only that: nobody is answered, unless it fails */
};

/* In a child that was forked between two steps; does not return. */
void answer_run(struct answer *answer) __attribute__((noreturn));

/* Sends @text as the answer. */
void answer_say(int replies, uint32_t id, uint32_t status, const char *text);

/* A file in memory that is written to instead of stderr from now on, or -1. */
int answer_capture(void);

/* What was said since, as one sentence; @fallback if nothing was. */
void answer_captured(int fd, const char *fallback, struct buf *ret);

#endif /* CMD_SERVE_ANSWER_H */
