"""A call in its place: what it means by the tables, or which function of the program it runs."""

from __future__ import annotations

from dataclasses import dataclass

from localsocket_review.apis.meaning import RECEIVER, Api
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import Attribute, Call, Expression, This
from localsocket_review.model.place import Place


@dataclass(frozen=True, slots=True)
class Site:
    """A call whose meaning is known, in the function where it stands."""

    call: Call
    api: Api
    function: FunctionInfo

    @property
    def place(self) -> Place:
        return self.call.place

    @property
    def socket(self) -> Expression | None:
        """The socket or descriptor that the call uses; of `os.read(connection.fileno(), size)` the connection."""
        given = self.argument("descriptor") or self.call.receiver
        if isinstance(given, Call) and given.called_name == "fileno" and given.receiver is not None:
            return given.receiver
        return given

    def argument(self, role: str) -> Expression | None:
        """Return the argument in this role; a path that is missing is that of the object: `QFile(path).remove()`."""
        return argument_of(self.call, self.api, role)

    def arguments_from(self, role: str) -> list[Expression]:
        """Return the argument in this role and all that follow."""
        first = self.argument(role)
        following = self.call.arguments
        if first is None or first not in following:
            return [] if first is None else [first]
        return list(following[following.index(first) :])


@dataclass(frozen=True, slots=True)
class CallSite:
    """A call that runs a function of the program, or hands it to something that runs it."""

    call: Call
    caller: FunctionInfo
    is_handed_on: bool = False  # to a thread, a server, a signal
    is_guess: bool = False  # through a field of some object, to which several functions are given


# The calls on the way to a function, outermost first, each with the function that it runs. What lies further away is
# not followed: one helper calls another, and most of what comes through more of them is not what happens.
Trail = tuple[tuple[CallSite, FunctionInfo], ...]
LONGEST_TRAIL = 5


def argument_of(call: Call, api: Api, role: str) -> Expression | None:
    """Return what a call gives in a role.

    A method that can also be called without its object takes one argument less then: `QFile(path).remove()`.
    """
    wanted = api.roles.get(role)
    if isinstance(wanted, str) and wanted.startswith("."):
        return None if call.receiver is None else Attribute(call.place, _object_of(call.receiver), wanted[1:])
    position = wanted[0] if isinstance(wanted, tuple) else wanted
    keyword = wanted[1] if isinstance(wanted, tuple) else wanted
    if isinstance(keyword, str) and keyword in call.keywords:
        return call.keywords[keyword]
    if not isinstance(position, int):
        return None
    if position == RECEIVER:
        return call.receiver
    if _stands_for_its_object(call, api):
        if position == 0:
            return call.receiver
        position -= 1
    return call.arguments[position] if position < len(call.arguments) else None


def _object_of(receiver: Expression) -> Expression:
    return This(receiver.place) if is_super(receiver) else receiver


def is_super(expression: Expression) -> bool:
    return isinstance(expression, Call) and expression.called_name == "super"


def _stands_for_its_object(call: Call, api: Api) -> bool:
    if call.receiver is None or "." not in api.name or not {api.roles.get("path"), api.roles.get("endpoint")} & {0}:
        return False
    positions = [role for role in api.roles.values() if isinstance(role, int)]
    return max(positions) >= len(call.arguments)
