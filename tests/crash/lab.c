/* SPDX-License-Identifier: MIT */
/* Recording a scenario: devices, mounts, generations of crashes. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/sabotage.h"
#include "base/compiler.h"
#include "quota/quota.h"
#include "crash/image.h"
#include "crash/lab.h"
#include "crash/side.h"
#include "crash/tree.h"

/* Small, so that write-back under pressure happens too. */
#define DATA_CACHE (2u << 20)
#define EXTERNAL_LOG (16ull << 20)

static void clock_hook(void *ctx, struct xfs_timespec *now)
{
	struct lab *lab = ctx;
	uint64_t ns = __atomic_add_fetch(&lab->clock_ns, 1000, __ATOMIC_RELAXED);

	now->tv_sec = (time_t)LAB_EPOCH + (time_t)(ns / 1000000000);
	now->tv_nsec = (uint32_t)(ns % 1000000000);
}

static void log_hook(void *ctx, enum xfs_log_level level, const char *line)
{
	struct lab *lab = ctx;
	uint32_t slot = __atomic_fetch_add(&lab->nr_lines, 1, __ATOMIC_RELAXED);

	if (level <= XFS_LOG_INFO)
		snprintf(lab->lines[slot % ARRAY_SIZE(lab->lines)], sizeof(lab->lines[0]), "%s",
			 line);
}

struct lab_disks lab_disks(const struct lab *lab, struct xfs_device *base, bool recorded)
{
	struct lab_disks disks = {.data = NULL};

	if (!lab->log_bytes) {
		disks.data = xfs_device_get(base);
		return disks;
	}
	disks.data = crash_side_new(base, recorded, 0, lab->data_bytes);
	disks.log = crash_side_new(base, recorded, lab->data_bytes, lab->log_bytes);
	return disks;
}

void lab_put_disks(struct lab_disks *disks)
{
	xfs_device_put(disks->data);
	xfs_device_put(disks->log);
}

int lab_mount(struct lab *lab, struct xfs_device *base, bool recorded, struct xfs_mount **mpp)
{
	struct lab_disks disks = lab_disks(lab, base, recorded);
	int error;

	lab->mount.logdev = disks.log;
	error = xfs_mount(disks.data, &lab->mount, mpp);
	lab->mount.logdev = NULL;
	lab_put_disks(&disks);
	return error;
}

static void mount_recorder(struct lab *lab)
{
	int error = lab_mount(lab, lab->recorder, true, &lab->mp);

	if (error)
		lab_die(lab, "mount: %s: %s", strerror(-error), xfs_error_text(NULL));
}

static void unmount(struct lab *lab)
{
	int error;

	lab_forget_handles(lab);
	error = xfs_unmount(lab->mp);
	lab->mp = NULL;
	if (error)
		lab_die(lab, "unmount: %s: %s", strerror(-error), xfs_error_text(NULL));
}

/* A file that takes so much of the space that the rest is scarce. */
static void fill(struct lab *lab)
{
	struct xfs_statfs st = XFS_STATFS_INIT;
	struct xfs_file *file;
	static uint8_t data[65536];
	uint64_t bytes;
	int error = xfs_statfs(lab->mp, &st);

	if (!error)
		error = xfs_open(lab->mp, "/ballast", O_CREAT | O_RDWR, 0600, &file);
	if (error)
		lab_die(lab, "ballast: %s", xfs_error_text(NULL));
	bytes = st.blocks_free * st.block_size / 100 * lab->scenario->fill_percent;
	for (uint64_t at = 0; at < bytes; at += sizeof(data))
		if (xfs_pwrite(file, data, sizeof(data), at) < 0)
			lab_die(lab, "ballast: %s", xfs_error_text(NULL));
	xfs_close(file);
}

/* What the top directory of a stream is now becomes the model's start. */
static void adopt_stream(struct lab *lab, struct lab_stream *s)
{
	struct tree tree = {0};
	struct xfs_stat st = XFS_STAT_INIT;

	s->model = tree.adopt = model_new(lab->geo.blocksize);
	if (tree_read(lab->mp, s->path, &tree) ||
	    xfs_getattr(lab->mp, s->path, false, &st))
		lab_die(lab, "%s", tree.error);
	s->root = model_find(s->model, st.ino, st.gen);
	tree_free(&tree);
}

void lab_compare(struct lab *lab)
{
	for (uint32_t i = 0; i < lab->nr_streams; i++) {
		struct lab_stream *s = &lab->stream[i];
		struct tree tree = {.want_pieces = true};
		char why[512];

		if (tree_read(lab->mp, s->path, &tree))
			lab_die(lab, "%s", tree.error);
		/* Everything counts as promised: what is mounted has to be the newest. */
		model_begin(s->model, test_recorder_events(lab->recorder));
		model_promise_all(s->model, UINT32_MAX - 1);
		model_end(s->model);
		if (!model_allows(s->model, UINT32_MAX - 1, tree.state, tree.files, tree.nr_files,
				  why, sizeof(why))) {
			model_explain(s->model, UINT32_MAX - 1, tree.pieces, tree.nr_pieces);
			lab_die(lab, "what is mounted is not what was done: %s", why);
		}
		tree_free(&tree);
	}
}

static void format(struct lab *lab)
{
	const struct scenario *sc = lab->scenario;
	struct xfs_mkfs_options opts = {
		.size = sizeof(opts), .flags = XFS_MKFS_FORCE | XFS_MKFS_SMALL, .env = &lab->env,
		.profile = XFS_MKFS_PROFILE_6_1, .blocksize = sc->blocksize, .rmapbt = XFS_MKFS_ON,
		.sectsize = sc->sectsize, .log_sunit = sc->log_sunit,
		.dirblocksize = sc->dirblocksize, .inodesize = sc->inodesize,
		.exchange = sc->exchange ? XFS_MKFS_ON : 0,
	};
	struct lab_disks disks;
	int error;

	lab->data_bytes = (uint64_t)(sc->size_mib ? sc->size_mib : 64) << 20;
	lab->log_bytes = sc->external_log ? EXTERNAL_LOG : 0;
	lab->start = crash_image_new(lab->data_bytes + lab->log_bytes, NULL);
	disks = lab_disks(lab, lab->start, false);
	lab->geo.size = sizeof(lab->geo);
	error = xfs_mkfs_geometry(disks.data, disks.log, &opts, &lab->geo);
	if (!error) {
		opts.log_size = (uint64_t)lab->geo.min_logblocks * lab->geo.blocksize;
		if (sc->log_mib)
			opts.log_size = sc->log_mib << 20;
		error = xfs_mkfs(disks.data, disks.log, &opts, &lab->geo);
	}
	lab_put_disks(&disks);
	if (error)
		lab_die(lab, "mkfs: %s: %s", strerror(-error), xfs_error_text(NULL));
}

/* Recorded for the sake of the models, and forgotten. */
static void prepare(struct lab *lab)
{
	if (test_recorder_open(lab->start, &lab->recorder))
		abort();
	lab->mount.flags = XFS_MOUNT_UNJOURNALLED;
	mount_recorder(lab);
	if (lab->scenario->quota && xfs_quota_enable(lab->mp, 7, NULL))
		lab_die(lab, "quota: %s", xfs_error_text(NULL));
	for (uint32_t i = 0; i < lab->nr_streams; i++)
		if (xfs_mkdir(lab->mp, lab->stream[i].path, 0755))
			lab_die(lab, "mkdir: %s", xfs_error_text(NULL));
	if (lab->scenario->fill_percent)
		fill(lab);
	for (uint32_t i = 0; i < lab->nr_streams; i++)
		adopt_stream(lab, &lab->stream[i]);
	if (lab->scenario->setup) {
		lab->scenario->setup(lab);
		lab_compare(lab);
	}
	unmount(lab);
	xfs_device_put(lab->recorder);
	for (uint32_t i = 0; i < lab->nr_streams; i++)
		model_free(lab->stream[i].model);
	lab->mount.flags = 0;
}

static uint64_t log_bytes(const struct lab *lab, const struct crash_plan *plan)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < test_recorder_events(lab->recorder); i++) {
		const struct test_event *e = test_recorder_event(lab->recorder, i);

		if (e->kind == TEST_EVENT_WRITE && e->offset >= plan->log_start &&
		    e->offset < plan->log_end)
			bytes += e->len;
	}
	return bytes;
}

void lab_plan(const struct lab *lab, struct crash_plan *plan)
{
	uint64_t log_block = (uint64_t)lab->geo.log_agno * lab->geo.agblocks + lab->geo.log_agbno;

	uint64_t percent = lab->scenario->percent ? lab->scenario->percent : 100;
	uint32_t budget = (uint32_t)(lab->options->budget * percent / 100);

	*plan = (struct crash_plan){
		.seed = lab->options->seed + lab->generation, .budget = budget,
		.unit = lab->options->sample_dir ? lab->geo.blocksize : CRASH_SECTOR,
		.log_start = log_block * lab->geo.blocksize,
		.log_end = (log_block + lab->geo.logblocks) * lab->geo.blocksize,
	};
	if (lab->log_bytes) {
		plan->split = plan->log_start = lab->data_bytes;
		plan->log_end = lab->data_bytes + lab->log_bytes;
	}
}

/* Mount what lab->start holds, work, unmount; all of it is recorded. */
static void record(struct lab *lab)
{
	struct xfs_device *work;
	struct xfs_device_info info = XFS_DEVICE_INFO_INIT;

	xfs_device_info(lab->start, &info);
	work = crash_image_new(info.size_bytes, lab->start);
	if (test_recorder_open(work, &lab->recorder))
		abort();
	xfs_device_put(work);
	/* Inode numbers come again, and must not have the generation they had. */
	lab->env.seed += 1000003;
	lab->mount.meta_cache_bytes = lab->scenario->meta_cache;
	mount_recorder(lab);
	for (uint32_t i = 0; i < lab->nr_streams; i++)
		adopt_stream(lab, &lab->stream[i]);
	lab->scenario->run(lab);
	if (!lab->options->sabotage)
		lab_compare(lab);
	unmount(lab);
	for (uint32_t i = 0; i < lab->nr_streams; i++) {
		struct lab_stream *s = &lab->stream[i];

		model_begin(s->model, test_recorder_events(lab->recorder));
		model_promise_all(s->model, test_recorder_events(lab->recorder));
		model_end(s->model);
		lab->result->operations += model_now(s->model);
	}
}

/* One image of many, which becomes the start of what comes next. */
struct chosen {
	struct lab *lab;
	uint64_t countdown;
	struct xfs_device *image;
};

static int choose(void *ctx, struct xfs_device *view, uint32_t nr)
{
	struct chosen *chosen = ctx;

	(void)nr;
	if (chosen->countdown--)
		return 0;
	chosen->image = crash_image_copy(view);
	return 1;
}

static void drop_recording(struct lab *lab)
{
	for (uint32_t i = 0; i < lab->nr_streams; i++)
		model_free(lab->stream[i].model);
	xfs_device_put(lab->recorder);
	lab->recorder = NULL;
}

/* Crash at random, and go on from there. */
static void next_generation(struct lab *lab)
{
	struct chosen chosen = {.lab = lab};
	struct crash_counts unused = {0};
	struct crash_plan plan;

	lab_plan(lab, &plan);
	plan.budget = 40;
	/* Short recordings do not have as many. */
	for (uint32_t which = lab_below(&lab->stream[0], 30); !chosen.image; which /= 2) {
		chosen.countdown = which;
		crash_power(lab->recorder, lab->start, &plan, choose, lab_promise, lab, &chosen,
			    &unused);
		if (!which)
			break;
	}
	if (!chosen.image)
		lab_die(lab, "no crash image to go on from");
	drop_recording(lab);
	xfs_device_put(lab->start);
	lab->start = chosen.image;
	lab->generation++;
	lab->result->generations++;
	record(lab);
}

static void print_events(const struct lab *lab, const struct crash_plan *plan)
{
	static const char *const kinds[] = {"write", "zero", "discard", "flush", "resize"};

	for (uint32_t i = 0; i < test_recorder_events(lab->recorder); i++) {
		const struct test_event *e = test_recorder_event(lab->recorder, i);
		bool log = e->offset >= plan->log_start && e->offset < plan->log_end;

		fprintf(stderr, "event %u: %s%s %s%" PRIu64 " + %" PRIu64 "\n", i, kinds[e->kind],
			e->fua ? " FUA" : "", log ? "log " : "",
			log ? (e->offset - plan->log_start) / CRASH_SECTOR : e->offset, e->len);
	}
}

static void judge_recording(struct lab *lab)
{
	struct crash_plan plan;

	lab_plan(lab, &plan);
	if (lab->trace)
		print_events(lab, &plan);
	lab->result->log_bytes += log_bytes(lab, &plan);
	crash_power(lab->recorder, lab->start, &plan, lab_judge, lab_promise, lab, lab,
		    &lab->result->power);
}

uint64_t lab_run(const struct scenario *scenario, const struct lab_options *options,
		 struct lab_result *result)
{
	struct lab lab = {.scenario = scenario, .options = options, .result = result};

	lab.env = (struct xfs_env){
		.size = sizeof(lab.env), .ctx = &lab, .clock = clock_hook, .log = log_hook,
		.seed = options->seed + 1,
	};
	lab.mount = (struct xfs_mount_options){
		.size = sizeof(lab.mount), .env = &lab.env, .data_cache_bytes = scenario->cache_mib ? scenario->cache_mib << 20 : DATA_CACHE,
	};
	lab.trace = getenv("CRASH_TRACE") != NULL;
	lab.nr_streams = scenario->streams ? scenario->streams : 1;
	for (uint32_t i = 0; i < lab.nr_streams; i++) {
		struct lab_stream *s = &lab.stream[i];

		s->lab = &lab;
		xfs_rand_seed(&s->rand, options->seed * LAB_STREAMS + i);
		snprintf(s->path, sizeof(s->path), "/s%u", i);
	}
	format(&lab);
	prepare(&lab);
#ifdef XFSWRITE_DEBUG
	xfs_sabotage_set(options->sabotage);
#endif
	record(&lab);
	while (lab.generation + 1 < scenario->generations)
		next_generation(&lab);
	judge_recording(&lab);
#ifdef XFSWRITE_DEBUG
	xfs_sabotage_set(0);
#endif
	drop_recording(&lab);
	xfs_device_put(lab.start);
	return result->failures;
}
