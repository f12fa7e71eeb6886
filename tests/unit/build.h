/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A directory of its own for a test program, where it builds the files it looks
 * into with the machine's compilers.
 */
#ifndef UNIT_BUILD_H
#define UNIT_BUILD_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUILD_DIR_TEMPLATE "/tmp/sysprof-unit-XXXXXX"

static char build_dir[] = BUILD_DIR_TEMPLATE;

/* Run a shell command in the directory; the test fails where it does. */
static void __attribute__((format(printf, 1, 2), unused)) build(const char *format, ...)
{
	char command[4096];
	int at = snprintf(command, sizeof(command), "cd %s && { ", build_dir);
	va_list args;

	va_start(args, format);
	at += vsnprintf(command + at, sizeof(command) - (size_t)at, format, args);
	va_end(args);
	snprintf(command + at, sizeof(command) - (size_t)at, "\n}");
	if (system(command)) {
		fail_msg("failed: %s", command);
	}
}

static void __attribute__((unused)) build_file(const char *name, const char *text)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", build_dir, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

/* Borrowed until the next call but three. */
static const char *__attribute__((unused)) build_path(const char *name)
{
	static char paths[4][256];
	static int next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", build_dir, name);
	return path;
}

/* The first line that a command prints, run in the directory, as a hexadecimal number. */
static unsigned long long __attribute__((format(printf, 1, 2), unused))
build_hex(const char *format, ...)
{
	char command[4096], line[256] = "";
	int at = snprintf(command, sizeof(command), "cd %s && ", build_dir);
	va_list args;
	FILE *pipe;

	va_start(args, format);
	vsnprintf(command + at, sizeof(command) - (size_t)at, format, args);
	va_end(args);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	assert_non_null(fgets(line, sizeof(line), pipe));
	pclose(pipe);
	return strtoull(line, NULL, 16);
}

static int __attribute__((unused)) build_setup(void **state)
{
	(void)state;
	return mkdtemp(build_dir) && !chmod(build_dir, 0755) ? 0 : -1;
}

static int __attribute__((unused)) build_teardown(void **state)
{
	char command[256];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", build_dir);
	return system(command);
}

#endif /* UNIT_BUILD_H */
