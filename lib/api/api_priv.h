/* SPDX-License-Identifier: MIT */
/* Private to api/: handles, and the steps that every call takes. */
#ifndef API_API_PRIV_H
#define API_API_PRIV_H

#include <fcntl.h>
#include <xfswrite/xfswrite.h>
#include "base/growable.h"
#include "base/need.h"
#include "core/message.h"
#include "file/file.h"
#include "inode/inode.h"
#include "reclaim/reclaim.h"

/* A handle's record of its last failed call; all (m_error_lock). */
struct xfs_handle_error {
	int error;			/* 0: none */
	struct xfs_error_info *info;	/* the full record; NULL: none yet, or no memory */
};

/* An open object. */
struct xfs_file {
	struct xfs_mount *f_mount;
	struct xfs_inode *f_inode;	/* a reference */
	int f_flags;			/* O_* as given to xfs_open */
	bool f_nowait;			/* (a) calls through the handle do not wait */
	struct xfs_data_errors_seen f_wb_seen;
	struct xfs_readahead f_ra;
	struct xfs_handle_error f_error;
};

struct xfs_dir {
	struct xfs_inode *d_inode;	/* a reference */
	uint64_t d_cookie;		/* where reading continues */
	/* Entries read ahead, packed. */
	char *d_buf;
	uint32_t d_buf_len, d_buf_pos;
	bool d_eof;
	bool d_nowait;			/* (c) inherited from the file handle it was made of */
	struct xfs_handle_error d_error;
};

/*
 * Every public function is one of these macros around a function that does the work.  So every
 * failure has a description, which is kept with the thread, the mount and the handle.  A NULL
 * handle is refused here.
 *	int xfs_fsync(struct xfs_file *file) { return XFS_CALL_FILE(file, do_fsync(file)); }
 * XFS_CALL_AT: the handle is where a path starts, not the object of the failure.
 */
#define XFS_CALL_FILE(file, expr)						\
	XFS_CALL_OBJECT(struct xfs_file, file, xfs_file_mount, xfs_file_nowait,		\
			"the file handle is NULL", xfs_call_end_file, expr)
#define XFS_CALL_AT(dir, expr)							\
	XFS_CALL_OBJECT(struct xfs_file, dir, xfs_file_mount, xfs_file_nowait,		\
			"the file handle is NULL", xfs_call_end_at, expr)
#define XFS_CALL_DIR(dir, expr)							\
	XFS_CALL_OBJECT(struct xfs_dir, dir, xfs_dir_mount, xfs_dir_nowait,		\
			"the directory handle is NULL", xfs_call_end_dir, expr)

static inline struct xfs_mount *xfs_file_mount(const struct xfs_file *file)
{
	return file->f_mount;
}

static inline bool xfs_file_nowait(const struct xfs_file *file)
{
	return __atomic_load_n(&file->f_nowait, __ATOMIC_RELAXED);
}

/* Apply the NOWAIT setting of @file, the second handle of a call. */
static inline void xfs_file_asks_too(const struct xfs_file *file)
{
	if (xfs_file_nowait(file))
		xfs_nowait_ask();
}

static inline bool xfs_dir_nowait(const struct xfs_dir *dir)
{
	return dir->d_nowait;
}

static inline struct xfs_mount *xfs_dir_mount(const struct xfs_dir *dir)
{
	return dir->d_inode->i_mount;
}

/*
 * Record the failure of @call on a handle with record @kept in @mp; @about: the inode concerned, or
 * NULL.
 */
void xfs_handle_failed(struct xfs_mount *mp, struct xfs_handle_error *kept,
		       const struct xfs_inode *about, const char *call, int error);

static inline void xfs_call_end_file(struct xfs_file *file, const char *call, int64_t ret)
{
	if (unlikely(ret < 0) && file)
		xfs_handle_failed(file->f_mount, &file->f_error, file->f_inode, call, (int)ret);
	else
		xfs_call_end(call, ret);
}

static inline void xfs_call_end_at(struct xfs_file *file, const char *call, int64_t ret)
{
	if (unlikely(ret < 0) && file)
		xfs_handle_failed(file->f_mount, &file->f_error, NULL, call, (int)ret);
	else
		xfs_call_end(call, ret);
}

static inline void xfs_call_end_dir(struct xfs_dir *dir, const char *call, int64_t ret)
{
	if (unlikely(ret < 0) && dir)
		xfs_handle_failed(xfs_dir_mount(dir), &dir->d_error, dir->d_inode, call, (int)ret);
	else
		xfs_call_end(call, ret);
}

static inline bool xfs_file_can_read(const struct xfs_file *file)
{
	int mode = file->f_flags & O_ACCMODE;

	return !(file->f_flags & O_PATH) && (mode == O_RDONLY || mode == O_RDWR);
}

/* XFS_WRITE_SYNC or XFS_WRITE_DSYNC, depending on how the handle was opened. */
static inline uint32_t xfs_file_sync_flags(const struct xfs_file *file)
{
	/* O_SYNC includes the bit of O_DSYNC. */
	if ((file->f_flags & O_SYNC) == O_SYNC)
		return XFS_WRITE_SYNC;
	return file->f_flags & O_DSYNC ? XFS_WRITE_DSYNC : 0;
}

static inline bool xfs_file_can_write(const struct xfs_file *file)
{
	int mode = file->f_flags & O_ACCMODE;

	return !(file->f_flags & O_PATH) && (mode == O_WRONLY || mode == O_RDWR);
}

/*
 * xfs_file_alloc() makes a handle for @ip and takes over its reference, also on failure.  It counts
 * writers and truncates nothing.
 */
/*
 * The same in two steps, for calls that create or change what they open: first allocate (freed with
 * xfs_free()), then, when nothing can fail any more, attach the reference of @ip.
 */
int xfs_file_new(struct xfs_mount *mp, struct xfs_file **filep) XFS_MUST_CHECK;
void xfs_file_attach(struct xfs_file *file, struct xfs_inode *ip, int flags);
int xfs_file_alloc(struct xfs_inode *ip, int flags, struct xfs_file **filep) XFS_MUST_CHECK;
void xfs_file_free(struct xfs_file *file);

/* Copy the caller's struct. */
int xfs_take_iattr(struct xfs_iattr *own, const struct xfs_iattr *given) XFS_MUST_CHECK;

/* Whether @file may be resized to @size_bytes through this handle: -EINVAL, -EBADF. */
int xfs_file_may_resize(struct xfs_file *file, uint64_t size_bytes) XFS_MUST_CHECK;

#endif
