/* SPDX-License-Identifier: MIT */
/*
 * ACLs of a tar stream.  Their entries name users and groups by number, or by name alone (GNU
 * tar writes names).  The tree's own etc/passwd may come later in the stream than a name, so an
 * ACL with names waits for the end of the stream.
 */
#ifndef XFSW_TARACL_H
#define XFSW_TARACL_H

#include "xfsw/tar.h"

struct tar_acl_text;
struct tar_acl_waiting;

struct tar_acls {
	struct tar_acl_text **texts;	/* each ACL with names once, however many files have it */
	size_t ntexts, max_texts;
	struct tar_acl_waiting *waiting;
	size_t nwaiting, max_waiting;
	uint64_t other_kinds;		/* objects with NFSv4 ACLs, which XFS has not */
};

/*
 * The ACLs of @entry for @file, at @path.  0 or -errno; *@bad, for -ERANGE: an id that is none.
 */
int tar_acls_add(struct tar_acls *acls, struct xfs_file *file, struct archive_entry *entry,
		 const char *path, const char **bad);
/*
 * The stream is at its end: look the names up and set what waited.  A name that nobody knows is
 * told once; with --skip-unreadable its entries are left out, else an exit code comes back.
 */
int tar_acls_finish(struct tar_acls *acls, struct xfsw_sink *sink);
void tar_acls_free(struct tar_acls *acls);

#endif
