/* SPDX-License-Identifier: MIT */
/*
 * The headers of every allocation group and, through them, its trees.
 */
#include "base/crc32c.h"
#include "check/check_priv.h"

void xfs_check_own(struct xfs_check *chk, uint32_t agno, uint32_t agbno, uint32_t len,
		   uint64_t owner, uint64_t offset)
{
	struct xfs_check_vec *vec = &chk->ag[agno].spans;
	struct xfs_check_span *last = vec->n ? (struct xfs_check_span *)vec->v + vec->n - 1 : NULL;
	struct xfs_check_span *span;
	bool fixed = XFS_RMAP_NON_INODE_OWNER(owner) || (offset & XFS_RMAP_OFF_BMBT_BLOCK);

	/* Most runs continue the previous one: joining them saves memory on ten million runs. */
	if (last && last->owner == owner && last->start + last->len == agbno &&
	    last->offset + (fixed ? 0 : last->len) == offset) {
		last->len += len;
		return;
	}
	span = xfs_check_push(chk, vec, sizeof(*span));
	if (span)
		*span = (struct xfs_check_span){ agbno, len, owner, offset };
}

#define BAD(...) xfs_check_report(chk, at, __VA_ARGS__)
#define RULE(cond, ...) do { if (!(cond)) BAD(__VA_ARGS__); } while (0)

/* Height 0 means that the tree is not walked. */
static void check_levels(struct xfs_check *chk, struct xfs_check_place at, const char *tree,
			 uint32_t root, uint32_t *levels, uint32_t max)
{
	if (*levels >= 1 && *levels <= max && *levels <= XFS_CHECK_MAX_LEVELS &&
	    xfs_check_agbno(&chk->g, (uint32_t)at.agno, root, 1))
		return;
	BAD("root %u or height %u of the %s is impossible (at most %u levels)", root, *levels, tree,
	    max);
	*levels = 0;
}

/* Without the feature its fields are zero. */
static void check_absent(struct xfs_check *chk, struct xfs_check_place at, const char *tree,
			 uint32_t root, uint32_t levels, uint32_t blocks)
{
	RULE(!root && !levels && !blocks, "fields of a %s are set, but there is none", tree);
}

static void check_agf(struct xfs_check *chk, uint32_t agno, const uint8_t *sector,
		      struct xfs_agf *agf)
{
	struct xfs_check_place at = xfs_check_at("agf", agno, 0, XFS_CHECK_NOINO);
	const struct xfs_check_geo *g = &chk->g;
	struct xfs_check_ag *ag = &chk->ag[agno];
	uint32_t freeblks, first, last, count;

	memcpy(agf, sector, sizeof(*agf));
	if (be32_to_cpu(agf->agf_magicnum) != XFS_AGF_MAGIC) {
		BAD("magic number 0x%08x", be32_to_cpu(agf->agf_magicnum));
		return;
	}
	ag->agf_ok = true;
	RULE(xfs_cksum_ok(sector, g->sectsize, XFS_AGF_CRC_OFF), "the checksum is wrong");
	RULE(be32_to_cpu(agf->agf_versionnum) == XFS_AGF_VERSION, "agf_versionnum is %u",
	     be32_to_cpu(agf->agf_versionnum));
	RULE(be32_to_cpu(agf->agf_seqno) == agno, "agf_seqno is %u", be32_to_cpu(agf->agf_seqno));
	RULE(be32_to_cpu(agf->agf_length) == ag->length, "agf_length is %u, not %u",
	     be32_to_cpu(agf->agf_length), ag->length);
	xfs_check_uuid(chk, at, &agf->agf_uuid);
	xfs_check_lsn(chk, at, be64_to_cpu(agf->agf_lsn));

	freeblks = be32_to_cpu(agf->agf_freeblks);
	first = be32_to_cpu(agf->agf_flfirst);
	last = be32_to_cpu(agf->agf_fllast);
	count = be32_to_cpu(agf->agf_flcount);
	RULE(first < g->agfl_slots && last < g->agfl_slots && count <= g->agfl_slots,
	     "agf_flfirst %u, agf_fllast %u, agf_flcount %u do not fit %u slots", first, last,
	     count, g->agfl_slots);
	if (first < g->agfl_slots && last < g->agfl_slots) {
		uint32_t range =
			last >= first ? last - first + 1 : g->agfl_slots - first + last + 1;

		RULE(count == range || (count == 0 && range == g->agfl_slots),
		     "agf_flcount is %u, but slots %u to %u are %u", count, first, last, range);
	}
	RULE(freeblks <= ag->length && be32_to_cpu(agf->agf_longest) <= freeblks,
	     "agf_freeblks %u or agf_longest %u is impossible", freeblks,
	     be32_to_cpu(agf->agf_longest));
	RULE(xfs_check_zeros(agf->agf_spare64, sizeof(agf->agf_spare64)) &&
	     !be32_to_cpu(agf->agf_spare2) &&
	     xfs_check_zeros(sector + sizeof(*agf), g->sectsize - sizeof(*agf)),
	     "spare bytes are not zero");

	ag->bno_root = be32_to_cpu(agf->agf_bno_root);
	ag->bno_level = be32_to_cpu(agf->agf_bno_level);
	ag->cnt_root = be32_to_cpu(agf->agf_cnt_root);
	ag->cnt_level = be32_to_cpu(agf->agf_cnt_level);
	ag->rmap_root = be32_to_cpu(agf->agf_rmap_root);
	ag->rmap_level = be32_to_cpu(agf->agf_rmap_level);
	ag->refc_root = be32_to_cpu(agf->agf_refcount_root);
	ag->refc_level = be32_to_cpu(agf->agf_refcount_level);
	check_levels(chk, at, "bnobt", ag->bno_root, &ag->bno_level, g->alloc_maxlevels);
	check_levels(chk, at, "cntbt", ag->cnt_root, &ag->cnt_level, g->alloc_maxlevels);
	if (g->rmapbt)
		check_levels(chk, at, "rmapbt", ag->rmap_root, &ag->rmap_level, g->rmap_maxlevels);
	else
		check_absent(chk, at, "rmapbt", ag->rmap_root, ag->rmap_level,
			     be32_to_cpu(agf->agf_rmap_blocks));
	if (g->reflink)
		check_levels(chk, at, "refcountbt", ag->refc_root, &ag->refc_level,
			     g->refc_maxlevels);
	else
		check_absent(chk, at, "refcountbt", ag->refc_root, ag->refc_level,
			     be32_to_cpu(agf->agf_refcount_blocks));
}

static void check_agi(struct xfs_check *chk, uint32_t agno, const uint8_t *sector,
		      struct xfs_agi *agi)
{
	struct xfs_check_place at = xfs_check_at("agi", agno, 0, XFS_CHECK_NOINO);
	const struct xfs_check_geo *g = &chk->g;
	struct xfs_check_ag *ag = &chk->ag[agno];
	uint32_t newino;

	memcpy(agi, sector, sizeof(*agi));
	if (be32_to_cpu(agi->agi_magicnum) != XFS_AGI_MAGIC) {
		BAD("magic number 0x%08x", be32_to_cpu(agi->agi_magicnum));
		return;
	}
	ag->agi_ok = true;
	RULE(xfs_cksum_ok(sector, g->sectsize, XFS_AGI_CRC_OFF), "the checksum is wrong");
	RULE(be32_to_cpu(agi->agi_versionnum) == XFS_AGI_VERSION, "agi_versionnum is %u",
	     be32_to_cpu(agi->agi_versionnum));
	RULE(be32_to_cpu(agi->agi_seqno) == agno, "agi_seqno is %u", be32_to_cpu(agi->agi_seqno));
	RULE(be32_to_cpu(agi->agi_length) == ag->length, "agi_length is %u, not %u",
	     be32_to_cpu(agi->agi_length), ag->length);
	xfs_check_uuid(chk, at, &agi->agi_uuid);
	xfs_check_lsn(chk, at, be64_to_cpu(agi->agi_lsn));
	newino = be32_to_cpu(agi->agi_newino);
	RULE(newino == NULLAGINO || xfs_check_agino_valid(g, agno, newino),
	     "agi_newino %u is not an inode number", newino);
	RULE(be32_to_cpu(agi->agi_dirino) == NULLAGINO, "agi_dirino is %u",
	     be32_to_cpu(agi->agi_dirino));
	RULE(!be32_to_cpu(agi->agi_pad32) &&
	     xfs_check_zeros(sector + sizeof(*agi), g->sectsize - sizeof(*agi)),
	     "spare bytes are not zero");

	ag->ino_root = be32_to_cpu(agi->agi_root);
	ag->ino_level = be32_to_cpu(agi->agi_level);
	ag->fino_root = be32_to_cpu(agi->agi_free_root);
	ag->fino_level = be32_to_cpu(agi->agi_free_level);
	check_levels(chk, at, "inobt", ag->ino_root, &ag->ino_level, g->inobt_maxlevels);
	if (g->finobt)
		check_levels(chk, at, "finobt", ag->fino_root, &ag->fino_level, g->inobt_maxlevels);
	else
		check_absent(chk, at, "finobt", ag->fino_root, ag->fino_level, 0);
	RULE(g->inobtcnt || (!be32_to_cpu(agi->agi_iblocks) && !be32_to_cpu(agi->agi_fblocks)),
	     "block counters are set without INOBTCNT");
}

static void check_agfl(struct xfs_check *chk, uint32_t agno, const uint8_t *sector,
		       const struct xfs_agf *agf)
{
	struct xfs_check_place at = xfs_check_at("agfl", agno, chk->g.agfl_block, XFS_CHECK_NOINO);
	const struct xfs_check_geo *g = &chk->g;
	const struct xfs_agfl *agfl = (const void *)sector;
	uint32_t first = be32_to_cpu(agf->agf_flfirst), count = be32_to_cpu(agf->agf_flcount);

	if (be32_to_cpu(agfl->agfl_magicnum) != XFS_AGFL_MAGIC) {
		BAD("magic number 0x%08x", be32_to_cpu(agfl->agfl_magicnum));
		return;
	}
	RULE(xfs_cksum_ok(sector, g->sectsize, XFS_AGFL_CRC_OFF), "the checksum is wrong");
	RULE(be32_to_cpu(agfl->agfl_seqno) == agno, "agfl_seqno is %u",
	     be32_to_cpu(agfl->agfl_seqno));
	xfs_check_uuid(chk, at, &agfl->agfl_uuid);
	/* A list that was never logged may have all ones. */
	if (be64_to_cpu(agfl->agfl_lsn) != ~0ull)
		xfs_check_lsn(chk, at, be64_to_cpu(agfl->agfl_lsn));
	for (uint32_t i = 0; i < g->agfl_slots; i++) {
		uint32_t agbno = be32_to_cpu(agfl->agfl_bno[i]);
		bool active = (i + g->agfl_slots - first % g->agfl_slots) % g->agfl_slots < count;

		if (active && !xfs_check_agbno(g, agno, agbno, 1))
			BAD("slot %u holds block %u, which cannot be free", i, agbno);
		else if (active)
			xfs_check_own(chk, agno, agbno, 1, XFS_RMAP_OWN_AG, 0);
		else
			RULE(agbno == NULLAGBLOCK || agbno < g->agblocks,
			     "unused slot %u holds %u", i, agbno);
	}
	chk->ag[agno].flcount = count;
}

static void check_ag(struct xfs_check *chk, uint32_t agno, uint8_t *sectors)
{
	struct xfs_check_place at = xfs_check_at("agf", agno, 0, XFS_CHECK_NOINO);
	const struct xfs_check_geo *g = &chk->g;
	struct xfs_check_ag *ag = &chk->ag[agno];
	struct xfs_agf agf;
	struct xfs_agi agi;
	uint32_t log_agno, log_agbno;

	ag->length = xfs_check_ag_length(g, agno);
	if (xfs_check_read(chk, xfs_check_daddr(g, agno, 0) << XFS_BB_SHIFT, sectors,
			   XFS_CHECK_AG_SECTORS * g->sectsize)) {
		BAD("the headers of the allocation group cannot be read");
		return;
	}
	if (agno)
		xfs_check_secondary_sb(chk, agno, sectors);
	xfs_check_own(chk, agno, 0, g->agfl_block + 1, XFS_RMAP_OWN_FS, 0);
	check_agf(chk, agno, sectors + XFS_AGF_SECTOR * g->sectsize, &agf);
	check_agi(chk, agno, sectors + XFS_AGI_SECTOR * g->sectsize, &agi);
	if (be32_to_cpu(agf.agf_magicnum) == XFS_AGF_MAGIC)
		check_agfl(chk, agno, sectors + XFS_AGFL_SECTOR * g->sectsize, &agf);
	if (chk->sb.sb_logstart &&
	    xfs_check_fsb(g, chk->sb.sb_logstart, chk->sb.sb_logblocks, &log_agno, &log_agbno) &&
	    log_agno == agno)
		xfs_check_own(chk, agno, log_agbno, chk->sb.sb_logblocks, XFS_RMAP_OWN_LOG, 0);
	if (ag->agf_ok) {
		xfs_check_freesp(chk, agno, &agf);
		if (g->rmapbt)
			xfs_check_rmapbt(chk, agno, &agf);
		RULE(be32_to_cpu(agf.agf_btreeblks) == ag->btreeblks,
		     "agf_btreeblks is %u, counted %u", be32_to_cpu(agf.agf_btreeblks),
		     ag->btreeblks);
		if (g->reflink)
			xfs_check_refcountbt(chk, agno, &agf);
	}
	if (ag->agi_ok)
		xfs_check_inobt(chk, agno, &agi);
	chk->sum.free_blocks += ag->freeblks + ag->flcount;
}

void xfs_check_ags(struct xfs_check *chk)
{
	uint8_t *sectors = xfs_mem_alloc(&chk->mem, XFS_CHECK_AG_SECTORS * chk->g.sectsize);

	if (!sectors) {
		xfs_check_fail(chk, -ENOMEM);
		return;
	}
	for (uint32_t agno = 0; agno < chk->g.agcount && !chk->stop; agno++) {
		xfs_check_progress(chk, "allocation groups", agno, chk->g.agcount);
		check_ag(chk, agno, sectors);
	}
	xfs_mem_free(&chk->mem, sectors);
}
