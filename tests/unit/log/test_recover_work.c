/* SPDX-License-Identifier: MIT */
/*
 * Goal: the work of recovery is in proportion to the log, whatever numbers it chooses: buffers that are
 *       wanted in another shape again and again, transactions, freed buffers and intents whose numbers
 *       a hash would put in one place, directories that share or never end their extent trees.
 * Method: logs made by hand with the worst that one can ask for; what is counted is the entries that
 *         searches came past (stats.steps), against the operations of the log.
 */
#include "disk/irec.h"
#include "unit/log/recover_rig.h"

#define STEPS_OF_OP	64u		/* twice the height of a tree of all items, and a few */

static struct rig rig;
static struct rig dirs;		/* directory blocks are of two blocks */

static int set_up(void **state)
{
	struct xfs_mkfs_options mkfs = {
		.size = sizeof(mkfs), .agcount = 1, .log_size = 24u << 20,
	};

	(void)state;
	rig_new(&rig, &mkfs);
	mkfs.dirblocksize = 8192;
	rig_new(&dirs, &mkfs);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	rig_free(&rig);
	rig_free(&dirs);
	return 0;
}

static void assert_little_work(const struct rig *r)
{
	const struct xlog_recovery_stats *stats = &r->rec.stats;

	if (stats->steps > STEPS_OF_OP * stats->ops)
		fail_msg("%" PRIu64 " steps for %" PRIu64 " operations", stats->steps, stats->ops);
}

static void recovered_with_little_work(void)
{
	TEST_OK(rig_recover(&rig));
	assert_little_work(&rig);
}

/* ---- buffers ------------------------------------------------------------------ */

#define PLACES	4000u
#define FIRST	(8u * 6000)		/* sectors, behind all that is used */

/* The first byte of a sector says who wrote it. */
static void put_sectors(uint64_t daddr, uint32_t bbs, uint8_t who)
{
	uint8_t data[4 * 512];

	memset(data, who, sizeof(data));
	put_buf(&rig.b, TID, daddr, bbs, 0, data);
}

static uint8_t sector_of(uint64_t daddr)
{
	uint8_t data[512];

	rig_read(rig.out, daddr, data, sizeof(data));
	return data[0];
}

/* Each place is wanted as two sectors, as one, and as three, and all wait to be written. */
static void test_shapes(void **state)
{
	(void)state;
	rig_begin(&rig, 32768);
	test_build_begin(&rig.b, TID);
	for (uint32_t i = 0; i < PLACES; i++) {
		put_sectors(FIRST + 4 * i, 2, 1);
		put_sectors(FIRST + 4 * i + 1, 3, 2);
		put_sectors(FIRST + 4 * i, 1, 3);
	}
	put_end(&rig, TID);
	recovered_with_little_work();
	for (uint32_t i = 0; i < PLACES; i++) {
		static const uint8_t want[] = { 3, 2, 2, 2 };

		for (uint32_t k = 0; k < 4; k++)
			assert_int_equal(sector_of(FIRST + 4 * i + k), want[k]);
	}
}

/* The same place in two shapes by turns. */
static void test_shapes_of_one_place(void **state)
{
	(void)state;
	rig_begin(&rig, 32768);
	test_build_begin(&rig.b, TID);
	for (uint32_t i = 0; i < PLACES; i++) {
		put_sectors(FIRST, 2, (uint8_t)(1 + i % 100));
		put_sectors(FIRST + 1, 2, (uint8_t)(101 + i % 100));
	}
	put_end(&rig, TID);
	recovered_with_little_work();
	assert_int_equal(sector_of(FIRST), 1 + (PLACES - 1) % 100);
	assert_int_equal(sector_of(FIRST + 1), 101 + (PLACES - 1) % 100);
	assert_int_equal(sector_of(FIRST + 2), 101 + (PLACES - 1) % 100);
}

/* ---- numbers ------------------------------------------------------------------ */

/* The @i-th number whose product with @by has nothing in its highest bits: hashes like that. */
static uint64_t colliding(uint64_t by, uint32_t i)
{
	uint64_t inverse = by;

	for (int k = 0; k < 6; k++)
		inverse *= 2 - by * inverse;
	return inverse * (i + 1);
}

static void test_transactions(void **state)
{
	const uint32_t n = 20000;

	(void)state;
	rig_begin(&rig, 32768);
	put_agi_trans(&rig, TID, 5);
	for (uint32_t round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < n; i++) {
			uint32_t tid = (uint32_t)colliding(0x9e3779b1u, i);

			if (rig.b.used > 32000)
				test_build_record(&rig.b);
			test_build_op(&rig.b, tid, XFS_TRANSACTION, round ? 0 : XLOG_START_TRANS,
				      NULL, 0);
		}
	}
	test_build_record(&rig.b);
	recovered_with_little_work();
	assert_int_equal(rig.rec.stats.uncommitted, n);
}

/* Freed buffers: all of one place, and at places that a hash puts together. */
static void test_freed_buffers(void **state)
{
	const uint64_t sectors = 24u << 11;	/* that there are behind FIRST */
	uint32_t n = 0;

	(void)state;
	rig_begin(&rig, 32768);
	test_build_begin(&rig.b, TID);
	for (uint64_t at = 0; at < sectors && n < 10000; at++) {
		/* As it is with 256 slots, 1024 and so on. */
		if ((FIRST + at) * 0x9e3779b97f4a7c15u >> 60 == 3) {
			put_cancel(&rig.b, TID, FIRST + at, 1 + at % 128);
			n++;
		}
	}
	for (uint32_t i = 0; i < 128 * 8; i++)
		put_cancel(&rig.b, TID, FIRST, 1 + i % 128);
	put_end(&rig, TID);
	recovered_with_little_work();
}

/* Ids are whatever a log says. */
static void test_intents(void **state)
{
	const uint32_t n = 10000;

	(void)state;
	rig_begin(&rig, 32768);
	test_build_begin(&rig.b, TID);
	for (uint32_t done = 0; done < 2; done++) {
		for (uint32_t i = 0; i < n; i++)
			put_intent(&rig, (uint16_t)(XFS_LI_EFI + done),
				   colliding(0x9e3779b97f4a7c15u, i) ^ XFS_LI_EFI, 1, 16);
	}
	/* Of two with one id the newer one is done first. */
	put_intent(&rig, XFS_LI_EFI, 77, 1, 16);
	put_intent(&rig, XFS_LI_EFI, 77, 2, 16);
	put_intent(&rig, XFS_LI_EFD, 77, 2, 16);
	put_end(&rig, TID);
	recovered_with_little_work();
	assert_int_equal(rig.rec.stats.pending[0], 1);
	assert_int_equal(xfs_list_first_entry(&rig.rec.intents, struct xlog_intent, xi_list)
				 ->xi_regions[0].len, 32);
}

/* ---- directories whose blocks lie in pieces -------------------------------------- */

/* A part of a directory block was logged, so directories are looked through. */
static void begin_dirs(void)
{
	uint8_t part[4096] = { 0 };

	rig_begin(&dirs, 32768);
	test_build_begin(&dirs.b, TID);
	put_buf_chunks(&dirs.b, TID, FIRST, 8, XFS_BLFT_DIR_DATA << 11, part, 0, 2);
}

/* What was the inode of a file is logged as a directory's. */
static void put_dir(xfs_ino_t ino, xfs_ino_t fork_of, uint64_t blocks)
{
	uint8_t raw[2048], other[2048];
	struct xfs_dinode *dip = (void *)raw, *from = (void *)other;
	struct xfs_bmbt_irec irec;

	read_inode(&dirs, dirs.log, ino, dip);
	read_inode(&dirs, dirs.log, fork_of, from);
	dip->di_mode = cpu_to_be16(S_IFDIR | 0755);
	dip->di_size = cpu_to_be64(8192);
	dip->di_format = from->di_format;
	dip->di_big_nextents = from->di_big_nextents;
	dip->di_nblocks = from->di_nblocks;
	dip->di_forkoff = from->di_forkoff;
	memcpy(XFS_DFORK_DPTR(dip), XFS_DFORK_DPTR(from), XFS_DFORK_DSIZE(from, &dirs.mp.m_geo));
	if (blocks) {
		xfs_bmbt_disk_get_all(XFS_DFORK_DPTR(dip), &irec);
		irec.br_startblock = FIRST / 8;
		irec.br_blockcount = blocks;
		xfs_bmbt_disk_set_all(XFS_DFORK_DPTR(dip), &irec);
		dip->di_nblocks = cpu_to_be64(blocks);
	}
	put_inode(&dirs, TID, dip, 56);
}

static void recovered_dirs(int want)
{
	put_end(&dirs, TID);
	assert_int_equal(rig_recover(&dirs), want);
	assert_little_work(&dirs);
}

/* Of an inode with a tree of one leaf. */
static uint64_t leaf_daddr(xfs_ino_t ino)
{
	const struct xfs_geometry *geo = &dirs.mp.m_geo;
	uint8_t raw[2048];
	struct xfs_dinode *dip = (void *)raw;

	read_inode(&dirs, dirs.log, ino, dip);
	assert_int_equal(dip->di_format, XFS_DINODE_FMT_BTREE);
	return (uint64_t)XFS_FSB_TO_DADDR(geo, be64_to_cpu(*xfs_bmdr_ptr_addr(
		XFS_DFORK_DPTR(dip), 1, xfs_bmdr_maxrecs(XFS_DFORK_DSIZE(dip, geo)))));
}

static void change_leaf(void (*change)(struct xfs_btree_block *block))
{
	uint64_t daddr = leaf_daddr(dirs.many);
	uint8_t raw[4096];

	rig_read(dirs.log, daddr, raw, sizeof(raw));
	change((void *)raw);
	xfs_cksum_set(raw, sizeof(raw), XFS_BTREE_LBLOCK_CRC_OFF);
	rig_write(&dirs, daddr, raw, sizeof(raw));
}

static void follow_itself(struct xfs_btree_block *block)
{
	uint64_t daddr = leaf_daddr(dirs.many);

	block->bb_u.l.bb_rightsib = cpu_to_be64(daddr / 8);
}

static void be_empty_and_follow_itself(struct xfs_btree_block *block)
{
	block->bb_numrecs = cpu_to_be16(0);
	follow_itself(block);
}

static void lead_to_itself(struct xfs_btree_block *block)
{
	block->bb_level = cpu_to_be16(1);
	*(xfs_bmbt_ptr_t *)XFS_BTREE_PTR_ADDR(block, XFS_BTREE_LBLOCK_LEN,
					      sizeof(struct xfs_bmbt_key), dirs.mp.m_geo.bmap_mxr[1],
					      sizeof(xfs_bmbt_ptr_t), 1) =
		cpu_to_be64(leaf_daddr(dirs.many) / 8);
}

static void test_trees_of_directories(void **state)
{
	static void (*const changes[])(struct xfs_btree_block *) = {
		follow_itself, be_empty_and_follow_itself, lead_to_itself,
	};

	(void)state;
	begin_dirs();
	put_dir(dirs.many, dirs.many, 0);
	recovered_dirs(0);
	for (uint32_t i = 0; i < ARRAY_SIZE(changes); i++) {
		begin_dirs();
		change_leaf(changes[i]);
		put_dir(dirs.many, dirs.many, 0);
		recovered_dirs(-EUCLEAN);
	}
	/* Somebody else's. */
	begin_dirs();
	put_dir(dirs.file, dirs.many, 0);
	recovered_dirs(-EUCLEAN);
}

static void test_long_extents_of_directories(void **state)
{
	(void)state;
	begin_dirs();
	put_dir(dirs.file, dirs.file, 8000);
	recovered_dirs(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shapes),
		cmocka_unit_test(test_shapes_of_one_place),
		cmocka_unit_test(test_transactions),
		cmocka_unit_test(test_freed_buffers),
		cmocka_unit_test(test_intents),
		cmocka_unit_test(test_trees_of_directories),
		cmocka_unit_test(test_long_extents_of_directories),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
