/* SPDX-License-Identifier: MIT */
/* Creating and freeing an inode: xfs_icreate() and xfs_ifree(). */
#include "ag/inobt.h"
#include "core/message.h"
#include "inode/inode_priv.h"

uint32_t xfs_icreate_blocks(const struct xfs_mount *mp)
{
	/*
	 * A chunk, and what its records may take in the trees (large blocks have several records).
	 */
	uint32_t records = (uint32_t)xfs_howmany64(mp->m_geo.ialloc_inos, 64);

	return mp->m_geo.ialloc_blks + records * xfs_inobt_insert_blocks(mp);
}

uint32_t xfs_ifree_blocks(const struct xfs_mount *mp)
{
	return xfs_inobt_insert_blocks(mp);
}

static uint16_t inherited_flags(const struct xfs_inode *pip, uint16_t mode)
{
	const uint16_t plain = XFS_DIFLAG_NOATIME | XFS_DIFLAG_NODUMP | XFS_DIFLAG_SYNC |
			       XFS_DIFLAG_FILESTREAM | XFS_DIFLAG_NODEFRAG;
	uint16_t flags = pip->i_diflags & plain;

	if (S_ISDIR(mode))
		return flags | (pip->i_diflags & (XFS_DIFLAG_RTINHERIT | XFS_DIFLAG_EXTSZINHERIT |
						  XFS_DIFLAG_PROJINHERIT));
	if (pip->i_diflags & XFS_DIFLAG_EXTSZINHERIT)
		flags |= XFS_DIFLAG_EXTSIZE;
	return flags;
}

void xfs_icreate_owners(const struct xfs_icreate_args *args, uint32_t ids[3])
{
	const struct xfs_inode *pip = args->pip;

	ids[0] = args->uid;
	ids[1] = pip && args->inherit && (xfs_inode_mode(pip) & S_ISGID) ? pip->i_gid : args->gid;
	ids[2] = pip && (args->inherit || args->inherit_flags) &&
				 (xfs_inode_diflags(pip) & XFS_DIFLAG_PROJINHERIT)
			 ? pip->i_projid : 0;
}

static void inherit(struct xfs_inode *ip, const struct xfs_inode *pip)
{
	const struct xfs_geometry *geo = &ip->i_mount->m_geo;

	if (!xfs_is_dir(ip) && !xfs_is_reg(ip))
		return;
	xfs_inode_set_diflags(ip, inherited_flags(pip, ip->i_mode));
	if (ip->i_diflags & (XFS_DIFLAG_EXTSIZE | XFS_DIFLAG_EXTSZINHERIT)) {
		ip->i_extsize = pip->i_extsize;
		/* Drop a hint that would be invalid here. */
		if (!ip->i_extsize || ip->i_extsize > geo->agblocks / 2 ||
		    ip->i_extsize > XFS_MAX_BMBT_EXTLEN) {
			ip->i_extsize = 0;
			xfs_inode_set_diflags(ip, (uint16_t)(ip->i_diflags &
						~(XFS_DIFLAG_EXTSIZE | XFS_DIFLAG_EXTSZINHERIT)));
		}
	}
	if (pip->i_diflags2 & XFS_DIFLAG2_COWEXTSIZE) {
		ip->i_diflags2 |= XFS_DIFLAG2_COWEXTSIZE;
		ip->i_cowextsize = pip->i_cowextsize;
	}
	ip->i_diflags2 |= pip->i_diflags2 & XFS_DIFLAG2_DAX;
}

/* Flags that depend only on the file system. */
static uint64_t default_flags2(const struct xfs_geometry *geo)
{
	return (xfs_has_bigtime(geo) ? XFS_DIFLAG2_BIGTIME : 0) |
	       (xfs_has_large_extent_counts(geo) ? XFS_DIFLAG2_NREXT64 : 0);
}

static void init_core(struct xfs_inode *ip, const struct xfs_icreate_args *args)
{
	struct xfs_mount *mp = ip->i_mount;
	const struct xfs_inode *pip = args->pip;
	uint16_t mode = args->mode;
	uint32_t ids[3];

	ip->i_metatype = args->metatype;
	xfs_icreate_owners(args, ids);
	ip->i_uid = ids[0];
	ip->i_gid = ids[1];
	ip->i_projid = ids[2];
	if (pip && args->inherit && (pip->i_mode & S_ISGID)) {
		if (S_ISDIR(mode))
			mode |= S_ISGID;
		/* An executable set-group-id file of a group that its creator is not in. */
		else if ((mode & S_IXGRP) && mp->m_unprivileged && ip->i_gid != args->gid)
			mode &= (uint16_t)~S_ISGID;
	}
	xfs_inode_set_mode(ip, mode);
	xfs_inode_set_nlink(ip, args->nlink);
	ip->i_gen = xfs_random32(mp);
	ip->i_rdev = args->rdev;
	xfs_inode_set_diflags(ip, 0);
	ip->i_diflags2 = default_flags2(&mp->m_geo);
	if (args->metatype) {
		xfs_inode_set_diflags(ip, S_ISDIR(mode) ? XFS_METADIR_DIFLAGS : XFS_METAFILE_DIFLAGS);
		ip->i_diflags2 |= XFS_DIFLAG2_METADATA;
	}
	ip->i_extsize = ip->i_cowextsize = 0;
	ip->i_changecount = 0;
	ip->i_changed_by = 0;
	ip->i_disk_size = ip->i_size = 0;
	ip->i_nblocks = ip->i_delayed_blks = ip->i_cow_blocks = 0;
	ip->i_atime = ip->i_mtime = ip->i_ctime = ip->i_crtime = *args->now;
	memset(&ip->i_dir, 0, sizeof(ip->i_dir));
	xfs_ifork_init_empty(&ip->i_df);
	xfs_ifork_init_empty(&ip->i_af);
	if (!S_ISREG(args->mode) && !S_ISDIR(args->mode) && !S_ISLNK(args->mode))
		ip->i_df.if_format = XFS_DINODE_FMT_DEV;
	ip->i_forkoff = 0;
	if (args->init_attr_fork || xfs_has_parent(&mp->m_geo)) {
		ip->i_forkoff = xfs_default_forkoff(mp, args->mode);
		xfs_note_attr(mp);
	}
	if (pip && (args->inherit || args->inherit_flags))
		inherit(ip, pip);
}

int xfs_icreate(struct xfs_trans *tp, const struct xfs_icreate_args *args,
		struct xfs_inode **ipp) XFS_LOCKS_UNCHECKED
{
	struct xfs_mount *mp = tp->t_mount;
	struct xfs_inode *ip;
	struct xfs_imap imap;
	xfs_ino_t ino;
	int error;

	*ipp = NULL;
	/* Allocate memory first: without it nothing may have changed. */
	ip = xfs_inode_alloc(mp);
	if (!ip)
		return -ENOMEM;
	error = xfs_dialloc(tp, args->pip ? args->pip->i_ino : 0, args->mode, &ino, &imap);
	if (error) {
		xfs_inode_unalloc(mp, ip);
		return error;
	}
	ip = xfs_inode_make(mp, ip, ino, &imap);
	/*
	 * The caller has locked the directory, whose number may be higher.  That is safe: nobody
	 * else holds the new inode's lock for long; others can only be reading it, without waiting
	 * for another lock.
	 */
	xfs_rwlock_excl_unordered(&ip->i_lock);
	if (ip->i_mode != 0) {
		xfs_iunlock_excl(ip);
		xfs_inode_put(ip);
		return xfs_corrupt(mp, "inobt", "inode %" PRIu64 " is marked free, but is in use",
				   ino);
	}
	__atomic_store_n(&ip->i_flags, XFS_IF_NEW, __ATOMIC_RELAXED);
	/* A cached inode may still have the place of an older chunk. */
	ip->i_cluster_daddr = imap.im_daddr;
	ip->i_cluster_len = imap.im_len;
	ip->i_cluster_off = imap.im_offset;
	init_core(ip, args);
	ip->i_charged = (struct xfs_charged){ .exists = false };
	xfs_iflags_clear(ip, XFS_IF_NEW);
	xfs_trans_log_inode(tp, ip, XFS_ILOG_CORE);
	*ipp = ip;
	return 0;
}

int xfs_ifree(struct xfs_trans *tp, struct xfs_inode *ip)
{
	bool chunk_gone;
	int error;

	ASSERT(ip->i_nlink == 0);
	error = xfs_difree(tp, ip->i_ino, &chunk_gone);
	if (error)
		return error;
	xfs_idestroy_fork(ip, XFS_DATA_FORK);
	xfs_idestroy_fork(ip, XFS_ATTR_FORK);
	xfs_ifork_init_empty(&ip->i_df);
	xfs_ifork_init_empty(&ip->i_af);
	xfs_inode_set_mode(ip, 0);
	xfs_inode_set_diflags(ip, 0);
	ip->i_diflags2 = default_flags2(&ip->i_mount->m_geo);
	ip->i_forkoff = 0;
	ip->i_disk_size = ip->i_size = 0;
	ip->i_nblocks = 0;
	ip->i_extsize = ip->i_cowextsize = 0;
	ip->i_rdev = 0;
	ip->i_gen++;
	xfs_iflags_set(ip, XFS_IF_STALE);
	if (!chunk_gone)
		xfs_trans_log_inode(tp, ip, XFS_ILOG_CORE);
	else if (unlikely(ip->i_mount->m_quota))
		ip->i_mount->m_upcalls->charge(tp, ip);
	return 0;
}
