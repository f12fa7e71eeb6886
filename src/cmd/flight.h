/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The flight recorder: the recent past is kept in memory and written when something
 * happens.  Written while the recording goes on, it is by a forked child: what that has is
 * the past of that moment, and the recorder loses no time.
 */
#ifndef CMD_FLIGHT_H
#define CMD_FLIGHT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/array.h"
#include "record/trigger.h"
#include "recording.h"

struct flight_options {
	uint64_t span_ns; /* 0: no flight recorder */
	uint64_t max_bytes;
	uint64_t after_ns; /* to record after a trigger */
	uint64_t n_wanted; /* recordings by triggers */
	ARRAY(struct trigger_condition) conditions;
};

struct flight;

/* Sees to it that events go to memory.  All is borrowed until flight_free(). */
struct flight *flight_new(const struct flight_options *options, const char *path,
			  struct recording *rec);
void flight_free(struct flight *flight);
void flight_set_recorder(struct flight *flight, struct recorder *recorder);

/* For recorder_options.on_entry, with the flight recorder as its argument. */
bool flight_enter(void *flight, const struct function_name *name,
		  const struct function_entry *entry);

/* SIGUSR2 is for the flight recorder from here on. */
void flight_catch_signal(void);

/* After each step of the recorder.  1: the last recording that was asked for is due. */
int flight_step(struct flight *flight);

/* The recorder has stopped: write what is in memory.  An exit status. */
int flight_write(struct flight *flight, const volatile sig_atomic_t *stop);

size_t flight_size_bytes(const struct flight *flight);

#endif /* CMD_FLIGHT_H */
