/* SPDX-License-Identifier: MIT */
/* A quota record; a block of a quota file is an array of them without header. */
#ifndef DISK_DQUOT_H
#define DISK_DQUOT_H

#include "disk/sb.h"

#define XFS_DQUOT_MAGIC		0x4451u		/* "DQ" */
#define XFS_DQUOT_VERSION	1u

#define XFS_DQTYPE_USER		(1u << 0)
#define XFS_DQTYPE_PROJ		(1u << 1)
#define XFS_DQTYPE_GROUP	(1u << 2)
#define XFS_DQTYPE_BIGTIME	(1u << 7)	/* timers in units of 4 s */
#define XFS_DQTYPE_REC_MASK	(XFS_DQTYPE_USER | XFS_DQTYPE_PROJ | XFS_DQTYPE_GROUP)

struct xfs_disk_dquot {
	be16_t		d_magic;
	uint8_t		d_version;
	uint8_t		d_type;
	be32_t		d_id;
	be64_t		d_blk_hardlimit;
	be64_t		d_blk_softlimit;
	be64_t		d_ino_hardlimit;
	be64_t		d_ino_softlimit;
	be64_t		d_bcount;
	be64_t		d_icount;
	be32_t		d_itimer;
	be32_t		d_btimer;
	be16_t		d_iwarns;
	be16_t		d_bwarns;
	be32_t		d_pad0;
	be64_t		d_rtb_hardlimit;
	be64_t		d_rtb_softlimit;
	be64_t		d_rtbcount;
	be32_t		d_rtbtimer;
	be16_t		d_rtbwarns;
	be16_t		d_pad;
};

struct xfs_dqblk {
	struct xfs_disk_dquot dd_diskdq;	/* the part that is logged */
	uint8_t		dd_fill[4];
	le32_t		dd_crc;			/* over the 136 bytes of the record */
	be64_t		dd_lsn;
	xfs_uuid_t	dd_uuid;
};

#define XFS_DQUOT_CRC_OFF	108
#define XFS_DQUOT_LSN_OFF	112

#define XFS_DQ_GRACE_DEFAULT	604800u		/* seconds */
#define XFS_DQ_BIGTIME_SHIFT	2
#define XFS_DQ_BIGTIME_EXPIRY_MAX 4074815106u	/* largest stored value */

#endif
