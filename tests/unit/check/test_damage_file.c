/* SPDX-License-Identifier: MIT */
/*
 * Goal: damage to inodes, extent lists, extent trees and symbolic links is found
 * and called by the right name.
 * Method: one change at a time with a right checksum, in an image that the
 * kernel filled (needs root), with small blocks so that extent trees are high.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "disk/btree.h"
#include "disk/symlink.h"
#include "support/damage.h"

#define ARGS const struct test_objects *objs, const struct test_object *obj
#define UNUSED_ARGS ((void)objs, (void)obj)
#define DI(m)	offsetof(struct xfs_dinode, m), sizeof(((struct xfs_dinode *)0)->m)
#define LITERAL	176u
#define LONG(m)	offsetof(struct xfs_btree_block, m), sizeof(((struct xfs_btree_block *)0)->m)
#define U(m)	LONG(bb_u.l.m)
#define SL(m)	offsetof(struct xfs_dsymlink_hdr, m), sizeof(((struct xfs_dsymlink_hdr *)0)->m)

static const struct xfs_dinode *inode(const uint8_t *buf)
{
	return (const void *)buf;
}

static uint16_t mode_of(const uint8_t *buf)
{
	return be16_to_cpu(inode(buf)->di_mode);
}

/* An ordinary file: not one of the superblock's, in a directory, some extents inline. */
static bool file(ARGS, const uint8_t *buf)
{
	return S_ISREG(mode_of(buf)) && inode(buf)->di_format == XFS_DINODE_FMT_EXTENTS &&
	       be32_to_cpu(inode(buf)->di_nextents) >= 3 && !be16_to_cpu(inode(buf)->di_flags) &&
	       obj->owner > objs->sb.sb_rsumino;
}

static bool tree_file(ARGS, const uint8_t *buf)
{
	UNUSED_ARGS;
	return S_ISREG(mode_of(buf)) && inode(buf)->di_format == XFS_DINODE_FMT_BTREE &&
	       get_be16(buf + LITERAL + 2) >= 2;
}

static bool shared_file(ARGS, const uint8_t *buf)
{
	UNUSED_ARGS;
	return S_ISREG(mode_of(buf)) && (be64_to_cpu(inode(buf)->di_flags2) & XFS_DIFLAG2_REFLINK) &&
	       be64_to_cpu(inode(buf)->di_nblocks) > 3;
}

static bool local_dir(ARGS, const uint8_t *buf)
{
	UNUSED_ARGS;
	return S_ISDIR(mode_of(buf)) && inode(buf)->di_format == XFS_DINODE_FMT_LOCAL &&
	       buf[LITERAL] >= 2;
}

static bool block_dir(ARGS, const uint8_t *buf)
{
	UNUSED_ARGS;
	return S_ISDIR(mode_of(buf)) && inode(buf)->di_format == XFS_DINODE_FMT_EXTENTS;
}

static bool local_link(ARGS, const uint8_t *buf)
{
	UNUSED_ARGS;
	return S_ISLNK(mode_of(buf)) && inode(buf)->di_format == XFS_DINODE_FMT_LOCAL;
}

static bool remote_link(ARGS, const uint8_t *buf)
{
	UNUSED_ARGS;
	return S_ISLNK(mode_of(buf)) && inode(buf)->di_format == XFS_DINODE_FMT_EXTENTS;
}

static bool special(ARGS, const uint8_t *buf)
{
	UNUSED_ARGS;
	return S_ISCHR(mode_of(buf));
}

static bool attr_extents(ARGS, const uint8_t *buf)
{
	UNUSED_ARGS;
	return inode(buf)->di_forkoff && inode(buf)->di_aformat == XFS_DINODE_FMT_EXTENTS &&
	       be16_to_cpu(inode(buf)->di_anextents) > 0;
}

static bool is_free(ARGS, const uint8_t *buf)
{
	UNUSED_ARGS;
	return !mode_of(buf);
}

static bool not_root_inode(ARGS, const uint8_t *buf)
{
	(void)buf;
	return obj->owner > objs->sb.sb_rsumino && mode_of(buf);
}

static bool rbm(ARGS, const uint8_t *buf)
{
	(void)buf;
	return obj->owner == objs->sb.sb_rbmino;
}

/* ---- edits ---- */

static bool old_time(ARGS, uint8_t *buf)
{
	struct xfs_dinode *dip = (void *)buf;

	UNUSED_ARGS;
	dip->di_flags2 = cpu_to_be64(be64_to_cpu(dip->di_flags2) & ~XFS_DIFLAG2_BIGTIME);
	dip->di_mtime = cpu_to_be64(5ull << 32 | 1000000000u);
	return true;
}

/* Make two links of one name's type: the extent list, record @i. */
static uint8_t *rec(uint8_t *buf, uint32_t i)
{
	return buf + LITERAL + 16 * (size_t)i;
}

static bool extent_zero(ARGS, uint8_t *buf)
{
	UNUSED_ARGS;
	put_be64(get_be64(rec(buf, 1) + 8) & ~0x1fffffull, rec(buf, 1) + 8);
	return true;
}

static bool extent_order(ARGS, uint8_t *buf)
{
	uint8_t t[16];

	UNUSED_ARGS;
	memcpy(t, rec(buf, 0), 16);
	memcpy(rec(buf, 0), rec(buf, 1), 16);
	memcpy(rec(buf, 1), t, 16);
	return true;
}

static bool extent_far(ARGS, uint8_t *buf)
{
	UNUSED_ARGS;
	put_be64(get_be64(rec(buf, 1)) | 0x1ff, rec(buf, 1));
	return true;
}

static bool extent_moved(ARGS, uint8_t *buf)
{
	UNUSED_ARGS;
	put_be64(get_be64(rec(buf, 1) + 8) + (1ull << 21), rec(buf, 1) + 8);
	return true;
}

static bool extent_longer(ARGS, uint8_t *buf)
{
	UNUSED_ARGS;
	put_be64(get_be64(rec(buf, 0) + 8) + 1, rec(buf, 0) + 8);
	return true;
}

static bool extent_at_headers(ARGS, uint8_t *buf)
{
	UNUSED_ARGS;
	put_be64(get_be64(rec(buf, 0)) & ~0x1ffull, rec(buf, 0));
	put_be64((1ull << 21) | 1, rec(buf, 0) + 8);
	return true;
}

static bool extent_on_tree(ARGS, uint8_t *buf)
{
	UNUSED_ARGS;
	put_be64(get_be64(rec(buf, 0)) & ~0x1ffull, rec(buf, 0));
	put_be64((3ull << 21) | 1, rec(buf, 0) + 8);
	return true;
}

static bool extent_twice(ARGS, uint8_t *buf)
{
	UNUSED_ARGS;
	put_be64((get_be64(rec(buf, 1)) & ~0x1ffull) | (get_be64(rec(buf, 0)) & 0x1ff), rec(buf, 1));
	put_be64(get_be64(rec(buf, 0) + 8), rec(buf, 1) + 8);
	return true;
}

static bool extent_unwritten(ARGS, uint8_t *buf)
{
	UNUSED_ARGS;
	put_be64(get_be64(rec(buf, 0)) | 1ull << 63, rec(buf, 0));
	return true;
}

static bool attr_unwritten(ARGS, uint8_t *buf)
{
	uint8_t *p = buf + LITERAL + 8 * (size_t)inode(buf)->di_forkoff;

	UNUSED_ARGS;
	put_be64(get_be64(p) | 1ull << 63, p);
	return true;
}

/* Offsets of a root in the inode: keys, then pointers behind room for the maximum. */
static size_t root_ptr(const uint8_t *buf, uint32_t i)
{
	uint32_t fork = inode(buf)->di_forkoff ? inode(buf)->di_forkoff * 8u : 512 - LITERAL;

	return LITERAL + 4 + 8 * ((size_t)(fork - 4) / 16 + i);
}

static bool root_pointer(ARGS, uint8_t *buf)
{
	UNUSED_ARGS;
	put_be64(get_be64(buf + root_ptr(buf, 0)) + 3, buf + root_ptr(buf, 0));
	return true;
}

static bool root_pointer_twice(ARGS, uint8_t *buf)
{
	UNUSED_ARGS;
	put_be64(get_be64(buf + root_ptr(buf, 0)), buf + root_ptr(buf, 1));
	return true;
}

static bool root_pointer_null(ARGS, uint8_t *buf)
{
	UNUSED_ARGS;
	put_be64(UINT64_MAX, buf + root_ptr(buf, 1));
	return true;
}

static bool bmbt_swap(ARGS, uint8_t *buf)
{
	uint8_t t[16];

	(void)objs;
	if (obj->count < 5)
		return false;
	memcpy(t, buf + 72 + 32, 16);
	memcpy(buf + 72 + 32, buf + 72 + 48, 16);
	memcpy(buf + 72 + 48, t, 16);
	return true;
}

static bool bmbt_middle(ARGS, const uint8_t *buf)
{
	const struct xfs_btree_block *b = (const void *)buf;

	UNUSED_ARGS;
	return be64_to_cpu(b->bb_u.l.bb_leftsib) != NULLFSBLOCK &&
	       be64_to_cpu(b->bb_u.l.bb_rightsib) != NULLFSBLOCK;
}

static bool bmbt_drop_last(ARGS, uint8_t *buf)
{
	(void)objs;
	put_be16((uint16_t)(obj->count - 1), buf + 6);
	return true;
}

static bool link_nul(ARGS, uint8_t *buf)
{
	UNUSED_ARGS;
	buf[LITERAL] = 0;
	return true;
}

static bool sl_nul(ARGS, uint8_t *buf)
{
	UNUSED_ARGS;
	buf[60] = 0;
	return true;
}

static const struct test_damage inode_damages[] = {
	{ "magic", TEST_INODE, -1, DI(di_magic), '=', 0, NULL, "inode", "magic", file },
	{ "version", TEST_INODE, -1, DI(di_version), '=', 2, NULL, "inode", "version", file },
	{ "mode type", TEST_INODE, -1, DI(di_mode), '=', 0070644, NULL, "inode", "di_mode", file },
	{ "mode zero", TEST_INODE, -1, DI(di_mode), '=', 0, NULL, "inode", "in use according", file },
	{ "mode other type", TEST_INODE, -1, DI(di_mode), '=', S_IFLNK | 0777, NULL, "directory", "file type", file },
	{ "format 4", TEST_INODE, -1, DI(di_format), '=', 4, NULL, "inode", "di_format", file },
	{ "format local", TEST_INODE, -1, DI(di_format), '=', 1, NULL, "inode", "di_format", file },
	{ "format btree", TEST_INODE, -1, DI(di_format), '=', 3, NULL, "inode", NULL, file },
	{ "format extents", TEST_INODE, -1, DI(di_format), '=', 2, NULL, "inode", "do not fit", tree_file },
	{ "format of special", TEST_INODE, -1, DI(di_format), '=', 2, NULL, "inode", "di_format", special },
	{ "onlink", TEST_INODE, -1, DI(di_onlink), '=', 1, NULL, "inode", "di_onlink", file },
	{ "nlink", TEST_INODE, -1, DI(di_nlink), '+', 1, NULL, "nlink", "references", file },
	{ "nlink zero", TEST_INODE, -1, DI(di_nlink), '=', 0, NULL, "inode", "unlinked", file },
	{ "nlink huge", TEST_INODE, -1, DI(di_nlink), '=', 0x80000001, NULL, "inode", "di_nlink", file },
	{ "nlink of dir", TEST_INODE, -1, DI(di_nlink), '+', 1, NULL, "nlink", "references", local_dir },
	{ "v3_pad", TEST_INODE, -1, DI(di_v3_pad), '=', 1, NULL, "inode", "di_v3_pad", file },
	{ "nanoseconds", TEST_INODE, -1, 0, 0, 0, 0, old_time, "inode", "nanoseconds", file },
	{ "size negative", TEST_INODE, -1, DI(di_size), '=', 1ull << 63, NULL, "inode", "di_size", file },
	{ "size of dir", TEST_INODE, -1, DI(di_size), '+', 1, NULL, "directory", "di_size", local_dir },
	{ "size of dir zero", TEST_INODE, -1, DI(di_size), '=', 0, NULL, "inode", "di_size", local_dir },
	{ "size of block dir", TEST_INODE, -1, DI(di_size), '+', 4096, NULL, "directory", "di_size", block_dir },
	{ "size of link", TEST_INODE, -1, DI(di_size), '+', 600, NULL, "inode", "local fork", local_link },
	{ "size of link", TEST_INODE, -1, DI(di_size), '+', 1, NULL, "symlink", NULL, remote_link },
	{ "size of special", TEST_INODE, -1, DI(di_size), '=', 1, NULL, "inode", "special", special },
	{ "nblocks", TEST_INODE, -1, DI(di_nblocks), '+', 1, NULL, "inode", "di_nblocks", file },
	{ "extsize", TEST_INODE, -1, DI(di_extsize), '=', 16, NULL, "inode", "di_extsize", file },
	{ "nextents more", TEST_INODE, -1, DI(di_nextents), '=', 500, NULL, "inode", "do not fit", file },
	{ "nextents less", TEST_INODE, -1, DI(di_nextents), '+', (uint64_t)-1, NULL, "inode", "di_nblocks", file },
	{ "nextents of tree", TEST_INODE, -1, DI(di_nextents), '+', 1, NULL, "inode", "counts", tree_file },
	{ "nextents of tree few", TEST_INODE, -1, DI(di_nextents), '=', 5, NULL, "inode", "fit in the data", tree_file },
	{ "anextents", TEST_INODE, -1, DI(di_anextents), '=', 3, NULL, "inode", "no attribute fork", rbm },
	{ "forkoff", TEST_INODE, -1, DI(di_forkoff), '=', 200, NULL, "inode", "di_forkoff", file },
	{ "forkoff of special", TEST_INODE, -1, DI(di_forkoff), '=', 5, NULL, "inode", "di_forkoff", special },
	{ "aformat", TEST_INODE, -1, DI(di_aformat), '=', 1, NULL, "inode", "di_aformat", rbm },
	{ "aformat 5", TEST_INODE, -1, DI(di_aformat), '=', 5, NULL, "inode", "di_aformat", attr_extents },
	{ "aformat local", TEST_INODE, -1, DI(di_aformat), '=', 1, NULL, "inode", "local attributes", attr_extents },
	{ "flags bit 15", TEST_INODE, -1, DI(di_flags), '^', 0x8000, NULL, "inode", "di_flags", file },
	{ "flags rtinherit", TEST_INODE, -1, DI(di_flags), '^', 0x100, NULL, "inode", "directories", file },
	{ "flags extsize", TEST_INODE, -1, DI(di_flags), '^', 0x800, NULL, "inode", "di_extsize", file },
	{ "flags extsize on dir", TEST_INODE, -1, DI(di_flags), '^', 0x800, NULL, "inode", "regular", local_dir },
	{ "flags realtime", TEST_INODE, -1, DI(di_flags), '^', 1, NULL, "inode", "realtime", file },
	{ "flags rt bitmap", TEST_INODE, -1, DI(di_flags), '^', 4, NULL, "inode", "bitmap", file },
	{ "flags2 unknown", TEST_INODE, -1, DI(di_flags2), '^', 1ull << 40, NULL, "inode", "di_flags2", file },
	{ "flags2 reflink off", TEST_INODE, -1, DI(di_flags2), '^', 2, NULL, "space", "cannot share", shared_file },
	{ "flags2 reflink on dir", TEST_INODE, -1, DI(di_flags2), '^', 2, NULL, "inode", "reflink", local_dir },
	{ "flags2 cow hint", TEST_INODE, -1, DI(di_flags2), '^', 4, NULL, "inode", "di_cowextsize", file },
	{ "flags2 wide counts", TEST_INODE, -1, DI(di_flags2), '^', 16, NULL, "inode", "NREXT64", file },
	{ "flags2 metadata", TEST_INODE, -1, DI(di_flags2), '^', 32, NULL, "inode", "METADIR", file },
	{ "flags2 dax on link", TEST_INODE, -1, DI(di_flags2), '^', 1, NULL, "inode", "DAX", local_link },
	{ "cowextsize", TEST_INODE, -1, DI(di_cowextsize), '=', 8, NULL, "inode", "di_cowextsize", file },
	{ "next_unlinked", TEST_INODE, -1, DI(di_next_unlinked), '=', 70, NULL, "inode", "next_unlinked", file },
	{ "lsn", TEST_INODE, -1, DI(di_lsn), '=', 99ull << 32, NULL, "inode", "LSN", file },
	{ "pad2", TEST_INODE, -1, 135, 1, '=', 1, NULL, "inode", "di_pad2", file },
	{ "ino", TEST_INODE, -1, DI(di_ino), '+', 1, NULL, "inode", "di_ino", not_root_inode },
	{ "uuid", TEST_INODE, -1, 160, 1, '^', 1, NULL, "inode", "UUID", not_root_inode },
	{ "rt bitmap is a dir", TEST_INODE, -1, DI(di_mode), '=', S_IFDIR | 0755, NULL, "superblock", "internal", rbm },
	{ "rt bitmap nlink", TEST_INODE, -1, DI(di_nlink), '=', 2, NULL, "nlink", "references", rbm },
	{ "rt bitmap size", TEST_INODE, -1, DI(di_size), '=', 4096, NULL, "inode", "realtime bitmap", rbm },
	{ "free: mode", TEST_INODE, -1, DI(di_mode), '=', 0100644, NULL, "inode", "free according", is_free },
	{ "free: nblocks", TEST_INODE, -1, DI(di_nblocks), '=', 3, NULL, "inode", "free, but", is_free },
	{ "free: next_unlinked", TEST_INODE, -1, DI(di_next_unlinked), '=', 0, NULL, "inode", "unlinked", is_free },
	{ "free: magic", TEST_INODE, -1, DI(di_magic), '=', 0, NULL, "inode", "magic", is_free },
	{ "extent of no blocks", TEST_INODE, -1, 0, 0, 0, 0, extent_zero, "inode", "impossible length", file },
	{ "extents swapped", TEST_INODE, -1, 0, 0, 0, 0, extent_order, "inode", "overlaps", file },
	{ "extent nowhere", TEST_INODE, -1, 0, 0, 0, 0, extent_far, "inode", "does not lie", file },
	{ "extent in the headers", TEST_INODE, -1, 0, 0, 0, 0, extent_at_headers, "inode", "does not lie", file },
	{ "extent on a tree", TEST_INODE, -1, 0, 0, 0, 0, extent_on_tree, "space", "free space trees", file },
	{ "extent moved", TEST_INODE, -1, 0, 0, 0, 0, extent_moved, "space", NULL, file },
	{ "extent longer", TEST_INODE, -1, 0, 0, 0, 0, extent_longer, "inode", NULL, file },
	{ "extent twice", TEST_INODE, -1, 0, 0, 0, 0, extent_twice, "space", "belong to", file },
	{ "unwritten", TEST_INODE, -1, 0, 0, 0, 0, extent_unwritten, "rmapbt", NULL, file },
	{ "unwritten in dir", TEST_INODE, -1, 0, 0, 0, 0, extent_unwritten, "inode", "unwritten", block_dir },
	{ "unwritten in attr fork", TEST_INODE, -1, 0, 0, 0, 0, attr_unwritten, "inode", "unwritten", attr_extents },
	{ "root level", TEST_INODE, -1, LITERAL, 2, '+', 1, NULL, "bmbt", "level", tree_file },
	{ "root level 0", TEST_INODE, -1, LITERAL, 2, '=', 0, NULL, "inode", "tree root", tree_file },
	{ "root numrecs", TEST_INODE, -1, LITERAL + 2, 2, '=', 300, NULL, "inode", "tree root", tree_file },
	{ "root numrecs 0", TEST_INODE, -1, LITERAL + 2, 2, '=', 0, NULL, "inode", "tree root", tree_file },
	{ "root numrecs less", TEST_INODE, -1, LITERAL + 2, 2, '+', (uint64_t)-1, NULL, "inode", "counts", tree_file },
	{ "root key", TEST_INODE, -1, LITERAL + 12, 8, '+', 1, NULL, "bmbt", "key in the parent", tree_file },
	{ "root pointer", TEST_INODE, -1, 0, 0, 0, 0, root_pointer, "bmbt", NULL, tree_file },
	{ "root pointer twice", TEST_INODE, -1, 0, 0, 0, 0, root_pointer_twice, "bmbt", "second time", tree_file },
	{ "root pointer null", TEST_INODE, -1, 0, 0, 0, 0, root_pointer_null, "bmbt", "which is none", tree_file },
	{ "target has a NUL", TEST_INODE, -1, 0, 0, 0, 0, link_nul, "symlink", "NUL", local_link },
};

static const struct test_damage block_damages[] = {
	{ "magic", TEST_BMBT, 0, LONG(bb_magic), '=', 0, NULL, "bmbt", "magic", NULL },
	{ "level", TEST_BMBT, 0, LONG(bb_level), '+', 1, NULL, "bmbt", "bb_level", NULL },
	{ "numrecs over", TEST_BMBT, 0, LONG(bb_numrecs), '=', 9999, NULL, "bmbt", "above", NULL },
	{ "numrecs low", TEST_BMBT, 0, LONG(bb_numrecs), '=', 3, NULL, "bmbt", "below", bmbt_middle },
	{ "numrecs less", TEST_BMBT, 0, 0, 0, 0, 0, bmbt_drop_last, "inode", "counts", bmbt_middle },
	{ "leftsib", TEST_BMBT, 0, U(bb_leftsib), '+', 1, NULL, "bmbt", "bb_leftsib", bmbt_middle },
	{ "leftsib null", TEST_BMBT, 0, U(bb_leftsib), '=', UINT64_MAX, NULL, "bmbt", "bb_leftsib", bmbt_middle },
	{ "rightsib", TEST_BMBT, 0, U(bb_rightsib), '+', 1, NULL, "bmbt", "bb_rightsib", bmbt_middle },
	{ "rightsib null", TEST_BMBT, 0, U(bb_rightsib), '=', UINT64_MAX, NULL, "bmbt", "bb_rightsib", bmbt_middle },
	{ "blkno", TEST_BMBT, 0, U(bb_blkno), '+', 2, NULL, "bmbt", "bb_blkno", NULL },
	{ "lsn", TEST_BMBT, 0, U(bb_lsn), '=', 99ull << 32, NULL, "bmbt", "LSN", NULL },
	{ "uuid", TEST_BMBT, 0, 40, 1, '^', 1, NULL, "bmbt", "UUID", NULL },
	{ "owner", TEST_BMBT, 0, U(bb_owner), '+', 1, NULL, "bmbt", "bb_owner", NULL },
	{ "records swapped", TEST_BMBT, 0, 0, 0, 0, 0, bmbt_swap, "bmbt", "not greater", NULL },
	{ "record length", TEST_BMBT, 0, 72 + 16 + 8, 8, '^', 0x1fffff, NULL, "bmbt", NULL, NULL },
	{ "first record", TEST_BMBT, 0, 72, 8, '+', 1ull << 9, NULL, "bmbt", "key in the parent", bmbt_middle },
	{ "node key", TEST_BMBT, 1, 72 + 8, 8, '+', 1, NULL, "bmbt", "key in the parent", NULL },
	{ "node pointer", TEST_BMBT, 1, 72 + 59 * 8 + 8, 8, '+', 1, NULL, "bmbt", NULL, NULL },
	{ "magic", TEST_SYMLINK, -1, SL(sl_magic), '=', 0, NULL, "symlink", "magic", NULL },
	{ "offset", TEST_SYMLINK, -1, SL(sl_offset), '+', 1, NULL, "symlink", "piece", NULL },
	{ "bytes", TEST_SYMLINK, -1, SL(sl_bytes), '+', (uint64_t)-1, NULL, "symlink", "piece", NULL },
	{ "uuid", TEST_SYMLINK, -1, 16, 1, '^', 1, NULL, "symlink", "UUID", NULL },
	{ "owner", TEST_SYMLINK, -1, SL(sl_owner), '+', 1, NULL, "symlink", "owner", NULL },
	{ "blkno", TEST_SYMLINK, -1, SL(sl_blkno), '+', 8, NULL, "symlink", "blkno", NULL },
	{ "lsn", TEST_SYMLINK, -1, SL(sl_lsn), '=', 99ull << 32, NULL, "symlink", "LSN", NULL },
	{ "NUL", TEST_SYMLINK, -1, 0, 0, 0, 0, sl_nul, "symlink", "NUL", NULL },
};

static int skipped;

static void test_files(void **state)
{
	static const struct test_fill_options fill[] = {
		{ .seed = 1, .blocksize = 1024, .dirblksize = 4096, .inodesize = 512, .percent = 60,
		  .what = TEST_FILL_DATA | TEST_FILL_MISC | TEST_FILL_ATTRS },
		{ .seed = 2, .blocksize = 1024, .dirblksize = 4096, .inodesize = 512, .percent = 10,
		  .what = TEST_FILL_DIRS },
		{ .what = 0 },
	};
	const struct test_image_plan plan = {
		.mkfs = "-b size=1024 -m rmapbt=1", .bytes = 400ull << 20, .fill = fill,
	};
	const struct test_damage_table tables[] = { TEST_TABLE(inode_damages), TEST_TABLE(block_damages) };
	int ret;

	(void)state;
	ret = test_damage_plan(&plan, "files", tables, ARRAY_SIZE(tables));
	if (ret == 77) {
		skipped = 77;
		skip();
	}
	assert_int_equal(ret, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_files) };
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	return failed ? failed : skipped;
}
