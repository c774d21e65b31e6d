/* SPDX-License-Identifier: MIT */
/* Finding every field of a dirty log, and changing one. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/crc32c.h"
#include "core/mount.h"
#include "disk/log_item.h"
#include "log/log.h"
#include "log/recover.h"
#include "support/log_fields.h"

struct named {
	const char *name;
	uint16_t off;
	uint8_t size;
};

#define F(type, member)	{ #member, offsetof(type, member), sizeof(((type *)0)->member) }

static const struct named rec_header[] = {
	F(struct xlog_rec_header, h_magicno), F(struct xlog_rec_header, h_cycle),
	F(struct xlog_rec_header, h_version), F(struct xlog_rec_header, h_len),
	F(struct xlog_rec_header, h_lsn), F(struct xlog_rec_header, h_tail_lsn),
	F(struct xlog_rec_header, h_prev_block), F(struct xlog_rec_header, h_num_logops),
	{ "h_cycle_data[0]", 44, 4 }, { "h_cycle_data[1]", 48, 4 }, { "h_cycle_data[9]", 80, 4 },
	F(struct xlog_rec_header, h_fmt), { "h_fs_uuid", 304, 8 },
	F(struct xlog_rec_header, h_size), { NULL, 0, 0 },
};
static const struct named op_header[] = {
	{ "oh_tid", 0, 4 }, { "oh_len", 4, 4 }, { "oh_clientid", 8, 1 }, { "oh_flags", 9, 1 },
	{ "oh_res2", 10, 2 }, { NULL, 0, 0 },
};
static const struct named trans_header[] = {
	{ "th_magic", 0, 4 }, { "th_type", 4, 4 }, { "th_tid", 8, 4 }, { "th_num_items", 12, 4 },
	{ NULL, 0, 0 },
};
static const struct named buf[] = {
	{ "type", 0, 2 }, { "size", 2, 2 }, { "flags", 4, 2 }, { "len", 6, 2 }, { "blkno", 8, 8 },
	{ "map_size", 16, 4 }, { "map[0]", 20, 4 }, { "map[1]", 24, 4 }, { NULL, 0, 0 },
};
#define ILF(member)	F(struct xfs_inode_log_format, member)
static const struct named inode[] = {
	ILF(ilf_type), ILF(ilf_size), ILF(ilf_fields), ILF(ilf_asize), ILF(ilf_dsize), ILF(ilf_pad),
	ILF(ilf_ino), { "ilf_u", 24, 4 }, ILF(ilf_blkno), ILF(ilf_len), ILF(ilf_boffset),
	{ NULL, 0, 0 },
};
#define CORE(member)	F(struct xfs_log_dinode, member)
static const struct named core[] = {
	CORE(di_magic), CORE(di_mode), CORE(di_version), CORE(di_format), CORE(di_metatype),
	CORE(di_uid), CORE(di_gid), CORE(di_nlink), CORE(di_projid_lo), CORE(di_projid_hi),
	CORE(di_big_nextents), CORE(di_atime), CORE(di_mtime), CORE(di_ctime), CORE(di_size),
	CORE(di_nblocks), CORE(di_extsize), CORE(di_nextents), CORE(di_anextents), CORE(di_forkoff),
	CORE(di_aformat), CORE(di_flags), CORE(di_gen), CORE(di_next_unlinked), CORE(di_crc),
	CORE(di_changecount), CORE(di_lsn), CORE(di_flags2), CORE(di_cowextsize), CORE(di_crtime),
	CORE(di_ino), { "di_uuid", 160, 8 }, { NULL, 0, 0 },
};
static const struct named icreate[] = {
	{ "type", 0, 2 }, { "size", 2, 2 }, { "ag", 4, 4 }, { "agbno", 8, 4 }, { "count", 12, 4 },
	{ "isize", 16, 4 }, { "length", 20, 4 }, { "gen", 24, 4 }, { NULL, 0, 0 },
};
static const struct named dquot[] = {
	{ "type", 0, 2 }, { "size", 2, 2 }, { "id", 4, 4 }, { "blkno", 8, 8 }, { "len", 16, 4 },
	{ "boffset", 20, 4 }, { NULL, 0, 0 },
};
static const struct named extents[] = {		/* EFI, CUI and their done items */
	{ "type", 0, 2 }, { "size", 2, 2 }, { "nextents", 4, 4 }, { "id", 8, 8 },
	{ "startblock", 16, 8 }, { "len", 24, 4 }, { "flags", 28, 4 }, { NULL, 0, 0 },
};
static const struct named maps[] = {		/* RUI, BUI */
	{ "type", 0, 2 }, { "size", 2, 2 }, { "nextents", 4, 4 }, { "id", 8, 8 },
	{ "owner", 16, 8 }, { "startblock", 24, 8 }, { "startoff", 32, 8 }, { "len", 40, 4 },
	{ "flags", 44, 4 }, { NULL, 0, 0 },
};
static const struct named attri[] = {
	{ "type", 0, 2 }, { "size", 2, 2 }, { "igen", 4, 4 }, { "id", 8, 8 }, { "ino", 16, 8 },
	{ "op_flags", 24, 4 }, { "name_len", 28, 4 }, { "value_len", 32, 4 },
	{ "attr_filter", 36, 4 }, { NULL, 0, 0 },
};
#define XMI(member)	F(struct xfs_xmi_log_format, member)
static const struct named xmi[] = {
	XMI(xmi_type), XMI(xmi_size), XMI(xmi_pad), XMI(xmi_id), XMI(xmi_inode1), XMI(xmi_inode2),
	XMI(xmi_igen1), XMI(xmi_igen2), XMI(xmi_startoff1), XMI(xmi_startoff2),
	XMI(xmi_blockcount), XMI(xmi_flags), XMI(xmi_isize1), XMI(xmi_isize2), { NULL, 0, 0 },
};
static const struct named sb[] = {
	{ "magicnum", 0, 4 }, { "blocksize", 4, 4 }, { "dblocks", 8, 8 }, { "uuid", 32, 8 },
	{ "logstart", 48, 8 }, { "rootino", 56, 8 }, { "agblocks", 84, 4 }, { "agcount", 88, 4 },
	{ "logblocks", 96, 4 }, { "versionnum", 100, 2 }, { "sectsize", 102, 2 },
	{ "inodesize", 104, 2 }, { "inopblog", 123, 1 }, { "inprogress", 126, 1 },
	{ "imax_pct", 127, 1 }, { "icount", 128, 8 }, { "ifree", 136, 8 }, { "fdblocks", 144, 8 },
	{ "frextents", 152, 8 }, { "uquotino", 160, 8 }, { "qflags", 176, 2 }, { "flags", 178, 1 },
	{ "inoalignmt", 180, 4 }, { "unit", 184, 4 }, { "width", 188, 4 }, { "dirblklog", 192, 1 },
	{ "logsunit", 196, 4 }, { "features2", 200, 4 }, { "compat", 208, 4 },
	{ "ro_compat", 212, 4 }, { "incompat", 216, 4 }, { "log_incompat", 220, 4 },
	{ "spino_align", 228, 4 }, { "lsn", 240, 8 }, { "meta_uuid", 248, 8 }, { NULL, 0, 0 },
};

static const struct named *format_of(uint16_t type)
{
	switch (type) {
	case XFS_LI_BUF:
		return buf;
	case XFS_LI_INODE:
		return inode;
	case XFS_LI_ICREATE:
		return icreate;
	case XFS_LI_DQUOT:
		return dquot;
	case XFS_LI_RUI:
	case XFS_LI_BUI:
		return maps;
	case XFS_LI_ATTRI:
		return attri;
	case XFS_LI_XMI:
		return xmi;
	default:
		return extents;
	}
}

static void add(struct test_log_fields *f, const char *where, const char *name, uint32_t off,
		uint8_t size, bool in_header, bool big_endian)
{
	struct test_log_field *field;

	if ((f->n & (f->n - 1)) == 0) {
		f->v = realloc(f->v, (f->n ? 2 * f->n : 1) * sizeof(*f->v));
		if (!f->v)
			abort();
	}
	field = &f->v[f->n];
	*field = (struct test_log_field){ .record = (uint32_t)f->nr_records - 1, .off = off,
					  .size = size, .in_header = in_header,
					  .big_endian = big_endian };
	snprintf(field->name, sizeof(field->name), "%s %s", where, name);
	field->kind = f->kinds;
	for (size_t i = 0; i < f->n; i++) {
		if (!strcmp(f->v[i].name, field->name)) {
			field->kind = f->v[i].kind;
			break;
		}
	}
	f->kinds += field->kind == f->kinds;
	f->n++;
}

static void add_all(struct test_log_fields *f, const char *where, const struct named *table,
		    uint32_t off, uint32_t len, bool in_header, bool big_endian)
{
	for (; table->name; table++)
		if (table->off + (uint32_t)table->size <= len)
			add(f, where, table->name, off + table->off, table->size, in_header,
			    big_endian);
}

/* Words of what has no structure here: densely at the beginning. */
static void add_words(struct test_log_fields *f, const char *where, uint32_t off, uint32_t len)
{
	char name[16];

	for (uint32_t at = 0; at + 4 <= len && at < 2048; at += at < 128 ? 4 : 60) {
		snprintf(name, sizeof(name), "@%u", at);
		add(f, where, name, off + at, 4, false, true);
	}
}

/* Where an open transaction is. */
struct place {
	uint32_t tid;
	bool used, header;
	uint16_t type, size, count;
	char type_name[16];
};

static void add_region(struct test_log_fields *f, struct place *p, const uint8_t *data, uint32_t off,
		       uint32_t len)
{
	char where[32];

	if (!p->header) {
		p->header = true;
		add_all(f, "transaction", trans_header, off, len, false, false);
		return;
	}
	if (p->count == p->size) {
		memcpy(&p->type, data, 2);
		memcpy(&p->size, data + 2, 2);
		p->count = 1;
		snprintf(p->type_name, sizeof(p->type_name), "%s", xlog_item_name(p->type));
		add_all(f, p->type_name, format_of(p->type), off, len, false,
			p->type == XFS_LI_ICREATE);
		return;
	}
	p->count++;
	if (p->type == XFS_LI_INODE && p->count == 2) {
		add_all(f, "INODE core", core, off, len, false, false);
	} else if (p->type == XFS_LI_BUF && len >= 4 && !memcmp(data, "XFSB", 4)) {
		add_all(f, "superblock", sb, off, len, false, true);
	} else if (p->type == XFS_LI_BUF && len >= 4) {
		/* A block by its magic, if it is the beginning of one. */
		snprintf(where, sizeof(where), "block %02x%02x%02x%02x", data[0], data[1], data[2],
			 data[3]);
		if (data[0] < 0x20 || data[0] > 0x7e)
			snprintf(where, sizeof(where), "block");
		add_words(f, where, off, len);
	} else {
		snprintf(where, sizeof(where), "%s region", p->type_name);
		add_words(f, where, off, len);
	}
}

static struct place *place_of(struct place *places, size_t n, uint32_t tid, bool make)
{
	for (size_t i = 0; i < n; i++)
		if (places[i].used && places[i].tid == tid)
			return &places[i];
	for (size_t i = 0; make && i < n; i++)
		if (!places[i].used) {
			places[i] = (struct place){ .tid = tid, .used = true };
			return &places[i];
		}
	return NULL;
}

/* @data: the record's, without cycle stamps. */
static void add_ops(struct test_log_fields *f, struct place *places, size_t n, const uint8_t *data,
		    uint32_t len, uint32_t ops)
{
	for (uint32_t off = 0; ops-- && off + 12 <= len;) {
		uint32_t tid = get_be32(data + off), bytes = get_be32(data + off + 4);
		uint8_t flags = data[off + 9];
		struct place *p = place_of(places, n, tid, flags & XLOG_START_TRANS);

		add_all(f, "operation", op_header, off, 12, false, true);
		off += 12;
		if (bytes > len - off)
			return;
		if (p && bytes >= 4 && !(flags & (XLOG_WAS_CONT_TRANS | XLOG_UNMOUNT_TRANS)))
			add_region(f, p, data + off, off, bytes);
		if (p && flags & XLOG_COMMIT_TRANS)
			p->used = false;
		off += bytes;
	}
}

static int read_ring(const struct test_log_fields *f, uint32_t bb, uint32_t count, uint8_t *to)
{
	uint32_t first = count < f->nbbs - bb ? count : f->nbbs - bb;
	int error = xfs_device_pread(f->dev, f->start + (uint64_t)bb * 512, to, (size_t)first * 512);

	if (!error && count > first)
		error = xfs_device_pread(f->dev, f->start, to + (size_t)first * 512,
					 (size_t)(count - first) * 512);
	return error;
}

static uint8_t *cycle_word(uint8_t *bytes, uint32_t i)
{
	return i < 64 ? bytes + 44 + 4 * i : bytes + 512 * (i / 64) + 4 + 4 * (i % 64);
}

static int add_record(struct test_log_fields *f, uint32_t bb, uint32_t header_bbs,
		      struct place *places, size_t n)
{
	struct test_log_record *rec;
	uint8_t head[512], *data;
	int error = read_ring(f, bb, 1, head);

	if (error)
		return error;
	f->records = realloc(f->records, (f->nr_records + 1) * sizeof(*f->records));
	if (!f->records)
		abort();
	rec = &f->records[f->nr_records++];
	*rec = (struct test_log_record){ .block = bb, .header_bbs = header_bbs,
					 .len = get_be32(head + 12) };
	rec->bytes = malloc((size_t)header_bbs * 512 + rec->len);
	data = malloc(rec->len);
	if (!rec->bytes || !data)
		abort();
	error = read_ring(f, bb, header_bbs + rec->len / 512, rec->bytes);
	memcpy(data, rec->bytes + (size_t)header_bbs * 512, rec->len);
	for (uint32_t i = 0; i < rec->len / 512; i++)
		memcpy(data + (size_t)i * 512, cycle_word(rec->bytes, i), 4);
	add_all(f, "record", rec_header, 0, 512, true, true);
	add_ops(f, places, n, data, rec->len, get_be32(rec->bytes + 40));
	free(data);
	return error;
}

int test_log_fields_find(struct xfs_device *dev, struct test_log_fields *f)
{
	struct xfs_mount mp = { .m_dev = dev };
	struct place places[64] = { { 0 } };
	struct xlog_state state;
	uint8_t raw[512];
	int error = xfs_device_pread(dev, 0, raw, sizeof(raw));

	memset(f, 0, sizeof(*f));
	f->dev = dev;
	xfs_sb_from_disk(&mp.m_sb, (const struct xfs_dsb *)(void *)raw);
	if (!error)
		error = xfs_geometry_init(&mp.m_geo, &mp.m_sb);
	if (!error)
		error = xlog_find_head(&mp, &state);
	if (!error && state.clean)
		error = -ENOENT;
	if (error)
		return error;
	f->start = xfs_fsb_to_bytes(&mp.m_geo, mp.m_geo.logstart);
	f->nbbs = (uint32_t)XFS_FSB_TO_BB(&mp.m_geo, mp.m_geo.logblocks);
	for (uint32_t bb = state.tail_block; !error && bb != state.head_block;) {
		uint32_t h = state.record_size > 32768 ? state.record_size / 32768 : 1;

		error = add_record(f, bb, h, places, 64);
		bb = (bb + h + f->records[f->nr_records - 1].len / 512) % f->nbbs;
	}
	return error;
}

void test_log_fields_free(struct test_log_fields *f)
{
	for (size_t i = 0; i < f->nr_records; i++)
		free(f->records[i].bytes);
	free(f->records);
	free(f->v);
}

static uint64_t get(const uint8_t *p, uint8_t size, bool big_endian)
{
	uint64_t v = 0;

	for (unsigned int i = 0; i < size; i++)
		v |= (uint64_t)p[i] << 8 * (big_endian ? size - 1u - i : i);
	return v;
}

static void put(uint8_t *p, uint8_t size, bool big_endian, uint64_t v)
{
	for (unsigned int i = 0; i < size; i++)
		p[i] = (uint8_t)(v >> 8 * (big_endian ? size - 1u - i : i));
}

/* The place of byte @i of the data: the first four of a block stand in a header. */
static uint8_t *byte_at(const struct test_log_record *rec, uint8_t *bytes, uint32_t i)
{
	if (i % 512 < 4)
		return cycle_word(bytes, i / 512) + i % 512;
	return bytes + (size_t)rec->header_bbs * 512 + i;
}

static void copy_out(const struct test_log_fields *f, const struct test_log_field *field, uint8_t *v)
{
	const struct test_log_record *rec = &f->records[field->record];

	for (uint32_t i = 0; i < field->size; i++)
		v[i] = field->in_header ? rec->bytes[field->off + i]
					: *byte_at(rec, rec->bytes, field->off + i);
}

uint64_t test_log_field_value(const struct test_log_fields *f, const struct test_log_field *field)
{
	uint8_t v[8];

	copy_out(f, field, v);
	return get(v, field->size, field->big_endian);
}

/* The checksum of what its header says is the record, as far as it is there. */
static void set_crc(uint8_t *bytes, uint32_t header_bbs, uint32_t len)
{
	uint32_t h_len = get_be32(bytes + 12), crc = ~0u;
	uint32_t xheads = h_len ? (h_len + 32767) / 32768 : 1;

	put_le32(0, bytes + 32);
	crc = xfs_crc32c(crc, bytes, 328);
	for (uint32_t j = 1; j < xheads && j < header_bbs; j++)
		crc = xfs_crc32c(crc, bytes + 512 * j, 260);
	crc = xfs_crc32c(crc, bytes + (size_t)header_bbs * 512, h_len < len ? h_len : len);
	put_le32(~crc, bytes + 32);
}

int test_log_field_change(const struct test_log_fields *f, const struct test_log_field *field,
			  uint64_t value, struct xfs_device *to)
{
	const struct test_log_record *rec = &f->records[field->record];
	size_t size = (size_t)rec->header_bbs * 512 + rec->len, first;
	uint8_t *bytes = malloc(size), v[8];
	int error;

	if (!bytes)
		abort();
	memcpy(bytes, rec->bytes, size);
	put(v, field->size, field->big_endian, value);
	for (uint32_t i = 0; i < field->size; i++)
		*(field->in_header ? bytes + field->off + i
				   : byte_at(rec, bytes, field->off + i)) = v[i];
	set_crc(bytes, rec->header_bbs, rec->len);
	first = (size_t)(f->nbbs - rec->block) * 512;
	if (first > size)
		first = size;
	error = xfs_device_pwrite(to, f->start + (uint64_t)rec->block * 512, bytes, first, 0);
	if (!error && size > first)
		error = xfs_device_pwrite(to, f->start, bytes + first, size - first, 0);
	free(bytes);
	return error;
}
