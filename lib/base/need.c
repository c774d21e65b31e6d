/* SPDX-License-Identifier: MIT */
/* Arguments that are NULL or too large. */
#include <limits.h>
#include "base/need.h"

int xfs_need_object(const void *object)
{
	return object ? 0 : xfs_fail(-EINVAL, "the device, file system, file or directory is NULL");
}

int xfs_need_all(const void *object, const void *const *memory, size_t count)
{
	int error = xfs_need_object(object);

	for (size_t i = 0; i < count && !error; i++)
		if (!memory[i])
			error = xfs_fail(-EINVAL, "a pointer is NULL");
	return error;
}

int xfs_need_buffer(const void *buf, size_t size)
{
	if (size > SSIZE_MAX)
		return xfs_fail(-EINVAL, "a size of %zu bytes is too large", size);
	if (size && !buf)
		return xfs_fail(-EFAULT, "the buffer is NULL");
	return 0;
}
