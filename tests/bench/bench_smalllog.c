/* SPDX-License-Identifier: MIT */
/*
 * Goal: what a small log costs: operations a second with the journal when checkpoints have to be
 *       written because the log is full, and how many bytes of log each took; against the kernel
 *       on the same kind of image.
 * Method: bench_smalllog [-n OPS] [-t THREADS] [-r RUNS] [-b BLOCKSIZE] [-i MIB] [-6] [SIZE...]: in an
 *       image of MIB (1024), for each size of the log (MiB; 0: the smallest that mkfs makes),
 *       THREADS (1), each in a directory of its own, together do OPS times each of
 *
 *       create  a new file of 4 KiB, no fsync
 *       append  4 KiB to one of 16 files, and then fsync
 *       unlink  what create made
 *
 *       and a sync at the end, which counts.  Ours on an image opened with the journal, the kernel
 *       on a loop mount of one formatted alike (root only), in turns.  The image lies in
 *       TMPDIR (/dev/shm), so that flushes cost nothing; on a disk each checkpoint costs
 *       two or three.  -6: the profile of mkfs.xfs 6.1.
 *
 *       After each case: checkpoints, bytes of log an operation, and the ratio of ours to the
 *       kernel's operations a second.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <xfswrite/mkfs.h>
#include <xfswrite/xfswrite.h>
#include "core/mount.h"
#include "log/log.h"
#include "trans/resv.h"

#define BLOCK		4096u
#define FILES		16u
#define MAX_THREADS	16u

enum which { CREATE, APPEND, UNLINK };
static const char *const cases[] = { "create", "append", "unlink" };

static char work[1024];
static uint8_t block[BLOCK];
static uint32_t ops = 20000, blocksize = 4096, threads = 1;
static uint64_t image_bytes = 1024u << 20;
static bool profile_61;

/* What one thread does, where. */
struct job {
	struct xfs_mount *mp;		/* NULL: below @dir, for the kernel */
	char dir[1200];
	uint32_t which, thread;
	pthread_t id;
};

static int shell(const char *fmt, const char *a, const char *b)
{
	char cmd[4096];

	snprintf(cmd, sizeof(cmd), fmt, a, b);
	return system(cmd);
}

/* The loop mount goes with the first unmount, also if somebody still has a file open. */
static void remove_work(void)
{
	if (work[0] && shell("umount -l %s/mnt%s 2>/dev/null; true", work, "") == 0)
		shell("rm -rf --one-file-system %s%s", work, "");
}

static void die(const char *what, int error)
{
	fprintf(stderr, "bench_smalllog: %s: %s (%s)\n", what,
		strerror(error < 0 ? -error : error), xfs_error_text(NULL));
	remove_work();
	exit(1);
}

static void ok(int64_t result, const char *what)
{
	if (result < 0)
		die(what, (int)result);
}

static double now(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void name_of(char *name, size_t size, const struct job *job, uint32_t i)
{
	if (job->which == APPEND)
		snprintf(name, size, "%s/append%u", job->dir, i % FILES);
	else
		snprintf(name, size, "%s/file%u", job->dir, i);
}

static void kernel_op(const struct job *job, const char *name)
{
	int fd;

	if (job->which == UNLINK) {
		if (unlink(name))
			die(name, errno);
		return;
	}
	fd = open(name, O_WRONLY | O_CREAT | (job->which == APPEND ? O_APPEND : 0), 0644);
	if (fd < 0 || write(fd, block, BLOCK) != (ssize_t)BLOCK)
		die(name, errno);
	if ((job->which == APPEND && fsync(fd)) || close(fd))
		die(name, errno);
}

static void our_op(const struct job *job, const char *name)
{
	struct xfs_file *file;

	if (job->which == UNLINK) {
		ok(xfs_unlink(job->mp, name), name);
		return;
	}
	ok(xfs_open(job->mp, name, O_WRONLY | O_CREAT | (job->which == APPEND ? O_APPEND : 0), 0644,
		    &file), name);
	ok(xfs_pwrite(file, block, BLOCK, 0), name);
	if (job->which == APPEND)
		ok(xfs_fsync(file), name);
	ok(xfs_close(file), name);
}

static void *run_job(void *arg)
{
	const struct job *job = arg;
	char name[1300];

	for (uint32_t i = job->thread; i < ops; i += threads) {
		name_of(name, sizeof(name), job, i);
		if (job->mp)
			our_op(job, name);
		else
			kernel_op(job, name);
	}
	return NULL;
}

/* Operations a second, with a sync of all at the end. */
static double run_case(struct xfs_mount *mp, const char *mnt, uint32_t which)
{
	double start = now(CLOCK_MONOTONIC);
	struct job jobs[MAX_THREADS];
	int fd;

	for (uint32_t t = 0; t < threads; t++) {
		struct job *job = &jobs[t];

		*job = (struct job){ .mp = mp, .which = which, .thread = t };
		snprintf(job->dir, sizeof(job->dir), "%s/d%u", mnt, t);
		if (mp && which == CREATE)
			ok(xfs_mkdir(mp, job->dir, 0755), job->dir);
		else if (which == CREATE && mkdir(job->dir, 0755))
			die(job->dir, errno);
		if (pthread_create(&job->id, NULL, run_job, job))
			die("thread", EAGAIN);
	}
	for (uint32_t t = 0; t < threads; t++)
		pthread_join(jobs[t].id, NULL);
	if (mp) {
		ok(xfs_sync(mp), "xfs_sync");
	} else {
		fd = open(mnt, O_RDONLY | O_DIRECTORY);
		if (fd < 0 || syncfs(fd))
			die("syncfs", errno);
		close(fd);
	}
	return ops / (now(CLOCK_MONOTONIC) - start);
}

static void by_us(struct xfs_mount *mp, const double kernel[3])
{
	struct xlog_stats before, after;

	for (uint32_t which = 0; which < 3; which++) {
		double cpu = now(CLOCK_PROCESS_CPUTIME_ID), rate;

		xlog_get_stats(mp->m_log, &before);
		rate = run_case(mp, "", which);
		cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
		xlog_get_stats(mp->m_log, &after);
		printf("  %-7s %8.0f a second, %8.0f a CPU second, %5llu checkpoints, "
		       "%6.0f bytes of log each", cases[which], rate, ops / cpu,
		       (unsigned long long)(after.checkpoints - before.checkpoints),
		       (double)(after.bytes - before.bytes) / ops);
		if (kernel)
			printf("; kernel %8.0f a second: %5.2f x", kernel[which],
			       rate / kernel[which]);
		printf("\n");
	}
}

/* ---- images ------------------------------------------------------------------------------ */

/* False: no log of this size. */
static bool format(const char *path, uint32_t mib, struct xfs_device **devp)
{
	struct xfs_mkfs_options options = {
		.size = sizeof(options), .flags = XFS_MKFS_FORCE | XFS_MKFS_SMALL,
		.blocksize = blocksize, .log_size = (uint64_t)mib << 20,
		.profile = profile_61 ? XFS_MKFS_PROFILE_6_1 : XFS_MKFS_PROFILE_7_2,
	};

	unlink(path);
	ok(xfs_device_open_file(path, XFS_DEV_CREATE, image_bytes, devp), path);
	/* The smallest there is: by looking for it, a quarter of a MiB at a time. */
	if (mib)
		return xfs_mkfs(*devp, NULL, &options, NULL) == 0;
	for (options.log_size = 1u << 20; options.log_size < 64u << 20;
	     options.log_size += 256u << 10)
		if (xfs_mkfs(*devp, NULL, &options, NULL) == 0)
			return true;
	return false;
}

static void run(uint32_t mib)
{
	struct xfs_mount_options how = { .size = sizeof(how) };
	bool kernel = geteuid() == 0;
	struct xfs_device *dev;
	struct xfs_mount *mp;
	double rate[3];
	char path[1100], dir[1100];

	snprintf(path, sizeof(path), "%s/image", work);
	snprintf(dir, sizeof(dir), "%s/mnt", work);
	if (!format(path, mib, &dev)) {
		printf("log of %u MiB: none is made\n", mib);
		return;
	}
	if (kernel) {
		xfs_device_put(dev);
		mkdir(dir, 0755);
		kernel = shell("mount -o loop %s %s 2>/dev/null", path, dir) == 0;
		if (kernel) {
			for (uint32_t which = 0; which < 3; which++)
				rate[which] = run_case(NULL, dir, which);
			if (shell("umount %s%s", dir, ""))
				die("umount", EBUSY);
		}
		if (!format(path, mib, &dev))
			die("mkfs", EINVAL);
	}
	ok(xfs_mount(dev, &how, &mp), "xfs_mount");
	printf("log of %.2f MiB, blocks of %u: checkpoints of %.0f KiB; credits in KiB: create %.0f, "
	       "write-back %.0f, remove %.0f, inactivate %.0f%s\n",
	       (double)mp->m_geo.logblocks * blocksize / 1048576, blocksize,
	       (double)xlog_max_checkpoint(mp->m_log) / 1024, xfs_resv(mp, XFS_RESV_CREATE) / 1024.0,
	       xfs_resv(mp, XFS_RESV_WRITEBACK) / 1024.0, xfs_resv(mp, XFS_RESV_REMOVE) / 1024.0,
	       xfs_resv(mp, XFS_RESV_IFREE) / 1024.0,
	       kernel ? "" : "; the kernel is not measured, it cannot mount here");
	by_us(mp, kernel ? rate : NULL);
	fflush(stdout);
	ok(xfs_unmount(mp), "xfs_unmount");
	xfs_device_put(dev);
	unlink(path);
}

int main(int argc, char **argv)
{
	static const uint32_t sizes[] = { 0, 4, 8, 16, 32, 64 };
	uint32_t runs = 1;
	int c;

	while ((c = getopt(argc, argv, "6b:i:n:r:t:")) != -1) {
		if (c == 'n')
			ops = (uint32_t)strtoul(optarg, NULL, 0);
		else if (c == 'b')
			blocksize = (uint32_t)strtoul(optarg, NULL, 0);
		else if (c == 'r')
			runs = (uint32_t)strtoul(optarg, NULL, 0);
		else if (c == 'i')
			image_bytes = strtoull(optarg, NULL, 0) << 20;
		else if (c == 't')
			threads = (uint32_t)strtoul(optarg, NULL, 0);
		else if (c == '6')
			profile_61 = true;
		else
			return 2;
	}
	if (!threads || threads > MAX_THREADS || !ops)
		return 2;
	snprintf(work, sizeof(work), "%s/bench-smalllog.XXXXXX",
		 getenv("TMPDIR") ? getenv("TMPDIR") : "/dev/shm");
	if (!mkdtemp(work))
		die(work, errno);
	memset(block, 0x5a, sizeof(block));
	for (uint32_t r = 0; r < runs; r++) {
		for (int i = optind; i < argc; i++)
			run((uint32_t)strtoul(argv[i], NULL, 0));
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]) && optind == argc; i++)
			run(sizes[i]);
	}
	remove_work();
	return 0;
}
