/* SPDX-License-Identifier: MIT */
/* What the files of api/ share: handles, and the steps every call takes. */
#ifndef API_API_PRIV_H
#define API_API_PRIV_H

#include <fcntl.h>
#include <xfswrite/xfswrite.h>
#include "core/message.h"
#include "inode/inode.h"
#include "reclaim/reclaim.h"

/* An open object. */
struct xfs_file {
	struct xfs_mount *f_mount;
	struct xfs_inode *f_inode;	/* a reference */
	int f_flags;			/* O_* as given to xfs_open */
};

struct xfs_dir {
	struct xfs_inode *d_inode;	/* a reference */
	uint64_t d_cookie;		/* where to go on reading */
	/* Entries read ahead, packed. */
	char *d_buf;
	uint32_t d_buf_len, d_buf_pos;
	bool d_eof;
};

static inline bool xfs_file_can_read(const struct xfs_file *file)
{
	return !(file->f_flags & O_PATH) && (file->f_flags & O_ACCMODE) != O_WRONLY;
}

static inline bool xfs_file_can_write(const struct xfs_file *file)
{
	return !(file->f_flags & O_PATH) && (file->f_flags & O_ACCMODE) != O_RDONLY;
}

/*
 * A handle for @ip, whose reference it takes over (also on failure).  Counts writers, truncates
 * nothing.
 */
int xfs_file_alloc(struct xfs_inode *ip, int flags, struct xfs_file **filep) XFS_MUST_CHECK;
void xfs_file_free(struct xfs_file *file);

/*
 * Whether a call on @ip that ended with @error is to be tried once more, because space was
 * reclaimed for it: promises of other files hold back more than they will need.
 */
static inline bool xfs_api_again(struct xfs_inode *ip, int error, bool *tried)
{
	if (error != -ENOSPC || *tried)
		return false;
	*tried = true;
	return xfs_reclaim_for_write(ip, error);
}

#endif
