/* SPDX-License-Identifier: MIT */
/*
 * One walk for all B+trees.  It goes down and left to right with one buffer and a few words per
 * level, and checks on the way:
 *
 * (CHECK-1) A block carries its tree's magic, its level, its own address, its owner, the UUID, and
 *     a right checksum.
 * (CHECK-2) It has no more entries than fit, and, except for the root, at least half of them.
 * (CHECK-3) Entries ascend within a block and from block to block of one level.
 * (CHECK-4) The entry of a node is the exact key of its child (overlapping trees: the lowest low
 *     key and the highest high key).
 * (CHECK-5) The blocks of a level are chained in both directions, including the ends.
 * (CHECK-6) No block is reached twice.
 * (CHECK-7) A root that is a separate block is a leaf or has at least two children.
 *
 * A part that cannot be walked sets xfs_check_bt::broken.  The walk goes on beside it, with CHECK-5
 * suspended across the gap.
 */
#include "base/crc32c.h"
#include "check/check_priv.h"

int xfs_check_cmp32(const uint8_t *a, const uint8_t *b)
{
	uint32_t x = get_be32(a), y = get_be32(b);

	return x < y ? -1 : x > y;
}

void xfs_check_key32(const uint8_t *rec, uint8_t *key)
{
	memcpy(key, rec, sizeof(be32_t));
}

void xfs_check_own_tree_block(struct xfs_check_bt *bt, uint32_t agno, uint32_t agbno)
{
	bt->chk->sum.metadata_blocks++;
	xfs_check_own(bt->chk, agno, agbno, 1, bt->type->owner, 0);
}

static uint64_t get_ptr(const struct xfs_check_bt *bt, const uint8_t *p)
{
	uint32_t null32;

	if (bt->type->longptr)
		return get_be64(p);
	null32 = get_be32(p);
	return null32 == NULLAGBLOCK ? NULLFSBLOCK : null32;
}

static bool locate(const struct xfs_check_bt *bt, uint64_t ptr, uint32_t *agno, uint32_t *agbno)
{
	const struct xfs_check_geo *g = &bt->chk->g;

	if (bt->type->longptr)
		return xfs_check_fsb(g, ptr, 1, agno, agbno);
	*agno = bt->agno;
	*agbno = (uint32_t)ptr;
	return xfs_check_agbno(g, bt->agno, ptr, 1);
}

static uint32_t node_entry_keylen(const struct xfs_check_bt_type *type)
{
	return type->overlapping ? 2 * type->keylen : type->keylen;
}

static void bad(struct xfs_check_bt *bt, const char *text)
{
	if (!bt->quiet)
		xfs_check_report(bt->chk, bt->at, "%s", text);
}

/* CHECK-1, except the sibling pointers.  False: the contents do not belong to this tree. */
static bool check_header(struct xfs_check_bt *bt, const uint8_t *buf, unsigned int level,
			 bool is_root, bool below_inode)
{
	const struct xfs_btree_block *block = (const void *)buf;
	struct xfs_check *chk = bt->chk;
	bool lp = bt->type->longptr;
	uint32_t nr = be16_to_cpu(block->bb_numrecs), max = bt->mxr[level != 0];
	uint64_t blkno, owner, lsn;

	if (be32_to_cpu(block->bb_magic) != bt->type->magic) {
		if (!bt->quiet)
			xfs_check_report(chk, bt->at, "magic number 0x%08x instead of 0x%08x",
					 be32_to_cpu(block->bb_magic), bt->type->magic);
		return false;
	}
	if (bt->quiet)
		return be16_to_cpu(block->bb_level) == level && nr <= max;

	if (!xfs_cksum_ok(buf, chk->g.blocksize,
			  lp ? XFS_BTREE_LBLOCK_CRC_OFF : XFS_BTREE_SBLOCK_CRC_OFF))
		bad(bt, "the checksum is wrong");
	xfs_check_uuid(chk, bt->at, lp ? &block->bb_u.l.bb_uuid : &block->bb_u.s.bb_uuid);
	blkno = be64_to_cpu(lp ? block->bb_u.l.bb_blkno : block->bb_u.s.bb_blkno);
	owner = lp ? be64_to_cpu(block->bb_u.l.bb_owner) : be32_to_cpu(block->bb_u.s.bb_owner);
	lsn = be64_to_cpu(lp ? block->bb_u.l.bb_lsn : block->bb_u.s.bb_lsn);
	xfs_check_lsn(chk, bt->at, lsn);
	if (blkno != xfs_check_daddr(&chk->g, (uint32_t)bt->at.agno, (uint32_t)bt->at.block))
		xfs_check_report(chk, bt->at, "bb_blkno is %" PRIu64 ": not this block's address",
				 blkno);
	if (owner != (lp ? bt->ino : bt->agno))
		xfs_check_report(chk, bt->at, "bb_owner is %" PRIu64, owner);
	if (be16_to_cpu(block->bb_level) != level) {
		xfs_check_report(chk, bt->at, "bb_level is %u where the tree has level %u",
				 be16_to_cpu(block->bb_level), level);
		return false;
	}
	if (nr > max) {
		xfs_check_report(chk, bt->at, "bb_numrecs is %u, above the maximum of %u", nr, max);
		return false;
	}
	if (is_root ? level > 0 && nr < 2 : nr < (below_inode ? 1 : max / 2))
		xfs_check_report(chk, bt->at, "bb_numrecs is %u, below the minimum%s", nr,
				 is_root ? " of a root node" : "");
	return true;
}

/* CHECK-5 */
static void check_siblings(struct xfs_check_bt *bt, const uint8_t *buf,
			   struct xfs_check_bt_level *lv, uint64_t self)
{
	const struct xfs_btree_block *block = (const void *)buf;
	uint64_t left, right;

	if (bt->type->longptr) {
		left = get_ptr(bt, block->bb_u.l.bb_leftsib.b);
		right = get_ptr(bt, block->bb_u.l.bb_rightsib.b);
	} else {
		left = get_ptr(bt, block->bb_u.s.bb_leftsib.b);
		right = get_ptr(bt, block->bb_u.s.bb_rightsib.b);
	}
	if (!bt->quiet && lv->chain == XFS_CHECK_CHAIN_START && left != NULLFSBLOCK)
		bad(bt, "bb_leftsib is set on the first block of the level");
	if (!bt->quiet && lv->chain == XFS_CHECK_CHAIN_KNOWN) {
		if (left != lv->prev)
			xfs_check_report(bt->chk, bt->at,
					 "bb_leftsib is %" PRId64 ", but the block "
					 "before is %" PRIu64,
					 (int64_t)left, lv->prev);
		if (lv->prev_right != self)
			xfs_check_report(bt->chk,
					 xfs_check_at(bt->type->name, lv->last_agno, lv->last_agbno,
						      bt->at.ino),
					 "bb_rightsib is %" PRId64
					 ", but the next block is %" PRIu64,
					 (int64_t)lv->prev_right, self);
	}
	lv->chain = XFS_CHECK_CHAIN_KNOWN;
	lv->prev = self;
	lv->prev_right = right;
	lv->last_agno = (uint32_t)bt->at.agno;
	lv->last_agbno = (uint32_t)bt->at.block;
}

/* CHECK-3 for one key. */
static void check_order(struct xfs_check_bt *bt, struct xfs_check_bt_level *lv, const uint8_t *key,
			uint32_t index)
{
	if (!bt->quiet && lv->have_last && bt->type->cmp(lv->last, key) >= 0)
		xfs_check_report(bt->chk, bt->at, "entry %u is not greater than the one before it",
				 index + 1);
	memcpy(lv->last, key, bt->type->keylen);
	lv->have_last = true;
}

static void check_leaf(struct xfs_check_bt *bt, const uint8_t *recs, uint32_t nr,
		       struct xfs_check_bt_level *lv, uint8_t *low, uint8_t *high)
{
	const struct xfs_check_bt_type *type = bt->type;
	uint8_t key[XFS_CHECK_MAX_KEY];

	for (uint32_t i = 0; i < nr && !bt->chk->stop; i++) {
		const uint8_t *rec = recs + (size_t)i * type->reclen;

		type->low_key(rec, key);
		check_order(bt, lv, key, i);
		if (i == 0)
			memcpy(low, key, type->keylen);
		if (type->overlapping) {
			type->high_key(rec, key);
			if (i == 0 || type->cmp(key, high) > 0)
				memcpy(high, key, type->keylen);
		}
		bt->records++;
		if (bt->record)
			bt->record(bt, rec);
	}
}

static void check_node(struct xfs_check_bt *bt, struct xfs_check_bt_level *lv, uint8_t *low,
		       uint8_t *high)
{
	const struct xfs_check_bt_type *type = bt->type;
	uint32_t entry = node_entry_keylen(type);

	for (uint32_t i = 0; i < lv->nr; i++) {
		const uint8_t *key = lv->keys + (size_t)i * entry;

		check_order(bt, lv, key, i);
		if (i == 0)
			memcpy(low, key, type->keylen);
		if (type->overlapping &&
		    (i == 0 || type->cmp(key + type->keylen, high) > 0))
			memcpy(high, key + type->keylen, type->keylen);
	}
}

/* CHECK-4.  @key: the parent's entry, NULL for a root. */
static void check_parent_key(struct xfs_check_bt *bt, const uint8_t *key, const uint8_t *low,
			     const uint8_t *high)
{
	const struct xfs_check_bt_type *type = bt->type;

	if (bt->quiet || !key)
		return;
	if (memcmp(key, low, type->keylen) != 0)
		bad(bt, type->overlapping
				? "the low key in the parent is not that of the first entry"
				: "the key in the parent is not that of the first entry");
	if (type->overlapping && memcmp(key + type->keylen, high, type->keylen) != 0)
		bad(bt, "the high key in the parent is not the highest of the entries");
}

/* Read the block @ptr for @level; true if it is a node with entries to descend into. */
static bool enter(struct xfs_check_bt *bt, unsigned int level, uint64_t ptr,
		  const uint8_t *parent_key, bool is_root, bool below_inode)
{
	struct xfs_check *chk = bt->chk;
	struct xfs_check_bt_level *lv = &bt->level[level];
	uint8_t *buf = chk->level_buf[level];
	uint32_t hdr = bt->type->longptr ? XFS_BTREE_LBLOCK_LEN : XFS_BTREE_SBLOCK_LEN;
	uint8_t low[XFS_CHECK_MAX_KEY] = { 0 }, high[XFS_CHECK_MAX_KEY] = { 0 };
	uint32_t agno, agbno, nr;

	if (!locate(bt, ptr, &agno, &agbno)) {
		if (!bt->quiet)
			xfs_check_report(chk, bt->at,
					 "%s points at block %" PRId64 ", which is none",
					 is_root ? "the root pointer" : "a node", (int64_t)ptr);
		goto broken;
	}
	bt->at.agno = agno;
	bt->at.block = agbno;
	if (!xfs_check_set_add(chk, bt->seen, xfs_check_fsbno(&chk->g, agno, agbno))) {
		bad(bt, "the block is used a second time");
		goto broken;
	}
	bt->blocks++;
	if (bt->block)
		bt->block(bt, agno, agbno);
	if (xfs_check_read_block(chk, agno, agbno, buf)) {
		/* Report in a second walk too, since the error may be new. */
		xfs_check_report(chk, bt->at, "the block cannot be read");
		goto broken;
	}
	if (!check_header(bt, buf, level, is_root, below_inode))
		goto broken;
	check_siblings(bt, buf, lv, ptr);
	nr = be16_to_cpu(((const struct xfs_btree_block *)(const void *)buf)->bb_numrecs);
	lv->keys = buf + hdr;
	lv->ptrs = lv->keys + (size_t)bt->mxr[1] * node_entry_keylen(bt->type);
	lv->nr = nr;
	lv->next = 0;
	if (level == 0)
		check_leaf(bt, lv->keys, nr, lv, low, high);
	else
		check_node(bt, lv, low, high);
	if (nr)
		check_parent_key(bt, parent_key, low, high);
	return level > 0 && nr > 0;

broken:
	bt->broken = true;
	for (unsigned int i = 0; i <= level; i++)
		bt->level[i].chain = XFS_CHECK_CHAIN_LOST;
	return false;
}

/* CHECK-5: the last block of each level has no right neighbour. */
static void check_ends(struct xfs_check_bt *bt, unsigned int levels)
{
	for (unsigned int i = 0; i < levels && !bt->quiet; i++) {
		const struct xfs_check_bt_level *lv = &bt->level[i];

		if (lv->chain == XFS_CHECK_CHAIN_KNOWN && lv->prev_right != NULLFSBLOCK)
			xfs_check_report(bt->chk, xfs_check_at(bt->type->name, lv->last_agno,
							       lv->last_agbno, bt->at.ino),
					 "bb_rightsib is set on the last block of the level");
	}
}

/* The node at @top is loaded; @in_inode: it is a root in an inode. */
static void descend(struct xfs_check_bt *bt, unsigned int top, bool in_inode)
{
	uint32_t ptrlen = bt->type->longptr ? sizeof(be64_t) : sizeof(be32_t);
	unsigned int level = top;

	while (level <= top && !bt->chk->stop) {
		struct xfs_check_bt_level *lv = &bt->level[level];
		uint32_t i = lv->next++;

		if (i >= lv->nr) {
			level++;
			continue;
		}
		bt->at.agno = lv->last_agno;
		bt->at.block = lv->last_agbno;
		if (level == top && in_inode) {
			bt->at.agno = -1;
			bt->at.block = XFS_CHECK_NOBLOCK;
		}
		if (enter(bt, level - 1, get_ptr(bt, lv->ptrs + (size_t)i * ptrlen),
			  lv->keys + (size_t)i * node_entry_keylen(bt->type), false,
			  level == top && in_inode))
			level--;
	}
	if (bt->chk->stop)
		bt->broken = true;
}

void xfs_check_bt_walk(struct xfs_check_bt *bt, uint32_t root, uint32_t levels)
{
	bt->at = xfs_check_at(bt->type->name, bt->agno, XFS_CHECK_NOBLOCK, XFS_CHECK_NOINO);
	if (levels < 1 || levels > XFS_CHECK_MAX_LEVELS) {
		bt->broken = true;
		return;
	}
	if (enter(bt, levels - 1, root == NULLAGBLOCK ? NULLFSBLOCK : root, NULL, true, false))
		descend(bt, levels - 1, false);
	check_ends(bt, levels);
}

void xfs_check_bt_walk_inode(struct xfs_check_bt *bt, uint32_t level, uint32_t nr,
			     const uint8_t *keys, const uint8_t *ptrs)
{
	struct xfs_check_bt_level *lv = &bt->level[level];
	uint8_t low[XFS_CHECK_MAX_KEY], high[XFS_CHECK_MAX_KEY];

	bt->at = xfs_check_at(bt->type->name, -1, XFS_CHECK_NOBLOCK, bt->ino);
	lv->keys = keys;
	lv->ptrs = ptrs;
	lv->nr = nr;
	lv->next = 0;
	lv->chain = XFS_CHECK_CHAIN_LOST;
	check_node(bt, lv, low, high);
	descend(bt, level, true);
	check_ends(bt, level);
}
