#!/usr/bin/env python3
"""ciao takes no more instructions than it did: counts against bench/records/instructions.tsv.

A count that grew by more than 5 per cent fails.  When it grew for a good reason, or shrank, write
the record anew: bench/instructions --record.
"""

import importlib.machinery
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "support")]

import tap  # noqa: E402

SOURCE = Path(os.environ.get("CIAO_SOURCE", HERE.parent.parent))
CIAO = os.environ.get("CIAO", str(SOURCE / "build" / "release" / "src" / "ciao"))
TOOL = str(SOURCE / "bench" / "instructions")

loader = importlib.machinery.SourceFileLoader("instructions", TOOL)
spec = importlib.util.spec_from_loader("instructions", loader)
instructions = importlib.util.module_from_spec(spec)
sys.dont_write_bytecode = True
loader.exec_module(instructions)


def judge(measured, records):
    """Runs the tool on given counts and records; returns its exit status and what it says."""
    lines = ["\t".join((row, "unit", *key, f"{count}")) for row, key, count in records]
    files = {"counts.json": json.dumps(measured),
             "records.tsv": instructions.HEAD + "".join(line + "\n" for line in lines)}
    with tap.planted(files) as root:
        done = subprocess.run([TOOL, "--counts", str(root / "counts.json"), "--records",
                               str(root / "records.tsv")], text=True, capture_output=True,
                              check=False)
    return done.returncode, done.stdout + done.stderr


def records_at(measured, factor, compiler=None):
    key = dict(measured["key"])
    key["compiler"] = compiler or key["compiler"]
    return [(row, key.values(), count * factor)
            for row, count in measured["instructions"].items()]


def expect(what, measured, records, status, word):
    got, said = judge(measured, records)
    tap.claim(what, got == status and word in said, f"exit status {got}", said)


def guard_can_fail(measured):
    expect("a record a tenth lower fails", measured, records_at(measured, 0.9), 1, "more than 5 %")
    expect("one 4 per cent lower passes", measured, records_at(measured, 0.96), 0, "+4.2 %")
    expect("a higher one passes", measured, records_at(measured, 1.2), 0, "-16.7 %")
    expect("that of another compiler says nothing about this one", measured,
           records_at(measured, 0.5, "cc 1.0"), 0, "other toolchain")


def copies_can_be_told():
    """With `rep movsb` in use the tool refuses to count."""
    instructions.NO_REP_MOVSB = "glibc.cpu.x86_rep_movsb_threshold=0x800"
    copy = instructions.difference(CIAO, instructions.COPY, 1000, 3000)
    tap.claim("a copy by `rep movsb` would be seen", copy > instructions.COPY_MOST, copy)


def main():
    try:
        measured = instructions.measure(CIAO)
    except instructions.Trouble as trouble:
        tap.claim("instructions can be counted", False, trouble)
        tap.done()
    tap.claim("instructions can be counted", True)
    guard_can_fail(measured)
    copies_can_be_told()
    records = instructions.parsed(instructions.RECORDS)
    for row, count, before, well in instructions.judged(records, measured):
        name = f"{row} takes no more instructions than recorded"
        print(f"# {row}: {count:.6g}, recorded: {before}")
        if before is None:
            tap.skip(name, f"other toolchain: {' '.join(measured['key'].values())}")
        else:
            tap.claim(name, well, f"{count:.6g} instructions instead of {before:.6g}",
                      "when that is meant: bench/instructions --record")
    tap.done()


main()
