/* SPDX-License-Identifier: MIT */
/*
 * Goal: one directory, through all its forms up and down, always has the names that were put in and
 *       nothing else, its positions stay good while it changes, and the volume has no fault.
 * Method: seeded additions, removals and replacements of names of all lengths, many with equal
 *       hashes, against a plain table; names are links to a few files, with inode numbers of 4
 *       and of 8 bytes.  Lookups and listings are compared; after each phase the volume is closed,
 *       checked and opened again.  Many block and directory block sizes.
 *
 * XFSWRITE_SAVE_DIR=<dir>: the image and the expected list of each phase are left there for other
 * judges; XFSWRITE_GEOMETRY=<n>: only that one.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "dir/dir.h"
#include "namei/namei.h"
#include "support/test_fs.h"
#include "support/test_seed.h"

#define MAX_ENTRIES	24000
#define TABLE		65536
#define TARGETS		8

struct entry {
	bool used;
	uint8_t len;
	uint8_t target;
	uint8_t name[256];
};

struct geometry {
	const char *what;
	struct xfs_mkfs_options mkfs;
	uint64_t mib;
	uint32_t many;			/* names in the largest phase */
};

static struct test_fs fs;
static struct xfs_rand rnd;
static struct entry entries[MAX_ENTRIES];
static uint32_t nused;
static int32_t table[TABLE];		/* chain heads by a hash of the name; -1 */
static int32_t chain[MAX_ENTRIES];
static struct xfs_inode *dir, *parents[TARGETS], *targets[TARGETS];
static bool ci;
static int geo_index, phase;

#define DIE(line, what) \
	test_fs_die(&fs, __FILE__, line, what, "geometry %d, phase %d", geo_index, phase)
#define CHECK(cond) ((cond) ? (void)0 : DIE(__LINE__, #cond))
#define OK(expr) ok((expr), __LINE__, #expr)

static void ok(int error, int line, const char *what)
{
	if (error) {
		fprintf(stderr, "error %d (%s)\n", error, strerror(-error));
		DIE(line, what);
	}
}

static uint32_t below(uint32_t n)
{
	return (uint32_t)xfs_rand_below(&rnd, n);
}

/* ---- the plain model ------------------------------------------------------------------ */

static uint8_t fold(uint8_t c)
{
	return ci && c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

static uint32_t slot_of(const uint8_t *name, uint32_t len)
{
	uint32_t h = 2166136261u;

	for (uint32_t i = 0; i < len; i++)
		h = (h ^ fold(name[i])) * 16777619u;
	return h % TABLE;
}

static bool same(const struct entry *e, const uint8_t *name, uint32_t len)
{
	if (e->len != len)
		return false;
	for (uint32_t i = 0; i < len; i++) {
		if (fold(e->name[i]) != fold(name[i]))
			return false;
	}
	return true;
}

static int find(const uint8_t *name, uint32_t len)
{
	for (int32_t i = table[slot_of(name, len)]; i >= 0; i = chain[i]) {
		if (same(&entries[i], name, len))
			return i;
	}
	return -1;
}

static int model_add(const uint8_t *name, uint32_t len, uint32_t target)
{
	uint32_t s = slot_of(name, len), i = 0;

	while (entries[i].used)
		i++;
	entries[i].used = true;
	entries[i].len = (uint8_t)len;
	entries[i].target = (uint8_t)target;
	memcpy(entries[i].name, name, len);
	chain[i] = table[s];
	table[s] = (int32_t)i;
	nused++;
	return (int)i;
}

static void model_remove(int i)
{
	int32_t *link = &table[slot_of(entries[i].name, entries[i].len)];

	while (*link != i)
		link = &chain[*link];
	*link = chain[i];
	entries[i].used = false;
	nused--;
}

static int random_entry(void)
{
	for (;;) {
		uint32_t i = below(MAX_ENTRIES), n;

		/* Sparse tables are walked from a random place. */
		for (n = 0; n < 200; n++, i = (i + 1) % MAX_ENTRIES) {
			if (entries[i].used)
				return (int)i;
		}
		if (nused < 200) {
			for (i = 0; i < MAX_ENTRIES; i++) {
				if (entries[i].used)
					return (int)i;
			}
		}
	}
}

/* ---- names ------------------------------------------------------------------------------ */

static uint8_t letter(void)
{
	static const char pool[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+=@#%";

	return (uint8_t)pool[below((uint32_t)sizeof(pool) - 1)];
}

/*
 * Rotations by 7 come round after 32 bytes: changing two bytes that far apart in the same bits
 * leaves the hash.  All of these have one of three hashes.
 */
static uint32_t colliding_name(uint8_t *name)
{
	uint32_t len = 40 + below(3);

	memset(name, 'a', len);
	for (uint32_t i = 0; i < 8; i++) {
		uint8_t delta = (uint8_t)below(8);

		name[i] ^= delta;
		name[i + 32] ^= delta;
	}
	return len;
}

static uint32_t make_name(uint8_t *name, uint32_t collisions_pct)
{
	uint32_t len;

	if (below(100) < collisions_pct)
		return colliding_name(name);
	switch (below(6)) {
	case 0:
		len = 1 + below(3);
		break;
	case 1:
		len = 1 + below(255);
		break;
	case 2:
		return (uint32_t)snprintf((char *)name, 256, "file-%06u", below(1000000));
	case 3:
		len = below(8) ? 20 + below(20) : 250 + below(6);
		break;
	default:
		len = 4 + below(12);
		break;
	}
	for (uint32_t i = 0; i < len; i++)
		name[i] = letter();
	if (name[0] == '.' && len <= 2)
		name[0] = 'x';
	return len;
}

/* ---- which form is it ------------------------------------------------------------------------ */

enum form { SF, BLOCK, LEAF, NODE, FORMS };

static bool seen_step[FORMS][FORMS];	/* from, to, in one operation */
static uint32_t max_level;		/* of the tree's root */
static enum form last_form;

static enum form form_of(struct xfs_inode *dp)
{
	const struct xfs_geometry *geo = &fs.mp->m_geo;
	xfs_fileoff_t last;

	if (dp->i_df.if_format == XFS_DINODE_FMT_LOCAL)
		return SF;
	xfs_ilock_excl(dp);
	OK(xfs_bmap_last_offset(dp, XFS_DATA_FORK, &last));
	xfs_iunlock_excl(dp);
	if (last == geo->dirblkfsbs)
		return BLOCK;
	return last == (xfs_fileoff_t)geo->leafblk + geo->dirblkfsbs ? LEAF : NODE;
}

/* An operation was done. */
static void note_form(void)
{
	const struct xfs_da3_node_hdr *hdr;
	enum form now = form_of(dir);
	struct xfs_bmbt_irec map;
	struct xfs_buf *bp;
	int nmaps = 1;

	seen_step[last_form][now] = true;
	last_form = now;
	if (now != NODE || below(64))
		return;
	xfs_ilock_excl(dir);
	OK(xfs_bmapi_read(dir, fs.mp->m_geo.leafblk, 1, &map, &nmaps, 0));
	xfs_iunlock_excl(dir);
	bp = xfs_buf_peek(fs.mp, XFS_FSB_TO_DADDR(&fs.mp->m_geo, map.br_startblock));
	if (!bp)
		return;
	hdr = bp->b_addr;
	if (be16_to_cpu(hdr->info.magic) == XFS_DA3_NODE_MAGIC &&
	    be16_to_cpu(hdr->level) > max_level)
		max_level = be16_to_cpu(hdr->level);
	xfs_buf_put(bp);
}

/* ---- operations -------------------------------------------------------------------------- */

static struct xfs_name xname(const uint8_t *name, uint32_t len)
{
	return (struct xfs_name){ .name = name, .len = len, .type = XFS_DIR3_FT_REG_FILE };
}

static struct xfs_name cname(const char *name)
{
	return xname((const uint8_t *)name, (uint32_t)strlen(name));
}

static void do_add(uint32_t collisions_pct)
{
	uint8_t name[256];
	uint32_t len = make_name(name, collisions_pct), t = below(TARGETS);
	struct xfs_name n = xname(name, len);
	int error = xfs_link_inode(dir, &n, targets[t]);

	if (find(name, len) >= 0) {
		CHECK(error == -EEXIST);
	} else {
		OK(error);
		model_add(name, len, t);
		note_form();
	}
}

static void remove_entry(int i)
{
	struct xfs_name n = xname(entries[i].name, entries[i].len);

	OK(xfs_remove(dir, &n, false));
	model_remove(i);
	note_form();
}

/* Another file takes the name over: renamed onto it from elsewhere. */
static void do_replace(void)
{
	struct xfs_name tmp = cname("replacement"), n;
	uint32_t t = below(TARGETS);
	int i = random_entry();

	if (entries[i].target == t)
		return;
	OK(xfs_link_inode(parents[1], &tmp, targets[t]));
	n = xname(entries[i].name, entries[i].len);
	OK(xfs_rename_inodes(parents[1], &tmp, dir, &n, 0));
	note_form();
	entries[i].target = (uint8_t)t;
}

/* ---- comparing ----------------------------------------------------------------------------- */

static int lookup(const uint8_t *name, uint32_t len, xfs_ino_t *ino)
{
	struct xfs_name n = xname(name, len);
	int error;

	xfs_ilock_excl(dir);
	error = xfs_dir_lookup(dir, &n, ino);
	xfs_iunlock_excl(dir);
	return error;
}

struct listing {
	uint8_t *seen;			/* by entry */
	uint8_t *gone;			/* by entry: may be missing, its place was used anew */
	uint32_t left;			/* of this batch */
	uint32_t dots;
	uint64_t last;
};

static bool take(void *arg, const struct xfs_name *name, xfs_ino_t ino, uint64_t next)
{
	struct listing *l = arg;
	int i;

	if (!l->left)
		return false;
	l->left--;
	CHECK(next > l->last);
	l->last = next;
	if (xfs_name_is_dot(name) || xfs_name_is_dotdot(name)) {
		CHECK(ino == (xfs_name_is_dot(name) ? dir->i_ino : ino));
		l->dots++;
		return true;
	}
	i = find(name->name, name->len);
	CHECK(i >= 0);
	CHECK(memcmp(entries[i].name, name->name, name->len) == 0);
	CHECK(name->type == XFS_DIR3_FT_REG_FILE);
	CHECK(ino == targets[entries[i].target]->i_ino);
	/* A name that was removed and came back may be met again, at its new place. */
	CHECK(!l->seen[i] || l->gone[i]);
	l->seen[i] = 1;
	return true;
}

/* @changes: between the batches of the listing, that many changes. */
static void compare_listing(uint32_t batch, uint32_t changes)
{
	struct listing l = { .dots = 0 };
	uint64_t cookie = 0, before;

	l.seen = calloc(MAX_ENTRIES, 1);
	l.gone = calloc(MAX_ENTRIES, 1);
	do {
		before = cookie;
		l.left = batch;
		xfs_ilock_excl(dir);
		OK(xfs_dir_readdir(dir, &cookie, take, &l));
		xfs_iunlock_excl(dir);
		for (uint32_t i = 0; i < changes && nused; i++) {
			if (below(3)) {
				int e = random_entry();

				l.gone[e] = 1;
				remove_entry(e);
			} else if (nused < MAX_ENTRIES - 1) {
				uint8_t name[256];
				uint32_t len = make_name(name, 10);
				struct xfs_name n = xname(name, len);

				if (find(name, len) < 0) {
					OK(xfs_link_inode(dir, &n, targets[0]));
					l.gone[model_add(name, len, 0)] = 1;
				}
			}
		}
	} while (cookie != before);
	CHECK(l.dots == 2);
	for (int i = 0; i < MAX_ENTRIES; i++)
		CHECK(!entries[i].used || l.seen[i] || l.gone[i]);
	free(l.seen);
	free(l.gone);
}

static void compare_lookups(uint32_t step)
{
	uint8_t name[256];
	xfs_ino_t ino;

	for (uint32_t i = below(step); i < MAX_ENTRIES; i += step) {
		if (!entries[i].used)
			continue;
		OK(lookup(entries[i].name, entries[i].len, &ino));
		CHECK(ino == targets[entries[i].target]->i_ino);
		if (ci) {
			memcpy(name, entries[i].name, entries[i].len);
			for (uint32_t k = 0; k < entries[i].len; k++) {
				if (name[k] >= 'a' && name[k] <= 'z' && below(2))
					name[k] = (uint8_t)(name[k] - 32);
			}
			OK(lookup(name, entries[i].len, &ino));
			CHECK(ino == targets[entries[i].target]->i_ino);
		}
	}
	for (uint32_t i = 0; i < 100; i++) {
		uint32_t len = make_name(name, 50);

		if (find(name, len) < 0)
			CHECK(lookup(name, len, &ino) == -ENOENT);
	}
	OK(lookup((const uint8_t *)".", 1, &ino));
	CHECK(ino == dir->i_ino);
	OK(lookup((const uint8_t *)"..", 2, &ino));
}

static void compare(void)
{
	compare_listing(1000000, 0);
	compare_lookups(nused > 2000 ? 7 : 1);
}

/* ---- the volume ------------------------------------------------------------------------------ */

static void get_inodes(void)
{
	char path[16];

	for (int i = 0; i < TARGETS; i++) {
		struct xfs_name d, f = cname("file");

		snprintf(path, sizeof(path), "d%d", i);
		d = cname(path);
		OK(xfs_lookup(fs.mp->m_rootip, &d, &parents[i]));
		OK(xfs_lookup(parents[i], &f, &targets[i]));
	}
}

static void put_inodes(void)
{
	for (int i = 0; i < TARGETS; i++) {
		xfs_irele(targets[i]);
		xfs_irele(parents[i]);
	}
	xfs_irele(dir);
	dir = NULL;
}

/* A copy of the closed volume and the expected names, for other judges. */
static void save(const char *what)
{
	char name[64];
	FILE *f;

	snprintf(name, sizeof(name), "dir-%d-%d-%s", geo_index, phase, what);
	f = test_fs_save_work(name);
	if (!f)
		return;
	for (int i = 0; i < MAX_ENTRIES; i++) {
		if (entries[i].used)
			fprintf(f, "%.*s\n", entries[i].len, (const char *)entries[i].name);
	}
	fclose(f);
}

/* Close, let the checker and others judge, open again and compare. */
static void judge(const char *what)
{
	struct xfs_name t = cname("t");

	put_inodes();
	test_fs_close_and_check(&fs);
	save(what);
	test_fs_open(&fs);
	get_inodes();
	/* It may have been moved: it is in one of the directories. */
	OK(xfs_lookup(fs.mp->m_rootip, &t, &dir));
	compare();
	phase++;
}

static void make_volume(const struct geometry *g)
{
	char path[32];

	memset(entries, 0, sizeof(entries));
	memset(table, -1, sizeof(table));
	nused = 0;
	phase = 0;
	ci = g->mkfs.flags & XFS_MKFS_ASCII_CI;
	test_fs_make_on(&fs, test_fs_work_device(g->mib << 20), &g->mkfs);
	for (int i = 0; i < TARGETS; i++) {
		struct xfs_file *file;

		snprintf(path, sizeof(path), "/d%d", i);
		OK(xfs_mkdir(fs.mp, path, 0755));
		snprintf(path, sizeof(path), "/d%d/file", i);
		OK(xfs_open(fs.mp, path, O_CREAT | O_RDWR, 0644, &file));
		OK(xfs_close(file));
	}
	OK(xfs_mkdir(fs.mp, "/t", 0755));
	get_inodes();
	struct xfs_name t = cname("t");

	OK(xfs_lookup(fs.mp->m_rootip, &t, &dir));
}

static void grow_to(uint32_t n, uint32_t collisions_pct)
{
	while (nused < n)
		do_add(collisions_pct);
}

static void shrink_to(uint32_t n)
{
	while (nused > n)
		remove_entry(random_entry());
}

static void mix(uint32_t ops, uint32_t around)
{
	for (uint32_t i = 0; i < ops; i++) {
		uint32_t what = below(100);

		if (what < 10 && nused)
			do_replace();
		else if (nused == 0 || (nused < around * 2 && what < 55))
			do_add(5);
		else
			remove_entry(random_entry());
	}
}

/* Around the border between inode and block, with inode numbers of both widths and attributes. */
static void small_phase(void)
{
	static const char value[400];
	char path[8];

	for (int round = 0; round < 60; round++) {
		uint32_t around = 1 + below(24);

		for (int i = 0; i < 40; i++) {
			mix(1, around);
			if (below(8) == 0) {
				struct xfs_name t = cname("t"), to = cname("t");
				uint32_t p = below(TARGETS);

				/* To another parent and back: ".." changes its width. */
				OK(xfs_rename_inodes(fs.mp->m_rootip, &t, parents[p], &to, 0));
				compare();
				OK(xfs_rename_inodes(parents[p], &to, fs.mp->m_rootip, &t, 0));
				note_form();
			}
		}
		compare();
		compare_listing(1 + below(4), 1);
		if (below(3) == 0) {
			snprintf(path, sizeof(path), "user.%u", below(3));
			OK(xfs_setxattr(fs.mp, "/t", false, path, value, below(400), 0));
			note_form();
			compare();
		} else if (below(3) == 0) {
			xfs_removexattr(fs.mp, "/t", false, "user.0");
			xfs_removexattr(fs.mp, "/t", false, "user.1");
			xfs_removexattr(fs.mp, "/t", false, "user.2");
		}
		shrink_to(below(3) ? 0 : nused);
		CHECK(nused || xfs_dir_is_empty(dir));
	}
}

static void one(const struct geometry *g)
{
	fprintf(stderr, "geometry %d: %s\n", geo_index, g->what);
	make_volume(g);
	small_phase();
	judge("small");
	grow_to(200, 5);
	mix(300, 200);
	judge("block");
	grow_to(900, 10);
	compare_listing(50, 3);
	judge("leaf");
	grow_to(g->many, 5);
	CHECK(form_of(dir) == NODE);
	judge("grown");
	mix(g->many / 2, g->many / 2);
	compare_listing(97, 5);
	judge("mixed");
	shrink_to(g->many / 3);
	grow_to(g->many / 2, 30);
	judge("colliding");
	shrink_to(1000);
	judge("shrunk");
	shrink_to(3);
	judge("few");
	shrink_to(0);
	CHECK(xfs_dir_is_empty(dir));
	judge("empty");
	put_inodes();
	OK(xfs_rmdir(fs.mp, "/t"));
	test_fs_end(&fs);
}

int main(void)
{
	static const struct geometry geos[] = {
		{"4k", {.size = sizeof(geos[0].mkfs)}, 512, 12000},
		{"1k blocks, 1k directory blocks, no parent pointers",
		 {.size = sizeof(geos[0].mkfs),
		  .blocksize = 1024,
		  .dirblocksize = 1024,
		  .profile = XFS_MKFS_PROFILE_6_1},
		 512,
		 20000},
		{"1k blocks, 4k directory blocks",
		 {.size = sizeof(geos[0].mkfs), .blocksize = 1024},
		 512,
		 10000},
		{"1k blocks, 64k directory blocks",
		 {.size = sizeof(geos[0].mkfs),
		  .blocksize = 1024,
		  .dirblocksize = 65536,
		  .profile = XFS_MKFS_PROFILE_6_1},
		 512,
		 20000},
		{"4k blocks, 16k directory blocks, inodes of 1k",
		 {.size = sizeof(geos[0].mkfs), .dirblocksize = 16384, .inodesize = 1024},
		 512,
		 12000},
		{"64k",
		 {.size = sizeof(geos[0].mkfs),
		  .blocksize = 65536,
		  .profile = XFS_MKFS_PROFILE_6_1},
		 2048,
		 20000},
		{"16 TiB: inode numbers of both widths, no parent pointers",
		 {.size = sizeof(geos[0].mkfs), .profile = XFS_MKFS_PROFILE_6_1},
		 16ull << 20,
		 5000},
		{"16 TiB with parent pointers, inodes of 2k",
		 {.size = sizeof(geos[0].mkfs), .inodesize = 2048},
		 16ull << 20,
		 3000},
		{"case-insensitive",
		 {.size = sizeof(geos[0].mkfs), .flags = XFS_MKFS_ASCII_CI},
		 512,
		 6000},
	};
	const char *only = getenv("XFSWRITE_GEOMETRY");

	test_seed_init(1);
	for (size_t i = 0; i < sizeof(geos) / sizeof(geos[0]); i++) {
		geo_index = (int)i;
		rnd = test_rand(i);
		if (!only || atoi(only) == (int)i)
			one(&geos[i]);
	}
	if (!only) {
		for (int form = SF; form < NODE; form++)
			CHECK(seen_step[form][form + 1] && seen_step[form + 1][form]);
		CHECK(max_level >= 2);
	}
	printf("every directory equal to the model, checker silent\n");
	return 0;
}
