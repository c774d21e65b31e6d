/* SPDX-License-Identifier: MIT */
/* Operations of model_data on two files, or on two places of one. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <xfswrite/reflink.h>
#include "base/compiler.h"
#include "model/data_model.h"

/* Whether the model has an array for all of it. */
bool data_inside(const struct file *f, uint64_t off, uint64_t len)
{
	if (off < cfg->window)
		return len && len <= cfg->window - off && len <= cfg->max_write;
	return len && off >= f->base && off - f->base < cfg->window && len <= cfg->window - (off - f->base) &&
	       len <= cfg->max_write && off <= MAXBYTES && len <= MAXBYTES - off;
}

bool data_overlaps(const struct share *s, uint64_t len)
{
	return s->src == s->dst && s->src_off < s->dst_off + len && s->dst_off < s->src_off + len;
}

/* The model's bytes of one range that is inside a window. */
uint8_t *data_bytes_at(struct file *f, uint64_t off, uint64_t len)
{
	uint64_t run;
	uint8_t *at = model_at(f, off, len, &run);

	CHECK(at && run == len);
	return at;
}

/* What a clone or a dedupe must say to the ranges; 0: they are good. */
static int check_share(const struct share *s, bool dedupe)
{
	uint64_t mask = cfg->blocksize - 1, span = s->len;

	if ((s->src_off | s->dst_off) & mask || s->src_off > s->src->size ||
	    s->len > s->src->size - s->src_off)
		return -EINVAL;
	if (dedupe && (s->src_off >= s->src->size || s->dst_off >= s->dst->size ||
		       s->len > s->dst->size - s->dst_off))
		return -EINVAL;
	if (s->len & mask) {
		bool ends = s->src_off + s->len == s->src->size && s->dst_off + s->len >= s->dst->size;

		if (!ends && !dedupe)
			return -EINVAL;
		span = ends ? s->len + mask : s->len;
		span &= ~mask;
	}
	return data_overlaps(s, span) ? -EINVAL : 0;
}

void data_take_what_is_there(struct file *f, uint64_t off, uint64_t len)
{
	uint8_t *old = data_bytes_at(f, off, len);
	struct stat st;
	ssize_t got;

	CHECK(cfg->full);
	nr_enospc++;
	if (f->flags & O_DIRECT)
		go_buffered(f);
	TEST_OK(xfs_fstat(f->file, &st));
	CHECK((uint64_t)st.st_size >= f->size);
	CHECK((uint64_t)st.st_size <= XFS_MAX(f->size, off + len));
	f->size = (uint64_t)st.st_size;
	got = xfs_pread(f->file, buf, len, off);
	CHECK(got >= 0);
	/* Blocks of the file, which the range may begin and end inside of. */
	for (size_t i = 0, n; i < (size_t)got; i += n) {
		n = cfg->blocksize - (size_t)((off + i) % cfg->blocksize);
		n = XFS_MIN((size_t)got - i, n);
		CHECK(!memcmp(buf + i, old + i, n) || !memcmp(buf + i, want + i, n) ||
		      (buf[i] == 0 && !memcmp(buf + i, buf + i + 1, n - 1)));
		memcpy(old + i, buf + i, n);
	}
}

static void op_clone(struct share *s)
{
	int expect = check_share(s, false), ret;

	if (cfg->plain) {
		ret = xfs_clone_range(s->src->file, s->src_off, s->dst->file, s->dst_off, s->len);
		CHECK(ret == -EOPNOTSUPP || (ret == -EBADF && s->dst->flags & O_APPEND));
		return;
	}
	if (s->dst->flags & O_APPEND)
		expect = -EBADF;
	ret = xfs_clone_range(s->src->file, s->src_off, s->dst->file, s->dst_off, s->len);
	if (expect || ret != -ENOSPC)
		CHECK(ret == expect);
	if (ret == -ENOSPC)
		data_take_what_is_there(s->dst, s->dst_off, s->len);
	else if (!ret)
		model_write(s->dst, s->dst_off, want, s->len);
}

static void op_dedupe(struct share *s)
{
	int64_t expect = check_share(s, true), ret;

	if (cfg->plain) {
		/* A source that ends before the range is told first. */
		ret = xfs_dedupe_range(s->src->file, s->src_off, s->dst->file, s->dst_off, s->len);
		CHECK(ret == -EOPNOTSUPP || (ret == -EINVAL && ret == expect));
		return;
	}

	/* Often they are the same. */
	if (below(2) && !data_overlaps(s, s->len) && !(s->dst->flags & (O_APPEND | O_DIRECT))) {
		ret = xfs_pwrite(s->dst->file, want, s->len, s->dst_off);
		check_count(ret, s->len);
		if (ret > 0)
			model_write(s->dst, s->dst_off, want, (uint64_t)ret);
		expect = check_share(s, true);
	}
	if (!expect)
		expect = memcmp(want, data_bytes_at(s->dst, s->dst_off, s->len), s->len) ? -EBADE : (int64_t)s->len;
	ret = xfs_dedupe_range(s->src->file, s->src_off, s->dst->file, s->dst_off, s->len);
	if (ret == -ENOSPC && expect > 0)
		CHECK(cfg->full);
	else
		CHECK(ret == expect);
	if (ret >= 0)
		nr_deduped++;
}

static void op_copy(struct share *s)
{
	uint64_t len = s->src_off < s->src->size ? XFS_MIN(s->len, s->src->size - s->src_off) : 0;
	int64_t ret = xfs_copy_range(s->src->file, s->src_off, s->dst->file, s->dst_off, s->len);

	if (s->dst->flags & O_APPEND)
		CHECK(ret == -EBADF);
	else if (data_overlaps(s, len))
		CHECK(ret == -EINVAL);
	else
		check_count(ret, len);
	if (ret > 0)
		model_write(s->dst, s->dst_off, want, (uint64_t)ret);
}

bool data_pick_ranges(struct file *f, struct share *s)
{
	uint64_t mask = cfg->blocksize - 1;

	*s = (struct share){ .src = &files[below((uint64_t)cfg->nfiles)], .dst = f };
	if (!s->src->file)
		open_file(s->src);
	s->src_off = pick_offset(s->src);
	s->dst_off = pick_offset(s->dst);
	s->len = XFS_MIN(pick_length(s->src, s->src_off), pick_length(s->dst, s->dst_off));
	if (below(8)) {
		s->src_off = s->src_off < cfg->window ? s->src_off & ~mask : (s->src_off + mask) & ~mask;
		s->dst_off = s->dst_off < cfg->window ? s->dst_off & ~mask : (s->dst_off + mask) & ~mask;
		s->len = below(4) ? (s->len + mask) & ~mask : s->len;
	}
	/* At the end of the source, now and then. */
	if (below(4) == 0 && s->src_off < s->src->size)
		s->len = XFS_MIN(s->len, s->src->size - s->src_off);
	return data_inside(s->src, s->src_off, s->len) && data_inside(s->dst, s->dst_off, s->len);
}

/* A range of any file to any other, or to another place of the same. */
void data_op_share(struct file *f)
{
	struct share s;

	if (!data_pick_ranges(f, &s))
		return;
	f->stable = false;
	memcpy(want, data_bytes_at(s.src, s.src_off, s.len), s.len);
	switch (below(3)) {
	case 0:
		op_copy(&s);
		break;
	case 1:
		op_dedupe(&s);
		break;
	default:
		op_clone(&s);
		break;
	}
	memset(want, 0, s.len);
}
