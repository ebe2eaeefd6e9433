"""What a comparison found: every round of every row, kept as JSON, and the figures made of it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Literal, TypedDict

from rows import Row

Figure = Literal["messages_per_second", "p50_us", "p99_us"]


class Measurement(TypedDict, total=False):
    """One run of one row by one program: its figures, or why there are none."""

    seconds: float
    bytes_received: int
    messages_per_second: float
    mib_per_second: float
    corrupted: int
    p50_us: float
    p99_us: float
    skipped: str
    failed: str


@dataclass(frozen=True)
class Settings:
    rounds: int
    seconds: float
    round_trips: int = 0


@dataclass
class RowResult:
    row: Row
    programs: dict[str, list[Measurement]] = field(default_factory=dict)

    def figures(self, program: str, figure: Figure) -> list[float]:
        """Return the program's figure of every round that has one."""
        return [run[figure] for run in self.programs.get(program, []) if figure in run]

    def median(self, program: str, figure: Figure) -> float | None:
        figures = self.figures(program, figure)
        return median(figures) if figures else None

    def ratio(self, program: str, other: str) -> float | None:
        """Return the program's median messages per second over the other's."""
        ours = self.median(program, "messages_per_second")
        theirs = self.median(other, "messages_per_second")
        return ours / theirs if ours and theirs else None

    def reason_for_no_figures(self, program: str) -> str:
        for run in self.programs.get(program, []):
            for reason in (run.get("skipped"), run.get("failed")):
                if reason:
                    return reason
        return "not measured"


@dataclass
class Comparison:
    machine: dict[str, Any]
    settings: Settings
    rows: list[RowResult]

    def add(self, row: Row, program: str, measurement: Measurement) -> None:
        result = next(result for result in self.rows if result.row == row)
        result.programs.setdefault(program, []).append(measurement)

    def faults(self) -> list[str]:
        """Return a line for every run that failed or got a wrong byte back."""
        return [
            f"{result.row.label}, server in a {result.row.server}, {program}: {fault_of(run)}"
            for result in self.rows
            for program, runs in result.programs.items()
            for run in runs
            if fault_of(run)
        ]

    def total(self, count: Literal["bytes_received", "corrupted"]) -> int:
        return sum(run.get(count, 0) for result in self.rows for runs in result.programs.values() for run in runs)

    def save(self, path: Path) -> None:
        content = {
            "machine": self.machine,
            "settings": asdict(self.settings),
            "rows": [{**asdict(result.row), "programs": result.programs} for result in self.rows],
        }
        path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def fault_of(run: Measurement) -> str:
    """Return what is wrong with the run, or nothing."""
    corrupted = run.get("corrupted", 0)
    return f"{corrupted} bytes came back wrong" if corrupted else run.get("failed", "")


def load_comparison(path: Path, row_type: type[Row] = Row) -> Comparison:
    content = json.loads(path.read_text(encoding="utf-8"))
    rows = []
    for saved in content["rows"]:
        programs = saved.pop("programs")
        rows.append(RowResult(row_type(**saved), programs))
    return Comparison(content["machine"], Settings(**content["settings"]), rows)
