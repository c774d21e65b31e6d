/* SPDX-License-Identifier: MIT */
/* A whole file system in memory for tests of the public calls. */
#ifndef TEST_FS_H
#define TEST_FS_H

#include <stdio.h>
#include <xfswrite/mkfs.h>
#include <xfswrite/xfswrite.h>

struct test_fs {
	struct xfs_device *dev;
	struct xfs_mount *mp;
	struct xfs_env env;
	struct xfs_mount_options opts;
	uint64_t clock_ns;
};

/* Unjournalled; with XFSWRITE_TEST_JOURNAL in the environment with the journal. */
uint32_t test_fs_mount_flags(void);

/* Printed and aborted on failure, with the library's text. */
#define TEST_OK(expr) test_fs_ok((expr), #expr, __FILE__, __LINE__)
int64_t test_fs_ok(int64_t ret, const char *expr, const char *file, int line);
/* The call must return exactly @want; an error must have left a record with a text.  No lock may be left held. */
#define TEST_IS(expr, want) test_fs_is((expr), (want), #expr, __FILE__, __LINE__)
void test_fs_is(int64_t ret, int64_t want, const char *expr, const char *file, int line);

/*
 * A memory device of @size_bytes, formatted with @mkfs (NULL: small defaults; XFS_MKFS_SMALL is
 * added) and opened with test_fs_mount_flags(), with a fixed clock and seed.
 */
void test_fs_make(struct test_fs *fs, uint64_t size_bytes, const struct xfs_mkfs_options *mkfs);
/* The same on @dev, which becomes the file system's to put. */
void test_fs_make_on(struct test_fs *fs, struct xfs_device *dev,
		     const struct xfs_mkfs_options *mkfs);
/* Open what is on fs->dev again, with fs->opts. */
void test_fs_open(struct test_fs *fs);
/* Close, and demand that our checker finds nothing. */
void test_fs_close_and_check(struct test_fs *fs);
/* The checker alone; prints each finding, returns their number. */
uint64_t test_fs_check(struct xfs_device *dev, uint32_t flags);
void test_fs_destroy(struct test_fs *fs);
/* The end of most tests: closed, checked, and gone. */
void test_fs_end(struct test_fs *fs);

/* Write the image to @path, sparse. */
void test_fs_save(struct test_fs *fs, const char *path);

/*
 * For models: say what failed, where, at which step (@fmt), and what the library says; the seed; the
 * image to where XFSWRITE_SAVE_IMAGE in the environment wants it; then abort.
 */
__attribute__((noreturn, format(printf, 5, 6))) void
test_fs_die(struct test_fs *fs, const char *file, int line, const char *what, const char *fmt, ...);

/*
 * For models whose closed volumes others are to judge: memory, or a file in XFSWRITE_SAVE_DIR if
 * that is set, for volumes so large that only the holes of a file make copies of them quick.
 */
struct xfs_device *test_fs_work_device(uint64_t size_bytes);
/* Its copy NAME.img there; and NAME.list to be written to.  NULL: it is not to be saved. */
FILE *test_fs_save_work(const char *name);

#endif
