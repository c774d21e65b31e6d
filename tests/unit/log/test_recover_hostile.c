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

static void put_intent(uint16_t type, uint64_t id, uint32_t n, uint32_t size)
{
	uint8_t raw[16 + 64] = { 0 };
	struct xfs_intent_log_format f = { .type = type, .size = 1, .nextents = n, .id = id };

	memcpy(raw, &f, sizeof(f));
	test_build_region(&rig.b, TID, raw, 16 + n * size);
}

/* One of everything. */
static void make_regions(void)
{
	const struct xfs_geometry *geo = &rig.mp.m_geo;
	uint8_t agi[512], sb[512], raw[2048], *cluster;
	struct xfs_icreate_log icl = {
		.icl_type = XFS_LI_ICREATE, .icl_size = 1, .icl_agbno = cpu_to_be32(4000),
		.icl_count = cpu_to_be32(64), .icl_isize = cpu_to_be32(geo->inodesize),
		.icl_length = cpu_to_be32(geo->ialloc_blks), .icl_gen = cpu_to_be32(1),
	};
	struct xfs_dq_logformat qlf = {
		.qlf_type = XFS_LI_DQUOT, .qlf_size = 2, .qlf_id = 3, .qlf_blkno = 8 * 5000,
		.qlf_len = 1, .qlf_boffset = 3 * 136,
	};
	struct xfs_disk_dquot ddq = {
		.d_magic = cpu_to_be16(XFS_DQUOT_MAGIC), .d_version = XFS_DQUOT_VERSION,
		.d_type = XFS_DQTYPE_USER, .d_id = cpu_to_be32(3),
	};
	struct xfs_qoff_logformat qoff = { .qf_type = XFS_LI_QUOTAOFF, .qf_size = 1 };
	struct xfs_attri_log_format attri = {
		.alfi_type = XFS_LI_ATTRI, .alfi_size = 3, .alfi_id = 7, .alfi_ino = rig.file,
		.alfi_op_flags = XFS_ATTRI_OP_SET, .alfi_name_len = 3, .alfi_value_len = 5,
	};
	struct xfs_xmi_log_format xmi = {
		.xmi_type = XFS_LI_XMI, .xmi_size = 1, .xmi_id = 8, .xmi_inode1 = rig.file,
		.xmi_inode2 = rig.many, .xmi_blockcount = 1,
	};
	static const uint8_t bui[48] = { 0x44, 0x12, 1, 0, 1, 0, 0, 0, 5 };
	xfs_ino_t inos[] = { rig.file, rig.dir, rig.link, rig.node, rig.many };

	rig_begin(&rig, 32768);
	test_build_begin(&rig.b, TID);
	make_agi(&rig, agi, 64);
	put_buf(&rig.b, TID, AGI_DADDR, 1, XFS_BLFT_AGI, agi);
	rig_read(rig.log, 0, sb, 512);
	put_buf_chunks(&rig.b, TID, 0, 1, XFS_BLFT_SB << 11, sb, 0, 3);
	put_cancel(&rig.b, TID, 8 * 6000, 8);
	cluster = malloc(cluster_bytes(&rig));
	rig_read(rig.log, cluster_daddr(&rig, rig.file), cluster, cluster_bytes(&rig));
	put_buf_chunks(&rig.b, TID, cluster_daddr(&rig, rig.file), cluster_bytes(&rig) / 512,
		       XFS_BLF_INODE_BUF | XFS_BLFT_DINO << 11, cluster, 0, 1);
	free(cluster);
	for (size_t i = 0; i < ARRAY_SIZE(inos); i++) {
		read_inode(&rig, rig.log, inos[i], (void *)raw);
		put_inode(&rig, TID, (void *)raw, i & 1 ? 52 : 56);
	}
	test_build_region(&rig.b, TID, &icl, sizeof(icl));
	test_build_region(&rig.b, TID, &qlf, sizeof(qlf));
	test_build_region(&rig.b, TID, &ddq, sizeof(ddq));
	test_build_region(&rig.b, TID, &qoff, sizeof(qoff));
	put_intent(XFS_LI_EFI, 1, 2, 16);
	put_intent(XFS_LI_EFI, 2, 2, 12);
	put_intent(XFS_LI_EFD, 1, 2, 16);
	put_intent(XFS_LI_RUI, 3, 1, 32);
	put_intent(XFS_LI_RUD, 3, 0, 0);
	put_intent(XFS_LI_CUI, 4, 1, 16);
	put_intent(XFS_LI_CUD, 4, 0, 0);
	test_build_region(&rig.b, TID, bui, sizeof(bui));
	put_intent(XFS_LI_BUD, 5, 0, 0);
	test_build_region(&rig.b, TID, &attri, sizeof(attri));
	test_build_region(&rig.b, TID, "abc", 4);
	test_build_region(&rig.b, TID, "value12", 8);
	put_intent(XFS_LI_ATTRD, 7, 0, 0);
	test_build_region(&rig.b, TID, &xmi, sizeof(xmi));
	put_intent(XFS_LI_XMD, 8, 0, 0);
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

/* @image: all that recovery may change, which is in the first 32 MiB. */
static void read_image(struct xfs_device *dev, uint8_t *image)
{
	TEST_OK(xfs_device_pread(dev, 0, image, 32u << 20));
}

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
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_failing_device),
	};

	test_seed_init(20);
	return test_seed_report(cmocka_run_group_tests(tests, setup, teardown));
}
