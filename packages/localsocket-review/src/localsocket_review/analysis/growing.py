"""Code that makes room for what was found not to fit: `if (at >= text->size) grow(text, at);`."""

from __future__ import annotations

import re

from localsocket_review.analysis.calls import ProgramCalls
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import Call, Expression, Name, walk

_GROWING = re.compile(r"(?i)(?:^|[a-z]|_)(?:re_?alloc|re_?size|grow|reserve|expand|enlarge|extend)")


class Growing:
    """Knows the calls that give a buffer more room."""

    def __init__(self, calls: ProgramCalls) -> None:
        self._calls = calls
        self._found: dict[FunctionInfo, list[Call]] = {}

    def calls_in(self, function: FunctionInfo) -> list[Call]:
        """Return those of a function that grow something, by their name or by what they run."""
        if function not in self._found:
            self._found[function] = [
                part for part in function.expressions() if isinstance(part, Call) and self._grows(part, function)
            ]
        return self._found[function]

    def _grows(self, call: Call, function: FunctionInfo) -> bool:
        if _GROWING.search(call.called_name):
            return True
        return any(
            isinstance(part, Call) and _GROWING.search(part.called_name)
            for callee in self._calls.callees(call, function)
            for part in callee.expressions()
        )


def are_about_the_same(call: Call, test: Expression) -> bool:
    """Say whether a call is given something that a condition asks of: the buffer, its size or what has to fit."""
    given = {part.identifier for argument in call.arguments for part in walk(argument) if isinstance(part, Name)}
    return any(isinstance(part, Name) and part.identifier in given for part in walk(test))
