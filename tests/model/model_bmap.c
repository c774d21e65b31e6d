/* SPDX-License-Identifier: MIT */
/*
 * Goal: whatever is mapped, unmapped, converted, promised, shared and moved, in forks
 * that grow from nothing to trees of several levels and shrink back, the map in memory,
 * the one on disk, the free space, the reverse map, the reference counts and all
 * counters stay what a plain model says.
 *
 * Method: seeded operations on three files of one file system and on an array of one
 * cell per block of each file; everything compared after each batch, the tree on disk by
 * a walker of its own; between phases the image is closed, judged by the checker and, where
 * it is installed, by xfs_repair, and opened again.  For several sizes of blocks and inodes, with
 * and without 64-bit extent counters, reverse map and sharing.
 * Shows (BMAP-3).
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <xfswrite/check.h>
#include <xfswrite/mkfs.h>
#include "ag/perag.h"
#include "ag/refcount.h"
#include "core/message.h"
#include "inode/inode.h"
#include "mount/mount.h"
#include "support/test_device.h"
#include "support/test_inode.h"
#include "support/test_mount.h"
#include "support/test_seed.h"

#define FILES	3
#define CELLS	30000

enum kind { HOLE, PROMISE, WRITTEN, UNWRITTEN };

struct cell {
	enum kind kind;
	xfs_fsblock_t fsbno;
};

struct config {
	const char *name;
	uint32_t blocksize, inodesize;
	bool nrext64, rmap, reflink;
	uint64_t size;
	unsigned int phases[6], steps[6];	/* percent of growing operations */
	unsigned int want_level;		/* of some root */
};

static const struct config *config;
static struct xfs_device *dev;
static struct xfs_mount *mp;
static struct xfs_inode *files[FILES];
static xfs_ino_t inos[FILES];
static struct cell cells[FILES][CELLS];
static uint8_t *owners;			/* mappings of each block of the device */
static struct xfs_rand r;
static unsigned int max_level, to_tree, to_list;
static uint64_t max_extents;
static uint8_t last_format[FILES];

#define CHECK(cond) TEST_CHECK(mp, test_seed(), cond)

static void must(int error, const char *what)
{
	if (!error)
		return;
	fprintf(stderr, "%s: %s: %s (%s)\n", config->name, what, strerror(-error),
		xfs_last_text());
	test_die(mp, test_seed(), __FILE__, __LINE__, what);
}

static uint64_t below(uint64_t n)
{
	return xfs_rand_below(&r, n);
}

/* ---- the model ---------------------------------------------------------------------- */

static uint64_t linear(xfs_fsblock_t fsbno)
{
	return xfs_agb_to_rfsb(&mp->m_geo, XFS_FSB_TO_AGNO(&mp->m_geo, fsbno),
			       XFS_FSB_TO_AGBNO(&mp->m_geo, fsbno));
}

static bool is_real(const struct cell *c)
{
	return c->kind == WRITTEN || c->kind == UNWRITTEN;
}

/* Blocks from @off on that are of one kind and, when real, contiguous. */
static uint64_t run_at(unsigned int f, uint64_t off, uint64_t max)
{
	uint64_t n = 1;

	while (n < max && off + n < CELLS && cells[f][off + n].kind == cells[f][off].kind &&
	       (!is_real(&cells[f][off]) ||
		cells[f][off + n].fsbno == cells[f][off].fsbno + n))
		n++;
	return n;
}

static void cells_unmap(unsigned int f, uint64_t off, uint64_t len)
{
	for (uint64_t i = off; i < off + len; i++) {
		if (is_real(&cells[f][i])) {
			CHECK(owners[linear(cells[f][i].fsbno)] > 0);
			owners[linear(cells[f][i].fsbno)]--;
		}
		cells[f][i] = (struct cell){HOLE, 0};
	}
}

/* @fresh: nobody may have the blocks. */
static void cells_map(unsigned int f, const struct xfs_bmbt_irec *map, bool fresh)
{
	for (uint64_t i = 0; i < map->br_blockcount; i++) {
		struct cell *c = &cells[f][map->br_startoff + i];

		CHECK(!is_real(c));
		c->kind = map->br_state == XFS_EXT_UNWRITTEN ? UNWRITTEN : WRITTEN;
		c->fsbno = map->br_startblock + i;
		CHECK(xfs_verify_fsbno(&mp->m_geo, c->fsbno));
		CHECK(!fresh || owners[linear(c->fsbno)] == 0);
		owners[linear(c->fsbno)]++;
	}
}

/* ---- handles ---------------------------------------------------------------------------- */

static struct xfs_trans *begin(unsigned int f, uint32_t blocks)
{
	struct xfs_trans *tp;

	must(xfs_trans_alloc_bytes(mp, 256u << 10, blocks, 0, &tp), "begin");
	xfs_ilock_excl(files[f]);
	return tp;
}

static void end(unsigned int f, struct xfs_trans *tp)
{
	xfs_iunlock_excl(files[f]);
	must(xfs_trans_commit(tp), "commit");
}

static uint32_t adds(unsigned int n)
{
	return n * xfs_bmap_add_blocks(mp, XFS_DATA_FORK);
}

/* ---- operations ----------------------------------------------------------------------------- */

static void op_write(unsigned int f, uint64_t off, uint64_t len)
{
	bool prealloc = below(2), contig = below(8) == 0;
	struct xfs_trans *tp = begin(f, adds(1) + (uint32_t)len);
	struct cell *c = &cells[f][off];
	struct xfs_bmbt_irec map;
	uint64_t run;
	int error;

	len = XFS_MIN(len, CELLS - off);
	run = run_at(f, off, len);
	contig = contig && c->kind == HOLE && run == len;
	error = xfs_bmapi_write(tp, files[f], off, len,
				(prealloc ? XFS_BMAPI_PREALLOC : 0) |
				(contig ? XFS_BMAPI_CONTIG : 0), &map);
	must(error, "write");
	CHECK(map.br_startoff == off && map.br_blockcount > 0 && map.br_blockcount <= run);
	if (c->kind == HOLE) {
		CHECK(!contig || map.br_blockcount == len);
		CHECK(map.br_state == (prealloc ? XFS_EXT_UNWRITTEN : XFS_EXT_NORM));
		cells_map(f, &map, true);
	} else if (c->kind == PROMISE) {
		CHECK(map.br_startblock == XFS_DELAYSTARTBLOCK);
	} else {
		CHECK(map.br_startblock == c->fsbno);
		CHECK((map.br_state == XFS_EXT_UNWRITTEN) == (c->kind == UNWRITTEN));
	}
	end(f, tp);
}

static void op_convert(unsigned int f, uint64_t off, uint64_t len)
{
	struct xfs_trans *tp;
	struct xfs_bmbt_irec map;

	if (cells[f][off].kind != UNWRITTEN)
		return;
	tp = begin(f, adds(2));
	must(xfs_bmapi_write(tp, files[f], off, len, XFS_BMAPI_CONVERT, &map), "convert");
	CHECK(map.br_startoff == off && map.br_state == XFS_EXT_NORM);
	CHECK(map.br_startblock == cells[f][off].fsbno);
	CHECK(map.br_blockcount == XFS_MIN(len, run_at(f, off, len)));
	for (uint64_t i = 0; i < map.br_blockcount; i++)
		cells[f][off + i].kind = WRITTEN;
	end(f, tp);
}

static void op_unconvert(unsigned int f, uint64_t off, uint64_t len)
{
	struct xfs_trans *tp = begin(f, adds(2) * 8);

	len = XFS_MIN(len, CELLS - off);
	/* Shared blocks are never unwritten. */
	for (uint64_t i = off; i < off + len; i++) {
		if (cells[f][i].kind == WRITTEN && owners[linear(cells[f][i].fsbno)] > 1)
			len = i - off;
	}
	if (len) {
		must(xfs_bmap_unconvert(tp, files[f], off, len), "unconvert");
		for (uint64_t i = off; i < off + len; i++) {
			if (cells[f][i].kind == WRITTEN)
				cells[f][i].kind = UNWRITTEN;
		}
	}
	end(f, tp);
}

static void op_promise(unsigned int f, uint64_t off, uint64_t len)
{
	struct xfs_bmbt_irec got;

	if (cells[f][off].kind != HOLE)
		return;
	len = run_at(f, off, len);
	xfs_ilock_excl(files[f]);
	must(xfs_bmapi_reserve_delalloc(files[f], XFS_DATA_FORK, off, len, 0, &got), "promise");
	CHECK(got.br_startoff <= off && got.br_startoff + got.br_blockcount >= off + len);
	for (uint64_t i = off; i < off + len; i++)
		cells[f][i].kind = PROMISE;
	xfs_iunlock_excl(files[f]);
}

static void op_keep(unsigned int f, uint64_t off, uint64_t len)
{
	bool unwritten = below(3) == 0;
	struct xfs_bmbt_irec map;
	struct xfs_trans *tp;

	if (cells[f][off].kind != PROMISE)
		return;
	tp = begin(f, 0);
	must(xfs_bmapi_convert_delalloc(tp, files[f], XFS_DATA_FORK, off, len, unwritten, &map),
	     "keep a promise");
	CHECK(map.br_startoff == off && map.br_blockcount > 0);
	CHECK(map.br_blockcount <= run_at(f, off, len));
	cells_map(f, &map, true);
	CHECK((cells[f][off].kind == UNWRITTEN) == unwritten);
	end(f, tp);
}

static void op_punch_promises(unsigned int f, uint64_t off, uint64_t len)
{
	len = XFS_MIN(len, CELLS - off);
	xfs_ilock_excl(files[f]);
	must(xfs_bmap_punch_delalloc_range(files[f], XFS_DATA_FORK, off, off + len), "punch");
	xfs_iunlock_excl(files[f]);
	for (uint64_t i = off; i < off + len; i++) {
		if (cells[f][i].kind == PROMISE)
			cells[f][i].kind = HOLE;
	}
}

static void op_unmap(unsigned int f, uint64_t off, uint64_t len)
{
	bool done = false;

	len = XFS_MIN(len, CELLS - off);
	while (!done) {
		struct xfs_trans *tp = begin(f, adds(1));

		must(xfs_bunmapi(tp, files[f], off, len, 0, 1 + below(4), &done), "unmap");
		end(f, tp);
	}
	cells_unmap(f, off, len);
}

/* Move what is mapped at @off to a hole at @to, as collapsing and inserting do. */
static void op_move(unsigned int f, uint64_t off, uint64_t to, uint64_t max)
{
	uint64_t len = run_at(f, off, max);
	struct xfs_bmbt_irec map;
	struct xfs_trans *tp;
	bool done;

	if (!is_real(&cells[f][off]) || cells[f][to].kind != HOLE)
		return;
	len = XFS_MIN(len, run_at(f, to, max));
	map = (struct xfs_bmbt_irec){to, cells[f][off].fsbno, len,
				     cells[f][off].kind == UNWRITTEN ? XFS_EXT_UNWRITTEN
								      : XFS_EXT_NORM};
	tp = begin(f, adds(2));
	must(xfs_bunmapi(tp, files[f], off, len, XFS_BMAPI_REMAP, 8, &done), "unmap to move");
	CHECK(done);
	must(xfs_bmapi_remap(tp, files[f], to, len, map.br_startblock,
			     map.br_state == XFS_EXT_UNWRITTEN), "remap");
	end(f, tp);
	cells_unmap(f, off, len);
	cells_map(f, &map, false);
}

/* File @to shares blocks of file @f. */
static void op_share(unsigned int f, uint64_t off, unsigned int to, uint64_t to_off, uint64_t max)
{
	uint64_t len = run_at(f, off, max);
	struct xfs_bmbt_irec map;
	struct xfs_trans *tp;

	if (!config->reflink || f == to || cells[f][off].kind != WRITTEN ||
	    cells[to][to_off].kind != HOLE)
		return;
	len = XFS_MIN(len, run_at(to, to_off, max));
	for (uint64_t i = 0; i < len; i++) {
		if (owners[linear(cells[f][off + i].fsbno)] > 200)
			return;
	}
	map = (struct xfs_bmbt_irec){to_off, cells[f][off].fsbno, len, XFS_EXT_NORM};
	must(xfs_trans_alloc_bytes(mp, 256u << 10, adds(1) + 64, 0, &tp), "begin");
	must(xfs_ilock_want_many((struct xfs_inode *[]){files[f], files[to]}, 2), "lock");
	files[f]->i_diflags2 |= XFS_DIFLAG2_REFLINK;
	files[to]->i_diflags2 |= XFS_DIFLAG2_REFLINK;
	xfs_trans_log_inode(tp, files[f], XFS_ILOG_CORE);
	must(xfs_refcount_increase(tp, map.br_startblock, (xfs_extlen_t)len), "share");
	must(xfs_bmapi_remap(tp, files[to], to_off, len, map.br_startblock, false), "remap");
	xfs_iunlock_many((struct xfs_inode *[]){files[f], files[to]}, 2);
	must(xfs_trans_commit(tp), "commit");
	cells_map(to, &map, false);
}

/* Write to what may be shared: promised in the CoW fork, then put in place of the old. */
static void op_cow(unsigned int f, uint64_t off, uint64_t len)
{
	struct xfs_bmbt_irec got, map;
	struct xfs_trans *tp;
	bool done;

	if (!config->reflink || cells[f][off].kind != WRITTEN)
		return;
	len = run_at(f, off, len);
	tp = begin(f, adds(3) + 64);
	must(xfs_ifork_init_cow(files[f]), "CoW fork");
	must(xfs_bmapi_reserve_delalloc(files[f], XFS_COW_FORK, off, len, 0, &got), "promise");
	must(xfs_bmapi_convert_delalloc(tp, files[f], XFS_COW_FORK, off, len, false, &map),
	     "keep a promise");
	CHECK(map.br_startoff == off && map.br_blockcount <= len);
	do {
		must(xfs_bunmapi(tp, files[f], off, map.br_blockcount, 0, 1, &done), "unmap");
	} while (!done);
	must(xfs_bunmapi(tp, files[f], off, map.br_blockcount,
			 XFS_BMAPI_COWFORK | XFS_BMAPI_REMAP, 8, &done), "unmap");
	CHECK(done);
	must(xfs_bmapi_remap(tp, files[f], off, map.br_blockcount, map.br_startblock, false),
	     "remap");
	must(xfs_bmap_punch_delalloc_range(files[f], XFS_COW_FORK, 0, XFS_MAX_FILEOFF), "punch");
	CHECK(xfs_iext_count(files[f]->i_cowfp) == 0);
	end(f, tp);
	cells_unmap(f, off, map.br_blockcount);
	cells_map(f, &map, true);
}

static void op_forkoff(unsigned int f, uint8_t forkoff)
{
	struct xfs_trans *tp = begin(f, 4);

	must(xfs_bmap_set_forkoff(tp, files[f], forkoff), "forkoff");
	end(f, tp);
}

/*
 * ---- checks ------------------------------------------------------------------------------------
 */

static void check_file(unsigned int f)
{
	struct xfs_inode *ip = files[f];
	struct xfs_bmbt_irec got, last = {0, NULLFSBLOCK, 0, XFS_EXT_NORM};
	uint64_t off = 0, blocks = 0, promised = 0;
	struct xfs_iext_cursor cur;
	const char *wrong;

	xfs_ilock_excl(ip);
	must(xfs_iread_extents(ip, XFS_DATA_FORK), "reading the extents");
	CHECK(xfs_iext_verify(&ip->i_df) == NULL);
	for_each_xfs_iext(&ip->i_df, &cur, &got) {
		CHECK(got.br_startoff + got.br_blockcount <= CELLS);
		for (; off < got.br_startoff; off++)
			CHECK(cells[f][off].kind == HOLE);
		for (uint64_t i = 0; i < got.br_blockcount; i++, off++) {
			const struct cell *c = &cells[f][off];

			if (isnullstartblock(got.br_startblock)) {
				CHECK(c->kind == PROMISE);
				promised++;
				continue;
			}
			CHECK(c->fsbno == got.br_startblock + i);
			CHECK(c->kind == (got.br_state == XFS_EXT_UNWRITTEN ? UNWRITTEN : WRITTEN));
			blocks++;
		}
		/* Whatever can be one record is one. */
		CHECK(last.br_startoff + last.br_blockcount != got.br_startoff ||
		      last.br_state != got.br_state || isnullstartblock(last.br_startblock) ||
		      last.br_startblock + last.br_blockcount != got.br_startblock);
		last = got;
	}
	for (; off < CELLS; off++)
		CHECK(cells[f][off].kind == HOLE);
	CHECK(ip->i_delayed_blks == promised);
	wrong = test_fork_compare(ip, XFS_DATA_FORK, &blocks);
	if (wrong)
		fprintf(stderr, "file %u: %s\n", f, wrong);
	CHECK(!wrong);
	CHECK(ip->i_nblocks == blocks);

	if (ip->i_df.if_format == XFS_DINODE_FMT_BTREE)
		max_level = XFS_MAX(max_level, (unsigned int)get_be16(ip->i_df.if_broot));
	max_extents = XFS_MAX(max_extents, ip->i_df.if_nextents);
	if (ip->i_df.if_format != last_format[f])
		*(ip->i_df.if_format == XFS_DINODE_FMT_BTREE ? &to_tree : &to_list) += 1;
	last_format[f] = ip->i_df.if_format;
	xfs_iunlock_excl(ip);
}

/* Free blocks of the AGs = what may be promised + what is promised + what is held back. */
static void check_counters(void)
{
	uint64_t icount, ifree, fdblocks;
	int64_t held = 0, promised = 0;

	for (xfs_agnumber_t agno = 0; agno < mp->m_geo.agcount; agno++) {
		struct xfs_perag *pag = xfs_perag_get(mp, agno);

		/* Blocks of the reverse map count as free: all asked for them is held back. */
		held += xfs_ag_resv_held(&pag->pag_meta_resv) + pag->pag_rmapbt_resv.ar_asked;
	}
	for (unsigned int f = 0; f < FILES; f++) {
		struct xfs_iext_cursor cur;
		struct xfs_bmbt_irec got;

		for_each_xfs_iext(&files[f]->i_df, &cur, &got) {
			if (isnullstartblock(got.br_startblock))
				promised += (int64_t)got.br_blockcount +
					    startblockval(got.br_startblock);
		}
	}
	must(xfs_ag_sum_counters(mp, &icount, &ifree, &fdblocks), "counters");
	CHECK(mp->m_delalloc_blocks == promised);
	CHECK((int64_t)fdblocks == mp->m_fdblocks + mp->m_resblks_avail + promised + held);
}

static int print_finding(void *ctx, const struct xfs_finding *finding)
{
	(void)ctx;
	fprintf(stderr, "%s: AG %" PRId64 " block %" PRIu64 " inode %" PRIu64 ": %s\n",
		finding->structure, finding->agno, finding->block, finding->ino, finding->text);
	return 0;
}

/* The image by the checker and, where there is one, by xfs_repair. */
static void judge_image(void)
{
	struct xfs_check_options opts = {.size = sizeof(opts), .finding = print_finding,
					 .max_findings = 20};
	struct xfs_check_summary summary = XFS_CHECK_SUMMARY_INIT;
	char path[] = "/tmp/model_bmap-XXXXXX", command[400];
	int fd;

	must(xfs_check(dev, NULL, &opts, &summary), "check");
	CHECK(summary.findings == 0);
	if (system("command -v xfs_repair >/dev/null 2>&1") != 0) {
		printf("%s: no xfs_repair here, judged by the checker alone\n", config->name);
		return;
	}
	fd = mkstemp(path);
	CHECK(fd >= 0);
	close(fd);
	must(test_device_save(dev, path), "saving the image");
	snprintf(command, sizeof(command), "xfs_repair -n -f %s >%s.out 2>&1 || { cat %s.out; "
		 "false; }; status=$?; rm -f %s %s.out; exit $status", path, path, path, path, path);
	CHECK(system(command) == 0);
}

/*
 * ---- the file system ----------------------------------------------------------------------------
 */

static void open_fs(void)
{
	struct xfs_mount_options opts = {.size = sizeof(opts), .flags = XFS_MOUNT_UNJOURNALLED};

	must(xfs_mountfs(dev, &opts, &mp), "mount");
	for (unsigned int f = 0; f < FILES && inos[f]; f++)
		must(xfs_iget(mp, inos[f], 0, &files[f]), "iget");
}

static void close_fs(void)
{
	for (unsigned int f = 0; f < FILES; f++) {
		op_punch_promises(f, 0, CELLS);
		xfs_irele(files[f]);
	}
	must(xfs_unmountfs(mp), "unmount");
	mp = NULL;
	judge_image();
}

/* Three files in the root directory, whose short form is written by hand. */
static void make_files(void)
{
	uint8_t sf[6 + FILES * 9] = {FILES, 0};
	struct xfs_inode *root = mp->m_rootip;
	struct xfs_trans *tp;

	put_be32((uint32_t)root->i_ino, sf + 2);
	for (unsigned int f = 0; f < FILES; f++) {
		const struct timespec now = {1700000000, 0};
		struct xfs_icreate_args args = {.pip = root, .mode = S_IFREG | 0644, .nlink = 1,
						.now = &now};
		uint8_t *entry = sf + 6 + f * 9;

		must(xfs_trans_alloc_bytes(mp, 256u << 10, xfs_icreate_blocks(mp), 0, &tp), "begin");
		must(xfs_icreate(tp, &args, &files[f]), "create");
		inos[f] = files[f]->i_ino;
		/* All cells are inside: what is behind the end would be trimmed at the last put. */
		files[f]->i_size = files[f]->i_disk_size =
			(xfs_fsize_t)XFS_FSB_TO_B(&mp->m_geo, CELLS);
		xfs_iunlock_excl(files[f]);
		must(xfs_trans_commit(tp), "commit");
		entry[0] = 1;
		put_be16((uint16_t)(0x60 + 0x10 * f), entry + 1);
		entry[3] = (uint8_t)('a' + f);
		entry[4] = 1;
		put_be32((uint32_t)inos[f], entry + 5);
		last_format[f] = XFS_DINODE_FMT_EXTENTS;
	}
	must(xfs_trans_alloc_bytes(mp, 256u << 10, 0, 0, &tp), "begin");
	xfs_ilock_excl(root);
	must(xfs_init_local_fork(root, XFS_DATA_FORK, sf, sizeof(sf)), "root");
	root->i_disk_size = root->i_size = sizeof(sf);
	xfs_trans_log_inode(tp, root, XFS_ILOG_CORE | XFS_ILOG_DDATA);
	xfs_iunlock_excl(root);
	must(xfs_trans_commit(tp), "commit");
}

static void step(unsigned int grow)
{
	unsigned int f = (unsigned int)below(FILES);
	uint64_t off = below(CELLS), len = 1 + below(below(10) ? 3 : 40);

	/* The first file grows largest: single blocks, far from each other. */
	if (grow > 80 && below(2))
		f = 0;
	if (f == 0 && grow > 50) {
		off &= ~1ull;
		len = 1;
	}
	if (below(100) < grow) {
		switch (below(6)) {
		case 0:
		case 1:
			op_write(f, off, len);
			break;
		case 2:
			op_promise(f, off, len);
			break;
		case 3:
			op_promise(f, off, len);
			op_keep(f, off, 1 + below(len));
			break;
		case 4:
			op_convert(f, off, len);
			break;
		default:
			op_share(f, off, (f + 1) % FILES, below(CELLS), len);
			break;
		}
		return;
	}
	switch (below(8)) {
	case 0:
		op_unmap(f, off, grow < 50 ? len * 50 : len);
		break;
	case 1:
		op_unmap(f, off, len);
		break;
	case 2:
		op_punch_promises(f, off, len);
		break;
	case 3:
		op_unconvert(f, off, XFS_MIN(len, 8ull));
		break;
	case 4:
		op_move(f, off, below(CELLS), len);
		break;
	case 5:
		op_cow(f, off, len);
		break;
	case 6:
		op_keep(f, off, len);
		break;
	default:
		op_convert(f, off, len);
		break;
	}
}

static void run(const struct config *c, uint64_t stream)
{
	static const uint8_t places[6] = {0, 7, 9, 24, 30, 37};
	struct xfs_mkfs_options opts = {
		.size = sizeof(opts), .profile = XFS_MKFS_PROFILE_6_1, .flags = XFS_MKFS_SMALL,
		.blocksize = c->blocksize, .inodesize = c->inodesize, .agcount = 3,
		.nrext64 = c->nrext64 ? XFS_MKFS_ON : XFS_MKFS_OFF,
		.rmapbt = c->rmap ? XFS_MKFS_ON : XFS_MKFS_OFF,
		.reflink = c->reflink ? XFS_MKFS_ON : XFS_MKFS_OFF,
		.uuid = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16},
	};

	config = c;
	r = test_rand(stream);
	memset(cells, 0, sizeof(cells));
	memset(inos, 0, sizeof(inos));
	max_level = to_tree = to_list = 0;
	max_extents = 0;
	owners = calloc(1, c->size / c->blocksize);
	if (!owners)
		abort();
	must(xfs_device_open_memory(c->size, 512, NULL, &dev), "device");
	must(xfs_mkfs(dev, NULL, &opts, NULL), "mkfs");
	open_fs();
	make_files();

	for (unsigned int p = 0; p < ARRAY_SIZE(c->phases) && c->steps[p]; p++) {
		for (unsigned int s = 1; s <= c->steps[p]; s++) {
			step(c->phases[p]);
			/* The first file keeps a small root for most of the time. */
			if (s % 2000 == 0)
				op_forkoff((unsigned int)below(FILES), places[below(6)]);
			if (s % 2000 == 100)
				op_forkoff(0, 7);
			if (s % 1000 == 0 || s == c->steps[p]) {
				for (unsigned int f = 0; f < FILES; f++)
					check_file(f);
				check_counters();
			}
		}
		close_fs();
		open_fs();
		for (unsigned int f = 0; f < FILES; f++)
			check_file(f);
		check_counters();
	}
	/* Away with all of it: lists again, and then nothing. */
	for (unsigned int f = 0; f < FILES; f++) {
		op_unmap(f, 0, CELLS);
		check_file(f);
		CHECK(files[f]->i_nblocks == 0);
	}
	check_counters();
	close_fs();
	printf("%s: up to %" PRIu64 " extents, root level %u, %u times to a tree, %u times to a list\n",
	       c->name, max_extents, max_level, to_tree, to_list);
	CHECK(max_level >= c->want_level);
	CHECK(to_tree >= FILES && to_list >= FILES);
	xfs_device_put(dev);
	free(owners);
}

int main(void)
{
	static const struct config configs[] = {
		{"1 KiB", 1024, 512, false, true, true, 128ull << 20, {95, 60, 30, 90, 10},
		 {70000, 5000, 5000, 5000, 3000}, 3},
		{"1 KiB, nrext64", 1024, 512, true, true, true, 128ull << 20, {90, 10},
		 {8000, 3000}, 2},
		{"4 KiB", 4096, 512, false, true, true, 512ull << 20, {90, 50, 10},
		 {10000, 3000, 3000}, 2},
		{"4 KiB, nrext64", 4096, 512, true, true, true, 512ull << 20, {95, 50, 10},
		 {8000, 3000, 3000}, 1},
		{"2 KiB, large inodes, no reverse map", 2048, 1024, true, false, true,
		 256ull << 20, {95, 50, 10}, {8000, 3000, 3000}, 1},
		{"16 KiB, neither reverse map nor sharing", 16384, 2048, true, false, false,
		 2048ull << 20, {95, 50, 10}, {8000, 3000, 3000}, 1},
	};

	test_seed_init(20240613);
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(configs); i++)
		run(&configs[i], i + 1);
	return 0;
}
