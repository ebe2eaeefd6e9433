"""Whether things of one kind are named in one way."""

from __future__ import annotations

import re
from collections import Counter, defaultdict

from localsocket_review.analysis.naming import Named, word_style
from localsocket_review.claims.claim import Answer, Claim, Shown, by_findings, refuted, supported, undecided
from localsocket_review.claims.kinds.kind import ClaimKind, words
from localsocket_review.claims.reviewed_code import Code, Entity, Sort
from localsocket_review.findings import Finding

_LOWER_CASE = (Sort.FUNCTION, Sort.MEMBER, Sort.VARIABLE, Sort.PARAMETER)
_MIXED = re.compile(r"[a-z][A-Z]\w*_|_\w*[a-z][A-Z]")


def check(claim: Claim, code: Code) -> Answer:
    entities = [entity for subject in claim.subjects for entity in code.resolve(subject, claim.scopes)]
    dictated = [(entity.place, reason) for entity in entities if (reason := _who_named(entity, code))]
    if entities and len(dictated) == len(entities):
        told_names = " and ".join(dict.fromkeys(entity.name for entity in entities))
        who = "QtTest" if all(reason.startswith("QtTest") for _, reason in dictated) else "Its framework"
        reason = f"{who} dictates {told_names}: nobody here could name it differently."
        return refuted(reason, *dictated) if claim.is_complaint else undecided(reason, *dictated)
    chosen = [entity for entity in entities if entity.sort is not Sort.CLASS and not _who_named(entity, code)]
    odd = [shown for entity in chosen for shown in _unlike_the_others(entity, code)]
    if odd:
        reason = "It is not named like the others of its kind."
        return supported(reason, *odd) if claim.is_complaint else refuted(reason, *odd)
    files = {entity.unit.path for scope in claim.scopes for entity in code.resolve(scope)}
    files |= {entity.unit.path for entity in entities if entity.sort is Sort.CLASS}
    names = {entity.name for entity in entities if entity.sort is not Sort.CLASS}
    findings = [
        finding
        for finding in code.findings("LS402")
        if (not files or finding.place.file in files)
        and (not names or _is_among(names, finding))
        and all(code.holds(entity, finding.place) for entity in entities if entity.sort is Sort.CLASS)
    ]
    if findings:
        return by_findings(findings, claim.is_complaint)
    return _consistent(claim, code, files)


def _consistent(claim: Claim, code: Code, files: set[str]) -> Answer:
    """Say in which styles each kind of thing is named, over all files."""
    groups: defaultdict[str, list[Named]] = defaultdict(list)
    for (file, kind), names in code.facts.naming.by_file_and_kind().items():
        if not files or file in files:
            is_python = file.endswith((".py", ".pyi", ".pyw"))
            kind = "functions, members and variables" if is_python and kind != "classes" else kind
            groups[kind].extend(named for named in names if _style(named.name))
    if not groups:
        return undecided(f"There are no names that show a style; searched: {code.extent}.")
    told, shown, mixed = [], list[Shown](), False
    for kind, found in groups.items():
        counts = Counter(_style(named.name) for named in found)
        if not counts:
            continue
        mixed = mixed or len(counts) > 1
        told.append(f"{kind}: " + " and ".join(f"{count} {style}" for style, count in counts.most_common()))
        for style in counts:
            first = next(named for named in found if _style(named.name) == style)
            shown.append((first.place, f"`{first.name}`, {style}"))
    reason = f"{'; '.join(told)}. Names that Qt or Python dictate are not counted."
    if not told:
        return undecided("Every name is one small word, which shows no style.")
    if mixed:
        return undecided(f"LS402 finds no minority, but names differ: {reason}", *shown)
    return (
        refuted(f"Each kind is named in one way: {reason}", *shown) if claim.is_complaint else supported(reason, *shown)
    )


def _style(name: str) -> str:
    return word_style(name) or ("mixed" if _MIXED.search(name) else "")


def _who_named(entity: Entity, code: Code) -> str:
    """Return who chose the name, if that was not the program."""
    function = entity.function
    if entity.sort is not Sort.FUNCTION or function is None:
        return ""
    test = entity.name.removesuffix("_data")
    if test != entity.name and function.owner is not None and test in function.owner.methods:
        return f"QtTest wants this name for the data of {test}()"
    virtual = code.facts.heritage.framework_virtual(function)
    if virtual:
        return f"the name of a virtual function of {virtual}"
    if function.name.startswith("on_") and function.section.endswith("slots"):
        return "Qt connects a slot of this name by itself"
    if function.is_override or code.facts.heritage.base_method(function) is not None:
        return "the name is that of the base's function"
    return ""


def _unlike_the_others(entity: Entity, code: Code) -> list[Shown]:
    """Return the name and one of the majority, where its words are joined in another way than theirs."""
    style = _style(entity.name)
    others = [
        one
        for one in code.of_sort(*_alike(entity))
        if one.name != entity.name
        and one.unit.language is entity.unit.language
        and word_style(one.name)
        and not _who_named(one, code)
    ]
    if not style or not others:
        return []
    most, _ = Counter(word_style(one.name) for one in others).most_common(1)[0]
    if most == style:
        return []
    usual = next(one for one in others if word_style(one.name) == most)
    return [(entity.place, f"`{entity.name}` is {style}"), (usual.place, f"`{usual.name}` is {most}, as most")]


def _alike(entity: Entity) -> tuple[Sort, ...]:
    """Return what is named alike: in Python all that is no class."""
    return _LOWER_CASE if entity.unit.assigning_declares and entity.sort in _LOWER_CASE else (entity.sort,)


def _is_among(names: set[str], finding: Finding) -> bool:
    return any(
        f"`{name}`" in text for name in names for text in (finding.message, *(one.note for one in finding.evidence))
    )


KIND = ClaimKind(
    name="naming",
    title="names follow no single convention",
    complaint=words(
        r"(?:inconsisten(?:t|cy|cies|tly)|mixed|mixes|mixing|mixture of|different|non-?uniform|varying|"
        r"confusing|poor|unclear)\W+(?:\w+\W+|<\d+s?>\W+){0,4}?(?:nam(?:ing|es?|ed)|convention|camelcase|"
        r"snake_case|camel case|snake case|<(?:snake_case|camelCase)>)",
        r"(?:nam(?:ing|es)|naming conventions?|naming styles?)\W+(?:\w+\W+){0,8}?(?:inconsistent|mixed|"
        r"inconsistenc(?:y|ies)|not uniform|differs?|var(?:y|ies))",
        r"(?:not|n't|never)\W+(?:\w+\W+){0,3}?(?:consistent(?:ly)?\W+(?:named|naming|in naming)|(?:follow|"
        r"use|obey|adhere to|respect)\W+(?:\w+\W+){0,4}?(?:nam(?:ing|ed)|conventions?))",
        r"nam(?:ing|es)\W+(?:\w+\W+){0,3}?(?:not|n't)\W+(?:\w+\W+)?(?:consistent|uniform)",
        r"(?:violat\w+|breaks?|deviat\w+ from|ignor\w+)\W+(?:\w+\W+){0,3}?naming",
        r"misnamed",
        r"nam(?:es|ed)\W+(?:\w+\W+){0,4}?(?:camel|snake|pascal)[^.;]{0,40}?\b(?:others?|some|while|snake|camel)",
        r"<\d+s?>\W+(?:is|are|uses?)\W+(?:(?:in|written|named|an?|the)\W+)*"
        r"(?:camelcase|camel case|<camelCase>|snake_case|snake case|<snake_case>|pascalcase)",
        r"(?:without|lacks?|missing)\W+(?:an?\W+|the\W+)?\w*_?\W*prefix",
        r"not\W+(?:\w+\W+)?(?:prefixed|named like|follow(?:s|ing)?\W+(?:\w+\W+){0,2}?\w*_?\W*prefix)",
        r"(?:camelcase|camel case|<camelCase>)\W+and\W+(?:snake_case|snake case|<snake_case>)",
    ),
    denial=words(
        r"(?:nam(?:ing|es)|naming conventions?)\W+(?:\w+\W+){0,4}?(?:consistent|uniform|clear)",
        r"(?:consistent|uniform)(?:ly)?\W+(?:\w+\W+){0,2}?nam(?:ing|ed|es)",
    ),
    check=check,
    topics=frozenset({"snake_case", "camelCase"}),
    rank=2,
    examples=(
        "The naming is inconsistent.",
        "Inconsistent naming conventions: `pingPong_data` mixes camelCase and snake_case.",
        "Names are not consistent throughout the code.",
        "Variable names do not follow a consistent naming convention.",
    ),
)
