/* SPDX-License-Identifier: GPL-2.0-only */
/* What numbers in fields of events stand for.  All are on disk: append only. */
#ifndef EVENT_VALUES_H
#define EVENT_VALUES_H

enum module_kind {
	MODULE_ELF = 1,    /* a mapped file */
	MODULE_KERNEL = 2, /* the kernel or one of its modules; addresses as run; paths below */
	MODULE_VDSO = 3,   /* the kernel's code in every process */
	MODULE_JIT = 4,    /* code without a file, of process pid (0: of any); addresses as run */
	MODULE_NOTE = 5,   /* not code: why a stack ends early; the path is the text */
};

#define MODULE_KERNEL_CODE "[kernel]"
#define MODULE_KERNEL_DATA "[kernel data]" /* no code, but static data */

enum pointer_where {
	POINTER_REGISTER = 1, /* in a register, as it was when the frame called the next one */
	POINTER_MEMORY = 2,   /* in the frame's part of the stack */
	POINTER_HERE = 3,     /* none: the lock itself lies there */
};

enum task_state {
	TASK_RUNNABLE = 0, /* running, or would: preempted */
	TASK_SLEEPING = 1, /* until an event or a signal */
	TASK_DISK = 2,     /* until an event; signals do not matter */
	TASK_DEAD = 3,
	TASK_STOPPED = 4, /* by a signal or a debugger */
	TASK_RUNNING = 5, /* on a CPU; of task_state events only */
};

#define PRIORITY_USUAL 120 /* of a thread of which no other was told */

/* Why a thread blocks. */
enum wait_class {
	WAIT_OTHER = 0,
	WAIT_LOCK = 1,
	WAIT_CONDVAR = 2,
	WAIT_NETWORK = 3,
	WAIT_DISK = 4,
	WAIT_PIPE = 5,
	WAIT_POLL = 6,
	WAIT_SLEEP = 7,
	WAIT_CHILD = 8,
	WAIT_PAGEFAULT = 9,
	WAIT_IPC = 10,
	WAIT_N_CLASSES
};

enum memory_access {
	ACCESS_READ = 0,
	ACCESS_WRITE = 1,
	ACCESS_EXECUTE = 2,
};

enum disk_op {
	DISK_OTHER = 0,
	DISK_READ = 1,
	DISK_WRITE = 2,
	DISK_FLUSH = 3,
	DISK_DISCARD = 4,
	DISK_N_OPS
};

enum signal_step {
	SIGNAL_SENT = 0,
	SIGNAL_DELIVERED = 1, /* its handler runs, or what else it does happens */
	SIGNAL_IGNORED = 2,   /* sent in vain: nobody wants it, or it is pending already */
};

enum interrupt_kind {
	INTERRUPT_HARD = 0, /* a device's */
	INTERRUPT_SOFT = 1, /* what the kernel put off */
};

enum kernel_lock_flag { /* the kernel's own bits, of the event contention_begin */
			KERNEL_LOCK_SPIN = 1,
			KERNEL_LOCK_READ = 2,
			KERNEL_LOCK_WRITE = 4,
			KERNEL_LOCK_RT = 8, /* an rt_mutex */
			KERNEL_LOCK_PERCPU = 16,
			KERNEL_LOCK_MUTEX = 32,
};

enum pause_step {
	PAUSE_WATCHED = 1, /* no pause: from here on those of this process are seen */
	PAUSE_BEGIN = 2,   /* others are told to stop */
	PAUSE_REASON = 3,  /* within it, why becomes known */
	PAUSE_REACHED = 4, /* a thread has seen that it has to stop, and does */
	PAUSE_STOPPED = 5, /* all have */
	PAUSE_RESUME = 6,  /* they are about to be told to go on */
	PAUSE_END = 7,     /* they have been */
	PAUSE_LOST = 8,    /* steps of some process before this are missing */
	PAUSE_N_STEPS
};

enum pause_scope {
	PAUSE_PROCESS = 0, /* all its threads that run the language's code are stopped */
	PAUSE_THREAD = 1,  /* the thread itself only does something else */
};

enum mapping_kind { /* what resident memory is of; the first three are anonymous to the kernel */
		    MAPPING_ANONYMOUS = 0, /* also what was written of a file's private mapping */
		    MAPPING_HEAP = 1,      /* what brk() grows */
		    MAPPING_STACK = 2,     /* of the first thread */
		    MAPPING_FILE = 3,
		    MAPPING_SHARED = 4, /* memory that processes share, without a file on disk */
		    MAPPING_N_KINDS
};

enum resident_origin {
	RESIDENT_TOUCHED = 0, /* the stack touched it first */
	RESIDENT_BEFORE = 1, /* there when the process was found; the stack is a note of the name */
	RESIDENT_UNSEEN = 2, /* came without a page fault that was seen; the stack is a note */
	RESIDENT_N_ORIGINS
};

const char *mapping_kind_name(unsigned int kind); /* "heap"; of unknown ones "anonymous" */
const char *disk_op_name(unsigned int op);        /* "read"; of unknown ones "other" */
const char *wait_class_name(unsigned int why);    /* "lock"; of unknown ones "other" */

#endif /* EVENT_VALUES_H */
