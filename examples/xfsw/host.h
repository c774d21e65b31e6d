/* SPDX-License-Identifier: MIT */
/* The host's side of create, put and get: walking a tree, hard links, extended attributes. */
#ifndef XFSW_HOST_H
#define XFSW_HOST_H

#include "xfsw/keep.h"
#include "xfsw/xfsw.h"

/* ---- fdstack.c ------------------------------------------------------------ */

struct xfsw_fds {
	struct xfsw_fd {
		int fd;			/* -1: closed for now */
		dev_t dev;
		ino_t ino;
	} *v;
	size_t depth, max;
};

/* @fd is the stack's from now on, unless this fails. */
int fds_push(struct xfsw_fds *fds, int fd, const struct stat *st);
/* Close the lowest; its parent is open afterwards.  -ESTALE: the parent is another one now. */
int fds_pop(struct xfsw_fds *fds);
int fds_top(const struct xfsw_fds *fds);
void fds_free(struct xfsw_fds *fds);

/* ---- links.c --------------------------------------------------------------- */

/*
 * Objects with several names: (device, inode) to whatever stands for the first
 * name.  An entry goes when all its names were seen, so that the table holds
 * only objects whose names are still awaited.
 */
struct xfsw_links {
	struct xfsw_link {
		uint64_t dev, ino;	/* ino 0: free slot */
		uint64_t value;		/* inode in the image */
		char *path;		/* or a path, the table's to free */
		uint32_t left;		/* names still to come */
		uint64_t host_dev, host_ino;	/* of what @path names, where host_link() is used */
	} *v;
	size_t used, size;
};

/* The entry of an object seen before, or NULL. */
struct xfsw_link *links_find(struct xfsw_links *links, uint64_t dev, uint64_t ino);
/* Remember an object of @nlink names. @path is copied; may be NULL.  0 or -ENOMEM. */
int links_add(struct xfsw_links *links, uint64_t dev, uint64_t ino, uint32_t nlink,
	      uint64_t value, const char *path);
/* One more name was made; @link is invalid afterwards. */
void links_seen(struct xfsw_links *links, struct xfsw_link *link);
void links_free(struct xfsw_links *links);

/* ---- hostpath.c: objects under names of an image; its first comment has the rules ------- */

/*
 * All but the last one take one component in directory @dirfd; -EUCLEAN: it is none.  @replace: what
 * has the name gives way (a directory only if it is empty).  0 or a descriptor, or -errno.
 */
int host_make_way(int dirfd, const char *name);
int host_make_file(int dirfd, const char *name, bool replace);	/* to write to, mode 0600 */
/*
 * A new file under a name of its own, which host_take_name() exchanges for @name when the file is
 * whole: until then what has that name stays.
 */
#define HOST_TEMPORARY	64
int host_make_temporary(int dirfd, char name[HOST_TEMPORARY]);
int host_take_name(int dirfd, const char *temporary, const char *name);
/*
 * A new file to write to that gets its name when it is whole.  Where the host has such a thing it has
 * none until then, and nothing is left of it if the process is killed; elsewhere, and with
 * @temporary, one of its own.
 */
struct host_new {
	int fd;
	char temporary[HOST_TEMPORARY];	/* "": it has no name */
};
int host_make_new(int dirfd, bool temporary, struct host_new *new);
/*
 * It gets @name; what has that gives way with @replace, in the same moment.  -EOPNOTSUPP: it cannot
 * get one, and the contents have to be written to another, temporary one.  new->fd stays open.
 */
int host_name_new(int dirfd, struct host_new *new, const char *name, bool replace);
/* Instead: it goes. */
void host_drop_new(int dirfd, struct host_new *new);
/* Mode 0700, opened to read.  With @replace a directory that exists is used as it is. */
int host_make_dir(int dirfd, const char *name, bool replace);
struct host_special {
	const char *target;		/* of a symbolic link, else NULL */
	mode_t mode;			/* type and permissions */
	dev_t rdev;
};
int host_make_special(int dirfd, const char *name, const struct host_special *what, bool replace);
/* Nothing happens to a symbolic link. */
int host_chmod(int dirfd, const char *name, mode_t mode);
/* @name becomes another name of the object at @link->path below directory @top, if it is still it. */
int host_link(int top, const struct xfsw_link *link, int dirfd, const char *name, bool replace);
/* Open a directory any number of levels below @top; no component of @path may be a link. */
int host_open_below(int top, const char *path);

/* ---- hosttree.c -------------------------------------------------------------- */

struct host_walk;

/* A directory of the host that is being read. */
struct host_dir {
	struct stat st;
	uint64_t cookie;	/* what entry() said about it */
	void *data;		/* the visitor's */
	uint32_t level;		/* 0: the top */
};

/* One entry of it. */
struct host_entry {
	const char *name;
	uint8_t type;		/* DT_*, as the directory tells it; DT_UNKNOWN is possible */
	uint64_t ino;		/* the same */
	bool down;		/* set by entry(): it is a directory that shall be entered */
	uint64_t cookie;	/* set by entry(): given to enter() */
};

/* All return 0, or an exit code that ends the walk; they have printed why. */
struct host_visitor {
	/* The top or a directory that entry() sent the walk to was opened. */
	int (*enter)(struct host_walk *walk, struct host_dir *dir);
	int (*entry)(struct host_walk *walk, struct host_dir *dir, struct host_entry *entry);
	/* All entries were seen; the directories among them are still to be entered. */
	int (*names_done)(struct host_walk *walk, struct host_dir *dir);
	/* The walk leaves @dir; called after each successful enter(), on errors too. */
	void (*leave)(struct host_walk *walk, struct host_dir *dir);
	/* @name (NULL: @dir itself) cannot be read. */
	int (*unreadable)(struct host_walk *walk, const char *name, int error);
};

struct host_walk {
	const struct host_visitor *visitor;
	void *ctx;
	const struct xfsw_own *own;	/* the image itself, which may lie in the tree */
	/* private */
	struct xfsw_fds fds;
	struct xfsw_str path;
	size_t cwd_depth;		/* fds.depth of the working directory, 0: elsewhere */
	int old_cwd;
	char *dents;
};

/*
 * Visit the tree at @path.  All entries of a directory, sorted by name, before any
 * directory below: so inodes and data of one directory lie together, and nothing
 * depends on the host's order.  0 or an exit code.
 */
int host_walk(struct host_walk *walk, const char *path);
/* Look at an entry of the directory being read, links not followed.  0 or -errno. */
int host_walk_stat(struct host_walk *walk, const char *name, struct stat *st);
/* Is it the image itself? */
bool host_walk_skips(const struct host_walk *walk, const struct stat *st);
/* The directory being read, as descriptor. */
int host_walk_fd(const struct host_walk *walk);
/* Make it the working directory, for calls that have no ...at form.  0 or -errno. */
int host_walk_chdir(struct host_walk *walk);
/* The path of @name in it, for messages; valid until the next call. */
const char *host_walk_path(struct host_walk *walk, const char *name);
/* Open for reading without touching atime where that is allowed.  A descriptor or -errno. */
int host_open(int dirfd, const char *name, int flags);

/* ---- hostcache.c -------------------------------------------------------------------- */

/*
 * What a first walk over a tree saw, for a second one in the same order: it need not ask
 * the host again.  Holds so many objects as fit in a fixed amount of memory, and is no
 * longer used from the first name on that is not the expected one.
 */
struct host_cache {
	struct host_record *v;
	size_t n, max, next;
	bool full, off;
};

/* @attributes: it has extended attributes. */
void cache_add(struct host_cache *cache, const char *name, const struct stat *st, bool attributes);
/* The next object, if it is @name and was recorded: fills @st and *@attributes. */
bool cache_next(struct host_cache *cache, const char *name, struct stat *st, bool *attributes);
void cache_free(struct host_cache *cache);

/* ---- hostxattr.c ----------------------------------------------------------------- */

/*
 * Extended attributes of an open file (@fd), or with @fd -1 of @name in the working
 * directory, links not followed.  Only those that XFS can hold are visited.
 */
struct host_xattrs {
	char *list, *value;
	dev_t none_dev;			/* a file system without attributes */
	bool have_none_dev;
	uint64_t left_out;		/* attributes of other namespaces seen */
};
typedef int (*host_xattr_fn)(void *ctx, const char *name, const void *value, size_t size);
/* 0, -errno of the host, or what @fn returned.  With @sizes_only @value is NULL. */
int host_each_xattr(struct host_xattrs *xattrs, dev_t dev, int fd, const char *name,
		    bool sizes_only, host_xattr_fn fn, void *ctx);
void host_xattrs_free(struct host_xattrs *xattrs);
/* Is it one to copy?  Those of namespaces that XFS does not have are counted in *@left_out. */
bool host_xattr_fits(const char *name, uint64_t *left_out);

/* ---- hostflags.c ----------------------------------------------------------------- */

/* What FS_IOC_FSGETXATTR tells, with its values, which are those of XFS_XFLAG_*. */
struct host_flags {
	bool known;			/* the host has such things */
	bool foreign;			/* flags are set that XFS does not have */
	uint32_t xflags, projid, extsize_bytes, cowextsize_bytes;
};
/*
 * Of open @fd, or with @fd -1 of @name in @dirfd, links not followed.  -ENOENT, or 0, also where
 * the host does not tell.
 */
int host_get_flags(int dirfd, int fd, const char *name, struct host_flags *flags);
/* Make them @want, the @kinds (1 << keep_kind) of it; what is refused is counted in @keep. */
void host_set_flags(int dirfd, int fd, const char *name, const struct host_flags *want,
		    uint32_t kinds, struct xfsw_keep *keep);
/* Can those of links and special files be set?  On older kernels they come from the directory. */
bool host_has_named_flags(void);

/* ---- hostattrs.c ------------------------------------------------------------------- */

/* An object that gets more names, and so its flags when all are made. */
struct host_later {
	char *path;			/* below the top */
	struct xfs_stat st;
	dev_t dev;
	ino_t ino;
};

/* Attributes on their way to the host. */
struct host_restore {
	struct xfsw_keep keep;
	bool root;			/* allowed to give files away */
	uint64_t left_out;		/* attributes of namespaces that the host has not */
	struct host_later *later;
	size_t nlater, max_later;
	char *list, *value;
};

#define RESTORE_FOUND		(1u << 0)	/* it was there: flags are added to what it has */
#define RESTORE_MORE_NAMES	(1u << 1)	/* flags that forbid them come with restore_later() */

/* 0 or -ENOMEM.  Before the umask is changed.  restore_end() afterwards, always. */
int restore_init(struct host_restore *r, const struct xfsw_call *call);
/* What a new regular file must have before its first block. */
void restore_before_data(struct host_restore *r, const struct xfs_stat *st, int fd);
/*
 * All attributes of @file, which @st was asked of, onto open @fd, or with -1 onto the link or
 * special file @name in @dirfd.  0, or -errno of the image; what the host refuses is counted.
 */
int restore_attributes(struct host_restore *r, struct xfs_file *file, const struct xfs_stat *st,
		       int dirfd, int fd, const char *name, unsigned int how);
/* Remember an object restored with RESTORE_MORE_NAMES.  @path: below the top.  0 or -ENOMEM. */
int restore_later(struct host_restore *r, const struct xfs_stat *st, const struct stat *host,
		  const char *path);
/* All names are made. */
void restore_settle(struct host_restore *r, int top);
/* Tells what was lost; the exit code that follows from @code and that. */
int restore_end(struct host_restore *r, const struct xfsw_call *call, int code);

#endif
