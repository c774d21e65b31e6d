/* SPDX-License-Identifier: MIT */
/* Listing attributes, in the order in which their form stores them. */
#include "attr/attr_priv.h"
#include "core/message.h"
#include "core/stats.h"

struct lister {
	struct xfs_inode *ip;
	bool (*emit)(void *arg, const struct xfs_attr_name *name, const void *value,
		     uint32_t valuelen);
	void *arg;
};

/* 0: go on; 1: the caller has enough; or -EUCLEAN. */
static int give(const struct lister *l, const struct xfs_attr_name *name, const void *value,
		uint32_t valuelen)
{
	if (!xfs_attr_namecheck(name->ns, name->name, name->len))
		return xfs_corrupt(l->ip->i_mount, "attribute",
				   "inode %" PRIu64 ": a name of %u bytes is not valid",
				   l->ip->i_ino, name->len);
	return l->emit(l->arg, name, value, valuelen) ? 0 : 1;
}

static int list_sf(const struct lister *l)
{
	const struct xfs_attr_sf_hdr *hdr = l->ip->i_af.if_data;
	const struct xfs_attr_sf_entry *sfep = xfs_attr_sf_firstentry(hdr);

	for (unsigned int i = 0; i < hdr->count; i++, sfep = xfs_attr_sf_nextentry(sfep)) {
		struct xfs_attr_name name = {
			.name = sfep->nameval, .len = sfep->namelen,
			.ns = sfep->flags & XFS_ATTR_NSP_ONDISK_MASK,
		};

		int result = give(l, &name, sfep->nameval + sfep->namelen, sfep->valuelen);

		if (result)
			return result;
	}
	return 0;
}

static int list_leaf(const struct lister *l, const struct xfs_buf *bp)
{
	uint32_t count = xfs_attr_leaf_count(bp);

	for (uint32_t i = 0; i < count; i++) {
		struct xfs_attr_leaf_rec rec;
		struct xfs_attr_name name;
		int result;

		xfs_attr_leaf_get(bp, i, &rec);
		if (rec.flags & XFS_ATTR_INCOMPLETE)
			continue;
		name = (struct xfs_attr_name){
			.name = rec.name, .len = rec.namelen,
			.ns = rec.flags & XFS_ATTR_NSP_ONDISK_MASK,
		};
		result = give(l, &name, rec.flags & XFS_ATTR_LOCAL ? rec.value : NULL,
			      rec.valuelen);
		if (result)
			return result;
	}
	return 0;
}

int xfs_attr_list(struct xfs_inode *ip,
		  bool (*emit)(void *arg, const struct xfs_attr_name *name, const void *value,
			       uint32_t valuelen),
		  void *arg)
{
	struct lister l = { .ip = ip, .emit = emit, .arg = arg };
	struct xfs_da_state state;
	bool more = true;
	int error;

	xfs_stats_inc(ip->i_mount, XFS_COUNT_xs_attr_list);
	switch (xfs_attr_form(ip)) {
	case XFS_ATTR_FORM_SF:
		error = list_sf(&l);
		return error < 0 ? error : 0;
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
	while (!error && more) {
		error = list_leaf(&l, xfs_da_leaf(&state)->bp);
		if (!error)
			error = xfs_da_next_leaf(&state, &more);
	}
	xfs_da_state_release(&state);
	return error < 0 ? error : 0;
}
