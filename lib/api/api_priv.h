/* SPDX-License-Identifier: MIT */
/* What the files of api/ share: handles, and the steps every call takes. */
#ifndef API_API_PRIV_H
#define API_API_PRIV_H

#include <fcntl.h>
#include <xfswrite/xfswrite.h>
#include "base/need.h"
#include "core/message.h"
#include "inode/inode.h"
#include "reclaim/reclaim.h"

/* An open object. */
struct xfs_file {
	struct xfs_mount *f_mount;
	struct xfs_inode *f_inode;	/* a reference */
	int f_flags;			/* O_* as given to xfs_open */
	int f_errno;			/* (m_error_lock) of the newest call that failed; 0: none */
	struct xfs_error_info *f_error;	/* (m_error_lock) the whole of it; NULL: none yet, no memory */
};

struct xfs_dir {
	struct xfs_inode *d_inode;	/* a reference */
	uint64_t d_cookie;		/* where to go on reading */
	/* Entries read ahead, packed. */
	char *d_buf;
	uint32_t d_buf_len, d_buf_pos;
	bool d_eof;
};

/*
 * Every public function is one of these around what does the work, so that no failure leaves without
 * a description, and each is kept with the thread, the mount and the handle.  A handle that is NULL
 * is refused here.
 *	int xfs_fsync(struct xfs_file *file) { return XFS_CALL_FILE(file, do_fsync(file)); }
 * XFS_CALL_AT: the handle is where a path starts, not what the failure is about.
 */
#define XFS_CALL_FILE(file, expr)	XFS_CALL_HANDLE(file, true, expr)
#define XFS_CALL_AT(dir, expr)		XFS_CALL_HANDLE(dir, false, expr)
#define XFS_CALL_HANDLE(file, about_it, expr) ({				\
	struct xfs_file *call_file_ = (file);					\
	int call_error_;							\
										\
	xfs_call_begin();							\
	call_error_ = call_file_ ? xfs_enter(call_file_->f_mount)		\
				 : xfs_error(NULL, -EINVAL, "no file handle");	\
	__typeof__(expr) call_ret_ = call_error_ ? call_error_ : (expr);	\
	if (call_error_)							\
		call_file_ = NULL;						\
	xfs_call_end_file(call_file_, about_it, __func__, call_ret_);		\
	if (call_file_)								\
		xfs_leave(call_file_->f_mount);					\
	call_ret_;								\
})
#define XFS_CALL_DIR(dir, expr) ({						\
	struct xfs_dir *call_dir_ = (dir);					\
	struct xfs_mount *call_mp_ = call_dir_ ? call_dir_->d_inode->i_mount : NULL; \
	int call_error_;							\
										\
	xfs_call_begin();							\
	call_error_ = call_mp_ ? xfs_enter(call_mp_)				\
			       : xfs_error(NULL, -EINVAL, "no directory handle"); \
	__typeof__(expr) call_ret_ = call_error_ ? call_error_ : (expr);	\
	if (call_error_)							\
		call_mp_ = NULL;						\
	xfs_call_end_mount(call_mp_, __func__, call_ret_);			\
	if (call_mp_)								\
		xfs_leave(call_mp_);						\
	call_ret_;								\
})

void xfs_file_failed(struct xfs_file *file, bool about_it, const char *call, int error);

static inline void xfs_call_end_file(struct xfs_file *file, bool about_it, const char *call,
				     int64_t ret)
{
	if (unlikely(ret < 0) && file)
		xfs_file_failed(file, about_it, call, (int)ret);
	else
		xfs_call_end(call, ret);
}

static inline bool xfs_file_can_read(const struct xfs_file *file)
{
	int mode = file->f_flags & O_ACCMODE;

	return !(file->f_flags & O_PATH) && (mode == O_RDONLY || mode == O_RDWR);
}

static inline bool xfs_file_can_write(const struct xfs_file *file)
{
	int mode = file->f_flags & O_ACCMODE;

	return !(file->f_flags & O_PATH) && (mode == O_WRONLY || mode == O_RDWR);
}

/*
 * A handle for @ip, whose reference it takes over (also on failure).  Counts writers, truncates
 * nothing.
 */
/*
 * In two steps, for calls that make or change what they open: memory first (given back with
 * xfs_free()), then, when nothing can fail any more, the reference of @ip.
 */
int xfs_file_new(struct xfs_mount *mp, struct xfs_file **filep) XFS_MUST_CHECK;
void xfs_file_attach(struct xfs_file *file, struct xfs_inode *ip, int flags);
int xfs_file_alloc(struct xfs_inode *ip, int flags, struct xfs_file **filep) XFS_MUST_CHECK;
void xfs_file_free(struct xfs_file *file);

/* Whether the size of @file may become @size_bytes through this handle: -EINVAL, -EBADF. */
int xfs_file_may_resize(struct xfs_file *file, uint64_t size_bytes) XFS_MUST_CHECK;

/*
 * Whether a call on @ip that ended with @error, and has changed nothing, is to be tried once more:
 * because space was reclaimed for it (promises of other files hold back more than they
 * will need), or memory.
 */
static inline bool xfs_api_again(struct xfs_inode *ip, int error, bool *tried)
{
	if ((error != -ENOSPC && error != -ENOMEM) || *tried)
		return false;
	*tried = true;
	if (error == -ENOMEM) {
		(void)xfs_relieve_memory(ip->i_mount);
		return true;
	}
	return xfs_reclaim_for_write(ip, error);
}

#endif
