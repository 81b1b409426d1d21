# shellcheck shell=bash
# TAP for tests in shell.  Source it, make claims, and end with `tap_done`:
#
#   . "$(dirname "$0")/../support/tap.sh"
#   tap_skip_all "needs root" unless_root      # see netns.sh for what most scripts need
#   check "the reply is whole" cmp sent got     # runs the command; its output is shown if it fails
#   same  "the state agrees" "$theirs" "$ours"  # compares two texts
#   tap_skip "no IPv6 here" "the name of the claim"
#   tap_done
#
# A script that ends before tap_done has failed, whatever it printed: the plan is missing.

tap_count=0
tap_failed=0

pass()
{
    tap_count=$((tap_count + 1))
    printf 'ok %d - %s\n' "$tap_count" "$1"
}

# fail CLAIM [MORE...]: every further argument is shown beneath it.
fail()
{
    local claim=$1
    shift
    tap_count=$((tap_count + 1))
    tap_failed=$((tap_failed + 1))
    printf 'not ok %d - %s\n' "$tap_count" "$claim"
    [ $# -eq 0 ] || printf '%s\n' "$@" | sed 's/^/# /'
}

# check CLAIM COMMAND...
check()
{
    local claim=$1 output status=0
    shift
    output=$("$@" 2>&1) || status=$?
    if [ "$status" -eq 0 ]; then
        pass "$claim"
    else
        fail "$claim" "exit code $status of: $*" "$(printf '%s\n' "$output" | tail -n 40)"
    fi
}

# same CLAIM EXPECTED ACTUAL
same()
{
    if [ "$2" = "$3" ]; then
        pass "$1"
    else
        fail "$1" "expected: $2" "actual:   $3"
    fi
}

tap_skip()
{
    tap_count=$((tap_count + 1))
    printf 'ok %d - %s # SKIP %s\n' "$tap_count" "$2" "$1"
}

# tap_skip_all REASON: nothing of this script can run here.
tap_skip_all()
{
    printf '1..0 # SKIP %s\n' "$1"
    exit 0
}

tap_done()
{
    printf '1..%d\n' "$tap_count"
    [ "$tap_failed" -eq 0 ]
    exit
}
