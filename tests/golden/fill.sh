#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Give a mounted XFS some of everything: directories, attributes, extent maps and symlinks in all
# their forms, shared blocks, hard links, special files, holes in inode chunks.
#
#	fill.sh MOUNTPOINT

set -e
cd "$1"

# Names.
names() { # DIRECTORY COUNT PREFIX
	i=0
	mkdir -p "$1"
	while [ $i -lt "$2" ]; do
		: >"$1/$3$i"
		i=$((i + 1))
	done
}
long=abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz-
mkdir dirs
mkdir dirs/empty
names dirs/short 4 f
names dirs/block 40 file-
names dirs/leaf 250 file-
names dirs/node 1200 $long
rm -f dirs/node/*[37]
names dirs/shrunk 400 $long
rm -f dirs/shrunk/*[0-8]
names dirs/gone 300 file-
rm -r dirs/gone
names dirs/back 60 x
rm dirs/back/x[1-9]*
# Equal hashes.
mkdir dirs/collide
touch dirs/collide/aaaac dirs/collide/qaaab dirs/collide/aaaab dirs/collide/qaaac

# Extents.
mkdir files
xfs_io -f -c 'pwrite -q 0 4k' files/one
xfs_io -f -c 'falloc 0 1m' -c 'pwrite -q 64k 4k' files/unwritten
xfs_io -f -c 'pwrite -q 1t 4k' files/far
i=0
: >files/holes
while [ $i -lt 60 ]; do
	xfs_io -c "pwrite -q $((i * 16))k 4k" files/holes
	i=$((i + 1))
done
xfs_io -f -c 'falloc 0 8m' files/punched
i=0
cmd=
while [ $i -lt 800 ]; do
	cmd="$cmd -c 'fpunch $((i * 8))k 4k'"
	i=$((i + 1))
done
eval "xfs_io $cmd files/punched"
xfs_io -f -c 'pwrite -q 0 1m' files/source
xfs_io -f -c 'reflink files/source' files/clone
xfs_io -c 'pwrite -q 100k 8k' files/clone
xfs_io -f -c 'reflink files/source 0 512k 256k' files/part
xfs_io -f -c 'extsize 64k' -c 'pwrite -q 0 4k' files/hint
xfs_io -f -c 'cowextsize 128k' -c 'pwrite -q 0 4k' files/cowhint
i=0
while [ $i -lt 100 ]; do
	ln files/one files/link$i
	i=$((i + 1))
done

# Attributes.
mkdir attrs
: >attrs/few
setfattr -n user.one -v 1 attrs/few
setfattr -n trusted.two -v 22 attrs/few
setfattr -n security.three -v 333 attrs/few
: >attrs/leaf
i=0
while [ $i -lt 20 ]; do
	setfattr -n user.name$i -v value-value-value-value-$i attrs/leaf
	i=$((i + 1))
done
setfattr -x user.name7 attrs/leaf
: >attrs/node
big=$(printf '%0400d' 1)
i=0
while [ $i -lt 90 ]; do
	setfattr -n user.name$i -v "$big$i" attrs/node
	i=$((i + 1))
done
for i in 3 9 27 81; do
	setfattr -x user.name$i attrs/node
done
: >attrs/remote
setfattr -n user.big -v "$(printf '%05000d' 5)" attrs/remote
setfattr -n user.huge -v "$(printf '%060000d' 6)" attrs/remote
setfattr -n trusted.kept -v x attrs/remote
mkdir attrs/dir
setfattr -n user.dir -v d attrs/dir
if command -v setfacl >/dev/null; then
	: >attrs/acl
	setfacl -m u:1000:rw,g:2000:r attrs/acl
	setfacl -d -m u:1000:rwx attrs/dir
	mkdir attrs/dir/inherits
fi

# Symlinks and special files.
mkdir others
ln -s short others/symlink
ln -s "$(printf '%0300d' 3)" others/middle
ln -s "$(printf '%01000d' 4)" others/remote
mkfifo others/fifo
mknod others/char c 8 1
mknod others/block b 291 179951
chmod 4755 others/block

# Free inodes between used ones, whole chunks gone.
names inodes 1000 i
rm -f inodes/i[3-6]* inodes/i*[02468]
