"""What stands in a container at a constant key or index, where the function fills it step by step before."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from localsocket_review.analysis.control_flow import ControlFlow
from localsocket_review.analysis.names import Names, Variable
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import (
    Attribute,
    Call,
    Display,
    Expression,
    Literal,
    Name,
    Subscript,
    Unary,
    strip_casts,
    walk,
)
from localsocket_review.model.statements import Assign, Evaluate, Statement

Key = int | str | bytes | tuple[str, str]
_MAKING = frozenset({"dict", "list", "ConfigParser", "RawConfigParser", "SafeConfigParser"})
_READING = frozenset({"get", "keys", "values", "items", "count", "index", "add_section", "has_section", "has_option"})


class Containers:
    """Fills lists and dictionaries in thought."""

    def __init__(self, names: Names, flow_of: Callable[[FunctionInfo], ControlFlow]) -> None:
        self._names = names
        self._flow_of = flow_of

    def at_constant(self, expression: Expression, function: FunctionInfo) -> list[Expression] | None:
        """Return what the expression takes out of a container, and None where that is not plain."""
        match expression:
            case Subscript(value=container, index=index):
                key = _key(index)
            case Call(called_name="get", arguments=(only,), function=Attribute(value=container)):
                key = _key(only)
            case Call(called_name="get", arguments=(section, option), function=Attribute(value=container)):
                key = _pair(section, option)
            case _:
                return None
        variable = self._names.variable(container, function) if isinstance(container, Name) else None
        if key is None or variable is None or variable.owner is not function:
            return None
        filled = self._filled(variable, expression, function)
        return None if filled is None else _taken(filled, key)

    def _filled(self, variable: Variable, use: Expression, function: FunctionInfo) -> dict[Key, Expression] | None:
        """Return the container's parts by their keys, where it is plainly filled on the one way to its use."""
        flow = self._flow_of(function)
        parts: dict[Key, Expression] | None = None
        for statement in self._mentioning(variable, function):
            roots = list(statement.expressions())
            if not roots or any(part is use for root in roots for part in walk(root)):
                continue
            if not any(flow.may_follow(root, use) for root in roots):
                continue
            if self._only_reads(statement, variable, function):
                continue
            if not flow.dominates(roots[0], use) or flow.is_in_loop(roots[0]):
                return None
            parts = self._after(statement, variable, parts, function)
            if parts is None:
                return None
        return parts

    def _mentioning(self, variable: Variable, function: FunctionInfo) -> Iterator[Statement]:
        for statement in function.statements():
            if any(self._is(part, variable, function) for root in statement.expressions() for part in walk(root)):
                yield statement

    def _is(self, part: Expression, variable: Variable, function: FunctionInfo) -> bool:
        return isinstance(part, Name) and self._names.variable(part, function) == variable

    def _only_reads(self, statement: Statement, variable: Variable, function: FunctionInfo) -> bool:
        """Say whether a statement takes something out of the container and changes nothing."""
        if isinstance(statement, Assign) and any(self._is(one, variable, function) for one in walk(statement.target)):
            return False
        taken = {
            strip_casts(part.value)
            for root in statement.expressions()
            for part in walk(root)
            if isinstance(part, Subscript) or (isinstance(part, Attribute) and part.name in _READING)
        }
        mentions = (part for root in statement.expressions() for part in walk(root))
        return all(part in taken for part in mentions if self._is(part, variable, function))

    def _after(
        self, statement: Statement, variable: Variable, parts: dict[Key, Expression] | None, function: FunctionInfo
    ) -> dict[Key, Expression] | None:
        match statement:
            case Assign(target=Name() as target, value=Expression() as value, operator="="):
                return _made(value) if self._is(target, variable, function) else None
            case Assign(target=Subscript(value=Name(), index=index), value=Expression() as value, operator="="):
                key = _key(index)
                return None if parts is None or key is None else {**parts, key: value}
            case Evaluate(value=Call(function=Attribute(value=Name())) as call) if parts is not None:
                return _changed(parts, call)
        return None


def _made(value: Expression) -> dict[Key, Expression] | None:
    match value:
        case Display(kind="dict", items=items, keys=keys):
            named = [None if key is None else _key(key) for key in keys]
            found = {key: item for key, item in zip(named, items, strict=False) if key is not None}
            return found if None not in named else None
        case Display(kind="list" | "tuple", items=items):
            return dict(enumerate(items))
        case Display(kind="initializer", items=items, keys=keys) if not any(keys):
            return dict(enumerate(items))
        case Call(arguments=(), keywords=keywords) if value.called_name in _MAKING and not keywords:
            return {}
    return None


def _changed(parts: dict[Key, Expression], call: Call) -> dict[Key, Expression] | None:
    """Return the parts after a call of a method, or None for one whose doing is not known."""
    match call:
        case Call(called_name="append", arguments=(value,)):
            return {**parts, len(parts): value}
        case Call(called_name="set", arguments=(section, option, value)):
            pair = _pair(section, option)
            return None if pair is None else {**parts, pair: value}
        case Call(called_name="pop", arguments=arguments) if all(isinstance(key, int) for key in parts):
            place = _key(arguments[0]) if arguments else len(parts) - 1
            if not isinstance(place, int) or place not in parts:
                return None
            left = [parts[key] for key in sorted(key for key in parts if isinstance(key, int)) if key != place]
            return dict(enumerate(left))
    return None


def _taken(parts: dict[Key, Expression], key: Key) -> list[Expression] | None:
    if isinstance(key, int) and key < 0:
        key += len(parts)
    return [parts[key]] if key in parts else None


def _key(expression: Expression) -> Key | None:
    match strip_casts(expression):
        case Literal(value=int() | str() | bytes() as value):
            return value
        case Unary(operator="-", operand=Literal(value=int(value))):
            return -value
    return None


def _pair(section: Expression, option: Expression) -> tuple[str, str] | None:
    one, other = _key(section), _key(option)
    return (one, other) if isinstance(one, str) and isinstance(other, str) else None
