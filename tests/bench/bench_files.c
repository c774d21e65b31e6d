/* SPDX-License-Identifier: MIT */
/*
 * Goal: how many files a second one thread makes in a new image through the public interface, and
 *       how fast data of large files gets there.
 * Method: bench_files [-6] [-i] [-j] [-o] [-q] [-m MIB] [-n FACTOR] [-t TARGET] [CASE...]: each case
 *       formats TARGET (a file in TMPDIR or /dev/shm), makes directories and files with
 *       xfs_createat(), writes each file in one piece, closes all and unmounts; in a process of
 *       its own, so that CPU time and peak memory are the case's.  The yardstick beside it is
 *       the host: the same files made with open(2) and write(2) there; for data, `cp` of the
 *       same files.
 *
 *       -6  the profile of mkfs.xfs 6.1 (no parent pointers, no reverse mapping)
 *       -i  files are made in turns of the directories, not one directory after the other
 *       -j  with the journal, into a file system that is complete
 *       -m  at most so many MiB of metadata in memory
 *       -n  FACTOR times as many files, or bytes of data
 *       -o  ours only: without the yardstick (for profilers: in this process, too)
 *       -q  with quotas of users, groups and projects
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <xfswrite/mkfs.h>
#include <xfswrite/quota.h>
#include <xfswrite/xfswrite.h>

struct bench_case {
	const char *name;
	uint64_t files, dirs;
	uint64_t min_bytes, max_bytes;	/* of each file */
	bool copy;			/* of host files */
};

static const struct bench_case cases[] = {
	{ "empty", 500000, 500, 0, 0, false },
	{ "tiny", 500000, 500, 100, 100, false },
	{ "small", 150000, 300, 1024, 8192, false },
	{ "flat", 200000, 1, 0, 0, false },
	{ "flat-1k", 200000, 1, 1024, 1024, false },
	{ "data", 2, 1, 1ull << 30, 1ull << 30, true },
};

static struct {
	bool profile_61, turns, journal, ours_only, quota;
	double factor;
	uint64_t meta_mib;
	char work[1024], target[1100];
} opt = { .factor = 1 };

/* Contents of all files: nothing that a host could store in less space. */
static uint8_t contents[1 << 20];

static void fail(const char *what, int error)
{
	fprintf(stderr, "bench_files: %s: %s (%s)\n", what, strerror(error < 0 ? -error : error),
		xfs_error_text(NULL));
	exit(1);
}

static void ok(int64_t result, const char *what)
{
	if (result < 0)
		fail(what, (int)result);
}

static uint64_t size_of(const struct bench_case *bc, uint64_t i)
{
	uint64_t range = bc->max_bytes - bc->min_bytes + 1;

	return bc->min_bytes + (i * 2654435761u >> 8) % range;
}

static uint64_t total_bytes(const struct bench_case *bc)
{
	uint64_t sum = 0;

	for (uint64_t i = 0; i < bc->files; i++)
		sum += size_of(bc, i);
	return sum;
}

/* Files in the order in which they are made: number @i is file *@file of directory @dir. */
static uint64_t place_of(const struct bench_case *bc, uint64_t i, uint64_t *file)
{
	uint64_t per_dir = (bc->files + bc->dirs - 1) / bc->dirs;

	*file = opt.turns ? i / bc->dirs : i % per_dir;
	return opt.turns ? i % bc->dirs : i / per_dir;
}

static void source_path(char *path, size_t size, uint64_t i)
{
	snprintf(path, size, "%s/source-%" PRIu64, opt.work, i);
}

/* ---- into an image -------------------------------------------------------------------- */

static struct xfs_iattr attributes(uint32_t mode)
{
	return (struct xfs_iattr){
		.size = sizeof(struct xfs_iattr),
		.valid = XFS_ATTR_MODE | XFS_ATTR_UID | XFS_ATTR_GID | XFS_ATTR_ATIME |
			 XFS_ATTR_MTIME,
		.mode = mode,
		.uid = 1000,
		.gid = 1000,
		.atime = { .tv_sec = 1700000000 },
		.mtime = { .tv_sec = 1700000000, .tv_nsec = 123456789 },
	};
}

static void fill_file(const struct bench_case *bc, struct xfs_file *file, uint64_t i)
{
	uint64_t size = size_of(bc, i), done = 0;
	char path[4200];
	int fd;

	if (!bc->copy) {
		if (size)
			ok(xfs_pwrite(file, contents + i % 4096, size, 0), "xfs_pwrite");
		return;
	}
	source_path(path, sizeof(path), i);
	fd = open(path, O_RDONLY);
	while (done < size) {
		int64_t part = xfs_write_from_fd(file, fd, done, size - done, done);

		ok(part ? part : -EIO, "xfs_write_from_fd");
		done += (uint64_t)part;
	}
	close(fd);
}

static void fill_image(const struct bench_case *bc, struct xfs_mount *mp)
{
	struct xfs_file **dirs = calloc(bc->dirs, sizeof(struct xfs_file *)), *file;
	struct xfs_iattr iattr = attributes(S_IFREG | 0644);
	const struct xfs_iattr dir_iattr = attributes(S_IFDIR | 0755);
	char name[64];

	for (uint64_t i = 0; i < bc->files; i++) {
		uint64_t number, dir = place_of(bc, i, &number);

		if (!dirs[dir]) {
			snprintf(name, sizeof(name), "d%03" PRIu64, dir);
			ok(xfs_createat(xfs_root(mp), name, &dir_iattr, NULL, &dirs[dir]), name);
		}
		snprintf(name, sizeof(name), "file-%06" PRIu64, number);
		ok(xfs_createat(dirs[dir], name, &iattr, NULL, &file), name);
		fill_file(bc, file, i);
		/* The write has changed it: a copy has the time of its source. */
		if (size_of(bc, i)) {
			struct xfs_iattr times = iattr;

			times.valid = XFS_ATTR_ATIME | XFS_ATTR_MTIME;
			ok(xfs_fsetattr(file, &times), "xfs_fsetattr");
		}
		ok(xfs_close(file), "xfs_close");
	}
	for (uint64_t i = 0; i < bc->dirs; i++)
		if (dirs[i])
			ok(xfs_close(dirs[i]), "xfs_close");
	free(dirs);
}

static void by_library(const struct bench_case *bc)
{
	const struct xfs_mkfs_options format = {
		.size = sizeof(format),
		.flags = opt.journal ? 0 : XFS_MKFS_INPROGRESS,
		.profile = opt.profile_61 ? XFS_MKFS_PROFILE_6_1 : XFS_MKFS_PROFILE_7_2,
		.imaxpct = XFS_MKFS_IMAXPCT_NOLIMIT,
	};
	const struct xfs_mount_options how = {
		.size = sizeof(how),
		.flags = opt.journal ? 0 : XFS_MOUNT_UNJOURNALLED | XFS_MOUNT_INPROGRESS,
		.meta_cache_bytes = opt.meta_mib << 20,
	};
	uint64_t size = total_bytes(bc) + bc->files * 6000 + (1ull << 30);
	const struct xfs_quota_on_options quota = { .size = sizeof(quota), .types = 7, .enforce = 7 };
	struct xfs_device *dev;
	struct xfs_mount *mp;

	ok(xfs_device_open_file(opt.target, XFS_DEV_CREATE | XFS_DEV_EXCL, size, &dev),
	   opt.target);
	ok(xfs_mkfs(dev, NULL, &format, NULL), "xfs_mkfs");
	ok(xfs_mount(dev, &how, &mp), "xfs_mount");
	if (opt.quota)
		ok(xfs_quota_on(mp, &quota), "xfs_quota_on");
	fill_image(bc, mp);
	ok(xfs_unmount(mp), "xfs_unmount");
	xfs_device_put(dev);
}

/* ---- by the host ------------------------------------------------------------------------ */

static void by_host(const struct bench_case *bc)
{
	char path[4300];

	snprintf(path, sizeof(path), "%s/host", opt.work);
	if (mkdir(path, 0755))
		fail(path, errno);
	for (uint64_t i = 0; i < bc->files; i++) {
		uint64_t number, dir = place_of(bc, i, &number), size = size_of(bc, i);
		int fd;

		if (number == 0) {
			snprintf(path, sizeof(path), "%s/host/d%03" PRIu64, opt.work, dir);
			mkdir(path, 0755);
		}
		snprintf(path, sizeof(path), "%s/host/d%03" PRIu64 "/file-%06" PRIu64, opt.work,
			 dir, number);
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
		if (fd < 0 || (size && write(fd, contents + i % 4096, size) != (ssize_t)size))
			fail(path, errno);
		close(fd);
	}
}

static void by_cp(const struct bench_case *bc)
{
	char command[8400];

	(void)bc;
	snprintf(command, sizeof(command), "mkdir %s/host && cp %s/source-* %s/host/", opt.work,
		 opt.work, opt.work);
	execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	fail("sh", errno);
}

static void remove_results(void)
{
	char command[4200];

	unlink(opt.target);
	snprintf(command, sizeof(command), "rm -rf %s/host", opt.work);
	if (system(command))
		fprintf(stderr, "bench_files: %s/host is left\n", opt.work);
}

static void make_sources(const struct bench_case *bc, bool make)
{
	char path[4200];

	for (uint64_t i = 0; i < bc->files && bc->copy; i++) {
		uint64_t size = size_of(bc, i);
		int fd;

		source_path(path, sizeof(path), i);
		if (!make) {
			unlink(path);
			continue;
		}
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
		for (uint64_t done = 0; done < size; done += sizeof(contents))
			if (write(fd, contents, sizeof(contents)) != (ssize_t)sizeof(contents))
				fail(path, errno);
		close(fd);
	}
}

/* ---- measuring ---------------------------------------------------------------------------- */

struct usage {
	double wall, user, sys, mib;
};

static double seconds(struct timeval tv)
{
	return (double)tv.tv_sec + (double)tv.tv_usec / 1e6;
}

/* @work in a process of its own. */
static struct usage measure(const struct bench_case *bc, void (*work)(const struct bench_case *))
{
	struct timespec start, end;
	struct rusage use;
	int status;
	pid_t pid;

	clock_gettime(CLOCK_MONOTONIC, &start);
	pid = fork();
	if (pid == 0) {
		work(bc);
		_exit(0);
	}
	if (pid < 0 || wait4(pid, &status, 0, &use) != pid || status)
		exit(1);
	clock_gettime(CLOCK_MONOTONIC, &end);
	remove_results();
	return (struct usage){
		.wall = (double)(end.tv_sec - start.tv_sec) +
			(double)(end.tv_nsec - start.tv_nsec) / 1e9,
		.user = seconds(use.ru_utime),
		.sys = seconds(use.ru_stime),
		.mib = (double)use.ru_maxrss / 1024,
	};
}

static void print(const struct bench_case *bc, const char *who, const struct usage *u,
		  const struct usage *host)
{
	double cpu = u->user + u->sys, amount = (double)bc->files;

	if (bc->copy)
		amount = (double)total_bytes(bc) / 1048576;
	printf("%-8s %-6s %7.3f s, CPU %6.3f s (%5.3f in the kernel), %8.0f %s a second, "
	       "%8.0f a CPU second, %6.1f MiB",
	       bc->name, who, u->wall, cpu, u->sys, amount / u->wall, bc->copy ? "MiB" : "files",
	       amount / cpu, u->mib);
	if (host)
		printf(", %4.2f x host, CPU %4.2f x", u->wall / host->wall,
		       cpu / (host->user + host->sys));
	printf("\n");
	fflush(stdout);
}

static void run(const struct bench_case *wanted)
{
	struct bench_case scaled = *wanted, *bc = &scaled;
	struct usage host, ours;

	if (bc->copy)
		bc->min_bytes = bc->max_bytes =
			(uint64_t)((double)bc->max_bytes * opt.factor) & ~(sizeof(contents) - 1);
	else
		bc->files = (uint64_t)((double)bc->files * opt.factor);
	make_sources(bc, true);
	if (opt.ours_only) {
		by_library(bc);
		remove_results();
	} else {
		host = measure(bc, bc->copy ? by_cp : by_host);
		print(bc, "host", &host, NULL);
		ours = measure(bc, by_library);
		print(bc, "image", &ours, &host);
	}
	make_sources(bc, false);
}

int main(int argc, char **argv)
{
	const char *tmp = getenv("TMPDIR");
	bool any = false;
	int c;

	while ((c = getopt(argc, argv, "6ijoqm:n:t:")) != -1) {
		opt.profile_61 |= c == '6';
		opt.turns |= c == 'i';
		opt.journal |= c == 'j';
		opt.ours_only |= c == 'o';
		opt.quota |= c == 'q';
		if (c == 'n')
			opt.factor = atof(optarg);
		else if (c == 'm')
			opt.meta_mib = strtoull(optarg, NULL, 10);
		else if (c == 't')
			snprintf(opt.target, sizeof(opt.target), "%s", optarg);
		else if (c == '?')
			return 2;
	}
	snprintf(opt.work, sizeof(opt.work), "%s/bench-files-XXXXXX", tmp ? tmp : "/dev/shm");
	if (!mkdtemp(opt.work))
		fail(opt.work, errno);
	if (!opt.target[0] && snprintf(opt.target, sizeof(opt.target), "%s/image", opt.work) >=
				      (int)sizeof(opt.target))
		return 2;
	for (size_t i = 0; i < sizeof(contents); i++)
		contents[i] = (uint8_t)(i * 2654435761u >> 13);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool wanted = optind == argc;

		for (int arg = optind; arg < argc; arg++)
			wanted |= strcmp(argv[arg], cases[i].name) == 0;
		if (wanted)
			run(&cases[i]);
		any |= wanted;
	}
	rmdir(opt.work);
	if (!any)
		fprintf(stderr, "bench_files: no such case\n");
	return any ? 0 : 2;
}
