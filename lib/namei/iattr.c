/* SPDX-License-Identifier: MIT */
/* Attributes that need nothing but the inode itself. */
#include "base/clock.h"
#include "core/message.h"
#include "disk/verify.h"
#include "namei/namei.h"

static const struct {
	uint32_t xflag;
	uint16_t diflag;
} flag_table[] = {
	{ XFS_XFLAG_REALTIME, XFS_DIFLAG_REALTIME },
	{ XFS_XFLAG_PREALLOC, XFS_DIFLAG_PREALLOC },
	{ XFS_XFLAG_IMMUTABLE, XFS_DIFLAG_IMMUTABLE },
	{ XFS_XFLAG_APPEND, XFS_DIFLAG_APPEND },
	{ XFS_XFLAG_SYNC, XFS_DIFLAG_SYNC },
	{ XFS_XFLAG_NOATIME, XFS_DIFLAG_NOATIME },
	{ XFS_XFLAG_NODUMP, XFS_DIFLAG_NODUMP },
	{ XFS_XFLAG_RTINHERIT, XFS_DIFLAG_RTINHERIT },
	{ XFS_XFLAG_PROJINHERIT, XFS_DIFLAG_PROJINHERIT },
	{ XFS_XFLAG_NOSYMLINKS, XFS_DIFLAG_NOSYMLINKS },
	{ XFS_XFLAG_EXTSIZE, XFS_DIFLAG_EXTSIZE },
	{ XFS_XFLAG_EXTSZINHERIT, XFS_DIFLAG_EXTSZINHERIT },
	{ XFS_XFLAG_NODEFRAG, XFS_DIFLAG_NODEFRAG },
	{ XFS_XFLAG_FILESTREAM, XFS_DIFLAG_FILESTREAM },
};

#define DIR_ONLY	(XFS_DIFLAG_RTINHERIT | XFS_DIFLAG_PROJINHERIT | \
			 XFS_DIFLAG_NOSYMLINKS | XFS_DIFLAG_EXTSZINHERIT)
#define FILE_ONLY	(XFS_DIFLAG_REALTIME | XFS_DIFLAG_EXTSIZE)

#define KNOWN_XFLAGS	((0x1ffffu & ~0x4u) | XFS_XFLAG_HASATTR)	/* 0x4 was never used */
#define KNOWN_ATTRS	(((XFS_ATTR_RDEV << 1) - 1) | XFS_ATTR_TOUCH)

uint32_t xfs_inode_xflags(const struct xfs_inode *ip)
{
	uint32_t xflags = 0;

	for (size_t i = 0; i < ARRAY_SIZE(flag_table); i++) {
		if (ip->i_diflags & flag_table[i].diflag)
			xflags |= flag_table[i].xflag;
	}
	if (ip->i_diflags2 & XFS_DIFLAG2_DAX)
		xflags |= XFS_XFLAG_DAX;
	if (ip->i_diflags2 & XFS_DIFLAG2_COWEXTSIZE)
		xflags |= XFS_XFLAG_COWEXTSIZE;
	if (xfs_inode_has_attr_fork(ip))
		xflags |= XFS_XFLAG_HASATTR;
	return xflags;
}

/* The inode's flags and hints after the change. */
struct flags_after {
	uint16_t diflags;
	uint64_t diflags2;
	uint32_t extsize, cowextsize;
};

/* @after: on entry the present values, on return the new ones. */
static void work_out(const struct xfs_mount *mp, uint16_t mode, const struct xfs_iattr *iattr,
		     struct flags_after *after)
{
	uint8_t blocklog = mp->m_geo.blocklog;

	if (iattr->valid & XFS_ATTR_XFLAGS) {
		for (size_t i = 0; i < ARRAY_SIZE(flag_table); i++) {
			if (iattr->xflags & flag_table[i].xflag)
				after->diflags |= flag_table[i].diflag;
			else
				after->diflags &= (uint16_t)~flag_table[i].diflag;
		}
		/* Ignore flags that do not exist for this type. */
		after->diflags &= (uint16_t)~(S_ISDIR(mode) ? FILE_ONLY : DIR_ONLY);
		if (!S_ISDIR(mode) && !S_ISREG(mode))
			after->diflags &= (uint16_t)~FILE_ONLY;
		after->diflags2 &= ~(XFS_DIFLAG2_DAX | XFS_DIFLAG2_COWEXTSIZE);
		if (S_ISDIR(mode) || S_ISREG(mode)) {
			if (iattr->xflags & XFS_XFLAG_DAX)
				after->diflags2 |= XFS_DIFLAG2_DAX;
			if (iattr->xflags & XFS_XFLAG_COWEXTSIZE)
				after->diflags2 |= XFS_DIFLAG2_COWEXTSIZE;
		}
	}
	if (iattr->valid & XFS_ATTR_EXTSIZE) {
		after->extsize = iattr->extsize_bytes >> blocklog;
		/* A hint without flags sets its flag. */
		if (!(iattr->valid & XFS_ATTR_XFLAGS))
			after->diflags |= S_ISDIR(mode) ? XFS_DIFLAG_EXTSZINHERIT : XFS_DIFLAG_EXTSIZE;
	}
	if (iattr->valid & XFS_ATTR_COWEXTSIZE) {
		after->cowextsize = iattr->cowextsize_bytes >> blocklog;
		if (!(iattr->valid & XFS_ATTR_XFLAGS))
			after->diflags2 |= XFS_DIFLAG2_COWEXTSIZE;
	}
	/* A hint needs its flag, and a flag its hint. */
	if (!(after->diflags & (XFS_DIFLAG_EXTSIZE | XFS_DIFLAG_EXTSZINHERIT)))
		after->extsize = 0;
	else if (!after->extsize)
		after->diflags &= (uint16_t)~(XFS_DIFLAG_EXTSIZE | XFS_DIFLAG_EXTSZINHERIT);
	if (!(after->diflags2 & XFS_DIFLAG2_COWEXTSIZE))
		after->cowextsize = 0;
	else if (!after->cowextsize)
		after->diflags2 &= ~XFS_DIFLAG2_COWEXTSIZE;
}

static struct flags_after flags_now(const struct xfs_inode *ip)
{
	return (struct flags_after){
		.diflags = ip->i_diflags, .diflags2 = ip->i_diflags2,
		.extsize = ip->i_extsize, .cowextsize = ip->i_cowextsize,
	};
}

static int check_flags(struct xfs_mount *mp, const struct xfs_inode *ip, uint16_t mode,
		       const struct xfs_iattr *iattr)
{
	struct flags_after after = { 0 };
	uint16_t had = ip ? ip->i_diflags : 0;
	xfs_failaddr_t fa;

	if ((iattr->valid & XFS_ATTR_XFLAGS) && iattr->xflags & ~KNOWN_XFLAGS)
		return xfs_error(mp, -EINVAL, "unknown inode flags 0x%x",
				 iattr->xflags & ~KNOWN_XFLAGS);
	if (((iattr->valid & XFS_ATTR_EXTSIZE) && iattr->extsize_bytes & mp->m_geo.blockmask) ||
	    ((iattr->valid & XFS_ATTR_COWEXTSIZE) && iattr->cowextsize_bytes & mp->m_geo.blockmask))
		return xfs_error(mp, -EINVAL,
				 "the extent size hint is not a multiple of the block size");
	if (ip)
		after = flags_now(ip);
	work_out(mp, mode, iattr, &after);
	if ((after.diflags & XFS_DIFLAG_REALTIME) != (had & XFS_DIFLAG_REALTIME))
		return xfs_error(mp, -EINVAL, "the realtime flag cannot be changed");
	if ((after.diflags2 & XFS_DIFLAG2_COWEXTSIZE) && !xfs_has_reflink(&mp->m_geo))
		return xfs_error(mp, -EINVAL, "the file system does not have reflink");
	/* The existing blocks were allocated without the hint. */
	if (ip && xfs_is_reg(ip) && after.extsize != ip->i_extsize &&
	    (ip->i_df.if_nextents || ip->i_delayed_blks))
		return xfs_error(mp, -EINVAL, "inode %" PRIu64
				 " has data: its extent size hint cannot change", ip->i_ino);
	fa = xfs_inode_validate_extsize(&mp->m_geo, after.extsize, mode, after.diflags);
	if (!fa)
		fa = xfs_inode_validate_cowextsize(&mp->m_geo, after.cowextsize, mode, after.diflags,
						   after.diflags2);
	if (fa)
		return xfs_error(mp, -EINVAL, "extent size hint: %s", fa);
	return 0;
}

/*
 * Of an immutable or append-only inode, only the flags alone can change, or anything if the same
 * call clears these flags.
 */
static int check_fixed(struct xfs_mount *mp, const struct xfs_inode *ip,
		       const struct xfs_iattr *iattr)
{
	struct flags_after after = flags_now(ip);

	if (!(ip->i_diflags & (XFS_DIFLAG_IMMUTABLE | XFS_DIFLAG_APPEND)))
		return 0;
	work_out(mp, ip->i_mode, iattr, &after);
	if ((iattr->valid & XFS_ATTR_TOUCH) && !(ip->i_diflags & XFS_DIFLAG_IMMUTABLE))
		return 0;
	if (iattr->valid == XFS_ATTR_XFLAGS ||
	    !(after.diflags & (XFS_DIFLAG_IMMUTABLE | XFS_DIFLAG_APPEND)))
		return 0;
	return xfs_error(mp, -EPERM, "inode %" PRIu64 " is immutable or append-only", ip->i_ino);
}

int xfs_iattr_check_times(struct xfs_mount *mp, const struct xfs_iattr *iattr)
{
	const struct {
		uint32_t bit;
		const struct xfs_timespec *time;
	} times[] = {
		{ XFS_ATTR_ATIME, &iattr->atime }, { XFS_ATTR_MTIME, &iattr->mtime },
		{ XFS_ATTR_CTIME, &iattr->ctime }, { XFS_ATTR_CRTIME, &iattr->crtime },
	};

	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		if ((iattr->valid & times[i].bit) && times[i].time->tv_nsec > 999999999)
			return xfs_error(mp, -EINVAL, "%u nanoseconds", times[i].time->tv_nsec);
	}
	return 0;
}

int xfs_iattr_check(struct xfs_mount *mp, const struct xfs_inode *ip, uint16_t mode,
		    const struct xfs_iattr *iattr)
{
	int error;

	/* Only a new inode can inherit. */
	if (iattr->valid & ~(KNOWN_ATTRS | (ip ? 0 : XFS_ATTR_INHERIT)))
		return xfs_error(mp, -EINVAL, "unknown attributes 0x%x", iattr->valid & ~KNOWN_ATTRS);
	if (((iattr->valid & XFS_ATTR_UID) && iattr->uid == UINT32_MAX) ||
	    ((iattr->valid & XFS_ATTR_GID) && iattr->gid == UINT32_MAX) ||
	    ((iattr->valid & XFS_ATTR_PROJID) && iattr->projid == UINT32_MAX))
		return xfs_error(mp, -EINVAL, "user or group id -1 is not valid");
	error = xfs_iattr_check_times(mp, iattr);
	if (!error && iattr->valid & (XFS_ATTR_XFLAGS | XFS_ATTR_EXTSIZE | XFS_ATTR_COWEXTSIZE))
		error = check_flags(mp, ip, mode, iattr);
	if (!error && ip && iattr->valid)
		error = check_fixed(mp, ip, iattr);
	return error;
}

static struct timespec clamp_time(const struct xfs_inode *ip, struct xfs_timespec tv)
{
	return xfs_clamp_time(ip->i_mount, xfs_host_timespec(tv));
}

void xfs_iattr_owners(const struct xfs_iattr *iattr, uint32_t ids[3])
{
	if (iattr->valid & XFS_ATTR_UID)
		ids[0] = iattr->uid;
	if (iattr->valid & XFS_ATTR_GID)
		ids[1] = iattr->gid;
	if (iattr->valid & XFS_ATTR_PROJID)
		ids[2] = iattr->projid;
}

void xfs_iattr_apply(struct xfs_inode *ip, const struct xfs_iattr *iattr)
{
	struct flags_after after;

	if (iattr->valid & XFS_ATTR_UID)
		ip->i_uid = iattr->uid;
	if (iattr->valid & XFS_ATTR_GID)
		ip->i_gid = iattr->gid;
	if (iattr->valid & XFS_ATTR_PROJID)
		ip->i_projid = iattr->projid;
	if (iattr->valid & XFS_ATTR_ATIME)
		ip->i_atime = clamp_time(ip, iattr->atime);
	if (iattr->valid & XFS_ATTR_MTIME)
		ip->i_mtime = clamp_time(ip, iattr->mtime);
	if (iattr->valid & XFS_ATTR_CTIME)
		ip->i_ctime = clamp_time(ip, iattr->ctime);
	if (iattr->valid & XFS_ATTR_CRTIME)
		ip->i_crtime = clamp_time(ip, iattr->crtime);
	if (iattr->valid & (XFS_ATTR_XFLAGS | XFS_ATTR_EXTSIZE | XFS_ATTR_COWEXTSIZE)) {
		after = flags_now(ip);
		work_out(ip->i_mount, ip->i_mode, iattr, &after);
		xfs_inode_set_diflags(ip, after.diflags);
		xfs_inode_set_diflags2(ip, after.diflags2);
		xfs_inode_set_extsizes(ip, after.extsize, after.cowextsize);
	}
}
