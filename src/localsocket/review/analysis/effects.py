"""What a function does in the end: its own calls, and those of the functions that it calls, in their order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from localsocket.review.analysis.calls import Calls, CallSite, Site
from localsocket.review.analysis.names import Names
from localsocket.review.analysis.texts import Texts
from localsocket.review.analysis.values import Trail, Values
from localsocket.review.apis.meaning import Act
from localsocket.review.model.declarations import FunctionInfo
from localsocket.review.model.expressions import Attribute, Call, walk
from localsocket.review.model.place import Place

_DEEPEST = 4
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


class Effects:
    """The effects of functions."""

    def __init__(self, names: Names, calls: Calls, values: Values) -> None:
        self._names = names
        self._calls = calls
        self._values = values

    def of(self, function: FunctionInfo, acts: Act) -> list[Effect]:
        """Return what the function does of the given acts, itself or through the functions that it calls."""
        return list(self._of(function, acts, (), None, (function,)))

    def _of(
        self, function: FunctionInfo, acts: Act, trail: Trail, anchor: Call | None, active: tuple[FunctionInfo, ...]
    ) -> Iterator[Effect]:
        for call in function.calls():
            site = self._calls.site(call, function)
            if site is not None:
                if site.api.act & acts:
                    yield Effect(site, anchor or call, trail)
                continue
            if len(active) > _DEEPEST:
                continue
            for callee in self._calls.callees(call, function):
                if callee not in active:
                    longer = (*trail, (CallSite(call, function), callee))
                    yield from self._of(callee, acts, longer, anchor or call, (*active, callee))

    def texts(self, effect: Effect, role: str) -> Texts:
        """Return what the argument in a role may be, in the light of how the call was come to."""
        argument = effect.site.argument(role)
        if argument is None:
            return frozenset()
        return self._values.endpoint(argument, effect.site.function, effect.trail)

    def same_endpoint(self, binding: Effect, other: Effect, role: str) -> bool:
        """Say whether the other call's argument is the endpoint that is bound, by its text or by asking the server."""
        if self.texts(binding, "endpoint") & self.texts(other, role):
            return True
        argument = other.site.argument(role)
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
