"""Rewrites source without changing what it does: white space, comments, names of locals, the order of members."""

from __future__ import annotations

import ast
import io
import re
import symtable
import tokenize
from collections.abc import Iterator
from random import Random

import tree_sitter_cpp
from tree_sitter import Language, Node, Parser

from localsocket_review.model.expressions import Name
from localsocket_review.model.statements import Assign
from localsocket_review.reading.cpp_reader import read_cpp

_MARK = re.compile(r"[ \t]*(?:#|//)\s*(?:expect|guard)\b[^\n]*")
_CPP_TOKEN = re.compile(
    r"""(?P<text>"(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])+' | R"(?P<raw>[^()\s]*)\(.*?\)(?P=raw)")
    | (?P<comment>//[^\n]* | /\*.*?\*/)
    | (?P<directive>^[ \t]*\#(?:\\\n|[^\n])*)
    | (?P<macro>\b(?:SIGNAL|SLOT|Q_(?!ASSERT)[A-Z_]+|QTEST_[A-Z_]+|foreach)\s*\((?:[^()]|\([^()]*\))*\))
    | (?P<name>[A-Za-z_]\w*) | (?P<space>\s+) | (?P<arrow>->|::) | (?P<mark>.)""",
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)
_CPP = Parser(Language(tree_sitter_cpp.language()))
_REMARKS = ("seen", "as before", "see the manual", "x = 1; } {", "socket.bind(path)", "TODO")


def unmarked(text: str) -> str:
    """Return the text without the tests' own marks."""
    return _MARK.sub("", text)


# --- white space and comments -------------------------------------------------------------------------------------


def with_white_space(text: str, is_python: bool, random: Random) -> str:
    return _python_with_spaces(text, random) if is_python else _cpp_with_spaces(text, random)


def with_comments(text: str, is_python: bool, random: Random) -> str:
    if not is_python:
        return _cpp_with_comments(text, random)
    lines = text.split("\n")
    for number in sorted(_ends_of_statements(text), reverse=True):
        remark = random.choice(_REMARKS)
        if random.random() < 0.3:
            indentation = re.match(r"\s*", lines[number - 1])
            lines.insert(number, f"{indentation[0] if indentation else ''}# {remark}")
        if random.random() < 0.3:
            lines[number - 1] += f"  # {remark}"
    return "\n".join(lines)


def _ends_of_statements(text: str) -> list[int]:
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return [token.start[0] for token in tokens if token.type == tokenize.NEWLINE]


def _python_with_spaces(text: str, random: Random) -> str:
    lines = text.split("\n")
    in_format, places = 0, []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        kind = tokenize.tok_name[token.type]
        in_format += (kind == "FSTRING_START") - (kind == "FSTRING_END")
        if token.type == tokenize.OP and token.string in "(,[{+=" and not in_format and random.random() < 0.3:
            places.append(token.end)
    for line, column in sorted(places, reverse=True):
        lines[line - 1] = lines[line - 1][:column] + "  " + lines[line - 1][column:]
    for number in sorted(_ends_of_statements(text), reverse=True):
        if random.random() < 0.2:
            lines[number:number] = ["", "   "]
    return "\n".join(lines)


def _cpp_tokens(text: str) -> Iterator[tuple[str, str]]:
    for token in _CPP_TOKEN.finditer(text):
        yield ("text" if token.lastgroup == "raw" else token.lastgroup or ""), token[0]


def _cpp_with_spaces(text: str, random: Random) -> str:
    pieces = []
    for kind, piece in _cpp_tokens(text):
        pieces.append(piece)
        if kind == "mark" and piece in ";{,(" and random.random() < 0.3:
            pieces.append(random.choice((" ", "\n", "\n\n\t")))
    return "".join(pieces)


def _cpp_with_comments(text: str, random: Random) -> str:
    pieces = []
    for kind, piece in _cpp_tokens(text):
        pieces.append(piece)
        if kind == "mark" and piece in ";{," and random.random() < 0.3:
            remark = random.choice(_REMARKS)
            pieces.append(random.choice((f" /* {remark} */", f" // {remark}\n", f"\n/*\n * {remark}\n */\n")))
    return "".join(pieces)


# --- names --------------------------------------------------------------------------------------------------------


def with_renamed_locals(text: str, is_python: bool, random: Random) -> str:
    """Give locals another name in the same style: one letter more."""
    for first, last, name in _python_locals(text) if is_python else _cpp_locals(text):
        if random.random() < 0.7:
            text = (_python_renamed if is_python else _cpp_renamed)(text, first, last, name)
    return text


def _python_locals(text: str) -> list[tuple[int, int, str]]:
    ends = {
        (node.name, node.lineno): node.end_lineno or node.lineno
        for node in ast.walk(ast.parse(text))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    }
    found = []
    waiting = [symtable.symtable(text, "sample", "exec")]
    while waiting:
        table = waiting.pop()
        waiting.extend(table.get_children())
        first = table.get_lineno()
        last = next((end for (name, line), end in ends.items() if name == table.get_name() and line >= first), None)
        for symbol in table.get_symbols() if table.get_type() == "function" and last is not None else ():
            is_given = symbol.is_parameter() or symbol.is_imported() or symbol.is_namespace()
            if symbol.is_local() and not is_given and not symbol.get_name().startswith(("_", ".")):
                found.append((first, last or first, symbol.get_name()))
    return found


def _python_renamed(text: str, first: int, last: int, name: str) -> str:
    lines = text.split("\n")
    if re.search(rf"""["'][^"'\n]*\b{name}\b""", "\n".join(lines[first - 1 : last])):
        return text  # it may stand in an f-string
    tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    depth, places = 0, []
    for before, token, after in zip(tokens, tokens[1:], tokens[2:], strict=False):
        depth += (before.string in tuple("([{")) - (before.string in tuple(")]}"))
        is_keyword = depth > 0 and after.string == "="
        is_other = is_keyword or before.string in (".", "def", "class")  # an argument, an attribute, a definition
        if token.string == name and not is_other and first <= token.start[0] <= last:
            places.append(token.end)
    for line, column in reversed(places):
        lines[line - 1] = f"{lines[line - 1][:column]}x{lines[line - 1][column:]}"
    return "\n".join(lines)


def _cpp_locals(text: str) -> list[tuple[int, int, str]]:
    unit = read_cpp("sample.cpp", text.encode())
    taken = {name for found in unit.classes for name in (*found.members, *found.methods, found.name)}
    taken.update(function.name for function in unit.functions)
    return [
        (function.place.line, function.place.end_line, statement.target.identifier)
        for function in unit.functions
        for statement in function.statements()
        if isinstance(statement, Assign) and statement.type and isinstance(statement.target, Name)
        if statement.target.identifier not in taken and not statement.target.identifier.endswith("_")
        if not re.search(rf"static[^;]*\b{statement.target.identifier}\b", text)
    ]


def _cpp_renamed(text: str, first: int, last: int, name: str) -> str:
    pieces: list[str] = []
    before, line = "", 1
    for kind, token in _cpp_tokens(text):
        is_it = kind == "name" and token == name and before not in (".", "->", "::") and first <= line <= last
        pieces.append(f"{name}x" if is_it else token)
        before = before if kind == "space" else token
        line += token.count("\n")
    return "".join(pieces)


# --- order --------------------------------------------------------------------------------------------------------


def with_reordered_members(text: str, is_python: bool, random: Random) -> str:
    if is_python:
        return _python_reordered(text, random)
    source = text.encode()
    for run in sorted(_cpp_runs(_CPP.parse(source).root_node), key=lambda run: -run[0].start_byte):
        pieces = [source[node.start_byte : node.end_byte] for node in run]
        random.shuffle(pieces)
        for node, piece in reversed(list(zip(run, pieces, strict=True))):
            source = source[: node.start_byte] + piece + source[node.end_byte :]
    return source.decode()


def _python_reordered(text: str, random: Random) -> str:
    lines = text.split("\n")
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.ClassDef):
            continue
        methods = [one for one in node.body if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef))]
        names = {method.name for method in methods}
        if len(names) < len(methods) or any(m.decorator_list for m in methods):
            continue
        if methods != node.body[len(node.body) - len(methods) :]:
            continue
        pieces = [lines[method.lineno - 1 : method.end_lineno] for method in methods]
        shuffled = random.sample(pieces, len(pieces))
        for method, piece in reversed(list(zip(methods, shuffled, strict=True))):
            lines[method.lineno - 1 : method.end_lineno] = piece
        return "\n".join(lines)  # the numbers of the lines below are true no longer
    return text


def _cpp_runs(node: Node) -> list[list[Node]]:
    """Return the members that stand one after the other in a class, outside of which nothing is moved."""
    runs: list[list[Node]] = []
    if node.type == "field_declaration_list" and not node.has_error:
        run: list[Node] = []
        for child in [*node.children, None]:
            if child is not None and child.type in ("field_declaration", "function_definition"):
                run.append(child)
                continue
            runs.extend([run] if len(run) > 1 else [])
            run = []
        return runs
    for child in node.named_children:
        runs.extend(_cpp_runs(child))
    return runs
