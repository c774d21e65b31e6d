#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Goal: a tar stream becomes the tree that tar would unpack.
# Method: GNU tar packs the tree of everything (attributes, ACLs, sparse files), plain and
# compressed; the image is mounted and compared.  Then streams that only odd tools write: parents
# missing, a name twice, absolute names, "..", a broken end.
. "$(dirname "$0")/common.sh"
need_mounts
need_tools tar xz
"$XFSW" create --size 300m /dev/null "$work/probe.img" >/dev/null 2>"$work/err"
! grep -q libarchive "$work/err" || skip "built without libarchive"
rm -f "$work/probe.img"

SOURCE_SIZE=2G
# What tar cannot carry: times before 1970, sockets, empty attributes, attributes of links, links
# of fifos, and in pax headers names that are not UTF-8.
make_source "$work/source" --names 3000 --extents 3000 --hole 100
rm -rf "$work/source/specials/socket" "$work/source/specials/fifo-again" \
	"$work/source/times" "$work/source/attributes/link"
find "$work/source/names" -name "*[$(printf '\200-\377')]*" -delete
setfattr -x user.empty "$work/source/attributes/all"
touch -d @1000 "$work/source/names" "$work/source/specials" "$work/source/attributes" "$work/source"
digest "$work/source" "$work/source.digest"
tar -C "$work/source" --xattrs --xattrs-include='*' --acls -S --format=pax -cf "$work/t.tar" . 2>"$work/err" ||
	fail "tar: $(cat "$work/err")"

compare() {
	judge "$1" "$2"
	mount_image "$2" "$work/mnt" ro || fail "the kernel does not mount it"
	digest "$work/mnt" "$work/mnt.digest"
	unmount_image "$work/mnt"
	same_digest "$1" "$work/source.digest" "$work/mnt.digest"
}

run_silent "create from tar" "$XFSW" create "$work/t.tar" "$work/tar.img"
compare "create from tar" "$work/tar.img"
xz -0 -T2 -k "$work/t.tar"
"$XFSW" create --size 4g - "$work/pipe.img" <"$work/t.tar.xz" || fail "create from a pipe"
compare "create from a pipe" "$work/pipe.img"
"$XFSW" create - "$work/nosize.img" <"$work/t.tar" 2>/dev/null
[ $? = 2 ] || fail "a pipe without --size gave another exit code than 2"

# A name that a pax header cannot hold is an error, or skipped and counted.
mkdir "$work/latin1"
echo x >"$work/latin1/$(printf 'b\344r')"
echo y >"$work/latin1/fine"
tar -C "$work/latin1" --format=pax -cf "$work/latin1.tar" . || fail "tar"
"$XFSW" create "$work/latin1.tar" "$work/latin1.img" 2>"$work/err"
[ $? = 1 ] || fail "a pax name that is not UTF-8 is not refused"
"$XFSW" create -f --skip-unreadable "$work/latin1.tar" "$work/latin1.img" 2>"$work/err" || fail "--skip-unreadable"
[ "$("$XFSW" ls "$work/latin1.img")" = fine ] || fail "--skip-unreadable kept or lost the wrong one"

# Odd streams.
mkdir -p "$work/odd/a/b" && cd "$work/odd" || fail "cd"
echo one >a/b/f
tar -cf ../odd.tar a/b/f
echo two >a/b/f
ln a/b/f a/g
tar -rf ../odd.tar ./a//b/f a/g
tar -P --transform 's,^,/abs/,' -rf ../odd.tar a/g 2>/dev/null || fail "tar"
tar --no-recursion -rf ../odd.tar a/b
cd / || fail "cd"
run_silent "odd stream" "$XFSW" create "$work/odd.tar" "$work/odd.img"
judge "odd stream" "$work/odd.img"
[ "$("$XFSW" cat "$work/odd.img" /a/b/f)" = two ] || fail "the last of two members does not count"
[ "$("$XFSW" cat "$work/odd.img" /abs/a/g)" = two ] || fail "an absolute name is lost"
"$XFSW" stat --json "$work/odd.img" /a/b/f | grep -q '"nlink": 2' || fail "the hard link is lost"

cd "$work/odd" && tar -P -cf ../climb.tar ../odd/a/g && cd / || fail "tar"
"$XFSW" create "$work/climb.tar" "$work/climb.img" 2>"$work/err"
[ $? = 1 ] || fail "a name that climbs out is not refused"
head -c 100000 "$work/t.tar" >"$work/cut.tar"
"$XFSW" create --size 1g "$work/cut.tar" "$work/cut.img" 2>"$work/err"
[ $? = 1 ] || fail "a stream that ends early is not an error"
mount_image "$work/cut.img" "$work/mnt" 2>/dev/null && fail "half an image can be mounted"
exit 0
