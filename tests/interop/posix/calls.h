/* SPDX-License-Identifier: MIT */
/*
 * The calls that the differential test compares, once over the kernel and once over the library.
 * All return a negative errno on failure.  Paths are those of the file system under test.
 */
#ifndef POSIX_CALLS_H
#define POSIX_CALLS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

struct xfs_file;

union handle {
	int fd;
	struct xfs_file *file;
};

struct calls {
	int (*make_dir)(const char *path, mode_t mode);
	int (*make_node)(const char *path, mode_t mode, uint32_t major, uint32_t minor);
	int (*make_symlink)(const char *target, const char *path);
	/* O_CREAT | O_EXCL; xfs_createat() in the library. */
	int (*make_at)(const char *name, mode_t mode);
	int (*link)(const char *from, const char *to);
	int (*unlink)(const char *path);
	int (*rmdir)(const char *path);
	int (*rename)(const char *from, const char *to, unsigned int flags);
	int (*open)(const char *path, int flags, mode_t mode, union handle *h);
	int (*close)(union handle h);
	int64_t (*pread)(union handle h, void *buf, size_t len, int64_t offset);
	int64_t (*pwrite)(union handle h, const void *buf, size_t len, int64_t offset);
	int64_t (*seek)(union handle h, int64_t offset, int whence);
	int (*ftruncate)(union handle h, int64_t size);
	int (*fsetxattr)(union handle h, const char *name, const void *value, size_t size, int flags);
	int (*fsync)(union handle h);
	int (*fchmod)(union handle h, mode_t mode);
	int (*fstat)(union handle h, struct stat *st);
	int (*truncate)(const char *path, int64_t size);
	int (*stat)(const char *path, bool follow, struct stat *st);
	int64_t (*readlink)(const char *path, char *buf, size_t size);
	int (*chmod)(const char *path, mode_t mode);
	int (*chown)(const char *path, bool follow, uint32_t uid, uint32_t gid);
	int (*utimens)(const char *path, bool follow, const struct timespec times[2]);
	int (*setxattr)(const char *path, bool follow, const char *name, const void *value,
			size_t size, int flags);
	int64_t (*getxattr)(const char *path, bool follow, const char *name, void *value, size_t size);
	int64_t (*listxattr)(const char *path, bool follow, char *list, size_t size);
	int (*removexattr)(const char *path, bool follow, const char *name);
	/* XFS_XFLAG_* of a file or directory. */
	int (*set_xflags)(const char *path, uint32_t xflags);
	/* Every entry but "." and "..", in the order of readdir. */
	int (*list)(const char *path, void (*emit)(void *arg, const char *name), void *arg);
	/* Block size and longest name. */
	int (*statfs)(uint64_t *bsize, uint32_t *name_max);
};

extern const struct calls kernel_calls, library_calls;

/* Who acts: 0 is privileged; others have their own files and no CAP_FSETID. */
int kernel_calls_enter(const char *dir, uint32_t id);
int library_calls_open(const char *image, uint32_t id, bool readonly);
int library_calls_close(void);
const char *library_calls_text(void);

/* A growing text. */
struct text {
	char *at;
	size_t len, room;
};
void text_add(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void text_bytes(struct text *t, const void *bytes, size_t len);

/*
 * Carry out one step, "verb arguments..." (step.c tells which), and append its result to @out.
 * 0 or a negative errno; *@changes: it was one that can change the tree.
 */
int step_run(const struct calls *c, const char *step, struct text *out, bool *changes);

/* All objects below the root, one line each: what the calls above tell of them. */
void tree_describe(const struct calls *c, struct text *out);
/* Remove all of them. */
int tree_wipe(const struct calls *c);

/*
 * Which steps are run: all kinds; those of a full file system; of who has no privileges; of one that is
 * mounted read-only; those whose results depend on the sizes of inodes and blocks.
 */
enum step_group {
	PLAIN = 1,
	FULL = 2,
	UNPRIVILEGED = 4,
	READONLY = 8,
	GEOMETRY = 16,
	WORLD = 32,	/* no comparison: makes what READONLY finds */
};

/* Is it in the table of differences.c that @step gives these results? */
bool difference_known(enum step_group group, const char *step, const char *kernel, const char *library);
/* How many lines of the table for @group were never needed; names them. */
unsigned int differences_unused(enum step_group group);

/* Run one step on both and compare. */
void both(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The same, of @step with @path for its "%s". */
void both_path(const char *step, const char *path);
/* Unless nothing was changed since: remove everything, and run the steps of @list. */
void world_make(const char *const *list);

/* The lists of steps. */
void cases_paths(bool slow);
void cases_attributes(void);
void cases_data(void);
void cases_forms(void);
void cases_chains(void);
void cases_geometry(uint64_t seed);
void cases_world(void);
void cases_readonly(void);
void cases_random(uint64_t seed, unsigned int count);
void cases_full(void);
void cases_unprivileged(void);

#endif
