/* SPDX-License-Identifier: MIT */
/* Copying structs of callers that know more or fewer members than the library. */
#include <string.h>
#include <xfswrite/version.h>
#include "base/growable.h"

/* Limit of a later version's growth; a larger size was never set. */
#define GROWTH_MAX	4096u

/* All these structs have members of whole 32-bit words, and none may be split. */
#define SIZE_UNIT	4u

static uint32_t size_of(const void *given)
{
	uint32_t size;

	memcpy(&size, given, sizeof(size));
	return size;
}

bool xfs_growable_fits(const void *given, size_t own_size, uint32_t first)
{
	uint32_t size = size_of(given);

	return size >= first && size <= own_size + GROWTH_MAX && size % SIZE_UNIT == 0;
}

int xfs_growable_need(const void *to, size_t own_size, uint32_t first, const char *name)
{
	if (!to)
		return xfs_fail(-EINVAL, "%s is NULL", name);
	if (!xfs_growable_fits(to, own_size, first))
		return xfs_fail(-EINVAL,
				"%s has size %u, not %u to %zu: set it with the initializer", name,
				size_of(to), first, own_size + GROWTH_MAX);
	return 0;
}

int xfs_growable_take(void *own, size_t own_size, uint32_t first, const void *given,
		      const char *name)
{
	int error = xfs_growable_need(given, own_size, first, name);
	uint32_t size, own32 = (uint32_t)own_size;
	const uint8_t *from = given;

	if (error)
		return error;
	size = size_of(given);
	for (size_t i = own_size; i < size; i++) {
		if (from[i])
			return xfs_fail(-EINVAL, "%s has members that this library (%s) does not know",
					name, XFSWRITE_VERSION);
	}
	memset(own, 0, own_size);
	memcpy(own, given, XFS_MIN((size_t)size, own_size));
	memcpy(own, &own32, sizeof(own32));
	return 0;
}

void xfs_growable_give(const void *own, size_t own_size, void *to)
{
	uint32_t size = size_of(to);
	size_t known = XFS_MIN((size_t)size, own_size);

	memcpy((uint8_t *)to + sizeof(size), (const uint8_t *)own + sizeof(size),
	       known - sizeof(size));
	memset((uint8_t *)to + known, 0, size - known);
}

int xfs_env_take(struct xfs_env *own, const struct xfs_env *given)
{
	int error;

	*own = (struct xfs_env)XFS_ENV_INIT;
	if (!given)
		return 0;
	error = xfs_take_struct(xfs_env, own, given, trace);
	if (error)
		return error;
	if (own->flags)
		return xfs_fail(-EINVAL, "struct xfs_env: unknown flags 0x%x", own->flags);
	/* Memory of one allocator must not be freed by another. */
	if (!own->mem_alloc != !own->mem_realloc || !own->mem_alloc != !own->mem_free)
		return xfs_fail(-EINVAL,
				"struct xfs_env: memory hooks must be set all or not at all");
	return 0;
}
