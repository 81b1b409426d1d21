#!/usr/bin/env bash
# --with: ciao and a command of the kernel's side in a network of their own, also without root.
set -u
here=$(dirname "$0")
. "$here/../support/tap.sh"
reason=$("$here/../support/in-netns" --why-not) || tap_skip_all "$reason"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
chmod 755 "$scratch"
cp "$CIAO" "$scratch/ciao"
cp "$CIAO_SOURCE/LICENSE" "$scratch/file"
chmod 644 "$scratch/file"

# as_nobody COMMAND...: who is root becomes nobody for this; who is not, stays who they are.  The
# device may be root's alone here, so nobody gets a copy that is as Debian makes it.
as_nobody()
{
    [ "$(id -u)" -eq 0 ] || { "$@"; return; }
    # shellcheck disable=SC2016
    unshare --mount bash -c '
        mount -t tmpfs none /dev/net && mknod -m 666 /dev/net/tun c 10 200 &&
        exec setpriv --reuid 65534 --regid 65534 --clear-groups "$@"' as_nobody "$@"
}

# As in the README.
serve()
{
    timeout 20 "$@" listen --send "$scratch/file" \
        --with 'curl -s --http0.9 http://10.9.0.2/' </dev/null
}

before=$(ip -o link)
serve "$scratch/ciao" >"$scratch/got" 2>"$scratch/err"
same "curl in the same network succeeds" 0 $?
check "and has the file" cmp "$scratch/file" "$scratch/got"
same "without a word on standard error" '' "$(cat "$scratch/err")"

(cd / && as_nobody bash -c "$(declare -f serve); scratch=$scratch; serve $scratch/ciao") \
    >"$scratch/got" 2>"$scratch/err"
same "one who is not root can do it too" 0 $?
check "and has the file, too" cmp "$scratch/file" "$scratch/got"
same "nothing of it is seen outside" "$before" "$(ip -o link)"

# inside COMMAND: what it prints on the kernel's side.
inside()
{
    timeout 20 "$scratch/ciao" listen --port 81 --recv /dev/null --with "$1" </dev/null
}
same "the kernel's side has its addresses" '10.9.0.1/24 fd09::1/64' \
    "$(inside "ip -o addr show dev ciao0 scope global | awk '{print \$4}' | xargs")"
# shellcheck disable=SC2016
same "the command is told where everybody is" '10.9.0.2 fd09::2 10.9.0.1 fd09::1 81 ciao0' \
    "$(inside 'echo $CIAO_IP $CIAO_IP6 $KERNEL_IP $KERNEL_IP6 $CIAO_PORT $CIAO_DEV')"
check "loopback is up" grep -q UP <<<"$(inside 'ip -o link show lo')"
ping=$(cd "$here/../linux" && pwd)/ping.py
check "ciao answers echo requests" inside "'$ping' 10.9.0.2"
check "of IPv6 too" inside "'$ping' fd09::2"
check "also in fragments" inside "'$ping' 10.9.0.2 5000"
check "of IPv6 too" inside "'$ping' fd09::2 5000"

got=$(timeout 20 "$scratch/ciao" listen --ip 192.168.7.1/30 --dev other0 --recv /dev/null \
    --with 'ip -o addr show dev other0 scope global' </dev/null | awk '{print $4}' | xargs)
same "other addresses and another name can be chosen" '192.168.7.2/30 fd09::1/64' "$got"

got=$(printf 'from outside' | timeout 20 "$scratch/ciao" listen --recv /dev/null --with 'cat')
same "the command has our standard input when no connection has it" 'from outside' "$got"

timeout 20 "$scratch/ciao" listen --recv /dev/null --with 'exit 3' </dev/null
same "its exit code is ours" 3 $?
# shellcheck disable=SC2016
timeout 20 "$scratch/ciao" listen --recv /dev/null --with 'kill -9 $$' </dev/null
same "as the shell has it when a signal ended it" 137 $?

# calls COMMAND OPTIONS...: connect to what the command serves.
calls()
{
    local command=$1
    shift
    timeout -k 1 20 "$scratch/ciao" connect 10.9.0.1 99 --with "$command" "$@" </dev/null
}
calls 'printf hello | ncat -l 99' >&- 2>"$scratch/err"
same "a standard output that is closed is a failure, and the end" 1 $?

calls 'sleep 0.3; printf hello | ncat -l 99' --stats >"$scratch/got" 2>"$scratch/err"
same "what was refused at first is tried again" 'hello 0' "$(cat "$scratch/got") $?"
check "and a try that is repeated is not counted" \
    grep -q '"connections":1,"failed":0,' "$scratch/err"

calls 'ncat -l 99 -e "/bin/sleep 9"' --timeout 1 2>"$scratch/err"
same "when nothing moves, --timeout is a failure" 1 $?
same "of one sentence" 'ciao connect: nothing moved for 1 seconds; given up' \
    "$(cat "$scratch/err")"

# shellcheck disable=SC2016
calls 'printf hello | ncat -l 99; sleep 0.5; kill -INT $PPID; sleep 2; touch '"$scratch/late" \
    >/dev/null 2>&1
same "a signal while the command may run on is no failure" 0 $?
check "but ends the command at once" test ! -e "$scratch/late"

# A limit of no descriptors lets the kernel refuse to wait for any.
# shellcheck disable=SC2016
inside 'prlimit --pid $PPID --nofile=0:0; ncat -w 1 10.9.0.2 81; sleep 5' 2>"$scratch/err"
same "when it cannot wait for packets it ends" 1 $?
same "and says so, once" 'ciao listen: cannot wait for packets: Invalid argument' \
    "$(cat "$scratch/err")"
tap_done
