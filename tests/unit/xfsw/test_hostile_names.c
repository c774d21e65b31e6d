/* SPDX-License-Identifier: MIT */
/*
 * Goal: whatever names the library hands out, the tool makes no path of one that leads away:
 *       nothing outside of the target of get is made or changed, nothing outside of the tree that
 *       rm, chmod and chown were given.
 * Method: the tool runs in this program, where xfs_readdir() is not the library's own: names with a
 *       mark become hostile ones on their way to the tool.  Where they lead stand canaries.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/compiler.h"
#include "support/kernel_image.h"
#include "unit/xfsw/tool.h"

int __real_xfs_readdir(struct xfs_dir *dir, struct xfs_dirent *entry);
int __wrap_xfs_readdir(struct xfs_dir *dir, struct xfs_dirent *entry);

/* The working directory is the scratch directory. */
static char canary[256];			/* absolute */

/* "MARKn" is called so instead, with so many bytes. */
static struct { char name[256]; uint8_t len; } marks[10];
static unsigned int nmarks;

int __wrap_xfs_readdir(struct xfs_dir *dir, struct xfs_dirent *entry)
{
	int ret = __real_xfs_readdir(dir, entry);
	unsigned int i;

	if (ret > 0 && sscanf(entry->name, "MARK%u", &i) == 1 && i < nmarks) {
		memcpy(entry->name, marks[i].name, sizeof(entry->name));
		entry->name_len = marks[i].len;
	}
	return ret;
}

static void mark(const char *name, size_t len)
{
	memset(marks[nmarks].name, 0, sizeof(marks[0].name));
	memcpy(marks[nmarks].name, name, len);
	marks[nmarks++].len = (uint8_t)len;
}

static void shell(const char *script)
{
	host_write("script", script);
	if (!freopen("script", "r", stdin))
		abort();
	assert_int_equal(tool_run("shell image"), 0);
}

static int setup(void **state)
{
	char script[4096];
	int at = 0;

	(void)state;
	assert_int_equal(system("rm -rf image box canary; mkdir box canary"), 0);
	host_write("canary/file", "canary");
	nmarks = 0;
	assert_int_equal(tool_run("mkfs --small --size 64m image"), 0);
#define SAY(...) (at += snprintf(script + at, sizeof(script) - (size_t)at, __VA_ARGS__))
	SAY("create /keepit\nmkdir /keepdir\ncreate /keepdir/inside\n");
	SAY("mkdir /sub\nmkdir /sub/deep\n");
	SAY("create /sub/good\nwrite -t /sub/good 0 good\nln -s %s /sub/link\n", canary);
	SAY("ln -s /keepdir /sub/inner\n");
	for (unsigned int i = 0; i < ARRAY_SIZE(marks); i++)
		SAY("%s /sub/MARK%u\n", i % 2 ? "mkdir" : "create", i);
	shell(script);
	return 0;
}

static void hostile_marks(void)
{
	char absolute[300];

	snprintf(absolute, sizeof(absolute), "%s/new", canary);
	assert_true(strlen(absolute) < 256);
	mark("../keepit", 9);
	mark("../keepdir", 10);
	mark("/keepit", 7);
	mark(absolute, strlen(absolute));
	mark("..", 2);
	mark(".", 1);
	mark("", 0);
	mark("good/../../keepit", 17);
	mark("link/file", 9);
	mark("inner\0x", 7);
}

static void check_canary(void)
{
	assert_true(host_holds("canary/file", "canary"));
	assert_int_equal(host_mode("canary/file") & 07777, 0644);
	/* Nothing else came to be there, nor beside the target. */
	assert_int_equal(system("test $(ls canary | wc -l) = 1 -a $(ls box | wc -l) -le 1"), 0);
}

static bool in_out(const char *name)
{
	char path[300];

	snprintf(path, sizeof(path), "box/out/%s", name);
	return host_mode(path) != 0;
}

/* The same tree with names as they are: all of it comes. */
static void control(void **state)
{
	(void)state;
	assert_int_equal(tool_run("get -q image /sub box/out"), 0);
	assert_true(in_out("MARK0") && in_out("MARK9") && in_out("good"));
	check_canary();
}

static void get(void **state)
{
	(void)state;
	hostile_marks();
	for (unsigned int force = 0; force < 2; force++) {
		assert_int_equal(tool_run("get -q %s image /sub box/out", force ? "-f" : "-q"), 1);
		assert_int_equal(tool_said("10 invalid names"), 1);
		assert_true(in_out("good") && in_out("deep") && in_out("link"));
		assert_false(in_out("MARK0") || in_out("keepit") || in_out("x"));
		check_canary();
	}
	assert_int_equal(tool_run("ls -lR image /sub"), 1);
	assert_int_equal(tool_said("keepit"), 0);
	assert_int_equal(tool_said("good"), 1);
}

static uint32_t mode_inside(const char *path)
{
	assert_int_equal(tool_run("stat --json image %s", path), 0);
	return (uint32_t)strtoul(strstr(tool_output, "\"mode\":") + 7, NULL, 10);
}

static void change(void **state)
{
	uint32_t before;

	(void)state;
	before = mode_inside("/keepit");
	hostile_marks();
	assert_int_equal(tool_run("chmod -R image 711 /sub"), 1);
	assert_int_equal(tool_run("chown -R image 7:7 /sub"), 1);
	assert_int_equal(mode_inside("/sub/good"), 0711);
	assert_int_equal(mode_inside("/keepit"), before);
	assert_int_equal(tool_said("\"uid\": 7"), 0);
	assert_int_equal(tool_run("rm -r image /sub"), 1);
	/* What it is not sure of is still there, and so is what that seemed to be. */
	assert_int_equal(tool_run("ls -d image /keepit /keepdir/inside /sub/MARK0 /sub/MARK1"), 0);
	assert_int_equal(tool_run("ls -d image /sub/good"), 1);
	nmarks = 0;
	assert_int_equal(tool_run("rm -r image /sub"), 0);
	assert_int_equal(tool_run("check image"), 0);
}

/* What a pattern matches is no more than what is there under a name that can be. */
static void patterns(void **state)
{
	uint32_t before;

	(void)state;
	before = mode_inside("/keepit");
	hostile_marks();
	assert_int_equal(mkdir("box/out", 0755), 0);
	assert_int_equal(tool_run("get -q image /sub/* box/out"), 1);
	assert_int_equal(tool_said("10 invalid names"), 1);
	assert_true(in_out("good") && in_out("deep") && in_out("link"));
	assert_false(in_out("MARK0") || in_out("keepit") || in_out("x"));
	check_canary();
	assert_int_equal(tool_run("chmod image 600 /sub/*k*"), 1);
	assert_int_equal(mode_inside("/keepit"), before);
	assert_int_equal(tool_run("rm -r image /sub/*"), 1);
	assert_int_equal(tool_run("ls -d image /keepit /keepdir/inside"), 0);
	assert_int_equal(tool_run("ls -d image /sub/good"), 1);
}

static void copy(void **state)
{
	(void)state;
	hostile_marks();
	assert_int_equal(tool_run("cp -q -a image /sub /copied"), 1);
	assert_int_equal(tool_said("10 invalid names"), 1);
	nmarks = 0;
	assert_int_equal(tool_run("find image /copied"), 0);
	assert_int_equal(tool_said("\n"), 5);
	assert_int_equal(tool_run("ls -d image /copied/good /copied/deep /copied/link /copied/inner"), 0);
	assert_int_equal(tool_run("find image /keepdir"), 0);
	assert_int_equal(tool_said("\n"), 2);
	assert_int_equal(tool_run("check image"), 0);
}

/* Two entries of one name: a link, and the directory that would be filled through it. */
static void link_and_directory(void **state)
{
	(void)state;
	shell("create /sub/MARK1/pwned\nwrite -t /sub/MARK1/pwned 0 pwned\n");
	mark("first", 5);
	mark("link", 4);
	for (unsigned int force = 0; force < 2; force++) {
		assert_int_equal(tool_run("get -q %s image /sub box/out", force ? "-f" : "-q"), 1);
		assert_int_equal(tool_said("duplicate names"), 1);
		check_canary();
	}
}

/* Links and other objects that stand in the target already. */
static void host_links(void **state)
{
	(void)state;
	shell("create /sub/deep/pwned\nwrite -t /sub/deep/pwned 0 pwned\n");
	assert_int_equal(system("mkdir -p box/out && cd box/out && ln -s ../../canary deep && "
				"ln -s ../../canary/file good && mkfifo inner && "
				"ln -s ../../canary/new MARK0"),
			 0);
	assert_int_equal(tool_run("get -q image /sub box/out"), 1);
	check_canary();
	assert_true(S_ISLNK(host_mode("box/out/good")));
	assert_int_equal(tool_run("get -q -f image /sub box/out"), 0);
	check_canary();
	assert_true(host_holds("box/out/good", "good"));
	assert_true(S_ISDIR(host_mode("box/out/deep")));
	assert_true(host_holds("box/out/deep/pwned", "pwned"));
	assert_true(S_ISLNK(host_mode("box/out/inner")));
	/* One file over a link: the link goes, not what it leads to. */
	assert_int_equal(system("ln -sf canary/file single"), 0);
	assert_int_equal(tool_run("get -q image /sub/good single"), 1);
	assert_int_equal(tool_run("get -q -f image /sub/good single"), 0);
	check_canary();
	assert_true(host_holds("single", "good"));
	unlink("single");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(control, setup),
		cmocka_unit_test_setup(get, setup),
		cmocka_unit_test_setup(change, setup),
		cmocka_unit_test_setup(patterns, setup),
		cmocka_unit_test_setup(copy, setup),
		cmocka_unit_test_setup(link_and_directory, setup),
		cmocka_unit_test_setup(host_links, setup),
	};

	umask(022);
	if (chdir(test_scratch_dir()))
		return 1;
	snprintf(canary, sizeof(canary), "%.200s/canary", test_scratch_dir());
	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
