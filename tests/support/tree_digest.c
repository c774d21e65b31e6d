/* SPDX-License-Identifier: MIT */
/*
 * tree_digest DIR: one line for each object below DIR, sorted by path, with
 * everything two copies of a tree must have in common: type, mode, owner, links, size, device
 * number, mtime to the nanosecond, extended attributes, target, a hash of the contents, and
 * which names are the same file.  Two trees are equal when their outputs are.
 *
 * Left out: what depends on the file system rather than on the tree (inode numbers, ctime,
 * sizes and link counts of directories), and atime, which reading changes.
 *
 * --holes: where the holes of files are, too.
 * --blocks: how many 512-byte blocks are mapped in each regular file, also past its end; not those
 * of the map itself, of which two writers may need different numbers.
 * --links-inside: of the links of a file only those in the tree are counted, for a part of a
 * larger tree.
 *
 * Bytes that are not printable are written \xHH, so that lines stay lines.
 * Exit: 0, or 1 when something could not be read (told on standard error).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <linux/fiemap.h>
#include <linux/fs.h>

#define BLOCK		4096u
#define BUF_SIZE	(1u << 20)
#define XATTR_MAX	65536

/* ---- SHA-256 (FIPS 180-4) ------------------------------------------------- */

struct sha256 {
	uint32_t state[8];
	uint64_t bytes;
	uint8_t block[64];
};

/* First 32 bits of the fractional parts of the cube roots of the first 64 primes. */
static uint32_t round_constants[64];

/* Fraction bits of the @root-th root of @n, by integer search: no table to mistype. */
static uint32_t root_fraction(uint32_t n, int root)
{
	unsigned __int128 target = (unsigned __int128)n << (root == 2 ? 64 : 96);
	uint64_t low = 0, high = 1ull << 36;

	while (low + 1 < high) {
		uint64_t mid = low + (high - low) / 2;
		unsigned __int128 power = (unsigned __int128)mid * mid;

		if (root == 3)
			power = power > target ? power : power * mid;
		if (power <= target)
			low = mid;
		else
			high = mid;
	}
	return (uint32_t)low;
}

static uint32_t initial_state[8];

static void sha256_tables(void)
{
	unsigned int found = 0;

	for (uint32_t n = 2; found < 64; n++) {
		bool prime = true;

		for (uint32_t d = 2; d * d <= n; d++)
			prime = prime && n % d;
		if (!prime)
			continue;
		if (found < 8)
			initial_state[found] = root_fraction(n, 2);
		round_constants[found++] = root_fraction(n, 3);
	}
}

static uint32_t rotate(uint32_t x, int by)
{
	return x >> by | x << (32 - by);
}

static void sha256_block(struct sha256 *s, const uint8_t *p)
{
	uint32_t w[64], v[8];

	for (int i = 0; i < 16; i++, p += 4)
		w[i] = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
	for (int i = 16; i < 64; i++)
		w[i] = w[i - 16] + w[i - 7] +
		       (rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3) +
		       (rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10);
	memcpy(v, s->state, sizeof(v));
	for (int i = 0; i < 64; i++) {
		uint32_t t1 = v[7] + (rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25)) +
			      ((v[4] & v[5]) ^ (~v[4] & v[6])) + round_constants[i] + w[i];
		uint32_t t2 = (rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22)) +
			      ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));

		memmove(v + 1, v, 7 * sizeof(v[0]));
		v[4] += t1;
		v[0] = t1 + t2;
	}
	for (int i = 0; i < 8; i++)
		s->state[i] += v[i];
}

static void sha256_start(struct sha256 *s)
{
	memcpy(s->state, initial_state, sizeof(s->state));
	s->bytes = 0;
}

static void sha256_add(struct sha256 *s, const void *data, size_t len)
{
	const uint8_t *p = data;
	size_t have = s->bytes % 64;

	s->bytes += len;
	if (have + len < 64) {
		memcpy(s->block + have, p, len);
		return;
	}
	if (have) {
		memcpy(s->block + have, p, 64 - have);
		sha256_block(s, s->block);
		p += 64 - have;
		len -= 64 - have;
	}
	for (; len >= 64; p += 64, len -= 64)
		sha256_block(s, p);
	memcpy(s->block, p, len);
}

static void sha256_end(struct sha256 *s, char hex[65])
{
	static const uint8_t padding[64] = { 0x80 };
	uint64_t bits = s->bytes * 8;
	uint8_t length[8];

	for (int i = 0; i < 8; i++)
		length[i] = (uint8_t)(bits >> (56 - 8 * i));
	sha256_add(s, padding, 1 + (119 - s->bytes % 64) % 64);
	sha256_add(s, length, 8);
	for (int i = 0; i < 8; i++)
		sprintf(hex + 8 * i, "%08x", s->state[i]);
}

/* ---- the line ----------------------------------------------------------------- */

static char *buf, *list, *value;
static bool failed, links_inside, show_holes, show_blocks;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void *need(void *p)
{
	if (!p)
		die("tree_digest");
	return p;
}

static void complain(const char *path, const char *what)
{
	fprintf(stderr, "tree_digest: %s: %s: %s\n", path, what, strerror(errno));
	failed = true;
}

static void print_bytes(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c <= ' ' || c >= 127 || c == '\\')
			printf("\\x%02x", c);
		else
			putchar(c);
	}
}

static bool all_zero(const char *p, size_t len)
{
	return len == 0 || (p[0] == 0 && memcmp(p, p + 1, len - 1) == 0);
}

/*
 * The hash takes (offset, bytes) of each block that is not zero: holes and zeros are
 * the same thing to a reader, and a file of 10 TiB with one block is read in no time.
 */
static void hash_range(struct sha256 *s, int fd, const char *path, uint64_t from, uint64_t to)
{
	for (uint64_t at = from / BLOCK * BLOCK; at < to;) {
		ssize_t got = pread(fd, buf, BUF_SIZE, (off_t)at);

		if (got < 0)
			complain(path, "read");
		if (got <= 0)
			return;
		for (size_t i = 0; i < (size_t)got; i += BLOCK) {
			size_t len = (size_t)got - i < BLOCK ? (size_t)got - i : BLOCK;
			uint64_t offset = at + i;

			if (offset >= to || all_zero(buf + i, len))
				continue;
			sha256_add(s, &offset, sizeof(offset));
			sha256_add(s, buf + i, len);
		}
		at += (uint64_t)got / BLOCK * BLOCK;
		if (got % BLOCK)
			return;		/* the end of the file */
	}
}

static void print_contents(int fd, const char *path, uint64_t size)
{
	uint64_t done = 0;
	struct sha256 s;
	char hex[65];

	sha256_start(&s);
	while (done < size) {
		off_t data = lseek(fd, (off_t)done, SEEK_DATA), hole;
		uint64_t end;

		if (data < 0 && errno == ENXIO)
			break;
		hole = data < 0 ? -1 : lseek(fd, data, SEEK_HOLE);
		if (hole < 0) {
			complain(path, "seek");
			break;
		}
		/* Ranges that begin inside of a block would hash it twice. */
		end = ((uint64_t)hole + BLOCK - 1) / BLOCK * BLOCK;
		if ((uint64_t)data > done)
			done = (uint64_t)data;
		hash_range(&s, fd, path, done, end);
		if (show_holes)
			printf(" data=%jd+%jd", (intmax_t)data, (intmax_t)(hole - data));
		done = end;
	}
	sha256_end(&s, hex);
	printf(" sha256=%s", hex);
}

static int compare_strings(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* @fd, or -1: the link or special file @name of the working directory. */
static void print_xattrs(int fd, const char *name, const char *path)
{
	ssize_t len = fd >= 0 ? flistxattr(fd, list, XATTR_MAX) : llistxattr(name, list, XATTR_MAX);
	char **names;
	size_t n = 0;

	if (len < 0 && errno == EOPNOTSUPP)
		return;
	if (len < 0) {
		complain(path, "listxattr");
		return;
	}
	names = need(calloc((size_t)len + 1, sizeof(*names)));
	for (char *s = list; s < list + len; s += strlen(s) + 1)
		names[n++] = s;
	qsort(names, n, sizeof(*names), compare_strings);
	for (size_t i = 0; i < n; i++) {
		struct sha256 s;
		char hex[65];
		ssize_t size;

		/* XFS shows ACLs a second time under these names. */
		if (strncmp(names[i], "trusted.SGI_ACL_", 16) == 0)
			continue;
		if (i && strcmp(names[i], names[i - 1]) == 0) {
			errno = EEXIST;
			complain(path, names[i]);
		}
		size = fd >= 0 ? fgetxattr(fd, names[i], value, XATTR_MAX)
			       : lgetxattr(name, names[i], value, XATTR_MAX);
		if (size < 0) {
			complain(path, names[i]);
			continue;
		}
		putchar(' ');
		print_bytes(names[i], strlen(names[i]));
		sha256_start(&s);
		sha256_add(&s, value, (size_t)size);
		sha256_end(&s, hex);
		printf("=%zd:%.16s", size, hex);
	}
	free(names);
}

/* ---- blocks ---------------------------------------------------------------- */

static void print_blocks(int fd, const char *path)
{
	struct fiemap *map = need(calloc(1, sizeof(*map) + 64 * sizeof(struct fiemap_extent)));
	uint64_t bytes = 0;
	bool last = false;

	map->fm_extent_count = 64;
	while (!last) {
		map->fm_length = FIEMAP_MAX_OFFSET - map->fm_start;
		if (ioctl(fd, FS_IOC_FIEMAP, map)) {
			complain(path, "FIEMAP");
			break;
		}
		last = !map->fm_mapped_extents;
		for (uint32_t i = 0; i < map->fm_mapped_extents; i++) {
			const struct fiemap_extent *e = &map->fm_extents[i];

			bytes += e->fe_length;
			map->fm_start = e->fe_logical + e->fe_length;
			last = e->fe_flags & FIEMAP_EXTENT_LAST;
		}
	}
	free(map);
	printf(" blocks=%ju", (uintmax_t)(bytes / 512));
}

/* ---- names of one file --------------------------------------------------------- */

static struct same {
	uint64_t dev, ino;
	uintmax_t names;	/* of it in the tree, with --links-inside */
	char *path;		/* of the first name; NULL: none met yet */
	struct same *next;
} *same_table[1u << 16];

static struct same *find_same(const struct stat *st)
{
	size_t slot = (st->st_ino * 0x9e3779b97f4a7c15ull ^ st->st_dev) >> 48;
	struct same *s;

	for (s = same_table[slot]; s; s = s->next)
		if (s->ino == st->st_ino && s->dev == st->st_dev)
			return s;
	s = need(calloc(1, sizeof(*s)));
	s->dev = st->st_dev;
	s->ino = st->st_ino;
	s->next = same_table[slot];
	same_table[slot] = s;
	return s;
}

static int count_name(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)path;
	(void)type;
	(void)at;
	if (!S_ISDIR(st->st_mode) && st->st_nlink > 1)
		find_same(st)->names++;
	return 0;
}

/* ---- the walk --------------------------------------------------------------------- */

static void print_object(int fd, const char *name, const char *path, const struct stat *st)
{
	static const char types[] = "?pc?d?b?f?l?s???";
	uintmax_t links = st->st_nlink;
	struct same *same = NULL;

	if (!S_ISDIR(st->st_mode) && links > 1) {
		same = find_same(st);
		if (links_inside)
			links = same->names;
	}
	print_bytes(path, strlen(path));
	printf(" %c %04o %u:%u", types[(st->st_mode & S_IFMT) >> 12], st->st_mode & 07777,
	       st->st_uid, st->st_gid);
	if (!S_ISDIR(st->st_mode))
		printf(" links=%ju size=%ju", links, (uintmax_t)st->st_size);
	if (show_blocks && S_ISREG(st->st_mode) && fd >= 0)
		print_blocks(fd, path);
	if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode))
		printf(" dev=%u:%u", major(st->st_rdev), minor(st->st_rdev));
	printf(" mtime=%jd.%09ld", (intmax_t)st->st_mtim.tv_sec, st->st_mtim.tv_nsec);
	if (S_ISLNK(st->st_mode)) {
		ssize_t len = readlink(name, buf, BUF_SIZE);

		if (len < 0)
			complain(path, "readlink");
		fputs(" -> ", stdout);
		print_bytes(buf, len < 0 ? 0 : (size_t)len);
	}
	if (same && links > 1) {
		if (!same->path)
			same->path = need(strdup(path));
		fputs(" same=", stdout);
		print_bytes(same->path, strlen(same->path));
	}
	print_xattrs(fd, name, path);
	if (S_ISREG(st->st_mode) && fd >= 0)
		print_contents(fd, path, (uint64_t)st->st_size);
	putchar('\n');
}

static void visit(const char *name, const char *path);

/* @fd is the working directory. */
static void visit_names(int fd, const char *path)
{
	DIR *dir = fdopendir(dup(fd));
	size_t n = 0, max = 0;
	char **names = NULL;
	struct dirent *entry;

	if (!dir) {
		complain(path, "opendir");
		return;
	}
	while ((errno = 0, entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (n == max)
			names = need(realloc(names, (max = max ? max * 2 : 64) * sizeof(*names)));
		names[n++] = need(strdup(entry->d_name));
	}
	if (errno)
		complain(path, "readdir");
	closedir(dir);
	if (n)
		qsort(names, n, sizeof(*names), compare_strings);
	for (size_t i = 0; i < n; i++) {
		char *below = need(malloc(strlen(path) + strlen(names[i]) + 2));

		sprintf(below, "%s/%s", path, names[i]);
		if (i && strcmp(names[i], names[i - 1]) == 0) {
			errno = EEXIST;
			complain(below, "name listed twice");
		}
		visit(names[i], below);
		free(below);
	}
	for (size_t i = 0; i < n; i++)
		free(names[i]);
	free(names);
}

/* @name in the working directory, which is the same again afterwards. */
static void visit(const char *name, const char *path)
{
	struct stat st;
	int fd = -1;

	if (lstat(name, &st)) {
		complain(path, "stat");
		return;
	}
	if (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)) {
		fd = open(name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (fd < 0)
			complain(path, "open");
	}
	print_object(fd, name, path, &st);
	if (fd >= 0 && S_ISDIR(st.st_mode)) {
		if (fchdir(fd))
			die(path);
		visit_names(fd, path);
		/* The tree's own directory is the last one that needs no way back. */
		if (strcmp(name, ".") != 0 && chdir(".."))
			die(path);
	}
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	int arg = 1;

	for (; arg < argc && strncmp(argv[arg], "--", 2) == 0; arg++) {
		if (strcmp(argv[arg], "--holes") == 0)
			show_holes = true;
		else if (strcmp(argv[arg], "--blocks") == 0)
			show_blocks = true;
		else if (strcmp(argv[arg], "--links-inside") == 0)
			links_inside = true;
		else
			break;
	}
	if (arg + 1 != argc) {
		fputs("usage: tree_digest [--holes] [--blocks] [--links-inside] DIR\n", stderr);
		return 2;
	}
	sha256_tables();
	buf = need(malloc(BUF_SIZE));
	list = need(malloc(XATTR_MAX));
	value = need(malloc(XATTR_MAX));
	if (chdir(argv[arg]))
		die(argv[arg]);
	if (links_inside && nftw(".", count_name, 64, FTW_PHYS))
		die(argv[arg]);
	visit(".", ".");
	if (fflush(stdout) || ferror(stdout))
		die("standard output");
	return failed ? 1 : 0;
}
