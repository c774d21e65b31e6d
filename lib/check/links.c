/* SPDX-License-Identifier: MIT */
/*
 * After all directories: each inode has as many references as its link count, each directory is
 * below a root, and parent pointers match directory entries.
 */
#include "check/check_priv.h"

/* Only sums are compared, so any function that mixes all bytes well will do. */
uint64_t xfs_check_parent_sum(xfs_ino_t parent, uint32_t gen, const uint8_t *name, uint32_t len)
{
	uint64_t h = 0xcbf29ce484222325ull ^ (parent * 0x9e3779b97f4a7c15ull) ^
		     ((uint64_t)gen << 32 | len);

	for (uint32_t i = 0; i < len; i++)
		h = (h ^ name[i]) * 0x100000001b3ull;
	h = (h ^ h >> 30) * 0xbf58476d1ce4e5b9ull;
	h = (h ^ h >> 27) * 0x94d049bb133111ebull;
	return h ^ h >> 31;
}

static bool is_root(const struct xfs_check *chk, xfs_ino_t ino)
{
	return ino == chk->sb.sb_rootino || (chk->g.metadir && ino == chk->sb.sb_metadirino);
}

static void check_inode(struct xfs_check *chk, const struct xfs_check_chunk *c, uint32_t agno,
			uint32_t i)
{
	const struct xfs_check_chunk_info *info = c->info;
	xfs_ino_t ino = xfs_check_ino(&chk->g, agno, c->startino + i);
	struct xfs_check_place at = xfs_check_at("nlink", agno,
						 (c->startino + i) >> chk->g.inopblog, ino);
	bool internal = xfs_check_is_internal(chk, ino);
	uint32_t refs = info->refs[i];

	if (!(info->what[i] & XFS_CHECK_INO_INUSE) || (info->what[i] & XFS_CHECK_INO_BAD))
		return;
	/* The superblock's pointer counts as the one link of an inode without a name. */
	if (internal && !chk->g.metadir)
		refs++;
	if (refs != info->nlink[i])
		xfs_check_report(chk, at, "di_nlink is %u, but %u references were found%s",
				 info->nlink[i], refs,
				 refs ? "" : ": the inode is in no directory");
	at.structure = "parent";
	if (chk->g.parent && info->parents[i])
		xfs_check_report(chk, at,
				 "the parent pointers are not those of the directory entries "
				 "(of %u links)",
				 info->nlink[i]);
}

static void check_ag_inodes(struct xfs_check *chk, uint32_t agno)
{
	const struct xfs_check_chunk *c = chk->ag[agno].chunks.v;

	for (size_t n = 0; n < chk->ag[agno].chunks.n && !chk->stop; n++) {
		for (uint32_t i = 0; c[n].info && i < XFS_INODES_PER_CHUNK && !chk->stop; i++)
			check_inode(chk, &c[n], agno, i);
	}
}

static void check_dotdot(struct xfs_check *chk, const struct xfs_check_dir *dir)
{
	struct xfs_check_place at = xfs_check_at("directory", -1, XFS_CHECK_NOBLOCK, dir->ino);
	xfs_ino_t want = is_root(chk, dir->ino) ? dir->ino : dir->parent;

	/*
	 * The ".." of a directory that waits to be freed points at the root, and a missing parent
	 * or ".." has been reported: skip both.
	 */
	if (want == NULLFSINO || dir->dotdot == NULLFSINO)
		return;
	if (dir->dotdot != want)
		xfs_check_report(chk, at, "\"..\" is %" PRIu64 ", but the parent is %" PRIu64,
				 dir->dotdot, want);
}

/*
 * Every directory has at most one parent, so one that does not lead up to a root leads into a
 * circle.  Each is marked with the walk that reached it first.
 */
static void check_circles(struct xfs_check *chk)
{
	struct xfs_check_dir *v = chk->dirs.v;
	uint32_t *mark = NULL;

	if (!chk->dirs.n || chk->dirs.n >= UINT32_MAX)
		return;
	mark = xfs_mem_zalloc(&chk->mem, chk->dirs.n * sizeof(*mark));
	if (!mark) {
		xfs_check_fail(chk, -ENOMEM);
		return;
	}
	for (size_t i = 0; i < chk->dirs.n && !chk->stop; i++) {
		uint32_t walk = (uint32_t)i + 1;
		struct xfs_check_dir *d = &v[i];

		while (d && !mark[d - v]) {
			mark[d - v] = walk;
			d = d->parent == NULLFSINO ? NULL : xfs_check_find_dir(chk, d->parent);
		}
		if (d && mark[d - v] == walk)
			xfs_check_report(chk,
					 xfs_check_at("directory", -1, XFS_CHECK_NOBLOCK, d->ino),
					 "the directory contains itself further down");
	}
	xfs_mem_free(&chk->mem, mark);
}

static void check_roots(struct xfs_check *chk)
{
	xfs_ino_t roots[] = { chk->sb.sb_rootino, chk->sb.sb_metadirino };
	static const char *const name[] = { "sb_rootino", "sb_metadirino" };

	for (unsigned int i = 0; i < (chk->g.metadir ? 2 : 1); i++) {
		if (!xfs_check_find_dir(chk, roots[i]))
			xfs_check_report(chk, xfs_check_at("superblock", 0, 0, roots[i]),
					 "%s %" PRIu64 " is not a directory in use", name[i],
					 roots[i]);
	}
}

/* The inodes that the superblock names, except the roots, are regular files. */
static void check_internal(struct xfs_check *chk)
{
	const struct xfs_sb *sb = &chk->sb;
	const xfs_ino_t inos[] = { sb->sb_rbmino, sb->sb_rsumino, sb->sb_uquotino, sb->sb_gquotino,
				   sb->sb_pquotino };

	for (unsigned int i = 0; i < ARRAY_SIZE(inos) && !chk->g.metadir; i++) {
		struct xfs_check_chunk_info *info;
		uint32_t k;

		if (!inos[i] || inos[i] == NULLFSINO)
			continue;
		info = xfs_check_info(chk, inos[i], &k);
		if (!info || (info->what[k] & XFS_CHECK_INO_FTYPE) != 1)
			xfs_check_report(chk, xfs_check_at("superblock", 0, 0, inos[i]),
					 "internal inode %" PRIu64 " is not a regular file in use",
					 inos[i]);
	}
}

void xfs_check_links(struct xfs_check *chk)
{
	struct xfs_check_dir *dirs = chk->dirs.v;

	check_roots(chk);
	check_internal(chk);
	for (size_t i = 0; i < chk->dirs.n && !chk->stop; i++)
		check_dotdot(chk, &dirs[i]);
	if (!chk->stop)
		check_circles(chk);
	for (uint32_t agno = 0; agno < chk->g.agcount && !chk->stop; agno++) {
		xfs_check_progress(chk, "links", agno, chk->g.agcount);
		check_ag_inodes(chk, agno);
	}
}
