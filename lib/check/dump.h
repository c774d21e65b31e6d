/* SPDX-License-Identifier: MIT */
/* Shared by the files of the dumper. */
#ifndef CHECK_DUMP_H
#define CHECK_DUMP_H

#include "check/check_priv.h"

struct xfs_dir2_sf_entry;
struct xfs_dump {
	struct xfs_check *chk;
	int (*line)(void *ctx, const char *text);
	void *ctx;
};

void xfs_dump_line(struct xfs_dump *d, const char *fmt, ...) XFS_PRINTF(2, 3);
void xfs_dump_sb(struct xfs_dump *d, const uint8_t *sector);
void xfs_dump_agf(struct xfs_dump *d, const uint8_t *sector);
void xfs_dump_agi(struct xfs_dump *d, const uint8_t *sector);
/* @agf tells which slots are active. */
void xfs_dump_agfl(struct xfs_dump *d, const uint8_t *sector, const uint8_t *agf);
void xfs_dump_inode(struct xfs_dump *d, const uint8_t *inode);
/* By the block's magic number; @len may be that of a directory block. */
void xfs_dump_block(struct xfs_dump *d, const uint8_t *buf, uint32_t len);
void xfs_dump_dir_sf(struct xfs_dump *d, const uint8_t *fork, uint32_t len);
/*
 * Entry *@i, after @prev (NULL: the first one), of a short-form directory; NULL: none in [@fork,
 * @fork + @len).
 */
const struct xfs_dir2_sf_entry *xfs_dump_sf_next(const uint8_t *fork, uint32_t len, uint32_t *i,
						 const struct xfs_dir2_sf_entry *prev, xfs_ino_t *ino);
void xfs_dump_attr_sf(struct xfs_dump *d, const uint8_t *fork, uint32_t len);
/* The record of @id in the file of quota type @type: 0 user, 1 group, 2 project. */
int xfs_dump_dquot(struct xfs_dump *d, unsigned int type, uint64_t id);
void xfs_dump_dquots(struct xfs_dump *d, const uint8_t *buf, uint32_t len);
void xfs_dump_log(struct xfs_dump *d);

#endif
