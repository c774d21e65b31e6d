/* SPDX-License-Identifier: MIT */
/*
 * Goal: extended attributes of every name space through the public calls: values of 0 to 65536
 *       bytes, CREATE and REPLACE, asking for sizes, lists, refusals.
 * Method: single calls on each type of object in several geometries; a seeded run against a plain
 *       table, with the volume closed and checked in between.
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
#include <sys/xattr.h>
#include "base/rand.h"
#include "support/test_fs.h"
#include "support/test_seed.h"

#define MIB(n) ((uint64_t)(n) << 20)

static struct test_fs fs;
static char big[65537], out[70000];

static const struct xfs_mkfs_options geos[] = {
	{ .size = sizeof(geos[0]) },
	{ .size = sizeof(geos[0]), .blocksize = 1024, .parent = XFS_MKFS_OFF,
	  .nrext64 = XFS_MKFS_OFF },
	{ .size = sizeof(geos[0]), .blocksize = 16384, .inodesize = 2048 },
};

#define FOR_EACH_GEOMETRY(i) for (size_t i = 0; i < sizeof(geos) / sizeof(geos[0]); i++)

static void setup_volume(const struct xfs_mkfs_options *mkfs)
{
	struct xfs_file *file;

	test_fs_make(&fs, MIB(256), mkfs);
	TEST_OK(xfs_open(fs.mp, "/f", O_CREAT | O_RDWR, 0644, &file));
	TEST_OK(xfs_close(file));
	TEST_OK(xfs_mkdir(fs.mp, "/d", 0755));
	TEST_OK(xfs_mknod(fs.mp, "/p", S_IFIFO | 0644, 0, 0));
	TEST_OK(xfs_mknod(fs.mp, "/c", S_IFCHR | 0644, 1, 3));
	TEST_OK(xfs_symlink(fs.mp, "f", "/l"));
}

static void test_sizes(void **state)
{
	static const uint32_t sizes[] = {
		0, 1, 50, 140, 254, 255, 256, 700, 967, 968, 969, 1024, 2000, 3064, 3065, 3066, 4040,
		4041, 8080, 12289, 16000, 32768, 65480, 65535, 65536,
	};

	(void)state;
	test_pattern_fill(big, sizeof(big), 9);
	FOR_EACH_GEOMETRY(g) {
		setup_volume(&geos[g]);
		for (int round = 0; round < 2; round++) {
			for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
				uint32_t size = sizes[i];
				char name[32];

				snprintf(name, sizeof(name), "user.size%u", size);
				if (round == 0)
					TEST_IS(xfs_setxattr(fs.mp, "/f", true, name, big, size, 0), 0);
				TEST_IS(xfs_getxattr(fs.mp, "/l", true, name, NULL, 0), size);
				memset(out, 1, sizeof(out));
				TEST_IS(xfs_getxattr(fs.mp, "/f", true, name, out, sizeof(out)), size);
				assert_memory_equal(out, big, size);
				assert_int_equal(out[size], 1);
				if (size > 1)
					TEST_IS(xfs_getxattr(fs.mp, "/f", true, name, out, size - 1),
						-ERANGE);
				if (size)
					TEST_IS(xfs_getxattr(fs.mp, "/f", true, name, out, size), size);
			}
			test_fs_close_and_check(&fs);
			test_fs_open(&fs);
		}
		TEST_IS(xfs_setxattr(fs.mp, "/f", true, "user.x", big, 65537, 0), -E2BIG);
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			char name[32];

			/* Each takes the size of another, then goes. */
			snprintf(name, sizeof(name), "user.size%u", sizes[i]);
			TEST_IS(xfs_setxattr(fs.mp, "/f", true, name, big,
					     sizes[sizeof(sizes) / sizeof(sizes[0]) - 1 - i],
					     XATTR_REPLACE), 0);
		}
		test_fs_close_and_check(&fs);
		test_fs_open(&fs);
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			char name[32];

			snprintf(name, sizeof(name), "user.size%u", sizes[i]);
			TEST_IS(xfs_removexattr(fs.mp, "/f", true, name), 0);
			TEST_IS(xfs_removexattr(fs.mp, "/f", true, name), -ENODATA);
		}
		TEST_IS(xfs_listxattr(fs.mp, "/f", true, out, sizeof(out)), 0);
		test_fs_end(&fs);
	}
}

static void test_flags_and_refusals(void **state)
{
	char name[300];
	struct xfs_stat before = XFS_STAT_INIT, after = XFS_STAT_INIT;
	struct xfs_file *file;

	(void)state;
	FOR_EACH_GEOMETRY(g) {
		setup_volume(&geos[g]);
		TEST_IS(xfs_setxattr(fs.mp, "/f", true, "user.a", "1", 1, XATTR_REPLACE), -ENODATA);
		TEST_IS(xfs_setxattr(fs.mp, "/f", true, "user.a", "1", 1, XATTR_CREATE), 0);
		TEST_IS(xfs_setxattr(fs.mp, "/f", true, "user.a", "1", 1, XATTR_CREATE), -EEXIST);
		TEST_OK(xfs_getattr(fs.mp, "/f", true, &before));
		TEST_IS(xfs_setxattr(fs.mp, "/f", true, "user.a", "22", 2, XATTR_REPLACE), 0);
		TEST_OK(xfs_getattr(fs.mp, "/f", true, &after));
		assert_int_not_equal(before.ctime.tv_nsec, after.ctime.tv_nsec);
		assert_int_equal(before.mtime.tv_nsec, after.mtime.tv_nsec);
		assert_int_equal(after.changecount, before.changecount + 1);
		TEST_IS(xfs_setxattr(fs.mp, "/f", true, "user.a", "22", 2, 4), -EINVAL);
		TEST_IS(xfs_setxattr(fs.mp, "/f", true, "user.a", NULL, 2, 0), -EFAULT);
		TEST_IS(xfs_setxattr(fs.mp, "/f", true, "user.nothing", NULL, 0, 0), 0);
		TEST_IS(xfs_getxattr(fs.mp, "/f", true, "user.nothing", out, 10), 0);
		TEST_IS(xfs_setxattr(fs.mp, "/f", true, NULL, "22", 2, 0), -EINVAL);
		TEST_IS(xfs_setxattr(fs.mp, "/f", true, "user.", "22", 2, 0), -EINVAL);
		TEST_IS(xfs_setxattr(fs.mp, "/f", true, "", "22", 2, 0), -ERANGE);
		TEST_IS(xfs_setxattr(fs.mp, "/f", true, "User.a", "22", 2, 0), -ENOTSUP);
		TEST_IS(xfs_setxattr(fs.mp, "/f", true, "system.x", "22", 2, 0), -ENOTSUP);
		TEST_IS(xfs_getxattr(fs.mp, "/f", true, "btrfs.x", out, 10), -ENOTSUP);
		TEST_IS(xfs_getxattr(fs.mp, "/none", true, "user.x", out, 10), -ENOENT);
		TEST_IS(xfs_getxattr(fs.mp, "/f", true, "user.x", out, 10), -ENODATA);
		TEST_IS(xfs_getxattr(fs.mp, "/f", true, "user.a", NULL, 10), -EFAULT);
		/* 255 bytes with the prefix. */
		memset(name, 'n', sizeof(name));
		memcpy(name, "user.", 5);
		name[255] = '\0';
		TEST_IS(xfs_setxattr(fs.mp, "/f", true, name, "long", 4, 0), 0);
		TEST_IS(xfs_getxattr(fs.mp, "/f", true, name, out, 10), 4);
		name[255] = 'n';
		name[256] = '\0';
		TEST_IS(xfs_setxattr(fs.mp, "/f", true, name, "long", 4, 0), -ERANGE);
		TEST_IS(xfs_getxattr(fs.mp, "/f", true, name, out, 10), -ERANGE);
		/* The name spaces are apart; each type takes what the kernel lets it. */
		TEST_IS(xfs_setxattr(fs.mp, "/f", true, "trusted.a", "333", 3, XATTR_CREATE), 0);
		TEST_IS(xfs_setxattr(fs.mp, "/f", true, "security.a", "4444", 4, XATTR_CREATE), 0);
		TEST_IS(xfs_getxattr(fs.mp, "/f", true, "user.a", out, 10), 2);
		TEST_IS(xfs_getxattr(fs.mp, "/f", true, "trusted.a", out, 10), 3);
		TEST_IS(xfs_getxattr(fs.mp, "/f", true, "security.a", out, 10), 4);
		TEST_IS(xfs_removexattr(fs.mp, "/f", true, "trusted.a"), 0);
		TEST_IS(xfs_getxattr(fs.mp, "/f", true, "security.a", out, 10), 4);
		for (const char *const *p = (const char *const[]){ "/p", "/c", "/l", NULL }; *p; p++) {
			TEST_IS(xfs_setxattr(fs.mp, *p, false, "user.a", "1", 1, 0), -EPERM);
			TEST_IS(xfs_removexattr(fs.mp, *p, false, "user.a"), -EPERM);
			TEST_IS(xfs_getxattr(fs.mp, *p, false, "user.a", out, 1), -ENODATA);
			TEST_IS(xfs_setxattr(fs.mp, *p, false, "trusted.a", big, 400, 0), 0);
			TEST_IS(xfs_setxattr(fs.mp, *p, false, "security.selinux", "ctx", 4, 0), 0);
			TEST_IS(xfs_getxattr(fs.mp, *p, false, "trusted.a", out, 400), 400);
		}
		TEST_IS(xfs_setxattr(fs.mp, "/d", false, "user.a", big, 5000, 0), 0);
		/* By handle. */
		TEST_OK(xfs_open(fs.mp, "/d", O_RDONLY, 0, &file));
		TEST_IS(xfs_fsetxattr(file, "user.b", "bb", 2, 0), 0);
		TEST_IS(xfs_fgetxattr(file, "user.b", out, 10), 2);
		TEST_IS(xfs_fremovexattr(file, "user.b"), 0);
		TEST_IS(xfs_fgetxattr(file, "user.b", out, 10), -ENODATA);
		TEST_IS(xfs_flistxattr(file, out, sizeof(out)), 7);
		TEST_OK(xfs_close(file));
		test_fs_end(&fs);
	}
}

static bool in_list(const char *list, ssize_t len, const char *name)
{
	for (const char *p = list; p < list + len; p += strlen(p) + 1) {
		if (!strcmp(p, name))
			return true;
	}
	return false;
}

static void test_list(void **state)
{
	(void)state;
	FOR_EACH_GEOMETRY(g) {
		ssize_t want = 0, len;
		char name[64];

		setup_volume(&geos[g]);
		TEST_IS(xfs_listxattr(fs.mp, "/f", true, NULL, 0), 0);
		TEST_IS(xfs_listxattr(fs.mp, "/f", true, out, 10), 0);
		for (unsigned int i = 0; i < 300; i++) {
			snprintf(name, sizeof(name), "%s.attribute_%u",
				 i % 3 == 0 ? "user" : i % 3 == 1 ? "trusted" : "security", i);
			TEST_OK(xfs_setxattr(fs.mp, "/f", true, name, big, i, 0));
			want += (ssize_t)strlen(name) + 1;
			if (i % 50 != 7)
				continue;
			TEST_IS(xfs_listxattr(fs.mp, "/f", true, NULL, 0), want);
			TEST_IS(xfs_listxattr(fs.mp, "/f", true, out, (size_t)want - 1), -ERANGE);
			TEST_IS(xfs_listxattr(fs.mp, "/f", true, out, (size_t)want), want);
		}
		len = xfs_listxattr(fs.mp, "/f", true, out, sizeof(out));
		assert_int_equal(len, want);
		for (unsigned int i = 0; i < 300; i++) {
			snprintf(name, sizeof(name), "%s.attribute_%u",
				 i % 3 == 0 ? "user" : i % 3 == 1 ? "trusted" : "security", i);
			assert_true(in_list(out, len, name));
		}
		/* Parent pointers are no attributes that anybody sees. */
		TEST_OK(xfs_link(fs.mp, "/f", "/second_name"));
		TEST_IS(xfs_listxattr(fs.mp, "/f", true, NULL, 0), want);
		TEST_IS(xfs_listxattr(fs.mp, "/d", true, NULL, 0), 0);
		test_fs_end(&fs);
	}
}

/* ---- against a table -------------------------------------------------------------------- */

#define FILES	6
#define NAMES	40

struct value {
	bool set;
	uint32_t size;
	uint64_t tag;
};

static struct value table[FILES][NAMES];

static void key(unsigned int file, unsigned int name, char *path, char *attr)
{
	static const char *const spaces[] = { "trusted", "security", "user" };

	sprintf(path, "/t%u", file);
	sprintf(attr, "%s.%0*u", spaces[name % (file & 1 ? 2 : 3)], (int)(1 + name * 5 % 200), name);
}

static void compare_table(void)
{
	char path[16], attr[300];

	for (unsigned int f = 0; f < FILES; f++) {
		ssize_t list = 0;

		for (unsigned int n = 0; n < NAMES; n++) {
			const struct value *v = &table[f][n];

			key(f, n, path, attr);
			TEST_IS(xfs_getxattr(fs.mp, path, false, attr, out, sizeof(out)),
				v->set ? (int64_t)v->size : -ENODATA);
			if (!v->set)
				continue;
			list += (ssize_t)strlen(attr) + 1;
			test_pattern_fill(big, v->size, v->tag);
			assert_memory_equal(out, big, v->size);
		}
		TEST_IS(xfs_listxattr(fs.mp, path, false, out, sizeof(out)), list);
	}
}

static uint32_t draw_size(struct xfs_rand *r)
{
	switch (xfs_rand_below(r, 6)) {
	case 0:
		return (uint32_t)xfs_rand_below(r, 65537);
	case 1:
		return (uint32_t)xfs_rand_below(r, 6000);
	case 2:
		return (uint32_t)xfs_rand_below(r, 700);
	default:
		return (uint32_t)xfs_rand_below(r, 60);
	}
}

static void test_against_table(void **state)
{
	(void)state;
	FOR_EACH_GEOMETRY(g) {
		struct xfs_rand r = test_rand(g + 1);

		memset(table, 0, sizeof(table));
		test_fs_make(&fs, MIB(256), &geos[g]);
		TEST_OK(xfs_mknod(fs.mp, "/t0", S_IFREG | 0644, 0, 0));
		TEST_OK(xfs_mknod(fs.mp, "/t1", S_IFIFO | 0644, 0, 0));
		TEST_OK(xfs_mkdir(fs.mp, "/t2", 0755));
		TEST_OK(xfs_symlink(fs.mp, "a target of moderate length, in the inode", "/t3"));
		TEST_OK(xfs_mknod(fs.mp, "/t4", S_IFREG | 0644, 0, 0));
		TEST_OK(xfs_mknod(fs.mp, "/t5", S_IFBLK | 0644, 8, 1));
		for (unsigned int i = 0; i < 3000; i++) {
			unsigned int f = (unsigned int)xfs_rand_below(&r, FILES);
			unsigned int n = (unsigned int)xfs_rand_below(&r, NAMES);
			struct value *v = &table[f][n];
			char path[16], attr[300];
			int flags = 0, want = 0;

			key(f, n, path, attr);
			if (xfs_rand_below(&r, i % 1000 < 500 ? 4 : 2) == 0) {
				TEST_IS(xfs_removexattr(fs.mp, path, false, attr),
					v->set ? 0 : -ENODATA);
				v->set = false;
				continue;
			}
			if (xfs_rand_below(&r, 4) == 0) {
				flags = XATTR_CREATE;
				want = v->set ? -EEXIST : 0;
			} else if (xfs_rand_below(&r, 4) == 0) {
				flags = XATTR_REPLACE;
				want = v->set ? 0 : -ENODATA;
			}
			{
				uint32_t size = draw_size(&r);

				test_pattern_fill(big, size, i);
				TEST_IS(xfs_setxattr(fs.mp, path, false, attr, big, size, flags), want);
				if (!want)
					*v = (struct value){ true, size, i };
			}
			if (i % 500 == 499) {
				compare_table();
				test_fs_close_and_check(&fs);
				test_fs_open(&fs);
				compare_table();
			}
		}
		test_fs_end(&fs);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_flags_and_refusals),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_against_table),
	};

	test_seed_init(41);
	return test_seed_report(cmocka_run_group_tests(tests, NULL, NULL));
}
