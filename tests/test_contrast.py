"""What is written can be read, light and dark: 4.5 to 1 for text, 3 to 1 for bars, as WCAG 2.2 asks at its level AA."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from website.build import ROOT

PAGE = Path("packages/localsocket-review/src/localsocket_review/report/page.css")
TEXT, SHAPE = 4.5, 3.0


def luminance(colour: str) -> float:
    """Return how bright `#rrggbb` is, from 0 to 1, as WCAG reckons it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_reckoned_as_the_standard_does() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def schemes(style: str) -> Iterator[dict[str, str]]:
    """Yield the colours of a style sheet by their names: the light ones, then the dark ones."""
    for block in re.findall(r":root \{(.*?)\}", style, re.DOTALL):
        yield dict(re.findall(r"--(\w+): (#\w{6})", block))


def test_the_report_can_be_read_light_and_dark() -> None:
    light, dark = schemes((ROOT / PAGE).read_text(encoding="utf-8"))
    for colours in (light, dark):
        grounds = [colours[name] for name in ("paper", "card", "code", "found")]
        for name in ("ink", "soft", "link"):
            assert min(contrast(colours[name], ground) for ground in grounds) >= TEXT, name
        for name in ("high", "medium", "low", "note", "good"):
            assert min(contrast(colours[name], colours[ground]) for ground in ("paper", "card")) >= TEXT, name
        assert contrast(colours["ink"], colours["mark"]) >= TEXT


def test_the_picture_of_the_demonstration_can_be_read() -> None:
    picture = (ROOT / "docs/three-shells.svg").read_text(encoding="utf-8")
    (ground,) = set(re.findall(r'<rect [^>]*fill="(#\w{6})"', picture))
    written = set(re.findall(r'<(?:text|tspan) [^>]*?fill="(#\w{6})"', picture))
    assert len(written) > 3
    assert min(contrast(colour, ground) for colour in written) >= TEXT


def test_the_bars_of_the_chart_can_be_seen() -> None:
    chart = (ROOT / "benchmarks/qt_chart.py").read_text(encoding="utf-8")
    colours = re.findall(r'^\w+_COLOUR = "(#\w{6})"$', chart, re.MULTILINE)
    assert len(colours) == 4
    assert min(contrast(colour, "#ffffff") for colour in colours) >= SHAPE
    drawn = (ROOT / "docs/benchmarks.svg").read_text(encoding="utf-8")
    assert set(re.findall(r"fill: (#\w{6})", drawn)) - {"#ffffff", "#000000"} <= set(colours)
