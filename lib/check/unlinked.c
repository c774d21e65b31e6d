/* SPDX-License-Identifier: MIT */
/*
 * The lists of inodes that have lost their last name while still open.  A clean file system has
 * none; in a dirty one recovery frees them.
 */
#include "check/check_priv.h"

XFS_CHECK_DEFINE_SORT(sort_unlinked, struct xfs_check_unlinked, a->ino < b->ino)

static void walk_bucket(struct xfs_check *chk, uint32_t agno, uint32_t bucket, uint32_t agino,
			struct xfs_check_set *seen)
{
	struct xfs_check_place at = xfs_check_at("agi", agno, 0, XFS_CHECK_NOINO);
	const struct xfs_check_geo *g = &chk->g;

	if (chk->log_clean)
		xfs_check_report(chk, at,
				 "unlinked list %u starts with inode %u, though the log is clean",
				 bucket, agino);
	while (agino != NULLAGINO && !chk->stop) {
		xfs_ino_t ino = xfs_check_ino(g, agno, agino);
		const struct xfs_check_chunk *c;
		struct xfs_check_unlinked *un;
		struct xfs_check_inode inode;

		at.ino = ino;
		c = xfs_check_agino_valid(g, agno, agino) ? xfs_check_find_chunk(chk, ino) : NULL;
		if (!c || (c->free >> (agino - c->startino) & 1)) {
			xfs_check_report(chk, at,
					 "unlinked list %u leads to inode %u, which is not in use",
					 bucket, agino);
			return;
		}
		if (!xfs_check_set_add(chk, seen, ino)) {
			xfs_check_report(chk, at,
					 "unlinked list %u leads to inode %u a second time", bucket,
					 agino);
			return;
		}
		if (agino % XFS_AGI_UNLINKED_BUCKETS != bucket)
			xfs_check_report(chk, at, "inode %u is on unlinked list %u", agino, bucket);
		un = xfs_check_push(chk, &chk->unlinked, sizeof(*un));
		if (un)
			un->ino = ino;
		if (!xfs_check_load_inode(chk, ino, chk->inode_buf, &inode)) {
			xfs_check_report(chk, at, "unlinked list %u: inode %u cannot be read",
					 bucket, agino);
			return;
		}
		if (be32_to_cpu(inode.dip->di_nlink))
			xfs_check_report(chk, at, "unlinked list %u: inode %u has %u links", bucket,
					 agino, be32_to_cpu(inode.dip->di_nlink));
		agino = be32_to_cpu(inode.dip->di_next_unlinked);
	}
}

void xfs_check_unlinked_lists(struct xfs_check *chk)
{
	const struct xfs_check_geo *g = &chk->g;
	struct xfs_check_set seen = { 0 };
	struct xfs_agi agi;

	for (uint32_t agno = 0; agno < g->agcount && !chk->stop; agno++) {
		uint64_t where = (xfs_check_daddr(g, agno, 0) << XFS_BB_SHIFT) +
				 (uint64_t)XFS_AGI_SECTOR * g->sectsize;

		if (!chk->ag[agno].agi_ok)
			continue;
		if (xfs_check_read(chk, where, &agi, sizeof(agi))) {
			xfs_check_report(chk, xfs_check_at("agi", agno, 0, XFS_CHECK_NOINO),
					 "the AGI cannot be read");
			continue;
		}
		for (uint32_t i = 0; i < XFS_AGI_UNLINKED_BUCKETS; i++) {
			uint32_t agino = be32_to_cpu(agi.agi_unlinked[i]);

			if (agino != NULLAGINO)
				walk_bucket(chk, agno, i, agino, &seen);
		}
	}
	xfs_check_set_free(chk, &seen);
	sort_unlinked(chk->unlinked.v, chk->unlinked.n);
}
