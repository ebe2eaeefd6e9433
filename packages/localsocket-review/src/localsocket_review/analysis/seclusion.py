"""Whether others can come to a socket's file at all, and who changes the mode that new files get."""

from __future__ import annotations

from collections.abc import Callable

from localsocket_review.analysis.calls import ProgramCalls
from localsocket_review.analysis.control_flow import ControlFlow, Guard
from localsocket_review.analysis.effects import Effect, Effects
from localsocket_review.analysis.texts import HoleKind, lie_in
from localsocket_review.analysis.values import Values
from localsocket_review.apis.meaning import Act
from localsocket_review.model.declarations import FunctionInfo, FunctionKind
from localsocket_review.model.expressions import Binary, Call, Expression, Other, dotted, walk
from localsocket_review.model.statements import With

_NOT_THE_OWNER = 0o077
_FARTHEST_CALLER = 3
# What a condition says of a call that gives 0, or -1 when it fails, and whether it holds where the call has succeeded.
_SUCCEEDED = frozenset(
    {("<", 0, False), (">=", 0, True), ("!=", 0, False), ("==", 0, True), ("==", -1, False), ("!=", -1, True)}
)


class Seclusion:
    """The directories of sockets, and umasks."""

    def __init__(
        self, calls: ProgramCalls, effects: Effects, values: Values, flow_of: Callable[[FunctionInfo], ControlFlow]
    ) -> None:
        self._calls = calls
        self._effects = effects
        self._values = values
        self._flow_of = flow_of

    def is_secluded(
        self, function: FunctionInfo, bind: Effect, farthest: int = _FARTHEST_CALLER, *, takes_names: bool = False
    ) -> bool:
        """Say whether the directory is private before the socket is bound in it: here, or wherever this is called.

        The mode of the socket itself keeps others out as well, unless the question is who `takes_names` there.
        """
        if self._is_in_private_directory(bind) or self._is_narrowed_before(function, bind, takes_names):
            return True
        if not takes_names and self.has_its_peer(bind):
            return True
        callers = {site.caller for site in self._calls.callers(function)} - {function}
        return (
            bool(callers) and farthest > 0 and all(self._is_so_in(one, bind, farthest, takes_names) for one in callers)
        )

    def has_its_peer(self, bind: Effect) -> bool:
        """Say whether the socket was connected before it is bound: Linux lets nobody else connect to it, or send to it.

        A connect that failed, as of one who only asks whether a server lives, leaves the socket to everyone.
        """
        return any(
            self._has_connected(guard, bind) for guard in self._flow_of(bind.site.function).guards(bind.site.call)
        )

    def _has_connected(self, guard: Guard, bind: Effect) -> bool:
        match guard.test:
            case Binary(operator=operator, left=Call() as call, right=right) if self._connects_same(call, bind):
                numbers = self._values.numbers(right, bind.site.function)
                return any((operator, number, guard.holds) in _SUCCEEDED for number in numbers)
        return False

    def _connects_same(self, call: Call, bind: Effect) -> bool:
        """Say whether the call connects what is bound: both take the socket first."""
        site = self._calls.site(call, bind.site.function)
        if site is None or not site.api.act & Act.CONNECT or not call.arguments:
            return False
        return self._effects.is_bound_socket(bind, call.arguments[0], bind.site.function)

    def _is_so_in(self, caller: FunctionInfo, bind: Effect, farthest: int, takes_names: bool) -> bool:
        binds = [one for one in self._effects.of(caller, Act.BIND) if one.site.call is bind.site.call]
        return bool(binds) and all(
            self.is_secluded(caller, one, farthest - 1, takes_names=takes_names) for one in binds
        )

    def _is_in_private_directory(self, bind: Effect) -> bool:
        return lie_in(self._effects.texts(bind, "endpoint"), HoleKind.PRIVATE, HoleKind.RUNTIME)

    def _is_narrowed_before(self, function: FunctionInfo, bind: Effect, takes_names: bool) -> bool:
        """Say whether something that is not the socket's own file is made or kept private on every way to the bind."""
        for change in self._effects.of(function, Act.CHMOD | Act.MAKE_DIRECTORY):
            mode = change.site.argument("mode")
            if mode is None or not self._flow_of(function).dominates(change.anchor, bind.anchor):
                continue
            if takes_names and self._is_of_socket(change, bind):
                continue
            modes = self._values.numbers(mode, change.site.function)
            if modes and not any(number & _NOT_THE_OWNER for number in modes) and self._may_lead_to(change, bind):
                return True
        return False

    def _is_of_socket(self, change: Effect, bind: Effect) -> bool:
        """Say whether the mode is that of a socket, and no directory's, which is no object that has a fileno()."""
        changed = change.site.argument("path")
        is_object = isinstance(changed, Call) and changed.called_name == "fileno"
        return is_object or self._effects.same_socket(bind, change, "path")

    def _may_lead_to(self, change: Effect, bind: Effect) -> bool:
        """Say whether what is kept private may be a directory in which the socket is bound."""
        if self._effects.same_endpoint(bind, change, "path"):
            return False
        directories, endpoints = self._effects.texts(change, "path"), self._effects.texts(bind, "endpoint")
        if not all(text.literal is not None for text in (*directories, *endpoints)):
            return True
        return any(
            str(endpoint).startswith(str(directory).rstrip("/") + "/")
            for directory in directories
            for endpoint in endpoints
        )

    def is_for_a_while(self, function: FunctionInfo, umask: Effect, bind: Effect) -> bool:
        """Say whether the umask is changed for this bind, and set back afterwards."""
        changer = umask.site.function
        if changer is bind.site.function:
            return True
        contexts = (one for one in function.statements() if isinstance(one, With))
        if any(umask.anchor in set(walk(context)) for one in contexts for context, _ in one.items):
            return True
        if changer.is_constructor and changer.owner is not None:
            ends = (one for one in changer.owner.all_methods() if one.kind is FunctionKind.DESTRUCTOR)
            return any(self._effects.of(one, Act.UMASK) for one in ends if one.body is not None)
        flow = self._flow_of(function)
        return any(
            other.anchor is not umask.anchor and flow.may_follow(bind.anchor, other.anchor)
            for other in self._effects.of(function, Act.UMASK)
        )

    def is_put_back_before(self, umask: Effect, bind: Effect) -> bool:
        """Say whether a helper, which binds nothing, changes the umask and sets it back itself."""
        changer, mask = umask.site.function, umask.site.argument("mode")
        if umask.anchor is bind.anchor or changer is bind.site.function or mask is None or _lets_others_run(changer):
            return False
        kept = _umasks_kept(changer)
        if dotted(mask) in kept:
            return True
        flow = self._flow_of(changer)
        return any(
            call is not umask.site.call
            and _is_umask(call)
            and dotted(call.arguments[0]) in kept
            and flow.may_follow(umask.site.call, call)
            for call in changer.calls()
        )

    def puts_back(self, umask: Effect) -> bool:
        """Say whether this sets the umask that was there before, as the function has kept it."""
        mask = umask.site.argument("mode")
        return mask is not None and dotted(mask) in _umasks_kept(umask.site.function)

    def _is_set_beside(self, bind: Effect) -> bool:
        """Say whether the function that binds changes the umask itself, on every way to it."""
        binder = bind.site.function
        flow = self._flow_of(binder)
        return any(flow.dominates(one.anchor, bind.site.call) for one in self._effects.of(binder, Act.UMASK))

    def umask_at(self, function: FunctionInfo, bind: Effect) -> list[Effect]:
        """Return the changes of the umask that may be in force when the socket is bound."""
        if bind.anchor is not bind.site.call and self._is_set_beside(bind):
            return []  # the helper that binds says it anew, whatever was in force before
        before = [
            one
            for one in self._effects.of(function, Act.UMASK)
            if self._may_follow(function, one, bind) and not self.is_put_back_before(one, bind)
        ]
        return [
            one
            for one in before
            if not any(other is not one and self._is_undone(function, one, other, bind) for other in before)
        ]

    def _may_follow(self, function: FunctionInfo, first: Effect, then: Effect) -> bool:
        flow, (one, other) = self._in_order(function, first, then)
        return flow.may_follow(one, other)

    def _is_undone(self, function: FunctionInfo, umask: Effect, other: Effect, bind: Effect) -> bool:
        """Say whether no way leads from a change of the umask to the bind that does not pass another change."""
        flow, (changed, changed_again, bound) = self._in_order(function, umask, other, bind)
        return flow.may_follow(changed, changed_again) and not flow.can_avoid(changed, [changed_again], bound)

    def _in_order(self, function: FunctionInfo, *effects: Effect) -> tuple[ControlFlow, list[Call]]:
        """Return where the effects stand in the function; if one helper of it has them all, where they stand there."""
        inside = {one.site.function for one in effects}
        if len(inside) == 1:
            return self._flow_of(inside.pop()), [one.site.call for one in effects]
        return self._flow_of(function), [one.anchor for one in effects]


def _lets_others_run(function: FunctionInfo) -> bool:
    """Say whether the function yields: what a with statement holds runs in the middle of it."""
    return any(isinstance(part, Other) and part.kind.startswith("yield") for part in function.expressions())


def _umasks_kept(function: FunctionInfo) -> set[str]:
    """Return what holds the umask that was there before: `before = umask(077)`."""
    return {dotted(target) for target, value in function.assignments("=") if _is_umask(value)} - {""}


def _is_umask(call: Expression) -> bool:
    return isinstance(call, Call) and call.called_name == "umask" and len(call.arguments) == 1
