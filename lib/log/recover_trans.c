/* SPDX-License-Identifier: MIT */
/*
 * From operations to transactions.  Each operation names its transaction; a region that did not fit
 * into a record continues in the next one, and transactions may be interleaved.  A transaction
 * without a commit operation before the head never happened; operations of a transaction that began
 * before the tail are ignored.
 *
 * Open transactions are held in memory, each in its own chunks, which are freed with it.
 *
 * (RTRANS-1) Their memory is in proportion to the log, whatever it says: a transaction starts with
 *     a small chunk, announced regions that have not arrived are limited by what the log can hold,
 *     and a region has a largest size.
 */
#include "core/message.h"
#include "log/log_priv.h"

#define CHUNK_BYTES	(64u << 10)
#define FIRST_CHUNK	512u		/* of a transaction; each further chunk doubles it */
#define MAX_SPARE_BYTES	(64u << 20)
#define MAX_OPEN	65536u		/* transactions; writers have only a handful open */
#define MAX_REGION	(2u << 20)	/* bytes; writers log at most 64 KiB or some thousand
					 * extents */
#define SPARE_REGIONS	65536u		/* allowance for announced regions behind the end of the
					 * log */
#define TRANS_HEADER	((uint32_t)sizeof(struct xfs_trans_header))

struct chunk {
	struct chunk *next;
	size_t used, size;
	uint8_t data[] __attribute__((aligned(8)));
};

struct open_trans {
	struct xlog_key key;		/* transaction id */
	struct xlog_trans trans;
	struct xlog_item *last;
	struct chunk *chunks;		/* newest first */
	uint32_t start_block;
	uint32_t header_len;
	uint8_t header[sizeof(struct xfs_trans_header)];
};

struct xlog_trans_table {
	struct xfs_mount *mp;
	xlog_commit_fn commit;
	void *ctx;
	uint32_t open;
	uint64_t missing, max_missing;	/* regions announced and not yet read */
	/*
	 * Chunks to be reused, lowest addresses first: returning memory to the host and getting it
	 * back costs more than the work done in it.
	 */
	struct chunk *spare;
	uint64_t spare_bytes, max_spare_bytes;
	struct xlog_index transactions;	/* open ones */
	struct open_trans *recent;	/* the one found last; or NULL */
};

int xlog_trans_table_create(struct xfs_mount *mp, uint64_t log_bytes, xlog_commit_fn commit,
			    void *ctx, struct xlog_trans_table **tablep)
{
	struct xlog_trans_table *table = xfs_zalloc(mp, sizeof(*table));

	*tablep = table;
	if (!table)
		return xfs_error(mp, -ENOMEM, "out of memory for the transactions of the log");
	table->mp = mp;
	table->commit = commit;
	table->ctx = ctx;
	table->max_missing = SPARE_REGIONS + log_bytes / sizeof(struct xlog_op_header);
	table->max_spare_bytes = mp->m_memory_limit ? 0 : MAX_SPARE_BYTES;
	return 0;
}

static_assert(offsetof(struct open_trans, key) == 0, "key comes first");

/* Usually the transaction of the previous operation. */
static struct open_trans *find(struct xlog_trans_table *table, uint32_t tid)
{
	if (!table->recent || table->recent->trans.xt_tid != tid)
		table->recent = (void *)xlog_index_find(&table->transactions, tid, 0);
	return table->recent;
}

static void unlink_trans(struct xlog_trans_table *table, struct open_trans *ot)
{
	xlog_index_erase(&table->transactions, &ot->key);
	if (table->recent == ot)
		table->recent = NULL;
	table->open--;
}

/*
 * Free the oldest chunk first.  In reverse order each chunk would be the last one in the heap, and
 * the host would shrink the heap each time.
 */
static void free_chunks(struct xfs_mount *mp, struct chunk *chunk)
{
	while (chunk) {
		struct chunk *next = chunk->next;

		xfs_free(mp, chunk);
		chunk = next;
	}
}

static void free_trans(struct xlog_trans_table *table, struct open_trans *ot)
{
	struct chunk *gone = NULL, *next;

	if (ot->last)
		table->missing -= (uint64_t)ot->last->it_size - ot->last->it_count;
	for (struct chunk *chunk = ot->chunks; chunk; chunk = next) {
		bool keep = chunk->size == CHUNK_BYTES &&
			    table->spare_bytes + CHUNK_BYTES <= table->max_spare_bytes;
		struct chunk **list = keep ? &table->spare : &gone;

		next = chunk->next;
		chunk->next = *list;
		*list = chunk;
		if (keep)
			table->spare_bytes += CHUNK_BYTES;
	}
	free_chunks(table->mp, gone);
	xfs_free(table->mp, ot);
}

void xlog_trans_table_reuse(struct xlog_trans_table *table, xlog_commit_fn commit,
			    uint64_t *uncommitted)
{
	struct xlog_key *key;

	*uncommitted = table->open;
	while ((key = xlog_index_first(&table->transactions))) {
		struct open_trans *ot = (void *)key;

		unlink_trans(table, ot);
		free_trans(table, ot);
	}
	table->commit = commit;
}

void xlog_trans_table_destroy(struct xlog_trans_table *table, uint64_t *uncommitted)
{
	uint64_t open = 0;

	if (table) {
		xlog_trans_table_reuse(table, NULL, &open);
		free_chunks(table->mp, table->spare);
		xfs_free(table->mp, table);
	}
	if (uncommitted)
		*uncommitted = open;
}

uint64_t xlog_trans_table_steps(const struct xlog_trans_table *table)
{
	return table->transactions.steps;
}

static struct chunk *new_chunk(struct xlog_trans_table *table, size_t bytes)
{
	struct chunk *chunk = bytes == CHUNK_BYTES ? table->spare : NULL;

	if (chunk) {
		table->spare = chunk->next;
		table->spare_bytes -= CHUNK_BYTES;
	} else {
		chunk = xfs_malloc(table->mp, sizeof(*chunk) + bytes);
	}
	if (chunk) {
		chunk->used = 0;
		chunk->size = bytes;
	}
	return chunk;
}

/* Allocate from the transaction's memory, aligned to 8 bytes. */
static void *get_memory(struct xlog_trans_table *table, struct open_trans *ot, size_t size)
{
	struct chunk *chunk = ot->chunks;
	size_t rounded = XFS_ALIGN(size, (size_t)8);

	if (!chunk || chunk->size - chunk->used < rounded) {
		size_t bytes = chunk ? XFS_MIN(2 * chunk->size, (size_t)CHUNK_BYTES) : FIRST_CHUNK;

		bytes = XFS_MAX(rounded, bytes);
		chunk = new_chunk(table, bytes);
		if (!chunk)
			return NULL;
		chunk->next = ot->chunks;
		ot->chunks = chunk;
	}
	chunk->used += rounded;
	return chunk->data + chunk->used - rounded;
}

/* Extend @region by @len bytes, in place if it is the last thing in the chunk. */
static int grow_region(struct xlog_trans_table *table, struct open_trans *ot, struct xlog_region *region,
		       const void *data, uint32_t len)
{
	struct chunk *chunk = ot->chunks;
	uint8_t *old = (uint8_t *)(uintptr_t)region->data;
	size_t off = 0, total = (size_t)region->len + len;
	bool last;

	if (total > MAX_REGION)
		return -EUCLEAN;
	last = old >= chunk->data && old < chunk->data + chunk->size;
	if (last)
		off = (size_t)(old - chunk->data);
	if (last && off + XFS_ALIGN((size_t)region->len, (size_t)8) == chunk->used &&
	    XFS_ALIGN(total, (size_t)8) <= chunk->size - off) {
		chunk->used = off + XFS_ALIGN(total, (size_t)8);
	} else {
		/*
		 * Allocate twice the size, so that a region in many pieces is not copied for each.
		 */
		uint8_t *bigger = get_memory(table, ot, total + XFS_MIN(total, (size_t)(1u << 20)));

		if (!bigger)
			return -ENOMEM;
		memcpy(bigger, old, region->len);
		ot->chunks->used = (size_t)(bigger - ot->chunks->data) + XFS_ALIGN(total, (size_t)8);
		region->data = bigger;
		old = bigger;
	}
	memcpy(old + region->len, data, len);
	region->len = (uint32_t)total;
	return 0;
}

static int no_memory(struct xlog_trans_table *table)
{
	return xfs_error(table->mp, -ENOMEM, "out of memory for a transaction of the log");
}

static int start_trans(struct xlog_trans_table *table, const struct xlog_walk *walk, uint32_t tid)
{
	struct open_trans *ot;

	if (table->open >= MAX_OPEN)
		return xfs_corrupt(table->mp, "log", "record at block %u: more than %u transactions are open",
				   walk->block, MAX_OPEN);
	ot = xfs_zalloc(table->mp, sizeof(*ot));
	if (!ot)
		return no_memory(table);
	ot->trans.xt_tid = tid;
	ot->trans.xt_lsn = walk->lsn;
	ot->start_block = walk->block;
	ot->key.a = tid;
	xlog_index_add(&table->transactions, &ot->key);
	table->open++;
	return 0;
}

static int take_header(struct xlog_trans_table *table, const struct xlog_walk *walk,
		       struct open_trans *ot, const uint8_t *data, uint32_t len)
{
	uint32_t magic;

	if (len < sizeof(magic) || len > TRANS_HEADER)
		return xfs_corrupt(table->mp, "log", "record at block %u: transaction 0x%08x has a header of %u bytes",
				   walk->block, ot->trans.xt_tid, len);
	memcpy(&magic, data, sizeof(magic));
	if (magic != XFS_TRANS_HEADER_MAGIC)
		return xfs_corrupt(table->mp, "log", "record at block %u: transaction 0x%08x has a wrong magic number 0x%08x",
				   walk->block, ot->trans.xt_tid, magic);
	memcpy(ot->header, data, len);
	ot->header_len = len;
	return 0;
}

static int new_item(struct xlog_trans_table *table, const struct xlog_walk *walk,
		    struct open_trans *ot, const uint8_t *data, uint32_t len)
{
	struct xfs_log_item_head head;
	struct xlog_item *item;

	if (len < sizeof(head))
		return xfs_corrupt(table->mp, "log", "record at block %u: an item begins with %u bytes",
				   walk->block, len);
	memcpy(&head, data, sizeof(head));
	if (!head.size || head.size > XLOG_MAX_REGIONS_IN_ITEM)
		return xfs_corrupt(table->mp, "log", "record at block %u: an item of type 0x%04x has %u regions",
				   walk->block, head.type, head.size);
	if (head.size > table->max_missing - table->missing)
		return xfs_corrupt(table->mp, "log", "record at block %u: open transactions announce more regions than the log can hold",
				   walk->block);
	item = get_memory(table, ot, sizeof(*item) + head.size * sizeof(item->it_regions[0]));
	if (!item)
		return no_memory(table);
	item->it_next = NULL;
	item->it_block = walk->block;
	item->it_type = head.type;
	item->it_size = head.size;
	item->it_count = 0;
	if (ot->last)
		ot->last->it_next = item;
	else
		ot->trans.xt_items = item;
	ot->last = item;
	table->missing += head.size;
	return 0;
}

static int new_region(struct xlog_trans_table *table, const struct xlog_walk *walk,
		      struct open_trans *ot, const uint8_t *data, uint32_t len)
{
	struct xlog_region *region;
	uint8_t *copy;
	int error = 0;

	if (!ot->header_len)
		return take_header(table, walk, ot, data, len);
	if (!ot->last || ot->last->it_count == ot->last->it_size)
		error = new_item(table, walk, ot, data, len);
	if (error)
		return error;
	copy = get_memory(table, ot, len);
	if (!copy)
		return no_memory(table);
	memcpy(copy, data, len);
	region = &ot->last->it_regions[ot->last->it_count++];
	table->missing--;
	region->data = copy;
	region->len = len;
	return 0;
}

static int continue_region(struct xlog_trans_table *table, const struct xlog_walk *walk,
			   struct open_trans *ot, const uint8_t *data, uint32_t len)
{
	int error;

	if (!ot->last) {
		/* The transaction header is split: the first part is there, this is the rest. */
		if (!ot->header_len || len > TRANS_HEADER - ot->header_len)
			return xfs_corrupt(table->mp, "log", "record at block %u: %u bytes continue nothing in transaction 0x%08x",
					   walk->block, len, ot->trans.xt_tid);
		memcpy(ot->header + TRANS_HEADER - len, data, len);
		return 0;
	}
	if (!len)
		return 0;
	error = grow_region(table, ot, &ot->last->it_regions[ot->last->it_count - 1], data, len);
	if (error == -EUCLEAN)
		return xfs_corrupt(table->mp, "log", "record at block %u: a region has more than %u bytes",
				   walk->block, MAX_REGION);
	return error ? no_memory(table) : 0;
}

static int commit(struct xlog_trans_table *table, const struct xlog_walk *walk,
		  struct open_trans *ot)
{
	int error = 0;

	unlink_trans(table, ot);
	if (ot->last && ot->last->it_count != ot->last->it_size)
		error = xfs_corrupt(table->mp, "log", "record at block %u: transaction 0x%08x ends in an item of type 0x%04x that has %u of %u regions",
				    walk->block, ot->trans.xt_tid, ot->last->it_type,
				    ot->last->it_count, ot->last->it_size);
	else
		error = table->commit(table->ctx, &ot->trans);
	free_trans(table, ot);
	return error;
}

static int add_op(struct xlog_trans_table *table, const struct xlog_walk *walk,
		  const struct xlog_op_header *op, const uint8_t *data, uint32_t len)
{
	uint32_t tid = be32_to_cpu(op->oh_tid);
	uint8_t flags = op->oh_flags;
	struct open_trans *ot = find(table, tid);

	if (!ot) {
		if (!(flags & XLOG_START_TRANS))
			return 0;
		if (len)
			return xfs_corrupt(table->mp, "log", "record at block %u: the start of transaction 0x%08x has %u bytes",
					   walk->block, tid, len);
		return start_trans(table, walk, tid);
	}
	flags &= (uint8_t)~XLOG_END_TRANS;
	if (flags & XLOG_WAS_CONT_TRANS)
		flags &= (uint8_t)~XLOG_CONTINUE_TRANS;
	switch (flags) {
	case 0:
	case XLOG_CONTINUE_TRANS:
		return len ? new_region(table, walk, ot, data, len) : 0;
	case XLOG_WAS_CONT_TRANS:
		return continue_region(table, walk, ot, data, len);
	case XLOG_COMMIT_TRANS:
		return commit(table, walk, ot);
	case XLOG_UNMOUNT_TRANS:
		unlink_trans(table, ot);
		free_trans(table, ot);
		return 0;
	default:
		return xfs_corrupt(table->mp, "log", "record at block %u: an operation of transaction 0x%08x has flags 0x%02x",
				   walk->block, tid, op->oh_flags);
	}
}

int xlog_trans_add_record(struct xlog_trans_table *table, const struct xlog_walk *walk,
			  uint64_t *ops)
{
	uint32_t off = 0;

	for (uint32_t i = 0; i < walk->num_ops && off < walk->len; i++) {
		const struct xlog_op_header *op = (const void *)(walk->data + off);
		uint32_t left = walk->len - off, len;
		int error;

		if (left < sizeof(*op))
			return xfs_corrupt(table->mp, "log", "record at block %u: operation %u is cut off",
					   walk->block, i);
		left -= (uint32_t)sizeof(*op);
		len = be32_to_cpu(op->oh_len);
		if (op->oh_clientid != XFS_TRANSACTION && op->oh_clientid != XFS_LOG)
			return xfs_corrupt(table->mp, "log", "record at block %u: operation %u is of client 0x%02x",
					   walk->block, i, op->oh_clientid);
		if (len > left)
			return xfs_corrupt(table->mp, "log", "record at block %u: operation %u has %u bytes, %u are left",
					   walk->block, i, len, left);
		error = add_op(table, walk, op, walk->data + off + sizeof(*op), len);
		if (error)
			return error;
		off += (uint32_t)sizeof(*op) + len;
		++*ops;
	}
	return 0;
}
