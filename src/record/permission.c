/* SPDX-License-Identifier: GPL-2.0-only */
#include "permission.h"

#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "targets.h"

#define PARANOID "/proc/sys/kernel/perf_event_paranoid"

/* The advice names the sysctl's value; what is allowed was asked of the kernel. */
static long paranoid(void)
{
	struct buf text = { 0 };
	long value = -1;

	if (file_read(PARANOID, &text) > 0)
		value = strtol(buf_str(&text), NULL, 10);
	buf_release(&text);
	return value;
}

int permission_explain_open(int error, const struct recorder_options *options)
{
	if (error == -EMFILE)
		return err(error,
			   "cannot follow the threads: too many open files; raise `ulimit -n`, "
			   "or run with sudo, which needs one file a CPU");
	if (error == -ESRCH)
		return err(error, "the process has exited before it could be followed");
	if (error == -ENOENT || error == -ENOSYS || error == -EOPNOTSUPP)
		return err(error, "this kernel has no perf events (CONFIG_PERF_EVENTS)");
	if (error != -EACCES && error != -EPERM)
		return err(error, "cannot open perf events: %s", strerror(-error));
	if (options->is_all)
		return err(error,
			   "cannot record the whole system: not allowed "
			   "(kernel.perf_event_paranoid is %ld); run with sudo",
			   paranoid());
	return err(error,
		   "cannot open perf events: not allowed (perf_event_paranoid is %ld); run with "
		   "sudo or set kernel.perf_event_paranoid to 1",
		   paranoid());
}

void permission_note_missing(struct sampler_facts facts, size_t n_threads)
{
	if (!facts.has_kernel)
		note("user space only: time in the kernel is not sampled "
		     "(kernel.perf_event_paranoid is %ld); run with sudo for all of it",
		     paranoid());
	if (facts.n_without_fd)
		warn("%llu of %zu threads are not sampled: too many open files; raise "
		     "`ulimit -n`, or run with sudo, which needs one file a CPU",
		     (unsigned long long)facts.n_without_fd, n_threads);
}

static const char *user_name(uid_t uid, char fallback[16])
{
	const struct passwd *user = getpwuid(uid);

	snprintf(fallback, 16, "uid %u", uid);
	return user ? user->pw_name : fallback;
}

int permission_check_pid(pid_t pid)
{
	char *path = xasprintf("/proc/%d", pid);
	struct stat st;
	char text[16];
	int r = stat(path, &st) ? -errno : 0;

	free(path);
	if (r)
		return err(-ESRCH, "no process %d any more", pid);
	if (st.st_uid == geteuid())
		return 0;
	return err(-EACCES, "cannot trace pid %d: owned by %s; run with sudo, or as that user", pid,
		   user_name(st.st_uid, text));
}

int permission_check_targets(const struct recorder_options *options)
{
	for (size_t i = 0; i < options->n_pids; i++) {
		pid_t pid = options->pids[i];
		char state = task_state(pid);

		if (!state)
			return err(-ESRCH,
				   "no process %d; `ps -e` lists those there are, `pidof NAME` "
				   "finds one by name",
				   pid);
		if (state == 'Z' || state == 'X')
			return err(
				-ESRCH,
				"process %d is a zombie: it has exited and waits for its parent; "
				"there is nothing left to record",
				pid);
	}
	return 0;
}

void permission_raise_fds(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	if (!geteuid() && limit.rlim_max < 1u << 20)
		limit.rlim_max = 1u << 20;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}
