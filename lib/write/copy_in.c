/* SPDX-License-Identifier: MIT */
/*
 * Large parts of a host file are written to the device without the page cache.  The host copies
 * them within its own memory or shares the blocks; through folios every byte would be copied twice.
 *
 * First the blocks are allocated as unwritten ones.  Then the data is written.  Then a transaction
 * marks them as written and moves the size, and its checkpoint is not on disk before the data is.
 * So no crash exposes old contents of the blocks, and a copy that fails leaves the range as it was.
 * The caller then goes through the page cache, which reports errors as for any other data.
 *
 * The mapping depends only on the request, not on what the host can do.  If the host cannot copy,
 * the device copies through memory, to the same blocks.
 */
#include <sys/stat.h>
#include "device/queue.h"
#include "write/write_priv.h"

/*
 * Size of one copy: other threads wait for the device meanwhile, and a cancel is noticed between
 * two.
 */
#define MAX_PIECE	(16u << 20)

uint64_t xfs_copy_in_end(const struct xfs_write_source *source)
{
	struct stat st;

	/* Other kinds of files do not tell how much can be read. */
	if (source->iov || source->fill || xfs_nowait() || fstat(source->fd, &st) || !S_ISREG(st.st_mode) || st.st_size < 0)
		return 0;
	return (uint64_t)st.st_size;
}

/* Size of the whole blocks from @pos on that can be copied at once; 0: too few. */
static uint64_t piece_bytes(const struct xfs_inode *ip, struct xfs_mapping *m, uint64_t pos,
			    uint64_t len, const struct xfs_iomap *map)
{
	const struct xfs_mount *mp = ip->i_mount;
	uint64_t block = mp->m_geo.blocksize;

	if (!mp->m_copy_in_bytes || pos % block || len < mp->m_copy_in_bytes)
		return 0;
	/* CoW must keep the old blocks visible until the data is written: write-back does that. */
	if (map->type == XFS_IOMAP_HOLE || map->flags & XFS_IOMAP_F_SHARED)
		return 0;
	len = XFS_MIN(len, (uint64_t)MAX_PIECE);
	len = XFS_MIN(len, xfs_iomap_end_byte(ip, map) - pos);
	len -= len % block;
	return len >= mp->m_copy_in_bytes && xfs_mapping_may_pass(m, pos, pos + len) ? len : 0;
}

int64_t xfs_copy_in(struct xfs_inode *ip, struct xfs_mapping *m, int fd, uint64_t fd_pos,
		    uint64_t pos, uint64_t len, const struct xfs_iomap *map)
{
	struct xfs_mount *mp = ip->i_mount;
	uint32_t block_log = mp->m_geo.blocklog;
	struct xfs_bmbt_irec irec;
	int error = 0;

	len = piece_bytes(ip, m, pos, len, map);
	if (!len)
		return 0;
	irec.br_startoff = pos >> block_log;
	irec.br_blockcount = len >> block_log;
	if (map->type == XFS_IOMAP_DELALLOC)
		error = xfs_allocate_unwritten(ip, irec.br_startoff, irec.br_blockcount, &irec);
	else
		irec.br_startblock = map->startblock + (irec.br_startoff - map->off_fsb);
	if (error)
		return error;
	len = irec.br_blockcount << block_log;
	/* Older queued data must not be written over this. */
	xfs_queue_submit(mp->m_queue);
	error = xfs_device_copy_range(mp->m_dev, xfs_fsb_to_bytes(&mp->m_geo, irec.br_startblock),
				      fd, fd_pos, len);
	xfs_queue_note_write(mp->m_queue);
	if (!error)
		error = xfs_publish_blocks(ip, &irec);
	XFS_TRACE(mp, xfs_copy_in, ip->i_ino, pos, len, error);
	return error ? error : (int64_t)(irec.br_blockcount << block_log);
}
