/* SPDX-License-Identifier: GPL-2.0-only */
#include "lock_kind.h"

#include <fnmatch.h>
#include <string.h>

#define MAX_FRAMES  64u
#define MAX_UNKNOWN 4u /* frames without a row before there is one */

const char *lock_kind_name(enum lock_kind kind)
{
	static const char *const names[LOCK_N_KINDS] = {
		[LOCK_NONE] = "none",           [LOCK_FUTEX] = "futex",
		[LOCK_MUTEX] = "mutex",         [LOCK_PI_MUTEX] = "PI mutex",
		[LOCK_RWLOCK] = "rwlock",       [LOCK_SPIN] = "runtime lock",
		[LOCK_MONITOR] = "monitor",     [LOCK_GIL] = "GIL",
		[LOCK_FILE] = "file lock",      [LOCK_ONCE] = "once",
		[LOCK_QUEUE] = "queue",         [LOCK_CONDVAR] = "condvar",
		[LOCK_SEMAPHORE] = "semaphore", [LOCK_BARRIER] = "barrier",
		[LOCK_JOIN] = "join",           [LOCK_PARK] = "park",
		[LOCK_ATOMIC] = "atomic",       [LOCK_SIGNAL] = "signal",
	};

	return names[kind];
}

enum tier { /* what is built of others tells more than they do */
	    TIER_LIBRARY,
	    TIER_RUNTIME,
	    TIER_LANGUAGE,
	    N_TIERS
};

struct row {
	const char *pattern; /* of the name without leading underscores and "GI_" */
	enum lock_kind kind;
	enum tier tier;
	bool is_parked;
};

static const struct row rows[] = {
	/* C libraries: the more precise first */
	{ "futex_lock_pi*", LOCK_PI_MUTEX, TIER_LIBRARY, false },
	{ "futex_unlock_pi*", LOCK_PI_MUTEX, TIER_LIBRARY, false },
	{ "pthread_mutex_*", LOCK_MUTEX, TIER_LIBRARY, false },
	{ "lll_*lock*", LOCK_MUTEX, TIER_LIBRARY, false },
	{ "lll_mutex_*", LOCK_MUTEX, TIER_LIBRARY, false },
	{ "mtx_*lock", LOCK_MUTEX, TIER_LIBRARY, false },
	{ "pthread_rwlock_*", LOCK_RWLOCK, TIER_LIBRARY, false },
	{ "pthread_cond_*", LOCK_CONDVAR, TIER_LIBRARY, false },
	{ "cnd_*", LOCK_CONDVAR, TIER_LIBRARY, false },
	{ "sem_*wait", LOCK_SEMAPHORE, TIER_LIBRARY, false },
	{ "new_sem_*", LOCK_SEMAPHORE, TIER_LIBRARY, false },
	{ "sem_post", LOCK_SEMAPHORE, TIER_LIBRARY, false },
	{ "pthread_barrier_wait", LOCK_BARRIER, TIER_LIBRARY, false },
	{ "pthread_once*", LOCK_ONCE, TIER_LIBRARY, false },
	{ "cxa_guard_*", LOCK_ONCE, TIER_LIBRARY, false },
	{ "pthread_*join*", LOCK_JOIN, TIER_LIBRARY, false },
	{ "thrd_join", LOCK_JOIN, TIER_LIBRARY, false },
	{ "pthread_kill*", LOCK_SIGNAL, TIER_LIBRARY, false },
	{ "kill", LOCK_SIGNAL, TIER_LIBRARY, false },
	{ "tgkill", LOCK_SIGNAL, TIER_LIBRARY, false },
	{ "raise", LOCK_SIGNAL, TIER_LIBRARY, false },

	/* C++ */
	{ "std::__atomic_wait*", LOCK_ATOMIC, TIER_LIBRARY, false },
	{ "std::__detail::__platform_*", LOCK_ATOMIC, TIER_LIBRARY, false },
	{ "std::counting_semaphore*", LOCK_SEMAPHORE, TIER_RUNTIME, false },
	{ "std::latch::*", LOCK_BARRIER, TIER_RUNTIME, false },
	{ "std::barrier*", LOCK_BARRIER, TIER_RUNTIME, false },
	{ "std::call_once*", LOCK_ONCE, TIER_RUNTIME, false },
	{ "absl*Mutex::*", LOCK_MUTEX, TIER_RUNTIME, true },
	{ "absl*CondVar::*", LOCK_CONDVAR, TIER_RUNTIME, true },

	/* Rust, by either manner of mangling: std::sys::…, <std::sys::…> */
	{ "*std::sys::*utex::Mutex*", LOCK_MUTEX, TIER_LIBRARY, false },
	{ "*std::sys::*::RwLock*", LOCK_RWLOCK, TIER_LIBRARY, false },
	{ "*std::sys::*ondvar*", LOCK_CONDVAR, TIER_LIBRARY, false },
	{ "*std::sys::*once::*", LOCK_ONCE, TIER_LIBRARY, false },
	{ "*std::sys::*arker*", LOCK_PARK, TIER_LIBRARY, true },
	{ "*parking_lot::raw_mutex::*", LOCK_MUTEX, TIER_RUNTIME, true },
	{ "*parking_lot::raw_rwlock::*", LOCK_RWLOCK, TIER_RUNTIME, true },
	{ "*parking_lot::condvar::*", LOCK_CONDVAR, TIER_RUNTIME, true },
	{ "*parking_lot::once::*", LOCK_ONCE, TIER_RUNTIME, true },

	/* OpenMP: GCC's, LLVM's */
	{ "gomp_mutex_*", LOCK_MUTEX, TIER_RUNTIME, false },
	{ "GOMP_critical_*", LOCK_MUTEX, TIER_RUNTIME, false },
	{ "gomp_*barrier*", LOCK_BARRIER, TIER_RUNTIME, false },
	{ "gomp_sem_*", LOCK_SEMAPHORE, TIER_RUNTIME, false },
	{ "kmp_*barrier*", LOCK_BARRIER, TIER_RUNTIME, true },
	{ "kmp_*lock*", LOCK_MUTEX, TIER_RUNTIME, true },

	/* PostgreSQL, whose processes wait for a semaphore of their own */
	{ "PGSemaphoreLock", LOCK_SEMAPHORE, TIER_LIBRARY, false },
	{ "PGSemaphoreUnlock", LOCK_SEMAPHORE, TIER_LIBRARY, false },
	{ "LWLockAcquire*", LOCK_RWLOCK, TIER_RUNTIME, true },
	{ "LWLockWakeup", LOCK_RWLOCK, TIER_RUNTIME, true },
	{ "LWLockRelease*", LOCK_RWLOCK, TIER_RUNTIME, true },
	{ "LWLock*Var", LOCK_CONDVAR, TIER_RUNTIME, true },

	/* Go's own locks; goroutines park in user space */
	{ "runtime.lock*", LOCK_SPIN, TIER_RUNTIME, false },
	{ "runtime.unlock*", LOCK_SPIN, TIER_RUNTIME, false },
	{ "runtime.note*", LOCK_PARK, TIER_RUNTIME, true },

	/* CPython, whose locks are also what its conditions, queues and joins wait on */
	{ "PyCOND_*", LOCK_CONDVAR, TIER_LIBRARY, false },
	{ "take_gil", LOCK_GIL, TIER_RUNTIME, false },
	{ "drop_gil", LOCK_GIL, TIER_RUNTIME, false },
	{ "PyThread_acquire_lock*", LOCK_SEMAPHORE, TIER_RUNTIME, false },
	{ "PyThread_release_lock", LOCK_SEMAPHORE, TIER_RUNTIME, false },
	{ "PyMutex_*", LOCK_MUTEX, TIER_RUNTIME, true },

	/* JVM: HotSpot's monitors and parkers, and what Java builds of parking */
	{ "ObjectMonitor::*enter*", LOCK_MONITOR, TIER_RUNTIME, true },
	{ "ObjectMonitor::*Enter*", LOCK_MONITOR, TIER_RUNTIME, true },
	{ "ObjectMonitor::*exit*", LOCK_MONITOR, TIER_RUNTIME, true },
	{ "ObjectMonitor::*Exit*", LOCK_MONITOR, TIER_RUNTIME, true },
	{ "ObjectMonitor::wait*", LOCK_CONDVAR, TIER_RUNTIME, true },
	{ "ObjectMonitor::*notify*", LOCK_CONDVAR, TIER_RUNTIME, true },
	{ "*WaitBarrier::wait", LOCK_BARRIER, TIER_RUNTIME, true }, /* a safepoint's end */
	{ "Unsafe_Park", LOCK_PARK, TIER_RUNTIME, true },
	{ "Unsafe_Unpark", LOCK_PARK, TIER_RUNTIME, true },
	{ "*AbstractQueued*ConditionObject*", LOCK_CONDVAR, TIER_LANGUAGE, true },
	{ "*AbstractQueued*Synchronizer*acquire*", LOCK_MUTEX, TIER_LANGUAGE, true },
	{ "*AbstractQueued*Synchronizer*release*", LOCK_MUTEX, TIER_LANGUAGE, true },
};

static const struct row *row_of(const char *function)
{
	const char *bare = function + strspn(function, "_");

	if (!strncmp(bare, "GI_", 3))
		bare += 3 + strspn(bare + 3, "_");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!fnmatch(rows[i].pattern, bare, 0))
			return &rows[i];
	}
	return NULL;
}

static bool begins_with_one_of(const char *text, const char *const *starts)
{
	for (; *starts; starts++) {
		if (!strncmp(text, *starts, strlen(*starts)))
			return true;
	}
	return false;
}

bool lock_is_library(struct names *names, const struct function *function)
{
	static const char *const modules[] = { "libc.",     "libc-",   "libpthread", "ld-",
					       "libstdc++", "libgomp", "libjvm",     NULL };
	static const char *const functions[] = { "std::",
						 "<std::",
						 "core::",
						 "<core::",
						 "parking_lot",
						 "absl",
						 "__gthread_",
						 "java.util.concurrent.",
						 "Ljava/util/concurrent/",
						 NULL };

	return begins_with_one_of(names_text(names, names_module_short(names, function->module)),
				  modules) ||
	       begins_with_one_of(names_text(names, function->name), functions);
}

/* What is seen on the way from the futex call outwards. */
struct walk {
	const struct row *found[N_TIERS];
	uint32_t function; /* name of the first that is neither known nor a library's */
	bool is_settled;
	unsigned int n_unknown;
};

/* False: further out stands who wants the lock, and why is another story. */
static bool step(struct walk *walk, struct names *names, uint32_t function)
{
	struct function f = names_function(names, function);
	const struct row *row = row_of(names_text(names, f.name));

	if (row) {
		if (!walk->found[row->tier])
			walk->found[row->tier] = row;
		walk->function = 0;
		walk->is_settled = false;
		return true;
	}
	if (lock_is_library(names, &f))
		return true;
	if (!walk->function)
		walk->function = f.name;
	walk->n_unknown++;
	for (int tier = 0; tier < N_TIERS; tier++) {
		if (walk->found[tier])
			return false;
	}
	return walk->n_unknown < MAX_UNKNOWN;
}

/* What is inlined is called by its name less often than what it is inlined in. */
static uint32_t whole_of(struct names *names, struct levels levels)
{
	size_t i = levels.n - 1;
	struct function f = names_function(names, levels.items[i].function);

	while (i > 0 && lock_is_library(names, &f))
		f = names_function(names, levels.items[--i].function);
	return f.name;
}

static struct lock_site look(struct names *names, const struct dictionary *dict, uint32_t stack)
{
	struct lock_site site = { 0 };
	struct walk walk = { 0 };
	bool goes_on = true;

	for (unsigned int depth = 0; goes_on && stack && depth < MAX_FRAMES; depth++) {
		struct dict_stack node = dictionary_stack(dict, stack);
		struct levels levels = names_frame(names, names_frame_of(node));

		for (size_t i = 0; goes_on && i < levels.n; i++)
			goes_on = step(&walk, names, levels.items[i].function);
		if (walk.function && !walk.is_settled) {
			walk.function = whole_of(names, levels);
			walk.is_settled = true;
		}
		stack = node.parent;
	}
	for (int tier = 0; tier < N_TIERS; tier++) {
		if (walk.found[tier]) {
			site.kind = walk.found[tier]->kind;
			site.is_parked = walk.found[tier]->is_parked;
		}
	}
	site.function = walk.function;
	return site;
}

struct lock_site lock_site_find(struct lock_sites *sites, struct names *names,
				const struct dictionary *dict, uint32_t stack)
{
	uint64_t *id;

	if (!stack)
		return (struct lock_site){ 0 };
	id = map_insert(&sites->by_stack, stack);
	if (!*id) {
		*array_add(&sites->items) = look(names, dict, stack);
		*id = sites->items.n;
	}
	return sites->items.items[*id - 1];
}

void lock_sites_release(struct lock_sites *sites)
{
	map_release(&sites->by_stack);
	array_release(&sites->items);
}
