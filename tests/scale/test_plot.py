#!/usr/bin/env python3
"""bench/plot draws what it is given: three pictures that are XML, each figure in its place."""

import json
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "support")]

import tap  # noqa: E402

SOURCE = Path(os.environ.get("CIAO_SOURCE", HERE.parent.parent))
BENCH = [{"row": f"request-{word}/ipv4", "value": ns, "unit": "ns"}
         for word, ns in (("10", 130), ("1k", 150.4), ("1m", 1234))]
BENCH += [{"row": f"open-close-{word}/ipv4", "value": rate, "unit": "connections/s"}
          for word, rate in (("16", 2.7e6), ("100k", 2.1e6))]
BENCH += [{"row": f"loss/ipv4/{loss}-percent", "value": mbit, "unit": "Mbit/s"}
          for loss, mbit in (("0", 965), ("0.01", 172), ("2", 9.4))]
COMPARE = [{"row": "request-1k/ipv4", "ciao": 150.4, "lwIP": 5600, "Linux loopback": None},
           {"row": "request-10/ipv4", "ciao": 130, "lwIP": 330, "Linux loopback": None}]


def draw(lines):
    """Exit status and what it says; {name: (words, heights of dots by series)}."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "figures").write_text("".join(json.dumps(one) + "\n" for one in lines))
        done = subprocess.run([SOURCE / "bench" / "plot", folder / "svg", folder / "figures"],
                              capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr, {
            path.stem: read(path) for path in (folder / "svg").glob("*.svg")}


def read(path):
    root = ElementTree.parse(path).getroot()
    words, heights = [], {}
    for one in root.iter():
        if one.tag.endswith("}text"):
            words.append(one.text)
        if one.tag.endswith("}circle"):
            heights.setdefault(one.get("class"), []).append(float(one.get("cy")))
    return words, heights


status, said, drawn = draw(BENCH + COMPARE)
tap.claim("it succeeds", status == 0, said)
tap.claim("three pictures are drawn, each of them XML", sorted(drawn) == [
    "cost-by-connections", "open-close-by-time-wait", "throughput-by-loss"], said, drawn)
words, heights = drawn["cost-by-connections"]
tap.claim("each figure stands at its point", {"130 ns", "150 ns", "1.2 us", "5.6 us"} <= set(words),
          words)
tap.claim("both programs are named", {"ciao", "lwIP"} <= set(words), words)
tap.claim("more time stands higher", heights["f0"][0] > heights["f0"][1] > heights["f0"][2]
          and heights["f1"][1] < heights["f0"][1], heights)
words, heights = drawn["open-close-by-time-wait"]
tap.claim("without a peer's figures ciao stands alone",
          "lwIP" not in words and list(heights) == ["f0"], words)
tap.claim("rates are told in millions", "2.7 M" in words, words)
tap.claim("bytes delivered fall with loss", "9.4 Mbit/s" in drawn["throughput-by-loss"][0])
status, said, _ = draw(BENCH[:3])
tap.claim("a picture without figures is a failure that is said", status == 1
          and "no figures for throughput-by-loss" in said, said)
tap.done()
