#!/bin/sh
# SPDX-License-Identifier: MIT
#
# How fast does a tree become an image?  The same tree by `xfsw create`, by mkfs.xfs and a loop
# mount and `cp -a`, by `mkfs.xfs -p` (MKFS_NEW, 7.2 or later), by `mke2fs -d`, and by `tar` into one
# flat file; the yardstick is `cat` of all files into one.  Everything warmed, target on
# tmpfs, best of RUNS (3).  As root, where loop mounts work; what is missing is left out.
#
#   sh tests/bench/populate.sh [tree|empty|flat|data|all|open] [DIR]
#
#   tree   DIR (default /usr/share)           empty  500,000 empty files in 500 directories
#   flat   200,000 files of 1 KiB in one      data   two files of 1 GiB
#   small  150,000 files of 1..8 KiB in 300   open   a sparse image of 16 TiB: memory, bytes read
set -u
here=$(cd "$(dirname "$0")" && pwd)
: "${XFSWRITE_BUILD:=$here/../../build/release}"
: "${XFSW:=$XFSWRITE_BUILD/examples/xfsw}"
: "${RUNS:=3}"
what=${1:-all}
dir=${2:-/usr/share}
work=$(mktemp -d "${TMPDIR:-/dev/shm}/xfswrite-bench.XXXXXX") || exit 1
trap 'umount "$work/mnt" 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
mkdir "$work/mnt"
PATH=$PATH:/usr/sbin:/sbin

now() { date +%s.%N; }

# time_best NAME CMD...: seconds of the fastest run in $best; "-" when it fails.
time_best() {
	shift
	best=-
	for run in $(seq "$RUNS"); do
		rm -f "$work/out.img"
		start=$(now)
		"$@" >"$work/log" 2>&1 || { best=-; tail -2 "$work/log" >&2; return; }
		end=$(now)
		best=$(echo "$start $end $best" | awk '{ t = $2 - $1; print ($3 == "-" || t < $3) ? t : $3 }')
	done
}

by_cat() { find "$1" -type f -print0 | xargs -0 cat >"$work/out.img"; }
by_tar() { tar -cf "$work/out.img" -C "$1" .; }
by_xfsw() { "$XFSW" create -q $options "$1" "$work/out.img"; }
by_xfsw_size() { "$XFSW" create -q --size "$size" "$1" "$work/out.img"; }
by_xfsw_72() { "$XFSW" create -q --profile 7.2 --size "$size" "$1" "$work/out.img"; }
by_kernel() {
	truncate -s "$size" "$work/out.img" && mkfs.xfs -q "$work/out.img" &&
		mount -o loop "$work/out.img" "$work/mnt" && cp -a "$1/." "$work/mnt/" &&
		umount "$work/mnt"
}
by_mkfs_p() { truncate -s "$size" "$work/out.img" && $MKFS_NEW -q -p "$1" "$work/out.img"; }
by_mke2fs() { mke2fs -q -t ext4 -N "$inodes" -d "$1" "$work/out.img" "${size%?}g"; }

report() {
	printf '%-26s %9s s' "$1" "$best"
	if [ "$best" != - ]; then
		echo "$best $files $bytes $yardstick" |
			awk '{ printf " %9.0f files/s %7.0f MiB/s %6.2f x cat", $2 / $1, $3 / $1 / 1048576, $1 / $4 }'
	fi
	echo
}

one_tree() {
	files=$(find "$1" | wc -l)
	bytes=$(find "$1" -type f -printf '%s\n' | awk '{ s += $1 } END { printf "%.0f", s }')
	inodes=$((files + files / 8 + 1000))
	size=$(echo "$files $bytes" | awk '{ g = int(($2 * 1.15 + $1 * 5500) / 2^30) + 2; printf "%dg", g }')
	echo "-- $2: $files objects, $bytes bytes, image $size"
	options=""
	by_cat "$1"	# warms
	time_best cat by_cat "$1"
	yardstick=$best
	[ "$(echo "$best" | awk '{ print ($1 < 0.05) }')" = 0 ] || yardstick=0.05
	report "cat into one file"
	time_best xfsw by_xfsw_size "$1"
	report "xfsw create --size"
	time_best xfsw by_xfsw "$1"
	report "xfsw create"
	time_best xfsw by_xfsw_72 "$1"
	report "xfsw create, 7.2"
	time_best tar by_tar "$1"
	report "tar into one file"
	if command -v mke2fs >/dev/null; then
		time_best mke2fs by_mke2fs "$1"
		report "mke2fs -d"
	fi
	if [ -n "${MKFS_NEW:-}" ]; then
		time_best mkfs by_mkfs_p "$1"
		report "mkfs.xfs -p DIR"
	fi
	if [ "$(id -u)" = 0 ]; then
		time_best kernel by_kernel "$1"
		report "mkfs.xfs, mount, cp -a"
	fi
	rm -f "$work/out.img"
	memory "$1"
}

# Peak resident memory of one create.
memory() {
	command -v python3 >/dev/null || return
	python3 - "$XFSW" create -q --size "$size" "$1" "$work/out.img" <<'END'
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True)
print("%-26s %9.1f MiB" % ("peak memory", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024))
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
	"make_$1"
	one_tree "$work/$1" "$1"
	rm -rf "${work:?}/$1"
}

one_open() {
	echo "-- open: a sparse image of 16 TiB"
	"$XFSW" mkfs --size 16t "$work/out.img" || return
	python3 - "$XFSW" df "$work/out.img" <<'END'
import resource, subprocess, sys, time
start = time.time()
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
use = resource.getrusage(resource.RUSAGE_CHILDREN)
print("%-26s %9.1f MiB, %.3f s" % ("xfsw df: peak memory", use.ru_maxrss / 1024, time.time() - start))
END
	if command -v strace >/dev/null; then
		strace -f -e trace=pread64,preadv,preadv2 "$XFSW" df "$work/out.img" 2>&1 >/dev/null |
			awk -F '= ' '/pread/ { n += $NF; c++ } END { printf "%-26s %9d in %d calls\n", "bytes read", n, c }'
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
