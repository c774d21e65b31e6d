/* SPDX-License-Identifier: MIT */
/*
 * The unlinked lists: inodes that have no name and are not freed yet.  Each bucket of an AG has one
 * singly linked list, newest first, so that a crash loses none.  An inode in memory also knows its
 * predecessor if that has been seen; otherwise the list is walked once from its head.  All of this
 * is under the AG's lock.
 */
#include "ag/inobt.h"
#include "core/message.h"
#include "inode/inode_priv.h"

#define BUCKETS		64u

static void set_next(struct xfs_trans *tp, struct xfs_inode *ip, xfs_agino_t next)
{
	ip->i_next_unlinked = next;
	__atomic_fetch_or(&ip->i_item.li_fields, XFS_ILOG_UNLINKED, __ATOMIC_RELAXED);
	xfs_trans_log_item(tp, &ip->i_item);
}

static void set_prev_in_memory(struct xfs_perag *pag, xfs_agino_t agino, xfs_agino_t prev)
{
	struct xfs_mount *mp = pag->pag_mount;
	struct xfs_inode *ip;

	if (agino == NULLAGINO)
		return;
	ip = xfs_inode_find(mp, XFS_AGINO_TO_INO(&mp->m_geo, pag->pag_agno, agino));
	if (!ip)
		return;
	ip->i_prev_unlinked = prev;
	xfs_inode_put(ip);
}

int xfs_iunlink(struct xfs_trans *tp, struct xfs_inode *ip)
{
	struct xfs_mount *mp = tp->t_mount;
	struct xfs_perag *pag = xfs_perag_get(mp, XFS_INO_TO_AGNO(&mp->m_geo, ip->i_ino));
	xfs_agino_t agino = XFS_INO_TO_AGINO(&mp->m_geo, ip->i_ino), head;
	int error;

	error = xfs_mutex_want(&pag->pag_lock);
	if (error)
		return error;
	error = xfs_perag_load_agi(pag);
	if (error)
		goto out_unlock;
	head = xfs_agi_unlinked_head(pag, agino % BUCKETS);
	if (head == agino || (head != NULLAGINO && !xfs_verify_agino(&mp->m_geo, pag->pag_agno, head))) {
		error = xfs_corrupt(mp, "AGI", "AG %u: unlinked list %u begins with inode %u",
				    pag->pag_agno, agino % BUCKETS, head);
		goto out_unlock;
	}
	set_prev_in_memory(pag, head, agino);
	ip->i_prev_unlinked = NULLAGINO;
	set_next(tp, ip, head);
	xfs_agi_set_unlinked_head(tp, pag, agino % BUCKETS, agino);
out_unlock:
	xfs_mutex_unlock(&pag->pag_lock);
	return error;
}

/* Find the predecessor of @ip, referenced. */
static int find_prev(struct xfs_perag *pag, struct xfs_inode *ip, xfs_agino_t head,
		     struct xfs_inode **prevp)
{
	struct xfs_mount *mp = pag->pag_mount;
	xfs_agino_t agino = XFS_INO_TO_AGINO(&mp->m_geo, ip->i_ino), cur;
	struct xfs_inode *prev;
	uint64_t steps = 0;
	int error;

	/* Start at the predecessor, if it was recorded when the inode was put on the list. */
	cur = ip->i_prev_unlinked ? ip->i_prev_unlinked : head;
	while (cur != NULLAGINO && steps++ <= pag->pag_icount) {
		error = xfs_iget(mp, XFS_AGINO_TO_INO(&mp->m_geo, pag->pag_agno, cur),
				 XFS_IGET_UNLINKED, &prev);
		if (error == -ENOENT || error == -EINVAL)
			break;
		if (error)
			return error;
		if (prev->i_next_unlinked == agino) {
			*prevp = prev;
			return 0;
		}
		cur = prev->i_next_unlinked;
		xfs_inode_put(prev);
	}
	return xfs_corrupt(mp, "AGI", "inode %" PRIu64 " is not on unlinked list %u", ip->i_ino,
			   agino % BUCKETS);
}

int xfs_iunlink_remove(struct xfs_trans *tp, struct xfs_inode *ip)
{
	struct xfs_mount *mp = tp->t_mount;
	struct xfs_perag *pag = xfs_perag_get(mp, XFS_INO_TO_AGNO(&mp->m_geo, ip->i_ino));
	xfs_agino_t agino = XFS_INO_TO_AGINO(&mp->m_geo, ip->i_ino), head, next;
	struct xfs_inode *prev = NULL;
	int error;

	error = xfs_mutex_want(&pag->pag_lock);
	if (error)
		return error;
	/*
	 * Read under the AG's lock: a thread that removes our successor changes it without our
	 * ILOCK.
	 */
	next = ip->i_next_unlinked;
	error = xfs_perag_load_agi(pag);
	if (error)
		goto out_unlock;
	head = xfs_agi_unlinked_head(pag, agino % BUCKETS);
	if (head == agino) {
		xfs_agi_set_unlinked_head(tp, pag, agino % BUCKETS, next);
		set_prev_in_memory(pag, next, NULLAGINO);
	} else {
		error = find_prev(pag, ip, head, &prev);
		if (error)
			goto out_unlock;
		set_next(tp, prev, next);
		set_prev_in_memory(pag, next, XFS_INO_TO_AGINO(&mp->m_geo, prev->i_ino));
		xfs_inode_put(prev);
	}
	set_next(tp, ip, NULLAGINO);
	ip->i_prev_unlinked = NULLAGINO;
out_unlock:
	xfs_mutex_unlock(&pag->pag_lock);
	return error;
}
