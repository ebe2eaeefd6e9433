"""Types and defaults that a service tells of, as expressions that are safe to put into a program.

A service may be anybody's. Nothing that it says gets into a program but what was parsed and found to consist of names
that are known, literals, and calls that make values.
"""

from __future__ import annotations

import ast
import builtins
import keyword
from collections.abc import Collection, Mapping

from localsocket.services.type_names import WRITTEN_BY_NAME

_STANDARD = {
    **WRITTEN_BY_NAME,
    "Annotated": "typing",
    "Any": "typing",
    "AsyncIterator": "collections.abc",
    "Decimal": "decimal",
    "Enum": "enum",
    "Ext": "msgspec.msgpack",
    "Flag": "enum",
    "IntEnum": "enum",
    "IntFlag": "enum",
    "Iterator": "collections.abc",
    "Literal": "typing",
    "Meta": "msgspec",
    "NamedTuple": "typing",
    "NotRequired": "typing",
    "Protocol": "typing",
    "Raw": "msgspec",
    "StrEnum": "enum",
    "Struct": "msgspec",
    "TypedDict": "typing",
    "UNSET": "msgspec",
    "UUID": "uuid",
    "UnsetType": "msgspec",
    "dataclass": "dataclasses",
    "date": "datetime",
    "datetime": "datetime",
    "field": "dataclasses",
    "struct_field": "msgspec",
    "time": "datetime",
    "timedelta": "datetime",
    "timezone": "datetime",
}
"""Where the names are from that are written without their modules."""

_CALLED_THERE = {"struct_field": "field"}

_BUILTIN_TYPES = ("bool", "bytearray", "bytes", "dict", "float", "frozenset", "int", "list", "memoryview", "object")
_TYPES = frozenset(
    [*_BUILTIN_TYPES, "set", "str", "tuple", "Annotated", "Any", "Decimal", "Ext", "Literal", "Raw", "UUID"]
)
_TYPES |= {"date", "datetime", "time", "timedelta", *WRITTEN_BY_NAME}
_TYPES |= {name for name, kind in vars(builtins).items() if isinstance(kind, type) and issubclass(kind, Exception)}
_MAKERS = frozenset(
    [name for name, module in WRITTEN_BY_NAME.items() if module in ("fractions", "ipaddress", "pathlib")]
) | frozenset(["Decimal", "UUID", "date", "datetime", "float", "frozenset", "set", "time", "timedelta", "timezone"])
_LONGEST = 100_000  # characters of an expression; what is longer is nothing that a person wrote


class UnsafeExpression(ValueError):
    """It is no type or default that a service of ours tells of."""


class StubNames:
    """The names of a program: what it defines, and what it imports, under another name where that one is taken.

    `members` are names within classes, where they hide what is outside.
    """

    def __init__(self, defined: Collection[str], members: Collection[str], modules: Mapping[str, str]) -> None:
        self._defined = frozenset(defined)
        self._members = frozenset(members)
        self._modules = {**_STANDARD, **modules}
        self._imports: dict[str, set[tuple[str, str]]] = {}
        self.aliases: dict[str, str] = {}

    def known(self, name: str) -> str:
        """Return what to write for a name that is imported, or one of Python's own."""
        is_pythons = name not in self._modules and hasattr(builtins, name)
        alias = name
        while alias in self._members or alias in self._defined:
            alias = f"_{alias}"
        if alias != name or not is_pythons:
            module = "builtins" if is_pythons else self._modules[name]
            self._imports.setdefault(module, set()).add((_CALLED_THERE.get(name, name), alias))
        return alias

    def defined(self, name: str) -> str:
        """Return what to write for a class of the program."""
        if name not in self._members:
            return name
        alias = f"_{name}"
        while alias in self._members or alias in self._defined:
            alias = f"_{alias}"
        self.aliases[name] = alias
        return alias

    def is_defined(self, name: str) -> bool:
        return name in self._defined

    def imports(self) -> list[str]:
        """Return the lines that import everything that was asked for."""
        lines = []
        for module in sorted(self._imports):
            names = [name if name == alias else f"{name} as {alias}" for name, alias in sorted(self._imports[module])]
            lines.append(f"from {module} import {', '.join(names)}")
        return lines


def is_name(text: str) -> bool:
    """Whether a program can call something so."""
    return text.isidentifier() and not keyword.iskeyword(text)


def type_expression(text: str, names: StubNames) -> str:
    """Return a type to write into a program: `Any` for what is none that is known."""
    try:
        return ast.unparse(_Types(names).visit(_parsed(text)))
    except (UnsafeExpression, RecursionError):
        return names.known("Any")


def default_expression(text: str, kind: str, names: StubNames, members: Mapping[str, Collection[str]]) -> str | None:
    """Return a default to write into a program; None for one that is not known, or is not of the type `kind`.

    `members` are those of the enumerations that it may name.
    """
    try:
        default, type_ = _parsed(text), _parsed(kind)
        if _classes_of(default).isdisjoint(_classes_in(type_)):
            return None
        return ast.unparse(_Defaults(names, members).visit(default))
    except (UnsafeExpression, RecursionError):
        return None


def names_in(text: str) -> set[str]:
    """Return the names that an expression of ours uses."""
    return {node.id for node in ast.walk(ast.parse(text, mode="eval")) if isinstance(node, ast.Name)}


def _parsed(text: str) -> ast.expr:
    if len(text) > _LONGEST:
        raise UnsafeExpression(text[:100])
    try:
        return ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise UnsafeExpression(text[:100]) from error


class _Checked(ast.NodeTransformer):
    """Refuses every node that it is not told of."""

    def __init__(self, names: StubNames) -> None:
        self._names = names

    def generic_visit(self, node: ast.AST) -> ast.AST:
        if not isinstance(node, (ast.Load, ast.Tuple, ast.List)):
            raise UnsafeExpression(type(node).__name__)
        return super().generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        return node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        if not (isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant)):
            raise UnsafeExpression("an operation")
        return node

    def visit_Dict(self, node: ast.Dict) -> ast.AST:
        if None in node.keys:
            raise UnsafeExpression("**")
        return ast.Dict([self.visit(each) for each in node.keys if each], [self.visit(each) for each in node.values])

    def visit_Set(self, node: ast.Set) -> ast.AST:
        return ast.Set([self.visit(each) for each in node.elts])


class _Types(_Checked):
    """Takes types."""

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if self._names.is_defined(node.id):
            return ast.Name(self._names.defined(node.id))
        if node.id not in _TYPES:
            raise UnsafeExpression(node.id)
        return ast.Name(self._names.known(node.id))

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if not (node.value is None or node.value is ...):
            raise UnsafeExpression("a value where a type should be")
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        if not isinstance(node.op, ast.BitOr):
            raise UnsafeExpression("an operation")
        return ast.BinOp(self.visit(node.left), node.op, self.visit(node.right))

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        if not isinstance(node.value, ast.Name):
            raise UnsafeExpression("a subscript of no name")
        made = self.visit(node.value)
        if node.value.id == "Literal":
            return ast.Subscript(made, _Literals(self._names).visit(node.slice))
        if node.value.id == "Annotated":
            if not isinstance(node.slice, ast.Tuple) or len(node.slice.elts) < 2:
                raise UnsafeExpression("Annotated")
            first, *others = node.slice.elts
            return ast.Subscript(made, ast.Tuple([self.visit(first), *map(self._meta, others)]))
        return ast.Subscript(made, self.visit(node.slice))

    def _meta(self, node: ast.expr) -> ast.expr:
        is_meta = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Meta"
        if not is_meta or not isinstance(node, ast.Call) or node.args or not all(each.arg for each in node.keywords):
            raise UnsafeExpression("what Annotated says")
        literals = _Literals(self._names)
        keywords = [ast.keyword(each.arg, literals.visit(each.value)) for each in node.keywords]
        return ast.Call(ast.Name(self._names.known("Meta")), [], keywords)


class _Literals(_Checked):
    """Takes values that are written down without a name."""


class _Defaults(_Checked):
    """Takes values, and calls that make some."""

    def __init__(self, names: StubNames, members: Mapping[str, Collection[str]]) -> None:
        super().__init__(names)
        self._members = members

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if node.value is ...:
            raise UnsafeExpression("...")
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if not isinstance(node.value, ast.Name):
            raise UnsafeExpression("an attribute")
        if node.value.id == "timezone" and node.attr == "utc":
            return ast.Attribute(ast.Name(self._names.known("timezone")), "utc")
        if node.attr not in self._members.get(node.value.id, ()) or not is_name(node.attr):
            raise UnsafeExpression("an attribute")
        return ast.Attribute(ast.Name(self._names.defined(node.value.id)), node.attr)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if not isinstance(node.func, ast.Name) or not all(each.arg for each in node.keywords):
            raise UnsafeExpression("a call")
        name = node.func.id
        if self._names.is_defined(name):
            function = self._names.defined(name)
        elif name in _MAKERS:
            function = self._names.known(name)
        else:
            raise UnsafeExpression(name)
        keywords = [ast.keyword(each.arg, self.visit(each.value)) for each in node.keywords]
        return ast.Call(ast.Name(function), [self.visit(each) for each in node.args], keywords)


def _classes_of(default: ast.expr) -> set[str]:
    """Return the names of types that a default may be of, as far as can be seen at its outside."""
    match default:
        case ast.Constant(value=value):
            wider = {"bool": ["int", "float"], "int": ["float"]}
            name = "None" if value is None else type(value).__name__
            return {"Any", "object", "Literal", name, *wider.get(name, [])}
        case ast.UnaryOp():
            return {"Any", "object", "Literal", "int", "float"}
        case ast.List() | ast.Dict() | ast.Set() | ast.Tuple():
            return {"Any", "object", type(default).__name__.lower()}
        case ast.Call(func=ast.Name(id=name)) | ast.Attribute(value=ast.Name(id=name)):
            return {"Any", "object", name}
    return set()


def _classes_in(type_: ast.expr) -> set[str]:
    """Return the names of the types, at its outside, that a type consists of."""
    match type_:
        case ast.Name(id=name):
            return {name}
        case ast.Constant(value=None):
            return {"None"}
        case ast.BinOp(left=left, right=right):
            return _classes_in(left) | _classes_in(right)
        case ast.Subscript(value=ast.Name(id="Annotated"), slice=ast.Tuple(elts=[first, *_])):
            return _classes_in(first)
        case ast.Subscript(value=ast.Name(id=name)):
            return {name}
    return set()
