/* SPDX-License-Identifier: MIT */
/* A remote symlink: one header per contiguous extent, then a piece of the target. */
#ifndef DISK_SYMLINK_H
#define DISK_SYMLINK_H

#include "disk/sb.h"

#define XFS_SYMLINK_MAGIC	0x58534c4du	/* "XSLM" */
#define XFS_SYMLINK_MAXLEN	1024u		/* the longest target has 1023 bytes */
#define XFS_SYMLINK_MAPS	3u

struct xfs_dsymlink_hdr {
	be32_t		sl_magic;
	be32_t		sl_offset;		/* of this piece in the target */
	be32_t		sl_bytes;
	le32_t		sl_crc;			/* over the whole extent */
	xfs_uuid_t	sl_uuid;
	be64_t		sl_owner;
	be64_t		sl_blkno;
	be64_t		sl_lsn;
};

#define XFS_SYMLINK_CRC_OFF	12
#define XFS_SYMLINK_LSN_OFF	48

/* Target bytes that one extent of @bytes holds. */
#define XFS_SYMLINK_BUF_SPACE(bytes)	((bytes) - (uint32_t)sizeof(struct xfs_dsymlink_hdr))

#endif
