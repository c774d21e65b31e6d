/* SPDX-License-Identifier: MIT */
/*
 * Goal: quota can be turned on, counted, read, limited and turned off through the public calls, each of which
 *       says no to what it cannot do, and has done nothing then.
 * Method: volumes of a few owners whose use is known; ids at both ends of what there is; the checker, which
 *       counts for itself, looks at each volume; damaged records; cancelled and disturbed counts.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <xfswrite/nowait.h>
#include <xfswrite/quota.h>
#include "quota/quota_priv.h"
#include "support/test_fs.h"

#define B		4096u
#define ALL		(XFS_QUOTA_USER | XFS_QUOTA_GROUP | XFS_QUOTA_PROJECT)
#define WEEK		604800u

static struct test_fs fs;

static int turn_on(uint32_t types, uint32_t enforce, uint32_t flags)
{
	struct xfs_quota_on_options opts = XFS_QUOTA_ON_OPTIONS_INIT;

	opts.types = types;
	opts.enforce = enforce;
	opts.flags = flags;
	return xfs_quota_on(fs.mp, &opts);
}

static void begin(void)
{
	test_fs_make(&fs, 64u << 20, NULL);
}

static struct xfs_quota_info get(uint32_t type, uint32_t id)
{
	struct xfs_quota_info info;

	memset(&info, 0xff, sizeof(info));
	info.size = sizeof(info);
	TEST_OK(xfs_quota_get(fs.mp, type, id, &info));
	return info;
}

static struct xfs_quota_state state_now(void)
{
	struct xfs_quota_state state;

	memset(&state, 0xff, sizeof(state));
	state.size = sizeof(state);
	TEST_OK(xfs_quota_state(fs.mp, &state));
	return state;
}

static void make(const char *path, uint32_t id, uint32_t blocks)
{
	static const uint8_t bytes[B];
	struct xfs_iattr iattr = XFS_IATTR_INIT;
	struct xfs_file *file;

	iattr.valid = XFS_ATTR_MODE | XFS_ATTR_UID | XFS_ATTR_GID | XFS_ATTR_PROJID;
	iattr.mode = 0100644;
	iattr.uid = iattr.gid = iattr.projid = id;
	TEST_OK(xfs_createat(xfs_root(fs.mp), path, &iattr, NULL, &file));
	for (uint32_t i = 0; i < blocks; i++)
		assert_int_equal(xfs_pwrite(file, bytes, B, (uint64_t)i * B), B);
	TEST_OK(xfs_close(file));
}

static int set_limits(uint32_t id, uint32_t valid, uint64_t soft, uint64_t hard)
{
	struct xfs_quota_limits limits = XFS_QUOTA_LIMITS_INIT;

	limits.valid = valid;
	limits.space_soft = limits.inodes_soft = soft;
	limits.space_hard = limits.inodes_hard = hard;
	return xfs_quota_set(fs.mp, XFS_QUOTA_USER, id, &limits);
}

#define SPACE	(XFS_QUOTA_SPACE_SOFT | XFS_QUOTA_SPACE_HARD)
#define INODES	(XFS_QUOTA_INODES_SOFT | XFS_QUOTA_INODES_HARD)

static void test_on_and_off(void **state)
{
	struct xfs_quota_state now;

	(void)state;
	begin();
	make("a", 1000, 10);
	now = state_now();
	assert_int_equal(now.accounted | now.enforced | now.exact, 0);
	assert_int_equal(now.user.ino | now.user.space_grace, 0);
	TEST_OK(turn_on(XFS_QUOTA_USER, 0, 0));
	TEST_OK(turn_on(XFS_QUOTA_GROUP | XFS_QUOTA_PROJECT, XFS_QUOTA_PROJECT, 0));
	now = state_now();
	assert_int_equal(now.accounted, ALL);
	assert_int_equal(now.exact, ALL);
	assert_int_equal(now.enforced, XFS_QUOTA_PROJECT);
	assert_int_equal(now.project.space_grace, WEEK);
	assert_true(now.user.ino && now.group.ino && now.project.ino);
	for (uint32_t type = 1; type <= 4; type *= 2) {
		struct xfs_quota_info info = get(type, 1000);

		assert_int_equal(info.space_bytes, 10 * B);
		assert_int_equal(info.inodes, 1);
		assert_int_equal(info.flags, XFS_QUOTA_INFO_EXACT | XFS_QUOTA_INFO_RECORD);
	}
	/* Files of quota made while others are counted are nobody's. */
	assert_int_equal(get(XFS_QUOTA_USER, 0).inodes, 3);

	/* What was exact needs no count, and files may be open. */
	TEST_OK(turn_on(ALL, ALL, 0));
	assert_int_equal(state_now().enforced, ALL);
	TEST_OK(xfs_quota_off(fs.mp, XFS_QUOTA_USER, XFS_QUOTA_OFF_LIMITS));
	now = state_now();
	assert_int_equal(now.enforced, XFS_QUOTA_GROUP | XFS_QUOTA_PROJECT);
	assert_int_equal(now.exact, ALL);

	/* Off: others go on, and what changes meanwhile is found when it is on again. */
	TEST_OK(xfs_quota_off(fs.mp, XFS_QUOTA_GROUP, 0));
	now = state_now();
	assert_int_equal(now.accounted, XFS_QUOTA_USER | XFS_QUOTA_PROJECT);
	assert_int_equal(now.exact, XFS_QUOTA_USER | XFS_QUOTA_PROJECT);
	make("b", 1000, 5);
	TEST_OK(xfs_sync(fs.mp));
	assert_int_equal(get(XFS_QUOTA_USER, 1000).space_bytes, 15 * B);
	assert_int_equal(get(XFS_QUOTA_GROUP, 1000).space_bytes, 10 * B);
	assert_int_equal(get(XFS_QUOTA_GROUP, 1000).flags, XFS_QUOTA_INFO_RECORD);
	test_fs_close_and_check(&fs);
	test_fs_open(&fs);
	TEST_OK(turn_on(XFS_QUOTA_GROUP, 0, 0));
	assert_int_equal(get(XFS_QUOTA_GROUP, 1000).space_bytes, 15 * B);
	TEST_OK(xfs_quota_off(fs.mp, ALL, 0));
	test_fs_end(&fs);
}

static void test_limits(void **state)
{
	struct xfs_quota_limits limits = XFS_QUOTA_LIMITS_INIT;
	struct xfs_quota_info info;
	int64_t now;

	(void)state;
	begin();
	make("a", 1000, 10);
	TEST_OK(turn_on(ALL, 0, 0));
	now = xfs_now(fs.mp).tv_sec;
	/* Rounded up to blocks; under the limit no timer runs. */
	TEST_OK(set_limits(1000, SPACE | INODES, 100001, 200000));
	info = get(XFS_QUOTA_USER, 1000);
	assert_int_equal(info.space_soft, 25 * B);
	assert_int_equal(info.space_hard, 49 * B);
	assert_int_equal(info.inodes_soft, 100001);
	assert_int_equal(info.space_expires | info.inodes_expires, 0);
	/* Below what is in use. */
	TEST_OK(set_limits(1000, XFS_QUOTA_SPACE_SOFT, 9 * B, 0));
	info = get(XFS_QUOTA_USER, 1000);
	assert_int_equal(info.space_hard, 49 * B);
	assert_in_range(info.space_expires, now + WEEK, now + WEEK + 8);
	assert_int_equal(info.inodes_expires, 0);
	/* Another moment; begins anew; and goes when the limit does. */
	limits.valid = XFS_QUOTA_SPACE_EXPIRES | XFS_QUOTA_INODES_EXPIRES;
	limits.space_expires = limits.inodes_expires = 5000000000;
	TEST_OK(xfs_quota_set(fs.mp, XFS_QUOTA_USER, 1000, &limits));
	assert_int_equal(get(XFS_QUOTA_USER, 1000).space_expires, 5000000000);
	assert_int_equal(get(XFS_QUOTA_USER, 1000).inodes_expires, 0);
	limits.space_expires = 0;
	TEST_OK(xfs_quota_set(fs.mp, XFS_QUOTA_USER, 1000, &limits));
	assert_true(get(XFS_QUOTA_USER, 1000).space_expires < 5000000000);
	limits.space_expires = INT64_MAX;
	TEST_OK(xfs_quota_set(fs.mp, XFS_QUOTA_USER, 1000, &limits));
	assert_int_equal(get(XFS_QUOTA_USER, 1000).space_expires, 4074815106ll << 2);
	limits.space_expires = INT64_MIN;
	TEST_OK(xfs_quota_set(fs.mp, XFS_QUOTA_USER, 1000, &limits));
	assert_in_range(get(XFS_QUOTA_USER, 1000).space_expires, 1, 4);
	TEST_OK(set_limits(1000, XFS_QUOTA_SPACE_SOFT, 10 * B, 0));
	assert_int_equal(get(XFS_QUOTA_USER, 1000).space_expires, 0);
	/* A hard limit below it, alone. */
	TEST_OK(set_limits(1000, SPACE, 0, B));
	assert_true(get(XFS_QUOTA_USER, 1000).space_expires > now);
	TEST_OK(set_limits(1000, SPACE, 0, 0));
	info = get(XFS_QUOTA_USER, 1000);
	assert_int_equal(info.space_hard | info.space_soft | (uint64_t)info.space_expires, 0);

	/* Ids at the end; who is not there yet; and nothing makes no record. */
	TEST_OK(set_limits(UINT32_MAX, SPACE, B, INT64_MAX));
	assert_int_equal(get(XFS_QUOTA_USER, UINT32_MAX).space_hard, (uint64_t)INT64_MAX + 1);
	TEST_OK(set_limits(500000, SPACE, 0, 0));
	assert_int_equal(get(XFS_QUOTA_USER, 500000).flags, XFS_QUOTA_INFO_EXACT);
	test_fs_close_and_check(&fs);
	test_fs_open(&fs);
	assert_int_equal(get(XFS_QUOTA_USER, UINT32_MAX).space_soft, B);
	test_fs_end(&fs);
}

static void test_defaults_and_periods(void **state)
{
	struct xfs_quota_limits limits = XFS_QUOTA_LIMITS_INIT;
	struct xfs_quota_state now;
	struct xfs_quota_info info;
	int64_t seconds;

	(void)state;
	begin();
	TEST_OK(turn_on(ALL, 0, 0));
	seconds = xfs_now(fs.mp).tv_sec;
	limits.valid = XFS_QUOTA_SPACE_GRACE | XFS_QUOTA_INODES_GRACE | XFS_QUOTA_RT_SPACE_GRACE | SPACE;
	limits.space_grace = 100;
	limits.inodes_grace = UINT32_MAX;
	limits.space_soft = 2 * B;
	limits.space_hard = 100 * B;
	TEST_OK(xfs_quota_set(fs.mp, XFS_QUOTA_USER, 0, &limits));
	now = state_now();
	assert_int_equal(now.user.space_grace, 100);
	assert_int_equal(now.user.inodes_grace, UINT32_MAX);
	assert_int_equal(now.user.rt_space_grace, WEEK);
	assert_int_equal(now.user.space_soft, 2 * B);
	assert_int_equal(now.group.space_grace, WEEK);
	/* Who has no limit has these. */
	make("a", 7, 3);
	TEST_OK(xfs_sync(fs.mp));
	info = get(XFS_QUOTA_USER, 7);
	assert_int_equal(info.space_hard, 100 * B);
	assert_in_range(info.space_expires, seconds + 100, seconds + 110);
	assert_int_equal(get(XFS_QUOTA_USER, 0).space_expires, 0);
	/* They are there when it is opened again, also for reading. */
	test_fs_close_and_check(&fs);
	fs.opts.flags = XFS_MOUNT_RDONLY;
	test_fs_open(&fs);
	now = state_now();
	assert_int_equal(now.exact, ALL);
	assert_int_equal(now.user.space_grace, 100);
	assert_int_equal(get(XFS_QUOTA_USER, 7).space_bytes, 3 * B);
	assert_int_equal(get(XFS_QUOTA_USER, 8).flags, XFS_QUOTA_INFO_EXACT | XFS_QUOTA_INFO_RECORD);
	TEST_IS(set_limits(7, SPACE, 0, 0), -EROFS);
	TEST_IS(turn_on(ALL, ALL, 0), -EROFS);
	TEST_IS(turn_on(ALL, ALL, XFS_QUOTA_ON_RECOUNT), -EROFS);
	TEST_IS(xfs_quota_check(fs.mp, 0), -EROFS);
	TEST_IS(xfs_quota_off(fs.mp, ALL, 0), -EROFS);
	test_fs_end(&fs);
}

/* Timers that begin while a type is off, or is counted, have its period too. */
static void test_timers_of_a_type_that_was_off(void **state)
{
	struct xfs_quota_limits limits = XFS_QUOTA_LIMITS_INIT;
	int64_t now;

	(void)state;
	begin();
	make("a", 7, 3);
	TEST_OK(turn_on(ALL, 0, 0));
	limits.valid = XFS_QUOTA_SPACE_GRACE;
	limits.space_grace = 1000;
	TEST_OK(xfs_quota_set(fs.mp, XFS_QUOTA_USER, 0, &limits));
	TEST_OK(xfs_quota_off(fs.mp, ALL, 0));
	test_fs_close_and_check(&fs);
	test_fs_open(&fs);
	now = xfs_now(fs.mp).tv_sec;
	TEST_OK(set_limits(7, SPACE, B, 0));
	assert_in_range(get(XFS_QUOTA_USER, 7).space_expires, now + 1000, now + 1010);
	TEST_OK(turn_on(ALL, 0, 0));
	assert_in_range(get(XFS_QUOTA_USER, 7).space_expires, now + 1000, now + 1010);
	test_fs_end(&fs);
}

static void test_reports_are_in_order(void **state)
{
	static const uint32_t ids[] = { 0, 5, 6, 29, 30, 1000, 70000, 4000000000u, UINT32_MAX - 1, UINT32_MAX };
	uint64_t from = 0;
	char name[20];

	(void)state;
	begin();
	TEST_OK(turn_on(ALL, 0, 0));
	for (size_t i = 1; i < ARRAY_SIZE(ids) - 1; i++) {
		snprintf(name, sizeof(name), "f%zu", i);
		make(name, ids[i], 1);
	}
	/* Owners cannot have that number, limits can. */
	TEST_OK(set_limits(UINT32_MAX, INODES, 1, 2));
	TEST_OK(xfs_sync(fs.mp));
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		struct xfs_quota_info info = XFS_QUOTA_INFO_INIT;

		TEST_IS(xfs_quota_next(fs.mp, XFS_QUOTA_USER, &from, &info), 1);
		assert_int_equal(info.id, ids[i]);
		assert_int_equal(from, (uint64_t)ids[i] + 1);
		if (i && ids[i] != UINT32_MAX)
			assert_int_equal(info.space_bytes, B);
	}
	for (int again = 0; again < 2; again++) {
		struct xfs_quota_info info = XFS_QUOTA_INFO_INIT;

		assert_int_equal(TEST_OK(xfs_quota_next(fs.mp, XFS_QUOTA_USER, &from, &info)), 0);
		assert_int_equal(from, (uint64_t)UINT32_MAX + 1);
	}
	test_fs_end(&fs);
}

static void test_what_is_refused(void **state)
{
	struct xfs_quota_limits limits = XFS_QUOTA_LIMITS_INIT;
	struct xfs_quota_info info = XFS_QUOTA_INFO_INIT;
	uint64_t from = 0;

	(void)state;
	begin();
	TEST_IS(xfs_quota_get(fs.mp, XFS_QUOTA_USER, 0, &info), -ESRCH);
	TEST_IS(xfs_quota_next(fs.mp, XFS_QUOTA_USER, &from, &info), -ESRCH);
	TEST_IS(set_limits(5, SPACE, 1, 2), -ESRCH);
	TEST_IS(xfs_quota_check(fs.mp, 0), -ESRCH);
	TEST_IS(xfs_quota_check(fs.mp, XFS_QUOTA_GROUP), -ESRCH);
	TEST_OK(turn_on(ALL, 0, 0));
	TEST_IS(turn_on(0, 0, 0), -EINVAL);
	TEST_IS(turn_on(8, 0, 0), -EINVAL);
	TEST_IS(turn_on(XFS_QUOTA_USER, XFS_QUOTA_GROUP, 0), -EINVAL);
	TEST_IS(turn_on(ALL, 0, 2), -EINVAL);
	TEST_IS(xfs_quota_check(fs.mp, 8), -EINVAL);
	TEST_IS(xfs_quota_off(fs.mp, 0, 0), -EINVAL);
	TEST_IS(xfs_quota_off(fs.mp, ALL, 2), -EINVAL);
	TEST_IS(xfs_quota_get(fs.mp, 3, 0, &info), -EINVAL);
	TEST_IS(xfs_quota_next(fs.mp, 0, &from, &info), -EINVAL);
	/* Above the hard limit, also one that was there before; nothing of it is set. */
	TEST_IS(set_limits(5, SPACE, 3 * B, 2 * B), -EINVAL);
	TEST_OK(set_limits(5, SPACE | INODES, 10 * B, 20 * B));
	TEST_IS(set_limits(5, XFS_QUOTA_SPACE_SOFT, 21 * B, 0), -EINVAL);
	TEST_IS(set_limits(5, XFS_QUOTA_SPACE_HARD | INODES, 9 * B, 9 * B), -EINVAL);
	assert_int_equal(get(XFS_QUOTA_USER, 5).inodes_hard, 20 * B);
	TEST_IS(set_limits(5, SPACE, 0, 1ull << 63), -ERANGE);
	TEST_IS(set_limits(5, 1u << 12, 0, 0), -EINVAL);
	limits.valid = XFS_QUOTA_SPACE_GRACE;
	TEST_IS(xfs_quota_set(fs.mp, XFS_QUOTA_USER, 5, &limits), -EINVAL);
	limits.valid = XFS_QUOTA_SPACE_EXPIRES;
	TEST_IS(xfs_quota_set(fs.mp, XFS_QUOTA_USER, 0, &limits), -EINVAL);
	limits.reserved = 1;
	TEST_IS(xfs_quota_set(fs.mp, XFS_QUOTA_USER, 5, &limits), -EINVAL);
	assert_int_equal(get(XFS_QUOTA_USER, 5).space_hard, 20 * B);
	(void)xfs_thread_nowait(true);
	TEST_IS(xfs_quota_check(fs.mp, 0), -EAGAIN);
	TEST_IS(turn_on(ALL, 0, 0), -EAGAIN);
	TEST_IS(xfs_quota_off(fs.mp, ALL, 0), -EAGAIN);
	(void)xfs_thread_nowait(false);
	assert_int_equal(state_now().exact, ALL);
	test_fs_end(&fs);
}

/* ---- counting ------------------------------------------------------------------------------- */

/* Falsify the count of user @id, as if it had been wrong on disk; CHKD stays. */
static void falsify(uint32_t id)
{
	struct xfs_dquot *dq;
	struct xfs_trans *tp;

	TEST_OK(xfs_trans_alloc(fs.mp, XFS_RESV_INODE, 0, 0, &tp));
	TEST_OK(xfs_dquot_get(fs.mp, 0, id, &dq));
	TEST_OK(xfs_dquot_change(tp, dq, &(struct xfs_quota_change){ 77, 7, 0 }));
	TEST_OK(xfs_trans_commit(tp));
	xfs_dquot_put(dq);
}

static void test_a_count_makes_it_right(void **state)
{
	struct xfs_file *file;

	(void)state;
	begin();
	TEST_OK(turn_on(ALL, ALL, 0));
	for (uint32_t id = 1; id < 200; id++) {
		char name[20];

		snprintf(name, sizeof(name), "f%u", id);
		make(name, id * 50, id % 3);
	}
	TEST_OK(set_limits(50, SPACE, 1, 50 * B));
	TEST_OK(set_limits(100, SPACE, 100 * B, 200 * B));
	TEST_OK(xfs_sync(fs.mp));
	for (uint32_t id = 1; id < 200; id += 2)
		falsify(id * 50);
	falsify(0);
	assert_int_equal(get(XFS_QUOTA_USER, 50).space_bytes, 78 * B);
	assert_true(get(XFS_QUOTA_USER, 50).space_expires);

	TEST_OK(xfs_open(fs.mp, "/f2", O_RDWR, 0, &file));
	TEST_IS(xfs_quota_check(fs.mp, 0), -EBUSY);
	assert_int_equal(state_now().exact, ALL);
	assert_int_equal(xfs_pwrite(file, "x", 1, 0), 1);
	TEST_OK(xfs_close(file));

	TEST_OK(xfs_quota_check(fs.mp, XFS_QUOTA_USER));
	assert_int_equal(get(XFS_QUOTA_USER, 50).space_bytes, B);
	assert_int_equal(get(XFS_QUOTA_USER, 50).space_expires, 0);
	assert_int_equal(get(XFS_QUOTA_USER, 50).space_hard, 50 * B);
	assert_int_equal(get(XFS_QUOTA_USER, 100).space_soft, 100 * B);
	assert_int_equal(get(XFS_QUOTA_USER, 0).inodes, 3);
	assert_int_equal(state_now().exact, ALL);
	TEST_OK(xfs_quota_check(fs.mp, 0));
	test_fs_end(&fs);
}

static unsigned int asked, stop_at;

static int progress(void *ctx, const char *phase, uint64_t done, uint64_t total)
{
	(void)ctx;
	if (strcmp(phase, "quotacheck"))
		return 0;
	assert_true(done <= total);
	return ++asked == stop_at;
}

/* The n-th question is answered with no, for each n, until there are no more. */
static void test_a_count_is_cancelled(void **state)
{
	struct xfs_quota_state now;
	int error;

	(void)state;
	begin();
	TEST_OK(turn_on(ALL, ALL, 0));
	TEST_OK(set_limits(1000, SPACE, B, 500 * B));
	for (uint32_t id = 1; id < 100; id++) {
		char name[20];

		snprintf(name, sizeof(name), "f%u", id);
		make(name, id * 1000, 2);
	}
	test_fs_close_and_check(&fs);
	fs.env.progress = progress;
	test_fs_open(&fs);
	for (stop_at = 1;; stop_at++) {
		asked = 0;
		error = xfs_quota_check(fs.mp, XFS_QUOTA_USER | XFS_QUOTA_PROJECT);
		if (!error)
			break;
		assert_int_equal(error, -ECANCELED);
		now = state_now();
		assert_int_equal(now.accounted, ALL);
		assert_int_equal(now.enforced, ALL);
		assert_int_equal(now.exact, XFS_QUOTA_GROUP);
		assert_int_equal(get(XFS_QUOTA_USER, 1000).space_soft, B);
		assert_int_equal(get(XFS_QUOTA_USER, 1000).flags, XFS_QUOTA_INFO_RECORD);
		if (stop_at % 8 == 0) {
			test_fs_close_and_check(&fs);
			test_fs_open(&fs);
		}
	}
	assert_true(stop_at > 10);
	assert_int_equal(state_now().exact, ALL);
	assert_int_equal(get(XFS_QUOTA_USER, 1000).space_bytes, 2 * B);
	fs.env.progress = NULL;
	test_fs_end(&fs);
}

/* From the hook, as another thread would. */
static int interfere(void *ctx, const char *phase, uint64_t done, uint64_t total)
{
	(void)ctx;
	(void)done;
	(void)total;
	if (!strcmp(phase, "quotacheck") && ++asked == stop_at)
		TEST_OK(xfs_chown(fs.mp, "/f", 5, 6));
	return 0;
}

static void test_who_interferes_is_noticed(void **state)
{
	(void)state;
	begin();
	TEST_OK(turn_on(ALL, ALL, 0));
	make("f", 1, 1);
	test_fs_close_and_check(&fs);
	fs.env.progress = interfere;
	test_fs_open(&fs);
	asked = 0;
	stop_at = 4;
	TEST_IS(xfs_quota_check(fs.mp, 0), -EBUSY);
	assert_true(asked >= stop_at);
	assert_int_equal(state_now().exact, 0);
	test_fs_close_and_check(&fs);
	test_fs_open(&fs);
	assert_int_equal(state_now().exact, 0);
	TEST_OK(xfs_quota_check(fs.mp, 0));
	assert_int_equal(get(XFS_QUOTA_USER, 5).inodes, 1);
	fs.env.progress = NULL;
	test_fs_end(&fs);
}

/* Records that are damaged lose their limits, and those next to them keep theirs. */
static void test_damaged_records_begin_anew(void **state)
{
	struct xfs_quota_info info = XFS_QUOTA_INFO_INIT;
	struct xfs_dquot_place place;
	uint64_t from = 0, at;
	uint8_t sector[512];

	(void)state;
	begin();
	TEST_OK(turn_on(ALL, ALL, 0));
	make("f", 1001, 1);
	TEST_OK(set_limits(1001, SPACE, 5 * B, 6 * B));
	TEST_OK(set_limits(1002, SPACE, 7 * B, 8 * B));
	TEST_OK(set_limits(2000, SPACE, 7 * B, 8 * B));
	TEST_OK(xfs_dquot_locate(fs.mp, 0, 1001, &place));
	TEST_OK(xfs_sync(fs.mp));
	test_fs_close_and_check(&fs);
	at = (uint64_t)place.daddr * 512 + place.offset + 20;
	TEST_OK(xfs_device_pread(fs.dev, at / 512 * 512, sector, 512));
	sector[at % 512] ^= 1;
	TEST_OK(xfs_device_pwrite(fs.dev, at / 512 * 512, sector, 512, 0));

	test_fs_open(&fs);
	assert_true(xfs_quota_get(fs.mp, XFS_QUOTA_USER, 1001, &info) < 0);
	assert_true(set_limits(1002, SPACE, 0, 0) < 0);
	/* A report passes over the block. */
	assert_int_equal(xfs_quota_next(fs.mp, XFS_QUOTA_USER, &from, &info), 1);
	assert_int_equal(info.id, 0);
	assert_true(xfs_quota_next(fs.mp, XFS_QUOTA_USER, &from, &info) < 0);
	assert_int_equal(xfs_quota_next(fs.mp, XFS_QUOTA_USER, &from, &info), 1);
	assert_int_equal(info.id, 2000);
	TEST_OK(xfs_quota_check(fs.mp, 0));
	assert_int_equal(get(XFS_QUOTA_USER, 1001).space_hard, 0);
	assert_int_equal(get(XFS_QUOTA_USER, 1001).space_bytes, B);
	assert_int_equal(get(XFS_QUOTA_USER, 1002).space_hard, 8 * B);
	test_fs_end(&fs);
}

static unsigned int allocations, fail_at;

static void *alloc(void *ctx, size_t size)
{
	(void)ctx;
	return fail_at && ++allocations == fail_at ? NULL : malloc(size);
}

static void *resize(void *ctx, void *ptr, size_t size)
{
	(void)ctx;
	return fail_at && ++allocations == fail_at ? NULL : realloc(ptr, size);
}

static void give_back(void *ctx, void *ptr)
{
	(void)ctx;
	free(ptr);
}

/*
 * The n-th allocation fails, once, until there are no more; the larger n is the more are passed over.  All
 * is done, or it is -ENOMEM and not exact.
 */
static void test_memory_fails(void **state)
{
	unsigned int n = 0;

	(void)state;
	begin();
	for (uint32_t id = 1; id < 5; id++) {
		char name[20];

		snprintf(name, sizeof(name), "f%u", id);
		make(name, id * 1000, 2);
	}
	test_fs_close_and_check(&fs);
	fs.env.mem_alloc = alloc;
	fs.env.mem_realloc = resize;
	fs.env.mem_free = give_back;
	do {
		struct xfs_quota_info info = XFS_QUOTA_INFO_INIT;
		uint64_t from = 0;
		int error, error2, ret;

		test_fs_open(&fs);
		allocations = 0;
		fail_at = n += 1 + n / 16;
		error = turn_on(ALL, ALL, XFS_QUOTA_ON_RECOUNT);
		error2 = error ? 0 : set_limits(n * 10000, SPACE, B, B * n);
		ret = error ? 0 : xfs_quota_next(fs.mp, XFS_QUOTA_USER, &from, &info);
		fail_at = 0;
		assert_true(!error || error == -ENOMEM);
		assert_true(!error2 || error2 == -ENOMEM);
		assert_true(ret >= 0 || ret == -ENOMEM);
		assert_int_equal(state_now().exact, error ? 0 : ALL);
		if (!error && !error2)
			assert_int_equal(get(XFS_QUOTA_USER, n * 10000).space_hard, B * n);
		test_fs_close_and_check(&fs);
	} while (allocations >= n);
	assert_true(n > 5);
	test_fs_open(&fs);
	TEST_OK(xfs_quota_check(fs.mp, 0));
	assert_int_equal(get(XFS_QUOTA_USER, 1000).space_bytes, 2 * B);
	test_fs_end(&fs);
}

/* ---- structs that grow --------------------------------------------------------------------------- */

static void test_structs_of_other_sizes(void **state)
{
	union {
		struct xfs_quota_info info;
		struct xfs_quota_state state;
		struct xfs_quota_on_options on;
		struct xfs_quota_limits limits;
		uint8_t bytes[1024];
	} u;

	(void)state;
	begin();
	TEST_OK(turn_on(ALL, ALL, 0));
	memset(&u, 0xa5, sizeof(u));
	u.info.size = sizeof(u.info) + 8;
	TEST_OK(xfs_quota_get(fs.mp, XFS_QUOTA_USER, 0, &u.info));
	assert_int_equal(u.bytes[sizeof(u.info)], 0);
	assert_int_equal(u.bytes[sizeof(u.info) + 8], 0xa5);
	u.info.size = 8;
	TEST_IS(xfs_quota_get(fs.mp, XFS_QUOTA_USER, 0, &u.info), -EINVAL);
	u.state.size = sizeof(u.state) + 8;
	TEST_OK(xfs_quota_state(fs.mp, &u.state));
	assert_int_equal(u.bytes[sizeof(u.state)], 0);
	u.state.size = 16;
	TEST_IS(xfs_quota_state(fs.mp, &u.state), -EINVAL);
	memset(&u, 0, sizeof(u));
	u.on.size = sizeof(u.on) + 8;
	u.on.types = ALL;
	TEST_OK(xfs_quota_on(fs.mp, &u.on));
	u.bytes[sizeof(u.on) + 4] = 1;
	TEST_IS(xfs_quota_on(fs.mp, &u.on), -EINVAL);
	u.on.size = 4;
	TEST_IS(xfs_quota_on(fs.mp, &u.on), -EINVAL);
	memset(&u, 0, sizeof(u));
	u.limits.size = sizeof(u.limits) + 4;
	TEST_OK(xfs_quota_set(fs.mp, XFS_QUOTA_USER, 5, &u.limits));
	u.bytes[sizeof(u.limits)] = 1;
	TEST_IS(xfs_quota_set(fs.mp, XFS_QUOTA_USER, 5, &u.limits), -EINVAL);
	test_fs_end(&fs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_on_and_off),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_defaults_and_periods),
		cmocka_unit_test(test_timers_of_a_type_that_was_off),
		cmocka_unit_test(test_reports_are_in_order),
		cmocka_unit_test(test_what_is_refused),
		cmocka_unit_test(test_a_count_makes_it_right),
		cmocka_unit_test(test_a_count_is_cancelled),
		cmocka_unit_test(test_who_interferes_is_noticed),
		cmocka_unit_test(test_damaged_records_begin_anew),
		cmocka_unit_test(test_memory_fails),
		cmocka_unit_test(test_structs_of_other_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
