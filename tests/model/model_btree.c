/* SPDX-License-Identifier: MIT */
/*
 * Goal: the B+tree engine keeps any tree right, for every kind it serves: short
 * pointers, overlapping keys, long pointers with the root in the inode.
 * Method: seeded inserts, deletes, updates, lookups, walks and range queries on
 * a tree with tiny blocks (so that it is high) and on a sorted array.  Every few
 * operations an independent walker checks each block: order, keys of parents,
 * fill, siblings, levels, and that exactly the blocks in use are allocated.
 * Shows (BTREE-1), (BTREE-2), (CURSOR-2).
 */
#include <stdio.h>
#include <stdlib.h>
#include "model/btree_kinds.h"

/* ---- the model ----------------------------------------------------------------- */

static int cmp_recs(const struct model_rec *a, const struct model_rec *b)
{
	int d = cmp64(a->key, b->key);

	return d ? d : cmp64(a->sub, b->sub);
}

/* Records of the model that are < r: index of the first not smaller. */
static uint32_t model_lower_bound(const struct model_rec *r)
{
	uint32_t low = 0, high = M->nrecs;

	while (low < high) {
		uint32_t mid = (low + high) / 2;

		if (cmp_recs(&M->recs[mid], r) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static bool rec_is(const void *disk, const struct model_rec *r)
{
	uint8_t want[XFS_BTREE_MAX_REC_LEN];

	to_disk(r, want);
	return disk && memcmp(disk, want, M->ops->rec_len) == 0;
}

static void init_cursor(struct xfs_btree_cur *cur)
{
	xfs_btree_init_cursor(cur, M->ops, M->mp, M->tp, M->kind == INODE_ROOT ? OWNER_INO : 0,
			      M->nlevels, M->max_leaf, M->max_node);
	if (M->kind == INODE_ROOT) {
		cur->bc_ino.root = M->inode_root;
		cur->bc_ino.root_maxrecs = M->root_max;
	} else {
		cur->bc_ag.root_ptr = M->root_ptr;
	}
}

/* ---- the walker: knows the format, nothing of the engine --------------------- */

struct walk {
	uint64_t prev[XFS_BTREE_MAXLEVELS];	/* last block seen on the level */
	uint64_t prev_right[XFS_BTREE_MAXLEVELS];
	uint32_t recs, blocks;
};

static int key_cmp(const uint8_t *a, const uint8_t *b)
{
	return M->ops->cmp_keys(a, b);
}

static void walk_block(struct walk *w, uint64_t ptr, uint32_t level, bool root, bool may_underflow,
		       uint8_t *low, uint8_t *high);

static void walk_entries(struct walk *w, const uint8_t *entries, const uint8_t *ptrs, uint32_t n,
			 uint32_t level, bool only_child_free, uint8_t *low, uint8_t *high)
{
	const struct xfs_btree_ops *ops = M->ops;
	bool overlap = ops->flags & XFS_BTREE_OVERLAPPING;
	bool is_long = ops->flags & XFS_BTREE_LONG_PTRS;
	uint32_t stride = level ? (overlap ? 2u : 1u) * ops->key_len : ops->rec_len;
	uint8_t prev[20];

	for (uint32_t i = 0; i < n; i++) {
		const uint8_t *e = entries + i * stride;
		uint8_t elow[20], ehigh[20];

		if (level == 0) {
			ops->key_from_rec(elow, e);
			if (overlap)
				ops->high_key_from_rec(ehigh, e);
			CHECK(w->recs < M->nrecs);
			CHECK(rec_is(e, &M->recs[w->recs]));
			w->recs++;
		} else {
			uint64_t p = is_long ? get_be64(ptrs + 8 * i) : get_be32(ptrs + 4 * i);

			walk_block(w, p, level - 1, false, only_child_free && n == 1, elow, ehigh);
			CHECK(memcmp(elow, e, ops->key_len) == 0);
			if (overlap)
				CHECK(memcmp(ehigh, e + ops->key_len, ops->key_len) == 0);
		}
		if (i == 0)
			memcpy(low, elow, ops->key_len);
		else
			CHECK(key_cmp(prev, elow) < 0);
		memcpy(prev, elow, ops->key_len);
		if (overlap && (i == 0 || key_cmp(high, ehigh) < 0))
			memcpy(high, ehigh, ops->key_len);
	}
}

static void walk_block(struct walk *w, uint64_t ptr, uint32_t level, bool root, bool may_underflow,
		       uint8_t *low, uint8_t *high)
{
	const struct xfs_btree_ops *ops = M->ops;
	bool is_long = ops->flags & XFS_BTREE_LONG_PTRS;
	uint32_t hdr = is_long ? 72 : 56, max = level ? M->max_node : M->max_leaf;
	uint32_t keys_len = (ops->flags & XFS_BTREE_OVERLAPPING ? 2u : 1u) * ops->key_len;
	const uint8_t *block;
	uint64_t left, right;
	struct xfs_buf *bp;
	uint32_t n;

	CHECK(ptr < AGBLOCKS && M->used[ptr]);
	CHECK(xfs_buf_read(M->mp, (xfs_daddr_t)(ptr * (BLOCKSIZE / 512)), BLOCKSIZE, ops->buf_ops,
			   &bp) == 0);
	block = bp->b_addr;
	n = get_be16(block + 6);
	CHECK(get_be32(block) == ops->magic);
	CHECK(get_be16(block + 4) == level);
	CHECK(n <= max);
	if (!root && !may_underflow)
		CHECK(n >= max / 2);
	if (root && level > 0)
		CHECK(n >= 2);
	left = is_long ? get_be64(block + 8) : get_be32(block + 8);
	right = is_long ? get_be64(block + 16) : get_be32(block + 12);
	CHECK(get_be64(block + (is_long ? 24 : 16)) == ptr * (BLOCKSIZE / 512));
	if (is_long)
		CHECK(get_be64(block + 56) == OWNER_INO);
	else
		CHECK(get_be32(block + 48) == 0);
	CHECK(left == w->prev[level]);
	CHECK(w->prev_right[level] == 0 || w->prev_right[level] == ptr);
	w->prev[level] = ptr;
	w->prev_right[level] = right;
	w->blocks++;
	walk_entries(w, block + hdr, block + hdr + max * keys_len, n, level, false, low, high);
	xfs_buf_put(bp);
}

static void check_tree(void)
{
	bool is_long = M->ops->flags & XFS_BTREE_LONG_PTRS;
	uint64_t null = is_long ? UINT64_MAX : UINT32_MAX;
	struct xfs_btree_cur cur;
	uint8_t low[20], high[20];
	struct walk w = { 0 };
	uint64_t blocks;

	for (uint32_t i = 0; i < XFS_BTREE_MAXLEVELS; i++)
		w.prev[i] = null;
	if (M->kind == INODE_ROOT) {
		const uint8_t *r = M->inode_root;
		uint32_t n = get_be16(r + 2);

		CHECK(get_be16(r) == M->nlevels - 1);
		CHECK(n >= 1 && n <= M->root_max);
		walk_entries(&w, r + 4, r + 4 + 8 * M->root_max, n, M->nlevels - 1, true, low,
			     high);
	} else {
		walk_block(&w, M->root_ptr, M->nlevels - 1, true, false, low, high);
	}
	for (uint32_t i = 0; i + (M->kind == INODE_ROOT) < M->nlevels; i++)
		CHECK(w.prev_right[i] == null);
	CHECK(w.recs == M->nrecs);
	CHECK(w.blocks == M->nused);
	init_cursor(&cur);
	CHECK(xfs_btree_count_blocks(&cur, &blocks) == 0);
	CHECK(blocks == M->nused);
	xfs_btree_del_cursor(&cur);
	if (M->nlevels > M->max_height)
		M->max_height = M->nlevels;
}

/* ---- operations -------------------------------------------------------------- */

static uint64_t key_space(void)
{
	return 40000;
}

static struct model_rec random_rec(void)
{
	struct model_rec r = {
		.key = xfs_rand_below(&M->rand, key_space()),
		.sub = M->kind == OVERLAP ? xfs_rand_below(&M->rand, 4) : 0,
		.len = 1 + xfs_rand_below(&M->rand, M->kind == OVERLAP ? 300 : 60),
	};

	/* Mostly short, now and then one that reaches over half of the tree. */
	if (M->kind == OVERLAP && xfs_rand_below(&M->rand, 100) == 0)
		r.len = 20000;
	return r;
}

static void op_insert(const struct model_rec *r)
{
	uint32_t at = model_lower_bound(r);
	uint8_t rec[XFS_BTREE_MAX_REC_LEN];
	struct xfs_btree_target t;
	struct xfs_btree_cur cur;
	bool found;

	if (M->nrecs == MAX_RECS)
		return;
	target_of(r, &t);
	to_disk(r, rec);
	init_cursor(&cur);
	CHECK(xfs_btree_lookup_eq(&cur, &t, &found) == 0);
	CHECK(found == (at < M->nrecs && cmp_recs(&M->recs[at], r) == 0));
	if (!found) {
		CHECK(xfs_btree_insert(&cur, rec) == 0);
		CHECK(rec_is(xfs_btree_get_rec(&cur), r));
		memmove(&M->recs[at + 1], &M->recs[at], (M->nrecs - at) * sizeof(*r));
		M->recs[at] = *r;
		M->nrecs++;
		/* The whole path must be right, not only the leaf: walk on from here. */
		for (uint32_t i = at + 1; i < XFS_MIN(at + 12, M->nrecs); i++) {
			CHECK(xfs_btree_increment(&cur, &found) == 0 && found);
			CHECK(rec_is(xfs_btree_get_rec(&cur), &M->recs[i]));
		}
	}
	xfs_btree_del_cursor(&cur);
}

static void op_delete_at(uint32_t at)
{
	struct xfs_btree_target t;
	struct xfs_btree_cur cur;
	bool found;

	/* The owner makes a list of it before its last record goes. */
	if (M->nrecs == 0 || (M->kind == INODE_ROOT && M->nrecs == 1))
		return;
	target_of(&M->recs[at], &t);
	init_cursor(&cur);
	CHECK(xfs_btree_lookup_eq(&cur, &t, &found) == 0 && found);
	CHECK(xfs_btree_delete(&cur) == 0);
	memmove(&M->recs[at], &M->recs[at + 1], (M->nrecs - at - 1) * sizeof(M->recs[0]));
	M->nrecs--;
	/* The cursor may be used again. */
	CHECK(xfs_btree_lookup_eq(&cur, &t, &found) == 0 && !found);
	xfs_btree_del_cursor(&cur);
}

static void op_update_at(uint32_t at)
{
	struct model_rec *r = &M->recs[at], n = *r;
	uint8_t rec[XFS_BTREE_MAX_REC_LEN];
	struct xfs_btree_target t;
	struct xfs_btree_cur cur;
	bool found, done;

	if (M->nrecs == 0)
		return;
	n.len = random_rec().len;
	target_of(r, &t);
	init_cursor(&cur);
	CHECK(xfs_btree_lookup_eq(&cur, &t, &found) == 0 && found);
	switch (xfs_rand_below(&M->rand, 3)) {
	case 0:
		to_disk(&n, rec);
		CHECK(xfs_btree_update(&cur, rec) == 0);
		*r = n;
		break;
	case 1:
		/* A key that moves without passing its neighbours. */
		if (n.key == 0 || (at > 0 && r[-1].key >= n.key - 1))
			break;
		n.key--;
		to_disk(&n, rec);
		CHECK(xfs_btree_update(&cur, rec) == 0);
		*r = n;
		break;
	case 2:
		n.key += xfs_rand_below(&M->rand, 40);
		to_disk(&n, rec);
		CHECK(xfs_btree_update_if_ordered(&cur, rec, &done) == 0);
		if (done) {
			CHECK(at + 1 == M->nrecs || cmp_recs(&n, &r[1]) < 0);
			*r = n;
		} else {
			CHECK(rec_is(xfs_btree_get_rec(&cur), r));
		}
		break;
	}
	xfs_btree_del_cursor(&cur);
}

static void op_lookup(void)
{
	struct model_rec r = random_rec();
	uint32_t at = model_lower_bound(&r);
	bool equal = at < M->nrecs && cmp_recs(&M->recs[at], &r) == 0;
	struct xfs_btree_target t;
	struct xfs_btree_cur cur, dup;
	bool found;

	target_of(&r, &t);
	init_cursor(&cur);
	CHECK(xfs_btree_lookup_le(&cur, &t, &found) == 0);
	CHECK(found == (equal || at > 0));
	if (found)
		CHECK(rec_is(xfs_btree_get_rec(&cur), &M->recs[equal ? at : at - 1]));
	else
		CHECK(xfs_btree_get_rec(&cur) == NULL);
	CHECK(xfs_btree_lookup_ge(&cur, &t, &found) == 0);
	CHECK(found == (at < M->nrecs));
	if (found) {
		uint32_t i;

		CHECK(rec_is(xfs_btree_get_rec(&cur), &M->recs[at]));
		xfs_btree_dup_cursor(&cur, &dup);
		for (i = at; found && i < at + 30; i++) {
			CHECK(rec_is(xfs_btree_get_rec(&cur), &M->recs[i]));
			CHECK(xfs_btree_increment(&cur, &found) == 0);
			CHECK(found == (i + 1 < M->nrecs));
		}
		found = true;
		for (i = at; found && i + 30 > at; i--) {
			CHECK(rec_is(xfs_btree_get_rec(&dup), &M->recs[i]));
			CHECK(xfs_btree_decrement(&dup, &found) == 0);
			CHECK(found == (i > 0));
		}
		xfs_btree_del_cursor(&dup);
	}
	CHECK(xfs_btree_goto_first(&cur, &found) == 0 && found == (M->nrecs > 0));
	if (found)
		CHECK(rec_is(xfs_btree_get_rec(&cur), &M->recs[0]));
	CHECK(xfs_btree_goto_last(&cur, &found) == 0 && found == (M->nrecs > 0));
	if (found)
		CHECK(rec_is(xfs_btree_get_rec(&cur), &M->recs[M->nrecs - 1]));
	xfs_btree_del_cursor(&cur);
}

struct query {
	uint64_t low, high;
	uint32_t next;		/* model records before it were reported or do not matter */
	bool first;
};

static bool matters(const struct query *q, uint32_t i)
{
	const struct model_rec *r = &M->recs[i];

	if (M->kind == OVERLAP)
		return r->key <= q->high && r->key + r->len - 1 >= q->low;
	/* Those inside, and the last one before. */
	if (r->key > q->high)
		return false;
	return r->key >= q->low || i + 1 == M->nrecs || r[1].key > q->low;
}

static int query_fn(struct xfs_btree_cur *cur, const void *rec, void *priv)
{
	struct query *q = priv;

	(void)cur;
	while (q->next < M->nrecs && !matters(q, q->next))
		q->next++;
	CHECK(q->next < M->nrecs);
	CHECK(rec_is(rec, &M->recs[q->next]));
	q->next++;
	return 0;
}

static void op_query(void)
{
	struct query q = { .low = xfs_rand_below(&M->rand, key_space()) };
	struct xfs_btree_target low = { { q.low, 0, 0 } };
	struct xfs_btree_target high;
	struct xfs_btree_cur cur;

	q.high = q.low + xfs_rand_below(&M->rand, 400);
	high = (struct xfs_btree_target){ { q.high, UINT64_MAX, UINT64_MAX } };
	init_cursor(&cur);
	CHECK(xfs_btree_query_range(&cur, &low, &high, query_fn, &q) == 0);
	while (q.next < M->nrecs && !matters(&q, q.next))
		q.next++;
	CHECK(q.next == M->nrecs);
	xfs_btree_del_cursor(&cur);
}

/* ---- runs ---------------------------------------------------------------------- */

static void start_tree(void)
{
	struct xfs_buf *bp;
	uint64_t ptr = FIRST_BLOCK;
	xfs_daddr_t daddr = (xfs_daddr_t)(ptr * (BLOCKSIZE / 512));

	M->used[ptr] = true;
	M->nused = 1;
	CHECK(xfs_buf_get(M->mp, daddr, BLOCKSIZE, M->ops->buf_ops, &bp) == 0);
	xfs_btree_init_block(M->mp, bp->b_addr, M->ops, daddr,
			     M->kind == INODE_ROOT ? OWNER_INO : 0, 0, 0);
	if (M->kind == INODE_ROOT) {
		struct model_rec r = { .key = 20000, .len = 5 };

		to_disk(&r, (uint8_t *)bp->b_addr + 72);
		put_be16(1, (uint8_t *)bp->b_addr + 6);
		M->recs[0] = r;
		M->nrecs = 1;
		put_be16(1, M->inode_root);
		put_be16(1, M->inode_root + 2);
		put_be64(r.key, M->inode_root + 4);
		put_be64(ptr, M->inode_root + 4 + 8 * M->root_max);
		M->nlevels = 2;
	} else {
		M->root_ptr = ptr;
		M->nlevels = 1;
	}
	xfs_trans_log_buf_all(M->tp, bp);
	xfs_buf_put(bp);
}

static void next_handle(bool cycle)
{
	if (M->tp)
		CHECK(xfs_trans_commit(M->tp) == 0);
	if (cycle)
		test_mount_cycle_cache(M->mp);
	CHECK(xfs_trans_alloc_bytes(M->mp, 256u << 10, 0, 0, &M->tp) == 0);
}

/* @grow of 100 operations insert, the rest of the changes delete. */
static void random_phase(uint32_t count, uint32_t grow, uint32_t check_every)
{
	for (uint32_t i = 0; i < count; i++) {
		struct model_rec r = random_rec();

		if (xfs_rand_below(&M->rand, 100) < grow)
			op_insert(&r);
		else if (M->nrecs)
			op_delete_at((uint32_t)xfs_rand_below(&M->rand, M->nrecs));
		if (i % 8 == 0 && M->nrecs)
			op_update_at((uint32_t)xfs_rand_below(&M->rand, M->nrecs));
		if (i % 16 == 0)
			op_lookup();
		if (i % 64 == 0)
			op_query();
		if (i % check_every == 0)
			check_tree();
		if (i % 512 == 0)
			next_handle(i % 2048 == 0);
	}
	check_tree();
}

static void ordered_phase(uint32_t count, bool up)
{
	uint64_t key = up ? (M->nrecs ? M->recs[M->nrecs - 1].key + 1 : 1) : 0;

	for (uint32_t i = 0; i < count; i++) {
		struct model_rec r = { .key = up ? key + i : 30000 - i, .len = 1 };

		op_insert(&r);
		if (i % 97 == 0)
			check_tree();
	}
	check_tree();
}

static void empty_phase(unsigned int how)
{
	while (M->nrecs > (M->kind == INODE_ROOT ? 1u : 0u)) {
		uint32_t at = how == 0 ? 0 : how == 1 ? M->nrecs - 1
					  : (uint32_t)xfs_rand_below(&M->rand, M->nrecs);

		op_delete_at(at);
		if (M->nrecs % 101 == 0)
			check_tree();
	}
	check_tree();
	/* All that is left: the root block, or a leaf below the root in the inode. */
	CHECK(M->nused == 1);
	CHECK(M->nlevels == (M->kind == INODE_ROOT ? 2u : 1u));
}

static void run(enum kind kind, uint32_t max_leaf, uint32_t max_node, uint32_t root_max,
		uint32_t count, uint64_t seed)
{
	struct xfs_sb sb = test_sb(BLOCKSIZE, AGBLOCKS, 1);
	uint64_t appended;

	M = calloc(1, sizeof(*M));
	if (!M)
		abort();
	M->mp = test_mount_new(&sb);
	M->kind = kind;
	M->ops = &kinds[kind];
	M->seed = seed;
	xfs_rand_seed(&M->rand, seed);
	M->max_leaf = max_leaf;
	M->max_node = max_node;
	M->root_max = root_max;
	next_handle(false);
	start_tree();
	check_tree();

	random_phase(count, 70, 61);
	random_phase(count, 50, 97);
	empty_phase(2);
	ordered_phase(count / 2, true);
	/* Appends leave blocks full, but for the last of each level. */
	appended = M->nrecs;
	CHECK(M->nused <= appended / max_leaf + appended / (max_leaf * (max_node / 2)) + 24);
	next_handle(true);
	empty_phase(0);
	ordered_phase(count / 2, false);
	random_phase(count / 2, 40, 53);
	empty_phase(1);

	printf("%s, %u/%u per block: height up to %u\n", M->ops->name, max_leaf, max_node,
	       M->max_height);
	CHECK(xfs_trans_commit(M->tp) == 0);
	CHECK(!xfs_is_shutdown(M->mp));
	test_mount_free(M->mp);
	free(M);
}

int main(void)
{
	uint64_t seed;

	test_seed_init(1);
	seed = test_seed();
	run(SHORT, 4, 4, 0, 4000, seed);
	run(SHORT, 5, 5, 0, 3000, seed + 1);
	run(SHORT, 121, 80, 0, 12000, seed + 2);
	run(OVERLAP, 4, 4, 0, 3000, seed + 3);
	run(OVERLAP, 7, 5, 0, 3000, seed + 4);
	run(OVERLAP, 40, 22, 0, 6000, seed + 5);
	run(INODE_ROOT, 5, 5, 3, 3000, seed + 6);
	run(INODE_ROOT, 8, 7, 2, 3000, seed + 7);
	run(INODE_ROOT, 59, 59, 21, 12000, seed + 8);
	return 0;
}
