#!/usr/bin/env python3
"""Fails if a file includes a folder that docs/arrows.txt does not allow.

docs/arrows.txt, one folder a line, most specific first:   search: core
A folder may always include itself.  A new arrow is a one-line change there, seen in review.
"""
import pathlib
import re
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.M)


def read_arrows(path):
    arrows = {}
    for line in path.read_text().splitlines():
        folder, colon, targets = line.partition(":")
        if colon and not folder.startswith("#"):
            arrows[folder.strip()] = targets.split()
    return arrows


def folder_of(path, arrows):
    """The longest listed folder that holds `path`, or None for third-party headers."""
    holders = [f for f in arrows if path.startswith(f + "/")]
    return max(holders, key=len, default=None)


def assert_acyclic(arrows):
    done, open_ = set(), []

    def visit(folder):
        if folder in open_:
            sys.exit("cycle: " + " -> ".join(open_[open_.index(folder):] + [folder]))
        if folder not in done:
            open_.append(folder)
            for target in arrows[folder]:
                visit(target)
            done.add(open_.pop())

    for folder in arrows:
        visit(folder)


def main(root):
    arrows = read_arrows(root / "docs/arrows.txt")
    assert_acyclic(arrows)
    bad = []
    for source in sorted(root.rglob("*")):
        name = source.relative_to(root).as_posix()
        here = folder_of(name, arrows)
        if here is None or source.suffix not in {".h", ".cpp"}:
            continue
        for included in INCLUDE.findall(source.read_text()):
            there = folder_of(included, arrows)
            if there not in (None, here, *arrows[here]):
                bad.append(f"{name}: {here} may not include {there} ({included})")
    print("\n".join(bad) or f"arrows hold ({len(arrows)} folders)")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()))
