"""C and C++ expressions, lowered to the model's."""

from __future__ import annotations

import re
from collections.abc import Callable

from tree_sitter import Node

from localsocket_review.model.declarations import FunctionInfo
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
    Lambda,
    Literal,
    Name,
    Other,
    Subscript,
    This,
    Unary,
)
from localsocket_review.model.place import Place
from localsocket_review.reading.cpp_tree import CppTree, field, first_of, parts, text_of, tidy_type, type_text

_OPERATORS = {"&&": "and", "||": "or", "!": "not", "compl": "~", "bitand": "&", "bitor": "|", "not_eq": "!="}
_CASTS = frozenset({"static_cast", "reinterpret_cast", "const_cast", "dynamic_cast", "qobject_cast", "qvariant_cast"})
_NAMES = frozenset(
    {
        "identifier",
        "field_identifier",
        "type_identifier",
        "namespace_identifier",
        "statement_identifier",
        "operator_name",
        "destructor_name",
        "primitive_type",
        "sized_type_specifier",
    }
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
# Deeper nesting is generated code; what stands below is left out rather than exhausting the stack.
# What the suffix of a text makes of it: `"name"sv`.
_MADE_BY_SUFFIX = {
    "sv": "std.string_view",
    "s": "std.string",
    "_s": "QString",
    "_L1": "QLatin1String",
    "_ba": "QByteArray",
    "_qs": "QString",
    "_qba": "QByteArray",
}
_DEEPEST = 150


class CppExpressions:
    """Lowers expressions; a lambda's body is lowered by `lower_lambda`, which the reader of functions gives.

    `at` is the place of everything lowered, for text that stands somewhere else than it is parsed: a macro's value.
    """

    def __init__(self, tree: CppTree, lower_lambda: Callable[[Node], FunctionInfo], at: Place | None = None) -> None:
        self._tree = tree
        self._lower_lambda = lower_lambda
        self._at = at
        self._depth = 0

    def place(self, node: Node) -> Place:
        return self._at or self._tree.place(node)

    def lower(self, node: Node) -> Expression:
        kind = node.type
        if kind in _NAMES:
            return Name(self.place(node), text_of(node))
        if self._depth >= _DEEPEST:
            return Other(self.place(node), "too deep")
        self._depth += 1
        try:
            return self._lower_compound(node, kind)
        finally:
            self._depth -= 1

    def lower_all(self, nodes: list[Node]) -> tuple[Expression, ...]:
        return tuple(self.lower(node) for node in nodes)

    def _lower_compound(self, node: Node, kind: str) -> Expression:
        place = self.place(node)
        lowering = _LOWERING.get(kind)
        return Other(place, kind, self.lower_all(parts(node))) if lowering is None else lowering(self, node, place)

    def _this(self, _: Node, place: Place) -> Expression:
        return This(place)

    def _literal(self, node: Node, place: Place) -> Expression:
        return Literal(place, _constant(node))

    def _named(self, node: Node, place: Place) -> Expression:
        return self._lower_field(node, "name")

    def _wrapped(self, node: Node, place: Place) -> Expression:
        inner = parts(node)
        return self.lower(inner[-1]) if inner else Other(place, node.type)

    def _unary(self, node: Node, place: Place) -> Expression:
        operator = text_of(field(node, "operator"))
        return Unary(place, _OPERATORS.get(operator, operator), self._lower_field(node, "argument"))

    def _binary(self, node: Node, place: Place) -> Expression:
        operator = text_of(field(node, "operator"))
        left, right = self._lower_field(node, "left"), self._lower_field(node, "right")
        return Binary(place, _OPERATORS.get(operator, operator), left, right)

    def _assignment(self, node: Node, place: Place) -> Expression:
        left, right = self._lower_field(node, "left"), self._lower_field(node, "right")
        return Assignment(place, left, right, text_of(field(node, "operator")) or "=")

    def _subscript(self, node: Node, place: Place) -> Expression:
        indices = field(node, "indices")
        index = self.lower_all(parts(indices)) if indices is not None else ()
        inside = index[0] if len(index) == 1 else Display(place, "tuple", index)
        return Subscript(place, self._lower_field(node, "argument"), inside)

    def _conditional(self, node: Node, place: Place) -> Expression:
        then = self._lower_field(node, "consequence")
        return Conditional(place, self._lower_field(node, "condition"), then, self._lower_field(node, "alternative"))

    def _cast(self, node: Node, place: Place) -> Expression:
        return Cast(place, type_text(field(node, "type")), self._lower_field(node, "value"))

    def _operation(self, node: Node, place: Place) -> Expression:
        """`delete x` and `sizeof x` are calls by these names."""
        return Call(place, Name(place, node.type.removesuffix("_expression")), self.lower_all(parts(node)))

    def _lambda(self, node: Node, place: Place) -> Expression:
        return Lambda(place, self._lower_lambda(node))

    def _compound_literal(self, node: Node, place: Place) -> Expression:
        items = field(node, "value")
        listed = self._initializer_list(items, place).items if items is not None else ()
        return Call(place, self._lower_field(node, "type"), listed)

    def _await(self, node: Node, place: Place) -> Expression:
        return Await(place, self._lower_field(node, "argument"))

    def _type(self, node: Node, place: Place) -> Expression:
        return Name(place, type_text(node))

    def _lower_field(self, node: Node, name: str) -> Expression:
        child = field(node, name)
        return Other(self.place(node), "missing") if child is None else self.lower(child)

    def arguments(self, node: Node | None) -> tuple[Expression, ...]:
        return () if node is None else self.lower_all([part for part in parts(node) if not _is_cast_by_macro(part)])

    def _call(self, node: Node, place: Place) -> Expression:
        function, arguments = field(node, "function"), self.arguments(field(node, "arguments"))
        if function is None:
            return Other(place, "call", arguments)
        name, template = _template_of(function)
        if name in _CASTS and arguments:
            return Cast(place, template, arguments[0], name)
        if function.type in ("primitive_type", "sized_type_specifier") and len(arguments) == 1:
            return Cast(place, type_text(function), arguments[0])
        return Call(place, self.lower(function), arguments, template=template)

    def _field(self, node: Node, place: Place) -> Expression:
        name = field(node, "field")
        value = self._lower_field(node, "argument")
        if name is not None and name.type in ("template_method", "dependent_name"):
            name = field(name, "name") or first_of(name, "field_identifier", "template_method") or name
        elif name is not None and name.type == "qualified_identifier":
            name = field(name, "name") or name
        return Attribute(place, value, text_of(name))

    def _qualified(self, node: Node, place: Place) -> Expression:
        scope, name = field(node, "scope"), field(node, "name")
        inner = Other(place, "missing") if name is None else self.lower(name)
        if scope is None:
            return inner
        return _prefixed(self.lower(scope), inner)

    def _new(self, node: Node, place: Place) -> Expression:
        made, declarator = field(node, "type"), field(node, "declarator")
        if declarator is not None:
            length = field(declarator, "length")
            size = () if length is None else (self.lower(length),)
            return Call(place, Name(place, "new[]"), size, is_new=True, template=type_text(made))
        function = Other(place, "missing") if made is None else self.lower(made)
        _, template = _template_of(made) if made is not None else ("", "")
        arguments = field(node, "arguments")
        if arguments is not None and arguments.type == "initializer_list":
            return Call(place, function, self._initializer_list(arguments, place).items, is_new=True, template=template)
        return Call(place, function, self.arguments(arguments), is_new=True, template=template)

    def _initializer_list(self, node: Node, place: Place) -> Display:
        keys: list[Expression | None] = []
        items: list[Expression] = []
        for part in parts(node):
            value = field(part, "value") if part.type == "initializer_pair" else None
            if value is None:
                keys.append(None)
                items.append(self.lower(part))
            else:
                designator = field(part, "designator")
                keys.append(Name(self.place(part), text_of(designator).lstrip(".")))
                items.append(self.lower(value))
        return Display(place, "initializer", tuple(items), tuple(keys))

    def _text(self, node: Node, place: Place) -> Expression:
        if first_of(node, "identifier") is not None:
            return Format(place, self.lower_all(parts(node)))  # a macro beside a text: `PREFIX "/socket"`
        text = _string(node)
        # So masked by qt_macros: `SLOT(stop())` is read as the text `LOT(stop()`.
        for macro in ("SIGNAL", "SLOT"):
            if text.startswith(f"{macro[1:]}(") and text.count("(") == text.count(")") + 1:
                inside = text.partition("(")[2].strip()
                return Call(place, Name(place, macro), (Literal(place, inside),))
        suffix = first_of(node, "literal_suffix")
        made = _MADE_BY_SUFFIX.get(text_of(suffix)) if suffix is not None else None
        return Literal(place, text) if made is None else Call(place, _dotted_name(place, made), (Literal(place, text),))


def _dotted_name(place: Place, name: str) -> Expression:
    scope, _, last = name.rpartition(".")
    return Attribute(place, _dotted_name(place, scope), last) if scope else Name(place, last)


def _prefixed(scope: Expression, inner: Expression) -> Expression:
    """Put a scope before a name that may have scopes of its own."""
    if isinstance(inner, Attribute):
        return Attribute(inner.place, _prefixed(scope, inner.value), inner.name)
    if isinstance(inner, Name):
        return Attribute(inner.place, scope, inner.identifier)
    return inner


_Lowering = Callable[[CppExpressions, Node, Place], Expression]
_LOWERING: dict[str, _Lowering] = {
    "this": CppExpressions._this,
    **dict.fromkeys(("number_literal", "true", "false", "null", "char_literal"), CppExpressions._literal),
    **dict.fromkeys(
        ("string_literal", "raw_string_literal", "concatenated_string", "user_defined_literal"), CppExpressions._text
    ),
    **dict.fromkeys(("template_function", "template_type", "template_method"), CppExpressions._named),
    **dict.fromkeys(("parenthesized_expression", "condition_clause", "expression_statement"), CppExpressions._wrapped),
    **dict.fromkeys(("unary_expression", "pointer_expression", "update_expression"), CppExpressions._unary),
    **dict.fromkeys(("delete_expression", "sizeof_expression"), CppExpressions._operation),
    "assignment_expression": CppExpressions._assignment,
    "binary_expression": CppExpressions._binary,
    "call_expression": CppExpressions._call,
    "cast_expression": CppExpressions._cast,
    "co_await_expression": CppExpressions._await,
    "compound_literal_expression": CppExpressions._compound_literal,
    "conditional_expression": CppExpressions._conditional,
    "field_expression": CppExpressions._field,
    "initializer_list": CppExpressions._initializer_list,
    "lambda_expression": CppExpressions._lambda,
    "new_expression": CppExpressions._new,
    "qualified_identifier": CppExpressions._qualified,
    "subscript_expression": CppExpressions._subscript,
    "type_descriptor": CppExpressions._type,
}


def _is_cast_by_macro(part: Node) -> bool:
    """`CS` of `f(CS text, 1)`: two names side by side are no argument of the grammar's, and the second is it."""
    inner = parts(part)
    following = part.next_named_sibling
    return part.is_error and [one.type for one in inner] == ["identifier"] and following is not None


def _template_of(function: Node) -> tuple[str, str]:
    """Return the last word of what is called, and the text of its template arguments."""
    while function.type in ("qualified_identifier", "dependent_name", "field_expression"):
        inner = field(function, "field" if function.type == "field_expression" else "name")
        if inner is None:
            break
        function = inner
    if function.type in ("template_function", "template_method", "template_type"):
        arguments = text_of(field(function, "arguments"))
        return text_of(field(function, "name")), tidy_type(arguments.removeprefix("<").removesuffix(">"))
    return text_of(function), ""


def _constant(node: Node) -> str | int | float | bool | None:
    match node.type:
        case "true" | "false":
            return node.type == "true"
        case "null":
            return None
        case "char_literal":
            return _string(node)
    return number(text_of(node))


def number(text: str) -> int | float | None:
    """Return the value of a C number: `0x1FF`, `0777`, `1'000u`, `1.5f`."""
    digits = text.replace("'", "").lower()
    if re.fullmatch(r"0[0-7]+[ul]*", digits):
        return int(digits.rstrip("ul"), 8)
    try:
        return int(digits.rstrip("ulz"), 0)
    except ValueError:
        pass
    try:
        return float(digits.rstrip("fl"))
    except ValueError:
        return None


def _string(node: Node) -> str:
    match node.type:
        case "string_content" | "raw_string_content" | "character":
            return text_of(node)
        case "escape_sequence":
            return _unescape(text_of(node))
        case "literal_suffix" | "comment" | "raw_string_delimiter" | "identifier":
            return ""
    return "".join(_string(child) for child in node.named_children)


def _unescape(sequence: str) -> str:
    rest = sequence[1:]
    if rest[:1] in "xuU" and len(rest) > 1:
        try:
            return chr(int(rest[1:].strip("{}"), 16))
        except ValueError:
            return rest
    if rest.isdigit():
        return chr(int(rest, 8)) if set(rest) <= set("01234567") else rest
    return _ESCAPES.get(rest, rest)
