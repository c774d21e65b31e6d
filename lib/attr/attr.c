/* SPDX-License-Identifier: MIT */
/* The attribute calls: determine the fork's form and call its functions. */
#include "attr/attr_priv.h"
#include "core/message.h"
#include "core/stats.h"

static void init_args(struct xfs_attr_args *args, struct xfs_trans *tp, struct xfs_inode *ip,
		      const struct xfs_attr_name *name, const void *value, uint32_t valuelen)
{
	*args = (struct xfs_attr_args){
		.tp = tp, .ip = ip, .geo = &ip->i_mount->m_geo, .name = name->name,
		.namelen = name->len, .ns = name->ns, .value = value, .valuelen = valuelen,
	};
}

/* Short form does not need the hash. */
static void hash_name(struct xfs_attr_args *args)
{
	args->hash = xfs_attr_hashval(args->geo, args->ns, args->name, args->namelen, args->value,
				      args->valuelen);
}

static int check_name(struct xfs_inode *ip, const struct xfs_attr_name *name)
{
	struct xfs_mount *mp = ip->i_mount;

	if (name->len == 0)
		return xfs_error(mp, -EINVAL, "the name of an attribute is empty");
	if (name->len > XFS_NAME_LEN_MAX)
		return xfs_error(mp, -ENAMETOOLONG,
				 "the name of an attribute has more than 255 bytes");
	if ((name->ns & ~XFS_ATTR_NSP_ONDISK_MASK) || !xfs_attr_check_namespace(name->ns))
		return xfs_error(mp, -EINVAL, "unknown attribute namespace 0x%x", name->ns);
	if ((name->ns & XFS_ATTR_PARENT) && !xfs_has_parent(&mp->m_geo))
		return xfs_error(mp, -EOPNOTSUPP, "the file system has no parent pointers");
	return 0;
}

int xfs_attr_fork_remove(struct xfs_trans *tp, struct xfs_inode *ip)
{
	ASSERT(ip->i_af.if_format == XFS_DINODE_FMT_EXTENTS && ip->i_af.if_nextents == 0);
	return xfs_bmap_set_forkoff(tp, ip, 0);
}

/* ---- looking ------------------------------------------------------------------------------ */

/*
 * Copy @len bytes from @from to a caller with room for *@valuelen; with @value NULL, only return
 * the length.
 */
static int give(const void *from, uint32_t len, void *value, uint32_t *valuelen)
{
	uint32_t room = *valuelen;

	*valuelen = len;
	if (!value)
		return 0;
	if (len > room)
		return -ERANGE;
	if (len)
		memcpy(value, from, len);
	return 0;
}

static int get_tree(struct xfs_attr_args *args, void *value, uint32_t *valuelen)
{
	struct xfs_attr_leaf_rec rec;
	struct xfs_da_state state;
	bool found;
	int error;

	xfs_da_state_init(&state, &xfs_attr_da_kind, NULL, args->ip);
	hash_name(args);
	error = xfs_attr_tree_find(args, &state, &found);
	if (!error && !found)
		error = -ENODATA;
	if (error)
		goto out;
	xfs_attr_leaf_get(xfs_da_leaf(&state)->bp, xfs_da_leaf(&state)->index, &rec);
	if (rec.flags & XFS_ATTR_LOCAL) {
		error = give(rec.value, rec.valuelen, value, valuelen);
	} else if (XFS_IS_CORRUPT(args->ip->i_mount, "attribute leaf", args->ip->i_ino,
				  rec.valuelen > XFS_XATTR_SIZE_MAX)) {
		error = -EUCLEAN;
	} else {
		uint32_t room = *valuelen;

		*valuelen = rec.valuelen;
		if (value && rec.valuelen > room)
			error = -ERANGE;
		else if (value)
			error = xfs_attr_rmt_get(args->ip, rec.valueblk, rec.valuelen, value);
	}
out:
	xfs_da_state_release(&state);
	return error;
}

int xfs_attr_get(struct xfs_inode *ip, const struct xfs_attr_name *name, void *value,
		 uint32_t *valuelen)
{
	struct xfs_attr_sf_entry *sfep;
	struct xfs_attr_args args;
	int error;

	xfs_stats_inc(ip->i_mount, XFS_COUNT_xs_attr_get);
	error = check_name(ip, name);
	if (error)
		return error;
	/*
	 * A lookup of a parent pointer needs its value as well as its name, so there is nothing to
	 * get.
	 */
	if (name->ns & XFS_ATTR_PARENT)
		return xfs_error(ip->i_mount, -EINVAL,
				 "parent pointers cannot be read one by one: list them");
	init_args(&args, NULL, ip, name, NULL, 0);
	switch (xfs_attr_form(ip)) {
	case XFS_ATTR_FORM_SF:
		sfep = xfs_attr_sf_find(&args);
		return sfep ? give(sfep->nameval + sfep->namelen, sfep->valuelen, value, valuelen)
			    : -ENODATA;
	case XFS_ATTR_FORM_TREE:
		error = xfs_iread_extents(ip, XFS_ATTR_FORK);
		return error ? error : get_tree(&args, value, valuelen);
	default:
		return -ENODATA;
	}
}

/* ---- setting ------------------------------------------------------------------------------ */

static int check_existence(const struct xfs_attr_args *args, bool found, uint32_t op_flags)
{
	struct xfs_mount *mp = args->ip->i_mount;

	if (found && (op_flags & XFS_ATTR_OP_CREATE))
		return xfs_error(mp, -EEXIST, "inode %" PRIu64 " has that attribute",
				 args->ip->i_ino);
	if (!found && (op_flags & XFS_ATTR_OP_REPLACE))
		return xfs_error(mp, -ENODATA, "inode %" PRIu64 " has no such attribute",
				 args->ip->i_ino);
	return 0;
}

/*
 * Check the extent counter for what adding may need: one extent for each level, or those of the
 * value.
 */
static int extend_count(struct xfs_attr_args *args)
{
	uint32_t rmt = xfs_attr_is_local(args) ? 0 : xfs_attr3_rmt_blocks(args->geo->blocksize,
									  args->valuelen);

	return xfs_iext_count_extend(args->tp, args->ip, XFS_ATTR_FORK,
				     XFS_DA_NODE_MAXDEPTH + XFS_MAX(rmt, 1u));
}

static int alloc_scratch(struct xfs_attr_args *args)
{
	args->scratch = xfs_malloc(args->ip->i_mount, args->geo->blocksize);
	return args->scratch ? 0 : xfs_error(args->ip->i_mount, -ENOMEM,
					     "out of memory for an attribute leaf");
}

static int set_tree(struct xfs_attr_args *args, uint32_t op_flags)
{
	struct xfs_da_state state;
	bool found;
	int error;

	hash_name(args);
	xfs_da_state_init(&state, &xfs_attr_da_kind, args->tp, args->ip);
	error = xfs_attr_tree_find(args, &state, &found);
	if (!error)
		error = check_existence(args, found, op_flags);
	/*
	 * A parent pointer consists of name and value: if it is found, there is nothing to change.
	 */
	if (!error && !(found && (args->ns & XFS_ATTR_PARENT))) {
		error = extend_count(args);
		if (!error)
			error = xfs_attr_tree_set(args, &state, found);
	}
	xfs_da_state_release(&state);
	return error;
}

/*
 * Where a new fork begins if its first attribute does not fit in short form.  The kernel computes
 * it as if the attribute did fit, with lengths truncated to the 8 bits of short form.  Another
 * start would give the data fork another size, and directories another form.
 */
static uint8_t first_forkoff(const struct xfs_attr_args *args)
{
	struct xfs_inode *ip = args->ip;
	uint8_t forkoff = xfs_bmap_forkoff_for(ip, (uint32_t)sizeof(struct xfs_attr_sf_hdr) +
					       xfs_attr_sf_entsize_byname(args->namelen & 0xff,
									  args->valuelen & 0xff));

	return forkoff ? forkoff : xfs_default_forkoff(ip->i_mount, ip->i_mode);
}

/*
 * The fork is absent, empty or in short form and cannot hold the attribute: make a tree of it
 * first.  An absent fork gets the attribute in short form after all if the data fork can make room.
 */
static int set_new_tree(struct xfs_attr_args *args, struct xfs_attr_sf_entry *old)
{
	bool put = false;
	int error;

	error = extend_count(args);
	if (!error && !xfs_inode_has_attr_fork(args->ip))
		error = xfs_attr_sf_begin(args, first_forkoff(args), &put);
	if (error || put)
		return error;
	error = xfs_attr_to_tree(args, old);
	return error ? error : set_tree(args, 0);
}

static int set_with_scratch(struct xfs_attr_args *args, bool tree, struct xfs_attr_sf_entry *old,
			    uint32_t op_flags)
{
	int error;

	error = alloc_scratch(args);
	if (error)
		return error;
	error = tree ? set_tree(args, op_flags) : set_new_tree(args, old);
	xfs_free(args->ip->i_mount, args->scratch);
	args->scratch = NULL;
	return error;
}

int xfs_attr_set(struct xfs_trans *tp, struct xfs_inode *ip, const struct xfs_attr_name *name,
		 const void *value, uint32_t valuelen, uint32_t op_flags)
{
	struct xfs_attr_sf_entry *old = NULL;
	struct xfs_attr_args args;
	enum xfs_attr_form form = xfs_attr_form(ip);
	int error;

	xfs_stats_inc(ip->i_mount, XFS_COUNT_xs_attr_set);
	error = check_name(ip, name);
	if (error)
		return error;
	xfs_iflags_clear(ip, XFS_IF_NO_CAPABILITY);
	if (valuelen > XFS_XATTR_SIZE_MAX)
		return xfs_error(ip->i_mount, -E2BIG,
				 "the value of an attribute has more than %u bytes",
				 XFS_XATTR_SIZE_MAX);
	if ((name->ns & XFS_ATTR_PARENT) && valuelen != sizeof(struct xfs_parent_rec))
		return xfs_error(ip->i_mount, -EINVAL, "the value is not a parent pointer");
	init_args(&args, tp, ip, name, value, valuelen);
	/* The border between the forks may move: read the extents of both. */
	error = xfs_iread_extents(ip, XFS_DATA_FORK);
	if (!error && form == XFS_ATTR_FORM_TREE)
		error = xfs_iread_extents(ip, XFS_ATTR_FORK);
	if (error)
		return error;
	if (form == XFS_ATTR_FORM_TREE)
		return set_with_scratch(&args, true, NULL, op_flags);
	if (form == XFS_ATTR_FORM_SF)
		old = xfs_attr_sf_find(&args);
	error = check_existence(&args, old != NULL, op_flags);
	if (error || (old && (name->ns & XFS_ATTR_PARENT)))
		return error;
	/* Put it into the inode if possible. */
	if (xfs_attr_fits_sf(args.namelen, args.valuelen)) {
		uint8_t forkoff = xfs_bmap_forkoff_for(ip, xfs_attr_sf_total(&args, old));

		if (forkoff)
			return xfs_attr_sf_put(&args, old, forkoff);
	}
	return set_with_scratch(&args, false, old, 0);
}

int xfs_attr_remove(struct xfs_trans *tp, struct xfs_inode *ip, const struct xfs_attr_name *name,
		    const void *value, uint32_t valuelen)
{
	struct xfs_attr_sf_entry *sfep;
	struct xfs_attr_args args;
	struct xfs_da_state state;
	bool found;
	int error;

	xfs_stats_inc(ip->i_mount, XFS_COUNT_xs_attr_remove);
	error = check_name(ip, name);
	if (error)
		return error;
	init_args(&args, tp, ip, name, value, valuelen);
	switch (xfs_attr_form(ip)) {
	case XFS_ATTR_FORM_SF:
		sfep = xfs_attr_sf_find(&args);
		return sfep ? xfs_attr_sf_remove(&args, sfep) : -ENODATA;
	case XFS_ATTR_FORM_TREE:
		break;
	default:
		return -ENODATA;
	}
	error = xfs_iread_extents(ip, XFS_DATA_FORK);
	if (!error)
		error = xfs_iread_extents(ip, XFS_ATTR_FORK);
	if (error)
		return error;
	hash_name(&args);
	error = alloc_scratch(&args);
	if (error)
		return error;
	xfs_da_state_init(&state, &xfs_attr_da_kind, tp, ip);
	error = xfs_attr_tree_find(&args, &state, &found);
	if (!error)
		error = found ? xfs_attr_tree_remove(&args, &state) : -ENODATA;
	xfs_da_state_release(&state);
	xfs_free(ip->i_mount, args.scratch);
	return error;
}

/* ---- worst cases ---------------------------------------------------------------------------- */

/*
 * The tree: every level splits once, and the leaf twice more if the new attribute is large.  The
 * value: in as many pieces as it has blocks.  The data fork: its inline contents may have to move
 * to a block.
 */
uint32_t xfs_attr_set_blocks(const struct xfs_mount *mp, uint32_t namelen, uint32_t valuelen)
{
	const struct xfs_geometry *geo = &mp->m_geo;
	uint32_t blocks = xfs_da_alloc_blocks(mp, XFS_ATTR_FORK, XFS_DA_ADD_MAXBLOCKS + 3, 1);

	if (!xfs_attr_leaf_is_local(geo->blocksize, namelen, valuelen)) {
		uint32_t rmt = xfs_attr3_rmt_blocks(geo->blocksize, valuelen);

		blocks += rmt + rmt / geo->bmap_mnr[0] + xfs_bmap_add_blocks(mp, XFS_ATTR_FORK);
	}
	return blocks + xfs_da_alloc_blocks(mp, XFS_DATA_FORK, 1, XFS_MAX(geo->dirblkfsbs, 2u));
}

/* Only the extent tree takes blocks, when unmapping splits an extent. */
uint32_t xfs_attr_remove_blocks(const struct xfs_mount *mp)
{
	return (XFS_DA_NODE_MAXDEPTH + 2) * xfs_bmap_add_blocks(mp, XFS_ATTR_FORK);
}
