/* SPDX-License-Identifier: MIT */
/* Targets of symbolic links: in the inode, or in one to three extents, each with its own header. */
#include "base/crc32c.h"
#include "check/check_priv.h"
#include "disk/symlink.h"

static void check_piece(struct xfs_check *chk, struct xfs_check_inode *ip, const uint8_t *buf,
			uint32_t agno, uint32_t agbno, uint32_t bytes, uint64_t *done)
{
	struct xfs_check_place at = xfs_check_at("symlink", agno, agbno, ip->ino);
	const struct xfs_dsymlink_hdr *hdr = (const void *)buf;
	uint64_t want = XFS_MIN((uint64_t)bytes - sizeof(*hdr), ip->size - *done);

#define RULE(cond, ...) do { if (!(cond)) xfs_check_report(chk, at, __VA_ARGS__); } while (0)
	if (be32_to_cpu(hdr->sl_magic) != XFS_SYMLINK_MAGIC) {
		xfs_check_report(chk, at, "magic number 0x%08x", be32_to_cpu(hdr->sl_magic));
		*done = ip->size;
		return;
	}
	xfs_check_self(chk, at, &(struct xfs_check_self){
		"", buf, bytes, XFS_SYMLINK_CRC_OFF, hdr->sl_blkno, hdr->sl_owner, &hdr->sl_uuid,
		&hdr->sl_lsn,
	});
	RULE(be32_to_cpu(hdr->sl_offset) == *done && be32_to_cpu(hdr->sl_bytes) == want,
	     "piece (%u, %u bytes) instead of (%" PRIu64 ", %" PRIu64 ")",
	     be32_to_cpu(hdr->sl_offset), be32_to_cpu(hdr->sl_bytes), *done, want);
	RULE(!memchr(hdr + 1, 0, (size_t)want), "the target contains a NUL byte");
#undef RULE
	*done += want;
}

static void check_remote(struct xfs_check *chk, struct xfs_check_inode *ip)
{
	const struct xfs_check_ext *ext = chk->dfork.v;
	struct xfs_check_place at = xfs_check_at("symlink", -1, XFS_CHECK_NOBLOCK, ip->ino);
	uint64_t done = 0, off = 0;
	size_t i;

	for (i = 0; i < chk->dfork.n && done < ip->size; i++) {
		uint32_t agno, agbno, bytes;

		/* No target needs a longer extent. */
		if (ext[i].off != off ||
		    !xfs_check_fsb(&chk->g, ext[i].fsbno, ext[i].len, &agno, &agbno) ||
		    ext[i].len > XFS_MAX_BLOCKSIZE >> chk->g.blocklog) {
			xfs_check_report(chk, at, "extent %zu does not continue the target", i);
			return;
		}
		off += ext[i].len;
		bytes = ext[i].len << chk->g.blocklog;
		if (xfs_check_read(chk, xfs_check_daddr(&chk->g, agno, agbno) << XFS_BB_SHIFT,
				   chk->dir_buf, bytes)) {
			xfs_check_report(chk, at, "extent %zu cannot be read", i);
			return;
		}
		check_piece(chk, ip, chk->dir_buf, agno, agbno, bytes, &done);
	}
	if (done < ip->size)
		xfs_check_report(chk, at, "only %" PRIu64 " of %" PRIu64 " bytes are there", done,
				 ip->size);
	else if (i != chk->dfork.n)
		xfs_check_report(chk, at, "%zu extents where %zu hold the target", chk->dfork.n, i);
}

void xfs_check_symlink(struct xfs_check *chk, struct xfs_check_inode *ip)
{
	struct xfs_check_place at = xfs_check_at("symlink", -1, XFS_CHECK_NOBLOCK, ip->ino);

	if (!ip->size)
		return;		/* legal only without links; reported with the inode */
	if (ip->size >= XFS_SYMLINK_MAXLEN) {
		xfs_check_report(chk, at, "a target of %" PRIu64 " bytes", ip->size);
		return;
	}
	if (ip->format == XFS_DINODE_FMT_EXTENTS)
		check_remote(chk, ip);
	else if (ip->format == XFS_DINODE_FMT_LOCAL && ip->size <= ip->dsize &&
		 memchr(ip->dfork, 0, (size_t)ip->size))
		xfs_check_report(chk, at, "the target contains a NUL byte");
}
