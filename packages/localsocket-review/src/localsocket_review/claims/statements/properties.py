"""What a declaration says of itself: explicit, const, virtual, abstract, async; and how a name is written."""

from __future__ import annotations

import re

from localsocket_review.claims.mentions import Mention
from localsocket_review.claims.reviewed_code import Code, Entity, Sort
from localsocket_review.claims.statements.asked import declaration_of, entities_of, quoted, text_at
from localsocket_review.claims.statements.calls import together
from localsocket_review.claims.statements.phrases import Matched, StatementKind
from localsocket_review.claims.statements.truth import Truth, false, true, unknown
from localsocket_review.model.declarations import ClassInfo, FunctionInfo
from localsocket_review.model.unit import Language

_KEYWORD = (
    r"(?P<K>explicit|override|final|virtual|pure virtual|purely virtual|abstract|const|constexpr|"
    r"static|noexcept|inline|"
    r"async|asynchronous|a coroutine|a property|a static method|a class method|public|private|protected)"
)


def _has_keyword(matched: Matched, code: Code) -> Truth | None:
    if "K" not in matched.words:
        return None
    word = matched.words["K"].lower().removeprefix("a ").removeprefix("purely ").removeprefix("pure ")
    if "pure" in matched.words["K"].lower():
        word = "pure"
    truths = [truth for one in matched.names["X"] if (truth := _of_name(one, word, matched, code)) is not None]
    return together(truths) if truths and len(truths) == len(matched.names["X"]) else None


def _of_name(mention: Mention, word: str, matched: Matched, code: Code) -> Truth | None:
    entities = entities_of(mention, code, (Sort.CLASS, Sort.FUNCTION))
    if not entities:
        return None
    is_constructor = "constructor" in matched.wording.core.lower() or word == "explicit"
    truths = []
    for entity in entities:
        if entity.sort is Sort.CLASS and entity.owner is not None:
            truths.extend(_of_class(entity, entity.owner, word, code, is_constructor=is_constructor))
        else:
            truths.append(_of_function(entity, word, code))
    kept = [one for one in truths if one is not None]
    if word == "pure" and any(one.holds for one in kept):
        return next(one for one in kept if one.holds)  # the base's, which the others override
    return together(kept) if kept else None


def _of_class(entity: Entity, found: ClassInfo, word: str, code: Code, *, is_constructor: bool) -> list[Truth | None]:
    if is_constructor:
        own = [one for one in found.constructors() if not one.is_implied]
        shown = [Entity(Sort.FUNCTION, one.name, one.place, one.unit, found, one, one) for one in own]
        if word == "explicit":
            shown = [one for one in shown if _takes_one(one.function)] or shown
        return [_of_function(one, word, code) for one in shown]
    if word == "final":
        line = text_at(found.place, code)
        return [_told(re.search(r"\bfinal\b", line.partition(":")[0]) is not None, found.name, word, entity, code)]
    if word == "abstract":
        pure = [one for one in found.all_methods() if _is_pure(one, found, code)]
        if found.bases and not pure:
            return [None]
        return [_told(bool(pure), found.name, word, entity, code)]
    return [None]


def _takes_one(function: FunctionInfo | None) -> bool:
    if function is None or not function.parameters:
        return False
    return all(one.default is not None for one in function.parameters[1:])


def _is_pure(method: FunctionInfo, owner: ClassInfo, code: Code) -> bool:
    entity = Entity(Sort.FUNCTION, method.name, method.place, method.unit, owner, method, method)
    return re.search(r"=\s*0\s*$", declaration_of(entity, code).strip()) is not None


def _of_function(entity: Entity, word: str, code: Code) -> Truth | None:
    function = entity.function
    if function is None:
        return None
    text = declaration_of(entity, code)
    if function.unit.language is Language.PYTHON:
        return _of_python(entity, function, word, code)
    tail = text[text.rfind(")") :] if ")" in text else ""
    if word in ("const", "noexcept"):
        return _told(re.search(rf"\b{word}\b", tail) is not None, str(entity), word, entity, code)
    if word == "pure":
        return _told(re.search(r"=\s*0", tail) is not None, str(entity), "pure virtual", entity, code)
    if word == "virtual":
        return _told(function.is_virtual or function.is_override or None, str(entity), word, entity, code)
    if word in ("override", "final", "explicit", "static", "constexpr", "inline"):
        has = re.search(rf"\b{word}\b", text) is not None
        has = has or {
            "override": function.is_override,
            "explicit": function.is_explicit,
            "static": function.is_static,
        }.get(word, False)
        return _told(has, str(entity), word, entity, code)
    if word in ("public", "private", "protected") and function.section:
        return _told(function.section.startswith(word), str(entity), word, entity, code)
    return None


def _of_python(entity: Entity, function: FunctionInfo, word: str, code: Code) -> Truth | None:
    if word in ("async", "asynchronous", "coroutine"):
        return _told(function.is_async, str(entity), "async", entity, code)
    names = {
        "property": "property",
        "static": "staticmethod",
        "static method": "staticmethod",
        "class method": "classmethod",
    }
    if word in names:
        has = any(getattr(one, "identifier", "") == names[word] for one in function.decorators)
        return _told(has, str(entity), names[word], entity, code)
    return None


def _told(has: bool | None, name: str, word: str, entity: Entity, code: Code) -> Truth:
    place = (
        entity.found.declared_at
        if isinstance(entity.found, FunctionInfo) and entity.found.declared_at
        else entity.place
    )
    shown = quoted(place, code)
    if has is None:
        return unknown(f"{name} may be {word} by its base class.", shown)
    return true(f"{name} is {word}.", shown) if has else false(f"{name} is not {word}.", shown)


_STYLES = {
    "camel": re.compile(r"_*[a-z]+[a-z0-9]*(?:[A-Z][a-z0-9]*)+"),
    "snake": re.compile(r"_*[a-z][a-z0-9]*(?:_[a-z0-9]+)*_*"),
    "pascal": re.compile(r"(?:[A-Z][a-z0-9]+)+"),
    "upper": re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*"),
    "underscore": re.compile(r"\w+_\w+"),
}


def _is_written(matched: Matched, code: Code) -> Truth | None:
    """X is camelCase: its name shows it."""
    word = matched.words["STYLE"].lower()
    style = next(key for key in _STYLES if key in word or (key == "pascal" and "uppercamel" in word.replace(" ", "")))
    truths = []
    for mention in matched.names["X"]:
        found = [one for one in code.resolve(mention) if one.sort is not Sort.OUTSIDE]
        if not found:
            return None
        has = _STYLES[style].fullmatch(mention.name) is not None
        shown = quoted(found[0].place, code)
        reason = (
            f"The name {mention.name} is {'' if has else 'not '}{'with an ' if style == 'underscore' else ''}{style}."
        )
        truths.append(true(reason, shown) if has else false(reason, shown))
    return together(truths)


_STYLE = r"(?P<STYLE>camel ?case|lowercamelcase|snake[_ ]?case|pascal ?case|upper[_ ]?case|underscores?)"

PROPERTIES = (
    StatementKind(
        "is written",
        "how a name is written",
        "`readBlock` is camelCase.",
        _is_written,
        (
            rf"{{XS}} (?:is|are|uses?|follows?)(?: (?:written|named))?(?: in)?(?: an?)? {_STYLE}",
            rf"{{XS}} (?:contains?|has|have) (?:an? )?{_STYLE}",
        ),
    ),
    StatementKind(
        "is declared so",
        "explicit, override, final, virtual, const, static, abstract, async",
        "The constructor of `Echo` is not explicit.",
        _has_keyword,
        (
            (
                rf"{{XS}}(?: constructor| destructor)? {{BE}} (?:(?:marked|declared|defined|made)(?: as)?(?: an?)? "
                rf")?{_KEYWORD}(?: (?:function|method|member function|class|virtual function))?"
            ),
            rf"(?:mark|make|making|marking|declare|declaring) {{XS}}(?: constructor)? (?:as )?{_KEYWORD}",
            rf"one (?:mark|make|declare) {{XS}}(?: constructor)? (?:as )?{_KEYWORD}",
            rf"{{XS}} (?:has|have|carries|uses|use) (?:the |an? )?{_KEYWORD}(?: (?:keyword|specifier|modifier))?",
        ),
        (
            (
                rf"{{XS}}(?: constructor)? (?:lacks?|miss(?:es)?|is missing|are missing|has no|have no|is without) "
                rf"(?:the |an? )?(?:<\d+>|{_KEYWORD})(?: (?:keyword|specifier|modifier))?"
            ),
            rf"{_KEYWORD} {{BE}} missing (?:in|on|from|for) {{XS}}",
            (
                rf"{{XS}} overrides (?:an? |the )?(?:virtual )?(?:function|method)? ?without (?:saying |being "
                rf"marked |the )?{_KEYWORD}"
            ),
        ),
    ),
)
