/* SPDX-License-Identifier: GPL-2.0-only */
#include "runtime/runtime.h"

#include <fnmatch.h>
#include <string.h>

/*
 * runtime.stwReason.  Since Go 1.21, where it appeared, numbers have only been added: the
 * source asks that none be given another meaning.
 */
static const char *const go_reasons[] = {
	"unknown",
	"GC mark termination",
	"GC sweep termination",
	"write heap dump",
	"goroutine profile",
	"goroutine profile cleanup",
	"all goroutines stack trace",
	"read mem stats",
	"AllThreadsSyscall",
	"GOMAXPROCS",
	"start trace",
	"stop trace",
	"CountPagesInUse (test)",
	"ReadMetricsSlow (test)",
	"ReadMemStatsSlow (test)",
	"PageCachePagesLeaked (test)",
	"ResetDebugLog (test)",
	NULL,
};

static const char *const python_reasons[] = {
	"generation 0",
	"generation 1",
	"generation 2",
	NULL,
};

/* v8::internal::GarbageCollector */
static const char *const v8_reasons[] = {
	"scavenge",
	"mark-compact",
	"minor mark-compact",
	NULL,
};

static const char *const programs[] = { "!(*.so|*.so.*)", NULL };
static const char *const jvm_files[] = { "libjvm.so", NULL };
static const char *const python_files[] = { "python[23].*", "python[23]", "libpython[23].*", NULL };
static const char *const node_files[] = { "node", "nodejs", "libnode.so*", NULL };

/*
 * The JVM's note at the end of a safepoint comes after it has been logged, if it is.
 *
 * Go's log of a cycle (gctrace) and its metrics end the pause of a mark termination when the
 * world is about to be started, and all others when it has been: so both are probed.  All
 * stopped, stopTheWorldWithSema gives its goroutine the state back that it took at first; before
 * Go 1.23 it just returns.
 */
const struct runtime runtimes[] = {
	{
		.name = "Go",
		.files = programs,
		.section = "gopclntab",
		.since = 1021,
		.reasons = go_reasons,
		.steps = {
			{ .step = PAUSE_BEGIN, .function = "runtime.stopTheWorldWithSema",
			  .reason = 1, .has_stack = true },
			{ .step = PAUSE_REACHED, .function = "runtime.gcstopm",
			  .has_stack = true, .is_optional = true },
			{ .step = PAUSE_STOPPED, .function = "runtime.stopTheWorldWithSema",
			  .before = "runtime.casgstatus", .or_return = true, .is_optional = true },
			{ .step = PAUSE_RESUME, .function = "runtime.startTheWorldWithSema" },
			{ .step = PAUSE_END, .function = "runtime.startTheWorldWithSema",
			  .before = "runtime.wakep" },
		},
	},
	{
		.name = "JVM",
		.files = jvm_files,
		.reason_kind = REASON_TEXT,
		.steps = {
			{ .step = PAUSE_BEGIN, .note = "hs_private:safepoint__begin" },
			{ .step = PAUSE_REACHED,
			  .function = "_ZN20SafepointSynchronize5blockEP10JavaThread*",
			  .has_stack = true, .is_optional = true },
			{ .step = PAUSE_STOPPED,
			  .function = "_ZN14RuntimeService29record_safepoint_synchronizedE*",
			  .is_optional = true },
			{ .step = PAUSE_REASON, .note = "hotspot:vmops__begin", .reason = 1,
			  .is_optional = true },
			{ .step = PAUSE_END, .function = "_ZN16SafepointTracing3endEv",
			  .note = "hs_private:safepoint__end" },
		},
	},
	{
		.name = "CPython",
		.files = python_files,
		.scope = PAUSE_THREAD,
		.reasons = python_reasons,
		.steps = {
			{ .step = PAUSE_BEGIN, .note = "python:gc__start", .reason = 1,
			  .has_stack = true },
			{ .step = PAUSE_END, .note = "python:gc__done" },
		},
	},
	{
		.name = "V8",
		.files = node_files,
		.scope = PAUSE_THREAD,
		.reasons = v8_reasons,
		.steps = {
			{ .step = PAUSE_BEGIN,
			  .function = "_ZN2v88internal8GCTracer20StartObservablePauseE*",
			  .has_stack = true },
			{ .step = PAUSE_REASON,
			  .function = "_ZN2v88internal4Heap24PerformGarbageCollectionE*",
			  .reason = 2, .is_optional = true },
			{ .step = PAUSE_END,
			  .function = "_ZN2v88internal8GCTracer19StopObservablePauseE*" },
		},
	},
	{ 0 },
};

bool runtime_may_be_in(const struct runtime *runtime, const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	for (const char *const *file = runtime->files; *file; file++) {
		if (!fnmatch(*file, name, FNM_EXTMATCH))
			return true;
	}
	return false;
}

const char *runtime_reason(const struct runtime *runtime, uint64_t number)
{
	for (uint64_t i = 0; runtime->reasons && runtime->reasons[i]; i++) {
		if (i == number)
			return runtime->reasons[i];
	}
	return NULL;
}
