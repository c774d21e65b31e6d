/* SPDX-License-Identifier: MIT */
/*
 * Goal: whatever a log says with right checksums, recovery refuses it or replays it, reads and
 *       writes nothing outside, and has written nothing when it refuses; out of memory and
 *       failing devices leave it so that it can be begun anew, with the same result.
 * Method: a transaction with every type of item, each byte of each region set to other values in
 *         turn, each word to extremes; lengths of regions changed; then each allocation, each
 *         read, write and flush fails in turn.
 */
#include "base/mem.h"
#include "support/test_device.h"
#include "unit/log/recover_rig.h"

static struct rig rig;

#define MAX_REGIONS	96u

struct regions {
	uint32_t n;
	uint8_t *data[MAX_REGIONS];
	uint32_t len[MAX_REGIONS];
};

static struct regions all;

static void keep(const void *data, uint32_t len)
{
	assert_true(all.n < MAX_REGIONS);
	all.data[all.n] = malloc(len);
	memcpy(all.data[all.n], data, len);
	all.len[all.n++] = len;
}

/* The regions of what @rig->b has in its record, which holds one open transaction. */
static void keep_built(void)
{
	const uint8_t *p = rig.b.record + 512, *end = p + rig.b.used;

	while (p < end) {
		uint32_t len = get_be32(p + 4);

		if (len && !(p[9] & XLOG_START_TRANS))
			keep(p + 12, len);
		p += 12 + len;
	}
}

/* One of everything. */
static void make_regions(void)
{
	rig_begin(&rig, 32768);
	test_build_begin(&rig.b, TID);
	put_everything(&rig);
	keep_built();
}

static void build_all(uint32_t changed, uint32_t len)
{
	rig_begin(&rig, 32768);
	rig.mp.m_sb.sb_qflags = XFS_UQUOTA_ACCT;
	test_build_op(&rig.b, TID, XFS_TRANSACTION, XLOG_START_TRANS, NULL, 0);
	for (uint32_t i = 0; i < all.n; i++)
		test_build_op(&rig.b, TID, XFS_TRANSACTION, 0, all.data[i], i == changed ? len : all.len[i]);
	test_build_commit(&rig.b, TID);
	test_build_record(&rig.b);
}

static void test_good(void **state)
{
	(void)state;
	build_all(~0u, 0);
	assert_int_equal(rig_recover(&rig), 0);
	assert_int_equal(agi_version(rig.out), 64);
}

/* Recovered or refused; rig_recover() holds that nothing is written by the latter. */
static int try(uint32_t region, uint32_t len)
{
	int error;

	build_all(region, len);
	error = rig_recover(&rig);
	if (error && error != -EUCLEAN && error != -EBADMSG && error != -ENOTSUP) {
		fprintf(stderr, "region %u, length %u: %d %s\n", region, len, error, xfs_last_text());
		fail();
	}
	return error;
}

/* (RECOVER-1) */
static void test_each_byte(void **state)
{
	static const uint8_t flips[] = { 0x01, 0x80, 0xff };
	uint32_t refused = 0, replayed = 0;

	(void)state;
	for (uint32_t r = 0; r < all.n; r++) {
		for (uint32_t off = 0; off < all.len[r]; off++) {
			uint8_t was = all.data[r][off];

			/* Contents of large regions: some of it. */
			if (off >= 128 && off % 37)
				continue;
			for (size_t k = 0; k < ARRAY_SIZE(flips); k++) {
				all.data[r][off] = was ^ flips[k];
				if (try(~0u, 0))
					refused++;
				else
					replayed++;
			}
			all.data[r][off] = was;
		}
	}
	/* Both happen, or the test does not test. */
	assert_true(refused > 500);
	assert_true(replayed > 500);
}

static void test_each_word(void **state)
{
	static const uint32_t values[] = { 0, 1, 0x7fffffff, 0x80000000, 0xfffffff0 };

	(void)state;
	for (uint32_t r = 0; r < all.n; r++) {
		for (uint32_t off = 0; off + 4 <= XFS_MIN(all.len[r], 180u); off += 2) {
			uint8_t was[4];

			memcpy(was, all.data[r] + off, 4);
			for (size_t k = 0; k < ARRAY_SIZE(values); k++) {
				memcpy(all.data[r] + off, &values[k], 4);
				try(~0u, 0);
			}
			memcpy(all.data[r] + off, was, 4);
		}
	}
}

static void test_lengths(void **state)
{
	(void)state;
	for (uint32_t r = 0; r < all.n; r++)
		for (uint32_t len = 0; len < all.len[r]; len += all.len[r] > 256 ? 44 : 4)
			try(r, len);
}

static void test_seeded_garbage(void **state)
{
	struct xfs_rand rand = test_rand(1);

	(void)state;
	for (int round = 0; round < 1500; round++) {
		uint32_t r = (uint32_t)xfs_rand_below(&rand, all.n);
		uint8_t *was = malloc(all.len[r]);

		memcpy(was, all.data[r], all.len[r]);
		for (uint64_t n = 1 + xfs_rand_below(&rand, 6); n; n--) {
			/* Mostly the format at the start. */
			uint64_t span = xfs_rand_below(&rand, 3) ? XFS_MIN(all.len[r], 24u) : all.len[r];

			all.data[r][xfs_rand_below(&rand, span)] = (uint8_t)xfs_rand_below(&rand, 256);
		}
		try(~0u, 0);
		memcpy(all.data[r], was, all.len[r]);
		free(was);
	}
}

#ifdef XFSWRITE_DEBUG
static void test_no_memory(void **state)
{
	unsigned int failed = 0;
	bool met = true;

	(void)state;
	for (unsigned int nth = 1; met; nth++) {
		struct xlog_state log;
		int error;

		build_all(~0u, 0);
		TEST_OK(xfs_device_open_overlay(rig.log, NULL, &rig.out));
		rig.mp.m_dev = rig.out;
		TEST_OK(xlog_find_head(&rig.mp, &log));
		xfs_mem_fail_at(nth, false);
		error = xlog_recover(&rig.mp, &log, false, &rig.rec);
		met = xfs_mem_fail_met();
		if (!met)
			assert_int_equal(error, 0);
		/* What the overlay itself could not get is a failed device. */
		if (error) {
			assert_true(met && (error == -ENOMEM || error == -EIO));
			failed++;
		} else {
			rig.recovered = true;
		}
		if (error == -ENOMEM && xfs_device_overlay_bytes(rig.out) == 0)
			continue;
		/* Begun anew: as if nothing had been. */
		if (!error)
			continue;
		assert_int_equal(xlog_recover(&rig.mp, &log, false, &rig.rec), 0);
		rig.recovered = true;
		assert_int_equal(agi_version(rig.out), 64);
	}
	assert_true(failed > 10);
}
#endif

/* @image: all that recovery may change, which is in the first 32 MiB. */
static void read_image(struct xfs_device *dev, uint8_t *image)
{
	TEST_OK(xfs_device_pread(dev, 0, image, 32u << 20));
}

/* (RECOVER-2) */
static void test_failing_device(void **state)
{
	static const unsigned int ops[] = { TEST_FAULT_READ, TEST_FAULT_WRITE, TEST_FAULT_FLUSH };
	uint8_t *want = malloc(32u << 20), *have = malloc(32u << 20);
	struct xlog_state log;

	(void)state;
	build_all(~0u, 0);
	assert_int_equal(rig_recover(&rig), 0);
	read_image(rig.out, want);
	for (size_t k = 0; k < ARRAY_SIZE(ops); k++) {
		bool met = true;

		for (unsigned int nth = 1; met; nth++) {
			struct xfs_device *below;
			int error;

			build_all(~0u, 0);
			TEST_OK(xfs_device_open_overlay(rig.log, NULL, &below));
			TEST_OK(test_fault_open(below, &rig.out));
			rig.mp.m_dev = rig.out;
			TEST_OK(xlog_find_head(&rig.mp, &log));
			/* Torn: a half of the write arrives. */
			test_fault_arm(rig.out, ops[k], nth, true, true);
			error = xlog_recover(&rig.mp, &log, false, &rig.rec);
			met = test_fault_met(rig.out);
			assert_int_equal(error, met ? -EIO : 0);
			if (error) {
				assert_int_equal(xlog_recover(&rig.mp, &log, false, &rig.rec), 0);
				read_image(below, have);
				assert_memory_equal(want, have, 32u << 20);
			}
			rig.recovered = true;
			/* Once more over what is all in place. */
			xlog_recovery_destroy(&rig.mp, &rig.rec);
			assert_int_equal(xlog_recover(&rig.mp, &log, false, &rig.rec), 0);
			read_image(below, have);
			assert_memory_equal(want, have, 32u << 20);
			xfs_device_put(below);
		}
	}
	free(want);
	free(have);
}

static int setup(void **state)
{
	(void)state;
	rig_new(&rig, NULL);
	rig_begin(&rig, 32768);
	make_regions();
	/* Blocks that dquots can be in. */
	{
		uint8_t block[4096] = { 0 };

		for (uint32_t k = 0; k < 4096 / 136; k++) {
			struct xfs_dqblk *d = (void *)(block + k * 136);

			d->dd_diskdq.d_magic = cpu_to_be16(XFS_DQUOT_MAGIC);
			d->dd_diskdq.d_version = XFS_DQUOT_VERSION;
			d->dd_diskdq.d_id = cpu_to_be32(k);
			xfs_cksum_set(d, 136, XFS_DQUOT_CRC_OFF);
		}
		TEST_OK(xfs_device_pwrite(rig.base, 8 * 5000 * 512, block, sizeof(block), 0));
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < all.n; i++)
		free(all.data[i]);
	rig_free(&rig);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_each_byte),
		cmocka_unit_test(test_each_word),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_seeded_garbage),
#ifdef XFSWRITE_DEBUG
		cmocka_unit_test(test_no_memory),
#endif
		cmocka_unit_test(test_failing_device),
	};

	test_seed_init(20);
	return test_seed_report(cmocka_run_group_tests(tests, setup, teardown));
}
