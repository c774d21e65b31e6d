/* SPDX-License-Identifier: MIT */
/*
 * The log item of an inode: the core in host byte order, and, complete, each fork that has changed
 * since the inode was written in place.
 *
 * A fork whose form or place has changed must be logged even if only the core was marked.
 * Comparing with what is on disk finds this.
 */
#include "base/sabotage.h"
#include "disk/irec.h"
#include "inode/inode_priv.h"

static uint64_t log_time(bool bigtime, be64_t disk)
{
	uint64_t t = be64_to_cpu(disk);
	uint32_t halves[2] = { (uint32_t)(t >> 32), (uint32_t)t };

	/* The old form is two words in host order, seconds first. */
	if (!bigtime)
		memcpy(&t, halves, sizeof(t));
	return t;
}

void xfs_dinode_to_log(const struct xfs_dinode *dip, struct xfs_log_dinode *to)
{
	bool bigtime = xfs_dinode_has_bigtime(dip);

	*to = (struct xfs_log_dinode){
		.di_magic = be16_to_cpu(dip->di_magic),
		.di_mode = be16_to_cpu(dip->di_mode),
		.di_version = (int8_t)dip->di_version,
		.di_format = (int8_t)dip->di_format,
		.di_metatype = be16_to_cpu(dip->di_metatype),
		.di_uid = be32_to_cpu(dip->di_uid),
		.di_gid = be32_to_cpu(dip->di_gid),
		.di_nlink = be32_to_cpu(dip->di_nlink),
		.di_projid_lo = be16_to_cpu(dip->di_projid_lo),
		.di_projid_hi = be16_to_cpu(dip->di_projid_hi),
		.di_big_nextents = be64_to_cpu(dip->di_big_nextents),
		.di_atime = log_time(bigtime, dip->di_atime),
		.di_mtime = log_time(bigtime, dip->di_mtime),
		.di_ctime = log_time(bigtime, dip->di_ctime),
		.di_size = (int64_t)be64_to_cpu(dip->di_size),
		.di_nblocks = be64_to_cpu(dip->di_nblocks),
		.di_extsize = be32_to_cpu(dip->di_extsize),
		.di_nextents = be32_to_cpu(dip->di_nextents),
		.di_anextents = be16_to_cpu(dip->di_anextents),
		.di_forkoff = dip->di_forkoff,
		.di_aformat = (int8_t)dip->di_aformat,
		.di_dmevmask = be32_to_cpu(dip->di_dmevmask),
		.di_dmstate = be16_to_cpu(dip->di_dmstate),
		.di_flags = be16_to_cpu(dip->di_flags),
		.di_gen = be32_to_cpu(dip->di_gen),
		/* Not replayed from here: the cluster buffer's item has it. */
		.di_next_unlinked = NULLAGINO,
		.di_changecount = be64_to_cpu(dip->di_changecount),
		.di_flags2 = be64_to_cpu(dip->di_flags2),
		.di_cowextsize = be32_to_cpu(dip->di_cowextsize),
		.di_crtime = log_time(bigtime, dip->di_crtime),
		.di_ino = be64_to_cpu(dip->di_ino),
		.di_uuid = dip->di_uuid,
	};
}

uint32_t xfs_bmdr_to_log(const struct xfs_geometry *geo, xfs_ino_t ino, const void *root,
			 uint32_t root_bytes, void *to)
{
	const struct xfs_bmdr_block *dblock = root;
	uint32_t n = be16_to_cpu(dblock->bb_numrecs);
	uint32_t slots = (root_bytes - (uint32_t)sizeof(*dblock)) /
			 (uint32_t)(sizeof(struct xfs_bmbt_key) + sizeof(xfs_bmbt_ptr_t));
	struct xfs_btree_block *block = to;
	const char *keys = (const char *)root + sizeof(*dblock);
	char *p = (char *)to + XFS_BTREE_LBLOCK_LEN;

	memset(block, 0, XFS_BTREE_LBLOCK_LEN);
	block->bb_magic = cpu_to_be32(XFS_BMAP_CRC_MAGIC);
	block->bb_level = dblock->bb_level;
	block->bb_numrecs = dblock->bb_numrecs;
	block->bb_u.l.bb_leftsib = cpu_to_be64(NULLFSBLOCK);
	block->bb_u.l.bb_rightsib = cpu_to_be64(NULLFSBLOCK);
	block->bb_u.l.bb_blkno = cpu_to_be64(~(uint64_t)0);
	block->bb_u.l.bb_uuid = geo->meta_uuid;
	block->bb_u.l.bb_owner = cpu_to_be64(ino);
	memcpy(p, keys, n * sizeof(struct xfs_bmbt_key));
	memcpy(p + n * sizeof(struct xfs_bmbt_key), keys + slots * sizeof(struct xfs_bmbt_key),
	       n * sizeof(xfs_bmbt_ptr_t));
	return XFS_BTREE_LBLOCK_LEN +
	       n * (uint32_t)(sizeof(struct xfs_bmbt_key) + sizeof(xfs_bmbt_ptr_t));
}

/* The fork's bit, and its size in the log before rounding; 0: the fork is not logged. */
static uint32_t fork_field(const struct xfs_inode *ip, bool attr, uint32_t fields, uint32_t *bytes)
{
	const struct xfs_ifork *ifp = attr ? &ip->i_af : &ip->i_df;
	uint32_t any = attr ? XFS_ILOG_AFORK : XFS_ILOG_DFORK, bit = 0;
	bool moved = attr && ip->i_forkoff != ip->i_place_forkoff;

	*bytes = 0;
	if ((attr && !ip->i_forkoff) || ip->i_mode == 0)
		return 0;
	if (!(fields & any) && !moved &&
	    ifp->if_format == (attr ? ip->i_place_aformat : ip->i_place_format))
		return 0;
	switch (ifp->if_format) {
	case XFS_DINODE_FMT_LOCAL:
		*bytes = ifp->if_bytes;
		bit = attr ? XFS_ILOG_ADATA : XFS_ILOG_DDATA;
		break;
	case XFS_DINODE_FMT_EXTENTS:
		*bytes = (uint32_t)(ifp->if_nextents * sizeof(struct xfs_bmbt_rec));
		bit = attr ? XFS_ILOG_AEXT : XFS_ILOG_DEXT;
		break;
	case XFS_DINODE_FMT_BTREE:
		*bytes = XFS_BTREE_LBLOCK_LEN +
			 get_be16((const char *)ifp->if_broot + 2) *
				 (uint32_t)(sizeof(struct xfs_bmbt_key) + sizeof(xfs_bmbt_ptr_t));
		bit = attr ? XFS_ILOG_ABROOT : XFS_ILOG_DBROOT;
		break;
	default:
		break;
	}
	return *bytes ? bit : 0;
}

static uint32_t fields_of(const struct xfs_inode *ip)
{
	return __atomic_load_n(&ip->i_item.li_fields, __ATOMIC_RELAXED);
}

/*
 * Delayed allocation changes the extent map without a transaction, but not the records that are
 * counted here.  So the size can be computed without a lock while no transaction is open.
 */
uint32_t xfs_inode_item_size(struct xfs_log_item *lip, uint32_t *regions)
{
	const struct xfs_inode *ip = container_of(lip, struct xfs_inode, i_item);
	uint32_t data, attr;

	*regions = 0;
	if (lip->li_flags & XFS_LI_FREED)
		return 0;
	*regions = 2 + (fork_field(ip, false, fields_of(ip), &data) != 0) +
		   (fork_field(ip, true, fields_of(ip), &attr) != 0);
	return (uint32_t)(sizeof(struct xfs_inode_log_format) + sizeof(struct xfs_log_dinode)) +
	       XFS_ALIGN(data, 4) + XFS_ALIGN(attr, 4);
}

static void format_fork(struct xfs_inode *ip, enum xfs_fork_id whichfork, uint32_t bytes,
			struct xfs_log_sink *sink)
{
	/* Room for the largest inode and the header of a tree's root, which is larger in the log. */
	uint64_t room[(2048 + XFS_BTREE_LBLOCK_LEN) / 8];
	const struct xfs_ifork *ifp = whichfork == XFS_DATA_FORK ? &ip->i_df : &ip->i_af;

	switch (ifp->if_format) {
	case XFS_DINODE_FMT_LOCAL:
		/* The buffer is padded with zeros. */
		sink->region(sink, ifp->if_data, XFS_ALIGN(bytes, 4));
		break;
	case XFS_DINODE_FMT_EXTENTS:
		xfs_iextents_copy(ip, (struct xfs_bmbt_rec *)room, whichfork);
		sink->region(sink, room, bytes);
		break;
	case XFS_DINODE_FMT_BTREE:
		xfs_bmdr_to_log(&ip->i_mount->m_geo, ip->i_ino, ifp->if_broot, ifp->if_broot_bytes,
				room);
		sink->region(sink, room, bytes);
		break;
	}
}

void xfs_inode_item_format(struct xfs_log_item *lip, struct xfs_log_sink *sink)
{
	struct xfs_inode *ip = container_of(lip, struct xfs_inode, i_item);
	struct xfs_inode_log_format ilf = {
		.ilf_type = XFS_LI_INODE,
		.ilf_fields = XFS_ILOG_CORE,
		.ilf_ino = ip->i_ino,
		.ilf_blkno = ip->i_cluster_daddr,
		.ilf_len = ip->i_cluster_len >> XFS_BB_SHIFT,
		.ilf_boffset = ip->i_cluster_off,
	};
	uint32_t dbit, abit, dbytes, abytes;
	struct xfs_log_dinode core;
	struct xfs_dinode dip;

	if (lip->li_flags & XFS_LI_FREED)
		return;
	xfs_ilock_shared(ip);
	dbit = fork_field(ip, false, fields_of(ip), &dbytes);
	abit = fork_field(ip, true, fields_of(ip), &abytes);
	ilf.ilf_size = (uint16_t)(2 + (dbit != 0) + (abit != 0));
	ilf.ilf_fields |= dbit | abit;
	ilf.ilf_dsize = (uint16_t)dbytes;
	ilf.ilf_asize = (uint16_t)abytes;
	if (ip->i_mode && ip->i_df.if_format == XFS_DINODE_FMT_DEV) {
		ilf.ilf_fields |= XFS_ILOG_DEV;
		memcpy(ilf.ilf_u, &ip->i_rdev, sizeof(ip->i_rdev));
	}
	memset(&dip, 0, sizeof(dip));
	xfs_inode_to_disk(ip, &dip);
	xfs_dinode_to_log(&dip, &core);
	sink->region(sink, &ilf, sizeof(ilf));
	sink->region(sink, &core, sizeof(core));
	if (dbit)
		format_fork(ip, XFS_DATA_FORK, dbytes, sink);
	if (abit)
		format_fork(ip, XFS_ATTR_FORK, abytes, sink);
	xfs_iunlock_shared(ip);
}

bool xfs_inode_item_cluster_chunk(struct xfs_log_item *lip, struct xfs_cluster_chunk *chunk)
{
	struct xfs_inode *ip = container_of(lip, struct xfs_inode, i_item);
	struct xfs_dinode dip;

	if (!(fields_of(ip) & XFS_ILOG_UNLINKED) || lip->li_flags & XFS_LI_FREED ||
	    XFS_SABOTAGE(XFS_RULE_UNLINKED_BUF))
		return false;
	memset(&dip, 0, sizeof(dip));
	/* Writes set times without a transaction. */
	xfs_ilock_shared(ip);
	xfs_inode_to_disk(ip, &dip);
	xfs_iunlock_shared(ip);
	chunk->cc_daddr = ip->i_cluster_daddr;
	chunk->cc_len = ip->i_cluster_len;
	chunk->cc_offset = ip->i_cluster_off;
	memcpy(chunk->cc_data, &dip, sizeof(chunk->cc_data));
	return true;
}
