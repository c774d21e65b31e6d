#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Goal: the lessons work, and so does the program in the README.
# Method: run each built lesson; cut the program out of README.md, compile it, run it.
. "$(dirname "$0")/common.sh"
lessons=$XFSWRITE_BUILD/examples
: "${CC:=cc}"
mkdir "$work/tree"
echo content >"$work/tree/file"
img=$work/l.img
run_silent "create" "$XFSW" create --size 300m "$work/tree" "$img"

[ "$("$lessons/lesson_open_read" "$img" /file)" = content ] || fail "open_read"
run_silent "write_fsync" "$lessons/lesson_write_fsync" "$img" /greeting 'good morning'
[ "$("$XFSW" cat "$img" /greeting)" = 'good morning' ] || fail "write_fsync wrote something else"
"$lessons/lesson_list_tree" "$img" >"$work/out" || fail "list_tree"
grep -q 'greeting (12 bytes)' "$work/out" || fail "list_tree: $(cat "$work/out")"
"$lessons/lesson_overlay" "$img" /greeting forget >"$work/out" || fail "overlay"
grep -q '^0 findings' "$work/out" || fail "overlay: $(cat "$work/out")"
"$XFSW" stat "$img" /greeting >/dev/null || fail "overlay did not forget"
"$lessons/lesson_overlay" "$img" /greeting keep >/dev/null || fail "overlay"
"$XFSW" stat "$img" /greeting >/dev/null 2>&1 && fail "overlay did not keep"
"$lessons/lesson_own_device" "$img" >"$work/out" || fail "own_device"
grep -q ' reads, ' "$work/out" || fail "own_device: $(cat "$work/out")"
run_silent "memory" "$lessons/lesson_memory" "$work/m.img"
judge "memory" "$work/m.img"
run_silent "build_image" "$lessons/lesson_build_image" "$work/b.img"
judge "build_image" "$work/b.img"
run_silent "attributes" "$lessons/lesson_attributes" "$img" /file
judge "attributes" "$img"
run_silent "threads" "$lessons/lesson_threads" "$img"
judge "threads" "$img"

# README: the C program, between the fences.
awk '/^```c$/ { on = 1; next } /^```$/ { on = 0 } on' "$XFSWRITE_SOURCE/README.md" >"$work/readme.c"
[ -s "$work/readme.c" ] || fail "README.md has no program"
sanitize=${SANITIZE:+-fsanitize=$SANITIZE}
# shellcheck disable=SC2086,SC2046
$CC $sanitize -Wall -Wextra -Werror -I"$XFSWRITE_SOURCE/include" -I"$XFSWRITE_BUILD/include" "$work/readme.c" \
	"$XFSWRITE_BUILD/lib/libxfswrite.a" -pthread $(pkg-config --libs uuid blkid 2>/dev/null) \
	-o "$work/readme" || fail "the program in README.md does not compile"
cp "$img" "$work/disk.img"
cd "$work" || fail "cd"
./readme || fail "the program in README.md fails"
[ "$("$XFSW" cat disk.img /hello.txt)" = "hello" ] || fail "the program in README.md wrote something else"
judge "README.md" disk.img
exit 0
