/* SPDX-License-Identifier: MIT */
/* Findings, memory, and checks of what every self-describing header has. */
#include <stdarg.h>
#include <stdio.h>
#include "base/error.h"
#include "check/check_priv.h"

void xfs_check_report(struct xfs_check *chk, struct xfs_check_place at, const char *fmt, ...)
{
	struct xfs_finding finding = {
		.size = sizeof(finding),
		.structure = at.structure,
		.agno = at.agno,
		.block = at.block,
		.ino = at.ino,
	};
	char text[512];
	va_list args;

	if (chk->stop)
		return;
	chk->sum.findings++;
	if (chk->opts.max_findings && chk->sum.findings >= chk->opts.max_findings)
		chk->stop = true;
	if (!chk->opts.finding)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	finding.text = text;
	if (chk->opts.finding(chk->opts.ctx, &finding))
		xfs_check_cancel(chk);
}

void xfs_check_fail(struct xfs_check *chk, int error)
{
	if (!chk->error)
		chk->error = error;
	chk->stop = true;
}

void xfs_check_cancel(struct xfs_check *chk)
{
	/* Replaces an earlier error, which is not why the work ends. */
	chk->error = xfs_fail(-ECANCELED, "stopped by the caller");
	chk->cancelled = chk->stop = true;
}

void xfs_check_progress(struct xfs_check *chk, const char *phase, uint64_t done, uint64_t total)
{
	if (chk->opts.progress && !chk->stop &&
	    chk->opts.progress(chk->opts.ctx, phase, done, total))
		xfs_check_cancel(chk);
}

void *xfs_check_push(struct xfs_check *chk, struct xfs_check_vec *vec, size_t size)
{
	if (vec->n == vec->cap) {
		/* Grow by half: with ten million elements the unused part matters. */
		size_t cap = vec->cap ? vec->cap + vec->cap / 2 : 16;
		void *v = NULL;

		if (cap < SIZE_MAX / size)
			v = xfs_mem_realloc(&chk->mem, vec->v, cap * size);
		if (!v) {
			xfs_check_fail(chk, -ENOMEM);
			return NULL;
		}
		vec->v = v;
		vec->cap = cap;
	}
	return (char *)vec->v + size * vec->n++;
}

static uint64_t ino_of(const void *element)
{
	return *(const xfs_ino_t *)element;
}

static uint64_t u32_of(const void *element)
{
	return *(const uint32_t *)element;
}

static void *find(const struct xfs_check_vec *vec, size_t size, uint64_t key,
		  uint64_t (*key_of)(const void *element))
{
	uint8_t *v = vec->v;
	size_t lo = 0, hi = vec->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (key_of(v + mid * size) < key)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < vec->n && key_of(v + lo * size) == key ? v + lo * size : NULL;
}

void *xfs_check_find_ino(const struct xfs_check_vec *vec, size_t size, xfs_ino_t ino)
{
	return find(vec, size, ino, ino_of);
}

void *xfs_check_find_u32(const struct xfs_check_vec *vec, size_t size, uint32_t key)
{
	return find(vec, size, key, u32_of);
}

void xfs_check_vec_free(struct xfs_check *chk, struct xfs_check_vec *vec)
{
	xfs_mem_free(&chk->mem, vec->v);
	memset(vec, 0, sizeof(*vec));
}

static size_t set_slot(const struct xfs_check_set *set, uint64_t key)
{
	size_t i = (size_t)((key * 0x9e3779b97f4a7c15ull) >> 20) & (set->cap - 1);

	while (set->slot[i] != ~0ull && set->slot[i] != key)
		i = (i + 1) & (set->cap - 1);
	return i;
}

static bool set_grow(struct xfs_check *chk, struct xfs_check_set *set)
{
	struct xfs_check_set old = *set;
	size_t cap = old.cap ? old.cap * 2 : 64;

	set->slot = xfs_mem_alloc(&chk->mem, cap * sizeof(*set->slot));
	if (!set->slot) {
		*set = old;
		xfs_check_fail(chk, -ENOMEM);
		return false;
	}
	memset(set->slot, 0xff, cap * sizeof(*set->slot));
	set->cap = cap;
	for (size_t i = 0; i < old.cap; i++) {
		if (old.slot[i] != ~0ull)
			set->slot[set_slot(set, old.slot[i])] = old.slot[i];
	}
	xfs_mem_free(&chk->mem, old.slot);
	return true;
}

bool xfs_check_set_add(struct xfs_check *chk, struct xfs_check_set *set, uint64_t key)
{
	size_t i;

	if (set->n >= set->cap - set->cap / 4 && !set_grow(chk, set))
		return false;
	i = set_slot(set, key);
	if (set->slot[i] == key)
		return false;
	set->slot[i] = key;
	set->n++;
	return true;
}

void xfs_check_set_free(struct xfs_check *chk, struct xfs_check_set *set)
{
	xfs_mem_free(&chk->mem, set->slot);
	memset(set, 0, sizeof(*set));
}

void xfs_check_uuid(struct xfs_check *chk, struct xfs_check_place at, const xfs_uuid_t *uuid)
{
	if (!xfs_uuid_equal(uuid, &chk->g.meta_uuid))
		xfs_check_report(chk, at, "the UUID is not that of the file system");
}

void xfs_check_lsn(struct xfs_check *chk, struct xfs_check_place at, uint64_t lsn)
{
	if (chk->log_known && lsn >= chk->head_lsn)
		xfs_check_report(chk, at,
				 "LSN %u:%u is not behind the head of the log, which is at %u:%u",
				 (uint32_t)(lsn >> 32), (uint32_t)lsn,
				 (uint32_t)(chk->head_lsn >> 32), (uint32_t)chk->head_lsn);
}

bool xfs_check_zeros(const void *p, size_t len)
{
	const uint8_t *b = p;

	return len == 0 || (b[0] == 0 && memcmp(b, b + 1, len - 1) == 0);
}

static uint32_t rotl7(uint32_t x)
{
	return x << 7 | x >> 25;
}

uint32_t xfs_check_dahash(const uint8_t *name, size_t len)
{
	uint32_t hash = 0;

	for (size_t i = 0; i < len; i++)
		hash = name[i] ^ rotl7(hash);
	return hash;
}

/* ISO 8859-1 letters; 0xd7 and 0xdf are not letters. */
uint8_t xfs_check_fold(const struct xfs_check *chk, uint8_t c)
{
	if (chk->g.ascii_ci && ((c >= 0x41 && c <= 0x5a) || (c >= 0xc0 && c <= 0xde && c != 0xd7)))
		return (uint8_t)(c + 0x20);
	return c;
}

bool xfs_check_same_name(const struct xfs_check *chk, const uint8_t *a, const uint8_t *b,
			 size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (xfs_check_fold(chk, a[i]) != xfs_check_fold(chk, b[i]))
			return false;
	}
	return true;
}

uint32_t xfs_check_dirhash(const struct xfs_check *chk, const uint8_t *name, size_t len)
{
	uint32_t hash = 0;

	if (!chk->g.ascii_ci)
		return xfs_check_dahash(name, len);
	for (size_t i = 0; i < len; i++)
		hash = xfs_check_fold(chk, name[i]) ^ rotl7(hash);
	return hash;
}

struct xfs_check_name xfs_check_name(const uint8_t *name, size_t len)
{
	struct xfs_check_name out;
	size_t n = 0;

	for (size_t i = 0; i < len && i < 40; i++) {
		if (name[i] >= 0x20 && name[i] < 0x7f && name[i] != '\\')
			out.s[n++] = (char)name[i];
		else
			n += (size_t)snprintf(out.s + n, sizeof(out.s) - n, "\\%03o", name[i]);
	}
	memcpy(out.s + n, len > 40 ? "..." : "", len > 40 ? 4 : 1);
	return out;
}
