/* SPDX-License-Identifier: MIT */
/*
 * Directories, and the header that directory and attribute tree blocks share.  Units: dablk numbers
 * count file-system blocks of the fork, db numbers count directory blocks, a dataptr is a byte
 * offset of the data space divided by 8.
 */
#ifndef DISK_DIR_H
#define DISK_DIR_H

#include <stdbool.h>
#include "disk/geometry.h"

#define XFS_DIR3_BLOCK_MAGIC	0x58444233u	/* "XDB3" */
#define XFS_DIR3_DATA_MAGIC	0x58444433u	/* "XDD3" */
#define XFS_DIR3_FREE_MAGIC	0x58444633u	/* "XDF3" */
#define XFS_DIR3_LEAF1_MAGIC	0x3df1u
#define XFS_DIR3_LEAFN_MAGIC	0x3dffu
#define XFS_DA3_NODE_MAGIC	0x3ebeu
#define XFS_ATTR3_LEAF_MAGIC	0x3beeu

#define XFS_DIR3_FT_UNKNOWN	0
#define XFS_DIR3_FT_REG_FILE	1
#define XFS_DIR3_FT_DIR		2
#define XFS_DIR3_FT_CHRDEV	3
#define XFS_DIR3_FT_BLKDEV	4
#define XFS_DIR3_FT_FIFO	5
#define XFS_DIR3_FT_SOCK	6
#define XFS_DIR3_FT_SYMLINK	7
#define XFS_DIR3_FT_WHT		8	/* never written: a whiteout is a character device */
#define XFS_DIR3_FT_MAX		9

#define XFS_DIR2_MAX_SHORT_INUM	0xffffffffull
#define XFS_NAME_LEN_MAX	255u	/* in directories and attributes */

/* Shared header of da node, dir leaf and attr leaf blocks. */
struct xfs_da3_blkinfo {
	be32_t		forw;		/* dablk, 0: none */
	be32_t		back;
	be16_t		magic;
	be16_t		pad;
	le32_t		crc;
	be64_t		blkno;
	be64_t		lsn;
	xfs_uuid_t	uuid;
	be64_t		owner;
};
#define XFS_DA3_CRC_OFF		12
#define XFS_DA3_LSN_OFF		24

struct xfs_da3_node_hdr {
	struct xfs_da3_blkinfo info;
	be16_t		count;
	be16_t		level;		/* children of level 1 are leaves */
	be32_t		pad32;
};

struct xfs_da_node_entry {
	be32_t		hashval;	/* the last hash of the child */
	be32_t		before;		/* the child's dablk */
};

#define XFS_DA_NODE_MAXDEPTH	5	/* levels of nodes and leaves */

struct xfs_da3_intnode {
	struct xfs_da3_node_hdr hdr;
	struct xfs_da_node_entry btree[];
};

/* Data blocks, and the data part of a block-format directory. */
struct xfs_dir2_data_free {
	be16_t		offset;
	be16_t		length;
};

#define XFS_DIR2_DATA_FD_COUNT	3

struct xfs_dir3_data_hdr {
	be32_t		magic;
	le32_t		crc;
	be64_t		blkno;
	be64_t		lsn;
	xfs_uuid_t	uuid;
	be64_t		owner;
	struct xfs_dir2_data_free best_free[XFS_DIR2_DATA_FD_COUNT];
	be32_t		pad;
};
#define XFS_DIR3_DATA_CRC_OFF	4
#define XFS_DIR3_DATA_LSN_OFF	16

#define XFS_DIR2_DATA_ALIGN_LOG	3
#define XFS_DIR2_DATA_ALIGN	(1u << XFS_DIR2_DATA_ALIGN_LOG)
#define XFS_DIR2_DATA_FREE_TAG	0xffffu
/* Offsets in db 0 of ".", "..", and the first entry after them. */
#define XFS_DIR3_DATA_DOT_OFFSET	64u
#define XFS_DIR3_DATA_DOTDOT_OFFSET	80u
#define XFS_DIR3_DATA_FIRST_OFFSET	96u
#define XFS_DIR2_NULL_DATAPTR	0u
#define XFS_DIR2_NULL_DATAOFF	0xffffu

struct xfs_dir2_data_unused {
	be16_t		freetag;	/* XFS_DIR2_DATA_FREE_TAG */
	be16_t		length;
	uint8_t		rest[];		/* tag: be16 in the last two bytes */
};

struct xfs_dir2_data_entry {
	be64_t		inumber;
	uint8_t		namelen;
	uint8_t		name[];		/* name, ftype, padding, tag */
};

static inline unsigned int xfs_dir2_data_entsize(unsigned int namelen)
{
	return XFS_ALIGN(8u + 1u + namelen + 1u + 2u, XFS_DIR2_DATA_ALIGN);
}

static inline uint8_t xfs_dir2_data_get_ftype(const struct xfs_dir2_data_entry *dep)
{
	uint8_t ftype = dep->name[dep->namelen];

	return ftype < XFS_DIR3_FT_MAX ? ftype : XFS_DIR3_FT_UNKNOWN;
}

static inline void xfs_dir2_data_put_ftype(struct xfs_dir2_data_entry *dep, uint8_t ftype)
{
	dep->name[dep->namelen] = ftype;
}

/* The last two bytes of an entry: its own offset in the block. */
static inline be16_t *xfs_dir2_data_entry_tag_p(const struct xfs_dir2_data_entry *dep)
{
	return (be16_t *)((char *)(uintptr_t)dep + xfs_dir2_data_entsize(dep->namelen) -
			  sizeof(be16_t));
}

static inline be16_t *xfs_dir2_data_unused_tag_p(const struct xfs_dir2_data_unused *dup)
{
	return (be16_t *)((char *)(uintptr_t)dup + be16_to_cpu(dup->length) - sizeof(be16_t));
}

/* Leaf entries; address 0 is a stale one. */
struct xfs_dir2_leaf_entry {
	be32_t		hashval;
	be32_t		address;	/* xfs_dir2_dataptr_t */
};

struct xfs_dir2_block_tail {
	be32_t		count;		/* stale ones included */
	be32_t		stale;
};

struct xfs_dir3_leaf_hdr {
	struct xfs_da3_blkinfo info;
	be16_t		count;		/* stale ones included */
	be16_t		stale;
	be32_t		pad;
};

struct xfs_dir3_leaf {
	struct xfs_dir3_leaf_hdr hdr;
	struct xfs_dir2_leaf_entry ents[];
};

struct xfs_dir2_leaf_tail {
	be32_t		bestcount;
};

struct xfs_dir3_free_hdr {
	be32_t		magic;
	le32_t		crc;
	be64_t		blkno;
	be64_t		lsn;
	xfs_uuid_t	uuid;
	be64_t		owner;
	be32_t		firstdb;
	be32_t		nvalid;
	be32_t		nused;
	be32_t		pad;
};

struct xfs_dir3_free {
	struct xfs_dir3_free_hdr hdr;
	be16_t		bests[];
};

static inline struct xfs_dir2_block_tail *xfs_dir2_block_tail_p(const struct xfs_geometry *geo,
								const void *block)
{
	return (struct xfs_dir2_block_tail *)((char *)(uintptr_t)block + geo->dirblksize -
					      sizeof(struct xfs_dir2_block_tail));
}

/* The leaf array before the tail; verify the count before using it. */
static inline struct xfs_dir2_leaf_entry *
xfs_dir2_block_leaf_p(const struct xfs_dir2_block_tail *btp)
{
	return (struct xfs_dir2_leaf_entry *)(uintptr_t)btp - be32_to_cpu(btp->count);
}

static inline struct xfs_dir2_leaf_tail *xfs_dir2_leaf_tail_p(const struct xfs_geometry *geo,
							      const void *leaf)
{
	return (struct xfs_dir2_leaf_tail *)((char *)(uintptr_t)leaf + geo->dirblksize -
					     sizeof(struct xfs_dir2_leaf_tail));
}

static inline be16_t *xfs_dir2_leaf_bests_p(const struct xfs_dir2_leaf_tail *ltp)
{
	return (be16_t *)(uintptr_t)ltp - be32_to_cpu(ltp->bestcount);
}

/* Shortform, in the inode. */
struct xfs_dir2_sf_hdr {
	uint8_t		count;
	uint8_t		i8count;	/* inode numbers, the parent's included, above 32 bits */
	uint8_t		parent[8];	/* 4 bytes when i8count is 0 */
};

struct xfs_dir2_sf_entry {
	uint8_t		namelen;
	be16_t		offset;		/* the entry's offset in block form */
	uint8_t		name[];		/* name, ftype, inode number of 4 or 8 bytes */
};

static inline unsigned int xfs_dir2_sf_hdr_size(unsigned int i8count)
{
	return 2u + (i8count ? 8u : 4u);
}

static inline unsigned int xfs_dir2_sf_entsize(const struct xfs_dir2_sf_hdr *hdr,
					       unsigned int namelen)
{
	return 3u + namelen + 1u + (hdr->i8count ? 8u : 4u);
}

static inline struct xfs_dir2_sf_entry *xfs_dir2_sf_firstentry(const struct xfs_dir2_sf_hdr *hdr)
{
	return (struct xfs_dir2_sf_entry *)((char *)(uintptr_t)hdr +
					    xfs_dir2_sf_hdr_size(hdr->i8count));
}

static inline struct xfs_dir2_sf_entry *
xfs_dir2_sf_nextentry(const struct xfs_dir2_sf_hdr *hdr, const struct xfs_dir2_sf_entry *sfep)
{
	return (struct xfs_dir2_sf_entry *)((char *)(uintptr_t)sfep +
					    xfs_dir2_sf_entsize(hdr, sfep->namelen));
}

static inline uint16_t xfs_dir2_sf_get_offset(const struct xfs_dir2_sf_entry *sfep)
{
	return be16_to_cpu(sfep->offset);
}

static inline uint8_t xfs_dir2_sf_get_ftype(const struct xfs_dir2_sf_entry *sfep)
{
	uint8_t ftype = sfep->name[sfep->namelen];

	return ftype < XFS_DIR3_FT_MAX ? ftype : XFS_DIR3_FT_UNKNOWN;
}

static inline void xfs_dir2_sf_put_ftype(struct xfs_dir2_sf_entry *sfep, uint8_t ftype)
{
	sfep->name[sfep->namelen] = ftype;
}

static inline xfs_ino_t xfs_dir2_sf_get_number(bool wide, const uint8_t *from)
{
	return wide ? get_be64(from) & 0x00ffffffffffffffull : get_be32(from);
}

static inline void xfs_dir2_sf_put_number(bool wide, uint8_t *to, xfs_ino_t ino)
{
	if (wide)
		put_be64(ino, to);
	else
		put_be32((uint32_t)ino, to);
}

static inline xfs_ino_t xfs_dir2_sf_get_ino(const struct xfs_dir2_sf_hdr *hdr,
					    const struct xfs_dir2_sf_entry *sfep)
{
	return xfs_dir2_sf_get_number(hdr->i8count != 0, sfep->name + sfep->namelen + 1);
}

static inline void xfs_dir2_sf_put_ino(const struct xfs_dir2_sf_hdr *hdr,
				       struct xfs_dir2_sf_entry *sfep, xfs_ino_t ino)
{
	xfs_dir2_sf_put_number(hdr->i8count != 0, sfep->name + sfep->namelen + 1, ino);
}

static inline xfs_ino_t xfs_dir2_sf_get_parent_ino(const struct xfs_dir2_sf_hdr *hdr)
{
	return xfs_dir2_sf_get_number(hdr->i8count != 0, hdr->parent);
}

static inline void xfs_dir2_sf_put_parent_ino(struct xfs_dir2_sf_hdr *hdr, xfs_ino_t ino)
{
	xfs_dir2_sf_put_number(hdr->i8count != 0, hdr->parent, ino);
}

/* Conversion between positions. */
static inline xfs_dir2_db_t xfs_dir2_da_to_db(const struct xfs_geometry *geo, xfs_dablk_t dablk)
{
	return dablk >> geo->dirblklog;
}

static inline xfs_dablk_t xfs_dir2_db_to_da(const struct xfs_geometry *geo, xfs_dir2_db_t db)
{
	return db << geo->dirblklog;
}

static inline xfs_dir2_dataptr_t xfs_dir2_db_off_to_dataptr(const struct xfs_geometry *geo,
							    xfs_dir2_db_t db, unsigned int off)
{
	return (xfs_dir2_dataptr_t)(((uint64_t)db * geo->dirblksize + off) >>
				    XFS_DIR2_DATA_ALIGN_LOG);
}

static inline xfs_dir2_db_t xfs_dir2_dataptr_to_db(const struct xfs_geometry *geo,
						   xfs_dir2_dataptr_t dp)
{
	return (xfs_dir2_db_t)(((uint64_t)dp << XFS_DIR2_DATA_ALIGN_LOG) >>
			       (geo->blocklog + geo->dirblklog));
}

static inline unsigned int xfs_dir2_dataptr_to_off(const struct xfs_geometry *geo,
						   xfs_dir2_dataptr_t dp)
{
	return (unsigned int)(((uint64_t)dp << XFS_DIR2_DATA_ALIGN_LOG) & (geo->dirblksize - 1));
}

/* Index of data block @db's best length in its free-index block, and that block. */
static inline uint32_t xfs_dir2_db_to_fdindex(const struct xfs_geometry *geo, xfs_dir2_db_t db)
{
	return db % geo->dir_free_max_bests;
}

static inline xfs_dablk_t xfs_dir2_db_to_fdb_da(const struct xfs_geometry *geo, xfs_dir2_db_t db)
{
	return geo->freeblk + xfs_dir2_db_to_da(geo, db / geo->dir_free_max_bests);
}

/*
 * True for a valid name of a directory entry: 1 to 255 bytes, no '/' and no NUL.  The caller
 * refuses "." and "..".
 */
bool xfs_dir2_namecheck(const void *name, size_t len);
/* True for "." and "..". */
bool xfs_dir2_name_is_dots(const void *name, size_t len);
/*
 * True if the entry at @offset of data block @db may have this name: "." and ".." are allowed in
 * their own two places and nowhere else.  In short form @offset is the one that the entry would
 * have in block form.  Check a name from disk before handing it out, because callers use it as part
 * of a path.
 */
bool xfs_dir2_entry_namecheck(xfs_dir2_db_t db, unsigned int offset, const void *name, size_t len);

/* Hash of a name in directories and attributes. */
xfs_dahash_t xfs_da_hashname(const uint8_t *name, size_t len);
/* The same over the name in lower case, for case-insensitive directories. */
xfs_dahash_t xfs_ascii_ci_hashname(const uint8_t *name, size_t len);
/* True if equal except for case (ISO 8859-1 letters). */
bool xfs_ascii_ci_equal(const uint8_t *a, const uint8_t *b, size_t len);
/* The hash that this file system's directories use. */
xfs_dahash_t xfs_dir2_hashname(const struct xfs_geometry *geo, const uint8_t *name, size_t len);

#endif
