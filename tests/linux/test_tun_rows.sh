#!/usr/bin/env bash
# The benchmark's rows against the kernel over a TUN: every byte arrives as it was sent, also as an
# object of JSON; and where there is no TUN, they are left out.  How fast it is, is not judged here.
set -u
. "$(dirname "$0")/../support/tap.sh"
. "$(dirname "$0")/../support/netns.sh"
netns_enter "$0" "$@"

rows='tun-to-ciao/ipv4 tun-to-ciao/ipv6 tun-from-ciao/ipv4 tun-from-ciao/ipv6'

# bench COMMAND...: leaves $out and $code.
bench()
{
    code=0
    out=$(timeout 120 "$@" 2>"$netns_scratch/err") || code=$?
    { printf '%s\n' "$out"; cat "$netns_scratch/err"; } | sed 's/^/# /'
}

bench "$CIAO" bench tun-to-ciao tun-from-ciao --verify --seconds 0.2
same "bytes between the kernel and ciao are compared, and equal" 0 "$code"
for row in $rows; do
    check "$row has a figure" awk -v row="$row" \
        '$1 == row && $2 > 0 && $3 == "Gbit/s" { found = 1 } END { exit !found }' <<<"$out"
done

bench "$CIAO" bench tun-from-ciao/ipv4 --json --work 10000000
check "--json prints an object a line" python3 -c '
import json, sys
figures = {figure["row"]: figure for figure in map(json.loads, sys.stdin)}
row = figures["tun-from-ciao/ipv4"]
assert row["value"] > 0 and row["unit"] == "Gbit/s", row' <<<"$out"

# ---- the process itself stays where it was ----
bench "$CIAO" bench tun-to-ciao/ipv4 tun-to-ciao/ipv4 round-trip/ipv4 --work 100000
same "other rows run beside them" 0 "$code"
check "nothing is left of the interface" \
    sh -c '! ip -o link | grep -q "ciao[0-9]"'

# ---- a machine without TUN ----
check "a file system over /dev/net hides the device" mount -t tmpfs none /dev/net
bench "$CIAO" bench tun-to-ciao round-trip/ipv4 --seconds 0.05
same "without /dev/net/tun the rest succeeds" 0 "$code"
check "the row is left out" sh -c '! grep -q tun-to-ciao' <<<"$out"
check "and it says why" grep -q \
    '^tun-to-ciao/ipv6: not available: .*/dev/net/tun' "$netns_scratch/err"
tap_done
