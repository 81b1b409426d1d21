"""Reads C as far as the rules need it: comments, includes, and where functions begin and end.

It relies on the house's layout, which test_format.py checks: a function's body begins with a
brace in the first column, and so does the line that ends it.
"""

import re
from collections import namedtuple
from pathlib import Path

UPPER = ["base", "wire", "trace", "proto", "core", "socket"]
FOLDERS = ["src", "include", "sim", "bench", "tests", "fuzz", "tools"]

Function = namedtuple("Function", "name first last")

_SKIPPED = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)
_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)
_NAME = re.compile(r"(\w+)\s*\(")


def c_files(root, folders=FOLDERS, suffixes=(".c", ".h")):
    """Every C file of these folders, in a steady order."""
    found = []
    for folder in folders:
        found += [path for path in (Path(root) / folder).rglob("*")
                  if path.suffix in suffixes and path.is_file()
                  and "node_modules" not in path.parts]
    return sorted(found)


def upper_files(root):
    """The sources of the upper half."""
    return c_files(root, [f"src/{folder}" for folder in UPPER], (".c",))


def without_comments(text):
    """The same text, line for line, with comments and the insides of strings made blank."""
    def blank(match):
        kept = re.sub(r"[^\n]", " ", match.group())
        quote = match.group()[0]
        return quote + kept[1:-1] + quote if quote in "\"'" else kept
    return _SKIPPED.sub(blank, text)


def includes(text):
    """(line, "<" or the quote, path) of each #include; comments do not count."""
    code = re.sub(r"/\*.*?\*/", lambda m: re.sub(r"[^\n]", " ", m.group()), text, flags=re.DOTALL)
    return [(code.count("\n", 0, m.start()) + 1, m.group(1), m.group(2))
            for m in _INCLUDE.finditer(code)]


def functions(text):
    """The functions of a file, with the lines from their head to the brace that ends them."""
    lines = without_comments(text).splitlines()
    found, opened = [], None
    for number, line in enumerate(lines):
        if line.startswith("{"):
            opened = number
        elif line.startswith("}") and opened is not None:
            head = _head(lines, opened)
            name = _function_name(" ".join(lines[head:opened]))
            if name:
                found.append(Function(name, head + 1, number + 1))
            opened = None
    return found


def _head(lines, brace):
    """The first line of what stands before the brace."""
    first = brace
    while first > 0:
        before = lines[first - 1].strip()
        if not before or before.startswith("#") or before.endswith((";", "}", "{")):
            break
        first -= 1
    return first


def _function_name(head):
    """The name that the head declares; attributes and the like come before the last list."""
    head = re.sub(r"__attribute__\s*\(\(.*?\)\)", " ", head)
    match = _NAME.search(head)
    return match.group(1) if match and head.rstrip().endswith(")") else None
