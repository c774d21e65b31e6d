/* SPDX-License-Identifier: MIT */
/*
 * Vectors of the write path: preallocation, and calls on a small file system in memory, which
 * "volume NAME=VALUE..." makes: results, errno by name, blocks of a file and its extents.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <xfswrite/exchange.h>
#include <xfswrite/fallocate.h>
#include <xfswrite/reflink.h>
#include "format/format.h"
#include "iomap/iomap.h"
#include "support/test_fs.h"

static void prealloc(struct format *f, unsigned int n, char **arg)
{
	struct xfs_prealloc_args a = {
		.isize_bytes = format_option(f, n, arg, "size", 0),
		.offset_bytes = format_option(f, n, arg, "offset", 0),
		.count_bytes = format_option(f, n, arg, "count", 4096),
		.block_log = f->geo.blocklog,
		.align = (uint32_t)format_option(f, n, arg, "stripe", 0),
		.prev_end = format_option(f, n, arg, "prev_end", 0),
		.prev_len = format_option(f, n, arg, "prev_len", 0),
		.free_blocks = (int64_t)format_option(f, n, arg, "free", 500000),
		.total_blocks = format_option(f, n, arg, "total", 524288),
	};
	uint64_t allocsize = format_option(f, n, arg, "allocsize", 0);
	uint64_t blocks;
	uint32_t shift;

	if (allocsize)
		a.allocsize_log = (uint32_t)xfs_highbit64(allocsize);
	a.quota[0].hard_blocks = format_option(f, n, arg, "hard", 0);
	a.quota[0].soft_blocks = format_option(f, n, arg, "soft", 0);
	a.quota[0].used_blocks = format_option(f, n, arg, "used", 0);
	blocks = xfs_prealloc_blocks(&a, &shift);
	format_say(f, "%" PRIu64 " shift %u", blocks, shift);
}

static struct test_fs fs;
static bool have_fs;

static void volume(struct format *f, unsigned int n, char **arg)
{
	struct xfs_mkfs_options o = XFS_MKFS_OPTIONS_INIT;

	if (have_fs)
		test_fs_destroy(&fs);
	memset(&fs, 0, sizeof(fs));
	o.blocksize = (uint32_t)format_option(f, n, arg, "blocksize", 4096);
	test_fs_make(&fs, 64u << 20, &o);
	have_fs = true;
	format_say(f, "made");
}

/* 0, a count, or errno by name. */
static void say_result(struct format *f, int64_t ret)
{
	static const struct {
		int error;
		const char *name;
	} names[] = {
		{EPERM, "EPERM"},	    {ENOENT, "ENOENT"},	  {EEXIST, "EEXIST"},
		{EXDEV, "EXDEV"},	    {ENOTDIR, "ENOTDIR"}, {EISDIR, "EISDIR"},
		{EINVAL, "EINVAL"},	    {EFBIG, "EFBIG"},	  {ENOSPC, "ENOSPC"},
		{EMLINK, "EMLINK"},	    {ERANGE, "ERANGE"},	  {ENAMETOOLONG, "ENAMETOOLONG"},
		{ENOTEMPTY, "ENOTEMPTY"},   {ELOOP, "ELOOP"},	  {ENODATA, "ENODATA"},
		{EOPNOTSUPP, "EOPNOTSUPP"}, {E2BIG, "E2BIG"},	  {ENXIO, "ENXIO"},
		{EBADE, "EBADE"},	    {EBUSY, "EBUSY"},	  {EBADF, "EBADF"},
		{ESPIPE, "ESPIPE"},	    {ENODEV, "ENODEV"},
	};

	for (size_t i = 0; ret < 0 && i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].error == -ret) {
			format_say(f, "%s", names[i].name);
			return;
		}
	format_say(f, "%" PRId64, ret);
}

static struct xfs_file *open_file(struct format *f, const char *path)
{
	struct xfs_file *file;
	int error;

	if (!have_fs) {
		format_say(f, "(no volume) ");
		return NULL;
	}
	error = xfs_open(fs.mp, path, O_RDWR | O_CREAT, 0644, &file);
	if (error)
		error = xfs_open(fs.mp, path, O_RDONLY, 0, &file);
	if (error) {
		say_result(f, error);
		return NULL;
	}
	return file;
}

static void do_write(struct format *f, unsigned int n, char **arg)
{
	struct xfs_file *file = open_file(f, arg[0]);
	size_t len = format_size(f, arg[2]);
	void *buf = calloc(1, len < 1u << 24 ? len + 1 : 1);

	(void)n;
	if (file && buf && len < 1u << 24) {
		memset(buf, 'w', len);
		say_result(f, xfs_pwrite(file, buf, len, format_number(f, arg[1])));
		xfs_close(file);
	}
	free(buf);
}

static void do_truncate(struct format *f, unsigned int n, char **arg)
{
	struct xfs_file *file = open_file(f, arg[0]);

	(void)n;
	if (file) {
		say_result(f, xfs_ftruncate(file, format_number(f, arg[1])));
		xfs_close(file);
	}
}

static void do_fallocate(struct format *f, unsigned int n, char **arg)
{
	struct xfs_file *file = open_file(f, arg[0]);

	(void)n;
	if (file) {
		say_result(f, xfs_fallocate(file, (int)format_number(f, arg[1]),
					    format_number(f, arg[2]), format_number(f, arg[3])));
		xfs_close(file);
	}
}

/* Two files, two offsets, a length. */
static void two_files(struct format *f, char **arg,
		      int64_t (*call)(struct xfs_file *, uint64_t, struct xfs_file *, uint64_t,
				      uint64_t, uint32_t),
		      uint32_t flags)
{
	struct xfs_file *a = open_file(f, arg[0]), *b = open_file(f, arg[2]);

	if (a && b)
		say_result(f, call(a, format_number(f, arg[1]), b, format_number(f, arg[3]),
				   format_number(f, arg[4]), flags));
	if (a)
		xfs_close(a);
	if (b)
		xfs_close(b);
}

static int64_t call_clone(struct xfs_file *a, uint64_t aoff, struct xfs_file *b, uint64_t boff,
			  uint64_t len, uint32_t flags)
{
	(void)flags;
	return xfs_clone_range(a, aoff, b, boff, len);
}

static int64_t call_dedupe(struct xfs_file *a, uint64_t aoff, struct xfs_file *b, uint64_t boff,
			   uint64_t len, uint32_t flags)
{
	(void)flags;
	return xfs_dedupe_range(a, aoff, b, boff, len);
}

static int64_t call_exchange(struct xfs_file *a, uint64_t aoff, struct xfs_file *b, uint64_t boff,
			     uint64_t len, uint32_t flags)
{
	return xfs_exchange_range(a, aoff, b, boff, len, flags);
}

static void do_clone(struct format *f, unsigned int n, char **arg)
{
	(void)n;
	two_files(f, arg, call_clone, 0);
}

static void do_dedupe(struct format *f, unsigned int n, char **arg)
{
	(void)n;
	two_files(f, arg, call_dedupe, 0);
}

static void do_exchange(struct format *f, unsigned int n, char **arg)
{
	two_files(f, arg, call_exchange, n > 5 ? (uint32_t)format_number(f, arg[5]) : 0);
}

static void do_seek(struct format *f, unsigned int n, char **arg)
{
	struct xfs_file *file = open_file(f, arg[0]);

	(void)n;
	if (file) {
		say_result(f, xfs_seek(file, format_number(f, arg[2]),
				       strcmp(arg[1], "data") == 0 ? SEEK_DATA : SEEK_HOLE));
		xfs_close(file);
	}
}

/* A name or target of so many characters, or the word itself. */
static const char *name_of(struct format *f, const char *word)
{
	static char buf[4][2048];
	static unsigned int next;
	char *to = buf[next++ % 4];

	if (strncmp(word, "length=", 7) != 0)
		return word;
	memset(to, 'n', sizeof(buf[0]));
	to[format_number(f, word + 7) & 2047] = 0;
	return to;
}

static void do_names(struct format *f, unsigned int n, char **arg)
{
	const char *what = arg[0], *a = n > 1 ? name_of(f, arg[1]) : "";
	const char *b = n > 2 ? name_of(f, arg[2]) : "";
	int64_t ret = -ENODEV;

	if (!have_fs)
		format_say(f, "(no volume) ");
	else if (strcmp(what, "mkdir") == 0)
		ret = xfs_mkdir(fs.mp, a, 0755);
	else if (strcmp(what, "rmdir") == 0)
		ret = xfs_rmdir(fs.mp, a);
	else if (strcmp(what, "unlink") == 0)
		ret = xfs_unlink(fs.mp, a);
	else if (strcmp(what, "link") == 0)
		ret = xfs_link(fs.mp, a, b);
	else if (strcmp(what, "symlink") == 0)
		ret = xfs_symlink(fs.mp, a, b);
	else if (strcmp(what, "rename") == 0)
		ret = xfs_rename(fs.mp, a, b);
	else if (strcmp(what, "mknod") == 0 && n > 3)
		ret = xfs_mknod(fs.mp, a, S_IFCHR | 0600, (uint32_t)format_number(f, arg[2]),
				(uint32_t)format_number(f, arg[3]));
	say_result(f, ret);
}

static void do_setxattr(struct format *f, unsigned int n, char **arg)
{
	struct xfs_file *file = open_file(f, arg[0]);
	size_t len = format_size(f, arg[2]);
	void *value = calloc(1, 100000);
	char name[600];

	snprintf(name, sizeof(name), "user.%s", name_of(f, arg[1]));
	if (file && value && len < 100000) {
		int flags = n > 3 && strcmp(arg[3], "create") == 0    ? XATTR_CREATE
			    : n > 3 && strcmp(arg[3], "replace") == 0 ? XATTR_REPLACE
								      : 0;

		say_result(f, xfs_fsetxattr(file, name, value, len, flags));
	}
	if (file)
		xfs_close(file);
	free(value);
}

/* Size, blocks after everything was written, extents: "[first last]" of data, "u" unwritten. */
static void layout(struct format *f, unsigned int n, char **arg)
{
	struct xfs_file *file = open_file(f, arg[0]);
	struct xfs_stat st = {.size = sizeof(st)};
	struct xfs_extent ext[64];
	size_t count = 0;

	(void)n;
	if (!file)
		return;
	if (xfs_fsync(file) || xfs_fgetattr(file, &st))
		format_say(f, "(failed) ");
	for (size_t i = 0; i < 64; i++)
		ext[i].size = sizeof(ext[i]);
	if (xfs_extents(file, 0, ext, 64, &count))
		format_say(f, "(failed) ");
	format_say(f, "size %" PRIu64 " sectors %" PRIu64, st.size_bytes, st.blocks512);
	for (size_t i = 0; i < count; i++)
		format_say(f, " [%" PRIu64 " %" PRIu64 "]%s%s", ext[i].offset >> 12,
			   ext[i].length >> 12, ext[i].unwritten ? "u" : "",
			   ext[i].shared ? "s" : "");
	xfs_close(file);
}

const struct format_function format_write[] = {
	{"prealloc", 1, prealloc},
	{"volume", 0, volume},
	{"write", 3, do_write},
	{"truncate", 2, do_truncate},
	{"fallocate", 4, do_fallocate},
	{"clone", 5, do_clone},
	{"dedupe", 5, do_dedupe},
	{"exchange", 5, do_exchange},
	{"seek", 3, do_seek},
	{"names", 1, do_names},
	{"setxattr", 3, do_setxattr},
	{"layout", 1, layout},
	{NULL, 0, NULL},
};
