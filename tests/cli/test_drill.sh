#!/usr/bin/env bash
# What `ciao drill` says of scripts that pass, fail, cannot be read, or need what ciao lacks.
set -u
. "$(dirname "$0")/../support/tap.sh"
export LC_ALL=C
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$scratch/all/inner"

cat > "$scratch/all/good.pkt" <<'END'
    0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
   +0 bind(3, ..., ...) = 0
   +0 listen(3, 1) = 0
   +0 < S 0:0(0) win 1000 <mss 1000>
   +0 > S. 0:0(0) ack 1 <mss 1460>
END
sed 's/ack 1 <mss 1460>/ack 2 <mss 1460>/' "$scratch/all/good.pkt" > "$scratch/all/inner/bad.pkt"
printf '0 < udp (100)\n' > "$scratch/all/inner/udp.pkt"
printf '0 socket(..., SOCK_STREAM) = 3\n+0 > S! 0:0(0)\n' > "$scratch/broken.pkt"

# drills CLAIM CODE PATTERN WORDS...: that exit code, and output that fits.
drills()
{
    local claim=$1 wanted=$2 pattern=$3 code=0 out
    shift 3
    out=$("$CIAO" drill "$@" 2>&1 </dev/null) || code=$?
    if [ "$code" -eq "$wanted" ] && grep -Eq -- "$pattern" <<<"$out"; then
        pass "$claim"
    else
        fail "$claim" "ciao drill $*" "exit code $code, not $wanted, or no $pattern in:" "$out"
    fi
}

drills "a script that passes" 0 '^PASS .*good\.pkt' "$scratch/all/good.pkt"
drills "every family" 0 '^3 passed, 0 failed' --ip all "$scratch/all/good.pkt"
drills "every profile" 0 '^1 passed' --profile=rfc --ip=mapped "$scratch/all/good.pkt"
drills "a folder, with what is in it" 1 '^1 passed, 1 failed, 1 need what' "$scratch/all"
drills "a failure names file and line" 1 'bad\.pkt:5: the acknowledgment number is another' \
    "$scratch/all/inner/bad.pkt"
drills "a failure says what was expected" 1 'expected  > S\. 0:0\(0\) ack 2' "$scratch/all"
drills "a failure says what was seen" 1 'seen      > S\. 0:0\(0\) ack 1 win' "$scratch/all"
drills "a failure tells the life up to there" 1 'SYN-RECEIVED .*SYN,ACK' "$scratch/all"
drills "what is lacking is named" 3 '^NEEDS .*needs UDP' "$scratch/all/inner/udp.pkt"
drills "a broken script shows where" 2 'broken\.pkt:2:7: a number should come here' \
    "$scratch/broken.pkt"
drills "a caret stands below the place" 2 '^          \^' "$scratch/broken.pkt"
drills "quiet leaves out what passes" 0 '^1 passed' -q "$scratch/all/good.pkt"
drills "the list names scripts and runs none" 0 'inner/udp\.pkt' --list "$scratch/all"
drills "verbose says each event" 0 '0\.000000 +3 +\+0 listen\(3, 1\) = 0' -v "$scratch/all/good.pkt"
drills "definitions reach the script" 1 'bad\.pkt' -D X=1 "$scratch/all/inner/bad.pkt"
drills "no operand is a misuse" 2 'name a script'
drills "a missing file is a misuse" 2 'No such file' "$scratch/nowhere.pkt"
drills "an unknown profile is a misuse" 2 'takes rfc, linux or ciao' --profile=bsd x
drills "an unknown family is a misuse" 2 'takes 4, 6, mapped or all' --ip=5 x
tap_done
