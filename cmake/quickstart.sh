#!/bin/sh
# SPDX-License-Identifier: MIT
#
# From a fresh clone to a real image: installs what is missing, builds, makes an XFS image
# of a real tree, checks it, and - as root, where loop mounts work - lets the kernel mount it and
# compares.   sh cmake/quickstart.sh [DIR]     (DIR: the tree, default /usr/share)
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/cmake/packages.sh"
build=$top/build/release
tree=${1:-/usr/share}
[ -d "$tree" ] || tree=$top
img=$top/build/quickstart.img

echo "== what is needed"
packages_install gcc libc6-dev cmake ninja-build pkg-config libblkid-dev libarchive-dev ||
	packages_install gcc libc6-dev cmake ninja-build pkg-config
packages_install xfsprogs || echo "note: no xfsprogs, the image is judged by xfsw alone"
PATH=$PATH:/usr/sbin:/sbin

echo "== build"
cmake -G Ninja -C "$top/cmake/presets/release.cmake" -DXFSWRITE_TESTS=OFF -S "$top" -B "$build" >/dev/null
cmake --build "$build"
xfsw=$build/examples/xfsw

echo "== xfsw create $tree"
rm -f "$img"
skip=""
[ "$(id -u)" = 0 ] || skip=--skip-unreadable
# Something the running kernel can mount.
profile=$(uname -r | awk '{ split($1, v, "."); if (v[1] < 6 || (v[1] == 6 && v[2] < 10)) print "--profile 6.1" }')
start=$(date +%s)
# shellcheck disable=SC2086
"$xfsw" create $skip $profile "$tree" "$img"
echo "$(find "$tree" | wc -l) objects in $(($(date +%s) - start)) s"
"$xfsw" df -h "$img"

echo "== xfsw check"
"$xfsw" check -v "$img"
if command -v xfs_repair >/dev/null 2>&1; then
	echo "== xfs_repair -n"
	if said=$(xfs_repair -n "$img" 2>&1); then
		echo "fine"
	elif echo "$said" | grep -q "unsupported filesystem features"; then
		echo "note: this xfs_repair is older than the features of the image (--profile 6.1 would do)"
	else
		echo "$said" >&2
		exit 1
	fi
fi

echo "== the kernel"
mnt=$(mktemp -d)
# The exit code is that of what was done: not being able to mount is no failure.
trap 'code=$?; umount "$mnt" 2>/dev/null || :; rmdir "$mnt" || :; exit $code' EXIT
if [ "$(id -u)" != 0 ]; then
	echo "not root: not mounted"
elif ! mount -o loop,ro "$img" "$mnt" 2>/dev/null; then
	echo "no loop mounts here, or a kernel older than the features of the image: not mounted"
else
	diff -r --no-dereference "$tree" "$mnt" || { echo "the trees differ" >&2; exit 1; }
	echo "mounted it; the trees are equal"
fi
echo "done: $img"
