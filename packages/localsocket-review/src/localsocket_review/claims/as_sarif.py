"""The answers as SARIF: each claim a result, and what is refuted suppressed."""

from __future__ import annotations

import json
from importlib.metadata import version

from localsocket_review.claims.checking import CheckedReview
from localsocket_review.claims.claim import CheckedClaim, Verdict

Json = dict[str, object]
_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Verdict.SUPPORTED: "warning", Verdict.REFUTED: "none", Verdict.UNDECIDED: "note"}
_WORDS = {Verdict.SUPPORTED: "supported", Verdict.REFUTED: "refuted", Verdict.UNDECIDED: "undecided"}


def sarif_of_checked(checked: CheckedReview) -> str:
    rules = sorted({_rule(one) for one in checked.claims})
    run: Json = {
        "tool": {
            "driver": {
                "name": "localsocket review --check-review",
                "version": version("localsocket-review"),
                "rules": [{"id": rule} for rule in rules],
            }
        },
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": True,
                "toolExecutionNotifications": [
                    {"level": "note", "message": {"text": f"Not answered ({one.why}): {one.text}"}}
                    for one in checked.not_claims
                ],
            }
        ],
        "results": [_result(one) for one in checked.claims],
        "properties": {"summary": checked.summary, "searched": checked.searched},
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False) + "\n"


def _rule(one: CheckedClaim) -> str:
    return one.remark.rule if one.remark is not None and one.remark.rule else one.claim.kind


def _result(one: CheckedClaim) -> Json:
    answer = one.answer
    result: Json = {
        "ruleId": _rule(one),
        "level": _LEVELS[answer.verdict],
        "message": {"text": f"{one.claim.text} [{_WORDS[answer.verdict]}: {answer.reason}]"},
        "properties": {"answer": _WORDS[answer.verdict], "reason": answer.reason},
    }
    if one.remark is not None and one.remark.file:
        result["locations"] = [_location(one.remark.file, one.remark.line, "")]
    elif answer.places:
        result["locations"] = [_location(answer.places[0].place.file, answer.places[0].place.line, "")]
    if answer.places:
        result["relatedLocations"] = [
            {"id": number, **_location(place.place.file, place.place.line, place.note)}
            for number, place in enumerate(answer.places, 1)
        ]
    if answer.verdict is Verdict.REFUTED:
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": answer.reason}]
    return result


def _location(file: str, line: int, note: str) -> Json:
    physical: Json = {"artifactLocation": {"uri": file}}
    if line:
        physical["region"] = {"startLine": line}
    location: Json = {"physicalLocation": physical}
    return {**location, "message": {"text": note}} if note else location
