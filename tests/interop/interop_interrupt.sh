#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Goal: work that is interrupted leaves an image that nothing takes for a finished one.
# Method: SIGINT and SIGKILL at several moments of a create and a put without the journal; the image is
# marked in progress, refused by the kernel and by xfsw, and can be made anew with -f.  With the journal
# the kernel recovers what a put or an rm left, and every referee finds it sound.
. "$(dirname "$0")/common.sh"

mkdir "$work/tree"
for i in $(seq 40); do
	mkdir "$work/tree/$i"
	for k in $(seq 250); do
		echo "$i $k" >"$work/tree/$i/$k"
	done
	head -c 20000000 /dev/zero >"$work/tree/$i/large"
done

check_refused() {
	"$XFSW" ls "$1" / >/dev/null 2>"$work/err"
	[ $? = 3 ] || fail "$2: xfsw opens the image"
	"$XFSW" info "$1" | grep -q 'IN PROGRESS' || fail "$2: info does not say in progress"
	if [ "$(id -u)" = 0 ] && mount_image "$1" "$work/mnt" 2>/dev/null; then
		fail "$2: the kernel mounts the image"
	fi
}

caught=0
for signal in INT TERM KILL; do
	for delay in 0.02 0.05 0.1 0.2; do
		rm -f "$work/i.img"
		"$XFSW" create --size 2g "$work/tree" "$work/i.img" 2>/dev/null &
		pid=$!
		sleep $delay
		kill -$signal $pid 2>/dev/null
		wait $pid 2>/dev/null
		status=$?
		[ $status = 0 ] && continue	# it was faster
		[ $status -gt 128 ] && [ ! -e "$work/i.img" ] && continue	# the program had not begun
		case $signal in
		KILL) [ $status = 137 ] || fail "SIGKILL gave $status" ;;
		*) [ $status = 130 ] || fail "SIG$signal gave $status" ;;
		esac
		[ -s "$work/i.img" ] || continue	# before anything was written
		"$XFSW" info "$work/i.img" >/dev/null 2>&1 || continue	# before the first superblock
		caught=$((caught + 1))
		check_refused "$work/i.img" "create, SIG$signal after $delay s"
	done
done
[ $caught -ge 3 ] || fail "only $caught interruptions came in time"

# A put that is interrupted.
"$XFSW" mkfs --size 2g -f "$work/p.img" || fail "mkfs"
caught=0
for delay in 0.02 0.05 0.1; do
	"$XFSW" mkfs --size 2g -f "$work/p.img" || fail "mkfs"
	"$XFSW" put --unjournalled "$work/p.img" "$work/tree" /tree 2>/dev/null &
	pid=$!
	sleep $delay
	kill -INT $pid 2>/dev/null
	wait $pid 2>/dev/null
	status=$?
	[ $status = 0 ] && continue
	[ $status = 130 ] || fail "SIGINT gave $status"
	# Before the first write the image is as it was.
	if ! "$XFSW" info "$work/p.img" | grep -q 'IN PROGRESS'; then
		judge "put, before its first write" "$work/p.img"
		continue
	fi
	caught=$((caught + 1))
	check_refused "$work/p.img" "put after $delay s"
done
[ $caught -ge 1 ] || say "note: no put was interrupted in time"

# With the journal: recovered IMG WHAT.  Files that are there and have their size have their
# contents; data that was not written yet is not there.
recovered() {
	"$XFSW" info "$1" | grep -q 'IN PROGRESS' && fail "$2: marked in progress"
	mount_image "$1" "$work/mnt" || fail "$2: the kernel does not recover it"
	(cd "$work/mnt" && find . -type f -printf '%s %p\n' | sort) >"$work/there"
	(cd "$work" && find ./tree -type f -printf '%s %p\n' | sort) >"$work/source"
	comm -12 "$work/there" "$work/source" | cut -d ' ' -f 2- >"$work/whole"
	(cd "$work/mnt" && xargs -r sha256sum) <"$work/whole" >"$work/there"
	(cd "$work" && xargs -r sha256sum) <"$work/whole" >"$work/source"
	cmp "$work/there" "$work/source" || fail "$2: a file has other contents"
	unmount_image "$work/mnt"
	judge "$2" "$1"
	recovered_images=$((recovered_images + 1))
}

recovered_images=0
"$XFSW" mkfs --size 2g -f "$work/p.img" || fail "mkfs"
if [ "$(id -u)" = 0 ] && mount_image "$work/p.img" "$work/mnt" 2>/dev/null; then
	unmount_image "$work/mnt"
	rm -rf "$work"/tree/*/large
	for verb in put rm; do
		for kind in INT:0.05 INT:0.3 KILL:0.03 KILL:0.1 KILL:0.3; do
			"$XFSW" mkfs --size 2g -f "$work/p.img" || fail "mkfs"
			set -- put "$work/p.img" "$work/tree" /tree
			if [ $verb = rm ]; then
				run_silent put "$XFSW" "$@"
				set -- rm -r "$work/p.img" /tree
			fi
			"$XFSW" "$@" 2>/dev/null &
			pid=$!
			sleep ${kind#*:}
			kill -${kind%:*} $pid 2>/dev/null
			wait $pid 2>/dev/null
			recovered "$work/p.img" "$verb, $kind"
		done
	done
	say "$recovered_images images with a journal recovered by the kernel"
else
	say "SKIP: what is left with a journal is not recovered: needs root and loop mounts"
fi

# Made anew it is whole.
run_silent "create -f" "$XFSW" create -f --size 2g "$work/tree" "$work/i.img"
judge "create -f" "$work/i.img"

# What cannot be read is an error, or skipped and counted.
if [ "$(id -u)" != 0 ]; then
	chmod 0 "$work/tree/1/1"
	"$XFSW" create --size 2g -f "$work/tree" "$work/i.img" 2>"$work/err"
	[ $? = 1 ] || fail "an unreadable file is not an error"
	check_refused "$work/i.img" "unreadable file"
	"$XFSW" create --skip-unreadable --size 2g -f "$work/tree" "$work/i.img" 2>"$work/err" ||
		fail "--skip-unreadable"
	grep -q '1 objects could not be read' "$work/err" || fail "the skipped file is not counted"
fi
exit 0
