/* SPDX-License-Identifier: MIT */
/* The plain count: a sum over what stat says of all that there is; and limits as they were set. */
#include <stdio.h>
#include <string.h>
#include <xfswrite/quota.h>
#include "model/quota_model.h"

/* Any call may write data of others back, and blocks of trees that it makes are refused to nobody.
 */
#define TREE_BLOCKS 4u

struct use {
	uint64_t blocks, inodes;
};

struct limits {
	uint64_t hard, soft, ihard, isoft;
};

static uint32_t on, enforced;
static struct limits limits[XFS_QUOTA_TYPES][NR_IDS];
static struct use before[XFS_QUOTA_TYPES][NR_IDS];

static uint32_t slot_of(uint32_t type, uint32_t id)
{
	for (uint32_t i = 0; i < NR_IDS; i++)
		if (quota_ids[type][i] == id)
			return i;
	FAIL("an owner nobody chose");
}

/* ---- the sum ----------------------------------------------------------------------------- */

static void add(struct use sum[XFS_QUOTA_TYPES][NR_IDS], const struct xfs_stat *st)
{
	const uint32_t ids[XFS_QUOTA_TYPES] = {st->uid, st->gid, st->projid};

	for (uint32_t t = 0; t < XFS_QUOTA_TYPES; t++) {
		struct use *use = &sum[t][slot_of(t, ids[t])];

		use->blocks += st->blocks512 * 512 / block_size;
		use->inodes++;
	}
}

static void sum_up(struct use sum[XFS_QUOTA_TYPES][NR_IDS])
{
	struct xfs_stat st = XFS_STAT_INIT;

	memset(sum, 0, sizeof(struct use) * XFS_QUOTA_TYPES * NR_IDS);
	OK(xfs_getattr(fs.mp, "/", false, &st));
	add(sum, &st);
	for (uint32_t i = 0; i < MAX_OBJECTS; i++) {
		struct object *o = &objects[i];

		if (o->kind == NONE)
			continue;
		OK(o->file ? xfs_fgetattr(o->file, &st) : xfs_getattr(fs.mp, o->path, false, &st));
		add(sum, &st);
	}
	/* The two inodes of the realtime section. */
	for (uint32_t t = 0; t < XFS_QUOTA_TYPES; t++)
		sum[t][0].inodes += 2;
}

/* As the library has it: on disk, and held in memory. */
static struct use counted(uint32_t type, uint32_t id, struct xfs_disk_dquot *disk)
{
	struct use use = {0, 0};
	struct xfs_dquot *dq;
	int error;

	memset(disk, 0, sizeof(*disk));
	if (!(on & 1u << type))
		return use;
	error = xfs_dquot_get(fs.mp, type, id, &dq);
	CHECK(error == 0 || error == -ENOENT);
	if (error)
		return use;
	xfs_mutex_lock(&dq->dq_lock);
	CHECK(dq->dq_res_blocks == 0 && dq->dq_res_inodes == 0);
	*disk = dq->dq_disk;
	use.blocks = be64_to_cpu(disk->d_bcount) + dq->dq_held;
	use.inodes = be64_to_cpu(disk->d_icount);
	xfs_mutex_unlock(&dq->dq_lock);
	xfs_dquot_put(dq);
	return use;
}

/* ---- limits ------------------------------------------------------------------------------ */

static uint64_t or_default(uint64_t own, uint64_t dflt)
{
	return own ? own : dflt;
}

/* Defaults are written into a record when it changes, and stay then. */
static struct limits in_force(uint32_t type, uint32_t slot, const struct xfs_disk_dquot *disk)
{
	struct limits dflt = limits[type][0], own = {
						      be64_to_cpu(disk->d_blk_hardlimit),
						      be64_to_cpu(disk->d_blk_softlimit),
						      be64_to_cpu(disk->d_ino_hardlimit),
						      be64_to_cpu(disk->d_ino_softlimit),
					      };

	if (slot == 0 || !(enforced & 1u << type))
		return (struct limits){0};
	return (struct limits){
		or_default(own.hard, dflt.hard),
		or_default(own.soft, dflt.soft),
		or_default(own.ihard, dflt.ihard),
		or_default(own.isoft, dflt.isoft),
	};
}

static bool has_expired(const struct xfs_disk_dquot *disk, uint32_t timer)
{
	uint64_t when =
		disk->d_type & XFS_DQTYPE_BIGTIME ? (uint64_t)timer << XFS_DQ_BIGTIME_SHIFT : timer;

	return timer && (uint64_t)xfs_now(fs.mp).tv_sec > when;
}

/* What is removed, but not gone yet, is no reason: it must go first. */
bool quota_has_no_room(uint32_t type, uint32_t id, uint64_t blocks, uint64_t inodes)
{
	struct use sum[XFS_QUOTA_TYPES][NR_IDS], use;
	uint32_t slot = slot_of(type, id);
	struct xfs_disk_dquot disk;
	struct limits l;

	if (!(on & 1u << type))
		return false;
	counted(type, id, &disk);
	l = in_force(type, slot, &disk);
	sum_up(sum);
	use = sum[type][slot];
	return (l.hard && use.blocks + blocks > l.hard) ||
	       (l.ihard && inodes && use.inodes + inodes > l.ihard) ||
	       (l.soft && use.blocks + blocks > l.soft &&
		has_expired(&disk, be32_to_cpu(disk.d_btimer))) ||
	       (l.isoft && inodes && use.inodes + inodes > l.isoft &&
		has_expired(&disk, be32_to_cpu(disk.d_itimer)));
}

static void write_record(uint32_t type, uint32_t slot)
{
	struct xfs_quota_limits record = XFS_QUOTA_LIMITS_INIT;
	const struct limits *l = &limits[type][slot];

	record.valid = XFS_QUOTA_SPACE_HARD | XFS_QUOTA_SPACE_SOFT | XFS_QUOTA_INODES_HARD |
		       XFS_QUOTA_INODES_SOFT;
	record.space_hard = l->hard * block_size;
	record.space_soft = l->soft * block_size;
	record.inodes_hard = l->ihard;
	record.inodes_soft = l->isoft;
	OK(xfs_quota_set(fs.mp, 1u << type, quota_ids[type][slot], &record));
}

static uint64_t some_limit(uint64_t used, uint64_t around)
{
	return below(3) ? used + below((uint32_t)around) : 1 + below((uint32_t)around);
}

void quota_set_some_limit(void)
{
	uint32_t type = below(XFS_QUOTA_TYPES), slot = below(8) ? 1 + below(NR_IDS - 1) : 0;
	struct limits *l = &limits[type][slot];
	struct xfs_disk_dquot disk;
	struct use use = counted(type, quota_ids[type][slot], &disk);

	if (!(on & 1u << type))
		return;
	*l = (struct limits){0};
	if (below(4) && slot)
		l->hard = some_limit(use.blocks, below(2) ? 60 : 600);
	if (below(3) == 0 && slot)
		l->soft = l->hard ? 1 + l->hard / 2 : some_limit(use.blocks, 200);
	if (below(3) == 0)
		l->ihard = some_limit(use.inodes, slot ? 6 : 60);
	if (below(4) == 0)
		l->isoft = some_limit(use.inodes, slot ? 5 : 50);
	if (l->isoft && l->ihard && l->isoft > l->ihard)
		l->isoft = l->ihard;
	write_record(type, slot);
}

void quota_read_defaults(void)
{
	struct xfs_disk_dquot disk;

	for (uint32_t t = 0; t < XFS_QUOTA_TYPES; t++) {
		counted(t, 0, &disk);
		limits[t][0] = (struct limits){
			be64_to_cpu(disk.d_blk_hardlimit),
			be64_to_cpu(disk.d_blk_softlimit),
			be64_to_cpu(disk.d_ino_hardlimit),
			be64_to_cpu(disk.d_ino_softlimit),
		};
	}
}

void quota_forget(void)
{
	memset(limits, 0, sizeof(limits));
	on = enforced = 0;
}

void quota_turn_on(uint32_t types, uint32_t enforce)
{
	struct xfs_quota_on_options options = XFS_QUOTA_ON_OPTIONS_INIT;

	options.types = on = types;
	options.enforce = enforced = types & enforce;
	OK(xfs_quota_on(fs.mp, &options));
	OK(xfs_unmount(fs.mp));
	/* Not a line for each who is over a limit. */
	fs.env.log = NULL;
	test_fs_open(&fs);
}

bool quota_is_enforced(void)
{
	return enforced != 0;
}

/* ---- owners ------------------------------------------------------------------------------- */

static void stat_directory(const char *path, struct xfs_stat *st)
{
	char dir[PATH_ROOM];
	char *slash;

	snprintf(dir, sizeof(dir), "%s", path);
	slash = strrchr(dir, '/');
	slash[slash == dir] = 0;
	OK(xfs_getattr(fs.mp, dir, false, st));
}

uint32_t quota_project_of(const char *path)
{
	struct xfs_stat st = XFS_STAT_INIT;

	stat_directory(path, &st);
	return st.xflags & XFS_XFLAG_PROJINHERIT ? st.projid : 0;
}

void quota_owners_of_directory(const char *path, uint32_t ids[XFS_QUOTA_TYPES])
{
	struct xfs_stat st = XFS_STAT_INIT;

	stat_directory(path, &st);
	ids[0] = st.uid;
	ids[1] = st.gid;
	ids[2] = st.projid;
}

/* ---- judging ------------------------------------------------------------------------------- */

void quota_remember(void)
{
	sum_up(before);
}

/* The timer runs while the count on disk is over a limit, and only then. */
static void check_timer(uint64_t count, be64_t hard, be64_t soft, be32_t timer)
{
	uint64_t h = be64_to_cpu(hard), s = be64_to_cpu(soft);

	CHECK((be32_to_cpu(timer) != 0) == ((s && count > s) || (h && count > h)));
}

static void judge(uint32_t type, uint32_t slot, const struct use *sum, bool forced, uint64_t *over)
{
	struct xfs_disk_dquot disk;
	struct use use = counted(type, quota_ids[type][slot], &disk);
	struct limits l = in_force(type, slot, &disk);
	const struct use *was = &before[type][slot];

	if (use.blocks != sum->blocks || use.inodes != sum->inodes)
		fprintf(stderr, "type %u id %u: counted %llu/%llu, sum %llu/%llu\n", type,
			quota_ids[type][slot], (unsigned long long)use.blocks,
			(unsigned long long)use.inodes, (unsigned long long)sum->blocks,
			(unsigned long long)sum->inodes);
	CHECK(use.blocks == sum->blocks && use.inodes == sum->inodes);
	if (slot) {
		check_timer(be64_to_cpu(disk.d_bcount), disk.d_blk_hardlimit, disk.d_blk_softlimit,
			    disk.d_btimer);
		check_timer(use.inodes, disk.d_ino_hardlimit, disk.d_ino_softlimit, disk.d_itimer);
	}
	if ((l.hard && use.blocks > l.hard + TREE_BLOCKS &&
	     use.blocks > was->blocks + TREE_BLOCKS) ||
	    (l.ihard && use.inodes > l.ihard && use.inodes > was->inodes)) {
		++*over;
		if (!forced)
			fprintf(stderr,
				"type %u id %u: from %llu/%llu to %llu/%llu, over %llu/%llu\n",
				type, quota_ids[type][slot], (unsigned long long)was->blocks,
				(unsigned long long)was->inodes, (unsigned long long)use.blocks,
				(unsigned long long)use.inodes, (unsigned long long)l.hard,
				(unsigned long long)l.ihard);
		CHECK(forced);
	}
}

static bool counts_more(struct use sum[XFS_QUOTA_TYPES][NR_IDS])
{
	struct xfs_disk_dquot disk;

	for (uint32_t t = 0; t < XFS_QUOTA_TYPES; t++)
		for (uint32_t slot = 0; slot < NR_IDS; slot++)
			if (counted(t, quota_ids[t][slot], &disk).inodes > sum[t][slot].inodes)
				return true;
	return false;
}

uint64_t quota_compare(bool forced)
{
	struct use sum[XFS_QUOTA_TYPES][NR_IDS];
	uint64_t over = 0;

	sum_up(sum);
	/* A removed file is there until the last of its data that is on its way has arrived. */
	if (counts_more(sum)) {
		OK(xfs_sync(fs.mp));
		sum_up(sum);
	}
	for (uint32_t t = 0; t < XFS_QUOTA_TYPES; t++)
		for (uint32_t slot = 0; slot < NR_IDS && (on & 1u << t); slot++)
			judge(t, slot, &sum[t][slot], forced, &over);
	return over;
}

void quota_expect_nothing(void)
{
	struct xfs_stat st = XFS_STAT_INIT;
	struct xfs_disk_dquot disk;

	OK(xfs_getattr(fs.mp, "/", false, &st));
	for (uint32_t t = 0; t < XFS_QUOTA_TYPES; t++)
		for (uint32_t slot = 0; slot < NR_IDS && (on & 1u << t); slot++) {
			struct use use = counted(t, quota_ids[t][slot], &disk);

			CHECK(use.blocks == (slot ? 0 : st.blocks512 * 512 / block_size));
			CHECK(use.inodes == (slot ? 0 : 3));
		}
}
