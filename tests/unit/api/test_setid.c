/* SPDX-License-Identifier: MIT */
/*
 * Goal: a write, a truncation, a change of owner and a chmod take away the set-id bits that the
 * kernel takes away, from a caller with privilege, without it but in the file's group, and outside
 * of it.
 * Method: the modes that a kernel (6.18) left, one for one.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sys/stat.h>
#include "support/test_fs.h"

#define MIB(n)	((uint64_t)(n) << 20)
#define US	1000u
#define OTHERS	2000u

enum op { WRITE, TRUNCATE, CHOWN_NOTHING, CHOWN_GROUP, CHOWN_USER, OPS };

static const struct {
	uint32_t mode;
	uint32_t inside, chmod_inside;		/* no privilege, in the group */
	uint32_t outside, chmod_outside;	/* no privilege, in another group */
	uint32_t chown_by_root;
} rows[] = {
	{ 06755, 0755, 06755, 0755, 04755, 0755 },
	{ 06745, 02745, 06745, 0745, 04745, 02745 },
	{ 04755, 0755, 04755, 0755, 04755, 0755 },
	{ 02755, 0755, 02755, 0755, 0755, 0755 },
	{ 02745, 02745, 02745, 0745, 0745, 02745 },
	{ 02644, 02644, 02644, 0644, 0644, 02644 },
	{ 06644, 02644, 06644, 0644, 04644, 02644 },
	{ 0644, 0644, 0644, 0644, 0644, 0644 },
};

static struct test_fs fs;

static struct xfs_file *make(uint32_t mode, uint32_t gid)
{
	struct xfs_iattr iattr = {
		.size = sizeof(iattr),
		.valid = XFS_ATTR_MODE | XFS_ATTR_UID | XFS_ATTR_GID,
		.mode = S_IFREG | mode, .uid = US, .gid = gid,
	};
	struct xfs_file *file;

	TEST_OK(xfs_createat(xfs_root(fs.mp), "f", &iattr, NULL, &file));
	return file;
}

static uint32_t mode_of(struct xfs_file *file)
{
	struct stat st;

	TEST_OK(xfs_fstat(file, &st));
	return st.st_mode & 07777;
}

static void do_op(struct xfs_file *file, enum op op)
{
	switch (op) {
	case WRITE:
		TEST_IS(xfs_pwrite(file, "x", 1, 0), 1);
		break;
	case TRUNCATE:
		TEST_OK(xfs_ftruncate(file, 1));
		break;
	case CHOWN_NOTHING:
		TEST_OK(xfs_chown(fs.mp, "/f", UINT32_MAX, UINT32_MAX));
		break;
	case CHOWN_GROUP:
		TEST_OK(xfs_chown(fs.mp, "/f", UINT32_MAX, US));
		break;
	default:
		TEST_OK(xfs_chown(fs.mp, "/f", US, UINT32_MAX));
	}
}

static void done(struct xfs_file *file)
{
	TEST_OK(xfs_close(file));
	TEST_OK(xfs_unlink(fs.mp, "/f"));
}

static void check_ops(uint32_t mode, uint32_t gid, enum op first, uint32_t expected)
{
	for (enum op op = first; op < OPS; op++) {
		struct xfs_file *file = make(mode, gid);

		do_op(file, op);
		if (mode_of(file) != expected)
			fail_msg("mode %o of group %u, operation %d: %o, not %o", mode, gid, (int)op,
				 mode_of(file), expected);
		done(file);
	}
}

static void check_chmod(uint32_t mode, uint32_t gid, uint32_t expected)
{
	struct xfs_file *file = make(0600, gid);

	TEST_OK(xfs_chmod(fs.mp, "/f", mode));
	assert_int_equal(mode_of(file), expected);
	done(file);
}

static void test_without_privilege(void **state)
{
	(void)state;
	test_fs_make(&fs, MIB(128), NULL);
	test_fs_close_and_check(&fs);
	fs.opts.unprivileged = true;
	fs.opts.uid = US;
	fs.opts.gid = US;
	test_fs_open(&fs);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		check_ops(rows[i].mode, US, WRITE, rows[i].inside);
		check_ops(rows[i].mode, OTHERS, WRITE, rows[i].outside);
		check_chmod(rows[i].mode, US, rows[i].chmod_inside);
		check_chmod(rows[i].mode, OTHERS, rows[i].chmod_outside);
	}
	test_fs_end(&fs);
}

static void test_with_privilege(void **state)
{
	(void)state;
	test_fs_make(&fs, MIB(128), NULL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct xfs_file *file = make(rows[i].mode, OTHERS);

		do_op(file, WRITE);
		do_op(file, TRUNCATE);
		assert_int_equal(mode_of(file), rows[i].mode);
		done(file);
		check_ops(rows[i].mode, OTHERS, CHOWN_NOTHING, rows[i].chown_by_root);
		check_chmod(rows[i].mode, OTHERS, rows[i].mode);
	}
	test_fs_end(&fs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_privilege),
		cmocka_unit_test(test_with_privilege),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
