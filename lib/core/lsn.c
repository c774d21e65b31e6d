/* SPDX-License-Identifier: MIT */
/* Refuse metadata whose LSN is ahead of the log, or warn once. */
#include <stdarg.h>
#include <stdio.h>
#include "core/lsn.h"
#include "core/message.h"
#include "disk/log.h"

int xfs_lsn_refuse(struct xfs_mount *mp, const char *structure, uint64_t lsn, const char *fmt, ...)
{
	xfs_lsn_t head = (xfs_lsn_t)(__atomic_load_n(&mp->m_lsn_end, __ATOMIC_ACQUIRE) - 1);
	char place[64], text[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(place, sizeof(place), fmt, ap);
	va_end(ap);
	snprintf(text, sizeof(text),
		 "%s: LSN %u:%u is ahead of the log, which ends at %u:%u"
		 " (was it erased? xfs_repair writes a newer log)",
		 place, CYCLE_LSN((xfs_lsn_t)lsn), BLOCK_LSN((xfs_lsn_t)lsn), CYCLE_LSN(head),
		 BLOCK_LSN(head));
	if (!mp->m_rdonly)
		return xfs_corrupt(mp, structure, "%s", text);
	if (!(__atomic_fetch_or(&mp->m_state, XFS_STATE_LSN_TOLD, __ATOMIC_RELAXED) &
	      XFS_STATE_LSN_TOLD))
		xfs_warn(mp, "%s: %s; the file system can only be read", structure, text);
	return 0;
}
