"""What a function does in the end: its own calls, and those of the functions that it calls, in their order."""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from localsocket_review.analysis.calls import ProgramCalls
from localsocket_review.analysis.memo import Inquiry, memo
from localsocket_review.analysis.names import Names
from localsocket_review.analysis.sites import LONGEST_TRAIL, CallSite, Site, Trail
from localsocket_review.analysis.texts import Texts
from localsocket_review.analysis.values import Values
from localsocket_review.apis.meaning import Act
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import Attribute, Call, Expression, dotted, strip_casts, walk
from localsocket_review.model.place import Place
from localsocket_review.model.program import Program

# A call, its meaning if a table knows one, and otherwise the functions of the program that it runs.
_Step = tuple[Call, Site | None, list[FunctionInfo]]
_MOST_EFFECTS = 64
_OTHER_FILES = re.compile(r"(?:pid|lock|log)_?(?:file|path|name)", re.IGNORECASE)
_ASKING_THE_SERVER = frozenset({"fullServerName", "serverName", "getsockname", "server_address", "address"})


@dataclass(frozen=True, slots=True)
class Effect:
    """A call that does something, as a function that leads to it sees it.

    `anchor` is the call in that function: the call itself, or the one of a helper that leads there by `trail`.
    """

    site: Site
    anchor: Call
    trail: Trail = ()

    @property
    def place(self) -> Place:
        return self.site.place


def _is_of_another_file(path: Expression | None) -> bool:
    """Say whether a path is by its name that of the server's lock, of its log, or of its process's number."""
    words = dotted(strip_casts(path)).rpartition(".")[2] if path is not None else ""
    return _OTHER_FILES.search(words) is not None


def is_of_another_run(one: Effect, other: Effect) -> bool:
    """Say whether a helper that has both was called twice, and each comes from another of its runs."""
    return (
        one.site.function is other.site.function and one.anchor is not other.anchor and one.anchor is not one.site.call
    )


class Effects:
    """The effects of functions."""

    def __init__(self, program: Program, names: Names, calls: ProgramCalls, values: Values) -> None:
        self._program = program
        self._names = names
        self._calls = calls
        self._values = values
        self.inquiry = Inquiry()
        self._steps: dict[FunctionInfo, list[_Step]] = {}

    @memo(at_itself=lambda *_: [])
    def of(self, function: FunctionInfo, acts: Act) -> list[Effect]:
        """Return what the function does of the given acts, itself or through the functions that it calls."""
        return list(itertools.islice(self._of(function, acts), _MOST_EFFECTS))

    def may_do(self, function: FunctionInfo, acts: Act) -> bool:
        """Say whether the function does any of this, itself or at any depth."""
        return bool(self._reached.get(function, Act(0)) & acts)

    def _of(self, function: FunctionInfo, acts: Act) -> Iterator[Effect]:
        if not self.may_do(function, acts):
            return
        for call, site, callees in self._steps_of(function):
            if site is not None and site.api.act & acts:
                yield Effect(site, call)
            for callee in callees:
                step = (CallSite(call, function), callee)
                for effect in self.of(callee, acts):
                    if len(effect.trail) < LONGEST_TRAIL:
                        yield Effect(effect.site, call, (step, *effect.trail))

    def _steps_of(self, function: FunctionInfo) -> list[_Step]:
        if function not in self._steps:
            steps = self._steps[function] = []
            for call in function.calls():
                site = self._calls.site(call, function)
                callees = self._run_by(call, function) if site is None else self._calls.hooks_run_by(site)
                steps.append((call, site, callees))
        return self._steps[function]

    def _run_by(self, call: Call, function: FunctionInfo) -> list[FunctionInfo]:
        """Return what the call runs; one that gives a with statement its object, what is run on entering too."""
        return [*self._calls.callees(call, function), *self._calls.entered_by(call, function)]

    @cached_property
    def _reached(self) -> dict[FunctionInfo, Act]:
        """Return what each function does in the end, at any depth: most do nothing that a rule asks for."""
        callers: defaultdict[FunctionInfo, list[FunctionInfo]] = defaultdict(list)
        reached: dict[FunctionInfo, Act] = {}
        for function in self._program.functions:
            acts = Act(0)
            for _, site, callees in self._steps_of(function):
                acts |= site.api.act if site is not None else Act(0)
                for callee in callees:
                    callers[callee].append(function)
            reached[function] = acts
        waiting = list(reached)
        while waiting:
            callee = waiting.pop()
            for caller in callers[callee]:
                if reached[callee] & ~reached[caller]:
                    reached[caller] |= reached[callee]
                    waiting.append(caller)
        return reached

    def texts(self, effect: Effect, role: str) -> Texts:
        """Return what the argument in a role may be, in the light of how the call was come to."""
        argument = effect.site.argument(role)
        if argument is None:
            return frozenset()
        return self._values.endpoint(argument, effect.site.function, effect.trail)

    def same_socket(self, binding: Effect, other: Effect, role: str) -> bool:
        """Say whether the other call is given the very socket that is bound, by its descriptor."""
        argument = other.site.argument(role)
        if isinstance(argument, Call) and argument.called_name in ("fileno", "socketDescriptor"):
            argument = argument.receiver
        return argument is not None and self.is_bound_socket(binding, argument, other.site.function)

    def is_bound_socket(self, binding: Effect, socket: Expression, function: FunctionInfo) -> bool:
        """Say whether a variable of the function is the socket that is bound."""
        bound = binding.site.call.receiver or next(iter(binding.site.call.arguments), None)
        variable = self._names.variable(socket, function)
        return (
            variable is not None
            and bound is not None
            and variable == self._names.variable(bound, binding.site.function)
        )

    def same_endpoint(self, binding: Effect, other: Effect, role: str) -> bool:
        """Say whether the other call's argument is the endpoint that is bound, by its text or by asking the server."""
        argument = other.site.argument(role)
        common = self.texts(binding, "endpoint") & self.texts(other, role)
        if common and not (_is_of_another_file(argument) and all(text.is_unknown for text in common)):
            return True
        server = binding.site.call.receiver
        if argument is None or binding.site.function is not other.site.function:
            return False
        asked = argument.receiver if isinstance(argument, Call) else None
        if asked is None and isinstance(argument, Attribute):
            asked = argument.value
        names = {part.name for part in walk(argument) if isinstance(part, Attribute)}
        if asked is None or not names & _ASKING_THE_SERVER:
            return False
        function = other.site.function
        variable = self._names.variable(asked, function)
        return variable is not None and (server is None or variable == self._names.variable(server, function))
