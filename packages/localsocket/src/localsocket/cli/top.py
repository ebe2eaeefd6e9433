"""`localsocket top`: what the services here are doing, drawn again and again."""

from __future__ import annotations

import contextlib
import itertools
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

from localsocket.cli.completing import complete_address
from localsocket.cli.declaring import Argument, Option
from localsocket.cli.options import AsJson
from localsocket.cli.output import can_draw, can_draw_again, print_json, print_table
from localsocket.cli.plain_text import json_text, one_line
from localsocket.cli.units import duration, length_of_time
from localsocket.tools.service_watch import ServiceWatch, Watched

if TYPE_CHECKING:
    from rich.table import Table

_NUMBERS = ("pid", "up", "conn", "active", "calls/s", "p50", "p99", "errors")
_TITLES = ("service", *_NUMBERS, "slowest methods")
# From how many columns of a terminal on there is room for each.
_WIDTHS = {
    "service": 0,
    "calls/s": 0,
    "p99": 36,
    "errors": 46,
    "conn": 56,
    "p50": 66,
    "active": 76,
    "up": 90,
    "pid": 100,
}
_SLOWEST_FROM = 110
_PATIENCE = 1.0  # seconds that a service has to answer


def top(
    names: Annotated[
        list[str] | None,
        Argument(metavar="NAME", help="The services to show; by default all of yours.", complete=complete_address),
    ] = None,
    interval: Annotated[float, Option(metavar="SECONDS", minimum=0.1, help="Ask the services at this interval.")] = 2.0,
    count: Annotated[int | None, Option(metavar="N", minimum=1, help="Stop after N rounds.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show what your services are doing: connections, calls per second, latencies, errors, slow methods.

    Calls, latencies and methods cover the time since the last round; errors are counted since the service started.
    If a service has several workers, one of them is asked, and named: demo.shop [2/4]. Services may come and go.

    On a terminal the table is redrawn in place until Ctrl-C, if Rich is installed; in a pipe, each round is printed.
    """
    watch = ServiceWatch(names or (), timeout=_PATIENCE)
    turns: Iterator[int] = itertools.count() if count is None else iter(range(count))
    with contextlib.closing(watch):
        if not as_json and can_draw() and can_draw_again():
            _draw(watch, turns, interval)
            return
        for turn in turns:
            if turn:
                time.sleep(interval)
            found = watch.ask()
            if as_json:
                print_json(json_text({"services": [_told(each) for each in found]}))
            else:
                titles = _titles(shutil.get_terminal_size().columns) if sys.stdout.isatty() else _TITLES
                rows = [[cells[title] for title in titles] for cells in map(_cells, found)]
                print_table(titles, rows, numbers=_NUMBERS)


def _draw(watch: ServiceWatch, turns: Iterator[int], interval: float) -> None:
    from rich.console import Console
    from rich.live import Live

    console = Console()
    with Live(console=console, screen=True, auto_refresh=False) as live:
        for turn in turns:
            if turn:
                time.sleep(interval)
            since = f"of the last {interval:g} s" if turn else "from the next round on"
            live.update(_table(watch.ask(), watch.left_out, console.width, since), refresh=True)


def _titles(width: int) -> list[str]:
    return [title for title in _TITLES if width >= _WIDTHS.get(title, _SLOWEST_FROM)]


def _table(found: Sequence[Watched], left_out: int, width: int, since: str) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    shown = _titles(width)
    more = f"\n{left_out} more are not shown: name those that matter" if left_out else ""
    told = f"calls/s and times {since}; errors since the start{more}"
    caption = told if found else "no services; start one with localsocket serve"
    title = f"{len(found)} service{'' if len(found) == 1 else 's'}, {time.strftime('%H:%M:%S')}"
    table = Table(box=SIMPLE_HEAD, title=title, caption=caption, expand=True)
    for title in shown:
        table.add_column(title, justify="right" if title in _NUMBERS else "left", no_wrap=True, overflow="ellipsis")
    for each in found:
        cells = _cells(each)
        style = "yellow" if each.problem else ""
        table.add_row(*(Text(one_line(cells[title]), style) for title in shown))
    return table


def _cells(watched: Watched) -> dict[str, str]:
    report = watched.report
    if report is None:
        return {**dict.fromkeys(_TITLES, ""), "service": watched.address, "calls/s": watched.problem}
    numbers, interval = report["stats"], watched.interval
    worker = f" [{report['worker']}/{report.get('workers', '?')}]" if report["worker"] else ""
    slowest = [] if interval is None else [f"{name} {duration(took)}" for name, took in interval.slowest[:3]]
    return {
        "service": f"{watched.address}{worker}",
        "pid": str(report["pid"]),
        "up": length_of_time(report["uptime"]),
        "conn": f"{numbers['open_connections']:,}",
        "active": f"{numbers['active_calls']:,}",
        "calls/s": "-" if interval is None else f"{interval.calls_per_second:,.0f}",
        "p50": "-" if interval is None else duration(interval.latency_p50),
        "p99": "-" if interval is None else duration(interval.latency_p99),
        "errors": f"{numbers['errors']:,}",
        "slowest methods": ", ".join(slowest),
    }


def _told(watched: Watched) -> dict[str, object]:
    interval = watched.interval
    return {
        "name": watched.address,
        "calls_per_second": None if interval is None else interval.calls_per_second,
        "latency_p50": None if interval is None else interval.latency_p50,
        "latency_p99": None if interval is None else interval.latency_p99,
        "problem": watched.problem,
        "report": watched.report,
    }


COMMANDS = {"top": top}
