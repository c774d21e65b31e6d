/* SPDX-License-Identifier: MIT */
/* xfsw cat; write, read; create, fsync, sync and echo for the shell: bytes of one file */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include "xfsw/xfsw.h"

#define CHUNK	(1u << 20)

/* Copy [@offset, @offset + @len) of @file to standard output; a hole is a run of zeros. */
static int copy_out(struct xfs_file *file, uint64_t offset, uint64_t len)
{
	char *buf = malloc(CHUNK);
	ssize_t got = 1;

	if (!buf)
		return -ENOMEM;
	while (len && !ferror(stdout)) {
		got = xfs_pread(file, buf, len < CHUNK ? (size_t)len : CHUNK, offset);
		if (got <= 0)
			break;
		fwrite(buf, 1, (size_t)got, stdout);
		offset += (uint64_t)got;
		len -= (uint64_t)got;
	}
	free(buf);
	return got < 0 ? (int)got : 0;
}

static int run_cat(struct xfsw_call *call)
{
	uint64_t offset = 0, len = UINT64_MAX;
	int code = XFSW_OK, finished;

	if (!xfsw_size_option(call, 'o', &offset) || !xfsw_size_option(call, 'c', &len))
		return XFSW_USAGE;
	for (int i = 0; i < call->argc; i++) {
		struct xfs_file *file;
		int error = xfs_open(call->img->mp, call->argv[i], O_RDONLY, 0, &file);

		if (!error) {
			error = copy_out(file, offset, len);
			xfs_close(file);
		}
		if (error)
			code = xfsw_fail(call, call->argv[i], error);
	}
	finished = xfsw_finish_output(call);
	return code ? code : finished;
}

static const struct xfsw_option cat_options[] = {
	{ 'o', NULL, "OFFSET", "begin at this offset" },
	{ 'c', NULL, "COUNT", "print at most COUNT bytes of each file" },
	XFSW_OPTIONS_END
};

const struct xfsw_verb verb_cat = {
	.name = "cat",
	.group = XFSW_GROUP_LOOK,
	.operands = "[-o OFFSET] [-c COUNT] IMG PATH...",
	.summary = "Print files to standard output",
	.examples = "xfsw cat disk.img /etc/passwd\n"
		"xfsw cat -o 1k -c 16 disk.img /var/log/messages\n",
	.options = cat_options,
	.open = XFSW_OPEN_READ,
	.flags = XFSW_GLOB_ALL,
	.min_operands = 1,
	.max_operands = -1,
	.run = run_cat,
};

static int run_new(struct xfsw_call *call)
{
	struct xfs_file *file;
	uint32_t mode = xfsw_has(call, 'm') ? 0666 : 0644;
	int code = XFSW_OK;

	if (!xfsw_mode_option(call, &mode))
		return XFSW_USAGE;
	for (int i = 0; i < call->argc; i++) {
		int error = xfs_open(call->img->mp, call->argv[i], O_WRONLY | O_CREAT | O_EXCL,
				     (mode_t)mode, &file);

		if (!error)
			error = xfs_close(file);
		if (error)
			code = xfsw_fail(call, call->argv[i], error);
	}
	return code;
}

static const struct xfsw_option new_options[] = {
	{ 'm', NULL, "MODE",
	  "permissions as for chmod, symbolic ones relative to a=rw; the default is 644" },
	XFSW_OPTIONS_END
};

const struct xfsw_verb verb_new = {
	.name = "create",
	.group = XFSW_GROUP_SHELL,
	.operands = "[-m MODE] PATH...",
	.summary = "Make empty files; an existing one is an error",
	.options = new_options,
	.open = XFSW_OPEN_WRITE,
	.flags = XFSW_SHELL_ONLY,
	.min_operands = 1,
	.max_operands = -1,
	.run = run_new,
};

/* All of it: a short count is an error here, as the rest would be silently missing. */
static int write_all(struct xfs_file *file, const char *buf, size_t len, uint64_t offset)
{
	while (len) {
		ssize_t done = xfs_pwrite(file, buf, len, offset);

		if (done <= 0)
			return done < 0 ? (int)done : xfsw_error(-EIO);
		buf += done;
		len -= (size_t)done;
		offset += (uint64_t)done;
	}
	return 0;
}

static int write_fill(struct xfs_file *file, uint64_t offset, uint64_t len, int byte)
{
	char *buf = malloc(CHUNK);
	int error = buf ? 0 : -ENOMEM;

	if (buf)
		memset(buf, byte, CHUNK);
	while (len && !error) {
		size_t part = len < CHUNK ? (size_t)len : CHUNK;

		error = write_all(file, buf, part, offset);
		offset += part;
		len -= part;
	}
	free(buf);
	return error;
}

/* 0..255, 0x..., or one character. */
static bool parse_byte(const char *text, uint64_t *byte)
{
	if (text[0] && !text[1] && (text[0] < '0' || text[0] > '9')) {
		*byte = (unsigned char)text[0];
		return true;
	}
	return xfsw_parse_u64(text, 255, byte);
}

static int run_write(struct xfsw_call *call)
{
	bool text = xfsw_has(call, 't');
	uint64_t offset, len = 0, byte = 0;
	struct xfs_file *file;
	int error;

	if (call->argc != (text ? 3 : 4))
		return xfsw_usage(call, "operands are missing, or too many");
	if (!xfsw_parse_size(call->argv[1], 4096, &offset) ||
	    (!text && !xfsw_parse_size(call->argv[2], 4096, &len)))
		return xfsw_usage(call, "OFFSET or LENGTH is not a size");
	if (!text && !parse_byte(call->argv[3], &byte))
		return xfsw_usage(call, "'%s' is not a byte", call->argv[3]);
	error = xfs_open(call->img->mp, call->argv[0],
			 O_WRONLY | (xfsw_has(call, 'a') ? O_APPEND : 0), 0, &file);
	if (error)
		return xfsw_fail(call, call->argv[0], error);
	error = text ? write_all(file, call->argv[2], strlen(call->argv[2]), offset)
		     : write_fill(file, offset, len, (int)byte);
	xfs_close(file);
	return error ? xfsw_fail(call, call->argv[0], error) : XFSW_OK;
}

static const struct xfsw_option write_options[] = {
	{ 't', NULL, NULL, "write TEXT" },
	{ 'a', NULL, NULL, "append; OFFSET is ignored" },
	XFSW_OPTIONS_END
};

const struct xfsw_verb verb_write = {
	.name = "write",
	.group = XFSW_GROUP_CHANGE,
	.operands = "[-a] IMG PATH OFFSET LENGTH BYTE | -t [-a] IMG PATH OFFSET TEXT",
	.summary = "Write a text, or the same byte many times, into an existing file",
	.help = "BYTE is a number from 0 to 255 (or 0x00 to 0xff), or one character that is not "
		"a digit.\n",
	.examples = "xfsw write disk.img /home/ann/notes.txt 4k 100 0xff\n"
		"xfsw write -t -a disk.img /home/ann/notes.txt 0 'one more line\\n'\n",
	.options = write_options,
	.open = XFSW_OPEN_WRITE,
	.min_operands = 3,
	.max_operands = 4,
	.run = run_write,
};

static void print_run(struct xfsw_json *j, uint64_t offset, uint64_t len, int byte)
{
	if (!j->out) {
		printf("%ju %ju 0x%02x\n", (uintmax_t)offset, (uintmax_t)len, (unsigned int)byte);
		return;
	}
	json_open(j, NULL, '{');
	json_u64(j, "offset", offset);
	json_u64(j, "length", len);
	json_u64(j, "byte", (uint64_t)byte);
	json_close(j, '}');
}

/* Print [@offset, +@len) as runs of equal bytes. */
static int print_runs(struct xfsw_json *j, struct xfs_file *file, uint64_t offset, uint64_t len)
{
	unsigned char *buf = malloc(CHUNK);
	uint64_t start = offset;
	int byte = -1;
	ssize_t got = 0;

	if (!buf)
		return -ENOMEM;
	while (len) {
		got = xfs_pread(file, buf, len < CHUNK ? (size_t)len : CHUNK, offset);
		if (got <= 0)
			break;
		for (ssize_t i = 0; i < got; i++) {
			if (buf[i] == byte)
				continue;
			if (byte >= 0)
				print_run(j, start, offset + (uint64_t)i - start, byte);
			start = offset + (uint64_t)i;
			byte = buf[i];
		}
		offset += (uint64_t)got;
		len -= (uint64_t)got;
	}
	if (byte >= 0 && got >= 0)
		print_run(j, start, offset - start, byte);
	free(buf);
	return got < 0 ? (int)got : 0;
}

static int run_read(struct xfsw_call *call)
{
	struct xfsw_json j = { .out = xfsw_has(call, XFSW_OPT_JSON) ? stdout : NULL };
	uint64_t offset = 0, len = UINT64_MAX;
	struct xfs_file *file;
	int error;

	if ((call->argc > 1 && !xfsw_parse_size(call->argv[1], 4096, &offset)) ||
	    (call->argc > 2 && !xfsw_parse_size(call->argv[2], 4096, &len)))
		return xfsw_usage(call, "OFFSET or LENGTH is not a size");
	error = xfs_open(call->img->mp, call->argv[0], O_RDONLY, 0, &file);
	if (error)
		return xfsw_fail(call, call->argv[0], error);
	if (j.out)
		json_open(&j, NULL, '[');
	error = print_runs(&j, file, offset, len);
	xfs_close(file);
	if (error)
		xfsw_fail(call, call->argv[0], error);
	if (j.out)
		json_finish(&j, call, ']');
	return error ? XFSW_FAILED : xfsw_finish_output(call);
}

const struct xfsw_verb verb_read = {
	.name = "read",
	.group = XFSW_GROUP_LOOK,
	.operands = "IMG PATH [OFFSET [LENGTH]]",
	.summary = "Print a range of a file as runs of equal bytes",
	.help = "Each line is 'OFFSET LENGTH BYTE'.\n",
	.examples = "xfsw read disk.img /var/log/messages 0 4k\n",
	.open = XFSW_OPEN_READ,
	.flags = XFSW_JSON,
	.min_operands = 1,
	.max_operands = 3,
	.run = run_read,
};

static int run_fsync(struct xfsw_call *call)
{
	struct xfs_file *file;
	int error = xfs_open(call->img->mp, call->argv[0], O_RDONLY, 0, &file);

	if (error)
		return xfsw_fail(call, call->argv[0], error);
	error = xfsw_has(call, 'd') ? xfs_fdatasync(file) : xfs_fsync(file);
	xfs_close(file);
	return error ? xfsw_fail(call, call->argv[0], error) : XFSW_OK;
}

static const struct xfsw_option fsync_options[] = {
	{ 'd', NULL, NULL, "as fdatasync(2): without the times" },
	XFSW_OPTIONS_END
};

const struct xfsw_verb verb_fsync = {
	.name = "fsync",
	.group = XFSW_GROUP_SHELL,
	.operands = "[-d] PATH",
	.summary = "Make a file or directory stable",
	.options = fsync_options,
	.open = XFSW_OPEN_WRITE,
	.flags = XFSW_SHELL_ONLY,
	.min_operands = 1,
	.max_operands = 1,
	.run = run_fsync,
};

static int run_sync(struct xfsw_call *call)
{
	int error = xfs_sync(call->img->mp);

	return error ? xfsw_fail(call, call->img->path, error) : XFSW_OK;
}

const struct xfsw_verb verb_sync = {
	.name = "sync",
	.group = XFSW_GROUP_SHELL,
	.operands = "",
	.summary = "Make all changes stable",
	.open = XFSW_OPEN_WRITE,
	.flags = XFSW_SHELL_ONLY,
	.run = run_sync,
};

static int run_echo(struct xfsw_call *call)
{
	for (int i = 0; i < call->argc; i++)
		printf("%s%s", i ? " " : "", call->argv[i]);
	putchar('\n');
	return xfsw_finish_output(call);
}

const struct xfsw_verb verb_echo = {
	.name = "echo",
	.group = XFSW_GROUP_SHELL,
	.operands = "[TEXT...]",
	.summary = "Print words",
	.flags = XFSW_SHELL_ONLY,
	.max_operands = -1,
	.run = run_echo,
};
