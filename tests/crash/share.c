/* SPDX-License-Identifier: MIT */
/* A scenario: blocks that files share. */
#include <sys/types.h>
#include <xfswrite/fallocate.h>
#include "base/compiler.h"
#include "crash/lab.h"

#define KIB	1024u
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

void lab_run_reflink(struct lab *lab)
{
	struct lab_stream *s = &lab->stream[0];
	struct model_node *file[4];
	char name[32];

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
