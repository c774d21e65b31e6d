/* SPDX-License-Identifier: MIT */
/* What the files of model_data share: the model of files' contents. */
#ifndef MODEL_DATA_MODEL_H
#define MODEL_DATA_MODEL_H

#include <xfswrite/xfswrite.h>
#include "support/test_fs.h"
#include "support/test_seed.h"

#define MAX_FILES	8
#define MAXBYTES	0x7fffffffffffffffull

struct config {
	const char *name;
	uint64_t device_bytes;
	uint32_t blocksize;
	uint64_t cache_bytes;
	uint32_t allocsize;
	int nfiles;
	uint64_t window;	/* bytes of each of the two arrays of a file */
	uint32_t max_write;
	uint32_t ops;		/* per round */
	bool full;		/* the volume is too small for all of it */
	bool journal;		/* whatever the environment says */
	bool old;		/* features of 6.1: no exchange that needs several transactions */
	bool plain;		/* no reflink */
	bool any_end;		/* it need not run full */
	uint32_t agcount;	/* 0: as mkfs likes */
};

struct file {
	char path[16];
	struct xfs_file *file;	/* NULL: closed */
	int flags;
	uint64_t size;
	uint64_t base;		/* of the second window */
	uint8_t *low, *high;
	bool stable;		/* unchanged since it was synced: a crash must not change it */
};

/* Two ranges, of two files or of one. */
struct share {
	struct file *src, *dst;
	uint64_t src_off, dst_off, len;
};

extern struct test_fs fs;
extern struct xfs_rand rnd;
extern const struct config *cfg;
extern struct file files[MAX_FILES];
extern uint8_t *buf, *want;	/* want is all zeros between operations */
extern uint64_t nr_enospc, nr_deduped, nr_ops, nr_exchanged, nr_crashes;

#define CHECK(cond) \
	((cond) ? (void)0 : test_fs_die(&fs, __FILE__, __LINE__, #cond, "%s", cfg->name))

static inline uint64_t below(uint64_t n)
{
	return xfs_rand_below(&rnd, n);
}

/* The model's byte array for [@off, ...), and how much of it is left; NULL: zeros. */
uint8_t *model_at(struct file *f, uint64_t off, uint64_t len, uint64_t *run);
void model_write(struct file *f, uint64_t off, const uint8_t *from, uint64_t len);
void open_file(struct file *f);
/* Open it again without O_DIRECT. */
void go_buffered(struct file *f);
/* Where something interesting is likely, inside of an array. */
uint64_t pick_offset(struct file *f);
uint64_t pick_length(struct file *f, uint64_t off);
/* Of a write: all, or what a volume without space may say. */
void check_count(int64_t ret, uint64_t len);

/*
 * A call ran out of space half way: each block of the range is what it was, what it was to be (the
 * bytes of want), or a hole.
 */
void data_take_what_is_there(struct file *f, uint64_t off, uint64_t len);

/* A clone, a copy or a dedupe, of a range of any file. */
void data_op_share(struct file *f);
/* Two ranges; false: the model has no arrays for them. */
bool data_pick_ranges(struct file *f, struct share *s);
/* The first @len bytes of both overlap. */
bool data_overlaps(const struct share *s, uint64_t len);
/* Whether the model has an array for all of the range, and its bytes. */
bool data_inside(const struct file *f, uint64_t off, uint64_t len);
uint8_t *data_bytes_at(struct file *f, uint64_t off, uint64_t len);

/* Contents of two ranges, or of two whole files, change places. */
void data_op_exchange(struct file *f);

/* The volume of fs, on a device that can end all at once. */
void data_crash_make(const struct xfs_mkfs_options *mkfs);
/* The process ends, and the next one recovers the volume; without a journal nothing. */
void data_op_crash(void);
void data_sync_all(void);
void data_compare_all(void);

extern const struct config data_configs[];
extern const size_t data_nr_configs;
/* A volume of this shape from its making to its end. */
void data_run(const struct config *c, uint64_t stream);
int data_campaign(int argc, char **argv);

#endif
