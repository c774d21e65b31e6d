/* SPDX-License-Identifier: MIT */
/*
 * Goal: formatting follows what devices say of themselves: sectors, stripes, whether they
 * grow and discard.
 * Method: a device that says what the test wants over one in memory.
 */
#include "mkfs/mkfs_priv.h"
#include "unit/mkfs/image.h"

/* A device with properties by hand; counts what it was told to discard. */
struct odd_device {
	struct xfs_device dev;
	struct xfs_device *base;
	struct xfs_device_info info;
	uint64_t discarded;
	int discard_error, info_error;
};

static struct odd_device *odd(struct xfs_device *dev)
{
	return (struct odd_device *)dev;
}

static int odd_preadv(struct xfs_device *dev, uint64_t offset, const struct iovec *iov, int iovcnt)
{
	return xfs_device_preadv(odd(dev)->base, offset, iov, iovcnt);
}

static int odd_pwritev(struct xfs_device *dev, uint64_t offset, const struct iovec *iov,
		       int iovcnt, unsigned int flags)
{
	return xfs_device_pwritev(odd(dev)->base, offset, iov, iovcnt, flags);
}

static int odd_flush(struct xfs_device *dev)
{
	return xfs_device_flush(odd(dev)->base);
}

static int odd_discard(struct xfs_device *dev, uint64_t offset, uint64_t len)
{
	(void)offset;
	odd(dev)->discarded += len;
	return odd(dev)->discard_error;
}

static int odd_info(struct xfs_device *dev, struct xfs_device_info *info)
{
	return odd(dev)->info_error ? odd(dev)->info_error
				    : xfs_device_info_set(info, &odd(dev)->info);
}

static void odd_close(struct xfs_device *dev)
{
	xfs_device_put(odd(dev)->base);
	free(dev);
}

static const struct xfs_device_ops odd_ops = {
	.version = XFS_DEVICE_OPS_VERSION,
	.preadv = odd_preadv,
	.pwritev = odd_pwritev,
	.flush = odd_flush,
	.discard = odd_discard,
	.info = odd_info,
	.close = odd_close,
};

static struct odd_device *odd_open(uint64_t size, uint32_t logical, uint32_t physical)
{
	struct odd_device *o = calloc(1, sizeof(*o));

	assert_non_null(o);
	xfs_device_init(&o->dev, &odd_ops);
	o->base = memory(size);
	o->info.size = sizeof(o->info);
	o->info.size_bytes = size;
	o->info.logical_sector = logical;
	o->info.physical_sector = physical;
	return o;
}

static void test_sectors(void **state)
{
	static const struct {
		uint32_t logical, physical, blocksize, want;
	} v[] = {
		{ 512, 512, 4096, 512 },
		{ 512, 4096, 4096, 4096 },
		{ 512, 4096, 1024, 512 },	/* no sectors larger than blocks */
		{ 4096, 4096, 4096, 4096 },
		{ 512, 65536, 65536, 512 },	/* nor larger than 32 KiB */
		{ 512, 0, 4096, 512 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		struct odd_device *d = odd_open(GIB, v[i].logical, v[i].physical);
		struct xfs_mkfs_options o = options();
		struct xfs_mkfs_geometry g;

		o.blocksize = v[i].blocksize;
		format(&d->dev, &o, &g);
		assert_int_equal(g.sectsize, v[i].want);
		check_image(&d->dev, NULL);
		xfs_device_put(&d->dev);
	}
}

static void test_large_sectors(void **state)
{
	struct odd_device *d = odd_open(GIB, 4096, 4096);
	struct odd_device *log = odd_open(100 * MIB, 4096, 4096);
	struct xfs_mkfs_options o = options();

	(void)state;
	o.sectsize = 512;
	assert_int_equal(xfs_mkfs(&d->dev, NULL, &o, NULL), -EINVAL);
	o.sectsize = 0;
	o.blocksize = 1024;
	assert_int_equal(xfs_mkfs(&d->dev, NULL, &o, NULL), -EINVAL);
	o.blocksize = 4096;
	o.log_sectsize = 512;
	assert_int_equal(xfs_mkfs(&d->dev, &log->dev, &o, NULL), -EINVAL);
	o.log_sectsize = 0;
	assert_int_equal(xfs_mkfs(&d->dev, &log->dev, &o, NULL), 0);
	check_image(&d->dev, &log->dev);
	xfs_device_put(&log->dev);
	xfs_device_put(&d->dev);
}

static void test_probed_stripes(void **state)
{
	static const struct {
		uint64_t size;
		uint32_t io_min, io_opt, flags, sunit, swidth;
	} v[] = {
		{ 2 * GIB, 65536, 262144, 0, 16, 64 },
		{ 2 * GIB, 65536, 65536, 0, 16, 16 },
		{ 2 * GIB, 65536, 262144, XFS_MKFS_NOALIGN, 0, 0 },
		{ 900 * MIB, 65536, 262144, 0, 0, 0 },	/* too small to bother */
		{ 2 * GIB, 4096, 1048576, 0, 0, 0 },	/* a sector is no stripe */
		{ 2 * GIB, 65536, 0, 0, 0, 0 },
		{ 2 * GIB, 65536, 100000, 0, 0, 0 },
		{ 2 * GIB, 66048, 132096, 0, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		struct odd_device *d = odd_open(v[i].size, 512, 4096);
		struct xfs_mkfs_geometry g = { .size = sizeof(g) };
		struct xfs_mkfs_options o = options();

		d->info.io_min = v[i].io_min;
		d->info.io_opt = v[i].io_opt;
		o.flags = v[i].flags;
		assert_int_equal(xfs_mkfs_geometry(&d->dev, NULL, &o, &g), 0);
		assert_int_equal(g.sunit, v[i].sunit);
		assert_int_equal(g.swidth, v[i].swidth);
		xfs_device_put(&d->dev);
	}
}

static void test_discard(void **state)
{
	static const int errors[] = { 0, -EOPNOTSUPP };
	struct xfs_mkfs_options o = options();
	struct odd_device *d, *log;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		d = odd_open(GIB, 512, 512);
		log = odd_open(100 * MIB, 512, 512);
		d->discard_error = errors[i];
		o.flags = 0;
		assert_int_equal(xfs_mkfs(&d->dev, &log->dev, &o, NULL), 0);
		assert_true(d->discarded == 0);
		o.flags = XFS_MKFS_DISCARD | XFS_MKFS_FORCE;
		assert_int_equal(xfs_mkfs(&d->dev, &log->dev, &o, NULL), 0);
		assert_true(d->discarded == GIB && log->discarded == 100 * MIB);
		check_image(&d->dev, &log->dev);
		xfs_device_put(&log->dev);
		xfs_device_put(&d->dev);
	}
	d = odd_open(GIB, 512, 512);
	d->discard_error = -EIO;
	assert_int_equal(xfs_mkfs(&d->dev, NULL, &o, NULL), -EIO);
	xfs_device_put(&d->dev);
}

static void test_fixed_size(void **state)
{
	struct odd_device *d = odd_open(GIB, 512, 512), *log = odd_open(50 * MIB, 512, 512);
	struct xfs_mkfs_options o = options();
	struct xfs_mkfs_geometry g;
	uint8_t sector[512];

	(void)state;
	o.data_size = 2 * GIB;
	assert_int_equal(xfs_mkfs(&d->dev, NULL, &o, NULL), -ENOSPC);
	o.data_size = 400 * MIB;
	o.log_size = 100 * MIB;
	assert_int_equal(xfs_mkfs(&d->dev, &log->dev, &o, NULL), -ENOSPC);
	/* Less than the device: its end is wiped all the same. */
	o.log_size = 0;
	memset(sector, 0xff, sizeof(sector));
	assert_int_equal(xfs_device_pwrite(&d->dev, GIB - 512, sector, 512, 0), 0);
	o.flags = XFS_MKFS_FORCE;
	format(&d->dev, &o, &g);
	assert_int_equal(g.dblocks, 400 * MIB / 4096);
	assert_int_equal(xfs_device_pread(&d->dev, GIB - 512, sector, 512), 0);
	for (size_t i = 0; i < sizeof(sector); i++)
		assert_int_equal(sector[i], 0);
	xfs_device_put(&log->dev);
	xfs_device_put(&d->dev);
}

static void test_silent_device(void **state)
{
	struct odd_device *d = odd_open(GIB, 512, 512);
	struct xfs_mkfs_options o = options();

	(void)state;
	d->info_error = -EIO;
	assert_int_equal(xfs_mkfs(&d->dev, NULL, &o, NULL), -EIO);
	xfs_device_put(&d->dev);
}

/* What tells a used device where no library knows signatures. */
static void test_ends(void **state)
{
	static const uint64_t places[] = { 0, 131071, GIB - 131072, GIB - 1 };
	struct xfs_device *dev = memory(GIB);
	uint8_t sector[512];

	(void)state;
	assert_int_equal(xfs_mkfs_check_ends(NULL, dev, GIB, "data"), 0);
	assert_int_equal(xfs_mkfs_check_ends(NULL, dev, 0, "data"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		memset(sector, 0, sizeof(sector));
		sector[places[i] % 512] = 1;
		assert_int_equal(xfs_device_pwrite(dev, places[i] & ~511ull, sector, 512, 0), 0);
		assert_int_equal(xfs_mkfs_check_ends(NULL, dev, GIB, "data"), -EEXIST);
		assert_int_equal(xfs_device_zero(dev, places[i] & ~511ull, 512), 0);
	}
	memset(sector, 0xff, sizeof(sector));
	assert_int_equal(xfs_device_pwrite(dev, 131072, sector, 512, 0), 0);
	assert_int_equal(xfs_mkfs_check_ends(NULL, dev, GIB, "data"), 0);
	xfs_device_put(dev);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sectors),
		cmocka_unit_test(test_large_sectors),
		cmocka_unit_test(test_probed_stripes),
		cmocka_unit_test(test_discard),
		cmocka_unit_test(test_fixed_size),
		cmocka_unit_test(test_silent_device),
		cmocka_unit_test(test_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
