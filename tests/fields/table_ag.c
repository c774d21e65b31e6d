/* SPDX-License-Identifier: MIT */
/* Superblocks, headers and trees of allocation groups. */
#include "base/compiler.h"
#include "disk/ag.h"
#include "disk/btree.h"
#include "disk/geometry.h"
#include "disk/sb.h"
#include "fields/fields.h"

#define ARGS \
	XFS_UNUSED const struct test_objects *objs, XFS_UNUSED const struct test_object *obj, \
	XFS_UNUSED const uint8_t *buf
/* The AG that holds trees of several levels and shared blocks. */
#define FULL_AG	2

static bool primary(ARGS)
{
	return obj->agno == 0;
}

static bool secondary(ARGS)
{
	return obj->agno == 1;
}

static bool full_ag(ARGS)
{
	return obj->agno == FULL_AG;
}

static bool has_records(ARGS)
{
	return obj->count >= 4;
}

static bool middle(ARGS)
{
	const struct xfs_btree_block *b = (const void *)buf;

	return obj->count >= 6 && be32_to_cpu(b->bb_u.s.bb_leftsib) != NULLAGBLOCK &&
	       be32_to_cpu(b->bb_u.s.bb_rightsib) != NULLAGBLOCK;
}

static bool one_sibling(ARGS)
{
	const struct xfs_btree_block *b = (const void *)buf;

	return obj->count >= 6 && be32_to_cpu(b->bb_u.s.bb_leftsib) == NULLAGBLOCK;
}

#define D(m)	F(struct xfs_dsb, m)
/* clang-format off */
static const struct field sb_fields[] = {
	D(sb_magicnum), D(sb_blocksize), D(sb_dblocks), D(sb_rblocks), D(sb_rextents), D(sb_uuid),
	D(sb_logstart), D(sb_rootino), D(sb_rbmino), D(sb_rsumino), D(sb_rextsize), D(sb_agblocks),
	D(sb_agcount), D(sb_rbmblocks), D(sb_logblocks), D(sb_versionnum), D(sb_sectsize),
	D(sb_inodesize), D(sb_inopblock), D(sb_fname), D(sb_blocklog), D(sb_sectlog),
	D(sb_inodelog), D(sb_inopblog), D(sb_agblklog), D(sb_rextslog), D(sb_inprogress),
	D(sb_imax_pct), D(sb_icount), D(sb_ifree), D(sb_fdblocks), D(sb_frextents), D(sb_uquotino),
	D(sb_gquotino), D(sb_qflags), D(sb_flags), D(sb_shared_vn), D(sb_inoalignmt), D(sb_unit),
	D(sb_width), D(sb_dirblklog), D(sb_logsectlog), D(sb_logsectsize), D(sb_logsunit),
	D(sb_features2), D(sb_bad_features2), D(sb_features_compat), D(sb_features_ro_compat),
	D(sb_features_incompat), D(sb_features_log_incompat), D(sb_crc), D(sb_spino_align),
	D(sb_pquotino), D(sb_lsn), D(sb_meta_uuid), AT("behind", 264, 8), AT("last bytes", 504, 8),
};

#define A(m)	F(struct xfs_agf, m)
static const struct field agf_fields[] = {
	A(agf_magicnum), A(agf_versionnum), A(agf_seqno), A(agf_length), A(agf_bno_root),
	A(agf_cnt_root), A(agf_rmap_root), A(agf_bno_level), A(agf_cnt_level), A(agf_rmap_level),
	A(agf_flfirst), A(agf_fllast), A(agf_flcount), A(agf_freeblks), A(agf_longest),
	A(agf_btreeblks), A(agf_uuid), A(agf_rmap_blocks), A(agf_refcount_blocks),
	A(agf_refcount_root), A(agf_refcount_level), A(agf_spare64), A(agf_lsn), A(agf_crc),
	A(agf_spare2), AT("behind", 224, 8), AT("last bytes", 504, 8),
};

#define I(m)	F(struct xfs_agi, m)
static const struct field agi_fields[] = {
	I(agi_magicnum), I(agi_versionnum), I(agi_seqno), I(agi_length), I(agi_count), I(agi_root),
	I(agi_level), I(agi_freecount), I(agi_newino), I(agi_dirino), I(agi_unlinked[0]),
	I(agi_unlinked[17]), I(agi_unlinked[63]), I(agi_uuid), I(agi_crc), I(agi_pad32), I(agi_lsn),
	I(agi_free_root), I(agi_free_level), I(agi_iblocks), I(agi_fblocks), AT("behind", 344, 8),
	AT("last bytes", 504, 8),
};

/* The first slot in use of the AGFL stands in the AGF: slots 0 and last are enough of these. */
#define L(m)	F(struct xfs_agfl, m)
static const struct field agfl_fields[] = {
	L(agfl_magicnum), L(agfl_seqno), L(agfl_uuid), L(agfl_lsn), L(agfl_crc),
	AT("agfl_bno[0]", 36, 4), AT("agfl_bno[5]", 56, 4), AT("agfl_bno[118]", 508, 4),
};

#define B(m)	F(struct xfs_btree_block, m)
static const struct field short_block[] = {
	B(bb_magic), B(bb_level), B(bb_numrecs), B(bb_u.s.bb_leftsib), B(bb_u.s.bb_rightsib),
	B(bb_u.s.bb_blkno), B(bb_u.s.bb_lsn), B(bb_u.s.bb_uuid), B(bb_u.s.bb_owner), B(bb_u.s.bb_crc),
};

/* Fields of the first record and of the third. */
#define RECS(name, rec, off, size) \
	AT("rec[0]." name, XFS_BTREE_SBLOCK_LEN + (off), size), \
	AT("rec[2]." name, XFS_BTREE_SBLOCK_LEN + 2 * (rec) + (off), size)
static const struct field alloc_recs[] = {
	RECS("ar_startblock", 8, 0, 4), RECS("ar_blockcount", 8, 4, 4),
};
static const struct field inobt_recs[] = {
	RECS("ir_startino", 16, 0, 4), RECS("ir_holemask", 16, 4, 2), RECS("ir_count", 16, 6, 1),
	RECS("ir_freecount", 16, 7, 1), RECS("ir_free", 16, 8, 8),
};
static const struct field rmap_recs[] = {
	RECS("rm_startblock", 24, 0, 4), RECS("rm_blockcount", 24, 4, 4), RECS("rm_owner", 24, 8, 8),
	RECS("rm_offset", 24, 16, 8),
};
static const struct field refcount_recs[] = {
	RECS("rc_startblock", 12, 0, 4), RECS("rc_blockcount", 12, 4, 4),
	RECS("rc_refcount", 12, 8, 4),
};
/* clang-format on */

static uint32_t pointers(const struct test_objects *objs, uint32_t key)
{
	uint32_t most = (objs->geo.blocksize - XFS_BTREE_SBLOCK_LEN) / (key + 4);

	return XFS_BTREE_SBLOCK_LEN + most * key;
}

static uint32_t alloc_pointers(const struct test_objects *objs, XFS_UNUSED const uint8_t *buf)
{
	return pointers(objs, 8);
}

/* Two keys, the lowest and the highest of the child. */
static uint32_t rmap_pointers(const struct test_objects *objs, XFS_UNUSED const uint8_t *buf)
{
	return pointers(objs, 40);
}

/* clang-format off */
static const struct field alloc_node[] = {
	RECS("key.ar_startblock", 8, 0, 4), RECS("key.ar_blockcount", 8, 4, 4),
	BEHIND("ptr[0]", alloc_pointers, 0, 4), BEHIND("ptr[2]", alloc_pointers, 8, 4),
};
static const struct field rmap_node[] = {
	AT("low[0].rm_startblock", 56, 4), AT("low[0].rm_owner", 60, 8),
	AT("low[0].rm_offset", 68, 8), AT("high[0].rm_startblock", 76, 4),
	AT("high[0].rm_owner", 80, 8), AT("high[0].rm_offset", 88, 8),
	AT("low[1].rm_startblock", 96, 4), AT("low[1].rm_owner", 100, 8),
	AT("low[1].rm_offset", 108, 8), AT("high[1].rm_startblock", 116, 4),
	AT("high[1].rm_owner", 120, 8), AT("high[1].rm_offset", 128, 8),
	BEHIND("ptr[0]", rmap_pointers, 0, 4), BEHIND("ptr[1]", rmap_pointers, 4, 4),
};

#define TREE(name, kind, level, pick, list) \
	{ name, kind, level, pick, { FIELDS(short_block), FIELDS(list) } }
static const struct structure structures[] = {
	{ "superblock", TEST_SB, -1, primary, { FIELDS(sb_fields) } },
	{ "superblock copy", TEST_SB, -1, secondary, { FIELDS(sb_fields) } },
	{ "agf", TEST_AGF, -1, full_ag, { FIELDS(agf_fields) } },
	{ "agi", TEST_AGI, -1, full_ag, { FIELDS(agi_fields) } },
	{ "agfl", TEST_AGFL, -1, full_ag, { FIELDS(agfl_fields) } },
	TREE("bnobt root", TEST_BNOBT, 1, full_ag, alloc_node),
	TREE("bnobt leaf", TEST_BNOBT, 0, middle, alloc_recs),
	TREE("bnobt first leaf", TEST_BNOBT, 0, one_sibling, alloc_recs),
	TREE("cntbt root", TEST_CNTBT, 1, full_ag, alloc_node),
	TREE("cntbt leaf", TEST_CNTBT, 0, middle, alloc_recs),
	TREE("inobt", TEST_INOBT, 0, has_records, inobt_recs),
	TREE("finobt", TEST_FINOBT, 0, has_records, inobt_recs),
	TREE("rmapbt root", TEST_RMAPBT, 2, full_ag, rmap_node),
	TREE("rmapbt node", TEST_RMAPBT, 1, full_ag, rmap_node),
	TREE("rmapbt leaf", TEST_RMAPBT, 0, middle, rmap_recs),
	TREE("refcountbt", TEST_REFCBT, 0, has_records, refcount_recs),
};
/* clang-format on */

const struct structure_list fields_of_ag = FIELDS(structures);
