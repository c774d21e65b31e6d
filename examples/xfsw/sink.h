/* SPDX-License-Identifier: MIT */
/*
 * The image's side of create and put: what every source (a host tree, a tar stream, one
 * file) does with it, and the policies that are the same for all of them - whose the objects
 * are, which times they get, what happens to what cannot be read.
 */
#ifndef XFSW_SINK_H
#define XFSW_SINK_H

#include "xfsw/host.h"
#include "xfsw/owners.h"
#include "xfsw/walk.h"

/* How contents of the image are copied. */
enum sink_reflink {
	SINK_REFLINK_AUTO,		/* share blocks if that can be */
	SINK_REFLINK_ALWAYS,		/* or fail */
	SINK_REFLINK_NEVER,
};

struct xfsw_sink {
	struct xfsw_call *call;
	struct xfs_mount *mp;
	struct xfsw_progress progress;
	struct host_xattrs xattrs;
	struct host_cache cache;	/* what need_of_tree() saw */
	struct xfsw_keep keep;
	bool replace;			/* what has the name already gives way */
	bool whole;			/* files get their names when they are whole */
	bool in_place;			/* files that exist are written into */
	enum sink_reflink reflink;
	bool keep_attrs;		/* what is replaced leaves its attributes */
	bool top_keeps;			/* so does the directory that the tree goes into */
	bool skip_unreadable;
	bool atime_is_mtime;
	bool one_file_system;
	bool clamp;			/* mtime and atime at most @clamp_to */
	struct xfs_timespec clamp_to;
	uint32_t owner_valid, uid, gid;	/* everybody's owner, XFS_ATTR_UID and _GID */
	struct xfsw_owners owners;	/* names of users and groups */
	char *buf;			/* SINK_BUF bytes */
	uint64_t skipped;		/* objects that could not be read */
	uint64_t changed;		/* files that changed while they were read */
	struct sink_fixed {		/* inodes that get these flags at the end */
		uint64_t ino;
		uint32_t gen, xflags;
	} *fixed;
	size_t nfixed, max_fixed;
};

#define SINK_BUF	(256u << 10)

/* What an object shall be. */
struct xfsw_object {
	uint32_t mode, uid, gid, rdev_major, rdev_minor;
	struct xfs_timespec atime, mtime;
	const char *target;		/* of a symbolic link */
	/* Inode flags; what the source has none of comes from the directory, as if made there. */
	uint32_t xflags, projid, extsize_bytes, cowextsize_bytes;
	bool restored;			/* its source has such flags and does not inherit */
};

/* A new object until sink_finish(). */
struct sink_new {
	struct xfs_file *file;
	bool unnamed;			/* gets its name when it is finished */
	bool found;			/* was there before: a directory, or written in place */
	bool keeps_attrs;		/* has those of what it replaces, or had before */
};

/* The options of create and put that every source obeys; 0 or XFSW_USAGE. */
extern const struct xfsw_option sink_options[];
int sink_init(struct xfsw_sink *sink, struct xfsw_call *call);
/* Says what was left out; the exit code that follows from @code and that. */
int sink_end(struct xfsw_sink *sink, int code);

/* Shall directory @st in @dir be entered?  Not a mount point with -x: it stays empty. */
bool sink_enters(const struct xfsw_sink *sink, const struct host_dir *dir, const struct stat *st);

void object_from_stat(struct xfsw_object *object, const struct stat *st);
/* Of an object of an image, flags, project and hints included. */
void object_from_image(struct xfsw_sink *sink, struct xfsw_object *object,
		       const struct xfs_stat *st);

/* Its flags, project and hints, as far as XFS has them. */
void object_set_flags(struct xfsw_sink *sink, struct xfsw_object *object,
		      const struct host_flags *flags);

/*
 * Make @name in @dir, or find the directory of that name (replace only), or a file (in_place
 * only), and give it its attributes.  sink_finish() afterwards, always.  0 or -errno.
 */
int sink_make(struct xfsw_sink *sink, struct xfs_file *dir, const char *name,
	      const struct xfsw_object *object, struct sink_new *new);
/*
 * The same for a file or directory without attributes of its own: it is made as any program there would
 * make it with @mode.  A directory that exists stays as it is.
 */
int sink_make_plain(struct xfsw_sink *sink, struct xfs_file *dir, const char *name, uint32_t mode,
		    struct sink_new *new);
/* --keep-attrs: @new, of file type @type, takes over the attributes of what has the name. */
int sink_keep_old(struct xfsw_sink *sink, struct xfs_file *dir, const char *name, uint32_t type,
		  struct sink_new *new);
/*
 * Its contents, attributes and times are there, unless @error tells that they failed: give it its
 * name, or take it away again, and close it.  0 or -errno.
 */
int sink_finish(struct xfsw_sink *sink, struct xfs_file *dir, const char *name,
		struct sink_new *new, int error);
/* A further name for inode @ino of the image. */
int sink_link(struct xfsw_sink *sink, struct xfs_file *dir, const char *name, uint64_t ino);
/* The attributes again, after data, attributes and names have changed the times. */
int sink_set_times(struct xfsw_sink *sink, struct xfs_file *file, const struct xfsw_object *object);
/*
 * Mode, owner and times: of what was there before.  Flags are added to those it has, and a project
 * that the source does not have is left.
 */
int sink_set_all(struct xfsw_sink *sink, struct xfs_file *file, const struct xfsw_object *object);
/* Flags that allow no more changes, and were kept back until all was made.  An exit code. */
int sink_settle(struct xfsw_sink *sink, int code);
/* All of @len bytes.  0 or -errno. */
int sink_write(struct xfsw_sink *sink, struct xfs_file *file, const void *buf, size_t len,
	       uint64_t offset);
/*
 * The contents of host file @fd: data where it has data, holes where it has holes.
 * *@copied: its size as it turned out.  0 or -errno; *@reading: the host failed.
 */
int sink_copy_fd(struct xfsw_sink *sink, struct xfs_file *file, int fd, const struct stat *st,
		 uint64_t *copied, bool *reading);
/* A host file that may be a pipe, to its end. */
int sink_copy_stream(struct xfsw_sink *sink, struct xfs_file *file, int fd);
/* The contents of file @from of the image, @size bytes; what is a hole there is one here.  @file is empty. */
int sink_copy_file(struct xfsw_sink *sink, struct xfs_file *file, struct xfs_file *from,
		   uint64_t size);
/* Extended attributes of @from, those that the options want; of another type it may not have all. */
int sink_copy_own_xattrs(struct xfsw_sink *sink, struct xfs_file *from, struct xfs_file *file);
/* Attributes of a host file (@fd, or @name in the working directory).  0 or -errno. */
int sink_copy_xattrs(struct xfsw_sink *sink, struct xfs_file *file, dev_t dev, int fd,
		     const char *name, bool *any);
/* @path cannot be read: 0 when that is to be skipped, else an exit code.  Prints. */
int sink_unreadable(struct xfsw_sink *sink, const char *path, int error);

/* ---- fromtree.c: the tree at @source becomes directory @top; 0 or an exit code. --------- */
int sink_from_tree(struct xfsw_sink *sink, const char *source, struct xfs_file *top,
		   const struct xfsw_own *own);

/* ---- fromtar.c ------------------------------------------------------------------------------ */
bool tar_supported(void);
/* A tar stream, compressed or not ("-": standard input), becomes what is below @top. */
int sink_from_tar(struct xfsw_sink *sink, const char *source, struct xfs_file *top);

/* ---- estimate.c: how large an image must be ----------------------------------- */

/* What a tree will take, counted before anything is written. */
struct xfsw_need {
	uint32_t block_size, inode_size, dir_block_size;
	bool parent, rmapbt, reflink;
	uint64_t inodes, directories, data_bytes;
	uint64_t data_blocks, extents, tree_blocks, dir_blocks, attr_blocks;
	uint64_t link_bytes;	/* of parent pointers of further names */
	uint32_t quota;		/* XFS_QUOTA_*: those that are on, */
	struct xfsw_inoset owners[3];	/* and the blocks of their records, by number in the file */
	uint64_t quota_blocks;
};

void need_free(struct xfsw_need *need);
/* Something is @id's, of users (0), groups (1) or projects (2).  0 or -ENOMEM. */
int need_add_owner(struct xfsw_need *need, unsigned int type, uint32_t id);
/* The same for one whose number is found by name, later. */
int need_add_owner_name(struct xfsw_need *need, unsigned int type, const char *name);
void need_add_file(struct xfsw_need *need, uint64_t size);
/* A sparse file's data range. */
void need_add_range(struct xfsw_need *need, uint64_t offset, uint64_t len);
void need_add_extent_tree(struct xfsw_need *need, uint64_t extents);
void need_add_symlink(struct xfsw_need *need, uint64_t len);
/* @names entries, @name_bytes in all. */
void need_add_directory(struct xfsw_need *need, uint64_t names, uint64_t name_bytes);
/*
 * One inode with @attrs attributes: @attr_bytes of names and values, @remote_bytes of values that
 * get blocks of their own.
 */
void need_add_inode(struct xfsw_need *need, uint64_t name_len, uint64_t attrs, uint64_t attr_bytes,
		    uint64_t remote_bytes);
/* Bytes of an image that surely holds it, with 10 % and at least 16 MiB free. */
uint64_t need_size(const struct xfsw_need *need, uint64_t log_bytes);
/* Count the tree at @source.  0 or an exit code. */
int need_of_tree(struct xfsw_sink *sink, struct xfsw_need *need, const char *source,
		 const struct xfsw_own *own);
int need_of_tar(struct xfsw_sink *sink, struct xfsw_need *need, const char *source);

#endif
