#!/usr/bin/env python3
"""Checks what a machine can of the house style. Problems fail; matters of taste are counted as warnings."""

import re
import shutil
import subprocess
import sys

from csource import ROOT, c_files, code, files, line_of, read

FUNCTION_LINES_MAX = 70
FUNCTION_LINES_AIM = 40
FILE_LINES_MAX = 900
COLUMNS = 120
TEXT_SUFFIXES = (".c", ".h", ".S", ".py", ".sh", ".md", ".build", ".txt", ".scd", ".map", ".ini")
TOP_FILES = ("README.md", "meson.build", "meson_options.txt", "run", "check", ".ci/run", ".clang-format")

# Left-over notes to oneself, and paths of somebody's machine. (Spelt so that this file passes.)
BANNED_TEXT = (
    (re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X)\b"), "a left-over note: do it, or say how it is"),
    (re.compile(r"(?<![\w./~$}])/(?:home|root|Users|work)/\w"), "a path of somebody's machine"),
)
BANNED_CODE = (
    (re.compile(r"\b(?:strcpy|strcat|sprintf|vsprintf|gets|alloca|strtok|atoi)\s*\("), "is a banned idiom"),
    (re.compile(r"\batomic_(?:load|store|exchange|compare_exchange_(?:weak|strong)|fetch_\w+?)(?<!_explicit)\s*\("),
     "names no memory order: use the _explicit form"),
    (re.compile(r"\b__sync_\w+"), "names no memory order: use the C11 atomics"),
)
# The library never prints and never exits; the owner's main, in src/guest, does both when asked.
BANNED_LIBRARY = (
    (re.compile(r"\b(?:printf|fprintf|vfprintf|puts|fputs|perror|exit)\s*\("), "the library neither prints nor exits"),
)

DECLARED = re.compile(r"^(?!typedef)(?:[A-Za-z_][\w \t*()\"]*?[ \t*])(weft_\w+)\s*\(", re.MULTILINE)
MACRO = re.compile(r"^#define (weft_\w+)\(", re.MULTILINE)


def functions(bare):
    """(name, first line, lines) of each function: in the house layout its braces stand alone at the margin."""
    lines = bare.split("\n")
    start = None
    for number, line in enumerate(lines, 1):
        if line == "{":
            start = number
        elif line == "}" and start is not None:
            head = " ".join(lines[max(0, start - 6) : start - 1])
            names = re.findall(r"(\w+)\s*\(", head.rsplit("}", 1)[-1].rsplit(";", 1)[-1])
            yield (names[0] if names else "?"), start, number - start - 1
            start = None


def check_text(path, text):
    for number, line in enumerate(text.split("\n"), 1):
        if "\t" in line and path.suffix != ".scd":  # whose lists are made of them
            yield number, "a tab"
        if line != line.rstrip():
            yield number, "trailing space"
        for pattern, why in BANNED_TEXT:
            if pattern.search(line):
                yield number, why
    if not text.endswith("\n") or text.endswith("\n\n"):
        yield text.count("\n"), "must end in one newline"


def banned(bare, rules):
    for pattern, why in rules:
        for match in pattern.finditer(bare):
            name = match.group().rstrip("( \t\n")
            yield line_of(bare, match.start()), f"{name}: {why}"


def check_c(path, text):
    bare = code(text)
    if text.count("\n") > FILE_LINES_MAX:
        yield 1, f"over {FILE_LINES_MAX} lines: split by idea"
    for name, line, length in functions(bare):
        if length > FUNCTION_LINES_MAX:
            yield line, f"{name} has {length} lines, over {FUNCTION_LINES_MAX}: split by idea"
    if path.parts[0] in ("src", "include") and not path.stem.endswith("_test"):
        if not text.startswith("/*"):
            yield 1, "opens without a comment that says its idea"
        yield from banned(bare, BANNED_CODE)
        if path.parts[:2] not in (("src", "guest"), ("src", "os")):
            yield from banned(bare, BANNED_LIBRARY)


def check_public(text):
    """Each declaration of a call stands in a paragraph that opens with a comment, or continues one that does."""
    bare = code(text)
    for match in DECLARED.finditer(bare):
        paragraph = text[: match.start()].rsplit("\n\n", 1)[-1]
        name = match.group(1)
        if not paragraph.lstrip("\n").startswith("/*") and not name.startswith("weft__"):
            yield line_of(bare, match.start()), f"{name} has no comment above it"


def man_names():
    """The calls that the manual pages describe: in each, the list after NAME."""
    for path in files("man"):
        if path.suffix == ".scd":
            names = read(path).split("# NAME")[1].split(" - ")[0]
            yield from (name.strip() for name in names.split(","))


def check_manual(text, described):
    """Each call, also one that is a macro, is in a manual page."""
    bare = code(text)
    for pattern in DECLARED, MACRO:
        for match in pattern.finditer(bare):
            if match.group(1) not in described and not match.group(1).startswith("weft__"):
                yield line_of(bare, match.start()), f"{match.group(1)} is in no manual page"


def check_version():
    numbers = re.findall(r"#define WEFT_VERSION_\w+ (\d+)", read("include/weft/base.h"))
    built = re.search(r"^\s*version: '([^']*)'", read("meson.build"), re.MULTILINE).group(1)
    if ".".join(numbers) != built:
        yield 1, f"version {built} here, {'.'.join(numbers)} in include/weft/base.h"


def text_files():
    for path in files():
        head = (ROOT / path).read_bytes()[:2]
        if path.suffix in TEXT_SUFFIXES or head == b"#!":
            yield path
    for name in TOP_FILES:
        if (ROOT / name).is_file():
            yield (ROOT / name).relative_to(ROOT)


def problems():
    described = set(man_names())
    for path in text_files():
        text = read(path)
        found = list(check_text(path, text))
        if path.suffix in (".c", ".h"):
            found += check_c(path, text)
        if path.parts[0] == "include":
            found += check_public(text)
            found += check_manual(text, described)
        if path.name == "meson.build" and len(path.parts) == 1:
            found += check_version()
        for line, what in found:
            yield path, line, what


def unformatted(paths):
    """How many of the files clang-format would lay out differently; None where it is not installed."""
    if shutil.which("clang-format") is None:
        return None
    done = subprocess.run(
        ["clang-format", "--dry-run", *map(str, paths)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return len({line.split(":")[0] for line in done.stderr.split("\n") if "warning:" in line})


def warnings():
    sources = [path for path in c_files("src", "include", "apps", "examples", "workshop") if path.suffix != ".S"]
    texts = {path: read(path) for path in sources}
    long_functions = sum(
        length > FUNCTION_LINES_AIM for text in texts.values() for _, _, length in functions(code(text))
    )
    long_lines = sum(len(line) > COLUMNS for text in texts.values() for line in text.split("\n"))
    yield f"{long_functions} functions over {FUNCTION_LINES_AIM} lines"
    yield f"{long_lines} lines over {COLUMNS} columns"
    count = unformatted(sources)
    if count is not None:
        yield f"{count} files that clang-format would change"


def main():
    count = 0
    for path, line, what in problems():
        print(f"{path}:{line}: {what}")
        count += 1
    print("warnings: " + ", ".join(warnings()))
    print(f"style: {count} problems")
    return count != 0


if __name__ == "__main__":
    sys.exit(main())
