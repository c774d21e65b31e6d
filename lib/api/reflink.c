/* SPDX-License-Identifier: MIT */
/* Sharing contents between files: argument checks; file/ does the work. */
#include <xfswrite/reflink.h>
#include "api/api_priv.h"
#include "file/reflink.h"

/* Check two handles, in the order of the system calls. */
static int check_handles(struct xfs_file *src, struct xfs_file *dst)
{
	struct xfs_mount *mp = dst->f_mount;
	int error = xfs_need_object(src);

	if (error)
		return error;
	xfs_file_asks_too(src);
	if (src->f_mount != mp)
		return xfs_error(mp, -EXDEV, "the files are of different file systems");
	if ((src->f_flags | dst->f_flags) & O_PATH)
		return xfs_error(mp, -EBADF, "a file is not open for anything");
	if (xfs_is_dir(src->f_inode) || xfs_is_dir(dst->f_inode))
		return xfs_error(mp, -EISDIR, "a directory has no contents to share");
	if (!xfs_is_reg(src->f_inode) || !xfs_is_reg(dst->f_inode))
		return xfs_error(mp, -EINVAL, "only regular files can share blocks");
	return 0;
}

static int check_modes(struct xfs_file *src, struct xfs_file *dst)
{
	if (!xfs_file_can_read(src))
		return xfs_error(dst->f_mount, -EBADF, "the source is not open for reading");
	if (!xfs_file_can_write(dst) || dst->f_flags & O_APPEND)
		return xfs_error(dst->f_mount, -EBADF, "the destination is not open for writing at "
				 "offsets");
	return 0;
}

/* Sync the destination if it is open with O_SYNC or its inode is always synchronous. */
static int sync_destination(struct xfs_file *dst)
{
	uint32_t flags = xfs_file_sync_flags(dst);

	/* Including the times, as in the system call. */
	if (xfs_inode_diflags(dst->f_inode) & XFS_DIFLAG_SYNC)
		flags = XFS_WRITE_SYNC;
	return xfs_file_fsync_written(dst->f_inode, 0, XFS_MAXBYTES, flags, &dst->f_wb_seen);
}

static int do_clone(struct xfs_file *src, uint64_t src_offset, struct xfs_file *dst,
		    uint64_t dst_offset, uint64_t len)
{
	struct xfs_remap remap;
	int error = check_handles(src, dst);

	if (!error)
		error = check_modes(src, dst);
	if (!error)
		error = xfs_file_want_async(dst->f_inode, xfs_file_sync_flags(dst));
	if (error)
		return error;
	remap = (struct xfs_remap){
		.src = src->f_inode, .dst = dst->f_inode,
		.src_off = src_offset, .dst_off = dst_offset, .len = len,
	};
	error = xfs_file_remap(&remap);
	return error ? error : sync_destination(dst);
}

int xfs_clone_range(struct xfs_file *src, uint64_t src_offset, struct xfs_file *dst,
		    uint64_t dst_offset, uint64_t len)
{
	return XFS_CALL_FILE(dst, do_clone(src, src_offset, dst, dst_offset, len));
}

static int64_t do_copy(struct xfs_file *src, uint64_t src_offset, struct xfs_file *dst,
		       uint64_t dst_offset, uint64_t len)
{
	const struct xfs_remap copy = {
		.src = src ? src->f_inode : NULL, .dst = dst->f_inode,
		.src_off = src_offset, .dst_off = dst_offset, .len = len,
	};
	int64_t done;
	int error = check_handles(src, dst);

	if (!error)
		error = check_modes(src, dst);
	if (!error)
		error = xfs_file_want_async(dst->f_inode, xfs_file_sync_flags(dst));
	if (error)
		return error;
	done = xfs_file_copy_range(&copy, 0, &dst->f_wb_seen);
	error = done > 0 ? sync_destination(dst) : 0;
	return error ? error : done;
}

int64_t xfs_copy_range(struct xfs_file *src, uint64_t src_offset, struct xfs_file *dst,
		       uint64_t dst_offset, uint64_t len)
{
	return XFS_CALL_FILE(dst, do_copy(src, src_offset, dst, dst_offset, len));
}

/* A caller who may not write to the file and does not own it may not change how it is stored. */
static int may_dedupe(struct xfs_file *dst)
{
	struct xfs_mount *mp = dst->f_mount;

	if (!mp->m_unprivileged || xfs_file_can_write(dst) || dst->f_inode->i_uid == mp->m_uid)
		return 0;
	return xfs_error(mp, -EPERM,
			 "the destination is not open for writing and belongs to another user");
}

static int64_t do_dedupe(struct xfs_file *src, uint64_t src_offset, struct xfs_file *dst,
			 uint64_t dst_offset, uint64_t len)
{
	struct xfs_remap remap;
	int error = check_handles(src, dst);

	if (!error && !xfs_file_can_read(src))
		error = xfs_error(dst->f_mount, -EINVAL, "the source is not open for reading");
	if (!error)
		error = may_dedupe(dst);
	if (error)
		return error;
	remap = (struct xfs_remap){
		.src = src->f_inode, .dst = dst->f_inode, .dedupe = true,
		.src_off = src_offset, .dst_off = dst_offset, .len = len,
	};
	error = xfs_file_remap(&remap);
	return error ? error : (int64_t)len;
}

int64_t xfs_dedupe_range(struct xfs_file *src, uint64_t src_offset, struct xfs_file *dst,
			 uint64_t dst_offset, uint64_t len)
{
	return XFS_CALL_FILE(dst, do_dedupe(src, src_offset, dst, dst_offset, len));
}
