# shellcheck shell=bash
# What ./run and ./test share: the Debian packages, and the builds under build/.
# Sourced with $top set to the repository's root.  Quiet, but for progress on standard error.

build_packages=(gcc libc6-dev meson ninja-build pkg-config libmnl-dev)

say()
{
    printf 'ciao: %s\n' "$*" >&2
}

# A package is there when dpkg says so, or when its command is: somebody may have brought it.
package_missing()
{
    local command=$2
    [ -z "$command" ] || ! command -v "$command" >/dev/null 2>&1 || return 1
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" != installed ]
}

# need_packages NAME[:COMMAND]...
need_packages()
{
    local entry missing=()
    for entry in "$@"; do
        case $entry in
        *:*) package_missing "${entry%%:*}" "${entry#*:}" && missing+=("${entry%%:*}") ;;
        *) package_missing "$entry" '' && missing+=("$entry") ;;
        esac
    done
    [ ${#missing[@]} -eq 0 ] || install_packages "${missing[@]}"
}

install_packages()
{
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        say "these Debian packages are missing: $*"
        say 'install them with:'
        say "  sudo apt-get update && sudo apt-get install --no-install-recommends $*"
        exit 1
    fi
    say "installing $*"
    local log policy=/usr/sbin/policy-rc.d
    log=$(mktemp)
    # An installed server (nginx, for the tests) shall not be started by its package.
    if [ ! -e $policy ]; then
        printf '#!/bin/sh\nexit 101\n' >$policy
        chmod +x $policy
        trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    fi
    export DEBIAN_FRONTEND=noninteractive
    local apt=(apt-get -o DPkg::Lock::Timeout=300)
    if ! { "${apt[@]}" update && "${apt[@]}" install -y --no-install-recommends "$@"; } \
        >"$log" 2>&1 </dev/null; then
        cat "$log" >&2
        say "could not install $*"
        exit 1
    fi
    rm -f "$log"
    if [ -n "$(trap -p EXIT)" ]; then
        rm -f $policy
        trap - EXIT
    fi
}

# configured NAME CC [OPTION...]: whether build/NAME stands, was made from this place by this
# compiler, and its options begin with these.
configured()
{
    local dir="$top/build/$1"
    [ -f "$dir/build.ninja" ] && [[ $(cat "$dir/.configured" 2>/dev/null) == "$top|${*:2}"* ]]
}

# configure NAME CC OPTION...: sets build/NAME up, or anew when it is not what is wanted.
configure()
{
    local name=$1 dir="$top/build/$1"
    configured "$@" && return
    say "configuring build/$name"
    local what=(setup --reconfigure)
    if ! configured "$name" "$2"; then
        what=(setup)
        rm -rf "$dir"
    fi
    mkdir -p "$dir"
    if ! CC=$2 CFLAGS='' LDFLAGS='' meson "${what[@]}" "${@:3}" "$dir" "$top" \
        >"$dir.log" 2>&1 </dev/null; then
        cat "$dir.log" >&2
        rm -rf "$dir"
        return 1
    fi
    printf '%s' "$top|${*:2}" >"$dir/.configured"
}

# compile NAME TARGET...: quiet, but for what goes wrong.  One at a time in a tree.
compile()
{
    local name=$1 dir="$top/build/$1" status=0
    shift
    flock "$top/build/.lock" ninja -C "$dir" -k 0 "$@" >"$dir.log" 2>&1 </dev/null || status=$?
    if [ "$status" -ne 0 ]; then
        grep -v '^\[[0-9]*/[0-9]*\]' "$dir.log" >&2
        return "$status"
    fi
}
