/* SPDX-License-Identifier: MIT */
/*
 * Goal: a log after which the headers of any AG do not go with their trees, of the log or not, or whose
 *       superblock names inodes that are not there or of another type, is refused before anything is
 *       written: the file system could be opened by nobody after it.  A reader in memory takes it.
 * Method: logs made by hand, with a header, or a leaf of a tree, that has one field changed.
 */
#include "disk/btree.h"
#include "unit/log/recover_rig.h"

#define AGF_DADDR	1

static struct rig rig;
static const struct xfs_mkfs_options two_ags = {
	.size = sizeof(two_ags), .agcount = 2, .rmapbt = XFS_MKFS_ON, .reflink = XFS_MKFS_ON,
};

static int set_up(void **state)
{
	(void)state;
	rig_new(&rig, &two_ags);
	rig_begin(&rig, 32768);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	rig_free(&rig);
	return 0;
}

static int open_it(uint32_t flags, struct xfs_mount **mp)
{
	struct xfs_mount_options opts = { .size = sizeof(opts), .flags = flags };

	xfs_device_put(rig.out);
	TEST_OK(xfs_device_open_overlay(rig.log, NULL, &rig.out));
	return xfs_mount(rig.out, &opts, mp);
}

static void refused(uint32_t flags, const char *text)
{
	struct xfs_mount *mp;

	assert_int_equal(open_it(flags, &mp), -EUCLEAN);
	if (!strstr(xfs_error_text(NULL), text))
		fail_msg("%s", xfs_error_text(NULL));
	assert_int_equal(xfs_device_overlay_bytes(rig.out), 0);
}

static void is_judged(const char *text)
{
	struct xfs_mount *mp;

	refused(0, text);
	refused(XFS_MOUNT_UNJOURNALLED, text);
	TEST_OK(open_it(XFS_MOUNT_RDONLY | XFS_MOUNT_RECOVER_IN_MEMORY, &mp));
	TEST_OK(xfs_unmount(mp));
	assert_int_equal(xfs_device_overlay_bytes(rig.out), 0);
}

/* Log @image, which is what stands at @daddr with a field changed. */
static void log_block(uint64_t daddr, uint32_t bbs, uint16_t blft, const void *image)
{
	test_build_begin(&rig.b, TID);
	put_buf(&rig.b, TID, daddr, bbs, blft, image);
	put_end(&rig, TID);
}

static void read_agf(struct xfs_agf *agf)
{
	uint8_t raw[512];

	rig_read(rig.base, AGF_DADDR, raw, sizeof(raw));
	memcpy(agf, raw, sizeof(*agf));
}

static void test_agf(void **state)
{
	struct xfs_agf agf;
	uint8_t raw[512] = { 0 };

	(void)state;
	read_agf(&agf);
	agf.agf_freeblks = cpu_to_be32(be32_to_cpu(agf.agf_freeblks) + 1);
	memcpy(raw, &agf, sizeof(agf));
	log_block(AGF_DADDR, 1, XFS_BLFT_AGF, raw);
	is_judged("agf_freeblks is");
}

static void test_agi(void **state)
{
	uint8_t raw[512];
	struct xfs_agi *agi = (void *)raw;

	(void)state;
	rig_read(rig.base, AGI_DADDR, raw, sizeof(raw));
	agi->agi_freecount = cpu_to_be32(be32_to_cpu(agi->agi_freecount) - 1);
	log_block(AGI_DADDR, 1, XFS_BLFT_AGI, raw);
	is_judged("agi_freecount is");
}

/* The header is in the log as it should be, and a record of the tree is not. */
static void test_record(void **state)
{
	uint32_t blocksize = rig.mp.m_geo.blocksize;
	uint8_t *leaf = malloc(blocksize), agf_raw[512] = { 0 };
	struct xfs_agf agf;
	uint64_t daddr;

	(void)state;
	read_agf(&agf);
	memcpy(agf_raw, &agf, sizeof(agf));
	daddr = (uint64_t)be32_to_cpu(agf.agf_bno_root) * (blocksize / 512);
	rig_read(rig.base, daddr, leaf, blocksize);
	/* The length of the first record. */
	put_be32(0x7fffffff, leaf + XFS_BTREE_SBLOCK_LEN + 4);
	test_build_begin(&rig.b, TID);
	put_buf(&rig.b, TID, AGF_DADDR, 1, XFS_BLFT_AGF, agf_raw);
	put_buf(&rig.b, TID, daddr, blocksize / 512, XFS_BLFT_BTREE, leaf);
	put_end(&rig, TID);
	is_judged("bnobt");
	free(leaf);
}

/* ---- headers that the log has nothing to say of ---- */

/* A log of AG 0 only, over AG 1 with a field of a header changed. */
static void other_ag_is_judged(uint32_t sector, size_t field, int by, uint32_t crc_off,
			       const char *text)
{
	uint64_t daddr = (uint64_t)rig.mp.m_sb.sb_agblocks * (rig.mp.m_geo.blocksize / 512) + sector;
	uint8_t raw[512];

	rig_begin(&rig, 32768);
	rig_read(rig.log, daddr, raw, sizeof(raw));
	put_be32(get_be32(raw + field) + (uint32_t)by, raw + field);
	xfs_cksum_set(raw, sizeof(raw), crc_off);
	rig_write(&rig, daddr, raw, sizeof(raw));
	test_build_begin(&rig.b, TID);
	make_agi(&rig, raw, 64);
	put_buf(&rig.b, TID, AGI_DADDR, 1, XFS_BLFT_AGI, raw);
	put_end(&rig, TID);
	refused(0, text);
	refused(XFS_MOUNT_UNJOURNALLED, text);
}

static void test_not_of_the_log(void **state)
{
	static const struct {
		uint32_t sector;
		size_t field;
		int by;
		uint32_t crc_off;
		const char *text;
	} wrong[] = {
#define AGF(field, by)	{ 1, offsetof(struct xfs_agf, field), by, XFS_AGF_CRC_OFF, "AG" }
#define AGI(field, by)	{ 2, offsetof(struct xfs_agi, field), by, XFS_AGI_CRC_OFF, "AG" }
		AGF(agf_freeblks, 1), AGF(agf_longest, -1), AGF(agf_bno_level, 1),
		AGF(agf_cnt_level, 1), AGF(agf_rmap_level, 1), AGF(agf_refcount_level, 1),
		AGI(agi_level, 1), AGI(agi_free_level, 1), AGI(agi_count, 64),
		{ 3, offsetof(struct xfs_agfl, agfl_bno) + 4, 1, XFS_AGFL_CRC_OFF, "AGFL" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		other_ag_is_judged(wrong[i].sector, wrong[i].field, wrong[i].by, wrong[i].crc_off,
				   wrong[i].text);
}

/* ---- inodes that the superblock names ---- */

static struct xfs_dsb named_sb(uint8_t raw[512])
{
	struct xfs_dsb dsb;

	rig_read(rig.base, 0, raw, 512);
	memcpy(&dsb, raw, sizeof(dsb));
	return dsb;
}

/* In the log, and in the superblock of a file system with a clean log. */
static void names_are_judged(const struct xfs_dsb *dsb, uint8_t raw[512], const char *field,
			     bool for_readers)
{
	struct xfs_mount *mp;
	int error;

	memcpy(raw, dsb, sizeof(*dsb));
	rig_begin(&rig, 32768);
	test_build_begin(&rig.b, TID);
	put_buf_chunks(&rig.b, TID, 0, 1, XFS_BLFT_SB << 11, raw, 0, 3);
	put_end(&rig, TID);
	refused(0, field);
	refused(XFS_MOUNT_UNJOURNALLED, field);

	rig_begin(&rig, 32768);
	xfs_cksum_set(raw, 512, XFS_SB_CRC_OFF);
	rig_write(&rig, 0, raw, 512);
	refused(0, field);
	refused(XFS_MOUNT_UNJOURNALLED, field);
	error = open_it(XFS_MOUNT_RDONLY, &mp);
	if (!error)
		TEST_OK(xfs_unmount(mp));
	/* Who only reads needs the root; what is in it may be in the way. */
	assert_true(error == -EUCLEAN || (!error && !for_readers));
}

static void test_named_inodes(void **state)
{
	static const struct {
		const char *field;
		size_t off;
	} names[] = {
		{ "sb_rootino", offsetof(struct xfs_dsb, sb_rootino) },
		{ "sb_rbmino", offsetof(struct xfs_dsb, sb_rbmino) },
		{ "sb_rsumino", offsetof(struct xfs_dsb, sb_rsumino) },
		{ "sb_uquotino", offsetof(struct xfs_dsb, sb_uquotino) },
		{ "sb_gquotino", offsetof(struct xfs_dsb, sb_gquotino) },
		{ "sb_pquotino", offsetof(struct xfs_dsb, sb_pquotino) },
	};
	xfs_ino_t root = rig.mp.m_sb.sb_rootino, free_one = root + 50;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		/* Free; of another type; of a chunk that is not there; of no AG; none. */
		const xfs_ino_t wrong[] = {
			free_one, i ? rig.dir : rig.file, rig.link, rig.node, root + 6400,
			1ull << 50, 0, NULLFSINO,
		};

		for (size_t j = 0; j < ARRAY_SIZE(wrong); j++) {
			uint8_t raw[512];
			struct xfs_dsb dsb = named_sb(raw);
			const char *text = names[i].field;

			/* Without a quota inode there is none; one root there must be. */
			if (i > 2 && j > 5)
				continue;
			if (i == 0 && j > 4)
				text = "rootino"; /* its number is checked with the superblock */
			/* The directory that has a name for it may tell, or the block that holds none. */
			if (j == 4 || (i && j >= 1 && j <= 3))
				text = "inode";
			if (i > 2)
				dsb.sb_versionnum = cpu_to_be16(be16_to_cpu(dsb.sb_versionnum) |
								XFS_SB_VERSION_QUOTABIT);
			put_be64(wrong[j], (uint8_t *)&dsb + names[i].off);
			names_are_judged(&dsb, raw, text, i == 0);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_agf, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_agi, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_record, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_not_of_the_log, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_named_inodes, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
