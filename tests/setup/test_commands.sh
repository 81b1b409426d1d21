#!/usr/bin/env bash
# ./run: from anywhere, quiet and fast when nothing is to be done.
set -u
. "$(dirname "$0")/../support/tap.sh"

source_dir=$(cd "$(dirname "$0")/../.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

(cd / && "$source_dir/run" --version) >"$scratch/out" 2>"$scratch/err"
same "./run passes its arguments on" 0 $?
check "it prints what the command prints" grep -q '^ciao ' "$scratch/out"
same "it is quiet when there is nothing to build" '' "$(cat "$scratch/err")"

begun=$(date +%s%N)
"$source_dir/run" --version >"$scratch/out"
took_ms=$((($(date +%s%N) - begun) / 1000000))
check "it takes less than a second when there is nothing to build (${took_ms} ms)" \
    test "$took_ms" -lt 1000

mkdir "$scratch/a folder"
ln -s "$source_dir/run" "$scratch/a folder/run it"
check "it runs through a symbolic link with spaces" "$scratch/a folder/run it" --version

"$source_dir/run" no-such-verb >"$scratch/out" 2>"$scratch/err"
same "the command's exit code is passed on: 2 for a usage error" 2 $?
tap_done
