/* SPDX-License-Identifier: MIT */
/* ATTRI intents of a recovered log, checked and carried out. */
#include "attr/intent.h"
#include "attr/attr_priv.h"
#include "core/message.h"

static int impossible(struct xfs_mount *mp, const struct xlog_intent *intent, const char *what)
{
	return xfs_corrupt(mp, "log", "ATTRI %#" PRIx64 " at %u:%u: %s", intent->xi_id,
			   CYCLE_LSN(intent->xi_lsn), BLOCK_LSN(intent->xi_lsn), what);
}

static bool is_pptr(uint32_t op)
{
	return op >= XFS_ATTRI_OP_PPTR_SET && op <= XFS_ATTRI_OP_PPTR_REPLACE;
}

/* Region @i if it has at least @len bytes, else NULL. */
static const void *region(const struct xlog_intent *intent, uint32_t i, uint32_t len)
{
	if (i >= intent->xi_nregions || intent->xi_regions[i].len < len)
		return NULL;
	return intent->xi_regions[i].data;
}

static bool name_is_good(const struct xfs_attr_name *name)
{
	return name->name && xfs_attr_namecheck(name->ns, name->name, name->len);
}

static bool parent_is_good(const struct xfs_geometry *geo, const void *value)
{
	const struct xfs_parent_rec *rec = value;

	/*
	 * With METADIR an internal inode can be a parent: the root of the metadata directory tree.
	 */
	return value && (xfs_has_metadir(geo) ? xfs_verify_ino(geo, be64_to_cpu(rec->p_ino))
					      : xfs_verify_dir_ino(geo, be64_to_cpu(rec->p_ino)));
}

/* Assign the regions, whose order depends on the operation. */
static void take_regions(const struct xlog_intent *intent, const struct xfs_attri_log_format *fmt,
			 struct xfs_attr_intent *attr)
{
	uint8_t ns = (uint8_t)(fmt->alfi_attr_filter &
			       (XFS_ATTR_ROOT | XFS_ATTR_SECURE | XFS_ATTR_PARENT));

	attr->name.ns = attr->new_name.ns = ns;
	attr->valuelen = fmt->alfi_value_len;
	if (attr->op == XFS_ATTRI_OP_PPTR_REPLACE) {
		attr->name.len = fmt->alfi_old_name_len;
		attr->new_name.len = fmt->alfi_new_name_len;
		attr->name.name = region(intent, 1, attr->name.len);
		attr->new_name.name = region(intent, 2, attr->new_name.len);
		attr->value = region(intent, 3, attr->valuelen);
		attr->new_value = region(intent, 4, attr->valuelen);
		return;
	}
	attr->name.len = fmt->alfi_name_len;
	attr->name.name = region(intent, 1, attr->name.len);
	if (attr->valuelen)
		attr->value = region(intent, 2, attr->valuelen);
}

int xfs_attri_check(struct xfs_mount *mp, const struct xlog_intent *intent,
		    struct xfs_attr_intent *attr)
{
	struct xfs_attri_log_format fmt;

	memset(attr, 0, sizeof(*attr));
	memcpy(&fmt, intent->xi_regions[0].data, sizeof(fmt));
	attr->ino = fmt.alfi_ino;
	attr->op = fmt.alfi_op_flags;
	if (attr->op < XFS_ATTRI_OP_SET || attr->op > XFS_ATTRI_OP_PPTR_REPLACE)
		return impossible(mp, intent, "an unknown operation");
	if (!xfs_verify_ino(&mp->m_geo, attr->ino))
		return impossible(mp, intent, "an impossible inode");
	if ((fmt.alfi_attr_filter & ~XFS_ATTRI_FILTER_MASK) ||
	    !xfs_attr_check_namespace(fmt.alfi_attr_filter & XFS_ATTR_NSP_ONDISK_MASK))
		return impossible(mp, intent, "an impossible name space");
	attr->check_gen = is_pptr(attr->op);
	attr->gen = fmt.alfi_igen;
	take_regions(intent, &fmt, attr);
	if (!name_is_good(&attr->name) ||
	    (attr->op == XFS_ATTRI_OP_PPTR_REPLACE && !name_is_good(&attr->new_name)))
		return impossible(mp, intent, "an impossible name");
	if (is_pptr(attr->op)) {
		if (!xfs_has_parent(&mp->m_geo) || !(attr->name.ns & XFS_ATTR_PARENT) ||
		    attr->valuelen != XFS_ATTRI_PPTR_VALUE_LEN ||
		    !parent_is_good(&mp->m_geo, attr->value) ||
		    (attr->op == XFS_ATTRI_OP_PPTR_REPLACE &&
		     !parent_is_good(&mp->m_geo, attr->new_value)))
			return impossible(mp, intent, "an impossible parent pointer");
		return 0;
	}
	if ((attr->name.ns & XFS_ATTR_PARENT) || attr->valuelen > XFS_ATTR_VALUE_MAX ||
	    (attr->valuelen && (!attr->value || attr->op == XFS_ATTRI_OP_REMOVE)))
		return impossible(mp, intent, "an impossible value");
	return 0;
}

int xfs_attri_check_inode(const struct xfs_attr_intent *attr, struct xfs_inode *ip)
{
	if (attr->check_gen && attr->gen != ip->i_gen)
		return xfs_corrupt(ip->i_mount, "log", "an attribute of inode %" PRIu64
				   ", generation %#x; it has %#x", ip->i_ino, attr->gen, ip->i_gen);
	return 0;
}

uint32_t xfs_attri_blocks(const struct xfs_mount *mp, const struct xfs_attr_intent *attr)
{
	uint32_t namelen = XFS_MAX(attr->name.len, attr->new_name.len);

	return xfs_attr_remove_blocks(mp) + xfs_attr_set_blocks(mp, namelen, attr->valuelen);
}

/* The attribute may be absent if it was removed before the crash. */
static int remove_if_there(struct xfs_trans *tp, struct xfs_inode *ip,
			   const struct xfs_attr_name *name, const void *value, uint32_t valuelen)
{
	int error = xfs_attr_remove(tp, ip, name, value, valuelen);

	return error == -ENODATA ? 0 : error;
}

int xfs_attri_finish(struct xfs_trans *tp, struct xfs_inode *ip, const struct xfs_attr_intent *attr)
{
	uint32_t blocks = xfs_attri_blocks(ip->i_mount, attr);
	int error;

	error = xfs_trans_ensure_blocks(tp, blocks);
	if (error)
		return error;
	switch (attr->op) {
	case XFS_ATTRI_OP_REMOVE:
		return remove_if_there(tp, ip, &attr->name, NULL, 0);
	case XFS_ATTRI_OP_PPTR_REMOVE:
		return remove_if_there(tp, ip, &attr->name, attr->value, attr->valuelen);
	case XFS_ATTRI_OP_PPTR_REPLACE:
		error = remove_if_there(tp, ip, &attr->name, attr->value, attr->valuelen);
		if (error)
			return error;
		return xfs_attr_set(tp, ip, &attr->new_name, attr->new_value, attr->valuelen, 0);
	default:
		return xfs_attr_set(tp, ip, &attr->name, attr->value, attr->valuelen, 0);
	}
}
