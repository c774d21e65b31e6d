/* SPDX-License-Identifier: MIT */
/* Attribute blocks, remote values and remote symlinks. */
#include "disk/disk_priv.h"
#include "disk/symlink.h"

xfs_failaddr_t xfs_attr_sf_verify(const struct xfs_geometry *geo, const void *sf, size_t size)
{
	const struct xfs_attr_sf_hdr *hdr = sf;
	const char *p, *end;
	unsigned int totsize;

	(void)geo;
	XFS_VERIFY(size >= sizeof(*hdr));
	totsize = be16_to_cpu(hdr->totsize);
	XFS_VERIFY(totsize >= sizeof(*hdr));
	XFS_VERIFY(totsize <= size);
	end = (const char *)sf + totsize;
	p = (const char *)xfs_attr_sf_firstentry(hdr);
	for (unsigned int i = 0; i < hdr->count; i++) {
		const struct xfs_attr_sf_entry *sfep = (const void *)p;

		XFS_VERIFY((size_t)(end - p) > sizeof(*sfep));
		XFS_VERIFY(sfep->namelen != 0);
		XFS_VERIFY((size_t)(end - p) >= xfs_attr_sf_entsize(sfep));
		XFS_VERIFY(!(sfep->flags & ~XFS_ATTR_NSP_ONDISK_MASK));
		XFS_VERIFY(xfs_attr_check_namespace(sfep->flags));
		p = (const char *)xfs_attr_sf_nextentry(sfep);
	}
	XFS_VERIFY(p == end);
	return NULL;
}

/* One entry: its record lies in [firstused, blocksize).  Sets *@bytes to its size. */
static xfs_failaddr_t leaf_entry_verify(const struct xfs_geometry *geo, const void *block,
					const struct xfs_attr_leaf_entry *ent, uint32_t firstused,
					uint32_t *bytes)
{
	uint32_t nameidx = be16_to_cpu(ent->nameidx);
	uint32_t left = geo->blocksize - nameidx;

	XFS_VERIFY(!(ent->flags & ~XFS_ATTR_ONDISK_MASK));
	XFS_VERIFY(xfs_attr_check_namespace(ent->flags));
	XFS_VERIFY(nameidx >= firstused);
	XFS_VERIFY(nameidx < geo->blocksize);
	XFS_VERIFY(XFS_IS_ALIGNED(nameidx, XFS_ATTR_LEAF_NAME_ALIGN));
	if (ent->flags & XFS_ATTR_LOCAL) {
		const struct xfs_attr_leaf_name_local *local =
			xfs_attr3_leaf_name_local(block, ent);

		XFS_VERIFY(left > sizeof(*local));
		XFS_VERIFY(local->namelen != 0);
		*bytes = xfs_attr_leaf_entsize_local(local->namelen, be16_to_cpu(local->valuelen));
	} else {
		const struct xfs_attr_leaf_name_remote *remote =
			xfs_attr3_leaf_name_remote(block, ent);

		XFS_VERIFY(left > sizeof(*remote));
		XFS_VERIFY(remote->namelen != 0);
		XFS_VERIFY(be32_to_cpu(remote->valueblk) != 0 ||
			   (ent->flags & XFS_ATTR_INCOMPLETE));
		*bytes = xfs_attr_leaf_entsize_remote(remote->namelen);
	}
	XFS_VERIFY(*bytes <= left);
	return NULL;
}

/*
 * The regions of the free map lie within the block, after the entry array, and do not overlap.  An
 * unused slot may keep a stale base, but not an impossible one.
 */
static xfs_failaddr_t freemap_verify(const struct xfs_geometry *geo,
				     const struct xfs_attr3_leaf_hdr *hdr, uint32_t array_end)
{
	for (unsigned int i = 0; i < XFS_ATTR_LEAF_MAPSIZE; i++) {
		uint32_t base = be16_to_cpu(hdr->freemap[i].base);
		uint32_t size = be16_to_cpu(hdr->freemap[i].size);

		XFS_VERIFY(base <= geo->blocksize);
		XFS_VERIFY(XFS_IS_ALIGNED(base, XFS_ATTR_LEAF_NAME_ALIGN));
		if (!size)
			continue;
		XFS_VERIFY(XFS_IS_ALIGNED(size, XFS_ATTR_LEAF_NAME_ALIGN));
		XFS_VERIFY(base >= array_end);
		XFS_VERIFY(base + size <= geo->blocksize);
		for (unsigned int k = 0; k < i; k++) {
			uint32_t base2 = be16_to_cpu(hdr->freemap[k].base);
			uint32_t size2 = be16_to_cpu(hdr->freemap[k].size);

			XFS_VERIFY(!size2 || base >= base2 + size2 || base2 >= base + size);
		}
	}
	return NULL;
}

xfs_failaddr_t xfs_attr3_leaf_verify(const struct xfs_geometry *geo, const void *block, size_t len,
				     xfs_daddr_t daddr)
{
	const struct xfs_attr3_leafblock *leaf = block;
	uint32_t count, firstused, array_end, used = 0;
	xfs_dahash_t last = 0;

	XFS_VERIFY(len == geo->blocksize);
	XFS_VERIFY_CALL(xfs_da3_blkinfo_verify(geo, &leaf->hdr.info, XFS_ATTR3_LEAF_MAGIC, daddr));
	count = be16_to_cpu(leaf->hdr.count);
	XFS_VERIFY(count < geo->blocksize / sizeof(leaf->entries[0]));
	array_end = (uint32_t)(sizeof(*leaf) + count * sizeof(leaf->entries[0]));
	firstused = xfs_attr3_leaf_firstused(geo, &leaf->hdr);
	XFS_VERIFY(firstused >= array_end);
	XFS_VERIFY(firstused <= geo->blocksize);
	for (uint32_t i = 0; i < count; i++) {
		xfs_dahash_t hash = be32_to_cpu(leaf->entries[i].hashval);
		uint32_t bytes;

		XFS_VERIFY(hash >= last);
		last = hash;
		XFS_VERIFY_CALL(leaf_entry_verify(geo, block, &leaf->entries[i], firstused,
						  &bytes));
		used += bytes;
	}
	XFS_VERIFY(used == be16_to_cpu(leaf->hdr.usedbytes));
	return freemap_verify(geo, &leaf->hdr, array_end);
}

xfs_failaddr_t xfs_attr3_any_verify(const struct xfs_geometry *geo, const void *block, size_t len,
				    xfs_daddr_t daddr)
{
	const struct xfs_da3_blkinfo *info = block;

	XFS_VERIFY(len == geo->blocksize);
	if (be16_to_cpu(info->magic) == XFS_ATTR3_LEAF_MAGIC)
		return xfs_attr3_leaf_verify(geo, block, len, daddr);
	return xfs_da3_node_verify(geo, block, len, daddr);
}

/* ---------------------------------------------------------- remote values */

static xfs_failaddr_t rmt_block_verify(const struct xfs_geometry *geo,
				       const struct xfs_attr3_rmt_hdr *rmt, xfs_daddr_t daddr)
{
	uint32_t offset = be32_to_cpu(rmt->rm_offset);
	uint32_t bytes = be32_to_cpu(rmt->rm_bytes);

	XFS_VERIFY(be32_to_cpu(rmt->rm_magic) == XFS_ATTR3_RMT_MAGIC);
	XFS_VERIFY(xfs_uuid_equal(&rmt->rm_uuid, &geo->meta_uuid));
	XFS_VERIFY(be64_to_cpu(rmt->rm_blkno) == (uint64_t)daddr);
	XFS_VERIFY(xfs_verify_ino(geo, be64_to_cpu(rmt->rm_owner)));
	/* Never logged, so it has no LSN. */
	XFS_VERIFY(be64_to_cpu(rmt->rm_lsn) == (uint64_t)-1);
	XFS_VERIFY(bytes <= geo->attr_rmt_space);
	XFS_VERIFY(offset < XFS_XATTR_SIZE_MAX);
	XFS_VERIFY(offset + bytes <= XFS_XATTR_SIZE_MAX);
	return NULL;
}

xfs_failaddr_t xfs_attr3_rmt_verify(const struct xfs_geometry *geo, const void *block, size_t len,
				    xfs_daddr_t daddr)
{
	XFS_VERIFY(len != 0 && len % geo->blocksize == 0);
	for (size_t off = 0; off < len; off += geo->blocksize)
		XFS_VERIFY_CALL(rmt_block_verify(
			geo, (const void *)((const char *)block + off),
			daddr + (xfs_daddr_t)(off >> XFS_BB_SHIFT)));
	return NULL;
}

xfs_failaddr_t xfs_attr3_rmt_check(const struct xfs_geometry *geo, const void *block,
				   xfs_ino_t ino, uint32_t offset, uint32_t valuelen)
{
	const struct xfs_attr3_rmt_hdr *rmt = block;

	XFS_VERIFY(offset < valuelen);
	XFS_VERIFY(be64_to_cpu(rmt->rm_owner) == ino);
	XFS_VERIFY(be32_to_cpu(rmt->rm_offset) == offset);
	XFS_VERIFY(be32_to_cpu(rmt->rm_bytes) == XFS_MIN(geo->attr_rmt_space, valuelen - offset));
	return NULL;
}

/* --------------------------------------------------------------- symlinks */

xfs_failaddr_t xfs_symlink_verify(const struct xfs_geometry *geo, const void *block, size_t len,
				  xfs_daddr_t daddr)
{
	const struct xfs_dsymlink_hdr *sl = block;
	uint32_t offset, bytes;

	XFS_VERIFY(len != 0 && len % geo->blocksize == 0);
	XFS_VERIFY(be32_to_cpu(sl->sl_magic) == XFS_SYMLINK_MAGIC);
	XFS_VERIFY(xfs_uuid_equal(&sl->sl_uuid, &geo->meta_uuid));
	XFS_VERIFY(be64_to_cpu(sl->sl_blkno) == (uint64_t)daddr);
	XFS_VERIFY(xfs_verify_ino(geo, be64_to_cpu(sl->sl_owner)));
	offset = be32_to_cpu(sl->sl_offset);
	bytes = be32_to_cpu(sl->sl_bytes);
	XFS_VERIFY(offset < XFS_SYMLINK_MAXLEN);
	XFS_VERIFY(bytes < XFS_SYMLINK_MAXLEN);
	XFS_VERIFY(offset + bytes < XFS_SYMLINK_MAXLEN);
	XFS_VERIFY(bytes <= len - sizeof(*sl));
	return NULL;
}

xfs_failaddr_t xfs_symlink_check(const void *block, size_t len, xfs_ino_t ino, uint32_t offset,
				 uint32_t size)
{
	const struct xfs_dsymlink_hdr *sl = block;

	XFS_VERIFY(offset < size);
	XFS_VERIFY(be64_to_cpu(sl->sl_owner) == ino);
	XFS_VERIFY(be32_to_cpu(sl->sl_offset) == offset);
	XFS_VERIFY(be32_to_cpu(sl->sl_bytes) ==
		   XFS_MIN(len - sizeof(*sl), (size_t)(size - offset)));
	return NULL;
}
