"""A rule or a weakness, called by its number."""

from __future__ import annotations

from localsocket_review.claims.claim import Answer, Claim, by_findings, refuted, undecided
from localsocket_review.claims.kinds.kind import ClaimKind, words
from localsocket_review.claims.reviewed_code import Code
from localsocket_review.findings import Finding
from localsocket_review.rules import all_rules


def check(claim: Claim, code: Code) -> Answer:
    named = (*claim.subjects, *claim.scopes)
    name = next(one.name for one in named if one.name.startswith(("LS", "CWE-")))
    rules = [rule for rule in all_rules() if name in (rule.id, rule.cwe)]
    found = [
        finding for rule in all_rules() for finding in code.findings(rule.id) if name in (finding.rule, finding.cwe)
    ]
    scopes = [entity for one in (*claim.scopes, *claim.subjects) if one.name != name for entity in code.resolve(one)]
    lines = {
        (entity.place.file, entity.place.line) for entity in scopes if entity.place.line > 1 and entity.sort == "file"
    }
    here = [finding for finding in found if (lines & _lines_of(finding) if lines else code.concerns(finding, scopes))]
    if here:
        return by_findings(here, claim.is_complaint)
    elsewhere = [(finding.place, f"{finding.rule} is found here") for finding in found]
    if name.startswith("LS") and not rules:
        return undecided(f"There is no rule {name}.")
    if name.startswith("LS") and claim.is_complaint:
        return refuted(f"{name} finds nothing{' there' if elsewhere else ''}; searched: {code.extent}.", *elsewhere)
    return undecided(f"No rule finds {name}, which does not prove that it is not there.", *elsewhere)


def _lines_of(finding: Finding) -> set[tuple[str, int]]:
    places = [finding.place, *(one.place for one in finding.evidence)]
    return {(place.file, place.line) for place in places}


KIND = ClaimKind(
    name="rule named",
    title="a rule of ours, or a CWE, is broken",
    complaint=words(
        r"<(?:LS|CWE-)\d+>",
        r"(?:violat\w+|breaks?|finding|reports?|found|detected|flagged)\W+<(?:LS\d{3}|CWE-\d+)>",
    ),
    denial=None,
    check=check,
    takes_rules=True,
    knows_missing=True,
    needs_name=True,
    rank=4,
    examples=("LS106 at server.py:6.", "CWE-78 in `serve()`."),
)
