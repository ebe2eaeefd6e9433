"""Who can use what a program defines: only these files, or others as well."""

from __future__ import annotations

from pathlib import PurePath

from localsocket_review.model.declarations import FunctionInfo, FunctionKind
from localsocket_review.model.unit import Language, Unit

_NAMED = (FunctionKind.FUNCTION, FunctionKind.METHOD)
_ENTRIES = frozenset({"main", "qMain", "wmain", "WinMain"})
QTEST_MAINS = ("QTEST_MAIN", "QTEST_GUILESS_MAIN", "QTEST_APPLESS_MAIN")


def is_entry(function: FunctionInfo) -> bool:
    """Say whether the program begins with this function."""
    return function.owner is None and function.name in _ENTRIES


def has_entry(unit: Unit) -> bool:
    """Say whether a program begins in this file."""
    if "__main__" in unit.identifiers or any(unit.masked_macros[macro] for macro in QTEST_MAINS):
        return True
    return any(map(is_entry, unit.functions))


def is_private(function: FunctionInfo) -> bool:
    """Say whether only these files can use the function."""
    if function.unit.language is Language.PYTHON:
        is_nested = function.enclosing is not None and function.enclosing.kind in _NAMED
        return is_nested or function.name.startswith("_")
    if function.owner is not None:
        return function.section.startswith("private")
    return function.is_static and not is_header(function.unit)


def is_header(unit: Unit) -> bool:
    return unit.language is Language.CPP and PurePath(unit.path).suffix.lower().startswith((".h", ".inl", ".ipp"))
