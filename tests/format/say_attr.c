/* SPDX-License-Identifier: MIT */
/* Vectors of attributes, parent pointers, access control lists and symlinks. */
#include <inttypes.h>
#include "attr/attr.h"
#include "core/mount.h"
#include "disk/attr.h"
#include "disk/symlink.h"
#include "format/format.h"

static void parent_hash(struct format *f, unsigned int n, char **arg)
{
	struct xfs_parent_rec rec = {.p_ino = cpu_to_be64(format_number(f, arg[1]))};
	uint8_t name[255];
	size_t len = format_bytes(f, arg[0], name, sizeof(name));

	(void)n;
	format_say(f, "%08x",
		   xfs_attr_hashval(&f->geo, XFS_ATTR_PARENT, name, len, &rec, sizeof(rec)));
}

static void attr_hash(struct format *f, unsigned int n, char **arg)
{
	uint8_t name[255];
	size_t len = format_bytes(f, arg[0], name, sizeof(name));

	(void)n;
	format_say(f, "%08x", xfs_attr_hashval(&f->geo, 0, name, len, NULL, 0));
}

static void attr_place(struct format *f, unsigned int n, char **arg)
{
	uint32_t namelen = (uint32_t)format_number(f, arg[0]);
	uint32_t valuelen = (uint32_t)format_number(f, arg[1]);

	(void)n;
	if (xfs_attr_leaf_is_local(f->geo.blocksize, namelen, valuelen))
		format_say(f, "local %u", xfs_attr_leaf_entsize_local(namelen, valuelen));
	else
		format_say(f, "remote %u blocks %u", xfs_attr_leaf_entsize_remote(namelen),
			   xfs_attr3_rmt_blocks(f->geo.blocksize, valuelen));
}

static void attr_short(struct format *f, unsigned int n, char **arg)
{
	uint8_t buf[512] = {0};
	size_t len = format_bytes(f, arg[0], buf, sizeof(buf));
	const struct xfs_attr_sf_hdr *hdr = (const void *)buf;
	const struct xfs_attr_sf_entry *sfep = xfs_attr_sf_firstentry(hdr);

	(void)n;
	if (xfs_attr_sf_verify(&f->geo, buf, len)) {
		format_say(f, "refused");
		return;
	}
	format_say(f, "%u", hdr->count);
	for (unsigned int i = 0; i < hdr->count; i++) {
		format_say(f, " %.*s:%x:%u", sfep->namelen, (const char *)sfep->nameval,
			   sfep->flags, sfep->valuelen);
		sfep = xfs_attr_sf_nextentry(sfep);
	}
}

typedef xfs_failaddr_t block_verify(const struct xfs_geometry *geo, const void *block, size_t len,
				    xfs_daddr_t daddr);

static void changed(struct format *f, unsigned int n, char **arg, block_verify *verify)
{
	static uint8_t copy[FORMAT_OBJECT_MAX];

	memcpy(copy, f->object, f->len);
	for (unsigned int i = 1; i + 1 < n; i += 2) {
		size_t off = format_size(f, arg[i]);

		if (off < f->len)
			format_bytes(f, arg[i + 1], copy + off, f->len - off);
	}
	format_say_verdict(f, verify(&f->geo, copy, f->len, (xfs_daddr_t)format_number(f, arg[0])));
}

/* The object at DADDR, with bytes changed (pairs of OFFSET HEX), if there are any. */
static void attr_leaf(struct format *f, unsigned int n, char **arg)
{
	changed(f, n, arg, xfs_attr3_leaf_verify);
}

static void attr_remote(struct format *f, unsigned int n, char **arg)
{
	changed(f, n, arg, xfs_attr3_rmt_verify);
}

static void symlink_target(struct format *f, unsigned int n, char **arg)
{
	changed(f, n, arg, xfs_symlink_verify);
}

/* The object is the piece at OFFSET of a target of SIZE bytes of INODE. */
static void symlink_piece(struct format *f, unsigned int n, char **arg)
{
	(void)n;
	format_say_verdict(f, xfs_symlink_check(f->object, f->len, format_number(f, arg[0]),
						(uint32_t)format_number(f, arg[1]),
						(uint32_t)format_number(f, arg[2])));
}

/* The form of getxattr(2) to that of the disk; then the permission bits it implies. */
static void acl(struct format *f, unsigned int n, char **arg)
{
	static struct xfs_mount mp;
	uint8_t vfs[512], disk[1024];
	uint32_t len = sizeof(disk);
	size_t vfs_len = format_bytes(f, arg[0], vfs, sizeof(vfs));
	uint16_t mode = 0;
	bool equiv;

	(void)n;
	if (xfs_acl_from_xattr(&mp, vfs, vfs_len, disk, &len) || xfs_acl_check(&mp, disk)) {
		format_say(f, "refused");
		return;
	}
	for (uint32_t i = 0; i < len; i++)
		format_say(f, "%02x", disk[i]);
	xfs_acl_to_mode(disk, &mode, &equiv);
	format_say(f, " mode 0%o%s", mode, equiv ? " no more than the mode" : "");
}

const struct format_function format_attr[] = {
	{"attr_hash", 1, attr_hash},
	{"parent_hash", 2, parent_hash},
	{"attr_place", 2, attr_place},
	{"attr_short", 1, attr_short},
	{"attr_leaf", 1, attr_leaf},
	{"attr_remote", 1, attr_remote},
	{"symlink", 1, symlink_target},
	{"symlink_piece", 3, symlink_piece},
	{"acl", 1, acl},
	{NULL, 0, NULL},
};
