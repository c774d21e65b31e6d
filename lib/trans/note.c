/* SPDX-License-Identifier: MIT */
/*
 * Notes: items that exist only in the log, intents and their done items.  A note has no place on
 * disk; it is written once, with the checkpoint of its transaction, and then freed.
 */
#include "disk/log.h"
#include "disk/log_item.h"
#include "trans/note.h"
#include "trans/trans.h"

struct xfs_note {
	struct xfs_log_item item;
	struct xfs_mount *mp;
	uint32_t regions, bytes;	/* so far; the length of each region precedes it */
	uint8_t data[];
};

static struct xfs_note *note_of(struct xfs_log_item *lip)
{
	return container_of(lip, struct xfs_note, item);
}

static void note_get(struct xfs_log_item *lip)
{
	(void)lip;
}

static void note_put(struct xfs_log_item *lip)
{
	xfs_note_free(note_of(lip));
}

static int note_push(struct xfs_mount *mp, struct xfs_log_item *lip)
{
	(void)mp, (void)lip;
	return 0;
}

static uint32_t note_size(struct xfs_log_item *lip, uint32_t *regions)
{
	const struct xfs_note *note = note_of(lip);

	*regions = note->regions;
	return note->bytes - note->regions * (uint32_t)sizeof(uint32_t);
}

static void note_format(struct xfs_log_item *lip, struct xfs_log_sink *sink)
{
	const struct xfs_note *note = note_of(lip);
	uint32_t len;

	for (uint32_t at = 0; at < note->bytes; at += len) {
		memcpy(&len, note->data + at, sizeof(len));
		at += (uint32_t)sizeof(len);
		sink->region(sink, note->data + at, len);
	}
}

static uint32_t note_log_cost(const struct xfs_mount *mp, struct xfs_log_item *lip)
{
	const struct xfs_note *note = note_of(lip);

	(void)mp;
	return note->bytes + note->regions * XLOG_OP_HEADER_BYTES;
}

static void note_forget(struct xfs_log_item *lip)
{
	(void)lip;
}

static const struct xfs_log_item_ops note_ops = {
	.name = "intents", .get = note_get, .put = note_put, .push = note_push,
	.log_cost = note_log_cost, .size = note_size, .format = note_format,
	.forget_changes = note_forget,
};

struct xfs_note *xfs_note_new(struct xfs_mount *mp, size_t bytes)
{
	struct xfs_note *note = xfs_zalloc(mp, sizeof(*note) + bytes);

	if (!note)
		return NULL;
	xfs_log_item_init(&note->item, &note_ops);
	note->item.li_bytes = (uint32_t)bytes;
	note->mp = mp;
	return note;
}

void xfs_note_free(struct xfs_note *note)
{
	if (note)
		xfs_free(note->mp, note);
}

void *xfs_note_region(struct xfs_note *note, uint32_t len)
{
	uint8_t *data = note->data + note->bytes + sizeof(len);

	memcpy(data - sizeof(len), &len, sizeof(len));
	note->bytes += (uint32_t)sizeof(len) + len;
	note->regions++;
	return data;
}

void xfs_note_done(struct xfs_note *note, uint16_t type, uint64_t id)
{
	struct xfs_intent_log_format head = {
		.type = (uint16_t)(type + 1), .size = 1, .id = id,
	};

	memcpy(xfs_note_region(note, sizeof(head)), &head, sizeof(head));
}

void xfs_note_log(struct xfs_trans *tp, struct xfs_note *note)
{
	if (note->regions)
		xfs_trans_log_only(tp, &note->item);
	else
		xfs_note_free(note);
}
