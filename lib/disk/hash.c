/* SPDX-License-Identifier: MIT */
/*
 * Name hashes.  For each byte the hash is rotated left by 7 and the byte is xored in; for four
 * bytes the rotations add up to 28, which the fast loop uses.
 */
#include "disk/attr.h"
#include "disk/dir.h"

static inline uint32_t rotl32(uint32_t x, unsigned int n)
{
	return x << n | x >> (32 - n);
}

xfs_dahash_t xfs_da_hashname(const uint8_t *name, size_t len)
{
	uint32_t hash = 0;

	for (; len >= 4; len -= 4, name += 4)
		hash = (uint32_t)name[0] << 21 ^ (uint32_t)name[1] << 14 ^
		       (uint32_t)name[2] << 7 ^ name[3] ^ rotl32(hash, 28);
	for (; len; len--, name++)
		hash = *name ^ rotl32(hash, 7);
	return hash;
}

/* Upper case letters of ISO 8859-1, even if they are bytes of UTF-8 sequences. */
static inline uint8_t ci_lower(uint8_t c)
{
	if ((c >= 0x41 && c <= 0x5a) || (c >= 0xc0 && c <= 0xd6) || (c >= 0xd8 && c <= 0xde))
		return (uint8_t)(c + 0x20);
	return c;
}

xfs_dahash_t xfs_ascii_ci_hashname(const uint8_t *name, size_t len)
{
	uint32_t hash = 0;

	for (size_t i = 0; i < len; i++)
		hash = ci_lower(name[i]) ^ rotl32(hash, 7);
	return hash;
}

bool xfs_ascii_ci_equal(const uint8_t *a, const uint8_t *b, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (a[i] != b[i] && ci_lower(a[i]) != ci_lower(b[i]))
			return false;
	return true;
}

xfs_dahash_t xfs_dir2_hashname(const struct xfs_geometry *geo, const uint8_t *name, size_t len)
{
	return unlikely(xfs_has_asciici(geo)) ? xfs_ascii_ci_hashname(name, len)
					      : xfs_da_hashname(name, len);
}

xfs_dahash_t xfs_parent_hashval(const struct xfs_geometry *geo, const uint8_t *name, size_t len,
				xfs_ino_t parent_ino)
{
	return xfs_dir2_hashname(geo, name, len) ^ (uint32_t)(parent_ino >> 32) ^
	       (uint32_t)parent_ino;
}

xfs_dahash_t xfs_attr_hashval(const struct xfs_geometry *geo, unsigned int flags,
			      const uint8_t *name, size_t len, const void *value, size_t valuelen)
{
	const struct xfs_parent_rec *rec = value;

	if ((flags & XFS_ATTR_PARENT) && value && valuelen == sizeof(*rec))
		return xfs_parent_hashval(geo, name, len, be64_to_cpu(rec->p_ino));
	return xfs_da_hashname(name, len);
}

bool xfs_dir2_namecheck(const void *name, size_t len)
{
	return len > 0 && len <= XFS_NAME_LEN_MAX && !memchr(name, '/', len) &&
	       !memchr(name, 0, len);
}

bool xfs_dir2_name_is_dots(const void *name, size_t len)
{
	return (len == 1 || len == 2) && memcmp(name, "..", len) == 0;
}

bool xfs_dir2_entry_namecheck(xfs_dir2_db_t db, unsigned int offset, const void *name, size_t len)
{
	if (db == 0 && offset == XFS_DIR3_DATA_DOT_OFFSET)
		return len == 1 && memcmp(name, ".", 1) == 0;
	if (db == 0 && offset == XFS_DIR3_DATA_DOTDOT_OFFSET)
		return len == 2 && memcmp(name, "..", 2) == 0;
	return xfs_dir2_namecheck(name, len) && !xfs_dir2_name_is_dots(name, len);
}

bool xfs_attr_namecheck(unsigned int flags, const void *name, size_t len)
{
	/* The name of a parent pointer is that of a directory entry. */
	if (flags & XFS_ATTR_PARENT)
		return xfs_dir2_namecheck(name, len) && !xfs_dir2_name_is_dots(name, len);
	return len > 0 && len <= XFS_NAME_LEN_MAX && !memchr(name, 0, len);
}
