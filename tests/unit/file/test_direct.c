/* SPDX-License-Identifier: MIT */
/*
 * Goal: a handle that is open with O_DIRECT reads and writes the device, whole sectors only, and agrees
 *       at every moment with other handles of the same file; nothing stale is ever seen; what
 *       fails leaves no trace.
 * Method: public calls on a volume in memory whose device counts and can fail; each write is compared
 *       through the same handle, through a buffered one, and on the device where the map says it
 *       lies.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <xfswrite/fallocate.h>
#include <xfswrite/io.h>
#include <xfswrite/reflink.h>
#include "api/api_priv.h"
#include "core/mount.h"
#include "pagecache/mapping.h"
#include "support/test_device.h"
#include "support/test_fs.h"

#define MAXBYTES	0x7fffffffffffffffull
#define FILE_BYTES	(1u << 20)

static struct test_fs fs;
static uint8_t want[2u << 20], back[2u << 20], buf[2u << 20];
static struct iovec iov[1024];

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
		buf[i] = (uint8_t)(i * 7 + i / 251 + 1);
	memset(want, 0, sizeof(want));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	test_fault_arm(fs.dev, 0, 0, false, false);
	test_fault_bad_range(fs.dev, 0, 0, 0);
	test_fs_end(&fs);
	return 0;
}

static struct xfs_file *open_file(const char *path, int flags)
{
	struct xfs_file *file;

	TEST_OK(xfs_open(fs.mp, path, flags, 0644, &file));
	return file;
}

static struct stat stat_of(struct xfs_file *file)
{
	struct stat st;

	TEST_OK(xfs_fstat(file, &st));
	return st;
}

/* Both handles see @size bytes of want[]. */
static void check_file(struct xfs_file *direct, struct xfs_file *buffered, uint64_t size)
{
	assert_int_equal(stat_of(direct).st_size, size);
	memset(back, 0xee, sizeof(back));
	assert_int_equal(xfs_pread(direct, back, sizeof(back), 0), size);
	assert_memory_equal(back, want, size);
	memset(back, 0xee, sizeof(back));
	assert_int_equal(xfs_pread(buffered, back, sizeof(back), 0), size);
	assert_memory_equal(back, want, size);
}

/* [@off, +@len) of the file, which is one piece, is on the device as in want[]. */
static void check_device(struct xfs_file *file, uint64_t off, uint64_t len)
{
	struct xfs_extent e[1] = { XFS_EXTENT_INIT };
	size_t n;

	TEST_OK(xfs_extents(file, off, e, 1, &n));
	assert_true(n == 1 && !e[0].unwritten && !e[0].delalloc);
	assert_true(e[0].offset <= off && e[0].offset + e[0].length >= off + len);
	TEST_OK(xfs_device_pread(fs.dev, e[0].device_offset + (off - e[0].offset), back, len));
	assert_memory_equal(back, want + off, len);
}

/* A direct write of bytes like no others, noted in want[]. */
static void write_direct(struct xfs_file *f, uint64_t off, uint64_t len)
{
	static size_t from;

	from = (from + 4099) % 65536;
	assert_int_equal(xfs_pwrite(f, buf + from, len, off), len);
	memcpy(want + off, buf + from, len);
}

static void test_only_whole_sectors(void **state)
{
	struct xfs_file *f = open_file("/f", O_RDWR | O_CREAT | O_DIRECT);
	struct xfs_file *a = open_file("/f", O_WRONLY | O_APPEND | O_DIRECT), *b;
	struct stat before = stat_of(f), after;

	(void)state;
	TEST_IS(xfs_pwrite(f, buf, 511, 0), -EINVAL);
	TEST_IS(xfs_pwrite(f, buf, 513, 0), -EINVAL);
	TEST_IS(xfs_pwrite(f, buf, 512, 1), -EINVAL);
	TEST_IS(xfs_pwrite(f, buf, 1, 0), -EINVAL);
	after = stat_of(f);
	assert_memory_equal(&before, &after, sizeof(before));
	assert_int_equal(xfs_pwrite(f, buf, 0, 1), 0);
	/* Past the end nothing is asked; in front of it all is. */
	assert_int_equal(xfs_pread(f, back, 7, 3), 0);
	write_direct(f, 0, 1024);
	TEST_IS(xfs_pread(f, back, 511, 0), -EINVAL);
	TEST_IS(xfs_pread(f, back, 512, 1), -EINVAL);
	assert_int_equal(xfs_pread(f, back, 512, 512), 512);
	assert_int_equal(xfs_pread(f, back, 3, 1024), 0);
	/* Memory may lie anywhere, and be cut up anywhere. */
	assert_int_equal(xfs_pwrite(f, buf + 3, 1536, 512), 1536);
	assert_int_equal(xfs_pread(f, back + 1, 1536, 512), 1536);
	assert_memory_equal(back + 1, buf + 3, 1536);
	/* The end of the file counts for who appends. */
	assert_int_equal(xfs_pwrite(a, buf, 512, 0), 512);
	assert_int_equal(stat_of(f).st_size, 2560);
	TEST_OK(xfs_ftruncate(f, 1000));
	TEST_IS(xfs_pwrite(a, buf, 512, 0), -EINVAL);
	assert_int_equal(stat_of(f).st_size, 1000);
	/* Of the handle, not of the file. */
	b = open_file("/f", O_RDWR);
	assert_int_equal(xfs_pwrite(b, buf, 3, 7), 3);
	assert_int_equal(xfs_pread(b, back, 3, 7), 3);
	TEST_OK(xfs_close(f));
	TEST_OK(xfs_close(a));
	TEST_OK(xfs_close(b));
}

static void test_data_is_on_the_device_at_once(void **state)
{
	struct xfs_file *f = open_file("/f", O_RDWR | O_CREAT | O_DIRECT), *b = open_file("/f", O_RDWR);
	struct timespec times[2];

	(void)state;
	for (int again = 0; again < 2; again++) {
		times[0] = stat_of(f).st_mtim;
		write_direct(f, 0, FILE_BYTES);
		assert_int_equal(xfs_pagecache_dirty_bytes(fs.mp), 0);
		times[1] = stat_of(f).st_mtim;
		assert_true(memcmp(&times[0], &times[1], sizeof(times[0])));
		check_device(f, 0, FILE_BYTES);
		check_file(f, b, FILE_BYTES);
	}
	/* Times are not left to somebody who writes back: nobody does. */
	assert_false(xfs_iflags_test(f->f_inode, XFS_IF_DIRTY_TIMES));
	write_direct(f, 65536, 4096);
	check_device(f, 65536, 4096);
	write_direct(f, 512, 512);
	check_device(f, 0, 4096);
	write_direct(f, 8192 - 512, 4096 + 1024);
	check_device(f, 0, FILE_BYTES);
	assert_int_equal(xfs_pagecache_dirty_bytes(fs.mp), 0);
	check_file(f, b, FILE_BYTES);
	TEST_OK(xfs_close(f));
	TEST_OK(xfs_close(b));
}

/* What the one handle has in memory never hides what the other wrote. */
static void test_direct_and_buffered_agree(void **state)
{
	static const struct {
		uint64_t off, len;
	} pieces[] = {
		{ 0, 4096 }, { 512, 512 }, { 3584, 1024 }, { 4096, 65536 }, { 100352, 512 },
		{ 200192, 300032 }, { 0, FILE_BYTES }, { FILE_BYTES - 512, 512 },
	};
	struct xfs_file *f = open_file("/f", O_RDWR | O_CREAT | O_DIRECT), *b = open_file("/f", O_RDWR);

	(void)state;
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		uint64_t off = pieces[i].off, len = pieces[i].len;

		/* All of it dirty, and more than that ... */
		memset(want, (int)i + 1, FILE_BYTES);
		assert_int_equal(xfs_pwrite(b, want, FILE_BYTES, 0), FILE_BYTES);
		/* ... read, which writes back what was asked for ... */
		assert_int_equal(xfs_pread(f, back, len, off), len);
		assert_memory_equal(back, want + off, len);
		/* ... dirty again, overwritten, then dirty beside it and overwritten again. */
		assert_int_equal(xfs_pwrite(b, want, FILE_BYTES, 0), FILE_BYTES);
		write_direct(f, off, len);
		check_file(f, b, FILE_BYTES);
		memset(want + off + len / 2, 0x77, 3);
		assert_int_equal(xfs_pwrite(b, want + off + len / 2, 3, off + len / 2), 3);
		check_file(f, b, FILE_BYTES);
		write_direct(f, off, len);
		TEST_OK(xfs_fsync(b));
		check_device(f, off / 4096 * 4096, 4096);
		check_file(f, b, FILE_BYTES);
	}
	TEST_OK(xfs_close(f));
	TEST_OK(xfs_close(b));
}

static void test_parts_of_blocks(void **state)
{
	struct xfs_file *f, *b;

	(void)state;
	/* Over a hole, unwritten blocks, delayed ones, at the end and behind it. */
	for (int kind = 0; kind < 5; kind++) {
		static const uint64_t offs[] = { 512, 4096 + 3584, 12288, 20480 - 512, 36864 + 512 };
		uint64_t size = kind == 3 ? 20000 : 32768;

		f = open_file("/f", O_RDWR | O_CREAT | O_DIRECT);
		b = open_file("/f", O_RDWR);
		memset(want, 0, FILE_BYTES);
		if (kind == 1) {
			TEST_OK(xfs_fallocate(f, 0, 0, size));
		} else if (kind == 2) {
			memset(want, 0x33, size);
			assert_int_equal(xfs_pwrite(b, want, size, 0), size);
		} else if (kind == 4) {
			size = 0;
		} else {
			TEST_OK(xfs_ftruncate(f, size));
		}
		for (size_t i = 0; i < sizeof(offs) / sizeof(offs[0]); i++) {
			for (uint64_t len = 512; len <= 9216; len += 4352) {
				len -= len % 512;
				write_direct(f, offs[i], len);
				size = offs[i] + len > size ? offs[i] + len : size;
				check_file(f, b, size);
				assert_int_equal(xfs_pagecache_dirty_bytes(fs.mp) != 0 && kind != 2, 0);
			}
		}
		TEST_OK(xfs_fsync(f));
		xfs_pagecache_shrink(fs.mp, 0);
		check_file(f, b, size);
		TEST_OK(xfs_close(f));
		TEST_OK(xfs_close(b));
		TEST_OK(xfs_unlink(fs.mp, "/f"));
	}
}

static void test_the_file_ends_in_a_sector(void **state)
{
	struct xfs_file *f = open_file("/f", O_RDWR | O_CREAT | O_DIRECT), *b = open_file("/f", O_RDWR);

	(void)state;
	memcpy(want, buf, 10000);
	assert_int_equal(xfs_pwrite(b, want, 10000, 0), 10000);
	memset(back, 0xee, 20480);
	assert_int_equal(xfs_pread(f, back, 20480, 0), 10000);
	assert_memory_equal(back, want, 10000);
	assert_int_equal(xfs_pread(f, back, 512, 9728), 10000 - 9728);
	assert_memory_equal(back, want + 9728, 10000 - 9728);
	/* Behind the end a sector that was written over is the file's. */
	write_direct(f, 9728, 512);
	check_file(f, b, 10240);
	/* And a gap is zeros, whatever the disk held there. */
	write_direct(f, 16384, 512);
	check_file(f, b, 16896);
	TEST_OK(xfs_close(f));
	TEST_OK(xfs_close(b));
}

static void test_vectors_of_crumbs(void **state)
{
	struct xfs_file *f = open_file("/f", O_RDWR | O_CREAT | O_DIRECT), *b = open_file("/f", O_RDWR);
	static const size_t sizes[] = { 1, 7, 100, 511, 1500 };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint64_t len = 0;
		int n;

		for (n = 0; n < 1023; n++, len += sizes[i])
			iov[n] = (struct iovec){ .iov_base = buf + len % 65536, .iov_len = sizes[i] };
		if (len % 512) {
			iov[n++] = (struct iovec){ .iov_base = buf, .iov_len = 512 - len % 512 };
			len += 512 - len % 512;
		}
		assert_int_equal(xfs_pwritev(f, iov, n, 0), len);
		for (uint64_t at = 0, k = 0; at < len; at += iov[k++].iov_len)
			memcpy(want + at, iov[k].iov_base, iov[k].iov_len);
		assert_int_equal(xfs_pread(b, back, len, 0), len);
		assert_memory_equal(back, want, len);
		memset(back, 0, sizeof(back));
		for (uint64_t at = 0, k = 0; at < len; at += iov[k++].iov_len)
			iov[k].iov_base = back + at;
		assert_int_equal(xfs_preadv(f, iov, n, 0), len);
		assert_memory_equal(back, want, len);
	}
	TEST_OK(xfs_close(f));
	TEST_OK(xfs_close(b));
}

static void test_shared_blocks_stay_the_others(void **state)
{
	static uint8_t kept[65536];
	struct xfs_file *f = open_file("/f", O_RDWR | O_CREAT | O_DIRECT), *b = open_file("/f", O_RDWR), *o;

	(void)state;
	write_direct(f, 0, 65536);
	o = open_file("/o", O_RDWR | O_CREAT);
	TEST_OK(xfs_clone_range(f, 0, o, 0, 0));
	TEST_OK(xfs_sync(fs.mp));
	memcpy(kept, want, 65536);
	write_direct(f, 4096, 8192);
	write_direct(f, 512, 1024);
	write_direct(f, 40960 - 512, 1024);
	check_file(f, b, 65536);
	assert_int_equal(xfs_pagecache_dirty_bytes(fs.mp), 0);
	assert_int_equal(xfs_pread(o, back, 65536, 0), 65536);
	assert_memory_equal(back, kept, 65536);
	TEST_OK(xfs_close(f));
	TEST_OK(xfs_close(b));
	TEST_OK(xfs_close(o));
}

static uint64_t free_blocks(void)
{
	struct xfs_statfs st = XFS_STATFS_INIT;

	TEST_OK(xfs_statfs(fs.mp, &st));
	return st.blocks_free;
}

static void test_a_device_that_refuses(void **state)
{
	struct xfs_file *f, *b;
	uint64_t before;

	(void)state;
	before = free_blocks();
	f = open_file("/f", O_RDWR | O_CREAT | O_DIRECT);
	b = open_file("/f", O_RDWR);
	TEST_OK(xfs_sync(fs.mp));
	/* New blocks: the file is as it was, nothing of them is seen. */
	test_fault_arm(fs.dev, TEST_FAULT_WRITE, 1, false, false);
	TEST_IS(xfs_pwrite(f, buf, 65536, 0), -EIO);
	assert_true(test_fault_met(fs.dev));
	check_file(f, b, 0);
	/* The error was told, and belongs to nobody else. */
	TEST_OK(xfs_fsync(b));
	write_direct(f, 0, 65536);
	check_file(f, b, 65536);
	/* Old ones: old or new by sector; memory does not hide which. */
	test_fault_arm(fs.dev, TEST_FAULT_WRITE, 1, false, true);
	TEST_IS(xfs_pwrite(f, buf + 1, 65536, 0), -EIO);
	assert_int_equal(xfs_pread(f, back, 65536, 0), 65536);
	assert_memory_equal(back, buf + 1, 32768);
	assert_memory_equal(back + 32768, want + 32768, 32768);
	memcpy(want, back, 65536);
	check_file(f, b, 65536);
	/* What is dirty and cannot be read past. */
	assert_int_equal(xfs_pwrite(b, want, 4096, 65536), 4096);
	TEST_OK(xfs_close(f));
	TEST_OK(xfs_close(b));
	TEST_OK(xfs_unlink(fs.mp, "/f"));
	TEST_OK(xfs_sync(fs.mp));
	assert_true(free_blocks() >= before);
}

/* What goes through memory is told to the writer that lost it, not to the next one, whose data arrives. */
static void test_an_old_loss_is_not_the_next_writers(void **state)
{
	struct xfs_file *f = open_file("/f", O_RDWR | O_CREAT | O_DIRECT), *b = open_file("/f", O_RDWR), *o;

	(void)state;
	write_direct(f, 0, 65536);
	o = open_file("/o", O_RDWR | O_CREAT);
	TEST_OK(xfs_clone_range(f, 0, o, 0, 0));
	TEST_OK(xfs_sync(fs.mp));
	test_fault_arm(fs.dev, TEST_FAULT_WRITE, 1, false, false);
	TEST_IS(xfs_pwrite(f, buf, 8192, 0), -EIO);
	assert_true(test_fault_met(fs.dev));
	write_direct(f, 0, 8192);
	check_file(f, b, 65536);
	/* Programs that look later hear of the loss, once. */
	TEST_IS(xfs_fsync(b), -EIO);
	TEST_OK(xfs_fsync(b));
	TEST_IS(xfs_sync(fs.mp), -EIO);
	TEST_OK(xfs_sync(fs.mp));
	(void)!xfs_close(f);
	TEST_OK(xfs_close(b));
	TEST_OK(xfs_close(o));
}

static void test_space_ends(void **state)
{
	struct xfs_file *f = open_file("/f", O_RDWR | O_CREAT | O_DIRECT);
	uint64_t before = free_blocks(), at = 0;
	int64_t ret = 0;

	(void)state;
	while ((ret = xfs_pwrite(f, buf, sizeof(buf), at)) > 0)
		at += (uint64_t)ret;
	assert_int_equal(ret, -ENOSPC);
	while ((ret = xfs_pwrite(f, buf, 4096, at)) > 0)
		at += (uint64_t)ret;
	assert_int_equal(ret, -ENOSPC);
	assert_true(at > before * 4096 / 10 * 8);
	assert_int_equal(stat_of(f).st_size, at);
	assert_int_equal(xfs_pread(f, back, 4096, (at - 4096) / 4096 * 4096), 4096);
	TEST_OK(xfs_ftruncate(f, 0));
	TEST_OK(xfs_sync(fs.mp));
	assert_int_equal(xfs_pwrite(f, buf, sizeof(buf), 0), sizeof(buf));
	TEST_OK(xfs_close(f));
}

/* Callers of the other kinds may use the handle too: they go through memory. */
static ssize_t give_fives(void *ctx, void *to, size_t len)
{
	(void)ctx;
	memset(to, 5, len);
	return (ssize_t)len;
}

static void test_other_sources_on_a_direct_handle(void **state)
{
	struct xfs_file *f = open_file("/f", O_RDWR | O_CREAT | O_DIRECT), *b = open_file("/f", O_RDWR);

	(void)state;
	write_direct(f, 0, 8192);
	assert_int_equal(xfs_write_from(f, give_fives, NULL, 100, 5000, 0), 5000);
	memset(want + 100, 5, 5000);
	check_file(f, b, 8192);
	write_direct(f, 4096, 512);
	check_file(f, b, 8192);
	TEST_OK(xfs_close(f));
	TEST_OK(xfs_close(b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_only_whole_sectors, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_data_is_on_the_device_at_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_direct_and_buffered_agree, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_parts_of_blocks, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_the_file_ends_in_a_sector, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_vectors_of_crumbs, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_shared_blocks_stay_the_others, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_an_old_loss_is_not_the_next_writers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_device_that_refuses, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_space_ends, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_other_sources_on_a_direct_handle, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
