/* SPDX-License-Identifier: MIT */
/*
 * Parent pointers: for every name of an inode except "." and "..", an attribute of that name whose
 * value identifies the directory.  It changes in the same transaction as the directory.
 */
#include "attr/attr_priv.h"
#include "core/message.h"

static void make_rec(struct xfs_parent_rec *rec, const struct xfs_inode *dp)
{
	rec->p_ino = cpu_to_be64(dp->i_ino);
	rec->p_gen = cpu_to_be32(dp->i_gen);
}

static struct xfs_attr_name attr_name(const struct xfs_name *name)
{
	return (struct xfs_attr_name){
		.name = name->name, .len = name->len, .ns = XFS_ATTR_PARENT,
	};
}

static inline uint32_t first_bytes(const struct xfs_name *name)
{
	return (uint32_t)sizeof(struct xfs_attr_sf_hdr) +
	       xfs_attr_sf_entsize_byname(name->len, sizeof(struct xfs_parent_rec));
}

/*
 * Add the first parent pointer to the empty fork of a new inode, which nearly always has room for
 * it.
 */
static int add_first(struct xfs_trans *tp, struct xfs_inode *dp, const struct xfs_name *name,
		     struct xfs_inode *child)
{
	uint8_t buf[sizeof(struct xfs_attr_sf_hdr) + sizeof(struct xfs_attr_sf_entry) +
		    XFS_ATTR_SF_ENTSIZE_MAX + sizeof(struct xfs_parent_rec)];
	struct xfs_attr_sf_hdr *hdr = (struct xfs_attr_sf_hdr *)buf;
	uint32_t bytes = first_bytes(name);
	struct xfs_attr_sf_entry *sfep;

	hdr->totsize = cpu_to_be16((uint16_t)bytes);
	hdr->count = 1;
	hdr->padding = 0;
	sfep = xfs_attr_sf_firstentry(hdr);
	sfep->namelen = (uint8_t)name->len;
	sfep->valuelen = sizeof(struct xfs_parent_rec);
	sfep->flags = XFS_ATTR_PARENT;
	memcpy(sfep->nameval, name->name, name->len);
	make_rec((struct xfs_parent_rec *)(sfep->nameval + name->len), dp);
	return xfs_attr_sf_install(tp, child, buf, bytes);
}

int xfs_parent_add(struct xfs_trans *tp, struct xfs_inode *dp, const struct xfs_name *name,
		   struct xfs_inode *child)
{
	struct xfs_attr_name an = attr_name(name);
	struct xfs_parent_rec rec;

	if (!xfs_has_parent(&child->i_mount->m_geo))
		return 0;
	if (xfs_attr_form(child) == XFS_ATTR_FORM_EMPTY && name->len <= XFS_ATTR_SF_ENTSIZE_MAX &&
	    first_bytes(name) <= xfs_inode_attr_fork_size(child))
		return add_first(tp, dp, name, child);
	make_rec(&rec, dp);
	return xfs_attr_set(tp, child, &an, &rec, sizeof(rec), XFS_ATTR_OP_CREATE);
}

int xfs_parent_remove(struct xfs_trans *tp, struct xfs_inode *dp, const struct xfs_name *name,
		      struct xfs_inode *child)
{
	struct xfs_attr_name an = attr_name(name);
	struct xfs_parent_rec rec;
	int error;

	if (!xfs_has_parent(&child->i_mount->m_geo))
		return 0;
	make_rec(&rec, dp);
	error = xfs_attr_remove(tp, child, &an, &rec, sizeof(rec));
	/* The directory has the name, so the pointer must exist. */
	if (error == -ENODATA)
		return xfs_corrupt(child->i_mount, "parent pointer",
				   "inode %" PRIu64 " has none for \"%.*s\" in %" PRIu64,
				   child->i_ino, (int)name->len, (const char *)name->name,
				   dp->i_ino);
	return error;
}

int xfs_parent_replace(struct xfs_trans *tp, struct xfs_inode *src_dp,
		       const struct xfs_name *src_name, struct xfs_inode *dst_dp,
		       const struct xfs_name *dst_name, struct xfs_inode *child)
{
	int error;

	error = xfs_parent_remove(tp, src_dp, src_name, child);
	return error ? error : xfs_parent_add(tp, dst_dp, dst_name, child);
}

int xfs_parent_prepare(struct xfs_inode *dp, const struct xfs_name *name, struct xfs_inode *child)
{
	struct xfs_parent_rec rec;
	struct xfs_attr_args args = {
		.ip = child, .geo = &child->i_mount->m_geo, .name = name->name,
		.namelen = name->len, .ns = XFS_ATTR_PARENT, .value = &rec,
		.valuelen = sizeof(rec),
	};
	struct xfs_da_state state;
	bool found;
	int error;

	if (!xfs_has_parent(args.geo))
		return 0;
	error = xfs_iread_extents(child, XFS_DATA_FORK);
	if (error || xfs_attr_form(child) != XFS_ATTR_FORM_TREE)
		return error;
	error = xfs_iread_extents(child, XFS_ATTR_FORK);
	if (error)
		return error;
	make_rec(&rec, dp);
	args.hash = xfs_attr_hashval(args.geo, args.ns, args.name, args.namelen, &rec, sizeof(rec));
	xfs_da_state_init(&state, &xfs_attr_da_kind, NULL, child);
	error = xfs_attr_tree_find(&args, &state, &found);
	if (!error && !found &&
	    !xfs_attr_leaf_has_room(&args, xfs_da_leaf(&state)->bp, xfs_attr_rec_size(&args)))
		error = xfs_da_split_prepare(&state);
	if (!error && found && xfs_attr_leaf_count(xfs_da_leaf(&state)->bp) == 1)
		error = xfs_da_join_prepare(&state);
	xfs_da_state_release(&state);
	return error;
}

uint32_t xfs_parent_blocks(const struct xfs_mount *mp, uint32_t namelen)
{
	return xfs_has_parent(&mp->m_geo)
		       ? xfs_attr_set_blocks(mp, namelen, sizeof(struct xfs_parent_rec)) : 0;
}

/*
 * A new inode's forks have the default border.  A special file has more room than this assumes; a
 * symbolic link's target may keep the border from moving.
 */
uint32_t xfs_parent_new_blocks(const struct xfs_mount *mp, uint32_t namelen)
{
	const struct xfs_name name = { .len = namelen };

	if (!xfs_has_parent(&mp->m_geo))
		return 0;
	if (first_bytes(&name) <= mp->m_geo.litino - mp->m_geo.attroffset)
		return 0;
	return xfs_attr_set_blocks(mp, namelen, sizeof(struct xfs_parent_rec));
}
