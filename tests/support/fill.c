/* SPDX-License-Identifier: MIT */
/*
 * Each section works in a directory of its own below the top and draws from its
 * own stream of random numbers, so that leaving one out does not change the
 * others.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "support/fill.h"

#define PATH_BYTES	6144

struct filler {
	const struct test_fill_options *o;
	const struct test_fill_ops *ops;
	void *fs;
	struct test_fill_result *res;
	uint64_t rng;
	int error;
	char dir[4096];			/* of the section */
	unsigned char buf[65536];
};

typedef struct { char s[PATH_BYTES]; } path_t;

static uint64_t draw(struct filler *f)
{
	uint64_t z = f->rng += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

static unsigned int pick(struct filler *f, unsigned int n)
{
	return n ? (unsigned int)(draw(f) % n) : 0;
}

static unsigned int amount(const struct filler *f, unsigned int n)
{
	uint64_t v = (uint64_t)n * f->o->percent / 100;

	return v ? (unsigned int)v : 1;
}

/* Errors a feature set or a full device may give; the tree is poorer then, not wrong. */
static bool allowed(int err)
{
	static const int list[] = { EOPNOTSUPP, ENOTTY, EPERM,	      EINVAL,	 ENOSPC,
				    EFBIG,	ENOSYS, EEXIST,	      ENODATA,	 E2BIG,
				    ENOENT,	EMLINK, ENAMETOOLONG, ENOTEMPTY, EISDIR };

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		if (list[i] == err)
			return true;
	}
	return false;
}

/* Count a call; false: it was refused. */
static bool ok(struct filler *f, long ret, const char *what, const char *path)
{
	f->res->calls++;
	if (ret >= 0)
		return true;
	f->res->refused++;
	if (!allowed((int)-ret) && !f->error) {
		f->error = (int)ret;
		snprintf(f->res->failed, sizeof(f->res->failed), "%s %.120s: %s", what, path,
			 strerror((int)-ret));
	}
	return false;
}

__attribute__((format(printf, 2, 3)))
static path_t in(const struct filler *f, const char *fmt, ...)
{
	path_t p;
	size_t n = (size_t)snprintf(p.s, sizeof(p.s), "%s/", f->dir);
	va_list args;

	va_start(args, fmt);
	vsnprintf(p.s + n, sizeof(p.s) - n, fmt, args);
	va_end(args);
	return p;
}

static void make_dir(struct filler *f, path_t p)
{
	ok(f, f->ops->mkdir(f->fs, p.s), "mkdir", p.s);
}

static intptr_t make_file(struct filler *f, path_t p)
{
	intptr_t file = f->ops->open(f->fs, p.s);

	ok(f, file, "create", p.s);
	return file;
}

static void end_file(struct filler *f, intptr_t file)
{
	if (file >= 0)
		ok(f, f->ops->close(f->fs, file), "close", f->dir);
}

static void touch(struct filler *f, path_t p)
{
	end_file(f, make_file(f, p));
}

static void put(struct filler *f, intptr_t file, uint64_t off, size_t len)
{
	while (file >= 0 && len) {
		size_t n = len < sizeof(f->buf) ? len : sizeof(f->buf);

		memset(f->buf, (int)('A' + off / 4096 % 26), n);
		if (!ok(f, f->ops->pwrite(f->fs, file, f->buf, n, off), "write", f->dir))
			return;
		off += n;
		len -= n;
	}
}

static void punch(struct filler *f, intptr_t file, int mode, uint64_t off, uint64_t len)
{
	if (file >= 0)
		ok(f, f->ops->fallocate(f->fs, file, mode, off, len), "fallocate", f->dir);
}

static void flush(struct filler *f, intptr_t file)
{
	if (file >= 0)
		ok(f, f->ops->fsync(f->fs, file), "fsync", f->dir);
}

static void cut(struct filler *f, intptr_t file, uint64_t size)
{
	if (file >= 0)
		ok(f, f->ops->truncate(f->fs, file, size), "truncate", f->dir);
}

static void make_link(struct filler *f, path_t old, path_t p)
{
	ok(f, f->ops->link(f->fs, old.s, p.s), "link", p.s);
}

static void make_symlink(struct filler *f, const char *target, path_t p)
{
	ok(f, f->ops->symlink(f->fs, target, p.s), "symlink", p.s);
}

static void make_node(struct filler *f, path_t p, mode_t mode, unsigned int major,
		      unsigned int minor)
{
	ok(f, f->ops->mknod(f->fs, p.s, mode, major, minor), "mknod", p.s);
}

static void drop(struct filler *f, path_t p)
{
	ok(f, f->ops->remove(f->fs, p.s, false), "unlink", p.s);
}

static void move(struct filler *f, path_t from, path_t to, unsigned int flags)
{
	ok(f, f->ops->rename(f->fs, from.s, to.s, flags), "rename", from.s);
}

static void set_attr(struct filler *f, path_t p, const char *name, size_t len)
{
	memset(f->buf, (int)('a' + len % 26), len);
	ok(f, f->ops->setxattr(f->fs, p.s, name, f->buf, len), "setxattr", p.s);
}

static void drop_attr(struct filler *f, path_t p, const char *name)
{
	ok(f, f->ops->removexattr(f->fs, p.s, name), "removexattr", p.s);
}

/* A name of @len bytes, different for each @n: letters, UTF-8, or any bytes. */
static void make_name(struct filler *f, char *out, unsigned int len, unsigned int kind,
		      unsigned int n)
{
	static const char *const wide[] = { "ä", "ß", "ж", "Ω", "日", "語", "😀", "é" };
	unsigned int have = (unsigned int)sprintf(out, "%x.", n);

	while (have < len) {
		const char *w = wide[pick(f, 8)];

		if (kind == 1 && have + strlen(w) <= len) {
			have += (unsigned int)sprintf(out + have, "%s", w);
		} else if (kind == 2) {
			unsigned char c = (unsigned char)(1 + pick(f, 255));

			out[have++] = (char)(c == '/' ? '|' : c);
		} else {
			out[have++] = (char)('a' + pick(f, 26));
		}
	}
	out[have] = 0;
}

/* ---- directories ---- */

struct dir_plan {
	const char *name;
	unsigned int entries, remove_percent, namelen;	/* namelen 0: all sorts */
};

/* Mostly hard links to a few files: names are what counts here, not inodes. */
static void one_dir(struct filler *f, const struct dir_plan *plan)
{
	path_t dir = in(f, "%s", plan->name);
	char name[300];

	make_dir(f, dir);
	for (unsigned int i = 0; i < plan->entries && !f->error; i++) {
		unsigned int len = plan->namelen ? plan->namelen : pick(f, 8) ? 4 + pick(f, 30)
								    : 180 + pick(f, 76);
		unsigned int kind = pick(f, 10);
		path_t p, first = in(f, "%s/0.", plan->name);

		make_name(f, name, i ? len : 1, kind < 8 ? 0 : kind - 7, i);
		p = in(f, "%s/%s", plan->name, name);
		kind = pick(f, 100);
		if (i == 0)
			touch(f, first);
		else if (kind < 4)
			make_dir(f, p);
		else if (kind < 7)
			make_symlink(f, "over/there", p);
		else if (kind < 9)
			make_node(f, p, S_IFIFO | 0600, 0, 0);
		else if (kind < 20)
			touch(f, p);
		else
			make_link(f, first, p);
	}
}

struct name_list {
	struct { char *name; bool dir; } *v;
	size_t n;
};

static void note_name(void *ctx, const char *name, bool dir)
{
	struct name_list *l = ctx;

	if (!strcmp(name, "0."))
		return;		/* what the others are links to */
	l->v = realloc(l->v, (l->n + 1) * sizeof(*l->v));
	if (!l->v)
		abort();
	l->v[l->n].name = strdup(name);
	l->v[l->n++].dir = dir;
}

static void thin_out(struct filler *f, const struct dir_plan *plan)
{
	path_t dir = in(f, "%s", plan->name);
	struct name_list l = { 0 };

	ok(f, f->ops->list(f->fs, dir.s, note_name, &l), "readdir", dir.s);
	for (size_t i = 0; i < l.n; i++) {
		path_t p = in(f, "%s/%s", plan->name, l.v[i].name);

		if (pick(f, 100) < plan->remove_percent)
			ok(f, f->ops->remove(f->fs, p.s, l.v[i].dir), "remove", p.s);
		else if (pick(f, 20) == 0)
			move(f, p, in(f, "%s/re-%zu", plan->name, i), 0);
		free(l.v[i].name);
	}
	free(l.v);
}

/* Flipping bit 0 of one byte and bit 7 of the next leaves the directory hash alone. */
static void colliding_names(struct filler *f)
{
	make_dir(f, in(f, "collide"));
	for (unsigned int i = 0; i < amount(f, 700); i++) {
		char name[32] = "abcdefghijklmnopqrstuvwx";

		for (unsigned int k = 0; k < 12; k++) {
			if (i >> k & 1) {
				name[2 * k] = (char)(name[2 * k] ^ 1);
				name[2 * k + 1] = (char)(name[2 * k + 1] ^ 0x80);
			}
		}
		touch(f, in(f, "collide/%s", name));
		if (i % 5 == 4)
			drop(f, in(f, "collide/%s", name));
	}
}

static void fill_dirs(struct filler *f)
{
	unsigned int ds = f->o->dirblksize, per_block = ds / 48;
	unsigned int deep = ds <= 1024 ? 16000 : ds <= 4096 ? 5000 : ds / 6 + 1500;
	const struct dir_plan plan[] = {
		{ "empty", 0, 0, 0 },
		{ "one", 1, 0, 0 },
		{ "few", 5, 0, 6 },
		{ "short-full", f->o->inodesize >= 1024 ? 18 : 9, 0, 9 },
		{ "short-holes", 9, 50, 5 },
		{ "block", per_block / 2 + 12, 0, 12 },
		{ "block-holes", per_block / 2 + 12, 55, 0 },
		{ "leaf", amount(f, per_block * 3 + 20), 0, 20 },
		{ "leaf-holes", amount(f, per_block * 3 + 20), 75, 0 },
		{ "node", amount(f, deep), 0, 0 },
		{ "node-holes", amount(f, deep / 2), 85, 0 },
		{ "node-gone", amount(f, deep / 4), 100, 30 },
		{ "long", amount(f, ds / 60), 20, 255 },
	};

	for (size_t i = 0; i < sizeof(plan) / sizeof(plan[0]) && !f->error; i++) {
		one_dir(f, &plan[i]);
		if (plan[i].remove_percent)
			thin_out(f, &plan[i]);
	}
	colliding_names(f);
	make_dir(f, in(f, "lengths"));
	for (unsigned int i = 1; i <= 255; i += 3) {
		char name[256];

		memset(name, (int)('a' + i % 26), i);
		name[i] = 0;
		touch(f, in(f, "lengths/%s", name));
	}
	path_t deep_path = in(f, "deep");
	for (unsigned int i = 0; i < 40 && !f->error; i++) {
		make_dir(f, deep_path);
		snprintf(deep_path.s + strlen(deep_path.s), 16, "/d%u", i);
	}
}

/* ---- attributes ---- */

static const char *const user_space[] = { "user", "trusted", "security" };
static const char *const other_space[] = { "trusted", "security", "trusted" };

/* A thing that carries attributes: of each type in turn. */
static const char *const *attr_target(struct filler *f, path_t p, unsigned int kind)
{
	switch (kind % 5) {
	case 0:
		touch(f, p);
		return user_space;
	case 1:
		make_dir(f, p);
		return user_space;
	case 2:
		make_symlink(f, "some/where/else", p);
		break;
	case 3:
		make_node(f, p, S_IFIFO | 0644, 0, 0);
		break;
	default:
		make_node(f, p, S_IFCHR | 0600, 300, 7777);
	}
	return other_space;
}

static void attr_set(struct filler *f, path_t p, const char *const *space, const char *stem,
		     unsigned int count, unsigned int maxlen, unsigned int remove_percent)
{
	char name[300];

	for (unsigned int i = 0; i < count && !f->error; i++) {
		snprintf(name, sizeof(name), "%s.%s-%u", space[i % 3], stem, i);
		set_attr(f, p, name, pick(f, maxlen));
	}
	for (unsigned int i = 0; i < count; i++) {
		if (pick(f, 100) >= remove_percent)
			continue;
		snprintf(name, sizeof(name), "%s.%s-%u", space[i % 3], stem, i);
		drop_attr(f, p, name);
	}
}

static void put16(unsigned char **p, unsigned int v)
{
	*(*p)++ = (unsigned char)v;
	*(*p)++ = (unsigned char)(v >> 8);
}

static void set_acl(struct filler *f, path_t p, const char *name, unsigned int users)
{
	unsigned char acl[4 + 8 * 64], *q = acl;
	static const unsigned int plain[][2] = { { 1, 6 }, { 4, 5 }, { 16, 7 }, { 32, 4 } };

	put16(&q, 2);
	put16(&q, 0);
	for (unsigned int i = 0; i < 4; i++) {
		if (i == 2 && !users)
			continue;
		put16(&q, plain[i][0]);
		put16(&q, plain[i][1]);
		put16(&q, 0xffff);
		put16(&q, 0xffff);
		for (unsigned int u = 0; i == 0 && u < users; u++) {
			put16(&q, 2);
			put16(&q, u % 8);
			put16(&q, 1000 + u);
			put16(&q, 0);
		}
	}
	ok(f, f->ops->setxattr(f->fs, p.s, name, acl, (size_t)(q - acl)), "acl", p.s);
}

static void fill_attrs(struct filler *f)
{
	unsigned int bs = f->o->blocksize, node = amount(f, bs > 8192 ? 1200 : bs / 3 + 250);
	static const unsigned int sizes[] = {
		256, 761, 1024, 3065, 3066, 4040, 4041, 20000, 65536
	};
	path_t p;

	for (unsigned int k = 0; k < 10; k++) {
		p = in(f, "short-%u", k);
		attr_set(f, p, attr_target(f, p, k), "s", 1 + k / 5, 12, k > 6 ? 50 : 0);
		p = in(f, "leaf-%u", k);
		attr_set(f, p, attr_target(f, p, k), "leaf", amount(f, bs / 70), 40,
			 k > 4 ? 60 : 0);
		if (k >= 7)
			continue;
		p = in(f, "node-%u", k);
		attr_set(f, p, attr_target(f, p, k), "node", node, 90, k > 4 ? 80 : 10);
	}
	/* Values of their own blocks, replaced and removed. */
	for (unsigned int k = 0; k < 5; k++) {
		const char *const *space;
		char name[64];

		p = in(f, "remote-%u", k);
		space = attr_target(f, p, k);
		for (unsigned int i = 0; i < 9; i++) {
			snprintf(name, sizeof(name), "%s.value-%u", space[i % 3], i);
			set_attr(f, p, name, sizes[i]);
			if (i % 4 == k % 4)
				set_attr(f, p, name, sizes[8 - i]);
			if (i % 5 == 4)
				drop_attr(f, p, name);
		}
	}
	/* Names of all lengths in one fork; all attributes gone again. */
	p = in(f, "names");
	touch(f, p);
	for (unsigned int i = 1; i <= 250; i += 4) {
		char name[300] = "user.";

		memset(name + 5, (int)('a' + i % 26), i);
		name[5 + i] = 0;
		set_attr(f, p, name, i % 3 ? 9 : 0);
	}
	p = in(f, "gone");
	touch(f, p);
	attr_set(f, p, user_space, "g", 120, 60, 100);
	/* Both forks want the inode. */
	p = in(f, "both");
	intptr_t fd = make_file(f, p);
	for (unsigned int i = 0; i < 30; i++)
		put(f, fd, (uint64_t)i * 3 * bs, 100);
	end_file(f, fd);
	attr_set(f, p, user_space, "k", 30, 30, 0);
	p = in(f, "acl-file");
	touch(f, p);
	set_acl(f, p, "system.posix_acl_access", 3);
	p = in(f, "acl-big");
	touch(f, p);
	set_acl(f, p, "system.posix_acl_access", 50);
	p = in(f, "acl-dir");
	make_dir(f, p);
	set_acl(f, p, "system.posix_acl_access", 1);
	set_acl(f, p, "system.posix_acl_default", 4);
	touch(f, in(f, "acl-dir/heir"));
	make_dir(f, in(f, "acl-dir/heir-dir"));
}

/* ---- file data ---- */

static void share(struct filler *f, intptr_t from, path_t to, uint64_t src, uint64_t len,
		  uint64_t dst)
{
	intptr_t fd = make_file(f, to);

	if (fd >= 0 && from >= 0)
		ok(f, f->ops->clone(f->fs, from, src, len, fd, dst), "clone", to.s);
	end_file(f, fd);
}

static void fill_shared(struct filler *f)
{
	uint64_t bs = f->o->blocksize, blocks = amount(f, 200);
	intptr_t fd = make_file(f, in(f, "shared")), out;

	put(f, fd, 0, blocks * bs);
	flush(f, fd);
	for (unsigned int i = 0; i < 6; i++) {
		uint64_t src = pick(f, (unsigned int)blocks / 2), len = i ? 1 + pick(f, 40) : 0;
		path_t p = in(f, "clone-%u", i);

		share(f, fd, p, i ? src * bs : 0, len * bs, i * 3 * bs);
		out = make_file(f, p);
		for (unsigned int k = 0; k < 8 * i; k++)
			put(f, out, pick(f, 100) * bs, 1 + pick(f, (unsigned int)bs));
		end_file(f, out);
	}
	for (unsigned int i = 0; i < blocks / 2; i++)
		share(f, fd, in(f, "clone-pieces"), i * 2 * bs, bs, (i * 5 + 1) * bs);
	/* Within one file, and the original thinned out. */
	share(f, fd, in(f, "shared"), 0, 10 * bs, (blocks + 5) * bs);
	punch(f, fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 20 * bs, 7 * bs);
	end_file(f, fd);
}

static void fill_data(struct filler *f)
{
	static const unsigned int sizes[] = { 0,    1,	  511,	 512,	1023,	1025,	4095,
					      4096, 4097, 65535, 65537, 300000, 1048577 };
	static const uint64_t far[] = { 0, 1ull << 20, 1ull << 33, 1ull << 44, (1ull << 59) + 7 };
	uint64_t bs = f->o->blocksize;
	unsigned int n = amount(f, bs > 8192 ? 500 : bs > 1024 ? 4500 : 8000);
	const int hole = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
	intptr_t fd;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		fd = make_file(f, in(f, "size-%u", sizes[i]));
		put(f, fd, 0, sizes[i]);
		end_file(f, fd);
	}
	/* Every second block punched: as many extents as blocks. */
	fd = make_file(f, in(f, "tree-unwritten"));
	punch(f, fd, 0, 0, 2ull * n * bs);
	for (unsigned int i = 0; i < n && !f->error; i++)
		punch(f, fd, hole, (2 * i + 1) * bs, bs);
	end_file(f, fd);
	fd = make_file(f, in(f, "tree-shuffled"));
	for (unsigned int i = 0; i < n / 6; i++)
		put(f, fd, (i * 7919ull % (n / 6)) * 2 * bs, 40);
	end_file(f, fd);
	/* A tree that shrinks, to a lower one and back into the inode. */
	fd = make_file(f, in(f, "tree-thinned"));
	punch(f, fd, 0, 0, (uint64_t)n * bs);
	for (unsigned int i = 0; i < n / 2; i++)
		punch(f, fd, hole, (2 * i + 1) * bs, bs);
	for (unsigned int i = 0; i < n / 2; i++) {
		if (pick(f, 4))
			punch(f, fd, hole, 2 * i * bs, bs);
	}
	end_file(f, fd);
	fd = make_file(f, in(f, "tree-shrunk"));
	for (unsigned int i = 0; i < 300; i++)
		put(f, fd, i * 2 * bs, 20);
	flush(f, fd);
	cut(f, fd, 9 * bs);
	end_file(f, fd);
	fd = make_file(f, in(f, "mixed"));
	punch(f, fd, 0, 0, 300 * bs);
	for (unsigned int i = 0; i < 300; i++) {
		switch (pick(f, 4)) {
		case 0:
			put(f, fd, i * bs + pick(f, (unsigned int)bs / 2),
			    1 + pick(f, (unsigned int)bs));
			break;
		case 1:
			punch(f, fd, hole, i * bs, bs * (1 + pick(f, 3)));
			break;
		case 2:
			punch(f, fd, FALLOC_FL_ZERO_RANGE, i * bs, bs);
			break;
		default:
			break;
		}
	}
	end_file(f, fd);
	fd = make_file(f, in(f, "beyond-eof"));
	put(f, fd, 0, 5000);
	punch(f, fd, FALLOC_FL_KEEP_SIZE, 0, 1u << 20);
	end_file(f, fd);
	fd = make_file(f, in(f, "insert-collapse"));
	put(f, fd, 0, 64 * bs);
	flush(f, fd);
	punch(f, fd, FALLOC_FL_INSERT_RANGE, 8 * bs, 16 * bs);
	punch(f, fd, FALLOC_FL_COLLAPSE_RANGE, 4 * bs, 2 * bs);
	end_file(f, fd);
	fd = make_file(f, in(f, "far"));
	for (size_t i = 0; i < sizeof(far) / sizeof(far[0]); i++)
		put(f, fd, far[i], 100);
	end_file(f, fd);
	fd = make_file(f, in(f, "all-hole"));
	cut(f, fd, INT64_MAX);
	end_file(f, fd);
	fill_shared(f);
}

/* ---- the rest ---- */

static void set_xflags(struct filler *f, path_t p, uint32_t xflags, uint32_t extsize,
		       uint32_t cowextsize, uint32_t projid)
{
	ok(f, f->ops->xflags(f->fs, p.s, xflags, extsize, cowextsize, projid), "xflags", p.s);
}

static void fill_flags(struct filler *f)
{
	static const uint32_t file[] = { FS_XFLAG_APPEND,    FS_XFLAG_SYNC,	FS_XFLAG_NOATIME,
					 FS_XFLAG_NODUMP,    FS_XFLAG_NODEFRAG, FS_XFLAG_IMMUTABLE,
					 FS_XFLAG_FILESTREAM };
	static const uint32_t dir[] = { FS_XFLAG_PROJINHERIT, FS_XFLAG_NOSYMLINKS,
					FS_XFLAG_NODUMP };
	uint32_t bs = f->o->blocksize;

	for (size_t i = 0; i < sizeof(file) / sizeof(file[0]); i++) {
		touch(f, in(f, "flag-%zu", i));
		set_xflags(f, in(f, "flag-%zu", i), file[i], 0, 0, 0);
	}
	for (size_t i = 0; i < sizeof(dir) / sizeof(dir[0]); i++) {
		make_dir(f, in(f, "dirflag-%zu", i));
		set_xflags(f, in(f, "dirflag-%zu", i), dir[i], 0, 0, 70000 + (uint32_t)i);
		touch(f, in(f, "dirflag-%zu/heir", i));
		make_dir(f, in(f, "dirflag-%zu/heir-dir", i));
	}
	touch(f, in(f, "extsize"));
	set_xflags(f, in(f, "extsize"), FS_XFLAG_EXTSIZE, 16 * bs, 0, 0);
	intptr_t fd = make_file(f, in(f, "extsize"));
	put(f, fd, 3 * bs, 77);
	end_file(f, fd);
	make_dir(f, in(f, "extsize-dir"));
	set_xflags(f, in(f, "extsize-dir"), FS_XFLAG_EXTSZINHERIT, 8 * bs, 0, 0);
	touch(f, in(f, "extsize-dir/heir"));
	touch(f, in(f, "cowextsize"));
	set_xflags(f, in(f, "cowextsize"), FS_XFLAG_COWEXTSIZE, 0, 32 * bs, 0);
}

static void fill_renames(struct filler *f)
{
	for (unsigned int i = 0; i < 24; i++) {
		touch(f, in(f, "a%u", i));
		make_dir(f, in(f, "d%u", i));
		touch(f, in(f, "d%u/in", i));
	}
	for (unsigned int i = 0; i < 24; i++) {
		path_t x = in(f, "a%u", i), y = in(f, "a%u", (i + 7) % 24);
		path_t z = in(f, "d%u/moved-%u", pick(f, 24), i), d = in(f, "d%u", i);
		path_t e = in(f, "d%u/sub-%u", (i + 1) % 24, i);

		switch (i % 4) {
		case 0:
			move(f, x, y, 0);
			break;
		case 1:
			move(f, x, y, RENAME_EXCHANGE);
			break;
		case 2:
			move(f, x, z, RENAME_WHITEOUT);
			break;
		default:
			move(f, d, e, 0);
		}
	}
}

static void fill_misc(struct filler *f)
{
	static const unsigned int dev[][2] = { { 1, 3 }, { 0, 0 }, { 255, 255 }, { 511, 262143 } };
	static const unsigned int len[] = { 1,	 59,  156, 157, 192, 193,  336,
					    337, 848, 849, 968, 969, 1000, 1023 };
	static const int64_t when[] = { 0, -1, INT32_MIN, INT32_MAX, 4294967296ll, 16299260424ll };
	char target[1100];

	for (unsigned int i = 0; i < 4; i++) {
		make_node(f, in(f, "chr-%u", i), S_IFCHR | 0640, dev[i][0], dev[i][1]);
		make_node(f, in(f, "blk-%u", i), S_IFBLK | 0640, dev[i][0], dev[i][1]);
	}
	make_node(f, in(f, "fifo"), S_IFIFO | 0622, 0, 0);
	make_node(f, in(f, "socket"), S_IFSOCK | 0755, 0, 0);
	for (size_t i = 0; i < sizeof(len) / sizeof(len[0]); i++) {
		path_t p = in(f, "link-%u", len[i]);

		memset(target, (int)('a' + i), len[i]);
		target[len[i]] = 0;
		make_symlink(f, target, p);
		p = in(f, "link-attr-%u", len[i]);
		make_symlink(f, target, p);
		set_attr(f, p, "trusted.on-a-link", 30 + (unsigned int)i * 10);
	}
	for (size_t i = 0; i < sizeof(when) / sizeof(when[0]); i++) {
		struct timespec ts[2] = { { when[i], 1 }, { when[i], 999999999 } };
		path_t p = in(f, "time-%zu", i);

		touch(f, p);
		ok(f, f->ops->utimes(f->fs, p.s, ts), "utimens", p.s);
		ok(f, f->ops->chown(f->fs, p.s, (uint32_t)i * 40000, (uint32_t)i * 90000), "chown",
		   p.s);
		ok(f, f->ops->chmod(f->fs, p.s, (mode_t)(i * 01111)), "chmod", p.s);
	}
	make_dir(f, in(f, "hard"));
	touch(f, in(f, "hard/original"));
	for (unsigned int i = 0; i < amount(f, 180); i++) {
		if (i < 5)
			make_dir(f, in(f, "hard/h%u", i));
		make_link(f, in(f, "hard/original"),
			  in(f, "hard/h%u/a-rather-long-link-%u", i % 5, i));
	}
	make_link(f, in(f, "fifo"), in(f, "hard/fifo"));
	ok(f, f->ops->tmpfile(f->fs, f->dir, in(f, "was-tmpfile").s), "tmpfile", f->dir);
	fill_flags(f);
	fill_renames(f);
}

/*
 * Small files until free space is in small pieces, then more inodes, so that
 * chunks become sparse; then most of them go again.
 */
static void fill_churn(struct filler *f)
{
	unsigned int bs = f->o->blocksize, n = amount(f, 3000);

	make_dir(f, in(f, "files"));
	make_dir(f, in(f, "inodes"));
	for (unsigned int i = 0; i < n && !f->error; i++) {
		intptr_t fd = make_file(f, in(f, "files/%u", i));

		put(f, fd, 0, 1 + pick(f, 3 * bs > 16000 ? 16000 : 3 * bs));
		end_file(f, fd);
	}
	for (unsigned int i = 0; i < n; i++) {
		if (i % 2)
			drop(f, in(f, "files/%u", i));
	}
	for (unsigned int i = 0; i < n && !f->error; i++)
		touch(f, in(f, "inodes/%u", i));
	for (unsigned int i = 0; i < n; i++) {
		if (i % 64 < 58 || pick(f, 3) == 0)
			drop(f, in(f, "inodes/%u", i));
	}
}

static void section(struct filler *f, uint32_t bit, const char *name,
		    void (*fill)(struct filler *f))
{
	if (!(f->o->what & bit) || f->error)
		return;
	f->rng = f->o->seed * 0x2545f4914f6cdd1dull + bit;
	snprintf(f->dir, sizeof(f->dir), "%s/%s", f->o->top, name);
	ok(f, f->ops->mkdir(f->fs, f->dir), "mkdir", f->dir);
	fill(f);
	ok(f, f->ops->sync(f->fs, f->dir), "sync", f->dir);
}

int test_fill(const struct test_fill_options *opts, struct test_fill_result *result)
{
	struct filler *f = calloc(1, sizeof(*f));
	int error;

	memset(result, 0, sizeof(*result));
	if (!f)
		return -ENOMEM;
	f->o = opts;
	f->ops = opts->ops ? opts->ops : &test_fill_posix;
	f->fs = opts->fs;
	f->res = result;
	section(f, TEST_FILL_DIRS, "dirs", fill_dirs);
	section(f, TEST_FILL_ATTRS, "attrs", fill_attrs);
	section(f, TEST_FILL_DATA, "data", fill_data);
	section(f, TEST_FILL_MISC, "misc", fill_misc);
	section(f, TEST_FILL_CHURN, "churn", fill_churn);
	error = f->error;
	free(f);
	return error;
}
