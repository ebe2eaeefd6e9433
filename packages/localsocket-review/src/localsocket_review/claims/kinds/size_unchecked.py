"""Whether sizes and buffers that a peer fills are bounded."""

from __future__ import annotations

from collections.abc import Iterator

from localsocket_review.analysis.sites import Site
from localsocket_review.apis.meaning import Act
from localsocket_review.claims.claim import Answer, Claim, Shown, by_findings, refuted, supported, undecided
from localsocket_review.claims.kinds.kind import ClaimKind, words
from localsocket_review.claims.reviewed_code import Code
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import COMPARISONS, Binary, Call, Expression, Literal, walk

_RULES = ("LS110", "LS111", "LS301")
_LENGTHS = frozenset({"size", "length", "count", "len", "bytesAvailable", "strlen"})
_SIZED = Act.ALLOCATE | Act.COPY_TEXT | Act.RECEIVE


def check(claim: Claim, code: Code) -> Answer:
    homes = _homes(claim, code)
    findings = [
        finding
        for finding in code.findings(*_RULES)
        if not homes or any(_holds(one, finding.place.file, finding.place.line) for one in homes)
    ]
    if findings:
        return by_findings(findings, claim.is_complaint)
    sites = [site for site in _sized(code) if not homes or site.function in homes]
    if not sites:
        return _without_sizes(claim, code, homes)
    guarded = [shown for site in sites for shown in _guards(site, code)]
    if not guarded and homes and all(site.argument("size") is None for site in sites):
        guarded = list(_lengths_compared(homes))
    if guarded:
        reason = "The size is compared with a limit before it is used."
        return refuted(reason, *guarded) if claim.is_complaint else supported(reason, *guarded)
    from_peer = [
        site for site in sites if (size := site.argument("size")) is not None and _is_received(size, site, code)
    ]
    shown: list[Shown] = [(site.place, f"{site.api.method}() takes no size from a peer") for site in sites]
    if not from_peer and all(site.argument("size") is not None for site in sites):
        reason = f"No size that a peer sends reaches any of the {len(sites)} places that allocate memory."
        return refuted(reason, *shown) if claim.is_complaint else supported(reason, *shown)
    return undecided("No rule finds an unchecked size, which does not prove that there is none.", *shown)


def _sized(code: Code) -> Iterator[Site]:
    """Yield what takes memory, or waits for bytes, by a size that is worked out, and what copies texts."""
    for site in code.facts.calls.sites(_SIZED):
        size = site.argument("size")
        if site.api.act & Act.COPY_TEXT or (size is not None and not isinstance(size, Literal)):
            yield site


def _without_sizes(claim: Claim, code: Code, homes: list[FunctionInfo]) -> Answer:
    compared = list(_lengths_compared(homes))
    if compared:
        reason = "How much has arrived is compared with a limit."
        return refuted(reason, *compared) if claim.is_complaint else supported(reason, *compared)
    where = " there" if homes else ""
    shown: list[Shown] = [(home.place, f"{home.name}() takes no size") for home in homes]
    reads: list[Shown] = [
        (site.place, f"{site.api.method}() returns what has arrived, however much")
        for site in code.facts.calls.sites(Act.RECEIVE)
        if not homes or site.function in homes
    ]
    return undecided(
        f"Nothing{where} allocates memory by a size, or copies into a buffer; searched: {code.extent}.", *shown, *reads
    )


def _lengths_compared(homes: list[FunctionInfo]) -> Iterator[Shown]:
    """Yield where a function compares how long something has become: `buffer.size() > MAX`, `len(data) > LIMIT`."""
    for home in homes:
        for expression in home.expressions():
            if isinstance(expression, Binary) and expression.operator in (">", ">=", "<", "<="):
                for side, other in ((expression.left, expression.right), (expression.right, expression.left)):
                    is_length = isinstance(side, Call) and side.called_name in _LENGTHS
                    if is_length and not (isinstance(other, Literal) and other.value in (0, 1)):
                        yield expression.place, "compared with a limit here"


def _homes(claim: Claim, code: Code) -> list[FunctionInfo]:
    found: list[FunctionInfo] = []
    for subject in (*claim.subjects, *claim.scopes):
        for entity in code.resolve(subject, claim.scopes):
            if isinstance(entity.found, FunctionInfo):
                found.append(entity.found)
            elif entity.function is not None:
                found.append(entity.function)
            elif entity.owner is not None:
                found.extend(method for method in entity.owner.all_methods() if method.body is not None)
    return found


def _holds(function: FunctionInfo, file: str, line: int) -> bool:
    return function.place.file == file and any(
        statement.place.line <= line <= max(statement.place.end_line, statement.place.line)
        for statement in function.statements()
    )


def _is_received(size: Expression, site: Site, code: Code) -> bool:
    return code.facts.taint.received_size(size, site.function) is not None


def _guards(site: Site, code: Code) -> list[Shown]:
    size = site.argument("size")
    if size is None:
        return []
    variable = code.facts.names.variable(size, site.function)
    found = []
    for guard in code.facts.flow(site.function).guards(site.call):
        for part in walk(guard.test):
            compares = isinstance(part, Binary) and part.operator in COMPARISONS - {"==", "!=", "in", "not in"}
            named = [code.facts.names.variable(one, site.function) for one in walk(part)]
            if compares and variable is not None and variable in named:
                found.append((part.place, f"compared here, before {site.api.method}()"))
    return found


KIND = ClaimKind(
    name="size unchecked",
    title="a size or a buffer is not bounded",
    complaint=words(
        r"buffer\W+over(?:flow|run|read)s?",
        r"stack overflow",
        r"out[\s-]of[\s-]bounds",
        r"(?:sizes?|lengths?|buffers?|bounds?|input|data|payload)\W+(?:(?:\w+|<\w+>)\W+){0,7}?(?:unchecked|"
        r"unbounded|unlimited|unvalidated|not\W+(?:\w+\W+)?(?:checked|validated|verified|bounded|limited)|"
        r"never\W+(?:checked|validated|bounded|limited)|without\W+(?:a\W+|any\W+)?(?:limit|maximum|check|"
        r"bound|validation)\w*)",
        r"(?:unchecked|unbounded|unlimited|unvalidated|arbitrar(?:y|ily))\W+(?:large\W+|\w+\W+)?(?:sizes?|"
        r"lengths?|buffers?|allocations?|memory|reads?|input)",
        r"(?:no|without|missing|lacks?)\W+(?:an?\W+|any\W+)?upper\W+(?:bound|limit)",
        r"<\d+s?>\W+(?:is|are)\W+(?:not|never)\W+(?:\w+\W+)?(?:validated|bounded|limited|saniti[sz]ed)",
        r"(?:not|never|without)\W+(?:check|validat|limit|verif|bound|compar)\w*\W+(?:it|them|that|this|<\d+s?>)\W+"
        r"(?:against|with|to)\b",
        r"(?:overflow|overrun)s?\W+(?:\w+\W+){0,2}?(?:buffer|array|stack|<\d+>)",
        r"(?:no|without|missing|lacks?)\W+(?:an?\W+|any\W+)?(?:\w+\W+)?(?:size|length|bounds?|input)\W*"
        r"(?:check|limit|validation|checking|maximum)s?",
        r"(?:no|without)\W+(?:a\W+|any\W+)?(?:upper )?(?:limit|maximum|bound)\W+(?:on|for|to)\W+(?:the\W+)?"
        r"(?:size|length|buffer|amount|message|line)",
        r"(?:not|never)\W+(?:check|validate|limit|verify|bound)s?\W+(?:\w+\W+){0,2}?(?:size|length|bounds?|"
        r"input)",
    ),
    denial=words(
        r"(?:sizes?|lengths?|buffers?)\W+(?:(?:\w+|<\w+>)\W+){0,4}?(?:is|are)\W+(?:\w+ly\W+)?(?:checked|"
        r"validated|bounded|limited|compared)",
        r"(?:checks|limits|bounds|validates)\W+(?:\w+\W+){0,2}?(?:size|length)",
    ),
    check=check,
    rank=3,
    examples=(
        "The size from the header is unchecked.",
        "There is a potential buffer overflow in `read_message()`.",
        "`receive()` does not validate the length.",
    ),
)
