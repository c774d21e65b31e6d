/* SPDX-License-Identifier: MIT */
/*
 * Closing.  Data first, then what was promised too much is given back, then
 * metadata; when all of it is stable the superblock takes the in-progress mark off.
 */
#include "core/message.h"
#include "inode/inode.h"
#include "mount/mount_priv.h"
#include "trans/trans.h"

int xfs_syncfs(struct xfs_mount *mp)
{
	if (mp->m_rdonly)
		return 0;
	return xfs_checkpoint_writeback(mp, true);
}

static int close_down(struct xfs_mount *mp)
{
	int error;

	if (mp->m_rdonly)
		return 0;
	if (xfs_is_shutdown(mp))
		return xfs_error(mp, -EIO, "the file system was shut down");
	error = xfs_syncfs(mp);
	if (!error && (mp->m_state & XFS_STATE_MARKED))
		error = xfs_writesb(mp, false);
	return error;
}

int xfs_unmountfs(struct xfs_mount *mp)
{
	int error;

	/* The root directory's reference goes first, so that nothing is left open. */
	xfs_irele(mp->m_rootip);
	mp->m_rootip = NULL;
	error = close_down(mp);
	xfs_abandonfs(mp);
	return error;
}
