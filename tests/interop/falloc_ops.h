/* SPDX-License-Identifier: MIT */
/* What the files of falloc_ops share: a file on both sides, and how it is compared. */
#ifndef INTEROP_FALLOC_OPS_H
#define INTEROP_FALLOC_OPS_H

#include <stdbool.h>
#include <stdint.h>
#include <xfswrite/xfswrite.h>

#define MAX_BLOCKS	1024u	/* of the maps that are compared */

struct pair {
	char path[32];
	struct xfs_file *file;	/* through the library */
	int fd;			/* the kernel's */
};

/* What a comparison of maps has counted: see falloc_compare.c. */
struct map_sums {
	uint64_t blocks, preallocated, shared_apart;
	uint64_t kernel_extents, library_extents;
	uint64_t tree_apart, stat_apart;	/* of fresh files */
};

extern uint32_t bs;
extern uint8_t *a, *b;		/* MAX_BLOCKS blocks each */
extern size_t room;
extern bool sharing_is_equal;
extern struct map_sums map_sums;

/* Says what differs, and ends the program. */
__attribute__((noreturn)) void die(struct pair *p, const char *what);
uint64_t size_of(struct pair *p);
int64_t err(int64_t ret);

/* Clean pages of the kernel over unwritten blocks would be data to SEEK_DATA. */
void forget_clean(struct pair *p);
void compare_bytes(struct pair *p);
void compare_stat(struct pair *p);
void compare_seek(struct pair *p);
/*
 * Of a file that was synced; @fresh: not opened before since its mount; @sharing: what is shared must be
 * the same.
 */
void compare_maps(struct pair *p, bool fresh, bool sharing);

#endif
