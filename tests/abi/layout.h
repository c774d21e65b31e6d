/* SPDX-License-Identifier: MIT */
/*
 * Where each member of the public structs without pointers lies, on every machine.  A member that is new
 * gets its lines here; those that stand here stay as they are.
 */
#include <stddef.h>

#define SIZE(tag, bytes) \
	_Static_assert(sizeof(struct tag) == (bytes), #tag)
#define AT(tag, member, offset) \
	_Static_assert(offsetof(struct tag, member) == (offset), #tag "." #member)

SIZE(xfs_check_summary, 88);
AT(xfs_check_summary, size, 0);
AT(xfs_check_summary, not_checked, 4);
AT(xfs_check_summary, findings, 8);
AT(xfs_check_summary, inodes, 16);
AT(xfs_check_summary, directories, 24);
AT(xfs_check_summary, files, 32);
AT(xfs_check_summary, symlinks, 40);
AT(xfs_check_summary, specials, 48);
AT(xfs_check_summary, data_extents, 56);
AT(xfs_check_summary, shared_blocks, 64);
AT(xfs_check_summary, metadata_blocks, 72);
AT(xfs_check_summary, free_blocks, 80);

SIZE(xfs_device_info, 32);
AT(xfs_device_info, size, 0);
AT(xfs_device_info, logical_sector, 4);
AT(xfs_device_info, size_bytes, 8);
AT(xfs_device_info, physical_sector, 16);
AT(xfs_device_info, io_min, 20);
AT(xfs_device_info, io_opt, 24);
AT(xfs_device_info, volatile_cache, 28);
AT(xfs_device_info, read_only, 29);
AT(xfs_device_info, growable, 30);
AT(xfs_device_info, rotational, 31);

SIZE(xfs_timespec, 16);
AT(xfs_timespec, tv_sec, 0);
AT(xfs_timespec, tv_nsec, 8);
AT(xfs_timespec, reserved, 12);

SIZE(xfs_error_info, 632);
AT(xfs_error_info, size, 0);
AT(xfs_error_info, error, 4);
AT(xfs_error_info, error_class, 8);
AT(xfs_error_info, known, 12);
AT(xfs_error_info, device_error, 16);
AT(xfs_error_info, agno, 20);
AT(xfs_error_info, block, 24);
AT(xfs_error_info, ino, 32);
AT(xfs_error_info, offset, 40);
AT(xfs_error_info, call, 48);
AT(xfs_error_info, structure, 80);
AT(xfs_error_info, text, 112);
AT(xfs_error_info, failure, 624);

SIZE(xfs_mkfs_geometry, 144);
AT(xfs_mkfs_geometry, size, 0);
AT(xfs_mkfs_geometry, blocksize, 4);
AT(xfs_mkfs_geometry, sectsize, 8);
AT(xfs_mkfs_geometry, inodesize, 12);
AT(xfs_mkfs_geometry, dirblocksize, 16);
AT(xfs_mkfs_geometry, agcount, 20);
AT(xfs_mkfs_geometry, agblocks, 24);
AT(xfs_mkfs_geometry, imaxpct, 28);
AT(xfs_mkfs_geometry, dblocks, 32);
AT(xfs_mkfs_geometry, sunit, 40);
AT(xfs_mkfs_geometry, swidth, 44);
AT(xfs_mkfs_geometry, logblocks, 48);
AT(xfs_mkfs_geometry, min_logblocks, 52);
AT(xfs_mkfs_geometry, log_agno, 56);
AT(xfs_mkfs_geometry, log_agbno, 60);
AT(xfs_mkfs_geometry, logsectsize, 64);
AT(xfs_mkfs_geometry, logsunit, 68);
AT(xfs_mkfs_geometry, free_blocks, 72);
AT(xfs_mkfs_geometry, inodes, 80);
AT(xfs_mkfs_geometry, root_ino, 88);
AT(xfs_mkfs_geometry, sb_versionnum, 96);
AT(xfs_mkfs_geometry, features_ro_compat, 100);
AT(xfs_mkfs_geometry, features_incompat, 104);
AT(xfs_mkfs_geometry, external_log, 108);
AT(xfs_mkfs_geometry, uuid, 109);
AT(xfs_mkfs_geometry, label, 125);
AT(xfs_mkfs_geometry, reserved, 138);

SIZE(xfs_statfs, 48);
AT(xfs_statfs, size, 0);
AT(xfs_statfs, name_max, 4);
AT(xfs_statfs, block_size, 8);
AT(xfs_statfs, blocks, 16);
AT(xfs_statfs, blocks_free, 24);
AT(xfs_statfs, files, 32);
AT(xfs_statfs, files_free, 40);

SIZE(xfs_info, 152);
AT(xfs_info, size, 0);
AT(xfs_info, block_size, 4);
AT(xfs_info, sector_size, 8);
AT(xfs_info, inode_size, 12);
AT(xfs_info, dir_block_size, 16);
AT(xfs_info, ag_count, 20);
AT(xfs_info, ag_blocks, 24);
AT(xfs_info, log_blocks, 28);
AT(xfs_info, data_blocks, 32);
AT(xfs_info, log_sector_size, 40);
AT(xfs_info, log_sunit, 44);
AT(xfs_info, sunit, 48);
AT(xfs_info, swidth, 52);
AT(xfs_info, imaxpct, 56);
AT(xfs_info, features_compat, 60);
AT(xfs_info, features_ro_compat, 64);
AT(xfs_info, features_incompat, 68);
AT(xfs_info, features_log_incompat, 72);
AT(xfs_info, version, 76);
AT(xfs_info, root_ino, 80);
AT(xfs_info, icount, 88);
AT(xfs_info, ifree, 96);
AT(xfs_info, fdblocks, 104);
AT(xfs_info, uuid, 112);
AT(xfs_info, label, 128);
AT(xfs_info, log_internal, 141);
AT(xfs_info, log_dirty, 142);
AT(xfs_info, in_progress, 143);
AT(xfs_info, read_only, 144);
AT(xfs_info, lsn_ahead, 145);
AT(xfs_info, reserved, 146);

SIZE(xfs_iattr, 120);
AT(xfs_iattr, size, 0);
AT(xfs_iattr, valid, 4);
AT(xfs_iattr, mode, 8);
AT(xfs_iattr, uid, 12);
AT(xfs_iattr, gid, 16);
AT(xfs_iattr, projid, 20);
AT(xfs_iattr, xflags, 24);
AT(xfs_iattr, extsize_bytes, 28);
AT(xfs_iattr, cowextsize_bytes, 32);
AT(xfs_iattr, rdev_major, 36);
AT(xfs_iattr, rdev_minor, 40);
AT(xfs_iattr, reserved, 44);
AT(xfs_iattr, size_bytes, 48);
AT(xfs_iattr, atime, 56);
AT(xfs_iattr, mtime, 72);
AT(xfs_iattr, ctime, 88);
AT(xfs_iattr, crtime, 104);

SIZE(xfs_stat, 168);
AT(xfs_stat, size, 0);
AT(xfs_stat, gen, 4);
AT(xfs_stat, ino, 8);
AT(xfs_stat, mode, 16);
AT(xfs_stat, nlink, 20);
AT(xfs_stat, uid, 24);
AT(xfs_stat, gid, 28);
AT(xfs_stat, projid, 32);
AT(xfs_stat, rdev_major, 36);
AT(xfs_stat, rdev_minor, 40);
AT(xfs_stat, blksize, 44);
AT(xfs_stat, xflags, 48);
AT(xfs_stat, extsize_bytes, 52);
AT(xfs_stat, cowextsize_bytes, 56);
AT(xfs_stat, reserved, 60);
AT(xfs_stat, size_bytes, 64);
AT(xfs_stat, blocks512, 72);
AT(xfs_stat, nextents, 80);
AT(xfs_stat, anextents, 88);
AT(xfs_stat, changecount, 96);
AT(xfs_stat, atime, 104);
AT(xfs_stat, mtime, 120);
AT(xfs_stat, ctime, 136);
AT(xfs_stat, crtime, 152);

SIZE(xfs_extent, 32);
AT(xfs_extent, size, 0);
AT(xfs_extent, unwritten, 4);
AT(xfs_extent, shared, 5);
AT(xfs_extent, delalloc, 6);
AT(xfs_extent, last, 7);
AT(xfs_extent, offset, 8);
AT(xfs_extent, length, 16);
AT(xfs_extent, device_offset, 24);

SIZE(xfs_dirent, 280);
AT(xfs_dirent, size, 0);
AT(xfs_dirent, type, 4);
AT(xfs_dirent, name_len, 5);
AT(xfs_dirent, reserved, 6);
AT(xfs_dirent, ino, 8);
AT(xfs_dirent, cookie, 16);
AT(xfs_dirent, name, 24);
