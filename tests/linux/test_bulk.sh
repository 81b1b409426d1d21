#!/usr/bin/env bash
# 1 GiB each way, in both roles, over both families, with the kernel's TCP at the other end: what
# arrives is what was sent.
set -u -o pipefail
here=$(dirname "$0")
. "$here/../support/tap.sh"
. "$here/../support/netns.sh"
. "$here/peer.sh"
netns_enter "$0" "$@"

mib=${BULK_MIB:-1024}
file=$netns_scratch/file
random_file "$file" "$mib"
sum=$(sum_of <"$file")
nginx_config "$netns_scratch/nginx.conf" "$netns_scratch"

# carried CLAIM CODE: the sum in $got is that of the file, and ciao is content.  Says how fast.
carried()
{
    local us=$(($(date +%s%N) / 1000 - begun))
    same "$1" "$sum, exit code 0" "$got, exit code $2"
    printf '# %s MB/s\n' $((mib * 1048576 / us))
}

begin()
{
    begun=$(($(date +%s%N) / 1000))
}

for version in 4 6; do
    family $version

    begin
    got=$(timeout 100 "$CIAO" listen --once --send "$file" \
        --with "curl -gs --http0.9 'http://$url/' | sha256sum" | cut -d ' ' -f 1)
    carried "IPv$version: ciao listens, curl takes $mib MiB" $?

    begin
    got=$(timeout 100 "$CIAO" listen --once --recv - \
        --with "ncat --send-only $ours 80 <'$file'" | sum_of)
    carried "IPv$version: ciao listens, ncat gives $mib MiB" $?

    begin
    timeout 100 "$CIAO" connect $theirs 8080 --recv "$netns_scratch/reply" \
        --with "exec nginx -c '$netns_scratch/nginx.conf'" \
        < <(printf 'GET /file HTTP/1.0\r\n\r\n' && exec sleep 100)
    code=$?
    got=$(body "$netns_scratch/reply" | sum_of)
    carried "IPv$version: ciao connects and takes $mib MiB from nginx" $code
    rm -f "$netns_scratch/reply"

    begin
    got=$(timeout 100 "$CIAO" connect $theirs 9000 --send "$file" \
        --with "socat -u TCP$version-LISTEN:9000 - | sha256sum" | cut -d ' ' -f 1)
    carried "IPv$version: ciao connects and gives socat $mib MiB" $?
done
tap_done
