#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Goal: each verb of xfsw does what its help says, in the words and exit codes that scripts rely on.
# Method: one small image, no privileges; what a verb did is read back with another one,
# and the image is judged at the end.
. "$(dirname "$0")/common.sh"
img=$work/v.img
cd "$work" || fail "cd"

# ---- usage -----------------------------------------------------------------
"$XFSW" >/dev/null 2>&1
[ $? = 2 ] || fail "no verb: not exit code 2"
ok --help
ok --version
expect 2 "xfsw: unknown verb 'frobnicate'; see 'xfsw --help'" frobnicate
for verb in mkfs create put get ls cat stat df info check dump mkdir rm cp mv ln mknod chmod chown \
	touch truncate xattr shell help; do
	ok $verb --help
	grep -q "usage: xfsw $verb" out || fail "$verb --help shows no usage"
done
grep -q recover out && fail "recover is in the list although it cannot recover"
expect 2 "xfsw: ls: the image is missing; see 'xfsw ls --help'" ls
expect 2 "xfsw: ls: unknown option -Q; see 'xfsw ls --help'" ls -Q x
expect 2 "xfsw: ls: unknown option --nonsense; see 'xfsw ls --help'" ls --nonsense x
expect 2 "xfsw: mkfs: option --size needs a value; see 'xfsw mkfs --help'" mkfs x --size
expect 2 "xfsw: mkfs: '12q' is not a size; see 'xfsw mkfs --help'" mkfs --size 12q x
expect 2 "xfsw: mkfs: -b size: invalid value '0'; see 'xfsw mkfs --help'" mkfs -b size=0 x
expect 2 "xfsw: mkfs: -b has no suboption 'sise'; see 'xfsw mkfs --help'" mkfs -b sise=1k x
expect 3 "xfsw: ls: none.img: No such file or directory" ls none.img
head -c 1000000 /dev/zero >zeros.img
"$XFSW" ls zeros.img >/dev/null 2>&1
[ $? = 3 ] || fail "a file of zeros: not exit code 3"

# ---- mkfs --------------------------------------------------------------------
expect 3 "xfsw: mkfs: v.img: the file does not exist; use --size to create it" mkfs v.img
ok mkfs -N --size 1g v.img
[ ! -e v.img ] || fail "a dry run made the image"
ok mkfs --size 400m -L tool --uuid 01234567-89ab-cdef-0123-456789abcdef -d agcount=5 v.img
field label tool info --json v.img
field uuid 01234567-89ab-cdef-0123-456789abcdef info --json v.img
field ag_count 5 info --json v.img
field log_dirty false info --json v.img
"$XFSW" mkfs v.img 2>err
[ $? = 1 ] || fail "an image was overwritten without -f"
grep -q 'the target is not empty' err || fail "mkfs does not say why: $(cat err)"
ok mkfs -f v.img
for size in 2048 65536; do
	ok mkfs --size 400m -f -b size=$size -i size=1024 b.img
	field block_size $size info --json b.img
	ok check b.img
done
ok mkfs --size 400m -f -s size=4k -m rmapbt=1,reflink=0 -n size=8k b.img
field sector_size 4096 info --json b.img
field dir_block_size 8192 info --json b.img
rm b.img

# ---- metadata ahead of the log -----------------------------------------------
# ahead IMAGE OFFSET LSN-AT CRC-AT: the sector there gets an LSN that the log has not reached.
ahead() {
	python3 - "$@" <<-'END' || fail "an LSN cannot be set"
	import sys
	name, offset, lsn_at, crc_at = sys.argv[1], *map(int, sys.argv[2:])
	with open(name, "r+b") as f:
	    f.seek(offset)
	    sector = bytearray(f.read(512))
	    sector[lsn_at:lsn_at + 8] = (9 << 32 | 1).to_bytes(8, "big")
	    sector[crc_at:crc_at + 4] = bytes(4)
	    crc = 0xffffffff
	    for byte in sector:
	        crc ^= byte
	        for _ in range(8):
	            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
	    sector[crc_at:crc_at + 4] = (crc ^ 0xffffffff).to_bytes(4, "little")
	    f.seek(offset)
	    f.write(sector)
	END
}
if command -v python3 >/dev/null 2>&1; then
	ok mkfs --size 400m b.img
	field lsn_ahead false info --json b.img
	ok info b.img
	! grep AHEAD out || fail "info says that the metadata of a new image is ahead"
	# The superblock, and the AGF of the first AG.
	for place in "0 240 224" "512 208 216"; do
		ok mkfs --size 400m -f b.img
		# shellcheck disable=SC2086
		ahead b.img $place
		field lsn_ahead true info --json b.img
		field log_dirty false info --json b.img
		ok info b.img
		grep -q 'metadata is AHEAD of the log' out || fail "info does not say so: $(cat out)"
		"$XFSW" mkdir b.img /a 2>err && fail "metadata ahead of the log is written to"
		grep -q 'ahead of the log' err || fail "mkdir does not say why: $(cat err)"
	done
	rm b.img
else
	say "no python3: nothing is shown of metadata ahead of the log"
fi

# ---- names -------------------------------------------------------------------
ok mkdir v.img /a
expect 1 "xfsw: mkdir: /a: File exists" mkdir v.img /a
expect 1 "xfsw: mkdir: /x/y/z: No such file or directory" mkdir v.img /x/y/z
ok mkdir -p -m 750 v.img /x/y/z
ok mkdir -p v.img /x/y/z
field mode 488 stat --json v.img /x/y/z
echo hello >hello
ok put v.img hello /a
output hello cat v.img /a/hello
ok put v.img hello /a/other
ok ln v.img /a/hello /a/hard
ok ln -s v.img hello /a/soft
ok ln -s v.img ../hello /x/
field nlink 2 stat --json v.img /a/hello
field target hello stat --json v.img /a/soft
field type file stat -L --json v.img /a/soft
output "hard
hello
other
soft" ls v.img /a
ok mv v.img /a/other /a/moved
ok mv v.img /a/moved /x
output hello cat v.img /x/moved
expect 1 "xfsw: mv: /a/hard: File exists" mv -n v.img /a/hard /x/moved
ok mv v.img /a/hard /x/moved
expect 1 "xfsw: rm: /x: Is a directory" rm v.img /x
ok rm -f v.img /none
expect 1 "xfsw: rm: /none: No such file or directory" rm v.img /none
ok rm -r v.img /x
expect 1 "xfsw: ls: /x: No such file or directory" ls v.img /x
ok mknod -m 600 v.img /null c 1 3
field rdev_minor 3 stat --json v.img /null
ok mknod v.img /fifo p
field type fifo stat --json v.img /fifo

# ---- attributes --------------------------------------------------------------
ok chmod v.img 4711 /a/hello
field mode 2505 stat --json v.img /a/hello
ok chown v.img 12:34 /a/hello
field uid 12 stat --json v.img /a/hello
field gid 34 stat --json v.img /a/hello
ok chown -R v.img :99 /a
field gid 99 stat --json v.img /a/soft
ok touch -t @1234567890.123456789 v.img /a/hello
field mtime 1234567890.123456789 stat --json v.img /a/hello
ok touch -t '2001-02-03 04:05:06' v.img /a/new
field mtime 981173106.000000000 stat --json v.img /a/new
ok touch -c v.img /a/not-there
expect 1 "xfsw: stat: /a/not-there: No such file or directory" stat v.img /a/not-there
ok truncate v.img /a/new 5g
field size 5368709120 stat --json v.img /a/new
field blocks512 0 stat --json v.img /a/new
ok truncate v.img /a/hello 3
output hel cat v.img /a/hello
output el cat -o 1 v.img /a/hello
ok xattr set v.img /a/hello user.one first
ok xattr set v.img /a/hello trusted.two 0x00ff10
output "first" xattr get v.img /a/hello user.one
output "00ff10" xattr get -x v.img /a/hello trusted.two
ok xattr ls v.img /a/hello
grep -q 'trusted.two' out || fail "xattr ls: $(cat out)"
ok xattr rm v.img /a/hello user.one
expect 1 "xfsw: xattr get: /a/hello: No data available" xattr get v.img /a/hello user.one

# ---- trees ---------------------------------------------------------------------
mkdir -p tree/sub
echo 1 >tree/one
echo 2 >tree/sub/two
ln -s one tree/link
printf 'x' >"$(printf 'tree/\377name')"
ok put v.img tree /tree
ok get v.img /tree back
diff -r tree back || fail "put and get changed the tree"
echo changed >tree/one
ok put v.img tree /tree
output changed cat v.img /tree/one
ok get v.img /tree/one file
cmp file tree/one || fail "get of one file"
"$XFSW" get v.img /tree back 2>err
[ $? = 1 ] || fail "get overwrote without -f"
ok get -f v.img /tree back
cmp back/one tree/one || fail "get -f did not replace"
echo piped | "$XFSW" put v.img - /piped || fail "put from a pipe"
output piped cat v.img /piped
ok ls --json -R v.img /tree
grep -q '"path_hex": "2f747265652fff6e616d65"' out || fail "a name that is not UTF-8: $(cat out)"
if command -v python3 >/dev/null 2>&1; then
	for command in "ls --json -R v.img /" "stat --json v.img /a /tree" "df --json v.img" \
		"info --json v.img" "check --json v.img"; do
		# shellcheck disable=SC2086
		"$XFSW" $command | python3 -c 'import json, sys; json.load(sys.stdin)' ||
			fail "$command: invalid JSON"
	done
fi
ok df v.img
ok dump v.img sb
expect 2 "xfsw: dump: unknown structure 'nonsense'; see 'xfsw dump --help'" dump v.img nonsense

# ---- shell -----------------------------------------------------------------------
shell() { "$XFSW" shell "$@" >out 2>err; }
shell v.img <<'END' || fail "shell: $(cat err)"
# a comment, and an empty line

mkdir /s                 # behind a command
create /s/file "/s/two words" '/s/quo"te' /s/\x41\101
write /s/file 0 4k 0x61
write /s/file 1m 10 z
write -t /s/file 4096 "text\n"
fsync /s/file
read /s/file 4090 20
truncate /s/file 4100
read /s/file
chown 5:6 /s/file
rename /s/file /s/renamed
xattr set /s/renamed user.x y
sync
ls /s
END
[ "$(cat out)" = "4090 6 0x61
4096 1 0x74
4097 1 0x65
4098 1 0x78
4099 1 0x74
4100 1 0x0a
4101 9 0x00
0 4096 0x61
4096 1 0x74
4097 1 0x65
4098 1 0x78
4099 1 0x74
AA
quo\"te
renamed
two words" ] || fail "shell printed $(cat out)"
field uid 5 stat --json v.img /s/renamed
printf 'mkdir /s\nmkdir /never\n' | shell v.img
[ $? = 1 ] || fail "the shell does not fail"
grep -qxF 'xfsw: shell: line 1: mkdir: /s: File exists' err || fail "shell said $(cat err)"
expect 1 "xfsw: stat: /never: No such file or directory" stat v.img /never
printf 'mkdir /s\nmkdir /after\n' | shell -k v.img
[ $? = 1 ] || fail "shell -k forgot the error"
ok stat v.img /after
printf 'write "/s\n' | shell v.img
[ $? = 2 ] || fail "an open quote is accepted"
grep -qxF 'xfsw: shell: line 1: a quote is not closed' err || fail "shell said $(cat err)"
printf 'frob\n' | shell v.img
[ $? = 2 ] || fail "an unknown command is accepted"
printf 'mkdir /ro\n' | shell --read-only v.img
[ $? = 1 ] || fail "a read-only shell writes"
cp v.img abandoned.img
printf 'mkdir /lost\nsync\nabandon\n' | shell --unjournalled abandoned.img ||
	fail "abandon: $(cat err)"
"$XFSW" ls abandoned.img >/dev/null 2>&1
[ $? = 3 ] || fail "an abandoned image can be opened"
rm abandoned.img

judge "all verbs" v.img

# ---- the same tree through the journal, and without it --------------------------------
mkdir made
for i in $(seq 300); do
	head -c $((i * 97)) /dev/urandom >"made/$i"
done
for how in --journal --quiet; do
	ok create $how --profile 6.1 --size 400m made "made$how.img"
	judge "create $how" "made$how.img"
	"$XFSW" get "made$how.img" / "out$how" || fail "get after create $how"
	diff -r made "out$how" || fail "create $how: contents differ"
done
for how in "" --unjournalled; do
	# shellcheck disable=SC2086
	ok rm $how made--journal.img /1
	# shellcheck disable=SC2086
	ok put $how made--journal.img made/2 /1
done
judge "rm and put" made--journal.img
rm -r made out--journal out--quiet made--journal.img made--quiet.img

# ---- parts of a disk ---------------------------------------------------------------
truncate -s 500M disk.img
ok mkfs --offset 1m --size 400m disk.img
ok mkdir --offset 1m disk.img /inside
output inside ls --offset 1m disk.img
"$XFSW" ls disk.img >/dev/null 2>&1
[ $? = 3 ] || fail "a file system is found where none is"
if command -v sfdisk >/dev/null 2>&1 || [ -x /sbin/sfdisk ]; then
	PATH=$PATH:/sbin:/usr/sbin
	echo '2048,819200' | sfdisk -q disk.img >out 2>&1 || fail "sfdisk"
	"$XFSW" ls --partition 1 disk.img >out 2>err
	status=$?
	if [ $status = 3 ] && grep -q 'not supported' err; then
		say "note: built without libblkid, partitions are not tested"
	else
		[ "$(cat out)" = inside ] || fail "--partition 1: $(cat out err)"
		expect 3 "xfsw: ls: disk.img: partition 7 does not exist" ls --partition 7 disk.img
		# A table that counts in sectors of 4096 bytes is one of a disk that has no others.
		truncate -s 400M disk4k.img
		loop=$(losetup -b 4096 -f --show disk4k.img 2>/dev/null)
		printf 'label: gpt\nstart=256, size=80000\n' >script
		[ -z "$loop" ] || sfdisk -q "$loop" <script >out 2>&1
		made=$?
		[ -z "$loop" ] || losetup -d "$loop"
		if [ -n "$loop" ] && [ $made = 0 ]; then
			ok mkfs --partition 1 disk4k.img
			"$XFSW" info --partition 1 disk4k.img >out 2>err || fail "info: $(cat err)"
			grep -q 'sectors of 4096' out || fail "not the disk's sectors: $(cat out)"
			"$XFSW" mkfs -f -N --partition 1 disk4k.img >out 2>err
			grep -q 'sectors of 4096' out || fail "-N: not its sectors: $(cat out err)"
			"$XFSW" mkfs -f -s size=512 --partition 1 disk4k.img >out 2>err &&
				fail "sectors that the disk has not got"
			grep -q 'counts in sectors of 4096' err || fail "$(cat err)"
		else
			say "note: no loop device with sectors of 4096 bytes, such tables are not tested"
		fi
	fi
fi

# ---- a check that finds much --------------------------------------------------------------
cp v.img bad.img
for agno in 1 2; do
	dd if=/dev/zero of=bad.img bs=512 count=4 conv=notrunc status=none \
		seek=$((agno * $("$XFSW" info --json v.img | sed -n 's/^ *"ag_blocks": *\([0-9]*\).*/\1/p') * 8))
done
"$XFSW" check bad.img >all 2>err && fail "check: groups without headers are no finding"
"$XFSW" check -n 2 bad.img >out 2>err && fail "check -n: groups without headers are no finding"
[ "$(head -2 out)" = "$(head -2 all)" ] || fail "check -n 2: not the first two findings"
grep -q "^$(($(wc -l <all) - 2)) more findings" out || fail "check -n 2: $(cat out)"
grep -qE '^ +[0-9]+ (superblock|agf)$' out || fail "check -n 2: no count of each structure"
[ "$(sed -n 's/^ *\([0-9]*\) [a-z]*$/\1/p' out | awk '{ n += $1 } END { print n }')" = "$(wc -l <all)" ] ||
	fail "check -n 2: the counts are not those of all findings"
"$XFSW" check -n 0 bad.img >out 2>err
cmp -s all out || fail "check -n 0 does not print all"
"$XFSW" check --json -n 2 bad.img >out 2>err
[ "$(grep -c '"text"' out)" = 2 ] || fail "check --json -n 2 prints $(grep -c '"text"' out) findings"

# ---- an external log ------------------------------------------------------------------
truncate -s 100M log.img
ok mkfs --size 400m --logdev log.img external.img
ok mkdir --logdev log.img external.img /d
output d ls --logdev log.img external.img
"$XFSW" ls external.img >/dev/null 2>&1
[ $? = 3 ] || fail "an external log is not asked for"
exit 0
