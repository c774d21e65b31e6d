/* SPDX-License-Identifier: MIT */
/*
 * Access control lists: complete, without duplicates, and an access list that agrees with the
 * permission bits.
 */
#include "check/check_priv.h"
#include "disk/attr.h"

struct acl_sum {
	uint32_t count[6];		/* entries by tag: bit number of it */
	uint32_t perm[6];		/* of the last one */
};

static int tag_index(uint32_t tag)
{
	return xfs_is_power_of_2(tag) && tag <= XFS_ACL_OTHER ? (int)xfs_lowbit64(tag) : -1;
}

/* No id twice among the entries of one tag.  There are few; sorting keeps a hostile list cheap. */
XFS_CHECK_DEFINE_SORT(sort_ids, uint64_t, *a < *b)

static bool has_twins(struct xfs_check *chk, const struct xfs_acl_entry *ents, uint32_t n)
{
	uint64_t *ids = xfs_mem_alloc(&chk->mem, n * sizeof(*ids));
	bool twins = false;
	size_t m = 0;

	if (!ids) {
		xfs_check_fail(chk, -ENOMEM);
		return false;
	}
	for (uint32_t i = 0; i < n; i++) {
		uint32_t tag = be32_to_cpu(ents[i].ae_tag);

		if (tag == XFS_ACL_USER || tag == XFS_ACL_GROUP)
			ids[m++] = (uint64_t)tag << 32 | be32_to_cpu(ents[i].ae_id);
	}
	sort_ids(ids, m);
	for (size_t i = 1; i < m; i++)
		twins |= ids[i] == ids[i - 1];
	xfs_mem_free(&chk->mem, ids);
	return twins;
}

void xfs_check_acl(struct xfs_check *chk, struct xfs_check_inode *ip, bool is_default,
		   const uint8_t *value, uint32_t len)
{
	struct xfs_check_place at = xfs_check_at("acl", -1, XFS_CHECK_NOBLOCK, ip->ino);
	const char *which = is_default ? "default" : "access";
	const struct xfs_acl *acl = (const void *)value;
	struct acl_sum s = { .count = { 0 } };
	uint32_t n, mode, group;

	n = len >= sizeof(*acl) ? be32_to_cpu(acl->acl_cnt) : 0;
	if (!n || n > XFS_ACL_MAX_ENTRIES || len != XFS_ACL_SIZE(n)) {
		xfs_check_report(chk, at, "%s list of %u entries in %u bytes", which, n, len);
		return;
	}
	for (uint32_t i = 0; i < n; i++) {
		uint32_t tag = be32_to_cpu(acl->acl_entry[i].ae_tag);
		uint32_t perm = be16_to_cpu(acl->acl_entry[i].ae_perm);
		int t = tag_index(tag);

		if (t < 0 || perm > 7) {
			xfs_check_report(chk, at, "%s list, entry %u: tag 0x%x, permissions 0%o",
					 which, i, tag, perm);
			return;
		}
		s.count[t]++;
		s.perm[t] = perm;
	}
	/* 0 USER_OBJ, 1 USER, 2 GROUP_OBJ, 3 GROUP, 4 MASK, 5 OTHER */
	if (s.count[0] != 1 || s.count[2] != 1 || s.count[5] != 1 || s.count[4] > 1 ||
	    (!s.count[4] && (s.count[1] || s.count[3])) || has_twins(chk, acl->acl_entry, n)) {
		xfs_check_report(chk, at, "the %s list is not valid", which);
		return;
	}
	if (is_default) {
		if (!S_ISDIR(ip->mode))
			xfs_check_report(chk, at,
					 "a default list on something that is not a directory");
		return;
	}
	group = s.count[4] ? s.perm[4] : s.perm[2];
	mode = s.perm[0] << 6 | group << 3 | s.perm[5];
	if (mode != (ip->mode & 0777u))
		xfs_check_report(chk, at, "the access list means mode 0%03o, the inode says 0%03o",
				 mode, ip->mode & 0777u);
}
