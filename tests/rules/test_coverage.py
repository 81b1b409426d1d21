#!/usr/bin/env python3
"""Every id of RFC 9293 is implemented and verified or excepted, and the page says so: see
tools/coverage."""

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "support")]

import tap  # noqa: E402

SOURCE = Path(os.environ.get("CIAO_SOURCE", HERE.parent.parent))
EVENTS = "id\tstate\tevent\taction\tsection\nEV-1\tCLOSED\tRST\tdiscard\t3\nEV-2\tCLOSED\tx\ty\t3\n"
RULES = "id\tlevel\tsection\tsummary\nMUST-1\tMUST\t3.1\tunsigned\n"
OTHERS = "id\tlevel\tsection\tsummary\trfc\tsource\n777-1\tMUST\t1\tsay hello\t777\ttext\n"
HEADING = "id\tkind\treason\n"


def coverage(root, *options):
    command = [sys.executable, str(SOURCE / "tools" / "coverage"), *options, str(root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, (done.stdout + done.stderr).splitlines()


def cites(ids):
    """A comment; the ids are put together here, so that this file cites none of the real rows."""
    return "/* [RFC9293 3.1 " + ids + "] */\n"


def tree(source, test, exceptions=""):
    return {"spec/rfc9293.tsv": RULES, "spec/rfc9293-events.tsv": EVENTS,
            "spec/other-rfcs.tsv": OTHERS, "spec/exceptions.tsv": HEADING + exceptions,
            "include/ciao/a.h": "", "src/a.c": source, "tests/tcp/test_a.c": test}


def expect(what, files, code, word):
    with tap.planted(files) as root:
        status, said = coverage(root)
        tap.claim(what, status == code and any(word in line for line in said), *said)


ALL, SPAN, ONE = cites("MUST-1, EV-1, EV-2"), cites("MUST-1; EV-1..EV-2"), cites("MUST-1, EV-1")
expect("rows cited on both sides are enough", tree(ALL, ALL), 0, "0 faults")
expect("a span of rows cites each of them", tree(SPAN, ALL), 0, "0 faults")
expect("a row that no code cites is found", tree(ONE, ALL), 1, "EV-2: not implemented")
expect("a row that no test cites is found", tree(ALL, ONE), 1, "EV-2: not verified")
expect("a mention outside brackets is no citation", tree(ALL, ONE + "/* EV-2 */"), 1, "EV-2: not v")
expect("an exception with a reason is enough", tree(ALL, ONE, "EV-2\tnever\tit cannot be\n"), 0,
       "0 faults")
expect("an exception without a reason is found", tree(ALL, ONE, "EV-2\tnever\t\n"), 1,
       "needs a kind")
expect("an exception of another kind is found", tree(ALL, ONE, "EV-2\tlater\tx\n"), 1,
       "needs a kind")
expect("an exception of what is met is found", tree(ALL, ALL, "EV-2\tnever\tx\n"), 1, "and yet")
expect("an exception of no row is found", tree(ALL, ALL, "EV-3\tnever\tx\n"), 1, "does not exist")
expect("a citation of no row is found", tree(ALL + cites("EV-9"), ALL), 1, "no such row")
expect("other RFCs are told and may be open", tree(ALL, ALL), 0, "4 rows")

with tap.planted(tree(ALL, ALL)) as root:
    coverage(root)
    FRESH = coverage(root, "--check")
    PAGE = root / "docs" / "generated" / "rfc-coverage.md"
    NOTES = PAGE.read_text()
    (root / "src" / "a.c").write_text(ALL + cites("777-1"))
    STALE = coverage(root, "--check")
tap.claim("a page just made is fresh", FRESH[0] == 0, *FRESH[1])
tap.claim("the page names the rows of other RFCs", "| RFC 777 | 1 | 0 | 0 | 0 | 1 | 0 |" in NOTES)
tap.claim("a page of another day is stale", STALE[0] == 1 and "stale" in " ".join(STALE[1]))

STATUS, SAID = coverage(SOURCE, "--check")
tap.claim("all of RFC 9293 is implemented and verified or excepted", STATUS == 0, *SAID[:60])
tap.done()
