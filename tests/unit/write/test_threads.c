/* SPDX-License-Identifier: MIT */
/*
 * Goal: any number of threads write, read, cut and sync files of one volume; a reader never sees
 *       half a write; write-back in one thread is no danger to writers in others.
 * Method: each thread has a file of its own, compared with an array, and all share one in which every
 *       write covers a record of one value; memory is so small that everybody always
 *       writes back for the others.  Then once more on a device with a bad spot, where only
 *       errors may come and nothing else.  The thread sanitizer has its say when it is there.
 * Shows (FOLIO-6), (PAGECACHE-1), (WRITEBACK-3).
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/counter.h"
#include "pagecache/mapping.h"
#include "support/test_device.h"
#include "support/test_fs.h"
#include "support/test_seed.h"
#ifdef XFSWRITE_THREADS
#include <pthread.h>

#define THREADS	4
#define OPS	1500u
#define AREA	(3u << 20)
#define RECORD	10000u
#define RECORDS	100u

static struct test_fs fs;

static void die(const char *what, int64_t ret)
{
	fprintf(stderr, "test_threads: %s: %" PRId64 ": %s\n", what, ret, xfs_error_text(fs.mp));
	test_seed_report(1);
	abort();
}

#define CHECK(cond) do { if (!(cond)) die(#cond, 0); } while (0)

static void shared_record(struct xfs_file *file, struct xfs_rand *r, uint8_t *buf)
{
	uint64_t off = xfs_rand_below(r, RECORDS) * RECORD;
	ssize_t ret;

	if (xfs_rand_below(r, 2)) {
		memset(buf, (int)xfs_rand_below(r, 256), RECORD);
		ret = xfs_pwrite(file, buf, RECORD, off);
		if (ret != RECORD)
			die("write of a record", ret);
		return;
	}
	ret = xfs_pread(file, buf, RECORD, off);
	if (ret < 0)
		die("read of a record", ret);
	for (ssize_t i = 1; i < ret; i++)
		CHECK(buf[i] == buf[0]);
}

static void own_file(struct xfs_file **filep, const char *path, struct xfs_rand *r, uint8_t *model,
		     uint64_t *size, uint8_t *buf)
{
	uint64_t off = xfs_rand_below(r, AREA - 200000), len = 1 + xfs_rand_below(r, 200000);
	struct xfs_file *file = *filep;
	ssize_t ret = 0;

	switch (xfs_rand_below(r, 10)) {
	default:
		memset(buf, (int)xfs_rand_below(r, 256), len);
		ret = xfs_pwrite(file, buf, len, off);
		CHECK(ret == (ssize_t)len);
		memcpy(model + off, buf, len);
		*size = XFS_MAX(*size, off + len);
		break;
	case 5: case 6:
		ret = xfs_pread(file, buf, len, off);
		CHECK(ret == (ssize_t)(off >= *size ? 0 : XFS_MIN(len, *size - off)));
		CHECK(memcmp(buf, model + off, (size_t)ret) == 0);
		break;
	case 7:
		ret = xfs_ftruncate(file, off);
		memset(model + off, 0, AREA - off);
		*size = off;
		break;
	case 8:
		ret = xfs_rand_below(r, 8) ? xfs_fsync(file) : xfs_sync(fs.mp);
		break;
	case 9:
		TEST_OK(xfs_close(file));
		if (xfs_rand_below(r, 4) == 0) {
			TEST_OK(xfs_unlink(fs.mp, path));
			memset(model, 0, AREA);
			*size = 0;
		}
		ret = xfs_open(fs.mp, path, O_RDWR | O_CREAT, 0644, filep);
		break;
	}
	if (ret < 0)
		die("an operation on the own file", ret);
}

static void *thread(void *arg)
{
	uint64_t number = (uint64_t)(uintptr_t)arg, size = 0;
	struct xfs_rand r = test_rand(number);
	uint8_t *model = calloc(1, AREA), *buf = malloc(AREA);
	struct xfs_file *shared, *own;
	char path[16];

	CHECK(model && buf);
	snprintf(path, sizeof(path), "/own%d", (int)number);
	TEST_OK(xfs_open(fs.mp, "/shared", O_RDWR, 0, &shared));
	TEST_OK(xfs_open(fs.mp, path, O_RDWR | O_CREAT, 0644, &own));
	for (uint32_t i = 0; i < OPS; i++) {
		shared_record(shared, &r, buf);
		own_file(&own, path, &r, model, &size, buf);
	}
	CHECK(xfs_pread(own, buf, AREA, 0) == (ssize_t)size);
	CHECK(memcmp(buf, model, size) == 0);
	TEST_OK(xfs_close(own));
	TEST_OK(xfs_close(shared));
	free(model);
	free(buf);
	return NULL;
}

/* Whatever comes back: success or an I/O error. */
static void *thread_on_a_bad_device(void *arg)
{
	uint64_t number = (uint64_t)(uintptr_t)arg;
	struct xfs_rand r = test_rand(100 + number);
	uint8_t *buf = calloc(1, 300000);
	struct xfs_file *file = NULL;
	char path[16];

	CHECK(buf);
	for (uint32_t i = 0; i < OPS; i++) {
		uint64_t off = xfs_rand_below(&r, AREA), len = 1 + xfs_rand_below(&r, 300000);
		ssize_t ret = 0;

		if (!file) {
			snprintf(path, sizeof(path), "/bad%d", (int)xfs_rand_below(&r, 6));
			ret = xfs_open(fs.mp, path, O_RDWR | O_CREAT, 0644, &file);
		} else {
			switch (xfs_rand_below(&r, 8)) {
			default:
				ret = xfs_pwrite(file, buf, len, off);
				break;
			case 4:
				ret = xfs_pread(file, buf, len, off);
				break;
			case 5:
				ret = xfs_ftruncate(file, off);
				break;
			case 6:
				ret = xfs_fsync(file);
				break;
			case 7:
				ret = xfs_close(file);
				file = NULL;
				break;
			}
		}
		if (ret < 0 && ret != -EIO)
			die("an operation on a bad device", ret);
	}
	if (file)
		(void)!xfs_close(file);
	free(buf);
	return NULL;
}

static void run(void *(*fn)(void *))
{
	pthread_t threads[THREADS];

	for (uintptr_t i = 0; i < THREADS; i++)
		CHECK(pthread_create(&threads[i], NULL, fn, (void *)(i + 1)) == 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

static void set_up(void)
{
	struct xfs_file *file;

	test_fs_make(&fs, 256u << 20, NULL);
	TEST_OK(xfs_unmount(fs.mp));
	fs.opts.data_cache_bytes = 2u << 20;
	/* The clock of the test knows no threads. */
	fs.env.clock = NULL;
	test_fs_open(&fs);
	TEST_OK(xfs_open(fs.mp, "/shared", O_RDWR | O_CREAT, 0644, &file));
	TEST_OK(xfs_close(file));
}

static void run_on_a_bad_device(void)
{
	struct xfs_device *fault;
	int error;

	set_up();
	TEST_OK(xfs_unmount(fs.mp));
	TEST_OK(test_fault_open(fs.dev, &fault));
	xfs_device_put(fs.dev);
	fs.dev = fault;
	fs.env.log = NULL;
	test_fs_open(&fs);
	test_fault_bad_range(fs.dev, TEST_FAULT_WRITE, 6u << 20, 1u << 20);
	run(thread_on_a_bad_device);
	CHECK(test_fault_met(fs.dev));
	error = xfs_unmount(fs.mp);
	fs.mp = NULL;
	CHECK(error == 0 || error == -EIO);
	if (!error)
		CHECK(test_fs_check(fs.dev, 0) == 0);
	test_fs_destroy(&fs);
}

int main(void)
{
	test_seed_init(20240620);
	set_up();
	run(thread);
	TEST_OK(xfs_sync(fs.mp));
	xfs_mutex_lock(&fs.mp->m_lock);
	xfs_fold_counters(fs.mp);
	xfs_mutex_unlock(&fs.mp->m_lock);
	CHECK(fs.mp->m_delalloc_blocks == 0);
	test_fs_end(&fs);
	run_on_a_bad_device();
	return 0;
}
#else
int main(void)
{
	return 77;
}
#endif
