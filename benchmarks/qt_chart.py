"""A picture of the comparison: ratios to Qt as bars, beside the targets and the bare C loop."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from qt_rows import SERVERS, target_of
from results import Comparison, RowResult

MET_COLOUR = "#4c8bb8"
SHORT_COLOUR = "#8f5d00"
TARGET_COLOUR = "#c0392b"
MARK_COLOUR = "#333333"
MARKS = {"c_epoll": ("D", "bare C epoll loop"), "qt_flush": ("o", "Qt with flush()")}
TARGET_STYLE: dict[str, Any] = {
    "marker": "|",
    "color": TARGET_COLOUR,
    "markersize": 13,
    "markeredgewidth": 2,
    "linestyle": "",
}
MARK_STYLE: dict[str, Any] = {
    "color": MARK_COLOUR,
    "markerfacecolor": "white",
    "markersize": 5,
    "linestyle": "",
}
RATIO_TICKS = (0.25, 0.5, 1, 2, 4, 8, 16, 32, 64)
INCHES_PER_ROW = 0.34


def draw_chart(comparison: Comparison, path: Path) -> None:
    by_server = {server: [result for result in comparison.rows if result.row.server == server] for server in SERVERS}
    panels = {server: results for server, results in by_server.items() if results}
    most_rows = max(len(results) for results in panels.values())
    style = matplotlib.rc_context(
        {
            # Without a fixed salt the identifiers in the file change with every drawing.
            "svg.hashsalt": "localsocket",
            "svg.fonttype": "none",
            "font.family": "sans-serif",
            "font.size": 9,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.spines.left": False,
        }
    )
    with style:
        figure = Figure(figsize=(6 * len(panels), 1.6 + INCHES_PER_ROW * most_rows))
        axes = figure.subplots(1, len(panels), sharex=True, squeeze=False)[0]
        for axis, (server, results) in zip(axes, panels.items(), strict=True):
            draw_panel(axis, server, results)
        figure.legend(handles=legend(), loc="lower center", ncols=5, frameon=False)
        figure.suptitle("localsocket: messages per second, as a multiple of Qt's", fontsize=12)
        figure.tight_layout(rect=(0, 0.05, 1, 1), w_pad=3)
        figure.savefig(path, format="svg", metadata={"Date": None})


def legend() -> list[Patch | Line2D]:
    return [
        Patch(color=MET_COLOUR, label="localsocket, target met"),
        Patch(color=SHORT_COLOUR, label="fell short"),
        Line2D([], [], label="target", **TARGET_STYLE),
        *(Line2D([], [], marker=shape, label=label, **MARK_STYLE) for shape, label in MARKS.values()),
    ]


def draw_panel(axis: Axes, server: str, results: list[RowResult]) -> None:
    places = range(len(results))
    ratios = [result.ratio("localsocket", "qt") for result in results]
    lengths = [(ratio or 1) - 1 for ratio in ratios]
    colours = [bar_colour(result) for result in results]
    axis.set_xscale("log", base=2)
    axis.barh(places, lengths, left=1, height=0.62, color=colours)
    axis.axvline(1, color=MARK_COLOUR, linewidth=0.8)
    draw_marks(axis, results)
    for place, ratio in zip(places, ratios, strict=True):
        text = "–" if ratio is None else f"{ratio:.2f}"
        axis.text(1.08, place, text, transform=axis.get_yaxis_transform(), ha="right", va="center")
    axis.set_title(f"server in a {server}")
    axis.set_yticks(places, [result.row.label for result in results])
    axis.set_ylim(len(results) - 0.4, -0.6)
    axis.tick_params(axis="y", length=0)
    axis.xaxis.set_major_locator(FixedLocator(RATIO_TICKS))
    axis.xaxis.set_minor_locator(NullLocator())
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.grid(axis="x", color="#dddddd", linewidth=0.6)
    axis.set_axisbelow(True)


def bar_colour(result: RowResult) -> str:
    ratio = result.ratio("localsocket", "qt")
    return MET_COLOUR if ratio is not None and ratio >= target_of(result.row) else SHORT_COLOUR


def draw_marks(axis: Axes, results: list[RowResult]) -> None:
    for place, result in enumerate(results):
        axis.plot(target_of(result.row), place, **TARGET_STYLE)
        for program, (shape, _) in MARKS.items():
            ratio = result.ratio(program, "qt")
            if ratio is not None:
                axis.plot(ratio, place, marker=shape, **MARK_STYLE)
