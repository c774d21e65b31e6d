/* SPDX-License-Identifier: MIT */
/*
 * Goal: ACLs are converted and checked right, the mode and the access ACL say the same, and new
 *       objects inherit what their parent's default ACL says.
 * Method: known bytes, one thing wrong at a time, and the public calls on a volume.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include "attr/attr.h"
#include "unit/disk/vectors.h"
#include "support/test_handle.h"

#define MAX	256

/* user::rw-,user:1000:rw-,group::r--,group:2000:r--,mask::rw-,other::--- */
static const char vfs_acl[] =
	"02000000 0100 0600 ffffffff 0200 0600 e8030000 0400 0400 ffffffff"
	"0800 0400 d0070000 1000 0600 ffffffff 2000 0000 ffffffff";
static const char disk_acl[] =
	"00000006 00000001 ffffffff 00060000  00000002 000003e8 00060000  00000004 ffffffff "
	"00040000"
	"00000008 000007d0 00040000  00000010 ffffffff 00060000  00000020 ffffffff 00000000";

static int from(const char *hex, uint8_t *disk, uint32_t *len, uint16_t *mode, bool *equiv)
{
	uint8_t vfs[MAX] = { 0 };
	size_t vfs_len = put_hex(vfs, 0, hex);

	int error;

	*len = MAX;
	error = xfs_acl_from_xattr(NULL, vfs, vfs_len, disk, len);
	if (error || !*len)
		return error;
	error = xfs_acl_check(NULL, disk);
	if (!error)
		xfs_acl_to_mode(disk, mode, equiv);
	return error;
}

static void test_conversion(void **state)
{
	uint8_t disk[MAX], want[MAX] = { 0 }, back[MAX];
	uint16_t mode = 0107777;
	size_t want_len = put_hex(want, 0, disk_acl), back_len;
	uint32_t len;
	bool equiv;

	(void)state;
	assert_int_equal(from(vfs_acl, disk, &len, &mode, &equiv), 0);
	assert_int_equal(len, want_len);
	assert_memory_equal(disk, want, len);
	assert_int_equal(mode, 0107660);	/* the mask stands for the group */
	assert_false(equiv);

	back_len = 0;
	assert_int_equal(xfs_acl_to_xattr(NULL, disk, len, NULL, &back_len), 0);
	assert_int_equal(back_len, put_hex(memset(want, 0, MAX), 0, vfs_acl));
	back_len--;
	assert_int_equal(xfs_acl_to_xattr(NULL, disk, len, back, &back_len), -ERANGE);
	assert_int_equal(xfs_acl_to_xattr(NULL, disk, len, back, &back_len), 0);
	assert_memory_equal(back, want, back_len);

	/* No more than the mode. */
	assert_int_equal(from("02000000 0100 0700 00000000 0400 0300 00000000 2000 0500 00000000",
			      disk, &len, &mode, &equiv),
			 0);
	assert_true(equiv);
	assert_int_equal(mode, 0107735);
	put_hex(memset(want, 0, MAX), 0, "00000003 00000001 ffffffff 00070000 00000004 ffffffff"
		"00030000 00000020 ffffffff 00050000");
	assert_memory_equal(disk, want, len);

	/* None. */
	mode = 0644;
	assert_int_equal(from("02000000", disk, &len, &mode, &equiv), 0);
	assert_int_equal(len, 0);
	assert_int_equal(mode, 0644);
}

static void test_invalid(void **state)
{
	static const struct {
		const char *hex;
		int error;
	} cases[] = {
		{"02000000 01", -EINVAL},
		{"03000000 0100 0700 00000000", -EOPNOTSUPP},
		/* Without an owner, a group, others. */
		{"02000000 0400 0700 00000000 2000 0700 00000000", -EINVAL},
		{"02000000 0100 0700 00000000 2000 0700 00000000", -EINVAL},
		{"02000000 0100 0700 00000000 0400 0700 00000000", -EINVAL},
		/* Two of one. */
		{"02000000 0100 0700 00000000 0100 0700 00000000 0400 0700 00000000 2000 0700 "
		 "00000000",
		 -EINVAL},
		{"02000000 0100 0700 00000000 0400 0700 00000000 1000 0700 00000000"
		 "1000 0700 00000000 2000 0700 00000000",
		 -EINVAL},
		/* Out of order. */
		{"02000000 2000 0500 00000000 0100 0700 00000000 0400 0300 00000000", -EINVAL},
		/* But one user twice, and users in any order, are right. */
		{"02000000 0100 0700 00000000 0200 0700 05000000 0200 0300 05000000 0200 0300 04000000"
		 "0400 0700 00000000 1000 0700 00000000 2000 0700 00000000",
		 0},
		/* A user, and no mask; a user without a number. */
		{"02000000 0100 0700 00000000 0200 0700 05000000 0400 0700 00000000 2000 0700 "
		 "00000000",
		 -EINVAL},
		{"02000000 0100 0700 00000000 0200 0700 ffffffff 0400 0700 00000000 1000 0700 "
		 "00000000"
		 "2000 0700 00000000",
		 -EINVAL},
		/* More than rwx, an unknown tag. */
		{"02000000 0100 0800 00000000 0400 0700 00000000 2000 0700 00000000", -EINVAL},
		{"02000000 0100 0700 00000000 0400 0700 00000000 4000 0700 00000000"
		 "2000 0700 00000000",
		 -EINVAL},
		{"02000000 0300 0700 00000000 0400 0700 00000000 2000 0700 00000000", -EINVAL},
	};
	uint8_t disk[MAX];
	uint16_t mode = 0;
	uint32_t len;
	size_t out = 0;
	bool equiv;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(from(cases[i].hex, disk, &len, &mode, &equiv), cases[i].error);
	/* What stands on disk and is none. */
	put_hex(memset(disk, 0, MAX), 0, "00000002 00000001 ffffffff 00070000");
	assert_int_equal(xfs_acl_to_xattr(NULL, disk, 16, NULL, &out), -EUCLEAN);
	assert_int_equal(xfs_acl_to_xattr(NULL, disk, 2, NULL, &out), -EUCLEAN);
}

/* ---- on a volume --------------------------------------------------------------------------- */

static struct test_fs fs;

static void set_acl(const char *path, const char *name, const char *hex)
{
	uint8_t vfs[MAX] = { 0 };
	size_t len = put_hex(vfs, 0, hex);

	TEST_OK(xfs_setxattr(fs.mp, path, false, name, vfs, len, 0));
}

static void expect_acl(const char *path, const char *name, const char *hex)
{
	uint8_t want[MAX] = { 0 }, got[MAX];
	size_t len = put_hex(want, 0, hex);

	assert_int_equal(TEST_OK(xfs_getxattr(fs.mp, path, false, name, got, sizeof(got))), len);
	assert_memory_equal(got, want, len);
}

static void expect_mode(const char *path, uint32_t mode)
{
	struct stat st;

	TEST_OK(xfs_lstat(fs.mp, path, &st));
	assert_int_equal(st.st_mode, mode);
}

static void expect_none(const char *path, const char *name)
{
	assert_int_equal(xfs_getxattr(fs.mp, path, false, name, NULL, 0), -ENODATA);
}

#define ACCESS	"system.posix_acl_access"
#define DEFAULT	"system.posix_acl_default"

static void test_mode(void **state)
{
	struct xfs_file *file;

	(void)state;
	test_fs_make(&fs, 256ull << 20, NULL);
	TEST_OK(xfs_open(fs.mp, "/f", O_CREAT | O_RDWR, 0600, &file));
	TEST_OK(xfs_close(file));
	set_acl("/f", ACCESS, vfs_acl);
	expect_mode("/f", S_IFREG | 0660);
	expect_acl("/f", ACCESS, vfs_acl);
	/* chmod: owner, mask and others follow; the group's own entry stays. */
	TEST_OK(xfs_chmod(fs.mp, "/f", 0751));
	expect_acl("/f", ACCESS, "02000000 0100 0700 ffffffff 0200 0600 e8030000 0400 0400 ffffffff"
		   "0800 0400 d0070000 1000 0500 ffffffff 2000 0100 ffffffff");
	expect_mode("/f", S_IFREG | 0751);
	/* One that says no more than the mode is the mode. */
	set_acl("/f", ACCESS, "02000000 0100 0600 00000000 0400 0400 00000000 2000 0400 00000000");
	expect_none("/f", ACCESS);
	expect_mode("/f", S_IFREG | 0644);
	/* One without entries removes it, whether it is there or not. */
	set_acl("/f", ACCESS, vfs_acl);
	set_acl("/f", ACCESS, "02000000");
	expect_none("/f", ACCESS);
	set_acl("/f", ACCESS, "02000000");
	expect_mode("/f", S_IFREG | 0660);
	test_fs_end(&fs);
}

static void test_inheritance(void **state)
{
	struct xfs_file *file;

	(void)state;
	test_fs_make(&fs, 256ull << 20, NULL);
	TEST_OK(xfs_mkdir(fs.mp, "/d", 0755));
	set_acl("/d", DEFAULT, vfs_acl);
	expect_mode("/d", S_IFDIR | 0755);
	TEST_OK(xfs_open(fs.mp, "/d/f", O_CREAT | O_RDWR, 0640, &file));
	TEST_OK(xfs_close(file));
	/* The mask is what both grant to the group class. */
	expect_mode("/d/f", S_IFREG | 0640);
	expect_acl("/d/f", ACCESS,
		   "02000000 0100 0600 ffffffff 0200 0600 e8030000 0400 0400 ffffffff"
		   "0800 0400 d0070000 1000 0400 ffffffff 2000 0000 ffffffff");
	expect_none("/d/f", DEFAULT);
	TEST_OK(xfs_mkdir(fs.mp, "/d/sub", 0777));
	expect_mode("/d/sub", S_IFDIR | 0660);
	expect_acl("/d/sub", DEFAULT, vfs_acl);
	expect_acl("/d/sub", ACCESS, vfs_acl);
	TEST_OK(xfs_symlink(fs.mp, "target", "/d/link"));
	assert_int_equal(xfs_listxattr(fs.mp, "/d/link", false, NULL, 0), 0);
	expect_mode("/d/link", S_IFLNK | 0777);
	/* A default that says no more than a mode leaves a mode. */
	set_acl("/d", DEFAULT, "02000000 0100 0700 00000000 0400 0500 00000000 2000 0100 00000000");
	TEST_OK(xfs_mknod(fs.mp, "/d/fifo", S_IFIFO | 0666, 0, 0));
	expect_mode("/d/fifo", S_IFIFO | 0640);
	expect_none("/d/fifo", ACCESS);
	test_fs_end(&fs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conversion),
		cmocka_unit_test(test_invalid),
		cmocka_unit_test(test_mode),
		cmocka_unit_test(test_inheritance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
