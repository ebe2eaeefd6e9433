"""LS406: what a class leaves to chance: members without a value, conversions, overrides, an open descriptor."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from localsocket_review.analysis.facts import Facts
from localsocket_review.findings import Finding, Severity
from localsocket_review.model.declarations import ClassInfo, FunctionInfo, FunctionKind, Member
from localsocket_review.model.expressions import Assignment, Attribute, Call, Name, Unary, strip_casts
from localsocket_review.model.place import Place
from localsocket_review.model.statements import Assign
from localsocket_review.model.unit import Language
from localsocket_review.rules.rule import Example, Rule

_RAW = re.compile(
    r"(?:unsigned|signed|long|short|int|char|bool|float|double|size_t|ssize_t|std::size_t|(?:std::)?u?int\d+_t|qu?int\d+|"
    r"uint|uchar|ushort|ulong|qreal|qsizetype|pid_t|uid_t|gid_t|mode_t|socklen_t|qintptr|\s)+|.*\*"
)
# What Qt's virtuals take, for those whose names other methods hardly have.
_PARAMETERS = {
    "run": 0,
    "incomingConnection": 1,
    "hasPendingConnections": 0,
    "nextPendingConnection": 0,
    "event": 1,
    "eventFilter": 2,
    "timerEvent": 1,
    "childEvent": 1,
    "customEvent": 1,
    "closeEvent": 1,
    "readData": 2,
    "writeData": 2,
    "bytesAvailable": 0,
    "canReadLine": 0,
    "isSequential": 0,
    "notify": 2,
}
_UNSET, _IMPLICIT, _HIDING, _OPEN = range(4)
_Found = tuple[int, Place, str]


def check(facts: Facts) -> Iterator[Finding]:
    by_file: defaultdict[tuple[str, int], list[tuple[Place, str]]] = defaultdict(list)
    for found in facts.classes(Language.CPP):
        if found.body is not None and facts.subject.concerns(found.unit):
            for kind, place, name in _of_class(facts, found):
                by_file[place.file, kind].append((place, name))
    for (_, kind), places in by_file.items():
        yield _finding(kind, sorted(places))


def _finding(kind: int, places: list[tuple[Place, str]]) -> Finding:
    names = " and ".join(f"`{name}`" for _, name in places[:2]) + (f" and {len(places) - 2} more" * (len(places) > 2))
    message, repair, cwe = {
        _UNSET: (f"The constructor does not give {names} a value.", "write `= nullptr`, `= 0` …", "CWE-457"),
        _IMPLICIT: (f"The constructor of {names} converts implicitly.", "write `explicit` before it", None),
        _HIDING: (f"Nothing says that {names} overrides a base's.", "write `override` after it", None),
        _OPEN: (f"The destructor does not close {names}.", "close it in the destructor", "CWE-772"),
    }[kind]
    severity = Severity.NOTE if cwe is None else Severity.LOW
    evidence = [(place, f"`{name}`") for place, name in places]
    return RULE.finding(places[0][0], message, evidence, severity=severity, repair=repair, cwe=cwe)


def _of_class(facts: Facts, found: ClassInfo) -> Iterator[_Found]:
    for member in _unset_members(found):
        yield _UNSET, member.place, member.name
    for constructor in found.constructors():
        if _converts(constructor, found):
            yield _IMPLICIT, constructor.declared_at or constructor.place, found.name
    for method in found.all_methods():
        if method.kind is FunctionKind.METHOD and not method.is_override and _overrides(facts, method):
            yield _HIDING, method.declared_at or method.place, method.name
    for member, _ in facts.descriptors.left_open_by(found):
        yield _OPEN, member.place, member.name


# --- members ------------------------------------------------------------------------------------------------------


def _unset_members(found: ClassInfo) -> Iterator[Member]:
    """Yield the plain members that some constructor leaves as they were in memory."""
    own = [one for one in found.constructors() if not _is_copying(one, found)]
    if any(one.body is None for one in own) or (not own and found.is_struct) or _depends_on_platform(found):
        return  # where the constructor is not seen; and a struct without one is filled by whoever makes it
    unset = [
        one for one in found.members.values() if _RAW.fullmatch(one.type) and not one.default and not one.is_static
    ]
    constructors = [one for one in own if not any(call.called_name == found.name for call in one.base_calls)]
    given = [_set_by(one, found, ()) for one in constructors] or [set[str]()]
    yield from (member for member in unset if not all(member.name in names for names in given))


def _depends_on_platform(found: ClassInfo) -> bool:
    """Say whether there are members or initialisers in it that only some platforms have."""
    code = found.unit.code[found.unit.span(found.place.line, found.place.end_line)]
    return re.search(r"^\s*#\s*(?:if|el)", code, re.MULTILINE) is not None


def _set_by(function: FunctionInfo, found: ClassInfo, active: tuple[FunctionInfo, ...]) -> set[str]:
    """Return the names that a method gives a value, also by the methods that it calls."""
    names: set[str] = set()
    for statement in function.statements():
        if isinstance(statement, Assign):
            names.add(_last_name(statement.target))
    for expression in function.expressions():
        match expression:
            case Assignment(target=target):
                names.add(_last_name(target))
            case Unary(operator="&", operand=operand):
                names.add(_last_name(operand))
            case Call() if len(active) < 3:
                for method in found.methods.get(expression.called_name, ()):
                    if method.body is not None and method not in active and not method.is_constructor:
                        names |= _set_by(method, found, (*active, function))
    return names


def _last_name(target: object) -> str:
    match strip_casts(target):  # type: ignore[arg-type]
        case Name(identifier=name) | Attribute(name=name):
            return name
    return ""


# --- methods ------------------------------------------------------------------------------------------------------


def _is_copying(constructor: FunctionInfo, found: ClassInfo) -> bool:
    return len(constructor.parameters) == 1 and bool(
        re.fullmatch(rf"(?:\w+::)*{found.name}(?:<.*>)?&+", constructor.parameters[0].type)
    )


def _converts(constructor: FunctionInfo, found: ClassInfo) -> bool:
    """Say whether one value of another type becomes an object without anyone writing the class's name."""
    parameters = constructor.parameters
    required = [one for one in parameters if one.default is None and not one.is_variadic]
    if not parameters or len(required) > 1 or constructor.is_explicit or _is_copying(constructor, found):
        return False
    line = constructor.unit.line(constructor.place.end_line)
    return "initializer_list" not in parameters[0].type and not re.search(r"=\s*delete\b", line)


def _overrides(facts: Facts, method: FunctionInfo) -> bool:
    if method.is_static or not (method.section or method.declared_at):
        return False
    inherited = facts.heritage.base_method(method)
    if inherited is not None and (inherited.is_virtual or inherited.is_override):
        return True
    is_of_qt = _PARAMETERS.get(method.name) == len(method.parameters)
    return is_of_qt and bool(facts.heritage.framework_virtual(method))


RULE = Rule(
    id="LS406",
    title="a class leaves something to chance",
    severity=Severity.LOW,
    cwe=None,
    why=(
        "A pointer or number without a value holds what was in memory before; a constructor that converts "
        "implicitly makes objects that nobody asked for; an override that says nothing stops being "
        "one when the base changes; and a "
        "descriptor that its owner does not close stays open."
    ),
    repair="say it in the class itself: a value, `explicit`, `override`, a destructor",
    unless=(
        "every constructor gives the member a value, itself or by a method that it calls",
        "the constructor copies or moves, or is deleted",
        "the method takes the place of nothing virtual",
        "the destructor closes the descriptor by another method",
        "constructors and destructor are not in the files given",
    ),
    examples=(
        Example(
            Language.CPP,
            bad="class Client {\npublic:\n    Client(QString name);\nprivate:\n    QLocalSocket *m_socket;\n};\n",
            good=(
                "class Client {\npublic:\n    explicit Client(QString name);\n"
                "private:\n    QLocalSocket *m_socket = nullptr;\n};\n"
            ),
        ),
    ),
    check=check,
)
