#!/usr/bin/env python3
"""What the documents say is so: their commands run, their excerpts and their code are real.

Of README.md, README.zh.md and the tours under docs/:

  ```sh    each command is run, in a folder that looks like a fresh clone, and must succeed
  ```text  right after a ```sh block: its lines come in that order in what the block printed
           ("..." stands for any lines)
  ```c     the first one of a README is the program that the next command compiles; every other
           one stands in the source, line for line
  links    lead to files that are there

And the man page names every verb, and every option that `ciao help VERB` tells of.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "support")]

import tap  # noqa: E402

SOURCE = Path(os.environ.get("CIAO_SOURCE", HERE.parent.parent))
READMES = ["README.md", "README.zh.md"]
TOURS = [f"docs/{name}.{end}" for name in ("handshake", "teardown") for end in ("md", "zh.md")]
OTHERS = ["ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/drill.md"]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)
LINK = re.compile(r"\]\(([^)#:\s]+)\)")
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror"]


def text_of(name):
    return (SOURCE / name).read_text()


def blocks(text):
    return [(found[1], found[2]) for found in BLOCK.finditer(text)]


def commands(block):
    """The commands of a ```sh block, continued lines joined, comments kept."""
    return [line for line in block.replace("\\\n", " ").splitlines() if line.strip()]


def bare(command):
    return " ".join(re.sub(r"\s#\s.*$", "", command).split())


# ---- running ----

def is_for_elsewhere(command):
    """./test runs this."""
    return command.startswith("./test")


def quicker(command):
    """What measures need not measure well here."""
    return command + " --seconds 0.02" if " bench " in command else command


def no_namespace():
    done = subprocess.run([SOURCE / "tests" / "support" / "in-netns", "--why-not"],
                          capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode else ""


def run(command, folder):
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "COLUMNS": "80"}
    environment.pop("CIAO_IN_NETNS", None)
    try:
        return subprocess.run(["bash", "-o", "pipefail", "-c", quicker(command)], cwd=folder,
                              env=environment, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=120, check=False)
    except subprocess.TimeoutExpired as late:
        return subprocess.CompletedProcess(command, 124, "", f"not over after {late.timeout} s")


def run_block(name, block, folder):
    """Runs the commands of a block; returns what they printed together."""
    printed = []
    for command in commands(block):
        what = f"{name}: {bare(command)}"
        if is_for_elsewhere(command):
            continue
        if "--with" in command and no_namespace():
            tap.skip(what, no_namespace())
            continue
        done = run(command, folder)
        tap.claim(what, done.returncode == 0, f"exit code {done.returncode}",
                  *done.stderr.splitlines()[-8:])
        printed.append(done.stdout)
    return "".join(printed)


def missing_line(excerpt, printed):
    """The first line of the excerpt that does not come in its turn; None when all do."""
    said = iter(line.rstrip() for line in printed.splitlines())
    for line in excerpt.splitlines():
        if line.strip() not in ("...", "") and line.rstrip() not in said:
            return line
    return None


# ---- looking ----

def squeezed(text):
    return " ".join(text.split())


def all_sources():
    return "\n".join(squeezed(path.read_text()) for folder in ("src", "include")
                     for path in sorted((SOURCE / folder).rglob("*.*")) if path.suffix in
                     (".c", ".h", ".def"))


def is_quoted(code, sources):
    """Each part of the code, between lines of "...", stands in the source."""
    return all(squeezed(part) in sources for part in re.split(r"^\s*\.\.\.\n", code, flags=re.M))


def clone_into(folder):
    for entry in SOURCE.iterdir():
        if entry.name != ".git" and not entry.name.endswith(".pcapng"):
            (folder / entry.name).symlink_to(entry)


def check_program(name, code, folder):
    (folder / "hello.c").write_text(code)
    done = subprocess.run(["cc", "-std=c17", *WARNINGS, "-Iinclude", "-fsyntax-only", "hello.c"],
                          cwd=folder, capture_output=True, text=True, check=False)
    tap.claim(f"{name}: its program compiles without a warning", done.returncode == 0, done.stderr)


def check_page(name, sources):
    """Everything that the blocks of a page say, in order."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        clone_into(folder)
        printed, program_seen = None, name not in READMES
        for kind, block in blocks(text_of(name)):
            if kind == "sh":
                printed = run_block(name, block, folder)
            elif kind == "text" and printed:
                line = missing_line(block, printed)
                tap.claim(f"{name}: the excerpt that begins {squeezed(block)[:40]!r} is real",
                          line is None, f"not printed, or not there: {line}")
            elif kind == "c" and not program_seen:
                check_program(name, block, folder)
                program_seen = True
            elif kind == "c":
                tap.claim(f"{name}: {squeezed(block)[:60]!r} stands in the source",
                          is_quoted(block, sources))


def dead_links(name):
    folder = (SOURCE / name).parent
    return [f"{name}: {link}" for link in LINK.findall(text_of(name))
            if not (folder / link).exists()]


def told_commands(name):
    """The commands of a page, whatever the language they ask for."""
    told = [bare(command).replace(" --lang zh", "") for kind, block in blocks(text_of(name))
            if kind == "sh" for command in commands(block)]
    return [command + " demo" if command == "./run" else command for command in told]


def programs(name):
    return [block for kind, block in blocks(text_of(name)) if kind == "c"]


def not_in_manual():
    """The verbs and options that the help tells of and the man page does not."""
    manual = text_of("docs/ciao.1.scd")
    verbs = re.findall(r"^  (\w+) ", run("./run help", SOURCE).stdout, re.M)
    missing = [] if verbs else ["help names no verbs"]
    for verb in verbs:
        told = run(f"./run help {verb}", SOURCE).stdout
        options = {f"*{option}*" for option in re.findall(r"^  (--?[a-z-]+)", told, re.M)}
        missing += [f"{verb} {option}" for option in sorted(options | {f"*{verb}*"})
                    if option not in manual]
    return missing


PLANTED = "```sh\nfalse  # no\n```\n\n```text\na\n...\nb\n```\n"
tap.claim("blocks are found", [kind for kind, _ in blocks(PLANTED)] == ["sh", "text"])
tap.claim("comments are no part of a command", bare("false  # no") == "false")
tap.claim("a command that fails is seen", run("false | cat", HERE).returncode == 1)
tap.claim("lines that are there are found", missing_line("a\n...\nb\n", "x\na\ny\nb\n") is None)
tap.claim("a line that is not there is missed", missing_line("a\nc\n", "a\nb\n") == "c")
tap.claim("an order that is not so is missed", missing_line("b\na\n", "a\nb\n") == "a")
tap.claim("made-up code is found out", not is_quoted("int x;\n", "int y;"))

BUILT = run("./run --version", SOURCE)
tap.claim("./run builds", BUILT.returncode == 0, *BUILT.stderr.splitlines()[-8:])
if BUILT.returncode:
    tap.done()

SOURCES = all_sources()
for page in READMES + TOURS:
    check_page(page, SOURCES)
tap.none_of("every link leads somewhere",
            [link for page in READMES + TOURS + OTHERS for link in dead_links(page)])
tap.none_of("the man page knows every verb and option", not_in_manual())
for pair in (READMES, TOURS[:2], TOURS[2:]):
    tap.claim(f"{pair[1]} gives the commands of {pair[0]}",
              told_commands(pair[0]) == told_commands(pair[1]),
              told_commands(pair[0]), told_commands(pair[1]))
    tap.claim(f"{pair[1]} shows the code of {pair[0]}", programs(pair[0]) == programs(pair[1]))
tap.done()
