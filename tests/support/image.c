/* SPDX-License-Identifier: MIT */
/* Copying, saving and comparing devices that are mostly zeros. */
#include <fcntl.h>
#include <unistd.h>
#include "base/compiler.h"
#include "base/mem.h"
#include "support/test_device.h"

#define PIECE 65536u

static bool all_zero(const uint8_t *p, size_t len)
{
	return p[0] == 0 && memcmp(p, p + 1, len - 1) == 0;
}

typedef int (*piece_fn)(void *ctx, uint64_t offset, const uint8_t *data, size_t len);

/* Call @fn for each piece of @src that is not all zeros. */
static int each_piece(struct xfs_device *src, piece_fn fn, void *ctx)
{
	struct xfs_device_info info = XFS_DEVICE_INFO_INIT;
	uint8_t *buf = xfs_mem_alloc_aligned(NULL, 4096, PIECE);
	int error = buf ? xfs_device_info(src, &info) : -ENOMEM;

	for (uint64_t offset = 0; !error && offset < info.size_bytes; offset += PIECE) {
		size_t len = XFS_MIN(info.size_bytes - offset, (uint64_t)PIECE);

		error = xfs_device_pread(src, offset, buf, len);
		if (!error && !all_zero(buf, len))
			error = fn(ctx, offset, buf, len);
	}
	xfs_mem_free_aligned(NULL, buf);
	return error;
}

static int to_device(void *ctx, uint64_t offset, const uint8_t *data, size_t len)
{
	return xfs_device_pwrite(ctx, offset, data, len, 0);
}

int test_device_clone(struct xfs_device *src, struct xfs_device **copyp)
{
	struct xfs_device_info info = XFS_DEVICE_INFO_INIT;
	int error = xfs_device_info(src, &info);

	*copyp = NULL;
	if (!error)
		error = xfs_device_open_memory(info.size_bytes, info.logical_sector, NULL, copyp);
	if (!error)
		error = each_piece(src, to_device, *copyp);
	if (error) {
		xfs_device_put(*copyp);
		*copyp = NULL;
	}
	return error;
}

int test_device_save(struct xfs_device *src, const char *path)
{
	struct xfs_device_info info = XFS_DEVICE_INFO_INIT;
	struct xfs_device *file;
	int error = xfs_device_info(src, &info);

	if (!error)
		error = xfs_device_open_file(path, XFS_DEV_CREATE | XFS_DEV_TRUNCATE,
					     info.size_bytes, &file);
	if (error)
		return error;
	error = each_piece(src, to_device, file);
	xfs_device_put(file);
	return error;
}

struct comparison {
	struct xfs_device *other;
	uint64_t where;
};

static int compare_piece(void *ctx, uint64_t offset, const uint8_t *data, size_t len)
{
	struct comparison *cmp = ctx;
	uint8_t *buf = xfs_mem_alloc_aligned(NULL, 4096, len);
	int error = buf ? xfs_device_pread(cmp->other, offset, buf, len) : -ENOMEM;

	for (size_t i = 0; !error && i < len; i++) {
		if (buf[i] != data[i]) {
			cmp->where = offset + i;
			error = -ENODATA;
		}
	}
	xfs_mem_free_aligned(NULL, buf);
	return error;
}

bool test_device_equal(struct xfs_device *a, struct xfs_device *b, uint64_t *where)
{
	struct comparison ab = {.other = b, .where = UINT64_MAX};
	struct comparison ba = {.other = a, .where = UINT64_MAX};
	struct xfs_device_info info_a = XFS_DEVICE_INFO_INIT, info_b = XFS_DEVICE_INFO_INIT;
	int error;

	if (xfs_device_info(a, &info_a) || xfs_device_info(b, &info_b))
		return false;
	if (where)
		*where = XFS_MIN(info_a.size_bytes, info_b.size_bytes);
	if (info_a.size_bytes != info_b.size_bytes)
		return false;
	/* Both ways round, since pieces of zeros are passed over. */
	error = each_piece(a, compare_piece, &ab);
	if (!error || error == -ENODATA) {
		int error_ba = each_piece(b, compare_piece, &ba);

		error = error_ba ? error_ba : error;
	}
	if (error && where)
		*where = XFS_MIN(ab.where, ba.where);
	return !error;
}
