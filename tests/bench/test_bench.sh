#!/usr/bin/env bash
# The benchmark runs to its end and prints what it measured; how fast is not judged here.
set -u
. "$(dirname "$0")/../support/tap.sh"

out=$(timeout 100 "$CIAO_BUILD/bench/bench" --seconds 0.3 2>&1)
same "the benchmark succeeds" 0 $?
printf '%s\n' "$out" | sed 's/^/# /'
check "bulk at MTU 1500" grep -Eq '^bulk, MTU 1500 +[0-9.]+ Gbit/s$' <<<"$out"
check "bulk at MTU 65535" grep -Eq '^bulk, MTU 65535 +[0-9.]+ Gbit/s$' <<<"$out"
check "opening and closing" grep -Eq '^open and close, 16 .* [0-9]+ a second$' <<<"$out"
check "with many TIME-WAIT records" grep -Eq '^open and close, 10000 .* [0-9]+ a second$' <<<"$out"
check "round trips" grep -Eq '^64-byte round trip on 1 of 1 +[0-9]+ ns, [0-9]+ a second$' <<<"$out"
check "a wrong word is refused" test "$("$CIAO_BUILD/bench/bench" dance 2>/dev/null; echo $?)" = 2
tap_done
