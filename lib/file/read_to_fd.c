/* SPDX-License-Identifier: MIT */
/*
 * Copying from a file to a host descriptor.  Cached data is written from the cache; other data is
 * copied by the device within the host if it can; the rest is read and written.
 *
 * Pipes and sockets may keep pages of the image instead of copies.  Their reader would then see
 * later changes of these blocks, even by other files after the blocks were freed.  So they get such
 * pages only from a mount that writes nothing, and only such a mount holds the file's lock while it
 * waits for a slow reader.
 */
#include <unistd.h>
#include "core/message.h"
#include "device/copy_out.h"
#include "file/file_priv.h"
#include "pagecache/mapping.h"

/* Sizes of one copy: with the file locked, and through memory. */
#define MAX_PIECE	(16u << 20)
#define BUFFER_BYTES	(256u << 10)

struct to_fd {
	struct xfs_inode *ip;
	int fd;
	uint64_t fd_offset;		/* for byte @pos; or XFS_DEV_NO_OFFSET */
	uint64_t pos, end;
	bool may_pass;			/* the device may copy directly */
	uint8_t *buf;			/* BUFFER_BYTES long; NULL: not needed yet */
	struct xfs_readahead *ra;
};

static int target_error(struct xfs_mount *mp, int host_errno)
{
	static const int passed_on[] = {
		EBADF, EINVAL, ESPIPE, EACCES, EPERM, EAGAIN, EPIPE, ECONNRESET, ENOSPC, EDQUOT, EFBIG,
	};
	int error = -EIO;

	for (size_t i = 0; i < ARRAY_SIZE(passed_on); i++)
		if (host_errno == passed_on[i])
			error = -host_errno;
	return xfs_error(mp, error, "writing the host file: %s", strerror(host_errno));
}

static void move_on(struct to_fd *t, uint64_t len)
{
	t->pos += len;
	if (t->fd_offset != XFS_DEV_NO_OFFSET)
		t->fd_offset += len;
}

/* Write all of @buf, or return an error; t->pos tells how much was written. */
static int write_out(struct to_fd *t, const uint8_t *buf, uint64_t len)
{
	while (len) {
		ssize_t n = t->fd_offset == XFS_DEV_NO_OFFSET
				? write(t->fd, buf, (size_t)len)
				: pwrite(t->fd, buf, (size_t)len, (off_t)t->fd_offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return target_error(t->ip->i_mount, n < 0 ? errno : EIO);
		move_on(t, (uint64_t)n);
		buf += n;
		len -= (uint64_t)n;
	}
	return 0;
}

/* Copy through the buffer, with the file unlocked. 0 with t->pos unchanged: the file ends. */
static int copy_through(struct to_fd *t)
{
	struct xfs_mount *mp = t->ip->i_mount;
	struct iovec iov;
	int64_t got;

	if (!t->buf)
		t->buf = xfs_mem_alloc_aligned(&mp->m_mem, 4096, BUFFER_BYTES);
	if (!t->buf)
		return xfs_error(mp, -ENOMEM, "out of memory for a copy");
	iov.iov_base = t->buf;
	iov.iov_len = (size_t)XFS_MIN(t->end - t->pos, (uint64_t)BUFFER_BYTES);
	got = xfs_file_read(t->ip, &iov, iov.iov_len, t->pos, 0, t->ra);
	return got <= 0 ? (int)got : write_out(t, t->buf, (uint64_t)got);
}

/* Let the device copy @gap bytes that are not cached. -EOPNOTSUPP: it cannot. */
static int pass(struct to_fd *t, uint64_t gap)
{
	struct xfs_inode *ip = t->ip;
	struct xfs_iomap map;
	int64_t n;
	int error;

	error = xfs_read_iomap_begin(ip, t->pos, gap, &map);
	if (error)
		return error;
	if (map.type != XFS_IOMAP_MAPPED)
		return -EOPNOTSUPP;
	if (xfs_nowait())
		return xfs_would_wait("inode %" PRIu64 ": data at %" PRIu64 " must be read", ip->i_ino,
				      t->pos);
	gap = XFS_MIN(gap, xfs_iomap_end_byte(ip, &map) - t->pos);
	n = xfs_device_copy_out(ip->i_mount->m_dev, xfs_iomap_device_byte(ip, &map, t->pos), t->fd,
				t->fd_offset, XFS_MIN(gap, (uint64_t)MAX_PIECE));
	if (n < 0)
		return (int)n;
	move_on(t, (uint64_t)n);
	return 0;
}

/* The same as copy_through(), but from where the bytes are.  IOLOCK held. */
static int copy_locked(struct to_fd *t)
{
	struct xfs_mapping *m = __atomic_load_n(&t->ip->i_mapping, __ATOMIC_ACQUIRE);
	uint64_t end = XFS_MIN(t->end, xfs_isize(t->ip)), len;
	struct xfs_folio *folio = NULL;
	int error;

	if (t->pos >= end)
		return 0;
	len = end - t->pos;
	if (m)
		folio = xfs_mapping_pin(m, t->pos, len, &len);
	if (!folio)
		return pass(t, len);
	len = XFS_MIN(len, end - t->pos);
	error = write_out(t, folio->fo_data + (t->pos - folio->fo_pos), len);
	xfs_folio_unpin(folio);
	return error;
}

static int copy_some(struct to_fd *t)
{
	int error = -EOPNOTSUPP;

	if (t->may_pass) {
		error = xfs_iolock_want_shared(t->ip);
		if (error)
			return error;
		error = copy_locked(t);
		xfs_rwlock_unlock_shared(&t->ip->i_iolock);
	}
	return error == -EOPNOTSUPP ? copy_through(t) : error;
}

int64_t xfs_file_read_to_fd(struct xfs_inode *ip, uint64_t pos, int fd, uint64_t fd_offset,
			    uint64_t len, struct xfs_readahead *ra)
{
	struct xfs_mount *mp = ip->i_mount;
	struct to_fd t = { .ip = ip, .fd = fd, .fd_offset = fd_offset, .pos = pos, .ra = ra };
	int error = 0;

	if (pos > XFS_MAXBYTES)
		return xfs_error(mp, -EINVAL, "offset %" PRIu64 " is past the largest one", pos);
	if (!xfs_is_reg(ip))
		return xfs_error(mp, xfs_is_dir(ip) ? -EISDIR : -EINVAL,
				 "inode %" PRIu64 " is not a regular file", ip->i_ino);
	if (xfs_is_shutdown(mp))
		return xfs_shutdown_error(mp);
	t.end = pos + XFS_MIN(len, XFS_MAXBYTES - pos);
	t.may_pass = fd_offset != XFS_DEV_NO_OFFSET || mp->m_rdonly;
	while (!error && t.pos < t.end) {
		uint64_t before = t.pos;

		error = copy_some(&t);
		if (t.pos == before)
			break;
	}
	xfs_mem_free_aligned(&mp->m_mem, t.buf);
	return t.pos > pos ? (int64_t)(t.pos - pos) : error;
}
