#!/usr/bin/env bash
# The benchmark runs to its end, with every byte compared and damaged frames seen dropped, and
# prints what it measured.  How fast is not judged here, but what a connection weighs is.
set -u
. "$(dirname "$0")/../support/tap.sh"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# bench WORDS...: leaves $out and $code.
bench()
{
    code=0
    out=$(timeout 120 "$CIAO" bench "$@" 2>"$scratch/err") || code=$?
    { printf '%s\n' "$out"; cat "$scratch/err"; } | sed 's/^/# /'
}

# printed CLAIM ROW UNIT: a line of text that has that row with a figure above zero.
printed()
{
    check "$1" awk -v row="$2" -v unit="$3" \
        '$1 == row && $2 > 0 && $3 == unit { found = 1 } END { exit !found }' <<<"$out"
}

# weighs CLAIM ROW MOST: the figure of the row is not above MOST.
weighs()
{
    check "$1" awk -v row="$2" -v most="$3" \
        '$1 == row && $2 > 0 && $2 <= most { found = 1 } END { exit !found }' <<<"$out"
}

# ---- every byte compared ----
bench bulk round-trip request-10 open-close-1k merging/ipv4 merging/ipv6 --verify --seconds 0.1
same "the rows that carry data succeed with every byte compared" 0 "$code"
for size in 1500 9000 64k; do
    for window in 64k 256k 1m; do
        for what in ipv4 ipv6 data-movement-alone; do
            printed "bulk-$size, $what, window of $window" "bulk-$size/$what/$window" Gbit/s
        done
    done
done
for family in ipv4 ipv6; do
    printed "a round trip over $family" "round-trip/$family" ns
    for share in p50 p90 p99 p99.9 max; do
        printed "of many, $share" "round-trip/$family/$share" ns
    done
    check "the percentiles ascend" awk -v row="round-trip/$family/" \
        'index($1, row "p") == 1 || $1 == row "max" { fell += $2 < before; before = $2; n++ }
         END { exit fell != 0 || n != 5 }' <<<"$out"
    printed "a request on one of ten over $family" "request-10/$family" ns
    for row in bulk-1500/$family/64k bulk-64k/$family/1m round-trip/$family request-10/$family \
        open-close-1k/$family; do
        printed "$row: one byte of each frame was changed, and each was dropped" \
            "$row/damaged-and-dropped" frames
    done
    printed "over $family states, counts and bytes are the same with merging off" \
        "merging/$family" bytes
done

# ---- many connections ----
bench open-close port-choice request-1k request-10k request-100k bytes --seconds 0.2
same "the rows with many connections succeed" 0 "$code"
for family in ipv4 ipv6; do
    for standing in 16 1k 10k 100k; do
        printed "opening and closing over $family while $standing are in TIME-WAIT" \
            "open-close-$standing/$family" connections/s
    done
    weighs "10,000 in TIME-WAIT and 48 in flight have as many ports" \
        "open-close-10k/$family/ports-in-use" 10048
    check "a port is found as fast with 95 % taken as with 5 %, within a factor of three" \
        awk -v row="port-choice/$family/" '$1 == row "5-percent" { few = $2 }
            $1 == row "95-percent" { many = $2 }
            END { exit !(few > 0 && many < 3 * few) }' <<<"$out"
    for standing in 1k 10k 100k; do
        printed "a request on one of $standing connections" "request-$standing/$family" ns
    done
done
weighs "an idle connection weighs 320 bytes, tables and all" bytes-idle/ipv4 320
weighs "352 over IPv6" bytes-idle/ipv6 352
weighs "one that carried data 448" bytes-used/ipv4 448
weighs "448 over IPv6 too" bytes-used/ipv6 448
weighs "a half-open one 104" bytes-syn-received/ipv4 104
weighs "136 over IPv6" bytes-syn-received/ipv6 136
weighs "one in TIME-WAIT 96" bytes-time-wait/ipv4 96
weighs "128 over IPv6" bytes-time-wait/ipv6 128

# ---- a million that are idle ----
bench second-1m/ipv4
same "a second passes over a million idle connections" 0 "$code"
weighs "a thousand looks at the clock in it cost less than a millisecond" second-1m/ipv4 1
weighs "also on the average of nearly two hours" second-1m/ipv4/mean 1

# ---- a network that loses frames ----
# gets CLAIM ROW LEAST: the figure of the row is not below LEAST.
gets()
{
    check "$1" awk -v row="$2" -v least="$3" \
        '$1 == row && $2 >= least { found = 1 } END { exit !found }' <<<"$out"
}
bench loss
for family in ipv4 ipv6; do
    gets "a link of 1 Gbit/s is full" "loss/$family/0-percent" 900
    gets "with a loss of 0.1 % of 10 ms there and back, Mbit/s" "loss/$family/0.1-percent" 35
    gets "and with one of 1 %" "loss/$family/1-percent" 10
done

# ---- JSON, choosing, and mistakes ----
bench round-trip/ipv4 --json --seconds 0.05
same "a row with its family is one row" 6 "$(wc -l <<<"$out")"
check "--json prints objects that a reader of JSON takes" python3 -c '
import json, sys
figures = [json.loads(line) for line in sys.stdin]
assert [f["row"] for f in figures] == [
    "round-trip/ipv4" + x for x in ("", "/p50", "/p90", "/p99", "/p99.9", "/max")]
assert all(f["value"] > 0 and f["unit"] == "ns" for f in figures)' <<<"$out"
bench --list
same "--list succeeds" 0 "$code"
check "and names the rows that want their own name" grep -q '^request-1m/ipv4 .*only when asked' \
    <<<"$out"
bench request --list
check "which a word for many does not mean" test "$(grep -c request-1m <<<"$out")" = 0
bench open-close-16/ipv4 --work 100
same "a given amount of work is done once" 0 "$code"
for wrong in dance "--seconds 0" "--seconds fast" "--work 0" "--jsonn"; do
    # shellcheck disable=SC2086 # two words
    bench $wrong
    same "\"$wrong\" is wrong usage" 2 "$code"
done
tap_done
