/* SPDX-License-Identifier: MIT */
/* The model: the operations of a stream, and the hash of each state they lead to. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "crash/image.h"
#include "crash/model_priv.h"

static void *need(void *p)
{
	if (!p)
		abort();
	return p;
}

/* Room for one more behind @nr elements of @size bytes. */
static void *more(void *array, uint32_t nr, size_t size)
{
	if (nr & (nr - 1))
		return array;
	return need(realloc(array, (nr ? 2ull * nr : 1) * size));
}

/* ---- pieces of state -------------------------------------------------------- */

uint64_t model_hash(const void *data, size_t len)
{
	const uint8_t *p = data;
	uint64_t h = 0xcbf29ce484222325ull ^ len;

	for (; len >= 8; p += 8, len -= 8) {
		uint64_t word;

		memcpy(&word, p, 8);
		h = crash_mix(h ^ word);
	}
	for (; len; p++, len--)
		h = (h ^ *p) * 0x100000001b3ull;
	h = crash_mix(h);
	return h ? h : 1;
}

uint64_t model_hash_name(uint64_t dir_ino, uint32_t dir_gen, const char *name, uint64_t ino,
			 uint32_t gen)
{
	uint64_t parts[] = {1, dir_ino, dir_gen, model_hash(name, strlen(name)), ino, gen};

	return model_hash(parts, sizeof(parts));
}

uint64_t model_hash_node(const struct model_facts *facts)
{
	uint64_t parts[] = {2, facts->ino, facts->gen, facts->mode, facts->uid, facts->nlink,
			    facts->target};

	return model_hash(parts, sizeof(parts));
}

uint64_t model_hash_xattr(uint64_t ino, uint32_t gen, const char *name, uint64_t value)
{
	uint64_t parts[] = {3, ino, gen, model_hash(name, strlen(name)), value};

	return model_hash(parts, sizeof(parts));
}

static void toggle(struct model *m, uint64_t hash, char *text)
{
	if (m->nr_toggles == m->room_toggles) {
		m->room_toggles = m->room_toggles ? m->room_toggles * 2 : 256;
		m->toggles = need(realloc(m->toggles, m->room_toggles * sizeof(*m->toggles)));
	}
	m->toggles[m->nr_toggles++] = (struct toggle){.seq = m->now, .hash = hash, .text = text};
	m->state ^= hash;
}

static void toggle_name(struct model *m, const struct name *n)
{
	char text[400];

	snprintf(text, sizeof(text), "name %" PRIu64 "/%.80s -> %" PRIu64 ".%x", n->dir->ino,
		 n->name, n->node->ino, n->node->gen);
	toggle(m, model_hash_name(n->dir->ino, n->dir->gen, n->name, n->node->ino, n->node->gen),
	       need(strdup(text)));
}

static void toggle_xattr(struct model *m, const struct model_node *node,
			 const struct model_xattr *x)
{
	char text[400];

	snprintf(text, sizeof(text), "xattr %" PRIu64 " %.80s = %" PRIx64, node->ino, x->name,
		 x->value);
	toggle(m, model_hash_xattr(node->ino, node->gen, x->name, x->value), need(strdup(text)));
}

static void toggle_node(struct model *m, const struct model_node *node)
{
	struct model_facts facts = {
		.ino = node->ino, .gen = node->gen, .mode = node->mode, .uid = node->uid,
		.nlink = node->nlink, .target = node->target,
	};
	char text[200];

	if (!node->nlink)
		return;
	snprintf(text, sizeof(text), "node %" PRIu64 ".%x mode %o uid %u nlink %u", node->ino,
		 node->gen, node->mode, node->uid, node->nlink);
	toggle(m, model_hash_node(&facts), need(strdup(text)));
}

/* An object without a name is not part of the tree, nor are its attributes. */
static void set_nlink(struct model *m, struct model_node *node, uint32_t nlink)
{
	bool was = node->nlink, is = nlink;

	toggle_node(m, node);
	node->nlink = nlink;
	toggle_node(m, node);
	for (struct model_xattr *x = node->xattrs; x && was != is; x = x->next)
		toggle_xattr(m, node, x);
	node->touched = node->written = m->now;
}

/* ---- operations --------------------------------------------------------------- */

struct model *model_new(uint32_t blocksize)
{
	struct model *m = need(calloc(1, sizeof(*m)));

	m->blocksize = blocksize;
	m->room = 1024;
	m->ops = need(calloc(m->room, sizeof(*m->ops)));
	return m;
}

static void free_node(struct model_node *node)
{
	while (node->xattrs) {
		struct model_xattr *x = node->xattrs;

		node->xattrs = x->next;
		free(x->name);
		free(x);
	}
	for (uint64_t i = 0; i < node->nr_sectors; i++)
		free(node->sectors[i].versions);
	free(node->sectors);
	free(node->sizes);
	free(node->cuts);
	free(node->times);
	free(node->promises);
	free(node);
}

void model_free(struct model *m)
{
	while (m->nodes) {
		struct model_node *node = m->nodes;

		m->nodes = node->next;
		free_node(node);
	}
	for (uint32_t i = 0; i < m->nr_names; i++)
		free(m->names[i].name);
	for (uint32_t i = 0; i < m->nr_toggles; i++)
		free(m->toggles[i].text);
	free(m->names);
	free(m->toggles);
	free(m->promises);
	free(m->ops);
	free(m);
}

uint32_t model_now(const struct model *m)
{
	return m->now;
}

uint32_t model_begin(struct model *m, uint32_t mark)
{
	if (++m->now == m->room) {
		m->room *= 2;
		m->ops = need(realloc(m->ops, m->room * sizeof(*m->ops)));
	}
	m->ops[m->now] = (struct op){.began = mark, .state = m->state};
	return m->now;
}

void model_end(struct model *m)
{
	m->ops[m->now].state = m->state;
}

static void add_size(struct model *m, struct model_node *node, uint64_t size, bool logged)
{
	node->sizes = more(node->sizes, node->nr_sizes, sizeof(*node->sizes));
	node->sizes[node->nr_sizes++] =
		(struct model_size){.seq = m->now, .size = size, .logged = logged};
	node->size = size;
}

struct model_node *model_node(struct model *m, uint64_t ino, uint32_t gen, uint32_t mode,
			      uint32_t uid, uint64_t target)
{
	struct model_node *node = need(calloc(1, sizeof(*node)));

	node->ino = ino;
	node->gen = gen;
	node->id = ++m->nr_nodes;
	node->mode = mode;
	node->uid = uid;
	node->target = target;
	node->next = m->nodes;
	m->nodes = node;
	add_size(m, node, 0, true);
	if (S_ISDIR(mode))
		set_nlink(m, node, 2);
	node->touched = node->written = m->now;
	return node;
}

struct model_node *model_find(const struct model *m, uint64_t ino, uint32_t gen)
{
	struct model_node *node = m->nodes;

	while (node && (node->ino != ino || node->gen != gen))
		node = node->next;
	return node;
}

struct model_node *model_nodes(const struct model *m)
{
	return m->nodes;
}

void model_set_root(struct model *m, struct model_node *root)
{
	m->root = root;
	m->ops[m->now].state = m->state;
}

void model_add_name(struct model *m, struct model_node *dir, const char *name,
		    struct model_node *node)
{
	struct name *n;

	if (m->nr_names == m->room_names) {
		m->room_names = m->room_names ? m->room_names * 2 : 64;
		m->names = need(realloc(m->names, m->room_names * sizeof(*m->names)));
	}
	n = &m->names[m->nr_names++];
	*n = (struct name){.dir = dir, .node = node, .name = need(strdup(name))};
	toggle_name(m, n);
	if (S_ISDIR(node->mode))
		set_nlink(m, dir, dir->nlink + 1);
	else
		set_nlink(m, node, node->nlink + 1);
	dir->touched = dir->written = m->now;
	node->touched = node->written = m->now;
}

static struct name *find_name(const struct model *m, const struct model_node *dir,
			      const char *name)
{
	for (uint32_t i = 0; i < m->nr_names; i++)
		if (m->names[i].dir == dir && strcmp(m->names[i].name, name) == 0)
			return &m->names[i];
	return NULL;
}

/* The object keeps its links when the name only moves: the caller adds the other name first. */
struct model_node *model_remove_name(struct model *m, struct model_node *dir, const char *name)
{
	struct name *n = find_name(m, dir, name);
	struct model_node *node;

	if (!n)
		return NULL;
	node = n->node;
	toggle_name(m, n);
	free(n->name);
	*n = m->names[--m->nr_names];
	if (S_ISDIR(node->mode)) {
		bool moved = false;

		for (uint32_t i = 0; i < m->nr_names; i++)
			moved = moved || m->names[i].node == node;
		set_nlink(m, dir, dir->nlink - 1);
		if (!moved)
			set_nlink(m, node, 0);
	} else {
		set_nlink(m, node, node->nlink - 1);
	}
	dir->touched = dir->written = m->now;
	node->touched = node->written = m->now;
	return node;
}

struct model_node *model_lookup(const struct model *m, const struct model_node *dir,
				const char *name)
{
	struct name *n = find_name(m, dir, name);

	return n ? n->node : NULL;
}

const char *model_name(const struct model *m, const struct model_node *dir, uint32_t which,
		       struct model_node **nodep)
{
	for (uint32_t i = 0; i < m->nr_names; i++) {
		if (m->names[i].dir != dir || which--)
			continue;
		if (nodep)
			*nodep = m->names[i].node;
		return m->names[i].name;
	}
	return NULL;
}

uint32_t model_count_names(const struct model *m, const struct model_node *dir)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < m->nr_names; i++)
		count += m->names[i].dir == dir;
	return count;
}

void model_set_mode(struct model *m, struct model_node *node, uint32_t mode)
{
	toggle_node(m, node);
	node->mode = mode;
	toggle_node(m, node);
	node->touched = node->written = m->now;
}

void model_set_xattr(struct model *m, struct model_node *node, const char *name, uint64_t value)
{
	struct model_xattr **link = &node->xattrs, *x;

	while (*link && strcmp((*link)->name, name) != 0)
		link = &(*link)->next;
	x = *link;
	node->touched = node->written = m->now;
	if (x && node->nlink)
		toggle_xattr(m, node, x);
	if (x && !value) {
		*link = x->next;
		free(x->name);
		free(x);
	}
	if (!value)
		return;
	if (!x) {
		x = need(calloc(1, sizeof(*x)));
		x->name = need(strdup(name));
		*link = x;
	}
	x->value = value;
	if (node->nlink)
		toggle_xattr(m, node, x);
}

bool model_has_xattr(const struct model_node *node, const char *name)
{
	for (const struct model_xattr *x = node->xattrs; x; x = x->next)
		if (strcmp(x->name, name) == 0)
			return true;
	return false;
}

/* ---- contents ------------------------------------------------------------------ */

static uint64_t pattern_word(uint32_t id, uint32_t seq, uint64_t offset)
{
	return 0x5aull << 56 | (uint64_t)(id & 0x3fff) << 42 | (uint64_t)(seq & 0x3ffff) << 24 |
	       (offset / 8 & 0xffffff);
}

void model_pattern(uint32_t id, uint32_t seq, uint64_t offset, uint8_t *data, size_t len)
{
	while (len) {
		uint64_t word = pattern_word(id, seq, offset);
		size_t skip = offset % 8, step = len < 8 - skip ? len : 8 - skip;

		memcpy(data, (const uint8_t *)&word + skip, step);
		data += step;
		offset += step;
		len -= step;
	}
}

static const struct model_version *newest(const struct model_node *node, uint64_t sector)
{
	if (sector >= node->nr_sectors || !node->sectors[sector].nr)
		return NULL;
	return &node->sectors[sector].versions[node->sectors[sector].nr - 1];
}

/* The version of this operation, a copy of the newest to begin with. */
static uint8_t *new_version(struct model *m, struct model_node *node, uint64_t sector)
{
	const struct model_version *old = newest(node, sector);
	uint8_t data[MODEL_SECTOR] = {0};
	struct model_version *v;
	struct model_sector *s;

	if (old)
		memcpy(data, old->data, MODEL_SECTOR);
	if (sector >= node->nr_sectors) {
		uint64_t nr = sector + 16;

		node->sectors = need(realloc(node->sectors, nr * sizeof(*node->sectors)));
		memset(node->sectors + node->nr_sectors, 0,
		       (nr - node->nr_sectors) * sizeof(*node->sectors));
		node->nr_sectors = nr;
	}
	s = &node->sectors[sector];
	s->versions = more(s->versions, s->nr, sizeof(*s->versions));
	v = &s->versions[s->nr++];
	v->seq = m->now;
	memcpy(v->data, data, MODEL_SECTOR);
	return v->data;
}

static void put_bytes(struct model *m, struct model_node *node, uint64_t offset, const uint8_t *data,
		      uint64_t len)
{
	while (len) {
		uint64_t skip = offset % MODEL_SECTOR;
		uint64_t step = MODEL_SECTOR - skip < len ? MODEL_SECTOR - skip : len;

		memcpy(new_version(m, node, offset / MODEL_SECTOR) + skip, data, step);
		data += step;
		offset += step;
		len -= step;
	}
	node->written = m->now;
}

void model_write(struct model *m, struct model_node *node, uint64_t offset, const uint8_t *data,
		 uint64_t len)
{
	uint64_t end = offset + len;

	put_bytes(m, node, offset, data, len);
	if (end <= node->size)
		return;
	add_size(m, node, end, false);
	node->touched = m->now;
}

static void add_cut(struct model *m, struct model_node *node, uint64_t from, uint64_t to)
{
	node->cuts = more(node->cuts, node->nr_cuts, sizeof(*node->cuts));
	node->cuts[node->nr_cuts++] = (struct model_cut){.seq = m->now, .from = from, .to = to};
}

void model_truncate(struct model *m, struct model_node *node, uint64_t size)
{
	uint64_t first = size / MODEL_SECTOR, skip = size % MODEL_SECTOR;

	m->ops[m->now].boundary = true;
	node->touched = node->written = m->now;
	if (size < node->size) {
		add_cut(m, node, size, UINT64_MAX);
		for (uint64_t i = first; i < node->nr_sectors; i++) {
			uint64_t keep = i == first ? skip : 0;

			if (newest(node, i))
				memset(new_version(m, node, i) + keep, 0, MODEL_SECTOR - keep);
		}
	}
	add_size(m, node, size, true);
}

void model_zero(struct model *m, struct model_node *node, uint64_t offset, uint64_t len)
{
	uint8_t *zeros;

	if (offset >= node->size)
		return;
	len = len < node->size - offset ? len : node->size - offset;
	zeros = need(calloc(1, len));
	put_bytes(m, node, offset, zeros, len);
	free(zeros);
}

void model_move(struct model *m, struct model_node *node, uint64_t offset, uint64_t len, bool up)
{
	uint64_t old = node->size, size = up ? old + len : old - len;
	uint8_t *now = need(calloc(1, old + len)), *next = need(calloc(1, old + len));

	for (uint64_t at = 0; at < old; at += MODEL_SECTOR) {
		const struct model_version *v = newest(node, at / MODEL_SECTOR);

		if (v)
			memcpy(now + at, v->data, MODEL_SECTOR < old - at ? MODEL_SECTOR : old - at);
	}
	if (up)
		memcpy(next + offset + len, now + offset, old - offset);
	else
		memcpy(next + offset, now + offset + len, size - offset);
	put_bytes(m, node, offset, next + offset, size - offset);
	free(now);
	free(next);
	/*
	 * Neither is what was there seen after it, nor what moved there before.  All that is cut has
	 * a version of this operation; what is behind a shorter end gets it below.
	 */
	for (uint64_t i = (size + MODEL_SECTOR - 1) / MODEL_SECTOR; up && i < node->nr_sectors; i++)
		if (newest(node, i))
			new_version(m, node, i);
	add_cut(m, node, offset, UINT64_MAX);
	model_truncate(m, node, size);
}

/* What is to stand in [@offset, +@len): contents of a file, zeros behind its end. */
static uint8_t *contents(const struct model_node *node, uint64_t offset, uint64_t len)
{
	uint8_t *data = need(calloc(1, len + 1));

	for (uint64_t at = 0; at < len; at += MODEL_SECTOR) {
		const struct model_version *v = newest(node, (offset + at) / MODEL_SECTOR);

		if (v && offset + at < node->size)
			memcpy(data + at, v->data, MODEL_SECTOR < len - at ? MODEL_SECTOR : len - at);
	}
	return data;
}

void model_exchange(struct model *m, struct model_node *a, struct model_node *b, uint64_t offset,
		    uint64_t len, bool sizes)
{
	uint64_t size_a = a->size, size_b = b->size;
	uint8_t *data_a, *data_b;

	if (sizes)
		len = (size_a > size_b ? size_a : size_b) - offset;
	data_a = contents(a, offset, len);
	data_b = contents(b, offset, len);
	put_bytes(m, a, offset, data_b, len);
	put_bytes(m, b, offset, data_a, len);
	free(data_a);
	free(data_b);
	add_cut(m, a, offset, sizes ? UINT64_MAX : offset + len);
	add_cut(m, b, offset, sizes ? UINT64_MAX : offset + len);
	m->ops[m->now].boundary = true;
	a->touched = b->touched = m->now;
	if (!sizes)
		return;
	add_size(m, a, size_b, true);
	add_size(m, b, size_a, true);
}

void model_adopt(struct model *m, struct model_node *node, const uint8_t *data, uint64_t size)
{
	if (size)
		model_write(m, node, 0, data, size);
	node->sizes[0].size = size;
	node->nr_sizes = 1;
}

bool model_reads(const struct model_node *node, uint64_t offset, const uint8_t *data, size_t len)
{
	static const uint8_t zeros[MODEL_SECTOR];

	while (len) {
		uint64_t skip = offset % MODEL_SECTOR;
		size_t step = MODEL_SECTOR - skip < len ? MODEL_SECTOR - skip : len;
		const struct model_version *v = newest(node, offset / MODEL_SECTOR);

		if (memcmp(data, (v ? v->data : zeros) + skip, step) != 0)
			return false;
		data += step;
		offset += step;
		len -= step;
	}
	return true;
}

void model_set_times(struct model *m, struct model_node *node, uint64_t began, uint64_t mtime,
		     uint64_t ctime)
{
	node->times = more(node->times, node->nr_times, sizeof(*node->times));
	node->times[node->nr_times++] =
		(struct model_times){.seq = m->now, .began = began, .mtime = mtime, .ctime = ctime};
}

/* ---- promises -------------------------------------------------------------------- */

void model_promise(struct model *m, struct model_node *node, bool data_only, uint32_t mark)
{
	node->promises = more(node->promises, node->nr_promises, sizeof(*node->promises));
	node->promises[node->nr_promises++] = (struct model_promise){
		.seq = m->now, .low = data_only ? node->touched : node->written, .mark = mark,
		.data_only = data_only,
	};
	m->promises = more(m->promises, m->nr_promises, sizeof(*m->promises));
	m->promises[m->nr_promises++] = node->promises[node->nr_promises - 1];
}

void model_promise_all(struct model *m, uint32_t mark)
{
	for (struct model_node *node = m->nodes; node; node = node->next)
		model_promise(m, node, false, mark);
	m->promises[m->nr_promises - 1].low = m->now;
}

void model_bounds(const struct model *m, uint32_t mark, uint32_t *low, uint32_t *high)
{
	*low = 0;
	for (uint32_t i = 0; i < m->nr_promises; i++)
		if (m->promises[i].mark <= mark && m->promises[i].low > *low)
			*low = m->promises[i].low;
	*high = m->now;
	while (*high && m->ops[*high].began >= mark)
		--*high;
	if (*high < *low)
		*high = *low;
}
