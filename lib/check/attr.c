/* SPDX-License-Identifier: MIT */
/*
 * Attributes of an inode in all forms.  Parent pointers are not looked up in the directories that
 * they name: each adds a number to its inode, and the directory entry subtracts it again, so that
 * equal sets cancel out.
 */
#include "base/crc32c.h"
#include "check/check_priv.h"
#include "disk/attr.h"

static void check_parent(struct xfs_check_attrwalk *aw, struct xfs_check_place at,
			 const uint8_t *name, uint32_t namelen, const uint8_t *value,
			 uint32_t valuelen)
{
	struct xfs_check *chk = aw->chk;
	const struct xfs_parent_rec *rec = (const void *)value;
	struct xfs_check_chunk_info *info;
	uint32_t i;

	at.structure = "parent";
	if (!chk->g.parent) {
		xfs_check_report(chk, at, "a parent pointer without the feature PARENT");
		return;
	}
	if (valuelen != sizeof(*rec) || !rec) {
		xfs_check_report(chk, at, "\"%s\": a value of %u bytes",
				 xfs_check_name(name, namelen).s, valuelen);
		return;
	}
	if (!xfs_check_ino_valid(&chk->g, be64_to_cpu(rec->p_ino)))
		xfs_check_report(chk, at, "\"%s\": %" PRIu64 " is not an inode number",
				 xfs_check_name(name, namelen).s, be64_to_cpu(rec->p_ino));
	info = xfs_check_info(chk, aw->ip->ino, &i);
	if (info)
		info->parents[i] -= xfs_check_parent_sum(be64_to_cpu(rec->p_ino),
							 be32_to_cpu(rec->p_gen), name, namelen);
}

/*
 * Names are passed to callers as C strings; those of parent pointers are names of directory
 * entries.
 */
static void check_name(struct xfs_check_attrwalk *aw, struct xfs_check_place at, bool parent,
		       const uint8_t *name, uint32_t namelen)
{
	bool dots = (namelen == 1 || namelen == 2) && !memcmp(name, "..", namelen);

	if (parent)
		at.structure = "parent";
	if (memchr(name, 0, namelen) || (parent && (dots || memchr(name, '/', namelen))))
		xfs_check_report(aw->chk, at, "the name \"%s\" is not allowed",
				 xfs_check_name(name, namelen).s);
}

void xfs_check_attr_entry(struct xfs_check_attrwalk *aw, struct xfs_check_place at, uint8_t flags,
			  const uint8_t *name, uint32_t namelen, const uint8_t *value,
			  uint32_t valuelen)
{
	uint8_t nsp = flags & XFS_ATTR_NSP_ONDISK_MASK;

	if (nsp & (nsp - 1))
		xfs_check_report(aw->chk, at, "attribute \"%s\": more than one name space (0x%02x)",
				 xfs_check_name(name, namelen).s, flags);
	check_name(aw, at, nsp == XFS_ATTR_PARENT, name, namelen);
	if (nsp == XFS_ATTR_PARENT)
		check_parent(aw, at, name, namelen, value, valuelen);
	if (nsp != XFS_ATTR_ROOT || !value)
		return;
	if (namelen == SGI_ACL_FILE_SIZE && !memcmp(name, SGI_ACL_FILE, namelen))
		xfs_check_acl(aw->chk, aw->ip, false, value, valuelen);
	if (namelen == SGI_ACL_DEFAULT_SIZE && !memcmp(name, SGI_ACL_DEFAULT, namelen))
		xfs_check_acl(aw->chk, aw->ip, true, value, valuelen);
}

static ptrdiff_t sf_size(const struct xfs_attr_sf_entry *e)
{
	return (ptrdiff_t)sizeof(*e) + e->namelen + e->valuelen;
}

/* True for the same attribute; parent pointers of one name differ by their values. */
static bool same_sf(const struct xfs_attr_sf_entry *a, const struct xfs_attr_sf_entry *b)
{
	return a->namelen == b->namelen && a->flags == b->flags &&
	       !memcmp(a->nameval, b->nameval, a->namelen) &&
	       (!(a->flags & XFS_ATTR_PARENT) ||
		(a->valuelen == b->valuelen &&
		 !memcmp(a->nameval + a->namelen, b->nameval + b->namelen, a->valuelen)));
}

static void check_sf(struct xfs_check_attrwalk *aw)
{
	struct xfs_check *chk = aw->chk;
	const struct xfs_check_inode *ip = aw->ip;
	struct xfs_check_place at = xfs_check_at("attr", -1, XFS_CHECK_NOBLOCK, ip->ino);
	const struct xfs_attr_sf_hdr *hdr = (const void *)ip->afork;
	const uint8_t *p = (const uint8_t *)(hdr + 1), *end;
	uint32_t total = be16_to_cpu(hdr->totsize);

	if (total < sizeof(*hdr) || total > ip->asize) {
		xfs_check_report(chk, at, "totsize is %u in a fork of %u bytes", total, ip->asize);
		return;
	}
	end = ip->afork + total;
	for (uint32_t n = 0; n < hdr->count && !chk->stop; n++) {
		const struct xfs_attr_sf_entry *e = (const void *)p;

		if (end - p < (ptrdiff_t)sizeof(*e) || !e->namelen || sf_size(e) > end - p) {
			xfs_check_report(chk, at, "attribute %u of %u does not fit", n, hdr->count);
			return;
		}
		if (e->flags & ~XFS_ATTR_NSP_ONDISK_MASK)
			xfs_check_report(chk, at, "attribute \"%s\": flags 0x%02x in short form",
					 xfs_check_name(e->nameval, e->namelen).s, e->flags);
		for (const uint8_t *q = (const uint8_t *)(hdr + 1); q < p;
		     q += sf_size((const void *)q)) {
			if (same_sf((const void *)q, e))
				xfs_check_report(chk, at, "attribute \"%s\" stands twice",
						 xfs_check_name(e->nameval, e->namelen).s);
		}
		xfs_check_attr_entry(aw, at, e->flags, e->nameval, e->namelen,
				     e->nameval + e->namelen, e->valuelen);
		p += sf_size(e);
	}
	if (p != end)
		xfs_check_report(chk, at, "totsize is %u, but the attributes end at %zu", total,
				 (size_t)(p - ip->afork));
}

XFS_CHECK_DEFINE_SORT(sort_ext, struct xfs_check_ext, a->off < b->off)

/* Every mapped block belongs to the tree or holds a value, and none does both. */
static void check_usage(struct xfs_check_attrwalk *aw, struct xfs_check_da *da)
{
	struct xfs_check *chk = aw->chk;
	struct xfs_check_place at = xfs_check_at("attr", -1, XFS_CHECK_NOBLOCK, aw->ip->ino);
	const struct xfs_check_ext *ext = chk->afork.v;
	struct xfs_check_ext *rem = aw->remote.v;
	uint64_t mapped = 0;

	for (size_t i = 0; i < chk->afork.n; i++)
		mapped += ext[i].len;
	sort_ext(rem, aw->remote.n);
	for (size_t i = 0; i < aw->remote.n && !chk->stop; i++) {
		if (i && rem[i].off < rem[i - 1].off + rem[i - 1].len)
			xfs_check_report(chk, at, "two values share block %" PRIu64 " of the fork",
					 rem[i].off);
		for (uint32_t k = 0; k < rem[i].len; k++) {
			if (!xfs_check_set_add(chk, &da->seen, rem[i].off + k) && !chk->error)
				xfs_check_report(chk, at,
						 "block %" PRIu64 " of the fork has two uses",
						 rem[i].off + k);
		}
	}
	if (da->seen.n != mapped && !chk->stop)
		xfs_check_report(chk, at, "%" PRIu64 " blocks are mapped, but %zu are in use",
				 mapped, da->seen.n);
}

void xfs_check_attr(struct xfs_check *chk, struct xfs_check_inode *ip)
{
	struct xfs_check_attrwalk aw = { .chk = chk, .ip = ip };
	struct xfs_check_da da = {
		.chk = chk, .ip = ip, .structure = "attr", .ext = &chk->afork,
		.bytes = chk->g.blocksize, .fsb = 1, .root = 0,
		.leaf_magic = XFS_ATTR3_LEAF_MAGIC, .leaf = xfs_check_attr_leaf, .ctx = &aw,
	};

	if (ip->aformat == XFS_DINODE_FMT_LOCAL) {
		if (ip->asize >= sizeof(struct xfs_attr_sf_hdr))
			check_sf(&aw);
		return;
	}
	if (!chk->afork.n)
		return;
	xfs_check_da_walk(&da);
	if (!da.broken)
		check_usage(&aw, &da);
	xfs_check_set_free(chk, &da.seen);
	xfs_check_vec_free(chk, &aw.remote);
}
