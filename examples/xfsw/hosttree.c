/* SPDX-License-Identifier: MIT */
/*
 * Walking a host tree.  Everything is opened relative to its directory's
 * descriptor, so that the cost of an entry does not grow with its depth and a
 * tree that is renamed meanwhile is still the same tree.  Of a directory the names
 * are held in memory while it is read; below it only those of its subdirectories.
 */
#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "xfsw/host.h"

#define DENTS_SIZE	(256u << 10)

struct name {
	uint64_t key;		/* first eight bytes, big-endian; later the visitor's cookie */
	uint64_t offset : 56;	/* into the arena */
	uint64_t type : 8;	/* DT_* */
	uint64_t ino;		/* as the directory tells it */
};

struct names {
	struct name *v;
	size_t n, max;
	char *arena;
	size_t used, size;
};

static void free_names(struct names *names)
{
	free(names->v);
	free(names->arena);
	memset(names, 0, sizeof(*names));
}

static int add_name(struct names *names, const struct dirent64 *entry)
{
	const char *s = entry->d_name;
	size_t len = strlen(s);
	struct name *name;
	uint64_t key;

	if (names->n == names->max) {
		size_t max = names->max ? names->max * 2 : 64;
		void *v = realloc(names->v, max * sizeof(*names->v));

		if (!v)
			return -ENOMEM;
		names->v = v;
		names->max = max;
	}
	/* Eight bytes more than the name: its key is read in one piece. */
	if (names->used + len + 9 > names->size) {
		size_t size = names->size ? names->size * 2 : 4096;
		char *arena = realloc(names->arena, size);

		if (!arena)
			return -ENOMEM;
		names->arena = arena;
		names->size = size;
	}
	memset(names->arena + names->used + len, 0, 9);
	memcpy(names->arena + names->used, s, len);
	memcpy(&key, names->arena + names->used, 8);
	name = &names->v[names->n++];
	name->key = be64toh(key);
	name->offset = names->used & ((1ull << 56) - 1);
	name->type = entry->d_type;
	name->ino = entry->d_ino;
	names->used += len + 1;
	return 0;
}

/* Most names differ in their first eight bytes: two integers are compared, nothing fetched. */
static int compare_names(const void *a, const void *b, void *arena)
{
	const struct name *left = a, *right = b;

	if (left->key != right->key)
		return left->key < right->key ? -1 : 1;
	return strcmp((char *)arena + left->offset, (char *)arena + right->offset);
}

static int read_names(struct host_walk *walk, struct names *names)
{
	int fd = fds_top(&walk->fds);
	ssize_t got;

	memset(names, 0, sizeof(*names));
	while ((got = getdents64(fd, walk->dents, DENTS_SIZE)) > 0) {
		for (ssize_t at = 0; at < got;) {
			const struct dirent64 *entry = (const void *)(walk->dents + at);
			const char *name = entry->d_name;

			at += entry->d_reclen;
			if (name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2])))
				continue;
			if (add_name(names, entry))
				return -ENOMEM;
		}
	}
	if (got < 0)
		return -errno;
	if (names->n)
		qsort_r(names->v, names->n, sizeof(*names->v), compare_names, names->arena);
	return 0;
}

int host_walk_fd(const struct host_walk *walk)
{
	return fds_top(&walk->fds);
}

int host_walk_chdir(struct host_walk *walk)
{
	if (walk->cwd_depth == walk->fds.depth)
		return 0;
	if (walk->old_cwd < 0) {
		walk->old_cwd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (walk->old_cwd < 0)
			return -errno;
	}
	if (fchdir(fds_top(&walk->fds)))
		return -errno;
	walk->cwd_depth = walk->fds.depth;
	return 0;
}

const char *host_walk_path(struct host_walk *walk, const char *name)
{
	size_t len = walk->path.len;

	walk->path.s[len] = 0;	/* a name of the call before stood behind it */
	if (!name)
		return walk->path.s;
	if (!str_join(&walk->path, len, name))
		return name;
	walk->path.len = len;
	return walk->path.s;
}

int host_open(int dirfd, const char *name, int flags)
{
	int fd = openat(dirfd, name, flags | O_NOATIME | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && errno == EPERM)	/* not the owner */
		fd = openat(dirfd, name, flags | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int host_walk_stat(struct host_walk *walk, const char *name, struct stat *st)
{
	return fstatat(fds_top(&walk->fds), name, st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT)
		       ? -errno
		       : 0;
}

bool host_walk_skips(const struct host_walk *walk, const struct stat *st)
{
	return st->st_ino == walk->skip_ino && st->st_dev == walk->skip_dev;
}

/* Visit all entries; what is left in @names afterwards are the directories to enter. */
static int visit_entries(struct host_walk *walk, struct host_dir *dir, struct names *names)
{
	size_t kept = 0;

	for (size_t i = 0; i < names->n; i++) {
		struct name *name = &names->v[i];
		struct host_entry entry = {
			.name = names->arena + name->offset,
			.type = name->type,
			.ino = name->ino,
		};
		int code;

		if (xfsw_interrupted())
			return XFSW_INTERRUPTED;
		code = walk->visitor->entry(walk, dir, &entry);
		if (code)
			return code;
		if (entry.down) {
			names->v[kept].offset = name->offset;
			names->v[kept++].key = entry.cookie;
		}
	}
	names->n = kept;
	return 0;
}

/*
 * Keep only the memory that the names still need while the walk is below.  They
 * are sorted, their bytes in the arena are not: so they move to a new one.
 */
static void shrink_names(struct names *names)
{
	size_t used = 0;
	char *smaller;
	void *v;

	if (!names->n) {
		free_names(names);
		return;
	}
	for (size_t i = 0; i < names->n; i++)
		used += strlen(names->arena + names->v[i].offset) + 1;
	smaller = malloc(used);
	if (!smaller)
		return;
	used = 0;
	for (size_t i = 0; i < names->n; i++) {
		size_t len = strlen(names->arena + names->v[i].offset) + 1;

		memcpy(smaller + used, names->arena + names->v[i].offset, len);
		names->v[i].offset = used & ((1ull << 56) - 1);
		used += len;
	}
	free(names->arena);
	names->arena = smaller;
	v = realloc(names->v, names->n * sizeof(*names->v));
	if (v)
		names->v = v;
}

static int visit_directory(struct host_walk *walk, int fd, uint64_t cookie, uint32_t level);

static int enter_child(struct host_walk *walk, const char *name, uint64_t cookie, uint32_t level)
{
	size_t len = walk->path.len;
	int fd = host_open(fds_top(&walk->fds), name, O_RDONLY | O_DIRECTORY);
	int code, error;

	if (fd < 0)
		return walk->visitor->unreadable(walk, name, fd);
	if (!str_join(&walk->path, len, name)) {
		close(fd);
		return walk->visitor->unreadable(walk, name, -ENOMEM);
	}
	code = visit_directory(walk, fd, cookie, level);
	if (walk->cwd_depth == walk->fds.depth)
		walk->cwd_depth = 0;
	error = fds_pop(&walk->fds);
	if (error && !code)
		code = walk->visitor->unreadable(walk, "..", error);
	walk->path.len = len;
	walk->path.s[len] = 0;
	return code;
}

/* @fd goes onto the stack; the caller pops it. */
static int visit_directory(struct host_walk *walk, int fd, uint64_t cookie, uint32_t level)
{
	const struct host_visitor *visitor = walk->visitor;
	struct host_dir dir = { .cookie = cookie, .level = level };
	struct names names = { 0 };
	int code, error = 0;

	if (fstat(fd, &dir.st))
		error = -errno;
	/* Even on error, so that the caller's pop finds it. */
	code = fds_push(&walk->fds, fd, &dir.st);
	if (code) {
		close(fd);
		return visitor->unreadable(walk, NULL, code);
	}
	if (!error)
		error = read_names(walk, &names);
	if (error) {
		free_names(&names);
		return visitor->unreadable(walk, NULL, error);
	}
	code = visitor->enter(walk, &dir);
	if (!code) {
		code = visit_entries(walk, &dir, &names);
		if (!code)
			code = visitor->names_done(walk, &dir);
		if (!code)
			shrink_names(&names);
		for (size_t i = 0; i < names.n && !code; i++)
			code = enter_child(walk, names.arena + names.v[i].offset, names.v[i].key,
					   level + 1);
		visitor->leave(walk, &dir);
	}
	free_names(&names);
	return code;
}

int host_walk(struct host_walk *walk, const char *path)
{
	int fd, code;

	walk->old_cwd = -1;
	walk->dents = malloc(DENTS_SIZE);
	if (!walk->dents || !str_set(&walk->path, path)) {
		free(walk->dents);
		return walk->visitor->unreadable(walk, NULL, -ENOMEM);
	}
	/* The tree named by the user may be reached through a link, nothing in it may. */
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	code = fd < 0 ? walk->visitor->unreadable(walk, NULL, -errno)
		      : visit_directory(walk, fd, 0, 0);
	if (walk->old_cwd >= 0) {
		/* Where the process was belongs to the caller. */
		if (fchdir(walk->old_cwd) && !code)
			code = walk->visitor->unreadable(walk, NULL, -errno);
		close(walk->old_cwd);
	}
	fds_free(&walk->fds);
	str_free(&walk->path);
	free(walk->dents);
	walk->dents = NULL;
	walk->cwd_depth = 0;
	return code;
}
