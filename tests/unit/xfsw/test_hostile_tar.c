/* SPDX-License-Identifier: MIT */
/*
 * Goal: what a hostile tar stream makes lies inside the image, where the rules say: '/' in front is
 *       dropped, ".." refused, links lead to places of the image only.  One member cannot cost
 *       memory and time without bound.
 * Method: archives written here, header by header.
 */
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdarg.h>
#include <cmocka.h>
#include "support/kernel_image.h"
#include "unit/xfsw/tool.h"
#include "xfsw/sink.h"

/* The working directory is the scratch directory. */
static FILE *tar;

static void put_block(const void *data, size_t len)
{
	static const char zeros[512];

	assert_int_equal(fwrite(data, 1, len, tar), len);
	if (len % 512)
		assert_int_equal(fwrite(zeros, 1, 512 - len % 512, tar), 512 - len % 512);
}

/* '0' file, '1' hard link, '2' symbolic link, '5' directory, 'x' attributes of the next one. */
static void header(char type, const char *name, const char *target, size_t size)
{
	char h[512] = { 0 };
	unsigned int sum = 0;

	snprintf(h, 100, "%.99s", name);
	memcpy(h + 100, "0000755\0000000000\0000000000", 24);
	snprintf(h + 124, 12, "%011o", (unsigned int)size);
	memcpy(h + 136, "00000000000", 12);
	memset(h + 148, ' ', 8);
	h[156] = type;
	snprintf(h + 157, 100, "%.99s", target);
	memcpy(h + 257, "ustar\00000", 8);
	for (int i = 0; i < 512; i++)
		sum += (unsigned char)h[i];
	snprintf(h + 148, 8, "%06o", sum);
	put_block(h, 512);
}

static void file(const char *name, const char *text)
{
	header('0', name, "", strlen(text));
	put_block(text, strlen(text));
}

static void begin(void)
{
	tar = fopen("tar", "w");
	assert_non_null(tar);
}

static int create(void)
{
	static const char end[1024];

	put_block(end, 1024);
	assert_int_equal(fclose(tar), 0);
	assert_int_equal(system("rm -rf image"), 0);
	return tool_run("create -q --small --size 64m tar image");
}

static bool holds(const char *path, const char *text)
{
	return tool_run("cat image %s", path) == 0 && strcmp(tool_output, text) == 0;
}

static void inside(void **state)
{
	(void)state;
	begin();
	file("/absolute", "1");
	file("//x//.//y/./z", "2");
	header('2', "up", "../../../..", 0);
	file("up/through", "3");
	header('5', "real", "", 0);
	header('2', "abs", "/real", 0);
	file("abs/through", "4");
	header('2', "loop", ".", 0);
	file("loop/loop/loop/flat", "5");
	header('1', "hard", "/absolute", 0);
	header('2', "real/link", "/absolute", 0);
	/* Written over, not through. */
	file("real/link", "6");
	assert_int_equal(create(), 0);
	assert_true(holds("/absolute", "1") && holds("/x/y/z", "2") && holds("/through", "3") &&
		    holds("/real/through", "4") && holds("/flat", "5") && holds("/hard", "1") &&
		    holds("/real/link", "6"));
	assert_int_equal(tool_run("check image"), 0);
}

static void refused(void **state)
{
	static const char *const names[] = { "../x", "a/../x", "..", "a/..", "/../x", "./../x" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		begin();
		file("good", "1");
		file(names[i], "2");
		assert_int_equal(create(), 1);
		assert_int_equal(tool_said("cannot be used"), 1);
		begin();
		file("good", "1");
		header('1', "hard", names[i], 0);
		assert_int_equal(create(), 1);
	}
	assert_int_equal(host_mode("x") | host_mode("../x"), 0);
}

/* A member of @n components, "d/d/d..." */
static void deep_member(unsigned int n)
{
	size_t len = 2 * n - 1, record = len + 6 + 1;
	char *path = malloc(len + 1), digits[24];

	/* The record's length counts its own digits. */
	do
		snprintf(digits, sizeof(digits), "%zu", record);
	while (record != len + 7 + strlen(digits) && (record = len + 7 + strlen(digits)));
	for (size_t i = 0; i < len; i++)
		path[i] = i % 2 ? '/' : 'd';
	path[len] = 0;
	begin();
	header('x', "attributes", "", record);
	fprintf(tar, "%s path=%s\n", digits, path);
	for (size_t i = record; i % 512; i++)
		fputc(0, tar);
	header('5', "d", "", 0);
	free(path);
}

static void depth(void **state)
{
	(void)state;
	deep_member(400000);
	assert_int_equal(create(), 1);
	assert_int_equal(tool_said("components"), 1);
	assert_true(strlen(tool_output) < 1000);
	deep_member(5000);
	assert_int_equal(fclose(tar), 0);
	/* Members after it begin at the top again, or somewhere on the way. */
	tar = fopen("tar", "a");
	file("d/d/f", "up again");
	file("top", "top");
	assert_int_equal(create(), 0);
	assert_true(holds("/d/d/f", "up again") && holds("/top", "top"));
	assert_int_equal(tool_run("check image"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inside),
		cmocka_unit_test(refused),
		cmocka_unit_test(depth),
	};

	if (!tar_supported()) {
		printf("SKIP: the tool was built without libarchive\n");
		return 77;
	}
	if (chdir(test_scratch_dir()))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
