"""Whether a header keeps itself from being included twice."""

from __future__ import annotations

import re

from localsocket_review.claims.claim import Answer, Claim, Shown, refuted, supported, undecided
from localsocket_review.claims.kinds.kind import ClaimKind, words
from localsocket_review.claims.reviewed_code import Code, Sort
from localsocket_review.model.place import Place
from localsocket_review.model.unit import Unit

_GUARD = re.compile(
    r"^[ \t]*#[ \t]*(?:pragma[ \t]+once\b|ifndef[ \t]+(\w+)\s*\n(?:\s*\n)*[ \t]*#[ \t]*define[ \t]+\1\b)", re.M
)
_HEADERS = (".h", ".hpp", ".hh", ".hxx")


def check(claim: Claim, code: Code) -> Answer:
    named = {
        one.unit for scope in (*claim.scopes, *claim.subjects) for one in code.resolve(scope) if one.sort is Sort.FILE
    }
    headers = [unit for unit in named or code.program.units if unit.path.endswith(_HEADERS)]
    if not headers:
        return undecided(f"No header is among the files given; searched: {code.extent}.")
    having: list[Shown] = [(place, "the guard") for unit in headers if (place := _guard(unit)) is not None]
    lacking: list[Shown] = [(Place(unit.path, 1), "no guard here") for unit in headers if _guard(unit) is None]
    if lacking:
        return supported("There is no guard.", *lacking) if claim.is_complaint else refuted("One has none.", *lacking)
    return refuted("There is a guard.", *having) if claim.is_complaint else supported("There is a guard.", *having)


def _guard(unit: Unit) -> Place | None:
    match = _GUARD.search(unit.source)
    return Place(unit.path, unit.source.count("\n", 0, match.start()) + 1) if match is not None else None


KIND = ClaimKind(
    name="include guard",
    title="a header has no include guard",
    complaint=words(r"(?!)"),
    denial=words(r"(?:include|header)[\s-]guards?", r"#?pragma once"),
    check=check,
    rank=2,
    examples=("The header `worker.h` has no include guard.",),
)
