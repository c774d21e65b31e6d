/* SPDX-License-Identifier: MIT */
/*
 * The crash laboratory.  A scenario works on a journalled mount over a
 * recording device, through the calls below, which tell a model what was done;
 * then the recording is turned into crash images, and each is recovered, checked
 * and held against the model.
 */
#ifndef CRASH_LAB_H
#define CRASH_LAB_H

#include <stdio.h>
#include <xfswrite/mkfs.h>
#include <xfswrite/xfswrite.h>
#include "base/rand.h"
#include "crash/model.h"
#include "crash/power.h"

#define LAB_STREAMS 4u
#define LAB_EPOCH 1700000000ull

struct lab;

/* One thread's work, in a directory of its own. */
struct lab_stream {
	struct lab *lab;
	struct model *model;
	struct model_node *root;
	struct xfs_rand rand;
	uint64_t began;		/* when the newest operation did, in nanoseconds */
	char path[16];
};

struct scenario {
	const char *name, *what;
	uint64_t size_mib;	/* of the file system; 0: 64 */
	uint64_t log_mib;	/* 0: the smallest */
	uint64_t cache_mib;	/* of file data; 0: so small that it is written back early */
	uint32_t percent;	/* of the images that others get; 0: 100 */
	uint32_t blocksize;	/* 0: 4096 */
	uint32_t streams;	/* 0: 1 */
	uint32_t log_sunit, sectsize, dirblocksize;	/* bytes; 0: as usual */
	uint32_t inodesize;	/* 0: 512, a sector, so that no inode can be torn */
	/*
	 * Bytes of the metadata cache while it is recorded, and while it is recovered; 0: as
	 * usual.  Replay holds four times of it and writes everything when it has more: of
	 * two images one has this much, the other a byte, so that each item is written at once.
	 */
	uint32_t meta_cache, recovery_cache;
	bool external_log;	/* on a disk of its own */
	bool quota;		/* of users, groups and projects; each file has a user of its own */
	bool exchange;		/* with the feature; other people's tools may not know it */
	uint32_t fill_percent;	/* of the space taken by a file before the start */
	uint32_t generations;	/* crashed, recovered and gone on with so often; 0: once */
	/*
	 * Of so many images one has its recovery crashed (0: 32), and what that leaves, of which
	 * so many images are drawn (0: 8), too, until so many recoveries were crashed (0: 1).
	 */
	uint32_t again_every, again_images, again_depth;
	uint32_t rules;		/* 1 << rule for those that it is meant to catch */
	void (*setup)(struct lab *lab);	/* unrecorded; its end state is promised; may be NULL */
	void (*run)(struct lab *lab);
};
extern const struct scenario lab_scenarios[];
extern const uint32_t lab_nr_scenarios;

struct lab_options {
	uint64_t seed;
	uint32_t budget;	/* crash images to draw */
	uint32_t sabotage;	/* rules broken while it is recorded and recovered */
	bool quiet;		/* no report on failures, only their number */
	uint32_t max_failures;	/* stop after so many */
	const char *sample_dir;	/* images for other judges go here */
	uint32_t samples;
	bool no_second_crash;
};

struct lab_result {
	struct crash_counts power;	/* of the scenario */
	struct crash_counts again;	/* of recoveries that were crashed */
	uint64_t operations, promises, failures, samples, went_on, generations;
	uint64_t log_bytes;	/* written to the log while it was recorded */
};

struct lab {
	const struct scenario *scenario;
	const struct lab_options *options;
	struct lab_result *result;
	struct xfs_env env;
	struct xfs_mount_options mount;
	struct xfs_mkfs_geometry geo;
	uint64_t clock_ns;
	uint64_t data_bytes, log_bytes;	/* @log_bytes: of the other disk, or 0 */
	struct xfs_device *start;	/* when the recording began */
	struct xfs_device *recorder;
	struct xfs_mount *mp;
	struct lab_stream stream[LAB_STREAMS];
	uint32_t nr_streams;
	bool may_be_full;		/* -ENOSPC is an answer */
	uint32_t generation;
	uint64_t recoveries;
	bool trace;
	char lines[8][256];		/* the library's newest messages */
	uint32_t nr_lines;
};

/* Run a scenario and judge its images; the number of failures, at most max_failures. */
uint64_t lab_run(const struct scenario *scenario, const struct lab_options *options,
		 struct lab_result *result);

/* ---- for scenarios: each is one operation of the model ------------------------- */

/* Errors that may not happen are fatal; NULL or the error when space ended. */
struct model_node *lab_create(struct lab_stream *s, struct model_node *dir, const char *name);
struct model_node *lab_mkdir(struct lab_stream *s, struct model_node *dir, const char *name);
struct model_node *lab_symlink(struct lab_stream *s, struct model_node *dir, const char *name,
			       uint32_t target_len);
struct model_node *lab_mknod(struct lab_stream *s, struct model_node *dir, const char *name);
int lab_link(struct lab_stream *s, struct model_node *node, struct model_node *dir,
	     const char *name);
/* @node gets @name, and what had it, no directory, loses it: one step. */
int lab_replace(struct lab_stream *s, struct model_node *node, struct model_node *dir,
		const char *name);
/* A file that nothing leads to; it is held, and lab_release() frees it unless it got a name. */
struct model_node *lab_create_unnamed(struct lab_stream *s, struct model_node *dir);
int lab_unlink(struct lab_stream *s, struct model_node *dir, const char *name);
int lab_rename(struct lab_stream *s, struct model_node *from, const char *name,
	       struct model_node *to, const char *new_name);
int lab_write(struct lab_stream *s, struct model_node *node, uint64_t offset, uint64_t len);
/* From a host file; whole blocks go past the page cache. */
int lab_write_host(struct lab_stream *s, struct model_node *node, uint64_t offset, uint64_t len);
int lab_truncate(struct lab_stream *s, struct model_node *node, uint64_t size);
/* A mode of <xfswrite/fallocate.h>. */
int lab_fallocate(struct lab_stream *s, struct model_node *node, int mode, uint64_t offset,
		  uint64_t len);
/* Of @src, which must have it, to @dst; both may be one. */
int lab_clone(struct lab_stream *s, struct model_node *src, uint64_t src_off, struct model_node *dst,
	      uint64_t dst_off, uint64_t len);
/* Shares it if the bytes are the same. */
int lab_dedupe(struct lab_stream *s, struct model_node *src, uint64_t src_off,
	       struct model_node *dst, uint64_t dst_off, uint64_t len);
/*
 * The same range of two files changes places; @sizes: from @offset on to both ends.  Where they are
 * in the model is as in the library: what a write leaves in memory is on the device before.
 */
int lab_exchange(struct lab_stream *s, struct model_node *a, struct model_node *b, uint64_t offset,
		 uint64_t len, bool sizes);
/* The scenarios of share.c. */
void lab_run_reflink(struct lab *lab);
void lab_run_cow(struct lab *lab);
void lab_run_exchange(struct lab *lab);
int lab_chmod(struct lab_stream *s, struct model_node *node, uint32_t bits);
/* @len 0: an empty value. */
int lab_setxattr(struct lab_stream *s, struct model_node *node, const char *name, uint32_t len);
int lab_removexattr(struct lab_stream *s, struct model_node *node, const char *name);
/* Keep it open: unlinked, it stays until it is closed. */
void lab_hold(struct lab_stream *s, struct model_node *node);
void lab_release(struct lab_stream *s, struct model_node *node);
void lab_fsync(struct lab_stream *s, struct model_node *node);
void lab_fdatasync(struct lab_stream *s, struct model_node *node);
void lab_sync(struct lab_stream *s);

uint32_t lab_below(struct lab_stream *s, uint32_t bound);

__attribute__((noreturn, format(printf, 2, 3)))
void lab_die(const struct lab *lab, const char *format, ...);

/* ---- between lab.c and judge.c ---------------------------------------------------- */

int lab_judge(void *ctx, struct xfs_device *view, uint32_t nr_events);
uint64_t lab_promise(void *ctx, uint32_t nr_events);
/* The disks that are parts of @base; @log is NULL when there is just one. */
struct lab_disks {
	struct xfs_device *data, *log;
};
struct lab_disks lab_disks(const struct lab *lab, struct xfs_device *base, bool recorded);
void lab_put_disks(struct lab_disks *disks);
/* Mounts what is on @base. */
int lab_mount(struct lab *lab, struct xfs_device *base, bool recorded, struct xfs_mount **mpp);
/* What is mounted must be what the models say now. */
void lab_compare(struct lab *lab);
void lab_forget_handles(struct lab *lab);
void lab_plan(const struct lab *lab, struct crash_plan *plan);

#endif
