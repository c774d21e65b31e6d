/* SPDX-License-Identifier: MIT */
/* Attributes, contents, forms of directories, and who may do what. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include "calls.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *const world[] = {
	"mkdir 755 /d", "mknod 100644 /f", "mknod 100644 /v", "symlink f /l", "mknod 10644 /p", "mknod 20644 /c 1 3",
	"mknod 140644 /s", "mknod 100644 /i", "setxattr /i user.a =1", "xflags /i immutable", "mknod 100644 /a",
	"setxattr /a user.a =1", "xflags /a append", "setxattr /v user.one =1", "setxattr /v trusted.two {100}",
	"setxattr /v security.three {3000}", "setxattr /d user.one =1", "lsetxattr /l trusted.one =1", NULL,
};

static const char *const objects[] = { "/d", "/f", "/v", "/l", "/p", "/c", "/s", "/i", "/a", "/n", "/" };

/* Each as access and as default ACL. */
static const char *const acls[] = {
	"''", "=xy", "acl:2", "acl:1", "acl:3:1.6.-1,4.4.-1,32.4.-1", "acl:2:1.6.-1,4.4.-1,32.4.-1",
	"acl:2:1.7.0,4.7.9,32.0.7", "acl:2:1.6.-1,4.4.-1,16.2.-1,32.4.-1", "acl:2:1.6.-1,2.7.5,4.4.-1,16.5.-1,32.4.-1",
	"acl:2:1.6.-1,2.7.5,4.4.-1,32.4.-1", "acl:2:1.6.-1,2.7.5,2.5.5,4.4.-1,16.5.-1,32.4.-1",
	"acl:2:1.6.-1,2.7.6,2.5.5,4.4.-1,16.5.-1,32.4.-1", "acl:2:1.6.-1,2.7.-1,4.4.-1,16.5.-1,32.4.-1",
	"acl:2:1.6.-1,4.4.-1,8.7.5,8.7.5,16.5.-1,32.4.-1", "acl:2:1.6.-1,4.4.-1,8.7.5,8.7.4,16.5.-1,32.4.-1",
	"acl:2:4.4.-1,1.6.-1,32.4.-1", "acl:2:32.4.-1,4.4.-1,1.6.-1", "acl:2:1.6.-1,4.4.-1,32.4.-1,16.5.-1",
	"acl:2:1.6.-1,4.4.-1,16.5.-1,2.7.5,32.4.-1", "acl:2:1.6.-1,4.4.-1,8.7.5,2.7.5,16.5.-1,32.4.-1",
	"acl:2:1.6.-1,1.6.-1,4.4.-1,32.4.-1", "acl:2:1.6.-1,4.4.-1,4.4.-1,32.4.-1", "acl:2:1.6.-1,4.4.-1",
	"acl:2:1.6.-1,32.4.-1", "acl:2:4.4.-1,32.4.-1", "acl:2:1.8.-1,4.4.-1,32.4.-1", "acl:2:1.6.-1,4.65535.-1,32.4.-1",
	"acl:2:1.6.-1,4.4.-1,32.4.-1,32.4.-1", "acl:2:0.6.-1,4.4.-1,32.4.-1", "acl:2:1.6.-1,4.4.-1,64.4.-1",
	"acl:2:3.6.-1,4.4.-1,32.4.-1", "acl:2:1.6.-1,4.4.-1,16.5.-1,16.5.-1,32.4.-1", "acl:2:1.6.-1,2.7.0,4.4.-1,16.7.-1,32.4.-1",
	"{12}", "{13}", "{4}", "{3}", "{60000}", "many:20", "many:5000", "many:5457", "many:5458", "many:8000",
};

/* Valid ones, as they are on disk, on objects that have their mode. */
static void disk_acl_cases(void)
{
	static const char *const on[] = { "/d", "/f", "/p", "/c", "/a", "/i" };
	static const char *const valid[] = {
		"sgi:1.6.-1,2.7.5,4.4.-1,16.5.-1,32.4.-1", "sgi:1.7.-1,2.7.5,2.5.6,4.4.-1,8.7.5,16.7.-1,32.0.-1",
	};
	static const char *const modes[] = { "654", "770" };

	for (size_t i = 0; i < COUNT(valid); i++) {
		for (size_t j = 0; j < COUNT(on); j++) {
			world_make(world);
			both("chmod %s %s", on[j], modes[i]);
			both("setxattr %s trusted.SGI_ACL_FILE %s", on[j], valid[i]);
			both("stat %s", on[j]);
			both("getxattr %s system.posix_acl_access", on[j]);
			both("listxattr %s", on[j]);
			both("setxattr %s trusted.SGI_ACL_FILE %s 1", on[j], valid[i]);
			both("setxattr %s trusted.SGI_ACL_FILE %s 2", on[j], valid[i]);
			both("chmod %s 2705", on[j]);
			both("getxattr %s trusted.SGI_ACL_FILE", on[j]);
			both("removexattr %s trusted.SGI_ACL_FILE", on[j]);
			both("setxattr %s trusted.SGI_ACL_FILE %s 2", on[j], valid[i]);
			both("chmod %s %s", on[j], modes[i]);
			both("setxattr %s trusted.SGI_ACL_FILE %s 1", on[j], valid[i]);
		}
		world_make(world);
		both("setxattr /d trusted.SGI_ACL_DEFAULT %s", valid[i]);
		both("getxattr /d system.posix_acl_default");
		both("mkdir 2777 /d/sub");
		both("mknod 100666 /d/file");
		both("getxattr /d/sub system.posix_acl_access");
		both("getxattr /d/file trusted.SGI_ACL_FILE");
		both("removexattr /d system.posix_acl_default");
	}
}

static void acl_cases(void)
{
	static const char *const on[] = { "/d", "/f", "/l", "/p", "/i", "/a", "/n", "/c" };
	static const char *const raw[] = {
		"''", "=x", "{4}", "{5}", "{16}", "{28}", "{400}", "sgi:1.6.-1,4.4.-1,32.4.-1",
		"sgi:1.6.-1,2.7.5,4.4.-1,16.5.-1,32.4.-1", "sgi:4.4.-1,1.6.-1,32.4.-1", "sgi:1.6.-1,4.4.-1", "sgi:1.9.-1,4.4.-1,32.4.-1", "sgi:0.6.-1,4.4.-1,32.4.-1",
	};

	for (size_t i = 0; i < COUNT(acls); i++) {
		for (size_t j = 0; j < COUNT(on); j++) {
			for (int flags = 0; flags < 3; flags++) {
				if (flags && i != 5 && i != 8 && i != 15)
					continue;
				world_make(world);
				both("setxattr %s system.posix_acl_access %s %d", on[j], acls[i], flags);
				both("getxattr %s system.posix_acl_access", on[j]);
				both("chmod %s 2750", on[j]);
				both("getxattr %s system.posix_acl_access", on[j]);
				both("getxattr %s trusted.SGI_ACL_FILE", on[j]);
				both("listxattr %s", on[j]);
				both("setxattr %s system.posix_acl_default %s %d", on[j], acls[i], flags);
				both("listxattr %s", on[j]);
				both("getxattr %s trusted.SGI_ACL_DEFAULT", on[j]);
				both("mkdir 2777 %s/sub", on[j]);
				both("open rdwr,creat %s/file 6767", on[j]);
				both("mknod 10666 %s/fifo", on[j]);
				both("symlink x %s/link", on[j]);
				both("removexattr %s system.posix_acl_access", on[j]);
				both("removexattr %s system.posix_acl_default", on[j]);
				both("removexattr %s system.posix_acl_default", on[j]);
				both("lsetxattr %s system.posix_acl_access %s", on[j], acls[i]);
			}
		}
	}
	for (size_t i = 0; i < COUNT(raw); i++) {
		for (size_t j = 0; j < COUNT(on); j++) {
			world_make(world);
			both("setxattr %s trusted.SGI_ACL_FILE %s", on[j], raw[i]);
			world_make(world);
			both("setxattr %s trusted.SGI_ACL_DEFAULT %s", on[j], raw[i]);
			world_make(world);
			both("removexattr %s trusted.SGI_ACL_FILE", on[j]);
			both("setxattr %s system.posix_acl_access many:2", on[j]);
			both("setxattr %s system.posix_acl_default many:3", on[j]);
			both("removexattr %s trusted.SGI_ACL_FILE", on[j]);
			both("removexattr %s trusted.SGI_ACL_DEFAULT", on[j]);
		}
	}
}

static const char *const names[] = {
	"user.one", "user.new", "user.", "user", "user.{250}", "user.{251}", "user.{300}", "trusted.new", "trusted.",
	"trusted.{247}", "trusted.{248}", "security.new", "security.", "security.{246}", "security.{247}",
	"system.x", "system.", "system.posix_acl_x", "os2.x", "''", "x", "{255}", "{256}", "posix_acl_access",
	"btrfs.x", "system.posix_acl_access", "trusted.overlay.opaque", "user.posix_acl_access",
};

static void xattr_cases(void)
{
	/* Every name with the first two. */
	static const char *const values[] = {
		"=v", "{65537}", "''", "{100}", "{5000}", "{65536}",
	};

	for (size_t i = 0; i < COUNT(names); i++) {
		for (size_t j = 0; j < COUNT(objects); j++) {
			for (size_t v = 0; v < (i % 5 ? 2 : COUNT(values)); v++) {
				world_make(world);
				both("lsetxattr %s %s %s", objects[j], names[i], values[v]);
				both("lsetxattr %s %s %s 1", objects[j], names[i], values[v]);
				both("lsetxattr %s %s %s 2", objects[j], names[i], values[v]);
				both("lsetxattr %s %s %s 3", objects[j], names[i], values[v]);
				both("lsetxattr %s %s %s 4", objects[j], names[i], values[v]);
				both("lsetxattr %s %s %s 7", objects[j], names[i], values[v]);
				both("lgetxattr %s %s 0", objects[j], names[i]);
				both("lgetxattr %s %s 1", objects[j], names[i]);
				both("lgetxattr %s %s 70000", objects[j], names[i]);
				both("setxattr %s %s %s", objects[j], names[i], values[v]);
			}
			both("llistxattr %s", objects[j]);
			both("llistxattr %s 0", objects[j]);
			both("llistxattr %s 1", objects[j]);
			both("llistxattr %s 12", objects[j]);
			both("lremovexattr %s %s", objects[j], names[i]);
			both("lremovexattr %s %s", objects[j], names[i]);
			world_make(world);
			both("lsetxattr %s %s =v 2", objects[j], names[i]);
			both("lsetxattr %s %s =v 3", objects[j], names[i]);
			both("lsetxattr %s %s =v 8", objects[j], names[i]);
			both("fsetxattr path %s %s", objects[j], names[i]);
			both("fsetxattr rdonly %s %s", objects[j], names[i]);
		}
	}
}

static void capability_cases(void)
{
	static const char *const values[] = {
		"cap:2:20", "cap:3:24", "cap:2:24", "cap:1:12", "cap:3:20", "''", "=v", "{65536}",
	};

	for (size_t j = 0; j < COUNT(objects); j++) {
		for (size_t v = 0; v < COUNT(values); v++) {
			world_make(world);
			both("lsetxattr %s security.capability %s", objects[j], values[v]);
		}
		world_make(world);
		both("lsetxattr %s security.capability cap:2:20 2", objects[j]);
		both("lsetxattr %s security.capability cap:2:20 1", objects[j]);
		both("lgetxattr %s security.capability", objects[j]);
		both("chown %s 5 5", objects[j]);
		both("lgetxattr %s security.capability", objects[j]);
		both("lremovexattr %s security.capability", objects[j]);
	}
}

/* Several of them, so that the fork has all forms, listed in the order it has. */
static void xattr_order(void)
{
	static const char *const prefix[] = { "user.", "trusted.", "security." };

	world_make(world);
	for (int i = 0; i < 60; i++)
		both("setxattr /f %s%d-name {%d}", prefix[i % 3], i * 7 % 60, i * i);
	both("listxattr /f");
	both("listxattr /f 100");
	for (int i = 0; i < 60; i += 2)
		both("removexattr /f %s%d-name", prefix[i % 3], i * 7 % 60);
	both("listxattr /f");
}

static void mode_cases(void)
{
	static const char *const modes[] = { "0", "755", "1777", "2755", "2745", "4755", "6755", "7777", "10644", "177777" };
	static const char *const ids[] = { "0", "5", "-1", "-2", "4294967294", "65536" };

	for (size_t i = 0; i < COUNT(objects); i++) {
		for (size_t m = 0; m < COUNT(modes); m++) {
			world_make(world);
			both("chmod %s %s", objects[i], modes[m]);
			both("fchmod path %s %s", objects[i], modes[m]);
			both("fchmod rdonly %s %s", objects[i], modes[m]);
			both("chown %s 7 8", objects[i]);
			both("chmod %s %s", objects[i], modes[m]);
			both("chown %s -1 -1", objects[i]);
			both("chmod %s %s", objects[i], modes[m]);
			both("lchown %s -1 9", objects[i]);
		}
		for (size_t m = 0; m < COUNT(ids) * COUNT(ids); m++) {
			both("chown %s %s %s", objects[i], ids[m / COUNT(ids)], ids[m % COUNT(ids)]);
			both("lchown %s %s %s", objects[i], ids[m / COUNT(ids)], ids[m % COUNT(ids)]);
		}
	}
	for (size_t m = 0; m < COUNT(modes); m++) {
		world_make(world);
		both("mkdir %s /new", modes[m]);
		both("chmod /d 2770");
		both("chown /d 3 4");
		both("chmod /d 2770");
		both("mkdir %s /d/dir", modes[m]);
		both("open rdwr,creat /d/file %s", modes[m]);
		both("mknod %s /d/node", modes[m]);
		both("mkdir %s /d/dir/dir", modes[m]);
	}
}

static void time_cases(void)
{
	static const char *const seconds[] = {
		"0", "-1", "1", "2147483647", "2147483648", "-2147483648", "-2147483649", "-2147483647", "4294967295",
		"16299260424", "16299260425", "16299260426", "max", "min", "253402300800",
	};
	static const char *const nsecs[] = { "0", "1", "999999999", "1000000000", "-1", "now", "omit" };

	for (size_t i = 0; i < COUNT(objects); i++) {
		for (size_t s = 0; s < COUNT(seconds); s++) {
			for (size_t n = 0; n < COUNT(nsecs); n++) {
				world_make(world);
				both("utimens %s %s %s 77 88", objects[i], seconds[s], nsecs[n]);
				both("lutimens %s 1 2 %s %s", objects[i], seconds[s], nsecs[n]);
				both("lutimens %s %s 0 %s %s", objects[i], seconds[s], seconds[s], nsecs[n]);
			}
		}
	}
}

void cases_attributes(void)
{
	both("statfs");
	mode_cases();
	time_cases();
	xattr_cases();
	capability_cases();
	xattr_order();
	acl_cases();
	disk_acl_cases();
}

/* ---- contents -------------------------------------------------------------------------------- */

void cases_data(void)
{
	static const char *const files[] = {
		"mkdir 755 /d", "mknod 100644 /f", "pwrite wronly /f 5000 100", "mknod 100644 /h", "truncate /h 1000000",
		"pwrite wronly /h 10 500000", "mknod 100644 /i", "pwrite wronly /i 10 0", "xflags /i immutable",
		"mknod 100644 /a", "pwrite wronly /a 10 0", "xflags /a append", "mknod 10644 /p", "mknod 140644 /s",
		"symlink f /l", "symlink n /ln", "mknod 100644 /e", NULL,
	};
	static const char *const on[] = { "/f", "/h", "/e", "/d", "/i", "/a", "/s", "/l", "/ln", "/n" };
	static const char *const opens[] = { "rdonly", "wronly", "rdwr", "path", "rdwr,append", "wronly,append" };
	static const char *const offsets[] = {
		"0", "1", "50", "4096", "999999", "1000000", "1000001", "-1", "min", "max", "max-1", "max-4", "max-5", "max-6",
		"max-4096", "4611686018427387904",
	};
	static const char *const lens[] = { "0", "1", "5", "6" };

	for (size_t i = 0; i < COUNT(on); i++) {
		for (size_t f = 0; f < COUNT(opens); f++) {
			for (size_t o = 0; o < COUNT(offsets); o++) {
				for (size_t l = 0; l < COUNT(lens); l++) {
					world_make(files);
					both("pread %s %s %s %s", opens[f], on[i], lens[l], offsets[o]);
					both("pwrite %s %s %s %s", opens[f], on[i], lens[l], offsets[o]);
				}
				world_make(files);
				both("pread %s %s max %s", opens[f], on[i], offsets[o]);
				both("seek %s %s %s data", opens[f], on[i], offsets[o]);
				both("seek %s %s %s hole", opens[f], on[i], offsets[o]);
				both("seek %s %s %s 99", opens[f], on[i], offsets[o]);
				both("ftruncate %s %s %s", opens[f], on[i], offsets[o]);
				world_make(files);
				both("truncate %s %s", on[i], offsets[o]);
			}
			both("fsync %s %s", opens[f], on[i]);
		}
	}
}

/* ---- forms of directories ---------------------------------------------------------------------- */

/* A directory that grows name by name and shrinks again: after each its size tells its form. */
static void grow_and_shrink(const char *dir, unsigned int len, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		both("mknod 100644 %s/%02u{%u}", dir, i, len - 2);
	for (unsigned int i = 0; i < count; i++)
		both("unlink %s/%02u{%u}", dir, i * 7 % count, len - 2);
}

void cases_forms(void)
{
	static const char *const empty[] = { NULL };
	static const unsigned int lens[] = { 3, 4, 10, 17, 25, 60, 100, 200, 255 };
	static const char *const with[] = {
		"''", "user.a =1", "user.a {60}", "user.a {150}", "user.a {300}", "user.a {3000}",
	};

	for (size_t l = 0; l < COUNT(lens); l++) {
		unsigned int count = 1200 / (lens[l] + 8) + 2;

		for (size_t w = 0; w < COUNT(with); w++) {
			world_make(empty);
			both("mkdir 755 /d");
			if (w)
				both("setxattr /d %s", with[w]);
			grow_and_shrink("/d", lens[l], count > 89 ? 89 : count);
			/* And an attribute that comes when there are entries. */
			if (w < 2)
				continue;
			for (unsigned int i = 0; i < count / 3; i++)
				both("mkdir 755 /d/%02u{%u}", i, lens[l] - 2);
			both("removexattr /d user.a");
			for (unsigned int i = count / 3; i < count / 2; i++)
				both("mkdir 755 /d/%02u{%u}", i, lens[l] - 2);
			both("setxattr /d %s", with[w]);
			both("setxattr /d trusted.b {20}");
			for (unsigned int i = 0; i < count / 2; i++)
				both("rmdir /d/%02u{%u}", i, lens[l] - 2);
		}
	}
	/* Targets of symbolic links, with and without attributes. */
	world_make(empty);
	for (unsigned int len = 1; len < 1024; len += len < 600 ? 5 : 40) {
		both("symlink {%u} /l%u", len, len);
		both("lsetxattr /l%u trusted.a {%u}", len, len % 90);
		both("lsetxattr /l%u trusted.b {30}", len);
		both("lremovexattr /l%u trusted.a", len);
		both("rename /l%u /m%u{%u}", len, len, len % 200);
		both("unlink /m%u{%u}", len, len % 200);
	}
}

/* ---- other sizes of inodes and blocks ----------------------------------------------------------- */

/* What depends on them: forms of directories, attributes and links, block sizes, the largest values. */
void cases_geometry(uint64_t seed)
{
	static const char *const empty[] = { NULL };

	both("statfs");
	cases_forms();
	xattr_order();
	world_make(empty);
	both("mknod 100644 /f");
	both("stat /f");
	for (unsigned int len = 0; len < 2100; len += 13) {
		both("setxattr /f user.a {%u}", len);
		both("setxattr /f user.b {%u}", 2100 - len);
		both("setxattr /f system.posix_acl_access many:%u", 1 + len / 13);
		both("getxattr /f system.posix_acl_access");
		both("listxattr /f");
	}
	both("setxattr /f user.c {65536}");
	both("setxattr /f user.c {65537}");
	both("removexattr /f user.c");
	cases_random(seed, 1000);
}

/* ---- without privileges ------------------------------------------------------------------------ */

void cases_unprivileged(void)
{
	static const char *const files[] = {
		"mkdir 755 /d", "mknod 100644 /f", "pwrite wronly /f 100 0", "mkdir 755 /g", "chown /g 1000 5", "chmod /g 2775",
		"mknod 100644 /h", "chown /h 1000 5", NULL,
	};
	static const char *const modes[] = { "2755", "2745", "4755", "6755", "6745", "6711", "7777", "2644", "4644" };
	static const char *const touch[] = {
		"pwrite wronly %s 1 0", "pwrite wronly %s 0 0", "truncate %s 5", "truncate %s 100", "truncate %s 200", "ftruncate rdwr %s 5",
		"open wronly,trunc %s", "chown %s -1 -1", "chown %s 1000 -1", "chown %s -1 1000", "chown %s 1000 6", "chmod %s 6755",
		"chmod %s 2755", "lchown %s -1 -1", "setxattr %s system.posix_acl_access acl:2:1.7.-1,4.7.-1,32.4.-1",
		"setxattr %s system.posix_acl_access acl:2:1.7.-1,2.6.7,4.7.-1,16.6.-1,32.4.-1", "setxattr %s user.x =1",
		"pwrite wronly,append %s 1 0", "utimens %s 1 2 3 4",
	};

	for (int caps = 0; caps < 2; caps++) {
		for (size_t m = 0; m < COUNT(modes); m++) {
			for (size_t i = 0; i < 2 * COUNT(touch); i++) {
				const char *path = i % 2 ? "/h" : "/f";

				world_make(files);
				both("chmod %s %s", path, modes[m]);
				if (caps)
					both("setxattr %s security.capability cap:2:20", path);
				both_path(touch[i / 2], path);
			}
			world_make(files);
			both("mkdir %s /d/new", modes[m]);
			both("open rdwr,creat /d/file %s", modes[m]);
			both("mkdir %s /g/new", modes[m]);
			both("open rdwr,creat /g/file %s", modes[m]);
			both("mknod %s /g/node", modes[m]);
			both("mkdir %s /g/new/new", modes[m]);
			both("chmod /g %s", modes[m]);
			both("chown /g -1 6");
			both("chmod /g/new %s", modes[m]);
		}
	}
}
