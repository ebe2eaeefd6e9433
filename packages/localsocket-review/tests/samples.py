"""Programs to review, written where they are tested."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from localsocket_review.analysis.facts import Facts
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import Call
from localsocket_review.model.program import Program
from localsocket_review.model.unit import Unit
from localsocket_review.reading.cpp_reader import read_cpp
from localsocket_review.reading.python_reader import read_python


def python(text: str, path: str = "sample.py") -> Unit:
    return read_python(path, textwrap.dedent(text))


def cpp(text: str, path: str = "sample.cpp") -> Unit:
    return read_cpp(path, textwrap.dedent(text).encode())


def facts_of(*units: Unit) -> Facts:
    for unit in units:
        assert not unit.unread
    return Facts(Program(units))


def function_named(facts: Facts, name: str) -> FunctionInfo:
    (found,) = [function for function in facts.program.functions if function.name == name]
    return found


def call_named(function: FunctionInfo, name: str) -> Call:
    (found,) = calls_named(function, name)
    return found


def calls_named(function: FunctionInfo, name: str) -> Sequence[Call]:
    return [call for call in function.calls() if call.called_name == name]
