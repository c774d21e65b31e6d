#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Goal: volumes that are full to the last block, and those that were, are sound for all referees;
# the kernel mounts and empties them; and xfsw says plainly that there is no space.
# Method: the images that the model test leaves when it fills, empties and fills again are
# judged, and emptied by the kernel where it can mount.  Then `xfsw put` and a shell script fill images
# in several geometries through the tool: exit code 1, a message, a sound image, and room again
# after `rm`.  --slow: all geometries, and all images, not only those that are full.
. "$(dirname "$0")/common.sh"
need_tools mkfs.xfs
: "${MODELS:=$XFSWRITE_BUILD/tests/model}"
which=-full geometries="0 3 6" enough=30
if [ "${1:-}" = --slow ]; then
	which='' geometries="0 1 2 3 4 5 6 7 8" enough=120
fi
mounts_here=""
if [ "$(id -u)" = 0 ] && truncate -s 300M "$work/probe.img" && mkfs.xfs -q "$work/probe.img" &&
	mount_image "$work/probe.img" "$work/mnt" 2>/dev/null; then
	unmount_image "$work/mnt"
	mounts_here=yes
else
	say "SKIP: not mounted, the kernel does not judge: needs root and loop devices"
fi
rm -f "$work/probe.img"
judged=0 emptied=0

for g in $geometries; do
	rm -rf "$work/images"
	mkdir "$work/images"
	export XFSWRITE_SAVE_DIR=$work/images XFSWRITE_GEOMETRY=$g
	"$MODELS/model_full" >"$work/log" 2>&1 || { cat "$work/log" >&2; fail "model_full, geometry $g"; }
	XFSWRITE_TEST_JOURNAL=1 "$MODELS/model_full" >"$work/log" 2>&1 ||
		{ cat "$work/log" >&2; fail "model_full, geometry $g, with the journal"; }
	for img in "$work"/images/*$which.img; do
		judge "$img" "$img"
		judged=$((judged + 1))
		case $img in *-full*) ;; *) continue ;; esac
		[ -n "$mounts_here" ] && kernel_knows "$img" || continue
		mount_image "$img" "$work/mnt" nouuid 2>"$work/err" ||
			{ say "SKIP: $img: $(head -1 "$work/err")"; continue; }
		find "$work/mnt" -mindepth 1 -delete || fail "$img: the kernel cannot empty it"
		echo again >"$work/mnt/again" || fail "$img: the kernel cannot write"
		unmount_image "$work/mnt"
		judge "$img, emptied by the kernel" "$img"
		emptied=$((emptied + 1))
	done
	say "geometry $g: $judged images judged, $emptied emptied by the kernel"
done
rm -rf "$work/images"
[ -z "$mounts_here" ] || [ $emptied -ge $enough ] || fail "the kernel emptied only $emptied of the images"

# The tool: a tree that does not fit.
mkdir "$work/tree"
for i in $(seq 36); do
	mkdir "$work/tree/$i"
	for k in $(seq 40); do
		head -c $((k * 997)) "$XFSW" >"$work/tree/$i/$k"
	done
	head -c $((i * 300000)) /dev/urandom >"$work/tree/$i/large"
done

one() {
	say "put until it is full: $*"
	img=$work/put.img
	"$XFSW" mkfs -f -q "$@" "$img" || fail "mkfs $*"
	run_silent "put of what fits" "$XFSW" put "$img" "$work/tree/1" /fits
	before=$("$XFSW" df --json "$img" | sed -n 's/.*"free": \([0-9]*\).*/\1/p')
	for round in 1 2 3; do
		run_silent "touch" "$XFSW" touch "$img" /last
		"$XFSW" put "$img" "$work/tree" /tree >"$work/out" 2>"$work/err"
		status=$?
		[ $status = 1 ] || fail "put $*: exit $status: $(cat "$work/err")"
		grep -q 'No space left on device' "$work/err" || fail "put $*: $(cat "$work/err")"
		judge "put $*, round $round" "$img"
		"$XFSW" cat "$img" /fits/large | cmp - "$work/tree/1/large" || fail "put $*: /fits/large has changed"
		# What is left can be used up to the last block, and says so as well.
		printf 'write /last 0 400000000 x\nsync\n' | "$XFSW" shell "$img" >"$work/out" 2>&1
		grep -q 'No space left on device' "$work/out" || fail "shell $*: $(cat "$work/out")"
		judge "shell $*, round $round" "$img"
		run_silent "rm" "$XFSW" rm -r "$img" /tree /last
		judge "rm $*, round $round" "$img"
		after=$("$XFSW" df --json "$img" | sed -n 's/.*"free": \([0-9]*\).*/\1/p')
		# Inodes in blocks that hold more than one chunk of them stay.
		[ "$after" = "$before" ] || [ "$*" != "${*#*64k}" ] || fail "$*: $after bytes free again, not $before"
	done
	# The same, by create with a size that is too small.
	"$XFSW" create -f "$@" "$work/tree" "$work/put.img" 2>"$work/err" && fail "create $*: it fits?"
	grep -q 'No space left on device\|too small' "$work/err" || fail "create $*: $(cat "$work/err")"
}

one --size 100m --small
one --size 60m --small -b size=1k --profile 6.1
one --size 144m --small -d agcount=8
one --size 256m --small -b size=64k -d agcount=2
exit 0
