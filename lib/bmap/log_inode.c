/* SPDX-License-Identifier: MIT */
/*
 * An inode becomes part of what a transaction changes.  The forks, which change themselves, are the
 * lowest that need it; what its item then does is in inode/item.c.
 */
#include "bmap/bmap_priv.h"

void xfs_trans_log_inode(struct xfs_trans *tp, struct xfs_inode *ip, uint32_t fields)
{
	ASSERT(xfs_rwlock_is_held_excl(&ip->i_lock));
	if (ip->i_changed_by != tp->t_id) {
		ip->i_changed_by = tp->t_id;
		ip->i_changecount++;
		/* Others look at their flags without the lock: it is written once only. */
		if (xfs_has_bigtime(&ip->i_mount->m_geo) &&
		    !(ip->i_diflags2 & XFS_DIFLAG2_BIGTIME))
			xfs_inode_set_diflags2(ip, ip->i_diflags2 | XFS_DIFLAG2_BIGTIME);
	}
	/* Every change of owner, blocks or existence comes by here, in the transaction that makes it. */
	if (unlikely(ip->i_mount->m_quota))
		ip->i_mount->m_upcalls->charge(tp, ip);
	__atomic_fetch_or(&ip->i_item.li_fields, fields & ~XFS_ILOG_TIMES, __ATOMIC_RELAXED);
	xfs_trans_log_item(tp, &ip->i_item);
	if (!(fields & XFS_ILOG_TIMES))
		__atomic_store_n(&ip->i_datasync_seq,
				 __atomic_load_n(&ip->i_item.li_seq, __ATOMIC_RELAXED),
				 __ATOMIC_RELAXED);
}
