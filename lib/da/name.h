/* SPDX-License-Identifier: MIT */
/* A name as directories and parent pointers know it, and its hashes. */
#ifndef DA_NAME_H
#define DA_NAME_H

#include "base/compiler.h"
#include "disk/attr.h"
#include "disk/dir.h"

struct xfs_name {
	const uint8_t *name;
	uint32_t len;		/* 1..255 */
	uint8_t type;		/* XFS_DIR3_FT_* */
	/* i_names_changed + 1 of the directory when it was looked for in vain; 0: it was not. */
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

/* How this volume's directories sort @name. */
static inline xfs_dahash_t xfs_name_hash(const struct xfs_geometry *geo,
					 const struct xfs_name *name)
{
	return xfs_dir2_hashname(geo, name->name, name->len);
}

#endif
