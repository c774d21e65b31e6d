/* SPDX-License-Identifier: MIT */
/*
 * Goal: a name that was looked for in vain is not looked for again when it is made, unless a name
 * of the directory has changed since: then it is, and -EEXIST is told.
 * Method: a lookup, then a creation with and without another change between them, in each form
 * that a directory has.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include <errno.h>
#include "namei/namei.h"
#include "support/test_fs.h"

static struct test_fs fs;
static const struct xfs_create_args args = { .mode = S_IFREG | 0644 };

static struct xfs_name name_of(const char *text)
{
	return (struct xfs_name){ .name = (const uint8_t *)text, .len = (uint32_t)strlen(text) };
}

static int create(struct xfs_name *name)
{
	struct xfs_inode *ip;
	int error = xfs_create(fs.mp->m_rootip, name, &args, &ip);

	xfs_irele(ip);
	return error;
}

static void check_with(unsigned int names)
{
	char text[16], other[16], twice[16];
	struct xfs_inode *dp = fs.mp->m_rootip, *ip;
	struct xfs_name name, same, another;

	snprintf(text, sizeof(text), "new%u", names);
	snprintf(other, sizeof(other), "other%u", names);
	snprintf(twice, sizeof(twice), "twice%u", names);
	name = name_of(text);
	assert_int_equal(xfs_lookup_new(dp, &name, &ip), -ENOENT);
	assert_int_not_equal(name.absent_at, 0);
	TEST_OK(create(&name));
	/* What it knew is of no use any more. */
	assert_int_equal(create(&name), -EEXIST);
	/* Two who looked for one name, one after the other. */
	name = name_of(twice);
	same = name;
	assert_int_equal(xfs_lookup_new(dp, &name, &ip), -ENOENT);
	assert_int_equal(xfs_lookup_new(dp, &same, &ip), -ENOENT);
	TEST_OK(create(&name));
	assert_int_equal(create(&same), -EEXIST);
	/* Another name came in between: it is looked for again, and made. */
	another = name_of(other);
	assert_int_equal(xfs_lookup_new(dp, &another, &ip), -ENOENT);
	TEST_OK(xfs_unlink(fs.mp, text));
	TEST_OK(create(&another));
	assert_int_equal(xfs_lookup_new(dp, &another, &ip), 0);
	xfs_irele(ip);
}

static void test_every_form(void **state)
{
	/* Short form, one block, leaf, node. */
	static const unsigned int sizes[] = { 0, 40, 200, 4000 };
	unsigned int made = 0;
	char path[32];

	(void)state;
	test_fs_make(&fs, (uint64_t)128 << 20, NULL);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (; made < sizes[i]; made++) {
			snprintf(path, sizeof(path), "/some-name-%u", made);
			TEST_OK(xfs_mknod(fs.mp, path, S_IFREG | 0644, 0, 0));
		}
		check_with(sizes[i]);
	}
	test_fs_end(&fs);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_every_form) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
