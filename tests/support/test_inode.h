/* SPDX-License-Identifier: MIT */
/*
 * An inode of no cache, for tests of the layers below inode/: it never goes to
 * disk by itself; and what such tests ask about its forks.
 */
#ifndef SUPPORT_TEST_INODE_H
#define SUPPORT_TEST_INODE_H

#include "bmap/bmap.h"

/* EXTENTS format, ILOCK not held.  NREXT64 when the file system has it. */
struct xfs_inode *test_inode_new(struct xfs_mount *mp, xfs_ino_t ino, uint16_t mode);
/* Free its forks' memory, promises or not. */
void test_inode_empty(struct xfs_inode *ip);
/*
 * Once it was logged, it must outlive the checkpoint: empty it, drop the mount, free it.
 */
void test_inode_free(struct xfs_inode *ip);

/*
 * Whether @whichfork on disk - the list in @dip or the tree below its root, read by a
 * walker of its own from the buffers and checked rule by rule - holds exactly the
 * real extents of the in-core map.  Adds the blocks of the tree to *@tree_blocks.
 * NULL: it does; else what is wrong.
 */
const char *test_fork_compare(struct xfs_inode *ip, enum xfs_fork_id whichfork,
			      uint64_t *tree_blocks);

#endif
