/* SPDX-License-Identifier: MIT */
/*
 * The operation of model_data that ends the process: from one moment on nothing reaches the device,
 * and the next mount recovers what is there.  A file that did not change since it was synced must be as
 * it was.  Of others that is not known: the model takes what is there, which everything later is held
 * against (tests/crash judges those, and power losses).
 */
#include <fcntl.h>
#include <string.h>
#include "base/compiler.h"
#include "model/data_model.h"
#include "support/test_device.h"

uint64_t nr_crashes;

static struct xfs_device *fault;
static bool dying;	/* what is said meanwhile is no news */

static void log_line(void *ctx, enum xfs_log_level level, const char *line)
{
	(void)ctx;
	if (!dying && level <= XFS_LOG_WARNING)
		fprintf(stderr, "libxfswrite: %s\n", line);
}

void data_crash_make(const struct xfs_mkfs_options *mkfs)
{
	struct xfs_device *memory;

	TEST_OK(xfs_device_open_memory(cfg->device_bytes, 512, NULL, &memory));
	TEST_OK(test_fault_open(memory, &fault));
	xfs_device_put(memory);
	test_fs_make_on(&fs, fault, mkfs);
	fs.env.log = log_line;
}

void data_sync_all(void)
{
	TEST_OK(xfs_sync(fs.mp));
	for (int i = 0; i < cfg->nfiles; i++)
		files[i].stable = true;
}

/* @at becomes [@off, +window), zeros behind the end. */
static void take(struct file *f, uint8_t *at, uint64_t off)
{
	uint64_t len = off < f->size ? XFS_MIN(cfg->window, f->size - off) : 0;

	if (len)
		CHECK(xfs_pread(f->file, at, len, off) == (ssize_t)len);
	memset(at + len, 0, cfg->window - len);
}

static void take_what_is_there(struct file *f)
{
	struct stat st;

	TEST_OK(xfs_open(fs.mp, f->path, O_RDWR, 0, &f->file));
	f->flags = O_RDWR;
	TEST_OK(xfs_fstat(f->file, &st));
	f->size = (uint64_t)st.st_size;
	take(f, f->low, 0);
	take(f, f->high, f->base);
}

void data_op_crash(void)
{
	if (fs.opts.flags & XFS_MOUNT_UNJOURNALLED)
		return;
	nr_crashes++;
	if (below(2))
		data_sync_all();
	for (int i = 0; i < cfg->nfiles; i++) {
		if (!files[i].file || below(2))
			continue;
		TEST_OK(xfs_fsync(files[i].file));
		files[i].stable = true;
	}
	dying = true;
	test_fault_arm(fault, TEST_FAULT_WRITE | TEST_FAULT_FLUSH, 1, true, false);
	for (int i = 0; i < cfg->nfiles; i++) {
		(void)xfs_close(files[i].file);
		files[i].file = NULL;
	}
	xfs_abandon(fs.mp);
	fs.mp = NULL;
	test_fault_arm(fault, 0, 0, false, false);
	dying = false;
	test_fs_open(&fs);
	for (int i = 0; i < cfg->nfiles; i++)
		if (!files[i].stable)
			take_what_is_there(&files[i]);
	data_compare_all();
}
