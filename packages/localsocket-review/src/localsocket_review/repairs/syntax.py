"""The syntax of a file that is to be changed: which node stands at a place, and edits of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property

import tree_sitter_cpp
import tree_sitter_python
from tree_sitter import Language as Grammar
from tree_sitter import Node, Parser

from localsocket_review.model.place import Place
from localsocket_review.model.unit import Language
from localsocket_review.repairs.edits import Edit

_GRAMMARS = {
    Language.PYTHON: Grammar(tree_sitter_python.language()),
    Language.CPP: Grammar(tree_sitter_cpp.language()),
}


class Syntax:
    """One file as it is written: its bytes, with line ends and comments, and the tree of them."""

    def __init__(self, file: str, data: bytes, language: Language) -> None:
        self.file = file
        self.data = data
        self.language = language

    @cached_property
    def root(self) -> Node:
        """The whole file."""
        return Parser(_GRAMMARS[self.language]).parse(self.data).root_node

    @cached_property
    def newline(self) -> bytes:
        """What ends a line of this file."""
        return b"\r\n" if b"\r\n" in self.data else b"\n"

    def node(self, place: Place, *types: str) -> Node | None:
        """Return the innermost node of one of the types that begins at a place, or holds what begins there."""
        start = (place.line - 1, place.column - 1)
        end = (place.end_line - 1, place.end_column - 1) if place.end_line else start
        node = self.root.descendant_for_point_range(start, end)
        while node is not None and node.type not in types:
            node = node.parent
        return node

    def insertion(self, position: int, text: str) -> Edit:
        """Return the edit that puts a text before the byte at a position."""
        return Edit(self.file, position, position, text.encode())

    def replacement(self, node: Node, text: str) -> Edit:
        """Return the edit that puts a text in the place of a node."""
        return Edit(self.file, node.start_byte, node.end_byte, text.encode())

    def removed_lines(self, start: int, end: int) -> Edit | None:
        """Return the edit that takes out the lines of a stretch, or nothing where they hold something else, too."""
        first = self.data.rfind(b"\n", 0, start) + 1
        found = self.data.find(b"\n", end)
        last = len(self.data) if found < 0 else found + 1
        around = self.data[first:start] + self.data[end:last]
        return Edit(self.file, first, last, b"") if not around.strip() else None


Files = Callable[[str], "Syntax | None"]  # the syntax of a file by its path, where it can be changed


def text_of(node: Node | None) -> str:
    """Return what is written for a node."""
    return "" if node is None or node.text is None else node.text.decode()


def called_name(call: Node) -> str:
    """Return the last word of what a call calls: `accept` of `::accept(fd, 0, 0)`."""
    function = call.child_by_field_name("function")
    return text_of(function).replace("::", ".").rpartition(".")[2].rpartition("->")[2].strip()


def arguments_of(call: Node) -> list[Node]:
    """Return the arguments of a call, without comments."""
    arguments = call.child_by_field_name("arguments")
    return [one for one in arguments.named_children if one.type != "comment"] if arguments is not None else []


def above(node: Node, *types: str) -> Node | None:
    """Return the innermost node of one of the types around a node."""
    found = node.parent
    while found is not None and found.type not in types:
        found = found.parent
    return found


def within(node: Node) -> Iterator[Node]:
    """Yield a node and everything inside it, in the order of the text."""
    yield node
    for child in node.children:
        yield from within(child)
