"""The comparisons of benchmarks/ run from end to end, and their pages say what their rounds say."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent
BENCHMARKS = ROOT / "benchmarks"

TINY = ["--rounds", "1", "--round-trips", "20", "--connections", "10", "--chunk", "100"]
OURS = {"aio", "aio-uvloop", "server-aio"}
PROGRAMS = {*OURS, *(f"{name}-pure" for name in OURS), "streams", "streams-uvloop", "server-protocol"}


def compare_asyncio(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, BENCHMARKS / "compare_asyncio.py", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def measured(tmp_path: Path) -> Path:
    """Return a directory with the smallest result there can be."""
    row = {"test": "exchange", "server": "process", "connections": 1, "chunk_bytes": 100000}
    figures = {"seconds": 1.0, "bytes_received": 2**30, "mib_per_second": 1.0, "corrupted": 0, "p50_us": 2, "p99_us": 3}
    speeds = {"aio": 500, "streams": 100, "aio-uvloop": 249, "streams-uvloop": 100, "server-aio": 3}
    programs = {name: [{**figures, "messages_per_second": speed}] for name, speed in speeds.items()}
    result = {
        "machine": {"cpu": "a fast one"},
        "settings": {"rounds": 1, "seconds": 1.0, "round_trips": 10},
        "rows": [{**row, "programs": {**programs, "server-protocol": [{"failed": "exit status 7"}]}}],
    }
    (tmp_path / "benchmarks-asyncio.json").write_text(json.dumps(result))
    return tmp_path


def compared(rounds: Path, pages: Path) -> dict[str, Any]:
    """Compare for a moment, or for longer where the machine is too busy for every program to do something in that."""
    result: dict[str, Any] = {}
    for seconds in ("0.1", "1", "5"):
        done = compare_asyncio(*TINY, "--seconds", seconds, "--json", rounds, "--output-dir", pages)
        assert (done.returncode, done.stderr) == (0, "")
        result = json.loads(rounds.read_text())
        runs = [run for row in result["rows"] for (run,) in row["programs"].values()]
        if all(run["messages_per_second"] > 0 for run in runs):
            break
    return result


_OURS_BESIDE_QT = """
import json
from qt_programs import OUR_PROGRAMS
from results import Settings
from rounds import run_rounds
from rows import Row

rows = [Row("exchange", server, count, 100) for server in ("process", "thread") for count in (1, 5)]
rows += [Row("pingpong", "process", 10, 1)]
print(json.dumps([run.measurement for run in run_rounds(rows, list(OUR_PROGRAMS), Settings(1, 0.05, 50))]))
"""


def test_each_row_that_is_compared_with_qt_is_measured_of_this_library(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _OURS_BESIDE_QT]
    done = subprocess.run(command, cwd=BENCHMARKS, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert [run for run in json.loads(done.stdout) if "p50_us" not in run] == []


def test_an_answer_with_more_than_the_row_that_was_asked_for_is_refused() -> None:
    asked = """
from rounds import read_measurement
from rows import Row

row = {"test": "exchange", "server": "process", "connections": 1, "chunk_bytes": 100, "face": "socket"}
read_measurement({"rows": [row, {**row, "face": "blocking"}]}, Row("exchange", "process", 1, 100))
"""
    command = [sys.executable, "-c", asked]
    done = subprocess.run(command, cwd=BENCHMARKS, capture_output=True, text=True, check=False)
    assert "2 rows, where one was asked for" in done.stderr


@pytest.mark.long
def test_the_comparison_with_asyncio_runs_from_end_to_end(tmp_path: Path) -> None:
    rounds, pages = tmp_path / "rounds.json", tmp_path / "pages"
    pages.mkdir()
    result = compared(rounds, pages)
    assert set(result["machine"]) == {"cpu", "cores", "kernel", "python", "uvloop", "core", "commit", "date"}
    assert [(row["test"], row["connections"]) for row in result["rows"]] == [("exchange", 10), ("pingpong", 10)]
    for row in result["rows"]:
        assert set(row["programs"]) == PROGRAMS
        for (run,) in row["programs"].values():
            assert run["corrupted"] == 0
            assert run["messages_per_second"] > 0
    assert not list(pages.iterdir()), "with --json the pages stay as they are"
    assert compare_asyncio("--report-only", "--json", rounds, "--output-dir", pages).returncode == 0
    page = (pages / "benchmarks.md").read_text()
    assert page.count("| pure Python msg/s |") == 3
    assert page.count("| exchange, 10 × 100 B |") == page.count("| ping-pong, 10 connections |") == 3


@pytest.mark.long
def test_a_row_that_does_not_exist_is_refused() -> None:
    done = compare_asyncio("--connections", "7")
    assert done.returncode == 2
    assert "there is no such row" in done.stderr


@pytest.mark.long
def test_the_report_replaces_what_is_between_its_markers_and_nothing_else(measured: Path) -> None:
    page = measured / "benchmarks.md"
    page.write_text("before\n<!-- compare_asyncio:begin -->\nold\n<!-- compare_asyncio:end -->\nafter\n")
    done = compare_asyncio("--report-only", "--output-dir", measured)
    text = page.read_text()
    assert text.startswith("before\n<!-- compare_asyncio:begin -->\n## ")
    assert text.endswith("\n<!-- compare_asyncio:end -->\nafter\n")
    assert "old" not in text
    assert "pure Python msg/s" not in text, "nobody has measured that"
    assert "| exchange, 1 × 100,000 B | 500 (500–500) | 100 | 5.00 | 2.5 | met | 2 / 3 | 2 / 3 |" in text
    assert "| exchange, 1 × 100,000 B | 249 (249–249) | 100 | 2.49 | 2.5 | fell short | 2 / 3 | 2 / 3 |" in text
    assert "| exchange, 1 × 100,000 B | 3 (3–3) | exit status 7 | – | 0.75 | not measured | 2 / 3 | – / – |" in text
    assert "5 GiB came back in this run, no byte of it wrong" in text
    assert done.returncode == 1, "a run failed"
    assert "fault: exchange, 1 × 100,000 B, server in a process, server-protocol: exit status 7" in done.stdout


@pytest.mark.long
def test_a_wrong_byte_makes_the_exit_status_one(measured: Path) -> None:
    rounds = measured / "benchmarks-asyncio.json"
    result = json.loads(rounds.read_text())
    result["rows"][0]["programs"]["server-protocol"] = []
    rounds.write_text(json.dumps(result))
    assert compare_asyncio("--report-only", "--output-dir", measured).returncode == 0
    result["rows"][0]["programs"]["aio"][0]["corrupted"] = 4
    rounds.write_text(json.dumps(result))
    done = compare_asyncio("--report-only", "--output-dir", measured)
    assert done.returncode == 1
    assert "aio: 4 bytes came back wrong" in done.stdout
    assert "4 bytes of it wrong" in (measured / "benchmarks.md").read_text()


@pytest.mark.parametrize("comparison", ["qt", "asyncio", "calls"])
def test_the_page_is_what_the_reports_make_of_the_rounds(comparison: str, tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    page.write_text((ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8"), encoding="utf-8")
    program = (
        "import importlib, sys\n"
        "from pathlib import Path\n"
        "from calls_rows import CallRow\n"
        "from report import write_section\n"
        "from results import load_comparison\n"
        "from rows import Row\n"
        "name, docs, page = sys.argv[1], *map(Path, sys.argv[2:])\n"
        "report = importlib.import_module(f'{name}_report')\n"
        "rounds = 'benchmarks.json' if name == 'qt' else f'benchmarks-{name}.json'\n"
        "comparison = load_comparison(docs / rounds, CallRow if name == 'calls' else Row)\n"
        "text = report.section_text(comparison, *(() if name == 'qt' else (rounds,)))\n"
        "write_section(page, report.MARKER, text)\n"
    )
    command = [sys.executable, "-c", program, comparison, ROOT / "docs", page]
    done = subprocess.run(command, cwd=BENCHMARKS, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert page.read_text(encoding="utf-8") == (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
