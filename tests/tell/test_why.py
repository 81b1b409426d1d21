#!/usr/bin/env python3
"""`ciao demo --why`: each page, in both languages, with runs that prove what it says."""

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "support")]

import tap  # noqa: E402

CIAO = os.environ.get("CIAO", str(HERE.parent.parent / "build" / "release" / "src" / "ciao"))
# How many claims each page's runs have to prove, and words that it can't do without.
PAGES = {
    "three": (4, "SYN may be old", "SYN 可能是旧的"),
    "four": (3, "each is closed on its own", "各关各的"),
    "2msl": (6, "the last ACK may be lost", "最后的 ACK 可能会丢"),
    "time-wait": (4, "closes first", "先关闭的一方"),
    "close-wait": (6, "uses up the server's ports. It does not", "会耗尽服务器的端口。不会"),
    "half-close": (5, "has sent FIN can no longer receive. That mixes up two calls",
                   "发了 FIN 就不能再收。这是把两个调用混为一谈了"),
}


def page(name, language, width=80):
    env = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "COLUMNS": str(width)}
    return subprocess.run([CIAO, "demo", "--why", name, "--lang", language], env=env,
                          capture_output=True, text=True, check=False, timeout=60)


def flat(text, language):
    return " ".join(text.split()) if language == "en" else "".join(text.split("\n"))


for name, (claims, english, chinese) in PAGES.items():
    for language, words in (("en", english), ("zh", chinese)):
        done = page(name, language)
        proved = done.stdout.count("  ✓ ")
        tap.claim(f"--why {name} in {language}: its runs prove all {claims} claims",
                  done.returncode == 0 and proved == claims and "✗ " not in
                  "".join(line for line in done.stdout.splitlines() if line.startswith("  ✗")),
                  done.stderr, proved)
        told = flat(done.stdout, language)
        tap.claim(f"--why {name} in {language} says what it is about", words in told, told[:400])
        tap.claim(f"--why {name} in {language} is about a page",
                  30 < len(done.stdout.splitlines()) < 120, len(done.stdout.splitlines()))
    tap.claim(f"--why {name} is not the same in both languages",
              page(name, "en").stdout != page(name, "zh").stdout)
tap.done()
