/* SPDX-License-Identifier: MIT */
/* Reading a whole tree through the public calls, into hashes. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "crash/image.h"
#include "crash/tree.h"

#define LIST_BYTES 65536u

static void *need(void *p)
{
	if (!p)
		abort();
	return p;
}

static int complain(struct tree *tree, const char *what, int64_t error, uint64_t ino)
{
	snprintf(tree->error, sizeof(tree->error), "%s of inode %" PRIu64 ": %s: %s", what, ino,
		 strerror((int)-error), xfs_error_text(NULL));
	return -EIO;
}

static void piece(struct tree *tree, uint64_t hash, const char *format, ...)
{
	char text[400];
	va_list args;

	tree->state ^= hash;
	if (!tree->want_pieces)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	tree->pieces = need(realloc(tree->pieces, (tree->nr_pieces + 1) * sizeof(*tree->pieces)));
	tree->pieces[tree->nr_pieces++] = (struct model_piece){hash, need(strdup(text))};
}

static int read_xattrs(struct tree *tree, struct xfs_file *file, const struct xfs_stat *st,
		       struct model_node *node)
{
	static _Thread_local char list[LIST_BYTES], value[LIST_BYTES];
	ssize_t len = xfs_flistxattr(file, list, sizeof(list));

	if (len < 0)
		return complain(tree, "listxattr", len, st->ino);
	for (char *name = list; name < list + len; name += strlen(name) + 1) {
		ssize_t size = xfs_fgetxattr(file, name, value, sizeof(value));
		uint64_t hash;

		if (size < 0)
			return complain(tree, name, size, st->ino);
		hash = model_hash(value, (size_t)size);
		piece(tree, model_hash_xattr(st->ino, st->gen, name, hash),
		      "xattr %" PRIu64 " %.80s = %" PRIx64 " (%zd bytes)", st->ino, name, hash,
		      size);
		if (node)
			model_set_xattr(tree->adopt, node, name, hash);
	}
	return 0;
}

static uint64_t nanoseconds(const struct xfs_timespec *t)
{
	return (uint64_t)t->tv_sec * 1000000000 + (uint64_t)t->tv_nsec;
}

static int read_contents(struct tree *tree, struct xfs_file *file, const struct xfs_stat *st,
			 struct model_node *node)
{
	struct model_found *found;
	uint8_t *data = need(malloc(st->size_bytes + 1));
	ssize_t got = 0;

	if (st->size_bytes > 1ull << 28)
		return complain(tree, "size out of reason", -EFBIG, st->ino);
	for (uint64_t at = 0; at < st->size_bytes; at += (uint64_t)got) {
		got = xfs_pread(file, data + at, st->size_bytes - at, at);
		if (got <= 0)
			break;
	}
	if (got < 0 || (st->size_bytes && !got)) {
		free(data);
		return complain(tree, "read", got ? got : -ENODATA, st->ino);
	}
	if (tree->nr_files == tree->room_files) {
		tree->room_files = tree->room_files ? 2 * tree->room_files : 64;
		tree->files = need(realloc(tree->files, tree->room_files * sizeof(*tree->files)));
	}
	found = &tree->files[tree->nr_files++];
	*found = (struct model_found){
		.ino = st->ino, .gen = st->gen, .size = st->size_bytes, .data = data,
		.mtime = nanoseconds(&st->mtime), .ctime = nanoseconds(&st->ctime),
	};
	tree->digest ^= crash_mix(model_hash(data, st->size_bytes) + st->ino);
	if (node) {
		model_adopt(tree->adopt, node, data, st->size_bytes);
		model_set_times(tree->adopt, node, found->mtime, found->mtime, found->ctime);
	}
	return 0;
}

/* Whether the object was met before: it has several names. */
static bool met(const struct tree *tree, const struct xfs_stat *st)
{
	if (st->nlink < 2)
		return false;
	for (uint32_t i = 0; i < tree->nr_files; i++)
		if (tree->files[i].ino == st->ino)
			return true;
	return false;
}

static int read_names(struct tree *tree, struct xfs_file *dir, const struct xfs_stat *st,
		      struct model_node *node);

static int read_object(struct tree *tree, struct xfs_file *file, struct model_node **nodep)
{
	struct model_facts facts = {0};
	struct xfs_stat st = XFS_STAT_INIT;
	char target[1024];
	uint64_t times[4];
	struct model_node *node = NULL;
	int error = xfs_fgetattr(file, &st);
	ssize_t len;

	*nodep = NULL;
	if (error)
		return complain(tree, "stat", error, 0);
	if (tree->adopt)
		*nodep = model_find(tree->adopt, st.ino, st.gen);
	if (S_ISREG(st.mode) && met(tree, &st))
		return 0;
	facts = (struct model_facts){
		.ino = st.ino, .gen = st.gen, .mode = st.mode, .uid = st.uid, .nlink = st.nlink,
	};
	if (S_ISLNK(st.mode)) {
		len = xfs_freadlink(file, target, sizeof(target));
		if (len < 0)
			return complain(tree, "readlink", len, st.ino);
		facts.target = model_hash(target, (size_t)len);
	}
	piece(tree, model_hash_node(&facts), "node %" PRIu64 ".%x mode %o uid %u nlink %u",
	      st.ino, st.gen, st.mode, st.uid, st.nlink);
	times[0] = nanoseconds(&st.mtime);
	times[1] = nanoseconds(&st.ctime);
	times[2] = S_ISREG(st.mode) ? st.size_bytes : 0;
	times[3] = st.ino;
	tree->digest ^= model_hash(times, sizeof(times));
	if (tree->adopt)
		*nodep = node = model_node(tree->adopt, st.ino, st.gen, st.mode, st.uid,
					   facts.target);
	error = read_xattrs(tree, file, &st, node);
	if (!error && S_ISREG(st.mode))
		error = read_contents(tree, file, &st, node);
	if (!error && S_ISDIR(st.mode))
		error = read_names(tree, file, &st, node);
	return error;
}

static int read_entry(struct tree *tree, struct xfs_file *dir, const struct xfs_stat *st,
		      struct model_node *dir_node, const struct xfs_dirent *entry)
{
	struct model_node *node;
	struct xfs_stat below = XFS_STAT_INIT;
	struct xfs_file *file;
	/* A special file can be opened for what it is, not for what it would do. */
	int error = xfs_openat(dir, entry->name, O_PATH | O_NOFOLLOW, 0, &file);

	if (error)
		return complain(tree, entry->name, error, entry->ino);
	error = xfs_fgetattr(file, &below);
	if (!error && (S_ISREG(below.mode) || S_ISDIR(below.mode))) {
		xfs_close(file);
		error = xfs_openat(dir, entry->name, O_RDONLY | O_NOFOLLOW, 0, &file);
		if (error)
			return complain(tree, entry->name, error, entry->ino);
	}
	if (!error) {
		piece(tree, model_hash_name(st->ino, st->gen, entry->name, below.ino, below.gen),
		      "name %" PRIu64 "/%.80s -> %" PRIu64 ".%x", st->ino, entry->name, below.ino,
		      below.gen);
		error = read_object(tree, file, &node);
		if (!error && tree->adopt)
			model_add_name(tree->adopt, dir_node, entry->name, node);
	}
	xfs_close(file);
	return error;
}

static int read_names(struct tree *tree, struct xfs_file *dir, const struct xfs_stat *st,
		      struct model_node *node)
{
	struct xfs_dirent entry = XFS_DIRENT_INIT;
	struct xfs_dir *pos;
	int error = xfs_fdopendir(dir, &pos), got = 0;

	if (error)
		return complain(tree, "opendir", error, st->ino);
	while (!error && (got = xfs_readdir(pos, &entry)) == 1)
		if (strcmp(entry.name, ".") != 0 && strcmp(entry.name, "..") != 0)
			error = read_entry(tree, dir, st, node, &entry);
	if (got < 0)
		error = complain(tree, "readdir", got, st->ino);
	xfs_closedir(pos);
	return error;
}

int tree_read(struct xfs_mount *mp, const char *path, struct tree *tree)
{
	struct model_node *root;
	struct xfs_file *dir;
	int error = xfs_open(mp, path, O_RDONLY | O_DIRECTORY, 0, &dir);

	if (error)
		return complain(tree, path, error, 0);
	error = read_object(tree, dir, &root);
	xfs_close(dir);
	if (tree->adopt && !error)
		model_set_root(tree->adopt, root);
	tree->digest ^= tree->state;
	return error;
}

void tree_free(struct tree *tree)
{
	for (uint32_t i = 0; i < tree->nr_files; i++)
		free((void *)(uintptr_t)tree->files[i].data);
	for (uint32_t i = 0; i < tree->nr_pieces; i++)
		free(tree->pieces[i].text);
	free(tree->files);
	free(tree->pieces);
	memset(tree, 0, sizeof(*tree));
}
