/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: what is read as names - entries of directories, names of attributes, targets of
 * links - of good objects with some bytes overwritten.  Whatever stands on the disk, a name that is
 * handed out is one component, is terminated once, and "." and ".." come first and once.
 *
 *   which object (1 byte), then patches: where (2 bytes, big-endian), length (1), bytes.
 *
 * Checksums are made right, and so is the order of hashes in blocks that have both: otherwise no
 * changed name would get past them.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include "disk/dir.h"
#include "fuzz/fuzz.h"
#include "support/forge.h"
#include "support/test_fs.h"

#define LITERAL	176u

static struct test_fs fs;
static struct test_objects objs;
static const struct test_object *targets[64];
static unsigned int ntargets;

static void make_dir(const char *path, unsigned int names)
{
	char name[100];

	TEST_OK(xfs_mkdir(fs.mp, path, 0755));
	for (unsigned int i = 0; i < names; i++) {
		snprintf(name, sizeof(name), "%s/%0*u", path, (int)(1 + i % 40), i);
		TEST_OK(xfs_mknod(fs.mp, name, S_IFREG | 0644, 0, 0));
	}
}

static void make_image(void)
{
	static char value[3000], target[1000];
	struct xfs_file *file;
	char name[100];

	memset(value, 'v', sizeof(value));
	memset(target, 't', sizeof(target) - 1);
	test_fs_make(&fs, 32 << 20, NULL);
	TEST_OK(xfs_symlink(fs.mp, "short/target", "/short"));
	TEST_OK(xfs_symlink(fs.mp, target, "/long"));
	TEST_OK(xfs_open(fs.mp, "/attr", O_RDWR | O_CREAT, 0644, &file));
	TEST_OK(xfs_fsetxattr(file, "user.one", "1", 1, 0));
	TEST_OK(xfs_fsetxattr(file, "trusted.two", "22", 2, 0));
	TEST_OK(xfs_close(file));
	TEST_OK(xfs_open(fs.mp, "/attrs", O_RDWR | O_CREAT, 0644, &file));
	for (unsigned int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "user.%0*u", (int)(1 + i), i);
		TEST_OK(xfs_fsetxattr(file, name, value, i == 7 ? 3000 : 20, 0));
	}
	TEST_OK(xfs_close(file));
	make_dir("/sf", 4);
	make_dir("/block", 30);
	make_dir("/leaf", 200);
	TEST_OK(xfs_unmount(fs.mp));
	fs.env.log = NULL;
	fs.opts.flags = XFS_MOUNT_RDONLY;
	if (test_objects_find(fs.dev, &objs))
		abort();
	for (size_t i = 0; i < objs.n && ntargets < ARRAY_SIZE(targets); i++) {
		enum test_kind kind = objs.v[i].kind;

		if (kind == TEST_INODE ? objs.v[i].owner >= objs.sb.sb_rootino &&
						 objs.v[i].owner < objs.sb.sb_rootino + 16
				       : kind == TEST_DIR_BLOCK || kind == TEST_DIR_DATA ||
						 kind == TEST_ATTR_LEAF || kind == TEST_SYMLINK)
			targets[ntargets++] = &objs.v[i];
	}
	if (ntargets < 10)
		abort();
}

static int by_hash(const void *a, const void *b)
{
	uint32_t left = get_be32(a), right = get_be32(b);

	return (left > right) - (left < right);
}

/* The index of a block that holds names and index. */
static void rehash(uint8_t *buf, uint32_t len)
{
	uint32_t n = get_be32(buf + len - 8);

	if (n > (len - 8) / 8)
		return;
	for (uint32_t i = 0; i < n; i++) {
		uint8_t *ent = buf + len - 8 - 8 * n + 8 * i;
		uint64_t off = (uint64_t)get_be32(ent + 4) * 8;

		if (off && off + 265 < len)
			put_be32(xfs_da_hashname(buf + off + 9, buf[off + 8]), ent);
	}
	qsort(buf + len - 8 - 8 * n, n, 8, by_hash);
}

static void damage(struct xfs_device *dev, const uint8_t *data, size_t len)
{
	const struct test_object *obj = targets[data[0] % ntargets];
	uint32_t start = obj->kind == TEST_INODE ? LITERAL : 0;
	static uint8_t buf[65536];

	if (test_object_read(dev, obj, buf))
		abort();
	for (size_t at = 1; at + 3 < len;) {
		uint32_t where = start + (uint32_t)get_be16(data + at) % (obj->len - start);
		size_t n = data[at + 2];

		at += 3;
		n = XFS_MIN(n, len - at);
		n = XFS_MIN(n, (size_t)(obj->len - where));
		memcpy(buf + where, data + at, n);
		at += n;
	}
	if (obj->kind == TEST_DIR_BLOCK)
		rehash(buf, obj->len);
	test_object_fix_crc(obj, buf);
	if (test_object_write(dev, obj, buf))
		abort();
}

static void demand(bool cond)
{
	if (!cond)
		abort();
}

static unsigned int names_read;

static void read_dir(struct xfs_mount *mp, const char *path)
{
	struct xfs_dirent ent = XFS_DIRENT_INIT;
	struct xfs_dir *dir;
	unsigned int n = 0;

	if (xfs_opendir(mp, path, &dir))
		return;
	while (xfs_readdir(dir, &ent) > 0 && n < 100000) {
		bool dots = !strcmp(ent.name, ".") || !strcmp(ent.name, "..");

		demand(ent.name_len > 0 && strlen(ent.name) == ent.name_len);
		demand(!strchr(ent.name, '/'));
		demand(dots ? n < 2 && strlen(ent.name) == n + 1 : true);
		n++;
	}
	names_read += n;
	xfs_closedir(dir);
}

static void read_attrs(struct xfs_mount *mp, const char *path)
{
	static char list[65536];
	ssize_t len = xfs_listxattr(mp, path, false, list, sizeof(list));
	ssize_t at = 0;

	while (at < len) {
		size_t n = strlen(list + at);

		demand(strchr(list + at, '.') && n > strcspn(list + at, ".") + 1);
		at += (ssize_t)n + 1;
	}
	demand(len < 0 || at == len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char *const dirs[] = { "/", "/sf", "/block", "/leaf" };
	static const char *const files[] = { "/attr", "/attrs", "/sf", "/short" };
	static const char *const links[] = { "/short", "/long" };
	struct xfs_device *overlay;
	struct xfs_mount *mp;
	char target[1025];

	if (len < 1)
		return 0;
	if (!ntargets)
		make_image();
	TEST_OK(xfs_device_open_overlay(fs.dev, NULL, &overlay));
	damage(overlay, data, len);
	names_read = 0;
	if (xfs_mount(overlay, &fs.opts, &mp) == 0) {
		for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
			read_dir(mp, dirs[i]);
		for (size_t i = 0; i < ARRAY_SIZE(files); i++)
			read_attrs(mp, files[i]);
		for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
			ssize_t n = xfs_readlink(mp, links[i], target, sizeof(target));

			demand(n < 0 || (n > 0 && n < 1024 && !memchr(target, 0, (size_t)n)));
		}
		xfs_unmount(mp);
	}
	/* Nothing was changed: then all of them come. */
	demand(len > 1 || names_read > 200);
	xfs_device_put(overlay);
	return 0;
}
