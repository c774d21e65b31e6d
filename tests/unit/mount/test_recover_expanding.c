/* SPDX-License-Identifier: MIT */
/*
 * Goal: what recovery holds in memory (RTRANS-1) is in proportion to the log, also when nobody set a limit: new
 *       inodes that are too many for a log of that length, transactions that are opened and left,
 *       regions that are announced and never come or never end are refused before much was asked for,
 *       and nothing is written.  What a writer may log is recovered as before.
 * Method: logs made by hand on a large sparse volume; memory is measured at the hooks of struct xfs_env.
 */
#include "support/test_memory.h"
#include "unit/log/recover_rig.h"

#define MIB(n)		((uint64_t)(n) << 20)
#define VOLUME		MIB(6144)
#define FIRST_BLOCK	262144u		/* behind the log */

static struct rig rig;
static struct test_memory memory;

static int set_up(void **state)
{
	const struct xfs_mkfs_options mkfs = {
		.size = sizeof(mkfs), .agcount = 1, .log_size = MIB(64),
	};
	struct test_fs fs = { 0 };

	(void)state;
	test_fs_make(&fs, VOLUME, &mkfs);
	TEST_OK(xfs_unmount(fs.mp));
	rig.base = fs.dev;
	rig_begin(&rig, 32768);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	rig_free(&rig);
	return 0;
}

static int open_it(uint32_t flags, uint64_t limit)
{
	struct xfs_env env = { .size = sizeof(env), .ctx = &memory };
	struct xfs_mount_options opts = {
		.size = sizeof(opts), .flags = flags, .env = &env, .memory_limit_bytes = limit,
	};
	struct xfs_mount *mp;
	int error;

	memset(&memory, 0, sizeof(memory));
	test_memory_hooks(&env);
	xfs_device_put(rig.out);
	TEST_OK(xfs_device_open_overlay(rig.log, NULL, &rig.out));
	error = xfs_mount(rig.out, &opts, &mp);
	if (!error)
		TEST_OK(xfs_unmount(mp));
	assert_int_equal(memory.now, 0);
	return error;
}

static void refused_by(uint32_t flags, int want, const char *text, uint64_t most_bytes)
{
	assert_int_equal(open_it(flags, 0), want);
	if (!strstr(xfs_error_text(NULL), text))
		fail_msg("%s", xfs_error_text(NULL));
	if (memory.peak > most_bytes)
		fail_msg("%" PRIu64 " MiB were asked for", memory.peak >> 20);
	assert_int_equal(xfs_device_overlay_bytes(rig.out), 0);
}

static void refused(int want, const char *text, uint64_t most_bytes)
{
	refused_by(0, want, text, most_bytes);
	refused_by(XFS_MOUNT_RDONLY | XFS_MOUNT_RECOVER_IN_MEMORY, want, text, most_bytes);
}

static void put_chunk(uint32_t nr)
{
	const struct xfs_geometry *geo = &rig.mp.m_geo;
	const struct xfs_icreate_log icl = {
		.icl_type = XFS_LI_ICREATE, .icl_size = 1,
		.icl_agbno = cpu_to_be32(FIRST_BLOCK + nr * geo->ialloc_blks),
		.icl_count = cpu_to_be32(64), .icl_isize = cpu_to_be32(geo->inodesize),
		.icl_length = cpu_to_be32(geo->ialloc_blks), .icl_gen = cpu_to_be32(1),
	};

	test_build_region(&rig.b, TID, &icl, sizeof(icl));
}

static void put_chunks(uint32_t chunks, uint32_t distinct)
{
	for (uint32_t i = 0; i < chunks; i++) {
		if (i % 256 == 0)
			test_build_begin(&rig.b, TID);
		put_chunk(i % distinct);
		if (i % 256 == 255 || i + 1 == chunks)
			test_build_commit(&rig.b, TID);
	}
	test_build_record(&rig.b);
}

/* 40 bytes of the log make 32 KiB; no writer makes chunks without using the inodes. */
static void test_chunks(void **state)
{
	(void)state;
	put_chunks(40000, 40000);
	refused(-ENOMEM, "inodes", MIB(700));
	refused_by(XFS_MOUNT_UNJOURNALLED, -ENOMEM, "inodes", MIB(700));
	/* The same over and over again. */
	rig_begin(&rig, 32768);
	put_chunks(40000, 3);
	refused_by(0, -ENOMEM, "inodes", MIB(700));
	/* Who sets a limit decides himself. */
	assert_int_equal(open_it(0, MIB(64)), -ENOMEM);
	assert_true(memory.peak <= MIB(64));
	/* What one may meet. */
	rig_begin(&rig, 32768);
	put_chunks(4000, 4000);
	TEST_OK(open_it(0, 0));
}

/* Each has one item that never ends. */
static void test_open_transactions(void **state)
{
	uint8_t head[24] = { 0 };
	const uint16_t type = XFS_LI_BUF, regions = XLOG_MAX_REGIONS_IN_ITEM;

	(void)state;
	memcpy(head, &type, sizeof(type));
	memcpy(head + 2, &regions, sizeof(regions));
	for (uint32_t tid = 1; tid <= 60000; tid++) {
		test_build_begin(&rig.b, tid);
		test_build_region(&rig.b, tid, head, sizeof(head));
	}
	test_build_record(&rig.b);
	refused(-EUCLEAN, "regions", MIB(64));
	/* As many that announce nothing are not much. */
	rig_begin(&rig, 32768);
	put_agi_trans(&rig, 0x70000001, 64);
	for (uint32_t tid = 1; tid <= 60000; tid++) {
		test_build_begin(&rig.b, tid);
		test_build_region(&rig.b, tid, "\x3c\x12\x01", 4);
	}
	test_build_record(&rig.b);
	TEST_OK(open_it(0, 0));
	assert_true(memory.peak < MIB(160));
}

/* A region that goes on for as long as the log. */
static void test_endless_region(void **state)
{
	static uint8_t data[MIB(24)];

	(void)state;
	data[0] = XFS_LI_BUF & 0xff;
	data[1] = XFS_LI_BUF >> 8;
	data[2] = 1;
	test_build_begin(&rig.b, TID);
	test_build_region(&rig.b, TID, data, sizeof(data));
	put_end(&rig, TID);
	refused(-EUCLEAN, "region", MIB(64));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_chunks, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_open_transactions, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_endless_region, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
