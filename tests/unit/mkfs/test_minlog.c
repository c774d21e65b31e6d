/* SPDX-License-Identifier: MIT */
/*
 * Goal: the smallest log is the one mkfs.xfs computes and kernels demand.
 * Method: values printed by mkfs.xfs 6.1 and 7.2 for block sizes, sizes of the file
 * system, features, sectors, stripes and directory blocks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "mkfs/mkfs_priv.h"

#define MIB	(1ull << 20)
#define GIB	(1ull << 30)
#define TIB	(1ull << 40)

#define FINOBT	XFS_SB_FEAT_RO_COMPAT_FINOBT
#define RMAPBT	XFS_SB_FEAT_RO_COMPAT_RMAPBT
#define REFLINK	XFS_SB_FEAT_RO_COMPAT_REFLINK
#define NREXT64	XFS_SB_FEAT_INCOMPAT_NREXT64
#define PARENT	XFS_SB_FEAT_INCOMPAT_PARENT
#define INCOMPAT (XFS_SB_FEAT_INCOMPAT_FTYPE | XFS_SB_FEAT_INCOMPAT_SPINODES | \
		  XFS_SB_FEAT_INCOMPAT_BIGTIME)

struct variant {
	uint32_t blocksize, sectsize, inodesize, dirblocksize, logsunit;
	uint64_t agbytes;
	uint32_t ro_compat, incompat;
};

static const struct variant old_default = {
	.blocksize = 4096, .sectsize = 512, .inodesize = 512, .dirblocksize = 4096,
	.agbytes = GIB / 4, .ro_compat = FINOBT | REFLINK, .incompat = 0,
};

static const struct variant new_default = {
	.blocksize = 4096, .sectsize = 512, .inodesize = 512, .dirblocksize = 4096,
	.agbytes = GIB / 4, .ro_compat = FINOBT | REFLINK | RMAPBT, .incompat = NREXT64 | PARENT,
};

/* With four AGs of @v->agbytes. */
static uint32_t minimum(const struct variant *v)
{
	struct xfs_geometry geo;
	struct xfs_sb sb;
	uint64_t max = ((1ull << 40) - 1) / v->blocksize;
	uint64_t agblocks = XFS_MIN(v->agbytes / v->blocksize, max);

	memset(&sb, 0, sizeof(sb));
	sb.sb_blocksize = v->blocksize;
	sb.sb_blocklog = (uint8_t)xfs_highbit64(v->blocksize);
	sb.sb_sectsize = (uint16_t)v->sectsize;
	sb.sb_sectlog = (uint8_t)xfs_highbit64(v->sectsize);
	sb.sb_inodesize = (uint16_t)v->inodesize;
	sb.sb_inodelog = (uint8_t)xfs_highbit64(v->inodesize);
	sb.sb_inopblock = (uint16_t)(v->blocksize / v->inodesize);
	sb.sb_inopblog = (uint8_t)(sb.sb_blocklog - sb.sb_inodelog);
	sb.sb_dirblklog = (uint8_t)(xfs_highbit64(XFS_MAX(v->dirblocksize, v->blocksize)) -
				    sb.sb_blocklog);
	sb.sb_agblocks = (uint32_t)agblocks;
	sb.sb_agcount = 4;
	sb.sb_dblocks = 4 * agblocks;
	sb.sb_agblklog = (uint8_t)xfs_log2_ceil(agblocks);
	sb.sb_inoalignmt = 64 * v->inodesize / v->blocksize;
	sb.sb_spino_align = 8192 * (v->inodesize / 256) / v->blocksize;
	sb.sb_features_ro_compat = v->ro_compat;
	sb.sb_features_incompat = INCOMPAT | v->incompat;
	assert_int_equal(xfs_geometry_init(&geo, &sb), 0);
	return xfs_mkfs_min_logblocks(&geo, v->logsunit);
}

static void test_sizes(void **state)
{
	static const uint32_t v[][6] = {	/* block; 300 MiB, 1, 10, 100 GiB, 1 TiB */
		{ 1024, 3527, 4175, 4175, 4823, 4823 },
		{ 2048, 2484, 2484, 2688, 3096, 3096 },
		{ 4096, 1368, 1566, 1986, 1986, 2580 },
		{ 16384, 1002, 1002, 1002, 1589, 1589 },
		{ 65536, 512, 519, 910, 910, 910 },
	};
	static const uint64_t sizes[] = { 300 * MIB, GIB, 10 * GIB, 100 * GIB, TIB };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(v); i++)
		for (size_t k = 0; k < ARRAY_SIZE(sizes); k++) {
			struct variant x = old_default;

			x.blocksize = v[i][0];
			x.agbytes = sizes[k] / 4;
			assert_int_equal(minimum(&x), v[i][1 + k]);
		}
}

static void test_features(void **state)
{
	struct variant x;

	(void)state;
#define WANT(change, want)				\
	do {						\
		x = old_default;			\
		change;					\
		assert_int_equal(minimum(&x), want);	\
	} while (0)
	WANT((void)0, 1566);
	WANT(x.ro_compat |= RMAPBT, 3273);
	WANT(x.ro_compat = FINOBT, 857);
	WANT(x.ro_compat = FINOBT | RMAPBT, 975);	/* mkfs.xfs 7.2; 6.1 says 878 */
	WANT(x.incompat = NREXT64, 4049);
	WANT(x.incompat = NREXT64; x.ro_compat |= RMAPBT, 3273);
	WANT(x.dirblocksize = 65536, 2174);
	WANT(x.sectsize = 4096; x.logsunit = 4096, 1419);
	WANT(x.sectsize = 4096; x.logsunit = 4096; x.ro_compat |= RMAPBT, 3126);
	WANT(x.logsunit = 65536; x.agbytes = 32752 * 4096, 1872);
	WANT(x.inodesize = 1024, 1566);
	WANT(x.inodesize = 2048, 1566);
}

static void test_reverse_mapping_alone(void **state)
{
	static const uint32_t v[][3] = {	/* block, MiB in all, blocks */
		{ 4096, 100, 975 }, { 4096, 299, 975 }, { 2048, 200, 1728 },
		{ 1024, 100, 2640 }, { 1024, 200, 2748 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		struct variant x = old_default;

		x.ro_compat = RMAPBT;
		x.blocksize = v[i][0];
		x.agbytes = v[i][1] * MIB / 4;
		assert_int_equal(minimum(&x), v[i][2]);
	}
}

static void test_parent_pointers(void **state)
{
	static const uint32_t v[][3] = {	/* block, inode size, blocks */
		{ 1024, 512, 4862 },   { 2048, 512, 3172 },   { 2048, 1024, 3191 },
		{ 4096, 512, 2001 },   { 4096, 1024, 2011 },  { 4096, 2048, 2030 },
		{ 16384, 512, 1429 },  { 16384, 1024, 1431 }, { 16384, 2048, 1436 },
		{ 65536, 512, 1127 },  { 65536, 1024, 1128 }, { 65536, 2048, 1129 },
	};
	struct variant x;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		x = new_default;
		x.blocksize = v[i][0];
		x.inodesize = v[i][1];
		assert_int_equal(minimum(&x), v[i][2]);
		x.agbytes = 75 * MIB;
		assert_int_equal(minimum(&x), v[i][2]);
	}
	x = new_default;
	x.agbytes = TIB / 4;
	assert_int_equal(minimum(&x), 2004);
	x = new_default;
	x.sectsize = x.logsunit = 4096;
	assert_int_equal(minimum(&x), 1650);
	x.blocksize = x.logsunit = 65536;
	assert_int_equal(minimum(&x), 1140);
}

/* At least this much is enough for whatever combination. */
static void test_upper_bound(void **state)
{
	static const uint64_t bound[][2] = {	/* block, KiB */
		{ 1024, 29184 }, { 2048, 27648 }, { 4096, 30720 }, { 8192, 46080 },
		{ 16384, 68352 }, { 32768, 121344 }, { 65536, 196608 },
	};
	static const uint64_t ags[] = { 16 * MIB, 64 * MIB, GIB, 64 * GIB, TIB };

	(void)state;
	for (size_t b = 0; b < ARRAY_SIZE(bound); b++)
		for (unsigned int bits = 0; bits < 1024; bits++) {
			struct variant x = new_default;

			x.blocksize = (uint32_t)bound[b][0];
			x.ro_compat = bits & 7;
			x.incompat = (bits & 8 ? NREXT64 : 0) | (bits & 16 ? PARENT : 0);
			x.inodesize = XFS_MIN(512u << (bits >> 5 & 1) * 2, x.blocksize / 2);
			x.dirblocksize = bits & 64 ? 65536 : x.blocksize;
			x.logsunit = bits & 128 ? 262144 : bits & 256 ? x.blocksize : 1;
			x.sectsize = bits & 512 ? XFS_MIN(x.blocksize, 32768u) : 512;
			for (size_t a = 0; a < ARRAY_SIZE(ags); a++) {
				uint64_t bytes;

				x.agbytes = ags[a];
				bytes = (uint64_t)minimum(&x) * x.blocksize;
				assert_true(bytes >= 512ull * x.blocksize);
				assert_true(bytes <= bound[b][1] << 10);
			}
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_features),
		cmocka_unit_test(test_reverse_mapping_alone),
		cmocka_unit_test(test_parent_pointers),
		cmocka_unit_test(test_upper_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
