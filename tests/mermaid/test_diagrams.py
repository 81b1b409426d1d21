#!/usr/bin/env python3
"""Mermaid's own parser accepts the diagrams that ciao tells.

The parser comes from npm, once: node_modules/ stays until package-lock.json changes.
"""

import itertools
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "support")]

import tap  # noqa: E402

STAMP = HERE / "node_modules" / ".ciao-lock"
OPENS = ["active", "simultaneous"]
CLOSES = ["active", "passive", "simultaneous", "half", "merged", "abort"]
LANGUAGES = ["en", "zh"]

SEQUENCE = "sequenceDiagram\n    participant A\n    A->>B: SYN seq=0\n    Note over A: SYN-SENT\n"
STATES = "stateDiagram-v2\n    [*] --> CLOSED\n    CLOSED --> SYN_SENT: the program opens\n"
BAD = "sequenceDiagram\n    A->>>B SYN\n"


def install():
    """Brings the parser here; returns what went wrong, or nothing."""
    lock = (HERE / "package-lock.json").read_text()
    if STAMP.exists() and STAMP.read_text() == lock:
        return None
    done = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=HERE,
                          capture_output=True, text=True, check=False)
    if done.returncode:
        shutil.rmtree(HERE / "node_modules", ignore_errors=True)
        errors = [line for line in done.stderr.splitlines() if "ERR!" in line or "error" in line]
        return " ".join((errors or ["npm ci failed"])[:2])
    STAMP.write_text(lock)
    return None


def check(*arguments, text=None):
    return subprocess.run(["node", str(HERE / "check.mjs"), *map(str, arguments)], input=text,
                          capture_output=True, text=True, check=False)


def prove_it_can_fail():
    for name, text, kind in (("sequence", SEQUENCE, "sequence"), ("state", STATES, "stateDiagram")):
        done = check(text=text)
        tap.claim(f"a good {name} diagram is accepted",
                  done.returncode == 0 and kind in done.stdout,
                  done.stderr)
    done = check(text=BAD)
    tap.claim("a bad diagram is refused", done.returncode == 1, done.stdout)
    tap.claim("the parser's message is shown", "Parse error on line 2" in done.stderr, done.stderr)
    with tap.planted({"good": SEQUENCE, "bad": BAD}) as root:
        done = check(root / "good", root / "bad")
        tap.claim("one bad file among good ones is refused",
                  done.returncode == 1 and "good: sequence" in done.stdout
                  and "Parse error" in message_about(root / "bad", done.stderr)
                  and not message_about(root / "good", done.stderr), done.stderr)


def demo(ciao, folder, opened, closed, language):
    """Has the demo draw one life; returns the file and how the program ended."""
    file = folder / f"open {opened}, close {closed}, in {language}"
    with open(file, "w", encoding="utf-8") as out:
        done = subprocess.run(
            [ciao, "demo", "--format", "mermaid", "--open", opened, "--close", closed,
             "--lang", language],
            stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.PIPE, text=True, check=False)
    return file, done


def message_about(file, said):
    """What the parser said of this file: its line, and the indented ones below."""
    lines = iter(said.splitlines())
    found = []
    for line in lines:
        if line.startswith(f"{file}:") or (found and line.startswith("    ")):
            found.append(line)
        elif found:
            break
    return "\n".join(found)


def check_demo(ciao):
    with tempfile.TemporaryDirectory() as name:
        drawn = [demo(ciao, Path(name), *choice)
                 for choice in itertools.product(OPENS, CLOSES, LANGUAGES)]
        checked = check(*[file for file, _ in drawn])
        for file, done in drawn:
            tap.claim(f"the demo's diagram is accepted: {file.name}",
                      done.returncode == 0 and f"{file}: sequence" in checked.stdout,
                      done.stderr, message_about(file, checked.stderr))


FAULT = install()
if FAULT:
    tap.skip("Mermaid accepts the diagrams", "npm cannot install mermaid: " + FAULT)
    tap.done()
prove_it_can_fail()
CIAO = os.environ.get("CIAO", str(HERE.parent.parent / "build" / "release" / "src" / "ciao"))
if Path(CIAO).exists():
    check_demo(CIAO)
tap.done()
