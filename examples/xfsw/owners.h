/* SPDX-License-Identifier: MIT */
/*
 * Names of users and groups, and the numbers that an inode holds.  A name is looked up in the
 * tree's own etc/passwd and etc/group first, as its numbers are the ones that the image will be
 * used with, and then on the host.
 */
#ifndef XFSW_OWNERS_H
#define XFSW_OWNERS_H

#include "xfsw/xfsw.h"

struct xfsw_owners {
	struct xfs_mount *tree;		/* the image whose own files are asked; NULL: none */
	const char *tree_dir;		/* or the host directory */
	bool numeric;			/* no name is looked up anywhere */
	bool only_files;		/* the host is not asked: --root-db */
	bool loaded;
	char *users, *groups;		/* what stands in passwd and group; NULL: nothing */
};

/* The options of the verbs that take names. */
#define OWNERS_ROOT_DB	(XFSW_OPT_VERB + 40)
#define OWNERS_NUMERIC	(XFSW_OPT_VERB + 41)
extern const struct xfsw_option owners_options[];

/* What @call's options say.  0 or an exit code, message printed.  owners_free() it, always. */
int owners_init(struct xfsw_owners *owners, const struct xfsw_call *call);
void owners_free(struct xfsw_owners *owners);
/* From here on the tree's own files are those of the image @mp, unless --root-db names others. */
void owners_use_image(struct xfsw_owners *owners, struct xfs_mount *mp);

/*
 * The number of user (or @group) @name, which may be digits.  False: nobody knows it, or the
 * number is more than an inode holds.  The files are read at the first name and not again.
 */
bool owners_find(struct xfsw_owners *owners, const char *name, bool group, uint32_t *id);

/* A file of the image as a string to be freed; NULL: it is none, or too large for such a file. */
char *owners_read_image_file(struct xfs_mount *mp, const char *path);

/* "UID:GID", "UID", ":GID", each a number or a name.  Bits of @valid: XFS_ATTR_UID, _GID. */
bool owners_parse(struct xfsw_owners *owners, const char *text, uint32_t *uid, uint32_t *gid,
		  uint32_t *valid);

/* Ids of inodes end one below this number, which chown(2) takes for "leave it". */
#define OWNERS_ID_LIMIT	UINT32_MAX

#endif
