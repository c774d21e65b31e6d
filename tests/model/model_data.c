/* SPDX-License-Identifier: MIT */
/*
 * Goal: whatever is done to the contents of files, they read as a plain array of bytes would;
 *       space that is given up comes back to the block, and the volume stays without fault.
 * Method: seeded writes (from memory, vectors, sources that end early), reads, truncations, all modes
 *       of fallocate, clones, copies and dedupes (data_share.c), exchanges (data_exchange.c), syncs, closings,
 *       evictions and, with a journal, crashes (data_crash.c) on several files at once, each beside an array
 *       that covers its beginning and a window somewhere else, up to the largest offset.  Many
 *       geometries, small memory limits, volumes that run full,
 *       descriptors that are copied from and to.  After each round everything is compared, the volume
 *       closed, checked, opened again and compared once more.
 *
 *	model_data [--ops N] [--budget SECONDS] [--seed S]
 *
 * With arguments a campaign (data_campaign.c): volumes of many shapes, one for each seed from S on.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xfswrite/fallocate.h>
#include <xfswrite/io.h>
#include "api/api_priv.h"
#include "core/mount.h"
#include "model/data_model.h"
#include "pagecache/mapping.h"
#include "reclaim/reclaim.h"
#include "write/writeback.h"

#define MAX_IOVS	100
#define SECTOR		512u	/* of the device */

struct test_fs fs;
struct xfs_rand rnd;
const struct config *cfg;
struct file files[MAX_FILES];
uint8_t *buf, *want;
uint64_t nr_enospc, nr_deduped, nr_ops;
static int host_fd;
static uint64_t nr_short, nr_passed, nr_direct;

/* ---- the model --------------------------------------------------------------------- */

/* The model's byte array for [@off, ...), and how much of it is left; NULL: zeros. */
uint8_t *model_at(struct file *f, uint64_t off, uint64_t len, uint64_t *run)
{
	*run = len;
	if (off < cfg->window) {
		*run = XFS_MIN(len, cfg->window - off);
		return f->low + off;
	}
	if (off < f->base) {
		*run = XFS_MIN(len, f->base - off);
		return NULL;
	}
	if (off - f->base < cfg->window) {
		*run = XFS_MIN(len, cfg->window - (off - f->base));
		return f->high + (off - f->base);
	}
	return NULL;
}

void model_write(struct file *f, uint64_t off, const uint8_t *from, uint64_t len)
{
	uint64_t run;

	f->size = XFS_MAX(f->size, off + len);
	for (; len; len -= run, off += run, from += run) {
		uint8_t *at = model_at(f, off, len, &run);

		CHECK(at);
		memcpy(at, from, run);
	}
}

static void model_truncate(struct file *f, uint64_t size)
{
	if (size < cfg->window)
		memset(f->low + size, 0, cfg->window - size);
	if (size < f->base)
		memset(f->high, 0, cfg->window);
	else if (size - f->base < cfg->window)
		memset(f->high + (size - f->base), 0, cfg->window - (size - f->base));
	f->size = size;
}

/* @len bytes of @mem as a vector of pieces, some of them empty; returns how many. */
static int cut_up(struct iovec *iov, uint8_t *mem, uint64_t len)
{
	int n = 0;

	while (len) {
		uint64_t part = n == MAX_IOVS - 1 ? len : below(XFS_MIN(len, 2 * len / MAX_IOVS + 5000) + 1);

		iov[n++] = (struct iovec){ .iov_base = mem, .iov_len = (size_t)part };
		mem += part;
		len -= part;
	}
	return n;
}

/* Without O_DIRECT, when the model cannot have whole sectors. */
void go_buffered(struct file *f)
{
	TEST_OK(xfs_close(f->file));
	f->flags &= ~O_DIRECT;
	TEST_OK(xfs_open(fs.mp, f->path, f->flags, 0644, &f->file));
}

static ssize_t read_somehow(struct file *f, uint64_t off, uint64_t len)
{
	struct iovec iov[MAX_IOVS];

	if (f->flags & O_DIRECT && (off | len) % SECTOR && off < f->size) {
		CHECK(xfs_pread(f->file, buf, len, off) == -EINVAL);
		go_buffered(f);
	}
	if (below(3))
		return xfs_pread(f->file, buf, len, off);
	return xfs_preadv(f->file, iov, cut_up(iov, buf, len), off);
}

/* A read of [@off, +@len) came to @got, and put its bytes into buf. */
static void compare_buf(struct file *f, uint64_t off, uint64_t len, int64_t got)
{
	uint64_t expect = off >= f->size ? 0 : XFS_MIN(len, f->size - off), done = 0, run;

	/* As the kernel: a range that ends past the largest offset is no range. */
	if (off > INT64_MAX || len > INT64_MAX - off) {
		CHECK(got == -EINVAL);
		return;
	}
	if (got != (int64_t)expect) {
		fprintf(stderr, "%s: read %" PRId64 " of %" PRIu64 " at %" PRIu64 ", size %" PRIu64 "\n",
			f->path, got, len, off, f->size);
		CHECK(false && "the length of a read");
	}
	for (; done < expect; done += run) {
		const uint8_t *at = model_at(f, off + done, expect - done, &run);

		if (at && memcmp(buf + done, at, run) == 0)
			continue;
		if (!at && memcmp(buf + done, want, run) == 0)
			continue;
		for (uint64_t i = 0; i < run; i++) {
			if (buf[done + i] == (at ? at[i] : 0))
				continue;
			fprintf(stderr, "%s: byte %" PRIu64 " is %02x, not %02x; size %" PRIu64 "\n",
				f->path, off + done + i, buf[done + i], at ? at[i] : 0, f->size);
			CHECK(false && "the contents of a file");
		}
	}
}

static void compare(struct file *f, uint64_t off, uint64_t len)
{
	if (f->flags & O_DIRECT && len < INT64_MAX - SECTOR - off && below(16)) {
		off -= off % SECTOR;
		len = XFS_ALIGN(len, (uint64_t)SECTOR);
	}
	compare_buf(f, off, len, read_somehow(f, off, len));
}

/* ---- operations ------------------------------------------------------------------------ */

void open_file(struct file *f)
{
	f->flags = O_RDWR | (below(8) == 0 ? O_APPEND : 0) | (below(40) == 0 ? O_DSYNC : 0) |
		   (below(60) == 0 ? O_SYNC : 0) | (below(5) == 0 ? O_DIRECT : 0);
	TEST_OK(xfs_open(fs.mp, f->path, f->flags, 0644, &f->file));
}

static void close_file(struct file *f)
{
	TEST_OK(xfs_close(f->file));
	f->file = NULL;
}

/* An offset where something interesting is likely. */
uint64_t pick_offset(struct file *f)
{
	uint64_t off = below(cfg->window);

	switch (below(6)) {
	case 0:
		off = f->size;
		break;
	case 1:
		off = f->size - XFS_MIN(f->size, below(3 * cfg->blocksize));
		break;
	case 2:
		off -= off % cfg->blocksize;
		break;
	case 3:
		off = f->base + below(cfg->window);
		break;
	}
	/* Where the model has no array nothing is written. */
	if (off >= cfg->window && (off < f->base || off - f->base >= cfg->window))
		off = below(cfg->window);
	off = XFS_MIN(off, MAXBYTES - 1);
	/* Whole sectors, where the window has them. */
	return f->flags & O_DIRECT && below(8) && off - off % SECTOR >= (off < cfg->window ? 0 : f->base)
		? off - off % SECTOR : off;
}

uint64_t pick_length(struct file *f, uint64_t off)
{
	uint64_t len = 1 + below(below(3) ? XFS_MIN(cfg->max_write, 3 * cfg->blocksize)
					  : cfg->max_write);
	uint64_t end = off < cfg->window ? cfg->window : f->base + cfg->window;

	if (below(4) == 0)
		len = XFS_MAX(len - len % cfg->blocksize, (uint64_t)cfg->blocksize);
	end = XFS_MIN(end, MAXBYTES);
	return XFS_MIN(len, end - off);
}

void check_count(int64_t ret, uint64_t len)
{
	if (ret == (int64_t)len)
		return;
	CHECK(cfg->full);
	if (ret == -ENOSPC) {
		nr_enospc++;
		return;
	}
	CHECK(ret > 0 && (uint64_t)ret < len);
	nr_short++;
}

/* Now and then nothing is in memory before, so that it goes past the page cache. */
static int64_t write_from_host(struct file *f, uint64_t at, uint64_t len, uint64_t off)
{
	struct xfs_mapping *m;
	int64_t ret;

	if (below(2)) {
		TEST_OK(xfs_fsync(f->file));
		xfs_pagecache_shrink(fs.mp, 0);
	}
	fs.mp->m_copy_in_bytes = below(4) ? cfg->blocksize : below(2) * 65536;
	ret = xfs_write_from_fd(f->file, host_fd, at, len, off);
	m = f->file->f_inode->i_mapping;
	if (ret > 0 && fs.mp->m_copy_in_bytes && m && xfs_mapping_may_pass(m, off, off + 1))
		nr_passed++;
	return ret;
}

/* A source that gives less than it is asked for, and ends in its own ways. */
struct source {
	const uint8_t *at;
	uint64_t left, most;
	ssize_t last;
};

static ssize_t give(void *ctx, void *to, size_t len)
{
	struct source *s = ctx;
	uint64_t most = XFS_MIN(s->left, 1 + below(s->most));

	if (!s->left)
		return s->last;
	len = (size_t)XFS_MIN((uint64_t)len, most);
	memcpy(to, s->at, len);
	s->at += len;
	s->left -= len;
	return (ssize_t)len;
}

/* Up to @len bytes of buf from such a source; *@len is what it gives. */
static int64_t write_from_source(struct file *f, uint64_t *len, uint64_t off, unsigned int flags)
{
	uint64_t asked = *len, given = below(3) ? asked : below(asked + 1);
	struct source s = { .at = buf, .left = given, .most = below(2) ? 100 : 1u << 20 };
	int64_t ret;

	s.last = below(2) ? 0 : -ECOMM;
	*len = given;
	ret = xfs_write_from(f->file, give, &s, off, asked, flags);
	if (!given && asked && ret != -ENOSPC) {
		CHECK(ret == s.last);
		ret = 0;
	}
	return ret;
}

/* @len bytes of buf by one of the calls that take memory, with flags now and then. */
static int64_t write_somehow(struct file *f, uint64_t *len, uint64_t off)
{
	unsigned int flags = below(8) ? 0 : below(2) ? XFS_RWF_DSYNC : XFS_RWF_SYNC;
	struct iovec iov[MAX_IOVS];

	/* Of whole sectors mostly; others are refused. */
	if (f->flags & O_DIRECT) {
		if (*len > SECTOR && below(8))
			*len -= *len % SECTOR;
		if ((off | *len) % SECTOR) {
			if (!(f->flags & O_APPEND))
				CHECK(xfs_pwrite(f->file, buf, *len, off) == -EINVAL);
			go_buffered(f);
		} else {
			nr_direct++;
			return xfs_pwritev(f->file, iov, cut_up(iov, buf, *len), off);
		}
	}
	/* An append need not say where. */
	if (off == f->size && off < MAXBYTES && below(4) == 0) {
		flags |= XFS_RWF_APPEND;
		off = below(1000);
	} else if (f->flags & O_APPEND) {
		off = below(1000);
	}
	switch (below(4)) {
	case 0:
		return xfs_pwritev2(f->file, iov, cut_up(iov, buf, *len), off, flags);
	case 1:
		return write_from_source(f, len, off, flags);
	default:
		return flags & XFS_RWF_APPEND ? xfs_pwritev2(f->file, &(struct iovec){ buf, *len }, 1, off, flags)
					      : xfs_pwrite(f->file, buf, *len, off);
	}
}

static void op_write(struct file *f)
{
	uint64_t off = f->flags & O_APPEND ? f->size : pick_offset(f), len;
	int64_t ret;

	f->stable = false;
	if (off >= cfg->window && (off < f->base || off - f->base >= cfg->window))
		return;	/* an append where the model has no array */
	if (off >= MAXBYTES)
		return;
	len = pick_length(f, off);
	if (below(5) == 0) {
		uint64_t at = below(1u << 20), short_by, to_block = off % cfg->blocksize;

		if (!(f->flags & O_APPEND) && below(2) && (off < cfg->window || off - to_block >= f->base))
			off -= to_block;
		short_by = below(3) ? 0 : below(len + 1);

		/* The host file may end before the request does. */
		test_pattern_fill(buf, len, xfs_rand64(&rnd));
		CHECK(ftruncate(host_fd, 0) == 0);
		CHECK(pwrite(host_fd, buf, len - short_by, (off_t)at) == (ssize_t)(len - short_by));
		ret = write_from_host(f, at, len, off);
		len -= short_by;
	} else {
		test_pattern_fill(buf, len, xfs_rand64(&rnd));
		ret = write_somehow(f, &len, off);
	}
	check_count(ret, len);
	if (ret > 0)
		model_write(f, off, buf, (uint64_t)ret);
}

/* Space was had, or the volume is full: then what was done of it stays, and reads as it did. */
static bool had_space(int error)
{
	if (error)
		CHECK(cfg->full && error == -ENOSPC);
	return !error;
}

static void op_truncate(struct file *f)
{
	uint64_t size = below(3) ? pick_offset(f) : below(f->size + 1);

	f->stable = false;
	if (size >= cfg->window && size < f->base && below(3))
		size = 0;
	/* The end of a block that is shared is not zeroed in place. */
	if (had_space(xfs_ftruncate(f->file, size)))
		model_truncate(f, size);
}

/* ---- space ---- */

/* What of the arrays [@off, @end) has becomes zeros. */
static void model_zero(struct file *f, uint64_t off, uint64_t end)
{
	uint64_t run;

	for (; off < end; off += run) {
		uint8_t *at = model_at(f, off, end - off, &run);

		if (at)
			memset(at, 0, run);
	}
}

/* Both ends of what moves must be in one window: what leaves it is not known any more. */
static void model_move(struct file *f, uint64_t off, uint64_t len, bool up)
{
	uint64_t base = off < cfg->window ? 0 : f->base;
	uint8_t *at = (base ? f->high : f->low) + (off - base);
	uint64_t room = cfg->window - (off - base);

	if (up) {
		memmove(at + len, at, room - len);
		memset(at, 0, len);
		f->size += len;
	} else {
		memmove(at, at + len, room - len);
		memset(at + room - len, 0, len);
		f->size -= len;
	}
}

static void op_allocate(struct file *f)
{
	uint64_t off = pick_offset(f), len = pick_length(f, off);
	int mode = below(2) ? XFS_FALLOC_KEEP_SIZE : 0;

	if (below(3) == 0)
		mode |= XFS_FALLOC_UNSHARE_RANGE;
	if (had_space(xfs_fallocate(f->file, mode, off, len)) && !(mode & XFS_FALLOC_KEEP_SIZE))
		f->size = XFS_MAX(f->size, off + len);
}

static void op_punch(struct file *f)
{
	uint64_t off = pick_offset(f), len = pick_length(f, off);

	/* A block that is shared is not zeroed in place. */
	if (had_space(xfs_fallocate(f->file, XFS_FALLOC_PUNCH_HOLE | XFS_FALLOC_KEEP_SIZE, off, len)))
		model_zero(f, off, off + len);
	else
		data_take_what_is_there(f, off, len);
}

static void op_zero(struct file *f)
{
	uint64_t off = pick_offset(f), len = pick_length(f, off);
	int mode = XFS_FALLOC_ZERO_RANGE | (below(2) ? XFS_FALLOC_KEEP_SIZE : 0);

	if (!had_space(xfs_fallocate(f->file, mode, off, len))) {
		data_take_what_is_there(f, off, len);
		return;
	}
	if (!(mode & XFS_FALLOC_KEEP_SIZE))
		f->size = XFS_MAX(f->size, off + len);
	model_zero(f, off, off + len);
}

static uint64_t last_block_end(struct file *f)
{
	struct xfs_extent e[8] = { XFS_EXTENT_INIT };
	uint64_t end = 0;
	size_t n;

	do {
		TEST_OK(xfs_extents(f->file, end, e, 8, &n));
		if (n)
			end = e[n - 1].offset + e[n - 1].length;
	} while (n);
	return end;
}

/* Of files that end in their first window, so that all that moves is known. */
static void op_move(struct file *f)
{
	uint64_t bs = cfg->blocksize, off = below(cfg->window / bs) * bs;
	uint64_t len = (1 + below(below(2) ? 8 : cfg->max_write / bs)) * bs;
	bool up = below(2), fits;
	int error;

	if (f->size > cfg->window)
		return;
	if (f->size && below(3))
		off = below(f->size) / bs * bs;
	fits = up ? off < f->size : off + len < f->size;
	if (up && f->size + len > cfg->window)
		return;
	error = xfs_fallocate(f->file, up ? XFS_FALLOC_INSERT_RANGE : XFS_FALLOC_COLLAPSE_RANGE, off, len);
	/* What was allocated behind the end, without moving it, would leave the last offset behind. */
	if (up && fits && error == -EINVAL) {
		CHECK(last_block_end(f) > MAXBYTES - len);
		return;
	}
	if (!fits)
		CHECK(error == -EINVAL);
	else if (had_space(error))
		model_move(f, off, len, up);
}

static void op_space(struct file *f)
{
	f->stable = false;
	switch (below(6)) {
	case 0:
		op_allocate(f);
		break;
	case 1:
		op_punch(f);
		break;
	case 2:
		op_zero(f);
		break;
	default:
		op_move(f);
		break;
	}
}

static void op_read(struct file *f)
{
	uint64_t off = below(4) ? pick_offset(f) : below(f->size + 1);

	compare(f, off, 1 + below(cfg->max_write));
}

/* To a host file, which keeps what it had elsewhere, or into a pipe. */
static void op_read_to_fd(struct file *f)
{
	uint64_t off = below(4) ? pick_offset(f) : below(f->size + 1), at = below(1u << 20);
	uint64_t len = 1 + below(cfg->max_write);
	int64_t ret;
	int fds[2];

	if (len > INT64_MAX - off)
		return;
	if (below(4)) {
		ret = xfs_read_to_fd(f->file, off, host_fd, at, len);
		if (ret > 0)
			CHECK(pread(host_fd, buf, (size_t)ret, (off_t)at) == ret);
		CHECK(ftruncate(host_fd, 0) == 0);
	} else {
		len = XFS_MIN(len, 16384u);
		CHECK(pipe2(fds, O_CLOEXEC) == 0);
		ret = xfs_read_to_fd(f->file, off, fds[1], 0, len);
		for (int64_t done = 0, n; done < ret; done += n) {
			n = read(fds[0], buf + done, (size_t)(ret - done));
			CHECK(n > 0);
		}
		close(fds[0]);
		close(fds[1]);
	}
	compare_buf(f, off, len, ret);
}

/* Time passes, and with it what is kept in memory or past the end. */
static void op_tick(void)
{
	fs.clock_ns += 1000000000 * below(400);
	TEST_OK(xfs_tick(fs.mp));
}

/* What SEEK_DATA does not find must be zeros, and sizes must agree. */
static void op_seek(struct file *f)
{
	uint64_t off = 0, run;
	struct stat st;

	TEST_OK(xfs_fstat(f->file, &st));
	CHECK((uint64_t)st.st_size == f->size);
	while (off < f->size) {
		int64_t data = xfs_seek(f->file, off, SEEK_DATA), hole;
		uint64_t end = data == -ENXIO ? f->size : (uint64_t)data;

		CHECK(data >= (int64_t)off || data == -ENXIO);
		for (; off < end; off += run) {
			const uint8_t *at = model_at(f, off, end - off, &run);

			for (uint64_t i = 0; at && i < run; i++)
				CHECK(at[i] == 0);
		}
		if (data == -ENXIO)
			break;
		hole = xfs_seek(f->file, off, SEEK_HOLE);
		CHECK(hole > (int64_t)off && (uint64_t)hole <= f->size);
		off = (uint64_t)hole;
	}
}

static void op(struct file *f)
{
	nr_ops++;
	if (!f->file)
		open_file(f);
	switch (below(35)) {
	default:
		op_write(f);
		break;
	case 10: case 11: case 12: case 13: case 14:
		op_read(f);
		break;
	case 15: case 16:
		/* A volume that is to run full must not be emptied all the time. */
		if (!cfg->full || below(6) == 0)
			op_truncate(f);
		break;
	case 17:
		TEST_OK(below(2) ? xfs_fsync(f->file) : xfs_fdatasync(f->file));
		f->stable = true;
		break;
	case 18: case 19:
		close_file(f);
		break;
	case 20:
		if (f->file && below(2) == 0)
			op_seek(f);
		break;
	case 21:
		if (below(4) == 0)
			data_sync_all();
		break;
	case 22:
		xfs_pagecache_shrink(fs.mp, below(xfs_pagecache_bytes(fs.mp) + 1));
		break;
	case 23:
		xfs_writeback_some(fs.mp);
		break;
	case 24: case 25: case 26:
		op_space(f);
		break;
	case 27: case 28: case 29: case 30:
		data_op_share(f);
		break;
	case 31: case 32:
		data_op_exchange(f);
		break;
	case 33:
		op_read_to_fd(f);
		break;
	case 34:
		if (below(4) == 0)
			op_tick();
		else if (below(8) == 0)
			data_op_crash();
		break;
	}
}

/* ---- rounds ------------------------------------------------------------------------------- */

void data_compare_all(void)
{
	for (int i = 0; i < cfg->nfiles; i++) {
		struct file *f = &files[i];
		uint64_t off;

		if (!f->file)
			open_file(f);
		for (off = 0; off < XFS_MIN(f->size, cfg->window); off += cfg->max_write)
			compare(f, off, cfg->max_write);
		for (off = 0; f->size > f->base && off < cfg->window; off += cfg->max_write)
			compare(f, f->base + off, XFS_MIN(cfg->max_write, MAXBYTES - f->base - off));
		op_seek(f);
	}
}

static void close_all(void)
{
	for (int i = 0; i < cfg->nfiles; i++)
		if (files[i].file)
			close_file(&files[i]);
}

static void set_up(void)
{
	struct xfs_mkfs_options mkfs = {
		.size = sizeof(mkfs), .flags = XFS_MKFS_SMALL, .blocksize = cfg->blocksize,
		.agcount = cfg->agcount, .profile = cfg->old ? XFS_MKFS_PROFILE_6_1 : 0,
		.reflink = cfg->plain ? XFS_MKFS_OFF : 0, .exchange = cfg->plain ? XFS_MKFS_OFF : 0,
	};

	data_crash_make(&mkfs);
	TEST_OK(xfs_unmount(fs.mp));
	if (cfg->journal)
		fs.opts.flags &= ~XFS_MOUNT_UNJOURNALLED;
	fs.opts.data_cache_bytes = cfg->cache_bytes;
	fs.opts.allocsize_bytes = cfg->allocsize;
	test_fs_open(&fs);
	for (int i = 0; i < cfg->nfiles; i++) {
		struct file *f = &files[i];

		snprintf(f->path, sizeof(f->path), "/f%d", i);
		f->size = 0;
		/* Windows near the start, far out, and at the very end. */
		f->base = i % 4 == 0 ? MAXBYTES - cfg->window : i % 4 == 1 ? 1ull << 40 :
			  cfg->window + below(1u << 24);
		f->low = calloc(1, cfg->window);
		f->high = calloc(1, cfg->window);
		CHECK(f->low && f->high);
		TEST_OK(xfs_open(fs.mp, f->path, O_RDWR | O_CREAT, 0644, &f->file));
		f->flags = O_RDWR;
	}
}

static uint64_t free_blocks(void)
{
	struct xfs_statfs st = XFS_STATFS_INIT;

	TEST_OK(xfs_statfs(fs.mp, &st));
	return st.blocks_free;
}

void data_run(const struct config *c, uint64_t stream)
{
	uint64_t before;

	cfg = c;
	rnd = test_rand(stream);
	nr_enospc = nr_short = 0;
	set_up();
	TEST_OK(xfs_sync(fs.mp));
	before = free_blocks();
	for (int round = 0; round < 4; round++) {
		for (uint32_t i = 0; i < cfg->ops; i++)
			op(&files[below((uint64_t)cfg->nfiles)]);
		data_compare_all();
		close_all();
		/* Everything is on disk; what files were given ahead and kept is freed by age. */
		TEST_OK(xfs_sync(fs.mp));
		fs.clock_ns += 1000000000000;
		TEST_OK(xfs_tick(fs.mp));
		CHECK(fs.mp->m_delalloc_blocks == 0);
		CHECK(xfs_pagecache_dirty_bytes(fs.mp) == 0);
		test_fs_close_and_check(&fs);
		test_fs_open(&fs);
		data_compare_all();
	}
	if (cfg->full && !cfg->any_end)
		CHECK(nr_enospc > 0);
	for (int i = 0; i < cfg->nfiles; i++) {
		TEST_OK(xfs_ftruncate(files[i].file, 0));
		model_truncate(&files[i], 0);
	}
	close_all();
	TEST_OK(xfs_sync(fs.mp));
	CHECK(free_blocks() == before);
	test_fs_close_and_check(&fs);
	for (int i = 0; i < cfg->nfiles; i++) {
		free(files[i].low);
		free(files[i].high);
	}
	memset(files, 0, sizeof(files));
	test_fs_destroy(&fs);
}

const struct config data_configs[] = {
	{ "4k blocks", 256u << 20, 4096, 8u << 20, 0, 4, 2u << 20, 256u << 10, 1500, .full = false },
	{ "1k blocks, little memory", 128u << 20, 1024, 1u << 20, 0, 4, 1u << 20, 100u << 10, 1500,
	  .full = false },
	{ "64k blocks", 1024u << 20, 65536, 4u << 20, 0, 3, 4u << 20, 700u << 10, 800, .full = false },
	{ "2k blocks", 128u << 20, 2048, 3u << 20, 0, 3, 1u << 20, 60u << 10, 1000, .full = false },
	{ "32k blocks", 512u << 20, 32768, 1u << 20, 0, 3, 2u << 20, 200u << 10, 600, .full = false },
	{ "16k blocks, fixed allocation size", 256u << 20, 16384, 2u << 20, 1u << 20, 4, 2u << 20,
	  300u << 10, 1000, .full = false },
	{ "4k blocks, large writes", 512u << 20, 4096, 4u << 20, 0, 2, 24u << 20, 20u << 20, 150,
	  .full = false },
	{ "full volume", 32u << 20, 4096, 2u << 20, 0, 8, 6u << 20, 1u << 20, 1500, .full = true },
	{ "full volume, 1k blocks", 16u << 20, 1024, 1u << 20, 0, 8, 3u << 20, 300u << 10, 2000,
	  .full = true },
};

const size_t data_nr_configs = ARRAY_SIZE(data_configs);

static void run_all(void)
{
	test_seed_init(20240611);
	for (size_t i = 0; i < data_nr_configs; i++)
		data_run(&data_configs[i], i + 1);
	CHECK(nr_passed > 50);
	CHECK(nr_deduped > 50);
	CHECK(nr_direct >= 250);
	CHECK(nr_exchanged > 50);
	if (!(test_fs_mount_flags() & XFS_MOUNT_UNJOURNALLED))
		CHECK(nr_crashes > 50);
}

int main(int argc, char **argv)
{
	int ret = 0;

	buf = malloc(32u << 20);
	want = calloc(1, 32u << 20);
	host_fd = memfd_create("model_data", MFD_CLOEXEC);
	if (!buf || !want || host_fd < 0)
		return test_seed_report(1);
	if (argc > 1)
		ret = data_campaign(argc, argv);
	else
		run_all();
	free(buf);
	free(want);
	close(host_fd);
	return ret;
}
