/* SPDX-License-Identifier: MIT */
/*
 * The load whose sudden end leaves a log with work in it.
 *
 *   dirty_load prepare SEED BLOCKSIZE DIR         files of many extents, once per image
 *   dirty_load run SEED BLOCKSIZE MS PROCS MODE DIR
 *
 * run: PROCS processes change the tree below DIR in every way the system has calls for; after MS
 * milliseconds the file system is shut down below them with xfs_io (MODE force: the log is
 * written first; MODE stop: it is not), then they are killed, still holding the files without
 * names that they had open.  Every choice follows from SEED; the kernel's timing does not.
 *
 * What leaves unfinished intents behind is long chains of transactions and many log forces: so
 * files with thousands of extents are cloned, cut, exchanged and removed while others fsync.
 * Exit: 0, 1 when the load could not be set up, 2 when nobody was cut off (the load had ended).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define BIG_FILES	8
#define NAMES		40
#define DIRS		5
#define HELD		24
#define MAX_PROCS	32

/* As the manual page of the call describes it. */
struct exchange_range {
	int32_t file1_fd;
	uint32_t pad;
	uint64_t file1_offset, file2_offset, length, flags;
};
#define EXCHANGE_RANGE	_IOW('X', 129, struct exchange_range)
#define EXCHANGE_TO_EOF	1u

static uint64_t state;
static uint32_t bsize;
static int held[HELD];
static char buffer[1 << 17];

static uint32_t rnd(uint32_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)((state * 0x2545F4914F6CDD1Dull) >> 33) % below;
}

static void seed(uint64_t value)
{
	state = (value + 1) * 0x9E3779B97F4A7C15ull | 1;
	for (int i = 0; i < 8; i++)
		rnd(2);
}

/* Operations may fail: names collide, space ends, the file system is gone. */
static void any_result(long ret)
{
	(void)ret;
}

static void fill(size_t len)
{
	uint32_t word = rnd(1u << 30);

	for (size_t i = 0; i + 4 <= len; i += 4) {
		word = word * 1664525u + 1013904223u;
		memcpy(buffer + i, &word, 4);
	}
}

static const char *big_name(unsigned int i)
{
	static char name[4][32];
	static unsigned int turn;
	char *out = name[turn++ % 4];

	snprintf(out, sizeof(name[0]), "big%u", i);
	return out;
}

/* A name out of few, so that operations meet; some are long. */
static const char *any_name(void)
{
	static char name[4][300];
	static unsigned int turn;
	char *out = name[turn++ % 4];
	uint32_t which = rnd(NAMES);
	int len = snprintf(out, sizeof(name[0]), "d%u/n%u", rnd(DIRS), which);

	if (which % 8 == 0) {
		memset(out + len, 'x', 150 + which);
		out[len + 150 + (int)which] = 0;
	}
	return out;
}

static const char *any_file(void)
{
	return rnd(2) ? big_name(rnd(BIG_FILES)) : any_name();
}

static void put_away(int fd)
{
	unsigned int slot = rnd(HELD);

	if (held[slot] > 0)
		close(held[slot]);
	held[slot] = fd;
}

/* Alternate blocks: as many extents as @blocks. */
static int fragment(int fd, uint32_t first, uint32_t blocks)
{
	for (uint32_t i = first; i < first + blocks; i++) {
		if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			      (off_t)(2 * i + 1) * bsize, bsize))
			return -1;
	}
	return 0;
}

static void write_some(int fd, uint64_t max_at, uint32_t max_len)
{
	uint32_t len = 1 + rnd(max_len);

	fill(len);
	if (pwrite(fd, buffer, len, (off_t)rnd((uint32_t)max_at)) < 0)
		return;
}

static void do_write(void)
{
	int fd = open(any_file(), O_RDWR | O_CREAT, 0644);

	if (fd < 0)
		return;
	for (uint32_t i = rnd(6); i < 7; i++)
		write_some(fd, 2048ull * bsize, 20000);
	if (rnd(3) == 0)
		fsync(fd);
	else if (rnd(2))
		sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	close(fd);
}

/* Many small overwrites of a file that shares its blocks: many remaps when they are written out. */
static void do_cow(void)
{
	int fd = open(big_name(rnd(BIG_FILES)), O_RDWR);
	uint32_t step = (2 + rnd(30)) * bsize;

	if (fd < 0)
		return;
	fill(bsize);
	for (uint32_t i = 0; i < 200; i++) {
		if (pwrite(fd, buffer, bsize / 2, (off_t)i * step) < 0)
			break;
	}
	if (rnd(2))
		fdatasync(fd);
	else
		sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
	close(fd);
}

static void do_clone(void)
{
	const char *to = any_file();
	int src = open(big_name(rnd(BIG_FILES)), O_RDONLY), dst = open(to, O_RDWR | O_CREAT, 0600);

	if (src >= 0 && dst >= 0) {
		if (rnd(3)) {
			ioctl(dst, FICLONE, src);
		} else {
			struct file_clone_range range = {
				.src_fd = src,
				.src_offset = (uint64_t)rnd(500) * bsize,
				.src_length = (uint64_t)(1 + rnd(1000)) * bsize,
				.dest_offset = (uint64_t)rnd(2000) * bsize,
			};

			ioctl(dst, FICLONERANGE, &range);
		}
	}
	close(src);
	close(dst);
}

static void do_dedupe(void)
{
	union {
		struct file_dedupe_range range;
		char room[sizeof(struct file_dedupe_range) +
			  sizeof(struct file_dedupe_range_info)];
	} arg;
	int src = open(any_file(), O_RDWR | O_CREAT, 0600);
	int dst = open(any_file(), O_RDWR | O_CREAT, 0600);
	uint32_t len = (1 + rnd(16)) * bsize;

	memset(&arg, 0, sizeof(arg));
	fill(len);
	if (src >= 0 && dst >= 0 && pwrite(src, buffer, len, 0) > 0 &&
	    pwrite(dst, buffer, len, (off_t)bsize * 4) > 0) {
		arg.range.src_length = len;
		arg.range.dest_count = 1;
		arg.range.info[0].dest_fd = dst;
		arg.range.info[0].dest_offset = 4ull * bsize;
		ioctl(src, FIDEDUPERANGE, &arg.range);
	}
	close(src);
	close(dst);
}

/*
 * To the end only of files of one size: in between, one of the others has extents behind its end,
 * and Linux 6.18 trims them while it recovers, before it sets the sizes: data is lost.
 */
static void do_exchange(void)
{
	struct stat st_a, st_b;
	int a = open(big_name(rnd(BIG_FILES)), O_RDWR), b = open(big_name(rnd(BIG_FILES)), O_RDWR);
	struct exchange_range range = { .file1_fd = a };

	if (a >= 0 && b >= 0 && !fstat(a, &st_a) && !fstat(b, &st_b)) {
		if (rnd(2) && st_a.st_size == st_b.st_size) {
			range.flags = EXCHANGE_TO_EOF;
		} else {
			range.file1_offset = (uint64_t)rnd(100) * bsize;
			range.file2_offset = (uint64_t)rnd(100) * bsize;
			range.length = (uint64_t)(1 + rnd(1500)) * bsize;
		}
		ioctl(b, EXCHANGE_RANGE, &range);
	}
	close(a);
	close(b);
}

static void do_space(void)
{
	static const int modes[] = {
		0, FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, FALLOC_FL_ZERO_RANGE,
		FALLOC_FL_COLLAPSE_RANGE, FALLOC_FL_INSERT_RANGE, FALLOC_FL_UNSHARE_RANGE,
	};
	int fd = open(any_file(), O_RDWR | O_CREAT, 0600);
	int mode = modes[rnd(8)];

	if (fd < 0)
		return;
	if (fallocate(fd, mode, (off_t)rnd(1500) * bsize, (off_t)(1 + rnd(300)) * bsize) == 0 &&
	    rnd(4) == 0)
		fsync(fd);
	close(fd);
}

static void do_truncate(void)
{
	int fd = open(any_file(), O_RDWR);

	if (fd < 0)
		return;
	/* Mostly to little: thousands of extents go, two at a time. */
	if (ftruncate(fd, rnd(4) ? (off_t)rnd(20000) : (off_t)rnd(3000) * bsize) == 0 && rnd(3) == 0)
		fsync(fd);
	close(fd);
}

/* A big file comes back as it was prepared, under its old name or in place of another. */
static void do_renew(void)
{
	const char *name = big_name(rnd(BIG_FILES));
	int src, dst;
	char temp[40];

	snprintf(temp, sizeof(temp), "renew%d", (int)getpid());
	src = open("master", O_RDONLY);
	dst = open(temp, O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (src >= 0 && dst >= 0 && ioctl(dst, FICLONE, src) != 0 &&
	    ftruncate(dst, 800 * (off_t)bsize) == 0) {
		for (uint32_t i = 0; i < 400; i += 3)
			any_result(pwrite(dst, buffer, bsize, (off_t)(2 * i) * bsize));
	}
	close(src);
	if (rename(temp, name) == 0 && rnd(3) == 0)
		fsync(dst);
	close(dst);
}

static void do_names(void)
{
	const char *a = any_name(), *b = any_name();
	char target[400];

	switch (rnd(9)) {
	case 0:
	case 1:
		rename(a, b);
		break;
	case 2:
		renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE);
		break;
	case 3:
		renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_WHITEOUT);
		break;
	case 4:
		any_result(link(a, b));
		break;
	case 5:
		memset(target, 't', sizeof(target));
		target[rnd(2) ? 20 : 390] = 0;
		any_result(symlink(target, a));
		break;
	case 6:
		mknod(a, rnd(2) ? S_IFIFO | 0600 : S_IFCHR | 0600, makedev(1, 3));
		break;
	case 7:
		if (mkdir(a, 0755) == 0 && rnd(2)) {
			char below[400];

			snprintf(below, sizeof(below), "%s/below", a);
			close(open(below, O_WRONLY | O_CREAT, 0600));
		}
		rmdir(b);
		break;
	default:
		unlink(a);
		chmod(b, (mode_t)rnd(07777));
		break;
	}
}

/* A burst of files, so that inode chunks and directory blocks come and go. */
static void do_burst(void)
{
	char name[300];
	uint32_t dir = rnd(DIRS), base = rnd(4) * 1000, count = 40 + rnd(150);

	for (uint32_t i = base; i < base + count; i++) {
		int fd;

		snprintf(name, sizeof(name), "d%u/burst-%d-%u-%s", dir, (int)(state % 3), i,
			 i % 5 ? "" : "a-rather-long-name-so-that-blocks-fill-up-sooner-than-later");
		if (rnd(3)) {
			unlink(name);
			continue;
		}
		fd = open(name, O_WRONLY | O_CREAT, 0600);
		if (fd < 0)
			return;
		if (rnd(4) == 0 && write(fd, buffer, 1 + rnd(5000)) < 0) {
			close(fd);
			return;
		}
		close(fd);
	}
}

static void do_xattr(void)
{
	static const uint32_t lengths[] = { 5, 60, 300, 1500, 5000, 20000, 60000 };
	const char *file = any_file();
	char name[40];
	uint32_t len = 1 + rnd(lengths[rnd(7)]);

	snprintf(name, sizeof(name), "%s.a%u", rnd(3) ? "user" : "trusted", rnd(30));
	fill(len);
	if (rnd(3))
		setxattr(file, name, buffer, len, 0);
	else
		removexattr(file, name);
}

/*
 * Names of a file whose attributes fill blocks: with parent pointers each takes a while, and
 * a log force finds it half done.
 */
static void do_links(void)
{
	char file[16], name[300];
	int i, len;

	snprintf(file, sizeof(file), "attrs%u", rnd(4));
	for (i = 0; i < 12; i++) {
		len = snprintf(name, sizeof(name), "d%u/%s-%u", rnd(DIRS), file, rnd(60));
		memset(name + len, 'l', 200);
		name[len + (int)rnd(2) * 180] = 0;
		switch (rnd(3)) {
		case 0:
			unlink(name);
			break;
		case 1:
			rename(name, any_name());
			break;
		default:
			any_result(link(file, name));
			break;
		}
	}
}

static void do_unlink_open(void)
{
	const char *name = rnd(3) ? any_name() : big_name(rnd(BIG_FILES));
	int fd = open(name, O_RDWR);

	if (fd < 0)
		return;
	unlink(name);
	put_away(fd);
	if (rnd(3) == 0)
		fsync(fd);
}

static void do_tmpfile(void)
{
	char path[40];
	int fd = open(".", O_TMPFILE | O_RDWR, 0600);

	if (fd < 0)
		return;
	write_some(fd, 100000, 50000);
	if (rnd(3) == 0) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		any_result(linkat(AT_FDCWD, path, AT_FDCWD, any_name(), AT_SYMLINK_FOLLOW));
	}
	if (rnd(3) == 0)
		fsync(fd);
	put_away(fd);
}

static void do_sync(void)
{
	int fd = open(".", O_RDONLY);

	if (rnd(4) == 0)
		syncfs(fd);
	else
		fsync(fd);
	close(fd);
}

struct op {
	void (*run)(void);
	/* One weight for each kind of load: a bit of everything, space, names, clones. */
	unsigned int weight[4];
};

static const struct op ops[] = {
	{ do_write,		{ 20, 10, 2, 5 } },
	{ do_cow,		{ 6, 4, 0, 25 } },
	{ do_clone,		{ 10, 5, 0, 25 } },
	{ do_dedupe,		{ 4, 0, 0, 6 } },
	{ do_exchange,		{ 10, 4, 0, 20 } },
	{ do_space,		{ 15, 25, 0, 5 } },
	{ do_truncate,		{ 10, 25, 0, 10 } },
	{ do_renew,		{ 10, 20, 0, 12 } },
	{ do_names,		{ 25, 2, 50, 0 } },
	{ do_burst,		{ 3, 0, 8, 0 } },
	{ do_xattr,		{ 12, 2, 20, 0 } },
	{ do_links,		{ 6, 0, 40, 0 } },
	{ do_unlink_open,	{ 4, 6, 8, 4 } },
	{ do_tmpfile,		{ 3, 2, 8, 2 } },
	{ do_sync,		{ 4, 4, 8, 4 } },
};
#define NR_OPS	(sizeof(ops) / sizeof(ops[0]))

static void work(uint64_t worker_seed, unsigned int kind)
{
	unsigned int total = 0, pick, i;

	seed(worker_seed);
	fill(sizeof(buffer));
	for (i = 0; i < NR_OPS; i++)
		total += ops[i].weight[kind];
	for (;;) {
		struct stat st;

		pick = rnd(total);
		for (i = 0; pick >= ops[i].weight[kind]; i++)
			pick -= ops[i].weight[kind];
		ops[i].run();
		/* After the shutdown: hold on to what is open until the end comes. */
		if (stat("master", &st) && errno == EIO)
			pause();
	}
}

static int prepare(void)
{
	int fd = open("master", O_RDWR | O_CREAT | O_TRUNC, 0644);

	if (fd < 0)
		return 1;
	for (uint32_t at = 0; at < 3000 * bsize; at += sizeof(buffer)) {
		fill(sizeof(buffer));
		if (pwrite(fd, buffer, sizeof(buffer), at) < 0)
			return 1;
	}
	if (fsync(fd) || fragment(fd, 0, 1400))
		return 1;
	for (unsigned int i = 0; i < BIG_FILES; i++) {
		int big = open(big_name(i), O_RDWR | O_CREAT, 0644);

		/* Without clones: extents of its own, in turn with another file's. */
		if (big < 0)
			return 1;
		if (i % 2 == 0 && ioctl(big, FICLONE, fd) == 0) {
			close(big);
			continue;
		}
		for (uint32_t j = 0; j < 700; j++) {
			if (pwrite(big, buffer + j * 8, bsize, (off_t)(3 * j) * bsize) < 0)
				return 1;
		}
		if (fsync(big) || fragment(big, 700, 200))
			return 1;
		close(big);
	}
	for (unsigned int i = 0; i < 4; i++) {
		char name[16];

		snprintf(name, sizeof(name), "attrs%u", i);
		close(open(name, O_RDWR | O_CREAT, 0644));
		for (unsigned int j = 0; j < 60 * i; j++) {
			char attr[40];

			snprintf(attr, sizeof(attr), "user.number-%u", j);
			if (setxattr(name, attr, buffer, 40 + j % 50, 0))
				return 1;
		}
	}
	for (unsigned int i = 0; i < DIRS; i++) {
		char name[16];

		snprintf(name, sizeof(name), "d%u", i);
		if (mkdir(name, 0755))
			return 1;
	}
	for (unsigned int i = 0; i < 400; i++)
		do_names();
	for (unsigned int i = 0; i < 60; i++)
		do_xattr();
	for (unsigned int i = 0; i < 6; i++)
		do_burst();
	close(fd);
	return 0;
}

static int shut_down(bool force)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (!freopen("/dev/null", "w", stdout))
			_exit(127);
		execlp("xfs_io", "xfs_io", "-x", "-c", force ? "shutdown -f" : "shutdown", ".",
		       (char *)NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return -1;
	return status ? -1 : 0;
}

static int run(uint64_t run_seed, unsigned int ms, unsigned int procs, bool force)
{
	pid_t pids[MAX_PROCS];
	int alive = 0, error;

	for (unsigned int i = 0; i < procs; i++) {
		pids[i] = fork();
		if (pids[i] < 0)
			return 1;
		if (pids[i] == 0) {
			/* Each kind has its turn; now and then names are all there is. */
			work(run_seed * 64 + i,
			     run_seed % 5 == 4 ? 2 : (unsigned int)(run_seed + i) % 4);
			_exit(0);
		}
	}
	usleep(ms * 1000);
	error = shut_down(force);
	usleep(20000);
	for (unsigned int i = 0; i < procs; i++)
		alive += kill(pids[i], SIGKILL) == 0;
	for (unsigned int i = 0; i < procs; i++)
		waitpid(pids[i], NULL, 0);
	if (error)
		return 1;
	return alive ? 0 : 2;
}

int main(int argc, char **argv)
{
	const char *dir = argc > 1 ? argv[argc - 1] : ".";

	if ((argc != 5 || strcmp(argv[1], "prepare")) && (argc != 8 || strcmp(argv[1], "run"))) {
		fprintf(stderr, "usage: dirty_load prepare SEED BLOCKSIZE DIR\n"
			"       dirty_load run SEED BLOCKSIZE MS PROCS force|stop DIR\n");
		return 1;
	}
	umask(022);
	signal(SIGPIPE, SIG_IGN);
	seed(strtoull(argv[2], NULL, 0));
	bsize = (uint32_t)strtoul(argv[3], NULL, 0);
	if (chdir(dir)) {
		perror(dir);
		return 1;
	}
	if (argc == 5) {
		if (!prepare())
			return 0;
		perror("dirty_load prepare");
		return 1;
	}
	return run(strtoull(argv[2], NULL, 0), (unsigned int)strtoul(argv[4], NULL, 0),
		   (unsigned int)strtoul(argv[5], NULL, 0) % (MAX_PROCS + 1),
		   !strcmp(argv[6], "force"));
}
