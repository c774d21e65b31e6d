/* SPDX-License-Identifier: MIT */
/*
 * Blocks that an operation needs below the limits of its owner: a kernel's worst case, so that both
 * refuse the same operations near a limit.  The block reservation on disk is a different number.
 * Found by experiment: the smallest limits with which each call succeeds under Linux 7.2.
 */
#include "disk/attr.h"
#include "disk/symlink.h"
#include "quota/quota_priv.h"

/* Blocks of names and hashes and of the free-space index that an insertion may change. */
#define DIR_BLOCKS	7u
#define ATTR_BLOCKS	5u

static uint32_t data_tree(const struct xfs_mount *mp)
{
	return xfs_bmap_add_blocks(mp, XFS_DATA_FORK);
}

static uint32_t attr_tree(const struct xfs_mount *mp)
{
	return xfs_bmap_add_blocks(mp, XFS_ATTR_FORK);
}

static uint32_t enter_name(const struct xfs_mount *mp)
{
	return DIR_BLOCKS * (mp->m_geo.dirblkfsbs + data_tree(mp));
}

static uint32_t remove_name(const struct xfs_mount *mp)
{
	return DIR_BLOCKS * data_tree(mp);
}

static uint32_t enter_attr(const struct xfs_mount *mp)
{
	return ATTR_BLOCKS * (1 + attr_tree(mp));
}

static uint32_t parent_pointer(const struct xfs_mount *mp)
{
	return xfs_has_parent(&mp->m_geo) ? enter_attr(mp) + attr_tree(mp) : 0;
}

static uint32_t new_inode(const struct xfs_mount *mp)
{
	const struct xfs_geometry *geo = &mp->m_geo;

	return geo->ialloc_blks + (xfs_has_finobt(geo) ? 2u : 1u) * geo->inobt_maxlevels;
}

static uint32_t symlink_target(const struct xfs_mount *mp, uint32_t len)
{
	uint32_t inode_bytes = mp->m_geo.inodesize - 176u;

	if (!len || (len <= inode_bytes && !xfs_has_parent(&mp->m_geo)))
		return 0;
	/* A parent pointer may take the room in the inode. */
	return (uint32_t)xfs_howmany64(len, XFS_SYMLINK_BUF_SPACE(mp->m_geo.blocksize));
}

uint32_t xfs_quota_worst_create(const struct xfs_mount *mp, uint32_t target_len)
{
	return new_inode(mp) + enter_name(mp) + parent_pointer(mp) + symlink_target(mp, target_len);
}

uint32_t xfs_quota_worst_link(const struct xfs_mount *mp)
{
	return enter_name(mp) + parent_pointer(mp);
}

uint32_t xfs_quota_worst_rename(const struct xfs_mount *mp, bool over)
{
	return enter_name(mp) + remove_name(mp) + (over ? 3 : 2) * parent_pointer(mp);
}

uint32_t xfs_quota_worst_attr_set(const struct xfs_mount *mp, uint32_t namelen, uint32_t valuelen)
{
	const struct xfs_geometry *geo = &mp->m_geo;
	uint32_t blocks = enter_attr(mp), rmt;

	if (xfs_attr_leaf_is_local(geo->blocksize, namelen, valuelen))
		return blocks;
	rmt = xfs_attr3_rmt_blocks(geo->blocksize, valuelen);
	return blocks + rmt + (uint32_t)xfs_howmany64(rmt, geo->bmap_mxr[0]) * attr_tree(mp);
}

uint32_t xfs_quota_worst_attr_remove(const struct xfs_mount *mp)
{
	return ATTR_BLOCKS * attr_tree(mp);
}

uint64_t xfs_quota_worst_alloc(const struct xfs_mount *mp, uint64_t blocks)
{
	return blocks + data_tree(mp);
}
