/* SPDX-License-Identifier: MIT */
/* Arguments that are NULL, and hooks of an environment that do not belong together. */
#include <limits.h>
#include "base/need.h"

int xfs_need_object(const void *object)
{
	return object ? 0 : xfs_fail(-EINVAL, "no device, file system, file or directory was given");
}

int xfs_need_all(const void *object, const void *const *memory, size_t count)
{
	int error = xfs_need_object(object);

	for (size_t i = 0; i < count && !error; i++)
		if (!memory[i])
			error = xfs_fail(-EINVAL, "a pointer that must not be NULL is NULL");
	return error;
}

int xfs_need_env(const struct xfs_env *env)
{
	const uint8_t *beyond = (const uint8_t *)env + sizeof(*env);

	if (!env)
		return 0;
	if (env->size < offsetof(struct xfs_env, trace) + sizeof(env->trace))
		return xfs_fail(-EINVAL, "struct xfs_env: a size of %u", env->size);
	if (env->flags)
		return xfs_fail(-EINVAL, "struct xfs_env: unknown flags 0x%x", env->flags);
	for (size_t i = sizeof(*env); i < env->size; i++)
		if (*beyond++)
			return xfs_fail(-EINVAL, "struct xfs_env of a later version");
	/* Memory of one allocator must not be freed by another. */
	if (!env->mem_alloc != !env->mem_realloc || !env->mem_alloc != !env->mem_free)
		return xfs_fail(-EINVAL, "struct xfs_env: one memory hook without the others");
	return 0;
}

int xfs_need_buffer(const void *buf, size_t size)
{
	if (size > SSIZE_MAX)
		return xfs_fail(-EINVAL, "%zu bytes are too many", size);
	if (size && !buf)
		return xfs_fail(-EFAULT, "the buffer is NULL");
	return 0;
}
