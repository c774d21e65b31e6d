/* SPDX-License-Identifier: MIT */
/*
 * Replay of the items that describe blocks: BUF, INODE_BUF, ICREATE and DQUOT.
 *
 * A block whose LSN is that of this transaction or later has all of its changes.  Blocks without an
 * LSN are always replayed, which is right because every change that is no longer in the log has
 * reached its place.
 */
#include "base/crc32c.h"
#include "buf/buf.h"
#include "core/lsn.h"
#include "core/message.h"
#include "disk/dquot.h"
#include "disk/verify.h"
#include "log/log_priv.h"

/* Limit of inodes made by ICREATE items, beside twice those that the log names in INODE items. */
#define MAX_MADE_BYTES	(256ull << 20)

#define BAD(...)	xlog_item_corrupt(rl, trans, item, __VA_ARGS__)

/*
 * True if the log turned this quota type off.  Whether it is on cannot be told: the superblock on
 * disk may be older than a change in this log that turned it on.
 */
static bool quota_is_off(const struct xlog_recover *rl, uint32_t dqtype)
{
	uint32_t off = dqtype & XFS_DQTYPE_USER ? XFS_QOFF_UQUOTA
		       : dqtype & XFS_DQTYPE_PROJ ? XFS_QOFF_PQUOTA : XFS_QOFF_GQUOTA;

	return rl->quotaoff & off;
}

static uint32_t dqtype_of(uint16_t blf_flags)
{
	if (blf_flags & XFS_BLF_UDQUOT_BUF)
		return XFS_DQTYPE_USER;
	return blf_flags & XFS_BLF_PDQUOT_BUF ? XFS_DQTYPE_PROJ : XFS_DQTYPE_GROUP;
}

/*
 * True for a logged piece of a directory block whose blocks are not contiguous.  A node of one
 * block belongs to an attribute fork if it is valid as such.
 */
static bool is_dir_part(const struct xlog_recover *rl, uint32_t blft, const struct xlog_rbuf *bp)
{
	if (bp->rb_len >= rl->geo.dirblksize || blft < XFS_BLFT_DIR_BLOCK || blft > XFS_BLFT_DA_NODE)
		return false;
	if (blft != XFS_BLFT_DA_NODE || bp->rb_len != rl->geo.blocksize)
		return true;
	return get_be16(bp->rb_data + 8) != XFS_DA3_NODE_MAGIC ||
	       xfs_da3_node_verify(&rl->geo, bp->rb_data, bp->rb_len, bp->rb_daddr);
}

int xlog_replay_buf(struct xlog_recover *rl, const struct xlog_trans *trans,
		    const struct xlog_item *item)
{
	struct xlog_buf_iter it = { 0 };
	struct xfs_buf_log_format blf;
	struct xlog_rbuf *bp;
	uint32_t blft, bytes;
	int error;

	xlog_item_buf_format(item, &blf);
	blft = (uint32_t)blf.blf_flags >> XFS_BLFT_SHIFT;
	bytes = (uint32_t)blf.blf_len << XFS_BB_SHIFT;
	if (xlog_cancel_has(&rl->cancel, blf.blf_blkno, blf.blf_len)) {
		rl->rec->stats.cancelled++;
		return 0;
	}
	if (blf.blf_flags & XFS_BLF_ANY_DQUOT && quota_is_off(rl, dqtype_of(blf.blf_flags))) {
		rl->rec->dropped_quota = true;
		return 0;
	}
	error = xlog_rbuf_get(rl, blf.blf_blkno, bytes, true, &bp);
	if (error)
		return error;
	/* A piece of a directory block never has a right checksum, so its LSN is 0 here. */
	if (bp->rb_lsn && bp->rb_lsn >= trans->xt_lsn) {
		rl->rec->stats.newer++;
		return 0;
	}
	while (xlog_buf_next(item, &it))
		memcpy(bp->rb_data + it.off, it.data, it.len);
	bp->rb_blft = (uint16_t)blft;
	bp->rb_partial = is_dir_part(rl, blft, bp);
	if (blft >= XFS_BLFT_DIR_BLOCK && blft <= XFS_BLFT_DA_NODE && bytes < rl->geo.dirblksize) {
		error = xlog_dirparts_note(rl, blf.blf_blkno);
		if (error)
			return error;
	}
	xlog_rbuf_dirty(rl, bp, !bp->rb_partial);
	return 0;
}

/* Only the links of the unlinked lists are replayed; the rest of these chunks is stale. */
int xlog_replay_inode_buf(struct xlog_recover *rl, const struct xlog_trans *trans,
			  const struct xlog_item *item)
{
	const uint32_t field = XFS_DINODE_NEXT_UNLINKED_OFF, size = rl->geo.inodesize;
	struct xlog_buf_iter it = { 0 };
	struct xfs_buf_log_format blf;
	struct xlog_rbuf *bp;
	int error;

	xlog_item_buf_format(item, &blf);
	if (xlog_cancel_has(&rl->cancel, blf.blf_blkno, blf.blf_len)) {
		rl->rec->stats.cancelled++;
		return 0;
	}
	error = xlog_rbuf_get(rl, blf.blf_blkno, (uint32_t)blf.blf_len << XFS_BB_SHIFT, true, &bp);
	if (error)
		return error;
	while (xlog_buf_next(item, &it)) {
		uint32_t slot = it.off > field ? (it.off - field + size - 1) / size : 0;

		for (uint32_t at = slot * size + field;
		     at + 4 <= it.off + it.len && slot * size + size <= bp->rb_len;
		     at += size, slot++) {
			struct xfs_dinode *dip = (void *)(bp->rb_data + slot * size);
			uint32_t next = get_be32(it.data + (at - it.off));
			bool whole;

			if (!next)
				return BAD("inode %u of the cluster at daddr 0x%" PRIx64
					   " would be followed by inode 0", slot,
					   (uint64_t)blf.blf_blkno);
			if (be16_to_cpu(dip->di_magic) != XFS_DINODE_MAGIC)
				return BAD("inode %u does not exist at daddr 0x%" PRIx64, slot,
					   (uint64_t)blf.blf_blkno);
			/*
			 * A torn inode must keep its wrong checksum, so that INODE items complete
			 * it.
			 */
			whole = xfs_cksum_ok(dip, size, XFS_DINODE_CRC_OFF);
			dip->di_next_unlinked = cpu_to_be32(next);
			if (whole)
				xfs_cksum_set(dip, size, XFS_DINODE_CRC_OFF);
		}
	}
	bp->rb_blft = XFS_BLFT_DINO;
	bp->rb_partial = false;
	xlog_rbuf_dirty(rl, bp, false);
	return 0;
}

static int init_cluster(struct xlog_recover *rl, xfs_agnumber_t agno, xfs_agblock_t agbno,
			be32_t gen)
{
	const struct xfs_geometry *geo = &rl->geo;
	uint32_t len = geo->blocks_per_cluster << geo->blocklog;
	xfs_ino_t ino = XFS_AGINO_TO_INO(geo, agno, XFS_AGB_TO_AGINO(geo, agbno));
	struct xlog_rbuf *bp;
	int error = xlog_rbuf_get(rl, XFS_AGB_TO_DADDR(geo, agno, agbno), len, false, &bp);

	if (error)
		return error;
	for (uint32_t off = 0; off < len; off += geo->inodesize, ino++) {
		struct xfs_dinode *dip = (void *)(bp->rb_data + off);

		dip->di_magic = cpu_to_be16(XFS_DINODE_MAGIC);
		dip->di_version = XFS_DINODE_VERSION;
		dip->di_gen = gen;
		dip->di_next_unlinked = cpu_to_be32(NULLAGINO);
		dip->di_ino = cpu_to_be64(ino);
		dip->di_uuid = geo->meta_uuid;
		xfs_cksum_set(dip, geo->inodesize, XFS_DINODE_CRC_OFF);
	}
	bp->rb_blft = XFS_BLFT_DINO;
	bp->rb_partial = false;
	xlog_rbuf_dirty(rl, bp, false);
	return 0;
}

/*
 * An ICREATE item of 40 bytes makes 32 KiB or more, which stay in memory until all is replayed.
 * But a writer makes a new chunk in an AG only when the previous one is used up, and used inodes
 * are logged.  Only new chunks in thousands of AGs come near the limit; a caller who sets a larger
 * memory limit gets them.
 */
static int count_made(struct xlog_recover *rl, uint32_t inodes)
{
	uint64_t used = rl->rec->stats.items[XFS_LI_INODE - XFS_LI_EFI];
	uint64_t most = MAX_MADE_BYTES + ((2 * used) << rl->geo.inodelog);

	rl->made_inodes += inodes;
	if (rl->made_inodes << rl->geo.inodelog <= XFS_MAX(most, rl->mp->m_memory_limit))
		return 0;
	return xfs_error(rl->mp, -ENOMEM,
			 "log: %" PRIu64 " new inodes, of which only %" PRIu64
			 " are used: recovery needs a memory_limit_bytes above %" PRIu64,
			 rl->made_inodes, used, most);
}

int xlog_replay_icreate(struct xlog_recover *rl, const struct xlog_trans *trans,
			const struct xlog_item *item)
{
	const struct xfs_geometry *geo = &rl->geo;
	uint32_t step = geo->blocks_per_cluster, bbs = step << geo->blkbb_log;
	struct xfs_icreate_log icl;
	xfs_agnumber_t agno;
	xfs_agblock_t agbno;
	uint32_t length;
	int error;

	(void)trans;
	memcpy(&icl, item->it_regions[0].data, sizeof(icl));
	agno = be32_to_cpu(icl.icl_ag);
	agbno = be32_to_cpu(icl.icl_agbno);
	length = be32_to_cpu(icl.icl_length);
	for (uint32_t b = 0; b < length; b += step) {
		if (xlog_cancel_has(&rl->cancel, XFS_AGB_TO_DADDR(geo, agno, agbno + b), bbs)) {
			rl->rec->stats.cancelled++;
			return 0;
		}
	}
	error = count_made(rl, be32_to_cpu(icl.icl_count));
	for (uint32_t b = 0; !error && b < length; b += step)
		error = init_cluster(rl, agno, agbno + b, icl.icl_gen);
	return error;
}

int xlog_replay_dquot(struct xlog_recover *rl, const struct xlog_trans *trans,
		      const struct xlog_item *item)
{
	const struct xfs_disk_dquot *ddq = item->it_regions[1].data;
	struct xfs_dq_logformat qlf;
	struct xfs_dqblk *dqb;
	struct xlog_rbuf *bp;
	xfs_lsn_t lsn;
	int error;
	bool torn;

	if (quota_is_off(rl, ddq->d_type)) {
		rl->rec->dropped_quota = true;
		return 0;
	}
	memcpy(&qlf, item->it_regions[0].data, sizeof(qlf));
	error = xlog_rbuf_get(rl, qlf.qlf_blkno, rl->geo.blocksize, true, &bp);
	if (error)
		return error;
	dqb = (void *)(bp->rb_data + qlf.qlf_boffset);
	torn = !xfs_cksum_ok(dqb, sizeof(*dqb), XFS_DQUOT_CRC_OFF);
	lsn = torn ? 0 : (xfs_lsn_t)be64_to_cpu(dqb->dd_lsn);
	if (xfs_lsn_is_ahead(rl->mp, (uint64_t)lsn))
		return xfs_lsn_refuse(rl->mp, "log", (uint64_t)lsn, "the dquot of id %u to replay to",
				      qlf.qlf_id);
	if (lsn && lsn != NULLCOMMITLSN && lsn >= trans->xt_lsn) {
		rl->rec->stats.newer++;
		return 0;
	}
	memcpy(&dqb->dd_diskdq, ddq, XFS_DQUOT_LOGGED_LEN);
	/*
	 * A dquot may lie in two sectors of which only one was written: its LSN may be newer than
	 * its counts, and with a right checksum later items would be skipped as old.
	 */
	if (torn)
		dqb->dd_lsn = cpu_to_be64((uint64_t)trans->xt_lsn);
	xfs_cksum_set(dqb, sizeof(*dqb), XFS_DQUOT_CRC_OFF);
	bp->rb_blft = ddq->d_type & XFS_DQTYPE_USER ? XFS_BLFT_UDQUOT :
		      ddq->d_type & XFS_DQTYPE_PROJ ? XFS_BLFT_PDQUOT : XFS_BLFT_GDQUOT;
	bp->rb_partial = false;
	xlog_rbuf_dirty(rl, bp, false);
	return 0;
}
