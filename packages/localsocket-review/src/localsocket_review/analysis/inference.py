"""Of which type an expression is, as far as the text tells."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from localsocket_review.analysis.memo import Inquiry, memo
from localsocket_review.analysis.names import Names, Variable, usual_name
from localsocket_review.apis.meaning import Api
from localsocket_review.apis.tables import Tables
from localsocket_review.model.declarations import ClassInfo, FunctionInfo
from localsocket_review.model.expressions import (
    Assignment,
    Attribute,
    Await,
    Binary,
    Call,
    Cast,
    Conditional,
    Display,
    Expression,
    Format,
    Literal,
    Name,
    Subscript,
    This,
    Unary,
)
from localsocket_review.model.program import Program, last_word
from localsocket_review.model.statements import Assign, Loop, Statement, With
from localsocket_review.model.unit import Language, Unit

_OWNERS = re.compile(
    r"(?:std::)?(?:unique_ptr|shared_ptr|weak_ptr|optional)|Q(?:Scoped|Shared|Weak)?Pointer|QPointer|QScopedPointer"
)
_NUMBERS = re.compile(r"(?:(?:unsigned|signed|long|short|char|int|__u?int\d+_t|s?size_t|u?int\d+_t)\b ?)+")
_MAKERS = frozenset({"make_unique", "make_shared", "create"})
# What gives the elements that its argument has.
_SAME_ELEMENTS = frozenset({"as_const", "qAsConst", "list", "tuple", "set", "sorted", "reversed"})
_ITS_ELEMENTS = frozenset({"values", "items", "copy"})


class CallMeanings(Protocol):
    """What inference asks of the calls, which themselves ask it for types."""

    @property
    def inquiry(self) -> Inquiry: ...

    def api_of(self, call: Call, function: FunctionInfo) -> Api | None: ...

    def callees(self, call: Call, function: FunctionInfo) -> list[FunctionInfo]: ...


class Callers(Protocol):
    """What inference asks of those who call, where they are known."""

    def values_given(self, function: FunctionInfo, parameter: str) -> list[tuple[Expression, FunctionInfo]]: ...

    def types_given(self, function: FunctionInfo, parameter: str) -> str: ...

    def type_without_them(self, expression: Expression, function: FunctionInfo) -> str: ...


@dataclass(frozen=True, slots=True, eq=False)
class _Binding:
    """What some place gives a variable: the value, its part `part`, or one of its elements."""

    value: Expression
    function: FunctionInfo
    part: int | None = None
    is_element: bool = False  # of the value
    adds_element: bool = False  # to the variable


class Inference:
    """Types of expressions in a program; it does not follow the order of statements."""

    def __init__(
        self, program: Program, names: Names, tables: Tables, calls: CallMeanings, callers: Callers | None
    ) -> None:
        self._program = program
        self._names = names
        self._tables = tables
        self._calls = calls
        self._callers = callers
        self._bindings: defaultdict[Variable, list[_Binding]] | None = None
        self._declared: dict[Variable, tuple[str, Unit]] = {}
        self._lineages: dict[ClassInfo, list[str]] = {}
        self.inquiry = calls.inquiry  # since the two ask each other, they stop at one another

    @memo(at_itself=lambda *_: "", is_sure=bool)
    def type_of(self, expression: Expression, function: FunctionInfo) -> str:
        """Return the type's dotted name, without pointers and references, or nothing where the text does not tell."""
        known = self._callers.type_without_them(expression, function) if self._callers is not None else ""
        return known or self._infer(expression, function)

    def is_a(self, expression: Expression, function: FunctionInfo, *wanted: str) -> bool:
        return bool(set(self.lineage(self.type_of(expression, function), function.unit)) & set(wanted))

    def is_pointer(self, expression: Expression, function: FunctionInfo) -> bool:
        """Say whether this is declared as a pointer or an array."""
        self._bound()
        variable = self._names.variable(expression, function)
        if variable is None or variable not in self._declared:
            variable = self.member_named(expression, function)
        if variable is None:
            return False
        text, _ = self._declared.get(variable, ("", function.unit))
        if isinstance(variable.owner, ClassInfo) and variable.path in variable.owner.members:
            text = variable.owner.members[variable.path].type or text
        return text.rstrip().endswith(("*", "]"))

    def lineage(self, type_name: str, near: Unit) -> list[str]:
        """Return the type and all its bases, those of the program and those that the tables know."""
        if not type_name:
            return []
        known = self._program.class_named(type_name, near)
        if known is None:
            return self._tables.ancestry(type_name)
        return self.class_lineage(known)

    def class_lineage(self, found: ClassInfo) -> list[str]:
        if found not in self._lineages:
            self._lineages[found] = self._find_lineage(found)
        return self._lineages[found]

    def _find_lineage(self, found: ClassInfo) -> list[str]:
        names = [found.name]
        for base in self._program.bases_of(found):
            for name in self._tables.ancestry(self.canonical(base, found.unit)):
                if name not in names:
                    names.append(name)
        return names

    def canonical(self, text: str, unit: Unit) -> str:
        """Return a written type as a dotted name: without pointers, smart pointers' shells and template arguments."""
        text = text.strip().strip("\"'")
        if unit.language is Language.CPP:
            text = re.sub(r"\b(?:const|struct|class)\b", "", text).strip().removesuffix("[]").rstrip("*&[] ")
            shell, _, inside = text.partition("<")
            if inside and _OWNERS.fullmatch(shell.strip()):
                return self.canonical(inside.rpartition(">")[0], unit)
            bare = shell.strip().replace("::", ".").lstrip(".")
            named = self._program.type_named(bare, unit)
            if named != bare and _NUMBERS.fullmatch(named):
                return named
            head, dot, rest = bare.partition(".")
            return unit.imports.get(bare) or f"{unit.imports.get(head, head)}{dot}{rest}"
        bare = text.partition("[")[0].strip()
        head, _, rest = bare.partition(".")
        return usual_name(".".join(filter(None, (unit.imports.get(head, head), rest))))

    # --- how each shape of expression gets its type ---------------------------------------------------------------

    def _infer(self, expression: Expression, function: FunctionInfo) -> str:
        match expression:
            case This():
                return function.owner.name if function.owner is not None else ""
            case Call():
                return self._of_call(expression, function)
            case Cast(type=text):
                return self.canonical(text, function.unit)
            case Subscript(value=value):
                return self._of_element(value, function)
            case Name() | Attribute():
                return self._of_variable(expression, function) or self._of_member(expression, function)
        parts = (self.type_of(part, function) for part in _of_the_same_type(expression))
        is_path = isinstance(expression, Binary) and expression.operator == "/"
        unfit = ("", "str") if is_path else ("",)  # `root / f"{name}.txt"` is no text
        return _type_of_constant(expression) or next((one for one in parts if one not in unfit), "")

    def _of_call(self, call: Call, function: FunctionInfo) -> str:
        name = call.called_name
        if call.template and name in _MAKERS:
            return self.canonical(call.template, function.unit)
        if name == "super" and function.owner is not None and function.owner.bases:
            return self.canonical(function.owner.bases[0], function.unit)
        returned = self._returned_by_api(call, function)
        if isinstance(returned, str) and returned:
            return returned
        if isinstance(returned, tuple):
            return "tuple"
        made = self._constructed(call, function)
        if made:
            return made
        for callee in self._calls.callees(call, function):
            found = self._returned_by(callee)
            if found:
                return found
        return ""

    def _returned_by_api(self, call: Call, function: FunctionInfo) -> str | tuple[str, ...]:
        api = self._calls.api_of(call, function)
        return "" if api is None else api.returns

    def _constructed(self, call: Call, function: FunctionInfo) -> str:
        for name in self._names.external_candidates(call.function, function):
            if self._program.class_named(name, function.unit) is not None:
                return last_word(name)
            if name in self._tables.calls[function.unit.language]:
                continue
            if last_word(name)[:1].isupper() or call.is_new:
                return name
        return ""

    def _returned_by(self, callee: FunctionInfo) -> str:
        if callee.is_constructor and callee.owner is not None:
            return callee.owner.name
        if callee.return_type not in ("", "auto", "void"):
            return self.canonical(callee.return_type, callee.unit)
        for statement in callee.statements():
            value = getattr(statement, "value", None)
            if type(statement).__name__ == "Return" and value is not None and (found := self.type_of(value, callee)):
                return found
        return ""

    def _of_variable(self, expression: Expression, function: FunctionInfo) -> str:
        variable = self._names.variable(expression, function)
        return "" if variable is None else self._of_known(variable)

    def _of_known(self, variable: Variable) -> str:
        return self._declared_type(variable) or next(filter(None, self._bound_types(variable, of_elements=False)), "")

    def _declared_type(self, variable: Variable) -> str:
        self._bound()
        owner = variable.owner
        text, unit = self._declared.get(variable, ("", owner.unit))
        if isinstance(owner, ClassInfo) and variable.path in owner.members:
            text = owner.members[variable.path].type or text
        canonical = self.canonical(text, unit) if text else ""
        if canonical in ("auto", "macro", "enum", ""):
            return ""
        return canonical

    def _bound_types(self, variable: Variable, of_elements: bool) -> Iterator[str]:
        for binding in self._bound()[variable]:
            if binding.adds_element is not of_elements:
                continue
            if binding.is_element and binding.part == 0 and _gives_pairs(binding.value):
                continue  # a key
            if binding.is_element:
                yield self._of_element(binding.value, binding.function)
            elif binding.part is None:
                yield self.type_of(binding.value, binding.function)
            else:
                yield self._of_part(binding.value, binding.part, binding.function)
        if isinstance(variable.owner, FunctionInfo) and not of_elements:
            yield from self._given(variable.owner, variable.path)

    def _given(self, function: FunctionInfo, parameter: str) -> Iterator[str]:
        """Yield the types that callers and frameworks give a parameter."""
        position = next((at for at, one in enumerate(function.parameters) if one.name == parameter), None)
        if position is None:
            return
        yield self.given_by_framework(function, parameter)
        if self._callers is None:
            return
        yield self._callers.types_given(function, parameter)
        for value, caller in self._callers.values_given(function, parameter):
            yield self.type_of(value, caller) or self._class_itself(value, caller)
        default = function.parameters[position].default
        if default is not None:  # `settings=Settings`, `settings=Settings()`
            yield self.type_of(default, function) or self._class_itself(default, function)

    def given_by_framework(self, function: FunctionInfo, parameter: str) -> str:
        """Return the type with which a framework's base class calls this method, `received` for what a peer sent."""
        position = next((at for at, one in enumerate(function.parameters) if one.name == parameter), 0)
        for base in self.class_lineage(function.owner) if function.owner is not None else ():
            types = self._tables.called_back(base, function.name)
            if position < len(types):
                return types[position]
        return ""

    def _of_part(self, value: Expression, part: int, function: FunctionInfo) -> str:
        if isinstance(value, Await):
            value = value.value
        if isinstance(value, Call):
            returned = self._returned_by_api(value, function)
            return returned[part] if isinstance(returned, tuple) and part < len(returned) else ""
        return ""

    def _of_element(self, container: Expression, function: FunctionInfo) -> str:
        variable = self._names.variable(container, function)
        if isinstance(container, Call) and container.called_name in _SAME_ELEMENTS and container.arguments:
            return self._of_element(container.arguments[0], function)
        if isinstance(container, Call) and container.called_name in _ITS_ELEMENTS and container.receiver is not None:
            return self._of_element(container.receiver, function)
        if isinstance(container, Call):
            returned = self._returned_by_api(container, function)
            return next(iter(returned), "") if isinstance(returned, tuple) else ""
        if variable is None:
            return ""
        self._bound()
        text, unit = self._declared.get(variable, ("", variable.owner.unit))
        if isinstance(variable.owner, ClassInfo) and variable.path in variable.owner.members:
            text = variable.owner.members[variable.path].type or text
        inside = re.search(r"[<\[](.*)[>\]]", text)
        if inside and inside.group(1):
            return self.canonical(inside.group(1).rpartition(",")[2], unit)
        if text.rstrip().endswith(("*", "]")):
            return self._of_known(variable)  # an array of C, or a pointer to the first of several
        return next(filter(None, self._bound_types(variable, of_elements=True)), "")

    def _of_member(self, expression: Expression, function: FunctionInfo) -> str:
        """The type of another object's member: one that its class declares, or that a framework's base gives it."""
        if not isinstance(expression, Attribute):
            return ""
        owner = self.type_of(expression.value, function) or self._class_itself(expression.value, function)
        known = self._program.class_named(owner, function.unit) if owner else None
        for found in self._program.lineage(known) if known is not None else ():
            if expression.name in found.members:
                return self._of_known(Variable(found, expression.name))
        for base in self.lineage(owner, function.unit):
            if f"{base}.{expression.name}" in self._tables.members:
                return self._tables.members[f"{base}.{expression.name}"]
        return ""

    def member_named(self, expression: Expression, function: FunctionInfo) -> Variable | None:
        """Return the member of its class that is read of another object: of `settings.mode` that of Settings."""
        if not isinstance(expression, Attribute) or isinstance(expression.value, This):
            return None
        owner = self.type_of(expression.value, function) or self._class_itself(expression.value, function)
        known = self._program.class_named(owner, function.unit) if owner else None
        for found in self._program.lineage(known) if known is not None else ():
            if expression.name in found.members:
                return Variable(found, expression.name)
        return None

    def _class_itself(self, expression: Expression, function: FunctionInfo) -> str:
        """Return the name of the class that a Python expression is, and no object of one: `Settings.path`."""
        if function.unit.language is not Language.PYTHON or not isinstance(expression, Name):
            return ""
        name = expression.identifier
        return name if name[:1].isupper() and self._program.classes_by_name.get(name) else ""

    # --- what the text binds to variables -------------------------------------------------------------------------

    def _bound(self) -> defaultdict[Variable, list[_Binding]]:
        if self._bindings is None:
            self._bindings = defaultdict(list)
            for function in self._program.functions:
                self._bind_in(function, self._bindings)
            for found in self._program.classes:
                for member in found.members.values():
                    if member.default is not None and found.body is not None:
                        binding = _Binding(member.default, found.body)
                        self._bindings[Variable(found, member.name)].append(binding)
        return self._bindings

    def _bind_in(self, function: FunctionInfo, bindings: defaultdict[Variable, list[_Binding]]) -> None:
        for parameter in function.parameters:
            if parameter.type:
                self._declared[Variable(function, parameter.name)] = (parameter.type, function.unit)
        for statement in function.statements():
            self._bind_by_statement(statement, function, bindings)
        for expression in function.expressions():
            match expression:
                case Assignment(target=target, value=value):
                    self._bind(target, _Binding(value, function), bindings)
                case Call(function=Attribute(value=container, name="append" | "add" | "push_back" | "insert")):
                    for argument in expression.arguments:
                        self._bind(container, _Binding(argument, function, adds_element=True), bindings)

    def _bind_by_statement(
        self, statement: Statement, function: FunctionInfo, bindings: defaultdict[Variable, list[_Binding]]
    ) -> None:
        match statement:
            case Assign(target=target, value=value, type=text):
                variable = self._names.variable(target, function)
                if text and variable is not None and isinstance(target, (Name, Attribute)):
                    self._declared.setdefault(variable, (text, function.unit))
                if value is not None:
                    self._bind(target, _Binding(value, function), bindings)
            case Loop(target=Expression() as target, iterable=Expression() as iterable):
                self._bind(target, _Binding(iterable, function, is_element=True), bindings)
            case With(items=items):
                for context, taken in items:
                    if taken is not None:
                        self._bind(taken, _Binding(context, function), bindings)

    def _bind(self, target: Expression, binding: _Binding, bindings: defaultdict[Variable, list[_Binding]]) -> None:
        if isinstance(target, Display):
            for part, item in enumerate(target.items):
                inside = _Binding(binding.value, binding.function, part, binding.is_element)
                self._bind(item, inside, bindings)
            return
        variable = self._names.variable(target, binding.function)
        if variable is not None:
            if isinstance(target, Subscript):
                binding = _Binding(binding.value, binding.function, binding.part, binding.is_element, adds_element=True)
            bindings[variable].append(binding)


def _type_of_constant(expression: Expression) -> str:
    match expression:
        case Literal(value=value):
            return "" if value is None else type(value).__name__
        case Format():
            return "str"
        case Display(kind=kind) if kind != "initializer":
            return kind
    return ""


def _of_the_same_type(expression: Expression) -> tuple[Expression, ...]:
    """Return the parts of an expression that have its type, those that tell it sooner first."""
    match expression:
        case Await(value=value) | Unary(operator="*" | "&", operand=value) | Assignment(value=value):
            return (value,)
        case Conditional(then=one, otherwise=other):
            return (one, other)
        case Binary(operator="or" | "and" | "+" | "/" | "%", left=one, right=other):
            return (one, other)
    return ()


def _gives_pairs(value: Expression) -> bool:
    return isinstance(value, Call) and value.called_name == "items"
