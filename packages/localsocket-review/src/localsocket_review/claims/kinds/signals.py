"""Whether signals are emitted and connected."""

from __future__ import annotations

import re
from collections.abc import Iterator

from localsocket_review.claims.claim import Answer, Claim, Shown, refuted, supported, undecided
from localsocket_review.claims.kinds.kind import ClaimKind, words
from localsocket_review.claims.reviewed_code import Code, Entity, Sort
from localsocket_review.model.declarations import FunctionInfo

_EMITTED = re.compile(r"emit|fired|raised", re.IGNORECASE)
_SHOWN = 4


def check(claim: Claim, code: Code) -> Answer:
    entities = [entity for subject in claim.subjects for entity in code.resolve(subject, claim.scopes)]
    if not entities:
        return undecided("No name in the code says which signal or slot is meant.")
    if not all(_is_signal_or_slot(entity) for entity in entities):
        return undecided("What is named is neither a signal nor a slot in the files given.")
    if any(entity.sort is Sort.OUTSIDE for entity in entities) and _EMITTED.search(claim.clause):
        return undecided("What emits it is not in the files given.")
    is_emitting = _EMITTED.search(claim.clause) is not None
    shown = list(dict.fromkeys(_emissions(entities, code) if is_emitting else _connections(entities, code)))[:_SHOWN]
    what = "emitted" if is_emitting else "connected"
    names = ", ".join(dict.fromkeys(str(entity) for entity in entities))
    if shown:
        reason = f"{names} is {what}."
        return refuted(reason, *shown) if claim.is_complaint else supported(reason, *shown)
    places: list[Shown] = [(entity.place, f"{entity} is here") for entity in entities[:_SHOWN]]
    reason = f"{names} is not {what} in the files given; searched: {code.extent}."
    if any(_is_open(entity) for entity in entities) and not is_emitting:
        return undecided(f"{reason} Other files may connect it.", *places)
    return supported(reason, *places) if claim.is_complaint else refuted(reason, *places)


def _is_signal_or_slot(entity: Entity) -> bool:
    if isinstance(entity.found, FunctionInfo):
        return "slot" in entity.found.section or entity.found.section == "signals" or entity.unit.assigning_declares
    return entity.sort in (Sort.MEMBER, Sort.OUTSIDE, Sort.VARIABLE)


def _is_open(entity: Entity) -> bool:
    """Say whether files that were not given may connect it, as is usual for signals."""
    return not (isinstance(entity.found, FunctionInfo) and entity.found.section.startswith("private"))


def _emissions(entities: list[Entity], code: Code) -> Iterator[Shown]:
    for entity in entities:
        for call, _ in code.calls_of(entity.name):
            yield call.place, "emitted here"
        for call, _ in code.calls_of("emit"):
            receiver = call.receiver
            if getattr(receiver, "name", getattr(receiver, "identifier", "")) == entity.name:
                yield call.place, "emitted here"


def _connections(entities: list[Entity], code: Code) -> Iterator[Shown]:
    for entity in entities:
        for connection in code.facts.connections.all:
            is_target = isinstance(entity.found, FunctionInfo) and entity.found in connection.targets
            if is_target or entity.name in (connection.signal, connection.slot_name):
                yield connection.place, "connected here"


KIND = ClaimKind(
    name="signal",
    title="a signal is never emitted, or something is not connected",
    complaint=words(
        r"(?:never|not|nowhere)\W+(?:\w+\W+){0,2}?(?:emitted|fired|raised)\b",
        r"(?:never|not|nowhere)\W+(?:\w+\W+){0,2}?connected\b(?!\W+(?:or\b|from|yet|any\s*more))",
        r"(?:unconnected|not connected to anything)",
    ),
    denial=words(
        r"(?:is|are|gets?)\W+(?:\w+ly\W+)?(?:emitted|fired)\b",
        r"(?:is|are|gets?)\W+(?:\w+ly\W+)?connected\W+to\b",
    ),
    check=check,
    needs_name=True,
    rank=3,
    examples=("`finished()` is never emitted.", "The slot `stop()` is not connected to any signal."),
)
