#!/usr/bin/env python3
"""docs/generated/ is what tools/generate-docs makes now, and every argument is explained."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "support")]

import tap  # noqa: E402

SOURCE = Path(os.environ.get("CIAO_SOURCE", HERE.parent.parent))
NEEDED = ["include/ciao", "src/tell", "src/proto", "docs"]
A_CALL = "void f(void)\n{\n    tcp_note(tcp, tcb, CIAO_%s, %s, %s);\n}\n"


def generate(root, *options):
    command = [sys.executable, str(SOURCE / "tools" / "generate-docs"), *options, str(root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, (done.stdout + done.stderr).splitlines()


def after(what, change, word):
    """A change to a copy of the tree makes the check fail with that word."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        for folder in NEEDED:
            shutil.copytree(SOURCE / folder, root / folder)
        generate(root)
        change(root)
        status, said = generate(root, "--check")
        tap.claim(what, status == 1 and any(word in line for line in said), *said)


def replaced(path, old, new):
    def change(root):
        text = (root / path).read_text()
        assert old in text, f"{path} has no {old}"
        (root / path).write_text(text.replace(old, new, 1))
    return change


def call(reason, first, second):
    return lambda root: (root / "src/proto/new.c").write_text(A_CALL % (reason, first, second))


ARCS, WORDS = "include/ciao/arcs.def", "src/tell/reasons_zh.c"
after("an arc by another rule makes states.md stale",
      replaced(ARCS, '"9293 3.10.8"', '"9293 3.10.9"'), "states.md is stale")
after("another sentence makes events.md stale",
      replaced(WORDS, "{me}", "{peer}"), "events.md is stale")
after("a page edited by hand is stale", replaced("docs/generated/states.md", "arcs", "ways"),
      "states.md is stale")
after("an argument that nobody explains is found", call("DID_TCB_FREED", "7", "0"),
      "DID_TCB_FREED has an args[0] that is not explained")
after("an explanation of what no call passes is found",
      replaced("docs/event-args.tsv", "PICKED\tthe port\t", "PICKED\tthe port\twhy"),
      "no call passes args[1] of DID_PORT_PICKED")
after("an explanation of no reason is found",
      replaced("docs/event-args.tsv", "DID_PORT_PICKED", "DID_NOTHING"), "DID_NOTHING is no reason")

STATUS, SAID = generate(SOURCE, "--check")
tap.claim("docs/generated/ is what tools/generate-docs makes", STATUS == 0, *SAID)
tap.done()
