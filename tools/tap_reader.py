"""Runs a test program and reads its TAP: what it claimed, and whether it lived to the end."""

import os
import re
import signal
import subprocess
from collections import namedtuple

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"

Claim = namedtuple("Claim", "status name detail")
Ended = namedtuple("Ended", "output code timed_out")

PLAN = re.compile(r"^1\.\.(\d+)\s*(?:#\s*SKIP\b\s*(.*))?$", re.IGNORECASE)
RESULT = re.compile(r"^(not )?ok\b\s*\d*\s*-?\s*(.*?)\s*(?:#\s*(SKIP|TODO)\b\s*(.*))?$",
                    re.IGNORECASE)
SHOWN_LINES = 60

_running = set()  # the sessions' ids


def run_program(command, environment, seconds):
    """Runs it in a session of its own, and leaves nothing of that behind."""
    with subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          start_new_session=True) as child:
        timed_out = False
        _running.add(child.pid)
        try:
            output, _ = child.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            timed_out = True
            output = stop(child)
        end_group(child.pid, signal.SIGKILL)
        _running.discard(child.pid)
    return Ended(output.decode(errors="replace"), child.returncode, timed_out)


def stop(child):
    """Asks first, so that the program's own clean-up runs."""
    end_group(child.pid, signal.SIGTERM)
    try:
        return child.communicate(timeout=5)[0]
    except subprocess.TimeoutExpired:
        end_group(child.pid, signal.SIGKILL)
        return child.communicate()[0]


def end_all():
    """For when the runner itself is told to end."""
    for group in list(_running):
        end_group(group, signal.SIGKILL)


def end_group(group, which):
    try:
        os.killpg(group, which)
    except ProcessLookupError:
        pass


def read_tap(ended):
    """The claims of one program, and one more for each way in which it did not end well."""
    claims, planned, plans = [], 0, 0
    notes = []
    for line in ended.output.splitlines():
        plan, result = PLAN.match(line), RESULT.match(line)
        if plan and plan.group(2) is not None and plan.group(1) == "0":
            return [Claim(SKIPPED, "all of it", plan.group(2))]
        if plan:
            planned += int(plan.group(1))
            plans += 1
        elif result:
            claims.append(to_claim(result, notes))
            notes = []
        elif claims and claims[-1].status == FAILED and line.startswith("#"):
            claims[-1] = claims[-1]._replace(detail=(claims[-1].detail + "\n" + line).lstrip("\n"))
        else:
            notes = (notes + [line])[-SHOWN_LINES:]
    return claims + complaints(ended, claims, planned if plans else None)


def to_claim(result, notes):
    """cmocka 1.1.5 writes a skipped test as `not ok 3 # SKIP name`."""
    bad, name, directive, reason = result.groups()
    if directive and directive.upper() == "SKIP":
        return Claim(SKIPPED, name or reason, reason if name else "skipped by the test")
    if bad or directive:
        return Claim(FAILED, name, "\n".join(notes))
    return Claim(PASSED, name, "")


def complaints(ended, claims, planned):
    tail = "\n".join(ended.output.splitlines()[-SHOWN_LINES:])
    if ended.timed_out:
        return [Claim(FAILED, "it ends in time", tail)]
    if ended.code < 0:
        return [Claim(FAILED, f"it lives (killed by {signal.Signals(-ended.code).name})", tail)]
    if planned is None or not claims:
        return [Claim(FAILED, f"it says what it tests (exit code {ended.code})", tail)]
    if planned != len(claims):
        return [Claim(FAILED, f"it runs all it planned ({len(claims)} of {planned}, "
                      f"exit code {ended.code})", tail)]
    if ended.code != 0 and all(claim.status != FAILED for claim in claims):
        return [Claim(FAILED, f"it ends well (exit code {ended.code})", tail)]
    return []
