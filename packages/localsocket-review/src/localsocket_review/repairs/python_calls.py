"""Calls of Python's that have a sister which does all of it: sendall() for send(), recv_bytes() for recv()."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from localsocket_review.findings import Finding
from localsocket_review.model.place import Place
from localsocket_review.model.unit import Language
from localsocket_review.repairs.edits import Edit
from localsocket_review.repairs.syntax import Files, Syntax, text_of

# sendall() of a socket that never waits fails half way, and does not tell where.
_NEVER_WAITS = re.compile(rb"setblocking\s*\(\s*(?:False|0)|settimeout\s*\(\s*0(?:\.0*)?\s*\)|O_NONBLOCK")


def sends_all(_finding: Finding, place: Place, files: Files) -> Iterator[Edit]:
    """Write sendall() for a send() whose result is dropped, on sockets that wait."""
    for syntax, call, name in _method_called("send", place, files):
        is_dropped = call.parent is not None and call.parent.type == "expression_statement"
        if is_dropped and not _NEVER_WAITS.search(syntax.data):
            yield syntax.replacement(name, "sendall")


def receives_bytes(_finding: Finding, place: Place, files: Files) -> Iterator[Edit]:
    """Write recv_bytes() for a recv() that unpickles; what the other end sends has to be bytes as well."""
    for syntax, _, name in _method_called("recv", place, files):
        yield syntax.replacement(name, "recv_bytes")


def _method_called(wanted: str, place: Place, files: Files) -> Iterator[tuple[Syntax, Node, Node]]:
    """Yield the call at a place and the name of its method, where this is Python and calls the one wanted."""
    syntax = files(place.file)
    call = syntax.node(place, "call") if syntax is not None and syntax.language is Language.PYTHON else None
    method = call.child_by_field_name("function") if call is not None else None
    name = method.child_by_field_name("attribute") if method is not None else None
    if syntax is not None and call is not None and name is not None and text_of(name) == wanted:
        yield syntax, call, name
