/* SPDX-License-Identifier: MIT */
/*
 * Lesson 9: several threads in one file system.
 *
 *   cc threads.c $(pkg-config --cflags --libs xfswrite) -pthread -o threads
 *   ./threads disk.img
 *
 * Any number of threads may use one mount and one file; only xfs_close() and xfs_unmount() must
 * be the last call on their object.  Errors are per thread, so is their text.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <xfswrite/xfswrite.h>

#define THREADS	4
#define WRITES	200

struct worker {
	pthread_t thread;
	struct xfs_mount *mp;
	int number, error;
};

static void *work(void *arg)
{
	struct worker *w = arg;
	char path[32], block[4096];
	struct xfs_file *file;

	snprintf(path, sizeof(path), "/worker-%d", w->number);
	memset(block, 'a' + w->number, sizeof(block));
	w->error = xfs_open(w->mp, path, O_WRONLY | O_CREAT | O_TRUNC, 0644, &file);
	if (w->error)
		return NULL;
	for (int i = 0; i < WRITES && !w->error; i++) {
		ssize_t done = xfs_pwrite(file, block, sizeof(block), (uint64_t)i * sizeof(block));

		if (done < 0)
			w->error = (int)done;
	}
	if (!w->error)
		w->error = xfs_fsync(file);
	if (w->error)
		fprintf(stderr, "%s: %s (%s)\n", path, strerror(-w->error), xfs_error_text(w->mp));
	xfs_close(file);
	return NULL;
}

int main(int argc, char **argv)
{
	const struct xfs_mount_options options = {
		.size = sizeof(options),
		.flags = XFS_MOUNT_UNJOURNALLED,
	};
	struct worker workers[THREADS];
	struct xfs_device *dev;
	struct xfs_mount *mp;
	int error, started = 0, failed = 0;

	if (argc != 2)
		return 2;
	error = xfs_device_open_file(argv[1], XFS_DEV_EXCL, 0, &dev);
	if (error)
		return 1;
	error = xfs_mount(dev, &options, &mp);
	xfs_device_put(dev);
	if (error) {
		fprintf(stderr, "%s: %s\n", argv[1], xfs_error_text(NULL));
		return 1;
	}
	for (; started < THREADS; started++) {
		workers[started].mp = mp;
		workers[started].number = started;
		if (pthread_create(&workers[started].thread, NULL, work, &workers[started]))
			break;
	}
	failed = started < THREADS;
	for (int i = 0; i < started; i++) {
		pthread_join(workers[i].thread, NULL);
		failed |= workers[i].error != 0;
	}
	error = xfs_unmount(mp);
	return failed || error ? 1 : 0;
}
