/* SPDX-License-Identifier: MIT */
/*
 * Symbolic links.  A short target is in the inode; a longer one in blocks, with one header for each
 * contiguous extent.
 */
#include "disk/symlink.h"
#include "disk/verify.h"
#include "namei/namei_priv.h"
#include "trans/resv.h"

static const struct xfs_buf_ops symlink_buf_ops = {
	.name = "symbolic link",
	.blft = XFS_BLFT_SYMLINK,
	.has_crc = true,
	.crc_off = XFS_SYMLINK_CRC_OFF,
	.lsn_off = XFS_SYMLINK_LSN_OFF,
	.verify = xfs_symlink_verify,
};

/* Blocks for a target of @len bytes, even if each block has a header. */
static xfs_extlen_t target_blocks(const struct xfs_geometry *geo, uint32_t len)
{
	return (xfs_extlen_t)xfs_howmany64(len, XFS_SYMLINK_BUF_SPACE(geo->blocksize));
}

uint32_t xfs_symlink_blocks(const struct xfs_mount *mp, uint32_t len)
{
	if (!len)
		return 0;
	return target_blocks(&mp->m_geo, len) * (1 + xfs_bmap_add_blocks(mp, XFS_DATA_FORK));
}

static int write_remote(struct xfs_trans *tp, struct xfs_inode *ip, const uint8_t *target,
			uint32_t len)
{
	struct xfs_mount *mp = tp->t_mount;
	const struct xfs_geometry *geo = &mp->m_geo;
	xfs_extlen_t blocks = target_blocks(geo, len);
	uint32_t done = 0;
	int error;

	for (xfs_fileoff_t bno = 0; done < len;) {
		struct xfs_dsymlink_hdr *hdr;
		struct xfs_bmbt_irec map;
		struct xfs_buf *bp;
		uint32_t bytes, room;

		if (bno >= blocks)
			return xfs_corrupt(mp, "symbolic link", "inode %" PRIu64 " has too few blocks",
					   ip->i_ino);
		error = xfs_bmapi_write(tp, ip, bno, blocks - bno, XFS_BMAPI_METADATA, &map);
		if (error)
			return error;
		bytes = (uint32_t)(map.br_blockcount << geo->blocklog);
		error = xfs_buf_get(mp, XFS_FSB_TO_DADDR(geo, map.br_startblock), bytes,
				    &symlink_buf_ops, &bp);
		if (error)
			return error;
		room = XFS_MIN(XFS_SYMLINK_BUF_SPACE(bytes), len - done);
		hdr = bp->b_addr;
		hdr->sl_magic = cpu_to_be32(XFS_SYMLINK_MAGIC);
		hdr->sl_offset = cpu_to_be32(done);
		hdr->sl_bytes = cpu_to_be32(room);
		hdr->sl_uuid = geo->meta_uuid;
		hdr->sl_owner = cpu_to_be64(ip->i_ino);
		hdr->sl_blkno = cpu_to_be64((uint64_t)bp->b_daddr);
		memcpy(hdr + 1, target + done, room);
		xfs_trans_log_buf_all(tp, bp);
		xfs_buf_put(bp);
		done += room;
		bno += map.br_blockcount;
	}
	return 0;
}

int xfs_symlink_set(struct xfs_trans *tp, struct xfs_inode *ip, const uint8_t *target,
		    uint32_t len)
{
	int error;

	if (len <= xfs_inode_data_fork_size(ip)) {
		error = xfs_init_local_fork(ip, XFS_DATA_FORK, target, len);
		if (error)
			return error;
		ip->i_disk_size = ip->i_size = len;
		xfs_trans_log_inode(tp, ip, XFS_ILOG_CORE | XFS_ILOG_DDATA);
		return 0;
	}
	error = write_remote(tp, ip, target, len);
	if (error)
		return error;
	ip->i_disk_size = ip->i_size = len;
	xfs_trans_log_inode(tp, ip, XFS_ILOG_CORE);
	return 0;
}

int xfs_symlink_to_remote(struct xfs_trans *tp, struct xfs_inode *ip)
{
	uint8_t target[XFS_SYMLINK_MAXLEN];
	uint32_t len = ip->i_df.if_bytes;

	if (XFS_IS_CORRUPT(ip->i_mount, "symlink", ip->i_ino,
			   ip->i_df.if_format != XFS_DINODE_FMT_LOCAL || len == 0 ||
				   len >= sizeof(target)))
		return -EUCLEAN;
	memcpy(target, ip->i_df.if_data, len);
	xfs_idestroy_fork(ip, XFS_DATA_FORK);
	xfs_ifork_init_empty(&ip->i_df);
	xfs_trans_log_inode(tp, ip, XFS_ILOG_CORE | XFS_ILOG_DEXT);
	return write_remote(tp, ip, target, len);
}

static int read_remote(struct xfs_inode *ip, char *target, uint32_t len)
{
	struct xfs_mount *mp = ip->i_mount;
	const struct xfs_geometry *geo = &mp->m_geo;
	struct xfs_bmbt_irec maps[XFS_SYMLINK_MAPS];
	int nmaps = XFS_SYMLINK_MAPS, error;
	uint32_t done = 0;

	error = xfs_bmapi_read(ip, 0, target_blocks(geo, len), maps, &nmaps, 0);
	if (error)
		return error;
	for (int i = 0; i < nmaps && done < len; i++) {
		const struct xfs_dsymlink_hdr *hdr;
		xfs_failaddr_t fa;
		struct xfs_buf *bp;
		uint32_t bytes;

		if (maps[i].br_startblock == XFS_HOLESTARTBLOCK ||
		    maps[i].br_startblock == XFS_DELAYSTARTBLOCK)
			break;
		error = xfs_buf_read(mp, XFS_FSB_TO_DADDR(geo, maps[i].br_startblock),
				     (uint32_t)(maps[i].br_blockcount << geo->blocklog),
				     &symlink_buf_ops, &bp);
		if (error)
			return error;
		hdr = bp->b_addr;
		fa = xfs_symlink_check(hdr, bp->b_len, ip->i_ino, done, len);
		bytes = be32_to_cpu(hdr->sl_bytes);
		if (fa || bytes > len - done || bytes > XFS_SYMLINK_BUF_SPACE(bp->b_len)) {
			xfs_buf_put(bp);
			return xfs_corrupt(mp, "symbolic link", "inode %" PRIu64 ": %s", ip->i_ino,
					   fa ? fa : "pieces are longer than the target");
		}
		memcpy(target + done, hdr + 1, bytes);
		done += bytes;
		xfs_buf_put(bp);
	}
	if (done != len)
		return xfs_corrupt(mp, "symbolic link",
				   "inode %" PRIu64 ": only %u of %u bytes were found", ip->i_ino,
				   done, len);
	return 0;
}

ssize_t xfs_readlink_inode(struct xfs_inode *ip, char *buf, size_t size)
{
	struct xfs_mount *mp = ip->i_mount;
	char target[XFS_SYMLINK_MAXLEN];
	uint32_t len;
	bool excl;
	int error;

	if (!xfs_is_symlink(ip))
		return xfs_error(mp, -EINVAL, "inode %" PRIu64 " is not a symbolic link",
				 ip->i_ino);
	error = xfs_ilock_map(ip, XFS_DATA_FORK, &excl);
	if (error)
		return error;
	if (ip->i_disk_size <= 0 || ip->i_disk_size >= (xfs_fsize_t)sizeof(target)) {
		error = xfs_corrupt(mp, "symbolic link", "inode %" PRIu64 " has a target of %" PRId64
				    " bytes", ip->i_ino, ip->i_disk_size);
		len = 0;
	} else {
		len = (uint32_t)ip->i_disk_size;
		if (ip->i_df.if_format != XFS_DINODE_FMT_LOCAL)
			error = read_remote(ip, target, len);
		else if (ip->i_df.if_bytes >= len)
			memcpy(target, ip->i_df.if_data, len);
		else
			error = xfs_corrupt(mp, "symbolic link", "inode %" PRIu64 " is too short",
					    ip->i_ino);
	}
	xfs_iunlock_map(ip, excl);
	/* The inode's verifier checks only targets inside the inode. */
	if (!error && memchr(target, 0, len))
		error = xfs_corrupt(mp, "symbolic link", "inode %" PRIu64 ": NUL in the target",
				    ip->i_ino);
	if (error)
		return error;
	if (size)
		memcpy(buf, target, XFS_MIN(size, (size_t)len));
	return (ssize_t)len;
}

/* Invalidate the buffers of all blocks, which are about to be freed. */
static int forget_bufs(struct xfs_trans *tp, struct xfs_inode *ip)
{
	struct xfs_mount *mp = tp->t_mount;
	const struct xfs_geometry *geo = &mp->m_geo;
	struct xfs_bmbt_irec maps[XFS_SYMLINK_MAPS];
	int nmaps = XFS_SYMLINK_MAPS;
	int error;

	error = xfs_bmapi_read(ip, 0, target_blocks(geo, XFS_SYMLINK_MAXLEN), maps, &nmaps, 0);
	for (int i = 0; i < nmaps && !error; i++) {
		struct xfs_buf *bp;

		if (maps[i].br_startblock == XFS_HOLESTARTBLOCK)
			continue;
		error = xfs_buf_get(mp, XFS_FSB_TO_DADDR(geo, maps[i].br_startblock),
				    (uint32_t)(maps[i].br_blockcount << geo->blocklog),
				    &symlink_buf_ops, &bp);
		if (error)
			break;
		xfs_trans_binval(tp, bp);
		xfs_buf_put(bp);
	}
	return error;
}

int xfs_symlink_inactive(struct xfs_inode *ip)
{
	struct xfs_mount *mp = ip->i_mount;
	struct xfs_trans *tp;
	bool done;
	int error;

	if (ip->i_df.if_format == XFS_DINODE_FMT_LOCAL)
		return 0;
	error = xfs_trans_alloc(mp, XFS_RESV_SYMLINK_FREE, 0, XFS_TRANS_FREES, &tp);
	if (error)
		return error;
	xfs_ilock_excl(ip);
	error = forget_bufs(tp, ip);
	if (!error)
		error = xfs_bunmapi(tp, ip, 0, target_blocks(&mp->m_geo, XFS_SYMLINK_MAXLEN),
				    XFS_BMAPI_METADATA, XFS_SYMLINK_MAPS, &done);
	if (!error) {
		/*
		 * After a crash from here on, the kernel may be the one that frees the inode.  It
		 * leaves a symbolic link without a target on the unlinked list for ever, so make it
		 * a regular file.
		 */
		ip->i_mode = (uint16_t)(S_IFREG | (ip->i_mode & ~S_IFMT));
		ip->i_disk_size = ip->i_size = 0;
		xfs_trans_log_inode(tp, ip, XFS_ILOG_CORE);
	}
	xfs_iunlock_excl(ip);
	return xfs_trans_finish(tp, error);
}
