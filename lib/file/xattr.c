/* SPDX-License-Identifier: MIT */
/*
 * Extended attributes by the names that programs use.  "system.posix_acl_*" stand
 * on disk under other names in another form, and the access ACL and the mode
 * are changed together.
 */
#include <sys/xattr.h>
#include "core/message.h"
#include "file/setattr.h"

#define ACL_DISK_MAX	XFS_ATTR_VALUE_MAX

enum acl_kind {
	NO_ACL,
	ACCESS_ACL,
	DEFAULT_ACL,
};

static const struct {
	const char *prefix;
	uint8_t ns;
} prefixes[] = {
	{ "user.", 0 },
	{ "trusted.", XFS_ATTR_ROOT },
	{ "security.", XFS_ATTR_SECURE },
};

/* A full name taken apart; -ENOTSUP for a prefix we do not know. */
static int parse_name(struct xfs_inode *ip, const char *full, struct xfs_attr_name *name,
		      enum acl_kind *acl)
{
	struct xfs_mount *mp = ip->i_mount;

	*acl = NO_ACL;
	if (!strcmp(full, "system.posix_acl_access"))
		*acl = ACCESS_ACL;
	else if (!strcmp(full, "system.posix_acl_default"))
		*acl = DEFAULT_ACL;
	if (*acl != NO_ACL) {
		const char *disk_name = *acl == ACCESS_ACL ? SGI_ACL_FILE : SGI_ACL_DEFAULT;

		if (xfs_is_symlink(ip))
			return xfs_error(mp, -ENOTSUP, "a symbolic link has no ACL");
		*name = (struct xfs_attr_name){
			.name = (const uint8_t *)disk_name, .len = (uint32_t)strlen(disk_name),
			.ns = XFS_ATTR_ROOT,
		};
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		size_t plen = strlen(prefixes[i].prefix), len;

		if (strncmp(full, prefixes[i].prefix, plen))
			continue;
		len = strlen(full + plen);
		if (len == 0)
			return xfs_error(mp, -EINVAL, "\"%s\" names no attribute", full);
		if (len > 255)
			return xfs_error(mp, -ERANGE, "an attribute's name has at most 255 bytes");
		if (prefixes[i].ns == 0 && !xfs_is_reg(ip) && !xfs_is_dir(ip))
			return xfs_error(mp, -EPERM, "user attributes are for files and directories");
		*name = (struct xfs_attr_name){
			.name = (const uint8_t *)full + plen, .len = (uint32_t)len,
			.ns = prefixes[i].ns,
		};
		return 0;
	}
	return xfs_error(mp, -ENOTSUP, "\"%.64s\": unknown name space", full);
}

/* One attribute into the fork, or out of it; with @mode the permission bits too. */
struct change {
	const struct xfs_attr_name *name;
	const void *value;	/* NULL: remove */
	uint32_t len;
	uint32_t op_flags;
	bool may_be_absent;	/* removing what is not there is no error */
	bool set_mode;
	uint16_t mode;
};

static int apply(struct xfs_trans *tp, struct xfs_inode *ip, const struct change *ch)
{
	int error;

	if (ch->value)
		error = xfs_attr_set(tp, ip, ch->name, ch->value, ch->len, ch->op_flags);
	else
		error = xfs_attr_remove(tp, ip, ch->name, NULL, 0);
	if (error == -ENODATA && !ch->value && ch->may_be_absent)
		error = 0;
	if (error)
		return error;
	if (ch->set_mode)
		xfs_inode_set_mode(ip, (uint16_t)((ip->i_mode & ~0777u) | (ch->mode & 0777u)));
	xfs_trans_ichgtime(tp, ip, XFS_ICHGTIME_CHG);
	xfs_trans_log_inode(tp, ip, XFS_ILOG_CORE);
	return 0;
}

static int change_attr(struct xfs_inode *ip, const struct change *ch)
{
	struct xfs_mount *mp = ip->i_mount;
	struct xfs_trans *tp;
	uint32_t blocks;
	int error;

	if (ip->i_diflags & (XFS_DIFLAG_IMMUTABLE | XFS_DIFLAG_APPEND))
		return xfs_error(mp, -EPERM, "inode %" PRIu64 " is immutable", ip->i_ino);
	blocks = ch->value ? xfs_attr_set_blocks(mp, ch->name->len, ch->len)
			   : xfs_attr_remove_blocks(mp);
	error = xfs_trans_alloc(mp, 0, blocks, ch->value ? 0 : XFS_TRANS_RESERVE, &tp);
	if (error)
		return error;
	xfs_ilock_excl(ip);
	error = xfs_iread_extents(ip, XFS_DATA_FORK);
	if (!error && xfs_inode_has_attr_fork(ip))
		error = xfs_iread_extents(ip, XFS_ATTR_FORK);
	if (!error)
		error = apply(tp, ip, ch);
	xfs_iunlock_excl(ip);
	if (error)
		xfs_trans_cancel(tp);
	else
		error = xfs_trans_commit(tp);
	return error;
}

static int set_acl(struct xfs_inode *ip, const struct xfs_attr_name *name, enum acl_kind acl,
		   const void *value, size_t size, uint32_t op_flags)
{
	struct xfs_mount *mp = ip->i_mount;
	struct change ch = { .name = name, .op_flags = op_flags };
	uint32_t disk_len = ACL_DISK_MAX;
	uint16_t mode = ip->i_mode;
	bool equiv = false;
	void *disk;
	int error;

	if (acl == DEFAULT_ACL && !xfs_is_dir(ip))
		return xfs_error(mp, size ? -EACCES : -ENODATA, "only directories have default ACLs");
	disk = xfs_malloc(mp, ACL_DISK_MAX);
	if (!disk)
		return xfs_error(mp, -ENOMEM, "out of memory for an ACL");
	error = xfs_acl_from_xattr(mp, value, size, disk, &disk_len, &mode, &equiv);
	if (!error) {
		/* One without entries removes it; one that says no more than the mode is not stored. */
		ch.may_be_absent = true;
		ch.set_mode = acl == ACCESS_ACL && disk_len;
		ch.mode = mode;
		if (disk_len && (acl == DEFAULT_ACL || !equiv)) {
			ch.value = disk;
			ch.len = disk_len;
		}
		error = change_attr(ip, &ch);
	}
	xfs_free(mp, disk);
	return error;
}

int xfs_file_setxattr(struct xfs_inode *ip, const char *full, const void *value, size_t size,
		      int flags)
{
	struct xfs_mount *mp = ip->i_mount;
	struct change ch = { 0 };
	struct xfs_attr_name name;
	enum acl_kind acl;
	int error;

	error = parse_name(ip, full, &name, &acl);
	if (error)
		return error;
	if (size > XFS_ATTR_VALUE_MAX)
		return xfs_error(mp, -E2BIG, "an attribute has at most %u bytes", XFS_ATTR_VALUE_MAX);
	if (flags & ~(XATTR_CREATE | XATTR_REPLACE))
		return xfs_error(mp, -EINVAL, "unknown flags");
	ch.op_flags = (flags & XATTR_CREATE ? XFS_ATTR_OP_CREATE : 0) |
		      (flags & XATTR_REPLACE ? XFS_ATTR_OP_REPLACE : 0);
	if (acl != NO_ACL)
		return set_acl(ip, &name, acl, value, size, ch.op_flags);
	ch.name = &name;
	ch.value = size ? value : "";
	ch.len = (uint32_t)size;
	return change_attr(ip, &ch);
}

int xfs_file_removexattr(struct xfs_inode *ip, const char *full)
{
	struct change ch = { 0 };
	struct xfs_attr_name name;
	enum acl_kind acl;
	int error;

	error = parse_name(ip, full, &name, &acl);
	if (error)
		return error;
	ch.name = &name;
	return change_attr(ip, &ch);
}

static int get_raw(struct xfs_inode *ip, const struct xfs_attr_name *name, void *value,
		   uint32_t *len)
{
	bool excl;
	int error;

	error = xfs_ilock_map(ip, XFS_ATTR_FORK, &excl);
	if (error)
		return error;
	error = xfs_attr_get(ip, name, value, len);
	xfs_iunlock_map(ip, excl);
	return error;
}

static ssize_t get_acl(struct xfs_inode *ip, const struct xfs_attr_name *name, void *value,
		       size_t size)
{
	struct xfs_mount *mp = ip->i_mount;
	uint32_t disk_len = ACL_DISK_MAX;
	char *disk = xfs_malloc(mp, 2 * (size_t)ACL_DISK_MAX);
	size_t len = ACL_DISK_MAX;
	int error;

	if (!disk)
		return xfs_error(mp, -ENOMEM, "out of memory for an ACL");
	error = get_raw(ip, name, disk, &disk_len);
	if (!error)
		error = xfs_acl_to_xattr(mp, disk, disk_len, disk + ACL_DISK_MAX, &len);
	if (!error && size && size < len)
		error = xfs_error(mp, -ERANGE, "the ACL has %zu bytes", len);
	if (!error && size)
		memcpy(value, disk + ACL_DISK_MAX, len);
	xfs_free(mp, disk);
	return error ? error : (ssize_t)len;
}

ssize_t xfs_file_getxattr(struct xfs_inode *ip, const char *full, void *value, size_t size)
{
	uint32_t len = (uint32_t)XFS_MIN(size, (size_t)XFS_ATTR_VALUE_MAX);
	struct xfs_attr_name name;
	enum acl_kind acl;
	int error;

	error = parse_name(ip, full, &name, &acl);
	if (error)
		return error;
	if (acl != NO_ACL)
		return get_acl(ip, &name, value, size);
	error = get_raw(ip, &name, size ? value : NULL, &len);
	return error ? error : (ssize_t)len;
}

struct list_state {
	char *list;
	size_t size, used;
	bool overflow;
};

static void list_add(struct list_state *ls, const char *prefix, const uint8_t *name, size_t len)
{
	size_t plen = strlen(prefix), need = plen + len + 1;

	if (ls->size) {
		if (need > ls->size - ls->used || ls->overflow) {
			ls->overflow = true;
			return;
		}
		memcpy(ls->list + ls->used, prefix, plen);
		if (len)
			memcpy(ls->list + ls->used + plen, name, len);
		ls->list[ls->used + plen + len] = '\0';
	}
	ls->used += need;
}

static bool list_one(void *arg, const struct xfs_attr_name *name, const void *value,
		     uint32_t valuelen)
{
	struct list_state *ls = arg;

	(void)value;
	(void)valuelen;
	if (name->ns & XFS_ATTR_PARENT)
		return true;
	if (name->ns == XFS_ATTR_ROOT && name->len == SGI_ACL_FILE_SIZE &&
	    !memcmp(name->name, SGI_ACL_FILE, name->len)) {
		list_add(ls, "system.posix_acl_access", NULL, 0);
		return true;
	}
	if (name->ns == XFS_ATTR_ROOT && name->len == SGI_ACL_DEFAULT_SIZE &&
	    !memcmp(name->name, SGI_ACL_DEFAULT, name->len)) {
		list_add(ls, "system.posix_acl_default", NULL, 0);
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		if (prefixes[i].ns == name->ns)
			list_add(ls, prefixes[i].prefix, name->name, name->len);
	}
	return true;
}

ssize_t xfs_file_listxattr(struct xfs_inode *ip, char *list, size_t size)
{
	struct list_state ls = { .list = list, .size = size };
	bool excl;
	int error;

	error = xfs_ilock_map(ip, XFS_ATTR_FORK, &excl);
	if (error)
		return error;
	error = xfs_attr_list(ip, list_one, &ls);
	xfs_iunlock_map(ip, excl);
	if (error)
		return error;
	if (ls.overflow)
		return xfs_error(ip->i_mount, -ERANGE, "the list of attributes is longer");
	return (ssize_t)ls.used;
}
