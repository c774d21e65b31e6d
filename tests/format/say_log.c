/* SPDX-License-Identifier: MIT */
/* Vectors of the log: records, operations, items, where it ends, how small it may be. */
#include <inttypes.h>
#include "disk/log_item.h"
#include "format/format.h"
#include "inode/inode_priv.h"
#include "log/log_priv.h"
#include "mkfs/mkfs_priv.h"
#include "support/log_volume.h"

/* Checksum of the record in the object: header blocks, bytes of data; the header's length too if
 * given. */
static void record_crc(struct format *f, unsigned int n, char **arg)
{
	uint32_t headers = (uint32_t)format_number(f, arg[0]);
	uint32_t len = (uint32_t)format_number(f, arg[1]);
	uint32_t head = n > 2 ? (uint32_t)format_number(f, arg[2]) : XLOG_REC_CRC_LEN;

	if ((headers << XFS_BB_SHIFT) + len > f->len) {
		format_say(f, "(outside of the object) ");
		return;
	}
	format_say(f, "%08x", xlog_record_cksum(f->object, headers, len, head));
	if (n == 2)
		format_say(f, " %s", xlog_record_crc_ok(f->object, headers, len) ? "good" : "bad");
}

static void record_unstamp(struct format *f, unsigned int n, char **arg)
{
	uint32_t headers = (uint32_t)format_number(f, arg[0]);
	uint32_t len = (uint32_t)format_number(f, arg[1]);

	(void)n;
	if ((headers << XFS_BB_SHIFT) + len <= f->len)
		xlog_unstamp(f->object, headers, len);
	format_say(f, "%08x", get_be32(f->object + (headers << XFS_BB_SHIFT)));
}

static void record_verify(struct format *f, unsigned int n, char **arg)
{
	(void)n;
	(void)arg;
	format_say_verdict(f, xlog_rec_header_verify(&f->geo, f->object, f->len, 0));
}

/* The object with bytes changed: pairs of OFFSET HEX. */
static void record_changed(struct format *f, unsigned int n, char **arg)
{
	format_say_verdict(f, xlog_rec_header_verify(&f->geo, format_changed(f, n, arg), f->len, 0));
}

/* The operation at an offset of the object: id, length, client, flags; what is at its end. */
static void operation(struct format *f, unsigned int n, char **arg)
{
	size_t off = format_size(f, arg[0]);
	const struct xlog_op_header *op = (const void *)(f->object + off);

	(void)n;
	if (off + sizeof(*op) > f->len) {
		format_say(f, "(outside of the object) ");
		return;
	}
	format_say(f, "%08x %u client %02x flags %02x next %zu", be32_to_cpu(op->oh_tid),
		   be32_to_cpu(op->oh_len), op->oh_clientid, op->oh_flags,
		   off + sizeof(*op) + be32_to_cpu(op->oh_len));
}

static void header_blocks(struct format *f, unsigned int n, char **arg)
{
	(void)n;
	format_say(f, "%u", xlog_header_bbs((uint32_t)format_number(f, arg[0])));
}

static void next_cycle(struct format *f, unsigned int n, char **arg)
{
	(void)n;
	format_say(f, "%#x", xlog_next_cycle((uint32_t)format_number(f, arg[0])));
}

static void lsn(struct format *f, unsigned int n, char **arg)
{
	xfs_lsn_t v = xlog_assign_lsn((uint32_t)format_number(f, arg[0]),
				      (uint32_t)format_number(f, arg[1]));

	(void)n;
	format_say(f, "%016" PRIx64 " %u:%u", (uint64_t)v, CYCLE_LSN(v), BLOCK_LSN(v));
}

static void say_buf(struct format *f, const uint8_t *region, size_t len)
{
	struct xfs_buf_log_format blf;
	uint32_t word;

	memset(&blf, 0, sizeof(blf));
	memcpy(&blf, region, XFS_BUF_LOG_FORMAT_LEN);
	format_say(f, "BUF regions %u type %u flags %x daddr %" PRId64 " len %u chunks",
		   blf.blf_size, blf.blf_flags >> XFS_BLFT_SHIFT,
		   blf.blf_flags & ((1u << XFS_BLFT_SHIFT) - 1), blf.blf_blkno, blf.blf_len);
	for (uint32_t i = 0; i < blf.blf_map_size && XFS_BUF_LOG_FORMAT_LEN + 4 * i + 4 <= len;
	     i++) {
		memcpy(&word, region + XFS_BUF_LOG_FORMAT_LEN + 4 * i, sizeof(word));
		format_say(f, " %08x", word);
	}
}

static void say_map(struct format *f, const char *name, const uint8_t *region)
{
	struct xfs_intent_log_format head;
	struct xfs_map_extent ext;

	memcpy(&head, region, sizeof(head));
	memcpy(&ext, region + sizeof(head), sizeof(ext));
	format_say(f,
		   "%s id %016" PRIx64 " owner %" PRId64 " block %" PRIu64 " offset %" PRIu64
		   " len %u flags %x",
		   name, head.id, (int64_t)ext.me_owner, ext.me_startblock, ext.me_startoff,
		   ext.me_len, ext.me_flags);
}

static void say_phys(struct format *f, const char *name, const uint8_t *region)
{
	struct xfs_intent_log_format head;
	struct xfs_phys_extent ext;

	memcpy(&head, region, sizeof(head));
	memcpy(&ext, region + sizeof(head), sizeof(ext));
	format_say(f, "%s id %016" PRIx64 " block %" PRIu64 " len %u flags %x", name, head.id,
		   ext.pe_startblock, ext.pe_len, ext.pe_flags);
}

static void say_icreate(struct format *f, const uint8_t *region)
{
	struct xfs_icreate_log icl;

	memcpy(&icl, region, sizeof(icl));
	format_say(f, "ICREATE ag %u block %u inodes %u of %u blocks %u gen %08x",
		   be32_to_cpu(icl.icl_ag), be32_to_cpu(icl.icl_agbno), be32_to_cpu(icl.icl_count),
		   be32_to_cpu(icl.icl_isize), be32_to_cpu(icl.icl_length),
		   be32_to_cpu(icl.icl_gen));
}

static void say_inode(struct format *f, const uint8_t *region)
{
	struct xfs_inode_log_format ilf;

	memcpy(&ilf, region, sizeof(ilf));
	format_say(f,
		   "INODE regions %u fields %x inode %" PRIu64 " daddr %" PRId64
		   " len %u offset %u",
		   ilf.ilf_size, ilf.ilf_fields, ilf.ilf_ino, ilf.ilf_blkno, ilf.ilf_len,
		   ilf.ilf_boffset);
}

static void say_dquot(struct format *f, const uint8_t *region)
{
	struct xfs_dq_logformat qlf;

	memcpy(&qlf, region, sizeof(qlf));
	format_say(f, "DQUOT id %u daddr %" PRId64 " len %d offset %u", qlf.qlf_id, qlf.qlf_blkno,
		   qlf.qlf_len, qlf.qlf_boffset);
}

static void say_attri(struct format *f, const uint8_t *region)
{
	struct xfs_attri_log_format alfi;

	memcpy(&alfi, region, sizeof(alfi));
	format_say(f,
		   "ATTRI regions %u inode %" PRIu64
		   " gen %08x op %u names %u %u value %u filter %x",
		   alfi.alfi_size, alfi.alfi_ino, alfi.alfi_igen, alfi.alfi_op_flags,
		   alfi.alfi_old_name_len, alfi.alfi_new_name_len, alfi.alfi_value_len,
		   alfi.alfi_attr_filter);
}

/* The first region of an item, as a little-endian machine writes it. */
static void item(struct format *f, unsigned int n, char **arg)
{
	uint8_t region[256] = {0};
	size_t len = format_bytes(f, arg[0], region, sizeof(region));
	uint16_t type;

	(void)n;
	memcpy(&type, region, sizeof(type));
	switch (type) {
	case XFS_LI_BUF:
		say_buf(f, region, len);
		break;
	case XFS_LI_INODE:
		say_inode(f, region);
		break;
	case XFS_LI_DQUOT:
		say_dquot(f, region);
		break;
	case XFS_LI_ICREATE:
		say_icreate(f, region);
		break;
	case XFS_LI_EFI:
		say_phys(f, "EFI", region);
		break;
	case XFS_LI_CUI:
		say_phys(f, "CUI", region);
		break;
	case XFS_LI_RUI:
		say_map(f, "RUI", region);
		break;
	case XFS_LI_BUI:
		say_map(f, "BUI", region);
		break;
	case XFS_LI_BUD:
		format_say(f, "BUD %zu bytes", len);
		break;
	case XFS_LI_ATTRI:
		say_attri(f, region);
		break;
	default:
		format_say(f, "type %04x", type);
	}
}

/* LENGTH bytes at OFFSET of the object, an inode, as the log has them. */
static void log_core(struct format *f, unsigned int n, char **arg)
{
	struct xfs_log_dinode to;
	size_t off = format_size(f, arg[0]), len = format_size(f, arg[1]);

	(void)n;
	memset(&to, 0, sizeof(to));
	xfs_dinode_to_log((const void *)f->object, &to);
	for (size_t i = off; i < off + len && i < sizeof(to); i++)
		format_say(f, "%02x", ((const uint8_t *)&to)[i]);
}

/* A log of a size in basic blocks, without records. */
static struct xfs_mount *log_volume(uint32_t bbs)
{
	static const uint8_t uuid[16] = {1};
	static struct xfs_mount mp;
	const struct test_log_shape shape = {.bytes = bbs * 512, .sector = 512, .uuid = uuid};

	if (bbs) {
		if (mp.m_dev)
			xfs_device_put(mp.m_dev);
		memset(&mp, 0, sizeof(mp));
		mp.m_geo = test_log_geometry(&shape);
		if (xfs_device_open_memory(64u << 20, 512, NULL, &mp.m_dev))
			abort();
	}
	return &mp;
}

static void log_new(struct format *f, unsigned int n, char **arg)
{
	uint32_t bbs = (uint32_t)format_number(f, arg[0]);

	(void)n;
	log_volume(bbs < 512 || bbs > 65536 ? 512 : bbs);
	format_say(f, "empty");
}

/*
 * A record: BLOCK CYCLE DATA-BLOCKS TAIL-CYCLE TAIL-BLOCK data|unmount|damaged; answers where the
 * next one goes.
 */
static void log_record(struct format *f, unsigned int n, char **arg)
{
	struct xfs_mount *mp = log_volume(0);
	uint32_t nbbs =
		(uint32_t)((uint64_t)mp->m_geo.logblocks << mp->m_geo.blocklog >> XFS_BB_SHIFT);
	uint32_t block = (uint32_t)format_number(f, arg[0]);
	uint32_t cycle = (uint32_t)format_number(f, arg[1]);
	uint32_t data = (uint32_t)format_number(f, arg[2]);
	bool unmount = strcmp(arg[5], "unmount") == 0;
	static uint8_t record[64 * 512];
	struct xlog_rec_header *h = (void *)record;

	(void)n;
	if (!mp->m_dev || data > 62 || block >= nbbs) {
		format_say(f, "(impossible)");
		return;
	}
	memset(record, 0, sizeof(record));
	h->h_magicno = cpu_to_be32(XLOG_HEADER_MAGIC_NUM);
	h->h_cycle = cpu_to_be32(cycle);
	h->h_version = cpu_to_be32(XLOG_VERSION_2);
	h->h_len = cpu_to_be32(data * 512);
	h->h_lsn = cpu_to_be64((uint64_t)xlog_assign_lsn(cycle, block));
	h->h_tail_lsn = cpu_to_be64((uint64_t)xlog_assign_lsn((uint32_t)format_number(f, arg[3]),
							      (uint32_t)format_number(f, arg[4])));
	h->h_num_logops = cpu_to_be32(unmount ? 1 : 7);
	h->h_fmt = cpu_to_be32(XLOG_FMT);
	h->h_fs_uuid = mp->m_geo.uuid;
	h->h_size = cpu_to_be32(32768);
	if (unmount) {
		record[512 + 8] = XFS_LOG;
		record[512 + 9] = XLOG_UNMOUNT_TRANS;
	}
	xlog_stamp(record, 1, data * 512, cycle);
	for (uint32_t i = 1; i <= data; i++)
		if (block + i >= nbbs)
			put_be32(xlog_next_cycle(cycle), record + i * 512);
	h->h_crc = cpu_to_le32(xlog_record_cksum(record, 1, data * 512, XLOG_REC_CRC_LEN));
	if (strcmp(arg[5], "damaged") == 0)
		record[data * 512 + 100] ^= 1;
	for (uint32_t i = 0; i <= data; i++)
		if (xfs_device_pwrite(mp->m_dev,
				      TEST_LOG_START + (uint64_t)((block + i) % nbbs) * 512,
				      record + i * 512, 512, 0))
			abort();
	format_say(f, "%u", (block + 1 + data) % nbbs);
}

static void find_head(struct format *f, unsigned int n, char **arg)
{
	struct xlog_state state;

	(void)n;
	(void)arg;
	if (xlog_find_head(log_volume(0), &state)) {
		format_say(f, "refused");
		return;
	}
	format_say(f, "%s%s head %u cycle %u tail %u", state.clean ? "clean" : "dirty",
		   state.torn ? " torn" : "", state.head_block, state.head_cycle, state.tail_block);
}

static void min_log(struct format *f, unsigned int n, char **arg)
{
	(void)n;
	format_say(f, "%u", xfs_mkfs_min_logblocks(&f->geo, (uint32_t)format_number(f, arg[0])));
}

const struct format_function format_log[] = {
	{"record_crc", 2, record_crc},
	{"record_unstamp", 2, record_unstamp},
	{"record_verify", 0, record_verify},
	{"record_changed", 2, record_changed},
	{"operation", 1, operation},
	{"header_blocks", 1, header_blocks},
	{"next_cycle", 1, next_cycle},
	{"lsn", 2, lsn},
	{"item", 1, item},
	{"log_core", 2, log_core},
	{"log_new", 1, log_new},
	{"log_record", 6, log_record},
	{"find_head", 0, find_head},
	{"min_log", 1, min_log},
	{NULL, 0, NULL},
};
