"""Whether a descriptor that C makes is kept from the programs that are started: by its type, or marked afterwards."""

from __future__ import annotations

from localsocket_review.analysis.access import Access
from localsocket_review.analysis.calls import ProgramCalls
from localsocket_review.analysis.origins import Origins
from localsocket_review.analysis.sites import CallSite, Site
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import (
    Call,
    Conditional,
    Expression,
    Name,
    Subscript,
    dotted,
    strip_casts,
    walk,
)
from localsocket_review.model.program import last_word
from localsocket_review.model.statements import Return

_TYPE_AT = {"socket": 1, "socketpair": 1, "accept4": 3}
_CLOEXEC = 0o2000000
_LATER = frozenset({"FD_CLOEXEC", "FIOCLEX", "F_DUPFD_CLOEXEC"})
_PAIR_AT = 3  # which argument of socketpair() takes the descriptors
_FARTHEST_CALLER = 3


class CloseOnExec:
    """Looks at the call, at what follows it, and at those who get the descriptor from a function around it."""

    def __init__(self, calls: ProgramCalls, origins: Origins, access: Access) -> None:
        self._calls = calls
        self._origins = origins
        self._access = access

    def is_set(self, site: Site) -> bool:
        """Say whether the flag is set by the call, afterwards, or by everyone to whom the descriptor is handed."""
        if self._is_in_type(site) or self._marks(site.function):
            return True
        return _hands_out(site.call, site.function) and self._is_marked_by_callers(site.function, ())

    def _is_in_type(self, site: Site) -> bool:
        position = _TYPE_AT.get(site.api.name)
        if position is None or position >= len(site.call.arguments):
            return False
        kind = site.call.arguments[position]
        candidates: list[Expression] = [kind, *(one.expression for one in self._origins.of(kind, site.function))]
        named = {last_word(dotted(part)) for one in candidates for part in walk(one)}
        return "SOCK_CLOEXEC" in named or bool(self._access.bits(kind, site.function) & _CLOEXEC)

    def _marks(self, function: FunctionInfo) -> bool:
        """Say whether the flag is set here, or by a helper that is given the descriptor."""
        return any(_sets_flag(call) or self._hands_to_setter(call, function) for call in function.calls())

    def _hands_to_setter(self, call: Call, function: FunctionInfo) -> bool:
        """Say whether a helper sets the flag, or one that it calls; also by a variable: `flags |= FD_CLOEXEC`."""
        for callee in self._calls.callees(call, function):
            farther = (one for inner in callee.calls() for one in self._calls.callees(inner, callee))
            if any(map(_is_setter, (callee, *farther))):
                return True
        return False

    def _is_marked_by_callers(self, function: FunctionInfo, active: tuple[FunctionInfo, ...]) -> bool:
        callers = self._calls.callers(function)
        if not callers or function in active or len(active) > _FARTHEST_CALLER:
            return False
        return all(not one.is_handed_on and self._is_marked_by_caller(one, (*active, function)) for one in callers)

    def _is_marked_by_caller(self, site: CallSite, active: tuple[FunctionInfo, ...]) -> bool:
        """Say whether a caller sets the flag of what it is given, or hands it on to those who all do."""
        given = {*_kept(site.call, site.caller), *map(_variable, site.call.arguments)} - {""}
        for call in site.caller.calls():
            is_given = not given.isdisjoint(map(_variable, call.arguments)) and call is not site.call
            if is_given and (_sets_flag(call) or self._hands_to_setter(call, site.caller)):
                return True
        return _hands_out(site.call, site.caller) and self._is_marked_by_callers(site.caller, active)


def _hands_out(call: Call, function: FunctionInfo) -> bool:
    """Say whether the function gives its callers what the call makes: as its result, or in a parameter."""
    parameters = {one.name for one in function.parameters}
    if call.called_name == "socketpair":
        return len(call.arguments) > _PAIR_AT and _variable(call.arguments[_PAIR_AT]) in parameters
    if any(value is call and _is_of(target, parameters) for target, value in function.assignments("=")):
        return True
    returned = [one.value for one in function.statements() if isinstance(one, Return) and one.value is not None]
    named = {dotted(strip_casts(part)) for value in returned for part in _results(value)}
    return any(strip_casts(value) is call for value in returned) or not named.isdisjoint(_kept(call, function))


def _results(value: Expression) -> tuple[Expression, ...]:
    """Return what may be the result: both sides of `ok ? fd : -1`."""
    return (value.then, value.otherwise) if isinstance(value, Conditional) else (value,)


def _kept(call: Call, function: FunctionInfo) -> set[str]:
    """Return the variables that hold what the call gives."""
    return {dotted(target) for target, value in function.assignments("=") if strip_casts(value) is call} - {""}


def _variable(argument: Expression) -> str:
    """Return the name of what is given: of `fd`, `&fd`, `ends` and `ends[0]`."""
    value = strip_casts(argument)
    while isinstance(value, Subscript):
        value = strip_casts(value.value)
    return dotted(value)


def _is_of(target: Expression, parameters: set[str]) -> bool:
    return any(isinstance(part, Name) and part.identifier in parameters for part in walk(target))


def _sets_flag(call: Call) -> bool:
    """Say whether this is fcntl() or ioctl(), or a function of that name around it, which sets the flag."""
    return call.called_name.lower().startswith(("fcntl", "ioctl")) and any(map(_names_flag, call.arguments))


def _names_flag(expression: Expression) -> bool:
    return any(last_word(dotted(strip_casts(part))) in _LATER for part in walk(expression))


def _is_setter(function: FunctionInfo) -> bool:
    if any(_sets_flag(call) for call in function.calls()):
        return True
    return _sets_some_flags(function) and any(map(_names_flag, function.expressions()))


def _sets_some_flags(function: FunctionInfo) -> bool:
    return any(
        call.called_name == "fcntl" and len(call.arguments) == 3 and dotted(call.arguments[1]) == "F_SETFD"
        for call in function.calls()
    )
