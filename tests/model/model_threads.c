/* SPDX-License-Identifier: MIT */
/*
 * Goal: any number of threads may use one volume at once, in the same directories and files: no race
 *       (thread sanitizer), no lock out of order (debug builds), nothing lost or torn.
 * Method: seeded threads create, write, read, rename, link, remove, list, and set attributes in a
 *       directory of their own and in one of all, with caches from ample to tiny.  What must hold
 *       while they run: a page that is read was written by one write; an attribute's value too;
 *       names that stay are listed exactly once; no other errors than those that the others'
 *       doings explain.  A part of the calls must not wait: -EAGAIN leaves the file, which no other thread
 *       changes, as it was, and else it is as a plain array says.  At the end nothing is left of what was removed, and the checker is silent.
 * Shows (BUF-2), (ICACHE-3), (TRANS-2).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xfswrite/check.h>
#include <xfswrite/exchange.h>
#include <xfswrite/fallocate.h>
#include <xfswrite/nowait.h>
#include <xfswrite/reflink.h>
#include "base/rand.h"
#include "lock/lock.h"
#include "support/test_fs.h"
#include "support/test_seed.h"

#define OWNERS		100u
#define THREADS		6
#define PAGE		4096u
#define STAY		30	/* names that are never removed */
#define SHARED		12	/* names that all threads fight for */

static struct test_fs fs;
static unsigned int ops_per_thread;

#define SHADOW_BYTES	(48u * PAGE)

struct worker {
	unsigned int id;
	struct xfs_rand r;
	uint8_t page[16 * PAGE];
	uint64_t done, refused;
	bool nowait;			/* its calls must not wait */
	uint64_t would_wait;		/* so many of them would have */
	uint8_t shadow[SHADOW_BYTES];	/* of its file that it changes without waiting */
	uint32_t shadow_size;
};

static void die(const struct worker *w, int line, const char *what, int64_t ret)
{
	fprintf(stderr, "model_threads.c:%d: thread %u: %s: %" PRId64 " (%s); library: %s; seed %" PRIu64 "\n",
		line, w->id, what, ret, ret < 0 ? strerror((int)-ret) : "", xfs_error_text(NULL),
		test_seed());
	abort();
}
#define DIE(w, what, ret) die(w, __LINE__, what, ret)
#define CHECK(w, cond) ((cond) ? (void)0 : DIE(w, #cond, 0))

/* @ret may be an error that somebody else's work explains. */
static bool ok(struct worker *w, int line, int64_t ret)
{
	static const int explained[] = {
		-ENOENT, -EEXIST, -ENOTEMPTY, -EISDIR, -ENOTDIR, -ENODATA, -EINVAL, -ESTALE,
	};

	if (xfs_lock_order_held())
		die(w, line, "locks are left held", 0);
	w->done++;
	if (ret >= 0)
		return true;
	w->refused++;
	if (ret == -EAGAIN && w->nowait) {
		w->would_wait++;
		return false;
	}
	for (size_t i = 0; i < sizeof(explained) / sizeof(explained[0]); i++) {
		if (ret == explained[i])
			return false;
	}
	die(w, line, "not an error that others explain", ret);
	return false;
}
#define OK(w, expr) ok(w, __LINE__, (expr))

static uint32_t below(struct worker *w, uint32_t n)
{
	return (uint32_t)xfs_rand_below(&w->r, n);
}

/* A name in the shared directory or in the thread's own. */
static void some_name(struct worker *w, char *path)
{
	if (below(w, 2))
		sprintf(path, "/shared/name%u", below(w, SHARED));
	else
		sprintf(path, "/own%u/name%u", w->id, below(w, 60));
}

/* ---- what threads do ------------------------------------------------------------------------ */

static void do_create(struct worker *w)
{
	struct xfs_file *file;
	char path[64];

	some_name(w, path);
	switch (below(w, 6)) {
	case 0:
		OK(w, xfs_mkdir(fs.mp, path, 0755));
		break;
	case 1:
		OK(w, xfs_symlink(fs.mp, "/stay/name1", path));
		break;
	case 2:
		OK(w, xfs_mknod(fs.mp, path, S_IFIFO | 0644, 0, 0));
		break;
	default:
		if (OK(w, xfs_open(fs.mp, path, O_CREAT | O_EXCL | O_RDWR, 0644, &file)))
			OK(w, xfs_close(file));
		break;
	}
}

static void do_remove(struct worker *w)
{
	char path[64];

	some_name(w, path);
	if (!OK(w, xfs_unlink(fs.mp, path)))
		OK(w, xfs_rmdir(fs.mp, path));
}

static void do_rename(struct worker *w)
{
	char from[64], to[80];

	some_name(w, from);
	some_name(w, to);
	if (below(w, 8) == 0)
		strcat(to, "/below");
	OK(w, xfs_rename(fs.mp, from, to));
}

static void do_link(struct worker *w)
{
	char from[64], to[64];
	int ret;

	some_name(w, from);
	some_name(w, to);
	ret = xfs_link(fs.mp, from, to);
	if (ret != -EPERM)	/* a directory */
		OK(w, ret);
}

static struct xfs_file *open_some(struct worker *w, int flags)
{
	struct xfs_file *file;
	char path[64];
	int ret;

	if (below(w, 2))
		sprintf(path, "/stay/name%u", below(w, STAY));
	else
		some_name(w, path);
	ret = xfs_open(fs.mp, path, flags, 0644, &file);
	/* A special file. */
	if (ret == -ENXIO)
		return NULL;
	return OK(w, ret) ? file : NULL;
}

/* Whole pages of one byte. */
static void do_write(struct worker *w)
{
	struct xfs_file *file = open_some(w, O_RDWR | (below(w, 2) ? O_CREAT : 0));
	uint32_t pages = 1 + below(w, 16);
	int64_t ret;

	if (!file)
		return;
	memset(w->page, 'a' + (int)w->id, pages * PAGE);
	ret = xfs_pwrite(file, w->page, pages * PAGE, (uint64_t)below(w, 40) * PAGE);
	if (OK(w, ret))
		CHECK(w, ret == (int64_t)pages * PAGE);
	if (below(w, 20) == 0)
		OK(w, xfs_fsync(file));
	if (below(w, 20) == 0)
		OK(w, xfs_ftruncate(file, (uint64_t)below(w, 40) * PAGE));
	OK(w, xfs_close(file));
}

static void do_read(struct worker *w)
{
	struct xfs_file *file = open_some(w, O_RDONLY);
	struct xfs_stat st = XFS_STAT_INIT;
	int64_t ret;

	if (!file)
		return;
	ret = xfs_pread(file, w->page, PAGE, (uint64_t)below(w, 40) * PAGE);
	if (OK(w, ret) && ret > 0) {
		CHECK(w, ret == PAGE);
		for (uint32_t i = 1; i < PAGE; i++)
			CHECK(w, w->page[i] == w->page[0]);
		CHECK(w, w->page[0] == 0 || (w->page[0] >= 'a' && w->page[0] < 'a' + THREADS));
	}
	if (OK(w, xfs_fgetattr(file, &st)))
		CHECK(w, !S_ISREG(st.mode) || st.size_bytes % PAGE == 0);
	if (below(w, 4) == 0) {
		struct xfs_extent ext[8] = { XFS_EXTENT_INIT };
		size_t count;

		OK(w, xfs_extents(file, 0, ext, 8, &count));
	}
	OK(w, xfs_close(file));
}

/* A value's bytes tell its length: one of another set or half of one would show. */
static void do_xattr(struct worker *w)
{
	uint32_t len = below(w, 3) ? below(w, 200) : below(w, 9000);
	char path[64], name[32];
	ssize_t ret;

	sprintf(path, "/stay/name%u", below(w, 4));
	sprintf(name, "user.attribute%u", below(w, 10));
	switch (below(w, 4)) {
	case 0:
		OK(w, xfs_removexattr(fs.mp, path, true, name));
		break;
	case 1:
		memset(w->page, (int)(len % 251), len);
		OK(w, xfs_setxattr(fs.mp, path, true, name, w->page, len, 0));
		break;
	case 2:
		OK(w, xfs_listxattr(fs.mp, path, true, (char *)w->page, sizeof(w->page)));
		break;
	default:
		ret = xfs_getxattr(fs.mp, path, true, name, w->page, sizeof(w->page));
		if (!OK(w, ret))
			break;
		for (ssize_t i = 0; i < ret; i++)
			CHECK(w, w->page[i] == (uint8_t)(ret % 251));
		break;
	}
}

/* An extent size hint comes and goes while others write: refused only where there is data. */
static void do_hint(struct worker *w, const char *path)
{
	struct xfs_iattr iattr = {
		.size = sizeof(struct xfs_iattr),
		.valid = XFS_ATTR_XFLAGS | XFS_ATTR_EXTSIZE,
	};
	int ret;

	if (below(w, 2)) {
		iattr.xflags = XFS_XFLAG_EXTSIZE;
		iattr.extsize_bytes = 65536;
	}
	ret = xfs_setattr(fs.mp, path, false, &iattr);
	if (ret != -EINVAL)
		OK(w, ret);
}

static void do_attr(struct worker *w)
{
	struct xfs_stat st = XFS_STAT_INIT;
	char path[64];

	some_name(w, path);
	if (below(w, 2))
		sprintf(path, "/stay/name%u", below(w, STAY));
	switch (below(w, 6)) {
	case 5:
		do_hint(w, path);
		break;
	case 0:
		OK(w, xfs_chmod(fs.mp, path, below(w, 010000)));
		break;
	case 3:
		OK(w, xfs_setattr(fs.mp, path, false, &(struct xfs_iattr){
			.size = sizeof(struct xfs_iattr),
			.valid = XFS_ATTR_XFLAGS | XFS_ATTR_ATIME | XFS_ATTR_PROJID,
			.xflags = below(w, 2) ? XFS_XFLAG_NODUMP | XFS_XFLAG_SYNC : 0,
			.atime = { .tv_sec = 5 }, .projid = below(w, 5) }));
		break;
	case 1:
		OK(w, xfs_utimens(fs.mp, path, false, NULL));
		break;
	case 2:
		OK(w, xfs_lchown(fs.mp, path, below(w, OWNERS), below(w, OWNERS)));
		break;
	default:
		if (OK(w, xfs_getattr(fs.mp, path, false, &st))) {
			struct xfs_file *file;

			if (OK(w, xfs_open_by_ino(fs.mp, st.ino, st.gen, O_PATH, &file)))
				OK(w, xfs_close(file));
		}
		break;
	}
}

static void do_list(struct worker *w)
{
	unsigned int seen[STAY] = { 0 }, n;
	struct xfs_dirent ent = XFS_DIRENT_INIT;
	struct xfs_dir *d;
	int ret;

	OK(w, xfs_opendir(fs.mp, "/stay", &d));
	while ((ret = xfs_readdir(d, &ent)) == 1) {
		if (sscanf(ent.name, "name%u", &n) == 1 && n < STAY)
			seen[n]++;
	}
	OK(w, ret);
	xfs_closedir(d);
	for (n = 0; n < STAY; n++)
		CHECK(w, seen[n] == 1);
	if (OK(w, xfs_opendir(fs.mp, "/shared", &d))) {
		while ((ret = xfs_readdir(d, &ent)) == 1)
			CHECK(w, ent.name_len > 0);
		OK(w, ret);
		xfs_closedir(d);
	}
}

/* Names beside those that stay: the directory changes its form under those who list it. */
static void do_churn_stay(struct worker *w)
{
	char path[64];
	uint32_t n = below(w, 200);

	sprintf(path, "/stay/extra_%u_%u", w->id, n);
	if (!OK(w, xfs_mknod(fs.mp, path, S_IFREG | 0644, 0, 0)))
		OK(w, xfs_unlink(fs.mp, path));
}

/* Removed while it is open, by whomever. */
static void do_orphan(struct worker *w)
{
	struct xfs_file *file;
	char path[64];

	sprintf(path, "/own%u/orphan", w->id);
	if (!OK(w, xfs_open(fs.mp, path, O_CREAT | O_RDWR, 0644, &file)))
		return;
	memset(w->page, 'a' + (int)w->id, PAGE);
	OK(w, xfs_pwrite(file, w->page, PAGE, (uint64_t)below(w, 5) * PAGE));
	OK(w, xfs_unlink(fs.mp, path));
	OK(w, xfs_pwrite(file, w->page, PAGE, 0));
	CHECK(w, xfs_pread(file, w->page, PAGE, 0) == PAGE);
	CHECK(w, w->page[77] == 'a' + (int)w->id);
	OK(w, xfs_close(file));
}

static void do_whole(struct worker *w)
{
	struct xfs_info info = { .size = sizeof(info) };
	struct xfs_statfs st = XFS_STATFS_INIT;

	switch (below(w, 3)) {
	case 0:
		OK(w, xfs_sync(fs.mp));
		break;
	case 1:
		OK(w, xfs_info(fs.mp, &info));
		break;
	default:
		OK(w, xfs_statfs(fs.mp, &st));
		CHECK(w, st.blocks_free < st.blocks);
		break;
	}
}

/* ---- what a thread does to a file of its own without waiting ---------------------------------- */

/* Some bytes of the file, or past its end; whole blocks of each geometry when @whole. */
struct range {
	uint32_t off, len;
};

static struct range some_range(struct worker *w, bool whole)
{
	struct range r = { .off = below(w, SHADOW_BYTES / 2), .len = 1 + below(w, 8 * PAGE) };

	if (whole) {
		r.off -= r.off % PAGE;
		r.len += PAGE - 1 - (r.len - 1) % PAGE;
	}
	return r;
}

static void shadow_grow(struct worker *w, uint32_t size)
{
	if (size <= w->shadow_size)
		return;
	memset(w->shadow + w->shadow_size, 0, size - w->shadow_size);
	w->shadow_size = size;
}

static int64_t nowait_write(struct worker *w, struct xfs_file *file)
{
	struct range r = some_range(w, below(w, 2));
	int64_t ret;

	memset(w->page, 'a' + (int)below(w, 26), r.len);
	ret = xfs_pwrite(file, w->page, r.len, r.off);
	if (ret > 0) {
		shadow_grow(w, r.off + (uint32_t)ret);
		memcpy(w->shadow + r.off, w->page, (size_t)ret);
	}
	return ret;
}

static int64_t nowait_truncate(struct worker *w, struct xfs_file *file)
{
	uint32_t size = some_range(w, below(w, 2)).off;
	int ret = xfs_ftruncate(file, size);

	if (!ret) {
		shadow_grow(w, size);
		w->shadow_size = size;
	}
	return ret;
}

static int64_t nowait_fallocate(struct worker *w, struct xfs_file *file)
{
	static const int modes[] = {
		0, XFS_FALLOC_KEEP_SIZE, XFS_FALLOC_PUNCH_HOLE | XFS_FALLOC_KEEP_SIZE, XFS_FALLOC_ZERO_RANGE,
		XFS_FALLOC_COLLAPSE_RANGE,
	};
	int mode = modes[below(w, sizeof(modes) / sizeof(modes[0]))], ret;
	struct range r = some_range(w, mode == XFS_FALLOC_COLLAPSE_RANGE || below(w, 2));
	uint32_t end;

	ret = xfs_fallocate(file, mode, r.off, r.len);
	if (ret)
		return ret;
	if (mode == XFS_FALLOC_COLLAPSE_RANGE) {
		memmove(w->shadow + r.off, w->shadow + r.off + r.len, w->shadow_size - r.off - r.len);
		w->shadow_size -= r.len;
		return 0;
	}
	if (!(mode & XFS_FALLOC_KEEP_SIZE))
		shadow_grow(w, r.off + r.len);
	end = r.off + r.len < w->shadow_size ? r.off + r.len : w->shadow_size;
	if (mode & (XFS_FALLOC_PUNCH_HOLE | XFS_FALLOC_ZERO_RANGE) && r.off < end)
		memset(w->shadow + r.off, 0, end - r.off);
	return 0;
}

/* Two parts of it become equal, or change places. */
static int64_t nowait_share(struct worker *w, struct xfs_file *file)
{
	uint32_t half = SHADOW_BYTES / 4, len = PAGE * (1 + below(w, half / PAGE));
	bool clone = below(w, 2);
	int ret;

	ret = clone ? xfs_clone_range(file, 0, file, half, len)
		    : xfs_exchange_range(file, 0, file, half, len, 0);
	/* A small log does not take many extents at once. */
	if (ret)
		return ret == -EOPNOTSUPP ? -EINVAL : ret;
	if (clone)
		shadow_grow(w, half + len);
	else
		memcpy(w->page, w->shadow + half, len);
	memcpy(w->shadow + half, w->shadow, len);
	if (!clone)
		memcpy(w->shadow, w->page, len);
	return 0;
}

static int64_t nowait_attr(struct worker *w, struct xfs_file *file)
{
	struct xfs_iattr iattr = { .size = sizeof(iattr), .valid = XFS_ATTR_MODE, .mode = below(w, 01000) };
	struct xfs_iattr hint = { .size = sizeof(hint), .valid = XFS_ATTR_MTIME, .mtime = { .tv_sec = 9 } };

	switch (below(w, 4)) {
	case 0:
		return xfs_fsetxattr(file, "user.nowait", w->page, 1 + below(w, 3000), 0);
	case 1:
		return xfs_fsetattr(file, &hint);
	case 2:
		return xfs_fsync(file);
	default:
		return xfs_fsetattr(file, &iattr);
	}
}

/* Nobody else changes this file; write-back may give it blocks. */
static void expect_unchanged(struct worker *w, const struct xfs_stat *a, const struct xfs_stat *b)
{
	CHECK(w, a->size_bytes == b->size_bytes);
	CHECK(w, a->mode == b->mode && a->nlink == b->nlink);
	CHECK(w, a->mtime.tv_sec == b->mtime.tv_sec && a->mtime.tv_nsec == b->mtime.tv_nsec);
	CHECK(w, a->ctime.tv_sec == b->ctime.tv_sec && a->ctime.tv_nsec == b->ctime.tv_nsec);
}

static void do_nowait(struct worker *w)
{
	static int64_t (*const calls[])(struct worker *w, struct xfs_file *file) = {
		nowait_write, nowait_write, nowait_truncate, nowait_fallocate, nowait_share, nowait_attr,
	};
	static _Thread_local uint8_t all[SHADOW_BYTES];
	struct xfs_stat before = XFS_STAT_INIT, after = XFS_STAT_INIT;
	struct xfs_file *file;
	char path[64];
	int64_t ret;

	sprintf(path, "/own%u/nowait", w->id);
	if (!OK(w, xfs_open(fs.mp, path, O_CREAT | O_RDWR, 0644, &file)))
		return;
	CHECK(w, OK(w, xfs_fgetattr(file, &before)));
	w->nowait = true;
	xfs_thread_nowait(true);
	ret = calls[below(w, sizeof(calls) / sizeof(calls[0]))](w, file);
	OK(w, ret);
	xfs_thread_nowait(false);
	w->nowait = false;
	CHECK(w, OK(w, xfs_fgetattr(file, &after)));
	if (ret == -EAGAIN)
		expect_unchanged(w, &before, &after);
	CHECK(w, after.size_bytes == w->shadow_size);
	CHECK(w, xfs_pread(file, all, sizeof(all), 0) == w->shadow_size);
	CHECK(w, !memcmp(all, w->shadow, w->shadow_size));
	OK(w, xfs_close(file));
}

static void *work(void *arg)
{
	static const struct {
		unsigned int weight;
		void (*run)(struct worker *w);
		bool by_path;		/* what comes of it is told by one call */
	} kinds[] = {
		{ 20, do_create, true }, { 12, do_remove, true }, { 12, do_rename, true }, { 5, do_link, true },
		{ 20, do_write, false }, { 15, do_read, false }, { 10, do_xattr, true }, { 8, do_attr, true },
		{ 3, do_list, false }, { 8, do_churn_stay, true }, { 4, do_orphan, false }, { 1, do_whole, false },
		{ 12, do_nowait, false },
	};
	struct worker *w = arg;

	for (unsigned int i = 0; i < ops_per_thread; i++) {
		uint32_t draw = below(w, 130), k = 0;

		while (draw >= kinds[k].weight)
			draw -= kinds[k++].weight;
		w->nowait = kinds[k].by_path && below(w, 4) == 0;
		xfs_thread_nowait(w->nowait);
		kinds[k].run(w);
		xfs_thread_nowait(false);
		w->nowait = false;
	}
	return NULL;
}

/* ---- rounds ------------------------------------------------------------------------------ */

/* The clock of test_fs is not made for threads; this one is. */
static void clock_of_threads(void *ctx, struct xfs_timespec *now)
{
	uint64_t ns = __atomic_add_fetch(&((struct test_fs *)ctx)->clock_ns, 1000, __ATOMIC_RELAXED);

	*now = (struct xfs_timespec){.tv_sec = 1700000000, .tv_nsec = (uint32_t)(ns % 1000000000)};
}

static void remove_tree(const char *path)
{
	struct xfs_dirent ent = XFS_DIRENT_INIT;
	struct xfs_dir *d;
	char below_path[600];

	TEST_OK(xfs_opendir(fs.mp, *path ? path : "/", &d));
	while (TEST_OK(xfs_readdir(d, &ent)) == 1) {
		if (!strcmp(ent.name, ".") || !strcmp(ent.name, ".."))
			continue;
		snprintf(below_path, sizeof(below_path), "%s/%s", path, ent.name);
		if (ent.type == DT_DIR) {
			remove_tree(below_path);
			TEST_OK(xfs_rmdir(fs.mp, below_path));
		} else {
			TEST_OK(xfs_unlink(fs.mp, below_path));
		}
	}
	xfs_closedir(d);
}

/* With quota (XFSWRITE_TEST_QUOTA) each owner has a record from now on, whose block stays when he has gone. */
static void make_owners(void)
{
	TEST_OK(xfs_mknod(fs.mp, "/owned", S_IFREG | 0644, 0, 0));
	for (uint32_t id = 0; id < OWNERS; id++)
		TEST_OK(xfs_chown(fs.mp, "/owned", id, id));
	TEST_OK(xfs_unlink(fs.mp, "/owned"));
}

static void one_round(uint64_t stream, const struct xfs_mkfs_options *mkfs, uint64_t data_cache,
		      uint64_t meta_cache, bool unprivileged)
{
	static struct worker workers[THREADS];
	struct xfs_statfs before = XFS_STATFS_INIT, after = XFS_STATFS_INIT;
	pthread_t threads[THREADS];
	uint64_t done = 0, refused = 0, would_wait = 0;
	char path[64];

	test_fs_make(&fs, (uint64_t)256 << 20, mkfs);
	make_owners();
	TEST_OK(xfs_statfs(fs.mp, &before));
	test_fs_close_and_check(&fs);
	fs.env.clock = clock_of_threads;
	fs.opts.data_cache_bytes = data_cache;
	fs.opts.meta_cache_bytes = meta_cache;
	fs.opts.unprivileged = unprivileged;
	test_fs_open(&fs);
	TEST_OK(xfs_mkdir(fs.mp, "/stay", 0755));
	TEST_OK(xfs_mkdir(fs.mp, "/shared", 0755));
	for (unsigned int i = 0; i < STAY; i++) {
		snprintf(path, sizeof(path), "/stay/name%u", i);
		TEST_OK(xfs_mknod(fs.mp, path, S_IFREG | 0644, 0, 0));
	}
	for (unsigned int t = 0; t < THREADS; t++) {
		workers[t].id = t;
		workers[t].r = test_rand(stream * 100 + t);
		workers[t].done = workers[t].refused = workers[t].would_wait = 0;
		workers[t].shadow_size = 0;
		snprintf(path, sizeof(path), "/own%u", t);
		TEST_OK(xfs_mkdir(fs.mp, path, 0755));
	}
	for (unsigned int t = 0; t < THREADS; t++) {
		if (pthread_create(&threads[t], NULL, work, &workers[t]))
			abort();
	}
	for (unsigned int t = 0; t < THREADS; t++) {
		pthread_join(threads[t], NULL);
		done += workers[t].done;
		refused += workers[t].refused;
		would_wait += workers[t].would_wait;
	}
	test_fs_close_and_check(&fs);
	test_fs_open(&fs);
	remove_tree("");
	TEST_OK(xfs_statfs(fs.mp, &after));
	if (after.blocks_free != before.blocks_free || after.files_free != before.files_free) {
		fprintf(stderr, "%" PRIu64 " free blocks before, %" PRIu64 " after\n",
			before.blocks_free, after.blocks_free);
		abort();
	}
	test_fs_end(&fs);
	printf("round %" PRIu64 ": %" PRIu64 " calls, %" PRIu64 " refused, %" PRIu64
	       " would have waited\n", stream, done, refused, would_wait);
	fflush(stdout);
}

int main(void)
{
	struct xfs_mkfs_options plain = { .size = sizeof(plain) };
	struct xfs_mkfs_options k1 = {
		.size = sizeof(k1), .blocksize = 1024, .parent = XFS_MKFS_OFF, .agcount = 8,
	};
	const char *ops = getenv("XFSWRITE_OPS");

	ops_per_thread = ops ? (unsigned int)atoi(ops) : 3000;
	test_seed_init(61);
	one_round(1, &plain, 0, 0, false);
	one_round(2, &plain, 256 << 10, 128 << 10, true);
	one_round(3, &k1, 1 << 20, 64 << 10, false);
	return 0;
}
