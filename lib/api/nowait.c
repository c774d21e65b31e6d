/* SPDX-License-Identifier: MIT */
/* Setting NOWAIT; base/nowait.h has what the calls then do. */
#include <xfswrite/nowait.h>
#include "api/api_priv.h"

static int set_nowait(struct xfs_file *file, bool on)
{
	if (file == file->f_mount->m_root_file)
		return xfs_error(file->f_mount, -EINVAL,
				 "the handle of the root directory is shared: its NOWAIT mode "
				 "cannot change");
	__atomic_store_n(&file->f_nowait, on, __ATOMIC_RELAXED);
	return 0;
}

int xfs_set_nowait(struct xfs_file *file, bool on)
{
	return XFS_CALL_FILE(file, set_nowait(file, on));
}

bool xfs_thread_nowait(bool on)
{
	bool before = xfs_nowait_thread.thread;

	xfs_nowait_thread.thread = on;
	return before;
}
