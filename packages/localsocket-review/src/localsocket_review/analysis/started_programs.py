"""What the programs that a C program starts inherit: nothing, where all else is closed before each of them runs."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from enum import Enum, auto
from functools import cached_property

from localsocket_review.analysis.calls import ProgramCalls
from localsocket_review.analysis.control_flow import ControlFlow
from localsocket_review.analysis.memo import Inquiry, memo
from localsocket_review.analysis.neighbours import Neighbours
from localsocket_review.analysis.processes import Mains, Processes
from localsocket_review.analysis.reach import is_entry
from localsocket_review.analysis.sites import Site
from localsocket_review.apis.meaning import Act
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import Call, Expression, Name, Unary, strip_casts
from localsocket_review.model.program import Program
from localsocket_review.model.statements import Loop, expressions_in
from localsocket_review.model.unit import Language, Unit

# What starts a program in some way that the tables do not know as running a command: these, not `exec_query()`.
# A process that is only forked is this program still, and keeps what is marked as well.
_STARTING = re.compile(
    r"f?exec(?:[lv]p?e?|veat|vpe)|posix_spawnp?|(?:g|gdk|uv)_spawn\w*|g_subprocess\w+|startDetached|startCommand"
)
_OF_PROCESSES = frozenset({"start", "execute"})  # and of threads, timers and protocols, where no process is spoken of
_CLOSING_ALL = frozenset({"closefrom", "close_range", "fdwalk"})
_COUNTING = frozenset({"++", "--"})
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
        processes: Processes,
        flow_of: Callable[[FunctionInfo], ControlFlow],
    ) -> None:
        self._program = program
        self._calls = calls
        self._neighbours = neighbours
        self._processes = processes
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

    def idle(self, function: FunctionInfo) -> Mains:
        """Return the entries of the programs that run the function, where these are known and start no other one."""
        mains = self._processes.running(function)
        if not mains and not self._starting:
            mains = frozenset(filter(is_entry, self._program.functions))
        return frozenset() if mains & (self._starting_mains | self._mains_beside) else mains

    def is_sure(self, function: FunctionInfo) -> bool:
        """Say whether calls lead from a program that runs the function to a start; who uses a library may start any."""
        mains = self._processes.running(function)
        return not mains or not mains.isdisjoint(self._starting_mains)

    def is_over(self, site: Site) -> bool:
        """Say whether each program that runs the call has started all others before it, a helper for example."""
        if self._processes.running(site.function).isdisjoint(self._starting_mains):
            return False
        made = self._ways([site.function])
        made[site.function].append(site.call)
        return not any(
            function in self._starting_later
            or any(self._flow_of(function).may_follow(one, start) for one in calls for start in self._starts[function])
            for function, calls in made.items()
        )

    def are_started_after(self, site: Site) -> bool:
        """Say whether the function itself, or what it calls, starts a program once the call has been made."""
        flow = self._flow_of(site.function)
        return any(flow.may_follow(site.call, start) for start in self._starts[site.function])

    @cached_property
    def _starting(self) -> frozenset[FunctionInfo]:
        """The functions of C and C++ that start a program."""
        return frozenset(
            one
            for one in self._program.functions
            if one.unit.language is Language.CPP and any(self._is_starting(call, one) for call in one.calls())
        )

    def _is_starting(self, call: Call, function: FunctionInfo) -> bool:
        """Say whether the call starts a program, by the tables or by its name, which `timer->start()` does not."""
        api = self._calls.api_of(call, function)
        if api is not None and api.act & Act.RUN_COMMAND:
            return True
        if call.called_name in _OF_PROCESSES:
            return any(word.endswith(("Process", "process")) for word in function.unit.identifiers)
        return _STARTING.fullmatch(call.called_name) is not None and not self._calls.callees(call, function)

    @cached_property
    def _starts(self) -> defaultdict[FunctionInfo, list[Call]]:
        """The calls that start a program, or lead to one that does, by the functions that they stand in."""
        found = self._ways(self._starting)
        for function in self._starting:
            found[function].extend(call for call in function.calls() if self._is_starting(call, function))
        return found

    def _ways(self, functions: Iterable[FunctionInfo]) -> defaultdict[FunctionInfo, list[Call]]:
        """Return the calls from which others lead to these functions, by the functions that they stand in."""
        found: defaultdict[FunctionInfo, list[Call]] = defaultdict(list)
        for function in self._processes.leading_to(functions):
            for site in self._calls.callers(function):
                found[site.caller].append(site.call)
        return found

    @cached_property
    def _starting_later(self) -> set[FunctionInfo]:
        """The functions after whose end a program may be started: by a thread, a timer, a handler that they set up."""
        leading = self._processes.leading_to(self._starting)
        handing = [site.caller for one in leading for site in self._calls.callers(one) if site.is_handed_on]
        return self._processes.leading_to([*handing, *(one.enclosing for one in leading if one.enclosing is not None)])

    @cached_property
    def _starting_mains(self) -> Mains:
        """The entries of programs from which calls lead to a start."""
        return frozenset(filter(is_entry, self._processes.leading_to(self._starting)))

    @cached_property
    def _mains_beside(self) -> Mains:
        """The entries of programs that share a file with a function that starts others, but which nothing calls."""
        uncalled = [one for one in self._starting if not any(map(is_entry, self._processes.leading_to([one])))]
        beside = {one.unit for one in self._processes.leading_to(uncalled)}
        functions = (one for unit in beside for one in unit.functions)
        return frozenset(filter(is_entry, self._processes.leading_to(functions)))

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
        closing: list[Expression] = [other for other in function.calls() if self._closes_all(other, function)]
        closing += [loop.test for loop in _loops(function) if loop.test is not None and _closes_each(loop)]
        if any(flow.dominates(other, call) for other in closing) or _is_behind_one_of(closing, call, flow):
            return True
        callers = self._calls.callers(function)
        return bool(callers) and all(
            not caller.is_handed_on and self._is_after_closing(caller.call, caller.caller) for caller in callers
        )

    def _closes_all(self, call: Call, function: FunctionInfo) -> bool:
        if call.called_name in _CLOSING_ALL:
            return True
        return any(map(_closes_in_a_loop, self._calls.callees(call, function)))


def _is_behind_one_of(closing: Collection[Expression], call: Call, flow: ControlFlow) -> bool:
    """Say whether each way to the call passes one of these, though none may be on all: both sides of an `#if`."""
    stops = {node.index for one in closing if (node := flow.node_of(one)) is not None}
    goal = flow.node_of(call)
    return bool(stops) and goal is not None and not flow.leads_to(flow.graph.entry, goal, stops - {goal.index})


def _closes_in_a_loop(function: FunctionInfo) -> bool:
    """Say whether a helper closes one descriptor after the other, up to the highest that there can be."""
    names = {call.called_name for call in function.calls()}
    if names & _CLOSING_ALL:
        return True
    loops = _loops(function)
    if any(map(_closes_each, loops)):
        return True
    return bool(loops) and "close" in names and bool(names & _HIGHEST_DESCRIPTOR)


def _loops(function: FunctionInfo) -> list[Loop]:
    return [one for one in function.statements() if isinstance(one, Loop)]


def _closes_each(loop: Loop) -> bool:
    """Say whether the loop closes one number after the other: `for (fd = 3; fd < most; fd++) close(fd);`."""
    step = strip_casts(loop.step) if loop.step is not None else None
    counter = strip_casts(step.operand) if isinstance(step, Unary) and step.operator in _COUNTING else None
    return isinstance(counter, Name) and any(
        isinstance(part, Call)
        and part.called_name == "close"
        and any(
            isinstance(one, Name) and one.identifier == counter.identifier for one in map(strip_casts, part.arguments)
        )
        for part in expressions_in(loop.body)
    )
