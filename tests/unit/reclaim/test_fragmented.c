/* SPDX-License-Identifier: MIT */
/*
 * Goal: no call says -ENOSPC while there are blocks that it may have: neither when free space is in
 *       single blocks, nor when all but one AG are full, nor when what is free was freed a moment ago.
 * Method: volumes of several AGs are filled and freed block by block; what can be written afterwards is
 *       compared with what statfs says is free.  All blocks come back at the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <xfswrite/fallocate.h>
#include "support/test_fs.h"

static struct test_fs fs;
static uint8_t buf[4u << 20];
static uint64_t empty;

static uint64_t free_blocks(void)
{
	struct xfs_statfs st = XFS_STATFS_INIT;

	TEST_OK(xfs_statfs(fs.mp, &st));
	return st.blocks_free;
}

static int set_up(void **state)
{
	const struct xfs_mkfs_options mkfs = {
		.size = sizeof(mkfs), .agcount = 4, .log_size = 8u << 20, .rmapbt = XFS_MKFS_ON,
	};

	(void)state;
	test_fs_make(&fs, 96u << 20, &mkfs);
	TEST_OK(xfs_unmount(fs.mp));
	fs.opts.flags = 0;
	test_fs_open(&fs);
	empty = free_blocks();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	test_fs_end(&fs);
	return 0;
}

static struct xfs_file *create(const char *path)
{
	struct xfs_file *file;

	TEST_OK(xfs_open(fs.mp, path, O_RDWR | O_CREAT, 0644, &file));
	return file;
}

/* Bytes written in pieces of @len and smaller ones until nothing fits. */
static uint64_t fill(struct xfs_file *file, size_t len)
{
	uint64_t pos = 0;

	while (len >= 4096) {
		ssize_t ret = xfs_pwrite(file, buf, len, pos);

		assert_true(ret > 0 || ret == -ENOSPC);
		if (ret > 0)
			pos += (uint64_t)ret;
		else
			len /= 2;
	}
	return pos;
}

/* Every other block of @file becomes free. */
static void punch(struct xfs_file *file, uint64_t size)
{
	for (uint64_t pos = 0; pos < size; pos += 8192)
		TEST_OK(xfs_fallocate(file, XFS_FALLOC_PUNCH_HOLE | XFS_FALLOC_KEEP_SIZE, pos, 4096));
}

static void end(struct xfs_file *a, struct xfs_file *b)
{
	TEST_OK(xfs_close(a));
	TEST_OK(xfs_close(b));
	TEST_OK(xfs_unlink(fs.mp, "/a"));
	TEST_OK(xfs_unlink(fs.mp, "/b"));
	TEST_OK(xfs_sync(fs.mp));
	/* But for the inodes, which stay, and what their trees have grown by. */
	assert_true(free_blocks() + 24 >= empty);
}

static void single_blocks(size_t len, bool durable)
{
	struct xfs_file *a = create("/a"), *b = create("/b");
	uint64_t size = fill(a, sizeof(buf)), had, got;

	assert_true(size > 60u << 20);
	TEST_OK(xfs_fsync(a));
	punch(a, size);
	if (durable)
		TEST_OK(xfs_sync(fs.mp));
	had = free_blocks();
	assert_true(had > size / 4096 / 2 - 600);
	got = fill(b, len) / 4096;
	/* Each block is an extent: 250 of them take one of the map, and as many of each other tree. */
	assert_true(got + got / 100 + 64 >= had);
	TEST_OK(xfs_fsync(b));
	end(a, b);
}

static void test_single_blocks(void **state)
{
	(void)state;
	single_blocks(4096, true);
}

static void test_large_writes_into_single_blocks(void **state)
{
	(void)state;
	single_blocks(sizeof(buf), true);
}

/* They are busy: to be had when the checkpoint that freed them is durable. */
static void test_blocks_freed_a_moment_ago(void **state)
{
	(void)state;
	single_blocks(65536, false);
}

/* All is in one file; what is free then is in the AG where it ended, or in crumbs of the others. */
static void test_one_ag_is_left(void **state)
{
	struct xfs_file *a = create("/a"), *b;
	uint64_t size = fill(a, sizeof(buf)), had, got, cut = size / 8;

	(void)state;
	TEST_OK(xfs_fsync(a));
	TEST_OK(xfs_ftruncate(a, size - cut));
	TEST_OK(xfs_sync(fs.mp));
	/* A directory of its own, whose AG is full. */
	TEST_OK(xfs_mkdir(fs.mp, "/d", 0755));
	b = create("/b");
	had = free_blocks();
	got = fill(b, sizeof(buf)) / 4096;
	assert_true(got + got / 100 + 64 >= had);
	TEST_OK(xfs_fsync(b));
	TEST_OK(xfs_rmdir(fs.mp, "/d"));
	end(a, b);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(test_single_blocks),
		T(test_large_writes_into_single_blocks),
		T(test_blocks_freed_a_moment_ago),
		T(test_one_ag_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
