/* SPDX-License-Identifier: MIT */
/* Busy extents: a tree for each AG, and one list in the order of freeing; see busy.h. */
#include "ag/busy.h"
#include "base/list.h"
#include "base/sabotage.h"
#include "core/message.h"

struct xfs_extent_busy {
	struct xfs_rb_node node;	/* (AG lock) pag_busy */
	struct xfs_list list;		/* (b_lock) b_extents */
	xfs_agnumber_t agno;
	xfs_agblock_t agbno;
	xfs_extlen_t len;
	uint64_t seq;			/* the checkpoint that freed it */
};

struct xfs_busy_list {
	struct xfs_mutex b_lock;	/* LEAF class */
	struct xfs_list b_extents;	/* in order of seq */
	uint64_t b_seq;			/* number of the running checkpoint */
	struct xfs_pool b_pool;
};

static inline struct xfs_extent_busy *of_node(const struct xfs_rb_node *node)
{
	return xfs_rb_entry((struct xfs_rb_node *)(uintptr_t)node, struct xfs_extent_busy, node);
}

int xfs_extent_busy_init(struct xfs_mount *mp)
{
	struct xfs_busy_list *busy;

	if (mp->m_unjournalled)
		return 0;
	busy = xfs_zalloc(mp, sizeof(*busy));
	if (!busy)
		return xfs_error(mp, -ENOMEM, "out of memory for the list of busy extents");
	xfs_mutex_init(&busy->b_lock, XFS_CLASS_LEAF, 0);
	xfs_list_init(&busy->b_extents);
	xfs_pool_init(&busy->b_pool, &mp->m_mem, sizeof(struct xfs_extent_busy), 16, 4096);
	busy->b_seq = 1;
	mp->m_busy = busy;
	return 0;
}

void xfs_extent_busy_destroy(struct xfs_mount *mp)
{
	struct xfs_busy_list *busy = mp->m_busy;

	if (!busy)
		return;
	while (!xfs_list_empty(&busy->b_extents)) {
		struct xfs_extent_busy *b =
			xfs_list_first_entry(&busy->b_extents, struct xfs_extent_busy, list);

		xfs_list_del(&b->list);
		xfs_pool_put(&busy->b_pool, b);
	}
	xfs_pool_drain(&busy->b_pool);
	xfs_mutex_destroy(&busy->b_lock);
	xfs_free(mp, busy);
	mp->m_busy = NULL;
}

void xfs_extent_busy_trim(struct xfs_mount *mp)
{
	struct xfs_busy_list *busy = mp->m_busy;

	if (!busy)
		return;
	xfs_mutex_lock(&busy->b_lock);
	xfs_pool_drain(&busy->b_pool);
	xfs_mutex_unlock(&busy->b_lock);
}

/* The first extent that covers @agbno or begins behind it. */
static struct xfs_extent_busy *first_behind(const struct xfs_perag *pag, xfs_agblock_t agbno)
{
	struct xfs_rb_node *node = pag->pag_busy.root;
	struct xfs_extent_busy *best = NULL;

	while (node) {
		struct xfs_extent_busy *b = of_node(node);

		if (b->agbno + b->len > agbno) {
			best = b;
			node = node->left;
		} else {
			node = node->right;
		}
	}
	return best;
}

bool xfs_extent_busy_search(const struct xfs_perag *pag, xfs_agblock_t agbno, xfs_extlen_t len,
			    xfs_agblock_t *busy_agbno, xfs_extlen_t *busy_len)
{
	const struct xfs_extent_busy *b;
	xfs_agblock_t end;

	if (pag->pag_busy_all) {
		*busy_agbno = agbno;
		*busy_len = len;
		return true;
	}
	if (likely(!pag->pag_busy.root))
		return false;
	b = first_behind(pag, agbno);
	if (!b || b->agbno >= agbno + len)
		return false;
	*busy_agbno = XFS_MAX(b->agbno, agbno);
	end = XFS_MIN(b->agbno + b->len, agbno + len);
	*busy_len = end - *busy_agbno;
	return true;
}

static int cmp_start(const struct xfs_rb_node *a, const struct xfs_rb_node *b)
{
	xfs_agblock_t x = of_node(a)->agbno, y = of_node(b)->agbno;

	return (x > y) - (x < y);
}

/* Merge with an adjacent extent freed in the same checkpoint: a truncated file costs one node. */
static bool extend_neighbour(struct xfs_perag *pag, uint64_t seq, xfs_agblock_t agbno,
			     xfs_extlen_t len)
{
	struct xfs_extent_busy *b = agbno ? first_behind(pag, agbno - 1) : NULL;

	if (!b || b->seq != seq)
		return false;
	if (b->agbno + b->len == agbno) {
		b->len += len;
		return true;
	}
	if (agbno + len == b->agbno) {
		b->agbno = agbno;
		b->len += len;
		return true;
	}
	return false;
}

/*
 * A part of the range may be busy already, if the AGFL took it while it was busy and now gives it
 * back.  That part becomes busy for the younger checkpoint: take it out of the older extent.
 * False: out of memory.
 */
static bool cut_older(struct xfs_busy_list *busy, struct xfs_perag *pag, xfs_agblock_t agbno,
		      xfs_extlen_t len)
{
	xfs_agblock_t end = agbno + len;
	struct xfs_extent_busy *b = first_behind(pag, agbno), *rest;

	for (; b && b->agbno < end; b = first_behind(pag, agbno)) {
		xfs_agblock_t b_end = b->agbno + b->len;

		if (b->agbno < agbno && b_end > end) {
			rest = xfs_pool_get(&busy->b_pool);
			if (!rest)
				return false;
			*rest = *b;
			rest->agbno = end;
			rest->len = b_end - end;
			b->len = agbno - b->agbno;
			xfs_rb_add(&pag->pag_busy, &rest->node, cmp_start);
			xfs_list_insert(&rest->list, &b->list, b->list.next);
			return true;
		}
		if (b->agbno < agbno) {
			b->len = agbno - b->agbno;
		} else if (b_end > end) {
			b->agbno = end;
			b->len = b_end - end;
		} else {
			xfs_rb_erase(&pag->pag_busy, &b->node);
			xfs_list_del(&b->list);
			xfs_pool_put(&busy->b_pool, b);
		}
	}
	return true;
}

void xfs_extent_busy_insert(struct xfs_perag *pag, xfs_agblock_t agbno, xfs_extlen_t len)
{
	struct xfs_busy_list *busy = pag->pag_mount->m_busy;
	struct xfs_extent_busy *b;

	ASSERT(xfs_mutex_is_held(&pag->pag_lock));
	if (!busy || XFS_SABOTAGE(XFS_RULE_BUSY))
		return;
	xfs_mutex_lock(&busy->b_lock);
	if (!cut_older(busy, pag, agbno, len))
		goto out_nomem;
	if (extend_neighbour(pag, busy->b_seq, agbno, len))
		goto out_unlock;
	b = xfs_pool_get(&busy->b_pool);
	if (!b)
		goto out_nomem;
	*b = (struct xfs_extent_busy){
		.agno = pag->pag_agno, .agbno = agbno, .len = len, .seq = busy->b_seq,
	};
	xfs_list_init(&b->list);
	xfs_rb_add(&pag->pag_busy, &b->node, cmp_start);
	xfs_list_add_tail(&b->list, &busy->b_extents);
	goto out_unlock;

out_nomem:
	__atomic_store_n(&pag->pag_busy_all, busy->b_seq, __ATOMIC_RELAXED);
out_unlock:
	xfs_mutex_unlock(&busy->b_lock);
}

uint64_t xfs_extent_busy_seq(struct xfs_mount *mp)
{
	struct xfs_busy_list *busy = mp->m_busy;
	uint64_t seq;

	if (!busy)
		return 0;
	xfs_mutex_lock(&busy->b_lock);
	seq = busy->b_seq;
	xfs_mutex_unlock(&busy->b_lock);
	return seq;
}

uint64_t xfs_extent_busy_cut(struct xfs_mount *mp)
{
	struct xfs_busy_list *busy = mp->m_busy;
	uint64_t seq;

	if (!busy)
		return 0;
	xfs_mutex_lock(&busy->b_lock);
	seq = busy->b_seq++;
	xfs_mutex_unlock(&busy->b_lock);
	return seq;
}

/* The first extent whose checkpoint is durable; NULL: none. */
static struct xfs_extent_busy *first_durable(struct xfs_busy_list *busy, uint64_t seq)
{
	struct xfs_extent_busy *b = NULL;

	if (!xfs_list_empty(&busy->b_extents))
		b = xfs_list_first_entry(&busy->b_extents, struct xfs_extent_busy, list);
	return b && b->seq <= seq ? b : NULL;
}

/* Clear the extents of one AG at the head of the list. */
static void clear_run(struct xfs_busy_list *busy, struct xfs_perag *pag, uint64_t seq)
{
	struct xfs_extent_busy *b;

	xfs_mutex_lock(&pag->pag_lock);
	xfs_mutex_lock(&busy->b_lock);
	while ((b = first_durable(busy, seq)) != NULL && b->agno == pag->pag_agno) {
		xfs_rb_erase(&pag->pag_busy, &b->node);
		xfs_list_del(&b->list);
		xfs_pool_put(&busy->b_pool, b);
	}
	xfs_mutex_unlock(&busy->b_lock);
	xfs_mutex_unlock(&pag->pag_lock);
}

void xfs_extent_busy_clear(struct xfs_mount *mp, uint64_t seq)
{
	struct xfs_busy_list *busy = mp->m_busy;

	if (!busy)
		return;
	for (;;) {
		struct xfs_extent_busy *b;
		xfs_agnumber_t agno;

		xfs_mutex_lock(&busy->b_lock);
		b = first_durable(busy, seq);
		agno = b ? b->agno : NULLAGNUMBER;
		xfs_mutex_unlock(&busy->b_lock);
		if (agno == NULLAGNUMBER)
			break;
		clear_run(busy, xfs_perag_get(mp, agno), seq);
	}
	for (xfs_agnumber_t agno = 0; agno < mp->m_geo.agcount; agno++) {
		struct xfs_perag *pag = xfs_perag_peek(mp, agno);

		if (!pag || (!__atomic_load_n(&pag->pag_busy_all, __ATOMIC_RELAXED) &&
			     !__atomic_load_n(&pag->pag_unshared_seq, __ATOMIC_RELAXED)))
			continue;
		xfs_mutex_lock(&pag->pag_lock);
		if (pag->pag_busy_all <= seq)
			__atomic_store_n(&pag->pag_busy_all, 0, __ATOMIC_RELAXED);
		if (pag->pag_unshared_seq <= seq)
			__atomic_store_n(&pag->pag_unshared_seq, 0, __ATOMIC_RELAXED);
		xfs_mutex_unlock(&pag->pag_lock);
	}
}

bool xfs_extent_busy_any(struct xfs_mount *mp)
{
	struct xfs_busy_list *busy = mp->m_busy;
	bool any;

	if (!busy)
		return false;
	xfs_mutex_lock(&busy->b_lock);
	any = !xfs_list_empty(&busy->b_extents);
	xfs_mutex_unlock(&busy->b_lock);
	for (xfs_agnumber_t agno = 0; !any && agno < mp->m_geo.agcount; agno++) {
		const struct xfs_perag *pag = xfs_perag_peek(mp, agno);

		any = pag && __atomic_load_n(&pag->pag_busy_all, __ATOMIC_RELAXED) != 0;
	}
	return any;
}
