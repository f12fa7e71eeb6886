/* SPDX-License-Identifier: GPL-2.0-only */
#include "heap_command.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "program.h"
#include "shim/heap_page.h"

#define MAX_SCRIPTS 4 /* that are each other's interpreters, as the kernel has it */

/* The dynamic linker ignores the environment of who gains rights by being started. */
static bool gains_rights(int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return false;
	return (st.st_mode & S_ISUID && st.st_uid != geteuid()) ||
	       (st.st_mode & S_ISGID && st.st_mode & S_IXGRP && st.st_gid != getegid()) ||
	       (geteuid() && fgetxattr(fd, "security.capability", NULL, 0) > 0);
}

static const char *interpreter_lack(int fd, const Elf64_Phdr *phdr)
{
	char path[128] = "";

	if (pread(fd, path, sizeof(path) - 1, (off_t)phdr->p_offset) < 1)
		return NULL;
	return strstr(path, "/ld-musl") ? "is linked with musl, and the library is with glibc" :
					  NULL;
}

static const char *elf_lack(int fd, const Elf64_Ehdr *ehdr)
{
	Elf64_Phdr phdr;

	if (ehdr->e_ident[EI_CLASS] != ELFCLASS64 || ehdr->e_machine != EM_X86_64)
		return "is not a program of 64 bits for this processor";
	for (int i = 0; i < ehdr->e_phnum; i++) {
		off_t at = (off_t)(ehdr->e_phoff + (uint64_t)i * sizeof(phdr));

		if (pread(fd, &phdr, sizeof(phdr), at) != sizeof(phdr))
			return NULL;
		if (phdr.p_type == PT_INTERP)
			return interpreter_lack(fd, &phdr);
	}
	return "is linked statically: no library can stand before its allocator (for what is "
	       "resident of it, start it and record --heap -p PID)";
}

/* The path in "#!/bin/sh -e"; an empty one: that is not what @head is. */
static const char *script_interpreter(char *head)
{
	char *path = head + 2;

	if (strncmp(head, "#!", 2) != 0)
		return "";
	path += strspn(path, " \t");
	path[strcspn(path, " \t\n")] = '\0';
	return path;
}

const char *heap_command_lack(const char *name)
{
	int fd = program_open(name, NULL);
	const char *lack = NULL;

	for (int i = 0; fd >= 0 && !lack && i < MAX_SCRIPTS; i++) {
		union {
			char text[256];
			Elf64_Ehdr ehdr;
		} head = { "" };
		const char *interpreter;

		if (pread(fd, &head, sizeof(head) - 1, 0) < (ssize_t)sizeof(head.ehdr.e_ident))
			break;
		if (gains_rights(fd))
			lack = "runs with other rights than its caller, and loads nothing of it";
		else if (!memcmp(head.text, ELFMAG, SELFMAG))
			lack = elf_lack(fd, &head.ehdr);
		interpreter = script_interpreter(head.text);
		if (lack || !*interpreter)
			break;
		close(fd);
		fd = open(interpreter, O_RDONLY | O_CLOEXEC);
	}
	if (fd >= 0)
		close(fd);
	return lack;
}

int heap_command_find_shim(struct buf *ret)
{
	static const char *const places[] = { "", "../lib/sysprof/" };
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n < 0)
		return -errno;
	self[n] = '\0';
	*(strrchr(self, '/') + 1) = '\0';
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		buf_clear(ret);
		buf_printf(ret, "%s%s" HEAP_SHIM, self, places[i]);
		if (!access(buf_str(ret), R_OK))
			return 0;
	}
	return -ENOENT;
}
