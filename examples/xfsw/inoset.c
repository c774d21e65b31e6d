/* SPDX-License-Identifier: MIT */
/* Sets of inode numbers: an open-addressing hash table with linear probing. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "xfsw/walk.h"

static struct xfsw_inoset_slot *slot_of(const struct xfsw_inoset *set, uint64_t key)
{
	size_t i = (size_t)(key * 0x9e3779b97f4a7c15ull >> 32) & (set->size - 1);

	while (set->v[i].key && set->v[i].key != key)
		i = (i + 1) & (set->size - 1);
	return &set->v[i];
}

static int grow(struct xfsw_inoset *set)
{
	struct xfsw_inoset larger = { .used = set->used, .size = set->size ? set->size * 2 : 64 };

	larger.v = calloc(larger.size, sizeof(*larger.v));
	if (!larger.v)
		return -ENOMEM;
	for (size_t i = 0; i < set->size; i++)
		if (set->v[i].key)
			*slot_of(&larger, set->v[i].key) = set->v[i];
	free(set->v);
	*set = larger;
	return 0;
}

int inoset_add(struct xfsw_inoset *set, uint64_t ino)
{
	uint64_t bit = 1ull << ino % 64;
	struct xfsw_inoset_slot *slot;

	if (set->used * 2 >= set->size && grow(set))
		return -ENOMEM;
	slot = slot_of(set, ino / 64 + 1);
	if (slot->in & bit)
		return 0;
	set->used += slot->key == 0;
	slot->key = ino / 64 + 1;
	slot->in |= bit;
	return 1;
}

bool inoset_has(const struct xfsw_inoset *set, uint64_t ino)
{
	return set->size && slot_of(set, ino / 64 + 1)->in & 1ull << ino % 64;
}

bool inoset_mark(struct xfsw_inoset *set, uint64_t ino)
{
	struct xfsw_inoset_slot *slot = slot_of(set, ino / 64 + 1);
	uint64_t bit = 1ull << ino % 64;
	bool first = !(slot->marked & bit);

	slot->marked |= bit;
	return first;
}

void inoset_free(struct xfsw_inoset *set)
{
	free(set->v);
	memset(set, 0, sizeof(*set));
}
