/* SPDX-License-Identifier: MIT */
/*
 * Goal: damage to extended attributes in each of their forms, access control
 * lists and parent pointers is found and called by the right name.
 * Method: one change at a time with a right checksum, in images that the kernel
 * filled, or the library where that cannot be.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "disk/attr.h"
#include "support/damage.h"

#define BS	4096u
#define LEAF(m)	MEMBER(struct xfs_attr3_leaf_hdr, m)
#define NODE(m)	MEMBER(struct xfs_da3_node_hdr, m)

static uint8_t *afork(const uint8_t *buf)
{
	return (uint8_t *)(uintptr_t)buf + LITERAL + 8 * (size_t)dinode(buf)->di_forkoff;
}

/* ---- short form ---- */

static bool has_sf(const uint8_t *buf)
{
	return be16_to_cpu(dinode(buf)->di_mode) && dinode(buf)->di_forkoff &&
	       dinode(buf)->di_aformat == XFS_DINODE_FMT_LOCAL;
}

PICK(sf_attrs, has_sf(buf) && afork(buf)[2] >= 2)

/* The entry of a name, whatever its place. */
static uint8_t *sf_find(uint8_t *fork, const char *name)
{
	uint8_t *p = fork + 4;

	for (unsigned int i = 0; i < fork[2]; i++, p += 3 + p[0] + p[1]) {
		if (p[0] == strlen(name) && !memcmp(p + 3, name, p[0]))
			return p;
	}
	return NULL;
}

PICK(sf_acl, has_sf(buf) && sf_find(afork(buf), SGI_ACL_FILE))
PICK(sf_default_acl, has_sf(buf) && sf_find(afork(buf), SGI_ACL_DEFAULT))

#define SF_EDIT(name, change)	CHANGE(name, afork(buf), change)
SF_EDIT(sf_totsize, put_be16((uint16_t)(get_be16(p) + 1), p))
SF_EDIT(sf_totsize_huge, put_be16(1000, p))
SF_EDIT(sf_totsize_zero, put_be16(0, p))
SF_EDIT(sf_count, p[2]++)
SF_EDIT(sf_count_less, p[2]--)
SF_EDIT(sf_namelen, p[4] = 0)
SF_EDIT(sf_valuelen, p[5]++)
SF_EDIT(sf_flags, p[6] |= 0x40)
SF_EDIT(sf_local, p[6] |= XFS_ATTR_LOCAL)
SF_EDIT(sf_spaces, p[6] |= XFS_ATTR_ROOT | XFS_ATTR_SECURE)
SF_EDIT(sf_parent, p[6] = XFS_ATTR_PARENT)

/* The value of the access list: count, then 12 bytes an entry. */
static uint8_t *acl_value(uint8_t *buf)
{
	uint8_t *p = sf_find(afork(buf), SGI_ACL_FILE);

	return p + 3 + p[0];
}

#define ACL_EDIT(name, change)	CHANGE(name, acl_value(buf), change)
ACL_EDIT(acl_count, put_be32(get_be32(p) + 1, p))
ACL_EDIT(acl_tag, put_be32(0x40, p + 4))
ACL_EDIT(acl_tag_twice, put_be32(get_be32(p + 4 + 12), p + 4))
ACL_EDIT(acl_perm, put_be16(9, p + 4 + 8))
ACL_EDIT(acl_mode, put_be16((uint16_t)(get_be16(p + 4 + 8) ^ 1), p + 4 + 8))

/* A regular file whose attribute is renamed to the default list. */
CHANGE(acl_on_file, buf, ((struct xfs_dinode *)(void *)p)->di_mode = cpu_to_be16(S_IFREG | 0644))

/* clang-format off */
static const struct test_damage sf_damages[] = {
	EDIT_IF("totsize", TEST_INODE, sf_totsize, "attr", "totsize", sf_attrs),
	EDIT_IF("totsize huge", TEST_INODE, sf_totsize_huge, "attr", "totsize", sf_attrs),
	EDIT_IF("totsize zero", TEST_INODE, sf_totsize_zero, "attr", "totsize", sf_attrs),
	EDIT_IF("count", TEST_INODE, sf_count, "attr", "does not fit", sf_attrs),
	EDIT_IF("count less", TEST_INODE, sf_count_less, "attr", "end at", sf_attrs),
	EDIT_IF("namelen", TEST_INODE, sf_namelen, "attr", "does not fit", sf_attrs),
	EDIT_IF("valuelen", TEST_INODE, sf_valuelen, "attr", NULL, sf_attrs),
	EDIT_IF("flags", TEST_INODE, sf_flags, "attr", "flags", sf_attrs),
	EDIT_IF("flag local", TEST_INODE, sf_local, "attr", "flags", sf_attrs),
	EDIT_IF("name spaces", TEST_INODE, sf_spaces, "attr", "name space", sf_attrs),
	EDIT_IF("parent pointer", TEST_INODE, sf_parent, "parent", "feature", sf_attrs),
	EDIT_IF("acl count", TEST_INODE, acl_count, "acl", "entries in", sf_acl),
	EDIT_IF("acl tag", TEST_INODE, acl_tag, "acl", "tag", sf_acl),
	EDIT_IF("acl tag twice", TEST_INODE, acl_tag_twice, "acl", "not valid", sf_acl),
	EDIT_IF("acl permissions", TEST_INODE, acl_perm, "acl", "permissions", sf_acl),
	EDIT_IF("acl against mode", TEST_INODE, acl_mode, "acl", "the inode says", sf_acl),
	FIELD_IF("mode against acl", TEST_INODE, BYTES(3, 1), '^', 1, "acl", "the inode says",
		sf_acl),
	EDIT_IF("default acl on a file", TEST_INODE, acl_on_file, "acl", "not a directory",
		sf_default_acl),
};
/* clang-format on */

/* ---- blocks ---- */

PICK(several, obj->count >= 4)

static bool with_remote(ARGS, const uint8_t *buf)
{
	for (uint32_t i = 0; i < obj->count; i++) {
		if (!(buf[80 + 8 * (size_t)i + 6] & XFS_ATTR_LOCAL))
			return true;
	}
	return false;
}

static uint8_t *leaf_entry(uint8_t *buf, const struct test_object *obj, bool local)
{
	for (uint32_t i = 1; i < obj->count; i++) {
		uint8_t *e = buf + 80 + 8 * (size_t)i;

		if (!!(e[6] & XFS_ATTR_LOCAL) == local)
			return e;
	}
	return NULL;
}

/* Where its name and value are, or where its value is. */
static uint8_t *leaf_record(uint8_t *buf, const struct test_object *obj, bool local)
{
	uint8_t *e = leaf_entry(buf, obj, local);

	return e ? buf + get_be16(e + 4) : NULL;
}

#define ENTRY_EDIT(name, change)	CHANGE(name, leaf_entry(buf, obj, true), change)
#define LOCAL_EDIT(name, change)	CHANGE(name, leaf_record(buf, obj, true), change)
#define REMOTE_EDIT(name, change)	CHANGE(name, leaf_record(buf, obj, false), change)
ENTRY_EDIT(ent_hash, put_be32(get_be32(p) + 1, p))
ENTRY_EDIT(ent_order, put_be32(0, p))
ENTRY_EDIT(ent_nameidx, put_be16((uint16_t)(get_be16(p + 4) + 4), p + 4))
ENTRY_EDIT(ent_nameidx_far, put_be16(BS - 1, p + 4))
ENTRY_EDIT(ent_nameidx_twice, put_be16(get_be16(p - 8 + 4), p + 4))
ENTRY_EDIT(ent_flags, p[6] |= 0x40)
ENTRY_EDIT(ent_incomplete, p[6] |= XFS_ATTR_INCOMPLETE)
ENTRY_EDIT(ent_spaces, p[6] |= XFS_ATTR_ROOT | XFS_ATTR_SECURE)
ENTRY_EDIT(ent_remote, p[6] = (uint8_t)(p[6] & ~XFS_ATTR_LOCAL))
LOCAL_EDIT(rec_name, p[3] ^= 1)
LOCAL_EDIT(rec_namelen, p[2] = 0)
LOCAL_EDIT(rec_valuelen, put_be16(BS, p))
REMOTE_EDIT(rmt_block, put_be32(get_be32(p) + 1000, p))
REMOTE_EDIT(rmt_block_zero, put_be32(0, p))
REMOTE_EDIT(rmt_length, put_be32(get_be32(p + 4) + 1, p + 4))
REMOTE_EDIT(rmt_length_huge, put_be32(70000, p + 4))
REMOTE_EDIT(rmt_length_zero, put_be32(0, p + 4))

CHANGE(map_in_table, buf + 64, put_be16(80, p); put_be16(8, p + 2))
CHANGE(map_in_names, buf + 64, put_be16(BS - 8, p); put_be16(8, p + 2))
CHANGE(map_twice, get_be16(buf + 66) ? buf + 64 : NULL, memcpy(p + 4, p, 4))
CHANGE(map_odd, get_be16(buf + 66) < 8 ? NULL : buf + 66, put_be16((uint16_t)(get_be16(p) - 2), p))
CHANGE(last_hash, buf + 80 + 8 * (size_t)(obj->count - 1), put_be32(get_be32(p) + 1, p))

/* clang-format off */
static const struct test_damage block_damages[] = {
	DA_BLOCK(TEST_ATTR_LEAF, "attr", NULL), DA_BLOCK(TEST_ATTR_NODE, "attr", NULL),
	PIECE_BLOCK(TEST_ATTR_REMOTE, "attr", 1ull << 32),
	FIELD_IF("count", TEST_ATTR_LEAF, LEAF(count), '+', 1, "attr", NULL, several),
	FIELD_IF("count less", TEST_ATTR_LEAF, LEAF(count), '+', (uint64_t)-1, "attr",
		"usedbytes", several),
	FIELD_IF("count huge", TEST_ATTR_LEAF, LEAF(count), '=', 60000, "attr", "impossible",
		several),
	FIELD_IF("count zero", TEST_ATTR_LEAF, LEAF(count), '=', 0, "attr", "empty leaf",
		da_middle),
	FIELD_IF("usedbytes", TEST_ATTR_LEAF, LEAF(usedbytes), '+', 4, "attr", "usedbytes",
		several),
	FIELD_IF("firstused high", TEST_ATTR_LEAF, LEAF(firstused), '+', 4, "attr", "firstused",
		several),
	FIELD_IF("firstused zero", TEST_ATTR_LEAF, LEAF(firstused), '=', 0, "attr", "impossible",
		several),
	EDIT_IF("freemap in the table", TEST_ATTR_LEAF, map_in_table, "attr", "freemap", several),
	EDIT_IF("freemap in the names", TEST_ATTR_LEAF, map_in_names, "attr", "freemap", several),
	EDIT_IF("freemap twice", TEST_ATTR_LEAF, map_twice, "attr", "freemap", several),
	FIELD("freemap without size outside", TEST_ATTR_LEAF, BYTES(72, 2), '=', 0xfffc, "attr",
		"begins outside"),
	FIELD("freemap without size odd", TEST_ATTR_LEAF, BYTES(72, 2), '^', 2, "attr",
		"between units"),
	EDIT_IF("freemap odd", TEST_ATTR_LEAF, map_odd, "attr", "freemap", several),
	EDIT_IF("hash", TEST_ATTR_LEAF, ent_hash, "attr", "the hash is", several),
	EDIT_IF("order", TEST_ATTR_LEAF, ent_order, "attr", "hashes fall", several),
	EDIT_IF("nameidx", TEST_ATTR_LEAF, ent_nameidx, "attr", NULL, several),
	EDIT_IF("nameidx far", TEST_ATTR_LEAF, ent_nameidx_far, "attr", "no name", several),
	EDIT_IF("nameidx twice", TEST_ATTR_LEAF, ent_nameidx_twice, "attr", "overlaps", several),
	EDIT_IF("flags", TEST_ATTR_LEAF, ent_flags, "attr", "unknown flags", several),
	EDIT_IF("incomplete", TEST_ATTR_LEAF, ent_incomplete, "attr", "never completed", several),
	EDIT_IF("name spaces", TEST_ATTR_LEAF, ent_spaces, "attr", "name space", several),
	EDIT_IF("local made remote", TEST_ATTR_LEAF, ent_remote, "attr", NULL, several),
	EDIT_IF("name", TEST_ATTR_LEAF, rec_name, "attr", "the hash is", several),
	EDIT_IF("namelen", TEST_ATTR_LEAF, rec_namelen, "attr", "no name", several),
	EDIT_IF("valuelen", TEST_ATTR_LEAF, rec_valuelen, "attr", "passes the end", several),
	EDIT_IF("last hash", TEST_ATTR_LEAF, last_hash, "attr", "hash in the parent", da_middle),
	FIELD_IF("forw", TEST_ATTR_LEAF, BYTES(0, 4), '+', 1, "attr", "chain", da_middle),
	FIELD_IF("back", TEST_ATTR_LEAF, BYTES(4, 4), '+', 1, "attr", "chain", da_middle),
	EDIT_IF("remote block", TEST_ATTR_LEAF, rmt_block, "attr", "not mapped", with_remote),
	EDIT_IF("remote block 0", TEST_ATTR_LEAF, rmt_block_zero, "attr", "in block 0",
		with_remote),
	EDIT_IF("remote length", TEST_ATTR_LEAF, rmt_length, "attr", "remote value", with_remote),
	EDIT_IF("remote length huge", TEST_ATTR_LEAF, rmt_length_huge, "attr", "a value of 70000",
		with_remote),
	EDIT_IF("remote length zero", TEST_ATTR_LEAF, rmt_length_zero, "attr", "a value of 0",
		with_remote),
	FIELD("count", TEST_ATTR_NODE, NODE(count), '=', 0, "attr", "a node with 0"),
	FIELD("count less", TEST_ATTR_NODE, NODE(count), '+', (uint64_t)-1, "attr", NULL),
	FIELD("level", TEST_ATTR_NODE, NODE(level), '+', 1, "attr", NULL),
	FIELD("hashval", TEST_ATTR_NODE, BYTES(64, 4), '+', 1, "attr", "hash in the parent"),
	FIELD("before", TEST_ATTR_NODE, BYTES(64 + 12, 4), '=', 7777, "attr", "not mapped"),
	FIELD("before twice", TEST_ATTR_NODE, BYTES(64 + 4, 4), '=', 0, "attr", "second time"),
};
/* clang-format on */

static void test_attrs(void **state)
{
	static const struct test_fill_options fill[] = {
		{ .seed = 1, .blocksize = 4096, .dirblksize = 4096, .inodesize = 512, .percent = 60,
		  .what = TEST_FILL_ATTRS },
		{ .what = 0 },
	};
	const struct test_image_plan plan = { .mkfs = "-m rmapbt=1",
					      .bytes = 400ull << 20,
					      .blocksize = 4096,
					      .fill = fill };
	const struct test_damage_table tables[] = { TEST_TABLE(sf_damages),
						    TEST_TABLE(block_damages) };

	(void)state;
	test_damage_demand(&plan, "attrs", tables, ARRAY_SIZE(tables));
}

/* ---- parent pointers ---- */

PICK(sf_pptr, has_sf(buf) && afork(buf)[2] >= 1 && afork(buf)[6] == XFS_ATTR_PARENT)
PICK(pptr_dir,
     sf_pptr(objs, obj, buf) && S_ISDIR(be16_to_cpu(dinode(buf)->di_mode)) &&
     dinode(buf)->di_format == XFS_DINODE_FMT_LOCAL && buf[LITERAL] > 0)
SF_EDIT(pptr_name, p[7] ^= 1)
SF_EDIT(pptr_slash, p[7] = '/')
SF_EDIT(pptr_ino, p[7 + p[4] + 7] ^= 1)
SF_EDIT(pptr_ino_bad, put_be64(3, p + 7 + p[4]))
SF_EDIT(pptr_gen, p[7 + p[4] + 11] ^= 1)
SF_EDIT(pptr_user, p[6] = 0)

static bool pptr_short(ARGS, uint8_t *buf)
{
	uint8_t *f = afork(buf), *p = f + 4;
	uint32_t total = get_be16(f);

	/* One byte of the value less. */
	p[1]--;
	memmove(p + 3 + p[0] + p[1], p + 4 + p[0] + p[1], total - 4 - (4u + p[0] + p[1]));
	put_be16((uint16_t)(total - 1), f);
	return true;
}

static bool pptr_dropped(ARGS, uint8_t *buf)
{
	uint8_t *f = afork(buf), *p = f + 4;
	uint32_t total = get_be16(f), size = 3u + p[0] + p[1];

	memmove(p, p + size, total - 4 - size);
	put_be16((uint16_t)(total - size), f);
	f[2]--;
	return true;
}

PICK(leaf_pptr, obj->count >= 3 && buf[80 + 8 + 6] == (XFS_ATTR_PARENT | XFS_ATTR_LOCAL))
/* clang-format off */
static const struct test_damage parent_damages[] = {
	EDIT_IF("name", TEST_INODE, pptr_name, "parent", "not those", sf_pptr),
	EDIT_IF("slash", TEST_INODE, pptr_slash, "parent", "not allowed", sf_pptr),
	EDIT_IF("inode", TEST_INODE, pptr_ino, "parent", "not those", sf_pptr),
	EDIT_IF("inode bad", TEST_INODE, pptr_ino_bad, "parent", "not an inode number", sf_pptr),
	EDIT_IF("generation", TEST_INODE, pptr_gen, "parent", "not those", sf_pptr),
	EDIT_IF("not one", TEST_INODE, pptr_user, "parent", "not those", sf_pptr),
	EDIT_IF("short", TEST_INODE, pptr_short, "parent", "a value of 11", sf_pptr),
	EDIT_IF("dropped", TEST_INODE, pptr_dropped, "parent", "not those", sf_pptr),
	FIELD_IF("generation of the directory", TEST_INODE, BYTES(92, 4), '+', 1, "parent",
		"not those", pptr_dir),
	FIELD_IF("hash in a leaf", TEST_ATTR_LEAF, BYTES(80 + 8, 4), '+', 1, "attr",
		"the hash is", leaf_pptr),
};
/* clang-format on */

static void test_parents(void **state)
{
	static const struct test_fill_options fill[] = {
		{ .seed = 1, .blocksize = 4096, .dirblksize = 4096, .inodesize = 512, .percent = 20,
		  .what = TEST_FILL_MISC | TEST_FILL_DIRS },
		{ .what = 0 },
	};
	const struct test_image_plan plan = {
		.mkfs = "", .mkfs2 = "-n parent=1", .bytes = 400ull << 20, .fill = fill,
		.blocksize = 4096,
	};
	const struct test_damage_table tables[] = { TEST_TABLE(parent_damages) };

	(void)state;
	test_damage_demand(&plan, "parents", tables, ARRAY_SIZE(tables));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_attrs),
		cmocka_unit_test(test_parents),
	};

	return test_damage_report(cmocka_run_group_tests(tests, NULL, NULL), ARRAY_SIZE(tests));
}
