/* SPDX-License-Identifier: MIT */
/*
 * Goal: damage to directories in each of their forms, and to what hangs on them
 * (link counts, parents), is found and called by the right name.
 * Method: one change at a time with a right checksum, in an image that the
 * kernel filled, or the library where that cannot be.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "disk/dir.h"
#include "support/damage.h"

#define DATA(m)	MEMBER(struct xfs_dir3_data_hdr, m)
#define FREE(m)	MEMBER(struct xfs_dir3_free_hdr, m)
#define LEAF(m)	MEMBER(struct xfs_dir3_leaf_hdr, m)
#define NODE(m)	MEMBER(struct xfs_da3_node_hdr, m)
#define DBS	4096u

/* ---- short form ---- */

PICK(sf_dir,
     S_ISDIR(be16_to_cpu(dinode(buf)->di_mode)) &&
     dinode(buf)->di_format == XFS_DINODE_FMT_LOCAL && buf[LITERAL] >= 3 &&
     obj->owner != objs->sb.sb_rootino)

static uint8_t *sf_entry(uint8_t *buf, unsigned int i)
{
	uint8_t *p = buf + LITERAL + 6;

	while (i--)
		p += 3 + p[0] + 1 + 4;
	return p;
}

#define SF_EDIT(name, change)	CHANGE(name, sf_entry(buf, 1), change)
SF_EDIT(sf_namelen, p[0] = (uint8_t)(p[0] + 1))
SF_EDIT(sf_namelen_zero, p[0] = 0)
SF_EDIT(sf_offset, put_be16(96, p + 1))
SF_EDIT(sf_offset_odd, put_be16((uint16_t)(get_be16(p + 1) + 4), p + 1))
SF_EDIT(sf_slash, p[3] = '/')
SF_EDIT(sf_nul, p[3] = 0)
SF_EDIT(sf_ftype, p[3 + p[0]] = 6)
SF_EDIT(sf_ftype_zero, p[3 + p[0]] = 0)
SF_EDIT(sf_ftype_huge, p[3 + p[0]] = 9)
SF_EDIT(sf_ino_bad, put_be32(5, p + 4 + p[0]))
SF_EDIT(sf_ino_internal, put_be32((uint32_t)objs->sb.sb_rbmino, p + 4 + p[0]))

CHANGE(sf_last_offset, sf_entry(buf, buf[LITERAL] - 1u), put_be16(4072, p + 1))

static bool sf_other(ARGS, uint8_t *buf)
{
	uint8_t *p = sf_entry(buf, 1), *q = sf_entry(buf, 2);
	uint32_t a = get_be32(p + 4 + p[0]), b = get_be32(q + 4 + q[0]);

	put_be32(b, p + 4 + p[0]);
	return a != b;
}

static bool sf_twice(ARGS, uint8_t *buf)
{
	uint8_t *p = sf_entry(buf, 1), *q = sf_entry(buf, 2);

	if (p[0] != q[0])
		return false;
	memcpy(q + 3, p + 3, p[0]);
	return true;
}

/* clang-format off */
static const struct test_damage sf_damages[] = {
	FIELD_IF("count", TEST_INODE, BYTES(LITERAL, 1), '+', 1, "directory", "does not fit",
		sf_dir),
	FIELD_IF("count less", TEST_INODE, BYTES(LITERAL, 1), '+', (uint64_t)-1, "directory",
		"entries end", sf_dir),
	FIELD_IF("i8count", TEST_INODE, BYTES(LITERAL + 1, 1), '=', 1, "directory", NULL, sf_dir),
	FIELD_IF("parent", TEST_INODE, BYTES(LITERAL + 2, 4), '=', 64, "directory", "\"..\" is",
		sf_dir),
	FIELD_IF("parent bad", TEST_INODE, BYTES(LITERAL + 2, 4), '=', 3, "directory",
		"not an inode number", sf_dir),
	EDIT_IF("namelen", TEST_INODE, sf_namelen, "directory", NULL, sf_dir),
	EDIT_IF("namelen zero", TEST_INODE, sf_namelen_zero, "directory", "does not fit", sf_dir),
	EDIT_IF("offset", TEST_INODE, sf_offset, "directory", "offset", sf_dir),
	EDIT_IF("offset odd", TEST_INODE, sf_offset_odd, "directory", "offset", sf_dir),
	EDIT_IF("offset far", TEST_INODE, sf_last_offset, "directory", "one block", sf_dir),
	EDIT_IF("slash", TEST_INODE, sf_slash, "directory", "not allowed", sf_dir),
	EDIT_IF("NUL", TEST_INODE, sf_nul, "directory", "not allowed", sf_dir),
	EDIT_IF("ftype", TEST_INODE, sf_ftype, "directory", "file type 6", sf_dir),
	EDIT_IF("ftype zero", TEST_INODE, sf_ftype_zero, "directory", "file type 0", sf_dir),
	EDIT_IF("ftype huge", TEST_INODE, sf_ftype_huge, "directory", "file type 9", sf_dir),
	EDIT_IF("ino", TEST_INODE, sf_ino_bad, "directory", "not for directories", sf_dir),
	EDIT_IF("ino internal", TEST_INODE, sf_ino_internal, "directory", "not for directories",
		sf_dir),
	EDIT_IF("ino of another", TEST_INODE, sf_other, "nlink", "references", sf_dir),
	EDIT_IF("name twice", TEST_INODE, sf_twice, "directory", "twice", sf_dir),
};
/* clang-format on */

/* ---- data blocks, and the block form ---- */

/* The @n-th entry (or free record) from the third on. */
static uint8_t *data_record(uint8_t *buf, bool is_free, unsigned int n)
{
	uint32_t off = 96;

	while (off + 16 < DBS - 8) {
		bool f = get_be16(buf + off) == 0xffff;
		uint32_t size = f ? get_be16(buf + off + 2) : xfs_dir2_data_entsize(buf[off + 8]);

		if (f == is_free && n-- == 0)
			return buf + off;
		off += size;
		if (get_be32(buf) == XFS_DIR3_BLOCK_MAGIC &&
		    off >= DBS - 8 - 8 * get_be32(buf + DBS - 8))
			break;
	}
	return NULL;
}

#define DATA_EDIT(name, is_free, n, change) CHANGE(name, data_record(buf, is_free, n), change)
DATA_EDIT(ent_ino, false, 2, put_be64(objs->sb.sb_rsumino, p))
DATA_EDIT(ent_ino_far, false, 2, put_be64(1ull << 50, p))
DATA_EDIT(ent_namelen, false, 2, p[8] = 0)
DATA_EDIT(ent_namelen_far, false, 2, p[8] = p[8] > 200 ? 100 : 255)
DATA_EDIT(ent_name, false, 2, p[9] ^= 1)
DATA_EDIT(ent_slash, false, 2, p[9] = '/')
DATA_EDIT(ent_ftype, false, 2, p[9 + p[8]] = 5)
DATA_EDIT(ent_tag, false, 2, put_be16(8, p + xfs_dir2_data_entsize(p[8]) - 2))
DATA_EDIT(free_tag, true, 0, put_be16(8, p + get_be16(p + 2) - 2))
DATA_EDIT(free_length, true, 0, put_be16((uint16_t)(get_be16(p + 2) - 4), p + 2))
DATA_EDIT(free_zero, true, 0, put_be16(0, p + 2))
DATA_EDIT(dot, false, 0, put_be64(objs->sb.sb_rootino, buf + 64))
DATA_EDIT(dot_name, false, 0, buf[64 + 9] = 'x')
DATA_EDIT(dotdot, false, 0, put_be64(objs->sb.sb_rootino, buf + 80))
DATA_EDIT(dotdot_name, false, 0, buf[80 + 9] = 'x')
DATA_EDIT(dotdot_ftype, false, 0, buf[80 + 9 + 2] = 1)

/* Two free records instead of one. */
static bool free_split(ARGS, uint8_t *buf)
{
	uint8_t *p = data_record(buf, true, 0);
	uint32_t size = p ? get_be16(p + 2) : 0, off = (uint32_t)(p - buf);

	if (size < 16)
		return false;
	put_be16(8, p + 2);
	put_be16((uint16_t)off, p + 6);
	put_be16(0xffff, p + 8);
	put_be16((uint16_t)(size - 8), p + 10);
	put_be16((uint16_t)(off + 8), p + size - 2);
	return true;
}

/* The name of one entry in another of the same length. */
static bool name_twice(ARGS, uint8_t *buf)
{
	for (unsigned int i = 1; i < 60; i++) {
		uint8_t *p = data_record(buf, false, i);

		for (unsigned int k = i + 1; p && k < 60; k++) {
			uint8_t *q = data_record(buf, false, k);

			if (q && p[8] == q[8]) {
				memcpy(q + 9, p + 9, p[8]);
				return true;
			}
		}
	}
	return false;
}

PICK(has_free, get_be16(buf + 48 + 2) != 0 && get_be16(buf + 52 + 2) != 0)
PICK(has_free_entries,
     has_free(objs, obj, buf) && data_record((uint8_t *)(uintptr_t)buf, false, 3))
PICK(first_block, buf[64 + 8] == 1 && buf[64 + 9] == '.' && buf[80 + 8] == 2 && buf[80 + 9] == '.')

static uint8_t *tail_entry(uint8_t *buf, uint32_t i)
{
	return buf + DBS - 8 - 8 * (size_t)get_be32(buf + DBS - 8) + 8 * (size_t)i;
}

#define TAIL_EDIT(name, change)	CHANGE(name, tail_entry(buf, 3), change)
TAIL_EDIT(tail_hash, put_be32(get_be32(p) + 1, p))
TAIL_EDIT(tail_hash_order, put_be32(0, p))
TAIL_EDIT(tail_address, put_be32(get_be32(p + 4) + 1, p + 4))
TAIL_EDIT(tail_stale, put_be32(0, p + 4))
TAIL_EDIT(tail_twice, memcpy(p, p - 8, 8))

/* clang-format off */
#define DATA_BLOCK(KIND) \
	FIELD("magic", KIND, DATA(magic), '=', 0, "directory", "magic"), \
	FIELD("blkno", KIND, DATA(blkno), '+', 8, "directory", "blkno"), \
	FIELD("lsn", KIND, DATA(lsn), '=', 99ull << 32, "directory", "LSN"), \
	FIELD("uuid", KIND, BYTES(24, 1), '^', 1, "directory", "UUID"), \
	FIELD("owner", KIND, DATA(owner), '+', 1, "directory", "owner"), \
	FIELD_IF("bestfree offset", KIND, BYTES(48, 2), '+', 8, "directory", "best_free", \
		has_free), \
	FIELD_IF("bestfree length", KIND, BYTES(50, 2), '+', 8, "directory", "best_free", \
		has_free), \
	FIELD_IF("bestfree second", KIND, BYTES(52, 4), '=', 0, "directory", "best_free", \
		has_free), \
	EDIT_IF("entry: ino", KIND, ent_ino, "directory", "not for directories", \
		has_free_entries), \
	EDIT_IF("entry: ino far", KIND, ent_ino_far, "directory", "not for directories", \
		has_free_entries), \
	EDIT_IF("entry: no name", KIND, ent_namelen, "directory", "empty name", has_free_entries), \
	EDIT_IF("entry: long name", KIND, ent_namelen_far, "directory", NULL, has_free_entries), \
	EDIT_IF("entry: name", KIND, ent_name, "directory", "hash entry", has_free_entries), \
	EDIT_IF("entry: slash", KIND, ent_slash, "directory", "not allowed", has_free_entries), \
	EDIT_IF("entry: ftype", KIND, ent_ftype, "directory", "file type 5", has_free_entries), \
	EDIT_IF("entry: tag", KIND, ent_tag, "directory", "tag", has_free_entries), \
	EDIT_IF("free: tag", KIND, free_tag, "directory", "tag", has_free), \
	EDIT_IF("free: length", KIND, free_length, "directory", "free record of", has_free), \
	EDIT_IF("free: zero", KIND, free_zero, "directory", "free record of", has_free), \
	EDIT_IF("free: split", KIND, free_split, "directory", "side by side", has_free), \
	EDIT_IF("name twice", KIND, name_twice, "directory", "stands twice", has_free_entries), \
	EDIT_IF("dot", KIND, dot, "directory", "\".\" points", first_block), \
	EDIT_IF("dot: name", KIND, dot_name, "directory", "not \".\"", first_block), \
	EDIT_IF("dotdot", KIND, dotdot, "directory", "\"..\" is", first_block), \
	EDIT_IF("dotdot: name", KIND, dotdot_name, "directory", "not \"..\"", first_block), \
	EDIT_IF("dotdot: ftype", KIND, dotdot_ftype, "directory", "\"..\" has", first_block)
/* clang-format on */

/* clang-format off */
static const struct test_damage data_damages[] = {
	DATA_BLOCK(TEST_DIR_BLOCK), DATA_BLOCK(TEST_DIR_DATA),
	FIELD("tail: count", TEST_DIR_BLOCK, BYTES(DBS - 8, 4), '+', 1, "directory", NULL),
	FIELD("tail: count huge", TEST_DIR_BLOCK, BYTES(DBS - 8, 4), '=', 1u << 30, "directory",
		"do not fit"),
	FIELD("tail: stale", TEST_DIR_BLOCK, BYTES(DBS - 4, 4), '+', 1, "directory", "stale"),
	EDIT("tail: hash", TEST_DIR_BLOCK, tail_hash, "directory", "no name with this hash"),
	EDIT("tail: order", TEST_DIR_BLOCK, tail_hash_order, "directory", "hashes fall"),
	EDIT("tail: address", TEST_DIR_BLOCK, tail_address, "directory", "no hash entry"),
	EDIT("tail: made stale", TEST_DIR_BLOCK, tail_stale, "directory", "stale"),
	EDIT("tail: twice", TEST_DIR_BLOCK, tail_twice, "directory", "twice"),
};
/* clang-format on */

/* ---- the index ---- */

static bool leaf_swap(ARGS, uint8_t *buf)
{
	uint8_t *first = buf + 64, *last = buf + 64 + 8 * (size_t)(obj->count - 1), t[8];

	memcpy(t, first, 8);
	memcpy(first, last, 8);
	memcpy(last, t, 8);
	return true;
}

CHANGE(last_hash, buf + 64 + 8 * (size_t)(obj->count - 1), put_be32(get_be32(p) + 1, p))

/* clang-format off */
static const struct test_damage index_damages[] = {
	DA_BLOCK(TEST_DIR_LEAF1, "directory", NULL), DA_BLOCK(TEST_DIR_LEAFN, "directory",
	da_middle),
	DA_BLOCK(TEST_DIR_NODE, "directory", NULL),
	FIELD("forw", TEST_DIR_LEAF1, BYTES(0, 4), '=', 5, "directory", "neighbours"),
	FIELD("count", TEST_DIR_LEAF1, LEAF(count), '+', 1, "directory", NULL),
	FIELD("count huge", TEST_DIR_LEAF1, LEAF(count), '=', 60000, "directory", "do not fit"),
	FIELD("stale", TEST_DIR_LEAF1, LEAF(stale), '+', 1, "directory", "stale"),
	FIELD("hash", TEST_DIR_LEAF1, BYTES(64 + 16, 4), '+', 1, "directory", "no name with"),
	FIELD("address", TEST_DIR_LEAF1, BYTES(64 + 20, 4), '+', 4000000, "directory",
		"no name with"),
	EDIT("order", TEST_DIR_LEAF1, leaf_swap, "directory", "hashes fall"),
	FIELD("bestcount", TEST_DIR_LEAF1, BYTES(DBS - 4, 4), '+', 1, "directory", "bestcount"),
	FIELD("bestcount huge", TEST_DIR_LEAF1, BYTES(DBS - 4, 4), '=', 1u << 30, "directory",
		"do not fit"),
	FIELD("bests", TEST_DIR_LEAF1, BYTES(DBS - 6, 2), '+', 8, "directory", "bests"),
	FIELD_IF("forw", TEST_DIR_LEAFN, BYTES(0, 4), '+', 4, "directory", "chain", da_middle),
	FIELD_IF("forw null", TEST_DIR_LEAFN, BYTES(0, 4), '=', 0, "directory", "chain", da_middle),
	FIELD_IF("back", TEST_DIR_LEAFN, BYTES(4, 4), '+', 4, "directory", "chain", da_middle),
	FIELD_IF("count zero", TEST_DIR_LEAFN, LEAF(count), '=', 0, "directory", "leaf with 0",
		da_middle),
	FIELD_IF("count huge", TEST_DIR_LEAFN, LEAF(count), '=', 60000, "directory",
		"a leaf with", da_middle),
	FIELD_IF("count less", TEST_DIR_LEAFN, LEAF(count), '+', (uint64_t)-1, "directory", NULL,
		da_middle),
	FIELD_IF("stale", TEST_DIR_LEAFN, LEAF(stale), '+', 1, "directory", "stale", da_middle),
	FIELD_IF("hash", TEST_DIR_LEAFN, BYTES(64 + 16, 4), '+', 1, "directory", "no name with",
		da_middle),
	EDIT_IF("last hash", TEST_DIR_LEAFN, last_hash, "directory", "hash in the parent",
		da_middle),
	EDIT_IF("order", TEST_DIR_LEAFN, leaf_swap, "directory", "hashes fall", da_middle),
	FIELD("count", TEST_DIR_NODE, NODE(count), '=', 0, "directory", "a node with 0"),
	FIELD("count less", TEST_DIR_NODE, NODE(count), '+', (uint64_t)-1, "directory", NULL),
	FIELD("level", TEST_DIR_NODE, NODE(level), '+', 1, "directory", NULL),
	FIELD("level huge", TEST_DIR_NODE, NODE(level), '=', 60, "directory", "level"),
	FIELD("forw", TEST_DIR_NODE, BYTES(0, 4), '=', 3, "directory", "forw"),
	FIELD("hashval", TEST_DIR_NODE, BYTES(64, 4), '+', 1, "directory", "hash in the parent"),
	FIELD("before", TEST_DIR_NODE, BYTES(64 + 12, 4), '=', 7, "directory", NULL),
	FIELD("before twice", TEST_DIR_NODE, BYTES(64 + 4, 4), '=', 0x800000, "directory",
		"second time"),
	FIELD("magic", TEST_DIR_FREE, FREE(magic), '=', 0, "directory", "magic"),
	FIELD("blkno", TEST_DIR_FREE, FREE(blkno), '+', 8, "directory", "blkno"),
	FIELD("lsn", TEST_DIR_FREE, FREE(lsn), '=', 99ull << 32, "directory", "LSN"),
	FIELD("uuid", TEST_DIR_FREE, BYTES(24, 1), '^', 1, "directory", "UUID"),
	FIELD("owner", TEST_DIR_FREE, FREE(owner), '+', 1, "directory", "owner"),
	FIELD("firstdb", TEST_DIR_FREE, FREE(firstdb), '+', 1, "directory", "firstdb"),
	FIELD("nvalid", TEST_DIR_FREE, FREE(nvalid), '+', (uint64_t)-1, "directory", NULL),
	FIELD("nvalid huge", TEST_DIR_FREE, FREE(nvalid), '=', 60000, "directory", "nvalid"),
	FIELD("nused", TEST_DIR_FREE, FREE(nused), '+', 1, "directory", "nused"),
	FIELD("bests", TEST_DIR_FREE, BYTES(64, 2), '+', 8, "directory", "bests"),
	FIELD("bests none", TEST_DIR_FREE, BYTES(64, 2), '=', 0xffff, "directory", "bests"),
};
/* clang-format on */

static void test_dirs(void **state)
{
	static const struct test_fill_options fill[] = {
		{ .seed = 1,
		  .blocksize = 4096,
		  .dirblksize = 4096,
		  .inodesize = 512,
		  .percent = 100,
		  .what = TEST_FILL_DIRS },
		{ .what = 0 },
	};
	const struct test_image_plan plan = {
		.mkfs = "-m rmapbt=1", .bytes = 400ull << 20, .fill = fill,
		.blocksize = 4096,
	};
	const struct test_damage_table tables[] = {
		TEST_TABLE(sf_damages), TEST_TABLE(data_damages), TEST_TABLE(index_damages),
	};

	(void)state;
	test_damage_demand(&plan, "dirs", tables, ARRAY_SIZE(tables));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_dirs) };

	return test_damage_report(cmocka_run_group_tests(tests, NULL, NULL), ARRAY_SIZE(tests));
}
