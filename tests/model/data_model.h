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
};

struct file {
	char path[16];
	struct xfs_file *file;	/* NULL: closed */
	int flags;
	uint64_t size;
	uint64_t base;		/* of the second window */
	uint8_t *low, *high;
};

extern struct test_fs fs;
extern struct xfs_rand rnd;
extern const struct config *cfg;
extern struct file files[MAX_FILES];
extern uint8_t *buf, *want;	/* want is all zeros between operations */
extern uint64_t nr_enospc, nr_deduped;

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

#endif
