#!/usr/bin/env bash
# A capture of a run without losses, read by tshark with its checksum checks on, shows nothing
# wrong; what ciao tells of such a run is well formed.
set -u
here=$(dirname "$0")
. "$here/../support/tap.sh"
. "$here/../support/netns.sh"
. "$here/peer.sh"
netns_enter "$0" "$@"

pcap=$netns_scratch/run.pcapng
page=$netns_scratch/page
random_file "$page" 2 3
wrong='ip.checksum.status == "Bad" || tcp.checksum.status == "Bad"'
wrong="$wrong || _ws.malformed || tcp.analysis.retransmission || tcp.analysis.fast_retransmission"
wrong="$wrong || tcp.analysis.lost_segment || tcp.analysis.out_of_order"
wrong="$wrong || _ws.expert.severity == error"

again='tcp.analysis.retransmission || tcp.analysis.fast_retransmission'

# read_capture FILE FILTER: the packets that it fits.  What they carry is no HTTP, but random bytes.
read_capture()
{
    tshark -r "$1" --disable-protocol http -o ip.check_checksum:TRUE -o tcp.check_checksum:TRUE \
        -Y "$2" 2>/dev/null
}

# listed FILE FIELD...
listed()
{
    local file=$1 field fields=()
    shift
    for field in "$@"; do
        fields+=(-e "$field")
    done
    tshark -r "$file" -T fields "${fields[@]}" 2>/dev/null
}

# plant FILE NEW: a copy in which one byte of TCP payload is another.
plant()
{
    python3 - "$@" "$page" <<'PY'
import sys

data = bytearray(open(sys.argv[1], "rb").read())
piece = open(sys.argv[3], "rb").read()[5000:5016]
at = data.find(piece)
assert at > 0, "the page is not in the capture"
data[at] ^= 0x10
open(sys.argv[2], "wb").write(data)
PY
}

for version in 4 6; do
    family $version
    timeout 30 "$CIAO" listen --once --send "$page" --capture "$pcap" \
        --with "curl -gs --http0.9 'http://$url/' | cmp - '$page'"
    same "IPv$version: a captured transfer is whole" 0 $?
    same "IPv$version: tshark finds nothing wrong with it" '' "$(read_capture "$pcap" "$wrong")"
    # 2 MiB are 1,448 segments of 1,448 bytes: super-segments stand there as the frames they become.
    check "IPv$version: every segment is there" \
        test "$(read_capture "$pcap" 'tcp.len > 0 && tcp.srcport == 80' | wc -l)" -ge 1448
    same "IPv$version: none is longer than the MTU" '' "$(read_capture "$pcap" 'frame.len > 1500')"
    check "IPv$version: it begins with SYN and SYN,ACK" \
        test "$(listed "$pcap" tcp.flags.syn tcp.flags.ack | head -2 | xargs)" = '1 0 1 1'
    comments=$(listed "$pcap" frame.comment)
    for state in SYN-RECEIVED ESTABLISHED FIN-WAIT-1 FIN-WAIT-2 TIME-WAIT; do
        check "IPv$version: the way to $state is a comment" grep -q -- "-> $state" <<<"$comments"
    done
    comments=$(tshark -r "$pcap" -Y 'tcp.srcport == 80 && tcp.flags.fin == 1' -T fields \
        -e frame.comment 2>/dev/null)
    check "IPv$version: that to FIN-WAIT-1 at our FIN" grep -q -- '-> FIN-WAIT-1' <<<"$comments"
    plant "$pcap" "$netns_scratch/planted.pcapng"
    same "IPv$version: one planted wrong byte is found" 1 \
        "$(read_capture "$netns_scratch/planted.pcapng" "$wrong" | wc -l)"
done

# A bad network is in the capture as the stack met it: what it sent again is there twice.
timeout 30 "$CIAO" listen --once --send "$page" --capture "$pcap" --impair loss=3%,seed=3 \
    --with "curl -gs --http0.9 'http://$url/' | cmp - '$page'"
same "a transfer with losses is whole" 0 $?
# Within a round trip tshark calls a repair what it likes: counted are numbers that come twice.
check "and its repairs are seen" \
    test "$(tshark -r "$pcap" -Y 'tcp.len > 0 && tcp.srcport == 80' -T fields -e tcp.seq_raw \
        2>/dev/null | sort | uniq -d | wc -l)" -gt 5
same "with right checksums" '' \
    "$(read_capture "$pcap" 'ip.checksum.status == "Bad" || tcp.checksum.status == "Bad"')"

told()
{
    timeout 30 "$CIAO" listen --once --send "$here/peer.sh" --tell="$1" --lang "$2" \
        --with "curl -s --http0.9 http://10.9.0.2/ >/dev/null" 2>&1
}
for lang in en zh; do
    check "the life as JSON is JSON ($lang)" python3 -m json.tool <(told json $lang)
    told mermaid $lang >"$netns_scratch/life.mmd"
    check "the life as Mermaid is a sequence diagram ($lang)" \
        grep -q '^sequenceDiagram' "$netns_scratch/life.mmd"
    if [ -d "$here/../mermaid/node_modules" ]; then
        check "Mermaid's own parser takes it ($lang)" \
            node "$here/../mermaid/check.mjs" "$netns_scratch/life.mmd"
    fi
    check "the life as text shows the states ($lang)" \
        bash -c 'for s in SYN-RECEIVED ESTABLISHED FIN-WAIT-1 FIN-WAIT-2 TIME-WAIT; do
            grep -q $s <<<"$1" || exit 1; done' - "$(told text $lang)"
done
tap_done
