#!/usr/bin/env python3
"""The upper half needs nothing from outside but mem* and the abort hook, and writes no global.

Seen from the archive that was built (its undefined names and its writable sections), and from the
sources, which clang compiles for wasm32 without an operating system.
"""

import concurrent.futures
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
ALLOWED = {"memcpy", "memmove", "memset", "memcmp", "ciao_abort_hook"}
LINKER_MADE = {"_GLOBAL_OFFSET_TABLE_"}
WRITABLE = (".data", ".bss", ".tdata", ".tbss", "*COM*")
WASM = ["clang-14", "--target=wasm32", "-ffreestanding", "-std=c17", "-Wall", "-Werror", "-O1"]


def output_of(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def needed(archive):
    """The names that the archive uses and does not define."""
    used, defined = set(), set()
    for line in output_of("nm", "--format=posix", str(archive)).splitlines():
        words = line.split()
        if len(words) >= 2 and len(words[1]) == 1:
            (used if words[1] in "Uw" else defined).add(words[0])
    return used - defined - LINKER_MADE


def writable(archive):
    """The objects of the archive that a program could write; constants with relocations are not."""
    found = []
    for line in output_of("objdump", "--syms", str(archive)).splitlines():
        words = line.split()
        if "d" in words[1:3]:  # the section itself, not an object in it
            continue
        for section in words[1:-2]:
            is_data = any(section == name or section.startswith(name + ".") for name in WRITABLE)
            if is_data and not section.startswith(".data.rel.ro"):
                found.append(words[-1])
    return found


def wasm_fault(root, file):
    done = subprocess.run([*WASM, f"-I{root}/include", f"-I{root}/src", "-c", str(file),
                           "-o", "/dev/null"], capture_output=True, text=True, check=False)
    return done.stderr if done.returncode else None


def wasm_faults(root):
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        results = pool.map(lambda file: wasm_fault(root, file), csource.upper_files(root))
        return [fault for fault in results if fault]


def archive_of(root, text):
    (root / "a.c").write_text(text)
    subprocess.run(["gcc", "-O0", "-fPIC", "-c", "a.c", "-o", "a.o"], cwd=root, check=True)
    subprocess.run(["ar", "rcs", "a.a", "a.o"], cwd=root, check=True)
    return root / "a.a"


def prove_it_can_fail():
    with tap.planted({}) as root:
        archive = archive_of(root, "int puts(const char *); int f(void) { return puts(\"\"); }")
        tap.claim("a call of libc is found", needed(archive) - ALLOWED == {"puts"})
        archive = archive_of(root, "void *memset(void *, int, unsigned long);\n"
                             "void *g(void *p) { return memset(p, 0, 9); }\n"
                             "static int h(void) { return 1; }\n"
                             "int (*const table[])(void) = {h};")
        tap.claim("memset is allowed", needed(archive) <= ALLOWED, needed(archive))
        tap.none_of("a constant table of functions is allowed", writable(archive))
        for what in ("int counter;", "static int n; int f(void) { return n++; }", "int k = 3;",
                     "_Thread_local int t;", "int f(void) { static int kept = 1; return ++kept; }"):
            tap.claim(f"a global that can be written is found: {what}",
                      len(writable(archive_of(root, what))) == 1)
    for what in ("#include <stdio.h>\nint a;\n", "int f(void) { return g(); }\n",
                 "_Static_assert(sizeof(void *) == 8, \"\");\n"):
        with tap.planted({"src/base/a.c": what}) as root:
            tap.claim(f"what is not for wasm32 is found: {what.splitlines()[0]}",
                      len(wasm_faults(root)) == 1)
    with tap.planted({"src/base/a.c": "#include <stdint.h>\nuint32_t a;\n"}) as root:
        tap.none_of("what is for wasm32 is left alone", wasm_faults(root))


for tool in ("nm", "objdump", "gcc", "ar", "clang-14"):
    if not shutil.which(tool):
        tap.skip("the upper half is pure", f"no {tool}")
        tap.done()
prove_it_can_fail()
core = Path(os.environ.get("CIAO_BUILD", SOURCE / "build" / "release")) / "src" / "libciao_core.a"
tap.claim("the archive is built", core.exists(), f"no {core}")
if core.exists():
    tap.none_of("the archive needs nothing but mem* and the abort hook",
                sorted(needed(core) - ALLOWED))
    tap.none_of("the archive has nothing that can be written", writable(core))
tap.claim("there are sources to look at", csource.upper_files(SOURCE))
tap.none_of("every file of the upper half compiles for wasm32", wasm_faults(SOURCE))
tap.done()
