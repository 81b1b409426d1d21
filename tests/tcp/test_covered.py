#!/usr/bin/env python3
"""The judge of a whole run: every arc was taken, every state entered, every reason given.

The tests leave what their stacks did in $CIAO_COVERAGE_DIR (tests/support/coverage.h).  Reasons of
reasons_ip.def are the IP tests' to cover.
"""

import os
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "support")]

import tap  # noqa: E402

SOURCE = Path(os.environ.get("CIAO_SOURCE", HERE.parent.parent))
COVERAGE = os.environ.get("CIAO_COVERAGE_DIR")
PUBLIC = SOURCE / "include" / "ciao"


def code(name):
    """A table without its comments."""
    return re.sub(r"/\*.*?\*/", "", (PUBLIC / name).read_text(), flags=re.DOTALL)


def states():
    return {name: text for name, text in re.findall(r'STATE\((\w+), "([\w-]+)"\)',
                                                    code("states.def"))}


def wanted():
    name = states()
    for start, end, key in re.findall(r"\bARC\((\w+), (\w+), \w+,\s*\"[^\"]*\",\s*(\w+)\)",
                                      code("arcs.def")):
        yield f"arc {name[start]} {name[end]} {key}"
    for text in name.values():
        yield f"state {text}"
    for table in ("reasons.def", "reasons_ip.def"):
        for key in re.findall(r"\bREASON\(\w+, (\w+),", code(table)):
            yield f"reason {key}"


def seen(directory):
    lines = set()
    for path in Path(directory).glob("*.covered"):
        lines.update(path.read_text().splitlines())
    return lines


def missing(directory, what):
    covered = seen(directory)
    return [line for line in wanted() if line.startswith(what + " ") and line not in covered]


with tap.planted({"1.covered": "state CLOSED\nstate LISTEN\n"}) as root:
    left = missing(root, "state")
    tap.claim("what was not covered is found", len(left) == 9 and "state SYN-SENT" in left, *left)
    tap.claim("the tables are read whole", len(list(wanted())) > 200, len(list(wanted())))

if COVERAGE is None:
    tap.skip("the run covered everything", "not a whole run: CIAO_COVERAGE_DIR is not set")
else:
    tap.none_of("every arc of arcs.def was taken", missing(COVERAGE, "arc"))
    tap.none_of("every state was entered", missing(COVERAGE, "state"))
    tap.none_of("every reason was given", missing(COVERAGE, "reason"))
tap.done()
