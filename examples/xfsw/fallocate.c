/* SPDX-License-Identifier: MIT */
/* xfsw fallocate: space of a file */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xfswrite/fallocate.h>
#include "xfsw/xfsw.h"

#define DIG_BYTES	(1u << 20)

/* At most one of these. */
static const struct {
	int id;
	int mode;
} modes[] = {
	{ 'c', XFS_FALLOC_COLLAPSE_RANGE },
	{ 'd', 0 },
	{ 'i', XFS_FALLOC_INSERT_RANGE },
	{ 'p', XFS_FALLOC_PUNCH_HOLE | XFS_FALLOC_KEEP_SIZE },
	{ 'u', XFS_FALLOC_UNSHARE_RANGE },
	{ 'x', 0 },
	{ 'z', XFS_FALLOC_ZERO_RANGE },
};

static int parse_mode(const struct xfsw_call *call, int *mode)
{
	bool keep = xfsw_has(call, 'n') || xfsw_has(call, 'k');
	int given = 0;

	*mode = 0;
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (!xfsw_has(call, modes[i].id))
			continue;
		if (given)
			return xfsw_usage(call, "-%c and -%c exclude each other", given, modes[i].id);
		given = modes[i].id;
		*mode = modes[i].mode;
	}
	if (keep && given && strchr("cdix", given))
		return xfsw_usage(call, "-%c and -n exclude each other", given);
	if (keep)
		*mode |= XFS_FALLOC_KEEP_SIZE;
	return 0;
}

/* The run of zeros that begins the @len bytes of @buf, or of others. */
static size_t run_of(const unsigned char *buf, size_t len, bool *zeros)
{
	size_t n = 1;

	*zeros = buf[0] == 0;
	while (n < len && (buf[n] == 0) == *zeros)
		n++;
	return n;
}

/* Whole blocks of zeros in what was read at @offset become holes. */
static int dig_piece(struct xfs_file *file, unsigned char *buf, uint64_t offset, size_t len,
		     uint32_t block)
{
	for (size_t at = 0, n; at < len; at += n) {
		uint64_t start, end;
		bool zeros;
		int error;

		n = run_of(buf + at, len - at, &zeros);
		start = (offset + at + block - 1) / block * block;
		end = (offset + at + n) / block * block;
		if (!zeros || start >= end)
			continue;
		error = xfs_fallocate(file, XFS_FALLOC_PUNCH_HOLE | XFS_FALLOC_KEEP_SIZE, start,
				      end - start);
		if (error)
			return error;
	}
	return 0;
}

/* Of [@offset, @end), where there is data. */
static int dig(struct xfs_file *file, uint64_t offset, uint64_t end)
{
	struct xfs_stat st = XFS_STAT_INIT;
	unsigned char *buf = malloc(DIG_BYTES);
	int64_t ret = buf ? xfs_fgetattr(file, &st) : -ENOMEM;

	end = end < st.size_bytes ? end : st.size_bytes;
	while (ret >= 0 && offset < end) {
		int64_t data = xfs_seek(file, offset, SEEK_DATA);
		uint64_t want = DIG_BYTES;

		if (data == -ENXIO)
			break;
		ret = data;
		if (ret < 0 || (offset = (uint64_t)data) >= end)
			break;
		/* Blocks must not be divided between two pieces. */
		want -= offset % st.blksize;
		want = want < end - offset ? want : end - offset;
		ret = xfs_pread(file, buf, (size_t)want, offset);
		if (ret <= 0)
			break;
		want = (uint64_t)ret;
		ret = dig_piece(file, buf, offset, (size_t)want, st.blksize);
		offset += want;
	}
	free(buf);
	return ret < 0 ? (int)ret : 0;
}

static int run_fallocate(struct xfsw_call *call)
{
	uint64_t offset = 0, len = 0;
	struct xfs_file *file;
	int mode, error, code;

	code = parse_mode(call, &mode);
	if (code)
		return code;
	if (!xfsw_size_option(call, 'o', &offset) || !xfsw_size_option(call, 'l', &len))
		return XFSW_USAGE;
	if (!xfsw_has(call, 'l') && !xfsw_has(call, 'd'))
		return xfsw_usage(call, "-l is missing");
	error = xfs_open(call->img->mp, call->argv[0], O_RDWR, 0, &file);
	if (error)
		return xfsw_fail(call, call->argv[0], error);
	if (xfsw_has(call, 'd'))
		error = dig(file, offset, xfsw_has(call, 'l') && len < UINT64_MAX - offset ?
			    offset + len : UINT64_MAX);
	else
		error = xfs_fallocate(file, mode, offset, len);
	if (error) {
		code = xfsw_fail(call, call->argv[0], error);
		xfs_close(file);
		return code;
	}
	error = xfs_close(file);
	return error ? xfsw_fail(call, call->argv[0], error) : XFSW_OK;
}

static const struct xfsw_option fallocate_options[] = {
	{ 'o', "offset-in-file", "OFFSET", "start of the range; the default is 0" },
	{ 'l', "length", "LENGTH", "length of the range" },
	{ 0, NULL, NULL, "Modes:" },
	{ 'k', NULL, NULL, NULL },
	{ 'n', "keep-size", NULL, "the file does not grow; also with -u and -z" },
	{ 'c', "collapse-range", NULL,
	  "remove the range; what follows moves down. Whole blocks only" },
	{ 'd', "dig-holes", NULL,
	  "free blocks that contain only zeros, in the whole file unless -o and -l are given" },
	{ 'i', "insert-range", NULL,
	  "insert a hole; what was there moves up. Whole blocks only" },
	{ 'p', "punch-hole", NULL, "free the blocks of the range" },
	{ 'u', "unshare-range", NULL, "give the file its own copy of shared blocks" },
	{ 'x', "posix", NULL, "same as without a mode" },
	{ 'z', "zero-range", NULL, "replace all blocks of the range by unwritten ones" },
	XFSW_OPTIONS_END
};

const struct xfsw_verb verb_fallocate = {
	.name = "fallocate",
	.group = XFSW_GROUP_CHANGE,
	.operands = "[OPTIONS] -l LENGTH IMG PATH",
	.summary = "Allocate, punch, zero, collapse, insert or unshare a range of a file",
	.help = "Without a mode, holes of the range become unwritten extents, and the file "
		"grows to its end.\n",
	.examples = "xfsw fallocate -l 1m disk.img /home/ann/notes.txt\n"
		"xfsw fallocate -p -o 64k -l 64k disk.img /var/log/messages\n",
	.options = fallocate_options,
	.open = XFSW_OPEN_WRITE,
	.min_operands = 1,
	.max_operands = 1,
	.run = run_fallocate,
};
