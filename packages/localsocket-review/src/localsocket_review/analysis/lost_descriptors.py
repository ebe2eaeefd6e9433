"""C descriptors that a function opens and leaves without having closed them, stored them or handed them on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from localsocket_review.analysis.calls import ProgramCalls
from localsocket_review.analysis.control_flow import ControlFlow
from localsocket_review.analysis.descriptor_uses import DescriptorUses, is_plain_array, is_plain_local
from localsocket_review.analysis.descriptor_walks import DescriptorWalk, LostBy, WalkStart
from localsocket_review.analysis.names import Names, Variable
from localsocket_review.apis.c_library import FRESH_MEMORY
from localsocket_review.model.declarations import FunctionInfo, FunctionKind
from localsocket_review.model.expressions import Attribute, Call, Expression, Literal, Name, strip_casts, walk
from localsocket_review.model.place import Place
from localsocket_review.model.unit import Language

# What makes two descriptors, and which argument is the array that they are put into.
_PAIRS = {"pipe": 0, "pipe2": 0, "socketpair": 3}
# What takes a descriptor over when it succeeds, with what it gives when it fails and the descriptor is the caller's.
_TAKING_OVER = {"fdopen": 0, "fdopendir": 0, "flock": -1, "lockf": -1, "fcntl": -1}
_LOCKS = frozenset({"F_SETLK", "F_SETLKW", "F_OFD_SETLK", "F_OFD_SETLKW"})


@dataclass(frozen=True, slots=True)
class Lost:
    """A descriptor that `opened` gave, and the first place at which nothing has it any more."""

    opened: Call
    function: FunctionInfo
    name: str
    place: Place
    kind: LostBy


class LostDescriptors:
    """Walks from each call that opens something over every path of its function."""

    def __init__(self, names: Names, calls: ProgramCalls, flow_of: Callable[[FunctionInfo], ControlFlow]) -> None:
        self._names = names
        self._uses = DescriptorUses(names, calls)
        self._calls = calls
        self._flow_of = flow_of

    def of(self, function: FunctionInfo) -> Iterator[Lost]:
        """Yield what the function loses, each descriptor once."""
        if function.unit.language is not Language.CPP or function.kind is FunctionKind.MODULE:
            return
        opened: dict[Variable, Call] = {}
        for target, value in function.assignments():
            made = strip_casts(value)
            if isinstance(made, Call) and isinstance(target, Name) and self._uses.opens(made, function):
                variable = self._names.variable(target, function)
                if variable is not None and is_plain_local(variable, function):
                    opened.setdefault(variable, made)
                    yield from self._lost(made, [WalkStart(made, variable)], function)
            elif isinstance(made, Call) and isinstance(target, Attribute) and self._uses.opens(made, function):
                yield from self._lost(made, self._in_structure(made, target, function), function)
        kept = {id(strip_casts(value)): target for target, value in function.assignments()}
        for call in function.calls():
            yield from self._lost(call, self._pair(call, function, kept.get(id(call))), function)
            for start in self._not_taken_over(call, function, kept.get(id(call))):
                if start.variable in opened:
                    yield from self._lost(opened[start.variable], [start], function)

    def is_closed_here(self, opened: Call, function: FunctionInfo) -> bool:
        """Say whether a variable of the function alone has the descriptor, and each path closes it there."""
        kept = [target for target, value in function.assignments() if strip_casts(value) is opened]
        variable = self._names.variable(kept[0], function) if len(kept) == 1 and isinstance(kept[0], Name) else None
        if variable is None or not is_plain_local(variable, function):
            return False
        walk_from = DescriptorWalk(self._uses, self._flow_of(function), WalkStart(opened, variable), function)
        return walk_from.is_kept() and walk_from.lost_at() is None

    def _lost(self, opened: Call, starts: list[WalkStart], function: FunctionInfo) -> Iterator[Lost]:
        """Yield the first that is lost of those that one call opened."""
        for start in starts:
            found = DescriptorWalk(self._uses, self._flow_of(function), start, function).lost_at()
            if found is not None:
                yield Lost(opened, function, start.name, *found)
                return

    def _in_structure(self, opened: Call, field: Attribute, function: FunctionInfo) -> list[WalkStart]:
        """`client->fd = accept(…)`, where the function has just made the structure."""
        variable = self._names.variable(field, function)
        if variable is None or not isinstance(field.value, Name) or variable.owner is not function:
            return []
        holder = field.value.identifier
        given = [
            strip_casts(value)
            for target, value in function.assignments()
            if isinstance(target, Name) and target.identifier == holder
        ]
        is_new = all(
            (isinstance(one, Call) and one.called_name in FRESH_MEMORY) or _is_null(one) for one in given
        ) and any(isinstance(one, Call) for one in given)
        return [WalkStart(opened, variable, holder=holder)] if is_new else []

    def _pair(self, call: Call, function: FunctionInfo, kept_in: Expression | None) -> list[WalkStart]:
        """`pipe(ends)`, `socketpair(AF_UNIX, SOCK_STREAM, 0, ends)`: two of them, in an array of the function."""
        position = _PAIRS.get(call.called_name)
        if position is None or position >= len(call.arguments) or call.receiver is not None:
            return []
        array = strip_casts(call.arguments[position])
        variable = self._names.variable(array, function) if isinstance(array, Name) else None
        if variable is None or not is_plain_array(variable, function) or self._calls.callees(call, function):
            return []
        return [WalkStart(call, variable, end, gives=0, kept_in=kept_in) for end in (0, 1)]

    def _not_taken_over(self, call: Call, function: FunctionInfo, kept_in: Expression | None) -> list[WalkStart]:
        """`fdopen(fd, "r")` that fails leaves the descriptor to its caller, and so does a lock that is not given."""
        gives = _TAKING_OVER.get(call.called_name)
        words = {getattr(part, "identifier", "") for argument in call.arguments for part in walk(argument)}
        if gives is None or not call.arguments or (call.called_name == "fcntl" and not words & _LOCKS):
            return []
        taken = strip_casts(call.arguments[0])
        variable = self._names.variable(taken, function) if isinstance(taken, Name) else None
        if variable is None or self._calls.callees(call, function):
            return []
        return [WalkStart(call, variable, gives=gives, kept_in=kept_in, is_failure=True)]


def _is_null(value: Expression) -> bool:
    return isinstance(value, Literal) and value.value is None
