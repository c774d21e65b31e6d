#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Goal: what README.md shows is what happens.
# Method: the session under "The tool at work" is run command by command and its output compared; the
# program under "A program" is compiled and run on an image, which then has the file it writes.
. "$(dirname "$0")/common.sh"
readme=$XFSWRITE_SOURCE/README.md

# fenced LANGUAGE: the first block of that language.
fenced() { awk -v open="\`\`\`$1" '$0 == open { on = 1; next } on && $0 == "```" { exit } on' "$readme"; }

fenced console >"$work/session"
grep -q '^\$ ' "$work/session" || fail "no session in README.md"
grep '^\$ ' "$work/session" | sed 's/^\$ //' >"$work/commands"
mkdir "$work/run" "$work/bin"
ln -s "$XFSW" "$work/bin/xfsw"
# Each command is echoed as the session shows it, before what it prints.
{
	echo 'set -e'
	while IFS= read -r command; do
		printf "cat <<'END-OF-COMMAND'\n\$ %s\nEND-OF-COMMAND\n%s\n" "$command" "$command"
	done <"$work/commands"
} >"$work/script"
(cd "$work/run" && PATH=$work/bin:$PATH TZ=UTC SOURCE_DATE_EPOCH=1767225600 sh "$work/script") \
	>"$work/said" 2>&1 || fail "a command failed: $(tail -n 3 "$work/said")"
diff "$work/session" "$work/said" >&2 || fail "the session in README.md is not what happens"

[ -z "${SANITIZE:-}" ] || { say "a sanitized library does not link into plain programs"; exit 0; }
: "${CC:=cc}"
command -v pkg-config >/dev/null 2>&1 || skip "the session is right; the program needs pkg-config"
fenced c >"$work/hello.c"
grep -q xfs_pwrite "$work/hello.c" || fail "no program in README.md"
cmake --install "$XFSWRITE_BUILD" --prefix "$work/prefix" >"$work/out" || fail "install: $(cat "$work/out")"
PKG_CONFIG_PATH=$(dirname "$(find "$work/prefix" -name xfswrite.pc)")
export PKG_CONFIG_PATH
# shellcheck disable=SC2046
$CC -Wall -Wextra -Werror "$work/hello.c" $(pkg-config --cflags --libs xfswrite) -o "$work/hello" ||
	fail "the program does not compile"
run_silent "mkfs" "$XFSW" mkfs --size 300m "$work/disk.img"
(cd "$work" && LD_LIBRARY_PATH=$(pkg-config --variable=libdir xfswrite) ./hello) || fail "the program failed"
[ "$("$XFSW" cat "$work/disk.img" /hello.txt)" = hello ] || fail "the program wrote something else"
