/* SPDX-License-Identifier: GPL-2.0-only */
#include "output.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"

static int fail(const struct output *output, int error)
{
	return err(error, "cannot write '%s': %s", output->path, strerror(-error));
}

/* mkstemp() makes files for one user only; a result is as open() would make it. */
static void set_mode(int fd)
{
	mode_t mask = umask(0);

	umask(mask);
	if (fchmod(fd, 0666 & ~mask))
		return; /* a file system without modes */
}

static int open_beside(struct output *output, const char *path)
{
	char *real = realpath(path, NULL); /* a link stays, what it leads to is replaced */
	int fd;

	output->target = real ? real : xstrdup(path);
	output->temporary = xasprintf("%s.XXXXXX", output->target);
	fd = mkstemp(output->temporary);
	if (fd < 0)
		return -errno;
	set_mode(fd);
	output->file = fdopen(fd, "w");
	return 0;
}

static void forget(struct output *output)
{
	free(output->target);
	free(output->temporary);
	output->target = output->temporary = NULL;
}

int output_open(struct output *ret, const char *path)
{
	struct output output = { .path = path };
	struct stat st;
	int error = 0;

	if (!strcmp(path, "-"))
		output.file = stdout;
	else if (!stat(path, &st) && S_ISDIR(st.st_mode))
		error = -EISDIR;
	else if (!stat(path, &st) && !S_ISREG(st.st_mode))
		output.file = fopen(path, "we");
	else
		error = open_beside(&output, path);
	if (!error && !output.file)
		error = -errno;
	if (error) {
		forget(&output);
		return fail(&output, error);
	}
	*ret = output;
	return 0;
}

int output_close(struct output *output, int error)
{
	if (fflush(output->file) && !error)
		error = -errno;
	if (output->file != stdout && fclose(output->file) && !error)
		error = -errno;
	if (output->target && !error && rename(output->temporary, output->target))
		error = -errno;
	if (output->target && error)
		unlink(output->temporary);
	forget(output);
	return error ? fail(output, error) : 0;
}
