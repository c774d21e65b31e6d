/* SPDX-License-Identifier: MIT */
/* File contents: argument checks and flags; file/ does the work. */
#include <errno.h>
#include <limits.h>
#include <unistd.h>
#include "api/api_priv.h"
#include "api/path.h"
#include "base/iov.h"
#include "file/file.h"
#include "file/truncate.h"

#define STREAM_BYTES	(256u << 10)

static int not_open_for(struct xfs_file *file, const char *what)
{
	return xfs_error(file->f_mount, -EBADF, "the file is not open for %s", what);
}

/* Add @offset to the description of a failure. */
static int64_t at_offset(struct xfs_file *file, const char *call, uint64_t offset, int64_t ret)
{
	if (unlikely(ret < 0)) {
		xfs_mount_ensure_error(file->f_mount, call, (int)ret);
		xfs_error_add(XFS_ERROR_AT_OFFSET, offset);
	}
	return ret;
}

/* The offset of a call that moves bytes is checked before anything else. */
static int check_offset(struct xfs_file *file, uint64_t offset)
{
	if (offset > INT64_MAX)
		return xfs_error(file->f_mount, -EINVAL, "offset %" PRIu64 " is past the largest one",
				 offset);
	return 0;
}

/* Flags of one call.  Those for writing are accepted when reading, without effect. */
#define READ_FLAGS	(XFS_RWF_HIPRI | XFS_RWF_DSYNC | XFS_RWF_SYNC | XFS_RWF_APPEND | XFS_RWF_NOWAIT)
#define WRITE_FLAGS	(XFS_RWF_HIPRI | XFS_RWF_DSYNC | XFS_RWF_SYNC | XFS_RWF_APPEND | XFS_RWF_NOWAIT)

static int take_flags(struct xfs_file *file, unsigned int flags, unsigned int known)
{
	if (flags & ~known)
		return xfs_error(file->f_mount, -EOPNOTSUPP, "unknown flags 0x%x", flags & ~known);
	if (flags & XFS_RWF_NOWAIT)
		xfs_nowait_ask();
	return 0;
}

/* In the order of the system calls: offset, open mode, vector. */
static int check_vector(struct xfs_file *file, const struct iovec *iov, int iovcnt, uint64_t offset,
			bool write, uint64_t *len)
{
	int error = check_offset(file, offset);

	if (error)
		return error;
	if (write ? !xfs_file_can_write(file) : !xfs_file_can_read(file))
		return not_open_for(file, write ? "writing" : "reading");
	if (iovcnt > IOV_MAX)
		return xfs_error(file->f_mount, -EINVAL, "a vector of %d buffers is too long",
				 iovcnt);
	return xfs_iov_total(iov, iovcnt, len);
}

static int64_t do_read(struct xfs_file *file, const struct iovec *iov, uint64_t len, uint64_t offset)
{
	return xfs_file_read(file->f_inode, iov, len, offset,
			     file->f_flags & O_DIRECT ? XFS_READ_DIRECT : 0, &file->f_ra);
}

static int64_t do_preadv(struct xfs_file *file, const struct iovec *iov, int iovcnt,
			 uint64_t offset, unsigned int flags)
{
	uint64_t len;
	int error = check_vector(file, iov, iovcnt, offset, false, &len);

	if (error || !len)
		return error;
	error = take_flags(file, flags, READ_FLAGS);
	return error ? error : do_read(file, iov, len, offset);
}

static int64_t do_pread(struct xfs_file *file, void *buf, size_t len, uint64_t offset)
{
	const struct iovec iov = { .iov_base = buf, .iov_len = len };
	int error = check_offset(file, offset);

	if (error)
		return error;
	if (!xfs_file_can_read(file))
		return not_open_for(file, "reading");
	error = xfs_need_buffer(buf, len);
	return error ? error : do_read(file, &iov, len, offset);
}

ssize_t xfs_pread(struct xfs_file *file, void *buf, size_t len, uint64_t offset)
{
	return XFS_CALL_FILE(
		file, (ssize_t)at_offset(file, __func__, offset, do_pread(file, buf, len, offset)));
}

ssize_t xfs_preadv2(struct xfs_file *file, const struct iovec *iov, int iovcnt, uint64_t offset,
		    unsigned int flags)
{
	return XFS_CALL_FILE(file, (ssize_t)at_offset(file, __func__, offset,
						      do_preadv(file, iov, iovcnt, offset, flags)));
}

ssize_t xfs_preadv(struct xfs_file *file, const struct iovec *iov, int iovcnt, uint64_t offset)
{
	return XFS_CALL_FILE(file, (ssize_t)at_offset(file, __func__, offset,
						      do_preadv(file, iov, iovcnt, offset, 0)));
}

/* Combine the flags of the handle with @rwf, those of the call. */
static uint32_t write_flags(const struct xfs_file *file, unsigned int rwf)
{
	uint32_t flags = xfs_file_sync_flags(file);

	if ((file->f_flags & O_APPEND) || (rwf & XFS_RWF_APPEND))
		flags |= XFS_WRITE_APPEND;
	if (rwf & XFS_RWF_SYNC)
		flags |= XFS_WRITE_SYNC;
	if (rwf & XFS_RWF_DSYNC)
		flags |= XFS_WRITE_DSYNC;
	if (file->f_flags & O_DIRECT)
		flags |= XFS_WRITE_DIRECT;
	return flags;
}

static int64_t do_write(struct xfs_file *file, struct xfs_write_source *source, uint64_t offset,
			uint64_t len, unsigned int rwf)
{
	return xfs_file_buffered_write(file->f_inode, source, offset, len, write_flags(file, rwf),
				       &file->f_wb_seen);
}

static int64_t do_pwritev(struct xfs_file *file, const struct iovec *iov, int iovcnt,
			  uint64_t offset, unsigned int flags)
{
	struct xfs_write_source source = { .iov = iov };
	uint64_t len;
	int error = check_vector(file, iov, iovcnt, offset, true, &len);

	if (error || !len)
		return error;
	error = take_flags(file, flags, WRITE_FLAGS);
	return error ? error : do_write(file, &source, offset, len, flags);
}

/* struct iovec has no const member, but a write only reads the buffers. */
static void *without_const(const void *p)
{
	return (void *)(uintptr_t)p;
}

static int64_t do_pwrite(struct xfs_file *file, const void *buf, size_t len, uint64_t offset)
{
	const struct iovec iov = { .iov_base = without_const(buf), .iov_len = len };
	struct xfs_write_source source = { .iov = &iov };
	int error;

	error = check_offset(file, offset);
	if (error)
		return error;
	if (!xfs_file_can_write(file))
		return not_open_for(file, "writing");
	error = xfs_need_buffer(buf, len);
	return error ? error : do_write(file, &source, offset, len, 0);
}

ssize_t xfs_pwrite(struct xfs_file *file, const void *buf, size_t len, uint64_t offset)
{
	return XFS_CALL_FILE(file, (ssize_t)at_offset(file, __func__, offset,
						      do_pwrite(file, buf, len, offset)));
}

ssize_t xfs_pwritev2(struct xfs_file *file, const struct iovec *iov, int iovcnt, uint64_t offset,
		     unsigned int flags)
{
	return XFS_CALL_FILE(file, (ssize_t)at_offset(file, __func__, offset,
						      do_pwritev(file, iov, iovcnt, offset, flags)));
}

ssize_t xfs_pwritev(struct xfs_file *file, const struct iovec *iov, int iovcnt, uint64_t offset)
{
	return XFS_CALL_FILE(file, (ssize_t)at_offset(file, __func__, offset,
						      do_pwritev(file, iov, iovcnt, offset, 0)));
}

static int64_t do_write_from(struct xfs_file *file, xfs_source_fn fill, void *ctx, uint64_t offset,
			     uint64_t len, unsigned int flags)
{
	struct xfs_write_source source = { .fill = fill, .ctx = ctx };
	int error = check_offset(file, offset);

	if (error)
		return error;
	if (!xfs_file_can_write(file))
		return not_open_for(file, "writing");
	if (!fill)
		return xfs_error(file->f_mount, -EINVAL, "the source is NULL");
	if (!len)
		return 0;
	error = take_flags(file, flags, WRITE_FLAGS);
	return error ? error : do_write(file, &source, offset, len, flags);
}

int64_t xfs_write_from(struct xfs_file *file, xfs_source_fn source, void *ctx, uint64_t offset,
		       uint64_t len, unsigned int flags)
{
	return XFS_CALL_FILE(file,
			     at_offset(file, __func__, offset,
				       do_write_from(file, source, ctx, offset, len, flags)));
}

/* Fill @buf from @fd, or read up to its end: writes of whole buffers make whole extents. */
static ssize_t read_stream(struct xfs_mount *mp, int fd, uint8_t *buf, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t ret = read(fd, buf + done, len - done);

		if (ret < 0 && errno == EINTR)
			continue;
		/* Write what was read before the error; the next read reports the error again. */
		if (ret < 0 && !done)
			return xfs_write_source_error(mp, errno);
		if (ret <= 0)
			break;
		done += (size_t)ret;
	}
	return (ssize_t)done;
}

/* @fd is a stream, which can be read only once, from its current position. */
static int64_t write_from_stream(struct xfs_file *file, int fd, uint64_t len, uint64_t offset)
{
	struct xfs_mount *mp = file->f_mount;
	uint8_t *buf = xfs_malloc(mp, STREAM_BYTES);
	int64_t done = 0, ret = 0;

	if (!buf)
		return xfs_error(mp, -ENOMEM, "out of memory for a copy from a stream");
	while ((uint64_t)done < len) {
		struct iovec iov = { .iov_base = buf };
		struct xfs_write_source source = { .iov = &iov };
		ssize_t got = read_stream(mp, fd, buf, XFS_MIN(len - (uint64_t)done,
							       (uint64_t)STREAM_BYTES));

		if (got <= 0) {
			ret = got;
			break;
		}
		iov.iov_len = (size_t)got;
		ret = do_write(file, &source, offset + (uint64_t)done, (uint64_t)got, 0);
		if (ret > 0)
			done += ret;
		if (ret != got)
			break;
	}
	xfs_free(mp, buf);
	return done ? done : ret;
}

static int64_t do_write_from_fd(struct xfs_file *file, int fd, uint64_t fd_offset, uint64_t len,
				uint64_t offset)
{
	struct xfs_write_source source = { .fd = fd, .fd_offset = fd_offset };

	if (!xfs_file_can_write(file))
		return not_open_for(file, "writing");
	if (fd < 0 || fd_offset > INT64_MAX || len > INT64_MAX - fd_offset)
		return xfs_error(file->f_mount, -EINVAL,
				 "descriptor %d is not valid for %" PRIu64 " bytes at %" PRIu64, fd,
				 len, fd_offset);
	if (lseek(fd, 0, SEEK_CUR) < 0 && errno == ESPIPE)
		return fd_offset ? xfs_error(file->f_mount, -ESPIPE,
					     "descriptor %d is a pipe or socket and has no offsets",
					     fd)
				 : write_from_stream(file, fd, len, offset);
	return do_write(file, &source, offset, len, 0);
}

int64_t xfs_write_from_fd(struct xfs_file *file, int fd, uint64_t fd_offset, uint64_t len,
			  uint64_t offset)
{
	return XFS_CALL_FILE(file, at_offset(file, __func__, offset,
					     do_write_from_fd(file, fd, fd_offset, len, offset)));
}

static int64_t do_read_to_fd(struct xfs_file *file, uint64_t offset, int fd, uint64_t fd_offset,
			     uint64_t len)
{
	int error = check_offset(file, offset);

	if (error)
		return error;
	if (!xfs_file_can_read(file))
		return not_open_for(file, "reading");
	if (fd < 0)
		return xfs_error(file->f_mount, -EBADF, "descriptor %d", fd);
	len = XFS_MIN(len, (uint64_t)INT64_MAX - offset);
	if (lseek(fd, 0, SEEK_CUR) < 0 && errno == ESPIPE) {
		if (fd_offset)
			return xfs_error(file->f_mount, -ESPIPE,
					 "descriptor %d is a pipe or socket and has no offsets",
					 fd);
		fd_offset = XFS_DEV_NO_OFFSET;
	} else if (fd_offset > INT64_MAX) {
		return xfs_error(file->f_mount, -EINVAL, "offset %" PRIu64 " of a host file", fd_offset);
	} else if (len > INT64_MAX - fd_offset) {
		len = INT64_MAX - fd_offset;
	}
	return xfs_file_read_to_fd(file->f_inode, offset, fd, fd_offset, len, &file->f_ra);
}

int64_t xfs_read_to_fd(struct xfs_file *file, uint64_t offset, int fd, uint64_t fd_offset,
		       uint64_t len)
{
	return XFS_CALL_FILE(file, at_offset(file, __func__, offset,
					     do_read_to_fd(file, offset, fd, fd_offset, len)));
}

static int do_fsync(struct xfs_file *file)
{
	if (file->f_flags & O_PATH)
		return not_open_for(file, "anything");
	return xfs_file_fsync(file->f_inode, 0, XFS_MAXBYTES, false, &file->f_wb_seen);
}

int xfs_fsync(struct xfs_file *file)
{
	return XFS_CALL_FILE(file, do_fsync(file));
}

static int do_fdatasync(struct xfs_file *file)
{
	if (file->f_flags & O_PATH)
		return not_open_for(file, "anything");
	return xfs_file_fsync(file->f_inode, 0, XFS_MAXBYTES, true, &file->f_wb_seen);
}

int xfs_fdatasync(struct xfs_file *file)
{
	return XFS_CALL_FILE(file, do_fdatasync(file));
}

/*
 * An invalid size is reported as such, and so is a descriptor that can be written but not resized.
 */
int xfs_file_may_resize(struct xfs_file *file, uint64_t size_bytes)
{
	int error = xfs_check_size(file->f_mount, size_bytes);

	if (error)
		return error;
	if (file->f_flags & O_PATH)
		return not_open_for(file, "anything");
	if (!xfs_is_reg(file->f_inode) || !xfs_file_can_write(file))
		return xfs_error(
			file->f_mount, -EINVAL,
			"only a regular file that is open for writing can change its size");
	return 0;
}

static int do_ftruncate(struct xfs_file *file, uint64_t size_bytes)
{
	int error = xfs_file_may_resize(file, size_bytes);

	return error ? error : xfs_file_truncate(file->f_inode, size_bytes);
}

int xfs_ftruncate(struct xfs_file *file, uint64_t size_bytes)
{
	return XFS_CALL_FILE(file, do_ftruncate(file, size_bytes));
}

static int do_truncate(struct xfs_mount *mp, const char *path, uint64_t size_bytes)
{
	struct xfs_inode *ip;
	int error;

	error = xfs_check_size(mp, size_bytes);
	if (!error)
		error = xfs_path_lookup(mp->m_rootip, path, true, &ip);
	if (error)
		return error;
	error = xfs_file_truncate(ip, size_bytes);
	xfs_irele(ip);
	return error;
}

int xfs_truncate(struct xfs_mount *mp, const char *path, uint64_t size_bytes)
{
	return XFS_CALL_MOUNT(mp, xfs_need_memory(path) ?: do_truncate(mp, path, size_bytes));
}

static int64_t do_seek(struct xfs_file *file, uint64_t offset, int whence)
{
	if (file->f_flags & O_PATH)
		return not_open_for(file, "anything");
	if (whence != SEEK_DATA && whence != SEEK_HOLE)
		return xfs_error(file->f_mount, -EINVAL,
				 "whence %d is neither SEEK_DATA nor SEEK_HOLE", whence);
	return xfs_file_seek(file->f_inode, offset, whence == SEEK_DATA);
}

int64_t xfs_seek(struct xfs_file *file, uint64_t offset, int whence)
{
	return XFS_CALL_FILE(file, do_seek(file, offset, whence));
}
