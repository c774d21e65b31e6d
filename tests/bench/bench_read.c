/* SPDX-License-Identifier: MIT */
/*
 * Goal: what reading a file through the library costs, beside reading the same bytes of the image with
 *       pread(2).
 * Method: bench_read [-m MIB] [-r ROUNDS] [TARGET]: formats TARGET (a file in TMPDIR or /dev/shm),
 *       writes one file of MIB (256) into it, unmounts, mounts again, and takes turns of ours
 *       and theirs, ROUNDS (5) times each; the medians of both and their ratio are printed.  The same
 *       offsets in the same order, page-aligned buffers, one thread.  Nothing is asserted: it
 *       depends on the host.
 *
 *       seq-1m, seq-4k	from begin to end, in pieces of so much
 *       random-4k	100,000 blocks in a random order, no one twice if there are so many
 *       again-4k	20,000 reads of blocks in 8 MiB that were read twice before; theirs is memcpy()
 *			out of 8 MiB
 *       again-1m	the same 8 MiB in pieces of 1 MiB, after small reads brought them into memory
 *       vector-4k	1 MiB in vectors of 256 buffers
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xfswrite/io.h>
#include <xfswrite/mkfs.h>
#include <xfswrite/xfswrite.h>
#include "bench/measure.h"

#define MIB		(1u << 20)
#define BLOCK		4096u
#define MAX_ROUNDS	101
#define RANDOM_READS	100000u
#define HOT_BYTES	(8u * MIB)
#define HOT_READS	20000u

struct bench {
	struct xfs_mount *mp;
	struct xfs_file *file;
	int fd;			/* of the image */
	uint64_t bytes;		/* of the file */
	uint64_t device;	/* byte where its only extent begins */
	uint8_t *buf, *hot;
	uint32_t *order;	/* a permutation of the blocks */
	uint32_t nr_blocks;
};

static void read_ours(struct bench *b, uint64_t offset, size_t len)
{
	if (xfs_pread(b->file, b->buf, len, offset) != (ssize_t)len)
		bench_fail("xfs_pread", 0);
}

static void read_theirs(struct bench *b, uint64_t offset, size_t len)
{
	if (pread(b->fd, b->buf, len, (off_t)(b->device + offset)) != (ssize_t)len)
		bench_fail("pread", -1);
}

static void sequential(struct bench *b, bool ours, size_t piece)
{
	for (uint64_t at = 0; at < b->bytes; at += piece) {
		if (ours)
			read_ours(b, at, piece);
		else
			read_theirs(b, at, piece);
	}
}

static void seq_1m(struct bench *b, bool ours)
{
	sequential(b, ours, MIB);
}

static void seq_4k(struct bench *b, bool ours)
{
	sequential(b, ours, BLOCK);
}

static void random_4k(struct bench *b, bool ours)
{
	for (uint32_t i = 0; i < RANDOM_READS; i++) {
		uint64_t at = (uint64_t)b->order[i % b->nr_blocks] * BLOCK;

		if (ours)
			read_ours(b, at, BLOCK);
		else
			read_theirs(b, at, BLOCK);
	}
}

static void hot_4k(struct bench *b, bool ours)
{
	for (uint32_t i = 0; i < HOT_READS; i++) {
		uint64_t at = (uint64_t)(b->order[i % b->nr_blocks] % (HOT_BYTES / BLOCK)) * BLOCK;

		if (ours)
			read_ours(b, at, BLOCK);
		else
			memcpy(b->buf, b->hot + at, BLOCK);
	}
}

static void hot_1m(struct bench *b, bool ours)
{
	for (uint32_t i = 0; i < 10 * HOT_BYTES / MIB; i++) {
		uint64_t at = i % (HOT_BYTES / MIB) * (uint64_t)MIB;

		if (ours)
			read_ours(b, at, MIB);
		else
			memcpy(b->buf, b->hot + at, MIB);
	}
}

static void warm(struct bench *b)
{
	for (int round = 0; round < 3; round++)
		for (uint32_t at = 0; at < HOT_BYTES; at += BLOCK)
			read_ours(b, at, BLOCK);
}

static void vector_4k(struct bench *b, bool ours)
{
	struct iovec iov[MIB / BLOCK];

	for (size_t i = 0; i < MIB / BLOCK; i++)
		iov[i] = (struct iovec){ .iov_base = b->buf + i * BLOCK, .iov_len = BLOCK };
	for (uint64_t at = 0; at < b->bytes; at += MIB) {
		ssize_t got = ours ? xfs_preadv(b->file, iov, MIB / BLOCK, at)
				   : preadv(b->fd, iov, MIB / BLOCK, (off_t)(b->device + at));

		if (got != MIB)
			bench_fail("preadv", -1);
	}
}

static const struct {
	const char *name;
	void (*run)(struct bench *b, bool ours);
	void (*before)(struct bench *b);
} cases[] = {
	{ "seq-1m", seq_1m, NULL },
	{ "seq-4k", seq_4k, NULL },
	{ "vector-4k", vector_4k, NULL },
	{ "random-4k", random_4k, NULL },
	{ "again-4k", hot_4k, warm },
	{ "again-1m", hot_1m, warm },
};

static void set_up(struct bench *b, const char *target)
{
	struct xfs_mkfs_options mkfs = XFS_MKFS_OPTIONS_INIT;
	struct xfs_extent extent = XFS_EXTENT_INIT;
	struct xfs_device *dev;
	size_t count;

	/* Of four groups, each larger than the file. */
	bench_ok(xfs_device_open_file(target, XFS_DEV_CREATE | XFS_DEV_TRUNCATE,
				  4 * (b->bytes + 128 * (uint64_t)MIB), &dev),
	     "the image");
	bench_ok(xfs_mkfs(dev, NULL, &mkfs, NULL), "formatting");
	bench_ok(xfs_mount(dev, NULL, &b->mp), "mounting");
	bench_ok(xfs_open(b->mp, "/f", O_RDWR | O_CREAT, 0644, &b->file), "opening");
	for (uint64_t at = 0; at < b->bytes; at += 4 * MIB) {
		for (uint32_t i = 0; i < 4 * MIB; i += 8)
			memcpy(b->buf + i, &(uint64_t){ at + i }, 8);
		bench_ok(xfs_pwrite(b->file, b->buf, 4 * MIB, at), "writing");
	}
	bench_ok(xfs_close(b->file), "closing");
	bench_ok(xfs_unmount(b->mp), "unmounting");
	bench_ok(xfs_mount(dev, NULL, &b->mp), "mounting");
	xfs_device_put(dev);
	bench_ok(xfs_open(b->mp, "/f", O_RDONLY, 0, &b->file), "opening");
	bench_ok(xfs_extents(b->file, 0, &extent, 1, &count), "the map");
	if (count != 1 || extent.length < b->bytes)
		bench_fail("the file is in more than one piece: take a smaller -m", -1);
	b->device = extent.device_offset;
	b->fd = open(target, O_RDONLY);
	if (b->fd < 0)
		bench_fail(target, -1);
	for (uint32_t i = 0; i < b->nr_blocks; i++)
		b->order[i] = i;
	srandom(1);
	for (uint32_t i = b->nr_blocks - 1; i > 0; i--) {
		uint32_t with = (uint32_t)random() % (i + 1), kept = b->order[i];

		b->order[i] = b->order[with];
		b->order[with] = kept;
	}
	memset(b->hot, 1, HOT_BYTES);
}

static void run_all(struct bench *b, int rounds)
{
	double ours[MAX_ROUNDS], theirs[MAX_ROUNDS];

	printf("%-10s %12s %12s %8s\n", "case", "ours ms", "theirs ms", "ratio");
	for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
		double mine, others;

		if (cases[c].before)
			cases[c].before(b);
		for (int round = 0; round < rounds; round++) {
			double start = bench_now(), between;

			cases[c].run(b, true);
			between = bench_now();
			cases[c].run(b, false);
			ours[round] = between - start;
			theirs[round] = bench_now() - between;
		}
		mine = bench_median(ours, (size_t)rounds);
		others = bench_median(theirs, (size_t)rounds);
		printf("%-10s %12.2f %12.2f %8.2f\n", cases[c].name, mine * 1e3, others * 1e3, mine / others);
	}
}

int main(int argc, char **argv)
{
	const char *dir = getenv("TMPDIR");
	struct bench b = { .bytes = 256u * (uint64_t)MIB };
	char target[1024];
	int rounds = 5, c;

	while ((c = getopt(argc, argv, "m:r:")) != -1) {
		if (c == 'm')
			b.bytes = strtoull(optarg, NULL, 0) / 4 * 4 * MIB;
		else if (c == 'r')
			rounds = atoi(optarg);
		else
			return 2;
	}
	if (b.bytes < HOT_BYTES || rounds < 1 || rounds > MAX_ROUNDS)
		return 2;
	snprintf(target, sizeof(target), "%s/bench_read.%d", dir ? dir : "/dev/shm", (int)getpid());
	if (optind < argc)
		snprintf(target, sizeof(target), "%s", argv[optind]);
	b.nr_blocks = (uint32_t)(b.bytes / BLOCK);
	b.buf = aligned_alloc(BLOCK, 4 * MIB);
	b.hot = aligned_alloc(BLOCK, HOT_BYTES);
	b.order = malloc(b.nr_blocks * sizeof(*b.order));
	if (!b.buf || !b.hot || !b.order)
		bench_fail("memory", -1);
	set_up(&b, target);
	run_all(&b, rounds);
	bench_ok(xfs_close(b.file), "closing");
	bench_ok(xfs_unmount(b.mp), "unmounting");
	close(b.fd);
	if (optind == argc)
		unlink(target);
	free(b.buf);
	free(b.hot);
	free(b.order);
	return 0;
}
