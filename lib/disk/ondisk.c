/* SPDX-License-Identifier: MIT */
/*
 * The layout of everything on disk, asserted at compile time: sizes, and offsets of all fields that
 * follow a union or an odd length, or that a checksum needs.
 */
#include <assert.h>
#include "disk/ag.h"
#include "disk/attr.h"
#include "disk/btree.h"
#include "disk/dir.h"
#include "disk/dquot.h"
#include "disk/inode.h"
#include "disk/log.h"
#include "disk/log_item.h"
#include "disk/sb.h"
#include "disk/symlink.h"

#define SIZE(type, n)		static_assert(sizeof(type) == (n), #type)
#define OFFSET(type, f, n)	static_assert(offsetof(type, f) == (n), #type "." #f)

SIZE(be16_t, 2);
SIZE(be32_t, 4);
SIZE(be64_t, 8);
SIZE(le32_t, 4);
SIZE(xfs_uuid_t, 16);
static_assert(_Alignof(be64_t) == 1, "no padding between on-disk fields");

SIZE(struct xfs_dsb, XFS_SB_LEN_ZONED);
OFFSET(struct xfs_dsb, sb_dblocks, 8);
OFFSET(struct xfs_dsb, sb_rextents, 24);
OFFSET(struct xfs_dsb, sb_uuid, 32);
OFFSET(struct xfs_dsb, sb_logstart, 48);
OFFSET(struct xfs_dsb, sb_rootino, 56);
OFFSET(struct xfs_dsb, sb_rsumino, 72);
OFFSET(struct xfs_dsb, sb_rextsize, 80);
OFFSET(struct xfs_dsb, sb_agblocks, 84);
OFFSET(struct xfs_dsb, sb_agcount, 88);
OFFSET(struct xfs_dsb, sb_logblocks, 96);
OFFSET(struct xfs_dsb, sb_versionnum, 100);
OFFSET(struct xfs_dsb, sb_sectsize, 102);
OFFSET(struct xfs_dsb, sb_inodesize, 104);
OFFSET(struct xfs_dsb, sb_inopblock, 106);
OFFSET(struct xfs_dsb, sb_fname, 108);
OFFSET(struct xfs_dsb, sb_blocklog, 120);
OFFSET(struct xfs_dsb, sb_agblklog, 124);
OFFSET(struct xfs_dsb, sb_inprogress, 126);
OFFSET(struct xfs_dsb, sb_imax_pct, 127);
OFFSET(struct xfs_dsb, sb_icount, 128);
OFFSET(struct xfs_dsb, sb_fdblocks, 144);
OFFSET(struct xfs_dsb, sb_uquotino, 160);
OFFSET(struct xfs_dsb, sb_qflags, 176);
OFFSET(struct xfs_dsb, sb_flags, 178);
OFFSET(struct xfs_dsb, sb_inoalignmt, 180);
OFFSET(struct xfs_dsb, sb_unit, 184);
OFFSET(struct xfs_dsb, sb_dirblklog, 192);
OFFSET(struct xfs_dsb, sb_logsectlog, 193);
OFFSET(struct xfs_dsb, sb_logsectsize, 194);
OFFSET(struct xfs_dsb, sb_logsunit, 196);
OFFSET(struct xfs_dsb, sb_features2, 200);
OFFSET(struct xfs_dsb, sb_bad_features2, XFS_SB_FEATURES_OFF);
OFFSET(struct xfs_dsb, sb_features_compat, 208);
OFFSET(struct xfs_dsb, sb_features_log_incompat, 220);
OFFSET(struct xfs_dsb, sb_crc, XFS_SB_CRC_OFF);
OFFSET(struct xfs_dsb, sb_spino_align, 228);
OFFSET(struct xfs_dsb, sb_pquotino, 232);
OFFSET(struct xfs_dsb, sb_lsn, XFS_SB_LSN_OFF);
OFFSET(struct xfs_dsb, sb_meta_uuid, 248);
OFFSET(struct xfs_dsb, sb_metadirino, XFS_SB_LEN_V5);
OFFSET(struct xfs_dsb, sb_rgcount, 272);
OFFSET(struct xfs_dsb, sb_rgextents, 276);
OFFSET(struct xfs_dsb, sb_rgblklog, 280);
OFFSET(struct xfs_dsb, sb_rtstart, XFS_SB_LEN_METADIR);
OFFSET(struct xfs_dsb, sb_rtreserved, 296);

SIZE(struct xfs_agf, 224);
OFFSET(struct xfs_agf, agf_bno_root, 16);
OFFSET(struct xfs_agf, agf_flfirst, 40);
OFFSET(struct xfs_agf, agf_freeblks, 52);
OFFSET(struct xfs_agf, agf_btreeblks, 60);
OFFSET(struct xfs_agf, agf_uuid, 64);
OFFSET(struct xfs_agf, agf_rmap_blocks, 80);
OFFSET(struct xfs_agf, agf_refcount_level, 92);
OFFSET(struct xfs_agf, agf_spare64, 96);
OFFSET(struct xfs_agf, agf_lsn, XFS_AGF_LSN_OFF);
OFFSET(struct xfs_agf, agf_crc, XFS_AGF_CRC_OFF);
OFFSET(struct xfs_agf, agf_spare2, 220);

SIZE(struct xfs_agi, 344);
OFFSET(struct xfs_agi, agi_count, 16);
OFFSET(struct xfs_agi, agi_newino, 32);
OFFSET(struct xfs_agi, agi_unlinked, 40);
OFFSET(struct xfs_agi, agi_uuid, 296);
OFFSET(struct xfs_agi, agi_crc, XFS_AGI_CRC_OFF);
OFFSET(struct xfs_agi, agi_lsn, XFS_AGI_LSN_OFF);
OFFSET(struct xfs_agi, agi_free_root, 328);
OFFSET(struct xfs_agi, agi_fblocks, 340);

SIZE(struct xfs_agfl, XFS_AGFL_HDR_SIZE);
OFFSET(struct xfs_agfl, agfl_uuid, 8);
OFFSET(struct xfs_agfl, agfl_lsn, XFS_AGFL_LSN_OFF);
OFFSET(struct xfs_agfl, agfl_crc, XFS_AGFL_CRC_OFF);
OFFSET(struct xfs_agfl, agfl_bno, XFS_AGFL_HDR_SIZE);

SIZE(struct xfs_btree_block_shdr, XFS_BTREE_SBLOCK_LEN - 8);
SIZE(struct xfs_btree_block_lhdr, XFS_BTREE_LBLOCK_LEN - 8);
SIZE(struct xfs_btree_block, XFS_BTREE_LBLOCK_LEN);
OFFSET(struct xfs_btree_block, bb_u.s.bb_leftsib, 8);
OFFSET(struct xfs_btree_block, bb_u.s.bb_blkno, 16);
OFFSET(struct xfs_btree_block, bb_u.s.bb_lsn, XFS_BTREE_SBLOCK_LSN_OFF);
OFFSET(struct xfs_btree_block, bb_u.s.bb_uuid, 32);
OFFSET(struct xfs_btree_block, bb_u.s.bb_owner, 48);
OFFSET(struct xfs_btree_block, bb_u.s.bb_crc, XFS_BTREE_SBLOCK_CRC_OFF);
OFFSET(struct xfs_btree_block, bb_u.l.bb_rightsib, 16);
OFFSET(struct xfs_btree_block, bb_u.l.bb_blkno, 24);
OFFSET(struct xfs_btree_block, bb_u.l.bb_lsn, XFS_BTREE_LBLOCK_LSN_OFF);
OFFSET(struct xfs_btree_block, bb_u.l.bb_uuid, 40);
OFFSET(struct xfs_btree_block, bb_u.l.bb_owner, 56);
OFFSET(struct xfs_btree_block, bb_u.l.bb_crc, XFS_BTREE_LBLOCK_CRC_OFF);
SIZE(struct xfs_alloc_rec, 8);
SIZE(struct xfs_inobt_rec, 16);
OFFSET(struct xfs_inobt_rec, ir_freecount_full, 4);
OFFSET(struct xfs_inobt_rec, ir_count, 6);
OFFSET(struct xfs_inobt_rec, ir_freecount, 7);
OFFSET(struct xfs_inobt_rec, ir_free, 8);
SIZE(struct xfs_inobt_key, 4);
SIZE(struct xfs_rmap_rec, 24);
SIZE(struct xfs_rmap_key, 20);
OFFSET(struct xfs_rmap_key, rm_offset, 12);
SIZE(struct xfs_refcount_rec, 12);
SIZE(struct xfs_refcount_key, 4);
SIZE(struct xfs_bmdr_block, 4);
SIZE(struct xfs_bmbt_rec, 16);
SIZE(struct xfs_bmbt_key, 8);

SIZE(struct xfs_dinode, XFS_DINODE_CORE_SIZE);
OFFSET(struct xfs_dinode, di_metatype, 6);
OFFSET(struct xfs_dinode, di_uid, 8);
OFFSET(struct xfs_dinode, di_nlink, 16);
OFFSET(struct xfs_dinode, di_projid_lo, 20);
OFFSET(struct xfs_dinode, di_projid_hi, 22);
OFFSET(struct xfs_dinode, di_big_nextents, 24);
OFFSET(struct xfs_dinode, di_atime, 32);
OFFSET(struct xfs_dinode, di_size, 56);
OFFSET(struct xfs_dinode, di_nblocks, 64);
OFFSET(struct xfs_dinode, di_extsize, 72);
OFFSET(struct xfs_dinode, di_nextents, 76);
OFFSET(struct xfs_dinode, di_anextents, 80);
OFFSET(struct xfs_dinode, di_big_anextents, 76);
OFFSET(struct xfs_dinode, di_nrext64_pad, 80);
OFFSET(struct xfs_dinode, di_forkoff, 82);
OFFSET(struct xfs_dinode, di_aformat, 83);
OFFSET(struct xfs_dinode, di_dmevmask, 84);
OFFSET(struct xfs_dinode, di_flags, 90);
OFFSET(struct xfs_dinode, di_gen, 92);
OFFSET(struct xfs_dinode, di_next_unlinked, XFS_DINODE_NEXT_UNLINKED_OFF);
OFFSET(struct xfs_dinode, di_crc, XFS_DINODE_CRC_OFF);
OFFSET(struct xfs_dinode, di_changecount, 104);
OFFSET(struct xfs_dinode, di_lsn, XFS_DINODE_LSN_OFF);
OFFSET(struct xfs_dinode, di_flags2, 120);
OFFSET(struct xfs_dinode, di_cowextsize, 128);
OFFSET(struct xfs_dinode, di_pad2, 132);
OFFSET(struct xfs_dinode, di_crtime, 144);
OFFSET(struct xfs_dinode, di_ino, 152);
OFFSET(struct xfs_dinode, di_uuid, 160);
OFFSET(struct xfs_dinode, di_literal, 176);

SIZE(struct xfs_da3_blkinfo, 56);
OFFSET(struct xfs_da3_blkinfo, magic, 8);
OFFSET(struct xfs_da3_blkinfo, crc, XFS_DA3_CRC_OFF);
OFFSET(struct xfs_da3_blkinfo, blkno, 16);
OFFSET(struct xfs_da3_blkinfo, lsn, XFS_DA3_LSN_OFF);
OFFSET(struct xfs_da3_blkinfo, uuid, 32);
OFFSET(struct xfs_da3_blkinfo, owner, 48);
SIZE(struct xfs_da3_node_hdr, 64);
OFFSET(struct xfs_da3_node_hdr, count, 56);
SIZE(struct xfs_da_node_entry, 8);
SIZE(struct xfs_da3_intnode, 64);
SIZE(struct xfs_dir2_data_free, 4);
SIZE(struct xfs_dir3_data_hdr, 64);
OFFSET(struct xfs_dir3_data_hdr, crc, XFS_DIR3_DATA_CRC_OFF);
OFFSET(struct xfs_dir3_data_hdr, lsn, XFS_DIR3_DATA_LSN_OFF);
OFFSET(struct xfs_dir3_data_hdr, uuid, 24);
OFFSET(struct xfs_dir3_data_hdr, owner, 40);
OFFSET(struct xfs_dir3_data_hdr, best_free, 48);
SIZE(struct xfs_dir2_data_unused, 4);
SIZE(struct xfs_dir2_data_entry, 9);
SIZE(struct xfs_dir2_leaf_entry, 8);
SIZE(struct xfs_dir2_block_tail, 8);
SIZE(struct xfs_dir2_leaf_tail, 4);
SIZE(struct xfs_dir3_leaf_hdr, 64);
OFFSET(struct xfs_dir3_leaf_hdr, count, 56);
SIZE(struct xfs_dir3_leaf, 64);
SIZE(struct xfs_dir3_free_hdr, 64);
OFFSET(struct xfs_dir3_free_hdr, firstdb, 48);
SIZE(struct xfs_dir3_free, 64);
SIZE(struct xfs_dir2_sf_hdr, 10);
SIZE(struct xfs_dir2_sf_entry, 3);

SIZE(struct xfs_attr_sf_hdr, 4);
SIZE(struct xfs_attr_sf_entry, 3);
SIZE(struct xfs_attr_leaf_map, 4);
SIZE(struct xfs_attr3_leaf_hdr, 80);
OFFSET(struct xfs_attr3_leaf_hdr, count, 56);
OFFSET(struct xfs_attr3_leaf_hdr, firstused, 60);
OFFSET(struct xfs_attr3_leaf_hdr, holes, 62);
OFFSET(struct xfs_attr3_leaf_hdr, freemap, 64);
SIZE(struct xfs_attr_leaf_entry, 8);
SIZE(struct xfs_attr_leaf_name_local, 3);
SIZE(struct xfs_attr_leaf_name_remote, 9);
SIZE(struct xfs_attr3_rmt_hdr, 56);
OFFSET(struct xfs_attr3_rmt_hdr, rm_crc, XFS_ATTR3_RMT_CRC_OFF);
OFFSET(struct xfs_attr3_rmt_hdr, rm_owner, 32);
OFFSET(struct xfs_attr3_rmt_hdr, rm_lsn, XFS_ATTR3_RMT_LSN_OFF);
SIZE(struct xfs_parent_rec, 12);
SIZE(struct xfs_acl_entry, 12);
SIZE(struct xfs_acl, 4);

SIZE(struct xfs_dsymlink_hdr, 56);
OFFSET(struct xfs_dsymlink_hdr, sl_crc, XFS_SYMLINK_CRC_OFF);
OFFSET(struct xfs_dsymlink_hdr, sl_owner, 32);
OFFSET(struct xfs_dsymlink_hdr, sl_lsn, XFS_SYMLINK_LSN_OFF);

SIZE(struct xlog_rec_header, 512);
OFFSET(struct xlog_rec_header, h_lsn, 16);
OFFSET(struct xlog_rec_header, h_crc, XLOG_REC_CRC_OFF);
OFFSET(struct xlog_rec_header, h_cycle_data, 44);
OFFSET(struct xlog_rec_header, h_fmt, 300);
OFFSET(struct xlog_rec_header, h_fs_uuid, 304);
OFFSET(struct xlog_rec_header, h_size, 320);
OFFSET(struct xlog_rec_header, h_reserved, XLOG_REC_CRC_LEN);
SIZE(struct xlog_rec_ext_header, 512);
OFFSET(struct xlog_rec_ext_header, xh_reserved, XLOG_REC_EXT_CRC_LEN);
SIZE(struct xlog_op_header, 12);
SIZE(struct xfs_trans_header, 16);

OFFSET(struct xfs_buf_log_format, blf_blkno, 8);
OFFSET(struct xfs_buf_log_format, blf_map_size, 16);
SIZE(struct xfs_inode_log_format, 56);
OFFSET(struct xfs_inode_log_format, ilf_ino, 16);
OFFSET(struct xfs_inode_log_format, ilf_blkno, 40);
SIZE(struct xfs_log_dinode, XFS_DINODE_CORE_SIZE);
OFFSET(struct xfs_log_dinode, di_big_nextents, 24);
OFFSET(struct xfs_log_dinode, di_size, 56);
OFFSET(struct xfs_log_dinode, di_forkoff, 82);
OFFSET(struct xfs_log_dinode, di_gen, 92);
OFFSET(struct xfs_log_dinode, di_lsn, XFS_DINODE_LSN_OFF);
OFFSET(struct xfs_log_dinode, di_ino, 152);
SIZE(struct xfs_icreate_log, 28);
SIZE(struct xfs_dq_logformat, 24);
SIZE(struct xfs_qoff_logformat, 20);
SIZE(struct xfs_intent_log_format, 16);
SIZE(struct xfs_efi_extent, 16);
SIZE(struct xfs_map_extent, 32);
SIZE(struct xfs_phys_extent, 16);
SIZE(struct xfs_attri_log_format, 40);
SIZE(struct xfs_xmi_log_format, 88);

SIZE(struct xfs_disk_dquot, 104);
OFFSET(struct xfs_disk_dquot, d_bcount, 40);
OFFSET(struct xfs_disk_dquot, d_itimer, 56);
OFFSET(struct xfs_disk_dquot, d_rtb_hardlimit, 72);
SIZE(struct xfs_dqblk, 136);
OFFSET(struct xfs_dqblk, dd_crc, XFS_DQUOT_CRC_OFF);
OFFSET(struct xfs_dqblk, dd_lsn, XFS_DQUOT_LSN_OFF);
OFFSET(struct xfs_dqblk, dd_uuid, 120);
