"""Whether a program asks who owns a directory or a socket's file, and who may write there, before it uses it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from localsocket_review.analysis.calls import ProgramCalls
from localsocket_review.analysis.control_flow import ControlFlow
from localsocket_review.analysis.sites import Site
from localsocket_review.analysis.values import Values
from localsocket_review.apis.meaning import Act
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import Attribute, Binary, Call, Expression, walk

_LOOKING = frozenset({"stat", "lstat", "fstatat", "stat64", "lstat64", "fstat", "open", "openat"})
_EQUALITIES = frozenset({"==", "!=", "is", "is not"})
_BITS = frozenset({"S_IMODE", "S_IRWXG", "S_IRWXO", "S_IWGRP", "S_IWOTH"})


class OwnerChecks:
    """Reads the conditions that stand before a bind or a connect."""

    def __init__(self, calls: ProgramCalls, values: Values, flow_of: Callable[[FunctionInfo], ControlFlow]) -> None:
        self._calls = calls
        self._values = values
        self._flow_of = flow_of

    def is_asked(self, site: Site) -> bool:
        """Say whether each way to the call has asked for the owner of its path, or of the directory it lies in.

        Of a directory, its mode must be asked for as well: who else may write there can put another socket in it.
        """
        endpoint = site.argument("endpoint")
        if endpoint is None:
            return False
        paths = {str(text) for text in self._values.endpoint(endpoint, site.function)}
        flow = self._flow_of(site.function)
        tests = [guard.test for guard in flow.guards(site.call)]
        if self._is_owner_in(tests) and self._leads_there(self._looks(site), paths, site, tests):
            return True
        asking = [call for test in tests for call in walk(test) if isinstance(call, Call)]
        asking += [call for call in site.function.calls() if flow.dominates(call, site.call)]
        return any(self._is_asked_by_helper(call, paths, site) for call in asking)

    def _looks(self, site: Site) -> Iterator[Call]:
        flow = self._flow_of(site.function)
        for call in site.function.calls():
            if call.called_name in _LOOKING and flow.dominates(call, site.call):
                yield call

    def _leads_there(self, looks: Iterator[Call], paths: set[str], site: Site, tests: list[Expression]) -> bool:
        for call in looks:
            for argument in self._given(call):
                for text in self._values.endpoint(argument, site.function):
                    if self._is_enough(str(text), paths, site, tests):
                        return True
        return False

    def _is_enough(self, looked_at: str, paths: set[str], site: Site, tests: list[Expression]) -> bool:
        if not paths or not looked_at:
            return False
        if all(path == looked_at for path in paths):
            return bool(site.api.act & Act.CONNECT)  # before a bind, it may change again
        is_inside = all(path.startswith(looked_at.rstrip("/") + "/") for path in paths)
        return is_inside and any(map(_asks_for_mode, tests))

    def _given(self, call: Call) -> list[Expression]:
        return [*call.arguments[:2], *([call.receiver] if call.receiver is not None else [])]

    def _is_owner_in(self, tests: list[Expression]) -> bool:
        return any(map(_asks_for_owner, tests))

    def _is_asked_by_helper(self, call: Call, paths: set[str], site: Site) -> bool:
        """Say whether a helper is given the path, asks for the owner, and answers or does not come back."""
        callees = self._calls.callees(call, site.function)
        if len(callees) != 1:
            return False
        inside = list(callees[0].expressions())
        if not any(map(_compares_owner, inside)):
            return False
        is_condition = any(call in set(walk(guard.test)) for guard in self._flow_of(site.function).guards(site.call))
        if not is_condition and not any(node.never_returns for node in self._flow_of(callees[0]).nodes):
            return False
        return any(
            self._is_enough(str(text), paths, site, inside)
            for argument in self._given(call)
            for text in self._values.endpoint(argument, site.function)
        )


def _asks_for_owner(test: Expression) -> bool:
    return any(map(_compares_owner, walk(test)))


def _compares_owner(part: Expression) -> bool:
    if not isinstance(part, Binary) or part.operator not in _EQUALITIES:
        return False
    return any(
        (isinstance(one, Attribute) and one.name == "st_uid")
        or (isinstance(one, Call) and one.called_name in ("ownerId", "owner"))
        for one in walk(part)
    )


def _asks_for_mode(test: Expression) -> bool:
    """Say whether bits of the mode are asked for: `st.st_mode & 077`, `S_IMODE(st.st_mode) != 0700`."""
    for part in walk(test):
        words = {getattr(one, "identifier", getattr(one, "name", "")) for one in walk(part)}
        is_bits = isinstance(part, Binary) and part.operator == "&" and not words & {"S_IFMT"}
        if "st_mode" in words and (is_bits or words & _BITS):
            return True
        if isinstance(part, Call) and part.called_name == "permissions":
            return True
    return False
