/* SPDX-License-Identifier: MIT */
/* The quota files: inodes that the superblock names, or files of the metadata directory tree. */
#include "core/message.h"
#include "quota/quota_priv.h"

static void name_file(struct xfs_mount *mp, uint32_t type, xfs_ino_t ino)
{
	xfs_ino_t *const in_sb[] = { &mp->m_sb.sb_uquotino, &mp->m_sb.sb_gquotino,
				     &mp->m_sb.sb_pquotino };

	mp->m_sb.sb_versionnum |= XFS_SB_VERSION_QUOTABIT;
	mp->m_geo.features |= XFS_FEAT_QUOTA;
	__atomic_store_n(&mp->m_sb_changed, true, __ATOMIC_RELAXED);
	if (xfs_has_metadir(&mp->m_geo))
		return;
	*in_sb[type] = ino;
	*xfs_quota_ino(&mp->m_geo, type) = ino;
	for (uint32_t t = 0; t < XFS_QUOTA_TYPES; t++)
		if (!*in_sb[t])
			*in_sb[t] = NULLFSINO;
}

/* The file is in no directory: the superblock is its one link. */
static int make_file(struct xfs_mount *mp, uint32_t type) XFS_LOCKS_UNCHECKED
{
	const struct timespec now = xfs_now(mp);
	const struct xfs_icreate_args args = { .mode = S_IFREG, .nlink = 1, .now = &now };
	const uint32_t ids[XFS_QUOTA_TYPES] = { 0 };
	struct xfs_quota_owners owners;
	struct xfs_inode *ip = NULL;
	struct xfs_trans *tp;
	int error = xfs_quota_prepare(mp, ids, &owners);

	if (error)
		return error;
	error = xfs_trans_alloc(mp, XFS_RESV_CREATE, xfs_icreate_blocks(mp), 0, &tp);
	if (error)
		goto out_release;
	error = xfs_icreate(tp, &args, &ip);
	if (!error) {
		xfs_inode_set_forkoff(ip, 0);
		xfs_trans_log_inode(tp, ip, XFS_ILOG_CORE);
		name_file(mp, type, ip->i_ino);
		xfs_quota_uncharge(tp, ip);
		xfs_iunlock_excl(ip);
	}
	error = xfs_trans_finish(tp, error);
	if (!error)
		mp->m_quota->q_types[type].qt_ip = ip;
	else
		xfs_irele(ip);
out_release:
	xfs_quota_release(mp, &owners);
	return error;
}

/* The inode that the superblock names. */
static int iget_named(struct xfs_mount *mp, uint32_t type, struct xfs_inode **ipp)
{
	const struct xfs_quota_kind *kind = &xfs_quota_kinds[type];
	xfs_ino_t ino = *xfs_quota_ino(&mp->m_geo, type);
	int error;

	if (ino == NULLFSINO)
		return xfs_error(mp, -ENOENT, "%s quota has no file", kind->name);
	error = xfs_iget(mp, ino, XFS_IGET_INTERNAL, ipp);
	if (error == -ENOENT || error == -EINVAL)
		return xfs_corrupt(mp, "superblock", "the file of %s quota is inode %" PRIu64
				   ", which is not in use", kind->name, ino);
	if (error || xfs_is_reg(*ipp))
		return error;
	xfs_irele(*ipp);
	*ipp = NULL;
	return xfs_corrupt(mp, "superblock",
			   "the file of %s quota is inode %" PRIu64 ", which is not a regular file",
			   kind->name, ino);
}

int xfs_quota_iget(struct xfs_mount *mp, uint32_t type, struct xfs_inode **ipp)
{
	const struct xfs_quota_kind *kind = &xfs_quota_kinds[type];

	*ipp = mp->m_quota ? mp->m_quota->q_types[type].qt_ip : NULL;
	if (*ipp) {
		xfs_ihold(*ipp);
		return 0;
	}
	if (xfs_has_metadir(&mp->m_geo))
		return mp->m_upcalls->open_metafile(mp, "quota", kind->name, kind->metatype, false, ipp);
	return iget_named(mp, type, ipp);
}

/* /quota/TYPE in the metadata directory tree. */
static int make_metafile(struct xfs_mount *mp, uint32_t type)
{
	const struct xfs_quota_kind *kind = &xfs_quota_kinds[type];
	int error = mp->m_upcalls->open_metafile(mp, "quota", kind->name, kind->metatype, true,
						 &mp->m_quota->q_types[type].qt_ip);

	if (!error)
		name_file(mp, type, NULLFSINO);
	return error;
}

int xfs_quota_find_file(struct xfs_mount *mp, uint32_t type)
{
	struct xfs_quota_type *qt = &mp->m_quota->q_types[type];

	return qt->qt_ip ? 0 : xfs_quota_iget(mp, type, &qt->qt_ip);
}

int xfs_quota_open_file(struct xfs_mount *mp, uint32_t type)
{
	if (mp->m_quota->q_types[type].qt_ip)
		return 0;
	if (xfs_has_metadir(&mp->m_geo))
		return make_metafile(mp, type);
	return *xfs_quota_ino(&mp->m_geo, type) == NULLFSINO ? make_file(mp, type)
							      : xfs_quota_find_file(mp, type);
}
