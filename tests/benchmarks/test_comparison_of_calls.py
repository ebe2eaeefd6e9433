"""The comparison of calls runs from end to end, finds wrong echoes, and judges its targets by the rounds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parent.parent.parent / "benchmarks"

TINY = ["--rounds", "1", "--argument", "100"]
INSTALLED = ["blocking", "blocking-pure", "aio", "multiprocessing"]


def compare_calls(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return run([BENCHMARKS / "compare_calls.py", *arguments])


def run(arguments: list[str | Path]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=BENCHMARKS, capture_output=True, text=True, check=False)


def for_a_moment(
    run: Callable[[list[str]], subprocess.CompletedProcess[str]],
) -> subprocess.CompletedProcess[str]:
    """Compare for a moment, or for longer where the machine is too busy for one call to end in that."""
    done = run([*TINY, "--seconds", "0.1"])
    for seconds in ("1", "5"):
        if "no call ended within" not in done.stdout + done.stderr:
            break
        done = run([*TINY, "--seconds", seconds])
    return done


def only(*names: str) -> list[str]:
    return [argument for name in names for argument in ("--only", name)]


@pytest.mark.long
def test_two_commits_are_compared_round_by_round_and_the_earlier_ones_tree_is_gone_then() -> None:
    def trees() -> str:
        return subprocess.run(["git", "worktree", "list"], cwd=BENCHMARKS, capture_output=True, text=True).stdout

    if not trees():
        pytest.skip("no clone: there is no earlier commit")
    done = for_a_moment(lambda tiny: run([BENCHMARKS / "compare_commits.py", "HEAD", *tiny, *only("blocking")]))
    assert done.returncode == 0, done.stderr
    rows = [line.split()[-3:] for line in done.stdout.splitlines() if line.endswith((" ", *"0123456789"))]
    ratios = [tuple(map(float, row)) for row in rows if all(cell[:1].isdigit() for cell in row)]
    assert len(ratios) == 2
    assert all(0 < ratio == least == most for ratio, least, most in ratios)
    assert os.path.realpath(tempfile.gettempdir()) not in trees()  # where it made one; others are other people's


@pytest.mark.long
@pytest.mark.parametrize(("arguments", "named"), [(["no-such-commit"], "no-such-commit"), (["--only", "qt"], "qt")])
def test_commits_and_ways_that_there_are_not_are_refused(arguments: list[str], named: str) -> None:
    done = run([BENCHMARKS / "compare_commits.py", *arguments])
    assert done.returncode == 2
    assert named in done.stderr


def result_of(test: str, figure: str, peers: dict[str, float]) -> dict[str, Any]:
    """Return one row as it is saved, in which each peer has one round with that figure."""
    others = {"seconds": 1.0, "bytes_received": 2**30, "mib_per_second": 1.0, "corrupted": 0}
    figures = {"messages_per_second": 1.0, "p50_us": 1.0, "p99_us": 9.0, **others}
    programs = {name: [{**figures, figure: value}] for name, value in peers.items()}
    return {"test": test, "server": "process", "connections": 1, "chunk_bytes": 100, "programs": programs}


def page_of(directory: Path, *rows: dict[str, Any]) -> str:
    """Return the page that is made of these rows."""
    result = {"machine": {"cpu": "a fast one"}, "settings": {"rounds": 1, "seconds": 1.0}, "rows": rows}
    (directory / "benchmarks-calls.json").write_text(json.dumps(result))
    compare_calls("--report-only", "--output-dir", directory)
    return (directory / "benchmarks.md").read_text()


@pytest.mark.long
def test_the_comparison_of_calls_runs_from_end_to_end(tmp_path: Path) -> None:
    rounds, pages = tmp_path / "rounds.json", tmp_path / "pages"
    pages.mkdir()
    done = for_a_moment(lambda tiny: compare_calls(*tiny, *only(*INSTALLED), "--json", rounds, "--output-dir", pages))
    assert (done.returncode, done.stderr) == (0, "")
    result = json.loads(rounds.read_text())
    assert set(result["machine"]) == {"cpu", "cores", "kernel", "python", "core", "commit", "date"}
    assert [row["test"] for row in result["rows"]] == ["sequential", "inflight"]
    for row in result["rows"]:
        assert set(row["programs"]) == set(INSTALLED)
        for (figures,) in row["programs"].values():
            assert figures["corrupted"] == 0
            assert figures["messages_per_second"] > 0
            assert 0 < figures["p50_us"] <= figures["p99_us"]
    assert not list(pages.iterdir()), "with --json the pages stay as they are"
    assert compare_calls("--report-only", "--json", rounds, "--output-dir", pages).returncode == 0
    page = (pages / "benchmarks.md").read_text()
    assert page.count("| `multiprocessing.connection`") == 2
    assert "no byte of it wrong" in page


@pytest.mark.long
def test_a_library_that_is_not_installed_is_left_out_and_named(tmp_path: Path) -> None:
    rounds = tmp_path / "rounds.json"
    options = [*only("pyzmq", "multiprocessing"), "--json", str(rounds)]
    without_zmq = (
        "import runpy, sys; sys.modules['zmq'] = None; runpy.run_path('compare_calls.py', run_name='__main__')"
    )
    done = for_a_moment(lambda tiny: run(["-c", without_zmq, *tiny, *options]))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("skipped: pyzmq: pyzmq is not installed\n")
    for row in json.loads(rounds.read_text())["rows"]:
        assert row["programs"]["pyzmq"] == [{"skipped": "pyzmq is not installed"}]
        assert row["programs"]["multiprocessing"][0]["messages_per_second"] > 0


@pytest.mark.long
@pytest.mark.parametrize(("option", "value"), [("--only", "dbus"), ("--argument", "7")])
def test_what_cannot_be_compared_is_refused(option: str, value: str) -> None:
    done = compare_calls(option, value)
    assert done.returncode == 2
    assert "there is no" in done.stderr


@pytest.mark.long
def test_a_latency_is_to_be_low_and_the_better_of_two_ways_counts(tmp_path: Path) -> None:
    p50s = {"blocking": 30.0, "aio": 31.0, "multiprocessing": 150.0, "grpc": 160.0, "grpc-aio": 150.0}
    page = page_of(tmp_path, result_of("sequential", "p50_us", p50s))
    others = "| one after the other, 100 B, "
    none = "– not measured"
    for other in ("`multiprocessing.connection`", "gRPC"):
        assert f"{others}{other} | ≤ 0.2 | 0.20 met | 0.21 fell short | {none} | {none} |" in page
    assert f"{others}iceoryx2, busy polling | ≤ 0.5 | {none} | {none} | {none} | {none} |" in page
    assert "| one after the other, 100,000 B, " not in page


@pytest.mark.long
def test_a_rate_is_to_be_high_and_the_better_of_two_ways_counts(tmp_path: Path) -> None:
    rates = {"blocking": 10.0, "blocking-threads": 75.0, "aio": 74.0, "grpc": 15.0, "grpc-aio": 10.0, "pyro5": 60.0}
    page = page_of(tmp_path, result_of("inflight", "messages_per_second", {**rates, "blocking-pure": 30.0}))
    others, none = "| 64 in flight, 100 B, ", "– not measured"
    assert f"{others}gRPC | ≥ 5 | 5.00 met | 4.93 fell short | {none} | 2.00 fell short |" in page
    assert f"{others}Pyro5 | ≥ 1.5 | 1.25 fell short | 1.23 fell short | {none} | 0.50 fell short |" in page
    assert "| gRPC: `future()`, one thread waits for the oldest | 15 (15–15) |" in page
    assert "| `localsocket.Client`, pure Python: as the first | 30 (30–30) |" in page


@pytest.mark.long
def test_every_way_to_call_finds_wrong_echoes() -> None:
    program = """
import asyncio, contextlib, queue
from calls_loops import *

def wrong(argument):
    return argument[:-1] + bytes([argument[-1] ^ 1])

async def awaited(argument):
    await asyncio.sleep(0)
    return wrong(argument)

sent = queue.SimpleQueue()
for measure in (
    lambda log: one_by_one(wrong, log),
    lambda log: in_threads(lambda: contextlib.nullcontext(wrong), log, 3),
    lambda log: pipelined(lambda argument: argument, wrong, log, 3),
    lambda log: sent_ahead(sent.put, lambda: wrong(sent.get()), log, 3),
    lambda log: asyncio.run(one_by_one_awaited(awaited, log)),
    lambda log: asyncio.run(in_tasks(awaited, log, 3)),
):
    log = CallLog(100, 0.3)
    measure(log)
    figures = log.figures()
    print(figures["corrupted"] >= figures["bytes_received"] / 100 > 0)
"""
    done = run(["-c", program])
    assert (done.stdout.split(), done.stderr) == (["True"] * 6, "")


def test_a_thread_that_fails_ends_the_measurement_with_its_error() -> None:
    program = """
import itertools
from contextlib import contextmanager
from calls_loops import CallLog, in_threads

opened = itertools.count()

@contextmanager
def third_fails():
    if next(opened) == 2:
        raise ValueError("no third connection")
    yield lambda argument: argument

in_threads(third_fails, CallLog(100, 60.0), 3)
"""
    done = run(["-c", program])
    assert done.returncode == 1
    assert done.stderr.endswith("ValueError: no third connection\n")
