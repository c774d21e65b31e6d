/* SPDX-License-Identifier: MIT */
/*
 * An empty log: zeros, and an unmount record in cycle 1.  The zeros matter: leftover blocks with
 * cycle numbers would be taken for a newer log.
 */
#include "disk/log.h"
#include "mkfs/mkfs_priv.h"

static void make_record(const struct xfs_mkfs_plan *plan, uint8_t *buf, uint32_t bytes)
{
	struct xlog_rec_header *head = (void *)buf;
	uint32_t size = XFS_MAX(bytes, XLOG_BIG_RECORD_BSIZE);
	uint32_t headers = (size + XLOG_HEADER_CYCLE_SIZE - 1) / XLOG_HEADER_CYCLE_SIZE;
	uint8_t *data = buf + headers * XFS_BB_SIZE;
	struct xlog_op_header *op = (void *)data;
	uint16_t magic = XLOG_UNMOUNT_TYPE;
	xfs_lsn_t lsn = xlog_assign_lsn(XLOG_INIT_CYCLE, 0);

	memset(buf, 0, bytes);
	head->h_magicno = cpu_to_be32(XLOG_HEADER_MAGIC_NUM);
	head->h_cycle = cpu_to_be32(XLOG_INIT_CYCLE);
	head->h_version = cpu_to_be32(XLOG_VERSION_2);
	head->h_len = cpu_to_be32(bytes - headers * XFS_BB_SIZE);
	head->h_lsn = head->h_tail_lsn = cpu_to_be64((uint64_t)lsn);
	head->h_prev_block = cpu_to_be32(UINT32_MAX);
	head->h_num_logops = cpu_to_be32(1);
	head->h_cycle_data[0] = cpu_to_be32(XLOG_UNMOUNT_TID);
	head->h_fmt = cpu_to_be32(XLOG_FMT);
	head->h_fs_uuid = plan->geo.uuid;
	head->h_size = cpu_to_be32(size);

	/* The cycle replaces the first word of every block. */
	for (uint32_t bb = 1; bb < bytes / XFS_BB_SIZE; bb++)
		put_be32(XLOG_INIT_CYCLE, buf + bb * XFS_BB_SIZE);
	op->oh_len = cpu_to_be32(XLOG_UNMOUNT_PAYLOAD);
	op->oh_clientid = XFS_LOG;
	op->oh_flags = XLOG_UNMOUNT_TRANS;
	memcpy(data + sizeof(*op), &magic, sizeof(magic));
}

int xfs_mkfs_write_log(const struct xfs_mkfs_plan *plan, struct xfs_device *dev, uint64_t offset)
{
	uint64_t log_bytes = (uint64_t)plan->sb.sb_logblocks << plan->sb.sb_blocklog;
	uint32_t record = XFS_MAX(plan->geo.logsunit, 2u * XFS_BB_SIZE);
	uint32_t io = XFS_ALIGN(record, plan->sb.sb_blocksize);
	uint8_t *buf;
	int error;

	error = xfs_device_zero(dev, offset, log_bytes);
	if (error)
		return error;
	buf = xfs_mem_alloc_aligned(&plan->mem, 4096, io);
	if (!buf)
		return -ENOMEM;
	memset(buf, 0, io);
	make_record(plan, buf, record);
	error = xfs_device_pwrite(dev, offset, buf, io, 0);
	xfs_mem_free_aligned(&plan->mem, buf);
	return error;
}
