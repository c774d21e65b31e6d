/* SPDX-License-Identifier: MIT */
/*
 * Adding an inode to a transaction.  It is here because the forks are the lowest code that needs
 * it; the inode's log item is in inode/item.c.
 */
#include "bmap/bmap_priv.h"

void xfs_trans_log_inode(struct xfs_trans *tp, struct xfs_inode *ip, uint32_t fields)
{
	ASSERT(xfs_rwlock_is_held_excl(&ip->i_lock));
	if (ip->i_changed_by != tp->t_id) {
		ip->i_changed_by = tp->t_id;
		ip->i_changecount++;
		/* Other threads read the flags without the lock: write them only once. */
		if (xfs_has_bigtime(&ip->i_mount->m_geo) &&
		    !(ip->i_diflags2 & XFS_DIFLAG2_BIGTIME))
			xfs_inode_set_diflags2(ip, ip->i_diflags2 | XFS_DIFLAG2_BIGTIME);
	}
	/* Every change of owner, blocks or existence calls this function in its transaction. */
	if (unlikely(ip->i_mount->m_quota))
		ip->i_mount->m_upcalls->charge(tp, ip);
	__atomic_fetch_or(&ip->i_item.li_fields, fields & ~XFS_ILOG_TIMES, __ATOMIC_RELAXED);
	xfs_trans_log_item(tp, &ip->i_item);
	if (!(fields & XFS_ILOG_TIMES))
		__atomic_store_n(&ip->i_datasync_seq,
				 __atomic_load_n(&ip->i_item.li_seq, __ATOMIC_RELAXED),
				 __ATOMIC_RELAXED);
}
