/* SPDX-License-Identifier: MIT */
/*
 * Goal: without memory a change of a directory or an attribute fork is refused and nothing
 *       happened, or it is done with what the reserve has; the file system is never shut down, and
 *       nothing is lost or leaked.
 * Method: one in twelve operations of a seeded history meets a failing allocation at its first,
 *       second, third ... request until it meets none; after each the blocks are verified.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "attr/attr.h"
#include "base/mem.h"
#include "disk/verify.h"
#include "support/test_handle.h"
#include "support/test_seed.h"

#ifdef XFSWRITE_DEBUG
#define MAX	700

static struct test_handle h;
static struct xfs_rand rnd;
static bool used[MAX];
static uint32_t refused, failures, done;

static uint32_t below(uint32_t n)
{
	return (uint32_t)xfs_rand_below(&rnd, n);
}

static struct xfs_name numbered(char *buf, uint32_t i)
{
	int len = snprintf(buf, 64, "%x-%u-%.*s", (unsigned int)(i * 2654435761u), i, (int)(i % 30),
			   "abcdefghijklmnopqrstuvwxyzabcd");

	return (struct xfs_name){ .name = (const uint8_t *)buf, .len = (uint32_t)len, .type = 1 };
}

static void verify(void)
{
	const struct xfs_geometry *geo = &h.fs.mp->m_geo;

	if (h.ip->i_df.if_format == XFS_DINODE_FMT_LOCAL)
		assert_null(xfs_dir2_sf_verify(geo, h.ip->i_df.if_data, (size_t)h.ip->i_disk_size,
					       false));
	else
		test_verify_fork(&h, XFS_DATA_FORK, geo->dirblkfsbs);
	if (h.ip->i_forkoff && h.ip->i_af.if_format == XFS_DINODE_FMT_LOCAL)
		assert_null(xfs_attr_sf_verify(geo, h.ip->i_af.if_data,
					       xfs_inode_attr_fork_size(h.ip)));
	else if (h.ip->i_forkoff)
		test_verify_fork(&h, XFS_ATTR_FORK, 1);
}

static int change(bool attr, uint32_t i, uint32_t len)
{
	static const uint8_t value[70000];
	struct xfs_trans *tp;
	struct xfs_attr_name an = { .ns = 0 };
	struct xfs_name name;
	char buf[64];
	int error;

	name = numbered(buf, i);
	an.name = name.name;
	an.len = name.len;
	error = xfs_trans_alloc_bytes(h.fs.mp, 256u << 10, 500, 0, &tp);
	if (error)
		return error;
	xfs_ilock_excl(h.ip);
	if (attr && len)
		error = xfs_attr_set(tp, h.ip, &an, value, len, 0);
	else if (attr)
		error = xfs_attr_remove(tp, h.ip, &an, NULL, 0);
	else if (used[i])
		error = xfs_dir_removename(tp, h.ip, &name, 5000 + i);
	else
		error = xfs_dir_prepare_add(h.ip, &name, &(uint32_t){ 0 });
	if (!error && !attr && !used[i])
		error = xfs_dir_createname(tp, h.ip, &name, 5000 + i);
	xfs_iunlock_excl(h.ip);
	if (!error)
		return xfs_trans_commit(tp);
	xfs_trans_cancel(tp);
	return error;
}

static void step(bool attr, uint32_t i, uint32_t len)
{
	/* Some operations go undisturbed, so that histories get on. */
	bool disturbed = below(3) == 0, met;
	int error;

	if (disturbed)
		xfs_mem_fail_at(1 + below(3), below(2));
	error = change(attr, i, len);
	met = xfs_mem_fail_met();
	assert_false(xfs_is_shutdown(h.fs.mp));
	failures += met;
	if (error && !(attr && error == -ENODATA)) {
		assert_true(met);
		assert_int_equal(error, -ENOMEM);
		refused++;
	} else {
		done++;
		if (!attr)
			used[i] = !used[i];
	}
	verify();
}

static void check_names(void)
{
	for (uint32_t i = 0; i < MAX; i++) {
		struct xfs_name name;
		char buf[64];
		xfs_ino_t ino;

		name = numbered(buf, i);
		assert_int_equal(test_dir_lookup(&h, &name, &ino), used[i] ? 0 : -ENOENT);
	}
}

static void history(uint32_t seed)
{
	struct xfs_mkfs_options mkfs = {
		.size = sizeof(mkfs),
		.blocksize = 1024,
		.dirblocksize = 1024,
		.parent = XFS_MKFS_OFF,
	};

	rnd = test_rand(seed);
	memset(used, 0, sizeof(used));
	test_handle_make(&h, &mkfs, true);
	/* What allocation needs is in memory: it is not meant here. */
	for (uint32_t i = 0; i < 60; i++) {
		assert_int_equal(change(false, i, 0), 0);
		used[i] = true;
	}
	for (uint32_t n = 0; n < 1500; n++) {
		uint32_t i = below(MAX), size = n < 900 ? 3 : 1;

		/* Grows, and shrinks. */
		if (used[i] != (n >= 900 || below(4) == 0))
			continue;
		step(false, i, 0);
		if (below(10) < size)
			step(true, below(40), below(3) ? 1 + below(below(4) ? 200 : 3000) : 0);
		if (n % 100 == 0)
			check_names();
	}
	check_names();
	test_handle_destroy(&h);
}

static void test_refusals(void **state)
{
	(void)state;
	for (uint32_t seed = 0; seed < 8; seed++)
		history(seed);
	fprintf(stderr, "%u done, %u refused, %u met a failure\n", done, refused, failures);
	assert_true(done > 1000 && failures > 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusals),
	};

	test_seed_init(11);
	return test_seed_report(cmocka_run_group_tests(tests, NULL, NULL));
}
#else
int main(void)
{
	return 77;	/* allocations fail on demand in debug builds only */
}
#endif
