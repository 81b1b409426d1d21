# shellcheck shell=bash
# A private network for a test script: source tap.sh and this, then, before anything else:
#
#   netns_enter "$0" "$@"
#
# The script starts again as root of network, mount and process namespaces of its own (when the
# caller is not root, of a user namespace too), with `lo` up and /run empty and writable, so that
# `ip netns add` makes names nobody else sees.  Nothing is left to clean up: when the script ends,
# however it ends, the kernel ends its processes and takes the namespaces with them.

netns_enter()
{
    [ -z "${CIAO_IN_NETNS:-}" ] || { netns_prepare; return; }
    local helper
    helper=$(dirname "${BASH_SOURCE[0]}")/in-netns
    local reason
    reason=$("$helper" --why-not) || tap_skip_all "$reason"
    exec "$helper" "$@"
}

# Runs inside: in-netns has made the namespaces already.
netns_prepare()
{
    netns_scratch=$(mktemp -d)
    trap 'rm -rf "$netns_scratch"' EXIT
}

# wait_until SECONDS COMMAND...: polls, ten times a second.
wait_until()
{
    local left=$(($1 * 10))
    shift
    until "$@" >/dev/null 2>&1; do
        left=$((left - 1))
        [ "$left" -gt 0 ] || return 1
        sleep 0.1
    done
}

# wait_listening PORT: somebody on the kernel's side accepts connections at PORT.
wait_listening()
{
    wait_until 10 netns_listens "$1"
}

netns_listens()
{
    ss -Htln "sport = :$1" | grep -q .
}
