/* SPDX-License-Identifier: MIT */
/*
 * Goal: directories that contain themselves or have two names end no walk and start no endless
 *       one: each is told of once, the rest is done.  Depth costs no stack and no descriptors.
 * Method: entries of a good image are led to other directories, then every verb that walks is run;
 *       trees of thousands of levels with a stack and a table of descriptors far too small.
 */
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdarg.h>
#include <cmocka.h>
#include "support/forge.h"
#include "support/kernel_image.h"
#include "unit/xfsw/tool.h"

/* The working directory is the scratch directory. */
#define LEVELS		6000u
#define SMALL_STACK	(256u << 10)
#define FEW_FILES	90u

static struct test_objects objs;
static struct xfs_device *dev;
static uint64_t root, a, b, loop, other;

static void shell(const char *script)
{
	host_write("script", script);
	if (!freopen("script", "r", stdin))
		abort();
	assert_int_equal(tool_run("shell image"), 0);
}

static uint64_t ino_of(const char *path)
{
	assert_int_equal(tool_run("ls -di image %s", path), 0);
	return strtoull(tool_output, NULL, 10);
}

static int setup(void **state)
{
	(void)state;
	assert_int_equal(system("rm -rf image out"), 0);
	assert_int_equal(tool_run("mkfs --small --size 64m --profile 6.1 image"), 0);
	shell("mkdir /a\nmkdir /a/b\nmkdir /a/b/loop\nmkdir /a/other\ncreate /a/file\n"
	      "create /a/other/deep\ncreate /a/b/within\ncreate /outside\nmkdir /z\n");
	root = ino_of("/");
	a = ino_of("/a");
	b = ino_of("/a/b");
	loop = ino_of("/a/b/loop");
	other = ino_of("/a/other");
	assert_int_equal(xfs_device_open_file("image", 0, 0, &dev), 0);
	assert_int_equal(test_objects_find(dev, &objs), 0);
	return 0;
}

static void forge(uint64_t dir, const char *name, uint64_t ino)
{
	assert_true(test_forge_ino(&objs, dev, dir, name, ino));
	test_objects_free(&objs);
	xfs_device_put(dev);
}

#define TOLD "Too many levels of symbolic links"

/* /a/b/loop is @ino, which a walk over the start meets as well. */
static void every_verb(uint64_t ino)
{
	static const char *const starts[] = { "/", "/a" };
	char line[200];

	forge(b, "loop", ino);
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(tool_run("ls -R image %s", starts[i]), 1);
		assert_int_equal(tool_said(TOLD), 1);
		assert_true(tool_said("within\n") == 1 && tool_said("deep\n") == 1);
		snprintf(line, sizeof(line), "get -q image %s out", starts[i]);
		assert_int_equal(tool_run_limited(0, 0, line), 1);
		assert_int_equal(tool_said(TOLD), 1);
		assert_true(host_mode(i ? "out/file" : "out/a/file"));
		assert_int_equal(system("test $(find out -name within | wc -l) = 1"), 0);
		assert_int_equal(system("rm -rf out"), 0);
		assert_int_equal(tool_run("chmod -R image 0705 %s", starts[i]), 1);
		assert_int_equal(tool_said(TOLD), 1);
		assert_int_equal(tool_run("chown -R image 3:4 %s", starts[i]), 1);
		assert_int_equal(tool_said(TOLD), 1);
	}
	assert_int_equal(tool_run("ls -l image /a"), 0);
	assert_int_equal(tool_said("rwx---r-x"), 3);
	assert_int_equal(tool_run("check image"), 1);
	assert_true(tool_said("second link") > 0);
	/* Of /a goes what is in it, and nothing that is outside. */
	assert_int_equal(tool_run("rm -r image /a"), 1);
	assert_int_equal(tool_said(TOLD), 1);
	assert_int_equal(tool_run("ls image /a/file /a/b/within"), 1);
	assert_int_equal(tool_said("No such file"), 2);
	assert_int_equal(tool_run("ls -d image /outside /z /a/b/loop"), 0);
}

static void itself(void **state)
{
	(void)state;
	every_verb(b);
}

static void its_parent(void **state)
{
	(void)state;
	every_verb(a);
}

static void the_root(void **state)
{
	(void)state;
	every_verb(root);
}

static void two_names(void **state)
{
	(void)state;
	forge(b, "loop", other);
	assert_int_equal(tool_run("ls -R image /"), 1);
	assert_int_equal(tool_said(TOLD), 1);
	assert_int_equal(tool_said("deep\n"), 1);
	assert_int_equal(tool_run("get -q image / out"), 1);
	assert_int_equal(tool_said(TOLD), 1);
	/* Through its right name it is removed. */
	assert_int_equal(tool_run("rm -r image /a"), 1);
	assert_int_equal(tool_said(TOLD), 1);
	assert_int_equal(tool_run("ls -d image /a/other"), 1);
}

static void parent_is_child(void **state)
{
	(void)state;
	forge(a, "..", b);
	assert_int_equal(tool_run("ls -R image /a/b"), 0);
	/* What seems to be above it is still found below. */
	assert_int_equal(tool_run("ls -R image /a"), 0);
	assert_int_equal(tool_said("within\n"), 1);
	assert_int_equal(tool_run("ls -R image /"), 0);
	assert_int_equal(tool_said("within\n"), 1);
	assert_int_equal(tool_run("rm -r image /z"), 0);
	/* Nobody knows whose it is. */
	assert_int_equal(tool_run("rm -r image /a"), 1);
	assert_int_equal(tool_run("check image"), 1);
}

/* ---- depth --------------------------------------------------------------------------------- */

static void make_deep_tree(const char *top)
{
	int fd, next;

	assert_int_equal(mkdir(top, 0755), 0);
	fd = open(top, O_RDONLY | O_DIRECTORY);
	for (unsigned int i = 0; i < LEVELS; i++) {
		assert_int_equal(mkdirat(fd, "d", 0755), 0);
		next = openat(fd, "d", O_RDONLY | O_DIRECTORY);
		assert_true(next >= 0);
		close(fd);
		fd = next;
	}
	next = openat(fd, "leaf", O_CREAT | O_WRONLY, 0644);
	assert_int_equal(write(next, "deep", 4), 4);
	close(next);
	/* Names of one object so deep that no path is long enough for them. */
	assert_int_equal(linkat(fd, "leaf", fd, "link", 0), 0);
	close(fd);
}

static void check_deep_tree(const char *top)
{
	int fd = open(top, O_RDONLY | O_DIRECTORY), next;
	struct stat st, link;

	for (unsigned int i = 0; i < LEVELS; i++) {
		next = openat(fd, "d", O_RDONLY | O_DIRECTORY);
		assert_true(next >= 0);
		close(fd);
		fd = next;
	}
	assert_int_equal(fstatat(fd, "leaf", &st, 0), 0);
	assert_int_equal(fstatat(fd, "link", &link, 0), 0);
	assert_true(st.st_ino == link.st_ino && st.st_size == 4);
	close(fd);
}

static void deep_tree(void **state)
{
	static const char *const verbs[] = {
		"create --small --size 100m -q src image", "check image", "ls -R image /",
		"chmod -R image 711 /", "chown -R image 3:4 /", "get -q image / out",
		"put -q image src /copy", "rm -r image /copy", "get -q -f image / out",
		"rm -r image /", "check image",
	};

	(void)state;
	assert_int_equal(system("rm -rf image out src"), 0);
	make_deep_tree("src");
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		int code = tool_run_limited(SMALL_STACK, FEW_FILES, verbs[i]);

		if (code)
			fprintf(stderr, "%s: %d\n%s\n", verbs[i], code, tool_output);
		assert_int_equal(code, 0);
		if (verbs[i][0] == 'g')
			check_deep_tree("out");
	}
	assert_int_equal(tool_run("ls image /"), 0);
	assert_string_equal(tool_output, "");
	assert_int_equal(system("rm -rf out src"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(itself, setup),
		cmocka_unit_test_setup(its_parent, setup),
		cmocka_unit_test_setup(the_root, setup),
		cmocka_unit_test_setup(two_names, setup),
		cmocka_unit_test_setup(parent_is_child, setup),
		cmocka_unit_test(deep_tree),
	};

	umask(022);
	if (chdir(test_scratch_dir()))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
