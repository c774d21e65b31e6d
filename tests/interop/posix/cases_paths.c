/* SPDX-License-Identifier: MIT */
/* Every call that takes a path, with paths of every kind; renames and links with pairs of them. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "calls.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *const world[] = {
	"mkdir 755 /d", "mkdir 700 /d/s", "mkdir 755 /e", "mkdir 755 /di", "mkdir 755 /da",
	"mkdir 755 /da/s", "mknod 100644 /f", "pwrite wronly /f 10 0", "mknod 100640 /d/f",
	"link /f /f2", "mknod 100644 /i", "mknod 100644 /a", "mknod 100644 /di/g",
	"mknod 100644 /da/g", "symlink f /lf", "symlink d /ld", "symlink nowhere /ln",
	"symlink d/ /lds", "symlink f/ /lfs", "symlink nowhere/ /lns", "symlink loop /loop",
	"symlink /d/f /labs", "mknod 10600 /fifo", "mknod 20600 /chr 1 3", "mknod 60600 /blk 510 7",
	"mknod 140600 /sock", "xflags /i immutable", "xflags /a append", "xflags /di immutable",
	"xflags /da append", NULL,
};

static const char *const paths[] = {
	"/d", "/e", "/f", "/f2", "/d/f", "/d/s", "/n", "/d/n", "/n/n", "/f/n", "/lf", "/ld", "/ln",
	"/lds", "/lfs", "/lns", "/loop", "/labs", "/lf/n", "/ld/n", "/ld/f", "/ln/n", "/loop/n", "/fifo",
	"/chr", "/blk", "/sock", "/sock/n", "/i", "/a", "/di", "/di/g", "/di/n", "/da", "/da/g", "/da/n",
	"/da/s", ".", "..", "/", "/d/.", "/d/..", "/d/s/..", "/e/.", "/e/..", "/f/.", "/f/..", "/n/.",
	"/n/..", "/ld/.", "/ld/..", "/lf/.", "''", "d", "n", "./n", "//n", "/{255}", "/{256}", "/d/{256}",
	"/n/{256}", "/f/{256}", "/{255}/n", "/{256}/n", "/ld/{256}", "/di/{256}", "{./4092}f",
	"{./4094}f", "{./4096}f", "{./4094}n",
};

/* Those that renames and links take in pairs. */
static const char *const pairs[] = {
	"/d", "/d/", "/e", "/e/", "/f", "/f/", "/f2", "/d/f", "/d/s", "/d/s/", "/n", "/n/", "/d/n", "/n/n",
	"/f/n", "/lf", "/lf/", "/ld", "/ld/", "/ln", "/ln/", "/lds", "/lfs", "/lns/", "/loop", "/loop/", "/fifo",
	"/i", "/i/", "/a", "/di", "/di/g", "/di/n", "/di/n/", "/da", "/da/g", "/da/n", "/da/s", ".", "..", "/", "/d/.",
	"/d/..", "/n/.", "''", "/{255}", "/{256}", "/f/{256}", "/n/{256}", "/di/{256}/",
};

static const char *const flags[] = {
	"rdonly", "wronly", "rdwr", "rdwr,append", "wronly,append,trunc", "rdonly,trunc", "wronly,trunc",
	"rdonly,creat", "wronly,creat", "rdwr,creat,excl", "rdonly,creat,trunc", "wronly,creat,append",
	"rdonly,creat,nofollow", "rdwr,creat,excl,nofollow", "rdonly,directory", "wronly,directory",
	"rdonly,creat,directory", "rdonly,creat,excl,directory", "rdonly,trunc,directory",
	"rdonly,directory,nofollow", "rdonly,nofollow", "wronly,nofollow", "path", "path,nofollow",
	"path,directory", "path,creat", "path,directory,nofollow", "path,wronly,trunc", "both", "both,creat",
	"rdwr,excl", "rdwr,largefile", "rdonly,direct", "wronly,creat,direct", "rdonly,noatime",
	"path,creat,excl,directory", "rdonly,sync", "wronly,dsync,creat",
};

static void one_path_calls(const char *p)
{
	static const char *const formats[] = {
		"stat %s", "lstat %s", "readlink %s", "readlink %s 3", "readlink %s 0", "unlink %s", "rmdir %s",
		"mkdir 755 %s", "mkdir 7777 %s", "mknod 100644 %s", "mknod 644 %s", "mknod 104755 %s",
		"mknod 10644 %s", "mknod 140644 %s", "mknod 20644 %s 5 1", "mknod 60644 %s 511 262143",
		"mknod 20644 %s 512 0", "mknod 60644 %s 0 262144", "mknod 40755 %s", "mknod 120777 %s",
		"mknod 30644 %s", "mknod 170644 %s", "symlink target %s", "symlink '' %s",
		"symlink {1023} %s", "symlink {1024} %s", "symlink {4095} %s", "symlink {4096} %s", "truncate %s 0",
		"truncate %s 5", "truncate %s -1", "truncate %s max", "chmod %s 4711", "chmod %s 17777",
		"chown %s 1 2", "chown %s -1 -1", "chown %s -1 5", "lchown %s 1 -1", "utimens %s 1 2 3 4",
		"utimens %s 1 1000000000 3 4", "utimens %s 0 omit 0 omit", "utimens %s 5 -1 0 omit",
		"utimens %s 0 now 0 now", "utimens %s 0 now 4 5", "lutimens %s 1 2 3 4",
		"setxattr %s user.x =value", "lsetxattr %s user.x =value", "setxattr %s trusted.x =value",
		"lsetxattr %s trusted.x =value", "setxattr %s security.x =value", "setxattr %s user.{251} =value",
		"setxattr %s user.x {65537}", "setxattr %s user.x =v 3", "setxattr %s user.x =v 2",
		"setxattr %s system.posix_acl_access acl:2:1.6.-1,2.6.7,4.4.-1,16.6.-1,32.4.-1",
		"setxattr %s system.posix_acl_default acl:2:1.6.-1,4.4.-1,32.4.-1",
		"lsetxattr %s system.posix_acl_access acl:2:1.6.-1", "getxattr %s user.x", "getxattr %s nothing",
		"getxattr %s system.posix_acl_access", "getxattr %s user.{251}", "lgetxattr %s user.x",
		"listxattr %s", "llistxattr %s", "removexattr %s user.x", "lremovexattr %s user.x",
		"removexattr %s trusted.{248}", "removexattr %s system.posix_acl_access",
		"removexattr %s system.posix_acl_default", "pread rdonly %s 20 0", "pwrite wronly %s 4 2",
	};

	for (size_t i = 0; i < COUNT(formats); i++) {
		world_make(world);
		both_path(formats[i], p);
	}
	for (size_t i = 0; i < COUNT(flags); i++) {
		world_make(world);
		both("open %s %s 6755", flags[i], p);
	}
}

static void two_path_calls(const char *p, const char *q)
{
	world_make(world);
	both("rename %s %s", p, q);
	world_make(world);
	both("rename %s %s 1", p, q);
	world_make(world);
	both("link %s %s", p, q);
}

void cases_paths(bool slow)
{
	char path[256];

	for (size_t i = 0; i < COUNT(paths); i++) {
		one_path_calls(paths[i]);
		snprintf(path, sizeof(path), "%s/", paths[i]);
		if (strcmp(paths[i], "''"))
			one_path_calls(path);
		if (slow) {
			snprintf(path, sizeof(path), "%s//", paths[i]);
			one_path_calls(path);
			snprintf(path, sizeof(path), "%s/.", paths[i]);
			one_path_calls(path);
		}
	}
	for (size_t i = 0; i < COUNT(pairs); i++) {
		for (size_t j = 0; j < COUNT(pairs); j++)
			two_path_calls(pairs[i], pairs[j]);
	}
	if (!slow)
		return;
	for (size_t i = 0; i < COUNT(paths); i++) {
		for (size_t j = 0; j < COUNT(paths); j++)
			two_path_calls(paths[i], paths[j]);
	}
}

/* ---- chains of symbolic links ------------------------------------------------------------------- */

/* /cN and /eN lead over N links to a file, and to a directory: 40 of them are followed, however they come. */
void cases_chains(void)
{
	static const char *const empty[] = { NULL };
	static const char *const steps[] = {
		"stat %s", "lstat %s", "readlink %s", "open rdonly %s", "open wronly,trunc %s", "open rdwr,creat %s",
		"open rdwr,creat,excl %s", "open rdonly,nofollow %s", "open path,nofollow %s", "open path %s",
		"open rdonly,directory %s", "truncate %s 5", "chmod %s 711", "chown %s 1 2", "lchown %s 1 2",
		"utimens %s 1 2 3 4", "setxattr %s user.x =1", "getxattr %s user.x", "listxattr %s", "lgetxattr %s user.x",
		"mkdir 755 %s", "mknod 100644 %s", "symlink x %s", "rmdir %s",
	};
	static const unsigned int lens[] = { 38, 39, 40, 41, 42, 45 };

	world_make(empty);
	both("mkdir 755 /d");
	both("mknod 100644 /d/f");
	both("symlink d/f /c1");
	both("symlink d /e1");
	for (unsigned int i = 2; i <= 46; i++) {
		both("symlink c%u /c%u", i - 1, i);
		both("symlink %se%u%s /e%u", i % 3 ? "" : "/", i - 1, i % 2 ? "" : "/", i);
	}
	for (size_t l = 0; l < COUNT(lens); l++) {
		char path[8][64];

		snprintf(path[0], sizeof(path[0]), "/c%u", lens[l]);
		snprintf(path[1], sizeof(path[1]), "/e%u", lens[l]);
		snprintf(path[2], sizeof(path[2]), "/e%u/", lens[l]);
		snprintf(path[3], sizeof(path[3]), "/e%u/f", lens[l]);
		snprintf(path[4], sizeof(path[4]), "/e%u/n", lens[l]);
		/* Two chains in one path. */
		snprintf(path[5], sizeof(path[5]), "/e20/../c%u", lens[l] - 20);
		snprintf(path[6], sizeof(path[6]), "/e%u/../e1", lens[l] - 1);
		snprintf(path[7], sizeof(path[7]), "/e%u/../e1/n/n", lens[l] - 1);
		for (size_t p = 0; p < COUNT(path); p++) {
			for (size_t s = 0; s < COUNT(steps); s++)
				both_path(steps[s], path[p]);
			both("link %s /linked", path[p]);
			both("unlink /linked");
			both("link /d/f %s", path[p]);
			both("rename %s /renamed", path[p]);
			both("rename /renamed %s", path[p]);
			both("unlink /d/n");
			both("rmdir /d/n");
			both("mkdir 755 /d");
			both("mknod 100644 /d/f");
		}
	}
}

/* ---- read-only --------------------------------------------------------------------------------- */

void cases_world(void)
{
	world_make(world);
}

/* Both sides have that world already, and cannot change it. */
void cases_readonly(void)
{
	static const char *const more[] = {
		"fsync rdonly %s", "ftruncate rdwr %s 5", "ftruncate rdonly %s 5", "fchmod rdonly %s 700", "fchmod path %s 700",
		"fsetxattr rdonly %s user.x", "fsetxattr path %s user.x", "pwrite rdonly %s 0 0",
		"pwrite rdonly %s 1 0", "setxattr %s user.x =v 7", "setxattr %s nothing.x =v", "pwrite rdwr %s 1 -1",
	};
	char path[300];

	for (size_t i = 0; i < COUNT(paths); i++) {
		one_path_calls(paths[i]);
		for (size_t j = 0; j < COUNT(more); j++)
			both_path(more[j], paths[i]);
		snprintf(path, sizeof(path), "%s/", paths[i]);
		if (strcmp(paths[i], "''"))
			one_path_calls(path);
	}
	for (size_t i = 0; i < COUNT(pairs); i++) {
		for (size_t j = 0; j < COUNT(pairs); j++) {
			two_path_calls(pairs[i], pairs[j]);
			both("rename %s %s 8", pairs[i], pairs[j]);
		}
	}
	both("xflags /f none");
	both("xflags /d none");
	both("xflags /i none");
	both("createat 100644 d");
	both("createat 100644 .");
	both("createat 100644 new");
	both("createat 40755 new");
	both("symlink '' /d");
	both("symlink {5000} /n");
	both("statfs");
}

/* Paths at the end of the list that only the library takes: both sides would go on from different trees. */
#define LIBRARY_ONLY	4

/* Whatever comes of it goes on from there for some steps. */
void cases_random(uint64_t seed, unsigned int count)
{
	static const char *const one[] = {
		"unlink", "rmdir", "mkdir 755", "mkdir 2775", "mknod 100644", "mknod 10644", "symlink d", "symlink d/s/..",
		"symlink ../f", "open rdonly,creat", "open rdonly,creat,excl", "open wronly,trunc", "open rdonly,creat,nofollow",
	};

#define NEXT(n) ((seed = seed * 6364136223846793005u + 1442695040888963407u) >> 33) % (n)
	for (unsigned int i = 0; i < count; i++) {
		const char *p = paths[NEXT(COUNT(paths) - LIBRARY_ONLY)];
		const char *q = paths[NEXT(COUNT(paths) - LIBRARY_ONLY)];
		const char *slash = NEXT(6) || !strcmp(p, "''") ? "" : "/";

		if (i % 20 == 0)
			world_make(world);
		switch (NEXT(4)) {
		case 0:
			both("rename %s%s %s", p, slash, q);
			break;
		case 1:
			both("link %s %s%s", p, q, !strcmp(q, "''") ? "" : slash);
			break;
		default:
			both("%s %s%s", one[NEXT(COUNT(one))], p, slash);
		}
	}
#undef NEXT
}

/* ---- no space -------------------------------------------------------------------------------- */

/*
 * What is there is told although there is no room to make it.  Nothing of this changes anything: a
 * kernel refuses other changes of a full file system, too, that we have room for.
 */
void cases_full(void)
{
	static const char *const made[] = {
		"mkdir 755 %s", "mknod 100644 %s", "mknod 20644 %s 1 3", "mknod 20644 %s 512 0", "mknod 40755 %s",
		"symlink target %s", "symlink {1000} %s", "symlink {1024} %s", "symlink '' %s",
		"open rdwr,creat,excl %s", "open rdonly,creat %s", "open rdonly,creat,directory %s",
	};
	static const char *const there[] = {
		"/d", "/d/", "/f", "/f/", "/d/f", "/lf", "/lf/", "/ld", "/ld/", "/ln", "/fifo", "/di", "/di/g", "/da/g",
		".", "..", "/", "/d/.", "/big/name-7", "/big/name-199", "/big/name-7/",
	};
	static const char *const from[] = { "/f", "/d", "/n", "/i", "/da/g", "/fifo", "/lf", "/f/", "/d/" };

	world_make(world);
	both("mkdir 755 /big");
	for (int i = 0; i < 200; i++)
		both("mknod 100644 /big/name-%d", i);
	both("fill");
	for (size_t i = 0; i < COUNT(paths) + COUNT(there); i++) {
		for (size_t j = 0; j < COUNT(made); j++)
			both_path(made[j], i < COUNT(paths) ? paths[i] : there[i - COUNT(paths)]);
	}
	for (size_t i = 0; i < COUNT(there); i++) {
		for (size_t j = 0; j < COUNT(from); j++) {
			both("link %s %s", from[j], there[i]);
			both("rename %s %s 1", from[j], there[i]);
		}
	}
	both("createat 100644 d");
	both("createat 40755 d");
	both("createat 100644 f");
	both("createat 100644 big");
	both("createat 100644 .");
	both("createat 100644 new");
}
