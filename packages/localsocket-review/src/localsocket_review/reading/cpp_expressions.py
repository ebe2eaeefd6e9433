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
        match kind:
            case "this":
                return This(place)
            case "number_literal" | "true" | "false" | "null" | "char_literal":
                return Literal(place, _constant(node))
            case "string_literal" | "raw_string_literal" | "concatenated_string" | "user_defined_literal":
                return self._text(node, place)
            case "call_expression":
                return self._call(node, place)
            case "field_expression":
                return self._field(node, place)
            case "qualified_identifier":
                return self._qualified(node, place)
            case "template_function" | "template_type" | "template_method":
                return self._lower_field(node, "name")
            case "parenthesized_expression" | "condition_clause" | "expression_statement":
                inner = parts(node)
                return self.lower(inner[-1]) if inner else Other(place, kind)
            case "unary_expression" | "pointer_expression" | "update_expression":
                operator = text_of(field(node, "operator"))
                return Unary(place, _OPERATORS.get(operator, operator), self._lower_field(node, "argument"))
            case "binary_expression":
                operator = text_of(field(node, "operator"))
                left, right = self._lower_field(node, "left"), self._lower_field(node, "right")
                return Binary(place, _OPERATORS.get(operator, operator), left, right)
            case "assignment_expression":
                left, right = self._lower_field(node, "left"), self._lower_field(node, "right")
                return Assignment(place, left, right, text_of(field(node, "operator")) or "=")
            case _:
                return self._less_common(node, kind, place)

    def _less_common(self, node: Node, kind: str, place: Place) -> Expression:
        match kind:
            case "subscript_expression":
                indices = field(node, "indices")
                index = self.lower_all(parts(indices)) if indices is not None else ()
                inside = index[0] if len(index) == 1 else Display(place, "tuple", index)
                return Subscript(place, self._lower_field(node, "argument"), inside)
            case "conditional_expression":
                then = self._lower_field(node, "consequence")
                return Conditional(
                    place, self._lower_field(node, "condition"), then, self._lower_field(node, "alternative")
                )
            case "cast_expression":
                return Cast(place, type_text(field(node, "type")), self._lower_field(node, "value"))
            case "new_expression":
                return self._new(node, place)
            case "delete_expression":
                return Call(place, Name(place, "delete"), self.lower_all(parts(node)))
            case "sizeof_expression":
                return Call(place, Name(place, "sizeof"), self.lower_all(parts(node)))
            case "lambda_expression":
                return Lambda(place, self._lower_lambda(node))
            case "initializer_list":
                return self._initializer_list(node, place)
            case "compound_literal_expression":
                items = field(node, "value")
                listed = self._initializer_list(items, place).items if items is not None else ()
                return Call(place, self._lower_field(node, "type"), listed)
            case "co_await_expression":
                return Await(place, self._lower_field(node, "argument"))
            case "type_descriptor":
                return Name(place, type_text(node))
            case _:
                return Other(place, kind, self.lower_all(parts(node)))

    def _lower_field(self, node: Node, name: str) -> Expression:
        child = field(node, name)
        return Other(self.place(node), "missing") if child is None else self.lower(child)

    def arguments(self, node: Node | None) -> tuple[Expression, ...]:
        return () if node is None else self.lower_all(parts(node))

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
