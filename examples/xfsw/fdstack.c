/* SPDX-License-Identifier: MIT */
/*
 * The open directories from the top of a host tree down to where the work is.
 * Trees may be deeper than the number of descriptors a process may have, so that only
 * the lowest few stay open; an upper one is opened again through ".." and must
 * be the directory it was.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "xfsw/host.h"

#define KEEP_OPEN	48

int fds_push(struct xfsw_fds *fds, int fd, const struct stat *st)
{
	if (fds->depth == fds->max) {
		size_t max = fds->max ? fds->max * 2 : 64;
		void *v = realloc(fds->v, max * sizeof(*fds->v));

		if (!v)
			return -ENOMEM;
		fds->v = v;
		fds->max = max;
	}
	fds->v[fds->depth].fd = fd;
	fds->v[fds->depth].dev = st->st_dev;
	fds->v[fds->depth].ino = st->st_ino;
	fds->depth++;
	if (fds->depth > KEEP_OPEN) {
		struct xfsw_fd *upper = &fds->v[fds->depth - 1 - KEEP_OPEN];

		/* The top stays open: nothing above it leads back. */
		if (fds->depth - 1 - KEEP_OPEN > 0 && upper->fd >= 0) {
			close(upper->fd);
			upper->fd = -1;
		}
	}
	return 0;
}

int fds_pop(struct xfsw_fds *fds)
{
	struct xfsw_fd *lower = &fds->v[--fds->depth], *upper;
	struct stat st;
	int error = 0;

	if (fds->depth > 0) {
		upper = &fds->v[fds->depth - 1];
		if (upper->fd < 0) {
			upper->fd = openat(lower->fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
			if (upper->fd < 0 || fstat(upper->fd, &st))
				error = xfsw_errno();
			else if (st.st_dev != upper->dev || st.st_ino != upper->ino)
				/* Somebody moved it while we were below. */
				error = xfsw_error(-ESTALE);
		}
	}
	close(lower->fd);
	return error;
}

int fds_top(const struct xfsw_fds *fds)
{
	return fds->v[fds->depth - 1].fd;
}

void fds_free(struct xfsw_fds *fds)
{
	while (fds->depth > 0) {
		int fd = fds->v[--fds->depth].fd;

		if (fd >= 0)
			close(fd);
	}
	free(fds->v);
	fds->v = NULL;
	fds->max = 0;
}
