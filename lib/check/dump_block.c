/* SPDX-License-Identifier: MIT */
/*
 * Structures as text, under the names of their fields.  What is printed may be
 * damaged: counts are cut to what the block can hold, nothing is verified, but
 * a wrong checksum is mentioned.
 */
#include <stdarg.h>
#include <stdio.h>
#include "base/crc32c.h"
#include "check/check_priv.h"
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
	return size == 8 ? get_be64(p) : size == 4 ? get_be32(p) : size == 2 ? get_be16(p) : p[0];
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
			if (f->size > 2 &&
			    number(p, f->size) == (f->size == 8 ? UINT64_MAX : UINT32_MAX))
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
			xfs_dump_line(d, "%s = %u:%u", f->name, get_be32(p), get_be32(p + 4));
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
	uint8_t rec, key, ptr;		/* bytes in leaf and node */
};

static const struct tree trees[] = {
	{ XFS_ABTB_CRC_MAGIC, false, 8, 8, 4 }, { XFS_ABTC_CRC_MAGIC, false, 8, 8, 4 },
	{ XFS_IBT_CRC_MAGIC, false, 16, 4, 4 }, { XFS_FIBT_CRC_MAGIC, false, 16, 4, 4 },
	{ XFS_RMAP_CRC_MAGIC, false, 24, 40, 4 }, { XFS_REFC_CRC_MAGIC, false, 12, 4, 4 },
	{ XFS_BMAP_CRC_MAGIC, true, 16, 8, 8 }, { XFS_RTRMAP_CRC_MAGIC, true, 24, 40, 8 },
	{ XFS_RTREFC_CRC_MAGIC, true, 12, 4, 8 },
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

static void dump_rec(struct xfs_dump *d, const struct tree *t, uint32_t i, const uint8_t *p)
{
	uint64_t off;

	switch (t->rec) {
	case 8:
		xfs_dump_line(d, "rec %u: startblock %u, blockcount %u", i, get_be32(p),
			      get_be32(p + 4));
		break;
	case 12:
		xfs_dump_line(d, "rec %u: startblock %u%s, blockcount %u, refcount %u", i,
			      get_be32(p) & ~XFS_REFC_COWFLAG,
			      get_be32(p) & XFS_REFC_COWFLAG ? " (cow)" : "", get_be32(p + 4),
			      get_be32(p + 8));
		break;
	case 24:
		off = get_be64(p + 16);
		xfs_dump_line(d,
			      "rec %u: startblock %u, blockcount %u, owner %" PRId64
			      ", offset %" PRIu64 "%s%s%s",
			      i, get_be32(p), get_be32(p + 4), (int64_t)get_be64(p + 8),
			      (uint64_t)XFS_RMAP_OFF(off),
			      off & XFS_RMAP_OFF_ATTR_FORK ? " attr" : "",
			      off & XFS_RMAP_OFF_BMBT_BLOCK ? " bmbt" : "",
			      off & XFS_RMAP_OFF_UNWRITTEN ? " unwritten" : "");
		break;
	default:
		if (t->lp) {
			uint64_t l0 = get_be64(p), l1 = get_be64(p + 8);

			xfs_dump_line(d,
				      "rec %u: startoff %" PRIu64 ", startblock %" PRIu64
				      ", blockcount %u%s",
				      i, l0 << 1 >> 10, (l0 & 0x1ff) << 43 | l1 >> 21,
				      (uint32_t)(l1 & XFS_MAX_BMBT_EXTLEN),
				      l0 >> 63 ? ", unwritten" : "");
		} else if (d->chk->g.spinodes) {
			xfs_dump_line(
				d,
				"rec %u: startino %u, holemask 0x%04x, count %u, freecount %u, "
				"free 0x%016" PRIx64,
				i, get_be32(p), get_be16(p + 4), p[6], p[7], get_be64(p + 8));
		} else {
			xfs_dump_line(d, "rec %u: startino %u, freecount %u, free 0x%016" PRIx64, i,
				      get_be32(p), get_be32(p + 4), get_be64(p + 8));
		}
	}
}

static void dump_key(struct xfs_dump *d, const struct tree *t, uint32_t i, const uint8_t *p,
		     uint64_t ptr)
{
	if (t->key == 40)
		xfs_dump_line(d,
			      "key %u: low %u, %" PRId64 ", 0x%" PRIx64 "; high %u, %" PRId64
			      ", 0x%" PRIx64 "; ptr %" PRIu64,
			      i, get_be32(p), (int64_t)get_be64(p + 4), get_be64(p + 12),
			      get_be32(p + 20), (int64_t)get_be64(p + 24), get_be64(p + 32), ptr);
	else if (t->key == 8 && !t->lp)
		xfs_dump_line(d, "key %u: startblock %u, blockcount %u; ptr %" PRIu64, i,
			      get_be32(p), get_be32(p + 4), ptr);
	else
		xfs_dump_line(d, "key %u: %" PRIu64 "; ptr %" PRIu64, i, number(p, t->key), ptr);
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

static void dump_hash_entries(struct xfs_dump *d, const uint8_t *ents, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		uint32_t addr = get_be32(ents + 8 * (size_t)i + 4);

		xfs_dump_line(d, "ent %u: hashval 0x%08x, address %u%s", i,
			      get_be32(ents + 8 * (size_t)i), addr, addr ? "" : " (stale)");
	}
}

static void dump_bests(struct xfs_dump *d, const uint8_t *bests, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		xfs_dump_line(d, "bests[%u] = %u%s", i, get_be16(bests + 2 * (size_t)i),
			      get_be16(bests + 2 * (size_t)i) == XFS_DIR2_NULL_DATAOFF ? " (none)"
										       : "");
}

static void dump_data(struct xfs_dump *d, const uint8_t *buf, uint32_t len, bool block)
{
	const struct xfs_dir3_data_hdr *hdr = (const void *)buf;
	uint32_t end = len, off = sizeof(*hdr), count = 0;

	FIELDS(d, data_fields, buf);
	dump_crc(d, buf, len, XFS_DIR3_DATA_CRC_OFF);
	for (unsigned int i = 0; i < XFS_DIR2_DATA_FD_COUNT; i++)
		xfs_dump_line(d, "best_free[%u] = {offset %u, length %u}", i,
			      be16_to_cpu(hdr->best_free[i].offset),
			      be16_to_cpu(hdr->best_free[i].length));
	if (block) {
		count = XFS_MIN(get_be32(buf + len - 8), (len - 8 - 64) / 8);
		end = len - 8 - 8 * count;
	}
	while (off + XFS_DIR2_DATA_ALIGN <= end) {
		uint32_t size;

		if (get_be16(buf + off) == XFS_DIR2_DATA_FREE_TAG) {
			size = get_be16(buf + off + 2);
			xfs_dump_line(d, "%u: free, length %u", off, size);
		} else {
			size = xfs_dir2_data_entsize(buf[off + 8]);
			if (size > end - off)
				break;
			xfs_dump_line(d, "%u: inumber %" PRIu64 ", filetype %u, name \"%s\"", off,
				      get_be64(buf + off), buf[off + 9 + buf[off + 8]],
				      xfs_check_name(buf + off + 9, buf[off + 8]).s);
		}
		if (size < XFS_DIR2_DATA_ALIGN || size > end - off)
			break;
		off += size;
	}
	if (off != end)
		xfs_dump_line(d, "%u: no record", off);
	if (block) {
		xfs_dump_line(d, "count = %u, stale = %u", get_be32(buf + len - 8),
			      get_be32(buf + len - 4));
		dump_hash_entries(d, buf + end, count);
	}
}

static void dump_free_index(struct xfs_dump *d, const uint8_t *buf, uint32_t len)
{
	uint32_t n = get_be32(buf + offsetof(struct xfs_dir3_free_hdr, nvalid));

	FIELDS(d, free_fields, buf);
	dump_crc(d, buf, len, XFS_DIR3_DATA_CRC_OFF);
	dump_bests(d, buf + sizeof(struct xfs_dir3_free_hdr), XFS_MIN(n, (len - 64) / 2));
}

static void dump_leaf(struct xfs_dump *d, const uint8_t *buf, uint32_t len, bool leaf1)
{
	const struct xfs_dir3_leaf *leaf = (const void *)buf;
	uint32_t count = be16_to_cpu(leaf->hdr.count), bests = get_be32(buf + len - 4);

	FIELDS(d, da_fields, buf);
	dump_crc(d, buf, len, XFS_DA3_CRC_OFF);
	xfs_dump_line(d, "count = %u", count);
	xfs_dump_line(d, "stale = %u", be16_to_cpu(leaf->hdr.stale));
	dump_hash_entries(d, buf + sizeof(*leaf), XFS_MIN(count, (len - 64) / 8));
	if (!leaf1)
		return;
	xfs_dump_line(d, "bestcount = %u", bests);
	bests = XFS_MIN(bests, (len - 64 - 4) / 2);
	dump_bests(d, buf + len - 4 - 2 * (size_t)bests, bests);
}

static void dump_node(struct xfs_dump *d, const uint8_t *buf, uint32_t len)
{
	const struct xfs_da3_intnode *node = (const void *)buf;
	uint32_t count = be16_to_cpu(node->hdr.count);

	FIELDS(d, da_fields, buf);
	dump_crc(d, buf, len, XFS_DA3_CRC_OFF);
	xfs_dump_line(d, "count = %u", count);
	xfs_dump_line(d, "level = %u", be16_to_cpu(node->hdr.level));
	for (uint32_t i = 0; i < XFS_MIN(count, (len - 64) / 8); i++)
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
	xfs_dump_line(d, "    p_ino %" PRIu64 ", p_gen 0x%x", get_be64(value), get_be32(value + 8));
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
	for (uint32_t i = 0; i < XFS_MIN(count, (len - 80) / 8); i++) {
		const struct xfs_attr_leaf_entry *e = &leaf->entries[i];
		uint32_t idx = be16_to_cpu(e->nameidx), hdr = e->flags & XFS_ATTR_LOCAL ? 3 : 9;
		uint32_t namelen, valuelen;

		xfs_dump_line(d, "entry %u: hashval 0x%08x, nameidx %u, flags 0x%02x", i,
			      be32_to_cpu(e->hashval), idx, e->flags);
		if (idx + hdr > len || idx + hdr + buf[idx + hdr - 1] > len)
			continue;
		namelen = buf[idx + hdr - 1];
		if (!(e->flags & XFS_ATTR_LOCAL)) {
			xfs_dump_line(d, "    %s \"%s\", valueblk %u, valuelen %u",
				      attr_space(e->flags),
				      xfs_check_name(buf + idx + hdr, namelen).s,
				      get_be32(buf + idx), get_be32(buf + idx + 4));
			continue;
		}
		valuelen = XFS_MIN((uint32_t)get_be16(buf + idx), len - idx - hdr - namelen);
		xfs_dump_line(d, "    %s \"%s\" = \"%s\" (%u bytes)", attr_space(e->flags),
			      xfs_check_name(buf + idx + hdr, namelen).s,
			      xfs_check_name(buf + idx + hdr + namelen, valuelen).s,
			      get_be16(buf + idx));
		if ((e->flags & XFS_ATTR_PARENT) && valuelen == sizeof(struct xfs_parent_rec))
			dump_parent(d, buf + idx + hdr + namelen);
	}
}

void xfs_dump_attr_sf(struct xfs_dump *d, const uint8_t *fork, uint32_t len)
{
	const uint8_t *p = fork + 4, *end = fork + XFS_MIN(len, (uint32_t)get_be16(fork));

	xfs_dump_line(d, "totsize = %u", get_be16(fork));
	xfs_dump_line(d, "count = %u", fork[2]);
	for (uint32_t i = 0; i < fork[2] && end - p >= 3 && 3 + p[0] + p[1] <= end - p; i++) {
		xfs_dump_line(d, "entry %u: flags 0x%02x, %s \"%s\" = \"%s\" (%u bytes)", i, p[2],
			      attr_space(p[2]), xfs_check_name(p + 3, p[0]).s,
			      xfs_check_name(p + 3 + p[0], p[1]).s, p[1]);
		if ((p[2] & XFS_ATTR_PARENT) && p[1] == sizeof(struct xfs_parent_rec))
			dump_parent(d, p + 3 + p[0]);
		p += 3 + p[0] + p[1];
	}
}

void xfs_dump_dir_sf(struct xfs_dump *d, const uint8_t *fork, uint32_t len)
{
	bool wide = fork[1];
	uint32_t inolen = wide ? 8 : 4;
	const uint8_t *p = fork + 2 + inolen, *end = fork + len;

	xfs_dump_line(d, "count = %u", fork[0]);
	xfs_dump_line(d, "i8count = %u", fork[1]);
	xfs_dump_line(d, "parent = %" PRIu64, number(fork + 2, inolen));
	for (uint32_t i = 0; i < fork[0] && end - p >= 3 && 4 + p[0] + inolen <= (size_t)(end - p);
	     i++) {
		xfs_dump_line(d, "%u: inumber %" PRIu64 ", filetype %u, name \"%s\"",
			      get_be16(p + 1), number(p + 4 + p[0], inolen), p[3 + p[0]],
			      xfs_check_name(p + 3, p[0]).s);
		p += 4 + p[0] + inolen;
	}
}

static void dump_hex(struct xfs_dump *d, const uint8_t *buf, uint32_t len)
{
	for (uint32_t off = 0; off + 16 <= len; off += 16) {
		if (!xfs_check_zeros(buf + off, 16))
			xfs_dump_line(d, "%04x: %08x %08x %08x %08x", off, get_be32(buf + off),
				      get_be32(buf + off + 4), get_be32(buf + off + 8),
				      get_be32(buf + off + 12));
	}
}

void xfs_dump_block(struct xfs_dump *d, const uint8_t *buf, uint32_t len)
{
	uint32_t magic = get_be32(buf), isize = d->chk->g.isize;

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
		dump_hex(d, buf + 56, len - 56);
		return;
	case XFS_SB_MAGIC:
		xfs_dump_sb(d, buf);
		return;
	default:
		break;
	}
	switch (get_be16(buf + 8)) {
	case XFS_DIR3_LEAF1_MAGIC:
	case XFS_DIR3_LEAFN_MAGIC:
		dump_leaf(d, buf, len, get_be16(buf + 8) == XFS_DIR3_LEAF1_MAGIC);
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
	dump_hex(d, buf, len);
}
