"""Running the rows: every program in turn, round after round."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, cast

from results import Measurement, Settings
from rows import Row

# Qt's own ping-pong gives up after as long.
SECONDS_PER_RUN = 290

FIGURES = [name for name in Measurement.__annotations__ if name not in ("skipped", "failed")]


@dataclass(frozen=True)
class Program:
    """What takes part: a command that measures the row of its arguments and prints it as JSON."""

    name: str
    command: tuple[str, ...]
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Run:
    """One program's run of one row; `machine` is filled in by the program that reports it."""

    round_number: int
    row: Row
    program: str
    measurement: Measurement
    machine: dict[str, Any]


def run_rounds(rows: list[Row], programs: list[Program], settings: Settings) -> Iterator[Run]:
    """Yield each run as it ends; the program that goes first changes with every round."""
    with tempfile.TemporaryDirectory() as scratch:
        for round_number in range(settings.rounds):
            first = round_number % len(programs)
            for row in rows:
                for program in programs[first:] + programs[:first]:
                    measurement, machine = run_program(program, row, settings, scratch)
                    yield Run(round_number, row, program.name, measurement, machine)


def run_program(program: Program, row: Row, settings: Settings, scratch: str) -> tuple[Measurement, dict[str, Any]]:
    arguments = row.arguments(settings.seconds, settings.round_trips)
    try:
        finished = subprocess.run(
            [*program.command, *arguments, *program.options],
            capture_output=True,
            text=True,
            timeout=SECONDS_PER_RUN,
            check=False,
            # Whatever a killed program leaves behind goes with this directory.
            env={**os.environ, "TMPDIR": scratch},
        )
    except subprocess.TimeoutExpired:
        return {"failed": f"no result after {SECONDS_PER_RUN} s"}, {}
    try:
        output = json.loads(finished.stdout)
        measurement = read_measurement(output, row)
    except (ValueError, LookupError) as error:
        last_words = finished.stderr.strip().splitlines()[-1:] or [f"bad answer: {error}"]
        return {"failed": f"exit status {finished.returncode}, {last_words[0]}"}, {}
    if finished.returncode != 0 and not measurement.get("corrupted"):
        return {"failed": f"exit status {finished.returncode}"}, {}
    return measurement, output.get("machine", {})


def read_measurement(output: dict[str, Any], row: Row) -> Measurement:
    """Take the figures of the one row in a program's output, which must be the row asked for."""
    rows = output.get("rows", [output])
    if len(rows) != 1:
        raise ValueError(f"{len(rows)} rows, where one was asked for")
    (measured,) = rows
    if {name: measured.get(name) for name in asdict(row)} != asdict(row):
        raise ValueError("not the row that was asked for")
    if "skipped" in measured:
        return {"skipped": measured["skipped"]}
    return cast(Measurement, {name: measured[name] for name in FIGURES})
