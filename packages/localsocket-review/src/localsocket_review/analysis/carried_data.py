"""What a value is made of, and what is left in it of data: as far as its own shape tells, without the program."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum, auto

from localsocket_review.analysis.sites import argument_of
from localsocket_review.apis.c_library import FRESH_MEMORY, PATTERN_AT
from localsocket_review.apis.meaning import Act, Api
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import (
    COMPARISONS,
    Assignment,
    Await,
    Binary,
    Call,
    Cast,
    Conditional,
    Display,
    Expression,
    Format,
    Literal,
    Other,
    Slice,
    Starred,
    Subscript,
    Unary,
)
from localsocket_review.model.place import Place
from localsocket_review.model.statements import Return

_ALL_BUT_HARMLESS = re.compile(r"\[\^[\w\\. -]*\][+*]?")
_ONLY_NUMBERS = re.compile(r"(?:[^%]|%[-+ #0]*[\d.]*[hlzjt]*[diouxXcfeg]|%%)*")
_CONVERSIONS = re.compile(r"%[-+ #0]*[\d.]*[hlzjtL]*([a-zA-Z])")
# What only changes how a loop goes.
_LOOPING = frozenset({"enumerate", "iter", "list", "map", "filter", "reversed", "islice"})
SIGNED_TYPES = re.compile(
    r"(?:const )?(?:signed )?(?:int|long|long long|long int|ssize_t|q?int\d+(?:_t)?|qsizetype|off_t)"
)
SMALL_TYPES = re.compile(
    r"(?:u?int(?:8|16)(?:_t)?|qu?int(?:8|16)|uchar|ushort|unsigned char|unsigned short|char|short)"
)
FOLLOWED = Act.QUOTE | Act.UNPACK | Act.RECEIVE
_GIVING_NOTHING = Act.ACCEPT | Act.BIND | Act.LISTEN | Act.CHECK_PEER | Act.CONNECT | Act.START_THREAD


class Use(Enum):
    """What the data is used for: a text that is acted on, the name of a file, or the size or place of something."""

    TEXT = auto()
    PATH = auto()
    SIZE = auto()
    OFFSET = auto()  # below nothing it does harm, too

    @property
    def is_number(self) -> bool:
        return self in (Use.SIZE, Use.OFFSET)


@dataclass(frozen=True, slots=True)
class Step:
    """A place on the data's way, and a word about it. `makes_number`: from here on it is a number.

    `is_guess`: the data may as well go another way here, to another function behind a pointer, or be another field's.
    """

    place: Place
    note: str
    makes_number: bool = False
    is_guess: bool = False


Trace = tuple[Step, ...]


def guessed(trace: Trace | None) -> Trace | None:
    """Return the way, whose last step may lead elsewhere: a whole structure is followed in place of its field."""
    return None if trace is None else (*trace[:-1], replace(trace[-1], is_guess=True))


def looped_over(iterable: Expression) -> Expression:
    """Return what a loop goes over in the end: `lines` of `enumerate(lines)` and of `map(str.strip, lines)`."""
    if isinstance(iterable, Call) and iterable.called_name in _LOOPING and iterable.arguments:
        return iterable.arguments[-1 if iterable.called_name in ("map", "filter") else 0]
    return iterable


def gives_nothing(api: Api, use: Use) -> bool:
    """Say whether nothing of the arguments is in what a call gives, or it only says how much was written."""
    if api.name in FRESH_MEMORY or (use.is_number and "buffer" in api.roles):
        return True
    return bool(api.act & _GIVING_NOTHING) and not api.act & FOLLOWED


def tells_nothing(expression: Expression, use: Use) -> bool:
    """Say whether a value holds nothing of what it is made of, or as a number is bounded by its very shape."""
    match expression:
        case Binary(operator=operator) if operator in COMPARISONS:
            return True
        case Cast(type=to):
            return use.is_number and SMALL_TYPES.fullmatch(to.replace("std::", "")) is not None
    return False


def parts_of(expression: Expression) -> Iterable[Expression]:
    """Return the parts that a value is made of."""
    match expression:
        case Subscript(value=value) | Cast(value=value) | Await(value=value) | Starred(value=value):
            return (value,)
        case Assignment(value=value) | Unary(operator="&" | "*" | "-" | "+" | "~" | "++" | "--", operand=value):
            return (value,)
        case Conditional(then=then, otherwise=otherwise):
            return (then, otherwise)
        case Binary(operator=operator, left=left):
            operands = [expression.right]
            while isinstance(left, Binary) and left.operator == operator:  # a long sum is not a deep one
                operands.append(left.right)
                left = left.left
            return (left, *reversed(operands))
        case Format() | Display() | Slice():
            return expression.children()
    return ()


def left_unquoted(call: Call, api: Api) -> list[Expression]:
    """Return what a format such as `VALUES (%Q, %s)` puts in as it is."""
    pattern = argument_of(call, api, "pattern")
    if not isinstance(pattern, Literal) or not isinstance(pattern.value, str):
        return []
    values = call.arguments[call.arguments.index(pattern) + 1 :]
    kinds = re.findall(r"%[-+ #0]*[\d.*]*[lz]*([a-zA-Z])", pattern.value.replace("%%", ""))
    return [value for kind, value in zip(kinds, values, strict=False) if kind == "s"]


def formatted(call: Call, use: Use) -> tuple[Expression, ...]:
    """Return the arguments that are in what a call gives: `%d` of a format makes a number, which is no text."""
    first = PATTERN_AT.get(call.called_name)
    pattern = call.arguments[first] if first is not None and first < len(call.arguments) else None
    if first is None or use.is_number or not isinstance(pattern, Literal) or not isinstance(pattern.value, str):
        return call.arguments
    kinds = _CONVERSIONS.findall(pattern.value.replace("%%", ""))
    values = call.arguments[first + 1 :]
    if "*" in pattern.value or len(kinds) != len(values):
        return call.arguments
    return tuple(value for kind, value in zip(kinds, values, strict=True) if kind not in "diouxX")


def results(function: FunctionInfo) -> list[Expression]:
    """Return what a function gives: by `return`, and as a generator by `yield`."""
    returned = [one.value for one in function.statements() if isinstance(one, Return) and one.value is not None]
    return [*returned, *(part for one in function.expressions() for part in _yielded(one))]


def _yielded(expression: Expression) -> tuple[Expression, ...]:
    is_yield = isinstance(expression, Other) and expression.kind in ("yield", "yieldfrom")
    return expression.parts if is_yield and isinstance(expression, Other) else ()


def cleans(call: Call, use: Use) -> bool:
    """Say whether a call takes all out of a text that could do harm: `re.sub(r"[^a-z]", "", name)`."""
    match call:
        case Call(called_name="sub", arguments=(Literal(value=str(pattern)), Literal(value=str(by)), _, *_)):
            return _ALL_BUT_HARMLESS.fullmatch(pattern) is not None and by in ("", "_", "-")
        case Call(called_name="replace", arguments=(Literal(value="/"), Literal(value=str(by)), *_)):
            return use is Use.PATH and "/" not in by
        case Call(called_name=name, arguments=arguments) if name in PATTERN_AT:
            given = arguments[PATTERN_AT[name] :][:1]
            text = given[0].value if given and isinstance(given[0], Literal) else None
            return isinstance(text, str) and _ONLY_NUMBERS.fullmatch(text) is not None
        case Call(called_name="strerror" | "strerror_r" | "gai_strerror" | "hstrerror" | "strsignal"):
            return True  # the system's words for a number
        case Call(called_name="basename", arguments=(_,)):
            return use is Use.PATH
        case Call(called_name="secure_filename" | "get_valid_filename" | "sanitize_filename"):
            return use is Use.PATH
    return False


def has_small_format(call: Call) -> bool:
    """Say whether the numbers of a struct format, or the bytes of a number, are at most two bytes long."""
    formats = [argument.value for argument in call.arguments[:1] if isinstance(argument, Literal)]
    text = formats[0] if formats else None
    if isinstance(text, bytes):
        text = text.decode("ascii", "replace")
    if isinstance(text, str) and call.called_name.startswith("unpack"):
        return not set(re.sub(r"[\d<>=!@\s]", "", text)) - set("bBhHc?sxp")
    first = call.arguments[0] if call.arguments else None
    if call.called_name == "from_bytes" and isinstance(first, Call) and first.arguments:
        size = first.arguments[-1]
        return isinstance(size, Literal) and isinstance(size.value, int) and size.value <= 2
    return False


def designated(value: Display, field: str) -> list[Expression] | None:
    """Return what `{ .name = text, .mode = 0 }` gives the field; None where fields are not named."""
    names = [getattr(key, "identifier", getattr(key, "name", "")) for key in value.keys]
    if value.kind != "initializer" or not names or not all(names):
        return None
    return [item for name, item in zip(names, value.items, strict=False) if name == field.partition(".")[0]]
