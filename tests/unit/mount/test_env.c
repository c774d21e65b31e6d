/* SPDX-License-Identifier: MIT */
/*
 * Goal: hooks that are not complete, and settings that this version does not know, are refused at
 * every call that takes a struct xfs_env, with a text, and nothing was made.
 * Method: a table of calls against a table of what is wrong with the struct.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "support/test_device.h"
#include "support/test_fs.h"
#include <xfswrite/check.h>

static unsigned int calls;	/* of any hook */
static struct xfs_device *base;
static char name[] = "/tmp/xfswrite-env-XXXXXX";
static int fd;

static void *take(void *ctx, size_t size)
{
	(void)ctx;
	calls++;
	return malloc(size);
}

static void give(void *ctx, void *p)
{
	(void)ctx;
	calls++;
	free(p);
}

static void *more(void *ctx, void *p, size_t size)
{
	(void)ctx;
	calls++;
	return realloc(p, size);
}

enum door {
	FILE_DEVICE, FD_DEVICE, MEMORY, WINDOW, READONLY, OVERLAY, MKFS, MKFS_GEOMETRY, MOUNT, MINIMUM,
	CHECK, DOORS,
};

static int open_mount(const struct xfs_env *env)
{
	const struct xfs_mount_options opts = { .size = sizeof(opts), .env = env };
	struct xfs_mount *mp = (void *)1;
	int error = xfs_mount(base, &opts, &mp);

	if (error)
		assert_null(mp);
	else
		assert_int_equal(xfs_unmount(mp), 0);
	return error;
}

static int make(const struct xfs_env *env, bool write)
{
	const struct xfs_mkfs_options opts = {
		.size = sizeof(opts), .env = env, .flags = XFS_MKFS_SMALL | XFS_MKFS_FORCE,
	};
	struct xfs_mkfs_geometry geo = { .size = sizeof(geo) };

	return write ? xfs_mkfs(base, NULL, &opts, &geo) : xfs_mkfs_geometry(base, NULL, &opts, &geo);
}

static int go_through(enum door door, const struct xfs_env *env)
{
	const struct xfs_mount_options mount = { .size = sizeof(mount), .env = env };
	const struct xfs_check_options check = { .size = sizeof(check), .env = env };
	struct xfs_device *dev = (void *)1;
	uint64_t bytes;
	int error;

	switch (door) {
	case FILE_DEVICE: error = xfs_device_open_file_env(name, 0, 0, env, &dev); break;
	case FD_DEVICE: error = xfs_device_open_fd_env(fd, 0, env, &dev); break;
	case MEMORY: error = xfs_device_open_memory(1 << 20, 512, env, &dev); break;
	case WINDOW: error = xfs_device_open_window_env(base, 512, 0, env, &dev); break;
	case READONLY: error = xfs_device_open_readonly_env(base, env, &dev); break;
	case OVERLAY: error = xfs_device_open_overlay(base, env, &dev); break;
	case MKFS: return make(env, true);
	case MKFS_GEOMETRY: return make(env, false);
	case MOUNT: return open_mount(env);
	case MINIMUM: return xfs_memory_minimum(base, &mount, &bytes);
	default: return xfs_check(base, NULL, &check, NULL);
	}
	if (error)
		assert_null(dev);
	else
		xfs_device_put(dev);
	return error;
}

static void test_every_door(void **state)
{
	const struct xfs_env good = {
		.size = sizeof(good), .mem_alloc = take, .mem_realloc = more, .mem_free = give,
	};
	struct {
		struct xfs_env env;
		uint64_t later;
	} longer = { .env = { .size = sizeof(longer) } };

	(void)state;
	TEST_OK(make(&good, true));
	for (enum door door = 0; door < DOORS; door++) {
		struct xfs_env bad[9];

		for (int i = 0; i < 9; i++)
			bad[i] = good;
		for (int hooks = 1; hooks < 7; hooks++) {	/* some of the three, not all */
			bad[hooks].mem_alloc = hooks & 1 ? take : NULL;
			bad[hooks].mem_realloc = hooks & 2 ? more : NULL;
			bad[hooks].mem_free = hooks & 4 ? give : NULL;
		}
		bad[0].size = 0;
		bad[7].flags = 1;
		bad[8].size = sizeof(good) - 1;
		for (int i = 0; i < 9; i++) {
			calls = 0;
			TEST_IS(go_through(door, &bad[i]), -EINVAL);
			assert_non_null(strstr(xfs_error_text(NULL), "struct xfs_env"));
			assert_int_equal(calls, 0);
		}
		longer.later = 1;
		TEST_IS(go_through(door, &longer.env), -EINVAL);
		longer.later = 0;
		TEST_OK(go_through(door, &longer.env));
		calls = 0;
		TEST_OK(go_through(door, &good));
		if (door != MKFS_GEOMETRY)
			assert_true(calls > 0);
		TEST_OK(go_through(door, NULL));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_door),
	};
	int failed;

	fd = mkstemp(name);
	if (fd < 0 || ftruncate(fd, 1 << 20) != 0 ||
	    xfs_device_open_memory(64u << 20, 512, NULL, &base))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	xfs_device_put(base);
	close(fd);
	unlink(name);
	return failed;
}
