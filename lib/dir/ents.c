/* SPDX-License-Identifier: MIT */
/*
 * The sorted index of hashes and addresses, as block form and leaf blocks have it.  The entry of a
 * removed name stays as a stale one, with address 0, so that a removal moves nothing.  Its hash
 * still counts for the order, and the next insertion nearby uses its slot.
 */
#include "core/message.h"
#include "dir/dir_priv.h"

uint32_t xfs_dir_ents_search(const struct xfs_dir2_leaf_entry *ents, uint32_t count,
			     xfs_dahash_t hash)
{
	uint32_t low = 0, high = count;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (be32_to_cpu(ents[mid].hashval) < hash)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

uint32_t xfs_dir_ents_open(struct xfs_dir2_leaf_entry *ents, uint32_t count, uint32_t stale,
			   uint32_t index, uint32_t *first, uint32_t *last)
{
	uint32_t low, high;

	if (!stale) {
		memmove(&ents[index + 1], &ents[index], (count - index) * sizeof(*ents));
		*first = index;
		*last = count;
		return index;
	}
	/*
	 * low - 1 is the candidate for the nearest stale entry in front of @index; low 0: there is
	 * none.
	 */
	for (low = index, high = index;; low -= low > 0, high += high < count) {
		if (low && xfs_dir_ent_is_stale(&ents[low - 1])) {
			memmove(&ents[low - 1], &ents[low], (index - low) * sizeof(*ents));
			*first = low - 1;
			*last = index - 1;
			return index - 1;
		}
		if (high < count && xfs_dir_ent_is_stale(&ents[high])) {
			memmove(&ents[index + 1], &ents[index], (high - index) * sizeof(*ents));
			*first = index;
			*last = high;
			return index;
		}
		ASSERT(low || high < count);
	}
}

uint32_t xfs_dir_ents_compact(struct xfs_dir2_leaf_entry *ents, uint32_t count)
{
	uint32_t to = 0;

	for (uint32_t from = 0; from < count; from++) {
		if (xfs_dir_ent_is_stale(&ents[from]))
			continue;
		ents[to++] = ents[from];
	}
	return to;
}

enum match {
	MATCH_NOT,
	MATCH_CASE,
	MATCH_EXACT,
};

static enum match compare(const struct xfs_dir_args *args, const struct xfs_dir2_data_entry *dep)
{
	const struct xfs_name *name = args->name;

	if (dep->namelen != name->len)
		return MATCH_NOT;
	if (memcmp(dep->name, name->name, name->len) == 0)
		return MATCH_EXACT;
	return xfs_has_asciici(args->geo) && xfs_ascii_ci_equal(dep->name, name->name, name->len)
		       ? MATCH_CASE : MATCH_NOT;
}

int xfs_dir_ents_match(struct xfs_dir_args *args, const struct xfs_dir2_leaf_entry *ents,
		       uint32_t count, uint32_t index, struct xfs_buf *block,
		       struct xfs_dir_match *m)
{
	int error;

	for (; index < count && be32_to_cpu(ents[index].hashval) == args->hash; index++) {
		xfs_dir2_dataptr_t addr = be32_to_cpu(ents[index].address);
		xfs_dir2_db_t db = xfs_dir2_dataptr_to_db(args->geo, addr);
		uint32_t off = xfs_dir2_dataptr_to_off(args->geo, addr);
		const struct xfs_dir2_data_entry *dep;
		enum match how;

		if (addr == XFS_DIR2_NULL_DATAPTR)
			continue;
		if (block && !m->bp) {
			xfs_buf_hold(block);
			m->bp = block;
			m->db = 0;
		}
		if (!m->bp || m->db != db) {
			xfs_dir_match_done(m);
			error = block ? xfs_corrupt(args->dp->i_mount, "directory",
						    "inode %" PRIu64
						    ": the index points past the only block",
						    args->dp->i_ino)
				      : xfs_dir_read_data(args, db, &m->bp);
			if (error)
				return error;
			m->db = db;
		}
		error = xfs_dir_data_check(args, m->bp, db, off);
		if (error)
			return error;
		dep = xfs_dir_entry_at(m->bp, off);
		how = compare(args, dep);
		/* A second ".." could be found in place of the right one. */
		if (how != MATCH_NOT &&
		    !xfs_dir2_entry_namecheck(db, off, dep->name, dep->namelen))
			return xfs_corrupt(args->dp->i_mount, "directory",
					   "inode %" PRIu64 ": \"%.*s\" is in the wrong place",
					   args->dp->i_ino, (int)dep->namelen,
					   (const char *)dep->name);
		if (how == MATCH_EXACT || (how == MATCH_CASE && m->ino == NULLFSINO)) {
			m->ino = be64_to_cpu(dep->inumber);
			if (args->stored)
				memcpy(args->stored, dep->name, dep->namelen);
		}
		if (how == MATCH_EXACT) {
			m->found = true;
			m->off = off;
			m->index = index;
			return 0;
		}
	}
	return 0;
}
