/* SPDX-License-Identifier: MIT */
/*
 * Goal: whether threads that work on different files get as much more done as there are CPUs.
 * Method: bench_threads [-f FACTOR] [-m] [-r RUNS] [-s] [-t THREADS] [JOB...]: each job is the same
 *       work done by one thread and by THREADS (2), each with directories and files of its own,
 *       on an image with a journal; RUNS (3) times in turns.  Then THREADS have a mount and an image
 *       each, and each does all of the work: what they gain is the most that the machine, the
 *       memory allocator and the host's kernel allow, and the rest is what one mount shares.
 *       Prints the smallest time of each and how much more was done in it than by one thread.
 *
 *       -f  FACTOR times the work
 *       -m  the image is the library's device in memory, not a file in TMPDIR (/dev/shm): without
 *           the host's lock of that file
 *       -s  all threads work in one directory
 *
 *       lookup     paths of three directories that end at a file: open and close
 *       stat       attributes by such paths
 *       create     empty files
 *       unlink     these go
 *       small      files of 4 KiB
 *       append     4 KiB at a time to 64 files in turns
 *       overwrite  4 KiB at random places of a file of 16 MiB
 *       read       the same, read from memory
 *       writeback  xfs_fsync() of files of 4 MiB with one hole behind each block
 *
 *       On a machine with other work to do: chrt -f 10.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xfswrite/mkfs.h>
#include <xfswrite/xfswrite.h>
#include "base/rand.h"
#include "bench/measure.h"

#define IMAGE_BYTES	(3ull << 30)
#define BLOCK		4096u
#define FILES_PER_DIR	200u
#define APPENDED	64u
#define LARGE_BYTES	(16u << 20)
#define FRAGMENT_BYTES	(4u << 20)

struct worker {
	const struct job *job;
	struct xfs_mount *mp;
	unsigned int number;
	uint64_t from, to;		/* units of work that are this thread's */
	bool alone;
	struct xfs_file *files[APPENDED];
	uint8_t block[BLOCK];
};

struct job {
	const char *name;
	uint64_t units;
	void (*prepare)(struct worker *w);	/* by each thread, not timed */
	void (*work)(struct worker *w);
	void (*end)(struct worker *w);
};

static struct {
	double factor;
	bool memory, one_dir;
	unsigned int runs, threads;
	char target[1100];
} opt = { .factor = 1, .runs = 3, .threads = 2 };

static pthread_barrier_t barrier;

/* ---- names -------------------------------------------------------------------------------- */

static void dir_path(char *path, size_t size, const struct worker *w, uint64_t unit)
{
	if (opt.one_dir)
		snprintf(path, size, "/all");
	else
		snprintf(path, size, "/t%u/a/d%" PRIu64, w->number, unit / FILES_PER_DIR);
}

static void file_path(char *path, size_t size, const struct worker *w, uint64_t unit)
{
	char dir[100];

	dir_path(dir, sizeof(dir), w, unit);
	snprintf(path, size, "%s/file-%06" PRIu64, dir, unit);
}

static void make_dir(const struct worker *w, const char *path)
{
	int error = xfs_mkdir(w->mp, path, 0755);

	bench_ok(error == -EEXIST ? 0 : error, path);
}

static void make_dirs(struct worker *w)
{
	char path[100];

	if (opt.one_dir) {
		make_dir(w, "/all");
		return;
	}
	snprintf(path, sizeof(path), "/t%u", w->number);
	make_dir(w, path);
	snprintf(path, sizeof(path), "/t%u/a", w->number);
	make_dir(w, path);
	for (uint64_t unit = w->from; unit < w->to; unit++) {
		if (unit != w->from && unit % FILES_PER_DIR)
			continue;
		dir_path(path, sizeof(path), w, unit);
		make_dir(w, path);
	}
}

/* ---- the jobs -------------------------------------------------------------------------------- */

static void create(struct worker *w)
{
	struct xfs_file *file;
	char path[200];

	for (uint64_t unit = w->from; unit < w->to; unit++) {
		file_path(path, sizeof(path), w, unit);
		bench_ok(xfs_open(w->mp, path, O_CREAT | O_EXCL | O_WRONLY, 0644, &file), path);
		bench_ok(xfs_close(file), path);
	}
}

static void make_files(struct worker *w)
{
	make_dirs(w);
	create(w);
}

static void unlink_all(struct worker *w)
{
	char path[200];

	for (uint64_t unit = w->from; unit < w->to; unit++) {
		file_path(path, sizeof(path), w, unit);
		bench_ok(xfs_unlink(w->mp, path), path);
	}
}

#define ROUNDS 4u

static void lookup(struct worker *w)
{
	struct xfs_file *file;
	char path[200];

	for (unsigned int round = 0; round < ROUNDS; round++) {
		for (uint64_t unit = w->from; unit < w->to; unit++) {
			file_path(path, sizeof(path), w, unit);
			bench_ok(xfs_open(w->mp, path, O_RDONLY, 0, &file), path);
			bench_ok(xfs_close(file), path);
		}
	}
}

static void stat_all(struct worker *w)
{
	struct xfs_stat st = XFS_STAT_INIT;
	char path[200];

	for (unsigned int round = 0; round < ROUNDS; round++) {
		for (uint64_t unit = w->from; unit < w->to; unit++) {
			file_path(path, sizeof(path), w, unit);
			bench_ok(xfs_getattr(w->mp, path, true, &st), path);
		}
	}
}

static void small(struct worker *w)
{
	struct xfs_file *file;
	char path[200];

	for (uint64_t unit = w->from; unit < w->to; unit++) {
		file_path(path, sizeof(path), w, unit);
		bench_ok(xfs_open(w->mp, path, O_CREAT | O_EXCL | O_WRONLY, 0644, &file), path);
		bench_ok(xfs_pwrite(file, w->block, BLOCK, 0), path);
		bench_ok(xfs_close(file), path);
	}
}

static void open_own(struct worker *w, unsigned int i)
{
	char path[200];

	snprintf(path, sizeof(path), "/own-%u-%u", w->number, i);
	bench_ok(xfs_open(w->mp, path, O_CREAT | O_RDWR, 0644, &w->files[i]), path);
}

static void close_own(struct worker *w)
{
	for (unsigned int i = 0; i < APPENDED; i++)
		if (w->files[i])
			bench_ok(xfs_close(w->files[i]), "xfs_close");
}

/* As many files whatever the number of threads. */
static unsigned int nr_appended(const struct worker *w)
{
	return w->alone ? APPENDED : APPENDED / opt.threads;
}

static void open_appended(struct worker *w)
{
	for (unsigned int i = 0; i < nr_appended(w); i++)
		open_own(w, i);
}

static void append(struct worker *w)
{
	unsigned int nr = nr_appended(w);

	for (uint64_t i = 0; i < w->to - w->from; i++)
		bench_ok(xfs_pwrite(w->files[i % nr], w->block, BLOCK, i / nr * BLOCK), "xfs_pwrite");
}

static void fill_large(struct worker *w)
{
	open_own(w, 0);
	for (uint64_t pos = 0; pos < LARGE_BYTES; pos += BLOCK)
		bench_ok(xfs_pwrite(w->files[0], w->block, BLOCK, pos), "xfs_pwrite");
	bench_ok(xfs_fsync(w->files[0]), "xfs_fsync");
}

static void overwrite(struct worker *w)
{
	struct xfs_rand r;

	xfs_rand_seed(&r, w->number);
	for (uint64_t unit = w->from; unit < w->to; unit++)
		bench_ok(xfs_pwrite(w->files[0], w->block, BLOCK,
			      xfs_rand_below(&r, LARGE_BYTES / BLOCK) * BLOCK), "xfs_pwrite");
}

static void read_back(struct worker *w)
{
	struct xfs_rand r;

	xfs_rand_seed(&r, w->number);
	for (uint64_t unit = w->from; unit < w->to; unit++)
		bench_ok(xfs_pread(w->files[0], w->block, BLOCK,
			     xfs_rand_below(&r, LARGE_BYTES / BLOCK) * BLOCK), "xfs_pread");
}

static void make_fragments(struct worker *w)
{
	for (unsigned int i = 0; i < w->to - w->from; i++) {
		open_own(w, i);
		for (uint64_t pos = 0; pos < FRAGMENT_BYTES; pos += 2 * BLOCK)
			bench_ok(xfs_pwrite(w->files[i], w->block, BLOCK, pos), "xfs_pwrite");
	}
}

static void write_back(struct worker *w)
{
	for (unsigned int i = 0; i < w->to - w->from; i++)
		bench_ok(xfs_fsync(w->files[i]), "xfs_fsync");
}

static const struct job jobs[] = {
	{ "lookup", 20000, make_files, lookup, NULL },
	{ "stat", 20000, make_files, stat_all, NULL },
	{ "create", 30000, make_dirs, create, NULL },
	{ "unlink", 30000, make_files, unlink_all, NULL },
	{ "small", 20000, make_dirs, small, NULL },
	{ "append", 25000, open_appended, append, close_own },
	{ "overwrite", 400000, fill_large, overwrite, close_own },
	{ "read", 600000, fill_large, read_back, close_own },
	{ "writeback", 32, make_fragments, write_back, close_own },
};

/* ---- running them ---------------------------------------------------------------------------- */

static void *thread_of(void *arg)
{
	struct worker *w = arg;

	w->job->prepare(w);
	pthread_barrier_wait(&barrier);	/* all are ready */
	pthread_barrier_wait(&barrier);	/* the clock runs */
	w->job->work(w);
	pthread_barrier_wait(&barrier);
	if (w->job->end)
		w->job->end(w);
	return NULL;
}

struct fs {
	struct xfs_device *dev;
	struct xfs_mount *mp;
};

static void image_path(char *path, size_t size, unsigned int number)
{
	snprintf(path, size, "%s.%u", opt.target, number);
}

static void make_fs(struct fs *fs, unsigned int number)
{
	const struct xfs_mkfs_options format = { .size = sizeof(format), .agcount = 16 };
	const struct xfs_mount_options how = {
		.size = sizeof(how), .data_cache_bytes = 256u << 20, .meta_cache_bytes = 256u << 20,
	};
	char path[1200];

	image_path(path, sizeof(path), number);
	if (opt.memory)
		bench_ok(xfs_device_open_memory(IMAGE_BYTES, 512, NULL, &fs->dev), "memory");
	else
		bench_ok(xfs_device_open_file(path, XFS_DEV_CREATE | XFS_DEV_EXCL, IMAGE_BYTES, &fs->dev),
		   path);
	bench_ok(xfs_mkfs(fs->dev, NULL, &format, NULL), "xfs_mkfs");
	bench_ok(xfs_mount(fs->dev, &how, &fs->mp), "xfs_mount");
}

static void drop_fs(struct fs *fs, unsigned int number)
{
	char path[1200];

	xfs_abandon(fs->mp);
	xfs_device_put(fs->dev);
	image_path(path, sizeof(path), number);
	if (!opt.memory)
		unlink(path);
}

/* All threads do their share of the job, and the clock runs from the first to the last. */
static double run_threads(struct worker *workers, unsigned int nr)
{
	pthread_t *threads = calloc(nr, sizeof(*threads));
	double began, took;

	pthread_barrier_init(&barrier, NULL, nr + 1);
	for (unsigned int i = 0; i < nr; i++)
		if (pthread_create(&threads[i], NULL, thread_of, &workers[i]))
			bench_ok(-EAGAIN, "pthread_create");
	pthread_barrier_wait(&barrier);
	began = bench_now();
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	took = bench_now() - began;
	for (unsigned int i = 0; i < nr; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&barrier);
	free(threads);
	return took;
}

/* Each mount has all of the work done: caches are filled and logs are written as by one thread. */
static double run(const struct job *job, unsigned int nr, unsigned int nr_mounts)
{
	unsigned int share = nr / nr_mounts;
	struct worker *workers = calloc(nr, sizeof(*workers));
	struct fs *fs = calloc(nr_mounts, sizeof(*fs));
	double took;

	for (unsigned int i = 0; i < nr_mounts; i++)
		make_fs(&fs[i], i);
	for (unsigned int i = 0; i < nr; i++)
		workers[i] = (struct worker){
			.job = job, .mp = fs[i % nr_mounts].mp, .number = i, .alone = share == 1,
			.from = job->units * (i % share) / share,
			.to = job->units * (i % share + 1) / share,
		};
	took = run_threads(workers, nr);
	for (unsigned int i = 0; i < nr_mounts; i++)
		drop_fs(&fs[i], i);
	free(workers);
	free(fs);
	return took;
}

static void measure(const struct job *spec)
{
	struct job job = *spec;
	double one = 1e9, many = 1e9, apart = 1e9;

	job.units = (uint64_t)((double)job.units * opt.factor);
	for (unsigned int i = 0; i < opt.runs; i++) {
		double a = run(&job, 1, 1), b = run(&job, opt.threads, 1);
		double c = run(&job, opt.threads, opt.threads);

		one = a < one ? a : one;
		many = b < many ? b : many;
		apart = c < apart ? c : apart;
	}
	printf("%-10s 1 thread %.3f s, %u threads on one mount %.3f s (%.2f), on %u mounts %.3f s (%.2f)\n",
	       job.name, one, opt.threads, many, one / many, opt.threads, apart, opt.threads * one / apart);
	fflush(stdout);
}

static bool wanted(const struct job *job, int argc, char **argv)
{
	for (int i = optind; i < argc; i++)
		if (!strcmp(argv[i], job->name))
			return true;
	return optind == argc;
}

int main(int argc, char **argv)
{
	const char *dir = getenv("TMPDIR");
	int c;

	snprintf(opt.target, sizeof(opt.target), "%s/bench_threads.%d", dir ? dir : "/dev/shm",
		 (int)getpid());
	while ((c = getopt(argc, argv, "f:mr:st:")) != -1) {
		switch (c) {
		case 'f':
			opt.factor = atof(optarg);
			break;
		case 'm':
			opt.memory = true;
			break;
		case 'r':
			opt.runs = (unsigned int)atoi(optarg);
			break;
		case 's':
			opt.one_dir = true;
			break;
		case 't':
			opt.threads = (unsigned int)atoi(optarg);
			break;
		default:
			fprintf(stderr, "usage: bench_threads [-f FACTOR] [-m] [-r RUNS] [-s] "
				"[-t THREADS] [JOB...]\n");
			return 2;
		}
	}
	for (size_t i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++)
		if (wanted(&jobs[i], argc, argv))
			measure(&jobs[i]);
	return 0;
}
