"""Which function calls which."""

from __future__ import annotations

from localsocket_review.claims.claim import Answer, Claim, Shown, refuted, supported, undecided
from localsocket_review.claims.kinds.kind import ClaimKind, words
from localsocket_review.claims.mentions import Mention
from localsocket_review.claims.reviewed_code import Code
from localsocket_review.model.declarations import FunctionInfo

_SHOWN = 4
_NOT_A_NAME = r"(?<!function )(?<!method )(?<!class )(?<!macro )(?<!member )(?<!thing )"  # "a function called x"


def check(claim: Claim, code: Code) -> Answer:
    mentions = sorted((*claim.subjects, *claim.scopes), key=lambda one: one.start)
    if len(mentions) < 2:
        return undecided("The review does not say who calls whom.")
    caller, called = _roles(claim, mentions)
    calls = code.calls_of(called.name)
    here: list[Shown] = [
        (call.place, f"{called.name}() is called here") for call, function in calls if caller.name in _homes(function)
    ]
    if here:
        reason = f"{caller.text} calls {called.text}."
        return supported(reason, *here[:_SHOWN]) if claim.is_complaint else refuted(reason, *here[:_SHOWN])
    elsewhere: list[Shown] = [(call.place, f"{called.name}() is called here") for call, _ in calls[:_SHOWN]]
    shown: list[Shown] = [(entity.place, f"{entity} does not") for entity in code.resolve(caller)[:1]]
    reason = f"{caller.text} does not call {called.text}; searched: {code.extent}."
    return refuted(reason, *shown, *elsewhere) if claim.is_complaint else supported(reason, *shown)


def _roles(claim: Claim, mentions: list[Mention]) -> tuple[Mention, Mention]:
    """Return who calls and what is called: turned round in "is called by"."""
    first, second = mentions[:2]
    passive = any(
        f"{verb} {word}" in claim.clause for verb in ("called", "invoked") for word in ("by", "in", "from", "inside")
    )
    return (second, first) if passive else (first, second)


def _homes(function: FunctionInfo | None) -> set[str]:
    names: set[str] = set()
    while function is not None:
        names.add(function.name)
        if function.owner is not None:
            names.add(function.owner.name)
        function = function.enclosing
    return names


KIND = ClaimKind(
    name="calls",
    title="one function calls another",
    complaint=words(
        rf"(?:\bcalls?|\binvokes?|{_NOT_A_NAME}\bcalled|\binvoked)\W+"
        r"(?:(?:by|in|from|inside|within|the|on|function|method|constructor|of)\W+)*(?=<\d+s?>)"
    ),
    denial=None,
    check=check,
    needs_name=True,
    is_premise=True,
    rank=3,
    examples=("`run()` calls `exec()`.", "`listen()` is called in `main()`."),
)
