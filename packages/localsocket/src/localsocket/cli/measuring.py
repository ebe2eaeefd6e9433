"""Running rows of a measurement for a person, who sees a table, or for a program, which gets JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from localsocket.tools.machine import machine_facts
from localsocket.tools.measure import Row, RowPlan, SkippedRow, measure

_PIPED_WIDTH = 200  # nothing is cut off where there is no terminal whose width counts


def run_rows(plans: Sequence[RowPlan], json_target: Path | None) -> int:
    """Measure, show or write the rows, and return the exit status: 1 if a byte came back wrong."""
    rows = _measure_with_progress(plans)
    if json_target is None:
        _print_table(rows)
    else:
        _write_json(rows, json_target)
    return int(any(isinstance(row, Row) and row.corrupted for row in rows))


def _measure_with_progress(plans: Sequence[RowPlan]) -> list[Row | SkippedRow]:
    console = Console(stderr=True)
    if not console.is_terminal:
        return list(measure(plans))
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    rows: list[Row | SkippedRow] = []
    # Drawn between the rows only: a thread that redraws would take its time from the measurement.
    with Progress(*columns, console=console, transient=True, auto_refresh=False) as bar:
        task = bar.add_task("", total=len(plans))
        measured = measure(plans)
        for plan in plans:
            bar.update(task, description=f"{plan.connections} connections, {plan.chunk_bytes} bytes")
            bar.refresh()
            rows.append(next(measured))
            bar.advance(task)
    return rows


def _print_table(rows: Sequence[Row | SkippedRow]) -> None:
    console = Console()
    if not console.is_terminal:
        console = Console(width=_PIPED_WIDTH, color_system=None)
    table = Table(box=SIMPLE_HEAD if console.is_terminal else None, pad_edge=False)
    for title in ("test", "face", "server"):
        table.add_column(title)
    for title in ("connections", "chunk bytes", "messages/s", "MiB/s", "p50 µs", "p99 µs", "corrupted"):
        table.add_column(title, justify="right")
    for row in rows:
        table.add_row(*(_cells(row) if isinstance(row, Row) else _skipped_cells(row)))
    console.print(table)
    for row in rows:
        if isinstance(row, SkippedRow):
            console.print(f"skipped {row.plan.test} with {row.plan.connections} connections: {row.reason}")


def _cells(row: Row) -> list[str]:
    return [
        row.test,
        row.face,
        row.server,
        str(row.connections),
        str(row.chunk_bytes),
        f"{row.messages_per_second:,.0f}",
        f"{row.mib_per_second:,.1f}",
        f"{row.p50_us:,.0f}",
        f"{row.p99_us:,.0f}",
        str(row.corrupted),
    ]


def _skipped_cells(row: SkippedRow) -> list[str]:
    plan = row.plan
    return [plan.test, plan.face, plan.server, str(plan.connections), str(plan.chunk_bytes), "skipped"]


def _write_json(rows: Sequence[Row | SkippedRow], target: Path) -> None:
    text = json.dumps({"machine": machine_facts(), "rows": [row.to_dict() for row in rows]}, indent=2)
    if str(target) == "-":
        sys.stdout.write(f"{text}\n")
    else:
        target.write_text(f"{text}\n", encoding="utf-8")
