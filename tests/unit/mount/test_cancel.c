/* SPDX-License-Identifier: MIT */
/*
 * Goal: a sync, an unmount and a recovery that are cancelled - by the progress hook at any of its
 * calls, by xfs_cancel() of another thread, of a signal handler - end with -ECANCELED and harm
 * nothing: the mount is usable, the next call does what was left, all data is there; a recovery has
 * written nothing.  So do those that have much metadata to write, and no data.  Method: the hook says stop at its n-th call for n = 0, 1, 2 ... until the call
 * gets through.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "lock/lock.h"
#include "support/test_device.h"
#include "support/test_fs.h"

#define IMAGE_BYTES (64u << 20)
#define FILES	    150u
#define LARGE	    5u /* after this one it is asked again */
#define LARGE_BYTES (5u << 20)

static struct test_fs fs;

/* ---- the hook ---------------------------------------------------------------------------- */

static uint64_t asked, stop_at;
static const char *phase_wanted;
static bool stop_at_end;	/* when all data was handed over */
static void (*meanwhile)(void); /* done by the hook at its call number stop_at */

static uint64_t last_total, last_done;

static int progress(void *ctx, const char *phase, uint64_t done, uint64_t total)
{
	(void)ctx;
	assert_string_equal(phase, phase_wanted);
	assert_true(done <= total);
	/* (CANCEL-2) */
	assert_int_equal(xfs_lock_order_held(), 0);
	last_total = total;
	last_done = done;
	if (stop_at_end)
		return done && done == total;
	if (asked++ != stop_at)
		return 0;
	if (!meanwhile)
		return 1;
	meanwhile();
	return 0;
}

static void stop(const char *phase, uint64_t at)
{
	phase_wanted = phase;
	asked = 0;
	stop_at = at;
}

/* ---- the file system --------------------------------------------------------------------- */

static uint8_t data[LARGE_BYTES];

static size_t bytes_of(unsigned int i)
{
	return i == LARGE ? LARGE_BYTES : 3000 + 40 * i;
}

static void path_of(char path[16], unsigned int i)
{
	snprintf(path, 16, "/f%u", i);
}

static void fill(uint8_t seed, size_t len)
{
	for (size_t k = 0; k < len; k++)
		data[k] = (uint8_t)(seed + k * 7 + k / 4096);
}

static void write_files(uint8_t seed)
{
	char path[16];

	for (unsigned int i = 0; i < FILES; i++) {
		struct xfs_file *file;

		path_of(path, i);
		fill((uint8_t)(seed + i), bytes_of(i));
		TEST_OK(xfs_open(fs.mp, path, O_CREAT | O_RDWR, 0644, &file));
		assert_int_equal(xfs_pwrite(file, data, bytes_of(i), 0), bytes_of(i));
		TEST_OK(xfs_close(file));
	}
}

static void check_files(uint8_t seed)
{
	static uint8_t found[LARGE_BYTES];
	char path[16];

	for (unsigned int i = 0; i < FILES; i++) {
		struct xfs_file *file;

		path_of(path, i);
		fill((uint8_t)(seed + i), bytes_of(i));
		TEST_OK(xfs_open(fs.mp, path, O_RDONLY, 0, &file));
		assert_int_equal(xfs_pread(file, found, sizeof(found), 0), bytes_of(i));
		assert_memory_equal(found, data, bytes_of(i));
		TEST_OK(xfs_close(file));
	}
}

static uint64_t log_size;	/* 0: as it comes */

static void make(uint32_t flags, struct xfs_device *dev)
{
	struct xfs_mkfs_options mkfs = {.size = sizeof(mkfs), .log_size = log_size};

	if (dev)
		test_fs_make_on(&fs, dev, &mkfs);
	else
		test_fs_make(&fs, IMAGE_BYTES, NULL);
	TEST_OK(xfs_unmount(fs.mp));
	fs.opts.flags = flags;
	fs.env.progress = progress;
	fs.opts.env = &fs.env;
	stop("sync", UINT64_MAX);
	stop_at_end = false;
	meanwhile = NULL;
	test_fs_open(&fs);
}

static void close_and_check(uint8_t seed)
{
	stop("unmount", UINT64_MAX);
	TEST_OK(xfs_unmount(fs.mp));
	fs.opts.flags |= XFS_MOUNT_RDONLY;
	test_fs_open(&fs);
	check_files(seed);
	TEST_OK(xfs_unmount(fs.mp));
	fs.mp = NULL;
	assert_int_equal(test_fs_check(fs.dev, 0), 0);
	test_fs_destroy(&fs);
}

static const uint32_t kinds[] = {0, XFS_MOUNT_UNJOURNALLED};

/* ---- tests (CANCEL-1)
 * --------------------------------------------------------------------------------- */

static void test_sync_stops_at_each_step(void **state)
{
	(void)state;
	for (size_t k = 0; k < 2; k++) {
		int error = -ECANCELED;
		uint64_t n = 0;

		make(kinds[k], NULL);
		for (; error; n++) {
			write_files((uint8_t)n);
			stop("sync", n);
			error = xfs_sync(fs.mp);
			TEST_IS(error, error ? -ECANCELED : 0);
			assert_int_equal(asked, error ? n + 1 : n);
			check_files((uint8_t)n);
		}
		/* The first, the last, and some between. */
		assert_true(n > 4);
		/* What a cancelled one left is written by the next: a crash shows it. */
		write_files(99);
		stop("sync", 2);
		TEST_IS(xfs_sync(fs.mp), -ECANCELED);
		stop("sync", UINT64_MAX);
		TEST_OK(xfs_sync(fs.mp));
		if (!kinds[k]) {
			xfs_abandon(fs.mp);
			stop("recovery", UINT64_MAX);
			test_fs_open(&fs);
			assert_true(asked > 0);
		}
		check_files(99);
		close_and_check(99);
	}
}

static void test_unmount_stops_and_leaves_it_open(void **state)
{
	(void)state;
	for (size_t k = 0; k < 2; k++) {
		struct xfs_file *open, *root;
		struct xfs_stat st = XFS_STAT_INIT;
		int error = -ECANCELED;
		uint64_t n = 0;

		make(kinds[k], NULL);
		TEST_OK(xfs_open(fs.mp, "/unnamed", O_CREAT | O_RDWR, 0644, &open));
		assert_int_equal(xfs_pwrite(open, "abc", 3, 0), 3);
		TEST_OK(xfs_unlink(fs.mp, "/unnamed"));
		for (; error; n++) {
			write_files((uint8_t)n);
			/* An open handle keeps what is preallocated. */
			if (n == 3)
				TEST_OK(xfs_close(open));
			stop("unmount", n);
			error = xfs_unmount(fs.mp);
			assert_int_equal(error, error ? -ECANCELED : 0);
			if (!error)
				break;
			assert_int_equal(asked, n + 1);
			/* The mount knows of it, its root and all files are usable. */
			assert_true(strstr(xfs_error_text(fs.mp), "unmount") != NULL);
			root = xfs_root(fs.mp);
			assert_non_null(root);
			TEST_OK(xfs_fgetattr(root, &st));
			if (n < 3) {
				char buf[4];

				assert_int_equal(xfs_pread(open, buf, 4, 0), 3);
				assert_memory_equal(buf, "abc", 3);
			}
			check_files((uint8_t)n);
		}
		assert_true(n > 3);
		test_fs_open(&fs);
		check_files((uint8_t)n);
		close_and_check((uint8_t)n);
	}
}

#define NAMES 9000u

static void make_names(void)
{
	char path[16];

	for (unsigned int i = 0; i < NAMES; i++) {
		struct xfs_file *file;

		snprintf(path, sizeof(path), "/n%u", i);
		TEST_OK(xfs_open(fs.mp, path, O_CREAT | O_RDWR, 0644, &file));
		TEST_OK(xfs_close(file));
	}
}

static void check_names(void)
{
	struct xfs_stat st = XFS_STAT_INIT;
	char path[16];

	for (unsigned int i = 0; i < NAMES; i++) {
		snprintf(path, sizeof(path), "/n%u", i);
		TEST_OK(xfs_getattr(fs.mp, path, true, &st));
	}
}

/*
 * Metadata alone: it is written in parts, and what a call has written before it was cancelled need
 * not be written again.
 */
static void test_metadata_comes_in_parts(void **state)
{
	(void)state;
	for (size_t k = 0; k < 3; k++) {
		bool is_sync = k == 2;
		struct xfs_device *memory;
		uint64_t total = UINT64_MAX, parts = 0;
		int error = -ECANCELED;

		/* A log that need not be emptied meanwhile. */
		TEST_OK(xfs_device_open_memory(512u << 20, 512, NULL, &memory));
		log_size = 64u << 20;
		make(kinds[k != 0], memory);
		log_size = 0;
		make_names();
		if (k == 0)	/* only in the log */
			TEST_OK(xfs_sync(fs.mp));
		for (uint64_t n = 0; error; n++) {
			stop(is_sync ? "sync" : "unmount", n);
			error = is_sync ? xfs_sync(fs.mp) : xfs_unmount(fs.mp);
			assert_int_equal(error, error ? -ECANCELED : 0);
			if (!error)
				break;
			/* It went on, and wrote less than all. */
			if (last_done && last_done < last_total)
				parts++;
			if (last_total) {
				assert_true(last_total <= total);
				total = last_total;
			}
			check_names();
		}
		assert_true(parts > 0);
		if (!is_sync)
			test_fs_open(&fs);
		check_names();
		stop("unmount", UINT64_MAX);
		TEST_OK(xfs_unmount(fs.mp));
		fs.mp = NULL;
		assert_int_equal(test_fs_check(fs.dev, 0), 0);
		test_fs_destroy(&fs);
	}
}

/* After a cancelled unmount it may be abandoned: the log brings back what was stable. */
static void test_cancelled_unmount_can_be_abandoned(void **state)
{
	(void)state;
	make(0, NULL);
	write_files(1);
	TEST_OK(xfs_sync(fs.mp));
	write_files(1);
	stop("unmount", 1);
	assert_int_equal(xfs_unmount(fs.mp), -ECANCELED);
	xfs_abandon(fs.mp);
	stop("recovery", UINT64_MAX);
	test_fs_open(&fs);
	check_files(1);
	close_and_check(1);
}

/* Lost data is told once: not to a sync that was cancelled. */
static void test_cancelled_sync_does_not_tell_lost_data(void **state)
{
	struct xfs_device *memory, *fault;
	struct xfs_file *file;

	(void)state;
	TEST_OK(xfs_device_open_memory(IMAGE_BYTES, 512, NULL, &memory));
	TEST_OK(test_fault_open(memory, &fault));
	xfs_device_put(memory);
	make(0, fault);
	fill(1, 65536);
	TEST_OK(xfs_open(fs.mp, "/a", O_CREAT | O_RDWR, 0644, &file));
	assert_int_equal(xfs_pwrite(file, data, 65536, 0), 65536);
	TEST_OK(xfs_sync(fs.mp));
	assert_int_equal(xfs_pwrite(file, data, 65536, 0), 65536);
	test_fault_arm(fault, TEST_FAULT_WRITE, 1, false, false);
	stop_at_end = true;
	TEST_IS(xfs_sync(fs.mp), -ECANCELED);
	assert_true(test_fault_met(fault));
	stop_at_end = false;
	TEST_IS(xfs_sync(fs.mp), -EIO);
	TEST_OK(xfs_sync(fs.mp));
	/* The handle is told as well. */
	TEST_IS(xfs_close(file), -EIO);
	write_files(3);
	close_and_check(3);
}

static void *cancel(void *arg)
{
	(void)arg;
	assert_int_equal(xfs_cancel(fs.mp), 0);
	return NULL;
}

static void cancel_in_a_thread(void)
{
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, cancel, NULL), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
}

static void on_signal(int signal)
{
	(void)signal;
	(void)xfs_cancel(fs.mp);
}

static void cancel_in_a_signal_handler(void)
{
	struct sigaction action = {.sa_handler = on_signal}, before;

	sigaction(SIGUSR1, &action, &before);
	raise(SIGUSR1);
	sigaction(SIGUSR1, &before, NULL);
}

/* (CANCEL-3) */
static void test_others_cancel(void **state)
{
	static void (*const how[])(void) = {cancel_in_a_thread, cancel_in_a_signal_handler};

	(void)state;
	for (size_t k = 0; k < 4; k++) {
		make(kinds[k % 2], NULL);
		write_files(7);
		/* Calls that begin later are not affected. */
		TEST_OK(xfs_cancel(fs.mp));
		TEST_OK(xfs_sync(fs.mp));
		write_files(8);
		meanwhile = how[k / 2];
		stop("sync", 2);
		TEST_IS(xfs_sync(fs.mp), -ECANCELED);
		stop("unmount", 2);
		assert_int_equal(xfs_unmount(fs.mp), -ECANCELED);
		stop("sync", UINT64_MAX);
		TEST_OK(xfs_sync(fs.mp));
		close_and_check(8);
	}
	TEST_IS(xfs_cancel(NULL), -EINVAL);
}

/* No hook: the counter alone, at whatever moment. */
static void *cancel_until_told(void *arg)
{
	while (!__atomic_load_n((bool *)arg, __ATOMIC_ACQUIRE))
		(void)xfs_cancel(fs.mp);
	return NULL;
}

static void test_a_thread_cancels_without_a_hook(void **state)
{
	bool enough = false;
	pthread_t thread;
	int error = 0;

	(void)state;
	make(0, NULL);
	TEST_OK((stop("unmount", UINT64_MAX), xfs_unmount(fs.mp)));
	fs.env.progress = NULL;
	test_fs_open(&fs);
	assert_int_equal(pthread_create(&thread, NULL, cancel_until_told, &enough), 0);
	for (int i = 0; i < 100 && !error; i++) {
		write_files(5);
		error = xfs_sync(fs.mp);
	}
	TEST_IS(error, -ECANCELED);
	__atomic_store_n(&enough, true, __ATOMIC_RELEASE);
	assert_int_equal(pthread_join(thread, NULL), 0);
	check_files(5);
	close_and_check(5);
}

static void test_recovery_stops_and_has_written_nothing(void **state)
{
	static const uint32_t how[] = {0, XFS_MOUNT_UNJOURNALLED,
				       XFS_MOUNT_RDONLY | XFS_MOUNT_RECOVER_IN_MEMORY};
	struct xfs_device *overlay;
	struct xfs_mount *mp;

	(void)state;
	make(0, NULL);
	write_files(4);
	TEST_OK(xfs_sync(fs.mp));
	xfs_abandon(fs.mp);
	fs.mp = NULL;
	for (size_t k = 0; k < 3; k++) {
		int error = -ECANCELED;
		uint64_t n = 0;

		fs.opts.flags = how[k];
		for (; error; n++) {
			TEST_OK(xfs_device_open_overlay(fs.dev, NULL, &overlay));
			stop("recovery", n);
			error = xfs_mount(overlay, &fs.opts, &mp);
			TEST_IS(error, error ? -ECANCELED : 0);
			assert_int_equal(asked, error ? n + 1 : n);
			if (error) {
				assert_null(mp);
				assert_int_equal(xfs_device_overlay_bytes(overlay), 0);
			}
			if (!error) {
				stop("unmount", UINT64_MAX);
				TEST_OK(xfs_unmount(mp));
			}
			xfs_device_put(overlay);
		}
		/* Each pass, and before the release. */
		assert_true(n > 3);
	}
	fs.opts.flags = 0;
	stop("recovery", UINT64_MAX);
	test_fs_open(&fs);
	check_files(4);
	close_and_check(4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sync_stops_at_each_step),
		cmocka_unit_test(test_unmount_stops_and_leaves_it_open),
		cmocka_unit_test(test_metadata_comes_in_parts),
		cmocka_unit_test(test_cancelled_unmount_can_be_abandoned),
		cmocka_unit_test(test_cancelled_sync_does_not_tell_lost_data),
		cmocka_unit_test(test_others_cancel),
		cmocka_unit_test(test_a_thread_cancels_without_a_hook),
		cmocka_unit_test(test_recovery_stops_and_has_written_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
