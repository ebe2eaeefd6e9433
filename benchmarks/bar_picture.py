"""Bars as SVG: one line for each library, one column for each row that was measured, in light and in dark.

Which of the two is shown follows the reader's system, and a background of its own makes it readable on any page.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

_WIDTH, _LABELS, _LINE, _TOP, _MARGIN, _VALUE = 760, 200, 26, 84, 20, 58
_STYLE = """\
<style>
text { font: 13px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; fill: #1f2328 }
.title { font-size: 15px; font-weight: 600 } .unit { fill: #59636e } .ours { font-weight: 600 }
.page { fill: #ffffff; stroke: #d1d9e0 } .bar { fill: #b4bcc6 } .bar.ours { fill: #0969da } .bar.pure { fill: #80b3f0 }
@media (prefers-color-scheme: dark) {
text { fill: #f0f6fc } .unit { fill: #9198a1 }
.page { fill: #0d1117; stroke: #3d444d } .bar { fill: #4d5561 } .bar.ours { fill: #4493f8 } .bar.pure { fill: #26578f }
}
</style>"""


class Line(NamedTuple):
    """A library: `kind` is "ours", "pure" or nothing; one value for each column, None where there is none."""

    label: str
    kind: str
    values: Sequence[float | None]


class Column(NamedTuple):
    """What the values of a column are, in which unit, and which of them are good."""

    title: str
    unit: str


def picture(title: str, columns: Sequence[Column], lines: Sequence[Line]) -> str:
    """Return the picture; the longest bar of each column fills it."""
    width = (_WIDTH - _LABELS - 2 * _MARGIN) / len(columns)
    height = _TOP + len(lines) * _LINE + _MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" role="img">',
        f"<title>{escape(title)}</title>",
        _STYLE,
        f'<rect class="page" x="0.5" y="0.5" width="{_WIDTH - 1}" height="{height - 1}" rx="8"/>',
        _text(_MARGIN, 30, title, "title"),
    ]
    for number, line in enumerate(lines):
        parts.append(_text(_MARGIN, _TOP + number * _LINE + 15, line.label, line.kind and "ours"))
    for place, column in enumerate(columns):
        left = _MARGIN + _LABELS + place * width
        parts += [_text(left, 54, column.title, "ours"), _text(left, 71, column.unit, "unit")]
        parts += _bars(left, width - _VALUE - 14, [(line.kind, line.values[place]) for line in lines])
    return "\n".join([*parts, "</svg>"]) + "\n"


def _bars(left: float, width: float, bars: Sequence[tuple[str, float | None]]) -> list[str]:
    longest = max((value for _, value in bars if value is not None), default=1.0)
    parts = []
    for number, (kind, value) in enumerate(bars):
        top = _TOP + number * _LINE
        length = 0.0 if value is None else max(1.0, width * value / longest)
        if length:
            shape = f'x="{left:.1f}" y="{top + 2}" width="{length:.1f}" height="{_LINE - 8}" rx="2"'
            parts.append(f'<rect class="{" ".join(["bar", kind]).strip()}" {shape}/>')
        parts.append(_text(left + length + 6, top + 15, shown(value), kind and "ours"))
    return parts


def _text(x: float, y: float, text: str, kind: str) -> str:
    chosen = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{chosen}>{escape(text)}</text>'


def shown(value: float | None) -> str:
    """Return a number with three digits that say something, or a dash."""
    if value is None:
        return "–"
    if value >= 100_000:
        return f"{value / 1000:,.0f}k"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
