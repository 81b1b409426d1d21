#!/usr/bin/env bash
# The private network that test scripts run in: see tests/support/netns.sh.
set -u
. "$(dirname "$0")/../support/tap.sh"
. "$(dirname "$0")/../support/netns.sh"
netns_enter "$0" "$@"

same "no device but lo can carry a frame" '' "$(ip -o link show up | grep -v ': lo:')"
check "lo is up" grep -q ',UP' <(ip link show lo)
same "no named namespace is seen from here" '' "$(ip netns list)"
check "a named one can be made" ip netns add other
check "a command runs in it" ip netns exec other ip link show lo
check "a TUN device can be made" ip tuntap add dev ciao0 mode tun
check "it gets an address" ip address add 10.9.0.1/24 dev ciao0

socat TCP-LISTEN:8080,reuseaddr,fork SYSTEM:'echo hello' &
check "a server on the kernel's side is waited for" wait_listening 8080
same "and answers" hello "$(socat -t 2 - TCP:127.0.0.1:8080 </dev/null)"


# in-netns ends when its command ends, and what that left running ends too.
mark=$netns_scratch/still-running
CIAO_IN_NETNS='' "$(dirname "$0")/../support/in-netns" \
    bash -c "(while sleep 0.05; do touch '$mark'; done) & sleep 0.3"
rm -f "$mark"
sleep 0.3
check "what a script leaves running ends with it" test ! -e "$mark"
tap_done
