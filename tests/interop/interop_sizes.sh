#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Goal: without --size, `xfsw create` chooses a size that holds the tree and leaves what it
# promises free - a tenth, at least 16 MiB - also as a kernel counts, without being absurdly large.
# Method: trees that consist of one thing only, which an estimate for ordinary trees gets
# wrong: inodes, names, links, attributes, directories, tails of blocks, holes; in several geometries.
. "$(dirname "$0")/common.sh"
command -v python3 >/dev/null 2>&1 || skip "needs python3"
img=$work/s.img

make() {
	rm -rf "$work/tree"
	mkdir "$work/tree"
	python3 - "$work/tree" "$1" <<'END'
import os, sys
top, kind = sys.argv[1:]
os.chdir(top)
def touch(name, data=b""):
    with open(name, "wb") as f:
        f.write(data)
if kind == "inodes":
    for d in range(40):
        os.mkdir(str(d))
        for i in range(1000):
            touch("%d/%d" % (d, i))
elif kind == "names":
    for i in range(6000):
        touch("%06d" % i + "x" * 249)
elif kind == "links":
    for i in range(8000):
        os.symlink("t" * 1000, "%d" % i)
elif kind == "attributes":
    for i in range(3000):
        touch("%d" % i)
        os.setxattr("%d" % i, "user.one", b"v" * 700)
        os.setxattr("%d" % i, "user.two", b"v" * 3000)
elif kind == "directories":
    for i in range(6000):
        os.makedirs("%d/%s/c" % (i, "b" * 200))
elif kind == "tails":
    for i in range(20000):
        touch("%d" % i, b"1")
elif kind == "holes":
    for i in range(40):
        with open("%d" % i, "wb") as f:
            for k in range(600):
                f.seek(k * 262144)
                f.write(b"x")
elif kind == "hardlinks":
    touch("first")
    for i in range(20000):
        os.link("first", "%d" % i + "y" * 100)
END
}

one() {
	run_silent "create $*" "$XFSW" create -f "$@" "$work/tree" "$img"
	judge "create $*" "$img"
	size=$(stat -c %s "$img")
	free=$("$XFSW" df --json "$img" | sed -n 's/.*"free": \([0-9]*\).*/\1/p')
	say "$kind $*: $((size >> 20)) MiB, $((free >> 20)) free"
	[ "$free" -ge 16777216 ] || fail "$kind $*: only $free bytes are free"
	[ $((free * 11)) -ge $(((size - free) / 2)) ] || fail "$kind $*: less than a tenth is free"
	# At the smallest sizes the rest is log and minimum; above, a third must be in use.
	[ "$size" -le 1000000000 ] || [ $((free * 3)) -le $((size * 2)) ] || fail "$kind $*: $free of $size bytes are free"
}

if ! setfattr -n user.x -v x "$work" 2>/dev/null; then
	say "note: no user attributes on $work, so not tested"
	attributes=""
else
	attributes=attributes
fi
for kind in inodes names links $attributes directories tails holes hardlinks; do
	make $kind
	one --small
	one --small --profile 6.1
	one --small -b size=1k -i size=512 --profile 6.1
	one -b size=64k
done
exit 0
