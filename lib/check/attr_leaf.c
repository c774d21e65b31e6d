/* SPDX-License-Identifier: MIT */
/*
 * Leaf blocks of attribute forks, and remote values.  A map of four-byte units of the name area
 * finds overlaps between records, entries and free regions.
 */
#include "base/crc32c.h"
#include "check/check_priv.h"
#include "disk/attr.h"

#define UNIT		XFS_ATTR_LEAF_NAME_ALIGN
/*
 * Bytes before a name.  A remote record has two bytes more than its fields: the original structure
 * was padded.
 */
#define LOCAL_HDR	((uint32_t)sizeof(struct xfs_attr_leaf_name_local))
#define REMOTE_HDR	((uint32_t)sizeof(struct xfs_attr_leaf_name_remote))
#define REMOTE_PAD	2u
#define SAME_HASH_MAX	64u	/* names compared within a run of equal hashes */

struct leaf_walk {
	struct xfs_check_attrwalk *aw;
	struct xfs_check *chk;
	struct xfs_check_place at;
	const uint8_t *buf;
	uint32_t bytes, count;
	uint8_t taken[XFS_MAX_BLOCKSIZE / UNIT / 8];
	uint32_t used_bytes, lowest;
};

#define BAD(...) xfs_check_report(lw->chk, lw->at, __VA_ARGS__)

/* Mark [@start, @start + @len); false if part of it was marked. */
static bool take(struct leaf_walk *lw, uint32_t start, uint32_t len)
{
	bool fresh = true;

	for (uint32_t u = start / UNIT; u < (start + len + UNIT - 1) / UNIT; u++) {
		fresh &= !(lw->taken[u / 8] >> u % 8 & 1);
		lw->taken[u / 8] = (uint8_t)(lw->taken[u / 8] | 1u << u % 8);
	}
	return fresh;
}

static const struct xfs_attr_leaf_entry *entry_at(const struct leaf_walk *lw, uint32_t i)
{
	const struct xfs_attr3_leafblock *leaf = (const void *)lw->buf;

	return &leaf->entries[i];
}

/* Read one block of a remote value and copy its payload to @value. */
static bool remote_block(struct leaf_walk *lw, uint64_t dablk, uint32_t offset, uint32_t want,
			 uint8_t *value)
{
	struct xfs_check *chk = lw->chk;
	struct xfs_check_place at = lw->at;
	const struct xfs_attr3_rmt_hdr *hdr = (const void *)chk->dir_buf;

	if (!xfs_check_da_read(chk, &chk->afork, dablk, 1, chk->dir_buf, &at))
		return false;
	if (be32_to_cpu(hdr->rm_magic) != XFS_ATTR3_RMT_MAGIC) {
		xfs_check_report(chk, at, "remote value: magic number 0x%08x",
				 be32_to_cpu(hdr->rm_magic));
		return false;
	}
	xfs_check_self(chk, at, &(struct xfs_check_self){
		"remote value: ", chk->dir_buf, chk->g.blocksize, XFS_ATTR3_RMT_CRC_OFF,
		hdr->rm_blkno, hdr->rm_owner, &hdr->rm_uuid, NULL,
	});
	if (be32_to_cpu(hdr->rm_offset) != offset || be32_to_cpu(hdr->rm_bytes) != want)
		xfs_check_report(chk, at, "remote value: piece (%u, %u bytes) instead of (%u, %u)",
				 be32_to_cpu(hdr->rm_offset), be32_to_cpu(hdr->rm_bytes), offset,
				 want);
	if (be64_to_cpu(hdr->rm_lsn) != ~0ull)
		xfs_check_report(chk, at,
				 "remote value: the LSN is set, though values are not logged");
	memcpy(value, hdr + 1, want);
	return true;
}

/* True if the whole value is in chk->value_buf. */
static bool remote_value(struct leaf_walk *lw, uint32_t valueblk, uint32_t valuelen)
{
	struct xfs_check *chk = lw->chk;
	uint32_t space = chk->g.blocksize - (uint32_t)sizeof(struct xfs_attr3_rmt_hdr);
	struct xfs_check_ext *run = xfs_check_push(chk, &lw->aw->remote, sizeof(*run));
	bool whole = true;

	if (!run)
		return false;
	*run = (struct xfs_check_ext){ .off = valueblk,
				       .len = (uint32_t)xfs_howmany64(valuelen, space) };
	for (uint32_t off = 0, i = 0; off < valuelen; off += space, i++)
		whole &= remote_block(lw, (uint64_t)valueblk + i, off,
				      XFS_MIN(space, valuelen - off), chk->value_buf + off);
	return whole;
}

static void check_hash(struct leaf_walk *lw, const struct xfs_attr_leaf_entry *ent,
		       const uint8_t *name, uint32_t namelen, const uint8_t *value,
		       uint32_t valuelen)
{
	uint32_t want = xfs_check_dahash(name, namelen);

	if (ent->flags & XFS_ATTR_PARENT) {
		const struct xfs_parent_rec *rec = (const void *)value;
		uint64_t parent;

		if (!rec || valuelen < sizeof(rec->p_ino))
			return;
		parent = be64_to_cpu(rec->p_ino);
		want = xfs_check_dirhash(lw->chk, name, namelen) ^ (uint32_t)(parent >> 32) ^
		       (uint32_t)parent;
	}
	if (be32_to_cpu(ent->hashval) != want)
		BAD("attribute \"%s\": the hash is 0x%x, not 0x%x", xfs_check_name(name, namelen).s,
		    be32_to_cpu(ent->hashval), want);
}

/* The name of an entry that lies within bounds; else NULL. */
static const uint8_t *name_of(const struct leaf_walk *lw, const struct xfs_attr_leaf_entry *ent,
			      uint32_t *len)
{
	uint32_t idx = be16_to_cpu(ent->nameidx);
	uint32_t hdr = ent->flags & XFS_ATTR_LOCAL ? LOCAL_HDR : REMOTE_HDR;

	if (idx + hdr > lw->bytes)
		return NULL;
	*len = lw->buf[idx + hdr - 1];
	return idx + hdr + *len <= lw->bytes ? lw->buf + idx + hdr : NULL;
}

static void check_twin(struct leaf_walk *lw, uint32_t i, const uint8_t *name, uint32_t namelen)
{
	const struct xfs_attr_leaf_entry *ent = entry_at(lw, i);

	if (ent->flags & XFS_ATTR_PARENT)
		return;		/* the parent distinguishes them; the sums find a duplicate */
	for (uint32_t j = i; j-- > 0 && i - j < SAME_HASH_MAX;) {
		const struct xfs_attr_leaf_entry *other = entry_at(lw, j);
		const uint8_t *oname;
		uint32_t olen;

		if (be32_to_cpu(other->hashval) != be32_to_cpu(ent->hashval))
			break;
		if ((other->flags ^ ent->flags) & XFS_ATTR_NSP_ONDISK_MASK ||
		    (other->flags | ent->flags) & XFS_ATTR_INCOMPLETE)
			continue;
		oname = name_of(lw, other, &olen);
		if (oname && olen == namelen && !memcmp(oname, name, namelen))
			BAD("attribute \"%s\" stands twice", xfs_check_name(name, namelen).s);
	}
}

static void check_entry(struct leaf_walk *lw, uint32_t i)
{
	const struct xfs_attr_leaf_entry *ent = entry_at(lw, i);
	uint32_t idx = be16_to_cpu(ent->nameidx), namelen, valuelen, size, valueblk = 0;
	bool local = ent->flags & XFS_ATTR_LOCAL, incomplete = ent->flags & XFS_ATTR_INCOMPLETE;
	const uint8_t *name, *value = NULL;

	if (ent->flags & ~XFS_ATTR_ONDISK_MASK)
		BAD("entry %u: unknown flags 0x%02x", i, ent->flags);
	if (incomplete && lw->chk->log_clean)
		BAD("entry %u: a change that was never completed", i);
	name = name_of(lw, ent, &namelen);
	if (!name || !namelen || idx % UNIT) {
		BAD("entry %u: no name at offset %u", i, idx);
		return;
	}
	if (local) {
		const struct xfs_attr_leaf_name_local *l = (const void *)(lw->buf + idx);

		valuelen = be16_to_cpu(l->valuelen);
		size = XFS_ALIGN(LOCAL_HDR + namelen + valuelen, UNIT);
		value = name + namelen;
	} else {
		const struct xfs_attr_leaf_name_remote *r = (const void *)(lw->buf + idx);

		valueblk = be32_to_cpu(r->valueblk);
		valuelen = be32_to_cpu(r->valuelen);
		size = XFS_ALIGN(REMOTE_HDR + REMOTE_PAD + namelen, UNIT);
	}
	if (size > lw->bytes - idx) {
		BAD("entry %u: a record of %u bytes at offset %u passes the end", i, size, idx);
		return;
	}
	if (!take(lw, idx, size))
		BAD("entry %u: its record at offset %u overlaps something", i, idx);
	lw->used_bytes += size;
	lw->lowest = XFS_MIN(lw->lowest, idx);
	if (!local && !(incomplete && !valueblk)) {
		if (!valueblk || !valuelen || valuelen > XFS_XATTR_SIZE_MAX)
			BAD("entry %u: a value of %u bytes in block %u", i, valuelen, valueblk);
		else if (remote_value(lw, valueblk, valuelen))
			value = lw->chk->value_buf;
	}
	check_hash(lw, ent, name, namelen, value, valuelen);
	check_twin(lw, i, name, namelen);
	if (!local && (ent->flags & XFS_ATTR_PARENT))
		BAD("entry %u: a parent pointer with a remote value", i);
	if (!incomplete)
		xfs_check_attr_entry(lw->aw, lw->at, ent->flags, name, namelen, value, valuelen);
}

/*
 * Free regions are hints, but must be true: they overlap nothing, including each other.  An unused
 * slot may keep a stale base, but the kernel refuses one that no region could have.
 */
static void check_freemap(struct leaf_walk *lw, const struct xfs_attr3_leaf_hdr *hdr)
{
	for (unsigned int i = 0; i < XFS_ATTR_LEAF_MAPSIZE; i++) {
		uint32_t base = be16_to_cpu(hdr->freemap[i].base);
		uint32_t size = be16_to_cpu(hdr->freemap[i].size);

		if (base % UNIT || base > lw->bytes) {
			BAD("freemap[%u] {%u, %u} begins outside the block or between units", i,
			    base, size);
			continue;
		}
		if (!size)
			continue;
		if (size % UNIT || base + size > lw->bytes || !take(lw, base, size))
			BAD("freemap[%u] {%u, %u} does not lie in free space", i, base, size);
	}
}

uint32_t xfs_check_attr_leaf(struct xfs_check_da *da, const uint8_t *buf, uint64_t dablk,
			     uint32_t *first, uint32_t *last)
{
	const struct xfs_attr3_leafblock *leaf = (const void *)buf;
	struct leaf_walk walk = {
		.aw = da->ctx, .chk = da->chk, .at = da->at, .buf = buf, .bytes = da->bytes,
		.count = be16_to_cpu(leaf->hdr.count), .lowest = da->bytes,
	}, *lw = &walk;
	uint32_t firstused = be16_to_cpu(leaf->hdr.firstused);
	uint32_t table = (uint32_t)(sizeof(*leaf) + lw->count * sizeof(leaf->entries[0]));

	if (!firstused && lw->bytes == XFS_MAX_BLOCKSIZE)
		firstused = XFS_MAX_BLOCKSIZE;
	if (table > firstused || firstused > lw->bytes ||
	    lw->count >= lw->bytes / sizeof(leaf->entries[0])) {
		BAD("%u entries, names from offset %u: impossible", lw->count, firstused);
		da->broken = true;
		return 0;
	}
	if (!lw->count && dablk)
		BAD("an empty leaf");
	take(lw, 0, table);
	for (uint32_t i = 0; i < lw->count && !lw->chk->stop; i++) {
		if (i && be32_to_cpu(entry_at(lw, i)->hashval) <
				 be32_to_cpu(entry_at(lw, i - 1)->hashval))
			BAD("entry %u: the hashes fall", i);
		check_entry(lw, i);
	}
	if (lw->chk->stop)
		return 0;
	if (lw->used_bytes != be16_to_cpu(leaf->hdr.usedbytes))
		BAD("usedbytes is %u, counted %u", be16_to_cpu(leaf->hdr.usedbytes),
		    lw->used_bytes);
	if (firstused > lw->lowest || (!leaf->hdr.holes && firstused != lw->lowest))
		BAD("firstused is %u, the lowest name stands at %u", firstused, lw->lowest);
	check_freemap(lw, &leaf->hdr);
	if (!lw->count)
		return 0;
	*first = be32_to_cpu(entry_at(lw, 0)->hashval);
	*last = be32_to_cpu(entry_at(lw, lw->count - 1)->hashval);
	return lw->count;
}
