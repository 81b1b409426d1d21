#!/usr/bin/env python3
"""tools/exam counts as it says, with a stand-in for packetdrill, which Debian does not have."""

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))

import tap  # noqa: E402

SOURCE = Path(os.environ.get("CIAO_SOURCE", HERE.parent.parent))
LIBRARY = Path(os.environ["CIAO_BUILD"]) / "src/libciao_packetdrill.so"

# It says how it was called; a script passes when it holds no word "wrong".
STAND_IN = """#!/bin/sh
echo "called with $* in $(ip -o link show tun0 2>&1 | cut -d: -f2), preloaded $LD_PRELOAD"
for script; do :; done
case $(cat "$script") in
*wrong*) echo "$script:3: runtime error in read call"; exit 1 ;;
*claim*) echo "$script:4: error in Python code"; echo "  assert tcpi_unacked == 1"
         echo "AssertionError: 2"; exit 1 ;;
*sleep*) sleep 60 ;;
esac
"""
SCRIPTS = {
    "packetdrill": STAND_IN,
    "open/good.pkt": "fine",
    "open/claimed.pkt": "claim",
    "close/bad.pkt": "wrong",
    "close/only-v4.pkt": "fine",
    "close/only-v6.pkt": "fine",
    "close/only-four.pkt": "// fine\n--ip_version=ipv4\n",
    "close/as-rfc.pkt": "// fine\n// Profiles: rfc ciao\n",
    "list.tsv": "set\tscript\tlinux_ipv4\tlinux_ipv6\n"
                "core\topen/good.pkt\tpass\tpass\n"
                "core\tclose/bad.pkt\tfail\tfail\n"
                "other\topen/claimed.pkt\tpass\tpass\n",
}


def exam(root, *words):
    done = subprocess.run(
        [SOURCE / "tools/exam", f"--packetdrill={root}/packetdrill", f"--scripts={root}",
         f"--library={LIBRARY}", *words], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def check(root):
    os.chmod(root / "packetdrill", 0o755)
    code, said = exam(root)
    tap.claim("a failure is the exit code's", code == 1, said)
    tap.claim("it names the script and the first that went wrong",
              "FAIL IPv4   close/bad.pkt: bad.pkt:3: runtime error in read call" in said, said)
    tap.claim("it names the assertion", "| assert tcpi_unacked == 1 | AssertionError: 2" in said,
              said)
    tap.claim("a script that names its family runs with that alone",
              [line.split()[-2:] for line in said.splitlines() if line.startswith("all together")]
              == [["5", "9"]], said)
    code, said = exam(root, "--profile=rfc", "close/*")
    tap.claim("and one that names its profiles with those",
              [line.split()[-2:] for line in said.splitlines() if line.startswith("all together")]
              == [["5", "7"]], said)
    code, said = exam(root, "--list", str(root / "list.tsv"), "--set=core")
    tap.claim("with a list what fails on Linux may fail", code == 0 and "[Linux: fail]" in said,
              said)
    code, said = exam(root, "--list", str(root / "list.tsv"))
    tap.claim("and what passes there must pass", code == 1, said)
    code, said = exam(root, "--ip=6", "--profile=rfc", "--flags=tell", "-v", "close/bad.pkt")
    tap.claim("the shared object gets its flags", "--so_flags=profile=rfc,mtu=1520,tell" in said,
              said)
    tap.claim("in a namespace with its device", "in tun0," in said.replace("  ", " "), said)
    tap.claim("and is preloaded", f"preloaded {LIBRARY.resolve()}" in said, said)
    code, said = exam(root, "--against=linux", "-v", "close/bad.pkt")
    tap.claim("against the kernel there is neither",
              "so_filename" not in said and "preloaded \n" in said, said)
    (root / "open/slow.pkt").write_text("sleep")
    code, said = exam(root, "--ip=4", "--timeout=1", "open/slow.pkt")
    tap.claim("a script that does not end is ended", code == 1 and "no end after 1 s" in said, said)
    code, said = exam(root, "nothing/*")
    tap.claim("no scripts are no success", code != 0 and "no such scripts" in said, said)


reason = subprocess.run([HERE.parent / "support/in-netns", "--why-not"], capture_output=True,
                        text=True, check=False)
if reason.returncode:
    tap.skip("tools/exam", reason.stdout.strip())
else:
    with tap.planted(SCRIPTS) as planted:
        check(planted)
tap.done()
