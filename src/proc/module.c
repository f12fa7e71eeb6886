/* SPDX-License-Identifier: GPL-2.0-only */
#include "proc/module.h"

#include <elfutils/libdwelf.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <inttypes.h>
#include <libelf.h>
#include <link.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/intern.h"
#include "base/mem.h"

#define MAX_SEGMENTS 64 /* a file that claims more lies */

struct modules {
	struct intern keys; /* a module's identity; id - 1 is its index */
	ARRAY(struct module *) list;
};

struct modules *modules_new(void)
{
	elf_version(EV_CURRENT);
	return xcalloc(1, sizeof(struct modules));
}

static void module_free(struct module *module)
{
	if (module->fd >= 0)
		close(module->fd);
	free(module->path);
	free(module->segments);
	free(module);
}

void modules_free(struct modules *modules)
{
	struct module **m;

	if (!modules)
		return;
	array_for_each(m, &modules->list)
		module_free(*m);
	array_release(&modules->list);
	intern_release(&modules->keys);
	free(modules);
}

size_t modules_n(const struct modules *modules)
{
	return modules->list.n;
}

struct module *modules_get(const struct modules *modules, uint32_t index)
{
	return index < modules->list.n ? modules->list.items[index] : NULL;
}

static bool has_prefix(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

/* Memory that is named like a file but has none behind it holds what a JIT wrote there. */
static bool is_anonymous(const char *path)
{
	return path[0] != '/' || has_prefix(path, "//anon") || has_prefix(path, "/memfd:") ||
	       has_prefix(path, "/dev/zero") || has_prefix(path, "/SYSV");
}

/* A file in memory that is called a library is one: other code there was made at run time. */
static bool is_library_in_memory(const char *path)
{
	const char *suffix = strrchr(path, '.');

	return !strncmp(path, "/memfd:", 7) && suffix && !strncmp(suffix, ".so", 3);
}

static enum module_kind kind_of(const char *path)
{
	if (!strcmp(path, "[vdso]"))
		return MODULE_VDSO;
	return is_anonymous(path) && !is_library_in_memory(path) ? MODULE_JIT : MODULE_ELF;
}

static void set_build_id(struct module *module, const unsigned char *id, size_t size)
{
	static const char digits[] = "0123456789abcdef";

	if (size > BUILD_ID_MAX)
		size = BUILD_ID_MAX;
	for (size_t i = 0; i < size; i++) {
		module->build_id[2 * i] = digits[id[i] >> 4];
		module->build_id[2 * i + 1] = digits[id[i] & 15];
	}
	module->build_id[2 * size] = '\0';
}

/*
 * A JIT's code is one module a process: what its mappings are called says nothing
 * of what they hold.  A file is told from another of the same path by its inode.
 */
static char *identity(const struct module_key *key, enum module_kind kind)
{
	if (kind == MODULE_JIT)
		return xasprintf("jit %u", key->pid);
	if (kind == MODULE_VDSO)
		return xstrdup("vdso");
	return xasprintf("%" PRIx64 " %" PRIu64 " %s", key->dev, key->inode, key->path);
}

static struct module *module_new(const struct module *template, const struct module_key *key)
{
	struct module *module = xmalloc(sizeof(*module));

	*module = *template;
	module->fd = -1;
	module->dev = key->dev;
	module->inode = key->inode;
	module->pid = module->kind == MODULE_JIT ? key->pid : 0;
	module->path = module->kind == MODULE_JIT ? xasprintf("[jit] %u", key->pid) :
						    xstrdup(key->path);
	return module;
}

struct module *modules_intern(struct modules *modules, const struct module_key *key)
{
	struct module template = { .kind = kind_of(key->path) };
	char *identity_text;
	uint32_t id;

	identity_text = identity(key, template.kind);
	id = intern_string(&modules->keys, identity_text);
	free(identity_text);
	if (id > modules->list.n) {
		template.index = (uint32_t)modules->list.n;
		*array_add(&modules->list) = module_new(&template, key);
	}
	return modules->list.items[id - 1];
}

uint64_t module_vaddr(const struct module *module, uint64_t offset)
{
	for (size_t i = 0; i < module->n_segments; i++) {
		const struct module_segment *seg = &module->segments[i];
		/* A mapping begins at the page that holds the segment's first byte. */
		uint64_t slack = seg->offset & 4095;

		if (seg->is_exec && offset + slack >= seg->offset &&
		    offset < seg->offset + seg->file_size)
			return seg->vaddr + (offset - seg->offset);
	}
	return offset;
}

bool module_has_vaddr(const struct module *module, uint64_t vaddr)
{
	for (size_t i = 0; i < module->n_segments; i++) {
		const struct module_segment *seg = &module->segments[i];

		if (vaddr >= seg->vaddr && vaddr - seg->vaddr < seg->size)
			return true;
	}
	return false;
}

static void read_segments(struct module *module, Elf *elf)
{
	size_t n;
	GElf_Phdr ph;

	if (elf_getphdrnum(elf, &n) || !n || n > MAX_SEGMENTS)
		return;
	module->segments = xcalloc(n, sizeof(*module->segments));
	for (size_t i = 0; i < n; i++) {
		if (!gelf_getphdr(elf, (int)i, &ph) || ph.p_type != PT_LOAD)
			continue;
		module->segments[module->n_segments++] = (struct module_segment){
			.vaddr = ph.p_vaddr,
			.offset = ph.p_offset,
			.file_size = ph.p_filesz,
			.size = ph.p_memsz,
			.is_exec = ph.p_flags & PF_X,
		};
	}
}

/* Finds the note by program header where there is no section table, too. */
static void read_build_id(struct module *module, Elf *elf)
{
	const void *id;
	ssize_t size = dwelf_elf_gnu_build_id(elf, &id);

	if (size > 0)
		set_build_id(module, id, (size_t)size);
}

static int read_elf(struct module *module, Elf *elf)
{
	bool is_elf = elf && elf_kind(elf) == ELF_K_ELF;

	if (is_elf) {
		read_segments(module, elf);
		read_build_id(module, elf);
	}
	elf_end(elf);
	return is_elf ? 0 : -ENOEXEC;
}

/* The kernel maps one and the same image into every 64-bit process, ours included. */
static int open_vdso(struct module *module)
{
	const ElfW(Ehdr) *image = (const void *)(uintptr_t)getauxval(AT_SYSINFO_EHDR);

	if (!image)
		return -ENOENT;
	module->image = image;
	module->image_size = image->e_shoff + (size_t)image->e_shnum * image->e_shentsize;
	return read_elf(module, elf_memory((char *)(uintptr_t)image, module->image_size));
}

/* Only a regular file: opening a FIFO or a device could block or do something. */
static int open_regular(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode))
		return fd;
	close(fd);
	return -EINVAL;
}

/* What is mapped there, or has that name, may be another file by now. */
static bool is_same_file(int fd, const struct module *module)
{
	struct stat st;

	return !module->inode || (!fstat(fd, &st) && st.st_ino == module->inode);
}

static void forget_file(struct module *module)
{
	close(module->fd);
	module->fd = -1;
	free(module->segments);
	module->segments = NULL;
	module->n_segments = 0;
}

/* Take the file at @path if it is the one that was mapped. */
static int take_file(struct module *module, const char *path)
{
	int fd = open_regular(path), r;

	if (fd < 0)
		return fd;
	if (!is_same_file(fd, module)) {
		close(fd);
		return -ESTALE;
	}
	module->fd = fd;
	r = read_elf(module, elf_begin(fd, ELF_C_READ, NULL));
	if (r)
		forget_file(module);
	return r;
}

/* By what the process has mapped there, unless that is another file by now; then by name. */
static int open_file(struct module *module, pid_t pid, uint64_t start, uint64_t end)
{
	char *path = xasprintf("/proc/%d/map_files/%" PRIx64 "-%" PRIx64, pid, start, end);
	int r = take_file(module, path);

	free(path);
	if (!r)
		return 0;
	path = xasprintf("/proc/%d/root%s", pid, module->path);
	r = take_file(module, path);
	free(path);
	return r ? take_file(module, module->path) : 0;
}

int module_open(struct module *module, pid_t pid, uint64_t start, uint64_t end)
{
	if (module->kind == MODULE_JIT)
		return -ENOEXEC;
	if (module->tried)
		return module->fd >= 0 || module->image ? 0 : -ENOENT;
	module->tried = true;
	if (module->kind == MODULE_VDSO)
		return open_vdso(module);
	return open_file(module, pid, start, end);
}
