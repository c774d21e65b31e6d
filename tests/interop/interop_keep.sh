#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Goal: each attribute is copied on its own: what cannot be set, or is not wanted, takes no other one
# along, and is told of once per kind.
# Method: one tree with every kind of attribute; get by those who may not set one of them, and every
# option that leaves a kind out, in both directions.
. "$(dirname "$0")/common.sh"
need_root
need_tools setfattr getfattr setfacl getfacl
img=$work/k.img
cd "$work" || fail "cd"

mkdir -p tree/dir
for i in 1 2 3; do
	echo $i >tree/dir/$i
	chown 12:3$i tree/dir/$i
	chmod 6751 tree/dir/$i
	setfattr -n user.mine -v value$i tree/dir/$i
	setfattr -n trusted.theirs -v value$i tree/dir/$i
	setfacl -m u:77:rw tree/dir/$i
	touch -d @100000$i tree/dir/$i
done
ln -s 1 tree/dir/link
chown -h 12:34 tree/dir/link
touch -h -d @1000009 tree/dir/link
chmod 1777 tree/dir
setfacl -d -m u:78:r tree/dir
touch -d @1000000 tree/dir
"$XFSW" create --profile 6.1 --size 300m tree "$img" || fail "create"

# says LINE...: that many lines in err, each of them these.
says() {
	[ "$(wc -l <err)" = $# ] || fail "said $(cat err), not $# lines"
	for _line; do
		grep -qF -e "$_line" err || fail "said $(cat err), not $_line"
	done
}
# has OWNER MODE MTIME USER-XATTR ACL FILE, "-" for none or whatever there is.
has() {
	[ "$1" = - ] || [ "$(stat -c %u:%g "$6")" = "$1" ] || fail "$6 belongs to $(stat -c %u:%g "$6"), not $1"
	[ "$2" = - ] || [ "$(stat -c %a "$6")" = "$2" ] || fail "$6 has mode $(stat -c %a "$6"), not $2"
	[ "$3" = - ] || [ "$(stat -c %Y "$6")" = "$3" ] || fail "$6 has time $(stat -c %Y "$6"), not $3"
	[ "$(getfattr --absolute-names --only-values -n user.mine "$6" 2>/dev/null)" = "$4" ] ||
		fail "$6 has another user.mine than '$4'"
	[ "$(getfacl -cpn "$6" | sed -n 's/^\(user:7[0-9]:...\).*/\1/p')" = "$5" ] || fail "$6 has another ACL than '$5': $(getfacl -cpn "$6")"
}
acl="user:77:rw-"

run_silent "get" "$XFSW" get "$img" /dir all
has 12:31 6771 1000001 value1 $acl all/1

# ---- who may not ---------------------------------------------------------------------------
if setpriv --bounding-set -chown --inh-caps -chown true 2>/dev/null; then
	setpriv --bounding-set -chown --inh-caps -chown "$XFSW" get "$img" /dir chown 2>err
	[ $? = 1 ] || fail "get without CAP_CHOWN: nothing is said to be lost"
	says "get: 4 owners could not be kept: Operation not permitted"
	for i in 1 2 3; do
		has 0:0 771 100000$i value$i $acl chown/$i
	done
	has 0:0 1777 1000000 "" "" chown
	[ "$(getfattr --absolute-names --only-values -n trusted.theirs chown/2)" = value2 ] || fail "trusted.theirs is lost"
	[ "$(stat -c %Y chown/link)" = 1000009 ] || fail "the link has time $(stat -c %Y chown/link)"
	getfacl -cpn chown | grep -q '^default:user:78:r--' || fail "the default ACL is lost"
	setpriv --bounding-set -chown --inh-caps -chown "$XFSW" get --no-same-owner "$img" /dir chown2 2>err ||
		fail "get --no-same-owner: $(cat err)"
	says
	has 0:0 771 1000003 value3 $acl chown2/3
else
	say "note: without setpriv, no capabilities are taken away"
fi
if unshare -Ur true 2>/dev/null; then
	unshare -Ur "$XFSW" get "$img" /dir userns 2>err
	[ $? = 1 ] || fail "get as root of a user namespace: nothing is said to be lost"
	says "get: 4 owners could not be kept: Invalid argument" \
		"get: 3 extended attributes could not be kept: Operation not permitted" \
		"get: 4 ACLs could not be kept: Invalid argument"
	for i in 1 2 3; do
		has 0:0 771 100000$i value$i "" userns/$i
	done
	unshare -Ur "$XFSW" get --no-same-owner --no-acls --no-xattrs "$img" /dir userns2 2>err ||
		fail "get of what is possible: $(cat err)"
	says
	has 0:0 - 1000002 "" "" userns2/2
else
	say "note: no user namespaces here"
fi
chmod 777 .
mkdir -m 777 others
if setpriv --reuid 12 --regid 31 --clear-groups test -r "$img" 2>/dev/null &&
	setpriv --reuid 12 --regid 31 --clear-groups "$XFSW" info "$img" >/dev/null 2>&1; then
	setpriv --reuid 12 --regid 31 --clear-groups "$XFSW" get "$img" /dir others/get 2>err ||
		fail "get by others: $(cat err)"
	says "get: 3 extended attributes could not be kept: Operation not permitted"
	has 12:31 6771 1000001 value1 $acl others/get/1
	has 12:31 4771 1000002 value2 $acl others/get/2
fi

# ---- who does not want --------------------------------------------------------------------
get() {
	rm -rf got
	run_silent "get $*" "$XFSW" get "$@" "$img" /dir got
}
get --no-same-owner
has 0:0 771 1000001 value1 $acl got/1
get --no-same-permissions
has 12:31 751 1000001 value1 $acl got/1
get --no-same-permissions --no-acls
has 12:31 751 1000001 value1 "" got/1
get --no-times
[ "$(stat -c %Y got/1)" -gt 1500000000 ] || fail "--no-times keeps times"
has 12:31 6771 - value1 $acl got/1
get --no-xattrs
has 12:31 6771 1000001 "" $acl got/1
get --no-acls
[ -z "$(getfacl -cpn got | grep '^default')" ] || fail "--no-acls keeps a default ACL"
has 12:31 6771 1000001 value1 "" got/1

put() {
	run_silent "put $*" "$XFSW" put "$@" "$img" tree /put
	rm -rf got
	run_silent "get" "$XFSW" get "$img" /put/dir got
	run_silent "rm" "$XFSW" rm -r "$img" /put
}
put
has 12:31 6771 1000001 value1 $acl got/1
put --no-same-owner
has 0:0 6771 1000001 value1 $acl got/1
put --owner 5:6 --no-same-owner
has 5:6 6771 1000001 value1 $acl got/1
put --no-times
[ "$(stat -c %Y got/1)" -gt 1500000000 ] || fail "put --no-times keeps times"
[ "$(stat -c %Y got)" -gt 1500000000 ] || fail "put --no-times keeps times of directories"
put --no-xattrs
has 12:31 6771 1000001 "" $acl got/1
put --no-acls --no-same-permissions
has 12:31 751 1000001 value1 "" got/1
[ "$(stat -c %a got)" = 755 ] || fail "put --no-same-permissions: a directory has $(stat -c %a got)"
rm -f "$work/k2.img"
run_silent "create" "$XFSW" create --profile 6.1 --size 300m --no-acls --no-xattrs --no-times --no-same-owner tree "$work/k2.img"
rm -rf got
run_silent "get" "$XFSW" get "$work/k2.img" /dir got
has 0:0 6771 - "" "" got/1
[ "$(stat -c %Y got/1)" -gt 1500000000 ] || fail "create --no-times keeps times"
if tar --version 2>/dev/null | grep -q GNU; then
	tar -C tree --xattrs --xattrs-include='*' --acls --format=pax -cf t.tar . || fail "tar"
	if "$XFSW" create --profile 6.1 --size 300m --no-acls --no-xattrs --no-same-owner t.tar t.img 2>err; then
		rm -rf got
		run_silent "get" "$XFSW" get t.img /dir got
		# Without the ACL, the group's bits may be those of its entry or of the mask.
		has 0:0 - 1000001 "" "" got/1
	else
		grep -q libarchive err || fail "create from tar: $(cat err)"
	fi
fi
judge "all of it" "$img"
exit 0
