/* SPDX-License-Identifier: MIT */
/*
 * Goal: damage to superblocks, AG headers and AG trees is found and called by
 * the right name, above all what xfs_repair -n does not see: missing reverse mappings
 * of tree blocks, mappings of free space, wrong siblings, wrong node keys.
 * Method: one change at a time with a right checksum, in an image by mkfs.xfs; for
 * trees of more than one level, one that the kernel filled, or the library where that cannot be.
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

#define SB(m)	MEMBER(struct xfs_dsb, m)
#define AGF(m)	MEMBER(struct xfs_agf, m)
#define AGI(m)	MEMBER(struct xfs_agi, m)
#define AGFL(m)	MEMBER(struct xfs_agfl, m)
#define SHORT(m) MEMBER(struct xfs_btree_block, m)
#define U(m)	SHORT(bb_u.s.m)

static uint32_t sibling(const uint8_t *buf, bool right)
{
	const struct xfs_btree_block *b = (const void *)buf;

	return be32_to_cpu(right ? b->bb_u.s.bb_rightsib : b->bb_u.s.bb_leftsib);
}

PICK(secondary, obj->agno == 1)
PICK(not_root, sibling(buf, false) != NULLAGBLOCK && sibling(buf, true) != NULLAGBLOCK)
PICK(root, sibling(buf, false) == NULLAGBLOCK && sibling(buf, true) == NULLAGBLOCK)
PICK(some_records, obj->count >= 2)

/* clang-format off */
static const struct test_damage sb_damages[] = {
	FIELD("dblocks", TEST_SB, SB(sb_dblocks), '+', 1, "superblock", "sb_dblocks"),
	FIELD("rextents", TEST_SB, SB(sb_rextents), '=', 1, "superblock", "realtime"),
	FIELD("rblocks", TEST_SB, SB(sb_rblocks), '=', 7, "superblock", "sb_rextents"),
	FIELD("logstart", TEST_SB, SB(sb_logstart), '+', 8, "space", NULL),
	FIELD("logblocks", TEST_SB, SB(sb_logblocks), '=', 100, "superblock", "log of"),
	FIELD("rootino", TEST_SB, SB(sb_rootino), '+', 1, "superblock", "sb_rootino"),
	FIELD("rootino free", TEST_SB, SB(sb_rootino), '+', 9, "superblock", "sb_rootino"),
	FIELD("rbmino", TEST_SB, SB(sb_rbmino), '=', 1, "superblock", "sb_rbmino"),
	FIELD("rsumino", TEST_SB, SB(sb_rsumino), '+', (uint64_t)-1, "superblock", NULL),
	FIELD("rextsize", TEST_SB, SB(sb_rextsize), '=', 0, "superblock", "sb_rextsize"),
	FIELD("agblocks", TEST_SB, SB(sb_agblocks), '+', 1, "superblock", NULL),
	FIELD("agblocks tiny", TEST_SB, SB(sb_agblocks), '=', 5, "superblock", "geometry"),
	FIELD("agcount", TEST_SB, SB(sb_agcount), '+', 1, "superblock", "sb_agcount"),
	FIELD("rbmblocks", TEST_SB, SB(sb_rbmblocks), '=', 1, "superblock", "realtime"),
	FIELD("nlink bit", TEST_SB, SB(sb_versionnum), '^', 0x20, "superblock", "sb_versionnum"),
	FIELD("shared bit", TEST_SB, SB(sb_versionnum), '^', 0x200, "superblock", "sb_versionnum"),
	FIELD("stripe bit", TEST_SB, SB(sb_versionnum), '^', 0x100, "superblock", "sb_unit"),
	FIELD("sectsize", TEST_SB, SB(sb_sectsize), '=', 700, "superblock", "sb_sectsize"),
	FIELD("inodesize", TEST_SB, SB(sb_inodesize), '=', 300, "superblock", "geometry"),
	FIELD("inopblock", TEST_SB, SB(sb_inopblock), '+', 1, "superblock", "sb_inopblock"),
	FIELD("blocklog", TEST_SB, SB(sb_blocklog), '+', 1, "superblock", "sb_blocklog"),
	FIELD("sectlog", TEST_SB, SB(sb_sectlog), '+', 1, "superblock", "sb_sectlog"),
	FIELD("inodelog", TEST_SB, SB(sb_inodelog), '+', 1, "superblock", "sb_inodelog"),
	FIELD("inopblog", TEST_SB, SB(sb_inopblog), '+', 1, "superblock", "sb_inopblog"),
	FIELD("agblklog", TEST_SB, SB(sb_agblklog), '+', 1, "superblock", "sb_agblklog"),
	FIELD("rextslog", TEST_SB, SB(sb_rextslog), '=', 4, "superblock", "realtime"),
	FIELD("inprogress", TEST_SB, SB(sb_inprogress), '=', 1, "superblock", "sb_inprogress"),
	FIELD("imax_pct", TEST_SB, SB(sb_imax_pct), '=', 101, "superblock", "sb_imax_pct"),
	FIELD("icount", TEST_SB, SB(sb_icount), '+', 64, "superblock", "sb_icount"),
	FIELD("ifree", TEST_SB, SB(sb_ifree), '+', 1, "superblock", "sb_ifree"),
	FIELD("fdblocks", TEST_SB, SB(sb_fdblocks), '+', 1, "superblock", "sb_fdblocks"),
	FIELD("frextents", TEST_SB, SB(sb_frextents), '=', 1, "superblock", "realtime"),
	FIELD("uquotino", TEST_SB, SB(sb_uquotino), '=', 3, "superblock", "sb_uquotino"),
	FIELD("gquotino", TEST_SB, SB(sb_gquotino), '=', 5, "superblock", "sb_gquotino"),
	FIELD("pquotino", TEST_SB, SB(sb_pquotino), '=', 7, "superblock", "sb_pquotino"),
	FIELD("qflags", TEST_SB, SB(sb_qflags), '=', 0x10, "superblock", "sb_qflags"),
	FIELD("flags", TEST_SB, SB(sb_flags), '=', 0x80, "superblock", "sb_flags"),
	FIELD("shared_vn", TEST_SB, SB(sb_shared_vn), '=', 1, "superblock", "sb_shared_vn"),
	FIELD("inoalignmt", TEST_SB, SB(sb_inoalignmt), '+', 1, "superblock", "sb_inoalignmt"),
	FIELD("spino_align", TEST_SB, SB(sb_spino_align), '+', 1, "superblock", "sb_spino_align"),
	FIELD("unit", TEST_SB, SB(sb_unit), '=', 8, "superblock", "sb_unit"),
	FIELD("width", TEST_SB, SB(sb_width), '=', 8, "superblock", "sb_width"),
	FIELD("dirblklog", TEST_SB, SB(sb_dirblklog), '=', 7, "superblock", "geometry"),
	FIELD("logsectlog", TEST_SB, SB(sb_logsectlog), '=', 12, "superblock", "sector bit"),
	FIELD("logsectsize", TEST_SB, SB(sb_logsectsize), '=', 512, "superblock", "sector bit"),
	FIELD("logsunit", TEST_SB, SB(sb_logsunit), '=', 1000, "superblock", "sb_logsunit"),
	FIELD("features2", TEST_SB, SB(sb_features2), '^', 0x80, "superblock", "sb_features2"),
	FIELD("bad_features2", TEST_SB, SB(sb_bad_features2), '^', 1, "superblock", "sb_bad"),
	FIELD("compat", TEST_SB, SB(sb_features_compat), '=', 1, "superblock", "compat"),
	FIELD("ro_compat", TEST_SB, SB(sb_features_ro_compat), '^', 0x80, "superblock",
		"ro_compat"),
	FIELD("incompat", TEST_SB, SB(sb_features_incompat), '^', 0x8000, "superblock", "incompat"),
	FIELD("needsrepair", TEST_SB, SB(sb_features_incompat), '^', 0x10, "superblock",
		"NEEDSREPAIR"),
	FIELD("ftype off", TEST_SB, SB(sb_features_incompat), '^', 1, "superblock", "FTYPE"),
	FIELD("log_incompat", TEST_SB, SB(sb_features_log_incompat), '=', 2, "superblock",
		"log_incompat"),
	FIELD("lsn", TEST_SB, SB(sb_lsn), '=', 99ull << 32, "superblock", "LSN"),
	FIELD("tail", TEST_SB, BYTES(400, 1), '=', 1, "superblock", "behind the last field"),
	FIELD("uuid", TEST_SB, BYTES(32, 1), '^', 1, "agf", "UUID"),
	FIELD("uuid and log", TEST_SB, BYTES(32, 1), '^', 1, "log", "UUID"),
	FIELD_IF("copy: dblocks", TEST_SB, SB(sb_dblocks), '+', 1, "superblock", "copy", secondary),
	FIELD_IF("copy: logstart", TEST_SB, SB(sb_logstart), '+', 1, "superblock", "copy",
		secondary),
	FIELD_IF("copy: inodesize", TEST_SB, SB(sb_inodesize), '=', 1024, "superblock", "copy",
		secondary),
	FIELD_IF("copy: ro_compat", TEST_SB, SB(sb_features_ro_compat), '^', 1, "superblock",
		"copy", secondary),
	FIELD_IF("copy: incompat", TEST_SB, SB(sb_features_incompat), '^', 8, "superblock",
		"copy", secondary),
	FIELD_IF("copy: uuid", TEST_SB, BYTES(32, 1), '^', 1, "superblock", "copy", secondary),
	FIELD_IF("copy: inopblock", TEST_SB, SB(sb_inopblock), '+', 1, "superblock", "copy",
		secondary),
	FIELD_IF("copy: blocklog", TEST_SB, SB(sb_blocklog), '+', 1, "superblock", "copy", secondary),
	FIELD_IF("copy: sectlog", TEST_SB, SB(sb_sectlog), '+', 1, "superblock", "copy", secondary),
	FIELD_IF("copy: inodelog", TEST_SB, SB(sb_inodelog), '+', 1, "superblock", "copy", secondary),
	FIELD_IF("copy: inopblog", TEST_SB, SB(sb_inopblog), '+', 1, "superblock", "copy", secondary),
	FIELD_IF("copy: agblklog", TEST_SB, SB(sb_agblklog), '+', 1, "superblock", "copy", secondary),
	FIELD_IF("copy: rextslog", TEST_SB, SB(sb_rextslog), '+', 1, "superblock", "copy", secondary),
	FIELD_IF("copy: shared_vn", TEST_SB, SB(sb_shared_vn), '+', 1, "superblock", "copy",
		secondary),
	FIELD_IF("copy: logsectlog", TEST_SB, SB(sb_logsectlog), '+', 1, "superblock", "copy",
		secondary),
	FIELD_IF("copy: logsectsize", TEST_SB, SB(sb_logsectsize), '+', 1, "superblock", "copy",
		secondary),
	FIELD_IF("copy: logsunit", TEST_SB, SB(sb_logsunit), '+', 1, "superblock", "copy", secondary),
	FIELD_IF("copy: imax_pct", TEST_SB, SB(sb_imax_pct), '=', 101, "superblock", "sb_imax_pct",
		secondary),
	FIELD_IF("copy: unit", TEST_SB, SB(sb_unit), '=', 8, "superblock", "sb_unit", secondary),
	FIELD_IF("copy: width", TEST_SB, SB(sb_width), '=', 8, "superblock", "sb_width", secondary),
	FIELD_IF("copy: frextents", TEST_SB, SB(sb_frextents), '=', 1, "superblock", "realtime",
		secondary),
	FIELD_IF("copy: versionnum", TEST_SB, SB(sb_versionnum), '^', 0x8000, "superblock",
		"sb_versionnum", secondary),
	FIELD_IF("copy: features2", TEST_SB, SB(sb_features2), '^', 2, "superblock", "sb_features2",
		secondary),
	FIELD_IF("copy: qflags", TEST_SB, SB(sb_qflags), '=', 1, "superblock", "never was any quota",
		secondary),
	FIELD_IF("copy: uquotino", TEST_SB, SB(sb_uquotino), '=', 67, "superblock",
		"sb_uquotino of the copy", secondary),
	FIELD_IF("copy: gquotino", TEST_SB, SB(sb_gquotino), '=', 67, "superblock",
		"sb_gquotino of the copy", secondary),
	FIELD_IF("copy: pquotino", TEST_SB, SB(sb_pquotino), '=', 67, "superblock",
		"sb_pquotino of the copy", secondary),
	FIELD_IF("copy: meta_uuid", TEST_SB, BYTES(248, 1), '=', 1, "superblock",
		"sb_meta_uuid of the copy", secondary),
	FIELD("flags bit 0", TEST_SB, SB(sb_flags), '=', 1, "superblock", "sb_flags of the copy"),
	FIELD("log_incompat alone", TEST_SB, SB(sb_features_log_incompat), '=', 1, "superblock",
		"sb_features_log_incompat of the copy"),
	FIELD("meta_uuid", TEST_SB, BYTES(248, 1), '=', 1, "superblock", "META_UUID"),
	FIELD_IF("copy: magic", TEST_SB, SB(sb_magicnum), '=', 0, "superblock", "copy", secondary),
	FIELD_IF("copy: tail", TEST_SB, BYTES(400, 1), '=', 1, "superblock",
		"behind the last field", secondary),
};
/* clang-format on */

CHANGE(swap_agfl, buf + XFS_AGFL_HDR_SIZE, put_be32(get_be32(p + 4), p + 8))

/* clang-format off */
static const struct test_damage header_damages[] = {
	FIELD("magic", TEST_AGF, AGF(agf_magicnum), '=', 0, "agf", "magic"),
	FIELD("version", TEST_AGF, AGF(agf_versionnum), '+', 1, "agf", "agf_versionnum"),
	FIELD("seqno", TEST_AGF, AGF(agf_seqno), '+', 1, "agf", "agf_seqno"),
	FIELD("length", TEST_AGF, AGF(agf_length), '+', 1, "agf", "agf_length"),
	FIELD("bno_root", TEST_AGF, AGF(agf_bno_root), '+', 1, "bnobt", "magic"),
	FIELD("bno_root far", TEST_AGF, AGF(agf_bno_root), '=', 0x7fffffff, "agf", "root"),
	FIELD("cnt_root", TEST_AGF, AGF(agf_cnt_root), '+', 1, "cntbt", "magic"),
	FIELD("rmap_root", TEST_AGF, AGF(agf_rmap_root), '+', 1, "rmapbt", "magic"),
	FIELD("bno_level", TEST_AGF, AGF(agf_bno_level), '+', 1, "bnobt", "level"),
	FIELD("cnt_level", TEST_AGF, AGF(agf_cnt_level), '=', 0, "agf", "cntbt"),
	FIELD("rmap_level", TEST_AGF, AGF(agf_rmap_level), '=', 99, "agf", "rmapbt"),
	FIELD("flfirst", TEST_AGF, AGF(agf_flfirst), '+', 1, "agf", "agf_flcount"),
	FIELD("fllast", TEST_AGF, AGF(agf_fllast), '+', 1, "agf", "agf_flcount"),
	FIELD("flfirst far", TEST_AGF, AGF(agf_flfirst), '=', 200, "agf", "slots"),
	FIELD("flcount", TEST_AGF, AGF(agf_flcount), '+', 1, "agf", "agf_flcount"),
	FIELD("freeblks", TEST_AGF, AGF(agf_freeblks), '+', 1, "agf", "agf_freeblks"),
	FIELD("longest", TEST_AGF, AGF(agf_longest), '+', (uint64_t)-1, "agf", "agf_longest"),
	FIELD("btreeblks", TEST_AGF, AGF(agf_btreeblks), '+', 1, "agf", "agf_btreeblks"),
	FIELD("uuid", TEST_AGF, BYTES(64, 1), '^', 1, "agf", "UUID"),
	FIELD("rmap_blocks", TEST_AGF, AGF(agf_rmap_blocks), '+', 1, "agf", "agf_rmap_blocks"),
	FIELD("refcount_blocks", TEST_AGF, AGF(agf_refcount_blocks), '+', 1, "agf",
		"refcount_blocks"),
	FIELD("refcount_root", TEST_AGF, AGF(agf_refcount_root), '=', 0, "agf", "refcountbt"),
	FIELD("refcount_level", TEST_AGF, AGF(agf_refcount_level), '+', 1, "refcountbt", "level"),
	FIELD("spare", TEST_AGF, BYTES(100, 1), '=', 1, "agf", "spare"),
	FIELD("tail", TEST_AGF, BYTES(300, 1), '=', 1, "agf", "spare"),
	FIELD("lsn", TEST_AGF, AGF(agf_lsn), '=', 99ull << 32, "agf", "LSN"),
	FIELD("magic", TEST_AGI, AGI(agi_magicnum), '=', 0, "agi", "magic"),
	FIELD("version", TEST_AGI, AGI(agi_versionnum), '+', 1, "agi", "agi_versionnum"),
	FIELD("seqno", TEST_AGI, AGI(agi_seqno), '+', 1, "agi", "agi_seqno"),
	FIELD("length", TEST_AGI, AGI(agi_length), '+', 1, "agi", "agi_length"),
	FIELD("count", TEST_AGI, AGI(agi_count), '+', 64, "agi", "agi_count"),
	FIELD("root", TEST_AGI, AGI(agi_root), '+', 1, "inobt", "magic"),
	FIELD("level", TEST_AGI, AGI(agi_level), '+', 1, "inobt", "level"),
	FIELD("freecount", TEST_AGI, AGI(agi_freecount), '+', 1, "agi", "agi_freecount"),
	FIELD("newino", TEST_AGI, AGI(agi_newino), '=', 3, "agi", "agi_newino"),
	FIELD("dirino", TEST_AGI, AGI(agi_dirino), '=', 64, "agi", "agi_dirino"),
	FIELD("unlinked", TEST_AGI, BYTES(40 + 4 * 3, 4), '=', 67, "agi", "unlinked"),
	FIELD("unlinked free", TEST_AGI, BYTES(40 + 4 * 20, 4), '=', 100, "agi", "unlinked"),
	FIELD("uuid", TEST_AGI, BYTES(296, 1), '^', 1, "agi", "UUID"),
	FIELD("pad", TEST_AGI, AGI(agi_pad32), '=', 1, "agi", "spare"),
	FIELD("lsn", TEST_AGI, AGI(agi_lsn), '=', 99ull << 32, "agi", "LSN"),
	FIELD("free_root", TEST_AGI, AGI(agi_free_root), '+', 1, "finobt", "second time"),
	FIELD("free_level", TEST_AGI, AGI(agi_free_level), '=', 0, "agi", "finobt"),
	FIELD("iblocks", TEST_AGI, AGI(agi_iblocks), '+', 1, "agi", "agi_iblocks"),
	FIELD("fblocks", TEST_AGI, AGI(agi_fblocks), '+', 1, "agi", "agi_fblocks"),
	FIELD("magic", TEST_AGFL, AGFL(agfl_magicnum), '=', 0, "agfl", "magic"),
	FIELD("seqno", TEST_AGFL, AGFL(agfl_seqno), '+', 1, "agfl", "agfl_seqno"),
	FIELD("uuid", TEST_AGFL, BYTES(8, 1), '^', 1, "agfl", "UUID"),
	FIELD("lsn", TEST_AGFL, AGFL(agfl_lsn), '=', 99ull << 32, "agfl", "LSN"),
	FIELD("active slot", TEST_AGFL, BYTES(40, 4), '=', 0, "agfl", "slot"),
	FIELD("active slot leaks", TEST_AGFL, BYTES(40, 4), '+', 1000, "space", "belong to"),
	EDIT("slot twice", TEST_AGFL, swap_agfl, "space", "belong to"),
	FIELD("unused slot", TEST_AGFL, BYTES(36 + 4 * 100, 4), '=', 0x7fffffff, "agfl", "unused"),
};
/* clang-format on */

/* What a block says of itself (CHECK-1), and how many entries it has (CHECK-2). */
/* clang-format off */
#define EACH_TREE(KIND, name) \
	FIELD0("level", KIND, SHORT(bb_level), '+', 1, name, "bb_level"), \
	FIELD0("numrecs over", KIND, SHORT(bb_numrecs), '=', 60000, name, "above the maximum"), \
	FIELD0("blkno", KIND, U(bb_blkno), '+', 8, name, "bb_blkno"), \
	FIELD0("lsn", KIND, U(bb_lsn), '=', 99ull << 32, name, "LSN"), \
	FIELD0("uuid", KIND, BYTES(32, 1), '^', 1, name, "UUID"), \
	FIELD0("owner", KIND, U(bb_owner), '+', 1, name, "bb_owner"), \
	FIELD0("root sibling", KIND, U(bb_rightsib), '=', 9, name, "bb_rightsib")
/* clang-format on */

/* clang-format off */
static const struct test_damage block_damages[] = {
	EACH_TREE(TEST_BNOBT, "bnobt"), EACH_TREE(TEST_CNTBT, "cntbt"),
	EACH_TREE(TEST_INOBT, "inobt"),
	EACH_TREE(TEST_FINOBT, "finobt"), EACH_TREE(TEST_RMAPBT, "rmapbt"),
	EACH_TREE(TEST_REFCBT, "refcountbt"),
	FIELD0_IF("record start", TEST_BNOBT, BYTES(56, 4), '+', 1, "space", "neither free",
		some_records),
	FIELD0_IF("record length", TEST_BNOBT, BYTES(60, 4), '+', (uint64_t)-1, "cntbt",
		"not in the bnobt", some_records),
	FIELD0("record zero", TEST_BNOBT, BYTES(60, 4), '=', 0, "bnobt", "does not lie"),
	FIELD0_IF("record missing", TEST_BNOBT, SHORT(bb_numrecs), '+', (uint64_t)-1, "space",
		"neither", some_records),
	FIELD0_IF("record missing", TEST_CNTBT, SHORT(bb_numrecs), '+', (uint64_t)-1, "cntbt",
		"records", some_records),
	FIELD0("record start", TEST_CNTBT, BYTES(56, 4), '+', 1, "cntbt", "not in the bnobt"),
	FIELD0("startino", TEST_INOBT, BYTES(56, 4), '+', 4, "inobt", "aligned"),
	FIELD0("startino far", TEST_INOBT, BYTES(56, 4), '=', 8, "inobt", "range"),
	FIELD0("holemask", TEST_INOBT, BYTES(60, 2), '=', 0xff00, "inobt", "ir_count"),
	FIELD0("count", TEST_INOBT, BYTES(62, 1), '+', (uint64_t)-4, "inobt", "ir_count"),
	FIELD0("freecount", TEST_INOBT, BYTES(63, 1), '+', 1, "inobt", "ir_freecount"),
	FIELD0("free: used", TEST_INOBT, BYTES(64, 8), '^', 1, "inode", "free according"),
	FIELD0("free: unused", TEST_INOBT, BYTES(64, 8), '^', 1ull << 63, "inode",
		"in use according"),
	FIELD0("missing", TEST_INOBT, SHORT(bb_numrecs), '+', (uint64_t)-1, "finobt", "none there"),
	FIELD0("free", TEST_FINOBT, BYTES(64, 8), '^', 1ull << 63, "finobt", "differs"),
	FIELD0("freecount", TEST_FINOBT, BYTES(63, 1), '=', 0, "finobt", "no free inode"),
	FIELD0("missing", TEST_FINOBT, SHORT(bb_numrecs), '+', (uint64_t)-1, "finobt", "records"),
	FIELD0("blockcount", TEST_RMAPBT, BYTES(60, 4), '+', 1, "rmapbt", NULL),
	FIELD0("owner", TEST_RMAPBT, BYTES(56 + 24 + 8, 8), '=', (uint64_t)-20, "rmapbt",
		"unknown owner"),
	FIELD0("offset of special", TEST_RMAPBT, BYTES(56 + 24 + 16, 8), '=', 5, "rmapbt",
		"offset"),
	FIELD0("owner swapped", TEST_RMAPBT, BYTES(56 + 24 + 8, 8), '=', (uint64_t)-6, "rmapbt",
		"does not have"),
};
/* clang-format on */

static void test_formatted(void **state)
{
	const struct test_image_plan plan = {
		.mkfs = "-m rmapbt=1", .bytes = 400ull << 20, .blocksize = 4096,
	};
	const struct test_damage_table tables[] = {
		TEST_TABLE(sb_damages), TEST_TABLE(header_damages), TEST_TABLE(block_damages),
	};

	(void)state;
	test_damage_demand(&plan, "formatted", tables, ARRAY_SIZE(tables));
}

/* ---- trees of two levels ---- */

static uint32_t nr_recs(const uint8_t *buf)
{
	return get_be16(buf + 6);
}

static uint8_t *rec(uint8_t *buf, uint32_t i, uint32_t reclen)
{
	return buf + 56 + (size_t)i * reclen;
}

/* Block behind the extent that begins every kind of record but the inodes'. */
static uint32_t end_of(const uint8_t *r)
{
	return get_be32(r) + get_be32(r + 4);
}

/* Remove record @i of a leaf. */
static void remove_rec(uint8_t *buf, uint32_t i, uint32_t reclen)
{
	uint32_t nr = nr_recs(buf);
	uint8_t *p = rec(buf, i, reclen);

	memmove(p, p + reclen, (size_t)(nr - i - 1) * reclen);
	put_be16((uint16_t)(nr - 1), buf + 6);
}

/* Make room for a record before @i; false: the leaf is full. */
static bool insert_rec(const struct test_objects *objs, uint8_t *buf, uint32_t i, uint32_t reclen)
{
	uint32_t nr = nr_recs(buf);
	uint8_t *p = rec(buf, i, reclen);

	if ((nr + 1) * reclen > objs->geo.blocksize - 56)
		return false;
	memmove(p + reclen, p, (size_t)(nr - i) * reclen);
	put_be16((uint16_t)(nr + 1), buf + 6);
	return true;
}

/* A new record of one block behind the first one that a gap follows; NULL: there is no room. */
static uint8_t *fill_gap(const struct test_objects *objs, uint8_t *buf, uint32_t reclen)
{
	for (uint32_t i = 0; i + 1 < nr_recs(buf); i++) {
		uint8_t *r = rec(buf, i, reclen), *next = r + reclen;

		if (end_of(r) >= get_be32(next))
			continue;
		if (!insert_rec(objs, buf, i + 1, reclen))
			return NULL;
		put_be32(end_of(r), next);
		put_be32(1, next + 4);
		return next;
	}
	return NULL;
}

static bool any_rec(const uint8_t *r)
{
	(void)r;
	return true;
}

/* Two records where one was, which @suits; the second of them, NULL: there is no room. */
static uint8_t *split_rec(const struct test_objects *objs, uint8_t *buf, uint32_t reclen,
			  bool (*suits)(const uint8_t *r))
{
	for (uint32_t i = 0; i < nr_recs(buf); i++) {
		uint8_t *r = rec(buf, i, reclen), *next = r + reclen;
		uint32_t len = get_be32(r + 4);

		if (len < 2 || !suits(r))
			continue;
		if (!insert_rec(objs, buf, i, reclen))
			return NULL;
		memcpy(r, next, reclen);
		put_be32(1, r + 4);
		put_be32(get_be32(r) + 1, next);
		put_be32(len - 1, next + 4);
		return next;
	}
	return NULL;
}

static bool drop_rmap_of(uint8_t *buf, uint64_t owner)
{
	for (uint32_t i = 0; i < nr_recs(buf); i++) {
		if (get_be64(rec(buf, i, 24) + 8) == owner) {
			remove_rec(buf, i, 24);
			return true;
		}
	}
	return false;
}

/* clang-format off */
#define DROP(name, own) \
static bool name(ARGS, uint8_t *buf) \
{ \
	return drop_rmap_of(buf, own); \
}
/* clang-format on */
DROP(drop_ag, XFS_RMAP_OWN_AG)
DROP(drop_inobt, XFS_RMAP_OWN_INOBT)
DROP(drop_refc, XFS_RMAP_OWN_REFC)
DROP(drop_inodes, XFS_RMAP_OWN_INODES)
DROP(drop_fs, XFS_RMAP_OWN_FS)
DROP(drop_log, XFS_RMAP_OWN_LOG)

static bool is_file_rmap(const uint8_t *r)
{
	return !XFS_RMAP_NON_INODE_OWNER(get_be64(r + 8)) &&
	       !(get_be64(r + 16) & XFS_RMAP_OFF_FLAGS);
}

/* The first record of a file, from the @i-th on. */
static uint8_t *file_rmap(uint8_t *buf, uint32_t i)
{
	for (; i < nr_recs(buf); i++) {
		if (is_file_rmap(rec(buf, i, 24)))
			return rec(buf, i, 24);
	}
	return NULL;
}

/* A record of a file that free space follows. */
static uint8_t *file_rmap_before_gap(uint8_t *buf)
{
	for (uint32_t i = 0; i + 1 < nr_recs(buf); i++) {
		uint8_t *r = rec(buf, i, 24);

		if (is_file_rmap(r) && end_of(r) < get_be32(r + 24))
			return r;
	}
	return NULL;
}

CHANGE(drop_file, file_rmap(buf, 1), remove_rec(buf, (uint32_t)(p - buf - 56) / 24, 24))
/* Blocks in no record are free. */
CHANGE(rmap_of_free, fill_gap(objs, buf, 24),
       put_be64(objs->sb.sb_rootino, p + 8); put_be64(0, p + 16))
CHANGE(rmap_longer, file_rmap_before_gap(buf), put_be32(get_be32(p + 4) + 1, p + 4))
CHANGE(rmap_unwritten, file_rmap(buf, 0),
       put_be64(get_be64(p + 16) ^ XFS_RMAP_OFF_UNWRITTEN, p + 16))
CHANGE(rmap_split, split_rec(objs, buf, 24, is_file_rmap), put_be64(get_be64(p + 16) + 1, p + 16))
/* Blocks between two records are not shared; the count differs so that it cannot be merged. */
CHANGE(refc_extra, fill_gap(objs, buf, 12), put_be32(get_be32(p - 12 + 8) == 2 ? 3 : 2, p + 8))
CHANGE(refc_drop, nr_recs(buf) < 3 ? NULL : buf, remove_rec(buf, 1, 12))
CHANGE(refc_split, split_rec(objs, buf, 12, any_rec), (void)p)
/* In this tree only. */
CHANGE(bno_split, split_rec(objs, buf, 8, any_rec), (void)p)
/* Leave a leaf with too few entries (which also loses some). */
CHANGE(underfill, buf, put_be16(1, p + 6))

/* Exchange two free extents of one length in the tree by size. */
static bool cnt_swap(ARGS, uint8_t *buf)
{
	for (uint32_t i = 0; i + 1 < nr_recs(buf); i++) {
		uint8_t *r = rec(buf, i, 8), t[8];

		if (get_be32(r + 4) == get_be32(r + 12)) {
			memcpy(t, r, 8);
			memcpy(r, r + 8, 8);
			memcpy(r + 8, t, 8);
			return true;
		}
	}
	return false;
}

/* Siblings (CHECK-5), fill (CHECK-2), keys (CHECK-4), order (CHECK-3), the root (CHECK-7). */
/* clang-format off */
#define TWO_LEVELS(KIND, name, keylen) \
	FIELD0_IF("leftsib", KIND, U(bb_leftsib), '+', 1, name, "bb_leftsib", not_root), \
	FIELD0_IF("leftsib null", KIND, U(bb_leftsib), '=', NULLAGBLOCK, name, "bb_leftsib", \
		not_root), \
	FIELD0_IF("rightsib", KIND, U(bb_rightsib), '+', 1, name, "bb_rightsib", not_root), \
	FIELD0_IF("rightsib null", KIND, U(bb_rightsib), '=', NULLAGBLOCK, name, "bb_rightsib", \
		not_root), \
	EDIT0_IF("underfull", KIND, underfill, name, "below the minimum", not_root), \
	FIELD1_IF("node key", KIND, BYTES(56 + (keylen), 4), '+', 1, name, "key in the parent", \
		some_records), \
	FIELD1_IF("node order", KIND, BYTES(56, 4), '=', 0x7ffffffe, name, "not greater", \
		some_records), \
	FIELD_ROOT_IF("one child", KIND, SHORT(bb_numrecs), '=', 1, name, "root node", root)
/* clang-format on */

/* clang-format off */
static const struct test_damage deep_damages[] = {
	TWO_LEVELS(TEST_BNOBT, "bnobt", 8), TWO_LEVELS(TEST_CNTBT, "cntbt", 8),
	TWO_LEVELS(TEST_INOBT, "inobt", 4), TWO_LEVELS(TEST_FINOBT, "finobt", 4),
	TWO_LEVELS(TEST_RMAPBT, "rmapbt", 40), TWO_LEVELS(TEST_REFCBT, "refcountbt", 4),
	FIELD1("key, count only", TEST_BNOBT, BYTES(56 + 8 + 4, 4), '+', 1, "bnobt",
		"key in the parent"),
	FIELD1("key, block only", TEST_CNTBT, BYTES(56 + 8, 4), '+', 1, "cntbt",
		"key in the parent"),
	EDIT0("equal lengths swapped", TEST_CNTBT, cnt_swap, "cntbt", "not greater"),
	EDIT0("touching", TEST_BNOBT, bno_split, "bnobt", "touches"),
	FIELD1("pointer", TEST_BNOBT, BYTES(56 + 80 * 8 + 4, 4), '+', 1, "bnobt", NULL),
	FIELD1("pointer twice", TEST_CNTBT, BYTES(56 + 80 * 8 + 4, 4), '=', 2, "cntbt", NULL),
	EDIT0("no OWN_AG", TEST_RMAPBT, drop_ag, "rmapbt", "owner -5"),
	EDIT0("no OWN_INOBT", TEST_RMAPBT, drop_inobt, "rmapbt", "owner -6"),
	EDIT0("no OWN_REFC", TEST_RMAPBT, drop_refc, "rmapbt", "owner -8"),
	EDIT0("no OWN_INODES", TEST_RMAPBT, drop_inodes, "rmapbt", "owner -7"),
	EDIT0("no OWN_FS", TEST_RMAPBT, drop_fs, "rmapbt", "owner -3"),
	EDIT0("no OWN_LOG", TEST_RMAPBT, drop_log, "rmapbt", "owner -4"),
	EDIT0("no file", TEST_RMAPBT, drop_file, "rmapbt", "no record"),
	EDIT0("of free space", TEST_RMAPBT, rmap_of_free, "rmapbt", "does not have"),
	EDIT0("longer than the file", TEST_RMAPBT, rmap_longer, "rmapbt", "longer"),
	EDIT0("unwritten", TEST_RMAPBT, rmap_unwritten, "rmapbt", "does not have"),
	EDIT0("not merged", TEST_RMAPBT, rmap_split, "rmapbt", "should be one"),
	FIELD1("low key owner", TEST_RMAPBT, BYTES(56 + 40 + 4, 8), '^', 1, "rmapbt", "low key"),
	FIELD1("low key unwritten", TEST_RMAPBT, BYTES(56 + 40 + 12, 8), '^',
		XFS_RMAP_OFF_UNWRITTEN, "rmapbt", "low key"),
	FIELD1("high key too high", TEST_RMAPBT, BYTES(56 + 40 + 20, 4), '+', 1, "rmapbt",
		"high key"),
	FIELD1("high key too low", TEST_RMAPBT, BYTES(56 + 40 + 20, 4), '+', (uint64_t)-1,
		"rmapbt", "high key"),
	FIELD1("high key offset", TEST_RMAPBT, BYTES(56 + 40 + 32, 8), '+', 1, "rmapbt",
		"high key"),
	EDIT0("of unshared blocks", TEST_REFCBT, refc_extra, "refcountbt", "no files share"),
	EDIT0("missing", TEST_REFCBT, refc_drop, "refcountbt", "no record"),
	EDIT0("not merged", TEST_REFCBT, refc_split, "refcountbt", "should be one"),
	FIELD0_IF("count", TEST_REFCBT, BYTES(64, 4), '+', 1, "refcountbt", "counted",
		some_records),
	FIELD0_IF("count of one", TEST_REFCBT, BYTES(64, 4), '=', 1, "refcountbt", "counts 1",
		some_records),
	FIELD0_IF("length", TEST_REFCBT, BYTES(60, 4), '+', 1, "refcountbt", NULL, some_records),
	FIELD0_IF("staging left over", TEST_REFCBT, BYTES(56, 4), '^', XFS_REFC_COWFLAG,
		"refcountbt", "left over", some_records),
};
/* clang-format on */

static void test_deep(void **state)
{
	static const struct test_fill_options fill[] = {
		{ .seed = 1,
		  .blocksize = 1024,
		  .dirblksize = 4096,
		  .inodesize = 512,
		  .percent = 60,
		  .what = TEST_FILL_DATA | TEST_FILL_MISC | TEST_FILL_ATTRS },
		{ .seed = 2,
		  .blocksize = 1024,
		  .dirblksize = 4096,
		  .inodesize = 512,
		  .percent = 280,
		  .what = TEST_FILL_CHURN },
		{ .seed = 3,
		  .blocksize = 1024,
		  .dirblksize = 4096,
		  .inodesize = 512,
		  .percent = 140,
		  .what = TEST_FILL_DATA },
		{ .what = 0 },
	};
	const struct test_image_plan plan = {
		.mkfs = "-b size=1024 -m rmapbt=1 -d agcount=2",
		.bytes = 500ull << 20,
		.blocksize = 1024,
		.agcount = 2,
		.fill = fill,
	};
	const struct test_damage_table tables[] = { TEST_TABLE(deep_damages) };

	(void)state;
	test_damage_demand(&plan, "deep", tables, ARRAY_SIZE(tables));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_formatted),
		cmocka_unit_test(test_deep),
	};

	return test_damage_report(cmocka_run_group_tests(tests, NULL, NULL), ARRAY_SIZE(tests));
}
