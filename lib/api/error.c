/* SPDX-License-Identifier: MIT */
/* Error records of failed calls, kept with the thread, the file system and the handle. */
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

static int give_kept(struct xfs_mount *mp, const struct xfs_handle_error *kept,
		     struct xfs_error_info *info)
{
	struct xfs_error_info plain = { .size = sizeof(plain) };
	int error;

	xfs_mutex_lock(&mp->m_error_lock);
	if (!kept->info && kept->error)
		xfs_error_plain(kept->error, &plain);
	error = xfs_error_give(kept->info ? kept->info : &plain, info);
	xfs_mutex_unlock(&mp->m_error_lock);
	return error;
}

int xfs_file_error(struct xfs_file *file, struct xfs_error_info *info)
{
	return file ? give_kept(file->f_mount, &file->f_error, info)
		    : xfs_error_give(xfs_error_record(), info);
}

int xfs_dir_error(struct xfs_dir *dir, struct xfs_error_info *info)
{
	return dir ? give_kept(xfs_dir_mount(dir), &dir->d_error, info)
		   : xfs_error_give(xfs_error_record(), info);
}

size_t xfs_error_copy(struct xfs_mount *mp, char *buf, size_t size)
{
	struct xfs_error_info info = { .size = sizeof(info) };

	xfs_mount_error(mp, &info);
	return (size_t)snprintf(buf, buf ? size : 0, "%s", info.text);
}

/*
 * A handle allocates its record at its first failure.  If that fails, only the errno is kept, and
 * its general meaning is all that can be reported.
 */
static void keep(struct xfs_mount *mp, struct xfs_handle_error *kept,
		 const struct xfs_error_info *info)
{
	struct xfs_error_info *mem = NULL;

	if (!__atomic_load_n(&kept->info, __ATOMIC_RELAXED))
		mem = xfs_malloc(mp, sizeof(*mem));
	xfs_mutex_lock(&mp->m_error_lock);
	if (!kept->info) {
		__atomic_store_n(&kept->info, mem, __ATOMIC_RELAXED);
		mem = NULL;
	}
	if (kept->info)
		memcpy(kept->info, info, sizeof(*info));
	kept->error = info->error;
	xfs_mutex_unlock(&mp->m_error_lock);
	if (mem)
		xfs_free(mp, mem);
}

void xfs_handle_failed(struct xfs_mount *mp, struct xfs_handle_error *kept,
		       const struct xfs_inode *about, const char *call, int error)
{
	const struct xfs_error_info *info;

	xfs_mount_ensure_error(mp, call, error);
	if (about)
		xfs_error_add(XFS_ERROR_AT_INO, about->i_ino);
	info = xfs_call_end_mount(mp, call, error);
	if (info)
		keep(mp, kept, info);
}
