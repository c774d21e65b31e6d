/* SPDX-License-Identifier: MIT */
/*
 * make_tree [OPTIONS] DIR: a tree of everything that a copy of a tree can get wrong.  Needs
 * root for devices, owners and trusted attributes; the file system of DIR must hold
 * what is asked of it.
 *
 *   --names N     names in the large directory (default 2000)
 *   --extents N   extents of the fragmented file (default 2000)
 *   --hole SIZE   size of the sparse file in GiB (default 10240)
 *   --plain       no attributes, ACLs and owners: for file systems without them
 *   --symlink N   longest symbolic link (default 1023, the most that XFS has)
 *   --seed N      of contents and times (default 1)
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

static uint64_t state = 1;
static bool plain;

static void die(const char *what)
{
	fprintf(stderr, "make_tree: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t next_random(void)
{
	state += 0x9e3779b97f4a7c15ull;
	uint64_t z = state;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

static void go_into(const char *name)
{
	if (mkdir(name, 0755) || chdir(name))
		die(name);
}

static void go_back(void)
{
	if (chdir(".."))
		die("..");
}

static int make_file(const char *name)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (fd < 0)
		die(name);
	return fd;
}

static void put_random(int fd, uint64_t offset, size_t len)
{
	static uint64_t words[8192];

	for (size_t done = 0; done < len;) {
		size_t part = len - done < sizeof(words) ? len - done : sizeof(words);

		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
			words[i] = next_random() | 1;
		if (pwrite(fd, words, part, (off_t)(offset + done)) != (ssize_t)part)
			die("write");
		done += part;
	}
}

static void make_sizes(void)
{
	static const uint64_t sizes[] = {
		0, 1, 2, 57, 336, 337, 511, 512, 513, 1023, 1024, 4095, 4096, 4097, 8191, 16384, 16385,
		65535, 65536, 65537, 131072, 262143, 262144, 262145, 1000001, 9000000,
	};
	char name[32];

	go_into("sizes");
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		int fd;

		snprintf(name, sizeof(name), "%ju", (uintmax_t)sizes[i]);
		fd = make_file(name);
		put_random(fd, 0, sizes[i]);
		close(fd);
	}
	go_back();
}

static void make_names(unsigned int count)
{
	char name[300];

	go_into("names");
	memset(name, 'n', 255);
	name[255] = 0;
	close(make_file(name));
	for (int len = 1; len < 255; len += 23) {
		memset(name, 'a' + len % 26, (size_t)len);
		name[len] = 0;
		close(make_file(name));
	}
	/* Every byte but the two that no name can hold. */
	for (int c = 1; c < 256; c++) {
		if (c == '/' || c == '.' || (c >= 'a' && c <= 'z'))
			continue;
		name[0] = (char)c;
		name[1] = 0;
		close(make_file(name));
	}
	close(make_file("\xff\xfe not utf-8 \x80"));
	close(make_file("\xc3\xbc\xe4\xb8\x96\xf0\x9f\x98\x80"));
	close(make_file("-rf"));
	close(make_file("..."));
	close(make_file(".hidden"));
	close(make_file("line\nbreak"));
	go_back();

	go_into("many");
	for (unsigned int i = 0; i < count; i++) {
		int len =
			snprintf(name, sizeof(name), "%06x-", (unsigned int)(next_random() >> 44));

		snprintf(name + len, sizeof(name) - (size_t)len, "%u", i);
		close(make_file(name));
	}
	go_back();
}

static void make_links(int longest)
{
	char target[4096], name[32];

	go_into("links");
	for (int len = 1; len <= longest; len += len < 16 || len > longest - 3 ? 1 : len / 7) {
		memset(target, 't', (size_t)len);
		for (int i = 200; i < len; i += 200)
			target[i] = '/';
		target[len] = 0;
		snprintf(name, sizeof(name), "%d", len);
		if (symlink(target, name))
			die(name);
	}
	close(make_file("first"));
	go_into("a");
	go_into("b");
	if (link("../../first", "second") || link("../../first", "third"))
		die("link");
	go_back();
	go_back();
	if (link("first", "fourth"))
		die("link");
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "same-%d", i);
		if (link("a/b/second", name))
			die(name);
	}
	if (symlink("no/such/thing", "dangling") || link("dangling", "dangling-again"))
		die("dangling");
	go_back();
}

static void make_specials(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "socket" };
	int fd;

	go_into("specials");
	if (mkfifo("fifo", 0640) || link("fifo", "fifo-again"))
		die("fifo");
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)))
		die("socket");
	close(fd);
	if (mknod("null", S_IFCHR | 0666, makedev(1, 3)) ||
	    mknod("large", S_IFCHR | 0600, makedev(511, 262143)) ||
	    mknod("loop", S_IFBLK | 0660, makedev(7, 0)))
		die("mknod");
	go_back();
}

static void set(const char *path, const char *name, const void *value, size_t size)
{
	if (lsetxattr(path, name, value, size, 0))
		die(name);
}

/* system.posix_acl_*: version 2, then tag, permissions, id; user 1234 and group 99 besides. */
static void set_acl(const char *path, const char *name)
{
	static const unsigned char acl[] = {
		2, 0, 0, 0,
		0x01, 0, 7, 0, 0xff, 0xff, 0xff, 0xff,
		0x02, 0, 5, 0, 0xd2, 0x04, 0, 0,
		0x04, 0, 4, 0, 0xff, 0xff, 0xff, 0xff,
		0x08, 0, 6, 0, 99, 0, 0, 0,
		0x10, 0, 7, 0, 0xff, 0xff, 0xff, 0xff,
		0x20, 0, 1, 0, 0xff, 0xff, 0xff, 0xff,
	};

	set(path, name, acl, sizeof(acl));
}

static void make_attributes(void)
{
	/* Revision 2, effective: CAP_NET_BIND_SERVICE. */
	static const unsigned char capability[20] = { 1, 0, 0, 2, 0, 4 };
	static char value[65536];
	char name[300];

	for (size_t i = 0; i < sizeof(value); i++)
		value[i] = (char)next_random();
	go_into("attributes");
	close(make_file("all"));
	set("all", "user.empty", "", 0);
	set("all", "user.text", "value", 5);
	set("all", "trusted.secret", value, 300);
	set("all", "security.label", value, 40);
	set("all", "security.capability", capability, sizeof(capability));
	set_acl("all", "system.posix_acl_access");
	memset(name, 'x', 255);
	memcpy(name, "user.", 5);
	name[255] = 0;
	close(make_file("long-name"));
	set("long-name", name, value, 10);
	for (size_t size = 1; size <= 65536; size *= 4) {
		snprintf(name, sizeof(name), "value-%zu", size);
		close(make_file(name));
		set(name, "user.value", value, size);
		/*
		 * Another name: xfs_repair before 6.7 takes two equal hashes at the border of two
		 * attribute blocks for damage, also in what the kernel wrote.
		 */
		set(name, "trusted.other", value, size < 65536 ? size + 1 : size);
	}
	close(make_file("many"));
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "user.attribute-%d", i);
		set("many", name, value, (size_t)(i * 7 % 100));
	}
	/* ACLs that a copy would inherit if it made them too early. */
	go_into("inherit");
	close(make_file("plain"));
	go_into("below");
	go_back();
	set_acl(".", "system.posix_acl_default");
	set_acl(".", "system.posix_acl_access");
	close(make_file("inherited"));
	go_back();
	if (symlink("all", "link"))
		die("link");
	set("link", "trusted.of-the-link", "l", 1);
	go_back();
}

static void make_owners(void)
{
	static const mode_t modes[] = { 0, 0400, 0777, 04755, 02755, 02745, 06711, 01777, 07777 };
	char name[32];

	go_into("owners");
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		for (int directory = 0; directory < 2; directory++) {
			snprintf(name, sizeof(name), "%c%04o", directory ? 'd' : 'f', modes[i]);
			if (directory ? mkdir(name, 0755) : (close(make_file(name)), 0))
				die(name);
			if (lchown(name, (uid_t)(i * 1000), (gid_t)(i ? UINT32_MAX - 1 - i : 0)) ||
			    chmod(name, modes[i]))
				die(name);
		}
	}
	/* What is below a set-group-id directory of another group. */
	if (chdir("d2755"))
		die("d2755");
	close(make_file("file"));
	go_into("directory");
	go_back();
	if (chown("file", 1, 2) || chmod("file", 0600) || chown("directory", 3, 4) ||
	    chmod("directory", 0700))
		die("chown");
	go_back();
	go_back();
}

static void make_sparse(unsigned int extents, uint64_t hole_gib)
{
	int fd;

	go_into("sparse");
	fd = make_file("all-hole");
	if (ftruncate(fd, 123456789))
		die("ftruncate");
	close(fd);
	fd = make_file("front");
	put_random(fd, 1u << 20, 5000);
	close(fd);
	fd = make_file("back");
	put_random(fd, 0, 5000);
	if (ftruncate(fd, 10 << 20))
		die("ftruncate");
	close(fd);
	fd = make_file("huge");
	put_random(fd, 12345, 6789);
	put_random(fd, hole_gib << 29, 70000);
	if (ftruncate(fd, (off_t)(hole_gib << 30)))
		die("ftruncate");
	close(fd);
	/* Blocks of 4 KiB, every other one. */
	fd = make_file("fragments");
	for (unsigned int i = 0; i < extents; i++) {
		uint64_t words[512];

		for (int k = 0; k < 512; k++)
			words[k] = i + 1;
		if (pwrite(fd, words, sizeof(words), (off_t)i * 8192) != sizeof(words))
			die("fragments");
	}
	close(fd);
	go_back();
}

static void make_directories(void)
{
	char name[32];

	go_into("directories");
	go_into("empty");
	go_back();
	/* One of each size around the changes of form: in the inode, one block, several. */
	for (int n = 1; n < 700; n += n < 30 ? 1 : n / 5) {
		snprintf(name, sizeof(name), "of-%d", n);
		go_into(name);
		for (int i = 0; i < n; i++) {
			snprintf(name, sizeof(name), "name-%d", i);
			close(make_file(name));
		}
		go_back();
	}
	for (int level = 0; level < 150; level++) {
		snprintf(name, sizeof(name), "level-%d", level);
		go_into(name);
		close(make_file("here"));
	}
	for (int level = 0; level < 150; level++)
		go_back();
	go_back();
}

static void make_times(void)
{
	static const struct timespec stamps[] = {
		{ 0, 0 },
		{ 1, 1 },
		{ 1700000000, 123456789 },
		{ 2147483647, 999999999 },
		{ 2147483648, 0 },
		{ 8000000000, 7 },
		{ -1, 0 },
		{ -2147483648, 5 },
	};
	char name[32];

	go_into("times");
	for (size_t i = 0; i < sizeof(stamps) / sizeof(stamps[0]); i++) {
		const struct timespec times[2] = { stamps[i], stamps[i] };

		snprintf(name, sizeof(name), "%jd", (intmax_t)stamps[i].tv_sec);
		close(make_file(name));
		if (utimensat(AT_FDCWD, name, times, 0))
			die(name);
		snprintf(name, sizeof(name), "d%jd", (intmax_t)stamps[i].tv_sec);
		go_into(name);
		close(make_file("inside"));
		go_back();
		if (utimensat(AT_FDCWD, name, times, 0))
			die(name);
		snprintf(name, sizeof(name), "l%jd", (intmax_t)stamps[i].tv_sec);
		if (symlink("x", name) || utimensat(AT_FDCWD, name, times, AT_SYMLINK_NOFOLLOW))
			die(name);
	}
	go_back();
}

static const struct option options[] = {
	{ "names", required_argument, NULL, 'n' }, { "extents", required_argument, NULL, 'e' },
	{ "hole", required_argument, NULL, 'h' },  { "plain", no_argument, NULL, 'p' },
	{ "symlink", required_argument, NULL, 'l' }, { "seed", required_argument, NULL, 's' },
	{ NULL, 0, NULL, 0 }
};

int main(int argc, char **argv)
{
	const struct timespec root_times[2] = { { 1234567890, 987654321 }, { 1234567891, 123 } };
	unsigned long names = 2000, extents = 2000, hole_gib = 10240, longest = 1023;
	int id;

	while ((id = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (id) {
		case 'n':
			names = strtoul(optarg, NULL, 0);
			break;
		case 'e':
			extents = strtoul(optarg, NULL, 0);
			break;
		case 'h':
			hole_gib = strtoul(optarg, NULL, 0);
			break;
		case 'l':
			longest = strtoul(optarg, NULL, 0);
			break;
		case 's':
			state = strtoul(optarg, NULL, 0);
			break;
		case 'p':
			plain = true;
			break;
		default:
			return 2;
		}
	}
	if (optind + 1 != argc)
		return 2;
	umask(0);
	if (mkdir(argv[optind], 0755) && errno != EEXIST)
		die(argv[optind]);
	if (chdir(argv[optind]))
		die(argv[optind]);
	make_sizes();
	make_names((unsigned int)names);
	make_links((int)longest);
	make_specials();
	make_sparse((unsigned int)extents, hole_gib);
	make_directories();
	make_times();
	if (!plain) {
		make_attributes();
		make_owners();
		/* The root directory has attributes too. */
		set(".", "user.of-the-root", "r", 1);
		if (chown(".", 42, 43) || chmod(".", 01750))
			die(".");
	}
	if (utimensat(AT_FDCWD, ".", root_times, 0))
		die(".");
	return 0;
}
