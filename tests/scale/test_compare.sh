#!/usr/bin/env bash
# bench/compare explains itself, refuses what it does not know, and measures Linux's kernel beside
# ciao.  lwIP is not built here: its source comes over the network.
set -u
. "$(dirname "$0")/../support/tap.sh"
compare=$(cd "$(dirname "$0")/../.." && pwd)/bench/compare
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# compare WORDS...: leaves $out, $err and $code.
compare()
{
    code=0
    out=$("$compare" "$@" 2>"$scratch/err") || code=$?
    err=$(cat "$scratch/err")
}

# figures ROW: that row of the JSON in $out has figures of ciao and of the kernel.
figures()
{
    python3 -c '
import json, sys
row, = [one for one in map(json.loads, sys.stdin) if one["row"] == sys.argv[1]]
for who in ("ciao", "Linux loopback", "Linux veth"):
    assert row[who] and row[who] > 0, f"{who}: {row[who]}"
assert row["lwIP"] is None
best = row["best peer"]
assert best["value"] == min(row["Linux loopback"], row["Linux veth"]), best
assert abs(row["ratio"] * row["ciao"] / best["value"] - 1) < 1e-6, row["ratio"]
assert abs(row["target"]["value"] * 2 / best["value"] - 1) < 1e-6, row["target"]
assert row["met"] == (row["ciao"] <= row["target"]["value"])' "$1" <<<"$out"
}

compare --help
same "--help succeeds" 0 "$code"
check "and says what is compared" grep -q 'lwIP and Linux' <<<"$out"
compare --list
same "--list succeeds" 0 "$code"
check "it names the rows" grep -qx 'round-trip/ipv4' <<<"$out"
check "and those that take minutes" grep -q '^request-1m/ipv4 .*only when asked' <<<"$out"
"$CIAO" bench --list >"$scratch/rows"
while read -r row _; do
    check "ciao bench has the row $row" grep -q "^$row " "$scratch/rows"
done <<<"$out"
compare request --list
check "a word for many does not mean them" test "$(grep -c request-1m <<<"$out")" = 0
for wrong in dance "--seconds 0" "--seconds fast" --jsonn; do
    # shellcheck disable=SC2086 # two words
    compare $wrong
    same "\"$wrong\" is wrong usage" 2 "$code"
done

# What goes round lwIP is compiled only when lwIP is there; half of it needs no more than ciao.
check "the program that drives lwIP is in step with ciao's own benchmark" \
    gcc -std=c17 -Wall -Wextra -Werror -fsyntax-only -D_GNU_SOURCE= -I"$CIAO_SOURCE" \
    -I"$CIAO_SOURCE/src" -I"$CIAO_SOURCE/include" "$CIAO_SOURCE/bench/peers/lwip/bench.c"

if [ "$(id -u)" -ne 0 ] || ! unshare --net true 2>/dev/null; then
    tap_skip "needs root and network namespaces" "the kernel is measured beside ciao"
else
    compare round-trip --without lwip --json --seconds 0.3
    same "a row with the kernel beside it succeeds" 0 "$code"
    check "both have figures, and are compared" figures round-trip/ipv4
    compare open-close-16 --without lwip --seconds 0.3
    check "the table has the row" grep -q '^| open-close-16/ipv4 ' <<<"$out"
    check "it says that lwIP was left out" grep -q '^lwIP: not available: left out' <<<"$out"
fi
tap_done
