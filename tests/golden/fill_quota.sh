#!/bin/sh
# SPDX-License-Identifier: MIT
#
# fill_quota.sh MOUNTPOINT: files of several users, groups and projects, and limits.  For a file system
# that a kernel with quota has mounted with uquota,gquota,pquota (or that has METADIR and keeps them on).
set -e
cd "$1"
xfs_quota -x -c 'limit bsoft=256k bhard=1m isoft=5 ihard=50 1001' .
xfs_quota -x -c 'limit -g bsoft=512k bhard=2m 2002' .
xfs_quota -x -c 'limit -d bsoft=1m' .
mkdir a p
xfs_io -c 'chproj 77' -c 'chattr +P' p
i=0
while [ $i -lt 12 ]; do
	dd if=/dev/zero of=a/f$i bs=4096 count=$((i * 3 + 1)) 2>/dev/null
	chown $((1000 + i % 4)):$((2000 + i % 3)) a/f$i
	i=$((i + 1))
done
dd if=/dev/zero of=p/x bs=64k count=5 2>/dev/null
mkdir p/sub
i=0
while [ $i -lt 300 ]; do
	: >p/sub/a-name-that-is-long-enough-to-take-some-space-$i
	i=$((i + 1))
done
chown -R 70000:3000000000 p/sub
xfs_io -f -c 'reflink a/f5' a/clone >/dev/null
chown 4000000000:1 a/clone
ln -s "$(printf '%0600d' 0)" a/link
chown -h 1001 a/link
