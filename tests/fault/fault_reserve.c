/* SPDX-License-Identifier: MIT */
/*
 * Goal: the heaviest operations - renames over files, attribute and directory trees that split,
 *       truncation and writes in space that is in pieces, with reverse map, reference counts and
 *       tree of free inodes - leave a third of the reserve of memory unused when the host gives nothing.
 * Method: volumes of 1 KiB and 4 KiB blocks whose trees have many levels; each operation begins with
 *         cold caches, after some requests the host fails all, and the reserve tells how much of it was free
 *         at least.
 * Shows (MEM-3).
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include "base/reserve.h"
#include "core/mount.h"
#include "support/test_fs.h"
#include "support/test_memory.h"

#define MIB(n)	((uint64_t)(n) << 20)
#define MARGIN	33u	/* percent */
#define FILES	6000u
#define NAME	"/dir/a_name_that_is_long_enough_to_fill_blocks_of_the_directory_%u"

struct volume {
	struct test_memory memory;	/* first: the hooks' context */
	struct xfs_env env;
	struct xfs_device *dev;
	struct xfs_mount *mp;
	uint64_t rng;
	unsigned int done, refused, next;
};

static uint8_t data[256 << 10];

static uint32_t draw(struct volume *v, uint32_t below)
{
	v->rng = v->rng * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(v->rng >> 33) % below;
}

static const char *name_of(unsigned int i)
{
	static char path[2][128];
	static unsigned int turn;

	turn ^= 1;
	snprintf(path[turn], sizeof(path[turn]), NAME, i);
	return path[turn];
}

static int put_file(struct xfs_mount *mp, const char *path, size_t len, bool sync)
{
	struct xfs_file *file;
	int error = xfs_open(mp, path, O_CREAT | O_RDWR, 0644, &file);
	int64_t ret = 0;

	if (error)
		return error;
	if (len)
		ret = xfs_pwrite(file, data, len, 0);
	if (ret >= 0 && sync)
		ret = xfs_fsync(file);
	error = xfs_close(file);
	return ret < 0 ? (int)ret : error;
}

/* ---- the operations -------------------------------------------------------------------------- */

static int op_rename_over(struct volume *v)
{
	return xfs_rename(v->mp, name_of(draw(v, FILES / 2) * 2), name_of(draw(v, FILES / 2) * 2));
}

/* One attribute more in a file that has many: leaves split, and nodes. */
static int op_setxattr(struct volume *v)
{
	char name[64];

	snprintf(name, sizeof(name), "user.attribute_%u_%u", v->next++, draw(v, 1u << 30));
	return xfs_setxattr(v->mp, "/attrs", true, name, data, 200 + draw(v, 500), 0);
}

static int op_setxattr_large(struct volume *v)
{
	char name[64];

	snprintf(name, sizeof(name), "user.large_%u", v->next++);
	return xfs_setxattr(v->mp, "/attrs", true, name, data, 20000 + draw(v, 45000), 0);
}

static int op_create(struct volume *v)
{
	return put_file(v->mp, name_of(FILES + v->next++), 0, false);
}

static int op_mkdir(struct volume *v)
{
	return xfs_mkdir(v->mp, name_of(FILES + v->next++), 0755);
}

static int op_symlink(struct volume *v)
{
	char target[1001];

	memset(target, 'x', 1000);
	target[1000] = '\0';
	return xfs_symlink(v->mp, target, name_of(FILES + v->next++));
}

static int op_unlink(struct volume *v)
{
	return xfs_unlink(v->mp, name_of(draw(v, FILES / 2) * 2));
}

/* All of it in single blocks, or few of them in a row. */
static int op_write(struct volume *v)
{
	return put_file(v->mp, "/pieces", sizeof(data), true);
}

static int op_truncate(struct volume *v)
{
	return xfs_truncate(v->mp, "/pieces", draw(v, 5000));
}

/* Neighbours in the file lie far apart. */
static int op_truncate_scattered(struct volume *v)
{
	struct stat st;
	int error = xfs_stat(v->mp, "/scattered", &st);

	if (error || !st.st_size)
		return error;
	return xfs_truncate(v->mp, "/scattered", st.st_size > 100 * 1024 ? st.st_size / 2 : 0);
}

static const struct {
	const char *name;
	int (*run)(struct volume *v);
} ops[] = {
	{ "rename over", op_rename_over },
	{ "setxattr", op_setxattr },
	{ "setxattr, large", op_setxattr_large },
	{ "create", op_create },
	{ "mkdir", op_mkdir },
	{ "symlink", op_symlink },
	{ "unlink", op_unlink },
	{ "write", op_write },
	{ "truncate", op_truncate },
	{ "truncate, scattered", op_truncate_scattered },
};

/* ---- the volume ------------------------------------------------------------------------------ */

/* Every other file goes again, and with it every other piece of space. */
static void in_pieces(struct volume *v, size_t len)
{
	struct xfs_file *scattered;

	TEST_OK(xfs_mkdir(v->mp, "/dir", 0755));
	TEST_OK(xfs_open(v->mp, "/scattered", O_CREAT | O_RDWR, 0644, &scattered));
	for (unsigned int i = 0; i < FILES; i++) {
		TEST_OK(put_file(v->mp, name_of(i), len, i % 10 == 0));
		if (i % 10)
			continue;
		TEST_OK(xfs_pwrite(scattered, data, len, i / 10 * 131 % 600 * len * 2));
		TEST_OK(xfs_fsync(scattered));
	}
	TEST_OK(xfs_close(scattered));
	TEST_OK(xfs_sync(v->mp));
	TEST_OK(put_file(v->mp, "/rest", 0, false));
	for (unsigned int i = 1; i < FILES; i += 2)
		TEST_OK(xfs_unlink(v->mp, name_of(i)));
	TEST_OK(put_file(v->mp, "/attrs", 0, false));
	for (unsigned int i = 0; i < 300; i++)
		TEST_OK(op_setxattr(v));
	TEST_OK(xfs_sync(v->mp));
}

static void make_volume(struct volume *v, uint32_t blocksize, uint32_t mount_flags)
{
	struct xfs_mkfs_options mkfs = {
		.size = sizeof(mkfs), .flags = XFS_MKFS_SMALL, .blocksize = blocksize,
		.rmapbt = XFS_MKFS_ON, .reflink = XFS_MKFS_ON, .finobt = XFS_MKFS_ON,
	};
	struct xfs_mount_options opts = { .size = sizeof(opts), .flags = mount_flags };

	memset(v, 0, sizeof(*v));
	v->env.size = sizeof(v->env);
	v->env.ctx = v;
	v->env.seed = 5;
	v->rng = blocksize;
	test_memory_hooks(&v->env);
	opts.env = &v->env;
	TEST_OK(xfs_device_open_memory(MIB(blocksize / 8), 512, NULL, &v->dev));
	TEST_OK(xfs_mkfs(v->dev, NULL, &mkfs, NULL));
	TEST_OK(xfs_mount(v->dev, &opts, &v->mp));
	in_pieces(v, blocksize);
}

/* The least percentage of the reserve that was free. */
static unsigned int one_operation(struct volume *v, size_t op, unsigned int after)
{
	struct xfs_reserve *rv = &v->mp->m_mem.budget->reserve;
	uint64_t lowest;
	int error;

	xfs_shrink_caches(v->mp, 1);
	v->memory.fail_from = v->memory.calls + after;
	xfs_reserve_reset_lowest(rv);
	error = ops[op].run(v);
	lowest = xfs_reserve_reset_lowest(rv);
	test_memory_heal(&v->memory);
	if (xfs_is_shutdown(v->mp))
		fail_msg("%s shut the file system down: %s", ops[op].name, xfs_error_text(NULL));
	if (error && error != -ENOMEM && error != -ENOENT && error != -ENOSPC)
		fail_msg("%s: %s", ops[op].name, xfs_error_text(NULL));
	v->done += !error;
	v->refused += error == -ENOMEM;
	/* What could not be done is done now, so that trees grow. */
	if (error == -ENOMEM)
		error = ops[op].run(v);
	assert_true(!error || error == -ENOENT || error == -ENOSPC);
	return (unsigned int)(lowest * 100 / rv->bytes);
}

static void margins(uint32_t blocksize, uint32_t mount_flags)
{
	unsigned int left, least[ARRAY_SIZE(ops)];
	struct volume v;

	memset(data, 'd', sizeof(data));
	make_volume(&v, blocksize, mount_flags);
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++)
		least[i] = 100;
	for (unsigned int turn = 0; turn < 60; turn++) {
		for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
			left = one_operation(&v, i, 1 + draw(&v, 60));
			least[i] = left < least[i] ? left : least[i];
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		printf("blocks of %u%s, %s: %u%% of the reserve left\n", blocksize,
		       mount_flags ? ", unjournalled" : "", ops[i].name, least[i]);
		if (least[i] < MARGIN)
			fail_msg("%s leaves less than %u%%", ops[i].name, MARGIN);
	}
	printf("%u done without memory, %u refused\n", v.done, v.refused);
	assert_true(v.done > 200 && v.refused > 20);
	TEST_OK(xfs_unmount(v.mp));
	assert_int_equal(test_fs_check(v.dev, 0), 0);
	xfs_device_put(v.dev);
}

static void test_blocks_of_1_kib(void **state)
{
	(void)state;
	margins(1024, 0);
}

static void test_blocks_of_4_kib(void **state)
{
	(void)state;
	margins(4096, 0);
}

static void test_without_a_journal(void **state)
{
	(void)state;
	margins(1024, XFS_MOUNT_UNJOURNALLED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blocks_of_1_kib),
		cmocka_unit_test(test_blocks_of_4_kib),
		cmocka_unit_test(test_without_a_journal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
