/* SPDX-License-Identifier: MIT */
/*
 * What a walk has learnt of a host directory's entries, in the order in which they are asked for.
 */
#include <stdlib.h>
#include <string.h>
#include "xfsw/host.h"

#define CACHE_BYTES	(64u << 20)

struct host_record {
	uint64_t dev, ino, rdev, size, blocks;
	int64_t atime, mtime;
	uint32_t atime_nsec, mtime_nsec;
	uint32_t mode, nlink, uid, gid;
	uint32_t name_hash;
	bool attributes;
};

static uint32_t hash_name(const char *name)
{
	uint64_t hash = 0xcbf29ce484222325ull;

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 0x100000001b3ull;
	return (uint32_t)(hash ^ hash >> 32);
}

void cache_add(struct host_cache *cache, const char *name, const struct stat *st, bool attributes)
{
	struct host_record *r;

	if (cache->full)
		return;
	if (cache->n == cache->max) {
		size_t max = cache->max ? cache->max * 2 : 1024;
		void *v = max * sizeof(*cache->v) <= CACHE_BYTES
				  ? realloc(cache->v, max * sizeof(*cache->v)) : NULL;

		cache->full = !v;
		if (!v)
			return;
		cache->v = v;
		cache->max = max;
	}
	r = &cache->v[cache->n++];
	r->dev = st->st_dev;
	r->ino = st->st_ino;
	r->rdev = st->st_rdev;
	r->size = (uint64_t)st->st_size;
	r->blocks = (uint64_t)st->st_blocks;
	r->atime = st->st_atim.tv_sec;
	r->mtime = st->st_mtim.tv_sec;
	r->atime_nsec = (uint32_t)st->st_atim.tv_nsec;
	r->mtime_nsec = (uint32_t)st->st_mtim.tv_nsec;
	r->mode = st->st_mode;
	r->nlink = (uint32_t)st->st_nlink;
	r->uid = st->st_uid;
	r->gid = st->st_gid;
	r->name_hash = hash_name(name);
	r->attributes = attributes;
}

bool cache_next(struct host_cache *cache, const char *name, struct stat *st, bool *attributes)
{
	const struct host_record *r = cache->next < cache->n ? &cache->v[cache->next] : NULL;

	if (cache->off || !r || r->name_hash != hash_name(name)) {
		/* The tree changed, or the memory ended: the order is lost for good. */
		cache->off = true;
		return false;
	}
	cache->next++;
	memset(st, 0, sizeof(*st));
	st->st_dev = r->dev;
	st->st_ino = r->ino;
	st->st_rdev = r->rdev;
	st->st_size = (off_t)r->size;
	st->st_blocks = (blkcnt_t)r->blocks;
	st->st_atim.tv_sec = r->atime;
	st->st_atim.tv_nsec = r->atime_nsec;
	st->st_mtim.tv_sec = r->mtime;
	st->st_mtim.tv_nsec = r->mtime_nsec;
	st->st_mode = r->mode;
	st->st_nlink = r->nlink;
	st->st_uid = r->uid;
	st->st_gid = r->gid;
	*attributes = r->attributes;
	return true;
}

void cache_free(struct host_cache *cache)
{
	free(cache->v);
	memset(cache, 0, sizeof(*cache));
}
