/* SPDX-License-Identifier: MIT */
/*
 * Goal: vectors of buffers and flags of one call are those of preadv2(2) and pwritev2(2); a source that
 *       is asked for its bytes may give less, end or fail at any byte; reads that a device refuses in
 *       their middle end there.
 * Method: public calls on a volume in memory, each result compared with what one buffer would give;
 *       the device can be made to fail.
 */
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <xfswrite/io.h>
#include "api/api_priv.h"
#include "core/mount.h"
#include "pagecache/mapping.h"
#include "support/test_device.h"
#include "support/test_fs.h"
#include "write/writeback.h"

#define MAXBYTES	0x7fffffffffffffffull

static struct test_fs fs;
static uint8_t buf[2u << 20], back[2u << 20];
static struct iovec iov[2000];

static int set_up(void **state)
{
	struct xfs_device *fault;

	(void)state;
	test_fs_make(&fs, 128u << 20, NULL);
	TEST_OK(xfs_unmount(fs.mp));
	TEST_OK(test_fault_open(fs.dev, &fault));
	xfs_device_put(fs.dev);
	fs.dev = fault;
	test_fs_open(&fs);
	for (size_t i = 0; i < sizeof(buf); i++)
		buf[i] = (uint8_t)(i * 7 + i / 251);
	memset(back, 0, sizeof(back));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	test_fault_arm(fs.dev, 0, 0, false, false);
	test_fs_end(&fs);
	return 0;
}

static struct xfs_file *open_file(const char *path, int flags)
{
	struct xfs_file *file;

	TEST_OK(xfs_open(fs.mp, path, flags, 0644, &file));
	return file;
}

static uint64_t size_of(struct xfs_file *file)
{
	struct stat st;

	TEST_OK(xfs_fstat(file, &st));
	return (uint64_t)st.st_size;
}

static uint64_t free_blocks(void)
{
	struct xfs_statfs st = XFS_STATFS_INIT;

	TEST_OK(xfs_statfs(fs.mp, &st));
	return st.blocks_free;
}

/* @n buffers over @mem, of 1, 2, 3 ... @most, 1, 2 ... bytes, every fifth of them empty. */
static uint64_t cut_up(uint8_t *mem, int n, size_t most)
{
	uint64_t at = 0;

	for (int i = 0; i < n; i++) {
		size_t len = i % 5 == 4 ? 0 : (size_t)i % most + 1;

		iov[i] = (struct iovec){ .iov_base = len ? mem + at : NULL, .iov_len = len };
		at += len;
	}
	return at;
}

static void test_vectors_are_one_buffer_in_pieces(void **state)
{
	static const size_t most[] = { 1, 13, 600, 5000 };
	struct xfs_file *f = open_file("/f", O_RDWR | O_CREAT);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(most); i++) {
		int n = most[i] > 1000 ? 300 : 1024;
		uint64_t off = i * 4096 * (i % 2) + 100 * i, len = cut_up(buf, n, most[i]);

		assert_int_equal(xfs_pwritev(f, iov, n, off), len);
		/* From memory, and from the device. */
		for (int cached = 1; cached >= 0; cached--) {
			if (!cached) {
				TEST_OK(xfs_fsync(f));
				xfs_pagecache_shrink(fs.mp, 0);
			}
			memset(back, 0xee, len + 1);
			assert_int_equal(xfs_pread(f, back, len, off), len);
			assert_memory_equal(back, buf, len);
			xfs_pagecache_shrink(fs.mp, 0);
			memset(back, 0xee, len + 1);
			assert_int_equal(cut_up(back, n, most[i]), len);
			assert_int_equal(xfs_preadv(f, iov, n, off), len);
			assert_memory_equal(back, buf, len);
			assert_int_equal(back[len], 0xee);
			cut_up(buf, n, most[i]);
		}
	}
	TEST_OK(xfs_close(f));
}

static void test_a_vector_ends_with_the_file(void **state)
{
	struct xfs_file *f = open_file("/f", O_RDWR | O_CREAT);

	(void)state;
	assert_int_equal(xfs_pwrite(f, buf, 10000, 0), 10000);
	TEST_OK(xfs_fsync(f));
	xfs_pagecache_shrink(fs.mp, 0);
	for (int i = 0; i < 4; i++)
		iov[i] = (struct iovec){ .iov_base = back + i * 3000, .iov_len = 3000 };
	memset(back, 0xee, 12000);
	assert_int_equal(xfs_preadv(f, iov, 4, 0), 10000);
	assert_memory_equal(back, buf, 10000);
	assert_int_equal(back[10000], 0xee);
	assert_int_equal(xfs_preadv(f, iov, 4, 9999), 1);
	assert_int_equal(xfs_preadv(f, iov, 4, 10000), 0);
	TEST_OK(xfs_close(f));
}

static void test_limits_of_vectors(void **state)
{
	struct xfs_file *rw = open_file("/f", O_RDWR | O_CREAT), *ro = open_file("/f", O_RDONLY);
	struct xfs_file *wo = open_file("/f", O_WRONLY), *dir = open_file("/", O_RDONLY);
	struct iovec two[2] = { { .iov_base = buf, .iov_len = 1 }, { .iov_base = buf, .iov_len = 1 } };

	(void)state;
	for (int i = 0; i < 1025; i++)
		iov[i] = (struct iovec){ .iov_base = buf + i, .iov_len = 1 };
	TEST_IS(xfs_pwritev(rw, iov, 1025, 0), -EINVAL);
	TEST_IS(xfs_pwritev(rw, iov, -1, 0), -EINVAL);
	TEST_IS(xfs_preadv(rw, iov, 1025, 0), -EINVAL);
	TEST_IS(xfs_preadv(rw, iov, -1, 0), -EINVAL);
	assert_int_equal(size_of(rw), 0);
	assert_int_equal(xfs_pwritev(rw, iov, 1024, 0), 1024);
	assert_int_equal(xfs_preadv(rw, iov, 1024, 0), 1024);
	assert_int_equal(xfs_pwritev(rw, NULL, 0, 0), 0);
	assert_int_equal(xfs_preadv(rw, NULL, 0, 0), 0);
	TEST_IS(xfs_pwritev(rw, NULL, 1, 0), -EFAULT);
	/* The mode is asked before the vector, the offset before both. */
	TEST_IS(xfs_pwritev(ro, iov, 1025, 0), -EBADF);
	TEST_IS(xfs_preadv(wo, iov, 1025, 0), -EBADF);
	TEST_IS(xfs_pwritev(ro, iov, 1, MAXBYTES + 1), -EINVAL);
	TEST_IS(xfs_preadv(dir, iov, 1, 0), -EISDIR);
	TEST_IS(xfs_preadv(dir, iov, 1025, 0), -EINVAL);
	assert_int_equal(xfs_preadv(dir, iov, 0, 0), 0);
	/* The sum. */
	two[1].iov_len = SSIZE_MAX;
	TEST_IS(xfs_pwritev(rw, two, 2, 0), -EINVAL);
	TEST_IS(xfs_preadv(rw, two, 2, 0), -EINVAL);
	two[0].iov_len = two[1].iov_len = SIZE_MAX / 2 + 1;
	TEST_IS(xfs_pwritev(rw, two, 2, 0), -EINVAL);
	two[0].iov_len = 1;
	two[1] = (struct iovec){ .iov_base = NULL, .iov_len = 1 };
	TEST_IS(xfs_pwritev(rw, two, 2, 0), -EFAULT);
	TEST_IS(xfs_preadv(rw, two, 2, 0), -EFAULT);
	two[1].iov_len = 0;
	assert_int_equal(xfs_pwritev(rw, two, 2, 5), 1);
	/* The end of a file. */
	assert_int_equal(xfs_pwritev(rw, iov, 1, MAXBYTES - 1), 1);
	TEST_IS(xfs_pwritev(rw, iov, 2, MAXBYTES - 1), -EINVAL);
	TEST_IS(xfs_preadv(rw, iov, 1, MAXBYTES), -EINVAL);
	TEST_OK(xfs_close(rw));
	TEST_OK(xfs_close(ro));
	TEST_OK(xfs_close(wo));
	TEST_OK(xfs_close(dir));
}

static void test_flags_of_a_call(void **state)
{
	struct xfs_file *f = open_file("/f", O_RDWR | O_CREAT);
	const unsigned int all = XFS_RWF_HIPRI | XFS_RWF_DSYNC | XFS_RWF_SYNC | XFS_RWF_APPEND |
				 XFS_RWF_NOWAIT;
	struct iovec one = { .iov_base = buf, .iov_len = 100 };
	struct stat before, after;

	(void)state;
	assert_int_equal(xfs_pwritev2(f, &one, 1, 0, 0), 100);
	assert_int_equal(xfs_pagecache_dirty_bytes(fs.mp) > 0, 1);
	assert_int_equal(xfs_pwritev2(f, &one, 1, 0, XFS_RWF_DSYNC), 100);
	assert_int_equal(xfs_pagecache_dirty_bytes(fs.mp), 0);
	assert_int_equal(xfs_pwritev2(f, &one, 1, 5000, XFS_RWF_APPEND), 100);
	assert_int_equal(size_of(f), 200);
	assert_int_equal(xfs_pagecache_dirty_bytes(fs.mp) > 0, 1);
	assert_int_equal(xfs_pwritev2(f, &one, 1, MAXBYTES - 1000, XFS_RWF_APPEND | XFS_RWF_SYNC), 100);
	assert_int_equal(size_of(f), 300);
	assert_int_equal(xfs_pagecache_dirty_bytes(fs.mp), 0);
	assert_int_equal(xfs_pwritev2(f, &one, 1, 7, XFS_RWF_HIPRI), 100);
	TEST_OK(xfs_fstat(f, &before));
	for (unsigned int flag = 1; flag; flag <<= 1) {
		if (flag & all) {
			assert_int_equal(xfs_preadv2(f, &one, 1, 0, flag), 100);
			continue;
		}
		TEST_IS(xfs_pwritev2(f, &one, 1, 0, flag), -EOPNOTSUPP);
		TEST_IS(xfs_preadv2(f, &one, 1, 0, flag | XFS_RWF_SYNC), -EOPNOTSUPP);
		/* Nothing is nothing. */
		assert_int_equal(xfs_pwritev2(f, &one, 0, 0, flag), 0);
	}
	TEST_OK(xfs_fstat(f, &after));
	assert_memory_equal(&before, &after, sizeof(before));
	TEST_OK(xfs_close(f));
}

/* (TRANS-6) What a call of its own made stable is there after a crash, what others wrote need not be. */
static void test_flags_make_stable(void **state)
{
	struct xfs_file *a = open_file("/a", O_RDWR | O_CREAT), *b = open_file("/b", O_RDWR | O_CREAT);
	struct iovec one = { .iov_base = buf, .iov_len = 10000 };
	struct xfs_mount_options ro = XFS_MOUNT_OPTIONS_INIT;
	struct xfs_mount *other;
	struct xfs_file *f;

	(void)state;
	if (fs.mp->m_unjournalled)
		TEST_OK(xfs_sync(fs.mp));
	assert_int_equal(xfs_pwritev2(b, &one, 1, 0, 0), 10000);
	assert_int_equal(xfs_pwritev2(a, &one, 1, 0, XFS_RWF_DSYNC), 10000);
	/* As after a crash at this moment. */
	ro.flags = XFS_MOUNT_RDONLY | (fs.mp->m_unjournalled ? XFS_MOUNT_INPROGRESS
							     : XFS_MOUNT_RECOVER_IN_MEMORY);
	TEST_OK(xfs_mount(fs.dev, &ro, &other));
	TEST_OK(xfs_open(other, "/a", O_RDONLY, 0, &f));
	assert_int_equal(xfs_pread(f, back, sizeof(back), 0), 10000);
	assert_memory_equal(back, buf, 10000);
	TEST_OK(xfs_close(f));
	TEST_OK(xfs_open(other, "/b", O_RDONLY, 0, &f));
	assert_int_equal(xfs_pread(f, back, sizeof(back), 0), 0);
	TEST_OK(xfs_close(f));
	TEST_OK(xfs_unmount(other));
	TEST_OK(xfs_close(a));
	TEST_OK(xfs_close(b));
}

/* ---- devices that fail ----------------------------------------------------------------------- */

/* A file of 1 MiB in one piece; returns where that is. */
static uint64_t make_one_piece(struct xfs_file *f)
{
	struct xfs_extent e[2] = { XFS_EXTENT_INIT };
	size_t n;

	assert_int_equal(xfs_pwrite(f, buf, 1u << 20, 0), 1u << 20);
	TEST_OK(xfs_fsync(f));
	xfs_pagecache_shrink(fs.mp, 0);
	TEST_OK(xfs_extents(f, 0, e, 2, &n));
	assert_true(e[0].length >= 1u << 20);
	return e[0].device_offset;
}

static void test_reads_end_before_the_bad_block(void **state)
{
	static const uint32_t bad_blocks[] = { 0, 1, 5, 17, 18, 100, 255 };
	struct xfs_file *f = open_file("/f", O_RDWR | O_CREAT);
	uint64_t device = make_one_piece(f);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad_blocks); i++) {
		uint64_t bad = bad_blocks[i] * 4096ull;

		test_fault_bad_range(fs.dev, TEST_FAULT_READ, device + bad, 512);
		/* In one buffer and in many, large and small, of whole blocks and not. */
		memset(back, 0, sizeof(back));
		assert_int_equal(xfs_pread(f, back, 1u << 20, 0), bad ? (int64_t)bad : -EIO);
		assert_memory_equal(back, buf, bad);
		for (int j = 0; j < 350; j++)
			iov[j] = (struct iovec){ .iov_base = back + j * 3000, .iov_len = 3000 };
		memset(back, 0, sizeof(back));
		assert_int_equal(xfs_preadv(f, iov, 349, 0), bad ? (int64_t)bad : -EIO);
		assert_memory_equal(back, buf, bad);
		TEST_IS(xfs_preadv(f, iov, 3, bad), -EIO);
		TEST_IS(xfs_pread(f, back, 1, bad), -EIO);
		if (bad) {
			assert_int_equal(xfs_pread(f, back, 5000, bad - 10), 10);
			assert_memory_equal(back, buf + bad - 10, 10);
		}
		/* Behind it nothing is wrong. */
		if (bad + 4096 < 1u << 20)
			assert_int_equal(xfs_pread(f, back, 100, bad + 4096), 100);
		test_fault_bad_range(fs.dev, 0, 0, 0);
		xfs_pagecache_shrink(fs.mp, 0);
	}
	assert_int_equal(xfs_pread(f, back, 1u << 20, 0), 1u << 20);
	assert_memory_equal(back, buf, 1u << 20);
	TEST_OK(xfs_close(f));
}

/* ---- sources ------------------------------------------------------------------------------------ */

struct source {
	uint64_t given, end;	/* so many bytes, then @last */
	size_t at_once;		/* 0: what was asked for */
	ssize_t last;
	int calls, after_end;
	bool ended;
};

static ssize_t give(void *ctx, void *to, size_t len)
{
	struct source *s = ctx;

	s->calls++;
	s->after_end += s->ended;
	if (s->given == s->end) {
		s->ended = true;
		return s->last;
	}
	len = XFS_MIN(len, s->end - s->given);
	if (s->at_once)
		len = XFS_MIN(len, s->at_once);
	memcpy(to, buf + s->given, len);
	s->given += len;
	return (ssize_t)len;
}

static void test_sources_give_what_they_like(void **state)
{
	static const size_t at_once[] = { 0, 1, 7, 511, 4096, 5000 };
	static const uint64_t ends[] = { 0, 1, 4095, 4096, 4097, 100000, 262144, 300001 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(at_once); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(ends); j++) {
			struct source s = { .end = ends[j], .at_once = at_once[i] };
			uint64_t before = free_blocks();
			struct xfs_file *f = open_file("/f", O_RDWR | O_CREAT);

			assert_int_equal(xfs_write_from(f, give, &s, 50, 1u << 20, 0), ends[j]);
			assert_int_equal(s.given, ends[j]);
			assert_int_equal(s.after_end, 0);
			/* Nothing was written where nothing was given: the size is what it was. */
			assert_int_equal(size_of(f), ends[j] ? 50 + ends[j] : 0);
			memset(back, 0xee, sizeof(back));
			assert_int_equal(xfs_pread(f, back, sizeof(back), 50), ends[j]);
			assert_memory_equal(back, buf, ends[j]);
			TEST_OK(xfs_close(f));
			TEST_OK(xfs_unlink(fs.mp, "/f"));
			TEST_OK(xfs_sync(fs.mp));
			assert_true(free_blocks() == before);
		}
	}
}

static void test_a_source_that_fails(void **state)
{
	static const ssize_t errors[] = { -ENOSPC, -EDQUOT, -ENOMEM, -EPIPE, -EIO, -ECONNRESET };
	struct xfs_file *f = open_file("/f", O_RDWR | O_CREAT);

	(void)state;
	TEST_OK(xfs_fsync(f));
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		struct source s = { .end = 0, .last = errors[i] };
		uint64_t before = free_blocks();

		/* Its error, as it is; space comes back; it is asked once. */
		TEST_IS(xfs_write_from(f, give, &s, 0, 1u << 20, 0), errors[i]);
		assert_int_equal(s.calls, 1);
		assert_int_equal(size_of(f), 0);
		assert_true(free_blocks() == before);
		assert_int_equal(f->f_inode->i_delayed_blks, 0);
		/* After some bytes: those. */
		s = (struct source){ .end = 6000, .last = errors[i], .at_once = 999 };
		assert_int_equal(xfs_write_from(f, give, &s, 0, 1u << 20, 0), 6000);
		assert_int_equal(s.after_end, 0);
		assert_int_equal(size_of(f), 6000);
		assert_int_equal(xfs_pread(f, back, 10000, 0), 6000);
		assert_memory_equal(back, buf, 6000);
		TEST_OK(xfs_ftruncate(f, 0));
		TEST_OK(xfs_fsync(f));
	}
	TEST_OK(xfs_close(f));
}

/* What is behind the end of a source, in the middle of a block, is what was there. */
static void test_short_sources_over_old_data(void **state)
{
	struct xfs_file *f = open_file("/f", O_RDWR | O_CREAT);

	(void)state;
	for (int cached = 0; cached < 2; cached++) {
		for (uint64_t end = 1; end < 20000; end += 1733) {
			struct source s = { .end = end, .at_once = 1000 };

			memset(back, 0x5a, 65536);
			assert_int_equal(xfs_pwrite(f, back, 65536, 0), 65536);
			TEST_OK(xfs_fsync(f));
			if (!cached)
				xfs_pagecache_shrink(fs.mp, 0);
			assert_int_equal(xfs_write_from(f, give, &s, 4096, 40960, 0), end);
			memset(back, 0, 65536);
			for (int again = 0; again < 2; again++) {
				assert_int_equal(xfs_pread(f, back, 65536, 0), 65536);
				assert_memory_equal(back + 4096, buf, end);
				for (uint64_t i = 0; i < 4096; i++)
					assert_int_equal(back[i], 0x5a);
				for (uint64_t i = 4096 + end; i < 65536; i++)
					assert_int_equal(back[i], 0x5a);
				TEST_OK(xfs_fsync(f));
				xfs_pagecache_shrink(fs.mp, 0);
			}
		}
	}
	TEST_OK(xfs_close(f));
}

/* The block in which it ends cannot be completed: the whole blocks before it are written. */
static void test_a_short_source_and_a_bad_block(void **state)
{
	struct xfs_file *f = open_file("/f", O_RDWR | O_CREAT);
	struct source s = { .end = 10000 };
	uint64_t device = make_one_piece(f);

	(void)state;
	test_fault_bad_range(fs.dev, TEST_FAULT_READ, device + 8192, 4096);
	assert_int_equal(xfs_write_from(f, give, &s, 0, 1u << 20, 0), 8192);
	s = (struct source){ .end = 100 };
	TEST_IS(xfs_write_from(f, give, &s, 8192, 4096, 0), -EIO);
	assert_int_equal(s.calls, 2);
	test_fault_bad_range(fs.dev, 0, 0, 0);
	assert_int_equal(xfs_pread(f, back, 1u << 20, 0), 1u << 20);
	assert_memory_equal(back, buf, 1u << 20);
	TEST_OK(xfs_close(f));
}

static ssize_t give_too_much(void *ctx, void *to, size_t len)
{
	(void)ctx;
	memset(to, 0, len);
	return (ssize_t)len + 1;
}

static void test_arguments_of_sources(void **state)
{
	struct xfs_file *rw = open_file("/f", O_RDWR | O_CREAT), *ro = open_file("/f", O_RDONLY);
	struct xfs_file *ap = open_file("/f", O_WRONLY | O_APPEND);
	struct source s = { .end = 100 };

	(void)state;
	TEST_IS(xfs_write_from(ro, give, &s, 0, 100, 0), -EBADF);
	TEST_IS(xfs_write_from(rw, NULL, &s, 0, 100, 0), -EINVAL);
	TEST_IS(xfs_write_from(rw, give, &s, 0, 100, 0x4000), -EOPNOTSUPP);
	TEST_IS(xfs_write_from(rw, give, &s, MAXBYTES + 1, 100, 0), -EINVAL);
	TEST_IS(xfs_write_from(rw, give, &s, 1, MAXBYTES, 0), -EINVAL);
	assert_int_equal(xfs_write_from(rw, give, &s, 0, 0, 0), 0);
	assert_int_equal(s.calls, 0);
	TEST_IS(xfs_write_from(rw, give_too_much, NULL, 0, 100, 0), -EINVAL);
	assert_int_equal(size_of(rw), 0);
	/* As much as there is: no matter how much could be. */
	assert_int_equal(xfs_write_from(rw, give, &s, 0, MAXBYTES, XFS_RWF_DSYNC), 100);
	assert_int_equal(xfs_pagecache_dirty_bytes(fs.mp), 0);
	s.given = 0;
	assert_int_equal(xfs_write_from(ap, give, &s, 0, 4096, 0), 100);
	s.given = 0;
	assert_int_equal(xfs_write_from(rw, give, &s, 7, 4096, XFS_RWF_APPEND), 100);
	assert_int_equal(size_of(rw), 300);
	TEST_OK(xfs_close(rw));
	TEST_OK(xfs_close(ro));
	TEST_OK(xfs_close(ap));
}

/* Memory of 4 MiB is enough for more than that of dirty data, whatever call it comes by. */
static void test_little_memory(void **state)
{
	struct xfs_file *f;
	uint64_t at = 0;

	(void)state;
	TEST_OK(xfs_unmount(fs.mp));
	fs.opts.memory_limit_bytes = 4u << 20;
	test_fs_open(&fs);
	f = open_file("/f", O_RDWR | O_CREAT);
	while (at < 24u << 20) {
		struct source s = { .end = sizeof(buf), .at_once = 10000 };
		uint64_t len = cut_up(buf, 1000, 2000);

		assert_int_equal(xfs_pwritev(f, iov, 1000, at), len);
		at += len;
		assert_true(xfs_pagecache_bytes(fs.mp) < fs.opts.memory_limit_bytes);
		assert_int_equal(xfs_write_from(f, give, &s, at, sizeof(buf), 0), sizeof(buf));
		at += sizeof(buf);
		assert_true(xfs_pagecache_bytes(fs.mp) < fs.opts.memory_limit_bytes);
	}
	for (uint64_t from = 0; from < at;) {
		uint64_t len = cut_up(back, 1000, 2000);

		assert_int_equal(xfs_preadv(f, iov, 1000, from), len);
		assert_memory_equal(back, buf, len);
		from += len;
		assert_int_equal(xfs_pread(f, back, sizeof(buf), from), sizeof(buf));
		assert_memory_equal(back, buf, sizeof(buf));
		from += sizeof(buf);
		assert_true(xfs_pagecache_bytes(fs.mp) < fs.opts.memory_limit_bytes);
	}
	TEST_OK(xfs_close(f));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_vectors_are_one_buffer_in_pieces, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_vector_ends_with_the_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_limits_of_vectors, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_flags_of_a_call, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_flags_make_stable, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_reads_end_before_the_bad_block, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_sources_give_what_they_like, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_source_that_fails, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_short_sources_over_old_data, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_short_source_and_a_bad_block, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_arguments_of_sources, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_little_memory, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
