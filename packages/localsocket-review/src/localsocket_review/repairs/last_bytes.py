"""The last byte of sun_path, which strncpy() leaves without an end when the path fills it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from localsocket_review.findings import Finding
from localsocket_review.model.place import Place
from localsocket_review.repairs.edits import Edit
from localsocket_review.repairs.syntax import Files, above, arguments_of, called_name, text_of

_SIZE = re.compile(r"sizeof\s*(?:\([^()]*sun_path\s*\)|[\w.>-]*sun_path)")


def keeps_last_byte(_finding: Finding, place: Place, files: Files) -> Iterator[Edit]:
    """Copy one byte less into an address that was zeroed in the same function."""
    syntax = files(place.file)
    call = syntax.node(place, "call_expression") if syntax is not None else None
    if syntax is None or call is None or called_name(call) != "strncpy":
        return
    arguments = arguments_of(call)
    around = above(call, "function_definition")
    if len(arguments) != 3 or around is None or not _SIZE.fullmatch(text_of(arguments[2])):
        return
    address = re.match(r"\w+", text_of(arguments[0]))
    before = syntax.data[around.start_byte : call.start_byte].decode()
    if address is not None and _is_zeroed(address.group(), before):
        yield syntax.insertion(arguments[2].end_byte, " - 1")


def _is_zeroed(address: str, before: str) -> bool:
    """Say whether all of the address is set to zero where it is declared, or by a call."""
    declared = rf"\bsockaddr_un\s+{address}\s*(?:=\s*)?\{{|\b{address}\s*=\s*\(struct sockaddr_un\)\s*\{{"
    cleared = rf"\b(?:memset|bzero|explicit_bzero)\s*\(\s*&\s*{address}\s*,"
    return re.search(declared, before) is not None or re.search(cleared, before) is not None
