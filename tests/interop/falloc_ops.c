/* SPDX-License-Identifier: MIT */
/*
 * falloc_ops IMAGE DIR SEED OPS BLOCKSIZE: seeded calls - every mode of fallocate(2), in and out of
 * range, aligned or not, writes, truncations, clones, syncs - on files of IMAGE through the library and
 * on files of the same names in DIR, which is a kernel's mount of a file system of the same shape.
 * After each call errno, size, bytes and SEEK_DATA are equal, after each fsync the blocks and what
 * they are.
 *
 * What may differ, and is counted: a block that is unwritten, or reserved, on the one side and a hole on
 * the other, because speculative preallocation of a growing file is sized and converted in other
 * pieces; and with it st_blocks.  Blocks of the extent trees are not compared.  After a last sync,
 * with all files closed, the bytes are looked at once more by the script.
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
#include <xfswrite/reflink.h>
#include "base/rand.h"

#define NR_FILES	3
#define AREA_BLOCKS	160u	/* where most happens */
#define MAX_BLOCKS	1024u	/* of the maps that are compared */

struct pair {
	char path[32];
	struct xfs_file *file;
	int fd;
};

static struct pair pairs[NR_FILES];
static struct xfs_rand rnd;
static uint32_t bs;
static uint8_t *a, *b;
static size_t room;
static char last[200];
static uint64_t nr_calls, nr_failed, nr_preallocated;

static void die(struct pair *p, const char *what)
{
	fprintf(stderr, "falloc_ops: %s: after %s: %s differs; %s\n", p->path, last, what,
		xfs_error_text(NULL));
	exit(1);
}

static uint64_t below(uint64_t n)
{
	return xfs_rand_below(&rnd, n);
}

static uint64_t size_of(struct pair *p)
{
	struct stat st;

	if (fstat(p->fd, &st))
		die(p, "fstat");
	return (uint64_t)st.st_size;
}

/* Both sides came to the same end. */
static void same_end(struct pair *p, int64_t kernel, int64_t library)
{
	nr_calls++;
	nr_failed += kernel < 0;
	if (kernel == library)
		return;
	fprintf(stderr, "kernel %" PRId64 ", library %" PRId64 "\n", kernel, library);
	die(p, "the result");
}

static int64_t err(int64_t ret)
{
	return ret < 0 ? -errno : ret;
}

/* ---- comparing ---- */

static void compare_bytes(struct pair *p)
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
	/* Clean pages over unwritten blocks would be data to SEEK_DATA. */
	posix_fadvise(p->fd, 0, 0, POSIX_FADV_DONTNEED);
}

static void compare_stat(struct pair *p)
{
	struct xfs_stat ours = XFS_STAT_INIT;

	if (xfs_fgetattr(p->file, &ours))
		die(p, "fgetattr");
	if (ours.size_bytes != size_of(p))
		die(p, "the size");
}

/* A letter for each block: '.' nothing, 'w', and 'u' unwritten, or reserved behind what was written. */
static void fill(char *map, uint64_t offset, uint64_t length, char kind)
{
	for (uint64_t i = offset / bs; i < (offset + length) / bs && i < MAX_BLOCKS; i++)
		map[i] = kind;
}

static void kernel_map(struct pair *p, char *map)
{
	static uint64_t room_for_map[(sizeof(struct fiemap) + 400 * sizeof(struct fiemap_extent)) / 8 + 1];
	struct fiemap *fm = (struct fiemap *)room_for_map;

	*fm = (struct fiemap){
		.fm_length = ~0ull, .fm_flags = FIEMAP_FLAG_SYNC, .fm_extent_count = 400,
	};
	if (ioctl(p->fd, FS_IOC_FIEMAP, fm))
		die(p, "FIEMAP");
	for (uint32_t i = 0; i < fm->fm_mapped_extents; i++) {
		const struct fiemap_extent *e = &fm->fm_extents[i];
		bool data = !(e->fe_flags & (FIEMAP_EXTENT_UNWRITTEN | FIEMAP_EXTENT_DELALLOC));

		fill(map, e->fe_logical, e->fe_length, data ? 'w' : 'u');
	}
}

static void library_map(struct pair *p, char *map)
{
	struct xfs_extent e[64] = { XFS_EXTENT_INIT };
	uint64_t offset = 0;
	size_t n;

	do {
		if (xfs_map_extents(p->file, XFS_MAP_SYNC, offset, e, 64, &n))
			die(p, "map");
		for (size_t i = 0; i < n; i++)
			fill(map, e[i].offset, e[i].length, e[i].unwritten || e[i].delalloc ? 'u' : 'w');
		if (n)
			offset = e[n - 1].offset + e[n - 1].length;
	} while (n && !e[n - 1].last);
}

static void compare_maps(struct pair *p)
{
	char kernel[MAX_BLOCKS + 1] = "", library[MAX_BLOCKS + 1] = "";

	memset(kernel, '.', MAX_BLOCKS);
	memset(library, '.', MAX_BLOCKS);
	kernel_map(p, kernel);
	library_map(p, library);
	for (uint32_t i = 0; i < MAX_BLOCKS; i++) {
		if (kernel[i] == library[i])
			continue;
		if (kernel[i] != 'w' && library[i] != 'w') {
			nr_preallocated++;
			continue;
		}
		fprintf(stderr, "block %u\nkernel  %.200s\nlibrary %.200s\n", i, kernel, library);
		die(p, "the map");
	}
}

static void compare_seek(struct pair *p)
{
	uint64_t at = 0;

	for (int i = 0; i < 1000; i++) {
		int whence = i % 2 ? SEEK_HOLE : SEEK_DATA;
		int64_t want = err(lseek(p->fd, (off_t)at, whence)), got = xfs_seek(p->file, at, whence);

		if (want != got) {
			fprintf(stderr, "from %" PRIu64 ": kernel %" PRId64 ", library %" PRId64 "\n", at, want,
				got);
			die(p, whence == SEEK_DATA ? "SEEK_DATA" : "SEEK_HOLE");
		}
		if (want < 0)
			return;
		at = (uint64_t)want;
	}
}

/* ---- calls ---- */

static uint64_t pick_offset(struct pair *p)
{
	uint64_t size = size_of(p), off = below(AREA_BLOCKS * (uint64_t)bs);

	switch (below(6)) {
	case 0:
		return size;
	case 1:
		return size - (size < 3 * bs ? 0 : below(3 * bs));
	case 2:
	case 3:
		return off / bs * bs;
	}
	return off;
}

static uint64_t pick_length(void)
{
	uint64_t len = 1 + below(below(3) ? 6 * bs : 40 * bs);

	return below(2) ? (len + bs - 1) / bs * bs : len;
}

static void call_fallocate(struct pair *p)
{
	static const int modes[] = { 0, 1, 3, 3, 0x10, 0x11, 8, 8, 0x20, 0x20, 0x40, 0x41 };
	int mode = modes[below(sizeof(modes) / sizeof(modes[0]))];
	uint64_t off = pick_offset(p), len = pick_length();

	if (below(30) == 0)
		mode = (int)below(0x80);
	if (below(60) == 0)
		len = below(2) ? 0 : INT64_MAX - below(2 * bs);
	if (below(60) == 0)
		off = INT64_MAX - below(3 * bs);
	/* So that it does not grow for ever. */
	if (mode == 0x20 && size_of(p) > 400 * (uint64_t)bs)
		mode = 8;
	if (mode == 8 && below(3))
		off = off / bs * bs;
	snprintf(last, sizeof(last), "fallocate %#x %" PRIu64 " %" PRIu64, (unsigned int)mode, off, len);
	same_end(p, err(fallocate(p->fd, mode, (off_t)off, (off_t)len)),
		 xfs_fallocate(p->file, mode, off, len));
}

static void call_write(struct pair *p)
{
	uint64_t off = pick_offset(p), len = pick_length();

	snprintf(last, sizeof(last), "pwrite %" PRIu64 " %" PRIu64, off, len);
	for (uint64_t i = 0; i < len; i++)
		a[i] = (uint8_t)(xfs_rand64(&rnd) | 1);
	same_end(p, err(pwrite(p->fd, a, len, (off_t)off)), xfs_pwrite(p->file, a, len, off));
}

static void call_truncate(struct pair *p)
{
	uint64_t size = below(3) ? pick_offset(p) : below(size_of(p) + 1);

	snprintf(last, sizeof(last), "ftruncate %" PRIu64, size);
	same_end(p, err(ftruncate(p->fd, (off_t)size)), xfs_ftruncate(p->file, size));
}

static void call_clone(struct pair *p)
{
	struct pair *from = &pairs[below(NR_FILES)];
	struct file_clone_range r = {
		.src_fd = from->fd, .src_offset = below(AREA_BLOCKS) * bs, .dest_offset = below(AREA_BLOCKS) * bs,
		.src_length = (1 + below(30)) * bs,
	};

	snprintf(last, sizeof(last), "clone from %s %llu %llu to %llu", from->path,
		 (unsigned long long)r.src_offset, (unsigned long long)r.src_length,
		 (unsigned long long)r.dest_offset);
	same_end(p, err(ioctl(p->fd, FICLONERANGE, &r)),
		 xfs_clone_range(from->file, r.src_offset, p->file, r.dest_offset, r.src_length));
}

static void call_fsync(struct pair *p)
{
	snprintf(last, sizeof(last), "fsync");
	same_end(p, err(fsync(p->fd)), xfs_fsync(p->file));
	compare_maps(p);
	posix_fadvise(p->fd, 0, 0, POSIX_FADV_DONTNEED);
	compare_seek(p);
}

static void call_one(struct pair *p)
{
	switch (below(12)) {
	case 0: case 1: case 2:
		call_write(p);
		break;
	case 3:
		call_truncate(p);
		break;
	case 4:
		call_clone(p);
		break;
	case 5: case 6:
		call_fsync(p);
		break;
	default:
		call_fallocate(p);
		break;
	}
	if (getenv("FALLOC_OPS_VERBOSE"))
		fprintf(stderr, "%s: %s\n", p->path, last);
	compare_stat(p);
	/* A clean block in a page with a dirty one is data to the kernel, too. */
	if (bs >= 4096)
		compare_seek(p);
	compare_bytes(p);
}

int main(int argc, char **argv)
{
	struct xfs_mount_options opts = XFS_MOUNT_OPTIONS_INIT;
	struct xfs_device *dev;
	struct xfs_mount *mp;
	char host[600];

	if (argc != 6)
		return 2;
	bs = (uint32_t)atoi(argv[5]);
	xfs_rand_seed(&rnd, strtoull(argv[3], NULL, 0));
	room = MAX_BLOCKS * (size_t)bs;
	a = malloc(room);
	b = malloc(room);
	/* The least that both can be told. */
	opts.allocsize_bytes = bs > 4096 ? bs : 4096;
	if (!a || !b || xfs_device_open_file(argv[1], 0, 0, &dev) || xfs_mount(dev, &opts, &mp)) {
		fprintf(stderr, "falloc_ops: %s: %s\n", argv[1], xfs_error_text(NULL));
		return 1;
	}
	for (int i = 0; i < NR_FILES; i++) {
		struct pair *p = &pairs[i];

		snprintf(p->path, sizeof(p->path), "/f%d", i);
		snprintf(host, sizeof(host), "%s%s", argv[2], p->path);
		p->fd = open(host, O_RDWR | O_CREAT, 0644);
		if (p->fd < 0 || xfs_open(mp, p->path, O_RDWR | O_CREAT, 0644, &p->file))
			die(p, "open");
	}
	for (long i = strtol(argv[4], NULL, 0); i; i--)
		call_one(&pairs[below(NR_FILES)]);
	for (int i = 0; i < NR_FILES; i++) {
		call_fsync(&pairs[i]);
		close(pairs[i].fd);
		if (xfs_close(pairs[i].file))
			die(&pairs[i], "close");
	}
	printf("%" PRIu64 " calls, %" PRIu64 " refused by both, %" PRIu64
	       " times a block was unwritten on one side alone\n", nr_calls, nr_failed, nr_preallocated);
	xfs_device_put(dev);
	return xfs_unmount(mp) ? 1 : 0;
}
