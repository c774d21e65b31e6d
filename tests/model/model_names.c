/* SPDX-License-Identifier: MIT */
/*
 * Goal: creating, linking, renaming and removing through the public calls leaves
 *       what a plain model of a directory tree says, and a volume without fault.
 * Method: seeded random operations on both; after each batch the tree is
 *       compared, the volume closed, checked, and opened again.  Several geometries.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "support/test_fs.h"
#include "support/test_seed.h"

#define MAX_NODES	600
#define MAX_NAMES	4000
#define BATCHES		6
#define OPS		1500

enum type { FREE, FILE_T, DIR_T, LINK_T, FIFO_T, DEV_T };

struct node {
	enum type type;
	uint32_t nlink;
	int parent;		/* directories */
	uint64_t ino;
	char target[1024];	/* symlinks */
	uint32_t mode;
};

struct name {
	bool used;
	int dir, node;
	char name[256];
};

static struct node nodes[MAX_NODES];
static struct name names[MAX_NAMES];
static struct test_fs fs;
static struct xfs_rand rnd;

#define CHECK(cond) \
	((cond) ? (void)0 : test_fs_die(&fs, __FILE__, __LINE__, #cond, "%s", "names and links"))

static uint32_t below(uint32_t n)
{
	return (uint32_t)xfs_rand_below(&rnd, n);
}

/* Path of a directory node, from the root. */
static void dir_path(int n, char *out)
{
	char tmp[8192], part[8192];

	out[0] = '\0';
	while (n != 0) {
		for (int i = 0; i < MAX_NAMES; i++) {
			if (names[i].used && names[i].node == n) {
				snprintf(part, sizeof(part), "/%s", names[i].name);
				snprintf(tmp, sizeof(tmp), "%s%s", part, out);
				strcpy(out, tmp);
				break;
			}
		}
		n = nodes[n].parent;
	}
}

static void full_path(int dir, const char *name, char *out)
{
	dir_path(dir, out);
	strcat(out, "/");
	strcat(out, name);
}

static int find_name(int dir, const char *name)
{
	for (int i = 0; i < MAX_NAMES; i++) {
		if (names[i].used && names[i].dir == dir && !strcmp(names[i].name, name))
			return i;
	}
	return -1;
}

static int add_name(int dir, const char *name, int node)
{
	for (int i = 0; i < MAX_NAMES; i++) {
		if (!names[i].used) {
			names[i].used = true;
			names[i].dir = dir;
			names[i].node = node;
			snprintf(names[i].name, sizeof(names[i].name), "%s", name);
			return i;
		}
	}
	return -1;
}

static int random_dir(void)
{
	for (;;) {
		int n = (int)below(MAX_NODES);

		if (nodes[n].type == DIR_T)
			return n;
		if (below(20) == 0)
			return 0;
	}
}

static int random_name(void)
{
	for (int tries = 0; tries < 2000; tries++) {
		int i = (int)below(MAX_NAMES);

		if (names[i].used)
			return i;
	}
	return -1;
}

static void make_name(char *out)
{
	static const char pool[] = "abcdefghijklmnopqrstuvwxyz0123456789._-";
	uint32_t len = below(10) == 0 ? 1 + below(255) : 1 + below(12);

	for (uint32_t i = 0; i < len; i++)
		out[i] = pool[below((uint32_t)sizeof(pool) - 1)];
	out[len] = '\0';
	if (!strcmp(out, ".") || !strcmp(out, ".."))
		out[0] = 'x';
}

static bool dir_empty(int n)
{
	for (int i = 0; i < MAX_NAMES; i++) {
		if (names[i].used && names[i].dir == n)
			return false;
	}
	return true;
}

static bool below_dir(int n, int top)
{
	while (n != 0) {
		if (n == top)
			return true;
		n = nodes[n].parent;
	}
	return top == 0;
}

static void drop_node_link(int n)
{
	if (nodes[n].type == DIR_T) {
		nodes[nodes[n].parent].nlink--;
		nodes[n].type = FREE;
	} else if (--nodes[n].nlink == 0) {
		nodes[n].type = FREE;
	}
}

static void op_create(void)
{
	static const mode_t modes[] = { 0, S_IFREG, S_IFDIR, S_IFLNK, S_IFIFO, S_IFCHR };
	char name[256], path[16384], target[1024];
	enum type type = (enum type)(FILE_T + below(5));
	int dir = random_dir(), n, want = 0, ret;

	make_name(name);
	for (n = 1; n < MAX_NODES && nodes[n].type != FREE; n++)
		;
	if (n == MAX_NODES)
		return;
	if (find_name(dir, name) >= 0)
		want = -EEXIST;
	full_path(dir, name, path);
	if (type == LINK_T) {
		uint32_t len = below(4) ? 1 + below(60) : 1 + below(1023);

		memset(target, 'a' + (int)below(26), len);
		target[len] = '\0';
		ret = xfs_symlink(fs.mp, target, path);
	} else if (type == DIR_T) {
		ret = xfs_mkdir(fs.mp, path, 0755);
	} else if (type == FILE_T && below(2)) {
		struct xfs_file *file;

		ret = xfs_open(fs.mp, path, O_CREAT | O_EXCL | O_RDWR, 0644, &file);
		if (!ret)
			xfs_close(file);
	} else {
		ret = xfs_mknod(fs.mp, path, modes[type] | 0644, 5, 77);
	}
	CHECK(ret == want);
	if (ret)
		return;
	memset(&nodes[n], 0, sizeof(nodes[n]));
	nodes[n].type = type;
	nodes[n].nlink = type == DIR_T ? 2 : 1;
	nodes[n].parent = dir;
	if (type == LINK_T)
		strcpy(nodes[n].target, target);
	CHECK(add_name(dir, name, n) >= 0);
	if (type == DIR_T)
		nodes[dir].nlink++;
}

static void op_link(void)
{
	char from[16384], to[16384], name[256];
	int i = random_name(), dir = random_dir(), want = 0, ret;

	if (i < 0)
		return;
	make_name(name);
	full_path(names[i].dir, names[i].name, from);
	full_path(dir, name, to);
	if (find_name(dir, name) >= 0)
		want = -EEXIST;
	else if (nodes[names[i].node].type == DIR_T)
		want = -EPERM;
	ret = xfs_link(fs.mp, from, to);
	CHECK(ret == want);
	if (ret)
		return;
	nodes[names[i].node].nlink++;
	CHECK(add_name(dir, name, names[i].node) >= 0);
}

static void op_remove(void)
{
	char path[16384];
	int i = random_name(), n, ret, want = 0;

	if (i < 0)
		return;
	n = names[i].node;
	full_path(names[i].dir, names[i].name, path);
	if (nodes[n].type == DIR_T) {
		CHECK(xfs_unlink(fs.mp, path) == -EISDIR);
		want = dir_empty(n) ? 0 : -ENOTEMPTY;
		ret = xfs_rmdir(fs.mp, path);
	} else {
		CHECK(xfs_rmdir(fs.mp, path) == -ENOTDIR);
		ret = xfs_unlink(fs.mp, path);
	}
	CHECK(ret == want);
	if (ret)
		return;
	drop_node_link(n);
	names[i].used = false;
}

static int rename_expect(int i, int dir, int target)
{
	int src = names[i].node;

	if (nodes[src].type == DIR_T && names[i].dir != dir && below_dir(dir, src))
		return -EINVAL;
	if (target < 0)
		return 0;
	if (nodes[target].type == DIR_T && names[i].dir != dir && below_dir(names[i].dir, target))
		return -ENOTEMPTY;
	if (target == src)
		return 0;
	if (nodes[src].type == DIR_T && nodes[target].type != DIR_T)
		return -ENOTDIR;
	if (nodes[src].type != DIR_T && nodes[target].type == DIR_T)
		return -EISDIR;
	if (nodes[target].type == DIR_T && !dir_empty(target))
		return -EEXIST;
	return 0;
}

static void op_rename(void)
{
	char from[16384], to[16384], name[256];
	int i = random_name(), j, dir = random_dir(), src, target, ret, want;

	if (i < 0)
		return;
	make_name(name);
	if (below(3) == 0) {
		/* Over something that is there. */
		j = random_name();
		if (j >= 0) {
			dir = names[j].dir;
			strcpy(name, names[j].name);
		}
	}
	full_path(names[i].dir, names[i].name, from);
	full_path(dir, name, to);
	src = names[i].node;
	j = find_name(dir, name);
	target = j < 0 ? -1 : names[j].node;
	want = rename_expect(i, dir, target);
	ret = xfs_rename(fs.mp, from, to);
	if (ret != want)
		fprintf(stderr, "rename %s -> %s: %d, expected %d\n", from, to, ret, want);
	CHECK(ret == want);
	if (ret || target == src)
		return;
	if (target >= 0) {
		drop_node_link(target);
		names[j].used = false;
	}
	if (nodes[src].type == DIR_T) {
		nodes[names[i].dir].nlink--;
		nodes[dir].nlink++;
		nodes[src].parent = dir;
	}
	names[i].dir = dir;
	strcpy(names[i].name, name);
}

static void op_chmod(void)
{
	char path[16384];
	int i = random_name();
	uint32_t mode = below(07777);

	if (i < 0 || nodes[names[i].node].type == LINK_T)
		return;
	full_path(names[i].dir, names[i].name, path);
	CHECK(xfs_chmod(fs.mp, path, mode) == 0);
	nodes[names[i].node].mode = mode + 1;
}

static void compare_node(int i)
{
	static const mode_t modes[] = { 0, S_IFREG, S_IFDIR, S_IFLNK, S_IFIFO, S_IFCHR };
	const struct node *n = &nodes[names[i].node];
	char path[16384], target[1100];
	struct stat st;

	full_path(names[i].dir, names[i].name, path);
	CHECK(xfs_lstat(fs.mp, path, &st) == 0);
	CHECK((st.st_mode & S_IFMT) == modes[n->type]);
	CHECK(st.st_nlink == n->nlink);
	if (n->mode)
		CHECK((st.st_mode & 07777) == n->mode - 1);
	if (n->type == LINK_T) {
		ssize_t len = xfs_readlink(fs.mp, path, target, sizeof(target));

		CHECK(len == (ssize_t)strlen(n->target));
		CHECK(!memcmp(target, n->target, (size_t)len));
		CHECK(st.st_size == len);
	}
}

/* Every directory lists exactly the names of the model. */
static void compare_dir(int dir)
{
	static bool seen[MAX_NAMES];
	struct xfs_dirent ent = XFS_DIRENT_INIT;
	struct xfs_dir *d;
	char path[16384];
	struct stat st;
	int ret, dots = 0;

	memset(seen, 0, sizeof(seen));
	dir_path(dir, path);
	if (!path[0])
		strcpy(path, "/");
	CHECK(xfs_stat(fs.mp, path, &st) == 0);
	CHECK(st.st_nlink == nodes[dir].nlink);
	CHECK(xfs_opendir(fs.mp, path, &d) == 0);
	while ((ret = xfs_readdir(d, &ent)) == 1) {
		int i;

		if (!strcmp(ent.name, ".") || !strcmp(ent.name, "..")) {
			dots++;
			continue;
		}
		i = find_name(dir, ent.name);
		CHECK(i >= 0 && !seen[i]);
		seen[i] = true;
	}
	CHECK(ret == 0 && dots == 2);
	xfs_closedir(d);
	for (int i = 0; i < MAX_NAMES; i++)
		CHECK(!names[i].used || names[i].dir != dir || seen[i]);
}

static void compare(void)
{
	for (int i = 0; i < MAX_NAMES; i++) {
		if (names[i].used)
			compare_node(i);
	}
	for (int n = 0; n < MAX_NODES; n++) {
		if (nodes[n].type == DIR_T)
			compare_dir(n);
	}
}

static void one_volume(const struct xfs_mkfs_options *mkfs, uint64_t size)
{
	memset(nodes, 0, sizeof(nodes));
	memset(names, 0, sizeof(names));
	nodes[0].type = DIR_T;
	nodes[0].nlink = 2;
	test_fs_make(&fs, size, mkfs);
	for (int batch = 0; batch < BATCHES; batch++) {
		/* Grow first, then shrink. */
		uint32_t grow = batch < BATCHES / 2 ? 60 : 25;

		for (int i = 0; i < OPS; i++) {
			uint32_t what = below(100);

			if (what < grow)
				op_create();
			else if (what < grow + 10)
				op_link();
			else if (what < grow + 22)
				op_rename();
			else if (what < grow + 25)
				op_chmod();
			else
				op_remove();
		}
		compare();
		test_fs_close_and_check(&fs);
		test_fs_open(&fs);
		compare();
	}
	test_fs_end(&fs);
}

int main(void)
{
	struct xfs_mkfs_options geos[] = {
		{ .size = sizeof(geos[0]) },
		{ .size = sizeof(geos[0]), .blocksize = 1024 },
		{ .size = sizeof(geos[0]), .blocksize = 1024, .dirblocksize = 1024, .parent = XFS_MKFS_OFF },
		{ .size = sizeof(geos[0]), .blocksize = 65536 },
		{ .size = sizeof(geos[0]), .sectsize = 4096, .inodesize = 2048, .dirblocksize = 65536 },
		{ .size = sizeof(geos[0]), .profile = XFS_MKFS_PROFILE_6_1, .sparse = XFS_MKFS_OFF,
		  .finobt = XFS_MKFS_OFF, .inobtcount = XFS_MKFS_OFF, .reflink = XFS_MKFS_OFF,
		  .bigtime = XFS_MKFS_OFF },
	};

	test_seed_init(1);
	rnd = test_rand(1);
	for (size_t i = 0; i < sizeof(geos) / sizeof(geos[0]); i++) {
		fprintf(stderr, "geometry %zu\n", i);
		one_volume(&geos[i], (uint64_t)(geos[i].blocksize == 65536 ? 1024 : 256) << 20);
	}
	printf("6 volumes, %d operations each: equal to the model, checker silent\n", BATCHES * OPS);
	return 0;
}
