/* SPDX-License-Identifier: MIT */
/*
 * Goal: no image, however damaged, makes the checker, the dumper, the reader or
 * the writer crash, hang or leak.
 * Method: in images of small file systems with every structure, each metadata
 * object in turn becomes zeros, ones, noise, another object, gets flipped bits or
 * borderline numbers, with a wrong or with a right checksum, alone or several at a
 * time; or the device ends early.  Meant to run under sanitizers.
 *
 *   hostile [-t SECONDS] [-s SEED] [-r ROUND] [-w WHAT] [IMAGE...]
 *     -t  budget for all images (default 60)     -s  seed (default 1)
 *     -r  only this round, to repeat a failure    -w  letters of c d r w: check,
 *                                                     dump, read, write (default all)
 * Without IMAGE: images by mkfs.xfs that the kernel filled, or else by the library.
 * Exit 77: no image could be made.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include "base/rand.h"
#include "fuzz/campaign.h"
#include "support/kernel_image.h"
#include "support/objects.h"
#include "support/walk.h"

#define ROUND_SECONDS	60	/* one round may take so long, under sanitizers */

static struct {
	struct campaign c;	/* seconds */
	uint64_t round;
	bool check, dump, read, write;
	const char *image;
	uint64_t rounds, findings, mounts;
} run = { .c = { .seed = 1, .amount = 60 }, .check = true, .dump = true, .read = true, .write = true };

/* Sanitizers call these if they are there: a report must end in SIGABRT, for say_round(). */
XFS_API const char *__asan_default_options(void);
XFS_API const char *__ubsan_default_options(void);

const char *__asan_default_options(void)
{
	return "abort_on_error=1";
}

const char *__ubsan_default_options(void)
{
	return "abort_on_error=1:print_stacktrace=1";
}

static void too_long(int sig)
{
	char text[200];
	int n = snprintf(text, sizeof(text), "hostile: %s: seed %llu, round %llu takes too long\n",
			 run.image, (unsigned long long)run.c.seed, (unsigned long long)run.round);

	(void)sig;
	if (write(2, text, (size_t)n) < 0)
		_exit(3);
	abort();
}

/* Where we were, for whatever brings the program down. */
static void say_round(int sig)
{
	char text[200];
	int n = snprintf(text, sizeof(text), "hostile: %s: repeat with -s %llu -r %llu\n",
			 run.image, (unsigned long long)run.c.seed, (unsigned long long)run.round);

	signal(sig, SIG_DFL);
	if (write(2, text, (size_t)n) < 0)
		_exit(3);
	raise(sig);
}

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec;
}

/* A number that code is likely to get wrong. */
static uint64_t borderline(struct xfs_rand *r, uint64_t old)
{
	static const uint64_t v[] = { 0,	  1,	      2,	  7,	      8,
				      63,	  64,	      0x7f,	  0x80,	      0xff,
				      0x100,	  0x7fff,     0x8000,	  0xffff,     0x10000,
				      0x1fffff,	  0x200000,   0x7fffffff, 0x80000000, 0xfffffffe,
				      0xffffffff, 1ull << 32, 1ull << 52, 1ull << 54, 1ull << 62,
				      1ull << 63, ~0ull - 1,  ~0ull };

	switch (xfs_rand_below(r, 4)) {
	case 0:
		return old + 1 - 2 * xfs_rand_below(r, 2);
	case 1:
		return old ^ 1ull << xfs_rand_below(r, 64);
	case 2:
		return xfs_rand64(r);
	default:
		return v[xfs_rand_below(r, ARRAY_SIZE(v))];
	}
}

/* Change a number; most of what matters stands near the start or where records are. */
static void poke(struct xfs_rand *r, uint8_t *buf, uint32_t len)
{
	static const uint32_t sizes[] = { 1, 2, 4, 8 };
	uint32_t size = sizes[xfs_rand_below(r, 4)];
	uint32_t range = xfs_rand_below(r, 2) ? XFS_MIN(len, 256u) : len;
	uint32_t off = (uint32_t)xfs_rand_below(r, range / size) * size;

	switch (size) {
	case 1:
		buf[off] = (uint8_t)borderline(r, buf[off]);
		break;
	case 2:
		put_be16((uint16_t)borderline(r, get_be16(buf + off)), buf + off);
		break;
	case 4:
		put_be32((uint32_t)borderline(r, get_be32(buf + off)), buf + off);
		break;
	default:
		put_be64(borderline(r, get_be64(buf + off)), buf + off);
	}
}

static void damage(const struct test_objects *objs, struct xfs_device *overlay, struct xfs_rand *r,
		   const struct test_object *obj)
{
	static uint8_t buf[65536], other[65536];
	const struct test_object *donor = &objs->v[xfs_rand_below(r, objs->n)];
	uint64_t kind = xfs_rand_below(r, 12);

	if (test_object_read(overlay, obj, buf))
		abort();
	switch (kind) {
	case 0:
		memset(buf, 0, obj->len);
		break;
	case 1:
		memset(buf, 0xff, obj->len);
		break;
	case 2:
		xfs_rand_bytes(r, buf, obj->len);
		break;
	case 3:
		/* Of another place: right in itself, but for where it stands. */
		if (test_object_read(objs->dev, donor, other))
			abort();
		memcpy(buf, other, XFS_MIN(obj->len, donor->len));
		break;
	case 4:
		/* The second half: the header stays. */
		xfs_rand_bytes(r, buf + obj->len / 2, obj->len / 2);
		break;
	case 5:
		for (uint64_t n = 1 + xfs_rand_below(r, 8); n; n--) {
			uint64_t bit = xfs_rand_below(r, (uint64_t)obj->len * 8);

			buf[bit / 8] = (uint8_t)(buf[bit / 8] ^ 1u << bit % 8);
		}
		break;
	default:
		for (uint64_t n = 1 + xfs_rand_below(r, 3); n; n--)
			poke(r, buf, obj->len);
	}
	/* A wrong checksum stops most readers early: the right one is worth more rounds. */
	if (xfs_rand_below(r, 8))
		test_object_fix_crc(obj, buf);
	if (test_object_write(overlay, obj, buf))
		abort();
}

static int no_line(void *ctx, const char *text)
{
	*(uint64_t *)ctx += strlen(text);
	return 0;
}

static void dump_some(struct xfs_device *dev, const struct test_objects *objs, struct xfs_rand *r)
{
	static const char *const ag[] = { "sb",	   "agf",   "agi",    "agfl",	"bnobt",
					  "cntbt", "inobt", "finobt", "rmapbt", "refcountbt" };
	static const char *const ino[] = { "inode %llu", "bmap %llu", "bmap %llu attr", "dir %llu",
					   "attr %llu" };
	uint64_t bytes = 0;
	char what[64];

	for (unsigned int i = 0; i < ARRAY_SIZE(ag); i++) {
		snprintf(what, sizeof(what), "%s %u", ag[i],
			 (unsigned int)xfs_rand_below(r, objs->geo.agcount));
		(void)xfs_dump(dev, NULL, what, no_line, &bytes);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(ino); i++) {
		const struct test_object *obj = &objs->v[xfs_rand_below(r, objs->n)];
		unsigned long long n = obj->kind >= TEST_BMBT ? obj->owner : objs->sb.sb_rootino;

		snprintf(what, sizeof(what), ino[i], n);
		(void)xfs_dump(dev, NULL, what, no_line, &bytes);
	}
	if (xfs_rand_below(r, 16) == 0)
		(void)xfs_dump(dev, NULL, "log", no_line, &bytes);
}

static void use(struct xfs_device *dev, const struct test_objects *objs, struct xfs_rand *r)
{
	struct test_findings found = { 0 };
	struct test_walk walk = { .max_objects = 3000 };

	if (run.check) {
		test_check(dev, 0, xfs_rand_below(r, 4) ? 0 : 1 + xfs_rand_below(r, 10), &found);
		run.findings += found.n;
		test_findings_free(&found);
	}
	if (run.dump)
		dump_some(dev, objs, r);
	if (run.read)
		run.mounts += test_walk_read(dev, &walk) == 0;
	if (run.write) {
		walk.objects = 0;
		run.mounts += test_walk_write(dev, xfs_rand64(r), &walk) == 0;
	}
}

static void one_round(const struct test_objects *objs, struct xfs_device *overlay,
		      const struct test_object *obj, uint64_t bytes)
{
	struct xfs_device *window = NULL;
	struct xfs_rand r;

	xfs_rand_seed(&r, run.c.seed * 1000003 + run.round);
	alarm(ROUND_SECONDS);
	damage(objs, overlay, &r, obj);
	if (xfs_rand_below(&r, 4) == 0) {
		for (uint64_t n = 1 + xfs_rand_below(&r, 6); n; n--)
			damage(objs, overlay, &r, &objs->v[xfs_rand_below(&r, objs->n)]);
	}
	if (xfs_rand_below(&r, 32) == 0) {
		uint64_t len = xfs_rounddown64(xfs_rand_below(&r, bytes), 4096);

		if (len && xfs_device_open_window(overlay, 0, len, &window) == 0)
			use(window, objs, &r);
		xfs_device_put(window);
	} else {
		use(overlay, objs, &r);
	}
	alarm(0);
	if (xfs_device_overlay_discard(overlay))
		abort();
	run.rounds++;
}

/* Every object once, in an order of its own, and again, until the time is over. */
static int torture(const char *path, uint64_t until)
{
	struct xfs_device_info info = XFS_DEVICE_INFO_INIT;
	struct xfs_device *dev, *overlay;
	struct test_objects objs;
	struct xfs_rand order;
	uint64_t step;
	int error;

	run.image = path;
	error = xfs_device_open_file(path, XFS_DEV_RDONLY, 0, &dev);
	if (!error)
		error = xfs_device_info(dev, &info);
	if (!error)
		error = test_objects_find(dev, &objs);
	if (!error)
		error = xfs_device_open_overlay(dev, NULL, &overlay);
	if (error || !objs.n) {
		fprintf(stderr, "hostile: %s: %s\n", path,
			error ? strerror(-error) : "nothing in it");
		return 1;
	}
	xfs_rand_seed(&order, run.c.seed);
	/* A step that shares no factor with the number visits all of them. */
	step = 1 + xfs_rand_below(&order, objs.n);
	while (objs.n % step == 0 && step > 1)
		step--;
	for (run.round = 0; now() < until || run.c.one_round; run.round++) {
		if (run.c.one_round)
			run.round = run.c.only;
		one_round(&objs, overlay, &objs.v[run.round * step % objs.n], info.size_bytes);
		if (run.c.one_round)
			break;
	}
	test_objects_free(&objs);
	xfs_device_put(overlay);
	xfs_device_put(dev);
	return 0;
}

static const struct test_fill_options contents[] = {
	{ .seed = 1, .blocksize = 1024, .dirblksize = 4096, .inodesize = 512, .percent = 12,
	  .what = TEST_FILL_ALL },
	{ .what = 0 },
};

static const struct test_image_plan plans[] = {
	{ .mkfs = "-b size=1024 -m rmapbt=1", .bytes = 320ull << 20, .fill = contents,
	  .blocksize = 1024 },
	{ .mkfs = "",
	  .mkfs2 = "-b size=1024 -n parent=1",
	  .bytes = 320ull << 20,
	  .blocksize = 1024,
	  .fill = contents },
	{ .mkfs = "-m rmapbt=1", .bytes = 400ull << 20, .blocksize = 4096 },
};

static char made[ARRAY_SIZE(plans)][300];

static unsigned int make_images(char **paths)
{
	unsigned int n = 0;
	char why[400];

	for (size_t i = 0; i < ARRAY_SIZE(plans); i++) {
		snprintf(made[i], sizeof(made[i]), "%s/%zu.img", test_scratch_dir(), i);
		int ret = test_kernel_image(made[i], &plans[i], why, sizeof(why));

		if (ret == 0 || ret == TEST_IMAGE_BY_LIBRARY)
			paths[n++] = made[i];
		else
			printf("SKIP: an image: %s\n", why);
	}
	return n;
}

int main(int argc, char **argv)
{
	char *own[ARRAY_SIZE(plans)], **paths = own;
	uint64_t start = now();
	unsigned int n;
	int ret = 0;

	if (!campaign_options(&run.c, argc, argv, "t:s:r:w:"))
		return 2;
	if (run.c.what) {
		run.check = strchr(run.c.what, 'c');
		run.dump = strchr(run.c.what, 'd');
		run.read = strchr(run.c.what, 'r');
		run.write = strchr(run.c.what, 'w');
	}
	signal(SIGALRM, too_long);
	signal(SIGABRT, say_round);
	signal(SIGSEGV, say_round);
	if (optind < argc) {
		paths = argv + optind;
		n = (unsigned int)(argc - optind);
	} else {
		n = make_images(own);
	}
	if (!n)
		return 77;
	for (unsigned int i = 0; i < n && !ret; i++)
		ret = torture(paths[i], start + run.c.amount * (i + 1) / n);
	printf("hostile: seed %llu: %llu rounds, %llu findings, %llu times mounted\n",
	       (unsigned long long)run.c.seed, (unsigned long long)run.rounds,
	       (unsigned long long)run.findings, (unsigned long long)run.mounts);
	return ret;
}
