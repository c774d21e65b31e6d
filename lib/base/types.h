/* SPDX-License-Identifier: MIT */
/* The address spaces of XFS, by XFS's own names. */
#ifndef BASE_TYPES_H
#define BASE_TYPES_H

#include <stdint.h>

typedef uint32_t xfs_agnumber_t;	/* index of an allocation group */
typedef uint32_t xfs_agblock_t;		/* block within an AG */
typedef uint32_t xfs_agino_t;		/* inode number within an AG */
typedef uint64_t xfs_ino_t;		/* absolute inode number */
typedef uint64_t xfs_fsblock_t;		/* AG number and AG block, packed: not linear */
typedef uint64_t xfs_rfsblock_t;	/* plain count of file system blocks */
typedef uint32_t xfs_extlen_t;		/* extent length in blocks */
typedef uint64_t xfs_fileoff_t;		/* block offset in a file */
typedef uint64_t xfs_filblks_t;		/* count of blocks in a file */
typedef uint64_t xfs_extnum_t;		/* number of extents */
typedef int64_t xfs_daddr_t;		/* 512-byte units from the start of the data device */
typedef int64_t xfs_off_t;		/* byte offset in a file */
typedef int64_t xfs_fsize_t;		/* size of a file in bytes */
typedef int64_t xfs_lsn_t;		/* log cycle << 32 | block */
typedef uint32_t xfs_dablk_t;		/* block of a directory or attribute fork */
typedef uint32_t xfs_dahash_t;		/* hash of a name */
typedef uint32_t xfs_dir2_dataptr_t;	/* directory data offset / 8 */
typedef uint32_t xfs_dir2_db_t;		/* directory block number */

#define NULLAGNUMBER	((xfs_agnumber_t)-1)
#define NULLAGBLOCK	((xfs_agblock_t)-1)
#define NULLAGINO	((xfs_agino_t)-1)
#define NULLFSBLOCK	((xfs_fsblock_t)-1)
#define NULLFSINO	((xfs_ino_t)-1)
#define NULLFILEOFF	((xfs_fileoff_t)-1)
#define XFS_BB_SHIFT	9
#define XFS_BB_SIZE	512

/*
 * The check of a verifier that failed: a static string with its expression, in debug builds
 * preceded by file and line.  NULL is success.
 */
typedef const char *xfs_failaddr_t;

#define XFS_STRINGIFY2(x)	#x
#define XFS_STRINGIFY(x)	XFS_STRINGIFY2(x)
/* The only macro that hides a return: leave a verifier with the check that failed. */
#define XFS_VERIFY(cond) \
	do { \
		if (unlikely(!(cond))) \
			return XFS_VERIFY_PLACE #cond; \
	} while (0)
#ifndef XFSWRITE_DEBUG
#define XFS_VERIFY_PLACE
#elif defined(__FILE_NAME__)
#define XFS_VERIFY_PLACE __FILE_NAME__ ":" XFS_STRINGIFY(__LINE__) ": "
#else
#define XFS_VERIFY_PLACE __FILE__ ":" XFS_STRINGIFY(__LINE__) ": "
#endif

#endif
