/* SPDX-License-Identifier: MIT */
/* The model's own structures, for model.c and verdict.c. */
#ifndef CRASH_MODEL_PRIV_H
#define CRASH_MODEL_PRIV_H

#include "crash/model.h"

struct model_xattr {
	char *name;
	uint64_t value;
	struct model_xattr *next;
};

struct model_version {
	uint32_t seq;
	uint8_t data[MODEL_SECTOR];
};

struct model_sector {
	struct model_version *versions;
	uint32_t nr;
};

struct model_size {
	uint32_t seq;
	bool logged;	/* by a truncation: takes effect in order with all else */
	uint64_t size;
};

struct model_times {
	uint32_t seq;
	uint64_t began, mtime, ctime;
};

/* From @from to @to, what was there before operation @seq is gone. */
struct model_cut {
	uint32_t seq;
	uint64_t from, to;
};

struct model_promise {
	uint32_t seq;	/* all up to here */
	uint32_t low;	/* the operation that must be there */
	bool data_only;
	uint32_t mark;	/* since when */
};

struct name {
	struct model_node *dir, *node;
	char *name;
};

struct op {
	uint32_t began;
	bool boundary;	/* a truncation: states before and after differ, names do not */
	uint64_t state;
};

struct toggle {
	uint32_t seq;
	uint64_t hash;
	char *text;
};

struct model {
	uint32_t blocksize;
	uint32_t now, room;
	struct op *ops;		/* [0] is the start */
	uint64_t state;
	struct name *names;
	uint32_t nr_names, room_names;
	struct model_node *nodes, *root;
	uint32_t nr_nodes;
	struct toggle *toggles;
	uint32_t nr_toggles, room_toggles;
	struct model_promise *promises;
	uint32_t nr_promises;
};

#endif
