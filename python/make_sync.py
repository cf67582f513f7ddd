#!/usr/bin/env python3
"""Makes pare/_sync from pare/_async: the same text without async and await.

    python/make_sync.py [--check]        --check: says what is not up to date, and writes nothing
"""
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent / "pare"
OWN = {"_clock.py"}  # both folders have their own

RULES = [(re.compile(pattern), to) for pattern, to in (
    (r"\bawait ", ""),
    (r"\basync (?=def|for|with)", ""),
    (r"\bAsync(?=[A-Z])", ""),
    (r"\b_AsyncPart\b", "_Part"),
    (r"__a(enter|exit|iter|next)__", r"__\1__"),
    (r"\ba(close|read|iter_bytes)\b", r"\1"),
    (r"The client, as it is written: async\.  pare/_sync is made from this folder by", "The sync client: made from pare/_async by"),
)]


def sync_of(text: str) -> str:
    for pattern, to in RULES:
        text = pattern.sub(to, text)
    return text


def main() -> int:
    check = sys.argv[1:] == ["--check"]
    old = []
    for source in sorted((HERE / "_async").glob("*.py")):
        made = HERE / "_sync" / source.name
        text = sync_of(source.read_text(encoding="utf-8"))
        if source.name in OWN or (made.exists() and made.read_text(encoding="utf-8") == text):
            continue
        old.append(made.name)
        if not check:
            made.write_text(text, encoding="utf-8")
    if check and old:
        print("not what python/make_sync.py makes of pare/_async: " + ", ".join(f"pare/_sync/{name}" for name in old))
    return 1 if check and old else 0


if __name__ == "__main__":
    sys.exit(main())
