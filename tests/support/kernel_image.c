/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include "support/kernel_image.h"

static char scratch[256];

static void remove_scratch(void)
{
	char cmd[600];

	snprintf(cmd, sizeof(cmd), "umount %s/mnt 2>/dev/null; rm -rf %s", scratch, scratch);
	if (system(cmd) == -1)
		perror("remove scratch");
}

const char *test_scratch_dir(void)
{
	const char *base = getenv("XFSWRITE_SCRATCH");

	if (scratch[0])
		return scratch;
	if (!base)
		base = getenv("TMPDIR");
	snprintf(scratch, sizeof(scratch), "%s/xfswrite-test.XXXXXX", base ? base : "/tmp");
	if (!mkdtemp(scratch)) {
		perror(scratch);
		abort();
	}
	atexit(remove_scratch);
	return scratch;
}

__attribute__((format(printf, 1, 2)))
static int run(const char *fmt, ...)
{
	char cmd[2048];
	va_list args;

	va_start(args, fmt);
	vsnprintf(cmd, sizeof(cmd), fmt, args);
	va_end(args);
	return system(cmd);
}

static int make(const char *path, const struct test_image_plan *plan, char *why, size_t size)
{
	const char *newer = plan->mkfs2 ? getenv("MKFS_NEW") : NULL;
	char proto[300] = "", option[320] = "";
	int fd = open(path, O_CREAT | O_TRUNC | O_RDWR, 0600);

	if (fd < 0 || ftruncate(fd, (off_t)plan->bytes)) {
		snprintf(why, size, "%s: %s", path, strerror(errno));
		return 1;
	}
	close(fd);
	if (plan->proto) {
		FILE *f;

		snprintf(proto, sizeof(proto), "%s/proto", test_scratch_dir());
		f = fopen(proto, "w");
		if (!f || fputs(plan->proto, f) < 0 || fclose(f)) {
			snprintf(why, size, "%s: %s", proto, strerror(errno));
			return 1;
		}
		snprintf(option, sizeof(option), "-p %s", proto);
	}
	if (run("%s -q -f %s %s %s %s >/dev/null 2>&1", newer && *newer ? newer : "mkfs.xfs",
		plan->mkfs, plan->mkfs2 ? plan->mkfs2 : "", option, path)) {
		snprintf(why, size, "mkfs.xfs is missing or refuses %s %s", plan->mkfs,
			 plan->mkfs2 ? plan->mkfs2 : "");
		return 77;
	}
	return 0;
}

int test_kernel_image(const char *path, const struct test_image_plan *plan, char *why, size_t size)
{
	struct test_fill_result res;
	char mnt[300], top[340];
	int ret = make(path, plan, why, size);

	if (ret || !plan->fill)
		return ret;
	if (geteuid() != 0) {
		snprintf(why, size, "loop mounts need root");
		return 77;
	}
	snprintf(mnt, sizeof(mnt), "%s/mnt", test_scratch_dir());
	if (mkdir(mnt, 0700) && errno != EEXIST) {
		snprintf(why, size, "%s: %s", mnt, strerror(errno));
		return 1;
	}
	if (run("mount -o loop %s %s 2>/dev/null", path, mnt)) {
		snprintf(why, size, "this kernel does not mount it");
		return 77;
	}
	for (unsigned int i = 0; plan->fill[i].what && !ret; i++) {
		struct test_fill_options o = plan->fill[i];

		snprintf(top, sizeof(top), "%s/fill-%u", mnt, i);
		o.top = top;
		ret = mkdir(top, 0755) ? -errno : test_fill(&o, &res);
		if (ret) {
			snprintf(why, size, "filling: %.200s", res.failed);
			ret = 1;
		}
	}
	if (umount(mnt)) {
		snprintf(why, size, "umount %s: %s", mnt, strerror(errno));
		return 1;
	}
	return ret;
}
