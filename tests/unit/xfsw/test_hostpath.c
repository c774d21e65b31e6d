/* SPDX-License-Identifier: MIT */
/*
 * Goal: the functions that make host objects take one component and nothing else, and follow no
 *       link, wherever it came from; what was swapped behind them is noticed.
 * Method: each function with names that lead away, over links, pipes and directories in its way,
 *       and paths longer than the system takes in one call.
 */
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdarg.h>
#include <cmocka.h>
#include <errno.h>
#include <sys/sysmacros.h>
#include "base/compiler.h"
#include "support/kernel_image.h"
#include "unit/xfsw/tool.h"
#include "xfsw/host.h"

static int box;

static int setup(void **state)
{
	(void)state;
	assert_int_equal(system("rm -rf box canary; mkdir -p box/dir/sub canary/dir"), 0);
	host_write("canary/file", "canary");
	assert_int_equal(system("cd box && ln -s ../canary out && ln -s ../canary/file link && "
				"ln -s nowhere dangling && mkfifo pipe && ln -s dir inner"),
			 0);
	box = open("box", O_RDONLY | O_DIRECTORY);
	return box < 0;
}

static int teardown(void **state)
{
	(void)state;
	close(box);
	assert_true(host_holds("canary/file", "canary"));
	assert_int_equal(host_mode("canary/file") & 0777, 0644);
	return system("test $(find canary | wc -l) = 3") != 0;
}

static void bad_names(void **state)
{
	static const char *const names[] = { "",    ".",    "..", "/",	   "/x",
					     "a/b", "../x", "x/", "out/x" };
	const struct host_special fifo = { .mode = S_IFIFO | 0600 };
	struct xfsw_link link = { .path = (char *)(uintptr_t)"dir" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		assert_int_equal(host_make_file(box, names[i], true), -EUCLEAN);
		assert_int_equal(host_make_dir(box, names[i], true), -EUCLEAN);
		assert_int_equal(host_make_special(box, names[i], &fifo, true), -EUCLEAN);
		assert_int_equal(host_make_way(box, names[i]), -EUCLEAN);
		assert_int_equal(host_chmod(box, names[i], 0), -EUCLEAN);
		assert_int_equal(host_link(box, &link, box, names[i], true), -EUCLEAN);
	}
	assert_true(xfsw_name_is_plain("...", 3) && xfsw_name_is_plain("..a", 3) &&
		    xfsw_name_is_plain("\\", 1) && xfsw_name_is_plain("-", 1));
	assert_false(xfsw_name_is_plain("a\0b", 3) || xfsw_name_is_plain("\0", 1));
}

static void in_the_way(void **state)
{
	static const char *const names[] = { "out", "link", "dangling", "pipe" };
	const struct host_special fifo = { .mode = S_IFIFO | 0600 };
	const struct host_special symlink = { .target = "elsewhere" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		assert_int_equal(host_make_file(box, names[i], false), -EEXIST);
		assert_int_equal(host_make_dir(box, names[i], false), -EEXIST);
		assert_int_equal(host_make_special(box, names[i], &symlink, false), -EEXIST);
	}
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char path[64];
		int fd = host_make_file(box, names[i], true);

		assert_true(fd >= 0);
		assert_int_equal(write(fd, "new", 3), 3);
		close(fd);
		snprintf(path, sizeof(path), "box/%s", names[i]);
		assert_true(host_holds(path, "new"));
		assert_int_equal(host_make_special(box, names[i], &symlink, true), 0);
		assert_true(S_ISLNK(host_mode(path)));
		fd = host_make_dir(box, names[i], true);
		assert_true(fd >= 0);
		close(fd);
		assert_true(S_ISDIR(host_mode(path)));
		assert_int_equal(host_make_special(box, names[i], &fifo, true), 0);
		assert_true(S_ISFIFO(host_mode(path)));
	}
	/* Directories with something in them stay. */
	assert_int_equal(host_make_file(box, "dir", true), -ENOTEMPTY);
	assert_int_equal(host_make_special(box, "dir", &fifo, true), -ENOTEMPTY);
	close(host_make_dir(box, "dir", true));
	assert_true(S_ISDIR(host_mode("box/dir/sub")));
}

static void modes(void **state)
{
	(void)state;
	assert_int_equal(host_chmod(box, "link", 0), 0);
	assert_int_equal(host_chmod(box, "dangling", 0), 0);
	assert_int_equal(host_chmod(box, "pipe", 0604), 0);
	assert_int_equal(host_mode("box/pipe") & 0777, 0604);
}

static void open_below(void **state)
{
	static const struct { const char *path; int error; } cases[] = {
		{ "out", -ELOOP },	    { "out/dir", -ELOOP },     { "inner", -ELOOP },
		{ "inner/sub", -ELOOP },    { "dir/../dir", -EUCLEAN }, { "..", -EUCLEAN },
		{ "/tmp", -EUCLEAN },	    { "dir//sub", -EUCLEAN },
		{ "dir/./sub", -EUCLEAN },
		{ "dir/none", -ENOENT },    { "pipe", -ENOTDIR },
	};
	int fd;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		fd = host_open_below(box, cases[i].path);
		/* O_DIRECTORY may say what a link is not before O_NOFOLLOW says what it is. */
		if (cases[i].error == -ELOOP)
			assert_true(fd == -ELOOP || fd == -ENOTDIR);
		else
			assert_int_equal(fd, cases[i].error);
	}
	fd = host_open_below(box, "dir/sub");
	assert_true(fd >= 0);
	close(fd);
	fd = host_open_below(box, "");
	assert_true(fd >= 0);
	close(fd);
}

/* Longer than PATH_MAX; with a link near its end. */
static void long_paths(void **state)
{
	struct xfsw_str path = { 0 };
	char name[201];
	struct stat st;
	int dir, fd;

	(void)state;
	memset(name, 'n', 200);
	name[200] = 0;
	assert_true(str_set(&path, ""));
	dir = dup(box);
	for (int i = 0; i < 60; i++) {
		fd = host_make_dir(dir, name, false);
		assert_true(fd >= 0 && str_join(&path, path.len, name));
		close(dir);
		dir = fd;
	}
	assert_true(path.len > 12000);
	fd = host_open_below(box, path.s);
	assert_true(fd >= 0 && fstat(fd, &st) == 0);
	close(fd);
	assert_int_equal(symlinkat(".", dir, "link"), 0);
	assert_true(str_join(&path, path.len, "link"));
	assert_true(host_open_below(box, path.s) < 0);
	close(dir);
	str_free(&path);
}

static void links(void **state)
{
	struct xfsw_link link = { .path = (char *)(uintptr_t)"dir/sub/first" };
	struct stat st, st2;

	(void)state;
	host_write("box/dir/sub/first", "first");
	assert_int_equal(stat("box/dir/sub/first", &st), 0);
	link.host_dev = st.st_dev;
	link.host_ino = st.st_ino;
	assert_int_equal(host_link(box, &link, box, "second", false), 0);
	assert_int_equal(stat("box/second", &st2), 0);
	assert_true(st.st_ino == st2.st_ino);
	assert_int_equal(host_link(box, &link, box, "link", false), -EEXIST);
	assert_int_equal(host_link(box, &link, box, "link", true), 0);
	assert_true(host_holds("box/link", "first"));
	/* Another file, or a link, has taken its place. */
	assert_int_equal(system("cd box/dir/sub && mv first old && echo x >first"), 0);
	assert_int_equal(host_link(box, &link, box, "third", false), -ESTALE);
	assert_int_equal(system("cd box/dir/sub && ln -sf ../../../canary/file first"), 0);
	assert_int_equal(host_link(box, &link, box, "third", false), -ESTALE);
	/* A directory on the way has become a link. */
	assert_int_equal(system("cd box && mv dir/sub moved && ln -s ../moved dir/sub && "
				"mv moved/old moved/first"),
			 0);
	assert_true(host_link(box, &link, box, "third", false) < 0);
	assert_int_equal(host_mode("box/third"), 0);
}

static unsigned int names_in_box(void)
{
	FILE *list = popen("ls -A box | wc -l", "r");
	unsigned int n = 0;

	assert_non_null(list);
	assert_int_equal(fscanf(list, "%u", &n), 1);
	pclose(list);
	return n;
}

static void put_text(struct host_new *new, const char *text)
{
	assert_int_equal(write(new->fd, text, strlen(text)), strlen(text));
}

/* With and without files that have no name, which not every host has. */
static void new_files(void **state)
{
	unsigned int before = names_in_box();
	struct host_new new;

	(void)state;
	for (unsigned int temporary = 0; temporary < 2; temporary++) {
		assert_int_equal(host_make_new(box, temporary, &new), 0);
		if (temporary)
			assert_int_not_equal(new.temporary[0], 0);
		put_text(&new, "never");
		host_drop_new(box, &new);
		assert_int_equal(names_in_box(), before);

		assert_int_equal(host_make_new(box, temporary, &new), 0);
		put_text(&new, "first");
		assert_int_equal(host_name_new(box, &new, "../canary/file", true), -EUCLEAN);
		assert_int_equal(host_name_new(box, &new, "link", false), -EEXIST);
		assert_int_equal(host_name_new(box, &new, "made", false), 0);
		close(new.fd);
		assert_true(host_holds("box/made", "first"));
		assert_int_equal(names_in_box(), before + 1);

		assert_int_equal(host_make_new(box, temporary, &new), 0);
		put_text(&new, "second");
		assert_int_equal(host_name_new(box, &new, "made", false), -EEXIST);
		assert_true(host_holds("box/made", "first"));
		assert_int_equal(host_name_new(box, &new, "made", true), 0);
		close(new.fd);
		assert_true(host_holds("box/made", "second"));
		assert_int_equal(names_in_box(), before + 1);

		/* A link gives way itself; a directory only when it is empty. */
		assert_int_equal(host_make_new(box, temporary, &new), 0);
		put_text(&new, "third");
		assert_true(host_name_new(box, &new, "dir", true) < 0);
		assert_int_equal(host_mode("box/dir/sub") & S_IFMT, S_IFDIR);
		host_drop_new(box, &new);
		assert_int_equal(names_in_box(), before + 1);
		assert_int_equal(host_make_new(box, temporary, &new), 0);
		put_text(&new, "third");
		assert_int_equal(host_name_new(box, &new, temporary ? "out" : "link", true), 0);
		close(new.fd);
		assert_true(host_holds(temporary ? "box/out" : "box/link", "third"));
		assert_int_equal(unlinkat(box, "made", 0), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(bad_names, setup, teardown),
		cmocka_unit_test_setup_teardown(in_the_way, setup, teardown),
		cmocka_unit_test_setup_teardown(modes, setup, teardown),
		cmocka_unit_test_setup_teardown(open_below, setup, teardown),
		cmocka_unit_test_setup_teardown(long_paths, setup, teardown),
		cmocka_unit_test_setup_teardown(links, setup, teardown),
		cmocka_unit_test_setup_teardown(new_files, setup, teardown),
	};

	umask(022);
	if (chdir(test_scratch_dir()))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
