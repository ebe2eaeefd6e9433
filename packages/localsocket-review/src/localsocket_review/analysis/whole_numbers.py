"""Which whole numbers an expression may be: modes, flags, sizes, time-outs."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterable, Iterator

from localsocket_review.analysis.calls import ProgramCalls
from localsocket_review.analysis.definitions import Definition, Definitions, How
from localsocket_review.analysis.known_values import NUMBERS
from localsocket_review.analysis.memo import Inquiry, memo
from localsocket_review.analysis.options import Options
from localsocket_review.analysis.settings import Settings
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import (
    Attribute,
    Binary,
    Call,
    Conditional,
    Expression,
    Literal,
    Name,
    Subscript,
    Unary,
    dotted,
    strip_casts,
)
from localsocket_review.model.program import last_word

_MAKING_NUMBERS = frozenset({"int", "SocketOptions", "QFlags", "mode_t"})
# A counter may be almost any number, and of sums of sums nobody could wait for the end.
_MOST_NUMBERS = 64


class Numbers:
    """Evaluates expressions of a program that are whole numbers, as far as the text tells."""

    def __init__(self, calls: ProgramCalls, definitions: Definitions, options: Options, settings: Settings) -> None:
        self._calls = calls
        self._definitions = definitions
        self._options = options
        self._settings = settings
        self.inquiry = Inquiry()

    @memo(at_itself=lambda *_: frozenset())
    def of(self, expression: Expression, function: FunctionInfo) -> frozenset[int]:
        """Return the whole numbers that the expression may be, none where the text does not tell or tells of many."""
        numbers = frozenset(itertools.islice(self._of(strip_casts(expression), function), _MOST_NUMBERS + 1))
        return numbers if len(numbers) <= _MOST_NUMBERS else frozenset()

    def _of(self, expression: Expression, function: FunctionInfo) -> Iterable[int]:
        match expression:
            case Literal(value=int(number)):
                return (number,)
            case Unary(operator="-" | "~" as operator, operand=operand):
                return (-number if operator == "-" else ~number for number in self.of(operand, function))
            case Binary(operator=operator, left=left, right=right) if operator in _ARITHMETIC:
                pairs = itertools.product(self.of(left, function), self.of(right, function))
                return (_ARITHMETIC[operator](one, other) for one, other in pairs)
            case Conditional(then=then, otherwise=otherwise):
                return self.of(then, function) | self.of(otherwise, function)
            case Call() as call:
                return self._of_call(call, function)
            case Subscript(value=container, index=key):
                return self._of_entry(container, key, function)
            case Name() | Attribute() as named:
                known = _known(named)
                return (known,) if known is not None else self._of_variable(named, function)
        return ()

    def _of_call(self, call: Call, function: FunctionInfo) -> Iterator[int]:
        returned = self._calls.returned_by(call, function)
        for value, callee in returned:
            yield from self.of(value, callee)
        if not returned and call.called_name in _MAKING_NUMBERS and call.arguments:
            yield from self._of_text(call) if len(call.arguments) == 2 else self.of(call.arguments[0], function)
        default = None if returned else self._settings.default(call)
        if default is not None:
            yield from self.of(default, function)
        if call.receiver is not None and call.called_name == "get" and call.arguments:
            yield from self._of_entry(call.receiver, call.arguments[0], function)

    def _of_text(self, call: Call) -> Iterator[int]:
        """`int("660", 8)`, and `int(given.get("mode", "660"), 8)`."""
        text, base = call.arguments
        if isinstance(text, Call):
            text = self._settings.default(text) or text
        if isinstance(text, Literal) and isinstance(text.value, str) and isinstance(base, Literal):
            with contextlib.suppress(ValueError, TypeError):
                yield int(text.value, base.value)  # type: ignore[arg-type]

    def _of_entry(self, container: Expression, key: Expression, function: FunctionInfo) -> Iterator[int]:
        for known, value, where in self._settings.entries(container, function):
            if isinstance(key, Literal) and isinstance(known, Literal) and known.value == key.value:
                yield from self.of(value, where)

    def _of_variable(self, named: Name | Attribute, function: FunctionInfo) -> Iterator[int]:
        if isinstance(named, Attribute):
            for default, where in self._options.of_attribute(named, function):
                yield from self.of(default, where)
        for definition in (*self._definitions.at(named, function), *self._definitions.of_member(named, function)):
            if definition.how is How.VALUE and definition.value is not None:
                yield from self.of(definition.value, definition.function)
            elif definition.how is How.PARAMETER:
                yield from self._of_parameter(definition)

    def _of_parameter(self, definition: Definition) -> Iterator[int]:
        parameter, function = definition.parameter, definition.function
        if parameter is None:
            return
        given = self._calls.values_given(function, parameter.name)
        for value, caller in given:
            yield from self.of(value, caller)
        if not given and parameter.default is not None:
            yield from self.of(parameter.default, function)


def _known(named: Name | Attribute) -> int | None:
    """Return the number of a constant that the tables know: `stat.S_IRWXU`, `perms::all`."""
    known = NUMBERS.get(last_word(dotted(named)))
    return NUMBERS.get(".".join(dotted(named).split(".")[-2:])) if known is None else known


def _shift_left(number: int, places: int) -> int:
    return number << min(max(places, 0), 64)


_ARITHMETIC: dict[str, Callable[[int, int], int]] = {
    "|": int.__or__,
    "&": int.__and__,
    "^": int.__xor__,
    "+": int.__add__,
    "-": int.__sub__,
    "*": int.__mul__,
    "<<": _shift_left,
}
