/* SPDX-License-Identifier: MIT */
/*
 * Goal: records, time stamps and device numbers are packed as on disk, and impossible
 * ones are recognised.
 * Method: byte vectors of real file systems there and back; each rule broken once.
 */
#include "disk/inode.h"
#include "disk/irec.h"
#include "unit/disk/vectors.h"

static void test_extents(void **state)
{
	static const struct {
		struct xfs_bmbt_irec irec;
		const char *hex;
	} v[] = {
		{ { 0, 24, 1, XFS_EXT_NORM }, "0000000000000000 0000000003000001" },
		{ { 1, 57, 1, XFS_EXT_NORM }, "0000000000000200 0000000007200001" },
		{ { 16, 14, 1, XFS_EXT_NORM }, "0000000000002000 0000000001c00001" },
		{ { 0, 28, 256, XFS_EXT_UNWRITTEN }, "8000000000000000 0000000003800100" },
		{ { 5, 1ull << 43, 7, XFS_EXT_NORM }, "0000000000000a01 0000000000000007" },
		{ { 8388608, 14, 1, XFS_EXT_NORM }, "0000000100000000 0000000001c00001" },
		{ { (1ull << 51) - 1, 4886718345, 1, XFS_EXT_NORM },
		  "0ffffffffffffe00 002468acf1200001" },
		{ { 1 << 21, (1 << 21) - 1, (1 << 21) - 1, XFS_EXT_UNWRITTEN },
		  "8000000040000000 000003ffffffffff" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		struct xfs_bmbt_rec want, rec;
		struct xfs_bmbt_irec irec;

		put_hex(&want, 0, v[i].hex);
		xfs_bmbt_disk_set_all(&rec, &v[i].irec);
		assert_memory_equal(&rec, &want, sizeof(rec));
		xfs_bmbt_disk_get_all(&want, &irec);
		assert_int_equal(irec.br_startoff, v[i].irec.br_startoff);
		assert_int_equal(irec.br_startblock, v[i].irec.br_startblock);
		assert_int_equal(irec.br_blockcount, v[i].irec.br_blockcount);
		assert_int_equal(irec.br_state, v[i].irec.br_state);
		assert_int_equal(xfs_bmbt_disk_get_startoff(&want), irec.br_startoff);
		assert_int_equal(xfs_bmbt_disk_get_blockcount(&want), irec.br_blockcount);
	}
}

static void test_extent_rules(void **state)
{
	const struct xfs_bmbt_irec good = { 100, 1000, 50, XFS_EXT_NORM };
	struct xfs_bmbt_irec irec;
	struct xfs_geometry geo;

	(void)state;
	vector_geo(&geo, NULL);
	assert_good(xfs_bmbt_irec_verify(&geo, false, false, &good));
#define BAD(change, text)							\
	do {									\
		irec = good;							\
		change;								\
		assert_bad(xfs_bmbt_irec_verify(&geo, false, false, &irec), text); \
	} while (0)
	BAD(irec.br_blockcount = 0, "fileext");
	BAD(irec.br_blockcount = 1 << 21, "MAX_BMBT_EXTLEN");
	BAD(irec.br_startblock = 0, "fsbext");
	BAD(irec.br_startblock = 19199, "fsbext");
	BAD(irec.br_startblock = 1ull << 51, "fsbext");
	BAD(irec.br_startoff = 1ull << 55, "fileext");
	BAD(irec.br_startoff = 1ull << 53, "max_file_block");
	BAD(irec.br_startoff = 1ull << 51, "max_file_block");
	BAD(irec.br_state = XFS_EXT_UNWRITTEN, "unwritten_ok");
#undef BAD
	irec = good;
	irec.br_startoff = (1ull << 51) - 1;
	assert_good(xfs_bmbt_irec_verify(&geo, false, false, &irec));
	irec = good;
	irec.br_state = XFS_EXT_UNWRITTEN;
	assert_good(xfs_bmbt_irec_verify(&geo, false, true, &irec));
	/* There is no realtime section. */
	assert_bad(xfs_bmbt_irec_verify(&geo, true, true, &irec), "rtbext");
	geo.rblocks = 2000;
	assert_good(xfs_bmbt_irec_verify(&geo, true, true, &irec));
	irec.br_startblock = 1960;
	assert_bad(xfs_bmbt_irec_verify(&geo, true, true, &irec), "rtbext");
}

static void test_rtgroup_extents(void **state)
{
	struct xfs_geometry geo;

	(void)state;
	/* Groups of 87382 blocks, the last of 87380, numbered in steps of 2^17. */
	vector_geo(&geo, NULL);
	geo.features |= XFS_FEAT_METADIR;
	geo.rgcount = 3;
	geo.rgextents = 87382;
	geo.rextsize = 1;
	geo.rextents = geo.rblocks = 262144;
	geo.rgblklog = 17;
	assert_true(xfs_verify_rtbext(&geo, 131072, 1));
	assert_true(xfs_verify_rtbext(&geo, 131072, 87382));
	assert_false(xfs_verify_rtbext(&geo, 131072, 87383));
	assert_false(xfs_verify_rtbext(&geo, 87382, 1));
	assert_true(xfs_verify_rtbext(&geo, 2 * 131072 + 87379, 1));
	assert_false(xfs_verify_rtbext(&geo, 2 * 131072 + 87380, 1));
	assert_false(xfs_verify_rtbext(&geo, 3 * 131072, 1));
	assert_false(xfs_verify_rtbext(&geo, 1, UINT64_MAX));
}

static void test_rmap_records(void **state)
{
	static const struct {
		uint32_t start, len;
		uint64_t owner, word, offset;
		unsigned int flags;
		uint32_t high_start;
		uint64_t high_word;
	} v[] = {
		{ 0, 1, XFS_RMAP_OWN_FS, 0, 0, 0, 0, 0 },
		{ 7, 6, XFS_RMAP_OWN_AG, 0, 0, 0, 12, 0 },
		{ 15, 1, 131, 0x8000000000000000, 0, XFS_RMAP_ATTR_FORK, 15, 0x8000000000000000 },
		{ 24, 8, 131, 0x2000000000000004, 4, XFS_RMAP_UNWRITTEN, 31, 11 },
		{ 33, 3, 133, 1, 1, 0, 35, 3 },
		{ 36, 3, 131, 0x8000000000000001, 1, XFS_RMAP_ATTR_FORK, 38,
		  0x8000000000000003 },
		{ 40, 2, 132, 0x4000000000000000, 0, XFS_RMAP_BMBT_BLOCK, 41,
		  0x4000000000000000 },
	};
	struct xfs_geometry geo;

	(void)state;
	vector_geo(&geo, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		struct xfs_rmap_rec rec, back;
		struct xfs_rmap_irec irec;
		struct xfs_rmap_key low, high;

		rec.rm_startblock = cpu_to_be32(v[i].start);
		rec.rm_blockcount = cpu_to_be32(v[i].len);
		rec.rm_owner = cpu_to_be64(v[i].owner);
		rec.rm_offset = cpu_to_be64(v[i].word);
		assert_good(xfs_rmap_rec_unpack(&rec, &irec));
		assert_int_equal(irec.rm_offset, v[i].offset);
		assert_int_equal(irec.rm_flags, v[i].flags);
		assert_good(xfs_rmap_irec_verify(&geo, 0, &irec));
		xfs_rmap_rec_pack(&irec, &back);
		assert_memory_equal(&rec, &back, sizeof(rec));
		xfs_rmap_low_key(&irec, &low);
		assert_int_equal(be32_to_cpu(low.rm_startblock), v[i].start);
		assert_int_equal(be64_to_cpu(low.rm_owner), v[i].owner);
		assert_int_equal(be64_to_cpu(low.rm_offset),
				 v[i].word & ~XFS_RMAP_OFF_UNWRITTEN);
		xfs_rmap_high_key(&irec, &high);
		assert_int_equal(be32_to_cpu(high.rm_startblock), v[i].high_start);
		assert_int_equal(be64_to_cpu(high.rm_offset), v[i].high_word);
		assert_true(xfs_rmap_key_cmp(&low, &high) <= 0);
	}
}

static void test_rmap_order(void **state)
{
	struct xfs_rmap_irec a = { 10, 5, 131, 7, 0 }, b = a;

	(void)state;
	assert_int_equal(xfs_rmap_irec_cmp(&a, &b), 0);
	b.rm_flags = XFS_RMAP_UNWRITTEN;	/* no part of the key */
	assert_int_equal(xfs_rmap_irec_cmp(&a, &b), 0);
	b.rm_flags = XFS_RMAP_ATTR_FORK;
	assert_true(xfs_rmap_irec_cmp(&a, &b) < 0);
	b = a;
	b.rm_owner = XFS_RMAP_OWN_AG;		/* special owners sort last */
	assert_true(xfs_rmap_irec_cmp(&a, &b) < 0);
	b = a;
	b.rm_startblock = 9;
	b.rm_owner = XFS_RMAP_OWN_AG;
	assert_true(xfs_rmap_irec_cmp(&a, &b) > 0);
}

static void test_rmap_merge(void **state)
{
	const struct xfs_rmap_irec left = { 10, 5, 131, 7, 0 };
	struct xfs_rmap_irec right = { 15, 5, 131, 12, 0 };
	struct xfs_rmap_irec huge = { 10, UINT32_MAX - 4, XFS_RMAP_OWN_AG, 0, 0 };

	(void)state;
	assert_true(xfs_rmap_irecs_mergeable(&left, &right));
	right.rm_offset = 13;
	assert_false(xfs_rmap_irecs_mergeable(&left, &right));
	right.rm_offset = 12;
	right.rm_flags = XFS_RMAP_UNWRITTEN;
	assert_false(xfs_rmap_irecs_mergeable(&left, &right));
	right = (struct xfs_rmap_irec){ 5 + UINT32_MAX, 5, XFS_RMAP_OWN_AG, 0, 0 };
	assert_false(xfs_rmap_irecs_mergeable(&huge, &right));
	huge.rm_blockcount = 5;
	right.rm_startblock = 15;
	assert_true(xfs_rmap_irecs_mergeable(&huge, &right));
}

static void test_rmap_rules(void **state)
{
	const struct xfs_rmap_irec inode = { 100, 5, 131, 7, 0 };
	const struct xfs_rmap_irec special = { 100, 5, XFS_RMAP_OWN_AG, 0, 0 };
	const struct xfs_rmap_irec headers = { 0, 1, XFS_RMAP_OWN_FS, 0, 0 };
	struct xfs_rmap_irec irec;
	struct xfs_geometry geo;

	(void)state;
	vector_geo(&geo, NULL);
	assert_good(xfs_rmap_irec_verify(&geo, 0, &inode));
	assert_good(xfs_rmap_irec_verify(&geo, 0, &special));
	assert_good(xfs_rmap_irec_verify(&geo, 0, &headers));
#define BAD(base, change, text)							\
	do {									\
		irec = base;							\
		change;								\
		assert_bad(xfs_rmap_irec_verify(&geo, 0, &irec), text);		\
	} while (0)
	BAD(inode, irec.rm_blockcount = 0, "blockcount");
	BAD(inode, irec.rm_startblock = 19198, "agbext");
	BAD(inode, irec.rm_owner = 5, "verify_ino");
	BAD(inode, irec.rm_owner = XFS_RMAP_OWN_NULL, "OWN_FS");
	BAD(inode, irec.rm_owner = XFS_RMAP_OWN_MIN, "OWN_MIN");
	BAD(inode, irec.rm_flags = XFS_RMAP_BMBT_BLOCK, "rm_offset == 0");
	BAD(inode, irec.rm_flags = XFS_RMAP_ATTR_FORK | XFS_RMAP_UNWRITTEN, "unwritten");
	BAD(inode, irec.rm_flags = 8, "ALL_FLAGS");
	BAD(special, irec.rm_offset = 1, "rm_offset");
	BAD(special, irec.rm_flags = XFS_RMAP_ATTR_FORK, "rm_flags == 0");
	BAD(special, irec.rm_startblock = 0, "OWN_FS");
	BAD(headers, irec.rm_blockcount = 2, "agfl_block + 1");
	BAD(headers, irec.rm_startblock = 100, "rm_startblock == 0");
#undef BAD
	assert_bad(xfs_rmap_irec_offset_unpack(1ull << 60, &irec), "offset");
	assert_bad(xfs_rmap_irec_offset_unpack(1ull << 54, &irec), "offset");
}

static void test_inode_records(void **state)
{
	/* Of real sparse chunks, and a full one. */
	static const struct {
		struct xfs_inobt_rec_incore irec;
		const char *hex;
		uint64_t allocmask;
	} v[] = {
		{ { 128, 0, 64, 61, 0xfffffffffffffff8 }, "00000080 0000403d ffffffff fffffff8",
		  UINT64_MAX },
		{ { 128, 0x00ff, 32, 11, 0x49249249ffffffff },
		  "00000080 00ff200b 49249249 ffffffff",
		  0xffffffff00000000 },
		{ { 18944, 0xff00, 32, 11, 0xffffffff49249249 },
		  "00004a00 ff00200b ffffffff 49249249", 0x00000000ffffffff },
	};
	struct xfs_inobt_rec_incore irec;
	struct xfs_inobt_rec rec, want;
	struct xfs_geometry geo;

	(void)state;
	vector_geo(&geo, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		put_hex(&want, 0, v[i].hex);
		xfs_inobt_rec_unpack(&geo, &want, &irec);
		assert_memory_equal(&irec, &v[i].irec, sizeof(irec));
		assert_true(xfs_inobt_irec_allocmask(&irec) == v[i].allocmask);
		assert_good(xfs_inobt_irec_verify(&geo, 0, &irec));
		xfs_inobt_rec_pack(&geo, &irec, &rec);
		assert_memory_equal(&rec, &want, sizeof(rec));
	}
	for (unsigned int bit = 0; bit < 16; bit++) {
		irec.ir_holemask = (uint16_t)~(1u << bit);
		assert_true(xfs_inobt_irec_allocmask(&irec) == 0xfull << (4 * bit));
	}
	/* Without sparse chunks the free count has 32 bits. */
	geo.features &= ~XFS_FEAT_SPINODES;
	xfs_inobt_rec_pack(&geo, &v[0].irec, &rec);
	put_hex(&want, 0, "00000080 0000003d ffffffff fffffff8");
	assert_memory_equal(&rec, &want, sizeof(rec));
	xfs_inobt_rec_unpack(&geo, &rec, &irec);
	assert_memory_equal(&irec, &v[0].irec, sizeof(irec));
	put_hex(&rec, 4, "0000013d");
	xfs_inobt_rec_unpack(&geo, &rec, &irec);
	assert_bad(xfs_inobt_irec_verify(&geo, 0, &irec), "freecount");
}

static void test_inode_record_rules(void **state)
{
	const struct xfs_inobt_rec_incore good = { 128, 0x00ff, 32, 11, 0x49249249ffffffff };
	struct xfs_inobt_rec_incore irec;
	struct xfs_geometry geo;

	(void)state;
	vector_geo(&geo, NULL);
#define BAD(change, text)							\
	do {									\
		irec = good;							\
		change;								\
		assert_bad(xfs_inobt_irec_verify(&geo, 0, &irec), text);	\
	} while (0)
	BAD(irec.ir_startino = 129, "inopblock");
	BAD(irec.ir_startino = 8, "verify_agino");
	BAD(irec.ir_startino = 19200 * 8 - 8, "verify_agino");
	BAD(irec.ir_startino = 0xfffffff8, "verify_agino");
	BAD(irec.ir_holemask = 0xffff, "ir_count");
	BAD(irec.ir_count = 36, "ir_count");
	BAD(irec.ir_count = 0, "ir_count");
	BAD(irec.ir_freecount = 12, "ir_freecount");
	BAD(irec.ir_free ^= 1ull << 40, "ir_freecount");
	BAD(irec.ir_free ^= 1, "ALL_FREE");	/* an inode in a hole is in use */
#undef BAD
}

static void test_refcounts(void **state)
{
	struct xfs_refcount_irec irec = { 33, 3, 3, XFS_REFC_DOMAIN_SHARED }, back;
	struct xfs_refcount_rec rec;
	struct xfs_geometry geo;
	uint8_t want[12];

	(void)state;
	vector_geo(&geo, NULL);
	put_hex(want, 0, "00000021 00000003 00000003");
	xfs_refcount_rec_pack(&irec, &rec);
	assert_memory_equal(&rec, want, sizeof(rec));
	assert_good(xfs_refcount_irec_verify(&geo, 0, &irec));
	irec.rc_domain = XFS_REFC_DOMAIN_COW;
	assert_bad(xfs_refcount_irec_verify(&geo, 0, &irec), "rc_refcount == 1");
	irec.rc_refcount = 1;
	assert_good(xfs_refcount_irec_verify(&geo, 0, &irec));
	xfs_refcount_rec_pack(&irec, &rec);
	assert_int_equal(be32_to_cpu(rec.rc_startblock), 0x80000021);
	xfs_refcount_rec_unpack(&rec, &back);
	assert_memory_equal(&irec, &back, sizeof(irec));
	irec.rc_domain = XFS_REFC_DOMAIN_SHARED;
	assert_bad(xfs_refcount_irec_verify(&geo, 0, &irec), "rc_refcount >= 2");
	irec.rc_refcount = 2;
	irec.rc_startblock = 19199;
	assert_bad(xfs_refcount_irec_verify(&geo, 0, &irec), "agbext");
	irec.rc_blockcount = 0;
	assert_bad(xfs_refcount_irec_verify(&geo, 0, &irec), "rc_blockcount");
}

static void test_free_extents(void **state)
{
	struct xfs_alloc_rec_incore irec;
	struct xfs_alloc_rec rec;
	struct xfs_geometry geo;

	(void)state;
	vector_geo(&geo, NULL);
	put_hex(&rec, 0, "00000018 00004ae8");
	xfs_alloc_rec_unpack(&rec, &irec);
	assert_int_equal(irec.ar_startblock, 24);
	assert_int_equal(irec.ar_blockcount, 19176);
	assert_good(xfs_alloc_irec_verify(&geo, 0, &irec));
	irec.ar_blockcount++;
	assert_bad(xfs_alloc_irec_verify(&geo, 0, &irec), "agbext");
	irec.ar_blockcount = 0;
	assert_bad(xfs_alloc_irec_verify(&geo, 0, &irec), "ar_blockcount");
}

static void test_times(void **state)
{
	static const struct {
		int64_t sec;
		long nsec;
		uint64_t bigtime, legacy;
	} v[] = {
		{ -2147483648, 0, 0, 0x8000000000000000 },
		{ -1, 999999999, 0x1dcd64ffffffffff, 0xffffffff3b9ac9ff },
		{ 0, 0, 0x1dcd650000000000, 0 },
		{ 1, 0, 0x1dcd65003b9aca00, 0x0000000100000000 },
		{ 1700000000, 123456789, 0x356501fe3d85cd15, 0x6553f100075bcd15 },
		{ 2147483647, 999999999, 0x3b9ac9ffffffffff, 0x7fffffff3b9ac9ff },
		{ 2147483648, 0, 0x3b9aca0000000000, 0 },
		{ 1795385948, 425342103, 0x36b7e301fa9ecc97, 0x6b036a5c195a3497 },
		{ 16299260424, 0, 0xffffffff9a1a5000, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		struct timespec tv = { .tv_sec = v[i].sec, .tv_nsec = v[i].nsec }, back;

		assert_true(be64_to_cpu(xfs_inode_to_disk_ts(true, tv)) == v[i].bigtime);
		back = xfs_inode_from_disk_ts(true, cpu_to_be64(v[i].bigtime));
		assert_true(back.tv_sec == v[i].sec && back.tv_nsec == v[i].nsec);
		if (v[i].sec > INT32_MAX)
			continue;
		assert_true(be64_to_cpu(xfs_inode_to_disk_ts(false, tv)) == v[i].legacy);
		back = xfs_inode_from_disk_ts(false, cpu_to_be64(v[i].legacy));
		assert_true(back.tv_sec == v[i].sec && back.tv_nsec == v[i].nsec);
	}
}

static void test_times_clamped(void **state)
{
	struct timespec past = { .tv_sec = -2147483649, .tv_nsec = 5 };
	struct timespec future = { .tv_sec = 16299260425, .tv_nsec = 5 };

	(void)state;
	assert_true(be64_to_cpu(xfs_inode_to_disk_ts(true, past)) == 0);
	assert_true(be64_to_cpu(xfs_inode_to_disk_ts(false, past)) == 0x8000000000000000);
	assert_true(be64_to_cpu(xfs_inode_to_disk_ts(true, future)) == 0xffffffff9a1a5000);
	assert_true(be64_to_cpu(xfs_inode_to_disk_ts(false, future)) == 0x7fffffff00000000);
}

static void test_devices(void **state)
{
	(void)state;
	assert_int_equal(xfs_sysv_encode_dev(0x123, 0x2beef), 0x048ebeef);
	assert_int_equal(xfs_sysv_encode_dev(8, 1), 0x00200001);
	assert_int_equal(xfs_sysv_major(0x048ebeef), 0x123);
	assert_int_equal(xfs_sysv_minor(0x048ebeef), 0x2beef);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_extents),	       cmocka_unit_test(test_extent_rules),
		cmocka_unit_test(test_rtgroup_extents), cmocka_unit_test(test_rmap_records),
		cmocka_unit_test(test_rmap_order),     cmocka_unit_test(test_rmap_merge),
		cmocka_unit_test(test_rmap_rules),     cmocka_unit_test(test_inode_records),
		cmocka_unit_test(test_inode_record_rules), cmocka_unit_test(test_refcounts),
		cmocka_unit_test(test_free_extents),   cmocka_unit_test(test_times),
		cmocka_unit_test(test_times_clamped),  cmocka_unit_test(test_devices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
