/* SPDX-License-Identifier: MIT */
/*
 * Walking a tree of the image: one walker for all verbs.
 *
 * It keeps its place in memory, not on the stack, and of the directories above it only the lowest
 * few open, so that depth costs some bytes a level.  Names that are no single component, or stand
 * twice in a directory, are told of and left out.  A directory is entered once: one that is its
 * own ancestor, or has a second name, is told of once (-ELOOP), and the walk goes on with the
 * rest.  The same holds for every other error: exit code XFSW_FAILED, at the end.  Who follows links
 * may meet a directory by several ways, and enters it by each, but not within itself.
 */
#ifndef XFSW_WALK_H
#define XFSW_WALK_H

#include "xfsw/xfsw.h"

struct xfsw_walk;

/* An object on the way.  All of it is the walker's, and good until the callback returns. */
struct xfsw_node {
	const char *path;		/* the start as the user named it, and on; for messages */
	const char *name;		/* its name in @dir; "" for the start */
	struct xfs_file *dir;		/* its directory; NULL for the start */
	struct xfs_file *file;
	struct xfs_stat st;
	uint32_t level;			/* 0: the start */
	void *data;			/* of a directory: the visitor's, set in enter() */
};

#define XFSW_WALK_STOP	1	/* ends the walk; the visitor has told why */
#define XFSW_WALK_SKIP	2	/* of enter(): not into this one; no leave() for it */

/* All are optional and return 0, XFSW_WALK_*, or -errno, which is told with the path. */
struct xfsw_visitor {
	/* A directory, before its names are read.  After -errno it is not entered. */
	int (*enter)(struct xfsw_walk *walk, struct xfsw_node *node);
	/* The same, when its names are known, sorted, and before the first of them is visited. */
	int (*names)(struct xfsw_walk *walk, struct xfsw_node *node,
		     const struct xfsw_names *names);
	/*
	 * What is no directory, or is below max_level.  Without this only directories are opened.
	 */
	int (*visit)(struct xfsw_walk *walk, struct xfsw_node *node);
	/* A directory when all in it was visited: one leave() for each enter() of 0, but for a stop. */
	int (*leave)(struct xfsw_walk *walk, struct xfsw_node *node);
};

#define XFSW_WALK_FOLLOW	(1u << 0)	/* a start that is a link is followed */
#define XFSW_WALK_READ		(1u << 1)	/* node->file of regular files can be read */
/* Objects will be changed: a directory is entered by the name that its ".." confirms only. */
#define XFSW_WALK_CHANGE	(1u << 2)
#define XFSW_WALK_MAY_MISS	(1u << 3)	/* that there is no start is no error */
#define XFSW_WALK_FOLLOW_ALL	(1u << 4)	/* links below the start are followed, too */

struct xfsw_walk {
	struct xfsw_call *call;
	const struct xfsw_visitor *visitor;
	void *ctx;			/* the visitor's */
	unsigned int flags;		/* XFSW_WALK_* */
	uint32_t max_level;		/* none below is entered; 0: only the start is */
	int code;			/* the worst exit code so far */
};

#define XFSW_ALL_LEVELS	UINT32_MAX

/* Walk @path and what is below; returns walk->code. */
int xfsw_walk(struct xfsw_walk *walk, const char *path);
/* Tell of @error, and keep its exit code; for visitors that go on after one. */
void xfsw_walk_tell(struct xfsw_walk *walk, const char *path, int error);

/* ---- inoset.c: a set of inode numbers -------------------------------------------------- */

/* Numbers lie close together: 24 bytes for those among 64 neighbours. */
struct xfsw_inoset {
	struct xfsw_inoset_slot {
		uint64_t key;		/* number / 64 + 1; 0: free */
		uint64_t in, marked;
	} *v;
	size_t used, size;
};

/* Add @ino: 1, 0 if it was in already, -ENOMEM. */
int inoset_add(struct xfsw_inoset *set, uint64_t ino);
bool inoset_has(const struct xfsw_inoset *set, uint64_t ino);
/* Mark @ino, which is in: true the first time. */
bool inoset_mark(struct xfsw_inoset *set, uint64_t ino);
void inoset_free(struct xfsw_inoset *set);

#endif
