"""How numbers go over the wire: byte order, size of a header, how much is read at a time."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from localsocket_review.claims.reviewed_code import Code
from localsocket_review.claims.statements.asked import constant_named, quoted, values_of
from localsocket_review.claims.statements.calls import subject_functions
from localsocket_review.claims.statements.phrases import Matched, StatementKind, number_of
from localsocket_review.claims.statements.truth import Truth, false, true
from localsocket_review.claims.word_sets import word_set
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import Call, Expression
from localsocket_review.model.place import Place

_TAKING_FORMATS = ("Struct", "pack", "unpack", "pack_into", "unpack_from", "calcsize", "iter_unpack")
_OTHERWISE = ("to_bytes", "from_bytes", "QDataStream", "qToBigEndian", "qFromBigEndian", "qToLittleEndian")
_CONVERTING = word_set(
    "htonl htons htonll htobe16 htobe32 htobe64 bswap_16 bswap_32 bswap_64 __builtin_bswap16 __builtin_bswap32 "
    "__builtin_bswap64 qToBigEndian byteswap to_bytes pack QDataStream Struct"
)


def _formats(code: Code) -> list[tuple[str, Place]] | None:
    """Return the formats of `struct`; None where numbers may be written in another way, or a format is not known."""
    if any(code.occurrences(one) for one in _OTHERWISE):
        return None
    found: list[tuple[str, Place]] = []
    for name in _TAKING_FORMATS:
        for call, function in code.calls_of(name):
            if not call.arguments or (name != "Struct" and not _is_of_struct(name, call, function, code)):
                continue
            values = values_of(call.arguments[0], function, code)
            if not values or not all(isinstance(one, str) for one in values):
                return None
            found.extend((str(one), call.place) for one in values)
    return found


def _is_of_struct(name: str, call: Call, function: FunctionInfo, code: Code) -> bool:
    return code.facts.names.external(call.function, function) == f"struct.{name}"


def _order_of(form: str) -> str:
    return "big" if form[:1] in (">", "!") else "little" if form[:1] == "<" else "native"


def _byte_order(matched: Matched, code: Code) -> Truth | None:
    formats = _formats(code)
    if not formats:
        return None
    orders = {_order_of(form) for form, _ in formats}
    if len(orders) != 1:
        return None
    order = orders.pop()
    word = matched.words["ORDER"].lower()
    wanted = "big" if word.startswith(("big", "network")) else "little" if word.startswith("little") else "native"
    size = number_of(matched.words["N"]) if "N" in matched.words else None
    sizes = {_size(form) for form, _ in formats}
    if order == "native" or wanted == "native" or (size is not None and len(sizes) != 1):
        return None
    reason = f"Every format is {order}-endian, of {', '.join(str(one) for one in sorted(sizes))} bytes."
    shown = [quoted(place, code) for _, place in formats]
    return true(reason, *shown) if order == wanted and size in (None, *sizes) else false(reason, *shown)


def _size(form: str) -> int:
    try:
        return struct.calcsize(form)
    except struct.error:
        return -1


def _header_size(matched: Matched, code: Code) -> Truth | None:
    formats = _formats(code)
    number = number_of(matched.words["N"])
    if not formats or number is None:
        return None
    sizes = {_size(form) for form, _ in formats}
    is_joined = any(re.search(r"""\bb["'].*pack\(|pack\(.*\bb["']""", one.source) for one in code.program.units)
    if len(sizes) != 1 or -1 in sizes or is_joined:
        return None
    size = sizes.pop()
    shown = [quoted(place, code) for _, place in formats]
    reason = f"It is of {size} bytes."
    return true(reason, *shown) if size == number else false(reason, *shown)


def _is_converted(_: Matched, code: Code) -> Truth | None:
    """A number is converted to network byte order: nothing that does so is named."""
    if any(code.occurrences(one) for one in _CONVERTING) or any("<<" in one.code for one in code.program.units):
        return None
    return false(f"Nothing converts the order of bytes; searched: {code.extent}.")


def _reads_up_to(matched: Matched, code: Code) -> Truth | None:
    """S reads up to N bytes at a time: what its one reading call is given."""
    functions = subject_functions(matched, code)
    number = number_of(matched.words["N"])
    if functions is None or "S" not in matched.names or number is None:
        return None
    calls = [(call, one) for one in functions for call in one.calls() if call.called_name in ("recv", "read")]
    if len(calls) != 1 or not calls[0][0].arguments:
        return None
    call, function = calls[0]
    sizes = set(_size_given(call, function, code))
    if len(sizes) != 1:
        return None
    size = sizes.pop()
    reason = f"{call.called_name}() is given {size:g} bytes."
    return true(reason, quoted(call.place, code)) if size == number else false(reason, quoted(call.place, code))


def _size_given(call: Call, function: FunctionInfo, code: Code) -> Iterator[float]:
    position = 0 if len(call.arguments) == 1 else 2
    if position >= len(call.arguments):
        return
    argument: Expression = call.arguments[position]
    yield from (one for one in values_of(argument, function, code) or () if isinstance(one, float))
    unit = function.unit
    line = unit.bare_code[unit.span(call.place.line, call.place.line)]
    whole = re.search(r",\s*sizeof[ (]*(\w+)\)?\s*(?:,|\))", line)
    if whole is None:
        return
    text = unit.bare_code[unit.span(function.place.line, function.place.end_line or function.place.line)]
    declared = re.findall(rf"\bchar\s+{re.escape(whole[1])}\s*\[\s*(\w+)\s*\]", text)
    if len(declared) == 1:
        known = constant_named(declared[0], function, code) if not declared[0].isdigit() else {float(declared[0])}
        yield from (one for one in known or () if isinstance(one, float))


_HEADER = (
    r"(?:the |an? |its |every |each )?(?:message |frame |length |size )*(?:prefix|header|length|size|length field)"
)
_PREFIX = r"(?:the |an? |its |every |each )?(?:message |frame |length |size )*(?:prefix|header|length field|size field)"
_ORDERS = r"(?P<ORDER>big|little|network|native)(?:[- ]?endian)?(?: byte)?(?: order)?"

WIRE = (
    StatementKind(
        "byte order",
        "in which order the bytes of a number are",
        "The length prefix is written in little-endian byte order.",
        _byte_order,
        (
            (
                rf"{_HEADER} {{BE}} (?:(?:written|sent|packed|encoded|stored|read|unpacked) )?(?:in |"
                rf"as )?(?:an? )?{_ORDERS}$"
            ),
            r"(?:every |each |the )?(?:message|frame|request|reply)s? {BE} (?:preceded|prefixed) "
            r"(?:by|with) (?:an? |its )?(?:{N}[- ]bytes?,? )?"
            rf"{_ORDERS} (?:length|size|header|integer)$",
        ),
    ),
    StatementKind(
        "header size",
        "how many bytes a header has",
        "The length prefix is 8 bytes long.",
        _header_size,
        (
            rf"{_PREFIX} {{BE}} {{N}} bytes?(?: long| wide| in size)?$",
            rf"{_PREFIX} (?:has|takes|occupies) {{N}} bytes?$",
        ),
    ),
    StatementKind(
        "is converted",
        "whether a number is converted to network byte order",
        "The size is converted to network byte order.",
        _is_converted,
        (
            r"(?:the |its |every |each )?(?:\w+ )?(?:size|length|number|count|header|value)s? {BE} (?:converted|"
            r"translated|changed|swapped) (?:in)?to (?:network|big[- ]endian)(?: byte)? ?(?:order)?",
        ),
    ),
    StatementKind(
        "reads up to",
        "how much is read at a time",
        "`serve_client()` reads up to 256 bytes at a time.",
        _reads_up_to,
        (
            (
                r"{S} (?:reads|receives|takes) (?:up to|at most|no more than) {N} bytes? (?:at a time|at "
                r"once|per (?:call|read)|in one go|in one call)$"
            ),
        ),
    ),
)
