/* SPDX-License-Identifier: MIT */
/*
 * Goal: what a durable write costs: latency of fsync, rate of durable small files, alone and with
 *       four threads, and bytes of log for each; against the kernel and against the host's own
 *       pwrite and fsync.
 * Method: bench_fsync [-n OPS] [-d USEC] [-r RUNS] [CASE...]: each case is OPS operations of each of
 *       1 and of 4 threads, in turns:
 *
 *       raw     pwrite of 4 KiB to a file beside the image, and fdatasync
 *       kernel  the same operations on a loop mount of an image (root only)
 *       ours    on an image opened with the journal
 *       slow    ours, on memory whose flushes take USEC (2000) microseconds: here the disk is
 *               always the same, and threads that share a checkpoint show
 *
 *       Cases: append (4 KiB to a file of the thread's own, fsync), overwrite (4 KiB in place,
 *       fdatasync where there is one), create (a file of 4 KiB, fsync, close).
 *
 *       The image and the raw files lie in TMPDIR (/var/tmp).  Every block of the image was written
 *       before, so that the host has nothing to allocate.  Log bytes: how far the head of the log
 *       moved, found by lib/log after the kernel was cut off with the shutdown ioctl.
 *
 *       On a machine whose CPUs are busy a thread that waits for the disk waits for the scheduler
 *       too, several milliseconds each time, and raw shows it: compare within a run, with
 *       TMPDIR on tmpfs for the CPU's part, and "slow" for the number of flushes.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xfswrite/mkfs.h>
#include <xfswrite/xfswrite.h>
#include "bench/measure.h"
#include "bench/place.h"
#include "core/mount.h"
#include "log/log.h"
#include "support/test_device.h"

#define IMAGE_BYTES	(512ull << 20)
#define BLOCK		4096u
#define MAX_THREADS	4u
#define OVERWRITE_BYTES	(1u << 20)

enum what { APPEND, OVERWRITE, CREATE };
static const char *const what_names[] = { "append", "overwrite", "create" };

struct job {
	struct place *pl;
	enum what what;
	uint32_t thread, ops;
	uint64_t *ns;			/* of each operation */
	int error;
};

static uint8_t block[BLOCK];
static char work[1024];

/* ---- operations --------------------------------------------------------------------------- */

static int one_op(struct job *job, void *file, uint32_t i)
{
	struct place *pl = job->pl;
	char name[64];
	int error = 0, error2;

	if (job->what == APPEND)
		error = pl->ops->write(file, block, BLOCK, (uint64_t)i * BLOCK);
	else if (job->what == OVERWRITE)
		error = pl->ops->write(file, block, BLOCK,
				       (uint64_t)i * BLOCK % OVERWRITE_BYTES);
	if (job->what != CREATE)
		return error ? error : pl->ops->sync(file, job->what == OVERWRITE);
	snprintf(name, sizeof(name), "f%u-%u", job->thread, i);
	error = pl->ops->open(pl, name, O_RDWR | O_CREAT, &file);
	if (error)
		return error;
	error = pl->ops->write(file, block, BLOCK, 0);
	if (!error)
		error = pl->ops->sync(file, false);
	error2 = pl->ops->close(file);
	return error ? error : error2;
}

static void *run_job(void *arg)
{
	struct job *job = arg;
	void *file = NULL;
	char name[64];

	if (job->what != CREATE) {
		snprintf(name, sizeof(name), "file%u", job->thread);
		job->error = job->pl->ops->open(job->pl, name, O_RDWR | O_CREAT, &file);
		for (uint64_t at = 0; job->what == OVERWRITE && at < OVERWRITE_BYTES && !job->error;
		     at += BLOCK)
			job->error = job->pl->ops->write(file, block, BLOCK, at);
		if (!job->error)
			job->error = job->pl->ops->sync(file, false);
	}
	for (uint32_t i = 0; i < job->ops && !job->error; i++) {
		uint64_t start = bench_now_ns();

		job->error = one_op(job, file, i);
		job->ns[i] = bench_now_ns() - start;
	}
	if (job->what != CREATE && !job->error)
		job->error = job->pl->ops->close(file);
	return NULL;
}

static int compare_ns(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* All threads; prints one line. */
static void run(struct place *pl, enum what what, uint32_t threads, uint32_t ops,
		uint64_t (*log_bytes)(struct place *pl))
{
	uint64_t *ns = calloc((size_t)threads * ops, sizeof(*ns)), start, took, before, n;
	struct job jobs[MAX_THREADS];
	pthread_t ids[MAX_THREADS];

	if (!ns)
		bench_fail("memory", ENOMEM);
	before = log_bytes ? log_bytes(pl) : 0;
	start = bench_now_ns();
	for (uint32_t i = 0; i < threads; i++) {
		jobs[i] = (struct job){ .pl = pl, .what = what, .thread = i, .ops = ops,
					.ns = ns + (size_t)i * ops };
		if (pthread_create(&ids[i], NULL, run_job, &jobs[i]) != 0)
			bench_fail("thread", EAGAIN);
	}
	for (uint32_t i = 0; i < threads; i++) {
		pthread_join(ids[i], NULL);
		if (jobs[i].error)
			bench_fail(pl->name, jobs[i].error);
	}
	took = bench_now_ns() - start;
	n = (uint64_t)threads * ops;
	qsort(ns, n, sizeof(*ns), compare_ns);
	printf("%-10s %u thread%s %-7s %9.0f ops/s  median %8.1f us  99%% %9.1f us", what_names[what],
	       threads, threads == 1 ? " " : "s", pl->name, (double)n * 1e9 / (double)took,
	       (double)ns[n / 2] / 1e3, (double)ns[n * 99 / 100] / 1e3);
	if (log_bytes)
		printf("  %8.0f bytes of log each", (double)(log_bytes(pl) - before) / (double)n);
	printf("\n");
	fflush(stdout);
	free(ns);
}

/* ---- images --------------------------------------------------------------------------------- */

/* Read and write it back: what the host had as zeros without blocks gets blocks. */
static void fill_image(int fd, bool fresh)
{
	size_t chunk = 1u << 20;
	uint8_t *buf = malloc(chunk);

	if (!buf)
		bench_fail("memory", ENOMEM);
	memset(buf, 0xa5, chunk);
	for (uint64_t at = 0; at < IMAGE_BYTES; at += chunk) {
		if (!fresh && pread(fd, buf, chunk, (off_t)at) != (ssize_t)chunk)
			bench_fail("reading the image", EIO);
		if (!fresh && (at < IMAGE_BYTES / 4 || at > IMAGE_BYTES - IMAGE_BYTES / 4))
			continue;	/* the log lies in the middle */
		if (pwrite(fd, buf, chunk, (off_t)at) != (ssize_t)chunk)
			bench_fail("writing the image", errno);
	}
	if (fsync(fd) != 0)
		bench_fail("fsync", errno);
	free(buf);
}

static struct xfs_device *format(const char *path)
{
	struct xfs_mkfs_options opts = { .size = sizeof(opts), .flags = XFS_MKFS_FORCE,
					 .profile = XFS_MKFS_PROFILE_6_1 };
	struct xfs_device *dev;
	int error, fd = -1;

	if (path) {
		fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
		if (fd >= 0)
			fill_image(fd, true);
		else
			fd = open(path, O_RDWR);
		if (fd < 0)
			bench_fail(path, errno);
		error = xfs_device_open_file(path, 0, 0, &dev);
	} else {
		error = xfs_device_open_memory(IMAGE_BYTES, 512, NULL, &dev);
	}
	if (!error)
		error = xfs_mkfs(dev, NULL, &opts, NULL);
	if (!error)
		error = xfs_device_flush(dev);
	if (error)
		bench_fail("format", error);
	if (path) {
		fill_image(fd, false);
		close(fd);
	}
	return dev;
}

/* Bytes from the beginning of the log's life to @lsn. */
static uint64_t lsn_bytes(const struct xfs_mount *mp, xfs_lsn_t lsn)
{
	uint64_t bbs = XFS_FSB_TO_BB(&mp->m_geo, mp->m_geo.logblocks);

	return ((CYCLE_LSN(lsn) - 1ull) * bbs + BLOCK_LSN(lsn)) << XFS_BB_SHIFT;
}

static uint64_t ours_log_bytes(struct place *pl)
{
	return lsn_bytes(pl->mp, xlog_head_lsn(pl->mp->m_log));
}

static void run_ours(const char *name, uint64_t flush_ns, enum what what, uint32_t threads,
		     uint32_t ops)
{
	struct xfs_mount_options mo = { .size = sizeof(mo) };
	struct place pl = { .ops = &place_ours };
	struct xfs_device *dev, *slow;
	char path[1100];
	int error;

	snprintf(path, sizeof(path), "%s/image", work);
	dev = format(flush_ns ? NULL : path);
	if (flush_ns) {
		error = test_delay_open(dev, flush_ns, &slow);
		if (error)
			bench_fail("device", error);
		xfs_device_put(dev);
		dev = slow;
	}
	error = xfs_mount(dev, &mo, &pl.mp);
	if (error)
		bench_fail("mount", error);
	pl.name = name;
	run(&pl, what, threads, ops, ours_log_bytes);
	error = xfs_unmount(pl.mp);
	if (error)
		bench_fail("unmount", error);
	xfs_device_put(dev);
}

/* Where the kernel's log ends, in the same bytes. */
static uint64_t image_log_bytes(const char *path)
{
	struct xfs_mount *mp = calloc(1, sizeof(*mp));
	struct xlog_state state;
	uint8_t sb[4096];
	uint64_t bytes;
	int error;

	error = mp ? xfs_device_open_file(path, XFS_DEV_RDONLY, 0, &mp->m_dev) : -ENOMEM;
	if (!error)
		error = xfs_device_pread(mp->m_dev, 0, sb, sizeof(sb));
	if (error)
		bench_fail("kernel's image", error);
	xfs_sb_from_disk(&mp->m_sb, (const void *)sb);
	error = xfs_geometry_init(&mp->m_geo, &mp->m_sb);
	if (!error)
		error = xlog_find_head(mp, &state);
	if (error)
		bench_fail("kernel's log", error);
	bytes = lsn_bytes(mp, xlog_assign_lsn(state.head_cycle, state.head_block));
	xfs_device_put(mp->m_dev);
	free(mp);
	return bytes;
}

static void run_kernel(enum what what, uint32_t threads, uint32_t ops)
{
	struct place pl = { .ops = &place_posix };
	char path[1100];
	uint64_t before;

	snprintf(path, sizeof(path), "%s/image", work);
	snprintf(pl.dir, sizeof(pl.dir), "%s/mnt", work);
	xfs_device_put(format(path));
	before = image_log_bytes(path);
	mkdir(pl.dir, 0755);
	if (geteuid() != 0 || bench_shell("mount -o loop %s %s 2>/dev/null", path, pl.dir) != 0) {
		printf("%-10s kernel: not measured, it cannot mount here\n", what_names[what]);
		return;
	}
	pl.name = "kernel";
	run(&pl, what, threads, ops, NULL);
	if (bench_shell("xfs_io -x -c shutdown %s", pl.dir) == 0) {
		umount(pl.dir);
		printf("%66s  %8.0f bytes of log each\n", "",
		       (double)(image_log_bytes(path) - before) / ((double)threads * ops));
	} else {
		umount(pl.dir);
	}
}

static void run_raw(enum what what, uint32_t threads, uint32_t ops)
{
	struct place pl = { .ops = &place_posix };

	pl.name = "raw";
	snprintf(pl.dir, sizeof(pl.dir), "%s", work);
	/* Files of the host's own file system, in place: the least that anybody could do. */
	run(&pl, what == CREATE ? OVERWRITE : what, threads, ops, NULL);
	for (uint32_t i = 0; i < threads; i++) {
		char path[1100];

		snprintf(path, sizeof(path), "%s/file%u", work, i);
		unlink(path);
	}
}

int main(int argc, char **argv)
{
	uint32_t ops = 500, runs = 1;
	uint64_t delay_us = 2000;
	int opt;

	while ((opt = getopt(argc, argv, "n:d:r:")) != -1) {
		if (opt == 'n')
			ops = (uint32_t)strtoul(optarg, NULL, 0);
		else if (opt == 'd')
			delay_us = strtoull(optarg, NULL, 0);
		else if (opt == 'r')
			runs = (uint32_t)strtoul(optarg, NULL, 0);
		else
			return 2;
	}
	snprintf(work, sizeof(work), "%s/bench-fsync.XXXXXX",
		 getenv("TMPDIR") ? getenv("TMPDIR") : "/var/tmp");
	if (!mkdtemp(work))
		bench_fail(work, errno);
	memset(block, 0x5a, sizeof(block));
	for (uint32_t r = 0; r < runs; r++) {
		for (enum what what = APPEND; what <= CREATE; what++) {
			bool wanted = optind == argc;

			for (int i = optind; i < argc; i++)
				wanted |= strcmp(argv[i], what_names[what]) == 0;
			for (uint32_t threads = 1; wanted && threads <= MAX_THREADS; threads *= 4) {
				run_raw(what, threads, ops);
				run_kernel(what, threads, ops);
				run_ours("ours", 0, what, threads, ops);
				run_ours("slow", delay_us * 1000, what, threads, ops);
			}
		}
	}
	bench_shell("rm -rf %s", work);
	return 0;
}
