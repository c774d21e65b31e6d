/* SPDX-License-Identifier: MIT */
/*
 * The loops of fault tests: the first event of a kind fails, then the second, and so on until
 * none is met, in every operation of scenario.h and in opening, closing and formatting.
 */
#ifndef FAULT_LOOPS_H
#define FAULT_LOOPS_H

#include "fault/scenario.h"

/* What fails, and which errors it explains. */
struct fault_kind {
	unsigned int op;		/* for @arm */
	/* The @nth event from now on fails, alone or (@sticky) with all later ones. */
	void (*arm)(const struct fault_kind *kind, struct xfs_device *fault, unsigned int nth,
		    bool sticky, bool torn);
	bool (*met)(struct xfs_device *fault);	/* whether one failed; disarms */
	const int *allowed;		/* from operations, closing and formatting; 0-terminated */
	int opening;			/* the one error from opening */
	bool opening_needs_all;		/* opening cannot succeed when one failed */
	bool never_shuts_down;		/* the file system goes on whatever failed */
	unsigned int reserve_margin;	/* percent of the reserve of memory that nothing ever uses */
};

/* False, and SKIP was said: the library was built without fault points for memory. */
bool fault_memory_points(void);

/* Each event of each of the @n @kinds in one operation on @image; closing is whole again. */
void fault_scenario(const struct scenario *sc, struct xfs_device *image, const struct fault_kind *kinds,
		    size_t n, bool sticky);
/* The same in each operation of scenario.h. */
void fault_operations(const struct fault_kind *kinds, size_t n, bool sticky);
/* Opening, and closing after changes; one event and all from there on. */
void fault_mount_and_unmount(const struct fault_kind *kinds, size_t n);
/* A format that fails leaves nothing that mounts, but where only the very last step was missing. */
void fault_mkfs(const struct fault_kind *kinds, size_t n);

#endif
