"""Modes that let others in: what the owner may stays, and nobody else may anything."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from localsocket_review.findings import Finding, Severity
from localsocket_review.model.place import Place
from localsocket_review.repairs.edits import Edit
from localsocket_review.repairs.syntax import Files, arguments_of, called_name

_OCTAL = re.compile(r"(0[oO]?)([0-7]{3,4})")
_CHANGING = frozenset({"chmod", "fchmod", "fchmodat", "lchmod"})
_OWNERS = 0o4700  # the set-user-id bit means nothing for a socket, and is not ours to judge


def gives_owner_alone(finding: Finding, place: Place, files: Files) -> Iterator[Edit]:
    """Write 0600 for 0666 in the call of chmod() or fchmod() at a place, as it is spelled there.

    A group that the program chose stays: what says so is a note.
    """
    if finding.severity is Severity.NOTE:
        return
    syntax = files(place.file)
    call = syntax.node(place, "call", "call_expression") if syntax is not None else None
    if syntax is None or call is None or called_name(call) not in _CHANGING:
        return
    for mode in filter(None, map(_octal, arguments_of(call))):
        spelled = _OCTAL.fullmatch((mode.text or b"").decode())
        assert spelled is not None
        prefix, digits = spelled.groups()
        yield syntax.replacement(mode, f"{prefix}{int(digits, 8) & _OWNERS:0{len(digits)}o}")


def _octal(argument: Node) -> Node | None:
    """Return the octal number that an argument is, also by its keyword."""
    number = argument.child_by_field_name("value") if argument.type == "keyword_argument" else argument
    is_number = number is not None and number.type in ("integer", "number_literal")
    return number if is_number and number is not None and _OCTAL.fullmatch((number.text or b"").decode()) else None
