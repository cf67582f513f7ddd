"""The model card that a caller asks for: pure."""
from __future__ import annotations

from typing import Any, Dict, Mapping, Optional, Tuple


def card_of(preset: Optional[str], card: Optional[Mapping[str, Any]], input: Optional[Tuple[int, int]]) -> Optional[Dict[str, Any]]:
    """One document of all three; None: nothing is said.  ValueError where they contradict each other."""
    out: Dict[str, Any] = dict(card or {})
    for key, said in (("head", preset), ("input", None if input is None else list(input))):
        if said is None:
            continue
        if out.get(key) not in (None, said):
            raise ValueError(f"{'preset' if key == 'head' else 'input'}= says {said!r}, and the card has {out[key]!r} as its {key}")
        out[key] = said
    return out or None
