/* SPDX-License-Identifier: MIT */
/*
 * The in-core extent tree: a B+tree of 504-byte nodes (512 with the allocator's header).
 * Its shape depends on if_height:
 *
 *   0   no extent, or the one in if_rec
 *   1   if_root is a leaf that grows from 3 to XFS_IEXT_LEAF_RECS records
 *   n   if_root is a node; leaves are all at the bottom, full-sized and linked
 *
 * (IEXT-1) Records are sorted and do not overlap; no leaf or node is empty.
 * (IEXT-2) The key of a child is exactly the offset of the first record below it, so the offset of
 *     a leaf's first record finds the path to the leaf; there are no parent pointers to maintain.
 * (IEXT-3) A node root has at least two children.
 * (IEXT-4) A cursor is at (leaf, pos) with pos < count, or at the end of the last leaf.
 */
#include "bmap/bmap_priv.h"
#include "core/stats.h"

#define LEAF_MIN_RECS (XFS_IEXT_LEAF_RECS / 2)
#define MERGE_RECS    28u

/*
 * hi: offset 54 bits, high 10 of the block; lo: low 42 of the block, state 1, length 21.  Length 0
 * means no record.
 */
#define REC_BLOCK_MASK ((1ull << 52) - 1)

static void rec_set(struct xfs_iext_rec *rec, const struct xfs_bmbt_irec *irec)
{
	uint64_t block = irec->br_startblock & REC_BLOCK_MASK;

	ASSERT(irec->br_blockcount > 0 && irec->br_blockcount <= XFS_MAX_BMBT_EXTLEN);
	ASSERT(irec->br_startoff < 1ull << 54);
	rec->hi = irec->br_startoff << 10 | block >> 42;
	rec->lo = block << 22 | (uint64_t)(irec->br_state == XFS_EXT_UNWRITTEN) << 21 |
		  irec->br_blockcount;
}

static void rec_get(const struct xfs_iext_rec *rec, struct xfs_bmbt_irec *irec)
{
	uint64_t block = (rec->hi & 0x3ff) << 42 | rec->lo >> 22;

	irec->br_startoff = rec->hi >> 10;
	irec->br_startblock = block;
	if ((block | XFS_STARTBLOCKVAL_MASK) == REC_BLOCK_MASK)
		irec->br_startblock |= ~REC_BLOCK_MASK;
	irec->br_blockcount = rec->lo & XFS_MAX_BMBT_EXTLEN;
	irec->br_state = rec->lo >> 21 & 1 ? XFS_EXT_UNWRITTEN : XFS_EXT_NORM;
}

/* ---- finding ------------------------------------------------------------------- */

/* Number of records that start at or before @off. */
static unsigned int leaf_find(const struct xfs_iext_leaf *leaf, xfs_fileoff_t off)
{
	unsigned int lo = 0, n = leaf->count;

	while (n > 0) {
		unsigned int half = n / 2;

		if (xfs_iext_rec_start(&leaf->recs[lo + half]) <= off) {
			lo += half + 1;
			n -= half + 1;
		} else {
			n = half;
		}
	}
	return lo;
}

static struct xfs_iext_leaf *find_leaf(const struct xfs_ifork *ifp, xfs_fileoff_t off)
{
	void *at = ifp->if_root;

	for (unsigned int level = ifp->if_height; level > 1; level--) {
		const struct xfs_iext_node *node = at;

		at = node->ptrs[xfs_iext_node_find(node, off)];
	}
	return at;
}

static struct xfs_iext_leaf *first_leaf(const struct xfs_ifork *ifp)
{
	return find_leaf(ifp, 0);
}

static struct xfs_iext_leaf *last_leaf(const struct xfs_ifork *ifp)
{
	return find_leaf(ifp, NULLFILEOFF);
}

static const struct xfs_iext_rec *cur_rec(const struct xfs_ifork *ifp,
					  const struct xfs_iext_cursor *cur)
{
	if (cur->leaf)
		return cur->pos < cur->leaf->count ? &cur->leaf->recs[cur->pos] : NULL;
	return cur->pos == 0 && !xfs_iext_rec_is_none(&ifp->if_rec) ? &ifp->if_rec : NULL;
}

/* (IEXT-4) */
static void cur_normalize(struct xfs_iext_cursor *cur)
{
	if (cur->leaf && cur->pos == cur->leaf->count && cur->leaf->next) {
		cur->leaf = cur->leaf->next;
		cur->pos = 0;
	}
}

/* Step back; false at the first record. */
static bool cur_prev(struct xfs_iext_cursor *cur)
{
	if (cur->pos > 0) {
		cur->pos--;
		return true;
	}
	if (!cur->leaf || !cur->leaf->prev)
		return false;
	cur->leaf = cur->leaf->prev;
	cur->pos = cur->leaf->count - 1u;
	return true;
}

void xfs_iext_end(const struct xfs_ifork *ifp, struct xfs_iext_cursor *cur)
{
	if (ifp->if_height) {
		cur->leaf = last_leaf(ifp);
		cur->pos = cur->leaf->count;
	} else {
		cur->leaf = NULL;
		cur->pos = !xfs_iext_rec_is_none(&ifp->if_rec);
	}
}

bool xfs_iext_get_extent(const struct xfs_ifork *ifp, const struct xfs_iext_cursor *cur,
			 struct xfs_bmbt_irec *got)
{
	const struct xfs_iext_rec *rec = cur_rec(ifp, cur);

	if (!rec)
		return false;
	rec_get(rec, got);
	return true;
}

bool xfs_iext_lookup_extent(const struct xfs_ifork *ifp, xfs_fileoff_t off,
			    struct xfs_iext_cursor *cur, struct xfs_bmbt_irec *got)
{
	if (!ifp->if_height) {
		cur->leaf = NULL;
		cur->pos = !xfs_iext_rec_is_none(&ifp->if_rec) &&
			   xfs_iext_rec_end(&ifp->if_rec) <= off;
		return xfs_iext_get_extent(ifp, cur, got);
	}
	cur->leaf = find_leaf(ifp, off);
	cur->pos = leaf_find(cur->leaf, off);
	if (cur->pos > 0 && xfs_iext_rec_end(&cur->leaf->recs[cur->pos - 1]) > off)
		cur->pos--;
	cur_normalize(cur);
	return xfs_iext_get_extent(ifp, cur, got);
}

bool xfs_iext_lookup_extent_before(const struct xfs_ifork *ifp, xfs_fileoff_t end,
				   struct xfs_iext_cursor *cur, struct xfs_bmbt_irec *got)
{
	if (!ifp->if_height) {
		cur->leaf = NULL;
		cur->pos = 0;
		return !xfs_iext_rec_is_none(&ifp->if_rec) &&
		       xfs_iext_rec_start(&ifp->if_rec) < end && xfs_iext_get_extent(ifp, cur, got);
	}
	if (end == 0)
		return false;
	/* (IEXT-2): only in the first leaf can all records start at or after @end. */
	cur->leaf = find_leaf(ifp, end - 1);
	cur->pos = leaf_find(cur->leaf, end - 1);
	if (cur->pos == 0)
		return false;
	cur->pos--;
	return xfs_iext_get_extent(ifp, cur, got);
}

bool xfs_iext_first_extent(const struct xfs_ifork *ifp, struct xfs_iext_cursor *cur,
			   struct xfs_bmbt_irec *got)
{
	cur->leaf = ifp->if_height ? first_leaf(ifp) : NULL;
	cur->pos = 0;
	return xfs_iext_get_extent(ifp, cur, got);
}

bool xfs_iext_last_extent(const struct xfs_ifork *ifp, struct xfs_iext_cursor *cur,
			  struct xfs_bmbt_irec *got)
{
	xfs_iext_end(ifp, cur);
	return xfs_iext_prev_extent(ifp, cur, got);
}

bool xfs_iext_next_extent(const struct xfs_ifork *ifp, struct xfs_iext_cursor *cur,
			  struct xfs_bmbt_irec *got)
{
	if (!cur_rec(ifp, cur))
		return false;
	cur->pos++;
	cur_normalize(cur);
	return xfs_iext_get_extent(ifp, cur, got);
}

bool xfs_iext_prev_extent(const struct xfs_ifork *ifp, struct xfs_iext_cursor *cur,
			  struct xfs_bmbt_irec *got)
{
	return cur_prev(cur) && xfs_iext_get_extent(ifp, cur, got);
}

bool xfs_iext_peek_next_extent(const struct xfs_ifork *ifp, const struct xfs_iext_cursor *cur,
			       struct xfs_bmbt_irec *got)
{
	struct xfs_iext_cursor next = *cur;

	return xfs_iext_next_extent(ifp, &next, got);
}

bool xfs_iext_peek_prev_extent(const struct xfs_ifork *ifp, const struct xfs_iext_cursor *cur,
			       struct xfs_bmbt_irec *got)
{
	struct xfs_iext_cursor prev = *cur;

	return xfs_iext_prev_extent(ifp, &prev, got);
}

/* ---- memory ---------------------------------------------------------------------- */

/* Each free piece of XFS_IEXT_NODE_BYTES starts with a pointer to the next. */
static int spare_fill(struct xfs_mount *mp, struct xfs_iext_spare *spare, unsigned int count)
{
	while (spare->count < count) {
		void **mem = xfs_malloc(mp, XFS_IEXT_NODE_BYTES);

		if (!mem)
			return -ENOMEM;
		*mem = spare->free_list;
		spare->free_list = mem;
		spare->count++;
	}
	return 0;
}

void xfs_iext_unreserve(struct xfs_mount *mp, struct xfs_iext_spare *spare)
{
	while (spare->count)
		xfs_free(mp, xfs_iext_spare_take(spare));
}

static size_t leaf_bytes(unsigned int room)
{
	return XFS_IEXT_LEAF_HDR_BYTES + room * sizeof(struct xfs_iext_rec);
}

/* Make room for @want records in a map of height 0 or 1, which then is one leaf. */
static int grow_leaf(struct xfs_mount *mp, struct xfs_ifork *ifp, unsigned int want)
{
	static const uint16_t sizes[] = {3, 6, 14, XFS_IEXT_LEAF_RECS};
	struct xfs_iext_leaf *old = ifp->if_height ? ifp->if_root : NULL, *leaf;
	unsigned int size = 0;

	while (sizes[size] < want)
		size++;
	leaf = xfs_resize(mp, old, leaf_bytes(old ? old->room : 0), leaf_bytes(sizes[size]));
	if (!leaf)
		return -ENOMEM;
	if (!old) {
		memset(leaf, 0, XFS_IEXT_LEAF_HDR_BYTES);
		leaf->count = !xfs_iext_rec_is_none(&ifp->if_rec);
		leaf->recs[0] = ifp->if_rec;
		ifp->if_height = 1;
	}
	leaf->room = sizes[size];
	ifp->if_root = leaf;
	return 0;
}

int xfs_iext_reserve(struct xfs_mount *mp, struct xfs_ifork *ifp, struct xfs_iext_cursor *cur,
		     unsigned int n, struct xfs_iext_spare *spare)
{
	const struct xfs_iext_leaf *leaf = cur->leaf;
	unsigned int need;
	struct xfs_iext_path path;

	ASSERT(n <= XFS_IEXT_LEAF_RECS / 2);
	if (ifp->if_height <= 1) {
		unsigned int count = leaf ? leaf->count : !xfs_iext_rec_is_none(&ifp->if_rec);
		unsigned int room = leaf ? leaf->room : 1;
		int error;

		if (count + n <= room)
			return 0;
		if (count + n <= XFS_IEXT_LEAF_RECS) {
			error = grow_leaf(mp, ifp, count + n);
			if (!error)
				cur->leaf = ifp->if_root;
			return error;
		}
		if (room < XFS_IEXT_LEAF_RECS) {
			error = grow_leaf(mp, ifp, XFS_IEXT_LEAF_RECS);
			if (error)
				return error;
			cur->leaf = ifp->if_root;
		}
		need = 2;
	} else {
		bool crowded = leaf->count + n > XFS_IEXT_LEAF_RECS;

		/* A record in front of a leaf's first one may go to the leaf before. */
		if (cur->pos == 0 && leaf->prev) {
			leaf = leaf->prev;
			crowded = crowded || leaf->count + n > XFS_IEXT_LEAF_RECS;
		}
		if (!crowded)
			return 0;
		/*
		 * One split makes room for all.  With two records it is hard to tell whether the
		 * second one splits, so the whole path is reserved.
		 */
		need = ifp->if_height + 1u;
		if (n == 1) {
			xfs_iext_find_path(ifp, xfs_iext_rec_start(&leaf->recs[0]), &path);
			need = 1 + xfs_iext_nodes_needed(ifp, &path);
		}
	}
	if (spare_fill(mp, spare, need)) {
		xfs_iext_unreserve(mp, spare);
		return -ENOMEM;
	}
	return 0;
}

/* ---- leaves ---------------------------------------------------------------------------- */

static void leaf_insert(struct xfs_iext_leaf *leaf, unsigned int pos,
			const struct xfs_iext_rec *rec)
{
	ASSERT(leaf->count < leaf->room);
	memmove(&leaf->recs[pos + 1], &leaf->recs[pos],
		(leaf->count - pos) * sizeof(leaf->recs[0]));
	leaf->recs[pos] = *rec;
	leaf->count++;
}

static void leaf_move(struct xfs_iext_leaf *to, struct xfs_iext_leaf *from, unsigned int first)
{
	unsigned int n = from->count - first;

	memcpy(&to->recs[to->count], &from->recs[first], n * sizeof(to->recs[0]));
	to->count = (uint16_t)(to->count + n);
	from->count = (uint16_t)first;
}

/*
 * There is no room at the cursor: add a leaf to the right of the cursor's leaf, or of the one
 * before it, and move the cursor to a place with room.
 */
static int split_leaf(struct xfs_mount *mp, struct xfs_ifork *ifp, struct xfs_iext_cursor *cur,
		      const struct xfs_iext_rec *rec, struct xfs_iext_spare *spare)
{
	struct xfs_iext_leaf *leaf = cur->leaf, *right;
	unsigned int split;
	struct xfs_iext_path path;
	int error;

	/* Between two full leaves, or after the last one: start a new leaf. */
	if (cur->pos == 0 && leaf->prev) {
		leaf = leaf->prev;
		cur->pos = leaf->count;
	}
	xfs_iext_find_path(ifp, xfs_iext_rec_start(&leaf->recs[0]), &path);
	error = spare_fill(mp, spare, 1 + xfs_iext_nodes_needed(ifp, &path));
	if (error)
		return error;
	right = xfs_iext_spare_take(spare);
	right->count = 0;
	right->room = XFS_IEXT_LEAF_RECS;
	right->pad = 0;
	right->prev = leaf;
	right->next = leaf->next;
	if (right->next)
		right->next->prev = right;
	leaf->next = right;
	if (cur->pos == leaf->count) {
		cur->leaf = right;
		cur->pos = 0;
		xfs_iext_add_child(ifp, &path, xfs_iext_rec_start(rec), right, spare);
		return 0;
	}
	/*
	 * Split in half, but at the cursor itself where more records are likely to follow in order:
	 * before all others, and in the upper half, where ascending records go on filling the left
	 * leaf.
	 */
	split = XFS_IEXT_LEAF_RECS / 2;
	if (cur->pos == 0 || cur->pos > split)
		split = cur->pos;
	leaf_move(right, leaf, split);
	if (leaf->count == 0) {
		leaf->recs[0] = *rec;
		xfs_iext_set_key(ifp, &path, 0, xfs_iext_rec_start(rec));
	}
	xfs_iext_add_child(ifp, &path, xfs_iext_rec_start(&right->recs[0]), right, spare);
	cur->leaf = leaf;
	if (cur->pos > leaf->count) {
		cur->leaf = right;
		cur->pos -= leaf->count;
	}
	return 0;
}

int xfs_iext_insert(struct xfs_mount *mp, struct xfs_ifork *ifp, struct xfs_iext_cursor *cur,
		    const struct xfs_bmbt_irec *irec, struct xfs_iext_spare *spare)
{
	struct xfs_iext_spare own = {NULL, 0};
	struct xfs_iext_rec rec;
	int error = 0;

	xfs_stats_inc(mp, XFS_COUNT_xs_add_exlist);
	rec_set(&rec, irec);
	if (ifp->if_height == 0 && xfs_iext_rec_is_none(&ifp->if_rec)) {
		ifp->if_rec = rec;
		cur->leaf = NULL;
		cur->pos = 0;
		goto out_changed;
	}
	if (!spare)
		spare = &own;
	if (ifp->if_height <= 1) {
		const struct xfs_iext_leaf *leaf = ifp->if_height ? ifp->if_root : NULL;

		if (!leaf || (leaf->count == leaf->room && leaf->room < XFS_IEXT_LEAF_RECS))
			error = grow_leaf(mp, ifp, leaf ? leaf->count + 1u : 2);
		if (error)
			return error;
		cur->leaf = ifp->if_root;
	}
	if (cur->pos == 0 && cur->leaf->prev && cur->leaf->prev->count < XFS_IEXT_LEAF_RECS) {
		cur->leaf = cur->leaf->prev;
		cur->pos = cur->leaf->count;
	} else if (cur->leaf->count == XFS_IEXT_LEAF_RECS) {
		error = split_leaf(mp, ifp, cur, &rec, spare);
		xfs_iext_unreserve(mp, &own);
		if (error)
			return error;
	}
	if (cur->pos == 0 && cur->leaf->count)
		xfs_iext_rekey(ifp, xfs_iext_rec_start(&cur->leaf->recs[0]),
			       xfs_iext_rec_start(&rec));
	leaf_insert(cur->leaf, cur->pos, &rec);
out_changed:
	xfs_iext_changed(ifp);
	return 0;
}

/* Move all records of @right, the right neighbour of @left, into @left. */
static void merge_leaves(struct xfs_mount *mp, struct xfs_ifork *ifp, struct xfs_iext_leaf *left,
			 struct xfs_iext_leaf *right)
{
	struct xfs_iext_path path;

	xfs_iext_find_path(ifp, xfs_iext_rec_start(&right->recs[0]), &path);
	leaf_move(left, right, 0);
	left->next = right->next;
	if (right->next)
		right->next->prev = left;
	xfs_free(mp, right);
	xfs_iext_drop_child(mp, ifp, &path);
}

static void leaf_shrunk(struct xfs_mount *mp, struct xfs_ifork *ifp, struct xfs_iext_cursor *cur)
{
	struct xfs_iext_leaf *leaf = cur->leaf, *prev = leaf->prev, *next = leaf->next;

	if (prev && prev->count + leaf->count <= MERGE_RECS) {
		cur->leaf = prev;
		cur->pos += prev->count;
		merge_leaves(mp, ifp, prev, leaf);
	} else if (next && next->count + leaf->count <= MERGE_RECS) {
		merge_leaves(mp, ifp, leaf, next);
	}
}

void xfs_iext_remove(struct xfs_mount *mp, struct xfs_ifork *ifp, struct xfs_iext_cursor *cur)
{
	struct xfs_iext_leaf *leaf = cur->leaf;
	xfs_fileoff_t first;

	ASSERT(cur_rec(ifp, cur));
	xfs_stats_inc(mp, XFS_COUNT_xs_del_exlist);
	xfs_iext_changed(ifp);
	if (!leaf) {
		ifp->if_rec = (struct xfs_iext_rec){0, 0};
		return;
	}

	first = xfs_iext_rec_start(&leaf->recs[0]);
	if (leaf->count == 1) {
		struct xfs_iext_path path;

		if (leaf->prev)
			leaf->prev->next = leaf->next;
		if (leaf->next)
			leaf->next->prev = leaf->prev;
		cur->leaf = leaf->next ? leaf->next : leaf->prev;
		cur->pos = leaf->next || !leaf->prev ? 0 : leaf->prev->count;
		if (ifp->if_height > 1) {
			xfs_iext_find_path(ifp, first, &path);
			xfs_iext_drop_child(mp, ifp, &path);
		} else {
			ifp->if_height = 0;
			ifp->if_rec = (struct xfs_iext_rec){0, 0};
		}
		xfs_free(mp, leaf);
		return;
	}

	leaf->count--;
	memmove(&leaf->recs[cur->pos], &leaf->recs[cur->pos + 1],
		(leaf->count - cur->pos) * sizeof(leaf->recs[0]));
	if (cur->pos == 0)
		xfs_iext_rekey(ifp, first, xfs_iext_rec_start(&leaf->recs[0]));
	if (leaf->count < LEAF_MIN_RECS)
		leaf_shrunk(mp, ifp, cur);
	cur_normalize(cur);
}

void xfs_iext_update(struct xfs_ifork *ifp, const struct xfs_iext_cursor *cur,
		     const struct xfs_bmbt_irec *irec)
{
	ASSERT(cur_rec(ifp, cur));
	xfs_iext_changed(ifp);
	if (!cur->leaf) {
		rec_set(&ifp->if_rec, irec);
		return;
	}
	if (cur->pos == 0)
		xfs_iext_rekey(ifp, xfs_iext_rec_start(&cur->leaf->recs[0]), irec->br_startoff);
	rec_set(&cur->leaf->recs[cur->pos], irec);
}

/* The height bounds the recursion. */
static void free_below(struct xfs_mount *mp, void *at, unsigned int height)
{
	if (height > 1) {
		struct xfs_iext_node *node = at;

		for (unsigned int i = 0; i < node->count; i++)
			free_below(mp, node->ptrs[i], height - 1);
	}
	xfs_free(mp, at);
}

void xfs_iext_destroy(struct xfs_mount *mp, struct xfs_ifork *ifp)
{
	if (ifp->if_height)
		free_below(mp, ifp->if_root, ifp->if_height);
	ifp->if_height = 0;
	ifp->if_rec = (struct xfs_iext_rec){0, 0};
	xfs_iext_changed(ifp);
}

/* ---- for tests ------------------------------------------------------------------------ */

uint64_t xfs_iext_count(const struct xfs_ifork *ifp)
{
	uint64_t count = 0;

	if (!ifp->if_height)
		return !xfs_iext_rec_is_none(&ifp->if_rec);
	for (const struct xfs_iext_leaf *leaf = first_leaf(ifp); leaf; leaf = leaf->next)
		count += leaf->count;
	return count;
}

static uint64_t memory_below(const void *at, unsigned int height)
{
	const struct xfs_iext_node *node = at;
	uint64_t bytes = XFS_IEXT_NODE_BYTES;

	if (height == 1) {
		const struct xfs_iext_leaf *leaf = at;

		return XFS_IEXT_LEAF_HDR_BYTES + leaf->room * sizeof(leaf->recs[0]);
	}
	for (unsigned int i = 0; i < node->count; i++)
		bytes += memory_below(node->ptrs[i], height - 1);
	return bytes;
}

uint64_t xfs_iext_memory(const struct xfs_ifork *ifp)
{
	return ifp->if_height ? memory_below(ifp->if_root, ifp->if_height) : 0;
}

struct verify_state {
	const struct xfs_iext_leaf *last;
	xfs_fileoff_t end;
};

static xfs_failaddr_t verify_below(const void *at, unsigned int height, bool is_root,
				   struct verify_state *vs)
{
	const struct xfs_iext_leaf *leaf = at;
	const struct xfs_iext_node *node = at;

	if (height > 1) {
		XFS_VERIFY(node->count >= (is_root ? 2 : 1) &&
			   node->count <= XFS_IEXT_NODE_ENTRIES);
		for (unsigned int i = 0; i < node->count; i++) {
			const void *below = node->ptrs[i];
			xfs_failaddr_t fa;
			uint64_t first;

			first = height > 2
					? ((const struct xfs_iext_node *)below)->keys[0]
					: xfs_iext_rec_start(
						  &((const struct xfs_iext_leaf *)below)->recs[0]);
			XFS_VERIFY(node->keys[i] == first);
			fa = verify_below(below, height - 1, false, vs);
			if (fa)
				return fa;
		}
		return NULL;
	}
	XFS_VERIFY(leaf->count > 0 && leaf->count <= leaf->room &&
		   leaf->room <= XFS_IEXT_LEAF_RECS);
	XFS_VERIFY(is_root || leaf->room == XFS_IEXT_LEAF_RECS);
	XFS_VERIFY(leaf->prev == vs->last);
	XFS_VERIFY(!vs->last || vs->last->next == leaf);
	for (unsigned int i = 0; i < leaf->count; i++) {
		XFS_VERIFY(xfs_iext_rec_start(&leaf->recs[i]) >= vs->end);
		XFS_VERIFY(!xfs_iext_rec_is_none(&leaf->recs[i]));
		vs->end = xfs_iext_rec_end(&leaf->recs[i]);
	}
	vs->last = leaf;
	return NULL;
}

xfs_failaddr_t xfs_iext_verify(const struct xfs_ifork *ifp)
{
	struct verify_state vs = {NULL, 0};
	xfs_failaddr_t fa;

	if (!ifp->if_height)
		return NULL;
	XFS_VERIFY(ifp->if_height <= XFS_IEXT_MAX_HEIGHT);
	fa = verify_below(ifp->if_root, ifp->if_height, true, &vs);
	if (fa)
		return fa;
	XFS_VERIFY(!vs.last->next);
	return NULL;
}
