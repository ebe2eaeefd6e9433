"""Functions and classes of the model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from localsocket_review.model.expressions import (
    Assignment,
    Call,
    Comprehension,
    Display,
    Expression,
    Name,
    Starred,
    walk,
)
from localsocket_review.model.place import Place
from localsocket_review.model.statements import Assign, Define, Loop, Statement, Try, With, statements_in

if TYPE_CHECKING:
    from localsocket_review.model.unit import Unit


class FunctionKind(StrEnum):
    FUNCTION = "function"
    METHOD = "method"
    CONSTRUCTOR = "constructor"
    DESTRUCTOR = "destructor"
    OPERATOR = "operator"
    LAMBDA = "lambda"
    MODULE = "module"  # the statements of a file outside of every function
    CLASS_BODY = "class body"  # those of a Python class outside of its methods


@dataclass(slots=True, eq=False)
class Parameter:
    place: Place
    name: str
    type: str = ""
    default: Expression | None = None
    is_variadic: bool = False


@dataclass(slots=True, eq=False)
class FunctionInfo:
    """A function with its body, or only declared where `body` is None.

    `owner` is the class whose method it is, and for a lambda or nested function in a method that method's class.
    `section` is where a C++ class declares it: public, private, signals, public slots. `base_calls` are the
    constructor's calls of its bases. `declared_at` is where a class declares what is defined outside of it. The first
    parameter of a Python method is This and not among `parameters`. Nobody wrote a function that `is_implied`, as is
    the constructor of a dataclass.
    """

    name: str
    qualified_name: str
    place: Place
    unit: Unit
    kind: FunctionKind = FunctionKind.FUNCTION
    declared_at: Place | None = None
    parameters: list[Parameter] = field(default_factory=list)
    body: list[Statement] | None = None
    owner: ClassInfo | None = None
    enclosing: FunctionInfo | None = None
    nested: list[FunctionInfo] = field(default_factory=list)
    decorators: list[Expression] = field(default_factory=list)
    base_calls: list[Call] = field(default_factory=list)
    captures: list[str] = field(default_factory=list)
    outer_names: frozenset[str] = frozenset()  # Python's `global` and `nonlocal`
    return_type: str = ""
    section: str = ""
    is_async: bool = False
    is_static: bool = False
    is_virtual: bool = False
    is_override: bool = False
    is_explicit: bool = False
    is_template: bool = False
    is_implied: bool = False
    _statements: list[Statement] | None = None
    _expressions: list[Expression] | None = None
    _calls: list[Call] | None = None
    _local_names: frozenset[str] | None = None

    @property
    def is_constructor(self) -> bool:
        return self.kind is FunctionKind.CONSTRUCTOR

    def statements(self) -> list[Statement]:
        """Every statement of the body, also those inside others, in the order of the text."""
        if self._statements is None:
            self._statements = list(statements_in(self.body or []))
        return self._statements

    def expressions(self) -> Iterator[Expression]:
        """Every expression of the body, but nothing of nested functions."""
        if self._expressions is None:
            self._expressions = list(self._walk_expressions())
        return iter(self._expressions)

    def _walk_expressions(self) -> Iterator[Expression]:
        for call in self.base_calls:
            yield from walk(call)
        for statement in self.statements():
            for expression in statement.expressions():
                yield from walk(expression)

    def assignments(self, operator: str = "") -> Iterator[tuple[Expression, Expression]]:
        """Yield what is assigned to, with the value: by statements, then in expressions; by any operator, or by one."""
        for statement in self.statements():
            if isinstance(statement, Assign) and statement.value is not None and operator in ("", statement.operator):
                yield statement.target, statement.value
        for part in self.expressions():
            if isinstance(part, Assignment) and operator in ("", part.operator):
                yield part.target, part.value

    def calls(self) -> list[Call]:
        if self._calls is None:
            self._calls = [found for found in self.expressions() if isinstance(found, Call)]
        return self._calls

    def forget_walks(self) -> None:
        """Look anew for the expressions, some of which have been changed by the reader."""
        self._expressions = self._calls = None

    def local_names(self) -> frozenset[str]:
        """The names that belong to this function: parameters and what it declares, or in Python what it assigns."""
        if self._local_names is None:
            names = {parameter.name for parameter in self.parameters}
            for statement in self.statements():
                names.update(_bound_names(statement, assigning_declares=self.unit.assigning_declares))
            if self.unit.assigning_declares:
                names.update(_names_bound_inside(self.expressions()))
            self._local_names = frozenset(names - self.outer_names)
        return self._local_names

    def declared_types(self) -> dict[str, str]:
        """The types that the text itself gives: of parameters and of declared variables."""
        types = {parameter.name: parameter.type for parameter in self.parameters if parameter.type}
        for statement in self.statements():
            if isinstance(statement, Assign) and statement.type:
                types[getattr(statement.target, "identifier", "")] = statement.type
        return types


def _bound_names(statement: Statement, assigning_declares: bool) -> Iterator[str]:
    match statement:
        case Assign(target=target, type=declared):
            if assigning_declares or declared:
                yield from target_names(target)
        case Loop(target=Expression() as target):
            if assigning_declares:
                yield from target_names(target)
        case With(items=items):
            for _, taken in items:
                yield from target_names(taken) if taken is not None else ()
        case Try(handlers=handlers):
            yield from (handler.name for handler in handlers if handler.name)
        case Define(definition=definition):
            yield definition.name


def _names_bound_inside(expressions: Iterator[Expression]) -> Iterator[str]:
    for expression in expressions:
        match expression:
            case Assignment(target=target):
                yield from target_names(target)
            case Comprehension(loops=loops):
                for target, _ in loops:
                    yield from target_names(target)


def target_names(target: Expression) -> Iterator[str]:
    """Yield the plain names that an assignment to this target binds."""
    match target:
        case Name(identifier=name):
            yield name
        case Display(items=items):
            for item in items:
                yield from target_names(item)
        case Starred(value=value):
            yield from target_names(value)


@dataclass(slots=True, eq=False)
class Member:
    """A member variable. Python's are found where a method assigns them, and in the class body."""

    name: str
    place: Place
    type: str = ""
    default: Expression | None = None
    access: str = "public"
    is_static: bool = False


@dataclass(slots=True, eq=False)
class ClassInfo:
    """A class with everything that the files given say of it: C++ header and source are joined to one.

    `bases` are as written, without template arguments; `macros` are those of Qt, such as Q_OBJECT, with their places.
    """

    name: str
    qualified_name: str
    place: Place
    unit: Unit
    bases: list[str] = field(default_factory=list)
    members: dict[str, Member] = field(default_factory=dict)
    methods: dict[str, list[FunctionInfo]] = field(default_factory=dict)
    macros: dict[str, Place] = field(default_factory=dict)
    decorators: list[Expression] = field(default_factory=list)
    is_struct: bool = False
    is_template: bool = False
    body: FunctionInfo | None = None

    def all_methods(self) -> Iterator[FunctionInfo]:
        for overloads in self.methods.values():
            yield from overloads

    def constructors(self) -> list[FunctionInfo]:
        return [method for method in self.all_methods() if method.is_constructor]
