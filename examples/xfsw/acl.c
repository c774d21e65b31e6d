/* SPDX-License-Identifier: MIT */
/* An ACL as the bytes of its extended attribute. */
#include <stdlib.h>
#include "xfsw/acl.h"

static unsigned char *put_le(unsigned char *out, uint32_t value, unsigned int bytes)
{
	while (bytes--) {
		*out++ = (unsigned char)value;
		value >>= 8;
	}
	return out;
}

static int compare(const void *a, const void *b)
{
	const struct acl_entry *left = a, *right = b;

	if (left->tag != right->tag)
		return left->tag < right->tag ? -1 : 1;
	return left->id < right->id ? -1 : left->id > right->id;
}

size_t acl_encode(struct acl_entry *entries, size_t n, unsigned char *value)
{
	unsigned char *out = put_le(value, 2, 4);	/* the version */

	qsort(entries, n, sizeof(*entries), compare);
	for (size_t i = 0; i < n; i++) {
		out = put_le(out, entries[i].tag, 2);
		out = put_le(out, entries[i].perm, 2);
		out = put_le(out, entries[i].id, 4);
	}
	return (size_t)(out - value);
}
