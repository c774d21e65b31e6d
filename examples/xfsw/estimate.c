/* SPDX-License-Identifier: MIT */
/*
 * How large an image must be for what goes into it.  Counted, not guessed: each
 * object adds the blocks it takes in the worst layout it can get, then come what the file
 * system keeps for itself and the free space that is promised.  An image is sparse, so a
 * block too many costs nothing; a block too few costs the whole run.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <xfswrite/quota.h>
#include "xfsw/sink.h"

#define MIB		(1ull << 20)
#define INODE_CORE	176u
#define QUOTA_RECORD	136u

static uint64_t div_up(uint64_t n, uint64_t by)
{
	return n / by + (n % by != 0);
}

/* An extent map has room for some mappings in the inode; beyond that half-full tree blocks. */
void need_add_extent_tree(struct xfsw_need *need, uint64_t extents)
{
	uint64_t per_block = (need->block_size - 72) / 16 / 2;

	need->extents += extents;
	if (extents <= 9)
		return;
	for (uint64_t blocks = div_up(extents, per_block);; blocks = div_up(blocks, per_block)) {
		need->tree_blocks += blocks;
		if (blocks <= 1)
			break;
	}
}

static int add_record_block(struct xfsw_need *need, unsigned int type, uint64_t block)
{
	int added = need->quota & 1u << type ? inoset_add(&need->owners[type], block) : 0;

	need->quota_blocks += added > 0;
	return added < 0 ? added : 0;
}

int need_add_owner(struct xfsw_need *need, unsigned int type, uint32_t id)
{
	return add_record_block(need, type, id / (need->block_size / QUOTA_RECORD));
}

int need_add_owner_name(struct xfsw_need *need, unsigned int type, const char *name)
{
	uint64_t hash = 0xcbf29ce484222325ull;

	while (*name)
		hash = (hash ^ (unsigned char)*name++) * 0x100000001b3ull;
	/* Wherever its record lies: numbers of blocks have 32 bits. */
	return add_record_block(need, type, 1ull << 32 | hash >> 32);
}

void need_free(struct xfsw_need *need)
{
	for (unsigned int type = 0; type < 3; type++)
		inoset_free(&need->owners[type]);
}

void need_add_file(struct xfsw_need *need, uint64_t size)
{
	need->data_bytes += size;
	need->data_blocks += div_up(size, need->block_size);
	/* One extent holds 2^21 - 1 blocks; a full image may split it a few times more. */
	if (size)
		need->extents += 1 + size / need->block_size / 0x100000;
}

void need_add_range(struct xfsw_need *need, uint64_t offset, uint64_t len)
{
	uint64_t first = offset / need->block_size;
	uint64_t end = div_up(offset + len, need->block_size);

	need->data_bytes += len;
	need->data_blocks += end - first;
}

void need_add_symlink(struct xfsw_need *need, uint64_t len)
{
	if (len > need->inode_size - INODE_CORE) {
		need->data_blocks += div_up(len, need->block_size - 56);
		need->extents++;
	}
}

void need_add_directory(struct xfsw_need *need, uint64_t names, uint64_t name_bytes)
{
	uint64_t per_dir_block = need->dir_block_size / need->block_size;
	/* In the inode: header of 10 and 3 + 4 or 8 bytes beside each name. */
	uint64_t inside = 10 + names * 12 + name_bytes;
	/* In blocks: number, length, type, tag, padding; "." and ".."; one hash entry each. */
	uint64_t data = (names + 2) * 20 + name_bytes;
	uint64_t hashes = (names + 2) * 8;
	uint64_t blocks;

	need->directories++;
	/* Half of the inode may be taken by attributes. */
	if (inside <= (need->inode_size - INODE_CORE) / 2)
		return;
	if (data + hashes + 64 <= need->dir_block_size) {
		blocks = 1;
	} else {
		blocks = div_up(data, (need->dir_block_size - 64) / 10 * 9);
		blocks += div_up(hashes, need->dir_block_size / 2 - 64) * 2 + 2;
	}
	need->dir_blocks += blocks * per_dir_block;
	need->extents += div_up(blocks, 4);
}

void need_add_inode(struct xfsw_need *need, uint64_t name_len, uint64_t attrs, uint64_t attr_bytes,
		    uint64_t remote_bytes)
{
	uint64_t inside, leaf_bytes;

	need->inodes++;
	if (need->parent) {
		attrs++;
		attr_bytes += name_len + 12;
	}
	inside = attrs * 3 + attr_bytes + remote_bytes + 4;
	/* Beside it stands the data fork: a few extents, or a short directory or link. */
	if (inside <= (need->inode_size - INODE_CORE) / 2)
		return;
	/* One leaf block while they fit; then leaves split in the middle, under a node. */
	leaf_bytes = attr_bytes + attrs * 24;
	if (leaf_bytes <= need->block_size - 96)
		need->attr_blocks++;
	else
		need->attr_blocks += div_up(leaf_bytes, (need->block_size - 96) / 2) + 1;
	need->attr_blocks += div_up(remote_bytes, need->block_size - 56);
	need->extents += 1 + attrs;
}

uint64_t need_size(const struct xfsw_need *need, uint64_t log_bytes)
{
	uint64_t bs = need->block_size;
	/* Inode chunks are whole, aligned, and indexed twice. */
	uint64_t inode_blocks = div_up((need->inodes + 256) * need->inode_size, bs);
	uint64_t used, free_bytes, size;

	inode_blocks += inode_blocks / 16 + 64;
	/* Leaves of names of files with many names, half full. */
	inode_blocks += div_up(need->link_bytes, (bs - 96) / 2);
	used = need->data_blocks + need->tree_blocks + need->dir_blocks + need->attr_blocks +
	       inode_blocks;
	/* Records, which may all lie apart, and the trees that map them; their inodes, and id 0. */
	if (need->quota)
		used += need->quota_blocks + div_up(need->quota_blocks, (bs - 72) / 32) * 2 + 64;
	if (need->rmapbt)	/* 24 bytes for each extent, blocks half full */
		used += div_up((need->extents + need->quota_blocks + need->inodes / 32) * 24,
			       (bs - 56) / 2) + 16;
	used += used / 100;
	used *= bs;
	free_bytes = used / 10 > 16 * MIB ? used / 10 : 16 * MIB;
	size = used + free_bytes + log_bytes;
	/*
	 * What a mounted file system holds back: the worst case of the reverse map and the
	 * reference counts, a reserve of up to 8192 blocks, the headers of its groups.
	 */
	size += size / 100 * ((need->rmapbt ? 3 : 0) + (need->reflink ? 2 : 0) + 1);
	size += 8192 * bs < size / 16 ? 8192 * bs : size / 16;
	size += 4 * MIB + size / 1024;
	return div_up(size, MIB) * MIB;
}

/* ---- counting a tree --------------------------------------------------------- */

struct counter {
	struct xfsw_sink *sink;
	struct xfsw_need *need;
	struct xfsw_links links;
	uint64_t attrs, attr_bytes, remote_bytes;	/* of the object at hand */
	uint64_t names, name_bytes;			/* of the directory at hand */
};

static int count_xattr(void *ctx, const char *name, const void *value, size_t size)
{
	struct counter *c = ctx;

	(void)value;
	c->attrs++;
	c->attr_bytes += strlen(name);
	if (size > c->need->block_size / 2)
		c->remote_bytes += size + c->need->block_size;	/* its own blocks */
	else
		c->attr_bytes += size;
	return 0;
}

static int count_xattrs(struct counter *c, dev_t dev, int fd, const char *name)
{
	c->attrs = 0;
	c->attr_bytes = 0;
	c->remote_bytes = 0;
	return host_each_xattr(&c->sink->xattrs, dev, fd, name, true, count_xattr, c);
}

/* The copy meets the same object again and tells of it then. */
static int count_unreadable(struct host_walk *walk, const char *name, int error)
{
	(void)walk;
	(void)name;
	(void)error;
	return 0;
}

static int count_enter(struct host_walk *walk, struct host_dir *dir)
{
	struct counter *c = walk->ctx;

	(void)dir;
	c->names = 0;
	c->name_bytes = 0;
	return 0;
}

static int count_names_done(struct host_walk *walk, struct host_dir *dir)
{
	struct counter *c = walk->ctx;

	(void)dir;
	need_add_directory(c->need, c->names, c->name_bytes);
	return 0;
}

static void count_leave(struct host_walk *walk, struct host_dir *dir)
{
	(void)walk;
	(void)dir;
}

static void count_sparse(struct counter *c, int dirfd, const char *name, const struct stat *st)
{
	int fd = host_open(dirfd, name, O_RDONLY | O_NONBLOCK);
	uint64_t size = (uint64_t)st->st_size, extents = 0;
	off_t offset = 0, data, hole;

	if (fd < 0)
		return;
	while ((uint64_t)offset < size) {
		data = lseek(fd, offset, SEEK_DATA);
		hole = data < 0 ? -1 : lseek(fd, data, SEEK_HOLE);
		if (hole < 0)
			break;
		need_add_range(c->need, (uint64_t)data, (uint64_t)(hole - data));
		extents += 1 + (uint64_t)(hole - data) / c->need->block_size / 0x100000;
		offset = hole;
	}
	need_add_extent_tree(c->need, extents);
	close(fd);
}

/* 1: a further name of an object that was counted. */
static int count_link(struct counter *c, const struct stat *st, uint64_t name_len)
{
	struct xfsw_link *link = links_find(&c->links, st->st_dev, st->st_ino);

	if (link) {
		links_seen(&c->links, link);
		if (c->need->parent)
			c->need->link_bytes += name_len + 36;
		return 1;
	}
	/* Each further name is a parent pointer, mostly outside of the inode. */
	if (c->need->parent)
		c->need->attr_blocks += 2;
	return links_add(&c->links, st->st_dev, st->st_ino, (uint32_t)st->st_nlink, 1, NULL);
}

/* Who will own the new inode. */
static int count_owners(struct counter *c, struct host_walk *walk, const char *name,
			const struct stat *st)
{
	struct host_flags flags = { .known = false };
	int error = need_add_owner(c->need, 0, st->st_uid), fd = -1;

	if (!error)
		error = need_add_owner(c->need, 1, st->st_gid);
	if (error || !(c->need->quota & XFS_QUOTA_PROJECT))
		return error;
	if (!host_has_named_flags() && (S_ISREG(st->st_mode) || S_ISDIR(st->st_mode)))
		fd = host_open(host_walk_fd(walk), name, O_RDONLY | O_NONBLOCK);
	if (fd >= 0 || host_has_named_flags())
		host_get_flags(host_walk_fd(walk), fd, name, &flags);
	if (fd >= 0)
		close(fd);
	return need_add_owner(c->need, 2, flags.projid);
}

static int count_entry(struct host_walk *walk, struct host_dir *dir, struct host_entry *entry)
{
	struct counter *c = walk->ctx;
	uint64_t name_len = strlen(entry->name), left_out = c->sink->xattrs.left_out;
	struct stat st;

	/* What cannot be read is told when it is copied. */
	if (host_walk_stat(walk, entry->name, &st)) {
		c->sink->cache.full = true;	/* from here on the orders differ */
		return 0;
	}
	if (host_walk_skips(walk, &st))
		return 0;
	entry->down = S_ISDIR(st.st_mode) && sink_enters(c->sink, dir, &st);
	c->names++;
	c->name_bytes += name_len;
	c->sink->progress.total_objects++;
	if (st.st_nlink > 1 && !S_ISDIR(st.st_mode)) {
		int seen = count_link(c, &st, name_len);

		if (seen < 0)
			return xfsw_fail(c->sink->call, NULL, seen);
		if (seen) {
			cache_add(&c->sink->cache, entry->name, &st, true);
			return 0;
		}
	}
	if (host_walk_chdir(walk) || count_xattrs(c, st.st_dev, -1, entry->name))
		c->attrs = 1;	/* the copy will say so */
	cache_add(&c->sink->cache, entry->name, &st,
		  c->attrs || c->sink->xattrs.left_out != left_out);
	need_add_inode(c->need, name_len, c->attrs, c->attr_bytes, c->remote_bytes);
	if (c->need->quota && count_owners(c, walk, entry->name, &st))
		return xfsw_fail(c->sink->call, NULL, -ENOMEM);
	if (S_ISLNK(st.st_mode))
		need_add_symlink(c->need, (uint64_t)st.st_size);
	else if (S_ISREG(st.st_mode) && st.st_blocks * 512 < st.st_size)
		count_sparse(c, host_walk_fd(walk), entry->name, &st);
	else if (S_ISREG(st.st_mode))
		need_add_file(c->need, (uint64_t)st.st_size);
	return 0;
}

static const struct host_visitor count_visitor = {
	.enter = count_enter,
	.entry = count_entry,
	.names_done = count_names_done,
	.leave = count_leave,
	.unreadable = count_unreadable,
};

int need_of_tree(struct xfsw_sink *sink, struct xfsw_need *need, const char *source,
		 const struct xfsw_own *own)
{
	struct counter c = { .sink = sink, .need = need };
	struct host_walk walk = {
		.visitor = &count_visitor,
		.ctx = &c,
		.own = own,
	};
	int code = host_walk(&walk, source);

	links_free(&c.links);
	sink->progress.total_bytes = need->data_bytes;
	sink->xattrs.left_out = 0;	/* counted once more when they are copied */
	return code;
}
