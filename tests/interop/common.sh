# SPDX-License-Identifier: MIT
# Sourced by the scripts of this folder (POSIX sh).  They get from ctest: XFSW, TREE_DIGEST,
# MAKE_TREE, XFSWRITE_SOURCE, XFSWRITE_BUILD; by hand: set them, or run from a build folder.
#
# XFS_REPAIR_NEW  a newer xfs_repair that judges as well (may be "wrapper xfs_repair")
# MKFS_NEW        a newer mkfs.xfs
# TMPDIR          where scratch goes: needs room for sparse files of 16 TiB (tmpfs, xfs)
set -u
here=$(cd "$(dirname "$0")" && pwd)
: "${XFSWRITE_BUILD:=$PWD}"
: "${XFSWRITE_SOURCE:=$(cd "$here/../.." && pwd)}"
: "${XFSW:=$XFSWRITE_BUILD/examples/xfsw}"
: "${TREE_DIGEST:=$XFSWRITE_BUILD/tests/tree_digest}"
: "${MAKE_TREE:=$XFSWRITE_BUILD/tests/make_tree}"
export LC_ALL=C
unset SOURCE_DATE_EPOCH
umask 022

if [ -z "${TMPDIR:-}" ] && [ -w /dev/shm ]; then
	TMPDIR=/dev/shm
fi
work=$(mktemp -d "${TMPDIR:-/tmp}/xfswrite-interop.XXXXXX") || exit 1
mounts=""

cleanup() {
	for _m in $mounts; do
		umount "$_m" 2>/dev/null || umount -l "$_m" 2>/dev/null
	done
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' INT TERM HUP

# Everything the test says goes to standard error: standard output is for captured results.
say() { echo "$*" >&2; }
fail() { say "FAIL: $*"; exit 1; }
skip() { say "SKIP: $*"; exit 77; }

need_root() {
	[ "$(id -u)" = 0 ] || skip "needs root"
}

need_tools() {
	for _tool; do
		command -v "$_tool" >/dev/null 2>&1 || [ -x "/usr/sbin/$_tool" ] || [ -x "/sbin/$_tool" ] ||
			skip "needs $_tool"
	done
	PATH=$PATH:/usr/sbin:/sbin
}

# mount_image IMG DIR [OPTIONS]: loop mount; remembered for the cleanup.
mount_image() {
	mkdir -p "$2"
	mount -o "loop${3:+,$3}" "$1" "$2" || return 1
	mounts="$2 $mounts"
}

unmount_image() {
	umount "$1" || fail "umount $1"
	_rest=""
	for _m in $mounts; do
		[ "$_m" = "$1" ] || _rest="$_rest $_m"
	done
	mounts=$_rest
}

# Can this machine mount XFS images at all?  A container often cannot.
need_mounts() {
	need_root
	need_tools mkfs.xfs mount umount
	truncate -s 300M "$work/probe.img"
	mkfs.xfs -q "$work/probe.img" || skip "mkfs.xfs does not work"
	mount_image "$work/probe.img" "$work/probe" || skip "cannot mount XFS images here"
	unmount_image "$work/probe"
	rm -f "$work/probe.img"
}

# Variables of functions begin with _: POSIX sh has no local ones.
# run_silent WHAT CMD...: exit 0 and not a word.
run_silent() {
	_what=$1
	shift
	if ! "$@" >"$work/out" 2>&1; then
		cat "$work/out" >&2
		fail "$_what"
	fi
	if [ -s "$work/out" ]; then
		cat "$work/out" >&2
		fail "$_what: it should be silent"
	fi
}

# measured WHAT CMD...: as run_silent, and tells what it took.
measured() {
	if ! command -v python3 >/dev/null 2>&1; then
		run_silent "$@"
		return
	fi
	_told=$1
	shift
	run_silent "$_told" python3 -c '
import resource, subprocess, sys, time
start = time.time()
status = subprocess.call(sys.argv[2:])
took = time.time() - start
use = resource.getrusage(resource.RUSAGE_CHILDREN)
with open(sys.argv[1], "w") as out:
    out.write("%.1f s (%.1f s of CPU), at most %.1f MiB of memory" % (took,
        use.ru_utime + use.ru_stime, use.ru_maxrss / 1024))
sys.exit(status if status >= 0 else 128 - status)' "$work/measured" "$@"
	say "$_told: $(cat "$work/measured")"
}

# xfs_repair -n talks about its phases; what is neither a phase nor its "- ..." steps is a finding.
repair_silent() {
	_what=$1
	_img=$2
	shift 2
	"$@" -n "$_img" >"$work/repair" 2>&1
	_status=$?
	grep -v -e '^Phase ' -e '^        - ' -e '^No modify flag set' -e 'Cannot get host filesystem geometry' \
		-e 'Repair may fail if there is a sector size mismatch' -e '^the image and the host filesystem' \
		"$work/repair" >"$work/repair.findings"
	if [ $_status != 0 ] || [ -s "$work/repair.findings" ]; then
		cat "$work/repair" >&2
		fail "$_what: xfs_repair -n ($*) exits $_status and complains"
	fi
}

# judge WHAT IMG: every referee there is.
judge() {
	run_silent "$1: xfsw check" "$XFSW" check "$2"
	if command -v xfs_repair >/dev/null 2>&1 && repair_knows "$2"; then
		repair_silent "$1" "$2" xfs_repair
	fi
	if [ -n "${XFS_REPAIR_NEW:-}" ]; then
		# shellcheck disable=SC2086  # may be a wrapper and a name
		repair_silent "$1" "$2" $XFS_REPAIR_NEW
	fi
}

# The installed xfs_repair may be older than the features of an image.
repair_knows() {
	case $("$XFSW" info "$1" | grep '^features') in
	*exchange* | *parent*) xfs_repair -V | awk '{ split($3, v, "."); exit !(v[1] > 6 || (v[1] == 6 && v[2] >= 10)) }' ;;
	esac
}

# Does the running kernel mount such images?
kernel_knows() {
	case $("$XFSW" info "$1" | grep '^features') in
	*exchange* | *parent*) uname -r | awk '{ split($1, v, "."); exit !(v[1] > 6 || (v[1] == 6 && v[2] >= 10)) }' ;;
	esac
}

# digest DIR FILE
digest() {
	"$TREE_DIGEST" "$1" >"$2" || fail "the tree $1 cannot be read"
}

# same_digest WHAT EXPECTED GOT
same_digest() {
	if ! cmp -s "$2" "$3"; then
		diff "$2" "$3" | head -40 >&2
		fail "$1: the trees differ"
	fi
}

# A tree of everything, on a file system that holds everything: the kernel's own XFS.
# make_source DIR [MAKE_TREE OPTIONS]: mounts $work/source.img there.
make_source() {
	_dir=$1
	shift
	truncate -s "${SOURCE_SIZE:-2G}" "$work/source.img"
	mkfs.xfs -q -f ${SOURCE_MKFS:-} "$work/source.img" || fail "mkfs.xfs"
	mount_image "$work/source.img" "$_dir" || fail "mount of the source"
	"$MAKE_TREE" "$@" "$_dir" || fail "make_tree"
}

# every_size COMMAND: COMMAND BLOCK DIRBLOCK INODE SECTOR, in KiB the first two, for every block size
# with every directory block that mkfs.xfs allows; inode and sector take turns.
every_size() {
	_turn=0
	for _block in 1 2 4 8 16 32 64; do
		for _dirblock in 4 8 16 32 64; do
			[ $_dirblock -ge $_block ] || continue
			_turn=$((_turn + 1))
			_inode=$((512 << _turn % 3))
			[ $_inode -le $((_block * 512)) ] || _inode=$((_block * 512))
			_sector=512
			[ $_block -lt 4 ] || [ $((_turn % 2)) = 0 ] || _sector=4096
			"$1" $_block $_dirblock $_inode $_sector
		done
	done
}

# What a verb is expected to say and to do; the scripts that use these stand in $work.

# expect CODE MESSAGE CMD...: xfsw's exit code, and all of its standard error.
expect() {
	_code=$1
	_message=$2
	shift 2
	"$XFSW" "$@" >out 2>err </dev/null
	_status=$?
	[ $_status = "$_code" ] || fail "xfsw $*: exit code $_status, not $_code: $(cat err)"
	[ "$(cat err)" = "$_message" ] || fail "xfsw $*: said '$(cat err)', not '$_message'"
}
ok() { expect 0 "" "$@"; }
# output TEXT CMD...: exit code 0, nothing on standard error, this on standard output.
output() {
	_text=$1
	shift
	ok "$@"
	[ "$(cat out)" = "$_text" ] || fail "xfsw $*: printed '$(cat out)', not '$_text'"
}
# document EXPRESSION VALUE: of the document d in the file out, as python prints it.
document() {
	_got=$(python3 -c "import json, sys; d = json.load(sys.stdin); print($1)" <out) ||
		fail "no document: $(cat out)"
	[ "$_got" = "$2" ] || fail "$1 is '$_got', not '$2'"
}
# json EXPRESSION VALUE CMD...: the same of what the command prints.
json() {
	_expression=$1
	_value=$2
	shift 2
	ok "$@"
	document "$_expression" "$_value"
}
# field KEY VALUE CMD...: the first such key of the document, for hosts without python.
field() {
	_key=$1
	_value=$2
	shift 2
	ok "$@"
	_got=$(sed -n "s/^ *\"$_key\": *\"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}\$/\1/p" out | head -1)
	[ "$_got" = "$_value" ] || fail "xfsw $*: $_key is '$_got', not '$_value'"
}
