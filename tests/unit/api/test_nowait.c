/* SPDX-License-Identifier: MIT */
/*
 * Goal: a call that must not wait does not, whatever is held: it returns -EAGAIN, and nothing that can
 *       be seen has changed; when nothing is held it does its work.
 * Method: for every public call, and each lock in turn: another thread holds the lock as long as the
 *       call takes, so that a call that waits would do so for ever, and an alarm ends the test.  All that
 *       can be seen is compared before and after.  Then the same call, with no lock held, on a device
 *       that holds all who come to it.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "ag/perag.h"
#include "api/api_priv.h"
#include "support/nowait_ops.h"
#include "pagecache/mapping.h"
#include "quota/quota_priv.h"
#include "support/test_device.h"
#include "trans/trans_priv.h"

#ifdef XFSWRITE_THREADS
#define IMAGE_BYTES	(64ull << 20)
#define WATCHDOG	60	/* seconds, for all conditions of one call */

static void make(void)
{
	struct xfs_device *memory, *delay;

	TEST_OK(xfs_device_open_memory(IMAGE_BYTES, 512, NULL, &memory));
	TEST_OK(test_delay_open(memory, 0, &delay));
	xfs_device_put(memory);
	nowait_make(delay);
}

/* ---- who holds something ------------------------------------------------------------------- */

struct condition {
	const char *name;
	void (*hold)(void);
	void (*release)(void);
	unsigned int needs;	/* calls with one of these are refused */
};

static void hold_iolock(void)
{
	xfs_rwlock_excl(&nf.a->f_inode->i_iolock);
}

static void release_iolock(void)
{
	xfs_rwlock_unlock_excl(&nf.a->f_inode->i_iolock);
}

static void share_iolock(void)
{
	xfs_rwlock_shared(&nf.a->f_inode->i_iolock);
}

static void unshare_iolock(void)
{
	xfs_rwlock_unlock_shared(&nf.a->f_inode->i_iolock);
}

static void hold_ilock(void)
{
	xfs_ilock_excl(nf.a->f_inode);
}

static void release_ilock(void)
{
	xfs_iunlock_excl(nf.a->f_inode);
}

static void hold_dir(void)
{
	xfs_ilock_excl(nf.d->f_inode);
}

static void release_dir(void)
{
	xfs_iunlock_excl(nf.d->f_inode);
}

static void hold_rename(void)
{
	xfs_mutex_lock(&nf.fs.mp->m_rename_lock);
}

static void release_rename(void)
{
	xfs_mutex_unlock(&nf.fs.mp->m_rename_lock);
}

static void hold_gate(void)
{
	xfs_gate_close(&nf.fs.mp->m_checkpoint->cp_gate);
}

static void release_gate(void)
{
	xfs_gate_open(&nf.fs.mp->m_checkpoint->cp_gate);
}

/* The one that new inodes and blocks do not come from. */
static void hold_ag(void)
{
	xfs_mutex_lock(&xfs_perag_get(nf.fs.mp, 1)->pag_lock);
}

static void release_ag(void)
{
	xfs_mutex_unlock(&xfs_perag_get(nf.fs.mp, 1)->pag_lock);
}

static void hold_quota_file(void)
{
	xfs_ilock_excl(nf.fs.mp->m_quota->q_types[0].qt_ip);
}

static void release_quota_file(void)
{
	xfs_iunlock_excl(nf.fs.mp->m_quota->q_types[0].qt_ip);
}

#define MUCH	(1ull << 40)

static void hold_log(void)
{
	__atomic_add_fetch(&nf.fs.mp->m_checkpoint->cp_log_open, MUCH, __ATOMIC_SEQ_CST);
}

static void release_log(void)
{
	__atomic_sub_fetch(&nf.fs.mp->m_checkpoint->cp_log_open, MUCH, __ATOMIC_SEQ_CST);
}

static const struct condition conditions[] = {
	{ "IOLOCK", hold_iolock, release_iolock, NEEDS_IOLOCK | NEEDS_IOLOCK_SHARED },
	{ "IOLOCK shared", share_iolock, unshare_iolock, NEEDS_IOLOCK },
	{ "ILOCK", hold_ilock, release_ilock, NEEDS_ILOCK },
	{ "directory", hold_dir, release_dir, NEEDS_DIR },
	{ "rename", hold_rename, release_rename, NEEDS_RENAME },
	{ "gate", hold_gate, release_gate, NEEDS_TRANS },
	{ "AG", hold_ag, release_ag, NEEDS_TRANS },
	{ "log room", hold_log, release_log, NEEDS_TRANS },
	{ "quota file", hold_quota_file, release_quota_file, NEEDS_QUOTA_FILE },
};

/* ---- the thread that holds ------------------------------------------------------------------ */

static struct {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	const struct condition *wanted, *held;	/* NULL: nothing */
	bool over;
} holder = { .lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER };

static void *hold_thread(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&holder.lock);
	while (!holder.over) {
		if (holder.wanted == holder.held) {
			pthread_cond_wait(&holder.wake, &holder.lock);
			continue;
		}
		if (holder.held)
			holder.held->release();
		else
			holder.wanted->hold();
		holder.held = holder.held ? NULL : holder.wanted;
		pthread_cond_broadcast(&holder.wake);
	}
	pthread_mutex_unlock(&holder.lock);
	return NULL;
}

static void let_hold(const struct condition *c)
{
	pthread_mutex_lock(&holder.lock);
	holder.wanted = c;
	pthread_cond_broadcast(&holder.wake);
	while (holder.held != c)
		pthread_cond_wait(&holder.wake, &holder.lock);
	pthread_mutex_unlock(&holder.lock);
}

static pthread_t start_holder(void)
{
	pthread_t thread;

	holder.over = false;
	assert_int_equal(pthread_create(&thread, NULL, hold_thread, NULL), 0);
	return thread;
}

static void end_holder(pthread_t thread)
{
	pthread_mutex_lock(&holder.lock);
	holder.over = true;
	pthread_cond_broadcast(&holder.wake);
	pthread_mutex_unlock(&holder.lock);
	assert_int_equal(pthread_join(thread, NULL), 0);
}

/* ---- one call -------------------------------------------------------------------------------- */

static char watched[200];

static void on_alarm(int sig)
{
	(void)sig;
	if (write(2, watched, strlen(watched)))
		abort();
	abort();
}

static void watch(const char *what, const char *op)
{
	snprintf(watched, sizeof(watched), "it waits: %s: %s\n", op, what);
	signal(SIGALRM, on_alarm);
	alarm(WATCHDOG);
}

static int64_t run_nowait(const struct nowait_op *op)
{
	int64_t ret;

	assert_false(xfs_thread_nowait(true));
	ret = op->run();
	assert_true(xfs_thread_nowait(false));
	assert_int_equal(xfs_lock_order_held(), 0);
	return ret;
}

static void is_refused(const struct nowait_op *op, const char *before)
{
	char *after;

	assert_int_equal(run_nowait(op), -EAGAIN);
	assert_memory_equal(xfs_error_text(NULL), "NOWAIT: ", 8);
	if (!before)
		return;
	after = nowait_snapshot();
	assert_string_equal(before, after);
	free(after);
}

static void hold_each(const struct nowait_op *op, const char *before)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(conditions); i++) {
		const struct condition *c = &conditions[i];
		char *after;

		if (!(op->needs & c->needs))
			continue;
		let_hold(c);
		watch(c->name, op->name);
		is_refused(op, NULL);
		let_hold(NULL);
		after = nowait_snapshot();
		assert_string_equal(before, after);
		free(after);
	}
}

static void make_dirty(void)
{
	char byte = 'd';

	TEST_OK(xfs_pwrite(nf.a, &byte, 1, 20000));
}

/* It does its work, and whoever came to the device would stay there. */
static void run_off_device(const struct nowait_op *op)
{
	test_delay_hold(nf.fs.dev, TEST_FAULT_READ | TEST_FAULT_WRITE | TEST_FAULT_FLUSH);
	TEST_OK(run_nowait(op));
	test_delay_hold(nf.fs.dev, 0);
}

static void test_every_call(void **state)
{
	pthread_t thread = start_holder();
	char *before;

	(void)state;
	for (unsigned int i = 0; i < nowait_nr_ops; i++) {
		const struct nowait_op *op = &nowait_ops[i];

		if (op->needs & NEEDS_QUOTA && !nowait_has_quota())
			continue;
		make();
		before = nowait_snapshot();
		hold_each(op, before);
		watch("nothing held", op->name);
		if (op->needs & NEEDS_DEVICE)
			is_refused(op, before);
		else
			run_off_device(op);
		free(before);
		nowait_end();
	}
	alarm(0);
	end_holder(thread);
}

/* Dirty data stands against what has to write it first. */
static void test_dirty(void **state)
{
	char *before;

	(void)state;
	for (unsigned int i = 0; i < nowait_nr_ops; i++) {
		const struct nowait_op *op = &nowait_ops[i];

		if (!(op->needs & NEEDS_CLEAN))
			continue;
		make();
		make_dirty();
		before = nowait_snapshot();
		watch("dirty", op->name);
		is_refused(op, before);
		free(before);
		nowait_end();
	}
	alarm(0);
}

/* A folio that somebody has locked. */
static void test_folio(void **state)
{
	static const char *const names[] = { "pwritev", "write_from", "write_from_fd" };
	struct xfs_folio *folio;
	char *before, *after;

	(void)state;
	make();
	before = nowait_snapshot();
	for (unsigned int i = 0; i < nowait_nr_ops; i++) {
		for (unsigned int k = 0; k < ARRAY_SIZE(names); k++) {
			if (strcmp(nowait_ops[i].name, names[k]))
				continue;
			assert_int_equal(xfs_mapping_lock_existing(nf.a->f_inode->i_mapping, 0, &folio), 0);
			assert_non_null(folio);
			watch("folio", names[k]);
			is_refused(&nowait_ops[i], NULL);
			xfs_folio_unlock(folio, 0);
		}
	}
	alarm(0);
	after = nowait_snapshot();
	assert_string_equal(before, after);
	free(before);
	free(after);
	nowait_end();
}

/* The three ways to ask, and that none of them reaches further than it should. */
static void test_ways_to_ask(void **state)
{
	const struct iovec iov = { (char[1]){ 'y' }, 1 };
	static const struct condition *const locked = &conditions[0];
	pthread_t thread = start_holder();
	struct xfs_file *other;

	(void)state;
	make();
	TEST_OK(xfs_open(nf.fs.mp, "/d/a", O_RDWR, 0, &other));
	let_hold(locked);
	alarm(WATCHDOG);
	TEST_IS(xfs_preadv2(nf.a, &iov, 1, 0, XFS_RWF_NOWAIT), -EAGAIN);
	TEST_IS(xfs_pwritev2(nf.a, &iov, 1, 0, XFS_RWF_NOWAIT), -EAGAIN);
	TEST_OK(xfs_set_nowait(nf.a, true));
	TEST_IS(xfs_pread(nf.a, iov.iov_base, 1, 0), -EAGAIN);
	TEST_IS(xfs_ftruncate(nf.a, 0), -EAGAIN);
	/* As the one file or the other. */
	TEST_IS(xfs_clone_range(nf.a, 0, nf.b, 0, NOWAIT_FILE_BYTES), -EAGAIN);
	TEST_IS(xfs_exchange_range(nf.a, 0, nf.b, 0, NOWAIT_FILE_BYTES, 0), -EAGAIN);
	/* Other files are nothing to it. */
	assert_int_equal(TEST_OK(xfs_pwrite(nf.b, "z", 1, 0)), 1);
	let_hold(NULL);
	/* Now by another handle, which may wait, and this one, which need not. */
	assert_int_equal(TEST_OK(xfs_pwrite(other, "z", 1, 2 * NOWAIT_FILE_BYTES)), 1);
	assert_int_equal(TEST_OK(xfs_pread(nf.a, iov.iov_base, 1, 0)), 1);
	TEST_IS(xfs_fsync(nf.a), -EAGAIN);
	TEST_OK(xfs_set_nowait(nf.a, false));
	TEST_OK(xfs_fsync(nf.a));
	TEST_IS(xfs_set_nowait(xfs_root(nf.fs.mp), true), -EINVAL);
	TEST_IS(xfs_set_nowait(NULL, true), -EINVAL);
	TEST_OK(xfs_close(other));
	nowait_end();
	alarm(0);
	end_holder(thread);
}

/* A directory handle: for what begins at it, and for reading it. */
static void test_directory_handle(void **state)
{
	pthread_t thread = start_holder();
	struct xfs_dirent entry = XFS_DIRENT_INIT;
	struct xfs_file *file;
	struct xfs_dir *dir;

	(void)state;
	make();
	TEST_OK(xfs_set_nowait(nf.d, true));
	TEST_OK(xfs_fdopendir(nf.d, &dir));
	let_hold(&conditions[3]);
	alarm(WATCHDOG);
	TEST_IS(xfs_openat(nf.d, "a", O_RDONLY, 0, &file), -EAGAIN);
	TEST_IS(xfs_mkdirat(nf.d, "new", 0755), -EAGAIN);
	TEST_IS(xfs_linkat(nf.b, nf.d, "new"), -EAGAIN);
	TEST_IS(xfs_renameat(nf.d, "a", xfs_root(nf.fs.mp), "new", 0), -EAGAIN);
	TEST_IS(xfs_renameat(xfs_root(nf.fs.mp), "r", nf.d, "new", 0), -EAGAIN);
	TEST_IS(xfs_readdir(dir, &entry), -EAGAIN);
	let_hold(NULL);
	TEST_IS(xfs_readdir(dir, &entry), 1);
	TEST_OK(xfs_openat(nf.d, "a", O_RDONLY, 0, &file));
	/* What was opened through it may wait. */
	assert_false(file->f_nowait);
	TEST_OK(xfs_close(file));
	xfs_closedir(dir);
	nowait_end();
	alarm(0);
	end_holder(thread);
}

/* What is closed meanwhile is freed by the next who may wait for it. */
static void test_close(void **state)
{
	struct xfs_statfs before = XFS_STATFS_INIT, after = XFS_STATFS_INIT;
	pthread_t thread = start_holder();
	struct xfs_file *file;

	(void)state;
	make();
	TEST_OK(xfs_sync(nf.fs.mp));
	TEST_OK(xfs_statfs(nf.fs.mp, &before));
	TEST_OK(xfs_open(nf.fs.mp, "/d", O_TMPFILE | O_RDWR, 0644, &file));
	assert_int_equal(TEST_OK(xfs_pwrite(file, "x", 1, 100000)), 1);
	let_hold(&conditions[5]);
	alarm(WATCHDOG);
	xfs_thread_nowait(true);
	TEST_OK(xfs_close(file));
	xfs_thread_nowait(false);
	let_hold(NULL);
	TEST_OK(xfs_sync(nf.fs.mp));
	TEST_OK(xfs_open(nf.fs.mp, "/d/a", O_RDONLY, 0, &file));
	TEST_OK(xfs_close(file));
	TEST_OK(xfs_sync(nf.fs.mp));
	TEST_OK(xfs_statfs(nf.fs.mp, &after));
	assert_int_equal(after.blocks_free, before.blocks_free);
	assert_int_equal(after.files_free, before.files_free);
	nowait_end();
	alarm(0);
	end_holder(thread);
}
#endif

int main(void)
{
#ifdef XFSWRITE_THREADS
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_call),
		cmocka_unit_test(test_dirty),
		cmocka_unit_test(test_folio),
		cmocka_unit_test(test_ways_to_ask),
		cmocka_unit_test(test_directory_handle),
		cmocka_unit_test(test_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
#else
	print_message("SKIP: built without threads\n");
	return 77;
#endif
}
