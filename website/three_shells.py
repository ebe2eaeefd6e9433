"""The picture of the README's demonstration: `python -m website.three_shells` makes it of what stands there.

What stands there is typed into shells by the tests, so the picture shows what is really printed.
"""

from __future__ import annotations

import re
from pathlib import Path
from xml.sax.saxutils import escape

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "three-shells.svg"

_SESSION = re.compile(r"<!-- shell: (?P<shell>\w+) -->\n```console\n(?P<text>\$ .*?)^```$", re.DOTALL | re.MULTILINE)
_LETTER, _LINE, _MARGIN, _BAR, _GAP = 8, 20, 16, 30, 14
_FRAME = """\
<g transform="translate(0.5 {top}.5)">
<rect width="{width}" height="{height}" rx="8" fill="#0d1117" stroke="#444c56"/>
<circle cx="18" cy="15" r="5" fill="#444c56"/><circle cx="34" cy="15" r="5" fill="#444c56"/>
<circle cx="50" cy="15" r="5" fill="#444c56"/>
<text x="{middle}" y="20" fill="#9198a1" text-anchor="middle">{title} shell</text>
{lines}
</g>"""


def picture(readme: str) -> str:
    """Return the demonstration as SVG: a terminal for each shell. It is dark, with an edge, on whatever it is shown."""
    shells: dict[str, list[str]] = {}
    for session in _SESSION.finditer(readme):
        shells.setdefault(session["shell"], []).extend(session["text"].splitlines())
    columns = max(len(line) for lines in shells.values() for line in lines)
    width, top, terminals = columns * _LETTER + 2 * _MARGIN, 0, []
    for title, lines in shells.items():
        height = _BAR + len(lines) * _LINE + _MARGIN
        shown = "\n".join(_line(line, _BAR + (number + 1) * _LINE) for number, line in enumerate(lines) if line)
        terminals.append(
            _FRAME.format(top=top, width=width, height=height, middle=width // 2, title=title, lines=shown)
        )
        top += height + _GAP
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width + 1} {top - _GAP + 1}" role="img" font-size="13" '
        f'font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, DejaVu Sans Mono, monospace">\n'
        f"<title>A service is served in one shell, described in another, and called in a third</title>\n"
        + "\n".join(terminals)
        + "\n</svg>\n"
    )


def _line(line: str, y: int) -> str:
    """Return a line as wide as its letters are many, whichever font there is."""
    before, typed = ("$ ", line[2:]) if line.startswith("$ ") else ("", line)
    prompt = '<tspan fill="#7ee787">$ </tspan>' if before else ""
    colour = "#f0f6fc" if before else "#ffa198" if line.startswith("localsocket: ") else "#b1bac4"
    place = f'x="{_MARGIN}" y="{y}" textLength="{len(line) * _LETTER}" xml:space="preserve"'
    return f'<text {place} fill="{colour}">{prompt}{escape(typed)}</text>'


if __name__ == "__main__":
    PICTURE.write_text(picture((ROOT / "README.md").read_text(encoding="utf-8")), encoding="utf-8")
