"""The answers as JSON, for programs."""

from __future__ import annotations

import json

from localsocket_review.claims.checking import CheckedReview
from localsocket_review.claims.claim import CheckedClaim, Verdict
from localsocket_review.claims.structured import Remark

_WORDS = {Verdict.SUPPORTED: "supported", Verdict.REFUTED: "refuted", Verdict.UNDECIDED: "undecided"}


def json_of_checked(checked: CheckedReview) -> str:
    document = {
        "summary": checked.summary,
        "claims": [_claim(one) for one in checked.claims],
        "not_claims": [
            {"line": one.line, "text": one.text, "why": one.why, **_source(one.remark)} for one in checked.not_claims
        ],
        "searched": checked.searched,
        "not_read": list(checked.not_read),
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _claim(one: CheckedClaim) -> dict[str, object]:
    return {
        "line": one.claim.line,
        "point": one.claim.point,
        "kind": one.claim.kind,
        "names": list(one.claim.names),
        "text": one.claim.text,
        "says_wrong": one.claim.is_complaint,
        "hedged": one.claim.is_hedged,
        "answer": _WORDS[one.answer.verdict],
        "reason": one.answer.reason,
        "places": [
            {"file": place.place.file, "line": place.place.line, "column": place.place.column, "note": place.note}
            for place in one.answer.places
        ],
        **_source(one.remark),
    }


def _source(remark: Remark | None) -> dict[str, object]:
    """Where a structured review says it."""
    if remark is None:
        return {}
    return {
        "file": remark.file,
        "at_line": remark.line,
        "author": remark.author,
        "url": remark.url,
        "rule": remark.rule,
    }
