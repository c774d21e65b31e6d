/* SPDX-License-Identifier: MIT */
/*
 * Fills a file system with a tree that visits every on-disk form: all
 * directory formats, attribute forks from short form to trees with remote
 * values, extent trees of several levels, unwritten and shared extents, special
 * files, odd names.  The same options give the same calls.  What a kernel or a
 * feature set refuses is counted and left out.
 */
#ifndef SUPPORT_FILL_H
#define SUPPORT_FILL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

#define TEST_FILL_DIRS	(1u << 0)
#define TEST_FILL_ATTRS	(1u << 1)
#define TEST_FILL_DATA	(1u << 2)
#define TEST_FILL_MISC	(1u << 3)
#define TEST_FILL_CHURN	(1u << 4)	/* create and remove until chunks are sparse */
#define TEST_FILL_ALL	0x1fu

/*
 * What does the calls: a mounted file system, or the library.  All return a
 * negative errno on failure.  Paths are never followed through a last symbolic link.
 */
struct test_fill_ops {
	int (*mkdir)(void *fs, const char *path);
	/* A handle for reading and writing; the file is made if it is not there. */
	intptr_t (*open)(void *fs, const char *path);
	int (*close)(void *fs, intptr_t file);
	ssize_t (*pwrite)(void *fs, intptr_t file, const void *buf, size_t len, uint64_t off);
	int (*fallocate)(void *fs, intptr_t file, int mode, uint64_t off, uint64_t len);
	int (*truncate)(void *fs, intptr_t file, uint64_t size);
	int (*fsync)(void *fs, intptr_t file);
	int (*clone)(void *fs, intptr_t from, uint64_t src, uint64_t len, intptr_t to,
		     uint64_t dst);
	int (*setxattr)(void *fs, const char *path, const char *name, const void *value,
			size_t len);
	int (*removexattr)(void *fs, const char *path, const char *name);
	int (*symlink)(void *fs, const char *target, const char *path);
	int (*mknod)(void *fs, const char *path, mode_t mode, uint32_t major, uint32_t minor);
	int (*link)(void *fs, const char *old, const char *path);
	int (*remove)(void *fs, const char *path, bool dir);
	int (*rename)(void *fs, const char *old, const char *path, unsigned int flags);
	/* Calls @entry for each name but "." and "..". */
	int (*list)(void *fs, const char *path,
		    void (*entry)(void *ctx, const char *name, bool dir), void *ctx);
	/* XFS_XFLAG_* as FS_IOC_FSSETXATTR takes them. */
	int (*xflags)(void *fs, const char *path, uint32_t xflags, uint32_t extsize,
		      uint32_t cowextsize, uint32_t projid);
	int (*utimes)(void *fs, const char *path, const struct timespec ts[2]);
	int (*chown)(void *fs, const char *path, uint32_t uid, uint32_t gid);
	int (*chmod)(void *fs, const char *path, mode_t mode);
	/* A file without a name gets one. */
	int (*tmpfile)(void *fs, const char *dir, const char *path);
	int (*sync)(void *fs, const char *dir);
};

extern const struct test_fill_ops test_fill_posix;	/* @fs: NULL */
extern const struct test_fill_ops test_fill_library;	/* @fs: struct xfs_mount */

struct test_fill_options {
	const char *top;		/* an existing directory; "" is the library's root */
	const struct test_fill_ops *ops;	/* NULL: test_fill_posix */
	void *fs;
	uint64_t seed;
	uint32_t blocksize, dirblksize, inodesize;
	uint32_t percent; /* of the usual amount; 100 is about 60 MiB with 4 KiB blocks */
	uint32_t what;			/* TEST_FILL_* */
};

struct test_fill_result {
	uint64_t calls, refused;
	char failed[256];		/* first call that failed for no allowed reason; "" none */
};

/* 0, or a negative errno with @result->failed saying what. */
int test_fill(const struct test_fill_options *opts, struct test_fill_result *result);

#endif
