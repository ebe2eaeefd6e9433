"""From what a class derives, and what it has: virtual functions, signals, a virtual destructor."""

from __future__ import annotations

from localsocket_review.claims.mentions import Mention
from localsocket_review.claims.reviewed_code import Code, Sort
from localsocket_review.claims.statements.asked import quoted
from localsocket_review.claims.statements.calls import together
from localsocket_review.claims.statements.phrases import Matched, StatementKind
from localsocket_review.claims.statements.truth import Truth, false, true, unknown
from localsocket_review.model.declarations import ClassInfo, FunctionKind
from localsocket_review.model.program import last_word
from localsocket_review.model.unit import Language


def _inherits(matched: Matched, code: Code) -> Truth | None:
    """X derives from Y, directly or through others."""
    base = matched.name("Y")
    truths = []
    for mention in matched.names["X"]:
        classes = [one.owner for one in code.resolve(mention) if one.sort is Sort.CLASS and one.owner is not None]
        if not classes:
            return None
        found = classes[0]
        bases = list(code.program.bases_of(found))
        every = {
            part
            for name in (*bases, *code.facts.inference.class_lineage(found)[1:])
            for part in (name, last_word(name))
        }
        shown = quoted(found.place, code)
        wanted = f"{base.qualifier}.{base.name}" if base.qualifier else base.name
        if base.name in every and not _is_of_other_module(base, found):
            truths.append(true(f"{found.name} derives from {wanted}.", shown))
        else:
            told = ", ".join(bases) or "nothing"
            truths.append(false(f"{found.name} derives from {told}, and not from {wanted}.", shown))
    return together(truths)


def _is_of_other_module(base: Mention, found: ClassInfo) -> bool:
    full = [name for name in found.unit.imports.values() if last_word(name) == base.name]
    written = [one for one in found.bases if last_word(one) == base.name and "." in one]
    known = [*full, *written]
    return bool(base.qualifier and known and not any(base.qualifier in name.split(".") for name in known))


def _overrides(matched: Matched, code: Code) -> Truth | None:
    """X overrides Y: its class has such a method, and a base."""
    owners = [one.owner for one in code.resolve(matched.name("X")) if one.sort is Sort.CLASS and one.owner is not None]
    if not owners:
        return None
    name = matched.name("Y").name
    own = owners[0].methods.get(name, [])
    if not own:
        return false(f"{owners[0].name} does not define {name}().", quoted(owners[0].place, code))
    if not owners[0].bases:
        return false(f"{owners[0].name} has no base.", quoted(own[0].place, code))
    return true(f"{owners[0].name} defines its own {name}().", quoted(own[0].place, code))


def _has_virtual(matched: Matched, code: Code) -> Truth | None:
    owners = [one.owner for one in code.resolve(matched.name("X")) if one.sort is Sort.CLASS and one.owner is not None]
    if not owners or owners[0].unit.language is Language.PYTHON:
        return None
    virtual = [one for one in owners[0].all_methods() if one.is_virtual and one.kind is not FunctionKind.DESTRUCTOR]
    if virtual:
        return true(
            f"{owners[0].name} has virtual functions.", *(quoted(one.declared_at or one.place, code) for one in virtual)
        )
    return (
        None if owners[0].bases else false(f"{owners[0].name} has no virtual function.", quoted(owners[0].place, code))
    )


def _has_signals(matched: Matched, code: Code) -> Truth | None:
    owners = [one.owner for one in code.resolve(matched.name("X")) if one.sort is Sort.CLASS and one.owner is not None]
    if not owners or owners[0].unit.language is Language.PYTHON:
        return None
    wanted = matched.words["SORT"].lower()
    found = [one for one in owners[0].all_methods() if one.section.endswith(wanted)]
    if found:
        return true(f"{owners[0].name} has {wanted}.", *(quoted(one.declared_at or one.place, code) for one in found))
    return false(f"{owners[0].name} has no {wanted}.", quoted(owners[0].place, code))


def _virtual_destructor(matched: Matched, code: Code) -> Truth | None:
    entities = [one for one in code.resolve(matched.name("X")) if one.sort is Sort.CLASS and one.owner is not None]
    if not entities or entities[0].unit.language is Language.PYTHON or entities[0].owner is None:
        return None
    found = entities[0].owner
    own = [one for one in found.all_methods() if one.kind is FunctionKind.DESTRUCTOR]
    if any(one.is_virtual or one.is_override for one in own):
        return true(f"The destructor of {found.name} is virtual.", quoted(own[0].declared_at or own[0].place, code))
    if found.bases:
        return unknown(f"{found.name} has a base class, whose destructor may be virtual.", quoted(found.place, code))
    reason = (
        f"The destructor of {found.name} is not virtual."
        if own
        else f"{found.name} declares no destructor, and inherits none."
    )
    return false(reason, quoted(own[0].place if own else found.place, code))


_HAS = r"(?:has|have|declares?|defines?|provides?)"

CLASSES = (
    StatementKind(
        "overrides",
        "whether a class has its own version of a function",
        "`Worker` overrides `run()`.",
        _overrides,
        (r"{X} (?:overrides?|reimplements?|re-implements?|redefines?) {Y}",),
    ),
    StatementKind(
        "signals and slots",
        "whether a class has signals or slots",
        "`ServerThread` has signals.",
        _has_signals,
        (r"{X} (?:has|declares|defines|contains) (?:any |some )?(?P<SORT>signals|slots)",),
        (r"{X} (?:has|declares|defines|contains) no (?P<SORT>signals|slots)",),
    ),
    StatementKind(
        "virtual functions",
        "whether a class has virtual functions",
        "`Sink` has virtual functions.",
        _has_virtual,
        (r"{X} (?:has|declares|defines) virtual (?:functions|methods|member functions)",),
    ),
    StatementKind(
        "derives from",
        "from which class another derives",
        "`ServerThread` inherits from `QThread`.",
        _inherits,
        (
            r"{XS} (?:inherits?|derives?|descends?)(?: publicly| privately| directly)? from {Y}",
            r"{XS} (?:is|are) (?:publicly )?(?:derived|inherited) from {Y}",
            (
                r"{XS} (?:is|are) (?:an? |the )?(?:direct )?(?:sub-?class(?:es)?|child class|derived class|"
                r"descendant)(?:es)? of {Y}"
            ),
            r"{XS} (?:extends?|sub-?class(?:es)?) {Y}",
            r"{Y} is (?:the |a )?(?:base|parent|super)(?: ?class)? of {XS}",
        ),
    ),
    StatementKind(
        "virtual destructor",
        "whether a class has a virtual destructor",
        "`Listener` has virtual functions but lacks a virtual destructor.",
        _virtual_destructor,
        (
            rf"{{X}} {_HAS} an? (?:public )?virtual destructor",
            r"the destructor of {X} is virtual",
            r"{X} destructor is virtual",
        ),
        (
            r"{X} (?:has no|lacks|misses|is missing|is without) (?:an? )?(?:public )?virtual destructor",
            (
                r"{X} (?:has|have) virtual (?:functions|methods)(?:,)? (?:but|and|yet) (?:no|lacks an?|has no|"
                r"without an?) virtual destructor"
            ),
            rf"{{X}} {_HAS} no (?:public )?virtual destructor",
        ),
    ),
)
