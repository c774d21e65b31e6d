/* SPDX-License-Identifier: MIT */
/*
 * Lesson 5: a device of your own.
 *
 *   cc own_device.c $(pkg-config --cflags --libs xfswrite) -o own_device
 *   ./own_device disk.img
 *
 * The library asks for bytes through a table of calls; where they come from is yours:
 * a virtual machine's disk, an object store, a format nobody heard of.  Here it is
 * another device, and the calls are counted: so one sees how little opening an image reads.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xfswrite/xfswrite.h>

struct counting_device {
	struct xfs_device dev;		/* first: the library's view of it */
	struct xfs_device *base;
	uint64_t reads, bytes;
};

static struct counting_device *counting(struct xfs_device *dev)
{
	return (struct counting_device *)dev;
}

static int counting_preadv(struct xfs_device *dev, uint64_t offset, const struct iovec *iov,
			   int iovcnt)
{
	struct counting_device *c = counting(dev);

	/* Not atomic: this program uses one thread. */
	c->reads++;
	for (int i = 0; i < iovcnt; i++)
		c->bytes += iov[i].iov_len;
	return xfs_device_preadv(c->base, offset, iov, iovcnt);
}

static int counting_pwritev(struct xfs_device *dev, uint64_t offset, const struct iovec *iov,
			    int iovcnt, unsigned int flags)
{
	return xfs_device_pwritev(counting(dev)->base, offset, iov, iovcnt, flags);
}

static int counting_flush(struct xfs_device *dev)
{
	return xfs_device_flush(counting(dev)->base);
}

static int counting_info(struct xfs_device *dev, struct xfs_device_info *info)
{
	return xfs_device_info(counting(dev)->base, info);
}

/* Where the bytes really are: who writes there already keeps others from writing here. */
static struct xfs_device *counting_base(struct xfs_device *dev, uint64_t *offset)
{
	*offset = 0;
	return counting(dev)->base;
}

static void counting_close(struct xfs_device *dev)
{
	struct counting_device *c = counting(dev);

	printf("%ju reads, %ju bytes\n", (uintmax_t)c->reads, (uintmax_t)c->bytes);
	xfs_device_put(c->base);
	free(c);
}

static const struct xfs_device_ops counting_ops = {
	.version = XFS_DEVICE_OPS_VERSION,
	.preadv = counting_preadv,
	.pwritev = counting_pwritev,
	.flush = counting_flush,
	.info = counting_info,
	.close = counting_close,
	.base = counting_base,		/* it, discard, zero ... may stay away */
};

int main(int argc, char **argv)
{
	const struct xfs_mount_options options = {
		.size = sizeof(options),
		.flags = XFS_MOUNT_RDONLY,
	};
	struct counting_device *c;
	struct xfs_mount *mp;
	struct xfs_statfs st = XFS_STATFS_INIT;
	int error;

	if (argc != 2)
		return 2;
	c = calloc(1, sizeof(*c));
	if (!c)
		return 1;
	error = xfs_device_open_file(argv[1], XFS_DEV_RDONLY, 0, &c->base);
	if (error) {
		free(c);
		return 1;
	}
	xfs_device_init(&c->dev, &counting_ops);
	error = xfs_mount(&c->dev, &options, &mp);
	if (!error) {
		error = xfs_statfs(mp, &st);
		if (!error)
			printf("%ju of %ju bytes are free\n",
			       (uintmax_t)(st.blocks_free * st.block_size),
			       (uintmax_t)(st.blocks * st.block_size));
		xfs_unmount(mp);
	} else {
		fprintf(stderr, "%s: %s\n", xfs_error_text(NULL), strerror(-error));
	}
	xfs_device_put(&c->dev);	/* the last reference: counting_close() */
	return error ? 1 : 0;
}
