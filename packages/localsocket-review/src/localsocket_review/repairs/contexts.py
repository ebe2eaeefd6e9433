"""The context object of a lambda that is connected to a signal, where it is this object and no other."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from localsocket_review.findings import Finding
from localsocket_review.model.place import Place
from localsocket_review.repairs.edits import Edit
from localsocket_review.repairs.syntax import Files, arguments_of, called_name, text_of, within

_WITHOUT_CONTEXT = 3  # sender, signal, lambda


def names_context(finding: Finding, place: Place, files: Files) -> Iterator[Edit]:
    """Name `this` as the context of the lambda at a place, which captures it and uses nothing else that may go.

    Of a thread object the repair says another thing: the lambda would run in the thread that made that object.
    """
    syntax = files(place.file)
    call = syntax.node(place, "call_expression") if syntax is not None else None
    if syntax is None or call is None or called_name(call) != "connect":
        return
    arguments = arguments_of(call)
    if len(arguments) != _WITHOUT_CONTEXT or arguments[-1].type != "lambda_expression":
        return
    is_about_this = finding.message.startswith("The lambda uses this without") and "QThread" not in finding.repair
    if is_about_this and _captures_this(arguments[-1]):
        yield syntax.insertion(arguments[-1].start_byte, "this, ")


def _captures_this(function: Node) -> bool:
    captures = function.child_by_field_name("captures")
    return captures is not None and any(text_of(one) in ("this", "=", "&") for one in within(captures))
