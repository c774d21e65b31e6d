/* SPDX-License-Identifier: MIT */
/*
 * Goal: a file system with a metadata directory tree is written like any other; nobody gets at the tree
 *       by a name or number; quota is kept in its files, which are made as a kernel makes them; and
 *       where the tree is damaged, counts are not kept, and that is told.
 * Method: images of a kernel - without quota, with it, with a dirty log - opened for writing in memory, some
 *         of them damaged before; the checker, which counts for itself, looks at each result.
 *
 *	metadir_write PLAIN QUOTA DIRTY
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include "base/crc32c.h"
#include "disk/dir.h"
#include "quota/quota.h"
#include "core/mount.h"
#include "support/objects.h"
#include "support/test_fs.h"

#define ALL_ON		0x07cfu		/* accounted, enforced, checked: all types */
#define COUNTED		(XFS_UQUOTA_ACCT | XFS_GQUOTA_ACCT | XFS_PQUOTA_ACCT | XFS_ALL_QUOTA_CHKD)

#define DEMAND(cond) demand(!!(cond), #cond, __LINE__)
static void demand(bool holds, const char *cond, int line)
{
	if (holds)
		return;
	fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, line, cond, xfs_error_text(NULL));
	abort();
}

static struct xfs_device *open_base(const char *path)
{
	struct xfs_device *dev;

	TEST_OK(xfs_device_open_file(path, XFS_DEV_RDONLY, 0, &dev));
	return dev;
}

/* A copy in memory. */
static void begin(struct test_fs *fs, struct xfs_device *base)
{
	*fs = (struct test_fs){ .opts = XFS_MOUNT_OPTIONS_INIT };
	fs->opts.flags = test_fs_mount_flags();
	TEST_OK(xfs_device_open_overlay(base, NULL, &fs->dev));
}

static void end(struct test_fs *fs)
{
	xfs_device_put(fs->dev);
}

static uint16_t qflags(const struct test_fs *fs)
{
	uint8_t sector[512];

	TEST_OK(xfs_device_pread(fs->dev, 0, sector, sizeof(sector)));
	return be16_to_cpu(((const struct xfs_dsb *)sector)->sb_qflags);
}

/* ---- inodes of the tree as they lie on the device -------------------------------------------- */

struct member {
	uint64_t offset;
	uint32_t size;
	uint8_t bytes[2048];
};

static struct xfs_dinode *core_of(struct member *m)
{
	return (struct xfs_dinode *)m->bytes;
}

static bool read_member(struct xfs_device *dev, const struct test_object *obj, struct member *m)
{
	m->offset = obj->offset;
	m->size = obj->len;
	return obj->kind == TEST_INODE && !test_object_read(dev, obj, m->bytes) &&
	       xfs_dinode_is_metadata(core_of(m));
}

struct tree {
	struct member v[8];
	unsigned int n;
};

static void read_tree(struct xfs_device *dev, struct tree *tree)
{
	struct test_objects objs;

	tree->n = 0;
	TEST_OK(test_objects_find(dev, &objs));
	for (size_t i = 0; i < objs.n; i++) {
		DEMAND(tree->n < ARRAY_SIZE(tree->v));
		tree->n += read_member(dev, &objs.v[i], &tree->v[tree->n]);
	}
	test_objects_free(&objs);
}

/* A copy of the one of @metatype; of directories the one with so many bytes of names. */
static struct member find_member(const struct tree *tree, uint16_t metatype, uint64_t size)
{
	unsigned int i = 0;

	for (; i < tree->n; i++) {
		struct member m = tree->v[i];

		if (be16_to_cpu(core_of(&m)->di_metatype) == metatype &&
		    be64_to_cpu(core_of(&m)->di_size) == size)
			return m;
	}
	fprintf(stderr, "no member of kind %u\n", metatype);
	abort();
}

static void write_member(struct xfs_device *dev, struct member *m)
{
	xfs_cksum_set(m->bytes, m->size, XFS_DINODE_CRC_OFF);
	TEST_OK(xfs_device_pwrite(dev, m->offset, m->bytes, m->size, 0));
}

/* ---- changes ------------------------------------------------------------------------------------- */

static void make_file(struct test_fs *fs, const char *path, uint32_t id, size_t bytes)
{
	static const uint8_t data[65536];
	struct xfs_file *file;

	TEST_OK(xfs_open(fs->mp, path, O_WRONLY | O_CREAT | O_EXCL, 0644, &file));
	DEMAND(xfs_pwrite(file, data, bytes, 0) == (ssize_t)bytes);
	TEST_OK(xfs_close(file));
	TEST_OK(xfs_chown(fs->mp, path, id, id + 1));
}

/* Names, data, attributes, and all of it gone in part. */
static void change(struct test_fs *fs)
{
	char name[40];

	TEST_OK(xfs_mkdir(fs->mp, "/new", 0755));
	for (unsigned int i = 0; i < 150; i++) {
		snprintf(name, sizeof(name), "/new/a-new-name-%u", i);
		make_file(fs, name, 1000 + i % 7, i * 131);
	}
	TEST_OK(xfs_rename(fs->mp, "/new/a-new-name-3", "/new/moved"));
	TEST_OK(xfs_setxattr(fs->mp, "/new/moved", true, "user.x", "value", 5, 0));
	TEST_OK(xfs_symlink(fs->mp, "target", "/new/link"));
	for (unsigned int i = 20; i < 90; i++) {
		snprintf(name, sizeof(name), "/new/a-new-name-%u", i);
		TEST_OK(xfs_unlink(fs->mp, name));
	}
}

static void test_changes(struct xfs_device *base, uint16_t want_flags)
{
	struct test_fs fs;

	begin(&fs, base);
	test_fs_open(&fs);
	change(&fs);
	test_fs_close_and_check(&fs);
	DEMAND(qflags(&fs) == want_flags);
	end(&fs);
}

/* A number is the only way into the tree. */
static void test_tree_is_hidden(struct xfs_device *base, struct tree *tree)
{
	struct xfs_file *file;
	struct test_fs fs;

	begin(&fs, base);
	test_fs_open(&fs);
	for (unsigned int i = 0; i < tree->n; i++)
		TEST_IS(xfs_open_by_ino(fs.mp, be64_to_cpu(core_of(&tree->v[i])->di_ino), 0, O_RDONLY,
					&file), -ESTALE);
	DEMAND(tree->n == 6);		/* the root, rtgroups, quota and its three */
	test_fs_close_and_check(&fs);
	end(&fs);
}

/* ---- files that are made --------------------------------------------------------------------------- */

/* What differs between any two file systems. */
static void blank(struct member *m)
{
	struct xfs_dinode *dip = core_of(m);

	memset(&dip->di_uuid, 0, sizeof(dip->di_uuid));
	memset(&dip->di_atime, 0, sizeof(dip->di_atime));
	memset(&dip->di_mtime, 0, sizeof(dip->di_mtime));
	memset(&dip->di_ctime, 0, sizeof(dip->di_ctime));
	memset(&dip->di_crtime, 0, sizeof(dip->di_crtime));
	dip->di_ino = dip->di_lsn = dip->di_changecount = dip->di_big_nextents = dip->di_nblocks =
		cpu_to_be64(0);
	dip->di_gen = cpu_to_be32(0);
	memset(&dip->di_crc, 0, sizeof(dip->di_crc));
}

static void compare(const char *what, const struct tree *ours, const struct tree *kernels,
		    uint16_t metatype, uint64_t size)
{
	struct member a = find_member(ours, metatype, size), b = find_member(kernels, metatype, size);

	blank(&a);
	blank(&b);
	for (size_t i = 0; i < sizeof(struct xfs_dinode); i++) {
		if (a.bytes[i] == b.bytes[i])
			continue;
		fprintf(stderr, "%s: byte %zu is %#x, a kernel's %#x\n", what, i, a.bytes[i], b.bytes[i]);
		abort();
	}
}

static void test_files_are_made(struct xfs_device *plain, const struct tree *kernels)
{
	struct test_fs fs;
	struct tree ours;

	begin(&fs, plain);
	test_fs_open(&fs);
	TEST_OK(xfs_quota_enable(fs.mp, 7, NULL));
	change(&fs);
	test_fs_close_and_check(&fs);
	DEMAND(qflags(&fs) == COUNTED);
	read_tree(fs.dev, &ours);
	compare("directory", &ours, kernels, XFS_METAFILE_DIR, 46);
	compare("user", &ours, kernels, XFS_METAFILE_USRQUOTA, 0);
	compare("group", &ours, kernels, XFS_METAFILE_GRPQUOTA, 0);
	compare("project", &ours, kernels, XFS_METAFILE_PRJQUOTA, 0);
	/* They are found again. */
	test_fs_open(&fs);
	TEST_OK(xfs_unlink(fs.mp, "/new/moved"));
	test_fs_close_and_check(&fs);
	DEMAND(qflags(&fs) == COUNTED);
	end(&fs);
}

/* ---- damage ---------------------------------------------------------------------------------------- */

/* The counts of the types whose bits are @lost are not kept, others are. */
static void expect_lost(struct test_fs *fs, uint16_t lost)
{
	test_fs_open(fs);
	DEMAND(qflags(fs) == ALL_ON);		/* nothing was changed yet */
	TEST_OK(xfs_mkdir(fs->mp, "/new", 0755));
	TEST_OK(xfs_unmount(fs->mp));
	fs->mp = NULL;
	DEMAND(qflags(fs) == (ALL_ON & ~lost));
	end(fs);
}

/* Another @metatype of the file of one type, or none. */
static void test_wrong_kind(struct xfs_device *base, const struct tree *tree, uint16_t was, uint16_t is,
			    uint16_t lost)
{
	struct member m = find_member(tree, was, 0);
	struct test_fs fs;

	begin(&fs, base);
	core_of(&m)->di_metatype = cpu_to_be16(is);
	write_member(fs.dev, &m);
	expect_lost(&fs, lost);
}

/* The directory has no such name: @from of its entries is @to. */
static void test_lost_name(struct xfs_device *base, const struct tree *tree, uint64_t dir_size,
			   const char *from, const char *to, uint16_t lost)
{
	struct xfs_dir2_sf_entry *e;
	struct xfs_dir2_sf_hdr *hdr;
	struct member m = find_member(tree, XFS_METAFILE_DIR, dir_size);
	struct test_fs fs;
	bool done = false;

	begin(&fs, base);
	hdr = (struct xfs_dir2_sf_hdr *)(m.bytes + sizeof(struct xfs_dinode));
	e = xfs_dir2_sf_firstentry(hdr);
	for (unsigned int i = 0; i < hdr->count; i++, e = xfs_dir2_sf_nextentry(hdr, e)) {
		if (e->namelen != strlen(from) || memcmp(e->name, from, e->namelen))
			continue;
		memcpy(e->name, to, e->namelen);
		done = true;
	}
	DEMAND(done);
	write_member(fs.dev, &m);
	expect_lost(&fs, lost);
}

/* Without the root of the tree nobody knows what is the file system's own: it is for readers. */
static void test_wrong_root(struct xfs_device *base)
{
	struct xfs_mount_options reader = XFS_MOUNT_OPTIONS_INIT;
	struct test_fs fs;
	uint8_t sector[512];
	struct xfs_dsb *sb = (struct xfs_dsb *)sector;

	begin(&fs, base);
	TEST_OK(xfs_device_pread(fs.dev, 0, sector, sizeof(sector)));
	sb->sb_metadirino = sb->sb_rootino;
	xfs_cksum_set(sector, sizeof(sector), XFS_SB_CRC_OFF);
	TEST_OK(xfs_device_pwrite(fs.dev, 0, sector, sizeof(sector), 0));
	TEST_IS(xfs_mount(fs.dev, &fs.opts, &fs.mp), -EUCLEAN);
	end(&fs);

	begin(&fs, base);
	sb->sb_metadirino = cpu_to_be64(be64_to_cpu(sb->sb_rootino) + 40);
	xfs_cksum_set(sector, sizeof(sector), XFS_SB_CRC_OFF);
	TEST_OK(xfs_device_pwrite(fs.dev, 0, sector, sizeof(sector), 0));
	TEST_IS(xfs_mount(fs.dev, &fs.opts, &fs.mp), -EUCLEAN);
	reader.flags = XFS_MOUNT_RDONLY;
	TEST_OK(xfs_mount(fs.dev, &reader, &fs.mp));
	TEST_OK(xfs_unmount(fs.mp));
	end(&fs);
}

int main(int argc, char **argv)
{
	struct xfs_device *plain, *quota, *dirty;
	struct tree tree;

	if (argc != 4) {
		fprintf(stderr, "usage: metadir_write PLAIN QUOTA DIRTY\n");
		return 2;
	}
	plain = open_base(argv[1]);
	quota = open_base(argv[2]);
	dirty = open_base(argv[3]);
	test_changes(plain, 0);
	test_changes(quota, ALL_ON);
	test_changes(dirty, ALL_ON);
	read_tree(quota, &tree);
	test_tree_is_hidden(quota, &tree);
	test_files_are_made(plain, &tree);
	test_wrong_kind(quota, &tree, XFS_METAFILE_USRQUOTA, XFS_METAFILE_UNKNOWN, XFS_UQUOTA_CHKD);
	test_wrong_kind(quota, &tree, XFS_METAFILE_GRPQUOTA, XFS_METAFILE_USRQUOTA, XFS_GQUOTA_CHKD);
	test_lost_name(quota, &tree, 46, "project", "projecu", XFS_PQUOTA_CHKD);
	test_lost_name(quota, &tree, 35, "quota", "quotb", XFS_ALL_QUOTA_CHKD);
	test_wrong_root(quota);
	xfs_device_put(plain);
	xfs_device_put(quota);
	xfs_device_put(dirty);
	printf("all as it should be\n");
	return 0;
}
