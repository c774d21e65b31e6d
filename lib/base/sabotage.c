/* SPDX-License-Identifier: MIT */
/* The rules of the journal that a test has disabled, and their names. */
#include "base/sabotage.h"

#ifdef XFSWRITE_DEBUG
uint32_t xfs_sabotage_rules;

void xfs_sabotage_set(uint32_t rules)
{
	__atomic_store_n(&xfs_sabotage_rules, rules, __ATOMIC_RELAXED);
}

const char *xfs_rule_name(enum xfs_rule rule)
{
	static const char *const names[XFS_RULE_COUNT] = {
		[XFS_RULE_PREFLUSH] = "PREFLUSH",
		[XFS_RULE_COMMIT_FLUSH] = "COMMIT_FLUSH",
		[XFS_RULE_FINAL_FLUSH] = "FINAL_FLUSH",
		[XFS_RULE_WINDOW_FLUSH] = "WINDOW_FLUSH",
		[XFS_RULE_ORDERED_DATA] = "ORDERED_DATA",
		[XFS_RULE_WAL] = "WAL",
		[XFS_RULE_TAIL] = "TAIL",
		[XFS_RULE_CUMULATIVE] = "CUMULATIVE",
		[XFS_RULE_BUSY] = "BUSY",
		[XFS_RULE_CANCEL] = "CANCEL",
		[XFS_RULE_ICREATE_TAIL] = "ICREATE_TAIL",
		[XFS_RULE_UNLINKED_BUF] = "UNLINKED_BUF",
		[XFS_RULE_LSN_STAMP] = "LSN_STAMP",
		[XFS_RULE_STALE_CLEAR] = "STALE_CLEAR",
		[XFS_RULE_UNMOUNT_FLUSH] = "UNMOUNT_FLUSH",
		[XFS_RULE_RECOVERY_FLUSH] = "RECOVERY_FLUSH",
		[XFS_RULE_STAGING] = "STAGING",
		[XFS_RULE_UNSHARED] = "UNSHARED",
		[XFS_RULE_DQUOT] = "DQUOT",
		[XFS_RULE_REFLINK_FLAG] = "REFLINK_FLAG",
		[XFS_RULE_REFLINK_CLEAR] = "REFLINK_CLEAR",
		[XFS_RULE_SHARED_COUNT] = "SHARED_COUNT",
		[XFS_RULE_SHARED_OWNER] = "SHARED_OWNER",
		[XFS_RULE_INTENT] = "INTENT",
	};

	return rule < XFS_RULE_COUNT ? names[rule] : "?";
}
#else
/* C does not allow an empty file. */
typedef int xfs_sabotage_unused;
#endif
