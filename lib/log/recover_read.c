/* SPDX-License-Identifier: MIT */
/*
 * Reading the records between tail and head, one after the other, into one buffer.  Headers and
 * data are checked, and the words that the cycle stamps replaced are restored.  Memory is that of
 * the largest record, whatever the size of the log.
 */
#include "core/message.h"
#include "log/log_priv.h"

int xlog_walk_init(struct xfs_mount *mp, const struct xlog_state *state, struct xlog_walk *walk)
{
	int error;

	memset(walk, 0, sizeof(*walk));
	error = xlog_ring_init(mp, &walk->ring);
	if (error)
		return error;
	if (state->record_size < XLOG_MIN_RECORD_BSIZE || state->record_size > XLOG_MAX_RECORD_BSIZE)
		return xfs_corrupt(mp, "log", "record at block %u: records of %u bytes",
				   state->tail_block, state->record_size);
	if (state->head_block >= walk->ring.nbbs || state->tail_block >= walk->ring.nbbs ||
	    state->head_block == state->tail_block)
		return xfs_corrupt(mp, "log", "nothing lies between its tail at block %u and its head at %u",
				   state->tail_block, state->head_block);
	walk->size = state->record_size;
	walk->buf = xfs_mem_alloc_aligned(&mp->m_mem, 4096, xlog_record_room(walk->size));
	if (!walk->buf)
		return xfs_error(mp, -ENOMEM, "out of memory for reading the log");
	xlog_walk_rewind(walk, state);
	return 0;
}

void xlog_walk_destroy(struct xlog_walk *walk)
{
	if (walk->buf)
		xfs_mem_free_aligned(&walk->ring.mp->m_mem, walk->buf);
	walk->buf = NULL;
}

void xlog_walk_rewind(struct xlog_walk *walk, const struct xlog_state *state)
{
	walk->next = state->tail_block;
	walk->head = state->head_block;
	walk->left = xlog_distance(walk->ring.nbbs, walk->next, walk->head);
}

static int check_record(struct xlog_walk *walk, const struct xlog_record *rec)
{
	struct xfs_mount *mp = walk->ring.mp;

	if (rec->fmt != XLOG_FMT)
		return xfs_error(mp, -ENOTSUP,
				 "log: record at block %u has format %u, of a machine of another kind: only such a one can recover this log",
				 rec->block, rec->fmt);
	/* A record without a checksum is accepted only as an unmount record. */
	if (!rec->crc) {
		xfs_corrupt(mp, "log", "record at block %u has no checksum", rec->block);
		return -EBADMSG;
	}
	if (rec->lsn != xlog_assign_lsn(rec->cycle, rec->block) || !rec->cycle)
		return xfs_corrupt(mp, "log", "record at block %u carries LSN %u:%u", rec->block,
				   CYCLE_LSN(rec->lsn), BLOCK_LSN(rec->lsn));
	if (rec->bbs > walk->left)
		return xfs_corrupt(mp, "log", "record at block %u reaches beyond the head at %u",
				   rec->block, walk->head);
	return 0;
}

int xlog_walk_next(struct xlog_walk *walk, bool *found)
{
	struct xfs_mount *mp = walk->ring.mp;
	uint32_t sector_bbs = mp->m_geo.logsectsize >> XFS_BB_SHIFT;
	struct xlog_record rec;
	int error;

	*found = false;
	if (!walk->left)
		return 0;
	if (walk->next % sector_bbs)
		return xfs_corrupt(mp, "log", "no record can begin at block %u", walk->next);
	error = xlog_read_record(&walk->ring, walk->next, walk->size, walk->buf, &rec);
	if (error == -EUCLEAN)
		return xfs_corrupt(mp, "log", "no valid record at block %u", walk->next);
	if (error == -EBADMSG) {
		xfs_corrupt(mp, "log", "record at block %u has a wrong checksum", walk->next);
		return -EBADMSG;
	}
	if (!error)
		error = check_record(walk, &rec);
	if (error)
		return error;
	xlog_unstamp(walk->buf, rec.header_bbs, rec.len);
	walk->block = rec.block;
	walk->len = rec.len;
	walk->num_ops = rec.num_ops;
	walk->lsn = rec.lsn;
	walk->data = (const uint8_t *)walk->buf + ((size_t)rec.header_bbs << XFS_BB_SHIFT);
	walk->left -= rec.bbs;
	walk->next = (walk->next + rec.bbs) % walk->ring.nbbs;
	*found = true;
	return 0;
}
