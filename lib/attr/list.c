/* SPDX-License-Identifier: MIT */
/* Listing attributes: in the order of the form they have. */
#include "attr/attr_priv.h"
#include "core/message.h"

struct lister {
	bool (*emit)(void *arg, const struct xfs_attr_name *name, const void *value,
		     uint32_t valuelen);
	void *arg;
};

static bool list_sf(const struct lister *l, const struct xfs_inode *ip)
{
	const struct xfs_attr_sf_hdr *hdr = ip->i_af.if_data;
	const struct xfs_attr_sf_entry *sfep = xfs_attr_sf_firstentry(hdr);

	for (unsigned int i = 0; i < hdr->count; i++, sfep = xfs_attr_sf_nextentry(sfep)) {
		struct xfs_attr_name name = {
			.name = sfep->nameval, .len = sfep->namelen,
			.ns = sfep->flags & XFS_ATTR_NSP_ONDISK_MASK,
		};

		if (!l->emit(l->arg, &name, sfep->nameval + sfep->namelen, sfep->valuelen))
			return false;
	}
	return true;
}

static bool list_leaf(const struct lister *l, const struct xfs_buf *bp)
{
	uint32_t count = xfs_attr_leaf_count(bp);

	for (uint32_t i = 0; i < count; i++) {
		struct xfs_attr_leaf_rec rec;
		struct xfs_attr_name name;

		xfs_attr_leaf_get(bp, i, &rec);
		if (rec.flags & XFS_ATTR_INCOMPLETE)
			continue;
		name = (struct xfs_attr_name){
			.name = rec.name, .len = rec.namelen,
			.ns = rec.flags & XFS_ATTR_NSP_ONDISK_MASK,
		};
		if (!l->emit(l->arg, &name, rec.flags & XFS_ATTR_LOCAL ? rec.value : NULL,
			     rec.valuelen))
			return false;
	}
	return true;
}

int xfs_attr_list(struct xfs_inode *ip,
		  bool (*emit)(void *arg, const struct xfs_attr_name *name, const void *value,
			       uint32_t valuelen),
		  void *arg)
{
	struct lister l = { .emit = emit, .arg = arg };
	struct xfs_da_state state;
	bool more = true;
	int error;

	switch (xfs_attr_form(ip)) {
	case XFS_ATTR_FORM_SF:
		list_sf(&l, ip);
		return 0;
	case XFS_ATTR_FORM_TREE:
		break;
	default:
		return 0;
	}
	error = xfs_iread_extents(ip, XFS_ATTR_FORK);
	if (error)
		return error;
	xfs_da_state_init(&state, &xfs_attr_da_kind, NULL, ip);
	error = xfs_da_lookup(&state, 0);
	while (!error && more && list_leaf(&l, xfs_da_leaf(&state)->bp))
		error = xfs_da_next_leaf(&state, &more);
	xfs_da_state_release(&state);
	return error;
}
