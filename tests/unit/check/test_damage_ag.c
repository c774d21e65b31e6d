/* SPDX-License-Identifier: MIT */
/*
 * Goal: damage to superblocks, AG headers and AG trees is found and called by
 * the right name, above all what xfs_repair -n does not see: missing reverse mappings
 * of tree blocks, mappings of free space, wrong siblings, wrong node keys.
 * Method: one change at a time with a right checksum, in an image by mkfs.xfs; for
 * trees of more than one level, one that the kernel filled (needs root).
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include "disk/ag.h"
#include "disk/btree.h"
#include "support/damage.h"
#include "support/kernel_image.h"

#define SB(m)	offsetof(struct xfs_dsb, m), sizeof(((struct xfs_dsb *)0)->m)
#define AGF(m)	offsetof(struct xfs_agf, m), sizeof(((struct xfs_agf *)0)->m)
#define AGI(m)	offsetof(struct xfs_agi, m), sizeof(((struct xfs_agi *)0)->m)
#define AGFL(m)	offsetof(struct xfs_agfl, m), sizeof(((struct xfs_agfl *)0)->m)
#define SHORT(m) offsetof(struct xfs_btree_block, m), sizeof(((struct xfs_btree_block *)0)->m)
#define U(m)	SHORT(bb_u.s.m)

static bool secondary(const struct test_objects *objs, const struct test_object *obj,
		      const uint8_t *buf)
{
	(void)objs;
	(void)buf;
	return obj->agno == 1;
}

static bool not_root(const struct test_objects *objs, const struct test_object *obj,
		     const uint8_t *buf)
{
	const struct xfs_btree_block *b = (const void *)buf;

	(void)objs;
	(void)obj;
	return be32_to_cpu(b->bb_u.s.bb_leftsib) != NULLAGBLOCK &&
	       be32_to_cpu(b->bb_u.s.bb_rightsib) != NULLAGBLOCK;
}

static bool root(const struct test_objects *objs, const struct test_object *obj, const uint8_t *buf)
{
	const struct xfs_btree_block *b = (const void *)buf;

	(void)objs;
	(void)obj;
	return be32_to_cpu(b->bb_u.s.bb_leftsib) == NULLAGBLOCK &&
	       be32_to_cpu(b->bb_u.s.bb_rightsib) == NULLAGBLOCK;
}

static bool some_records(const struct test_objects *objs, const struct test_object *obj,
			 const uint8_t *buf)
{
	(void)objs;
	(void)buf;
	return obj->count >= 2;
}

static const struct test_damage sb_damages[] = {
	{ "dblocks", TEST_SB, -1, SB(sb_dblocks), '+', 1, NULL, "superblock", "sb_dblocks", NULL },
	{ "rextents", TEST_SB, -1, SB(sb_rextents), '=', 1, NULL, "superblock", "realtime", NULL },
	{ "rblocks", TEST_SB, -1, SB(sb_rblocks), '=', 7, NULL, "superblock", "sb_rextents", NULL },
	{ "logstart", TEST_SB, -1, SB(sb_logstart), '+', 8, NULL, "space", NULL, NULL },
	{ "logblocks", TEST_SB, -1, SB(sb_logblocks), '=', 100, NULL, "superblock", "log of", NULL },
	{ "rootino", TEST_SB, -1, SB(sb_rootino), '+', 1, NULL, "superblock", "sb_rootino", NULL },
	{ "rootino free", TEST_SB, -1, SB(sb_rootino), '+', 9, NULL, "superblock", "sb_rootino", NULL },
	{ "rbmino", TEST_SB, -1, SB(sb_rbmino), '=', 1, NULL, "superblock", "sb_rbmino", NULL },
	{ "rsumino", TEST_SB, -1, SB(sb_rsumino), '+', (uint64_t)-1, NULL, "superblock", NULL, NULL },
	{ "rextsize", TEST_SB, -1, SB(sb_rextsize), '=', 0, NULL, "superblock", "sb_rextsize", NULL },
	{ "agblocks", TEST_SB, -1, SB(sb_agblocks), '+', 1, NULL, "superblock", NULL, NULL },
	{ "agblocks tiny", TEST_SB, -1, SB(sb_agblocks), '=', 5, NULL, "superblock", "geometry", NULL },
	{ "agcount", TEST_SB, -1, SB(sb_agcount), '+', 1, NULL, "superblock", "sb_agcount", NULL },
	{ "rbmblocks", TEST_SB, -1, SB(sb_rbmblocks), '=', 1, NULL, "superblock", "realtime", NULL },
	{ "nlink bit", TEST_SB, -1, SB(sb_versionnum), '^', 0x20, NULL, "superblock", "sb_versionnum", NULL },
	{ "shared bit", TEST_SB, -1, SB(sb_versionnum), '^', 0x200, NULL, "superblock", "sb_versionnum", NULL },
	{ "stripe bit", TEST_SB, -1, SB(sb_versionnum), '^', 0x100, NULL, "superblock", "sb_unit", NULL },
	{ "sectsize", TEST_SB, -1, SB(sb_sectsize), '=', 700, NULL, "superblock", "sb_sectsize", NULL },
	{ "inodesize", TEST_SB, -1, SB(sb_inodesize), '=', 300, NULL, "superblock", "geometry", NULL },
	{ "inopblock", TEST_SB, -1, SB(sb_inopblock), '+', 1, NULL, "superblock", "sb_inopblock", NULL },
	{ "blocklog", TEST_SB, -1, SB(sb_blocklog), '+', 1, NULL, "superblock", "sb_blocklog", NULL },
	{ "sectlog", TEST_SB, -1, SB(sb_sectlog), '+', 1, NULL, "superblock", "sb_sectlog", NULL },
	{ "inodelog", TEST_SB, -1, SB(sb_inodelog), '+', 1, NULL, "superblock", "sb_inodelog", NULL },
	{ "inopblog", TEST_SB, -1, SB(sb_inopblog), '+', 1, NULL, "superblock", "sb_inopblog", NULL },
	{ "agblklog", TEST_SB, -1, SB(sb_agblklog), '+', 1, NULL, "superblock", "sb_agblklog", NULL },
	{ "rextslog", TEST_SB, -1, SB(sb_rextslog), '=', 4, NULL, "superblock", "realtime", NULL },
	{ "inprogress", TEST_SB, -1, SB(sb_inprogress), '=', 1, NULL, "superblock", "sb_inprogress", NULL },
	{ "imax_pct", TEST_SB, -1, SB(sb_imax_pct), '=', 101, NULL, "superblock", "sb_imax_pct", NULL },
	{ "icount", TEST_SB, -1, SB(sb_icount), '+', 64, NULL, "superblock", "sb_icount", NULL },
	{ "ifree", TEST_SB, -1, SB(sb_ifree), '+', 1, NULL, "superblock", "sb_ifree", NULL },
	{ "fdblocks", TEST_SB, -1, SB(sb_fdblocks), '+', 1, NULL, "superblock", "sb_fdblocks", NULL },
	{ "frextents", TEST_SB, -1, SB(sb_frextents), '=', 1, NULL, "superblock", "realtime", NULL },
	{ "uquotino", TEST_SB, -1, SB(sb_uquotino), '=', 3, NULL, "superblock", "sb_uquotino", NULL },
	{ "gquotino", TEST_SB, -1, SB(sb_gquotino), '=', 5, NULL, "superblock", "sb_gquotino", NULL },
	{ "pquotino", TEST_SB, -1, SB(sb_pquotino), '=', 7, NULL, "superblock", "sb_pquotino", NULL },
	{ "qflags", TEST_SB, -1, SB(sb_qflags), '=', 0x10, NULL, "superblock", "sb_qflags", NULL },
	{ "flags", TEST_SB, -1, SB(sb_flags), '=', 0x80, NULL, "superblock", "sb_flags", NULL },
	{ "shared_vn", TEST_SB, -1, SB(sb_shared_vn), '=', 1, NULL, "superblock", "sb_shared_vn", NULL },
	{ "inoalignmt", TEST_SB, -1, SB(sb_inoalignmt), '+', 1, NULL, "superblock", "sb_inoalignmt", NULL },
	{ "spino_align", TEST_SB, -1, SB(sb_spino_align), '+', 1, NULL, "superblock", "sb_spino_align", NULL },
	{ "unit", TEST_SB, -1, SB(sb_unit), '=', 8, NULL, "superblock", "sb_unit", NULL },
	{ "width", TEST_SB, -1, SB(sb_width), '=', 8, NULL, "superblock", "sb_width", NULL },
	{ "dirblklog", TEST_SB, -1, SB(sb_dirblklog), '=', 7, NULL, "superblock", "geometry", NULL },
	{ "logsectlog", TEST_SB, -1, SB(sb_logsectlog), '=', 12, NULL, "superblock", "sector bit", NULL },
	{ "logsectsize", TEST_SB, -1, SB(sb_logsectsize), '=', 512, NULL, "superblock", "sector bit", NULL },
	{ "logsunit", TEST_SB, -1, SB(sb_logsunit), '=', 1000, NULL, "superblock", "sb_logsunit", NULL },
	{ "features2", TEST_SB, -1, SB(sb_features2), '^', 0x80, NULL, "superblock", "sb_features2", NULL },
	{ "bad_features2", TEST_SB, -1, SB(sb_bad_features2), '^', 1, NULL, "superblock", "sb_bad", NULL },
	{ "compat", TEST_SB, -1, SB(sb_features_compat), '=', 1, NULL, "superblock", "compat", NULL },
	{ "ro_compat", TEST_SB, -1, SB(sb_features_ro_compat), '^', 0x80, NULL, "superblock", "ro_compat", NULL },
	{ "incompat", TEST_SB, -1, SB(sb_features_incompat), '^', 0x8000, NULL, "superblock", "incompat", NULL },
	{ "needsrepair", TEST_SB, -1, SB(sb_features_incompat), '^', 0x10, NULL, "superblock", "NEEDSREPAIR", NULL },
	{ "ftype off", TEST_SB, -1, SB(sb_features_incompat), '^', 1, NULL, "superblock", "FTYPE", NULL },
	{ "log_incompat", TEST_SB, -1, SB(sb_features_log_incompat), '=', 2, NULL, "superblock", "log_incompat", NULL },
	{ "lsn", TEST_SB, -1, SB(sb_lsn), '=', 99ull << 32, NULL, "superblock", "LSN", NULL },
	{ "tail", TEST_SB, -1, 400, 1, '=', 1, NULL, "superblock", "behind the last field", NULL },
	{ "uuid", TEST_SB, -1, 32, 1, '^', 1, NULL, "agf", "UUID", NULL },
	{ "uuid and log", TEST_SB, -1, 32, 1, '^', 1, NULL, "log", "UUID", NULL },
	{ "copy: dblocks", TEST_SB, -1, SB(sb_dblocks), '+', 1, NULL, "superblock", "copy", secondary },
	{ "copy: logstart", TEST_SB, -1, SB(sb_logstart), '+', 1, NULL, "superblock", "copy", secondary },
	{ "copy: inodesize", TEST_SB, -1, SB(sb_inodesize), '=', 1024, NULL, "superblock", "copy", secondary },
	{ "copy: ro_compat", TEST_SB, -1, SB(sb_features_ro_compat), '^', 1, NULL, "superblock", "copy", secondary },
	{ "copy: incompat", TEST_SB, -1, SB(sb_features_incompat), '^', 8, NULL, "superblock", "copy", secondary },
	{ "copy: uuid", TEST_SB, -1, 32, 1, '^', 1, NULL, "superblock", "copy", secondary },
	{ "copy: magic", TEST_SB, -1, SB(sb_magicnum), '=', 0, NULL, "superblock", "copy", secondary },
	{ "copy: tail", TEST_SB, -1, 400, 1, '=', 1, NULL, "superblock", "behind the last field", secondary },
};

static bool swap_agfl(const struct test_objects *objs, const struct test_object *obj, uint8_t *buf)
{
	(void)objs;
	(void)obj;
	put_be32(get_be32(buf + XFS_AGFL_HDR_SIZE + 4), buf + XFS_AGFL_HDR_SIZE + 8);
	return true;
}

static const struct test_damage header_damages[] = {
	{ "magic", TEST_AGF, -1, AGF(agf_magicnum), '=', 0, NULL, "agf", "magic", NULL },
	{ "version", TEST_AGF, -1, AGF(agf_versionnum), '+', 1, NULL, "agf", "agf_versionnum", NULL },
	{ "seqno", TEST_AGF, -1, AGF(agf_seqno), '+', 1, NULL, "agf", "agf_seqno", NULL },
	{ "length", TEST_AGF, -1, AGF(agf_length), '+', 1, NULL, "agf", "agf_length", NULL },
	{ "bno_root", TEST_AGF, -1, AGF(agf_bno_root), '+', 1, NULL, "bnobt", "magic", NULL },
	{ "bno_root far", TEST_AGF, -1, AGF(agf_bno_root), '=', 0x7fffffff, NULL, "agf", "root", NULL },
	{ "cnt_root", TEST_AGF, -1, AGF(agf_cnt_root), '+', 1, NULL, "cntbt", "magic", NULL },
	{ "rmap_root", TEST_AGF, -1, AGF(agf_rmap_root), '+', 1, NULL, "rmapbt", "magic", NULL },
	{ "bno_level", TEST_AGF, -1, AGF(agf_bno_level), '+', 1, NULL, "bnobt", "level", NULL },
	{ "cnt_level", TEST_AGF, -1, AGF(agf_cnt_level), '=', 0, NULL, "agf", "cntbt", NULL },
	{ "rmap_level", TEST_AGF, -1, AGF(agf_rmap_level), '=', 99, NULL, "agf", "rmapbt", NULL },
	{ "flfirst", TEST_AGF, -1, AGF(agf_flfirst), '+', 1, NULL, "agf", "agf_flcount", NULL },
	{ "fllast", TEST_AGF, -1, AGF(agf_fllast), '+', 1, NULL, "agf", "agf_flcount", NULL },
	{ "flfirst far", TEST_AGF, -1, AGF(agf_flfirst), '=', 200, NULL, "agf", "slots", NULL },
	{ "flcount", TEST_AGF, -1, AGF(agf_flcount), '+', 1, NULL, "agf", "agf_flcount", NULL },
	{ "freeblks", TEST_AGF, -1, AGF(agf_freeblks), '+', 1, NULL, "agf", "agf_freeblks", NULL },
	{ "longest", TEST_AGF, -1, AGF(agf_longest), '+', (uint64_t)-1, NULL, "agf", "agf_longest", NULL },
	{ "btreeblks", TEST_AGF, -1, AGF(agf_btreeblks), '+', 1, NULL, "agf", "agf_btreeblks", NULL },
	{ "uuid", TEST_AGF, -1, 64, 1, '^', 1, NULL, "agf", "UUID", NULL },
	{ "rmap_blocks", TEST_AGF, -1, AGF(agf_rmap_blocks), '+', 1, NULL, "agf", "agf_rmap_blocks", NULL },
	{ "refcount_blocks", TEST_AGF, -1, AGF(agf_refcount_blocks), '+', 1, NULL, "agf", "refcount_blocks", NULL },
	{ "refcount_root", TEST_AGF, -1, AGF(agf_refcount_root), '=', 0, NULL, "agf", "refcountbt", NULL },
	{ "refcount_level", TEST_AGF, -1, AGF(agf_refcount_level), '+', 1, NULL, "refcountbt", "level", NULL },
	{ "spare", TEST_AGF, -1, 100, 1, '=', 1, NULL, "agf", "spare", NULL },
	{ "tail", TEST_AGF, -1, 300, 1, '=', 1, NULL, "agf", "spare", NULL },
	{ "lsn", TEST_AGF, -1, AGF(agf_lsn), '=', 99ull << 32, NULL, "agf", "LSN", NULL },
	{ "magic", TEST_AGI, -1, AGI(agi_magicnum), '=', 0, NULL, "agi", "magic", NULL },
	{ "version", TEST_AGI, -1, AGI(agi_versionnum), '+', 1, NULL, "agi", "agi_versionnum", NULL },
	{ "seqno", TEST_AGI, -1, AGI(agi_seqno), '+', 1, NULL, "agi", "agi_seqno", NULL },
	{ "length", TEST_AGI, -1, AGI(agi_length), '+', 1, NULL, "agi", "agi_length", NULL },
	{ "count", TEST_AGI, -1, AGI(agi_count), '+', 64, NULL, "agi", "agi_count", NULL },
	{ "root", TEST_AGI, -1, AGI(agi_root), '+', 1, NULL, "inobt", "magic", NULL },
	{ "level", TEST_AGI, -1, AGI(agi_level), '+', 1, NULL, "inobt", "level", NULL },
	{ "freecount", TEST_AGI, -1, AGI(agi_freecount), '+', 1, NULL, "agi", "agi_freecount", NULL },
	{ "newino", TEST_AGI, -1, AGI(agi_newino), '=', 3, NULL, "agi", "agi_newino", NULL },
	{ "dirino", TEST_AGI, -1, AGI(agi_dirino), '=', 64, NULL, "agi", "agi_dirino", NULL },
	{ "unlinked", TEST_AGI, -1, 40 + 4 * 3, 4, '=', 67, NULL, "agi", "unlinked", NULL },
	{ "unlinked free", TEST_AGI, -1, 40 + 4 * 20, 4, '=', 100, NULL, "agi", "unlinked", NULL },
	{ "uuid", TEST_AGI, -1, 296, 1, '^', 1, NULL, "agi", "UUID", NULL },
	{ "pad", TEST_AGI, -1, AGI(agi_pad32), '=', 1, NULL, "agi", "spare", NULL },
	{ "lsn", TEST_AGI, -1, AGI(agi_lsn), '=', 99ull << 32, NULL, "agi", "LSN", NULL },
	{ "free_root", TEST_AGI, -1, AGI(agi_free_root), '+', 1, NULL, "finobt", "second time", NULL },
	{ "free_level", TEST_AGI, -1, AGI(agi_free_level), '=', 0, NULL, "agi", "finobt", NULL },
	{ "iblocks", TEST_AGI, -1, AGI(agi_iblocks), '+', 1, NULL, "agi", "agi_iblocks", NULL },
	{ "fblocks", TEST_AGI, -1, AGI(agi_fblocks), '+', 1, NULL, "agi", "agi_fblocks", NULL },
	{ "magic", TEST_AGFL, -1, AGFL(agfl_magicnum), '=', 0, NULL, "agfl", "magic", NULL },
	{ "seqno", TEST_AGFL, -1, AGFL(agfl_seqno), '+', 1, NULL, "agfl", "agfl_seqno", NULL },
	{ "uuid", TEST_AGFL, -1, 8, 1, '^', 1, NULL, "agfl", "UUID", NULL },
	{ "lsn", TEST_AGFL, -1, AGFL(agfl_lsn), '=', 99ull << 32, NULL, "agfl", "LSN", NULL },
	{ "active slot", TEST_AGFL, -1, 40, 4, '=', 0, NULL, "agfl", "slot", NULL },
	{ "active slot leaks", TEST_AGFL, -1, 40, 4, '+', 1000, NULL, "space", "belong to", NULL },
	{ "slot twice", TEST_AGFL, -1, 0, 0, 0, 0, swap_agfl, "space", "belong to", NULL },
	{ "unused slot", TEST_AGFL, -1, 36 + 4 * 100, 4, '=', 0x7fffffff, NULL, "agfl", "unused", NULL },
};

#define EACH_TREE(KIND, name) \
	{ "level", KIND, 0, SHORT(bb_level), '+', 1, NULL, name, "bb_level", NULL }, \
	{ "numrecs over", KIND, 0, SHORT(bb_numrecs), '=', 60000, NULL, name, "above the maximum", NULL }, \
	{ "blkno", KIND, 0, U(bb_blkno), '+', 8, NULL, name, "bb_blkno", NULL }, \
	{ "lsn", KIND, 0, U(bb_lsn), '=', 99ull << 32, NULL, name, "LSN", NULL }, \
	{ "uuid", KIND, 0, 32, 1, '^', 1, NULL, name, "UUID", NULL }, \
	{ "owner", KIND, 0, U(bb_owner), '+', 1, NULL, name, "bb_owner", NULL }, \
	{ "root sibling", KIND, 0, U(bb_rightsib), '=', 9, NULL, name, "bb_rightsib", NULL }

static const struct test_damage block_damages[] = {
	EACH_TREE(TEST_BNOBT, "bnobt"), EACH_TREE(TEST_CNTBT, "cntbt"), EACH_TREE(TEST_INOBT, "inobt"),
	EACH_TREE(TEST_FINOBT, "finobt"), EACH_TREE(TEST_RMAPBT, "rmapbt"),
	EACH_TREE(TEST_REFCBT, "refcountbt"),
	{ "record start", TEST_BNOBT, 0, 56, 4, '+', 1, NULL, "space", "neither free", some_records },
	{ "record length", TEST_BNOBT, 0, 60, 4, '+', (uint64_t)-1, NULL, "cntbt", "not in the bnobt", some_records },
	{ "record zero", TEST_BNOBT, 0, 60, 4, '=', 0, NULL, "bnobt", "does not lie", NULL },
	{ "record missing", TEST_BNOBT, 0, SHORT(bb_numrecs), '+', (uint64_t)-1, NULL, "space", "neither", some_records },
	{ "record missing", TEST_CNTBT, 0, SHORT(bb_numrecs), '+', (uint64_t)-1, NULL, "cntbt", "records", some_records },
	{ "record start", TEST_CNTBT, 0, 56, 4, '+', 1, NULL, "cntbt", "not in the bnobt", NULL },
	{ "startino", TEST_INOBT, 0, 56, 4, '+', 4, NULL, "inobt", "aligned", NULL },
	{ "startino far", TEST_INOBT, 0, 56, 4, '=', 8, NULL, "inobt", "range", NULL },
	{ "holemask", TEST_INOBT, 0, 60, 2, '=', 0xff00, NULL, "inobt", "ir_count", NULL },
	{ "count", TEST_INOBT, 0, 62, 1, '+', (uint64_t)-4, NULL, "inobt", "ir_count", NULL },
	{ "freecount", TEST_INOBT, 0, 63, 1, '+', 1, NULL, "inobt", "ir_freecount", NULL },
	{ "free: used", TEST_INOBT, 0, 64, 8, '^', 1, NULL, "inode", "free according", NULL },
	{ "free: unused", TEST_INOBT, 0, 64, 8, '^', 1ull << 63, NULL, "inode", "in use according", NULL },
	{ "missing", TEST_INOBT, 0, SHORT(bb_numrecs), '+', (uint64_t)-1, NULL, "finobt", "none there", NULL },
	{ "free", TEST_FINOBT, 0, 64, 8, '^', 1ull << 63, NULL, "finobt", "differs", NULL },
	{ "freecount", TEST_FINOBT, 0, 63, 1, '=', 0, NULL, "finobt", "no free inode", NULL },
	{ "missing", TEST_FINOBT, 0, SHORT(bb_numrecs), '+', (uint64_t)-1, NULL, "finobt", "records", NULL },
	{ "blockcount", TEST_RMAPBT, 0, 60, 4, '+', 1, NULL, "rmapbt", NULL, NULL },
	{ "owner", TEST_RMAPBT, 0, 56 + 24 + 8, 8, '=', (uint64_t)-20, NULL, "rmapbt", "unknown owner", NULL },
	{ "offset of special", TEST_RMAPBT, 0, 56 + 24 + 16, 8, '=', 5, NULL, "rmapbt", "offset", NULL },
	{ "owner swapped", TEST_RMAPBT, 0, 56 + 24 + 8, 8, '=', (uint64_t)-6, NULL, "rmapbt", "does not have", NULL },
};

static int skipped;

static void finish(int ret)
{
	if (ret == 77) {
		skipped++;
		skip();
	}
	assert_int_equal(ret, 0);
}

static void test_formatted(void **state)
{
	const struct test_image_plan plan = { .mkfs = "-m rmapbt=1", .bytes = 400ull << 20 };
	const struct test_damage_table tables[] = {
		TEST_TABLE(sb_damages), TEST_TABLE(header_damages), TEST_TABLE(block_damages),
	};

	(void)state;
	finish(test_damage_plan(&plan, "formatted", tables, ARRAY_SIZE(tables)));
}

/* ---- trees of two levels ---- */

/* Remove record @i of a leaf. */
static void remove_rec(uint8_t *buf, uint32_t i, uint32_t reclen)
{
	uint32_t nr = get_be16(buf + 6);
	uint8_t *p = buf + 56 + (size_t)i * reclen;

	memmove(p, p + reclen, (size_t)(nr - i - 1) * reclen);
	put_be16((uint16_t)(nr - 1), buf + 6);
}

/* Make room for a record before @i; false: the leaf is full. */
static bool insert_rec(const struct test_objects *objs, uint8_t *buf, uint32_t i, uint32_t reclen)
{
	uint32_t nr = get_be16(buf + 6);
	uint8_t *p = buf + 56 + (size_t)i * reclen;

	if ((nr + 1) * reclen > objs->geo.blocksize - 56)
		return false;
	memmove(p + reclen, p, (size_t)(nr - i) * reclen);
	put_be16((uint16_t)(nr + 1), buf + 6);
	return true;
}

static bool drop_rmap_of(uint8_t *buf, uint64_t owner)
{
	for (uint32_t i = 0; i < get_be16(buf + 6); i++) {
		if (get_be64(buf + 56 + 24 * (size_t)i + 8) == owner) {
			remove_rec(buf, i, 24);
			return true;
		}
	}
	return false;
}

#define DROP(name, own) \
static bool name(const struct test_objects *objs, const struct test_object *obj, uint8_t *buf) \
{ \
	(void)objs; \
	(void)obj; \
	return drop_rmap_of(buf, own); \
}
DROP(drop_ag, XFS_RMAP_OWN_AG)
DROP(drop_inobt, XFS_RMAP_OWN_INOBT)
DROP(drop_refc, XFS_RMAP_OWN_REFC)
DROP(drop_inodes, XFS_RMAP_OWN_INODES)
DROP(drop_fs, XFS_RMAP_OWN_FS)
DROP(drop_log, XFS_RMAP_OWN_LOG)

static bool is_file_rmap(const uint8_t *rec)
{
	return !XFS_RMAP_NON_INODE_OWNER(get_be64(rec + 8)) &&
	       !(get_be64(rec + 16) & XFS_RMAP_OFF_FLAGS);
}

static bool drop_file(const struct test_objects *objs, const struct test_object *obj, uint8_t *buf)
{
	(void)objs;
	(void)obj;
	for (uint32_t i = 1; i < get_be16(buf + 6); i++) {
		if (is_file_rmap(buf + 56 + 24 * (size_t)i)) {
			remove_rec(buf, i, 24);
			return true;
		}
	}
	return false;
}

/* A record for blocks that are in no record yet, so free: behind one that a gap follows. */
static bool rmap_of_free(const struct test_objects *objs, const struct test_object *obj, uint8_t *buf)
{
	(void)obj;
	for (uint32_t i = 0; i + 1 < get_be16(buf + 6); i++) {
		uint8_t *r = buf + 56 + 24 * (size_t)i;

		if (get_be32(r) + get_be32(r + 4) < get_be32(r + 24)) {
			uint32_t start = get_be32(r) + get_be32(r + 4);

			if (!insert_rec(objs, buf, i + 1, 24))
				return false;
			put_be32(start, r + 24);
			put_be32(1, r + 28);
			put_be64(objs->sb.sb_rootino, r + 32);
			put_be64(0, r + 40);
			return true;
		}
	}
	return false;
}

static bool rmap_longer(const struct test_objects *objs, const struct test_object *obj, uint8_t *buf)
{
	(void)objs;
	(void)obj;
	for (uint32_t i = 0; i + 1 < get_be16(buf + 6); i++) {
		uint8_t *r = buf + 56 + 24 * (size_t)i;

		if (is_file_rmap(r) && get_be32(r) + get_be32(r + 4) < get_be32(r + 24)) {
			put_be32(get_be32(r + 4) + 1, r + 4);
			return true;
		}
	}
	return false;
}

static bool rmap_unwritten(const struct test_objects *objs, const struct test_object *obj, uint8_t *buf)
{
	(void)objs;
	(void)obj;
	for (uint32_t i = 0; i < get_be16(buf + 6); i++) {
		uint8_t *r = buf + 56 + 24 * (size_t)i;

		if (is_file_rmap(r)) {
			put_be64(get_be64(r + 16) ^ XFS_RMAP_OFF_UNWRITTEN, r + 16);
			return true;
		}
	}
	return false;
}

/* Two records where one was. */
static bool rmap_split(const struct test_objects *objs, const struct test_object *obj, uint8_t *buf)
{
	(void)obj;
	for (uint32_t i = 0; i < get_be16(buf + 6); i++) {
		uint8_t *r = buf + 56 + 24 * (size_t)i;
		uint32_t len = get_be32(r + 4);

		if (!is_file_rmap(r) || len < 2)
			continue;
		if (!insert_rec(objs, buf, i, 24))
			return false;
		memcpy(r, r + 24, 24);
		put_be32(1, r + 4);
		put_be32(get_be32(r) + 1, r + 24);
		put_be32(len - 1, r + 28);
		put_be64(get_be64(r + 16) + 1, r + 40);
		return true;
	}
	return false;
}

/* A count for blocks between two records: they are not shared. */
static bool refc_extra(const struct test_objects *objs, const struct test_object *obj, uint8_t *buf)
{
	(void)obj;
	for (uint32_t i = 0; i + 1 < get_be16(buf + 6); i++) {
		uint8_t *r = buf + 56 + 12 * (size_t)i;

		if (get_be32(r) + get_be32(r + 4) < get_be32(r + 12)) {
			uint32_t start = get_be32(r) + get_be32(r + 4);

			if (!insert_rec(objs, buf, i + 1, 12))
				return false;
			put_be32(start, r + 12);
			put_be32(1, r + 16);
			put_be32(get_be32(r + 8) == 2 ? 3 : 2, r + 20);
			return true;
		}
	}
	return false;
}

static bool refc_drop(const struct test_objects *objs, const struct test_object *obj, uint8_t *buf)
{
	(void)objs;
	(void)obj;
	if (get_be16(buf + 6) < 3)
		return false;
	remove_rec(buf, 1, 12);
	return true;
}

static bool refc_split(const struct test_objects *objs, const struct test_object *obj, uint8_t *buf)
{
	(void)obj;
	for (uint32_t i = 0; i < get_be16(buf + 6); i++) {
		uint8_t *r = buf + 56 + 12 * (size_t)i;
		uint32_t len = get_be32(r + 4);

		if (len < 2)
			continue;
		if (!insert_rec(objs, buf, i, 12))
			return false;
		memcpy(r, r + 12, 12);
		put_be32(1, r + 4);
		put_be32(get_be32(r) + 1, r + 12);
		put_be32(len - 1, r + 16);
		return true;
	}
	return false;
}

/* Exchange two free extents of one length in the tree by size. */
static bool cnt_swap(const struct test_objects *objs, const struct test_object *obj, uint8_t *buf)
{
	(void)objs;
	(void)obj;
	for (uint32_t i = 0; i + 1 < get_be16(buf + 6); i++) {
		uint8_t *r = buf + 56 + 8 * (size_t)i, t[8];

		if (get_be32(r + 4) == get_be32(r + 12)) {
			memcpy(t, r, 8);
			memcpy(r, r + 8, 8);
			memcpy(r + 8, t, 8);
			return true;
		}
	}
	return false;
}

/* Split a free extent in two that touch, in this tree only. */
static bool bno_split(const struct test_objects *objs, const struct test_object *obj, uint8_t *buf)
{
	(void)obj;
	for (uint32_t i = 0; i < get_be16(buf + 6); i++) {
		uint8_t *r = buf + 56 + 8 * (size_t)i;
		uint32_t len = get_be32(r + 4);

		if (len < 2)
			continue;
		if (!insert_rec(objs, buf, i, 8))
			return false;
		memcpy(r, r + 8, 8);
		put_be32(1, r + 4);
		put_be32(get_be32(r) + 1, r + 8);
		put_be32(len - 1, r + 12);
		return true;
	}
	return false;
}

/* Leave a leaf with too few entries (which also loses some). */
static bool underfill(const struct test_objects *objs, const struct test_object *obj, uint8_t *buf)
{
	(void)objs;
	(void)obj;
	put_be16(1, buf + 6);
	return true;
}

#define TWO_LEVELS(KIND, name, keylen) \
	{ "leftsib", KIND, 0, U(bb_leftsib), '+', 1, NULL, name, "bb_leftsib", not_root }, \
	{ "leftsib null", KIND, 0, U(bb_leftsib), '=', NULLAGBLOCK, NULL, name, "bb_leftsib", not_root }, \
	{ "rightsib", KIND, 0, U(bb_rightsib), '+', 1, NULL, name, "bb_rightsib", not_root }, \
	{ "rightsib null", KIND, 0, U(bb_rightsib), '=', NULLAGBLOCK, NULL, name, "bb_rightsib", not_root }, \
	{ "underfull", KIND, 0, 0, 0, 0, 0, underfill, name, "below the minimum", not_root }, \
	{ "node key", KIND, 1, 56 + (keylen), 4, '+', 1, NULL, name, "key in the parent", some_records }, \
	{ "node order", KIND, 1, 56, 4, '=', 0x7ffffffe, NULL, name, "not greater", some_records }, \
	{ "one child", KIND, TEST_ROOT_LEVEL, SHORT(bb_numrecs), '=', 1, NULL, name, "root node", root }

static const struct test_damage deep_damages[] = {
	TWO_LEVELS(TEST_BNOBT, "bnobt", 8), TWO_LEVELS(TEST_CNTBT, "cntbt", 8),
	TWO_LEVELS(TEST_INOBT, "inobt", 4), TWO_LEVELS(TEST_FINOBT, "finobt", 4),
	TWO_LEVELS(TEST_RMAPBT, "rmapbt", 40), TWO_LEVELS(TEST_REFCBT, "refcountbt", 4),
	{ "key, count only", TEST_BNOBT, 1, 56 + 8 + 4, 4, '+', 1, NULL, "bnobt", "key in the parent", NULL },
	{ "key, block only", TEST_CNTBT, 1, 56 + 8, 4, '+', 1, NULL, "cntbt", "key in the parent", NULL },
	{ "equal lengths swapped", TEST_CNTBT, 0, 0, 0, 0, 0, cnt_swap, "cntbt", "not greater", NULL },
	{ "touching", TEST_BNOBT, 0, 0, 0, 0, 0, bno_split, "bnobt", "touches", NULL },
	{ "pointer", TEST_BNOBT, 1, 56 + 80 * 8 + 4, 4, '+', 1, NULL, "bnobt", NULL, NULL },
	{ "pointer twice", TEST_CNTBT, 1, 56 + 80 * 8 + 4, 4, '=', 2, NULL, "cntbt", NULL, NULL },
	{ "no OWN_AG", TEST_RMAPBT, 0, 0, 0, 0, 0, drop_ag, "rmapbt", "owner -5", NULL },
	{ "no OWN_INOBT", TEST_RMAPBT, 0, 0, 0, 0, 0, drop_inobt, "rmapbt", "owner -6", NULL },
	{ "no OWN_REFC", TEST_RMAPBT, 0, 0, 0, 0, 0, drop_refc, "rmapbt", "owner -8", NULL },
	{ "no OWN_INODES", TEST_RMAPBT, 0, 0, 0, 0, 0, drop_inodes, "rmapbt", "owner -7", NULL },
	{ "no OWN_FS", TEST_RMAPBT, 0, 0, 0, 0, 0, drop_fs, "rmapbt", "owner -3", NULL },
	{ "no OWN_LOG", TEST_RMAPBT, 0, 0, 0, 0, 0, drop_log, "rmapbt", "owner -4", NULL },
	{ "no file", TEST_RMAPBT, 0, 0, 0, 0, 0, drop_file, "rmapbt", "no record", NULL },
	{ "of free space", TEST_RMAPBT, 0, 0, 0, 0, 0, rmap_of_free, "rmapbt", "does not have", NULL },
	{ "longer than the file", TEST_RMAPBT, 0, 0, 0, 0, 0, rmap_longer, "rmapbt", "longer", NULL },
	{ "unwritten", TEST_RMAPBT, 0, 0, 0, 0, 0, rmap_unwritten, "rmapbt", "does not have", NULL },
	{ "not merged", TEST_RMAPBT, 0, 0, 0, 0, 0, rmap_split, "rmapbt", "should be one", NULL },
	{ "low key owner", TEST_RMAPBT, 1, 56 + 40 + 4, 8, '^', 1, NULL, "rmapbt", "low key", NULL },
	{ "low key unwritten", TEST_RMAPBT, 1, 56 + 40 + 12, 8, '^', XFS_RMAP_OFF_UNWRITTEN, NULL, "rmapbt", "low key", NULL },
	{ "high key too high", TEST_RMAPBT, 1, 56 + 40 + 20, 4, '+', 1, NULL, "rmapbt", "high key", NULL },
	{ "high key too low", TEST_RMAPBT, 1, 56 + 40 + 20, 4, '+', (uint64_t)-1, NULL, "rmapbt", "high key", NULL },
	{ "high key offset", TEST_RMAPBT, 1, 56 + 40 + 32, 8, '+', 1, NULL, "rmapbt", "high key", NULL },
	{ "of unshared blocks", TEST_REFCBT, 0, 0, 0, 0, 0, refc_extra, "refcountbt", "no files share", NULL },
	{ "missing", TEST_REFCBT, 0, 0, 0, 0, 0, refc_drop, "refcountbt", "no record", NULL },
	{ "not merged", TEST_REFCBT, 0, 0, 0, 0, 0, refc_split, "refcountbt", "should be one", NULL },
	{ "count", TEST_REFCBT, 0, 64, 4, '+', 1, NULL, "refcountbt", "counted", some_records },
	{ "count of one", TEST_REFCBT, 0, 64, 4, '=', 1, NULL, "refcountbt", "counts 1", some_records },
	{ "length", TEST_REFCBT, 0, 60, 4, '+', 1, NULL, "refcountbt", NULL, some_records },
	{ "staging left over", TEST_REFCBT, 0, 56, 4, '^', XFS_REFC_COWFLAG, NULL, "refcountbt", "left over", some_records },
};

static void test_deep(void **state)
{
	static const struct test_fill_options fill[] = {
		{ .seed = 1, .blocksize = 1024, .dirblksize = 4096, .inodesize = 512, .percent = 60,
		  .what = TEST_FILL_DATA | TEST_FILL_MISC | TEST_FILL_ATTRS },
		{ .seed = 2, .blocksize = 1024, .dirblksize = 4096, .inodesize = 512, .percent = 280,
		  .what = TEST_FILL_CHURN },
		{ .seed = 3, .blocksize = 1024, .dirblksize = 4096, .inodesize = 512, .percent = 140,
		  .what = TEST_FILL_DATA },
		{ .what = 0 },
	};
	const struct test_image_plan plan = {
		.mkfs = "-b size=1024 -m rmapbt=1 -d agcount=2", .bytes = 500ull << 20, .fill = fill,
	};
	const struct test_damage_table tables[] = { TEST_TABLE(deep_damages) };

	(void)state;
	finish(test_damage_plan(&plan, "deep", tables, ARRAY_SIZE(tables)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_formatted),
		cmocka_unit_test(test_deep),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	return failed ? failed : skipped == (int)ARRAY_SIZE(tests) ? 77 : 0;
}
