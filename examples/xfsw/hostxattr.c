/* SPDX-License-Identifier: MIT */
/* Reading the extended attributes of host files. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include "xfsw/host.h"

#define LIST_SIZE	65536
#define VALUE_SIZE	65536

static bool starts(const char *name, const char *prefix)
{
	return strncmp(name, prefix, strlen(prefix)) == 0;
}

/* XFS lists ACLs under these names too; they come as system.posix_acl_* already. */
static bool is_double(const char *name)
{
	return starts(name, "trusted.SGI_ACL_");
}

bool host_xattr_fits(const char *name, uint64_t *left_out)
{
	bool fits = starts(name, "user.") || starts(name, "trusted.") ||
		    starts(name, "security.") || strcmp(name, "system.posix_acl_access") == 0 ||
		    strcmp(name, "system.posix_acl_default") == 0;

	if (!fits)
		++*left_out;
	return fits && !is_double(name);
}

static ssize_t list(int fd, const char *name, char *buf)
{
	ssize_t len = fd >= 0 ? flistxattr(fd, buf, LIST_SIZE) : llistxattr(name, buf, LIST_SIZE);

	return len < 0 ? xfsw_errno() : len;
}

static ssize_t get(int fd, const char *name, const char *attr, char *buf, size_t size)
{
	ssize_t len = fd >= 0 ? fgetxattr(fd, attr, buf, size) : lgetxattr(name, attr, buf, size);

	return len < 0 ? xfsw_errno() : len;
}

static int visit(struct host_xattrs *xattrs, int fd, const char *name, const char *attr,
		 bool sizes_only, host_xattr_fn fn, void *ctx)
{
	ssize_t size;

	if (!host_xattr_fits(attr, &xattrs->left_out))
		return 0;
	size = get(fd, name, attr, xattrs->value, sizes_only ? 0 : VALUE_SIZE);
	if (size == -ENODATA)
		return 0;	/* removed since it was listed, or not for us to see */
	if (size == -ERANGE)
		return xfsw_error(-E2BIG);
	if (size < 0)
		return (int)size;
	return fn(ctx, attr, sizes_only ? NULL : xattrs->value, (size_t)size);
}

int host_each_xattr(struct host_xattrs *xattrs, dev_t dev, int fd, const char *name,
		    bool sizes_only, host_xattr_fn fn, void *ctx)
{
	ssize_t len;
	int error = 0;

	if (xattrs->have_none_dev && xattrs->none_dev == dev)
		return 0;
	if (!xattrs->list) {
		xattrs->list = malloc(LIST_SIZE);
		xattrs->value = malloc(VALUE_SIZE);
		if (!xattrs->list || !xattrs->value)
			return -ENOMEM;
	}
	len = list(fd, name, xattrs->list);
	if (len == -EOPNOTSUPP || len == -ENOSYS) {
		xattrs->none_dev = dev;
		xattrs->have_none_dev = true;
		return 0;
	}
	if (len < 0)
		return (int)len;
	for (const char *attr = xattrs->list; attr < xattrs->list + len && !error;
	     attr += strlen(attr) + 1)
		error = visit(xattrs, fd, name, attr, sizes_only, fn, ctx);
	return error;
}

void host_xattrs_free(struct host_xattrs *xattrs)
{
	free(xattrs->list);
	free(xattrs->value);
	memset(xattrs, 0, sizeof(*xattrs));
}
