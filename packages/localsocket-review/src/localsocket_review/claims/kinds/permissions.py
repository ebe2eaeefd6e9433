"""Who may connect: whether the program says it, and what."""

from __future__ import annotations

import re

from localsocket_review.analysis.sites import Site
from localsocket_review.apis.meaning import Act
from localsocket_review.claims.claim import Answer, Claim, Shown, by_findings, refuted, supported, undecided
from localsocket_review.claims.kinds.kind import ClaimKind, words
from localsocket_review.claims.reviewed_code import Code
from localsocket_review.model.declarations import FunctionInfo

_OPEN = ("LS101", "LS103", "LS116")
_NOT_STATED = re.compile(
    r"\b(?:no|not|never|without|lacks?|missing|n't|default|unspecified|should|set|restrict\w*)\b", re.I
)
_CALLS = ("setSocketOptions", "fchmod", "chmod", "umask")
_OTHERS = 0o077
_PRIVATE = "UserAccessOption"


def check(claim: Claim, code: Code) -> Answer:
    binds = list(code.facts.calls.sites(Act.BIND))
    stated = list(code.facts.calls.sites(Act.CHMOD | Act.UMASK))
    entities = [entity for one in (*claim.subjects, *claim.scopes) for entity in code.resolve(one, claim.scopes)]
    not_called = [word for word in _CALLS if word in claim.clause and not code.calls_of(word)]
    if not_called and claim.is_complaint and _is_about_absence(claim) and binds:
        reason = f"{' and '.join(not_called)} is called nowhere; searched: {code.extent}."
        return supported(reason, *((site.place, f"{site.api.method}() takes the name") for site in binds))
    findings = [finding for finding in code.findings(*_OPEN) if code.concerns(finding, entities)]
    if findings and not (claim.is_complaint and _is_about_absence(claim) and stated):
        return by_findings(findings, claim.is_complaint)
    if not binds:
        reason = f"Nothing takes a name that others could connect to; searched: {code.extent}."
        return refuted(reason) if claim.is_complaint else undecided(reason)
    homes = [site.function for site in stated]
    if stated and not all(_is_near(site.function, homes) for site in binds):
        places: list[Shown] = [(site.place, f"{site.api.method}() takes the name") for site in binds]
        return undecided("It is stated for one endpoint, but not beside every other.", *places)
    narrow = [site for site in stated if _is_narrow(site, code)]
    shown: list[Shown] = [(site.place, f"{site.api.method}() states it") for site in narrow or stated]
    if narrow or (stated and _is_about_absence(claim)):
        reason = "Who may connect is stated."
        return refuted(reason, *shown) if claim.is_complaint else supported(reason, *shown)
    if stated:
        return undecided("A mode is set, but its value is not in the code.", *shown)
    here: list[Shown] = [
        (site.place, f"{site.api.method}() takes the name, with the mode that the umask leaves") for site in binds
    ]
    if claim.is_complaint and _is_about_absence(claim):
        return supported("Nothing states who may connect.", *here)
    if not claim.is_complaint:
        return refuted("Nothing states who may connect.", *here)
    return undecided(
        "Nothing states who may connect, so the umask decides: on Linux 022 by default, with which other users cannot "
        "connect.",
        *here,
    )


def _is_about_absence(claim: Claim) -> bool:
    return bool(_NOT_STATED.search(claim.clause))


def _is_near(function: FunctionInfo, homes: list[FunctionInfo]) -> bool:
    """Say whether the class or the file of the function states a mode, where a file has no classes."""
    return any(one is function or (one.owner is not None and one.owner is function.owner) for one in homes) or any(
        one.owner is None and one.unit is function.unit and function.owner is None for one in homes
    )


def _is_narrow(site: Site, code: Code) -> bool:
    mode = site.argument("mode")
    if site.api.act & Act.UMASK:
        return True
    if mode is None:
        return False
    if _PRIVATE in str(getattr(mode, "name", getattr(mode, "identifier", ""))):
        return True
    modes = code.facts.values.numbers(mode, site.function)
    return bool(modes) and not any(number & _OTHERS for number in modes)


KIND = ClaimKind(
    name="permissions",
    title="who may connect",
    complaint=words(
        r"(?:insecure|wrong|weak|excessive|overly permissive|too (?:open|permissive|wide|broad)|lax|loose|"
        r"default|incorrect|missing|no|unrestricted)\W+(?:\w+\W+){0,3}?(?:permissions?|access (?:rights?|"
        r"control|restrictions?|options?)|socket options?)",
        r"(?:permissions?|access (?:rights?|control|options?)|modes?|socket options)\W+(?:(?:\w+|"
        r"<\w+>)\W+){0,7}?(?:too (?:open|wide|permissive|broad)|insecure|missing|unrestricted|not\W+"
        r"(?:\w+\W+)?(?:set|restricted|stated|specified|limited|checked)|never\W+(?:set|restricted)|"
        r"overly permissive|weak)",
        r"world[\s-](?:readable|writable|writeable|accessible)",
        r"world access",
        r"<WorldAccessOption>",
        r"(?:any|every|all|other)\W+(?:local\W+|other\W+)?(?:users?|process(?:es)?)\W+(?:\w+\W+){0,5}?"
        r"(?:connect|access|talk|open)",
        r"(?:not|never|n't|without)\W+(?:\w+\W+)?(?:restrict|set|limit)(?:s|ed|ing)?\W+(?:\w+\W+){0,3}?"
        r"(?:permissions?|access|mode)",
        r"(?:restrict|limit)\W+(?:\w+\W+){0,2}?(?:permissions?|access)",
        r"\bumask\W+(?:is|are)\W+(?:not|never)\W+(?:set|changed|restricted)",
        r"(?:no|missing|without)\W+(?:call to\W+|use of\W+)?(?:<setSocketOptions>|<chmod>|<fchmod>|<umask>)",
        r"(?:<setSocketOptions>|<chmod>|<fchmod>)\W+(?:\w+\W+){0,3}?(?:not|never|missing)",
        r"(?:does not|doesn't|never|should|must|not)\W+(?:\w+\W+)?(?:call|use|calls?|uses?|set)s?\W+"
        r"(?:<setSocketOptions>|<chmod>|<fchmod>)",
    ),
    denial=words(
        r"(?:permissions?|access(?: rights?)?|modes?)\W+(?:(?:\w+|<\w+>)\W+){0,5}?(?:is|are)\W+(?:\w+ly\W+)?"
        r"(?:restricted|private|limited|correct|safe)",
        r"only\W+(?:the\W+)?(?:owner|same user|user)\W+(?:\w+\W+)?(?:connect|access)",
        r"restricts\W+(?:\w+\W+){0,2}?access",
    ),
    check=check,
    topics=frozenset({"setSocketOptions", "chmod", "fchmod", "umask", "WorldAccessOption"}),
    rank=3,
    examples=(
        "The socket is world-writable.",
        "No permissions are set on the socket.",
        "Any local user can connect to the server.",
        "The access rights are not restricted.",
    ),
)
