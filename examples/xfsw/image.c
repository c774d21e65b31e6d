/* SPDX-License-Identifier: MIT */
/*
 * Opening what a verb works on: a device (with partition or offset applied),
 * a log device, and a mount that fits the verb.  Read-only verbs never open the
 * host file for writing.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include "xfsw/format.h"

static void put_devices(struct xfsw_image *img)
{
	xfs_device_put(img->logdev);
	xfs_device_put(img->dev);
	img->logdev = NULL;
	img->dev = NULL;
}

/* What --partition or --offset names of img->dev; *@len 0: up to its end. */
static int window_of(struct xfsw_call *call, struct xfsw_image *img, uint64_t *start, uint64_t *len)
{
	const char *partition = xfsw_arg(call, XFSW_OPT_PARTITION);
	const char *offset = xfsw_arg(call, XFSW_OPT_OFFSET);
	uint64_t number;
	char what[64];
	int error;

	*start = *len = 0;
	if (partition && offset)
		return xfsw_usage(call, "--partition and --offset exclude each other");
	if (partition) {
		if (!xfsw_parse_u64(partition, 1024, &number) || number == 0)
			return xfsw_usage(call, "'%s' is not a partition number", partition);
		error = xfs_device_find_partition(img->dev, (unsigned int)number, start, len);
		if (error == -ENOENT) {
			xfsw_complain(call, img->path, "partition %s does not exist", partition);
			return XFSW_NO_IMAGE;
		}
		if (error) {
			snprintf(what, sizeof(what), "partition %s", partition);
			xfsw_fail(call, what, error);
			return XFSW_NO_IMAGE;
		}
	} else if (offset && !xfsw_parse_size(offset, 4096, start)) {
		return xfsw_usage(call, "'%s' is not an offset", offset);
	}
	return 0;
}

/* Replace the device by the part of it that --partition or --offset names. */
static int apply_window(struct xfsw_call *call, struct xfsw_image *img)
{
	const char *partition = xfsw_arg(call, XFSW_OPT_PARTITION);
	struct xfs_device *window;
	uint64_t start, len, number;
	int error, code;

	code = window_of(call, img, &start, &len);
	if (code || (!start && !len && !xfsw_has(call, XFSW_OPT_OFFSET)))
		return code;
	/* The table also tells of the disk's sectors, which an image of it cannot. */
	if (partition && xfsw_parse_u64(partition, 1024, &number))
		error = xfs_device_open_partition(img->dev, (unsigned int)number,
						  &img->table_sector, &window);
	else
		error = xfs_device_open_window(img->dev, start, len, &window);
	if (error) {
		xfsw_fail(call, img->path, error);
		return XFSW_NO_IMAGE;
	}
	xfs_device_put(img->dev);
	img->dev = window;
	return 0;
}

static int open_devices(struct xfsw_call *call, struct xfsw_image *img, unsigned int flags,
			uint64_t size_bytes)
{
	const char *log = xfsw_arg(call, XFSW_OPT_LOGDEV);
	int error, code;

	if (!log && call->verb == &verb_recover && call->argc)
		log = call->argv[0];
	error = xfs_device_open_file(img->path, flags, size_bytes, &img->dev);
	if (error) {
		xfsw_fail(call, img->path, error);
		return XFSW_NO_IMAGE;
	}
	memset(&img->own, 0, sizeof(img->own));
	own_add(&img->own, img->path);
	own_add(&img->own, log);
	code = apply_window(call, img);
	if (code)
		return code;
	if (log) {
		unsigned int log_flags = flags & ~(unsigned int)(XFS_DEV_CREATE | XFS_DEV_TRUNCATE);

		error = xfs_device_open_file(log, log_flags, 0, &img->logdev);
		if (error) {
			xfsw_fail(call, log, error);
			return XFSW_NO_IMAGE;
		}
	}
	return 0;
}

/* Verbs that end by themselves are not stopped half-way while they change an image. */
static void block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

int xfsw_no_xfs(const struct xfsw_call *call, const struct xfsw_image *img, int error)
{
	char what[128], reason[1024];

	xfsw_reason(error, reason, sizeof(reason));
	/* Not what the library knows, or a part of a disk was named: nothing to guess. */
	if (error != -EINVAL || xfs_device_probe(img->dev, what, sizeof(what)) != 1)
		xfsw_fail(call, img->path, error);
	else if (strstr(what, "partition table"))
		xfsw_complain(call, img->path,
			      "%s; it holds a %s: select a partition with --partition N", reason,
			      what);
	else
		xfsw_complain(call, img->path, "%s; it holds: %s", reason, what);
	return XFSW_NO_IMAGE;
}

static int mount_failed(struct xfsw_call *call, const struct xfsw_image *img, int error)
{
	if (error == -EAGAIN) {
		xfsw_complain(
			call, img->path,
			"the log is dirty: 'xfsw recover' replays it, --recover-in-memory does so "
			"without changing the image, --norecovery reads what is there");
		return XFSW_DIRTY_LOG;
	}
	if (error == -ECANCELED && xfsw_interrupted())
		return XFSW_INTERRUPTED;	/* of the recovery nothing was written */
	return xfsw_no_xfs(call, img, error);
}

/* What is written stays in memory, and goes with the image. */
static int put_overlays(struct xfsw_call *call, struct xfsw_image *img)
{
	struct xfs_device **devs[] = { &img->dev, &img->logdev };

	for (size_t i = 0; i < sizeof(devs) / sizeof(devs[0]); i++) {
		struct xfs_device *overlay;
		int error;

		if (!*devs[i])
			continue;
		error = xfs_device_open_overlay(*devs[i], &call->env, &overlay);
		if (error) {
			xfsw_fail(call, img->path, error);
			return XFSW_NO_IMAGE;
		}
		xfs_device_put(*devs[i]);
		*devs[i] = overlay;
	}
	return 0;
}

int xfsw_open_image(struct xfsw_call *call, const char *path, struct xfsw_image *img)
{
	bool write = call->verb->open == XFSW_OPEN_WRITE &&
		     !xfsw_has(call, XFSW_OPT_NORECOVERY) && !xfsw_has(call, XFSW_OPT_READONLY);
	struct xfs_mount_options options = { .size = sizeof(options), .env = &call->env };
	int error, code;

	memset(img, 0, sizeof(*img));
	img->path = path;
	call->img = img;
	img->dry = call->verb == &verb_recover && xfsw_has(call, 'n');
	code = open_devices(call, img, write && !img->dry ? XFS_DEV_EXCL : XFS_DEV_RDONLY, 0);
	if (!code && img->dry)
		code = put_overlays(call, img);
	if (code)
		goto out_put;
	if (call->verb->open == XFSW_OPEN_DEVICE)
		return 0;

	options.logdev = img->logdev;
	if (!write)
		options.flags |= XFS_MOUNT_RDONLY;
	else if (xfsw_has(call, XFSW_OPT_UNJOURNALLED))
		options.flags |= XFS_MOUNT_UNJOURNALLED;
	if (xfsw_has(call, XFSW_OPT_NORECOVERY))
		options.flags |= XFS_MOUNT_NORECOVERY;
	if (xfsw_has(call, XFSW_OPT_IN_MEMORY))
		options.flags |= XFS_MOUNT_RECOVER_IN_MEMORY;
	else if (call->verb->flags & XFSW_ANY_STATE)
		options.flags |= XFS_MOUNT_NORECOVERY | XFS_MOUNT_INPROGRESS;
	error = xfs_mount(img->dev, &options, &img->mp);
	if (error) {
		code = mount_failed(call, img, error);
		goto out_put;
	}
	if (write && !(call->verb->flags & XFSW_LONG_WORK))
		block_signals();
	return 0;

out_put:
	put_devices(img);
	call->img = NULL;
	return code;
}

/* The part of @path that --partition or --offset names; all of it without them. */
static int find_window(struct xfsw_call *call, const char *path, uint64_t *start, uint64_t *len)
{
	struct xfsw_image whole = { .path = path };
	struct xfs_device_info info = XFS_DEVICE_INFO_INIT;
	uint64_t end;
	int error, code;

	*start = 0;
	*len = UINT64_MAX;
	if (!xfsw_has(call, XFSW_OPT_PARTITION) && !xfsw_has(call, XFSW_OPT_OFFSET))
		return 0;
	error = xfs_device_open_file(path, XFS_DEV_RDONLY, 0, &whole.dev);
	if (!error)
		error = xfs_device_info(whole.dev, &info);
	if (error) {
		xfsw_fail(call, path, error);
		put_devices(&whole);
		return XFSW_NO_IMAGE;
	}
	end = info.size_bytes;
	code = window_of(call, &whole, start, len);
	if (!code && !*len)
		*len = end - *start;
	put_devices(&whole);
	return code;
}

int xfsw_ask_target(struct xfsw_call *call, const char *path, struct xfsw_own *own)
{
	const char *log = xfsw_arg(call, XFSW_OPT_LOGDEV);
	uint64_t start, len, size;
	struct stat st;
	int code;

	memset(own, 0, sizeof(*own));
	own_add(own, path);
	if (log && stat(log, &st) == 0 && own_has(own, &st))
		return xfsw_complain(call, log, "this is the image itself");
	own_add(own, log);
	if (xfsw_has(call, 'f') || !own->n)
		return 0;
	code = find_window(call, path, &start, &len);
	/* With a size, only so much of what follows is overwritten. */
	if (!code && start && xfsw_arg(call, XFSW_OPT_SIZE) &&
	    xfsw_parse_size(xfsw_arg(call, XFSW_OPT_SIZE), 4096, &size) && size < len)
		len = size;
	if (!code)
		code = own_may_overwrite(call, path, start, len);
	return code || !log ? code : own_may_overwrite(call, log, 0, UINT64_MAX);
}

int xfsw_open_to_look(struct xfsw_call *call, const char *path, struct xfsw_image *img)
{
	int code;

	memset(img, 0, sizeof(*img));
	img->path = path;
	call->img = img;
	code = open_devices(call, img, XFS_DEV_RDONLY, 0);
	if (code) {
		put_devices(img);
		call->img = NULL;
	}
	return code;
}

int xfsw_open_target(struct xfsw_call *call, const char *path, uint64_t size_bytes, bool empty,
		     struct xfsw_image *img)
{
	unsigned int flags = XFS_DEV_EXCL;
	bool missing = access(path, F_OK) != 0 && errno == ENOENT;
	int code;

	memset(img, 0, sizeof(*img));
	img->path = path;
	call->img = img;
	code = xfsw_ask_target(call, path, &img->own);
	if (code) {
		call->img = NULL;
		return code;
	}
	if (missing && !size_bytes) {
		xfsw_complain(call, path, "the file does not exist; use --size to create it");
		call->img = NULL;
		return XFSW_NO_IMAGE;
	}
	if (missing)
		flags |= XFS_DEV_CREATE;
	else if (empty)
		flags |= XFS_DEV_TRUNCATE;
	code = open_devices(call, img, flags, missing || empty ? size_bytes : 0);
	img->made = missing && img->dev;
	if (code) {
		put_devices(img);
		call->img = NULL;
		if (img->made)
			unlink(path);
	}
	return code;
}

int xfsw_close_image(struct xfsw_call *call, struct xfsw_image *img, int code)
{
	int error = 0;

	if (img->mp) {
		if (code != XFSW_INTERRUPTED)
			error = xfs_unmount(img->mp);
		/* It is open still when only a signal kept it from being closed. */
		if (error == -ECANCELED) {
			code = XFSW_INTERRUPTED;
			error = 0;
		}
		if (code == XFSW_INTERRUPTED)
			xfs_abandon(img->mp);
		img->mp = NULL;
		if (error) {
			int failed = xfsw_fail(call, img->path, error);

			if (code == XFSW_OK)
				code = failed;
		}
	}
	put_devices(img);
	call->img = NULL;
	return code;
}
