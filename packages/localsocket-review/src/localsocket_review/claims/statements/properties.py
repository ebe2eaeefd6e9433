"""What a declaration says: explicit, const, virtual, abstract; where it stands; which parameters it has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePath

from localsocket_review.claims.mentions import Mention
from localsocket_review.claims.reviewed_code import Code, Entity, Sort
from localsocket_review.claims.statements.asked import declaration_of, names_in, quoted, text_at
from localsocket_review.claims.statements.calls import subject_functions, together
from localsocket_review.claims.statements.phrases import Matched, StatementKind, number_of
from localsocket_review.claims.statements.truth import Truth, false, true, unknown
from localsocket_review.model.declarations import ClassInfo, FunctionInfo, FunctionKind
from localsocket_review.model.expressions import Assignment, Unary
from localsocket_review.model.place import Place
from localsocket_review.model.program import last_word
from localsocket_review.model.statements import Assign
from localsocket_review.model.unit import Language

_KEYWORD = (
    r"(?P<K>explicit|override|final|virtual|pure virtual|purely virtual|abstract|const|constexpr|"
    r"static|noexcept|inline|"
    r"async|asynchronous|a coroutine|a property|a static method|a class method|public|private|protected)"
)


def _entities(mention: Mention, code: Code, sorts: tuple[Sort, ...]) -> list[Entity]:
    return [one for one in code.resolve(mention) if one.sort in sorts]


def _has_keyword(matched: Matched, code: Code) -> Truth | None:
    if "K" not in matched.words:
        return None
    word = matched.words["K"].lower().removeprefix("a ").removeprefix("purely ").removeprefix("pure ")
    if "pure" in matched.words["K"].lower():
        word = "pure"
    truths = [truth for one in matched.names["X"] if (truth := _of_name(one, word, matched, code)) is not None]
    return together(truths) if truths and len(truths) == len(matched.names["X"]) else None


def _of_name(mention: Mention, word: str, matched: Matched, code: Code) -> Truth | None:
    entities = _entities(mention, code, (Sort.CLASS, Sort.FUNCTION))
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


# --- destructors ------------------------------------------------------------------------------------------------------


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


# --- where ------------------------------------------------------------------------------------------------------------


def _stands_in(matched: Matched, code: Code) -> Truth | None:
    """X is defined in a file, or in a class."""
    mention, home = matched.name("X"), matched.name("Y")
    found = [one for one in code.resolve(mention) if one.sort not in (Sort.OUTSIDE, Sort.FILE)]
    if not found or not code.resolve(home):
        return None
    verb = matched.words.get("D", "").lower()
    places = [place for one in found for place in _places_of(one, verb)]
    if home.is_file:
        inside = [one for one in places if PurePath(one.file).name == home.name]
    else:
        inside = [one.place for one in found if code.is_inside(one, home.name)]
    shown = [quoted(one, code) for one in (inside or places)]
    if inside:
        return true(f"{mention.text} is there.", *shown)
    return false(f"{mention.text} is elsewhere.", *shown)


def _places_of(entity: Entity, verb: str) -> list[Place]:
    declared = entity.found.declared_at if isinstance(entity.found, FunctionInfo) else None
    if declared is not None and verb.startswith(("declare",)):
        return [declared]
    if declared is not None and not verb.startswith(("define", "implement")):
        return [declared, entity.place]
    return [entity.place]


def _on_line(matched: Matched, code: Code) -> Truth | None:
    """X is defined, or called, on line N."""
    mention, number = matched.name("X"), number_of(matched.words["N"])
    verb = matched.words.get("D", "").lower()
    declared = [one.place for one in code.resolve(mention) if one.sort not in (Sort.OUTSIDE, Sort.FILE)]
    declared += [
        one.found.declared_at
        for one in code.resolve(mention)
        if isinstance(one.found, FunctionInfo) and one.found.declared_at
    ]
    used = list(code.occurrences(mention.name))
    places = declared if verb.startswith(("defin", "declar", "implement", "start", "begin", "initial")) else used
    if not places or number is None:
        return None
    files = [one.name for one in matched.scopes if one.is_file]
    here = [one for one in places if one.line == number and (not files or PurePath(one.file).name in files)]
    if here:
        return true(f"{mention.text} is on line {here[0].line}.", quoted(here[0], code))
    lines = ", ".join(str(one.line) for one in places[:5])
    return false(
        f"{mention.text} is on line {lines}, and not on line {number:g}.", *(quoted(one, code) for one in places[:5])
    )


# --- parameters -------------------------------------------------------------------------------------------------------


def _parameters(matched: Matched, code: Code) -> Truth | None:
    functions = (
        [
            one.function
            for one in _entities(matched.name("S"), code, (Sort.FUNCTION,))
            if "S" in matched.names and one.function is not None
        ]
        if "S" in matched.names
        else []
    )
    if not functions:
        return None
    function = functions[0]
    names = {one.name for other in functions for one in other.parameters}
    shown = quoted(function.declared_at or function.place, code)
    told = ", ".join(one.name for one in function.parameters) or "none"
    missing = [one for one in matched.names["X"] if one.name not in names]
    if len(missing) == len(matched.names["X"]):
        if any(code.resolve(one) for one in missing):
            return None
        return false(f"{function.name}() has no parameter {missing[0].name}; its parameters: {told}.", shown)
    if missing:
        return unknown(f"The parameters of {function.name}(): {told}.", shown)
    kind = matched.words.get("Q", "").lower()
    defaults = [one.default for other in functions for one in other.parameters if one.name == matched.name("X").name]
    if "required" in kind or "mandatory" in kind:
        return (
            false(f"{matched.name('X').name} has a default.", shown)
            if any(one is not None for one in defaults)
            else true("It has no default.", shown)
        )
    if "optional" in kind:
        return (
            true(f"{matched.name('X').name} has a default.", shown)
            if all(one is not None for one in defaults)
            else false("It has no default.", shown)
        )
    return true(f"The parameters of {function.name}(): {told}.", shown)


def _parameter_words(matched: Matched, code: Code) -> Truth | None:
    """F takes the path and the backlog."""
    if "S" not in matched.names:
        return None
    functions = [
        one.function for one in _entities(matched.name("S"), code, (Sort.FUNCTION,)) if one.function is not None
    ]
    if len(functions) != 1:
        return None
    function = functions[0]
    names = [one.name for one in function.parameters]
    said = [
        word
        for word in re.findall(r"[a-z]+", matched.words["P"].lower())
        if word not in ("the", "a", "an", "and", "as", "its")
    ]
    shown = quoted(function.declared_at or function.place, code)
    if said == names or set(said) == set(names):
        return true(f"The parameters of {function.name}(): {', '.join(names)}.", shown)
    return None


def _is_required(matched: Matched, code: Code) -> Truth | None:
    """F must be given a parameter of which the words speak."""
    if "S" not in matched.names:
        return None
    functions = [
        one.function for one in _entities(matched.name("S"), code, (Sort.FUNCTION,)) if one.function is not None
    ]
    words = set(matched.words["P"].lower().split())
    found = [one for other in functions for one in other.parameters if one.name.lower() in words]
    if len(functions) != 1 or len(found) != 1:
        return None
    shown = quoted(functions[0].declared_at or functions[0].place, code)
    if found[0].default is not None:
        return false(f"{found[0].name} has a default.", shown)
    return true(f"{found[0].name} has no default.", shown)


def _parameter_count(matched: Matched, code: Code) -> Truth | None:
    number = 0.0 if matched.words["N"].lower() == "no" else number_of(matched.words["N"])
    if "S" not in matched.names or number is None:
        return None
    functions = [
        one.function for one in _entities(matched.name("S"), code, (Sort.FUNCTION,)) if one.function is not None
    ]
    if len(functions) != 1:
        return None
    count = len(functions[0].parameters)
    reason = f"{functions[0].name}() has {count or 'no'} parameter{'' if count == 1 else 's'}."
    shown = quoted(functions[0].declared_at or functions[0].place, code)
    if any(one.is_variadic for one in functions[0].parameters):
        return unknown(reason, shown)
    return true(reason, shown) if count == number else false(reason, shown)


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


def counted_things(word: str, homes: list[str], code: Code) -> list[Entity]:
    """Return what is counted, in these classes and files or in all."""
    if word.startswith("class"):
        found = [one for one in code.of_sort(Sort.CLASS) if one.owner is not None and one.owner.body is not None]
    elif word in ("members", "member", "member variable", "member variables"):
        found = code.of_sort(Sort.MEMBER)
    elif word.startswith("macro"):
        found = code.of_sort(Sort.MACRO)
    else:
        found = [
            one for one in code.of_sort(Sort.FUNCTION) if one.function is not None and _is_counted(word, one.function)
        ]
    inside = [one for one in found if any(code.is_inside(one, name) for name in homes)]
    return sorted(inside if homes else found, key=lambda one: one.place)


def _is_counted(word: str, function: FunctionInfo) -> bool:
    if word.startswith("constructor"):
        return function.is_constructor
    if word.startswith("slot"):
        return function.section.endswith("slots")
    if word.startswith("signal"):
        return function.section == "signals"
    if word.startswith(("method", "member function")):
        return function.kind is FunctionKind.METHOD
    return function.kind in (FunctionKind.FUNCTION, FunctionKind.METHOD)


_DEFINED = r"(?P<D>defined|declared|implemented|located|introduced|called|used|initiali[sz]ed|found|created)"
_HAS = r"(?:has|have|declares?|defines?|provides?)"


def _is_there(matched: Matched, code: Code) -> Truth | None:
    """X is defined, assigned, counted: of what the files have, that is nothing to doubt."""
    found = [code.resolve(one) for one in matched.names["X"]]
    own = [[one for one in entities if one.sort not in (Sort.OUTSIDE, Sort.FILE)] for entities in found]
    if not all(own):
        return None
    if "initiali" in matched.wording.core and not all(_is_given_a_value(one.name, code) for one in matched.names["X"]):
        return None
    return true("It is there.", *(quoted(entities[0].place, code) for entities in own))


def _is_given_a_value(name: str, code: Code) -> bool:
    """Say whether a name is followed by what it is given, as it is written: `count = 0`, `m_count(0)`."""
    return any(re.search(rf"\b{re.escape(name)}\s*(?:=(?!=)|\(|\{{)", unit.code) for unit in code.program.units)


def _is_changed_in(matched: Matched, code: Code) -> Truth | None:
    """S changes X: assigns it, counts it, or changes an element of it."""
    functions = subject_functions(matched, code)
    name = matched.name("X").name
    if functions is None or "S" not in matched.names or name not in code.names:
        return None
    places = [place for one in functions for place in _changes(name, one)]
    if places:
        return true(f"{name} is changed there.", *(quoted(one, code) for one in places))
    return None


def _changes(name: str, function: FunctionInfo) -> Iterator[Place]:
    for statement in function.statements():
        if isinstance(statement, Assign) and name in names_in(statement.target):
            yield statement.place
    for expression in function.expressions():
        if (isinstance(expression, Assignment) and name in names_in(expression.target)) or (
            isinstance(expression, Unary)
            and expression.operator in ("++", "--")
            and name in names_in(expression.operand)
        ):
            yield expression.place


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


_COUNTED = (
    r"(?P<C>class(?:es)?|functions?|methods?|member functions?|members?|member variables?|"
    r"constructors?|macros?|slots?|signals?|parameters?)"
)


def _how_many(matched: Matched, code: Code) -> Truth | None:
    number = 0.0 if matched.words["N"].lower() == "no" else number_of(matched.words["N"])
    word = matched.words["C"].lower()
    homes = [*matched.names.get("S", ()), *matched.scopes]
    if number is None or any(not code.resolve(one) for one in homes):
        return None
    found = counted_things(word, [one.name for one in homes], code)
    reason = f"There {'is' if len(found) == 1 else 'are'} {len(found)}, in {code.extent}."
    shown = [quoted(one.place, code) for one in found]
    named = [matched.wording.named(one) for one in re.findall(r"<(\d+)>", matched.words.get("rest", ""))]
    listed = [one for one in named if one not in homes]
    if any(one.name not in {thing.name for thing in found} for one in listed):
        return unknown(reason, *shown)
    return true(reason, *shown) if len(found) == number else false(reason, *shown)


def _passed_by(matched: Matched, code: Code) -> Truth | None:
    """F takes its one parameter by value, or by reference."""
    functions = (
        [one.function for one in _entities(matched.name("S"), code, (Sort.FUNCTION,)) if one.function is not None]
        if "S" in matched.names
        else []
    )
    if len(functions) != 1 or len(functions[0].parameters) != 1 or functions[0].unit.assigning_declares:
        return None
    written = functions[0].parameters[0].type
    shown = quoted(functions[0].declared_at or functions[0].place, code)
    how = matched.words["HOW"].lower()
    has = {"value": "&" not in written and "*" not in written, "pointer": "*" in written}.get(how, "&" in written)
    if "const" in how:
        has = has and "const" in written
    reason = f"The parameter of {functions[0].name}() is {written}."
    return true(reason, shown) if has else false(reason, shown)


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
        "is changed in",
        "which function changes a variable",
        "`stop()` sets `running`.",
        _is_changed_in,
        (
            (
                r"{X} (?:is|are) (?:modified|changed|set|assigned|written|updated|incremented|reset|cleared)(?: "
                r"to)? (?:by|in|inside) {S}"
            ),
            r"{S} (?:modifies|changes|sets|assigns|writes|updates|increments|resets) {X}",
        ),
    ),
    StatementKind(
        "is passed by",
        "how a function takes its parameter",
        "`parse()` takes the stream by value.",
        _passed_by,
        (r"{S} (?:takes|accepts|receives|gets) (?:[^,;]*?) by (?P<HOW>value|reference|const reference|pointer)",),
    ),
    StatementKind(
        "how many there are",
        "how many classes, functions or members there are",
        "Three classes are declared in this file.",
        _how_many,
        (
            (
                rf"(?:there (?:is|are)|{{S}} (?:has|have|defines?|contains?|declares?|consists of)|the \w+ (?:has|"
                r"defines|contains|declares)) (?:exactly |only )?(?P<N>no|\d+|one|two|three|four|five|six|seven|"
                rf"eight|nine|ten|eleven|twelve) {_COUNTED}(?= in|$|,)"
            ),
            (
                r"(?:exactly |only )?(?P<N>no|\d+|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve) "
                rf"{_COUNTED} (?:is|are) (?:declared|defined|there)"
            ),
        ),
        takes_rest=True,
    ),
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
        "is there",
        "whether something is defined in the code",
        "`stop()` is defined.",
        _is_there,
        (
            (
                r"{XS}(?: (?:in|of) {Z})? {BE} (?:only |merely )?(?:defined|counted|initiali[sz]ed|declared|"
                r"assigned|incremented|counted up|increased|"
                r"updated|written|set|stored|present|there)$"
            ),
        ),
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
    StatementKind(
        "on a line",
        "on which line something stands",
        "`counter` is declared on line 11.",
        _on_line,
        (rf"{{X}} {{BE}} {_DEFINED} (?:on|in|at) line {{N}}", r"{X} (?:starts|begins|is) (?:on|in|at) line {N}"),
    ),
    StatementKind(
        "stands in",
        "in which file or class something is defined",
        "`drain()` is defined in `logsink.h`.",
        _stands_in,
        (
            r"{X} {BE} (?P<D>defined|declared|implemented|located|introduced|found) (?:in|inside|within|by) {Y}",
            r"{X} (?:lives|stands|is|resides) in (?:the file )?{Y}",
        ),
    ),
    StatementKind(
        "parameter count",
        "how many parameters a function has",
        "`send_fd()` takes two arguments.",
        _parameter_count,
        (
            (
                r"{S} (?:takes?|has|accepts?|expects?|requires?) (?:exactly |only )?(?P<N>no|\d+|one|two|three|"
                r"four|five|six|seven) (?:required )?(?:parameter|argument)s?"
            ),
        ),
    ),
    StatementKind(
        "is required",
        "whether a parameter must be given",
        "`submit()` requires the caller to pass a priority.",
        _is_required,
        (
            (
                r"{S} (?:requires|forces) (?:the )?callers? to (?:pass|give|supply|provide|name) (?:an? |the |all "
                r")?(?P<P>[a-z]+(?: [a-z]+){0,3})"
            ),
        ),
    ),
    StatementKind(
        "parameters",
        "which parameters a function has",
        "`Worker.__init__()` takes `verbose` as a required argument.",
        _parameters,
        (
            (
                r"{S} (?:takes?|has|accepts?|expects?|receives?) {XS}(?: (?:parameter|argument)s?)?(?: as (?:an? |"
                r"its )?(?P<Q>required|optional|mandatory|keyword|positional|only)? ?(?:parameter|argument)s?)?"
            ),
            r"{XS} (?:is|are) (?:an? )?(?P<Q>required|optional|mandatory)? ?(?:parameter|argument)s? of {S}",
        ),
    ),
    StatementKind(
        "parameters in words",
        "which parameters a function has, in words",
        "`open_server()` takes the path and the backlog.",
        _parameter_words,
        (r"{S} (?:takes?|accepts?|expects?) (?P<P>(?:the|a|an) [a-z]+(?: and (?:the|a|an) [a-z]+)*)",),
    ),
)
