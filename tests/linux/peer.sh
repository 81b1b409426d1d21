# shellcheck shell=bash
# What the scripts of this folder share: files of random bytes, both families, nginx.

# random_file FILE MIB [SEED]: the same bytes in each run.
random_file()
{
    python3 - "$1" "$2" "${3:-1}" <<'PY'
import random
import sys

name, mib, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
source = random.Random(seed)
with open(name, "wb") as out:
    for _ in range(mib):
        out.write(source.randbytes(1 << 20))
PY
}

sum_of()
{
    sha256sum | cut -d ' ' -f 1
}

# family 4|6: sets $ours, $theirs, and $url for a URL's host.
family()
{
    case $1 in
    4) ours=10.9.0.2 theirs=10.9.0.1 url=10.9.0.2 ;;
    6) ours=fd09::2 theirs=fd09::1 url='[fd09::2]' ;;
    esac
}

# nginx_config FILE ROOT: an nginx in the foreground, at port 8080 of both families.
nginx_config()
{
    local place
    place=$(dirname "$1")
    cat >"$1" <<CONF
daemon off;
master_process off;
pid $place/nginx.pid;
error_log stderr error;
events {}
http {
    access_log off;
    client_body_temp_path $place/n1;
    proxy_temp_path $place/n2;
    fastcgi_temp_path $place/n3;
    uwsgi_temp_path $place/n4;
    scgi_temp_path $place/n5;
    default_type application/octet-stream;
    server {
        listen 8080;
        listen [::]:8080;
        root $2;
    }
}
CONF
}

# body FILE: an HTTP reply without its head.
body()
{
    LC_ALL=C sed '1,/^\r$/d' "$1"
}

# counter FILE NAME: a number out of what --stats printed into FILE (its last line that is JSON).
counter()
{
    python3 - "$1" "$2" <<'PY'
import json
import sys

lines = [line for line in open(sys.argv[1], encoding="utf-8") if line.startswith("{")]
value = json.loads(lines[-1])
for key in sys.argv[2].split("/"):
    value = value.get(key, 0)
print(value)
PY
}
