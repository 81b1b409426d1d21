#!/usr/bin/env bash
# 64 MiB each way over a network that loses, doubles, reorders, corrupts and delays: all arrives,
# within a minute, and nearly every loss is repaired without a timeout.
set -u -o pipefail
here=$(dirname "$0")
. "$here/../support/tap.sh"
. "$here/../support/netns.sh"
. "$here/peer.sh"
netns_enter "$0" "$@"

mib=${IMPAIRED_MIB:-64}
file=$netns_scratch/file
stats=$netns_scratch/stats
random_file "$file" "$mib" 2
sum=$(sum_of <"$file")
spec=loss=2%,reorder=2%,dup=1%,corrupt=0.1%,delay=5ms

# ciao VERB OPTIONS...: on that network, a minute at most.
ciao()
{
    local verb=$1
    shift
    timeout 60 "$CIAO" "$verb" --impair "$spec,seed=$seed" --stats "$@" 2>"$stats"
}

# arrived CLAIM CODE
arrived()
{
    local seconds=$(($(date +%s) - begun))
    if [ "$got" = "$sum" ] && [ "$2" -eq 0 ]; then
        pass "$1"
    else
        fail "$1" "seed $seed, exit code $2 after $seconds s: $got instead of $sum" \
            "$(tail -c 2000 "$stats")"
    fi
    printf '# %s s\n' "$seconds"
}

# Of what ciao sent and lost, nine tenths at least were repaired without a timeout.
repaired()
{
    local lost repaired
    lost=$(counter "$stats" lost_segments)
    repaired=$(counter "$stats" repaired_without_timeout)
    check "$1" test "$lost" -gt 100 -a $((repaired * 10)) -ge $((lost * 9))
    printf '# %s of %s lost segments repaired without a timeout, %s timeouts\n' \
        "$repaired" "$lost" "$(counter "$stats" timeouts)"
}

# What Linux sends takes a second or two; what ciao sends nearly the minute, which is what a window
# of CUBIC or Reno makes of 2 % loss and 10 ms: so that each family has one of its two roles.
ciao_sends_listening()
{
    begun=$(date +%s)
    got=$(ciao listen --once --send "$file" \
        --with "curl -gs --http0.9 'http://$url/' | sha256sum" | cut -d ' ' -f 1)
    arrived "IPv$version: ciao listens, curl takes $mib MiB" $?
    repaired "IPv$version: ciao listens: losses are repaired without a timeout"
}

ciao_sends_connecting()
{
    begun=$(date +%s)
    got=$(ciao connect $theirs 9000 --send "$file" \
        --with "socat -u TCP$version-LISTEN:9000 - | sha256sum" | cut -d ' ' -f 1)
    arrived "IPv$version: ciao connects and gives socat $mib MiB" $?
    repaired "IPv$version: ciao connects: losses are repaired without a timeout"
}

ciao_receives()
{
    begun=$(date +%s)
    got=$(ciao listen --once --recv - --with "ncat --send-only $ours 80 <'$file'" | sum_of)
    arrived "IPv$version: ciao listens, ncat gives $mib MiB" $?

    begun=$(date +%s)
    got=$(ciao connect $theirs 9000 --with "socat -u FILE:'$file' TCP$version-LISTEN:9000" \
        </dev/null | sum_of)
    arrived "IPv$version: ciao connects and takes $mib MiB from socat" $?
}

seed=11
for version in 4 6; do
    family $version
    ciao_receives
    seed=$((seed + 1))
    if [ $version = 4 ]; then
        ciao_sends_listening
    else
        ciao_sends_connecting
    fi
    seed=$((seed + 1))
done
tap_done
