/* SPDX-License-Identifier: MIT */
/*
 * Goal: turning quota on and off, counting, and setting limits, and changes of what is counted, while the
 *       n-th allocation of memory, read, write or flush fails, n = 1, 2, 3 ... until none is met: success
 *       or an error that says so, nothing lost, no wrong count that passes for an exact one, the same call
 *       succeeds afterwards, and what no memory was there for shuts nothing down.
 * Method: see scenario.h and loops.h, on a small volume.  The checker holds all records that are said to be
 *       exact against a count of its own.  Needs a build with fault points (XFSWRITE_DEBUG).
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <xfswrite/quota.h>
#include "base/mem.h"
#include "fault/loops.h"
#include "support/test_device.h"

#define B	4096u

static uint8_t data[20 * B];

static int write_to(struct xfs_mount *mp, const char *path, size_t len)
{
	struct xfs_file *file;
	int error = xfs_open(mp, path, O_CREAT | O_RDWR, 0644, &file), error2;
	int64_t ret;

	if (error)
		return error;
	for (size_t done = 0; !error && done < len; done += (size_t)ret) {
		ret = xfs_pwrite(file, data + done, len - done, done);
		error = ret < 0 ? (int)ret : 0;
	}
	if (!error)
		error = xfs_fsync(file);
	error2 = xfs_close(file);
	return error ? error : error2;
}

/* Of users and projects; what is on and exact stays so. */
static int quota_on(struct xfs_mount *mp)
{
	struct xfs_quota_on_options on = XFS_QUOTA_ON_OPTIONS_INIT;

	on.types = on.enforce = XFS_QUOTA_USER | XFS_QUOTA_PROJECT;
	return xfs_quota_on(mp, &on);
}

/* ---- the operations ------------------------------------------------------------------------ */

static int op_on(struct xfs_mount *mp)
{
	int error = quota_on(mp);

	return error ? error : write_to(mp, "/d/counted", sizeof(data));
}

static int op_check(struct xfs_mount *mp)
{
	return xfs_quota_check(mp, 0);
}

/* A limit for somebody without a record, and a file for somebody else without one. */
static int op_limits(struct xfs_mount *mp)
{
	struct xfs_quota_limits limits = XFS_QUOTA_LIMITS_INIT;
	int error;

	limits.valid = XFS_QUOTA_SPACE_HARD;
	limits.space_hard = 1 << 20;
	error = xfs_quota_set(mp, XFS_QUOTA_USER, 1000000, &limits);
	return error ? error : xfs_chown(mp, "/d/f3", 2000000, 2000000);
}

static int op_off(struct xfs_mount *mp)
{
	int error = xfs_quota_off(mp, XFS_QUOTA_USER, 0);

	return error ? error : write_to(mp, "/d/f5", sizeof(data));
}

static int op_changes(struct xfs_mount *mp)
{
	int error = write_to(mp, "/d/new", 7 * B);

	if (!error)
		error = xfs_truncate(mp, "/d/f2", 1);
	if (!error)
		error = xfs_chown(mp, "/d/f2", 1001, 1001);
	if (!error)
		error = xfs_setxattr(mp, "/d/f4", true, "user.large", data, 3 * B, 0);
	if (!error)
		error = xfs_rename(mp, "/d/new", "/d/f1");
	return error;
}

static const struct scenario without[] = {
	{ "quota on", op_on, false },
};

static const struct scenario with[] = {
	{ "quota on again", op_on, false },
	{ "quota check", op_check, false },
	{ "quota limits", op_limits, false },
	{ "quota off", op_off, false },
	{ "changes", op_changes, false },
};

/* ---- the volume ---------------------------------------------------------------------------- */

static struct xfs_device *make_image(bool quota)
{
	struct xfs_device *dev;
	struct test_fs fs;
	char path[32];

	test_fs_make(&fs, 32u << 20, NULL);
	if (quota)
		TEST_OK(quota_on(fs.mp));
	TEST_OK(xfs_mkdir(fs.mp, "/d", 0755));
	for (unsigned int i = 0; i < 12; i++) {
		snprintf(path, sizeof(path), "/d/f%u", i);
		TEST_OK(write_to(fs.mp, path, i * B));
		TEST_OK(xfs_chown(fs.mp, path, 1000 + i % 3, 100));
	}
	test_fs_close_and_check(&fs);
	dev = xfs_device_get(fs.dev);
	test_fs_destroy(&fs);
	return dev;
}

static void each_scenario(const struct fault_kind *kinds, size_t n, bool sticky)
{
	struct xfs_device *image = make_image(false);

	for (size_t i = 0; i < sizeof(without) / sizeof(without[0]); i++)
		fault_scenario(&without[i], image, kinds, n, sticky);
	xfs_device_put(image);
	image = make_image(true);
	for (size_t i = 0; i < sizeof(with) / sizeof(with[0]); i++)
		fault_scenario(&with[i], image, kinds, n, sticky);
	xfs_device_put(image);
}

/* ---- memory --------------------------------------------------------------------------------- */

static void arm_memory(const struct fault_kind *kind, struct xfs_device *fault, unsigned int nth,
		       bool sticky, bool torn)
{
	(void)kind;
	(void)fault;
	(void)torn;
	xfs_mem_fail_at(nth, sticky);
}

static bool memory_met(struct xfs_device *fault)
{
	(void)fault;
	return xfs_mem_fail_met();
}

static void test_memory(void **state)
{
	static const int allowed[] = { -ENOMEM, 0 };
	static const struct fault_kind kind = {
		.arm = arm_memory, .met = memory_met, .allowed = allowed, .never_shuts_down = true,
	};

	(void)state;
	each_scenario(&kind, 1, false);
	each_scenario(&kind, 1, true);
}

/* ---- the device ----------------------------------------------------------------------------- */

static void arm_device(const struct fault_kind *kind, struct xfs_device *fault, unsigned int nth,
		       bool sticky, bool torn)
{
	test_fault_arm(fault, kind->op, nth, sticky, torn);
}

static const int device_errors[] = { -EIO, 0 };
#define KIND(event) { .op = event, .arm = arm_device, .met = test_fault_met, .allowed = device_errors }

static void test_device(void **state)
{
	static const struct fault_kind kinds[] = {
		KIND(TEST_FAULT_READ),
		KIND(TEST_FAULT_WRITE),
		KIND(TEST_FAULT_FLUSH),
	};

	(void)state;
	each_scenario(kinds, sizeof(kinds) / sizeof(kinds[0]), false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_device),
	};

	return fault_memory_points() ? cmocka_run_group_tests(tests, NULL, NULL) : 77;
}
