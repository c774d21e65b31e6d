/* SPDX-License-Identifier: MIT */
/*
 * Goal: the rules of the journalled checkpoint (trans.h, (TRANS-4) to (TRANS-8)): what is durable
 *       when, what is written in place when, where the tail stands, how large a checkpoint gets;
 *       and that a flush or a checkpoint that is not needed is not made.
 * Method: a small volume with the journal over a device that counts; looking at items and the log's
 *       own counters between calls.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include "device/queue.h"
#include "inode/inode.h"
#include "log/log.h"
#include "support/test_fs.h"
#include "trans/trans_priv.h"

#ifdef XFSWRITE_THREADS
#include <pthread.h>
#include <unistd.h>
#endif

static struct test_fs fs;
static struct xfs_checkpoint *cp;

static void set_up(uint64_t log_bytes)
{
	struct xfs_mkfs_options mkfs = { .size = sizeof(mkfs), .log_size = log_bytes };

	test_fs_make(&fs, (uint64_t)96 << 20, &mkfs);
	TEST_OK(xfs_unmount(fs.mp));
	fs.opts.flags = 0;
	test_fs_open(&fs);
	cp = fs.mp->m_checkpoint;
}

static void tear_down(void)
{
	test_fs_end(&fs);
}

static uint64_t checkpoints(void)
{
	struct xlog_stats stats;

	xlog_get_stats(fs.mp->m_log, &stats);
	return stats.checkpoints;
}

static uint64_t flushes(void)
{
	struct xfs_queue_stats stats;

	xfs_queue_get_stats(fs.mp->m_queue, &stats);
	return stats.flushes;
}

static struct xfs_file *create(const char *path)
{
	struct xfs_file *file;

	TEST_OK(xfs_open(fs.mp, path, O_CREAT | O_RDWR, 0644, &file));
	return file;
}

static struct xfs_inode *inode_of(struct xfs_file *file)
{
	struct xfs_inode *ip;
	struct xfs_stat st = XFS_STAT_INIT;

	TEST_OK(xfs_fgetattr(file, &st));
	TEST_OK(xfs_iget(fs.mp, st.ino, 0, &ip));
	return ip;
}

/* Nothing is written that is not asked for, nothing twice. */
static void test_fsync_writes_what_is_new(void **state)
{
	struct xfs_file *a, *b;
	struct xfs_inode *ip;
	uint64_t n;

	(void)state;
	set_up(0);
	n = checkpoints();
	a = create("/a");
	b = create("/b");
	assert_int_equal(checkpoints(), n);
	ip = inode_of(a);
	assert_int_equal(ip->i_item.li_state, XFS_LI_RUNNING);
	assert_false(xfs_log_is_durable(fs.mp, xfs_log_item_seq(&ip->i_item)));
	TEST_OK(xfs_fsync(a));
	assert_int_equal(checkpoints(), n + 1);
	assert_int_equal(ip->i_item.li_state, XFS_LI_STABLE);
	assert_true(ip->i_item.li_flags & XFS_LI_IN_AIL);
	assert_true(xfs_log_is_durable(fs.mp, xfs_log_item_seq(&ip->i_item)));
	/* The other one was in the same checkpoint. */
	TEST_OK(xfs_fsync(b));
	TEST_OK(xfs_fsync(a));
	TEST_OK(xfs_sync(fs.mp));
	assert_int_equal(checkpoints(), n + 1);
	/* Times alone are not worth a checkpoint to fdatasync. */
	TEST_OK(xfs_pwrite(a, "x", 1, 0));
	TEST_OK(xfs_fsync(a));
	n = checkpoints();
	fs.clock_ns += 1000000;
	TEST_OK(xfs_pwrite(a, "y", 1, 0));
	TEST_OK(xfs_fdatasync(a));
	assert_int_equal(checkpoints(), n);
	TEST_OK(xfs_fsync(a));
	assert_int_equal(checkpoints(), n + 1);
	/* But a new size is. */
	TEST_OK(xfs_pwrite(a, "y", 1, 10));
	TEST_OK(xfs_fdatasync(a));
	assert_int_equal(checkpoints(), n + 2);
	xfs_irele(ip);
	TEST_OK(xfs_close(a));
	TEST_OK(xfs_close(b));
	tear_down();
}

/* A device with nothing new is not flushed before a checkpoint; one with data is, once. */
static void test_flushes(void **state)
{
	struct xfs_file *a;
	uint64_t n;

	(void)state;
	set_up(0);
	a = create("/a");
	TEST_OK(xfs_fsync(a));
	n = flushes();
	TEST_OK(xfs_mkdir(fs.mp, "/d", 0755));
	TEST_OK(xfs_sync(fs.mp));
	assert_int_equal(flushes(), n);
	TEST_OK(xfs_pwrite(a, "x", 1, 0));
	TEST_OK(xfs_fsync(a));
	assert_int_equal(flushes(), n + 1);
	/* In place, nothing new for the log: the data still has to be flushed. */
	TEST_OK(xfs_pwrite(a, "y", 1, 0));
	TEST_OK(xfs_fdatasync(a));
	assert_int_equal(flushes(), n + 2);
	TEST_OK(xfs_fdatasync(a));
	assert_int_equal(flushes(), n + 2);
	TEST_OK(xfs_close(a));
	tear_down();
}

/* (TRANS-5), (TRANS-7): running again it stays; in place it leaves; the tail follows. */
static void test_written_in_place(void **state)
{
	struct xfs_file *a;
	struct xfs_inode *ip;
	xfs_lsn_t first, tail;

	(void)state;
	set_up(0);
	a = create("/a");
	ip = inode_of(a);
	TEST_OK(xfs_fsync(a));
	first = ip->i_item.li_tail_lsn;
	TEST_OK(xfs_chmod(fs.mp, "/a", 0600));
	assert_int_equal(ip->i_item.li_state, XFS_LI_RUNNING);
	xfs_mutex_lock(&cp->cp_commit);
	TEST_OK(xfs_ail_push_all(fs.mp));
	xfs_mutex_unlock(&cp->cp_commit);
	assert_int_equal(ip->i_item.li_state, XFS_LI_RUNNING);
	assert_true(ip->i_item.li_flags & XFS_LI_IN_AIL);
	assert_int_equal(ip->i_item.li_tail_lsn, first);
	assert_true(ip->i_item.li_fields & XFS_ILOG_CORE);
	/* Its relogging moves it to the end; the tail of that checkpoint is still its old place. */
	TEST_OK(xfs_log_force(fs.mp, 0));
	assert_int_equal(xlog_tail_lsn(fs.mp->m_log), first);
	assert_true(ip->i_item.li_tail_lsn > first);
	TEST_OK(xfs_checkpoint_writeback(fs.mp, true));
	assert_int_equal(ip->i_item.li_state, XFS_LI_CLEAN);
	assert_int_equal(ip->i_item.li_flags, 0);
	assert_int_equal(ip->i_item.li_fields, 0);
	assert_true(xfs_list_empty(&cp->cp_ail));
	/* Nothing is needed before the next one. */
	TEST_OK(xfs_chmod(fs.mp, "/a", 0640));
	tail = xlog_head_lsn(fs.mp->m_log);
	TEST_OK(xfs_log_force(fs.mp, 0));
	assert_int_equal(xlog_tail_lsn(fs.mp->m_log), tail);
	assert_int_equal(ip->i_item.li_lsn, tail);
	xfs_irele(ip);
	TEST_OK(xfs_close(a));
	tear_down();
}

/* Clusters of new inodes hold the tail where their checkpoint is, whatever is logged later. */
static void test_new_chunk_holds_tail(void **state)
{
	struct xfs_log_item *lip;
	struct xfs_file *file;
	char path[16];
	xfs_lsn_t lsn = 0;
	unsigned int ordered;

	(void)state;
	set_up(0);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 70; i++) {
			snprintf(path, sizeof(path), "/%d", i);
			file = create(path);
			TEST_OK(xfs_fsetattr(file, &(struct xfs_iattr){
				.size = sizeof(struct xfs_iattr),
				.valid = XFS_ATTR_UID, .uid = (uint32_t)round + 1 }));
			TEST_OK(xfs_close(file));
		}
		TEST_OK(xfs_log_force(fs.mp, 0));
		ordered = 0;
		xfs_list_for_each_entry(lip, &cp->cp_ail, li_ail) {
			if (!(lip->li_flags & XFS_LI_ORDERED))
				continue;
			ordered++;
			if (!lsn)
				lsn = lip->li_tail_lsn;
			assert_int_equal(lip->li_tail_lsn, lsn);
		}
		assert_true(ordered >= 2);
		lip = xfs_list_first_entry(&cp->cp_ail, struct xfs_log_item, li_ail);
		assert_int_equal(lip->li_tail_lsn, lsn);
	}
	assert_int_equal(xlog_tail_lsn(fs.mp->m_log), lsn);
	TEST_OK(xfs_checkpoint_writeback(fs.mp, true));
	assert_true(xfs_list_empty(&cp->cp_ail));
	tear_down();
}

/*
 * (TRANS-8) Around a small log many times: no checkpoint is larger than allowed, nothing is lost.
 */
static void test_small_log_wraps(void **state)
{
	uint32_t cycle;
	struct xfs_file *file;
	char path[32];

	(void)state;
	set_up((uint64_t)2001 * 4096);
	cycle = CYCLE_LSN(xlog_head_lsn(fs.mp->m_log));
	for (int i = 0; CYCLE_LSN(xlog_head_lsn(fs.mp->m_log)) < cycle + 3; i++) {
		assert_true(i < 200000);
		snprintf(path, sizeof(path), "/file-%d", i % 5000);
		if (i / 5000 % 2) {
			TEST_OK(xfs_unlink(fs.mp, path));
		} else {
			file = create(path);
			TEST_OK(xfs_close(file));
		}
		xfs_mutex_lock(&cp->cp_lock);
		assert_true(cp->cp_log_open == 0);
		assert_true(cp->cp_log_used <= xlog_max_checkpoint(fs.mp->m_log));
		xfs_mutex_unlock(&cp->cp_lock);
		if (i % 997 == 0)
			TEST_OK(xfs_sync(fs.mp));
	}
	tear_down();
}

/* What is freed can be had when that is durable, and counts as free at once. */
static void test_freed_blocks_are_busy(void **state)
{
	struct xfs_statfs before = XFS_STATFS_INIT, after = XFS_STATFS_INIT;
	struct xfs_file *a;
	int64_t fdblocks;

	(void)state;
	set_up(0);
	a = create("/a");
	for (int i = 0; i < 64; i++)
		TEST_OK(xfs_pwrite(a, "x", 1, (uint64_t)i << 16));
	TEST_OK(xfs_sync(fs.mp));
	TEST_OK(xfs_statfs(fs.mp, &before));
	fdblocks = fs.mp->m_fdblocks;
	TEST_OK(xfs_ftruncate(a, 0));
	TEST_OK(xfs_statfs(fs.mp, &after));
	assert_true(after.blocks_free >= before.blocks_free + 64);
	assert_true(fs.mp->m_fdblocks < fdblocks + 64);
	assert_true(fs.mp->m_busy_blocks >= 64);
	TEST_OK(xfs_log_force(fs.mp, 0));
	assert_int_equal(fs.mp->m_busy_blocks, 0);
	assert_true(fs.mp->m_fdblocks >= fdblocks + 64);
	TEST_OK(xfs_close(a));
	tear_down();
}

/* A mount that changes nothing writes no record, one that does leaves a clean log. */
static void test_close(void **state)
{
	(void)state;
	set_up(0);
	TEST_OK(xfs_sync(fs.mp));
	assert_int_equal(checkpoints(), 0);
	TEST_OK(xfs_unmount(fs.mp));
	for (int i = 0; i < 3; i++) {
		struct xfs_info info = { .size = sizeof(info) };
		char path[8];

		test_fs_open(&fs);
		TEST_OK(xfs_info(fs.mp, &info));
		assert_false(info.log_dirty);
		snprintf(path, sizeof(path), "/%d", i);
		TEST_OK(xfs_mkdir(fs.mp, path, 0755));
		TEST_OK(xfs_unmount(fs.mp));
		assert_int_equal(test_fs_check(fs.dev, 0), 0);
	}
	test_fs_open(&fs);
	tear_down();
}

/* ---- verifiers ---------------------------------------------------------------------------- */

static unsigned int verified;

static xfs_failaddr_t count_verify(const struct xfs_geometry *geo, const void *block, size_t len,
				   xfs_daddr_t daddr)
{
	(void)geo;
	(void)len;
	(void)daddr;
	verified++;
	return *(const uint8_t *)block == 'x' ? "an x is wrong" : NULL;
}

static const struct xfs_buf_ops counted_ops = {
	.name = "counted block", .blft = 31, .lsn_off = -1, .verify = count_verify,
};

static void change(struct xfs_buf *bp, char first)
{
	struct xfs_trans *tp;

	TEST_OK(xfs_trans_alloc(fs.mp, 0, 0, 0, &tp));
	*(char *)bp->b_addr = first;
	xfs_trans_log_buf(tp, bp, 0, 0);
	TEST_OK(xfs_trans_commit(tp));
}

/* Each content passes its verifier before the log has it, and not again on its way to its place. */
static void test_contents_are_verified_once(void **state)
{
	uint8_t on_disk[512];
	struct xfs_file *file;
	struct xfs_extent ext = XFS_EXTENT_INIT;
	struct xfs_buf *bp;
	size_t count;

	(void)state;
	set_up(0);
	file = create("/f");
	TEST_OK(xfs_pwrite(file, "data", 4, 0));
	TEST_OK(xfs_fsync(file));
	TEST_OK(xfs_extents(file, 0, &ext, 1, &count));
	TEST_OK(xfs_close(file));
	TEST_OK(xfs_buf_get(fs.mp, (xfs_daddr_t)(ext.device_offset >> 9), 4096, &counted_ops, &bp));
	change(bp, 'a');
	TEST_OK(xfs_log_force(fs.mp, 0));
	assert_int_equal(verified, 1);
	TEST_OK(xfs_checkpoint_writeback(fs.mp, true));
	assert_int_equal(verified, 1);
	TEST_OK(xfs_device_pread(fs.dev, ext.device_offset, on_disk, sizeof(on_disk)));
	assert_int_equal(on_disk[0], 'a');
	/* Changed between the log and the place: looked at again. */
	change(bp, 'b');
	TEST_OK(xfs_log_force(fs.mp, 0));
	change(bp, 'c');
	TEST_OK(xfs_checkpoint_writeback(fs.mp, true));
	assert_int_equal(verified, 3);
	/* What it refuses reaches neither. */
	change(bp, 'x');
	assert_int_equal(xfs_log_force(fs.mp, 0), -EUCLEAN);
	assert_int_equal(verified, 4);
	assert_true(xfs_is_shutdown(fs.mp));
	xfs_buf_put(bp);
	assert_int_not_equal(xfs_unmount(fs.mp), 0);
	TEST_OK(xfs_device_pread(fs.dev, ext.device_offset, on_disk, sizeof(on_disk)));
	assert_int_equal(on_disk[0], 'c');
	test_fs_open(&fs);
	tear_down();
}

#ifdef XFSWRITE_THREADS

static void *open_and_close_handle(void *arg)
{
	struct xfs_trans *tp;

	TEST_OK(xfs_trans_alloc_bytes(fs.mp, *(const uint32_t *)arg, 0, 0, &tp));
	TEST_OK(xfs_trans_commit(tp));
	return NULL;
}

static uint32_t waiters(void)
{
	uint32_t n;

	xfs_mutex_lock(&cp->cp_lock);
	n = cp->cp_room_waiters;
	xfs_mutex_unlock(&cp->cp_lock);
	return n;
}

/* Credits that open handles hardly use are waited for, and no checkpoint is cut short for them. */
static void test_credits_of_others_are_waited_for(void **state)
{
	struct xfs_trans *tp, *other;
	struct xfs_file *a;
	pthread_t ids[4];
	uint32_t bytes, small = 4096;
	uint64_t n;

	(void)state;
	set_up(0);
	a = create("/a");	/* something to write */
	bytes = (uint32_t)(cp->cp_log_limit / 3 * 2);
	n = checkpoints();
	TEST_OK(xfs_trans_alloc_bytes(fs.mp, bytes, 0, 0, &tp));
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&ids[i], NULL, open_and_close_handle, &bytes), 0);
	while (waiters() < 3)
		usleep(1000);
	assert_int_equal(xfs_trans_alloc_bytes(fs.mp, bytes, 0, XFS_TRANS_NO_WAIT, &other),
			 XFS_WOULD_WAIT);
	/* A small one still fits. */
	assert_int_equal(pthread_create(&ids[3], NULL, open_and_close_handle, &small), 0);
	pthread_join(ids[3], NULL);
	assert_int_equal(waiters(), 3);
	TEST_OK(xfs_trans_commit(tp));
	for (int i = 0; i < 3; i++)
		pthread_join(ids[i], NULL);
	assert_int_equal(checkpoints(), n);
	assert_int_equal(cp->cp_log_open, 0);
	/* What is used does not come back by itself. */
	cp->cp_log_used = cp->cp_log_limit - bytes + 1;
	open_and_close_handle(&bytes);
	assert_int_equal(checkpoints(), n + 1);
	TEST_OK(xfs_close(a));
	tear_down();
}

#endif

#if defined(XFSWRITE_DEBUG) && defined(XFSWRITE_THREADS)
/* (TRANS-3) A second transaction of one thread would wait for itself: the order checker tells. */
static void test_one_transaction_at_a_time(void **state)
{
	struct xfs_trans *first, *second;
	unsigned int before;

	(void)state;
	set_up(0);
	xfs_lock_order_set_fatal(false);
	TEST_OK(xfs_trans_alloc(fs.mp, XFS_RESV_INODE, 0, 0, &first));
	before = xfs_lock_order_violations();
	TEST_OK(xfs_trans_alloc(fs.mp, XFS_RESV_INODE, 0, 0, &second));
	assert_true(xfs_lock_order_violations() > before);
	xfs_trans_cancel(second);
	xfs_trans_cancel(first);
	xfs_lock_order_set_fatal(true);
	tear_down();
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
#ifdef XFSWRITE_THREADS
		cmocka_unit_test(test_credits_of_others_are_waited_for),
#endif
#if defined(XFSWRITE_DEBUG) && defined(XFSWRITE_THREADS)
		cmocka_unit_test(test_one_transaction_at_a_time),
#endif
		cmocka_unit_test(test_fsync_writes_what_is_new),
		cmocka_unit_test(test_flushes),
		cmocka_unit_test(test_written_in_place),
		cmocka_unit_test(test_new_chunk_holds_tail),
		cmocka_unit_test(test_small_log_wraps),
		cmocka_unit_test(test_freed_blocks_are_busy),
		cmocka_unit_test(test_close),
		cmocka_unit_test(test_contents_are_verified_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
