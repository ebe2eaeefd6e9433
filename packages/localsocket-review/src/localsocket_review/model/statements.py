"""Statements of the model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from localsocket_review.model.expressions import Expression, walk
from localsocket_review.model.place import Place

if TYPE_CHECKING:
    from localsocket_review.model.declarations import ClassInfo, FunctionInfo


@dataclass(slots=True, eq=False)
class Statement:
    """`expressions()` are those of the statement itself, `bodies()` the statements inside."""

    place: Place

    def expressions(self) -> Iterable[Expression]:
        return ()

    def bodies(self) -> Iterable[list[Statement]]:
        return ()


@dataclass(slots=True, eq=False)
class Assign(Statement):
    """An assignment or a declaration of one target. `type` is the declared one; `value` is None without initialiser."""

    target: Expression
    value: Expression | None
    operator: str = "="
    type: str = ""

    def expressions(self) -> Iterable[Expression]:
        return (self.target,) if self.value is None else (self.value, self.target)


@dataclass(slots=True, eq=False)
class Evaluate(Statement):
    """An expression whose value is dropped."""

    value: Expression

    def expressions(self) -> Iterable[Expression]:
        return (self.value,)


@dataclass(slots=True, eq=False)
class Branch(Statement):
    test: Expression
    then: list[Statement]
    otherwise: list[Statement] = field(default_factory=list)

    def expressions(self) -> Iterable[Expression]:
        return (self.test,)

    def bodies(self) -> Iterable[list[Statement]]:
        return (self.then, self.otherwise)


@dataclass(slots=True, eq=False)
class Case:
    """One case of a Choice; no `values` is the default. `falls_through`: without break, the next case runs as well."""

    place: Place
    values: tuple[Expression, ...]
    body: list[Statement]
    falls_through: bool = False


@dataclass(slots=True, eq=False)
class Choice(Statement):
    """C's switch, Python's match."""

    subject: Expression
    cases: list[Case]

    def expressions(self) -> Iterable[Expression]:
        return (self.subject,)

    def bodies(self) -> Iterable[list[Statement]]:
        return [case.body for case in self.cases]


@dataclass(slots=True, eq=False)
class Loop(Statement):
    """A loop while `test` holds (None: for ever), or over `iterable`. `tests_last`: the body runs before the test."""

    test: Expression | None
    body: list[Statement]
    target: Expression | None = None
    iterable: Expression | None = None
    step: Expression | None = None
    otherwise: list[Statement] = field(default_factory=list)
    tests_last: bool = False

    def expressions(self) -> Iterable[Expression]:
        return [part for part in (self.iterable, self.target, self.test, self.step) if part is not None]

    def bodies(self) -> Iterable[list[Statement]]:
        return (self.body, self.otherwise)


@dataclass(slots=True, eq=False)
class Return(Statement):
    value: Expression | None = None

    def expressions(self) -> Iterable[Expression]:
        return () if self.value is None else (self.value,)


@dataclass(slots=True, eq=False)
class Raise(Statement):
    value: Expression | None = None

    def expressions(self) -> Iterable[Expression]:
        return () if self.value is None else (self.value,)


@dataclass(slots=True, eq=False)
class Break(Statement):
    pass


@dataclass(slots=True, eq=False)
class Continue(Statement):
    pass


@dataclass(slots=True, eq=False)
class Goto(Statement):
    label: str


@dataclass(slots=True, eq=False)
class Label(Statement):
    name: str


@dataclass(slots=True, eq=False)
class Except:
    """What is done about exceptions of `types` (none: about all)."""

    place: Place
    types: tuple[Expression, ...]
    name: str
    body: list[Statement]


@dataclass(slots=True, eq=False)
class Try(Statement):
    body: list[Statement]
    handlers: list[Except]
    otherwise: list[Statement] = field(default_factory=list)
    finally_body: list[Statement] = field(default_factory=list)

    def expressions(self) -> Iterable[Expression]:
        return [kind for handler in self.handlers for kind in handler.types]

    def bodies(self) -> Iterable[list[Statement]]:
        return (self.body, *(handler.body for handler in self.handlers), self.otherwise, self.finally_body)


@dataclass(slots=True, eq=False)
class With(Statement):
    """A block that gives back what it took: `(context, target)` each."""

    items: tuple[tuple[Expression, Expression | None], ...]
    body: list[Statement]
    is_async: bool = False

    def expressions(self) -> Iterable[Expression]:
        return [part for item in self.items for part in item if part is not None]

    def bodies(self) -> Iterable[list[Statement]]:
        return (self.body,)


@dataclass(slots=True, eq=False)
class Define(Statement):
    """A function or class defined among the statements."""

    definition: FunctionInfo | ClassInfo


def statements_in(body: list[Statement]) -> Iterator[Statement]:
    """Yield every statement, also those inside others, in the order of the text."""
    for statement in body:
        yield statement
        for inner in statement.bodies():
            yield from statements_in(inner)


def expressions_in(body: list[Statement]) -> Iterator[Expression]:
    """Yield every expression of the statements and of those inside them, but nothing of a lambda's body."""
    for statement in statements_in(body):
        for root in statement.expressions():
            yield from walk(root)


def contains(body: list[Statement], wanted: Expression) -> bool:
    """Say whether an expression stands among the statements, or in those inside them."""
    return any(part is wanted for part in expressions_in(body))
