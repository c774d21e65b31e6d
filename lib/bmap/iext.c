/* SPDX-License-Identifier: MIT */
/*
 * The in-core extent tree: a B+tree of 504-byte nodes (one cache-friendly
 * allocation of 512 with the host's header).  Its shape, by if_height:
 *
 *   0   no extent, or the one in if_rec
 *   1   if_root is a leaf that grows from 3 to LEAF_RECS records
 *   n   if_root is a node; leaves are all at the bottom, full-sized and linked
 *
 * (X1) Records are sorted and do not overlap; no leaf or node is empty.
 * (X2) The key of a child is exactly the offset of the first record below it, so
 *      that the offset of a leaf's first record finds the path to it; there are no
 *      parent pointers to keep up to date.
 * (X3) A node root has at least two children.
 * (X4) A cursor is at (leaf, pos) with pos < count, or at the end of the last leaf.
 *
 * Records that come in order of offset fill their leaves completely: one that falls
 * between two leaves goes to the end of the left one, and when that is full, starts a new
 * leaf instead of splitting it.
 * A removal that leaves a leaf less than half full merges it with a neighbour when
 * both fit with some room to spare, so any two neighbours hold more than MERGE_RECS.
 */
#include "bmap/iext.h"

#define NODE_BYTES	504u
#define LEAF_HDR_BYTES	24u
#define LEAF_RECS	30u
#define LEAF_MIN_RECS	(LEAF_RECS / 2)
#define MERGE_RECS	28u
#define NODE_ENTRIES	31u
#define NODE_MIN_ENTRIES (NODE_ENTRIES / 2)
#define MAX_HEIGHT	16u	/* 2 * 15^14 records at the least: more than offsets exist */

struct xfs_iext_leaf {
	struct xfs_iext_leaf *prev, *next;
	uint16_t count, room;		/* records in use, records that fit */
	uint32_t pad;
	struct xfs_iext_rec recs[];
};
static_assert(sizeof(struct xfs_iext_leaf) == LEAF_HDR_BYTES, "leaf header");

struct node {
	uint64_t count;
	uint64_t keys[NODE_ENTRIES];
	void *ptrs[NODE_ENTRIES];
};
static_assert(sizeof(struct node) <= NODE_BYTES, "node");
static_assert(LEAF_HDR_BYTES + LEAF_RECS * sizeof(struct xfs_iext_rec) == NODE_BYTES, "leaf");

/* From the node above the leaf ([0]) to the root ([if_height - 2]). */
struct path {
	struct node *node[MAX_HEIGHT];
	unsigned int idx[MAX_HEIGHT];
};

/*
 * hi: offset 54 bits, high 10 of the block; lo: low 42 of the block, state 1, length 21.
 * A length of 0 is no record.
 */
#define REC_BLOCK_MASK	((1ull << 52) - 1)

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

static xfs_fileoff_t rec_start(const struct xfs_iext_rec *rec)
{
	return rec->hi >> 10;
}

static xfs_fileoff_t rec_end(const struct xfs_iext_rec *rec)
{
	return (rec->hi >> 10) + (rec->lo & XFS_MAX_BMBT_EXTLEN);
}

static bool rec_is_none(const struct xfs_iext_rec *rec)
{
	return (rec->lo & XFS_MAX_BMBT_EXTLEN) == 0;
}

/* ---- finding ------------------------------------------------------------------- */

/* Index of the last key <= @off; 0 when all are larger. */
static unsigned int node_find(const struct node *node, xfs_fileoff_t off)
{
	unsigned int lo = 0, n = (unsigned int)node->count;

	while (n > 1) {
		unsigned int half = n / 2;

		if (node->keys[lo + half] <= off)
			lo += half;
		n -= half;
	}
	return lo;
}

/* Number of records that start at or before @off. */
static unsigned int leaf_find(const struct xfs_iext_leaf *leaf, xfs_fileoff_t off)
{
	unsigned int lo = 0, n = leaf->count;

	while (n > 0) {
		unsigned int half = n / 2;

		if (rec_start(&leaf->recs[lo + half]) <= off) {
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
		const struct node *node = at;

		at = node->ptrs[node_find(node, off)];
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
	return cur->pos == 0 && !rec_is_none(&ifp->if_rec) ? &ifp->if_rec : NULL;
}

/* (X4) */
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
		cur->pos = !rec_is_none(&ifp->if_rec);
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
		cur->pos = !rec_is_none(&ifp->if_rec) && rec_end(&ifp->if_rec) <= off;
		return xfs_iext_get_extent(ifp, cur, got);
	}
	cur->leaf = find_leaf(ifp, off);
	cur->pos = leaf_find(cur->leaf, off);
	if (cur->pos > 0 && rec_end(&cur->leaf->recs[cur->pos - 1]) > off)
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
		return !rec_is_none(&ifp->if_rec) && rec_start(&ifp->if_rec) < end &&
		       xfs_iext_get_extent(ifp, cur, got);
	}
	if (end == 0)
		return false;
	/* (X2): only in the first leaf can all records start behind what led here. */
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

/* Free memory of NODE_BYTES starts with a pointer to the next. */
static int spare_fill(struct xfs_mount *mp, struct xfs_iext_spare *spare, unsigned int count)
{
	while (spare->count < count) {
		void **mem = xfs_malloc(mp, NODE_BYTES);

		if (!mem)
			return -ENOMEM;
		*mem = spare->free_list;
		spare->free_list = mem;
		spare->count++;
	}
	return 0;
}

static void *spare_take(struct xfs_iext_spare *spare)
{
	void **mem = spare->free_list;

	ASSERT(spare->count > 0);
	spare->free_list = *mem;
	spare->count--;
	return mem;
}

void xfs_iext_unreserve(struct xfs_mount *mp, struct xfs_iext_spare *spare)
{
	while (spare->count)
		xfs_free(mp, spare_take(spare));
}

/* Room for @want records in a map of height 0 or 1, which then is one leaf. */
static int grow_leaf(struct xfs_mount *mp, struct xfs_ifork *ifp, unsigned int want)
{
	static const uint16_t sizes[] = {3, 6, 14, LEAF_RECS};
	struct xfs_iext_leaf *old = ifp->if_height ? ifp->if_root : NULL, *leaf;
	unsigned int size = 0;

	while (sizes[size] < want)
		size++;
	leaf = xfs_mem_realloc(&mp->m_mem, old,
			       LEAF_HDR_BYTES + sizes[size] * sizeof(struct xfs_iext_rec));
	if (!leaf)
		return -ENOMEM;
	if (!old) {
		memset(leaf, 0, LEAF_HDR_BYTES);
		leaf->count = !rec_is_none(&ifp->if_rec);
		leaf->recs[0] = ifp->if_rec;
		ifp->if_height = 1;
	}
	leaf->room = sizes[size];
	ifp->if_root = leaf;
	return 0;
}

/* ---- inner nodes -------------------------------------------------------------------- */

/* The path to the leaf whose first record starts at @first (X2). */
static void find_path(const struct xfs_ifork *ifp, xfs_fileoff_t first, struct path *path)
{
	struct node *node = ifp->if_root;

	for (unsigned int level = ifp->if_height - 1u; level-- > 0;) {
		path->node[level] = node;
		path->idx[level] = node_find(node, first);
		node = node->ptrs[path->idx[level]];
	}
}

/* The first record below entry path->idx[level] of path->node[level] starts at @first now. */
static void set_key(const struct xfs_ifork *ifp, const struct path *path, unsigned int level,
		    xfs_fileoff_t first)
{
	for (; level < ifp->if_height - 1u; level++) {
		path->node[level]->keys[path->idx[level]] = first;
		if (path->idx[level] > 0)
			return;
	}
}

/* A leaf's first record moved. */
static void rekey(const struct xfs_ifork *ifp, xfs_fileoff_t old_first, xfs_fileoff_t first)
{
	struct path path;

	if (ifp->if_height < 2 || old_first == first)
		return;
	find_path(ifp, old_first, &path);
	set_key(ifp, &path, 0, first);
}

static void node_insert(struct node *node, unsigned int at, uint64_t key, void *ptr)
{
	ASSERT(node->count < NODE_ENTRIES);
	memmove(&node->keys[at + 1], &node->keys[at], (node->count - at) * sizeof(node->keys[0]));
	memmove(&node->ptrs[at + 1], &node->ptrs[at], (node->count - at) * sizeof(node->ptrs[0]));
	node->keys[at] = key;
	node->ptrs[at] = ptr;
	node->count++;
}

static void node_delete(struct node *node, unsigned int at)
{
	node->count--;
	memmove(&node->keys[at], &node->keys[at + 1], (node->count - at) * sizeof(node->keys[0]));
	memmove(&node->ptrs[at], &node->ptrs[at + 1], (node->count - at) * sizeof(node->ptrs[0]));
}

static void node_move(struct node *to, struct node *from, unsigned int first)
{
	uint64_t n = from->count - first;

	memcpy(&to->keys[to->count], &from->keys[first], n * sizeof(to->keys[0]));
	memcpy(&to->ptrs[to->count], &from->ptrs[first], n * sizeof(to->ptrs[0]));
	to->count += n;
	from->count = first;
}

/* Nodes that add_child() below this path would take. */
static unsigned int nodes_needed(const struct xfs_ifork *ifp, const struct path *path)
{
	unsigned int need = 0;

	for (unsigned int level = 0; level < ifp->if_height - 1u; level++) {
		if (path->node[level]->count < NODE_ENTRIES)
			return need;
		need++;
	}
	return need + 1;
}

int xfs_iext_reserve(struct xfs_mount *mp, struct xfs_ifork *ifp, struct xfs_iext_cursor *cur,
		     unsigned int n, struct xfs_iext_spare *spare)
{
	const struct xfs_iext_leaf *leaf = cur->leaf;
	unsigned int need;
	struct path path;

	ASSERT(n <= LEAF_RECS / 2);
	if (ifp->if_height <= 1) {
		unsigned int count = leaf ? leaf->count : !rec_is_none(&ifp->if_rec);
		unsigned int room = leaf ? leaf->room : 1;
		int error;

		if (count + n <= room)
			return 0;
		if (count + n <= LEAF_RECS) {
			error = grow_leaf(mp, ifp, count + n);
			if (!error)
				cur->leaf = ifp->if_root;
			return error;
		}
		if (room < LEAF_RECS) {
			error = grow_leaf(mp, ifp, LEAF_RECS);
			if (error)
				return error;
			cur->leaf = ifp->if_root;
		}
		need = 2;
	} else {
		bool crowded = leaf->count + n > LEAF_RECS;

		/* What goes in front of a leaf's first record may go to the leaf before. */
		if (cur->pos == 0 && leaf->prev) {
			leaf = leaf->prev;
			crowded = crowded || leaf->count + n > LEAF_RECS;
		}
		if (!crowded)
			return 0;
		/*
		 * One split makes room for all.  Where the second of two records would make it
		 * happen is hard to tell, so then the whole path is counted.
		 */
		need = ifp->if_height + 1u;
		if (n == 1) {
			find_path(ifp, rec_start(&leaf->recs[0]), &path);
			need = 1 + nodes_needed(ifp, &path);
		}
	}
	if (spare_fill(mp, spare, need)) {
		xfs_iext_unreserve(mp, spare);
		return -ENOMEM;
	}
	return 0;
}

/* @ptr, whose first record starts at @key, becomes the right neighbour of the path's leaf. */
static void add_child(struct xfs_ifork *ifp, const struct path *path, uint64_t key, void *ptr,
		      struct xfs_iext_spare *spare)
{
	unsigned int level;
	struct node *root;

	for (level = 0; level < ifp->if_height - 1u; level++) {
		struct node *node = path->node[level], *right;
		unsigned int at = path->idx[level] + 1;

		if (node->count < NODE_ENTRIES) {
			node_insert(node, at, key, ptr);
			return;
		}
		right = spare_take(spare);
		right->count = 0;
		if (at == NODE_ENTRIES) {
			node_insert(right, 0, key, ptr);
		} else {
			node_move(right, node, NODE_ENTRIES / 2);
			if (at <= node->count)
				node_insert(node, at, key, ptr);
			else
				node_insert(right, at - (unsigned int)node->count, key, ptr);
		}
		key = right->keys[0];
		ptr = right;
	}
	root = spare_take(spare);
	root->count = 2;
	root->keys[0] = level == 0 ? rec_start(&((struct xfs_iext_leaf *)ifp->if_root)->recs[0])
				   : ((struct node *)ifp->if_root)->keys[0];
	root->ptrs[0] = ifp->if_root;
	root->keys[1] = key;
	root->ptrs[1] = ptr;
	ifp->if_root = root;
	ifp->if_height++;
}

/* The entry path->idx[level] of path->node[level] is gone, its child was freed or merged. */
static void drop_child(struct xfs_mount *mp, struct xfs_ifork *ifp, struct path *path)
{
	for (unsigned int level = 0; level < ifp->if_height - 1u; level++) {
		struct node *node = path->node[level], *parent, *other;
		unsigned int idx;

		node_delete(node, path->idx[level]);
		if (node->count && path->idx[level] == 0)
			set_key(ifp, path, level + 1, node->keys[0]);
		if (level == ifp->if_height - 2u || node->count >= NODE_MIN_ENTRIES)
			break;

		parent = path->node[level + 1];
		idx = path->idx[level + 1];
		if (node->count == 0) {
			xfs_free(mp, node);
			continue;
		}
		other = idx > 0 ? parent->ptrs[idx - 1] : NULL;
		if (other && other->count + node->count <= NODE_ENTRIES) {
			node_move(other, node, 0);
			xfs_free(mp, node);
			continue;
		}
		other = idx + 1 < parent->count ? parent->ptrs[idx + 1] : NULL;
		if (!other || other->count + node->count > NODE_ENTRIES)
			break;
		node_move(node, other, 0);
		xfs_free(mp, other);
		path->idx[level + 1]++;
	}
	while (ifp->if_height > 1) {
		struct node *root = ifp->if_root;

		if (root->count > 1)
			break;
		ifp->if_root = root->ptrs[0];
		ifp->if_height--;
		xfs_free(mp, root);
	}
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
 * No room at the cursor: give its leaf, or the one in front of it, a right neighbour and
 * put the cursor where there is room.
 */
static int split_leaf(struct xfs_mount *mp, struct xfs_ifork *ifp, struct xfs_iext_cursor *cur,
		      const struct xfs_iext_rec *rec, struct xfs_iext_spare *spare)
{
	struct xfs_iext_leaf *leaf = cur->leaf, *right;
	unsigned int split;
	struct path path;
	int error;

	/* Between two full leaves, or behind the last: a leaf of its own. */
	if (cur->pos == 0 && leaf->prev) {
		leaf = leaf->prev;
		cur->pos = leaf->count;
	}
	find_path(ifp, rec_start(&leaf->recs[0]), &path);
	error = spare_fill(mp, spare, 1 + nodes_needed(ifp, &path));
	if (error)
		return error;
	right = spare_take(spare);
	right->count = 0;
	right->room = LEAF_RECS;
	right->pad = 0;
	right->prev = leaf;
	right->next = leaf->next;
	if (right->next)
		right->next->prev = right;
	leaf->next = right;
	if (cur->pos == leaf->count) {
		cur->leaf = right;
		cur->pos = 0;
		add_child(ifp, &path, rec_start(rec), right, spare);
		return 0;
	}
	/*
	 * In half, but at the place itself where more records are likely to come in
	 * order: in front of all others, and in the upper half, where ascending ones then go
	 * on filling the left leaf.
	 */
	split = LEAF_RECS / 2;
	if (cur->pos == 0 || cur->pos > split)
		split = cur->pos;
	leaf_move(right, leaf, split);
	if (leaf->count == 0) {
		leaf->recs[0] = *rec;
		set_key(ifp, &path, 0, rec_start(rec));
	}
	add_child(ifp, &path, rec_start(&right->recs[0]), right, spare);
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

	rec_set(&rec, irec);
	if (ifp->if_height == 0 && rec_is_none(&ifp->if_rec)) {
		ifp->if_rec = rec;
		cur->leaf = NULL;
		cur->pos = 0;
		goto out_changed;
	}
	if (!spare)
		spare = &own;
	if (ifp->if_height <= 1) {
		const struct xfs_iext_leaf *leaf = ifp->if_height ? ifp->if_root : NULL;

		if (!leaf || (leaf->count == leaf->room && leaf->room < LEAF_RECS))
			error = grow_leaf(mp, ifp, leaf ? leaf->count + 1u : 2);
		if (error)
			return error;
		cur->leaf = ifp->if_root;
	}
	if (cur->pos == 0 && cur->leaf->prev && cur->leaf->prev->count < LEAF_RECS) {
		cur->leaf = cur->leaf->prev;
		cur->pos = cur->leaf->count;
	} else if (cur->leaf->count == LEAF_RECS) {
		error = split_leaf(mp, ifp, cur, &rec, spare);
		xfs_iext_unreserve(mp, &own);
		if (error)
			return error;
	}
	if (cur->pos == 0 && cur->leaf->count)
		rekey(ifp, rec_start(&cur->leaf->recs[0]), rec_start(&rec));
	leaf_insert(cur->leaf, cur->pos, &rec);
out_changed:
	xfs_iext_changed(ifp);
	return 0;
}

/* All records of @right, the right neighbour of @left, move into @left. */
static void merge_leaves(struct xfs_mount *mp, struct xfs_ifork *ifp, struct xfs_iext_leaf *left,
			 struct xfs_iext_leaf *right)
{
	struct path path;

	find_path(ifp, rec_start(&right->recs[0]), &path);
	leaf_move(left, right, 0);
	left->next = right->next;
	if (right->next)
		right->next->prev = left;
	xfs_free(mp, right);
	drop_child(mp, ifp, &path);
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
	xfs_iext_changed(ifp);
	if (!leaf) {
		ifp->if_rec = (struct xfs_iext_rec){0, 0};
		return;
	}

	first = rec_start(&leaf->recs[0]);
	if (leaf->count == 1) {
		struct path path;

		if (leaf->prev)
			leaf->prev->next = leaf->next;
		if (leaf->next)
			leaf->next->prev = leaf->prev;
		cur->leaf = leaf->next ? leaf->next : leaf->prev;
		cur->pos = leaf->next || !leaf->prev ? 0 : leaf->prev->count;
		if (ifp->if_height > 1) {
			find_path(ifp, first, &path);
			drop_child(mp, ifp, &path);
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
		rekey(ifp, first, rec_start(&leaf->recs[0]));
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
		rekey(ifp, rec_start(&cur->leaf->recs[0]), irec->br_startoff);
	rec_set(&cur->leaf->recs[cur->pos], irec);
}

/* Deepest recursion is the height. */
static void free_below(struct xfs_mount *mp, void *at, unsigned int height)
{
	if (height > 1) {
		struct node *node = at;

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

/* ---- what tests ask -------------------------------------------------------------------- */

uint64_t xfs_iext_count(const struct xfs_ifork *ifp)
{
	uint64_t count = 0;

	if (!ifp->if_height)
		return !rec_is_none(&ifp->if_rec);
	for (const struct xfs_iext_leaf *leaf = first_leaf(ifp); leaf; leaf = leaf->next)
		count += leaf->count;
	return count;
}

static uint64_t memory_below(const void *at, unsigned int height)
{
	const struct node *node = at;
	uint64_t bytes = NODE_BYTES;

	if (height == 1) {
		const struct xfs_iext_leaf *leaf = at;

		return LEAF_HDR_BYTES + leaf->room * sizeof(leaf->recs[0]);
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
	const struct node *node = at;

	if (height > 1) {
		XFS_VERIFY(node->count >= (is_root ? 2 : 1) && node->count <= NODE_ENTRIES);
		for (unsigned int i = 0; i < node->count; i++) {
			const void *below = node->ptrs[i];
			xfs_failaddr_t fa;
			uint64_t first;

			first = height > 2 ? ((const struct node *)below)->keys[0] :
				rec_start(&((const struct xfs_iext_leaf *)below)->recs[0]);
			XFS_VERIFY(node->keys[i] == first);
			fa = verify_below(below, height - 1, false, vs);
			if (fa)
				return fa;
		}
		return NULL;
	}
	XFS_VERIFY(leaf->count > 0 && leaf->count <= leaf->room && leaf->room <= LEAF_RECS);
	XFS_VERIFY(is_root || leaf->room == LEAF_RECS);
	XFS_VERIFY(leaf->prev == vs->last);
	XFS_VERIFY(!vs->last || vs->last->next == leaf);
	for (unsigned int i = 0; i < leaf->count; i++) {
		XFS_VERIFY(rec_start(&leaf->recs[i]) >= vs->end);
		XFS_VERIFY(!rec_is_none(&leaf->recs[i]));
		vs->end = rec_end(&leaf->recs[i]);
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
	XFS_VERIFY(ifp->if_height <= MAX_HEIGHT);
	fa = verify_below(ifp->if_root, ifp->if_height, true, &vs);
	if (fa)
		return fa;
	XFS_VERIFY(!vs.last->next);
	return NULL;
}
