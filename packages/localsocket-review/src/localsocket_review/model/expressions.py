"""Expressions of the model. They are compared by identity: the same words in two places are two expressions.

What the languages spell differently is lowered to one shape. `a->b`, `a.b` and `A::b` are Attributes; `this` and the
first parameter of a Python method are This; `delete x` and `del x` are calls of a name; `!x` is `not x`, `&&` is `and`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from localsocket_review.model.place import Place

if TYPE_CHECKING:
    from localsocket_review.model.declarations import FunctionInfo

COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">=", "in", "not in", "is", "is not"})


@dataclass(slots=True, eq=False)
class Expression:
    """What has a value. `children()` are the expressions inside, in the order in which they are evaluated."""

    place: Place

    def children(self) -> Iterable[Expression]:
        return ()


@dataclass(slots=True, eq=False)
class Name(Expression):
    identifier: str


@dataclass(slots=True, eq=False)
class This(Expression):
    """The object whose method this is."""


@dataclass(slots=True, eq=False)
class Literal(Expression):
    """A constant. C strings are str, Python's bytes are bytes, a null pointer is None."""

    value: str | bytes | int | float | bool | None


@dataclass(slots=True, eq=False)
class Attribute(Expression):
    value: Expression
    name: str

    def children(self) -> Iterable[Expression]:
        return (self.value,)


@dataclass(slots=True, eq=False)
class Call(Expression):
    """A call or a construction, which look alike in Python and often in C++; `new` tells which made a heap object.

    `template` is the text of a C++ call's template arguments: `QLocalSocket` in `std::make_unique<QLocalSocket>(this)`.
    """

    function: Expression
    arguments: tuple[Expression, ...] = ()
    keywords: dict[str, Expression] = field(default_factory=dict)
    is_new: bool = False
    template: str = ""

    def children(self) -> Iterable[Expression]:
        return (self.function, *self.arguments, *self.keywords.values())

    @property
    def called_name(self) -> str:
        """The last word of what is called: `bind` in `server.socket.bind(path)`."""
        match self.function:
            case Name(identifier=name) | Attribute(name=name):
                return name
        return ""

    @property
    def receiver(self) -> Expression | None:
        """The object whose method is called, if it is one: `server.socket` in `server.socket.bind(path)`."""
        return self.function.value if isinstance(self.function, Attribute) else None


@dataclass(slots=True, eq=False)
class Subscript(Expression):
    value: Expression
    index: Expression

    def children(self) -> Iterable[Expression]:
        return (self.value, self.index)


@dataclass(slots=True, eq=False)
class Slice(Expression):
    parts: tuple[Expression, ...]

    def children(self) -> Iterable[Expression]:
        return self.parts


@dataclass(slots=True, eq=False)
class Unary(Expression):
    """One operand. C's `&` and `*` are here too, and `++` and `--`, which also assign."""

    operator: str
    operand: Expression

    def children(self) -> Iterable[Expression]:
        return (self.operand,)


@dataclass(slots=True, eq=False)
class Binary(Expression):
    """Two operands. A chain of comparisons is lowered to comparisons joined by `and`."""

    operator: str
    left: Expression
    right: Expression

    def children(self) -> Iterable[Expression]:
        return (self.left, self.right)


@dataclass(slots=True, eq=False)
class Conditional(Expression):
    test: Expression
    then: Expression
    otherwise: Expression

    def children(self) -> Iterable[Expression]:
        return (self.test, self.then, self.otherwise)


@dataclass(slots=True, eq=False)
class Assignment(Expression):
    """An assignment inside an expression: `if ((fd = socket(…)) < 0)`, `while chunk := sock.recv(99)`."""

    target: Expression
    value: Expression
    operator: str = "="

    def children(self) -> Iterable[Expression]:
        return (self.value, self.target)


@dataclass(slots=True, eq=False)
class Display(Expression):
    """A tuple, list, set, dict, or a C++ initialiser list, whose `keys` are the designated fields."""

    kind: str
    items: tuple[Expression, ...]
    keys: tuple[Expression | None, ...] = ()

    def children(self) -> Iterable[Expression]:
        return (*(key for key in self.keys if key is not None), *self.items)


@dataclass(slots=True, eq=False)
class Format(Expression):
    """Pieces joined to one text: an f-string."""

    parts: tuple[Expression, ...]

    def children(self) -> Iterable[Expression]:
        return self.parts


@dataclass(slots=True, eq=False)
class Cast(Expression):
    """A value taken for another type. `kind` is the word of C++ that does it, such as `qobject_cast`, or empty."""

    type: str
    value: Expression
    kind: str = ""

    def children(self) -> Iterable[Expression]:
        return (self.value,)


@dataclass(slots=True, eq=False)
class Await(Expression):
    value: Expression

    def children(self) -> Iterable[Expression]:
        return (self.value,)


@dataclass(slots=True, eq=False)
class Starred(Expression):
    value: Expression

    def children(self) -> Iterable[Expression]:
        return (self.value,)


@dataclass(slots=True, eq=False)
class Comprehension(Expression):
    """`element` for each `(target, iterable)`, where every one of `conditions` holds."""

    element: Expression
    loops: tuple[tuple[Expression, Expression], ...]
    conditions: tuple[Expression, ...]

    def children(self) -> Iterable[Expression]:
        sources = (part for target, iterable in self.loops for part in (iterable, target))
        return (*sources, *self.conditions, self.element)


@dataclass(slots=True, eq=False)
class Lambda(Expression):
    """A function without a name; what is inside its body belongs to the function, not to this expression."""

    function: FunctionInfo


@dataclass(slots=True, eq=False)
class Other(Expression):
    """What has no shape of its own in the model; nothing inside is lost."""

    kind: str
    parts: tuple[Expression, ...] = ()

    def children(self) -> Iterable[Expression]:
        return self.parts


def walk(expression: Expression) -> Iterator[Expression]:
    """Yield the expression and everything inside, but nothing of a lambda's body."""
    waiting = [expression]
    while waiting:
        current = waiting.pop()
        yield current
        waiting.extend(reversed(tuple(current.children())))


def strip_casts(expression: Expression) -> Expression:
    """Return what is cast, awaited, addressed or dereferenced: `addr` of `(struct sockaddr *)&addr`."""
    while True:
        match expression:
            case Cast(value=inner) | Await(value=inner) | Starred(value=inner):
                expression = inner
            case Unary(operator="&" | "*", operand=inner):
                expression = inner
            case _:
                return expression


def dotted(expression: Expression) -> str:
    """Return `a.b.c` for a chain of names, and nothing for anything else. The object itself is `this`."""
    words: list[str] = []
    while isinstance(expression, Attribute):
        words.append(expression.name)
        expression = strip_casts(expression.value)
    match expression:
        case Name(identifier=name):
            words.append(name)
        case This():
            words.append("this")
        case _:
            return ""
    return ".".join(reversed(words))
