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

/* The entry's bytes go; header and length are right again. */
static void cut(struct xfs_inode *ip, struct xfs_attr_sf_entry *old)
{
	struct xfs_attr_sf_hdr *hdr = sf_hdr(ip);
	uint32_t size = xfs_attr_sf_entsize(old), bytes = ip->i_af.if_bytes;
	uint32_t off = (uint32_t)((char *)old - (char *)hdr);

	memmove(old, (char *)old + size, bytes - off - size);
	hdr->count--;
	hdr->totsize = cpu_to_be16((uint16_t)(bytes - size));
}

int xfs_attr_sf_put(struct xfs_attr_args *args, struct xfs_attr_sf_entry *old)
{
	struct xfs_inode *ip = args->ip;
	uint32_t size = xfs_attr_sf_entsize_byname(args->namelen, args->valuelen), bytes;
	struct xfs_attr_sf_entry *sfep;
	struct xfs_attr_sf_hdr *hdr;
	int error;

	if (ip->i_af.if_format != XFS_DINODE_FMT_LOCAL) {
		const struct xfs_attr_sf_hdr empty = { .totsize = cpu_to_be16(HDR) };

		error = xfs_init_local_fork(ip, XFS_ATTR_FORK, &empty, HDR);
		if (error)
			return error;
	}
	bytes = ip->i_af.if_bytes;
	if (old) {
		uint32_t off = (uint32_t)((char *)old - (char *)sf_hdr(ip));
		uint32_t old_size = xfs_attr_sf_entsize(old);

		/* Room first: nothing is lost when there is no memory. */
		if (size > old_size) {
			error = xfs_idata_realloc(ip, (int32_t)(size - old_size), XFS_ATTR_FORK);
			if (error)
				return error;
			ip->i_af.if_bytes = bytes;
		}
		cut(ip, (struct xfs_attr_sf_entry *)((char *)sf_hdr(ip) + off));
		bytes -= old_size;
	}
	error = xfs_idata_realloc(ip, (int32_t)(bytes + size) - (int32_t)ip->i_af.if_bytes,
				  XFS_ATTR_FORK);
	if (error)
		return error;
	hdr = sf_hdr(ip);
	sfep = (struct xfs_attr_sf_entry *)((char *)hdr + bytes);
	sfep->namelen = (uint8_t)args->namelen;
	sfep->valuelen = (uint8_t)args->valuelen;
	sfep->flags = args->ns;
	memcpy(sfep->nameval, args->name, args->namelen);
	if (args->valuelen)
		memcpy(sfep->nameval + args->namelen, args->value, args->valuelen);
	hdr->count++;
	hdr->totsize = cpu_to_be16((uint16_t)(bytes + size));
	log_sf(args->tp, ip);
	return 0;
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
