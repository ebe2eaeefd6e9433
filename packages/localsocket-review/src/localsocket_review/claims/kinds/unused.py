"""Whether variables, functions, classes and macros are used."""

from __future__ import annotations

import re

from localsocket_review.apis import built_in
from localsocket_review.claims.claim import Answer, Claim, Shown, by_findings, refuted, supported, undecided
from localsocket_review.claims.clauses import is_proposed
from localsocket_review.claims.kinds.kind import ClaimKind, words
from localsocket_review.claims.mentions import Mention
from localsocket_review.claims.reviewed_code import Code, Entity, Sort
from localsocket_review.claims.uses import Uses
from localsocket_review.model.place import Place

_SORTS = {
    "function": (Sort.FUNCTION,),
    "method": (Sort.FUNCTION,),
    "slot": (Sort.FUNCTION,),
    "variable": (Sort.VARIABLE, Sort.MEMBER),
    "member": (Sort.MEMBER,),
    "field": (Sort.MEMBER,),
    "attribute": (Sort.MEMBER,),
    "parameter": (Sort.PARAMETER,),
    "argument": (Sort.PARAMETER,),
    "class": (Sort.CLASS,),
    "macro": (Sort.MACRO,),
    "constant": (Sort.MACRO,),
}
_ANY = (Sort.FUNCTION, Sort.VARIABLE, Sort.MEMBER)
_SHOWN = 3  # uses told of each name


def check(claim: Claim, code: Code) -> Answer:
    missing = [subject for subject in claim.subjects if not code.resolve(subject, claim.scopes)]
    if missing and not is_proposed(claim.text, missing[0]):
        return _of_missing(missing[0], claim, code)
    entities = [entity for subject in claim.subjects for entity in code.resolve(subject, claim.scopes)]
    headers = [place for scope in claim.scopes for place in _included(scope, code)]
    if headers:
        answer = _of_headers(headers, code)
    elif entities:
        answer = _of_names(entities, code)
    elif missing or not _is_about_all(claim):
        return undecided("No name in the code says what is not used.")
    else:
        answer = _of_all(claim, code)
    if claim.is_complaint:
        return answer
    return _denied(answer)


def _of_missing(subject: Mention, claim: Claim, code: Code) -> Answer:
    """What the code does not have is not used, which may be what is meant: "`shutdown()` is never called"."""
    is_of_own_class = code.program.class_named(subject.qualifier) is not None if subject.qualifier else False
    if not claim.is_complaint or is_of_own_class or not _NOT_CALLED.search(claim.clause):
        return code.not_there(subject)
    if built_in().is_known_call(subject.name):
        places: list[Shown] = [(unit.body.place, "searched") for unit in code.program.units if unit.body is not None]
        return supported(f"Nothing in the code is called {subject.text}; searched: {code.extent}.", *places)
    return undecided(
        f"Nothing in the code is called {subject.text}: if the program should have it, it does not, and if it comes "
        f"from elsewhere, it is not used; searched: {code.extent}."
    )


def _included(scope: Mention, code: Code) -> list[Place]:
    return [entity.place for entity in code.resolve(scope) if entity.sort is Sort.OUTSIDE]


def _of_headers(headers: list[Place], code: Code) -> Answer:
    found = [
        finding
        for finding in code.findings("LS403")
        if any(one.place == header for one in finding.evidence for header in headers)
    ]
    if found:
        return by_findings(found, is_complaint=True)
    return undecided("LS403 does not find it unused.", *((place, "included here") for place in headers))


def _is_about_all(claim: Claim) -> bool:
    return re.search(rf"\b(?:{'|'.join(_SORTS)}|code|things?|names?)(?:s|es)?\b", claim.clause, re.I) is not None


def _of_names(entities: list[Entity], code: Code) -> Answer:
    uses = Uses(code)
    used: list[Shown] = []
    unused: list[Entity] = []
    for entity in entities:
        found = uses.of(entity)
        used.extend((place, f"{entity}: {note}") for place, note in list(dict.fromkeys(found))[:_SHOWN])
        if not found:
            unused.append(entity)
    names = ", ".join(dict.fromkeys(str(entity) for entity in entities))
    if used and unused:
        return undecided(f"Of several with that name, some are used and others are not: {names}.", *used)
    if used:
        return refuted(f"{names} is used.", *used)
    places: list[Shown] = [(entity.place, f"{entity} is here, and nothing {_verb(entity)} it") for entity in unused]
    if any(uses.is_named_otherwise(entity) for entity in unused):
        return undecided(
            f"No use of {names} is found, but the name appears elsewhere; searched: {code.extent}.", *places
        )
    if any(uses.may_be_used_elsewhere(entity) for entity in unused):
        return undecided(f"None of the files given uses {names}, but others may; searched: {code.extent}.", *places)
    return supported(f"Nothing {_verb(unused[0])} {names}; searched: {code.extent}.", *places)


def _verb(entity: Entity) -> str:
    return "reads" if entity.sort in (Sort.VARIABLE, Sort.MEMBER, Sort.PARAMETER) else "uses"


def _of_all(claim: Claim, code: Code) -> Answer:
    """A claim that names nothing is about everything of the sort that it speaks of."""
    uses = Uses(code)
    sorts = [
        sort
        for word, sorts in _SORTS.items()
        if re.search(rf"\b{word}(?:s|es)?\b", claim.clause, re.I)
        for sort in sorts
    ]
    examined = _examined(code, tuple(sorts) or _ANY, claim)
    unused = [entity for entity in examined if not uses.of(entity)]
    certain = [entity for entity in unused if not uses.may_be_used_elsewhere(entity)]
    places: list[Shown] = [(entity.place, f"{entity}: nothing uses it") for entity in unused]
    if claim.count is not None and claim.is_complaint and claim.count != len(certain):
        if claim.count <= len(unused) and len(certain) < claim.count:
            return undecided(f"{len(unused)} are not used in the files given, but may be used by others.", *places)
        return refuted(f"{len(unused)} of {len(examined)} are not used, and not {claim.count}.", *places)
    if certain:
        return supported(f"{len(unused)} of {len(examined)} are not used.", *places)
    if unused:
        return undecided(
            f"{len(unused)} of {len(examined)} are not used in the files given, but may be used by others.", *places
        )
    shown = [(place, f"{entity}: {note}") for entity in examined[:_SHOWN] for place, note in uses.of(entity)[:1]]
    return refuted(f"All {len(examined)} are used; searched: {code.extent}.", *shown)


def _examined(code: Code, sorts: tuple[Sort, ...], claim: Claim) -> list[Entity]:
    files = {entity.unit.path for scope in claim.scopes for entity in code.resolve(scope)}
    found = [entity for entity in code.of_sort(*sorts) if not files or entity.unit.path in files]
    return [entity for entity in found if entity.name.strip("_")]


def _denied(answer: Answer) -> Answer:
    """What is refuted of "unused" supports "used", by the same places."""
    shown = [(one.place, one.note) for one in answer.places]
    if answer.verdict == "refuted" and shown:
        return supported(answer.reason, *shown)
    if answer.verdict == "supported":
        return refuted(answer.reason, *shown)
    return undecided(answer.reason, *shown)


_NOT_CALLED = re.compile(r"\b(?:never|not|nowhere|no)\b", re.IGNORECASE)

KIND = ClaimKind(
    name="unused",
    title="a variable, function, class or macro is not used",
    complaint=words(
        r"\bunused",
        r"\bunreferenced",
        r"\buncalled",
        r"\bdead (?:code|functions?|methods?|variables?)",
        r"\bunreachable functions?",
        r"(?:never|not|nowhere)\W+(?:\w+\W+){0,3}?(?:used|called|invoked|referenced|read|utili[sz]ed|needed|"
        r"instantiated|executed)\b(?!\W+(?:by |on |from |in (?:a|the|another) )?(?:\w+\W+){0,2}?"
        r"(?:threads?|safely|correctly|properly|event)|\s+(?:when|if|unless|until|before|after|while|for|on)\b)",
        r"(?:nobody|nothing|no one|no code|none)\W+(?:\w+\W+){0,2}?(?:calls?|uses?|references?|reads?|needs?)\b",
        r"(?:not|unable to) (?:find|see|locate|spot)\W+(?:an?\W+|any\W+)?(?:callers?|calls?|uses?|usages?|"
        r"references?)\b",
        r"\bserves? no purpose",
        r"(?:has|have) no (?:callers?|uses?|effect|references?)",
        r"(?:no|without) (?:callers?|usages?|references)\b",
    ),
    denial=words(
        r"(?:is|are|gets?) (?:\w+ly |all |in fact |actually )?(?:used|called|invoked|referenced|"
        r"needed)(?= ?(?:$|[.,;:!)]|by <|in <|from <|there|here|somewhere|elsewhere|throughout))",
    ),
    check=check,
    for_each_name=True,
    knows_missing=True,
    rank=4,
    examples=(
        "The functions `pingPong_data()` and `dataExchange_data()` are never called.",
        "There are unused variables and functions.",
        "`m_count` is not used anywhere.",
        "3 unused functions remain.",
        "`helper()` is called by `main()`, so it is not unused.",
    ),
)
