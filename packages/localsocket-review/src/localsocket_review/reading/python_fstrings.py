"""f-strings and t-strings of a syntax tree, as `ast` has them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import TypeVar

from tree_sitter import Node

# Parses what stands at a line and column, both from 1.
Expressions = Callable[[bytes, int, int], ast.expr]
_Expr = TypeVar("_Expr", bound=ast.expr)


def joined_string(node: Node, parse: Expressions) -> ast.expr:
    """Return a string or several that stand together, one of which at least is an f-string. Raises SyntaxError."""
    strings = node.children if node.type == "concatenated_string" else [node]
    parts = [part for string in strings if string.type == "string" for part in _parts(string, parse)]
    return _at(ast.JoinedStr(values=_merged(parts)), node, node)


def _parts(string: Node, parse: Expressions) -> Iterator[ast.expr]:
    start = (string.children[0].text or b"").decode().lower()
    prefix, quotes = start.rstrip("'\""), start.lstrip("abcdefghijklmnopqrstuvwxyz")
    if not {"f", "t"} & set(prefix):
        yield _at(ast.Constant(value=ast.literal_eval((string.text or b"").decode("utf-8", "replace"))), string, string)
        return
    for child in string.children[1:-1]:
        if child.type == "string_content":
            yield _constant(child, _unescaped(child.text or b"", "r" if "r" in prefix else "", quotes))
        elif child.type == "interpolation":
            yield from _interpolation(child, parse)


def _unescaped(text: bytes, prefix: str, quotes: str) -> str:
    words = text.decode("utf-8", "replace").replace("{{", "{").replace("}}", "}")
    try:
        return str(ast.literal_eval(f"{prefix}{quotes}{words}{quotes}"))
    except (SyntaxError, ValueError):  # a backslash before a brace
        return words


def _interpolation(node: Node, parse: Expressions) -> Iterator[ast.expr]:
    expression = node.child_by_field_name("expression")
    if expression is None:
        raise SyntaxError("an f-string without an expression", ("", node.start_point.row + 1, 0, ""))
    if expression.type == "named_expression":  # `{x:=5}` is x in the format `=5`
        expression = expression.child_by_field_name("name") or expression
    value = parse(expression.text or b"", expression.start_point.row + 1, expression.start_point.column + 1)
    shows_itself = next((child for child in node.children if child.type == "="), None)
    conversion = node.child_by_field_name("type_conversion")
    kind = ord((conversion.text or b"!r")[1:2]) if conversion is not None else -1
    specifier = node.child_by_field_name("format_specifier")
    if shows_itself is not None:
        whole = node.text or b""
        shown = whole[1 : shows_itself.end_byte - node.start_byte]
        shown += _blanks_after(whole[1 + len(shown) :])
        yield _constant(node, shown.decode("utf-8", "replace"))
        kind = ord("r") if kind == -1 and specifier is None else kind
    yield _at(ast.FormattedValue(value=value, conversion=kind, format_spec=_specifier(specifier, parse)), node, node)


def _blanks_after(text: bytes) -> bytes:
    return text[: len(text) - len(text.lstrip())]


def _specifier(node: Node | None, parse: Expressions) -> ast.JoinedStr | None:
    """Return a format: its expressions, or its text where it has none."""
    if node is None:
        return None
    inner = (child for child in node.children if child.type in ("format_expression", "interpolation"))
    values = [part for child in inner for part in _interpolation(child, parse)]
    values = values or [_constant(node, (node.text or b"")[1:].decode("utf-8", "replace"))]
    return _at(ast.JoinedStr(values=values), node, node)


def _merged(parts: list[ast.expr]) -> list[ast.expr]:
    merged: list[ast.expr] = []
    for part in parts:
        before = merged[-1] if merged else None
        if isinstance(part, ast.Constant) and isinstance(before, ast.Constant):
            before.value = str(before.value) + str(part.value)
            before.end_lineno, before.end_col_offset = part.end_lineno, part.end_col_offset
        elif not isinstance(part, ast.Constant) or part.value:
            merged.append(part)
    return merged


def _constant(node: Node, value: str) -> ast.Constant:
    return _at(ast.Constant(value=value), node, node)


def _at(made: _Expr, first: Node, last: Node) -> _Expr:
    made.lineno, made.col_offset = first.start_point.row + 1, first.start_point.column
    made.end_lineno, made.end_col_offset = last.end_point.row + 1, last.end_point.column
    return made
