/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: recovery of a log that says whatever the input says, in records with right
 * checksums behind the clean log of a small volume; then what recovery hands over is
 * done, and the volume is closed.
 *
 * The input is a list of
 *	kind (1 byte), length (2 bytes, big-endian), bytes
 * kind & 15: 0 a region, 1 a region that goes on in the next one, 2 what goes on, 3 the end of the
 * transaction, 4 the end of the record; kind & 16: of the other of two transactions.
 */
#include "fuzz/fuzz.h"
#include "unit/log/recover_rig.h"

static struct rig rig;

static void begin(bool *open, uint32_t which)
{
	if (!open[which])
		test_build_begin(&rig.b, TID + which);
	open[which] = true;
}

static void build(const uint8_t *data, size_t len)
{
	static const uint8_t flags[] = {
		0, XLOG_CONTINUE_TRANS, XLOG_WAS_CONT_TRANS | XLOG_END_TRANS,
	};
	bool open[2] = { false, false };

	while (len >= 3 && rig.b.block < rig.b.nbbs / 2) {
		uint32_t kind = data[0] & 15, which = data[0] >> 4 & 1;
		size_t n = XFS_MIN((size_t)get_be16(data + 1), len - 3);

		n = XFS_MIN(n & ~(size_t)3, (size_t)8192);
		if (rig.b.used + n + 128 > 32768 - 512 || (kind == 4 && rig.b.ops))
			test_build_record(&rig.b);
		begin(open, which);
		if (kind < ARRAY_SIZE(flags)) {
			test_build_op(&rig.b, TID + which, XFS_TRANSACTION, flags[kind], data + 3,
				      (uint32_t)n);
		} else if (kind == 3) {
			test_build_commit(&rig.b, TID + which);
			open[which] = false;
		}
		data += 3 + n;
		len -= 3 + n;
	}
	begin(open, 0);
	test_build_commit(&rig.b, TID);
	test_build_record(&rig.b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct xfs_mount_options opts = { .size = sizeof(opts) };
	struct xfs_mount *mp;

	if (!rig.base)
		rig_new(&rig, NULL);
	rig_begin(&rig, 32768);
	build(data, len);
	if (xfs_mount(rig.log, &opts, &mp) == 0)
		(void)!xfs_unmount(mp);
	return 0;
}
