"""Whether the code has security defects at all."""

from __future__ import annotations

import re

from localsocket_review.apis.meaning import Act
from localsocket_review.claims.claim import Answer, Claim, Shown, by_findings, supported, undecided
from localsocket_review.claims.kinds.kind import ClaimKind, words
from localsocket_review.claims.reviewed_code import Code
from localsocket_review.findings import Category
from localsocket_review.rules import all_rules

_SPEAKS_OF_FINDING = re.compile(
    r"\b(?:detected|found|seen|identified|discovered|observed|find|see|detect|apparent)\b", re.I
)
_OF_A_KIND = re.compile(
    r"\bvulnerable\W+to\W+(?!attack|exploit|abuse)|"
    r"(?<!\w)(?!(?:security|the|an?|any|no|some|serious|critical|severe|several|many|few|following|"
    r"these|those|other|more|"
    r"potential|possible|known|obvious|major|minor|of|are|is|find|found|see|has|have|contains?|two|three|four|five|"
    r"detected|identified|without|free|new|local|real|high|low|medium|severity|risk|apparent|multiple|further|first|"
    r"and|or|for|this)\W)(?!\d)[\w-]+\W+vulnerabilit",
    re.IGNORECASE,
)
_SHOWN = 6


def check(claim: Claim, code: Code) -> Answer:
    if _OF_A_KIND.search(claim.clause):
        return undecided("No rule is about defects of this kind.")
    entities = [entity for one in (*claim.scopes, *claim.subjects) for entity in code.resolve(one)]
    findings = [finding for finding in code.security_findings() if code.concerns(finding, entities)]
    files = {entity.unit.path for entity in entities}
    if findings:
        return by_findings(findings, claim.is_complaint)
    rules = sum(rule.category is Category.SECURITY for rule in all_rules())
    sites = code.facts.calls.sites(Act.BIND | Act.LISTEN | Act.CONNECT | Act.ACCEPT | Act.RECEIVE)
    examined: list[Shown] = [
        (site.place, f"{site.api.method}() was examined") for site in sites if not files or site.place.file in files
    ]
    told = f"None of {rules} security rules finds a defect; searched: {code.extent}."
    if not claim.is_complaint and examined and _SPEAKS_OF_FINDING.search(claim.clause):
        return supported(told, *examined[:_SHOWN])
    return undecided(f"{told} That does not prove that there is none.", *examined[:_SHOWN])


KIND = ClaimKind(
    name="security defects",
    title="the code has security defects, or has none",
    complaint=words(
        r"security\W+(?:\w+\W+)?(?:defects?|issues?|problems?|flaws?|holes?|bugs?|risks?|concerns?|"
        r"vulnerabilit(?:y|ies)|weakness(?:es)?)",
        r"vulnerabilit(?:y|ies)",
        r"vulnerable",
        r"insecure\b",
    ),
    denial=words(
        r"\b(?:code|program|implementation|it|server|everything)\W+(?:is|looks|seems|appears)\W+(?:to be\W+)?"
        r"(?:\w+ly\W+)?secure\b",
    ),
    check=check,
    rank=7,
    examples=(
        "No security defects are detected in the code.",
        "The code is secure.",
        "There are security vulnerabilities.",
    ),
)
