/* SPDX-License-Identifier: MIT */
/*
 * What a crash may leave, by plain logic.
 *
 * A stream is one thread's work in a directory of its own: operations numbered
 * from 1.  Operations on names, attributes and sizes by truncation reach
 * the disk in their order, each entirely or not at all; so the names found after
 * recovery must be those after some operation j, and j is not before what was promised
 * and not after what had begun.  With j known, sizes and contents of each file
 * are bounded:
 *
 *  - the size is that of the last truncation up to j or of the last promise, or one
 *    that later writes up to j reached; or, if a truncation to more comes next, the end of
 *    the block of the last byte, which it fills with zeros first;
 *  - its times are those of the last promise of more than data, or later ones;
 *  - each sector holds what it held at the last promise or at some moment since;
 *  - never what was there before a truncation that is in effect, never what was
 *    written after one that is not.
 *
 * Nothing in here knows the library.
 */
#ifndef CRASH_MODEL_H
#define CRASH_MODEL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define MODEL_SECTOR 512u

struct model;

/* One object, alive or not. */
struct model_node {
	uint64_t ino;
	uint32_t gen;
	uint32_t id;			/* from 1; stands in the patterns */
	uint32_t mode, uid;
	uint32_t nlink;
	uint64_t target;		/* hash of a symbolic link's target */
	uint64_t size;			/* now, of a file */
	void *handle;			/* whoever works with it may keep something here */

	/* The model's own. */
	uint32_t touched;		/* newest operation that promises must cover */
	uint32_t written;		/* the same, in-place writes included */
	struct model_xattr *xattrs;
	struct model_sector *sectors;
	uint64_t nr_sectors;
	struct model_size *sizes;
	uint32_t nr_sizes;
	struct model_cut *cuts;
	uint32_t nr_cuts;
	struct model_times *times;
	uint32_t nr_times;
	struct model_promise *promises;
	uint32_t nr_promises;
	struct model_node *next;
};

/* What tells one object of the tree from another. */
struct model_facts {
	uint64_t ino;
	uint32_t gen;
	uint32_t mode, uid, nlink;
	uint64_t target;
};

/* Pieces of which the state of a tree is the exclusive or. */
uint64_t model_hash(const void *data, size_t len);
uint64_t model_hash_name(uint64_t dir_ino, uint32_t dir_gen, const char *name, uint64_t ino,
			 uint32_t gen);
uint64_t model_hash_node(const struct model_facts *facts);
uint64_t model_hash_xattr(uint64_t ino, uint32_t gen, const char *name, uint64_t value);

struct model *model_new(uint32_t blocksize);
void model_free(struct model *m);
uint32_t model_now(const struct model *m);	/* number of the newest operation */

/*
 * An operation is begun at @mark (how much the device had seen by then), told what it
 * did with the calls below, and ended.  One that fails tells nothing.
 */
uint32_t model_begin(struct model *m, uint32_t mark);
void model_end(struct model *m);

/* A new object without a name; @m keeps it.  Directories start with @nlink 2. */
struct model_node *model_node(struct model *m, uint64_t ino, uint32_t gen, uint32_t mode,
			      uint32_t uid, uint64_t target);
struct model_node *model_find(const struct model *m, uint64_t ino, uint32_t gen);
struct model_node *model_nodes(const struct model *m);	/* newest first, linked by next */
/* The tree's top, whose own attributes count but not its name. */
void model_set_root(struct model *m, struct model_node *root);

void model_add_name(struct model *m, struct model_node *dir, const char *name,
		    struct model_node *node);
/* Returns what the name stood for; NULL: no such name. */
struct model_node *model_remove_name(struct model *m, struct model_node *dir, const char *name);
struct model_node *model_lookup(const struct model *m, const struct model_node *dir,
				const char *name);
/* The @n-th name below @dir (any order); NULL when there are less. */
const char *model_name(const struct model *m, const struct model_node *dir, uint32_t n,
		       struct model_node **nodep);
uint32_t model_count_names(const struct model *m, const struct model_node *dir);
void model_set_mode(struct model *m, struct model_node *node, uint32_t mode);
/* Hash of the value; 0 removes. */
void model_set_xattr(struct model *m, struct model_node *node, const char *name, uint64_t value);
bool model_has_xattr(const struct model_node *node, const char *name);

/* Bytes that operation @seq writes to node @id: they tell what they are. */
void model_pattern(uint32_t id, uint32_t seq, uint64_t offset, uint8_t *data, size_t len);
void model_write(struct model *m, struct model_node *node, uint64_t offset, const uint8_t *data,
		 uint64_t len);
void model_truncate(struct model *m, struct model_node *node, uint64_t size);
/* What of the range the file has becomes zeros, as by a write of them. */
void model_zero(struct model *m, struct model_node *node, uint64_t offset, uint64_t len);
/*
 * [@offset, +@len) goes and what is behind it comes down; @up: what is there goes up by @len, and zeros
 * come.  At once with the size.  What moved may not be written to before it is promised: in place
 * that would show at the old offset.
 */
void model_move(struct model *m, struct model_node *node, uint64_t offset, uint64_t len, bool up);
/*
 * [@offset, +@len) of two files change places, at once; @sizes: up to both ends, and the sizes too.
 * @offset and, without @sizes, @len are whole sectors.  What came may not be written to before it is
 * promised: in place that would show in the other file.
 */
void model_exchange(struct model *m, struct model_node *a, struct model_node *b, uint64_t offset,
		    uint64_t len, bool sizes);
/* Contents as found, before the first operation. */
void model_adopt(struct model *m, struct model_node *node, const uint8_t *data, uint64_t size);
/* Whether @node must read as @data now. */
bool model_reads(const struct model_node *node, uint64_t offset, const uint8_t *data, size_t len);

/*
 * What the operation made of its times, in nanoseconds; it began at @began.  One that is tried
 * twice because space was short sets them twice: an earlier time since then is as good.
 */
void model_set_times(struct model *m, struct model_node *node, uint64_t began, uint64_t mtime,
		     uint64_t ctime);

/* fsync of @node returned when the device had seen @mark; @data_only: fdatasync. */
void model_promise(struct model *m, struct model_node *node, bool data_only, uint32_t mark);
/* The newest operation whose writes to @node were promised. */
uint32_t model_promised(const struct model_node *node, uint32_t mark);
void model_promise_all(struct model *m, uint32_t mark);

/* A file as found after recovery. */
struct model_found {
	uint64_t ino;
	uint32_t gen;
	uint64_t size;
	uint64_t mtime, ctime;	/* 0: not looked at */
	const uint8_t *data;
};

/*
 * Whether a tree of state @state with @files is allowed when the device had seen
 * @mark.  @why, of @why_size bytes: the reason when not.
 */
bool model_allows(struct model *m, uint32_t mark, uint64_t state, const struct model_found *files,
		  uint32_t nr_files, char *why, size_t why_size);
/* The newest operation that must be there, and the newest that may. */
void model_bounds(const struct model *m, uint32_t mark, uint32_t *low, uint32_t *high);

/* A piece of a tree's state, in words. */
struct model_piece {
	uint64_t hash;
	char *text;
};
/* Print to stderr how the pieces found differ from the nearest state that is allowed. */
void model_explain(const struct model *m, uint32_t mark, const struct model_piece *found,
		   uint32_t nr_found);

#endif
