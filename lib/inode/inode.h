/* SPDX-License-Identifier: MIT */
/*
 * Inodes as a whole: the cache, allocation, freeing, the unlinked lists, and the item that
 * carries changes to the cluster buffer.
 */
#ifndef INODE_INODE_H
#define INODE_INODE_H

#include "bmap/bmap.h"
#include "bmap/incore.h"

int xfs_inode_cache_init(struct xfs_mount *mp) XFS_MUST_CHECK;
/* All must be unreferenced; what is dirty is dropped. */
void xfs_inode_cache_destroy(struct xfs_mount *mp);

#define XFS_IGET_UNTRUSTED	(1u << 0)	/* the number came from a caller: look it up in the inobt */
#define XFS_IGET_INTERNAL	(1u << 1)	/* rt and quota inodes may be had */
#define XFS_IGET_UNLINKED	(1u << 2)	/* also one that is just being freed */

/*
 * The inode, referenced; read and verified if it was not in memory.  -EUCLEAN,
 * -EBADMSG; -ENOENT when it is free; -EINVAL for a number that cannot be.
 */
int xfs_iget(struct xfs_mount *mp, xfs_ino_t ino, uint32_t flags, struct xfs_inode **ipp)
	XFS_MUST_CHECK;
void xfs_ihold(struct xfs_inode *ip);
/*
 * Give a reference back.  The last one of an unlinked inode frees it through
 * m_upcalls->inactivate; must be called with no lock and no transaction held.  NULL is fine.
 */
void xfs_irele(struct xfs_inode *ip);
/* The same where locks are held: an unlinked inode is freed by the next xfs_irele() of anyone. */
void xfs_inode_put(struct xfs_inode *ip);
/* References that are not the log item's: how many others use it, at this moment. */
uint32_t xfs_inode_users(struct xfs_inode *ip);
/*
 * Free the unlinked inodes whose freeing failed before or had to wait; with @all also those that
 * are still in use: the file system is being closed.  The first error; the others were tried.
 */
int xfs_inode_free_unlinked(struct xfs_mount *mp, bool all) XFS_MUST_CHECK;
/* Evict clean unreferenced inodes until they keep at most @target_bytes. */
void xfs_inode_cache_shrink(struct xfs_mount *mp, uint64_t target_bytes);
/* Memory of the inodes that nobody uses, about. */
uint64_t xfs_inode_cache_unused_bytes(struct xfs_mount *mp);

/*
 * Call @fn for every inode that is in memory at the beginning (referenced for the call, no lock
 * held); a non-zero return stops it.  Those that come meanwhile may be left out.
 */
int xfs_inode_walk(struct xfs_mount *mp, int (*fn)(struct xfs_inode *ip, void *arg), void *arg);

/* What an inode costs its owners. */
struct xfs_inode_cost {
	xfs_ino_t ino;
	struct xfs_charged charged;
	bool metadata;			/* a member of the metadata directory tree: nobody pays */
};

/*
 * Call @fn for each inode in use of the chunk @rec, until it returns other than 0.  What is in memory counts
 * as counted (i_charged) from then on.  -EUCLEAN, -EBADMSG: an inode is damaged.  No lock, no transaction held.
 */
struct xfs_inobt_rec_incore;
int xfs_inode_count_chunk(struct xfs_mount *mp, xfs_agnumber_t agno,
			  const struct xfs_inobt_rec_incore *rec,
			  int (*fn)(void *arg, const struct xfs_inode_cost *cost), void *arg)
	XFS_MUST_CHECK;

/* What a new inode is to be. */
struct xfs_icreate_args {
	struct xfs_inode *pip;		/* parent directory; NULL: the root, or none */
	uint16_t mode;
	uint32_t uid, gid;
	uint32_t rdev;			/* on-disk form */
	uint32_t nlink;			/* 1; 2 for directories; 0 for a temporary file */
	bool inherit;			/* group, set-group-id, flags and project as @pip says */
	bool inherit_flags;		/* flags and project alone */
	uint16_t metatype;		/* XFS_METAFILE_*: of the metadata directory tree; else 0 */
	bool init_attr_fork;		/* with an empty attribute fork (always on PARENT volumes) */
	const struct timespec *now;
};

/*
 * Inside a transaction with xfs_icreate_blocks() reserved: find or make a free inode near its
 * parent (directories: next AG in rotation), take it, fill it per @args with inherited
 * flags and project, EXTENTS format, nothing logged yet but the inode itself; *@ipp is
 * referenced and ILOCKed exclusively.  -ENOSPC before any change.
 */
int xfs_icreate(struct xfs_trans *tp, const struct xfs_icreate_args *args,
		struct xfs_inode **ipp) XFS_MUST_CHECK;
uint32_t xfs_icreate_blocks(const struct xfs_mount *mp);
/* User, group, project that it will have; ILOCK of the directory, or as it may be in a moment. */
void xfs_icreate_owners(const struct xfs_icreate_args *args, uint32_t ids[3]);
/*
 * The other end: the inode is off the unlinked list, its forks are gone; give it
 * back to the inode trees, and the chunk when it was the last.
 */
int xfs_ifree(struct xfs_trans *tp, struct xfs_inode *ip) XFS_MUST_CHECK;
/*
 * Before the first change of a transaction that will: reads what it needs of the trees, as far as
 * known.
 */
int xfs_ifree_prepare(struct xfs_inode *ip) XFS_MUST_CHECK;
uint32_t xfs_ifree_blocks(const struct xfs_mount *mp);

/* nlink fell to 0: put it on its AG's unlinked list; or take it off. */
int xfs_iunlink(struct xfs_trans *tp, struct xfs_inode *ip) XFS_MUST_CHECK;
int xfs_iunlink_remove(struct xfs_trans *tp, struct xfs_inode *ip) XFS_MUST_CHECK;

/* Link counts; xfs_droplink puts the inode on the unlinked list at 0. */
void xfs_bumplink(struct xfs_trans *tp, struct xfs_inode *ip);
int xfs_droplink(struct xfs_trans *tp, struct xfs_inode *ip) XFS_MUST_CHECK;

#define XFS_ICHGTIME_MOD	(1u << 0)	/* mtime */
#define XFS_ICHGTIME_CHG	(1u << 1)	/* ctime */
#define XFS_ICHGTIME_ACCESS	(1u << 2)
void xfs_trans_ichgtime(struct xfs_trans *tp, struct xfs_inode *ip, uint32_t flags);

/*
 * ILOCK several inodes exclusively, in ascending order, duplicates once: all or, by a NOWAIT call
 * (xfs_ilock_want_excl()), none.
 */
int xfs_ilock_want_many(struct xfs_inode **ips, unsigned int count) XFS_MUST_CHECK;
void xfs_iunlock_many(struct xfs_inode **ips, unsigned int count);

/*
 * Two inodes exclusively, the lower number first, whichever is named first; one that is both is
 * locked once.  An operation on two files (clone, exchange) takes the IOLOCKs, opens its
 * transaction, and takes the ILOCKs.
 */
int xfs_iolock_want_two(struct xfs_inode *a, struct xfs_inode *b) XFS_MUST_CHECK;
void xfs_iounlock_two(struct xfs_inode *a, struct xfs_inode *b);
int xfs_ilock_want_two(struct xfs_inode *a, struct xfs_inode *b) XFS_MUST_CHECK;
void xfs_iunlock_two(struct xfs_inode *a, struct xfs_inode *b);

/* xfs_trans_alloc(), and then the ILOCK exclusively; on failure neither is held. */
int xfs_trans_alloc_ilocked(struct xfs_inode *ip, enum xfs_resv_kind kind, uint32_t blocks,
			    unsigned int flags, struct xfs_trans **tpp) XFS_MUST_CHECK
	XFS_TRIES(false, ip->i_lock);

/*
 * ILOCK to read the map of a fork: shared, or exclusive when the extents have yet to be read
 * in, which is then done.  On success unlock with xfs_iunlock_map(ip, *excl).
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
