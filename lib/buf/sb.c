/* SPDX-License-Identifier: MIT */
/*
 * Buffer ops of the superblock, for the journal.  Opening and closing read and write it themselves.
 */
#include "buf/buf.h"
#include "disk/verify.h"

const struct xfs_buf_ops xfs_sb_buf_ops = {
	.name = "superblock",
	.blft = XFS_BLFT_SB,
	.has_crc = true,
	.crc_off = XFS_SB_CRC_OFF,
	.lsn_off = XFS_SB_LSN_OFF,
	.verify = xfs_sb_buf_verify,
};
