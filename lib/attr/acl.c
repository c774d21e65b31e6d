/* SPDX-License-Identifier: MIT */
/*
 * POSIX access control lists.  Callers use the form of the system calls (little-endian, with a
 * version in front); the disk has its own (big-endian, with a count in front).  An access ACL and
 * the permission bits agree on owner, group class and others: a change of either changes both.
 */
#include <sys/stat.h>
#include "attr/attr_priv.h"
#include "core/message.h"

#define VFS_VERSION	2u
#define VFS_HDR		4u
#define VFS_ENTRY	8u

struct vfs_entry {
	le16_t tag;
	le16_t perm;
	le32_t id;
};

static const struct xfs_attr_name access_name = {
	.name = (const uint8_t *)SGI_ACL_FILE, .len = SGI_ACL_FILE_SIZE, .ns = XFS_ATTR_ROOT,
};
static const struct xfs_attr_name default_name = {
	.name = (const uint8_t *)SGI_ACL_DEFAULT, .len = SGI_ACL_DEFAULT_SIZE, .ns = XFS_ATTR_ROOT,
};

static inline bool has_id(uint32_t tag)
{
	return tag == XFS_ACL_USER || tag == XFS_ACL_GROUP;
}

/* The first entry with @tag; NULL: none. */
static struct xfs_acl_entry *find(struct xfs_acl *acl, uint32_t tag)
{
	uint32_t n = be32_to_cpu(acl->acl_cnt);

	for (uint32_t i = 0; i < n; i++) {
		if (be32_to_cpu(acl->acl_entry[i].ae_tag) == tag)
			return &acl->acl_entry[i];
	}
	return NULL;
}

#define KNOWN_TAGS	(XFS_ACL_USER_OBJ | XFS_ACL_USER | XFS_ACL_GROUP_OBJ | XFS_ACL_GROUP | \
			 XFS_ACL_MASK | XFS_ACL_OTHER)
#define REQUIRED_TAGS	(XFS_ACL_USER_OBJ | XFS_ACL_GROUP_OBJ | XFS_ACL_OTHER)

static bool is_tag(uint32_t tag)
{
	return xfs_is_power_of_2(tag) && (tag & KNOWN_TAGS);
}

/*
 * Valid: known tags in ascending order, each tag without an identity only once, the three required
 * entries, and a mask if users or groups are named.  The order does not matter in an ACL that is on
 * disk already (@stored).
 */
static bool is_valid(const struct xfs_acl *acl, bool stored)
{
	uint32_t n = be32_to_cpu(acl->acl_cnt), seen = 0, old_tag = 0;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t tag = be32_to_cpu(acl->acl_entry[i].ae_tag);

		if (!is_tag(tag) || be16_to_cpu(acl->acl_entry[i].ae_perm) > 7)
			return false;
		if (!stored && (tag < old_tag || (tag == old_tag && !has_id(tag))))
			return false;
		if (has_id(tag) && be32_to_cpu(acl->acl_entry[i].ae_id) == XFS_ACL_UNDEFINED_ID)
			return false;
		seen |= tag;
		old_tag = tag;
	}
	if ((seen & REQUIRED_TAGS) != REQUIRED_TAGS)
		return false;
	return !(seen & (XFS_ACL_USER | XFS_ACL_GROUP)) || (seen & XFS_ACL_MASK);
}

/* The entry that corresponds to the group bits of the mode. */
static struct xfs_acl_entry *group_class(struct xfs_acl *acl)
{
	struct xfs_acl_entry *mask = find(acl, XFS_ACL_MASK);

	return mask ? mask : find(acl, XFS_ACL_GROUP_OBJ);
}

static uint32_t perm_of(const struct xfs_acl_entry *ae)
{
	return be16_to_cpu(ae->ae_perm);
}

/* The permission bits of a valid ACL. */
static uint16_t acl_mode(struct xfs_acl *acl)
{
	return (uint16_t)(perm_of(find(acl, XFS_ACL_USER_OBJ)) << 6 |
			  perm_of(group_class(acl)) << 3 | perm_of(find(acl, XFS_ACL_OTHER)));
}

/* True if it has nothing but the three entries that the mode implies. */
static bool is_equiv(const struct xfs_acl *acl)
{
	return be32_to_cpu(acl->acl_cnt) == 3;
}

/* Check length and count of a value from disk. */
static int check_disk(struct xfs_mount *mp, const void *disk, uint32_t len)
{
	const struct xfs_acl *acl = disk;

	if (len < sizeof(*acl) || be32_to_cpu(acl->acl_cnt) > XFS_ACL_MAX_ENTRIES ||
	    len != XFS_ACL_SIZE(be32_to_cpu(acl->acl_cnt)))
		return xfs_corrupt(mp, "ACL", "its %" PRIu32 " bytes do not match its count", len);
	return 0;
}

int xfs_acl_from_xattr(struct xfs_mount *mp, const void *xattr, size_t len, void *disk,
		       uint32_t *disk_len)
{
	const struct vfs_entry *from;
	struct xfs_acl *acl = disk;
	uint32_t room = *disk_len, n;

	*disk_len = 0;
	if (len < VFS_HDR)
		return xfs_error(mp, -EINVAL, "an ACL of %zu bytes", len);
	if (get_le32(xattr) != VFS_VERSION)
		return xfs_error(mp, -EOPNOTSUPP, "ACL version %" PRIu32 " is unknown" " is unknown" " is unknown" " is unknown",
				 get_le32(xattr));
	if ((len - VFS_HDR) % VFS_ENTRY || (len - VFS_HDR) / VFS_ENTRY > UINT32_MAX / VFS_ENTRY)
		return xfs_error(mp, -EINVAL, "an ACL of %zu bytes", len);
	n = (uint32_t)((len - VFS_HDR) / VFS_ENTRY);
	if (n == 0)
		return 0;	/* no entries: the ACL is to be removed */
	if (XFS_ACL_SIZE(n) > room)
		return xfs_error(mp, -ERANGE, "an ACL of %" PRIu32 " entries", n);

	from = (const struct vfs_entry *)((const char *)xattr + VFS_HDR);
	acl->acl_cnt = cpu_to_be32(n);
	for (uint32_t i = 0; i < n; i++) {
		struct xfs_acl_entry *ae = &acl->acl_entry[i];
		uint32_t tag = le16_to_cpu(from[i].tag);

		if (!is_tag(tag) || (has_id(tag) && le32_to_cpu(from[i].id) == XFS_ACL_UNDEFINED_ID))
			return xfs_error(mp, -EINVAL,
					 "the ACL has an invalid entry: tag 0x%x, id %" PRIu32 "",
					 tag, le32_to_cpu(from[i].id));
		memset(ae, 0, sizeof(*ae));
		ae->ae_tag = cpu_to_be32(tag);
		ae->ae_id = cpu_to_be32(has_id(tag) ? le32_to_cpu(from[i].id)
						    : XFS_ACL_UNDEFINED_ID);
		ae->ae_perm = cpu_to_be16(le16_to_cpu(from[i].perm));
	}
	*disk_len = (uint32_t)XFS_ACL_SIZE(n);
	return 0;
}

int xfs_acl_check(struct xfs_mount *mp, const void *disk)
{
	const struct xfs_acl *acl = disk;

	if (!is_valid(acl, false))
		return xfs_error(mp, -EINVAL, "the ACL is not valid");
	if (be32_to_cpu(acl->acl_cnt) > XFS_ACL_MAX_ENTRIES)
		return xfs_error(mp, -E2BIG, "the ACL has %u entries, %u are possible",
				 be32_to_cpu(acl->acl_cnt), (unsigned int)XFS_ACL_MAX_ENTRIES);
	return 0;
}

void xfs_acl_to_mode(void *disk, uint16_t *mode, bool *equiv)
{
	struct xfs_acl *acl = disk;

	*equiv = is_equiv(acl);
	*mode = (uint16_t)((*mode & ~0777u) | acl_mode(acl));
}

int xfs_acl_to_xattr(struct xfs_mount *mp, const void *disk, uint32_t disk_len, void *xattr,
		     size_t *len)
{
	const struct xfs_acl *acl = disk;
	struct vfs_entry *to;
	size_t room = *len;
	uint32_t n;
	int error;

	error = check_disk(mp, disk, disk_len);
	if (error)
		return error;
	n = be32_to_cpu(acl->acl_cnt);
	*len = VFS_HDR + n * VFS_ENTRY;
	if (!xattr)
		return 0;
	if (*len > room)
		return xfs_error(mp, -ERANGE, "the ACL has %zu bytes", *len);
	put_le32(VFS_VERSION, xattr);
	to = (struct vfs_entry *)((char *)xattr + VFS_HDR);
	for (uint32_t i = 0; i < n; i++) {
		const struct xfs_acl_entry *ae = &acl->acl_entry[i];
		uint32_t tag = be32_to_cpu(ae->ae_tag);

		to[i].tag = cpu_to_le16((uint16_t)tag);
		to[i].perm = cpu_to_le16(be16_to_cpu(ae->ae_perm));
		to[i].id = cpu_to_le32(has_id(tag) ? be32_to_cpu(ae->ae_id) : XFS_ACL_UNDEFINED_ID);
	}
	return 0;
}

/* Read and verify a stored ACL into allocated memory; *@acl NULL: none is stored. */
static int read_acl(struct xfs_inode *ip, const struct xfs_attr_name *name, struct xfs_acl **acl,
		    uint32_t *len)
{
	struct xfs_mount *mp = ip->i_mount;
	int error;

	*acl = NULL;
	error = xfs_attr_get(ip, name, NULL, len);
	if (error)
		return error == -ENODATA ? 0 : error;
	if (*len == 0)
		return xfs_corrupt(mp, "ACL", "inode %" PRIu64 ": it is empty", ip->i_ino);
	*acl = xfs_malloc(mp, *len);
	if (!*acl)
		return xfs_error(mp, -ENOMEM, "out of memory for an ACL");
	error = xfs_attr_get(ip, name, *acl, len);
	if (!error)
		error = check_disk(mp, *acl, *len);
	if (!error && !is_valid(*acl, true))
		error = xfs_corrupt(mp, "ACL", "inode %" PRIu64 ": it is not valid", ip->i_ino);
	if (error) {
		xfs_free(mp, *acl);
		*acl = NULL;
	}
	return error;
}

static void set_perm(struct xfs_acl_entry *ae, uint32_t perm)
{
	ae->ae_perm = cpu_to_be16((uint16_t)(perm & 7));
}

int xfs_acl_chmod(struct xfs_trans *tp, struct xfs_inode *ip, uint16_t mode)
{
	struct xfs_acl *acl;
	uint32_t len;
	int error;

	error = read_acl(ip, &access_name, &acl, &len);
	if (error || !acl)
		return error;
	set_perm(find(acl, XFS_ACL_USER_OBJ), mode >> 6);
	set_perm(group_class(acl), mode >> 3);
	set_perm(find(acl, XFS_ACL_OTHER), mode);
	/*
	 * An ACL that says no more than the mode is never stored, except by a restore of on-disk
	 * values.
	 */
	if (is_equiv(acl))
		error = xfs_attr_remove(tp, ip, &access_name, NULL, 0);
	else
		error = xfs_attr_set(tp, ip, &access_name, acl, len, XFS_ATTR_OP_REPLACE);
	xfs_free(ip->i_mount, acl);
	return error;
}

uint32_t xfs_acl_chmod_blocks(const struct xfs_mount *mp)
{
	return xfs_attr_set_blocks(mp, SGI_ACL_FILE_SIZE, XFS_XATTR_SIZE_MAX);
}

int xfs_acl_inherit(struct xfs_inode *dp, uint16_t *mode, struct xfs_acl_inherited *acls)
{
	struct xfs_mount *mp = dp->i_mount;
	struct xfs_acl_entry *user, *group, *other;
	struct xfs_acl *acl;
	uint32_t len;
	int error;

	*acls = (struct xfs_acl_inherited){ 0 };
	if (S_ISLNK(*mode))
		return 0;
	error = read_acl(dp, &default_name, &acl, &len);
	if (error || !acl)
		return error;
	if (S_ISDIR(*mode)) {
		acls->dflt = xfs_dup(mp, acl, len);
		acls->dflt_len = len;
		if (!acls->dflt) {
			xfs_free(mp, acl);
			return xfs_error(mp, -ENOMEM, "out of memory for an ACL");
		}
	}
	/* The requested mode limits the inherited entries; the result is the new mode. */
	user = find(acl, XFS_ACL_USER_OBJ);
	group = group_class(acl);
	other = find(acl, XFS_ACL_OTHER);
	set_perm(user, perm_of(user) & (uint32_t)*mode >> 6);
	set_perm(group, perm_of(group) & (uint32_t)*mode >> 3);
	set_perm(other, perm_of(other) & *mode);
	*mode = (uint16_t)((*mode & ~0777u) | acl_mode(acl));
	if (is_equiv(acl)) {
		xfs_free(mp, acl);
	} else {
		acls->access = acl;
		acls->access_len = len;
	}
	return 0;
}

void xfs_acl_inherited_free(struct xfs_mount *mp, struct xfs_acl_inherited *acls)
{
	xfs_free(mp, acls->access);
	xfs_free(mp, acls->dflt);
	*acls = (struct xfs_acl_inherited){ 0 };
}

uint32_t xfs_acl_inherited_blocks(const struct xfs_mount *mp, const struct xfs_acl_inherited *acls)
{
	uint32_t blocks = 0;

	if (acls->dflt)
		blocks += xfs_attr_set_blocks(mp, SGI_ACL_DEFAULT_SIZE, acls->dflt_len);
	if (acls->access)
		blocks += xfs_attr_set_blocks(mp, SGI_ACL_FILE_SIZE, acls->access_len);
	return blocks;
}

int xfs_acl_set_inherited(struct xfs_trans *tp, struct xfs_inode *ip,
			  const struct xfs_acl_inherited *acls)
{
	int error = 0;

	if (acls->dflt)
		error = xfs_attr_set(tp, ip, &default_name, acls->dflt, acls->dflt_len, 0);
	if (!error && acls->access)
		error = xfs_attr_set(tp, ip, &access_name, acls->access, acls->access_len, 0);
	return error;
}
