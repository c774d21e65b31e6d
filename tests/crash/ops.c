/* SPDX-License-Identifier: MIT */
/* What scenarios do: to the library and to the model at once. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xfswrite/exchange.h>
#include <xfswrite/fallocate.h>
#include <xfswrite/reflink.h>
#include "base/compiler.h"
#include "core/mount.h"
#include "crash/lab.h"

void lab_die(const struct lab *lab, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "%s, seed %" PRIu64 ": ", lab->scenario->name, lab->options->seed);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	abort();
}

uint32_t lab_below(struct lab_stream *s, uint32_t bound)
{
	return (uint32_t)xfs_rand_below(&s->rand, bound);
}

/* CRASH_TRACE in the environment: the operations, for reading a failure. */
__attribute__((format(printf, 2, 3)))
static uint32_t begin(struct lab_stream *s, const char *format, ...)
{
	uint32_t mark = test_recorder_events(s->lab->recorder);
	uint32_t seq = model_begin(s->model, mark);
	va_list args;

	s->began = LAB_EPOCH * 1000000000ull +
		   __atomic_load_n(&s->lab->clock_ns, __ATOMIC_RELAXED);

	if (!s->lab->trace)
		return seq;
	va_start(args, format);
	flockfile(stderr);
	fprintf(stderr, "%s op %u (event %u): ", s->path, seq, mark);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	funlockfile(stderr);
	va_end(args);
	return seq;
}

/* End of an operation: the error, if it is one that may happen. */
static int end(struct lab_stream *s, int64_t error, const char *what)
{
	model_end(s->model);
	if (error >= 0)
		return 0;
	if (error == -ENOSPC && s->lab->may_be_full)
		return (int)error;
	lab_die(s->lab, "%s (operation %u): %s: %s", what, model_now(s->model),
		strerror((int)-error), xfs_error_text(NULL));
}

/* An open handle on it; given back with put(). */
static struct xfs_file *get(struct lab_stream *s, const struct model_node *node)
{
	struct xfs_file *file = node->handle;
	int flags = S_ISREG(node->mode) ? O_RDWR : S_ISDIR(node->mode) ? O_RDONLY : O_PATH;
	int error;

	if (file)
		return file;
	error = xfs_open_by_ino(s->lab->mp, node->ino, node->gen, flags, &file);
	if (error)
		lab_die(s->lab, "open of inode %" PRIu64 ": %s: %s", node->ino, strerror(-error),
			xfs_error_text(NULL));
	return file;
}

static void put(const struct model_node *node, struct xfs_file *file)
{
	if (file != node->handle)
		xfs_close(file);
}

void lab_hold(struct lab_stream *s, struct model_node *node)
{
	node->handle = get(s, node);
}

void lab_release(struct lab_stream *s, struct model_node *node)
{
	(void)s;
	if (node->handle)
		xfs_close(node->handle);
	node->handle = NULL;
}

void lab_forget_handles(struct lab *lab)
{
	for (uint32_t i = 0; i < lab->nr_streams; i++)
		for (struct model_node *n = model_nodes(lab->stream[i].model); n; n = n->next)
			lab_release(&lab->stream[i], n);
}

/* What the operation did to its times; the files' ones are compared. */
static void note_times(struct lab_stream *s, struct model_node *node, struct xfs_file *file)
{
	struct xfs_stat st = XFS_STAT_INIT;

	if (!S_ISREG(node->mode))
		return;
	if (xfs_fgetattr(file, &st))
		lab_die(s->lab, "stat: %s", xfs_error_text(NULL));
	model_set_times(s->model, node, s->began,
			(uint64_t)st.mtime.tv_sec * 1000000000 + (uint64_t)st.mtime.tv_nsec,
			(uint64_t)st.ctime.tv_sec * 1000000000 + (uint64_t)st.ctime.tv_nsec);
}

/* Of an object that may be gone by now. */
static void note_times_of(struct lab_stream *s, struct model_node *node)
{
	struct xfs_file *file;

	if (!S_ISREG(node->mode) || (!node->nlink && !node->handle))
		return;
	file = get(s, node);
	note_times(s, node, file);
	put(node, file);
}

static struct model_node *make(struct lab_stream *s, struct model_node *dir, const char *name,
			       uint32_t mode, const char *target)
{
	uint32_t seq = begin(s, "create %.40s in %u, mode %o", name ? name : "nameless", dir->id,
			     mode);
	struct xfs_iattr attr = {
		.size = sizeof(attr),
		.valid = XFS_ATTR_MODE | XFS_ATTR_UID | XFS_ATTR_RDEV, .mode = mode, .uid = seq,
		.rdev_major = 8, .rdev_minor = 1,
	};
	struct xfs_file *in = get(s, dir), *file = NULL;
	struct model_node *node = NULL;
	struct xfs_stat st = XFS_STAT_INIT;
	int error;

	if (!S_ISBLK(mode))
		attr.valid &= ~XFS_ATTR_RDEV;
	error = xfs_createat(in, name, &attr, target, &file);
	put(dir, in);
	if (!error) {
		error = xfs_fgetattr(file, &st);
		node = model_node(s->model, st.ino, st.gen, mode, seq,
				  target ? model_hash(target, strlen(target)) : 0);
		if (name)
			model_add_name(s->model, dir, name, node);
		note_times(s, node, file);
		/* Without a name it lives as long as its handle. */
		if (name)
			xfs_close(file);
		else
			node->handle = file;
	}
	return end(s, error, "create") ? NULL : node;
}

struct model_node *lab_create(struct lab_stream *s, struct model_node *dir, const char *name)
{
	return make(s, dir, name, S_IFREG | 0640, NULL);
}

struct model_node *lab_mkdir(struct lab_stream *s, struct model_node *dir, const char *name)
{
	return make(s, dir, name, S_IFDIR | 0750, NULL);
}

struct model_node *lab_mknod(struct lab_stream *s, struct model_node *dir, const char *name)
{
	return make(s, dir, name, S_IFBLK | 0600, NULL);
}

struct model_node *lab_symlink(struct lab_stream *s, struct model_node *dir, const char *name,
			       uint32_t target_len)
{
	char target[1024];

	for (uint32_t i = 0; i < target_len; i++)
		target[i] = (char)('a' + (model_now(s->model) + i) % 26);
	target[target_len] = 0;
	return make(s, dir, name, S_IFLNK | 0777, target);
}

int lab_link(struct lab_stream *s, struct model_node *node, struct model_node *dir,
	     const char *name)
{
	struct xfs_file *file, *in;
	int error;

	begin(s, "link node %u as %.40s", node->id, name);
	file = get(s, node);
	in = get(s, dir);
	error = xfs_linkat(file, in, name);
	put(node, file);
	put(dir, in);
	if (!error) {
		model_add_name(s->model, dir, name, node);
		note_times_of(s, node);
	}
	return end(s, error, "link");
}

int lab_replace(struct lab_stream *s, struct model_node *node, struct model_node *dir,
		const char *name)
{
	struct model_node *over = model_lookup(s->model, dir, name);
	struct xfs_file *file, *in;
	int error;

	begin(s, "node %u takes the name %.40s", node->id, name);
	file = get(s, node);
	in = get(s, dir);
	error = xfs_replaceat(file, in, name);
	put(node, file);
	put(dir, in);
	if (!error && over != node) {
		if (over)
			model_remove_name(s->model, dir, name);
		model_add_name(s->model, dir, name, node);
		note_times_of(s, node);
		if (over)
			note_times_of(s, over);
	}
	return end(s, error, "replace");
}

struct model_node *lab_create_unnamed(struct lab_stream *s, struct model_node *dir)
{
	return make(s, dir, NULL, S_IFREG | 0640, NULL);
}

int lab_unlink(struct lab_stream *s, struct model_node *dir, const char *name)
{
	struct model_node *node = model_lookup(s->model, dir, name);
	struct xfs_file *in;
	int error;

	begin(s, "unlink %.40s, node %u", name, node->id);
	in = get(s, dir);
	error = xfs_unlinkat(in, name, S_ISDIR(node->mode) ? AT_REMOVEDIR : 0);
	put(dir, in);
	if (!error) {
		model_remove_name(s->model, dir, name);
		note_times_of(s, node);
	}
	return end(s, error, "unlink");
}

int lab_rename(struct lab_stream *s, struct model_node *from, const char *name,
	       struct model_node *to, const char *new_name)
{
	struct model_node *node = model_lookup(s->model, from, name), *over;
	struct xfs_file *dir1, *dir2;
	int error;

	begin(s, "rename %.40s to %.40s, node %u", name, new_name, node->id);
	dir1 = get(s, from);
	dir2 = get(s, to);
	error = xfs_renameat(dir1, name, dir2, new_name, 0);
	put(from, dir1);
	put(to, dir2);
	over = model_lookup(s->model, to, new_name);
	if (!error && over != node) {
		if (over)
			model_remove_name(s->model, to, new_name);
		model_add_name(s->model, to, new_name, node);
		model_remove_name(s->model, from, name);
		note_times_of(s, node);
		if (over)
			note_times_of(s, over);
	}
	return end(s, error, "rename");
}

static int write_pattern(struct lab_stream *s, struct model_node *node, uint64_t offset,
			 uint64_t len, bool host)
{
	uint32_t seq = begin(s, "write node %u at %" PRIu64 " + %" PRIu64 "%s", node->id, offset,
			     len, host ? " from a host file" : "");
	uint8_t *data = malloc(len + 1);
	struct xfs_file *file = get(s, node);
	int fd = host ? memfd_create("crash", MFD_CLOEXEC) : -1;
	uint64_t done = 0;
	int64_t got = 0;

	if (!data)
		abort();
	model_pattern(node->id, seq, offset, data, len);
	if (host && pwrite(fd, data, len, 0) != (ssize_t)len)
		abort();
	while (done < len) {
		got = host ? xfs_write_from_fd(file, fd, done, len - done, offset + done)
			   : xfs_pwrite(file, data + done, len - done, offset + done);
		if (got <= 0)
			break;
		done += (uint64_t)got;
		note_times(s, node, file);
	}
	if (done)
		model_write(s->model, node, offset, data, done);
	note_times(s, node, file);
	put(node, file);
	free(data);
	if (host)
		close(fd);
	return end(s, (int)XFS_MIN(got, (int64_t)0), "write");
}

int lab_write(struct lab_stream *s, struct model_node *node, uint64_t offset, uint64_t len)
{
	return write_pattern(s, node, offset, len, false);
}

int lab_write_host(struct lab_stream *s, struct model_node *node, uint64_t offset, uint64_t len)
{
	s->lab->mp->m_copy_in_bytes = s->lab->geo.blocksize;
	return write_pattern(s, node, offset, len, true);
}

int lab_truncate(struct lab_stream *s, struct model_node *node, uint64_t size)
{
	struct xfs_file *file;
	int error;

	begin(s, "truncate node %u from %" PRIu64 " to %" PRIu64, node->id, node->size, size);
	file = get(s, node);
	error = xfs_ftruncate(file, size);
	if (!error)
		model_truncate(s->model, node, size);
	note_times(s, node, file);
	put(node, file);
	return end(s, error, "truncate");
}

int lab_clone(struct lab_stream *s, struct model_node *src, uint64_t src_off, struct model_node *dst,
	      uint64_t dst_off, uint64_t len)
{
	struct xfs_file *from, *to;
	uint8_t *data = malloc(len);
	int error;

	begin(s, "clone %" PRIu64 " bytes of node %u at %" PRIu64 " to node %u at %" PRIu64, len,
	      src->id, src_off, dst->id, dst_off);
	from = get(s, src);
	to = get(s, dst);
	if (!data || xfs_pread(from, data, len, src_off) != (ssize_t)len)
		lab_die(s->lab, "reading the source of a clone: %s", xfs_error_text(NULL));
	error = xfs_clone_range(from, src_off, to, dst_off, len);
	if (!error)
		model_write(s->model, dst, dst_off, data, len);
	note_times(s, dst, to);
	put(dst, to);
	put(src, from);
	free(data);
	return end(s, error, "clone");
}

int lab_dedupe(struct lab_stream *s, struct model_node *src, uint64_t src_off,
	       struct model_node *dst, uint64_t dst_off, uint64_t len)
{
	struct xfs_file *from, *to;
	int64_t ret;

	begin(s, "dedupe %" PRIu64 " bytes of node %u at %" PRIu64 " and node %u at %" PRIu64, len,
	      src->id, src_off, dst->id, dst_off);
	from = get(s, src);
	to = get(s, dst);
	ret = xfs_dedupe_range(from, src_off, to, dst_off, len);
	put(dst, to);
	put(src, from);
	return end(s, ret == -EBADE ? 0 : ret, "dedupe");
}

int lab_exchange(struct lab_stream *s, struct model_node *a, struct model_node *b, uint64_t offset,
		 uint64_t len, bool sizes)
{
	struct xfs_file *file_a, *file_b;
	int error;

	begin(s, "exchange nodes %u and %u, %" PRIu64 " bytes at %" PRIu64 "%s", a->id, b->id, len, offset,
	      sizes ? " and sizes" : "");
	file_a = get(s, a);
	file_b = get(s, b);
	error = xfs_exchange_range(file_a, offset, file_b, offset, len,
				   sizes ? XFS_EXCHANGE_RANGE_TO_EOF : 0);
	if (!error)
		model_exchange(s->model, a, b, offset, len, sizes);
	note_times(s, a, file_a);
	note_times(s, b, file_b);
	put(b, file_b);
	put(a, file_a);
	return end(s, error, "exchange");
}

int lab_fallocate(struct lab_stream *s, struct model_node *node, int mode, uint64_t offset,
		  uint64_t len)
{
	struct xfs_file *file;
	int error;

	begin(s, "fallocate %#x of node %u, %" PRIu64 " bytes at %" PRIu64, (unsigned int)mode, node->id,
	      len, offset);
	file = get(s, node);
	error = xfs_fallocate(file, mode, offset, len);
	if (!error && (mode & (XFS_FALLOC_PUNCH_HOLE | XFS_FALLOC_ZERO_RANGE)))
		model_zero(s->model, node, offset, len);
	if (!error && (mode & (XFS_FALLOC_COLLAPSE_RANGE | XFS_FALLOC_INSERT_RANGE)))
		model_move(s->model, node, offset, len, mode == XFS_FALLOC_INSERT_RANGE);
	else if (!error && !(mode & XFS_FALLOC_KEEP_SIZE) && offset + len > node->size)
		model_truncate(s->model, node, offset + len);
	note_times(s, node, file);
	put(node, file);
	return end(s, error, "fallocate");
}

int lab_chmod(struct lab_stream *s, struct model_node *node, uint32_t bits)
{
	struct xfs_iattr attr = {.size = sizeof(attr), .valid = XFS_ATTR_MODE, .mode = bits};
	struct xfs_file *file;
	int error;

	begin(s, "chmod node %u", node->id);
	file = get(s, node);
	error = xfs_fsetattr(file, &attr);
	if (!error)
		model_set_mode(s->model, node, (node->mode & S_IFMT) | bits);
	note_times(s, node, file);
	put(node, file);
	return end(s, error, "chmod");
}

int lab_setxattr(struct lab_stream *s, struct model_node *node, const char *name, uint32_t len)
{
	uint32_t seq = begin(s, "setxattr node %u %.40s of %u", node->id, name, len);
	uint8_t *value = malloc(len + 1);
	struct xfs_file *file = get(s, node);
	int error;

	if (!value)
		abort();
	model_pattern(node->id, seq, 0, value, len);
	error = xfs_fsetxattr(file, name, value, len, 0);
	if (!error)
		model_set_xattr(s->model, node, name, model_hash(value, len));
	note_times(s, node, file);
	put(node, file);
	free(value);
	return end(s, error, "setxattr");
}

int lab_removexattr(struct lab_stream *s, struct model_node *node, const char *name)
{
	struct xfs_file *file;
	int error;

	begin(s, "removexattr node %u %.40s", node->id, name);
	file = get(s, node);
	error = xfs_fremovexattr(file, name);
	if (!error)
		model_set_xattr(s->model, node, name, 0);
	note_times(s, node, file);
	put(node, file);
	return end(s, error, "removexattr");
}

static void sync_one(struct lab_stream *s, struct model_node *node, bool data_only)
{
	struct xfs_file *file;
	int error;

	begin(s, "%s node %u", data_only ? "fdatasync" : "fsync", node->id);
	file = get(s, node);
	error = data_only ? xfs_fdatasync(file) : xfs_fsync(file);
	put(node, file);
	if (!error)
		model_promise(s->model, node, data_only,
			      test_recorder_events(s->lab->recorder));
	end(s, error, "fsync");
	__atomic_fetch_add(&s->lab->result->promises, 1, __ATOMIC_RELAXED);
}

void lab_fsync(struct lab_stream *s, struct model_node *node)
{
	sync_one(s, node, false);
}

void lab_fdatasync(struct lab_stream *s, struct model_node *node)
{
	sync_one(s, node, true);
}

void lab_sync(struct lab_stream *s)
{
	int error;

	begin(s, "sync");
	error = xfs_sync(s->lab->mp);
	if (!error)
		model_promise_all(s->model, test_recorder_events(s->lab->recorder));
	end(s, error, "sync");
	__atomic_fetch_add(&s->lab->result->promises, 1, __ATOMIC_RELAXED);
}
