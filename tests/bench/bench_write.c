/* SPDX-License-Identifier: MIT */
/*
 * Goal: what each kind of work on files costs through the library, beside the same calls on a loop
 *       mount of an equal image, and on plain files of the host; and in how many extents files end.
 * Method: bench_write [-s SCALE] [-t THREADS] [-c MIB] JOB PLACE DIR does one job once and prints its
 *       seconds, and the extents of its files ("-" where nobody counts them).  bench_write.sh takes
 *       turns and makes the table.  bench_write -l lists the jobs.
 *
 *       PLACE is "ours", "kernel" (root only) or "raw", DIR a folder for images.  The image is
 *       formatted, what the job needs is put there by the library (raw: by the host), unmounted and
 *       mounted at its place: both begin with the same image and nothing in memory.  The clock runs
 *       from there to the end of the unmount (raw: of syncfs), so that all has come to the image.
 *       THREADS (1) share the work, each in files of its own.  Nothing is asserted: it depends on
 *       the host.
 *
 *       -s  SCALE times the work below
 *       -c  the library keeps up to so many MiB of file data in memory, instead of its default
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xfswrite/fallocate.h>
#include <xfswrite/xfswrite.h>
#include "base/rand.h"
#include "bench/measure.h"
#include "bench/place.h"

#define MIB		(1u << 20)
#define BLOCK		4096u
#define TURN_BYTES	(64u << 10)
#define TURN_FILES	8u
#define APPENDED	64u
#define FILES_PER_DIR	500u
#define SPARSE_BLOCKS	(16u << 20)	/* 64 GiB */
#define FRAGMENT_BYTES	(4u << 20)
#define MAX_THREADS	16u

struct worker {
	const struct job *job;
	struct place *pl;
	uint32_t number, threads;
	uint64_t units;			/* of this thread */
	void *files[APPENDED], *others[APPENDED];
	uint32_t nr_files, nr_others;
	uint8_t *buf;			/* MIB, page-aligned */
};

struct job {
	const char *name, *title;
	uint64_t units;			/* at scale 1, of all threads */
	void (*prepare)(struct worker *w);	/* through the library */
	void (*before)(struct worker *w);	/* at its place, not timed */
	void (*work)(struct worker *w);
	bool raw, alone, extents;	/* also raw; one thread only; extents are of interest */
};

static double scale = 1;

/* ---- files ----------------------------------------------------------------------------------- */

static void *open_at(struct worker *w, char kind, uint32_t i)
{
	char path[64];
	void *file;

	snprintf(path, sizeof(path), "%c%u-%u", kind, w->number, i);
	bench_ok(w->pl->ops->open(w->pl, path, O_RDWR | O_CREAT, &file), path);
	return file;
}

static void open_files(struct worker *w, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		w->files[i] = open_at(w, 'f', i);
	w->nr_files = n;
}

static void open_one(struct worker *w)
{
	open_files(w, 1);
}

/* What the files share blocks with. */
static void open_pair(struct worker *w)
{
	open_files(w, 1);
	w->others[0] = open_at(w, 'o', 0);
	w->nr_others = 1;
}

static void close_all(struct worker *w)
{
	for (uint32_t i = 0; i < w->nr_files; i++)
		bench_ok(w->pl->ops->close(w->files[i]), "close");
	for (uint32_t i = 0; i < w->nr_others; i++)
		bench_ok(w->pl->ops->close(w->others[i]), "close");
	w->nr_files = w->nr_others = 0;
}

static void put(struct worker *w, void *file, size_t len, uint64_t offset)
{
	bench_ok(w->pl->ops->write(file, w->buf, len, offset), "write");
}

static void put_all(struct worker *w, void *file, uint64_t bytes, size_t piece)
{
	for (uint64_t at = 0; at < bytes; at += piece)
		put(w, file, piece, at);
}

/* Every other block of a file. */
static void put_every_other(struct worker *w, void *file, uint64_t blocks)
{
	for (uint64_t i = 0; i < blocks; i++)
		put(w, file, BLOCK, i * 2 * BLOCK);
}

/* A share of @bytes at scale 1, in whole MiB. */
static uint64_t share(const struct worker *w, uint64_t bytes)
{
	uint64_t mib = (uint64_t)((double)(bytes / MIB) * scale) / w->threads;

	return (mib < 8 ? 8 : mib) * MIB;
}

static void fill_one(struct worker *w, uint64_t bytes)
{
	open_one(w);
	put_all(w, w->files[0], share(w, bytes), MIB);
	close_all(w);
}

/* ---- whole files ------------------------------------------------------------------------------ */

static void seq_1m(struct worker *w)
{
	put_all(w, w->files[0], w->units * MIB, MIB);
}

static void seq_4k(struct worker *w)
{
	put_all(w, w->files[0], w->units * MIB, BLOCK);
}

static void fill_2g(struct worker *w)
{
	fill_one(w, 2048ull * MIB);
}

static void fill_256m(struct worker *w)
{
	fill_one(w, 256ull * MIB);
}

static void over_4k(struct worker *w)
{
	uint64_t blocks = share(w, 256ull * MIB) / BLOCK;
	struct xfs_rand r;

	xfs_rand_seed(&r, w->number);
	for (uint64_t i = 0; i < w->units; i++)
		put(w, w->files[0], BLOCK, xfs_rand_below(&r, blocks) * BLOCK);
}

static void sparse_4k(struct worker *w)
{
	struct xfs_rand r;

	xfs_rand_seed(&r, w->number);
	for (uint64_t i = 0; i < w->units; i++)
		put(w, w->files[0], BLOCK, xfs_rand_below(&r, SPARSE_BLOCKS) * BLOCK);
}

static void read_1m(struct worker *w)
{
	uint64_t bytes = share(w, 2048ull * MIB);

	for (uint64_t at = 0; at < bytes; at += MIB)
		bench_ok(w->pl->ops->read(w->files[0], w->buf, MIB, at), "read");
}

static void read_4k(struct worker *w)
{
	uint64_t blocks = share(w, 2048ull * MIB) / BLOCK;
	struct xfs_rand r;

	xfs_rand_seed(&r, w->number);
	for (uint64_t i = 0; i < w->units; i++)
		bench_ok(w->pl->ops->read(w->files[0], w->buf, BLOCK,
					  xfs_rand_below(&r, blocks) * BLOCK), "read");
}

static void fsync_4k(struct worker *w)
{
	for (uint64_t i = 0; i < w->units; i++) {
		put(w, w->files[0], BLOCK, i * BLOCK);
		bench_ok(w->pl->ops->sync(w->files[0], false), "fsync");
	}
}

/* ---- several files ------------------------------------------------------------------------------- */

static void open_appended(struct worker *w)
{
	open_files(w, APPENDED / w->threads);
}

static void append(struct worker *w)
{
	for (uint64_t i = 0; i < w->units; i++)
		put(w, w->files[i % w->nr_files], BLOCK, i / w->nr_files * BLOCK);
}

static void open_turns(struct worker *w)
{
	open_files(w, TURN_FILES / w->threads);
}

static void turns(struct worker *w)
{
	for (uint64_t i = 0; i < w->units; i++)
		put(w, w->files[i % w->nr_files], TURN_BYTES, i / w->nr_files * TURN_BYTES);
}

static void turns_fsync(struct worker *w)
{
	turns(w);
	for (uint32_t i = 0; i < w->nr_files; i++)
		bench_ok(w->pl->ops->sync(w->files[i], false), "fsync");
}

static void make_fragments(struct worker *w)
{
	open_files(w, w->units < APPENDED ? (uint32_t)w->units : APPENDED);
	for (uint32_t i = 0; i < w->nr_files; i++)
		put_every_other(w, w->files[i], FRAGMENT_BYTES / BLOCK / 2);
}

static void write_back(struct worker *w)
{
	for (uint32_t i = 0; i < w->nr_files; i++)
		bench_ok(w->pl->ops->sync(w->files[i], false), "fsync");
}

/* ---- many files ---------------------------------------------------------------------------------- */

static void dir_path(char path[64], const struct worker *w, uint64_t unit)
{
	snprintf(path, 64, "t%u-d%" PRIu64, w->number, unit / FILES_PER_DIR);
}

static void file_path(char path[64], const struct worker *w, uint64_t unit)
{
	snprintf(path, 64, "t%u-d%" PRIu64 "/file-%" PRIu64, w->number, unit / FILES_PER_DIR, unit);
}

static void make_dirs(struct worker *w)
{
	char path[64];

	for (uint64_t unit = 0; unit < w->units; unit += FILES_PER_DIR) {
		dir_path(path, w, unit);
		bench_ok(w->pl->ops->mkdir(w->pl, path), path);
	}
}

static void make_files(struct worker *w, size_t bytes)
{
	char path[64];
	void *file;

	for (uint64_t unit = 0; unit < w->units; unit++) {
		file_path(path, w, unit);
		bench_ok(w->pl->ops->open(w->pl, path, O_RDWR | O_CREAT | O_EXCL, &file), path);
		if (bytes)
			put(w, file, bytes, 0);
		bench_ok(w->pl->ops->close(file), path);
	}
}

static void empty_files(struct worker *w)
{
	make_files(w, 0);
}

static void files_4k(struct worker *w)
{
	make_files(w, BLOCK);
}

static void make_tree(struct worker *w)
{
	make_dirs(w);
	files_4k(w);
}

static void unlink_all(struct worker *w)
{
	char path[64];

	for (uint64_t unit = 0; unit < w->units; unit++) {
		file_path(path, w, unit);
		bench_ok(w->pl->ops->unlink(w->pl, path), path);
	}
}

/* ---- shared blocks --------------------------------------------------------------------------------- */

static void make_clone(struct worker *w)
{
	open_pair(w);
	put_all(w, w->files[0], share(w, 256ull * MIB), MIB);
	bench_ok(w->pl->ops->clone(w->files[0], w->others[0]), "clone");
	close_all(w);
}

static void make_many_extents(struct worker *w)
{
	open_one(w);
	put_every_other(w, w->files[0], w->units);
	close_all(w);
}

static void clone_all(struct worker *w)
{
	bench_ok(w->pl->ops->clone(w->files[0], w->others[0]), "clone");
}

static void make_equal(struct worker *w)
{
	open_pair(w);
	put_all(w, w->files[0], w->units * MIB, MIB);
	put_all(w, w->others[0], w->units * MIB, MIB);
	close_all(w);
}

static void dedupe_all(struct worker *w)
{
	for (uint64_t i = 0; i < w->units; i++)
		bench_ok(w->pl->ops->dedupe(w->others[0], w->files[0], i * MIB, MIB), "dedupe");
}

/* ---- storms ------------------------------------------------------------------------------------------ */

static void make_solid(struct worker *w)
{
	open_one(w);
	put_all(w, w->files[0], (w->units * 2 * BLOCK / MIB + 1) * MIB, MIB);
	close_all(w);
}

static void change(struct worker *w, int mode, uint64_t block)
{
	bench_ok(w->pl->ops->fallocate(w->files[0], mode, block * BLOCK, BLOCK), "fallocate");
}

/* Every other block goes, in an order without neighbours. */
static void punch(struct worker *w)
{
	uint64_t step = w->units / 2 + 1;

	while (w->units % step == 0 || (step % 2 == 0 && w->units % 2 == 0))
		step++;
	for (uint64_t i = 0; i < w->units; i++)
		change(w, XFS_FALLOC_PUNCH_HOLE | XFS_FALLOC_KEEP_SIZE, i * step % w->units * 2);
}

static void insert(struct worker *w)
{
	struct xfs_rand r;

	xfs_rand_seed(&r, w->number);
	for (uint64_t i = 0; i < w->units; i++)
		change(w, XFS_FALLOC_INSERT_RANGE, 1 + xfs_rand_below(&r, w->units * 2 - 1));
}

static void collapse(struct worker *w)
{
	struct xfs_rand r;

	xfs_rand_seed(&r, w->number);
	for (uint64_t i = 0; i < w->units; i++)
		change(w, XFS_FALLOC_COLLAPSE_RANGE, 1 + xfs_rand_below(&r, w->units - 1));
}

static void insert_many(struct worker *w)
{
	for (int i = 0; i < 4; i++)
		change(w, XFS_FALLOC_INSERT_RANGE, 0);
}

static void collapse_many(struct worker *w)
{
	for (int i = 0; i < 4; i++)
		change(w, XFS_FALLOC_COLLAPSE_RANGE, 1);
}

static const struct job jobs[] = {
	{ "seq-1m", "2 GiB in writes of 1 MiB", 2048, NULL, open_one, seq_1m, .raw = true,
	  .extents = true },
	{ "seq-4k", "2 GiB in writes of 4 KiB", 2048, NULL, open_one, seq_4k, .raw = true,
	  .extents = true },
	{ "over-4k", "200,000 random overwrites in 256 MiB", 200000, fill_256m, open_one, over_4k,
	  .raw = true },
	{ "sparse-4k", "200,000 writes scattered over 64 GiB", 200000, NULL, open_one, sparse_4k,
	  .raw = true, .extents = true },
	{ "append-4k", "200,000 appends to 64 files in turns", 200000, NULL, open_appended, append,
	  .raw = true, .extents = true },
	{ "turns-64k", "8 files of 64 MiB in turns of 64 KiB", 8192, NULL, open_turns, turns,
	  .raw = true, .extents = true },
	{ "turns-fsync", "the same, then fsync of each", 8192, NULL, open_turns, turns_fsync,
	  .raw = true, .extents = true },
	{ "files-4k", "100,000 files of 4 KiB", 100000, make_dirs, NULL, files_4k, .raw = true },
	{ "empty", "100,000 empty files", 100000, make_dirs, NULL, empty_files, .raw = true },
	{ "unlink", "100,000 files of 4 KiB go", 100000, make_tree, NULL, unlink_all, .raw = true },
	{ "read-1m", "2 GiB read in calls of 1 MiB", 2048, fill_2g, open_one, read_1m, .raw = true },
	{ "read-4k", "400,000 random reads of 4 KiB", 400000, fill_2g, open_one, read_4k,
	  .raw = true },
	{ "fsync-4k", "5,000 appends of 4 KiB, each with fsync", 5000, NULL, open_one, fsync_4k,
	  .raw = true, .extents = true },
	{ "writeback", "fsync of 64 files of 512 extents", 64, NULL, make_fragments, write_back,
	  .raw = true, .extents = true },
	{ "cow-4k", "100,000 random writes to a clone of 256 MiB", 100000, make_clone, open_one,
	  over_4k, .extents = true },
	{ "clone", "clone of a file of 100,000 extents", 100000, make_many_extents, open_pair,
	  clone_all, .alone = true },
	{ "dedupe", "1 GiB in calls of 1 MiB", 1024, make_equal, open_pair, dedupe_all,
	  .extents = true },
	{ "punch", "50,000 punches of every other block", 50000, make_solid, open_one, punch,
	  .raw = true, .extents = true },
	{ "insert", "2,000 blocks inserted here and there", 2000, make_solid, open_one, insert,
	  .extents = true },
	{ "collapse", "2,000 blocks collapsed here and there", 2000, make_solid, open_one, collapse,
	  .extents = true },
	{ "insert-many", "4 inserts before 100,000 extents", 100000, make_many_extents, open_one,
	  insert_many, .alone = true, .extents = true },
	{ "collapse-many", "4 collapses before 100,000 extents", 100000, make_many_extents, open_one,
	  collapse_many, .alone = true, .extents = true },
};

/* ---- running one ---------------------------------------------------------------------------------- */

struct run {
	const struct job *job;
	struct place *pl;
	uint32_t threads;
	struct worker workers[MAX_THREADS];
	pthread_barrier_t barrier;
};

struct thread {
	struct run *run;
	struct worker *w;
};

static void *thread_of(void *arg)
{
	struct thread *thread = arg;
	struct run *run = thread->run;

	if (run->job->before)
		run->job->before(thread->w);
	pthread_barrier_wait(&run->barrier);	/* all are ready */
	pthread_barrier_wait(&run->barrier);	/* the clock runs */
	run->job->work(thread->w);
	close_all(thread->w);
	return NULL;
}

static void set_up_workers(struct run *run)
{
	for (uint32_t i = 0; i < run->threads; i++) {
		struct worker *w = &run->workers[i];
		uint64_t units = (uint64_t)((double)run->job->units * scale) / run->threads;

		*w = (struct worker){ .job = run->job, .pl = run->pl, .number = i,
				      .threads = run->threads, .units = units < 2 ? 2 : units };
		w->buf = aligned_alloc(BLOCK, MIB);
		if (!w->buf)
			bench_fail("memory", ENOMEM);
		for (uint32_t b = 0; b < MIB; b++)
			w->buf[b] = (uint8_t)(b * 2654435761u >> 13);
	}
}

static void prepare(struct run *run)
{
	struct place library = { .name = "library", .ops = &place_ours }, *pl = run->pl;

	if (pl->image[0]) {
		place_format(pl->image, (uint64_t)(3072 + 3072 * scale) * MIB);
		memcpy(library.image, pl->image, sizeof(library.image));
		pl = &library;
	}
	if (!run->job->prepare)
		return;
	bench_ok(pl->ops->mount(pl), "mount");
	for (uint32_t i = 0; i < run->threads; i++) {
		run->workers[i].pl = pl;
		run->job->prepare(&run->workers[i]);
		run->workers[i].pl = run->pl;
	}
	bench_ok(pl->ops->unmount(pl), "unmount");
}

static double measure(struct run *run)
{
	struct thread threads[MAX_THREADS];
	pthread_t ids[MAX_THREADS];
	double start;

	bench_ok(run->pl->ops->mount(run->pl), "mount");
	pthread_barrier_init(&run->barrier, NULL, run->threads + 1);
	for (uint32_t i = 0; i < run->threads; i++) {
		threads[i] = (struct thread){ .run = run, .w = &run->workers[i] };
		if (pthread_create(&ids[i], NULL, thread_of, &threads[i]))
			bench_fail("pthread_create", EAGAIN);
	}
	pthread_barrier_wait(&run->barrier);
	start = bench_now();
	pthread_barrier_wait(&run->barrier);
	for (uint32_t i = 0; i < run->threads; i++)
		pthread_join(ids[i], NULL);
	bench_ok(run->pl->ops->unmount(run->pl), "unmount");
	start = bench_now() - start;
	pthread_barrier_destroy(&run->barrier);
	return start;
}

/* Of all files that the work was about. */
static int64_t count_extents(struct run *run)
{
	struct place *pl = run->pl;
	int64_t sum = 0;

	bench_ok(pl->ops->mount(pl), "mount");
	for (uint32_t thread = 0; thread < run->threads; thread++) {
		for (uint32_t i = 0; i < APPENDED; i++) {
			char path[64];
			int64_t extents;
			void *file;

			snprintf(path, sizeof(path), "f%u-%u", thread, i);
			if (pl->ops->open(pl, path, O_RDONLY, &file))
				break;
			extents = pl->ops->extents(file);
			bench_ok(extents, "extents");
			sum += extents;
			bench_ok(pl->ops->close(file), "close");
		}
	}
	bench_ok(pl->ops->unmount(pl), "unmount");
	return sum;
}

static int run_job(const struct job *job, struct place *pl, uint32_t threads)
{
	struct run run = { .job = job, .pl = pl, .threads = threads };
	double seconds;

	set_up_workers(&run);
	prepare(&run);
	seconds = measure(&run);
	if (job->extents && pl->image[0])
		printf("%.4f %" PRId64 "\n", seconds, count_extents(&run));
	else
		printf("%.4f -\n", seconds);
	for (uint32_t i = 0; i < threads; i++)
		free(run.workers[i].buf);
	return 0;
}

static int set_place(struct place *pl, const char *name, const char *dir)
{
	pl->name = name;
	pl->ops = strcmp(name, "ours") ? &place_posix : &place_ours;
	if (strcmp(name, "raw")) {
		if (strcmp(name, "ours") && strcmp(name, "kernel"))
			return -EINVAL;
		snprintf(pl->image, sizeof(pl->image), "%s/%s.img", dir, name);
	}
	snprintf(pl->dir, sizeof(pl->dir), "%s/%s", dir, name);
	if (pl->ops == &place_posix && mkdir(pl->dir, 0755) && errno != EEXIST)
		return -errno;
	return 0;
}

/* One line for each job: name, whether raw and several threads make sense, what it is. */
static int list(void)
{
	for (size_t i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++)
		printf("%s %d %d %s\n", jobs[i].name, jobs[i].raw, !jobs[i].alone, jobs[i].title);
	return 0;
}

static int usage(void)
{
	fprintf(stderr, "usage: bench_write [-s SCALE] [-t THREADS] [-c MIB] JOB ours|kernel|raw DIR\n"
		"       bench_write -l\n");
	return 2;
}

int main(int argc, char **argv)
{
	struct xfs_mount_options options = XFS_MOUNT_OPTIONS_INIT;
	struct place pl = { .options = &options };
	uint32_t threads = 1;
	int c;

	while ((c = getopt(argc, argv, "c:ls:t:")) != -1) {
		if (c == 'l')
			return list();
		if (c == 's')
			scale = atof(optarg);
		else if (c == 't')
			threads = (uint32_t)strtoul(optarg, NULL, 0);
		else if (c == 'c')
			options.data_cache_bytes = strtoull(optarg, NULL, 0) * MIB;
		else
			return usage();
	}
	if (argc - optind != 3 || scale <= 0 || threads < 1 || threads > MAX_THREADS ||
	    set_place(&pl, argv[optind + 1], argv[optind + 2]))
		return usage();
	for (size_t i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++)
		if (!strcmp(jobs[i].name, argv[optind]))
			return run_job(&jobs[i], &pl, threads);
	return usage();
}
