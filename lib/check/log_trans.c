/* SPDX-License-Identifier: MIT */
/*
 * The operations of a dirty log, assembled into transactions.  Only the current item of each open
 * transaction is kept, whatever their size.  The contents of an uncommitted transaction are not
 * checked, because it will not be replayed.
 */
#include "check/check_priv.h"
#include "disk/log_item.h"

#define MAX_OPEN	256u		/* writers have a handful */
#define HEADER_LEN	((uint32_t)sizeof(struct xfs_trans_header))

struct xfs_check_log_trans {
	uint32_t tid;
	uint32_t header_len;		/* of the transaction header, so far */
	uint64_t grown;			/* blocks in its superblock */
	char fault[160];		/* the first one among its items; reported when it
					 * commits */
	uint32_t fault_bb;
	struct xfs_check_log_item item;	/* size 0: none yet */
};

bool xfs_check_log_table_init(struct xfs_check_log_table *table)
{
	table->open = xfs_mem_alloc(&table->chk->mem, MAX_OPEN * sizeof(*table->open));
	if (!table->open)
		xfs_check_fail(table->chk, -ENOMEM);
	xfs_check_log_table_reset(table);
	return table->open;
}

void xfs_check_log_table_reset(struct xfs_check_log_table *table)
{
	table->g = table->chk->g;
	table->nr_open = 0;
}

void xfs_check_log_table_free(struct xfs_check_log_table *table)
{
	xfs_mem_free(&table->chk->mem, table->open);
}

#define AT_RECORD(rec)	xfs_check_at("log", -1, (rec)->bb, XFS_CHECK_NOINO)
#define BAD(...)	(xfs_check_report(table->chk, AT_RECORD(rec), __VA_ARGS__), false)

static struct xfs_check_log_trans *find_trans(struct xfs_check_log_table *table, uint32_t tid)
{
	for (uint32_t i = table->nr_open; i--;) {
		if (table->open[i].tid == tid)
			return &table->open[i];
	}
	return NULL;
}

static void drop_trans(struct xfs_check_log_table *table, struct xfs_check_log_trans *trans)
{
	*trans = table->open[--table->nr_open];
}

/* The last region is complete, and perhaps the item. */
static void end_region(struct xfs_check_log_table *table, struct xfs_check_log_trans *trans)
{
	struct xfs_check_log_item *item = &trans->item;
	struct xfs_check_geo g = table->g;
	bool last = item->count == item->size;

	if (!item->size)
		return;
	/* An item may lie in space that its own transaction has added. */
	if (trans->grown > g.dblocks) {
		g.dblocks = trans->grown;
		g.agcount = (uint32_t)xfs_howmany64(g.dblocks, g.agblocks);
	}
	xfs_check_log_item(table->chk, &g, item, last);
	if (item->fault[0] && !trans->fault[0]) {
		memcpy(trans->fault, item->fault, sizeof(trans->fault));
		trans->fault_bb = item->bb;
	}
	if (last)
		trans->grown = XFS_MAX(trans->grown, xfs_check_log_grown(item));
}

static void keep(struct xfs_check_log_item *item, const uint8_t *data, uint32_t len)
{
	uint8_t *to = item->count == 1 ? item->format : item->second;
	size_t room = item->count == 1 ? sizeof(item->format) : sizeof(item->second);

	size_t fits = item->region_len < room ? XFS_MIN_T(size_t, len, room - item->region_len) : 0;

	if (fits && item->count <= 2)
		memcpy(to + item->region_len, data, fits);
	if (item->count == 1 && !xfs_check_zeros(data + fits, len - fits))
		item->more = true;
	item->region_len += len;
}

static bool new_region(struct xfs_check_log_table *table, const struct xfs_check_record *rec,
		       struct xfs_check_log_trans *trans, const uint8_t *data, uint32_t len)
{
	struct xfs_check_log_item *item = &trans->item;
	struct xfs_log_item_head head;

	end_region(table, trans);
	if (item->count == item->size) {
		if (len < sizeof(head))
			return BAD("an item begins with %u bytes", len);
		memcpy(&head, data, sizeof(head));
		if (!head.size || head.size > XLOG_MAX_REGIONS_IN_ITEM)
			return BAD("an item of type 0x%04x has %u regions", head.type, head.size);
		memset(item, 0, sizeof(*item));
		item->bb = rec->bb;
		item->type = head.type;
		item->size = head.size;
	}
	item->count++;
	item->region_len = 0;
	keep(item, data, len);
	return true;
}

static bool take_header(struct xfs_check_log_table *table, const struct xfs_check_record *rec,
			struct xfs_check_log_trans *trans, const uint8_t *data, uint32_t len)
{
	uint32_t magic;

	if (len < sizeof(magic) || len > HEADER_LEN)
		return BAD("transaction 0x%08x has a header of %u bytes", trans->tid, len);
	memcpy(&magic, data, sizeof(magic));
	if (magic != XFS_TRANS_HEADER_MAGIC)
		return BAD("transaction 0x%08x has a wrong magic number 0x%08x", trans->tid, magic);
	trans->header_len = len;
	return true;
}

static bool more_of_region(struct xfs_check_log_table *table, const struct xfs_check_record *rec,
			   struct xfs_check_log_trans *trans, const uint8_t *data, uint32_t len)
{
	if (trans->item.size) {
		if (len > UINT32_MAX - 8 - trans->item.region_len)
			return BAD("a region has more than 4 GiB");
		keep(&trans->item, data, len);
		return true;
	}
	if (!trans->header_len || len > HEADER_LEN - trans->header_len)
		return BAD("%u bytes continue nothing in transaction 0x%08x", len, trans->tid);
	return true;
}

static bool commit(struct xfs_check_log_table *table, const struct xfs_check_record *rec,
		   struct xfs_check_log_trans *trans)
{
	struct xfs_check_log_item *item = &trans->item;
	bool good = true;

	end_region(table, trans);
	if (item->count != item->size)
		good = BAD("transaction 0x%08x ends in an item of type 0x%04x with %u of %u regions",
			   trans->tid, item->type, item->count, item->size);
	if (trans->fault[0])
		good = BAD("transaction 0x%08x, of the record at %u: %s", trans->tid,
			   trans->fault_bb, trans->fault);
	if (good)
		table->chk->log.transactions++;
	if (good && trans->grown > table->g.dblocks) {
		table->g.dblocks = trans->grown;
		table->g.agcount = (uint32_t)xfs_howmany64(trans->grown, table->g.agblocks);
	}
	drop_trans(table, trans);
	return good;
}

static bool start_trans(struct xfs_check_log_table *table, const struct xfs_check_record *rec,
			uint32_t tid, uint32_t len)
{
	if (len)
		return BAD("the start of transaction 0x%08x has %u bytes", tid, len);
	if (table->nr_open == MAX_OPEN)
		return BAD("more than %u transactions are open", MAX_OPEN);
	table->open[table->nr_open++] = (struct xfs_check_log_trans){ .tid = tid };
	return true;
}

static bool take_op(struct xfs_check_log_table *table, const struct xfs_check_record *rec,
		    const struct xlog_op_header *op, const uint8_t *data, uint32_t len)
{
	uint32_t tid = be32_to_cpu(op->oh_tid);
	struct xfs_check_log_trans *trans = find_trans(table, tid);
	uint8_t what = op->oh_flags & ~XLOG_END_TRANS;

	/* Its start lies before the tail: ignore it. */
	if (!trans)
		return !(what & XLOG_START_TRANS) || start_trans(table, rec, tid, len);
	if (what == XLOG_COMMIT_TRANS)
		return commit(table, rec, trans);
	if (what == XLOG_UNMOUNT_TRANS) {
		drop_trans(table, trans);
		return true;
	}
	if ((what & ~XLOG_CONTINUE_TRANS) == XLOG_WAS_CONT_TRANS)
		return more_of_region(table, rec, trans, data, len);
	if (what & ~XLOG_CONTINUE_TRANS)
		return BAD("an operation of transaction 0x%08x has flags 0x%02x", tid,
			   op->oh_flags);
	if (!len)
		return true;
	return trans->header_len ? new_region(table, rec, trans, data, len)
				 : take_header(table, rec, trans, data, len);
}

bool xfs_check_log_ops(struct xfs_check_log_table *table, const struct xfs_check_record *rec,
		       const uint8_t *data)
{
	uint32_t off = 0, len;

	for (uint32_t i = 0; i < rec->ops && off < rec->len; i++, off += len) {
		const struct xlog_op_header *op = (const void *)(data + off);

		if (rec->len - off < sizeof(*op))
			return BAD("operation %u is cut off", i);
		off += (uint32_t)sizeof(*op);
		len = be32_to_cpu(op->oh_len);
		if (op->oh_clientid != XFS_TRANSACTION && op->oh_clientid != XFS_LOG)
			return BAD("operation %u is of client 0x%02x", i, op->oh_clientid);
		if (len > rec->len - off)
			return BAD("operation %u has %u bytes, %u are left", i, len,
				   rec->len - off);
		if (!take_op(table, rec, op, data + off, len))
			return false;
		table->chk->log.ops++;
	}
	return true;
}
