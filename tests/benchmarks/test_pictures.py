"""The pictures of docs/benchmarks.md, and what stands beside them, are made of the rounds that stand there too."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parent.parent.parent
BENCHMARKS = ROOT / "benchmarks"
DOCS = ROOT / "docs"
NAMES = ("calls", "payloads")


def pictures(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, BENCHMARKS / "pictures.py", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def drawn(tmp_path: Path) -> Path:
    (tmp_path / "benchmarks.md").write_text((DOCS / "benchmarks.md").read_text(encoding="utf-8"), encoding="utf-8")
    assert pictures("--output-dir", tmp_path).stderr == ""
    return tmp_path


@pytest.mark.long
def test_pictures_and_page_are_what_the_rounds_make_of_them(drawn: Path) -> None:
    names = ["benchmarks.md", *(f"picture-{name}.{kind}" for name in NAMES for kind in ("json", "svg"))]
    for name in names:
        assert (drawn / name).read_text(encoding="utf-8") == (DOCS / name).read_text(encoding="utf-8"), name


@pytest.mark.long
def test_another_median_makes_another_picture_and_a_library_without_a_figure_has_a_dash(drawn: Path) -> None:
    path = drawn / "picture-calls.json"
    rounds = json.loads(path.read_text(encoding="utf-8"))
    sequential, many = (row["programs"] for row in rounds["rows"])
    for run in sequential["blocking"]:
        run["p50_us"] = 12.34
    many["pyzmq"] = [{"failed": "exit status 1"}]
    path.write_text(json.dumps(rounds), encoding="utf-8")
    done = pictures("--results", drawn, "--output-dir", drawn)
    assert done.returncode == 1
    assert "pyzmq: exit status 1" in done.stdout
    svg = (drawn / "picture-calls.svg").read_text(encoding="utf-8")
    assert ">12.3</text>" in svg
    assert ">–</text>" in svg
    assert "One call takes 12.3 µs" in (drawn / "benchmarks.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_says_what_it_is_and_suits_light_and_dark(name: str) -> None:
    text = (DOCS / f"picture-{name}.svg").read_text(encoding="utf-8")
    picture = ElementTree.fromstring(text)
    space = "{http://www.w3.org/2000/svg}"
    assert picture.findtext(f"{space}title")
    light, dark = text.split("@media (prefers-color-scheme: dark)")
    assert set(re.findall(r"fill: #\w+", light.split("<style>")[1])).isdisjoint(re.findall(r"fill: #\w+", dark))
    bars = [float(bar.attrib["width"]) for bar in picture.iter(f"{space}rect") if "bar" in bar.attrib["class"]]
    assert bars
    assert all(0 < bar < 760 for bar in bars)
