#!/usr/bin/env python3
"""Fails if a file includes a folder that docs/arrows.txt does not allow.

docs/arrows.txt, one folder a line:   search: core
A folder may always include itself.  The rooms of a folder have lines of their own or none of them
has; a room is not part of the folder around it.  A new arrow is a one-line change there, seen in
review.
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


def has_rooms(folder, arrows):
    return any(f.startswith(folder + "/") for f in arrows)


def lineless_room(path, here, arrows):
    """The folder of `path`, if it has no line and rooms around it have; else None."""
    folder = path.rpartition("/")[0]
    around = folder
    while around != here and "/" in around:
        around = around.rpartition("/")[0]
        if has_rooms(around, arrows):
            return folder
    return None


def assert_listed(arrows):
    for folder, targets in arrows.items():
        for target in targets:
            if target not in arrows:
                sys.exit(f"docs/arrows.txt: {folder} may include {target}, which has no line")


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
    assert_listed(arrows)
    assert_acyclic(arrows)
    bad = {}  # in the order they were found, each once
    for source in sorted(root.rglob("*")):
        name = source.relative_to(root).as_posix()
        if source.suffix not in {".h", ".cpp"}:
            continue
        here = folder_of(name, arrows)
        room = lineless_room(name, here, arrows)
        if room is not None:
            bad[f"{room} has no line in docs/arrows.txt"] = None
        if here is None or room is not None:
            continue
        for included in INCLUDE.findall(source.read_text()):
            there = folder_of(included, arrows)
            if there not in (None, here, *arrows[here]):
                bad[f"{name}: {here} may not include {there} ({included})"] = None
    print("\n".join(bad) or f"arrows hold ({len(arrows)} folders)")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()))
