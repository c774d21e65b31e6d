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
	while ((got = getdents64(fd, (void *)walk->dents, DENTS_SIZE)) > 0) {
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
		return xfsw_errno();
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
			return xfsw_errno();
	}
	if (fchdir(fds_top(&walk->fds)))
		return xfsw_errno();
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
	return fd < 0 ? xfsw_errno() : fd;
}

int host_walk_stat(struct host_walk *walk, const char *name, struct stat *st)
{
	return fstatat(fds_top(&walk->fds), name, st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT)
		       ? xfsw_errno()
		       : 0;
}

bool host_walk_skips(const struct host_walk *walk, const struct stat *st)
{
	/* A device node is copied as one, whatever is on the device. */
	return S_ISREG(st->st_mode) && own_has(walk->own, st);
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

/* A directory that has been entered; what is left of its names are directories. */
struct host_level {
	struct host_dir dir;
	struct names names;
	size_t next;			/* of names */
	size_t path_len;		/* of its parent */
};

struct levels {
	struct host_level *v;
	size_t depth, max;
};

static int push_level(struct levels *levels, const struct host_level *level)
{
	if (levels->depth == levels->max) {
		size_t max = levels->max ? levels->max * 2 : 16;
		void *v = realloc(levels->v, max * sizeof(*levels->v));

		if (!v)
			return -ENOMEM;
		levels->v = v;
		levels->max = max;
	}
	levels->v[levels->depth++] = *level;
	return 0;
}

/* Its descriptor goes; the one above is the lowest again. */
static int pop_fd(struct host_walk *walk, size_t path_len, int code)
{
	int error;

	if (walk->cwd_depth == walk->fds.depth)
		walk->cwd_depth = 0;
	error = fds_pop(&walk->fds);
	walk->path.len = path_len;
	walk->path.s[path_len] = 0;
	/* It is another one now: everything further down would be of a foreign tree. */
	if (error && !code) {
		code = walk->visitor->unreadable(walk, "..", error);
		code = code ? code : XFSW_FAILED;
	}
	return code;
}

/* All but the directories among its entries. */
static int visit_level(struct host_walk *walk, struct host_level *level)
{
	int code = visit_entries(walk, &level->dir, &level->names);

	if (!code)
		code = walk->visitor->names_done(walk, &level->dir);
	if (!code)
		shrink_names(&level->names);
	return code;
}

/*
 * Enter the directory @fd, whose path stands in walk->path, and visit what is no directory in it.
 * Its level is pushed, unless that fails or it cannot be read.
 */
static int enter_level(struct host_walk *walk, struct levels *levels, int fd, uint64_t cookie,
		       size_t path_len)
{
	struct host_level level = {
		.dir = { .cookie = cookie, .level = (uint32_t)levels->depth },
		.path_len = path_len,
	};
	int error = fstat(fd, &level.dir.st) ? xfsw_errno()
					       : fds_push(&walk->fds, fd, &level.dir.st);
	int code;

	if (error) {
		close(fd);
		code = walk->visitor->unreadable(walk, NULL, error);
		walk->path.len = path_len;
		walk->path.s[path_len] = 0;
		return code;
	}
	error = read_names(walk, &level.names);
	code = error ? walk->visitor->unreadable(walk, NULL, error)
		     : walk->visitor->enter(walk, &level.dir);
	if (error || code) {
		free_names(&level.names);
		return levels->depth ? pop_fd(walk, path_len, code) : code;
	}
	code = visit_level(walk, &level);
	error = push_level(levels, &level);
	if (error) {
		walk->visitor->leave(walk, &level.dir);
		free_names(&level.names);
		return code ? code : walk->visitor->unreadable(walk, NULL, error);
	}
	return code;
}

static int next_directory(struct host_walk *walk, struct levels *levels)
{
	struct host_level *level = &levels->v[levels->depth - 1];
	const struct name *next = &level->names.v[level->next++];
	const char *name = level->names.arena + next->offset;
	size_t len = walk->path.len;
	int fd = host_open(fds_top(&walk->fds), name, O_RDONLY | O_DIRECTORY);

	if (fd < 0)
		return walk->visitor->unreadable(walk, name, fd);
	if (!str_join(&walk->path, len, name)) {
		close(fd);
		return walk->visitor->unreadable(walk, name, -ENOMEM);
	}
	return enter_level(walk, levels, fd, next->key, len);
}

static int leave_level(struct host_walk *walk, struct levels *levels, int code)
{
	struct host_level *level = &levels->v[--levels->depth];

	walk->visitor->leave(walk, &level->dir);
	free_names(&level->names);
	return levels->depth ? pop_fd(walk, level->path_len, code) : code;
}

/* Depth costs memory for a level, not stack: host trees may be as deep as they like. */
static int walk_levels(struct host_walk *walk, int fd)
{
	struct levels levels = { 0 };
	int code = enter_level(walk, &levels, fd, 0, walk->path.len);

	while (levels.depth) {
		struct host_level *level = &levels.v[levels.depth - 1];

		if (!code && level->next < level->names.n)
			code = next_directory(walk, &levels);
		else
			code = leave_level(walk, &levels, code);
	}
	free(levels.v);
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
	code = fd < 0 ? walk->visitor->unreadable(walk, NULL, xfsw_errno()) : walk_levels(walk, fd);
	if (walk->old_cwd >= 0) {
		/* Where the process was belongs to the caller. */
		if (fchdir(walk->old_cwd) && !code)
			code = walk->visitor->unreadable(walk, NULL, xfsw_errno());
		close(walk->old_cwd);
	}
	fds_free(&walk->fds);
	str_free(&walk->path);
	free(walk->dents);
	walk->dents = NULL;
	walk->cwd_depth = 0;
	return code;
}
