/* SPDX-License-Identifier: MIT */
/*
 * Removing the attribute fork of an inode that is being freed.  The fork may be large, so it is
 * removed in steps, and recovery must be able to continue after any of them.  First the root
 * becomes an empty leaf, so that nothing refers to the other blocks any more.  Then those are freed
 * from the end of the fork on.  The root goes last, together with the fork.
 */
#include "attr/attr_priv.h"
#include "core/message.h"
#include "trans/resv.h"

#define STEP_BLOCKS	64u

static int forget_range(struct xfs_trans *tp, struct xfs_inode *ip, const struct xfs_bmbt_irec *map)
{
	for (xfs_filblks_t i = 0; i < map->br_blockcount; i++) {
		int error = xfs_attr_forget_block(tp, ip->i_mount,
						  XFS_FSB_TO_DADDR(&ip->i_mount->m_geo,
								   map->br_startblock + i));

		if (error)
			return error;
	}
	return 0;
}

/* Make block 0 an empty leaf, whatever was in it. */
static int clear_root(struct xfs_trans *tp, struct xfs_inode *ip, const struct xfs_bmbt_irec *map)
{
	struct xfs_mount *mp = ip->i_mount;
	struct xfs_attr_args args = { .tp = tp, .ip = ip, .geo = &mp->m_geo };
	struct xfs_buf *bp;
	int error;

	error = xfs_buf_get(mp, XFS_FSB_TO_DADDR(&mp->m_geo, map->br_startblock),
			    mp->m_geo.blocksize, &xfs_attr3_leaf_buf_ops, &bp);
	if (error)
		return error;
	xfs_attr_leaf_init(&args, bp);
	xfs_buf_put(bp);
	return 0;
}

/*
 * The work of one transaction. *@rooted: the root is an empty leaf already; *@done: the fork is
 * gone.
 */
static int step(struct xfs_trans *tp, struct xfs_inode *ip, bool *rooted, bool *done)
{
	struct xfs_iext_cursor cur;
	struct xfs_bmbt_irec last;
	xfs_fileoff_t end;
	bool unmapped = false;
	int error;

	if (xfs_attr_form(ip) != XFS_ATTR_FORM_TREE) {
		xfs_idestroy_fork(ip, XFS_ATTR_FORK);
		xfs_ifork_init_empty(&ip->i_af);
		*done = true;
		return xfs_attr_fork_remove(tp, ip);
	}
	error = xfs_iread_extents(ip, XFS_DATA_FORK);
	if (!error)
		error = xfs_iread_extents(ip, XFS_ATTR_FORK);
	if (error)
		return error;
	if (!*rooted) {
		*rooted = true;
		if (xfs_iext_lookup_extent(&ip->i_af, 0, &cur, &last) && last.br_startoff == 0)
			return clear_root(tp, ip, &last);
	}
	if (XFS_IS_CORRUPT(ip->i_mount, "attribute fork", ip->i_ino,
			   !xfs_iext_last_extent(&ip->i_af, &cur, &last)))
		return -EUCLEAN;
	end = xfs_irec_end(&last);
	/* The root must not be freed before the other blocks. */
	if (last.br_startoff == 0 && last.br_blockcount > 1)
		xfs_irec_trim(&last, 1, end);
	if (last.br_blockcount > STEP_BLOCKS)
		xfs_irec_trim(&last, end - STEP_BLOCKS, end);
	error = forget_range(tp, ip, &last);
	while (!error && !unmapped)
		error = xfs_bunmapi(tp, ip, last.br_startoff, last.br_blockcount,
				    XFS_BMAPI_ATTRFORK, STEP_BLOCKS, &unmapped);
	return error;
}

int xfs_attr_inactive(struct xfs_inode *ip)
{
	struct xfs_mount *mp = ip->i_mount;
	bool rooted = false, done = !xfs_inode_has_attr_fork(ip);
	struct xfs_trans *tp;
	int error = 0;

	while (!error && !done) {
		error = xfs_trans_alloc(mp, XFS_RESV_ATTR_STEP, xfs_attr_remove_blocks(mp),
					XFS_TRANS_FREES, &tp);
		if (error)
			return error;
		xfs_ilock_excl(ip);
		error = step(tp, ip, &rooted, &done);
		xfs_iunlock_excl(ip);
		error = xfs_trans_finish(tp, error);
	}
	return error;
}
