/* SPDX-License-Identifier: MIT */
/* Directory blocks in all forms, and nodes of the hashed tree. */
#include "disk/disk_priv.h"

xfs_failaddr_t xfs_da3_blkinfo_verify(const struct xfs_geometry *geo,
				      const struct xfs_da3_blkinfo *info, uint16_t magic,
				      xfs_daddr_t daddr)
{
	XFS_VERIFY(be16_to_cpu(info->magic) == magic);
	XFS_VERIFY(xfs_uuid_equal(&info->uuid, &geo->meta_uuid));
	XFS_VERIFY(be64_to_cpu(info->blkno) == (uint64_t)daddr);
	XFS_VERIFY(xfs_verify_ino(geo, be64_to_cpu(info->owner)));
	return NULL;
}

/* -------------------------------------------------------------- shortform */

xfs_failaddr_t xfs_dir2_sf_verify(const struct xfs_geometry *geo, const void *sf, size_t size,
				  bool metadata)
{
	const struct xfs_dir2_sf_hdr *hdr = sf;
	const char *p, *end = (const char *)sf + size;
	unsigned int next_offset = XFS_DIR3_DATA_FIRST_OFFSET;
	unsigned int wide = 0;
	xfs_ino_t ino;

	XFS_VERIFY(size >= 2);
	XFS_VERIFY(size >= xfs_dir2_sf_hdr_size(hdr->i8count));
	ino = xfs_dir2_sf_get_parent_ino(hdr);
	XFS_VERIFY(metadata ? xfs_verify_ino(geo, ino) : xfs_verify_dir_ino(geo, ino));
	wide += ino > XFS_DIR2_MAX_SHORT_INUM;

	p = (const char *)xfs_dir2_sf_firstentry(hdr);
	for (unsigned int i = 0; i < hdr->count; i++) {
		const struct xfs_dir2_sf_entry *sfep = (const void *)p;
		unsigned int offset;

		XFS_VERIFY((size_t)(end - p) > sizeof(*sfep));
		XFS_VERIFY(sfep->namelen != 0);
		XFS_VERIFY((size_t)(end - p) >= xfs_dir2_sf_entsize(hdr, sfep->namelen));
		/* Entries are in the order of their offsets in block form. */
		offset = xfs_dir2_sf_get_offset(sfep);
		XFS_VERIFY(offset >= next_offset);
		XFS_VERIFY(XFS_IS_ALIGNED(offset, XFS_DIR2_DATA_ALIGN));
		next_offset = offset + xfs_dir2_data_entsize(sfep->namelen);
		ino = xfs_dir2_sf_get_ino(hdr, sfep);
		XFS_VERIFY(metadata ? xfs_verify_ino(geo, ino) : xfs_verify_dir_ino(geo, ino));
		wide += ino > XFS_DIR2_MAX_SHORT_INUM;
		XFS_VERIFY(sfep->name[sfep->namelen] < XFS_DIR3_FT_MAX);
		p = (const char *)xfs_dir2_sf_nextentry(hdr, sfep);
	}
	XFS_VERIFY(p == end);
	XFS_VERIFY(wide == hdr->i8count);
	/* Conversion to block form must always be possible. */
	XFS_VERIFY(next_offset + (hdr->count + 2u) * sizeof(struct xfs_dir2_leaf_entry) +
			   sizeof(struct xfs_dir2_block_tail) <=
		   geo->dirblksize);
	return NULL;
}

/* ------------------------------------------------------------ data blocks */

/* Index of the first leaf entry whose hash is not below @hash. */
static uint32_t leaf_lower_bound(const struct xfs_dir2_leaf_entry *ents, uint32_t n,
				 xfs_dahash_t hash)
{
	uint32_t low = 0;

	while (n) {
		uint32_t half = n / 2;

		if (be32_to_cpu(ents[low + half].hashval) < hash) {
			low += half + 1;
			n -= half + 1;
		} else {
			n = half;
		}
	}
	return low;
}

/* Hashes ascend, and exactly @stale entries are stale. */
static xfs_failaddr_t leaf_order_verify(const struct xfs_dir2_leaf_entry *ents, uint32_t count,
					uint32_t stale)
{
	xfs_dahash_t last = 0;
	uint32_t seen = 0;

	for (uint32_t i = 0; i < count; i++) {
		xfs_dahash_t hash = be32_to_cpu(ents[i].hashval);

		XFS_VERIFY(hash >= last);
		last = hash;
		seen += be32_to_cpu(ents[i].address) == XFS_DIR2_NULL_DATAPTR;
	}
	XFS_VERIFY(seen == stale);
	return NULL;
}

static xfs_failaddr_t bestfree_verify(const struct xfs_dir2_data_free *bf)
{
	for (unsigned int i = 0; i < XFS_DIR2_DATA_FD_COUNT; i++) {
		if (be16_to_cpu(bf[i].length) == 0)
			XFS_VERIFY(be16_to_cpu(bf[i].offset) == 0);
		if (i)
			XFS_VERIFY(be16_to_cpu(bf[i - 1].length) >= be16_to_cpu(bf[i].length));
	}
	return NULL;
}

/*
 * A free record at @offset, @left bytes before the end; *@seen collects the table slots that
 * matched.
 */
static xfs_failaddr_t unused_verify(const struct xfs_dir2_data_free *bf,
				    const struct xfs_dir2_data_unused *dup, unsigned int offset,
				    unsigned int left, unsigned int *seen)
{
	unsigned int length = be16_to_cpu(dup->length);

	XFS_VERIFY(length >= XFS_DIR2_DATA_ALIGN);
	XFS_VERIFY(XFS_IS_ALIGNED(length, XFS_DIR2_DATA_ALIGN));
	XFS_VERIFY(length <= left);
	XFS_VERIFY(be16_to_cpu(*xfs_dir2_data_unused_tag_p(dup)) == offset);
	for (unsigned int i = 0; i < XFS_DIR2_DATA_FD_COUNT; i++) {
		if (be16_to_cpu(bf[i].length) == 0 || be16_to_cpu(bf[i].offset) != offset)
			continue;
		XFS_VERIFY(be16_to_cpu(bf[i].length) == length);
		XFS_VERIFY(!(*seen & 1u << i));
		*seen |= 1u << i;
		return NULL;
	}
	XFS_VERIFY(length <= be16_to_cpu(bf[XFS_DIR2_DATA_FD_COUNT - 1].length));
	return NULL;
}

static xfs_failaddr_t entry_verify(const struct xfs_geometry *geo,
				   const struct xfs_dir2_data_entry *dep, unsigned int offset,
				   unsigned int left)
{
	XFS_VERIFY(left > sizeof(*dep));
	XFS_VERIFY(dep->namelen != 0);
	XFS_VERIFY(xfs_dir2_data_entsize(dep->namelen) <= left);
	XFS_VERIFY(be16_to_cpu(*xfs_dir2_data_entry_tag_p(dep)) == offset);
	XFS_VERIFY(xfs_dir_ino_possible(geo, be64_to_cpu(dep->inumber)));
	XFS_VERIFY(dep->name[dep->namelen] < XFS_DIR3_FT_MAX);
	return NULL;
}

/* True if the leaf array of a block-format directory has the entry at @offset. */
static bool entry_in_leaf(const struct xfs_geometry *geo, const struct xfs_dir2_data_entry *dep,
			  unsigned int offset, const struct xfs_dir2_leaf_entry *ents,
			  uint32_t count)
{
	xfs_dahash_t hash = xfs_dir2_hashname(geo, dep->name, dep->namelen);
	uint32_t address = offset >> XFS_DIR2_DATA_ALIGN_LOG;
	uint32_t i;

	for (i = leaf_lower_bound(ents, count, hash);
	     i < count && be32_to_cpu(ents[i].hashval) == hash; i++)
		if (be32_to_cpu(ents[i].address) == address)
			return true;
	return false;
}

/* Verify all records from the header to @end; @ents is the leaf array of block format, or NULL. */
static xfs_failaddr_t data_walk(const struct xfs_geometry *geo, const void *block,
				unsigned int end, const struct xfs_dir2_leaf_entry *ents,
				uint32_t count, uint32_t stale)
{
	const struct xfs_dir3_data_hdr *hdr = block;
	const struct xfs_dir2_data_free *bf = hdr->best_free;
	unsigned int offset = sizeof(*hdr), seen = 0;
	uint32_t entries = 0;
	bool last_free = false;

	XFS_VERIFY_CALL(bestfree_verify(bf));
	while (offset < end) {
		const struct xfs_dir2_data_unused *dup =
			(const void *)((const char *)block + offset);
		const struct xfs_dir2_data_entry *dep = (const void *)dup;

		XFS_VERIFY(end - offset >= XFS_DIR2_DATA_ALIGN);
		if (be16_to_cpu(dup->freetag) == XFS_DIR2_DATA_FREE_TAG) {
			XFS_VERIFY(!last_free);
			XFS_VERIFY_CALL(unused_verify(bf, dup, offset, end - offset, &seen));
			offset += be16_to_cpu(dup->length);
			last_free = true;
			continue;
		}
		XFS_VERIFY_CALL(entry_verify(geo, dep, offset, end - offset));
		if (ents)
			XFS_VERIFY(entry_in_leaf(geo, dep, offset, ents, count));
		entries++;
		offset += xfs_dir2_data_entsize(dep->namelen);
		last_free = false;
	}
	XFS_VERIFY(offset == end);
	for (unsigned int i = 0; i < XFS_DIR2_DATA_FD_COUNT; i++)
		XFS_VERIFY(((seen >> i & 1) != 0) == (be16_to_cpu(bf[i].length) != 0));
	if (ents)
		XFS_VERIFY(entries == count - stale);
	return NULL;
}

static xfs_failaddr_t data_hdr_verify(const struct xfs_geometry *geo, const void *block, size_t len,
				      xfs_daddr_t daddr, uint32_t magic)
{
	const struct xfs_dir3_data_hdr *hdr = block;

	XFS_VERIFY(len == geo->dirblksize);
	XFS_VERIFY(be32_to_cpu(hdr->magic) == magic);
	XFS_VERIFY(xfs_uuid_equal(&hdr->uuid, &geo->meta_uuid));
	XFS_VERIFY(be64_to_cpu(hdr->blkno) == (uint64_t)daddr);
	XFS_VERIFY(xfs_verify_ino(geo, be64_to_cpu(hdr->owner)));
	return NULL;
}

xfs_failaddr_t xfs_dir3_block_verify(const struct xfs_geometry *geo, const void *block, size_t len,
				     xfs_daddr_t daddr)
{
	const struct xfs_dir2_block_tail *btp;
	const struct xfs_dir2_leaf_entry *ents;
	uint32_t count, stale, max;

	XFS_VERIFY_CALL(data_hdr_verify(geo, block, len, daddr, XFS_DIR3_BLOCK_MAGIC));
	btp = xfs_dir2_block_tail_p(geo, block);
	count = be32_to_cpu(btp->count);
	stale = be32_to_cpu(btp->stale);
	max = (geo->dirblksize - (uint32_t)sizeof(*btp) -
	       (uint32_t)sizeof(struct xfs_dir3_data_hdr)) / (uint32_t)sizeof(*ents);
	XFS_VERIFY(count < max);
	XFS_VERIFY(stale <= count);
	ents = xfs_dir2_block_leaf_p(btp);
	XFS_VERIFY_CALL(leaf_order_verify(ents, count, stale));
	return data_walk(geo, block,
			 geo->dirblksize - (uint32_t)sizeof(*btp) - count * (uint32_t)sizeof(*ents),
			 ents, count, stale);
}

xfs_failaddr_t xfs_dir3_data_verify(const struct xfs_geometry *geo, const void *block, size_t len,
				    xfs_daddr_t daddr)
{
	XFS_VERIFY_CALL(data_hdr_verify(geo, block, len, daddr, XFS_DIR3_DATA_MAGIC));
	return data_walk(geo, block, geo->dirblksize, NULL, 0, 0);
}

xfs_failaddr_t xfs_dir3_data_any_verify(const struct xfs_geometry *geo, const void *block,
					size_t len, xfs_daddr_t daddr)
{
	XFS_VERIFY(len == geo->dirblksize);
	if (get_be32(block) == XFS_DIR3_BLOCK_MAGIC)
		return xfs_dir3_block_verify(geo, block, len, daddr);
	return xfs_dir3_data_verify(geo, block, len, daddr);
}

/* ----------------------------------------------------------------- leaves */

xfs_failaddr_t xfs_dir3_leaf1_verify(const struct xfs_geometry *geo, const void *block, size_t len,
				     xfs_daddr_t daddr)
{
	const struct xfs_dir3_leaf *leaf = block;
	uint32_t count, stale, bestcount, bests_start;

	XFS_VERIFY(len == geo->dirblksize);
	XFS_VERIFY_CALL(xfs_da3_blkinfo_verify(geo, &leaf->hdr.info, XFS_DIR3_LEAF1_MAGIC, daddr));
	XFS_VERIFY(be32_to_cpu(leaf->hdr.info.forw) == 0);
	XFS_VERIFY(be32_to_cpu(leaf->hdr.info.back) == 0);
	count = be16_to_cpu(leaf->hdr.count);
	stale = be16_to_cpu(leaf->hdr.stale);
	bestcount = be32_to_cpu(xfs_dir2_leaf_tail_p(geo, block)->bestcount);
	XFS_VERIFY(bestcount >= 1);
	XFS_VERIFY(bestcount <= geo->dir_free_max_bests - 2);
	bests_start = geo->dirblksize - (uint32_t)sizeof(struct xfs_dir2_leaf_tail) -
		      bestcount * (uint32_t)sizeof(be16_t);
	XFS_VERIFY(sizeof(*leaf) + count * sizeof(leaf->ents[0]) <= bests_start);
	XFS_VERIFY(stale <= count);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t address = be32_to_cpu(leaf->ents[i].address);

		XFS_VERIFY(address == XFS_DIR2_NULL_DATAPTR ||
			   xfs_dir2_dataptr_to_db(geo, address) < bestcount);
	}
	return leaf_order_verify(leaf->ents, count, stale);
}

xfs_failaddr_t xfs_dir3_leafn_verify(const struct xfs_geometry *geo, const void *block, size_t len,
				     xfs_daddr_t daddr)
{
	const struct xfs_dir3_leaf *leaf = block;
	uint32_t count, stale;

	XFS_VERIFY(len == geo->dirblksize);
	XFS_VERIFY_CALL(xfs_da3_blkinfo_verify(geo, &leaf->hdr.info, XFS_DIR3_LEAFN_MAGIC, daddr));
	count = be16_to_cpu(leaf->hdr.count);
	stale = be16_to_cpu(leaf->hdr.stale);
	/* A leaf has at least one entry, because its parent repeats its last hash. */
	XFS_VERIFY(count >= 1);
	XFS_VERIFY(count <= geo->dir_leaf_max_ents);
	XFS_VERIFY(stale <= count);
	return leaf_order_verify(leaf->ents, count, stale);
}

xfs_failaddr_t xfs_dir3_leaf_any_verify(const struct xfs_geometry *geo, const void *block,
					size_t len, xfs_daddr_t daddr)
{
	const struct xfs_da3_blkinfo *info = block;

	XFS_VERIFY(len == geo->dirblksize);
	switch (be16_to_cpu(info->magic)) {
	case XFS_DIR3_LEAF1_MAGIC:
		return xfs_dir3_leaf1_verify(geo, block, len, daddr);
	case XFS_DIR3_LEAFN_MAGIC:
		return xfs_dir3_leafn_verify(geo, block, len, daddr);
	default:
		return xfs_da3_node_verify(geo, block, len, daddr);
	}
}

xfs_failaddr_t xfs_da3_node_verify(const struct xfs_geometry *geo, const void *block, size_t len,
				   xfs_daddr_t daddr)
{
	const struct xfs_da3_intnode *node = block;
	uint32_t count, level;
	xfs_dahash_t last = 0;

	XFS_VERIFY(len == geo->dirblksize || len == geo->blocksize);
	XFS_VERIFY_CALL(xfs_da3_blkinfo_verify(geo, &node->hdr.info, XFS_DA3_NODE_MAGIC, daddr));
	count = be16_to_cpu(node->hdr.count);
	level = be16_to_cpu(node->hdr.level);
	XFS_VERIFY(level >= 1);
	XFS_VERIFY(level <= XFS_DA_NODE_MAXDEPTH);
	XFS_VERIFY(count >= 1);
	XFS_VERIFY(count <= (len - sizeof(*node)) / sizeof(node->btree[0]));
	for (uint32_t i = 0; i < count; i++) {
		xfs_dahash_t hash = be32_to_cpu(node->btree[i].hashval);

		XFS_VERIFY(hash >= last);
		last = hash;
	}
	return NULL;
}

/* ----------------------------------------------------------- free indexes */

xfs_failaddr_t xfs_dir3_free_verify(const struct xfs_geometry *geo, const void *block, size_t len,
				    xfs_daddr_t daddr)
{
	const struct xfs_dir3_free *free = block;
	uint32_t nvalid, nused, used = 0;

	XFS_VERIFY(len == geo->dirblksize);
	XFS_VERIFY(be32_to_cpu(free->hdr.magic) == XFS_DIR3_FREE_MAGIC);
	XFS_VERIFY(xfs_uuid_equal(&free->hdr.uuid, &geo->meta_uuid));
	XFS_VERIFY(be64_to_cpu(free->hdr.blkno) == (uint64_t)daddr);
	XFS_VERIFY(xfs_verify_ino(geo, be64_to_cpu(free->hdr.owner)));
	XFS_VERIFY(be32_to_cpu(free->hdr.firstdb) % geo->dir_free_max_bests == 0);
	nvalid = be32_to_cpu(free->hdr.nvalid);
	nused = be32_to_cpu(free->hdr.nused);
	XFS_VERIFY(nvalid <= geo->dir_free_max_bests);
	for (uint32_t i = 0; i < nvalid; i++)
		used += be16_to_cpu(free->bests[i]) != XFS_DIR2_NULL_DATAOFF;
	XFS_VERIFY(nused == used);
	return NULL;
}

xfs_failaddr_t xfs_dir3_free_check(const struct xfs_geometry *geo, const void *block,
				   xfs_ino_t owner, xfs_dablk_t dablk)
{
	const struct xfs_dir3_free_hdr *hdr = block;
	uint64_t index = dablk - geo->freeblk;

	XFS_VERIFY(dablk >= geo->freeblk);
	XFS_VERIFY(be64_to_cpu(hdr->owner) == owner);
	XFS_VERIFY(index % geo->dirblkfsbs == 0);
	XFS_VERIFY(be32_to_cpu(hdr->firstdb) ==
		   index / geo->dirblkfsbs * geo->dir_free_max_bests);
	return NULL;
}

xfs_failaddr_t xfs_da3_owner_check(const void *block, xfs_ino_t owner)
{
	const struct xfs_dir3_data_hdr *data = block;
	const struct xfs_da3_blkinfo *info = block;

	switch (be32_to_cpu(data->magic)) {
	case XFS_DIR3_BLOCK_MAGIC:
	case XFS_DIR3_DATA_MAGIC:
	case XFS_DIR3_FREE_MAGIC:
		XFS_VERIFY(be64_to_cpu(data->owner) == owner);
		return NULL;
	default:
		XFS_VERIFY(be64_to_cpu(info->owner) == owner);
		return NULL;
	}
}
