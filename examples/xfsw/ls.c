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
	bool lines, recurse, inodes, escape, need_stat, dots, human, by_time;
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

static void print_long(const struct xfs_stat *st, bool human)
{
	char mode[11], when[40], size[16];

	xfsw_mode_string(st->mode, mode);
	xfsw_time_string(&st->mtime, false, when);
	printf("%s %4u %6u %6u ", mode, st->nlink, st->uid, st->gid);
	if (S_ISCHR(st->mode) || S_ISBLK(st->mode))
		printf("%5u, %5u", st->rdev_major, st->rdev_minor);
	else if (human)
		printf("%12s", xfsw_human(st->size_bytes, size));
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
	struct xfs_stat st = XFS_STAT_INIT;
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
		print_long(&st, l->human);
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

/* "." and "..", which a directory's names are read without. */
static void list_dots(struct listing *l, struct xfsw_walk *walk, struct xfsw_node *node)
{
	static char dot[] = ".", dotdot[] = "..";
	struct xfsw_name names[] = { { .name = dot, .type = DT_DIR, .ino = node->st.ino },
				     { .name = dotdot, .type = DT_DIR } };
	struct xfs_stat st = XFS_STAT_INIT;
	struct xfs_file *up;
	int error = xfs_openat(node->file, dotdot, O_PATH | O_NOFOLLOW, 0, &up);

	if (!error) {
		error = xfs_fgetattr(up, &st);
		xfs_close(up);
	}
	names[1].ino = error ? 0 : st.ino;
	for (size_t i = 0; i < 2; i++) {
		int one = i && error ? error : list_entry(l, node, &names[i]);

		if (one)
			xfsw_walk_tell(walk, l->path.s, one);
	}
}

struct timed {
	const struct xfsw_name *name;
	struct xfs_timespec mtime;
};

/* The newest first; of the same time by name, as they came. */
static int compare_times(const void *a, const void *b)
{
	const struct timed *left = a, *right = b;

	if (left->mtime.tv_sec != right->mtime.tv_sec)
		return left->mtime.tv_sec > right->mtime.tv_sec ? -1 : 1;
	if (left->mtime.tv_nsec != right->mtime.tv_nsec)
		return left->mtime.tv_nsec > right->mtime.tv_nsec ? -1 : 1;
	return left->name < right->name ? -1 : left->name > right->name;
}

/* @names in the order in which they are shown; NULL: no memory. */
static struct timed *in_order(const struct listing *l, struct xfsw_node *node,
			      const struct xfsw_names *names)
{
	struct timed *v = calloc(names->n + 1, sizeof(*v));

	for (size_t i = 0; v && i < names->n; i++) {
		struct xfs_file *file;
		struct xfs_stat st = XFS_STAT_INIT;

		v[i].name = &names->v[i];
		/* One that cannot be read comes last, and is told of when it is listed. */
		if (!l->by_time ||
		    xfs_openat(node->file, names->v[i].name, O_PATH | O_NOFOLLOW, 0, &file))
			continue;
		if (xfs_fgetattr(file, &st) == 0)
			v[i].mtime = st.mtime;
		xfs_close(file);
	}
	if (v && l->by_time)
		qsort(v, names->n, sizeof(*v), compare_times);
	return v;
}

static int list_names(struct xfsw_walk *walk, struct xfsw_node *node,
		      const struct xfsw_names *names)
{
	struct listing *l = walk->ctx;
	struct timed *v = in_order(l, node, names);

	if (!v)
		return -ENOMEM;
	if (l->recurse && !l->json.out) {
		printf("%s", l->printed ? "\n" : "");
		xfsw_print_name(stdout, node->path, strlen(node->path), l->escape);
		fputs(":\n", stdout);
	}
	l->printed = true;
	if (l->dots)
		list_dots(l, walk, node);
	for (size_t i = 0; i < names->n && !xfsw_interrupted(); i++) {
		int error = list_entry(l, node, v[i].name);

		/* One damaged object does not hide the others. */
		if (error)
			xfsw_walk_tell(walk, l->path.s, error);
	}
	free(v);
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
	struct xfs_stat st = XFS_STAT_INIT;
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
		.dots = xfsw_has(call, 'a'),
		.human = xfsw_has(call, 'h'),
		.by_time = xfsw_has(call, 't'),
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
	if (l.json.out)
		json_finish(&l.json, call, ']');
	str_free(&l.path);
	finished = xfsw_finish_output(call);
	return l.code ? l.code : finished;
}

static const struct xfsw_option ls_options[] = {
	{ 'a', NULL, NULL,
	  "list \".\" and \"..\" too; other names with a dot are always listed" },
	{ 'l', NULL, NULL, "mode, links, owner, group, size, mtime (UTC) and target of links" },
	{ 'R', NULL, NULL, "list subdirectories too" },
	{ 'i', NULL, NULL, "print inode numbers" },
	{ 'd', NULL, NULL, "list a directory itself, not its contents" },
	{ 'b', NULL, NULL,
	  "print control characters and backslashes as escapes; always so on a terminal" },
	{ 'h', NULL, NULL, "with -l: print sizes in readable units" },
	{ 't', NULL, NULL, "sort by mtime, newest first" },
	{ '1', NULL, NULL, "one name a line, which is always so" },
	XFSW_OPTIONS_END
};

const struct xfsw_verb verb_ls = {
	.name = "ls",
	.group = XFSW_GROUP_LOOK,
	.operands = "[-alRidbht1] IMG [PATH...]",
	.summary = "List directories, sorted by name",
	.help = "Without a PATH the root directory is listed.\n",
	.examples = "xfsw ls disk.img\n"
		"xfsw ls -lR disk.img /etc\n"
		"xfsw ls --json disk.img '/home/*'\n",
	.options = ls_options,
	.open = XFSW_OPEN_READ,
	.flags = XFSW_GLOB_ALL | XFSW_JSON,
	.max_operands = -1,
	.run = run_ls,
};
