/* SPDX-License-Identifier: MIT */
/* What failing calls left behind: with the thread, the file system, the file handle. */
#include <stdio.h>
#include "api/api_priv.h"

const char *xfs_error_text(const struct xfs_mount *mp)
{
	(void)mp;
	return xfs_error_record()->text;
}

int xfs_mount_error(struct xfs_mount *mp, struct xfs_error_info *info)
{
	int error;

	if (!mp)
		return xfs_error_give(xfs_error_record(), info);
	xfs_mutex_lock(&mp->m_error_lock);
	error = xfs_error_give(&mp->m_error, info);
	xfs_mutex_unlock(&mp->m_error_lock);
	return error;
}

int xfs_file_error(struct xfs_file *file, struct xfs_error_info *info)
{
	struct xfs_error_info plain = { .size = sizeof(plain) };
	struct xfs_mount *mp;
	int error;

	if (!file)
		return xfs_error_give(xfs_error_record(), info);
	mp = file->f_mount;
	xfs_mutex_lock(&mp->m_error_lock);
	if (!file->f_error && file->f_errno)
		xfs_error_plain(file->f_errno, &plain);
	error = xfs_error_give(file->f_error ? file->f_error : &plain, info);
	xfs_mutex_unlock(&mp->m_error_lock);
	return error;
}

size_t xfs_error_copy(struct xfs_mount *mp, char *buf, size_t size)
{
	struct xfs_error_info info = { .size = sizeof(info) };

	xfs_mount_error(mp, &info);
	return (size_t)snprintf(buf, size, "%s", info.text);
}

/*
 * A handle has no memory for a record before its first failure.  If there is none then, the errno
 * remains, and what that means is all that can be told.
 */
static void keep(struct xfs_file *file, const struct xfs_error_info *info)
{
	struct xfs_mount *mp = file->f_mount;
	struct xfs_error_info *mem = NULL;

	if (!__atomic_load_n(&file->f_error, __ATOMIC_RELAXED))
		mem = xfs_malloc(mp, sizeof(*mem));
	xfs_mutex_lock(&mp->m_error_lock);
	if (!file->f_error) {
		__atomic_store_n(&file->f_error, mem, __ATOMIC_RELAXED);
		mem = NULL;
	}
	if (file->f_error)
		memcpy(file->f_error, info, sizeof(*info));
	file->f_errno = info->error;
	xfs_mutex_unlock(&mp->m_error_lock);
	if (mem)
		xfs_free(mp, mem);
}

void xfs_file_failed(struct xfs_file *file, bool about_it, const char *call, int error)
{
	struct xfs_mount *mp = file->f_mount;
	const struct xfs_error_info *info;

	xfs_mount_ensure_error(mp, call, error);
	if (about_it)
		xfs_error_add_ino(file->f_inode->i_ino);
	info = xfs_call_end_mount(mp, call, error);
	if (info)
		keep(file, info);
}
