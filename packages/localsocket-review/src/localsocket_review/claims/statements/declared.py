"""How variables, parameters and classes are declared, as it stands in their declarations."""

from __future__ import annotations

import re
from collections.abc import Iterator

from localsocket_review.claims.reviewed_code import Code, Sort
from localsocket_review.claims.statements.asked import quoted, text_at
from localsocket_review.claims.statements.judging import parts_of, stem
from localsocket_review.claims.statements.phrases import Matched, StatementKind, number_of
from localsocket_review.claims.statements.truth import Truth, false, true
from localsocket_review.model.declarations import FunctionInfo, FunctionKind
from localsocket_review.model.expressions import Call, Display, Name, Starred
from localsocket_review.model.place import Place
from localsocket_review.model.statements import Assign


def _declared_types(name: str, code: Code) -> list[tuple[str, Place]]:
    """Return the types with which a C or C++ name is declared, as they are written before it."""
    found = []
    for unit in code.program.units:
        if unit.assigning_declares:
            continue
        for match in re.finditer(
            rf"^[ \t]*((?:[\w:]+(?:<[^;<>]*>)?[ \t]+)*[\w:]+(?:<[^;<>]*>)?[ \t*&]+){re.escape(name)}\s*[;={{\[(]",
            unit.bare_code,
            re.MULTILINE,
        ):
            words = re.sub(r"\b(?:static|const|volatile|mutable|inline|extern|register)\b", "", match[1]).strip()
            if words and words not in ("return", "delete", "new", "else", "case", "goto", "throw"):
                found.append((words, Place(unit.path, unit.bare_code.count("\n", 0, match.start(1)) + 1)))
    return found


def _one_type(matched: Matched, code: Code) -> tuple[str, Place] | None:
    """Return the type of a variable or member that is declared once, and nothing else is called so."""
    mention = matched.name("X")
    entities = code.resolve(mention)
    if not entities or any(one.sort not in (Sort.VARIABLE, Sort.MEMBER) for one in entities):
        return None
    types = _declared_types(mention.name, code)
    return types[0] if len(types) == 1 else None


def _is_atomic(matched: Matched, code: Code) -> Truth | None:
    found = _one_type(matched, code)
    if found is None or re.search(r"\bauto\b", found[0]):
        return None
    reason = f"{matched.name('X').text} is declared as {found[0]}."
    shown = quoted(found[1], code)
    if "atomic" in found[0].lower():
        return true(reason, shown)
    return false(reason, shown) if re.fullmatch(r"(?:unsigned |long )*(?:int|long|bool|short|char)", found[0]) else None


def _is_plain(matched: Matched, code: Code) -> Truth | None:
    """X is a plain int, bool, ...: it is declared with that type and no other."""
    found = _one_type(matched, code)
    if found is None or re.search(r"\bauto\b", found[0]):
        return None
    reason = f"{matched.name('X').text} is declared as {found[0]}."
    wanted = matched.words["TYPE"].lower()
    is_so = {"integer": "int", "boolean": "bool"}.get(wanted, wanted) == found[0].lower()
    if not is_so and not re.search(r"[Aa]tomic|[<*]", found[0]):
        return None  # an alias of it, or a type that is near to it
    return true(reason, quoted(found[1], code)) if is_so else false(reason, quoted(found[1], code))


def _is_pointer(matched: Matched, code: Code) -> Truth | None:
    found = _one_type(matched, code)
    if found is None or re.search(r"\bauto\b|ptr|pointer", found[0], re.IGNORECASE):
        return None
    if "Y" in matched.names and not any(
        one.sort is Sort.MEMBER and code.is_inside(one, matched.name("Y").name)
        for one in code.resolve(matched.name("X"))
    ):
        return None
    reason = f"{matched.name('X').text} is declared as {found[0]}."
    if "*" in found[0]:
        return true(reason, quoted(found[1], code))
    is_known = re.match(r"(?:std::|Q[A-Z]|int\b|bool\b|double\b)", found[0]) or code.program.class_named(
        found[0].strip()
    )
    return false(reason, quoted(found[1], code)) if is_known else None


def _functions_named(matched: Matched, code: Code) -> list[FunctionInfo]:
    found = [one.function for one in code.resolve(matched.name("S"))] if "S" in matched.names else []
    return [one for one in found if one is not None]


_PLAIN = {"single": "one", "no": "zero"}


def _takes_a_number(matched: Matched, code: Code) -> Truth | None:
    """S can be called with N arguments: no more is required, and as many are there."""
    functions, number = _functions_named(matched, code), number_of(_PLAIN.get(matched.words["N"], matched.words["N"]))
    if len(functions) != 1 or number is None:
        return None
    if any(one.is_variadic for one in functions[0].parameters) or "..." in text_at(
        functions[0].declared_at or functions[0].place, code
    ):
        return None
    required = sum(one.default is None for one in functions[0].parameters)
    shown = quoted(functions[0].declared_at or functions[0].place, code)
    reason = f"{functions[0].name}() takes from {required} to {len(functions[0].parameters)} arguments."
    return true(reason, shown) if required <= number <= len(functions[0].parameters) else false(reason, shown)


def _has_mutable_default(matched: Matched, code: Code) -> Truth | None:
    functions = _functions_named(matched, code)
    if len(functions) != 1 or not functions[0].unit.assigning_declares:
        return None
    defaults = [one.default for one in functions[0].parameters if one.default is not None]
    mutable = [
        one
        for one in defaults
        if (isinstance(one, Display) and one.kind != "tuple")
        or (isinstance(one, Call) and one.called_name in ("list", "dict", "set", "bytearray", "deque", "defaultdict"))
    ]
    if mutable:
        return true("A default is an object that changes.", *(quoted(one.place, code) for one in mutable), always=True)
    if any(isinstance(one, Name | Call) for one in defaults):
        return None
    return false(f"No default of {matched.name('S').text} can change.", quoted(functions[0].place, code))


_NO_NAMES = re.compile(
    r"(?:const )?(?:unsigned |long |short )*(?:int|size_t|ssize_t|bool|double|float|long|short|"
    r"unsigned|u?int\d+_t|pid_t|"
    r"mode_t|qint64|q?uint\d*)|(?:const )?(?:std::)?[io]+stream ?&|Q(?:IODevice|TextStream|DataStream) ?[*&]"
)


def _takes_file_name(matched: Matched, code: Code) -> Truth | None:
    """S takes the name of a file: C and C++ write which types it takes."""
    functions = _functions_named(matched, code)
    if len(functions) != 1 or functions[0].unit.assigning_declares or functions[0].is_template:
        return None
    types = [one.type for one in functions[0].parameters]
    if not all(_NO_NAMES.fullmatch(one.strip()) for one in types):
        return None
    told = ", ".join(types) or "nothing"
    shown = quoted(functions[0].declared_at or functions[0].place, code)
    return false(f"{functions[0].name}() takes {told}, and no name.", shown)


def _signal_carries(matched: Matched, code: Code) -> Truth | None:
    """The signal X passes something as a TYPE: it is among the types of its parameters."""
    found = [one.function for one in code.resolve(matched.name("X")) if one.function is not None]
    wanted = matched.name("Y").name
    if len(found) != 1 or "signal" not in found[0].section.lower() or not found[0].parameters:
        return None
    types = [one.type for one in found[0].parameters]
    if any(not one for one in types) or not wanted[:1].isupper():
        return None
    shown = quoted(found[0].declared_at or found[0].place, code)
    reason = f"{found[0].name}() takes {', '.join(types)}."
    is_so = any(re.search(rf"\b{re.escape(wanted)}\b", one) for one in types)
    return true(reason, shown) if is_so else false(reason, shown)


def _moc_is_included(_: Matched, code: Code) -> Truth | None:
    sources = [
        one
        for one in code.program.units
        if not one.path.endswith((".h", ".hpp", ".hh")) and "Q_OBJECT" in one.bare_code
    ]
    included = []
    for unit in sources:
        match = re.search(r'^[ \t]*#[ \t]*include[ \t]*["<][^">]*\bmoc\b[^">]*[">]', unit.source, re.MULTILINE)
        if match is not None:
            included.append(quoted(Place(unit.path, unit.source.count("\n", 0, match.start()) + 1), code))
    if not sources or 0 < len(included) < len(sources):
        return None
    if included:
        return true("The output of moc is included.", *included, always=True)
    return false(f"No output of moc is included; searched: {code.extent}.")


def _property_has(matched: Matched, code: Code) -> Truth | None:
    """Q_PROPERTY X has a READ, WRITE, NOTIFY, RESET."""
    name, word = matched.name("X").name, matched.words["PART"].upper()
    for unit in code.program.units:
        match = re.search(rf"Q_PROPERTY\s*\([^()]*\b{re.escape(name)}\s+(?:READ|MEMBER|WRITE)\b[^()]*\)", unit.code)
        if match is not None:
            place = Place(unit.path, unit.code.count("\n", 0, match.start()) + 1)
            has = re.search(rf"\b{word}\b", match[0]) is not None
            reason = f"The property {name} has {'a' if has else 'no'} {word}."
            return true(reason, quoted(place, code)) if has else false(reason, quoted(place, code))
    return None


def _is_only_class(matched: Matched, code: Code) -> Truth | None:
    classes = code.of_sort(Sort.CLASS)
    wanted = matched.name("X").name
    if not classes or matched.scopes:
        return None
    shown = [quoted(one.place, code) for one in classes]
    if [one.name for one in classes] == [wanted]:
        return true(f"{wanted} is the only class.", *shown)
    if any(one.name == wanted for one in classes) and not all(
        one.owner is not None and one.owner.unit.assigning_declares for one in classes
    ):
        return None  # C++ has structures as well
    return false(f"There are {len(classes)} classes: {', '.join(one.name for one in classes)}.", *shown)


def _elements(matched: Matched, code: Code) -> Truth | None:
    """There are N of W: a list, tuple, set or dictionary of this name has so many."""
    words = {stem(part) for part in parts_of(matched.words["W"])}
    number = number_of(matched.words["N"])
    if len(words) < 2 or number is None:  # one word alone is of too many things
        return None
    found = [one for one in _collections(code) if {stem(part) for part in parts_of(one[0])} == words]
    if len(found) != 1:
        return None
    name, display, place = found[0]
    if any(isinstance(one, Starred) for one in display.items):
        return None
    reason = f"{name} has {len(display.items)}."
    shown = quoted(place, code)
    return true(reason, shown) if len(display.items) == number else false(reason, shown)


def _collections(code: Code) -> Iterator[tuple[str, Display, Place]]:
    for function in code.program.functions:
        if function.kind is not FunctionKind.MODULE:
            continue
        for statement in function.statements():
            if not isinstance(statement, Assign) or not isinstance(statement.value, Display):
                continue
            if isinstance(statement.target, Name):
                yield statement.target.identifier, statement.value, statement.place


DECLARED = (
    StatementKind(
        "is atomic",
        "whether a variable is atomic",
        "The counter `served` is atomic.",
        _is_atomic,
        (r"{X} {BE} (?:an )?atomic(?: counter| variable| integer)?$",),
    ),
    StatementKind(
        "is a plain one",
        "of which built-in type a variable is",
        "`served` is a plain int.",
        _is_plain,
        (
            (
                r"{X} {BE} an? (?:plain|ordinary|simple|raw|bare|normal) (?P<TYPE>int|integer|bool|"
                r"boolean|long|char|float|double)"
            ),
        ),
    ),
    StatementKind(
        "is a pointer",
        "whether a variable or member is a pointer",
        "`m_server` is a pointer.",
        _is_pointer,
        (r"{X} (?:{BE} )?an? (?:raw |plain )?pointer(?: member)?$",),
        (
            (
                r"{X} {BE} an? (?:plain|ordinary|normal|direct) member(?: of {Y})?(?:,? (?:and "
                r")?(?:no|rather than a|instead of a) pointer)?$"
            ),
        ),
    ),
    StatementKind(
        "can be called with",
        "with how many arguments a function can be called",
        "The constructor of `IniParser` can be called with a single argument.",
        _takes_a_number,
        (
            (
                r"{S}(?: can)? (?:be called|{BE} callable|work) with (?:(?:only|as few as|just) )?(?:a "
                r")?(?P<N>single|one|two|three|four|no) arguments?"
            ),
        ),
    ),
    StatementKind(
        "mutable default",
        "whether a parameter has a default that changes",
        "`merge()` has a mutable default argument.",
        _has_mutable_default,
        (r"{S} (?:has|uses|takes|declares) (?:an? )?mutable default(?: argument| parameter| value)?s?",),
    ),
    StatementKind(
        "takes a file's name",
        "whether a function takes a name or a path",
        "`parse()` takes the name of a file.",
        _takes_file_name,
        (
            r"{S} (?:takes|expects|is given|accepts|gets) (?:the |a )?(?:name|path) of (?:the |a )?(?:\w+ )?file",
            r"{S} (?:takes|expects|is given|accepts|gets) (?:the |a )?(?:file ?name|file path)",
        ),
    ),
    StatementKind(
        "carries",
        "what type a signal passes",
        "The signal `lineReceived` passes the line as a `QString`.",
        _signal_carries,
        (r"{X} (?:passes|carries|hands over|delivers|sends) (?:the |a |its )?\w+ as an? {Y}$",),
    ),
    StatementKind(
        "moc is included",
        "whether the output of moc is included",
        "The moc include at the end of the file is missing.",
        _moc_is_included,
        (
            (
                r"(?:the |this )?(?:file|source|program|code) (?:includes?|#includes?) (?:its |the "
                r")?(?:own )?moc (?:output|file)"
            ),
            r"(?:the |its )?moc (?:output|file) {BE} included",
        ),
        (
            (
                r"(?:the |its )?moc (?:include|file include)(?: at the (?:end|bottom)(?: of (?:the|"
                r"this) (?:file|source))?)? {BE} (?:missing|absent)"
            ),
            r"there is no moc include",
        ),
    ),
    StatementKind(
        "property has",
        "what a property of Qt has",
        "The property `lineCount` has a NOTIFY signal.",
        _property_has,
        (
            (
                r"(?:the )?(?:property )?{X} has (?:an? )?(?P<PART>READ|WRITE|NOTIFY|RESET)(?: "
                r"(?:function|signal|method|accessor))?$"
            ),
        ),
        (
            (
                r"(?:the )?(?:property )?{X} has no (?P<PART>READ|WRITE|NOTIFY|RESET)(?: (?:function|"
                r"signal|method|accessor))?$"
            ),
        ),
    ),
    StatementKind(
        "only class",
        "whether a class is the only one",
        "Its only class is `Store`.",
        _is_only_class,
        (r"(?:its|the) only class(?: (?:here|there|in it))? {BE} {X}$", r"{X} {BE} the only class$"),
    ),
    StatementKind(
        "elements",
        "how many elements a list or set of the module has",
        "There are eight stop words.",
        _elements,
        (r"there are (?:exactly |only )?{N} (?P<W>[a-z]+ [a-z]+)$",),
    ),
)
