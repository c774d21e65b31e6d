/* SPDX-License-Identifier: MIT */
/*
 * falloc_ops IMAGE DIR SEED OPS BLOCKSIZE: seeded calls - every mode of fallocate(2), in and out of
 * range, aligned or not, writes, truncations, clones, copies, dedupes, exchanges, changes of mode, syncs,
 * closings - on files of IMAGE through the library and
 * on files of the same names in DIR, which is a kernel's mount of a file system of the same shape.
 * After each call errno, size, mode, bytes and SEEK_DATA are equal, after each fsync the blocks and what
 * they are: falloc_compare.c has the rules.  Seeds take turns: with and without the right to keep set-id bits
 * (CAP_FSETID); with and without copy_file_range(2).
 *
 * With 0 for OPS nothing is called: what is there after new mounts of both is compared.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <xfswrite/exchange.h>
#include <xfswrite/fallocate.h>
#include <xfswrite/reflink.h>
#include "base/rand.h"
#include "falloc_ops.h"

#define NR_FILES	4
#define AREA_BLOCKS	160u	/* where most happens */

/* As in ioctl_xfs_exchange_range(2). */
struct exchange_range {
	int32_t file1_fd;
	uint32_t pad;
	uint64_t file1_offset, file2_offset, length, flags;
};
#define EXCHANGE_RANGE	_IOW('X', 129, struct exchange_range)

uint32_t bs;
uint8_t *a, *b;
size_t room;
bool sharing_is_equal;
static struct pair pairs[NR_FILES];
static struct xfs_rand rnd;
static struct xfs_mount *mp;
static char last[200];
static int top_fd;
static uint64_t nr_calls, nr_failed;
static bool kernel_exchanges;

void die(struct pair *p, const char *what)
{
	fprintf(stderr, "falloc_ops: %s: after %s: %s differs; %s\n", p->path, last, what,
		xfs_error_text(NULL));
	exit(1);
}

static uint64_t below(uint64_t n)
{
	return xfs_rand_below(&rnd, n);
}

uint64_t size_of(struct pair *p)
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

int64_t err(int64_t ret)
{
	return ret < 0 ? -errno : ret;
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

/* Two ranges of about the same kind; most of them aligned. */
struct ranges {
	struct pair *from;
	uint64_t from_off, to_off, len;
};

static struct ranges pick_ranges(struct pair *p)
{
	struct ranges r = { .from = &pairs[below(NR_FILES)] };

	r.from_off = pick_offset(r.from);
	r.to_off = pick_offset(p);
	r.len = pick_length();
	if (below(6)) {
		r.from_off -= r.from_off % bs;
		r.to_off -= r.to_off % bs;
	}
	/* Up to the end of the source, which it must not pass. */
	if (below(3) && r.from_off < size_of(r.from) && r.len > size_of(r.from) - r.from_off)
		r.len = size_of(r.from) - r.from_off;
	/* So that what is compared covers it. */
	if (r.to_off + r.len > (uint64_t)MAX_BLOCKS / 2 * bs)
		r.to_off = 0;
	return r;
}

static void tell_ranges(const char *what, const struct ranges *r, uint64_t flags)
{
	snprintf(last, sizeof(last), "%s from %s %" PRIu64 " to %" PRIu64 ", %" PRIu64 " bytes, flags %#" PRIx64,
		 what, r->from->path, r->from_off, r->to_off, r->len, flags);
}

/* The kernel ends where it can share no more, and is asked again, but not for what it appended. */
static int64_t kernel_copy(struct pair *p, const struct ranges *r)
{
	uint64_t size = size_of(r->from);
	uint64_t most = r->from_off < size && r->len > size - r->from_off ? size - r->from_off : r->len;
	off_t in = (off_t)r->from_off, out = (off_t)r->to_off;
	int64_t done = 0, n;

	do {
		n = err(copy_file_range(r->from->fd, &in, p->fd, &out, done ? most - (uint64_t)done : r->len,
					0));
		done += n > 0 ? n : 0;
	} while (n > 0 && (uint64_t)done < most);
	return done ? done : n;
}

static void call_copy(struct pair *p)
{
	struct ranges r = pick_ranges(p);

	tell_ranges("copy_file_range", &r, 0);
	same_end(p, kernel_copy(p, &r),
		 xfs_copy_range(r.from->file, r.from_off, p->file, r.to_off, r.len));
	forget_clean(r.from);
}

static int64_t kernel_dedupe(struct pair *p, const struct ranges *r)
{
	union {
		struct file_dedupe_range head;
		char bytes[sizeof(struct file_dedupe_range) + sizeof(struct file_dedupe_range_info)];
	} d = { .head = { .src_offset = r->from_off, .src_length = r->len, .dest_count = 1 } };

	d.head.info[0].dest_fd = p->fd;
	d.head.info[0].dest_offset = r->to_off;
	if (ioctl(r->from->fd, FIDEDUPERANGE, &d))
		return -errno;
	if (d.head.info[0].status == FILE_DEDUPE_RANGE_DIFFERS)
		return -EBADE;
	return d.head.info[0].status < 0 ? d.head.info[0].status : (int64_t)d.head.info[0].bytes_deduped;
}

/*
 * What a dedupe has of a block that it cannot share, because that goes on, the kernel does not compare; the
 * library does, and refuses.  Such calls are not made.
 */
static bool rest_differs(struct pair *p, const struct ranges *r)
{
	uint64_t rest = r->len % bs, from = r->from_off + r->len - rest, to = r->to_off + r->len - rest;

	if (r->from_off + r->len > size_of(r->from) || r->to_off + r->len > size_of(p))
		return false;
	return pread(r->from->fd, a, rest, (off_t)from) != (ssize_t)rest ||
	       pread(p->fd, b, rest, (off_t)to) != (ssize_t)rest || memcmp(a, b, rest) != 0;
}

static void call_dedupe(struct pair *p)
{
	struct ranges r = pick_ranges(p);

	/* The same bytes, often. */
	if (below(2) && r.from_off + r.len <= size_of(r.from) && r.from_off + r.len <= room) {
		ssize_t n = pread(r.from->fd, a, r.len, (off_t)r.from_off);

		if (n != (ssize_t)r.len)
			die(p, "pread");
		tell_ranges("bytes that are written before a dedupe", &r, 0);
		same_end(p, err(pwrite(p->fd, a, r.len, (off_t)r.to_off)),
			 xfs_pwrite(p->file, a, r.len, r.to_off));
	}
	tell_ranges("dedupe", &r, 0);
	if (!rest_differs(p, &r))
		same_end(p, kernel_dedupe(p, &r),
			 xfs_dedupe_range(r.from->file, r.from_off, p->file, r.to_off, r.len));
	forget_clean(r.from);
	forget_clean(p);
}

static void call_exchange(struct pair *p)
{
	struct ranges r = pick_ranges(p);
	struct exchange_range x = { .file1_fd = r.from->fd };

	x.flags = below(3) ? 0 : below(0x10);
	if (below(60) == 0)
		x.flags |= 0x20;
	if (x.flags & XFS_EXCHANGE_RANGE_TO_EOF && below(2))
		r.from_off = r.to_off = 0;
	if (below(8) && r.to_off < size_of(p) && r.len > size_of(p) - r.to_off)
		r.len = size_of(p) - r.to_off;
	if (below(4) && r.len > bs)
		r.len -= r.len % bs;
	x.file1_offset = r.from_off;
	x.file2_offset = r.to_off;
	x.length = r.len;
	tell_ranges("exchange", &r, x.flags);
	same_end(p, err(ioctl(p->fd, EXCHANGE_RANGE, &x)),
		 xfs_exchange_range(r.from->file, r.from_off, p->file, r.to_off, r.len, (uint32_t)x.flags));
	compare_stat(r.from);
	compare_bytes(r.from);
}

static void call_chmod(struct pair *p)
{
	static const uint32_t modes[] = { 04755, 06755, 02755, 02745, 06777, 0644, 07711 };
	struct xfs_iattr attr = XFS_IATTR_INIT;

	attr.valid = XFS_ATTR_MODE;
	attr.mode = modes[below(sizeof(modes) / sizeof(modes[0]))];
	snprintf(last, sizeof(last), "fchmod %o", attr.mode);
	same_end(p, err(fchmod(p->fd, attr.mode)), xfs_fsetattr(p->file, &attr));
}

static void open_pair(struct pair *p)
{
	p->fd = openat(top_fd, p->path + 1, O_RDWR | O_CREAT, 0644);
	if (p->fd < 0 || xfs_open(mp, p->path, O_RDWR | O_CREAT, 0644, &p->file))
		die(p, "open");
}

static void close_pair(struct pair *p)
{
	if (close(p->fd) || xfs_close(p->file))
		die(p, "close");
}

static void call_reopen(struct pair *p)
{
	snprintf(last, sizeof(last), "close and open");
	close_pair(p);
	open_pair(p);
}

static void call_fsync(struct pair *p)
{
	bool all = sharing_is_equal && below(2);

	snprintf(last, sizeof(last), "fsync");
	/* Whether a block has another owner depends on what of the others is written. */
	for (int i = 0; all && i < NR_FILES; i++)
		same_end(&pairs[i], err(fsync(pairs[i].fd)), xfs_fsync(pairs[i].file));
	same_end(p, err(fsync(p->fd)), xfs_fsync(p->file));
	compare_maps(p, false, all);
	forget_clean(p);
	compare_seek(p);
}

static void call_one(struct pair *p)
{
	switch (below(20)) {
	case 0: case 1: case 2: case 3: case 4:
		call_write(p);
		break;
	case 5:
		call_truncate(p);
		break;
	case 6:
		call_clone(p);
		break;
	case 7: case 8: case 9:
		call_fsync(p);
		break;
	case 10:
		if (!sharing_is_equal)
			call_copy(p);
		break;
	case 11:
		call_dedupe(p);
		break;
	case 12:
		if (kernel_exchanges)
			call_exchange(p);
		break;
	case 13:
		call_chmod(p);
		break;
	case 14:
		if (below(2))
			call_reopen(p);
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

static void compare_fresh(struct pair *p)
{
	snprintf(last, sizeof(last), "new mounts");
	compare_stat(p);
	compare_maps(p, true, sharing_is_equal);
	compare_seek(p);
	compare_bytes(p);
}

/* A process that may not keep set-id bits of what it writes to. */
static void drop_fsetid(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[2];

	if (syscall(SYS_capget, &head, caps))
		exit(1);
	caps[0].effective &= ~(1u << CAP_FSETID);
	if (syscall(SYS_capset, &head, caps))
		exit(1);
}

static void say_sums(void)
{
	printf("%" PRIu64 " calls, %" PRIu64 " refused by both; of %" PRIu64 " blocks compared %" PRIu64
	       " unwritten on one side alone, %" PRIu64 " shared on one side alone; %" PRIu64
	       " extents in the kernel, %" PRIu64 " here; st_blocks differed %" PRIu64 " times, trees %" PRIu64
	       "\n", nr_calls, nr_failed, map_sums.blocks, map_sums.preallocated, map_sums.shared_apart,
	       map_sums.kernel_extents, map_sums.library_extents, map_sums.stat_apart, map_sums.tree_apart);
}

int main(int argc, char **argv)
{
	struct xfs_mount_options opts = XFS_MOUNT_OPTIONS_INIT;
	struct exchange_range probe = { .flags = XFS_EXCHANGE_RANGE_DRY_RUN };
	struct xfs_device *dev;
	uint64_t seed;

	if (argc != 6)
		return 2;
	bs = (uint32_t)atoi(argv[5]);
	seed = strtoull(argv[3], NULL, 0);
	xfs_rand_seed(&rnd, seed);
	sharing_is_equal = seed & 1;
	room = MAX_BLOCKS * (size_t)bs;
	a = malloc(room);
	b = malloc(room);
	/* The least that both can be told. */
	opts.allocsize_bytes = bs > 4096 ? bs : 4096;
	opts.unprivileged = seed & 2;
	if (opts.unprivileged)
		drop_fsetid();
	top_fd = open(argv[2], O_RDONLY | O_DIRECTORY);
	if (!a || !b || xfs_device_open_file(argv[1], 0, 0, &dev) || xfs_mount(dev, &opts, &mp)) {
		fprintf(stderr, "falloc_ops: %s: %s\n", argv[1], xfs_error_text(NULL));
		return 1;
	}
	for (int i = 0; i < NR_FILES; i++) {
		struct pair *p = &pairs[i];

		snprintf(p->path, sizeof(p->path), "/f%d", i);
		open_pair(p);
	}
	/* The kernel wants the feature for the shortest exchange, too. */
	probe.file1_fd = pairs[0].fd;
	kernel_exchanges = ioctl(pairs[1].fd, EXCHANGE_RANGE, &probe) == 0;
	for (long i = strtol(argv[4], NULL, 0); i; i--)
		call_one(&pairs[below(NR_FILES)]);
	for (int i = 0; i < NR_FILES; i++) {
		if (argv[4][0] == '0')
			compare_fresh(&pairs[i]);
		else
			call_fsync(&pairs[i]);
	}
	for (int i = 0; i < NR_FILES; i++)
		close_pair(&pairs[i]);
	say_sums();
	xfs_device_put(dev);
	return xfs_unmount(mp) ? 1 : 0;
}
