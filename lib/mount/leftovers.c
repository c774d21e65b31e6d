/* SPDX-License-Identifier: MIT */
/*
 * Files without a name that were still open when a mount ended: a kernel stopped, or this library
 * could not free their space.  They are on the unlinked lists of their AGs, and only the next mount
 * for writing can free them.
 */
#include "ag/inobt.h"
#include "core/message.h"
#include "inode/inode.h"
#include "log/recover.h"
#include "mount/mount_priv.h"
#include "trans/resv.h"

#define BUCKETS		64u

static xfs_agino_t list_head(struct xfs_perag *pag, unsigned int bucket)
{
	xfs_agino_t head;

	xfs_mutex_lock(&pag->pag_lock);
	head = xfs_agi_unlinked_head(pag, bucket);
	xfs_mutex_unlock(&pag->pag_lock);
	return head;
}

/* Get the first inode of the list and free it by putting its only reference. */
static int free_first(struct xfs_perag *pag, xfs_agino_t agino)
{
	struct xfs_mount *mp = pag->pag_mount;
	xfs_ino_t ino = XFS_AGINO_TO_INO(&mp->m_geo, pag->pag_agno, agino);
	struct xfs_inode *ip;
	int error;

	error = xfs_iget(mp, ino, XFS_IGET_UNTRUSTED | XFS_IGET_UNLINKED, &ip);
	if (error == -ENOENT || error == -EINVAL)
		return xfs_corrupt(mp, "AGI", "AG %u: inode %u on an unlinked list is not in use",
				   pag->pag_agno, agino);
	if (error)
		return error;
	if (ip->i_nlink) {
		error = xfs_corrupt(mp, "inode", "inode %" PRIu64
				    " is on an unlinked list and has %u links", ino, ip->i_nlink);
		xfs_irele(ip);
		return error;
	}
	xfs_irele(ip);
	return 0;
}

/*
 * The list is broken: the inodes on it cannot be found, and stay allocated until the file system is
 * repaired.  Empty the list, because this is no reason to refuse the whole file system.
 */
static int drop_list(struct xfs_perag *pag, unsigned int bucket)
{
	struct xfs_mount *mp = pag->pag_mount;
	struct xfs_trans *tp;
	int error;

	xfs_warn(mp, "unlinked list %u of AG %u is damaged and is left alone: %s", bucket,
		 pag->pag_agno, xfs_last_text());
	error = xfs_trans_alloc(mp, XFS_RESV_INODE, 0, XFS_TRANS_FREES, &tp);
	if (error)
		return error;
	xfs_mutex_lock(&pag->pag_lock);
	xfs_agi_set_unlinked_head(tp, pag, bucket, NULLAGINO);
	xfs_mutex_unlock(&pag->pag_lock);
	return xfs_trans_commit(tp);
}

int xfs_free_leftovers(struct xfs_mount *mp)
{
	for (xfs_agnumber_t agno = 0; agno < mp->m_geo.agcount; agno++) {
		struct xfs_perag *pag = xfs_perag_get(mp, agno);

		for (unsigned int bucket = 0; bucket < BUCKETS; bucket++) {
			xfs_agino_t head = list_head(pag, bucket);

			while (head != NULLAGINO) {
				xfs_agino_t old = head;
				int error = free_first(pag, head);

				if ((error == -EUCLEAN || error == -EBADMSG) && mp->m_recovery &&
				    !xfs_is_shutdown(mp))
					error = drop_list(pag, bucket);
				if (error)
					return error;
				head = list_head(pag, bucket);
				if (head != old && mp->m_recovery)
					mp->m_recovery->stats.inodes_freed++;
				/* The reason was logged before. */
				if (head == old)
					return xfs_error(mp, -EUCLEAN,
							 "inode %u of AG %u has no links and could "
							 "not be freed: %s",
							 old, agno, xfs_last_text());
			}
		}
	}
	return 0;
}
