/* SPDX-License-Identifier: MIT */
/*
 * One leaf block: a header, entries sorted by hash that grow upwards, and records that grow
 * downwards from the end.
 *
 * (ATTR-1) usedbytes is the sum of all records.  So whether a record fits after compacting is a sum
 *     and needs no search: header + entries + usedbytes + the new ones <= block.
 * (ATTR-2) The three regions of the freemap are free, do not overlap, and none starts below the end
 *     of the entries; an unused one is {0, 0}. If some free bytes are in no region, holes is set.
 * (ATTR-3) firstused is the offset of the lowest record, or less if holes is set.
 */
#include "attr/attr_priv.h"
#include "disk/verify.h"

#define HDR	((uint32_t)sizeof(struct xfs_attr3_leaf_hdr))
#define ENT	((uint32_t)sizeof(struct xfs_attr_leaf_entry))

const struct xfs_buf_ops xfs_attr3_leaf_buf_ops = {
	.name = "attribute leaf",
	.blft = XFS_BLFT_ATTR_LEAF,
	.has_crc = true,
	.crc_off = XFS_DA3_CRC_OFF,
	.lsn_off = XFS_DA3_LSN_OFF,
	.verify = xfs_attr3_leaf_verify,
};

/* ---- fields ------------------------------------------------------------------------------ */

static inline uint32_t hdr_count(const struct xfs_attr3_leafblock *leaf)
{
	return be16_to_cpu(leaf->hdr.count);
}

static inline uint32_t hdr_used(const struct xfs_attr3_leafblock *leaf)
{
	return be16_to_cpu(leaf->hdr.usedbytes);
}

static inline void set_firstused(struct xfs_attr3_leafblock *leaf, uint32_t firstused)
{
	leaf->hdr.firstused = cpu_to_be16((uint16_t)firstused);	/* 65536 is stored as 0 */
}

static inline uint32_t map_base(const struct xfs_attr3_leafblock *leaf, unsigned int i)
{
	return be16_to_cpu(leaf->hdr.freemap[i].base);
}

static inline uint32_t map_size(const struct xfs_attr3_leafblock *leaf, unsigned int i)
{
	return be16_to_cpu(leaf->hdr.freemap[i].size);
}

static inline void map_set(struct xfs_attr3_leafblock *leaf, unsigned int i, uint32_t base,
			   uint32_t size)
{
	leaf->hdr.freemap[i].base = cpu_to_be16((uint16_t)(size ? base : 0));
	leaf->hdr.freemap[i].size = cpu_to_be16((uint16_t)size);
}

static inline uint32_t table_end(const struct xfs_attr3_leafblock *leaf)
{
	return HDR + hdr_count(leaf) * ENT;
}

static uint32_t rec_size(const struct xfs_attr3_leafblock *leaf,
			 const struct xfs_attr_leaf_entry *ent)
{
	if (ent->flags & XFS_ATTR_LOCAL) {
		const struct xfs_attr_leaf_name_local *rec = xfs_attr3_leaf_name_local(leaf, ent);

		return xfs_attr_leaf_entsize_local(rec->namelen, be16_to_cpu(rec->valuelen));
	}
	return xfs_attr_leaf_entsize_remote(xfs_attr3_leaf_name_remote(leaf, ent)->namelen);
}

void xfs_attr_leaf_get(const struct xfs_buf *bp, uint32_t index, struct xfs_attr_leaf_rec *out)
{
	const struct xfs_attr3_leafblock *leaf = bp->b_addr;
	const struct xfs_attr_leaf_entry *ent = &leaf->entries[index];

	*out = (struct xfs_attr_leaf_rec){ .flags = ent->flags, .size = rec_size(leaf, ent) };
	if (ent->flags & XFS_ATTR_LOCAL) {
		const struct xfs_attr_leaf_name_local *rec = xfs_attr3_leaf_name_local(leaf, ent);

		out->name = rec->nameval;
		out->namelen = rec->namelen;
		out->value = rec->nameval + rec->namelen;
		out->valuelen = be16_to_cpu(rec->valuelen);
	} else {
		const struct xfs_attr_leaf_name_remote *rec = xfs_attr3_leaf_name_remote(leaf, ent);

		out->name = rec->name;
		out->namelen = rec->namelen;
		out->valueblk = be32_to_cpu(rec->valueblk);
		out->valuelen = be32_to_cpu(rec->valuelen);
	}
}

static void log_range(struct xfs_trans *tp, struct xfs_buf *bp, uint32_t off, uint32_t len)
{
	if (len)
		xfs_trans_log_buf(tp, bp, off, off + len - 1);
}

/* Log the header and entries [@first, @end). */
static void log_table(struct xfs_trans *tp, struct xfs_buf *bp, uint32_t first, uint32_t end)
{
	log_range(tp, bp, 0, HDR);
	log_range(tp, bp, HDR + first * ENT, (end - first) * ENT);
}

/* Remove all entries; the tree's header stays. */
static void clear(struct xfs_attr3_leafblock *leaf, uint32_t blocksize)
{
	memset((char *)leaf + sizeof(leaf->hdr.info), 0, blocksize - sizeof(leaf->hdr.info));
	set_firstused(leaf, blocksize);
	map_set(leaf, 0, HDR, blocksize - HDR);
}

void xfs_attr_leaf_init(struct xfs_attr_args *args, struct xfs_buf *bp)
{
	xfs_da_init_info(args->ip, bp, XFS_ATTR3_LEAF_MAGIC);
	clear(bp->b_addr, args->geo->blocksize);
	xfs_trans_log_buf_all(args->tp, bp);
}

uint32_t xfs_attr_leaf_search(const struct xfs_buf *bp, xfs_dahash_t hash)
{
	const struct xfs_attr3_leafblock *leaf = bp->b_addr;
	uint32_t low = 0, high = hdr_count(leaf);

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (be32_to_cpu(leaf->entries[mid].hashval) < hash)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

bool xfs_attr_leaf_has_room(const struct xfs_attr_args *args, const struct xfs_buf *bp,
			    uint32_t size)
{
	const struct xfs_attr3_leafblock *leaf = bp->b_addr;

	return table_end(leaf) + hdr_used(leaf) + ENT + size <= args->geo->blocksize;
}

/* ---- rebuilding -------------------------------------------------------------------------- */

/* Append entries [@first, @end) of @from, and pack their records downwards. */
static void append(struct xfs_attr3_leafblock *to, const struct xfs_geometry *geo,
		   const struct xfs_attr3_leafblock *from, uint32_t first, uint32_t end)
{
	uint32_t count = hdr_count(to), used = hdr_used(to);
	uint32_t firstused = xfs_attr3_leaf_firstused(geo, &to->hdr);

	for (uint32_t i = first; i < end; i++) {
		uint32_t size = rec_size(from, &from->entries[i]);

		firstused -= size;
		memcpy((char *)to + firstused,
		       (const char *)from + be16_to_cpu(from->entries[i].nameidx), size);
		to->entries[count] = from->entries[i];
		to->entries[count++].nameidx = cpu_to_be16((uint16_t)firstused);
		used += size;
	}
	to->hdr.count = cpu_to_be16((uint16_t)count);
	to->hdr.usedbytes = cpu_to_be16((uint16_t)used);
	set_firstused(to, firstused);
	map_set(to, 0, table_end(to), firstused - table_end(to));
}

/* Replace @bp's contents by all of @first and then all of @second (NULL: nothing), packed. */
static void rebuild(struct xfs_attr_args *args, struct xfs_buf *bp,
		    const struct xfs_attr3_leafblock *first,
		    const struct xfs_attr3_leafblock *second)
{
	struct xfs_attr3_leafblock *to = args->scratch;

	memcpy(&to->hdr.info, bp->b_addr, sizeof(to->hdr.info));
	clear(to, args->geo->blocksize);
	append(to, args->geo, first, 0, hdr_count(first));
	if (second)
		append(to, args->geo, second, 0, hdr_count(second));
	memcpy(bp->b_addr, to, args->geo->blocksize);
	xfs_trans_log_buf_all(args->tp, bp);
}

/* ---- adding ------------------------------------------------------------------------------ */

#define NO_REGION	XFS_ATTR_LEAF_MAPSIZE

/* A free region that holds the record, and the new entry if the region follows the entries. */
static unsigned int pick_region(const struct xfs_attr3_leafblock *leaf,
				const struct xfs_geometry *geo, uint32_t size)
{
	uint32_t firstused = xfs_attr3_leaf_firstused(geo, &leaf->hdr);

	if (table_end(leaf) + ENT > firstused)
		return NO_REGION;
	for (unsigned int i = XFS_ATTR_LEAF_MAPSIZE; i-- > 0;) {
		uint32_t need = size + (map_base(leaf, i) < firstused ? ENT : 0);

		if (map_size(leaf, i) && map_size(leaf, i) >= need)
			return i;
	}
	return NO_REGION;
}

static void write_rec(struct xfs_attr_args *args, struct xfs_attr3_leafblock *leaf,
		      struct xfs_attr_leaf_entry *ent, uint32_t size)
{
	memset((char *)leaf + be16_to_cpu(ent->nameidx), 0, size);
	if (xfs_attr_is_local(args)) {
		struct xfs_attr_leaf_name_local *rec = xfs_attr3_leaf_name_local(leaf, ent);

		rec->valuelen = cpu_to_be16((uint16_t)args->valuelen);
		rec->namelen = (uint8_t)args->namelen;
		memcpy(rec->nameval, args->name, args->namelen);
		if (args->valuelen)
			memcpy(rec->nameval + args->namelen, args->value, args->valuelen);
	} else {
		struct xfs_attr_leaf_name_remote *rec = xfs_attr3_leaf_name_remote(leaf, ent);

		rec->valueblk = cpu_to_be32(args->valueblk);
		rec->valuelen = cpu_to_be32(args->valuelen);
		rec->namelen = (uint8_t)args->namelen;
		memcpy(rec->name, args->name, args->namelen);
	}
}

void xfs_attr_leaf_add(struct xfs_attr_args *args, struct xfs_buf *bp, uint32_t index)
{
	struct xfs_attr3_leafblock *leaf = bp->b_addr;
	uint32_t size = xfs_attr_rec_size(args), count, off, end;
	struct xfs_attr_leaf_entry *ent;
	unsigned int region;

	ASSERT(xfs_attr_leaf_has_room(args, bp, size));
	region = pick_region(leaf, args->geo, size);
	if (region == NO_REGION) {
		rebuild(args, bp, leaf, NULL);
		region = pick_region(leaf, args->geo, size);
		ASSERT(region != NO_REGION);
	}
	off = map_base(leaf, region) + map_size(leaf, region) - size;
	map_set(leaf, region, map_base(leaf, region), map_size(leaf, region) - size);

	count = hdr_count(leaf);
	ent = &leaf->entries[index];
	memmove(ent + 1, ent, (count - index) * ENT);
	ent->hashval = cpu_to_be32(args->hash);
	ent->nameidx = cpu_to_be16((uint16_t)off);
	ent->flags = args->ns | (xfs_attr_is_local(args) ? XFS_ATTR_LOCAL : 0);
	ent->pad2 = 0;
	write_rec(args, leaf, ent, size);

	leaf->hdr.count = cpu_to_be16((uint16_t)(count + 1));
	be16_add_cpu(&leaf->hdr.usedbytes, (int)size);
	if (off < xfs_attr3_leaf_firstused(args->geo, &leaf->hdr))
		set_firstused(leaf, off);
	/* The entries have grown into the region behind them. */
	end = table_end(leaf);
	for (unsigned int i = 0; i < XFS_ATTR_LEAF_MAPSIZE; i++) {
		uint32_t base = map_base(leaf, i), len = map_size(leaf, i);

		if (len && base < end)
			map_set(leaf, i, end, len - XFS_MIN(len, end - base));
	}
	log_table(args->tp, bp, index, count + 1);
	log_range(args->tp, bp, off, size);
}

void xfs_attr_leaf_overwrite(struct xfs_attr_args *args, struct xfs_buf *bp, uint32_t index)
{
	struct xfs_attr3_leafblock *leaf = bp->b_addr;
	struct xfs_attr_leaf_name_local *rec =
		xfs_attr3_leaf_name_local(leaf, &leaf->entries[index]);
	uint8_t *value = rec->nameval + rec->namelen;

	if (!args->valuelen)
		return;
	memcpy(value, args->value, args->valuelen);
	log_range(args->tp, bp, (uint32_t)(value - (uint8_t *)leaf), args->valuelen);
}

/* ---- removing ---------------------------------------------------------------------------- */

/*
 * Add [@off, +@size) to the freemap: merge it with regions that touch it, else replace the smallest
 * region.
 */
static void give_region(struct xfs_attr3_leafblock *leaf, uint32_t off, uint32_t size)
{
	unsigned int slot = 0;

	for (unsigned int i = 0; i < XFS_ATTR_LEAF_MAPSIZE; i++) {
		uint32_t base = map_base(leaf, i), len = map_size(leaf, i);

		if (len && (base + len == off || off + size == base)) {
			off = XFS_MIN(off, base);
			size += len;
			map_set(leaf, i, 0, 0);
		}
	}
	for (unsigned int i = 1; i < XFS_ATTR_LEAF_MAPSIZE; i++) {
		if (map_size(leaf, i) < map_size(leaf, slot))
			slot = i;
	}
	if (map_size(leaf, slot) < size) {
		if (map_size(leaf, slot))
			leaf->hdr.holes = 1;
		map_set(leaf, slot, off, size);
	} else {
		leaf->hdr.holes = 1;
	}
}

static uint32_t lowest_rec(const struct xfs_attr3_leafblock *leaf, uint32_t blocksize)
{
	uint32_t lowest = blocksize, count = hdr_count(leaf);

	for (uint32_t i = 0; i < count; i++)
		lowest = XFS_MIN(lowest, (uint32_t)be16_to_cpu(leaf->entries[i].nameidx));
	return lowest;
}

void xfs_attr_leaf_remove(struct xfs_attr_args *args, struct xfs_buf *bp, uint32_t index)
{
	struct xfs_attr3_leafblock *leaf = bp->b_addr;
	struct xfs_attr_leaf_entry *ent = &leaf->entries[index];
	uint32_t off = be16_to_cpu(ent->nameidx), size = rec_size(leaf, ent);
	uint32_t count = hdr_count(leaf), old_end = table_end(leaf);

	memset((char *)leaf + off, 0, size);
	memmove(ent, ent + 1, (count - index - 1) * ENT);
	memset(&leaf->entries[count - 1], 0, ENT);
	leaf->hdr.count = cpu_to_be16((uint16_t)(count - 1));
	be16_add_cpu(&leaf->hdr.usedbytes, -(int)size);
	/*
	 * The entries end lower: extend the region behind them.  The record's bytes become free,
	 * too.
	 */
	for (unsigned int i = 0; i < XFS_ATTR_LEAF_MAPSIZE; i++) {
		if (map_size(leaf, i) && map_base(leaf, i) == old_end)
			map_set(leaf, i, old_end - ENT, map_size(leaf, i) + ENT);
	}
	give_region(leaf, off, size);
	if (off == xfs_attr3_leaf_firstused(args->geo, &leaf->hdr))
		set_firstused(leaf, lowest_rec(leaf, args->geo->blocksize));
	else
		leaf->hdr.holes = 1;
	log_table(args->tp, bp, index, count);
	log_range(args->tp, bp, off, size);
}

/* ---- struct xfs_da_kind -------------------------------------------------------------------- */

static xfs_dahash_t last_hash(const void *block)
{
	const struct xfs_attr3_leafblock *leaf = block;
	uint32_t count = hdr_count(leaf);

	return count ? be32_to_cpu(leaf->entries[count - 1].hashval) : 0;
}

/*
 * Number of entries that stay on the left, so that both blocks come closest to half of the bytes,
 * counting the new attribute at @index.
 */
static uint32_t split_point(const struct xfs_attr3_leafblock *leaf, uint32_t index,
			    uint32_t new_size, bool *go_right)
{
	uint32_t count = hdr_count(leaf), sum = 0, keep = 0;
	uint32_t half = (hdr_used(leaf) + new_size + (count + 1) * ENT) / 2;
	bool placed = false;

	for (;;) {
		bool is_new = keep == index && !placed;
		uint32_t cost = ENT + (is_new ? new_size : rec_size(leaf, &leaf->entries[keep]));

		if (sum + cost > half && sum + cost - half > half - XFS_MIN(sum, half))
			break;
		sum += cost;
		if (is_new)
			placed = true;
		else
			keep++;
		if (sum >= half)
			break;
	}
	*go_right = !placed;
	return keep;
}

static bool split(struct xfs_da_state *state, struct xfs_buf *left, struct xfs_buf *right)
{
	const struct xfs_attr_args *args = state->arg;
	struct xfs_attr3_leafblock *from = left->b_addr, *to = right->b_addr;
	uint32_t index = xfs_da_leaf(state)->index, count = hdr_count(from), moved = 0;
	uint32_t old_end = table_end(from);
	bool go_right, found = false;
	uint32_t keep = split_point(from, index, xfs_attr_rec_size(args), &go_right);

	clear(to, args->geo->blocksize);
	append(to, args->geo, from, keep, count);
	xfs_trans_log_buf_all(state->tp, right);

	/* The moved records leave holes, which compacting reclaims when it needs them. */
	for (uint32_t i = keep; i < count; i++) {
		uint32_t size = rec_size(from, &from->entries[i]);

		memset((char *)from + be16_to_cpu(from->entries[i].nameidx), 0, size);
		moved += size;
	}
	memset(&from->entries[keep], 0, (count - keep) * ENT);
	from->hdr.count = cpu_to_be16((uint16_t)keep);
	be16_add_cpu(&from->hdr.usedbytes, -(int)moved);
	from->hdr.holes = 1;
	for (unsigned int i = 0; i < XFS_ATTR_LEAF_MAPSIZE && !found; i++) {
		found = map_size(from, i) && map_base(from, i) == old_end;
		if (found)
			map_set(from, i, table_end(from),
				map_size(from, i) + (old_end - table_end(from)));
	}
	xfs_trans_log_buf_all(state->tp, left);
	return go_right;
}

static bool is_empty(const void *leaf)
{
	return hdr_count(leaf) == 0;
}

static bool is_sparse(const struct xfs_geometry *geo, const void *leaf)
{
	return table_end(leaf) + hdr_used(leaf) <= geo->blocksize / 2;
}

static bool fits(const struct xfs_geometry *geo, const void *a, const void *b)
{
	return table_end(a) + hdr_used(a) + table_end(b) - HDR + hdr_used(b) <=
	       geo->blocksize - geo->blocksize / 4;
}

static void merge(struct xfs_da_state *state, struct xfs_buf *dst, struct xfs_buf *src,
		  bool src_first)
{
	/* The scratch memory of the operation's arguments is used. */
	struct xfs_attr_args args = *(const struct xfs_attr_args *)state->arg;

	rebuild(&args, dst, src_first ? src->b_addr : dst->b_addr,
		src_first ? dst->b_addr : src->b_addr);
}

static const struct xfs_buf_ops *select_root(const void *block, size_t len)
{
	(void)len;
	return xfs_da_select_root(&xfs_attr_da_kind, block);
}

static const struct xfs_buf_ops root_ops = {
	.name = "attribute root",
	.has_crc = true,
	.crc_off = XFS_DA3_CRC_OFF,
	.lsn_off = XFS_DA3_LSN_OFF,
	.select = select_root,
};

const struct xfs_da_kind xfs_attr_da_kind = {
	.name = "attribute fork",
	.whichfork = XFS_ATTR_FORK,
	.leaf_magic = XFS_ATTR3_LEAF_MAGIC,
	.root_ops = &root_ops,
	.leaf_ops = &xfs_attr3_leaf_buf_ops,
	.leaf_last_hash = last_hash,
	.leaf_split = split,
	.leaf_is_empty = is_empty,
	.leaf_is_sparse = is_sparse,
	.leaf_fits = fits,
	.leaf_merge = merge,
};
