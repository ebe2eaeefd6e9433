"""Whether what a call returns is looked at."""

from __future__ import annotations

import re

from localsocket_review.analysis.sites import Site
from localsocket_review.claims.claim import Answer, Claim, Shown, refuted, supported, undecided
from localsocket_review.claims.defect import is_tested
from localsocket_review.claims.kinds.kind import ClaimKind, words
from localsocket_review.claims.mentions import Mention
from localsocket_review.claims.reviewed_code import HOMES, Code, Entity
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import Await, Call
from localsocket_review.model.place import Place
from localsocket_review.model.statements import Evaluate
from localsocket_review.model.unit import Language

_CHECKED = re.compile(r"check|test|verif|handl|examin|inspect|validat", re.IGNORECASE)
_RULES = ("LS201", "LS207", "LS113")


def check(claim: Claim, code: Code) -> Answer:
    calls = _calls(claim, code)
    if not calls:
        names = ", ".join(subject.text for subject in claim.subjects)
        what = f"{names}: there is no such call" if names else "There is no call whose result reports how it went"
        reason = f"{what}; searched: {code.extent}."
        return refuted(reason) if claim.is_complaint else undecided(reason)
    found = {_line(finding.place): finding for finding in code.findings(*_RULES)}
    dropped = [(call, function) for call, function in calls if _is_dropped(call, function)]
    bad: list[Shown] = [
        (call.place, f"{found[_line(call.place)].rule}: the result of {call.called_name}() is dropped")
        for call, _ in dropped
        if _line(call.place) in found
    ]
    if bad:
        reason = f"{len(bad)} of {len(calls)} results are dropped."
        return supported(reason, *bad) if claim.is_complaint else refuted(reason, *bad)
    silent = [one for one in dropped if _reports_nothing(*one, code)]
    if len(silent) < len(dropped):
        open_ones: list[Shown] = [(call.place, f"the result of {call.called_name}() is dropped") for call, _ in dropped]
        return undecided("A result is dropped; the code does not show whether it matters.", *open_ones)
    if _CHECKED.search(claim.clause) and not all(
        is_tested(call, function, code.facts) for call, function in calls if (call, function) not in silent
    ):
        used: list[Shown] = [(call.place, f"the result of {call.called_name}() is used") for call, _ in calls]
        return undecided("It is used; whether that checks it is not decided here.", *used)
    shown: list[Shown] = [(call.place, _how(call, (call, function) in silent, function)) for call, function in calls]
    reason = f"Each of the {len(calls)} results is used, or there is none." if len(calls) > 1 else "It is not ignored."
    return refuted(reason, *shown) if claim.is_complaint else supported(reason, *shown)


def _calls(claim: Claim, code: Code) -> list[tuple[Call, FunctionInfo]]:
    """Return the calls that are meant: of the functions named, inside of the functions, classes and files named."""
    named = (*claim.subjects, *claim.scopes)
    own = {one: found for one in named if (found := [entity for entity in code.resolve(one) if entity.sort in HOMES])}
    called = [one for one in named if one not in own and code.calls_of(one.name)]
    if not called:
        called = [one for one in own if one not in claim.scopes and code.calls_of(one.name)]
        called = [one for one in called if not any(_calls_in(own[one], other, code) for other in called)] or called
    homes = [entity for one, found in own.items() if one not in called for entity in found]
    if called:
        calls = [call for one in called for call in code.calls_of(one.name)]
        inside = [call for call in calls if not homes or any(code.holds(home, call[0].place) for home in homes)]
        return list(dict.fromkeys(inside))
    sites = [site for site in _reporting(code) if not homes or any(code.holds(one, site.place) for one in homes)]
    return [(site.call, site.function) for site in sites]


def _calls_in(homes: list[Entity], called: Mention, code: Code) -> bool:
    return any(code.holds(home, call.place) for home in homes for call, _ in code.calls_of(called.name))


def _reporting(code: Code) -> list[Site]:
    sites = [code.facts.calls.site(call, function) for function in code.program.functions for call in function.calls()]
    return [site for site in sites if site is not None and site.api.reports]


def _is_dropped(call: Call, function: FunctionInfo) -> bool:
    for statement in function.statements():
        if isinstance(statement, Evaluate):
            value = statement.value.value if isinstance(statement.value, Await) else statement.value
            if value is call:
                return True
    return False


def _reports_nothing(call: Call, function: FunctionInfo, code: Code) -> bool:
    """Say whether the result says nothing: the call raises instead, or returns nothing."""
    api = code.facts.calls.api_of(call, function)
    if api is not None:
        is_own_python = function.unit.language is Language.PYTHON and not api.name.startswith("Q")
        return not api.reports and (is_own_python or not api.returns)
    callees = code.facts.calls.callees(call, function)
    return bool(callees) and all(callee.return_type in ("void", "None") for callee in callees)


def _how(call: Call, is_silent: bool, function: FunctionInfo) -> str:
    if not is_silent:
        return f"the result of {call.called_name}() is used"
    if function.unit.language is Language.PYTHON:
        return f"{call.called_name}() raises when it fails"
    return f"{call.called_name}() reports nothing in its result"


def _line(place: Place) -> tuple[str, int]:
    return place.file, place.line


KIND = ClaimKind(
    name="return ignored",
    title="the result of a call is not looked at",
    complaint=words(
        r"(?:return(?:ed)?\W+(?:value|code|status)s?|results?|outcome|error codes?)\W+(?:(?:\w+|"
        r"<\w+>)\W+){0,8}?(?:ignored|unchecked|discarded|dropped|not\W+(?:\w+\W+)?(?:checked|tested|verified|"
        r"handled|examined|used|inspected|evaluated)|never\W+(?:checked|tested|used|verified))",
        r"(?:ignor(?:es|ed|ing)|discards?|drops?|unchecked|not checking|n't check|not check|never checks?|"
        r"without checking|fails? to check)\W+(?:\w+\W+){0,3}?(?:return(?:ed)?\W+(?:value|code)s?|results?|"
        r"errors? (?:of|from|codes?))",
        r"(?:no|missing|lacks?|without)\W+(?:\w+\W+)?error[\s-]+(?:handling|check(?:s|ing)?)",
        r"errors?\W+(?:\w+\W+){0,4}?(?:ignored|not handled|not checked|unhandled|unchecked)",
        r"(?:should|must)\W+(?:\w+\W+)?(?:check|test|verify)\W+(?:\w+\W+){0,2}?(?:return|result)",
        r"check the (?:return|result)",
        r"(?:<\d+s?>|call)\W+(?:is|are)\W+(?:unchecked|not checked)",
    ),
    denial=words(
        r"(?:return(?:ed)?\W+(?:value|code)s?|results?)\W+(?:(?:\w+|<\w+>)\W+){0,5}?(?:is|are)\W+(?:\w+ly\W+|"
        r"always\W+)?(?:checked|tested|verified|handled|used)",
        r"checks\W+(?:\w+\W+){0,2}?(?:return|result)",
    ),
    check=check,
    rank=3,
    examples=(
        "The return value of `listen()` is ignored.",
        "The result of `waitForConnected()` is not checked.",
        "There is no error handling for `connectToServer()`.",
    ),
)
