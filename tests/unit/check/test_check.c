/* SPDX-License-Identifier: MIT */
/*
 * Goal: xfs_check() keeps its contract around the edges: what is no XFS, options,
 * limits, devices that end early or fail, no memory, states of the log.
 * Method: small file systems formatted into memory.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <fcntl.h>
#include <xfswrite/mkfs.h>
#include <xfswrite/xfswrite.h>
#include "base/crc32c.h"
#include "check/check_priv.h"
#include "disk/log.h"
#include "support/objects.h"
#include "support/test_device.h"

#define MIB	(1ull << 20)

static struct xfs_device *format(uint32_t sector, uint32_t blocksize, uint32_t flags,
				 uint32_t agcount)
{
	struct xfs_mkfs_options o = {
		.size = sizeof(o), .flags = XFS_MKFS_FORCE | XFS_MKFS_SMALL | flags,
		.blocksize = blocksize, .agcount = agcount, .log_size = 0,
	};
	struct xfs_device *dev;
	int error;

	assert_int_equal(xfs_device_open_memory(512 * MIB, sector, NULL, &dev), 0);
	error = xfs_mkfs(dev, NULL, &o, NULL);
	if (error)
		fail_msg("xfs_mkfs: %d", error);
	return dev;
}

static struct test_findings check(struct xfs_device *dev, uint32_t flags, uint64_t max)
{
	struct test_findings found = { 0 };

	test_check(dev, flags, max, &found);
	return found;
}

static bool named(const struct test_findings *found, const char *structure, const char *text)
{
	for (size_t i = 0; i < found->n; i++) {
		if (!strcmp(found->v[i].structure, structure) && strstr(found->v[i].text, text))
			return true;
	}
	test_findings_print(found);
	return false;
}

static void sb_field(struct xfs_device *dev, uint32_t off, uint8_t value)
{
	uint8_t sector[512];

	assert_int_equal(xfs_device_pread(dev, 0, sector, sizeof(sector)), 0);
	sector[off] = value;
	xfs_cksum_set(sector, sizeof(sector), XFS_SB_CRC_OFF);
	assert_int_equal(xfs_device_pwrite(dev, 0, sector, sizeof(sector), 0), 0);
}

static void test_clean(void **state)
{
	struct xfs_device *dev = format(512, 4096, 0, 4);
	struct test_findings found = check(dev, 0, 0);

	(void)state;
	if (found.n)
		test_findings_print(&found);
	assert_int_equal(found.error, 0);
	assert_int_equal(found.sum.findings, 0);
	assert_int_equal(found.sum.inodes, 3);
	assert_int_equal(found.sum.directories, 1);
	assert_int_equal(found.sum.files, 2);
	assert_true(found.sum.free_blocks > 0 && found.sum.metadata_blocks > 0);
	assert_int_equal(found.sum.not_checked, 0);
	test_findings_free(&found);
	assert_int_equal(xfs_check(dev, NULL, NULL, NULL), 0);
	xfs_device_put(dev);
}

static void test_not_xfs(void **state)
{
	struct xfs_check_options opts = { .size = 4 };
	struct xfs_device *dev;

	(void)state;
	assert_int_equal(xfs_check(NULL, NULL, NULL, NULL), -EINVAL);
	assert_int_equal(xfs_device_open_memory(MIB, 512, NULL, &dev), 0);
	assert_int_equal(xfs_check(dev, NULL, NULL, NULL), -EINVAL);
	xfs_device_put(dev);
	dev = format(512, 4096, 0, 4);
	assert_int_equal(xfs_check(dev, NULL, &opts, NULL), -EINVAL);
	sb_field(dev, 101, 0xa4);		/* sb_versionnum: version 4 */
	assert_int_equal(xfs_check(dev, NULL, NULL, NULL), -EINVAL);
	xfs_device_put(dev);
}

/* Sectors of the device larger than the file system's, and a file system behind other things. */
static void test_other_sectors(void **state)
{
	struct xfs_device *dev = format(512, 4096, 0, 4), *disk, *window;
	struct test_findings found;
	uint8_t buf[65536];

	(void)state;
	assert_int_equal(xfs_device_open_memory(514 * MIB, 4096, NULL, &disk), 0);
	for (uint64_t off = 0; off < 512 * MIB; off += sizeof(buf)) {
		assert_int_equal(xfs_device_pread(dev, off, buf, sizeof(buf)), 0);
		if (!xfs_check_zeros(buf, sizeof(buf)))
			assert_int_equal(xfs_device_pwrite(disk, MIB + off, buf, sizeof(buf), 0),
					 0);
	}
	assert_int_equal(xfs_device_open_window(disk, MIB, 512 * MIB, &window), 0);
	found = check(window, 0, 0);
	assert_true(found.error == 0 && found.n == 0);
	test_findings_free(&found);
	xfs_device_put(window);
	xfs_device_put(disk);
	xfs_device_put(dev);
}

static void test_truncated(void **state)
{
	struct xfs_device *dev = format(512, 4096, 0, 4), *window;
	struct test_findings found;

	(void)state;
	for (uint64_t len = 512; len < 512 * MIB; len = len * 3 / 512 * 512) {
		assert_int_equal(xfs_device_open_window(dev, 0, len, &window), 0);
		found = check(window, 0, 0);
		assert_int_equal(found.error, 0);
		assert_true(named(&found, "superblock", "the device ends"));
		test_findings_free(&found);
		xfs_device_put(window);
	}
	xfs_device_put(dev);
}

static int note_progress(void *ctx, const char *phase, uint64_t done, uint64_t total)
{
	uint64_t *calls = ctx;

	assert_non_null(phase);
	assert_true(done <= total);
	++*calls;
	return 0;
}

static void test_limit_and_progress(void **state)
{
	struct xfs_device *dev = format(512, 4096, 0, 4);
	uint64_t calls = 0;
	struct xfs_check_options opts = { .size = sizeof(opts),
					  .ctx = &calls,
					  .progress = note_progress };
	struct xfs_check_summary sum = XFS_CHECK_SUMMARY_INIT;
	struct test_findings found;

	(void)state;
	assert_int_equal(xfs_check(dev, NULL, &opts, &sum), 0);
	assert_true(calls >= 4);
	sb_field(dev, 127, 200);		/* sb_imax_pct */
	sb_field(dev, 179, 1);			/* sb_shared_vn: itself, and against three copies */
	found = check(dev, 0, 0);
	assert_int_equal(found.n, 5);
	test_findings_free(&found);
	found = check(dev, 0, 1);
	assert_int_equal(found.n, 1);
	assert_int_equal(found.sum.findings, 1);
	test_findings_free(&found);
	/* Nobody listens: they are still counted. */
	assert_int_equal(xfs_check(dev, NULL, NULL, &sum), 0);
	assert_int_equal(sum.findings, 5);
	xfs_device_put(dev);
}

/* How often a function of the caller may still be called before it says stop; and was called. */
struct stopper {
	uint64_t left, calls;
};

static int stop_after(struct stopper *s)
{
	s->calls++;
	return s->left-- ? 0 : 1;
}

static int stop_finding(void *ctx, const struct xfs_finding *finding)
{
	(void)finding;
	return stop_after(ctx);
}

static int stop_progress(void *ctx, const char *phase, uint64_t done, uint64_t total)
{
	(void)phase;
	(void)done;
	(void)total;
	return stop_after(ctx);
}

static int stop_line(void *ctx, const char *text)
{
	(void)text;
	return stop_after(ctx);
}

/* At each of its calls a function of the caller may stop the work; it is the last call then. */
static void test_stopped_by_the_caller(void **state)
{
	static const char *const what[] = {
		"sb", "agf 0", "agi 0", "agfl 0", "bnobt 0", "inobt 0", "inode 128", "dir 128", "log",
	};
	struct xfs_device *dev = format(512, 4096, 0, 4);
	struct xfs_check_options opts = XFS_CHECK_OPTIONS_INIT;
	struct xfs_check_summary sum = XFS_CHECK_SUMMARY_INIT;
	struct stopper s = { 0 };
	int error = -ECANCELED;

	(void)state;
	opts.ctx = &s;
	opts.progress = stop_progress;
	for (uint64_t nth = 0; error == -ECANCELED; nth++) {
		s = (struct stopper){ .left = nth };
		error = xfs_check(dev, NULL, &opts, &sum);
		assert_true(error == 0 || error == -ECANCELED);
		assert_int_equal(s.calls, error ? nth + 1 : nth);
		assert_true(!error || strstr(xfs_error_text(NULL), "stop"));
	}
	assert_int_equal(sum.findings, 0);
	sb_field(dev, 127, 200);
	sb_field(dev, 179, 1);
	opts.progress = NULL;
	opts.finding = stop_finding;
	for (uint64_t nth = 0; nth <= 5; nth++) {
		s = (struct stopper){ .left = nth };
		assert_int_equal(xfs_check(dev, NULL, &opts, &sum), nth < 5 ? -ECANCELED : 0);
		assert_int_equal(s.calls, nth < 5 ? nth + 1 : 5);
		assert_int_equal(sum.findings, nth < 5 ? nth + 1 : 5);
	}
	xfs_device_put(dev);
	dev = format(512, 4096, 0, 4);
	for (size_t i = 0; i < ARRAY_SIZE(what); i++) {
		uint64_t lines;

		s = (struct stopper){ .left = UINT64_MAX };
		assert_int_equal(xfs_dump(dev, NULL, what[i], stop_line, &s), 0);
		lines = s.calls;
		assert_true(lines > 0);
		for (uint64_t nth = 0; nth <= lines; nth++) {
			s = (struct stopper){ .left = nth };
			assert_int_equal(xfs_dump(dev, NULL, what[i], stop_line, &s),
					 nth < lines ? -ECANCELED : 0);
			assert_int_equal(s.calls, nth < lines ? nth + 1 : lines);
		}
	}
	xfs_device_put(dev);
}

static void test_in_progress(void **state)
{
	struct xfs_device *dev = format(512, 4096, XFS_MKFS_INPROGRESS, 4);
	struct test_findings found = check(dev, 0, 0);

	(void)state;
	assert_true(named(&found, "superblock", "sb_inprogress"));
	test_findings_free(&found);
	found = check(dev, XFS_CHECK_IN_PROGRESS_OK, 0);
	assert_int_equal(found.n, 0);
	test_findings_free(&found);
	xfs_device_put(dev);
}

static void touch(struct xfs_mount *mp, const char *path)
{
	struct xfs_file *file;

	assert_int_equal(xfs_open(mp, path, O_CREAT | O_RDWR, 0644, &file), 0);
	assert_int_equal(xfs_close(file), 0);
}

/* Put @to wherever @from stands on the device, checksums of inodes included. */
static unsigned int replace(struct xfs_device *dev, const char *from, const char *to)
{
	struct test_objects objs;
	unsigned int n = 0;
	uint8_t buf[65536];

	assert_int_equal(test_objects_find(dev, &objs), 0);
	for (size_t i = 0; i < objs.n; i++) {
		uint8_t *p;

		assert_int_equal(test_object_read(dev, &objs.v[i], buf), 0);
		p = memmem(buf, objs.v[i].len, from, strlen(from));
		if (!p)
			continue;
		memcpy(p, to, strlen(to));
		test_object_fix_crc(&objs.v[i], buf);
		assert_int_equal(test_object_write(dev, &objs.v[i], buf), 0);
		n++;
	}
	test_objects_free(&objs);
	return n;
}

static bool twice(const struct test_findings *found)
{
	for (size_t i = 0; i < found->n; i++) {
		if (strstr(found->v[i].text, "stands twice"))
			return true;
	}
	return false;
}

/* Names that differ in case only are one name where case does not count, in each form. */
static void test_case(void **state)
{
	struct xfs_mount_options mo = { .size = sizeof(mo), .flags = XFS_MOUNT_UNJOURNALLED };
	struct xfs_mount *mp;
	char path[64];

	(void)state;
	for (unsigned int form = 0; form < 4; form++) {
		bool ci = form & 1, block = form & 2;
		struct xfs_device *dev = format(512, 4096, ci ? XFS_MKFS_ASCII_CI : 0, 4);
		struct test_findings found;

		assert_int_equal(xfs_mount(dev, &mo, &mp), 0);
		touch(mp, "/Same-name-X");
		touch(mp, "/SAME-NAME-Y");
		for (unsigned int i = 0; block && i < 60; i++) {
			snprintf(path, sizeof(path), "/another file %u", i);
			touch(mp, path);
		}
		assert_int_equal(xfs_unmount(mp), 0);
		found = check(dev, 0, 0);
		assert_int_equal(found.n, 0);
		test_findings_free(&found);
		/* In the directory, and in the parent pointer. */
		assert_int_equal(replace(dev, "SAME-NAME-Y", "SAME-NAME-X"), 2);
		found = check(dev, 0, 0);
		assert_int_equal(twice(&found), ci);
		assert_true(ci || block || found.n == 0);
		test_findings_free(&found);
		xfs_device_put(dev);
	}
}

/* ---- the log ---- */

static uint64_t log_bytes(struct xfs_device *dev, uint32_t *bbs)
{
	struct xfs_geometry geo;
	struct xfs_dsb dsb;
	struct xfs_sb sb;
	uint8_t sector[512];

	assert_int_equal(xfs_device_pread(dev, 0, sector, sizeof(sector)), 0);
	memcpy(&dsb, sector, sizeof(dsb));
	xfs_sb_from_disk(&sb, &dsb);
	assert_int_equal(xfs_geometry_init(&geo, &sb), 0);
	*bbs = geo.logblocks << (geo.blocklog - 9);
	return xfs_fsb_to_bytes(&geo, geo.logstart);
}

/* The record that the formatter left at the start of the log. */
static uint8_t first_record[1024];

static uint32_t test_record_crc(const uint8_t *rec)
{
	uint8_t copy[1024];
	uint32_t crc;

	memcpy(copy, rec, sizeof(copy));
	memset(copy + offsetof(struct xlog_rec_header, h_crc), 0, 4);
	crc = xfs_crc32c(~0u, copy, XLOG_REC_CRC_LEN);
	return ~xfs_crc32c(crc, copy + 512, 512);
}

/* One like it, of one block of data, at @bb: unmount or not. */
static void put_record(struct xfs_device *dev, uint32_t bb, uint32_t cycle, bool unmount)
{
	uint8_t rec[1024];
	uint32_t bbs;
	uint64_t start = log_bytes(dev, &bbs);
	struct xlog_rec_header *r = (void *)rec;
	struct xlog_op_header *op = (void *)(rec + 512);

	memcpy(rec, first_record, sizeof(rec));
	r->h_cycle = cpu_to_be32(cycle);
	r->h_lsn = r->h_tail_lsn = cpu_to_be64((uint64_t)cycle << 32 | bb);
	r->h_len = cpu_to_be32(512);
	put_be32(cycle, rec + 512);
	op->oh_flags = unmount ? XLOG_UNMOUNT_TRANS : XLOG_START_TRANS;
	op->oh_len = cpu_to_be32(unmount ? XLOG_UNMOUNT_PAYLOAD : 0);
	/* No record but that of an unmount is believed without a checksum. */
	if (!unmount)
		r->h_crc = cpu_to_le32(test_record_crc(rec));
	assert_int_equal(xfs_device_pwrite(dev, start + 512ull * bb, rec, sizeof(rec), 0), 0);
}

/* Stamp blocks [@from, @to) with @cycle. */
static void stamp(struct xfs_device *dev, uint32_t from, uint32_t to, uint32_t cycle)
{
	uint8_t block[512] = { 0 };
	uint32_t bbs;
	uint64_t start = log_bytes(dev, &bbs);

	put_be32(cycle, block);
	for (uint32_t bb = from; bb < to; bb++)
		assert_int_equal(xfs_device_pwrite(dev, start + 512ull * bb, block, 512, 0), 0);
}

/* What the checker makes of the log. */
static void expect_log(struct xfs_device *dev, bool clean, uint32_t cycle, uint32_t head)
{
	struct xfs_check *chk;

	assert_int_equal(xfs_check_open(dev, NULL, NULL, &chk), 0);
	xfs_check_log(chk);
	if (!chk->log_known || chk->log_clean != clean ||
	    chk->head_lsn != ((uint64_t)cycle << 32 | head))
		fail_msg("known %d, clean %d, head %" PRIu64 ":%u instead of %d, %u:%u",
			 chk->log_known, chk->log_clean, chk->head_lsn >> 32,
			 (uint32_t)chk->head_lsn, clean, cycle, head);
	xfs_check_close(chk);
}

static void test_log(void **state)
{
	struct xfs_device *dev = format(512, 4096, 0, 4);
	struct test_findings found;
	uint32_t bbs;

	(void)state;
	assert_int_equal(xfs_device_pread(dev, log_bytes(dev, &bbs), first_record,
					  sizeof(first_record)), 0);
	expect_log(dev, true, 1, 2);
	/* Its first cycle: records behind each other, zeros behind them. */
	put_record(dev, 2, 1, false);
	expect_log(dev, false, 1, 4);
	found = check(dev, 0, 0);
	assert_true(named(&found, "log", "dirty"));
	test_findings_free(&found);
	found = check(dev, XFS_CHECK_DIRTY_LOG_OK, 0);
	assert_int_equal(found.n, 0);
	test_findings_free(&found);
	/* Counters mean nothing while the log is dirty. */
	sb_field(dev, 151, 77);
	found = check(dev, XFS_CHECK_DIRTY_LOG_OK, 0);
	assert_int_equal(found.n, 0);
	test_findings_free(&found);
	put_record(dev, 4, 1, true);
	expect_log(dev, true, 1, 6);
	found = check(dev, 0, 0);
	assert_true(named(&found, "superblock", "sb_fdblocks"));
	test_findings_free(&found);
	/* A record cut off by the end of writing: the one before it is the last. */
	stamp(dev, 7, 8, 1);
	put_record(dev, 6, 1, false);
	stamp(dev, 7, 8, 0);
	expect_log(dev, true, 1, 6);
	/* A full log in its third cycle, the head in the middle. */
	stamp(dev, 0, 10000, 3);
	stamp(dev, 10000, bbs, 2);
	put_record(dev, 9998, 3, true);
	expect_log(dev, true, 3, 10000);
	/* A hole before the head: that write never arrived. */
	stamp(dev, 9500, 9501, 2);
	put_record(dev, 9498, 3, false);
	expect_log(dev, false, 3, 9500);
	/* Exactly full: the head is at the start again. */
	stamp(dev, 0, bbs, 2);
	put_record(dev, bbs - 2, 2, true);
	expect_log(dev, true, 3, 0);
	/* Nothing at all. */
	stamp(dev, 0, bbs, 0);
	found = check(dev, 0, 0);
	assert_true(named(&found, "log", "empty"));
	test_findings_free(&found);
	/* Stamped, but no record anywhere. */
	stamp(dev, 0, bbs, 4);
	found = check(dev, 0, 0);
	assert_true(named(&found, "log", "no log record"));
	test_findings_free(&found);
	xfs_device_put(dev);
}

static void test_external_log(void **state)
{
	struct xfs_mkfs_options o = { .size = sizeof(o), .flags = XFS_MKFS_FORCE };
	struct xfs_check_summary sum = XFS_CHECK_SUMMARY_INIT;
	struct xfs_device *dev, *log;

	(void)state;
	assert_int_equal(xfs_device_open_memory(512 * MIB, 512, NULL, &dev), 0);
	assert_int_equal(xfs_device_open_memory(100 * MIB, 512, NULL, &log), 0);
	assert_int_equal(xfs_mkfs(dev, log, &o, NULL), 0);
	assert_int_equal(xfs_check(dev, NULL, NULL, &sum), 0);
	assert_int_equal(sum.findings, 0);
	assert_int_equal(sum.not_checked, XFS_CHECK_SKIPPED_LOG);
	assert_int_equal(xfs_check(dev, log, NULL, &sum), 0);
	assert_int_equal(sum.findings, 0);
	assert_int_equal(sum.not_checked, 0);
	/* Another file system's log. */
	assert_int_equal(xfs_device_zero(log, 0, 4096), 0);
	assert_int_equal(xfs_check(dev, log, NULL, &sum), 0);
	assert_int_equal(sum.findings, 1);
	xfs_device_put(dev);
	xfs_device_put(log);
}

/* ---- things that fail ---- */

static void test_unreadable(void **state)
{
	struct xfs_device *dev = format(512, 4096, 0, 4), *fault;
	struct test_findings found;
	bool met = true;

	(void)state;
	assert_int_equal(test_fault_open(dev, &fault), 0);
	for (unsigned int nth = 1; met; nth++) {
		test_fault_arm(fault, TEST_FAULT_READ, nth, false, false);
		found = check(fault, 0, 0);
		met = test_fault_met(fault);
		/* Without the superblock nothing can be said; anything else is a finding. */
		assert_true(found.error == 0 || (met && found.error == -EIO));
		assert_int_equal(found.error == 0 && found.n > 0, met && found.error == 0);
		test_findings_free(&found);
	}
	test_fault_arm(fault, TEST_FAULT_READ, 12, true, false);
	found = check(fault, 0, 0);
	assert_int_equal(found.error, 0);
	assert_true(found.n > 0);
	test_fault_arm(fault, 0, 0, false, false);
	test_findings_free(&found);
	xfs_device_put(fault);
	xfs_device_put(dev);
}

static int no_line(void *ctx, const char *text)
{
	(void)ctx;
	(void)text;
	return 0;
}

static void test_no_memory(void **state)
{
	struct xfs_device *dev = format(512, 4096, 0, 4);
	static const char *const what[] = { "sb", "rmapbt 1", "dir 128", "log" };
	bool met = true;

	(void)state;
#ifndef XFSWRITE_DEBUG
	xfs_device_put(dev);
	skip();
#endif
	for (unsigned int nth = 1; met; nth++) {
		int error;

		xfs_mem_fail_at(nth, false);
		error = xfs_check(dev, NULL, NULL, NULL);
		met = xfs_mem_fail_met();
		assert_int_equal(error, met ? -ENOMEM : 0);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(what); i++) {
		met = true;
		for (unsigned int nth = 1; met; nth++) {
			int error;

			xfs_mem_fail_at(nth, false);
			error = xfs_dump(dev, NULL, what[i], no_line, NULL);
			met = xfs_mem_fail_met();
			assert_int_equal(error, met ? -ENOMEM : 0);
		}
	}
	xfs_device_put(dev);
}

/* ---- the dumper ---- */

struct lines {
	const char *want;
	unsigned int n;
	bool found;
};

static int note_line(void *ctx, const char *text)
{
	struct lines *l = ctx;

	l->n++;
	l->found |= strstr(text, l->want) != NULL;
	assert_null(strchr(text, '\n'));
	return 0;
}

static void test_dump(void **state)
{
	struct xfs_device *dev = format(512, 4096, 0, 4), *broken;
	static const struct { const char *what, *line;
	} good[] = {
		{ "sb", "sb_agcount = 4" },
		{ "sb 2", "sb_inprogress = 1" },
		{ "agf 1", "agf_seqno = 1" },
		{ "agi 0", "agi_count = 64" },
		{ "agfl 3", "agfl_seqno = 3" },
		{ "bnobt 0", "rec 0: startblock" },
		{ "cntbt 0", "rec 0: startblock" },
		{ "inobt 0", "startino 128" },
		{ "finobt 0", "startino 128" },
		{ "rmapbt 0", "owner -3" },
		{ "refcountbt 0", "bb_numrecs = 0" },
		{ "inode 128", "di_ino = 128" },
		{ "bmap 129", "" },
		{ "bmap 128 attr", "" },
		{ "dir 128", "parent = 128" },
		{ "attr 128", "" },
		{ "block 1", "bb_magic = 0x41423342" },
		{ "block 0", "sb_magicnum" },
		{ "block 16", "inode at 512" },
		{ "log", "clean, head 2" },
		{ "inode 0x80", "di_ino = 128" },
	};
	static const char *const bad[] = { "",
					   "s",
					   "sbx",
					   "agf",
					   "agf 4",
					   "agf x",
					   "agf 1 2",
					   "bnobt",
					   "inode",
					   "inode 1",
					   "bmap 128 data",
					   "dir 99999999999",
					   "log 1",
					   "block 99999999999",
					   "sb -1" };
	struct xfs_device_info info = XFS_DEVICE_INFO_INIT;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(good); i++) {
		struct lines l = { .want = good[i].line };
		int error = xfs_dump(dev, NULL, good[i].what, note_line, &l);

		if (error || (*l.want && !l.found))
			fail_msg("%s: %d, no line \"%s\"", good[i].what, error, l.want);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		struct lines l = { .want = "" };

		if (xfs_dump(dev, NULL, bad[i], note_line, &l) != -EINVAL || l.n)
			fail_msg("\"%s\" is not refused", bad[i]);
	}
	assert_int_equal(xfs_dump(NULL, NULL, "sb", note_line, NULL), -EINVAL);
	/* Of an impossible geometry the superblock can still be looked at. */
	assert_int_equal(xfs_device_info(dev, &info), 0);
	assert_int_equal(test_device_clone(dev, &broken), 0);
	sb_field(broken, 6, 3);
	struct lines l = { .want = "sb_blocksize = 768" };

	assert_int_equal(xfs_dump(broken, NULL, "sb", note_line, &l), 0);
	assert_int_equal(xfs_dump(broken, NULL, "agf 0", note_line, &l), -EUCLEAN);
	xfs_device_put(broken);
	xfs_device_put(dev);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clean),
		cmocka_unit_test(test_not_xfs),
		cmocka_unit_test(test_other_sectors),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_limit_and_progress),
		cmocka_unit_test(test_stopped_by_the_caller),
		cmocka_unit_test(test_in_progress),
		cmocka_unit_test(test_case),
		cmocka_unit_test(test_log),
		cmocka_unit_test(test_external_log),
		cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_dump),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
