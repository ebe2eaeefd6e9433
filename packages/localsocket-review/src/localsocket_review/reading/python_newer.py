"""Python that the interpreter running us cannot parse, as it is newer or broken, said in older words of equal length.

tree-sitter finds what is newer, and each such place is written over: type parameters by blanks, `type X = …` by an
assignment, an f-string of Python 3.12 by a plain string, whose pieces are put back into the tree. Then `ast` reads all
of it, so that there is one reader, and a file means the same under every interpreter. What `ast` still refuses is
written over by `pass`, and told as not understood.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import tree_sitter_python
from tree_sitter import Language, Node, Parser, Point

from localsocket_review.reading.clock import Clock
from localsocket_review.reading.faults import Fault, NoPython
from localsocket_review.reading.python_fstrings import joined_string

_LANGUAGE = Language(tree_sitter_python.language())
_PARSER = Parser(_LANGUAGE)
_Tree = TypeVar("_Tree", bound=ast.AST)
_CHUNK = 65536
_ALIAS = re.compile(rb"type[ \t]\s*[^\W\d]")
_MOST_FAULTS = 30  # places of one file that are written over before it is given up
_LONGEST_FAULT = 30  # lines
_OF_PYTHON_2 = frozenset({"print_statement", "exec_statement"})
_STATEMENTS = frozenset(
    {
        "assert_statement",
        "delete_statement",
        "exec_statement",
        "expression_statement",
        "future_import_statement",
        "global_statement",
        "import_from_statement",
        "import_statement",
        "nonlocal_statement",
        "print_statement",
        "raise_statement",
        "return_statement",
        "type_alias_statement",
        "ERROR",
    }
)


@dataclass(frozen=True, slots=True)
class ParsedSource:
    """What could be parsed, comments with their lines and columns, words that were written over, and what was not."""

    tree: ast.Module
    comments: list[tuple[int, int, str]]
    hidden_words: Counter[str]
    faults: list[Fault]


def parse_newer(source: str, clock: Clock) -> ParsedSource:
    """Parse a file that `ast` has refused. Raises NoPython and TimeLimitPassed."""
    text = re.sub(r"\r(?!\n)", "\n", source).encode("utf-8", "replace")
    root = _parse(text, clock)
    masked = _Masked(text, root)
    tree = masked.put_back(_parsed(masked, clock))
    comments = [(*_place(node), _text(node)) for node in _every(root) if node.type == "comment"]
    faults = sorted(masked.faults, key=lambda fault: fault.line)
    return ParsedSource(tree, comments, masked.hidden_words, faults)


def _parsed(masked: _Masked, clock: Clock) -> ast.Module:
    """Parse the text, in which every place that is refused is written over."""
    while True:
        clock.check()
        try:
            return ast.parse(masked.text.decode())
        except (SyntaxError, ValueError) as error:
            fault = Fault(getattr(error, "lineno", None) or 1, getattr(error, "msg", str(error)))
            if len(masked.faults) >= _MOST_FAULTS or not masked.leave_out(fault.line):
                raise NoPython(min([*masked.faults, fault], key=lambda one: one.line)) from error
            masked.faults.append(fault)


def _parse(text: bytes, clock: Clock) -> Node:
    def piece(offset: int, _position: Point) -> bytes:
        clock.check()
        return text[offset : offset + _CHUNK]

    return _PARSER.parse(text, _PARSER.parse(piece)).root_node


def parse_expression(text: bytes, line: int, column: int) -> ast.expr:
    """Parse an expression that stands at this place, also one that is newer. Raises SyntaxError."""
    enclosed = b"(" + text + b"\n)"
    try:
        tree = ast.parse(enclosed.decode(), mode="eval")
    except SyntaxError:
        masked = _Masked(enclosed, _PARSER.parse(enclosed).root_node)
        tree = masked.put_back(ast.parse(masked.text.decode(), mode="eval"))
    _move(tree, line - 1, column - 1 - len(b"("))
    return tree.body


def _move(tree: ast.AST, lines: int, columns: int) -> None:
    """Move nodes to where they stand: only what is on the first line moves to the right."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.expr, ast.keyword, ast.arg)):
            if node.lineno == 1:
                node.col_offset += columns
            if node.end_lineno == 1 and node.end_col_offset is not None:
                node.end_col_offset += columns
            node.lineno += lines
            node.end_lineno = (node.end_lineno or 1) + lines


class _Masked:
    """A text in which what is newer is written over; `faults` are the places that no newer Python has either."""

    def __init__(self, text: bytes, root: Node) -> None:
        self._root = root
        self._edits: list[tuple[int, int, bytes]] = []
        self._strings: dict[tuple[int, int], Node] = {}
        self._source = text
        self.faults: list[Fault] = []
        self.hidden_words: Counter[str] = Counter()
        for node in _every(root):
            for kind, edit in _EDITS.items():
                if node.type == kind:
                    edit(self, node)
        self.text = self._edited()

    def _edited(self) -> bytes:
        pieces, at = [], 0
        for start, end, instead in sorted(self._edits):
            if start >= at:  # and not inside of what is written over already
                pieces += [self._source[at:start], instead]
                at = end
        return b"".join((*pieces, self._source[at:]))

    def leave_out(self, line: int) -> bool:
        """Write over what stands in a line that `ast` refuses, and say whether that was possible."""
        node = self._statement_in(line)
        if node is None or node.end_point.row - node.start_point.row > _LONGEST_FAULT:
            return False
        edit = _passed(node)
        if edit in self._edits:
            return False
        self._edits = [one for one in self._edits if one[1] <= edit[0] or one[0] >= edit[1]]
        self._edits.append(edit)
        self.text = self._edited()
        return True

    def _statement_in(self, line: int) -> Node | None:
        content = self._source.split(b"\n")[line - 1 : line]
        if not content or not content[0].strip():
            return None
        column = len(content[0]) - len(content[0].lstrip())
        node = self._root.descendant_for_point_range(Point(line - 1, column), Point(line - 1, column + 1))
        while node is not None and node.type not in _STATEMENTS:
            node = node.parent
        return node

    def put_back(self, tree: _Tree) -> _Tree:
        """Return the tree with the strings that were written over, which are found by their places."""
        if self._strings:
            _PutBack(self._strings, self.faults).visit(tree)
        return tree

    # --- what is newer --------------------------------------------------------------------------------------------

    def blank(self, node: Node) -> None:
        self._edits.append((node.start_byte, node.end_byte, _blank(_bytes(node))))
        self.hidden_words.update(_text(part) for part in _every(node) if part.type == "identifier")

    def blank_type_parameters(self, node: Node) -> None:
        parameters = node.child_by_field_name("type_parameters")
        if parameters is not None:
            self.blank(parameters)

    def assign_alias(self, node: Node) -> None:
        """`type X[T] = int` becomes `pass;X    = int`."""
        if _ALIAS.match(_bytes(node)) is None:  # `type(x).y = z`
            return
        self._edits.append((node.start_byte, node.start_byte + 5, b"pass;"))
        left = node.child_by_field_name("left")
        for part in _every(left) if left is not None else ():
            if part.type == "type_parameter":
                self.blank(part)

    def enclose_exceptions(self, node: Node) -> None:
        """`except A, B:` becomes `except(A, B):`."""
        kinds = node.children_by_field_name("value")
        if len(kinds) > 1:
            first, last = kinds[0].start_byte, kinds[-1].end_byte
            self._edits += [(first - 1, first, b"("), (last, last, b")")]

    def keep_string(self, node: Node) -> None:
        whole = node.parent if node.parent is not None and node.parent.type == "concatenated_string" else node
        if _place(whole) in self._strings or not _is_newer_string(node):
            return
        self._strings[_place(whole)] = whole
        text = _bytes(whole)
        quotes = b"'''" if b"\n" in text else b"'"
        filled = b"".join(b"\n" if byte == 10 else b"_" for byte in text[len(quotes) : -len(quotes)])
        self._edits.append((whole.start_byte, whole.end_byte, quotes + filled + quotes))

    def unpack_in_comprehension(self, node: Node) -> None:
        """`[*a for a in b]` becomes `[ a for a in b]`."""
        body = node.child_by_field_name("body")
        if body is not None and body.type == "list_splat":
            self._edits.append((body.start_byte, body.start_byte + 1, b" "))

    def unpack_in_dictionary(self, node: Node) -> None:
        if any(child.type == "ERROR" and b"for" in _bytes(child).split() for child in node.children):
            self._edits.append((node.start_byte, node.start_byte + 2, b"  "))

    def import_at_once(self, node: Node) -> None:
        """`lazy import x` becomes `pass;import x`."""
        following = self._source[node.end_byte : node.end_byte + 8].split()
        if _bytes(node) == b"lazy" and following and following[0] in (b"import", b"from"):
            self._edits.append((node.start_byte, node.end_byte + 1, b"pass;"))

    def leave_out_python_2(self, node: Node) -> None:
        if _is_python(node):  # `print >> file, x`, which does something else
            return
        word = node.type.partition("_")[0]
        self.faults.append(Fault(node.start_point.row + 1, f"{word} as a statement, as in Python 2"))
        self._edits.append(_passed(node))


_EDITS: dict[str, Callable[[_Masked, Node], None]] = {
    "function_definition": _Masked.blank_type_parameters,
    "class_definition": _Masked.blank_type_parameters,
    "type_alias_statement": _Masked.assign_alias,
    "except_clause": _Masked.enclose_exceptions,
    "string": _Masked.keep_string,
    "list_comprehension": _Masked.unpack_in_comprehension,
    "set_comprehension": _Masked.unpack_in_comprehension,
    "generator_expression": _Masked.unpack_in_comprehension,
    "dictionary_splat": _Masked.unpack_in_dictionary,
    "ERROR": _Masked.import_at_once,
    **dict.fromkeys(_OF_PYTHON_2, _Masked.leave_out_python_2),
}


class _PutBack(ast.NodeTransformer):
    """Puts f-strings into the places of the plain strings that stood for them."""

    def __init__(self, strings: dict[tuple[int, int], Node], faults: list[Fault]) -> None:
        self._strings = strings
        self._faults = faults

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        kept = self._strings.get((node.lineno, node.col_offset + 1))
        if kept is None:
            return node
        try:
            return joined_string(kept, parse_expression)
        except (SyntaxError, ValueError):
            self._faults.append(Fault(node.lineno, "an f-string that cannot be parsed"))
            return node


def _is_newer_string(node: Node) -> bool:
    """Say whether only Python 3.12 can read a string: t"…", or an f-string with anything inside its braces."""
    start = _bytes(node.children[0]).lower()
    prefix, quotes = start.rstrip(b"'\""), start.lstrip(b"abcdefghijklmnopqrstuvwxyz")
    if b"t" in prefix:
        return True
    inside = [_bytes(child) for child in node.children if child.type == "interpolation"]
    awkward = (b"\\", b"#", quotes[:1], *([b"\n"] if len(quotes) == 1 else []))
    return b"f" in prefix and any(mark in text for text in inside for mark in awkward)


def _is_python(node: Node) -> bool:
    try:
        ast.parse(_text(node))
    except (SyntaxError, ValueError):
        return False
    return True


def _passed(node: Node) -> tuple[int, int, bytes]:
    text = _bytes(node).rstrip()
    return node.start_byte, node.start_byte + len(text), b"pass" + _blank(text)[4:]


def _blank(text: bytes) -> bytes:
    """Return blanks in the place of a text that spans lines, which a backslash joins."""
    lines = text.split(b"\n")
    return b"\\\n".join(b" " * max(len(line) - (at < len(lines) - 1), 0) for at, line in enumerate(lines))


def _every(root: Node) -> Iterator[Node]:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(node.children))


def _place(node: Node) -> tuple[int, int]:
    return node.start_point.row + 1, node.start_point.column + 1


def _bytes(node: Node) -> bytes:
    return node.text or b""


def _text(node: Node) -> str:
    return _bytes(node).decode("utf-8", "replace")
