/* SPDX-License-Identifier: MIT */
/*
 * The journal as a list of records, oldest cycle last: enough to see where head and tail are and
 * what each record holds.
 */
#include "check/dump.h"
#include "disk/log.h"

#define MAX_OPS	64u	/* printed per record */

static void dump_ops(struct xfs_dump *d, uint32_t bb, uint32_t headers, uint32_t len,
		     uint32_t nr_ops, uint32_t nr_bb)
{
	struct xfs_check *chk = d->chk;
	uint8_t data[XFS_BB_SIZE], hdr[XFS_BB_SIZE];
	const size_t first = offsetof(struct xlog_rec_header, h_cycle_data);
	const size_t ext = offsetof(struct xlog_rec_ext_header, xh_cycle_data);
	uint32_t off = 0, have = ~0u;

	for (uint32_t op = 0;
	     op < XFS_MIN(nr_ops, MAX_OPS) && off + sizeof(struct xlog_op_header) <= len; op++) {
		uint8_t raw[sizeof(struct xlog_op_header)];
		const struct xlog_op_header *oh = (const void *)raw;

		for (uint32_t i = 0; i < sizeof(raw); i += 4) {
			uint32_t block = (off + i) / XFS_BB_SIZE, word = (off + i) % XFS_BB_SIZE;

			if (block != have) {
				uint32_t slot = block % XLOG_CYCLE_DATA_WORDS;
				uint32_t hdr_bb = block / XLOG_CYCLE_DATA_WORDS;

				/* The headers keep the first word of each block. */
				if (hdr_bb >= headers ||
				    xfs_check_read_log(chk, (bb + headers + block) % nr_bb, data,
						       1) ||
				    xfs_check_read_log(chk, (bb + hdr_bb) % nr_bb, hdr, 1))
					return;
				memcpy(data, hdr + (hdr_bb ? ext : first) + slot * sizeof(be32_t),
				       sizeof(be32_t));
				have = block;
			}
			memcpy(raw + i, data + word, 4);
		}
		xfs_dump_line(d,
			      "    op %u: tid 0x%08x, len %u, clientid 0x%02x, flags%s%s%s%s%s%s",
			      op, be32_to_cpu(oh->oh_tid), be32_to_cpu(oh->oh_len), oh->oh_clientid,
			      oh->oh_flags & XLOG_START_TRANS ? " start" : "",
			      oh->oh_flags & XLOG_COMMIT_TRANS ? " commit" : "",
			      oh->oh_flags & XLOG_CONTINUE_TRANS ? " continue" : "",
			      oh->oh_flags & XLOG_WAS_CONT_TRANS ? " was_cont" : "",
			      oh->oh_flags & XLOG_END_TRANS ? " end" : "",
			      oh->oh_flags & XLOG_UNMOUNT_TRANS ? " unmount" : "");
		off += (uint32_t)sizeof(raw);
		if (be32_to_cpu(oh->oh_len) > len)
			return;
		off += (be32_to_cpu(oh->oh_len) + 3) & ~3u;
	}
}

void xfs_dump_log(struct xfs_dump *d)
{
	struct xfs_check *chk = d->chk;
	uint32_t nr_bb = chk->sb.sb_logblocks << (chk->g.blocklog - XFS_BB_SHIFT);
	uint8_t buf[XFS_BB_SIZE];

	chk->opts.flags |= XFS_CHECK_DIRTY_LOG_OK;
	xfs_check_log(chk);
	if (!chk->log_known) {
		xfs_dump_line(d, "head and tail are not known");
		return;
	}
	xfs_dump_line(d, "log of %u blocks of 512 bytes: %s, head %u, tail %u, cycle %u", nr_bb,
		      chk->log_clean ? "clean" : "dirty", chk->log.head, chk->log.tail,
		      (uint32_t)(chk->head_lsn >> 32));
	if (chk->log.torn)
		xfs_dump_line(d, "the record at %u is torn: the log ends before it",
			      chk->log.torn_block);
	if (!chk->log_clean)
		xfs_dump_line(d, "to be replayed from %u: %" PRIu64 " records, %" PRIu64
			      " transactions, %" PRIu64 " uncommitted", chk->log.first,
			      chk->log.records, chk->log.transactions, chk->log.uncommitted);
	for (uint32_t bb = 0; bb < nr_bb;) {
		const struct xlog_rec_header *r = (const void *)buf;
		uint32_t len, headers, size;

		if (xfs_check_read_log(chk, bb, buf, 1)) {
			xfs_dump_line(d, "%u: cannot be read", bb);
			return;
		}
		if (get_be32(buf) == 0)
			break;		/* never written */
		if (get_be32(buf) != XLOG_HEADER_MAGIC_NUM) {
			bb++;
			continue;
		}
		len = be32_to_cpu(r->h_len);
		size = be32_to_cpu(r->h_size);
		headers = size > XLOG_HEADER_CYCLE_SIZE && size <= XLOG_MAX_RECORD_BSIZE
			  ? (uint32_t)xfs_howmany64(size, XLOG_HEADER_CYCLE_SIZE) : 1;
		xfs_dump_line(
			d,
			"%u: h_cycle %u, h_version %u, h_len %u, h_lsn %u:%u, h_tail_lsn %u:%u, "
			"h_crc 0x%08x, h_prev_block %d, h_num_logops %u, h_fmt %u, h_size %u",
			bb, be32_to_cpu(r->h_cycle), be32_to_cpu(r->h_version), len,
			(uint32_t)(be64_to_cpu(r->h_lsn) >> 32),
			(uint32_t)be64_to_cpu(r->h_lsn),
			(uint32_t)(be64_to_cpu(r->h_tail_lsn) >> 32),
			(uint32_t)be64_to_cpu(r->h_tail_lsn), le32_to_cpu(r->h_crc),
			(int)be32_to_cpu(r->h_prev_block), be32_to_cpu(r->h_num_logops),
			be32_to_cpu(r->h_fmt), size);
		if (len <= 2 * XLOG_MAX_RECORD_BSIZE) {
			dump_ops(d, bb, headers, len, be32_to_cpu(r->h_num_logops), nr_bb);
			bb += headers + len / XFS_BB_SIZE;
		} else {
			bb++;
		}
	}
}
