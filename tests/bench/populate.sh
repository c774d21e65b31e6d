#!/bin/sh
# SPDX-License-Identifier: MIT
#
# How fast does a tree become an image?  The same tree by `xfsw create`, by mkfs.xfs and a loop
# mount and `cp -a`, by `mkfs.xfs -p` (MKFS_NEW, 7.2 or later), by guestfish (libguestfs: an appliance in
# qemu, slow without hardware virtualisation), by `mke2fs -d`, and by `tar` into one flat file; the
# yardstick is `cat` of all files into one.  Everything warmed, target on
# tmpfs.  All take turns, RUNS (5) times, so that what else the machine does meets each of
# them; the medians of wall time and of CPU time (with the kernel's for it) are told, and what was left
# out and why.
#
#   sh tests/bench/populate.sh [tree|small|empty|flat|data|all|open] [DIR]
#
#   tree   DIR (default /usr/share)           empty  500,000 empty files in 500 directories
#   flat   200,000 files of 1 KiB in one      data   two files of 1 GiB
#   small  150,000 files of 1..8 KiB in 300   open   a sparse image of 16 TiB: memory, bytes read
set -u
here=$(cd "$(dirname "$0")" && pwd)
: "${XFSWRITE_BUILD:=$here/../../build/release}"
: "${XFSW:=$XFSWRITE_BUILD/examples/xfsw}"
: "${RUNS:=5}"
: "${SLOW_RUNS:=1}"
what=${1:-all}
dir=${2:-/usr/share}
if [ ! -x "$XFSW" ]; then
	echo "populate.sh: $XFSW is not there: set XFSW, or XFSWRITE_BUILD to a release build" >&2
	exit 1
fi
work=$(mktemp -d "${TMPDIR:-/dev/shm}/xfswrite-bench.XXXXXX") || exit 1
trap 'umount "$work/mnt" 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
mkdir "$work/mnt" "$work/times"
PATH=$PATH:/usr/sbin:/sbin

now() { date +%s.%N; }

by_cat() { find "$1" -type f -print0 | xargs -0 cat >"$work/out.img"; }
by_tar() { tar -cf "$work/out.img" -C "$1" .; }
by_xfsw() { "$XFSW" create -q "$1" "$work/out.img"; }
by_xfsw_size() { "$XFSW" create -q --size "$size" "$1" "$work/out.img"; }
by_xfsw_61() { "$XFSW" create -q --profile 6.1 --size "$size" "$1" "$work/out.img"; }
by_kernel() {
	truncate -s "$size" "$work/out.img" && mkfs.xfs -q "$work/out.img" &&
		mount -o loop "$work/out.img" "$work/mnt" && cp -a "$1/." "$work/mnt/" &&
		umount "$work/mnt"
}
by_mkfs_p() { truncate -s "$size" "$work/out.img" && $mkfs_new -q -p "$1" "$work/out.img"; }
# /dev/null for a disk says only whether the appliance starts.
guestfish_starts() { guestfish -a /dev/null run >"$work/log" 2>&1; }
by_guestfish() {
	truncate -s "$size" "$work/out.img" && tar -cf "$work/out.tar" -C "$1" . &&
		guestfish -a "$work/out.img" run : mkfs xfs /dev/sda : mount /dev/sda / : \
			tar-in "$work/out.tar" / : umount-all
	made=$?
	rm -f "$work/out.tar"
	return $made
}
by_mke2fs() { mke2fs -q -t ext4 -N "$inodes" -d "$1" "$work/out.img" "${size%?}g"; }

# Why a rival cannot run here; nothing: it can.
why_not() {
	case $1 in
	mke2fs)
		command -v mke2fs >/dev/null || echo "mke2fs is not installed"
		;;
	mkfs_p)
		if [ -n "${MKFS_NEW:-}" ]; then
			$MKFS_NEW -V >/dev/null 2>&1 || echo "'$MKFS_NEW' does not run"
		elif ! mkfs.xfs -V 2>/dev/null | grep -Eq ' ([7-9]|[1-9][0-9])\.'; then
			echo "needs mkfs.xfs 7.2: set MKFS_NEW"
		fi
		;;
	guestfish)
		if ! command -v guestfish >/dev/null; then
			echo "guestfish is not installed (guestfish libguestfs-xfs qemu-system-x86)"
		elif ! guestfish_starts; then
			echo "guestfish cannot start its appliance (LIBGUESTFS_BACKEND=direct?)"
		fi
		;;
	kernel)
		if [ "$(id -u)" != 0 ]; then
			echo "needs root, for a loop mount"
		elif ! command -v mkfs.xfs >/dev/null; then
			echo "mkfs.xfs is not installed"
		elif ! kernel_mounts; then
			echo "loop mounts of XFS do not work here"
		fi
		;;
	esac
}

kernel_mounts() {
	truncate -s 300m "$work/out.img" && mkfs.xfs -q "$work/out.img" >/dev/null 2>&1 &&
		mount -o loop "$work/out.img" "$work/mnt" 2>/dev/null && umount "$work/mnt"
	mounted=$?
	rm -f "$work/out.img"
	return $mounted
}

# run_once NAME DIR: its wall and CPU seconds onto the list of NAME; a failure takes it out.
run_once() {
	[ -e "$work/times/$1.failed" ] && return
	rm -f "$work/out.img"
	start=$(now)
	if (
		"by_$1" "$2" >"$work/log" 2>&1 || exit 1
		times >"$work/cpu"
	); then
		end=$(now)
		# The second line is that of the children.
		tr 'ms' '  ' <"$work/cpu" | awk -v start="$start" -v end="$end" \
			'NR == 2 { print end - start, $1 * 60 + $2 + $3 * 60 + $4 }' \
			>>"$work/times/$1"
	else
		tail -1 "$work/log" >"$work/times/$1.failed"
		umount "$work/mnt" 2>/dev/null
	fi
}

# median NAME COLUMN
median() {
	awk -v c="$2" '{ print $c }' "$work/times/$1" | sort -g | awk '{ v[NR] = $1 }
		END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

# report NAME TITLE
report() {
	if [ -e "$work/times/$1.failed" ]; then
		printf '%-24s failed: %s\n' "$2" "$(cat "$work/times/$1.failed")"
	elif [ ! -e "$work/times/$1" ]; then
		printf '%-24s skipped: %s\n' "$2" "$(why_not "$1")"
	else
		echo "$2|$(median "$1" 1)|$(median "$1" 2)|$files|$bytes|$(median cat 1)|$(median cat 2)" |
			awk -F '|' '{ y = $6 < 0.05 ? 0.05 : $6; c = $7 < 0.05 ? 0.05 : $7
				printf "%-24s %8.3f s %8.0f files/s %6.0f MiB/s %6.2f x cat", $1, $2,
					$4 / $2, $5 / $2 / 1048576, $2 / y
				printf ", CPU %7.3f s %6.2f x cat\n", $3, $3 / c }'
	fi
}

one_tree() {
	files=$(find "$1" | wc -l)
	bytes=$(find "$1" -type f -printf '%s\n' | awk '{ s += $1 } END { printf "%.0f", s }')
	inodes=$((files + files / 8 + 1000))
	size=$(echo "$files $bytes" | awk '{ g = int(($2 * 1.15 + $1 * 5500) / 2^30) + 2; printf "%dg", g }')
	mkfs_new=${MKFS_NEW:-mkfs.xfs}
	echo "-- $2: $files objects, $bytes bytes, image $size, medians of $RUNS runs"
	rm -f "$work/times/"*
	by_cat "$1"	# warms
	able=
	for rival in mke2fs mkfs_p kernel guestfish; do
		[ -n "$(why_not $rival)" ] || able="$able $rival"
	done
	for run in $(seq "$RUNS"); do
		for name in cat xfsw_size xfsw xfsw_61 tar $able; do
			# Half a minute each, or minutes, are enough of these.
			case $name in
			mke2fs | guestfish) [ "$run" -gt "$SLOW_RUNS" ] && continue ;;
			esac
			run_once "$name" "$1"
		done
	done
	report cat "cat into one file"
	report xfsw_size "xfsw create --size"
	report xfsw "xfsw create"
	report xfsw_61 "xfsw create, as 6.1"
	report tar "tar into one file"
	report mkfs_p "mkfs.xfs -p DIR"
	report kernel "mkfs.xfs, mount, cp -a"
	report guestfish "guestfish tar-in"
	report mke2fs "mke2fs -d"
	rm -f "$work/out.img"
	memory "$1"
}

# Peak resident memory of one create.
memory() {
	if ! command -v python3 >/dev/null; then
		printf '%-24s skipped: python3 is not installed\n' "peak memory"
		return
	fi
	python3 - "$XFSW" create -q --size "$size" "$1" "$work/out.img" <<'END'
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True)
print("%-24s %8.1f MiB" % ("peak memory", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024))
END
	rm -f "$work/out.img"
}

make_empty() {
	python3 - "$work/empty" <<'END'
import os, sys
for d in range(500):
    os.makedirs("%s/d%03d" % (sys.argv[1], d))
    for f in range(1000):
        os.close(os.open("%s/d%03d/f%04d" % (sys.argv[1], d, f), os.O_CREAT | os.O_WRONLY))
END
}
make_flat() {
	python3 - "$work/flat" <<'END'
import os, sys
os.makedirs(sys.argv[1])
for f in range(200000):
    with open("%s/file-%06d" % (sys.argv[1], f), "wb") as out:
        out.write(b"%d" % f * (1024 // len("%d" % f)))
END
}
make_small() {
	python3 - "$work/small" <<'END'
import os, random, sys
random.seed(1)
for d in range(300):
    os.makedirs("%s/d%03d" % (sys.argv[1], d))
    for f in range(500):
        with open("%s/d%03d/f%04d" % (sys.argv[1], d, f), "wb") as out:
            out.write(random.randbytes(random.randrange(1024, 8192)))
END
}
make_data() {
	mkdir "$work/data"
	head -c 1073741824 /dev/urandom >"$work/data/one"
	cp "$work/data/one" "$work/data/two"
}

generated() {
	if ! command -v python3 >/dev/null; then
		echo "-- $1: skipped: python3, which makes the files, is not installed"
		return
	fi
	"make_$1"
	one_tree "$work/$1" "$1"
	rm -rf "${work:?}/$1"
}

one_open() {
	echo "-- open: a sparse image of 16 TiB"
	if ! command -v python3 >/dev/null; then
		echo "skipped: python3 is not installed"
		return
	fi
	"$XFSW" mkfs --size 16t "$work/out.img" || return
	python3 - "$XFSW" df "$work/out.img" <<'END'
import resource, subprocess, sys, time
start = time.time()
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
use = resource.getrusage(resource.RUSAGE_CHILDREN)
print("%-24s %8.1f MiB, %.3f s" % ("xfsw df: peak memory", use.ru_maxrss / 1024, time.time() - start))
END
	if ! command -v strace >/dev/null; then
		printf '%-24s skipped: strace is not installed\n' "bytes read"
	else
		strace -f -e trace=pread64,preadv,preadv2 "$XFSW" df "$work/out.img" 2>&1 >/dev/null |
			awk -F '= ' '/pread/ { n += $NF; c++ } END { printf "%-24s %8d in %d calls\n", "bytes read", n, c }'
	fi
	rm -f "$work/out.img"
}

case $what in
tree) one_tree "$dir" "$dir" ;;
empty | flat | small | data) generated "$what" ;;
open) one_open ;;
all)
	one_tree "$dir" "$dir"
	for kind in small empty flat data; do
		generated $kind
	done
	one_open
	;;
*)
	echo "usage: populate.sh [tree|small|empty|flat|data|open|all] [DIR]" >&2
	exit 2
	;;
esac
