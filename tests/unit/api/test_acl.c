/* SPDX-License-Identifier: MIT */
/*
 * Goal: POSIX ACLs through the attributes system.posix_acl_access and _default: they and the mode
 *       say the same after whatever was changed; default ACLs are inherited by the calls that follow
 *       the system's, and not by xfs_createat().
 * Method: ACLs built from a short text; expected modes and ACLs are written down by hand.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include "base/endian.h"
#include "support/test_fs.h"

#define MIB(n) ((uint64_t)(n) << 20)
#define ACCESS "system.posix_acl_access"
#define DEFAULT "system.posix_acl_default"

static struct test_fs fs;

/*
 * "u6 u:1000:6 g4 g:2000:4 m6 o0" -> the form of the system calls; returns its length.
 */
static size_t build(const char *text, uint8_t *out)
{
	uint8_t *p = out + 4;

	put_le32(2, out);
	while (*text) {
		uint16_t tag = 0, perm;
		uint32_t id = 0xffffffff;
		char what = *text++, *end;

		if (*text == ':') {
			id = (uint32_t)strtoul(text + 1, &end, 10);
			text = end + 1;
			tag = what == 'u' ? 0x02 : 0x08;
		} else {
			tag = what == 'u' ? 0x01 : what == 'g' ? 0x04 : what == 'm' ? 0x10
				    : what == 'o' ? 0x20 : 0x40;
		}
		perm = (uint16_t)(*text++ - '0');
		p[0] = (uint8_t)tag;
		p[1] = 0;
		p[2] = (uint8_t)perm;
		p[3] = 0;
		put_le32(id, p + 4);
		p += 8;
		while (*text == ' ')
			text++;
	}
	return (size_t)(p - out);
}

static int set(const char *path, const char *name, const char *text)
{
	uint8_t xattr[1024];
	size_t len = build(text, xattr);

	return xfs_setxattr(fs.mp, path, true, name, xattr, len, 0);
}

/* @text NULL: there is none. */
static void expect(const char *path, const char *name, const char *text)
{
	uint8_t want[1024], have[1024];
	ssize_t len = xfs_getxattr(fs.mp, path, true, name, have, sizeof(have));

	if (!text) {
		TEST_IS(len, -ENODATA);
		return;
	}
	TEST_IS(len, (int64_t)build(text, want));
	assert_memory_equal(have, want, (size_t)len);
	TEST_IS(xfs_getxattr(fs.mp, path, true, name, NULL, 0), len);
	TEST_IS(xfs_getxattr(fs.mp, path, true, name, have, (size_t)len - 1), -ERANGE);
}

static uint32_t mode_of(const char *path)
{
	struct xfs_stat st = XFS_STAT_INIT;

	TEST_OK(xfs_getattr(fs.mp, path, true, &st));
	return st.mode & 07777;
}

static void setup_volume(const struct xfs_mkfs_options *mkfs)
{
	test_fs_make(&fs, MIB(128), mkfs);
	TEST_OK(xfs_mknod(fs.mp, "/f", S_IFREG | 0644, 0, 0));
	TEST_OK(xfs_mkdir(fs.mp, "/d", 0755));
	TEST_OK(xfs_symlink(fs.mp, "f", "/l"));
	TEST_OK(xfs_mknod(fs.mp, "/p", S_IFIFO | 0644, 0, 0));
}

static void test_access(void **state)
{
	uint8_t xattr[64];
	size_t len;

	(void)state;
	setup_volume(NULL);
	TEST_IS(set("/f", ACCESS, "u6 u:1000:6 g4 g:2000:4 m6 o0"), 0);
	assert_int_equal(mode_of("/f"), 0660);
	expect("/f", ACCESS, "u6 u:1000:6 g4 g:2000:4 m6 o0");
	/* Tags stand in their order; users and groups as they are given, even twice. */
	TEST_IS(set("/f", ACCESS, "o1 m7 g:7:7 g4 u:9:1 u:3:2 u7"), -EINVAL);
	TEST_IS(set("/f", ACCESS, "u7 g4 u:9:1 m7 o1"), -EINVAL);
	TEST_IS(set("/f", ACCESS, "u7 u:9:1 u:3:2 u:9:5 g4 g:7:7 g:7:7 m7 o1"), 0);
	expect("/f", ACCESS, "u7 u:9:1 u:3:2 u:9:5 g4 g:7:7 g:7:7 m7 o1");
	assert_int_equal(mode_of("/f"), 0771);
	/* chmod: owner, mask and others follow; the group's own entry does not. */
	TEST_OK(xfs_chmod(fs.mp, "/f", 06524));
	expect("/f", ACCESS, "u5 u:9:1 u:3:2 u:9:5 g4 g:7:7 g:7:7 m2 o4");
	assert_int_equal(mode_of("/f"), 06524);
	/* One that says no more than the mode is not stored; set-id bits stay. */
	TEST_IS(set("/f", ACCESS, "u6 g4 o0"), 0);
	expect("/f", ACCESS, NULL);
	assert_int_equal(mode_of("/f"), 06640);
	TEST_IS(set("/f", ACCESS, "u6 g4 m4 o0"), 0);
	expect("/f", ACCESS, "u6 g4 m4 o0");
	/* Removing leaves the mode; what is not there can be removed too. */
	TEST_IS(xfs_removexattr(fs.mp, "/f", true, ACCESS), 0);
	TEST_IS(xfs_removexattr(fs.mp, "/f", true, ACCESS), 0);
	assert_int_equal(mode_of("/f"), 06640);
	TEST_OK(set("/f", ACCESS, "u6 g4 m4 o0"));
	TEST_IS(xfs_setxattr(fs.mp, "/f", true, ACCESS, "", 0, 0), 0);
	expect("/f", ACCESS, NULL);
	TEST_OK(set("/f", ACCESS, "u6 g4 m4 o0"));
	put_le32(2, xattr);
	TEST_IS(xfs_setxattr(fs.mp, "/f", true, ACCESS, xattr, 4, 0), 0);
	expect("/f", ACCESS, NULL);
	/* Special files have ACLs, symbolic links have none. */
	TEST_IS(set("/p", ACCESS, "u6 u:5:7 g4 m7 o0"), 0);
	assert_int_equal(mode_of("/p"), 0670);
	len = build("u6 u:5:7 g4 m7 o0", xattr);
	TEST_IS(xfs_setxattr(fs.mp, "/l", false, ACCESS, xattr, len, 0), -ENOTSUP);
	TEST_IS(xfs_getxattr(fs.mp, "/l", false, ACCESS, xattr, len), -ENOTSUP);
	TEST_IS(xfs_removexattr(fs.mp, "/l", false, ACCESS), -ENOTSUP);
	test_fs_end(&fs);
}

static void test_invalid(void **state)
{
	static const char *const bad[] = {
		"u6 g4", "u6 o4", "g4 o4", "u6 u6 g4 o0", "u6 u:1:7 g4 o0", "u6 g:1:7 g4 o0",
		"u6 g4 o0 m7", "u6 g4 m4 m4 o0", "u8 g4 o0", "u6 g4 o0 x7",
		"u6 u:4294967295:7 g4 m7 o0",
	};
	uint8_t xattr[1024];
	size_t len;

	(void)state;
	setup_volume(NULL);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		TEST_IS(set("/f", ACCESS, bad[i]), -EINVAL);
		TEST_IS(set("/d", DEFAULT, bad[i]), -EINVAL);
	}
	assert_int_equal(mode_of("/f"), 0644);
	len = build("u6 g4 o0", xattr);
	TEST_IS(xfs_setxattr(fs.mp, "/f", true, ACCESS, xattr, len - 1, 0), -EINVAL);
	TEST_IS(xfs_setxattr(fs.mp, "/f", true, ACCESS, xattr, 3, 0), -EINVAL);
	put_le32(1, xattr);
	TEST_IS(xfs_setxattr(fs.mp, "/f", true, ACCESS, xattr, len, 0), -EOPNOTSUPP);
	TEST_IS(set("/f", DEFAULT, "u6 g4 o0"), -EACCES);
	TEST_IS(xfs_removexattr(fs.mp, "/f", true, DEFAULT), 0);
	TEST_IS(xfs_getxattr(fs.mp, "/f", true, DEFAULT, xattr, 10), -ENODATA);
	test_fs_end(&fs);
}

static void test_inheritance(void **state)
{
	static const struct xfs_mkfs_options geos[] = {
		{ .size = sizeof(geos[0]) },
		{ .size = sizeof(geos[0]), .parent = XFS_MKFS_OFF, .blocksize = 1024 },
	};
	struct xfs_iattr iattr = {
		.size = sizeof(iattr), .valid = XFS_ATTR_MODE, .mode = S_IFREG | 0644};
	struct xfs_file *file, *dir;

	(void)state;
	for (size_t g = 0; g < 2; g++) {
		setup_volume(&geos[g]);
		TEST_IS(set("/d", DEFAULT, "u7 u:1000:7 g5 m7 o5"), 0);
		expect("/d", DEFAULT, "u7 u:1000:7 g5 m7 o5");
		expect("/d", ACCESS, NULL);
		assert_int_equal(mode_of("/d"), 0755);
		TEST_OK(xfs_open(fs.mp, "/d/f", O_CREAT | O_RDWR, 0644, &file));
		TEST_OK(xfs_close(file));
		expect("/d/f", ACCESS, "u6 u:1000:7 g5 m4 o4");
		expect("/d/f", DEFAULT, NULL);
		assert_int_equal(mode_of("/d/f"), 0644);
		TEST_OK(xfs_mkdir(fs.mp, "/d/s", 0750));
		expect("/d/s", ACCESS, "u7 u:1000:7 g5 m5 o0");
		expect("/d/s", DEFAULT, "u7 u:1000:7 g5 m7 o5");
		assert_int_equal(mode_of("/d/s"), 0750);
		TEST_OK(xfs_mknod(fs.mp, "/d/s/p", S_IFIFO | 0666, 0, 0));
		expect("/d/s/p", ACCESS, "u6 u:1000:7 g5 m6 o4");
		assert_int_equal(mode_of("/d/s/p"), 0664);
		TEST_OK(xfs_symlink(fs.mp, "s", "/d/l"));
		TEST_IS(xfs_listxattr(fs.mp, "/d/l", false, NULL, 0), 0);
		/* A default ACL of three entries makes modes only. */
		TEST_IS(set("/d/s", DEFAULT, "u6 g2 o0"), 0);
		TEST_OK(xfs_mknod(fs.mp, "/d/s/q", S_IFREG | 0777, 0, 0));
		expect("/d/s/q", ACCESS, NULL);
		assert_int_equal(mode_of("/d/s/q"), 0620);
		TEST_OK(xfs_mkdir(fs.mp, "/d/s/t", 0777));
		expect("/d/s/t", DEFAULT, "u6 g2 o0");
		expect("/d/s/t", ACCESS, NULL);
		/* A restore tool's call gets the mode it asks for, and no ACL. */
		TEST_OK(xfs_open(fs.mp, "/d", O_RDONLY, 0, &dir));
		TEST_OK(xfs_createat(dir, "c", &iattr, NULL, NULL));
		iattr.mode = S_IFDIR | 0777;
		TEST_OK(xfs_createat(dir, "cd", &iattr, NULL, NULL));
		iattr.mode = S_IFREG | 0644;
		expect("/d/c", ACCESS, NULL);
		expect("/d/cd", DEFAULT, NULL);
		assert_int_equal(mode_of("/d/c"), 0644);
		assert_int_equal(mode_of("/d/cd"), 0777);
		TEST_OK(xfs_close(dir));
		TEST_IS(xfs_removexattr(fs.mp, "/d", true, DEFAULT), 0);
		TEST_OK(xfs_mkdir(fs.mp, "/d/plain", 0711));
		expect("/d/plain", DEFAULT, NULL);
		assert_int_equal(mode_of("/d/plain"), 0711);
		test_fs_close_and_check(&fs);
		test_fs_open(&fs);
		expect("/d/s", ACCESS, "u7 u:1000:7 g5 m5 o0");
		expect("/d/f", ACCESS, "u6 u:1000:7 g5 m4 o4");
		test_fs_end(&fs);
	}
}

/* Under the name on disk, as an archive of a root user's getxattr() would have it. */
static void test_raw_names(void **state)
{
	uint8_t raw[1024];
	char list[256];
	ssize_t len;

	(void)state;
	setup_volume(NULL);
	TEST_OK(set("/f", ACCESS, "u6 u:1000:6 g4 m6 o0"));
	len = xfs_getxattr(fs.mp, "/f", true, "trusted.SGI_ACL_FILE", raw, sizeof(raw));
	TEST_IS(len, 4 + 5 * 12);
	assert_int_equal(get_be32(raw), 5);
	TEST_OK(xfs_mknod(fs.mp, "/g", S_IFREG | 0600, 0, 0));
	TEST_IS(xfs_setxattr(fs.mp, "/g", true, "trusted.SGI_ACL_FILE", raw, (size_t)len, 0), 0);
	expect("/g", ACCESS, "u6 u:1000:6 g4 m6 o0");
	assert_int_equal(mode_of("/g"), 0660);
	TEST_IS(xfs_setxattr(fs.mp, "/g", true, "trusted.SGI_ACL_FILE", raw, 10, 0), -EINVAL);
	TEST_IS(xfs_setxattr(fs.mp, "/g", true, "trusted.SGI_ACL_DEFAULT", raw, (size_t)len, 0),
		-EACCES);
	TEST_IS(xfs_setxattr(fs.mp, "/d", true, "trusted.SGI_ACL_DEFAULT", raw, (size_t)len, 0), 0);
	expect("/d", DEFAULT, "u6 u:1000:6 g4 m6 o0");
	/* In lists they have both names, as root sees them. */
	len = xfs_listxattr(fs.mp, "/f", true, list, sizeof(list));
	TEST_IS(len, sizeof(ACCESS) + sizeof("trusted.SGI_ACL_FILE"));
	assert_string_equal(list, ACCESS);
	assert_string_equal(list + sizeof(ACCESS), "trusted.SGI_ACL_FILE");
	test_fs_end(&fs);
}

/* As many entries as fit into an attribute. */
static void test_largest(void **state)
{
	uint32_t n = 5461;
	size_t len = 4 + 8 * (size_t)n;
	uint8_t *xattr = calloc(1, len + 8), *back = calloc(1, len);

	(void)state;
	assert_non_null(xattr);
	assert_non_null(back);
	setup_volume(NULL);
	put_le32(2, xattr);
	for (uint32_t i = 0; i < n + 1; i++) {
		uint8_t *p = xattr + 4 + 8 * (size_t)i;

		/* Owner, users, group, mask, others. */
		p[0] = i == 0 ? 1 : i < n - 3 ? 2 : i == n - 3 ? 4 : i == n - 2 ? 0x10 : 0x20;
		p[2] = 6;
		put_le32(i && i < n - 3 ? i : 0xffffffff, p + 4);
	}
	TEST_IS(xfs_setxattr(fs.mp, "/f", true, ACCESS, xattr, len + 8, 0), -EINVAL);
	TEST_IS(xfs_setxattr(fs.mp, "/f", true, ACCESS, xattr, len, 0), 0);
	TEST_IS(xfs_getxattr(fs.mp, "/f", true, ACCESS, back, len), (int64_t)len);
	assert_memory_equal(back, xattr, len);
	TEST_OK(xfs_chmod(fs.mp, "/f", 0421));
	TEST_IS(xfs_getxattr(fs.mp, "/f", true, ACCESS, back, len), (int64_t)len);
	assert_int_equal(back[4 + 2], 4);
	assert_int_equal(back[4 + 8 * (n - 2) + 2], 2);
	TEST_IS(xfs_setxattr(fs.mp, "/d", true, DEFAULT, xattr, len, 0), 0);
	TEST_OK(xfs_mkdir(fs.mp, "/d/sub", 0777));
	TEST_IS(xfs_getxattr(fs.mp, "/d/sub", true, DEFAULT, back, len), (int64_t)len);
	TEST_IS(xfs_getxattr(fs.mp, "/d/sub", true, ACCESS, back, len), (int64_t)len);
	test_fs_end(&fs);
	free(xattr);
	free(back);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_access),
		cmocka_unit_test(test_invalid),
		cmocka_unit_test(test_inheritance),
		cmocka_unit_test(test_raw_names),
		cmocka_unit_test(test_largest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
