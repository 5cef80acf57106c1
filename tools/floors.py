#!/usr/bin/env python3
"""Guards the floors: includes go down only, and what belongs to one folder stays there.

A folder of src/ may include itself and the folders before it in FLOORS. Tests (X_test.c) may include anything.
"""

import re
import sys

from csource import ROOT, c_files, code, line_of, read

FLOORS = ("base", "arch", "os", "core", "sync", "scope", "par", "io", "guest", "proc", "wire")

# What only one folder may do: (what it is, the pattern in code, the folder).
OWNED = (
    ("assembly", re.compile(r"\b(?:asm|__asm|__asm__)\b"), "src/arch/"),
    ("a bare system call", re.compile(r"\bsyscall\s*\("), "src/os/"),
    ("errno", re.compile(r"\berrno\b(?!\.h)"), "src/os/"),
)
# Files that may all the same, and why.
EXCEPTIONS = {}

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)


def includes(text):
    """(line, quote, name) of each include; the name stands in a string, so the comments are taken out here."""
    bare = code(text)
    for match in INCLUDE.finditer(text):
        if bare[match.start() : match.start(1)].strip():
            yield line_of(text, match.start()), match.group(1), match.group(2)


def check_library(path, text):
    """Down only, private headers by their path below src/, and never the umbrella header."""
    floor = FLOORS.index(path.parts[1])
    for line, quote, name in includes(text):
        if name == "weft.h":
            yield line, "includes <weft.h>, which is for users: name the header that is meant"
        if quote == "<":
            continue
        folder = name.split("/")[0]
        if folder not in FLOORS or not (ROOT / "src" / name).is_file():
            yield line, f'includes "{name}": write the path below src/'
        elif FLOORS.index(folder) > floor:
            yield line, f'includes "{name}", which stands above {path.parts[1]}/'


def check_public(_path, text):
    for line, quote, name in includes(text):
        if quote == '"':
            yield line, f'includes "{name}": a public header sees public headers only'


def check_user(path, text):
    """A program outside the library sees the public headers and its own folder."""
    for line, quote, name in includes(text):
        if quote == '"' and not ((ROOT / path.parent / name).is_file() and ".." not in name):
            yield line, f'includes "{name}": only <weft.h>, <weft/...> and headers beside the file'


def check_owned(path, text):
    where = path.as_posix()
    bare = code(text)
    for what, pattern, owner in OWNED:
        if where.startswith(owner) or where in EXCEPTIONS:
            continue
        for match in pattern.finditer(bare):
            yield line_of(bare, match.start()), f"{what} belongs in {owner}"


def check_listed():
    """A source that the build does not name would never be compiled, a test never run."""
    listed = read("src/meson.build") + read("apps/meson.build") + read("examples/meson.build") + read("workshop/meson.build")
    for path in c_files("src", "apps", "examples", "workshop"):
        parts = path.parts[1:]
        name = path.stem if path.parts[0] in ("examples", "workshop") else "/".join(parts)
        if path.suffix != ".h" and f"'{name}'" not in listed:
            yield path, 1, f"is not listed in {path.parts[0]}/meson.build"


def problems():
    yield from check_listed()
    for path in c_files("src", "include", "apps", "examples", "workshop"):
        text = read(path)
        test = path.stem.endswith("_test")
        found = []
        if path.suffix == ".S" and path.parts[:2] != ("src", "arch"):
            found.append((1, "assembly belongs in src/arch/"))
        if path.parts[0] == "src":
            if path.parts[1] not in FLOORS:
                found.append((1, f"{path.parts[1]} is not a floor; tools/floors.py lists them"))
            elif not test:
                found += check_library(path, text)
        elif path.parts[0] == "include":
            found += check_public(path, text)
        else:
            found += check_user(path, text)
        if path.parts[0] in ("src", "include") and not test:
            found += check_owned(path, text)
        for line, what in found:
            yield path, line, what


def main():
    count = 0
    for path, line, what in problems():
        print(f"{path}:{line}: {what}")
        count += 1
    print(f"floors: {count} problems")
    return count != 0


if __name__ == "__main__":
    sys.exit(main())
