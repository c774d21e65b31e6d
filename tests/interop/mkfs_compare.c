/* SPDX-License-Identifier: MIT */
/*
 * Compare two fresh file systems byte by byte:
 *
 *	mkfs_compare OURS THEIRS [LOG_OURS LOG_THEIRS]
 *
 * Every byte must be the same, but for the fields of the tables below, each with the
 * reason why it may differ.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/crc32c.h"
#include "disk/btree.h"
#include "disk/geometry.h"
#include "disk/inode.h"

/* In inodes of the first chunk. */
static const struct {
	unsigned int from, to;		/* bytes of an inode */
	unsigned int first, last;	/* inodes of the chunk */
	const char *what, *why;
} allowed[] = {
	{ 32, 56, 0, 2, "atime, mtime, ctime",
	  "the clock; mkfs.xfs 6.1 leaves the access time at the epoch" },
	{ 144, 152, 0, 2, "crtime", "the clock" },
	{ 92, 96, 1, 127, "generation", "random; that of the root directory must be 0" },
	{ 104, 112, 0, 2, "change count", "counts the steps in which a formatter made the inode" },
	{ 100, 104, 0, 127, "checksum", "follows from the others; both must be right" },
};

static uint64_t counts[sizeof(allowed) / sizeof(allowed[0])];

/* In the roots of the trees of an AG. */
static const char stale_why[] =
	"behind the records of a tree block: mkfs.xfs takes the last piece of a free extent away "
	"and leaves what was moved; and its checksum, which must be right";
static uint64_t stale_count;

static unsigned int bad;

struct image {
	const char *path;
	int fd;
	uint64_t size;
};

static void open_image(struct image *im, const char *path)
{
	struct stat st;

	im->path = path;
	im->fd = open(path, O_RDONLY);
	if (im->fd < 0 || fstat(im->fd, &st)) {
		perror(path);
		exit(2);
	}
	im->size = (uint64_t)st.st_size;
}

static void read_at(const struct image *im, uint64_t off, void *buf, size_t len)
{
	if (pread(im->fd, buf, len, (off_t)off) != (ssize_t)len) {
		fprintf(stderr, "%s: cannot read at %" PRIu64 "\n", im->path, off);
		exit(2);
	}
}

/* Next byte at or after @off that may be something else than a hole; the size when none. */
static uint64_t next_data(const struct image *im, uint64_t off)
{
	off_t data = lseek(im->fd, (off_t)off, SEEK_DATA);

	return data < 0 ? im->size : (uint64_t)data;
}

static void complain(const char *which, uint64_t off, uint8_t ours, uint8_t theirs)
{
	if (bad++ < 20)
		printf("%s: byte %" PRIu64 " (0x%" PRIx64 "): ours %02x, theirs %02x\n", which,
		       off, off, ours, theirs);
}

/* The byte at @off, of the first inode chunk, may differ. */
static bool is_allowed(const struct xfs_geometry *geo, uint64_t off)
{
	uint64_t chunk = xfs_ino_to_bytes(geo, geo->rootino);
	unsigned int index, byte;

	if (off < chunk || off >= chunk + ((uint64_t)geo->ialloc_blks << geo->blocklog))
		return false;
	index = (unsigned int)((off - chunk) >> geo->inodelog);
	byte = (unsigned int)(off - chunk) & (geo->inodesize - 1);
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
		if (byte >= allowed[i].from && byte < allowed[i].to &&
		    index >= allowed[i].first && index <= allowed[i].last) {
			counts[i]++;
			return true;
		}
	return false;
}

/*
 * The byte at @off is behind the records of a tree root of @im, or in its checksum. Both
 * images say the same number of records, for that is a byte that may not differ.
 */
static bool is_stale(const struct xfs_geometry *geo, const struct image *im, uint64_t off)
{
	uint64_t rfsb = off >> geo->blocklog;
	xfs_agblock_t agbno = (xfs_agblock_t)(rfsb % geo->agblocks);
	unsigned int byte = (unsigned int)off & geo->blockmask, recsize;
	uint8_t block[XFS_MAX_BLOCKSIZE];

	if (rfsb >= geo->dblocks || agbno < geo->bno_root || agbno >= geo->prealloc_blocks)
		return false;
	read_at(im, rfsb << geo->blocklog, block, geo->blocksize);
	if (!xfs_cksum_ok(block, geo->blocksize, XFS_BTREE_SBLOCK_CRC_OFF))
		return false;
	if (agbno == geo->bno_root || agbno == geo->cnt_root)
		recsize = sizeof(struct xfs_alloc_rec);
	else if (agbno == geo->rmap_root)
		recsize = sizeof(struct xfs_rmap_rec);
	else
		return false;
	if (byte < XFS_BTREE_SBLOCK_LEN + get_be16(block + 6) * recsize &&
	    (byte < XFS_BTREE_SBLOCK_CRC_OFF || byte >= XFS_BTREE_SBLOCK_CRC_OFF + 4))
		return false;
	stale_count++;
	return true;
}

static void compare(const char *which, const struct image *a, const struct image *b,
		    const struct xfs_geometry *geo)
{
	static uint8_t ba[1 << 16], bb[1 << 16];

	if (a->size != b->size) {
		printf("%s: sizes %" PRIu64 " and %" PRIu64 "\n", which, a->size, b->size);
		bad++;
		return;
	}
	for (uint64_t off = 0; off < a->size;) {
		uint64_t da = next_data(a, off), db = next_data(b, off);
		uint64_t from = (da < db ? da : db) & ~(uint64_t)511;
		size_t len = sizeof(ba);

		if (from >= a->size)
			break;
		if (len > a->size - from)
			len = (size_t)(a->size - from);
		read_at(a, from, ba, len);
		read_at(b, from, bb, len);
		for (size_t i = 0; memcmp(ba, bb, len) && i < len; i++)
			if (ba[i] != bb[i] &&
			    !(geo && (is_allowed(geo, from + i) ||
				      (is_stale(geo, a, from + i) && is_stale(geo, b, from + i)))))
				complain(which, from + i, ba[i], bb[i]);
		off = from + len;
	}
}

static void check_inodes(const struct image *im, const struct xfs_geometry *geo)
{
	for (uint32_t i = 0; i < geo->ialloc_inos; i++) {
		uint8_t buf[XFS_DINODE_MAX_SIZE];

		read_at(im, xfs_ino_to_bytes(geo, geo->rootino) + ((uint64_t)i << geo->inodelog),
			buf, geo->inodesize);
		if (!xfs_cksum_ok(buf, geo->inodesize, XFS_DINODE_CRC_OFF)) {
			printf("%s: checksum of inode %" PRIu64 "\n", im->path, geo->rootino + i);
			bad++;
		}
	}
}

int main(int argc, char **argv)
{
	struct image ours, theirs, log_ours, log_theirs;
	struct xfs_geometry geo;
	uint8_t sector[512];
	struct xfs_sb sb;

	if (argc != 3 && argc != 5) {
		fprintf(stderr, "usage: mkfs_compare OURS THEIRS [LOG_OURS LOG_THEIRS]\n");
		return 2;
	}
	open_image(&ours, argv[1]);
	open_image(&theirs, argv[2]);
	read_at(&ours, 0, sector, sizeof(sector));
	xfs_sb_from_disk(&sb, (const void *)sector);
	if (sb.sb_magicnum != XFS_SB_MAGIC || xfs_geometry_init(&geo, &sb)) {
		printf("%s: no file system\n", ours.path);
		return 1;
	}
	compare("data", &ours, &theirs, &geo);
	check_inodes(&ours, &geo);
	check_inodes(&theirs, &geo);
	if (argc == 5) {
		open_image(&log_ours, argv[3]);
		open_image(&log_theirs, argv[4]);
		compare("log", &log_ours, &log_theirs, NULL);
	}
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
		if (counts[i] && getenv("VERBOSE"))
			printf("%" PRIu64 " bytes of %s: %s\n", counts[i], allowed[i].what,
			       allowed[i].why);
	if (stale_count && getenv("VERBOSE"))
		printf("%" PRIu64 " bytes %s\n", stale_count / 2, stale_why);
	if (bad)
		printf("%u bytes differ that should not\n", bad);
	return bad ? 1 : 0;
}
