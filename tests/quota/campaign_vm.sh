# SPDX-License-Identifier: MIT
#
# campaign_vm.sh NAME...: in a virtual machine, see campaign.sh.  Disks come in sevens, one for each combination of quota
# options; those of image NAME have what the library reports in /in/NAME.ours.  Each combination is mounted, reported,
# and reported once more after the kernel has counted anew.  Prints what is not as it should be; 1: there was something.
bad=0
complain() { echo "COMPLAINT: $*"; bad=1; }

# The lines of quota_report, by the kernel: report TYPES.
report() {
	for t in $1; do
		xfs_quota -x -c "report -$t -n -N -b -i" /mnt | sed 's/\[[^]]*\]//g; s/#//' |
			awk -v t="$t" 'NF >= 9 && ($2 || $6) { print t, $1, $2, $6 }'
	done | sort
}

# options TYPES: of mount.
options() {
	o=""
	for t in $1; do o=$o${o:+,}${t}quota; done
	echo "$o"
}

# try DISK NAME TYPES
try() {
	disk=$1 name=$2 types=$3
	new=""		# a type that is not on in the image has to be counted, and then all are
	for t in $types; do grep -q "^on $t$" "/in/$name.ours" || new=1; done
	dmesg -c >/dev/null
	mount -t xfs -o "$(options "$types")" "$disk" /mnt || { complain "$name, $types: no mount"; dmesg | tail -5; return; }
	dmesg -c >/tmp/log
	if grep -q "Quotacheck needed" /tmp/log; then
		[ -n "$new" ] || complain "$name, $types: the kernel counts anew"
	else
		[ -z "$new" ] || complain "$name, $types: the kernel did not count"
	fi
	grep -E 'orrupt|rror|shut' /tmp/log | grep -v 'Ending' | while read -r l; do echo "$name, $types: $l"; done
	report "$types" >/tmp/first
	umount /mnt
	for t in $types; do grep "^$t " "/in/$name.ours"; done | sort >/tmp/ours
	if [ -z "$new" ] && ! cmp -s /tmp/ours /tmp/first; then
		complain "$name, $types: the library's report differs from the kernel's"
		diff /tmp/ours /tmp/first
	fi
	mount -t xfs -o noquota "$disk" /mnt && umount /mnt
	dmesg -c >/dev/null
	mount -t xfs -o "$(options "$types")" "$disk" /mnt || { complain "$name, $types: no mount"; return; }
	dmesg | grep -q "Quotacheck needed" || complain "$name, $types: no fresh count"
	report "$types" >/tmp/second
	umount /mnt
	if ! cmp -s /tmp/first /tmp/second; then
		complain "$name, $types: the counts differ from a fresh count"
		diff /tmp/first /tmp/second
	fi
	xfs_repair -n "$disk" >/tmp/repair 2>&1 || { complain "$name, $types: xfs_repair"; grep -v -- '- agno' /tmp/repair; }
	echo "$name, $types: $(wc -l </tmp/first) owners${new:+, counted anew}"
}

set -- $(for name; do for types in u g p u+g u+p g+p u+g+p; do echo "$name:$types"; done; done)
for disk in $DISKS; do
	[ $# -gt 0 ] || break
	try "$disk" "${1%:*}" "$(echo "${1#*:}" | tr + ' ')"
	shift
done
exit $bad
