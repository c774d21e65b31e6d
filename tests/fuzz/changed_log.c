/* SPDX-License-Identifier: MIT */
/*
 * Goal: a log that cannot be trusted is refused, and then nothing was written; a log that is not
 *       refused is recovered to the end.
 * Method: in dirty logs with every kind of record, item and intent one field at a time is changed
 *         and the checksum made right.  The checker's reading of the log must agree with
 *         recovery's.  The image is opened for writing over an overlay, which must be
 *         untouched if that fails, with a text that says why; else it must close, open and close
 *         again.  Every third round has little memory, and may end for want of it, with nothing
 *         written.  Findings of the checker are counted: a field of a good block may have any value
 *         that only others contradict, and a last record may look torn.
 *
 *   changed_log [-n ROUNDS] [-s SEED] [-r ROUND] [-v] [IMAGE...]
 *     -n  changes of each image (default 400)   -s  seed (default 1)
 *     -r  only this one, to repeat a failure     -v  tell each
 * Without IMAGE - with an internal, dirty log - the images are made here.
 */
#include <unistd.h>
#include "ag/alloc.h"
#include "base/rand.h"
#include "fuzz/campaign.h"
#include "inode/inode.h"
#include "support/log_compare.h"
#include "support/log_fields.h"
#include "support/objects.h"
#include "trans/trans.h"
#include "unit/log/recover_rig.h"

static struct {
	struct campaign c;	/* rounds */
	uint64_t round, refused, recovered, damaged, failed;
	uint32_t *log_kinds, nr_log_kinds; /* kinds of fields of the log itself */
	uint64_t least_memory;
	struct xfs_env env;
	char warning[600];
} run = { .c = { .seed = 1, .amount = 400 }, .env = { .size = sizeof(struct xfs_env) } };

static const struct xfs_mkfs_options small = {
	.size = sizeof(small), .log_size = 8u << 20, .rmapbt = XFS_MKFS_ON,
	.reflink = XFS_MKFS_ON, .exchange = XFS_MKFS_ON, .parent = XFS_MKFS_ON, .agcount = 2,
};

static void write_file(struct xfs_mount *mp, const char *path, uint64_t off, size_t len)
{
	static char data[1u << 20];
	struct xfs_file *file;

	TEST_OK(xfs_open(mp, path, O_CREAT | O_RDWR, 0644, &file));
	TEST_IS(xfs_pwrite(file, data, len, off), (int64_t)len);
	TEST_OK(xfs_fsync(file));
	xfs_close(file);
}

static void journalled(struct test_fs *fs, uint64_t bytes)
{
	test_fs_make(fs, bytes, &small);
	TEST_OK(xfs_unmount(fs->mp));
	fs->opts.flags = 0;
	fs->opts.allocsize_bytes = 4096;
	test_fs_open(fs);
}

/* What a writer of ours leaves: buffers, inodes, new and freed chunks, files without a name. */
static struct xfs_device *make_used(void)
{
	struct xfs_file *open;
	struct test_fs fs = { 0 };
	char name[64];

	journalled(&fs, 48u << 20);
	TEST_OK(xfs_mkdir(fs.mp, "/d", 0755));
	for (int i = 0; i < 80; i++) {
		snprintf(name, sizeof(name), "/d/a name that takes some room %d", i);
		write_file(fs.mp, name, 0, 100);
		if (i % 3 == 0)
			TEST_OK(xfs_setxattr(fs.mp, name, true, "user.attribute", name, 40, 0));
	}
	for (int i = 0; i < 30; i++)
		write_file(fs.mp, "/pieces", (uint64_t)i * 16384, 4096);
	TEST_OK(xfs_symlink(fs.mp, "a target", "/link"));
	for (int i = 0; i < 70; i += 2) {
		snprintf(name, sizeof(name), "/d/a name that takes some room %d", i);
		TEST_OK(xfs_unlink(fs.mp, name));
	}
	TEST_OK(xfs_open(fs.mp, "/pieces", O_RDONLY, 0, &open));
	TEST_OK(xfs_unlink(fs.mp, "/pieces"));
	TEST_OK(xfs_sync(fs.mp));
	xfs_close(open);
	xfs_abandon(fs.mp);
	return fs.dev;
}

/* ---- a log with an intent of each type, all of which can be carried out ---- */

static struct rig rig;

static struct xfs_inode *get(struct xfs_mount *mp, xfs_ino_t ino)
{
	struct xfs_inode *ip;

	TEST_OK(xfs_iget(mp, ino, 0, &ip));
	return ip;
}

static xfs_fsblock_t first_block(struct xfs_mount *mp, xfs_ino_t ino)
{
	struct xfs_inode *ip = get(mp, ino);
	struct xfs_bmbt_irec map;
	int nmaps = 1;

	xfs_ilock_excl(ip);
	TEST_OK(xfs_bmapi_read(ip, 0, 1000, &map, &nmaps, 0));
	xfs_iunlock_excl(ip);
	xfs_irele(ip);
	return map.br_startblock;
}

static void may_share(struct xfs_mount *mp, xfs_ino_t ino, uint64_t size)
{
	struct xfs_inode *ip = get(mp, ino);
	struct xfs_trans *tp;

	TEST_OK(xfs_trans_alloc_bytes(mp, 256u << 10, 64, 0, &tp));
	xfs_ilock_excl(ip);
	xfs_inode_set_diflags2(ip, ip->i_diflags2 | XFS_DIFLAG2_REFLINK);
	ip->i_disk_size = ip->i_size = (xfs_fsize_t)size;
	xfs_trans_log_inode(tp, ip, XFS_ILOG_CORE);
	xfs_iunlock_excl(ip);
	TEST_OK(xfs_trans_commit(tp));
	xfs_irele(ip);
}

/* Blocks of nobody. */
static xfs_fsblock_t take_blocks(struct xfs_mount *mp, xfs_extlen_t len, uint64_t owner)
{
	struct xfs_alloc_arg args = { .target = NULLFSBLOCK, .minlen = len, .maxlen = len,
				      .oinfo = { .oi_owner = owner } };

	TEST_OK(xfs_trans_alloc_bytes(mp, 256u << 10, 64, 0, &args.tp));
	TEST_OK(xfs_alloc_vextent(&args));
	TEST_OK(xfs_trans_commit(args.tp));
	return args.fsbno;
}

static void put_extent(uint16_t type, uint64_t id, uint64_t start, uint32_t len, uint32_t flags)
{
	struct {
		struct xfs_intent_log_format f;
		struct xfs_phys_extent e;
	} item = { { type, 1, 1, id }, { start, len, flags } };

	test_build_region(&rig.b, TID, &item, sizeof(item));
}

static void put_map(uint16_t type, uint64_t id, const struct xfs_map_extent *map)
{
	struct {
		struct xfs_intent_log_format f;
		struct xfs_map_extent e;
	} item = { { type, 1, 1, id }, *map };

	test_build_region(&rig.b, TID, &item, sizeof(item));
}

struct intended {
	xfs_ino_t a, b, c, d;
	uint32_t gen_a, gen_d;
	xfs_fsblock_t shared, freed, mapped, staged;
};

static void prepare(struct xfs_mount *mp, struct intended *in)
{
	struct xfs_inode *ip;

	write_file(mp, "/a", 0, 40960);
	write_file(mp, "/b", 0, 0);
	write_file(mp, "/c", 0, 4096);
	write_file(mp, "/d", 16384, 4096);
	in->a = rig_ino(mp, "/a");
	in->b = rig_ino(mp, "/b");
	in->c = rig_ino(mp, "/c");
	in->d = rig_ino(mp, "/d");
	in->shared = first_block(mp, in->a);
	may_share(mp, in->a, 40960);
	may_share(mp, in->b, 40960);
	in->freed = take_blocks(mp, 20, XFS_RMAP_OWN_COW);
	in->mapped = take_blocks(mp, 9, XFS_RMAP_SKIP);
	in->staged = take_blocks(mp, 7, XFS_RMAP_SKIP);
	ip = get(mp, in->c);
	in->gen_a = ip->i_gen;
	xfs_irele(ip);
	ip = get(mp, in->d);
	in->gen_d = ip->i_gen;
	xfs_irele(ip);
}

static void put_intents(const struct intended *in)
{
	struct xfs_attri_log_format attri = {
		.alfi_type = XFS_LI_ATTRI, .alfi_size = 3, .alfi_id = 7, .alfi_ino = in->a,
		.alfi_op_flags = XFS_ATTRI_OP_SET, .alfi_name_len = 3, .alfi_value_len = 5,
	};
	struct xfs_xmi_log_format xmi = {
		.xmi_type = XFS_LI_XMI, .xmi_size = 1, .xmi_id = 8, .xmi_inode1 = in->c,
		.xmi_inode2 = in->d, .xmi_igen1 = in->gen_a, .xmi_igen2 = in->gen_d,
		.xmi_blockcount = 5, .xmi_flags = XFS_EXCHMAPS_SET_SIZES, .xmi_isize1 = 20480,
		.xmi_isize2 = 4096,
	};

	put_extent(XFS_LI_EFI, 1, in->freed, 20, 0);
	put_extent(XFS_LI_CUI, 2, in->shared, 10, XFS_REFCOUNT_EXTENT_INCREASE);
	put_map(XFS_LI_BUI, 3, &(struct xfs_map_extent){ in->b, in->shared, 0, 10,
							  XFS_BMAP_EXTENT_MAP });
	put_map(XFS_LI_BUI, 4, &(struct xfs_map_extent){
			in->b, in->mapped, 100, 9,
			XFS_BMAP_EXTENT_MAP | XFS_BMAP_EXTENT_UNWRITTEN });
	put_map(XFS_LI_RUI, 5, &(struct xfs_map_extent){ XFS_RMAP_OWN_COW, in->staged, 0, 7,
							  XFS_RMAP_EXTENT_ALLOC });
	put_extent(XFS_LI_CUI, 6, in->staged, 7, XFS_REFCOUNT_EXTENT_ALLOC_COW);
	test_build_region(&rig.b, TID, &attri, sizeof(attri));
	test_build_region(&rig.b, TID, "abc", 4);
	test_build_region(&rig.b, TID, "value12", 8);
	test_build_region(&rig.b, TID, &xmi, sizeof(xmi));
	/* One that was done: its item takes it away. */
	put_extent(XFS_LI_EFI, 9, in->freed, 20, 0);
	put_extent(XFS_LI_EFD, 9, in->freed, 20, 0);
}

static struct xfs_device *make_intents(void)
{
	uint8_t sb[512], raw[2048], agi[512];
	struct test_fs fs = { 0 };
	struct intended in;

	test_fs_make(&fs, 48u << 20, &small);
	prepare(fs.mp, &in);
	TEST_OK(xfs_unmount(fs.mp));
	memset(&rig, 0, sizeof(rig));
	rig.log = fs.dev;
	rig_read(fs.dev, 0, sb, sizeof(sb));
	xfs_sb_from_disk(&rig.mp.m_sb, (const struct xfs_dsb *)(void *)sb);
	TEST_OK(xfs_geometry_init(&rig.mp.m_geo, &rig.mp.m_sb));
	test_build_init(&rig.b, fs.dev, 32768, 1, 2);
	rig.b.tail = test_build_lsn(&rig.b);
	test_build_begin(&rig.b, TID);
	put_buf_chunks(&rig.b, TID, 0, 1, XFS_BLFT_SB << 11, sb, 0, 3);
	rig_read(fs.dev, AGI_DADDR, agi, sizeof(agi));
	put_buf(&rig.b, TID, AGI_DADDR, 1, XFS_BLFT_AGI, agi);
	read_inode(&rig, fs.dev, in.a, (void *)raw);
	put_inode(&rig, TID, (void *)raw, 56);
	put_end(&rig, TID);
	test_build_begin(&rig.b, TID);
	put_intents(&in);
	put_end(&rig, TID);
	test_build_free(&rig.b);
	return fs.dev;
}

/* ---- one change ------------------------------------------------------------- */

static void keep_warning(void *ctx, enum xfs_log_level level, const char *line)
{
	(void)ctx;
	if (level <= XFS_LOG_WARNING)
		snprintf(run.warning, sizeof(run.warning), "%s", line);
}

static uint64_t another(struct xfs_rand *r, uint64_t old, unsigned int bits)
{
	static const uint64_t v[] = { 0, 1, 2, 7, 8, 0x7f, 0xff, 0x100, 0x7fff, 0xffff, 0x10000,
				      0x7fffffff, 0x80000000, 0xffffffff, 1ull << 32, 1ull << 52,
				      1ull << 54, 1ull << 62, 1ull << 63, ~0ull - 1, ~0ull };
	uint64_t mask = bits == 64 ? ~0ull : (1ull << bits) - 1, now = old;

	while ((now & mask) == (old & mask)) {
		switch (xfs_rand_below(r, 4)) {
		case 0:
			now = old + 1 - 2 * xfs_rand_below(r, 2);
			break;
		case 1:
			now = old ^ 1ull << xfs_rand_below(r, bits);
			break;
		case 2:
			now = xfs_rand64(r);
			break;
		default:
			now = v[xfs_rand_below(r, ARRAY_SIZE(v))];
		}
	}
	return now & mask;
}

static void complain(const struct test_log_field *field, uint64_t old, uint64_t now, const char *what,
		     int error)
{
	fprintf(stderr, "changed_log: round %" PRIu64 " (-s %" PRIu64 "): %s 0x%" PRIx64 " -> 0x%"
		PRIx64 ": %s (%d: %s)\n", run.round, run.c.seed, field->name, old, now, what, error,
		xfs_error_text(NULL));
	run.failed++;
}

static bool has_little_memory(void)
{
	return run.round % 3 == 2;
}

static void judge_refused(struct xfs_device *out, const struct test_log_field *field, uint64_t old,
			  uint64_t now, int error)
{
	run.refused++;
	if (xfs_device_overlay_bytes(out))
		complain(field, old, now, "refused, and written to", error);
	else if (error == -ENOMEM && has_little_memory())
		return;
	else if (error != -EUCLEAN && error != -EBADMSG && error != -ENOTSUP && error != -EINVAL &&
		 error != -EOPNOTSUPP && error != -EROFS)
		complain(field, old, now, "refused with another error", error);
	else if (!*xfs_error_text(NULL))
		complain(field, old, now, "refused without a word", error);
}

static void judge_recovered(struct xfs_device *out, const struct xfs_mount_options *opts,
			    const struct test_log_field *field, uint64_t old, uint64_t now)
{
	struct test_findings found = { 0 };
	struct xfs_mount *mp;
	int error;

	run.recovered++;
	error = xfs_mount(out, opts, &mp);
	if (error) {
		complain(field, old, now, "recovered, and not to be opened again", error);
		return;
	}
	error = xfs_unmount(mp);
	if (error)
		complain(field, old, now, "recovered, and not to be closed again", error);
	test_check(out, 0, 0, &found);
	if (found.n) {
		run.damaged++;
		if (run.c.verbose)
			fprintf(stderr, "changed_log: round %" PRIu64 ": %s 0x%" PRIx64 " -> 0x%"
				PRIx64 ": recovered, %zu findings: %s\n", run.round, field->name,
				old, now, found.n, found.v[0].text);
	}
	test_findings_free(&found);
}

/* Is it of the log itself, rather than of a block that the log brings? */
static bool of_log(const struct test_log_field *field)
{
	return strncmp(field->name, "block", 5) && !strchr(field->name, '@');
}

/*
 * Every kind of field in turn, one of those of that kind; in every second round, of the kinds that
 * the log itself has: a log of some length has many more of places in blocks.
 */
static const struct test_log_field *choose(const struct test_log_fields *fields, struct xfs_rand *r)
{
	bool log_only = run.round % 2;
	const struct test_log_field *field = NULL;
	uint32_t kind = (uint32_t)((run.round * 7919 + run.c.seed * 31) % fields->kinds);
	size_t met = 0;

	if (log_only) {
		uint32_t turn = (uint32_t)((run.round / 2 + run.c.seed * 31) % run.nr_log_kinds);

		kind = run.log_kinds[turn];
	}
	for (size_t i = 0; i < fields->n; i++) {
		if (fields->v[i].kind == kind && xfs_rand_below(r, ++met) == 0)
			field = &fields->v[i];
	}
	return field;
}

static void find_log_kinds(const struct test_log_fields *fields)
{
	bool *met = calloc(fields->kinds, sizeof(*met));

	free(run.log_kinds);
	run.log_kinds = calloc(fields->kinds, sizeof(*run.log_kinds));
	if (!met || !run.log_kinds)
		abort();
	run.nr_log_kinds = 0;
	for (size_t i = 0; i < fields->n; i++) {
		if (of_log(&fields->v[i]) && !met[fields->v[i].kind])
			run.log_kinds[run.nr_log_kinds++] = fields->v[i].kind;
		met[fields->v[i].kind] = true;
	}
	free(met);
}

static void one_round(const struct test_log_fields *fields, struct xfs_device *changed,
		      struct xfs_device *out)
{
	struct xfs_mount_options opts = { .size = sizeof(opts), .env = &run.env,
					  .data_cache_bytes = 4u << 20,
					  .meta_cache_bytes = 16u << 20 };
	const struct test_log_field *field;
	struct xfs_mount *mp;
	struct xfs_rand r;
	uint64_t old, now;
	char why[400];
	int error;

	xfs_rand_seed(&r, run.c.seed * 1000003 + run.round);
	field = choose(fields, &r);
	old = test_log_field_value(fields, field);
	now = another(&r, old, field->size * 8u);
	if (test_log_field_change(fields, field, now, changed))
		abort();
	if (!test_log_agrees(changed, NULL, NULL, why, sizeof(why)))
		complain(field, old, now, why, 0);
	run.warning[0] = '\0';
	if (has_little_memory())
		opts.memory_limit_bytes = run.least_memory + (1u << 20);
	error = xfs_mount(out, &opts, &mp);
	if (run.c.verbose)
		fprintf(stderr, "%" PRIu64 ": %s 0x%" PRIx64 " -> 0x%" PRIx64 ": %d %s\n",
			run.round, field->name, old, now, error, error ? xfs_error_text(NULL) : "");
	if (error) {
		judge_refused(out, field, old, now, error);
	} else {
		error = xfs_unmount(mp);
		if (error)
			complain(field, old, now, "recovered, and not to be closed", error);
		judge_recovered(out, &opts, field, old, now);
	}
	if (xfs_device_overlay_discard(out) || xfs_device_overlay_discard(changed))
		abort();
}

static int campaign(struct xfs_device *dev, const char *name)
{
	struct xfs_device *changed, *out;
	struct test_log_fields fields;
	int error = test_log_fields_find(dev, &fields);

	if (error) {
		fprintf(stderr, "changed_log: %s: %s\n", name, strerror(-error));
		return 1;
	}
	if (xfs_device_open_overlay(dev, NULL, &changed) ||
	    xfs_device_open_overlay(changed, NULL, &out))
		abort();
	run.refused = run.recovered = run.damaged = 0;
	TEST_OK(xfs_memory_minimum(out, NULL, &run.least_memory));
	find_log_kinds(&fields);
	for (run.round = run.c.one_round ? run.c.only : 0; run.round < run.c.amount || run.c.one_round;
	     run.round++) {
		one_round(&fields, changed, out);
		if (run.c.one_round)
			break;
	}
	printf("%s: %zu records, %zu fields of %u kinds, %u of the log; %" PRIu64 " refused, %" PRIu64
	       " recovered, %" PRIu64 " of these with findings\n", name, fields.nr_records, fields.n,
	       fields.kinds, run.nr_log_kinds, run.refused, run.recovered, run.damaged);
	test_log_fields_free(&fields);
	xfs_device_put(out);
	xfs_device_put(changed);
	return 0;
}

/* As it is, the log must be recovered, and nothing be wrong afterwards. */
static void must_be_good(struct xfs_device *dev, const char *name)
{
	struct xfs_mount_options opts = { .size = sizeof(opts) };
	struct test_findings found = { 0 };
	struct xfs_device *out;
	struct xfs_mount *mp;

	TEST_OK(xfs_device_open_overlay(dev, NULL, &out));
	TEST_OK(xfs_mount(out, &opts, &mp));
	TEST_OK(xfs_unmount(mp));
	test_check(out, 0, 0, &found);
	if (found.n) {
		test_findings_print(&found);
		fprintf(stderr, "changed_log: %s is not good as it is\n", name);
		exit(1);
	}
	test_findings_free(&found);
	xfs_device_put(out);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		struct xfs_device *(*make)(void);
	} images[] = { { "used", make_used }, { "intents", make_intents } };
	int bad = 0;

	run.env.log = keep_warning;
	if (!campaign_options(&run.c, argc, argv, "n:s:r:v"))
		return 2;
	for (size_t i = 0; optind >= argc && i < ARRAY_SIZE(images); i++) {
		struct xfs_device *dev = images[i].make();

		must_be_good(dev, images[i].name);
		bad |= campaign(dev, images[i].name);
		xfs_device_put(dev);
	}
	for (; optind < argc; optind++) {
		struct xfs_device *dev;

		TEST_OK(xfs_device_open_file(argv[optind], XFS_DEV_RDONLY, 0, &dev));
		must_be_good(dev, argv[optind]);
		bad |= campaign(dev, argv[optind]);
		xfs_device_put(dev);
	}
	if (run.failed)
		fprintf(stderr, "changed_log: %" PRIu64 " failed\n", run.failed);
	free(run.log_kinds);
	return bad || run.failed;
}
