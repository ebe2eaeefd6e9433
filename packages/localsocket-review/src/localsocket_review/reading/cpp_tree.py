"""A C++ syntax tree: parsing with a time limit, and what every part of the reader asks of a node."""

from __future__ import annotations

import re

import tree_sitter_cpp
from tree_sitter import Language, Node, Parser, Point, Query, QueryCursor

from localsocket_review.model.place import Place
from localsocket_review.model.unit import Comment
from localsocket_review.reading.clock import Clock

_LANGUAGE = Language(tree_sitter_cpp.language())
_PARSER = Parser(_LANGUAGE)
_COMMENTS = Query(_LANGUAGE, "(comment) @comment")
_CHUNK = 65536
_WHOLE = re.compile(r"^preproc_|(?:definition|declaration|statement|specifier|comment|directive)$")
_NOT_PART_OF_A_TYPE = re.compile(r"\b(?:const|volatile|struct|class|enum|typename|constexpr|mutable|union)\b")


class CppTree:
    """The syntax tree of one file. Raises TimeLimitPassed when the clock says so."""

    def __init__(self, path: str, text: bytes, clock: Clock) -> None:
        self.path = path
        self.check_time = clock.check

        def piece(offset: int, _position: Point) -> bytes:
            self.check_time()
            return text[offset : offset + _CHUNK]

        # Parsed again with nothing changed, which costs nothing: a tree made of pieces would ask for them once more,
        # character by character, whenever the text of a node is wanted.
        self.root = _PARSER.parse(text, _PARSER.parse(piece)).root_node

    def place(self, node: Node) -> Place:
        (row, column), (end_row, end_column) = node.start_point, node.end_point
        return Place(self.path, row + 1, column + 1, end_row + 1, end_column + 1)

    def comments(self, source: bytes) -> list[Comment]:
        lines = source.split(b"\n")
        found = []
        for node in QueryCursor(_COMMENTS).captures(self.root).get("comment", []):
            place = self.place(node)
            words = text_of(node).removeprefix("//").removeprefix("/*").removesuffix("*/").strip("/*! \t\r\n")
            found.append(Comment(place, words, not lines[place.line - 1][: place.column - 1].strip()))
        return sorted(found, key=lambda comment: comment.place)


def count_errors(node: Node) -> int:
    """Count the stretches that the grammar could not make sense of."""
    count, waiting = 0, [node]
    while waiting:
        current = waiting.pop()
        if current.is_error or current.is_missing:
            count += 1
        elif current.has_error:
            waiting.extend(current.children)
    return count


def share_lost(root: Node) -> float:
    """Return how much of a file the grammar could not make sense of, without what is whole inside such a stretch."""
    lost, waiting = 0, [root]
    while waiting:
        node = waiting.pop()
        if node.is_error:
            whole = [child for child in node.children if _WHOLE.search(child.type)]
            lost += node.end_byte - node.start_byte - sum(child.end_byte - child.start_byte for child in whole)
            waiting.extend(whole)
        elif node.has_error:
            waiting.extend(node.children)
    return lost / max(root.end_byte, 1)


def parse_fragment(text: bytes) -> Node:
    return _PARSER.parse(text).root_node


def text_of(node: Node | None) -> str:
    return "" if node is None or node.text is None else node.text.decode("utf-8", "replace")


def field(node: Node, name: str) -> Node | None:
    return node.child_by_field_name(name)


def parts(node: Node) -> list[Node]:
    """Return the node's named children, without comments."""
    return [child for child in node.named_children if child.type != "comment"]


def first_of(node: Node, *types: str) -> Node | None:
    return next((child for child in node.named_children if child.type in types), None)


def type_text(node: Node | None) -> str:
    """Return a type as text, without qualifiers and superfluous blanks: `union` for one without a name."""
    named = tidy_type(text_of(node))
    return node.type.partition("_")[0] if not named and node is not None else named


def tidy_type(text: str) -> str:
    bare = " ".join(_NOT_PART_OF_A_TYPE.sub(" ", text.partition("{")[0]).split())
    return re.sub(r"\s*([<>,*&])\s*", r"\1", bare)
