#!/usr/bin/env python3
"""`ciao demo`: every variant shows what it has to show, ends with empty tables, and reads well."""

import itertools
import json
import os
import pty
import re
import subprocess
import sys
import time
import unicodedata
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "support")]

import tap  # noqa: E402

CIAO = os.environ.get("CIAO", str(HERE.parent.parent / "build" / "release" / "src" / "ciao"))
OPENS = ["active", "simultaneous"]
CLOSES = ["active", "passive", "simultaneous", "half", "merged", "abort"]
LANGUAGES = ["en", "zh"]
STEADY = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "COLUMNS": "80"}


def demo(*arguments, env=STEADY):
    return subprocess.run([CIAO, "demo", *map(str, arguments)], env=env, capture_output=True,
                          text=True, check=False, stdin=subprocess.DEVNULL, timeout=60)


def life(*arguments):
    """The demo's JSON; also a claim that there is one."""
    done = demo("--format", "json", *arguments)
    try:
        return json.loads(done.stdout)
    except ValueError as fault:
        tap.claim(f"demo {' '.join(map(str, arguments))} tells JSON", False, fault, done.stderr)
        return {"tables_empty": False, "life": {"steps": [], "ends": []}}


def ways(story, end):
    """The states that an end went through, in order."""
    return [step["state"] for step in story["life"]["steps"]
            if step["type"] == "arc" and step["end"] == end and step["key"] != "LISTENER_CLOSED"]


def keys(story, end=None, kind=None):
    return [step["key"] for step in story["life"]["steps"]
            if "key" in step and end in (None, step["end"]) and kind in (None, step.get("kind"))]


def segments(story):
    """Flags and fate of each segment that left, in order."""
    return [(step["segment"]["flags"], step["segment"]["fate"]) for step in story["life"]["steps"]
            if step["type"] == "sent"]


# What each end goes through.  The right one begins by listening.
OPEN_LEFT = {"active": ["SYN-SENT", "ESTABLISHED"],
             "simultaneous": ["SYN-SENT", "SYN-RECEIVED", "ESTABLISHED"]}
OPEN_RIGHT = {"active": ["LISTEN", "SYN-RECEIVED", "ESTABLISHED"],
              "simultaneous": ["SYN-SENT", "SYN-RECEIVED", "ESTABLISHED"]}
FIRST = ["FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT", "CLOSED"]
SECOND = ["CLOSE-WAIT", "LAST-ACK", "CLOSED"]
BOTH = ["FIN-WAIT-1", "CLOSING", "TIME-WAIT", "CLOSED"]
CLOSE = {"active": (FIRST, SECOND), "passive": (SECOND, FIRST), "simultaneous": (BOTH, BOTH),
         "half": (FIRST, SECOND), "merged": (FIRST, SECOND), "abort": (["CLOSED"], ["CLOSED"])}


def check_states():
    for opened, closed in itertools.product(OPENS, CLOSES):
        story = life("--open", opened, "--close", closed)
        left, right = CLOSE[closed]
        tap.claim(f"open {opened}, close {closed}: both ends go through the states they must",
                  ways(story, "left") == OPEN_LEFT[opened] + left
                  and ways(story, "right") == OPEN_RIGHT[opened] + right,
                  ways(story, "left"), ways(story, "right"))
        tap.claim(f"open {opened}, close {closed}: the tables are empty in the end",
                  story["tables_empty"])


def check_three_and_four():
    fins = {closed: [flags for flags, _ in segments(life("--close", closed))][-4:]
            for closed in ("active", "merged")}
    tap.claim("a usual close takes four segments",
              fins["active"] == ["FIN,ACK", "ACK", "FIN,ACK", "ACK"], fins)
    tap.claim("a merged close takes three",
              fins["merged"][1:] == ["FIN,ACK", "FIN,ACK", "ACK"], fins)
    tap.claim("the dialogue says goodbye in one breath when the segments are merged",
              "One breath" in demo("--close", "merged").stdout)


def check_half():
    story = life("--close", "half")
    behind = [step for step in story["life"]["steps"]
              if step.get("key") == "DATA_DELIVERED" or step.get("key") == "DID_DATA_DELIVERED"]
    tap.claim("after shutdown(WR) three more messages are received in FIN-WAIT-2",
              [step["state"] for step in behind if step["end"] == "left"].count("FIN-WAIT-2") == 3,
              behind)


def check_faults():
    """Each segment in turn is lost, then doubled; the story has to end well and to be true."""
    for opened, closed in itertools.product(OPENS, CLOSES):
        count = len(segments(life("--open", opened, "--close", closed)))
        wrong = []
        for option, number in itertools.product(("--lose", "--dup"), range(1, count + 1)):
            story = life("--open", opened, "--close", closed, option, number)
            flights = [step.get("segment", step.get("about", {}))
                       for step in story["life"]["steps"]]
            fates = [flight.get("fate") for flight in flights if flight.get("number") == number]
            wanted = "lost" if option == "--lose" else "copy"
            if not story["tables_empty"] or wanted not in fates:
                wrong.append(f"{option} {number}: empty {story['tables_empty']}, told {fates}")
        tap.none_of(f"open {opened}, close {closed}: with each of {count} segments lost or "
                    "doubled all ends well, and is told so", wrong)


def check_last_ack():
    story = life("--lose", 9)
    tap.claim("when the last ACK is lost, FIN comes again and TIME-WAIT begins anew",
              "AGAIN_FIN" in keys(story, "right")
              and "DID_TIME_WAIT_RESTARTED" in keys(story, "left"))
    several = life("--lose", "1,2", "--dup", "5")
    tap.claim("several faults at once end well", several["tables_empty"])
    done = demo("--lose", 99)
    tap.claim("a number that no segment had is said, and the story told",
              done.returncode == 0 and "not every --lose" in done.stderr, done.stderr)


def check_old_duplicate():
    story = life("--old-duplicate")
    tap.claim("an old segment meets the new connection and is refused by its timestamp",
              "DROP_PAWS" in keys(story, "right")
              and ("old" in [step["segment"]["fate"] for step in story["life"]["steps"]
                             if step["type"] == "received" and step["end"] == "right"]))
    tap.claim("the new connection came in during the old one's TIME-WAIT",
              "REINCARNATED" in keys(story, "right"))
    told = demo("--old-duplicate").stdout
    tap.claim("the right bytes were read", "read “Please pay   1 coins.”" in told, told[-800:])
    told = demo("--old-duplicate", "--msl", 0)
    flat = " ".join(told.stdout.split())
    tap.claim("without TIME-WAIT and timestamps it gets in",
              "Ao read “Please pay 100 coins.”" in flat and told.returncode == 0,
              told.stdout[-800:])
    tap.claim("and then too the tables are empty",
              life("--old-duplicate", "--msl", 0)["tables_empty"])


def check_msl():
    story = life("--msl", 1500)
    times = {step["state"]: step["time_us"] for step in story["life"]["steps"]
             if step["type"] == "arc" and step["end"] == "left"}
    tap.claim("TIME-WAIT lasts twice the MSL asked for",
              times["CLOSED"] - times["TIME-WAIT"] == 3000000, times)


STORIES = [["--close", closed] for closed in CLOSES] + [["--old-duplicate"], ["--lose", "3,9"]]


def columns(line):
    wide = sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)
    return wide - sum(1 for c in line if unicodedata.combining(c))


def check_reading():
    for language, width in itertools.product(LANGUAGES, (80, 120)):
        env = dict(STEADY, COLUMNS=str(width))
        wide, silent = [], []
        for closed in CLOSES:
            text = demo("--close", closed, "--lang", language, env=env).stdout
            wide += [line for line in text.splitlines() if columns(line) > width]
            silent += [closed] * (len(text.splitlines()) < 100)
        tap.none_of(f"no line in {language} is wider than {width} columns", wide)
        tap.none_of(f"every story in {language} is told whole", silent)
    english, chinese = ("".join(demo("--lang", language, *more).stdout for more in STORIES)
                        for language in LANGUAGES)
    for part in ("\nScene ", "\nIn fact ", "\nSaid ", "\nStates "):
        tap.claim(f"each English step has its part {part.strip()}",
                  english.count(part) == english.count("\n── "))
    for part in ("\n场景 ", "\n实情 ", "\n对白 ", "\n状态 "):
        tap.claim(f"each Chinese step has its part {part.strip()}",
                  chinese.count(part) == chinese.count("\n── "))
    tap.claim("no place in a text is left open", "{" not in english + chinese)
    tap.claim("nothing is said in English only: no Latin sentence in the Chinese dialogue",
              not any(line.startswith("对白") and line.isascii() for line in chinese.splitlines()))
    tap.claim("the two popular errors are put right",
              "none of the server's ports" in " ".join(english.split())
              and "it can still receive" in " ".join(english.split()))


def on_a_terminal(env):
    pid, file = pty.fork()
    if pid == 0:
        os.execve(CIAO, [CIAO, "demo"], env)
    data = b""
    try:
        while chunk := os.read(file, 65536):
            data += chunk
    except OSError:
        pass
    os.waitpid(pid, 0)
    return data


def check_manners():
    tap.claim("into a pipe there is no colour", "\033" not in demo().stdout)
    env = {**STEADY, "TERM": "xterm"}
    tap.claim("on a terminal there is", b"\033[" in on_a_terminal(env))
    tap.claim("NO_COLOR is obeyed", b"\033[" not in on_a_terminal({**env, "NO_COLOR": "1"}))
    spoken = demo(env={"PATH": os.environ["PATH"], "LANG": "zh_CN.UTF-8"}).stdout
    tap.claim("LANG=zh_CN.UTF-8 is Chinese", spoken.startswith("一条连接的一生"), spoken[:80])
    spoken = demo(env={"PATH": os.environ["PATH"]}).stdout
    tap.claim("no language in the environment is English", spoken.startswith("The life of"))
    begun = time.monotonic()
    demo()
    tap.claim("it takes under a second", time.monotonic() - begun < 1)
    same = {demo("--close", "half", "--lose", 4).stdout for _ in range(3)}
    tap.claim("the same story is told every time", len(same) == 1)


def names_in(value):
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from names_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from names_in(inner)


def check_schema():
    """Each name that occurs in the JSON is described, and each that is described occurs."""
    text = (HERE.parent.parent / "docs" / "life-json.md").read_text()
    described = set(re.findall(r"^\| `(\w+)`", text, re.M))
    found = set()
    for more in STORIES + [["--close", "abort", "--dup", "6"], ["--close", "abort", "--lose", "6"]]:
        found |= set(names_in(life(*more)))
    tap.none_of("every name in the JSON is described in docs/life-json.md",
                sorted(found - described))
    rare = {"sack", "events", "skipped_before", "unsent_bytes", "unacked_bytes", "unread_bytes"}
    tap.none_of("docs/life-json.md describes nothing else",
                sorted(described - found - rare))


def check_usage():
    wrong = [["--open", "shut"], ["--close", "door"], ["--lose", "x"], ["--lose", "0"],
             ["--lose", "1,,2"], ["--dup", ""], ["--msl", "-1"], ["--msl", "1h"],
             ["--lang", "fr"], ["--format", "svg"], ["--format", "dialogue"], ["--why", "not"],
             ["--old-duplicate", "--open", "simultaneous"], ["--why", "three", "--format", "json"],
             ["--closer", "active"], ["extra"]]
    for arguments in wrong:
        done = demo(*arguments)
        tap.claim(f"demo {' '.join(arguments)} is a usage error, and is told in a sentence",
                  done.returncode == 2 and done.stderr.startswith("ciao demo: ")
                  and not done.stdout, done.returncode, done.stderr)


check_states()
check_three_and_four()
check_half()
check_faults()
check_last_ack()
check_old_duplicate()
check_msl()
check_reading()
check_manners()
check_schema()
check_usage()
tap.done()
