/* SPDX-License-Identifier: MIT */
/*
 * Makes an input of the fuzz targets from a clean image: pack IMAGE OUTPUT.  Only
 * live metadata is kept, with LSNs of 0, beside a log as a formatter leaves it.
 */
#include <stdio.h>
#include <stdlib.h>
#include "disk/log.h"
#include "fuzz/fuzz.h"
#include "support/objects.h"

#define CYCLE	XLOG_INIT_CYCLE

static const uint16_t lsn_off[TEST_NR_KINDS] = {
	[TEST_SB] = 240,       [TEST_AGF] = 208,     [TEST_AGI] = 320,	    [TEST_AGFL] = 24,
	[TEST_BNOBT] = 24,     [TEST_CNTBT] = 24,    [TEST_INOBT] = 24,	    [TEST_FINOBT] = 24,
	[TEST_RMAPBT] = 24,    [TEST_REFCBT] = 24,   [TEST_BMBT] = 32,	    [TEST_INODE] = 112,
	[TEST_DIR_BLOCK] = 16, [TEST_DIR_DATA] = 16, [TEST_DIR_LEAF1] = 24, [TEST_DIR_LEAFN] = 24,
	[TEST_DIR_NODE] = 24,  [TEST_DIR_FREE] = 16, [TEST_ATTR_LEAF] = 24, [TEST_ATTR_NODE] = 24,
	[TEST_SYMLINK] = 48,
};

static int copy_objects(const struct test_objects *objs, struct xfs_device *to)
{
	static uint8_t buf[65536];

	for (size_t i = 0; i < objs->n; i++) {
		const struct test_object *obj = &objs->v[i];
		int error = test_object_read(objs->dev, obj, buf);

		if (error)
			return error;
		if (lsn_off[obj->kind])
			put_be64(0, buf + lsn_off[obj->kind]);
		test_object_fix_crc(obj, buf);
		error = test_object_write(to, obj, buf);
		if (error)
			return error;
	}
	return 0;
}

static int format_log(const struct test_objects *objs, struct xfs_device *to)
{
	const struct xfs_geometry *geo = &objs->geo;
	struct {
		struct xlog_rec_header rhead;
		uint8_t data[512];
	} rec;
	struct xlog_op_header op = { .oh_clientid = XFS_LOG, .oh_flags = XLOG_UNMOUNT_TRANS };

	memset(&rec, 0, sizeof(rec));
	rec.rhead.h_magicno = cpu_to_be32(XLOG_HEADER_MAGIC_NUM);
	rec.rhead.h_cycle = cpu_to_be32(CYCLE);
	rec.rhead.h_version = cpu_to_be32(XLOG_VERSION_2);
	rec.rhead.h_len = cpu_to_be32(sizeof(rec.data));
	rec.rhead.h_lsn = rec.rhead.h_tail_lsn = cpu_to_be64((uint64_t)CYCLE << 32);
	rec.rhead.h_prev_block = cpu_to_be32(UINT32_MAX);
	rec.rhead.h_num_logops = cpu_to_be32(1);
	rec.rhead.h_fmt = cpu_to_be32(XLOG_FMT_LINUX_LE);
	rec.rhead.h_fs_uuid = objs->sb.sb_uuid;
	rec.rhead.h_size = cpu_to_be32(XLOG_BIG_RECORD_BSIZE);
	rec.rhead.h_cycle_data[0] = cpu_to_be32(XLOG_UNMOUNT_TID);
	op.oh_tid = cpu_to_be32(CYCLE);	/* where the cycle number stands */
	op.oh_len = cpu_to_be32(XLOG_UNMOUNT_PAYLOAD);
	memcpy(rec.data, &op, sizeof(op));
	rec.data[sizeof(op)] = XLOG_UNMOUNT_TYPE & 0xff;
	rec.data[sizeof(op) + 1] = XLOG_UNMOUNT_TYPE >> 8;
	return xfs_device_pwrite(to, xfs_fsb_to_bytes(geo, geo->logstart), &rec, sizeof(rec), 0);
}

int main(int argc, char **argv)
{
	struct xfs_device *dev, *copy;
	struct xfs_device_info info = XFS_DEVICE_INFO_INIT;
	struct test_objects objs;
	uint8_t *out;
	size_t n;
	FILE *f;

	if (argc != 3 || xfs_device_open_file(argv[1], XFS_DEV_RDONLY, 0, &dev) ||
	    xfs_device_info(dev, &info) || test_objects_find(dev, &objs) ||
	    xfs_device_open_memory(info.size_bytes, 512, NULL, &copy) ||
	    copy_objects(&objs, copy) || format_log(&objs, copy))
		return 2;
	n = fuzz_pack(copy, &out);
	test_objects_free(&objs);
	xfs_device_put(copy);
	xfs_device_put(dev);
	f = fopen(argv[2], "wb");
	if (!f || fwrite(out, 1, n, f) != n || fclose(f))
		return 1;
	free(out);
	printf("%s: %zu bytes\n", argv[2], n);
	return 0;
}
