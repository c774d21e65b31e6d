/* SPDX-License-Identifier: MIT */
/* One crash image: recover it, read it, hold it against the models, check it. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <xfswrite/check.h>
#include "base/compiler.h"
#include "crash/image.h"
#include "crash/lab.h"
#include "crash/tree.h"

/* One image of so many is gone on with, and has its recovery crashed. */
#define GO_ON_EVERY	8u
#define CRASH_AGAIN_EVERY 32u
#define CRASH_AGAIN_IMAGES 8u
/* Of what a crash of a recovery left, so many times fewer are crashed in turn. */
#define DEEPER_EVERY	4u

struct findings {
	char first[256];
	uint64_t nr;
};

static int finding(void *ctx, const struct xfs_finding *f)
{
	struct findings *findings = ctx;

	if (!findings->nr++)
		snprintf(findings->first, sizeof(findings->first),
			 "%s: AG %" PRId64 " block %" PRId64 " inode %" PRId64 ": %s", f->structure,
			 f->agno, (int64_t)f->block, (int64_t)f->ino, f->text);
	return 0;
}

__attribute__((format(printf, 4, 5)))
static int fail(struct lab *lab, struct xfs_device *view, uint32_t mark, const char *format, ...)
{
	struct lab_result *r = lab->result;
	const char *save = getenv("CRASH_SAVE");
	va_list args;

	r->failures++;
	if (!lab->options->quiet) {
		va_start(args, format);
		fprintf(stderr, "FAILED: %s, seed %" PRIu64 ", image %" PRIu64 " after event %u: ",
			lab->scenario->name, lab->options->seed, r->power.judged, mark);
		vfprintf(stderr, format, args);
		fputc('\n', stderr);
		va_end(args);
		for (uint32_t i = 0; i < ARRAY_SIZE(lab->lines); i++) {
			const char *line = lab->lines[(lab->nr_lines + i) % ARRAY_SIZE(lab->lines)];

			if (line[0])
				fprintf(stderr, "    library: %s\n", line);
		}
	}
	if (save && view && r->failures == 1)
		crash_image_save(view, save);
	return r->failures >= lab->options->max_failures;
}

uint64_t lab_promise(void *ctx, uint32_t mark)
{
	struct lab *lab = ctx;
	uint64_t promise = 0;

	for (uint32_t i = 0; i < lab->nr_streams; i++) {
		uint32_t low, high, newest = 0;

		model_bounds(lab->stream[i].model, mark, &low, &high);
		/* A promise of data only does not move the bound. */
		for (struct model_node *n = model_nodes(lab->stream[i].model); n; n = n->next)
			newest = XFS_MAX(newest, model_promised(n, mark));
		promise = crash_mix(promise ^ (uint64_t)low << 32 ^ newest);
	}
	return promise;
}

/* Digest of all streams; false: the reason was told. */
static bool read_all(struct lab *lab, struct xfs_mount *mp, struct xfs_device *view, uint32_t mark,
		     uint64_t *digest)
{
	bool ok = true;

	*digest = 0;
	for (uint32_t i = 0; i < lab->nr_streams && ok; i++) {
		struct lab_stream *s = &lab->stream[i];
		struct tree tree = {0};
		char why[512];

		if (tree_read(mp, s->path, &tree)) {
			fail(lab, view, mark, "%s", tree.error);
			ok = false;
		} else if (!model_allows(s->model, mark, tree.state, tree.files, tree.nr_files,
					 why, sizeof(why))) {
			fail(lab, view, mark, "%s", why);
			ok = false;
			if (!lab->options->quiet) {
				tree_free(&tree);
				tree.want_pieces = true;
				tree_read(mp, s->path, &tree);
				model_explain(s->model, mark, tree.pieces, tree.nr_pieces);
			}
		}
		*digest = crash_mix(*digest ^ tree.digest);
		tree_free(&tree);
	}
	return ok;
}

static bool zeros_behind(struct xfs_file *file, uint64_t from, uint64_t to)
{
	uint8_t data[8192];
	ssize_t got = xfs_pread(file, data, (size_t)(to - from), from);

	if (got != (ssize_t)(to - from))
		return false;
	for (ssize_t i = 0; i < got; i++)
		if (data[i])
			return false;
	return true;
}

/*
 * The file system must be good for more than looking at it: the first files grow,
 * and what they grow by must be zeros; something new is made and made stable.
 */
static int go_on(struct lab *lab, struct xfs_mount *mp, struct xfs_device *view, uint32_t mark)
{
	struct xfs_file *file = NULL;
	struct tree tree = {0};
	uint8_t data[3000];
	int error = tree_read(mp, lab->stream[0].path, &tree), stop = 0;

	lab->result->went_on++;
	for (uint32_t i = 0; i < tree.nr_files && i < 8 && !error; i++) {
		const struct model_found *f = &tree.files[i];

		error = xfs_open_by_ino(mp, f->ino, f->gen, O_RDWR, &file);
		if (error)
			break;
		error = xfs_ftruncate(file, f->size + 8192);
		if (!error && !zeros_behind(file, f->size, f->size + 8192))
			stop = fail(lab, view, mark, "inode %" PRIu64
				    " grew and shows something behind %" PRIu64, f->ino, f->size);
		xfs_close(file);
	}
	tree_free(&tree);
	memset(data, 0x77, sizeof(data));
	if (!error)
		error = xfs_open(mp, "/afterwards", O_CREAT | O_RDWR, 0644, &file);
	if (!error) {
		ssize_t got = xfs_pwrite(file, data, sizeof(data), 0);

		error = got < 0 ? (int)got : xfs_fsync(file);
		xfs_close(file);
	}
	if (!error)
		error = xfs_unlink(mp, "/afterwards");
	if (error && error != -ENOSPC)
		stop = fail(lab, view, mark, "going on: %s: %s", strerror(-error),
			    xfs_error_text(NULL));
	return stop;
}

static int check(struct lab *lab, struct xfs_device *view, uint32_t mark, const char *when)
{
	struct findings findings = {.nr = 0};
	struct xfs_check_options opts = {
		.size = sizeof(opts), .ctx = &findings, .finding = finding, .max_findings = 50,
	};
	struct xfs_check_summary summary = XFS_CHECK_SUMMARY_INIT;
	struct lab_disks disks = lab_disks(lab, view, false);
	int error = xfs_check(disks.data, disks.log, &opts, &summary);

	lab_put_disks(&disks);
	if (error)
		return fail(lab, NULL, mark, "checker: %s", strerror(-error));
	if (findings.nr)
		return fail(lab, NULL, mark, "%s the checker finds %" PRIu64 ", first %s", when,
			    findings.nr, findings.first);
	return 0;
}

/*
 * Recover @dev; with @go_on use it a little.  0 and the digest of what was there;
 * 1: failed and told.
 */
static int recover(struct lab *lab, struct xfs_device *dev, struct xfs_device *view, uint32_t mark,
		   bool use, uint64_t *digest)
{
	uint64_t failures = lab->result->failures;
	struct xfs_mount *mp;
	int error;

	lab->mount.meta_cache_bytes = lab->scenario->recovery_cache;
	if (lab->mount.meta_cache_bytes && lab->recoveries++ % 2)
		lab->mount.meta_cache_bytes = 1;
	error = lab_mount(lab, dev, dev != view, &mp);

	if (error) {
		fail(lab, view, mark, "recovery: %s: %s", strerror(-error), xfs_error_text(NULL));
		return 1;
	}
	if (!read_all(lab, mp, view, mark, digest)) {
		xfs_abandon(mp);
		return 1;
	}
	if (use)
		go_on(lab, mp, view, mark);
	error = xfs_unmount(mp);
	if (error)
		fail(lab, view, mark, "unmount: %s: %s", strerror(-error), xfs_error_text(NULL));
	else if (failures == lab->result->failures)
		check(lab, dev, mark, "after recovery");
	return failures != lab->result->failures;
}

struct again {
	struct lab *lab;
	uint32_t mark, depth, nr;
	uint64_t digest;
};

static int crash_again(struct lab *lab, struct xfs_device *view, uint32_t mark, uint32_t depth);

static int judge_again(void *ctx, struct xfs_device *view, uint32_t nr)
{
	struct again *again = ctx;
	struct lab *lab = again->lab;
	uint64_t digest;

	if (again->depth && again->nr++ % DEEPER_EVERY == 0 &&
	    crash_again(lab, view, again->mark, again->depth - 1))
		return 1;
	if (recover(lab, view, view, again->mark, false, &digest)) {
		if (!lab->options->quiet)
			fprintf(stderr, "    (its recovery was crashed after event %u)\n", nr);
	} else if (digest != again->digest) {
		fail(lab, view, again->mark,
		     "recovery crashed after event %u and done again gives something else", nr);
	}
	return lab->result->failures >= lab->options->max_failures;
}

static uint64_t no_promise(void *ctx, uint32_t nr)
{
	(void)ctx;
	(void)nr;
	return 0;
}

/* Record the recovery of @view, and crash that; and the recovery of what is left, @depth times. */
static int crash_again(struct lab *lab, struct xfs_device *view, uint32_t mark, uint32_t depth)
{
	struct again again = {.lab = lab, .mark = mark, .depth = depth};
	uint32_t images = lab->scenario->again_images;
	struct xfs_device *work, *recorder;
	struct xfs_device_info info = XFS_DEVICE_INFO_INIT;
	struct crash_plan plan;

	lab_plan(lab, &plan);
	plan.seed ^= mark;
	plan.budget = images ? images : CRASH_AGAIN_IMAGES;
	xfs_device_info(view, &info);
	work = crash_image_new(info.size_bytes, view);
	if (test_recorder_open(work, &recorder))
		abort();
	xfs_device_put(work);
	if (!recover(lab, recorder, view, mark, false, &again.digest))
		crash_power(recorder, view, &plan, judge_again, no_promise, NULL, &again,
			    &lab->result->again);
	xfs_device_put(recorder);
	return lab->result->failures >= lab->options->max_failures;
}

/* As it is and as we recover it, for the kernel and for xfs_repair. */
static void save_sample(struct lab *lab, struct xfs_device *view, bool recovered)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s.%03" PRIu64 ".%s", lab->options->sample_dir,
		 lab->scenario->name, lab->result->samples, recovered ? "ours" : "crash");
	crash_image_save(view, path);
	lab->result->samples += recovered;
}

int lab_judge(void *ctx, struct xfs_device *view, uint32_t mark)
{
	struct lab *lab = ctx;
	struct lab_result *r = lab->result;
	const struct lab_options *o = lab->options;
	uint32_t every = lab->scenario->again_every, depth = lab->scenario->again_depth;
	bool sample = o->sample_dir && r->samples < o->samples &&
		      r->power.judged % XFS_MAX(o->budget / (2 * o->samples), 1u) == 0;
	uint64_t digest;

	/* The pages of @view stay clean while a recovery of it is crashed. */
	if (!o->no_second_crash && r->power.judged % (every ? every : CRASH_AGAIN_EVERY) == 0 &&
	    crash_again(lab, view, mark, depth ? depth - 1 : 0))
		return 1;
	if (sample)
		save_sample(lab, view, false);
	memset(lab->lines, 0, sizeof(lab->lines));
	if (!recover(lab, view, view, mark, !sample && r->power.judged % GO_ON_EVERY == 1,
		     &digest) && sample)
		save_sample(lab, view, true);
	return r->failures >= o->max_failures;
}
