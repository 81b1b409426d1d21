#!/usr/bin/env bash
# What the command says when it is asked wrongly, asked for help, or cannot do what it is asked.
set -u
. "$(dirname "$0")/../support/tap.sh"
export LC_ALL=C
unset NO_COLOR LANG LC_MESSAGES
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# run WORDS...: leaves $code, $out and $err.
run()
{
    code=0
    out=$("$CIAO" "$@" 2>"$scratch/err" </dev/null) || code=$?
    err=$(cat "$scratch/err")
}

# misused CLAIM PATTERN WORDS...: exit code 2, nothing on standard output, a sentence that fits.
misused()
{
    local claim=$1 pattern=$2
    shift 2
    run "$@"
    if [ "$code" -eq 2 ] && [ -z "$out" ] && grep -Eq -- "$pattern" <<<"$err"; then
        pass "$claim"
    else
        fail "$claim" "ciao $*" "exit code $code, not 2, or no $pattern in:" "$err" "$out"
    fi
}

# failed CLAIM PATTERN WORDS...: exit code 1 and a sentence that fits.
failed()
{
    local claim=$1 pattern=$2
    shift 2
    run "$@"
    if [ "$code" -eq 1 ] && grep -Eq -- "$pattern" <<<"$err"; then
        pass "$claim"
    else
        fail "$claim" "ciao $*" "exit code $code, not 1, or no $pattern in:" "$err" "$out"
    fi
}

# ---- the version ----
run --version
same "--version names the version of meson.build" \
    "ciao $(sed -n "s/^ *version: '\(.*\)',/\1/p" "$CIAO_SOURCE/meson.build" | head -1)" "$out"
same "and succeeds" 0 "$code"
misused "it takes no more words" '"x" is one word too many' --version x
misused "by its short name neither" '"x" is one word too many' -V x

# ---- help ----
run help
same "help succeeds" 0 "$code"
for verb in demo listen connect help; do
    check "help lists $verb" grep -Eq "^  $verb " <<<"$out"
    run help $verb
    check "help $verb says how it is used" grep -q "ciao $verb" <<<"$out"
    page=$out
    run $verb --help
    same "$verb --help is the same page" "$page" "$out"
    run help $verb --lang zh
    check "and there is a Chinese one" env LC_ALL=C.UTF-8 grep -Pq '\p{Han}' <<<"$out"
    run help
done
out=$(LC_ALL=zh_CN.UTF-8 "$CIAO" help)
check "the language of help is the environment's" grep -q "用法" <<<"$out"
for option in --ip --dev --mtu --with --impair --capture --tell --lang --profile --msl --timeout \
    --stats -v --send --recv; do
    for verb in listen connect; do
        run help $verb
        check "help $verb explains $option" grep -q -- "^  $option" <<<"$out"
        run help $verb --lang zh
        check "in Chinese too" grep -q -- "^  $option" <<<"$out"
        check "and so does the manual" grep -q -- "\*$option\*" "$CIAO_SOURCE/docs/ciao.1.scd"
    done
done

for word in loss delay jitter reorder dup corrupt rate limit way seed; do
    for lang in en zh; do
        run help listen --lang $lang
        check "help names $word of --impair ($lang)" grep -q "$word=" <<<"$out"
    done
    check "and so does the manual" grep -q -- "\*$word=" "$CIAO_SOURCE/docs/ciao.1.scd"
done

# ---- wrong usage ----
misused "no verb is wrong" 'say what to do'
misused "an unknown verb is named" 'there is no verb "dance"' dance
misused "the verb that was meant is guessed" 'did you mean "listen"' lisen
misused "also by its beginning" 'did you mean "connect"' conn
misused "an option in front of the verb is wrong" 'in front of the verb' --port 80 listen
misused "and help knows no other verbs" 'did you mean "demo"' help demmo
misused "an unknown option is named" 'there is no option "--frobnicate"' listen --frobnicate
misused "the option that was meant is guessed" 'did you mean "--port"' listen --prot 80
misused "and the sentence ends with where the help is" '^Try: ciao help listen$' listen --prot 80
misused "an option without its value is wrong" '--port needs a value' listen --port
misused "a flag with a value is wrong" '--once takes no value' listen --once=yes
misused "a port is a number" '--port takes a port, 1 to 65535, not "http"' listen --port http
misused "not too large" '--port takes a port' listen --port 65536
misused "not 0" '--port takes a port' listen --port=0
misused "an address needs its prefix" '--ip takes an address' listen --ip 10.9.0.2
misused "a prefix that has room for two" '--ip takes an address' listen --ip 10.9.0.2/31
misused "and is an address" '--ip takes an address' listen --ip 10.9.0.256/24
misused "not its network's" '--ip takes a host.s address' listen --ip 10.9.0.0/24
misused "of IPv6 neither" '--ip takes a host.s address' listen --ip fd09::/64
misused "not its network's broadcast address" '--ip takes a host.s address' listen --ip 10.9.0.3/30
misused "not everybody's" '--ip takes an address' listen --ip 224.0.0.1/4
misused "an impairment is parsed with its own sentence" '--impair takes .*loss' \
    listen --impair loss=two
misused "a telling has five formats" '--tell takes text, sentences' listen --tell=poem
misused "a language is one of two" '--lang takes en or zh' listen --lang fr
misused "a profile is one of three" '--profile takes ciao, rfc or linux' listen --profile bsd
misused "a timeout has a second at least" '--timeout takes seconds' listen --timeout 0
misused "an MSL is a number" '--msl takes milliseconds' listen --msl -1
misused "an interface's name is short" '--dev takes a name' listen --dev a-name-that-is-too-long
misused "an MTU has room for IPv6" '--mtu takes bytes' connect --mtu 576 10.9.0.1 80
misused "listen takes no operand" '"80" is one word too many' listen 80
misused "--echo and --send exclude each other" 'choose one' listen --echo --send /dev/null
misused "--echo leaves nothing to write" 'nothing left' listen --echo --recv x
misused "connect wants to know where to" 'say where to' connect
misused "with a port" 'say where to' connect 10.9.0.1
misused "and no more" '"x" is one word too many' connect 10.9.0.1 80 x
misused "a name is not looked up, and that is said" 'names are not looked up' connect localhost 80
misused "the kernel's loopback is not where ciao is" "kernel's way to itself" connect 127.0.0.1 80
misused "nor is anybody else at ciao's own address" "own address.*ciao0 is 10\.9\.0\.1$" \
    connect 10.9.0.2 80
misused "which --ip may have chosen" "own address.*ciao0 is fd07::1$" \
    connect --ip fd07::7/64 '[fd07::7]' 80
misused "a port of connect is a number too" 'is no port' connect 10.9.0.1 http
misused "-- ends the options" '"--once" is one word too many' listen -- --once

# ---- failures ----
failed "a file that is not there is a failure" 'cannot read ".*/none": No such file' \
    listen --send "$scratch/none"
failed "a directory too" 'cannot read ".*": Is a directory' listen --send "$scratch"
failed "and a place that cannot be written" 'cannot write ".*/none/x"' \
    listen --recv "$scratch/none/x"
if [ -w /dev/full ]; then
    code=0
    "$CIAO" help >/dev/full 2>"$scratch/err" || code=$?
    same "help that cannot be printed is a failure" 1 "$code"
fi

# ---- colour ----
in_terminal()
{
    script -qec "$1" /dev/null </dev/null
}
esc=$(printf '\033')
if command -v script >/dev/null; then
    check "a terminal gets colour" grep -q "$esc" <<<"$(in_terminal "'$CIAO' dance")"
    check "not when NO_COLOR is set" \
        bash -c '! grep -q "$1" <<<"$2"' - "$esc" "$(NO_COLOR=1 in_terminal "'$CIAO' dance")"
fi
run dance
check "a file gets none" bash -c '! grep -q "$1" <<<"$2"' - "$esc" "$err"
tap_done
