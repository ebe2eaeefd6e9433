"""Words that a class of C++ lacks: Q_OBJECT, `override`, `explicit`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath

from tree_sitter import Node

from localsocket_review.findings import Finding, Severity
from localsocket_review.model.place import Place
from localsocket_review.repairs.edits import Edit
from localsocket_review.repairs.syntax import Files, above, text_of, within

_DECLARED = ("field_declaration", "function_definition", "declaration")
_CLASSES = ("class_specifier", "struct_specifier")
_HEADERS = (".h", ".hh", ".hpp", ".hxx")


def declares_object(finding: Finding, place: Place, files: Files) -> Iterator[Edit]:
    """Write Q_OBJECT as the first line of the class. A struct's members stay public: the macro ends with `private:`."""
    syntax = files(place.file)
    if syntax is None or finding.severity is Severity.NOTE:
        return
    # moc reads headers, and other files only if they include what it makes of them.
    if PurePath(place.file).suffix not in _HEADERS and b'.moc"' not in syntax.data:
        return
    found = syntax.node(place, *_CLASSES)
    body = found.child_by_field_name("body") if found is not None else None
    if found is None or body is None or not body.named_children:
        return
    outer = _indentation(syntax.data, found.start_byte)
    members = [one for one in body.named_children if one.type not in ("access_specifier", "comment")]
    inner = _indentation(syntax.data, members[0].start_byte) if members else f"{outer}    "
    newline = syntax.newline.decode()
    public = f"{newline}{outer}public:" if found.type == "struct_specifier" else ""
    yield syntax.insertion(body.start_byte + 1, f"{newline}{inner}Q_OBJECT{public}")


def says_override(finding: Finding, place: Place, files: Files) -> Iterator[Edit]:
    """Write `override` behind the declaration at a place, or `explicit` before the constructor there."""
    syntax = files(place.file)
    declared = syntax.node(place, *_DECLARED) if syntax is not None else None
    if syntax is None or declared is None or above(declared, *_CLASSES) is None:
        return
    declarator = _function_declarator(declared)
    if declarator is None:
        return
    if finding.repair.startswith("write `override`"):
        words = {text_of(one) for one in within(declarator) if one.type == "virtual_specifier"}
        if not words & {"override", "final"}:
            yield syntax.insertion(declarator.end_byte, " override")
    elif finding.repair.startswith("write `explicit`") and "explicit" not in text_of(declared).split("(")[0].split():
        yield syntax.insertion(declared.start_byte, "explicit ")


def _function_declarator(declared: Node) -> Node | None:
    return next((one for one in within(declared) if one.type == "function_declarator"), None)


def _indentation(data: bytes, position: int) -> str:
    start = data.rfind(b"\n", 0, position) + 1
    line = data[start:position]
    return line[: len(line) - len(line.lstrip())].decode()
