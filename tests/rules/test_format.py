#!/usr/bin/env python3
"""The layout of every C file is clang-format's (.clang-format); tools/format makes it so."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "support")]

import csource  # noqa: E402
import tap  # noqa: E402

SOURCE = Path(os.environ.get("CIAO_SOURCE", HERE.parent.parent))
BAD = "int f(int a){\n  return a;\n}\n"
GOOD = "int f(int a)\n{\n    return a;\n}\n"


def faults(root):
    files = csource.c_files(root)
    if not files:
        return []
    done = subprocess.run(
        ["clang-format-14", "--dry-run", "-Werror", f"--style=file:{SOURCE}/.clang-format",
         *map(str, files)], capture_output=True, text=True, check=False)
    complaints = [line for line in done.stderr.splitlines() if "-Wclang-format" in line]
    if done.returncode != 0 and not complaints:
        return [done.stderr]
    return sorted({line.split(":")[0] + ": run tools/format" for line in complaints})


if not shutil.which("clang-format-14"):
    tap.skip("the layout is clang-format's", "no clang-format-14")
    tap.done()
with tap.planted({"src/base/a.c": BAD}) as tree:
    tap.claim("a wrong layout is found", faults(tree))
with tap.planted({"src/base/a.c": GOOD}) as tree:
    tap.none_of("the right one is left alone", faults(tree))
tap.none_of("the layout is clang-format's", faults(SOURCE))
tap.done()
