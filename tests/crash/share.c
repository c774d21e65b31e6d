/* SPDX-License-Identifier: MIT */
/* Scenarios: blocks that files share, and blocks that change places. */
#include <sys/types.h>
#include <xfswrite/fallocate.h>
#include "base/compiler.h"
#include "core/mount.h"
#include "crash/lab.h"

#define KIB	1024u
#define COPY_BYTES (1400u * KIB)	/* all together more than the cache */
#define UNSHARE	(XFS_FALLOC_UNSHARE_RANGE | XFS_FALLOC_KEEP_SIZE)

/* [@off, +*@len) of @src, whole blocks of it, can be cloned to @to of @dst. */
static bool clonable(const struct model_node *src, uint64_t off, const struct model_node *dst,
		     uint64_t to, uint64_t *len)
{
	*len = off < src->size ? XFS_MIN(*len, src->size - off) : 0;
	/* An end inside a block is only good where the destination ends. */
	if (*len % (4 * KIB) && to + *len < dst->size)
		*len -= *len % (4 * KIB);
	return *len && (src != dst || off + *len + 4 * KIB <= to || to + *len + 4 * KIB <= off);
}

/*
 * A file that shares no more is not marked any more, and is written in place.  Its twin has given up
 * the blocks lately, but not the one that is unshared in so many words.
 */
static void write_unmarked(struct lab_stream *s, struct model_node *twin[2])
{
	lab_write(s, twin[0], 0, 64 * KIB);
	lab_clone(s, twin[0], 0, twin[1], 0, 64 * KIB);
	lab_sync(s);
	lab_truncate(s, twin[1], 0);
	lab_fallocate(s, twin[0], UNSHARE, 0, 4 * KIB);
	lab_write(s, twin[0], 20 * KIB, 9000);
	lab_fsync(s, twin[0]);
}

void lab_run_reflink(struct lab *lab)
{
	struct lab_stream *s = &lab->stream[0];
	struct model_node *file[4], *twin[2];
	char name[32];

	twin[0] = lab_create(s, s->root, "twin0");
	twin[1] = lab_create(s, s->root, "twin1");
	for (uint32_t i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "shared%u", i);
		file[i] = lab_create(s, s->root, name);
		lab_write(s, file[i], 0, i * 50 * KIB + 1);
	}
	lab_sync(s);
	for (int i = 0; i < 200; i++) {
		struct model_node *src = file[lab_below(s, 4)], *f = file[lab_below(s, 4)];
		uint64_t off = lab_below(s, 40) * 4 * KIB, to = lab_below(s, 50) * 4 * KIB;
		uint64_t len = (1 + lab_below(s, 12)) * 4 * KIB;

		if (i % 50 == 25)
			write_unmarked(s, twin);
		switch (lab_below(s, 10)) {
		case 0:
			lab_truncate(s, f, lab_below(s, 200 * KIB));
			break;
		case 1:
			/* One gives up what it shares, and the other writes to it. */
			if (src != f && clonable(src, off, f, to, &len)) {
				lab_clone(s, src, off, f, to, len);
				lab_sync(s);
				lab_truncate(s, f, to);
				lab_write(s, src, off, len);
				lab_fsync(s, src);
			}
			break;
		case 2: case 3:
			if (clonable(src, off, f, to, &len))
				lab_clone(s, src, off, f, to, len);
			break;
		case 4:
			if (f->size > to)
				lab_fallocate(s, f, UNSHARE, to, lab_below(s, 2) ? f->size - to : XFS_MIN(f->size - to, len));
			break;
		case 5:
			/* The same bytes in blocks of their own, and then in one. */
			if (clonable(src, off, f, to, &len)) {
				lab_clone(s, src, off, f, to, len);
				lab_fallocate(s, f, UNSHARE, to, len);
				lab_dedupe(s, src, off, f, to, len);
			}
			break;
		default:
			lab_write(s, f, lab_below(s, 150 * KIB), 1 + lab_below(s, 9000));
		}
		if (lab_below(s, 6) == 0)
			lab_fsync(s, f);
		if (lab_below(s, 30) == 0)
			lab_sync(s);
	}
}

/* Nothing but overwrites of what is shared: what is mapped anew is a copy. */
void lab_run_cow(struct lab *lab)
{
	struct lab_stream *s = &lab->stream[0];
	struct model_node *file[3], *other = lab_create(s, s->root, "other");
	char name[32];

	for (uint32_t i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "copy%u", i);
		file[i] = lab_create(s, s->root, name);
		if (!i)
			lab_write(s, file[0], 0, COPY_BYTES);
		else
			lab_clone(s, file[0], 0, file[i], 0, COPY_BYTES);
	}
	lab_sync(s);
	for (int i = 0; i < 250; i++) {
		struct model_node *f = file[lab_below(s, 3)];

		lab_write(s, f, lab_below(s, COPY_BYTES - 40000), 1 + lab_below(s, 40000));
		if (lab_below(s, 8) == 0) {
			lab_fsync(s, f);
		} else if (lab_below(s, 6) == 0) {
			/* A checkpoint for something else, while copies are on their way. */
			lab_chmod(s, other, lab_below(s, 07777));
			lab_fsync(s, other);
		}
		if (lab_below(s, 80) == 0)
			lab_clone(s, file[0], 0, file[1], 0, COPY_BYTES);
	}
}

/*
 * More extents than one transaction of the small log takes, and fewer.  What came into a file is
 * promised before it is written to.
 */
void lab_run_exchange(struct lab *lab)
{
	struct lab_stream *s = &lab->stream[0];
	uint32_t bs = lab->geo.blocksize;
	struct model_node *file[4];
	char name[32];

	for (uint32_t i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "place%u", i);
		file[i] = lab_create(s, s->root, name);
		lab->mp->m_exchange_bytes = 16 * KIB;
		for (uint32_t n = 0; n < 30 + 40 * i; n++)
			lab_write(s, file[i], (n * 2ull + i % 2) * bs, 1 + lab_below(s, bs));
	}
	lab_sync(s);
	for (int i = 0; i < 24; i++) {
		struct model_node *a = file[lab_below(s, 4)], *b = file[lab_below(s, 4)];
		uint64_t least = XFS_MIN(a->size, b->size) / bs * bs;
		bool sizes = lab_below(s, 3);

		if (a == b || !least)
			continue;
		if (lab_below(s, 4) == 0)
			lab_clone(s, a, 0, b, 0, XFS_MIN(least, 8ull * bs));
		if (sizes)
			lab_exchange(s, a, b, lab_below(s, 2) ? 0 : least / bs / 2 * bs, 0, true);
		else
			lab_exchange(s, a, b, 0, least, false);
		if (lab_below(s, 2))
			continue;
		lab_sync(s);
		for (uint32_t n = lab_below(s, 12); n; n--)
			lab_write(s, b, lab_below(s, (uint32_t)b->size), 1 + lab_below(s, 3000));
		lab_write(s, a, lab_below(s, 200 * KIB), 1 + lab_below(s, 3000));
	}
}
