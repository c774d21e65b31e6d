/* SPDX-License-Identifier: MIT */
/*
 * Copying from file to file: whole blocks are shared where possible, the rest is read and written
 * through memory.
 */
#include "core/message.h"
#include "file/reflink.h"

#define COPY_BYTES	(256u << 10)

static int check(const struct xfs_remap *c)
{
	struct xfs_mount *mp = c->dst->i_mount;

	if (c->src_off > XFS_MAXBYTES || c->dst_off > XFS_MAXBYTES)
		return xfs_error(mp, -EINVAL, "an offset is past the largest one");
	if (mp->m_rdonly)
		return xfs_error(mp, -EROFS, "the file system is mounted read-only");
	if (xfs_is_shutdown(mp))
		return xfs_shutdown_error(mp);
	if (xfs_inode_diflags(c->dst) & XFS_DIFLAG_IMMUTABLE)
		return xfs_error(mp, -EPERM, "inode %" PRIu64 " is immutable", c->dst->i_ino);
	return 0;
}

/* Number of bytes to copy, or an error. */
static int64_t range_of(const struct xfs_remap *c)
{
	struct xfs_mount *mp = c->dst->i_mount;
	uint64_t isize = xfs_isize(c->src), len;

	if (c->src_off >= isize)
		return 0;
	len = XFS_MIN(c->len, isize - c->src_off);
	if (len && c->dst_off >= XFS_MAXBYTES)
		return xfs_error(mp, -EFBIG, "offset %" PRIu64 " is past the largest size", c->dst_off);
	len = XFS_MIN(len, XFS_MAXBYTES - c->dst_off);
	if (c->src == c->dst && c->src_off < c->dst_off + len && c->dst_off < c->src_off + len)
		return xfs_error(mp, -EINVAL, "inode %" PRIu64 ": the ranges overlap", c->dst->i_ino);
	return (int64_t)len;
}

/* Copy bytes [@from, @to) of the range through @buf.  Returns how many were copied, or an error. */
static int64_t copy_bytes(const struct xfs_remap *c, uint64_t from, uint64_t to, uint8_t *buf,
			  uint32_t flags, struct xfs_data_errors_seen *seen)
{
	struct xfs_readahead ra = { .next = 0 };
	uint64_t done = from;

	while (done < to) {
		const struct iovec iov = { buf, (size_t)XFS_MIN(to - done, (uint64_t)COPY_BYTES) };
		struct xfs_write_source source = { .iov = &iov };
		int64_t got = xfs_file_read(c->src, &iov, iov.iov_len, c->src_off + done, 0, &ra), put;

		/* 0: the source was truncated meanwhile. */
		if (got <= 0)
			return done > from ? (int64_t)(done - from) : got;
		put = xfs_file_buffered_write(c->dst, &source, c->dst_off + done, (uint64_t)got, flags,
					      seen);
		if (put < 0)
			return done > from ? (int64_t)(done - from) : put;
		done += (uint64_t)put;
		xfs_nowait_again();
		if (put < got)
			break;
	}
	return (int64_t)(done - from);
}

/*
 * Share the part of the range that consists of whole blocks in both files, or ends where both files
 * end.  False: there is none, or sharing failed; copying will report why. *@error: what a NOWAIT
 * call could share if it waited is not copied instead.
 */
static bool share_middle(const struct xfs_remap *c, uint64_t len, uint64_t *from, uint64_t *to,
			 int *error)
{
	uint64_t block = c->dst->i_mount->m_geo.blocksize, end = c->src_off + len;
	struct xfs_remap part = *c;

	if (!xfs_has_reflink(&c->dst->i_mount->m_geo) || (c->src_off ^ c->dst_off) & (block - 1))
		return false;
	part.src_off = XFS_ALIGN(c->src_off, block);
	if (end != xfs_isize(c->src) || c->dst_off + len < xfs_isize(c->dst))
		end -= end % block;
	if (part.src_off >= end)
		return false;
	*from = part.src_off - c->src_off;
	*to = end - c->src_off;
	part.dst_off += *from;
	part.len = *to - *from;
	*error = xfs_file_remap(&part);
	return *error == 0;
}

int64_t xfs_file_copy_range(const struct xfs_remap *copy, uint32_t flags,
			    struct xfs_data_errors_seen *seen)
{
	struct xfs_mount *mp = copy->dst->i_mount;
	int64_t len, done, rest;
	uint64_t from, to;
	uint8_t *buf;
	int error = check(copy);

	len = error ? error : range_of(copy);
	if (len <= 0)
		return len;
	buf = xfs_malloc(mp, COPY_BYTES);
	if (!buf)
		return xfs_error(mp, -ENOMEM, "out of memory for copying");
	if (share_middle(copy, (uint64_t)len, &from, &to, &error)) {
		/*
		 * A NOWAIT call has changed something here, but not the bytes that its result would
		 * count.
		 */
		done = copy_bytes(copy, 0, from, buf, flags, seen);
		if (done == (int64_t)from) {
			rest = copy_bytes(copy, to, (uint64_t)len, buf, flags, seen);
			done = (int64_t)to + XFS_MAX(rest, (int64_t)0);
		}
	} else if (error == XFS_WOULD_WAIT) {
		done = error;
	} else {
		done = copy_bytes(copy, 0, (uint64_t)len, buf, flags, seen);
	}
	xfs_free(mp, buf);
	return done;
}
