/* SPDX-License-Identifier: MIT */
/*
 * Short form: attributes packed in the inode behind a header of four bytes, in the order in which
 * they were added.  Names and values have at most 254 bytes.
 */
#include "attr/attr_priv.h"

#define HDR	((uint32_t)sizeof(struct xfs_attr_sf_hdr))

static inline struct xfs_attr_sf_hdr *sf_hdr(const struct xfs_inode *ip)
{
	return ip->i_af.if_data;
}

static void log_sf(struct xfs_trans *tp, struct xfs_inode *ip)
{
	xfs_trans_log_inode(tp, ip, XFS_ILOG_CORE | XFS_ILOG_ADATA);
}

struct xfs_attr_sf_entry *xfs_attr_sf_find(const struct xfs_attr_args *args)
{
	const struct xfs_attr_sf_hdr *hdr = sf_hdr(args->ip);
	struct xfs_attr_sf_entry *sfep = xfs_attr_sf_firstentry(hdr);

	for (unsigned int i = 0; i < hdr->count; i++, sfep = xfs_attr_sf_nextentry(sfep)) {
		if (xfs_attr_match(args, sfep->nameval, sfep->namelen, sfep->flags,
				   sfep->nameval + sfep->namelen, sfep->valuelen))
			return sfep;
	}
	return NULL;
}

uint32_t xfs_attr_sf_total(const struct xfs_attr_args *args, const struct xfs_attr_sf_entry *old)
{
	const struct xfs_inode *ip = args->ip;
	uint32_t bytes = ip->i_af.if_format == XFS_DINODE_FMT_LOCAL ? ip->i_af.if_bytes : HDR;

	bytes += xfs_attr_sf_entsize_byname(args->namelen, args->valuelen);
	return old ? bytes - xfs_attr_sf_entsize(old) : bytes;
}

int xfs_attr_sf_install(struct xfs_trans *tp, struct xfs_inode *ip, const void *buf, uint32_t len)
{
	int error;

	ASSERT(ip->i_af.if_nextents == 0);
	error = xfs_init_local_fork(ip, XFS_ATTR_FORK, buf, len);
	if (!error)
		log_sf(tp, ip);
	return error;
}

/* Remove the entry's bytes and update header and length. */
static void cut(struct xfs_inode *ip, struct xfs_attr_sf_entry *old)
{
	struct xfs_attr_sf_hdr *hdr = sf_hdr(ip);
	uint32_t size = xfs_attr_sf_entsize(old), bytes = be16_to_cpu(hdr->totsize);
	uint32_t off = (uint32_t)((char *)old - (char *)hdr);

	memmove(old, (char *)old + size, bytes - off - size);
	hdr->count--;
	hdr->totsize = cpu_to_be16((uint16_t)(bytes - size));
}

/* Append the attribute; the fork's memory is large enough. */
static void append(struct xfs_attr_args *args)
{
	struct xfs_inode *ip = args->ip;
	uint32_t size = xfs_attr_sf_entsize_byname(args->namelen, args->valuelen);
	struct xfs_attr_sf_hdr *hdr = sf_hdr(ip);
	uint32_t bytes = be16_to_cpu(hdr->totsize);
	struct xfs_attr_sf_entry *sfep = (struct xfs_attr_sf_entry *)((char *)hdr + bytes);

	sfep->namelen = (uint8_t)args->namelen;
	sfep->valuelen = (uint8_t)args->valuelen;
	sfep->flags = args->ns;
	memcpy(sfep->nameval, args->name, args->namelen);
	if (args->valuelen)
		memcpy(sfep->nameval + args->namelen, args->value, args->valuelen);
	hdr->count++;
	hdr->totsize = cpu_to_be16((uint16_t)(bytes + size));
	log_sf(args->tp, ip);
}

/* Allocate an empty fork with room for the attribute; it is not installed in @ip yet. */
static int make_first(struct xfs_attr_args *args, struct xfs_ifork *local)
{
	uint32_t bytes = HDR + xfs_attr_sf_entsize_byname(args->namelen, args->valuelen);
	uint8_t buf[HDR + 3 + 2 * XFS_ATTR_SF_ENTSIZE_MAX] = { 0 };

	put_be16((uint16_t)HDR, buf);
	return xfs_da_make_local(args->ip, XFS_ATTR_FORK, buf, bytes, local);
}

/* Create the fork with its first attribute: allocate memory before the fork changes. */
static int put_first(struct xfs_attr_args *args, uint8_t forkoff)
{
	struct xfs_inode *ip = args->ip;
	struct xfs_ifork local;
	int error;

	error = make_first(args, &local);
	if (error)
		return error;
	error = xfs_bmap_set_forkoff(args->tp, ip, forkoff);
	if (error) {
		xfs_free(ip->i_mount, local.if_data);
		return error;
	}
	ip->i_af = local;
	append(args);
	return 0;
}

int xfs_attr_sf_begin(struct xfs_attr_args *args, uint8_t forkoff, bool *put)
{
	struct xfs_inode *ip = args->ip;
	struct xfs_ifork local = { 0 };
	bool short_enough = xfs_attr_fits_sf(args->namelen, args->valuelen);
	int error;

	*put = false;
	error = short_enough ? make_first(args, &local) : 0;
	if (error)
		return error;
	error = xfs_bmap_set_forkoff(args->tp, ip, forkoff);
	if (!error && short_enough) {
		/* The data fork may have moved out of the inode to make room. */
		forkoff = xfs_bmap_forkoff_for(ip, xfs_attr_sf_total(args, NULL));
		*put = forkoff != 0;
	}
	if (!error && *put)
		error = xfs_bmap_set_forkoff(args->tp, ip, forkoff);
	if (error || !*put) {
		xfs_free(ip->i_mount, local.if_data);
		return error;
	}
	ip->i_af = local;
	append(args);
	return 0;
}

int xfs_attr_sf_put(struct xfs_attr_args *args, struct xfs_attr_sf_entry *old, uint8_t forkoff)
{
	int32_t grow = (int32_t)xfs_attr_sf_entsize_byname(args->namelen, args->valuelen);
	struct xfs_inode *ip = args->ip;
	uint32_t bytes = ip->i_af.if_bytes, old_off = 0;
	int error;

	if (ip->i_af.if_format != XFS_DINODE_FMT_LOCAL)
		return put_first(args, forkoff);
	if (old) {
		old_off = (uint32_t)((char *)old - (char *)sf_hdr(ip));
		grow -= (int32_t)xfs_attr_sf_entsize(old);
	}
	/* Memory first, then the border: if either fails, nothing has changed. */
	error = grow > 0 ? xfs_idata_realloc(ip, grow, XFS_ATTR_FORK) : 0;
	if (error)
		return error;
	error = xfs_bmap_set_forkoff(args->tp, ip, forkoff);
	if (error) {
		ip->i_af.if_bytes = bytes;
		return error;
	}
	if (old)
		cut(ip, (struct xfs_attr_sf_entry *)((char *)sf_hdr(ip) + old_off));
	append(args);
	/* Shrinking cannot fail. */
	return grow < 0 ? xfs_idata_realloc(ip, grow, XFS_ATTR_FORK) : 0;
}

int xfs_attr_sf_remove(struct xfs_attr_args *args, struct xfs_attr_sf_entry *old)
{
	struct xfs_inode *ip = args->ip;
	int32_t size = (int32_t)xfs_attr_sf_entsize(old);
	int error;

	if (sf_hdr(ip)->count == 1 && xfs_attr_fork_may_go(ip)) {
		xfs_idestroy_fork(ip, XFS_ATTR_FORK);
		xfs_ifork_init_empty(&ip->i_af);
		return xfs_attr_fork_remove(args->tp, ip);
	}
	cut(ip, old);
	error = xfs_idata_realloc(ip, -size, XFS_ATTR_FORK);
	log_sf(args->tp, ip);
	return error;
}
