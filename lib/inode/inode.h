/* SPDX-License-Identifier: MIT */
/*
 * Inodes: the cache, allocation, freeing, the unlinked lists, and the log item that writes changes
 * to the cluster buffer.
 */
#ifndef INODE_INODE_H
#define INODE_INODE_H

#include "bmap/bmap.h"
#include "bmap/incore.h"

int xfs_inode_cache_init(struct xfs_mount *mp) XFS_MUST_CHECK;
/* All inodes must be unreferenced; changes that are not written are dropped. */
void xfs_inode_cache_destroy(struct xfs_mount *mp);

#define XFS_IGET_UNTRUSTED	(1u << 0)	/* the number comes from a caller: check it in
						 * the inobt */
#define XFS_IGET_INTERNAL	(1u << 1)	/* also realtime and quota inodes */
#define XFS_IGET_UNLINKED	(1u << 2)	/* also an inode that is being freed */

/*
 * Get the inode with a reference, reading and verifying it if it is not in memory. -EUCLEAN,
 * -EBADMSG; -ENOENT if it is free; -EINVAL if the number is impossible.
 */
int xfs_iget(struct xfs_mount *mp, xfs_ino_t ino, uint32_t flags, struct xfs_inode **ipp)
	XFS_MUST_CHECK;
void xfs_ihold(struct xfs_inode *ip);
/*
 * Put a reference.  The last one of an unlinked inode frees it through m_upcalls->inactivate.  The
 * caller holds no lock and no transaction.  NULL is fine.
 */
void xfs_irele(struct xfs_inode *ip);
/* The same for callers with locks: an unlinked inode is freed by anyone's next xfs_irele(). */
void xfs_inode_put(struct xfs_inode *ip);
/* The present number of references without the log item's. */
uint32_t xfs_inode_users(struct xfs_inode *ip);
/*
 * Free the unlinked inodes that could not be freed before; with @all, at unmount, also those that
 * are still in use.  Tries all, and returns the first error.
 */
int xfs_inode_free_unlinked(struct xfs_mount *mp, bool all) XFS_MUST_CHECK;
/* Evict clean unreferenced inodes until they keep at most @target_bytes. */
void xfs_inode_cache_shrink(struct xfs_mount *mp, uint64_t target_bytes);
/* Estimate of the memory of unused inodes. */
uint64_t xfs_inode_cache_unused_bytes(struct xfs_mount *mp);

/*
 * Call @fn for every inode that is in memory at the beginning, referenced for the call and without
 * locks, until it returns nonzero.  May omit inodes that are added meanwhile.
 */
int xfs_inode_walk(struct xfs_mount *mp, int (*fn)(struct xfs_inode *ip, void *arg), void *arg);

/* What an inode costs its owners. */
struct xfs_inode_cost {
	xfs_ino_t ino;
	struct xfs_charged charged;
	bool metadata;			/* in the metadata directory tree, which nobody is
					 * charged for */
};

/*
 * Call @fn for each inode in use of the chunk @rec until it returns nonzero.  From then on, inodes
 * in memory count as charged (i_charged). -EUCLEAN, -EBADMSG: an inode is damaged.  No lock and no
 * transaction is held.
 */
struct xfs_inobt_rec_incore;
int xfs_inode_count_chunk(struct xfs_mount *mp, xfs_agnumber_t agno,
			  const struct xfs_inobt_rec_incore *rec,
			  int (*fn)(void *arg, const struct xfs_inode_cost *cost), void *arg)
	XFS_MUST_CHECK;

/* Properties of a new inode. */
struct xfs_icreate_args {
	struct xfs_inode *pip;		/* parent directory; NULL: none, as for the root */
	uint16_t mode;
	uint32_t uid, gid;
	uint32_t rdev;			/* on-disk form */
	uint32_t nlink;			/* 1; 2 for directories; 0 for a file without a name */
	bool inherit;			/* group, set-group-id bit, flags and project come from
					 * @pip */
	bool inherit_flags;		/* flags and project come from @pip */
	uint16_t metatype;		/* XFS_METAFILE_* in the metadata directory tree, else 0 */
	bool init_attr_fork;		/* with an empty attribute fork (always with PARENT) */
	const struct timespec *now;
};

/*
 * Find or make a free inode near its parent (for directories in the next AG in rotation) and fill
 * it as @args say, in EXTENTS format.  The transaction has xfs_icreate_blocks() reserved; only the
 * inode itself is logged. *@ipp is referenced, with its ILOCK held exclusively. -ENOSPC comes
 * before any change.
 */
int xfs_icreate(struct xfs_trans *tp, const struct xfs_icreate_args *args,
		struct xfs_inode **ipp) XFS_MUST_CHECK;
uint32_t xfs_icreate_blocks(const struct xfs_mount *mp);
/*
 * User, group and project of the new inode.  Without the directory's ILOCK they may be out of date
 * at once.
 */
void xfs_icreate_owners(const struct xfs_icreate_args *args, uint32_t ids[3]);
/*
 * Free the inode, which is off the unlinked list and has empty forks, in the inode trees.  Also
 * frees the chunk if this was its last inode.
 */
int xfs_ifree(struct xfs_trans *tp, struct xfs_inode *ip) XFS_MUST_CHECK;
/*
 * Call before the first change of a transaction that calls xfs_ifree(): reads the tree blocks that
 * it is known to need.
 */
int xfs_ifree_prepare(struct xfs_inode *ip) XFS_MUST_CHECK;
uint32_t xfs_ifree_blocks(const struct xfs_mount *mp);

/* Put an inode whose nlink has become 0 on its AG's unlinked list, or take it off. */
int xfs_iunlink(struct xfs_trans *tp, struct xfs_inode *ip) XFS_MUST_CHECK;
int xfs_iunlink_remove(struct xfs_trans *tp, struct xfs_inode *ip) XFS_MUST_CHECK;

/* Change the link count; xfs_droplink() puts the inode on the unlinked list at 0. */
void xfs_bumplink(struct xfs_trans *tp, struct xfs_inode *ip);
int xfs_droplink(struct xfs_trans *tp, struct xfs_inode *ip) XFS_MUST_CHECK;

#define XFS_ICHGTIME_MOD	(1u << 0)	/* mtime */
#define XFS_ICHGTIME_CHG	(1u << 1)	/* ctime */
#define XFS_ICHGTIME_ACCESS	(1u << 2)
void xfs_trans_ichgtime(struct xfs_trans *tp, struct xfs_inode *ip, uint32_t flags);

/*
 * Take the ILOCK of several inodes exclusively, in ascending order, each once.  A NOWAIT call that
 * would wait (xfs_ilock_want_excl()) takes none.
 */
int xfs_ilock_want_many(struct xfs_inode **ips, unsigned int count) XFS_MUST_CHECK;
void xfs_iunlock_many(struct xfs_inode **ips, unsigned int count);

/*
 * Lock two inodes exclusively, the lower number first whatever the order of arguments; if both are
 * the same, once.  An operation on two files (clone, exchange) takes the IOLOCKs, opens its
 * transaction, and takes the ILOCKs.
 */
int xfs_iolock_want_two(struct xfs_inode *a, struct xfs_inode *b) XFS_MUST_CHECK;
void xfs_iounlock_two(struct xfs_inode *a, struct xfs_inode *b);
int xfs_ilock_want_two(struct xfs_inode *a, struct xfs_inode *b) XFS_MUST_CHECK;
void xfs_iunlock_two(struct xfs_inode *a, struct xfs_inode *b);

/* xfs_trans_alloc(), then take the ILOCK exclusively; on failure neither is held. */
int xfs_trans_alloc_ilocked(struct xfs_inode *ip, enum xfs_resv_kind kind, uint32_t blocks,
			    unsigned int flags, struct xfs_trans **tpp) XFS_MUST_CHECK
	XFS_TRIES(false, ip->i_lock);

/*
 * Take the ILOCK to read the map of a fork: shared, or exclusively if the extents have to be read
 * in, which this does.  Unlock with xfs_iunlock_map(ip, *excl).
 */
int xfs_ilock_map(struct xfs_inode *ip, enum xfs_fork_id whichfork, bool *excl) XFS_MUST_CHECK;
/* The same for who looks at @off only: see xfs_iread_extents_at(). */
int xfs_ilock_map_at(struct xfs_inode *ip, enum xfs_fork_id whichfork, xfs_fileoff_t off,
		     bool *excl) XFS_MUST_CHECK;
static inline void xfs_iunlock_map(struct xfs_inode *ip, bool excl) XFS_LOCKS_UNCHECKED
{
	if (excl)
		xfs_iunlock_excl(ip);
	else
		xfs_iunlock_shared(ip);
}

static inline bool xfs_is_dir(const struct xfs_inode *ip)
{
	return (xfs_inode_mode(ip) & 0170000) == 0040000;
}

static inline bool xfs_is_reg(const struct xfs_inode *ip)
{
	return (xfs_inode_mode(ip) & 0170000) == 0100000;
}

static inline bool xfs_is_symlink(const struct xfs_inode *ip)
{
	return (xfs_inode_mode(ip) & 0170000) == 0120000;
}

#endif
