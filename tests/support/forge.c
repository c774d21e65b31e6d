/* SPDX-License-Identifier: MIT */
/* Other names and inode numbers in directories of a good image. */
#include <stdlib.h>
#include <string.h>
#include "disk/attr.h"
#include "disk/dir.h"
#include "support/forge.h"

#define LITERAL	176u

static uint8_t buf[65536];

static uint8_t *find(uint8_t *from, uint8_t *end, const void *what, size_t len)
{
	for (; from + len <= end; from++)
		if (memcmp(from, what, len) == 0)
			return from;
	return NULL;
}

static int by_hash(const void *a, const void *b)
{
	uint32_t left = get_be32(a), right = get_be32(b);

	return (left > right) - (left < right);
}

/* The index in the block, or the entries of the attribute leaf, follow the new name at @at. */
static void rehash(const struct test_object *obj, const uint8_t *at, size_t len)
{
	uint32_t hash = xfs_da_hashname(at, len), n, where;
	uint8_t *ents;

	if (obj->kind == TEST_DIR_BLOCK) {
		n = get_be32(buf + obj->len - 8);
		ents = buf + obj->len - 8 - 8 * n;
		where = (uint32_t)(at - 9 - buf) / 8;
		for (uint32_t i = 0; i < n; i++)
			if (get_be32(ents + 8 * i + 4) == where)
				put_be32(hash, ents + 8 * i);
	} else if (obj->kind == TEST_ATTR_LEAF) {
		n = get_be16(buf + 56);
		ents = buf + sizeof(struct xfs_attr3_leaf_hdr);
		for (uint32_t i = 0; i < n; i++) {
			where = get_be16(ents + 8 * i + 4);
			where += ents[8 * i + 6] & XFS_ATTR_LOCAL ? 3 : 9;
			if (buf + where == at)
				put_be32(hash, ents + 8 * i);
		}
	} else {
		return;
	}
	qsort(ents, n, 8, by_hash);
}

static bool put_back(struct xfs_device *dev, const struct test_object *obj)
{
	test_object_fix_crc(obj, buf);
	return test_object_write(dev, obj, buf) == 0;
}

unsigned int test_forge_name(const struct test_objects *objs, struct xfs_device *dev,
			     const char *old, const void *new)
{
	size_t len = strlen(old), prefix = old[0] < ' ';
	unsigned int changed = 0;

	for (size_t i = 0; i < objs->n; i++) {
		const struct test_object *obj = &objs->v[i];
		uint8_t *at, *start = buf + (obj->kind == TEST_INODE ? LITERAL : 0);
		bool found = false;

		if (obj->kind < TEST_INODE || test_object_read(dev, obj, buf))
			continue;
		while ((at = find(start, buf + obj->len, old, len)) != NULL) {
			memcpy(at, new, len);
			rehash(obj, at + prefix, len - prefix);
			found = true;
			start = at + len;
		}
		changed += found && put_back(dev, obj);
	}
	return changed;
}

/* Short form: where the number of @name stands. */
static uint8_t *sf_number(const char *name)
{
	struct xfs_dir2_sf_hdr *hdr = (void *)(buf + LITERAL);
	struct xfs_dir2_sf_entry *sfep = xfs_dir2_sf_firstentry(hdr);

	if (strcmp(name, "..") == 0)
		return hdr->parent;
	for (unsigned int i = 0; i < hdr->count; i++, sfep = xfs_dir2_sf_nextentry(hdr, sfep))
		if (sfep->namelen == strlen(name) && !memcmp(sfep->name, name, sfep->namelen))
			return sfep->name + sfep->namelen + 1;
	return NULL;
}

static uint8_t *data_number(const struct test_object *obj, const char *name)
{
	size_t len = strlen(name);
	uint8_t key[257], *at;

	key[0] = (uint8_t)len;
	memcpy(key + 1, name, len);
	at = find(buf + 64, buf + obj->len, key, len + 1);
	return at ? at - 8 : NULL;
}

bool test_forge_ino(const struct test_objects *objs, struct xfs_device *dev, uint64_t dir,
		    const char *name, uint64_t ino)
{
	for (size_t i = 0; i < objs->n; i++) {
		const struct test_object *obj = &objs->v[i];
		const struct xfs_dinode *dip = (const void *)buf;
		uint8_t *number = NULL;

		if (obj->owner != dir || test_object_read(dev, obj, buf))
			continue;
		if (obj->kind == TEST_INODE && dip->di_format == XFS_DINODE_FMT_LOCAL) {
			number = sf_number(name);
			if (number)
				xfs_dir2_sf_put_number(buf[LITERAL + 1] != 0, number, ino);
		} else if (obj->kind == TEST_DIR_BLOCK || obj->kind == TEST_DIR_DATA) {
			number = data_number(obj, name);
			if (number)
				put_be64(ino, number);
		}
		if (number)
			return put_back(dev, obj);
	}
	return false;
}
