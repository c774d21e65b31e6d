/* SPDX-License-Identifier: MIT */
/*
 * Replay of INODE items: the logged core, in host order, replaces the one on disk, and the logged
 * forks, which are complete, replace those on disk.
 */
#include "base/crc32c.h"
#include "buf/buf.h"
#include "core/lsn.h"
#include "core/message.h"
#include "disk/verify.h"
#include "log/log_priv.h"

#define BAD(...)	xlog_item_corrupt(rl, trans, item, __VA_ARGS__)

/* A time stamp is one count of nanoseconds (bigtime), or two 32-bit words in host order. */
static be64_t replay_ts(bool bigtime, uint64_t logged)
{
	uint32_t words[2];

	if (bigtime)
		return cpu_to_be64(logged);
	memcpy(words, &logged, sizeof(words));
	return cpu_to_be64((uint64_t)words[0] << 32 | words[1]);
}

/* Everything but di_next_unlinked, which INODE_BUF items set. */
static void replay_core(struct xfs_dinode *dip, const struct xfs_log_dinode *core, xfs_lsn_t lsn)
{
	bool bigtime = core->di_flags2 & XFS_DIFLAG2_BIGTIME;

	dip->di_magic = cpu_to_be16(core->di_magic);
	dip->di_mode = cpu_to_be16(core->di_mode);
	dip->di_version = (uint8_t)core->di_version;
	dip->di_format = (uint8_t)core->di_format;
	dip->di_metatype = cpu_to_be16(core->di_metatype);
	dip->di_uid = cpu_to_be32(core->di_uid);
	dip->di_gid = cpu_to_be32(core->di_gid);
	dip->di_nlink = cpu_to_be32(core->di_nlink);
	dip->di_projid_lo = cpu_to_be16(core->di_projid_lo);
	dip->di_projid_hi = cpu_to_be16(core->di_projid_hi);
	dip->di_big_nextents = cpu_to_be64(core->di_big_nextents);
	dip->di_atime = replay_ts(bigtime, core->di_atime);
	dip->di_mtime = replay_ts(bigtime, core->di_mtime);
	dip->di_ctime = replay_ts(bigtime, core->di_ctime);
	dip->di_size = cpu_to_be64((uint64_t)core->di_size);
	dip->di_nblocks = cpu_to_be64(core->di_nblocks);
	dip->di_extsize = cpu_to_be32(core->di_extsize);
	dip->di_nextents = cpu_to_be32(core->di_nextents);
	dip->di_anextents = cpu_to_be16(core->di_anextents);
	dip->di_forkoff = core->di_forkoff;
	dip->di_aformat = (uint8_t)core->di_aformat;
	dip->di_dmevmask = cpu_to_be32(core->di_dmevmask);
	dip->di_dmstate = cpu_to_be16(core->di_dmstate);
	dip->di_flags = cpu_to_be16(core->di_flags);
	dip->di_gen = cpu_to_be32(core->di_gen);
	dip->di_changecount = cpu_to_be64(core->di_changecount);
	dip->di_lsn = cpu_to_be64((uint64_t)lsn);
	dip->di_flags2 = cpu_to_be64(core->di_flags2);
	dip->di_cowextsize = cpu_to_be32(core->di_cowextsize);
	memset(dip->di_pad2, 0, sizeof(dip->di_pad2));
	dip->di_crtime = replay_ts(bigtime, core->di_crtime);
	dip->di_ino = cpu_to_be64(core->di_ino);
	dip->di_uuid = core->di_uuid;
}

/* Layout of the entries of a tree's root: as logged (the in-memory form) and as in the inode. */
struct root_shape {
	uint32_t header;		/* in the inode */
	uint32_t key, ptr;		/* bytes of an entry; ptr 0: records of a leaf */
	uint32_t room;			/* bytes of an entry in the inode */
};

static bool root_shape(const struct xfs_dinode *dip, const uint8_t *root, struct root_shape *shape)
{
	uint32_t magic = get_be32(root);
	bool leaf = get_be16(root + 4) == 0;

	shape->header = sizeof(struct xfs_bmdr_block);
	shape->ptr = leaf ? 0 : sizeof(be64_t);
	switch (magic) {
	case XFS_BMAP_CRC_MAGIC:
		shape->key = sizeof(struct xfs_bmbt_key);
		break;
	case XFS_RTRMAP_CRC_MAGIC:
		shape->key = leaf ? sizeof(struct xfs_rmap_rec) : 2 * sizeof(struct xfs_rmap_key);
		break;
	case XFS_RTREFC_CRC_MAGIC:
		shape->key = leaf ? sizeof(struct xfs_refcount_rec) : sizeof(struct xfs_refcount_key);
		break;
	default:
		return false;
	}
	shape->room = shape->key + shape->ptr;
	if (magic == XFS_BMAP_CRC_MAGIC)
		return !leaf;
	if (magic == XFS_RTREFC_CRC_MAGIC && !leaf)
		shape->room = XFS_RTREFC_ROOT_ENTRY;
	return dip->di_format == XFS_DINODE_FMT_META_BTREE;
}

/* Convert the root of a tree from its logged form into a fork of @room bytes at @to. */
static int replay_root(struct xlog_recover *rl, const struct xlog_trans *trans,
		       const struct xlog_item *item, const struct xlog_region *region,
		       const struct xfs_dinode *dip, uint8_t *to, uint32_t room)
{
	const uint8_t *root = region->data, *entries = root + XFS_BTREE_LBLOCK_LEN;
	uint32_t numrecs = get_be16(root + 6), entry, logged, fits;
	struct root_shape shape;

	if (!root_shape(dip, root, &shape))
		return BAD("the root of a tree has magic number 0x%08x and level %u", get_be32(root),
			   get_be16(root + 4));
	entry = shape.key + shape.ptr;
	logged = (region->len - XFS_BTREE_LBLOCK_LEN) / entry;
	fits = room < shape.header ? 0 : (room - shape.header) / shape.room;
	if (numrecs > logged || numrecs > fits)
		return BAD("the root of a tree has %u entries, %u are logged and %u fit", numrecs,
			   logged, fits);
	memcpy(to, root + 4, shape.header);
	memcpy(to + shape.header, entries, (size_t)numrecs * shape.key);
	if (shape.ptr)
		memcpy(to + shape.header + (size_t)fits * shape.key,
		       entries + (size_t)logged * shape.key, (size_t)numrecs * shape.ptr);
	return 0;
}

static int replay_fork(struct xlog_recover *rl, const struct xlog_trans *trans,
		       const struct xlog_item *item, uint32_t region, struct xfs_dinode *dip,
		       int whichfork, bool root)
{
	const struct xlog_region *r = &item->it_regions[region];
	uint32_t room = XFS_DFORK_SIZE(dip, &rl->geo, whichfork);
	uint8_t *to = XFS_DFORK_PTR(dip, whichfork);

	if (root)
		return replay_root(rl, trans, item, r, dip, to, room);
	memcpy(to, r->data, r->len);
	return 0;
}

static int replay_forks(struct xlog_recover *rl, const struct xlog_trans *trans,
			const struct xlog_item *item, const struct xfs_inode_log_format *ilf,
			struct xfs_dinode *dip)
{
	uint32_t region = 2, rdev;
	int error = 0;

	if (ilf->ilf_fields & XFS_ILOG_DEV) {
		memcpy(&rdev, ilf->ilf_u, sizeof(rdev));
		put_be32(rdev, XFS_DFORK_DPTR(dip));
	}
	if (item->it_size == 2)
		return 0;
	if (ilf->ilf_fields & XFS_ILOG_DFORK)
		error = replay_fork(rl, trans, item, region++, dip, XFS_DATA_FORK,
				    ilf->ilf_fields & XFS_ILOG_DBROOT);
	if (!error && ilf->ilf_fields & XFS_ILOG_AFORK)
		error = replay_fork(rl, trans, item, region, dip, XFS_ATTR_FORK,
				    ilf->ilf_fields & XFS_ILOG_ABROOT);
	return error;
}

/* Set this inode as owner of every block below the root of a fork's tree. */
static int change_owner(struct xlog_recover *rl, const struct xlog_trans *trans,
			const struct xlog_item *item, xfs_ino_t ino, uint64_t first,
			uint32_t level)
{
	const struct xfs_geometry *geo = &rl->geo;
	uint64_t limit = geo->dblocks;

	/* Level by level, each from left to right. */
	for (;; level--) {
		uint64_t fsbno = first, below = NULLFSBLOCK;

		while (fsbno != NULLFSBLOCK) {
			struct xfs_btree_block *block;
			struct xlog_rbuf *bp;
			int error;

			if (!xfs_verify_fsbno(geo, fsbno) || !limit--)
				return BAD("the tree of inode %" PRIu64 " leads to block %" PRIu64, ino,
					   fsbno);
			error = xlog_rbuf_get(rl, XFS_FSB_TO_DADDR(geo, fsbno), geo->blocksize, true,
					      &bp);
			if (error)
				return error;
			block = (void *)bp->rb_data;
			if (be32_to_cpu(block->bb_magic) != XFS_BMAP_CRC_MAGIC ||
			    be16_to_cpu(block->bb_level) != level)
				return BAD("block %" PRIu64 " is not of the tree of inode %" PRIu64,
					   fsbno, ino);
			if (fsbno == first && level)
				below = be64_to_cpu(*(xfs_bmbt_ptr_t *)XFS_BTREE_PTR_ADDR(
					block, XFS_BTREE_LBLOCK_LEN, sizeof(struct xfs_bmbt_key),
					geo->bmap_mxr[1], sizeof(xfs_bmbt_ptr_t), 1));
			fsbno = be64_to_cpu(block->bb_u.l.bb_rightsib);
			block->bb_u.l.bb_owner = cpu_to_be64(ino);
			bp->rb_blft = XFS_BLFT_BTREE;
			bp->rb_partial = false;
			xlog_rbuf_dirty(rl, bp, false);
		}
		if (!level)
			return 0;
		first = below;
	}
}

static int change_owners(struct xlog_recover *rl, const struct xlog_trans *trans,
			 const struct xlog_item *item, const struct xfs_inode_log_format *ilf,
			 const struct xfs_dinode *dip)
{
	static const struct {
		uint32_t field;
		int whichfork;
	} forks[] = {
		{ XFS_ILOG_DOWNER, XFS_DATA_FORK },
		{ XFS_ILOG_AOWNER, XFS_ATTR_FORK },
	};

	if (!dip->di_mode.b[0] && !dip->di_mode.b[1])
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(forks); i++) {
		const struct xfs_bmdr_block *bmdr = XFS_DFORK_PTR(dip, forks[i].whichfork);
		uint32_t room = XFS_DFORK_SIZE(dip, &rl->geo, forks[i].whichfork), level, mxr;
		int error;

		if (!(ilf->ilf_fields & forks[i].field) ||
		    XFS_DFORK_FORMAT(dip, forks[i].whichfork) != XFS_DINODE_FMT_BTREE)
			continue;
		mxr = xfs_bmdr_maxrecs(room);
		if (!mxr)
			return BAD("no room for the root of a tree");
		level = be16_to_cpu(bmdr->bb_level);
		if (!level || level > XFS_BTREE_MAXLEVELS)
			return BAD("a tree of %u levels", level);
		error = change_owner(rl, trans, item, ilf->ilf_ino,
				     be64_to_cpu(*xfs_bmdr_ptr_addr(bmdr, 1, mxr)), level - 1);
		if (error)
			return error;
	}
	return 0;
}

/*
 * True if the inode on disk already has these changes, as its LSN says.  The LSN is trusted only if
 * the checksum is right, because an inode larger than a sector can be torn.
 *
 * A torn inode is a mixture of states until the end of replay.  So may be one with exactly this
 * LSN, if several transactions share it and this is not the last of them.
 */
static bool is_newer(const struct xlog_recover *rl, const struct xfs_dinode *dip, xfs_lsn_t lsn,
		     bool *mixed)
{
	xfs_lsn_t there = (xfs_lsn_t)be64_to_cpu(dip->di_lsn);
	bool whole = xfs_cksum_ok(dip, rl->geo.inodesize, XFS_DINODE_CRC_OFF);

	*mixed = !whole || there == lsn;
	return whole && there && there != NULLCOMMITLSN && there > lsn;
}

static int replay_changes(struct xlog_recover *rl, const struct xlog_trans *trans,
			  const struct xlog_item *item, const struct xfs_inode_log_format *ilf,
			  struct xlog_rbuf *bp, bool mixed)
{
	struct xfs_dinode *dip = (void *)(bp->rb_data + ilf->ilf_boffset);
	struct xfs_log_dinode core;
	xfs_failaddr_t fa;
	int error;

	memcpy(&core, item->it_regions[1].data, sizeof(core));
	replay_core(dip, &core, trans->xt_lsn);
	error = replay_forks(rl, trans, item, ilf, dip);
	if (error)
		return error;
	bp->rb_blft = XFS_BLFT_DINO;
	bp->rb_partial = false;
	xlog_rbuf_dirty(rl, bp, false);
	if (mixed) {
		xlog_rbuf_mixed_inode(bp, ilf->ilf_boffset >> rl->geo.inodelog);
		return 0;
	}
	fa = xfs_dinode_verify(&rl->geo, ilf->ilf_ino, dip);
	if (fa)
		return BAD("it makes an invalid inode %" PRIu64 ": %s", ilf->ilf_ino, fa);
	xfs_cksum_set(dip, rl->geo.inodesize, XFS_DINODE_CRC_OFF);
	return 0;
}

int xlog_replay_inode(struct xlog_recover *rl, const struct xlog_trans *trans,
		      const struct xlog_item *item)
{
	struct xfs_inode_log_format ilf;
	struct xfs_log_dinode core;
	struct xfs_dinode *dip;
	struct xlog_rbuf *bp;
	bool mixed;
	int error;

	xlog_item_inode_format(item, &ilf);
	memcpy(&core, item->it_regions[1].data, sizeof(core));
	if (xlog_cancel_has(&rl->cancel, ilf.ilf_blkno, ilf.ilf_len)) {
		rl->rec->stats.cancelled++;
		return 0;
	}
	error = xlog_rbuf_get(rl, ilf.ilf_blkno, ilf.ilf_len << XFS_BB_SHIFT, true, &bp);
	if (error)
		return error;
	dip = (void *)(bp->rb_data + ilf.ilf_boffset);
	if (be16_to_cpu(dip->di_magic) != XFS_DINODE_MAGIC || dip->di_version != XFS_DINODE_VERSION)
		return BAD("inode %" PRIu64 " does not exist at daddr 0x%" PRIx64, ilf.ilf_ino,
			   (uint64_t)ilf.ilf_blkno);
	if (S_ISDIR(core.di_mode)) {
		error = xlog_dirparts_note_dir(rl, &ilf);
		if (error)
			return error;
	}
	if (xfs_lsn_is_ahead(rl->mp, be64_to_cpu(dip->di_lsn)) &&
	    xfs_cksum_ok(dip, rl->geo.inodesize, XFS_DINODE_CRC_OFF))
		return xfs_lsn_refuse(rl->mp, "log", be64_to_cpu(dip->di_lsn),
				      "inode %" PRIu64 " to replay to", ilf.ilf_ino);
	if (is_newer(rl, dip, trans->xt_lsn, &mixed)) {
		rl->rec->stats.newer++;
	} else {
		error = replay_changes(rl, trans, item, &ilf, bp, mixed);
		if (error)
			return error;
	}
	if (!(ilf.ilf_fields & (XFS_ILOG_DOWNER | XFS_ILOG_AOWNER)))
		return 0;
	return change_owners(rl, trans, item, &ilf, dip);
}
