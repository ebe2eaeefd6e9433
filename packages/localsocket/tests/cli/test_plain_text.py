"""What peers say is shown whole, and commands nothing."""

from __future__ import annotations

import base64
import json
import logging
import sys
import unicodedata
from typing import Final

import msgspec
import numpy
from hypothesis import example, given
from hypothesis import strategies as st

from localsocket.cli.plain_text import LONGEST_LINE, TerminalText, escaped_json, json_text, lines, one_line
from localsocket.serving.log_lines import LineFormatter

HIDDEN: Final = ("Cc", "Cf", "Cs", "Zl", "Zp")


def is_harmless(text: str, allowed: str = "") -> bool:
    return all(unicodedata.category(letter) not in HIDDEN or letter in allowed for letter in text)


@given(st.text(st.characters(codec=None)))
def test_one_line_is_one_line_and_commands_nothing(text: str) -> None:
    assert is_harmless(one_line(text))


@given(st.text(st.characters(exclude_categories=HIDDEN)))
def test_what_is_seen_is_shown_as_it_is(text: str) -> None:
    assert one_line(text) == text
    assert lines(text) == [text]
    assert json_text(text) == json.dumps(text, ensure_ascii=False)


def test_what_is_not_seen_is_shown_as_an_escape() -> None:
    assert one_line("a\x1b[2J\t\r\n\x7f\x85\u202e\u2028\ud800\U000e0001") == (
        r"a\x1b[2J\t\r\n\x7f\x85\u202e\u2028\ud800\U000e0001"
    )


def test_a_line_that_goes_on_too_long_is_cut_off() -> None:
    assert one_line("x" * LONGEST_LINE) == "x" * LONGEST_LINE
    assert one_line("x" * (LONGEST_LINE + 1)) == "x" * LONGEST_LINE + "…"


def test_only_line_feeds_end_a_line_of_a_longer_text() -> None:
    assert lines("a\r\nb\rc\x0bd\u2028e\n") == ["a", r"b\rc\x0bd\u2028e", ""]


@given(st.recursive(st.text(st.characters(codec="utf-8")), st.lists, max_leaves=3))
@example("\x7f\x1b\x9b\u202e\u2028\U000e0001")
def test_json_commands_nothing_and_means_the_same(value: object) -> None:
    for indent in (None, 2):
        text = json_text(value, indent=indent)
        assert is_harmless(text, "\n" if indent else "")
        assert json.loads(text) == value
    ascii_text = escaped_json(json_text(value), is_ascii=True)
    assert ascii_text.isascii()
    assert json.loads(ascii_text) == value


def test_json_has_a_form_for_whatever_messagepack_has() -> None:
    extension = msgspec.msgpack.Ext(5, b"\xff")
    assert json_text([b"\0\xff", float("nan"), extension, {1: 2}]) == (
        '["AP8=",null,{"extension":5,"data":"/w=="},{"1":2}]'
    )
    assert json_text({(1, 2): "\x1b", b"\0": None}) == r'{"(1, 2)":"\u001b","AA==":null}'
    assert json_text(["\ud800"]) == json.dumps("['\\ud800']")


# --- bytes on a terminal ----------------------------------------------------------------------------------------------


@given(st.binary(), st.lists(st.integers(0, 100)))
@example(b"a\r\nb\r", [1, 2, 2, 3])
def test_bytes_are_shown_the_same_however_they_are_cut(data: bytes, cuts: list[int]) -> None:
    whole = TerminalText().feed(data, is_last=True)
    assert is_harmless(whole, "\n\t")
    text, shown = TerminalText(), ""
    places = sorted(min(cut, len(data)) for cut in cuts)
    for start, stop in zip([0, *places], [*places, len(data)], strict=True):
        shown += text.feed(data[start:stop])
    assert shown + text.feed(b"", is_last=True) == whole


def test_an_array_is_shown_with_its_numbers_type_and_shape() -> None:
    shown = json.loads(json_text({"array": numpy.eye(2)}))
    assert shown["array"]["dtype"] == numpy.dtype(float).str
    assert shown["array"]["shape"] == [2, 2]
    assert len(base64.b64decode(shown["array"]["data"])) == 32


def test_lines_and_tabs_stay_and_what_is_no_text_is_escaped() -> None:
    data = "é\tb\r\nc\n".encode() + b"\xff\x9b2J\x1b[m\r"
    assert TerminalText().feed(data, is_last=True) == "é\tb\nc\n" + r"\xff\x9b2J\x1b[m\r"


def test_a_prompt_without_a_line_ending_is_shown_at_once() -> None:
    assert TerminalText().feed(b"name: ") == "name: "


# --- the log ----------------------------------------------------------------------------------------------------------


def test_a_log_record_is_one_line_and_its_traceback_is_indented() -> None:
    try:
        raise ValueError("bad\n2026-01-01 forged \x1b[2J")
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, __file__, 1, "failed for %s", ("a\nforged\x1b",), sys.exc_info())
    head, *traceback = LineFormatter("%(levelname)s %(message)s").format(record).split("\n")
    assert head == r"ERROR failed for a\nforged\x1b"
    assert traceback[0] == "    Traceback (most recent call last):"
    assert traceback[-1] == r"    2026-01-01 forged \x1b[2J"
