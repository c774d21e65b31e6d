/* SPDX-License-Identifier: MIT */
/*
 * Forks from and to the inode on disk.
 *
 * A list is read with the inode, a tree when its records are first needed: many inodes are opened
 * only for their attributes. inode/ has run the inode's verifier; the checks here are those that
 * this code relies on.
 */
#include "bmap/bmap_priv.h"

static int bad_fork(struct xfs_inode *ip, enum xfs_fork_id whichfork, const char *what)
{
	return xfs_corrupt(ip->i_mount, "inode", "inode %" PRIu64 ", %s fork: %s", ip->i_ino,
			   whichfork == XFS_ATTR_FORK ? "attribute" : "data", what);
}

/* ---- LOCAL ------------------------------------------------------------------------- */

/* Rounded up to what the journal copies, with zeros after the contents. */
static uint32_t idata_room(uint32_t len)
{
	return XFS_ALIGN(len + 1, 8);
}

int xfs_init_local_fork(struct xfs_inode *ip, enum xfs_fork_id whichfork, const void *data,
			uint32_t len)
{
	struct xfs_ifork *ifp = xfs_ifork_ptr(ip, whichfork);
	void *copy = xfs_zalloc(ip->i_mount, idata_room(len));

	if (!copy)
		return xfs_error(ip->i_mount, -ENOMEM, "out of memory for inode contents");
	if (len)
		memcpy(copy, data, len);
	if (ifp->if_format == XFS_DINODE_FMT_LOCAL)
		xfs_free(ip->i_mount, ifp->if_data);
	ASSERT(ifp->if_nextents == 0 && ifp->if_height == 0);
	ifp->if_data = copy;
	ifp->if_bytes = len;
	ifp->if_format = XFS_DINODE_FMT_LOCAL;
	return 0;
}

int xfs_idata_realloc(struct xfs_inode *ip, int32_t byte_diff, enum xfs_fork_id whichfork)
{
	struct xfs_ifork *ifp = xfs_ifork_ptr(ip, whichfork);
	uint32_t len = ifp->if_bytes + (uint32_t)byte_diff;
	char *data = ifp->if_data;

	ASSERT(ifp->if_format == XFS_DINODE_FMT_LOCAL);
	ASSERT((int64_t)ifp->if_bytes + byte_diff >= 0);
	if (!data || idata_room(len) > idata_room(ifp->if_bytes)) {
		data = xfs_resize(ip->i_mount, data, idata_room(ifp->if_bytes),
				  idata_room(len));
		if (!data)
			return xfs_error(ip->i_mount, -ENOMEM, "out of memory for inode contents");
		ifp->if_data = data;
	}
	/* Zero the new bytes, or those after the new end. */
	memset(data + XFS_MIN(len, ifp->if_bytes), 0,
	       idata_room(len) - XFS_MIN(len, ifp->if_bytes));
	ifp->if_bytes = len;
	return 0;
}

/* ---- reading --------------------------------------------------------------------------- */

static int format_local(struct xfs_inode *ip, const struct xfs_dinode *dip,
			enum xfs_fork_id whichfork, uint64_t size)
{
	if (unlikely(size > xfs_inode_fork_size(ip, whichfork)))
		return bad_fork(ip, whichfork, "local contents are longer than the fork");
	if (unlikely(xfs_dfork_nextents(dip, whichfork) != 0))
		return bad_fork(ip, whichfork, "local contents, yet extents are counted");
	return xfs_init_local_fork(ip, whichfork, XFS_DFORK_PTR(dip, whichfork), (uint32_t)size);
}

static int format_extents(struct xfs_inode *ip, const struct xfs_dinode *dip,
			  enum xfs_fork_id whichfork)
{
	struct xfs_ifork *ifp = xfs_ifork_ptr(ip, whichfork);
	const struct xfs_bmbt_rec *recs = XFS_DFORK_PTR(dip, whichfork);
	xfs_extnum_t n = xfs_dfork_nextents(dip, whichfork);
	bool rt = whichfork == XFS_DATA_FORK && (ip->i_diflags & XFS_DIFLAG_REALTIME);
	bool unwritten_ok = whichfork == XFS_DATA_FORK && S_ISREG(ip->i_mode);
	struct xfs_iext_cursor cur;
	xfs_fileoff_t next_off = 0;

	if (unlikely(n > xfs_bmap_max_inline(ip, whichfork)))
		return bad_fork(ip, whichfork, "more extents than fit into it");
	xfs_iext_end(ifp, &cur);
	for (xfs_extnum_t i = 0; i < n; i++) {
		struct xfs_bmbt_irec irec, none;
		xfs_failaddr_t fa;
		int error;

		xfs_bmbt_disk_get_all(&recs[i], &irec);
		fa = xfs_bmbt_irec_verify(&ip->i_mount->m_geo, rt, unwritten_ok, &irec);
		if (unlikely(fa))
			return bad_fork(ip, whichfork, fa);
		if (unlikely(irec.br_startoff < next_off))
			return bad_fork(ip, whichfork, "extents overlap or are out of order");
		next_off = xfs_irec_end(&irec);
		error = xfs_iext_insert(ip->i_mount, ifp, &cur, &irec, NULL);
		if (error)
			return xfs_error(ip->i_mount, error, "out of memory for extents");
		xfs_iext_next_extent(ifp, &cur, &none);
	}
	return 0;
}

static int format_btree(struct xfs_inode *ip, const struct xfs_dinode *dip,
			enum xfs_fork_id whichfork)
{
	const struct xfs_geometry *geo = &ip->i_mount->m_geo;
	struct xfs_ifork *ifp = xfs_ifork_ptr(ip, whichfork);
	const struct xfs_bmdr_block *root = XFS_DFORK_PTR(dip, whichfork);
	uint32_t size = xfs_inode_fork_size(ip, whichfork);
	uint32_t level, numrecs, maxrecs = xfs_bmdr_maxrecs(size);

	if (unlikely(size < xfs_bmdr_space(1)))
		return bad_fork(ip, whichfork, "too small for the root of a tree");
	level = be16_to_cpu(root->bb_level);
	numrecs = be16_to_cpu(root->bb_numrecs);
	if (unlikely(level == 0 || level > geo->bmap_maxlevels[whichfork]))
		return bad_fork(ip, whichfork, "impossible level of the tree");
	if (unlikely(numrecs == 0 || numrecs > maxrecs))
		return bad_fork(ip, whichfork, "bad number of entries in the root");
	if (unlikely(ifp->if_nextents <= xfs_bmap_max_inline(ip, whichfork)))
		return bad_fork(ip, whichfork, "a tree for extents that would fit into the inode");
	if (unlikely(ifp->if_nextents > ip->i_nblocks))
		return bad_fork(ip, whichfork, "more extents than blocks");
	for (uint32_t i = 1; i <= numrecs; i++) {
		if (unlikely(!xfs_verify_fsbno(
			    geo, be64_to_cpu(*xfs_bmdr_ptr_addr(root, i, maxrecs)))))
			return bad_fork(ip, whichfork, "pointer of the root is impossible");
		if (unlikely(i > 1 && be64_to_cpu(xfs_bmdr_key_addr(root, i - 1)->br_startoff) >=
					      be64_to_cpu(xfs_bmdr_key_addr(root, i)->br_startoff)))
			return bad_fork(ip, whichfork, "keys of the root are out of order");
	}

	ifp->if_broot = xfs_dup(ip->i_mount, root, size);
	if (!ifp->if_broot)
		return xfs_error(ip->i_mount, -ENOMEM, "out of memory for an inode's tree");
	ifp->if_broot_bytes = size;
	ifp->if_needextents = true;
	return 0;
}

static int format_fork(struct xfs_inode *ip, const struct xfs_dinode *dip,
		       enum xfs_fork_id whichfork, uint64_t local_size)
{
	struct xfs_ifork *ifp = xfs_ifork_ptr(ip, whichfork);
	unsigned int format = XFS_DFORK_FORMAT(dip, whichfork);
	int error;

	xfs_ifork_init_empty(ifp);
	ifp->if_format = (uint8_t)format;
	ifp->if_nextents = xfs_dfork_nextents(dip, whichfork);
	switch (format) {
	case XFS_DINODE_FMT_LOCAL:
		ifp->if_format = XFS_DINODE_FMT_EXTENTS;
		error = format_local(ip, dip, whichfork, local_size);
		break;
	case XFS_DINODE_FMT_EXTENTS:
		error = format_extents(ip, dip, whichfork);
		break;
	case XFS_DINODE_FMT_BTREE:
		error = format_btree(ip, dip, whichfork);
		break;
	case XFS_DINODE_FMT_META_BTREE:
		ifp->if_format = XFS_DINODE_FMT_EXTENTS;
		error = xfs_error(ip->i_mount, -EOPNOTSUPP,
				  "inode %" PRIu64 " is the root of a tree of the realtime device",
				  ip->i_ino);
		break;
	default:
		error = bad_fork(ip, whichfork, "unknown format");
		break;
	}
	if (error) {
		xfs_idestroy_fork(ip, whichfork);
		xfs_ifork_init_empty(ifp);
	}
	return error;
}

int xfs_iformat_data_fork(struct xfs_inode *ip, const void *buf)
{
	const struct xfs_dinode *dip = buf;
	bool special = false, may_be_local = false;

	switch (ip->i_mode & S_IFMT) {
	case S_IFCHR:
	case S_IFBLK:
	case S_IFIFO:
	case S_IFSOCK:
		special = true;
		break;
	case S_IFDIR:
	case S_IFLNK:
		may_be_local = true;
		break;
	case S_IFREG:
		break;
	default:
		return bad_fork(ip, XFS_DATA_FORK, "unknown file type");
	}
	if (unlikely(special != (dip->di_format == XFS_DINODE_FMT_DEV) ||
		     (dip->di_format == XFS_DINODE_FMT_LOCAL && !may_be_local)))
		return bad_fork(ip, XFS_DATA_FORK, "the format does not match the file type");
	if (special) {
		xfs_ifork_init_empty(&ip->i_df);
		ip->i_df.if_format = XFS_DINODE_FMT_DEV;
		return 0;
	}
	return format_fork(ip, dip, XFS_DATA_FORK, be64_to_cpu(dip->di_size));
}

int xfs_iformat_attr_fork(struct xfs_inode *ip, const void *buf)
{
	const struct xfs_dinode *dip = buf;
	uint64_t size = 0;

	if (dip->di_aformat == XFS_DINODE_FMT_LOCAL) {
		/* Only the header's first field; attr/ knows the rest. */
		if (unlikely(xfs_inode_attr_fork_size(ip) < 4))
			return bad_fork(ip, XFS_ATTR_FORK, "no room for a header");
		size = get_be16(XFS_DFORK_APTR(dip));
		if (unlikely(size < 4))
			return bad_fork(ip, XFS_ATTR_FORK, "shorter than its header");
	}
	return format_fork(ip, dip, XFS_ATTR_FORK, size);
}

/* ---- writing ----------------------------------------------------------------------------- */

uint32_t xfs_iextents_copy(const struct xfs_inode *ip, struct xfs_bmbt_rec *recs,
			   enum xfs_fork_id whichfork)
{
	const struct xfs_ifork *ifp = whichfork == XFS_DATA_FORK ? &ip->i_df : &ip->i_af;
	struct xfs_iext_cursor cur;
	struct xfs_bmbt_irec irec;
	uint32_t n = 0;

	ASSERT(ifp->if_format == XFS_DINODE_FMT_EXTENTS);
	for_each_xfs_iext(ifp, &cur, &irec) {
		if (!isnullstartblock(irec.br_startblock))
			xfs_bmbt_disk_set_all(&recs[n++], &irec);
	}
	ASSERT(n == ifp->if_nextents);
	return n * (uint32_t)sizeof(*recs);
}

void xfs_iflush_fork(struct xfs_inode *ip, void *buf, enum xfs_fork_id whichfork)
{
	struct xfs_ifork *ifp = xfs_ifork_ptr(ip, whichfork);
	uint32_t size = xfs_inode_fork_size(ip, whichfork), used = 0;
	char *fork = (char *)buf + XFS_DINODE_CORE_SIZE;

	if (whichfork == XFS_ATTR_FORK)
		fork += (uint32_t)ip->i_forkoff * 8;
	switch (ifp->if_format) {
	case XFS_DINODE_FMT_DEV:
		put_be32(ip->i_rdev, fork);
		used = 4;
		break;
	case XFS_DINODE_FMT_LOCAL:
		ASSERT(ifp->if_bytes <= size);
		used = ifp->if_bytes;
		memcpy(fork, ifp->if_data, used);
		break;
	case XFS_DINODE_FMT_EXTENTS:
		ASSERT(ifp->if_nextents <= xfs_bmap_max_inline(ip, whichfork));
		used = xfs_iextents_copy(ip, (struct xfs_bmbt_rec *)(void *)fork, whichfork);
		break;
	case XFS_DINODE_FMT_BTREE:
		ASSERT(ifp->if_broot_bytes == size);
		used = size;
		memcpy(fork, ifp->if_broot, used);
		break;
	}
	memset(fork + used, 0, size - used);
}

/* ---- making and freeing -------------------------------------------------------------------- */

void xfs_ifork_init_empty(struct xfs_ifork *ifp)
{
	*ifp = (struct xfs_ifork){.if_format = XFS_DINODE_FMT_EXTENTS};
}

void xfs_idestroy_fork(struct xfs_inode *ip, enum xfs_fork_id whichfork)
{
	struct xfs_ifork *ifp = xfs_ifork_ptr(ip, whichfork);

	if (!ifp)
		return;
	xfs_bmap_drop_window(ip, ifp);
	xfs_iext_destroy(ip->i_mount, ifp);
	xfs_free(ip->i_mount, ifp->if_broot);
	xfs_free(ip->i_mount, ifp->if_data);
	ifp->if_broot = NULL;
	ifp->if_data = NULL;
	ifp->if_broot_bytes = 0;
	ifp->if_bytes = 0;
	ifp->if_needextents = false;
	ifp->if_nextents = 0;
	if (whichfork == XFS_COW_FORK) {
		xfs_free(ip->i_mount, ifp);
		ip->i_cowfp = NULL;
	}
}

int xfs_ifork_init_cow(struct xfs_inode *ip)
{
	struct xfs_ifork *ifp;

	if (ip->i_cowfp)
		return 0;
	ifp = xfs_malloc(ip->i_mount, sizeof(*ifp));
	if (!ifp)
		return xfs_error(ip->i_mount, -ENOMEM, "out of memory for a CoW fork");
	xfs_ifork_init_empty(ifp);
	ip->i_cowfp = ifp;
	return 0;
}
