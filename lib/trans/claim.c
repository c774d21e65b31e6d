/* SPDX-License-Identifier: MIT */
/*
 * Claims on the reserve of memory.  From its first change on a transaction cannot go back, so
 * before it begins the reserve must be able to serve all that it may need if the host gives nothing
 * from then on.  Each open transaction has a claim on as much; who comes when the rest
 * is too small
 *
 *  1. adds to the reserve, if the host has memory;
 *  2. else writes in place what others have left there (buffers that are dirty), and lets
 *     caches shrink;
 *  3. else waits for transactions that are open;
 *  4. else gets -ENOMEM, and nothing was changed.
 *
 * While memory is not short a claim is a number that goes up and down.
 *
 * What stays behind in the reserve after that are inodes that are in use, and their extent
 * maps; the reserve grows again as soon as the host has memory.
 */
#include "core/message.h"
#include "disk/inode.h"
#include "trans/trans_priv.h"

/* A buffer of @len and what describes it, in pieces that the reserve gives. */
static uint64_t buf_memory(uint64_t len)
{
	return XFS_ALIGN(len, len > XFS_RESERVE_PAGE / 2 ? (uint64_t)XFS_RESERVE_PAGE : 512u) + 512u;
}

/* Put-off work, nodes of extent maps, roots, what an inode holds. */
#define SMALL_MEMORY	(48u << 10)

#define PLAIN_BLOCKS	20u	/* symbolic links, attributes, free lists of AGs */
#define DIR_BLOCKS	8u	/* a path, its split, data and free space */
#define CLUSTERS	5u	/* of inodes that lie apart */

static uint64_t chunk_bytes(const struct xfs_geometry *geo)
{
	return (uint64_t)64 << geo->inodelog;
}

static uint64_t cluster_bytes(const struct xfs_geometry *geo)
{
	return (uint64_t)geo->inodes_per_cluster << geo->inodelog;
}

/*
 * What a transaction keeps in memory at once.  Not what resv.c reckons for the log: there
 * thirty extents are each thought to lie in leaves of their own; here who has many things to do
 * in one transaction ends it early when memory is short (xfs_trans_is_short()).
 */
uint64_t xfs_trans_memory(const struct xfs_geometry *geo)
{
	uint64_t levels = 2u * geo->alloc_maxlevels + geo->bmap_maxlevels[XFS_DATA_FORK];
	uint64_t blocks;

	if (xfs_has_rmapbt(geo))
		levels += geo->rmap_maxlevels;
	if (xfs_has_reflink(geo))
		levels += geo->refc_maxlevels;
	levels += geo->inobt_maxlevels * (1u + xfs_has_finobt(geo));
	/* A path of each tree, and as much again where one splits. */
	blocks = PLAIN_BLOCKS + 2 * levels;
	return blocks * buf_memory(geo->blocksize) + DIR_BLOCKS * buf_memory(geo->dirblksize) +
	       CLUSTERS * buf_memory(cluster_bytes(geo)) + buf_memory(chunk_bytes(geo)) +
	       12 * buf_memory(geo->sectsize) + SMALL_MEMORY;
}

/* For work that is no transaction: writing in place, one buffer after the other. */
static uint64_t apart(const struct xfs_geometry *geo)
{
	uint64_t len = XFS_MAX(geo->dirblksize, geo->blocksize);

	return 2 * buf_memory(XFS_MAX(len, cluster_bytes(geo))) + SMALL_MEMORY;
}

uint64_t xfs_reserve_memory(const struct xfs_geometry *geo)
{
	uint64_t one = xfs_trans_memory(geo);

	/* What stays behind of one transaction must not keep the next from beginning. */
	return XFS_ALIGN(one + one / 2 + apart(geo), (uint64_t)XFS_RESERVE_PAGE);
}

int xfs_claims_init(struct xfs_mount *mp)
{
	struct xfs_checkpoint *cp = mp->m_checkpoint;

	cp->cp_claim = xfs_trans_memory(&mp->m_geo);
	cp->cp_apart = apart(&mp->m_geo);
	if (!mp->m_mem.budget || mp->m_rdonly)
		return 0;
	if (!xfs_budget_grow_reserve(&mp->m_mem, (size_t)xfs_reserve_memory(&mp->m_geo)))
		return xfs_error(mp, -ENOMEM, "out of memory for the reserve of %" PRIu64 " bytes",
				 xfs_reserve_memory(&mp->m_geo));
	return 0;
}

/* Whether the reserve can serve @n transactions. */
static bool can_serve(const struct xfs_mount *mp, uint64_t n)
{
	const struct xfs_checkpoint *cp = mp->m_checkpoint;

	return xfs_reserve_free_bytes(&mp->m_mem.budget->reserve) >=
	       n * cp->cp_claim + cp->cp_apart;
}

static bool try_claim(struct xfs_mount *mp)
{
	struct xfs_checkpoint *cp = mp->m_checkpoint;
	uint64_t n = __atomic_load_n(&cp->cp_claims, __ATOMIC_RELAXED);

	do {
		if (unlikely(!can_serve(mp, n + 1)))
			return false;
	} while (!__atomic_compare_exchange_n(&cp->cp_claims, &n, n + 1, true, __ATOMIC_SEQ_CST,
					      __ATOMIC_RELAXED));
	return true;
}

void xfs_unclaim_memory(struct xfs_checkpoint *cp)
{
	__atomic_sub_fetch(&cp->cp_claims, 1, __ATOMIC_SEQ_CST);
	if (likely(!__atomic_load_n(&cp->cp_claim_waiters, __ATOMIC_SEQ_CST)))
		return;
	xfs_mutex_lock(&cp->cp_lock);
	xfs_cond_broadcast(&cp->cp_room);
	xfs_mutex_unlock(&cp->cp_lock);
}

/* From the host, as long as that leaves others something. */
static bool grow(struct xfs_mount *mp)
{
	struct xfs_checkpoint *cp = mp->m_checkpoint;
	struct xfs_reserve *rv = &mp->m_mem.budget->reserve;
	/* Larger and larger pieces, so that there are few. */
	uint64_t total = __atomic_load_n(&rv->bytes, __ATOMIC_RELAXED);
	uint64_t bytes = XFS_ALIGN(XFS_MAX(cp->cp_claim, total / 2), (uint64_t)XFS_RESERVE_PAGE);

	if (xfs_mem_left(&mp->m_mem) < UINT64_MAX && total + bytes > mp->m_mem.budget->limit / 2)
		return false;
	return xfs_budget_grow_reserve(&mp->m_mem, (size_t)bytes);
}

/* What is dirty is written in place, what is clean goes. */
static int make_memory(struct xfs_mount *mp)
{
	int error = xfs_checkpoint_writeback(mp, false);

	xfs_shrink_caches(mp, 1);
	return error == -ENOMEM ? 0 : error;
}

/* Until another transaction ends; false: there is none. */
static bool wait_for_others(struct xfs_mount *mp)
{
	struct xfs_checkpoint *cp = mp->m_checkpoint;
	uint64_t claims;

	xfs_mutex_lock(&cp->cp_lock);
	__atomic_add_fetch(&cp->cp_claim_waiters, 1, __ATOMIC_SEQ_CST);
	claims = __atomic_load_n(&cp->cp_claims, __ATOMIC_SEQ_CST);
	if (claims && !can_serve(mp, claims + 1))
		xfs_cond_wait(&cp->cp_room, &cp->cp_lock);
	__atomic_sub_fetch(&cp->cp_claim_waiters, 1, __ATOMIC_SEQ_CST);
	xfs_mutex_unlock(&cp->cp_lock);
	return claims != 0;
}

int xfs_claim_memory(struct xfs_mount *mp, uint32_t flags)
{
	struct xfs_checkpoint *cp = mp->m_checkpoint;
	bool made = false;
	int error;

	if (unlikely(!mp->m_mem.budget) || flags & XFS_TRANS_REPAIR) {
		__atomic_add_fetch(&cp->cp_claims, 1, __ATOMIC_ACQ_REL);
		return 0;
	}
	while (unlikely(!try_claim(mp))) {
		if (grow(mp))
			continue;
		if (flags & XFS_TRANS_NO_WAIT)
			return xfs_would_wait("memory must be freed by writing first");
		XFS_TRACE(mp, xfs_claim_memory, cp->cp_claims,
			  xfs_reserve_free_bytes(&mp->m_mem.budget->reserve));
		if (!made) {
			error = make_memory(mp);
			if (error)
				return error;
			made = true;
		} else if (wait_for_others(mp)) {
			/* They may have left something there too. */
			made = false;
		} else {
			return xfs_error(mp, -ENOMEM, "out of memory: %" PRIu64 " of %" PRIu64
					 " bytes of the reserve are in use",
					 mp->m_mem.budget->reserve.bytes -
					 xfs_reserve_free_bytes(&mp->m_mem.budget->reserve),
					 mp->m_mem.budget->reserve.bytes);
		}
	}
	return 0;
}

bool xfs_claims_are_short(const struct xfs_mount *mp)
{
	return mp->m_mem.budget &&
	       unlikely(!can_serve(mp, __atomic_load_n(&mp->m_checkpoint->cp_claims,
						       __ATOMIC_SEQ_CST) + 1));
}

bool xfs_trans_is_short(const struct xfs_trans *tp)
{
	struct xfs_mount *mp = tp->t_mount;

	return mp->m_mem.budget &&
	       unlikely(!can_serve(mp, __atomic_load_n(&mp->m_checkpoint->cp_claims,
						       __ATOMIC_RELAXED)));
}
