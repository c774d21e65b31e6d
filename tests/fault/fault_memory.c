/* SPDX-License-Identifier: MIT */
/*
 * Goal: memory that runs out costs nothing but the call that met it: calls that give -ENOMEM have changed
 *       nothing, the file system is never shut down, as soon as there is memory xfs_sync()
 *       succeeds, and everything that was done is there; xfs_unmount() succeeds without any. From the least
 *       limit that xfs_memory_minimum() tells on, nothing fails at all, and the host is never
 *       asked for more than the limit.
 * Method: a mixed workload beside a plain model of its files, over the hooks of struct xfs_env, so in
 *       all builds: limits from the least one upward; an allocator that is full; that fails
 *       once, from some call on, or for a share of calls drawn from a seed.  After each: sync, all
 *       files compared, closed, checked, opened again and compared.
 * Shows (MEM-1).
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#ifdef XFSWRITE_THREADS
#include <pthread.h>
#endif
#include "base/compiler.h"
#include "core/mount.h"
#include "support/test_fs.h"
#include "support/test_memory.h"

#define MIB(n)		((uint64_t)(n) << 20)
#define FILES		96u
#define ATTR_MAX	3000u

struct file {
	bool exists;
	uint32_t size, seed;
	uint32_t attr;			/* bytes of user.a; 0: none */
};

/* What one thread does in its own directory. */
struct worker {
	struct xfs_mount *mp;
	char dir[16];
	bool has_dir;
	bool may_fail;			/* -ENOMEM is no surprise */
	uint64_t rng;
	struct file files[FILES];
	unsigned int done, refused;
};

struct volume {
	struct test_memory memory;	/* ctx of env: first */
	struct xfs_env env;
	struct xfs_mount_options opts;
	struct xfs_device *dev;
	struct xfs_mount *mp;
	struct worker workers[4];
	unsigned int nr_workers;
};

static const struct geometry {
	const char *name;
	uint64_t size;
	struct xfs_mkfs_options mkfs;
} geometries[] = {
	{ "4 KiB", MIB(320), { .size = sizeof(struct xfs_mkfs_options) } },
	{ "1 KiB", MIB(320), { .size = sizeof(struct xfs_mkfs_options), .blocksize = 1024 } },
	{ "64 KiB", MIB(512), { .size = sizeof(struct xfs_mkfs_options), .blocksize = 65536 } },
	{ "inodes of 2 KiB", MIB(320), { .size = sizeof(struct xfs_mkfs_options), .inodesize = 2048 } },
	{ "directory blocks of 64 KiB", MIB(320),
	  { .size = sizeof(struct xfs_mkfs_options), .dirblocksize = 65536 } },
};

/* ---- the model ------------------------------------------------------------------------------- */

static uint32_t draw(struct worker *w, uint32_t below)
{
	w->rng = w->rng * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(w->rng >> 33) % below;
}

static void fill(uint8_t *buf, uint32_t seed, uint64_t pos, size_t len)
{
	for (size_t i = 0; i < len; i++)
		buf[i] = (uint8_t)((seed + (pos + i) * 2654435761u) >> 13);
}

static void path_of(const struct worker *w, unsigned int i, char path[64])
{
	snprintf(path, 64, "%s/a_name_of_some_length_%u", w->dir, i);
}

/* True: it was done.  Anything but success, and -ENOMEM where that may be, ends the test. */
static bool was_done(struct worker *w, int64_t ret, const char *what)
{
	if (xfs_is_shutdown(w->mp)) {
		fprintf(stderr, "%s shut the file system down: %s\n", what, xfs_error_text(NULL));
		abort();
	}
	w->done += ret >= 0;
	w->refused += ret == -ENOMEM;
	if (ret >= 0)
		return true;
	if (ret == -ENOMEM && w->may_fail)
		return false;
	fprintf(stderr, "%s: %s (%s)\n", what, strerror((int)-ret), xfs_error_text(NULL));
	abort();
}

static void write_file(struct worker *w, unsigned int i, uint32_t size, bool sync)
{
	static _Thread_local uint8_t buf[65536];
	struct file *f = &w->files[i];
	struct xfs_file *file;
	char path[64];

	path_of(w, i, path);
	if (!was_done(w, xfs_open(w->mp, path, O_CREAT | O_RDWR, 0644, &file), "open"))
		return;
	if (!f->exists)
		*f = (struct file){ .exists = true, .seed = draw(w, 1u << 30) };
	while (f->size < size) {
		size_t len = XFS_MIN(sizeof(buf), (size_t)(size - f->size));
		int64_t ret;

		fill(buf, f->seed, f->size, len);
		ret = xfs_pwrite(file, buf, len, f->size);
		if (!was_done(w, ret, "write"))
			break;
		f->size += (uint32_t)ret;
	}
	if (sync)
		was_done(w, xfs_fsync(file), "fsync");
	TEST_OK(xfs_close(file));
}

static void truncate_file(struct worker *w, unsigned int i, const char *path)
{
	struct file *f = &w->files[i];
	uint32_t size = draw(w, f->size + 1);

	if (was_done(w, xfs_truncate(w->mp, path, size), "truncate"))
		f->size = size;
}

static void set_attr(struct worker *w, unsigned int i, const char *path)
{
	struct file *f = &w->files[i];
	uint8_t value[ATTR_MAX];
	uint32_t len = 1 + draw(w, ATTR_MAX);

	fill(value, f->seed + len, 0, len);
	if (was_done(w, xfs_setxattr(w->mp, path, true, "user.a", value, len, 0), "setxattr"))
		f->attr = len;
}

static void move_file(struct worker *w, unsigned int i, const char *path)
{
	unsigned int to = draw(w, FILES);
	char target[64];

	if (to == i)
		return;
	path_of(w, to, target);
	if (!was_done(w, xfs_rename(w->mp, path, target), "rename"))
		return;
	w->files[to] = w->files[i];
	w->files[i].exists = false;
	w->files[i] = (struct file){ 0 };
}

static void remove_file(struct worker *w, unsigned int i, const char *path)
{
	if (was_done(w, xfs_unlink(w->mp, path), "unlink"))
		w->files[i] = (struct file){ 0 };
}

static void one_step(struct worker *w)
{
	unsigned int i = draw(w, FILES), what = draw(w, 100);
	char path[64];

	if (!w->has_dir) {
		w->has_dir = was_done(w, xfs_mkdir(w->mp, w->dir, 0755), "mkdir");
		return;
	}
	path_of(w, i, path);
	if (what < 45 || !w->files[i].exists)
		write_file(w, i, w->files[i].size + draw(w, 20000), what < 4);
	else if (what < 52)
		write_file(w, i, w->files[i].size + draw(w, 1500000), false);
	else if (what < 60)
		truncate_file(w, i, path);
	else if (what < 74)
		set_attr(w, i, path);
	else if (what < 82)
		move_file(w, i, path);
	else if (what < 97)
		remove_file(w, i, path);
	else
		was_done(w, xfs_sync(w->mp), "sync");
}

static void compare_file(struct worker *w, unsigned int i)
{
	static uint8_t got[65536], want[65536];
	const struct file *f = &w->files[i];
	struct xfs_file *file;
	struct stat st;
	char path[64];

	path_of(w, i, path);
	if (!f->exists) {
		assert_int_equal(xfs_stat(w->mp, path, &st), -ENOENT);
		return;
	}
	TEST_OK(xfs_open(w->mp, path, O_RDONLY, 0, &file));
	TEST_OK(xfs_stat(w->mp, path, &st));
	assert_int_equal(st.st_size, f->size);
	for (uint64_t pos = 0; pos < f->size; pos += sizeof(got)) {
		size_t len = XFS_MIN(sizeof(got), (size_t)(f->size - pos));

		assert_int_equal(TEST_OK(xfs_pread(file, got, len, pos)), len);
		fill(want, f->seed, pos, len);
		assert_memory_equal(got, want, len);
	}
	TEST_OK(xfs_close(file));
	if (!f->attr)
		return;
	assert_int_equal(TEST_OK(xfs_getxattr(w->mp, path, true, "user.a", got, ATTR_MAX)), f->attr);
	fill(want, f->seed + f->attr, 0, f->attr);
	assert_memory_equal(got, want, f->attr);
}

/* ---- the volume ------------------------------------------------------------------------------ */

static void make_volume(struct volume *v, const struct geometry *g, uint32_t flags,
			unsigned int workers, uint64_t seed)
{
	struct xfs_mkfs_options mkfs = g->mkfs;

	memset(v, 0, sizeof(*v));
	mkfs.flags |= XFS_MKFS_SMALL;
	v->env.size = sizeof(v->env);
	v->env.ctx = v;
	v->env.seed = 5;
	test_memory_hooks(&v->env);
	v->opts.size = sizeof(v->opts);
	v->opts.env = &v->env;
	v->opts.flags = flags;
	v->nr_workers = workers;
	for (unsigned int i = 0; i < workers; i++) {
		snprintf(v->workers[i].dir, sizeof(v->workers[i].dir), "/dir%u", i);
		v->workers[i].rng = seed * 1000 + i;
	}
	TEST_OK(xfs_device_open_memory(g->size, 512, NULL, &v->dev));
	TEST_OK(xfs_mkfs(v->dev, NULL, &mkfs, NULL));
}

static void open_volume(struct volume *v)
{
	TEST_OK(xfs_mount(v->dev, &v->opts, &v->mp));
	for (unsigned int i = 0; i < v->nr_workers; i++)
		v->workers[i].mp = v->mp;
}

static void compare_all(struct volume *v)
{
	for (unsigned int i = 0; i < v->nr_workers; i++) {
		for (unsigned int f = 0; f < FILES; f++)
			compare_file(&v->workers[i], f);
	}
}

/* Closed it is clean, and has everything. */
static void close_and_compare(struct volume *v)
{
	TEST_IS(xfs_unmount(v->mp), 0);
	assert_int_equal(v->memory.now, 0);
	assert_int_equal(test_fs_check(v->dev, 0), 0);
	test_memory_heal(&v->memory);
	v->opts.memory_limit_bytes = 0;
	v->opts.flags = XFS_MOUNT_RDONLY;
	open_volume(v);
	compare_all(v);
	TEST_OK(xfs_unmount(v->mp));
	xfs_device_put(v->dev);
}

/* ---- limits ---------------------------------------------------------------------------------- */

static void under_limit(const struct geometry *g, uint32_t flags, unsigned int percent,
			unsigned int steps)
{
	struct volume v;
	uint64_t least;

	make_volume(&v, g, flags, 1, percent);
	TEST_OK(xfs_memory_minimum(v.dev, &v.opts, &least));
	v.opts.memory_limit_bytes = least * percent / 100;
	open_volume(&v);
	for (unsigned int i = 0; i < steps; i++)
		one_step(&v.workers[0]);
	compare_all(&v);
	TEST_OK(xfs_sync(v.mp));
	if (v.memory.peak > v.opts.memory_limit_bytes)
		fail_msg("%s: %" PRIu64 " bytes, the limit is %" PRIu64, g->name, v.memory.peak,
			 v.opts.memory_limit_bytes);
	printf("%s%s: least %.1f MiB, %u%%: peak %.1f MiB\n", g->name,
	       flags ? ", unjournalled" : "", (double)least / 1048576, percent,
	       (double)v.memory.peak / 1048576);
	close_and_compare(&v);
}

static void test_limits(void **state)
{
	static const unsigned int percents[] = { 100, 103, 112, 130, 200, 500 };

	(void)state;
	for (size_t g = 0; g < ARRAY_SIZE(geometries); g++) {
		for (size_t p = 0; p < ARRAY_SIZE(percents); p++) {
			under_limit(&geometries[g], 0, percents[p], 250);
			if (p % 2 == 0)
				under_limit(&geometries[g], XFS_MOUNT_UNJOURNALLED, percents[p], 250);
		}
	}
}

static void test_less_than_the_least_is_refused(void **state)
{
	const struct geometry *g = &geometries[0];
	struct volume v;
	uint64_t least;
	char text[32];

	(void)state;
	make_volume(&v, g, 0, 1, 1);
	TEST_OK(xfs_memory_minimum(v.dev, &v.opts, &least));
	snprintf(text, sizeof(text), "%" PRIu64, least);
	for (uint64_t limit = 1; limit < least; limit = limit * 3 + 1) {
		v.opts.memory_limit_bytes = limit;
		assert_int_equal(xfs_mount(v.dev, &v.opts, &v.mp), -ENOMEM);
		assert_non_null(strstr(xfs_error_text(NULL), text));
		assert_int_equal(v.memory.now, 0);
	}
	v.opts.memory_limit_bytes = least - 1;
	assert_int_equal(xfs_mount(v.dev, &v.opts, &v.mp), -ENOMEM);
	xfs_device_put(v.dev);
}

/* ---- a host that is full ---------------------------------------------------------------------- */

static unsigned int fill_with_small_files(struct xfs_mount *mp, unsigned int max, unsigned int *refused)
{
	uint8_t data[6000];
	struct xfs_file *file;
	char path[64];
	unsigned int n;

	*refused = 0;
	for (n = 0; n < max && *refused < 3; n++) {
		int64_t ret;

		snprintf(path, sizeof(path), "/small_%u", n);
		ret = xfs_open(mp, path, O_CREAT | O_WRONLY, 0644, &file);
		if (ret == 0) {
			fill(data, n, 0, sizeof(data));
			ret = xfs_pwrite(file, data, sizeof(data), 0);
			TEST_OK(xfs_close(file));
		}
		if (ret == sizeof(data))
			continue;
		assert_int_equal(ret, -ENOMEM);
		++*refused;
		TEST_OK(xfs_sync(mp));
		xfs_unlink(mp, path);
		n--;
	}
	return n;
}

static void small_files_in_4_mib(uint32_t flags)
{
	uint8_t data[6001], want[6000];
	struct xfs_file *file;
	unsigned int n, refused;
	struct volume v;
	char path[64];

	make_volume(&v, &geometries[0], flags, 0, 1);
	v.memory.limit = MIB(4);
	v.opts.data_cache_bytes = v.opts.meta_cache_bytes = MIB(1);
	open_volume(&v);
	n = fill_with_small_files(v.mp, 1200, &refused);
	assert_true(n >= 400);
	printf("%u files in 4 MiB, %u refused, peak %" PRIu64 "\n", n, refused, v.memory.peak);
	TEST_OK(xfs_sync(v.mp));
	assert_false(xfs_is_shutdown(v.mp));
	TEST_OK(xfs_unmount(v.mp));
	assert_int_equal(test_fs_check(v.dev, 0), 0);
	v.memory.limit = 0;
	open_volume(&v);
	for (unsigned int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "/small_%u", i);
		TEST_OK(xfs_open(v.mp, path, O_RDONLY, 0, &file));
		assert_int_equal(xfs_pread(file, data, sizeof(data), 0), sizeof(want));
		fill(want, i, 0, sizeof(want));
		assert_memory_equal(data, want, sizeof(want));
		TEST_OK(xfs_close(file));
	}
	TEST_OK(xfs_unmount(v.mp));
	xfs_device_put(v.dev);
}

static void test_small_files_in_4_mib(void **state)
{
	(void)state;
	small_files_in_4_mib(0);
	small_files_in_4_mib(XFS_MOUNT_UNJOURNALLED);
}

/* ---- a host that fails ------------------------------------------------------------------------ */

enum kind { ONCE, FROM_THERE_ON, SHARE };

static void fail_calls(struct volume *v, enum kind kind, uint64_t nth)
{
	if (kind == ONCE)
		v->memory.fail_at = v->memory.calls + nth;
	else if (kind == FROM_THERE_ON)
		v->memory.fail_from = v->memory.calls + nth;
	else
		v->memory.share = (uint32_t)nth;
}

static void with_failures(const struct geometry *g, uint32_t flags, enum kind kind, uint64_t nth,
			  bool heal_before_closing)
{
	struct volume v;
	struct worker *w = &v.workers[0];

	make_volume(&v, g, flags, 1, nth + 77);
	v.memory.seed = nth;
	open_volume(&v);
	for (unsigned int i = 0; i < 40; i++)
		one_step(w);
	w->may_fail = true;
	fail_calls(&v, kind, nth);
	for (unsigned int i = 0; i < 150; i++)
		one_step(w);
	if (heal_before_closing) {
		test_memory_heal(&v.memory);
		TEST_OK(xfs_sync(v.mp));
		w->may_fail = false;
		compare_all(&v);
		for (unsigned int i = 0; i < 20; i++)
			one_step(w);
	}
	printf("%s%s, kind %u at %" PRIu64 ": %u done, %u refused, %" PRIu64 " of %" PRIu64
	       " requests failed\n", g->name, flags ? ", unjournalled" : "", kind, nth, w->done, w->refused,
	       v.memory.failed, v.memory.calls);
	close_and_compare(&v);
}

static void test_failures(void **state)
{
	(void)state;
	for (size_t g = 0; g < ARRAY_SIZE(geometries); g++) {
		for (uint32_t unjournalled = 0; unjournalled < 2; unjournalled++) {
			uint32_t flags = unjournalled ? XFS_MOUNT_UNJOURNALLED : 0;

			for (uint64_t nth = 1; nth < 200; nth = nth * 3 + g)
				with_failures(&geometries[g], flags, ONCE, nth, nth & 1);
			for (uint64_t nth = 1; nth < 600; nth = nth * 4 + g)
				with_failures(&geometries[g], flags, FROM_THERE_ON, nth, nth & 1);
			for (uint64_t share = 30; share < 1000; share += 400 + g * 20)
				with_failures(&geometries[g], flags, SHARE, share, share & 1);
		}
	}
}

/* ---- threads ---------------------------------------------------------------------------------- */

#ifdef XFSWRITE_THREADS
static void *many_steps(void *arg)
{
	for (unsigned int i = 0; i < 150; i++)
		one_step(arg);
	return NULL;
}

static void run_threads(struct volume *v)
{
	pthread_t threads[4];

	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, many_steps, &v->workers[i]), 0);
	for (unsigned int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
}

static void test_threads(void **state)
{
	struct volume v;
	uint64_t least;

	(void)state;
	for (unsigned int turn = 0; turn < 6; turn++) {
		const struct geometry *g = &geometries[turn / 2 % 3];

		make_volume(&v, g, turn % 3 == 2 ? XFS_MOUNT_UNJOURNALLED : 0, 4, turn);
		TEST_OK(xfs_memory_minimum(v.dev, &v.opts, &least));
		if (turn & 1)
			v.opts.memory_limit_bytes = least * 3 / 2;
		open_volume(&v);
		for (unsigned int i = 0; i < 4; i++)
			v.workers[i].may_fail = true;
		if (!(turn & 1))
			v.memory.share = 100 + turn * 100;
		run_threads(&v);
		if (v.opts.memory_limit_bytes)
			assert_true(v.memory.peak <= v.opts.memory_limit_bytes);
		printf("%s, turn %u: %u done, %u refused by one thread\n", g->name, turn,
		       v.workers[0].done, v.workers[0].refused);
		test_memory_heal(&v.memory);
		TEST_OK(xfs_sync(v.mp));
		close_and_compare(&v);
	}
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_less_than_the_least_is_refused),
		cmocka_unit_test(test_small_files_in_4_mib),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_failures),
#ifdef XFSWRITE_THREADS
		cmocka_unit_test(test_threads),
#endif
	};

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (getenv("XFSWRITE_TEST_FILTER"))
		cmocka_set_test_filter(getenv("XFSWRITE_TEST_FILTER"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
