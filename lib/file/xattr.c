/* SPDX-License-Identifier: MIT */
/*
 * Extended attributes by the names that programs use.  "system.posix_acl_*" have other names and
 * another form on disk, and the access ACL and the mode change together.
 */
#include <sys/xattr.h>
#include "core/message.h"
#include "file/setattr.h"
#include "quota/quota.h"
#include "reclaim/reclaim.h"
#include "trans/resv.h"

#define NAME_MAX_BYTES	255u	/* of a full name that programs can use */
#define PREFIX_MAX_BYTES 9u	/* length of "security." */

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

static const struct {
	const char *full, *disk;
	enum acl_kind kind;
} acl_names[] = {
	{ "system.posix_acl_access", SGI_ACL_FILE, ACCESS_ACL },
	{ "system.posix_acl_default", SGI_ACL_DEFAULT, DEFAULT_ACL },
};

/* A decoded full name. */
struct parsed_name {
	const char *full;
	struct xfs_attr_name attr;
	enum acl_kind acl;		/* if it names an ACL in the form of the system calls */
};

int xfs_check_xattr_name(struct xfs_mount *mp, const char *full, bool change)
{
	/* The limit includes the prefix, but existing names may be longer. */
	size_t most = change ? NAME_MAX_BYTES : NAME_MAX_BYTES + PREFIX_MAX_BYTES, len;

	if (!full)
		return xfs_error(mp, -EINVAL, "the name of the attribute is missing");
	len = strnlen(full, most + 1);
	if (len == 0 || len > most)
		return xfs_error(mp, -ERANGE, "the name of an attribute must have 1 to %u bytes",
				 NAME_MAX_BYTES);
	return 0;
}

int xfs_check_setxattr(struct xfs_mount *mp, const char *full, size_t size, int flags)
{
	int error;

	if (flags & ~(XATTR_CREATE | XATTR_REPLACE))
		return xfs_error(mp, -EINVAL, "unknown flags 0x%x", flags);
	error = xfs_check_xattr_name(mp, full, true);
	if (error)
		return error;
	if (size > XFS_ATTR_VALUE_MAX)
		return xfs_error(mp, -E2BIG, "the value of an attribute has more than %u bytes",
				 XFS_ATTR_VALUE_MAX);
	return 0;
}

/* Checked before anything about the name or the inode. */
static int may_write(const struct xfs_inode *ip)
{
	return ip->i_mount->m_rdonly
		       ? xfs_error(ip->i_mount, -EROFS, "the file system is mounted read-only")
		       : 0;
}

/* Without a lock; checked again under it. */
static int may_change(struct xfs_inode *ip)
{
	if (xfs_inode_diflags(ip) & (XFS_DIFLAG_IMMUTABLE | XFS_DIFLAG_APPEND))
		return xfs_error(ip->i_mount, -EPERM, "inode %" PRIu64 " is immutable or append-only",
				 ip->i_ino);
	return 0;
}

static bool is_acl_name(const char *full, struct parsed_name *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(acl_names); i++) {
		if (strcmp(full, acl_names[i].full))
			continue;
		out->acl = acl_names[i].kind;
		out->attr = (struct xfs_attr_name){
			.name = (const uint8_t *)acl_names[i].disk,
			.len = (uint32_t)strlen(acl_names[i].disk), .ns = XFS_ATTR_ROOT,
		};
		return true;
	}
	return false;
}

/* Decode a full name; this only checks the type of the inode and the namespace. */
static int parse_name(struct xfs_inode *ip, const char *full, bool change, struct parsed_name *out)
{
	struct xfs_mount *mp = ip->i_mount;

	*out = (struct parsed_name){ .full = full };
	if (is_acl_name(full, out))
		return 0;
	if (!strncmp(full, "user.", 5) && !xfs_is_reg(ip) && !xfs_is_dir(ip))
		return xfs_error(mp, change ? -EPERM : -ENODATA,
				 "only regular files and directories have user attributes");
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		size_t plen = strlen(prefixes[i].prefix), len;

		if (strncmp(full, prefixes[i].prefix, plen))
			continue;
		len = strlen(full + plen);
		if (len == 0)
			return xfs_error(mp, -EINVAL, "\"%s\" has no name after its prefix", full);
		if (len > NAME_MAX_BYTES)
			return xfs_error(mp, -ERANGE,
					 "the name of an attribute has more than %u bytes",
					 NAME_MAX_BYTES);
		out->attr = (struct xfs_attr_name){
			.name = (const uint8_t *)full + plen, .len = (uint32_t)len,
			.ns = prefixes[i].ns,
		};
		return 0;
	}
	return xfs_error(mp, -EOPNOTSUPP, "\"%.64s\" is in an unknown namespace", full);
}

/* ACLs are also accessible under their names on disk, in their form on disk. */
static enum acl_kind raw_acl(const struct parsed_name *name)
{
	if (name->attr.ns != XFS_ATTR_ROOT || name->acl != NO_ACL)
		return NO_ACL;
	for (size_t i = 0; i < ARRAY_SIZE(acl_names); i++) {
		if (name->attr.len == strlen(acl_names[i].disk) &&
		    !memcmp(name->attr.name, acl_names[i].disk, name->attr.len))
			return acl_names[i].kind;
	}
	return NO_ACL;
}

static int no_such_attr(struct xfs_inode *ip, const struct parsed_name *name)
{
	return xfs_error(ip->i_mount, -ENODATA, "inode %" PRIu64 " has no attribute \"%s\"", ip->i_ino,
			 name->full);
}

/* A change of one attribute, with @set_mode also of the permission bits. */
struct change {
	const struct xfs_attr_name *name;
	const void *value;	/* NULL: remove */
	uint32_t len;
	uint32_t op_flags;
	bool may_be_absent;	/* removing an absent attribute is no error */
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

	blocks = ch->value ? xfs_attr_set_blocks(mp, ch->name->len, ch->len)
			   : xfs_attr_remove_blocks(mp);
	error = xfs_trans_alloc_ilocked(ip, ch->value ? XFS_RESV_ATTR_SET : XFS_RESV_ATTR_REMOVE,
					blocks, ch->value ? 0 : XFS_TRANS_FREES, &tp);
	if (error)
		return error;
	if (ip->i_diflags & (XFS_DIFLAG_IMMUTABLE | XFS_DIFLAG_APPEND))
		error = xfs_error(mp, -EPERM, "inode %" PRIu64 " is immutable or append-only",
				  ip->i_ino);
	/* Only user attributes are subject to quota limits. */
	if (!error && !ch->name->ns)
		error = xfs_quota_reserve_blocks(tp, ip, ch->value
				? xfs_quota_worst_attr_set(mp, ch->name->len, ch->len)
				: xfs_quota_worst_attr_remove(mp));
	if (!error)
		error = apply(tp, ip, ch);
	xfs_iunlock_excl(ip);
	return xfs_trans_finish(tp, error);
}

/*
 * Check @acl, in on-disk form (no ACL if @len is 0), against the inode, in the order of the system
 * calls. *@nothing: there is nothing to do.
 */
static int check_acl(struct xfs_inode *ip, enum acl_kind kind, const void *acl, uint32_t len,
		     bool *nothing)
{
	struct xfs_mount *mp = ip->i_mount;
	int error = may_change(ip);

	*nothing = false;
	if (error)
		return error;
	if (xfs_is_symlink(ip))
		return xfs_error(mp, -EOPNOTSUPP, "a symbolic link has no ACL");
	if (kind == DEFAULT_ACL && !xfs_is_dir(ip)) {
		*nothing = !len;
		return len ? xfs_error(mp, -EACCES, "only directories have default ACLs") : 0;
	}
	return len ? xfs_acl_check(mp, acl) : 0;
}

/*
 * @value is in the form of the system calls.  If it is empty or has no entries, the ACL is removed.
 */
static int set_acl(struct xfs_inode *ip, const struct parsed_name *name, enum acl_kind kind,
		   const void *value, size_t size, uint32_t op_flags)
{
	struct xfs_mount *mp = ip->i_mount;
	struct change ch = { .name = &name->attr, .op_flags = op_flags, .may_be_absent = true };
	uint32_t disk_len = (uint32_t)XFS_ACL_SIZE(size / 8 + 1);
	bool equiv = false, nothing;
	uint16_t mode = 0;
	void *disk;
	int error;

	disk = xfs_malloc(mp, disk_len);
	if (!disk)
		return xfs_error(mp, -ENOMEM, "out of memory for an ACL");
	error = size ? xfs_acl_from_xattr(mp, value, size, disk, &disk_len) : 0;
	if (!size)
		disk_len = 0;
	if (!error)
		error = check_acl(ip, kind, disk, disk_len, &nothing);
	if (error || nothing)
		goto out;
	if (disk_len)
		xfs_acl_to_mode(disk, &mode, &equiv);
	ch.set_mode = kind == ACCESS_ACL && disk_len;
	ch.mode = mode;
	/* An ACL that says no more than the mode is not stored. */
	if (disk_len && (kind == DEFAULT_ACL || !equiv)) {
		ch.value = disk;
		ch.len = disk_len;
	}
	error = change_attr(ip, &ch);
out:
	xfs_free(mp, disk);
	return error;
}

/* Set a value in on-disk form, for a program that restores what it has read. */
static int set_raw_acl(struct xfs_inode *ip, const struct parsed_name *name, const void *value,
		       size_t size, uint32_t op_flags)
{
	struct xfs_mount *mp = ip->i_mount;
	size_t len = size;
	void *xattr;
	int error;

	if (size < 4 || get_be32(value) > XFS_ACL_MAX_ENTRIES || size != XFS_ACL_SIZE(get_be32(value)))
		return xfs_error(mp, -EINVAL, "\"%s\": the ACL is not valid", name->full);
	xattr = xfs_malloc(mp, size);
	if (!xattr)
		return xfs_error(mp, -ENOMEM, "out of memory for an ACL");
	error = xfs_acl_to_xattr(mp, value, (uint32_t)size, xattr, &len);
	if (!error)
		error = set_acl(ip, name, raw_acl(name), xattr, len, op_flags);
	xfs_free(mp, xattr);
	return error;
}

static int setxattr_once(struct xfs_inode *ip, const char *full, const void *value, size_t size,
			 int flags)
{
	struct xfs_mount *mp = ip->i_mount;
	struct change ch = { 0 };
	struct parsed_name name;
	int error;

	if (size && !value)
		return xfs_error(mp, -EINVAL, "the value is missing");
	error = may_write(ip);
	if (error)
		return error;
	name = (struct parsed_name){ .full = full };
	/* As in the kernel, an ACL replaces the old one whatever @flags are. */
	if (is_acl_name(full, &name))
		return set_acl(ip, &name, name.acl, value, size, 0);
	error = may_change(ip);
	if (!error)
		error = parse_name(ip, full, true, &name);
	if (error)
		return error;
	/* XATTR_CREATE takes precedence over XATTR_REPLACE. */
	ch.op_flags = flags & XATTR_CREATE ? XFS_ATTR_OP_CREATE
		      : flags & XATTR_REPLACE ? XFS_ATTR_OP_REPLACE : 0;
	ch.name = &name.attr;
	ch.value = size ? value : "";
	ch.len = (uint32_t)size;
	if (raw_acl(&name) != NO_ACL)
		error = set_raw_acl(ip, &name, value, size, ch.op_flags);
	else
		error = change_attr(ip, &ch);
	if (error == -EEXIST)
		return xfs_error(mp, error, "inode %" PRIu64 " has an attribute \"%s\"", ip->i_ino, full);
	return error == -ENODATA ? no_such_attr(ip, &name) : error;
}

int xfs_file_setxattr(struct xfs_inode *ip, const char *full, const void *value, size_t size,
		      int flags)
{
	bool tried = false;
	int error;

	do {
		error = setxattr_once(ip, full, value, size, flags);
	} while (xfs_reclaim_and_retry(ip, error, &tried));
	return error;
}

static int removexattr_once(struct xfs_inode *ip, const char *full)
{
	struct parsed_name name = { .full = full };
	struct change ch = { 0 };
	int error = may_write(ip);

	if (error)
		return error;
	if (is_acl_name(full, &name))
		return set_acl(ip, &name, name.acl, NULL, 0, 0);
	error = may_change(ip);
	if (!error)
		error = parse_name(ip, full, true, &name);
	if (error)
		return error;
	ch.name = &name.attr;
	error = change_attr(ip, &ch);
	return error == -ENODATA ? no_such_attr(ip, &name) : error;
}

int xfs_file_removexattr(struct xfs_inode *ip, const char *full)
{
	bool tried = false;
	int error;

	do {
		error = removexattr_once(ip, full);
	} while (xfs_reclaim_and_retry(ip, error, &tried));
	return error;
}

/* Read the stored value into allocated memory; ILOCK held. */
static int read_value(struct xfs_inode *ip, const struct xfs_attr_name *name, void **value,
		      uint32_t *len)
{
	struct xfs_mount *mp = ip->i_mount;
	int error;

	*value = NULL;
	*len = 0;
	error = xfs_attr_get(ip, name, NULL, len);
	if (error)
		return error;
	*value = xfs_malloc(mp, *len + 1);
	if (!*value)
		return xfs_error(mp, -ENOMEM, "out of memory for an attribute");
	error = xfs_attr_get(ip, name, *value, len);
	if (error) {
		xfs_free(mp, *value);
		*value = NULL;
	}
	return error;
}

static int get_acl(struct xfs_inode *ip, const struct parsed_name *name, void *value, size_t *size)
{
	struct xfs_mount *mp = ip->i_mount;
	uint32_t disk_len;
	void *disk;
	int error;

	error = read_value(ip, &name->attr, &disk, &disk_len);
	if (error)
		return error;
	error = xfs_acl_to_xattr(mp, disk, disk_len, *size ? value : NULL, size);
	xfs_free(mp, disk);
	return error;
}

ssize_t xfs_file_getxattr(struct xfs_inode *ip, const char *full, void *value, size_t size)
{
	uint32_t room = (uint32_t)XFS_MIN(size, (size_t)XFS_ATTR_VALUE_MAX), len = room;
	struct parsed_name name;
	bool excl;
	int error;

	error = parse_name(ip, full, false, &name);
	if (error)
		return error;
	if (size && !value)
		return xfs_error(ip->i_mount, -EINVAL, "the buffer for the value is missing");
	if (name.acl != NO_ACL && xfs_is_symlink(ip))
		return xfs_error(ip->i_mount, -EOPNOTSUPP, "a symbolic link has no ACL");
	error = xfs_ilock_map(ip, XFS_ATTR_FORK, &excl);
	if (error)
		return error;
	if (name.acl != NO_ACL) {
		error = get_acl(ip, &name, value, &size);
	} else {
		error = xfs_attr_get(ip, &name.attr, size ? value : NULL, &len);
		size = len;
	}
	xfs_iunlock_map(ip, excl);
	if (error == -ENODATA)
		return no_such_attr(ip, &name);
	if (error == -ERANGE)
		return xfs_error(ip->i_mount, error, "attribute \"%s\" is longer than %u bytes", full, room);
	return error ? error : (ssize_t)size;
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
	/*
	 * An ACL is listed under two names: in the form of the system calls, and in that on disk.
	 */
	for (size_t i = 0; i < ARRAY_SIZE(acl_names); i++) {
		if (name->ns == XFS_ATTR_ROOT && name->len == strlen(acl_names[i].disk) &&
		    !memcmp(name->name, acl_names[i].disk, name->len))
			list_add(ls, acl_names[i].full, NULL, 0);
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
		return xfs_error(ip->i_mount, -ERANGE,
				 "the list of attributes does not fit into the buffer");
	return (ssize_t)ls.used;
}
