"""Functions of C that give a structure of their own: `session = make();`, of which each field has its own history."""

from __future__ import annotations

from localsocket_review.analysis.calls import ProgramCalls
from localsocket_review.analysis.carried_data import results
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import Call, Expression, Literal, Name, dotted, strip_casts
from localsocket_review.model.unit import Language


def structures_returned(
    value: Expression, function: FunctionInfo, calls: ProgramCalls
) -> list[tuple[Name, FunctionInfo]]:
    """Return the pointers that a function of C gives, if each is a variable of its own: `return session;`."""
    call = strip_casts(value)
    if not isinstance(call, Call) or function.unit.language is not Language.CPP:
        return []
    if calls.api_of(call, function) is not None:
        return []
    returned = [
        (strip_casts(one), callee)
        for callee in calls.callees(call, function)
        for one in results(callee)
        if not _is_null(one)
    ]
    named = [(one, callee) for one, callee in returned if isinstance(one, Name) and _is_own(one, callee)]
    return named if len(named) == len(returned) else []


def _is_null(value: Expression) -> bool:
    inner = strip_casts(value)
    is_nothing = isinstance(inner, Literal) and not inner.value
    return is_nothing or dotted(inner) in ("NULL", "nullptr")


def _is_own(name: Name, function: FunctionInfo) -> bool:
    return name.identifier in function.local_names() - {one.name for one in function.parameters}
