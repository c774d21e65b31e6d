/* SPDX-License-Identifier: MIT */
/*
 * Goal: formatting refuses what it should, writes little, and never leaves what looks
 * whole before it is.
 * Method: impossible options, devices with something on them; counting writes; power lost at
 * every moment, every write and every allocation failing in turn.
 */
#include <xfswrite/xfswrite.h>
#include "unit/mkfs/image.h"
#include "base/mem.h"

static void test_same_bytes(void **state)
{
	struct xfs_device *a = memory(GIB), *b = memory(GIB), *c = memory(GIB);
	struct xfs_env other = fixed_env;
	struct xfs_mkfs_options o = options();
	struct xfs_mkfs_geometry g;
	uint64_t where;

	(void)state;
	memset(o.uuid, 0, sizeof(o.uuid));	/* a random one, from the seed */
	format(a, &o, &g);
	format(b, &o, &g);
	assert_true(test_device_equal(a, b, &where));
	assert_int_equal(g.uuid[6] >> 4, 4);
	assert_int_equal(g.uuid[8] >> 6, 2);
	other.seed = 4712;
	o.env = &other;
	format(c, &o, &g);
	assert_false(test_device_equal(a, c, &where));
	xfs_device_put(a);
	xfs_device_put(b);
	xfs_device_put(c);
}

static void test_in_progress(void **state)
{
	struct xfs_device *dev = memory(GIB);
	struct xfs_mkfs_options o = options();
	struct xfs_mkfs_geometry g;
	struct xfs_geometry geo;
	struct xfs_sb sb;

	(void)state;
	o.flags = XFS_MKFS_INPROGRESS;
	format(dev, &o, &g);
	read_geometry(dev, &geo, &sb);
	assert_int_equal(sb.sb_inprogress, 1);
	assert_int_equal(sb.sb_rootino, g.root_ino);
	assert_int_equal(sb.sb_icount, 64);
	check_image(dev, NULL);
	xfs_device_put(dev);
}

static int stop_mkfs(void *ctx, const char *phase, uint64_t done, uint64_t total)
{
	uint64_t *left = ctx;

	assert_non_null(phase);
	assert_true(done <= total);
	return (*left)-- == 0;
}

/* Stopped at any step: nothing mounts what is there, and it can be formatted after all. */
static void test_stopped_by_the_caller(void **state)
{
	struct xfs_mkfs_options o = options();
	struct xfs_env env = fixed_env;
	uint64_t left, nth = 0;
	int error;

	(void)state;
	env.ctx = &left;
	env.clock = NULL;
	env.progress = stop_mkfs;
	o.env = &env;
	do {
		struct xfs_mount_options opts = XFS_MOUNT_OPTIONS_INIT;
		struct xfs_device *dev = memory(GIB);
		struct xfs_mount *mp;

		left = nth++;
		error = xfs_mkfs(dev, NULL, &o, NULL);
		assert_true(error == 0 || error == -ECANCELED);
		if (error) {
			assert_int_equal(left, UINT64_MAX);	/* asked no more */
			opts.flags = XFS_MOUNT_RDONLY;
			assert_int_equal(xfs_mount(dev, &opts, &mp), -EUCLEAN);
			assert_non_null(strstr(xfs_error_text(NULL), "in progress"));
			left = UINT64_MAX;
			o.flags = XFS_MKFS_FORCE;
			assert_int_equal(xfs_mkfs(dev, NULL, &o, NULL), 0);
			o.flags = 0;
		}
		check_image(dev, NULL);
		xfs_device_put(dev);
	} while (error);
	assert_true(nth > 4);
}

static void test_not_over_others(void **state)
{
	struct xfs_device *dev = memory(GIB);
	struct xfs_mkfs_options o = options();
	struct xfs_mkfs_geometry g;
	uint8_t sector[512];

	(void)state;
	format(dev, &o, &g);
	assert_int_equal(xfs_mkfs(dev, NULL, &o, NULL), -EEXIST);
	assert_non_null(strstr(xfs_last_text(), "data device"));
	o.flags = XFS_MKFS_FORCE;
	format(dev, &o, &g);
	/* Copies of the superblock that would not be overwritten are gone. */
	o.agcount = 3;
	format(dev, &o, &g);
	assert_int_equal(xfs_device_pread(dev, 65536ull * 4096, sector, sizeof(sector)), 0);
	for (size_t i = 0; i < sizeof(sector); i++)
		assert_int_equal(sector[i], 0);
	check_image(dev, NULL);
	xfs_device_put(dev);
}

static void test_impossible(void **state)
{
	struct xfs_device *dev = memory(GIB), *small = memory(299 * MIB), *tiny = memory(4 * MIB);
	struct xfs_device *readonly;
	struct xfs_mkfs_options o;
	uint64_t where;

	(void)state;
#define REFUSE(device, error, change)						\
	do {									\
		o = options();							\
		change;								\
		assert_int_equal(xfs_mkfs(device, NULL, &o, NULL), error);	\
		assert_true(strlen(xfs_last_text()) > 0);			\
	} while (0)
	REFUSE(dev, -EINVAL, o.size = 0);
	REFUSE(dev, -EINVAL, o.flags = 1u << 31);
	REFUSE(dev, -EINVAL, o.reserved[3] = 1);
	REFUSE(dev, -EINVAL, o.profile = 2);
	REFUSE(dev, -EINVAL, o.blocksize = 512);
	REFUSE(dev, -EINVAL, o.blocksize = 3000);
	REFUSE(dev, -EINVAL, o.blocksize = 131072);
	REFUSE(dev, -EINVAL, o.sectsize = 8192);
	REFUSE(dev, -EINVAL, o.sectsize = 256);
	REFUSE(dev, -EINVAL, o.inodesize = 256);
	REFUSE(dev, -EINVAL, o.inodesize = 4096);
	REFUSE(dev, -EINVAL, o.blocksize = 1024; o.inodesize = 1024);
	REFUSE(dev, -EINVAL, o.dirblocksize = 2048);
	REFUSE(dev, -EINVAL, o.dirblocksize = 131072);
	REFUSE(dev, -EINVAL, o.agsize = 100 * MIB; o.agcount = 4);
	REFUSE(dev, -EINVAL, o.agsize = 100 * MIB + 1);
	REFUSE(dev, -EINVAL, o.agsize = 8 * MIB);
	REFUSE(dev, -EINVAL, o.agsize = 2 * GIB);
	REFUSE(dev, -EINVAL, o.agcount = 100);
	REFUSE(dev, -EINVAL, o.imaxpct = 101);
	REFUSE(dev, -EINVAL, o.swidth = 65536);
	REFUSE(dev, -EINVAL, o.sunit = 5000);
	REFUSE(dev, -EINVAL, o.sunit = 65536; o.swidth = 100000);
	REFUSE(dev, -EINVAL, o.sunit = GIB; o.swidth = 4 * GIB);
	REFUSE(dev, -EINVAL, o.log_size = 10 * MIB);
	REFUSE(dev, -EINVAL, o.log_size = MIB; o.flags = XFS_MKFS_SMALL);
	REFUSE(dev, -EINVAL, o.log_size = 300 * MIB);
	REFUSE(dev, -EINVAL, o.log_size = 100 * MIB + 512);
	REFUSE(dev, -EINVAL, o.log_size = 100 * MIB; o.log_sunit = 196608);
	REFUSE(dev, -EINVAL, o.log_sunit = 512 << 10);
	REFUSE(dev, -EINVAL, o.log_sunit = 5000);
	REFUSE(dev, -EINVAL, o.log_agno = 4; o.flags = XFS_MKFS_LOG_AG);
	REFUSE(dev, -EINVAL, o.log_sectsize = 4096);
	REFUSE(dev, -EINVAL, o.rmapbt = 3);
	REFUSE(dev, -EINVAL, o.finobt = XFS_MKFS_OFF; o.inobtcount = XFS_MKFS_ON);
	REFUSE(small, -ENOSPC, (void)0);
	REFUSE(dev, -ENOSPC, o.agcount = 1);
	REFUSE(tiny, -ENOSPC, o.flags = XFS_MKFS_SMALL);
#undef REFUSE
	/* None of it has written a byte. */
	assert_int_equal(xfs_device_open_readonly(dev, &readonly), 0);
	o = options();
	assert_int_equal(xfs_mkfs(readonly, NULL, &o, NULL), -EROFS);
	xfs_device_put(readonly);
	readonly = memory(GIB);
	assert_true(test_device_equal(dev, readonly, &where));
	xfs_device_put(readonly);
	/* Small ones can be had. */
	o = options();
	o.flags = XFS_MKFS_SMALL;
	assert_int_equal(xfs_mkfs(small, NULL, &o, NULL), 0);
	check_image(small, NULL);
	xfs_device_put(dev);
	xfs_device_put(small);
	xfs_device_put(tiny);
}

/* Callers of older and newer versions of the structures. */
static void test_versions(void **state)
{
	struct {
		struct xfs_mkfs_options o;
		uint8_t more[16];
	} newer = { .o = options() };
	struct xfs_mkfs_geometry g = { .size = 12, .inodesize = 7 };
	struct xfs_mkfs_options older = { .size = offsetof(struct xfs_mkfs_options, label) };
	struct xfs_device *dev = memory(GIB);

	(void)state;
	older.label[0] = 'x';	/* beyond what the caller says there is */
	newer.o.size = sizeof(newer);
	assert_int_equal(xfs_mkfs_geometry(dev, NULL, &newer.o, &g), 0);
	assert_int_equal(g.blocksize, 4096);
	assert_int_equal(g.sectsize, 512);
	assert_int_equal(g.inodesize, 7);
	newer.more[15] = 1;
	assert_int_equal(xfs_mkfs_geometry(dev, NULL, &newer.o, &g), -EINVAL);
	g.size = sizeof(g);
	assert_int_equal(xfs_mkfs_geometry(dev, NULL, &older, &g), 0);
	assert_string_equal(g.label, "");
	xfs_device_put(dev);
}

static void test_external_log(void **state)
{
	struct xfs_device *dev = memory(GIB), *logdev = memory(100 * MIB);
	struct xfs_mkfs_geometry g = { .size = sizeof(g) };
	struct xfs_mkfs_options o = options();
	struct xfs_geometry geo;
	struct xfs_sb sb;

	(void)state;
	assert_int_equal(xfs_mkfs(dev, logdev, &o, &g), 0);
	assert_true(g.external_log);
	assert_int_equal(g.logblocks, 25600);
	read_geometry(dev, &geo, &sb);
	assert_int_equal(sb.sb_logstart, 0);
	check_image(dev, logdev);
	/* The log's device is looked at too. */
	xfs_device_put(dev);
	dev = memory(GIB);
	assert_int_equal(xfs_mkfs(dev, logdev, &o, &g), -EEXIST);
	assert_non_null(strstr(xfs_last_text(), "log device"));
	o.flags = XFS_MKFS_FORCE;
	o.log_size = 200 * MIB;
	assert_int_equal(xfs_mkfs(dev, logdev, &o, &g), 0);	/* memory can grow */
	assert_int_equal(g.logblocks, 51200);
	xfs_device_put(dev);
	xfs_device_put(logdev);
}

static void test_grows_a_file(void **state)
{
	struct xfs_device *dev = memory(4096);
	struct xfs_mkfs_options o = options();
	struct xfs_device_info info = XFS_DEVICE_INFO_INIT;
	struct xfs_mkfs_geometry g;

	(void)state;
	o.data_size = GIB;
	format(dev, &o, &g);
	assert_int_equal(g.dblocks, 262144);
	assert_int_equal(xfs_device_info(dev, &info), 0);
	assert_true(info.size_bytes == GIB);
	check_image(dev, NULL);
	xfs_device_put(dev);
}

/* Few writes, few bytes: of 100 GiB less than a quarter of a megabyte, zeroing apart. */
static void test_write_volume(void **state)
{
	struct xfs_device *dev = memory(100 * GIB), *recorder;
	struct xfs_mkfs_options o = options();
	struct xfs_mkfs_geometry g;
	unsigned int writes = 0, flushes = 0;
	uint64_t bytes = 0;

	(void)state;
	assert_int_equal(test_recorder_open(dev, &recorder), 0);
	format(recorder, &o, &g);
	for (uint32_t i = 0; i < test_recorder_events(recorder); i++) {
		const struct test_event *e = test_recorder_event(recorder, i);

		if (e->kind == TEST_EVENT_WRITE) {
			writes++;
			bytes += e->len;
		}
		flushes += e->kind == TEST_EVENT_FLUSH;
	}
	/* Superblock twice, log record, four AGs, one inode chunk. */
	assert_int_equal(writes, 8);
	assert_int_equal(flushes, 2);
	assert_true(bytes < 256 << 10);
	xfs_device_put(recorder);
	xfs_device_put(dev);
}

/* A file system that a kernel would take for whole. */
static bool looks_whole(struct xfs_device *dev)
{
	uint8_t *sector = read_alloc(dev, 0, 512);
	struct xfs_sb sb;
	bool whole;

	xfs_sb_from_disk(&sb, (const void *)sector);
	whole = !xfs_sb_verify(&sb) && xfs_cksum_ok(sector, 512, XFS_SB_CRC_OFF) &&
		!sb.sb_inprogress;
	free(sector);
	return whole;
}

/* Power lost after every event, with every mix of old and new sectors that a seed draws. */
static void test_power_loss(void **state)
{
	struct xfs_device *dev = memory(GIB), *recorder, *base;
	struct xfs_mkfs_options o = options();
	struct xfs_rand r = test_rand(2);
	struct xfs_mkfs_geometry g;
	uint32_t events;

	(void)state;
	/* An older file system, of other geometry, was there. */
	o.agcount = 7;
	format(dev, &o, &g);
	assert_int_equal(test_device_clone(dev, &base), 0);
	assert_int_equal(test_recorder_open(dev, &recorder), 0);
	o.agcount = 0;
	o.flags = XFS_MKFS_FORCE;
	format(recorder, &o, &g);
	events = test_recorder_events(recorder);
	for (uint32_t nr = 0; nr <= events; nr++) {
		struct xfs_device *target;

		assert_int_equal(test_device_clone(base, &target), 0);
		assert_int_equal(test_recorder_crash(recorder, nr, &r, target), 0);
		if (looks_whole(target) && nr > 0) {
			struct xfs_geometry geo;
			struct xfs_sb sb;

			/* The old superblock may still be there; ours only with all behind it. */
			read_geometry(target, &geo, &sb);
			if (sb.sb_agcount == 4)
				check_image(target, NULL);
		}
		xfs_device_put(target);
	}
	assert_true(looks_whole(dev));
	xfs_device_put(recorder);
	xfs_device_put(base);
	xfs_device_put(dev);
}

static void test_every_write_fails(void **state)
{
	bool met = true;

	(void)state;
	for (unsigned int nth = 1; met; nth++) {
		struct xfs_device *dev = memory(GIB), *fault;
		struct xfs_mkfs_options o = options();
		int error;

		assert_int_equal(test_fault_open(dev, &fault), 0);
		test_fault_arm(fault, TEST_FAULT_ANY, nth, false, true);
		error = xfs_mkfs(fault, NULL, &o, NULL);
		met = test_fault_met(fault);
		assert_true(error == 0 || (met && error == -EIO));
		/* A read for looking at what is there may fail unseen. */
		if (error == 0)
			check_image(dev, NULL);
		else if (looks_whole(dev))
			check_image(dev, NULL);	/* the last flush failed */
		xfs_device_put(fault);
		xfs_device_put(dev);
		assert_true(nth < 1000);
	}
}

static void test_every_allocation_fails(void **state)
{
	bool met = true;

	(void)state;
	for (unsigned int nth = 1; met; nth++) {
		struct xfs_device *dev = memory(GIB);
		struct xfs_mkfs_options o = options();
		int error;

		o.flags = XFS_MKFS_FORCE;
		xfs_mem_fail_at(nth, false);
		error = xfs_mkfs(dev, NULL, &o, NULL);
		met = xfs_mem_fail_met();
		assert_true(error == 0 || (met && error == -ENOMEM));
		if (error)
			assert_false(looks_whole(dev));
		else
			check_image(dev, NULL);
		xfs_device_put(dev);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_bytes),
		cmocka_unit_test(test_in_progress),
		cmocka_unit_test(test_stopped_by_the_caller),
		cmocka_unit_test(test_not_over_others),
		cmocka_unit_test(test_impossible),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_external_log),
		cmocka_unit_test(test_grows_a_file),
		cmocka_unit_test(test_write_volume),
		cmocka_unit_test(test_power_loss),
		cmocka_unit_test(test_every_write_fails),
		cmocka_unit_test(test_every_allocation_fails),
	};

	test_seed_init(20260101);
	return test_seed_report(cmocka_run_group_tests(tests, NULL, NULL));
}
