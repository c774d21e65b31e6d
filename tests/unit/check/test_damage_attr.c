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

#define ARGS const struct test_objects *objs, const struct test_object *obj
#define UNUSED_ARGS ((void)objs, (void)obj)
#define LITERAL	176u
#define BS	4096u
#define LEAF(m)	offsetof(struct xfs_attr3_leaf_hdr, m), sizeof(((struct xfs_attr3_leaf_hdr *)0)->m)
#define RMT(m)	offsetof(struct xfs_attr3_rmt_hdr, m), sizeof(((struct xfs_attr3_rmt_hdr *)0)->m)
#define NODE(m)	offsetof(struct xfs_da3_node_hdr, m), sizeof(((struct xfs_da3_node_hdr *)0)->m)

static const struct xfs_dinode *inode(const uint8_t *buf)
{
	return (const void *)buf;
}

static uint8_t *afork(const uint8_t *buf)
{
	return (uint8_t *)(uintptr_t)buf + LITERAL + 8 * (size_t)inode(buf)->di_forkoff;
}

/* ---- short form ---- */

static bool sf_attrs(ARGS, const uint8_t *buf)
{
	UNUSED_ARGS;
	return be16_to_cpu(inode(buf)->di_mode) && inode(buf)->di_forkoff &&
	       inode(buf)->di_aformat == XFS_DINODE_FMT_LOCAL && afork(buf)[2] >= 2;
}

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

static bool sf_acl(ARGS, const uint8_t *buf)
{
	UNUSED_ARGS;
	return be16_to_cpu(inode(buf)->di_mode) && inode(buf)->di_forkoff &&
	       inode(buf)->di_aformat == XFS_DINODE_FMT_LOCAL && sf_find(afork(buf), SGI_ACL_FILE);
}

static bool sf_default_acl(ARGS, const uint8_t *buf)
{
	UNUSED_ARGS;
	return be16_to_cpu(inode(buf)->di_mode) && inode(buf)->di_forkoff &&
	       inode(buf)->di_aformat == XFS_DINODE_FMT_LOCAL &&
	       sf_find(afork(buf), SGI_ACL_DEFAULT);
}

/* clang-format off */
#define SF_EDIT(name, change) \
static bool name(ARGS, uint8_t *buf) \
{ \
	uint8_t *f = afork(buf); \
 \
	UNUSED_ARGS; \
	change; \
	return true; \
}
/* clang-format on */
SF_EDIT(sf_totsize, put_be16((uint16_t)(get_be16(f) + 1), f))
SF_EDIT(sf_totsize_huge, put_be16(1000, f))
SF_EDIT(sf_totsize_zero, put_be16(0, f))
SF_EDIT(sf_count, f[2]++)
SF_EDIT(sf_count_less, f[2]--)
SF_EDIT(sf_namelen, f[4] = 0)
SF_EDIT(sf_valuelen, f[5]++)
SF_EDIT(sf_flags, f[6] |= 0x40)
SF_EDIT(sf_local, f[6] |= XFS_ATTR_LOCAL)
SF_EDIT(sf_spaces, f[6] |= XFS_ATTR_ROOT | XFS_ATTR_SECURE)
SF_EDIT(sf_parent, f[6] = XFS_ATTR_PARENT)

/* The value of the access list: count, then 12 bytes an entry. */
/* clang-format off */
#define ACL_EDIT(name, change) \
static bool name(ARGS, uint8_t *buf) \
{ \
	uint8_t *p = sf_find(afork(buf), SGI_ACL_FILE), *v = p + 3 + p[0]; \
 \
	UNUSED_ARGS; \
	change; \
	return true; \
}
/* clang-format on */
ACL_EDIT(acl_count, put_be32(get_be32(v) + 1, v))
ACL_EDIT(acl_tag, put_be32(0x40, v + 4))
ACL_EDIT(acl_tag_twice, put_be32(get_be32(v + 4 + 12), v + 4))
ACL_EDIT(acl_perm, put_be16(9, v + 4 + 8))
ACL_EDIT(acl_mode, put_be16((uint16_t)(get_be16(v + 4 + 8) ^ 1), v + 4 + 8))

static bool acl_on_file(ARGS, uint8_t *buf)
{
	UNUSED_ARGS;
	/* A regular file whose attribute is renamed to the default list. */
	((struct xfs_dinode *)(void *)buf)->di_mode = cpu_to_be16(S_IFREG | 0644);
	return true;
}

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
	EDIT_IF("default acl on a file", TEST_INODE, acl_on_file, "acl", "no directory",
		sf_default_acl),
};
/* clang-format on */

/* ---- blocks ---- */

static bool several(ARGS, const uint8_t *buf)
{
	(void)objs;
	(void)buf;
	return obj->count >= 4;
}

static bool with_remote(ARGS, const uint8_t *buf)
{
	(void)objs;
	for (uint32_t i = 0; i < obj->count; i++) {
		if (!(buf[80 + 8 * (size_t)i + 6] & XFS_ATTR_LOCAL))
			return true;
	}
	return false;
}

static bool middle(ARGS, const uint8_t *buf)
{
	UNUSED_ARGS;
	return get_be32(buf) && get_be32(buf + 4);
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

/* clang-format off */
#define LEAF_EDIT(name, local, change) \
static bool name(ARGS, uint8_t *buf) \
{ \
	uint8_t *e = leaf_entry(buf, obj, local), *r = e ? buf + get_be16(e + 4) : NULL; \
 \
	(void)objs; \
	if (!e) \
		return false; \
	(void)r; \
	change; \
	return true; \
}
/* clang-format on */
LEAF_EDIT(ent_hash, true, put_be32(get_be32(e) + 1, e))
LEAF_EDIT(ent_order, true, put_be32(0, e))
LEAF_EDIT(ent_nameidx, true, put_be16((uint16_t)(get_be16(e + 4) + 4), e + 4))
LEAF_EDIT(ent_nameidx_far, true, put_be16(BS - 1, e + 4))
LEAF_EDIT(ent_nameidx_twice, true, put_be16(get_be16(e - 8 + 4), e + 4))
LEAF_EDIT(ent_flags, true, e[6] |= 0x40)
LEAF_EDIT(ent_incomplete, true, e[6] |= XFS_ATTR_INCOMPLETE)
LEAF_EDIT(ent_spaces, true, e[6] |= XFS_ATTR_ROOT | XFS_ATTR_SECURE)
LEAF_EDIT(ent_remote, true, e[6] = (uint8_t)(e[6] & ~XFS_ATTR_LOCAL))
LEAF_EDIT(rec_name, true, r[3] ^= 1)
LEAF_EDIT(rec_namelen, true, r[2] = 0)
LEAF_EDIT(rec_valuelen, true, put_be16(BS, r))
LEAF_EDIT(rmt_block, false, put_be32(get_be32(r) + 1000, r))
LEAF_EDIT(rmt_block_zero, false, put_be32(0, r))
LEAF_EDIT(rmt_length, false, put_be32(get_be32(r + 4) + 1, r + 4))
LEAF_EDIT(rmt_length_huge, false, put_be32(70000, r + 4))
LEAF_EDIT(rmt_length_zero, false, put_be32(0, r + 4))

static bool map_in_table(ARGS, uint8_t *buf)
{
	UNUSED_ARGS;
	put_be16(80, buf + 64);
	put_be16(8, buf + 66);
	return true;
}

static bool map_in_names(ARGS, uint8_t *buf)
{
	UNUSED_ARGS;
	put_be16(BS - 8, buf + 64);
	put_be16(8, buf + 66);
	return true;
}

static bool map_twice(ARGS, uint8_t *buf)
{
	UNUSED_ARGS;
	if (!get_be16(buf + 66))
		return false;
	memcpy(buf + 68, buf + 64, 4);
	return true;
}

static bool map_odd(ARGS, uint8_t *buf)
{
	UNUSED_ARGS;
	if (get_be16(buf + 66) < 8)
		return false;
	put_be16((uint16_t)(get_be16(buf + 66) - 2), buf + 66);
	return true;
}

static bool last_hash(ARGS, uint8_t *buf)
{
	uint8_t *p = buf + 80 + 8 * (size_t)(obj->count - 1);

	(void)objs;
	put_be32(get_be32(p) + 1, p);
	return true;
}

/* clang-format off */
static const struct test_damage block_damages[] = {
	FIELD("magic", TEST_ATTR_LEAF, BYTES(8, 2), '=', 0, "attr", "magic"),
	FIELD("blkno", TEST_ATTR_LEAF, BYTES(16, 8), '+', 8, "attr", "blkno"),
	FIELD("lsn", TEST_ATTR_LEAF, BYTES(24, 8), '=', 99ull << 32, "attr", "LSN"),
	FIELD("uuid", TEST_ATTR_LEAF, BYTES(32, 1), '^', 1, "attr", "UUID"),
	FIELD("owner", TEST_ATTR_LEAF, BYTES(48, 8), '+', 1, "attr", "owner"),
	FIELD_IF("count", TEST_ATTR_LEAF, LEAF(count), '+', 1, "attr", NULL, several),
	FIELD_IF("count less", TEST_ATTR_LEAF, LEAF(count), '+', (uint64_t)-1, "attr",
		"usedbytes", several),
	FIELD_IF("count huge", TEST_ATTR_LEAF, LEAF(count), '=', 60000, "attr", "impossible",
		several),
	FIELD_IF("count zero", TEST_ATTR_LEAF, LEAF(count), '=', 0, "attr", "empty leaf", middle),
	FIELD_IF("usedbytes", TEST_ATTR_LEAF, LEAF(usedbytes), '+', 4, "attr", "usedbytes",
		several),
	FIELD_IF("firstused high", TEST_ATTR_LEAF, LEAF(firstused), '+', 4, "attr", "firstused",
		several),
	FIELD_IF("firstused zero", TEST_ATTR_LEAF, LEAF(firstused), '=', 0, "attr", "impossible",
		several),
	EDIT_IF("freemap in the table", TEST_ATTR_LEAF, map_in_table, "attr", "freemap", several),
	EDIT_IF("freemap in the names", TEST_ATTR_LEAF, map_in_names, "attr", "freemap", several),
	EDIT_IF("freemap twice", TEST_ATTR_LEAF, map_twice, "attr", "freemap", several),
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
	EDIT_IF("last hash", TEST_ATTR_LEAF, last_hash, "attr", "hash in the parent", middle),
	FIELD_IF("forw", TEST_ATTR_LEAF, BYTES(0, 4), '+', 1, "attr", "chain", middle),
	FIELD_IF("back", TEST_ATTR_LEAF, BYTES(4, 4), '+', 1, "attr", "chain", middle),
	EDIT_IF("remote block", TEST_ATTR_LEAF, rmt_block, "attr", "not mapped", with_remote),
	EDIT_IF("remote block 0", TEST_ATTR_LEAF, rmt_block_zero, "attr", "in block 0",
		with_remote),
	EDIT_IF("remote length", TEST_ATTR_LEAF, rmt_length, "attr", "remote value", with_remote),
	EDIT_IF("remote length huge", TEST_ATTR_LEAF, rmt_length_huge, "attr", "a value of 70000",
		with_remote),
	EDIT_IF("remote length zero", TEST_ATTR_LEAF, rmt_length_zero, "attr", "a value of 0",
		with_remote),
	FIELD("magic", TEST_ATTR_REMOTE, RMT(rm_magic), '=', 0, "attr", "magic"),
	FIELD("offset", TEST_ATTR_REMOTE, RMT(rm_offset), '+', 1, "attr", "piece"),
	FIELD("bytes", TEST_ATTR_REMOTE, RMT(rm_bytes), '+', (uint64_t)-1, "attr", "piece"),
	FIELD("uuid", TEST_ATTR_REMOTE, BYTES(16, 1), '^', 1, "attr", "UUID"),
	FIELD("owner", TEST_ATTR_REMOTE, RMT(rm_owner), '+', 1, "attr", "owner"),
	FIELD("blkno", TEST_ATTR_REMOTE, RMT(rm_blkno), '+', 8, "attr", "blkno"),
	FIELD("lsn", TEST_ATTR_REMOTE, RMT(rm_lsn), '=', 1ull << 32, "attr", "LSN"),
	FIELD("magic", TEST_ATTR_NODE, BYTES(8, 2), '=', 0, "attr", "magic"),
	FIELD("blkno", TEST_ATTR_NODE, BYTES(16, 8), '+', 8, "attr", "blkno"),
	FIELD("owner", TEST_ATTR_NODE, BYTES(48, 8), '+', 1, "attr", "owner"),
	FIELD("count", TEST_ATTR_NODE, NODE(count), '=', 0, "attr", "a node with 0"),
	FIELD("count less", TEST_ATTR_NODE, NODE(count), '+', (uint64_t)-1, "attr", NULL),
	FIELD("level", TEST_ATTR_NODE, NODE(level), '+', 1, "attr", NULL),
	FIELD("hashval", TEST_ATTR_NODE, BYTES(64, 4), '+', 1, "attr", "hash in the parent"),
	FIELD("before", TEST_ATTR_NODE, BYTES(64 + 12, 4), '=', 7777, "attr", "not mapped"),
	FIELD("before twice", TEST_ATTR_NODE, BYTES(64 + 4, 4), '=', 0, "attr", "second time"),
};
/* clang-format on */

static int skipped;

static void finish(int ret)
{
	if (ret == 77) {
		skipped++;
		skip();
	}
	assert_int_equal(ret, 0);
}

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
	finish(test_damage_plan(&plan, "attrs", tables, ARRAY_SIZE(tables)));
}

/* ---- parent pointers ---- */

static bool sf_pptr(ARGS, const uint8_t *buf)
{
	const uint8_t *f = afork(buf);

	UNUSED_ARGS;
	return be16_to_cpu(inode(buf)->di_mode) && inode(buf)->di_forkoff &&
	       inode(buf)->di_aformat == XFS_DINODE_FMT_LOCAL && f[2] >= 1 &&
	       f[6] == XFS_ATTR_PARENT;
}

static bool pptr_dir(ARGS, const uint8_t *buf)
{
	return sf_pptr(objs, obj, buf) && S_ISDIR(be16_to_cpu(inode(buf)->di_mode)) &&
	       inode(buf)->di_format == XFS_DINODE_FMT_LOCAL && buf[LITERAL] > 0;
}

SF_EDIT(pptr_name, f[7] ^= 1)
SF_EDIT(pptr_slash, f[7] = '/')
SF_EDIT(pptr_ino, f[7 + f[4] + 7] ^= 1)
SF_EDIT(pptr_ino_bad, put_be64(3, f + 7 + f[4]))
SF_EDIT(pptr_gen, f[7 + f[4] + 11] ^= 1)
SF_EDIT(pptr_user, f[6] = 0)

static bool pptr_short(ARGS, uint8_t *buf)
{
	uint8_t *f = afork(buf), *p = f + 4;
	uint32_t total = get_be16(f);

	UNUSED_ARGS;
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

	UNUSED_ARGS;
	memmove(p, p + size, total - 4 - size);
	put_be16((uint16_t)(total - size), f);
	f[2]--;
	return true;
}

static bool leaf_pptr(ARGS, const uint8_t *buf)
{
	(void)objs;
	return obj->count >= 3 && buf[80 + 8 + 6] == (XFS_ATTR_PARENT | XFS_ATTR_LOCAL);
}

/* clang-format off */
static const struct test_damage parent_damages[] = {
	EDIT_IF("name", TEST_INODE, pptr_name, "parent", "not those", sf_pptr),
	EDIT_IF("slash", TEST_INODE, pptr_slash, "parent", "not allowed", sf_pptr),
	EDIT_IF("inode", TEST_INODE, pptr_ino, "parent", "not those", sf_pptr),
	EDIT_IF("inode bad", TEST_INODE, pptr_ino_bad, "parent", "no inode number", sf_pptr),
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
	finish(test_damage_plan(&plan, "parents", tables, ARRAY_SIZE(tables)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_attrs),
		cmocka_unit_test(test_parents),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	return failed ? failed : skipped == (int)ARRAY_SIZE(tests) ? 77 : 0;
}
