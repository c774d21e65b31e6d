#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Goal: `xfsw create` and `xfsw mkfs` with --quota make file systems whose records say what everybody uses,
# marked as exact, with and without the journal; and the computed size has room for all records.
# Method: an archive of owners whose inodes and blocks are known; each record is compared, the checker
# and xfs_repair, which count for themselves, look at the rest.
. "$(dirname "$0")/common.sh"
command -v python3 >/dev/null 2>&1 || skip "needs python3"
img=$work/q.img

# User 1000+N and group 2000 (1000 files with up to 3 blocks of 4 KiB); then --apart OWNERS, far apart.
archive() {
	python3 - "$@" <<'END'
import io, sys, tarfile
kind, path = sys.argv[1:]
out = tarfile.open(path, "w")
def add(name, uid, gid, size):
    t = tarfile.TarInfo(name)
    t.size, t.uid, t.gid = size, uid, gid
    out.addfile(t, io.BytesIO(b"x" * size))
if kind == "counts":
    for i in range(1000):
        add("f%d" % i, 1000 + i % 10, 2000, (i % 4) * 4096)
else:
    for i in range(3000):
        add("f%d" % i, i * 1000003, 4000000000 - i * 100003, 0)
out.close()
END
}

# flags VALUE: of the superblock.
flags() {
	found=$("$XFSW" dump "$img" sb | sed -n 's/^ *sb_qflags = *//p')
	[ $((found)) = $(($1)) ] || fail "$what: sb_qflags is $found, not $1"
}

# record TYPE ID BLOCKS INODES
record() {
	found=$("$XFSW" dump "$img" dquot "$1" "$2" | awk '/d_bcount/ { b = $3 } /d_icount/ { i = $3 } END { print b, i }')
	[ "$found" = "$3 $4" ] || fail "$what: $1 $2 has $found, not $3 $4"
}

create() { # OPTIONS... ARCHIVE
	what="create $*"
	rm -f "$img"
	for _archive; do :; done
	run_silent "$what" "$XFSW" create -q "$@" "$img"
	judge "$what" "$img"
}

archive counts "$work/counts.tar" && archive apart "$work/apart.tar" || fail "no archives"
for options in "" --journal "-b size=1k"; do
	per_block=1
	[ "$options" != "-b size=1k" ] || per_block=4
	# shellcheck disable=SC2086
	create --quota user,group,project $options "$work/counts.tar"
	flags 0x7cf
	# Of each ten files in turn: 50 with 0 and 2 blocks, or with 1 and 3.
	record user 1000 $((100 * per_block)) 100
	record user 1009 $((200 * per_block)) 100
	record group 2000 $((1500 * per_block)) 1000
done
create --quota group --quota-no-enforce "$work/counts.tar"
flags 0x140
record group 2000 1500 1000

# What one user has is counted when it goes, too: here by us, later by a kernel.
run_silent "rm" "$XFSW" rm "$img" '/f*1'
judge "rm" "$img"
record group 2000 1300 900

# A block of records for each owner: nearly 400 MiB.
create --quota user,group -b size=64k "$work/apart.tar"
flags 0x1c7
record user 2999008997 0 1
record user 2999008998 0 0

# Trees that become projects', with and without the journal; one below another, whichever is named first.
mkdir -p "$work/tree/home/a/deep" "$work/tree/home/b" "$work/tree/other"
printf '%8192s' x >"$work/tree/home/a/deep/f"
printf '%4096s' x >"$work/tree/home/b/g"
ln -s f "$work/tree/home/a/deep/link"
mkfifo "$work/tree/home/b/fifo"
projects() { # PATH: PROJECT, yes|no
	found=$("$XFSW" stat "$img" "$1" | sed -n 's/.*project //p')
	[ "$found" = "$2" ] || fail "$what: $1 is of project $found, not $2"
	case $("$XFSW" lsattr -d "$img" "$1") in
	*P*" $1") found=yes ;;
	*) found=no ;;
	esac
	[ "$found" = "$3" ] || fail "$what: does $1 hand its project down? $found"
}
for options in "--project /home:7 --project /home/a:4000000000" \
	"--journal --project /home/a/:4000000000 --project ///home:7"; do
	# shellcheck disable=SC2086
	create --quota user,project $options "$work/tree"
	flags 0x60f
	record project 7 1 4
	record project 4000000000 2 4
	projects /home 7 yes
	projects /home/b/g 7 no
	projects /home/b/fifo 7 no
	projects /home/a 4000000000 yes
	projects /home/a/deep 4000000000 yes
	projects /home/a/deep/link 4000000000 no
	projects /other 0 no
done
for wrong in /home /home: :7 /home:x /home:4294967295 /home:-1; do
	rm -f "$img"
	"$XFSW" create -q --project "$wrong" "$work/tree" "$img" >"$work/out" 2>&1
	[ $? = 2 ] || fail "--project $wrong is not refused"
	[ ! -e "$img" ] || fail "--project $wrong: there is an image"
done
"$XFSW" create -q --project /none:7 "$work/tree" "$img" >"$work/out" 2>&1
[ $? = 1 ] && grep -q "/none" "$work/out" || fail "a project for a tree that is none"

what=mkfs
rm -f "$img"
run_silent "$what" "$XFSW" mkfs --size 400m --quota project,user "$img"
judge "$what" "$img"
flags 0x60f
SOURCE_DATE_EPOCH=1000000000
export SOURCE_DATE_EPOCH
run_silent "$what" "$XFSW" mkfs -f --seed 7 --size 400m --quota project,user "$img"
run_silent "$what" "$XFSW" mkfs --seed 7 --size 400m --quota project,user "$work/again.img"
cmp "$img" "$work/again.img" || fail "the same seed gives another image"

# refused OPTIONS...
refused() {
	"$XFSW" mkfs -f --size 400m "$@" "$img" >"$work/out" 2>&1
	[ $? = 2 ] || fail "mkfs $* is not refused"
}
refused --quota users
refused --quota ""
refused --quota user,
refused --quota-no-enforce
exit 0
