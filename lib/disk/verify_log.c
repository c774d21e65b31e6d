/* SPDX-License-Identifier: MIT */
/* The header of a log record. */
#include "disk/log.h"
#include "disk/verify.h"

xfs_failaddr_t xlog_rec_header_verify(const struct xfs_geometry *geo, const void *block,
				      size_t len, xfs_daddr_t daddr)
{
	const struct xlog_rec_header *head = block;
	uint32_t h_len, h_size, fmt;

	(void)daddr;
	XFS_VERIFY(len >= sizeof(*head));
	XFS_VERIFY(be32_to_cpu(head->h_magicno) == XLOG_HEADER_MAGIC_NUM);
	XFS_VERIFY(be32_to_cpu(head->h_version) == XLOG_VERSION_2);
	XFS_VERIFY(be32_to_cpu(head->h_cycle) != XLOG_HEADER_MAGIC_NUM);
	XFS_VERIFY(xfs_uuid_equal(&head->h_fs_uuid, &geo->uuid));
	fmt = be32_to_cpu(head->h_fmt);
	XFS_VERIFY(fmt == XLOG_FMT_LINUX_LE || fmt == XLOG_FMT_LINUX_BE);
	h_len = be32_to_cpu(head->h_len);
	XFS_VERIFY(h_len % XFS_BB_SIZE == 0);
	XFS_VERIFY(h_len <= XLOG_MAX_RECORD_BSIZE);
	/*
	 * Records that only stamp a cycle, maybe the one before the first, have size 0; all others
	 * a power of two.
	 */
	h_size = be32_to_cpu(head->h_size);
	if (h_len || h_size) {
		XFS_VERIFY(be32_to_cpu(head->h_cycle) != 0);
		XFS_VERIFY(h_size >= XLOG_MIN_RECORD_BSIZE);
		XFS_VERIFY(h_size <= XLOG_MAX_RECORD_BSIZE);
	}
	XFS_VERIFY(h_len || be32_to_cpu(head->h_num_logops) == 0);
	return NULL;
}
