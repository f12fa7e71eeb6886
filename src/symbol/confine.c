/* SPDX-License-Identifier: GPL-2.0-only */
#include "symbol/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/human.h"
#include "base/mem.h"

#define NOBODY     65534
#define MEMORY_MIN (4ull << 30)

static void reset_signals(void)
{
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	/* What Ctrl-C means here is for the parent to say. */
	signal(SIGINT, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static int compare_ints(const void *a, const void *b)
{
	return *(const int *)a < *(const int *)b ? -1 : *(const int *)a > *(const int *)b;
}

static int close_others(const int *fds, size_t n)
{
	int *keep = xcalloc(n + 1, sizeof(*keep)), null, r = 0;
	unsigned int from = 3;

	for (size_t i = 0; i < n; i++)
		keep[i] = fds[i];
	qsort(keep, n, sizeof(*keep), compare_ints);
	for (size_t i = 0; i < n && !r; i++) {
		if (keep[i] < (int)from)
			continue;
		if (keep[i] > (int)from)
			r = close_range(from, (unsigned int)keep[i] - 1, 0);
		from = (unsigned int)keep[i] + 1;
	}
	free(keep);
	if (r || close_range(from, ~0u, 0))
		return -errno;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; fd < 3; fd++) {
		if (dup2(null, fd) < 0)
			return -errno;
	}
	close(null);
	return 0;
}

static uint32_t id_of(const char *variable)
{
	const char *text = getenv(variable);
	uint64_t id;

	if (!text || human_parse_number(text, 1, UINT32_MAX - 1, &id))
		return NOBODY;
	return (uint32_t)id;
}

/* In a user namespace without such an id (EINVAL) root is no more than its owner outside. */
static int drop_root(bool is_nobody)
{
	uid_t uid = is_nobody ? NOBODY : id_of("SUDO_UID");
	gid_t gid = is_nobody ? NOBODY : id_of("SUDO_GID");

	if (geteuid() && getuid())
		return 0;
	if (setgroups(0, NULL) && errno != EPERM)
		return -errno;
	if (setresgid(gid, gid, gid) && errno != EINVAL)
		return -errno;
	if (setresuid(uid, uid, uid) && errno != EINVAL)
		return -errno;
	return 0;
}

static int drop_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { 0 };

	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (syscall(SYS_capset, &header, none) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	return 0;
}

static void limit(int resource, uint64_t value)
{
	struct rlimit now;

	if (getrlimit((__rlimit_resource_t)resource, &now))
		return;
	if (now.rlim_max < value)
		value = now.rlim_max;
	setrlimit((__rlimit_resource_t)resource, &(struct rlimit){ value, value });
}

/* Files are mapped, so the bound on memory must leave room for the largest debug files. */
static void limit_resources(uint32_t cpu_seconds)
{
	uint64_t half = (uint64_t)sysconf(_SC_PHYS_PAGES) / 2 * (uint64_t)sysconf(_SC_PAGESIZE);

#ifndef __SANITIZE_ADDRESS__ /* its shadow takes terabytes of addresses */
	limit(RLIMIT_AS, half > MEMORY_MIN ? half : MEMORY_MIN);
#endif
	(void)half;
	if (cpu_seconds)
		limit(RLIMIT_CPU, cpu_seconds);
	limit(RLIMIT_CORE, 0);
}

/* Should memory run short, this process is the one to lose. */
static void offer_to_die(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)!write(fd, "1000", 4);
	close(fd);
}

int confine(const struct confine_options *options)
{
	int r;

	offer_to_die();
	reset_signals();
	r = close_others(options->fds, options->n_fds);
	if (!r)
		r = drop_root(options->is_nobody);
	if (!r)
		r = drop_capabilities();
	if (r)
		return r;
	limit_resources(options->cpu_seconds);
	/* After the change of user, which resets both. */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) || prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0))
		return -errno;
	return getppid() == options->parent ? 0 : -ESRCH;
}
