/* SPDX-License-Identifier: MIT */
/* Inodes of all kinds, what stands in their forks, extent trees, symbolic links. */
#include <sys/stat.h>
#include "base/compiler.h"
#include "disk/attr.h"
#include "disk/btree.h"
#include "disk/dir.h"
#include "disk/symlink.h"
#include "fields/fields.h"

#define ARGS \
	XFS_UNUSED const struct test_objects *objs, XFS_UNUSED const struct test_object *obj, \
	XFS_UNUSED const uint8_t *buf
#define LITERAL	((uint32_t)sizeof(struct xfs_dinode))
#define PICK(name, cond) \
static bool name(ARGS) \
{ \
	return cond; \
}

static const struct xfs_dinode *core(const uint8_t *buf)
{
	return (const void *)buf;
}

static uint32_t type(const uint8_t *buf)
{
	return be16_to_cpu(core(buf)->di_mode) & S_IFMT;
}

static bool is(const uint8_t *buf, uint32_t mode, uint8_t format)
{
	return type(buf) == mode && core(buf)->di_format == format;
}

static bool has_flags2(const uint8_t *buf, uint64_t flags)
{
	return be64_to_cpu(core(buf)->di_flags2) & flags;
}

/* Neither shared nor with hints. */
static bool plain(const uint8_t *buf)
{
	return !(be16_to_cpu(core(buf)->di_flags) & XFS_DIFLAG_EXTSIZE) &&
	       !has_flags2(buf, XFS_DIFLAG2_REFLINK | XFS_DIFLAG2_COWEXTSIZE);
}

PICK(file, is(buf, S_IFREG, XFS_DINODE_FMT_EXTENTS) && plain(buf) &&
     be32_to_cpu(core(buf)->di_nextents) >= 3 && obj->owner > objs->sb.sb_rsumino)
PICK(empty_file, is(buf, S_IFREG, XFS_DINODE_FMT_EXTENTS) && plain(buf) &&
     !be32_to_cpu(core(buf)->di_nextents) && obj->owner > objs->sb.sb_rsumino)
PICK(tree_file, is(buf, S_IFREG, XFS_DINODE_FMT_BTREE) && plain(buf))
PICK(shared_file, type(buf) == S_IFREG && has_flags2(buf, XFS_DIFLAG2_REFLINK))
PICK(hint_file, be16_to_cpu(core(buf)->di_flags) & XFS_DIFLAG_EXTSIZE)
PICK(cow_hint_file, has_flags2(buf, XFS_DIFLAG2_COWEXTSIZE))
PICK(local_dir, is(buf, S_IFDIR, XFS_DINODE_FMT_LOCAL) && buf[LITERAL] >= 2 &&
     obj->owner != objs->sb.sb_rootino)
PICK(root_dir, obj->owner == objs->sb.sb_rootino)
PICK(block_dir, is(buf, S_IFDIR, XFS_DINODE_FMT_EXTENTS))
PICK(local_link, is(buf, S_IFLNK, XFS_DINODE_FMT_LOCAL))
PICK(remote_link, is(buf, S_IFLNK, XFS_DINODE_FMT_EXTENTS))
PICK(device, type(buf) == S_IFCHR)
PICK(fifo, type(buf) == S_IFIFO)
PICK(is_free, !core(buf)->di_mode.b[0] && !core(buf)->di_mode.b[1])
PICK(bitmap, obj->owner == objs->sb.sb_rbmino)
PICK(summary, obj->owner == objs->sb.sb_rsumino)
PICK(local_attrs, core(buf)->di_forkoff && core(buf)->di_aformat == XFS_DINODE_FMT_LOCAL &&
     buf[LITERAL + 8u * core(buf)->di_forkoff + 2] >= 2)
PICK(extent_attrs, core(buf)->di_forkoff && core(buf)->di_aformat == XFS_DINODE_FMT_EXTENTS &&
     be16_to_cpu(core(buf)->di_anextents) >= 1)

static bool middle(ARGS)
{
	const struct xfs_btree_block *b = (const void *)buf;

	return obj->count >= 6 && be64_to_cpu(b->bb_u.l.bb_leftsib) != NULLFSBLOCK &&
	       be64_to_cpu(b->bb_u.l.bb_rightsib) != NULLFSBLOCK;
}

/* clang-format off */
#define D(m)	F(struct xfs_dinode, m)
static const struct field core_fields[] = {
	D(di_magic), D(di_mode), D(di_version), D(di_format), D(di_onlink), D(di_uid), D(di_gid),
	D(di_nlink), D(di_projid_lo), D(di_projid_hi), D(di_v3_pad), D(di_atime), D(di_mtime),
	D(di_ctime), D(di_size), D(di_nblocks), D(di_extsize), D(di_nextents), D(di_anextents),
	D(di_forkoff), D(di_aformat), D(di_dmevmask), D(di_dmstate), D(di_flags), D(di_gen),
	D(di_next_unlinked), D(di_crc), D(di_changecount), D(di_lsn), D(di_flags2),
	D(di_cowextsize), D(di_pad2), AT("di_pad2 end", 140, 4), D(di_crtime), D(di_ino), D(di_uuid),
	/* Each flag by itself. */
	{ "di_flags REALTIME", 90, 15, 1, NULL }, { "di_flags PREALLOC", 90, 14, 1, NULL },
	{ "di_flags NEWRTBM", 90, 13, 1, NULL }, { "di_flags IMMUTABLE", 90, 12, 1, NULL },
	{ "di_flags APPEND", 90, 11, 1, NULL }, { "di_flags SYNC", 90, 10, 1, NULL },
	{ "di_flags NOATIME", 90, 9, 1, NULL }, { "di_flags NODUMP", 90, 8, 1, NULL },
	{ "di_flags RTINHERIT", 90, 7, 1, NULL }, { "di_flags PROJINHERIT", 90, 6, 1, NULL },
	{ "di_flags NOSYMLINKS", 90, 5, 1, NULL }, { "di_flags EXTSIZE", 90, 4, 1, NULL },
	{ "di_flags EXTSZINHERIT", 90, 3, 1, NULL }, { "di_flags NODEFRAG", 90, 2, 1, NULL },
	{ "di_flags FILESTREAM", 90, 1, 1, NULL },
	{ "di_flags2 DAX", 120, 63, 1, NULL }, { "di_flags2 REFLINK", 120, 62, 1, NULL },
	{ "di_flags2 COWEXTSIZE", 120, 61, 1, NULL }, { "di_flags2 BIGTIME", 120, 60, 1, NULL },
	{ "di_flags2 NREXT64", 120, 59, 1, NULL }, { "di_flags2 METADATA", 120, 58, 1, NULL },
};

/* Extent records: a flag, 54 bits of offset, 52 of block, 21 of length. */
#define EXTENT(name, base, off) \
	BITS_BEHIND(name ".flag", base, off, 0, 1), BITS_BEHIND(name ".startoff", base, off, 1, 54), \
	BITS_BEHIND(name ".startblock", base, off, 55, 52), \
	BITS_BEHIND(name ".blockcount", base, off, 107, 21)
static const struct field extent_fields[] = {
	EXTENT("extent[0]", NULL, LITERAL), EXTENT("extent[1]", NULL, LITERAL + 16),
};
static const struct field one_extent[] = {
	EXTENT("extent[0]", NULL, LITERAL),
};
/* clang-format on */

static uint32_t attr_fork(XFS_UNUSED const struct test_objects *objs, const uint8_t *buf)
{
	return LITERAL + 8u * core(buf)->di_forkoff;
}

static uint32_t root_pointers(const struct test_objects *objs, const uint8_t *buf)
{
	return LITERAL + 4 + 8 * xfs_bmdr_maxrecs(XFS_DFORK_DSIZE(core(buf), &objs->geo));
}

/* The entry of a short-form directory behind its first. */
static uint32_t second_entry(XFS_UNUSED const struct test_objects *objs, const uint8_t *buf)
{
	uint32_t first = LITERAL + xfs_dir2_sf_hdr_size(buf[LITERAL + 1]);

	return first + 3u + buf[first] + 1u + (buf[LITERAL + 1] ? 8u : 4u);
}

static uint32_t second_entry_tail(const struct test_objects *objs, const uint8_t *buf)
{
	uint32_t at = second_entry(objs, buf);

	return at + 3u + buf[at];
}

/* clang-format off */
static const struct field attr_extent[] = {
	EXTENT("attr extent[0]", attr_fork, 0),
};
static const struct field root_fields[] = {
	AT("root.bb_level", LITERAL, 2), AT("root.bb_numrecs", LITERAL + 2, 2),
	AT("root.key[0]", LITERAL + 4, 8), AT("root.key[1]", LITERAL + 12, 8),
	BEHIND("root.ptr[0]", root_pointers, 0, 8),
};
static const struct field sf_dir_fields[] = {
	AT("sf.count", LITERAL, 1), AT("sf.i8count", LITERAL + 1, 1),
	AT("sf.parent", LITERAL + 2, 4), AT("sf.entry[0].namelen", LITERAL + 6, 1),
	AT("sf.entry[0].offset", LITERAL + 7, 2), AT("sf.entry[0].name", LITERAL + 9, 1),
	BEHIND("sf.entry[1].namelen", second_entry, 0, 1),
	BEHIND("sf.entry[1].offset", second_entry, 1, 2),
	BEHIND("sf.entry[1].name", second_entry, 3, 1),
	BEHIND("sf.entry[1].ftype", second_entry_tail, 0, 1),
	BEHIND("sf.entry[1].inumber", second_entry_tail, 1, 4),
};
static const struct field sf_attr_fields[] = {
	BEHIND("asf.totsize", attr_fork, 0, 2), BEHIND("asf.count", attr_fork, 2, 1),
	BEHIND("asf.padding", attr_fork, 3, 1), BEHIND("asf.entry[0].namelen", attr_fork, 4, 1),
	BEHIND("asf.entry[0].valuelen", attr_fork, 5, 1), BEHIND("asf.entry[0].flags", attr_fork, 6, 1),
	BEHIND("asf.entry[0].name", attr_fork, 7, 1),
	{ "asf.entry[0].flags LOCAL", 6, 7, 1, attr_fork },
	{ "asf.entry[0].flags ROOT", 6, 6, 1, attr_fork },
	{ "asf.entry[0].flags SECURE", 6, 5, 1, attr_fork },
	{ "asf.entry[0].flags PARENT", 6, 4, 1, attr_fork },
	{ "asf.entry[0].flags INCOMPLETE", 6, 0, 1, attr_fork },
};
static const struct field link_fields[] = {
	AT("target", LITERAL, 1),
};
static const struct field device_fields[] = {
	AT("dev", LITERAL, 4),
};

#define B(m)	F(struct xfs_btree_block, m)
static const struct field long_block[] = {
	B(bb_magic), B(bb_level), B(bb_numrecs), B(bb_u.l.bb_leftsib), B(bb_u.l.bb_rightsib),
	B(bb_u.l.bb_blkno), B(bb_u.l.bb_lsn), B(bb_u.l.bb_uuid), B(bb_u.l.bb_owner),
	B(bb_u.l.bb_crc), B(bb_u.l.bb_pad),
};
static const struct field bmbt_recs[] = {
	EXTENT("rec[0]", NULL, XFS_BTREE_LBLOCK_LEN), EXTENT("rec[2]", NULL, XFS_BTREE_LBLOCK_LEN + 32),
};
/* clang-format on */

static uint32_t bmbt_pointers(const struct test_objects *objs, XFS_UNUSED const uint8_t *buf)
{
	return XFS_BTREE_LBLOCK_LEN + 8 * ((objs->geo.blocksize - XFS_BTREE_LBLOCK_LEN) / 16);
}

/* clang-format off */
static const struct field bmbt_node[] = {
	AT("key[0]", XFS_BTREE_LBLOCK_LEN, 8), AT("key[1]", XFS_BTREE_LBLOCK_LEN + 8, 8),
	BEHIND("ptr[0]", bmbt_pointers, 0, 8), BEHIND("ptr[1]", bmbt_pointers, 8, 8),
};
#define S(m)	F(struct xfs_dsymlink_hdr, m)
static const struct field symlink_fields[] = {
	S(sl_magic), S(sl_offset), S(sl_bytes), S(sl_crc), S(sl_uuid), S(sl_owner), S(sl_blkno),
	S(sl_lsn), AT("target", 56, 1),
};

#define INODE(name, pick, ...)	{ name, TEST_INODE, -1, pick, { __VA_ARGS__ } }
static const struct structure structures[] = {
	INODE("file", file, FIELDS(core_fields), FIELDS(extent_fields)),
	INODE("empty file", empty_file, FIELDS(core_fields)),
	INODE("file with extent tree", tree_file, FIELDS(core_fields), FIELDS(root_fields)),
	INODE("shared file", shared_file, FIELDS(core_fields), FIELDS(extent_fields)),
	INODE("file with extent size", hint_file, FIELDS(core_fields)),
	INODE("file with copy hint", cow_hint_file, FIELDS(core_fields)),
	INODE("short directory", local_dir, FIELDS(core_fields), FIELDS(sf_dir_fields)),
	INODE("root directory", root_dir, FIELDS(core_fields)),
	INODE("directory", block_dir, FIELDS(core_fields), FIELDS(extent_fields)),
	INODE("short symlink", local_link, FIELDS(core_fields), FIELDS(link_fields)),
	INODE("long symlink", remote_link, FIELDS(core_fields), FIELDS(one_extent)),
	INODE("device", device, FIELDS(core_fields), FIELDS(device_fields)),
	INODE("fifo", fifo, FIELDS(core_fields), FIELDS(device_fields)),
	INODE("free inode", is_free, FIELDS(core_fields)),
	INODE("realtime bitmap", bitmap, FIELDS(core_fields)),
	INODE("realtime summary", summary, FIELDS(core_fields)),
	INODE("short attributes", local_attrs, FIELDS(sf_attr_fields)),
	INODE("attribute fork", extent_attrs, FIELDS(attr_extent)),
	{ "bmbt node", TEST_BMBT, 1, NULL, { FIELDS(long_block), FIELDS(bmbt_node) } },
	{ "bmbt leaf", TEST_BMBT, 0, middle, { FIELDS(long_block), FIELDS(bmbt_recs) } },
	{ "symlink block", TEST_SYMLINK, -1, NULL, { FIELDS(symlink_fields) } },
};
/* clang-format on */

const struct structure_list fields_of_files = FIELDS(structures);
