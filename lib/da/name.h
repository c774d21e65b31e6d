/* SPDX-License-Identifier: MIT */
/* A name in a directory or parent pointer, and its hash. */
#ifndef DA_NAME_H
#define DA_NAME_H

#include "base/compiler.h"
#include "disk/attr.h"
#include "disk/dir.h"

struct xfs_name {
	const uint8_t *name;
	uint32_t len;		/* 1..255 */
	uint8_t type;		/* XFS_DIR3_FT_* */
	/*
	 * i_names_changed + 1 of the directory when a lookup did not find the name; 0: not looked
	 * up.
	 */
	uint64_t absent_at;
};

static inline bool xfs_name_is_dot(const struct xfs_name *name)
{
	return name->len == 1 && name->name[0] == '.';
}

static inline bool xfs_name_is_dotdot(const struct xfs_name *name)
{
	return name->len == 2 && name->name[0] == '.' && name->name[1] == '.';
}

/* The hash by which directories of this file system sort @name. */
static inline xfs_dahash_t xfs_name_hash(const struct xfs_geometry *geo,
					 const struct xfs_name *name)
{
	return xfs_dir2_hashname(geo, name->name, name->len);
}

#endif
