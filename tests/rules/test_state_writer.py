#!/usr/bin/env python3
"""One function writes the state of a connection: tcp_enter() in src/proto/tcp/tcp_state.c.

Whatever else wrote a member called `state` could take an arc that the table of arcs has not.
"""

import os
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "support")]

import csource  # noqa: E402
import tap  # noqa: E402

FOLDERS = ["src/proto/tcp", "src/core"]
WRITER = ("src/proto/tcp/tcp_state.c", "tcp_enter")
# A record that takes over a life from another takes its state along; nothing happens by that.
WRITERS = {WRITER, ("src/proto/tcp/tcp_state.c", "tcp_take_over")}
# An answer to the program that has a state in it is no connection.
ANSWERS = {"ciao_info", "tcp_child"}
MEMBER = r"(?:\.|->)\s*state\b"
WRITES = re.compile(rf"{MEMBER}\s*(?:[-+*/%&|^]|<<|>>)?=(?!=)|{MEMBER}\s*(?:\+\+|--)"
                    rf"|(?:\+\+|--)\s*[\w.>\[\]-]+{MEMBER}|&\s*[\w.>\[\]-]+{MEMBER}(?!\s*[.\[])")


def initialises_answer(code, start):
    """Is the member at `start` a designated initialiser of one of ANSWERS?"""
    if code[:start].rstrip()[-1:] not in ("{", ","):
        return False
    depth = 0
    for at in range(start - 1, -1, -1):
        if code[at] in "}])":
            depth += 1
        elif code[at] in "{[(":
            if depth == 0:
                kind = re.search(r"struct (\w+)(?:\)| \w+ =) ?$", code[:at])
                return kind is not None and kind[1] in ANSWERS
            depth -= 1
    return False


def writes_in(path, text):
    """(line, function) of each place that writes the member, or takes its address."""
    code = csource.without_comments(text)
    known = csource.functions(text)
    for match in WRITES.finditer(code):
        if code[match.start()] == "&" and code[match.start() - 1] == "&":
            continue
        if initialises_answer(code, match.start()):
            continue
        line = code.count("\n", 0, match.start()) + 1
        names = [f.name for f in known if f.first <= line <= f.last]
        yield line, names[0] if names else "(no function)"


def faults(root):
    found = []
    for file in csource.c_files(root, FOLDERS):
        path = str(file.relative_to(root))
        for line, function in writes_in(path, file.read_text()):
            if (path, function) not in WRITERS:
                found.append(f"{path}:{line}: {function} writes a state")
    return found


def writers(root):
    """The lines of tcp_enter() that write: there must be some, or the rule looks at nothing."""
    path = root / WRITER[0]
    if not path.exists():
        return []
    return [line for line, name in writes_in(WRITER[0], path.read_text()) if name == WRITER[1]]


def in_function(name, statement):
    return f"void {name}(struct tcb *tcb)\n{{\n    {statement}\n}}\n"


def prove_it_can_fail():
    for statement in ("tcb->state = TCP_CLOSED;", "record.state |= 1;", "tcb->state++;",
                      "--tcb->state;", "poke(&tcb->state);", "*r = (struct r){.state = 3};",
                      "*r = (struct tcb){.info = (struct ciao_info){.a = 1}, .state = 3};"):
        with tap.planted({"src/proto/tcp/tcp_teardown.c": in_function("end", statement)}) as root:
            tap.claim(f"a second writer is found: {statement}", len(faults(root)) == 1)
    elsewhere = {"src/core/input.c": in_function("tcp_enter", "tcb->state = 1;")}
    with tap.planted(elsewhere) as root:
        tap.claim("the right name in the wrong file is found", len(faults(root)) == 1)
    good = {
        WRITER[0]: in_function("tcp_enter", "tcb->state = 1;"),
        "src/core/input.c": in_function(
            "look", "if (tcb->state == 1 && tcb->state <= 4)\n        return; /* x.state = 2 */"),
        "src/proto/tcp/x.c": in_function("y", "tcb->state_bits = 2;"),
        "src/proto/tcp/i.c": in_function("i", "*info = (struct ciao_info){.a = f(1), .state = 3};"),
    }
    with tap.planted(good) as root:
        tap.none_of("readers, and the writer, are left alone", faults(root))
        tap.claim("the writer is seen to write", writers(root))


prove_it_can_fail()
source = Path(os.environ.get("CIAO_SOURCE", HERE.parent.parent))
tap.none_of("nobody but tcp_enter() writes a state", faults(source))
tap.claim("tcp_enter() does write it", writers(source), f"no write found in {WRITER}")
tap.done()
