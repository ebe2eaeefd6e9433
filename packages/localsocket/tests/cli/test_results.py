"""What a method gives, as a person sees it: tables, and a bar for how far it has come."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from localsocket import Progress, ServerThread, Service
from pauses import pause_by

Command = Callable[..., tuple[int, str, str]]
OnTerminal = Callable[..., tuple[int, str]]


@dataclass
class Row:
    name: str
    size: int


@dataclass
class File:
    name: str
    size: int


@pytest.fixture(autouse=True)
def service(hostile: str) -> Iterator[Service]:
    service = Service("demo.results")

    @service.method
    def rows() -> list[File]:
        return [File("first", 5), File(hostile, 12345)]

    @service.method
    def uneven() -> list[dict[str, object]]:
        return [{"a": 1}, {"b": None, "c": "x"}]

    @service.method
    def nested() -> list[dict[str, object]]:
        return [{"a": [1] * 100}]

    @service.method
    def work() -> Iterator[Progress | Row]:
        yield Progress(0, 2, hostile)
        yield Row("first", 5)
        yield Progress(1, 2, "half")
        yield Row("last", 6)

    @service.method
    def only_progress() -> Iterator[Progress]:
        yield Progress(1.5)

    @service.method
    def tagged() -> list[dict[str, object]]:
        return [{"name": "first", "tags": ["a", "b"]}]

    @service.method
    def work_for_a_string() -> Iterator[Progress | str]:
        yield Progress(1, 2)
        yield "done"

    @service.method
    def look_alike() -> Iterator[dict[str, object]]:
        yield {"done": 1, "total": 2, "text": "of the service"}

    with ServerThread("demo.results", service):
        yield service


_STYLES = re.compile(r"\x1b\[[0-9;]*m")


def test_a_list_of_objects_is_a_table_for_a_person(
    on_terminal: OnTerminal, check_harmless: Callable[[str], None]
) -> None:
    status, shown = on_terminal("call", "demo.results", "rows")
    assert status == 0
    assert [line.split() for line in shown.splitlines() if "first" in line] == [["first", "5"]]
    assert "─" in shown
    check_harmless(shown)


def test_a_program_gets_the_list_as_it_is(command: Command, on_terminal: OnTerminal) -> None:
    told = '[{"a":1},{"b":null,"c":"x"}]\n'
    assert command("call", "demo.results", "uneven") == (0, told, "")
    assert on_terminal("call", "demo.results", "uneven", "--json") == (0, told)


def test_objects_that_are_not_alike_leave_cells_empty(on_terminal: OnTerminal) -> None:
    _, shown = on_terminal("call", "demo.results", "uneven")
    rows = [line.split() for line in _STYLES.sub("", shown).splitlines()]
    assert [row for row in rows if row and "─" not in row[0]] == [["a", "b", "c"], ["1"], ["null", "x"]]


def test_a_short_list_within_a_row_is_a_cell(on_terminal: OnTerminal) -> None:
    shown = _STYLES.sub("", on_terminal("call", "demo.results", "tagged")[1])
    assert [line.split() for line in shown.splitlines() if "first" in line] == [["first", '["a","b"]']]


def test_progress_beside_a_string_is_drawn_too(command: Command) -> None:
    assert command("call", "demo.results", "work_for_a_string") == (0, '"done"\n', "")


def test_what_is_no_table_is_json(on_terminal: OnTerminal) -> None:
    assert "─" not in on_terminal("call", "demo.results", "nested")[1]


def test_a_narrow_terminal_gets_each_row_by_itself(on_terminal: OnTerminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    _, shown = on_terminal("call", "demo.results", "rows")
    assert "first\x1b[0m\n  size: 5\n" in shown


def test_progress_is_drawn_and_is_none_of_the_output(
    terminal: Any, capsys: pytest.CaptureFixture[str], status_of: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    with os.fdopen(os.dup(terminal.descriptor), "w", encoding="utf-8") as errors, monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", errors)
        assert status_of("call", "demo.results", "work") == 0
    assert capsys.readouterr().out == '{"type":"Row","name":"first","size":5}\n{"type":"Row","name":"last","size":6}\n'
    shown = terminal.shown()
    assert "0/2" in shown
    assert r"\x1b]0;owned" in shown
    assert "\x1b]0;owned" not in shown


def test_a_program_gets_progress_among_the_items(command: Command) -> None:
    _, output, _ = command("call", "demo.results", "work", "--json")
    assert output.splitlines()[2] == '{"type":"Progress","done":1,"total":2,"text":"half"}'


def test_where_nothing_can_be_drawn_progress_is_left_out(command: Command) -> None:
    assert command("call", "demo.results", "only_progress") == (0, "", "")


def test_what_only_looks_like_progress_is_an_item(command: Command) -> None:
    told = '{"done":1,"total":2,"text":"of the service"}\n'
    assert command("call", "demo.results", "look_alike") == (0, told, "")


def test_a_call_is_made_again_and_again(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    naps: list[float] = []

    def nap(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) == 3:
            raise KeyboardInterrupt

    pause_by(nap, "localsocket.cli.watching", monkeypatch)
    status, output, errors = command("call", "demo.results", "uneven", "--watch", "0.5")
    assert (status, output, errors) == (130, '[{"a":1},{"b":null,"c":"x"}]\n' * 3, "")
