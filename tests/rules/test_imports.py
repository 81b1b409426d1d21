#!/usr/bin/env python3
"""Who may include whom, and which headers of the system the upper half may see."""

import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "support")]

import csource  # noqa: E402
import tap  # noqa: E402

PURE = {"stddef.h", "stdint.h", "stdbool.h", "stdalign.h", "stdarg.h", "limits.h"}
SIMD = {"immintrin.h", "emmintrin.h"}


def read_table(path):
    table = {}
    for line in path.read_text().splitlines():
        if line and not line.startswith("#"):
            folder, _, allowed = line.partition("\t")
            table[folder] = allowed.split()
    return table


def folder_of(path):
    """src/wire/tcp.c is of wire, src/proto/tcp/x.c of proto, bench/bulk.c of bench."""
    return path.parts[1] if path.parts[0] == "src" else path.parts[0]


def quoted_fault(path, target, table):
    """Why this file may not include "target", or nothing."""
    folder, other = folder_of(path), target.split("/")[0]
    allowed = table.get(folder)
    if allowed is None:
        return f"the folder {folder} is not in imports.tsv"
    if other in ("ciao", folder) or "*" in allowed or other in allowed or target in allowed:
        return None
    if "/" not in target:
        return f'"{target}" has no folder in front of it'
    return f'{folder} may not include "{target}"'


def system_fault(path, target):
    folder = folder_of(path)
    if folder not in csource.UPPER + ["include"] or target in PURE:
        return None
    if target in SIMD and folder != "include":
        return None
    return f"the upper half may not include <{target}>"


def faults(root, table):
    found = []
    for file in csource.c_files(root):
        path = file.relative_to(root)
        for line, mark, target in csource.includes(file.read_text()):
            if mark == "<":
                fault = system_fault(path, target)
            elif path.parts[0] == "include":
                fault = None if target.startswith("ciao/") else "a public header includes its own"
            else:
                fault = quoted_fault(path, target, table)
            if fault:
                found.append(f"{path}:{line}: {fault}")
    return found


def prove_it_can_fail(table):
    bad = {
        "src/base/a.c": '#include "wire/tcp.h"\n',
        "src/wire/b.c": '#include <stdio.h>\n',
        "src/core/c.c": '#include "tell/ladder.h"\n',
        "src/driver/d.c": '#include "wire/tcp.h"\n',
        "src/newcomer/e.c": '#include "base/seq.h"\n',
        "include/ciao/f.h": '#include "base/seq.h"\n',
    }
    for path, text in bad.items():
        with tap.planted({path: text}) as root:
            tap.claim(f"a wrong include is found in {path}", len(faults(root, table)) == 1)
    good = {
        "src/wire/a.c": '#include <stdint.h>\n#include "base/seq.h"\n#include "wire/b.h"\n',
        "src/driver/b.c": '#include <stdio.h>\n#include "wire/offload.h"\n',
        "src/base/c.c": '/*\n#include "tell/x.h"\n*/\n#include "ciao/stack.h"\n',
        "tests/base/d.c": '#include "base/seq.h"\n',
    }
    with tap.planted(good) as root:
        tap.none_of("right includes are left alone", faults(root, table))


table = read_table(HERE / "imports.tsv")
prove_it_can_fail(table)
tap.none_of("everybody includes only whom they may",
            faults(Path(os.environ.get("CIAO_SOURCE", HERE.parent.parent)), table))
tap.done()
