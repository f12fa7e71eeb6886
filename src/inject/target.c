/* SPDX-License-Identifier: GPL-2.0-only */
#include "target.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "proc/maps.h"

#define LIBC_BYTES (8u << 20)

bool target_read_memory(pid_t pid, uint64_t address, void *data, size_t size)
{
	struct iovec local = { data, size }, remote = { (void *)(uintptr_t)address, size };

	return process_vm_readv(pid, &local, 1, &remote, 1, 0) == (ssize_t)size;
}

bool target_write_memory(pid_t pid, uint64_t address, const void *data, size_t size)
{
	struct iovec local = { (void *)(uintptr_t)data, size };
	struct iovec remote = { (void *)(uintptr_t)address, size };

	return process_vm_writev(pid, &local, 1, &remote, 1, 0) == (ssize_t)size;
}

static ssize_t read_proc(pid_t pid, const char *name, struct buf *ret)
{
	char *path = xasprintf("/proc/%d/%s", pid, name);
	ssize_t got = file_read(path, ret);

	free(path);
	return got;
}

/* The number at @index of the line "NAME: …" of /proc/PID/status, to @base. */
static uint64_t status_number(const char *status, const char *name, int index, int base)
{
	const char *at = strstr(status, name);
	uint64_t value = 0;
	char *end;

	if (!at)
		return 0;
	for (at += strlen(name); index >= 0; index--, at = end)
		value = strtoull(at, &end, base);
	return value;
}

static uint64_t auxiliary(pid_t pid, uint64_t type)
{
	struct buf data = { 0 };
	uint64_t value = 0;

	read_proc(pid, "auxv", &data);
	for (size_t i = 0; i + 16 <= data.size; i += 16) {
		uint64_t pair[2];

		memcpy(pair, data.data + i, sizeof(pair));
		if (pair[0] == type)
			value = pair[1];
	}
	buf_release(&data);
	return value;
}

static int check_status(pid_t pid, struct buf *why)
{
	struct buf text = { 0 };
	ssize_t got = read_proc(pid, "status", &text);
	const char *status = buf_str(&text), *features = strstr(status, "x86_Thread_features:");
	uint64_t tracer = status_number(status, "\nTracerPid:", 0, 10);
	const char *state = strstr(status, "\nState:\t");
	int r = -EPERM;

	if (got <= 0)
		buf_puts(why, "it is gone");
	else if (tracer)
		buf_printf(why, "it is traced already, by process %" PRIu64 ": end that first",
			   tracer);
	else if (status_number(status, "\nSeccomp:", 0, 10))
		buf_puts(why, "a seccomp filter says which system calls it may make, and those to "
			      "load a library may end it; record without --inject");
	else if (state && strchr("TtZX", state[8]))
		buf_puts(why, "it is stopped, or has ended: let it run (kill -CONT)");
	else if (features && !strncmp(features + strcspn(features, "s\n"), "shstk", 5))
		buf_puts(why, "it has a shadow stack, which no call from outside can enter");
	else if (status_number(status, "\nUid:", 0, 10) != status_number(status, "\nUid:", 1, 10) ||
		 status_number(status, "\nGid:", 0, 10) != status_number(status, "\nGid:", 1, 10) ||
		 auxiliary(pid, AT_SECURE))
		buf_puts(why, "it runs with other rights than its caller (setuid), and is to load "
			      "nothing of a caller's; record without --inject");
	else
		r = 0;
	buf_release(&text);
	return r;
}

static int check_program(pid_t pid, struct buf *why)
{
	char *path = xasprintf("/proc/%d/exe", pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC), r = -ENOEXEC;
	Elf64_Ehdr ehdr = { 0 };

	free(path);
	if (fd < 0) {
		r = -errno;
		buf_printf(why, "its program cannot be opened: %s; run with sudo", strerror(-r));
		return r;
	}
	if (pread(fd, &ehdr, sizeof(ehdr), 0) != sizeof(ehdr) ||
	    ehdr.e_ident[EI_CLASS] != ELFCLASS64 || ehdr.e_machine != EM_X86_64)
		buf_puts(why, "it is not a program of 64 bits for this processor");
	else if (exports_has_section(fd, ".go.buildinfo") ||
		 exports_has_section(fd, ".note.go.buildid"))
		buf_puts(why, "it is a Go program, which has an allocator and stacks of its own; "
			      "record without --inject, or use its own net/http/pprof");
	else if (!auxiliary(pid, AT_BASE))
		buf_puts(why, "it is linked statically: it can load no library; record without "
			      "--inject");
	else
		r = 0;
	close(fd);
	return r;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void note_part(struct target *target, const struct mapping *mapping, int is)
{
	struct place_module *part = array_add(&target->parts);

	part->module = mapping->module;
	part->is = is;
}

static bool defines_malloc(int fd)
{
	struct export malloc_ = { .name = "malloc" };

	return exports_find(fd, &malloc_, 1) && !malloc_.is_data;
}

/* What @mapping is to us; the C library's is returned. */
static const struct mapping *look_at(struct target *target, const struct mapping *mapping,
				     uint64_t linker, bool is_program)
{
	struct module *module = mapping->module;

	module_open(module, target->pid, mapping->start, mapping->end);
	if (module->kind != MODULE_ELF || module->fd < 0)
		return NULL;
	if (!strncmp(base_name(module->path), "libc.so.6", 9) ||
	    !strncmp(base_name(module->path), "libc-2.", 7)) {
		note_part(target, mapping, PLACE_LIBC);
		return mapping;
	}
	if (linker == mapping_bias(mapping))
		note_part(target, mapping, PLACE_LINKER);
	else if (exports_has_section(module->fd, ".note.go.buildid"))
		note_part(target, mapping, PLACE_GO);
	else if (defines_malloc(module->fd) && is_program)
		target->facts.has_own_malloc = true;
	else if (defines_malloc(module->fd))
		note_part(target, mapping, PLACE_ALLOCATOR);
	return NULL;
}

static const struct mapping *look_at_all(struct target *target)
{
	uint64_t linker = auxiliary(target->pid, AT_BASE), entry = auxiliary(target->pid, AT_ENTRY);
	const struct mapping *mapping, *found, *libc = NULL;

	target->facts.entry = entry;
	array_for_each(mapping, &target->space->mappings) {
		found = look_at(target, mapping, linker,
				entry >= mapping->start && entry < mapping->end);
		libc = libc ? libc : found;
	}
	return libc;
}

/* mov $15, %eax; syscall: as debuggers know it. */
static uint64_t find_sigreturn(const struct target *target, const struct mapping *libc)
{
	static const unsigned char code[] = { 0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05 };
	size_t size = libc->end - libc->start;
	unsigned char *bytes, *at = NULL;
	uint64_t found = 0;

	if (size > LIBC_BYTES)
		return 0;
	bytes = xmalloc(size);
	if (target_read_memory(target->pid, libc->start, bytes, size))
		at = memmem(bytes, size, code, sizeof(code));
	if (at)
		found = libc->start + (uint64_t)(at - bytes);
	free(bytes);
	return found;
}

/*
 * __errno_location() is "mov SLOT(%rip), %rax; add %fs:0, %rax; ret", perhaps after an endbr64:
 * the slot holds the offset of errno from the thread's pointer.
 */
static bool find_errno(struct target *target, uint64_t function)
{
	unsigned char code[24];
	int32_t relative;
	size_t i = 0;

	if (!target_read_memory(target->pid, function, code, sizeof(code)))
		return false;
	if (!memcmp(code, "\xf3\x0f\x1e\xfa", 4))
		i = 4;
	if (memcmp(code + i, "\x48\x8b\x05", 3) != 0 ||
	    memcmp(code + i + 7, "\x64\x48\x03\x04\x25\0\0\0\0", 9) != 0)
		return false;
	memcpy(&relative, code + i + 3, sizeof(relative));
	return target_read_memory(target->pid, function + i + 7 + (uint64_t)(int64_t)relative,
				  &target->errno_offset, sizeof(target->errno_offset));
}

static int read_libc(struct target *target, const struct mapping *libc, struct buf *why)
{
	struct export needs[] = { { .name = "dlopen" },
				  { .name = "syscall" },
				  { .name = "__errno_location" } };
	uint64_t bias = mapping_bias(libc);
	size_t n_quiet;
	const char *const *names = place_waits(&target->facts.n_waits, &n_quiet);

	for (size_t i = 0; i < target->facts.n_waits; i++)
		target->waits[i].name = names[i];
	target->facts.waits = target->waits;
	target->facts.libc_bias = bias;
	exports_find(libc->module->fd, target->waits, target->facts.n_waits);
	exports_find(libc->module->fd, needs, 3);
	target->sigreturn = find_sigreturn(target, libc);
	if (!needs[0].vaddr || !needs[1].vaddr || !needs[2].vaddr || !target->sigreturn ||
	    !find_errno(target, bias + needs[2].vaddr)) {
		buf_puts(why, "its C library is not known well enough to load anything "
			      "(glibc 2.34 or later is); record without --inject");
		return -ENOEXEC;
	}
	target->dlopen = bias + needs[0].vaddr;
	target->syscall = bias + needs[1].vaddr;
	return 0;
}

static int check_namespace(pid_t pid, struct buf *why)
{
	char *path = xasprintf("/proc/%d/root/proc/version", pid);
	int r = access(path, F_OK) ? -ENOENT : 0;

	free(path);
	if (r)
		buf_puts(why, "there is no /proc where it runs (another mount namespace, or a "
			      "chroot), by which it could load the library; mount one there");
	return r;
}

static bool is_file(const struct maps_line *line, const char *name)
{
	size_t size = strlen(name);

	return line->path_size >= size && !memcmp(line->path, name, size);
}

int target_find_shim(struct target *target)
{
	struct buf text = { 0 };
	ssize_t got = read_proc(target->pid, "maps", &text);
	const char *at = (const char *)text.data, *end = at + text.size;
	struct maps_line line;

	while (got > 0 && (at = maps_next(at, end, &line)) != NULL) {
		if (is_file(&line, "/memfd:" TARGET_PAGE)) {
			target->page_start = line.start;
			target->page_end = line.end;
		}
		if (!is_file(&line, "/memfd:" TARGET_SHIM))
			continue;
		if (!line.offset)
			target->shim_bias = line.start;
		if (line.is_exec) {
			target->shim_start = line.start;
			target->shim_end = line.end;
		}
	}
	buf_release(&text);
	return got > 0 ? 0 : -ESRCH;
}

bool target_area(pid_t pid, uint64_t address, uint64_t *ret_start, uint64_t *ret_end,
		 bool *ret_is_stack)
{
	struct buf text = { 0 };
	ssize_t got = read_proc(pid, "maps", &text);
	const char *at = (const char *)text.data, *end = at + text.size;
	struct maps_line line;
	bool is_found = false;

	while (!is_found && got > 0 && (at = maps_next(at, end, &line)) != NULL) {
		is_found = address >= line.start && address < line.end;
		*ret_start = line.start;
		*ret_end = line.end;
		*ret_is_stack = line.path_size == 7 && !memcmp(line.path, "[stack]", 7);
	}
	buf_release(&text);
	return is_found;
}

static bool has_musl(const struct space *space)
{
	const struct mapping *mapping;

	array_for_each(mapping, &space->mappings) {
		if (!strncmp(base_name(mapping->module->path), "ld-musl", 7))
			return true;
	}
	return false;
}

int target_read(struct target *ret, pid_t pid, struct buf *why)
{
	const struct mapping *libc;
	int r;

	*ret = (struct target){ .pid = pid, .modules = modules_new() };
	ret->spaces = spaces_new(ret->modules);
	ret->unwinder = unwinder_new();
	r = check_status(pid, why);
	if (!r)
		r = check_program(pid, why);
	if (!r)
		r = check_namespace(pid, why);
	if (r)
		return r;
	r = spaces_scan(ret->spaces, pid, clock_ns(CLOCK_MONOTONIC));
	ret->space = spaces_get(ret->spaces, pid);
	if (r) {
		buf_printf(why, "its mappings cannot be read: %s", strerror(-r));
		return r;
	}
	libc = look_at_all(ret);
	ret->facts.modules = ret->parts.items;
	ret->facts.n_modules = ret->parts.n;
	if (!libc) {
		buf_puts(why, has_musl(ret->space) ?
				      "it is linked with musl, and the library is with glibc; "
				      "record without --inject" :
				      "it has no C library that is known; record without --inject");
		return -ENOEXEC;
	}
	r = read_libc(ret, libc, why);
	return r ? r : target_find_shim(ret);
}

void target_release(struct target *target)
{
	unwinder_free(target->unwinder);
	spaces_free(target->spaces);
	modules_free(target->modules);
	array_release(&target->parts);
}
