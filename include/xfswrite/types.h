/* SPDX-License-Identifier: MIT */
/*
 * The objects of the library, and whether the program sees the host's struct stat.  Every header
 * that needs these includes this one.
 */
#ifndef XFSWRITE_TYPES_H
#define XFSWRITE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <xfswrite/device.h>
#include <xfswrite/env.h>
#include <xfswrite/error.h>
#include <xfswrite/version.h>

/*
 * xfs_stat(), xfs_lstat(), xfs_fstat() and xfs_utimens() take the host's struct stat and struct
 * timespec.  Where a C library lets the program choose what these are (32-bit glibc), the program
 * must be compiled with -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64, as xfswrite.pc and the CMake
 * targets say.  A program compiled without them does not see these four functions; it uses
 * xfs_getattr(), xfs_fgetattr() and xfs_setattr(), whose structs are the same everywhere.  Define
 * XFSWRITE_NO_HOST_STAT to hide the four on every machine.
 */
#if defined(__TIMESIZE) && __TIMESIZE == 32 && !defined(__USE_TIME_BITS64)
#ifndef XFSWRITE_NO_HOST_STAT
#define XFSWRITE_NO_HOST_STAT
#endif
#endif
#ifndef XFSWRITE_NO_HOST_STAT
#include <sched.h>	/* struct timespec, which <time.h> hides in strict C99 */
#include <sys/stat.h>
#include <time.h>
#endif

#ifdef __cplusplus
extern "C" {
#endif

#ifndef XFSWRITE_NO_HOST_STAT
typedef char xfs_needs_time_bits_64[sizeof(time_t) >= 8 ? 1 : -1];
#endif

struct xfs_mount;	/* an open file system */
struct xfs_file;	/* an open file, directory or other object in it */
struct xfs_dir;		/* a position in a directory */
typedef struct xfs_mount xfs_mount_t;
typedef struct xfs_file xfs_file_t;
typedef struct xfs_dir xfs_dir_t;

#ifdef __cplusplus
}
#endif
#endif
