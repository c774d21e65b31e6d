/* SPDX-License-Identifier: MIT */
/*
 * recovery_cut IMG SEED CUTS: the recovery of a dirty image (its log inside) loses power, and
 * the next one must lead to where the first would have led.
 *
 * First the checker's reading of the log must agree with recovery's.
 * IMG is recovered once, in memory, with every write and flush recorded.  Then CUTS times: an
 * image that a power loss during that could have left - of what was not flushed each sector
 * old or new - is recovered, with power lost once more in one of two; and then to the end.  Some of
 * these recoveries have no memory for buffers, and write them in the middle of replay.  The
 * checker must find what it finds after the undisturbed recovery, the tree and the space
 * it takes must be the same.  The blocks of the AGs' trees may be one more or less: they split
 * and join as their records come and go, and what waits for a checkpoint in one go
 * has come before in two.  So they count as free space.  IMG is not changed.  Exit: 0; 1 and a line for each difference.
 * Shows (INTENT-3).
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xfswrite/check.h>
#include <xfswrite/xfswrite.h>
#include "base/rand.h"
#include "crash/tree.h"
#include "support/log_compare.h"
#include "support/test_device.h"

struct outcome {
	uint64_t digest, findings, free_blocks, metadata_blocks, inodes;
	char first[300];	/* finding */
};

static const char *doing = "";

static void check(int64_t ret, const char *what)
{
	if (ret >= 0)
		return;
	fprintf(stderr, "%s: %s: %s: %s\n", doing, what, strerror((int)-ret),
		xfs_error_text(NULL));
	exit(1);
}

static struct xfs_device *over(struct xfs_device *base)
{
	struct xfs_device *overlay;

	check(xfs_device_open_overlay(base, NULL, &overlay), "overlay");
	return overlay;
}

/* Without memory for it replay writes buffers as it goes. */
static void recover(struct xfs_device *dev, bool memory)
{
	struct xfs_mount_options opts = { .size = sizeof(opts), .meta_cache_bytes = !memory };
	struct xfs_mount *mp;

	check(xfs_mount(dev, &opts, &mp), "recovery");
	check(xfs_unmount(mp), "closing");
}

static int finding(void *ctx, const struct xfs_finding *f)
{
	struct outcome *out = ctx;

	if (!out->first[0])
		snprintf(out->first, sizeof(out->first), "%s, AG %" PRId64 ", block %" PRId64
			 ", inode %" PRId64 ": %s", f->structure, f->agno, (int64_t)f->block,
			 (int64_t)f->ino, f->text);
	return 0;
}

static void look(struct xfs_device *dev, struct outcome *out)
{
	struct xfs_mount_options opts = { .size = sizeof(opts), .flags = XFS_MOUNT_RDONLY };
	struct xfs_check_options copts = { .size = sizeof(copts), .ctx = out, .finding = finding };
	struct xfs_check_summary sum = XFS_CHECK_SUMMARY_INIT;
	struct xfs_mount *mp;
	struct tree tree;

	memset(out, 0, sizeof(*out));
	check(xfs_check(dev, NULL, &copts, &sum), "check");
	check(xfs_mount(dev, &opts, &mp), "reading");
	memset(&tree, 0, sizeof(tree));
	if (tree_read(mp, "/", &tree)) {
		fprintf(stderr, "%s: %s\n", doing, tree.error);
		exit(1);
	}
	*out = (struct outcome){
		.digest = tree.digest, .findings = sum.findings, .free_blocks = sum.free_blocks,
		.metadata_blocks = sum.metadata_blocks, .inodes = sum.inodes,
	};
	tree_free(&tree);
	check(xfs_unmount(mp), "closing");
	if (sum.findings)
		check(xfs_check(dev, NULL, &copts, &sum), "check");
}

/*
 * A moment of the recording: any, or, half of the time, next to one at which something became
 * stable, of which there are few.
 */
static uint32_t moment(struct xfs_device *recorder, struct xfs_rand *r)
{
	uint32_t nr = test_recorder_events(recorder), stable = 0, pick, i;

	for (i = 0; i < nr; i++) {
		const struct test_event *e = test_recorder_event(recorder, i);

		stable += e->kind == TEST_EVENT_FLUSH || e->fua;
	}
	if (!stable || xfs_rand_below(r, 2))
		return (uint32_t)xfs_rand_below(r, nr + 1u);
	pick = (uint32_t)xfs_rand_below(r, stable);
	for (i = 0; i < nr; i++) {
		const struct test_event *e = test_recorder_event(recorder, i);

		if ((e->kind == TEST_EVENT_FLUSH || e->fua) && !pick--)
			break;
	}
	return i + (uint32_t)xfs_rand_below(r, 2);
}

/* What a power loss leaves of a recovery of @dev, at a moment that @r draws; @dev is used up. */
static struct xfs_device *cut(struct xfs_device *dev, struct xfs_rand *r, uint32_t *at)
{
	struct xfs_device *run = over(dev), *recorder, *left = over(dev);

	check(test_recorder_open(run, &recorder), "recorder");
	recover(recorder, xfs_rand_below(r, 2));
	*at = moment(recorder, r);
	check(test_recorder_crash(recorder, *at, r, left), "crash image");
	xfs_device_put(recorder);
	xfs_device_put(run);
	return left;
}

static int one_cut(struct xfs_device *img, uint64_t seed, const struct outcome *want)
{
	struct xfs_device *left, *again;
	char what[120];
	struct outcome got;
	struct xfs_rand r;
	uint32_t at, at2 = 0;

	xfs_rand_seed(&r, seed);
	snprintf(what, sizeof(what), "seed %" PRIu64, seed);
	doing = what;
	left = cut(img, &r, &at);
	if (xfs_rand_below(&r, 2)) {
		again = cut(left, &r, &at2);
		xfs_device_put(left);
		left = again;
	}
	snprintf(what, sizeof(what), "seed %" PRIu64 ", cut after %u and %u", seed, at, at2);
	recover(left, xfs_rand_below(&r, 4));
	look(left, &got);
	xfs_device_put(left);
	if (got.digest == want->digest && got.findings == want->findings &&
	    got.free_blocks + got.metadata_blocks == want->free_blocks + want->metadata_blocks &&
	    got.inodes == want->inodes)
		return 0;
	fprintf(stderr, "%s: %s tree, %" PRIu64 " findings (%s), %" PRIu64 " blocks free, %" PRIu64
		" of metadata, %" PRIu64 " inodes; it should be %" PRIu64 ", %" PRIu64 ", %" PRIu64
		", %" PRIu64 "\n", what,
		got.digest == want->digest ? "same" : "another", got.findings, got.first,
		got.free_blocks, got.metadata_blocks, got.inodes, want->findings,
		want->free_blocks, want->metadata_blocks, want->inodes);
	return 1;
}

int main(int argc, char **argv)
{
	struct xfs_device *file, *img;
	struct outcome want;
	uint64_t seed;
	int bad = 0, cuts;
	char why[400];

	if (argc != 4) {
		fprintf(stderr, "usage: recovery_cut IMG SEED CUTS\n");
		return 1;
	}
	seed = strtoull(argv[2], NULL, 0);
	cuts = atoi(argv[3]);
	doing = argv[1];
	check(xfs_device_open_file(argv[1], XFS_DEV_RDONLY, 0, &file), "open");
	if (!test_log_agrees(file, NULL, NULL, why, sizeof(why))) {
		fprintf(stderr, "%s: the log, for recovery and for the checker: %s\n", doing, why);
		return 1;
	}
	img = over(file);
	recover(img, true);
	look(img, &want);
	xfs_device_put(img);
	for (int i = 0; i < cuts; i++)
		bad += one_cut(file, seed * 1000 + (uint64_t)i, &want);
	xfs_device_put(file);
	printf("%d cuts, %d different\n", cuts, bad);
	return bad != 0;
}
