/* SPDX-License-Identifier: MIT */
/*
 * Pure verifiers: they get bytes and a geometry and return NULL or the check that failed.
 *
 * The block forms share one signature, so that buffer ops can name them:
 *
 *   xfs_failaddr_t f(geo, block, len, daddr)
 *
 * They check structure only.  The caller has checked the checksum (at the CRC offset of the
 * structure's header), and the LSN if it knows the head of the log.  They never read outside
 * [@block, @block + @len), whatever it contains, and do the same after a read and before a write.
 *
 * Owner fields are checked for being possible.  That a block belongs to the inode through which it
 * was reached is checked by the "_check" forms or the caller.
 */
#ifndef DISK_VERIFY_H
#define DISK_VERIFY_H

#include <stdbool.h>
#include "base/types.h"
#include "disk/attr.h"
#include "disk/dir.h"
#include "disk/geometry.h"
#include "disk/inode.h"
#include "disk/irec.h"
#include "disk/sb.h"

/* ------------------------------------------------------------- superblock */

/*
 * Everything that makes a file system impossible to open, for a primary or secondary superblock.
 * Unknown feature bits are not checked.  While sb_inprogress is set, the root inode may be unset.
 */
xfs_failaddr_t xfs_sb_verify(const struct xfs_sb *sb);

/* In addition, for a primary superblock that is about to be written: its counters are possible. */
xfs_failaddr_t xfs_sb_counters_verify(const struct xfs_sb *sb);

/*
 * What this library may do with a file system, judged by its feature bits and sb_flags only.
 * *@reason (may be NULL) says why it is not read-write.  The caller checks for sb_inprogress, an
 * external log without a device, and a dirty log.
 */
enum xfs_sb_access {
	XFS_SB_READ_WRITE,
	XFS_SB_READ_ONLY,
	XFS_SB_REFUSE,
};
enum xfs_sb_access xfs_sb_access(const struct xfs_sb *sb, const char **reason);

/* Incompatible features that can be read and written. */
#define XFS_SB_FEAT_INCOMPAT_SUPPORTED \
	(XFS_SB_FEAT_INCOMPAT_FTYPE | XFS_SB_FEAT_INCOMPAT_SPINODES | \
	 XFS_SB_FEAT_INCOMPAT_META_UUID | XFS_SB_FEAT_INCOMPAT_BIGTIME | \
	 XFS_SB_FEAT_INCOMPAT_NREXT64 | XFS_SB_FEAT_INCOMPAT_EXCHRANGE | \
	 XFS_SB_FEAT_INCOMPAT_PARENT | XFS_SB_FEAT_INCOMPAT_METADIR)

/*
 * A superblock as a buffer: xfs_sb_verify(), the counters if it is the primary, and unit sizes
 * equal to those of @geo (a superblock never changes them).
 */
xfs_failaddr_t xfs_sb_buf_verify(const struct xfs_geometry *geo, const void *block, size_t len,
				 xfs_daddr_t daddr);

/* -------------------------------------------------------------- AG headers */

/*
 * The length of the last AG is checked only for being possible, because it changes in the log
 * before it changes in the superblock.  Whoever opens an AG compares agf_length with
 * xfs_ag_block_count().
 */
xfs_failaddr_t xfs_agf_verify(const struct xfs_geometry *geo, const void *block, size_t len,
			      xfs_daddr_t daddr);
xfs_failaddr_t xfs_agi_verify(const struct xfs_geometry *geo, const void *block, size_t len,
			      xfs_daddr_t daddr);
xfs_failaddr_t xfs_agfl_verify(const struct xfs_geometry *geo, const void *block, size_t len,
			       xfs_daddr_t daddr);

/* ----------------------------------------------------------- B+tree blocks */

xfs_failaddr_t xfs_bnobt_verify(const struct xfs_geometry *geo, const void *block, size_t len,
				xfs_daddr_t daddr);
xfs_failaddr_t xfs_cntbt_verify(const struct xfs_geometry *geo, const void *block, size_t len,
				xfs_daddr_t daddr);
xfs_failaddr_t xfs_inobt_verify(const struct xfs_geometry *geo, const void *block, size_t len,
				xfs_daddr_t daddr);
xfs_failaddr_t xfs_finobt_verify(const struct xfs_geometry *geo, const void *block, size_t len,
				 xfs_daddr_t daddr);
xfs_failaddr_t xfs_rmapbt_verify(const struct xfs_geometry *geo, const void *block, size_t len,
				 xfs_daddr_t daddr);
xfs_failaddr_t xfs_refcountbt_verify(const struct xfs_geometry *geo, const void *block, size_t len,
				     xfs_daddr_t daddr);
xfs_failaddr_t xfs_bmbt_verify(const struct xfs_geometry *geo, const void *block, size_t len,
			       xfs_daddr_t daddr);

/* ------------------------------------------------------------------ inodes */

/*
 * One inode of geo->inodesize bytes, everything that can be told from it alone: core, flags, hints,
 * fork formats and sizes, extent lists, tree roots, short forms.  A free inode (di_mode 0) may keep
 * stale contents.
 */
xfs_failaddr_t xfs_dinode_verify(const struct xfs_geometry *geo, xfs_ino_t ino,
				 const struct xfs_dinode *dip);

/*
 * Faults that the kernel accepts and xfs_repair does not: flags on the wrong type of file, sizes of
 * special files, nanoseconds.  For checkers.
 */
xfs_failaddr_t xfs_dinode_check(const struct xfs_geometry *geo, const struct xfs_dinode *dip);

/* The contents of one fork; xfs_dinode_verify() calls it for both. */
xfs_failaddr_t xfs_dfork_verify(const struct xfs_geometry *geo, const struct xfs_dinode *dip,
				int whichfork);

/* The hints together with the flags that permit them; for callers that are about to set them. */
xfs_failaddr_t xfs_inode_validate_extsize(const struct xfs_geometry *geo, uint32_t extsize,
					  uint16_t mode, uint16_t flags);
xfs_failaddr_t xfs_inode_validate_cowextsize(const struct xfs_geometry *geo, uint32_t cowextsize,
					     uint16_t mode, uint16_t flags, uint64_t flags2);

/* A run of whole inodes: magic, version and unlinked pointer of each. */
xfs_failaddr_t xfs_inode_cluster_verify(const struct xfs_geometry *geo, const void *block,
					size_t len, xfs_daddr_t daddr);

/* Target of an inline symlink. */
xfs_failaddr_t xfs_symlink_sf_verify(const void *target, size_t size);

/* ------------------------------------------------------------- directories */

/* @size is di_size. @metadata: a directory of the metadata tree. */
xfs_failaddr_t xfs_dir2_sf_verify(const struct xfs_geometry *geo, const void *sf, size_t size,
				  bool metadata);
xfs_failaddr_t xfs_dir3_block_verify(const struct xfs_geometry *geo, const void *block, size_t len,
				     xfs_daddr_t daddr);
xfs_failaddr_t xfs_dir3_data_verify(const struct xfs_geometry *geo, const void *block, size_t len,
				    xfs_daddr_t daddr);
xfs_failaddr_t xfs_dir3_leaf1_verify(const struct xfs_geometry *geo, const void *block, size_t len,
				     xfs_daddr_t daddr);
xfs_failaddr_t xfs_dir3_leafn_verify(const struct xfs_geometry *geo, const void *block, size_t len,
				     xfs_daddr_t daddr);
xfs_failaddr_t xfs_dir3_free_verify(const struct xfs_geometry *geo, const void *block, size_t len,
				    xfs_daddr_t daddr);
/* Intermediate node of a directory (@len dirblksize) or attribute fork (blocksize). */
xfs_failaddr_t xfs_da3_node_verify(const struct xfs_geometry *geo, const void *block, size_t len,
				   xfs_daddr_t daddr);
/* Either kind of block at a data position; any of the three kinds at a leaf position. */
xfs_failaddr_t xfs_dir3_data_any_verify(const struct xfs_geometry *geo, const void *block,
					size_t len, xfs_daddr_t daddr);
xfs_failaddr_t xfs_dir3_leaf_any_verify(const struct xfs_geometry *geo, const void *block,
					size_t len, xfs_daddr_t daddr);

/* A verified free-index block belongs to @owner and to @dablk. */
xfs_failaddr_t xfs_dir3_free_check(const struct xfs_geometry *geo, const void *block,
				   xfs_ino_t owner, xfs_dablk_t dablk);
/* A verified directory or attribute block of any kind belongs to @owner. */
xfs_failaddr_t xfs_da3_owner_check(const void *block, xfs_ino_t owner);

/* -------------------------------------------------- attributes, symlinks */

/* @size: of the attribute fork. */
xfs_failaddr_t xfs_attr_sf_verify(const struct xfs_geometry *geo, const void *sf, size_t size);
xfs_failaddr_t xfs_attr3_leaf_verify(const struct xfs_geometry *geo, const void *block, size_t len,
				     xfs_daddr_t daddr);
/* Leaf or node. */
xfs_failaddr_t xfs_attr3_any_verify(const struct xfs_geometry *geo, const void *block, size_t len,
				    xfs_daddr_t daddr);
/* One or more blocks of a remote value; each has its own header (and checksum). */
xfs_failaddr_t xfs_attr3_rmt_verify(const struct xfs_geometry *geo, const void *block, size_t len,
				    xfs_daddr_t daddr);
/* A verified block holds bytes [@offset, ...) of a value of @valuelen bytes of inode @ino. */
xfs_failaddr_t xfs_attr3_rmt_check(const struct xfs_geometry *geo, const void *block,
				   xfs_ino_t ino, uint32_t offset, uint32_t valuelen);

/* @len: the whole extent. */
xfs_failaddr_t xfs_symlink_verify(const struct xfs_geometry *geo, const void *block, size_t len,
				  xfs_daddr_t daddr);
/* A verified piece is the one at @offset of a target of @size bytes of inode @ino. */
xfs_failaddr_t xfs_symlink_check(const void *block, size_t len, xfs_ino_t ino, uint32_t offset,
				 uint32_t size);

/* --------------------------------------------------------------------- log */

/*
 * The header block of a log record.  Records without data (h_len 0) pass; recovery decides where
 * they may stand.
 */
xfs_failaddr_t xlog_rec_header_verify(const struct xfs_geometry *geo, const void *block,
				      size_t len, xfs_daddr_t daddr);

/* ------------------------------------------------------------------ quota */

struct xfs_disk_dquot;

uint32_t xfs_dquots_per_block(const struct xfs_geometry *geo);
/* The record of @id and type @type (XFS_DQTYPE_*), except its checksum. */
xfs_failaddr_t xfs_dquot_verify(const struct xfs_geometry *geo, const struct xfs_disk_dquot *dq,
				uint8_t type, uint32_t id);
/*
 * A block of a quota file: all records with their checksums, since the block has no checksum of its
 * own.
 */
xfs_failaddr_t xfs_dquot_user_verify(const struct xfs_geometry *geo, const void *block, size_t len,
				     xfs_daddr_t daddr);
xfs_failaddr_t xfs_dquot_group_verify(const struct xfs_geometry *geo, const void *block, size_t len,
				      xfs_daddr_t daddr);
xfs_failaddr_t xfs_dquot_proj_verify(const struct xfs_geometry *geo, const void *block, size_t len,
				     xfs_daddr_t daddr);

#endif
