"""What a finding is known by when the lines around it move or its file is renamed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace

from localsocket_review.findings import Finding
from localsocket_review.model.place import Place
from localsocket_review.model.unit import Unit

_LONGEST_STRETCH = 12  # lines: of a longer one, such as a class, the first line alone says which one it is
_LETTERS = 32


def with_fingerprints(findings: Iterable[Finding], units: Iterable[Unit]) -> list[Finding]:
    """Return the findings, each with its fingerprint: what two equal defects of one function have in common.

    It is made of the rule, the function, and the code of every place that makes the finding true, without comments and
    white space. No line and no name of a file is in it.
    """
    by_path = {unit.path: unit for unit in units}
    return [replace(finding, fingerprint=_fingerprint(finding, by_path)) for finding in findings]


def _fingerprint(finding: Finding, units: Mapping[str, Unit]) -> str:
    unit = units.get(finding.place.file)
    code = dict.fromkeys(_code_at(place, units.get(place.file)) for place in finding.places)
    parts = (finding.rule, _function_at(finding.place, unit), *code)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:_LETTERS]


def _function_at(place: Place, unit: Unit | None) -> str:
    """Return the name of the innermost function around a place, and nothing outside of all."""
    around = [
        function
        for function in (unit.every_function() if unit is not None else ())
        if function.place.line <= place.line <= function.place.end_line
    ]
    return max(around, key=lambda function: function.place.line).qualified_name if around else ""


def _code_at(place: Place, unit: Unit | None) -> str:
    if unit is None:
        return ""
    last = place.end_line if place.line <= place.end_line < place.line + _LONGEST_STRETCH else place.line
    lines = unit.code[unit.span(place.line, last)].encode("utf-8", "replace").split(b"\n")
    if last == place.end_line:
        lines[-1] = lines[-1][: place.end_column - 1]
    lines[0] = lines[0][place.column - 1 :]
    return "".join(b"".join(lines).decode("utf-8", "replace").split())
