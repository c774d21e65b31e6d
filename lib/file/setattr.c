/* SPDX-License-Identifier: MIT */
/* chmod, chown, utimes and the like in one transaction; sizes are truncate.c's. */
#include "core/message.h"
#include "file/setattr.h"

#define MODE_BITS	07777u

static int apply_locked(struct xfs_trans *tp, struct xfs_inode *ip, const struct xfs_iattr *iattr)
{
	int error = 0;

	if (iattr->valid & XFS_ATTR_MODE) {
		uint16_t mode = (uint16_t)((ip->i_mode & ~MODE_BITS) | (iattr->mode & MODE_BITS));

		/* A stored ACL and the mode say the same. */
		if (xfs_inode_has_attr_fork(ip) && !xfs_is_symlink(ip))
			error = xfs_acl_chmod(tp, ip, mode);
		if (error)
			return error;
		xfs_inode_set_mode(ip, mode);
	}
	xfs_iattr_apply(ip, iattr);
	if (!(iattr->valid & XFS_ATTR_CTIME))
		xfs_trans_ichgtime(tp, ip, XFS_ICHGTIME_CHG);
	xfs_trans_log_inode(tp, ip, XFS_ILOG_CORE);
	return 0;
}

/* chown by an unprivileged caller takes set-id bits along. */
static void strip_setid(const struct xfs_inode *ip, struct xfs_iattr *iattr)
{
	uint32_t mode = ip->i_mode;

	if (!ip->i_mount->m_unprivileged || xfs_is_dir(ip) ||
	    !(iattr->valid & (XFS_ATTR_UID | XFS_ATTR_GID)) || (iattr->valid & XFS_ATTR_MODE))
		return;
	mode &= ~(uint32_t)S_ISUID;
	if (mode & S_IXGRP)
		mode &= ~(uint32_t)S_ISGID;
	if (mode != ip->i_mode) {
		iattr->mode = mode;
		iattr->valid |= XFS_ATTR_MODE;
	}
}

int xfs_file_setattr(struct xfs_inode *ip, const struct xfs_iattr *wanted)
{
	struct xfs_mount *mp = ip->i_mount;
	struct xfs_iattr iattr = *wanted;
	struct xfs_trans *tp;
	uint32_t blocks = 0;
	int error;

	if (!iattr.valid)
		return 0;
	error = xfs_iattr_check(mp, ip, ip->i_mode, &iattr);
	if (error)
		return error;
	strip_setid(ip, &iattr);
	if ((iattr.valid & XFS_ATTR_MODE) && xfs_inode_has_attr_fork(ip))
		blocks = xfs_acl_chmod_blocks(mp);
	error = xfs_trans_alloc(mp, 0, blocks, XFS_TRANS_RESERVE, &tp);
	if (error)
		return error;
	xfs_ilock_excl(ip);
	if (xfs_inode_has_attr_fork(ip) && (iattr.valid & XFS_ATTR_MODE))
		error = xfs_iread_extents(ip, XFS_ATTR_FORK);
	if (!error)
		error = apply_locked(tp, ip, &iattr);
	xfs_iunlock_excl(ip);
	if (error)
		xfs_trans_cancel(tp);
	else
		error = xfs_trans_commit(tp);
	return error;
}

void xfs_file_getattr(struct xfs_inode *ip, struct xfs_stat *st)
{
	const struct xfs_geometry *geo = &ip->i_mount->m_geo;

	memset(st, 0, sizeof(*st));
	xfs_ilock_shared(ip);
	st->ino = ip->i_ino;
	st->gen = ip->i_gen;
	st->mode = ip->i_mode;
	st->nlink = ip->i_nlink;
	st->uid = ip->i_uid;
	st->gid = ip->i_gid;
	st->projid = ip->i_projid;
	if (S_ISCHR(ip->i_mode) || S_ISBLK(ip->i_mode)) {
		st->rdev_major = xfs_sysv_major(ip->i_rdev);
		st->rdev_minor = xfs_sysv_minor(ip->i_rdev);
	}
	st->size_bytes = (uint64_t)(xfs_is_reg(ip) ? ip->i_size : ip->i_disk_size);
	st->blocks512 = XFS_FSB_TO_BB(geo, ip->i_nblocks + ip->i_delayed_blks);
	st->blksize = geo->blocksize;
	st->xflags = xfs_inode_xflags(ip);
	st->extsize_bytes = ip->i_extsize << geo->blocklog;
	st->cowextsize_bytes = ip->i_cowextsize << geo->blocklog;
	st->nextents = ip->i_df.if_nextents;
	st->anextents = xfs_inode_has_attr_fork(ip) ? ip->i_af.if_nextents : 0;
	st->changecount = ip->i_changecount;
	st->atime = ip->i_atime;
	st->mtime = ip->i_mtime;
	st->ctime = ip->i_ctime;
	st->crtime = ip->i_crtime;
	xfs_iunlock_shared(ip);
}
