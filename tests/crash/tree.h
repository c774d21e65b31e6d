/* SPDX-License-Identifier: MIT */
/* A tree as the library shows it, held against a model or taken over by one. */
#ifndef CRASH_TREE_H
#define CRASH_TREE_H

#include <xfswrite/xfswrite.h>
#include "crash/model.h"

struct tree {
	uint64_t state;		/* as model.h counts it: names, attributes, links */
	uint64_t digest;	/* state, contents, sizes and times of files */
	struct model_found *files;
	uint32_t nr_files, room_files;
	struct model_piece *pieces;	/* only when asked for */
	uint32_t nr_pieces;
	bool want_pieces;
	struct model *adopt;		/* fill this one; may be NULL */
	char error[512];		/* what could not be read */
};

/* Read all below the directory @path; 0, or -EIO with @tree->error told. */
int tree_read(struct xfs_mount *mp, const char *path, struct tree *tree);
void tree_free(struct tree *tree);

#endif
