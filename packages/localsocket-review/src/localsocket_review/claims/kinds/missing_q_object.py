"""Whether a class has Q_OBJECT, and needs it."""

from __future__ import annotations

from localsocket_review.claims.claim import Answer, Claim, Shown, refuted, supported, undecided
from localsocket_review.claims.kinds.kind import ClaimKind, words
from localsocket_review.claims.reviewed_code import Code, Entity, Sort
from localsocket_review.model.declarations import ClassInfo
from localsocket_review.model.unit import Language

_MACRO = r"(?:<(?:Q_OBJECT|Q_GADGET)>|Q_OBJECT)"
_FILLER = (
    r"(?:\W+(?:the|a|an|its|any|required|necessary|mandatory|needed|own|Qt|macro|qt's|of|in|on|declaring|having|using|"
    r"including|adding)\b){0,4}\W*"
)


def check(claim: Claim, code: Code) -> Answer:
    classes = _classes(claim, code)
    if not classes:
        return _without_classes(claim, code)
    having = [found for found in classes if found.macros]
    lacking = {found: code_place for found in classes if not found.macros for code_place in [found.place]}
    needed = [finding for finding in code.findings("LS401") if finding.place in lacking.values()]
    if not claim.is_complaint:
        if lacking:
            return refuted("There is no Q_OBJECT in it.", *((one.place, f"{one.name} has none") for one in lacking))
        return supported("Q_OBJECT is there.", *_macros(having))
    if needed:
        names = ", ".join(found.name for found, place in lacking.items() if any(one.place == place for one in needed))
        evidence = [(one.place, one.note) for finding in needed for one in finding.evidence]
        return supported(f"{names} has no Q_OBJECT, and needs it.", *evidence)
    if not lacking:
        return refuted(f"Q_OBJECT is there, in {', '.join(found.name for found in having)}.", *_macros(having))
    outside = [found for found in lacking if not _is_q_object(found, code)]
    if len(outside) == len(lacking):
        shown: list[Shown] = [(found.place, f"{found.name} is not a QObject") for found in outside]
        return refuted("Only a QObject needs Q_OBJECT.", *shown)
    return undecided(
        "There is no Q_OBJECT, and nothing in the files given needs it: no signal, slot, tr() or qobject_cast.",
        *((found.place, f"{found.name} has none") for found in lacking),
    )


def _without_classes(claim: Claim, code: Code) -> Answer:
    python = [entity for subject in claim.subjects for entity in code.resolve(subject) if _is_python(entity)]
    if claim.subjects and not python:
        return undecided("What is named is not a class whose declaration is among the files given.")
    python = python or [one for one in code.of_sort(Sort.CLASS) if _is_python(one)]
    if python:
        places: list[Shown] = [(one.place, f"{one.name} is a Python class") for one in python[:3]]
        return refuted("Python classes have no Q_OBJECT: PySide and PyQt register them by themselves.", *places)
    return refuted(f"There is no class that could need Q_OBJECT; searched: {code.extent}.")


def _is_python(entity: Entity) -> bool:
    return entity.sort is Sort.CLASS and entity.unit.language is Language.PYTHON


def _classes(claim: Claim, code: Code) -> list[ClassInfo]:
    """Return the classes that the claim names, or all that are QObjects."""
    named: list[ClassInfo] = []
    for subject in (*claim.subjects, *claim.scopes):
        for entity in code.resolve(subject):
            if entity.owner is not None and entity.unit.language is Language.CPP and entity.owner not in named:
                named.append(entity.owner)
    if named or claim.subjects:
        return [found for found in named if found.body is not None]
    return [
        found
        for found in code.facts.classes(Language.CPP)
        if found.body is not None and (found.macros or _is_q_object(found, code))
    ]


def _is_q_object(found: ClassInfo, code: Code) -> bool:
    lineage = code.facts.inference.class_lineage(found)[1:]
    return "QObject" in lineage or any(base.startswith("Q") for base in lineage) or _has_signals(found)


def _has_signals(found: ClassInfo) -> bool:
    return any(method.section in ("signals",) or method.section.endswith("slots") for method in found.all_methods())


def _macros(having: list[ClassInfo]) -> list[Shown]:
    return [(place, f"{macro} of {found.name}") for found in having for macro, place in found.macros.items()]


KIND = ClaimKind(
    name="missing Q_OBJECT",
    title="a class lacks Q_OBJECT, or is not registered with Qt's meta-object system",
    complaint=words(
        rf"(?:miss(?:es|ing)?|lack(?:s|ing)?|omit(?:s|ted|ting)?|forg[eo]t(?:s|ten)?|without|absen(?:t|ce)"
        rf"(?: of)?|needs?|requires?|add(?:ing)?|no){_FILLER}{_MACRO}",
        rf"{_MACRO}\W+(?:macro\W+)?(?:is|are|was)?\W*(?:\w+\W+){{0,2}}?(?:missing|absent|omitted|forgotten|"
        rf"required|lacking)",
        rf"(?:do(?:es)? not|doesn't|don't|did not|fails? to|should|must)(?:\W+\w+){{0,3}}?\W+(?:have|"
        rf"contain|include|declare|use|define|add|carry|specify){_FILLER}{_MACRO}",
        r"(?:not|never|n't|isn't)\W+(?:\w+\W+){0,2}?registered\b(?!\W+(?:user|name|by|as a service))",
        r"unregistered",
        r"missing\W+(?:meta-?object\W+)?registration",
        r"registration\W+(?:\w+\W+){0,5}?(?:missing|incomplete)",
    ),
    denial=words(
        rf"(?:has|have|contains?|includes?|declares?|uses?|defines?|carries|with|specif(?:y|"
        rf"ies)){_FILLER}{_MACRO}",
        rf"{_MACRO}\W+(?:macro\W+)?(?:is|are)\W+(?:\w+\W+)?(?:present|there|declared|used)",
        r"(?:is|are)\W+(?:\w+\W+)?registered\W+with",
    ),
    check=check,
    topics=frozenset({"Q_OBJECT", "Q_GADGET"}),
    for_each_name=True,
    rank=1,
    examples=(
        "The `ServerThread` class is missing the `Q_OBJECT` macro.",
        "ServerThread does not contain Q_OBJECT.",
        "The class is not registered with the meta-object system.",
        "Add Q_OBJECT to SocketFactory.",
    ),
)
