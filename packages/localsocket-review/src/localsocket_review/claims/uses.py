"""What uses a name: the calls, the reads, and the frameworks that call a function by its name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from localsocket_review.analysis.reach import QTEST_MAINS, has_entry, is_entry, is_private
from localsocket_review.claims.claim import Shown
from localsocket_review.claims.reviewed_code import Code, Entity, Sort
from localsocket_review.model.declarations import ClassInfo, FunctionInfo, FunctionKind
from localsocket_review.model.expressions import (
    Assignment,
    Attribute,
    Display,
    Expression,
    Name,
    This,
    Unary,
    walk,
)
from localsocket_review.model.place import Place
from localsocket_review.model.program import last_word
from localsocket_review.model.statements import Assign, Evaluate
from localsocket_review.model.unit import Language

_TEST_FRAME = frozenset({"initTestCase", "cleanupTestCase", "init", "cleanup", "initMain"})


class Uses:
    """Answers whether something is used, with the place that shows it."""

    def __init__(self, code: Code) -> None:
        self._code = code
        self._facts = code.facts

    def of(self, entity: Entity) -> list[Shown]:
        """Return places that use the entity; an empty list says that nothing in the files given does."""
        if isinstance(entity.found, FunctionInfo):
            return list(self._of_function(entity.found))
        if entity.sort is Sort.CLASS and isinstance(entity.found, ClassInfo):
            return list(self._of_class(entity.found))
        if entity.sort is Sort.VARIABLE and entity.function is not None and entity.function.kind is FunctionKind.MODULE:
            return list(self._of_global(entity))
        if entity.sort in (Sort.VARIABLE, Sort.PARAMETER) and entity.function is not None:
            return list(self._of_local(entity.name, entity.function))
        if entity.sort is Sort.MEMBER and entity.owner is not None:
            return list(self._of_member(entity.name))
        if entity.sort is Sort.MACRO:
            places = [place for place in self._code.occurrences(entity.name) if place.line != entity.place.line]
            return [(place, "used here") for place in places]
        brought = {(place.file, place.line) for place in self._brought_in()}
        places = self._code.occurrences(entity.name)
        return [(place, "used here") for place in places if (place.file, place.line) not in brought]

    def _brought_in(self) -> Iterator[Place]:
        """Yield the lines that import or include something, and so do not use it yet."""
        for unit in self._code.program.units:
            yield from unit.import_places.values()
            yield from (place for _, place in unit.includes)

    def is_named_otherwise(self, entity: Entity) -> bool:
        """Say whether the name of a function stands anywhere else, be it of a namesake."""
        return entity.sort is Sort.FUNCTION and self._facts.references.uses(entity.name, entity.unit) > 0

    def may_be_used_elsewhere(self, entity: Entity) -> bool:
        """Say whether files that were not given may use it: what is not private, where no whole program is given."""
        if entity.sort in (Sort.VARIABLE, Sort.PARAMETER, Sort.MACRO, Sort.OUTSIDE) or self._is_whole_program():
            return False
        found = entity.found
        if isinstance(found, FunctionInfo):
            return not is_private(found)
        if entity.sort is Sort.MEMBER and entity.owner is not None:
            return entity.owner.members[entity.name].access == "public" and not entity.name.startswith("_")
        return True

    def _is_whole_program(self) -> bool:
        return any(map(has_entry, self._code.program.units))

    # --- functions ------------------------------------------------------------------------------------------------

    def _of_function(self, function: FunctionInfo) -> Iterator[Shown]:
        for site in self._facts.calls.callers(function):
            if site.caller is not function:
                yield site.call.place, "handed on here" if site.is_handed_on else "called here"
        for connection in self._facts.connections.all:
            if function in connection.targets or (connection.by_text and connection.slot_name == function.name):
                yield connection.place, "connected to a signal here"
        reason = self._called_by_framework(function)
        if reason:
            yield function.place, reason
        yield from self._named_in_code(function)

    def _named_in_code(self, function: FunctionInfo) -> Iterator[Shown]:
        """Where a receiver's type is not known, the name must do."""
        for other in self._code.program.functions:
            if other is function or other.unit.language is not function.unit.language:
                continue
            for expression in other.expressions():
                is_named = isinstance(expression, Attribute) and expression.name == function.name
                is_free = isinstance(expression, Name) and expression.identifier == function.name
                if is_named or is_free:
                    yield expression.place, "named here"

    def _called_by_framework(self, function: FunctionInfo) -> str:
        """Say who calls it besides the files given: the language, a test runner, Qt, a base class."""
        if is_entry(function):
            return "the program begins here"
        return self._by_the_language(function) or self._by_its_name(function) or self._by_its_base(function)

    def _by_the_language(self, function: FunctionInfo) -> str:
        owner, name = function.owner, function.name
        if function.kind is FunctionKind.DESTRUCTOR or function.kind is FunctionKind.OPERATOR:
            return "called by the language"
        if function.is_constructor and owner is not None and any(self._of_class(owner)):
            return "called when an object is made"
        return "called by Python" if name.startswith("__") and name.endswith("__") else ""

    def _by_its_name(self, function: FunctionInfo) -> str:
        owner, name = function.owner, function.name
        if function.section == "private slots" and owner is not None and self.is_test_class(owner):
            return self._role_in_test(function, owner)
        if name.startswith("on_") and function.section.endswith("slots"):
            return "a slot that Qt connects by its name"
        if function.decorators:
            return "registered by its decorator"
        is_test = name.startswith("test_") or (name.startswith("test") and owner is not None)
        return "a test, which the test runner calls by its name" if is_test and function.section != "signals" else ""

    def _by_its_base(self, function: FunctionInfo) -> str:
        owner = function.owner
        if function.section == "signals":
            return ""
        virtual = self._facts.heritage.framework_virtual(function)
        if virtual:
            return f"overrides a virtual function of {virtual}, which calls it"
        if function.is_override or self._facts.heritage.base_method(function) is not None:
            return "overrides a function of its base class"
        is_called = owner is not None and self._is_called_by_base(function, owner)
        return "called by its framework, by its name" if is_called else ""

    def _is_called_by_base(self, function: FunctionInfo, owner: ClassInfo) -> bool:
        heritage = self._facts.heritage
        if heritage.has_unknown_base(owner):
            return True
        return function.unit.language is Language.PYTHON and bool(owner.bases) and heritage.is_given(function)

    def is_test_class(self, owner: ClassInfo) -> bool:
        """Say whether QtTest runs the class's private slots: it is handed to QTEST_MAIN, or to qExec."""
        for macro in QTEST_MAINS:
            for place in self._code.occurrences(macro):
                if f"{owner.name})" in self._line(place).replace(" ", ""):
                    return True
        if any(call.called_name == "qExec" for call, _ in self._code.calls_of("qExec")):
            return True
        return owner.name.startswith(("tst_", "Test", "tst")) and "QObject" in owner.bases

    def _role_in_test(self, function: FunctionInfo, owner: ClassInfo) -> str:
        test = function.name.removesuffix("_data")
        if function.name in _TEST_FRAME:
            return "QtTest calls it by its name, around the tests"
        if test != function.name and test in owner.methods:
            return f"QtTest calls it by its name, for the rows of the test {test}()"
        return "a private slot of a test class: QtTest runs it as a test"

    # --- classes and variables ------------------------------------------------------------------------------------

    def _of_class(self, found: ClassInfo) -> Iterator[Shown]:
        for other in self._code.program.classes:
            if found.name in (last_word(base) for base in other.bases) and other is not found:
                yield other.place, f"a base of {other.name}"
            for member in other.members.values():
                if found.name in _type_words(member.type):
                    yield member.place, f"the type of {member.name}"
        for function in self._code.program.functions:
            is_own = function.owner is found
            for expression in function.expressions():
                is_name = isinstance(expression, Name) and expression.identifier == found.name
                is_attribute = isinstance(expression, Attribute) and expression.name == found.name
                if not is_own and (is_name or is_attribute):
                    yield expression.place, "used here"
            for name, declared in function.declared_types().items():
                if not is_own and found.name in _type_words(declared):
                    yield function.place, f"the type of {name}"
        if self.is_test_class(found):
            yield found.place, "run by QtTest"
        for place in self._code.occurrences(found.name):
            if not (place.file == found.place.file and found.place.line <= place.line <= found.place.end_line):
                line = self._line(place)
                if f"{found.name}::" not in line and not line.lstrip().startswith(("class ", "struct ")):
                    yield place, "named here"

    def _line(self, place: Place) -> str:
        unit = self._code.unit_of(place)
        return unit.line(place.line) if unit is not None else ""

    def _of_local(self, name: str, function: FunctionInfo) -> Iterator[Shown]:
        waiting = [function]
        while waiting:
            current = waiting.pop()
            for expression in _read(current):
                if isinstance(expression, Name) and expression.identifier == name:
                    yield expression.place, "read here"
            waiting.extend(current.nested)

    def _of_global(self, entity: Entity) -> Iterator[Shown]:
        """A variable of a file is read by any function that has none of the same name."""
        name = entity.name
        for function in self._code.program.functions:
            if function.unit.language is not entity.unit.language or (
                function is not entity.function and name in function.local_names()
            ):
                continue
            for expression in _read(function):
                is_named = isinstance(expression, Name) and expression.identifier == name
                is_of_module = isinstance(expression, Attribute) and expression.name == name
                if is_named or (is_of_module and function.unit is not entity.unit):
                    yield expression.place, "read here"
        for default in self._defaults():
            for inner in walk(default):
                if isinstance(inner, Name) and inner.identifier == name:
                    yield inner.place, "read here"
        for unit in self._code.program.units:
            for macro in unit.macros.values():
                if name in re.findall(r"\w+", macro.value):
                    yield macro.place, f"read by {macro.name}"

    def _defaults(self) -> Iterator[Expression]:
        """Yield what members and parameters are without a word, array sizes among it."""
        for found in self._code.program.classes:
            yield from (member.default for member in found.members.values() if member.default is not None)
        for function in self._code.functions:
            yield from (one.default for one in function.parameters if one.default is not None)

    def _of_member(self, name: str) -> Iterator[Shown]:
        for function in self._code.program.functions:
            is_cpp = function.unit.language is Language.CPP
            is_local = name in function.local_names()
            for expression in _read(function):
                match expression:
                    case Attribute(name=found) if found == name:
                        yield expression.place, "read here"
                    case Name(identifier=found) if found == name and is_cpp and not is_local:
                        yield expression.place, "read here"


def _read(function: FunctionInfo) -> Iterator[Expression]:
    """Yield every expression that is read; what is only assigned to is none."""
    for call in function.base_calls:
        yield from walk(call)
    for statement in function.statements():
        written: Expression | None = None
        if isinstance(statement, Assign):
            written = statement.target
        for expression in statement.expressions():
            for inner in walk(expression):
                if inner is not written and not _is_written(inner, written) and not _counts_up(statement, inner):
                    yield inner


def _is_written(inner: Expression, written: Expression | None) -> bool:
    """`self.count = 1` writes count and reads nothing of note; `a, b = pair` writes both."""
    if isinstance(written, Display):
        return inner in written.items
    return isinstance(written, Attribute) and inner is written.value and isinstance(inner, This)


def _counts_up(statement: object, inner: Expression) -> bool:
    """`count++` by itself reads nothing that anybody sees."""
    match statement:
        case Evaluate(value=Unary(operator="++" | "--", operand=operand)) if operand is inner:
            return True
        case Evaluate(value=Assignment(target=target)) if target is inner:
            return True
    return False


def _type_words(text: str) -> list[str]:
    return re.findall(r"\w+", text)
