"""JSON that every reader takes for the same: each key once, integers of 64 bits, no NaN, and UTF-8.

It is nested no deeper than any reader goes along. How deep Python's own goes depends on its version, and on its caller.
"""

from __future__ import annotations

import json
from itertools import accumulate
from typing import Any

from localsocket.errors import LocalSocketError

_LEAST, _MOST = -(2**63), 2**64 - 1
_DIGITS = 20  # of the largest
_DEEPEST = 200

_NO_BRACKETS_OR_QUOTES = bytes(set(range(256)) - set(b'[]{}"'))
_STEP = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}


class AmbiguousJSON(LocalSocketError, ValueError):
    """Readers of JSON differ in what they make of this, or do not take it at all."""


class IntegerTooLarge(AmbiguousJSON):
    """An integer has more than 64 bits: many languages have no such number, or take another one for it."""


def check_json(text: bytes | memoryview) -> None:
    """Raise AmbiguousJSON, or IntegerTooLarge, for what is no JSON or not strict. Nothing of it is kept."""
    try:
        _check_depth(bytes(text))
        _decode(str(text, "utf-8"))
    except AmbiguousJSON:
        raise
    except (ValueError, RecursionError) as error:  # a UnicodeDecodeError is one, too
        raise AmbiguousJSON(str(error)) from None


def _check_depth(text: bytes) -> None:
    if text.count(b"[") + text.count(b"{") <= _DEEPEST:  # nearly always
        return
    unescaped = text.replace(b"\\\\", b"").replace(b'\\"', b"")
    outside_strings = unescaped.translate(None, _NO_BRACKETS_OR_QUOTES).split(b'"')[::2]
    if max(accumulate(map(_STEP.__getitem__, b"".join(outside_strings))), default=0) > _DEEPEST:
        raise AmbiguousJSON(f"it is nested more than {_DEEPEST} times")


def _check_keys(pairs: list[tuple[str, Any]]) -> None:
    if len(pairs) > 1 and len({key for key, _ in pairs}) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise AmbiguousJSON(f"the key {twice[:128]!r} appears twice")


def _check_integer(digits: str) -> None:
    if len(digits) >= _DIGITS - 1 and not (len(digits) <= _DIGITS and _LEAST <= int(digits) <= _MOST):
        raise IntegerTooLarge(f"the integer {digits[:24]}{'...' if len(digits) > 24 else ''} has more than 64 bits")


def _refuse_constant(name: str) -> None:
    raise AmbiguousJSON(f"{name} is not JSON")


_decode = json.JSONDecoder(
    object_pairs_hook=_check_keys, parse_int=_check_integer, parse_constant=_refuse_constant
).decode
