/* SPDX-License-Identifier: MIT */
/* The options of mkfs, which create takes as well. */
#ifndef XFSW_FORMAT_H
#define XFSW_FORMAT_H

#include "xfsw/xfsw.h"
#include <xfswrite/mkfs.h>
#include <xfswrite/quota.h>

enum {
	XFSW_OPT_SIZE = XFSW_OPT_VERB + 64,
	XFSW_OPT_PROFILE,
	XFSW_OPT_UUID,
	XFSW_OPT_SEED,
	XFSW_OPT_SMALL,
	XFSW_OPT_DISCARD,
	XFSW_OPT_QUOTA,
	XFSW_OPT_QUOTA_NO_ENFORCE,
};

#define FORMAT_SHORTOPTS "b:s:i:d:l:m:n:L:fNKv"
#define FORMAT_LONGOPTS							\
	{ "size", required_argument, NULL, XFSW_OPT_SIZE },		\
	{ "profile", required_argument, NULL, XFSW_OPT_PROFILE },	\
	{ "uuid", required_argument, NULL, XFSW_OPT_UUID },		\
	{ "seed", required_argument, NULL, XFSW_OPT_SEED },		\
	{ "small", no_argument, NULL, XFSW_OPT_SMALL },			\
	{ "discard", no_argument, NULL, XFSW_OPT_DISCARD },		\
	{ "quota", required_argument, NULL, XFSW_OPT_QUOTA },		\
	{ "quota-no-enforce", no_argument, NULL, XFSW_OPT_QUOTA_NO_ENFORCE }, \
	{ "label", required_argument, NULL, 'L' },			\
	{ "force", no_argument, NULL, 'f' },				\
	{ "dry-run", no_argument, NULL, 'N' }
#define FORMAT_HELP                                                                                \
	"  --size N            bytes of the image\n"                                               \
	"  -f, --force         overwrite what is there\n"                                          \
	"  -N, --dry-run       print the geometry, write nothing\n"                                \
	"  -v                  print the geometry\n"                                               \
	"  -L, --label NAME    at most 12 bytes\n"                                                 \
	"  --uuid UUID         instead of a random one\n"                                          \
	"  --seed N            random numbers (UUID, generations) from this seed: with the same\n" \
	"                      seed and SOURCE_DATE_EPOCH the same bytes come out\n"               \
	"  --profile 7.2|6.1   defaults of that mkfs.xfs; 7.2 (the default: rmapbt, nrext64, "     \
	"exchange,\n"                                                                              \
	"                      parent pointers) mounts since Linux 6.10, 6.1 since Linux 5.10\n"   \
	"  --small             allow less than 300 MiB, a small log, a single group: no kernel\n"  \
	"                      refuses them, but XFS does not support them\n"                      \
	"  --discard           discard the device first\n"                                         \
	"  --quota user,group,project  quota of these is on, counted and enforced; kernels keep\n" \
	"                      it on when they mount with uquota, gquota, pquota\n"                \
	"  --quota-no-enforce  it is only counted\n"                                               \
	"  and those of mkfs.xfs:\n"                                                               \
	"  -b size=N           block size, 1k to 64k\n"                                            \
	"  -s size=N           sector size\n"                                                      \
	"  -i size=N,maxpct=N,sparse=0|1,nrext64=0|1,exchange=0|1\n"                               \
	"  -d size=N,agcount=N,agsize=N,su=N,sw=N,sunit=N,swidth=N,noalign\n"                      \
	"  -l size=N,agnum=N,su=N,sunit=N,sectsize=N,internal\n"                                   \
	"  -m bigtime=0|1,finobt=0|1,inobtcount=0|1,reflink=0|1,rmapbt=0|1,uuid=U,autofsck=0|1\n"  \
	"  -n size=N,parent=0|1,version=2|ci\n"                                                    \
	"  -K                  no discard (which is the default here)\n"

struct xfsw_format {
	struct xfs_mkfs_options mkfs;
	uint64_t size_bytes;		/* 0: the device's, or computed */
	bool dry_run, force, verbose;
	uint32_t quota, enforce;	/* XFS_QUOTA_USER ...: types that are on, and enforced */
};

/* Read all of them.  0 or XFSW_USAGE. */
int format_options(struct xfsw_call *call, struct xfsw_format *format);
/* Turn on the quota that was asked for, in a new file system.  An exit code. */
int format_quota(struct xfsw_call *call, const struct xfsw_format *format, struct xfsw_image *img);
/* What a device of @size_bytes would become.  0 or -errno; with @call not NULL that is told. */
int format_geometry(struct xfsw_call *call, const struct xfsw_format *format, uint64_t size_bytes,
		    struct xfs_mkfs_geometry *geometry);
/* Print the geometry that @path would get; nothing is opened for writing.  An exit code. */
int format_dry_run(struct xfsw_call *call, const struct xfsw_format *format, const char *path);
void format_print(const struct xfs_mkfs_geometry *geometry);
/*
 * Open @path (made with @size_bytes if it is missing; emptied first if @empty says so and it is a
 * regular file) and format it.  0 or an exit code; on success the caller closes @img.
 */
int format_image(struct xfsw_call *call, struct xfsw_format *format, const char *path,
		 uint64_t size_bytes, bool empty, struct xfsw_image *img,
		 struct xfs_mkfs_geometry *geometry);

#endif
