/* SPDX-License-Identifier: GPL-2.0-only */
#include "result.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"

/* The file that a signal which ends the program takes with it; NULL: none. */
static const char *volatile unfinished;

static void on_signal(int signal_number)
{
	if (unfinished)
		unlink(unfinished);
	raise(signal_number); /* once more, as if nobody had caught it */
}

static void remove_when_ended(const char *path)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction before, action = { .sa_handler = on_signal, .sa_flags = SA_RESETHAND };

	unfinished = path;
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		if (!sigaction(signals[i], NULL, &before) && before.sa_handler == SIG_DFL)
			sigaction(signals[i], &action, NULL);
	}
}

static int fail(const struct result *result, int error)
{
	return err(error, "cannot write '%s': %s", result->path, strerror(-error));
}

/* mkstemp() makes files for one user only; a result is as open() would make it. */
static void set_mode(int fd)
{
	mode_t mask = umask(0);

	umask(mask);
	if (fchmod(fd, 0666 & ~mask))
		return; /* a file system without modes */
}

static int open_beside(struct result *result, const char *path)
{
	char *real = realpath(path, NULL); /* a link stays, what it leads to is replaced */
	int fd;

	result->target = real ? real : xstrdup(path);
	result->temporary = xasprintf("%s.XXXXXX", result->target);
	fd = mkstemp(result->temporary);
	if (fd < 0)
		return -errno;
	remove_when_ended(result->temporary);
	set_mode(fd);
	result->file = fdopen(fd, "w");
	return 0;
}

static void forget(struct result *result)
{
	unfinished = NULL;
	free(result->target);
	free(result->temporary);
	result->target = result->temporary = NULL;
}

int result_open(struct result *ret, const char *path)
{
	struct result result = { .path = path };
	struct stat st;
	int error = 0;

	if (!strcmp(path, "-"))
		result.file = stdout;
	else if (!stat(path, &st) && S_ISDIR(st.st_mode))
		error = -EISDIR;
	else if (!stat(path, &st) && !S_ISREG(st.st_mode))
		result.file = fopen(path, "we");
	else
		error = open_beside(&result, path);
	if (!error && !result.file)
		error = -errno;
	if (error) {
		forget(&result);
		return fail(&result, error);
	}
	*ret = result;
	return 0;
}

int result_close(struct result *result, int error)
{
	if (fflush(result->file) && !error)
		error = -errno;
	if (result->file != stdout && fclose(result->file) && !error)
		error = -errno;
	if (result->target && !error && rename(result->temporary, result->target))
		error = -errno;
	if (result->target && error)
		unlink(result->temporary);
	forget(result);
	return error ? fail(result, error) : 0;
}

void result_drop(struct result *result)
{
	if (result->file != stdout)
		fclose(result->file);
	if (result->target)
		unlink(result->temporary);
	forget(result);
}
