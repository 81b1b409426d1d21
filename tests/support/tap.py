"""TAP for tests in Python: call claim() for each, and end with done().

A rule test first proves that its rule can fail: planted() gives it a small tree of files to find
the fault in.
"""

import contextlib
import sys
import tempfile
from pathlib import Path

_results = []


def claim(name, holds, *notes):
    """One claim; the notes are shown when it does not hold."""
    _results.append(bool(holds))
    print(f"{'ok' if holds else 'not ok'} {len(_results)} - {name}")
    if not holds:
        for note in notes:
            for line in str(note).splitlines():
                print(f"# {line}")
    sys.stdout.flush()


def none_of(name, faults):
    """The claim that a list of faults is empty."""
    claim(name, not faults, *faults[:40])


def skip(name, reason):
    _results.append(True)
    print(f"ok {len(_results)} - {name} # SKIP {reason}", flush=True)


def done():
    print(f"1..{len(_results)}")
    sys.exit(0 if all(_results) else 1)


@contextlib.contextmanager
def planted(files):
    """A tree made of {path: text}, gone again at the end."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        yield root
