#!/bin/sh
# SPDX-License-Identifier: MIT
# Goal: what `xfsw quota` does to an image is what other tools find in it: counts, limits, timers,
#       grace periods, flags, project ids.
# Method: a tree of a few owners; each verb; xfs_db prints the records, xfs_repair and xfsw check count
#       for themselves.  What is refused names the reason and changes nothing.
. "$(dirname "$0")/common.sh"

need_tools xfs_repair xfs_db

img=$work/img
tree=$work/tree
mkdir -p $tree/etc $tree/home/a $tree/proj/sub/deep $tree/proj/other
printf 'root:x:0:0::/:/bin/sh\nalice:x:1001:1001::/:/bin/sh\nbad line\n:x:1:\n' > $tree/etc/passwd
printf 'staff:x:1001:\n' > $tree/etc/group
printf 'web:42\n' > $tree/etc/projid
head -c 100000 /dev/zero > $tree/home/a/f
head -c 5000 /dev/zero > $tree/proj/sub/g
ln -s ../home $tree/proj/link
mkfifo $tree/proj/pipe

run() {
	"$@" > $work/out 2>&1 || fail "$*: $(cat $work/out)"
}
dq() {		# TYPE ID FIELD: as xfs_db prints it
	xfs_db -r -c "dquot -$1 $2" -c "p diskdq.$3" $img | sed 's/.*= //'
}
same() {	# WHAT HAVE WANT
	[ "$2" = "$3" ] || fail "$1: '$2' instead of '$3'"
}

run $XFSW create --size 300m -i exchange=0 -n parent=0 --owner 0:0 $tree $img
run $XFSW chown $img 1001:1001 /home/a/f
$XFSW quota get $img user 0 2> $work/err && fail "a record without quota"
grep -q "user quota has no file" $work/err || fail "no reason: $(cat $work/err)"

# on, counted
run $XFSW quota on $img
judge "on" $img
same qflags "$(xfs_db -r -c 'sb 0' -c 'p qflags' $img)" "qflags = 0x7cf"
for t in u g; do
	same "blocks of $t 1001" "$(dq $t 1001 bcount)" 25
	same "inodes of $t 1001" "$(dq $t 1001 icount)" 1
done
run $XFSW quota off --limits-only -g $img
same qflags "$(xfs_db -r -c 'sb 0' -c 'p qflags' $img)" "qflags = 0x74f"
run $XFSW quota on -g $img

# limits: by name, rounded up, over the soft one a timer runs
run $XFSW quota limit --grace 3d --inode-grace 90 --block-hard 1g $img user default
run $XFSW quota limit --block-soft 50001 --block-hard 1m --inode-hard 10 $img user alice
judge "limits" $img
same soft "$(dq u 1001 blk_softlimit)" 13
same hard "$(dq u 1001 blk_hardlimit)" 256
same inodes "$(dq u 1001 ino_hardlimit)" 10
same default "$(dq u 0 blk_hardlimit)" 262144
[ "$(dq u 1001 btimer)" != 0 ] || fail "no timer runs"
same itimer "$(dq u 1001 itimer)" 0
run $XFSW quota limit --block-expires @5000000000 $img user 1001
same btimer "$(TZ=UTC dq u 1001 btimer)" "Fri Jun 11 08:53:20 2128"
run $XFSW quota limit --block-soft 100k $img user 1001
same btimer "$(dq u 1001 btimer)" 0
$XFSW quota state --json $img > $work/out || fail "state"
for line in '"block_grace": 259200' '"inode_grace": 90' '"default_block_hard": 1073741824'; do
	grep -q "$line" $work/out || fail "state: no $line: $(cat $work/out)"
done
$XFSW quota limit --block-soft 2g --block-hard 1g $img user 5 2> $work/err && fail "soft above hard"
grep -q "above the hard one" $work/err || fail "no reason: $(cat $work/err)"
for wrong in "--block-soft 1 $img user nobody-has-this-name" "--grace 1d $img user 5" "$img user 5" \
	"--grace 1y $img user default" "--block-expires now $img user default" "--inode-hard 1 $img people 5"; do
	$XFSW quota limit $wrong 2> $work/err
	same "quota limit $wrong" $? 2
done

# projects
run $XFSW quota project-setup $img /proj/other 77
$XFSW quota project-setup $img /proj 42 > $work/out || fail "project-setup"
for line in "/proj/link: left out: a symbolic link" "/proj/pipe: left out: a special file" \
	"/proj/other: left out: the tree of another project" "4 changed, 0 were so before, 3 left out"; do
	grep -qx "$line" $work/out || fail "project-setup: no '$line': $(cat $work/out)"
done
judge "project-setup" $img
same "inodes of the project" "$(dq p 42 icount)" 4
run $XFSW quota project-setup --check $img /proj 42
run $XFSW chproj $img 43 /proj/sub/g
$XFSW quota project-setup --check $img /proj 42 > $work/out
same "--check" $? 1
grep -qx "/proj/sub/g: another project id" $work/out || fail "--check: $(cat $work/out)"
run $XFSW mkdir $img /proj/sub/new
$XFSW stat --json $img /proj/sub/new | grep -q '"projid": 42' || fail "the id is not handed down"
run $XFSW quota project-setup --clear $img /proj 42
judge "--clear" $img
same "inodes of the project" "$(dq p 42 icount)" 0
same "inodes of the other one" "$(dq p 43 icount)" 1

# report
$XFSW quota report --json --names image $img > $work/out || fail "report"
for line in '"name": "alice"' '"name": "staff"' '"id": 43' '"used": 102400'; do
	grep -q "$line" $work/out || fail "report: no $line: $(cat $work/out)"
done
$XFSW quota report -u --names none $img | grep -q alice && fail "names that were not asked for"

# off, changed, on: counted anew
run $XFSW quota off $img
same qflags "$(xfs_db -r -c 'sb 0' -c 'p qflags' $img)" "qflags = 0"
run $XFSW rm $img /home/a/f
run $XFSW quota on --no-enforce -u -p $img
judge "on again" $img
same qflags "$(xfs_db -r -c 'sb 0' -c 'p qflags' $img)" "qflags = 0x40d"
same "blocks after rm" "$(dq u 1001 bcount)" 0
same "limit after rm" "$(dq u 1001 blk_hardlimit)" 256
run $XFSW quota check $img
judge "check" $img
$XFSW quota check -g $img 2> $work/err && fail "a check of what is off"
exit 0
