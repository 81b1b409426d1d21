#!/usr/bin/env python3
"""Nothing is forgotten: every test is registered with Meson, and every source is compiled.

A test that is in no list never fails, and a source in no list is never seen by a compiler.
"""

import json
import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "support")]

import csource  # noqa: E402
import tap  # noqa: E402

SOURCE = Path(os.environ.get("CIAO_SOURCE", HERE.parent.parent))
BUILD = Path(os.environ.get("CIAO_BUILD", SOURCE / "build" / "release"))
COMPILED = ["src", "sim", "bench"]
# bench/compare compiles these, with the peers' sources, which are fetched when it runs.
ELSEWHERE = ["bench/peers"]


def unregistered(root, names):
    """Test files whose name (area/thing) no registered test has."""
    found = []
    for path in sorted((root / "tests").glob("*/test_*")):
        if path.suffix in (".c", ".sh", ".py"):
            name = f"{path.parent.name}/{path.stem.removeprefix('test_')}"
            if name not in names:
                found.append(str(path.relative_to(root)))
    return found


def uncompiled(root, sources):
    return [str(path.relative_to(root)) for path in csource.c_files(root, COMPILED, (".c",))
            if str(path) not in sources
            and not any(path.is_relative_to(root / folder) for folder in ELSEWHERE)]


def introspected(what):
    return json.loads((BUILD / "meson-info" / f"intro-{what}.json").read_text())


with tap.planted({"tests/base/test_a.c": "", "tests/linux/test_b.sh": ""}) as tree:
    tap.claim("a test in no list is found",
              unregistered(tree, {"base/a"}) == ["tests/linux/test_b.sh"])
with tap.planted({"src/base/a.c": "", "src/base/b.c": "", "bench/peers/c.c": ""}) as tree:
    tap.claim("a source in no list is found",
              uncompiled(tree, {str(tree / "src/base/a.c")}) == ["src/base/b.c"])

tap.none_of("every test is registered",
            unregistered(SOURCE, {test["name"] for test in introspected("tests")}))
tap.none_of("every source is compiled",
            uncompiled(SOURCE, {source for target in introspected("targets")
                                for part in target["target_sources"]
                                for source in part.get("sources", [])}))
tap.done()
