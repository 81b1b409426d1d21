#!/usr/bin/env bash
# How connections with real programs end: whole pages after a half-close, either end first, and many
# at once.
set -u
here=$(dirname "$0")
. "$here/../support/tap.sh"
. "$here/../support/netns.sh"
. "$here/peer.sh"
netns_enter "$0" "$@"

stats=$netns_scratch/stats
page=$netns_scratch/page
random_file "$page" 3
sum=$(sum_of <"$page")
# nginx gives up on a half-closed connection when it has to wait: its page has to fit the buffer.
small=$netns_scratch/small
head -c 20000 "$page" >"$small"
nginx_config "$netns_scratch/nginx.conf" "$netns_scratch"
nginx="exec nginx -c '$netns_scratch/nginx.conf'"

ciao()
{
    local verb=$1
    shift
    timeout 30 "$CIAO" "$verb" --stats "$@" 2>"$stats"
}

# took CLAIM ARC...: each of these arcs was taken.
took()
{
    local claim=$1 arc
    shift
    for arc in "$@"; do
        [ "$(counter "$stats" "arcs/$arc")" -gt 0 ] && continue
        fail "$claim" "the arc $arc was not taken" "$(tail -n 3 "$stats")"
        return
    done
    pass "$claim"
}

for version in 4 6; do
    family $version

    printf 'GET /small HTTP/1.0\r\n\r\n' |
        ciao connect $theirs 8080 --with "$nginx" >"$netns_scratch/reply"
    same "IPv$version: after our half-close nginx gives the whole page" \
        "$(sum_of <"$small")" "$(body "$netns_scratch/reply" | sum_of)"
    took "IPv$version: and both know it" 'ESTABLISHED>FIN-WAIT-1 WE_CLOSED_FIRST' \
        'FIN-WAIT-1>FIN-WAIT-2 OUR_FIN_ACKED' 'FIN-WAIT-2>TIME-WAIT PEER_CLOSED_TOO'

    got=$(ciao listen --once --send "$page" --with "curl -gs --http0.9 'http://$url/'" | sum_of)
    same "IPv$version: curl gets all that we sent before our FIN" "$sum" "$got"
    took "IPv$version: ciao closed first" 'ESTABLISHED>FIN-WAIT-1 WE_CLOSED_FIRST'

    got=$(ciao listen --once --recv - --with "ncat --send-only $ours 80 <'$page'" | sum_of)
    same "IPv$version: we get all that ncat sent before its FIN" "$sum" "$got"
    took "IPv$version: the kernel closed first" 'ESTABLISHED>CLOSE-WAIT PEER_CLOSED_FIRST' \
        'CLOSE-WAIT>LAST-ACK WE_CLOSED_TOO' 'LAST-ACK>CLOSED GOODBYE_DONE'

    got=$(ciao listen --once --echo --port 7 \
        --with "socat -t 20 - TCP:$url:7 <'$page'" | sum_of)
    same "IPv$version: an echo gives back all, also after the peer's FIN" "$sum" "$got"
    took "IPv$version: and closes behind it" 'ESTABLISHED>CLOSE-WAIT PEER_CLOSED_FIRST' \
        'LAST-ACK>CLOSED GOODBYE_DONE'
done
family 4

# shellcheck disable=SC2016
got=$(ciao listen --send "$page" --with '
    for i in 1 2 3 4 5 6 7 8; do curl -s --http0.9 http://10.9.0.2/ | sha256sum & done; wait')
same "eight at once get the same file" "8 $sum" \
    "$(sort <<<"$got" | uniq -c | sed 's/^ *//; s/ *-$//')"
same "and were eight connections" 8 "$(counter "$stats" connections)"

got=$(ciao listen --once --echo --with 'printf hi | socat -t 5 - TCP:10.9.0.2:80; exit 7')
code=$?
same "the command's output passes through" hi "$got"
same "its exit code is ours" 7 "$code"

ciao connect 10.9.0.1 9 --with false </dev/null
same "a server that failed is not waited for" 1 $?
check "and that the port is closed is said" grep -q 'cannot connect to 10.9.0.1:9' "$stats"

begun=$(date +%s)
ciao listen --timeout 1 --once --recv - --with 'sleep 20'
same "silence ends by --timeout" 1 $?
check "in time" test $(($(date +%s) - begun)) -lt 10

# A signal closes in good order: what was sent until then arrives, and the peer sees our FIN.
mkfifo "$netns_scratch/fifo"
exec 9<>"$netns_scratch/fifo"
printf 'good' >&9
"$CIAO" listen --stats --with 'sleep 20 | socat -t 0.2 - TCP:10.9.0.2:80' \
    <"$netns_scratch/fifo" >"$netns_scratch/got" 2>"$stats" &
pid=$!
check "what stands at standard input is sent" \
    wait_until 10 grep -q good "$netns_scratch/got"
kill -TERM $pid
wait $pid
same "SIGTERM is obeyed" 0 $?
took "by closing in good order" 'ESTABLISHED>FIN-WAIT-1 WE_CLOSED_FIRST' \
    'FIN-WAIT-2>TIME-WAIT PEER_CLOSED_TOO'
tap_done
