/* SPDX-License-Identifier: MIT */
/*
 * How falloc_ops compares a file of both sides.  Bytes, size, mode, errno and SEEK_DATA are equal.  Of a
 * file that was synced:
 *
 *  - The same blocks are written.  A block that is unwritten, or reserved, on the one side and a hole on the
 *    other is counted: speculative preallocation of a growing file is sized, and converted, in other pieces.
 *  - st_blocks is what is mapped, what is set aside for copy-on-write, and the blocks of the extent tree.
 *    The tree has no block while its extents fit into the inode, where a security label may take
 *    a part of the room, and never more than its extents
 *    fill when each leaf is half full.  What a kernel has set aside it does not tell: that its
 *    st_blocks is exact is only asked of files that were not opened since the mount.  Then st_blocks
 *    differs by no more than the blocks that were counted and both trees.
 *  - The same written blocks are shared once all files were synced, unless copy_file_range(2) was among the calls: the
 *    kernel shares only what it can all share.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xfswrite/fallocate.h>
#include "falloc_ops.h"

#define INLINE_EXTENTS	9u	/* that fit beside any attribute fork that these files have */

struct map {
	char letters[MAX_BLOCKS + 1];	/* '.' nothing, 'w', 's' written and shared, 'u' */
	uint64_t extents, blocks;
};

struct map_sums map_sums;

void forget_clean(struct pair *p)
{
	posix_fadvise(p->fd, 0, 0, POSIX_FADV_DONTNEED);
}

void compare_bytes(struct pair *p)
{
	ssize_t want, got;

	memset(a, 0xaa, room);
	memset(b, 0xbb, room);
	want = pread(p->fd, a, room, 0);
	got = xfs_pread(p->file, b, room, 0);
	if (want != got)
		die(p, "the length of a read");
	for (ssize_t i = 0; i < want; i++) {
		if (a[i] == b[i])
			continue;
		fprintf(stderr, "byte %zd (block %zd): kernel %02x, library %02x\n", i, i / bs, a[i], b[i]);
		die(p, "contents");
	}
	forget_clean(p);
}

void compare_stat(struct pair *p)
{
	struct xfs_stat ours = XFS_STAT_INIT;
	struct stat st;

	if (xfs_fgetattr(p->file, &ours) || fstat(p->fd, &st))
		die(p, "fgetattr");
	if (ours.size_bytes != (uint64_t)st.st_size) {
		fprintf(stderr, "size: kernel %" PRIu64 ", library %" PRIu64 "\n", (uint64_t)st.st_size,
			ours.size_bytes);
		die(p, "the size");
	}
	if ((ours.mode & 07777) != (st.st_mode & 07777)) {
		fprintf(stderr, "mode: kernel %o, library %o\n", st.st_mode, ours.mode);
		die(p, "the mode");
	}
}

static void fill(struct map *map, uint64_t offset, uint64_t length, char kind)
{
	map->extents++;
	map->blocks += length / bs;
	for (uint64_t i = offset / bs; i < (offset + length) / bs && i < MAX_BLOCKS; i++)
		map->letters[i] = kind;
}

static void kernel_map(struct pair *p, struct map *map)
{
	static uint64_t room_for_map[(sizeof(struct fiemap) + 400 * sizeof(struct fiemap_extent)) / 8 + 1];
	struct fiemap *fm = (struct fiemap *)room_for_map;
	const struct fiemap_extent *e = NULL;
	uint64_t from = 0;

	do {
		*fm = (struct fiemap){
			.fm_start = from, .fm_length = ~0ull - from, .fm_flags = FIEMAP_FLAG_SYNC,
			.fm_extent_count = 400,
		};
		if (ioctl(p->fd, FS_IOC_FIEMAP, fm))
			die(p, "FIEMAP");
		for (uint32_t i = 0; i < fm->fm_mapped_extents; i++) {
			bool data;

			e = &fm->fm_extents[i];
			data = !(e->fe_flags & (FIEMAP_EXTENT_UNWRITTEN | FIEMAP_EXTENT_DELALLOC));
			fill(map, e->fe_logical, e->fe_length,
			     !data ? 'u' : e->fe_flags & FIEMAP_EXTENT_SHARED ? 's' : 'w');
			from = e->fe_logical + e->fe_length;
		}
	} while (fm->fm_mapped_extents && !(e->fe_flags & FIEMAP_EXTENT_LAST));
}

static void library_map(struct pair *p, struct map *map)
{
	struct xfs_extent e[64] = { XFS_EXTENT_INIT };
	uint64_t offset = 0;
	size_t n;

	do {
		if (xfs_map_extents(p->file, XFS_MAP_SYNC, offset, e, 64, &n))
			die(p, "map");
		for (size_t i = 0; i < n; i++)
			fill(map, e[i].offset, e[i].length,
			     e[i].unwritten || e[i].delalloc ? 'u' : e[i].shared ? 's' : 'w');
		if (n)
			offset = e[n - 1].offset + e[n - 1].length;
	} while (n && !e[n - 1].last);
}

static uint64_t library_cow_blocks(struct pair *p)
{
	struct xfs_extent e[64] = { XFS_EXTENT_INIT };
	uint64_t offset = 0, blocks = 0;
	size_t n;

	do {
		if (xfs_map_extents(p->file, XFS_MAP_COW, offset, e, 64, &n))
			die(p, "the map of what is set aside");
		for (size_t i = 0; i < n; i++)
			blocks += e[i].length / bs;
		if (n)
			offset = e[n - 1].offset + e[n - 1].length;
	} while (n && !e[n - 1].last);
	return blocks;
}

/* Of the extent tree, as st_blocks tells them; ends the program when there cannot be so many. */
static uint64_t tree_blocks(struct pair *p, const char *side, const struct map *map, uint64_t blocks512,
			    uint64_t more)
{
	uint64_t all = blocks512 * 512 / bs, mapped = map->blocks + more, most = 0;

	if (map->extents > INLINE_EXTENTS)
		most = 2 + map->extents / (bs / 16 / 2 - 8);
	if (blocks512 * 512 % bs == 0 && all >= mapped && all - mapped <= most)
		return all - mapped;
	fprintf(stderr, "%s: st_blocks %" PRIu64 ", %" PRIu64 " blocks in %" PRIu64 " extents, and %" PRIu64
		" set aside\n", side, blocks512, map->blocks, map->extents, more);
	die(p, "st_blocks");
}

static void compare_blocks(struct pair *p, const struct map *kernel, const struct map *library, bool fresh)
{
	struct xfs_stat ours = XFS_STAT_INIT;
	struct stat st;
	uint64_t of_kernel, of_library;

	if (xfs_fgetattr(p->file, &ours) || fstat(p->fd, &st))
		die(p, "fgetattr");
	of_library = tree_blocks(p, "library", library, ours.blocks512, library_cow_blocks(p));
	if (!fresh)
		return;
	of_kernel = tree_blocks(p, "kernel", kernel, (uint64_t)st.st_blocks, 0);
	if (getenv("FALLOC_OPS_VERBOSE"))
		fprintf(stderr, "%s: st_blocks %" PRIu64 ", here %" PRIu64 "; extents %" PRIu64 ", %" PRIu64
			"; mapped %" PRIu64 ", %" PRIu64 "\n", p->path, (uint64_t)st.st_blocks, ours.blocks512,
			kernel->extents, library->extents, kernel->blocks, library->blocks);
	map_sums.tree_apart += of_kernel != of_library;
	map_sums.stat_apart += (uint64_t)st.st_blocks != ours.blocks512;
}

static void letters_differ(struct pair *p, uint32_t block, const struct map *kernel,
			   const struct map *library)
{
	uint32_t from = block < 100 ? 0 : block - 100;

	fprintf(stderr, "block %u, from %u\nkernel  %.200s\nlibrary %.200s\n", block, from,
		kernel->letters + from, library->letters + from);
	die(p, "the map");
}

void compare_maps(struct pair *p, bool fresh, bool sharing)
{
	struct map kernel = { .extents = 0 }, library = { .extents = 0 };
	uint64_t preallocated = 0;

	memset(kernel.letters, '.', MAX_BLOCKS);
	memset(library.letters, '.', MAX_BLOCKS);
	kernel_map(p, &kernel);
	library_map(p, &library);
	for (uint32_t i = 0; i < MAX_BLOCKS; i++) {
		char k = kernel.letters[i], l = library.letters[i];
		bool k_data = k == 'w' || k == 's', l_data = l == 'w' || l == 's';

		map_sums.blocks += k != '.';
		if (k == l)
			continue;
		if (k_data != l_data)
			letters_differ(p, i, &kernel, &library);
		if (!k_data)
			preallocated++;
		else if (sharing)
			letters_differ(p, i, &kernel, &library);
		else
			map_sums.shared_apart++;
	}
	map_sums.preallocated += preallocated;
	map_sums.kernel_extents += kernel.extents;
	map_sums.library_extents += library.extents;
	compare_blocks(p, &kernel, &library, fresh);
}

/* The first place where both sides do not answer the same; 0: none.  @want and @got: the answers. */
static int seek_differs(struct pair *p, uint64_t *at, int64_t *want, int64_t *got)
{
	*at = 0;
	for (int i = 0; i < 1000; i++, *at = (uint64_t)*want) {
		int whence = i % 2 ? SEEK_HOLE : SEEK_DATA;

		*want = err(lseek(p->fd, (off_t)*at, whence));
		*got = xfs_seek(p->file, *at, whence);
		if (*want != *got)
			return whence;
		if (*want < 0)
			break;
	}
	return 0;
}

/*
 * What of an unwritten extent was read is data to the kernel as long as it is in memory, and beside
 * a dirty block it stays there.  So a difference counts when it is still there after all was written.
 */
void compare_seek(struct pair *p)
{
	int64_t want, got;
	uint64_t at;
	int whence = seek_differs(p, &at, &want, &got);

	if (whence && want >= 0 && (want < got) == (whence == SEEK_DATA)) {
		if (fsync(p->fd) || xfs_fsync(p->file))
			die(p, "fsync");
		forget_clean(p);
		whence = seek_differs(p, &at, &want, &got);
	}
	if (!whence)
		return;
	fprintf(stderr, "from %" PRIu64 ": kernel %" PRId64 ", library %" PRId64 "\n", at, want, got);
	die(p, whence == SEEK_DATA ? "SEEK_DATA" : "SEEK_HOLE");
}
