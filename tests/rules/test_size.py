#!/usr/bin/env python3
"""No function over 70 lines, no file over 600, no line over 100 columns, no macro that returns."""

import os
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "support")]

import csource  # noqa: E402
import tap  # noqa: E402

FUNCTION_LINES, FILE_LINES, COLUMNS = 70, 600, 100
SUFFIXES = (".c", ".h", ".def", ".py", ".sh", ".mjs")
RETURNING_MACRO = re.compile(r"^[ \t]*#[ \t]*define\b(?:[^\n]*\\\n)*[^\n]*\breturn\b", re.MULTILINE)


def files(root):
    scripts = [root / name for name in ("run", "test")] + list((root / "tools").glob("*"))
    return csource.c_files(root, suffixes=SUFFIXES) + [
        path for path in scripts if path.is_file() and path.suffix not in SUFFIXES]


def faults_in(path, text):
    lines = text.splitlines()
    found = [f"{path}:{number}: {len(line)} columns"
             for number, line in enumerate(lines, 1) if len(line) > COLUMNS]
    if len(lines) > FILE_LINES:
        found.append(f"{path}: {len(lines)} lines")
    if path.suffix not in (".c", ".h"):
        return found
    for function in csource.functions(text):
        length = function.last - function.first + 1
        if length > FUNCTION_LINES:
            found.append(f"{path}:{function.first}: {function.name} has {length} lines")
    for match in RETURNING_MACRO.finditer(csource.without_comments(text)):
        line = text.count("\n", 0, match.start()) + 1
        found.append(f"{path}:{line}: a macro that returns")
    return found


def faults(root):
    return [fault for path in files(root)
            for fault in faults_in(path.relative_to(root), path.read_text())]


def function_of(lines):
    return "static int f(int a,\n             int b)\n{\n" + "    a++;\n" * (lines - 4) + "}\n"


def prove_it_can_fail():
    bad = {
        "a long function": {"src/base/a.c": function_of(71)},
        "a long function after an attribute": {
            "src/base/a.c": '__attribute__((target("avx2")))\n' + function_of(70)},
        "a long file": {"src/base/a.c": "int a;\n" * 601},
        "a long file of tests": {"tests/base/test_a.c": "int a;\n" * 601},
        "a wide line": {"include/ciao/a.h": "//" + "x" * 99 + "\n"},
        "a wide line in a script": {"tools/thing": "#" + "x" * 100 + "\n"},
        "a macro that returns": {"src/base/a.h": "#define GO(x) \\\n    if (x) \\\n    return 1\n"},
    }
    for what, tree in bad.items():
        with tap.planted(tree) as root:
            tap.claim(f"{what} is found", len(faults(root)) == 1, *faults(root))
    good = {"src/base/a.c": function_of(70) + "\n" * 3 + "static const int t[] = {\n"
            + "    1,\n" * 100 + "};\n" + "/* " + "y" * 96 + "\n" + "return */\n"}
    with tap.planted(good) as root:
        tap.none_of("what is just small enough is left alone", faults(root))


prove_it_can_fail()
tap.none_of("functions, files and lines are small enough",
            faults(Path(os.environ.get("CIAO_SOURCE", HERE.parent.parent))))
tap.done()
