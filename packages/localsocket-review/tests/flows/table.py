"""docs/review-flows.md: how many generated flows are found, way by way.

`python packages/localsocket-review/tests/flows/table.py` writes the table anew.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

if __name__ == "__main__":  # run by itself, it stands above its package
    sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[4] / "tests")]

from flows.c import C
from flows.cpp import CPP
from flows.flow import Flow, Language, flows
from flows.judging import Tally, is_found, rules_of
from flows.python import PYTHON
from repository import DOCS

DOCUMENT = DOCS / "review-flows.md"
LANGUAGES = (C, CPP, PYTHON)
BEGIN, END = "<!-- table of flows -->\n", "<!-- end of table -->\n"


@dataclass
class Measured:
    """The counts of one language: of all flows, and of those with one way, source or sink."""

    language: Language
    total: Tally = field(default_factory=Tally)
    by_part: dict[str, dict[str, Tally]] = field(default_factory=dict)
    wrong: list[Flow] = field(default_factory=list)


def measure(language: Language, *, are_all: bool = True) -> Measured:
    """Ask the reviewer about every flow of a language, or of each way, source, framework and sink about one."""
    measured = Measured(language)
    every = list(flows(language, are_all=are_all))
    rules = rules_of(every)
    handlers = {handler.name for handler in language.handlers}
    parts: dict[str, dict[str, Tally]] = {name: defaultdict(Tally) for name in ("way", "source", "framework", "sink")}
    for flow in every:
        is_told = is_found(flow, rules)
        measured.total.count(flow, is_told=is_told)
        if is_told != flow.is_bad:
            measured.wrong.append(flow)
        parts["sink"][flow.sink.name].count(flow, is_told=is_told)
        if flow.source.name in handlers:
            parts["framework"][flow.source.name].count(flow, is_told=is_told)
        elif flow.way is language.direct:
            parts["source"][flow.source.name].count(flow, is_told=is_told)
        else:
            parts["way"][flow.way.name].count(flow, is_told=is_told)
    measured.by_part = {name: dict(rows) for name, rows in parts.items()}
    return measured


def table(every: list[Measured]) -> Iterator[str]:
    yield "| language | defects | found | good twins | accused |\n|---|---:|---:|---:|---:|\n"
    for one in every:
        total = one.total
        yield f"| {one.language.name} | {total.bad:,} | {_share(total.found, total.bad)} | {total.good:,} | "
        yield f"{_share(total.accused, total.good)} |\n"
    for one in every:
        for part, rows in one.by_part.items():
            if rows:
                yield f"\n### {one.language.name}: by {part}\n\n| {part} | found | accused |\n|---|---:|---:|\n"
                for name, tally in rows.items():
                    shown = name.replace("|", "\\|")
                    yield f"| {shown} | {tally.found} of {tally.bad} | {tally.accused} of {tally.good} |\n"


def _share(part: int, whole: int) -> str:
    return f"{part:,} ({part / whole:.1%})"


def section(every: list[Measured]) -> str:
    return BEGIN + "\n" + "".join(table(every)) + "\n" + END


def main() -> None:
    page = DOCUMENT.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    DOCUMENT.write_text(before + section([measure(language) for language in LANGUAGES]) + after, encoding="utf-8")


if __name__ == "__main__":
    main()
