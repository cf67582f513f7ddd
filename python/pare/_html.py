"""A job and its fronts for a notebook: HTML and SVG, no script.  Every text of the service is escaped."""
from __future__ import annotations

import html
import math
from typing import TYPE_CHECKING, Iterable, List, Optional, Sequence, Tuple

from . import _text

if TYPE_CHECKING:
    from .documents import Front, JobDocument, Member

_WIDTH, _HEIGHT = 460, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 12, 12, 36


def job(document: JobDocument, fronts: Iterable[Front]) -> str:
    parts = [f"<div><strong>job {document.id}</strong>: {_escaped(document.state)}"]
    if document.reason:
        parts.append(f" ({_escaped(document.reason)})")
    parts.append("</div>")
    if not document.ended:
        parts.append(f"<pre>{_escaped(_text.progress(document))}</pre>")
    parts += [f"<div>{_escaped(sentence)}</div>" for sentence in document.sentences]
    parts += [f"<div>{_escaped(warning)}</div>" for warning in document.warnings]
    parts += [front(one) for one in fronts]
    return "".join(parts)


def front(document: Front) -> str:
    head, *rows = _text.front_cells(document)
    cells = "".join(f"<tr>{''.join(f'<td>{_escaped(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return (f"<div><em>{_escaped(_text.front_title(document))}</em></div>{front_svg(document)}"
            f"<table><thead><tr>{''.join(f'<th>{_escaped(cell)}</th>' for cell in head)}</tr></thead><tbody>{cells}</tbody></table>")


def front_svg(document: Front) -> str:
    """Latency (logarithmic) against accuracy, with 95 % intervals; the original is hollow."""
    members = list(document.members)
    original = document.original
    if original is not None and all(m.plan_sha256 != original.plan_sha256 for m in members):
        members.append(original)
    if not members:
        return ""
    across = _Axis([v for m in members for v in (m.latency_low_ms, m.latency_ms, m.latency_high_ms)], _LEFT, _WIDTH - _RIGHT, True)
    up = _Axis([100 * v for m in members for v in _range_of(m)], _HEIGHT - _BOTTOM, _TOP, False)
    name = _text.accuracy_name(document.labels)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
             f'role="img" aria-label="{_escaped(_text.front_title(document))}" font-family="sans-serif" font-size="11" '
             'fill="currentColor" stroke="currentColor">',
             '<g stroke-opacity=".25" stroke-width="1">',
             *(f'<line x1="{across.at(v):.1f}" y1="{_TOP}" x2="{across.at(v):.1f}" y2="{_HEIGHT - _BOTTOM}"/>' for v in across.ticks()),
             *(f'<line x1="{_LEFT}" y1="{up.at(v):.1f}" x2="{_WIDTH - _RIGHT}" y2="{up.at(v):.1f}"/>' for v in up.ticks()),
             '</g><g stroke="none">',
             *(f'<text x="{across.at(v):.1f}" y="{_HEIGHT - _BOTTOM + 14}" text-anchor="middle">{v:g}</text>' for v in across.ticks()),
             *(f'<text x="{_LEFT - 6}" y="{up.at(v) + 4:.1f}" text-anchor="end">{v:g}</text>' for v in up.ticks()),
             f'<text x="{(_LEFT + _WIDTH - _RIGHT) / 2:.0f}" y="{_HEIGHT - 6}" text-anchor="middle">latency in ms</text>',
             f'<text x="12" y="{_HEIGHT / 2:.0f}" text-anchor="middle" transform="rotate(-90 12 {_HEIGHT / 2:.0f})">'
             f'{name} in points</text>',
             '</g>']
    for m in members:
        parts.append(_mark(m, across, up, original is not None and m.plan_sha256 == original.plan_sha256))
    return "".join([*parts, "</svg>"])


def _mark(member: Member, across: _Axis, up: _Axis, original: bool) -> str:
    x, y = across.at(member.latency_ms), up.at(100 * member.map)
    low, _, high = _range_of(member)
    left, right = across.at(member.latency_low_ms), across.at(member.latency_high_ms)
    return (f'<g><title>{_escaped(str(member))}</title><g stroke-opacity=".4">'
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{up.at(100 * low):.1f}" y2="{up.at(100 * high):.1f}"/>'
            f'<line x1="{left:.1f}" x2="{right:.1f}" y1="{y:.1f}" y2="{y:.1f}"/></g>'
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{"none" if original else "currentColor"}"/></g>')


def _range_of(member: Member) -> Tuple[float, float, float]:
    """The interval of an accuracy, widened to the figure itself: few images flatter it, and it may lie above."""
    low: Optional[float] = member.map_low
    high: Optional[float] = member.map_high
    return min(member.map if low is None else low, member.map), member.map, max(member.map if high is None else high, member.map)


class _Axis:
    """From values to places, with round ticks inside."""

    def __init__(self, values: Sequence[float], first: float, last: float, logarithmic: bool) -> None:
        self._log = logarithmic and min(values) > 0
        low, high = self._scaled(min(values)), self._scaled(max(values))
        spare = 0.06 * (high - low) or 0.05 * abs(high) or 0.05
        self._low, self._high, self._first, self._last = low - spare, high + spare, first, last

    def _scaled(self, value: float) -> float:
        return math.log10(value) if self._log else value

    def at(self, value: float) -> float:
        return self._first + (self._scaled(value) - self._low) / (self._high - self._low) * (self._last - self._first)

    def ticks(self) -> List[float]:
        low, high = (10 ** self._low, 10 ** self._high) if self._log else (self._low, self._high)
        step = 10.0 ** math.floor(math.log10((high - low) / 3))
        step *= next((times for times in (5, 2) if (high - low) / (times * step) >= 3), 1)
        count = int(high / step) - math.ceil(low / step) + 1
        return [round((math.ceil(low / step) + i) * step, 10) for i in range(max(0, count))]


def _escaped(text: str) -> str:
    return html.escape(_text.plain(text))
