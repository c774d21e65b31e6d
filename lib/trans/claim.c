/* SPDX-License-Identifier: MIT */
/*
 * Claims on the memory reserve.  A transaction cannot be undone after its first change, so the
 * reserve must be able to serve all the memory that it may need, even if the host gives none from
 * then on.  Each open transaction claims that much before it begins.  If the unclaimed rest is too
 * small, the caller
 *
 * 1. adds to the reserve, if the host has memory; 2. else writes the dirty buffers in the reserve
 *    in place and shrinks the caches; 3. else waits for an open transaction to end; 4. else gets
 *    -ENOMEM, and nothing is changed.
 *
 * While memory is not short a claim is only a counter.
 *
 * After that the reserve may still hold inodes in use and their extent maps; it grows again as soon
 * as the host has memory.
 */
#include "core/message.h"
#include "disk/inode.h"
#include "trans/trans_priv.h"

/* Bytes of the reserve for a buffer of @len and its descriptor. */
static uint64_t buf_memory(uint64_t len)
{
	return XFS_ALIGN(len, len > XFS_RESERVE_PAGE / 2 ? (uint64_t)XFS_RESERVE_PAGE : 512u) + 512u;
}

/* Deferred work, nodes of extent maps, roots, memory of an inode. */
#define SMALL_MEMORY	(48u << 10)

#define PLAIN_BLOCKS	20u	/* symbolic links, attributes, AGFLs */
#define DIR_BLOCKS	8u	/* a path, its split, data and free-space blocks */
#define CLUSTERS	5u	/* of inodes in different places */

static uint64_t chunk_bytes(const struct xfs_geometry *geo)
{
	return (uint64_t)64 << geo->inodelog;
}

static uint64_t cluster_bytes(const struct xfs_geometry *geo)
{
	return (uint64_t)geo->inodes_per_cluster << geo->inodelog;
}

/*
 * The most memory that a transaction holds at once.  This is less than the log reservation of
 * resv.c, which puts each of thirty extents into leaves that no other extent shares: a transaction
 * that does many things ends early when memory is short (xfs_trans_is_short()).
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
	/* One path of each tree, and as much again for its split. */
	blocks = PLAIN_BLOCKS + 2 * levels;
	return blocks * buf_memory(geo->blocksize) + DIR_BLOCKS * buf_memory(geo->dirblksize) +
	       CLUSTERS * buf_memory(cluster_bytes(geo)) + buf_memory(chunk_bytes(geo)) +
	       12 * buf_memory(geo->sectsize) + SMALL_MEMORY;
}

/* For write-back in place, which is not part of a transaction: one buffer after the other. */
static uint64_t apart(const struct xfs_geometry *geo)
{
	uint64_t len = XFS_MAX(geo->dirblksize, geo->blocksize);

	return 2 * buf_memory(XFS_MAX(len, cluster_bytes(geo))) + SMALL_MEMORY;
}

uint64_t xfs_reserve_memory(const struct xfs_geometry *geo)
{
	uint64_t one = xfs_trans_memory(geo);

	/*
	 * Half a claim more: memory that one transaction leaves in use must not keep the next from
	 * beginning.
	 */
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

/* True if the reserve can serve @n transactions. */
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

/* Add memory of the host to the reserve, up to half of the limit. */
static bool grow(struct xfs_mount *mp)
{
	struct xfs_checkpoint *cp = mp->m_checkpoint;
	struct xfs_reserve *rv = &mp->m_mem.budget->reserve;
	/* Pieces grow with the reserve, so that there are few. */
	uint64_t total = __atomic_load_n(&rv->bytes, __ATOMIC_RELAXED);
	uint64_t bytes = XFS_ALIGN(XFS_MAX(cp->cp_claim, total / 2), (uint64_t)XFS_RESERVE_PAGE);

	if (xfs_mem_left(&mp->m_mem) < UINT64_MAX && total + bytes > mp->m_mem.budget->limit / 2)
		return false;
	return xfs_budget_grow_reserve(&mp->m_mem, (size_t)bytes);
}

/* Write dirty buffers in place and drop clean ones. */
static int make_memory(struct xfs_mount *mp)
{
	int error = xfs_checkpoint_writeback(mp, false);

	xfs_shrink_caches(mp, 1);
	return error == -ENOMEM ? 0 : error;
}

/* Wait until a transaction ends; false: none is open. */
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
			/* Those transactions may have left dirty buffers in the reserve. */
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

/*
 * Only if the reserve is in use: as long as the host has memory, writing in place takes nothing from
 * it, and the next transaction can grow it.
 */
bool xfs_claims_are_short(const struct xfs_mount *mp)
{
	const struct xfs_reserve *rv;

	if (!mp->m_mem.budget)
		return false;
	rv = &mp->m_mem.budget->reserve;
	return unlikely(xfs_reserve_free_bytes(rv) < __atomic_load_n(&rv->bytes, __ATOMIC_RELAXED) &&
			!can_serve(mp, __atomic_load_n(&mp->m_checkpoint->cp_claims,
						       __ATOMIC_SEQ_CST) + 1));
}

bool xfs_trans_is_short(const struct xfs_trans *tp)
{
	struct xfs_mount *mp = tp->t_mount;

	return mp->m_mem.budget &&
	       unlikely(!can_serve(mp, __atomic_load_n(&mp->m_checkpoint->cp_claims,
						       __ATOMIC_RELAXED)));
}
