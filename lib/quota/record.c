/* SPDX-License-Identifier: MIT */
/* A record in its on-disk form: the fields of each kind, and times. */
#include "quota/quota_priv.h"

struct xfs_dquot_fields xfs_dquot_fields(const struct xfs_disk_dquot *record, unsigned int kind)
{
	struct xfs_disk_dquot *d = (struct xfs_disk_dquot *)(uintptr_t)record;

	if (kind == XFS_DQ_BLOCKS)
		return (struct xfs_dquot_fields){ &d->d_bcount, &d->d_blk_hardlimit,
						  &d->d_blk_softlimit, &d->d_btimer };
	if (kind == XFS_DQ_INODES)
		return (struct xfs_dquot_fields){ &d->d_icount, &d->d_ino_hardlimit,
						  &d->d_ino_softlimit, &d->d_itimer };
	return (struct xfs_dquot_fields){ &d->d_rtbcount, &d->d_rtb_hardlimit, &d->d_rtb_softlimit,
					  &d->d_rtbtimer };
}

uint64_t xfs_dquot_time(const struct xfs_disk_dquot *d, be32_t timer)
{
	uint64_t when = be32_to_cpu(timer);

	return d->d_type & XFS_DQTYPE_BIGTIME ? when << XFS_DQ_BIGTIME_SHIFT : when;
}

be32_t xfs_dquot_timer(const struct xfs_disk_dquot *d, uint64_t when)
{
	uint64_t most = UINT32_MAX;

	if (d->d_type & XFS_DQTYPE_BIGTIME) {
		when = (when + (1u << XFS_DQ_BIGTIME_SHIFT) - 1) >> XFS_DQ_BIGTIME_SHIFT;
		most = XFS_DQ_BIGTIME_EXPIRY_MAX;
	}
	return cpu_to_be32((uint32_t)XFS_MAX(XFS_MIN(when, most), (uint64_t)1));
}

void xfs_dquot_clear_counts(struct xfs_disk_dquot *d)
{
	for (unsigned int kind = 0; kind < XFS_DQ_KINDS; kind++) {
		struct xfs_dquot_fields f = xfs_dquot_fields(d, kind);

		*f.count = cpu_to_be64(0);
		if (be32_to_cpu(d->d_id))
			*f.timer = cpu_to_be32(0);
	}
}
