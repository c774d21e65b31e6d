/* SPDX-License-Identifier: MIT */
/*
 * Records of the journal: the framing of items.  A record is a header block, extended header blocks
 * (one per further 32 KiB of nominal record size) and data.  The first word of every 512 bytes
 * holds the cycle; the headers keep the word that it replaces.
 */
#ifndef DISK_LOG_H
#define DISK_LOG_H

#include "disk/sb.h"

#define XLOG_HEADER_MAGIC_NUM	0xfeedbabeu
#define XLOG_VERSION_2		2u
#define XLOG_INIT_CYCLE		1u
#define XLOG_HEADER_CYCLE_SIZE	32768u		/* data bytes covered by one header block */
#define XLOG_CYCLE_DATA_WORDS	64u
#define XLOG_MIN_RECORD_BSIZE	(16u << 10)
#define XLOG_BIG_RECORD_BSIZE	(32u << 10)
/* Limits of a writer's I/O in flight, which a crash may leave torn. */
#define XLOG_IN_FLIGHT_RECORDS	8u
#define XLOG_IN_FLIGHT_BBS	4096u
#define XLOG_MAX_RECORD_BSIZE	(256u << 10)
#define XLOG_FMT_UNKNOWN	0u
#define XLOG_FMT_LINUX_LE	1u
#define XLOG_FMT_LINUX_BE	2u
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define XLOG_FMT		XLOG_FMT_LINUX_LE
#else
#define XLOG_FMT		XLOG_FMT_LINUX_BE
#endif

struct xlog_rec_header {
	be32_t		h_magicno;
	be32_t		h_cycle;
	be32_t		h_version;
	be32_t		h_len;			/* bytes after the headers */
	be64_t		h_lsn;
	be64_t		h_tail_lsn;
	le32_t		h_crc;			/* 0: not checksummed */
	be32_t		h_prev_block;
	be32_t		h_num_logops;
	be32_t		h_cycle_data[XLOG_CYCLE_DATA_WORDS];
	be32_t		h_fmt;
	xfs_uuid_t	h_fs_uuid;		/* sb_uuid, never sb_meta_uuid */
	be32_t		h_size;			/* nominal record size */
	be32_t		h_pad0;
	uint8_t		h_reserved[184];
};

struct xlog_rec_ext_header {
	be32_t		xh_cycle;
	be32_t		xh_cycle_data[XLOG_CYCLE_DATA_WORDS];
	uint8_t		xh_reserved[252];
};

#define XLOG_REC_CRC_OFF	32
#define XLOG_REC_CRC_LEN	328		/* header bytes covered by the checksum */
#define XLOG_REC_CRC_LEN_I386	324		/* the same for 32-bit x86 writers */
#define XLOG_REC_EXT_CRC_LEN	260

struct xlog_op_header {
	be32_t		oh_tid;
	be32_t		oh_len;
	uint8_t		oh_clientid;
	uint8_t		oh_flags;
	be16_t		oh_res2;
};
#define XLOG_OP_HEADER_BYTES	((uint32_t)sizeof(struct xlog_op_header))

#define XFS_TRANSACTION		0x69		/* oh_clientid */
#define XFS_LOG			0xaa
#define XLOG_START_TRANS	0x01		/* oh_flags */
#define XLOG_COMMIT_TRANS	0x02
#define XLOG_CONTINUE_TRANS	0x04
#define XLOG_WAS_CONT_TRANS	0x08
#define XLOG_END_TRANS		0x10
#define XLOG_UNMOUNT_TRANS	0x20
#define XLOG_UNMOUNT_TYPE	0x556eu		/* first 16 bits of the payload, host order */
#define XLOG_UNMOUNT_PAYLOAD	8u
#define XLOG_UNMOUNT_TID	0xb0c0d0d0u	/* of the record that mkfs writes */

/* The first region of a transaction; host byte order. */
struct xfs_trans_header {
	uint32_t	th_magic;
	uint32_t	th_type;
	int32_t		th_tid;
	uint32_t	th_num_items;
};

#define XFS_TRANS_HEADER_MAGIC	0x5452414eu
#define XFS_TRANS_CHECKPOINT	40u

static inline uint32_t CYCLE_LSN(xfs_lsn_t lsn)
{
	return (uint32_t)((uint64_t)lsn >> 32);
}

static inline uint32_t BLOCK_LSN(xfs_lsn_t lsn)
{
	return (uint32_t)lsn;
}

static inline xfs_lsn_t xlog_assign_lsn(uint32_t cycle, uint32_t block)
{
	return (xfs_lsn_t)((uint64_t)cycle << 32 | block);
}

#define NULLCOMMITLSN	((xfs_lsn_t)-1)

#endif
