/* SPDX-License-Identifier: MIT */
/*
 * Values too long for a leaf: blocks of the fork, each with a header and a part of the value.
 *
 * They are not journalled.  They are on the device before the transaction that makes them visible
 * commits, and their LSN is all ones, so that recovery does not take them for older than the
 * journal.  Writing them at once is right only to blocks that are free on disk, too, so they are
 * allocated like file data.  If no contiguous run of such blocks is left, any blocks will do and
 * the value is journalled after all, in order behind the checkpoint that freed them.  So an
 * allocation cannot fail halfway.
 */
#include "attr/attr_priv.h"
#include "core/message.h"
#include "disk/verify.h"

#define MAX_MAPS	4

const struct xfs_buf_ops xfs_attr3_rmt_buf_ops = {
	.name = "attribute value",
	.blft = XFS_BLFT_ATTR_RMT,
	.has_crc = true,
	.crc_off = XFS_ATTR3_RMT_CRC_OFF,
	.lsn_off = -1,
	.verify = xfs_attr3_rmt_verify,
};

/*
 * Call @fn for every block of the value, with the number of the block in the value.  Holes are
 * corruption.
 */
static int each_block(struct xfs_inode *ip, xfs_dablk_t valueblk, uint32_t nblocks,
		      int (*fn)(void *arg, uint32_t piece, xfs_daddr_t daddr), void *arg)
{
	const struct xfs_geometry *geo = &ip->i_mount->m_geo;
	struct xfs_bmbt_irec maps[MAX_MAPS];
	uint32_t piece = 0;
	int error;

	while (piece < nblocks) {
		int nmaps = MAX_MAPS;

		error = xfs_bmapi_read(ip, valueblk + piece, nblocks - piece, maps, &nmaps,
				       XFS_BMAPI_ATTRFORK);
		if (error)
			return error;
		for (int i = 0; i < nmaps; i++) {
			if (isnullstartblock(maps[i].br_startblock))
				return xfs_corrupt(ip->i_mount, "attribute fork",
						   "inode %" PRIu64 ": block %" PRIu32
						   " of a value is missing",
						   ip->i_ino, valueblk + piece);
			for (uint32_t b = 0; b < maps[i].br_blockcount; b++, piece++) {
				error = fn(arg, piece,
					   XFS_FSB_TO_DADDR(geo, maps[i].br_startblock + b));
				if (error)
					return error;
			}
		}
		if (!nmaps)
			return xfs_corrupt(ip->i_mount, "attribute fork",
					   "inode %" PRIu64 ": a value ends past the fork",
					   ip->i_ino);
	}
	return 0;
}

/* ---- reading ----------------------------------------------------------------------------- */

struct get {
	struct xfs_inode *ip;
	uint32_t valuelen;
	uint8_t *value;
};

static int get_piece(void *arg, uint32_t piece, xfs_daddr_t daddr)
{
	struct get *g = arg;
	struct xfs_mount *mp = g->ip->i_mount;
	uint32_t space = mp->m_geo.attr_rmt_space, off = piece * space;
	xfs_failaddr_t fa;
	struct xfs_buf *bp;
	int error;

	error = xfs_buf_read(mp, daddr, mp->m_geo.blocksize, &xfs_attr3_rmt_buf_ops, &bp);
	if (error)
		return error;
	fa = xfs_attr3_rmt_check(&mp->m_geo, bp->b_addr, g->ip->i_ino, off, g->valuelen);
	if (fa)
		error = xfs_corrupt(mp, "attribute value",
				    "inode %" PRIu64 ", daddr 0x%" PRIx64 ": %s", g->ip->i_ino,
				    (uint64_t)daddr, fa);
	else
		memcpy(g->value + off, (char *)bp->b_addr + sizeof(struct xfs_attr3_rmt_hdr),
		       XFS_MIN(space, g->valuelen - off));
	xfs_buf_put(bp);
	return error;
}

int xfs_attr_rmt_get(struct xfs_inode *ip, xfs_dablk_t valueblk, uint32_t valuelen, void *value)
{
	struct get g = { .ip = ip, .valuelen = valuelen, .value = value };

	return each_block(ip, valueblk,
			  xfs_attr3_rmt_blocks(ip->i_mount->m_geo.blocksize, valuelen), get_piece,
			  &g);
}

/* ---- writing ----------------------------------------------------------------------------- */

struct set {
	struct xfs_attr_args *args;
	bool journalled;
};

static int set_piece(void *arg, uint32_t piece, xfs_daddr_t daddr)
{
	struct set *s = arg;
	struct xfs_attr_args *args = s->args;
	const struct xfs_geometry *geo = args->geo;
	uint32_t off = piece * geo->attr_rmt_space;
	uint32_t len = XFS_MIN(geo->attr_rmt_space, args->valuelen - off);
	struct xfs_attr3_rmt_hdr *hdr;
	struct xfs_buf *bp;
	int error;

	error = xfs_buf_get(args->ip->i_mount, daddr, geo->blocksize, &xfs_attr3_rmt_buf_ops, &bp);
	if (error)
		return error;
	hdr = bp->b_addr;
	hdr->rm_magic = cpu_to_be32(XFS_ATTR3_RMT_MAGIC);
	hdr->rm_offset = cpu_to_be32(off);
	hdr->rm_bytes = cpu_to_be32(len);
	hdr->rm_uuid = geo->meta_uuid;
	hdr->rm_owner = cpu_to_be64(args->ip->i_ino);
	hdr->rm_blkno = cpu_to_be64((uint64_t)daddr);
	hdr->rm_lsn = cpu_to_be64(UINT64_MAX);
	memcpy(hdr + 1, (const char *)args->value + off, len);
	if (s->journalled)
		xfs_trans_log_buf_all(args->tp, bp);
	else
		error = xfs_buf_write(bp);
	xfs_buf_put(bp);
	return error;
}

int xfs_attr_rmt_set(struct xfs_attr_args *args)
{
	uint32_t nblocks = xfs_attr3_rmt_blocks(args->geo->blocksize, args->valuelen), done;
	struct set s = { .args = args };
	struct xfs_bmbt_irec map;
	int error;

	/* Block 0 is the root; no value may begin there. */
	error = xfs_da_find_hole(args->ip, XFS_ATTR_FORK, nblocks, 1, UINT32_MAX, &args->valueblk);
	if (!error)
		error = xfs_buf_prealloc(args->ip->i_mount, args->geo->blocksize, nblocks);
	if (error)
		return error;
	error = xfs_bmapi_write(args->tp, args->ip, args->valueblk, nblocks,
				XFS_BMAPI_ATTRFORK | XFS_BMAPI_CONTIG, &map);
	done = nblocks;
	if (error == -ENOSPC) {
		s.journalled = true;
		error = 0;
		done = 0;
	}
	while (!error && done < nblocks) {
		error = xfs_bmapi_write(args->tp, args->ip, args->valueblk + done, nblocks - done,
					XFS_BMAPI_ATTRFORK | XFS_BMAPI_METADATA, &map);
		if (!error)
			done += (uint32_t)map.br_blockcount;
	}
	if (error)
		return error;
	return each_block(args->ip, args->valueblk, nblocks, set_piece, &s);
}

/* ---- removing ---------------------------------------------------------------------------- */

struct drop {
	struct xfs_trans *tp;
	struct xfs_inode *ip;
};

static int drop_piece(void *arg, uint32_t piece, xfs_daddr_t daddr)
{
	struct drop *d = arg;

	(void)piece;
	return xfs_attr_forget_block(d->tp, d->ip->i_mount, daddr);
}

/*
 * Images of the block may be in the log; they must not be replayed over its next contents.  A
 * buffer in the device queue is still written: if the system crashes now, the value is still valid.
 */
int xfs_attr_forget_block(struct xfs_trans *tp, struct xfs_mount *mp, xfs_daddr_t daddr)
{
	struct xfs_buf *bp = xfs_buf_peek(mp, daddr);
	int error;

	if (!bp) {
		error = xfs_buf_get(mp, daddr, mp->m_geo.blocksize, &xfs_attr3_rmt_buf_ops, &bp);
		if (error)
			return error;
	}
	xfs_trans_binval(tp, bp);
	xfs_buf_put(bp);
	return 0;
}

int xfs_attr_rmt_remove(struct xfs_trans *tp, struct xfs_inode *ip, xfs_dablk_t valueblk,
			uint32_t valuelen)
{
	uint32_t nblocks = xfs_attr3_rmt_blocks(ip->i_mount->m_geo.blocksize, valuelen);
	struct drop d = { .tp = tp, .ip = ip };
	bool done = false;
	int error;

	/* An entry that was never completed has no blocks. */
	if (!valueblk || !nblocks)
		return 0;
	error = each_block(ip, valueblk, nblocks, drop_piece, &d);
	while (!error && !done)
		error = xfs_bunmapi(tp, ip, valueblk, nblocks, XFS_BMAPI_ATTRFORK, nblocks, &done);
	return error;
}
