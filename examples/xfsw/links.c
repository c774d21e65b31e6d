/* SPDX-License-Identifier: MIT */
/* Hard links: an open-addressing hash table with linear probing. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "xfsw/host.h"

static size_t slot_of(const struct xfsw_links *links, uint64_t dev, uint64_t ino)
{
	uint64_t hash = (ino ^ dev * 0x9e3779b97f4a7c15ull) * 0xd6e8feb86659fd93ull;

	return (size_t)(hash >> 32) & (links->size - 1);
}

struct xfsw_link *links_find(struct xfsw_links *links, uint64_t dev, uint64_t ino)
{
	if (!links->size)
		return NULL;
	for (size_t i = slot_of(links, dev, ino); links->v[i].ino; i = (i + 1) & (links->size - 1))
		if (links->v[i].ino == ino && links->v[i].dev == dev)
			return &links->v[i];
	return NULL;
}

static void place(struct xfsw_links *links, const struct xfsw_link *link)
{
	size_t i = slot_of(links, link->dev, link->ino);

	while (links->v[i].ino)
		i = (i + 1) & (links->size - 1);
	links->v[i] = *link;
}

static int grow(struct xfsw_links *links)
{
	struct xfsw_links larger = { .used = links->used,
				    .size = links->size ? links->size * 2 : 256 };

	larger.v = calloc(larger.size, sizeof(*larger.v));
	if (!larger.v)
		return -ENOMEM;
	for (size_t i = 0; i < links->size; i++)
		if (links->v[i].ino)
			place(&larger, &links->v[i]);
	free(links->v);
	*links = larger;
	return 0;
}

int links_add(struct xfsw_links *links, uint64_t dev, uint64_t ino, uint32_t nlink,
	      uint64_t value, const char *path)
{
	struct xfsw_link link = { .dev = dev, .ino = ino, .value = value, .left = nlink - 1 };

	if (links->used * 2 >= links->size && grow(links))
		return -ENOMEM;
	if (path) {
		link.path = strdup(path);
		if (!link.path)
			return -ENOMEM;
	}
	place(links, &link);
	links->used++;
	return 0;
}

void links_seen(struct xfsw_links *links, struct xfsw_link *link)
{
	size_t mask = links->size - 1, hole = (size_t)(link - links->v);

	if (--link->left)
		return;
	free(link->path);
	links->used--;
	/* Close the gap: whoever was pushed past it moves back, or its search would end there. */
	for (size_t i = (hole + 1) & mask; links->v[i].ino; i = (i + 1) & mask) {
		size_t home = slot_of(links, links->v[i].dev, links->v[i].ino);

		if (((i - home) & mask) >= ((i - hole) & mask)) {
			links->v[hole] = links->v[i];
			hole = i;
		}
	}
	memset(&links->v[hole], 0, sizeof(links->v[hole]));
}

void links_free(struct xfsw_links *links)
{
	for (size_t i = 0; i < links->size; i++)
		if (links->v[i].ino)
			free(links->v[i].path);
	free(links->v);
	memset(links, 0, sizeof(*links));
}
