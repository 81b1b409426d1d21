#!/usr/bin/env python3
"""The scripts of tests/tcp/*/*.pkt pass under `ciao drill`, with each profile and each family.

A script holds for every profile unless its head says "Profiles: linux ciao" or the like.  They are
written so that packetdrill passes them too, with libciao_packetdrill.so (tools/exam) and, but for
those that say so, with Linux itself.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

import tap  # noqa: E402

PROFILES = ("linux", "rfc", "ciao")
FAMILIES = ("4", "6", "mapped")
HEAD = re.compile(r"^// Profiles: ([a-z ]+)$", re.MULTILINE)


def profiles_of(script):
    said = HEAD.search(script.read_text(encoding="utf-8"))
    return said.group(1).split() if said else PROFILES


def drill(profile, family, scripts):
    """What is wrong with them: nothing, or what the command said."""
    command = [os.environ["CIAO"], "drill", "-q", "--profile", profile, "--ip", family,
               *map(str, scripts)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    return "" if done.returncode == 0 else f"{' '.join(command)}\n{done.stdout}{done.stderr}"


def main():
    here = Path(__file__).resolve().parent
    topics = sorted({script.parent for script in here.glob("*/*.pkt")})
    total = 0
    for topic in topics:
        scripts = sorted(topic.glob("*.pkt"))
        total += len(scripts)
        unknown = [s.name for s in scripts if not set(profiles_of(s)) <= set(PROFILES)]
        tap.none_of(f"{topic.name}: every script holds for some profile", unknown)
        for profile in PROFILES:
            wanted = [s for s in scripts if profile in profiles_of(s)]
            for family in FAMILIES:
                said = drill(profile, family, wanted) if wanted else ""
                name = f"{topic.name}: {len(wanted)} scripts, {profile}, {family}"
                tap.claim(name, not said, said)
    tap.claim(f"{total} scripts are at least 120", total >= 120)
    tap.done()


main()
