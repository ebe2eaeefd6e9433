"""SOCK_CLOEXEC, and accept4() where accept() has no place for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath

from tree_sitter import Node

from localsocket_review.findings import Finding
from localsocket_review.model.place import Place
from localsocket_review.repairs.edits import Edit
from localsocket_review.repairs.syntax import Files, Syntax, arguments_of, called_name

_FLAG = "SOCK_CLOEXEC"
_TYPE_AT = {"socket": 1, "socketpair": 1}
_FLAGS_AT = 3  # of accept4()
# The C library of Linux declares accept4() for those who ask for its extensions; g++ always does.
_EXTENSIONS = b"#define _GNU_SOURCE"


def closes_on_exec(_finding: Finding, place: Place, files: Files) -> Iterator[Edit]:
    """Add the flag to the call at a place: socket, socketpair, accept4, or accept, which becomes accept4."""
    syntax = files(place.file)
    call = syntax.node(place, "call_expression") if syntax is not None else None
    if syntax is None or call is None:
        return
    name, arguments = called_name(call), arguments_of(call)
    if name in _TYPE_AT and len(arguments) > _TYPE_AT[name]:
        yield _with_flag(syntax, arguments[_TYPE_AT[name]])
    elif name == "accept4" and len(arguments) > _FLAGS_AT:
        yield _with_flag(syntax, arguments[_FLAGS_AT])
    elif name == "accept" and len(arguments) == _FLAGS_AT:
        function = call.child_by_field_name("function")
        assert function is not None
        yield syntax.insertion(function.end_byte, "4")
        yield syntax.insertion(arguments[-1].end_byte, f", {_FLAG}")
        if PurePath(place.file).suffix == ".c" and b"_GNU_SOURCE" not in syntax.data:
            yield Edit(place.file, first := _first_directive(syntax), first, _EXTENSIONS + syntax.newline)


def _with_flag(syntax: Syntax, argument: Node) -> Edit:
    if argument.type == "number_literal" and argument.text == b"0":
        return syntax.replacement(argument, _FLAG)
    if argument.type in ("conditional_expression", "assignment_expression"):
        return syntax.replacement(argument, f"({argument.text.decode() if argument.text else ''}) | {_FLAG}")
    return syntax.insertion(argument.end_byte, f" | {_FLAG}")


def _first_directive(syntax: Syntax) -> int:
    """Return where the first line of the preprocessor begins: what is defined behind an include comes too late."""
    directives = (child for child in syntax.root.children if child.type.startswith("preproc"))
    return next((child.start_byte for child in directives), 0)
