#!/usr/bin/env python3
"""Every header stands alone, and the public ones ask nothing of an operating system."""

import concurrent.futures
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "support")]

import csource  # noqa: E402
import tap  # noqa: E402

SOURCE = Path(os.environ.get("CIAO_SOURCE", HERE.parent.parent))
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only"]
C17 = ["clang-14", "-std=c17", *WARNINGS, "-D_GNU_SOURCE=", "-x", "c"]
FREESTANDING = ["clang-14", "--target=wasm32", "-ffreestanding", "-std=c17", *WARNINGS, "-x", "c"]


def fault(root, header, compiler):
    """What the compiler says of a file that includes this header alone."""
    done = subprocess.run([*compiler, f"-I{root}/include", f"-I{root}/src", "-"],
                          input=f'#include "{header}"\nextern int unit;\n', text=True,
                           capture_output=True,
                          check=False)
    return f"{header}: {done.stderr[:600]}" if done.returncode else None


def faults(root, folder, compiler):
    headers = [str(path.relative_to(root / folder)) for path in csource.c_files(root, [folder])
               if path.suffix == ".h"]
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        return [said for said in pool.map(lambda h: fault(root, h, compiler), headers) if said]


with tap.planted({"src/base/a.h": "uint32_t f(void);\n"}) as tree:
    tap.claim("a header that leans on others is found", len(faults(tree, "src", C17)) == 1)
with tap.planted({"include/ciao/a.h": "#include <stdio.h>\n"}) as tree:
    tap.claim("libc in a public header is found", len(faults(tree, "include", FREESTANDING)) == 1)
with tap.planted({"include/ciao/a.h": "#include <stdint.h>\nuint32_t f(void);\n"}) as tree:
    tap.none_of("a good header is left alone", faults(tree, "include", FREESTANDING)
                + faults(tree, "include", C17))

tap.none_of("every internal header stands alone", faults(SOURCE, "src", C17))
tap.none_of("every public header is freestanding C17", faults(SOURCE, "include", FREESTANDING))
tap.done()
