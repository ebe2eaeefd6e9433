"""How large a number may be that is put together of bytes: `low | middle << 8 | high << 16` is at most 16 MiB."""

from __future__ import annotations

import re

from localsocket_review.analysis.definitions import Definitions, How
from localsocket_review.analysis.inference import Inference
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import (
    Binary,
    Call,
    Cast,
    Expression,
    Literal,
    Name,
    Slice,
    Subscript,
    Unary,
)
from localsocket_review.model.unit import Language

THREE_BYTES = (1 << 24) - 1
_ONE_BYTE = re.compile(r"(?:const )?(?:u_?int8(?:_t)?|quint8|uchar|unsigned char|u_char|u8|byte|std\.byte|guint8)")
_TWO_BYTES = re.compile(r"(?:const )?(?:u_?int16(?:_t)?|quint16|ushort|unsigned short(?: int)?|u_short|u16|guint16)")
_FORMAT = re.compile(r"[<>=!@]?[BHx?]+")
_DEEPEST = 8


class SmallNumbers:
    """Adds up what the parts of a number may be at most."""

    def __init__(self, definitions: Definitions, inference: Inference) -> None:
        self._definitions = definitions
        self._inference = inference

    def has_three_bytes(self, expression: Expression, function: FunctionInfo) -> bool:
        """Say whether the number is put together of at most three bytes."""
        most = self._most(expression, function, _DEEPEST)
        return most is not None and most <= THREE_BYTES

    def _most(self, expression: Expression, function: FunctionInfo, depth: int) -> int | None:
        if depth == 0:
            return None
        match expression:
            case Literal(value=int(number)):
                return number if number >= 0 else None
            case Binary(operator="<<" | "*" as operator, left=left, right=Literal(value=int(by))) if 0 <= by <= 256:
                most = self._most(left, function, depth - 1)
                return None if most is None else (most << by if operator == "<<" else most * by)
            case Binary(operator="|" | "+" | "^", left=left, right=right):
                one, other = self._most(left, function, depth - 1), self._most(right, function, depth - 1)
                return None if one is None or other is None else one + other
            case Binary(operator="&", right=Literal(value=int(mask))) if mask >= 0:
                return mask
            case Call(called_name="ord"):
                return 0xFF
            case Cast(type=to, value=value):
                return _most_of(to) or (None if "*" in to else self._most(value, function, depth - 1))
        return self._of_type(expression, function) or self._of_definitions(expression, function, depth)

    def _of_type(self, expression: Expression, function: FunctionInfo) -> int | None:
        """Return the most that the variable's type holds, or that of an element of bytes."""
        if function.unit.language is Language.PYTHON:
            is_element = isinstance(expression, Subscript) and not isinstance(expression.index, Slice)
            of = self._inference.type_of(expression.value, function) if isinstance(expression, Subscript) else ""
            return 0xFF if is_element and of in ("bytes", "bytearray", "memoryview") else None
        match expression:
            case Subscript(value=read) | Unary(operator="*", operand=read):
                return _most_of(self._inference.type_of(read, function))
        return _most_of(self._inference.type_of(expression, function))

    def _of_definitions(self, value: Expression, function: FunctionInfo, depth: int) -> int | None:
        """Return the most of what the variable was given: `low, high = struct.unpack("<HB", head)`."""
        definitions = self._definitions.at(value, function) if isinstance(value, Name) else []
        known = []
        for one in definitions:
            if one.how not in (How.VALUE, How.PART) or one.value is None or one.function is not function:
                return None
            unpacked = _unpacked(one.value, one.part)
            known.append(unpacked if unpacked is not None else self._most(one.value, function, depth - 1))
        return None if not known or None in known else max(number for number in known if number is not None)


def _most_of(name: str) -> int | None:
    name = name.replace("std::", "").removeprefix("std.")
    if _ONE_BYTE.fullmatch(name):
        return 0xFF
    return 0xFFFF if _TWO_BYTES.fullmatch(name) else None


def _unpacked(value: Expression, part: int) -> int | None:
    """Return the most that the part of `struct.unpack(…)` may be, where all parts are bytes or pairs of bytes."""
    match value:
        case Call(called_name="unpack" | "unpack_from", arguments=(Literal(value=str() | bytes() as text), *_)):
            form = text.decode("ascii", "replace") if isinstance(text, bytes) else text
            parts = form.lstrip("<>=!@").replace("x", "")
            if _FORMAT.fullmatch(form) and part < len(parts):
                return 0xFFFF if parts[part] == "H" else 0xFF
    return None
