/* SPDX-License-Identifier: MIT */
/*
 * Structures as text, under the names of their fields.  The input may be damaged: counts are
 * limited to what the block can hold and nothing is verified, but a wrong checksum is mentioned.
 */
#include <stdarg.h>
#include <stdio.h>
#include "base/crc32c.h"
#include "check/dump.h"
#include "disk/attr.h"
#include "disk/dquot.h"
#include "disk/symlink.h"

struct field {
	const char *name;
	uint16_t off, size;
	char as;			/* u number, x hex, U uuid, s text, l LSN, c checksum */
};

#define F(type, member, as) { #member, offsetof(type, member), sizeof(((type *)0)->member), as }

void xfs_dump_line(struct xfs_dump *d, const char *fmt, ...)
{
	char text[1024];
	va_list args;

	if (d->chk->cancelled)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (d->line(d->ctx, text))
		xfs_check_cancel(d->chk);
}

static uint64_t number(const uint8_t *p, uint32_t size)
{
	switch (size) {
	case sizeof(be64_t):
		return get_be64(p);
	case sizeof(be32_t):
		return get_be32(p);
	case sizeof(be16_t):
		return get_be16(p);
	default:
		return p[0];
	}
}

static void dump_uuid(struct xfs_dump *d, const char *name, const uint8_t *u)
{
	xfs_dump_line(d,
		      "%s = %02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
		      name, u[0], u[1], u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10],
		      u[11], u[12], u[13], u[14], u[15]);
}

static void dump_fields(struct xfs_dump *d, const struct field *f, size_t n, const uint8_t *base)
{
	for (; n; n--, f++) {
		const uint8_t *p = base + f->off;

		switch (f->as) {
		case 'u':
			if (f->size > sizeof(be16_t) &&
			    number(p, f->size) == (f->size == sizeof(be64_t) ? UINT64_MAX : UINT32_MAX))
				xfs_dump_line(d, "%s = null", f->name);
			else
				xfs_dump_line(d, "%s = %" PRIu64, f->name, number(p, f->size));
			break;
		case 'x':
			xfs_dump_line(d, "%s = 0x%" PRIx64, f->name, number(p, f->size));
			break;
		case 'U':
			dump_uuid(d, f->name, p);
			break;
		case 's':
			xfs_dump_line(d, "%s = \"%s\"", f->name,
				      xfs_check_name(p, strnlen((const char *)p, f->size)).s);
			break;
		case 'l':
			xfs_dump_line(d, "%s = %u:%u", f->name, (uint32_t)(get_be64(p) >> 32),
				      (uint32_t)get_be64(p));
			break;
		default:
			xfs_dump_line(d, "%s = 0x%08x", f->name, get_le32(p));
		}
	}
}
#define FIELDS(d, table, base) dump_fields(d, table, ARRAY_SIZE(table), base)

static void dump_crc(struct xfs_dump *d, const uint8_t *buf, uint32_t len, uint32_t off)
{
	if (!xfs_cksum_ok(buf, len, off))
		xfs_dump_line(d, "checksum: 0x%08x is wrong, 0x%08x would be right",
			      get_le32(buf + off), xfs_cksum(buf, len, off));
}

#define SB(m, as) F(struct xfs_dsb, m, as)
static const struct field sb_fields[] = {
	SB(sb_magicnum, 'x'),
	SB(sb_blocksize, 'u'),
	SB(sb_dblocks, 'u'),
	SB(sb_rblocks, 'u'),
	SB(sb_rextents, 'u'),
	SB(sb_uuid, 'U'),
	SB(sb_logstart, 'u'),
	SB(sb_rootino, 'u'),
	SB(sb_rbmino, 'u'),
	SB(sb_rsumino, 'u'),
	SB(sb_rextsize, 'u'),
	SB(sb_agblocks, 'u'),
	SB(sb_agcount, 'u'),
	SB(sb_rbmblocks, 'u'),
	SB(sb_logblocks, 'u'),
	SB(sb_versionnum, 'x'),
	SB(sb_sectsize, 'u'),
	SB(sb_inodesize, 'u'),
	SB(sb_inopblock, 'u'),
	SB(sb_fname, 's'),
	SB(sb_blocklog, 'u'),
	SB(sb_sectlog, 'u'),
	SB(sb_inodelog, 'u'),
	SB(sb_inopblog, 'u'),
	SB(sb_agblklog, 'u'),
	SB(sb_rextslog, 'u'),
	SB(sb_inprogress, 'u'),
	SB(sb_imax_pct, 'u'),
	SB(sb_icount, 'u'),
	SB(sb_ifree, 'u'),
	SB(sb_fdblocks, 'u'),
	SB(sb_frextents, 'u'),
	SB(sb_uquotino, 'u'),
	SB(sb_gquotino, 'u'),
	SB(sb_qflags, 'x'),
	SB(sb_flags, 'x'),
	SB(sb_shared_vn, 'u'),
	SB(sb_inoalignmt, 'u'),
	SB(sb_unit, 'u'),
	SB(sb_width, 'u'),
	SB(sb_dirblklog, 'u'),
	SB(sb_logsectlog, 'u'),
	SB(sb_logsectsize, 'u'),
	SB(sb_logsunit, 'u'),
	SB(sb_features2, 'x'),
	SB(sb_bad_features2, 'x'),
	SB(sb_features_compat, 'x'),
	SB(sb_features_ro_compat, 'x'),
	SB(sb_features_incompat, 'x'),
	SB(sb_features_log_incompat, 'x'),
	SB(sb_crc, 'c'),
	SB(sb_spino_align, 'u'),
	SB(sb_pquotino, 'u'),
	SB(sb_lsn, 'l'),
	SB(sb_meta_uuid, 'U'),
};
static const struct field sb_metadir_fields[] = {
	SB(sb_metadirino, 'u'), SB(sb_rgcount, 'u'), SB(sb_rgextents, 'u'), SB(sb_rgblklog, 'u'),
	SB(sb_rtstart, 'u'), SB(sb_rtreserved, 'u'),
};

void xfs_dump_sb(struct xfs_dump *d, const uint8_t *sector)
{
	const struct xfs_dsb *sb = (const void *)sector;
	uint32_t len = be16_to_cpu(sb->sb_sectsize);

	FIELDS(d, sb_fields, sector);
	if (be32_to_cpu(sb->sb_features_incompat) & XFS_SB_FEAT_INCOMPAT_METADIR)
		FIELDS(d, sb_metadir_fields, sector);
	if (len >= XFS_MIN_SECTORSIZE && len <= XFS_MAX_SECTORSIZE)
		dump_crc(d, sector, len, XFS_SB_CRC_OFF);
}

#define AGF(m, as) F(struct xfs_agf, m, as)
static const struct field agf_fields[] = {
	AGF(agf_magicnum, 'x'), AGF(agf_versionnum, 'u'), AGF(agf_seqno, 'u'), AGF(agf_length, 'u'),
	AGF(agf_bno_root, 'u'), AGF(agf_cnt_root, 'u'), AGF(agf_rmap_root, 'u'),
	AGF(agf_bno_level, 'u'), AGF(agf_cnt_level, 'u'), AGF(agf_rmap_level, 'u'),
	AGF(agf_flfirst, 'u'), AGF(agf_fllast, 'u'), AGF(agf_flcount, 'u'), AGF(agf_freeblks, 'u'),
	AGF(agf_longest, 'u'), AGF(agf_btreeblks, 'u'), AGF(agf_uuid, 'U'),
	AGF(agf_rmap_blocks, 'u'), AGF(agf_refcount_blocks, 'u'), AGF(agf_refcount_root, 'u'),
	AGF(agf_refcount_level, 'u'), AGF(agf_lsn, 'l'), AGF(agf_crc, 'c'),
};

void xfs_dump_agf(struct xfs_dump *d, const uint8_t *sector)
{
	FIELDS(d, agf_fields, sector);
	dump_crc(d, sector, d->chk->g.sectsize, XFS_AGF_CRC_OFF);
}

#define AGI(m, as) F(struct xfs_agi, m, as)
static const struct field agi_fields[] = {
	AGI(agi_magicnum, 'x'), AGI(agi_versionnum, 'u'), AGI(agi_seqno, 'u'), AGI(agi_length, 'u'),
	AGI(agi_count, 'u'), AGI(agi_root, 'u'), AGI(agi_level, 'u'), AGI(agi_freecount, 'u'),
	AGI(agi_newino, 'u'), AGI(agi_dirino, 'u'), AGI(agi_uuid, 'U'), AGI(agi_crc, 'c'),
	AGI(agi_lsn, 'l'), AGI(agi_free_root, 'u'), AGI(agi_free_level, 'u'), AGI(agi_iblocks, 'u'),
	AGI(agi_fblocks, 'u'),
};

void xfs_dump_agi(struct xfs_dump *d, const uint8_t *sector)
{
	const struct xfs_agi *agi = (const void *)sector;

	FIELDS(d, agi_fields, sector);
	for (unsigned int i = 0; i < XFS_AGI_UNLINKED_BUCKETS; i++) {
		if (be32_to_cpu(agi->agi_unlinked[i]) != NULLAGINO)
			xfs_dump_line(d, "agi_unlinked[%u] = %u", i,
				      be32_to_cpu(agi->agi_unlinked[i]));
	}
	dump_crc(d, sector, d->chk->g.sectsize, XFS_AGI_CRC_OFF);
}

#define AGFL(m, as) F(struct xfs_agfl, m, as)
static const struct field agfl_fields[] = {
	AGFL(agfl_magicnum, 'x'), AGFL(agfl_seqno, 'u'), AGFL(agfl_uuid, 'U'), AGFL(agfl_lsn, 'l'),
	AGFL(agfl_crc, 'c'),
};

void xfs_dump_agfl(struct xfs_dump *d, const uint8_t *sector, const uint8_t *agf_sector)
{
	const struct xfs_agfl *agfl = (const void *)sector;
	const struct xfs_agf *agf = (const void *)agf_sector;
	uint32_t slots = d->chk->g.agfl_slots, first = be32_to_cpu(agf->agf_flfirst);

	FIELDS(d, agfl_fields, sector);
	for (uint32_t i = 0; i < slots; i++) {
		uint32_t agbno = be32_to_cpu(agfl->agfl_bno[i]);
		bool active = (i + slots - first % slots) % slots < be32_to_cpu(agf->agf_flcount);

		if (active || agbno != NULLAGBLOCK)
			xfs_dump_line(d, "agfl_bno[%u] = %u%s", i, agbno,
				      active ? "" : " (not active)");
	}
	dump_crc(d, sector, d->chk->g.sectsize, XFS_AGFL_CRC_OFF);
}

#define DI(m, as) F(struct xfs_dinode, m, as)
static const struct field inode_fields[] = {
	DI(di_magic, 'x'), DI(di_mode, 'x'), DI(di_version, 'u'), DI(di_format, 'u'),
	DI(di_metatype, 'u'), DI(di_uid, 'u'), DI(di_gid, 'u'), DI(di_nlink, 'u'),
	DI(di_projid_lo, 'u'), DI(di_projid_hi, 'u'), DI(di_atime, 'x'), DI(di_mtime, 'x'),
	DI(di_ctime, 'x'), DI(di_size, 'u'), DI(di_nblocks, 'u'), DI(di_extsize, 'u'),
	DI(di_forkoff, 'u'), DI(di_aformat, 'u'), DI(di_flags, 'x'), DI(di_gen, 'x'),
	DI(di_next_unlinked, 'u'), DI(di_crc, 'c'), DI(di_changecount, 'u'), DI(di_lsn, 'l'),
	DI(di_flags2, 'x'), DI(di_cowextsize, 'u'), DI(di_crtime, 'x'), DI(di_ino, 'u'),
	DI(di_uuid, 'U'),
};

void xfs_dump_inode(struct xfs_dump *d, const uint8_t *inode)
{
	const struct xfs_dinode *dip = (const void *)inode;

	FIELDS(d, inode_fields, inode);
	if (be64_to_cpu(dip->di_flags2) & XFS_DIFLAG2_NREXT64) {
		xfs_dump_line(d, "di_big_nextents = %" PRIu64, be64_to_cpu(dip->di_big_nextents));
		xfs_dump_line(d, "di_big_anextents = %u", be32_to_cpu(dip->di_big_anextents));
	} else {
		xfs_dump_line(d, "di_nextents = %u", be32_to_cpu(dip->di_nextents));
		xfs_dump_line(d, "di_anextents = %u", be16_to_cpu(dip->di_anextents));
	}
	dump_crc(d, inode, d->chk->g.isize, XFS_DINODE_CRC_OFF);
}

/* ---- tree blocks ---- */

struct tree {
	uint32_t magic;
	bool lp;
	uint8_t rec, key, ptr;		/* sizes in leaf and node */
};

#define RMAP_KEYS	(2 * sizeof(struct xfs_rmap_key))	/* low and high */

static const struct tree trees[] = {
#define SHORT(rec, key)	false, sizeof(struct rec), key, sizeof(be32_t)
#define LONG(rec, key)	true, sizeof(struct rec), key, sizeof(be64_t)
	{ XFS_ABTB_CRC_MAGIC, SHORT(xfs_alloc_rec, sizeof(struct xfs_alloc_rec)) },
	{ XFS_ABTC_CRC_MAGIC, SHORT(xfs_alloc_rec, sizeof(struct xfs_alloc_rec)) },
	{ XFS_IBT_CRC_MAGIC, SHORT(xfs_inobt_rec, sizeof(struct xfs_inobt_key)) },
	{ XFS_FIBT_CRC_MAGIC, SHORT(xfs_inobt_rec, sizeof(struct xfs_inobt_key)) },
	{ XFS_RMAP_CRC_MAGIC, SHORT(xfs_rmap_rec, RMAP_KEYS) },
	{ XFS_REFC_CRC_MAGIC, SHORT(xfs_refcount_rec, sizeof(struct xfs_refcount_key)) },
	{ XFS_BMAP_CRC_MAGIC, LONG(xfs_bmbt_rec, sizeof(struct xfs_bmbt_key)) },
	{ XFS_RTRMAP_CRC_MAGIC, LONG(xfs_rmap_rec, RMAP_KEYS) },
	{ XFS_RTREFC_CRC_MAGIC, LONG(xfs_refcount_rec, sizeof(struct xfs_refcount_key)) },
#undef SHORT
#undef LONG
};

#define BB(m, as) F(struct xfs_btree_block, m, as)
static const struct field btree_fields[] = {
	BB(bb_magic, 'x'), BB(bb_level, 'u'), BB(bb_numrecs, 'u'),
};
#define BU(part, m, as) { #m, offsetof(struct xfs_btree_block, bb_u.part.m), \
			  sizeof(((struct xfs_btree_block *)0)->bb_u.part.m), as }
static const struct field short_fields[] = {
	BU(s, bb_leftsib, 'u'), BU(s, bb_rightsib, 'u'), BU(s, bb_blkno, 'u'),
	BU(s, bb_lsn, 'l'), BU(s, bb_uuid, 'U'), BU(s, bb_owner, 'u'),
	BU(s, bb_crc, 'c'),
};
static const struct field long_fields[] = {
	BU(l, bb_leftsib, 'u'), BU(l, bb_rightsib, 'u'), BU(l, bb_blkno, 'u'),
	BU(l, bb_lsn, 'l'), BU(l, bb_uuid, 'U'), BU(l, bb_owner, 'u'),
	BU(l, bb_crc, 'c'),
};

static void dump_rmap_rec(struct xfs_dump *d, uint32_t i, const struct xfs_rmap_rec *r)
{
	uint64_t off = be64_to_cpu(r->rm_offset);

	xfs_dump_line(d,
		      "rec %u: startblock %u, blockcount %u, owner %" PRId64 ", offset %" PRIu64
		      "%s%s%s",
		      i, be32_to_cpu(r->rm_startblock), be32_to_cpu(r->rm_blockcount),
		      (int64_t)be64_to_cpu(r->rm_owner), (uint64_t)XFS_RMAP_OFF(off),
		      off & XFS_RMAP_OFF_ATTR_FORK ? " attr" : "",
		      off & XFS_RMAP_OFF_BMBT_BLOCK ? " bmbt" : "",
		      off & XFS_RMAP_OFF_UNWRITTEN ? " unwritten" : "");
}

static void dump_refcount_rec(struct xfs_dump *d, uint32_t i, const struct xfs_refcount_rec *r)
{
	uint32_t start = be32_to_cpu(r->rc_startblock);

	xfs_dump_line(d, "rec %u: startblock %u%s, blockcount %u, refcount %u", i,
		      start & ~XFS_REFC_COWFLAG, start & XFS_REFC_COWFLAG ? " (cow)" : "",
		      be32_to_cpu(r->rc_blockcount), be32_to_cpu(r->rc_refcount));
}

static void dump_bmbt_rec(struct xfs_dump *d, uint32_t i, const struct xfs_bmbt_rec *r)
{
	uint64_t l0 = be64_to_cpu(r->l0), l1 = be64_to_cpu(r->l1);

	xfs_dump_line(d, "rec %u: startoff %" PRIu64 ", startblock %" PRIu64 ", blockcount %u%s", i,
		      l0 << 1 >> 10, (l0 & 0x1ff) << 43 | l1 >> 21,
		      (uint32_t)(l1 & XFS_MAX_BMBT_EXTLEN), l0 >> 63 ? ", unwritten" : "");
}

static void dump_inobt_rec(struct xfs_dump *d, uint32_t i, const struct xfs_inobt_rec *r)
{
	if (d->chk->g.spinodes)
		xfs_dump_line(d,
			      "rec %u: startino %u, holemask 0x%04x, count %u, freecount %u, "
			      "free 0x%016" PRIx64,
			      i, be32_to_cpu(r->ir_startino), be16_to_cpu(r->ir_holemask),
			      r->ir_count, r->ir_freecount, be64_to_cpu(r->ir_free));
	else
		xfs_dump_line(d, "rec %u: startino %u, freecount %u, free 0x%016" PRIx64, i,
			      be32_to_cpu(r->ir_startino), be32_to_cpu(r->ir_freecount_full),
			      be64_to_cpu(r->ir_free));
}

static void dump_rec(struct xfs_dump *d, const struct tree *t, uint32_t i, const uint8_t *p)
{
	const struct xfs_alloc_rec *alloc = (const void *)p;

	switch (t->magic) {
	case XFS_ABTB_CRC_MAGIC:
	case XFS_ABTC_CRC_MAGIC:
		xfs_dump_line(d, "rec %u: startblock %u, blockcount %u", i,
			      be32_to_cpu(alloc->ar_startblock), be32_to_cpu(alloc->ar_blockcount));
		break;
	case XFS_REFC_CRC_MAGIC:
	case XFS_RTREFC_CRC_MAGIC:
		dump_refcount_rec(d, i, (const void *)p);
		break;
	case XFS_RMAP_CRC_MAGIC:
	case XFS_RTRMAP_CRC_MAGIC:
		dump_rmap_rec(d, i, (const void *)p);
		break;
	case XFS_BMAP_CRC_MAGIC:
		dump_bmbt_rec(d, i, (const void *)p);
		break;
	default:
		dump_inobt_rec(d, i, (const void *)p);
	}
}

static void dump_key(struct xfs_dump *d, const struct tree *t, uint32_t i, const uint8_t *p,
		     uint64_t ptr)
{
	const struct xfs_alloc_rec *alloc = (const void *)p;
	const struct xfs_rmap_key *low = (const void *)p, *high = low + 1;

	switch (t->magic) {
	case XFS_RMAP_CRC_MAGIC:
	case XFS_RTRMAP_CRC_MAGIC:
		xfs_dump_line(d,
			      "key %u: low %u, %" PRId64 ", 0x%" PRIx64 "; high %u, %" PRId64
			      ", 0x%" PRIx64 "; ptr %" PRIu64,
			      i, be32_to_cpu(low->rm_startblock), (int64_t)be64_to_cpu(low->rm_owner),
			      be64_to_cpu(low->rm_offset), be32_to_cpu(high->rm_startblock),
			      (int64_t)be64_to_cpu(high->rm_owner), be64_to_cpu(high->rm_offset), ptr);
		break;
	case XFS_ABTB_CRC_MAGIC:
	case XFS_ABTC_CRC_MAGIC:
		xfs_dump_line(d, "key %u: startblock %u, blockcount %u; ptr %" PRIu64, i,
			      be32_to_cpu(alloc->ar_startblock), be32_to_cpu(alloc->ar_blockcount),
			      ptr);
		break;
	default:
		xfs_dump_line(d, "key %u: %" PRIu64 "; ptr %" PRIu64, i, number(p, t->key), ptr);
	}
}

static void dump_tree_block(struct xfs_dump *d, const struct tree *t, const uint8_t *buf)
{
	const struct xfs_btree_block *block = (const void *)buf;
	uint32_t bs = d->chk->g.blocksize,
		 hdr = t->lp ? XFS_BTREE_LBLOCK_LEN : XFS_BTREE_SBLOCK_LEN;
	uint32_t level = be16_to_cpu(block->bb_level), nr = be16_to_cpu(block->bb_numrecs);
	uint32_t max = (bs - hdr) / (level ? (uint32_t)t->key + t->ptr : t->rec);

	FIELDS(d, btree_fields, buf);
	if (t->lp)
		FIELDS(d, long_fields, buf);
	else
		FIELDS(d, short_fields, buf);
	dump_crc(d, buf, bs, t->lp ? XFS_BTREE_LBLOCK_CRC_OFF : XFS_BTREE_SBLOCK_CRC_OFF);
	for (uint32_t i = 0; i < XFS_MIN(nr, max); i++) {
		if (!level)
			dump_rec(d, t, i, buf + hdr + (size_t)i * t->rec);
		else
			dump_key(d, t, i, buf + hdr + (size_t)i * t->key,
				 number(buf + hdr + (size_t)max * t->key + (size_t)i * t->ptr,
					t->ptr));
	}
}

/* ---- directory and attribute blocks ---- */

#define DH(m, as) F(struct xfs_dir3_data_hdr, m, as)
static const struct field data_fields[] = {
	DH(magic, 'x'), DH(crc, 'c'), DH(blkno, 'u'), DH(lsn, 'l'), DH(uuid, 'U'), DH(owner, 'u'),
};
#define FH(m, as) F(struct xfs_dir3_free_hdr, m, as)
static const struct field free_fields[] = {
	FH(magic, 'x'), FH(crc, 'c'), FH(blkno, 'u'), FH(lsn, 'l'), FH(uuid, 'U'), FH(owner, 'u'),
	FH(firstdb, 'u'), FH(nvalid, 'u'), FH(nused, 'u'),
};
#define DA(m, as) F(struct xfs_da3_blkinfo, m, as)
static const struct field da_fields[] = {
	DA(forw, 'u'), DA(back, 'u'), DA(magic, 'x'), DA(crc, 'c'), DA(blkno, 'u'), DA(lsn, 'l'),
	DA(uuid, 'U'), DA(owner, 'u'),
};
#define AL(m, as) F(struct xfs_attr3_leaf_hdr, m, as)
static const struct field attr_fields[] = {
	AL(count, 'u'), AL(usedbytes, 'u'), AL(firstused, 'u'), AL(holes, 'u'),
};
#define RH(m, as) F(struct xfs_attr3_rmt_hdr, m, as)
static const struct field rmt_fields[] = {
	RH(rm_magic, 'x'), RH(rm_offset, 'u'), RH(rm_bytes, 'u'), RH(rm_crc, 'c'), RH(rm_uuid, 'U'),
	RH(rm_owner, 'u'), RH(rm_blkno, 'u'), RH(rm_lsn, 'l'),
};
#define SL(m, as) F(struct xfs_dsymlink_hdr, m, as)
static const struct field symlink_fields[] = {
	SL(sl_magic, 'x'), SL(sl_offset, 'u'), SL(sl_bytes, 'u'), SL(sl_crc, 'c'), SL(sl_uuid, 'U'),
	SL(sl_owner, 'u'), SL(sl_blkno, 'u'), SL(sl_lsn, 'l'),
};

/* Number of entries of @size bytes that fit into @bytes. */
static uint32_t room(size_t bytes, size_t size)
{
	return (uint32_t)(bytes / size);
}

static void dump_hash_entries(struct xfs_dump *d, const struct xfs_dir2_leaf_entry *ents,
			      uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		uint32_t addr = be32_to_cpu(ents[i].address);

		xfs_dump_line(d, "ent %u: hashval 0x%08x, address %u%s", i,
			      be32_to_cpu(ents[i].hashval), addr, addr ? "" : " (stale)");
	}
}

static void dump_bests(struct xfs_dump *d, const be16_t *bests, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		uint32_t best = be16_to_cpu(bests[i]);

		xfs_dump_line(d, "bests[%u] = %u%s", i, best,
			      best == XFS_DIR2_NULL_DATAOFF ? " (none)" : "");
	}
}

static void dump_data(struct xfs_dump *d, const uint8_t *buf, uint32_t len, bool block)
{
	const struct xfs_dir3_data_hdr *hdr = (const void *)buf;
	const struct xfs_dir2_block_tail *tail = (const void *)(buf + len - sizeof(*tail));
	const size_t hash_entry = sizeof(struct xfs_dir2_leaf_entry);
	uint32_t end = len, off = sizeof(*hdr), count = 0;

	FIELDS(d, data_fields, buf);
	dump_crc(d, buf, len, XFS_DIR3_DATA_CRC_OFF);
	for (unsigned int i = 0; i < XFS_DIR2_DATA_FD_COUNT; i++)
		xfs_dump_line(d, "best_free[%u] = {offset %u, length %u}", i,
			      be16_to_cpu(hdr->best_free[i].offset),
			      be16_to_cpu(hdr->best_free[i].length));
	if (block) {
		count = XFS_MIN(be32_to_cpu(tail->count),
				room(len - sizeof(*tail) - sizeof(*hdr), hash_entry));
		end = len - (uint32_t)(sizeof(*tail) + count * hash_entry);
	}
	while (off + XFS_DIR2_DATA_ALIGN <= end) {
		const struct xfs_dir2_data_unused *unused = (const void *)(buf + off);
		const struct xfs_dir2_data_entry *ent = (const void *)(buf + off);
		uint32_t size;

		if (be16_to_cpu(unused->freetag) == XFS_DIR2_DATA_FREE_TAG) {
			size = be16_to_cpu(unused->length);
			xfs_dump_line(d, "%u: free, length %u", off, size);
		} else {
			/*
			 * With only XFS_DIR2_DATA_ALIGN bytes left there is no name length to read.
			 */
			if (end - off < sizeof(*ent))
				break;
			size = xfs_dir2_data_entsize(ent->namelen);
			if (size > end - off)
				break;
			xfs_dump_line(d, "%u: inumber %" PRIu64 ", filetype %u, name \"%s\"", off,
				      be64_to_cpu(ent->inumber), ent->name[ent->namelen],
				      xfs_check_name(ent->name, ent->namelen).s);
		}
		if (size < XFS_DIR2_DATA_ALIGN || size > end - off)
			break;
		off += size;
	}
	if (off != end)
		xfs_dump_line(d, "%u: no record", off);
	if (block) {
		xfs_dump_line(d, "count = %u, stale = %u", be32_to_cpu(tail->count),
			      be32_to_cpu(tail->stale));
		dump_hash_entries(d, (const void *)(buf + end), count);
	}
}

static void dump_free_index(struct xfs_dump *d, const uint8_t *buf, uint32_t len)
{
	const struct xfs_dir3_free *index = (const void *)buf;

	FIELDS(d, free_fields, buf);
	dump_crc(d, buf, len, XFS_DIR3_DATA_CRC_OFF);
	dump_bests(d, index->bests, XFS_MIN(be32_to_cpu(index->hdr.nvalid),
					    room(len - sizeof(*index), sizeof(index->bests[0]))));
}

static void dump_leaf(struct xfs_dump *d, const uint8_t *buf, uint32_t len, bool leaf1)
{
	const struct xfs_dir3_leaf *leaf = (const void *)buf;
	const struct xfs_dir2_leaf_tail *tail = (const void *)(buf + len - sizeof(*tail));
	uint32_t count = be16_to_cpu(leaf->hdr.count), bests;

	FIELDS(d, da_fields, buf);
	dump_crc(d, buf, len, XFS_DA3_CRC_OFF);
	xfs_dump_line(d, "count = %u", count);
	xfs_dump_line(d, "stale = %u", be16_to_cpu(leaf->hdr.stale));
	dump_hash_entries(d, leaf->ents, XFS_MIN(count, room(len - sizeof(*leaf),
							     sizeof(leaf->ents[0]))));
	if (!leaf1)
		return;
	bests = be32_to_cpu(tail->bestcount);
	xfs_dump_line(d, "bestcount = %u", bests);
	bests = XFS_MIN(bests, room(len - sizeof(*leaf) - sizeof(*tail), sizeof(be16_t)));
	dump_bests(d, (const be16_t *)(const void *)tail - bests, bests);
}

static void dump_node(struct xfs_dump *d, const uint8_t *buf, uint32_t len)
{
	const struct xfs_da3_intnode *node = (const void *)buf;
	uint32_t count = be16_to_cpu(node->hdr.count);

	FIELDS(d, da_fields, buf);
	dump_crc(d, buf, len, XFS_DA3_CRC_OFF);
	xfs_dump_line(d, "count = %u", count);
	xfs_dump_line(d, "level = %u", be16_to_cpu(node->hdr.level));
	count = XFS_MIN(count, room(len - sizeof(*node), sizeof(node->btree[0])));
	for (uint32_t i = 0; i < count; i++)
		xfs_dump_line(d, "btree %u: hashval 0x%08x, before %u", i,
			      be32_to_cpu(node->btree[i].hashval),
			      be32_to_cpu(node->btree[i].before));
}

static const char *attr_space(uint8_t flags)
{
	switch (flags & XFS_ATTR_NSP_ONDISK_MASK) {
	case 0:
		return "user";
	case XFS_ATTR_ROOT:
		return "trusted";
	case XFS_ATTR_SECURE:
		return "security";
	case XFS_ATTR_PARENT:
		return "parent";
	default:
		return "?";
	}
}

static void dump_parent(struct xfs_dump *d, const uint8_t *value)
{
	const struct xfs_parent_rec *rec = (const void *)value;

	xfs_dump_line(d, "    p_ino %" PRIu64 ", p_gen 0x%x", be64_to_cpu(rec->p_ino),
		      be32_to_cpu(rec->p_gen));
}

/* @room_bytes: bytes of the block after the name. */
static void dump_attr_local(struct xfs_dump *d, const struct xfs_attr_leaf_entry *e,
			    const struct xfs_attr_leaf_name_local *l, uint32_t room_bytes)
{
	uint32_t len = XFS_MIN((uint32_t)be16_to_cpu(l->valuelen), room_bytes);
	const uint8_t *value = l->nameval + l->namelen;

	xfs_dump_line(d, "    %s \"%s\" = \"%s\" (%u bytes)", attr_space(e->flags),
		      xfs_check_name(l->nameval, l->namelen).s, xfs_check_name(value, len).s,
		      be16_to_cpu(l->valuelen));
	if ((e->flags & XFS_ATTR_PARENT) && len == sizeof(struct xfs_parent_rec))
		dump_parent(d, value);
}

static void dump_attr_entry(struct xfs_dump *d, const uint8_t *buf, uint32_t len,
			    const struct xfs_attr_leaf_entry *e)
{
	uint32_t idx = be16_to_cpu(e->nameidx), left = len - XFS_MIN(len, idx);
	const struct xfs_attr_leaf_name_local *l = (const void *)(buf + idx);
	const struct xfs_attr_leaf_name_remote *r = (const void *)(buf + idx);

	if (e->flags & XFS_ATTR_LOCAL) {
		if (left >= sizeof(*l) && left >= sizeof(*l) + l->namelen)
			dump_attr_local(d, e, l, left - (uint32_t)sizeof(*l) - l->namelen);
	} else if (left >= sizeof(*r) && left >= sizeof(*r) + r->namelen) {
		xfs_dump_line(d, "    %s \"%s\", valueblk %u, valuelen %u", attr_space(e->flags),
			      xfs_check_name(r->name, r->namelen).s, be32_to_cpu(r->valueblk),
			      be32_to_cpu(r->valuelen));
	}
}

static void dump_attr_leaf(struct xfs_dump *d, const uint8_t *buf, uint32_t len)
{
	const struct xfs_attr3_leafblock *leaf = (const void *)buf;
	uint32_t count = be16_to_cpu(leaf->hdr.count);

	FIELDS(d, da_fields, buf);
	dump_crc(d, buf, len, XFS_DA3_CRC_OFF);
	FIELDS(d, attr_fields, buf);
	for (unsigned int i = 0; i < XFS_ATTR_LEAF_MAPSIZE; i++)
		xfs_dump_line(d, "freemap[%u] = {base %u, size %u}", i,
			      be16_to_cpu(leaf->hdr.freemap[i].base),
			      be16_to_cpu(leaf->hdr.freemap[i].size));
	count = XFS_MIN(count, room(len - sizeof(*leaf), sizeof(leaf->entries[0])));
	for (uint32_t i = 0; i < count; i++) {
		const struct xfs_attr_leaf_entry *e = &leaf->entries[i];

		xfs_dump_line(d, "entry %u: hashval 0x%08x, nameidx %u, flags 0x%02x", i,
			      be32_to_cpu(e->hashval), be16_to_cpu(e->nameidx), e->flags);
		dump_attr_entry(d, buf, len, e);
	}
}

void xfs_dump_attr_sf(struct xfs_dump *d, const uint8_t *fork, uint32_t len)
{
	const struct xfs_attr_sf_hdr *hdr = (const void *)fork;
	const uint8_t *p = (const uint8_t *)(hdr + 1);
	const uint8_t *end = fork + XFS_MIN(len, (uint32_t)be16_to_cpu(hdr->totsize));

	xfs_dump_line(d, "totsize = %u", be16_to_cpu(hdr->totsize));
	xfs_dump_line(d, "count = %u", hdr->count);
	for (uint32_t i = 0; i < hdr->count; i++) {
		const struct xfs_attr_sf_entry *e = (const void *)p;
		const uint8_t *value;

		if (end - p < (ptrdiff_t)sizeof(*e) ||
		    end - p < (ptrdiff_t)sizeof(*e) + e->namelen + e->valuelen)
			break;
		value = e->nameval + e->namelen;
		xfs_dump_line(d, "entry %u: flags 0x%02x, %s \"%s\" = \"%s\" (%u bytes)", i, e->flags,
			      attr_space(e->flags), xfs_check_name(e->nameval, e->namelen).s,
			      xfs_check_name(value, e->valuelen).s, e->valuelen);
		if ((e->flags & XFS_ATTR_PARENT) && e->valuelen == sizeof(struct xfs_parent_rec))
			dump_parent(d, value);
		p = value + e->valuelen;
	}
}

const struct xfs_dir2_sf_entry *xfs_dump_sf_next(const uint8_t *fork, uint32_t len, uint32_t *i,
						 const struct xfs_dir2_sf_entry *prev, xfs_ino_t *ino)
{
	const struct xfs_dir2_sf_hdr *hdr = (const void *)fork;
	uint32_t inolen = hdr->i8count ? sizeof(be64_t) : sizeof(be32_t);
	const uint8_t *p = prev ? prev->name + prev->namelen + 1 + inolen : hdr->parent + inolen;
	const struct xfs_dir2_sf_entry *e = (const void *)p;
	ptrdiff_t left = fork + len - p;

	if ((*i)++ >= hdr->count || left < (ptrdiff_t)sizeof(*e) ||
	    left < (ptrdiff_t)sizeof(*e) + e->namelen + 1 + (ptrdiff_t)inolen)
		return NULL;
	*ino = number(e->name + e->namelen + 1, inolen);	/* after the file type */
	return e;
}

void xfs_dump_dir_sf(struct xfs_dump *d, const uint8_t *fork, uint32_t len)
{
	const struct xfs_dir2_sf_hdr *hdr = (const void *)fork;
	const struct xfs_dir2_sf_entry *e = NULL;
	uint32_t i = 0;
	xfs_ino_t ino;

	xfs_dump_line(d, "count = %u", hdr->count);
	xfs_dump_line(d, "i8count = %u", hdr->i8count);
	xfs_dump_line(d, "parent = %" PRIu64,
		      number(hdr->parent, hdr->i8count ? sizeof(be64_t) : sizeof(be32_t)));
	while ((e = xfs_dump_sf_next(fork, len, &i, e, &ino)) != NULL)
		xfs_dump_line(d, "%u: inumber %" PRIu64 ", filetype %u, name \"%s\"",
			      be16_to_cpu(e->offset), ino, e->name[e->namelen],
			      xfs_check_name(e->name, e->namelen).s);
}

static void dump_hex(struct xfs_dump *d, const uint8_t *buf, uint32_t len)
{
	const be32_t *w;

	for (uint32_t off = 0; off + 4 * sizeof(*w) <= len; off += 4 * (uint32_t)sizeof(*w)) {
		w = (const void *)(buf + off);
		if (!xfs_check_zeros(w, 4 * sizeof(*w)))
			xfs_dump_line(d, "%04x: %08x %08x %08x %08x", off, be32_to_cpu(w[0]),
				      be32_to_cpu(w[1]), be32_to_cpu(w[2]), be32_to_cpu(w[3]));
	}
}

void xfs_dump_block(struct xfs_dump *d, const uint8_t *buf, uint32_t len)
{
	uint32_t magic = get_be32(buf), isize = d->chk->g.isize;
	uint16_t da_magic = get_be16(buf + offsetof(struct xfs_da3_blkinfo, magic));

	for (size_t i = 0; i < ARRAY_SIZE(trees); i++) {
		if (trees[i].magic == magic) {
			dump_tree_block(d, &trees[i], buf);
			return;
		}
	}
	switch (magic) {
	case XFS_DIR3_BLOCK_MAGIC:
	case XFS_DIR3_DATA_MAGIC:
		dump_data(d, buf, len, magic == XFS_DIR3_BLOCK_MAGIC);
		return;
	case XFS_DIR3_FREE_MAGIC:
		dump_free_index(d, buf, len);
		return;
	case XFS_ATTR3_RMT_MAGIC:
		FIELDS(d, rmt_fields, buf);
		dump_crc(d, buf, len, XFS_ATTR3_RMT_CRC_OFF);
		return;
	case XFS_SYMLINK_MAGIC:
		FIELDS(d, symlink_fields, buf);
		dump_hex(d, buf + sizeof(struct xfs_dsymlink_hdr),
			 len - (uint32_t)sizeof(struct xfs_dsymlink_hdr));
		return;
	case XFS_SB_MAGIC:
		xfs_dump_sb(d, buf);
		return;
	default:
		break;
	}
	switch (da_magic) {
	case XFS_DIR3_LEAF1_MAGIC:
	case XFS_DIR3_LEAFN_MAGIC:
		dump_leaf(d, buf, len, da_magic == XFS_DIR3_LEAF1_MAGIC);
		return;
	case XFS_DA3_NODE_MAGIC:
		dump_node(d, buf, len);
		return;
	case XFS_ATTR3_LEAF_MAGIC:
		dump_attr_leaf(d, buf, len);
		return;
	default:
		break;
	}
	if (get_be16(buf) == XFS_DINODE_MAGIC) {
		for (uint32_t off = 0; off + isize <= len; off += isize) {
			xfs_dump_line(d, "inode at %u:", off);
			xfs_dump_inode(d, buf + off);
		}
		return;
	}
	if (get_be16(buf) == XFS_DQUOT_MAGIC)
		xfs_dump_dquots(d, buf, len);
	else
		dump_hex(d, buf, len);
}
