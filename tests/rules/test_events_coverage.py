#!/usr/bin/env python3
"""Every row of RFC 9293's event table is cited by a test, or excused with a reason."""

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "support")]

import tap  # noqa: E402

SOURCE = Path(os.environ.get("CIAO_SOURCE", HERE.parent.parent))
TABLE = "id\tstate\tevent\taction\tsection\nEV-1\tCLOSED\tRST\tdiscard\t3\nEV-2\tCLOSED\tx\ty\t3\n"
HEADING = "id\tkind\treason\n"


def coverage(root):
    done = subprocess.run([sys.executable, str(SOURCE / "tools" / "events-coverage"), str(root)],
                          capture_output=True, text=True, check=False)
    return done.returncode, (done.stdout + done.stderr).splitlines()


def tree(test, exceptions=""):
    return {"spec/rfc9293-events.tsv": TABLE, "spec/exceptions.tsv": HEADING + exceptions,
            "tests/tcp/test_a.c": test}


def expect(what, files, code, word):
    with tap.planted(files) as root:
        status, said = coverage(root)
        tap.claim(what, status == code and any(word in line for line in said), *said)


# The ids are put together here, so that this file cites none of the real rows.
ONE, BOTH, NINE = ("/* [RFC9293 " + ids + "] */\n" for ids in ("EV-1", "EV-1, EV-2", "EV-9"))
expect("two cited rows are enough", tree(BOTH), 0, "0 faults")
expect("a row without a test is found", tree(ONE), 1, "EV-2: no test")
expect("a mention outside brackets is no citation", tree(ONE + "/* EV-2 */"), 1, "EV-2: no test")
expect("an exception with a reason is enough", tree(ONE, "EV-2\tnever\tit cannot be\n"), 0, "0 f")
expect("an exception without a reason is found", tree(ONE, "EV-2\tnever\t\n"), 1, "needs a kind")
expect("an exception that a test cites is found", tree(BOTH, "EV-2\tnever\tx\n"), 1, "and yet")
expect("a citation of no row is found", tree(BOTH + NINE), 1, "no such row")

STATUS, SAID = coverage(SOURCE)
tap.claim("every row of the event table is cited by a test or excused", STATUS == 0, *SAID[:60])
tap.done()
