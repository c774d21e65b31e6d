/* SPDX-License-Identifier: MIT */
/* Whether a model allows what was found, and how that differs from what it would. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "crash/image.h"
#include "crash/model_priv.h"

static void *need(void *p)
{
	if (!p)
		abort();
	return p;
}

struct verdict {
	const struct model *m;
	uint32_t mark, at, high;	/* names are as after @at; nothing begun after @high */
	char *why;
	size_t why_size;
};

uint32_t model_promised(const struct model_node *node, uint32_t mark)
{
	uint32_t seq = 0;

	for (uint32_t i = 0; i < node->nr_promises; i++)
		if (node->promises[i].mark <= mark && node->promises[i].seq > seq)
			seq = node->promises[i].seq;
	return seq;
}

/*
 * Whether the operation after these names is a truncation that makes the file longer, and @size what
 * it has on the way: the zeros behind the old end, up to the end of its block, are written before
 * the new size is.
 */
static bool is_growing(const struct verdict *v, const struct model_node *node, uint64_t size)
{
	for (uint32_t i = 1; i < node->nr_sizes; i++) {
		const struct model_size *to = &node->sizes[i];

		if (to->seq == v->at + 1 && to->seq <= v->high && to->logged && size < to->size)
			return size > to[-1].size && size - to[-1].size < v->m->blocksize &&
			       size % v->m->blocksize == 0;
	}
	return false;
}

static bool size_allowed(const struct verdict *v, const struct model_node *node, uint32_t ack,
			 uint64_t size)
{
	uint32_t base = 0;
	uint64_t max;

	for (uint32_t i = 0; i < node->nr_sizes; i++)
		if (node->sizes[i].seq <= ack || (node->sizes[i].logged &&
						  node->sizes[i].seq <= v->at))
			base = i;
	max = node->sizes[base].size;
	if (size == max)
		return true;
	for (uint32_t i = base + 1; i < node->nr_sizes && node->sizes[i].seq <= v->at; i++) {
		if (size == node->sizes[i].size)
			return true;
		max = node->sizes[i].size;
	}
	/* A long write, or two of them, may have gone out in pieces. */
	if (size > node->sizes[base].size && size < max && size % v->m->blocksize == 0)
		return true;
	if (is_growing(v, node, size))
		return true;
	snprintf(v->why, v->why_size,
		 "inode %" PRIu64 " has size %" PRIu64 ", not between %" PRIu64
		 " (operation %u) and %" PRIu64 ", with names as after operation %u",
		 node->ino, size, node->sizes[base].size, node->sizes[base].seq, max, v->at);
	return false;
}

/*
 * Whether a truncation of this sector lies between what was written and the state found.  The
 * block that the new end lies in stays the file's: it is zeroed and written in place, perhaps
 * before the truncation is durable.
 */
static bool cut_between(const struct verdict *v, const struct model_node *node, uint64_t sector,
			uint32_t written)
{
	for (uint32_t i = 0; i < node->nr_cuts; i++) {
		const struct model_cut *cut = &node->cuts[i];
		uint64_t bs = v->m->blocksize, from = cut->from;

		if (written > v->at)
			from = (from + bs - 1) / bs * bs;
		if (cut->seq > (written < v->at ? written : v->at) &&
		    cut->seq <= (written < v->at ? v->at : written) &&
		    from < (sector + 1) * MODEL_SECTOR && sector * MODEL_SECTOR < cut->to)
			return true;
	}
	return false;
}

static void tell_sector(const struct verdict *v, const struct model_node *node, uint64_t sector,
			const uint8_t *data, uint32_t ack)
{
	char what[120] = "bytes that nobody wrote";
	uint64_t word;

	memcpy(&word, data, sizeof(word));
	if (word >> 56 == 0x5a)
		snprintf(what, sizeof(what),
			 "what operation %" PRIu64 " wrote to node %" PRIu64 " at %" PRIu64,
			 word >> 24 & 0x3ffff, word >> 42 & 0x3fff, (word & 0xffffff) * 8);
	else if (data[0] == CRASH_POISON && data[1] == CRASH_POISON)
		snprintf(what, sizeof(what), "poison: blocks never written");
	else if (!word)
		snprintf(what, sizeof(what), "zeros");
	snprintf(v->why, v->why_size,
		 "inode %" PRIu64 " (node %u), offset %" PRIu64 ": %s; promised is operation %u, "
		 "names are as after operation %u, operation %u had begun",
		 node->ino, node->id, sector * MODEL_SECTOR, what, ack, v->at, v->high);
}

static bool sector_allowed(const struct verdict *v, const struct model_node *node, uint64_t sector,
			   const uint8_t *data, size_t len, uint32_t ack)
{
	static const uint8_t zeros[MODEL_SECTOR];
	const struct model_sector *s = sector < node->nr_sectors ? &node->sectors[sector] : NULL;
	uint32_t first = 0, nr = s ? s->nr : 0;

	while (first < nr && s->versions[first].seq <= ack)
		first++;
	/* Nothing was promised yet: it may still be the hole it was. */
	if (!first && memcmp(data, zeros, len) == 0)
		return true;
	for (uint32_t i = first ? first - 1 : 0; i < nr; i++) {
		const struct model_version *version = &s->versions[i];

		if (version->seq > v->high)
			break;
		if (memcmp(version->data, data, len) == 0 &&
		    !cut_between(v, node, sector, version->seq))
			return true;
	}
	tell_sector(v, node, sector, data, ack);
	return false;
}

static bool time_fits(uint64_t found, uint64_t began, uint64_t told)
{
	return found == told || (found >= began && found < told);
}

/* Times are in the inode, which is logged whole: those of one operation or of another. */
static bool times_allowed(const struct verdict *v, const struct model_node *node,
			  const struct model_found *found)
{
	uint32_t ack = 0, first = 0;

	for (uint32_t i = 0; i < node->nr_promises; i++)
		if (node->promises[i].mark <= v->mark && !node->promises[i].data_only)
			ack = node->promises[i].seq > ack ? node->promises[i].seq : ack;
	while (first + 1 < node->nr_times && node->times[first + 1].seq <= ack)
		first++;
	for (uint32_t i = first; i < node->nr_times && node->times[i].seq <= v->high; i++)
		if (time_fits(found->mtime, node->times[i].began, node->times[i].mtime) &&
		    time_fits(found->ctime, node->times[i].began, node->times[i].ctime))
			return true;
	snprintf(v->why, v->why_size,
		 "inode %" PRIu64 " has mtime ...%" PRIu64 " and ctime ...%" PRIu64
		 " ns; promised is operation %u, names are as after operation %u", node->ino,
		 found->mtime % 1000000000, found->ctime % 1000000000, ack, v->at);
	return false;
}

static bool file_allowed(const struct verdict *v, const struct model_found *found)
{
	const struct model_node *node = model_find(v->m, found->ino, found->gen);
	uint32_t ack;

	if (!node) {
		snprintf(v->why, v->why_size, "inode %" PRIu64 " is not known", found->ino);
		return false;
	}
	ack = model_promised(node, v->mark);
	if (!size_allowed(v, node, ack, found->size))
		return false;
	if (found->mtime && !times_allowed(v, node, found))
		return false;
	for (uint64_t at = 0; at < found->size; at += MODEL_SECTOR) {
		uint64_t left = found->size - at;

		if (!sector_allowed(v, node, at / MODEL_SECTOR, found->data + at,
				    left < MODEL_SECTOR ? left : MODEL_SECTOR, ack))
			return false;
	}
	return true;
}

bool model_allows(struct model *m, uint32_t mark, uint64_t state, const struct model_found *files,
		  uint32_t nr_files, char *why, size_t why_size)
{
	struct verdict v = {.m = m, .mark = mark, .why = why, .why_size = why_size};
	bool tried = false;
	uint32_t low;

	model_bounds(m, mark, &low, &v.high);
	snprintf(why, why_size, "no state between operations %u and %u has these names", low,
		 v.high);
	for (v.at = v.high;; v.at--) {
		bool ok = m->ops[v.at].state == state && !tried;

		for (uint32_t i = 0; i < nr_files && ok; i++)
			ok = file_allowed(&v, &files[i]);
		if (ok)
			return true;
		/* Of operations that leave no trace but in files only the last need be tried. */
		tried = m->ops[v.at].state == state && !m->ops[v.at].boundary;
		if (v.at == low)
			return false;
	}
}

/* ---- explanation ----------------------------------------------------------------------- */

static int compare_pieces(const void *a, const void *b)
{
	const struct model_piece *x = a, *y = b;

	return (x->hash > y->hash) - (x->hash < y->hash);
}

/* The state after @seq as sorted pieces; a piece that came and went is not in it. */
static struct model_piece *pieces_at(const struct model *m, uint32_t seq, uint32_t *nr)
{
	struct model_piece *pieces = need(calloc(m->nr_toggles + 1ull, sizeof(*pieces)));
	uint32_t n = 0, out = 0;

	for (uint32_t i = 0; i < m->nr_toggles && m->toggles[i].seq <= seq; i++)
		pieces[n++] = (struct model_piece){m->toggles[i].hash, m->toggles[i].text};
	qsort(pieces, n, sizeof(*pieces), compare_pieces);
	for (uint32_t i = 0; i < n;) {
		uint32_t same = 1;

		while (i + same < n && pieces[i + same].hash == pieces[i].hash)
			same++;
		if (same % 2)
			pieces[out++] = pieces[i];
		i += same;
	}
	*nr = out;
	return pieces;
}

/* Number of pieces that are in only one of both; printed if @print. */
static uint32_t difference(const struct model_piece *a, uint32_t nr_a,
			   const struct model_piece *b, uint32_t nr_b, bool print)
{
	uint32_t i = 0, j = 0, n = 0;

	while (i < nr_a || j < nr_b) {
		bool only_a = j == nr_b || (i < nr_a && a[i].hash < b[j].hash);
		bool only_b = i == nr_a || (j < nr_b && b[j].hash < a[i].hash);

		n += only_a || only_b;
		if (print && n < 20 && only_a)
			fprintf(stderr, "    missing: %s\n", a[i].text);
		if (print && n < 20 && only_b)
			fprintf(stderr, "    too much: %s\n", b[j].text);
		i += !only_b;
		j += !only_a;
	}
	return n;
}

void model_explain(const struct model *m, uint32_t mark, const struct model_piece *found,
		   uint32_t nr_found)
{
	struct model_piece *sorted = need(calloc(nr_found + 1ull, sizeof(*sorted)));
	uint32_t low, high, best = 0, fewest = UINT32_MAX, nr;
	struct model_piece *want;

	if (nr_found)
		memcpy(sorted, found, nr_found * sizeof(*sorted));
	qsort(sorted, nr_found, sizeof(*sorted), compare_pieces);
	model_bounds(m, mark, &low, &high);
	for (uint32_t at = 0; at <= m->now; at++) {
		uint32_t n;

		want = pieces_at(m, at, &nr);
		n = difference(want, nr, sorted, nr_found, false);
		free(want);
		if (n < fewest || (n == fewest && at <= high)) {
			fewest = n;
			best = at;
		}
	}
	fprintf(stderr, "  nearest state: after operation %u (allowed: %u to %u), %u differences\n",
		best, low, high, fewest);
	want = pieces_at(m, best, &nr);
	difference(want, nr, sorted, nr_found, true);
	free(want);
	free(sorted);
}
