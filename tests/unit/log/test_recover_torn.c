/* SPDX-License-Identifier: MIT */
/*
 * Goal: what power loss tore while it was written in its place - blocks and inodes of several
 *       sectors - is whole after replay, whatever each item finds on the way; what the log does
 *       not make whole is not made to look so.
 * Method: inodes of 1024 bytes and a directory block, in an old and in a new state, and hand-made
 *         logs that lead from one to the other; on disk each sector is the old or the new one,
 *         in every combination.
 */
#include "disk/dir.h"
#include "disk/irec.h"
#include "disk/verify.h"
#include "unit/log/recover_rig.h"

#define ISIZE	1024u
#define SECTORS	(ISIZE / 512)
#define EXTENTS	30u

static struct rig rig;
/* A file whose fork was a list of extents, and became a tree. */
static uint8_t list[ISIZE], tree[ISIZE];
/* A directory of one block, before and after it got many names. */
static uint8_t *few, *many;
static uint64_t dir_daddr;
static uint32_t dir_bytes;

static struct xfs_dinode *inode_of(uint8_t raw[ISIZE])
{
	return (void *)raw;
}

static void set_lsn(uint8_t raw[ISIZE], uint64_t lsn)
{
	inode_of(raw)->di_lsn = cpu_to_be64(lsn);
	xfs_cksum_set(raw, ISIZE, XFS_DINODE_CRC_OFF);
}

/* On disk, sector i is one of @new if bit i of @which is set, else of @old. */
static void put_torn(uint64_t byte, const uint8_t *old, const uint8_t *new, uint32_t sectors,
		     uint32_t which)
{
	for (uint32_t i = 0; i < sectors; i++) {
		const uint8_t *from = which & 1u << i ? new : old;

		TEST_OK(xfs_device_pwrite(rig.log, byte + i * 512, from + i * 512, 512, 0));
	}
}

static uint64_t many_byte(void)
{
	return xfs_ino_to_bytes(&rig.mp.m_geo, rig.many);
}

static void put_core(uint32_t tid, const uint8_t raw[ISIZE], uint32_t uid)
{
	uint8_t copy[ISIZE];

	memcpy(copy, raw, ISIZE);
	inode_of(copy)->di_uid = cpu_to_be32(uid);
	test_build_begin(&rig.b, tid);
	put_inode_parts(&rig, tid, inode_of(copy), 56, false);
	test_build_commit(&rig.b, tid);
}

static void put_whole(uint32_t tid, const uint8_t raw[ISIZE])
{
	test_build_begin(&rig.b, tid);
	put_inode(&rig, tid, (const void *)raw, 56);
	test_build_commit(&rig.b, tid);
}

/* The link of the file's inode in its unlinked list becomes @next. */
static void put_link(uint32_t tid, uint32_t next)
{
	uint32_t bytes = cluster_bytes(&rig), off = cluster_offset(&rig, rig.many) + 96;
	uint8_t *cluster = malloc(bytes);

	rig_read(rig.log, cluster_daddr(&rig, rig.many), cluster, bytes);
	put_be32(next, cluster + off);
	test_build_begin(&rig.b, tid);
	put_buf_chunks(&rig.b, tid, cluster_daddr(&rig, rig.many), bytes / 512,
		       XFS_BLF_INODE_BUF | XFS_BLFT_DINO << 11, cluster, off / 128, 1);
	test_build_commit(&rig.b, tid);
	free(cluster);
}

/* It is the tree, with this LSN and this link. */
static void assert_tree(uint64_t lsn, uint32_t next)
{
	uint8_t now[ISIZE], want[ISIZE];

	memcpy(want, tree, ISIZE);
	inode_of(want)->di_next_unlinked = cpu_to_be32(next);
	set_lsn(want, lsn);
	read_inode(&rig, rig.out, rig.many, inode_of(now));
	assert_memory_equal(now, want, XFS_DINODE_CRC_OFF);
	assert_memory_equal(now + 104, want + 104, 176 + 4 - 104);
	assert_true(xfs_cksum_ok(now, ISIZE, XFS_DINODE_CRC_OFF));
	assert_null(xfs_dinode_verify(&rig.mp.m_geo, rig.many, inode_of(now)));
}

/* The log, which ends in the tree at @lsn, over a place of which @which sectors have that already. */
static void recover_torn(xfs_lsn_t lsn, uint32_t next, uint32_t which)
{
	uint8_t old[ISIZE], new[ISIZE];

	memcpy(old, list, ISIZE);
	memcpy(new, tree, ISIZE);
	inode_of(new)->di_next_unlinked = cpu_to_be32(next);
	set_lsn(old, 0);
	set_lsn(new, (uint64_t)lsn);
	put_torn(many_byte(), old, new, SECTORS, which);
	assert_int_equal(rig_recover(&rig), 0);
	assert_tree((uint64_t)lsn, next);
}

static void test_inode(void **state)
{
	(void)state;
	for (uint32_t which = 0; which < 1u << SECTORS; which++) {
		xfs_lsn_t lsn;

		rig_begin(&rig, 32768);
		put_core(TID, list, 77);
		test_build_record(&rig.b);
		lsn = test_build_lsn(&rig.b);
		put_whole(TID + 1, tree);
		test_build_record(&rig.b);
		recover_torn(lsn, NULLAGINO, which);
		/* Only a whole inode can say that it has the first change already. */
		assert_int_equal(rig.rec.stats.newer, which == (1u << SECTORS) - 1);
	}
}

/* A link put into a torn inode leaves it torn, so that what follows is replayed. */
static void test_link_in_torn_inode(void **state)
{
	(void)state;
	for (uint32_t which = 0; which < 1u << SECTORS; which++) {
		xfs_lsn_t lsn;

		rig_begin(&rig, 32768);
		put_core(TID, list, 77);
		put_link(TID + 1, 99);
		test_build_record(&rig.b);
		lsn = test_build_lsn(&rig.b);
		put_whole(TID + 2, tree);
		test_build_record(&rig.b);
		recover_torn(lsn, 99, which);
	}
}

/* Two transactions of one record have one LSN; what is in place has the changes of both. */
static void test_inode_same_lsn(void **state)
{
	uint8_t new[ISIZE];
	xfs_lsn_t lsn;

	(void)state;
	rig_begin(&rig, 32768);
	lsn = test_build_lsn(&rig.b);
	put_core(TID, list, 77);
	put_whole(TID + 1, tree);
	test_build_record(&rig.b);
	memcpy(new, tree, ISIZE);
	set_lsn(new, (uint64_t)lsn);
	put_torn(many_byte(), new, new, SECTORS, 0);
	assert_int_equal(rig_recover(&rig), 0);
	assert_tree((uint64_t)lsn, NULLAGINO);
}

/* What stays a mixture at the end was no power loss; nothing is written then. */
static void test_never_whole(void **state)
{
	uint8_t old[ISIZE], new[ISIZE];

	(void)state;
	rig_begin(&rig, 32768);
	put_core(TID, list, 77);
	test_build_record(&rig.b);
	memcpy(old, list, ISIZE);
	memcpy(new, tree, ISIZE);
	set_lsn(old, 0);
	set_lsn(new, (uint64_t)test_build_lsn(&rig.b));
	put_torn(many_byte(), old, new, SECTORS, 2);
	assert_int_equal(rig_recover(&rig), -EUCLEAN);
}

/* Damage that only a link goes into stays visible. */
static void test_link_in_damage(void **state)
{
	uint8_t now[ISIZE];

	(void)state;
	rig_begin(&rig, 32768);
	put_link(TID, 99);
	test_build_record(&rig.b);
	memcpy(now, tree, ISIZE);
	set_lsn(now, 0);
	now[ISIZE - 1] ^= 1;
	put_torn(many_byte(), now, now, SECTORS, 0);
	assert_int_equal(rig_recover(&rig), 0);
	read_inode(&rig, rig.out, rig.many, inode_of(now));
	assert_int_equal(be32_to_cpu(inode_of(now)->di_next_unlinked), 99);
	assert_false(xfs_cksum_ok(now, ISIZE, XFS_DINODE_CRC_OFF));
}

static void put_dir(uint32_t tid, const uint8_t *image, uint32_t chunks)
{
	test_build_begin(&rig.b, tid);
	put_buf_chunks(&rig.b, tid, dir_daddr, dir_bytes / 512, XFS_BLFT_DIR_BLOCK << 11, image, 0,
		       chunks);
	test_build_commit(&rig.b, tid);
}

/* On disk, a mixture that no checksum tells of, before all changes of the log. */
static void hide_mixture(uint8_t *block)
{
	rig_read(rig.log, dir_daddr, block, dir_bytes);
	put_be64(0, block + XFS_DIR3_DATA_LSN_OFF);
	xfs_cksum_set(block, dir_bytes, XFS_DIR3_DATA_CRC_OFF);
	rig_write(&rig, dir_daddr, block, dir_bytes);
}

/*
 * A block that is a mixture, with so little memory that replay writes other blocks in the middle:
 * it must wait for what makes it whole.
 */
static void mixed_block(bool hidden)
{
	const uint32_t sectors = dir_bytes / 512;
	uint8_t *old = malloc(dir_bytes), *new = malloc(dir_bytes), *now = malloc(dir_bytes);

	for (uint32_t which = 0; which < 1u << sectors; which++) {
		xfs_lsn_t lsn;

		rig_begin(&rig, 32768);
		put_agi_trans(&rig, TID, 128);
		put_dir(TID, few, 1);
		test_build_record(&rig.b);
		put_whole(TID + 1, tree);	/* its cluster is more than there is memory for */
		test_build_record(&rig.b);
		put_agi_trans(&rig, TID + 2, 64);
		test_build_record(&rig.b);
		lsn = test_build_lsn(&rig.b);
		put_dir(TID + 3, many, dir_bytes / 128);
		test_build_record(&rig.b);
		memcpy(old, few, dir_bytes);
		memcpy(new, many, dir_bytes);
		put_be64(0, old + XFS_DIR3_DATA_LSN_OFF);
		put_be64((uint64_t)lsn, new + XFS_DIR3_DATA_LSN_OFF);
		xfs_cksum_set(old, dir_bytes, XFS_DIR3_DATA_CRC_OFF);
		xfs_cksum_set(new, dir_bytes, XFS_DIR3_DATA_CRC_OFF);
		put_torn(dir_daddr * 512, old, new, sectors, which);
		if (hidden)
			hide_mixture(now);
		rig.mp.m_meta_cache_bytes = dir_bytes;
		assert_int_equal(rig_recover(&rig), 0);
		rig_read(rig.out, dir_daddr, now, dir_bytes);
		assert_memory_equal(now, new, dir_bytes);
		/* The cluster, the directory unless it was all new, and the AGI twice. */
		assert_true(rig.rec.stats.buffers_written >= (rig.rec.stats.newer ? 3 : 4));
	}
	free(old);
	free(new);
	free(now);
}

static void test_torn_block_and_little_memory(void **state)
{
	(void)state;
	mixed_block(false);
}

static void test_hidden_mixture_and_little_memory(void **state)
{
	(void)state;
	mixed_block(true);
}

/* ----------------------------------------------------------------- setup */

static void add_names(const char *stem, uint32_t count)
{
	struct xfs_mount_options opts = { .size = sizeof(opts), .flags = XFS_MOUNT_UNJOURNALLED };
	struct xfs_mount *mp;
	struct xfs_file *f;
	char name[64];

	TEST_OK(xfs_mount(rig.base, &opts, &mp));
	if (!few)
		TEST_OK(xfs_mkdir(mp, "/block", 0755));
	for (uint32_t i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "/block/of-those-%s-%u", stem, i);
		TEST_OK(xfs_open(mp, name, O_CREAT | O_RDWR, 0640, &f));
		xfs_close(f);
	}
	rig.dir = rig_ino(mp, "/block");
	TEST_OK(xfs_unmount(mp));
}

/* Of so many extents that they need a tree even here. */
static void add_tree(void)
{
	struct xfs_mount_options opts = { .size = sizeof(opts), .flags = XFS_MOUNT_UNJOURNALLED };
	struct xfs_mount *mp;
	struct xfs_file *f;

	TEST_OK(xfs_mount(rig.base, &opts, &mp));
	TEST_OK(xfs_open(mp, "/many", O_RDWR, 0, &f));
	for (uint64_t i = 40; i < 80; i++)
		TEST_OK(xfs_pwrite(f, "x", 1, i * 131072));
	xfs_close(f);
	TEST_OK(xfs_unmount(mp));
}

static uint8_t *read_dir(void)
{
	uint8_t raw[ISIZE], *image;
	struct xfs_bmbt_irec irec;

	read_inode(&rig, rig.base, rig.dir, inode_of(raw));
	assert_int_equal(inode_of(raw)->di_format, XFS_DINODE_FMT_EXTENTS);
	assert_int_equal(xfs_dfork_nextents(inode_of(raw), XFS_DATA_FORK), 1);
	xfs_bmbt_disk_get_all(XFS_DFORK_DPTR(inode_of(raw)), &irec);
	assert_true(!dir_daddr || dir_daddr == (uint64_t)XFS_FSB_TO_DADDR(&rig.mp.m_geo,
									 irec.br_startblock));
	dir_daddr = (uint64_t)XFS_FSB_TO_DADDR(&rig.mp.m_geo, irec.br_startblock);
	dir_bytes = rig.mp.m_geo.dirblksize;
	image = malloc(dir_bytes);
	rig_read(rig.base, dir_daddr, image, dir_bytes);
	assert_int_equal(get_be32(image), XFS_DIR3_BLOCK_MAGIC);
	return image;
}

/* The file's inode as it was when its fork was a list, which reaches into the second sector. */
static void make_list(void)
{
	struct xfs_bmbt_irec irec = { .br_blockcount = 1 };
	struct xfs_dinode *dip = inode_of(list);
	struct xfs_bmbt_rec rec;

	read_inode(&rig, rig.base, rig.many, inode_of(tree));
	assert_int_equal(inode_of(tree)->di_format, XFS_DINODE_FMT_BTREE);
	memcpy(list, tree, ISIZE);
	dip->di_format = XFS_DINODE_FMT_EXTENTS;
	dip->di_forkoff = 0;			/* all of the inode for the list */
	dip->di_nblocks = cpu_to_be64(EXTENTS);
	dip->di_size = cpu_to_be64(1);
	if (be64_to_cpu(dip->di_flags2) & XFS_DIFLAG2_NREXT64)
		dip->di_big_nextents = cpu_to_be64(EXTENTS);
	else
		dip->di_nextents = cpu_to_be32(EXTENTS);
	memset(XFS_DFORK_DPTR(dip), 0, XFS_DFORK_SIZE(dip, &rig.mp.m_geo, XFS_DATA_FORK));
	irec.br_startblock = XFS_DADDR_TO_FSB(&rig.mp.m_geo, (xfs_daddr_t)dir_daddr);
	for (uint32_t i = 0; i < EXTENTS; i++) {
		irec.br_startoff = i * 2;
		xfs_bmbt_disk_set_all(&rec, &irec);
		memcpy((uint8_t *)XFS_DFORK_DPTR(dip) + i * sizeof(rec), &rec, sizeof(rec));
	}
	xfs_cksum_set(list, ISIZE, XFS_DINODE_CRC_OFF);
	assert_null(xfs_dinode_verify(&rig.mp.m_geo, rig.many, dip));
}

static int setup(void **state)
{
	struct xfs_mkfs_options mkfs = { .size = sizeof(mkfs), .inodesize = ISIZE,
					 .parent = XFS_MKFS_OFF };

	(void)state;
	rig_new(&rig, &mkfs);
	add_tree();
	rig_begin(&rig, 32768);
	add_names("few", 50);
	few = read_dir();
	add_names("many", 30);
	many = read_dir();
	make_list();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rig_free(&rig);
	free(few);
	free(many);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inode),
		cmocka_unit_test(test_link_in_torn_inode),
		cmocka_unit_test(test_inode_same_lsn),
		cmocka_unit_test(test_never_whole),
		cmocka_unit_test(test_link_in_damage),
		cmocka_unit_test(test_torn_block_and_little_memory),
		cmocka_unit_test(test_hidden_mixture_and_little_memory),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
