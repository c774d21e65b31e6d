/* SPDX-License-Identifier: MIT */
/*
 * Goal: names hash as on every XFS: directories, case-insensitive ones, attributes,
 * parent pointers.
 * Method: known values; the fast loop against a byte-at-a-time model for all lengths.
 */
#include "disk/attr.h"
#include "unit/disk/vectors.h"

static const struct {
	const char *name;
	uint32_t hash, ci;
} names[] = {
	{ ".", 0x0000002e, 0x0000002e },
	{ "..", 0x0000172e, 0x0000172e },
	{ "a", 0x00000061, 0x00000061 },
	{ "ab", 0x000030e2, 0x000030e2 },
	{ "abc", 0x00187163, 0x00187163 },
	{ "ABC", 0x00106143, 0x00187163 },
	{ "abcd", 0x0c38b1e4, 0x0c38b1e4 },
	{ "abcde", 0x1c58f263, 0x1c58f263 },
	{ "README.md", 0x8a20b0c0, 0xae6031c2 },
	{ "lost+found", 0x021aa60c, 0x021aa60c },
	{ "FileNAME000_ABC", 0x88b6127b, 0xa8fe0acb },
	{ "\xff\xfe\x80", 0x003fbf80, 0x003fbf80 },
	{ "Stra\xc3\x9f" "e", 0x2c11c042, 0x2c194042 },
	{ "\xc0\xd6\xd7\xd8\xde\x5a", 0x7ad66957, 0x7ade7875 },
	{ "The quick brown fox jumps over the lazy dog", 0xd83c5dd4, 0xd83c55d4 },
	{ "aaaac", 0x1c3870e5, 0x1c3870e5 },
	{ "qaaab", 0x1c3870e5, 0x1c3870e5 },
	{ "SGI_ACL_FILE", 0x275b19c4, 0 },
	{ "SGI_ACL_DEFAULT", 0x98118557, 0 },
	{ "selinux", 0xcd3a75d6, 0 },
	{ "capability", 0x7c7bfd5e, 0 },
	{ "xfs:autofsck", 0x46103ff4, 0 },
	{ "overlay.origin", 0x33a7f324, 0 },
	{ "one", 0x001bf765, 0 },
	{ "sf", 0x000039e6, 0 },
	{ "sl1023", 0xc62c1aad, 0 },
};

static void test_known(void **state)
{
	uint8_t buf[255];
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const uint8_t *name = (const uint8_t *)names[i].name;
		size_t len = strlen(names[i].name);

		assert_int_equal(xfs_da_hashname(name, len), names[i].hash);
		if (names[i].ci)
			assert_int_equal(xfs_ascii_ci_hashname(name, len), names[i].ci);
	}
	memset(buf, 'x', sizeof(buf));
	assert_int_equal(xfs_da_hashname(buf, 63), 0xf0000000);
	assert_int_equal(xfs_da_hashname(buf, 64), 0);
	memset(buf, 'a', sizeof(buf));
	assert_int_equal(xfs_da_hashname(buf, 255), 0xc2000000);
	for (unsigned int c = 1; c < 256; c++)
		if (c != '/')
			buf[n++] = (uint8_t)c;
	assert_int_equal(xfs_da_hashname(buf, n), 0xf7ee9bdc);
	assert_int_equal(xfs_ascii_ci_hashname(buf, n), 0x93e68bde);
}

static void test_model(void **state)
{
	uint8_t buf[255] = { 0 };
	uint32_t seed = 12345;

	(void)state;
	for (size_t len = 0; len <= sizeof(buf); len++) {
		uint32_t hash = 0;

		for (size_t i = 0; i < len; i++) {
			seed = seed * 1103515245 + 12345;
			buf[i] = (uint8_t)(seed >> 16);
			hash = buf[i] ^ (hash << 7 | hash >> 25);
		}
		assert_int_equal(xfs_da_hashname(buf, len), hash);
	}
}

static void test_parent(void **state)
{
	static const struct {
		const char *name;
		uint64_t ino;
		uint32_t hash;
	} v[] = {
		{ "sf", 128, 0x00003966 },	{ "blk", 128, 0x0018b6eb },
		{ "leaf", 128, 0x0d997066 },	{ "sl337", 128, 0x3d8cd930 },
		{ "sl1023", 128, 0xc62c1a2d },	{ "at_rmt2", 128, 0xfe5afd17 },
		{ "abc", 0x100020080, 0x001a71e2 },
	};
	struct xfs_geometry geo;
	struct xfs_parent_rec rec = { 0 };

	(void)state;
	vector_geo(&geo, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		const uint8_t *name = (const uint8_t *)v[i].name;
		size_t len = strlen(v[i].name);

		assert_int_equal(xfs_parent_hashval(&geo, name, len, v[i].ino), v[i].hash);
		rec.p_ino = cpu_to_be64(v[i].ino);
		assert_int_equal(xfs_attr_hashval(&geo, XFS_ATTR_PARENT, name, len, &rec,
						  sizeof(rec)), v[i].hash);
		assert_int_equal(xfs_attr_hashval(&geo, XFS_ATTR_ROOT, name, len, &rec,
						  sizeof(rec)), xfs_da_hashname(name, len));
	}
	geo.features |= XFS_FEAT_ASCIICI;
	assert_int_equal(xfs_parent_hashval(&geo, (const uint8_t *)"ABC", 3, 12345678),
			 0x00a4102d);
	/* Attribute names have no case rule. */
	assert_int_equal(xfs_attr_hashval(&geo, 0, (const uint8_t *)"ABC", 3, NULL, 0),
			 0x00106143);
}

static void test_names(void **state)
{
	char name[256];

	(void)state;
	memset(name, 'n', sizeof(name));
	assert_true(xfs_dir2_namecheck(name, 255));
	assert_false(xfs_dir2_namecheck(name, 256));
	assert_false(xfs_dir2_namecheck(name, 0));
	name[254] = '/';
	assert_false(xfs_dir2_namecheck(name, 255));
	name[254] = 0;
	assert_false(xfs_dir2_namecheck(name, 255));
	assert_true(xfs_ascii_ci_equal((const uint8_t *)"aBc\xc0", (const uint8_t *)"AbC\xe0", 4));
	assert_false(xfs_ascii_ci_equal((const uint8_t *)"a[", (const uint8_t *)"a{", 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_model),
		cmocka_unit_test(test_parent),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
