"""What the programs that a C program starts inherit: nothing, where all else is closed before each of them runs."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from enum import Enum, auto
from functools import cached_property

from localsocket_review.analysis.calls import ProgramCalls
from localsocket_review.analysis.control_flow import ControlFlow
from localsocket_review.analysis.memo import Inquiry, memo
from localsocket_review.analysis.neighbours import Neighbours
from localsocket_review.apis.meaning import Act
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import Call
from localsocket_review.model.program import Program
from localsocket_review.model.statements import Loop
from localsocket_review.model.unit import Language, Unit

# What starts a program in some way that the tables do not know as running a command.
_STARTING = re.compile(r"v?fork|clone3?|(?:f?exec|posix_spawn|g_spawn|uv_spawn)\w*|start(?:Detached|Command)?|execute")
_CLOSING_ALL = frozenset({"closefrom", "close_range", "fdwalk"})
_HIGHEST_DESCRIPTOR = frozenset({"getdtablesize", "sysconf", "getrlimit"})


class Inheritance(Enum):
    """Which of the programs started inherit what is not marked as close-on-exec."""

    ALL = auto()
    SOME = auto()  # before the others are started, all else is closed
    NOTHING = auto()


class StartedPrograms:
    """Looks at every place where a C or C++ program starts another one."""

    def __init__(
        self,
        program: Program,
        calls: ProgramCalls,
        neighbours: Neighbours,
        flow_of: Callable[[FunctionInfo], ControlFlow],
    ) -> None:
        self._program = program
        self._calls = calls
        self._neighbours = neighbours
        self._flow_of = flow_of
        self.inquiry = Inquiry()
        self._known: dict[Unit, Inheritance] = {}

    def inherit(self, unit: Unit) -> Inheritance:
        """Say what the programs inherit that the file, and those that belong to it, start, as far as the text tells."""
        if unit not in self._known:
            near = self._neighbours.of(unit)
            found = self._find(set(near))
            self._known.update((one, found) for one in near)
        return self._known[unit]

    @cached_property
    def has_none(self) -> bool:
        """Say whether the files given are a whole program, which starts no other one."""
        functions = self._program.functions
        if not any(function.name == "main" and function.owner is None for function in functions):
            return False
        starts = any(True for _ in self._calls.sites(Act.RUN_COMMAND))
        return not starts and not any(
            _STARTING.fullmatch(call.called_name) for one in functions for call in one.calls()
        )

    def _find(self, units: Collection[Unit]) -> Inheritance:
        starts = [
            site
            for site in self._calls.sites(Act.RUN_COMMAND)
            if site.function.unit in units and site.function.unit.language is Language.CPP
        ]
        closing = [self._is_after_closing(site.call, site.function) for site in starts]
        if not any(closing):
            return Inheritance.ALL
        return Inheritance.NOTHING if all(closing) else Inheritance.SOME

    @memo(at_itself=lambda *_: False)
    def _is_after_closing(self, call: Call, function: FunctionInfo) -> bool:
        flow = self._flow_of(function)
        closing = [other for other in function.calls() if self._closes_all(other, function)]
        if any(flow.dominates(other, call) for other in closing):
            return True
        callers = self._calls.callers(function)
        return bool(callers) and all(
            not caller.is_handed_on and self._is_after_closing(caller.call, caller.caller) for caller in callers
        )

    def _closes_all(self, call: Call, function: FunctionInfo) -> bool:
        if call.called_name in _CLOSING_ALL:
            return True
        return any(_closes_in_a_loop(callee) for callee in self._calls.callees(call, function))


def _closes_in_a_loop(function: FunctionInfo) -> bool:
    """Say whether a helper closes one descriptor after the other, up to the highest that there can be."""
    names = {call.called_name for call in function.calls()}
    if names & _CLOSING_ALL:
        return True
    has_loop = any(isinstance(statement, Loop) for statement in function.statements())
    return has_loop and "close" in names and bool(names & _HIGHEST_DESCRIPTOR)
