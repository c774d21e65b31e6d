#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Goal: what other tools write into tar streams - names in ACLs, numbers of any size, streams
#       that are empty or cut, members that are not what they say - gives the right tree or a
#       message that names the member, and never a silent wrong one.
# Method: streams are made with Python's tarfile, byte by byte where it refuses to; what stands in
#       the image is read back with the tool.
. "$(dirname "$0")/common.sh"
need_tools python3 gzip
printf x >"$work/probe"
"$XFSW" create "$work/probe" "$work/probe.img" 2>&1 | grep -q 'built without libarchive' &&
	skip "built without libarchive"

cat >"$work/mk.py" <<'END'
"""mk.py OUT SPEC...: members as KEY=VALUE,... with name, data, type, uid, gid, mtime, major, minor,
link, and pax:KEY=VALUE for records of the extended header; ';' in values stands for ','."""
import io, sys, tarfile
TYPES = {'dir': tarfile.DIRTYPE, 'sym': tarfile.SYMTYPE, 'lnk': tarfile.LNKTYPE,
         'chr': tarfile.CHRTYPE, 'blk': tarfile.BLKTYPE, 'file': tarfile.REGTYPE}
with tarfile.open(sys.argv[1], 'w', format=tarfile.PAX_FORMAT) as out:
    for spec in sys.argv[2:]:
        info, data = tarfile.TarInfo('x'), b''
        info.mtime, info.mode = 1000, 0o640
        for part in spec.split(','):
            key, value = part.split('=', 1)
            value = value.replace(';', ',').replace('\\n', '\n')
            if key == 'name':
                info.name = value
            elif key == 'data':
                data = value.encode()
            elif key == 'type':
                info.type = TYPES[value]
                info.mode = 0o755 if value == 'dir' else info.mode
            elif key == 'link':
                info.linkname = value
            elif key.startswith('pax:'):
                info.pax_headers[key[4:]] = value
            else:
                setattr(info, {'major': 'devmajor', 'minor': 'devminor'}.get(key, key), int(value))
        info.size = len(data)
        out.addfile(info, io.BytesIO(data))
END
mk() { python3 "$work/mk.py" "$@" || fail "mk.py $*"; }

img=$work/t.img
# made WHAT [OPTIONS] -- TAR: create, and the checker.
made() {
	_what=$1
	shift
	rm -f "$img"
	"$XFSW" create --size 300m "$@" "$img" 2>"$work/err" || { cat "$work/err" >&2; fail "$_what"; }
	run_silent "$_what: check" "$XFSW" check "$img"
}
refused() {
	_what=$1 _text=$2
	shift 2
	rm -f "$img"
	"$XFSW" create --size 300m "$@" "$img" 2>"$work/err"
	[ $? = 1 ] || fail "$_what: it is not refused with exit code 1"
	grep -q -- "$_text" "$work/err" || { cat "$work/err" >&2; fail "$_what: the text is not '$_text'"; }
}
told() { grep -q -- "$1" "$work/err" || { cat "$work/err" >&2; fail "it is not told: $1"; }; }
# acl PATH [NAME]: its entries, as tag:perm:id
acl() {
	"$XFSW" xattr get "$img" "$1" "${2:-system.posix_acl_access}" >"$work/acl" 2>/dev/null || return 1
	python3 -c '
import struct, sys
value = open(sys.argv[1], "rb").read()
value = value[4:len(value) - (len(value) - 4) % 8]
print(" ".join("%x:%d:%d" % e for e in struct.iter_unpack("<HHI", value)).replace("4294967295", "-"))' "$work/acl"
}
is() { [ "$2" = "$3" ] || fail "$1: '$3', not '$2'"; }
owner() { "$XFSW" stat --json "$img" "$1" | python3 -c 'import json,sys; d=json.load(sys.stdin); d=d[0] if isinstance(d,list) else d; print("%d:%d" % (d["uid"], d["gid"]))'; }

# ---- ACLs that name users and groups ----------------------------------------------------------
named='user::rw-;user:root:rwx;group::r--;group:adm:r-x;mask::rwx;other::---'
mk "$work/named.tar" "name=f,data=x,pax:SCHILY.acl.access=$named" \
	"name=d,type=dir,pax:SCHILY.acl.default=$named" "name=etc,type=dir" \
	'name=etc/passwd,data=daemon:x:1:1::/:/bin/sh\nroot:x:77:0::/:/bin/sh\n' \
	'name=etc/group,data=adm:x:4321:\n'
made "names in ACLs, found in the tree that comes later" "$work/named.tar"
is "access ACL" "1:6:- 2:7:77 4:4:- 8:5:4321 10:7:- 20:0:-" "$(acl /f)"
is "default ACL" "1:6:- 2:7:77 4:4:- 8:5:4321 10:7:- 20:0:-" "$(acl /d system.posix_acl_default)"
gzip -c "$work/named.tar" >"$work/named.tar.gz"
made "names in ACLs, from a pipe" - <"$work/named.tar.gz"
is "access ACL from a pipe" "1:6:- 2:7:77 4:4:- 8:5:4321 10:7:- 20:0:-" "$(acl /f)"

mk "$work/host.tar" "name=f,data=x,pax:SCHILY.acl.access=user::rw-;user:root:rwx;group::r--;mask::rwx;other::---"
made "names in ACLs that only the host knows" "$work/host.tar"
is "access ACL" "1:6:- 2:7:0 4:4:- 10:7:- 20:0:-" "$(acl /f)"
mkdir -p "$work/db/etc" "$work/bare"
echo 'root:x:55:0::/:/bin/sh' >"$work/db/etc/passwd"
echo 'nosuchgroup:x:66:' >"$work/bare/group"
made "--root-db" --root-db "$work/db" "$work/named.tar" --skip-unreadable
is "--root-db" "1:6:- 2:7:55 4:4:- 10:7:- 20:0:-" "$(acl /f)"
told "group 'adm'"
[ "$(grep -c "group 'adm'" "$work/err")" = 1 ] || fail "an unknown name is told more than once"

mk "$work/unknown.tar" "name=f,data=x,pax:SCHILY.acl.access=user::rw-;user:nosuchuser:rwx;user:12:r--;group::r--;group:nosuchgroup:rw-;mask::rwx;other::---" "name=g,data=y"
refused "unknown names" "f: its ACL names the unknown user 'nosuchuser'" "$work/unknown.tar"
refused "--numeric-owner" "user 'nosuchuser'" --numeric-owner "$work/unknown.tar"
refused "a name with --numeric-owner" "user 'root'" --numeric-owner "$work/host.tar"
made "--skip-unreadable leaves unknown names out alone" --skip-unreadable "$work/unknown.tar"
is "what is known stays" "1:6:- 2:4:12 4:4:- 10:7:- 20:0:-" "$(acl /f)"
is "the file stays" x "$("$XFSW" cat "$img" /f)"
made "--root-db without etc" --root-db "$work/bare" --skip-unreadable "$work/unknown.tar"
is "--root-db without etc" "1:6:- 2:4:12 4:4:- 8:6:66 10:7:- 20:0:-" "$(acl /f)"
refused "--root-db without files" "neither" --root-db "$work" "$work/host.tar"

# Numbers win over names, and are not cut.
mk "$work/numeric.tar" "name=f,data=x,pax:SCHILY.acl.access=user::rw-;user:root:rwx:4000;user:4294967294:r--;group::r--;mask::rwx;other::---"
made "numbers in ACLs" "$work/numeric.tar"
is "numbers in ACLs" "1:6:- 2:7:4000 2:4:4294967294 4:4:- 10:7:- 20:0:-" "$(acl /f)"
# Two names of one number: the ACL that means the same and names nobody twice.
mk "$work/twins.tar" "name=f,data=x,pax:SCHILY.acl.access=user::rw-;user:root:r--;user:toor:rwx;group::r--;group:a:r--;group:b:-w-;mask::rwx;other::---" \
	"name=etc,type=dir" 'name=etc/passwd,data=root:x:0:0::/:/bin/sh\ntoor:x:0:0::/:/bin/sh\n' \
	'name=etc/group,data=a:x:7:\nb:x:7:\n'
made "twins in ACLs" "$work/twins.tar"
is "twins in ACLs" "1:6:- 2:4:0 4:4:- 8:6:7 10:7:- 20:0:-" "$(acl /f)"
"$XFSW" check "$img" >/dev/null || fail "twins in ACLs: check"
mk "$work/big.tar" "name=f,data=x,pax:SCHILY.acl.access=user::rw-;user:4294967296:r--;group::r--;mask::rwx;other::---"
refused "an id of an ACL over 32 bits" "f.* 32 bits" "$work/big.tar"
made "an id of an ACL over 32 bits is left out" --skip-unreadable "$work/big.tar"
is "its file stays" x "$("$XFSW" cat "$img" /f)"

# A name that is replaced later does not get the ACL of the one before, nor its directory's times.
mk "$work/twice.tar" "name=f,data=x,pax:SCHILY.acl.access=$named" "name=f,data=y" "name=d,type=dir,mtime=5" "name=d,data=z"
made "a member that comes twice" "$work/twice.tar"
acl /f && fail "the second member has the ACL of the first"
is "the second member" y "$("$XFSW" cat "$img" /f)"

# ---- owner names ------------------------------------------------------------------------------
mkdir -p "$work/tree/etc"
echo 'treeuser:x:301:1::/:/bin/sh' >"$work/tree/etc/passwd"
echo 'treegroup:x:302:' >"$work/tree/etc/group"
made "--owner with names of the tree" --owner treeuser:treegroup "$work/tree"
is "owner" 301:302 "$(owner /etc/passwd)"
run_silent "chown with names of the image" "$XFSW" chown "$img" treeuser:treegroup /etc
is "chown with names of the image" 301:302 "$(owner /etc)"
run_silent "chown with a host's name" "$XFSW" chown "$img" root /etc
is "chown with a host's name" 0:302 "$(owner /etc)"
"$XFSW" chown --root-db "$work/db" "$img" treeuser /etc 2>/dev/null
[ $? = 2 ] || fail "chown --root-db finds a name that is not there"
run_silent "chown --root-db" "$XFSW" chown --root-db "$work/db" "$img" root /etc
is "chown --root-db" 55:302 "$(owner /etc)"

made "--owner without a member for the top" --owner 7:8 "$work/host.tar"
is "owner of the root directory" 7:8 "$(owner /)"
is "owner of a member" 7:8 "$(owner /f)"
mk "$work/noparent.tar" "name=a/b/f,data=x"
made "--owner of directories that no member names" --owner 7:8 "$work/noparent.tar"
is "owner of a missing parent" 7:8 "$(owner /a/b)"

# ---- numbers ------------------------------------------------------------------------------------
for key in uid gid; do
	for value in 1099511627776 4294967295 -1; do
		mk "$work/n.tar" "name=good,data=g" "name=f,data=x,$key=$value"
		refused "$key $value" "f: its .* id does not fit into 32 bits" "$work/n.tar"
		made "$key $value with --skip-unreadable" --skip-unreadable "$work/n.tar"
		is "what is left of $key $value" good "$("$XFSW" ls "$img")"
		told "1 object"
	done
	mk "$work/n.tar" "name=f,data=x,$key=4294967294"
	made "$key 4294967294" "$work/n.tar"
done
is "the largest group" 0:4294967294 "$(owner /f)"
mk "$work/n.tar" "name=f,data=x,uid=1099511627776"
made "--owner in the place of a uid that is too large" --owner 1:2 "$work/n.tar"
# Extended headers keep no device numbers; 7 octal digits of the header do.
mk "$work/n.tar" "name=dev,type=chr,major=2000000,minor=1"
refused "a device number that XFS has no room for" "dev" "$work/n.tar"
for time in 99999999999999 -99999999999; do
	mk "$work/n.tar" "name=f,data=x,pax:mtime=$time"
	made "time $time" "$work/n.tar"
	told "1 member.* 1901 .* 2486"
done

# ---- streams --------------------------------------------------------------------------------------
: >"$work/empty"
gzip -c "$work/empty" >"$work/empty.gz"
for stream in empty empty.gz; do
	refused "a stream without a byte ($stream)" "it is empty" "$work/$stream"
	refused "a pipe without a byte ($stream)" "it is empty" - <"$work/$stream"
done
false | "$XFSW" create --size 300m -f - "$img" 2>/dev/null
[ $? = 1 ] || fail "the stream of a program that failed is taken for an archive"
refused "a directory as stream" "directory" - <"$work/tree"
refused "no archive" "nrecognized\|format" "$work/db/etc/passwd"
dd if=/dev/zero of="$work/zeros" bs=512 count=20 2>/dev/null
made "an archive without members" "$work/zeros"
[ -s "$work/err" ] && fail "an empty archive is complained of"
is "an archive without members" "" "$("$XFSW" ls "$img")"
mk "$work/two.tar" "name=a,data=x" "name=b,data=y"
made "a stream with its end" "$work/two.tar"
[ -s "$work/err" ] && fail "an archive with its end mark is complained of"
head -c 2048 "$work/two.tar" >"$work/cut.tar"
made "a stream without an end mark" "$work/cut.tar"
told "no end mark"
head -c 1536 "$work/two.tar" >"$work/cut.tar"
refused "a stream that ends inside a member" "runcated" "$work/cut.tar"

# A member that is not as it should be is named, and counted once.
python3 - "$work/two.tar" "$work/badname.tar" <<'END' || fail "python"
import sys, io, tarfile
out = tarfile.open(sys.argv[2], 'w', format=tarfile.PAX_FORMAT, encoding='latin1')
for name in ('good', 'b\xe4d'):
    info = tarfile.TarInfo(name)
    info.pax_headers = {'path': name} if name != 'good' else {}
    out.addfile(info, io.BytesIO(b''))
out.close()
data = open(sys.argv[2], 'rb').read()
open(sys.argv[2], 'wb').write(data.replace('b\xe4d'.encode(), b'b\xe4dd'))
END
refused "a name that is no UTF-8" "d.*: .*UTF-8" "$work/badname.tar"
made "a name that is no UTF-8 with --skip-unreadable" --skip-unreadable "$work/badname.tar"
told "1 object"
[ "$(grep -c 'UTF-8' "$work/err")" = 1 ] || { cat "$work/err" >&2; fail "the member is told twice"; }
is "the others" good "$("$XFSW" ls "$img")"
made "counted and read: told once" --skip-unreadable "$work/badname.tar"
mk "$work/link.tar" "name=good,data=x" "name=l,type=sym,link="
refused "a link without target" "l: " "$work/link.tar"
made "a link without target with --skip-unreadable" --skip-unreadable "$work/link.tar"
is "the others" good "$("$XFSW" ls "$img")"

# Compressions for which libarchive would start a program are not read.
mkdir "$work/bin"
for program in lrzip lzop grzip; do
	printf '#!/bin/sh\ntouch "%s"\ncat\n' "$work/started-$program" >"$work/bin/$program"
done
chmod +x "$work/bin"/*
printf 'LRZI\0\006aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' >"$work/f.lrz"
printf '\211LZO\000\015\012\032\012\020\060\040\140aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' >"$work/f.lzo"
printf 'GRZipII\000\002\004:)aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' >"$work/f.grz"
for file in f.lrz f.lzo f.grz; do
	rm -f "$img"
	PATH=$work/bin:$PATH "$XFSW" create --size 300m "$work/$file" "$img" 2>/dev/null && fail "$file is taken for an archive"
done
ls "$work" | grep -q started && fail "a program of PATH was started: $(cd "$work" && echo started-*)"

# ---- SOURCE_DATE_EPOCH ------------------------------------------------------------------------------
mk "$work/late.tar" "name=old,data=x,mtime=1000" "name=late,data=y,mtime=3000" "name=d,type=dir,mtime=4000"
rm -f "$img"
SOURCE_DATE_EPOCH=2000 "$XFSW" create --size 300m "$work/late.tar" "$img" || fail "SOURCE_DATE_EPOCH"
mtime() { "$XFSW" stat --json "$img" "$1" | grep -o '"mtime": "[^"]*"' | cut -d'"' -f4; }
is "an older time with SOURCE_DATE_EPOCH" 1000.000000000 "$(mtime /old)"
for path in /late /d /; do
	is "$path with SOURCE_DATE_EPOCH" 2000.000000000 "$(mtime $path)"
done
rm -f "$img"
SOURCE_DATE_EPOCH=2000 "$XFSW" create --size 300m --mtime-clamp @3500 "$work/late.tar" "$img" || fail "--mtime-clamp"
is "--mtime-clamp beside SOURCE_DATE_EPOCH" 3000.000000000 "$(mtime /late)"
is "--mtime-clamp beside SOURCE_DATE_EPOCH" 3500.000000000 "$(mtime /d)"
exit 0
