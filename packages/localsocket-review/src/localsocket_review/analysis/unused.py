"""What is in the files and used by nothing in them, with the care that frameworks ask for."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePath

from localsocket_review.analysis.calls import ProgramCalls
from localsocket_review.analysis.heritage import Heritage
from localsocket_review.analysis.includes import Includes
from localsocket_review.analysis.inference import Inference
from localsocket_review.analysis.neighbours import Neighbours
from localsocket_review.analysis.reach import has_entry, is_private
from localsocket_review.analysis.references import References
from localsocket_review.apis.meaning import Act
from localsocket_review.model.declarations import ClassInfo, FunctionInfo, FunctionKind, Member, Parameter
from localsocket_review.model.expressions import Display, Expression, Literal, Name, Other
from localsocket_review.model.place import Place
from localsocket_review.model.program import Program
from localsocket_review.model.statements import Assign, Evaluate, Loop, Raise, Statement
from localsocket_review.model.unit import Language, Unit

_OF_SOCKETS = Act.BIND | Act.LISTEN | Act.CONNECT | Act.ACCEPT | Act.RECEIVE | Act.SEND | Act.WAIT | Act.CLOSE
_NAMED = (FunctionKind.FUNCTION, FunctionKind.METHOD)
_NUMBER = re.compile(
    r"(?:unsigned|signed|long|short|int|char|bool|float|double|auto|size_t|ssize_t|std::size_t|u?int\d+_t|qu?int\d+|uint|"
    r"uchar|ushort|ulong|qreal|qsizetype|pid_t|uid_t|gid_t|mode_t|socklen_t|off_t|time_t|qintptr|std::u?int\d+_t|\s)+"
)
# Values that do nothing by themselves: one that nobody mentions may go, unlike a lock or a thread.
_PASSIVE = re.compile(
    r"Q(?:ByteArray|String|StringList|Variant|Url|ElapsedTimer|DateTime|LocalServer|LocalSocket|Timer|Pointer<.*>|"
    r"List<.*>|Vector<.*>|Map<.*>|Hash<.*>|Set<.*>|Queue<.*>)|"
    r"std::(?:string|vector<.*>|map<.*>|unordered_map<.*>|set<.*>|deque<.*>|list<.*>|optional<.*>|array<.*>|queue<.*>)|"
    r"sockaddr\w*"
)
# `__attribute__((constructor))`, `__declspec(dllexport)`, `EXPORT`, `SYMBOL_EXPORT`, `LIB_API`, `LIB_PUBLIC`.
_CALLED_BY_OTHERS = re.compile(
    r"__attribute__\s*\(\s*\(\s*(?:\w+\W+)*_*(?:constructor|destructor|used|section|visibility|weak|alias)"
    r"|__declspec|\[\[\s*(?:\w[\w:]*\s*,\s*)*gnu::(?:constructor|destructor|used)"
    r"|\b(?:[A-Z]\w*_)?(?:EXPORT(?:ED)?|PUBLIC|VISIBLE|API|EXTERN)\b"
)
_MACRO = re.compile(r"[A-Z][A-Z0-9_]+")
_ONLY_FOR_EFFECT = frozenset({"readline", "rlcompleter", "antigravity", "this", "annotations"})
_FOR_OTHERS = re.compile(r"^#\s*(?:ruff|flake8):\s*noqa(?:\s*$|:[^\n]*\bF401\b)", re.MULTILINE)
_ON_PURPOSE = ("_", "dummy", "unused", "ignored")  # a variable so called is known to be idle


@dataclass(frozen=True, slots=True)
class Unused:
    """One thing that nothing uses. `is_certain`: nobody outside of the files can use it either."""

    kind: str
    label: str
    place: Place
    is_certain: bool = True


class UnusedThings:
    """Looks for them, file by file."""

    def __init__(
        self,
        program: Program,
        references: References,
        heritage: Heritage,
        inference: Inference,
        calls: ProgramCalls,
        neighbours: Neighbours,
    ) -> None:
        self._neighbours = neighbours
        self._program = program
        self._calls = calls
        self._references = references
        self._heritage = heritage
        self._inference = inference
        self._includes = Includes(program, inference)
        packages = [unit for unit in program.units if PurePath(unit.path).name == "__init__.py"]
        self._packages = {PurePath(unit.path).parent for unit in packages}
        self._methods: dict[Unit, Counter[str]] = {}
        self._classes: defaultdict[Unit, list[ClassInfo]] = defaultdict(list)
        for found in program.classes:
            self._classes[found.unit].append(found)

    def of_unit(self, unit: Unit) -> Iterator[Unused]:
        """Yield what a file has and nothing uses."""
        yield from self._functions(unit)
        for function in unit.every_function():
            yield from self._parameters(function)
            yield from self._variables(function)
        for found in self._classes[unit]:
            yield from self._members(found)
        if unit.language is Language.PYTHON:
            yield from self._imports(unit)
        else:
            for header, place in self._includes.unused(unit):
                yield Unused("includes", f"<{header}>", place)

    # --- functions ------------------------------------------------------------------------------------------------

    def _functions(self, unit: Unit) -> Iterator[Unused]:
        named = [one for one in unit.every_function() if one.kind in _NAMED]
        unused = [function for function in named if self._is_unused(function)]
        public = [function for function in unused if not is_private(function)]
        are_few = len(public) <= len(named) - len(unused)
        for function in unused:
            if is_private(function) or (are_few and self._stands_out(function)):
                place = function.declared_at or function.place
                yield Unused("functions", function.name, place, function not in public)

    def _is_unused(self, function: FunctionInfo) -> bool:
        if (
            self._references.uses(function.name, function.unit)
            or function.is_virtual
            or function.is_template
            or function.decorators
            or _is_made_by_macro(function)
            or _is_said_to_be_called(function)
        ):
            return False
        return not self._heritage.is_given(function) and not _is_test_slot(function)

    def _stands_out(self, function: FunctionInfo) -> bool:
        """Say whether a public function is more likely left over than there for other files.

        Where the files hold an entry point, whatever nobody calls is; elsewhere a function that uses neither sockets
        nor other functions.
        """
        if any(folder in self._packages for folder in PurePath(function.unit.path).parents):
            return False
        is_for_others = function.owner is not None or any(
            call.called_name in self._program.classes_by_name or self._calls.callees(call, function)
            for call in function.calls()
        )
        if is_for_others or self._is_about_sockets(function):
            return any(map(has_entry, self._neighbours.of(function.unit)))
        return True

    def _is_about_sockets(self, function: FunctionInfo) -> bool:
        """Say whether a function is given a socket or a server, or does what one does with them."""
        unit = function.unit
        types = {
            name
            for parameter in function.parameters
            if parameter.type
            for name in self._inference.lineage(self._inference.canonical(parameter.type, unit), unit)
        }
        return not types.isdisjoint(self._calls.tables.types_that(_OF_SOCKETS)[unit.language]) or any(
            self._calls.sites(_OF_SOCKETS, function)
        )

    def _parameters(self, function: FunctionInfo) -> Iterator[Unused]:
        if not self._may_choose_parameters(function) or _does_nothing(function.body or []):
            return
        words = self._references.words(function)
        for parameter in function.parameters:
            if _counts(parameter) and words[parameter.name] == 1 and not _says_unused(function.unit, parameter.place):
                yield Unused("parameters", f"{parameter.name}` of `{function.name}", parameter.place)

    def _may_choose_parameters(self, function: FunctionInfo) -> bool:
        """Say whether nobody else dictates the function's parameters: a base, a signal, a caller that is handed it."""
        if function.kind not in (*_NAMED, FunctionKind.CONSTRUCTOR) or function.is_virtual or function.decorators:
            return False
        if function.is_implied or _is_of_the_interpreter(function):
            return False
        if self._heritage.is_given(function) and not function.is_constructor:
            return False
        if self._is_for_others(function) or _asks_for_all_locals(function):
            return False
        if self._references.is_value(function.name, function.unit) or function.section.endswith(("slots", "signals")):
            return False
        if function.owner is None or function.is_constructor:
            return True
        return self._methods_near(function.unit)[function.name] < 2

    def _methods_near(self, unit: Unit) -> Counter[str]:
        """Return how many classes of the files that belong together have a method of each name."""
        leader = self._neighbours.group_of(unit)
        if leader not in self._methods:
            near = self._neighbours.of(unit)
            self._methods[leader] = Counter(
                name for one in near for found in self._classes[one] for name in found.methods
            )
        return self._methods[leader]

    def _is_for_others(self, function: FunctionInfo) -> bool:
        """Say whether the parameters are a promise: a package's public ones, or those that a twin has elsewhere."""
        if function.unit.language is Language.PYTHON:
            is_public = not function.name.startswith("_") or function.is_constructor
            in_package = any(folder in self._packages for folder in PurePath(function.unit.path).parents)
            return is_public and in_package
        if function.owner is not None or function.is_static:
            return False
        return self._twins[self._neighbours.group_of(function.unit), function.name] > 1

    @cached_property
    def _twins(self) -> Counter[tuple[Unit, str]]:
        """How many functions of a name that belong to no class the files have which belong together."""
        return Counter(
            (self._neighbours.group_of(one.unit), one.name)
            for one in self._program.functions
            if one.owner is None and one.body is not None
        )

    def _variables(self, function: FunctionInfo) -> Iterator[Unused]:
        if function.kind not in (*_NAMED, FunctionKind.CONSTRUCTOR, FunctionKind.DESTRUCTOR):
            return
        if _asks_for_all_locals(function):
            return
        given = {parameter.name for parameter in function.parameters}
        loops = {loop.target for loop in function.statements() if isinstance(loop, Loop)}
        assigned: dict[str, list[Assign]] = {}
        for statement in function.statements():
            match statement:
                case Assign(target=Name(identifier=name) as target, operator="=") if target not in loops:
                    assigned.setdefault(name, []).append(statement)
        local = function.local_names() - given
        for name, statements in assigned.items():
            first = statements[0]
            if (
                name not in local
                or name.startswith(_ON_PURPOSE)
                or self._references.words(function)[name] != len(statements)
            ):
                continue
            if _is_idle(first.type, function.unit) and not _says_unused(function.unit, first.place):
                yield Unused("variables", f"{name}` of `{function.name}", first.place)

    # --- members --------------------------------------------------------------------------------------------------

    def _members(self, found: ClassInfo) -> Iterator[Unused]:
        if found.unit.language is Language.PYTHON:
            if not self._heritage.has_unknown_base(found):
                yield from self._python_members(found)
        elif found.body is not None and not found.is_struct and _is_complete(found):
            for member in found.members.values():
                if member.access == "private" and self._is_never_read(member, found.unit):
                    yield Unused("members", member.name, member.place)

    def _is_never_read(self, member: Member, unit: Unit) -> bool:
        if self._references.uses(member.name, unit) == 0:
            return _is_number(member.type) or member.type.endswith("*") or bool(_PASSIVE.fullmatch(member.type))
        return self._references.reads(member.name, unit) == 0 and _is_number(member.type)

    def _python_members(self, found: ClassInfo) -> Iterator[Unused]:
        """Members that only ever hold constants; an object may be held to keep it alive."""
        given: dict[str, list[Expression | None]] = {}
        for method in found.all_methods():
            for statement in method.statements():
                if isinstance(statement, Assign) and (name := getattr(statement.target, "name", "")):
                    given.setdefault(name, []).append(statement.value)
        has_bases = any(base not in ("object", "ABC") for base in found.bases)
        for member in found.members.values():
            is_private = member.name.startswith("_")
            if member.is_static or self._references.reads(member.name, found.unit) or (has_bases and not is_private):
                continue
            values = given.get(member.name, [])
            if values and all(map(_is_constant, values)) and (is_private or not self._packages):
                yield Unused("members", member.name, member.place, is_private)

    # --- imports --------------------------------------------------------------------------------------------------

    def _imports(self, unit: Unit) -> Iterator[Unused]:
        if PurePath(unit.path).name == "__init__.py":
            return
        if self._hands_on_all(unit):
            return
        for name, place in unit.import_places.items():
            source = unit.imports.get(name, name)
            if name in _ONLY_FOR_EFFECT or name.startswith("_") or source.partition(".")[0] == "__future__":
                continue
            is_used = unit.identifiers[name] - unit.declared[name] > 0 or self._is_taken_from(unit, name)
            is_used = is_used or _is_handed_on(unit, name, place) or _is_in_a_text(unit, name)
            if not is_used and not _says_unused(unit, place) and not _is_tried(unit, place):
                yield Unused("imports", name, place)

    def _hands_on_all(self, unit: Unit) -> bool:
        """Say whether another file takes all names from this one, or the file says that it has them for others."""
        name = unit.module_name.rpartition(".")[2]
        if _FOR_OTHERS.search(unit.source):
            return True
        others = (one for one in self._program.units if one is not unit)
        return bool(name) and any(star.rpartition(".")[2] == name for one in others for star in one.star_imports)

    def _is_taken_from(self, unit: Unit, name: str) -> bool:
        """Say whether another file imports the name from this one."""
        wanted = f"{unit.module_name}.{name}"
        return bool(self._importers.get(wanted, frozenset()) - {unit})

    @cached_property
    def _importers(self) -> dict[str, set[Unit]]:
        """By the last two words of what is imported, the files that import it."""
        found: defaultdict[str, set[Unit]] = defaultdict(set)
        for unit in self._program.units:
            for source in unit.imports.values():
                found[".".join(source.split(".")[-2:])].add(unit)
        return dict(found)


def _is_made_by_macro(function: FunctionInfo) -> bool:
    """Say whether the text only looks like a function: `NAN_METHOD(Open) {…}`, whose name a macro makes."""
    is_bare = function.unit.language is Language.CPP and function.owner is None and not function.return_type
    return is_bare and _MACRO.fullmatch(function.name) is not None


def _is_of_the_interpreter(function: FunctionInfo) -> bool:
    """Say whether Python calls a function of C, whose parameters are always the same."""
    return function.return_type.replace(" ", "") == "PyObject*" and bool(function.parameters)


def _is_said_to_be_called(function: FunctionInfo) -> bool:
    """Say whether the text before its name says that the loader, or another program, calls a function of C."""
    if function.unit.language is not Language.CPP:
        return False
    last = function.body[0].place.line if function.body else function.place.end_line
    lines = range(max(1, function.place.line - 1), last + 1)
    head = re.split(rf"\b{re.escape(function.name)}\s*\(", "\n".join(map(function.unit.line, lines)), maxsplit=1)[0]
    return _CALLED_BY_OTHERS.search(head) is not None


def _is_test_slot(function: FunctionInfo) -> bool:
    """Qt calls the private slots of a test by itself."""
    if not function.section.endswith("slots"):
        return False
    units = {function.unit} | ({function.owner.unit} if function.owner is not None else set())
    return any(
        any(macro.startswith("QTEST_") for macro in unit.masked_macros)
        or any(re.search(r"\bQ(?:t?Test|SignalSpy)\b", header) for header, _ in unit.includes)
        for unit in units
    )


def _counts(parameter: Parameter) -> bool:
    return bool(parameter.name) and not parameter.name.startswith("_") and not parameter.is_variadic


def _does_nothing(body: list[Statement]) -> bool:
    """Say whether there is only what stands for a body that is still to come, or is another's to write."""
    return all(
        isinstance(statement, Raise)
        or (isinstance(statement, Evaluate) and isinstance(statement.value, (Literal, Other)))
        for statement in body
    )


def _says_unused(unit: Unit, place: Place) -> bool:
    """Say whether the line itself tells that this is on purpose: `[[maybe_unused]]`, `# noqa: F401`."""
    return re.search(r"unused|noqa|pylint", unit.line(place.line), re.IGNORECASE) is not None


def _is_tried(unit: Unit, place: Place) -> bool:
    """Say whether an import is there to see whether it works."""
    before = (unit.line(number).strip() for number in range(place.line - 1, 0, -1))
    return next(filter(None, before), "").startswith(("try:", "except"))


def _is_handed_on(unit: Unit, name: str, place: Place) -> bool:
    """`from .select import select as select` says that others take it from here."""
    return re.search(rf"\b{re.escape(name)}\s+as\s+{re.escape(name)}\b", unit.line(place.line)) is not None


def _is_in_a_text(unit: Unit, name: str) -> bool:
    """Say whether a text names it, as the types in quotes do: `Optional["zmq.Context"]`."""
    within = r"""(?:[\[|]|->|\.\.\.,|\b\w+\s*:)\s*["']"""
    return re.search(rf"""{within}{re.escape(name)}\b|["']{re.escape(name)}(?:\.\w+)*\[""", unit.source) is not None


def _asks_for_all_locals(function: FunctionInfo) -> bool:
    return function.unit.language is Language.PYTHON and any(
        call.called_name in ("locals", "vars", "eval", "exec") and not call.arguments[2:] for call in function.calls()
    )


def _is_number(type_name: str) -> bool:
    return _NUMBER.fullmatch(type_name) is not None


def _is_idle(type_name: str, unit: Unit) -> bool:
    """Say whether a variable of this type does nothing by itself. Python's say nothing of their end."""
    return unit.language is Language.PYTHON or _is_number(type_name) or type_name.endswith("*")


def _is_constant(value: Expression | None) -> bool:
    return isinstance(value, Literal) or (isinstance(value, Display) and not value.items)


def _is_complete(found: ClassInfo) -> bool:
    """Say whether the files hold the bodies of all methods, so that all uses of private things are seen."""
    for method in found.all_methods():
        is_copying = any(found.name in parameter.type for parameter in method.parameters)
        is_bodiless = method.section == "signals" or method.is_virtual or is_copying
        if method.body is None and not is_bodiless and method.kind is not FunctionKind.OPERATOR:
            return False
    return True
