/* SPDX-License-Identifier: MIT */
/* POSIX ACLs as the value of system.posix_acl_access and system.posix_acl_default. */
#ifndef XFSW_ACL_H
#define XFSW_ACL_H

#include <stddef.h>
#include <stdint.h>

/* The tags of <linux/posix_acl_xattr.h>; their order is the order in the value. */
enum {
	ACL_USER_OBJ = 0x01,
	ACL_USER = 0x02,
	ACL_GROUP_OBJ = 0x04,
	ACL_GROUP = 0x08,
	ACL_MASK = 0x10,
	ACL_OTHER = 0x20,
};
#define ACL_NO_ID	UINT32_MAX
#define ACL_MAX_ENTRIES	1024
#define ACL_VALUE_MAX	(4 + 8 * ACL_MAX_ENTRIES)

struct acl_entry {
	uint16_t tag, perm;
	uint32_t id;		/* ACL_NO_ID except for ACL_USER and ACL_GROUP */
};

/* Sorts @entries and writes @n of them to @value; bytes written. */
size_t acl_encode(struct acl_entry *entries, size_t n, unsigned char *value);

#endif
