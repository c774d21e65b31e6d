/* SPDX-License-Identifier: MIT */
/*
 * Sequences of operations at the limits of quota, and the answers to them.  A file of them is read,
 * each step is done by the calls of whoever runs it - a kernel or the library - and its answer
 * written behind it; or compared with what stands there.  The form is told at the top of
 * sequences.in.
 */
#ifndef QUOTA_SEQUENCE_H
#define QUOTA_SEQUENCE_H

#include <stdbool.h>
#include <stdint.h>

#define SEQ_ARGS  10u
#define SEQ_LINE  4096u
#define SEQ_STEPS 160u

enum seq_type { SEQ_USER, SEQ_GROUP, SEQ_PROJECT, SEQ_TYPES };

struct seq_geometry {
	const char *name;
	uint32_t blocksize;
	uint32_t mib; /* of SEQ_AGCOUNT allocation groups */
	bool rmapbt, reflink, parent;
	const char *mkfs; /* options of mkfs.xfs */
};

#define SEQ_IMAGE_BYTES (512ull << 20)
#define SEQ_AGCOUNT	4u
#define SEQ_LOG_BYTES	(64ull << 20)

struct sequence {
	char name[64];
	char geometries[128];	/* one of them when it was recorded */
	char types[8];		/* letters of ugp, upper case where limits are enforced */
	char *steps[SEQ_STEPS]; /* each with its answer, if it has one */
	unsigned int n;
};

/* One of the letters u, g, p in @letter. */
enum seq_type seq_type_of(const char *letter);
/* 0: it is not on; 1: counted; 2: enforced. */
int seq_type_state(const struct sequence *seq, enum seq_type type);
const struct seq_geometry *seq_geometry_of(const char *name);
/* The number in @text: bytes, with k for KiB, m for MiB, b for blocks of @blocksize. */
uint64_t seq_bytes(const char *text, uint32_t blocksize);

struct seq_count {
	uint32_t id;
	uint64_t blocks, inodes;       /* file system blocks */
	bool block_timer, inode_timer; /* runs */
};

/* Who does it. */
struct seq_calls {
	/* A fresh file system of that geometry, with quota as the sequence says. */
	void *(*begin)(const struct sequence *seq, const struct seq_geometry *geo);
	/* A step: 0, bytes, or a negative errno. */
	int64_t (*step)(void *ctx, unsigned int argc, char **argv);
	/* st_blocks; -1: there is no such file. */
	int64_t (*blocks)(void *ctx, const char *path);
	/* Blocks used and reserved. */
	uint64_t (*used)(void *ctx, enum seq_type type, uint32_t id);
	/* What is stable, after all has been: in the order of ids, from @from on; false: no more.
	 */
	void (*settle)(void *ctx);
	bool (*next)(void *ctx, enum seq_type type, uint64_t from, struct seq_count *count);
	void (*end)(void *ctx);
};

/* The next sequence of the open file; false: no more.  seq_free() frees its steps. */
struct seq_reader;
struct seq_reader *seq_open(const char *path);
bool seq_read(struct seq_reader *reader, struct sequence *seq);
void seq_close(struct seq_reader *reader);
void seq_free(struct sequence *seq);

/* Print it with its answers. */
void seq_record(const struct sequence *seq, const struct seq_geometry *geo,
		const struct seq_calls *calls);
/* Compare its answers; each that differs is printed.  Returns how many do. */
unsigned int seq_replay(const struct sequence *seq, const struct seq_calls *calls,
			bool (*known)(const struct sequence *seq, unsigned int step));

#endif
