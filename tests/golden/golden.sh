#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Goal: what a kernel wrote passes every verifier and the checker, the same things every time.
# Method: unpack DIRECTORY/image.xz; the output of both programs is DIRECTORY/expect.txt.
#
#	golden.sh DIRECTORY VERIFY_IMAGE CHECK_IMAGE

command -v xz >/dev/null || {
	echo "SKIP: no xz"
	exit 77
}
# What starts programs of another machine, where the build is for one.
EMULATOR=${EMULATOR:-}
dir=$(mktemp -d "${XFSWRITE_TEST_DIR:-${TMPDIR:-/tmp}}/golden.XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
xz -dc "$1/image.xz" >"$dir/image" || exit 1
{
	$EMULATOR "$2" "$dir/image"
	$EMULATOR "$3" -s "$dir/image"
} >"$dir/found.txt" 2>&1
diff "$1/expect.txt" "$dir/found.txt"
