/* SPDX-License-Identifier: MIT */
/* Extended attributes in all forms, parent pointers, access control lists. */
#ifndef DISK_ATTR_H
#define DISK_ATTR_H

#include "disk/dir.h"

/* Flag byte of an attribute. */
#define XFS_ATTR_LOCAL		(1u << 0)	/* leaf entries: the value is in the block */
#define XFS_ATTR_ROOT		(1u << 1)	/* trusted.* */
#define XFS_ATTR_SECURE		(1u << 2)	/* security.* */
#define XFS_ATTR_PARENT		(1u << 3)	/* parent pointer */
#define XFS_ATTR_INCOMPLETE	(1u << 7)	/* leaf entries: invisible, being changed */
#define XFS_ATTR_NSP_ONDISK_MASK (XFS_ATTR_ROOT | XFS_ATTR_SECURE | XFS_ATTR_PARENT)
#define XFS_ATTR_ONDISK_MASK	(XFS_ATTR_NSP_ONDISK_MASK | XFS_ATTR_LOCAL | XFS_ATTR_INCOMPLETE)

#define XFS_XATTR_SIZE_MAX	65536u
#define XFS_ATTR_SF_ENTSIZE_MAX	254u		/* longest name, longest value in shortform */

/* At most one name space. */
static inline bool xfs_attr_check_namespace(unsigned int flags)
{
	unsigned int nsp = flags & XFS_ATTR_NSP_ONDISK_MASK;

	return (nsp & (nsp - 1)) == 0;
}

/*
 * True for a valid attribute name: 1 to 255 bytes without NUL; for a parent pointer (@flags) a
 * directory entry's name.  Check a name from disk before handing it out, because callers get it as
 * a C string.
 */
bool xfs_attr_namecheck(unsigned int flags, const void *name, size_t len);

/* Shortform. */
struct xfs_attr_sf_hdr {
	be16_t		totsize;	/* including this header */
	uint8_t		count;
	uint8_t		padding;
};

struct xfs_attr_sf_entry {
	uint8_t		namelen;
	uint8_t		valuelen;
	uint8_t		flags;
	uint8_t		nameval[];
};

static inline unsigned int xfs_attr_sf_entsize_byname(unsigned int namelen, unsigned int valuelen)
{
	return (unsigned int)sizeof(struct xfs_attr_sf_entry) + namelen + valuelen;
}

static inline unsigned int xfs_attr_sf_entsize(const struct xfs_attr_sf_entry *sfep)
{
	return xfs_attr_sf_entsize_byname(sfep->namelen, sfep->valuelen);
}

static inline struct xfs_attr_sf_entry *xfs_attr_sf_firstentry(const struct xfs_attr_sf_hdr *hdr)
{
	return (struct xfs_attr_sf_entry *)((char *)(uintptr_t)hdr + sizeof(*hdr));
}

static inline struct xfs_attr_sf_entry *xfs_attr_sf_nextentry(const struct xfs_attr_sf_entry *sfep)
{
	return (struct xfs_attr_sf_entry *)((char *)(uintptr_t)sfep + xfs_attr_sf_entsize(sfep));
}

/* Leaf block. */
#define XFS_ATTR_LEAF_MAPSIZE	3

struct xfs_attr_leaf_map {
	be16_t		base;
	be16_t		size;
};

struct xfs_attr3_leaf_hdr {
	struct xfs_da3_blkinfo info;
	be16_t		count;
	be16_t		usedbytes;
	be16_t		firstused;	/* 0 means 65536 */
	uint8_t		holes;
	uint8_t		pad1;
	struct xfs_attr_leaf_map freemap[XFS_ATTR_LEAF_MAPSIZE];
	be32_t		pad2;
};

struct xfs_attr_leaf_entry {
	be32_t		hashval;
	be16_t		nameidx;
	uint8_t		flags;
	uint8_t		pad2;
};

struct xfs_attr3_leafblock {
	struct xfs_attr3_leaf_hdr hdr;
	struct xfs_attr_leaf_entry entries[];
};

struct xfs_attr_leaf_name_local {
	be16_t		valuelen;
	uint8_t		namelen;
	uint8_t		nameval[];
};

struct xfs_attr_leaf_name_remote {
	be32_t		valueblk;	/* block of the attr fork */
	be32_t		valuelen;
	uint8_t		namelen;
	uint8_t		name[];
};

#define XFS_ATTR_LEAF_NAME_ALIGN	4u

static inline unsigned int xfs_attr_leaf_entsize_local(unsigned int namelen,
						       unsigned int valuelen)
{
	return XFS_ALIGN(3u + namelen + valuelen, XFS_ATTR_LEAF_NAME_ALIGN);
}

/* Two bytes more than the fields: the original structure was padded. */
static inline unsigned int xfs_attr_leaf_entsize_remote(unsigned int namelen)
{
	return XFS_ALIGN(11u + namelen, XFS_ATTR_LEAF_NAME_ALIGN);
}

/* A local record must be shorter than this. */
static inline unsigned int xfs_attr_leaf_entsize_local_max(unsigned int blocksize)
{
	return (blocksize >> 1) + (blocksize >> 2);
}

static inline bool xfs_attr_leaf_is_local(unsigned int blocksize, unsigned int namelen,
					  unsigned int valuelen)
{
	return xfs_attr_leaf_entsize_local(namelen, valuelen) <
	       xfs_attr_leaf_entsize_local_max(blocksize);
}

static inline uint32_t xfs_attr3_leaf_firstused(const struct xfs_geometry *geo,
						const struct xfs_attr3_leaf_hdr *hdr)
{
	uint32_t firstused = be16_to_cpu(hdr->firstused);

	return firstused == 0 && geo->blocksize == 65536 ? 65536 : firstused;
}

static inline struct xfs_attr_leaf_name_local *
xfs_attr3_leaf_name_local(const void *leaf, const struct xfs_attr_leaf_entry *entry)
{
	return (struct xfs_attr_leaf_name_local *)((char *)(uintptr_t)leaf +
						   be16_to_cpu(entry->nameidx));
}

static inline struct xfs_attr_leaf_name_remote *
xfs_attr3_leaf_name_remote(const void *leaf, const struct xfs_attr_leaf_entry *entry)
{
	return (struct xfs_attr_leaf_name_remote *)((char *)(uintptr_t)leaf +
						    be16_to_cpu(entry->nameidx));
}

/* A remote value: each block has this header.  Never logged, so rm_lsn is all ones. */
#define XFS_ATTR3_RMT_MAGIC	0x5841524du	/* "XARM" */

struct xfs_attr3_rmt_hdr {
	be32_t		rm_magic;
	be32_t		rm_offset;
	be32_t		rm_bytes;
	le32_t		rm_crc;
	xfs_uuid_t	rm_uuid;
	be64_t		rm_owner;
	be64_t		rm_blkno;
	be64_t		rm_lsn;
};
#define XFS_ATTR3_RMT_CRC_OFF	12
#define XFS_ATTR3_RMT_LSN_OFF	48

static inline unsigned int xfs_attr3_rmt_buf_space(unsigned int blocksize)
{
	return blocksize - (unsigned int)sizeof(struct xfs_attr3_rmt_hdr);
}

static inline unsigned int xfs_attr3_rmt_blocks(unsigned int blocksize, unsigned int valuelen)
{
	unsigned int space = xfs_attr3_rmt_buf_space(blocksize);

	return (valuelen + space - 1) / space;
}

/* Parent pointer: the value.  The attribute's name is the directory entry's. */
struct xfs_parent_rec {
	be64_t		p_ino;
	be32_t		p_gen;
};

/* Hash of a parent pointer: the hash of the name in @geo's directories mixed with the parent. */
xfs_dahash_t xfs_parent_hashval(const struct xfs_geometry *geo, const uint8_t *name, size_t len,
				xfs_ino_t parent_ino);
/* Hash of any attribute.  @value is used for parent pointers only. */
xfs_dahash_t xfs_attr_hashval(const struct xfs_geometry *geo, unsigned int flags,
			      const uint8_t *name, size_t len, const void *value,
			      size_t valuelen);

/* Access control lists: the values of SGI_ACL_FILE and SGI_ACL_DEFAULT in namespace ROOT. */
#define SGI_ACL_FILE		"SGI_ACL_FILE"
#define SGI_ACL_DEFAULT		"SGI_ACL_DEFAULT"
#define SGI_ACL_FILE_SIZE	12u
#define SGI_ACL_DEFAULT_SIZE	15u

#define XFS_ACL_USER_OBJ	0x01u
#define XFS_ACL_USER		0x02u
#define XFS_ACL_GROUP_OBJ	0x04u
#define XFS_ACL_GROUP		0x08u
#define XFS_ACL_MASK		0x10u
#define XFS_ACL_OTHER		0x20u
#define XFS_ACL_UNDEFINED_ID	0xffffffffu

struct xfs_acl_entry {
	be32_t		ae_tag;
	be32_t		ae_id;
	be16_t		ae_perm;
	uint8_t		ae_pad[2];
};

struct xfs_acl {
	be32_t		acl_cnt;
	struct xfs_acl_entry acl_entry[];
};

#define XFS_ACL_MAX_ENTRIES \
	((XFS_XATTR_SIZE_MAX - sizeof(struct xfs_acl)) / sizeof(struct xfs_acl_entry))
#define XFS_ACL_SIZE(cnt)	(sizeof(struct xfs_acl) + sizeof(struct xfs_acl_entry) * (cnt))

#endif
