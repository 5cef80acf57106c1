"""What the guards share: the files of the tree, and C text without its comments and strings."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("include", "src", "apps", "examples", "workshop", "python", "bench", "fuzz", "tests", "tools", "man", "docs")
C_SUFFIXES = (".c", ".h", ".S")
SKIPPED_FOLDERS = {"__pycache__", "node_modules"}

TOKEN = re.compile(
    r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""",
    re.DOTALL,
)


def files(*folders):
    """Every file below the folders (default: all that hold source), sorted; paths are relative to the root."""
    for folder in folders or FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and not SKIPPED_FOLDERS.intersection(path.parts):
                yield path.relative_to(ROOT)


def c_files(*folders):
    return (path for path in files(*folders) if path.suffix in C_SUFFIXES)


def read(path):
    return (ROOT / path).read_text(encoding="utf-8")


def code(text):
    """The text with comments and the insides of strings blanked; every line stays where it is."""

    def blank(match):
        token = match.group()
        if token[0] in "\"'":
            return token[0] + " " * (len(token) - 2) + token[0]
        return re.sub(r"[^\n]", " ", token)

    return TOKEN.sub(blank, text)


def line_of(text, position):
    return text.count("\n", 0, position) + 1
