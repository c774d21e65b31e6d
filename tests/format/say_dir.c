/* SPDX-License-Identifier: MIT */
/* Vectors of directories: hashes, sizes, positions, blocks. */
#include <inttypes.h>
#include "disk/dir.h"
#include "format/format.h"

static void hash(struct format *f, unsigned int n, char **arg)
{
	uint8_t name[1024];
	size_t len = format_bytes(f, arg[0], name, sizeof(name));

	(void)n;
	format_say(f, "%08x", xfs_da_hashname(name, len));
}

static void hash_ci(struct format *f, unsigned int n, char **arg)
{
	uint8_t name[1024];
	size_t len = format_bytes(f, arg[0], name, sizeof(name));

	(void)n;
	format_say(f, "%08x", xfs_ascii_ci_hashname(name, len));
}

/* A name of COUNT equal characters. */
static void hash_run(struct format *f, unsigned int n, char **arg)
{
	uint8_t name[255];
	size_t len = format_size(f, arg[1]);

	(void)n;
	memset(name, arg[0][0], sizeof(name));
	format_say(f, "%08x", xfs_da_hashname(name, len > sizeof(name) ? sizeof(name) : len));
}

static void name_valid(struct format *f, unsigned int n, char **arg)
{
	uint8_t name[1024];
	size_t len = format_bytes(f, arg[0], name, sizeof(name));

	(void)n;
	format_say(f, "%s", xfs_dir2_namecheck(name, len) ? "valid" : "no");
}

static void entry_size(struct format *f, unsigned int n, char **arg)
{
	(void)n;
	format_say(f, "%u", xfs_dir2_data_entsize((unsigned int)format_number(f, arg[0])));
}

static void dir_geometry(struct format *f, unsigned int n, char **arg)
{
	const struct xfs_geometry *g = &f->geo;

	(void)n;
	(void)arg;
	format_say(f, "%u %u %u leaf at %u free at %u join %u", g->dir_leaf_max_ents,
		   g->dir_node_ents, g->dir_free_max_bests, g->leafblk, g->freeblk,
		   g->dir_magicpct);
}

static void address(struct format *f, unsigned int n, char **arg)
{
	xfs_dir2_dataptr_t dp =
		xfs_dir2_db_off_to_dataptr(&f->geo, (xfs_dir2_db_t)format_number(f, arg[0]),
					   (unsigned int)format_number(f, arg[1]));

	(void)n;
	format_say(f, "%u block %u offset %u", dp,
		   xfs_dir2_db_to_da(&f->geo, xfs_dir2_dataptr_to_db(&f->geo, dp)),
		   xfs_dir2_dataptr_to_off(&f->geo, dp));
}

static void free_index(struct format *f, unsigned int n, char **arg)
{
	xfs_dir2_db_t db = (xfs_dir2_db_t)format_number(f, arg[0]);

	(void)n;
	format_say(f, "block %u entry %u", xfs_dir2_db_to_fdb_da(&f->geo, db),
		   xfs_dir2_db_to_fdindex(&f->geo, db));
}

static void short_form(struct format *f, unsigned int n, char **arg)
{
	uint8_t buf[512] = {0};
	size_t len = format_bytes(f, arg[0], buf, sizeof(buf));
	const struct xfs_dir2_sf_hdr *hdr = (const void *)buf;
	const struct xfs_dir2_sf_entry *sfep = xfs_dir2_sf_firstentry(hdr);

	(void)n;
	if (xfs_dir2_sf_verify(&f->geo, buf, len, false)) {
		format_say(f, "refused");
		return;
	}
	format_say(f, "parent %" PRIu64, xfs_dir2_sf_get_parent_ino(hdr));
	for (unsigned int i = 0; i < hdr->count; i++) {
		format_say(f, " %.*s:%u:%" PRIu64 "@%u", sfep->namelen, (const char *)sfep->name,
			   xfs_dir2_sf_get_ftype(sfep), xfs_dir2_sf_get_ino(hdr, sfep),
			   xfs_dir2_sf_get_offset(sfep));
		sfep = xfs_dir2_sf_nextentry(hdr, sfep);
	}
}

static void block_changed(struct format *f, unsigned int n, char **arg)
{
	static uint8_t copy[FORMAT_OBJECT_MAX];

	memcpy(copy, f->object, f->len);
	for (unsigned int i = 1; i + 1 < n; i += 2) {
		size_t off = format_size(f, arg[i]);

		if (off < f->len)
			format_bytes(f, arg[i + 1], copy + off, f->len - off);
	}
	format_say_verdict(f, xfs_dir3_block_verify(&f->geo, copy, f->len,
						    (xfs_daddr_t)format_number(f, arg[0])));
}

static void block_verify(struct format *f, unsigned int n, char **arg)
{
	(void)n;
	block_changed(f, 1, arg);
}

const struct format_function format_dir[] = {
	{"hash", 1, hash},
	{"hash_ci", 1, hash_ci},
	{"hash_run", 2, hash_run},
	{"name_valid", 1, name_valid},
	{"entry_size", 1, entry_size},
	{"dir_geometry", 0, dir_geometry},
	{"address", 2, address},
	{"free_index", 1, free_index},
	{"short_form", 1, short_form},
	{"dir_block_verify", 1, block_verify},
	{"dir_block_changed", 3, block_changed},
	{NULL, 0, NULL},
};
