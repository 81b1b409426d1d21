#!/usr/bin/env python3
"""The runner counts what happened: a test program that dies, hangs or falls silent has failed."""

import importlib.machinery
import importlib.util
import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parent.parent
sys.path[:0] = [str(HERE.parent / "support"), str(TOP / "tools")]

import tap  # noqa: E402
from tap_reader import FAILED, PASSED, SKIPPED, Claim, read_tap, run_program  # noqa: E402


def statuses(script, seconds=20):
    ended = run_program(["bash", "-c", script], dict(os.environ), seconds)
    return [claim.status for claim in read_tap(ended)]


def expect(what, script, *wanted, seconds=20):
    got = statuses(script, seconds)
    tap.claim(what, got == list(wanted), f"got {got}")


expect("what passes has passed", "echo 1..2; echo ok 1 - a; echo ok 2 - b", PASSED, PASSED)
expect("what fails has failed", "echo 1..2; echo ok 1 - a; echo not ok 2 - b; exit 1",
       PASSED, FAILED)
expect("a plan at the end is a plan", "echo ok 1 - a; echo 1..1", PASSED)
expect("several groups are added up", "echo 1..1; echo ok 1 - a; echo 1..1; echo ok 1 - b",
       PASSED, PASSED)
expect("a skip is a skip", "echo 1..1; echo 'ok 1 - a # SKIP no tun'", SKIPPED)
expect("cmocka's skip is a skip", "echo 1..1; echo 'not ok 1 # SKIP a'", SKIPPED)
expect("a whole program can be skipped", "echo '1..0 # SKIP no tun'", SKIPPED)
expect("a program that is killed has failed", "echo 1..2; echo ok 1 - a; kill -SEGV $$",
       PASSED, FAILED)
expect("one that says nothing has failed", "true", FAILED)
expect("one without a plan has failed", "echo ok 1 - a", PASSED, FAILED)
expect("one without a result has failed", "echo 1..0", FAILED)
expect("one that ends early has failed", "echo 1..2; echo ok 1 - a", PASSED, FAILED)
expect("one that passes all and exits with 1 has failed", "echo 1..1; echo ok 1 - a; exit 1",
       PASSED, FAILED)
expect("one that hangs has failed", "echo 1..1; echo ok 1 - a; sleep 60", PASSED, FAILED,
       seconds=0.5)
expect("one that cannot be stopped politely is stopped",
       "trap '' TERM; echo 1..1; while :; do sleep 1; done", FAILED, seconds=0.2)

loader = importlib.machinery.SourceFileLoader("run_tests", str(TOP / "tools" / "run-tests"))
run_tests = importlib.util.module_from_spec(importlib.util.spec_from_loader("run_tests", loader))
loader.exec_module(run_tests)

score = run_tests.Score()
score.strict, score.allowed = True, {"host/tap", "core/x: one"}
SKIP = Claim(SKIPPED, "one", "no reason")


def judged(where, claim):
    return score.judge(where, claim).status


tap.claim("a skip that nobody allowed is a failure", judged("asan:base/y", SKIP) == FAILED)
tap.claim("a listed program may be skipped", judged("asan:host/tap", SKIP) == SKIPPED)
tap.claim("a listed test may be skipped", judged("clang:core/x", SKIP) == SKIPPED)
score.strict = False
tap.claim("outside CI a skip is a skip", judged("asan:base/y", SKIP) == SKIPPED)

program = run_tests.Program("asan", {"name": "base/wheel", "cmd": [], "env": {}, "timeout": 1,
                                     "suite": ["ciao:tests"]})
for name, wanted in (("wheel", True), ("base/", True), ("asan:wheel", True), ("clang:wheel", False),
                     ("tests/base/test_wheel.c", True), ("flow", False)):
    tap.claim(f"the name {name} {'means' if wanted else 'does not mean'} asan:base/wheel",
              program.matches(name) == wanted)
tap.done()
