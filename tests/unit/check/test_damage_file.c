/* SPDX-License-Identifier: MIT */
/*
 * Goal: damage to inodes, extent lists, extent trees and symbolic links is found
 * and called by the right name.
 * Method: one change at a time with a right checksum, in an image that the
 * kernel filled, or the library where that cannot be, with small blocks so that extent trees are
 * high.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "disk/btree.h"
#include "disk/symlink.h"
#include "support/damage.h"

#define DI(m)	MEMBER(struct xfs_dinode, m)
#define LONG(m)	MEMBER(struct xfs_btree_block, m)
#define U(m)	LONG(bb_u.l.m)

static uint16_t mode_of(const uint8_t *buf)
{
	return be16_to_cpu(dinode(buf)->di_mode);
}

/* An ordinary file: not one of the superblock's, in a directory, some extents inline. */
PICK(file,
     S_ISREG(mode_of(buf)) && dinode(buf)->di_format == XFS_DINODE_FMT_EXTENTS &&
     be32_to_cpu(dinode(buf)->di_nextents) >= 3 && !be16_to_cpu(dinode(buf)->di_flags) &&
     obj->owner > objs->sb.sb_rsumino)
PICK(tree_file,
     S_ISREG(mode_of(buf)) && dinode(buf)->di_format == XFS_DINODE_FMT_BTREE &&
     get_be16(buf + LITERAL + 2) >= 2)
PICK(shared_file,
     S_ISREG(mode_of(buf)) &&
     (be64_to_cpu(dinode(buf)->di_flags2) & XFS_DIFLAG2_REFLINK) &&
     be64_to_cpu(dinode(buf)->di_nblocks) > 3)
PICK(local_dir,
     S_ISDIR(mode_of(buf)) && dinode(buf)->di_format == XFS_DINODE_FMT_LOCAL &&
     buf[LITERAL] >= 2)
PICK(block_dir, S_ISDIR(mode_of(buf)) && dinode(buf)->di_format == XFS_DINODE_FMT_EXTENTS)
PICK(local_link, S_ISLNK(mode_of(buf)) && dinode(buf)->di_format == XFS_DINODE_FMT_LOCAL)
PICK(remote_link, S_ISLNK(mode_of(buf)) && dinode(buf)->di_format == XFS_DINODE_FMT_EXTENTS)
PICK(special, S_ISCHR(mode_of(buf)))
PICK(attr_extents,
     dinode(buf)->di_forkoff && dinode(buf)->di_aformat == XFS_DINODE_FMT_EXTENTS &&
     be16_to_cpu(dinode(buf)->di_anextents) > 0)
PICK(is_free, !mode_of(buf))
PICK(not_root_inode, obj->owner > objs->sb.sb_rsumino && mode_of(buf))
PICK(rbm, obj->owner == objs->sb.sb_rbmino)
PICK(rsum, obj->owner == objs->sb.sb_rsumino)

/* ---- edits ---- */

static bool old_time(ARGS, uint8_t *buf)
{
	struct xfs_dinode *dip = (void *)buf;

	dip->di_flags2 = cpu_to_be64(be64_to_cpu(dip->di_flags2) & ~XFS_DIFLAG2_BIGTIME);
	dip->di_mtime = cpu_to_be64(5ull << 32 | 1000000000u);
	return true;
}

/* Record @i of the extent list. */
static uint8_t *rec(uint8_t *buf, uint32_t i)
{
	return buf + LITERAL + 16 * (size_t)i;
}

/* This record and the next change places. */
static void swap_recs(uint8_t *p)
{
	uint8_t t[16];

	memcpy(t, p, 16);
	memcpy(p, p + 16, 16);
	memcpy(p + 16, t, 16);
}

/* One block long, at @agbno of AG 0. */
static void put_at_block(uint8_t *p, uint64_t agbno)
{
	put_be64(get_be64(p) & ~0x1ffull, p);
	put_be64(agbno << 21 | 1, p + 8);
}

CHANGE(extent_zero, rec(buf, 1), put_be64(get_be64(p + 8) & ~0x1fffffull, p + 8))
CHANGE(extent_past_end, rec(buf, 1), put_be64(get_be64(p) | 1ull << 62, p))
CHANGE(extent_order, rec(buf, 0), swap_recs(p))
CHANGE(extent_far, rec(buf, 1), put_be64(get_be64(p) | 0x1ff, p))
CHANGE(extent_moved, rec(buf, 1), put_be64(get_be64(p + 8) + (1ull << 21), p + 8))
CHANGE(extent_longer, rec(buf, 0), put_be64(get_be64(p + 8) + 1, p + 8))
CHANGE(extent_at_headers, rec(buf, 0), put_at_block(p, 1))
CHANGE(extent_on_tree, rec(buf, 0), put_at_block(p, 3))
CHANGE(extent_twice, rec(buf, 1),
       put_be64((get_be64(p) & ~0x1ffull) | (get_be64(rec(buf, 0)) & 0x1ff), p);
       put_be64(get_be64(rec(buf, 0) + 8), p + 8))
CHANGE(extent_unwritten, rec(buf, 0), put_be64(get_be64(p) | 1ull << 63, p))
CHANGE(attr_unwritten, buf + LITERAL + 8 * (size_t)dinode(buf)->di_forkoff,
       put_be64(get_be64(p) | 1ull << 63, p))

/* Offsets of a root in the inode: keys, then pointers behind room for the maximum. */
static size_t root_ptr(const uint8_t *buf, uint32_t i)
{
	uint32_t fork = dinode(buf)->di_forkoff ? dinode(buf)->di_forkoff * 8u : 512 - LITERAL;

	return LITERAL + 4 + 8 * ((size_t)(fork - 4) / 16 + i);
}

CHANGE(root_pointer, buf + root_ptr(buf, 0), put_be64(get_be64(p) + 3, p))
CHANGE(root_pointer_twice, buf + root_ptr(buf, 0), memcpy(p + 8, p, 8))
CHANGE(root_pointer_null, buf + root_ptr(buf, 1), put_be64(UINT64_MAX, p))

CHANGE(bmbt_swap, obj->count < 5 ? NULL : buf + 72 + 32, swap_recs(p))

static bool bmbt_middle(ARGS, const uint8_t *buf)
{
	const struct xfs_btree_block *b = (const void *)buf;

	return be64_to_cpu(b->bb_u.l.bb_leftsib) != NULLFSBLOCK &&
	       be64_to_cpu(b->bb_u.l.bb_rightsib) != NULLFSBLOCK;
}

/* Not directly below the root in the inode, where few entries are allowed. */
static bool bmbt_deep(ARGS, const uint8_t *buf)
{
	if (!bmbt_middle(objs, obj, buf))
		return false;
	for (size_t i = 0; i < objs->n; i++) {
		if (objs->v[i].kind == TEST_BMBT && objs->v[i].level == 1 &&
		    objs->v[i].owner == obj->owner)
			return true;
	}
	return false;
}

CHANGE(bmbt_drop_last, buf + 6, put_be16((uint16_t)(obj->count - 1), p))
CHANGE(link_nul, buf + LITERAL, *p = 0)
CHANGE(sl_nul, buf + 60, *p = 0)

/* clang-format off */
static const struct test_damage inode_damages[] = {
	FIELD_IF("magic", TEST_INODE, DI(di_magic), '=', 0, "inode", "magic", file),
	FIELD_IF("version", TEST_INODE, DI(di_version), '=', 2, "inode", "version", file),
	FIELD_IF("mode type", TEST_INODE, DI(di_mode), '=', 0070644, "inode", "di_mode", file),
	FIELD_IF("mode zero", TEST_INODE, DI(di_mode), '=', 0, "inode", "in use according", file),
	FIELD_IF("mode other type", TEST_INODE, DI(di_mode), '=', S_IFLNK | 0777, "directory",
		"file type", file),
	FIELD_IF("format 4", TEST_INODE, DI(di_format), '=', 4, "inode", "di_format", file),
	FIELD_IF("format local", TEST_INODE, DI(di_format), '=', 1, "inode", "di_format", file),
	FIELD_IF("format btree", TEST_INODE, DI(di_format), '=', 3, "inode", NULL, file),
	FIELD_IF("format extents", TEST_INODE, DI(di_format), '=', 2, "inode", "do not fit",
		tree_file),
	FIELD_IF("format of special", TEST_INODE, DI(di_format), '=', 2, "inode", "di_format",
		special),
	FIELD_IF("onlink", TEST_INODE, DI(di_onlink), '=', 1, "inode", "di_onlink", file),
	FIELD_IF("nlink", TEST_INODE, DI(di_nlink), '+', 1, "nlink", "references", file),
	FIELD_IF("nlink zero", TEST_INODE, DI(di_nlink), '=', 0, "inode", "unlinked", file),
	FIELD_IF("nlink huge", TEST_INODE, DI(di_nlink), '=', 0x80000001, "inode", "di_nlink",
		file),
	FIELD_IF("nlink of dir", TEST_INODE, DI(di_nlink), '+', 1, "nlink", "references",
		local_dir),
	FIELD_IF("v3_pad", TEST_INODE, DI(di_v3_pad), '=', 1, "inode", "di_v3_pad", file),
	EDIT_IF("nanoseconds", TEST_INODE, old_time, "inode", "nanoseconds", file),
	FIELD_IF("size negative", TEST_INODE, DI(di_size), '=', 1ull << 63, "inode", "di_size",
		file),
	FIELD_IF("size of dir", TEST_INODE, DI(di_size), '+', 1, "directory", "di_size", local_dir),
	FIELD_IF("size of dir zero", TEST_INODE, DI(di_size), '=', 0, "inode", "di_size",
		local_dir),
	FIELD_IF("size of block dir", TEST_INODE, DI(di_size), '+', 4096, "directory", "di_size",
		block_dir),
	FIELD_IF("size of link", TEST_INODE, DI(di_size), '+', 600, "inode", "local fork",
		local_link),
	FIELD_IF("size of link", TEST_INODE, DI(di_size), '+', 1, "symlink", NULL, remote_link),
	FIELD_IF("size of special", TEST_INODE, DI(di_size), '=', 1, "inode", "special", special),
	FIELD_IF("nblocks", TEST_INODE, DI(di_nblocks), '+', 1, "inode", "di_nblocks", file),
	FIELD_IF("extsize", TEST_INODE, DI(di_extsize), '=', 16, "inode", "di_extsize", file),
	FIELD_IF("nextents more", TEST_INODE, DI(di_nextents), '=', 500, "inode", "do not fit",
		file),
	FIELD_IF("nextents less", TEST_INODE, DI(di_nextents), '+', (uint64_t)-1, "inode",
		"di_nblocks", file),
	FIELD_IF("nextents of tree", TEST_INODE, DI(di_nextents), '+', 1, "inode", "counts",
		tree_file),
	FIELD_IF("nextents of tree few", TEST_INODE, DI(di_nextents), '=', 5, "inode",
		"fit in the data", tree_file),
	FIELD_IF("anextents", TEST_INODE, DI(di_anextents), '=', 3, "inode", "no attribute fork",
		rbm),
	FIELD_IF("forkoff", TEST_INODE, DI(di_forkoff), '=', 200, "inode", "di_forkoff", file),
	FIELD_IF("forkoff of special", TEST_INODE, DI(di_forkoff), '=', 5, "inode", "di_forkoff",
		special),
	FIELD_IF("aformat", TEST_INODE, DI(di_aformat), '=', 1, "inode", "di_aformat", rbm),
	FIELD_IF("aformat 5", TEST_INODE, DI(di_aformat), '=', 5, "inode", "di_aformat",
		attr_extents),
	FIELD_IF("aformat local", TEST_INODE, DI(di_aformat), '=', 1, "inode", "local attributes",
		attr_extents),
	FIELD_IF("flags bit 15", TEST_INODE, DI(di_flags), '^', 0x8000, "inode", "di_flags", file),
	FIELD_IF("flags rtinherit", TEST_INODE, DI(di_flags), '^', 0x100, "inode", "directories",
		file),
	FIELD_IF("flags extsize", TEST_INODE, DI(di_flags), '^', 0x800, "inode", "di_extsize",
		file),
	FIELD_IF("flags extsize on dir", TEST_INODE, DI(di_flags), '^', 0x800, "inode", "regular",
		local_dir),
	FIELD_IF("flags realtime", TEST_INODE, DI(di_flags), '^', 1, "inode", "realtime", file),
	FIELD_IF("flags rt bitmap", TEST_INODE, DI(di_flags), '^', 4, "inode", "bitmap", file),
	FIELD_IF("flags2 unknown", TEST_INODE, DI(di_flags2), '^', 1ull << 40, "inode",
		"di_flags2", file),
	FIELD_IF("flags2 reflink off", TEST_INODE, DI(di_flags2), '^', 2, "space", "cannot share",
		shared_file),
	FIELD_IF("flags2 reflink on dir", TEST_INODE, DI(di_flags2), '^', 2, "inode", "reflink",
		local_dir),
	FIELD_IF("flags2 cow hint", TEST_INODE, DI(di_flags2), '^', 4, "inode", "di_cowextsize",
		file),
	FIELD_IF("flags2 wide counts", TEST_INODE, DI(di_flags2), '^', 16, "inode", "NREXT64",
		file),
	FIELD_IF("flags2 metadata", TEST_INODE, DI(di_flags2), '^', 32, "inode", "METADIR", file),
	FIELD_IF("flags2 dax on link", TEST_INODE, DI(di_flags2), '^', 1, "inode", "DAX",
		local_link),
	FIELD_IF("cowextsize", TEST_INODE, DI(di_cowextsize), '=', 8, "inode", "di_cowextsize",
		file),
	FIELD_IF("next_unlinked", TEST_INODE, DI(di_next_unlinked), '=', 70, "inode",
		"next_unlinked", file),
	FIELD_IF("lsn", TEST_INODE, DI(di_lsn), '=', 99ull << 32, "inode", "LSN", file),
	FIELD_IF("pad2", TEST_INODE, BYTES(135, 1), '=', 1, "inode", "di_pad2", file),
	FIELD_IF("ino", TEST_INODE, DI(di_ino), '+', 1, "inode", "di_ino", not_root_inode),
	FIELD_IF("uuid", TEST_INODE, BYTES(160, 1), '^', 1, "inode", "UUID", not_root_inode),
	FIELD_IF("rt bitmap is a dir", TEST_INODE, DI(di_mode), '=', S_IFDIR | 0755, "superblock",
		"internal", rbm),
	FIELD_IF("rt bitmap nlink", TEST_INODE, DI(di_nlink), '=', 2, "nlink", "references", rbm),
	FIELD_IF("rt bitmap size", TEST_INODE, DI(di_size), '=', 4096, "inode", "realtime bitmap",
		rbm),
	FIELD_IF("rt bitmap in realtime", TEST_INODE, DI(di_flags), '^', 1, "inode", "REALTIME", rbm),
	FIELD_IF("rt bitmap without aformat", TEST_INODE, DI(di_aformat), '=', 0, "inode",
		"no attribute fork", rbm),
	EDIT_IF("rt bitmap nanoseconds", TEST_INODE, old_time, "inode", "di_mtime", rbm),
	FIELD_IF("rt summary in realtime", TEST_INODE, DI(di_flags), '^', 1, "inode", "REALTIME",
		rsum),
	FIELD_IF("rt summary size", TEST_INODE, DI(di_size), '=', 1, "inode", "realtime summary",
		rsum),
	FIELD_IF("directory in realtime", TEST_INODE, DI(di_flags), '^', 1, "inode", "REALTIME",
		local_dir),
	FIELD_IF("free: v3_pad", TEST_INODE, DI(di_v3_pad), '=', 1, "inode", "padding", is_free),
	FIELD_IF("free: size", TEST_INODE, DI(di_size), '=', 1ull << 63, "inode", "negative",
		is_free),
	FIELD_IF("free: forkoff", TEST_INODE, DI(di_forkoff), '=', 200, "inode", "di_forkoff",
		is_free),
	FIELD_IF("free: aformat", TEST_INODE, DI(di_aformat), '=', 3, "inode", "di_aformat",
		is_free),
	FIELD_IF("free: flags realtime", TEST_INODE, DI(di_flags), '=', 1, "inode", "di_flags",
		is_free),
	FIELD_IF("free: flags unknown", TEST_INODE, DI(di_flags), '=', 0x8000, "inode", "di_flags",
		is_free),
	FIELD_IF("free: flags2 reflink", TEST_INODE, DI(di_flags2), '=', 2, "inode", "di_flags2",
		is_free),
	FIELD_IF("free: extsize", TEST_INODE, DI(di_extsize), '=', 1u << 31, "inode", "di_extsize",
		is_free),
	FIELD_IF("free: cowextsize", TEST_INODE, DI(di_cowextsize), '=', 1u << 31, "inode",
		"di_cowextsize", is_free),
	FIELD_IF("free: mode", TEST_INODE, DI(di_mode), '=', 0100644, "inode", "free according",
		is_free),
	FIELD_IF("free: nblocks", TEST_INODE, DI(di_nblocks), '=', 3, "inode", "free, but",
		is_free),
	FIELD_IF("free: next_unlinked", TEST_INODE, DI(di_next_unlinked), '=', 0, "inode",
		"unlinked", is_free),
	FIELD_IF("free: magic", TEST_INODE, DI(di_magic), '=', 0, "inode", "magic", is_free),
	EDIT_IF("extent of no blocks", TEST_INODE, extent_zero, "inode", "impossible length", file),
	EDIT_IF("extent past the largest file", TEST_INODE, extent_past_end, "inode",
		"past the largest file", file),
	EDIT_IF("extents swapped", TEST_INODE, extent_order, "inode", "overlaps", file),
	EDIT_IF("extent nowhere", TEST_INODE, extent_far, "inode", "does not lie", file),
	EDIT_IF("extent in the headers", TEST_INODE, extent_at_headers, "inode", "does not lie",
		file),
	EDIT_IF("extent on a tree", TEST_INODE, extent_on_tree, "space", "free space trees", file),
	EDIT_IF("extent moved", TEST_INODE, extent_moved, "space", NULL, file),
	EDIT_IF("extent longer", TEST_INODE, extent_longer, "inode", NULL, file),
	EDIT_IF("extent twice", TEST_INODE, extent_twice, "space", "belong to", file),
	EDIT_IF("unwritten", TEST_INODE, extent_unwritten, "rmapbt", NULL, file),
	EDIT_IF("unwritten in dir", TEST_INODE, extent_unwritten, "inode", "unwritten", block_dir),
	EDIT_IF("unwritten in attr fork", TEST_INODE, attr_unwritten, "inode", "unwritten",
		attr_extents),
	FIELD_IF("root level", TEST_INODE, BYTES(LITERAL, 2), '+', 1, "bmbt", "level", tree_file),
	FIELD_IF("root level 0", TEST_INODE, BYTES(LITERAL, 2), '=', 0, "inode", "tree root",
		tree_file),
	FIELD_IF("root numrecs", TEST_INODE, BYTES(LITERAL + 2, 2), '=', 300, "inode",
		"tree root", tree_file),
	FIELD_IF("root numrecs 0", TEST_INODE, BYTES(LITERAL + 2, 2), '=', 0, "inode",
		"tree root", tree_file),
	FIELD_IF("root numrecs less", TEST_INODE, BYTES(LITERAL + 2, 2), '+', (uint64_t)-1,
		"inode", "counts", tree_file),
	FIELD_IF("root key", TEST_INODE, BYTES(LITERAL + 12, 8), '+', 1, "bmbt",
		"key in the parent", tree_file),
	EDIT_IF("root pointer", TEST_INODE, root_pointer, "bmbt", NULL, tree_file),
	/* (CHECK-6) */
	EDIT_IF("root pointer twice", TEST_INODE, root_pointer_twice, "bmbt", "second time",
		tree_file),
	EDIT_IF("root pointer null", TEST_INODE, root_pointer_null, "bmbt", "which is none",
		tree_file),
	EDIT_IF("target has a NUL", TEST_INODE, link_nul, "symlink", "NUL", local_link),
};
/* clang-format on */

/* clang-format off */
static const struct test_damage block_damages[] = {
	FIELD0("magic", TEST_BMBT, LONG(bb_magic), '=', 0, "bmbt", "magic"),
	FIELD0("level", TEST_BMBT, LONG(bb_level), '+', 1, "bmbt", "bb_level"),
	FIELD0("numrecs over", TEST_BMBT, LONG(bb_numrecs), '=', 9999, "bmbt", "above"),
	FIELD0_IF("numrecs low", TEST_BMBT, LONG(bb_numrecs), '=', 3, "bmbt", "below", bmbt_deep),
	EDIT0_IF("numrecs less", TEST_BMBT, bmbt_drop_last, "inode", "counts", bmbt_middle),
	FIELD0_IF("leftsib", TEST_BMBT, U(bb_leftsib), '+', 1, "bmbt", "bb_leftsib", bmbt_middle),
	FIELD0_IF("leftsib null", TEST_BMBT, U(bb_leftsib), '=', UINT64_MAX, "bmbt", "bb_leftsib",
		bmbt_middle),
	FIELD0_IF("rightsib", TEST_BMBT, U(bb_rightsib), '+', 1, "bmbt", "bb_rightsib",
		bmbt_middle),
	FIELD0_IF("rightsib null", TEST_BMBT, U(bb_rightsib), '=', UINT64_MAX, "bmbt",
		"bb_rightsib", bmbt_middle),
	FIELD0("blkno", TEST_BMBT, U(bb_blkno), '+', 2, "bmbt", "bb_blkno"),
	FIELD0("lsn", TEST_BMBT, U(bb_lsn), '=', 99ull << 32, "bmbt", "LSN"),
	FIELD0("uuid", TEST_BMBT, BYTES(40, 1), '^', 1, "bmbt", "UUID"),
	FIELD0("owner", TEST_BMBT, U(bb_owner), '+', 1, "bmbt", "bb_owner"),
	EDIT0("records swapped", TEST_BMBT, bmbt_swap, "bmbt", "not greater"),
	FIELD0("record length", TEST_BMBT, BYTES(72 + 16 + 8, 8), '^', 0x1fffff, "bmbt", NULL),
	FIELD0_IF("first record", TEST_BMBT, BYTES(72, 8), '+', 1ull << 9, "bmbt",
		"key in the parent", bmbt_middle),
	FIELD1("node key", TEST_BMBT, BYTES(72 + 8, 8), '+', 1, "bmbt", "key in the parent"),
	FIELD1("node pointer", TEST_BMBT, BYTES(72 + 59 * 8 + 8, 8), '+', 1, "bmbt", NULL),
	PIECE_BLOCK(TEST_SYMLINK, "symlink", 99ull << 32),
	EDIT("NUL", TEST_SYMLINK, sl_nul, "symlink", "NUL"),
};
/* clang-format on */

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
		.mkfs = "-b size=1024 -m rmapbt=1 -i nrext64=0", .bytes = 400ull << 20, .fill = fill,
		.blocksize = 1024,
	};
	const struct test_damage_table tables[] = { TEST_TABLE(inode_damages),
						    TEST_TABLE(block_damages) };

	(void)state;
	test_damage_demand(&plan, "files", tables, ARRAY_SIZE(tables));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_files) };

	return test_damage_report(cmocka_run_group_tests(tests, NULL, NULL), ARRAY_SIZE(tests));
}
