/* SPDX-License-Identifier: MIT */
/*
 * Goal: when memory or the device fails in the middle of a call, the call says so, no
 * lock stays behind, and either nothing was changed and the next try works, or the
 * file system is shut down and what is on the device is as it was.
 * Method: a handle with many allocations and frees on a file system whose trees are
 * not in memory; its first allocation of memory (read of the device) fails, then its
 * second, until none does.
 */
#include "ag_fixture.h"
#include "core/message.h"
#include "support/test_device.h"

static struct xfs_device *fault;

#define NEXTENTS	1200u

/* Trees of two levels, and nothing of them in memory. */
static void make(void)
{
	struct xfs_mkfs_options opts = {
		.size = sizeof(opts), .flags = XFS_MKFS_SMALL, .agcount = 2, .log_size = 5 << 20,
		.blocksize = 1024,
	};
	struct xfs_owner_info oinfo;
	struct xfs_perag *pag;
	struct xfs_device *dev;

	assert_int_equal(xfs_device_open_memory(40 << 20, 512, NULL, &dev), 0);
	assert_int_equal(xfs_mkfs(dev, NULL, &opts, NULL), 0);
	assert_int_equal(test_fault_open(dev, &fault), 0);
	xfs_device_put(dev);
	mp = test_mount_device(fault);
	assert_int_equal(xfs_perag_init(mp), 0);
	assert_int_equal(xfs_ag_resv_init(mp), 0);
	begin(4 * NEXTENTS);
	for (uint32_t i = 0; i < NEXTENTS; i++) {
		struct xfs_alloc_arg args = {
			.tp = tp, .target = 2000 + 4 * i, .minlen = 2, .maxlen = 2,
			.flags = XFS_ALLOC_EXACT,
			.oinfo = xfs_owner_file(200 + i, false, 0, false),
		};

		assert_int_equal(xfs_alloc_vextent(&args), 0);
		assert_int_equal(args.fsbno, 2000 + 4 * i);
	}
	for (uint32_t i = 0; i < NEXTENTS; i += 3)
		assert_int_equal(xfs_refcount_increase(tp, 2000 + 4 * i, 1), 0);
	for (uint32_t i = 0; i < NEXTENTS; i += 3) {
		oinfo = xfs_owner_file(5000 + i, false, 0, false);
		assert_int_equal(xfs_rmap_map(tp, 2000 + 4 * i, 1, &oinfo), 0);
	}
	commit();
	test_mount_settle(mp);
	xfs_perag_destroy(mp);
	test_mount_cycle_cache(mp);
	assert_int_equal(xfs_perag_init(mp), 0);
	for (xfs_agnumber_t agno = 0; agno < mp->m_geo.agcount; agno++)
		assert_int_equal(xfs_perag_make(mp, agno, &pag), 0);
}

/* Something of everything. */
static int operate(void)
{
	struct xfs_owner_info oinfo = xfs_owner_file(201, false, 0, false);
	struct xfs_alloc_arg args = {
		.target = 4001, .minlen = 1, .maxlen = 20, .oinfo = xfs_owner_bmbt(199, false),
	};
	xfs_fsblock_t at;
	xfs_extlen_t len;
	int error;

	error = xfs_trans_alloc_bytes(mp, 256u << 10, 50, 0, &tp);
	if (error)
		return error;
	args.tp = tp;
	error = xfs_alloc_vextent(&args);
	if (!error)
		error = xfs_rmap_unmap(tp, 2004, 2, &oinfo);
	if (!error)
		error = xfs_refcount_decrease(tp, 2004, 2);
	if (!error)
		error = xfs_refcount_find_shared(mp, 2000, 1, &at, &len);
	oinfo = xfs_owner_file(200, false, 0, false);
	if (!error)
		error = xfs_rmap_unmap(tp, 2000, 2, &oinfo);
	if (!error)
		error = xfs_refcount_decrease(tp, 2000, 2);
	oinfo = xfs_owner_file(202, false, 0, false);
	if (!error)
		error = xfs_free_extent_later(tp, 2008, 2, &oinfo, XFS_AG_RESV_NONE);
	oinfo = xfs_owner_file(204, false, 0, false);
	if (!error)
		error = xfs_rmap_convert(tp, 2016, 1, &oinfo);
	if (error) {
		xfs_trans_cancel(tp);
		return error;
	}
	return xfs_trans_commit(tp);
}

/* @met: what was armed has gone off.  Trees on the device hold together, whatever happened. */
static void judge(int error, bool met, bool *goes_on)
{
	bool dead = xfs_is_shutdown(mp);

	assert_int_equal(xfs_lock_order_held(), 0);
	assert_true(met || error == 0);
	if (error)
		assert_true(xfs_last_text()[0] != 0);
	if (error && !dead) {
		/* Nothing was changed: it works now. */
		assert_int_equal(operate(), 0);
		error = 0;
	}
	if (!error)
		test_mount_settle(mp);
	for (xfs_agnumber_t agno = 0; agno < 2; agno++) {
		struct ag_walk w;

		ag_walk(fault, &mp->m_geo, agno, &w);
		assert_string_equal(w.error, "");
		ag_walk_free(&w);
	}
	test_mount_free(mp);
	*goes_on = met;
}

static void test_device_fails(void **state)
{
	uint32_t errors = 0;
	bool goes_on = true;

	(void)state;
	for (unsigned int nth = 1; goes_on; nth++) {
		int error;

		make();
		test_fault_arm(fault, TEST_FAULT_READ, nth, false, false);
		error = operate();
		errors += error != 0;
		assert_true(error == 0 || error == -EIO);
		judge(error, test_fault_met(fault), &goes_on);
	}
	assert_true(errors >= 8);
}

#ifdef XFSWRITE_DEBUG
static void test_memory_fails(void **state)
{
	uint32_t errors = 0;
	bool goes_on = true;

	(void)state;
	for (unsigned int nth = 1; goes_on; nth++) {
		int error;

		make();
		xfs_mem_fail_at(nth, false);
		error = operate();
		errors += error != 0;
		assert_true(error == 0 || error == -ENOMEM);
		judge(error, xfs_mem_fail_met(), &goes_on);
	}
	/* Buffers are recycled: little is allocated at all. */
	assert_true(errors >= 1);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_device_fails),
#ifdef XFSWRITE_DEBUG
		cmocka_unit_test(test_memory_fails),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
