/* SPDX-License-Identifier: MIT */
/*
 * The hashed B+tree of directories and attribute forks: nodes hold (last hash of the child, its
 * block), leaves are chained, the root never moves.  Walked like the other trees, with one buffer
 * per level.
 */
#include "base/crc32c.h"
#include "check/check_priv.h"
#include "disk/dir.h"

uint64_t xfs_check_da_blkno(const struct xfs_check *chk, const struct xfs_check_place *at)
{
	return xfs_check_daddr(&chk->g, (uint32_t)at->agno, (uint32_t)at->block);
}

bool xfs_check_da_read(struct xfs_check *chk, const struct xfs_check_vec *ext, uint64_t dablk,
		       uint32_t fsb, uint8_t *buf, struct xfs_check_place *at)
{
	for (uint32_t i = 0; i < fsb; i++) {
		uint32_t agno, agbno;
		uint64_t fsbno;

		if (!xfs_check_ext_lookup(ext, dablk + i, &fsbno) ||
		    !xfs_check_fsb(&chk->g, fsbno, 1, &agno, &agbno)) {
			xfs_check_report(chk, *at, "block %" PRIu64 " of the fork is not mapped",
					 dablk + i);
			return false;
		}
		if (i == 0) {
			at->agno = agno;
			at->block = agbno;
		}
		if (xfs_check_read_block(chk, agno, agbno, buf + (size_t)i * chk->g.blocksize)) {
			xfs_check_report(chk, *at, "block %" PRIu64 " of the fork cannot be read",
					 dablk + i);
			return false;
		}
	}
	return true;
}

void xfs_check_self(struct xfs_check *chk, struct xfs_check_place at,
		    const struct xfs_check_self *self)
{
	if (!xfs_cksum_ok(self->buf, self->bytes, self->crc_off))
		xfs_check_report(chk, at, "%sthe checksum is wrong", self->what);
	if (be64_to_cpu(self->blkno) != xfs_check_da_blkno(chk, &at))
		xfs_check_report(chk, at, "%sblkno is %" PRIu64 ": not this block's address",
				 self->what, be64_to_cpu(self->blkno));
	if (be64_to_cpu(self->owner) != at.ino)
		xfs_check_report(chk, at, "%sowner is %" PRIu64, self->what,
				 be64_to_cpu(self->owner));
	xfs_check_uuid(chk, at, self->uuid);
	if (self->lsn)
		xfs_check_lsn(chk, at, be64_to_cpu(*self->lsn));
}

bool xfs_check_da_header(struct xfs_check *chk, struct xfs_check_place at, const uint8_t *buf,
			 uint32_t bytes, uint16_t magic)
{
	const struct xfs_da3_blkinfo *info = (const void *)buf;

	if (be16_to_cpu(info->magic) != magic) {
		xfs_check_report(chk, at, "magic number 0x%04x instead of 0x%04x",
				 be16_to_cpu(info->magic), magic);
		return false;
	}
	xfs_check_self(chk, at, &(struct xfs_check_self){
		"", buf, bytes, XFS_DA3_CRC_OFF, info->blkno, info->owner, &info->uuid, &info->lsn,
	});
	return true;
}

static void check_siblings(struct xfs_check_da *da, const uint8_t *buf,
			   struct xfs_check_da_level *lv, uint64_t dablk)
{
	const struct xfs_da3_blkinfo *info = (const void *)buf;
	uint32_t forw = be32_to_cpu(info->forw), back = be32_to_cpu(info->back);

	if (lv->chain == XFS_CHECK_DA_START && back)
		xfs_check_report(da->chk, da->at, "back is %u in the first block of its level",
				 back);
	if (lv->chain == XFS_CHECK_DA_KNOWN && (back != lv->prev || lv->prev_forw != dablk))
		xfs_check_report(da->chk, da->at,
				 "the chain is broken: block %" PRIu64 " leads to %" PRIu64
				 ", block %" PRIu64 " back to %u",
				 lv->prev, lv->prev_forw, dablk, back);
	lv->chain = XFS_CHECK_DA_KNOWN;
	lv->prev = dablk;
	lv->prev_forw = forw;
}

/* Hashes of a level never descend; equal ones may span blocks. */
static void check_hashes(struct xfs_check_da *da, struct xfs_check_da_level *lv, uint32_t first,
			 uint32_t last)
{
	if (lv->have_hash && first < lv->last_hash)
		xfs_check_report(da->chk, da->at,
				 "the first hash 0x%x is below the last of the block "
				 "before, 0x%x",
				 first, lv->last_hash);
	lv->have_hash = true;
	lv->last_hash = last;
}

static uint32_t check_node(struct xfs_check_da *da, const uint8_t *buf, unsigned int level,
			   uint32_t *first, uint32_t *last)
{
	const struct xfs_da3_intnode *node = (const void *)buf;
	uint32_t count = be16_to_cpu(node->hdr.count), hash = 0;
	uint32_t max = (uint32_t)((da->bytes - sizeof(node->hdr)) / sizeof(node->btree[0]));

	if (be16_to_cpu(node->hdr.level) != level) {
		xfs_check_report(da->chk, da->at, "node level is %u where the tree has %u",
				 be16_to_cpu(node->hdr.level), level);
		return 0;
	}
	if (!count || count > max) {
		xfs_check_report(da->chk, da->at, "a node with %u entries, of at most %u", count,
				 max);
		return 0;
	}
	for (uint32_t i = 0; i < count; i++) {
		uint32_t h = be32_to_cpu(node->btree[i].hashval);

		if (i && h < hash)
			xfs_check_report(da->chk, da->at, "node entry %u: the hashes fall", i);
		hash = h;
	}
	*first = be32_to_cpu(node->btree[0].hashval);
	*last = hash;
	return count;
}

/* Check the block @dablk at @level; true if it is a node to descend into. */
static bool enter(struct xfs_check_da *da, unsigned int level, uint64_t dablk, bool is_root,
		  uint32_t parent_hash)
{
	struct xfs_check *chk = da->chk;
	struct xfs_check_da_level *lv = &da->level[level];
	uint8_t *buf = chk->da_buf[level];
	uint32_t first = 0, last = 0;

	if (!xfs_check_set_add(chk, &da->seen, dablk)) {
		xfs_check_report(chk, da->at, "block %" PRIu64 " is used a second time", dablk);
		goto broken;
	}
	/* The root was read already, to learn the height. */
	if (!is_root && !xfs_check_da_read(chk, da->ext, dablk, da->fsb, buf, &da->at))
		goto broken;
	if (!xfs_check_da_header(chk, da->at, buf, da->bytes,
				 level ? XFS_DA3_NODE_MAGIC : da->leaf_magic))
		goto broken;
	check_siblings(da, buf, lv, dablk);
	lv->dablk = dablk;
	lv->next = 0;
	lv->nr = level ? check_node(da, buf, level, &first, &last)
		       : da->leaf(da, buf, dablk, &first, &last);
	if (!lv->nr) {
		da->broken |= level > 0;
		return false;
	}
	if (!is_root && last != parent_hash)
		xfs_check_report(chk, da->at,
				 "the hash in the parent is 0x%x, the last one here 0x%x",
				 parent_hash, last);
	check_hashes(da, lv, first, last);
	return level > 0;

broken:
	da->broken = true;
	for (unsigned int i = 0; i <= level; i++)
		da->level[i].chain = XFS_CHECK_DA_LOST;
	return false;
}

void xfs_check_da_walk(struct xfs_check_da *da)
{
	struct xfs_check *chk = da->chk;
	const struct xfs_da3_intnode *root = (const void *)chk->da_buf[0];
	unsigned int top = 0, level;

	da->at = xfs_check_at(da->structure, -1, XFS_CHECK_NOBLOCK, da->ip->ino);
	if (!xfs_check_da_read(chk, da->ext, da->root, da->fsb, chk->da_buf[0], &da->at)) {
		da->broken = true;
		return;
	}
	if (be16_to_cpu(root->hdr.info.magic) == XFS_DA3_NODE_MAGIC) {
		top = be16_to_cpu(root->hdr.level);
		if (!top || top >= XFS_CHECK_DA_LEVELS) {
			xfs_check_report(chk, da->at, "the root node has level %u", top);
			da->broken = true;
			return;
		}
		memcpy(chk->da_buf[top], chk->da_buf[0], da->bytes);
	}
	level = enter(da, top, da->root, true, 0) ? top : top + 1;
	while (level <= top && !chk->stop) {
		struct xfs_check_da_level *lv = &da->level[level];
		const struct xfs_da3_intnode *node = (const void *)chk->da_buf[level];
		uint32_t i = lv->next++;

		if (i >= lv->nr) {
			level++;
			continue;
		}
		if (enter(da, level - 1, be32_to_cpu(node->btree[i].before), false,
			  be32_to_cpu(node->btree[i].hashval)))
			level--;
	}
	for (unsigned int i = 0; i <= top && !chk->stop; i++) {
		const struct xfs_check_da_level *lv = &da->level[i];

		if (lv->chain == XFS_CHECK_DA_KNOWN && lv->prev_forw)
			xfs_check_report(
				chk,
				xfs_check_at(da->structure, -1, XFS_CHECK_NOBLOCK, da->ip->ino),
				"forw is %" PRIu64 " in block %" PRIu64 ", the last of its level",
				lv->prev_forw, lv->prev);
	}
	da->broken |= chk->stop;
}
