/* SPDX-License-Identifier: MIT */
/* xfsw ls */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "xfsw/walk.h"

struct listing {
	struct xfsw_call *call;
	struct xfsw_json json;
	bool lines, recurse, inodes, escape, need_stat;
	bool printed;			/* a block of names stands before */
	struct xfsw_str path;		/* of an entry */
	int code;
};

static int link_target(struct xfs_file *file, char *target, size_t size)
{
	ssize_t len = xfs_freadlink(file, target, size - 1);

	if (len < 0)
		return (int)len;
	target[len] = 0;
	return 0;
}

static void print_long(const struct xfs_stat *st)
{
	char mode[11], when[40];

	xfsw_mode_string(st->mode, mode);
	xfsw_time_string(&st->mtime, false, when);
	printf("%s %4u %6u %6u ", mode, st->nlink, st->uid, st->gid);
	if (S_ISCHR(st->mode) || S_ISBLK(st->mode))
		printf("%5u, %5u", st->rdev_major, st->rdev_minor);
	else
		printf("%12ju", (uintmax_t)st->size_bytes);
	printf(" %s ", when);
}

static void print_json(struct xfsw_json *j, const char *path, uint64_t ino, uint8_t type,
		       const struct xfs_stat *st, const char *target)
{
	json_open(j, NULL, '{');
	json_bytes(j, "path", path, strlen(path));
	json_u64(j, "ino", ino);
	json_str(j, "type", xfsw_type_name(st ? st->mode : (uint32_t)DTTOIF(type)));
	if (st) {
		json_u64(j, "mode", st->mode & 07777);
		json_u64(j, "nlink", st->nlink);
		json_u64(j, "uid", st->uid);
		json_u64(j, "gid", st->gid);
		json_u64(j, "size", st->size_bytes);
		json_time(j, "mtime", &st->mtime);
		if (S_ISCHR(st->mode) || S_ISBLK(st->mode)) {
			json_u64(j, "rdev_major", st->rdev_major);
			json_u64(j, "rdev_minor", st->rdev_minor);
		}
	}
	if (target)
		json_bytes(j, "target", target, strlen(target));
	json_close(j, '}');
}

/* @file may be NULL when nothing of the object but name, number and type is wanted. */
static int print_object(struct listing *l, const char *shown, const char *path, uint64_t ino,
			uint8_t type, struct xfs_file *file)
{
	char target[1025], *link = NULL;
	struct xfs_stat st;
	int error;

	if (file) {
		error = xfs_fgetattr(file, &st);
		if (!error && S_ISLNK(st.mode)) {
			error = link_target(file, target, sizeof(target));
			link = target;
		}
		if (error)
			return error;
	}
	if (l->json.out) {
		print_json(&l->json, path, ino, type, file ? &st : NULL, link);
		return 0;
	}
	if (l->inodes)
		printf("%10ju ", (uintmax_t)ino);
	if (l->lines)
		print_long(&st);
	xfsw_print_name(stdout, shown, strlen(shown), l->escape);
	if (l->lines && link) {
		fputs(" -> ", stdout);
		xfsw_print_name(stdout, link, strlen(link), l->escape);
	}
	putchar('\n');
	return 0;
}

static int list_entry(struct listing *l, const struct xfsw_node *node,
		      const struct xfsw_name *name)
{
	struct xfs_file *file = NULL;
	int error = 0;

	if (!str_set(&l->path, node->path) || !str_join(&l->path, l->path.len, name->name))
		return -ENOMEM;
	if (l->need_stat || name->type == DT_UNKNOWN)
		error = xfs_openat(node->file, name->name, O_PATH | O_NOFOLLOW, 0, &file);
	if (!error)
		error = print_object(l, name->name, l->path.s, name->ino, name->type, file);
	if (file)
		xfs_close(file);
	return error;
}

static int list_names(struct xfsw_walk *walk, struct xfsw_node *node,
		      const struct xfsw_names *names)
{
	struct listing *l = walk->ctx;

	if (l->recurse && !l->json.out) {
		printf("%s", l->printed ? "\n" : "");
		xfsw_print_name(stdout, node->path, strlen(node->path), l->escape);
		fputs(":\n", stdout);
	}
	l->printed = true;
	for (size_t i = 0; i < names->n && !xfsw_interrupted(); i++) {
		int error = list_entry(l, node, &names->v[i]);

		/* One damaged object does not hide the others. */
		if (error)
			xfsw_walk_tell(walk, l->path.s, error);
	}
	return 0;
}

static const struct xfsw_visitor list_visitor = { .names = list_names };

static int list_path(struct listing *l, const char *path)
{
	bool as_itself = xfsw_has(l->call, 'd');
	struct xfsw_walk walk = {
		.call = l->call, .visitor = &list_visitor, .ctx = l,
		.flags = l->lines ? 0 : XFSW_WALK_FOLLOW,
		.max_level = l->recurse ? XFSW_ALL_LEVELS : 0,
	};
	struct xfs_file *file;
	struct xfs_stat st;
	int error;

	/* A link named on the command line is followed, unless its own line is wanted. */
	error = xfs_open(l->call->img->mp, path, O_PATH | (as_itself || l->lines ? O_NOFOLLOW : 0),
			 0, &file);
	if (error)
		return xfsw_fail(l->call, path, error);
	error = xfs_fgetattr(file, &st);
	if (!error && S_ISDIR(st.mode) && !as_itself) {
		xfs_close(file);
		return xfsw_walk(&walk, path);
	}
	if (!error)
		error = print_object(l, path, path, st.ino, (uint8_t)IFTODT(st.mode), file);
	xfs_close(file);
	return error ? xfsw_fail(l->call, path, error) : 0;
}

static int run_ls(struct xfsw_call *call)
{
	static char root[] = "/", *const only_root[] = { root };
	char *const *paths = call->argc ? call->argv : only_root;
	int npaths = call->argc ? call->argc : 1;
	struct listing l = {
		.call = call,
		.lines = xfsw_has(call, 'l'),
		.recurse = xfsw_has(call, 'R'),
		.inodes = xfsw_has(call, 'i'),
		.escape = xfsw_has(call, 'b') || isatty(STDOUT_FILENO),
		.json.out = xfsw_has(call, XFSW_OPT_JSON) ? stdout : NULL,
	};
	int finished;

	l.need_stat = l.lines || l.json.out;
	if (l.json.out)
		json_open(&l.json, NULL, '[');
	for (int i = 0; i < npaths; i++) {
		int code = list_path(&l, paths[i]);

		if (code > l.code)
			l.code = code;
	}
	if (l.json.out) {
		json_finish(&l.json, call, ']');
	}
	str_free(&l.path);
	finished = xfsw_finish_output(call);
	return l.code ? l.code : finished;
}

const struct xfsw_verb verb_ls = {
	.name = "ls",
	.operands = "[-lRidb] IMG [PATH...]",
	.summary = "List directories, sorted by name",
	.help = "Without a PATH the root directory is listed.\n\n"
		"  -l               mode, links, owner, size, mtime (UTC), target of links\n"
		"  -R               go down into directories\n"
		"  -i               inode numbers\n"
		"  -d               a directory itself, not what is in it\n"
		"  -b               control characters and backslashes as escapes (always on a\n"
		"                   terminal)\n",
	.shortopts = "lRidb",
	.open = XFSW_OPEN_READ,
	.flags = XFSW_JSON,
	.max_operands = -1,
	.run = run_ls,
};
