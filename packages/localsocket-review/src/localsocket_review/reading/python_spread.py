"""Calls with `**options`: where the text says what the options are, the call is read as if they stood in it."""

from __future__ import annotations

from collections.abc import Iterator

from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import Call, Display, Expression, Literal, Name
from localsocket_review.model.statements import Assign
from localsocket_review.model.unit import Unit

_SPREAD = "**"


def spread_options(unit: Unit) -> None:
    for function in unit.every_function():
        for call in function.calls():
            options = call.keywords.get(_SPREAD)
            known = None if options is None else dict(_items(options, function))
            if known:
                del call.keywords[_SPREAD]
                call.keywords = {**known, **call.keywords}
                function.forget_walks()


def _items(options: Expression, function: FunctionInfo) -> Iterator[tuple[str, Expression]]:
    """Yield the options that a display holds, or the only one that is ever assigned to a variable."""
    if isinstance(options, Name):
        displays = list(_assigned(options.identifier, function))
        options = displays[0] if len(displays) == 1 else options
    if isinstance(options, Display) and options.kind == "dict" and all(_is_text(key) for key in options.keys):
        for key, item in zip(options.keys, options.items, strict=True):
            if isinstance(key, Literal):
                yield str(key.value), item
    if isinstance(options, Call) and options.called_name == "dict" and not options.arguments:
        yield from options.keywords.items()


def _is_text(key: Expression | None) -> bool:
    return isinstance(key, Literal) and isinstance(key.value, str)


def _assigned(name: str, function: FunctionInfo) -> Iterator[Expression]:
    scope: FunctionInfo | None = function
    while scope is not None and name not in scope.local_names():
        scope = scope.enclosing
    for statement in scope.statements() if scope is not None else ():
        match statement:
            case Assign(target=Name(identifier=found), value=Expression() as value) if found == name:
                yield value
