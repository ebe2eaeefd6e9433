"""Whether a program asks, before it removes an endpoint, if another one lives there: by a lock, a connection, a number.

A number is that of a process, which a file names: `kill(pid, 0)` tells whether it lives.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from localsocket_review.analysis.calls import ProgramCalls
from localsocket_review.analysis.control_flow import ControlFlow, Guard
from localsocket_review.analysis.effects import Effect, Effects
from localsocket_review.analysis.inference import Inference
from localsocket_review.analysis.sites import CallSite
from localsocket_review.apis.meaning import Act
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import Call, Literal, Name, dotted, strip_casts, walk

_FARTHEST_CALLER = 6
_DEEPEST_HELPER = 3
_OF_THE_PROGRAM = Act.LOCK | Act.FIND_PROCESS  # which ask for the whole program, whatever the endpoint is
_ASKING = _OF_THE_PROGRAM | Act.CONNECT


class InstanceChecks:
    """Looks for the question in the function, in its helpers, and in all that call it."""

    def __init__(
        self,
        effects: Effects,
        calls: ProgramCalls,
        inference: Inference,
        flow_of: Callable[[FunctionInfo], ControlFlow],
    ) -> None:
        self._effects = effects
        self._calls = calls
        self._inference = inference
        self._flow_of = flow_of

    def of(self, function: FunctionInfo) -> list[Effect]:
        """Return the questions that the function puts, itself or by a helper."""
        return [
            one
            for one in self._effects.of(function, _ASKING)
            if not one.site.api.act & Act.FIND_PROCESS or self._finds_process(one)
        ]

    def come_before(self, function: FunctionInfo, removal: Effect) -> bool:
        """Say whether a question stands on every way to the removal, in the function or in all who call it."""
        if any(self._comes_before(function, question, removal) for question in self.of(function)):
            return True
        return self._stands_in_callers(function, removal, ())

    def come_sometimes(self, function: FunctionInfo, removal: Effect) -> bool:
        """Say whether a lock is taken, or a process looked for, on some way to the removal."""
        ways: list[tuple[FunctionInfo, Call]] = [(function, removal.anchor)]
        seen: set[Call] = set()
        while ways:
            where, goal = ways.pop()
            if goal in seen:
                continue
            seen.add(goal)
            flow = self._flow_of(where)
            for question in self.of(where):
                if question.site.api.act & _OF_THE_PROGRAM and flow.may_follow(question.anchor, goal):
                    return True
            ways.extend((site.caller, site.call) for site in self._calls.callers(where))
        return False

    def is_record_locked(self, function: FunctionInfo, removal: Call) -> bool:
        """Say whether fcntl locks a file on every way to the removal, here or in a helper: `lock.l_type = F_WRLCK`."""
        flow = self._flow_of(function)
        return any(
            any(self._locks_record(inner, near) for inner, near in self._with_callees(call, function))
            and flow.dominates(call, removal)
            for call in function.calls()
        )

    def _finds_process(self, question: Effect) -> bool:
        """Say whether the signal is 0, which is sent to nobody."""
        if question.site.api.method != "kill":
            return True
        signal = question.site.call.arguments[-1]
        return isinstance(signal, Literal) and signal.value == 0

    def _comes_before(self, function: FunctionInfo, question: Effect, removal: Effect) -> bool:
        if question.anchor is not removal.anchor:
            return self._is_settled_before(function, question, removal, removal.anchor)
        if question.site.function is removal.site.function:
            return self._flow_of(question.site.function).dominates(question.site.call, removal.site.call)
        return True

    def _is_settled_before(self, function: FunctionInfo, question: Effect, removal: Effect, goal: Call) -> bool:
        """Say whether the question is put before, or there is nothing to ask: no number is known, nothing to remove.

        A lock may be taken under the condition of the removal, or be passed by with a goto: where it stands counts.
        """
        flow = self._flow_of(function)
        if flow.dominates(question.anchor, goal):
            return True
        if not question.site.api.act & _OF_THE_PROGRAM or not flow.may_follow(question.anchor, goal):
            return False
        if question.site.api.act & Act.FIND_PROCESS:
            return True
        here = {_told(one) for one in flow.guards(goal)}
        there = self._flow_of(removal.site.function).guards(removal.site.call)
        same = here | {_told(one) for one in there if _is_constant(one)}
        return all(_told(one) in same for one in flow.guards(question.anchor))

    def _stands_in_callers(self, function: FunctionInfo, removal: Effect, active: tuple[FunctionInfo, ...]) -> bool:
        """Say whether all who call the function put the question before, or are asked for by those who call them."""
        named = [one for one in self._calls.callers(function) if one.is_handed_on or _names(one.call, function)]
        callers = named or self._calls.callers(function)  # who hands it on knows better than who is given it
        if not callers or function in active or len(active) > _FARTHEST_CALLER:
            return False
        return all(self._stands_before(site, removal, (*active, function)) for site in callers)

    def _stands_before(self, site: CallSite, removal: Effect, active: tuple[FunctionInfo, ...]) -> bool:
        removed = [one for one in self._effects.of(site.caller, Act.REMOVE) if one.site.call is removal.site.call] or [
            removal
        ]
        for question in self.of(site.caller):
            if question.anchor is site.call:
                continue
            if not self._is_settled_before(site.caller, question, removal, site.call):
                continue
            asked = self._effects.texts(question, "endpoint")
            is_of_program = bool(question.site.api.act & _OF_THE_PROGRAM)
            if is_of_program or any(asked & self._effects.texts(one, "endpoint") for one in removed):
                return True
        return self._stands_in_callers(site.caller, removal, active)

    def _with_callees(
        self, call: Call, function: FunctionInfo, way: tuple[FunctionInfo, ...] = ()
    ) -> Iterator[tuple[Call, FunctionInfo]]:
        yield call, function
        for callee in self._calls.callees(call, function) if len(way) < _DEEPEST_HELPER else ():
            for inner in callee.calls() if callee not in way else ():
                yield from self._with_callees(inner, callee, (*way, callee))

    def _locks_record(self, call: Call, function: FunctionInfo) -> bool:
        if call.called_name != "fcntl" or len(call.arguments) != 3:
            return False
        return self._inference.is_a(strip_casts(call.arguments[2]), function, "flock")


def _names(call: Call, function: FunctionInfo) -> bool:
    return call.called_name == function.name


def _told(guard: Guard) -> tuple[object, ...]:
    """Return the condition as it is written, for another that is the same."""
    words = [
        (type(part).__name__, dotted(part), getattr(part, "operator", part.value if isinstance(part, Literal) else ""))
        for part in walk(guard.test)
    ]
    return (guard.holds, *words)


def _is_constant(guard: Guard) -> bool:
    """Say whether the condition is a name in capitals, which is the same in every function."""
    return isinstance(guard.test, Name) and guard.test.identifier.isupper()
