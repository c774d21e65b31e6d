/* SPDX-License-Identifier: MIT */
/* Blocks of directories and of attribute forks. */
#include "base/compiler.h"
#include "disk/attr.h"
#include "disk/dir.h"
#include "disk/geometry.h"
#include "fields/fields.h"

#define ARGS \
	XFS_UNUSED const struct test_objects *objs, XFS_UNUSED const struct test_object *obj, \
	XFS_UNUSED const uint8_t *buf
#define PLACE	XFS_UNUSED const struct test_objects *objs, XFS_UNUSED const uint8_t *buf
#define DATA	((uint32_t)sizeof(struct xfs_dir3_data_hdr))
#define LEAF	((uint32_t)sizeof(struct xfs_dir3_leaf_hdr))
#define ATTR	((uint32_t)sizeof(struct xfs_attr3_leaf_hdr))

/* The end of what entries may use: of a block, its leaf array. */
static uint32_t data_end(const struct test_objects *objs, const uint8_t *buf)
{
	uint32_t end = objs->geo.dirblksize;

	if (get_be32(buf) != XFS_DIR3_BLOCK_MAGIC)
		return end;
	return end - 8 - 8 * get_be32(buf + end - 8);
}

/* The @n-th entry (@free: unused space) of directory data, or 0. */
static uint32_t data_item(const struct test_objects *objs, const uint8_t *buf, bool free,
			  unsigned int n)
{
	for (uint32_t at = DATA, end = data_end(objs, buf); at < end;) {
		bool unused = get_be16(buf + at) == XFS_DIR2_DATA_FREE_TAG;

		if (unused == free && !n--)
			return at;
		at += unused ? get_be16(buf + at + 2) : xfs_dir2_data_entsize(buf[at + 8]);
	}
	return 0;
}

static uint32_t dot(PLACE)
{
	return data_item(objs, buf, false, 0);
}

static uint32_t dotdot(PLACE)
{
	return data_item(objs, buf, false, 1);
}

static uint32_t entry(PLACE)
{
	return data_item(objs, buf, false, 2);
}

static uint32_t entry_tail(PLACE)
{
	uint32_t at = entry(objs, buf);

	return at ? at + 9 + buf[at + 8] : 0;
}

static uint32_t entry_tag(PLACE)
{
	uint32_t at = entry(objs, buf);

	return at ? at + xfs_dir2_data_entsize(buf[at + 8]) - 2 : 0;
}

static uint32_t unused(PLACE)
{
	return data_item(objs, buf, true, 0);
}

static uint32_t unused_tag(PLACE)
{
	uint32_t at = unused(objs, buf);

	return at ? at + get_be16(buf + at + 2) - 2 : 0;
}

static uint32_t block_tail(PLACE)
{
	return objs->geo.dirblksize - 8;
}

static uint32_t block_leaf(PLACE)
{
	return data_end(objs, buf);
}

static uint32_t leaf_tail(PLACE)
{
	return objs->geo.dirblksize - 4;
}

static uint32_t leaf_bests(PLACE)
{
	return objs->geo.dirblksize - 4 - 2 * get_be32(buf + objs->geo.dirblksize - 4);
}

/* What the first and the third entry of an attribute leaf lead to. */
static uint32_t attr_name(const uint8_t *buf, bool local)
{
	for (uint32_t i = 0; i < get_be16(buf + 56); i++) {
		const uint8_t *e = buf + ATTR + 8 * (size_t)i;

		if (local == (bool)(e[6] & XFS_ATTR_LOCAL))
			return get_be16(e + 4);
	}
	return 0;
}

static uint32_t local_name(PLACE)
{
	return attr_name(buf, true);
}

static uint32_t remote_name(PLACE)
{
	return attr_name(buf, false);
}

static bool entries_only(ARGS)
{
	return data_item(objs, buf, false, 2) != 0;
}

/* Not the first block: no "." in it. */
static bool later_block(ARGS)
{
	uint32_t at = data_item(objs, buf, false, 0);

	return at && data_item(objs, buf, true, 0) && buf[at + 9] != '.';
}

static bool many_locals(ARGS)
{
	return get_be16(buf + 56) >= 10 && attr_name(buf, true);
}

static bool in_chain(ARGS)
{
	return get_be32(buf) && get_be32(buf + 4);
}

static bool with_remote(ARGS)
{
	return attr_name(buf, false) != 0;
}

/* clang-format off */
#define N(m)	F(struct xfs_da3_node_hdr, m)
#define INFO(type, m)	\
	F(type, m.forw), F(type, m.back), F(type, m.magic), F(type, m.pad), F(type, m.crc), \
	F(type, m.blkno), F(type, m.lsn), F(type, m.uuid), F(type, m.owner)
#define ENTRY(name, off) \
	AT(name ".hashval", off, 4), AT(name ".before", (off) + 4, 4)
static const struct field node_fields[] = {
	INFO(struct xfs_da3_node_hdr, info), N(count), N(level), N(pad32),
	ENTRY("btree[0]", 64), ENTRY("btree[1]", 72),
};

#define H(m)	F(struct xfs_dir3_data_hdr, m)
static const struct field data_header[] = {
	H(magic), H(crc), H(blkno), H(lsn), H(uuid), H(owner), H(best_free[0].offset),
	H(best_free[0].length), H(best_free[1].offset), H(best_free[1].length),
	H(best_free[2].offset), H(best_free[2].length), H(pad),
};
#define NAME(name, base) \
	BEHIND(name ".inumber", base, 0, 8), BEHIND(name ".namelen", base, 8, 1), \
	BEHIND(name ".name", base, 9, 1)
static const struct field data_fields[] = {
	NAME("entry[0]", dot), NAME("entry[1]", dotdot), NAME("entry[2]", entry),
	BEHIND("entry[2].ftype", entry_tail, 0, 1), BEHIND("entry[2].tag", entry_tag, 0, 2),
	BEHIND("unused.freetag", unused, 0, 2), BEHIND("unused.length", unused, 2, 2),
	BEHIND("unused.tag", unused_tag, 0, 2),
};
#define HASH(name, base, off) \
	BEHIND(name ".hashval", base, off, 4), BEHIND(name ".address", base, (off) + 4, 4)
static const struct field block_fields[] = {
	HASH("leaf[0]", block_leaf, 0), HASH("leaf[2]", block_leaf, 16),
	BEHIND("tail.count", block_tail, 0, 4), BEHIND("tail.stale", block_tail, 4, 4),
};
#define LH(m)	F(struct xfs_dir3_leaf_hdr, m)
static const struct field leaf_fields[] = {
	INFO(struct xfs_dir3_leaf_hdr, info), LH(count), LH(stale), LH(pad),
	AT("ents[0].hashval", LEAF, 4), AT("ents[0].address", LEAF + 4, 4),
	AT("ents[2].hashval", LEAF + 16, 4), AT("ents[2].address", LEAF + 20, 4),
};
static const struct field leaf1_fields[] = {
	BEHIND("bests[0]", leaf_bests, 0, 2), BEHIND("tail.bestcount", leaf_tail, 0, 4),
};
#define FH(m)	F(struct xfs_dir3_free_hdr, m)
static const struct field free_fields[] = {
	FH(magic), FH(crc), FH(blkno), FH(lsn), FH(uuid), FH(owner), FH(firstdb), FH(nvalid),
	FH(nused), FH(pad), AT("bests[0]", 64, 2), AT("bests[1]", 66, 2),
};

#define AH(m)	F(struct xfs_attr3_leaf_hdr, m)
static const struct field attr_header[] = {
	INFO(struct xfs_attr3_leaf_hdr, info), AH(count), AH(usedbytes), AH(firstused), AH(holes),
	AH(pad1), AH(freemap[0].base), AH(freemap[0].size), AH(freemap[1].base),
	AH(freemap[1].size), AH(freemap[2].base), AH(freemap[2].size), AH(pad2),
};
#define ATTR_ENTRY(name, off) \
	AT(name ".hashval", off, 4), AT(name ".nameidx", (off) + 4, 2), \
	AT(name ".flags", (off) + 6, 1), AT(name ".pad2", (off) + 7, 1), \
	{ name ".flags LOCAL", (off) + 6, 7, 1, NULL }, { name ".flags ROOT", (off) + 6, 6, 1, NULL }, \
	{ name ".flags SECURE", (off) + 6, 5, 1, NULL }, { name ".flags PARENT", (off) + 6, 4, 1, NULL }, \
	{ name ".flags INCOMPLETE", (off) + 6, 0, 1, NULL }
static const struct field attr_fields[] = {
	ATTR_ENTRY("entry[0]", ATTR), ATTR_ENTRY("entry[1]", ATTR + 8),
	BEHIND("local.valuelen", local_name, 0, 2), BEHIND("local.namelen", local_name, 2, 1),
	BEHIND("local.nameval", local_name, 3, 1), BEHIND("remote.valueblk", remote_name, 0, 4),
	BEHIND("remote.valuelen", remote_name, 4, 4), BEHIND("remote.namelen", remote_name, 8, 1),
	BEHIND("remote.name", remote_name, 9, 1),
};
#define R(m)	F(struct xfs_attr3_rmt_hdr, m)
static const struct field value_fields[] = {
	R(rm_magic), R(rm_offset), R(rm_bytes), R(rm_crc), R(rm_uuid), R(rm_owner), R(rm_blkno),
	R(rm_lsn),
};

static const struct structure structures[] = {
	{ "dir block", TEST_DIR_BLOCK, -1, entries_only,
	  { FIELDS(data_header), FIELDS(data_fields), FIELDS(block_fields) } },
	{ "dir data", TEST_DIR_DATA, -1, entries_only, { FIELDS(data_header), FIELDS(data_fields) } },
	{ "later dir data", TEST_DIR_DATA, -1, later_block,
	  { FIELDS(data_header), FIELDS(data_fields) } },
	{ "dir leaf", TEST_DIR_LEAF1, -1, NULL, { FIELDS(leaf_fields), FIELDS(leaf1_fields) } },
	{ "dir leaf n", TEST_DIR_LEAFN, -1, in_chain, { FIELDS(leaf_fields) } },
	{ "dir node", TEST_DIR_NODE, -1, NULL, { FIELDS(node_fields) } },
	{ "dir free", TEST_DIR_FREE, -1, NULL, { FIELDS(free_fields) } },
	{ "attr leaf", TEST_ATTR_LEAF, -1, many_locals, { FIELDS(attr_header), FIELDS(attr_fields) } },
	{ "attr leaf in chain", TEST_ATTR_LEAF, -1, in_chain,
	  { FIELDS(attr_header), FIELDS(attr_fields) } },
	{ "attr leaf with remote value", TEST_ATTR_LEAF, -1, with_remote,
	  { FIELDS(attr_header), FIELDS(attr_fields) } },
	{ "attr node", TEST_ATTR_NODE, -1, NULL, { FIELDS(node_fields) } },
	{ "attr value", TEST_ATTR_REMOTE, -1, NULL, { FIELDS(value_fields) } },
};
/* clang-format on */

const struct structure_list fields_of_dirs = FIELDS(structures);
