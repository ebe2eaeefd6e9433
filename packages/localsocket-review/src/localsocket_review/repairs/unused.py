"""Imports and includes that nothing uses."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from localsocket_review.findings import Finding
from localsocket_review.model.place import Place
from localsocket_review.repairs.edits import Edit
from localsocket_review.repairs.syntax import Files, Syntax, text_of

_STATEMENTS = ("import_statement", "import_from_statement", "future_import_statement")


def removes_unused(finding: Finding, place: Place, files: Files) -> Iterator[Edit]:
    """Take out what is at a place if it is an include, or an import; the whole statement where all of it is unused."""
    syntax = files(place.file)
    if syntax is None:
        return
    include = syntax.node(place, "preproc_include")
    statement = syntax.node(place, *_STATEMENTS)
    if include is not None:
        yield from _without_include(syntax, include)
    elif statement is not None and not _is_alone(statement):
        unused = {_label(one.note) for one in finding.evidence}
        names = statement.children_by_field_name("name")
        gone = [one for one in names if _local_name(one) in unused]
        if len(gone) == len(names):
            edit = syntax.removed_lines(statement.start_byte, statement.end_byte)
            yield from (edit,) if edit is not None else ()
        else:
            yield from (_without(syntax, one) for one in gone)


def _without_include(syntax: Syntax, include: Node) -> Iterator[Edit]:
    """A directive's node ends behind its line feed."""
    end = include.start_byte + len(syntax.data[include.start_byte : include.end_byte].rstrip())
    if syntax.data[include.start_byte : end].count(b"\n") or b"/" + b"*" in syntax.data[include.start_byte : end]:
        return
    edit = syntax.removed_lines(include.start_byte, end)
    yield from (edit,) if edit is not None else ()


def _is_alone(statement: Node) -> bool:
    """Say whether a block would be empty without the statement, which the language does not allow."""
    block = statement.parent
    return block is not None and block.type == "block" and len(block.named_children) == 1


def _label(note: str) -> str:
    return note.strip("`")


def _local_name(name: Node) -> str:
    """Return what the file calls what is imported: `b` for `a as b`, `a` for `import a.b`."""
    alias = name.child_by_field_name("alias")
    if alias is not None:
        return text_of(alias)
    is_module = name.parent is not None and name.parent.type == "import_statement"
    return text_of(name).partition(".")[0] if is_module else text_of(name)


def _without(syntax: Syntax, name: Node) -> Edit:
    """Take a name out of a list, with the comma behind it, or before it if it is the last."""
    following, before = name.next_sibling, name.prev_sibling
    if following is not None and following.type == ",":
        after = following.next_sibling
        on_same_line = after is not None and after.start_point[0] == name.start_point[0]
        end = after.start_byte if after is not None and on_same_line else following.end_byte
        return syntax.removed_lines(name.start_byte, end) or Edit(syntax.file, name.start_byte, end, b"")
    start = before.start_byte if before is not None and before.type == "," else name.start_byte
    return Edit(syntax.file, start, name.end_byte, b"")
