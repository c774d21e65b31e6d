/* SPDX-License-Identifier: MIT */
/*
 * Goal: attributes of files, directories, symbolic links and special files, through all forms of
 *       the attribute fork up and down, always are what was set, and the volume has no fault.
 * Method: seeded setting, replacing and removing of attributes of three name spaces, with values
 *       of 0 to 65536 bytes and names with equal hashes, against a plain table; meanwhile the
 *       data forks grow and shrink, so that the border between the forks is wanted by both sides,
 *       and, where the volume has parent pointers, names come and go.  After each phase the
 *       volume is closed, checked and opened again.
 *
 * model_attr --list DIR prints the attributes of the files below DIR, a mounted volume.
 * XFSWRITE_SAVE_DIR=<dir>: the image and such a list of each phase are left there for other
 * judges; XFSWRITE_GEOMETRY=<n>: only that one.
 * Shows (ATTR-1), (ATTR-2), (ATTR-3).
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>
#include "attr/attr.h"
#include "inode/inode.h"
#include "support/test_fs.h"
#include "support/test_seed.h"

#define OBJECTS		6
#define MAX_ATTRS	4000
#define VALUE_MAX	65536

struct attr {
	bool used;
	uint32_t len;			/* of the value */
	uint32_t seed;
	char name[256];			/* prefix included */
};

struct object {
	const char *path;
	bool user;			/* may have user.* */
	uint32_t nattrs;
	struct attr attrs[MAX_ATTRS];
};

struct geometry {
	const char *what;
	struct xfs_mkfs_options mkfs;
	uint64_t mib;
	uint32_t many;			/* attributes in the largest phase */
};

static struct object objects[OBJECTS] = {
	{ .path = "/file", .user = true }, { .path = "/dir", .user = true }, { .path = "/link" },
	{ .path = "/fifo" }, { .path = "/big", .user = true }, { .path = "/longlink" },
};
static struct test_fs fs;
static struct xfs_rand rnd;
static int geo_index, phase;
static uint32_t nlinks;			/* further names of /file */
static uint32_t nnames;			/* in /dir */
static uint8_t value[VALUE_MAX + 1], got[VALUE_MAX + 1];
static char list[1 << 20];
static bool seen_form[4];		/* of attribute forks: none, short, leaf, tree */

#define DIE(line, what) \
	test_fs_die(&fs, __FILE__, line, what, "geometry %d, phase %d", geo_index, phase)
#define CHECK(cond) ((cond) ? (void)0 : DIE(__LINE__, #cond))
#define OK(expr) ok((expr), __LINE__, #expr)

static int64_t ok(int64_t ret, int line, const char *what)
{
	if (ret < 0) {
		fprintf(stderr, "error %" PRId64 " (%s)\n", ret, strerror((int)-ret));
		DIE(line, what);
	}
	return ret;
}

static uint32_t below(uint32_t n)
{
	return (uint32_t)xfs_rand_below(&rnd, n);
}

static void fill(uint8_t *to, uint32_t len, uint32_t seed)
{
	uint32_t x = seed * 2654435761u + 1;

	for (uint32_t i = 0; i < len; i++) {
		x = x * 1664525u + 1013904223u;
		to[i] = (uint8_t)(x >> 24);
	}
}

static uint32_t sum(const uint8_t *p, size_t len)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * 16777619u;
	return h;
}

/* ---- the plain model -------------------------------------------------------------------- */

static struct attr *find(struct object *o, const char *name)
{
	for (uint32_t i = 0; i < MAX_ATTRS; i++) {
		if (o->attrs[i].used && !strcmp(o->attrs[i].name, name))
			return &o->attrs[i];
	}
	return NULL;
}

static struct attr *random_attr(struct object *o)
{
	uint32_t nth = below(o->nattrs);

	for (uint32_t i = 0;; i++) {
		if (o->attrs[i].used && nth-- == 0)
			return &o->attrs[i];
	}
}

static void make_name(struct object *o, char *name, uint32_t collisions_pct)
{
	static const char *const prefixes[] = { "user.", "trusted.", "security." };
	static const char pool[] = "abcdefghijklmnopqrstuvwxyz0123456789:._";
	uint32_t plen, len;

	strcpy(name, prefixes[o->user ? below(3) : 1 + below(2)]);
	plen = (uint32_t)strlen(name);
	if (below(100) < collisions_pct) {
		/* Bytes 32 apart that change in the same bits leave the hash (rotations by 7). */
		memset(name + plen, 'a', 40);
		name[plen + 40] = '\0';
		for (uint32_t i = 0; i < 8; i++) {
			char delta = (char)below(4);

			name[plen + i] = (char)(name[plen + i] ^ delta);
			name[plen + i + 32] = (char)(name[plen + i + 32] ^ delta);
		}
		return;
	}
	len = below(8) == 0 ? 1 + below(255 - plen) : 1 + below(14);
	for (uint32_t i = 0; i < len; i++)
		name[plen + i] = pool[below((uint32_t)sizeof(pool) - 1)];
	name[plen + len] = '\0';
}

static uint32_t make_len(uint32_t remote_pct)
{
	static const uint32_t edges[] = {0,	1,     253,   254,   255,   256,  757,
					 758,	761,   764,   767,   768,   968,  969,
					 3050,	3064,  3065,  3066,  3072,  4040, 4041,
					 49140, 49150, 65480, 65481, 65535, 65536};

	if (below(100) >= remote_pct)
		return below(5) ? below(60) : below(260);
	if (below(3) == 0)
		return edges[below((uint32_t)(sizeof(edges) / sizeof(edges[0])))];
	return below(3) ? below(4000) : below(VALUE_MAX + 1);
}

/* ---- operations ----------------------------------------------------------------------------- */

static void do_set(struct object *o, const char *name, uint32_t len)
{
	uint32_t seed = below(1u << 30);
	struct attr *a = find(o, name);
	int flags = below(3) ? 0 : a ? XATTR_REPLACE : XATTR_CREATE;

	fill(value, len, seed);
	/* The other flag is refused. */
	if (below(10) == 0)
		CHECK(xfs_setxattr(fs.mp, o->path, false, name, value, len,
				   a ? XATTR_CREATE : XATTR_REPLACE) == (a ? -EEXIST : -ENODATA));
	OK(xfs_setxattr(fs.mp, o->path, false, name, value, len, flags));
	if (!a) {
		for (a = o->attrs; a->used; a++)
			;
		a->used = true;
		strcpy(a->name, name);
		o->nattrs++;
	}
	a->len = len;
	a->seed = seed;
}

static void do_remove(struct object *o, struct attr *a)
{
	OK(xfs_removexattr(fs.mp, o->path, false, a->name));
	a->used = false;
	o->nattrs--;
	if (below(10) == 0)
		CHECK(xfs_removexattr(fs.mp, o->path, false, a->name) == -ENODATA);
}

static void step(struct object *o, uint32_t around, uint32_t remote_pct)
{
	char name[256];

	if (o->nattrs && below(4) == 0) {
		do_set(o, random_attr(o)->name, make_len(remote_pct));
	} else if (o->nattrs == 0 || below(2 * around) >= o->nattrs) {
		make_name(o, name, 8);
		do_set(o, name, make_len(remote_pct));
	} else {
		do_remove(o, random_attr(o));
	}
}

static void shrink_to(struct object *o, uint32_t n)
{
	while (o->nattrs > n)
		do_remove(o, random_attr(o));
}

static void grow_to(struct object *o, uint32_t n, uint32_t remote_pct, uint32_t collisions_pct)
{
	char name[256];

	while (o->nattrs < n) {
		make_name(o, name, collisions_pct);
		do_set(o, name, make_len(remote_pct));
	}
}

/* Another piece of /file that joins no other, or the file is cut. */
static void change_data(void)
{
	uint32_t bs = fs.mp->m_geo.blocksize;
	struct xfs_file *file;
	char path[64];

	switch (below(4)) {
	case 0:
	case 1:
		OK(xfs_open(fs.mp, "/file", O_RDWR, 0, &file));
		CHECK(xfs_pwrite(file, value, bs, (off_t)bs * 2 * below(200)) == bs);
		OK(xfs_close(file));
		break;
	case 2:
		OK(xfs_open(fs.mp, "/file", O_RDWR, 0, &file));
		OK(xfs_ftruncate(file, (off_t)bs * below(300)));
		OK(xfs_close(file));
		break;
	default:
		/* Names in the directory: it leaves its inode, and comes back. */
		if (nnames && below(2)) {
			while (nnames > below(40)) {
				snprintf(path, sizeof(path), "/dir/some-name-%u", --nnames);
				OK(xfs_unlink(fs.mp, path));
			}
		} else {
			snprintf(path, sizeof(path), "/dir/some-name-%u", nnames++);
			OK(xfs_mknod(fs.mp, path, S_IFIFO | 0644, 0, 0));
		}
		break;
	}
}

/* Names of /file: on some volumes each is a parent pointer among the attributes. */
static void change_links(void)
{
	char path[300];
	uint32_t len, n = below(2) ? nlinks : nlinks ? nlinks - 1 : 0;

	memset(path, 'n', sizeof(path));
	len = (uint32_t)snprintf(path, sizeof(path), "/links/%u-", n);
	path[len] = 'n';
	len += n * 7 % 200;
	path[len] = '\0';
	if (n == nlinks) {
		OK(xfs_link(fs.mp, "/file", path));
		nlinks++;
	} else {
		OK(xfs_unlink(fs.mp, path));
		nlinks--;
	}
}

/* ---- comparing ---------------------------------------------------------------------------- */

static void note_form(const struct object *o)
{
	struct stat st;
	struct xfs_inode *ip;

	OK(xfs_lstat(fs.mp, o->path, &st));
	OK(xfs_iget(fs.mp, st.st_ino, 0, &ip));
	if (!ip->i_forkoff)
		seen_form[0] = true;
	else if (ip->i_af.if_format == XFS_DINODE_FMT_LOCAL)
		seen_form[1] = true;
	else if (ip->i_af.if_nextents == 1)
		seen_form[2] = true;
	else if (ip->i_af.if_nextents > 1)
		seen_form[3] = true;
	xfs_irele(ip);
}

static void compare(struct object *o)
{
	uint32_t n = 0;
	ssize_t len;

	for (uint32_t i = 0; i < MAX_ATTRS; i++) {
		struct attr *a = &o->attrs[i];

		if (!a->used)
			continue;
		len = OK(xfs_getxattr(fs.mp, o->path, false, a->name, got, VALUE_MAX + 1));
		CHECK(len == a->len);
		fill(value, a->len, a->seed);
		CHECK(!memcmp(value, got, a->len));
		CHECK(xfs_getxattr(fs.mp, o->path, false, a->name, NULL, 0) == a->len);
		if (a->len > 1)
			CHECK(xfs_getxattr(fs.mp, o->path, false, a->name, got, a->len - 1) ==
			      -ERANGE);
	}
	len = OK(xfs_listxattr(fs.mp, o->path, false, list, sizeof(list)));
	for (char *p = list; p < list + len; p += strlen(p) + 1, n++)
		CHECK(find(o, p));
	CHECK(n == o->nattrs);
	note_form(o);
}

static void compare_all(void)
{
	for (int i = 0; i < OBJECTS; i++)
		compare(&objects[i]);
}

/*
 * ---- the volume --------------------------------------------------------------------------------
 */

static void print_line(FILE *f, const char *path, const char *name, const uint8_t *p, size_t len)
{
	fprintf(f, "%s %s %zu %08" PRIx32 "\n", path, name, len, sum(p, len));
}

static void save(const char *what)
{
	char name[64];
	FILE *f;

	snprintf(name, sizeof(name), "attr-%d-%d-%s", geo_index, phase, what);
	f = test_fs_save_work(name);
	if (!f)
		return;
	for (int i = 0; i < OBJECTS; i++) {
		size_t all = 0;

		/* Longer lists the kernel does not give. */
		for (uint32_t k = 0; k < MAX_ATTRS; k++)
			all += objects[i].attrs[k].used ? strlen(objects[i].attrs[k].name) + 1 : 0;
		for (uint32_t k = 0; k < MAX_ATTRS && all <= 65536; k++) {
			struct attr *a = &objects[i].attrs[k];

			if (!a->used)
				continue;
			fill(value, a->len, a->seed);
			print_line(f, objects[i].path, a->name, value, a->len);
		}
	}
	fclose(f);
}

static void judge(const char *what)
{
	compare_all();
	test_fs_close_and_check(&fs);
	save(what);
	test_fs_open(&fs);
	compare_all();
	phase++;
}

static void make_volume(const struct geometry *g)
{
	struct xfs_file *file;
	char target[331];

	for (int i = 0; i < OBJECTS; i++) {
		objects[i].nattrs = 0;
		memset(objects[i].attrs, 0, sizeof(objects[i].attrs));
	}
	nlinks = nnames = 0;
	phase = 0;
	test_fs_make_on(&fs, test_fs_work_device(g->mib << 20), &g->mkfs);
	OK(xfs_open(fs.mp, "/file", O_CREAT | O_RDWR, 0644, &file));
	OK(xfs_close(file));
	OK(xfs_open(fs.mp, "/big", O_CREAT | O_RDWR, 0644, &file));
	OK(xfs_close(file));
	OK(xfs_mkdir(fs.mp, "/dir", 0755));
	OK(xfs_mkdir(fs.mp, "/links", 0755));
	OK(xfs_symlink(fs.mp, "short", "/link"));
	memset(target, 't', sizeof(target) - 1);
	target[sizeof(target) - 1] = '\0';
	OK(xfs_symlink(fs.mp, target, "/longlink"));
	OK(xfs_mknod(fs.mp, "/fifo", S_IFIFO | 0644, 0, 0));
}

static void check_links(void)
{
	char buf[1024];

	CHECK(OK(xfs_readlink(fs.mp, "/longlink", buf, sizeof(buf))) == 330);
	for (int i = 0; i < 330; i++)
		CHECK(buf[i] == 't');
	CHECK(OK(xfs_readlink(fs.mp, "/link", buf, sizeof(buf))) == 5);
}

static void one(const struct geometry *g)
{
	fprintf(stderr, "geometry %d: %s\n", geo_index, g->what);
	make_volume(g);
	/* Few and small: in the inode, and over its edge. */
	for (int i = 0; i < 1500; i++) {
		step(&objects[below(OBJECTS)], 1 + below(10), 0);
		if (below(3) == 0)
			change_data();
		if (below(6) == 0)
			change_links();
	}
	check_links();
	judge("small");
	/* All sizes of values. */
	for (int i = 0; i < 1500; i++) {
		step(&objects[below(OBJECTS)], 12, 30);
		if (below(3) == 0)
			change_data();
		if (below(4) == 0)
			change_links();
	}
	judge("values");
	for (int i = 0; i < OBJECTS; i++)
		shrink_to(&objects[i], below(3));
	judge("shrunk");
	/* Very many, so that the fork becomes a tree. */
	grow_to(&objects[4], g->many, 3, 10);
	for (uint32_t i = 0; i < 300; i++)
		change_links();
	judge("many");
	for (uint32_t i = 0; i < g->many; i++)
		step(&objects[4], g->many / 2, 5);
	judge("mixed");
	shrink_to(&objects[4], 40);
	judge("few");
	for (int i = 0; i < OBJECTS; i++)
		shrink_to(&objects[i], 0);
	judge("none");
	/* What is removed with its attributes takes them along. */
	grow_to(&objects[4], g->many / 4, 10, 10);
	compare(&objects[4]);
	OK(xfs_unlink(fs.mp, "/big"));
	test_fs_end(&fs);
}

/* ---- the other side: a mounted volume -------------------------------------------------------- */

static int list_mounted(const char *top)
{
	for (int i = 0; i < OBJECTS; i++) {
		char path[4096];
		ssize_t len;

		snprintf(path, sizeof(path), "%s%s", top, objects[i].path);
		len = llistxattr(path, list, sizeof(list));
		if (len < 0 && (errno == E2BIG || errno == ENOENT))
			continue;
		if (len < 0)
			return perror(path), 1;
		for (char *p = list; p < list + len; p += strlen(p) + 1) {
			ssize_t size = lgetxattr(path, p, got, sizeof(got));

			if (size < 0)
				return perror(p), 1;
			print_line(stdout, objects[i].path, p, got, (size_t)size);
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	static const struct geometry geos[] = {
		{"4k", {.size = sizeof(geos[0].mkfs)}, 512, 1500},
		{"4k, no parent pointers",
		 {.size = sizeof(geos[0].mkfs), .profile = XFS_MKFS_PROFILE_6_1},
		 512,
		 1500},
		{"1k, no parent pointers",
		 {.size = sizeof(geos[0].mkfs), .profile = XFS_MKFS_PROFILE_6_1, .blocksize = 1024},
		 512,
		 3900},
		{"1k", {.size = sizeof(geos[0].mkfs), .blocksize = 1024}, 512, 1200},
		{"64k", {.size = sizeof(geos[0].mkfs), .blocksize = 65536}, 4096, 3000},
		{"4k, inodes of 2k, directory blocks of 16k",
		 {.size = sizeof(geos[0].mkfs), .inodesize = 2048, .dirblocksize = 16384},
		 512,
		 1500},
		{"4k, inodes of 1k, no wide counters, no reverse map",
		 {.size = sizeof(geos[0].mkfs),
		  .inodesize = 1024,
		  .nrext64 = XFS_MKFS_OFF,
		  .rmapbt = XFS_MKFS_OFF},
		 512,
		 1500},
	};
	const char *only = getenv("XFSWRITE_GEOMETRY");

	if (argc == 3 && !strcmp(argv[1], "--list"))
		return list_mounted(argv[2]);
	test_seed_init(1);
	for (size_t i = 0; i < sizeof(geos) / sizeof(geos[0]); i++) {
		geo_index = (int)i;
		rnd = test_rand(i);
		if (!only || atoi(only) == (int)i)
			one(&geos[i]);
	}
	if (!only)
		CHECK(seen_form[0] && seen_form[1] && seen_form[2] && seen_form[3]);
	printf("every attribute equal to the model, checker silent\n");
	return 0;
}
