/* SPDX-License-Identifier: MIT */
/*
 * Reading directories.  Entries are read in batches under the directory's lock and returned one by
 * one, so that the caller may change the directory in between.
 */
#include <dirent.h>
#include "api/path.h"
#include "file/names.h"

#define BATCH_BYTES	32768u

struct packed {
	uint64_t ino, cookie;
	uint8_t type, len;
	char name[];
};

static const uint8_t dirent_types[XFS_DIR3_FT_MAX] = {
	DT_UNKNOWN, DT_REG, DT_DIR, DT_CHR, DT_BLK, DT_FIFO, DT_SOCK, DT_LNK, DT_CHR,
};

static int do_fdopendir(struct xfs_file *file, struct xfs_dir **dirp)
{
	struct xfs_mount *mp = file->f_mount;
	struct xfs_dir *dir;

	*dirp = NULL;
	if (!xfs_is_dir(file->f_inode))
		return xfs_error(mp, -ENOTDIR, "inode %" PRIu64 " is not a directory",
				 file->f_inode->i_ino);
	dir = xfs_zalloc(mp, sizeof(*dir));
	if (dir)
		dir->d_buf = xfs_malloc(mp, BATCH_BYTES);
	if (!dir || !dir->d_buf) {
		xfs_free(mp, dir);
		return xfs_error(mp, -ENOMEM, "out of memory for reading a directory");
	}
	/* A separate reference, so that either handle may be closed first. */
	xfs_ihold(file->f_inode);
	dir->d_inode = file->f_inode;
	dir->d_nowait = xfs_file_nowait(file);
	*dirp = dir;
	return 0;
}

int xfs_fdopendir(struct xfs_file *file, struct xfs_dir **dirp)
{
	if (dirp)
		*dirp = NULL;
	return XFS_CALL_FILE(file, xfs_need_memory(dirp) ?: do_fdopendir(file, dirp));
}

static int do_opendir(struct xfs_mount *mp, const char *path, struct xfs_dir **dirp)
{
	struct xfs_file *file;
	int error;

	*dirp = NULL;
	error = xfs_open(mp, path, O_RDONLY | O_DIRECTORY, 0, &file);
	if (error)
		return error;
	error = xfs_fdopendir(file, dirp);
	xfs_file_free(file);
	return error;
}

int xfs_opendir(struct xfs_mount *mp, const char *path, struct xfs_dir **dirp)
{
	if (dirp)
		*dirp = NULL;
	return XFS_CALL_MOUNT(mp, xfs_need_memory(path, dirp) ?: do_opendir(mp, path, dirp));
}

static uint32_t packed_size(uint32_t name_len)
{
	return XFS_ALIGN((uint32_t)offsetof(struct packed, name) + name_len, 8u);
}

static bool take(void *arg, const struct xfs_name *name, xfs_ino_t ino, uint64_t next_cookie)
{
	struct xfs_dir *dir = arg;
	uint32_t size = packed_size(name->len);
	struct packed *p;

	if (size > BATCH_BYTES - dir->d_buf_len)
		return false;
	p = (struct packed *)(void *)(dir->d_buf + dir->d_buf_len);
	p->ino = ino;
	p->cookie = next_cookie;
	p->type = name->type < XFS_DIR3_FT_MAX ? dirent_types[name->type] : DT_UNKNOWN;
	p->len = (uint8_t)name->len;
	memcpy(p->name, name->name, name->len);
	dir->d_buf_len += size;
	return true;
}

static int fill(struct xfs_dir *dir)
{
	int error;

	dir->d_buf_len = dir->d_buf_pos = 0;
	error = xfs_file_readdir(dir->d_inode, &dir->d_cookie, take, dir);
	/* Return the names in front of an error first; the next call meets the error again. */
	if (dir->d_buf_len)
		return 0;
	dir->d_eof = !error;
	return error;
}

static int do_readdir(struct xfs_dir *dir, struct xfs_dirent *out)
{
	struct xfs_dirent own = { 0 }, *entry = &own;
	const struct packed *p;
	int error;

	if (dir->d_buf_pos == dir->d_buf_len && !dir->d_eof) {
		error = fill(dir);
		if (error)
			return error;
	}
	if (dir->d_eof)
		return 0;
	p = (const struct packed *)(const void *)(dir->d_buf + dir->d_buf_pos);
	dir->d_buf_pos += packed_size(p->len);
	entry->ino = p->ino;
	entry->cookie = p->cookie;
	entry->type = p->type;
	entry->name_len = p->len;
	memcpy(entry->name, p->name, p->len);
	xfs_give_struct(&own, out);
	return 1;
}

int xfs_readdir(struct xfs_dir *dir, struct xfs_dirent *entry)
{
	return XFS_CALL_DIR(dir, xfs_need_struct(xfs_dirent, entry, name) ?:
				 do_readdir(dir, entry));
}

void xfs_seekdir(struct xfs_dir *dir, uint64_t cookie)
{
	if (!dir)
		return;
	xfs_enter_waiting(xfs_dir_mount(dir));
	dir->d_cookie = cookie;
	dir->d_buf_len = dir->d_buf_pos = 0;
	dir->d_eof = false;
	xfs_leave(xfs_dir_mount(dir));
}

void xfs_closedir(struct xfs_dir *dir)
{
	struct xfs_mount *mp;

	if (!dir)
		return;
	mp = xfs_dir_mount(dir);
	xfs_enter_waiting(mp);
	xfs_irele(dir->d_inode);
	xfs_free(mp, dir->d_error.info);
	xfs_free(mp, dir->d_buf);
	xfs_free(mp, dir);
	xfs_leave(mp);
}
