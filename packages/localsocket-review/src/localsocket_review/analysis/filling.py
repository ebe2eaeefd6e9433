"""Functions of the program that receive into a buffer of their caller's: `read_full(fd, &header, 8)`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from localsocket_review.analysis.calls import ProgramCalls
from localsocket_review.analysis.names import Names, Variable
from localsocket_review.analysis.sites import Site
from localsocket_review.apis.meaning import Act
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import Call, Expression, strip_casts

_VIEWING = frozenset({"memoryview", "span", "cast"})
_DEEPEST_FIELD = 3
# By the position of the parameter, and the field of what it points to ("" for that itself), what fills it in the end.
_Part = tuple[int, str]
_Filled = dict[_Part, Site]


class Filling:
    """Finds which parameters a function fills, itself or by calling another such function."""

    def __init__(self, names: Names, calls: ProgramCalls) -> None:
        self._names = names
        self._calls = calls
        self._filled: dict[FunctionInfo, _Filled] | None = None
        self._called: set[str] = set()
        self._same_bytes: dict[tuple[FunctionInfo, str], set[Variable]] = {}

    def by(self, call: Call, function: FunctionInfo) -> Iterator[tuple[Expression, str, Site]]:
        """Yield the arguments that the call fills with what a peer sent, which field of them, and what receives it."""
        filled = self._every()
        for callee in self._calls.callees(call, function) if call.called_name in self._called else ():
            for (position, field), site in filled.get(callee, {}).items():
                if position < len(call.arguments):
                    yield call.arguments[position], field, site

    def buffers(self, call: Call, function: FunctionInfo) -> Iterator[Expression]:
        yield from (buffer for buffer, _, _ in self.by(call, function))

    def _every(self) -> dict[FunctionInfo, _Filled]:
        if self._filled is None:
            self._filled = {}
            found: defaultdict[FunctionInfo, _Filled] = defaultdict(dict)
            waiting: list[tuple[FunctionInfo, _Part, Site]] = []

            def note(function: FunctionInfo, buffer: Expression, field: str, site: Site, *, is_endless: bool) -> None:
                for part in self._parts_of_parameters(function, buffer, field, is_endless):
                    if part not in found[function]:
                        found[function][part] = site
                        waiting.append((function, part, site))

            for site in self._calls.sites(Act.RECEIVE):
                buffer = site.argument("buffer")
                if buffer is not None:
                    note(site.function, buffer, "", site, is_endless=False)
            while waiting:
                filler, (position, field), site = waiting.pop()
                for caller in self._calls.callers(filler):
                    arguments = () if caller.is_handed_on else caller.call.arguments
                    if position < len(arguments):
                        is_endless = self._calls.are_in_a_circle(filler, caller.caller)
                        note(caller.caller, arguments[position], field, site, is_endless=is_endless)
            self._filled = dict(found)
            self._called = {one.name for one in found}
        return self._filled

    def _parts_of_parameters(
        self, function: FunctionInfo, buffer: Expression, field: str, is_endless: bool
    ) -> Iterator[_Part]:
        """Yield the parameters of the function that the buffer is, or points into, and which field it is of them.

        In a circle of calls, each of which gives a field of what it was given, there is no end of fields of fields.
        """
        variable = self._names.variable(buffer, function)
        if variable is None:
            return
        own = variable.path.split(".")[1:]
        below = ".".join(own if own and is_endless else [*own, *filter(None, [field])][:_DEEPEST_FIELD])
        for position, parameter in enumerate(function.parameters):
            if variable.root in self._pointing_to(function, parameter.name):
                yield position, below

    def _pointing_to(self, function: FunctionInfo, parameter: str) -> set[Variable]:
        """Return the parameter, and the local variables that are made to point to the same bytes."""
        if (known := self._same_bytes.get((function, parameter))) is not None:
            return known
        same = self._same_bytes[function, parameter] = {Variable(function, parameter)}
        for target, value in function.assignments("="):
            source = strip_casts(value)
            if isinstance(source, Call) and source.called_name in _VIEWING and source.arguments:
                source = source.arguments[0]
            held, made = self._names.variable(source, function), self._names.variable(target, function)
            if held in same and made is not None:
                same.add(made)
        return same
